use super::*;
use crate::decode::tests::random::each;

#[test]
fn promise_1_a_submit_is_whole_or_nothing() {
    let mut rig = Rig::new(40, 64, 2);
    rig.ping(1);
    let long = cmd("SET").args(("key", "0123456789"));
    assert_eq!(
        rig.refused(long),
        Rejected::NoRoom {
            needed: 39,
            free: 26
        }
    );
    let never = cmd("SET").args(("key", "0123456789012345678901"));
    assert_eq!(
        rig.refused(never),
        Rejected::TooLong {
            needed: 51,
            capacity: 40
        }
    );
    assert!(matches!(rig.refused(cmd("")), Rejected::Refused(_)));
    rig.ping(2);
    assert_eq!(rig.refused(cmd("PING")), Rejected::NoSlot);
    assert_eq!(
        rig.sent(),
        PING.repeat(2),
        "nothing of what was refused remains"
    );
    assert_eq!(rig.feed("+A\r\n+B\r\n"), ["1: +A", "2: +B"]);
    assert_eq!((rig.pipeline.in_flight(), rig.pipeline.tx_free()), (0, 40));
    struct Liar;
    impl crate::encode::Argument for Liar {
        fn text_len(&self) -> usize {
            5
        }
        fn write_text(&self, sink: &mut crate::encode::Sink<'_>) {
            sink.put(b"four");
        }
    }
    assert_eq!(rig.refused(cmd("ECHO").arg(Liar)), Rejected::Inexact);
    assert_eq!((rig.pipeline.in_flight(), rig.sent()), (0, String::new()));
}

#[test]
fn promise_2_bytes_leave_in_order_exactly_once_whatever_the_write_sizes() {
    for step in each(1..40) {
        // 41 is no multiple of a command's length, so the ring wraps everywhere.
        let mut rig = Rig::new(41, 64, 8);
        let mut expected = String::new();
        let mut sent = String::new();
        for i in 0..if cfg!(miri) { 40 } else { 200u32 } {
            let command = cmd("G").arg(i);
            if rig.pipeline.submit(&command, i, rig.now).is_err() {
                sent += &rig.sent();
                let waiting = rig.pipeline.unanswered();
                assert_eq!(rig.feed(&"+O\r\n".repeat(waiting)).len(), waiting);
                rig.submit(command, i);
            }
            expected += &format!("*2\r\n$1\r\nG\r\n${}\r\n{i}\r\n", format!("{i}").len());
            sent += &rig.transmit(step, step);
        }
        sent += &rig.sent();
        assert_eq!(sent, expected, "step {step}");
    }
}

#[cfg(feature = "resp3")]
#[test]
fn promise_3_each_reply_belongs_to_its_own_command_whatever_was_given_up() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.reply_timeout = Duration::from_secs(5));
    rig.ping(1);
    let abandoned = rig.ping(2);
    rig.sent();
    let withdrawn = rig.ping(3);
    rig.ping(4);
    assert_eq!(
        rig.pipeline.abandon(abandoned),
        Some((2, Fate::Unknown(Why::Abandoned)))
    );
    assert_eq!(rig.pipeline.abandon(withdrawn), Some((3, Fate::NotSent)));
    assert_eq!(rig.pipeline.abandon(withdrawn), None, "a command ends once");
    assert_eq!(rig.sent(), PING, "what was withdrawn is stepped over");
    rig.wait(Duration::from_secs(6));
    assert_eq!(
        rig.events(),
        ["1: Unknown(TimedOut)", "4: Unknown(TimedOut)"]
    );
    rig.ping(5);
    rig.sent();
    assert_eq!(
        rig.feed("+one\r\n>1\r\n+push\r\n+two\r\n+four\r\n+five\r\n"),
        ["push: >1 +push", "5: +five"]
    );
    assert_eq!(rig.pipeline.in_flight(), 0);
}

