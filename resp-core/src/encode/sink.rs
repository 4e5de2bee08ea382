//! Where encoded bytes go: memory that may lie in two pieces.

use core::mem;

/// A place for encoded bytes: free memory of a ring, in one piece or in two.
///
/// What does not fit is dropped and noted; the pipeline knows every length beforehand and treats
/// a mismatch as a fault of the [`Argument`](super::Argument) that caused it.
///
/// ```text
///   put:  [ out ........ ][ next ........ ]      after `skip` bytes were thrown away
/// ```
#[derive(Debug)]
pub struct Sink<'a> {
    out: &'a mut [u8],
    next: &'a mut [u8],
    /// Bytes still to throw away before the first that is kept; while there are some, `out` is
    /// empty, so that the common path of `put` needs no look at this field.
    skip: usize,
    overflow: bool,
}

impl<'a> Sink<'a> {
    /// A sink over one piece of memory.
    #[must_use]
    pub const fn new(out: &'a mut [u8]) -> Self {
        Self::over(out, &mut [])
    }

    /// A sink over two pieces of memory, filled in this order.
    #[must_use]
    pub(crate) const fn over(out: &'a mut [u8], next: &'a mut [u8]) -> Self {
        Self {
            out,
            next,
            skip: 0,
            overflow: false,
        }
    }

    /// A sink that throws away the first `skip` bytes and keeps what then fits into `out`: a
    /// window on an encoding that is longer than the memory for it.
    #[must_use]
    pub(crate) const fn window(skip: usize, out: &'a mut [u8]) -> Self {
        Self {
            out: &mut [],
            next: out,
            skip,
            overflow: false,
        }
    }

    /// Appends bytes.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.append(bytes);
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        if bytes.len() <= self.out.len() {
            if let Some((head, rest)) = mem::take(&mut self.out).split_at_mut_checked(bytes.len()) {
                copy(head, bytes);
                self.out = rest;
            }
        } else {
            self.put_across(bytes);
        }
    }

    /// Appends a few bytes whose number is known when compiling.
    #[inline]
    pub(crate) fn put_array<const N: usize>(&mut self, bytes: [u8; N]) {
        if self.out.len() >= N {
            if let Some((head, rest)) = mem::take(&mut self.out).split_first_chunk_mut::<N>() {
                *head = bytes;
                self.out = rest;
            }
        } else {
            self.put_across(&bytes);
        }
    }

    /// The next `n` bytes, to be written by the caller; `None`, and nothing taken, where they do not lie in
    /// one piece.
    #[inline]
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a mut [u8]> {
        if n > self.out.len() {
            return None;
        }
        let (place, rest) = mem::take(&mut self.out).split_at_mut_checked(n)?;
        self.out = rest;
        Some(place)
    }

    #[cold]
    #[inline(never)]
    fn put_across(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip = self.skip.wrapping_sub(skipped);
        let mut bytes = bytes.get(skipped..).unwrap_or_default();
        while !bytes.is_empty() {
            if self.out.is_empty() {
                self.out = mem::take(&mut self.next);
                if self.out.is_empty() {
                    self.overflow = true;
                    return;
                }
            }
            let n = bytes.len().min(self.out.len());
            if let Some((head, rest)) = mem::take(&mut self.out).split_at_mut_checked(n) {
                copy(head, bytes);
                self.out = rest;
            }
            bytes = bytes.get(n..).unwrap_or_default();
        }
    }

    /// Bytes that still fit.
    #[must_use]
    pub fn room(&self) -> usize {
        self.out.len().saturating_add(self.next.len())
    }

    /// Whether something was dropped because it did not fit.
    #[must_use]
    pub const fn overflowed(&self) -> bool {
        self.overflow
    }
}

/// Copies as many bytes as both sides have.
#[cfg_attr(target_pointer_width = "64", inline)]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    let n = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..n), from.get(..n)) {
        // Names, keys and numbers are short: two overlapping words cost less than a call.
        if n > SHORT {
            // Both are of one length, which the compiler sees: no panic path is kept.
            to.copy_from_slice(from);
        } else {
            let _ = (n > 16 && ends::<16>(to, from)) || copy_short(to, from);
        }
    }
}

/// Copies up to sixteen bytes; both sides have as many.
#[inline]
pub(crate) fn copy_short(to: &mut [u8], from: &[u8]) -> bool {
    ends::<8>(to, from) || ends::<4>(to, from) || ends::<2>(to, from) || ends::<1>(to, from)
}

/// Up to so many bytes are copied as two words.
const SHORT: usize = if cfg!(target_pointer_width = "64") {
    32
} else {
    16
};

/// Copies the first and the last `N` bytes; false, and nothing copied, where there are fewer.
#[inline]
fn ends<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let Some(behind) = from.len().checked_sub(N) else {
        return false;
    };
    chunk::<N>(to, from);
    chunk::<N>(
        to.get_mut(behind..).unwrap_or_default(),
        from.get(behind..).unwrap_or_default(),
    );
    true
}

/// Copies the first `N` bytes, if there are so many.
#[inline]
fn chunk<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
        *to = *from;
    }
}
