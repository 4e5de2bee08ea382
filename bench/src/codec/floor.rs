//! The floor: the end is found and the lengths are read; what stands between is not looked at. Encoding is written out by
//! hand for this one command.

use super::{Row, read, write};
use crate::scan::reply_end;

pub(super) fn run(row: Row, times: usize) -> Option<usize> {
    let reply = row.reply();
    match row {
        Row::Status | Row::Bulk | Row::Integer | Row::Array | Row::Map => {
            let end = read(&reply, times, |reply| reply_end(reply).unwrap_or(0));
            (end == reply.len()).then(|| row.expected())
        }
        Row::EncodeGeneric => {
            let mut output = Vec::new();
            Some(write(times, |key, value| {
                output.clear();
                output.extend_from_slice(b"*3\r\n$3\r\nSET\r\n");
                bulk(&mut output, key);
                bulk(&mut output, value);
                output.len()
            }))
        }
        _ => None,
    }
}

fn bulk(output: &mut Vec<u8>, bytes: &[u8]) {
    output.push(b'$');
    let mut unit = 1;
    while bytes.len() / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        output.push(b'0' + (bytes.len() / unit % 10) as u8);
        unit /= 10;
    }
    output.extend_from_slice(b"\r\n");
    output.extend_from_slice(bytes);
    output.extend_from_slice(b"\r\n");
}
