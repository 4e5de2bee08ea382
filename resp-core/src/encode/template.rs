//! Commands whose constant parts are encoded when compiling.

use self::constant::{put, put_header};
use super::argument::Fill;
use super::{Command, Sink, Traits};
use crate::session::Class;

/// One part of a [`template!`](crate::template).
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A constant argument.
    Text(&'static str),
    /// A place for an argument that is given later.
    Hole,
}

/// A command with constant parts and `N` open places, made by [`template!`](crate::template).
///
/// The constant bytes, lengths and CRLFs included, lie in flash on a microcontroller:
///
/// ```text
///   head                              tails[0]                         tails[1]
///   *5\r\n$4\r\nXADD\r\n  $n\r\nkey\r\n  $1\r\n*\r\n$7\r\ncelsius\r\n  $n\r\n21\r\n  (empty)
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Template<const N: usize> {
    head: &'static [u8],
    tails: [&'static [u8]; N],
    /// Bytes of all of these.
    constant: usize,
    arguments: usize,
    traits: Traits,
}

/// A [`Template`] with its open places filled.
#[derive(Clone, Copy, Debug)]
#[must_use = "a command does nothing until it is submitted"]
pub struct Filled<'t, const N: usize, F> {
    template: &'t Template<N>,
    fill: F,
    traits: Traits,
}

/// Makes a [`Template`](crate::encode::Template): a constant part is a string literal or a
/// constant `&str`, an open place is `_`.
///
/// The first part is the command's name. That it is there, constant and not empty is checked
/// when compiling.
///
/// ```
/// use respipe_core::{encode::Template, template};
/// const SET: Template<2> = template!("SET", _, _);
/// let set = SET.with(("key", 5));
/// ```
///
/// ```compile_fail
/// const NAMELESS: respipe_core::encode::Template<1> = respipe_core::template!(_);
/// ```
#[macro_export]
macro_rules! template {
    ($($part:tt),+ $(,)?) => {{
        const PARTS: &[$crate::encode::Part] = &[$($crate::template!(@part $part)),+];
        const BYTES: &[u8] = &$crate::encode::Part::constant_bytes::<
            { $crate::encode::Part::constant_len(PARTS) },
        >(PARTS);
        $crate::encode::Template::<{ $crate::encode::Part::holes(PARTS) }>::new(PARTS, BYTES)
    }};
    (@part _) => { $crate::encode::Part::Hole };
    (@part $text:tt) => { $crate::encode::Part::Text($text) };
}

/// Runs only when compiling: a panic or an index out of range is a compile error there.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated when compiling, by `template!`"
)]
impl Part {
    /// How many open places there are.
    #[doc(hidden)]
    #[must_use]
    pub const fn holes(parts: &[Self]) -> usize {
        let mut holes = 0;
        let mut i = 0;
        while i < parts.len() {
            if matches!(parts[i], Self::Hole) {
                holes += 1;
            }
            i += 1;
        }
        holes
    }

    /// How many constant bytes there are in all.
    #[doc(hidden)]
    #[must_use]
    pub const fn constant_len(parts: &[Self]) -> usize {
        let mut len = super::argument::header_len(parts.len());
        let mut i = 0;
        while i < parts.len() {
            len += match parts[i] {
                Self::Text(text) => super::argument::argument_len(text.len()),
                Self::Hole => 0,
            };
            i += 1;
        }
        len
    }

