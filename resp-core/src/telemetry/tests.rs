use std::string::String;
use std::vec::Vec;

use super::*;
use crate::encode::Template;
use crate::pipeline::{Config, Event, Inline, Pipeline, Rejected, Resend, Window};
use crate::reply::ShortCode;
use crate::{Fate, Framer, Instant, Reply, cmd, template};

const ADD: Template<2> = template!("XADD", "s", _, "t", _).replayable();
const NOW: Instant = Instant::ZERO;

type Small = Pipeline<Inline<160, 512, 4>>;

fn pipeline() -> Small {
    let mut pipeline = Pipeline::new(Inline::new());
    pipeline.configure(Config {
        resend: Resend::Replayable,
        ..Config::DEFAULT
    });
    pipeline
}

fn push(outbox: &mut Outbox, pipeline: &mut Small, tag: u32) -> Result<(), Rejected> {
    let set = cmd("SET").args(("k", tag)).replayable();
    let done = outbox.push(pipeline, &set, tag, NOW);
    done.map(drop).map_err(|error| {
        assert_eq!(error.tag, tag);
        error.reason
    })
}

/// The last arguments of the commands that leave.
fn leaving(pipeline: &mut Small) -> Vec<String> {
    let mut wire = Vec::new();
    while let Some(bytes) = pipeline.poll_transmit() {
        let n = bytes.len();
        wire.extend_from_slice(bytes);
        pipeline.transmitted(n, NOW);
    }
    let wire = String::from_utf8(wire).unwrap();
    let commands = wire.split('*').skip(1);
    commands
        .map(|command| command.trim_end().rsplit("\r\n").next().unwrap().into())
        .collect()
}

fn reply<T>(wire: &str, read: impl FnOnce(&Reply<'_>) -> T) -> T {
    let bytes = wire.as_bytes();
    read(&Reply::new(
        bytes,
        Framer::new().frame(bytes).unwrap().unwrap(),
    ))
}

#[test]
fn refusing_new_keeps_the_oldest_and_counts() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::RefuseNew));
    for tag in 0..4 {
        push(&mut outbox, &mut pipeline, tag).unwrap();
    }
    for tag in 4..7 {
        assert_eq!(push(&mut outbox, &mut pipeline, tag), Err(Rejected::NoSlot));
    }
    let counts = outbox.counts();
    assert_eq!((counts.refused, counts.dropped), (3, 0));
    pipeline.open(NOW);
    assert_eq!(leaving(&mut pipeline), ["0", "1", "2", "3"]);
}

#[test]
fn dropping_the_oldest_keeps_the_newest_and_counts() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::DropOldest));
    for tag in 0..9 {
        push(&mut outbox, &mut pipeline, tag).unwrap();
    }
    let counts = outbox.counts();
    assert_eq!((counts.refused, counts.dropped), (0, 5));
    pipeline.open(NOW);
    assert_eq!(leaving(&mut pipeline), ["5", "6", "7", "8"]);
}

#[test]
fn who_wants_to_know_is_told_which_samples_were_dropped() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::DropOldest));
    let mut dropped = Vec::new();
    for tag in 0..7 {
        let set = cmd("SET").args(("k", tag)).replayable();
        outbox
            .push_telling(&mut pipeline, &set, tag, NOW, |tag, fate| {
                dropped.push((tag, fate));
            })
            .unwrap();
    }
    assert_eq!(dropped, [0, 1, 2].map(|tag| (tag, Fate::NotSent)));
}

#[test]
fn a_sample_pushed_before_a_link_s_end_was_polled_is_counted_as_refused() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::DropOldest));
    pipeline.open(NOW);
    pipeline.handle_link_lost();
    let refused = push(&mut outbox, &mut pipeline, 0);
    assert_eq!(
        (refused, outbox.counts().refused),
        (Err(Rejected::Closed), 1)
    );
    assert!(pipeline.poll_event().is_err());
    assert_eq!(push(&mut outbox, &mut pipeline, 1), Ok(()));
}

