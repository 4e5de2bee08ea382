use super::*;
use crate::decode::tests::random::each;
use crate::session::Refusal;

fn resp3() -> Rig {
    resp3_of(4096)
}

fn resp3_of(rx: usize) -> Rig {
    let mut rig = Rig::closed(4096, rx, 64);
    rig.pipeline.storage_mut().login.protocol = Protocol::Resp3;
    rig.pipeline.open(rig.now);
    rig.sent();
    rig.feed("%0\r\n");
    assert!(rig.pipeline.is_resp3());
    rig
}

fn confirmed(push: &str, kind: &str, channel: &str, count: u32) -> String {
    format!(
        "{push}3\r\n${}\r\n{kind}\r\n${}\r\n{channel}\r\n:{count}\r\n",
        kind.len(),
        channel.len()
    )
}

#[test]
fn a_subscription_is_owed_as_many_confirmations_as_channels() {
    for (mut rig, push) in [(resp3(), ">"), (Rig::roomy(), "*")] {
        rig.submit(cmd("subscribe").args(("a", "b", "a")), 1);
        rig.ping(2);
        rig.sent();
        let bytes = confirmed(push, "subscribe", "a", 1)
            + &confirmed(push, "subscribe", "b", 2)
            + &confirmed(push, "message", "a", 0)
            + &confirmed(push, "subscribe", "a", 2)
            + "+PONG\r\n";
        let events = rig.feed(&bytes);
        assert_eq!(events.len(), 5);
        assert!(events[..3].iter().all(|event| event.starts_with("push: ")));
        assert_eq!(events[3], format!("1: {push}3 $9 subscribe $1 a :2"));
        assert_eq!(events[4], "2: +PONG");
        assert!(!rig.pipeline.is_session_clean());

        rig.submit(cmd("UNSUBSCRIBE"), 3);
        rig.submit(cmd("UNSUBSCRIBE"), 4);
        rig.ping(5);
        rig.sent();
        let bytes = confirmed(push, "unsubscribe", "a", 1)
            + &confirmed(push, "unsubscribe", "b", 0)
            + &format!("{push}3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n")
            + "+PONG\r\n";
        let events = rig.feed(&bytes);
        assert!(events[0].starts_with("push: "), "{events:?}");
        assert!(events[1].starts_with("3: ") && events[1].ends_with("b :0"));
        assert!(events[2].starts_with("4: ") && events[2].ends_with("$-1 :0"));
        assert_eq!(events[3], "5: +PONG");
    }
}

#[test]
fn a_subscription_to_a_name_larger_than_rx_is_one() {
    let channel = "c".repeat(100);
    let mut rig = Rig::new(4096, 64, 8);
    rig.submit(cmd("SUBSCRIBE").arg(channel.as_str()), 1);
    rig.ping(2);
    rig.sent();
    let bytes = confirmed("*", "subscribe", &channel, 1);
    let told = rig.feed(&bytes);
    let large = format!("1: too large, array, {} bytes, ", bytes.len());
    assert!(told.len() == 1 && told[0].starts_with(&large), "{told:?}");
    // So that this is a message, which is dropped, and not a reply.
    let message = format!("*3\r\n$7\r\nmessage\r\n$100\r\n{channel}\r\n$1\r\nx\r\n");
    assert_eq!(rig.feed(&(message + "+PONG\r\n")), ["2: +PONG"]);
    assert_eq!(rig.pipeline.pushes_dropped(), 1);
}

#[test]
fn behind_hello_2_a_message_is_an_array_that_answers_nothing() {
    let mut rig = resp3();
    rig.submit(cmd("HELLO").arg(2), 1);
    rig.submit(cmd("SUBSCRIBE").arg("a"), 2);
    rig.ping(3);
    rig.sent();
    assert_eq!(rig.feed("*0\r\n"), ["1: *0"]);
    rig.sent();
    let confirmed = rig.feed(&confirmed("*", "subscribe", "a", 1));
    assert_eq!(confirmed, ["2: *3 $9 subscribe $1 a :1"]);
    assert_eq!(
        rig.feed("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n+PONG\r\n"),
        ["push: *3 $7 message $1 a $1 x", "3: +PONG"]
    );
}

