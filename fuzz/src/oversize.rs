//! What is larger than `rx` is skipped in step, or told in tokens that make the same bytes.

use respipe_core::decode::DecodeErrorKind;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{
    Config, Event, Heap, LoginBuf, Oversize, PipelineError, Sizes, Token,
};
use respipe_core::{Frame, Framer, Instant, Kind, Pipeline, cmd};

use crate::framing::is_deep;
use crate::reference;

/// Reads what is behind the first byte as the replies to so many PINGs; the first byte chooses `rx` and what becomes of what is
/// larger.
///
/// # Panics
/// If something is told that a framer with room for everything does not find, or something is not told that it does.
pub fn target(bytes: &[u8]) {
    let [settings, bytes @ ..] = bytes else {
        return;
    };
    let rx = 64 + usize::from(settings & 0x7f);
    let oversize = match settings & 0x80 {
        0 => Oversize::Skip,
        _ => Oversize::Stream,
    };
    let whole = Told::of(bytes, rx, oversize, usize::MAX);
    assert_eq!(Told::of(bytes, rx, oversize, 1), whole, "byte by byte");
    assert_eq!(
        Told::of(bytes, rx, oversize, 7),
        whole,
        "in pieces of seven"
    );
    check(bytes, rx, oversize, &whole);
}

/// A reply as it was told.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Whole(Vec<u8>),
    TooLarge {
        kind: Kind,
        bytes: u64,
        head: Vec<u8>,
    },
    Streamed {
        bytes: u64,
        wire: Vec<u8>,
    },
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    replies: Vec<Reply>,
    pushes: Vec<Vec<u8>>,
    dropped: u64,
    end: Option<PipelineError>,
    /// Of a reply under way.
    tokens: Vec<u8>,
}

/// Commands in flight.
const DEPTH: usize = 8;

impl Told {
    fn of(mut bytes: &[u8], rx: usize, oversize: Oversize, piece: usize) -> Self {
        let login = LoginBuf {
            protocol: Protocol::Resp2,
            ..LoginBuf::default()
        };
        let sizes = Sizes {
            tx: 256,
            rx,
            depth: DEPTH,
        };
        let now = Instant::ZERO;
        let mut pipeline = Pipeline::new(Heap::new(sizes, login));
        pipeline.configure(Config {
            oversize,
            ..Config::DEFAULT
        });
        pipeline.open(now);
        let mut told = Self::default();
        loop {
            while pipeline.submit(&cmd("PING"), (), now).is_ok() {}
            while let Some(out) = pipeline.poll_transmit() {
                let n = out.len();
                pipeline.transmitted(n, now);
            }
            match pipeline.poll_event() {
                Ok(Some(event)) => told.event(event),
                Err(error) => {
                    told.end = Some(error);
                    break;
                }
                Ok(None) if bytes.is_empty() => break,
                Ok(None) => {
                    let n = pipeline.handle_input(&bytes[..bytes.len().min(piece)], now);
                    assert!(n > 0, "stuck with {} bytes to come", bytes.len());
                    bytes = &bytes[n..];
                }
            }
        }
        told.dropped = pipeline.pushes_dropped();
        told
    }

    fn event(&mut self, event: Event<'_, ()>) {
        let reply = match event {
            Event::Reply { reply, .. } => Reply::Whole(reply.as_raw().to_vec()),
            Event::TooLarge {
                kind, bytes, head, ..
            } => Reply::TooLarge {
                kind,
                bytes,
                head: head.to_vec(),
            },
            Event::Streamed { bytes, .. } => Reply::Streamed {
                bytes,
                wire: core::mem::take(&mut self.tokens),
            },
            Event::Push(push) => {
                let raw = push.as_raw();
                let frame = Framer::new().frame(raw).expect("valid").expect("whole");
                let alone = respipe_core::Reply::new(raw, frame);
                let as_read = |push: &respipe_core::Reply<'_>| -> Vec<Vec<u8>> {
                    push.elements().map(|one| one.as_raw().to_vec()).collect()
                };
                assert_eq!(as_read(&push), as_read(&alone), "its elements");
                return self.pushes.push(raw.to_vec());
            }
            Event::Token(token) => return self.token(token),
            // With the link, which the protocol error behind the replies ended.
            Event::Ended { .. } => return,
        };
        self.replies.push(reply);
    }

    fn token(&mut self, token: Token<'_>) {
        let mut header = |kind: Kind, n: u64| {
            let header = format!("{}{n}\r\n", char::from(kind as u8));
            self.tokens.extend(header.as_bytes());
        };
        match token {
            Token::Aggregate { kind, count } => header(kind, count),
            Token::Begin {
                kind,
                len: Some(len),
            } => header(kind, len),
            Token::Begin { kind, len: None } => self.tokens.push(kind as u8),
            Token::Scalar(reply) => self.tokens.extend(reply.as_raw()),
            Token::Bytes(bytes) => self.tokens.extend(bytes),
            Token::End => self.tokens.extend(b"\r\n"),
        }
    }
}

