//! The link: connects, pumps, notices the end, backs off, connects again.

use respipe_core::pipeline::{Pipeline, State as PipelineState, Storage};
use respipe_core::{Duration, Instant};
use smoltcp::iface::Context;
use smoltcp::socket::tcp::{ConnectError, Socket, State as TcpState};

use crate::notice::{Lost, Notice, Ours};
use crate::pump::{self, Flow};
use crate::settings::Settings;

/// The first of the ports that are nobody's (RFC 6335, section 6); there are 2^14 of them.
const FIRST_PORT: u16 = 49_152;

/// A connection that has lasted for so long, or for the longest delay, was a good one.
const GOOD: Duration = Duration::from_secs(1);

/// What the link is doing.
///
/// ```text
///           open                           established             let in
///   Closed ------> Waiting ----> Connecting ----------> LoggingIn --------> Up
///     ^               ^              |                      |               |
///     |               |  refused,    |      gone, refused,  |     close     v
///     |               +--------------+      too late        |   +------- Draining
///     |               |                                     v   v           |
///     |               +--------- all told ---------------- Ending <--- gone +
///     |                                                     |               | all answered
///     +----------- all told, and closed on purpose ---------+               v
///     +----------------------- closed by both sides -------------------- Closing
/// ```
///
/// A time in a state is when it is left or given up.
#[derive(Clone, Copy, Debug)]
enum State {
    /// No connection, until then.
    Waiting(Instant),
    /// SYN is out.
    Connecting(Instant),
    /// The handshake is under way.
    LoggingIn(Instant),
    /// Commands leave; from then on the connection counts as a good one.
    Up(Instant),
    /// Closing on purpose: replies are still owed.
    Draining(Instant),
    /// Closing on purpose: our FIN is out.
    Closing(Instant),
    /// The socket is gone. The pipeline still tells what became of each command.
    Ending(Ours),
    /// No connection, on purpose.
    Closed,
}

/// A connection to a server that is made again whenever it ends, over a smoltcp socket and into a
/// pipeline that the caller owns. It has no buffer, no clock and no dice of its own.
///
/// Poll it in the main loop, behind the interface and before the pipeline's events; see the
/// [crate's documentation](crate).
#[derive(Debug)]
pub struct Link<'s> {
    settings: &'s Settings,
    state: State,
    /// Attempts in a row that have failed, or whose connection did not last.
    failures: u32,
    /// The port of the last attempt; 0 before the first.
    port: u16,
    /// Asked to close, and not to open since.
    closing: bool,
    /// A time-out was due while there was input to look at first.
    overdue: bool,
}

