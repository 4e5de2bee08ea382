//! What is sent again after a link died, and what is not (promises 7 and 8).

use respipe_core::Fate;
use respipe_core::pipeline::{PipelineError, Resend};

use super::bulk;
use crate::conformance::scenario::{Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        never_ends_every_command(),
        not_sent_commands_go_out_again_in_order(),
        what_was_sent_is_unknown_unless_replayable(),
        replayable_commands_go_out_again_in_order(),
        parts_of_a_transaction_are_never_sent_again(),
        what_follows_select_is_never_sent_again(),
        struck_out_slots_do_not_go_out_again(),
        answered_commands_do_not_go_out_again(),
        over_several_connections(),
        commands_queued_while_down_go_out_first(),
    ]
}

fn replay(text: &str) -> Request {
    Request::from(text).replayable()
}

fn with(name: &'static str, resend: Resend) -> Scenario {
    Scenario::new(name).config(|config| config.resend = resend)
}

/// With one command in flight at a time, so that it is known which of them have left.
fn one_at_a_time(name: &'static str, resend: Resend) -> Scenario {
    with(name, resend).config(|config| config.window.commands = 1)
}

fn never_ends_every_command() -> Scenario {
    one_at_a_time("resend never: every command ends", Resend::Never)
        .exchange(1, "GET a", bulk("a"))
        .submit(2, replay("GET b"))
        .submit(3, replay("GET c"))
        .submit(4, "GET d")
        .serve("GET b", "")
        .closes()
        .unknown(2)
        .ends(3, Fate::NotSent)
        .ends(4, Fate::NotSent)
        .next_connection(PipelineError::Eof)
        .exchange(5, "GET e", bulk("e"))
}

fn not_sent_commands_go_out_again_in_order() -> Scenario {
    one_at_a_time("resend what was not sent, in order", Resend::NotSent)
        .submit(1, replay("GET a"))
        .submit(2, "INCR b")
        .submit(3, "INCR c")
        .serve("GET a", "")
        .closes()
        .unknown(1)
        .next_connection(PipelineError::Eof)
        .serve("INCR b", ":1\r\n")
        .reply(2, ":1\r\n")
        .serve("INCR c", ":2\r\n")
        .reply(3, ":2\r\n")
        .exchange(4, "GET d", bulk("d"))
}

fn what_was_sent_is_unknown_unless_replayable() -> Scenario {
    with(
        "resend replayables: what was sent is unknown otherwise",
        Resend::Replayable,
    )
    .call(1, "INCR a", "")
    .call(2, "INCR b", "")
    .closes()
    .unknown(1)
    .unknown(2)
    .next_connection(PipelineError::Eof)
    .exchange(3, "GET e", bulk("e"))
}

fn replayable_commands_go_out_again_in_order() -> Scenario {
    with("resend replayables in order", Resend::Replayable)
        .exchange(1, replay("SET a 1"), "+OK\r\n")
        .call(2, replay("SET b 1"), "")
        .call(3, "INCR c", "")
        .call(4, replay("SET d 1"), "")
        .call(5, "INCR e", "")
        .call(6, replay("SET f 1"), "")
        .closes()
        .unknown(3)
        .unknown(5)
        .next_connection(PipelineError::Eof)
        .serve("SET b 1", "+B\r\n")
        .reply(2, "+B\r\n")
        .serve("SET d 1", "+D\r\n")
        .reply(4, "+D\r\n")
        .serve("SET f 1", "+F\r\n")
        .reply(6, "+F\r\n")
        .exchange(7, "GET g", bulk("g"))
}

fn parts_of_a_transaction_are_never_sent_again() -> Scenario {
    with(
        "parts of a transaction are never sent again",
        Resend::Replayable,
    )
    .call(1, replay("SET a 1"), "")
    .call(2, replay("MULTI"), "")
    .call(3, replay("SET b 1"), "")
    .call(4, replay("EXEC"), "")
    .call(5, replay("SET c 1"), "")
    .closes()
    .unknown(2)
    .unknown(3)
    .unknown(4)
    .next_connection(PipelineError::Eof)
    .serve("SET a 1", "+A\r\n")
    .reply(1, "+A\r\n")
    .serve("SET c 1", "+C\r\n")
    .reply(5, "+C\r\n")
}

fn what_follows_select_is_never_sent_again() -> Scenario {
    with(
        "what follows SELECT is never sent again",
        Resend::Replayable,
    )
    .exchange(1, "SELECT 3", "+OK\r\n")
    .call(2, replay("SET b 1"), "")
    .closes()
    .unknown(2)
    .next_connection(PipelineError::Eof)
    .exchange(3, "GET a", bulk("a"))
}

fn struck_out_slots_do_not_go_out_again() -> Scenario {
    with("struck out slots do not go out again", Resend::Replayable)
        .submit(1, replay("SET a 1"))
        .submit(2, replay("SET b 1"))
        .submit(3, replay("SET c 1"))
        .abandon(2, Fate::NotSent)
        .serve("SET a 1", "")
        .serve("SET c 1", "")
        .closes()
        .next_connection(PipelineError::Eof)
        .serve("SET a 1", "+A\r\n")
        .reply(1, "+A\r\n")
        .serve("SET c 1", "+C\r\n")
        .reply(3, "+C\r\n")
        .exchange(4, "GET d", bulk("d"))
}

fn answered_commands_do_not_go_out_again() -> Scenario {
    with("answered commands do not go out again", Resend::Replayable)
        .exchange(1, replay("SET a 1"), "+OK\r\n")
        .exchange(2, replay("SET b 1"), "-OOM command not allowed\r\n")
        .closes()
        .next_connection(PipelineError::Eof)
        .exchange(3, "GET d", bulk("d"))
}

fn over_several_connections() -> Scenario {
    with("resend over several connections", Resend::Replayable)
        .sizes(200, 64, 8)
        .call(1, replay("SET a 1"), "")
        .call(2, replay("SET b 1"), "")
        .closes()
        .next_connection(PipelineError::Eof)
        .serve("SET a 1", "+A\r\n")
        .reply(1, "+A\r\n")
        .serve("SET b 1", "")
        .closes()
        .next_connection(PipelineError::Eof)
        .serve("SET b 1", "")
        .closes()
        .next_connection(PipelineError::Eof)
        .serve("SET b 1", "+B\r\n")
        .reply(2, "+B\r\n")
        .exchange(3, "GET d", bulk("d"))
        .run()
        .exchange(4, replay("SET e 12345678901234567890123456789"), "+OK\r\n")
        .exchange(5, replay("SET f 12345678901234567890123456789"), "+OK\r\n")
}

fn commands_queued_while_down_go_out_first() -> Scenario {
    let scenario = with(
        "commands queued while down go out behind what waited",
        Resend::NotSent,
    )
    .config(|config| config.window.commands = 1)
    .call(1, "GET a", "")
    .submit(2, "GET b")
    .closes()
    .unknown(1)
    .down(PipelineError::Eof)
    .run()
    .submit(3, "GET c")
    .act(crate::conformance::Action::Open);
    Scenario {
        connections: [scenario.connections.clone(), vec![Vec::new()]].concat(),
        ..scenario
    }
    .serve("GET b", bulk("b"))
    .reply(2, bulk("b"))
    .serve("GET c", bulk("c"))
    .reply(3, bulk("c"))
}
