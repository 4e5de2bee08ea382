//! The state of a handshake: which command is out, and how much of it has left.

use super::{Login, Protocol};
use crate::encode::{Arguments as _, One, Sink, put_header};
use crate::kind::RESP3;

/// Bytes of the handshake that are made at a time: few where memory is dear, and on a host as many as
/// spare it most second writes.
const SCRATCH: usize = if usize::BITS < 64 { 16 } else { 64 };

/// Which command is out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Hello,
    Auth,
    /// SELECT, SETNAME, SETINFO and PING, in one flight.
    Setup,
    Ready,
}

/// What the server says to a command of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    /// It does not know the command, or the protocol.
    TooOld,
    No,
}

impl Answer {
    pub(crate) fn of_error(text: &[u8]) -> Self {
        match text.split(|byte| *byte == b' ').next() {
            Some(b"NOPROTO" | b"ERR") => Self::TooOld,
            _ => Self::No,
        }
    }
}

/// What an answer made of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advance {
    /// It goes on.
    Waiting,
    /// It is done.
    Ready,
    /// The server refused, for good.
    Refused,
}

/// A handshake under way, and the replies that it is owed. Without `Debug`: it holds a part of a
/// password.
#[derive(Clone)]
pub(crate) struct Handshake {
    step: Step,
    resp3: bool,
    /// Bytes of this step that were made already, and whether they are all.
    made: usize,
    whole: bool,
    scratch: [u8; SCRATCH],
    /// What was made and has not left.
    start: u8,
    end: u8,
    /// Replies owed for commands that are out.
    owed: u8,
    /// Whether the first of them is SELECT's, and the last PING's.
    selecting: bool,
    pinging: bool,
    /// Begins anew with the next bytes that are asked for; then, as RESP2 without asking.
    restart: bool,
    restart_plain: bool,
}

impl Handshake {
    pub(crate) const fn new() -> Self {
        Self {
            step: Step::Hello,
            resp3: false,
            made: 0,
            whole: false,
            scratch: [0; SCRATCH],
            start: 0,
            end: 0,
            owed: 0,
            selecting: false,
            pinging: false,
            restart: false,
            restart_plain: false,
        }
    }

    /// Begins anew once bytes are asked for.
    pub(crate) fn rewind(&mut self, plain: bool) {
        self.restart = true;
        self.restart_plain = plain;
    }

    /// Begins on a fresh connection. `plain` speaks RESP2 although the login does not ask.
    pub(crate) fn begin(&mut self, login: &Login<'_>, plain: bool) {
        *self = Self::new();
        match login.protocol {
            #[cfg(feature = "resp3")]
            Protocol::Resp3 => {}
            Protocol::Auto if RESP3 && !plain => {}
            _ => self.after_hello(login),
        }
    }

    fn after_hello(&mut self, login: &Login<'_>) {
        if login.password.is_empty() || self.is_resp3() {
            self.set_up(login);
        } else {
            self.go(Step::Auth, 1);
        }
    }

    fn set_up(&mut self, login: &Login<'_>) {
        let named = !login.client_name.is_empty() && !self.is_resp3();
        let selecting = login.database != 0;
        let infos = if login.library.is_some() { 2 } else { 0 };
        let owed = u8::from(named)
            .wrapping_add(u8::from(selecting))
            .wrapping_add(u8::from(login.ping))
            .wrapping_add(infos);
        self.selecting = selecting;
        self.pinging = login.ping;
        if owed == 0 {
            self.step = Step::Ready;
        } else {
            self.go(Step::Setup, owed);
        }
    }

    fn go(&mut self, step: Step, owed: u8) {
        self.step = step;
        self.made = 0;
        self.whole = false;
        self.owed = owed;
    }

    /// Whether the caller's commands may leave: all is sent and nothing decisive is awaited.
    pub(crate) fn is_ready(&self) -> bool {
        !self.restart
            && self.start == self.end
            && match self.step {
                Step::Ready => true,
                Step::Setup => {
                    let awaited = self.selecting || (self.pinging && self.owed > 0);
                    !awaited && self.whole
                }
                _ => false,
            }
    }

    /// Whether the next reply belongs to the handshake.
    #[inline]
    pub(crate) const fn is_owed(&self) -> bool {
        self.owed > 0
    }

    /// Whether all of HELLO is out, and was not answered.
    pub(crate) const fn awaits_hello(&self) -> bool {
        RESP3 && matches!(self.step, Step::Hello) && self.whole && self.start == self.end
    }

    pub(crate) const fn is_resp3(&self) -> bool {
        RESP3 && self.resp3
    }

