//! One piece of work in a process of its own, so that a tool around the process can count what it does.

use std::ffi::OsString;
use std::sync::Arc;

use crate::Result;
use crate::codec::{Codec, Row};
use crate::measure;
use crate::peers::Peer;
use crate::shared::Threads;
use crate::workload::{Kind, Workload};

/// Window or batch of the memory job.
const MEMORY_DEPTH: usize = 1000;

/// `client NAME WORKLOAD DEPTH PORT COUNT`, `shared NAME THREADS PORT CALLS`, `memory NAME PORT COUNT` or `codec NAME ROW TIMES`.
pub fn run(arguments: &[OsString]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    match words[..] {
        ["client", peer, kind, depth, port, count] => {
            let kind = Kind::named(kind).ok_or("no such workload")?;
            client(peer, kind, depth.parse()?, port, count)
        }
        ["shared", peer, threads, port, calls] => {
            let threads = Threads::named(threads).ok_or("no such runtime")?;
            shared(peer, threads, port.parse()?, calls.parse()?)
        }
        ["memory", peer, port, count] => {
            client(peer, Kind::Set, MEMORY_DEPTH, port, count)?;
            println!(
                "{}",
                measure::peak_memory().ok_or("this system does not say")?
            );
            Ok(())
        }
        ["codec", codec, row, times] => {
            let codec = Codec::named(codec).ok_or("no such codec")?;
            let row = Row::named(row).ok_or("no such row")?;
            codec
                .run(row, times.parse()?)
                .map(drop)
                .ok_or_else(|| "the codec has no such thing".into())
        }
        _ => Err("not a job".into()),
    }
}

fn client(peer: &str, kind: Kind, depth: usize, port: &str, count: &str) -> Result<()> {
    let peer = Peer::named(peer).ok_or("no such client")?;
    let workload = Workload::new(kind);
    let count = count.parse()?;
    let tally = peer
        .connect(port.parse()?, depth)?
        .run(&workload, depth, count)?;
    workload.check(peer.name(), count, tally)
}

fn shared(peer: &str, threads: Threads, port: u16, calls: usize) -> Result<()> {
    let peer = Peer::named(peer).ok_or("no such client")?;
    let workload = Arc::new(Workload::new(Kind::Get));
    let tally = peer.share(port, threads)?.gets(&workload, calls)?;
    workload.check(peer.name(), calls, tally)
}
