//! Commands that change the session, and commands that block.

use respipe_core::Fate;
use respipe_core::pipeline::{PipelineError, Rejected};
use respipe_core::session::Refusal;

use super::{aggregate, bulk};
use crate::conformance::scenario::{HELLO, Scenario};

const LINE: &[u8] = b"+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        monitor_then_reset(),
        monitor_then_quit(),
        behind_monitor_only_reset_and_quit_are_taken(),
        reset_runs_the_handshake_again(),
        behind_quit_nothing_is_taken(),
        what_is_in_flight_when_quit_is_sent_is_answered(),
        nothing_is_sent_behind_a_blocking_command(),
        a_withdrawn_blocking_command_holds_nothing_and_frees_nothing(),
        a_blocking_xread_holds_and_a_plain_one_does_not(),
        hello_by_hand_changes_the_protocol(),
        replication_is_refused(),
    ]
}

fn monitor_then_reset() -> Scenario {
    Scenario::resp3("MONITOR, then RESET")
        .exchange(1, "GET a", bulk("a"))
        .exchange(2, "MONITOR", "+OK\r\n")
        .run()
        .push(LINE)
        .push(LINE)
        .run()
        .submit(3, "RESET")
        .serve("RESET", [LINE, b"+RESET\r\n"].concat())
        .expect(crate::conformance::Outcome::Push(LINE.to_vec()))
        .reply(3, "+RESET\r\n")
        .serve("HELLO 3", HELLO)
        .exchange(4, "GET a", bulk("a"))
}

fn monitor_then_quit() -> Scenario {
    Scenario::new("MONITOR, then QUIT")
        .exchange(1, "MONITOR", "+OK\r\n")
        .push(LINE)
        .run()
        .exchange(2, "QUIT", "+OK\r\n")
        .closes()
        .down(PipelineError::Eof)
}

fn behind_monitor_only_reset_and_quit_are_taken() -> Scenario {
    let refused = Rejected::Refused(Refusal::Monitoring);
    Scenario::new("behind MONITOR only RESET and QUIT are taken")
        .submit(1, "MONITOR")
        .rejected(2, "GET a", refused)
        .rejected(3, "SUBSCRIBE a", refused)
        .serve("MONITOR", "+OK\r\n")
        .reply(1, "+OK\r\n")
        .exchange(4, "RESET", "+RESET\r\n")
        .exchange(5, "GET a", bulk("a"))
}

fn reset_runs_the_handshake_again() -> Scenario {
    Scenario::new("RESET runs the handshake again")
        .login(|login| {
            login.protocol = respipe_core::login::Protocol::Auto;
            login.password = "secret".to_owned();
            login.database = 3;
        })
        .serve("HELLO 3 AUTH default secret", HELLO)
        .serve("SELECT 3", "+OK\r\n")
        .exchange(1, "GET a", bulk("a"))
        .exchange(
            2,
            "SUBSCRIBE c",
            aggregate('>', &[&bulk("subscribe"), &bulk("c"), b":1\r\n"]),
        )
        .exchange(3, "RESET", "+RESET\r\n")
        .alone()
        .serve("HELLO 3 AUTH default secret", HELLO)
        .alone()
        .serve("SELECT 3", "+OK\r\n")
        .alone()
        .exchange(4, "GET a", bulk("a"))
}

fn behind_quit_nothing_is_taken() -> Scenario {
    Scenario::new("behind QUIT nothing is taken")
        .submit(1, "QUIT")
        .rejected(2, "GET a", Rejected::Refused(Refusal::Quitting))
        .serve("QUIT", "+OK\r\n")
        .closes()
        .reply(1, "+OK\r\n")
        .down(PipelineError::Eof)
}

fn what_is_in_flight_when_quit_is_sent_is_answered() -> Scenario {
    Scenario::resp3("what is in flight when QUIT is sent is answered")
        .exchange(1, "GET a", bulk("a"))
        .exchange(2, "GET b", bulk("b"))
        .exchange(3, "QUIT", "+OK\r\n")
        .closes()
        .down(PipelineError::Eof)
}

fn nothing_is_sent_behind_a_blocking_command() -> Scenario {
    Scenario::new("nothing is sent behind a blocking command")
        .exchange(1, "GET a", bulk("a"))
        .exchange(
            2,
            "BLPOP list 0",
            aggregate('*', &[&bulk("list"), &bulk("x")]),
        )
        .alone()
        .exchange(3, "GET b", bulk("b"))
        .exchange(4, "WAIT 1 100", ":0\r\n")
        .alone()
        .exchange(5, "BZPOPMIN z 1", "*-1\r\n")
        .alone()
        .exchange(6, "GET c", bulk("c"))
}

fn a_withdrawn_blocking_command_holds_nothing_and_frees_nothing() -> Scenario {
    Scenario::new("a withdrawn blocking command holds nothing and frees nothing")
        .submit(1, "GET a")
        .submit(2, "BLPOP a 0")
        .submit(3, "BLPOP b 0")
        .submit(4, "GET b")
        .abandon(2, Fate::NotSent)
        .serve("GET a", bulk("a"))
        .reply(1, bulk("a"))
        .serve("BLPOP b 0", "*-1\r\n")
        .alone()
        .reply(3, "*-1\r\n")
        .serve("GET b", bulk("b"))
        .reply(4, bulk("b"))
}

fn a_blocking_xread_holds_and_a_plain_one_does_not() -> Scenario {
    Scenario::new("a blocking XREAD holds, a plain one does not")
        .exchange(1, "XREAD COUNT 1 STREAMS BLOCK 0", "*-1\r\n")
        .exchange(2, "XREAD COUNT 1 BLOCK 0 STREAMS s $", "*-1\r\n")
        .alone()
        .exchange(3, "xreadgroup group g c block 5 streams s >", "*-1\r\n")
        .alone()
        .exchange(4, "GET c", bulk("c"))
}

fn hello_by_hand_changes_the_protocol() -> Scenario {
    let message = aggregate('*', &[&bulk("message"), &bulk("c"), &bulk("x")]);
    Scenario::new("HELLO by hand changes the protocol")
        .exchange(1, "HELLO 3", HELLO)
        .alone()
        .exchange(
            2,
            "SUBSCRIBE c",
            aggregate('>', &[&bulk("subscribe"), &bulk("c"), b":1\r\n"]),
        )
        .exchange(3, "LRANGE list 0 -1", message)
        .push(aggregate('>', &[&bulk("message"), &bulk("c"), &bulk("x")]))
        .exchange(4, "HELLO 4", "-NOPROTO unsupported protocol version\r\n")
        .alone()
        .exchange(5, "GET a", "_\r\n")
}

fn replication_is_refused() -> Scenario {
    let refused = Rejected::Refused(Refusal::Foreign);
    Scenario::new("replication is refused")
        .rejected(1, "SYNC", refused)
        .rejected(2, "PSYNC ? -1", refused)
        .rejected(3, "SCRIPT DEBUG YES", refused)
        .exchange(4, "SCRIPT EXISTS 0123", "*1\r\n:0\r\n")
}