#[test]
fn promise_3_a_reply_that_nobody_is_owed_is_given_to_nobody() {
    let mut rig = Rig::roomy();
    assert_eq!(
        rig.feed("-ERR max number of clients reached\r\n"),
        ["error: Farewell"]
    );
    assert_eq!(
        rig.pipeline.last_words(),
        b"ERR max number of clients reached"
    );
    let mut rig = Rig::roomy();
    assert_eq!(rig.feed("+OK\r\n"), ["error: Unexpected(Status)"]);
    let mut rig = Rig::roomy();
    rig.ping(1);
    rig.transmit(3, 3);
    assert_eq!(
        rig.feed("+PONG\r\n"),
        ["1: NotSent", "error: Unexpected(Status)"],
        "a command of which a byte is missing is owed nothing"
    );
}

#[test]
fn promise_4_input_progresses_while_output_is_blocked() {
    let mut rig = Rig::new(64, 64, 4);
    rig.ping(1);
    rig.ping(2);
    rig.transmit(PING.len() + 3, usize::MAX);
    assert_eq!(rig.feed("+one\r\n"), ["1: +one"]);
    assert_eq!(rig.sent(), PING[3..]);
    assert_eq!(rig.feed("+two\r\n"), ["2: +two"]);
}

#[test]
fn promise_5_a_full_receive_buffer_is_backpressure_never_loss() {
    let mut rig = Rig::new(4096, 64, 64);
    for i in 0..64 {
        rig.ping(i);
    }
    rig.sent();
    let replies = "+reply\r\n".repeat(64);
    let mut rest = replies.as_bytes();
    let mut seen = 0;
    while seen < 64 {
        let n = rig.pipeline.handle_input(rest, rig.now);
        rest = &rest[n..];
        assert!(n > 0 || rest.is_empty() || rig.pipeline.recv_space().is_empty());
        seen += usize::from(rig.pipeline.poll_event().unwrap().is_some());
    }
    assert_eq!(rest, b"");
}

#[test]
fn promise_7_every_command_ends_exactly_once_and_replies_come_first() {
    for cut in each(0..PING.len() * 4) {
        for received in 0..=12 {
            let mut rig = Rig::roomy();
            for i in 0..4 {
                rig.ping(i);
            }
            rig.transmit(cut, usize::MAX);
            let whole = cut / PING.len();
            let replies = &"+OK\r\n".repeat(whole)[..received.min(whole * 5)];
            let mut events = Vec::new();
            rig.pipeline.handle_input(replies.as_bytes(), rig.now);
            rig.pipeline.handle_eof();
            events.extend(rig.events());
            let answered = replies.len() / 5;
            let expected: Vec<_> = (0..4)
                .map(|i| match i {
                    i if i < answered => format!("{i}: +OK"),
                    i if i < whole => format!("{i}: Unknown(LinkLost)"),
                    i => format!("{i}: NotSent"),
                })
                .chain([String::from("error: Eof")])
                .collect();
            assert_eq!(events, expected, "cut {cut} received {received}");
            assert_eq!(rig.events(), ["error: Eof"], "the error is latched");
        }
    }
}

