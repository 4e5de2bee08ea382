//! What the guard lets pass, command by command, and what it knows afterwards.

use super::*;
use crate::{Frame, Kind};

/// Submits a command that the guard looks at; its effect.
fn admit(session: &mut Session, line: &str) -> Result<Effect, Refusal> {
    let (bytes, count) = encoded(line);
    let admitted = session.admit(Some(Words::new(&bytes, &[], count)));
    admitted.map(|(effect, _)| effect)
}

/// A session in which these were submitted.
fn after(lines: &[&str]) -> Session {
    let mut session = Session::NEW;
    for line in lines {
        admit(&mut session, line).unwrap();
    }
    session
}

#[test]
fn a_session_is_clean_until_something_changes_it_and_again_when_that_is_over() {
    assert!(Session::NEW.is_clean());
    for (lines, clean) in [
        (&["MULTI"][..], false),
        (&["MULTI", "EXEC"], true),
        (&["MULTI", "DISCARD"], true),
        (&["WATCH k"], false),
        (&["WATCH k", "UNWATCH"], true),
        (&["WATCH k", "MULTI", "EXEC"], true),
        (&["SELECT 1"], false),
        (&["SELECT 1", "MULTI", "EXEC"], false),
        (&["WATCH k", "EXEC"], false),
        (&["SELECT 1", "RESET"], false),
        (&["BLPOP k 0", "PUBLISH a x"], true),
    ] {
        assert_eq!(after(lines).is_clean(), clean, "{lines:?}");
        assert_eq!(after(lines).is_watchful(), !clean, "{lines:?}");
    }
    let mut silenced = Session::NEW;
    silenced.sent(Effect::ReplyOff);
    assert!(!silenced.is_clean(), "replies are off");
}

#[test]
fn a_reset_undoes_what_came_before_it_when_it_is_answered_and_not_when_it_is_refused() {
    let clean = |lines: &[&str], answers: &[&str]| {
        let mut session = after(lines);
        for answer in answers {
            assert!(!session.is_clean(), "{lines:?} before {answer}");
            settle(&mut session, Some((Effect::Reset, 1)), answer);
        }
        assert_eq!(session.is_watchful(), !session.is_clean());
        session.is_clean()
    };
    let (done, refused) = ("+RESET\r\n", "-NOPERM no\r\n");
    let before = ["SELECT 1", "WATCH k", "MULTI", "RESET"];
    assert!(clean(&before, &[done]));
    assert!(!clean(&before, &[refused]));
    assert!(!clean(&["WATCH k", "RESET"], &[refused]));
    assert!(!clean(&["SELECT 1", "RESET", "SELECT 2"], &[done]));
    assert!(clean(&["SELECT 1", "RESET", "RESET"], &[refused, done]));
    // Of two, the second may yet be refused.
    assert!(clean(&["RESET", "SELECT 2", "RESET"], &[done, done]));
    assert!(!clean(&["RESET", "SELECT 2", "RESET"], &[done, refused]));
    let (twice, thrice) = (
        ["RESET", "RESET", "SELECT 2"],
        ["RESET", "RESET", "SELECT 2", "RESET"],
    );
    assert!(!clean(&twice, &[done, done]));
    assert!(!clean(&thrice, &[done, done, refused]));
}

#[test]
fn an_unwatch_that_is_refused_leaves_the_watch() {
    let mut session = after(&["WATCH k"]);
    run(
        &mut session,
        "UNWATCH k",
        "-ERR wrong number of arguments\r\n",
    );
    assert!(!session.is_clean());
    run(&mut session, "UNWATCH", "-NOPERM no\r\n");
    assert!(!session.is_clean());
    run(&mut session, "UNWATCH", "+OK\r\n");
    assert!(session.is_clean());
}

