//! Encoding: arguments of every type, commands of every make.

use super::messages::message;
use crate::boundary::{Buffer, flag, number, size};
use core::hint::black_box;
use respipe_core::encode::{Argument, Command, Name, RawCommand, Sink, Template, Writer, cmd};
use respipe_core::{Kind, template};

/// What a pipeline asks of a command.
fn command(command: impl Command) {
    let command = black_box(command);
    black_box((
        command.argument_count(),
        command.encoded_len(),
        command.traits(),
    ));
    let mut out = Buffer::new();
    let mut sink = Sink::new(out.bytes_mut());
    command.encode(&mut sink);
    black_box((sink.room(), sink.overflowed()));
    black_box(black_box(Name::of(&command)).as_str());
}

/// An argument of somebody else's type, which does not write what it announced.
struct Liar<'a> {
    said: usize,
    bytes: &'a [u8],
}

impl Argument for Liar<'_> {
    fn text_len(&self) -> usize {
        self.said
    }
    fn write_text(&self, sink: &mut Sink<'_>) {
        sink.put(self.bytes);
    }
}

#[inline(never)]
pub fn built() {
    let buffer = Buffer::new();
    let (bytes, text, n) = (buffer.bytes(), buffer.text(), number());
    command(cmd(text));
    command(cmd(text).arg(text).arg(bytes).arg(flag()).replayable());
    command(
        cmd(text)
            .args((n as u8, n as u16, n as u32, n, size()))
            .reply_hint(n as u32),
    );
    command(cmd(text).args((n as i8, n as i16, n as i32, n as i64, n as isize)));
    command(
        cmd(text)
            .args([bytes, bytes, bytes])
            .args([text, text].as_slice()),
    );
    command(cmd(text).each(bytes.iter().map(|&byte| (byte, text))));
    command(cmd(text).arg(Liar {
        said: size(),
        bytes,
    }));
    command(
        cmd(text)
            .args(())
            .args((text, text, text, text, text, text, text, text, n, n, n, n)),
    );
    black_box(cmd(text).name());
}

#[inline(never)]
pub fn templates() {
    const PING: Template<0> = template!("PING");
    const XADD: Template<3> = template!("XADD", _, _, "celsius", _);
    const SET: Template<2> = template!("SET", _, _).replayable().reply_hint(5);

    let buffer = Buffer::new();
    let (bytes, text, n) = (buffer.bytes(), buffer.text(), number());
    command(black_box(&PING).whole());
    command(black_box(&XADD).with((text, bytes, n as i64)));
    command(black_box(&SET).with((
        Liar {
            said: size(),
            bytes,
        },
        flag(),
    )));
}

#[inline(never)]
pub fn raw() {
    let buffer = Buffer::new();
    match RawCommand::split(buffer.bytes()) {
        Ok((raw, rest)) => {
            black_box((raw.as_bytes(), rest));
            command(raw.replayable().reply_hint(number() as u32));
        }
        Err(error) => message(&error),
    }
}

/// What a server in tests writes its replies with.
#[inline(never)]
pub fn servers() {
    let (mut out, buffer) = (Buffer::new(), Buffer::new());
    let mut sink = Sink::new(out.bytes_mut());
    let mut writer = Writer::new(&mut sink);
    let kind = black_box(Kind::Map);
    writer
        .line(kind, buffer.bytes())
        .aggregate(kind, size())
        .bulk(buffer.bytes());
    writer
        .status(buffer.text())
        .error(buffer.text())
        .integer(number() as i64)
        .boolean(flag());
    writer.null().null_bulk().null_array();
    black_box(&sink);
}
