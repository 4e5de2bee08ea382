//! The scenarios, by what they are about.

mod abandon;
mod backpressure;
mod broken;
mod client_reply;
mod handshake;
mod keydb;
mod order;
mod oversize;
mod pieces;
mod pushes;
mod resend;
mod room;
mod session;
mod subscribe;
mod time;
mod transactions;
mod windows;

use super::scenario::Scenario;

/// All scenarios.
#[must_use]
pub fn suite() -> Vec<Scenario> {
    [
        order::scenarios(),
        pushes::scenarios(),
        subscribe::scenarios(),
        client_reply::scenarios(),
        transactions::scenarios(),
        session::scenarios(),
        handshake::scenarios(),
        broken::scenarios(),
        oversize::scenarios(),
        backpressure::scenarios(),
        abandon::scenarios(),
        time::scenarios(),
        windows::scenarios(),
        resend::scenarios(),
        room::scenarios(),
        pieces::scenarios(),
        keydb::scenarios(),
    ]
    .concat()
}

/// A bulk string on the wire.
fn bulk(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let header = format!("${}\r\n", text.len()).into_bytes();
    [header.as_slice(), text, b"\r\n"].concat()
}

/// An array, or another aggregate, of values on the wire.
fn aggregate(kind: char, values: &[&[u8]]) -> Vec<u8> {
    let count = if kind == '%' || kind == '|' {
        values.len() / 2
    } else {
        values.len()
    };
    let header = format!("{kind}{count}\r\n").into_bytes();
    [header, values.concat()].concat()
}
