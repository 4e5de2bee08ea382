//! A scenario: what the application does, what the server does, and what must come of it, each written once.

use respipe_core::pipeline::{Config, LoginBuf, PipelineError, Rejected, Sizes, Why};
use respipe_core::{Duration, Fate, Kind};

use super::outcome::Outcome;
use crate::link::Flow;

/// A command, argument by argument, and what is said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Its arguments, the name first.
    pub words: Vec<Vec<u8>>,
    /// Declared replayable.
    pub replayable: bool,
    /// Bytes that its reply is said to have; zero where nothing is said.
    pub reply_hint: u32,
}

impl Request {
    /// The command on the wire.
    #[must_use]
    pub fn wire(&self) -> Vec<u8> {
        let mut wire = format!("*{}\r\n", self.words.len()).into_bytes();
        for word in &self.words {
            wire.extend(format!("${}\r\n", word.len()).as_bytes());
            wire.extend(word);
            wire.extend(b"\r\n");
        }
        wire
    }

    /// Declares it replayable.
    #[must_use]
    pub fn replayable(mut self) -> Self {
        self.replayable = true;
        self
    }

    /// Says how many bytes its reply is likely to have.
    #[must_use]
    pub fn reply_hint(mut self, bytes: u32) -> Self {
        self.reply_hint = bytes;
        self
    }
}

/// Words between spaces.
impl From<&str> for Request {
    fn from(text: &str) -> Self {
        let words = text.split(' ').map(|word| word.as_bytes().to_vec());
        Self {
            words: words.collect(),
            ..Self::default()
        }
    }
}

impl From<Vec<Vec<u8>>> for Request {
    fn from(words: Vec<Vec<u8>>) -> Self {
        Self {
            words,
            ..Self::default()
        }
    }
}

/// What the application does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Submits a command under a tag.
    Submit(u32, Request),
    /// Submits a command whose arguments behind the first `whole` are fed in pieces of at most `piece` bytes.
    SubmitInPieces {
        /// The tag.
        tag: u32,
        /// The command.
        request: Request,
        /// How many words go with the front.
        whole: usize,
        /// Bytes at a time.
        piece: usize,
    },
    /// Submits a command that may be longer than the buffer for it.
    SubmitLong(u32, Request),
    /// Lets all leave that is queued.
    Flush,
    /// Gives a command up.
    Abandon(u32),
    /// Drops the oldest command for its room; nothing is told if it has to stay.
    DropOldest,
    /// Strikes a command out, by its tag.
    Withdraw(u32),
    /// Frees the room of what was struck out.
    Compact,
    /// Works for so long.
    Wait(Duration),
    /// Works until so many outcomes are there in all.
    Run(usize),
    /// Opens the next connection.
    Open,
}

/// What the server does for one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The request that must come; `None`: nothing is waited for.
    pub request: Option<Request>,
    /// What it sends then.
    pub answer: Vec<u8>,
    /// How long it takes.
    pub delay: Duration,
    /// Nothing may have come behind the request until the answer goes.
    pub alone: bool,
    /// What becomes of the connection.
    pub then: Flow,
}

/// What the subject is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Limits, flushing, resending, time.
    pub config: Config,
    /// Memory.
    pub sizes: Sizes,
    /// What connections begin with.
    pub login: LoginBuf,
}

/// A scenario of the suite.
///
/// Its methods tell what the application does, what the server sends for it and what the application must then see; what both
/// sides share is said once.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Says what holds.
    pub name: &'static str,
    /// What the subject is made with.
    pub settings: Settings,
    /// What the application does.
    pub actions: Vec<Action>,
    /// What the server does, connection by connection.
    pub connections: Vec<Vec<Exchange>>,
    /// What the application must see, in this order.
    pub outcomes: Vec<Outcome>,
    /// Runs with bytes whole only: it is long.
    pub heavy: bool,
    /// The server reads nothing while what it has sent finds no room, and buffers on the way hold so many bytes.
    pub narrow: Option<usize>,
}