#[test]
fn a_question_that_was_dropped_for_a_sample_is_told_and_asked_again() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::DropOldest));
    let mut other = Series::new();
    other.ask(&mut pipeline, "other", 100, NOW).unwrap();
    for tag in 0..4 {
        let set = cmd("SET").args(("k", tag)).replayable();
        let told = |tag, _| {
            if tag == 100 {
                other.start_again();
            }
        };
        outbox
            .push_telling(&mut pipeline, &set, tag, NOW, told)
            .unwrap();
    }
    assert!(other.must_ask());
}

#[test]
fn what_is_on_its_way_is_not_dropped_and_the_new_one_is_refused() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::DropOldest));
    pipeline.open(NOW);
    for tag in 0..4 {
        push(&mut outbox, &mut pipeline, tag).unwrap();
    }
    leaving(&mut pipeline);
    assert_eq!(push(&mut outbox, &mut pipeline, 4), Err(Rejected::NoSlot));
    assert_eq!(outbox.counts().refused, 1);
    // The link dies unheard: the oldest may be stored, and is counted so when it is dropped.
    pipeline.handle_link_lost();
    assert!(pipeline.poll_event().is_err());
    push(&mut outbox, &mut pipeline, 5).unwrap();
    let counts = outbox.counts();
    assert_eq!(
        (counts.refused, counts.dropped, counts.uncertain),
        (1, 1, 1)
    );
    pipeline.open(NOW);
    assert_eq!(leaving(&mut pipeline), ["1", "2", "3", "5"]);
}

#[test]
fn the_latest_of_each_key_is_kept_however_long_the_link_is_down() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::RefuseNew));
    // The hundreds are the key: 100 comes once, 200 and 300 again and again.
    push(&mut outbox, &mut pipeline, 100).unwrap();
    for tag in (201..250).flat_map(|tag| [tag, tag + 100]) {
        let set = cmd("SET").args(("k", tag)).replayable();
        outbox
            .push_latest(&mut pipeline, &set, tag, NOW, |queued| {
                queued / 100 == tag / 100
            })
            .unwrap();
    }
    let counts = outbox.counts();
    assert_eq!(
        (counts.replaced, counts.dropped, counts.refused),
        (96, 0, 0)
    );
    pipeline.open(NOW);
    assert_eq!(leaving(&mut pipeline), ["100", "249", "349"]);
}

fn push_latest(outbox: &mut Outbox, pipeline: &mut Small, key: u32, value: &str) -> bool {
    let set = cmd("SET").args((key, value)).replayable();
    let pushed = outbox.push_latest(pipeline, &set, key, NOW, |queued| *queued == key);
    pushed.is_ok()
}

#[test]
fn in_a_ring_as_large_as_there_are_keys_the_latest_takes_the_place_of_the_older_one() {
    for when_full in [WhenFull::RefuseNew, WhenFull::DropOldest] {
        let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(when_full));
        for value in ["a", "b", "c"] {
            for key in 0..4 {
                assert!(push_latest(&mut outbox, &mut pipeline, key, value));
            }
        }
        let counts = outbox.counts();
        assert_eq!((counts.replaced, counts.dropped, counts.refused), (8, 0, 0));
        pipeline.open(NOW);
        assert_eq!(leaving(&mut pipeline), ["c"; 4]);
    }
}

#[test]
fn with_room_for_both_the_older_one_goes_as_the_newer_one_comes() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::RefuseNew));
    for value in ["old", "new"] {
        assert!(push_latest(&mut outbox, &mut pipeline, 3, value));
    }
    assert_eq!(outbox.counts().replaced, 1);
    pipeline.open(NOW);
    assert_eq!(leaving(&mut pipeline), ["new"]);
}