#[test]
fn promise_8_only_what_was_not_sent_or_is_replayable_is_sent_again_and_in_order() {
    for resend in [Resend::Never, Resend::NotSent, Resend::Replayable] {
        let mut rig = Rig::resending(resend);
        rig.submit(cmd("A"), 1);
        rig.submit(cmd("B").replayable(), 2);
        rig.submit(cmd("C"), 3);
        rig.submit(cmd("D").replayable(), 4);
        rig.transmit(33 + 5, usize::MAX);
        rig.pipeline.handle_link_lost();
        let ended = rig.events();
        rig.pipeline.open(rig.now);
        let again = rig.sent();
        let expected: (&[&str], &str) = match resend {
            Resend::Never => (
                &[
                    "1: Unknown(LinkLost)",
                    "2: Unknown(LinkLost)",
                    "3: Unknown(LinkLost)",
                    "4: NotSent",
                ],
                "",
            ),
            Resend::NotSent => (
                &[
                    "1: Unknown(LinkLost)",
                    "2: Unknown(LinkLost)",
                    "3: Unknown(LinkLost)",
                ],
                "D",
            ),
            Resend::Replayable => (&["1: Unknown(LinkLost)", "3: Unknown(LinkLost)"], "BD"),
        };
        let mut ended: Vec<_> = ended.iter().map(String::as_str).collect();
        assert_eq!(ended.pop(), Some("error: LinkLost"));
        assert_eq!(ended, expected.0, "{resend:?}");
        let letters: String = again.chars().filter(char::is_ascii_uppercase).collect();
        assert_eq!(letters, expected.1, "{resend:?}");
        let replies = "+OK\r\n".repeat(letters.len());
        assert_eq!(rig.feed(&replies).len(), letters.len());
        assert_eq!(
            (rig.pipeline.in_flight(), rig.pipeline.tx_free()),
            (0, 4096)
        );
    }
}

#[test]
fn promise_8_the_fate_is_the_worst_over_all_attempts() {
    let mut rig = Rig::resending(Resend::Replayable);
    rig.submit(cmd("A").replayable(), 1);
    rig.sent();
    rig.pipeline.handle_link_lost();
    assert_eq!(rig.events(), ["error: LinkLost"]);
    rig.config(|config| config.resend = Resend::Never);
    rig.pipeline.open(rig.now);
    rig.pipeline.handle_link_lost();
    assert_eq!(rig.events(), ["1: Unknown(LinkLost)", "error: LinkLost"]);
}

#[test]
fn promise_8_what_expires_or_is_given_up_before_it_is_sent_again_is_not_called_unsent() {
    let mut rig = Rig::resending(Resend::Replayable);
    rig.config(|config| config.reply_timeout = Duration::from_secs(5));
    let given_up = rig.submit(cmd("A").replayable(), 1);
    rig.submit(cmd("B").replayable(), 2);
    rig.sent();
    rig.pipeline.handle_link_lost();
    assert_eq!(rig.events(), ["error: LinkLost"]);
    let unknown = Fate::Unknown(Why::Abandoned);
    assert_eq!(rig.pipeline.abandon(given_up), Some((1, unknown)));
    rig.submit(cmd("C"), 3);
    rig.wait(Duration::from_secs(6));
    assert_eq!(
        rig.events(),
        ["2: Unknown(TimedOut)", "3: NotSent", "error: LinkLost"]
    );
}

#[test]
fn promise_8_what_was_given_up_is_not_sent_again() {
    for left in [5, PING.len()] {
        let mut rig = Rig::resending(Resend::Replayable);
        let ticket = rig.submit(cmd("PING").replayable(), 1);
        rig.transmit(left, usize::MAX);
        let unknown = Fate::Unknown(Why::Abandoned);
        assert_eq!(rig.pipeline.abandon(ticket), Some((1, unknown)));
        rig.pipeline.handle_link_lost();
        assert_eq!(rig.events(), ["error: LinkLost"]);
        rig.pipeline.open(rig.now);
        assert_eq!(rig.sent(), "");
        assert_eq!((rig.pipeline.in_flight(), rig.events().len()), (0, 0));
    }
}

