//! Framing whole equals framing in pieces, and a reference reader.

use respipe_core::{DecodeError, Frame, Framer};

use crate::reference;

/// How a stream of bytes ends.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Framed {
    frames: Vec<Frame>,
    /// What broke it, behind the last frame.
    error: Option<DecodeError>,
}

/// Frames the stream that these bytes are.
///
/// # Panics
/// If one way of handing it over gives other frames than another, or the reference reader finds another end.
pub fn target(bytes: &[u8]) {
    let whole = framed(bytes, usize::MAX);
    check(bytes, &whole);
    assert_eq!(framed(bytes, 1), whole, "byte by byte");
    let other = 2 + bytes.len() % 7;
    assert_eq!(framed(bytes, other), whole, "in pieces of {other}");
}

/// What a framer finds in pieces of so many bytes.
fn framed(bytes: &[u8], piece: usize) -> Framed {
    let mut framer = Framer::new();
    let (mut frames, mut start, mut end) = (Vec::new(), 0, 0_usize);
    loop {
        match framer.frame(&bytes[start..end]) {
            Ok(Some(frame)) => {
                assert!(frame.len() >= 3 && frame.len() <= end - start);
                start += frame.len();
                frames.push(frame);
                continue;
            }
            Ok(None) if end == bytes.len() => break,
            Ok(None) => end = end.saturating_add(piece).min(bytes.len()),
            Err(error) => {
                assert_eq!(framer.frame(&bytes[start..]), Err(error), "latched");
                let error = Some(error);
                return Framed { frames, error };
            }
        }
    }
    Framed {
        frames,
        error: None,
    }
}

/// The reference reader finds the same replies.
fn check(bytes: &[u8], framed: &Framed) {
    let mut rest = bytes;
    for frame in &framed.frames {
        if let Ok(read) = reference::read(rest) {
            assert_eq!((read.len, read.kind), (frame.len(), Some(frame.kind())));
        } else {
            assert!(is_deep(&rest[..frame.len()]), "only the framer reads it");
        }
        rest = &rest[frame.len()..];
    }
    if let Ok(read) = reference::read(rest) {
        panic!(
            "only the reference reads {read:?}, the framer {:?}",
            framed.error
        );
    }
}

/// Whether there are so many aggregates that the reference may have given up.
pub(crate) fn is_deep(bytes: &[u8]) -> bool {
    let aggregates = bytes.iter().filter(|byte| b"*%~>|".contains(byte)).count();
    aggregates > 50
}
