//! The conformance suite in simulated time: the server's side of a scenario sits behind the second
//! interface.

use std::collections::HashMap;

use respipe_core::encode::RawCommand;
use respipe_core::pipeline::{
    Heap, Pipeline, PipelineError, State as PipelineState, SubmitError, Ticket,
};
use respipe_core::reconnect::Backoff;
use respipe_core::{Duration, Instant, cmd};
use respipe_smoltcp::{Link, Lost, Notice, Settings, instant, timestamp};
use respipe_testkit::conformance::{
    Actor, Harness, Outcome, Request, Room, Stage, Subject, Told, Unsupported, run, suite,
};
use respipe_testkit::link::{Flow, Peer, Splitter};
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp;

use crate::board::{PORT, Port, SERVER, cable, interface, socket};

/// For how long outcomes are waited for, in simulated time.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often both sides are looked at within one instant, before that counts as going in circles.
const TURNS: usize = 500_000;

static SETTINGS: Settings = Settings {
    backoff: Backoff {
        first_delay: Duration::ZERO,
        max_delay: Duration::ZERO,
    },
    // A server of the suite may take its time.
    connect_timeout: Duration::ZERO,
    ..Settings::new(SERVER)
};

#[test]
fn the_link_passes_the_suite() {
    run(&mut Smoltcp, &suite()).conclude("respipe-smoltcp");
}

struct Smoltcp;

impl Harness for Smoltcp {
    type Subject = OverSmoltcp;

    fn name(&self) -> &'static str {
        "respipe-smoltcp"
    }

    fn start(&mut self, stage: Stage) -> Result<OverSmoltcp, Unsupported> {
        let settings = &stage.settings;
        let mut pipeline = Pipeline::new(Heap::new(settings.sizes, settings.login.clone()));
        pipeline.configure(settings.config);
        let bytes = stage.conditions.up.capacity.min(4096);
        let (near, far) = cable();
        Ok(OverSmoltcp {
            pipeline,
            link: Link::new(&SETTINGS),
            near: Side::new(near, 2, bytes),
            far: Far::new(Side::new(far, 1, bytes), stage),
            now: Instant::from_millis(1),
            told: Told::default(),
            tickets: HashMap::new(),
        })
    }
}

/// An interface with one socket.
struct Side {
    iface: Interface,
    device: Port,
    sockets: SocketSet<'static>,
    tcp: SocketHandle,
}

impl Side {
    fn new(mut device: Port, host: u8, bytes: usize) -> Self {
        let iface = interface(&mut device, host);
        let mut sockets = SocketSet::new(Vec::new());
        let mut socket = socket(bytes);
        // So that a byte at a time takes no time.
        socket.set_ack_delay(None);
        let tcp = sockets.add(socket);
        Self {
            iface,
            device,
            sockets,
            tcp,
        }
    }

    fn poll(&mut self, now: Instant) {
        self.iface
            .poll(timestamp(now), &mut self.device, &mut self.sockets);
    }

    fn wake(&mut self, now: Instant) -> Option<Instant> {
        let at = self.iface.poll_at(timestamp(now), &self.sockets);
        at.map(instant)
    }
}

/// The server's side.
struct Far {
    side: Side,
    stage: Stage,
    actor: Option<Actor>,
    up: Splitter,
    down: Splitter,
    /// Not yet taken by the socket.
    out: Vec<u8>,
    flow: Flow,
}

impl Far {
    fn new(side: Side, stage: Stage) -> Self {
        let conditions = stage.conditions;
        Self {
            side,
            stage,
            actor: None,
            up: Splitter::new(conditions.up.split, conditions.seed),
            down: Splitter::new(conditions.down.split, conditions.seed),
            out: Vec::new(),
            flow: Flow::Open,
        }
    }