/// Whether the first element is one of these words.
fn begins_with(raw: &[u8], frame: Frame, words: &[&str]) -> bool {
    let first = respipe_core::Reply::new(raw, frame).elements().next();
    first.is_some_and(|first| {
        words
            .iter()
            .any(|word| first.as_bytes() == Ok(word.as_bytes()))
    })
}

/// What a framer with room for everything finds.
fn check(bytes: &[u8], rx: usize, oversize: Oversize, told: &Told) {
    let (mut framer, mut start) = (Framer::new(), 0);
    let mut replies = told.replies.iter();
    let (mut pushes, mut dropped) = (Vec::new(), 0);
    let mut confirmed = false;
    loop {
        let rest = &bytes[start..];
        let frame = match framer.frame(rest) {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                // What is not whole is told in part: pushes inside it, and tokens.
                assert_eq!((replies.next(), told.end), (None, None));
                assert!(told.pushes.starts_with(&pushes));
                return;
            }
            Err(error) => {
                assert_eq!(replies.next(), None);
                let begins = start as u64 + error.offset;
                // So many values are never whole. A reply larger than `rx` and each push in it are counted apart: the fault is
                // then another one, further on, or none yet.
                let counted = error.kind == DecodeErrorKind::OutOfRange
                    && is_aggregate(&rest[error.offset as usize..]);
                let theirs = match told.end {
                    None if counted => return,
                    Some(PipelineError::Protocol(theirs)) if counted && theirs.offset > begins => {
                        return;
                    }
                    Some(PipelineError::Protocol(theirs)) => theirs,
                    other => panic!("{error:?}, and the pipeline {other:?}"),
                };
                // Of a line larger than `rx` its begin is gone: the offset is that of its end.
                let in_line = error.kind == DecodeErrorKind::BadLineEnd && theirs.offset > begins;
                assert_eq!(theirs.kind, error.kind);
                assert!(theirs.offset == begins || in_line, "{theirs:?}, {error:?}");
                return;
            }
        };
        let raw = &rest[..frame.len()];
        start += raw.len();
        if is_deep(raw) {
            return;
        }
        let read = reference::read(raw).expect("the framer reads it");
        let strays = read.pushes.iter().map(|range| &raw[range.clone()]);
        for stray in strays.clone() {
            match stray.len() <= rx {
                true => pushes.push(stray.to_vec()),
                false => dropped += 1,
            }
        }
        if frame.kind() == Kind::Push {
            confirmed |= begins_with(raw, frame, &["subscribe", "psubscribe", "ssubscribe"]);
            match raw.len() <= rx {
                // Behind those inside it.
                true => pushes.push(raw.to_vec()),
                // It is dropped.
                false => return,
            }
            continue;
        }
        // Over RESP2 a message is an array: whose one is, behind a confirmation that nobody asked for, is not this target's question.
        if confirmed && begins_with(raw, frame, &["message", "pmessage", "smessage"]) {
            return;
        }
        let error = respipe_core::Reply::new(raw, frame).error();
        let farewells: [&[u8]; 2] = [b"ERR Protocol error", b"ERR max number of clients"];
        let text = error.map_or(&[][..], |error| error.text());
        if farewells.iter().any(|farewell| text.starts_with(farewell)) {
            // Of what is too large the first bytes are kept: attributes, where an error has any.
            let unseen = raw.len() > rx && raw[0] == b'|';
            assert!(
                unseen || told.end == Some(PipelineError::Farewell),
                "{told:?}"
            );
            return;
        }
        match replies.next() {
            Some(Reply::Whole(wire)) => {
                assert!(raw.len() <= rx);
                assert_eq!(wire, raw);
            }
            Some(Reply::TooLarge { kind, bytes, head }) => {
                assert!(raw.len() > rx && oversize == Oversize::Skip);
                assert_eq!((*kind, *bytes), (frame.kind(), raw.len() as u64));
                // What is kept of a reply makes room for a push inside it.
                assert!((!head.is_empty() || !read.pushes.is_empty()) && raw.starts_with(head));
            }
            Some(Reply::Streamed { bytes, wire }) => {
                assert!(raw.len() > rx && oversize == Oversize::Stream);
                assert_eq!(*bytes, raw.len() as u64);
                let left: usize = strays.map(<[u8]>::len).sum();
                assert_eq!(wire.len(), raw.len() - left, "without the pushes inside");
                if left == 0 {
                    assert_eq!(
                        wire.escape_ascii().to_string(),
                        raw.escape_ascii().to_string()
                    );
                }
            }
            None => panic!("{} was not told", raw.escape_ascii()),
        }
        assert!(
            told.pushes.starts_with(&pushes),
            "{:?} begins not with {pushes:?}",
            told.pushes
        );
        assert!(told.dropped >= dropped);
    }
}

/// Whether these bytes begin with the header of an aggregate that is none too large by itself.
fn is_aggregate(bytes: &[u8]) -> bool {
    let digits = bytes.get(1..).unwrap_or_default();
    let end = digits.iter().position(|byte| *byte == b'\r');
    let count = end.and_then(|end| core::str::from_utf8(&digits[..end]).ok());
    matches!(bytes[0], b'*' | b'~' | b'%' | b'|' | b'>')
        && count.is_some_and(|n| n.parse::<i64>().is_ok())
}
