//! Ethernet: a MAC's four abilities, and what makes a device of smoltcp's out of them.
//!
//! Bring your own MAC by implementing [`Mac`]; the rest stays as it is.

#[cfg(feature = "mps2-an385")]
mod lan9118;
#[cfg(not(feature = "mps2-an385"))]
mod stellaris;

#[cfg(feature = "mps2-an385")]
pub use lan9118::Lan9118;
#[cfg(not(feature = "mps2-an385"))]
pub use stellaris::Stellaris;

use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use static_cell::ConstStaticCell;

/// The longest Ethernet frame, in bytes, without its checksum.
pub const FRAME: usize = 1_514;

/// What a MAC can do.
pub trait Mac {
    /// Whether a received frame waits.
    fn has_frame(&self) -> bool;

    /// Takes the frame that waits; returns its length, at most that of `frame`.
    fn receive(&mut self, frame: &mut [u8]) -> usize;

    /// Whether a frame can be sent now.
    fn is_ready(&self) -> bool;

    /// Sends a frame.
    fn send(&mut self, frame: &[u8]);
}

/// Not in the device itself: moving that would take them over the stack.
static RECEIVED: ConstStaticCell<[u8; FRAME]> = ConstStaticCell::new([0; FRAME]);
static TO_SEND: ConstStaticCell<[u8; FRAME]> = ConstStaticCell::new([0; FRAME]);

/// A MAC with room for one frame in each direction.
#[derive(Debug)]
pub struct Ethernet<M> {
    mac: M,
    received: &'static mut [u8; FRAME],
    to_send: &'static mut [u8; FRAME],
}

impl<M: Mac> Ethernet<M> {
    /// A device for this MAC.
    ///
    /// # Panics
    /// When called twice.
    #[must_use]
    pub fn new(mac: M) -> Self {
        Self {
            mac,
            received: RECEIVED.take(),
            to_send: TO_SEND.take(),
        }
    }

    /// Whether a received frame waits: then polling the interface does something.
    #[must_use]
    pub fn has_frame(&self) -> bool {
        self.mac.has_frame()
    }
}

impl<M: Mac> phy::Device for Ethernet<M> {
    type RxToken<'a>
        = Received<'a>
    where
        M: 'a;
    type TxToken<'a>
        = ToSend<'a, M>
    where
        M: 'a;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, ToSend<'_, M>)> {
        // smoltcp may answer the frame at once, so there must be room for that too.
        if !self.mac.is_ready() || !self.mac.has_frame() {
            return None;
        }
        let len = self.mac.receive(self.received);
        let frame = Received(self.received.get(..len).unwrap_or_default());
        Some((frame, ToSend(&mut self.mac, self.to_send)))
    }

    fn transmit(&mut self, _: Instant) -> Option<ToSend<'_, M>> {
        self.mac
            .is_ready()
            .then_some(ToSend(&mut self.mac, self.to_send))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities
    }
}

/// A received frame.
#[derive(Debug)]
pub struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for a frame to send.
#[derive(Debug)]
pub struct ToSend<'a, M>(&'a mut M, &'a mut [u8; FRAME]);

impl<M: Mac> phy::TxToken for ToSend<'_, M> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        // Never longer: `max_transmission_unit` says so.
        let frame = self.1.get_mut(..len).unwrap_or_default();
        let result = f(frame);
        self.0.send(frame);
        result
    }
}

/// Gives a frame to a FIFO of words, little endian, the last one filled up with zeros. Four bytes
/// at a time: this is where most of a driver's instructions go.
fn give(bytes: &[u8], mut write: impl FnMut(u32)) {
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        write(u32::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let mut word = [0; 4];
        word[..rest.len()].copy_from_slice(rest);
        write(u32::from_le_bytes(word));
    }
}

/// Takes so many words from a FIFO, and keeps as many of their bytes as there is room for.
fn take(bytes: &mut [u8], words: usize, mut read: impl FnMut() -> u32) {
    let (whole, rest) = bytes.as_chunks_mut::<4>();
    let (fill, drop) = (whole.len().min(words), words.saturating_sub(whole.len()));
    for place in &mut whole[..fill] {
        *place = read().to_le_bytes();
    }
    // The end of the frame, and what is behind it: the next frame follows in the same register.
    for n in 0..drop {
        let word = read().to_le_bytes();
        if n == 0 {
            rest.copy_from_slice(&word[..rest.len()]);
        }
    }
}
