use std::format;
use std::string::String;
use std::vec::Vec;

use super::reply;
use crate::decode::tests::random::{Random, Sample, seeds};
use crate::reply::{Cursor, Value};
use crate::{Frame, Kind, Reply};

/// A value as the random replies describe it.
fn shown(value: Value<'_>) -> String {
    match value {
        Value::Error(error) => format!("error {:?}", error.text()),
        Value::Verbatim { format, text } => {
            format!("{} {text:?}", String::from_utf8(format.into()).unwrap())
        }
        Value::Bulk(text) => format!("bulk {text:?}"),
        Value::Integer(n) => format!("integer {n}"),
        Value::Boolean(truth) => format!("boolean {truth}"),
        Value::Map(pairs) => format!("map {pairs}"),
        _ => match (value.text(), value.count()) {
            (Some(text), _) => format!("{} {text:?}", value.kind()),
            (None, Some(count)) => format!("{} {count}", value.kind()),
            (None, None) => format!("{}", value.kind()),
        },
    }
}

/// A walk by elements, which has to visit what the cursor visits.
fn visit(reply: Reply<'_>, nodes: &mut Vec<String>) {
    nodes.push(shown(reply.value()));
    for element in reply.elements() {
        visit(element, nodes);
    }
}

#[test]
fn a_walk_visits_every_value_below_in_the_order_of_the_bytes() {
    let reply = reply(b"*3\r\n$1\r\na\r\n%1\r\n+k\r\n*2\r\n:1\r\n_\r\n#t\r\n");
    let values: Vec<Value> = reply.cursor().collect();
    assert_eq!(
        values,
        [
            Value::Array(3),
            Value::Bulk(b"a"),
            Value::Map(1),
            Value::Status(b"k"),
            Value::Array(2),
            Value::Integer(1),
            Value::Null,
            Value::Boolean(true),
        ]
    );
}

#[test]
fn random_replies_are_walked_as_they_were_made() {
    for seed in 0..seeds(3000) {
        let sample = Sample::new(seed);
        let reply = reply(&sample.bytes);
        let walked: Vec<String> = reply.cursor().map(shown).collect();
        assert_eq!(walked, sample.nodes, "seed {seed}");
    }
}

#[test]
fn elements_are_what_the_walk_visits() {
    for seed in 0..seeds(3000) {
        let sample = Sample::new(seed);
        let mut nodes = Vec::new();
        visit(reply(&sample.bytes), &mut nodes);
        assert_eq!(nodes, sample.nodes, "seed {seed}");
    }
}

#[test]
fn skipping_stepping_and_taking_end_at_the_same_place() {
    for seed in 0..seeds(1000) {
        let sample = Sample::new(seed);
        let reply = reply(&sample.bytes);
        let Some(count) = reply.value().count() else {
            continue;
        };
        let (mut skips, mut takes) = (reply.cursor(), reply.cursor());
        assert_eq!(skips.next(), takes.next());
        for _ in 0..count {
            let next = skips.peek();
            assert!(next.is_some(), "seed {seed}");
            assert_eq!(takes.peek(), next, "seed {seed}");
            skips.step_over();
            assert_eq!(takes.reply().map(|reply| reply.value()), next);
        }
        assert_eq!((skips.next(), takes.next()), (None, None), "seed {seed}");
        assert_eq!((skips.peek(), takes.reply()), (None, None));
    }
}

#[test]
fn an_element_is_a_reply_with_its_own_bytes_and_attributes() {
    let array = reply(
        b"*3\r\n>2\r\n+message\r\n:0\r\n|1\r\n+ttl\r\n:9\r\n$1\r\na\r\n*1\r\n:1\r\n\
          >3\r\n+subscribe\r\n+c\r\n:1\r\n",
    );
    let elements: Vec<Reply> = array.elements().collect();
    let raw: Vec<&[u8]> = elements.iter().map(Reply::as_raw).collect();
    assert_eq!(
        raw,
        [
            &b"|1\r\n+ttl\r\n:9\r\n$1\r\na\r\n"[..],
            b"*1\r\n:1\r\n",
            b">3\r\n+subscribe\r\n+c\r\n:1\r\n"
        ]
    );
    let kinds: Vec<Kind> = elements.iter().map(Reply::kind).collect();
    assert_eq!(kinds, [Kind::Bulk, Kind::Array, Kind::Push]);
    assert_eq!(elements[0].attributes().count(), 1);
    assert_eq!(
        elements[2].to::<(&str, &str, i64)>(),
        Ok(("subscribe", "c", 1))
    );
    for element in elements {
        assert_eq!(element, reply(element.as_raw()), "framed again");
        assert_eq!(element.frame(), reply(element.as_raw()).frame());
    }
}

