//! Room made in a full ring, for commands that wait for a connection: store and forward.

use respipe_core::Fate;
use respipe_core::pipeline::{PipelineError, Rejected, Resend, Why};

use crate::conformance::scenario::{Action, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        the_oldest_goes_for_the_newest(),
        what_was_sent_before_is_dropped_as_unknown(),
        what_is_on_its_way_is_not_dropped(),
        the_latest_of_a_key_waits_in_its_place(),
    ]
}

/// With three slots, and a connection that ended with nothing in flight.
fn offline(name: &'static str) -> Scenario {
    Scenario::new(name)
        .sizes(200, 64, 3)
        .config(|config| config.resend = Resend::Replayable)
}

fn set(value: u32) -> Request {
    Request::from(format!("SET k {value}").as_str()).replayable()
}

fn the_oldest_goes_for_the_newest() -> Scenario {
    offline("the oldest goes for the newest")
        .exchange(0, "PING", "+PONG\r\n")
        .closes()
        .down(PipelineError::Eof)
        .run()
        .submit(1, set(1))
        .submit(2, set(2))
        .submit(3, set(3))
        .rejected(4, set(4), Rejected::NoSlot)
        .drops(1, Fate::NotSent)
        .submit(5, set(5))
        .opens()
        .serve(set(2), "+A\r\n")
        .reply(2, "+A\r\n")
        .serve(set(3), "+B\r\n")
        .reply(3, "+B\r\n")
        .serve(set(5), "+C\r\n")
        .reply(5, "+C\r\n")
}

fn what_was_sent_before_is_dropped_as_unknown() -> Scenario {
    offline("what was sent before is dropped as unknown")
        .call(1, set(1), "")
        .call(2, set(2), "")
        .closes()
        .down(PipelineError::Eof)
        .run()
        .drops(1, Fate::Unknown(Why::Abandoned))
        .submit(3, set(3))
        .opens()
        .serve(set(2), "+A\r\n")
        .reply(2, "+A\r\n")
        .serve(set(3), "+B\r\n")
        .reply(3, "+B\r\n")
}

fn what_is_on_its_way_is_not_dropped() -> Scenario {
    offline("what is on its way is not dropped")
        .call(1, set(1), "")
        .call(2, set(2), "")
        .run()
        .wait(1)
        .act(Action::DropOldest)
        .act(Action::Withdraw(2))
        .act(Action::Compact)
        .submit(3, set(3))
        .serve(set(3), "+A\r\n+B\r\n+C\r\n")
        .reply(1, "+A\r\n")
        .reply(2, "+B\r\n")
        .reply(3, "+C\r\n")
}

fn the_latest_of_a_key_waits_in_its_place() -> Scenario {
    offline("the latest of a key waits in its place")
        .exchange(0, "PING", "+PONG\r\n")
        .closes()
        .down(PipelineError::Eof)
        .run()
        .submit(1, set(1))
        .submit(2, set(2))
        .submit(3, set(3))
        .act(Action::Withdraw(2))
        .ends(2, Fate::NotSent)
        .rejected(4, set(4), Rejected::NoSlot)
        .act(Action::Compact)
        .submit(5, set(5))
        .opens()
        .serve(set(1), "+A\r\n")
        .reply(1, "+A\r\n")
        .serve(set(3), "+B\r\n")
        .reply(3, "+B\r\n")
        .serve(set(5), "+C\r\n")
        .reply(5, "+C\r\n")
}
