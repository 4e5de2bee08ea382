//! What can be an argument of a command, and lists of such.

use super::decimal::{self, Decimal};
use super::sink::Sink;
#[cfg(target_pointer_width = "64")]
use super::sink::copy;
#[cfg(not(target_pointer_width = "64"))]
use super::sink::copy_short;

/// A value that can be an argument of a command.
///
/// Redis knows one type of argument, a string of bytes; numbers go as decimal text and booleans
/// as `1` and `0`, which is how Redis itself stores and prints them.
///
/// An implementation must write exactly [`text_len`](Self::text_len) bytes; a command whose
/// arguments do not is refused when it is submitted, before anything of it is queued.
pub trait Argument {
    /// The exact number of bytes that [`write_text`](Self::write_text) writes.
    fn text_len(&self) -> usize;

    /// Appends the argument's text, without length or CRLF.
    fn write_text(&self, sink: &mut Sink<'_>);

    /// Appends `$<length>\r\n<text>\r\n`; what has its text at hand does so in one go.
    #[doc(hidden)]
    #[inline]
    fn write_bulk(&self, sink: &mut Sink<'_>) {
        put_header(b'$', self.text_len(), sink);
        self.write_text(sink);
        sink.put_array(*b"\r\n");
    }
}

/// `$<length>\r\n<text>\r\n`.
#[cfg(not(target_pointer_width = "64"))]
#[inline(never)]
fn put_bulk(text: &[u8], sink: &mut Sink<'_>) {
    let len = text.len();
    if len < 10
        && let Some(place) = sink.take(len.wrapping_add(6))
        && let Some((header, place)) = place.split_first_chunk_mut()
        && let Some((body, end)) = place.split_last_chunk_mut()
    {
        *header = [b'$', (len as u8) | b'0', b'\r', b'\n'];
        *end = *b"\r\n";
        copy_short(body, text);
    } else {
        put_long_bulk(text, sink);
    }
}

/// The same, with one look at the room for most of what there is.
#[cfg(target_pointer_width = "64")]
#[inline]
fn put_bulk(text: &[u8], sink: &mut Sink<'_>) {
    let (len, start) = (text.len(), if text.len() < 10 { 4usize } else { 5 });
    let body = start.wrapping_add(len);
    if let Some(header) = HEADERS.get(len)
        && let Some(place) = sink.take(body.wrapping_add(2))
    {
        if let Some(first) = place.first_chunk_mut::<4>() {
            *first = *header;
        }
        if let Some(line_feed) = place.get_mut(start.wrapping_sub(1)) {
            *line_feed = b'\n';
        }
        if let Some(last) = place.last_chunk_mut::<2>() {
            *last = *b"\r\n";
        }
        copy(place.get_mut(start..body).unwrap_or_default(), text);
    } else {
        put_long_bulk(text, sink);
    }
}

/// A text that is long, or that lies across the end of the ring.
#[cold]
#[inline(never)]
fn put_long_bulk(text: &[u8], sink: &mut Sink<'_>) {
    put_header(b'$', text.len(), sink);
    sink.append(text);
    sink.append(b"\r\n");
}

/// The first four bytes of all headers of one digit or two.
#[cfg(target_pointer_width = "64")]
#[expect(clippy::indexing_slicing, reason = "evaluated when compiling")]
const HEADERS: [[u8; 4]; 100] = {
    let mut headers = [[0; 4]; 100];
    let mut n = 0;
    while n < 100 {
        let (tens, ones) = (b'0' + n / 10, b'0' + n % 10);
        headers[n as usize] = match n {
            0..10 => [b'$', ones, b'\r', b'\n'],
            _ => [b'$', tens, ones, b'\r'],
        };
        n += 1;
    }
    headers
};

/// `<kind><n>\r\n`.
#[cfg_attr(target_pointer_width = "64", inline)]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn put_header(kind: u8, n: usize, sink: &mut Sink<'_>) {
    header(kind, n, sink);
}

