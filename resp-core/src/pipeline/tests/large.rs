use super::*;
use crate::decode::tests::random::each;

/// Everything at every piece size gives the same events.
fn at_every_step(make: impl Fn() -> Rig, bytes: &str, expected: &[&str]) {
    for step in each(1..80).chain([usize::MAX]) {
        let mut rig = make();
        assert_eq!(rig.feed_by(bytes.as_bytes(), step), expected, "step {step}");
    }
}

fn two_pings() -> Rig {
    let mut rig = Rig::new(256, 64, 4);
    rig.ping(1);
    rig.ping(2);
    rig.sent();
    rig
}

#[cfg(feature = "pieces")]
fn streaming() -> Rig {
    let mut rig = two_pings();
    rig.config(|config| config.oversize = Oversize::Stream);
    rig
}

#[test]
fn promise_6_a_reply_that_is_too_large_costs_its_own_command_only() {
    let bulk = format!("$100\r\n{}\r\n+PONG\r\n", "x".repeat(100));
    at_every_step(
        two_pings,
        &bulk,
        &[
            "1: too large, bulk string, 108 bytes, $100 xxxxxxxxxx",
            "2: +PONG",
        ],
    );
    let array = format!("*30\r\n{}+PONG\r\n", "$1\r\na\r\n".repeat(30));
    at_every_step(
        two_pings,
        &array,
        &["1: too large, array, 215 bytes, *30 $1 a $1", "2: +PONG"],
    );
    let line = format!("-WRONGTYPE {}\r\n+PONG\r\n", "y".repeat(200));
    at_every_step(
        two_pings,
        &line,
        &[
            "1: too large, error, 213 bytes, -WRONGTYPE yyyyy",
            "2: +PONG",
        ],
    );
}

#[cfg(feature = "resp3")]
#[test]
fn a_push_that_is_too_large_is_dropped_and_counted() {
    let bytes = format!(">2\r\n+k\r\n$100\r\n{}\r\n+a\r\n+b\r\n", "x".repeat(100));
    at_every_step(two_pings, &bytes, &["1: +a", "2: +b"]);
    let mut rig = two_pings();
    rig.feed(&bytes);
    assert_eq!(rig.pipeline.pushes_dropped(), 1);
}

#[cfg(feature = "resp3")]
#[test]
fn pushes_inside_a_reply_that_is_too_large_are_handed_out_once() {
    let push = ">2\r\n$7\r\nmessage\r\n+hi\r\n";
    let bytes = format!(
        "*12\r\n{}{push}{}{push}{}+PONG\r\n",
        ":1\r\n",
        "$4\r\nabcd\r\n".repeat(8),
        ":2\r\n".repeat(3)
    );
    let expected = &[
        "push: >2 $7 message +hi",
        "push: >2 $7 message +hi",
        "1: too large, array, 145 bytes, *12 :1 >2 $7",
        "2: +PONG",
    ];
    at_every_step(two_pings, &bytes, expected);
}

#[cfg(feature = "pieces")]
#[test]
fn a_large_reply_is_streamed_as_tokens() {
    let bulk = "x".repeat(70);
    let bytes = format!("*3\r\n:7\r\n%1\r\n+k\r\n$70\r\n{bulk}\r\n$0\r\n\r\n+PONG\r\n");
    for step in [1, 7, usize::MAX] {
        let mut rig = streaming();
        let events = rig.feed_by(bytes.as_bytes(), step);
        let bytes: String = events
            .iter()
            .filter_map(|event| event.strip_prefix("token bytes: "))
            .collect();
        assert_eq!(bytes, bulk);
        let others: Vec<_> = events
            .iter()
            .filter(|event| !event.starts_with("token bytes"))
            .map(String::as_str)
            .collect();
        assert_eq!(
            others,
            [
                "token: array of 3",
                "token: :7",
                "token: map of 1",
                "token: +k",
                "token: bulk string Some(70)",
                "token: end",
                "token: bulk string Some(0)",
                "token: end",
                "1: streamed 99",
                "2: +PONG"
            ],
            "step {step}"
        );
    }
}

