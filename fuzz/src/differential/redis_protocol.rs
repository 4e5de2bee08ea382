//! What we accept, the crate `redis-protocol` accepts with the same values.

use redis_protocol::resp2::decode::decode_range as decode_resp2;
use redis_protocol::resp2::types::RangeFrame as Resp2;
use redis_protocol::resp3::decode::complete::decode_range as decode_resp3;
use redis_protocol::resp3::types::{RangeFrame as Resp3, VerbatimStringFormat};
use respipe_core::decode::DecodeErrorKind;
use respipe_core::reply::{Cursor, Value};
use respipe_core::{Framer, Reply};

use crate::framing::is_deep;
use crate::reference::{self, Read};

/// Reads the replies in these bytes both ways.
///
/// # Panics
/// If there is a difference that is none of the known kinds.
pub fn target(mut bytes: &[u8]) {
    let mut framer = Framer::new();
    loop {
        // It recurses, and nests a vector in a vector for each array.
        if is_deep(bytes) {
            return;
        }
        match framer.frame(bytes) {
            Ok(Some(frame)) => {
                let reply = Reply::new(bytes, frame);
                let read = reference::read(bytes).expect("what the framer reads");
                if let Err(difference) = ours(reply, &read) {
                    panic!("{}: {difference}", reply.as_raw().escape_ascii());
                }
                bytes = &bytes[frame.len()..];
            }
            Ok(None) => {
                assert!(
                    has_stray(bytes) || !accepts(bytes),
                    "not whole: {}",
                    bytes.escape_ascii()
                );
                return;
            }
            Err(error) => {
                let excused = theirs(error.kind).is_some() || has_stray(bytes);
                assert!(
                    excused || !accepts(bytes),
                    "{error}: {}",
                    bytes.escape_ascii()
                );
                return;
            }
        }
    }
}

/// What they accept and we refuse, by our reason.
#[must_use]
pub fn theirs(reason: DecodeErrorKind) -> Option<&'static str> {
    Some(match reason {
        DecodeErrorKind::BadTerminator => "the two bytes behind a bulk string are not looked at",
        DecodeErrorKind::BadLineEnd => "a CR or an LF alone may stand in a line",
        DecodeErrorKind::BadDigit(_) => {
            "lengths with a plus or with zeros in front, and integers of any length"
        }
        DecodeErrorKind::BadNull => "what stands in a null is not looked at",
        DecodeErrorKind::StreamedType => "streamed types",
        DecodeErrorKind::OutOfRange => "integers with more zeros in front than a number has digits",
        DecodeErrorKind::UnknownType(b'H') => "HELLO as a reply",
        _ => return None,
    })
}

/// A push between elements: from there on they read other values.
fn has_stray(bytes: &[u8]) -> bool {
    bytes.contains(&b'>')
}

/// Whether they find a whole reply at the front.
#[must_use]
pub fn accepts(bytes: &[u8]) -> bool {
    matches!(decode_resp3(bytes), Ok(Some(_)))
}

/// What we accept and they do not, or with other values; `Err` if it is of no known kind.
fn ours(reply: Reply<'_>, read: &Read<'_>) -> Result<(), String> {
    let raw = reply.as_raw();
    if !read.is_resp3 && read.attributes == 0 {
        return match decode_resp2(raw) {
            Ok(Some((frame, len))) if len == raw.len() => {
                let mut cursor = reply.cursor();
                match same_resp2(&frame, raw, &mut cursor) && cursor.next().is_none() {
                    true => Ok(()),
                    false => Err(format!("other values: {frame:?}")),
                }
            }
            other => Err(format!("RESP2: {other:?}")),
        };
    }
    if excuse(raw, read).is_some() {
        return Ok(());
    }
    match decode_resp3(raw) {
        Ok(Some((frame, len))) if len == raw.len() => {
            let mut cursor = reply.cursor();
            match same_resp3(&frame, raw, &mut cursor) && cursor.next().is_none() {
                true => Ok(()),
                false => Err(format!("other values: {frame:?}")),
            }
        }
        other => Err(format!("RESP3: {other:?}")),
    }
}

