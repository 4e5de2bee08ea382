//! The handshake's settings, and what the session guard says.

use super::messages::message;
use crate::boundary::{Buffer, flag, number};
use core::hint::black_box;
use respipe_core::Login;
use respipe_core::login::Protocol;
use respipe_core::session::{Class, Refusal};

/// Any login that a caller could ask for.
pub fn login(buffer: &Buffer) -> Login<'_> {
    black_box(Login {
        protocol: protocol(),
        username: buffer.text(),
        password: buffer.text(),
        database: number() as u32,
        client_name: buffer.text(),
        library: flag().then(|| (buffer.text(), buffer.text())),
        ping: flag(),
    })
}

fn protocol() -> Protocol {
    match number() {
        0 => Protocol::Auto,
        1 => Protocol::Resp2,
        _ => Protocol::Resp3,
    }
}

#[inline(never)]
pub fn logins() {
    let buffer = Buffer::new();
    black_box((login(&buffer), Login::NONE, Login::default()));
}

#[inline(never)]
pub fn names() {
    black_box(Class::of(Buffer::new().bytes()));
}

/// Why a command was refused.
pub fn refusal(refusal: Refusal) {
    black_box(refusal.reason());
    message(&refusal);
}