#[test]
fn a_fresh_connection_begins_with_a_clean_session() {
    let mut session = after(&["SELECT 1", "MULTI", "SUBSCRIBE a"]);
    settle(
        &mut session,
        None,
        &confirmation("subscribe", 1).replace('*', ">"),
    );
    session.sent(Effect::ReplyOff);
    assert!(session.is_subscribed());
    session.start();
    assert!(session.is_clean() && !session.is_subscribed());
    assert!(!session.sent(Effect::Plain), "replies are on");
    admit(&mut session, "CLIENT REPLY OFF").unwrap();
}

#[test]
fn one_channel_one_pattern_or_one_shard_channel_is_a_subscription() {
    for (on, kind_on, off, kind_off) in [
        ("SUBSCRIBE a", "subscribe", "UNSUBSCRIBE", "unsubscribe"),
        ("PSUBSCRIBE a", "psubscribe", "PUNSUBSCRIBE", "punsubscribe"),
        ("SSUBSCRIBE a", "ssubscribe", "SUNSUBSCRIBE", "sunsubscribe"),
    ] {
        let mut session = Session::NEW;
        run(&mut session, on, &confirmation(kind_on, 1));
        assert!(session.is_subscribed(), "{on}");
        run(&mut session, off, &confirmation(kind_off, 0));
        assert!(!session.is_subscribed(), "{off}");
    }
}

#[test]
fn silence_lasts_as_long_as_the_server_keeps_it() {
    let refused = Err(Refusal::ReplyAndSubscribe);
    let subscribe = |lines: &[&str]| admit(&mut after(lines), "SUBSCRIBE a");
    // Neither another command nor SKIP ends OFF.
    assert_eq!(subscribe(&["CLIENT REPLY OFF", "SELECT 1"]), refused);
    let mut session = after(&["CLIENT REPLY OFF", "CLIENT REPLY SKIP"]);
    session.admit(None).unwrap();
    assert_eq!(admit(&mut session, "SUBSCRIBE a"), refused);
    // One command, of whatever kind, ends SKIP.
    assert!(subscribe(&["CLIENT REPLY SKIP", "SELECT 1"]).is_ok());
    assert!(subscribe(&["CLIENT REPLY SKIP", "GET k"]).is_ok());
    assert_eq!(subscribe(&["CLIENT REPLY SKIP"]), refused);
}

#[test]
fn what_ends_silence_keeps_its_reply() {
    for (silence, sent, line) in [
        ("CLIENT REPLY SKIP", Effect::ReplySkip, "CLIENT REPLY ON"),
        ("CLIENT REPLY OFF", Effect::ReplyOff, "CLIENT REPLY ON"),
        ("CLIENT REPLY OFF", Effect::ReplyOff, "RESET"),
    ] {
        let mut session = after(&[silence]);
        session.sent(sent);
        let effect = admit(&mut session, line).unwrap();
        assert!(!session.sent(effect), "{line} is answered");
        assert!(!session.sent(Effect::Plain), "and so is what follows");
    }
}

#[test]
fn what_needs_its_reply_is_refused_where_it_gets_none() {
    let refused = Err(Refusal::ModeInSilence);
    // Seen on Redis 7.0: neither is answered, and behind the QUIT nothing is closed.
    for line in ["RESET", "QUIT"] {
        assert_eq!(admit(&mut after(&["CLIENT REPLY SKIP"]), line), refused);
    }
    assert_eq!(admit(&mut after(&["CLIENT REPLY OFF"]), "QUIT"), refused);
    let mut session = after(&["CLIENT REPLY SKIP", "SELECT 1"]);
    assert!(admit(&mut session, "RESET").is_ok(), "silence is over");
}

#[test]
fn a_command_that_skip_silences_is_not_fed_in_pieces() {
    let mut session = Session::NEW;
    assert_eq!(session.check_pieces(None), Ok(()));
    admit(&mut session, "CLIENT REPLY SKIP").unwrap();
    assert_eq!(session.check_pieces(None), Err(Refusal::InPieces));
    session.admit(None).unwrap();
    assert_eq!(session.check_pieces(None), Ok(()));
}

