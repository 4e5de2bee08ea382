//! Ours: framer and reply for the rows that decode, the whole pipeline for those that are named so.

use respipe_core::encode::{Command, Sink, Template};
use respipe_core::pipeline::{Event, Inline, Pipeline};
use respipe_core::reply::Value;
use respipe_core::{Framer, Instant, Reply, cmd, template};

use super::{Row, read, write};

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
        Row::PipelineGeneric => {
            let mut pipeline = pipeline();
            Some(write(times, |key, value| {
                there_and_back(&mut pipeline, &cmd("SET").arg(key).arg(value))
            }))
        }
        Row::PipelineTemplate => {
            let mut pipeline = pipeline();
            Some(write(times, |key, value| {
                there_and_back(&mut pipeline, &SET.with((key, value)))
            }))
        }
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

type Memory = Inline<4096, 4096, 64>;

fn pipeline() -> Pipeline<Memory> {
    let mut pipeline = Pipeline::new(Memory::new());
    pipeline.open(Instant::ZERO);
    pipeline
}

/// One command through the pipeline, and its reply.
fn there_and_back(pipeline: &mut Pipeline<Memory>, command: &impl Command) -> usize {
    let now = Instant::ZERO;
    if pipeline.submit(command, 1, now).is_err() {
        return 0;
    }
    while let Some(bytes) = pipeline.poll_transmit() {
        let n = bytes.len();
        pipeline.transmitted(n, now);
    }
    pipeline.handle_input(b"+OK\r\n", now);
    match pipeline.poll_event() {
        Ok(Some(Event::Reply { tag: 1, reply })) if reply.is_ok() => "OK".len(),
        _ => 0,
    }
}