    /// Whether bytes that were made have not left.
    #[inline]
    pub(crate) const fn is_transmitting(&self) -> bool {
        self.start != self.end
    }

    /// The bytes that were made and have not left.
    pub(crate) fn rest(&self) -> &[u8] {
        let (start, end) = (usize::from(self.start), usize::from(self.end));
        self.scratch.get(start..end).unwrap_or_default()
    }

    /// Makes the next bytes to send, if there are any, from the login.
    pub(crate) fn make(&mut self, login: &Login<'_>) {
        if self.restart {
            self.begin(login, self.restart_plain);
        }
        if self.start != self.end || self.whole {
            return;
        }
        if RESP3 && matches!(self.step, Step::Hello) {
            self.owed = 1;
        }
        let resp3 = self.is_resp3();
        let mut sink = Sink::window(self.made, &mut self.scratch);
        write(self.step, resp3, login, &mut sink);
        self.whole = !sink.overflowed();
        let n = SCRATCH.saturating_sub(sink.room());
        self.made = self.made.saturating_add(n);
        (self.start, self.end) = (0, u8::try_from(n).unwrap_or(u8::MAX));
    }

    pub(crate) fn transmitted(&mut self, n: usize) {
        let n = u8::try_from(n).unwrap_or(u8::MAX);
        self.start = self.start.saturating_add(n).min(self.end);
    }

    /// Books an answer that [`is_owed`](Self::is_owed).
    pub(crate) fn reply(&mut self, login: &Login<'_>, answer: Answer) -> Advance {
        let refused = answer != Answer::Yes;
        self.owed = self.owed.saturating_sub(1);
        match self.step {
            Step::Hello if RESP3 && !refused => {
                self.resp3 = true;
                self.set_up(login);
            }
            Step::Hello if RESP3 => {
                if answer != Answer::TooOld || login.is_resp3_only() {
                    return Advance::Refused;
                }
                self.after_hello(login);
            }
            Step::Auth if refused => return Advance::Refused,
            Step::Auth => self.set_up(login),
            Step::Setup if self.selecting => {
                self.selecting = false;
                if refused {
                    return Advance::Refused;
                }
            }
            Step::Setup if self.pinging && self.owed == 0 && refused => {
                return Advance::Refused;
            }
            Step::Hello | Step::Setup | Step::Ready => {}
        }
        if self.is_ready() {
            Advance::Ready
        } else {
            Advance::Waiting
        }
    }
}

/// Appends a step's commands.
fn write(step: Step, resp3: bool, login: &Login<'_>, sink: &mut Sink<'_>) {
    let username = match login.username {
        "" => "default",
        username => username,
    };
    let (auth, name) = (!login.password.is_empty(), !login.client_name.is_empty());
    match step {
        Step::Hello if RESP3 => {
            let words = match (auth, name) {
                (false, false) => 2,
                (false, true) => 4,
                (true, false) => 5,
                (true, true) => 7,
            };
            begin(words, "HELLO", sink);
            word("3", sink);
            if auth {
                word("AUTH", sink);
                word(username, sink);
                word(login.password, sink);
            }
            if name {
                word("SETNAME", sink);
                word(login.client_name, sink);
            }
        }
        // Redis before 6 knows AUTH of a password alone.
        Step::Auth if login.username.is_empty() => {
            begin(2, "AUTH", sink);
            word(login.password, sink);
        }
        Step::Auth => {
            begin(3, "AUTH", sink);
            word(username, sink);
            word(login.password, sink);
        }
        Step::Setup => {
            if login.database != 0 {
                begin(2, "SELECT", sink);
                One(login.database).encode(sink);
            }
            if name && !resp3 {
                begin(3, "CLIENT", sink);
                word("SETNAME", sink);
                word(login.client_name, sink);
            }
            if let Some((name, version)) = login.library {
                set_info("LIB-NAME", name, sink);
                set_info("LIB-VER", version, sink);
            }
            if login.ping {
                begin(1, "PING", sink);
            }
        }
        Step::Hello | Step::Ready => {}
    }
}

#[inline(never)]
fn set_info(what: &str, value: &str, sink: &mut Sink<'_>) {
    begin(4, "CLIENT", sink);
    word("SETINFO", sink);
    word(what, sink);
    word(value, sink);
}

/// Appends the front of a command of so many words. Not inlined: speed is of no use once a
/// connection.
#[inline(never)]
fn begin(words: usize, name: &str, sink: &mut Sink<'_>) {
    put_header(b'*', words, sink);
    word(name, sink);
}

/// Appends one word. Not inlined either.
#[inline(never)]
fn word(word: &str, sink: &mut Sink<'_>) {
    One(word).encode(sink);
}
