//! Both clocks (promise 3: whatever timed out meanwhile).

use respipe_core::pipeline::{PipelineError, Why};
use respipe_core::{Duration, Fate};

use super::bulk;
use crate::conformance::scenario::Scenario;

const TIMED_OUT: Fate = Fate::Unknown(Why::TimedOut);

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        a_late_reply_is_swallowed_by_its_own_slot(),
        each_of_several_times_out_in_order(),
        silence_ends_the_link(),
        no_silence_where_nothing_is_owed(),
    ]
}

fn a_late_reply_is_swallowed_by_its_own_slot() -> Scenario {
    Scenario::new("a late reply is swallowed by its own slot")
        .config(|config| config.reply_timeout = Duration::from_millis(100))
        .exchange(1, "GET a", bulk("a"))
        .call(2, "GET b", bulk("b"))
        .late(150)
        .ends(2, TIMED_OUT)
        .run()
        .exchange(3, "GET c", bulk("c"))
        .run()
        .exchange(4, "GET d", bulk("d"))
}

fn each_of_several_times_out_in_order() -> Scenario {
    Scenario::new("each of several times out, in order")
        .config(|config| config.reply_timeout = Duration::from_millis(150))
        .call(1, "GET a", bulk("a"))
        .late(200)
        .call(2, "GET b", bulk("b"))
        .call(3, "GET c", "-ERR c\r\n")
        .ends(1, TIMED_OUT)
        .ends(2, TIMED_OUT)
        .ends(3, TIMED_OUT)
        .run()
        .exchange(4, "GET d", bulk("d"))
}

fn silence_ends_the_link() -> Scenario {
    Scenario::new("silence ends the link")
        .config(|config| config.silence_limit = Duration::from_millis(60))
        .exchange(1, "GET a", bulk("a"))
        .call(2, "GET b", "")
        .unknown(2)
        .down(PipelineError::Silence)
}

fn no_silence_where_nothing_is_owed() -> Scenario {
    Scenario::new("no silence where nothing is owed")
        .config(|config| config.silence_limit = Duration::from_millis(60))
        .exchange(1, "GET a", bulk("a"))
        .run()
        .wait(150)
        .exchange(2, "GET b", bulk("b"))
}