impl Scenario {
    /// A scenario over RESP2 without a handshake, with 4 KiB each way and 32 slots.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            settings: Settings {
                config: Config::DEFAULT,
                sizes: Sizes {
                    tx: 4096,
                    rx: 4096,
                    depth: 32,
                },
                login: LoginBuf {
                    protocol: respipe_core::login::Protocol::Resp2,
                    ..LoginBuf::default()
                },
            },
            actions: Vec::new(),
            connections: vec![Vec::new()],
            outcomes: Vec::new(),
            heavy: false,
            narrow: None,
        }
    }

    /// The same over RESP3: HELLO is answered first.
    #[must_use]
    pub fn resp3(name: &'static str) -> Self {
        Self::new(name)
            .login(|login| login.protocol = respipe_core::login::Protocol::Auto)
            .serve("HELLO 3", HELLO)
    }

    /// Changes the settings of time, windows and the like.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.settings.config);
        self
    }

    /// Changes the memory: bytes to send, bytes received, slots.
    #[must_use]
    pub fn sizes(mut self, tx: usize, rx: usize, depth: usize) -> Self {
        self.settings.sizes = Sizes { tx, rx, depth };
        self
    }

    /// Changes what connections begin with.
    #[must_use]
    pub fn login(mut self, change: impl FnOnce(&mut LoginBuf)) -> Self {
        change(&mut self.settings.login);
        self
    }

    /// Runs with bytes whole only.
    #[must_use]
    pub fn heavy(mut self) -> Self {
        self.heavy = true;
        self
    }

    /// Buffers on the way hold so many bytes, and the server does not read while it cannot write.
    #[must_use]
    pub fn narrow(mut self, bytes: usize) -> Self {
        self.narrow = Some(bytes);
        self
    }

    // Both sides at once.

    /// The application submits, the server answers, and the application must see exactly that as the reply.
    #[must_use]
    pub fn exchange(self, tag: u32, request: impl Into<Request>, wire: impl AsRef<[u8]>) -> Self {
        let wire = wire.as_ref().to_vec();
        self.call(tag, request, &wire)
            .expect(Outcome::Reply { tag, wire })
    }

    /// The application submits and the server answers; what must come of it is said elsewhere.
    #[must_use]
    pub fn call(self, tag: u32, request: impl Into<Request>, wire: impl AsRef<[u8]>) -> Self {
        let request = request.into();
        self.submit(tag, request.clone()).serve(request, wire)
    }

    /// The application submits what the server must not answer: it ends silent.
    #[must_use]
    pub fn silent(self, tag: u32, request: impl Into<Request>) -> Self {
        self.call(tag, request, b"").ends(tag, Fate::Silent)
    }

    /// The server sends a push and the application must see it.
    #[must_use]
    pub fn push(self, wire: impl AsRef<[u8]>) -> Self {
        let wire = wire.as_ref().to_vec();
        self.unasked(&wire).expect(Outcome::Push(wire))
    }

    /// The application submits a reply larger than its memory: skipped.
    #[must_use]
    pub fn too_large(
        self,
        tag: u32,
        request: impl Into<Request>,
        kind: Kind,
        wire: impl AsRef<[u8]>,
    ) -> Self {
        let wire = wire.as_ref();
        self.call(tag, request, wire).expect(Outcome::TooLarge {
            tag,
            kind,
            bytes: wire.len() as u64,
            head: wire.to_vec(),
        })
    }

    /// The same, delivered in tokens.
    #[must_use]
    pub fn streamed(self, tag: u32, request: impl Into<Request>, wire: impl AsRef<[u8]>) -> Self {
        let wire = wire.as_ref();
        self.call(tag, request, wire).expect(Outcome::Streamed {
            tag,
            bytes: wire.len() as u64,
            wire: wire.to_vec(),
        })
    }

    // What the application does.

    /// Submits.
    #[must_use]
    pub fn submit(self, tag: u32, request: impl Into<Request>) -> Self {
        let request = request.into();
        self.act(Action::Submit(tag, request))
    }

    /// Submits what must not be taken.
    #[must_use]
    pub fn rejected(self, tag: u32, request: impl Into<Request>, reason: Rejected) -> Self {
        self.submit(tag, request)
            .expect(Outcome::Rejected { tag, reason })
    }

    /// Gives up, and must be told this.
    #[must_use]
    pub fn abandon(self, tag: u32, fate: Fate) -> Self {
        self.act(Action::Abandon(tag)).ends(tag, fate)
    }

    /// Drops the oldest command, and must be told that it was this one.
    #[must_use]
    pub fn drops(self, tag: u32, fate: Fate) -> Self {
        self.act(Action::DropOldest).ends(tag, fate)
    }

    /// Works for so many milliseconds.
    #[must_use]
    pub fn wait(self, millis: u64) -> Self {
        self.act(Action::Wait(Duration::from_millis(millis)))
    }

    /// Works until all is there that is expected so far.
    #[must_use]
    pub fn run(self) -> Self {
        let wanted = self.outcomes.len();
        self.act(Action::Run(wanted))
    }

    /// Does this.
    #[must_use]
    pub fn act(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    // What the server does.

    /// Waits for this request and answers it.
    #[must_use]
    pub fn serve(mut self, request: impl Into<Request>, wire: impl AsRef<[u8]>) -> Self {
        self.connection().push(Exchange {
            request: Some(request.into()),
            answer: wire.as_ref().to_vec(),
            ..Exchange::default()
        });
        self
    }

    /// Sends this behind its last answer, or first of all, unasked.
    #[must_use]
    pub fn unasked(mut self, wire: impl AsRef<[u8]>) -> Self {
        if self.connection().is_empty() {
            self.connection().push(Exchange::default());
        }
        self.last().answer.extend(wire.as_ref());
        self
    }

    /// Sends this behind its last answer, so many milliseconds later; nothing may have come by then.
    #[must_use]
    pub fn later(mut self, millis: u64, wire: impl AsRef<[u8]>) -> Self {
        self.connection().push(Exchange {
            answer: wire.as_ref().to_vec(),
            delay: Duration::from_millis(millis),
            alone: true,
            ..Exchange::default()
        });
        self
    }

    /// Takes so many milliseconds for its last answer.
    #[must_use]
    pub fn late(mut self, millis: u64) -> Self {
        self.last().delay = Duration::from_millis(millis);
        self
    }

    /// Sees nothing behind the last request until it has answered it.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.last().alone = true;
        self.late(5)
    }

    /// Ends the connection behind its last answer.
    #[must_use]
    pub fn then(mut self, flow: Flow) -> Self {
        if self.connection().is_empty() {
            self.connection().push(Exchange::default());
        }
        self.last().then = flow;
        self
    }

    /// The same; the application must be told.
    #[must_use]
    pub fn closes(self) -> Self {
        self.then(Flow::Close)
    }

    /// The application sees the end of the connection, and opens the next one.
    #[must_use]
    pub fn next_connection(self, error: PipelineError) -> Self {
        self.down(error).run().opens()
    }

    /// The application opens the next connection.
    #[must_use]
    pub fn opens(mut self) -> Self {
        self = self.act(Action::Open);
        self.connections.push(Vec::new());
        self
    }

    fn connection(&mut self) -> &mut Vec<Exchange> {
        if self.connections.is_empty() {
            self.connections.push(Vec::new());
        }
        let last = self.connections.len() - 1;
        &mut self.connections[last]
    }

    fn last(&mut self) -> &mut Exchange {
        let connection = self.connection();
        let last = connection.len() - 1;
        &mut connection[last]
    }

    // What must come of it.

    /// This is seen next.
    #[must_use]
    pub fn expect(mut self, outcome: Outcome) -> Self {
        self.outcomes.push(outcome);
        self
    }

    /// This reply is seen next.
    #[must_use]
    pub fn reply(self, tag: u32, wire: impl AsRef<[u8]>) -> Self {
        let wire = wire.as_ref().to_vec();
        self.expect(Outcome::Reply { tag, wire })
    }

    /// This command ends next without a reply.
    #[must_use]
    pub fn ends(self, tag: u32, fate: Fate) -> Self {
        self.expect(Outcome::Ended { tag, fate })
    }

    /// This command ends next with its link.
    #[must_use]
    pub fn unknown(self, tag: u32) -> Self {
        self.ends(tag, Fate::Unknown(Why::LinkLost))
    }

    /// The connection ends next.
    #[must_use]
    pub fn down(self, error: PipelineError) -> Self {
        self.expect(Outcome::Down(error))
    }
}

/// A reply to HELLO 3 (Redis 7.0, without modules).
pub const HELLO: &[u8] =
    b"%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n\
    $2\r\nid\r\n:3\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";
