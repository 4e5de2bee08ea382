//! redis-rs, blocking: a `Pipeline` that is cleared and filled again, its replies as `Value`s, which is its cheapest form.

use redis::Value;

use super::Client;
use crate::Result;
use crate::workload::{Kind, Tally, Workload};

pub(super) struct RedisRs {
    connection: redis::Connection,
    pipe: redis::Pipeline,
}

impl RedisRs {
    pub(super) fn connect(port: u16) -> Result<RedisRs> {
        let connection =
            redis::Client::open(format!("redis://127.0.0.1:{port}"))?.get_connection()?;
        Ok(RedisRs {
            connection,
            pipe: redis::pipe(),
        })
    }
}

impl Client for RedisRs {
    fn run(&mut self, workload: &Workload, depth: usize, count: usize) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut keys = workload.keys();
        for _ in 0..count / depth {
            self.pipe.clear();
            for key in keys.by_ref().take(depth) {
                queue(&mut self.pipe, workload, key);
            }
            let replies: Vec<Value> = self.pipe.query(&mut self.connection)?;
            for reply in &replies {
                tally.add(payload(reply));
            }
        }
        Ok(tally)
    }
}

pub(super) fn queue(pipe: &mut redis::Pipeline, workload: &Workload, key: &str) {
    let value = &workload.value;
    match workload.kind {
        Kind::Set => pipe.cmd("SET").arg(key).arg(value),
        Kind::Get | Kind::Get4K => pipe.cmd("GET").arg(key),
        Kind::Lrange => pipe.cmd("LRANGE").arg(key).arg(0).arg(99),
        Kind::Xadd => pipe.cmd("XADD").arg(key).arg("*").arg("sample").arg(value),
    };
}

pub(super) fn payload(value: &Value) -> usize {
    match value {
        Value::Okay => "OK".len(),
        Value::BulkString(bytes) => bytes.len(),
        Value::Array(elements) => elements.iter().map(payload).sum(),
        _ => 0,
    }
}
