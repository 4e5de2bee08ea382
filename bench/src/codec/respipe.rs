//! Ours: framer and reply for the rows that decode, the whole pipeline for those that are named so.

use respipe_core::encode::{Command, Sink, Template};
use respipe_core::pipeline::{Event, Inline, Pipeline};
use respipe_core::reply::Value;
use respipe_core::{Framer, Instant, Reply, cmd, template};

use std::hint::black_box;

use super::{KEY, Row, VALUE, read, write};

const SET: Template<2> = template!("SET", _, _);

pub(super) fn run(row: Row, times: usize) -> Option<usize> {
    match row {
        Row::Status => framed(row, times, |reply| if reply.is_ok() { 2 } else { 0 }),
        Row::Bulk => framed(row, times, |reply| reply.as_bytes().map_or(0, <[u8]>::len)),
        Row::Integer => framed(row, times, |reply| {
            reply.as_i64().map_or(0, |value| value as usize)
        }),
        Row::Array | Row::Map => framed(row, times, |reply| {
            reply.cursor().map(|value| payload(&value)).sum()
        }),
        Row::EncodeGeneric => {
            let mut output = [0; 128];
            Some(write(times, |key, value| {
                encode(&cmd("SET").arg(key).arg(value), &mut output)
            }))
        }
        Row::EncodeTemplate => {
            let mut output = [0; 128];
            Some(write(times, |key, value| {
                encode(&SET.with((key, value)), &mut output)
            }))
        }
        Row::PipelineGeneric => through(1, times, |key, value| cmd("SET").arg(key).arg(value)),
        Row::PipelineTemplate => through(1, times, |key, value| SET.with((key, value))),
        Row::BatchGeneric => through(100, times, |key, value| cmd("SET").arg(key).arg(value)),
        Row::BatchTemplate => through(100, times, |key, value| SET.with((key, value))),
    }
}

/// Frames the row's reply and reads it, over and over with one framer, as a connection does.
#[inline(always)]
fn framed(row: Row, times: usize, mut visit: impl FnMut(Reply<'_>) -> usize) -> Option<usize> {
    let mut framer = Framer::new();
    Some(read(&row.reply(), times, |bytes| {
        match framer.frame(bytes) {
            Ok(Some(frame)) => visit(Reply::new(bytes, frame)),
            _ => 0,
        }
    }))
}

/// Bytes of a string, or an integer itself.
fn payload(value: &Value<'_>) -> usize {
    match value {
        Value::Bulk(bytes) => bytes.len(),
        Value::Integer(value) => *value as usize,
        _ => 0,
    }
}

fn encode(command: &impl Command, output: &mut [u8]) -> usize {
    let len = command.encoded_len();
    let mut sink = Sink::new(&mut output[..len]);
    command.encode(&mut sink);
    len
}

/// Commands through a pipeline and their replies back, so many at a time: submit, transmit, input,
/// event. `None` if a reply is missing.
#[inline(always)]
fn through<'a, C: Command>(
    at_once: usize,
    times: usize,
    mut command: impl FnMut(&'a [u8], &'a [u8]) -> C,
) -> Option<usize> {
    let now = Instant::ZERO;
    let mut pipeline = Pipeline::new(Inline::<8192, 4096, 128>::new());
    pipeline.open(now);
    let mut answered = 0;
    for _ in 0..times.div_ceil(at_once) {
        for tag in 0..at_once {
            let command = command(black_box(KEY), black_box(VALUE));
            pipeline.submit(&command, tag as u32, now).ok()?;
        }
        while let Some(bytes) = pipeline.poll_transmit() {
            let n = black_box(bytes).len();
            pipeline.transmitted(n, now);
        }
        // The network's part: of a length that is known, or a compiler calls `memcpy` as it pleases.
        let (room, _) = pipeline.recv_space().as_chunks_mut();
        room[..at_once].fill(black_box(*b"+OK\r\n"));
        pipeline.recv_commit(at_once * "+OK\r\n".len(), now);
        for _ in 0..at_once {
            if let Ok(Some(Event::Reply { tag, reply })) = pipeline.poll_event() {
                answered += usize::from(reply.is_ok());
                black_box(tag);
            }
        }
    }
    (answered == times.div_ceil(at_once) * at_once).then_some("OK".len())
}
