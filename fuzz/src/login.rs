//! Any handshake against any answers: nothing of the caller's leaves before it is done.

use respipe_core::login::Protocol;
use respipe_core::pipeline::{Event, Heap, LoginBuf, PipelineError, Sizes};
use respipe_core::{Fate, Instant, Pipeline, cmd};
use respipe_testkit::chance::Chance;
use respipe_testkit::conformance::HELLO;
use respipe_testkit::scripted::{Limits, parse_request};

/// What a server may answer to a command of the handshake. Those from [`ERRORS`] on are errors.
const ANSWERS: &[&[u8]] = &[
    b"+OK\r\n",
    HELLO,
    b"$-1\r\n",
    b"*2\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
    b">2\r\n+tick\r\n:1\r\n+OK\r\n",
    b"-ERR unknown command 'HELLO'\r\n",
    b"-NOPROTO unsupported protocol version\r\n",
    b"-WRONGPASS invalid username-password pair\r\n",
    b"-NOAUTH Authentication required.\r\n",
    b"!14\r\nNOPERM no such\r\n",
];
const ERRORS: usize = 5;

/// Runs the handshake that these bytes spell against the answers that they spell.
///
/// # Panics
/// If a command of the caller's leaves before all that is decisive has succeeded, or the handshake is refused without an error.
pub fn target(bytes: &[u8]) {
    let mut chance = Chance::of_bytes(bytes);
    let protocol = [Protocol::Auto, Protocol::Resp2, Protocol::Resp3][chance.usize(0..3)];
    let login = LoginBuf {
        protocol,
        username: text(&mut chance),
        password: text(&mut chance),
        database: chance.u32(0..3),
        client_name: text(&mut chance),
        library: chance.bool().then(|| (text(&mut chance), "1.0".into())),
        ..LoginBuf::default()
    };
    let mut run = Run {
        needs_auth: !login.password.is_empty(),
        needs_select: login.database != 0,
        protocol,
        ..Run::default()
    };
    let sizes = Sizes {
        tx: 64,
        rx: chance.usize(64..300),
        depth: 4,
    };
    let mut pipeline = Pipeline::new(Heap::new(sizes, login));
    pipeline.open(Instant::ZERO);
    pipeline
        .submit(&cmd("ECHO").arg("mark"), (), Instant::ZERO)
        .expect("room");
    run.play(&mut pipeline, &mut chance);
}

fn text(chance: &mut Chance<'_>) -> String {
    let len = chance.usize(0..4) * 7;
    let bytes = chance.bytes(len);
    // Without spaces, which a client's name has none of.
    bytes
        .iter()
        .map(|byte| char::from(b'!' + byte % 90))
        .collect()
}

#[derive(Default)]
struct Run {
    protocol: Protocol,
    needs_auth: bool,
    needs_select: bool,
    leaving: Vec<u8>,
    hello: Option<bool>,
    /// An error that says that HELLO is not known.
    is_old: bool,
    auth: Option<bool>,
    select: Option<bool>,
    refused: bool,
    served: bool,
}

impl Run {
    fn play(&mut self, pipeline: &mut Pipeline<Heap<()>>, chance: &mut Chance<'_>) {
        let now = Instant::ZERO;
        let mut outbox: Vec<u8> = Vec::new();
        let mut told = 0;
        for _ in 0..2000 {
            while let Some(bytes) = pipeline.poll_transmit() {
                let n = match chance.u32(0..4) {
                    0 => chance.usize(1..bytes.len() + 1),
                    _ => bytes.len(),
                };
                self.leaving.extend(&bytes[..n]);
                pipeline.transmitted(n, now);
                self.serve(chance, &mut outbox);
            }
            let n = match chance.u32(0..4) {
                0 if !chance.is_over() => chance.usize(0..outbox.len() + 1),
                _ => outbox.len(),
            };
            let n = pipeline.handle_input(&outbox[..n], now);
            outbox.drain(..n);
            loop {
                match pipeline.poll_event() {
                    Ok(None) => break,
                    Ok(Some(Event::Reply { reply, .. })) => {
                        assert!(self.served);
                        assert_eq!(reply.as_bytes(), Ok(&b"mark"[..]));
                        told += 1;
                    }
                    Ok(Some(Event::Ended { fate, .. })) => {
                        assert_eq!(fate, Fate::NotSent);
                        assert!(!self.served);
                        told += 1;
                    }
                    Ok(Some(Event::Push(_))) => {}
                    Ok(Some(other)) => panic!("{other:?}"),
                    Err(PipelineError::LoginRefused) => {
                        assert!(self.refused && !pipeline.last_words().is_empty());
                        assert_eq!(told, 1);
                        return;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            if told == 1 && outbox.is_empty() && pipeline.poll_transmit().is_none() {
                assert_eq!(pipeline.in_flight(), 0);
                return;
            }
        }
        panic!("the handshake never ends");
    }

    fn serve(&mut self, chance: &mut Chance<'_>, outbox: &mut Vec<u8>) {
        while let Some(request) = parse_request(&self.leaving, Limits::AUTHENTICATED).expect("RESP")
        {
            self.leaving.drain(..request.bytes);
            let name = request.arguments[0].as_slice();
            if name == b"ECHO" {
                self.check();
                self.served = true;
                outbox.extend(b"$4\r\nmark\r\n");
                continue;
            }
            // When the bytes are over every answer is OK.
            let place = chance.usize(0..ANSWERS.len());
            outbox.extend(ANSWERS[place]);
            let worked = place < ERRORS;
            match name {
                b"HELLO" => {
                    assert_ne!(self.protocol, Protocol::Resp2);
                    self.hello = Some(worked);
                    self.is_old = place == ERRORS || place == ERRORS + 1;
                    self.refused |= !(worked || self.is_old && self.protocol == Protocol::Auto);
                }
                b"AUTH" => {
                    self.auth = Some(worked);
                    self.refused |= !worked;
                }
                b"SELECT" => {
                    self.select = Some(worked);
                    self.refused |= !worked;
                }
                b"CLIENT" => {}
                _ => panic!("{}", name.escape_ascii()),
            }
        }
    }

    /// A command of the caller's has left.
    fn check(&self) {
        assert!(!self.refused, "left although the handshake was refused");
        let greeted = match (self.protocol, self.hello) {
            (Protocol::Resp2, None) => false,
            (Protocol::Auto, Some(worked)) => worked,
            (Protocol::Resp3, Some(true)) => true,
            other => panic!("left with {other:?}"),
        };
        assert!(
            greeted || !self.needs_auth || self.auth == Some(true),
            "left before AUTH"
        );
        assert!(
            !self.needs_select || self.select == Some(true),
            "left before SELECT"
        );
    }
}
