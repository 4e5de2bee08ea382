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
    /// Where in the reply: it is `$n`, then the id, a line each.
    in_second_line: bool,
    line_len: usize,
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
            in_second_line: false,
            line_len: 0,
            errors: 0,
        }
    }

    /// Adds a sample to the batch.
    pub fn push(&mut self, millis: u64, sequence: u32, millidegrees: i32) {
        let mut id = [0; 24];
        let id_len = decimal(&mut id, millis);
        id[id_len..id_len + 2].copy_from_slice(b"-0");
        self.put(b"*7\r\n$4\r\nXADD\r\n$7\r\nsamples\r\n");
        self.bulk(&id, id_len + 2);
        self.put(b"$3\r\nseq\r\n");
        self.number(sequence.into(), false);
        self.put(b"$2\r\nmC\r\n");
        self.number(millidegrees.unsigned_abs().into(), millidegrees < 0);
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
            let _ = socket.recv(|bytes| {
                bytes.iter().for_each(|&byte| self.reply_byte(byte));
                (bytes.len(), ())
            });
        }
        if self.replies_owed == 0 {
            (self.len, self.sent) = (0, 0);
        }
        self.replies_owed == 0
    }

    fn reply_byte(&mut self, byte: u8) {
        let is_error = self.line_len == 0 && !self.in_second_line && byte == b'-';
        self.line_len += 1;
        if is_error {
            self.errors += 1;
            // An error is one line.
            self.in_second_line = true;
        }
        if byte == b'\n' {
            if self.in_second_line {
                self.replies_owed = self.replies_owed.saturating_sub(1);
            }
            self.in_second_line = !self.in_second_line;
            self.line_len = 0;
        }
    }

    fn number(&mut self, magnitude: u64, negative: bool) {
        let mut text = [0; 24];
        text[0] = b'-';
        let sign = usize::from(negative);
        let digits = decimal(&mut text[sign..], magnitude);
        self.bulk(&text, sign + digits);
    }

    fn bulk(&mut self, text: &[u8], len: usize) {
        let mut digits = [0; 24];
        let n = decimal(&mut digits, len as u64);
        self.put(b"$");
        self.put(&digits[..n]);
        self.put(b"\r\n");
        self.put(&text[..len]);
        self.put(b"\r\n");
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

/// Writes a number, returns how many digits it has.
fn decimal(to: &mut [u8], mut n: u64) -> usize {
    let mut reversed = [0; 20];
    let mut digits = 0;
    loop {
        // 32 bits where they do: dividing 64 is a slow routine on a Cortex-M.
        let (rest, digit) = match u32::try_from(n) {
            Ok(n) => (u64::from(n / 10), n % 10),
            Err(_) => (n / 10, (n % 10) as u32),
        };
        reversed[digits] = b'0' + digit as u8;
        digits += 1;
        n = rest;
        if n == 0 {
            break;
        }
    }
    for i in 0..digits {
        to[i] = reversed[digits - 1 - i];
    }
    digits
}