#[cfg(feature = "session")]
#[test]
fn promise_8_what_depends_on_the_session_is_never_sent_again() {
    let mut rig = Rig::resending(Resend::Replayable);
    rig.submit(cmd("MULTI").replayable(), 1);
    rig.submit(cmd("INCR").arg("a").replayable(), 2);
    rig.sent();
    rig.submit(cmd("INCR").arg("b"), 3);
    rig.submit(cmd("EXEC"), 4);
    rig.submit(cmd("GET").arg("a"), 5);
    rig.pipeline.handle_eof();
    assert_eq!(
        rig.events(),
        [
            "1: Unknown(LinkLost)",
            "2: Unknown(LinkLost)",
            "3: NotSent",
            "4: NotSent",
            "error: Eof"
        ]
    );
    rig.pipeline.open(rig.now);
    assert_eq!(rig.sent(), "*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
    assert_eq!(rig.feed("$-1\r\n"), ["5: $-1"]);
}

#[test]
fn promise_9_sequence_numbers_wrap() {
    let mut rig = Rig::new(64, 64, 3);
    rig.pipeline.engine.ring.seq = u32::MAX - 1;
    for i in 0..6 {
        rig.ping(2 * i);
        let ticket = rig.ping(2 * i + 1);
        rig.sent();
        assert_eq!(
            rig.pipeline.abandon(ticket),
            Some((2 * i + 1, Fate::Unknown(Why::Abandoned)))
        );
        assert_eq!(rig.feed("+a\r\n+b\r\n"), [format!("{}: +a", 2 * i)]);
    }
}

#[test]
fn promise_10_calls_in_a_wrong_order_are_harmless() {
    let mut rig = Rig::closed(64, 64, 4);
    assert_eq!(rig.pipeline.poll_transmit(), None);
    rig.pipeline.transmitted(100, rig.now);
    assert_eq!(rig.pipeline.recv_space().len(), 0);
    rig.pipeline.recv_commit(10, rig.now);
    rig.pipeline.handle_eof();
    rig.pipeline.handle_timeout(rig.now);
    #[cfg(feature = "pieces")]
    {
        assert_eq!(rig.pipeline.feed(b"x"), 0);
        assert_eq!(rig.pipeline.begin_argument(3), Err(Rejected::LineHeld));
    }
    assert!(rig.events().is_empty());
    rig.ping(1);
    assert_eq!(rig.pipeline.poll_transmit(), None);
    rig.pipeline.open(rig.now);
    rig.pipeline.transmitted(100, rig.now);
    assert_eq!(rig.sent(), PING, "what was not lent cannot have left");
    rig.pipeline.recv_commit(0, rig.now);
    rig.pipeline.open(rig.now);
    rig.pipeline.open(rig.now);
    assert_eq!(rig.pipeline.in_flight(), 0);
    assert_eq!(rig.feed(""), Vec::<String>::new());
}

#[test]
fn an_abandoned_command_that_is_lent_out_cannot_be_withdrawn() {
    let mut rig = Rig::roomy();
    rig.ping(1);
    let second = rig.ping(2);
    let lent = rig.pipeline.poll_transmit().unwrap().len();
    assert_eq!(
        rig.pipeline.abandon(second),
        Some((2, Fate::Unknown(Why::Abandoned)))
    );
    rig.pipeline.transmitted(lent, rig.now);
    assert_eq!(rig.feed("+1\r\n+2\r\n"), ["1: +1"]);
}

#[test]
fn a_driver_that_could_not_write_gives_back_what_it_was_lent() {
    let mut rig = Rig::roomy();
    rig.ping(1);
    let second = rig.ping(2);
    rig.pipeline.poll_transmit().unwrap();
    rig.pipeline.transmitted(PING.len(), rig.now);
    rig.pipeline.transmitted(0, rig.now);
    assert_eq!(rig.pipeline.abandon(second), Some((2, Fate::NotSent)));
    assert_eq!(rig.sent(), "");
    assert_eq!(rig.feed("+1\r\n"), ["1: +1"]);
}

#[test]
fn a_struck_command_at_the_head_gives_its_room_back() {
    let mut rig = Rig::new(28, 64, 4);
    let first = rig.ping(1);
    rig.ping(2);
    assert_eq!(rig.pipeline.abandon(first), Some((1, Fate::NotSent)));
    assert_eq!(rig.sent(), PING);
    rig.ping(3);
    assert_eq!(rig.sent(), PING);
    assert_eq!(rig.feed("+2\r\n+3\r\n"), ["2: +2", "3: +3"]);
    assert_eq!((rig.pipeline.in_flight(), rig.pipeline.tx_free()), (0, 28));
}

#[test]
fn silence_ends_the_link_only_while_something_is_owed() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.silence_limit = Duration::from_secs(3));
    rig.wait(Duration::from_secs(100));
    assert_eq!(rig.pipeline.poll_timeout(), None);
    rig.ping(1);
    rig.sent();
    rig.wait(Duration::from_secs(2));
    assert_eq!(rig.feed("+"), Vec::<String>::new());
    rig.wait(Duration::from_secs(2));
    assert_eq!(rig.events(), Vec::<String>::new());
    let due = rig.pipeline.poll_timeout().unwrap();
    assert_eq!(due.since(rig.now), Duration::from_secs(1));
    rig.wait(Duration::from_secs(1));
    assert_eq!(rig.events(), ["1: Unknown(LinkLost)", "error: Silence"]);
}

