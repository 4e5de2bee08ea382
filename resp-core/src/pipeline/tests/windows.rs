use super::*;

#[test]
fn a_window_of_commands_slides() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.window.commands = 3);
    for i in 0..5 {
        rig.ping(i);
    }
    assert_eq!(rig.sent(), PING.repeat(3));
    rig.feed("+a\r\n");
    assert_eq!(rig.sent(), PING);
    rig.feed("+b\r\n+c\r\n");
    assert_eq!(rig.sent(), PING);
}

#[test]
fn a_window_of_bytes_lets_a_larger_command_leave_alone() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.window.sent_bytes = 30);
    rig.ping(1);
    rig.submit(cmd("ECHO").arg("a text that is longer than the window"), 2);
    rig.ping(3);
    assert_eq!(rig.sent(), PING);
    rig.feed("+a\r\n");
    assert!(rig.sent().contains("longer than the window"));
    rig.feed("+b\r\n");
    assert_eq!(rig.sent(), PING);
}

#[test]
fn a_window_of_reply_bytes_counts_hints_and_what_headers_announce() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.window.reply_bytes = 256);
    for i in 0..6 {
        rig.ping(i);
    }
    assert_eq!(
        rig.sent(),
        PING.repeat(4),
        "a command counts 64 unless it says otherwise"
    );
    rig.feed("+a\r\n+b\r\n$1000\r\n");
    assert_eq!(
        rig.sent(),
        "",
        "the reply under way announces more than the window"
    );
    rig.feed(&format!("{}\r\n", "x".repeat(1000)));
    assert_eq!(rig.sent(), PING.repeat(2));
    rig.submit(cmd("GET").arg("k").reply_hint(10_000), 7);
    assert_eq!(rig.sent(), "");
    rig.feed("+d\r\n+e\r\n+f\r\n");
    assert!(
        rig.sent().contains("GET"),
        "a hint above the window leaves alone"
    );
}

#[test]
fn explicit_flushing_waits_for_flush() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.flush = Flush::Explicit);
    rig.ping(1);
    assert_eq!(rig.sent(), "");
    rig.pipeline.flush();
    rig.ping(2);
    assert_eq!(
        rig.sent(),
        PING,
        "what is submitted after a flush waits for the next"
    );
    rig.feed("+a\r\n");
    assert_eq!(rig.sent(), "");
    rig.pipeline.flush();
    assert_eq!(rig.sent(), PING);
}

#[test]
fn flushing_by_count_bytes_and_age() {
    let at_least = |count, bytes, age| Flush::AtLeast {
        count,
        bytes,
        age: Duration::from_millis(age),
    };
    let mut rig = Rig::roomy();
    rig.config(|config| config.flush = at_least(3, 0, 0));
    rig.ping(1);
    rig.ping(2);
    assert_eq!(rig.sent(), "");
    rig.ping(3);
    assert_eq!(rig.sent(), PING.repeat(3));
    rig.config(|config| config.flush = at_least(0, 20, 0));
    rig.ping(4);
    assert_eq!(rig.sent(), "");
    rig.ping(5);
    assert_eq!(rig.sent(), PING.repeat(2));
    rig.config(|config| config.flush = at_least(0, 0, 50));
    rig.ping(6);
    assert_eq!(rig.sent(), "");
    let due = rig.pipeline.poll_timeout().unwrap();
    rig.wait(due.since(rig.now));
    assert_eq!(rig.sent(), PING);
    assert_eq!(rig.pipeline.poll_timeout(), None);
}

#[test]
fn a_full_pipeline_flushes_whatever_the_policy() {
    let mut rig = Rig::new(4096, 64, 2);
    rig.config(|config| config.flush = Flush::Explicit);
    rig.ping(1);
    rig.ping(2);
    assert_eq!(rig.refused(cmd("PING")), Rejected::NoSlot);
    assert_eq!(rig.sent(), PING.repeat(2));
}

#[cfg(feature = "pieces")]
#[test]
fn an_argument_of_declared_length_is_fed_in_pieces() {
    let mut rig = Rig::new(64, 64, 4);
    rig.ping(1);
    let front = cmd("SET").arg("key");
    rig.pipeline.begin(&front, 3, 2, rig.now).unwrap();
    assert_eq!(rig.refused(cmd("PING")), Rejected::LineHeld);
    let mut sent = rig.sent();
    rig.pipeline.begin_argument(1000).unwrap();
    let value = vec![b'v'; 1000];
    let mut rest = &value[..];
    while !rest.is_empty() {
        let n = rig.pipeline.feed(rest);
        rest = &rest[n..];
        sent += &rig.transmit(usize::MAX, 17);
    }
    for option in ["EX", ""] {
        rig.pipeline.begin_argument(option.len() as u64).unwrap();
        rig.pipeline.feed(option.as_bytes());
    }
    assert!(!rig.pipeline.is_line_held());
    rig.ping(3);
    sent += &rig.sent();
    let value = String::from_utf8(value).unwrap();
    assert_eq!(
        sent,
        format!(
            "{PING}*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1000\r\n{value}\r\n$2\r\nEX\r\n$0\r\n\r\n{PING}"
        )
    );
    assert_eq!(rig.feed("+1\r\n+2\r\n+3\r\n"), ["1: +1", "2: +2", "3: +3"]);
    assert_eq!((rig.pipeline.in_flight(), rig.pipeline.tx_free()), (0, 64));
}