#[test]
fn a_scalar_has_no_elements_and_a_map_keys_and_values() {
    assert_eq!(reply(b"$1\r\na\r\n").elements().count(), 0);
    assert_eq!(reply(b"*-1\r\n").elements().count(), 0);
    let map = reply(b"%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n");
    assert_eq!(map.elements().size_hint(), (0, Some(4)));
    assert_eq!(map.elements().count(), 4);
}

#[test]
fn the_whole_reply_taken_from_its_cursor_is_itself() {
    for bytes in [
        &b"$5\r\nhello\r\n"[..],
        b"|1\r\n+a\r\n:1\r\n*1\r\n:1\r\n",
        b">1\r\n+x\r\n",
    ] {
        let reply = reply(bytes);
        let mut cursor = reply.cursor();
        let taken = cursor.reply().unwrap();
        assert_eq!((taken, taken.frame()), (reply, reply.frame()));
        assert_eq!(cursor.next(), None);
        assert_eq!(reply.to::<Reply>(), Ok(reply));
    }
}

#[test]
fn attributes_are_those_of_the_value_alone_and_stacked_ones_all() {
    let pairs = |bytes| -> Vec<(Vec<u8>, i64)> {
        let attributes = reply(bytes).attributes();
        let pairs = attributes.map(|(key, value)| (key.as_bytes().unwrap().to_vec(), value));
        pairs
            .map(|(key, value)| (key, value.as_i64().unwrap()))
            .collect()
    };
    assert_eq!(pairs(b":1\r\n"), []);
    assert_eq!(
        pairs(b"*1\r\n|1\r\n+a\r\n:1\r\n:1\r\n"),
        [],
        "of an element"
    );
    assert_eq!(
        pairs(b"|1\r\n$1\r\na\r\n:1\r\n+x\r\n"),
        [(b"a".to_vec(), 1)]
    );
    assert_eq!(
        pairs(
            b"|1\r\n+a\r\n:1\r\n|0\r\n|2\r\n+b\r\n:2\r\n+c\r\n:3\r\n*1\r\n|1\r\n+d\r\n:4\r\n:5\r\n"
        ),
        [(b"a".to_vec(), 1), (b"b".to_vec(), 2), (b"c".to_vec(), 3)]
    );
    let pushed = b"|1\r\n+a\r\n>2\r\n+message\r\n:7\r\n:1\r\n>2\r\n+message\r\n:8\r\n";
    assert_eq!(pairs(pushed), [(b"a".to_vec(), 1)], "the value is a push");
    let array = reply(b"*1\r\n|1\r\n+a\r\n:1\r\n>2\r\n+message\r\n:7\r\n|1\r\n+b\r\n:2\r\n:5\r\n");
    let element = array.elements().next().unwrap();
    assert_eq!(
        element.attributes().count(),
        2,
        "a push between them is none"
    );
    assert_eq!(element.as_i64(), Ok(5));
}

#[test]
fn verbatim_text_is_split_from_its_format_where_it_has_one() {
    assert_eq!(
        reply(b"=7\r\nmkd:abc\r\n").value(),
        Value::Verbatim {
            format: *b"mkd",
            text: b"abc"
        }
    );
    for short in [&b"=3\r\nabc\r\n"[..], b"=7\r\nabcdefg\r\n", b"=0\r\n\r\n"] {
        let reply = reply(short);
        assert_eq!(reply.kind(), Kind::Verbatim);
        assert!(matches!(reply.value(), Value::Bulk(_)));
    }
}

#[test]
fn bytes_that_no_framer_saw_end_the_walk() {
    let mut random = Random::new(1);
    for seed in 0..seeds(2000) {
        let mut bytes = Sample::new(seed).bytes;
        let frame = reply(&bytes).frame();
        let at = random.below(bytes.len());
        match random.below(3) {
            0 => bytes.truncate(at),
            1 => bytes[at] = b"\r\n09-$*|>%:"[random.below(11)],
            _ => bytes[..at].reverse(),
        }
        let frame = match random.below(3) {
            0 => Frame { value: -5, ..frame },
            1 => Frame {
                body: usize::MAX,
                ..frame
            },
            _ => frame,
        };
        let reply = Reply::new(&bytes, frame);
        assert!(reply.cursor().count() <= bytes.len() + 1);
        assert!(reply.elements().count() <= bytes.len() + 1);
        assert!(reply.attributes().count() <= bytes.len());
        let _ = (reply.value(), reply.error(), reply.is_ok());
        let _ = reply.to::<[(&str, Option<i64>); 3]>();
        let _ = reply.to::<()>();
    }
    assert_eq!(Cursor::within(b"").next(), None);
    assert_eq!(
        Cursor::within(b"*99999999999\r\n")
            .reply()
            .map(|reply| reply.kind()),
        Some(Kind::Array)
    );
}
