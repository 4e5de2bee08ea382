//! The ring at its edges: what is whole, what has begun to leave, what may leave.

use super::*;
use crate::decode::tests::random::each;

#[test]
fn a_reply_that_came_in_pieces_leaves_nothing_behind_in_the_framer() {
    let bytes = "$5\r\nhello\r\n*1\r\n:1\r\n+OK\r\n";
    for step in each(1..bytes.len()) {
        let mut rig = Rig::roomy();
        for tag in 1..4 {
            rig.ping(tag);
        }
        rig.sent();
        let told = rig.feed_by(bytes.as_bytes(), step);
        assert_eq!(told, ["1: $5 hello", "2: *1 :1", "3: +OK"], "by {step}");
    }
}

/// A SET in pieces, whole, of which nothing has left.
#[cfg(feature = "pieces")]
fn set_in_pieces() -> Rig {
    let mut rig = Rig::new(64, 64, 4);
    let front = cmd("SET").arg("key");
    rig.pipeline.begin(&front, 1, 1, rig.now).unwrap();
    rig.pipeline.begin_argument(5).unwrap();
    assert_eq!(rig.pipeline.feed(b"value"), 5);
    assert!(!rig.pipeline.is_line_held());
    rig
}

#[cfg(feature = "pieces")]
#[test]
fn a_command_in_pieces_was_not_sent_before_its_last_byte_has_left() {
    let len = set_in_pieces().sent().len();
    for left in each(1..len).chain([len]) {
        let mut rig = set_in_pieces();
        assert_eq!(rig.transmit(left, 7).len(), left);
        rig.pipeline.handle_link_lost();
        let fate = match left == len {
            true => "1: Unknown(LinkLost)",
            false => "1: NotSent",
        };
        assert_eq!(rig.events(), [fate, "error: LinkLost"], "{left} of {len}");
    }
    let mut rig = set_in_pieces();
    rig.sent();
    assert_eq!(rig.feed("+OK\r\n"), ["1: +OK"]);
}

#[test]
fn what_follows_an_idle_moment_leaves_in_one_piece() {
    // Two of them do not fit: without a new begin the second would go round the end of `tx`.
    let mut rig = Rig::new(20, 64, 4);
    for tag in 0..3 {
        rig.ping(tag);
        let whole = rig.pipeline.poll_transmit().map(<[u8]>::len);
        assert_eq!(whole, Some(PING.len()));
        rig.sent();
        rig.feed("+PONG\r\n");
    }
}

#[cfg(feature = "session")]
#[test]
fn a_reply_in_front_of_a_blocking_command_lets_nothing_pass_behind_it() {
    let mut rig = Rig::roomy();
    rig.submit(cmd("SELECT").arg(1), 1);
    rig.submit(cmd("BLPOP").args(("k", 0)), 2);
    rig.ping(3);
    assert!(!rig.sent().contains("PING"));
    rig.feed("+OK\r\n");
    assert_eq!(rig.sent(), "", "BLPOP is not answered");
    rig.feed("*-1\r\n");
    assert_eq!(rig.sent(), PING);
}

#[test]
fn what_stands_behind_a_command_that_leaves_can_be_withdrawn() {
    let mut rig = Rig::roomy();
    rig.config(|config| config.window.commands = 1);
    rig.ping(1);
    let behind = rig.ping(2);
    rig.transmit(7, 7);
    assert_eq!(rig.pipeline.abandon(behind), Some((2, Fate::NotSent)));
    assert_eq!(rig.sent(), PING[7..]);
    assert_eq!(rig.feed("+PONG\r\n"), ["1: +PONG"]);
}

#[test]
fn giving_up_a_command_behind_one_that_has_begun_to_leave_takes_nothing_back_of_that() {
    let mut rig = Rig::roomy();
    rig.ping(1);
    rig.ping(2);
    let last = rig.ping(3);
    rig.pipeline.poll_transmit().unwrap();
    rig.pipeline.transmitted(5, rig.now);
    // The driver could not write: nothing is lent out any more.
    rig.pipeline.transmitted(0, rig.now);
    assert_eq!(rig.pipeline.abandon(last), Some((3, Fate::NotSent)));
    assert_eq!(rig.sent(), [&PING[5..], PING].concat());
    assert_eq!(rig.feed("+1\r\n+2\r\n"), ["1: +1", "2: +2"]);
}
