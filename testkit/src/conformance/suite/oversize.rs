//! A reply larger than the memory costs its own command, not the connection (promise 6).

use respipe_core::Kind;
use respipe_core::pipeline::{Oversize, PipelineError};

use super::{aggregate, bulk};
use crate::conformance::outcome::Outcome;
use crate::conformance::scenario::Scenario;

const MESSAGE: &[u8] = b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n";

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (names, oversize) in [(SKIPPED, Oversize::Skip), (STREAMED, Oversize::Stream)] {
        let make = |name: &'static str| {
            Scenario::resp3(name)
                .sizes(512, 96, 8)
                .config(|config| config.oversize = oversize)
        };
        all.extend(names.iter().zip(replies()).map(|(name, (kind, wire))| {
            let scenario = make(name).exchange(1, "GET a", bulk("a"));
            let scenario = match oversize {
                Oversize::Skip => scenario.too_large(2, "BIG 2", kind, &wire),
                _ => scenario.streamed(2, "BIG 2", &wire),
            };
            scenario
                .exchange(3, "GET c", bulk("c"))
                .exchange(4, "GET d", "-ERR d\r\n")
        }));
    }
    all.extend([
        a_reply_of_exactly_all_memory_is_whole(),
        a_reply_of_one_byte_more_is_too_large(),
        pushes_inside_are_told(),
        pushes_inside_are_told_between_tokens(),
        a_push_too_large_is_dropped(),
        a_push_too_large_inside_a_reply_is_dropped(),
        a_confirmation_too_large_inside_exec_is_an_element(),
        the_end_in_the_middle(),
        broken_in_the_middle(),
        an_error_too_large_for_nobody_is_a_farewell(),
    ]);
    all
}

const SKIPPED: &[&str] = &[
    "skipped: a bulk string",
    "skipped: an array of bulk strings",
    "skipped: an array of integers",
    "skipped: nested arrays",
    "skipped: a long status line",
    "skipped: a long error",
    "skipped: a long bulk error",
    "skipped: a map with attributes",
    "skipped: attributes in front",
    "skipped: a long line first in an array",
    "skipped: a set of long lines",
    "skipped: a big number",
    "skipped: a verbatim string",
];

const STREAMED: &[&str] = &[
    "streamed: a bulk string",
    "streamed: an array of bulk strings",
    "streamed: an array of integers",
    "streamed: nested arrays",
    "streamed: a long status line",
    "streamed: a long error",
    "streamed: a long bulk error",
    "streamed: a map with attributes",
    "streamed: attributes in front",
    "streamed: a long line first in an array",
    "streamed: a set of long lines",
    "streamed: a big number",
    "streamed: a verbatim string",
];

fn replies() -> Vec<(Kind, Vec<u8>)> {
    let long = "x".repeat(500);
    let line = format!("+{long}\r\n").into_bytes();
    let integers: Vec<Vec<u8>> = (0..60).map(|n| format!(":{n}\r\n").into_bytes()).collect();
    let integers: Vec<&[u8]> = integers.iter().map(Vec::as_slice).collect();
    vec![
        (Kind::Bulk, bulk(&long)),
        (
            Kind::Array,
            aggregate(
                '*',
                &[&bulk("abc"), &bulk(&long), &bulk(""), &bulk("x".repeat(91))],
            ),
        ),
        (Kind::Array, aggregate('*', &integers)),
        (
            Kind::Array,
            [b"*2\r\n:1\r\n".repeat(50), b"*0\r\n".to_vec()].concat(),
        ),
        (Kind::Status, line.clone()),
        (Kind::Error, format!("-WRONGTYPE {long}\r\n").into_bytes()),
        (
            Kind::BulkError,
            format!("!510\r\nWRONGTYPE {long}\r\n").into_bytes(),
        ),
        (
            Kind::Map,
            aggregate(
                '%',
                &[
                    b"|1\r\n+k\r\n+v\r\n+a\r\n",
                    &bulk(&long),
                    b":1\r\n",
                    b"#t\r\n",
                ],
            ),
        ),
        (
            Kind::Bulk,
            [aggregate('|', &[b"+ttl\r\n", b":3600\r\n"]), bulk(&long)].concat(),
        ),
        (Kind::Array, aggregate('*', &[&line, b":1\r\n"])),
        (Kind::Set, aggregate('~', &[&line, &line, b",1.5\r\n"])),
        (
            Kind::BigNumber,
            format!("({}\r\n", "7".repeat(300)).into_bytes(),
        ),
        (
            Kind::Verbatim,
            format!("=504\r\ntxt:{long}\r\n").into_bytes(),
        ),
    ]
}

fn a_reply_of_exactly_all_memory_is_whole() -> Scenario {
    let exact = bulk("x".repeat(64 - 7));
    Scenario::new("a reply of exactly all memory is whole")
        .sizes(256, 64, 8)
        .exchange(1, "GET a", bulk("a"))
        .exchange(2, "GET b", &exact)
        .exchange(3, "GET c", &exact)
        .exchange(4, "GET d", bulk("d"))
}

fn a_reply_of_one_byte_more_is_too_large() -> Scenario {
    let more = bulk("x".repeat(64 - 6));
    Scenario::new("a reply of one byte more is too large")
        .sizes(256, 64, 8)
        .exchange(1, "GET a", bulk("a"))
        .too_large(2, "GET b", Kind::Bulk, &more)
        .too_large(3, "GET c", Kind::Bulk, &more)
        .exchange(4, "GET d", bulk("d"))
}

