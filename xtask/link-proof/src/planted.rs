//! The panic that must not link.

use crate::boundary;
use core::hint::black_box;

/// Panics when the outside world says 3 or more.
#[inline(never)]
pub fn index() {
    let bytes = black_box([1u8, 2, 3]);
    black_box(bytes[boundary::size()]);
}