#[test]
fn behind_a_subscription_in_multi_nothing_runs_whose_message_could_stand_among_the_elements() {
    // A SET publishes where `notify-keyspace-events` is on.
    let publish = |session: &mut Session| {
        let plain = session.admit(None).map(drop);
        assert_eq!(admit(session, "PUBLISH a x").map(drop), plain);
        assert_eq!(admit(session, "BLPOP k 0").map(drop), plain);
        plain
    };
    assert_eq!(publish(&mut after(&["MULTI"])), Ok(()));
    let subscribed = ["MULTI", "SUBSCRIBE a"];
    let refused = Err(Refusal::PublishInMulti);
    assert_eq!(publish(&mut after(&subscribed)), refused);
    let mut resp3 = after(&subscribed);
    resp3.set_resp3(true);
    assert_eq!(publish(&mut resp3), Ok(()), "pushes are told from elements");
    for end in ["EXEC", "DISCARD", "RESET"] {
        let mut session = after(&[&subscribed[..], &[end, "MULTI"]].concat());
        assert_eq!(publish(&mut session), Ok(()), "{end}");
    }
    let another = admit(&mut after(&subscribed), "PSUBSCRIBE b*");
    assert_eq!(another, Ok(Effect::Psubscribe));
}

#[test]
fn behind_a_hello_2_or_a_reset_the_connection_may_speak_resp2() {
    for (line, spoken) in [("PING", 3), ("HELLO 3", 3), ("HELLO 2", 2), ("RESET", 2)] {
        let resp3 = || {
            let mut session = Session::NEW;
            session.set_resp3(true);
            admit(&mut session, line).unwrap();
            session
        };
        let expected = |refusal| match spoken {
            2 => Err(refusal),
            _ => Ok(()),
        };
        let mut session = resp3();
        admit(&mut session, "SUBSCRIBE a").unwrap();
        assert_eq!(
            admit(&mut session, "CLIENT REPLY OFF").map(drop),
            expected(Refusal::ReplyAndSubscribe),
            "{line}"
        );
        let mut session = resp3();
        admit(&mut session, "MULTI").unwrap();
        admit(&mut session, "SUBSCRIBE a").unwrap();
        assert_eq!(
            admit(&mut session, "PUBLISH a x").map(drop),
            expected(Refusal::PublishInMulti),
            "{line}"
        );
    }
}

#[test]
fn an_exec_without_a_subscription_confirms_none_whatever_its_elements_look_like() {
    // EVAL can return three such values.
    let looks = format!("*1\r\n{}", confirmation("subscribe", 1));
    let mut session = Session::NEW;
    run(&mut session, "MULTI", "+OK\r\n");
    run(&mut session, "EXEC", &looks);
    assert!(!session.is_subscribed());
    run(&mut session, "MULTI", "+OK\r\n");
    run(&mut session, "SUBSCRIBE a", "+QUEUED\r\n");
    run(&mut session, "EXEC", &looks);
    assert!(session.is_subscribed());
}

#[test]
fn a_subscription_is_confirmed_by_a_kind_a_channel_and_a_count() {
    let head = |session: &mut Session| {
        let (bytes, count) = encoded("SUBSCRIBE a b");
        Some(session.admit(Some(Words::new(&bytes, &[], count))).unwrap())
    };
    for (wire, confirms) in [
        ("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", true),
        (">3\r\n+subscribe\r\n+a\r\n:1\r\n", true),
        ("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n+1\r\n", false),
        ("*2\r\n$9\r\nsubscribe\r\n$1\r\na\r\n", false),
        ("*4\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n:1\r\n", false),
        ("*3\r\n:9\r\n$1\r\na\r\n:1\r\n", false),
        ("~3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", false),
    ] {
        let mut session = Session::NEW;
        let head = head(&mut session);
        let settled = settle(&mut session, head, wire);
        assert_eq!(session.is_subscribed(), confirms, "{wire}");
        // The first of two is not the reply yet.
        assert_eq!(settled == Settled::Push, confirms, "{wire}");
    }
}

