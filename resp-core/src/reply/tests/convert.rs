use super::reply;
use crate::Kind::*;
use crate::Reply;
use crate::reply::{ConvertError, Cursor, ErrorCode, Found, FromReply, ServerError};

fn to<'a, T: FromReply<'a>>(bytes: &'a [u8]) -> Result<T, ConvertError> {
    // On the way of a reply of its own, and as an element: both have to say the same.
    let alone = reply(bytes).to::<T>();
    let mut cursor = Cursor::within(bytes);
    let element = cursor.read::<T>();
    assert_eq!(alone.is_ok(), element.is_ok(), "{:?}", bytes.escape_ascii());
    if let (Err(alone), Err(element)) = (&alone, &element) {
        assert_eq!(alone, element);
    }
    if alone.is_ok() {
        assert_eq!(cursor.next(), None, "all of it and no more");
    }
    alone
}

fn found<'a, T: FromReply<'a>>(bytes: &'a [u8]) -> Found {
    match to::<T>(bytes) {
        Ok(_) => panic!("converts: {:?}", bytes.escape_ascii()),
        Err(error) => error.found(),
    }
}

#[test]
fn an_integer_comes_from_whatever_servers_say_integers_in() {
    for bytes in [
        &b":42\r\n"[..],
        b":+42\r\n",
        b"$2\r\n42\r\n",
        b"+42\r\n",
        b",42\r\n",
        b"(42\r\n",
        b"=6\r\ntxt:42\r\n",
        b"$4\r\n0042\r\n",
        b"|1\r\n+a\r\n:1\r\n:42\r\n",
    ] {
        assert_eq!(to::<i64>(bytes), Ok(42));
        assert_eq!(to::<u8>(bytes), Ok(42));
        assert_eq!(to::<usize>(bytes), Ok(42));
    }
    assert_eq!(to::<i32>(b"#t\r\n"), Ok(1));
    assert_eq!(to::<i8>(b"$4\r\n-128\r\n"), Ok(-128));
}

#[test]
fn the_ends_of_every_integer_type_convert_and_what_lies_beyond_does_not() {
    macro_rules! ends {
        ($($int:ident)*) => {$(
            for n in [$int::MIN as i128, $int::MAX as i128] {
                let line = std::format!("({n}\r\n");
                assert_eq!(to::<$int>(line.as_bytes()), Ok(n as $int));
                let text = std::format!("${}\r\n{n}\r\n", std::format!("{n}").len());
                assert_eq!(to::<$int>(text.as_bytes()), Ok(n as $int));
                if let Ok(n) = i64::try_from(n) {
                    let line = std::format!(":{n}\r\n");
                    assert_eq!(to::<$int>(line.as_bytes()), Ok(n as $int));
                }
            }
            for n in [$int::MIN as i128 - 1, $int::MAX as i128 + 1] {
                let line = std::format!("+{n}\r\n");
                assert_eq!(found::<$int>(line.as_bytes()), Found::OutOfRange);
                if let Ok(n) = i64::try_from(n) {
                    let line = std::format!(":{n}\r\n");
                    assert_eq!(found::<$int>(line.as_bytes()), Found::OutOfRange);
                }
            }
        )*};
    }
    ends!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);
    assert_eq!(
        found::<i64>(b"(99999999999999999999999\r\n"),
        Found::OutOfRange
    );
    assert_eq!(to::<u8>(b"+-0\r\n"), Ok(0));
}

#[test]
fn text_that_is_no_integer_is_said_to_be_none() {
    for text in [
        &b"$0\r\n\r\n"[..],
        b"$1\r\n-\r\n",
        b"$2\r\n1a\r\n",
        b"$2\r\n+1\r\n",
        b"$2\r\n 1\r\n",
    ] {
        assert_eq!(found::<i64>(text), Found::Text(Bulk));
    }
    assert_eq!(found::<i64>(b",1.5\r\n"), Found::Text(Double));
    assert_eq!(
        found::<i64>(b"$22\r\n9999999999999999999999\r\n"),
        Found::OutOfRange
    );
    assert_eq!(
        found::<i64>(b"$22\r\n999999999999999999999x\r\n"),
        Found::Text(Bulk)
    );
    assert_eq!(found::<i64>(b"_\r\n"), Found::Value(Null));
    assert_eq!(found::<i64>(b"*1\r\n:1\r\n"), Found::Value(Array));
}

#[test]
fn a_boolean_is_one_or_zero_in_any_of_its_forms_and_not_ok() {
    for (truth, forms) in [
        (true, [&b"#t\r\n"[..], b":1\r\n", b"$1\r\n1\r\n", b"+1\r\n"]),
        (
            false,
            [&b"#f\r\n"[..], b":0\r\n", b"$1\r\n0\r\n", b"+0\r\n"],
        ),
    ] {
        for form in forms {
            assert_eq!(to::<bool>(form), Ok(truth));
        }
    }
    assert_eq!(found::<bool>(b":2\r\n"), Found::OutOfRange);
    assert_eq!(found::<bool>(b"+OK\r\n"), Found::Text(Status));
    assert_eq!(found::<bool>(b"$-1\r\n"), Found::Value(Null));
}

