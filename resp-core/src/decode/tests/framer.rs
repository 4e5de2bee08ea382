use std::format;
use std::vec;
use std::vec::Vec;

use super::random::{Random, Sample, each, seeds};
use crate::decode::framer::{Framer, Step};
use crate::decode::header::{self, Parsed};
use crate::{Frame, Kind};

/// Replies of every type and the kind of each: all of RESP2 and RESP3 that a server sends.
const VECTORS: &[(&[u8], Kind)] = &[
    (b"+OK\r\n", Kind::Status),
    (b"+\r\n", Kind::Status),
    (b"+any \x00\xff bytes\r\n", Kind::Status),
    (b"-ERR unknown command\r\n", Kind::Error),
    (b"-\r\n", Kind::Error),
    (b":0\r\n", Kind::Integer),
    (b":-1\r\n", Kind::Integer),
    (b":+7\r\n", Kind::Integer),
    (b":1234567\r\n", Kind::Integer),
    (b":9223372036854775807\r\n", Kind::Integer),
    (b":-9223372036854775808\r\n", Kind::Integer),
    (b"$0\r\n\r\n", Kind::Bulk),
    (b"$5\r\nhello\r\n", Kind::Bulk),
    (b"$4\r\n\r\n\r\n\r\n", Kind::Bulk),
    (b"$16\r\n0123456789abcdef\r\n", Kind::Bulk),
    (
        b"$100\r\n0123456789012345678901234567890123456789012345678901234567890123456789\
          012345678901234567890123456789\r\n",
        Kind::Bulk,
    ),
    (b"$-1\r\n", Kind::Null),
    (b"*-1\r\n", Kind::Null),
    (b"_\r\n", Kind::Null),
    (b"*0\r\n", Kind::Array),
    (b"*2\r\n$1\r\na\r\n:2\r\n", Kind::Array),
    (b"*3\r\n$-1\r\n*-1\r\n_\r\n", Kind::Array),
    (b"*2\r\n*1\r\n*0\r\n*1\r\n-ERR x\r\n", Kind::Array),
    (b"#t\r\n", Kind::Boolean),
    (b"#f\r\n", Kind::Boolean),
    (b",3.14\r\n", Kind::Double),
    (b",-nan\r\n", Kind::Double),
    (b",inf\r\n", Kind::Double),
    (
        b"(3492890328409238509324850943850943825024385\r\n",
        Kind::BigNumber,
    ),
    (b"(not one\r\n", Kind::BigNumber),
    (b"!21\r\nSYNTAX invalid syntax\r\n", Kind::BulkError),
    (b"=15\r\ntxt:Some string\r\n", Kind::Verbatim),
    (b"%0\r\n", Kind::Map),
    (b"%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n#t\r\n_\r\n", Kind::Map),
    (b"~3\r\n+a\r\n:1\r\n#t\r\n", Kind::Set),
    (b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", Kind::Push),
    (b">3\r\n+subscribe\r\n+c\r\n:1\r\n", Kind::Push),
    (b"|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n", Kind::Bulk),
    (
        b"|1\r\n+a\r\n:1\r\n|2\r\n+b\r\n*1\r\n:2\r\n+c\r\n:3\r\n%1\r\n+k\r\n:4\r\n",
        Kind::Map,
    ),
    (
        b"|1\r\n|1\r\n+a\r\n+b\r\n+key\r\n|0\r\n+value\r\n:1\r\n",
        Kind::Integer,
    ),
    (b"*2\r\n|1\r\n+a\r\n:1\r\n:1\r\n|0\r\n:2\r\n", Kind::Array),
    (b"|1\r\n+a\r\n:1\r\n>2\r\n+message\r\n:2\r\n", Kind::Push),
];

fn whole(bytes: &[u8]) -> Frame {
    let mut framer = Framer::new();
    let frame = framer.frame(bytes).expect("valid").expect("whole");
    assert_eq!(frame.len(), bytes.len(), "of {:?}", bytes.escape_ascii());
    frame
}

#[test]
fn every_type_ends_where_it_should() {
    for (bytes, kind) in VECTORS {
        assert_eq!(whole(bytes).kind(), *kind, "of {:?}", bytes.escape_ascii());
    }
}

#[test]
fn a_frame_that_comes_byte_by_byte_is_whole_with_its_last_byte() {
    for (bytes, _) in VECTORS {
        let mut framer = Framer::new();
        for end in 0..bytes.len() {
            assert_eq!(framer.frame(&bytes[..end]), Ok(None), "{end} of {bytes:?}");
        }
        assert_eq!(framer.frame(bytes), Ok(Some(whole(bytes))));
    }
}

#[test]
fn a_frame_in_two_pieces_is_the_same_wherever_it_is_cut() {
    for (bytes, _) in VECTORS {
        for cut in each(0..bytes.len()) {
            let mut framer = Framer::new();
            assert_eq!(framer.frame(&bytes[..cut]), Ok(None), "{cut} of {bytes:?}");
            assert_eq!(framer.frame(bytes), Ok(Some(whole(bytes))));
        }
    }
}

#[test]
fn the_short_way_is_for_the_begin_of_a_frame_only() {
    let long = [b"$100\r\n", &[b'x'; 100][..], b"\r\n"].concat();
    for bytes in [
        &long[..],
        b"$5\r\nhello\r\n",
        b"+a\r\n",
        b":1\r\n",
        b"_\r\n",
    ] {
        let mut framer = Framer::new();
        assert_eq!(framer.quick(bytes), Some(whole(bytes)));
        assert_eq!(framer.frame(&bytes[..2]), Ok(None));
        // Taken now, the frame would stay under way in the framer.
        assert_eq!(framer.quick(bytes), None, "{}", bytes.escape_ascii());
        assert_eq!(framer.frame(bytes), Ok(Some(whole(bytes))));
        assert_eq!(framer.quick(bytes), Some(whole(bytes)));
    }
    for bytes in [
        &long[..102],
        &long[..106],
        b"-ERR x\r\n",
        b"*0\r\n",
        b"|0\r\n:1\r\n",
    ] {
        assert_eq!(
            Framer::new().quick(bytes),
            None,
            "no whole scalar, or an error"
        );
    }
}

#[test]
fn bytes_behind_a_frame_are_the_next_one() {
    let stream: Vec<u8> = VECTORS
        .iter()
        .flat_map(|(bytes, _)| *bytes)
        .copied()
        .collect();
    let mut framer = Framer::new();
    let mut rest = &stream[..];
    for (bytes, _) in VECTORS {
        let frame = framer.frame(rest).unwrap().unwrap();
        assert_eq!(frame, whole(bytes));
        rest = &rest[frame.len()..];
    }
    assert_eq!(framer.frame(rest), Ok(None));
}

#[test]
fn an_announced_length_beyond_all_memory_is_only_waited_for() {
    const MAX: isize = isize::MAX;
    for text in [
        format!("${}\r\nabc\r\n", i64::MAX),
        format!("*{MAX}\r\n:1\r\n"),
        format!("*{MAX}\r\n*{MAX}\r\n:1\r\n"),
        format!("%{MAX}\r\n:1\r\n"),
    ] {
        assert_eq!(Framer::new().frame(text.as_bytes()), Ok(None));
    }
}

#[test]
fn a_hundred_thousand_levels_cost_no_stack() {
    let mut bytes = b"*1\r\n".repeat(seeds(100_000) as usize);
    bytes.extend_from_slice(b"%1\r\n:1\r\n|1\r\n:2\r\n:3\r\n$1\r\nx\r\n");
    whole(&bytes);
}

#[test]
fn a_long_line_in_small_pieces_is_looked_at_once() {
    // Looked at from its begin each time, this would take minutes.
    let mut bytes = vec![b'x'; if cfg!(miri) { 1 << 10 } else { 1 << 20 }];
    bytes[0] = b'+';
    let mut framer = Framer::new();
    for end in (0..bytes.len()).step_by(16) {
        assert_eq!(framer.frame(&bytes[..end]), Ok(None));
    }
    bytes.extend_from_slice(b"\r\n");
    assert_eq!(framer.frame(&bytes), Ok(Some(whole(&bytes))));
}

#[test]
fn random_replies_in_random_pieces_are_the_same_frames() {
    for seed in 0..seeds(3000) {
        let sample = Sample::new(seed);
        let frame = whole(&sample.bytes);
        let mut random = Random::new(seed);
        let mut framer = Framer::new();
        let mut end = 0;
        let mut pushes = Vec::new();
        let found = loop {
            match framer.step(&sample.bytes[..end]).unwrap() {
                Step::More => {
                    let left = sample.bytes.len() - end;
                    end += 1 + random.below(left).min(random.below(30));
                }
                Step::Frame(frame) => break frame,
                Step::Inner { start, push } => {
                    assert!(start + push.len() <= end);
                    pushes.push(start..start + push.len());
                }
            }
        };
        assert_eq!(found, frame, "seed {seed}");
        assert_eq!(
            end,
            sample.bytes.len(),
            "seed {seed}: not before its last byte"
        );
        assert_eq!(pushes, sample.pushes, "seed {seed}");
    }
}

#[test]
fn a_broken_random_reply_never_panics() {
    let mut broken = 0;
    for seed in 0..seeds(3000) {
        let mut bytes = Sample::new(seed).bytes;
        let mut random = Random::new(seed ^ 0xbad);
        for _ in 0..1 + random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = b"\r\n0123456789-+$*%>|?x\0\xff"[random.below(22)];
        }
        let mut framer = Framer::new();
        match framer.frame(&bytes) {
            Ok(Some(frame)) => assert!(frame.len() <= bytes.len()),
            Ok(None) => {}
            Err(error) => {
                broken += 1;
                assert!(error.offset < bytes.len() as u64);
                assert_eq!(framer.frame(&bytes), Err(error), "the error stays");
            }
        }
    }
    assert!(cfg!(miri) || broken > 1000, "{broken}");
}

