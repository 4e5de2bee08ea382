//! The state of a handshake: which command is out, and how much of it has left.

use super::{Login, Protocol};
use crate::Kind;
use crate::encode::{Arguments as _, Decimal, One, Sink, argument_len, header_len, put_header};

/// Bytes of the handshake that are made at a time.
const SCRATCH: usize = 64;

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

/// What a reply made of the handshake.
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
    /// Bytes of this step that were made already; its length, once known.
    made: usize,
    len: Option<usize>,
    scratch: [u8; SCRATCH],
    start: usize,
    end: usize,
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
            len: None,
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
            Protocol::Auto if !plain => {}
            Protocol::Resp3 => {}
            _ => self.after_hello(login),
        }
    }

    fn after_hello(&mut self, login: &Login<'_>) {
        if login.password.is_empty() || self.resp3 {
            self.set_up(login);
        } else {
            self.go(Step::Auth, 1);
        }
    }

    fn set_up(&mut self, login: &Login<'_>) {
        let named = !login.client_name.is_empty() && !self.resp3;
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
        self.len = None;
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
                    !awaited && self.len == Some(self.made)
                }
                _ => false,
            }
    }

    /// Whether the next reply belongs to the handshake.
    #[inline]
    pub(crate) const fn is_owed(&self) -> bool {
        self.owed > 0
    }

    /// Whether HELLO is out and was not answered.
    pub(crate) const fn is_greeting(&self) -> bool {
        matches!(self.step, Step::Hello)
    }

    pub(crate) const fn is_resp3(&self) -> bool {
        self.resp3
    }

    /// Whether bytes that were made have not left.
    #[inline]
    pub(crate) const fn is_transmitting(&self) -> bool {
        self.start != self.end
    }

    /// The bytes that were made and have not left.
    pub(crate) fn rest(&self) -> &[u8] {
        self.scratch.get(self.start..self.end).unwrap_or_default()
    }

    /// Makes the next bytes to send, if there are any, from the login.
    pub(crate) fn make(&mut self, login: &Login<'_>) {
        if self.restart {
            self.begin(login, self.restart_plain);
        }
        if self.start == self.end {
            let Self {
                step, resp3, made, ..
            } = *self;
            let len = match self.len {
                Some(len) => len,
                None => {
                    if step == Step::Hello {
                        self.owed = 1;
                    }
                    write(step, resp3, login, None)
                }
            };
            self.len = Some(len);
            let n = len.saturating_sub(made).min(SCRATCH);
            let window = self.scratch.get_mut(..n).unwrap_or_default();
            write(step, resp3, login, Some((made, window)));
            self.made = made.saturating_add(n);
            (self.start, self.end) = (0, n);
        }
    }

    pub(crate) fn transmitted(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
    }

    /// Books a reply that [`is_owed`](Self::is_owed); `code` is the first word of an error.
    pub(crate) fn reply(&mut self, login: &Login<'_>, kind: Kind, code: &[u8]) -> Advance {
        self.owed = self.owed.saturating_sub(1);
        match self.step {
            Step::Hello if !kind.is_error() => {
                self.resp3 = true;
                self.set_up(login);
            }
            Step::Hello => {
                let too_old = matches!(code, b"NOPROTO" | b"ERR");
                if !too_old || login.protocol == Protocol::Resp3 {
                    return Advance::Refused;
                }
                self.after_hello(login);
            }
            Step::Auth if kind.is_error() => return Advance::Refused,
            Step::Auth => self.set_up(login),
            Step::Setup if self.selecting => {
                self.selecting = false;
                if kind.is_error() {
                    return Advance::Refused;
                }
            }
            Step::Setup if self.pinging && self.owed == 0 && kind.is_error() => {
                return Advance::Refused;
            }
            Step::Setup | Step::Ready => {}
        }
        if self.is_ready() {
            Advance::Ready
        } else {
            Advance::Waiting
        }
    }
}

/// The length of a step's commands, and a window on their bytes.
fn write(step: Step, resp3: bool, login: &Login<'_>, window: Option<(usize, &mut [u8])>) -> usize {
    let mut out = Out {
        len: 0,
        window: window.map(|(skip, bytes)| Sink::window(skip, bytes)),
    };
    let username = match login.username {
        "" => "default",
        username => username,
    };
    let (auth, name) = (!login.password.is_empty(), !login.client_name.is_empty());
    let credentials = ["AUTH", username, login.password];
    let naming = ["SETNAME", login.client_name];
    match step {
        Step::Hello => out.put(
            &["HELLO", "3"],
            if auth { &credentials } else { &[] },
            if name { &naming } else { &[] },
        ),
        // Redis before 6 knows AUTH of a password alone.
        Step::Auth if login.username.is_empty() => out.put(&["AUTH", login.password], &[], &[]),
        Step::Auth => out.put(&credentials, &[], &[]),
        Step::Setup => {
            if login.database != 0 {
                let digits = Decimal::unsigned(u64::from(login.database));
                out.put(&[&b"SELECT"[..], digits.as_bytes()], &[], &[]);
            }
            if name && !resp3 {
                out.put(&["CLIENT"], &naming, &[]);
            }
            if let Some((name, version)) = login.library {
                out.put(&["CLIENT", "SETINFO"], &["LIB-NAME", name], &[]);
                out.put(&["CLIENT", "SETINFO"], &["LIB-VER", version], &[]);
            }
            if login.ping {
                out.put(&["PING"], &[], &[]);
            }
        }
        Step::Ready => {}
    }
    out.len
}

struct Out<'a> {
    len: usize,
    window: Option<Sink<'a>>,
}

impl Out<'_> {
    /// One command, its words in three parts; one function for all, which are made once a
    /// connection.
    #[inline(never)]
    fn put<W: AsRef<[u8]>>(&mut self, first: &[W], second: &[W], third: &[W]) {
        let parts = [first, second, third];
        let words = || parts.into_iter().flatten().map(AsRef::as_ref);
        let count = words().count();
        self.len = words().fold(self.len.saturating_add(header_len(count)), |len, word| {
            len.saturating_add(argument_len(word.len()))
        });
        if let Some(sink) = &mut self.window {
            put_header(b'*', count, sink);
            words().for_each(|word| One(word).encode(sink));
        }
    }
}
