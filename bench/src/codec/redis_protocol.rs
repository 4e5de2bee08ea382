//! redis-protocol: decoding into ranges, which is its cheapest form; RESP2's decoder where RESP2 has the type.

use redis_protocol::resp2::decode::decode_range;
use redis_protocol::resp2::encode::encode_borrowed;
use redis_protocol::resp2::types::{BorrowedFrame, RangeFrame};
use redis_protocol::resp3;

use super::{Row, read, write};

pub(super) fn run(row: Row, times: usize) -> Option<usize> {
    let reply = row.reply();
    match row {
        Row::Status | Row::Bulk | Row::Integer | Row::Array => Some(read(&reply, times, |reply| {
            decode_range(reply)
                .ok()
                .flatten()
                .map_or(0, |(frame, _)| visit(&frame))
        })),
        Row::Map => Some(read(&reply, times, |reply| {
            resp3::decode::complete::decode_range(reply)
                .ok()
                .flatten()
                .map_or(0, |(frame, _)| visit_resp3(&frame))
        })),
        Row::EncodeGeneric => {
            let mut output = vec![0; 128];
            Some(write(times, |key, value| {
                let arguments = [
                    BorrowedFrame::BulkString(b"SET"),
                    BorrowedFrame::BulkString(key),
                    BorrowedFrame::BulkString(value),
                ];
                encode_borrowed(&mut output, &BorrowedFrame::Array(&arguments), false).unwrap_or(0)
            }))
        }
        _ => None,
    }
}

fn visit(frame: &RangeFrame) -> usize {
    match frame {
        RangeFrame::SimpleString(range) | RangeFrame::BulkString(range) => range.1 - range.0,
        RangeFrame::Integer(value) => *value as usize,
        RangeFrame::Array(elements) => elements.iter().map(visit).sum(),
        _ => 0,
    }
}

fn visit_resp3(frame: &resp3::types::RangeFrame) -> usize {
    use resp3::types::RangeFrame;
    match frame {
        RangeFrame::SimpleString { data, .. } | RangeFrame::BlobString { data, .. } => {
            data.1 - data.0
        }
        RangeFrame::Number { data, .. } => *data as usize,
        RangeFrame::Map { data, .. } => data
            .iter()
            .map(|(key, value)| visit_resp3(key) + visit_resp3(value))
            .sum(),
        _ => 0,
    }
}