/// Has a fast path for what most commands have: one or two digits.
#[inline(always)]
fn header(kind: u8, n: usize, sink: &mut Sink<'_>) {
    #[expect(clippy::cast_possible_truncation, reason = "below a hundred")]
    if n < 10 {
        sink.put_array([kind, b'0'.wrapping_add(n as u8), b'\r', b'\n']);
    } else if n < 100 {
        let (tens, ones) = ((n / 10) as u8, (n % 10) as u8);
        let (tens, ones) = (b'0'.wrapping_add(tens), b'0'.wrapping_add(ones));
        sink.put_array([kind, tens, ones, b'\r', b'\n']);
    } else {
        put_long_header(kind, n, sink);
    }
}

#[cold]
#[inline(never)]
fn put_long_header(kind: u8, n: usize, sink: &mut Sink<'_>) {
    sink.append(&[kind]);
    sink.append(Decimal::unsigned(n as u64).as_bytes());
    sink.append(b"\r\n");
}

/// The length of `<kind><n>\r\n`.
#[inline]
pub(crate) const fn header_len(n: usize) -> usize {
    // Most have one digit or two; a small machine compares 64 bits in several steps.
    let digits = match n {
        ..10 => 1,
        10..100 => 2,
        n => decimal::count(n as u64),
    };
    digits.wrapping_add(3)
}

/// The length of an argument whose text has `text` bytes: header, text, CRLF.
#[inline]
pub(crate) const fn argument_len(text: usize) -> usize {
    text.saturating_add(header_len(text).wrapping_add(2))
}

impl<A: Argument + ?Sized> Argument for &A {
    #[inline]
    fn text_len(&self) -> usize {
        (**self).text_len()
    }
    #[inline]
    fn write_text(&self, sink: &mut Sink<'_>) {
        (**self).write_text(sink);
    }
    #[inline]
    fn write_bulk(&self, sink: &mut Sink<'_>) {
        (**self).write_bulk(sink);
    }
}

impl Argument for [u8] {
    #[inline]
    fn text_len(&self) -> usize {
        self.len()
    }
    #[inline]
    fn write_text(&self, sink: &mut Sink<'_>) {
        sink.put(self);
    }
    #[inline]
    fn write_bulk(&self, sink: &mut Sink<'_>) {
        put_bulk(self, sink);
    }
}

impl<const N: usize> Argument for [u8; N] {
    #[inline]
    fn text_len(&self) -> usize {
        N
    }
    #[inline]
    fn write_text(&self, sink: &mut Sink<'_>) {
        sink.put_array(*self);
    }
}

impl Argument for str {
    #[inline]
    fn text_len(&self) -> usize {
        self.len()
    }
    #[inline]
    fn write_text(&self, sink: &mut Sink<'_>) {
        sink.put(self.as_bytes());
    }
    #[inline]
    fn write_bulk(&self, sink: &mut Sink<'_>) {
        put_bulk(self.as_bytes(), sink);
    }
}

impl Argument for bool {
    #[inline]
    fn text_len(&self) -> usize {
        1
    }
    #[inline]
    fn write_text(&self, sink: &mut Sink<'_>) {
        sink.put_array(if *self { *b"1" } else { *b"0" });
    }
}

macro_rules! unsigned {
    ($($int:ty),*) => {$(
        impl Argument for $int {
            #[inline]
            fn text_len(&self) -> usize {
                decimal::count(*self as u64)
            }
            #[inline]
            fn write_text(&self, sink: &mut Sink<'_>) {
                sink.put(Decimal::unsigned(*self as u64).as_bytes());
            }
            #[inline]
            fn write_bulk(&self, sink: &mut Sink<'_>) {
                put_bulk(Decimal::unsigned(*self as u64).as_bytes(), sink);
            }
        }
    )*};
}
unsigned!(u8, u16, u32, u64, usize);

macro_rules! signed {
    ($($int:ty),*) => {$(
        impl Argument for $int {
            #[inline]
            fn text_len(&self) -> usize {
                let n = *self as i64;
                decimal::count(n.unsigned_abs()).wrapping_add(usize::from(n < 0))
            }
            #[inline]
            fn write_text(&self, sink: &mut Sink<'_>) {
                sink.put(Decimal::signed(*self as i64).as_bytes());
            }
            #[inline]
            fn write_bulk(&self, sink: &mut Sink<'_>) {
                put_bulk(Decimal::signed(*self as i64).as_bytes(), sink);
            }
        }
    )*};
}
signed!(i8, i16, i32, i64, isize);

