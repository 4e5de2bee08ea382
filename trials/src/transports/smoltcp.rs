//! `respipe-smoltcp`: the link of a board whose network leads to the server.

#[path = "../../../transport-smoltcp/tests/over_smoltcp/board.rs"]
#[allow(dead_code, reason = "its own tests use the rest")]
mod board;

use core::net::SocketAddr;
use core::time::Duration;
use std::time::Instant;

use board::{Board, SERVER};
use respipe_core::Pipeline;
use respipe_core::encode::CommandList;
use respipe_core::reconnect::Backoff;
use respipe_smoltcp::{Link, Notice, Settings};

use super::embedded_io::{config, heap, note};
use crate::flight::{End, Flight, Terms, Transport};

#[derive(Debug)]
pub(super) struct Smoltcp;

impl Transport for Smoltcp {
    fn name(&self) -> &'static str {
        "respipe-smoltcp"
    }

    fn surroundings(&self) -> usize {
        // The far side of its network: four sockets of 64 KiB each way, and a relay's 64 KiB.
        10 * 64 * 1024
    }

    fn flight(&self, server: SocketAddr, terms: &Terms, commands: &CommandList) -> Flight {
        let settings = Settings {
            backoff: Backoff::DEFAULT,
            connect_timeout: terms.patience.into(),
            ack_timeout: terms.patience.into(),
            close_timeout: (terms.patience / 4).into(),
            ..Settings::new(SERVER)
        };
        let mut board = Board::new(server, 2048);
        let mut link = Link::new(&settings);
        let mut pipeline = Pipeline::new(heap(terms, commands.len()));
        pipeline.configure(config(terms));
        let mut flight = Flight::of(commands.len());
        let mut tickets = Vec::new();
        for (tag, command) in commands.iter().enumerate() {
            match pipeline.submit(&command, tag, board.now()) {
                Ok(ticket) => tickets.push(ticket),
                Err(_) => flight.ends[tag].push(End::Rejected),
            }
        }
        let start = Instant::now();
        let mut closing = false;
        // The link's own deadlines end it; the time here is for a link that hangs, not for a machine that is busy.
        while start.elapsed() < terms.patience * 8 + Duration::from_secs(20) {
            let notice = board.turn(&mut link, &mut pipeline);
            loop {
                match pipeline.poll_event() {
                    Ok(None) => break,
                    Ok(Some(event)) => note(&mut flight, event),
                    Err(error) => {
                        // Closing ends with the server's own close.
                        if !closing {
                            flight.error = Some(error.to_string());
                        }
                        break;
                    }
                }
            }
            match notice {
                Some(Notice::Lost { why, .. }) => {
                    flight.error.get_or_insert(format!("{why:?}"));
                    // It would go on with another connection: a flight has one.
                    for ticket in &tickets {
                        if let Some((tag, fate)) = pipeline.abandon(*ticket) {
                            flight.ends[tag].push(End::Ended(fate));
                        }
                    }
                    return flight;
                }
                Some(Notice::Closed) => return flight,
                _ => {}
            }
            if !closing && flight.ends.iter().all(|ends| !ends.is_empty()) {
                closing = true;
                link.close();
            }
            board.rest(&link, &mut pipeline);
        }
        flight.error = Some("the link hangs".to_owned());
        flight
    }
}
