//! Ours: framer and reply for the rows that decode, the whole pipeline for those that are named so.

use respipe_core::encode::{Command, Sink, Template};
use respipe_core::pipeline::{Event, Inline, Pipeline};
use respipe_core::{Instant, cmd, template};

use super::{Row, write};

const SET: Template<2> = template!("SET", _, _);

pub(super) fn run(row: Row, times: usize) -> Option<usize> {
    match row {
        Row::Status | Row::Bulk | Row::Integer | Row::Array | Row::Map => None,
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
        Ok(Some(Event::Reply { tag: 1, .. })) => "OK".len(),
        _ => 0,
    }
}
