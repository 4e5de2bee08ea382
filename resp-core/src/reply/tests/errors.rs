use std::format;
use std::string::ToString;

use super::reply;
use crate::reply::{ConvertError, ErrorCode, FixedReply, Found, ServerError, ShortCode};

#[test]
fn an_error_is_a_code_and_a_message() {
    for bytes in [
        &b"-WRONGTYPE Operation against a key\r\n"[..],
        b"!33\r\nWRONGTYPE Operation against a key\r\n",
        b"|1\r\n+a\r\n:1\r\n-WRONGTYPE Operation against a key\r\n",
    ] {
        let error = reply(bytes).error().expect("an error");
        assert_eq!(error.code(), "WRONGTYPE");
        assert_eq!(error.message(), b"Operation against a key");
        assert_eq!(error.text(), b"WRONGTYPE Operation against a key");
        assert_eq!(error.kind(), ErrorCode::WrongType);
        assert_eq!(error.to_string(), "WRONGTYPE Operation against a key");
    }
    for other in [&b"+ERR\r\n"[..], b"*1\r\n-ERR x\r\n", b"$5\r\nERR x\r\n"] {
        assert_eq!(reply(other).error(), None);
    }
}

#[test]
fn an_error_of_one_word_or_none_or_not_utf_8_is_one_all_the_same() {
    let error = ServerError::new(b"OOM");
    assert_eq!((error.code(), error.message()), ("OOM", &b""[..]));
    assert_eq!(error.kind(), ErrorCode::Oom);
    let empty = ServerError::new(b"");
    assert_eq!((empty.code(), empty.kind()), ("", ErrorCode::Other));
    let broken = ServerError::new(b"ERR caf\xe9 \xff\xfeopen");
    assert_eq!(broken.kind(), ErrorCode::Err);
    assert_eq!(broken.to_string(), "ERR caf\u{fffd} \u{fffd}\u{fffd}open");
    assert_eq!(
        format!("{broken:?}"),
        "ServerError(ERR caf\u{fffd} \u{fffd}\u{fffd}open)"
    );
    assert_eq!(ServerError::new(b"\xff x").code(), "");
    let spaced = ServerError::new(b" x");
    assert_eq!((spaced.code(), spaced.message()), ("", &b"x"[..]));
}

#[test]
fn the_codes_that_programs_decide_by_are_told_apart() {
    for word in [
        "ERR",
        "WRONGTYPE",
        "LOADING",
        "BUSY",
        "READONLY",
        "MOVED",
        "ASK",
        "OOM",
        "NOSCRIPT",
        "NOAUTH",
        "WRONGPASS",
        "NOPERM",
        "NOPROTO",
        "EXECABORT",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "MISCONF",
        "TRYAGAIN",
        "CROSSSLOT",
        "NOREPLICAS",
        "BUSYKEY",
        "BUSYGROUP",
        "NOGROUP",
        "UNKILLABLE",
        "NOTBUSY",
        "UNBLOCKED",
        "INPROG",
    ] {
        let code = ErrorCode::of(word.as_bytes());
        assert_ne!(code, ErrorCode::Other, "{word}");
        assert_eq!((code.as_str(), code.to_string().as_str()), (word, word));
        let line = format!("-{word} x\r\n");
        assert_eq!(reply(line.as_bytes()).error().unwrap().kind(), code);
    }
    for other in ["", "err", "ERRO", "ER", "BUSYGROUPS"] {
        assert_eq!(ErrorCode::of(other.as_bytes()), ErrorCode::Other);
    }
    let other = ErrorCode::Other;
    assert_eq!((other.as_str(), other.to_string().as_str()), ("", "other"));
}

#[test]
fn a_failed_conversion_says_what_was_expected_and_what_came() {
    let say = |error: ConvertError| error.to_string();
    let number = |bytes| say(reply(bytes).to::<u8>().unwrap_err());
    assert_eq!(
        number(b"-LOADING Redis is loading\r\n"),
        "expected integer (u8), the server answered with the error LOADING"
    );
    assert_eq!(
        number(b"_\r\n"),
        "expected integer (u8), the server sent a value of type null"
    );
    assert_eq!(
        number(b"+x\r\n"),
        "expected integer (u8), the status says something else"
    );
    assert_eq!(
        number(b":256\r\n"),
        "expected integer (u8), the number is out of its range"
    );
    let pair = reply(b"*1\r\n:1\r\n").to::<(u8, u8)>().unwrap_err();
    assert_eq!(say(pair), "expected array of 2, the server sent 1 values");
    let text = reply(b"+\xff\r\n").as_str().unwrap_err();
    assert_eq!(say(text), "expected string, the bytes are not UTF-8");
    let long = reply(b"$3\r\nabc\r\n").to::<FixedReply<4>>().unwrap_err();
    assert_eq!(
        say(long),
        "expected reply, the server sent 9, which is more than 4"
    );
    let end = reply(b"+x\r\n").cursor().nth(1);
    let end = ConvertError::unexpected("field", end);
    assert_eq!(say(end), "expected field, the reply has no further value");
}

#[test]
fn a_code_longer_than_its_copy_is_cut() {
    let error = reply(b"-ABCDEFGHIJKLMNOPQRS x\r\n").as_i64().unwrap_err();
    match error.found() {
        Found::ServerError(code) => assert_eq!(code.as_bytes(), b"ABCDEFGHIJKLMNO"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_code_is_shown_as_it_came_to_programs_and_to_people() {
    let code = ShortCode::of(ServerError::new(b"MOVED 1 host:1"));
    assert_eq!(
        (code.kind(), code.as_bytes()),
        (ErrorCode::Moved, &b"MOVED"[..])
    );
    assert_eq!(format!("{code} {code:?}"), "MOVED MOVED");
    let error = reply(b"-MOVED 1 host:1\r\n");
    assert_eq!(error.value().kind(), crate::Kind::Error);
    let blob = reply(b"!3\r\nOOM\r\n");
    assert_eq!(blob.value().kind(), crate::Kind::Error, "whichever form");
}

#[test]
fn debug_shows_the_bytes_that_can_be_read() {
    let reply = reply(b"$2\r\n\xffa\r\n");
    assert_eq!(format!("{reply:?}"), r#"Reply("$2\r\n\xffa\r\n")"#);
}