#[cfg(feature = "pieces")]
#[test]
fn what_may_change_the_session_is_not_fed_in_pieces() {
    use crate::encode::{Arguments, Cmd};

    fn begin<L: Arguments>(front: &Cmd<'_, L>, more: usize) -> Result<(), Rejected> {
        let mut rig = Rig::roomy();
        let begun = rig.pipeline.begin(front, more, 7, rig.now);
        begun.map(drop).map_err(|error| {
            assert_eq!((error.tag, rig.pipeline.in_flight()), (7, 0));
            assert_eq!(rig.sent(), "");
            error.reason
        })
    }
    let in_pieces = Err(Rejected::Refused(Refusal::InPieces));
    // What it comes to is said by words that are still to come.
    for name in ["SELECT", "SUBSCRIBE", "HELLO", "CLIENT", "SCRIPT"] {
        assert_eq!(begin(&cmd(name), 1), in_pieces, "{name}");
    }
    assert_eq!(begin(&cmd("CLIENT").arg("REPLY"), 1), in_pieces);
    assert_eq!(begin(&cmd(""), 1), Err(Rejected::Refused(Refusal::Empty)));
    assert_eq!(begin(&cmd("SCRIPT").arg("LOAD"), 1), Ok(()));
    assert_eq!(begin(&cmd("CLIENT").arg("KILL"), 1), Ok(()));
    assert_eq!(begin(&cmd("PUBLISH").arg("a"), 1), Ok(()));
}

#[cfg(feature = "pieces")]
#[test]
fn a_read_that_may_block_holds_what_is_behind_it_also_in_pieces() {
    for (front, blocks) in [("COUNT", true), ("STREAMS", false)] {
        let mut rig = Rig::roomy();
        let read = cmd("XREAD").arg(front);
        rig.pipeline.begin(&read, 1, 1, rig.now).unwrap();
        rig.pipeline.begin_argument(1).unwrap();
        assert_eq!(rig.pipeline.feed(b"x"), 1);
        rig.ping(2);
        assert_eq!(rig.sent().ends_with(PING), !blocks, "{front}");
        assert_eq!(rig.feed("*-1\r\n"), ["1: *-1"]);
        rig.sent();
        assert_eq!(rig.feed("+PONG\r\n"), ["2: +PONG"]);
    }
}

#[cfg(feature = "pieces")]
#[test]
fn client_reply_is_refused_however_little_of_it_finds_room() {
    let off = cmd("CLIENT").args(("REPLY", "OFF"));
    for room in 32..36 {
        let mut rig = Rig::new(room, 64, 4);
        let error = rig.pipeline.submit_long(&off, 7, rig.now);
        assert_eq!(
            error.map(drop).unwrap_err().reason,
            Rejected::Refused(Refusal::InPieces),
            "{room}"
        );
    }
}

#[test]
fn a_failed_subscription_is_owed_one_error() {
    let mut rig = Rig::roomy();
    rig.submit(cmd("SUBSCRIBE").args(("a", "b")), 1);
    rig.ping(2);
    rig.sent();
    assert_eq!(
        rig.feed("-NOPERM no\r\n+PONG\r\n"),
        ["1: -NOPERM no", "2: +PONG"]
    );
}

#[test]
fn in_resp2_a_list_that_begins_with_message_is_a_reply_unless_subscribed() {
    let mut rig = Rig::roomy();
    rig.ping(1);
    rig.sent();
    let list = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n";
    assert_eq!(rig.feed(list), ["1: *3 $7 message $1 a $1 x"]);
    rig.submit(cmd("SUBSCRIBE").arg("a"), 2);
    rig.ping(3);
    rig.sent();
    rig.feed(&confirmed("*", "subscribe", "a", 1));
    assert_eq!(rig.feed(list), ["push: *3 $7 message $1 a $1 x"]);
}

#[test]
fn client_reply_silences_what_follows_it() {
    let mut rig = Rig::roomy();
    rig.submit(cmd("CLIENT").args(("REPLY", "SKIP")), 1);
    rig.ping(2);
    rig.ping(3);
    rig.submit(cmd("client").args(("reply", "off")), 4);
    rig.ping(5);
    rig.submit(cmd("CLIENT").args(("REPLY", "ON")), 6);
    rig.ping(7);
    assert!(
        rig.events().is_empty(),
        "silent only once the last byte has left"
    );
    rig.sent();
    assert_eq!(rig.events(), ["1: Silent", "2: Silent"]);
    assert_eq!(
        rig.feed("+three\r\n+six\r\n+seven\r\n"),
        [
            "3: +three",
            "4: Silent",
            "5: Silent",
            "6: +six",
            "7: +seven"
        ]
    );
}

