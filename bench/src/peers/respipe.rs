//! Ours, in three of its ways: command by command, in batches, as a stream.
//!
//! All settings but the depth are as they come. Commands are templates, as a program with a hot
//! loop has them.

use respipe_std::core::encode::Template;
use respipe_std::core::reply::Value;
use respipe_std::{Batch, BatchOutcomes, Command, Connection, Options, Reply, template};

use super::Client;
use crate::Result;
use crate::workload::{Kind, Tally, Workload};

const SET: Template<2> = template!("SET", _, _);
const GET: Template<1> = template!("GET", _);
const LRANGE: Template<1> = template!("LRANGE", _, "0", "99");
const XADD: Template<2> = template!("XADD", _, "*", "sample", _);

fn open(port: u16, depth: usize) -> Result<Connection> {
    let options = Options::from_url(&format!("redis://127.0.0.1:{port}"))?;
    Ok(Connection::connect(options.depth(depth))?)
}

/// What differs between the ways: how commands of one type are sent, and where their replies are.
trait Way {
    fn go<C: Command>(
        &mut self,
        commands: impl Iterator<Item = C>,
        batches: Batches,
        see: impl FnMut(Option<Reply<'_>>),
    ) -> Result<()>;
}

/// `count` batches of `depth` commands.
#[derive(Clone, Copy)]
struct Batches {
    depth: usize,
    count: usize,
}

impl<W: Way> Client for W {
    fn run(&mut self, workload: &Workload, depth: usize, count: usize) -> Result<Tally> {
        let mut tally = Tally::default();
        let batches = Batches {
            depth,
            count: count / depth,
        };
        let (keys, value) = (workload.keys(), &workload.value);
        let bytes = |reply: Reply<'_>| reply.as_bytes().map_or(0, <[u8]>::len);
        match workload.kind {
            Kind::Set => {
                let commands = keys.map(|key| SET.with((key, value)));
                self.go(commands, batches, |reply| {
                    let is_ok = reply.is_some_and(|reply| reply.is_ok());
                    tally.add(if is_ok { "OK".len() } else { 0 });
                })?;
            }
            Kind::Get | Kind::Get4K => {
                let commands = keys.map(|key| GET.with((key,)));
                self.go(commands, batches, |reply| tally.add(reply.map_or(0, bytes)))?;
            }
            Kind::Lrange => {
                let commands = keys.map(|key| LRANGE.with((key,)));
                self.go(commands, batches, |reply| {
                    tally.add(reply.map_or(0, elements));
                })?;
            }
            Kind::Xadd => {
                let commands = keys.map(|key| XADD.with((key, value)));
                self.go(commands, batches, |reply| tally.add(reply.map_or(0, bytes)))?;
            }
        }
        Ok(tally)
    }
}

/// Visits every element.
pub(super) fn elements(reply: Reply<'_>) -> usize {
    let bytes = reply.cursor().map(|value| match value {
        Value::Bulk(bytes) => bytes.len(),
        _ => 0,
    });
    bytes.sum()
}

/// `send` and `receive`.
pub(super) struct OneByOne(Connection);

impl OneByOne {
    pub(super) fn connect(port: u16, depth: usize) -> Result<OneByOne> {
        Ok(OneByOne(open(port, depth)?))
    }
}

impl Way for OneByOne {
    fn go<C: Command>(
        &mut self,
        mut commands: impl Iterator<Item = C>,
        batches: Batches,
        mut see: impl FnMut(Option<Reply<'_>>),
    ) -> Result<()> {
        for _ in 0..batches.count {
            for command in commands.by_ref().take(batches.depth) {
                self.0.send(&command)?;
            }
            for _ in 0..batches.depth {
                see(self.0.receive()?.reply());
            }
        }
        Ok(())
    }
}

/// `run` of a batch that is cleared and filled again.
pub(super) struct InBatches {
    connection: Connection,
    batch: Batch,
    outcomes: BatchOutcomes,
}

impl InBatches {
    pub(super) fn connect(port: u16, depth: usize) -> Result<InBatches> {
        let connection = open(port, depth)?;
        Ok(InBatches {
            connection,
            batch: Batch::new(),
            outcomes: BatchOutcomes::new(),
        })
    }
}

impl Way for InBatches {
    fn go<C: Command>(
        &mut self,
        mut commands: impl Iterator<Item = C>,
        batches: Batches,
        mut see: impl FnMut(Option<Reply<'_>>),
    ) -> Result<()> {
        for _ in 0..batches.count {
            self.batch.clear();
            for command in commands.by_ref().take(batches.depth) {
                self.batch.push(&command)?;
            }
            self.connection.run_into(&self.batch, &mut self.outcomes);
            for outcome in self.outcomes.iter() {
                see(outcome.reply());
            }
        }
        Ok(())
    }
}

/// `stream`: replies are read while commands are still written, `depth` in flight.
pub(super) struct Streamed(Connection);

impl Streamed {
    pub(super) fn connect(port: u16, depth: usize) -> Result<Streamed> {
        Ok(Streamed(open(port, depth)?))
    }
}

impl Way for Streamed {
    fn go<C: Command>(
        &mut self,
        commands: impl Iterator<Item = C>,
        batches: Batches,
        mut see: impl FnMut(Option<Reply<'_>>),
    ) -> Result<()> {
        let commands = commands.take(batches.depth * batches.count);
        let commands = commands.map(|command| ((), command));
        self.0
            .stream(commands, |(), outcome| see(outcome.reply()))?;
        Ok(())
    }
}
