use super::*;

/// Commands of 31 bytes, in a ring of 100 bytes and few slots, without a connection.
fn queued(depth: usize, tags: core::ops::Range<u32>) -> Rig {
    let mut rig = Rig::closed(100, 64, depth);
    rig.config(|config| config.resend = Resend::Replayable);
    for tag in tags {
        rig.submit(sample(tag), tag);
    }
    rig
}

fn sample(tag: u32) -> impl Command {
    cmd("SET").args(("key", tag)).replayable()
}

fn wire(tag: u32) -> String {
    format!("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1\r\n{tag}\r\n")
}

fn open(rig: &mut Rig) -> String {
    rig.pipeline.open(rig.now);
    rig.sent()
}

#[test]
fn the_oldest_is_dropped_and_its_room_is_free_at_once() {
    let mut rig = queued(3, 0..3);
    assert_eq!(rig.refused(sample(3)), Rejected::NoSlot);
    assert_eq!(rig.pipeline.drop_oldest(), Some((0, Fate::NotSent)));
    rig.submit(sample(3), 3);
    assert_eq!(rig.pipeline.drop_oldest(), Some((1, Fate::NotSent)));
    rig.submit(sample(4), 4);
    assert_eq!(open(&mut rig), wire(2) + &wire(3) + &wire(4));
    assert_eq!(rig.feed("+a\r\n+b\r\n+c\r\n"), ["2: +a", "3: +b", "4: +c"]);
}

#[test]
fn what_has_begun_to_leave_is_not_dropped() {
    let mut rig = queued(3, 0..2);
    rig.pipeline.open(rig.now);
    rig.transmit(1, 1);
    rig.pipeline.transmitted(0, rig.now);
    assert_eq!(rig.pipeline.drop_oldest(), None);
    assert_eq!(rig.pipeline.withdraw_newest(|tag| *tag == 0), None);
    assert!(!rig.pipeline.compact());
    assert_eq!(
        rig.pipeline.withdraw_newest(|tag| *tag == 1),
        Some((1, Fate::NotSent))
    );
    assert_eq!(rig.sent(), wire(0)[1..]);
}

#[test]
fn what_was_lent_out_is_not_dropped_until_it_is_given_back() {
    let mut rig = queued(3, 0..2);
    rig.pipeline.open(rig.now);
    assert!(rig.pipeline.poll_transmit().is_some());
    assert_eq!(rig.pipeline.drop_oldest(), None);
    rig.pipeline.transmitted(0, rig.now);
    assert_eq!(rig.pipeline.drop_oldest(), Some((0, Fate::NotSent)));
    assert_eq!(rig.sent(), wire(1));
}

#[test]
fn what_was_sent_on_an_earlier_connection_is_dropped_as_unknown() {
    let mut rig = queued(3, 0..2);
    open(&mut rig);
    rig.pipeline.handle_eof();
    assert_eq!(
        rig.pipeline.drop_oldest(),
        None,
        "fates are to be told first"
    );
    assert_eq!(rig.events(), ["error: Eof"]);
    let unknown = Fate::Unknown(Why::Abandoned);
    assert_eq!(rig.pipeline.drop_oldest(), Some((0, unknown)));
    assert_eq!(open(&mut rig), wire(1));
}

#[test]
fn the_newest_of_its_kind_is_struck_out_and_compacting_frees_its_room_in_order() {
    for turned in 0..4 {
        let mut rig = queued(3, 0..3);
        // The ring begins elsewhere each time, so that bytes and slots wrap.
        for tag in 0..turned {
            rig.pipeline.drop_oldest();
            rig.submit(sample(tag + 3), tag + 3);
        }
        assert!(!rig.pipeline.compact(), "nothing is struck out");
        let (first, last) = (turned, turned + 2);
        assert_eq!(
            rig.pipeline.withdraw_newest(|tag| *tag < last),
            Some((last - 1, Fate::NotSent))
        );
        assert_eq!(rig.refused(sample(9)), Rejected::NoSlot);
        assert!(rig.pipeline.compact());
        rig.submit(sample(9), 9);
        assert_eq!(open(&mut rig), wire(first) + &wire(last) + &wire(9));
        let told = rig.feed("+a\r\n+b\r\n+c\r\n");
        let expected = [
            format!("{first}: +a"),
            format!("{last}: +b"),
            "9: +c".into(),
        ];
        assert_eq!(told, expected);
    }
}

