use super::*;
use crate::encode::RawCommand;
use crate::session::Refusal;

/// Submits a command line.
fn line(rig: &mut Rig, line: &str) -> Result<Ticket, Rejected> {
    let words: Vec<_> = line.split(' ').collect();
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    let (command, _) = RawCommand::split(bytes.as_bytes()).unwrap();
    let done = rig.pipeline.submit(&command, 9, rig.now);
    done.map_err(|error| error.reason)
}

#[test]
fn promise_3_without_the_guard_what_would_shift_replies_is_refused_and_nothing_of_it_remains() {
    let mut rig = Rig::roomy();
    rig.ping(1);
    for refused in [
        "CLIENT REPLY OFF",
        "client reply skip",
        "SUBSCRIBE a b",
        "PUNSUBSCRIBE",
        "MULTI",
        "EXEC",
        "WATCH k",
        "MONITOR",
        "RESET",
        "QUIT",
        "HELLO 3",
        "SELECT 1",
        "AUTH p",
        "BLPOP k 0",
        "XREAD BLOCK 0 STREAMS s $",
        "PSYNC ? -1",
    ] {
        let reason = Rejected::Refused(Refusal::NeedsSession);
        assert_eq!(line(&mut rig, refused), Err(reason), "{refused}");
        assert_eq!(rig.pipeline.in_flight(), 1, "{refused}");
    }
    rig.ping(2);
    assert_eq!(rig.sent(), PING.repeat(2));
    assert_eq!(rig.feed("+1\r\n+2\r\n"), ["1: +1", "2: +2"]);
}

#[test]
fn without_the_guard_publishing_and_scripts_are_plain_commands() {
    let mut rig = Rig::roomy();
    for taken in [
        "PUBLISH c m",
        "spublish c m",
        "EVAL s 0",
        "EVALSHA s 0",
        "FCALL f 0",
    ] {
        assert!(line(&mut rig, taken).is_ok(), "{taken}");
    }
}

#[cfg(feature = "pieces")]
#[test]
fn without_the_guard_a_command_that_needs_it_cannot_be_fed_in_pieces_either() {
    let mut rig = Rig::roomy();
    let reason = rig.pipeline.begin(&cmd("SUBSCRIBE"), 1, 1, rig.now);
    let reason = reason.unwrap_err().reason;
    assert_eq!(reason, Rejected::Refused(Refusal::NeedsSession));
    assert!(!rig.pipeline.is_line_held());
}