#[cfg(feature = "alloc")]
mod owned {
    use super::{Argument, Sink};

    impl Argument for alloc::string::String {
        fn text_len(&self) -> usize {
            self.len()
        }
        fn write_text(&self, sink: &mut Sink<'_>) {
            sink.put(self.as_bytes());
        }
    }

    impl Argument for alloc::vec::Vec<u8> {
        fn text_len(&self) -> usize {
            self.len()
        }
        fn write_text(&self, sink: &mut Sink<'_>) {
            sink.put(self);
        }
    }
}

#[cfg(feature = "float")]
mod float {
    use super::{Argument, Sink};

    /// The shortest text that reads back as the same number; `inf`, `-inf` and `nan` as Redis
    /// spells them (RESP specification, "Doubles").
    macro_rules! float {
        ($($float:ty),*) => {$(
            impl Argument for $float {
                fn text_len(&self) -> usize {
                    with_text(*self, str::len)
                }
                fn write_text(&self, sink: &mut Sink<'_>) {
                    with_text(*self, |text| sink.put(text.as_bytes()));
                }
            }
        )*};
    }
    float!(f32, f64);

    fn with_text<F: ryu::Float + Into<f64>, T>(n: F, see: impl FnOnce(&str) -> T) -> T {
        let wide: f64 = n.into();
        if wide.is_nan() {
            see("nan")
        } else if wide.is_infinite() {
            see(if wide > 0.0 { "inf" } else { "-inf" })
        } else {
            let mut buffer = ryu::Buffer::new();
            see(buffer.format_finite(n))
        }
    }
}

/// A list of arguments: a tuple of up to twelve, a slice or an array of one type, or what
/// [`Cmd`](super::Cmd) grows argument by argument.
pub trait Arguments {
    /// How many arguments there are.
    fn count(&self) -> usize;

    /// The exact length in bytes of all of them, lengths and CRLFs included; saturates.
    fn encoded_len(&self) -> usize;

    /// Appends all of them.
    fn encode(&self, sink: &mut Sink<'_>);
}

/// One argument as a list.
#[derive(Clone, Copy, Debug)]
pub struct One<A>(pub(crate) A);

impl<A: Argument> Arguments for One<A> {
    #[inline]
    fn count(&self) -> usize {
        1
    }
    #[inline]
    fn encoded_len(&self) -> usize {
        argument_len(self.0.text_len())
    }
    #[inline]
    fn encode(&self, sink: &mut Sink<'_>) {
        self.0.write_bulk(sink);
    }
}

/// One list behind another.
#[derive(Clone, Copy, Debug)]
pub struct Then<A, B>(pub(crate) A, pub(crate) B);

impl<A: Arguments, B: Arguments> Arguments for Then<A, B> {
    #[inline]
    fn count(&self) -> usize {
        self.0.count().saturating_add(self.1.count())
    }
    #[inline]
    fn encoded_len(&self) -> usize {
        self.0.encoded_len().saturating_add(self.1.encoded_len())
    }
    #[inline]
    fn encode(&self, sink: &mut Sink<'_>) {
        self.0.encode(sink);
        self.1.encode(sink);
    }
}

/// The lists that an iterator yields, one behind the other; it is walked three times (count,
/// length, bytes) and must yield the same each time.
#[derive(Clone, Copy, Debug)]
pub struct Each<I>(pub(crate) I);

impl<I> Arguments for Each<I>
where
    I: Iterator<Item: Arguments> + Clone,
{
    fn count(&self) -> usize {
        let counts = self.0.clone().map(|list| list.count());
        counts.fold(0, usize::saturating_add)
    }
    fn encoded_len(&self) -> usize {
        let lens = self.0.clone().map(|list| list.encoded_len());
        lens.fold(0, usize::saturating_add)
    }
    fn encode(&self, sink: &mut Sink<'_>) {
        for list in self.0.clone() {
            list.encode(sink);
        }
    }
}

impl<L: Arguments + ?Sized> Arguments for &L {
    fn count(&self) -> usize {
        (**self).count()
    }
    fn encoded_len(&self) -> usize {
        (**self).encoded_len()
    }
    fn encode(&self, sink: &mut Sink<'_>) {
        (**self).encode(sink);
    }
}

impl<A: Argument> Arguments for [A] {
    fn count(&self) -> usize {
        self.len()
    }
    fn encoded_len(&self) -> usize {
        let lens = self
            .iter()
            .map(|argument| argument_len(argument.text_len()));
        lens.fold(0, usize::saturating_add)
    }
    fn encode(&self, sink: &mut Sink<'_>) {
        for argument in self {
            One(argument).encode(sink);
        }
    }
}

impl<A: Argument, const N: usize> Arguments for [A; N] {
    fn count(&self) -> usize {
        N
    }
    fn encoded_len(&self) -> usize {
        self.as_slice().encoded_len()
    }
    fn encode(&self, sink: &mut Sink<'_>) {
        self.as_slice().encode(sink);
    }
}

impl Arguments for () {
    #[inline]
    fn count(&self) -> usize {
        0
    }
    #[inline]
    fn encoded_len(&self) -> usize {
        0
    }
    #[inline]
    fn encode(&self, _: &mut Sink<'_>) {}
}

/// Arguments for the `N` places that a [`Template`](super::Template) leaves open.
pub trait Fill<const N: usize> {
    /// The exact length in bytes of all of them, lengths and CRLFs included; saturates.
    fn filled_len(&self) -> usize;