#[cfg(feature = "pieces")]
#[test]
fn a_line_longer_than_the_buffer_is_streamed() {
    let mut rig = streaming();
    let line = "z".repeat(150);
    let events = rig.feed(&format!("+{line}\r\n+PONG\r\n"));
    assert_eq!(events.first().unwrap(), "token: status None");
    assert_eq!(events.last().unwrap(), "2: +PONG");
    let bytes: String = events
        .iter()
        .filter_map(|event| event.strip_prefix("token bytes: "))
        .collect();
    assert_eq!(bytes, line);
}

#[test]
fn a_link_that_dies_inside_a_large_reply_leaves_its_command_unknown() {
    let mut rig = two_pings();
    rig.feed(&format!("$100\r\n{}", "x".repeat(90)));
    rig.pipeline.handle_eof();
    assert_eq!(
        rig.events(),
        ["1: Unknown(LinkLost)", "2: Unknown(LinkLost)", "error: Eof"]
    );
}

#[test]
fn a_broken_large_reply_names_its_offset() {
    let mut rig = two_pings();
    let events = rig.feed(&format!("$100\r\n{}XY", "x".repeat(100)));
    assert_eq!(
        events[2],
        "error: Protocol(DecodeError { kind: BadTerminator, offset: 106 })"
    );
}

#[test]
fn a_protocol_error_that_is_too_large_ends_the_link_as_a_short_one_does() {
    let makes = [
        two_pings,
        #[cfg(feature = "pieces")]
        streaming,
    ];
    for make in makes {
        let mut rig = make();
        let bytes = format!("-ERR Protocol error: {}\r\n", "x".repeat(80));
        let told = rig.feed_by(bytes.as_bytes(), 9);
        assert_eq!(
            told[told.len() - 3..],
            [
                "1: Unknown(LinkLost)",
                "2: Unknown(LinkLost)",
                "error: Farewell"
            ],
            "{told:?}"
        );
        assert!(
            rig.pipeline
                .last_words()
                .starts_with(b"ERR Protocol error: x")
        );
    }
}

#[test]
fn a_broken_line_that_is_too_large_is_named_where_its_end_is_broken() {
    for step in each(1..80).chain([usize::MAX]) {
        let mut rig = two_pings();
        let events = rig.feed_by(format!("+{}\n", "x".repeat(150)).as_bytes(), step);
        assert_eq!(
            events[2], "error: Protocol(DecodeError { kind: BadLineEnd, offset: 151 })",
            "step {step}"
        );
    }
}

#[test]
fn a_line_of_which_only_the_first_byte_fitted_is_named_where_it_begins() {
    let mut rig = two_pings();
    // The buffer is full with the line's type.
    let front = format!("*2\r\n$52\r\n{}\r\n+", "x".repeat(52));
    assert_eq!(front.len(), 64);
    let events = rig.feed(&format!("{front}ab\n"));
    assert_eq!(
        events[2],
        "error: Protocol(DecodeError { kind: BadLineEnd, offset: 63 })"
    );
}

#[test]
fn a_large_reply_that_nobody_is_owed_ends_the_link() {
    let mut rig = Rig::new(256, 64, 4);
    let bytes = format!("$100\r\n{}\r\n", "x".repeat(100));
    assert_eq!(rig.feed(&bytes), ["error: Unexpected(Bulk)"]);
}

#[cfg(feature = "pieces")]
#[test]
fn a_push_too_large_between_streamed_elements_is_dropped_and_counted() {
    let push = format!(">2\r\n+k\r\n$100\r\n{}\r\n", "x".repeat(100));
    let small = ">1\r\n+small\r\n";
    let line = "y".repeat(40);
    let bytes = format!("*4\r\n+{line}\r\n{push}+b\r\n{small}+{line}\r\n+d\r\n+PONG\r\n");
    for step in [1, 7, usize::MAX] {
        let mut rig = streaming();
        let told = rig.feed_by(bytes.as_bytes(), step);
        let streamed = format!("1: streamed {}", bytes.len() - 7);
        let line = format!("token: +{line}");
        assert_eq!(
            told,
            [
                "token: array of 4",
                &line,
                "token: +b",
                "push: >1 +small",
                &line,
                "token: +d",
                &streamed,
                "2: +PONG"
            ],
            "step {step}"
        );
        assert_eq!(rig.pipeline.pushes_dropped(), 1, "step {step}");
    }
}