impl<'s> Link<'s> {
    /// A link that connects when it is first polled.
    #[must_use]
    pub const fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            state: State::Waiting(Instant::ZERO),
            failures: 0,
            port: 0,
            closing: false,
            overdue: false,
        }
    }

    /// Whether it was closed and nothing more happens until [`open`](Self::open).
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether commands leave.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_) | State::Draining(_))
    }

    /// Closes in order: no further commands are taken, what is queued leaves and is answered, then
    /// both sides close. Go on polling until [`is_closed`](Self::is_closed). While there is no
    /// connection, what is queued stays queued.
    pub const fn close(&mut self) {
        self.closing = true;
    }

    /// Connects again, at the next poll, after a close. One that is under way is gone through with
    /// first, and [`Notice::Lost`] tells its end.
    pub const fn open(&mut self) {
        self.closing = false;
        if self.is_closed() {
            self.state = State::Waiting(Instant::ZERO);
        }
    }

    /// Does all that can be done now. Call it behind each poll of the interface; then poll the
    /// pipeline's events until there are none.
    ///
    /// `random` is any number, new each time. It never waits, and its work is bounded, for a
    /// watchdog: it moves each byte that lies in the socket's and the pipeline's buffers at most
    /// once (x86-64: 450 instructions where there are none, 1 240 for 4 KiB, `examples/poll_cost.rs`;
    /// Cortex-M3: at most 14 880 for 3 KiB, `cargo firmware`).
    pub fn poll<S: Storage>(
        &mut self,
        now: Instant,
        socket: &mut Socket<'_>,
        cx: &mut Context,
        pipeline: &mut Pipeline<S>,
        random: u32,
    ) -> Option<Notice> {
        if let State::Closed | State::Waiting(_) | State::Connecting(_) = self.state {
            // What waits for a connection can run out of time.
            self.check_time(now, pipeline, false);
        }
        match self.state {
            State::Closed => None,
            State::Waiting(_) if self.closing => self.closed(),
            State::Waiting(until) if now < until => None,
            State::Waiting(_) => {
                // Behind a close: from now on commands are kept again.
                pipeline.reopen();
                Some(self.connect(now, socket, cx, random))
            }
            State::Connecting(until) => {
                let why = match socket.state() {
                    TcpState::SynSent | TcpState::SynReceived => match self.closing {
                        true => Lost::CloseTimeout,
                        false if until <= now => Lost::ConnectTimeout,
                        false => return None,
                    },
                    TcpState::Closed => Lost::Refused,
                    _ => {
                        socket.set_timeout(self.settings.patience());
                        pipeline.open(now);
                        self.state = State::LoggingIn(until);
                        return self.pump(now, socket, pipeline);
                    }
                };
                socket.abort();
                Some(self.lost(why, now, random))
            }
            State::LoggingIn(_) | State::Up(_) | State::Draining(_) => {
                self.pump(now, socket, pipeline)
            }
            State::Closing(until) => {
                // What still comes is nobody's.
                let _ = socket.recv(|bytes| (bytes.len(), ()));
                let over = matches!(socket.state(), TcpState::Closed | TcpState::TimeWait);
                if !over && now < until {
                    return None;
                }
                socket.abort();
                pipeline.handle_eof();
                self.state = State::Ending(Ours::CloseTimeout);
                None
            }
            State::Ending(_) if pipeline.state() == PipelineState::Ending => None,
            State::Ending(ours) => {
                // All was told; the error is latched, and the same each time.
                let why = match pipeline.poll_event() {
                    Err(error) => Lost::of(error, ours),
                    Ok(_) => ours.lost(),
                };
                Some(self.lost(why, now, random))
            }
        }
    }

    /// When it wants to be polled next, if no packet comes and no command is submitted before.
    /// Ask last, when all events were polled and nothing more is to be submitted, and take the
    /// earlier of this and the interface's own
    /// [`poll_at`](smoltcp::iface::Interface::poll_at).
    #[must_use]
    pub fn poll_at<S: Storage>(
        &self,
        now: Instant,
        socket: &Socket<'_>,
        pipeline: &mut Pipeline<S>,
    ) -> Option<Instant> {
        let until = match self.state {
            State::Ending(_) => return Some(now),
            State::Draining(until) | State::Closing(until) => until,
            State::Closed => Instant::NEVER,
            // It closes at the next poll, or begins to.
            _ if self.closing => return Some(now),
            State::Up(_) => Instant::NEVER,
            State::Waiting(until) | State::Connecting(until) | State::LoggingIn(until) => until,
        };
        if pipeline.state() == PipelineState::Ending
            || (socket.can_recv() && !pipeline.recv_space().is_empty())
            || (socket.can_send() && may_transmit(now, pipeline))
        {
            return Some(now);
        }
        coming(until.min(pipeline.poll_timeout().unwrap_or(Instant::NEVER)))
    }

    /// Moves what can be moved, and looks whether the connection is still good.
    fn pump<S: Storage>(
        &mut self,
        now: Instant,
        socket: &mut Socket<'_>,
        pipeline: &mut Pipeline<S>,
    ) -> Option<Notice> {
        // Sooner would be hammering a server that answers, and closes or crashes each time.
        if let State::Up(good) = self.state
            && good <= now
        {
            self.failures = 0;
        }
        let flow = pump::receive(socket, pipeline, now);
        let mut ours = Ours::Network;
        let mut gone = flow == Flow::Gone;
        match flow {
            Flow::Ended => pipeline.handle_eof(),
            Flow::Gone => {}
            Flow::Open { came } => {
                self.check_time(now, pipeline, came);
                pump::transmit(socket, pipeline, now);
            }
        }
        let notice = match (self.state, pipeline.state()) {
            // The pipeline found the end first: in the bytes, or in the time.
            (_, PipelineState::Ending | PipelineState::Down) => {
                gone = true;
                None
            }
            (State::LoggingIn(_), PipelineState::Up) => {
                self.state = State::Up(now.after(self.settings.backoff.max_delay.min(GOOD)));
                Some(Notice::Up)
            }
            (State::LoggingIn(until), _) if until <= now => {
                gone = true;
                ours = Ours::ConnectTimeout;
                None
            }
            _ => None,
        };
        if !gone {
            gone = self.check_close(now, socket, pipeline);
            ours = Ours::CloseTimeout;
        }
        if gone {
            socket.abort();
            // Where the pipeline knows why, this changes nothing.
            pipeline.handle_link_lost();
            self.state = State::Ending(ours);
        }
        notice
    }

    /// Lets the pipeline look at the clock, unless what has just come may answer what is due; but
    /// a server that drips does not put it off twice.
    // One copy of the pipeline's own, for both callers.
    #[inline(never)]
    fn check_time<S: Storage>(&mut self, now: Instant, pipeline: &mut Pipeline<S>, came: bool) {
        let due = pipeline.poll_timeout().is_some_and(|due| due <= now);
        let wait = due && came && !self.overdue;
        self.overdue = wait;
        if due && !wait {
            pipeline.handle_timeout(now);
        }
    }

    /// Begins to close if asked to, and goes on once begun. Whether it took too long.
    fn check_close<S: Storage>(
        &mut self,
        now: Instant,
        socket: &mut Socket<'_>,
        pipeline: &mut Pipeline<S>,
    ) -> bool {
        let until = match self.state {
            // There is no way back: the pipeline takes no commands before the next connection.
            State::Draining(until) => until,
            _ if !self.closing => return false,
            _ => {
                pipeline.close();
                pipeline.flush();
                let until = now.after(self.settings.close_timeout);
                self.state = State::Draining(until);
                until
            }
        };
        if pipeline.in_flight() == 0 {
            socket.close();
            self.state = State::Closing(until);
        }
        now >= until
    }

    fn connect(
        &mut self,
        now: Instant,
        socket: &mut Socket<'_>,
        cx: &mut Context,
        random: u32,
    ) -> Notice {
        self.port = next_port(self.port, random);
        self.overdue = false;
        if socket.is_open() {
            socket.abort();
        }
        match socket.connect(cx, self.settings.server, self.port) {
            Ok(()) => {}
            Err(ConnectError::Unaddressable | ConnectError::InvalidState) => {
                return self.lost(Lost::NoAddress, now, random);
            }
        }
        // How long an attempt may take is ours to say: a socket that closes meanwhile was refused.
        socket.set_timeout(None);
        socket.set_keep_alive(span(self.settings.keep_alive));
        // What is worth waiting for is decided by the pipeline's flush policy.
        socket.set_nagle_enabled(false);
        let timeout = self.settings.connect_timeout;
        self.state = State::Connecting(match timeout.is_zero() {
            true => Instant::NEVER,
            false => now.after(timeout),
        });
        Notice::Connecting {
            port: self.port,
            failures: self.failures,
        }
    }

    /// There is no connection, and nothing of the last one is left to be told.
    fn lost(&mut self, why: Lost, now: Instant, random: u32) -> Notice {
        if self.closing {
            self.state = State::Closed;
            return Notice::Closed;
        }
        let retry_in = self.settings.backoff.delay(self.failures, random);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Waiting(now.after(retry_in));
        Notice::Lost { why, retry_in }
    }

    const fn closed(&mut self) -> Option<Notice> {
        self.state = State::Closed;
        Some(Notice::Closed)
    }
}

