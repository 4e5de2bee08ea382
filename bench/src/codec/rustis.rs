//! rustis: its parser into a tape that is used again. It only indexes; no element is visited.

use bytes::BytesMut;
use rustis::resp::FastPathCommandBuilder;
use rustis::resp::RefBulkString;
use rustis::resp::bench_support::{BenchTape, bench_encode_command, bench_parse_only};

use super::{Row, read, write};

pub(super) fn run(row: Row, times: usize) -> Option<usize> {
    let reply = row.reply();
    match row {
        Row::Status | Row::Bulk | Row::Integer | Row::Array | Row::Map => {
            let mut tape = BenchTape::new();
            Some(read(&reply, times, |reply| {
                bench_parse_only(reply, &mut tape);
                row.expected()
            }))
        }
        Row::EncodeGeneric => {
            let mut output = BytesMut::new();
            Some(write(times, |key, value| {
                let command = FastPathCommandBuilder::set(
                    RefBulkString::from(key),
                    RefBulkString::from(value),
                );
                bench_encode_command(&command, &mut output);
                output.len()
            }))
        }
        _ => None,
    }
}
