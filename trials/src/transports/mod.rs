//! Every transport, as a [`Transport`].

mod embedded_io;
mod smoltcp;
mod std;
mod tokio;

use crate::flight::Transport;

/// All of them.
#[must_use]
pub fn all() -> Vec<Box<dyn Transport>> {
    vec![
        Box::new(std::Std),
        Box::new(tokio::Tokio),
        Box::new(embedded_io::EmbeddedIo),
        Box::new(smoltcp::Smoltcp),
    ]
}