#[test]
fn what_skip_silences_cannot_be_withdrawn() {
    let mut rig = Rig::roomy();
    rig.submit(cmd("CLIENT").args(("REPLY", "SKIP")), 1);
    let struck = rig.ping(2);
    rig.ping(3);
    rig.ping(4);
    assert_eq!(
        rig.pipeline.abandon(struck),
        Some((2, Fate::Unknown(Why::Abandoned))),
        "the next one would be silenced in its place"
    );
    rig.sent();
    assert_eq!(
        rig.feed("+three\r\n+four\r\n"),
        ["1: Silent", "3: +three", "4: +four"]
    );
}

#[test]
fn a_shared_connection_refuses_what_blocks_or_changes_the_session() {
    let mut rig = Rig::roomy();
    rig.pipeline.configure(Config {
        shared: true,
        ..*rig.pipeline.config()
    });
    let blocks = Rejected::Refused(Refusal::BlocksOthers);
    let changes = Rejected::Refused(Refusal::ChangesForOthers);
    assert_eq!(rig.refused(cmd("blpop").args(("a", 0))), blocks);
    let read = cmd("XREAD").args(("COUNT", 1, "BLOCK", 0, "STREAMS", "s", "$"));
    assert_eq!(rig.refused(read), blocks);
    for name in [
        "MULTI", "EXEC", "WATCH", "SELECT", "RESET", "QUIT", "MONITOR",
    ] {
        let command = cmd(name).arg("a");
        let bare = cmd(name);
        let refused = match name {
            "WATCH" | "SELECT" => rig.refused(command),
            _ => rig.refused(bare),
        };
        assert_eq!(refused, changes, "{name}");
    }
    assert_eq!(rig.refused(cmd("SUBSCRIBE").arg("a")), changes);
    assert_eq!(rig.refused(cmd("CLIENT").args(("REPLY", "OFF"))), changes);
    assert_eq!(
        rig.refused(cmd("PSYNC").args(("?", -1))),
        Rejected::Refused(Refusal::Foreign)
    );
    rig.submit(cmd("XREAD").args(("STREAMS", "BLOCK", "$")), 1);
    rig.submit(cmd("PUBLISH").args(("a", "x")), 2);
    rig.submit(cmd("CLIENT").arg("ID"), 3);
    rig.ping(4);
    rig.sent();
    let events = rig.feed("*0\r\n:0\r\n:7\r\n+PONG\r\n");
    assert_eq!(events, ["1: *0", "2: :0", "3: :7", "4: +PONG"]);
}

#[test]
fn what_would_break_framing_is_refused() {
    let mut rig = Rig::roomy();
    rig.submit(cmd("MULTI"), 1);
    let refusal = |rig: &mut Rig, command: crate::encode::RawCommand<'_>| match rig.refused(command)
    {
        Rejected::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    };
    let mut check = |line: &str, expected: Refusal| {
        let mut bytes = format!("*{}\r\n", line.split(' ').count());
        for word in line.split(' ') {
            bytes += &format!("${}\r\n{word}\r\n", word.len());
        }
        let (command, _) = crate::encode::RawCommand::split(bytes.as_bytes()).unwrap();
        assert_eq!(refusal(&mut rig, command), expected, "{line}");
    };
    check("CLIENT REPLY OFF", Refusal::ReplyInMulti);
    check("SUBSCRIBE a b", Refusal::SubscribeInMulti);
    check("UNSUBSCRIBE", Refusal::SubscribeInMulti);
    check("HELLO 3", Refusal::ModeInMulti);
    check("MONITOR", Refusal::ModeInMulti);
    check("PSYNC ? -1", Refusal::Foreign);
    check("SCRIPT DEBUG YES", Refusal::Foreign);
    rig.submit(cmd("SUBSCRIBE").arg("a"), 2);
    assert_eq!(
        rig.refused(cmd("PUBLISH").args(("a", "x"))),
        Rejected::Refused(Refusal::PublishInMulti)
    );
    rig.submit(cmd("EXEC"), 3);
    rig.submit(cmd("PUBLISH").args(("a", "x")), 4);
    rig.submit(cmd("QUIT"), 5);
    assert_eq!(
        rig.refused(cmd("PING")),
        Rejected::Refused(Refusal::Quitting)
    );
}

