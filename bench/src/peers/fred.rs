//! fred: one `Client`, cloned for each task; replies as `Bytes` and `Value`, which it hands on without a copy.

use bytes::Bytes;
use fred::clients::{Client, Pipeline};
use fred::interfaces::{ClientLike, KeysInterface, ListInterface, StreamsInterface};
use fred::types::Builder;
use fred::types::Value;
use fred::types::config::Config;

use crate::Result;
use crate::shared::{Handle, Pipelines};
use crate::workload::{Kind, Tally, Workload};

#[derive(Clone)]
pub(super) struct Fred(Client);

impl Handle for Fred {
    async fn connect(port: u16) -> Result<Fred> {
        let config = Config::from_url(&format!("redis://127.0.0.1:{port}"))?;
        let client = Builder::from_config(config).build()?;
        client.init().await?;
        Ok(Fred(client))
    }

    async fn get<T: Send>(&mut self, key: &str, see: impl FnOnce(&[u8]) -> T + Send) -> Result<T> {
        let value: Bytes = self.0.get(key).await?;
        Ok(see(&value))
    }
}

impl Pipelines for Fred {
    async fn pipelines(
        &mut self,
        workload: &Workload,
        depth: usize,
        count: usize,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut keys = workload.keys();
        for _ in 0..count / depth {
            let pipeline = self.0.pipeline();
            for key in keys.by_ref().take(depth) {
                queue(&pipeline, workload, key).await?;
            }
            let replies: Vec<Value> = pipeline.all().await?;
            for reply in &replies {
                tally.add(payload(reply));
            }
        }
        Ok(tally)
    }
}

async fn queue(pipeline: &Pipeline<Client>, workload: &Workload, key: &str) -> Result<()> {
    let value = &workload.value[..];
    match workload.kind {
        Kind::Set => {
            let queued = pipeline.set::<(), _, _>(key, value, None, None, false);
            queued.await?;
        }
        Kind::Get | Kind::Get4K => pipeline.get::<(), _>(key).await?,
        Kind::Lrange => pipeline.lrange::<(), _>(key, 0, 99).await?,
        Kind::Xadd => {
            let fields = ("sample", value);
            let queued = pipeline.xadd::<(), _, _, _, _>(key, false, None, "*", fields);
            queued.await?;
        }
    }
    Ok(())
}

fn payload(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(elements) => elements.iter().map(payload).sum(),
        _ => 0,
    }
}
