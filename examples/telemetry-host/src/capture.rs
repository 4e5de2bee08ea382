//! Counts the TCP segments in a capture file (pcap) that carry data.

use std::path::Path;

use crate::Result;

/// The device's address, in QEMU's user network.
const DEVICE: [u8; 4] = [10, 0, 2, 15];

/// TCP segments with data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segments {
    /// From the device, retransmissions included.
    pub(crate) out: usize,
    /// Of these, those with samples.
    pub(crate) samples: usize,
    /// To the device.
    pub(crate) into: usize,
}

impl Segments {
    pub(crate) fn of(file: &Path) -> Result<Self> {
        Ok(Self::count(&std::fs::read(file)?))
    }

    /// Segments in that answer samples, where each other segment out was answered with one.
    pub(crate) const fn answers(&self) -> usize {
        self.into.saturating_sub(self.out - self.samples)
    }

    fn count(capture: &[u8]) -> Self {
        let mut segments = Self::default();
        let mut rest = capture.get(24..).unwrap_or_default();
        // Each record: four words, of which the third is how much of the frame was kept.
        while let Some((header, behind)) = rest.split_at_checked(16) {
            let kept = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
            // The last record may still be on its way into the file.
            let Some((frame, next)) = behind.split_at_checked(kept as usize) else {
                break;
            };
            match data_of(frame) {
                Some((DEVICE, data)) => {
                    segments.out += 1;
                    segments.samples += usize::from(data.windows(4).any(|word| word == b"XADD"));
                }
                Some(_) => segments.into += 1,
                None => {}
            }
            rest = next;
        }
        segments
    }
}

/// Who sent this frame, and its data, if it is TCP over IPv4 and carries any.
fn data_of(frame: &[u8]) -> Option<([u8; 4], &[u8])> {
    let packet = frame
        .get(14..)
        .filter(|_| frame.get(12..14) == Some(&[8, 0]))?;
    let header = usize::from(packet.first()? & 0xf) * 4;
    let len = usize::from(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?));
    let is_tcp = packet.get(9) == Some(&6);
    let offset = usize::from(packet.get(header + 12)? >> 4) * 4;
    let from = packet.get(12..16)?.try_into().ok()?;
    let data = packet.get(header + offset..len)?;
    (is_tcp && !data.is_empty()).then_some((from, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of a capture: a TCP segment with so many bytes of data.
    fn record(from: [u8; 4], data: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; 14 + 20 + 20];
        frame[12..14].copy_from_slice(&[8, 0]);
        frame[14] = 0x45;
        frame[16..18].copy_from_slice(&(40 + data.len() as u16).to_be_bytes());
        frame[23] = 6;
        frame[26..30].copy_from_slice(&from);
        frame[46] = 5 << 4;
        frame.extend(data);
        // Ethernet pads what is short: that is no data.
        frame.resize(frame.len().max(60), 0);
        let mut record = vec![0; 8];
        record.extend((frame.len() as u32).to_le_bytes());
        record.extend((frame.len() as u32).to_le_bytes());
        record.extend(frame);
        record
    }

    #[test]
    fn only_segments_with_data_count_by_direction_and_a_cut_record_does_not() {
        let mut capture = vec![0; 24];
        let host = [10, 0, 2, 2];
        for (from, data) in [
            (DEVICE, &b""[..]),
            (DEVICE, b"PING"),
            (host, b"+PONG"),
            (DEVICE, b"*7\r\n$4\r\nXADD"),
            (host, b"$3"),
        ] {
            capture.extend(record(from, data));
        }
        let whole = capture.len();
        capture.extend(&record(DEVICE, b"XADD")[..40]);
        let expected = Segments {
            out: 2,
            samples: 1,
            into: 2,
        };
        assert_eq!(expected.answers(), 1);
        assert_eq!(Segments::count(&capture), expected);
        assert_eq!(Segments::count(&capture[..whole]), expected);
        assert_eq!(Segments::count(&[]), Segments::default());
    }
}
