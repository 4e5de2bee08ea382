//! Telemetry that is only pushed, over RESP2: samples are queued, kept while the link is down, sent
//! again when it is back, and counted. No reply is read for more than whether it is an error.

#![no_std]
#![no_main]

use core::hint::black_box;
use respipe_core::encode::Template;
use respipe_core::pipeline::{Config, Event, Flush, Inline, Resend};
use respipe_core::{Duration, Instant, Pipeline, template};
use respipe_smoltcp::Link;
use sizes::link::{SETTINGS, next, turn};
use sizes::{DEPTH, RX, TX};
use static_cell::ConstStaticCell;

const XADD: Template<2> = template!("XADD", "samples", _, "v", _).replayable();

static PIPELINE: ConstStaticCell<Pipeline<Inline<TX, RX, DEPTH>>> =
    ConstStaticCell::new(Pipeline::new(Inline::new()));
static LINK: ConstStaticCell<Link<'static>> = ConstStaticCell::new(Link::new(&SETTINGS));

#[cortex_m_rt::entry]
fn main() -> ! {
    let pipeline = PIPELINE.take();
    let link = LINK.take();
    pipeline.configure(Config {
        resend: Resend::Replayable,
        flush: Flush::AtLeast {
            count: 16,
            bytes: 0,
            age: Duration::from_secs(1),
        },
        silence_limit: Duration::from_secs(5),
        ..Config::DEFAULT
    });
    let (mut stored, mut refused, mut lost, mut dropped) = (0u32, 0u32, 0u32, 0u32);
    sizes::run(|net| {
        let now = Instant::from_micros(sizes::now());
        let sample = black_box(0u32);
        let id = black_box([b'0'; 20]);
        let command = XADD.with((&id, sample));
        if pipeline.submit(&command, sample, now).is_err() {
            dropped += 1;
        }
        black_box(turn(link, net, pipeline, now));
        while let Ok(Some(event)) = pipeline.poll_event() {
            match event {
                Event::Reply { reply, .. } if reply.error().is_none() => stored += 1,
                Event::Ended { .. } => lost += 1,
                _ => refused += 1,
            }
        }
        black_box((stored, refused, lost, dropped));
        black_box(next(link, net, pipeline, now));
    })
}