    /// All constant bytes, one behind the other.
    #[doc(hidden)]
    #[must_use]
    pub const fn constant_bytes<const LEN: usize>(parts: &[Self]) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let mut at = put_header(&mut bytes, 0, b'*', parts.len());
        let mut i = 0;
        while i < parts.len() {
            if let Self::Text(text) = parts[i] {
                at = put_header(&mut bytes, at, b'$', text.len());
                at = put(&mut bytes, at, text.as_bytes());
                at = put(&mut bytes, at, b"\r\n");
            }
            i += 1;
        }
        bytes
    }
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "evaluated when compiling, by `template!`"
)]
impl<const N: usize> Template<N> {
    /// What [`template!`](crate::template) calls.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(parts: &[Part], bytes: &'static [u8]) -> Self {
        let Part::Text(name) = parts[0] else {
            panic!("the name of a command is constant");
        };
        assert!(!name.is_empty(), "the name of a command is not empty");
        let mut tails: [&'static [u8]; N] = [&[]; N];
        let mut head: &'static [u8] = bytes;
        let mut rest = bytes;
        let mut end = super::argument::header_len(parts.len());
        let mut hole = 0;
        let mut i = 0;
        while i < parts.len() {
            if let Part::Text(text) = parts[i] {
                end += super::argument::argument_len(text.len());
            } else {
                let (before, after) = rest.split_at(end);
                if hole == 0 {
                    head = before;
                } else {
                    tails[hole - 1] = before;
                }
                hole += 1;
                rest = after;
                end = 0;
            }
            i += 1;
        }
        if hole > 0 {
            tails[hole - 1] = rest;
        }
        Self {
            head,
            tails,
            constant: bytes.len(),
            arguments: parts.len(),
            traits: Traits {
                class: Class::of(name.as_bytes()),
                replayable: false,
                reply_hint: 0,
            },
        }
    }
}

impl<const N: usize> Template<N> {
    /// Declares that running the command again is safe even after everything that was sent
    /// behind it has run.
    #[must_use]
    pub const fn replayable(mut self) -> Self {
        self.traits.replayable = true;
        self
    }

    /// Says how many bytes the reply is likely to have, for the window of reply bytes.
    #[must_use]
    pub const fn reply_hint(mut self, bytes: u32) -> Self {
        self.traits.reply_hint = bytes;
        self
    }

    /// The command with its open places filled, in order, from a tuple.
    #[inline]
    pub fn with<F: Fill<N>>(&self, fill: F) -> Filled<'_, N, F> {
        Filled {
            template: self,
            fill,
            traits: self.traits,
        }
    }
}

impl Template<0> {
    /// The command of a template without open places.
    pub fn whole(&self) -> Filled<'_, 0, ()> {
        Filled {
            template: self,
            fill: (),
            traits: self.traits,
        }
    }
}

impl Fill<0> for () {
    fn filled_len(&self) -> usize {
        0
    }
    fn fill(&self, _: &[&[u8]; 0], _: &mut Sink<'_>) {}
}

impl<const N: usize, F: Fill<N>> Command for Filled<'_, N, F> {
    #[inline]
    fn argument_count(&self) -> usize {
        self.template.arguments
    }

    #[inline]
    fn encoded_len(&self) -> usize {
        self.fill
            .filled_len()
            .saturating_add(self.template.constant)
    }

    // As for `Fill::fill`: constants are stored, not copied.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn encode(&self, sink: &mut Sink<'_>) {
        sink.put(self.template.head);
        self.fill.fill(&self.template.tails, sink);
    }

    #[inline]
    fn traits(&self) -> Traits {
        self.traits
    }
}

/// Runs only when compiling, as [`Part`]'s functions do.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "evaluated when compiling, by `template!`"
)]
mod constant {
    pub(super) const fn put(bytes: &mut [u8], mut at: usize, text: &[u8]) -> usize {
        let mut i = 0;
        while i < text.len() {
            bytes[at] = text[i];
            at += 1;
            i += 1;
        }
        at
    }

    pub(super) const fn put_header(bytes: &mut [u8], at: usize, kind: u8, n: usize) -> usize {
        let digits = super::super::decimal::count(n as u64);
        bytes[at] = kind;
        let mut rest = n;
        let mut i = digits;
        while i > 0 {
            bytes[at + i] = b'0' + (rest % 10) as u8;
            rest /= 10;
            i -= 1;
        }
        put(bytes, at + 1 + digits, b"\r\n")
    }
}
