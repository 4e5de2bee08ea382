//! Ours on tokio: one `Client`, cloned for each task; `run_into` of a batch that is cleared and filled again.
//!
//! All settings but the depth of the pipelines are as they come. Commands are templates, as a program with a hot loop has
//! them.

use respipe_tokio::core::encode::Template;
use respipe_tokio::{Batch, BatchOutcomes, Client, Options, Reply, template};

use super::respipe::elements;
use crate::Result;
use crate::shared::{Handle, Pipelines};
use crate::workload::{Kind, Tally, Workload};

const SET: Template<2> = template!("SET", _, _);
const GET: Template<1> = template!("GET", _);
const LRANGE: Template<1> = template!("LRANGE", _, "0", "99");
const XADD: Template<2> = template!("XADD", _, "*", "sample", _);

#[derive(Clone)]
pub(super) struct RespipeTokio(Client);

impl Handle for RespipeTokio {
    async fn connect(port: u16) -> Result<RespipeTokio> {
        let url = format!("redis://127.0.0.1:{port}");
        Ok(RespipeTokio(Client::open(&url).await?))
    }

    async fn get<T: Send>(&mut self, key: &str, see: impl FnOnce(&[u8]) -> T + Send) -> Result<T> {
        let reply = self.0.call(&GET.with((key,))).await?;
        Ok(see(reply.as_reply().as_bytes()?))
    }

    fn outstanding(&self) -> Option<usize> {
        let metrics = self.0.metrics();
        Some(metrics.in_flight + metrics.queued)
    }
}

impl Pipelines for RespipeTokio {
    async fn connect_deep(port: u16, depth: usize) -> Result<RespipeTokio> {
        let options = Options::from_url(&format!("redis://127.0.0.1:{port}"))?;
        Ok(RespipeTokio(Client::connect(options.depth(depth)).await?))
    }

    async fn pipelines(
        &mut self,
        workload: &Workload,
        depth: usize,
        count: usize,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut keys = workload.keys();
        let (mut batch, mut outcomes) = (Batch::new(), BatchOutcomes::new());
        for _ in 0..count / depth {
            batch.clear();
            for key in keys.by_ref().take(depth) {
                queue(&mut batch, workload, key)?;
            }
            self.0.run_into(&batch, &mut outcomes).await;
            for outcome in outcomes.iter() {
                tally.add(
                    outcome
                        .reply()
                        .map_or(0, |reply| payload(workload.kind, reply)),
                );
            }
        }
        Ok(tally)
    }
}

fn queue(batch: &mut Batch, workload: &Workload, key: &str) -> Result<()> {
    let value = &workload.value;
    match workload.kind {
        Kind::Set => batch.push(&SET.with((key, value)))?,
        Kind::Get | Kind::Get4K => batch.push(&GET.with((key,)))?,
        Kind::Lrange => batch.push(&LRANGE.with((key,)))?,
        Kind::Xadd => batch.push(&XADD.with((key, value)))?,
    };
    Ok(())
}

fn payload(kind: Kind, reply: Reply<'_>) -> usize {
    match kind {
        Kind::Set if reply.is_ok() => "OK".len(),
        Kind::Set => 0,
        Kind::Lrange => elements(reply),
        _ => reply.as_bytes().map_or(0, <[u8]>::len),
    }
}