#[test]
fn the_short_ways_say_what_the_long_one_says() {
    let mut random = Random::new(7);
    let mut short = 0;
    for _ in 0..seeds(50_000) {
        let first = b"$*%~:+>!"[random.below(8)];
        let digits = random.below(4);
        let mut bytes = vec![first];
        bytes.extend((0..digits).map(|_| b"0123456789-+"[random.below(12)]));
        bytes.extend_from_slice([&b"\r\n"[..], b"\r", b"\n", b""][random.below(8).min(3)]);
        bytes.extend_from_slice(b"0123456789\r\n0123456789\r\n");
        let long = match header::parse(&bytes, 0) {
            Ok(Parsed::Header(header)) => Some(header),
            _ => None,
        };
        if let Some(quick) = header::quick(&bytes) {
            assert_eq!(Some(quick), long, "{:?}", bytes.escape_ascii());
            short += 1;
        }
        if let Some((value, behind)) = header::short_integer(&bytes) {
            let len = bytes.len() - behind.len();
            let kind = Kind::Integer;
            assert_eq!(Some(header::Header { kind, value, len }), long);
            short += 1;
        }
        if let Some((text, behind)) = header::short_bulk(&bytes) {
            let long = long.unwrap();
            assert_eq!((long.kind, long.value), (Kind::Bulk, text.len() as i64));
            assert_eq!(bytes.len() - behind.len(), long.len + text.len() + 2);
            short += 1;
        }
    }
    assert!(cfg!(miri) || !header::FAST || short > 2_500, "{short}");
}
