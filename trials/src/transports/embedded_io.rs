//! `respipe-embedded-io`: the pump over the halves of a tokio socket.

use core::cell::RefCell;
use core::net::SocketAddr;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_io_adapters::tokio_1::FromTokio;
use respipe_core::encode::CommandList;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{Config, Heap, LoginBuf, Resend, Sizes};
use respipe_core::{Event, Instant};
use respipe_embedded_io::{Client, Clock, End as Ended, Pump};
use tokio::net::TcpStream;
use tokio::time;

use super::tokio::runtime;
use crate::flight::{End, Flight, Terms, Transport};

#[derive(Debug)]
pub(super) struct EmbeddedIo;

/// Time since it was made.
struct Since(time::Instant);

impl Clock for Since {
    fn now(&self) -> Instant {
        Instant::ZERO.after(self.0.elapsed().into())
    }

    async fn wait_until(&self, at: Instant) {
        let at = at.since(Instant::ZERO);
        time::sleep_until(self.0 + core::time::Duration::from(at)).await;
    }
}

impl Transport for EmbeddedIo {
    fn name(&self) -> &'static str {
        "respipe-embedded-io"
    }

    fn flight(&self, server: SocketAddr, terms: &Terms, commands: &CommandList) -> Flight {
        runtime().block_on(flight(server, terms, commands))
    }
}

async fn flight(server: SocketAddr, terms: &Terms, commands: &CommandList) -> Flight {
    let stream = match time::timeout(terms.patience, TcpStream::connect(server)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Flight::not_sent(commands.len(), error),
        Err(late) => return Flight::not_sent(commands.len(), late),
    };
    let client = client(terms, commands.len());
    let told = RefCell::new(Flight::of(commands.len()));
    for (tag, command) in commands.iter().enumerate() {
        if client.submit(&command, tag).is_err() {
            told.borrow_mut().ends[tag].push(End::Rejected);
        }
    }
    client.close();
    let on_event = |event: Event<'_, usize>, _| note(&mut told.borrow_mut(), event);
    let (mut read, mut write) = ([0; 512], [0; 512]);
    let mut pump = Pump::new(&client, &mut read, &mut write);
    let (reader, writer) = stream.into_split();
    let run = pump.run(FromTokio::new(reader), FromTokio::new(writer), on_event);
    // A close waits for replies that are owed, to commands that were given up too: it has no deadline of its own.
    let ended = time::timeout(terms.patience * 4, run).await;
    // Tells what waits for a connection that will not come.
    pump.pause(0, on_event).await;
    let mut flight = told.into_inner();
    flight.error = match ended {
        Ok(Ended::Closed) => None,
        Ok(other) => Some(other.to_string()),
        Err(late) => Some(format!("closing: {late}")),
    };
    flight
}

fn client(terms: &Terms, depth: usize) -> Client<NoopRawMutex, Heap<usize>, Since> {
    let client = Client::new(heap(terms, depth), Since(time::Instant::now()));
    client.configure(config(terms));
    client
}

/// Memory for so many commands in flight.
pub(super) fn heap(terms: &Terms, depth: usize) -> Heap<usize> {
    let login = LoginBuf {
        protocol: if terms.resp3 {
            Protocol::Resp3
        } else {
            Protocol::Resp2
        },
        ..LoginBuf::default()
    };
    let sizes = Sizes {
        tx: terms.tx,
        rx: terms.rx,
        depth: depth.max(1),
    };
    Heap::new(sizes, login)
}

/// Commands are taken before there is a connection.
pub(super) fn config(terms: &Terms) -> Config {
    Config {
        resend: Resend::NotSent,
        reply_timeout: terms.patience.into(),
        silence_limit: terms.patience.into(),
        ..Config::DEFAULT
    }
}

/// Notes what happened to which command.
pub(super) fn note(flight: &mut Flight, event: Event<'_, usize>) {
    let (tag, end) = match event {
        Event::Reply { tag, reply } => (tag, End::Replied(reply.as_raw().to_vec())),
        Event::TooLarge { tag, .. } | Event::Streamed { tag, .. } => (tag, End::TooLarge),
        Event::Ended { tag, fate } => (tag, End::Ended(fate)),
        Event::Push(_) => {
            flight.pushes += 1;
            return;
        }
        Event::Token(_) => return,
    };
    flight.ends[tag].push(end);
}
