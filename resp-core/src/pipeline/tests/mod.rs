//! The promises, one test of its name each, and what stands beside them.

use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use super::*;
use crate::login::Login;
#[cfg(feature = "login")]
use crate::login::Protocol;
use crate::{Duration, Framer, cmd};

#[cfg(feature = "resp3")]
mod handshake;
mod large;
mod promises;
#[cfg(not(feature = "session"))]
mod refuse;
#[cfg(not(feature = "resp3"))]
mod resp2;
mod ring;
mod room;
#[cfg(feature = "session")]
mod session;
mod told;
mod windows;

/// A pipeline on the heap, with the bytes it sent and the events it gave as text.
struct Rig {
    pipeline: Pipeline<Owned>,
    now: Instant,
}

/// Storage of run-time sizes without the feature `alloc`.
struct Owned {
    tx: Vec<u8>,
    rx: Vec<u8>,
    slots: Vec<Slot>,
    tags: Vec<Option<u32>>,
    login: Login<'static>,
}

impl Storage for Owned {
    type Tag = u32;
    fn parts(&mut self) -> Parts<'_, u32> {
        Parts {
            tx: &mut self.tx,
            rx: &mut self.rx,
            slots: &mut self.slots,
            tags: &mut self.tags,
        }
    }
    fn sizes(&self) -> Sizes {
        Sizes {
            tx: self.tx.len(),
            rx: self.rx.len(),
            depth: self.slots.len(),
        }
    }
    fn login(&self) -> Login<'_> {
        self.login
    }
}

impl Rig {
    /// Not open yet.
    fn closed(tx: usize, rx: usize, depth: usize) -> Self {
        let storage = Owned {
            tx: vec![0; tx],
            rx: vec![0; rx],
            slots: vec![Slot::EMPTY; depth],
            tags: vec![None; depth],
            login: Login::NONE,
        };
        Self {
            pipeline: Pipeline::new(storage),
            now: Instant::from_millis(1_000),
        }
    }

    fn new(tx: usize, rx: usize, depth: usize) -> Self {
        let mut rig = Self::closed(tx, rx, depth);
        rig.pipeline.open(rig.now);
        rig
    }

    fn roomy() -> Self {
        Self::new(4096, 4096, 64)
    }

    fn config(&mut self, change: impl FnOnce(&mut Config)) {
        let mut config = *self.pipeline.config();
        change(&mut config);
        self.pipeline.configure(config);
    }

    fn resending(resend: Resend) -> Self {
        let mut rig = Self::closed(4096, 4096, 64);
        rig.config(|config| config.resend = resend);
        rig.pipeline.open(rig.now);
        rig
    }

    fn submit(&mut self, command: impl Command, tag: u32) -> Ticket {
        self.pipeline.submit(&command, tag, self.now).unwrap()
    }

    fn refused(&mut self, command: impl Command) -> Rejected {
        let error = self.pipeline.submit(&command, 99, self.now).unwrap_err();
        assert_eq!(error.tag, 99, "the tag comes back");
        error.reason
    }

    /// Sends `PING` with this tag.
    fn ping(&mut self, tag: u32) -> Ticket {
        self.submit(cmd("PING"), tag)
    }

    /// Lets up to `most` bytes leave, `step` at a time.
    fn transmit(&mut self, most: usize, step: usize) -> String {
        let mut sent = Vec::new();
        while sent.len() < most {
            let Some(bytes) = self.pipeline.poll_transmit() else {
                break;
            };
            let n = bytes.len().min(step).min(most - sent.len());
            sent.extend_from_slice(&bytes[..n]);
            self.pipeline.transmitted(n, self.now);
            self.check();
        }
        String::from_utf8(sent).unwrap()
    }

    fn sent(&mut self) -> String {
        self.transmit(usize::MAX, usize::MAX)
    }

    /// Feeds bytes in pieces of `step`, polling events in between as a driver does.
    fn feed_by(&mut self, bytes: &[u8], step: usize) -> Vec<String> {
        let mut events = Vec::new();
        for piece in bytes.chunks(step) {
            let mut rest = piece;
            loop {
                let n = self.pipeline.handle_input(rest, self.now);
                rest = &rest[n..];
                events.extend(self.events());
                if rest.is_empty() {
                    break;
                }
                if n == 0 {
                    // The link has ended: nobody reads the rest.
                    return events;
                }
            }
        }
        events
    }

    fn feed(&mut self, bytes: &str) -> Vec<String> {
        self.feed_by(bytes.as_bytes(), usize::MAX)
    }

    fn events(&mut self) -> Vec<String> {
        self.check();
        let events = self.take_events();
        self.check();
        events
    }

    fn check(&self) {
        let slots = &self.pipeline.storage.slots;
        self.pipeline.engine.ring.assert_sums(slots);
    }

    fn take_events(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        loop {
            match self.pipeline.poll_event() {
                Ok(Some(event)) => events.push(show(event)),
                Ok(None) => return events,
                Err(error) => {
                    events.push(format!("error: {error:?}"));
                    return events;
                }
            }
        }
    }

    fn wait(&mut self, span: Duration) {
        self.now = self.now.after(span);
        self.pipeline.handle_timeout(self.now);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end()
        .replace("\r\n", " ")
}

fn show(event: Event<'_, u32>) -> String {
    match event {
        Event::Reply { tag, reply } => format!("{tag}: {}", text(reply.as_raw())),
        Event::TooLarge {
            tag,
            kind,
            bytes,
            head,
        } => format!(
            "{tag}: too large, {kind}, {bytes} bytes, {}",
            text(&head[..16.min(head.len())])
        ),
        Event::Ended { tag, fate } => format!("{tag}: {fate:?}"),
        Event::Push(push) => {
            let raw = push.as_raw();
            let alone = Reply::new(raw, Framer::new().frame(raw).unwrap().unwrap());
            let elements =
                |push: &Reply<'_>| push.elements().map(|one| text(one.as_raw())).collect();
            let read: [Vec<String>; 2] = [elements(&push), elements(&alone)];
            assert_eq!(read[0], read[1], "where it lies as by itself");
            format!("push: {}", text(raw))
        }
        Event::Token(token) => match token {
            Token::Aggregate { kind, count } => format!("token: {kind} of {count}"),
            Token::Scalar(reply) => format!("token: {}", text(reply.as_raw())),
            Token::Begin { kind, len } => format!("token: {kind} {len:?}"),
            Token::Bytes(bytes) => format!("token bytes: {}", text(bytes)),
            Token::End => String::from("token: end"),
        },
        Event::Streamed { tag, bytes } => format!("{tag}: streamed {bytes}"),
    }
}

const PING: &str = "*1\r\n$4\r\nPING\r\n";

fn words(bytes: &str) -> String {
    let words = bytes.split("\r\n").filter(|w| !w.starts_with(['*', '$']));
    words.collect::<Vec<_>>().join(" ").trim_end().into()
}
