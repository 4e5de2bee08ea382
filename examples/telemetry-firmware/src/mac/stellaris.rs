//! The Ethernet MAC of the Stellaris LM3S6965, polled.
//!
//! It has no DMA: frames pass word by word through one register, behind which lie a FIFO for each
//! direction. This is the only file that touches its registers.

use super::{Mac, give, take};

const BASE: usize = 0x4004_8000;

/// Registers, by their offset in bytes.
#[derive(Clone, Copy)]
enum Register {
    InterruptMask = 0x04,
    ReceiveControl = 0x08,
    TransmitControl = 0x0c,
    Data = 0x10,
    AddressLow = 0x14,
    AddressHigh = 0x18,
    PacketsWaiting = 0x34,
    TransmissionRequest = 0x38,
}

/// What the receiver's control register is set to.
const RESET_FIFO: u32 = 0x10;
const RECEIVE_UNICAST_AND_BROADCAST: u32 = 0x09;
/// Full duplex, checksum and padding by the MAC, transmitter on.
const TRANSMIT: u32 = 0x17;

/// Bytes that the length in front of a received frame counts besides the frame: itself and the
/// checksum behind.
const LENGTH_AND_CHECKSUM: usize = 2 + 4;
/// Bytes of a frame that the length in front of one to send does not count.
const ETHERNET_HEADER: usize = 14;

/// The MAC, started.
#[derive(Debug)]
pub struct Stellaris(());

impl Stellaris {
    /// Starts the MAC with this address. There is one: start it once.
    #[must_use]
    pub fn start(address: [u8; 6]) -> Self {
        let [a, b, c, d, e, f] = address;
        // All interrupts are on after a reset; we poll.
        write(Register::InterruptMask, 0);
        write(Register::AddressLow, u32::from_le_bytes([a, b, c, d]));
        write(Register::AddressHigh, u32::from_le_bytes([e, f, 0, 0]));
        write(Register::ReceiveControl, RESET_FIFO);
        write(Register::ReceiveControl, RECEIVE_UNICAST_AND_BROADCAST);
        write(Register::TransmitControl, TRANSMIT);
        Self(())
    }
}

impl Mac for Stellaris {
    fn has_frame(&self) -> bool {
        // Reading `Data` while nothing waits gives garbage.
        read(Register::PacketsWaiting) > 0
    }

    fn receive(&mut self, frame: &mut [u8]) -> usize {
        let [low, high, first, second] = read(Register::Data).to_le_bytes();
        let counted = usize::from(u16::from_le_bytes([low, high]));
        let len = counted.saturating_sub(LENGTH_AND_CHECKSUM).min(frame.len());
        let (start, rest) = frame.split_at_mut(len.min(2));
        start.copy_from_slice(&[first, second][..start.len()]);
        let left = rest.get_mut(..len.saturating_sub(2)).unwrap_or_default();
        // To the end, checksum included; one word was read.
        let words = counted.div_ceil(4).saturating_sub(1);
        take(left, words, || read(Register::Data));
        len
    }

    fn is_ready(&self) -> bool {
        read(Register::TransmissionRequest) & 1 == 0
    }

    fn send(&mut self, frame: &[u8]) {
        let &[first, second, ref rest @ ..] = frame else {
            return;
        };
        let payload = frame.len().saturating_sub(ETHERNET_HEADER) as u16;
        let [low, high] = payload.to_le_bytes();
        let head = u32::from_le_bytes([low, high, first, second]);
        write(Register::Data, head);
        give(rest, |word| write(Register::Data, word));
        write(Register::TransmissionRequest, 1);
    }
}

fn read(register: Register) -> u32 {
    // SAFETY: the address is that of a 32-bit register of this MAC, aligned to four bytes.
    // Reading may take a word out of a FIFO and has no effect on memory.
    unsafe { core::ptr::read_volatile((BASE + register as usize) as *const u32) }
}

fn write(register: Register, value: u32) {
    // SAFETY: as for `read`; the MAC has no DMA, so nothing that is written can make it touch
    // memory.
    unsafe { core::ptr::write_volatile((BASE + register as usize) as *mut u32, value) }
}