#[cfg(feature = "pieces")]
#[test]
fn what_is_broken_in_a_streamed_reply_is_named_with_its_place() {
    let front = format!("*3\r\n$100\r\n{}\r\n", "x".repeat(100));
    for (rest, kind, at) in [
        ("$1\r\nab\r\n", "BadTerminator", 5),
        ("?1\r\n", "UnknownType(63)", 0),
        // Inside a push.
        (">2\r\n+k\r\n$1\r\nab\r\n", "BadTerminator", 13),
    ] {
        for step in [1, 7, usize::MAX] {
            let mut rig = streaming();
            let told = rig.feed_by(format!("{front}{rest}").as_bytes(), step);
            let offset = front.len() + at;
            let error =
                format!("error: Protocol(DecodeError {{ kind: {kind}, offset: {offset} }})");
            assert_eq!(told.last(), Some(&error), "{rest:?} by {step}");
        }
    }
}

#[cfg(feature = "resp3")]
#[test]
fn a_push_too_large_inside_a_reply_too_large_is_dropped_with_what_stands_in_it() {
    let inner = ">1\r\n+inner\r\n";
    // So long that it fills the buffer again when it has been given up.
    let push = format!(">2\r\n+k\r\n{inner}$300\r\n{}\r\n", "x".repeat(300));
    let small = ">1\r\n+small\r\n";
    let bytes = format!("*3\r\n+a\r\n{push}+b\r\n{small}+c\r\n+PONG\r\n");
    // It needed the room of what was kept of the reply.
    let large = format!("1: too large, array, {} bytes, ", bytes.len() - 7);
    at_every_step(two_pings, &bytes, &["push: >1 +small", &large, "2: +PONG"]);
    let mut rig = two_pings();
    rig.feed(&bytes);
    assert_eq!(rig.pipeline.pushes_dropped(), 1);
}

#[cfg(feature = "resp3")]
#[test]
fn a_push_that_fills_the_buffer_is_handed_out_of_a_reply_too_large() {
    for n in each(30..57) {
        let push = format!(">1\r\n+{}\r\n", "p".repeat(n));
        let front = format!("*3\r\n${}\r\n{}\r\n", 90, "x".repeat(90));
        let bytes = format!("{front}{push}:1\r\n:2\r\n+PONG\r\n");
        let told = format!("push: >1 +{}", "p".repeat(n));
        for step in each(1..80).chain([usize::MAX]) {
            let mut rig = two_pings();
            let events = rig.feed_by(bytes.as_bytes(), step);
            assert_eq!(events[0], told, "{n}, by {step}");
            assert!(events[1].starts_with("1: too large, array, "));
            assert_eq!(events[2], "2: +PONG");
            assert_eq!(rig.pipeline.pushes_dropped(), 0);
        }
    }
}

#[test]
fn lines_too_large_among_the_elements_are_skipped_in_step() {
    let line = |n: usize| format!("+{}\r\n", "x".repeat(n));
    for n in each(55..75) {
        let body = format!("*3\r\n{}{}:7\r\n", line(n), line(2 * n));
        let large = format!("1: too large, array, {} bytes, *3 +xxxxxxxxxxx", body.len());
        at_every_step(
            two_pings,
            &format!("{body}+PONG\r\n"),
            &[&large, "2: +PONG"],
        );
    }
}

#[cfg(feature = "session")]
#[test]
fn a_line_of_monitor_that_is_too_large_is_no_piece_of_a_reply() {
    let mut rig = Rig::new(256, 64, 4);
    rig.config(|config| config.oversize = Oversize::Stream);
    rig.submit(cmd("MONITOR"), 1);
    rig.sent();
    assert_eq!(rig.feed("+OK\r\n"), ["1: +OK"]);
    rig.submit(cmd("RESET"), 2);
    rig.sent();
    let line = format!("+1.5 [0 x] \"SET\" \"k\" \"{}\"\r\n", "v".repeat(100));
    assert_eq!(rig.feed(&(line + "+RESET\r\n")), ["2: +RESET"]);
    assert_eq!(rig.pipeline.pushes_dropped(), 1);
}
