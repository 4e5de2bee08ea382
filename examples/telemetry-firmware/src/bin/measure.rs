//! Instructions, counted by QEMU: with `-icount shift=0` one is a nanosecond of its clock.
//!
//! Two senders push the same samples over the same network into the same Redis: Respipe, as the
//! telemetry uses it, and one that is written by hand. What is counted is all that the processor
//! does from the first sample of a batch until the last reply, TCP included; sleeping apart.
#![no_std]
#![no_main]

use defmt_semihosting as _;
use respipe_core::pipeline::{Config, Event, Flush, Inline, Pipeline, Resend};
use respipe_core::telemetry::WhenFull;
use respipe_core::{Duration, Instant, cmd};
use respipe_smoltcp::{Link, Settings};
use smoltcp::iface::Context;
use smoltcp::socket::tcp::Socket;
use static_cell::ConstStaticCell;
use telemetry_firmware::board::{self, Board, Clock};
use telemetry_firmware::handwritten::Handwritten;
use telemetry_firmware::network::Network;
use telemetry_firmware::sensor::{Sample, Sensor};
use telemetry_firmware::telemetry::{SAMPLE, Telemetry};

/// For each sender and size of a batch.
const SAMPLES: u32 = 640;
const BATCHES: [u32; 3] = [1, 8, 32];

type Storage = Inline<{ 64 * SAMPLE }, 768, 64>;
static PIPELINE: ConstStaticCell<Pipeline<Storage>> =
    ConstStaticCell::new(Pipeline::new(Inline::new()));
static ALONE: ConstStaticCell<Pipeline<Storage>> =
    ConstStaticCell::new(Pipeline::new(Inline::new()));
static HANDWRITTEN: ConstStaticCell<Handwritten> = ConstStaticCell::new(Handwritten::new());

/// When a sample was taken, in milliseconds: later than any before.
const fn time(sample: Sample) -> u64 {
    1_700_000_000_000 + sample.sequence as u64
}

/// One of the two.
trait Sender {
    fn push(&mut self, sample: Sample, now: Instant);

    /// Moves what can be moved; whether all that was pushed is answered.
    fn turn(&mut self, socket: &mut Socket<'_>, context: &mut Context, clock: &mut Clock) -> bool;

    /// Whether it wants another turn although nothing has come.
    fn is_hurried(&mut self, socket: &Socket<'_>, now: Instant) -> bool;
}

impl Sender for Handwritten {
    fn push(&mut self, sample: Sample, _: Instant) {
        self.push(time(sample), sample.sequence, sample.millidegrees);
    }

    fn turn(&mut self, socket: &mut Socket<'_>, _: &mut Context, _: &mut Clock) -> bool {
        let done = self.receive(socket);
        self.send(socket);
        done
    }

    fn is_hurried(&mut self, _: &Socket<'_>, _: Instant) -> bool {
        false
    }
}

struct Respipe<'s> {
    link: Link<'s>,
    pipeline: &'static mut Pipeline<Storage>,
    telemetry: Telemetry,
    /// The longest poll of the link so far, in ticks of the clock.
    longest_poll: u32,
}

impl Sender for Respipe<'_> {
    fn push(&mut self, sample: Sample, now: Instant) {
        self.telemetry
            .push(self.pipeline, sample, time(sample), now);
    }

    fn turn(&mut self, socket: &mut Socket<'_>, context: &mut Context, clock: &mut Clock) -> bool {
        let now = clock.now();
        let start = clock.ticks();
        let _ = self.link.poll(now, socket, context, self.pipeline, 1);
        let poll = clock.ticks().wrapping_sub(start);
        self.longest_poll = self.longest_poll.max(poll);
        self.telemetry.ask(self.pipeline, now);
        while let Ok(true) = self.telemetry.poll(self.pipeline) {}
        self.telemetry.is_ready(self.pipeline) && self.pipeline.in_flight() == 0
    }

