//! The first line of a value: its type and its number.

use super::DecodeErrorKind as Kinds;
use crate::Kind;

/// The first line of a value, parsed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Bulks: bytes. Aggregates: values, or pairs. Integers and booleans: the value itself.
    /// Other lines: bytes of text.
    pub(crate) value: i64,
    /// Bytes of the line, its CRLF included.
    pub(crate) len: usize,
}

impl Header {
    /// Where in the value its text, its bytes or its first element begins.
    #[inline]
    pub(crate) const fn body(self) -> usize {
        match self.kind {
            Kind::Status | Kind::Error | Kind::Double | Kind::BigNumber => 1,
            _ => self.len,
        }
    }

    /// How many values are owed behind this header, `owed` being owed before it.
    ///
    /// A scalar pays one; an array of n pays one and owes n; a map owes 2n; attributes owe 2n and
    /// pay nothing, because their value is still to come; a push owes n, and pays only if it is
    /// an `element`. `None` beyond 2^64.
    #[inline]
    pub(crate) fn owed_after(self, owed: u64, element: bool) -> Option<u64> {
        let count = self.value.unsigned_abs();
        let (pays, owes) = match self.kind {
            Kind::Map => (1, count.checked_mul(2)?),
            Kind::Attribute => (0, count.checked_mul(2)?),
            Kind::Array | Kind::Set => (1, count),
            Kind::Push => (u64::from(element), count),
            _ => (1, 0),
        };
        owed.wrapping_sub(pays).checked_add(owes)
    }
}

/// What came of looking at the bytes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Header(Header),
    /// The line is not whole; `scanned` bytes of it need no second look.
    Incomplete {
        scanned: usize,
    },
}

/// What most values of most replies are: a short bulk string or a small count, whole.
/// `None` says nothing; [`parse`] decides.
#[inline]
pub(crate) fn quick(bytes: &[u8]) -> Option<Header> {
    let (kind, value, len) = match *bytes {
        [kind, a, b'\r', b'\n', ..] if a.is_ascii_digit() => (kind, i64::from(a & 15), 4),
        [kind, a @ b'1'..=b'9', b, b'\r', b'\n', ..] if b.is_ascii_digit() => {
            let tens = i64::from(a & 15).wrapping_mul(10);
            (kind, tens.wrapping_add(i64::from(b & 15)), 5)
        }
        _ => return None,
    };
    let kind = match kind {
        b'$' => Kind::Bulk,
        b':' => Kind::Integer,
        b'*' => Kind::Array,
        b'%' => Kind::Map,
        _ => return None,
    };
    Some(Header { kind, value, len })
}

/// Parses the line at the front of `bytes`, of which `scanned` bytes are known to hold no line
/// end. Longer lines than `bytes` are incomplete, whatever their kind.
pub(crate) fn parse(bytes: &[u8], scanned: usize) -> Result<Parsed, Kinds> {
    let Some((&first, text)) = bytes.split_first() else {
        return Ok(Parsed::Incomplete { scanned: 0 });
    };
    let kind = kind_of(first, text)?;
    match kind {
        Kind::Status | Kind::Error | Kind::Double | Kind::BigNumber => {
            line_of_text(kind, text, scanned)
        }
        _ => line_of_digits(kind, text),
    }
}

fn kind_of(first: u8, text: &[u8]) -> Result<Kind, Kinds> {
    let kind = match first {
        b'+' => Kind::Status,
        b'-' => Kind::Error,
        b':' => Kind::Integer,
        b'$' => Kind::Bulk,
        b'*' => Kind::Array,
        b'_' => Kind::Null,
        b'#' => Kind::Boolean,
        b',' => Kind::Double,
        b'(' => Kind::BigNumber,
        b'!' => Kind::BulkError,
        b'=' => Kind::Verbatim,
        b'%' => Kind::Map,
        b'~' => Kind::Set,
        b'>' => Kind::Push,
        b'|' => Kind::Attribute,
        // The chunk of a streamed string, the end of a streamed aggregate.
        b';' | b'.' => return Err(Kinds::StreamedType),
        other => return Err(Kinds::UnknownType(other)),
    };
    if matches!(text.first(), Some(b'?')) && (kind.is_aggregate() || kind.is_bulk()) {
        return Err(Kinds::StreamedType);
    }
    Ok(kind)
}