#[cfg(feature = "pieces")]
#[test]
fn a_command_longer_than_the_buffer_goes_through_it() {
    for retain in [Resend::Never, Resend::Replayable] {
        let mut rig = Rig::closed(64, 64, 4);
        rig.config(|config| config.resend = retain);
        rig.pipeline.open(rig.now);
        rig.ping(1);
        let value = "v".repeat(500);
        let set = cmd("SET").args(("key", value.as_str(), "EX", 5));
        rig.pipeline.submit_long(&set, 2, rig.now).unwrap();
        let mut sent = rig.sent();
        rig.feed("+1\r\n");
        for _ in 0..100 {
            if rig.pipeline.continue_long(&set) {
                break;
            }
            sent += &rig.sent();
        }
        sent += &rig.sent();
        assert_eq!(
            sent,
            format!(
                "{PING}*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$500\r\n{value}\r\n$2\r\nEX\r\n$1\r\n5\r\n"
            )
        );
        rig.ping(3);
        assert_eq!(rig.sent(), PING);
        assert_eq!(rig.feed("+2\r\n+3\r\n"), ["2: +2", "3: +3"]);
        assert_eq!((rig.pipeline.in_flight(), rig.pipeline.tx_free()), (0, 64));
    }
}

#[cfg(feature = "pieces")]
#[test]
fn giving_up_a_command_half_way_ends_the_connection() {
    let mut rig = Rig::new(64, 64, 4);
    rig.ping(1);
    let ticket = rig
        .pipeline
        .begin(&cmd("SET").arg("key"), 1, 2, rig.now)
        .unwrap();
    rig.pipeline.begin_argument(10).unwrap();
    rig.sent();
    assert_eq!(rig.pipeline.abandon(ticket), Some((2, Fate::NotSent)));
    assert_eq!(rig.events(), ["1: Unknown(LinkLost)", "error: GivenUp"]);

    let mut rig = Rig::new(64, 64, 4);
    let ticket = rig
        .pipeline
        .begin(&cmd("SET").arg("key"), 1, 2, rig.now)
        .unwrap();
    assert_eq!(rig.pipeline.abandon(ticket), Some((2, Fate::NotSent)));
    rig.ping(3);
    assert_eq!(rig.sent(), PING, "nothing had left: the connection stands");
}

#[test]
fn what_was_flushed_leaves_on_the_next_connection() {
    let mut rig = Rig::closed(256, 256, 4);
    rig.config(|config| {
        config.flush = Flush::Explicit;
        config.resend = Resend::NotSent;
    });
    rig.pipeline.open(rig.now);
    rig.ping(1);
    rig.pipeline.flush();
    rig.ping(2);
    rig.pipeline.handle_link_lost();
    assert_eq!(rig.events(), ["error: LinkLost"]);
    rig.pipeline.open(rig.now);
    assert_eq!(rig.sent(), PING, "and what was not flushed stays");
}

#[test]
fn hints_whose_sum_no_machine_counts_hold_back_what_is_behind_them() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.window.reply_bytes = 1_000);
    rig.submit(cmd("GET").arg("a").reply_hint(u32::MAX), 1);
    rig.submit(cmd("GET").arg("b").reply_hint(u32::MAX), 2);
    rig.submit(cmd("GET").arg("c"), 3);
    let sent = rig.sent();
    assert!(sent.ends_with("$1\r\na\r\n"), "{sent:?}");
}

#[cfg(feature = "pieces")]
#[test]
fn an_argument_that_is_not_as_long_as_it_says_is_refused_also_in_a_long_command() {
    struct Says(usize, usize);
    impl crate::encode::Argument for Says {
        fn text_len(&self) -> usize {
            self.0
        }
        fn write_text(&self, sink: &mut crate::encode::Sink<'_>) {
            for _ in 0..self.1 {
                sink.put(b"x");
            }
        }
    }
    for (said, is) in [(50, 5), (5, 50), (300, 5), (5, 300)] {
        let mut rig = Rig::new(128, 64, 4);
        let command = cmd("SET").args(("key", Says(said, is)));
        let refused = rig.pipeline.submit_long(&command, 2, rig.now);
        assert_eq!(
            refused.unwrap_err().reason,
            Rejected::Inexact,
            "{said} {is}"
        );
        let command = cmd("SET").args(("key", Says(said.min(80), is)));
        let refused = rig.pipeline.begin(&command, 1, 2, rig.now);
        assert_eq!(
            refused.unwrap_err().reason,
            Rejected::Inexact,
            "{said} {is}"
        );
        assert_eq!((rig.pipeline.in_flight(), rig.sent()), (0, String::new()));
    }
    // Found out when a part has left: the link ends.
    for is in [150, 400] {
        let mut rig = Rig::new(128, 64, 4);
        let command = cmd("SET").args(("key", Says(300, is)));
        rig.pipeline.submit_long(&command, 2, rig.now).unwrap();
        let mut sent = rig.sent();
        for _ in 0..5 {
            rig.pipeline.continue_long(&command);
            sent += &rig.sent();
        }
        assert!(!rig.pipeline.is_line_held());
        assert_eq!(rig.events(), ["2: NotSent", "error: GivenUp"], "{is}");
        assert!(!sent.ends_with("\r\n") || sent.len() < 200, "{sent}");
    }
}