#[test]
fn a_command_that_expires_before_it_left_is_struck_out() {
    let mut rig = Rig::closed(4096, 64, 8);
    rig.config(|config| {
        config.reply_timeout = Duration::from_secs(1);
        config.resend = Resend::NotSent;
    });
    rig.ping(1);
    rig.wait(Duration::from_secs(2));
    assert_eq!(rig.events(), ["1: NotSent"]);
    rig.pipeline.open(rig.now);
    assert_eq!(rig.sent(), "");
    assert_eq!(rig.pipeline.in_flight(), 0);
}

#[test]
fn a_protocol_error_names_the_offset_since_the_connection_began() {
    let mut rig = Rig::roomy();
    rig.ping(1);
    rig.ping(2);
    rig.sent();
    let events = rig.feed("+OK\r\n$3\r\nfooXY");
    assert_eq!(events[..2], ["1: +OK", "2: Unknown(LinkLost)"]);
    assert_eq!(
        events[2],
        "error: Protocol(DecodeError { kind: BadTerminator, offset: 12 })"
    );
}

#[test]
fn what_came_of_a_reply_before_the_link_died_is_no_part_of_the_next_one() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.resend = Resend::NotSent);
    rig.ping(1);
    rig.sent();
    assert!(rig.feed("+PO").is_empty());
    rig.pipeline.handle_link_lost();
    assert_eq!(rig.events(), ["1: Unknown(LinkLost)", "error: LinkLost"]);
    rig.pipeline.open(rig.now);
    rig.ping(2);
    rig.sent();
    assert_eq!(rig.feed("+OK\r\n"), ["2: +OK"]);
}

#[test]
fn at_the_end_of_time_nothing_is_due_that_has_no_deadline() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.flush = Flush::Explicit);
    rig.ping(1);
    rig.pipeline.flush();
    rig.sent();
    rig.ping(2);
    rig.pipeline.handle_timeout(Instant::NEVER);
    assert!(rig.events().is_empty());
    assert_eq!(rig.pipeline.poll_timeout(), None);
    assert!(
        rig.pipeline.poll_transmit().is_none(),
        "nothing was flushed"
    );
    assert_eq!(rig.feed("+PONG\r\n"), ["1: +PONG"]);
}

#[test]
fn promise_7_a_reply_that_was_received_counts_before_a_time_that_is_up() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.reply_timeout = Duration::from_millis(100));
    rig.ping(1);
    rig.ping(2);
    rig.sent();
    rig.pipeline.handle_input(b"+PONG\r\n+PO", rig.now);
    // Nothing of it has left.
    rig.ping(3);
    rig.now = rig.now.after(Duration::from_millis(150));
    rig.pipeline.handle_timeout(rig.now);
    let told = ["1: +PONG", "2: Unknown(TimedOut)", "3: NotSent"];
    assert_eq!(rig.events(), told);
    rig.ping(4);
    rig.sent();
    assert_eq!(rig.feed("NG\r\n+PONG\r\n"), ["4: +PONG"]);
}
