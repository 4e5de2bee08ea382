//! redis-rs on tokio: a `MultiplexedConnection`, cloned for each task; commands and pipelines as its documentation has
//! them, replies as `Value`s, which is its cheapest form.

use redis::Value;
use redis::aio::MultiplexedConnection;

use super::redis_rs::{payload, queue};
use crate::Result;
use crate::shared::{Handle, Pipelines};
use crate::workload::{Tally, Workload};

#[derive(Clone)]
pub(super) struct RedisRsTokio(MultiplexedConnection);

impl Handle for RedisRsTokio {
    async fn connect(port: u16) -> Result<RedisRsTokio> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
        Ok(RedisRsTokio(
            client.get_multiplexed_async_connection().await?,
        ))
    }

    async fn get<T: Send>(&mut self, key: &str, see: impl FnOnce(&[u8]) -> T + Send) -> Result<T> {
        match redis::cmd("GET").arg(key).query_async(&mut self.0).await? {
            Value::BulkString(bytes) => Ok(see(&bytes)),
            other => Err(format!("redis-rs: {other:?}").into()),
        }
    }
}

impl Pipelines for RedisRsTokio {
    async fn pipelines(
        &mut self,
        workload: &Workload,
        depth: usize,
        count: usize,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut keys = workload.keys();
        let mut pipe = redis::pipe();
        for _ in 0..count / depth {
            pipe.clear();
            for key in keys.by_ref().take(depth) {
                queue(&mut pipe, workload, key);
            }
            let replies: Vec<Value> = pipe.query_async(&mut self.0).await?;
            for reply in &replies {
                tally.add(payload(reply));
            }
        }
        Ok(tally)
    }
}