#[test]
fn what_was_submitted_behind_a_reset_stays_when_it_is_answered() {
    let reset = |behind: &[&str]| {
        let mut session = after(&["RESET"]);
        for line in behind {
            admit(&mut session, line).unwrap();
        }
        let settled = settle(&mut session, Some((Effect::Reset, 1)), "+RESET\r\n");
        assert_eq!(settled, Settled::LogInAgain);
        session
    };
    for (lines, refused, why) in [
        (&["MULTI"][..], "HELLO 3", Refusal::ModeInMulti),
        (
            &["MULTI", "SUBSCRIBE a"],
            "PUBLISH a x",
            Refusal::PublishInMulti,
        ),
        (&["MONITOR"], "GET k", Refusal::Monitoring),
        (&["QUIT"], "GET k", Refusal::Quitting),
        (
            &["CLIENT REPLY OFF"],
            "SUBSCRIBE a",
            Refusal::ReplyAndSubscribe,
        ),
        (
            &["CLIENT REPLY SKIP"],
            "SUBSCRIBE a",
            Refusal::ReplyAndSubscribe,
        ),
        (
            &["SUBSCRIBE a"],
            "CLIENT REPLY OFF",
            Refusal::ReplyAndSubscribe,
        ),
    ] {
        assert_eq!(admit(&mut reset(lines), refused), Err(why), "{lines:?}");
    }
    for lines in [["WATCH k"], ["SELECT 1"]] {
        assert!(!reset(&lines).is_clean(), "{lines:?}");
    }
    // Of two MONITORs the error of one says nothing of the other.
    let mut session = reset(&["MONITOR", "RESET", "MONITOR"]);
    settle(&mut session, Some((Effect::Monitor, 1)), "-ERR no\r\n");
    assert_eq!(admit(&mut session, "GET k"), Err(Refusal::Monitoring));
    // What the server had known is gone, but for a HELLO behind it.
    let mut session = reset(&["HELLO 2", "SUBSCRIBE a"]);
    session.set_resp3(true);
    let refused = Err(Refusal::ReplyAndSubscribe);
    assert_eq!(admit(&mut session, "CLIENT REPLY OFF"), refused);
    assert!(reset(&[]).is_clean());
}

#[test]
fn a_quit_that_is_refused_closes_nothing() {
    let mut session = Session::NEW;
    assert_eq!(
        run(&mut session, "QUIT", "-NOPERM no\r\n"),
        Settled::Answered
    );
    admit(&mut session, "GET k").unwrap();
    assert_eq!(run(&mut session, "QUIT", "+OK\r\n"), Settled::Closing);
    assert_eq!(admit(&mut session, "GET k"), Err(Refusal::Quitting));
}

#[test]
fn behind_monitor_only_the_own_word_answers_reset_and_quit() {
    let line = "+1.5 [0 127.0.0.1:1] \"PING\"\r\n";
    for (name, answer, settled) in [
        ("RESET", "+RESET\r\n", Settled::LogInAgain),
        ("QUIT", "+OK\r\n", Settled::Closing),
    ] {
        let mut session = Session::NEW;
        assert_eq!(run(&mut session, "MONITOR", "+OK\r\n"), Settled::Answered);
        assert_eq!(run(&mut session, name, line), Settled::Push, "{name}");
        let head = Some((admit(&mut after(&[]), name).unwrap(), 1));
        assert_eq!(settle(&mut session, head, line), Settled::Push);
        assert_eq!(settle(&mut session, head, answer), settled, "{name}");
    }
    // Without MONITOR it is what they are answered.
    let mut session = Session::NEW;
    assert_eq!(run(&mut session, "GET k", line), Settled::Answered);
}