/// Any bytes but CR and LF, then CRLF. `scanned` counts the type byte.
#[inline]
pub(crate) fn line_of_text(kind: Kind, text: &[u8], scanned: usize) -> Result<Parsed, Kinds> {
    let mut at = scanned.saturating_sub(1);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\r' => {
                return match text.get(at.wrapping_add(1)) {
                    Some(b'\n') => Ok(Parsed::Header(Header {
                        kind,
                        value: i64::try_from(at).map_err(|_| Kinds::OutOfRange)?,
                        len: at.wrapping_add(3),
                    })),
                    Some(_) => Err(Kinds::BadLineEnd),
                    None => Ok(Parsed::Incomplete {
                        scanned: at.wrapping_add(1),
                    }),
                };
            }
            b'\n' => return Err(Kinds::BadLineEnd),
            _ => at = at.wrapping_add(1),
        }
    }
    Ok(Parsed::Incomplete {
        scanned: at.wrapping_add(1),
    })
}

/// A number, a boolean or a null: at most 22 bytes, so looking at them again costs little.
fn line_of_digits(kind: Kind, text: &[u8]) -> Result<Parsed, Kinds> {
    let incomplete = Ok(Parsed::Incomplete { scanned: 0 });
    let (value, digits) = match kind {
        Kind::Null => match text.first() {
            None => return incomplete,
            Some(b'\r') => (0, 0),
            Some(_) => return Err(Kinds::BadNull),
        },
        Kind::Boolean => match text.first() {
            None => return incomplete,
            Some(b't') => (1, 1),
            Some(b'f') => (0, 1),
            Some(_) => return Err(Kinds::BadBoolean),
        },
        Kind::Integer => match integer(text)? {
            Some(found) => found,
            None => return incomplete,
        },
        _ => match length(text)? {
            Some(found) => found,
            None => return incomplete,
        },
    };
    match text.get(digits..) {
        None | Some([] | [b'\r']) => return incomplete,
        Some([b'\r', b'\n', ..]) => {}
        Some([b'\r', ..] | [b'\n', ..]) => return Err(Kinds::BadLineEnd),
        Some([other, ..]) => {
            return Err(match kind {
                Kind::Boolean => Kinds::BadBoolean,
                Kind::Null => Kinds::BadNull,
                _ => Kinds::BadDigit(*other),
            });
        }
    }
    let kind = match (kind, value) {
        // RESP2's nulls, which RESP3 connections see as well.
        (Kind::Bulk | Kind::Array, -1) => Kind::Null,
        (_, ..0) if kind.is_bulk() || kind.is_aggregate() => return Err(Kinds::OutOfRange),
        _ => kind,
    };
    Ok(Parsed::Header(Header {
        kind,
        value,
        len: digits.wrapping_add(3),
    }))
}

/// `[+-]?[0-9]+` within 64 bits; how many bytes it has. `None`: more bytes are needed.
#[inline]
fn integer(text: &[u8]) -> Result<Option<(i64, usize)>, Kinds> {
    let negative = matches!(text.first(), Some(b'-'));
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let mut value: i64 = 0;
    let mut digits: usize = 0;
    for byte in text.get(sign..).unwrap_or_default() {
        if !byte.is_ascii_digit() {
            return match digits {
                0 => Err(Kinds::BadDigit(*byte)),
                _ => Ok(Some((value, sign.wrapping_add(digits)))),
            };
        }
        digits = digits.wrapping_add(1);
        let digit = i64::from(byte & 15);
        // Counted down from zero where negative, so that the least number has a place.
        let next = match (digits <= 18, negative) {
            (true, false) => Some(value.wrapping_mul(10).wrapping_add(digit)),
            (true, true) => Some(value.wrapping_mul(10).wrapping_sub(digit)),
            (false, false) => value.checked_mul(10).and_then(|n| n.checked_add(digit)),
            (false, true) => value.checked_mul(10).and_then(|n| n.checked_sub(digit)),
        };
        // Zeros in front would make a number, and the second look at it, endless.
        match next {
            Some(next) if digits <= 20 => value = next,
            _ => return Err(Kinds::OutOfRange),
        }
    }
    Ok(None)
}

/// A length or count: `0`, digits that do not begin with 0, or the `-1` of a null.
fn length(text: &[u8]) -> Result<Option<(i64, usize)>, Kinds> {
    let Some((value, digits)) = integer(text)? else {
        return match text {
            [b'+', ..] => Err(Kinds::BadDigit(b'+')),
            _ => Ok(None),
        };
    };
    match text {
        [b'-', b'1', ..] if value == -1 => Ok(Some((-1, digits))),
        [b'-', ..] => Err(Kinds::OutOfRange),
        [b'+', ..] => Err(Kinds::BadDigit(b'+')),
        [b'0', ..] if digits > 1 => Err(Kinds::BadDigit(b'0')),
        _ => Ok(Some((value, digits))),
    }
}
