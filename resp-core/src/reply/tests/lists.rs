use super::reply;
use crate::Kind;
use crate::reply::{ConvertError, Cursor, Found, FromReply};

const RESP2: &[u8] = b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n";
const RESP3: &[u8] = b"%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:2\r\n";
const NESTED: &[u8] = b"*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,2\r\n";

#[test]
fn pairs_come_from_a_map_a_flat_array_and_an_array_of_pairs() {
    for bytes in [RESP2, RESP3, NESTED] {
        assert_eq!(
            reply(bytes).to::<[(&str, i64); 2]>(),
            Ok([("a", 1), ("b", 2)])
        );
    }
}

#[test]
fn a_map_and_a_flat_array_are_one_tuple_or_one_list_as_well() {
    for bytes in [RESP2, RESP3] {
        assert_eq!(
            reply(bytes).to::<(&str, i64, &str, i64)>(),
            Ok(("a", 1, "b", 2))
        );
    }
    let map = reply(b"%1\r\n+a\r\n+b\r\n");
    assert_eq!(map.to::<[&str; 2]>(), Ok(["a", "b"]));
}

#[test]
fn entries_of_a_stream_convert_in_both_protocols() {
    type Entry<'a> = (&'a str, [(&'a str, i64); 2]);
    let entry = "*2\r\n$3\r\n1-0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n";
    let resp2 = std::format!("*1\r\n*2\r\n$1\r\ns\r\n*1\r\n{entry}");
    let resp3 = std::format!("%1\r\n$1\r\ns\r\n*1\r\n{entry}");
    for bytes in [resp2, resp3] {
        let read: [(&str, [Entry; 1]); 1] = reply(bytes.as_bytes()).to().unwrap();
        assert_eq!(read, [("s", [("1-0", [("a", 1), ("b", 2)])])]);
    }
}

#[test]
fn a_list_of_the_wrong_length_is_refused_with_the_length_that_came() {
    let three = reply(b"*3\r\n:1\r\n:2\r\n:3\r\n");
    let found = |error: ConvertError| error.found();
    assert_eq!(
        three.to::<(i64, i64)>().map_err(found),
        Err(Found::Count(3))
    );
    assert_eq!(
        three.to::<(i64, i64, i64, i64)>().map_err(found),
        Err(Found::Count(3))
    );
    assert_eq!(three.to::<[i64; 2]>().map_err(found), Err(Found::Count(3)));
    assert_eq!(
        three.to::<[(i64, i64); 1]>().map_err(found),
        Err(Found::Count(3)),
        "odd"
    );
    assert_eq!(three.to::<[i64; 3]>(), Ok([1, 2, 3]));
    assert_eq!(reply(b"*0\r\n").to::<[i64; 0]>(), Ok([]));
    assert_eq!(reply(b"*0\r\n").to::<[(i64, i64); 0]>(), Ok([]));
}

#[test]
fn a_scalar_is_no_list_and_one_bad_element_fails_the_whole() {
    let expected = |bytes| reply(bytes).to::<[i64; 2]>().unwrap_err();
    assert_eq!(expected(b":1\r\n").found(), Found::Value(Kind::Integer));
    assert_eq!(expected(b"+x\r\n").found(), Found::Value(Kind::Status));
    assert_eq!(expected(b"_\r\n").found(), Found::Value(Kind::Null));
    assert_eq!(
        expected(b"*2\r\n:1\r\n+x\r\n").found(),
        Found::Text(Kind::Status)
    );
    assert!(matches!(
        expected(b"-ERR no\r\n").found(),
        Found::ServerError(_)
    ));
    assert!(matches!(
        expected(b"*2\r\n:1\r\n-ERR no\r\n").found(),
        Found::ServerError(_)
    ));
}

#[test]
fn bytes_as_a_list_come_from_a_string_or_from_integers() {
    assert_eq!(
        reply(b"$3\r\n\x01\x02\xff\r\n").to::<[u8; 3]>(),
        Ok([1, 2, 255])
    );
    assert_eq!(
        reply(b"*3\r\n:1\r\n:2\r\n:255\r\n").to::<[u8; 3]>(),
        Ok([1, 2, 255])
    );
    let long = reply(b"$3\r\nabc\r\n").to::<[u8; 2]>().unwrap_err();
    assert_eq!(long.found(), Found::Count(3));
    let wide = reply(b"$3\r\nabc\r\n").to::<[u16; 3]>().unwrap_err();
    assert_eq!(wide.found(), Found::Value(Kind::Bulk));
}

#[test]
fn messages_between_elements_do_not_shift_a_tuple() {
    let message = ">3\r\n+message\r\n+c\r\n+hi\r\n";
    let bytes = std::format!("*3\r\n{message}:1\r\n{message}$-1\r\n{message}-ERR x\r\n");
    type Results<'a> = (i64, Option<i64>, Result<i64, crate::reply::ServerError<'a>>);
    let (one, none, error) = reply(bytes.as_bytes()).to::<Results>().unwrap();
    assert_eq!((one, none, error.is_err()), (1, None, true));
}

#[test]
fn twelve_values_are_a_tuple() {
    let bytes = [&b"*12\r\n"[..], &b":7\r\n".repeat(12)].concat();
    type Twelve = (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8);
    assert_eq!(
        reply(&bytes).to::<Twelve>(),
        Ok((7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7))
    );
}

/// Some fields of a map, whatever else is in it.
#[derive(Debug, Default, PartialEq)]
struct Info<'a> {
    length: u64,
    last: Option<&'a str>,
}