/// Why they read this reply of ours otherwise, or not at all.
fn excuse(raw: &[u8], read: &Read<'_>) -> Option<&'static str> {
    if !read.pushes.is_empty() {
        return Some("a push between elements is taken for one of them");
    }
    if read.attributes > 0 {
        return Some(
            "attributes may not be stacked, stand before a null or hold an aggregate as a key",
        );
    }
    let values = || read.values.iter();
    if values().any(|value| *value == Value::Null) && raw.windows(3).any(|bytes| bytes == b"-1\r") {
        return Some("a RESP3 connection never sees the nulls of RESP2");
    }
    let hashes = values().any(|value| matches!(value, Value::Map(_) | Value::Set(_)));
    let below = values().skip(1).any(|value| value.count().is_some());
    if hashes && below {
        return Some("a key of a map and an element of a set is no aggregate");
    }
    for value in values() {
        match value {
            Value::Double(text) if !is_double(text) => return Some("a double is a number"),
            Value::Verbatim { format, .. } if !matches!(format, b"txt" | b"mkd") => {
                return Some("verbatim strings are txt or mkd");
            }
            _ => {}
        }
    }
    if read.lacks_format {
        return Some("verbatim strings have a format, and what follows it is not looked at");
    }
    None
}

fn is_double(text: &[u8]) -> bool {
    core::str::from_utf8(text).is_ok_and(|text| text.parse::<f64>().is_ok())
}

fn same_resp2(theirs: &Resp2, raw: &[u8], ours: &mut Cursor<'_>) -> bool {
    let Some(value) = ours.next() else {
        return false;
    };
    match (theirs, value) {
        (Resp2::SimpleString(range), Value::Status(text))
        | (Resp2::BulkString(range), Value::Bulk(text)) => &raw[range.0..range.1] == text,
        (Resp2::Error(range), Value::Error(error)) => &raw[range.0..range.1] == error.text(),
        (Resp2::Integer(theirs), Value::Integer(ours)) => *theirs == ours,
        (Resp2::Null, Value::Null) => true,
        (Resp2::Array(elements), Value::Array(count)) => {
            elements.len() == count
                && elements
                    .iter()
                    .all(|element| same_resp2(element, raw, ours))
        }
        _ => false,
    }
}

fn same_resp3(theirs: &Resp3, raw: &[u8], ours: &mut Cursor<'_>) -> bool {
    // Theirs are sets: without order, and without what is there twice.
    match (theirs, ours.peek()) {
        (Resp3::Map { data, .. }, Some(Value::Map(pairs))) => {
            ours.step_over();
            return data.len() <= pairs;
        }
        (Resp3::Set { data, .. }, Some(Value::Set(count))) => {
            ours.step_over();
            return data.len() <= count;
        }
        _ => {}
    }
    let Some(value) = ours.next() else {
        return false;
    };
    let text = |range: (usize, usize)| &raw[range.0..range.1];
    match (theirs, value) {
        (Resp3::SimpleString { data, .. }, Value::Status(ours))
        | (Resp3::BlobString { data, .. }, Value::Bulk(ours))
        | (Resp3::BigNumber { data, .. }, Value::BigNumber(ours)) => text(*data) == ours,
        (Resp3::SimpleError { data, .. } | Resp3::BlobError { data, .. }, Value::Error(error)) => {
            text(*data) == error.text()
        }
        (
            Resp3::VerbatimString { data, format, .. },
            Value::Verbatim {
                format: ours,
                text: own,
            },
        ) => {
            let format = match format {
                VerbatimStringFormat::Text => *b"txt",
                VerbatimStringFormat::Markdown => *b"mkd",
            };
            format == ours && text(*data) == own
        }
        (Resp3::Number { data, .. }, Value::Integer(ours)) => *data == ours,
        (Resp3::Boolean { data, .. }, Value::Boolean(ours)) => *data == ours,
        (Resp3::Double { data, .. }, Value::Double(ours)) => {
            let parsed = core::str::from_utf8(ours)
                .ok()
                .and_then(|text| text.parse::<f64>().ok());
            parsed.is_some_and(|ours| ours == *data || (ours.is_nan() && data.is_nan()))
        }
        (Resp3::Null, Value::Null) => true,
        (Resp3::Array { data, .. }, Value::Array(count))
        | (Resp3::Push { data, .. }, Value::Push(count)) => {
            data.len() == count && data.iter().all(|element| same_resp3(element, raw, ours))
        }
        _ => false,
    }
}