#[test]
fn the_older_one_of_a_key_stays_where_the_newer_one_finds_no_room() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::RefuseNew));
    assert!(push_latest(&mut outbox, &mut pipeline, 3, "old"));
    // One that no ring of this size takes.
    let long = "x".repeat(200);
    assert!(!push_latest(&mut outbox, &mut pipeline, 3, &long));
    assert_eq!(outbox.counts(), Counts::default());
    // One that would not fit in the place of the older one.
    for key in 4..6 {
        assert!(push_latest(&mut outbox, &mut pipeline, key, "another"));
    }
    assert!(!push_latest(&mut outbox, &mut pipeline, 3, &long[..90]));
    let counts = outbox.counts();
    assert_eq!((counts.replaced, counts.refused), (0, 1));
    // A full ring, whose head is on its way.
    assert!(push_latest(&mut outbox, &mut pipeline, 7, "on its way"));
    pipeline.configure(Config {
        window: Window {
            commands: 1,
            ..Window::default()
        },
        ..*pipeline.config()
    });
    pipeline.open(NOW);
    assert_eq!(leaving(&mut pipeline), ["old"]);
    assert!(!push_latest(&mut outbox, &mut pipeline, 4, "newer"));
    let mut left = Vec::new();
    for _ in 0..4 {
        pipeline.handle_input(b"+OK\r\n", NOW);
        while let Ok(Some(_)) = pipeline.poll_event() {}
        left.extend(leaving(&mut pipeline));
    }
    assert_eq!(left, ["another", "another", "on its way"]);
}

#[test]
fn a_newer_one_that_a_link_s_end_keeps_out_does_not_take_the_older_one_with_it() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::RefuseNew));
    for key in 0..4 {
        assert!(push_latest(&mut outbox, &mut pipeline, key, "old"));
    }
    pipeline.close();
    assert!(!push_latest(&mut outbox, &mut pipeline, 2, "new"));
    pipeline.open(NOW);
    assert_eq!(leaving(&mut pipeline), ["old"; 4]);
}

#[test]
fn a_sample_larger_than_the_ring_is_refused_by_name_and_nothing_is_dropped() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::DropOldest));
    push(&mut outbox, &mut pipeline, 0).unwrap();
    let large = cmd("SET").args(("k", [b'x'; 200])).replayable();
    let error = outbox.push(&mut pipeline, &large, 1, NOW).unwrap_err();
    assert!(matches!(
        error.reason,
        Rejected::TooLong { capacity: 160, .. }
    ));
    assert_eq!(
        (outbox.counts(), pipeline.in_flight()),
        (Counts::default(), 1)
    );
}

#[test]
fn ids_grow_whatever_the_clock_says() {
    let mut series = Series::above(Id { ms: 1_000, seq: 3 });
    let mut next = |clock| {
        let id = series.next_id(clock).unwrap();
        (id.ms, id.seq)
    };
    assert_eq!(next(0), (1_000, 4), "a clock set back");
    assert_eq!(next(1_000), (1_000, 5), "the same millisecond");
    assert_eq!(next(2_000), (2_000, 0));
    assert_eq!(next(1_999), (2_000, 1));
    assert_eq!(next(u64::MAX), (u64::MAX, 0), "a clock gone mad");
    assert_eq!(next(3_000), (u64::MAX, 1));
}

#[test]
fn ids_end_where_the_stream_s_do() {
    let seq = u64::MAX;
    let mut series = Series::above(Id { ms: 7, seq });
    assert_eq!(series.next_id(7), Some(Id { ms: 8, seq: 0 }));
    let mut series = Series::above(Id { ms: u64::MAX, seq });
    assert_eq!(series.next_id(0), None);
}

#[test]
fn an_id_is_read_as_it_was_written() {
    let id = Id {
        ms: 1_700_000_000_000,
        seq: 12,
    };
    let mut bytes = [0; 64];
    let add = cmd("X").arg(id);
    use crate::encode::{Command as _, Sink};
    add.encode(&mut Sink::new(&mut bytes));
    let text = b"1700000000000-12";
    assert!(bytes.windows(text.len()).any(|window| window == text));
    assert_eq!(Id::parse(text), Some(id));
    assert_eq!(std::format!("{id}").as_bytes(), text);
    for odd in [
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-x",
        "1-2-3",
        "18446744073709551616-0",
        "1-+2",
    ] {
        assert_eq!(Id::parse(odd.as_bytes()), None, "{odd}");
    }
}