    /// Whether anything moved.
    fn turn(&mut self, now: Instant) -> bool {
        self.side.poll(now);
        let socket = self.side.sockets.get_mut::<tcp::Socket<'_>>(self.side.tcp);
        match socket.state() {
            tcp::State::Closed | tcp::State::TimeWait => {
                self.actor = None;
                socket.abort();
                return socket.listen(PORT).is_ok();
            }
            tcp::State::Listen | tcp::State::SynReceived => return false,
            _ => {}
        }
        let actor = match &mut self.actor {
            Some(actor) => actor,
            None if self.flow == Flow::Open || socket.may_recv() => {
                let conditions = self.stage.conditions;
                self.up = Splitter::new(conditions.up.split, conditions.seed);
                self.down = Splitter::new(conditions.down.split, conditions.seed);
                self.out.clear();
                self.flow = Flow::Open;
                socket.set_nagle_enabled(false);
                self.actor.insert(self.stage.next_connection())
            }
            None => return false,
        };
        let mut moved = false;
        let stops = self.stage.conditions.peer_stops_reading && !self.out.is_empty();
        if self.flow == Flow::Open && !stops {
            let (up, out) = (&mut self.up, &mut self.out);
            let read = socket.recv(|bytes| {
                let n = match bytes.len() {
                    0 => 0,
                    n => up.piece(n),
                };
                up.passed(n);
                (n, (n, actor.receive(&bytes[..n], now, out)))
            });
            match read {
                Ok((n, flow)) => {
                    self.flow = flow;
                    moved = n > 0;
                }
                // The client is gone.
                Err(_) => socket.close(),
            }
        }
        // One piece at a time, so that the client sees it alone.
        if !self.out.is_empty() && socket.send_queue() == 0 && self.flow != Flow::Reset {
            let piece = self.down.piece(self.out.len());
            let n = socket.send_slice(&self.out[..piece]).unwrap_or(0);
            self.down.passed(n);
            self.out.drain(..n);
            moved |= n > 0;
        }
        match self.flow {
            Flow::Open => {}
            Flow::Close if self.out.is_empty() => {
                if socket.may_send() {
                    socket.close();
                    moved = true;
                }
                // Swallowed: closing with bytes unread would be a reset.
                let _ = socket.recv(|bytes| (bytes.len(), ()));
            }
            Flow::Close => {}
            Flow::Reset => {
                socket.abort();
                moved = true;
            }
        }
        moved
    }

    fn wake(&mut self, now: Instant) -> Option<Instant> {
        let actor = self.actor.as_ref().and_then(Peer::wake);
        [actor, self.side.wake(now)].into_iter().flatten().min()
    }
}

struct OverSmoltcp {
    pipeline: Pipeline<Heap<u32>>,
    link: Link<'static>,
    near: Side,
    far: Far,
    now: Instant,
    told: Told,
    tickets: HashMap<u32, Ticket>,
}

impl OverSmoltcp {
    /// One turn of both sides at this time; whether anything is left to be done now.
    fn turn(&mut self) -> bool {
        let now = self.now;
        let moved = self.far.turn(now);
        self.near.poll(now);
        let socket = self.near.sockets.get_mut::<tcp::Socket<'_>>(self.near.tcp);
        let cx = self.near.iface.context();
        let notice = self
            .link
            .poll(now, socket, cx, &mut self.pipeline, 0x1234_5678);
        if let Some(Notice::Lost { why, .. }) = notice {
            self.told.ended(match why {
                Lost::Pipeline(error) => error,
                Lost::NotRedis(error) => PipelineError::Protocol(error),
                Lost::Network => PipelineError::LinkLost,
                other => panic!("{other:?}"),
            });
            // Not again by itself: the scenario says when.
            self.link.close();
        }
        while let Ok(Some(event)) = self.pipeline.poll_event() {
            self.told.event(event);
        }
        moved || self.near.device.is_busy() || self.wake().is_some_and(|wake| wake <= now)
    }

    fn wake(&mut self) -> Option<Instant> {
        let now = self.now;
        let socket = self.near.sockets.get::<tcp::Socket<'_>>(self.near.tcp);
        let link = self.link.poll_at(now, socket, &mut self.pipeline);
        [link, self.near.wake(now), self.far.wake(now)]
            .into_iter()
            .flatten()
            .min()
    }