fn with_pushes_inside() -> Vec<u8> {
    let long = bulk("x".repeat(200));
    [
        b"*4\r\n",
        MESSAGE,
        &bulk("first"),
        MESSAGE,
        &long,
        b"*1\r\n",
        MESSAGE,
        b":1\r\n:2\r\n",
    ]
    .concat()
}

fn pushes_inside_are_told() -> Scenario {
    let wire = with_pushes_inside();
    let scenario = Scenario::resp3("pushes inside a skipped reply are told")
        .sizes(512, 96, 8)
        .call(1, "BIG 1", &wire);
    let push = || Outcome::Push(MESSAGE.to_vec());
    scenario
        .expect(push())
        .expect(push())
        .expect(push())
        .expect(Outcome::TooLarge {
            tag: 1,
            kind: Kind::Array,
            bytes: wire.len() as u64,
            head: wire,
        })
        .exchange(2, "GET a", bulk("a"))
}

fn pushes_inside_are_told_between_tokens() -> Scenario {
    let wire = with_pushes_inside();
    let long = bulk("x".repeat(200));
    let tokens = [
        b"*4\r\n",
        bulk("first").as_slice(),
        &long,
        b"*1\r\n:1\r\n:2\r\n",
    ]
    .concat();
    let push = || Outcome::Push(MESSAGE.to_vec());
    Scenario::resp3("pushes inside a streamed reply are told between tokens")
        .sizes(512, 96, 8)
        .config(|config| config.oversize = Oversize::Stream)
        .call(1, "BIG 1", &wire)
        .expect(push())
        .expect(push())
        .expect(push())
        .expect(Outcome::Streamed {
            tag: 1,
            bytes: wire.len() as u64,
            wire: tokens,
        })
        .exchange(2, "GET a", bulk("a"))
}

fn large_push() -> Vec<u8> {
    aggregate('>', &[&bulk("message"), &bulk("c"), &bulk("x".repeat(300))])
}

fn a_push_too_large_is_dropped() -> Scenario {
    Scenario::resp3("a push too large is dropped")
        .sizes(512, 96, 8)
        .exchange(1, "GET a", bulk("a"))
        .unasked(large_push())
        .exchange(2, "GET b", bulk("b"))
        .unasked(large_push())
        .push(MESSAGE)
        .exchange(3, "GET c", bulk("c"))
}

fn a_push_too_large_inside_a_reply_is_dropped() -> Scenario {
    let wire = [b"*2\r\n:1\r\n", large_push().as_slice(), b":2\r\n"].concat();
    Scenario::resp3("a push too large inside a reply is dropped")
        .sizes(512, 96, 8)
        .too_large(1, "BIG 1", Kind::Array, wire)
        .exchange(2, "GET b", bulk("b"))
        .exchange(3, "GET c", bulk("c"))
}

fn a_confirmation_too_large_inside_exec_is_an_element() -> Scenario {
    let channel = "c".repeat(120);
    let confirmation = aggregate('>', &[&bulk("subscribe"), &bulk(&channel), b":1\r\n"]);
    let short = aggregate('>', &[&bulk("subscribe"), &bulk("d"), b":2\r\n"]);
    let wire = aggregate('*', &[b"+OK\r\n", &confirmation, &short]);
    Scenario::resp3("a confirmation too large inside EXEC is an element")
        .sizes(512, 96, 8)
        .exchange(1, "MULTI", "+OK\r\n")
        .exchange(2, "SET k v", "+QUEUED\r\n")
        .exchange(3, format!("SUBSCRIBE {channel}").as_str(), "+QUEUED\r\n")
        .exchange(4, "SUBSCRIBE d", "+QUEUED\r\n")
        .too_large(5, "EXEC", Kind::Array, wire)
        .exchange(6, "GET b", bulk("b"))
        .exchange(7, "GET c", bulk("c"))
}

fn the_end_in_the_middle() -> Scenario {
    let wire = bulk("x".repeat(300));
    Scenario::new("the end in the middle of a reply too large")
        .sizes(256, 64, 8)
        .exchange(1, "GET a", bulk("a"))
        .call(2, "BIG 2", "")
        .call(3, "GET c", &wire[..250])
        .closes()
        .unknown(2)
        .unknown(3)
        .down(PipelineError::Eof)
}

fn broken_in_the_middle() -> Scenario {
    use respipe_core::decode::{DecodeError, DecodeErrorKind};

    let wire = [b"*3\r\n", bulk("x".repeat(300)).as_slice(), b"?\r\n"].concat();
    let kind = DecodeErrorKind::UnknownType(b'?');
    let offset = wire.len() as u64 - 3;
    Scenario::new("broken in the middle of a reply too large")
        .sizes(256, 64, 8)
        .call(1, "BIG 1", &wire)
        .unknown(1)
        .down(PipelineError::Protocol(DecodeError { kind, offset }))
}

fn an_error_too_large_for_nobody_is_a_farewell() -> Scenario {
    Scenario::new("an error too large for nobody is a farewell")
        .sizes(256, 64, 8)
        .exchange(1, "GET a", bulk("a"))
        .unasked(format!(
            "-ERR max number of clients reached {}\r\n",
            "x".repeat(200)
        ))
        .closes()
        .down(PipelineError::Farewell)
}
