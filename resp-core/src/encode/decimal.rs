//! Decimal digits without 64-bit division, which costs 0.95 KB of flash on a Cortex-M.

/// The most digits that a 64-bit number has, its sign included.
pub(crate) const MAX: usize = 20;

/// The decimal text of a number.
#[derive(Clone, Copy)]
pub(crate) struct Decimal {
    text: [u8; MAX],
    /// Where the text begins; it ends at `MAX`.
    start: usize,
}

impl Decimal {
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn unsigned(n: u64) -> Self {
        let mut this = Self {
            text: [b'0'; MAX],
            start: MAX,
        };
        this.digits(n);
        this
    }

    #[inline]
    pub(crate) fn signed(n: i64) -> Self {
        let mut this = Self::unsigned(n.unsigned_abs());
        if n < 0 {
            this.push(b'-');
        }
        this
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(self.start..).unwrap_or_default()
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        self.start = self.start.wrapping_sub(1);
        if let Some(place) = self.text.get_mut(self.start) {
            *place = byte;
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn digits(&mut self, n: u64) {
        match u32::try_from(n) {
            Ok(n) => self.digits32(n),
            Err(_) => self.digits64(n),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn digits32(&mut self, mut n: u32) {
        loop {
            self.push(b'0'.wrapping_add((n % 10) as u8));
            n /= 10;
            if n == 0 {
                return;
            }
        }
    }

    /// Long division by 10 000, sixteen bits at a time, so that only 32-bit numbers are ever divided.
    fn digits64(&mut self, n: u64) {
        let part = |shift: u32| ((n >> shift) & 0xffff) as u32;
        let mut parts = [part(48), part(32), part(16), part(0)];
        loop {
            let mut rest: u32 = 0;
            let mut above = 0;
            for part in &mut parts {
                let n = (rest << 16) | *part;
                (*part, rest) = (n / 10_000, n % 10_000);
                above |= *part;
            }
            if above == 0 {
                return self.digits32(rest);
            }
            let end = self.start.wrapping_sub(4);
            self.digits32(rest);
            while self.start != end {
                self.push(b'0');
            }
        }
    }
}

/// How many digits a number has.
#[cfg_attr(target_pointer_width = "64", inline)]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) const fn count(n: u64) -> usize {
    if n < 10 {
        1
    } else if n < 100 {
        2
    } else {
        count_many(n)
    }
}

#[inline(never)]
const fn count_many(n: u64) -> usize {
    // Not by logarithm, which takes half a kilobyte on a 32-bit machine.
    let (mut digits, mut limit) = (3usize, 1_000u64);
    while digits < 20 && n >= limit {
        digits = digits.wrapping_add(1);
        limit = limit.wrapping_mul(10);
    }
    digits
}
