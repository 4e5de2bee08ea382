//! Conversion into types on the heap.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::convert_aggregate::{List, Source, not_a_list};
use super::{ConvertError, Cursor, Found, FromReply};

impl<'a, T: FromReply<'a>> FromReply<'a> for Vec<T> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        match List::source::<T>(cursor)? {
            Source::List(list) => {
                // A value has three bytes at least, so a count cannot lie about the memory.
                let mut items = Self::with_capacity(list.len.min(cursor.remaining() / 3));
                for _ in 0..list.len {
                    items.push(list.item(cursor)?);
                }
                Ok(items)
            }
            Source::Bytes(kind, bytes) => T::list_of_bytes(bytes).ok_or_else(|| not_a_list(kind)),
        }
    }
}

impl<'a, T: FromReply<'a>> FromReply<'a> for Box<[T]> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        cursor.read().map(Vec::into_boxed_slice)
    }
}

impl<'a> FromReply<'a> for String {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        cursor.read::<&str>().map(Self::from)
    }
}

impl<'a> FromReply<'a> for Box<str> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        cursor.read::<&str>().map(Self::from)
    }
}

/// Of equal keys the last one counts.
impl<'a, K: FromReply<'a> + Ord, V: FromReply<'a>> FromReply<'a> for BTreeMap<K, V> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        let mut map = Self::new();
        match List::source::<(K, V)>(cursor)? {
            Source::List(list) => {
                for _ in 0..list.len {
                    let (key, value) = list.item(cursor)?;
                    map.insert(key, value);
                }
                Ok(map)
            }
            Source::Bytes(kind, _) => Err(ConvertError::new("map", Found::Value(kind))),
        }
    }
}