impl<'a> FromReply<'a> for Info<'a> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        let mut info = Self::default();
        for _ in 0..cursor.pairs()? {
            match cursor.read()? {
                "length" => info.length = cursor.read()?,
                "last" => info.last = cursor.read()?,
                _ => cursor.step_over(),
            }
        }
        Ok(info)
    }
}

#[test]
fn a_struct_by_hand_takes_its_fields_in_any_order_and_steps_over_others() {
    let info = Info {
        length: 2,
        last: Some("x"),
    };
    for bytes in [
        &b"%3\r\n+last\r\n+x\r\n+other\r\n*2\r\n:1\r\n%1\r\n:1\r\n:2\r\n+length\r\n:2\r\n"[..],
        b"*6\r\n+length\r\n$1\r\n2\r\n+other\r\n_\r\n+last\r\n$1\r\nx\r\n",
    ] {
        assert_eq!(reply(bytes).to::<Info>(), Ok(Info { ..info }));
    }
    let two = reply(b"*2\r\n%1\r\n+length\r\n:1\r\n%1\r\n+last\r\n_\r\n");
    let (first, second) = two.to::<(Info, Info)>().unwrap();
    assert_eq!((first.length, second.last), (1, None));
    let odd = reply(b"*1\r\n+length\r\n").to::<Info>().unwrap_err();
    assert_eq!(odd.found(), Found::Count(1));
}

#[test]
fn a_reader_that_asks_for_more_than_there_is_comes_to_the_end() {
    let one = reply(b"*1\r\n:1\r\n");
    let mut cursor = one.cursor();
    assert_eq!(cursor.items(), Ok(1));
    assert_eq!(cursor.read::<i64>(), Ok(1));
    assert_eq!(cursor.read::<i64>().unwrap_err().found(), Found::End);
    assert_eq!(cursor.read::<&str>().unwrap_err().found(), Found::End);
    assert_eq!(cursor.read::<()>().unwrap_err().found(), Found::End);
    assert_eq!(
        cursor.read::<Option<i64>>().unwrap_err().found(),
        Found::End
    );
    assert_eq!(cursor.read::<(i64, i64)>().unwrap_err().found(), Found::End);
    assert_eq!(cursor.items().unwrap_err().found(), Found::End);
    assert_eq!(cursor.pairs().unwrap_err().found(), Found::End);
}

#[cfg(feature = "alloc")]
mod on_the_heap {
    use super::*;
    use std::boxed::Box;
    use std::collections::BTreeMap;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn lists_of_any_length_convert() {
        let nested = reply(b"*3\r\n*0\r\n~2\r\n:1\r\n:2\r\n*1\r\n:3\r\n");
        assert_eq!(nested.to(), Ok(vec![vec![], vec![1, 2], vec![3]]));
        let mget = reply(b"*2\r\n$1\r\na\r\n$-1\r\n");
        assert_eq!(mget.to(), Ok(vec![Some("a"), None]));
        let boxed: Box<[String]> = reply(b"*1\r\n+a\r\n").to().unwrap();
        assert_eq!(&*boxed, ["a"]);
        let text: Box<str> = reply(b"+a\r\n").to().unwrap();
        assert_eq!(&*text, "a");
    }

