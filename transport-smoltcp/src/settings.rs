//! Where the server is, and how long everything may take.

use respipe_core::Duration;
use respipe_core::reconnect::Backoff;
use smoltcp::wire::IpEndpoint;

/// Where the server is, and how long everything may take. Make it a `static`: it lies in flash,
/// and the link only borrows it.
///
/// How long a server may say nothing while it owes a reply is the pipeline's
/// [`silence_limit`](respipe_core::pipeline::Config::silence_limit). Set it: a server that has
/// stopped, and whose host still acknowledges, is seen by nothing else.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Settings {
    /// The server's address and port.
    pub server: IpEndpoint,
    /// How long to wait between attempts. Waits are short again behind a connection that has lasted
    /// for a second, or for `max_delay` where that is shorter.
    pub backoff: Backoff,
    /// How long an attempt may take, until the server has let us in; zero means for ever.
    pub connect_timeout: Duration,
    /// Between two keep-alive probes while nothing comes. Zero sends none; then a network that is
    /// gone is seen only by the silence limit, while it owes something.
    pub keep_alive: Duration,
    /// How long the server's host may say nothing at all behind a probe, before the network counts
    /// as gone: `keep_alive` and this after the last packet that came. Zero means for ever.
    pub ack_timeout: Duration,
    /// How long an orderly close may take: last replies, and the server's own close.
    pub close_timeout: Duration,
}

impl Settings {
    /// Attempts of 5 s at most, a probe after 5 s, 5 s for its acknowledgement, 2 s to close.
    #[must_use]
    pub const fn new(server: IpEndpoint) -> Self {
        Self {
            server,
            backoff: Backoff::DEFAULT,
            connect_timeout: Duration::from_secs(5),
            ack_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(5),
            close_timeout: Duration::from_secs(2),
        }
    }
}
