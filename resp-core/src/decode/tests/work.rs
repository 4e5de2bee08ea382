use std::format;
use std::string::String;
use std::vec::Vec;

use super::random::{Sample, seeds};
use crate::decode::{Framer, work};
use crate::reply::Reply;

/// What reading in pieces of so many bytes looks at.
fn framing(bytes: &[u8], piece: usize) -> usize {
    work::of(|| {
        let mut framer = Framer::new();
        let ends = (0..bytes.len()).step_by(piece).skip(1);
        for end in ends {
            assert_eq!(framer.frame(&bytes[..end]), Ok(None));
        }
        let frame = framer.frame(bytes).expect("valid").expect("whole");
        assert_eq!(frame.len(), bytes.len());
    })
}

fn walking(bytes: &[u8]) -> usize {
    let frame = Framer::new().frame(bytes).expect("valid").expect("whole");
    work::of(|| assert!(Reply::new(bytes, frame).cursor().count() > 0))
}

/// Replies of about this size, of every shape that could be looked at again and again.
fn shapes(n: usize) -> Vec<String> {
    let nested = format!("{}:1\r\n", "*1\r\n".repeat(n / 4));
    let pushed = format!("*1\r\n{}:1\r\n", ">2\r\n+tick\r\n:1\r\n".repeat(n / 15));
    Vec::from([
        format!("+{}\r\n", "x".repeat(n)),
        format!("-{}\r\n", "x".repeat(n)),
        format!("${n}\r\n{}\r\n", "x".repeat(n)),
        format!("={n}\r\ntxt:{}\r\n", "x".repeat(n - 4)),
        format!("*{}\r\n{}", n / 4, ":1\r\n".repeat(n / 4)),
        format!("*{}\r\n{}", n / 7, "$1\r\na\r\n".repeat(n / 7)),
        format!(
            "*{}\r\n{}",
            n / 22,
            ":-1234567890123456789\r\n".repeat(n / 22)
        ),
        format!("%{}\r\n{}", n / 10, "+k\r\n,1.5\r\n".repeat(n / 10)),
        format!("{}:1\r\n", "|1\r\n+a\r\n#t\r\n".repeat(n / 12)),
        nested,
        pushed,
    ])
}

/// How often a byte may be looked at when each comes alone: the header of a value, of up to 23
/// bytes, is looked at again for each of its own bytes, and by more than one reader.
const TIMES: usize = 16;

#[test]
fn work_grows_as_the_bytes_do_however_they_come() {
    let small = if cfg!(miri) { 66 } else { 1000 };
    for (small, large) in shapes(small).iter().zip(shapes(10 * small)) {
        for piece in [1, 7, 1000, usize::MAX] {
            let (few, many) = (
                framing(small.as_bytes(), piece),
                framing(large.as_bytes(), piece),
            );
            let shown = &large[..20];
            assert!(
                many <= 12 * few + 100,
                "{shown:?} by {piece}: {few}, then {many}"
            );
            assert!(many <= TIMES * large.len(), "{shown:?} by {piece}: {many}");
        }
        let (few, many) = (walking(small.as_bytes()), walking(large.as_bytes()));
        assert!(
            many <= 12 * few + 100,
            "walking {:?}: {few}, then {many}",
            &large[..20]
        );
        assert!(
            many <= 4 * large.len() + 100,
            "walking {:?}: {many}",
            &large[..20]
        );
    }
}

#[test]
fn a_reply_byte_by_byte_is_a_small_multiple_of_the_reply_whole() {
    for seed in 0..seeds(500) {
        let bytes = Sample::new(seed).bytes;
        let (whole, alone) = (framing(&bytes, usize::MAX), framing(&bytes, 1));
        assert!(
            whole <= 4 * bytes.len() + 32,
            "seed {seed}: {whole} of {}",
            bytes.len()
        );
        assert!(
            alone <= TIMES * bytes.len(),
            "seed {seed}: {alone} of {}",
            bytes.len()
        );
        let walked = walking(&bytes);
        assert!(
            walked <= 5 * bytes.len() + 32,
            "seed {seed}: {walked} of {}",
            bytes.len()
        );
    }
}
