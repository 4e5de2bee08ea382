//! Commands that are given up shift nobody's reply (promises 3 and 7).

use respipe_core::Fate;
use respipe_core::pipeline::{Oversize, PipelineError, Why};

use super::bulk;
use crate::conformance::scenario::Scenario;

const GIVEN_UP: Fate = Fate::Unknown(Why::Abandoned);

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        before_it_leaves_it_is_withdrawn(),
        after_it_left_its_reply_is_swallowed(),
        after_its_reply_nothing_happens(),
        what_changes_the_session_is_sent_all_the_same(),
        a_reply_too_large_is_swallowed_too(),
        all_of_many_withdrawn(),
        it_ends_once_when_the_link_dies(),
    ]
}

fn before_it_leaves_it_is_withdrawn() -> Scenario {
    Scenario::new("abandoned before it leaves: withdrawn")
        .submit(1, "GET a")
        .submit(2, "GET b")
        .submit(3, "GET c")
        .abandon(2, Fate::NotSent)
        .serve("GET a", bulk("a"))
        .reply(1, bulk("a"))
        .serve("GET c", bulk("c"))
        .reply(3, bulk("c"))
        .exchange(4, "GET d", bulk("d"))
}

fn after_it_left_its_reply_is_swallowed() -> Scenario {
    Scenario::new("abandoned after it left: its reply is swallowed")
        .call(1, "GET a", bulk("a"))
        .late(40)
        .call(2, "GET b", "-ERR b\r\n")
        .wait(20)
        .abandon(1, GIVEN_UP)
        .reply(2, "-ERR b\r\n")
        .exchange(3, "GET c", bulk("c"))
}

fn after_its_reply_nothing_happens() -> Scenario {
    Scenario::new("abandoned after its reply: nothing happens")
        .exchange(1, "GET a", bulk("a"))
        .run()
        .act(crate::conformance::Action::Abandon(1))
        .exchange(2, "GET b", bulk("b"))
}

fn what_changes_the_session_is_sent_all_the_same() -> Scenario {
    Scenario::new("abandoned MULTI is sent all the same")
        .submit(1, "MULTI")
        .abandon(1, GIVEN_UP)
        .serve("MULTI", "+OK\r\n")
        .exchange(2, "SET k v", "+QUEUED\r\n")
        .exchange(3, "EXEC", "*1\r\n+OK\r\n")
}

fn a_reply_too_large_is_swallowed_too() -> Scenario {
    Scenario::new("abandoned: a reply too large is swallowed too")
        .sizes(256, 64, 8)
        .config(|config| config.oversize = Oversize::Stream)
        .call(1, "GET a", bulk("a".repeat(300)))
        .late(40)
        .wait(20)
        .abandon(1, GIVEN_UP)
        .exchange(2, "GET b", bulk("b"))
}

fn all_of_many_withdrawn() -> Scenario {
    let scenario = Scenario::new("abandoned: all of many withdrawn").sizes(200, 64, 5);
    let scenario = (0..5).fold(scenario, |scenario, tag| scenario.submit(tag, "GET a"));
    let scenario = [3, 0, 4, 1, 2].into_iter().fold(scenario, |scenario, tag| {
        scenario.abandon(tag, Fate::NotSent)
    });
    scenario.run().exchange(9, "GET z", bulk("z"))
}

fn it_ends_once_when_the_link_dies() -> Scenario {
    Scenario::new("abandoned: it ends once when the link dies")
        .call(1, "GET a", "")
        .call(2, "GET b", "")
        .late(40)
        .closes()
        .wait(20)
        .abandon(1, GIVEN_UP)
        .unknown(2)
        .down(PipelineError::Eof)
}
