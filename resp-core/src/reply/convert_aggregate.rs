//! Conversion of aggregates into tuples and arrays, and what all lists share.

use super::{ConvertError, Cursor, Found, FromReply, Value};
use crate::Kind;

/// The shape of a list whose header was stepped over.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// How many items of the reader's type it holds.
    pub(super) len: usize,
    /// Each of them is [`FromReply::WIDTH`] values without a header.
    flat: bool,
}

/// What may become a list.
pub(super) enum Source<'a> {
    List(List),
    /// A string of this type, whose bytes may be the items.
    Bytes(Kind, &'a [u8]),
}

impl List {
    /// Steps over the header of an aggregate, or over a string.
    #[inline]
    pub(super) fn source<'a, T: FromReply<'a>>(
        cursor: &mut Cursor<'a>,
    ) -> Result<Source<'a>, ConvertError> {
        let value = cursor.next();
        match value.map(|value| (value, value.count(), value.text())) {
            Some((value, Some(count), _)) => Self::of::<T>(value, count, cursor).map(Source::List),
            Some((value, None, Some(text))) => Ok(Source::Bytes(value.kind(), text)),
            _ => Err(ConvertError::unexpected("array", value)),
        }
    }

    #[inline]
    fn of<'a, T: FromReply<'a>>(
        value: Value<'a>,
        count: usize,
        cursor: &Cursor<'a>,
    ) -> Result<Self, ConvertError> {
        let flat = T::WIDTH != 1
            && (matches!(value, Value::Map(_))
                || cursor.peek().is_some_and(|first| first.count().is_none()));
        if !flat {
            return Ok(Self { len: count, flat });
        }
        match (count.checked_div(T::WIDTH), count.checked_rem(T::WIDTH)) {
            (Some(len), Some(0)) => Ok(Self { len, flat }),
            _ => Err(ConvertError::new("tuples", Found::Count(count))),
        }
    }

    /// Takes the next item.
    #[inline]
    pub(super) fn item<'a, T: FromReply<'a>>(
        self,
        cursor: &mut Cursor<'a>,
    ) -> Result<T, ConvertError> {
        if self.flat {
            T::from_flat(cursor)
        } else {
            T::from_cursor(cursor)
        }
    }
}

/// The error of a string that is asked for as a list of something else than bytes.
pub(super) const fn not_a_list(found: Kind) -> ConvertError {
    ConvertError::new("array", Found::Value(found))
}

impl<'a, T: FromReply<'a> + Default, const N: usize> FromReply<'a> for [T; N] {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        const EXPECTED: &str = "array of fixed length";
        let count_error = |count| ConvertError::new(EXPECTED, Found::Count(count));
        match List::source::<T>(cursor)? {
            Source::List(list) if list.len == N => {
                let mut items = core::array::from_fn(|_| T::default());
                for item in &mut items {
                    *item = list.item(cursor)?;
                }
                Ok(items)
            }
            Source::List(list) => Err(count_error(list.len)),
            Source::Bytes(kind, bytes) => match T::list_of_bytes::<Filled<T, N>>(bytes) {
                Some(filled) if bytes.len() == N => Ok(filled.0),
                Some(_) => Err(count_error(bytes.len())),
                None => Err(not_a_list(kind)),
            },
        }
    }
}

/// An array filled as far as an iterator goes.
struct Filled<T, const N: usize>([T; N]);

impl<T: Default, const N: usize> FromIterator<T> for Filled<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut array = core::array::from_fn(|_| T::default());
        for (place, item) in array.iter_mut().zip(items) {
            *place = item;
        }
        Self(array)
    }
}

macro_rules! tuples {
    ($($n:literal: $($name:ident)+;)+) => {$(
        impl<'a, $($name: FromReply<'a>),+> FromReply<'a> for ($($name,)+) {
            const WIDTH: usize = $n;

            #[inline]
            fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
                const EXPECTED: &str = concat!("array of ", $n);
                let value = cursor.next();
                match value.and_then(Value::count) {
                    Some($n) => Self::from_flat(cursor),
                    Some(count) => Err(ConvertError::new(EXPECTED, Found::Count(count))),
                    None => Err(ConvertError::unexpected(EXPECTED, value)),
                }
            }

            #[inline]
            fn from_flat(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
                Ok(($($name::from_cursor(cursor)?,)+))
            }
        }
    )+};
}

tuples! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
    7: A B C D E F G;
    8: A B C D E F G H;
    9: A B C D E F G H I;
    10: A B C D E F G H I J;
    11: A B C D E F G H I J K;
    12: A B C D E F G H I J K L;
}
