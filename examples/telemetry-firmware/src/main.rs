//! Telemetry: a sensor's samples go into a stream of a Redis, each exactly once.
//!
//! This is the page to copy from: the memory, the settings, the main loop. What a sample is and what
//! becomes of it stands in `telemetry`; what is special to the board lies in `board` and `mac`.
#![no_std]
#![no_main]

use defmt_semihosting as _;
use respipe_core::Duration;
use respipe_core::login::Login;
use respipe_core::pipeline::{Config, Flush, Inline, Pipeline, Resend};
use respipe_core::telemetry::WhenFull;
use respipe_smoltcp::{Link, Notice, Settings};
use static_cell::ConstStaticCell;
use telemetry_firmware::board::{self, Board};
use telemetry_firmware::network::Network;
use telemetry_firmware::reading::DEPTH;
use telemetry_firmware::sensor::{Random, Sensor};
use telemetry_firmware::telemetry::{SAMPLE, Telemetry};

/// Samples that are read in one turn. After a time without a server thousands are due: the network
/// and a watchdog want their turns between.
const BATCH: u32 = 16;
/// The longest reply worth reading, in bytes: that to XINFO STREAM. A longer one costs its own
/// command, not the connection.
const RX: usize = 768;

type Memory = Inline<{ DEPTH * SAMPLE }, RX, DEPTH>;

/// Static, so that the linker says whether it fits. Its first state is all zero: it costs no flash.
static PIPELINE: ConstStaticCell<Pipeline<Memory>> =
    ConstStaticCell::new(Pipeline::new(Memory::new()));

/// No password here. A server that still loads its data would refuse each sample: with the ping it
/// is no server yet.
static LOGIN: Login<'static> = Login {
    ping: true,
    ..Login::NONE
};

#[cortex_m_rt::entry]
fn main() -> ! {
    let Board {
        mut clock,
        ethernet,
        arguments,
    } = Board::start();
    // Settings come from the host's command line; elsewhere they would lie in flash.
    let setting = |name, otherwise| arguments.number(name).unwrap_or(otherwise);
    // Hardware would ask its random number generator.
    let seed = board::begin(setting("seed", 1));

    let pipeline = PIPELINE.take();
    pipeline.storage_mut().set_login(&LOGIN);
    let mut config = Config::DEFAULT;
    // A batch fills a segment; no sample waits longer than this for company.
    config.flush = Flush::AtLeast {
        count: BATCH,
        bytes: 0,
        age: Duration::from_millis(200),
    };
    config.window.commands = setting("window", 0) as u32;
    // What was not answered is sent again on the next connection.
    config.resend = Resend::Replayable;
    // TCP does not see that a server has stopped.
    config.silence_limit = Duration::from_secs(2);
    pipeline.configure(config);

    let mut random = Random::new(seed);
    let mut network = Network::start(ethernet, seed);
    let settings = Settings::new(Network::host(setting("port", 6_379) as u16));
    let mut link = Link::new(&settings);

    let period = Duration::from_micros(setting("period", 100_000));
    let mut sensor = Sensor::new(period, setting("samples", 1_000) as u32, clock.now());
    let mut telemetry = Telemetry::new(match setting("keep", 0) {
        0 => WhenFull::DropOldest,
        _ => WhenFull::RefuseNew,
    });
    // What a real clock would say when the device starts, in milliseconds.
    let started = setting("epoch", 0);
    let mut report_at = clock.now();

    loop {
        let now = clock.now();
        // 1. Frames come in.
        network.receive(now);

        // 2. Samples go into the pipeline; while the link is down they stay there.
        for _ in 0..BATCH {
            if telemetry.is_ready(pipeline)
                && let Some(sample) = sensor.read(now)
            {
                let time = started + sample.taken.as_micros() / 1_000;
                telemetry.push(pipeline, sample, time, now);
            }
        }

        // 3. Bytes go between the pipeline and TCP; the link connects, and connects again.
        let (socket, context) = network.socket();
        match link.poll(now, socket, context, pipeline, random.draw()) {
            Some(Notice::Closed) => break,
            Some(notice) => defmt::info!("link: {}", notice),
            None => {}
        }

        // 4. What became of the samples. An error is the link's, which has told it or will.
        telemetry.ask(pipeline, now);
        while let Ok(true) = telemetry.poll(pipeline) {}

        // 5. Frames go out.
        network.transmit(now);

        if now >= report_at {
            defmt::info!(
                "made {=u32}, stored {=u32}",
                board::sequence(),
                telemetry.stored()
            );
            report_at = now.after(Duration::from_secs(1));
        }
        // Close only when all is answered: what is queued when a link closes is not sent.
        if sensor.next_at().is_none() && pipeline.in_flight() == 0 {
            link.close();
        }

        // 6. Sleep, until a frame comes or somebody wants a turn.
        let sensor_at = sensor.next_at().filter(|_| telemetry.is_ready(pipeline));
        let link_at = link.poll_at(now, network.socket().0, pipeline);
        let wishes = [sensor_at, link_at, network.poll_at(now), Some(report_at)];
        network.sleep_until(wishes.into_iter().flatten().min(), &mut clock);
    }

    defmt::info!(
        "end made={=u32} stored={=u32} stack={=usize}",
        board::sequence(),
        telemetry.stored(),
        board::stack_high_water()
    );
    board::exit(0)
}
