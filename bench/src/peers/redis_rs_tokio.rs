//! redis-rs on tokio: a `MultiplexedConnection`, cloned for each task; commands and pipelines as its documentation has
//! them, replies as `Value`s, which is its cheapest form.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Value};

use super::redis_rs::{payload, queue};
use crate::Result;
use crate::shared::{Handle, Pipelines};
use crate::workload::{Tally, Workload};

/// For the replies of a pipeline.
const PATIENCE: Duration = Duration::from_secs(30);

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
    /// Its time-out of half a second is for a whole pipeline, and 10 000 long replies take longer where others compute.
    async fn connect_deep(port: u16, _depth: usize) -> Result<RedisRsTokio> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        Ok(RedisRsTokio(connection.await?))
    }

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