    #[test]
    fn a_vector_of_bytes_is_a_string_and_a_vector_of_words_is_not() {
        assert_eq!(
            reply(b"$3\r\na\r\n\r\n").to::<Vec<u8>>(),
            Ok(b"a\r\n".to_vec())
        );
        assert_eq!(reply(b"$0\r\n\r\n").to::<Vec<u8>>(), Ok(vec![]));
        assert_eq!(
            reply(b"$3\r\nabc\r\n").to::<Box<[u8]>>(),
            Ok(b"abc"[..].into())
        );
        let error = reply(b"$0\r\n\r\n").to::<Vec<u16>>().unwrap_err();
        assert_eq!(error.found(), Found::Value(Kind::Bulk));
        let lists = reply(b"*2\r\n$1\r\na\r\n$2\r\nbc\r\n").to::<Vec<Vec<u8>>>();
        assert_eq!(lists, Ok(vec![b"a".to_vec(), b"bc".to_vec()]));
    }

    #[test]
    fn maps_convert_from_every_form_of_pairs() {
        for bytes in [RESP2, RESP3, NESTED] {
            let map: BTreeMap<String, i64> = reply(bytes).to().unwrap();
            assert_eq!(map, BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
            let pairs: Vec<(&str, i64)> = reply(bytes).to().unwrap();
            assert_eq!(pairs, [("a", 1), ("b", 2)]);
        }
        let error = reply(b"+a\r\n").to::<BTreeMap<&str, i64>>().unwrap_err();
        assert_eq!(
            (error.expected(), error.found()),
            ("map", Found::Value(Kind::Status))
        );
    }

    #[test]
    fn pairs_of_lists_are_told_from_a_flat_list_by_the_first_element() {
        let nested = reply(b"*1\r\n*2\r\n*1\r\n:1\r\n:2\r\n");
        assert_eq!(nested.to::<Vec<(Vec<i64>, i64)>>(), Ok(vec![(vec![1], 2)]));
        let triples = reply(b"*6\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n");
        let triples = triples.to::<Vec<(i64, i64, i64)>>();
        assert_eq!(triples, Ok(vec![(1, 2, 3), (4, 5, 6)]));
        let positions = reply(b"*2\r\n*-1\r\n*2\r\n,1\r\n,2\r\n");
        assert_eq!(
            positions.to::<Vec<Option<(i64, i64)>>>(),
            Ok(vec![None, Some((1, 2))])
        );
    }
}

#[cfg(feature = "heapless")]
mod of_fixed_capacity {
    use super::*;
    use heapless::{String, Vec};

    #[test]
    fn what_fits_converts_and_what_does_not_says_by_how_much() {
        let three = reply(b"*3\r\n:1\r\n:2\r\n:3\r\n");
        assert_eq!(three.to::<Vec<i64, 3>>().unwrap(), [1, 2, 3]);
        let too_long = Found::TooLong {
            len: 3,
            capacity: 2,
        };
        assert_eq!(three.to::<Vec<i64, 2>>().unwrap_err().found(), too_long);
        let text = reply(b"$3\r\nabc\r\n");
        assert_eq!(text.to::<String<3>>().unwrap(), "abc");
        assert_eq!(text.to::<String<2>>().unwrap_err().found(), too_long);
        assert_eq!(text.to::<Vec<u8, 3>>().unwrap(), b"abc");
        assert_eq!(text.to::<Vec<u8, 2>>().unwrap_err().found(), too_long);
        let words = text.to::<Vec<u16, 8>>().unwrap_err();
        assert_eq!(words.found(), Found::Value(Kind::Bulk));
    }

    #[test]
    fn pairs_convert_from_every_form() {
        for bytes in [RESP2, RESP3, NESTED] {
            let pairs: Vec<(String<4>, i64), 2> = reply(bytes).to().unwrap();
            assert_eq!(pairs[1], ("b".try_into().unwrap(), 2));
        }
    }
}
