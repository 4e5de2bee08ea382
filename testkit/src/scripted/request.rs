//! Reads what clients send: RESP arrays of bulk strings, and inline commands.
//!
//! Deliberately not the core's framer: a test tool that shares the code under test sees none of its errors. It starts anew at every
//! call, which is slow for a large request that comes in many pieces and simple otherwise.

/// The longest inline command of Redis, in bytes.
const INLINE: usize = 64 * 1024;

/// What a server accepts from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arguments of a command, its name included.
    pub arguments: usize,
    /// Bytes of one argument.
    pub bulk: usize,
}

impl Limits {
    /// For a client that is logged in (Redis 7.0, `proto-max-bulk-len`).
    pub const AUTHENTICATED: Self = Self {
        arguments: 1024 * 1024,
        bulk: 512 * 1024 * 1024,
    };
    /// For a client that is not (Redis 6.2 and later).
    pub const UNAUTHENTICATED: Self = Self {
        arguments: 10,
        bulk: 16 * 1024,
    };
}

/// One command as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its arguments, the name first; none for an empty command, which gets no reply.
    pub arguments: Vec<Vec<u8>>,
    /// How many bytes it took on the wire.
    pub bytes: usize,
}

/// Reads one command from the front of these bytes; `None` while it is not whole.
///
/// # Errors
/// What Redis says behind `-ERR Protocol error: `.
pub fn parse_request(bytes: &[u8], limits: Limits) -> Result<Option<Request>, String> {
    match bytes.first() {
        None => Ok(None),
        Some(b'*') => parse_array(bytes, limits),
        Some(_) => parse_inline(bytes),
    }
}

fn parse_array(bytes: &[u8], limits: Limits) -> Result<Option<Request>, String> {
    let Some((line, mut at)) = line(bytes, 1, "too big mbulk count string")? else {
        return Ok(None);
    };
    let count = number(line).filter(|count| *count <= limit(Limits::AUTHENTICATED.arguments));
    let count = count.ok_or("invalid multibulk length")?;
    if count > limit(limits.arguments) {
        return Err("unauthenticated multibulk length".to_owned());
    }
    let mut arguments = Vec::new();
    for _ in 0..count {
        match bytes.get(at) {
            None => return Ok(None),
            Some(b'$') => {}
            Some(other) => return Err(format!("expected '$', got '{}'", char::from(*other))),
        }
        let Some((line, start)) = self::line(bytes, at + 1, "too big bulk count string")? else {
            return Ok(None);
        };
        let length =
            number(line).filter(|length| (0..=limit(Limits::AUTHENTICATED.bulk)).contains(length));
        let length = length
            .and_then(|length| usize::try_from(length).ok())
            .ok_or("invalid bulk length")?;
        if length > limits.bulk {
            return Err("unauthenticated bulk length".to_owned());
        }
        let Some(argument) = bytes.get(start..start + length) else {
            return Ok(None);
        };
        arguments.push(argument.to_vec());
        at = start + length + 2;
    }
    // The last argument's CRLF belongs to the command.
    Ok((at <= bytes.len()).then_some(Request {
        arguments,
        bytes: at,
    }))
}

fn parse_inline(bytes: &[u8]) -> Result<Option<Request>, String> {
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
    let arguments = words.map(<[u8]>::to_vec).collect();
    Ok(Some(Request {
        arguments,
        bytes: end + 1,
    }))
}

/// The line that starts here, without its CRLF, and where the next one starts.
fn line<'a>(
    bytes: &'a [u8],
    start: usize,
    too_long: &str,
) -> Result<Option<(&'a [u8], usize)>, String> {
    let rest = bytes.get(start..).unwrap_or_default();
    match rest.iter().position(|byte| *byte == b'\r') {
        Some(end) if rest.len() > end + 1 => Ok(Some((&rest[..end], start + end + 2))),
        None if rest.len() > INLINE => Err(too_long.to_owned()),
        _ => Ok(None),
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

fn limit(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &[u8] = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\n";

    fn parse(bytes: &[u8]) -> Result<Option<Request>, String> {
        parse_request(bytes, Limits::AUTHENTICATED)
    }

    #[test]
    fn a_command_is_read_whole_and_nothing_behind_it() {
        let mut two = SET.to_vec();
        two.extend_from_slice(b"PING\r\n");
        let expected = vec![b"SET".to_vec(), b"k".to_vec(), b"\r\n".to_vec()];
        assert_eq!(
            parse(&two),
            Ok(Some(Request {
                arguments: expected,
                bytes: SET.len()
            }))
        );
    }

    #[test]
    fn a_command_that_is_cut_anywhere_is_not_whole() {
        for end in 0..SET.len() {
            assert_eq!(parse(&SET[..end]), Ok(None), "cut at {end}");
        }
    }

    #[test]
    fn inline_commands_may_end_in_lf_alone() {
        let arguments = vec![b"GET".to_vec(), b"key".to_vec()];
        assert_eq!(
            parse(b"GET  key\n+"),
            Ok(Some(Request {
                arguments,
                bytes: 9
            }))
        );
        assert_eq!(
            parse(b"\r\nPING\r\n"),
            Ok(Some(Request {
                arguments: vec![],
                bytes: 2
            }))
        );
    }

    #[test]
    fn what_redis_calls_a_protocol_error_is_one() {
        assert_eq!(parse(b"*x\r\n"), Err("invalid multibulk length".to_owned()));
        assert_eq!(
            parse(b"*1\r\n+OK\r\n"),
            Err("expected '$', got '+'".to_owned())
        );
        assert_eq!(
            parse(b"*1\r\n$-1\r\n"),
            Err("invalid bulk length".to_owned())
        );
    }

    #[test]
    fn a_client_that_is_not_logged_in_may_send_ten_arguments_of_16_kib() {
        let parse = |bytes| parse_request(bytes, Limits::UNAUTHENTICATED);
        assert_eq!(parse(b"*10\r\n$16384\r\n"), Ok(None));
        assert_eq!(
            parse(b"*11\r\n"),
            Err("unauthenticated multibulk length".to_owned())
        );
        assert_eq!(
            parse(b"*1\r\n$16385\r\n"),
            Err("unauthenticated bulk length".to_owned())
        );
    }
}
