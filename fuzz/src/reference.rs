//! A second reader of RESP, written to be read: recursive, over whole bytes, with a list for a result.
//!
//! It knows what the framer, the cursor and the oversize stream know between them, by other means: where a reply ends, which values
//! a walk visits, and which pushes stand between its elements.

use core::ops::Range;

use respipe_core::Kind;
use respipe_core::reply::{ServerError, Value};

/// What is nested deeper is not compared: the reference recurses.
const DEPTH: usize = 100;

/// One reply.
#[derive(Debug, Default)]
pub(crate) struct Read<'a> {
    /// What a walk visits, in order.
    pub(crate) values: Vec<Value<'a>>,
    /// Where pushes lie that are no elements, those inside others left out.
    pub(crate) pushes: Vec<Range<usize>>,
    /// Its bytes.
    pub(crate) len: usize,
    /// Of the value itself, its attributes apart.
    pub(crate) kind: Option<Kind>,
    /// How many attributes there are.
    pub(crate) attributes: usize,
    /// Whether there is a type that RESP2 does not have.
    pub(crate) is_resp3: bool,
    /// Whether a verbatim string has no format in front.
    pub(crate) lacks_format: bool,
    /// Inside attributes or a push that is no element, of which nothing is visited.
    hidden: usize,
    /// Inside a push that is no element.
    in_push: usize,
}

/// No whole reply lies at the front: it is cut, broken or too deep.
#[derive(Debug)]
pub(crate) struct NotWhole;

type Done = Result<(), NotWhole>;

/// The reply at the front of these bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<Read<'_>, NotWhole> {
    let mut reader = Reader {
        bytes,
        at: 0,
        read: Read::default(),
    };
    reader.value(DEPTH, true)?;
    reader.read.len = reader.at;
    Ok(reader.read)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    read: Read<'a>,
}

impl<'a> Reader<'a> {
    /// A value with all that may stand before it.
    fn value(&mut self, depth: usize, top: bool) -> Done {
        let depth = depth.checked_sub(1).ok_or(NotWhole)?;
        loop {
            match self.bytes.get(self.at) {
                Some(b'|') => {
                    let pairs = self.line().and_then(count)?;
                    self.read.attributes += 1;
                    self.read.hidden += 1;
                    self.values(pairs.checked_mul(2).ok_or(NotWhole)?, depth)?;
                    self.read.hidden -= 1;
                }
                Some(b'>') if !top && !self.is_element() => self.stray(depth)?,
                _ => return self.bare(depth, top),
            }
        }
    }

    fn values(&mut self, count: usize, depth: usize) -> Done {
        // Each has three bytes at least, so that a count that cannot be met is no long loop.
        if count > self.bytes.len() {
            return Err(NotWhole);
        }
        (0..count).try_for_each(|_| self.value(depth, false))
    }

    fn stray(&mut self, depth: usize) -> Done {
        self.read.is_resp3 = true;
        let start = self.at;
        let elements = self.line().and_then(count)?;
        self.read.hidden += 1;
        self.read.in_push += 1;
        self.values(elements, depth)?;
        self.read.hidden -= 1;
        self.read.in_push -= 1;
        if self.read.in_push == 0 {
            self.read.pushes.push(start..self.at);
        }
        Ok(())
    }

    /// Whether the push that begins here confirms a subscription.
    fn is_element(&self) -> bool {
        let mut ahead = Reader {
            bytes: self.bytes,
            at: self.at,
            read: Read::default(),
        };
        if !matches!(ahead.line().and_then(count), Ok(1..)) {
            return false;
        }
        let text = match ahead.bytes.get(ahead.at) {
            Some(b'+') => ahead.line().ok(),
            Some(b'$') => match ahead.line().map(length) {
                Ok(Ok(Some(len))) => ahead.bytes.get(ahead.at..ahead.at.saturating_add(len)),
                _ => None,
            },
            _ => None,
        };
        matches!(
            text,
            Some(
                b"subscribe"
                    | b"psubscribe"
                    | b"ssubscribe"
                    | b"unsubscribe"
                    | b"punsubscribe"
                    | b"sunsubscribe"
            )
        )
    }