#[test]
fn the_series_goes_on_above_the_stream_s_last_id() {
    // As Redis 7.0 sends it over RESP2 and RESP3; values hold arrays.
    let fields = "$6\r\nlength\r\n:1\r\n$6\r\ngroups\r\n:0\r\n\
        $11\r\nfirst-entry\r\n*2\r\n$3\r\n9-7\r\n*2\r\n$17\r\nlast-generated-id\r\n$3\r\n1-1\r\n\
        $17\r\nlast-generated-id\r\n$3\r\n9-7\r\n";
    let headers: &[&str] = match cfg!(feature = "resp3") {
        true => &["*8", "%4"],
        false => &["*8"],
    };
    for header in headers {
        let mut series = Series::new();
        assert_eq!(series.next_id(100), None, "not asked yet");
        let read = reply(&std::format!("{header}\r\n{fields}"), |reply| {
            series.answered(reply)
        });
        assert_eq!(read, Ok(Id { ms: 9, seq: 7 }));
        assert_eq!(series.next_id(5), Some(Id { ms: 9, seq: 8 }));
    }
}

#[test]
fn no_stream_yet_is_a_beginning_and_another_error_is_told() {
    let mut series = Series::new();
    let read = reply("-ERR no such key\r\n", |reply| series.answered(reply));
    assert_eq!((read, series.must_ask()), (Ok(Id::ZERO), false));
    assert_eq!(series.next_id(0), Some(Id { ms: 0, seq: 1 }), "0-0 is none");
    for wire in ["-WRONGTYPE Operation against a key\r\n", "-NOPERM no\r\n"] {
        let read = reply(wire, |reply| series.answered(reply));
        assert!(matches!(read, Err(Unread::Refused(_))), "{read:?}");
        assert!(series.must_ask() && series.next_id(9).is_none());
    }
    for wire in [
        "+OK\r\n",
        "*0\r\n",
        "*2\r\n$17\r\nlast-generated-id\r\n:1\r\n",
    ] {
        let read = reply(wire, |reply| series.answered(reply));
        assert_eq!(read, Err(Unread::Odd));
    }
}

#[test]
fn a_stream_that_was_deleted_does_not_set_the_ids_back() {
    let given = Id { ms: 1_000, seq: 5 };
    // Samples with these ids may still wait to be sent.
    let mut series = Series::above(given);
    series.start_again();
    let read = reply("-ERR no such key\r\n", |reply| series.answered(reply));
    assert_eq!((read, series.last()), (Ok(Id::ZERO), given));
    assert_eq!(series.next_id(3), Some(Id { ms: 1_000, seq: 6 }));
}

#[test]
fn equal_or_smaller_is_stored_only_if_it_was_sent_before() {
    let not_above =
        "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n";
    let outcome = |wire, before| reply(wire, Answer::of).outcome(before);
    let code = |text: &str| {
        let wire = std::format!("-{text} x\r\n");
        reply(&wire, |reply| ShortCode::of(reply.error().unwrap()))
    };
    assert_eq!(outcome("$3\r\n1-1\r\n", false), Outcome::Stored);
    assert_eq!(outcome("$3\r\n1-1\r\n", true), Outcome::Stored);
    assert_eq!(outcome(not_above, true), Outcome::StoredBefore);
    assert_eq!(outcome(not_above, false), Outcome::Behind);
    let oom = Outcome::Refused(code("OOM"));
    assert_eq!(outcome("-OOM command not allowed\r\n", false), oom);
    assert_eq!(
        outcome("-OOM command not allowed\r\n", true),
        Outcome::Uncertain
    );
    assert_eq!(outcome("$-1\r\n", false), Outcome::Uncertain);
    assert_eq!(Outcome::of_fate(Fate::NotSent), Outcome::NotSent);
}