/// A port that was not used by the attempt before: the server may still hold that connection.
const fn next_port(last: u16, random: u32) -> u16 {
    let low = match last {
        0 => (random >> 16) as u16,
        last => last.wrapping_add(1),
    };
    FIRST_PORT | (low & 0x3fff)
}

/// Whether bytes could leave; none do.
fn may_transmit<S: Storage>(now: Instant, pipeline: &mut Pipeline<S>) -> bool {
    let may = pipeline.poll_transmit().is_some();
    pipeline.transmitted(0, now);
    may
}

/// A deadline, if there is one.
fn coming(due: Instant) -> Option<Instant> {
    (due != Instant::NEVER).then_some(due)
}

impl Settings {
    /// smoltcp counts its time-out from the last packet that came, also while nothing is owed: it
    /// must leave time for a probe.
    fn patience(&self) -> Option<smoltcp::time::Duration> {
        if self.keep_alive.is_zero() || self.ack_timeout.is_zero() {
            return None;
        }
        let (probe, answer) = (self.keep_alive.as_micros(), self.ack_timeout.as_micros());
        span(Duration::from_micros(probe.saturating_add(answer)))
    }
}

/// A span of time for smoltcp, where none is for ever.
fn span(span: Duration) -> Option<smoltcp::time::Duration> {
    (!span.is_zero()).then(|| smoltcp::time::Duration::from_micros(span.as_micros()))
}
