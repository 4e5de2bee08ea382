//! Both rungs with everything: RESP3, a login, commands of all kinds, replies read in every way that
//! a program does, fates, giving up, pushes. Floats are left out.

use crate::link::{SETTINGS, next, turn};
use crate::{DEPTH, RX, TX, now, run};
use core::hint::black_box;
use respipe_core::encode::{Template, cmd};
use respipe_core::login::Protocol;
use respipe_core::pipeline::{Config, Event, Fate, Flush, Inline, Resend, Window};
use respipe_core::telemetry::{Answer, Outbox, Outcome, Series, WhenFull};
use respipe_core::{Duration, Instant, Login, Pipeline, Reply, template};
use respipe_smoltcp::Link;
use static_cell::ConstStaticCell;

const XADD: Template<2> = template!("XADD", "samples", _, "v", _).replayable();

static LOGIN: Login<'static> = Login {
    protocol: Protocol::Auto,
    username: "device",
    password: "secret",
    database: 3,
    client_name: "probe-7",
    library: Some(("respipe", "0.1.0")),
    ping: true,
};
static PIPELINE: ConstStaticCell<Pipeline<Inline<TX, RX, DEPTH>>> =
    ConstStaticCell::new(Pipeline::new(Inline::new()));
static OUTBOX: ConstStaticCell<Outbox> = ConstStaticCell::new(Outbox::new(WhenFull::DropOldest));
static SERIES: ConstStaticCell<Series> = ConstStaticCell::new(Series::new());
static LINK: ConstStaticCell<Link<'static>> = ConstStaticCell::new(Link::new(&SETTINGS));

/// Logs, where there is a log.
macro_rules! log {
    ($($argument:tt)*) => {
        #[cfg(feature = "defmt")]
        defmt::info!($($argument)*)
    };
}

/// The tags of the question where the stream ends, and of samples.
const ASKED: u32 = 1;
const SAMPLE: u32 = 2;

type Telemetry = Pipeline<Inline<TX, RX, DEPTH>>;

/// Runs the main loop.
pub fn everything() -> ! {
    let pipeline = PIPELINE.take();
    let (outbox, series) = (OUTBOX.take(), SERIES.take());
    let link = LINK.take();
    pipeline.storage_mut().set_login(&LOGIN);
    pipeline.configure(Config {
        window: Window {
            commands: 32,
            sent_bytes: 1024,
            reply_bytes: 4096,
        },
        resend: Resend::Replayable,
        flush: Flush::AtLeast {
            count: 16,
            bytes: 512,
            age: Duration::from_secs(1),
        },
        reply_timeout: Duration::from_secs(10),
        silence_limit: Duration::from_secs(5),
        ..Config::DEFAULT
    });
    run(|net| {
        let now = Instant::from_micros(now());
        push(pipeline, outbox, series, now);
        submit(pipeline, now);
        if let Some(_notice) = turn(link, net, pipeline, now) {
            log!("{}", _notice);
            black_box((_notice, pipeline.last_words()));
        }
        while let Ok(Some(event)) = pipeline.poll_event() {
            match event {
                Event::Reply { tag: ASKED, reply } => {
                    black_box(series.answered(&reply)).ok();
                }
                Event::Reply { tag: SAMPLE, reply } => {
                    let outcome = Answer::of(&reply).outcome(pipeline.was_sent_before());
                    log!("{}", outcome);
                    black_box(outcome.is_stored());
                }
                Event::Ended { tag: SAMPLE, fate } => {
                    black_box(Outcome::of_fate(fate).is_lost());
                }
                event => told(event),
            }
        }
        black_box((
            pipeline.in_flight(),
            pipeline.tx_free(),
            pipeline.is_resp3(),
        ));
        black_box(next(link, net, pipeline, now));
    })
}

/// Stores a sample once, under an id of our own.
#[inline(never)]
fn push(pipeline: &mut Telemetry, outbox: &mut Outbox, series: &mut Series, now: Instant) {
    if series.must_ask() {
        black_box(series.ask(pipeline, "samples", ASKED, now)).ok();
    }
    if let Some(id) = series.next_id(crate::now()) {
        let sample = XADD.with((id, black_box(0u32)));
        black_box(outbox.push(pipeline, &sample, SAMPLE, now)).ok();
    }
    black_box(outbox.counts());
}

#[inline(never)]
fn submit(pipeline: &mut Telemetry, now: Instant) {
    let sample = black_box(0u32);
    let key = black_box("key");
    let told = match black_box(0) {
        1 => pipeline.submit(&cmd("SET").args((key, sample)), sample, now),
        2 => pipeline.submit(&cmd("GET").arg(key), sample, now),
        3 => pipeline.submit(&cmd("HGETALL").arg(key).reply_hint(512), sample, now),
        4 => pipeline.submit(&cmd("SUBSCRIBE").arg(key), sample, now),
        5 => pipeline.submit(&cmd("MULTI"), sample, now),
        _ => pipeline.submit(&cmd("EXEC"), sample, now),
    };
    match told {
        Ok(ticket) if black_box(false) => {
            black_box(pipeline.abandon(ticket));
        }
        Ok(_) => {}
        Err(error) => {
            log!("not queued: {}", error.reason);
            black_box(error);
        }
    }
}

#[inline(never)]
fn told(event: Event<'_, u32>) {
    match event {
        Event::Reply { tag, reply } => read(tag, reply),
        Event::Push(reply) => read(0, reply),
        Event::Ended { tag, fate } => {
            log!("{}: {}", tag, fate);
            black_box((tag, matches!(fate, Fate::Unknown(_))));
        }
        event => {
            black_box(event);
        }
    }
}

#[inline(never)]
fn read(tag: u32, reply: Reply<'_>) {
    if let Some(error) = reply.error() {
        log!("{}: {}", tag, error.kind());
        black_box((tag, error.kind()));
        return;
    }
    match black_box(0) {
        0 => black_box(reply.to::<i64>().is_ok()),
        1 => black_box(reply.to::<Option<&str>>().is_ok()),
        2 => black_box(reply.to::<(u64, &[u8])>().is_ok()),
        _ => reply
            .elements()
            .all(|element| black_box(element.as_bytes().is_ok())),
    };
}
