//! A network card that does not exist: frames of any length and content come and go.

use core::hint::black_box;
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// An Ethernet frame without its checksum.
const FRAME: usize = 1514;

/// The card, with room for one frame each way.
#[derive(Debug)]
pub struct Card {
    received: [u8; FRAME],
    sent: [u8; FRAME],
}

impl Card {
    /// A card with nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            received: [0; FRAME],
            sent: [0; FRAME],
        }
    }
}

impl Default for Card {
    fn default() -> Self {
        Self::new()
    }
}

/// A frame that came.
#[derive(Debug)]
pub struct Received<'a>(&'a [u8]);
/// Room for a frame to send.
#[derive(Debug)]
pub struct Room<'a>(&'a mut [u8; FRAME]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let made = write(self.0.get_mut(..len).unwrap_or_default());
        black_box(self.0);
        made
    }
}

impl Device for Card {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Room<'_>)> {
        let frame = black_box(&mut self.received).get(..black_box(0))?;
        Some((Received(frame), Room(&mut self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Room<'_>> {
        black_box(true).then_some(Room(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.max_transmission_unit = FRAME;
        capabilities.medium = Medium::Ethernet;
        capabilities
    }
}
