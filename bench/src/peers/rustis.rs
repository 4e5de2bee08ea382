//! rustis: one `Client`, cloned for each task; a pipeline a batch, the replies in the types that its documentation uses.

use rustis::client::{BatchPreparedCommand, Client, Pipeline};
use rustis::commands::{ListCommands, StreamCommands, StringCommands, XAddOptions};
use rustis::resp::{BulkString, RefBulkString};

use crate::Result;
use crate::shared::{Handle, Pipelines};
use crate::workload::{Kind, Tally, Workload};

#[derive(Clone)]
pub(super) struct Rustis(Client);

impl Handle for Rustis {
    async fn connect(port: u16) -> Result<Rustis> {
        Ok(Rustis(
            Client::connect(format!("redis://127.0.0.1:{port}")).await?,
        ))
    }

    async fn get<T: Send>(&mut self, key: &str, see: impl FnOnce(&[u8]) -> T + Send) -> Result<T> {
        let value: BulkString = self.0.get(key).await?;
        Ok(see(value.as_bytes()))
    }
}

impl Pipelines for Rustis {
    async fn pipelines(
        &mut self,
        workload: &Workload,
        depth: usize,
        count: usize,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut keys = workload.keys();
        for _ in 0..count / depth {
            let mut pipeline = self.0.create_pipeline();
            pipeline.reserve(depth);
            for key in keys.by_ref().take(depth) {
                queue(&mut pipeline, workload, key);
            }
            match workload.kind {
                Kind::Set => {
                    let replies: Vec<()> = pipeline.execute().await?;
                    replies.iter().for_each(|()| tally.add("OK".len()));
                }
                Kind::Get | Kind::Get4K | Kind::Xadd => {
                    let replies: Vec<BulkString> = pipeline.execute().await?;
                    replies.iter().for_each(|reply| tally.add(reply.len()));
                }
                Kind::Lrange => {
                    let replies: Vec<Vec<BulkString>> = pipeline.execute().await?;
                    let bytes = |list: &Vec<BulkString>| list.iter().map(|each| each.len()).sum();
                    replies.iter().for_each(|list| tally.add(bytes(list)));
                }
            }
        }
        Ok(tally)
    }
}

fn queue(pipeline: &mut Pipeline<'_>, workload: &Workload, key: &str) {
    let value = RefBulkString::from(&workload.value);
    match workload.kind {
        Kind::Set => pipeline.set(key, value).queue(),
        Kind::Get | Kind::Get4K => pipeline.get::<()>(key).queue(),
        Kind::Lrange => pipeline.lrange::<()>(key, 0, 99).queue(),
        Kind::Xadd => pipeline
            .xadd::<()>(key, "*", ("sample", value), XAddOptions::default())
            .queue(),
    }
}
