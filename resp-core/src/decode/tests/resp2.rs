//! A build that knows RESP2 alone.

use super::random::{Random, seeds};
use crate::{DecodeError, Framer, Kind};
use std::format;
use std::string::String;

#[test]
fn what_only_resp3_has_is_refused_at_its_first_byte() {
    for first in *b"_#,(!=%~>|;." {
        let error = Framer::new().frame(&[first]).expect_err("no type of RESP2");
        let kind = crate::decode::DecodeErrorKind::UnknownType(first);
        assert_eq!(error, DecodeError { kind, offset: 0 });
    }
}

#[test]
fn a_streamed_length_is_no_digit() {
    for bytes in ["$?\r\n", "*?\r\n"] {
        let error = Framer::new().frame(bytes.as_bytes()).expect_err("no digit");
        let kind = crate::decode::DecodeErrorKind::BadDigit(b'?');
        assert_eq!(error.kind, kind, "{bytes:?}");
    }
}

#[test]
fn random_replies_of_resp2_in_random_pieces_are_the_same_frames() {
    for seed in 0..seeds(2_000) {
        let mut random = Random::new(seed);
        let (mut wire, mut kinds) = (String::new(), [Kind::Null; 5]);
        let mut ends = [0; 5];
        for (kind, end) in kinds.iter_mut().zip(&mut ends) {
            *kind = value(&mut random, 3, &mut wire);
            *end = wire.len();
        }
        let (mut framer, mut begin, mut there) = (Framer::new(), 0, 0);
        for (kind, end) in kinds.into_iter().zip(ends) {
            let frame = loop {
                let bytes = &wire.as_bytes()[begin..there];
                match framer.frame(bytes).expect("valid") {
                    Some(frame) => break frame,
                    None => there = (there + 1 + random.below(9)).min(wire.len()),
                }
            };
            assert_eq!((frame.kind(), begin + frame.len()), (kind, end), "{seed}");
            begin = end;
            there = there.max(begin);
        }
    }
}

/// Appends a value.
fn value(random: &mut Random, depth: usize, wire: &mut String) -> Kind {
    let n = random.below(12);
    let text = "x".repeat(n);
    let (kind, bytes) = match random.below(if depth == 0 { 6 } else { 8 }) {
        0 => (Kind::Status, format!("+{text}\r\n")),
        1 => (Kind::Error, format!("-ERR {text}\r\n")),
        2 => (Kind::Integer, format!(":{}\r\n", n as i64 - 5)),
        3 => (Kind::Null, String::from("$-1\r\n")),
        4 => (Kind::Null, String::from("*-1\r\n")),
        5 => (Kind::Bulk, format!("${n}\r\n{text}\r\n")),
        _ => {
            let count = n / 3;
            *wire += &format!("*{count}\r\n");
            for _ in 0..count {
                value(random, depth - 1, wire);
            }
            return Kind::Array;
        }
    };
    *wire += &bytes;
    kind
}
