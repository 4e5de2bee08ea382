//! The SMSC LAN9118, a MAC behind a memory bus, as on the MPS2 boards; polled.
//!
//! It has no DMA: frames pass word by word through two registers, behind which lie FIFOs. This is
//! the only file that touches its registers.

use super::{Mac, give, take};

const BASE: usize = 0x4020_0000;

/// Registers, by their offset in bytes.
#[derive(Clone, Copy)]
enum Register {
    ReceivedData = 0x00,
    DataToSend = 0x20,
    ReceivedStatus = 0x40,
    SentStatus = 0x48,
    InterruptEnable = 0x5c,
    TransmitConfig = 0x70,
    HardwareConfig = 0x74,
    ReceiveFifo = 0x7c,
    TransmitFifo = 0x80,
    CsrCommand = 0xa4,
    CsrData = 0xa8,
}

/// Registers of the MAC proper, which are reached through two of the above.
#[derive(Clone, Copy)]
enum Csr {
    Control = 1,
    AddressHigh = 2,
    AddressLow = 3,
}

const SOFT_RESET: u32 = 1;
/// 5 KB for frames to send, and a bit that must be one.
const FIFO_SIZES: u32 = 1 << 20 | 5 << 16;
const TRANSMITTER_ON: u32 = 1 << 1;
const CSR_BUSY: u32 = 1 << 31;
/// Full duplex, transmitter and receiver on.
const CONTROL: u32 = 1 << 20 | 1 << 3 | 1 << 2;
/// The frame is sent as one piece.
const FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;
/// Bytes of the checksum behind a received frame.
const CHECKSUM: usize = 4;
/// Free bytes that a frame to send may take, with the two words in front of it.
const ROOM: u32 = 1_536 + 8;

/// The MAC, started.
#[derive(Debug)]
pub struct Lan9118(());

impl Lan9118 {
    /// Starts the MAC with this address. There is one: start it once.
    #[must_use]
    pub fn start(address: [u8; 6]) -> Self {
        let [a, b, c, d, e, f] = address;
        write(Register::HardwareConfig, SOFT_RESET);
        while read(Register::HardwareConfig) & SOFT_RESET != 0 {}
        write(Register::HardwareConfig, FIFO_SIZES);
        write(Register::InterruptEnable, 0);
        write_csr(Csr::AddressLow, u32::from_le_bytes([a, b, c, d]));
        write_csr(Csr::AddressHigh, u32::from_le_bytes([e, f, 0, 0]));
        write(Register::TransmitConfig, TRANSMITTER_ON);
        write_csr(Csr::Control, CONTROL);
        Self(())
    }
}

impl Mac for Lan9118 {
    fn has_frame(&self) -> bool {
        read(Register::ReceiveFifo) >> 16 & 0xff > 0
    }

    fn receive(&mut self, frame: &mut [u8]) -> usize {
        let counted = (read(Register::ReceivedStatus) >> 16 & 0x3fff) as usize;
        let len = counted.saturating_sub(CHECKSUM).min(frame.len());
        let left = frame.get_mut(..len).unwrap_or_default();
        // To the end, checksum included.
        take(left, counted.div_ceil(4), || read(Register::ReceivedData));
        len
    }

    fn is_ready(&self) -> bool {
        read(Register::TransmitFifo) & 0xffff >= ROOM
    }

    fn send(&mut self, frame: &[u8]) {
        // What became of earlier frames is TCP's business, but somebody has to take it away.
        while read(Register::TransmitFifo) >> 16 & 0xff > 0 {
            read(Register::SentStatus);
        }
        let len = frame.len() as u32;
        write(Register::DataToSend, FIRST_AND_LAST | len);
        write(Register::DataToSend, len);
        give(frame, |word| write(Register::DataToSend, word));
    }
}

fn write_csr(csr: Csr, value: u32) {
    write(Register::CsrData, value);
    write(Register::CsrCommand, CSR_BUSY | csr as u32);
    while read(Register::CsrCommand) & CSR_BUSY != 0 {}
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