#[test]
fn text_comes_from_strings_and_from_numbers_that_are_text() {
    for bytes in [
        &b"$3\r\n1.5\r\n"[..],
        b"+1.5\r\n",
        b",1.5\r\n",
        b"(1.5\r\n",
        b"=7\r\ntxt:1.5\r\n",
    ] {
        assert_eq!(to::<&str>(bytes), Ok("1.5"));
        assert_eq!(to::<&[u8]>(bytes), Ok(&b"1.5"[..]));
        assert_eq!(reply(bytes).as_str(), Ok("1.5"));
        assert_eq!(reply(bytes).as_bytes(), Ok(&b"1.5"[..]));
    }
    assert_eq!(to::<&[u8]>(b"$2\r\n\xff\xfe\r\n"), Ok(&b"\xff\xfe"[..]));
    assert_eq!(found::<&str>(b"$2\r\n\xff\xfe\r\n"), Found::NotUtf8);
    assert_eq!(found::<&str>(b":1\r\n"), Found::Value(Integer));
    assert_eq!(found::<&[u8]>(b"_\r\n"), Found::Value(Null));
    assert_eq!(found::<&[u8]>(b"%0\r\n"), Found::Value(Map));
}

#[test]
fn null_in_any_form_is_none_and_nothing_else_is() {
    for null in [
        &b"$-1\r\n"[..],
        b"*-1\r\n",
        b"_\r\n",
        b"|1\r\n+a\r\n:1\r\n_\r\n",
    ] {
        assert!(reply(null).is_null());
        assert_eq!(to::<Option<&str>>(null), Ok(None));
        assert_eq!(to::<Option<(i64, i64)>>(null), Ok(None));
        assert_eq!(to::<()>(null), Ok(()));
    }
    assert_eq!(to::<Option<&str>>(b"$0\r\n\r\n"), Ok(Some("")));
    assert_eq!(to::<Option<i64>>(b":-1\r\n"), Ok(Some(-1)));
    assert_eq!(to::<Option<&str>>(b"|0\r\n$1\r\na\r\n"), Ok(Some("a")));
    assert_eq!(found::<Option<i64>>(b"+x\r\n"), Found::Text(Status));
    assert!(matches!(
        found::<Option<i64>>(b"-ERR x\r\n"),
        Found::ServerError(_)
    ));
}

#[test]
fn unit_takes_all_but_an_error() {
    for bytes in [
        &b"+OK\r\n"[..],
        b":0\r\n",
        b"*2\r\n:1\r\n*1\r\n-ERR below\r\n",
        b"#f\r\n",
        b"%0\r\n",
    ] {
        assert_eq!(to::<()>(bytes), Ok(()));
    }
    for bytes in [&b"-BUSY wait\r\n"[..], b"!9\r\nBUSY wait\r\n"] {
        match found::<()>(bytes) {
            Found::ServerError(code) => assert_eq!(code.kind(), ErrorCode::Busy),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn errors_are_elements_for_who_asks_for_results() {
    type Results<'a> = (
        Result<(), ServerError<'a>>,
        Result<i64, ServerError<'a>>,
        Result<Option<&'a str>, ServerError<'a>>,
    );
    let exec = b"*3\r\n+OK\r\n-WRONGTYPE not a list\r\n$-1\r\n";
    let (set, push, get) = to::<Results>(exec).unwrap();
    assert_eq!((set, get), (Ok(()), Ok(None)));
    assert_eq!(push.unwrap_err().kind(), ErrorCode::WrongType);
    let bulk = to::<Result<i64, ServerError>>(b"|1\r\n+a\r\n:1\r\n!5\r\nERR x\r\n");
    assert_eq!(bulk.unwrap().unwrap_err().message(), b"x");
    assert_eq!(
        found::<Result<i64, ServerError>>(b"+x\r\n"),
        Found::Text(Status),
        "no error of the server"
    );
}

#[test]
fn a_reply_inside_is_taken_as_it_is() {
    let (id, rest, error) =
        to::<(&str, Reply, Reply)>(b"*3\r\n+id\r\n*2\r\n:1\r\n:2\r\n-ERR x\r\n").unwrap();
    assert_eq!(id, "id");
    assert_eq!(rest.to::<(i64, i64)>(), Ok((1, 2)));
    assert!(error.error().is_some());
}

#[test]
fn ok_is_exactly_ok() {
    assert!(reply(b"+OK\r\n").is_ok());
    for other in [
        &b"+QUEUED\r\n"[..],
        b"+ok\r\n",
        b"+OKAY\r\n",
        b"+\r\n",
        b"$2\r\nOK\r\n",
        b"-OK\r\n",
    ] {
        assert!(!reply(other).is_ok());
    }
}

#[cfg(feature = "float")]
#[test]
fn a_float_comes_from_doubles_integers_and_text() {
    for bytes in [
        &b",-1.5\r\n"[..],
        b"$4\r\n-1.5\r\n",
        b"+-1.5\r\n",
        b",-15e-1\r\n",
    ] {
        assert_eq!(to::<f64>(bytes), Ok(-1.5));
        assert_eq!(to::<f32>(bytes), Ok(-1.5));
    }
    assert_eq!(to::<f64>(b":3\r\n"), Ok(3.0));
    assert_eq!(to::<f64>(b"$1\r\n3\r\n"), Ok(3.0));
    assert_eq!(to::<f64>(b",inf\r\n"), Ok(f64::INFINITY));
    assert_eq!(to::<f64>(b",-inf\r\n"), Ok(f64::NEG_INFINITY));
    assert_eq!(to::<f64>(b"$3\r\ninf\r\n"), Ok(f64::INFINITY));
    assert!(to::<f64>(b",nan\r\n").unwrap().is_nan());
    assert!(to::<f64>(b",-nan\r\n").unwrap().is_nan());
    let exact = to::<f64>(b",0.30000000000000004\r\n").unwrap();
    assert_eq!(exact.to_bits(), (0.1_f64 + 0.2).to_bits());
    assert_eq!(found::<f64>(b"$1\r\nx\r\n"), Found::Text(Bulk));
    assert_eq!(found::<f64>(b"$0\r\n\r\n"), Found::Text(Bulk));
    assert_eq!(found::<f64>(b"_\r\n"), Found::Value(Null));
}
