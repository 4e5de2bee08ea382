//! One request at a time, over a stream that does anything.

use super::login::login;
use super::messages::message;
use super::replies::every_way;
use crate::boundary::{Buffer, flag, size};
use core::hint::black_box;
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use respipe_core::encode::cmd;
use respipe_core::pipeline::{Borrowed, Parts, Slot};
use respipe_embedded_io::blocking::Client;

struct Stream;

impl ErrorType for Stream {
    type Error = ErrorKind;
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        black_box(room);
        outcome()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        black_box(bytes);
        outcome()
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        outcome().map(|_| ())
    }
}

/// Also more than was asked for.
fn outcome() -> Result<usize, ErrorKind> {
    match flag() {
        true => Ok(size()),
        false => Err(ErrorKind::Other),
    }
}

#[inline(never)]
pub fn calls() {
    let (mut tx, mut rx, text) = (Buffer::new(), Buffer::new(), Buffer::new());
    let mut slots = black_box([Slot::EMPTY; 1]);
    let mut tags = black_box([None; 1]);
    let parts = Parts {
        tx: tx.bytes_mut(),
        rx: rx.bytes_mut(),
        slots: slots.get_mut(..size()).unwrap_or_default(),
        tags: tags.get_mut(..size()).unwrap_or_default(),
    };
    let mut client = Client::new(Borrowed::new(parts, login(&text)), Stream);
    let command = black_box(cmd(text.text()).arg(text.bytes()));
    if let Err(error) = client.call(&command, every_way) {
        message(&error);
    }
    black_box(client.stream());
    black_box(client.reopen(Stream));
}