#[test]
fn a_subscription_in_multi_is_queued_and_confirmed_inside_exec() {
    let mut rig = Rig::roomy();
    rig.submit(cmd("MULTI"), 1);
    rig.submit(cmd("SUBSCRIBE").arg("a"), 2);
    rig.submit(cmd("EXEC"), 3);
    rig.ping(4);
    rig.sent();
    let bytes = format!(
        "+OK\r\n+QUEUED\r\n*1\r\n{}{}*2\r\n+pong\r\n$0\r\n\r\n",
        confirmed("*", "subscribe", "a", 1),
        confirmed("*", "message", "a", 7),
    );
    assert_eq!(
        rig.feed(&bytes),
        [
            "1: +OK",
            "2: +QUEUED",
            "3: *1 *3 $9 subscribe $1 a :1",
            "push: *3 $7 message $1 a :7",
            "4: *2 +pong $0"
        ]
    );
}

#[test]
fn each_exec_with_a_subscription_in_it_is_looked_into() {
    // Behind one without: the flag of the second was taken for the first's.
    let mut rig = Rig::roomy();
    for (tag, name) in [(1, "MULTI"), (2, "EXEC"), (3, "MULTI")] {
        rig.submit(cmd(name), tag);
    }
    rig.submit(cmd("SUBSCRIBE").arg("a"), 4);
    rig.submit(cmd("EXEC"), 5);
    rig.ping(6);
    rig.sent();
    let bytes = format!(
        "+OK\r\n*0\r\n+OK\r\n+QUEUED\r\n*1\r\n{}{}*2\r\n+pong\r\n$0\r\n\r\n",
        confirmed("*", "subscribe", "a", 1),
        confirmed("*", "message", "a", 7),
    );
    let told = rig.feed(&bytes);
    assert_eq!(
        told[5..],
        ["push: *3 $7 message $1 a :7", "6: *2 +pong $0"],
        "{told:?}"
    );

    // Two of them.
    let mut rig = resp3();
    for (tag, channel) in [(10, "a"), (20, "b")] {
        rig.submit(cmd("MULTI"), tag);
        rig.submit(cmd("SUBSCRIBE").arg(channel), tag + 1);
        rig.submit(cmd("EXEC"), tag + 2);
    }
    rig.submit(cmd("UNSUBSCRIBE"), 3);
    rig.sent();
    for (channel, count) in [("a", 1), ("b", 2)] {
        let confirmation = confirmed(">", "subscribe", channel, count);
        rig.feed(&format!("+OK\r\n+QUEUED\r\n*1\r\n{confirmation}"));
    }
    let first = confirmed(">", "unsubscribe", "a", 1);
    assert_eq!(rig.feed(&first), ["push: >3 $11 unsubscribe $1 a :1"]);
    let last = confirmed(">", "unsubscribe", "b", 0);
    assert_eq!(rig.feed(&last), ["3: >3 $11 unsubscribe $1 b :0"]);
}

#[test]
fn a_message_between_the_elements_of_an_exec_is_no_element() {
    let mut rig = resp3();
    rig.submit(cmd("EXEC"), 1);
    rig.ping(2);
    rig.sent();
    let message = ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n";
    let bytes = format!("*2\r\n:1\r\n{message}:2\r\n+PONG\r\n");
    for step in [1, 3, usize::MAX] {
        let mut rig = resp3();
        rig.submit(cmd("EXEC"), 1);
        rig.ping(2);
        rig.sent();
        let events = rig.feed_by(bytes.as_bytes(), step);
        assert_eq!(events[0], "push: >3 $7 message $1 a $1 x");
        assert!(events[1].starts_with("1: *2 :1 >3"));
        assert_eq!(events[2], "2: +PONG");
    }
}

