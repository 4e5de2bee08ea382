//! A link over smoltcp. What of smoltcp it calls can panic, so that this does not link: what can
//! panic is read from the assembly, and may lie in smoltcp alone.

use crate::boundary::number;
use core::hint::black_box;
use respipe_core::pipeline::Inline;
use respipe_core::{Instant, Pipeline};
use respipe_smoltcp::{Link, Settings, instant, timestamp};
use smoltcp::iface::Context;
use smoltcp::socket::tcp;
use smoltcp::wire::{IpAddress, IpEndpoint};

static SETTINGS: Settings = Settings::new(IpEndpoint::new(IpAddress::v4(10, 0, 2, 2), 6379));

type Pipe = Pipeline<Inline<512, 256, 8>>;
type Turn = fn(&mut Link<'static>, &mut tcp::Socket<'static>, &mut Context, &mut Pipe);

/// Keeps a function that is never called, for a socket and an interface that are never made: what
/// the interface itself does is not ours to prove.
#[inline(never)]
pub fn link() {
    black_box(turn as Turn);
    black_box(Link::new(&SETTINGS));
}

fn turn(
    link: &mut Link<'static>,
    socket: &mut tcp::Socket<'static>,
    cx: &mut Context,
    pipeline: &mut Pipe,
) {
    let now = Instant::from_micros(number());
    black_box(link.poll(now, socket, cx, pipeline, number() as u32));
    black_box(link.poll_at(now, socket, pipeline));
    black_box((link.is_up(), link.is_closed()));
    link.close();
    black_box(&mut *link).open();
    black_box(instant(timestamp(now)));
}
