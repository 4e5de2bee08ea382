//! The floor of all parsing: finds where a reply ends and reads its lengths, nothing else. It trusts the server.

/// Bytes of the reply that `input` begins with, `None` while it is not whole.
#[inline]
pub fn reply_end(input: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut owed = 1;
    while owed > 0 {
        let kind = *input.get(at)?;
        at += 1;
        owed -= 1;
        match kind {
            b'$' => at = number(input, &mut at)? + at + 2,
            b'*' | b'~' | b'>' => owed += number(input, &mut at)?,
            b'%' => owed += 2 * number(input, &mut at)?,
            _ => {
                while *input.get(at)? != b'\r' {
                    at += 1;
                }
                at += 2;
            }
        }
    }
    (at <= input.len()).then_some(at)
}

/// Reads the digits of a length and steps over the line's end.
#[inline]
fn number(input: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0;
    loop {
        let byte = *input.get(*at)?;
        *at += 1;
        if byte == b'\r' {
            *at += 1;
            return Some(value);
        }
        value = value * 10 + usize::from(byte - b'0');
    }
}

#[cfg(test)]
mod tests {
    use super::reply_end;

    #[test]
    fn a_reply_ends_where_it_ends_and_nowhere_before() {
        for reply in [
            "+OK\r\n",
            ":1234567\r\n",
            "$3\r\nabc\r\n",
            "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
            "%1\r\n+a\r\n+b\r\n",
        ] {
            let input = [reply.as_bytes(), b"+next\r\n"].concat();
            assert_eq!(reply_end(&input), Some(reply.len()));
            for cut in 0..reply.len() {
                assert_eq!(reply_end(&input[..cut]), None, "{reply:?} cut at {cut}");
            }
        }
    }
}