    fn bare(&mut self, depth: usize, top: bool) -> Done {
        let first = *self.bytes.get(self.at).ok_or(NotWhole)?;
        let line = self.line()?;
        self.read.is_resp3 |= !b"+-:$*".contains(&first);
        let (value, below) = match first {
            b'+' => (Value::Status(line), 0),
            b'-' => (Value::Error(ServerError::new(line)), 0),
            b',' => (Value::Double(line), 0),
            b'(' => (Value::BigNumber(line), 0),
            b':' => (Value::Integer(integer(line)?), 0),
            b'_' if line.is_empty() => (Value::Null, 0),
            b'#' if line == b"t" || line == b"f" => (Value::Boolean(line == b"t"), 0),
            b'$' | b'*' if line == b"-1" => (Value::Null, 0),
            b'$' | b'!' | b'=' => (self.bulk(first, line)?, 0),
            b'*' | b'~' | b'%' | b'>' => {
                let n = count(line)?;
                match first {
                    b'*' => (Value::Array(n), n),
                    b'~' => (Value::Set(n), n),
                    b'>' => (Value::Push(n), n),
                    _ => (Value::Map(n), n.checked_mul(2).ok_or(NotWhole)?),
                }
            }
            _ => return Err(NotWhole),
        };
        if top {
            self.read.kind = Some(match (first, value) {
                (b'!', _) => Kind::BulkError,
                (b'=', _) => Kind::Verbatim,
                (_, value) => value.kind(),
            });
        }
        if self.read.hidden == 0 {
            self.read.values.push(value);
        }
        self.values(below, depth)
    }

    fn bulk(&mut self, first: u8, line: &[u8]) -> Result<Value<'a>, NotWhole> {
        let len = length(line)?.ok_or(NotWhole)?;
        let end = self.at.checked_add(len).ok_or(NotWhole)?;
        let text = self.bytes.get(self.at..end).ok_or(NotWhole)?;
        let Some([b'\r', b'\n', ..]) = self.bytes.get(end..) else {
            return Err(NotWhole);
        };
        self.at = end + 2;
        Ok(match (first, text) {
            (b'!', _) => Value::Error(ServerError::new(text)),
            (b'=', &[a, b, c, b':', ref text @ ..]) => Value::Verbatim {
                format: [a, b, c],
                text,
            },
            _ => {
                self.read.lacks_format |= first == b'=';
                Value::Bulk(text)
            }
        })
    }

    /// The line here, without its first byte and its end, and steps behind it.
    fn line(&mut self) -> Result<&'a [u8], NotWhole> {
        let rest = self.bytes.get(self.at + 1..).ok_or(NotWhole)?;
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (line, rest) = rest.split_at(end.ok_or(NotWhole)?);
        if !rest.starts_with(b"\r\n") {
            return Err(NotWhole);
        }
        self.at += line.len() + 3;
        Ok(line)
    }
}

/// Up to 19 digits, with or without a sign.
fn integer(line: &[u8]) -> Result<i64, NotWhole> {
    let digits = line.strip_prefix(b"-").or(line.strip_prefix(b"+"));
    if digits.unwrap_or(line).len() > 19 {
        return Err(NotWhole);
    }
    let text = core::str::from_utf8(line).map_err(|_| NotWhole)?;
    text.parse().map_err(|_| NotWhole)
}

/// A length; `None` for null.
fn length(line: &[u8]) -> Result<Option<usize>, NotWhole> {
    match line {
        b"-1" => Ok(None),
        _ => count(line).map(Some),
    }
}

fn count(line: &[u8]) -> Result<usize, NotWhole> {
    match line {
        [b'0'] => Ok(0),
        [b'1'..=b'9', ..] => integer(line).and_then(|n| usize::try_from(n).map_err(|_| NotWhole)),
        _ => Err(NotWhole),
    }
}