#[test]
fn monitor_lines_are_pushes_until_reset() {
    let mut rig = Rig::roomy();
    rig.submit(cmd("MONITOR"), 1);
    assert_eq!(
        rig.refused(cmd("PING")),
        Rejected::Refused(Refusal::Monitoring)
    );
    rig.submit(cmd("RESET"), 2);
    rig.ping(3);
    rig.sent();
    assert_eq!(
        rig.feed("+OK\r\n+1.5 [0 x] \"PING\"\r\n"),
        ["1: +OK", "push: +1.5 [0 x] \"PING\""]
    );
    rig.sent();
    assert_eq!(rig.feed("+OK\r\n+RESET\r\n"), ["push: +OK", "2: +RESET"]);
    assert_eq!(rig.sent(), PING);
    assert_eq!(rig.feed("+PONG\r\n"), ["3: +PONG"]);
}

#[test]
fn a_refused_monitor_says_nothing_of_the_next_one() {
    let mut rig = Rig::roomy();
    // It takes no arguments: the server refuses it.
    rig.submit(cmd("MONITOR").arg("x"), 1);
    rig.submit(cmd("RESET"), 2);
    rig.submit(cmd("MONITOR"), 3);
    rig.sent();
    assert_eq!(rig.feed("-ERR wrong number\r\n"), ["1: -ERR wrong number"]);
    assert_eq!(
        rig.refused(cmd("PING")),
        Rejected::Refused(Refusal::Monitoring)
    );
    rig.sent();
    assert_eq!(rig.feed("+RESET\r\n"), ["2: +RESET"]);
    rig.sent();
    assert_eq!(rig.feed("-NOPERM no\r\n"), ["3: -NOPERM no"]);
    rig.ping(4);
}

#[test]
fn nothing_is_sent_behind_a_blocking_command_until_it_is_answered() {
    let mut rig = Rig::roomy();
    rig.submit(
        cmd("XREAD").args(("COUNT", 1, "block", 0, "STREAMS", "s", "$")),
        1,
    );
    rig.ping(2);
    assert!(rig.sent().ends_with("$1\r\n$\r\n"));
    assert_eq!(rig.feed("*-1\r\n"), ["1: *-1"]);
    assert_eq!(rig.sent(), PING);
    rig.submit(cmd("XREAD").args(("STREAMS", "BLOCK", "0")), 3);
    rig.ping(4);
    assert!(
        rig.sent().ends_with(PING),
        "a key called BLOCK blocks nothing"
    );
}

#[test]
fn the_session_is_clean_again_after_a_transaction() {
    let mut rig = Rig::roomy();
    assert!(rig.pipeline.is_session_clean());
    rig.submit(cmd("WATCH").arg("k"), 1);
    assert!(!rig.pipeline.is_session_clean());
    rig.submit(cmd("MULTI"), 2);
    rig.submit(cmd("EXEC"), 3);
    assert!(rig.pipeline.is_session_clean());
    rig.submit(cmd("SELECT").arg(2), 4);
    assert!(!rig.pipeline.is_session_clean());
    rig.submit(cmd("RESET"), 5);
    assert!(!rig.pipeline.is_session_clean(), "it may be refused");
    rig.sent();
    rig.feed("+OK\r\n+OK\r\n*0\r\n+OK\r\n+RESET\r\n");
    assert!(rig.pipeline.is_session_clean());
}

#[test]
fn what_follows_a_refused_reset_is_not_sent_again_on_another_database() {
    let mut rig = Rig::resending(Resend::Replayable);
    rig.submit(cmd("SELECT").arg(3), 1);
    rig.submit(cmd("RESET"), 2);
    rig.submit(cmd("SET").args(("a", 1)).replayable(), 3);
    rig.sent();
    rig.feed("+OK\r\n-NOPERM no\r\n");
    rig.submit(cmd("SET").args(("b", 1)).replayable(), 4);
    rig.sent();
    rig.pipeline.handle_eof();
    let told = ["3: Unknown(LinkLost)", "4: Unknown(LinkLost)", "error: Eof"];
    assert_eq!(rig.events(), told);
    rig.pipeline.open(rig.now);
    assert_eq!(rig.sent(), "");
}

#[test]
fn a_named_protocol_error_is_nobodys_reply() {
    let mut rig = Rig::roomy();
    rig.ping(1);
    rig.sent();
    assert_eq!(
        rig.feed("-ERR Protocol error: invalid bulk length\r\n"),
        ["1: Unknown(LinkLost)", "error: Farewell"]
    );
}

