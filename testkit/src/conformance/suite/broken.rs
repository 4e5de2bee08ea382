//! A server that breaks the protocol: a named error with its offset, and a fate for everyone.

use respipe_core::Kind;
use respipe_core::decode::{DecodeError, DecodeErrorKind};
use respipe_core::pipeline::PipelineError;

use super::bulk;
use crate::conformance::scenario::Scenario;
use crate::link::Flow;

pub(super) fn scenarios() -> Vec<Scenario> {
    use DecodeErrorKind as Is;

    // Offsets point at the header, or at the place of the missing CRLF, in the bytes given here.
    let cases = [
        (
            "broken: a type that is none",
            "hello\r\n",
            Is::UnknownType(b'h'),
            0,
        ),
        (
            "broken: an HTTP server",
            "HTTP/1.1 400 Bad Request\r\n\r\n",
            Is::UnknownType(b'H'),
            0,
        ),
        (
            "broken: a streamed string",
            "$?\r\n;4\r\nabcd\r\n;0\r\n",
            Is::StreamedType,
            0,
        ),
        (
            "broken: a streamed array",
            "*?\r\n:1\r\n.\r\n",
            Is::StreamedType,
            0,
        ),
        (
            "broken: a letter in a length",
            "$1x\r\n",
            Is::BadDigit(b'x'),
            0,
        ),
        (
            "broken: a letter in an integer",
            ":12a\r\n",
            Is::BadDigit(b'a'),
            0,
        ),
        (
            "broken: a length of no digits",
            "$\r\n",
            Is::BadDigit(b'\r'),
            0,
        ),
        ("broken: a negative length", "$-2\r\n", Is::OutOfRange, 0),
        ("broken: a negative count", "%-1\r\n", Is::OutOfRange, 0),
        (
            "broken: an integer out of range",
            ":9223372036854775808\r\n",
            Is::OutOfRange,
            0,
        ),
        ("broken: a line that ends in LF", "+OK\n", Is::BadLineEnd, 0),
        ("broken: a CR without LF", "+OK\rx", Is::BadLineEnd, 0),
        (
            "broken: a bulk longer than it says",
            "$3\r\nabcde\r\n",
            Is::BadTerminator,
            7,
        ),
        (
            "broken: an element inside",
            "*2\r\n:1\r\n?\r\n",
            Is::UnknownType(b'?'),
            8,
        ),
        (
            "broken: a bulk inside",
            "*2\r\n$1\r\nab\r\n",
            Is::BadTerminator,
            9,
        ),
        (
            "broken: a boolean that is none",
            "#x\r\n",
            Is::BadBoolean,
            0,
        ),
        (
            "broken: a null with something in it",
            "_x\r\n",
            Is::BadNull,
            0,
        ),
        (
            "broken: counts beyond all numbers",
            "%9223372036854775807\r\n%9223372036854775807\r\n",
            Is::OutOfRange,
            22,
        ),
    ];
    let broken = cases.map(|(name, wire, kind, at)| {
        let good = bulk("good");
        let offset = good.len() as u64 + at;
        Scenario::new(name)
            .exchange(1, "GET a", good)
            .call(2, "GET b", "")
            .call(3, "GET c", wire)
            .unknown(2)
            .unknown(3)
            .down(PipelineError::Protocol(DecodeError { kind, offset }))
    });
    let mut all = broken.to_vec();
    all.extend([
        a_reply_that_nobody_is_owed(),
        an_error_that_nobody_is_owed_is_a_farewell(),
        a_named_protocol_error_ends_the_link(),
        the_end_in_the_middle_of_a_reply(),
        a_reset_in_the_middle_of_a_reply(),
        replies_received_before_the_end_are_kept(),
    ]);
    all
}

fn a_reply_that_nobody_is_owed() -> Scenario {
    Scenario::new("a reply that nobody is owed")
        .exchange(1, "GET a", bulk("a"))
        .unasked(bulk("b"))
        .down(PipelineError::Unexpected(Kind::Bulk))
}

fn an_error_that_nobody_is_owed_is_a_farewell() -> Scenario {
    Scenario::resp3("an error that nobody is owed is a farewell")
        .exchange(1, "GET a", bulk("a"))
        .unasked("-ERR max number of clients reached\r\n")
        .closes()
        .down(PipelineError::Farewell)
}

fn a_named_protocol_error_ends_the_link() -> Scenario {
    Scenario::new("a named protocol error ends the link")
        .exchange(1, "GET a", bulk("a"))
        .call(2, "GET b", "")
        .call(
            3,
            "GET c",
            "-ERR Protocol error: too big mbulk count string\r\n",
        )
        .closes()
        .unknown(2)
        .unknown(3)
        .down(PipelineError::Farewell)
}

fn the_end_in_the_middle_of_a_reply() -> Scenario {
    Scenario::new("the end in the middle of a reply")
        .exchange(1, "GET a", bulk("a"))
        .call(2, "GET b", "")
        .call(3, "GET c", "$10\r\nhalf")
        .closes()
        .unknown(2)
        .unknown(3)
        .down(PipelineError::Eof)
}

fn a_reset_in_the_middle_of_a_reply() -> Scenario {
    Scenario::new("a reset before any reply")
        .call(1, "GET a", "")
        .call(2, "GET b", "")
        .then(Flow::Reset)
        .unknown(1)
        .unknown(2)
        .down(PipelineError::LinkLost)
}

fn replies_received_before_the_end_are_kept() -> Scenario {
    Scenario::resp3("replies received before the end are kept and come first")
        .exchange(1, "GET a", bulk("a"))
        .exchange(2, "GET b", bulk("b"))
        .push(">1\r\n+bye\r\n")
        .call(3, "GET c", "")
        .call(4, "GET d", "")
        .closes()
        .unknown(3)
        .unknown(4)
        .down(PipelineError::Eof)
}
