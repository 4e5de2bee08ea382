//! The server's side of a scenario: plays the exchanges and books what it saw.

use core::mem;
use std::sync::{Arc, Mutex, PoisonError};

use respipe_core::Instant;

use super::outcome::{Outcome, shown};
use super::scenario::{Exchange, Request, Scenario, Settings};
use crate::link::{Conditions, Flow, Peer};
use crate::scripted::{Limits, parse_request};

/// What a harness is given to start a subject: settings, and a server to play against.
#[derive(Debug)]
pub struct Stage {
    /// What the subject is made with.
    pub settings: Settings,
    /// What the link does to the bytes. Harnesses over real sockets can honour the splits.
    pub conditions: Conditions,
    outcomes: Vec<Outcome>,
    connections: Vec<Vec<Exchange>>,
    book: Book,
}

/// What the server has seen so far; shared between its connections.
#[derive(Clone, Debug, Default)]
pub struct Book(Arc<Mutex<Vec<String>>>);

impl Book {
    /// What went otherwise than the scenario says.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn fault(&self, what: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }
}

impl Stage {
    pub(super) fn new(scenario: &Scenario, conditions: Conditions) -> Self {
        let mut connections = scenario.connections.clone();
        connections.reverse();
        Self {
            settings: scenario.settings.clone(),
            conditions,
            outcomes: scenario.outcomes.clone(),
            connections,
            book: Book::default(),
        }
    }

    pub(super) fn book(&self) -> Book {
        self.book.clone()
    }

    /// The server's end of the next connection.
    pub fn next_connection(&mut self) -> Actor {
        let exchanges = self.connections.pop();
        if exchanges.is_none() {
            self.book
                .fault("a connection that the scenario does not have".to_owned());
        }
        let mut exchanges = exchanges.unwrap_or_default();
        exchanges.reverse();
        Actor {
            exchanges,
            pending: Vec::new(),
            due: None,
            over: false,
            book: self.book.clone(),
        }
    }

    /// Whether an outcome of this kind is among those that are expected: one that this transport cannot give.
    #[must_use]
    pub fn expects(&self, kind: impl Fn(&Outcome) -> bool) -> bool {
        self.outcomes.iter().any(kind)
    }

    /// How many connections are still to come.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len()
    }
}

/// The server's end of one connection.
#[derive(Debug)]
pub struct Actor {
    /// Still to come, the next one last.
    exchanges: Vec<Exchange>,
    pending: Vec<u8>,
    /// When the answer to the request that was read goes out.
    due: Option<Instant>,
    over: bool,
    book: Book,
}

impl Actor {
    /// Goes on with the exchange that is next. `None` if it has to wait.
    fn step(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        let next = self.exchanges.last_mut()?;
        if let Some(due) = self.due {
            if due > now {
                return None;
            }
            if next.alone && !self.pending.is_empty() {
                self.book.fault(format!(
                    "came behind what must be alone: {}",
                    shown(&self.pending)
                ));
            }
        } else {
            if let Some(expected) = &next.request {
                match take_request(&mut self.pending, expected) {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(fault) => self.book.fault(fault),
                }
            }
            if !next.delay.is_zero() {
                self.due = Some(now.after(next.delay));
                return Some(Flow::Open);
            }
        }
        self.due = None;
        let exchange = mem::take(next);
        self.exchanges.pop();
        out.extend(exchange.answer);
        Some(exchange.then)
    }
}

/// Takes the request at the front, if it is whole. An error says how it differs; it was taken all the same.
fn take_request(pending: &mut Vec<u8>, expected: &Request) -> Result<bool, String> {
    match parse_request(pending, Limits::AUTHENTICATED) {
        Ok(None) => Ok(false),
        Ok(Some(request)) => {
            let came: Vec<u8> = pending.drain(..request.bytes).collect();
            let expected = expected.wire();
            if came == expected {
                return Ok(true);
            }
            let (came, expected) = (shown(&came), shown(&expected));
            Err(format!("expected {expected}, came {came}"))
        }
        Err(error) => {
            let came = shown(pending);
            pending.clear();
            Err(format!("no request ({error}): {came}"))
        }
    }
}

impl Peer for Actor {
    fn receive(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<u8>) -> Flow {
        self.pending.extend(bytes);
        while let Some(flow) = self.step(now, out) {
            if flow != Flow::Open {
                self.over = true;
                return flow;
            }
        }
        if self.exchanges.is_empty() && !self.pending.is_empty() {
            self.book.fault(format!(
                "came although nothing was expected: {}",
                shown(&self.pending)
            ));
            self.pending.clear();
        }
        Flow::Open
    }

    fn wake(&self) -> Option<Instant> {
        self.due
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        for exchange in self.exchanges.drain(..).rev() {
            if let Some(request) = exchange.request {
                let missing = shown(&request.wire());
                self.book.fault(format!("never came whole: {missing}"));
            }
        }
    }
}
