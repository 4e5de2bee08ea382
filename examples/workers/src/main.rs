//! 256 workers that share one client, one connection, and know nothing of each other.
//!
//! ```sh
//! cargo run --release -p workers                                      # against a server started for it
//! cargo run --release -p workers -- --url redis://host:6379 --jobs 100000
//! ```
//!
//! Each job reads a price, counts a sale and writes a receipt: three commands, one after the other, as such code is
//! written. Nobody asks for pipelining; that commands of different workers share packets shows in the figures.

use core::error::Error;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::env;
use std::sync::Arc;
use std::time::Instant;

use respipe_testkit::process::ServerProcess;
use respipe_testkit::server::ServerInProcess;
use respipe_tokio::{Client, OwnedReply, cmd};

type Result<T = ()> = core::result::Result<T, Box<dyn Error + Send + Sync>>;

const WORKERS: u64 = 256;

fn main() -> Result {
    let (mut url, mut jobs) = (None, 20_000);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments
            .next()
            .ok_or("options are --url URL and --jobs NUMBER")?;
        match argument.as_str() {
            "--url" => url = Some(value),
            "--jobs" => jobs = value.parse()?,
            other => return Err(format!("{other} is no option").into()),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if let Some(url) = url {
        return runtime.block_on(run(&url, jobs));
    }
    match ServerProcess::any() {
        Ok(server) => runtime.block_on(run(&server.url(), jobs)),
        Err(_) => runtime.block_on(run(&ServerInProcess::start()?.url(), jobs)),
    }
}

async fn run(url: &str, jobs: u64) -> Result {
    let redis = Client::open(url).await?;
    redis.call(&cmd("SET").args(("shop:price", 3))).await?;
    redis
        .call(&cmd("DEL").args(("shop:sold", "shop:turnover")))
        .await?;

    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (redis, next) = (redis.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut times = Vec::new();
                while next.fetch_add(1, Ordering::Relaxed) < jobs {
                    work(&redis, &mut times).await?;
                }
                Ok::<_, respipe_tokio::Error>(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await??);
    }
    let took = begun.elapsed();

    let sold: u64 = redis.call_to(&cmd("GET").arg("shop:sold")).await?;
    let receipt: u64 = redis.call_to(&cmd("GET").arg("shop:receipt")).await?;
    let metrics = redis.metrics();
    redis.close().await?;
    report(took, &mut times);
    println!(
        "sent {}, answered {}, errors {}, still in flight {}",
        metrics.sent,
        metrics.answered,
        metrics.errors.len(),
        metrics.in_flight
    );
    println!("sold {sold}, the last receipt says {receipt}");
    if (sold, receipt) != (jobs, 3) {
        return Err("the books do not balance".into());
    }
    Ok(())
}

/// One job; notes how long each command took.
async fn work(
    redis: &Client,
    times: &mut Vec<Duration>,
) -> core::result::Result<(), respipe_tokio::Error> {
    let mut noted = |begun: Instant, reply: OwnedReply| {
        times.push(begun.elapsed());
        reply
    };
    let begun = Instant::now();
    let price = noted(begun, redis.call(&cmd("GET").arg("shop:price")).await?);
    let price: u64 = price.as_reply().to()?;
    let begun = Instant::now();
    noted(begun, redis.call(&cmd("INCR").arg("shop:sold")).await?);
    let receipt = cmd("SET").arg("shop:receipt").arg(price);
    let begun = Instant::now();
    noted(begun, redis.call(&receipt).await?);
    Ok(())
}

fn report(took: Duration, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: usize| {
        let place = times.len().saturating_sub(1) * share / 100;
        times.get(place).copied().unwrap_or_default()
    };
    println!("{WORKERS} workers, {} commands in {took:.2?}", times.len());
    let per_second = times.len() as f64 / took.as_secs_f64();
    println!(
        "{per_second:.0} commands a second; half of them within {:.0?}, 99 of 100 within {:.0?}",
        at(50),
        at(99)
    );
}
