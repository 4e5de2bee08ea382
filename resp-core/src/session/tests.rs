use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use super::*;
use crate::decode::Framer;
use crate::decode::tests::random::each;
use crate::encode::{Command, RawCommand};

mod guard;

fn encoded(line: &str) -> (Vec<u8>, usize) {
    let words: Vec<_> = line.split(' ').collect();
    let mut bytes = format!("*{}\r\n", words.len());
    for word in &words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    (bytes.into_bytes(), words.len())
}

/// The effect of a command line, the same wherever the ring cuts its bytes in two.
fn effect(line: &str) -> Effect {
    let (bytes, count) = encoded(line);
    let whole = Effect::of(Words::new(&bytes, &[], count));
    for cut in each(0..bytes.len()) {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(
            Effect::of(Words::new(first, second, count)),
            whole,
            "{line} cut at {cut}"
        );
    }
    let (command, _) = RawCommand::split(&bytes).unwrap();
    if whole != Effect::Plain {
        assert_eq!(command.traits().class, Class::Special, "{line}");
    }
    whole
}

#[test]
fn effects_follow_names_and_arguments_in_any_case() {
    let table = [
        ("GET k", Effect::Plain),
        ("get", Effect::Plain),
        ("BLPOP k 0", Effect::Blocking),
        ("blmpop 0 1 k LEFT", Effect::Blocking),
        ("WAIT 1 0", Effect::Blocking),
        ("WAITAOF 1 0 0", Effect::Blocking),
        ("XREAD COUNT 1 BLOCK 0 STREAMS s $", Effect::Blocking),
        ("xreadgroup GROUP g c block 0 streams s >", Effect::Blocking),
        ("XREAD STREAMS BLOCK 0", Effect::Plain),
        ("MULTI", Effect::Multi),
        ("MULTI x", Effect::Plain),
        ("exec", Effect::Exec),
        ("EXEC x", Effect::Plain),
        ("DISCARD", Effect::Discard),
        ("CLIENT REPLY off", Effect::ReplyOff),
        ("client reply SKIP", Effect::ReplySkip),
        ("CLIENT REPLY ON", Effect::ReplyOn),
        ("CLIENT REPLY MAYBE", Effect::Plain),
        ("CLIENT REPLY OFF now", Effect::Plain),
        ("CLIENT ID", Effect::Plain),
        ("CLIENT TRACKING ON", Effect::Binding),
        ("CLIENT", Effect::Plain),
        ("HELLO", Effect::Plain),
        ("HELLO 2", Effect::Hello2),
        ("HELLO 3 AUTH u p", Effect::Hello3),
        ("SELECT 1", Effect::Binding),
        ("WATCH k", Effect::Watch),
        ("UNWATCH", Effect::Unwatch),
        ("UNWATCH k", Effect::Plain),
        ("SUBSCRIBE", Effect::Plain),
        ("SUBSCRIBE a", Effect::Subscribe),
        ("punsubscribe", Effect::Punsubscribe),
        ("SSUBSCRIBE a b", Effect::Ssubscribe),
        ("RESET", Effect::Reset),
        ("QUIT", Effect::Quit),
        ("MONITOR", Effect::Monitor),
        ("PSYNC ? -1", Effect::Foreign),
        ("SCRIPT DEBUG YES", Effect::Foreign),
        ("SCRIPT LOAD x", Effect::Plain),
        ("REPLCONF ACK 0", Effect::Foreign),
        ("EVAL x 0", Effect::Plain),
        ("SUBSCRIBER a", Effect::Plain),
        ("AVERYLONGNAMETHATNOTABLEKNOWS", Effect::Plain),
    ];
    for (line, expected) in table {
        assert_eq!(effect(line), expected, "{line}");
    }
}

/// Submits, sends and answers one command; what the guard made of the answer.
fn run(session: &mut Session, line: &str, answer: &str) -> Settled {
    let (bytes, count) = encoded(line);
    let (effect, owed) = session.admit(Some(Words::new(&bytes, &[], count))).unwrap();
    assert!(!session.sent(effect));
    settle(session, Some((effect, owed)), answer)
}

fn settle(session: &mut Session, head: Option<(Effect, u16)>, answer: &str) -> Settled {
    let frame = Framer::new().frame(answer.as_bytes()).unwrap().unwrap();
    session.settle(head, answer.as_bytes(), frame)
}

fn confirmation(kind: &str, count: u32) -> String {
    format!("*3\r\n${}\r\n{kind}\r\n$1\r\na\r\n:{count}\r\n", kind.len())
}

