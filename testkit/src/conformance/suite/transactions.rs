//! MULTI, EXEC, DISCARD: accounted as any other command, whatever they answer.

use super::{aggregate, bulk};
use crate::conformance::scenario::Scenario;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        a_transaction_is_answered_step_by_step(),
        an_error_inside_exec_is_an_element(),
        an_aborted_exec_is_an_error(),
        a_discarded_transaction(),
        a_lost_watch_is_null_over_resp2(),
        a_lost_watch_is_null_over_resp3(),
        hello_and_monitor_in_multi_are_refused(),
    ]
}

fn a_transaction_is_answered_step_by_step() -> Scenario {
    Scenario::new("a transaction is answered step by step")
        .exchange(1, "SET k 1", "+OK\r\n")
        .exchange(2, "MULTI", "+OK\r\n")
        .exchange(3, "INCR k", "+QUEUED\r\n")
        .exchange(4, "LRANGE l 0 -1", "+QUEUED\r\n")
        .exchange(
            5,
            "EXEC",
            aggregate('*', &[b":2\r\n", b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"]),
        )
        .exchange(6, "GET k", bulk("2"))
}

fn an_error_inside_exec_is_an_element() -> Scenario {
    Scenario::new("an error inside EXEC is an element")
        .exchange(1, "MULTI", "+OK\r\n")
        .exchange(2, "LPUSH k v", "+QUEUED\r\n")
        .exchange(3, "GET k", "+QUEUED\r\n")
        .exchange(
            4,
            "EXEC",
            "*2\r\n-WRONGTYPE Operation against a key\r\n$1\r\nv\r\n",
        )
        .exchange(5, "PING", "+PONG\r\n")
}

fn an_aborted_exec_is_an_error() -> Scenario {
    Scenario::new("an aborted EXEC is an error")
        .exchange(1, "MULTI", "+OK\r\n")
        .exchange(
            2,
            "SET k",
            "-ERR wrong number of arguments for 'set' command\r\n",
        )
        .exchange(3, "SET k v", "+QUEUED\r\n")
        .exchange(
            4,
            "EXEC",
            "-EXECABORT Transaction discarded because of previous errors.\r\n",
        )
        .exchange(5, "GET k", "$-1\r\n")
        .exchange(6, "EXEC", "-ERR EXEC without MULTI\r\n")
        .exchange(7, "PING", "+PONG\r\n")
}

fn a_discarded_transaction() -> Scenario {
    Scenario::new("a discarded transaction")
        .exchange(1, "MULTI", "+OK\r\n")
        .exchange(2, "SET k v", "+QUEUED\r\n")
        .exchange(3, "DISCARD", "+OK\r\n")
        .exchange(4, "GET k", "$-1\r\n")
        .exchange(5, "DISCARD", "-ERR DISCARD without MULTI\r\n")
        .exchange(6, "PING", "+PONG\r\n")
}

fn lost_watch(scenario: Scenario, null: &str) -> Scenario {
    scenario
        .exchange(1, "WATCH k", "+OK\r\n")
        .exchange(2, "MULTI", "+OK\r\n")
        .exchange(3, "SET k v", "+QUEUED\r\n")
        .exchange(4, "EXEC", null)
        .exchange(5, "GET k", bulk("another's"))
}

fn a_lost_watch_is_null_over_resp2() -> Scenario {
    lost_watch(Scenario::new("a lost WATCH is null over RESP2"), "*-1\r\n")
}

fn a_lost_watch_is_null_over_resp3() -> Scenario {
    lost_watch(Scenario::resp3("a lost WATCH is null over RESP3"), "_\r\n")
}

fn hello_and_monitor_in_multi_are_refused() -> Scenario {
    use respipe_core::pipeline::Rejected;
    use respipe_core::session::Refusal;

    let refused = Rejected::Refused(Refusal::ModeInMulti);
    Scenario::new("HELLO and MONITOR in MULTI are refused")
        .submit(1, "MULTI")
        .rejected(2, "HELLO 3", refused)
        .rejected(3, "MONITOR", refused)
        .serve("MULTI", "+OK\r\n")
        .reply(1, "+OK\r\n")
        .exchange(4, "EXEC", "*0\r\n")
        .exchange(5, "PING", "+PONG\r\n")
}