#[test]
fn the_error_of_one_monitor_speaks_for_itself_only() {
    let head = Some((Effect::Monitor, 1));
    let mut session = after(&["MONITOR"]);
    settle(&mut session, head, "-ERR no\r\n");
    admit(&mut session, "GET k").expect("no MONITOR is left");
    let mut session = after(&["MONITOR", "RESET", "MONITOR"]);
    settle(&mut session, head, "+OK\r\n");
    settle(&mut session, Some((Effect::Reset, 1)), "+RESET\r\n");
    settle(&mut session, head, "-ERR no\r\n");
    admit(&mut session, "GET k").expect("the first is answered, the second refused");
}

#[test]
fn a_confirmation_larger_than_rx_counts_by_its_begin_and_its_end() {
    for (kind, subscribed) in [(Kind::Push, true), (Kind::Array, true), (Kind::Set, false)] {
        let mut session = after(&["SUBSCRIBE a b"]);
        let head = Some((Effect::Subscribe, 2));
        let begin = b"*3\r\n$9\r\nsubscribe\r\n$900\r\naaaa";
        let (value, body, len) = (3, 4, begin.len());
        let frame = Frame {
            kind,
            value,
            body,
            len,
        };
        let settled = session.settle_cut(head, begin, frame, b"aaaa\r\n:1\r\n");
        assert_eq!(session.is_subscribed(), subscribed, "{kind}");
        assert_eq!(settled == Settled::Push, subscribed, "{kind}");
    }
    // UNSUBSCRIBE of no channel is owed as many as there are.
    let mut session = after(&["SUBSCRIBE a b", "UNSUBSCRIBE"]);
    let mut settle = |effect, owed, kind: &str, last: &[u8]| {
        let begin = format!(">3\r\n${}\r\n{kind}\r\n$900\r\naaaa", kind.len());
        let frame = Frame {
            kind: Kind::Push,
            value: 3,
            body: 4,
            len: begin.len(),
        };
        session.settle_cut(Some((effect, owed)), begin.as_bytes(), frame, last)
    };
    for (effect, owed, kind, last, settled) in [
        (
            Effect::Subscribe,
            2,
            "subscribe",
            &b"a\r\n:1\r\n"[..],
            Settled::Push,
        ),
        (
            Effect::Subscribe,
            2,
            "subscribe",
            b"a\r\n:2\r\n",
            Settled::Answered,
        ),
        (
            Effect::Unsubscribe,
            0,
            "unsubscribe",
            b"a\r\n:1\r\n",
            Settled::Push,
        ),
        (
            Effect::Unsubscribe,
            0,
            "unsubscribe",
            b"a\r\n:0\r\n",
            Settled::Answered,
        ),
    ] {
        assert_eq!(settle(effect, owed, kind, last), settled, "{kind}");
    }
}

#[test]
fn too_many_channels_are_refused() {
    let subscribe = |channels: usize| {
        let bytes = b"*65537\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n";
        let mut session = Session::NEW;
        let admitted = session.admit(Some(Words::new(bytes, &[], channels + 1)));
        (admitted.map(|(_, owed)| owed), session.is_clean())
    };
    assert_eq!(subscribe(65_535), (Ok(65_535), false));
    assert_eq!(subscribe(65_536), (Err(Refusal::TooManyChannels), true));
}

#[test]
fn an_empty_array_is_a_reply_whatever_stands_behind_it() {
    // What came in the same read was taken for its first element, and the reply for a message.
    let mut session = Session::NEW;
    run(&mut session, "SUBSCRIBE a", &confirmation("subscribe", 1));
    let bytes = b"*0\r\n+message\r\n";
    let frame = Framer::new().frame(bytes).unwrap().unwrap();
    let head = Some((Effect::Plain, 1));
    assert_eq!(session.settle(head, bytes, frame), Settled::Answered);
}
