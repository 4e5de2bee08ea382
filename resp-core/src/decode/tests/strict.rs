use std::format;

use super::random::each;
use crate::decode::DecodeErrorKind::{self, *};
use crate::decode::{DecodeError, Framer};

const CASES: &[(&[u8], DecodeErrorKind, u64)] = &[
    // What is no type.
    (b"@1\r\n", UnknownType(b'@'), 0),
    (b"HTTP/1.1 400 Bad Request\r\n", UnknownType(b'H'), 0),
    (b"\x15\x03\x01\x00\x02", UnknownType(0x15), 0),
    (b"\r\n", UnknownType(b'\r'), 0),
    (b"*2\r\n:1\r\nx", UnknownType(b'x'), 8),
    (b"$1\r\na\r\n\r\n", UnknownType(b'\r'), 0),
    // Streamed types.
    (b"$?\r\n;4\r\n", StreamedType, 0),
    (b"*?\r\n:1\r\n.\r\n", StreamedType, 0),
    (b"%?\r\n", StreamedType, 0),
    (b"~?\r\n", StreamedType, 0),
    (b">?\r\n", StreamedType, 0),
    (b"|?\r\n", StreamedType, 0),
    (b"!?\r\n", StreamedType, 0),
    (b"=?\r\n", StreamedType, 0),
    (b";4\r\nabcd\r\n", StreamedType, 0),
    (b"*1\r\n.\r\n", StreamedType, 4),
    // Terminators of bulk strings.
    (b"$5\r\nhelloXX", BadTerminator, 9),
    (b"$5\r\nhello\rX", BadTerminator, 9),
    (b"$5\r\nhello\n\r", BadTerminator, 9),
    (b"$5\r\nhellos\r\n", BadTerminator, 9),
    (b"$0\r\nx\r\n", BadTerminator, 4),
    (b"*1\r\n$2\r\nabc\r\n", BadTerminator, 10),
    (b"!1\r\nE..", BadTerminator, 5),
    (b"=5\r\ntxt:x\r\r", BadTerminator, 9),
    // Line ends.
    (b"+OK\n", BadLineEnd, 0),
    (b"+O\nK\r\n", BadLineEnd, 0),
    (b"+OK\rX", BadLineEnd, 0),
    (b"+OK\r\r\n", BadLineEnd, 0),
    (b"-ERR\n\r", BadLineEnd, 0),
    (b",1.5\n", BadLineEnd, 0),
    (b"(1\rx", BadLineEnd, 0),
    (b":1\n", BadLineEnd, 0),
    (b":1\rX", BadLineEnd, 0),
    (b"$1\na\r\n", BadLineEnd, 0),
    (b"*1\r\r", BadLineEnd, 0),
    (b"#t\n", BadLineEnd, 0),
    (b"_\r.", BadLineEnd, 0),
    (b"*2\r\n+a\r\n:1\n", BadLineEnd, 8),
    // Digits.
    (b":\r\n", BadDigit(b'\r'), 0),
    (b":-\r\n", BadDigit(b'\r'), 0),
    (b":+\r\n", BadDigit(b'\r'), 0),
    (b":--1\r\n", BadDigit(b'-'), 0),
    (b":+-1\r\n", BadDigit(b'-'), 0),
    (b":1a\r\n", BadDigit(b'a'), 0),
    (b":1 \r\n", BadDigit(b' '), 0),
    (b":1.5\r\n", BadDigit(b'.'), 0),
    (b":?\r\n", BadDigit(b'?'), 0),
    (b"$\r\n", BadDigit(b'\r'), 0),
    (b"*+O\r\n", BadDigit(b'+'), 0),
    (b"$+\r\n", BadDigit(b'+'), 0),
    (b"$a\r\n", BadDigit(b'a'), 0),
    (b"$5x\r\nhello\r\n", BadDigit(b'x'), 0),
    (b"$ 5\r\nhello\r\n", BadDigit(b' '), 0),
    (b"$+5\r\nhello\r\n", BadDigit(b'+'), 0),
    (b"*+1\r\n:1\r\n", BadDigit(b'+'), 0),
    (b"$05\r\nhello\r\n", BadDigit(b'0'), 0),
    (b"$00\r\n\r\n", BadDigit(b'0'), 0),
    (b"*01\r\n:1\r\n", BadDigit(b'0'), 0),
    (b"*0x10\r\n", BadDigit(b'x'), 0),
    (b"%1,\r\n", BadDigit(b','), 0),
    // Ranges.
    (b"$-2\r\n", OutOfRange, 0),
    (b"$-0\r\n", OutOfRange, 0),
    (b"$-01\r\n", OutOfRange, 0),
    (b"$-10\r\n", OutOfRange, 0),
    (b"*-2\r\n", OutOfRange, 0),
    (b"%-1\r\n", OutOfRange, 0),
    (b"~-1\r\n", OutOfRange, 0),
    (b">-1\r\n", OutOfRange, 0),
    (b"|-1\r\n", OutOfRange, 0),
    (b"!-1\r\n", OutOfRange, 0),
    (b"=-1\r\n", OutOfRange, 0),
    (b":9223372036854775808\r\n", OutOfRange, 0),
    (b":-9223372036854775809\r\n", OutOfRange, 0),
    (b":99999999999999999999\r\n", OutOfRange, 0),
    (b":00000000000000000001\r\n", OutOfRange, 0),
    (b"$9223372036854775808\r\n", OutOfRange, 0),
    (b"*18446744073709551616\r\n", OutOfRange, 0),
    // Booleans and nulls.
    (b"#x\r\n", BadBoolean, 0),
    (b"#1\r\n", BadBoolean, 0),
    (b"#\r\n", BadBoolean, 0),
    (b"#tt\r\n", BadBoolean, 0),
    (b"#true\r\n", BadBoolean, 0),
    (b"_x\r\n", BadNull, 0),
    (b"_\n", BadNull, 0),
    (b"_null\r\n", BadNull, 0),
];

