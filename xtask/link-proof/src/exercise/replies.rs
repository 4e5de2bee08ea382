//! Reading replies: conversions into every type, the cursor, elements, errors, copies.

use super::messages::message;
use crate::boundary::Buffer;
use core::hint::black_box;
use respipe_core::reply::{
    ConvertError, Cursor, ErrorCode, FixedReply, Found, FromReply, ServerError, Value,
};
use respipe_core::{Framer, Reply};

/// Whole, cut or with bytes that are another frame's: a reply is read all the same.
#[inline(never)]
pub fn replies() {
    let (framed, read) = (Buffer::new(), Buffer::new());
    if let Ok(Some(frame)) = black_box(Framer::new()).frame(framed.bytes()) {
        every_way(Reply::new(read.bytes(), black_box(frame)));
    }
}

/// Reads a reply in every way there is.
pub fn every_way(reply: Reply<'_>) {
    look(black_box(&reply));
    scalars(black_box(&reply));
    aggregates(black_box(&reply));
    fixed_collections(black_box(&reply));
    parts(black_box(&reply));
    walk(black_box(&mut reply.cursor()));
    copies(black_box(&reply));
}

#[inline(never)]
fn look(reply: &Reply<'_>) {
    black_box((reply.kind(), reply.as_raw(), reply.frame()));
    black_box((reply.is_ok(), reply.is_null()));
    value(reply.value());
    if let Some(error) = reply.error() {
        server_error(error);
    }
    black_box((
        reply.as_bytes().is_ok(),
        reply.as_str().is_ok(),
        reply.as_i64().is_ok(),
    ));
}

fn value(value: Value<'_>) {
    let value = black_box(value);
    black_box((value.kind(), value.text(), value.count()));
}

#[inline(never)]
fn server_error(error: ServerError<'_>) {
    black_box((error.text(), error.code(), error.message(), error.kind()));
    black_box(ErrorCode::of(error.text()).as_str());
    message(&error);
    message(&error.kind());
}

/// Converts, and shows what went wrong.
#[inline(never)]
fn to<'a, T: FromReply<'a>>(reply: &Reply<'a>) {
    match reply.to::<T>() {
        Ok(value) => {
            black_box(value);
        }
        Err(error) => convert_error(&error),
    }
}

fn convert_error(error: &ConvertError) {
    message(error);
    black_box(error.expected());
    if let Found::ServerError(code) = error.found() {
        black_box((code.as_bytes(), code.kind()));
        message(&code);
    }
}

fn scalars(reply: &Reply<'_>) {
    to::<()>(reply);
    to::<bool>(reply);
    to::<(u8, u16, u32, u64, usize)>(reply);
    to::<(i8, i16, i32, i64, isize)>(reply);
    to::<&[u8]>(reply);
    to::<&str>(reply);
    to::<Option<&str>>(reply);
    to::<Result<i64, ServerError<'_>>>(reply);
    to::<Reply<'_>>(reply);
}

fn aggregates(reply: &Reply<'_>) {
    to::<[i64; 3]>(reply);
    to::<[u8; 16]>(reply);
    to::<[(&str, i64); 4]>(reply);
    to::<[(&str, (&str, Option<i64>)); 2]>(reply);
    to::<(i64, &str, &[u8])>(reply);
}

fn fixed_collections(reply: &Reply<'_>) {
    to::<heapless::Vec<u8, 32>>(reply);
    to::<heapless::Vec<(&str, i64), 4>>(reply);
    to::<heapless::String<32>>(reply);
    to::<FixedReply<64>>(reply);
}

#[inline(never)]
fn parts(reply: &Reply<'_>) {
    for element in reply.elements() {
        black_box(element);
    }
    black_box(reply.elements().size_hint());
    for (name, said) in reply.attributes() {
        black_box((name, said));
    }
}

#[inline(never)]
fn walk(cursor: &mut Cursor<'_>) {
    black_box((cursor.peek(), cursor.take_null()));
    let step = black_box(&mut *cursor).items();
    counted(step);
    let step = black_box(&mut *cursor).pairs();
    counted(step);
    black_box(black_box(&mut *cursor).reply());
    black_box(&mut *cursor).step_over();
    for each in black_box(cursor) {
        value(each);
    }
}

fn counted(step: Result<usize, ConvertError>) {
    match step {
        Ok(count) => {
            black_box(count);
        }
        Err(error) => convert_error(&error),
    }
}

#[inline(never)]
fn copies(reply: &Reply<'_>) {
    if let Ok(copy) = FixedReply::<64>::try_from(*reply) {
        black_box(copy.as_reply());
    }
}
