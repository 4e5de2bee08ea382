//! Where the server is, and one turn of a link with it.

use crate::{Net, random};
use respipe_core::pipeline::{Pipeline, Storage};
use respipe_core::{Duration, Instant};
use respipe_smoltcp::{Link, Notice, Settings};
use smoltcp::wire::{IpAddress, IpEndpoint};

/// Lies in flash.
pub static SETTINGS: Settings = Settings {
    keep_alive: Duration::from_secs(3),
    ..Settings::new(IpEndpoint::new(IpAddress::v4(10, 0, 2, 2), 6379))
};

/// Moves bytes both ways, or connects if it is time. Poll events afterwards.
pub fn turn<S: Storage>(
    link: &mut Link<'static>,
    net: &mut Net,
    pipeline: &mut Pipeline<S>,
    now: Instant,
) -> Option<Notice> {
    let (interface, socket) = net.parts();
    link.poll(now, socket, interface.context(), pipeline, random())
}

/// When to come again.
pub fn next<S: Storage>(
    link: &Link<'static>,
    net: &mut Net,
    pipeline: &mut Pipeline<S>,
    now: Instant,
) -> Option<Instant> {
    link.poll_at(now, net.socket(), pipeline)
}