#[test]
fn compacting_keeps_what_was_flushed_and_makes_tickets_worthless() {
    let mut rig = Rig::closed(200, 64, 5);
    rig.config(|config| {
        config.resend = Resend::NotSent;
        config.flush = Flush::Explicit;
    });
    for tag in 0..3 {
        rig.submit(sample(tag), tag);
    }
    rig.pipeline.flush();
    let ticket = rig.submit(sample(3), 3);
    rig.pipeline.withdraw_newest(|tag| *tag == 1);
    assert!(rig.pipeline.compact());
    assert_eq!(rig.pipeline.abandon(ticket), None);
    assert_eq!(open(&mut rig), wire(0) + &wire(2));
    rig.pipeline.flush();
    assert_eq!(rig.sent(), wire(3));
}

#[cfg(feature = "session")]
#[test]
fn what_changes_the_session_is_neither_dropped_nor_withdrawn() {
    let mut rig = Rig::closed(200, 64, 5);
    rig.config(|config| config.resend = Resend::NotSent);
    rig.submit(cmd("SELECT").arg(3), 0);
    rig.submit(sample(1), 1);
    assert_eq!(rig.pipeline.drop_oldest(), None);
    assert_eq!(rig.pipeline.withdraw_newest(|tag| *tag == 0), None);
}

#[test]
fn a_reply_says_whether_its_command_had_been_sent_before() {
    let mut rig = queued(4, 0..2);
    rig.pipeline.open(rig.now);
    rig.transmit(wire(0).len(), usize::MAX);
    rig.pipeline.handle_eof();
    rig.events();
    open(&mut rig);
    assert_eq!(rig.feed("+a\r\n"), ["0: +a"]);
    assert!(rig.pipeline.was_sent_before());
    assert_eq!(rig.feed("+b\r\n"), ["1: +b"]);
    assert!(!rig.pipeline.was_sent_before());
}

#[test]
fn what_ended_untold_is_nobodys_to_drop() {
    let mut rig = Rig::resending(Resend::Replayable);
    rig.ping(1);
    rig.sent();
    rig.pipeline.handle_link_lost();
    // Opened without asking for its fate first.
    rig.pipeline.open(rig.now);
    assert_eq!(rig.pipeline.drop_oldest(), None);
}

#[cfg(feature = "pieces")]
#[test]
fn a_command_in_pieces_of_which_a_part_has_left_stays_where_it_is() {
    let mut rig = Rig::new(256, 64, 4);
    rig.config(|config| config.reply_timeout = Duration::from_millis(10));
    let value = "v".repeat(60);
    let command = cmd("ECHO").arg(value.as_str());
    rig.pipeline.submit_long(&command, 1, rig.now).unwrap();
    let mut sent = rig.transmit(50, 50);
    // The driver could write no more and gives back what it was lent.
    rig.pipeline.transmitted(0, rig.now);
    rig.ping(2);
    rig.ping(3);
    assert_eq!(
        rig.pipeline.withdraw_newest(|tag| *tag == 2),
        Some((2, Fate::NotSent))
    );
    assert!(!rig.pipeline.compact());
    assert_eq!(rig.pipeline.drop_oldest(), None);
    // Its time is up, and it leaves whole all the same.
    rig.wait(Duration::from_millis(20));
    sent += &rig.sent();
    assert_eq!(sent, format!("*2\r\n$4\r\nECHO\r\n$60\r\n{value}\r\n"));
}

#[test]
fn a_reply_that_is_borrowed_comes_with_whether_its_command_had_been_sent_before() {
    let mut rig = queued(4, 0..2);
    rig.pipeline.open(rig.now);
    rig.transmit(wire(0).len(), usize::MAX);
    rig.pipeline.handle_eof();
    rig.events();
    open(&mut rig);
    rig.pipeline.handle_input(b"+a\r\n+b\r\n", rig.now);
    let mut told = Vec::new();
    while let Ok(true) = rig.pipeline.poll_event_with(|event, sent_before| {
        let Event::Reply { tag, .. } = event else {
            panic!("{event:?}");
        };
        told.push((tag, sent_before));
    }) {}
    assert_eq!(told, [(0, true), (1, false)]);
}
