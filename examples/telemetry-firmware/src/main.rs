//! Telemetry: a sensor's samples, through a pipeline, into a stream of a Redis.
//!
//! This is the page to copy from. What is special to this board lies in `board` and `mac`.
#![no_std]
#![no_main]

use defmt_semihosting as _;
use respipe_core::encode::Template;
use respipe_core::pipeline::{Config, Event, Flush, Inline, Pipeline, Resend};
use respipe_core::{Duration, template};
use respipe_smoltcp::{Link, Notice, Settings};
use static_cell::ConstStaticCell;
use telemetry_firmware::board::{self, Board};
use telemetry_firmware::network::Network;
use telemetry_firmware::sensor::{Random, Sensor};

/// Samples that are kept until Redis has them, and bytes for them: a sample has at most 96.
const DEPTH: usize = 64;
const TX: usize = DEPTH * 96;
/// The longest reply worth reading. A longer one costs its own command, not the connection.
const RX: usize = 512;

/// A sample: its id, its number, its temperature. All but these lies in flash, encoded. Safe to
/// send again, because an id is stored once.
const ADD: Template<3> = template!("XADD", "samples", _, "seq", _, "mC", _).replayable();

/// In `.bss`: a pipeline's first state is all zero.
static PIPELINE: ConstStaticCell<Pipeline<Inline<TX, RX, DEPTH>>> =
    ConstStaticCell::new(Pipeline::new(Inline::new()));

#[cortex_m_rt::entry]
fn main() -> ! {
    let Board {
        mut clock,
        ethernet,
        arguments,
    } = Board::start();
    let argument = |name, otherwise| arguments.number(name).unwrap_or(otherwise);
    board::log_restart();
    let mut random = Random::new(argument("seed", 1));
    let mut network = Network::start(ethernet, argument("seed", 1));

    let pipeline = PIPELINE.take();
    let mut config = Config::DEFAULT;
    // A segment holds 16 samples; none waits longer than this for company.
    config.flush = Flush::AtLeast {
        count: 16,
        bytes: 0,
        age: Duration::from_millis(200),
    };
    // What was sent and not answered is sent again on the next connection.
    config.resend = Resend::Replayable;
    // TCP does not see that a server has stopped.
    config.silence_limit = Duration::from_secs(2);
    config.window.commands = argument("window", 0) as u32;
    pipeline.configure(config);
    let settings = Settings::new(Network::host(argument("port", 6379) as u16));
    let mut link = Link::new(&settings);
    let keep_oldest = argument("keep", 0) == 1;

    let period = Duration::from_micros(argument("period", 100_000));
    let mut sensor = Sensor::new(period, argument("samples", 1_000) as u32, clock.now());
    let (mut stored, mut refused) = (0_u32, 0_u32);
    let mut report_at = clock.now().after(Duration::from_secs(1));
    loop {
        let now = clock.now();
        network.receive(now);

        while (!keep_oldest || has_room(pipeline))
            && let Some(sample) = sensor.read(now)
        {
            while !has_room(pipeline) {
                let Some((tag, _)) = pipeline.drop_oldest() else { break };
                defmt::warn!("dropped sequence={=u32}", tag);
            }
            let id = 1_700_000_000_000 + u64::from(sample.sequence);
            let add = ADD.with((id, sample.sequence, sample.millidegrees));
            if pipeline.submit(&add, sample.sequence, now).is_err() {
                defmt::warn!("dropped sequence={=u32}", sample.sequence);
            }
        }
        // Not before: a link that is closed while it is down leaves what is queued where it is.
        if sensor.next_at().is_none() && pipeline.in_flight() == 0 {
            link.close();
        }

        let (socket, context) = network.socket();
        match link.poll(now, socket, context, pipeline, random.draw()) {
            Some(Notice::Up) => defmt::info!("link: up"),
            Some(Notice::Closed) => break,
            Some(notice) => defmt::info!("link: {}", notice),
            None => {}
        }
        while let Ok(Some(event)) = pipeline.poll_event() {
            match event {
                Event::Reply { reply, .. } if reply.error().is_none() => stored += 1,
                Event::Reply { tag, reply } => {
                    refused += 1;
                    if let Some(error) = reply.error() {
                        defmt::error!("Redis refuses sample {=u32}: {=[u8]:a}", tag, error.text());
                    }
                }
                Event::Ended { tag, fate } => defmt::warn!("ended sequence={=u32} {}", tag, fate),
                _ => {}
            }
        }
        network.transmit(now);

        if now >= report_at {
            report_at = now.after(Duration::from_secs(1));
            defmt::info!("made {=u32}, stored {=u32}", board::sequence(), stored);
        }
        let (socket, _) = network.socket();
        let link_at = link.poll_at(now, socket, pipeline);
        let until = [
            link_at,
            network.poll_at(now),
            sensor.next_at(),
            Some(report_at),
        ];
        network.sleep_until(until.into_iter().flatten().min(), &mut clock);
    }
    defmt::info!(
        "end made={=u32} stored={=u32} refused={=u32} stack={=usize}",
        board::sequence(),
        stored,
        refused,
        board::stack_high_water()
    );
    board::exit(0)
}

fn has_room(pipeline: &Pipeline<Inline<TX, RX, DEPTH>>) -> bool {
    pipeline.slots_free() > 0 && pipeline.tx_free() >= 96
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    board::exit(101)
}
