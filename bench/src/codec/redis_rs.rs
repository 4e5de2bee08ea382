//! redis-rs: its parser into `Value`, its encoder with a command and a buffer that are used again.

use redis::{Cmd, Value, parse_redis_value};

use super::{Row, read, write};

pub(super) fn run(row: Row, times: usize) -> Option<usize> {
    let reply = row.reply();
    match row {
        Row::Status | Row::Bulk | Row::Integer | Row::Array | Row::Map => {
            Some(read(&reply, times, |reply| {
                parse_redis_value(reply).map_or(0, |value| visit(&value))
            }))
        }
        Row::EncodeGeneric => {
            let (mut command, mut output) = (Cmd::new(), Vec::new());
            Some(write(times, |key, value| {
                command.clear();
                output.clear();
                command
                    .arg("SET")
                    .arg(key)
                    .arg(value)
                    .write_packed_command(&mut output);
                output.len()
            }))
        }
        _ => None,
    }
}

fn visit(value: &Value) -> usize {
    match value {
        Value::Okay => "OK".len(),
        Value::Int(value) => *value as usize,
        Value::BulkString(bytes) => bytes.len(),
        Value::Array(elements) => elements.iter().map(visit).sum(),
        Value::Map(pairs) => pairs
            .iter()
            .map(|(key, value)| visit(key) + visit(value))
            .sum(),
        _ => 0,
    }
}
