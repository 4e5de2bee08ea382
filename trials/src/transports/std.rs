//! `respipe-std`: a batch on a connection of its own.

use core::net::SocketAddr;

use respipe_core::encode::CommandList;
use respipe_std::{Batch, BatchOutcomes, Connection, Error, Options, Outcome};

use crate::flight::{End, Flight, Terms, Transport};

#[derive(Debug)]
pub(super) struct Std;

impl Transport for Std {
    fn name(&self) -> &'static str {
        "respipe-std"
    }

    fn flight(&self, server: SocketAddr, terms: &Terms, commands: &CommandList) -> Flight {
        let connected = options(server, terms).and_then(Connection::connect);
        let mut connection = match connected {
            Ok(connection) => connection,
            Err(error) => return Flight::not_sent(commands.len(), error),
        };
        let outcomes = connection.run(&batch(commands));
        let flight = told(&outcomes, commands.len());
        // What is still unread, or a server that does not close, says nothing about the commands.
        let _ = connection.close();
        flight
    }
}

/// The options that both hosted transports take.
pub(super) fn options(server: SocketAddr, terms: &Terms) -> Result<Options, Error> {
    let protocol = if terms.resp3 { 3 } else { 2 };
    let options = Options::from_url(&format!("redis://{server}?protocol={protocol}"))?;
    Ok(options
        .rx_bytes(terms.rx)
        .tx_bytes(terms.tx)
        .pushes(64)
        .connect_timeout(terms.patience)
        .write_timeout(terms.patience)
        .reply_timeout(terms.patience)
        .silence_limit(terms.patience)
        .close_timeout(terms.patience / 4))
}

pub(super) fn batch(commands: &CommandList) -> Batch {
    let mut batch = Batch::new();
    for command in commands.iter() {
        batch.push(&command).expect("an encoded command");
    }
    batch
}

pub(super) fn told(outcomes: &BatchOutcomes, commands: usize) -> Flight {
    let mut flight = Flight::of(commands);
    for (outcome, ends) in outcomes.iter().zip(&mut flight.ends) {
        ends.push(match outcome {
            Outcome::Replied(reply) => End::Replied(reply.as_raw().to_vec()),
            Outcome::TooLarge { .. } => End::TooLarge,
            Outcome::Refused(Some(_)) => End::Rejected,
            other => other.fate().map_or(End::Rejected, End::Ended),
        });
    }
    flight.error = outcomes.error().map(|error| format!("{error}"));
    flight
}
