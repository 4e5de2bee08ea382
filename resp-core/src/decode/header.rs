//! The first line of a value: its type and its number.

use super::DecodeErrorKind as Kinds;
use super::work::looked_at;
use crate::Kind;
use crate::kind::RESP3;

/// The first line of a value, parsed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_pointer_width = "64"), repr(packed(4)))]
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
            kind if kind.is_line() => 1,
            _ => self.len,
        }
    }

    /// How many values are owed behind this header, `owed` being owed before it.
    ///
    /// A scalar pays one; an array of n pays one and owes n; a map owes 2n; attributes owe 2n and
    /// pay nothing, because their value is still to come; a push owes n, and pays only if it is
    /// an `element`. `None` beyond what a `usize` holds.
    #[inline]
    pub(crate) fn owed_after(self, owed: usize, element: bool) -> Option<usize> {
        let (pays, each) = match self.kind {
            Kind::Array => (1, 1),
            Kind::Set if RESP3 => (1, 1),
            Kind::Map if RESP3 => (1, 2),
            Kind::Attribute if RESP3 => (0, 2),
            Kind::Push if RESP3 => (usize::from(element), 1),
            _ => return Some(owed.wrapping_sub(1)),
        };
        let owes = usize::try_from(self.value).ok()?.checked_mul(each)?;
        owed.wrapping_sub(pays).checked_add(owes)
    }

    /// Values, or pairs, of an aggregate that was framed.
    #[inline]
    pub(crate) fn count(self) -> usize {
        usize::try_from(self.value).unwrap_or(usize::MAX)
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

/// Whether there are short ways for what is common; where not, each of them gives `None`. They say nothing that the
/// long ones do not, and a small machine does without their kilobytes.
pub(crate) const FAST: bool = cfg!(target_pointer_width = "64");

/// The header of a bulk string or an aggregate of up to 18 digits, or of a null of RESP2.
/// `None` says nothing; [`parse`] decides.
#[inline]
pub(crate) fn quick(bytes: &[u8]) -> Option<Header> {
    if !FAST {
        return None;
    }
    let (kind, text) = match bytes {
        [b'$', text @ ..] => (Kind::Bulk, text),
        [b'*', text @ ..] => (Kind::Array, text),
        [b'%', text @ ..] if RESP3 => (Kind::Map, text),
        [b'~', text @ ..] if RESP3 => (Kind::Set, text),
        _ => return None,
    };
    let (kind, value, behind) = match text {
        [b'-', b'1', b'\r', b'\n', behind @ ..] if matches!(kind, Kind::Bulk | Kind::Array) => {
            (Kind::Null, -1, behind)
        }
        [b'0', b'0'..=b'9', ..] => return None,
        _ => {
            let (value, behind) = short_number(text)?;
            (kind, value, behind)
        }
    };
    let len = bytes.len().wrapping_sub(behind.len());
    Some(Header { kind, value, len })
}

/// Up to 18 digits and CRLF, and what lies behind them.
#[inline]
fn short_number(text: &[u8]) -> Option<(i64, &[u8])> {
    let mut value: i64 = 0;
    let mut rest = text;
    while let [byte, behind @ ..] = rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        rest = behind;
    }
    looked_at(text.len().wrapping_sub(rest.len()).wrapping_add(2));
    match (text.len().wrapping_sub(rest.len()), rest) {
        (1..=18, [b'\r', b'\n', behind @ ..]) => Some((value, behind)),
        _ => None,
    }
}

/// A whole bulk string of up to 99 bytes, the most common value: its text and what lies behind
/// it. `None` says nothing.
#[inline]
pub(crate) fn short_bulk(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if !FAST {
        return None;
    }
    looked_at(8);
    // The shortest, `$0\r\n\r\n`, has six bytes.
    let [b'$', a, b, c, d, _, ..] = *bytes else {
        return None;
    };
    /// CR, counted from the digit 0.
    const CR: u8 = b'\r'.wrapping_sub(b'0');
    let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    let (len, body) = match (b, c, d) {
        (CR, b'\n', _) if a < 10 => (usize::from(a), 4),
        (0..10, b'\r', b'\n') if a.wrapping_sub(1) < 9 => (
            usize::from(a).wrapping_mul(10).wrapping_add(usize::from(b)),
            5,
        ),
        _ => return None,
    };
    let (text, behind) = bytes.get(body..)?.split_at_checked(len)?;
    // Compared at once, not byte by byte.
    let (end, behind) = behind.split_first_chunk()?;
    (end == b"\r\n").then_some((text, behind))
}

/// A whole integer of up to 18 digits: its value and what lies behind it. `None` says nothing.
#[inline]
pub(crate) fn short_integer(bytes: &[u8]) -> Option<(i64, &[u8])> {
    match bytes {
        _ if !FAST => None,
        [b':', b'-', digits @ ..] => {
            let (value, behind) = short_number(digits)?;
            Some((value.wrapping_neg(), behind))
        }
        [b':', digits @ ..] => short_number(digits),
        _ => None,
    }
}