    /// Appends each argument and the constant bytes that follow it.
    fn fill(&self, tails: &[&[u8]; N], sink: &mut Sink<'_>);
}

impl<const N: usize, F: Fill<N> + ?Sized> Fill<N> for &F {
    fn filled_len(&self) -> usize {
        (**self).filled_len()
    }
    fn fill(&self, tails: &[&[u8]; N], sink: &mut Sink<'_>) {
        (**self).fill(tails, sink);
    }
}

macro_rules! tuples {
    ($n:literal: $($name:ident $tail:ident),+) => {
        #[expect(non_snake_case, reason = "a variable named as its type")]
        impl<$($name: Argument),+> Arguments for ($($name,)+) {
            #[inline]
            fn count(&self) -> usize {
                $n
            }
            #[inline]
            fn encoded_len(&self) -> usize {
                let ($($name,)+) = self;
                0usize$(.saturating_add(argument_len($name.text_len())))+
            }
            #[inline]
            fn encode(&self, sink: &mut Sink<'_>) {
                let ($($name,)+) = self;
                $(One($name).encode(sink);)+
            }
        }

        #[expect(non_snake_case, reason = "a variable named as its type")]
        impl<$($name: Argument),+> Fill<$n> for ($($name,)+) {
            #[inline]
            fn filled_len(&self) -> usize {
                let ($($name,)+) = self;
                0usize$(.saturating_add(argument_len($name.text_len())))+
            }
            // Constant tails become constant stores; a small machine keeps one copy instead.
            #[cfg_attr(target_pointer_width = "64", inline(always))]
            fn fill(&self, tails: &[&[u8]; $n], sink: &mut Sink<'_>) {
                let ($($name,)+) = self;
                let [$($tail,)+] = tails;
                $(
                    $name.write_bulk(sink);
                    if !$tail.is_empty() {
                        sink.put($tail);
                    }
                )+
            }
        }
    };
}
tuples!(1: A a);
tuples!(2: A a, B b);
tuples!(3: A a, B b, C c);
tuples!(4: A a, B b, C c, D d);
tuples!(5: A a, B b, C c, D d, E e);
tuples!(6: A a, B b, C c, D d, E e, F f);
tuples!(7: A a, B b, C c, D d, E e, F f, G g);
tuples!(8: A a, B b, C c, D d, E e, F f, G g, H h);
tuples!(9: A a, B b, C c, D d, E e, F f, G g, H h, I i);
tuples!(10: A a, B b, C c, D d, E e, F f, G g, H h, I i, J j);
tuples!(11: A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k);
tuples!(12: A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l);
