//! The words of an encoded command, read where it lies in the ring, maybe in two pieces.

/// The longest word that the guard's tables know, in bytes.
const LONGEST: usize = 14;

/// One argument: its length and, if it is short, its text in upper case.
///
/// Of a command that is fed in pieces some are not there yet: they are [cut](Self::is_cut).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    len: usize,
    text: [u8; LONGEST],
}

impl Word {
    /// The text in upper case; `?` where it is longer than any word of the tables.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or(b"?")
    }

    /// Whether it is still to come, so that it may be any word.
    pub(crate) const fn is_cut(&self) -> bool {
        self.len == usize::MAX
    }
}

/// Walks the arguments of a command that the encoder has written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    first: &'a [u8],
    second: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Words<'a> {
    /// The words of the command whose bytes are `first` and then `second`, `count` in all.
    pub(crate) fn new(first: &'a [u8], second: &'a [u8], count: usize) -> Self {
        let mut this = Self {
            first,
            second,
            at: 0,
            left: count,
        };
        this.number();
        this
    }

    /// How many words are left.
    pub(crate) const fn left(&self) -> usize {
        self.left
    }

    fn byte(&self, at: usize) -> Option<u8> {
        let second = at.checked_sub(self.first.len());
        match second {
            None => self.first.get(at).copied(),
            Some(at) => self.second.get(at).copied(),
        }
    }

    /// The number of a header, whose kind is skipped, and its CRLF.
    fn number(&mut self) -> usize {
        let mut n: usize = 0;
        loop {
            self.at = self.at.saturating_add(1);
            match self.byte(self.at) {
                Some(digit @ b'0'..=b'9') => {
                    n = n.saturating_mul(10).saturating_add(usize::from(digit & 15));
                }
                _ => break,
            }
        }
        self.at = self.at.saturating_add(2);
        n
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        self.left = self.left.checked_sub(1)?;
        let mut len = self.number();
        let mut text = [0; LONGEST];
        if len <= LONGEST && self.byte(self.at.saturating_add(len)).is_none() {
            len = usize::MAX;
        }
        if len <= LONGEST {
            for (i, place) in text.iter_mut().enumerate().take(len) {
                let byte = self.byte(self.at.saturating_add(i)).unwrap_or(0);
                *place = byte.to_ascii_uppercase();
            }
        }
        self.at = self.at.saturating_add(len).saturating_add(2);
        Some(Word { len, text })
    }
}