#[test]
fn a_message_that_fills_the_buffer_is_handed_out_of_an_exec_too_large() {
    for oversize in [Oversize::Skip, Oversize::Stream] {
        let message = format!(">1\r\n+{}\r\n", "m".repeat(50));
        let element = format!("$40\r\n{}\r\n", "x".repeat(40));
        let subscribed = confirmed(">", "subscribe", "a", 1);
        let bytes = format!(
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n{subscribed}{element}{message}{element}+PONG\r\n"
        );
        for step in each(1..80).chain([usize::MAX]) {
            let mut rig = resp3_of(64);
            rig.config(|config| config.oversize = oversize);
            rig.submit(cmd("MULTI"), 1);
            rig.submit(cmd("SUBSCRIBE").arg("a"), 2);
            rig.submit(cmd("GET").arg("x"), 2);
            rig.submit(cmd("EXEC"), 3);
            rig.ping(5);
            rig.sent();
            let told = rig.feed_by(bytes.as_bytes(), step);
            let push = format!("push: >1 +{}", "m".repeat(50));
            assert!(told.contains(&push), "by {step}: {told:?}");
            assert_eq!(told.last().map(String::as_str), Some("5: +PONG"));
            assert_eq!(rig.pipeline.pushes_dropped(), 0);
        }
    }
}

#[test]
fn an_exec_that_begins_like_a_message_is_a_reply_also_where_it_subscribes_and_is_too_large() {
    for oversize in [Oversize::Skip, Oversize::Stream] {
        for channel in ["a".repeat(60), String::from("a")] {
            let subscribed = confirmed("*", "subscribe", &channel, 1);
            let bytes = format!("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$7\r\nmessage\r\n{subscribed}");
            for step in each(1..80).chain([usize::MAX]) {
                let mut rig = Rig::new(512, 64, 8);
                rig.config(|config| config.oversize = oversize);
                rig.submit(cmd("MULTI"), 1);
                rig.submit(cmd("ECHO").arg("message"), 2);
                rig.submit(cmd("SUBSCRIBE").arg(channel.as_str()), 3);
                rig.submit(cmd("EXEC"), 4);
                rig.ping(5);
                rig.sent();
                let told = rig.feed_by(bytes.as_bytes(), step);
                assert!(
                    told.last().is_some_and(|told| told.starts_with("4: ")),
                    "by {step}: {told:?}"
                );
                assert_eq!(rig.feed("+PONG\r\n"), ["5: +PONG"]);
            }
        }
    }
}

#[test]
fn confirmations_inside_an_exec_that_is_too_large_are_counted() {
    // Of the EXEC's reply nothing is kept, but what it subscribed to decides what UNSUBSCRIBE is owed.
    for oversize in [Oversize::Skip, Oversize::Stream] {
        for push in ["*", ">"] {
            let make = || {
                let mut rig = Rig::new(512, 64, 9);
                rig.config(|config| config.oversize = oversize);
                rig.submit(cmd("MULTI"), 1);
                for channel in ["a", "", "c"] {
                    rig.submit(cmd("SUBSCRIBE").arg(channel), 2);
                }
                rig.submit(cmd("EXEC"), 3);
                rig.submit(cmd("UNSUBSCRIBE"), 4);
                rig.ping(5);
                rig.sent();
                rig
            };
            // Elements that are nearly one, and one that is longer than any.
            let near = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n*0\r\n:7\r\n*3\r\n$9\r\nsubscribe\r\n+a\r\n+b\r\n:8\r\n$20\r\nxxxxxxxxxxxxxxxxxxxx\r\n";
            let mut bytes = String::from("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*8\r\n");
            for (nth, channel) in (1..).zip(["a", "", "c"]) {
                bytes += &confirmed(push, "subscribe", channel, nth);
            }
            bytes += near;
            for (left, channel) in [(2, "a"), (1, ""), (0, "c")] {
                bytes += &confirmed(push, "unsubscribe", channel, left);
            }
            bytes += "+PONG\r\n";
            for step in each(1..80).chain([usize::MAX]) {
                let mut rig = make();
                let told = rig.feed_by(bytes.as_bytes(), step);
                let left: Vec<&str> = told.iter().rev().take(2).map(String::as_str).collect();
                let last = format!("4: {push}3 $11 unsubscribe $1 c :0");
                assert_eq!(
                    left,
                    ["5: +PONG", &last],
                    "{oversize:?} {push} {step}: {told:?}"
                );
            }
        }
    }
}