/// What lies behind a whole short bulk string or integer. `None` says nothing.
#[inline]
pub(crate) fn short_scalar(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.first()? {
        b'$' => short_bulk(bytes).map(|(_, behind)| behind),
        b':' => short_integer(bytes).map(|(_, behind)| behind),
        _ => None,
    }
}

/// Parses the line at the front of `bytes`, of which `scanned` bytes are known to hold no line
/// end. Longer lines than `bytes` are incomplete, whatever their kind.
pub(crate) fn parse(bytes: &[u8], scanned: usize) -> Result<Parsed, Kinds> {
    looked_at(2);
    let Some((&first, text)) = bytes.split_first() else {
        return Ok(Parsed::Incomplete { scanned: 0 });
    };
    let kind = kind_of(first, text)?;
    match kind.is_line() {
        true => line_of_text(kind, text, scanned),
        false => line_of_digits(kind, text),
    }
}

fn kind_of(first: u8, text: &[u8]) -> Result<Kind, Kinds> {
    let Some(&kind) = Kind::KNOWN.iter().find(|kind| **kind as u8 == first) else {
        return Err(match first {
            // The chunk of a streamed string, the end of a streamed aggregate.
            b';' | b'.' if RESP3 => Kinds::StreamedType,
            other => Kinds::UnknownType(other),
        });
    };
    if RESP3 && matches!(text.first(), Some(b'?')) && (kind.is_aggregate() || kind.is_bulk()) {
        return Err(Kinds::StreamedType);
    }
    Ok(kind)
}

/// Any bytes but CR and LF, then CRLF. `scanned` counts the type byte.
#[inline]
pub(crate) fn line_of_text(kind: Kind, text: &[u8], scanned: usize) -> Result<Parsed, Kinds> {
    let mut at = scanned.saturating_sub(1);
    while let Some(byte) = text.get(at) {
        looked_at(1);
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
    let Some(&first) = text.first() else {
        return incomplete;
    };
    let (value, digits) = match (kind, first) {
        (Kind::Null, b'\r') if RESP3 => (0, 0),
        (Kind::Null, _) if RESP3 => return Err(Kinds::BadNull),
        (Kind::Boolean, b't') if RESP3 => (1, 1),
        (Kind::Boolean, b'f') if RESP3 => (0, 1),
        (Kind::Boolean, _) if RESP3 => return Err(Kinds::BadBoolean),
        _ => {
            let number = Number::of(text, kind == Kind::Integer);
            if number.count == Number::MOST {
                return Err(Kinds::OutOfRange);
            }
            match text.get(number.len()) {
                None => return incomplete,
                Some(byte) if number.count == 0 => return Err(Kinds::BadDigit(*byte)),
                Some(_) => {}
            }
            let value = number.value().ok_or(Kinds::OutOfRange)?;
            if kind != Kind::Integer {
                // A length or count: `0`, digits that do not begin with 0, or the `-1` of a null.
                match first {
                    b'-' if value != -1 || number.count > 1 => return Err(Kinds::OutOfRange),
                    b'0' if number.count > 1 => return Err(Kinds::BadDigit(b'0')),
                    _ => {}
                }
            }
            (value, number.len())
        }
    };
    match text.get(digits..) {
        None | Some([] | [b'\r']) => return incomplete,
        Some([b'\r', b'\n', ..]) => {}
        Some([b'\r', ..] | [b'\n', ..]) => return Err(Kinds::BadLineEnd),
        Some([other, ..]) => {
            return Err(match kind {
                Kind::Boolean if RESP3 => Kinds::BadBoolean,
                Kind::Null if RESP3 => Kinds::BadNull,
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

/// `[+-]?[0-9]*`, as far as it goes.
struct Number {
    signs: usize,
    negative: bool,
    count: usize,
    magnitude: u64,
}

impl Number {
    /// No more digits than cannot overflow, and enough for every number; zeros in front would make
    /// a number, and the second look at it, endless.
    const MOST: usize = 20;

    /// What `text` begins with; a plus only where numbers may have one.
    #[inline(always)]
    fn of(text: &[u8], takes_plus: bool) -> Self {
        let negative = text.first() == Some(&b'-');
        let signed = negative || (takes_plus && text.first() == Some(&b'+'));
        let signs = usize::from(signed);
        let mut magnitude: u64 = 0;
        let mut count: usize = 0;
        for byte in text.iter().skip(signs).take(Self::MOST) {
            looked_at(1);
            if !byte.is_ascii_digit() {
                break;
            }
            magnitude = magnitude
                .wrapping_mul(10)
                .wrapping_add(u64::from(byte & 15));
            count = count.wrapping_add(1);
        }
        Self {
            signs,
            negative,
            count,
            magnitude,
        }
    }

    const fn len(&self) -> usize {
        self.signs.wrapping_add(self.count)
    }

    /// `None` beyond 64 bits.
    const fn value(&self) -> Option<i64> {
        let value = match self.negative {
            false => self.magnitude.cast_signed(),
            true => self.magnitude.wrapping_neg().cast_signed(),
        };
        // Zero has no sign, and has not lost one.
        match self.magnitude == 0 || (value < 0) == self.negative {
            true => Some(value),
            false => None,
        }
    }
}
