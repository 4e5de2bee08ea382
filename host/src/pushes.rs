//! Pushes: what the server says to nobody in particular. A bounded queue that counts its losses.

use core::fmt;
use std::collections::VecDeque;

use respipe_core::{Frame, Reply};

/// A push that was received, in memory of its own.
#[derive(Clone)]
pub struct Push {
    bytes: Box<[u8]>,
    frame: Frame,
}

impl Push {
    /// What was pushed.
    #[must_use]
    pub fn reply(&self) -> Reply<'_> {
        Reply::new(&self.bytes, self.frame)
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Push").field(&Text(&self.bytes)).finish()
    }
}

/// What was published to a channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<'p> {
    /// The channel that it was published to.
    pub channel: &'p [u8],
    /// The pattern that the channel matched, where a pattern is subscribed to.
    pub pattern: Option<&'p [u8]>,
    /// What was published.
    pub payload: &'p [u8],
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("channel", &Text(self.channel))
            .field("pattern", &self.pattern.map(Text))
            .field("payload", &Text(self.payload))
            .finish()
    }
}

/// Bytes that are text most of the time.
struct Text<'p>(&'p [u8]);

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl Push {
    /// What was published, if this push is a message and no confirmation or invalidation.
    #[must_use]
    pub fn message(&self) -> Option<Message<'_>> {
        let mut elements = self.reply().elements();
        let mut next = || elements.next()?.as_bytes().ok();
        let pattern = match next()? {
            b"message" | b"smessage" => None,
            b"pmessage" => Some(next()?),
            _ => return None,
        };
        Some(Message {
            pattern,
            channel: next()?,
            payload: next()?,
        })
    }
}

/// Pushes that wait to be taken.
#[derive(Debug)]
pub struct Pushes {
    queue: VecDeque<Push>,
    capacity: usize,
    lost: u64,
}

impl Pushes {
    /// An empty queue for so many pushes.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            capacity,
            lost: 0,
        }
    }

    /// Keeps a push; the oldest gives way when there is no room.
    #[cold]
    pub fn add(&mut self, reply: Reply<'_>) {
        if self.queue.len() >= self.capacity {
            self.lost += 1;
            if self.queue.pop_front().is_none() {
                return;
            }
        }
        self.queue.push_back(Push {
            bytes: reply.as_raw().into(),
            frame: reply.frame(),
        });
    }

    /// The oldest push, if there is one.
    pub fn take(&mut self) -> Option<Push> {
        self.queue.pop_front()
    }

    /// How many gave way.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use respipe_core::Framer;

    use super::*;

    fn push(wire: &[u8]) -> Push {
        let mut pushes = Pushes::new(1);
        let frame = Framer::new().frame(wire).expect("RESP").expect("whole");
        pushes.add(Reply::new(wire, frame));
        pushes.take().expect("added")
    }

    #[test]
    fn a_message_has_its_channel_its_pattern_and_its_payload() {
        let plain = push(b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n");
        let message = plain.message().expect("a message");
        assert_eq!((message.channel, message.payload), (&b"a"[..], &b"hi"[..]));
        assert_eq!(message.pattern, None);
        let matched = push(b"*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$2\r\nab\r\n$0\r\n\r\n");
        let message = matched.message().expect("a message");
        assert_eq!(message.pattern, Some(&b"a*"[..]));
        assert_eq!((message.channel, message.payload), (&b"ab"[..], &b""[..]));
        assert_eq!(
            format!("{message:?}"),
            r#"Message { channel: "ab", pattern: Some("a*"), payload: "" }"#
        );
        let other = push(b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n");
        assert_eq!(other.message(), None);
        assert_eq!(
            format!("{other:?}"),
            r#"Push(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n")"#
        );
    }
}
