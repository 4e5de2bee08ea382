//! Random replies, with what a reader has to find in them.

use core::ops::Range;
use std::format;
use std::string::String;
use std::vec::Vec;

/// So many, and few of them under Miri, which is some hundred times slower.
pub(crate) const fn seeds(n: u64) -> u64 {
    if cfg!(miri) { 1 + n / 300 } else { n }
}

/// All of them, and under Miri every 37th.
pub(crate) fn each<T>(all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    all.step_by(if cfg!(miri) { 37 } else { 1 })
}

/// A generator that is always the same for one seed (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// The bytes of one reply, and what is in them.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    pub(crate) bytes: Vec<u8>,
    /// What a walk has to visit, as [`shown`] by the reply's tests.
    pub(crate) nodes: Vec<String>,
    /// Where the pushes lie that are no elements and in no other such push.
    pub(crate) pushes: Vec<Range<usize>>,
    /// Inside attributes or a push that is no element: nothing of it is visited.
    hidden: usize,
    /// Inside a push that is no element.
    in_push: usize,
}

const CONFIRMATIONS: [&str; 6] = [
    "subscribe",
    "psubscribe",
    "ssubscribe",
    "unsubscribe",
    "punsubscribe",
    "sunsubscribe",
];
const MESSAGES: [&str; 5] = ["message", "pmessage", "invalidate", "subscribed", ""];

impl Sample {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut sample = Self::default();
        sample.attributes(&mut random, 3);
        match random.below(12) {
            0 => sample.push(&mut random, 3, MESSAGES[1], b'$'),
            1 => sample.push(&mut random, 3, CONFIRMATIONS[0], b'+'),
            _ => sample.bare(&mut random, 4),
        }
        sample
    }

    /// A value where one is owed inside an aggregate: other things may stand before it.
    fn element(&mut self, random: &mut Random, depth: usize) {
        self.strays(random, depth);
        self.attributes(random, depth);
        self.strays(random, depth);
        if random.one_in(16) {
            let kind = CONFIRMATIONS[random.below(CONFIRMATIONS.len())];
            let line = if random.one_in(2) { b'+' } else { b'$' };
            self.push(random, depth.saturating_sub(1), kind, line);
        } else {
            self.bare(random, depth);
        }
    }

    /// Pushes that are no elements.
    fn strays(&mut self, random: &mut Random, depth: usize) {
        while depth > 0 && random.one_in(16) {
            let start = self.bytes.len();
            self.hidden += 1;
            self.in_push += 1;
            match random.below(8) {
                0 => self.put(b">0\r\n"),
                // Its first element is no string.
                1 => {
                    self.put(b">2\r\n*0\r\n");
                    self.element(random, depth - 1);
                }
                _ => {
                    let kind = MESSAGES[random.below(MESSAGES.len())];
                    self.push(random, depth - 1, kind, b'$');
                }
            }
            self.hidden -= 1;
            self.in_push -= 1;
            if self.in_push == 0 {
                self.pushes.push(start..self.bytes.len());
            }
        }
    }

    fn push(&mut self, random: &mut Random, depth: usize, kind: &str, line: u8) {
        let more = random.below(3);
        self.line(b'>', more + 1);
        self.node(format!("push {}", more + 1));
        if line == b'+' && !kind.is_empty() {
            self.put(format!("+{kind}\r\n").as_bytes());
            self.node(format!("status {:?}", kind.as_bytes()));
        } else {
            self.bulk(b'$', kind.as_bytes());
            self.node(format!("bulk {:?}", kind.as_bytes()));
        }
        for _ in 0..more {
            self.element(random, depth);
        }
    }

    fn attributes(&mut self, random: &mut Random, depth: usize) {
        while depth > 0 && random.one_in(12) {
            let pairs = random.below(3);
            self.line(b'|', pairs);
            self.hidden += 1;
            for _ in 0..2 * pairs {
                self.element(random, depth - 1);
            }
            self.hidden -= 1;
        }
    }

    fn bare(&mut self, random: &mut Random, depth: usize) {
        let kinds = if depth == 0 { 14 } else { 22 };
        match random.below(kinds) {
            0..=4 => {
                let text = text(random, true);
                self.bulk(b'$', &text);
                self.node(format!("bulk {text:?}"));
            }
            kind @ 5..=8 => {
                let (first, name) = [
                    (b'+', "status"),
                    (b'-', "error"),
                    (b',', "double"),
                    (b'(', "big number"),
                ][kind - 5];
                let text = text(random, false);
                self.put(&[first]);
                self.put(&text);
                self.put(b"\r\n");
                self.node(format!("{name} {text:?}"));
            }
            9 | 10 => {
                let n = match random.below(6) {
                    0 => i64::MIN,
                    1 => i64::MAX,
                    2 => -(random.below(1000) as i64),
                    _ => random.below(100_000) as i64,
                };
                self.put(format!(":{n}\r\n").as_bytes());
                self.node(format!("integer {n}"));
            }
            11 => {
                self.put([&b"_\r\n"[..], b"$-1\r\n", b"*-1\r\n"][random.below(3)]);
                self.node("null".into());
            }
            12 => {
                let truth = random.one_in(2);
                self.put(if truth { b"#t\r\n" } else { b"#f\r\n" });
                self.node(format!("boolean {truth}"));
            }
            13 => {
                let text = text(random, true);
                if random.one_in(2) {
                    self.bulk(b'!', &text);
                    self.node(format!("error {text:?}"));
                } else {
                    self.bulk(b'=', &[b"txt:", &text[..]].concat());
                    self.node(format!("txt {text:?}"));
                }
            }
            kind => {
                let (first, name, each) = [
                    (b'*', "array", 1),
                    (b'*', "array", 1),
                    (b'~', "set", 1),
                    (b'%', "map", 2),
                ][kind % 4];
                let most = if random.one_in(8) { 40 } else { 5 };
                let count = random.below(most);
                self.line(first, count);
                self.node(format!("{name} {count}"));
                let depth = if count > 5 { 1 } else { depth };
                for _ in 0..each * count {
                    self.element(random, depth - 1);
                }
            }
        }
    }

    fn node(&mut self, node: String) {
        if self.hidden == 0 {
            self.nodes.push(node);
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn line(&mut self, first: u8, n: usize) {
        self.put(&[first]);
        self.put(format!("{n}\r\n").as_bytes());
    }

    fn bulk(&mut self, first: u8, text: &[u8]) {
        self.line(first, text.len());
        self.put(text);
        self.put(b"\r\n");
    }
}

fn text(random: &mut Random, any: bool) -> Vec<u8> {
    let len = match random.below(10) {
        0 => 90 + random.below(30),
        1 => 0,
        _ => random.below(20),
    };
    let bytes = (0..len).map(|_| match random.below(8) {
        0 => b"\r\n$*:+|>"[random.below(8)],
        1 => random.below(256) as u8,
        _ => b'a' + random.below(26) as u8,
    });
    bytes
        .filter(|byte| any || !matches!(byte, b'\r' | b'\n'))
        .collect()
}
