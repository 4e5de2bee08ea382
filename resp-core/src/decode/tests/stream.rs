use core::ops::Range;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::random::{Random, Sample, each, seeds};
use crate::decode::DecodeErrorKind;
use crate::decode::framer::{Framer, Step};
use crate::decode::header::{self, Parsed};
use crate::decode::push;
use crate::decode::stream::{Piece, Stream};
use crate::{Frame, Kind};

/// What was read through a window, the pieces of a scalar joined.
#[derive(Debug, Default, PartialEq)]
struct Read {
    tokens: Vec<String>,
    pushes: Vec<Range<usize>>,
    dropped: usize,
    len: usize,
    top: Option<Kind>,
}

/// Reads one reply through a window of so many bytes, into which `arrive` bytes come at a time.
fn read(
    bytes: &[u8],
    handed_out: u32,
    window: usize,
    mut arrive: impl FnMut() -> usize,
) -> Result<Read, DecodeErrorKind> {
    let mut stream = Stream::new(handed_out);
    let mut read = Read::default();
    let mut framer = Framer::new();
    let (mut at, mut have) = (0, 0);
    let mut scalar: Option<(Kind, Option<u64>, Vec<u8>)> = None;
    loop {
        let waiting = &bytes[at..have];
        let full = waiting.len() == window;
        let next = stream.next(waiting, full)?;
        let mut starved = next.is_none();
        match next {
            None => {}
            Some((Piece::Whole, _)) => break,
            Some((Piece::Push, n)) => {
                assert_eq!(n, 0);
                match framer.step(waiting).map_err(|error| error.kind)? {
                    Step::Inner { .. } => {}
                    Step::Frame(frame) if is_element(waiting, frame) => stream.element(),
                    Step::Frame(frame) => {
                        if !stream.was_handed_out() {
                            read.pushes.push(at..at + frame.len());
                        }
                        at += frame.len();
                    }
                    Step::More if full => {
                        let push = framer.announced().unwrap();
                        framer.reset();
                        if is_element(waiting, push) {
                            stream.element();
                        } else {
                            stream.drop_push();
                            read.dropped += 1;
                        }
                    }
                    Step::More => starved = true,
                }
            }
            Some((piece, n)) => {
                let said = &waiting[..n];
                at += n;
                if stream.is_dropping() {
                    continue;
                }
                match piece {
                    Piece::Aggregate { kind, count } => {
                        read.tokens.push(format!("{kind} {count}"));
                    }
                    Piece::Scalar(header) => {
                        let text = &said[header.body().min(n - 2)..n - 2];
                        let text = match header.kind {
                            Kind::Status | Kind::Error | Kind::Double | Kind::BigNumber => text,
                            _ => &said[1..n - 2],
                        };
                        read.tokens.push(format!("{} {text:?}", header.kind));
                    }
                    Piece::Begin { kind, len } => scalar = Some((kind, len, vec![])),
                    Piece::Bytes => {
                        assert!(n > 0, "progress");
                        scalar.as_mut().unwrap().2.extend_from_slice(said);
                    }
                    Piece::End => {
                        let (kind, len, text) = scalar.take().unwrap();
                        assert!(len.is_none_or(|len| len == text.len() as u64));
                        read.tokens.push(format!("{kind} {text:?}"));
                    }
                    Piece::Push | Piece::Whole => unreachable!(),
                }
            }
        }
        if starved {
            assert!(
                !full,
                "a full window must not wait: {:?}",
                waiting.escape_ascii()
            );
            let room = window - waiting.len();
            let more = arrive().min(room).min(bytes.len() - have);
            assert!(
                more > 0,
                "waits behind the end: {:?}",
                waiting.escape_ascii()
            );
            have += more;
        }
    }
    read.len = at;
    read.top = stream.kind();
    Ok(read)
}

fn is_element(bytes: &[u8], frame: Frame) -> bool {
    let elements = &bytes[frame.body..];
    match header::parse(elements, 0) {
        Ok(Parsed::Header(header)) => push::kind(elements, header).is_some_and(push::is_element),
        _ => false,
    }
}

#[test]
fn a_window_of_any_size_reads_what_the_framer_frames() {
    for seed in 0..seeds(600) {
        let sample = Sample::new(seed);
        let bytes = [&sample.bytes[..], b"+NEXT\r\n"].concat();
        let mut random = Random::new(seed);
        let all = read(&bytes, 0, usize::MAX, || usize::MAX).unwrap();
        assert_eq!(all.len, sample.bytes.len(), "seed {seed}");
        assert_eq!(all.pushes, sample.pushes, "seed {seed}");
        assert_eq!(all.dropped, 0);
        let frame = Framer::new().frame(&bytes).unwrap().unwrap();
        assert_eq!(all.top, Some(frame.kind()), "seed {seed}");
        for window in [32, 33, 47, 64, 100, 256] {
            let most = 1 + random.below(window);
            let some = read(&bytes, 0, window, || 1 + random.below(most)).unwrap();
            assert_eq!(some.len, all.len, "seed {seed}, window {window}");
            assert_eq!(some.tokens, all.tokens, "seed {seed}, window {window}");
            assert_eq!(some.top, all.top, "seed {seed}, window {window}");
            let fits = |push: &&Range<usize>| push.len() <= window;
            let fitting: Vec<_> = sample.pushes.iter().filter(fits).cloned().collect();
            assert_eq!(some.pushes, fitting, "seed {seed}, window {window}");
            let lost = sample.pushes.len() - fitting.len();
            assert_eq!(some.dropped, lost, "seed {seed}, window {window}");
        }
    }
}

