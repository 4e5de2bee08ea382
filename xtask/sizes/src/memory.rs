//! The figures of docs/embedded.md, held when compiling for a 32-bit machine.

use crate::SLOT;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use respipe_core::Pipeline;
use respipe_core::pipeline::{Inline, Slot};
use respipe_core::telemetry::{Outbox, Series};
use respipe_embedded_io::Client;
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
const _: () = assert!(CLIENT <= size_of::<Pipeline<Empty>>() + 56);
