//! What one writes without a library: XADD put together by hand, a batch at a time, and replies
//! counted by their lines. It is here to be measured against.
//!
//! It has no handshake, no time-outs, and no idea of what to do when the link dies.

use smoltcp::socket::tcp;

/// The longest sample on the wire, in bytes.
const SAMPLE: usize = 96;
/// The largest batch, in samples.
pub const BATCH: usize = 32;

/// A batch, and how far it is.
#[derive(Debug)]
pub struct Handwritten {
    bytes: [u8; SAMPLE * BATCH],
    len: usize,
    sent: usize,
    replies_owed: usize,
    /// Lines of a reply of which not all has come.
    lines: usize,
    at_line_start: bool,
    /// Replies that were errors.
    pub errors: usize,
}

impl Handwritten {
    /// An empty batch.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: [0; SAMPLE * BATCH],
            len: 0,
            sent: 0,
            replies_owed: 0,
            lines: 0,
            at_line_start: true,
            errors: 0,
        }
    }

    /// Adds a sample to the batch; its id is `millis-0`.
    pub fn push(&mut self, millis: u64, sequence: u32, millidegrees: i32) {
        // 13 digits of milliseconds: good until the year 2286.
        self.put(b"*7\r\n$4\r\nXADD\r\n$7\r\nsamples\r\n$15\r\n");
        // Two halves, because dividing 64 bits is a slow routine on a Cortex-M.
        let (high, low) = ((millis / 100_000_000) as u32, (millis % 100_000_000) as u32);
        self.put(&digits::<5>(high));
        self.put(&digits::<8>(low));
        self.put(b"-0\r\n$3\r\nseq\r\n");
        self.number(false, sequence);
        self.put(b"\r\n$2\r\nmC\r\n");
        self.number(millidegrees < 0, millidegrees.unsigned_abs());
        self.put(b"\r\n");
        self.replies_owed += 1;
    }

    /// Hands the batch to TCP, as far as it takes it.
    pub fn send(&mut self, socket: &mut tcp::Socket<'_>) {
        if let Ok(n) = socket.send_slice(&self.bytes[self.sent..self.len]) {
            self.sent += n;
        }
    }

    /// Counts the replies that have come; whether the batch is through.
    pub fn receive(&mut self, socket: &mut tcp::Socket<'_>) -> bool {
        while self.replies_owed > 0 && socket.can_recv() {
            let _ = socket.recv(|bytes| (bytes.len(), self.count(bytes)));
        }
        if self.replies_owed == 0 {
            (self.len, self.sent) = (0, 0);
        }
        self.replies_owed == 0
    }

    /// A reply is `$15`, then the id, a line each; an error is one line.
    fn count(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.at_line_start && byte == b'-' {
                self.errors += 1;
                self.lines += 1;
            }
            self.at_line_start = byte == b'\n';
            if byte == b'\n' {
                self.lines += 1;
            }
        }
        self.replies_owed = self.replies_owed.saturating_sub(self.lines / 2);
        self.lines %= 2;
    }

    /// A number, its length in front.
    fn number(&mut self, negative: bool, magnitude: u32) {
        let all = digits::<10>(magnitude);
        let zeros = all
            .iter()
            .take(9)
            .take_while(|&&digit| digit == b'0')
            .count();
        let len = 10 - zeros + usize::from(negative);
        self.put(b"$");
        if len >= 10 {
            self.put(b"1");
        }
        self.put(&[b'0' + (len % 10) as u8]);
        self.put(if negative { b"\r\n-" } else { b"\r\n" });
        self.put(&all[zeros..]);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

impl Default for Handwritten {
    fn default() -> Self {
        Self::new()
    }
}

/// The last `N` decimal digits.
fn digits<const N: usize>(mut n: u32) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += (n % 10) as u8;
        n /= 10;
    }
    digits
}