    fn is_hurried(&mut self, socket: &Socket<'_>, now: Instant) -> bool {
        self.link.poll_at(now, socket, self.pipeline) == Some(now)
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let Board {
        mut clock,
        ethernet,
        arguments,
    } = Board::start();
    let port = arguments.number("port").unwrap_or(6_379) as u16;
    let steady = is_steady(&clock);
    alone(ALONE.take(), &clock);

    let mut network = Network::start(ethernet, 1);
    let mut sensor = Sensor::new(Duration::ZERO, u32::MAX, Instant::ZERO);

    let handwritten = HANDWRITTEN.take();
    let (socket, context) = network.socket();
    socket.set_nagle_enabled(false);
    let _ = socket.connect(context, Network::host(port), 49_152);
    while !network.socket().0.may_send() {
        network.transmit(clock.now());
        network.sleep_until(None, &mut clock);
        network.receive(clock.now());
    }
    for batch in BATCHES {
        let (n, _) = instructions(batch, handwritten, &mut sensor, &mut network, &mut clock);
        defmt::info!(
            "measured handwritten batch={=u32} instructions={=u32}",
            batch,
            n
        );
    }

    let settings = Settings::new(Network::host(port));
    let mut respipe = Respipe {
        link: Link::new(&settings),
        pipeline: PIPELINE.take(),
        telemetry: Telemetry::new(WhenFull::RefuseNew),
        longest_poll: 0,
    };
    for batch in BATCHES {
        let mut config = Config::DEFAULT;
        config.resend = Resend::Replayable;
        config.silence_limit = Duration::from_secs(2);
        config.flush = Flush::AtLeast {
            count: batch,
            bytes: 0,
            age: Duration::from_millis(200),
        };
        respipe.pipeline.configure(config);
        // Until it is connected.
        let mut connecting = Spent::default();
        send(&mut respipe, &mut network, &mut clock, &mut connecting);
        let (n, turn) = instructions(batch, &mut respipe, &mut sensor, &mut network, &mut clock);
        defmt::info!(
            "measured respipe batch={=u32} instructions={=u32}",
            batch,
            n
        );
        defmt::info!(
            "measured longest-turn batch={=u32} instructions={=u32}",
            batch,
            turn
        );
    }
    let crowded = crowd(&mut respipe, &mut sensor, &mut network, &mut clock);
    defmt::info!(
        "measured longest-poll batch={=u32} instructions={=u32}",
        32,
        respipe.longest_poll * clock.tick_nanos()
    );
    let pushed = BATCHES.len() as u32 * SAMPLES + crowded;
    let fine = steady && handwritten.errors == 0 && respipe.telemetry.stored() == pushed;
    board::exit(u8::from(!fine))
}

/// Whether the clock only goes forward, by fewer ticks than a millisecond has. What is measured
/// with it would be wrong otherwise.
fn is_steady(clock: &Clock) -> bool {
    const MILLISECOND: u32 = 1_000_000;
    let start = clock.ticks();
    let (mut last, mut longest) = (start, 0);
    while last.wrapping_sub(start) < 50 * MILLISECOND / clock.tick_nanos() {
        let now = clock.ticks();
        longest = longest.max(now.wrapping_sub(last));
        last = now;
    }
    let steady = longest < MILLISECOND / clock.tick_nanos() / 2;
    if !steady {
        defmt::error!("the clock jumped by {=u32} ticks", longest);
    }
    steady
}

/// What has been spent, in ticks of the clock.
#[derive(Default)]
struct Spent {
    awake: u32,
    /// The longest turn of the main loop: what a watchdog has to allow.
    longest: u32,
}

/// Sends samples in batches of this size; in the end the instructions for one of them, and those
/// of the longest turn.
fn instructions(
    batch: u32,
    sender: &mut impl Sender,
    sensor: &mut Sensor,
    network: &mut Network,
    clock: &mut Clock,
) -> (u32, u32) {
    let mut spent = Spent::default();
    for _ in 0..SAMPLES / batch {
        let start = clock.ticks();
        let now = clock.now();
        for _ in 0..batch {
            if let Some(sample) = sensor.read(now) {
                sender.push(sample, now);
            }
        }
        spent.awake += clock.ticks().wrapping_sub(start);
        send(sender, network, clock, &mut spent);
    }
    let nanos = clock.tick_nanos();
    (spent.awake * nanos / SAMPLES, spent.longest * nanos)
}

/// Turns until all is answered.
fn send(sender: &mut impl Sender, network: &mut Network, clock: &mut Clock, spent: &mut Spent) {
    loop {
        let start = clock.ticks();
        let now = clock.now();
        network.receive(now);
        let (socket, context) = network.socket();
        let done = sender.turn(socket, context, clock);
        network.transmit(now);
        let hurried = done || sender.is_hurried(network.socket().0, now);
        let until = network.poll_at(now);
        let turn = clock.ticks().wrapping_sub(start);
        spent.awake += turn;
        spent.longest = spent.longest.max(turn);
        if done {
            return;
        }
        if !hurried {
            network.sleep_until(until, clock);
        }
    }
}

/// Pushes samples while others are answered, so that single polls have as much to do as they can have:
/// all slots full, 32 commands to send and the replies to 32 others to take. How many samples it were.
fn crowd(
    respipe: &mut Respipe<'_>,
    sensor: &mut Sensor,
    network: &mut Network,
    clock: &mut Clock,
) -> u32 {
    let mut pushed = 0;
    while pushed < SAMPLES {
        let now = clock.now();
        while respipe.telemetry.is_ready(respipe.pipeline)
            && let Some(sample) = sensor.read(now)
        {
            respipe.push(sample, now);
            pushed += 1;
        }
        network.receive(now);
        let (socket, context) = network.socket();
        respipe.turn(socket, context, clock);
        network.transmit(now);
    }
    send(respipe, network, clock, &mut Spent::default());
    pushed
}

/// What a SET costs in the pipeline alone: encoded, queued, taken out as a transport would, and
/// its reply put in and handed out.
fn alone(pipeline: &mut Pipeline<Storage>, clock: &Clock) {
    const COMMANDS: u32 = 1_600;
    const REPLIES: [[u8; 5]; 16] = [*b"+OK\r\n"; 16];
    pipeline.open(Instant::ZERO);
    for batch in [1, 16] {
        // Not a part of what is measured.
        let replies = REPLIES.as_flattened().get(..5 * batch as usize);
        let replies = replies.unwrap_or_default();
        let start = clock.ticks();
        let mut answered = 0;
        for _ in 0..COMMANDS / batch {
            for n in 0..batch {
                let set = cmd("SET").args(("sensor:1", "21.375"));
                let _ = pipeline.submit(&set, n, Instant::ZERO);
            }
            while let Some(bytes) = pipeline.poll_transmit() {
                let n = core::hint::black_box(bytes).len();
                pipeline.transmitted(n, Instant::ZERO);
            }
            pipeline.handle_input(core::hint::black_box(replies), Instant::ZERO);
            while let Ok(Some(event)) = pipeline.poll_event() {
                answered += u32::from(matches!(event, Event::Reply { reply, .. } if reply.is_ok()));
            }
        }
        let spent = clock.ticks().wrapping_sub(start) * clock.tick_nanos();
        let what = if answered == COMMANDS {
            "SET-alone"
        } else {
            "failed"
        };
        defmt::info!(
            "measured {=str} batch={=u32} instructions={=u32}",
            what,
            batch,
            spent / COMMANDS
        );
    }
}