    /// All that happens at this time. Whether there is a connection.
    fn settle(&mut self) -> bool {
        let mut turns = 0;
        while self.turn() {
            turns += 1;
            assert!(turns < TURNS, "going in circles: {:?}", self.link);
        }
        !self.link.is_closed()
    }

    fn submitted(&mut self, tag: u32, done: Result<Ticket, SubmitError<u32>>) -> bool {
        match done {
            Ok(ticket) => {
                self.tickets.insert(tag, ticket);
                true
            }
            Err(SubmitError { tag: back, reason }) => {
                assert_eq!(tag, back, "another tag came back");
                self.told.outcomes.push(Outcome::Rejected { tag, reason });
                false
            }
        }
    }
}

impl Subject for OverSmoltcp {
    fn open(&mut self) -> Result<(), Unsupported> {
        self.told.reopened();
        self.link.open();
        let mut turns = 0;
        loop {
            self.turn();
            if self.pipeline.state() != PipelineState::Down {
                return Ok(());
            }
            turns += 1;
            assert!(turns < TURNS, "not connected: {:?}", self.link);
        }
    }

    fn submit(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        let wire = request.wire();
        let done = match RawCommand::split(&wire) {
            Ok((mut command, _)) => {
                command = command.reply_hint(request.reply_hint);
                if request.replayable {
                    command = command.replayable();
                }
                self.pipeline.submit(&command, tag, self.now)
            }
            Err(_) => self.pipeline.submit(&cmd(""), tag, self.now),
        };
        self.submitted(tag, done);
        Ok(())
    }

    fn submit_in_pieces(
        &mut self,
        tag: u32,
        request: &Request,
        whole: usize,
        piece: usize,
    ) -> Result<(), Unsupported> {
        let (front, pieces) = request.words.split_at(whole);
        let front: Vec<&[u8]> = front.iter().map(Vec::as_slice).collect();
        let name = core::str::from_utf8(front[0]).unwrap_or_default();
        let command = cmd(name).args(&front[1..]);
        let done = self.pipeline.begin(&command, pieces.len(), tag, self.now);
        if !self.submitted(tag, done) {
            return Ok(());
        }
        for argument in pieces {
            while self.pipeline.begin_argument(argument.len() as u64).is_err() {
                if !self.settle() {
                    return Ok(());
                }
            }
            let mut rest = argument.as_slice();
            while !rest.is_empty() {
                let n = self.pipeline.feed(&rest[..rest.len().min(piece)]);
                rest = &rest[n..];
                if n == 0 && !self.settle() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn submit_long(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        let wire = request.wire();
        let (command, _) =
            RawCommand::split(&wire).map_err(|_| Unsupported("not a whole command"))?;
        let done = self.pipeline.submit_long(&command, tag, self.now);
        if self.submitted(tag, done) {
            while !self.pipeline.continue_long(&command) && self.settle() {}
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Unsupported> {
        self.pipeline.flush();
        Ok(())
    }

    fn abandon(&mut self, tag: u32) -> Result<(), Unsupported> {
        let ticket = self.tickets.get(&tag);
        let ended = ticket.and_then(|ticket| self.pipeline.abandon(*ticket));
        if let Some((tag, fate)) = ended {
            self.told.outcomes.push(Outcome::Ended { tag, fate });
        }
        Ok(())
    }

    fn make_room(&mut self, how: Room) -> Result<(), Unsupported> {
        self.told.outcomes.extend(how.make(&mut self.pipeline));
        Ok(())
    }

    fn run(&mut self, wanted: usize) -> Result<(), Unsupported> {
        let give_up = self.now.after(PATIENCE);
        while self.settle() && self.told.outcomes.len() < wanted {
            match self.wake() {
                Some(wake) if wake <= give_up => self.now = wake,
                _ => break,
            }
        }
        Ok(())
    }

    fn wait(&mut self, time: Duration) -> Result<(), Unsupported> {
        let until = self.now.after(time);
        while self.settle() {
            match self.wake() {
                Some(wake) if wake <= until => self.now = wake,
                _ => break,
            }
        }
        self.now = until;
        Ok(())
    }

    fn outcomes(&self) -> &[Outcome] {
        &self.told.outcomes
    }
}