#[test]
fn pushes_that_the_framer_handed_out_are_not_told_again() {
    for seed in 0..seeds(1000) {
        let sample = Sample::new(seed);
        if sample.pushes.is_empty() || sample.bytes.len() > 250 {
            continue;
        }
        for cut in 0..sample.bytes.len() {
            let mut framer = Framer::new();
            let mut told = 0;
            while let Ok(Step::Inner { .. }) = framer.step(&sample.bytes[..cut]) {
                told += 1;
            }
            assert_eq!(framer.handed_out() as usize, told);
            let read = read(&sample.bytes, framer.handed_out(), usize::MAX, || {
                usize::MAX
            });
            assert_eq!(
                read.unwrap().pushes,
                sample.pushes[told..],
                "seed {seed}, {cut}"
            );
        }
    }
}

#[test]
fn a_line_longer_than_the_window_comes_in_pieces() {
    for (first, kind) in [
        ('+', Kind::Status),
        ('-', Kind::Error),
        (',', Kind::Double),
        ('(', Kind::BigNumber),
    ] {
        let text = "0123456789".repeat(20);
        let bytes = format!("*2\r\n:1\r\n{first}{text}\r\n");
        for window in each(32..260) {
            let read = read(bytes.as_bytes(), 0, window, || 7).unwrap();
            assert_eq!(read.tokens.len(), 3);
            assert_eq!(read.tokens[2], format!("{kind} {:?}", text.as_bytes()));
        }
        let top = format!("{first}{text}\r\n");
        let read = read(top.as_bytes(), 0, 32, || 32).unwrap();
        assert_eq!((read.top, read.len), (Some(kind), top.len()));
    }
}

#[test]
fn a_short_line_that_comes_in_pieces_is_one_piece() {
    let mut stream = Stream::new(0);
    let line = b"+a status\r\n";
    for end in 0..line.len() {
        assert_eq!(stream.next(&line[..end], false), Ok(None));
    }
    match stream.next(line, false) {
        Ok(Some((Piece::Scalar(header), 11))) => assert_eq!(header.kind, Kind::Status),
        other => panic!("{other:?}"),
    }
    assert_eq!(stream.next(b"", false), Ok(Some((Piece::Whole, 0))));
}

#[test]
fn a_line_that_comes_in_small_pieces_is_looked_at_once() {
    // Looked at from its begin each time, this would take minutes.
    let mut line = vec![b'x'; if cfg!(miri) { 1 << 12 } else { 1 << 20 }];
    line[0] = b'-';
    let mut stream = Stream::new(0);
    for end in (0..line.len()).step_by(16) {
        assert_eq!(stream.next(&line[..end], false), Ok(None));
    }
}

#[test]
fn broken_bytes_are_the_errors_of_the_framer() {
    use DecodeErrorKind::*;
    for (bytes, kind) in [
        (&b"*2\r\n$3\r\nabcd\r\n"[..], BadTerminator),
        (b"*2\r\n$3\r\nabc\rX", BadTerminator),
        (
            b"*1\r\n+0123456789012345678901234567890123456789\n\r\n",
            BadLineEnd,
        ),
        (
            b"*1\r\n+0123456789012345678901234567890123456789\rX\r\n",
            BadLineEnd,
        ),
        (b"*1\r\n:1x\r\n", BadDigit(b'x')),
        (b"*1\r\n$?\r\n", StreamedType),
        (
            b"%9223372036854775807\r\n%9223372036854775807\r\n",
            OutOfRange,
        ),
    ] {
        assert_eq!(
            read(bytes, 0, 32, || 5),
            Err(kind),
            "{:?}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn a_confirmation_inside_a_push_that_is_dropped_keeps_its_place() {
    let long = "x".repeat(100);
    let confirmation = ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
    let push = format!(">3\r\n$5\r\nother\r\n$100\r\n{long}\r\n{confirmation}");
    let bytes = format!("*2\r\n{push}:1\r\n:2\r\n+NEXT\r\n");
    let read = read(bytes.as_bytes(), 0, 64, || 10).unwrap();
    assert_eq!(read.tokens, ["array 2", "integer [49]", "integer [50]"]);
    assert_eq!((read.dropped, read.pushes.len()), (1, 0));
    assert_eq!(read.len, bytes.len() - "+NEXT\r\n".len());
}
