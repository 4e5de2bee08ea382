//! Requests: what stands at the front of a connection's input.

use respipe_core::reply::Value;
use respipe_core::{Framer, Kind, Reply};

/// The longest inline command, in bytes, as in Redis.
const INLINE: usize = 64 * 1024;

/// One request; no arguments for an empty one, which gets no reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) arguments: Vec<&'a [u8]>,
    /// Bytes on the wire.
    pub(super) len: usize,
}

/// The request at the front of these bytes, or `None` if it is not whole. `Err` is what stands behind `Protocol error: `.
///
/// `bytes` begins where the request begins, each time, and may have grown since the last call.
pub(super) fn next<'a>(
    framer: &mut Framer,
    bytes: &'a [u8],
) -> Result<Option<Request<'a>>, String> {
    match bytes.first() {
        None => Ok(None),
        Some(b'*') => {
            let Some(frame) = framer.frame(bytes).map_err(|error| error.to_string())? else {
                return Ok(None);
            };
            let arguments = match frame.kind() {
                Kind::Null => Vec::new(),
                _ => arguments(Reply::new(bytes, frame)).ok_or("expected '$'")?,
            };
            Ok(Some(Request {
                arguments,
                len: frame.len(),
            }))
        }
        Some(_) => inline(bytes),
    }
}

/// The elements of a whole array; `None` if one of them is no bulk string.
fn arguments(reply: Reply<'_>) -> Option<Vec<&[u8]>> {
    let mut values = reply.cursor();
    let Some(Value::Array(_)) = values.next() else {
        return None;
    };
    values
        .map(|value| {
            if let Value::Bulk(bytes) = value {
                Some(bytes)
            } else {
                None
            }
        })
        .collect()
}

fn inline(bytes: &[u8]) -> Result<Option<Request<'_>>, String> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() > INLINE {
            Err("too big inline request".to_owned())
        } else {
            Ok(None)
        };
    };
    let words = bytes[..end]
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    Ok(Some(Request {
        arguments: words.collect(),
        len: end + 1,
    }))
}
