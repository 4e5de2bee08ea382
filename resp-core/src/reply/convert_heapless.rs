//! Conversion into collections of fixed capacity.

use heapless::{String, Vec};

use super::convert_aggregate::{List, Source, not_a_list};
use super::{ConvertError, Cursor, Found, FromReply};

impl<'a, T: FromReply<'a>, const N: usize> FromReply<'a> for Vec<T, N> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        let too_long = |len| ConvertError::new("list", Found::TooLong { len, capacity: N });
        match List::source::<T>(cursor)? {
            Source::List(list) => {
                if list.len > N {
                    return Err(too_long(list.len));
                }
                let mut items = Self::new();
                for _ in 0..list.len {
                    let pushed = items.push(list.item(cursor)?);
                    pushed.map_err(|_| too_long(list.len))?;
                }
                Ok(items)
            }
            Source::Bytes(_, bytes) if bytes.len() > N => Err(too_long(bytes.len())),
            Source::Bytes(kind, bytes) => match T::list_of_bytes::<Filled<T, N>>(bytes) {
                Some(filled) => Ok(filled.0),
                None => Err(not_a_list(kind)),
            },
        }
    }
}

/// A list filled until it is full; `heapless`' own would panic there.
struct Filled<T, const N: usize>(Vec<T, N>);

impl<T, const N: usize> FromIterator<T> for Filled<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Vec::new();
        for item in items {
            if list.push(item).is_err() {
                break;
            }
        }
        Self(list)
    }
}

impl<'a, const N: usize> FromReply<'a> for String<N> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        let text: &str = cursor.read()?;
        let mut string = Self::new();
        let pushed = string.push_str(text);
        pushed.map_err(|_| {
            let (len, capacity) = (text.len(), N);
            ConvertError::new("string", Found::TooLong { len, capacity })
        })?;
        Ok(string)
    }
}
