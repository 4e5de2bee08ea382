//! `respipe-tokio`: a batch through a client of its own.

use core::net::SocketAddr;

use respipe_core::encode::CommandList;
use respipe_tokio::Client;

use super::std::{batch, options, told};
use crate::flight::{Flight, Terms, Transport};

#[derive(Debug)]
pub(super) struct Tokio;

impl Transport for Tokio {
    fn name(&self) -> &'static str {
        "respipe-tokio"
    }

    fn flight(&self, server: SocketAddr, terms: &Terms, commands: &CommandList) -> Flight {
        runtime().block_on(async {
            let connected = match options(server, terms) {
                Ok(options) => Client::connect(options).await,
                Err(error) => Err(error),
            };
            let client = match connected {
                Ok(client) => client,
                Err(error) => return Flight::not_sent(commands.len(), error),
            };
            let outcomes = client.run(&batch(commands)).await;
            let flight = told(&outcomes, commands.len());
            let _ = client.close().await;
            flight
        })
    }
}

/// A runtime on this thread.
pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