#[test]
fn a_sample_that_was_stored_and_is_sent_again_counts_once() {
    let (mut pipeline, mut outbox) = (pipeline(), Outbox::new(WhenFull::RefuseNew));
    let mut series = Series::above(Id::ZERO);
    pipeline.open(NOW);
    for tag in 0..2 {
        let id = series.next_id(5).unwrap();
        outbox
            .push(&mut pipeline, &ADD.with((id, tag)), tag, NOW)
            .unwrap();
    }
    assert_eq!(leaving(&mut pipeline), ["0", "1"]);
    pipeline.handle_link_lost();
    assert!(pipeline.poll_event().is_err());
    pipeline.open(NOW);
    let id = series.next_id(5).unwrap();
    outbox
        .push(&mut pipeline, &ADD.with((id, 2)), 2, NOW)
        .unwrap();
    assert_eq!(leaving(&mut pipeline), ["0", "1", "2"]);
    let not_above = b"-ERR The ID specified in XADD is equal or smaller than the target\r\n";
    pipeline.handle_input(not_above, NOW);
    pipeline.handle_input(b"$3\r\n5-1\r\n", NOW);
    pipeline.handle_input(not_above, NOW);
    let mut outcomes = Vec::new();
    while let Ok(Some(event)) = pipeline.poll_event() {
        let Event::Reply { tag, reply } = event else {
            panic!("{event:?}")
        };
        let answer = Answer::of(&reply);
        outcomes.push((tag, answer.outcome(pipeline.was_sent_before())));
    }
    let expected = [
        (0, Outcome::StoredBefore),
        (1, Outcome::Stored),
        (2, Outcome::Behind),
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn the_question_is_asked_once_a_start_and_again_after_a_lost_link() {
    let (mut pipeline, mut series) = (pipeline(), Series::default());
    assert!(series.must_ask() && !series.is_known());
    series.ask(&mut pipeline, "s", 7, NOW).unwrap();
    assert!(!series.must_ask() && !series.is_known(), "under way");
    for _ in 0..2 {
        pipeline.open(NOW);
        assert_eq!(leaving(&mut pipeline), ["s"]);
        pipeline.handle_link_lost();
        assert!(
            pipeline.poll_event().is_err(),
            "no fate yet: it is sent again"
        );
    }
    pipeline.open(NOW);
    leaving(&mut pipeline);
    pipeline.handle_input(b"*2\r\n$17\r\nlast-generated-id\r\n$3\r\n4-2\r\n", NOW);
    let Ok(Some(Event::Reply { tag: 7, reply })) = pipeline.poll_event() else {
        panic!("no reply")
    };
    let last = Id { ms: 4, seq: 2 };
    assert_eq!(series.answered(&reply), Ok(last));
    assert_eq!((series.is_known(), series.last()), (true, last));
}

#[test]
fn a_question_without_room_is_not_under_way() {
    let (mut pipeline, mut series) = (pipeline(), Series::new());
    for tag in 0..4 {
        pipeline.submit(&cmd("PING"), tag, NOW).unwrap();
    }
    let error = series.ask(&mut pipeline, "s", 7, NOW).unwrap_err();
    assert_eq!((error.tag, error.reason), (7, Rejected::NoSlot));
    assert!(series.must_ask());
}

#[test]
fn a_sample_is_stored_or_lost_or_nobody_knows() {
    let oom = reply("-OOM x\r\n", |reply| ShortCode::of(reply.error().unwrap()));
    for (outcome, stored, lost) in [
        (Outcome::Stored, true, false),
        (Outcome::StoredBefore, true, false),
        (Outcome::Behind, false, true),
        (Outcome::Refused(oom), false, true),
        (Outcome::NotSent, false, true),
        (Outcome::Uncertain, false, false),
    ] {
        assert_eq!((outcome.is_stored(), outcome.is_lost()), (stored, lost));
    }
    for fate in [Fate::Unknown(crate::pipeline::Why::LinkLost), Fate::Silent] {
        assert_eq!(Outcome::of_fate(fate), Outcome::Uncertain, "{fate}");
    }
    assert_eq!(Outcome::of_fate(Fate::Refused), Outcome::NotSent);
}

#[test]
fn nothing_is_dropped_for_a_sample_that_never_fits() {
    let mut pipeline: Pipeline<Inline<100, 64, 2>> = Pipeline::new(Inline::new());
    let mut config = *pipeline.config();
    config.resend = Resend::Replayable;
    pipeline.configure(config);
    let mut outbox = Outbox::new(WhenFull::DropOldest);
    for tag in 0..2 {
        let sample = cmd("PING");
        outbox
            .push(&mut pipeline, &sample, tag, Instant::ZERO)
            .unwrap();
    }
    let long = cmd("SET").args(("k", [b'x'; 200].as_slice()));
    let refused = outbox.push(&mut pipeline, &long, 3, Instant::ZERO);
    let reason = refused.unwrap_err().reason;
    assert!(matches!(reason, Rejected::TooLong { .. }));
    assert_eq!((outbox.counts().dropped, pipeline.in_flight()), (0, 2));
}
