//! Finding where a reply ends.

use super::messages::message;
use crate::boundary::Buffer;
use core::hint::black_box;
use respipe_core::{Framer, Kind};

#[inline(never)]
pub fn frames() {
    let buffer = Buffer::new();
    let mut framer = black_box(Framer::new());
    match framer.frame(buffer.bytes()) {
        Ok(Some(frame)) => {
            black_box((frame.kind(), frame.len()));
        }
        Ok(None) => {}
        Err(error) => message(&error),
    }
    black_box(&framer);
}

#[inline(never)]
pub fn kinds() {
    let kind = black_box(Kind::Status);
    black_box((
        kind.is_aggregate(),
        kind.is_bulk(),
        kind.is_error(),
        kind.name(),
    ));
    message(&kind);
}
