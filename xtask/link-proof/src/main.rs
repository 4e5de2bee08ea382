//! A bare-metal program that calls the whole public API of `respipe-core` and whose panic handler
//! calls a function that does not exist.
//!
//! It is never run: it is linked. The linker drops what nothing reaches, so the missing function is
//! asked for only if some path through the core can panic. There is no allocator either, so a use
//! of `alloc` would not link. `cargo ci link-proof` builds it; `docs/testing.md` says how to read a
//! failure.

#![no_std]
#![no_main]

mod boundary;
mod exercise;
#[cfg(feature = "planted-panic")]
mod planted;
