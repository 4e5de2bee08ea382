use std::format;
use std::vec::Vec;

use crate::decode::framer::{Framer, Step};
use crate::{Frame, Kind};

/// All steps over these bytes at once.
fn steps(bytes: &[u8]) -> (Vec<(usize, Frame)>, Frame) {
    let mut framer = Framer::new();
    let mut inner = Vec::new();
    loop {
        match framer.step(bytes).expect("valid") {
            Step::More => panic!("not whole: {:?}", bytes.escape_ascii()),
            Step::Frame(frame) => return (inner, frame),
            Step::Inner { start, push } => inner.push((start, push)),
        }
    }
}

const MESSAGE: &str = ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n";

#[test]
fn a_message_between_elements_is_no_element() {
    for place in 0..3 {
        let mut parts = ["*2\r\n", ":1\r\n", ":2\r\n"].map(Vec::from);
        parts[place].extend_from_slice(MESSAGE.as_bytes());
        if place == 2 {
            // Behind the last element it stands behind the frame.
            continue;
        }
        let start: usize = parts[..=place].iter().map(Vec::len).sum::<usize>() - MESSAGE.len();
        let bytes = parts.concat();
        let (inner, frame) = steps(&bytes);
        assert_eq!(frame.len(), bytes.len());
        assert_eq!(frame.kind(), Kind::Array);
        let [(at, push)] = inner[..] else {
            panic!("{inner:?}")
        };
        assert_eq!(
            (at, push.len(), push.kind()),
            (start, MESSAGE.len(), Kind::Push)
        );
    }
}

#[test]
fn a_message_behind_the_last_element_is_a_frame_of_its_own() {
    let bytes = format!("*1\r\n:1\r\n{MESSAGE}");
    let (inner, frame) = steps(bytes.as_bytes());
    assert!(inner.is_empty());
    assert_eq!(frame.len(), 8);
    assert_eq!(steps(&bytes.as_bytes()[8..]).1.kind(), Kind::Push);
}

#[test]
fn a_confirmation_between_elements_is_one() {
    for kind in [
        "subscribe",
        "psubscribe",
        "ssubscribe",
        "unsubscribe",
        "punsubscribe",
        "sunsubscribe",
    ] {
        for first in [format!("${}\r\n{kind}", kind.len()), format!("+{kind}")] {
            let bytes = format!("*2\r\n>3\r\n{first}\r\n$1\r\nc\r\n:1\r\n:2\r\n");
            let (inner, frame) = steps(bytes.as_bytes());
            assert!(inner.is_empty(), "{kind}");
            assert_eq!(frame.len(), bytes.len(), "{kind}");
        }
    }
}

#[test]
fn only_the_exact_kinds_are_confirmations() {
    for kind in [
        "subscribed",
        "Subscribe",
        "ubscribe",
        "",
        "xpunsubscribe",
        "message",
    ] {
        let push = format!(">2\r\n${}\r\n{kind}\r\n:1\r\n", kind.len());
        let bytes = format!("*1\r\n{push}:2\r\n");
        let (inner, frame) = steps(bytes.as_bytes());
        assert_eq!((inner.len(), frame.len()), (1, bytes.len()), "{kind}");
    }
}

#[test]
fn a_push_whose_first_element_is_no_string_is_no_element() {
    for push in [
        ">0\r\n",
        ">1\r\n:1\r\n",
        ">1\r\n_\r\n",
        ">2\r\n*1\r\n$9\r\nsubscribe\r\n:1\r\n",
        ">1\r\n|1\r\n:1\r\n:2\r\n$9\r\nsubscribe\r\n",
        ">1\r\n!9\r\nsubscribe\r\n",
    ] {
        let bytes = format!("*1\r\n{push}:2\r\n");
        let (inner, frame) = steps(bytes.as_bytes());
        assert_eq!(inner.len(), 1, "{push:?}");
        assert_eq!(inner[0].1.len(), push.len(), "{push:?}");
        assert_eq!(frame.len(), bytes.len(), "{push:?}");
    }
}

#[test]
fn a_push_inside_a_push_is_left_to_its_readers() {
    let outer = format!(">2\r\n+outer\r\n*1\r\n{MESSAGE}:1\r\n");
    let bytes = format!("*1\r\n{outer}:2\r\n");
    let (inner, frame) = steps(bytes.as_bytes());
    assert_eq!(frame.len(), bytes.len());
    assert_eq!(inner.len(), 1);
    assert_eq!(inner[0].1.len(), outer.len());
}

#[test]
fn a_message_inside_a_confirmation_is_handed_out() {
    let bytes = format!("*1\r\n>3\r\n+subscribe\r\n{MESSAGE}+c\r\n:1\r\n");
    let (inner, frame) = steps(bytes.as_bytes());
    assert_eq!(frame.len(), bytes.len());
    assert_eq!(inner[0].1.len(), MESSAGE.len());
}

#[test]
fn a_message_inside_attributes_and_behind_them_is_no_element() {
    let bytes = format!("*1\r\n|1\r\n+a\r\n{MESSAGE}+b\r\n{MESSAGE}:1\r\n");
    let (inner, frame) = steps(bytes.as_bytes());
    assert_eq!((inner.len(), frame.len()), (2, bytes.len()));
}

#[test]
fn a_push_is_handed_out_as_soon_as_its_last_byte_came() {
    let bytes = format!("*2\r\n:1\r\n{MESSAGE}:2\r\n");
    let bytes = bytes.as_bytes();
    let end = 8 + MESSAGE.len();
    let mut framer = Framer::new();
    for have in 0..end {
        assert_eq!(framer.step(&bytes[..have]), Ok(Step::More), "{have}");
    }
    match framer.step(&bytes[..end]) {
        Ok(Step::Inner { start: 8, push }) => assert_eq!(push.len(), MESSAGE.len()),
        other => panic!("{other:?}"),
    }
    assert_eq!(framer.handed_out(), 1);
    assert_eq!(framer.step(&bytes[..end]), Ok(Step::More), "once");
    assert!(matches!(framer.step(bytes), Ok(Step::Frame(_))));
    assert_eq!(framer.handed_out(), 0, "counted for each frame");
}

#[test]
fn what_is_announced_is_known_with_the_first_line() {
    let bytes = b"|1\r\n+a\r\n:1\r\n*3\r\n:1\r\n";
    let mut framer = Framer::new();
    assert_eq!(framer.step(&bytes[..12]), Ok(Step::More));
    assert_eq!(framer.announced(), None, "attributes are not the value");
    assert_eq!(framer.step(bytes), Ok(Step::More));
    let announced = framer.announced().unwrap();
    assert_eq!((announced.kind(), announced.value), (Kind::Array, 3));
}