/// Cases that begin with a whole frame: what follows it is broken.
fn error(framer: &mut Framer, bytes: &[u8]) -> Option<DecodeError> {
    match framer.frame(bytes) {
        Ok(None) => None,
        Ok(Some(frame)) => framer.frame(&bytes[frame.len()..]).err(),
        Err(error) => Some(error),
    }
}

#[test]
fn each_broken_rule_has_its_error_and_its_place() {
    for (bytes, kind, offset) in CASES {
        let (kind, offset) = (*kind, *offset);
        let found = error(&mut Framer::new(), bytes);
        assert_eq!(
            found,
            Some(DecodeError { kind, offset }),
            "of {:?}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn more_values_than_a_usize_counts_are_out_of_range() {
    const MAX: isize = isize::MAX;
    for (fit, does_not) in [
        (format!("*{MAX}\r\n*{MAX}\r\n"), format!("*{MAX}\r\n")),
        (format!("%{MAX}\r\n"), format!("|{MAX}\r\n")),
        (format!("%{MAX}\r\n"), format!(">{MAX}\r\n")),
    ] {
        assert_eq!(Framer::new().frame(fit.as_bytes()), Ok(None));
        let error = DecodeError {
            kind: OutOfRange,
            offset: fit.len() as u64,
        };
        let bytes = format!("{fit}{does_not}");
        assert_eq!(Framer::new().frame(bytes.as_bytes()), Err(error));
        // Byte by byte as well.
        let mut framer = Framer::new();
        let early = (1..=bytes.len()).map(|end| framer.frame(&bytes.as_bytes()[..end]));
        assert_eq!(early.last(), Some(Err(error)));
    }
}

#[test]
fn broken_bytes_in_pieces_are_the_same_error_and_stay_one() {
    for (bytes, kind, offset) in CASES {
        let whole = Err(DecodeError {
            kind: *kind,
            offset: *offset,
        });
        if Framer::new().frame(bytes) != whole {
            continue;
        }
        for step in each(1..bytes.len()) {
            let mut framer = Framer::new();
            let mut ends = (step..bytes.len()).step_by(step).chain([bytes.len()]);
            let early = ends.find(|end| framer.frame(&bytes[..*end]) != Ok(None));
            let end = early.expect("refused in the end");
            for end in [end, bytes.len(), end] {
                assert_eq!(
                    framer.frame(&bytes[..end]),
                    whole,
                    "{:?} in steps of {step}",
                    bytes.escape_ascii()
                );
            }
        }
    }
}

#[test]
fn a_first_byte_that_is_no_type_is_refused_before_a_second_comes() {
    for first in 0..=u8::MAX {
        let is_type = b"+-:$*_#,(!=%~>|".contains(&first);
        let found = Framer::new().frame(&[first]);
        match first {
            _ if is_type => assert_eq!(found, Ok(None)),
            b';' | b'.' => assert_eq!(found.unwrap_err().kind, StreamedType),
            _ => assert_eq!(found.unwrap_err().kind, UnknownType(first)),
        }
    }
}

#[test]
fn an_error_says_what_and_where() {
    use std::string::ToString;
    let error = Framer::new().frame(b"*1\r\n$1\r\na\n\n").unwrap_err();
    assert_eq!(error.to_string(), "byte 9: bulk string not ended by CR LF");
}