#[test]
fn channels_and_patterns_are_counted_together_and_shards_apart() {
    let mut session = Session::NEW;
    run(&mut session, "SUBSCRIBE a", &confirmation("subscribe", 1));
    run(&mut session, "PSUBSCRIBE a", &confirmation("psubscribe", 2));
    run(&mut session, "SSUBSCRIBE a", &confirmation("ssubscribe", 1));
    assert!(session.is_subscribed());
    // UNSUBSCRIBE of no channel: one channel, one confirmation, one pattern left.
    let settled = run(&mut session, "UNSUBSCRIBE", &confirmation("unsubscribe", 1));
    assert_eq!(settled, Settled::Answered);
    run(
        &mut session,
        "PUNSUBSCRIBE",
        &confirmation("punsubscribe", 0),
    );
    assert!(
        session.is_subscribed(),
        "a shard channel is still subscribed"
    );
    run(
        &mut session,
        "SUNSUBSCRIBE",
        &confirmation("sunsubscribe", 0),
    );
    assert!(!session.is_subscribed());
}

#[test]
fn skip_silences_itself_and_the_next_and_off_lasts_until_on() {
    let mut session = Session::NEW;
    let sent: Vec<_> = [
        Effect::ReplySkip,
        Effect::Plain,
        Effect::Plain,
        Effect::ReplyOff,
        Effect::ReplySkip,
        Effect::Plain,
        Effect::ReplyOn,
        Effect::Plain,
    ]
    .map(|effect| session.sent(effect))
    .to_vec();
    assert_eq!(
        sent,
        vec![true, true, false, true, true, true, false, false]
    );
}

#[test]
fn silence_and_subscriptions_exclude_each_other_until_reset() {
    let admit = |session: &mut Session, line: &str| {
        let (bytes, count) = encoded(line);
        session
            .admit(Some(Words::new(&bytes, &[], count)))
            .map(|(effect, _)| effect)
    };
    let refused = Err(Refusal::ReplyAndSubscribe);
    let mut session = Session::NEW;
    admit(&mut session, "SUBSCRIBE a").unwrap();
    assert_eq!(admit(&mut session, "CLIENT REPLY OFF"), refused);
    admit(&mut session, "RESET").unwrap();
    admit(&mut session, "CLIENT REPLY OFF").unwrap();
    assert_eq!(admit(&mut session, "UNSUBSCRIBE"), refused);
    assert_eq!(admit(&mut session, "MONITOR"), Err(Refusal::ModeInSilence));
    assert_eq!(admit(&mut session, "HELLO 3"), Err(Refusal::ModeInSilence));
    admit(&mut session, "CLIENT REPLY ON").unwrap();
    admit(&mut session, "CLIENT REPLY SKIP").unwrap();
    assert_eq!(admit(&mut session, "SUBSCRIBE a"), refused);
    assert_eq!(
        session.admit(None),
        Ok((Effect::Binding, 1)),
        "the skipped one stays"
    );
    admit(&mut session, "SUBSCRIBE a").unwrap();

    let mut session = Session::NEW;
    session.set_resp3(true);
    admit(&mut session, "SUBSCRIBE a").unwrap();
    admit(&mut session, "CLIENT REPLY SKIP").unwrap();
    assert_eq!(admit(&mut session, "SUBSCRIBE b"), refused);
    session.admit(None).unwrap();
    admit(&mut session, "HELLO 2").unwrap();
    assert_eq!(admit(&mut session, "CLIENT REPLY SKIP"), refused);
}

#[test]
fn hello_changes_what_arrays_mean() {
    let mut session = Session::NEW;
    run(&mut session, "SUBSCRIBE a", &confirmation("subscribe", 1));
    let message = confirmation("message", 1);
    let head = Some((Effect::Plain, 1));
    assert_eq!(settle(&mut session, head, &message), Settled::Push);
    run(&mut session, "HELLO 3", "%0\r\n");
    assert_eq!(settle(&mut session, head, &message), Settled::Answered);
    run(&mut session, "HELLO 2", "-NOPROTO no\r\n");
    assert!(session.is_resp3(), "a refused HELLO changes nothing");
}

#[test]
fn values_that_only_look_like_a_confirmation_count_no_channel() {
    // LRANGE of an empty list, a GET and an INCR: no aggregate of three holds them.
    let mut session = Session::NEW;
    run(&mut session, "SUBSCRIBE a", &confirmation("subscribe", 1));
    run(&mut session, "MULTI", "+OK\r\n");
    run(&mut session, "SUBSCRIBE b", "+QUEUED\r\n");
    let looks = "*0\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:9\r\n";
    let inside = format!("*5\r\n{}{looks}", confirmation("subscribe", 2));
    run(&mut session, "EXEC", &inside);
    let first = run(&mut session, "UNSUBSCRIBE", &confirmation("unsubscribe", 1));
    assert_eq!(first, Settled::Push);
    let head = Some((Effect::Unsubscribe, 0));
    let second = settle(&mut session, head, &confirmation("unsubscribe", 0));
    assert_eq!(second, Settled::Answered);
}
