//! Telemetry that is only pushed, over RESP2, to a server that asks for no password: samples are queued, kept while the link is down, the oldest
//! dropped when there is no room, sent again when it is back, stored once. Their ids come from a clock
//! that is trusted, so that no reply is read for more than whether the sample is stored.

#![no_std]
#![no_main]

use core::hint::black_box;
use respipe_core::encode::Template;
use respipe_core::pipeline::{Config, Event, Flush, Inline, Resend};
use respipe_core::telemetry::{Answer, Id, Outbox, Outcome, Series, WhenFull};
use respipe_core::{Duration, Instant, Pipeline, template};
use respipe_smoltcp::Link;
use sizes::link::{SETTINGS, next, turn};
use sizes::{DEPTH, RX, TX};
use static_cell::ConstStaticCell;

const XADD: Template<2> = template!("XADD", "samples", _, "v", _).replayable();

static PIPELINE: ConstStaticCell<Pipeline<Inline<TX, RX, DEPTH>>> =
    ConstStaticCell::new(Pipeline::new(Inline::new()));
static OUTBOX: ConstStaticCell<Outbox> = ConstStaticCell::new(Outbox::new(WhenFull::DropOldest));
static SERIES: ConstStaticCell<Series> = ConstStaticCell::new(Series::above(Id::ZERO));
static LINK: ConstStaticCell<Link<'static>> = ConstStaticCell::new(Link::new(&SETTINGS));

#[cortex_m_rt::entry]
fn main() -> ! {
    let pipeline = PIPELINE.take();
    let (outbox, series) = (OUTBOX.take(), SERIES.take());
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
    let (mut stored, mut lost) = (0u32, 0u32);
    sizes::run(|net| {
        let now = Instant::from_micros(sizes::now());
        let sample = black_box(0u32);
        if let Some(id) = series.next_id(sizes::now()) {
            black_box(outbox.push(pipeline, &XADD.with((id, sample)), sample, now)).ok();
        }
        black_box(turn(link, net, pipeline, now));
        while let Ok(Some(event)) = pipeline.poll_event() {
            let outcome = match event {
                Event::Reply { reply, .. } => {
                    Answer::of(&reply).outcome(pipeline.was_sent_before())
                }
                Event::Ended { fate, .. } => Outcome::of_fate(fate),
                _ => continue,
            };
            stored += u32::from(outcome.is_stored());
            lost += u32::from(outcome.is_lost());
        }
        black_box((stored, lost, outbox.counts()));
        black_box(next(link, net, pipeline, now));
    })
}
