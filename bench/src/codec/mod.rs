//! The codecs alone, without a socket: what it takes to frame and read one reply, and to encode one command.
//!
//! Each codec does a row as often as asked, in a loop of its own, and says how many bytes (or, for the integer, which sum)
//! it has seen, so that none can skip the work.

use std::hint::black_box;

use crate::peers::OURS;

mod floor;
mod redis_protocol;
mod redis_rs;
mod respipe;
mod rustis;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    Status,
    Bulk,
    Integer,
    Array,
    Map,
    EncodeGeneric,
    EncodeTemplate,
    PipelineGeneric,
    PipelineTemplate,
    BatchGeneric,
    BatchTemplate,
}

impl Row {
    pub const ALL: [Row; 11] = [
        Row::Status,
        Row::Bulk,
        Row::Integer,
        Row::Array,
        Row::Map,
        Row::EncodeGeneric,
        Row::EncodeTemplate,
        Row::PipelineGeneric,
        Row::PipelineTemplate,
        Row::BatchGeneric,
        Row::BatchTemplate,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Row::Status => "status",
            Row::Bulk => "bulk",
            Row::Integer => "integer",
            Row::Array => "array",
            Row::Map => "map",
            Row::EncodeGeneric => "encode",
            Row::EncodeTemplate => "encode-template",
            Row::PipelineGeneric => "pipeline",
            Row::PipelineTemplate => "pipeline-template",
            Row::BatchGeneric => "pipeline-by-100",
            Row::BatchTemplate => "pipeline-template-by-100",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Row::Status => "frame and read +OK",
            Row::Bulk => "a bulk of 16 bytes",
            Row::Integer => "an integer of 7 digits",
            Row::Array => "an array of 100 x 16 bytes, all visited",
            Row::Map => "a RESP3 map of 4 pairs, all visited",
            Row::EncodeGeneric => "encode SET, 16 + 16 bytes",
            Row::EncodeTemplate => "  from a constant template",
            Row::PipelineGeneric => "SET through the pipeline and back, alone",
            Row::PipelineTemplate => "  from a constant template",
            Row::BatchGeneric => "SET through the pipeline and back, by 100",
            Row::BatchTemplate => "  from a constant template",
        }
    }

    pub fn named(name: &str) -> Option<Row> {
        Row::ALL.into_iter().find(|row| row.name() == name)
    }

    /// The reply's bytes; for encoding and for the pipeline, none.
    fn reply(self) -> Vec<u8> {
        match self {
            Row::Status => b"+OK\r\n".to_vec(),
            Row::Bulk => b"$16\r\n0123456789abcdef\r\n".to_vec(),
            Row::Integer => b":1234567\r\n".to_vec(),
            Row::Array => [
                &b"*100\r\n"[..],
                &b"$16\r\n0123456789abcdef\r\n".repeat(100),
            ]
            .concat(),
            Row::Map => b"%4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n\
                $4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
                .to_vec(),
            _ => Vec::new(),
        }
    }

    /// What a codec says when it has done the row once.
    pub fn expected(self) -> usize {
        match self {
            Row::Status
            | Row::PipelineGeneric
            | Row::PipelineTemplate
            | Row::BatchGeneric
            | Row::BatchTemplate => "OK".len(),
            Row::Bulk => 16,
            Row::Integer => 1_234_567,
            Row::Array => 1600,
            Row::Map => "serverredisprotomodestandalonerolemaster".len() + 3,
            Row::EncodeGeneric | Row::EncodeTemplate => ENCODED.len(),
        }
    }
}

const KEY: &[u8] = b"key:000000000001";
const VALUE: &[u8] = b"0123456789abcdef";
const ENCODED: &[u8] = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$16\r\n0123456789abcdef\r\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Respipe,
    RedisProtocol,
    RedisRs,
    Rustis,
    Floor,
}

impl Codec {
    pub const ALL: [Codec; 5] = [
        Codec::Respipe,
        Codec::RedisProtocol,
        Codec::RedisRs,
        Codec::Rustis,
        Codec::Floor,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Codec::Respipe => OURS,
            Codec::RedisProtocol => "redis-protocol",
            Codec::RedisRs => "redis-rs",
            Codec::Rustis => "rustis",
            Codec::Floor => "floor",
        }
    }

    pub fn named(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// Does a row so many times and says what was seen the last time; `None` where the codec has no such thing.
    pub fn run(self, row: Row, times: usize) -> Option<usize> {
        match self {
            Codec::Respipe => respipe::run(row, times),
            Codec::RedisProtocol => redis_protocol::run(row, times),
            Codec::RedisRs => redis_rs::run(row, times),
            Codec::Rustis => rustis::run(row, times),
            Codec::Floor => floor::run(row, times),
        }
    }
}

/// Repeats one reading of `reply`, hidden from the optimizer. The loop itself costs some five instructions.
#[inline(always)]
fn read(reply: &[u8], times: usize, mut one: impl FnMut(&[u8]) -> usize) -> usize {
    let mut seen = 0;
    for _ in 0..times {
        seen = black_box(one(black_box(reply)));
    }
    seen
}

/// Repeats one encoding of SET, hidden from the optimizer.
#[inline(always)]
fn write(times: usize, mut one: impl FnMut(&[u8], &[u8]) -> usize) -> usize {
    let mut seen = 0;
    for _ in 0..times {
        seen = black_box(one(black_box(KEY), black_box(VALUE)));
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::{Codec, Row};

    #[test]
    fn every_codec_sees_what_there_is() {
        for codec in Codec::ALL {
            for row in Row::ALL {
                if let Some(seen) = codec.run(row, 3) {
                    assert_eq!(seen, row.expected(), "{codec:?} {row:?}");
                }
            }
        }
    }
}
