//! The figures of docs/embedded.md, held when compiling for a 32-bit machine.

use crate::SLOT;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use respipe_core::pipeline::{Inline, Slot};
use respipe_core::telemetry::{Outbox, Series};
use respipe_core::{Instant, Pipeline};
use respipe_embedded_io::{Client, Clock, Pump};
use respipe_smoltcp::Link;
use smoltcp::iface::{Interface, SocketStorage};

type Empty = Inline<0, 0, 0>;

const _: () = assert!(size_of::<Slot>() == 16);
const _: () = assert!(SLOT == size_of::<Slot>() + size_of::<Option<u32>>());
const _: () = assert!(size_of::<Pipeline<Empty>>() <= 480);
const _: () = assert!(size_of::<Outbox>() + size_of::<Series>() <= 44);
const _: () = assert!(size_of::<Link<'static>>() <= 32);
const _: () = assert!(size_of::<Interface>() <= 368);
const _: () = assert!(size_of::<SocketStorage<'static>>() <= 336);

const CLIENT: usize = size_of::<Client<NoopRawMutex, Empty, ()>>();
const _: () = assert!(CLIENT <= size_of::<Pipeline<Empty>>() + 64);

/// Halves, a clock and a mutex of no size.
struct Nothing;

impl Clock for Nothing {
    fn now(&self) -> Instant {
        Instant::ZERO
    }

    async fn wait_until(&self, _: Instant) {}
}

impl ErrorType for Nothing {
    type Error = ErrorKind;
}

impl Read for Nothing {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        Ok(0)
    }
}

impl Write for Nothing {
    async fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        Ok(0)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

type Idle = Pump<'static, NoopRawMutex, Empty, Nothing>;

fn running(pump: &'static mut Idle) -> impl Future {
    pump.run(Nothing, Nothing, |_, _| {})
}

fn pausing(pump: &'static mut Idle) -> impl Future {
    pump.pause(0, |_, _| {})
}

const fn size_of_future<A, F: Future>(_: fn(A) -> F) -> usize {
    size_of::<F>()
}

const _: () = assert!(size_of::<Idle>() <= 56);
const _: () = assert!(size_of_future(running) <= 736);
const _: () = assert!(size_of_future(pausing) <= 240);
