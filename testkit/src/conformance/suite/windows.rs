//! What may be in flight, and when queued commands leave.

use respipe_core::Duration;
use respipe_core::pipeline::Flush;

use super::bulk;
use crate::conformance::scenario::{Action, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        a_window_of_one_command(),
        a_window_of_two_commands(),
        a_window_of_bytes(),
        a_command_over_the_window_of_bytes_goes_alone(),
        a_window_of_reply_bytes(),
        a_hint_above_the_window_goes_alone(),
        small_hints_go_together(),
        a_reply_that_announces_more_counts_what_it_says(),
        explicit_flush(),
        flush_by_count(),
        flush_by_bytes(),
        flush_by_age(),
    ]
}

fn a_window_of_one_command() -> Scenario {
    (0..5).fold(
        Scenario::new("a window of one command").config(|config| config.window.commands = 1),
        |scenario, tag| scenario.exchange(tag, "GET a", bulk("a")).alone(),
    )
}

fn a_window_of_two_commands() -> Scenario {
    Scenario::new("a window of two commands")
        .config(|config| config.window.commands = 2)
        .call(1, "GET a", "")
        .call(2, "GET b", [bulk("a"), bulk("b")].concat())
        .alone()
        .reply(1, bulk("a"))
        .reply(2, bulk("b"))
        .exchange(3, "GET c", bulk("c"))
        .exchange(4, "GET d", bulk("d"))
}

fn a_window_of_bytes() -> Scenario {
    // One GET has 20 bytes.
    Scenario::new("a window of bytes")
        .config(|config| config.window.sent_bytes = 39)
        .exchange(1, "GET a", bulk("a"))
        .alone()
        .exchange(2, "GET b", bulk("b"))
        .alone()
        .exchange(3, "GET c", bulk("c"))
        .alone()
}

fn a_command_over_the_window_of_bytes_goes_alone() -> Scenario {
    Scenario::new("a command over the window of bytes goes alone")
        .config(|config| config.window.sent_bytes = 10)
        .exchange(1, "GET a", bulk("a"))
        .alone()
        .exchange(2, "GET b", bulk("b"))
        .alone()
}

fn a_window_of_reply_bytes() -> Scenario {
    // Each counts 64.
    Scenario::new("a window of reply bytes")
        .config(|config| config.window.reply_bytes = 100)
        .exchange(1, "GET a", bulk("a"))
        .alone()
        .exchange(2, "GET b", bulk("b"))
        .alone()
}

fn a_hint_above_the_window_goes_alone() -> Scenario {
    let huge = Request::from("GET a").reply_hint(5000);
    Scenario::new("a hint above the window goes alone")
        .config(|config| config.window.reply_bytes = 1000)
        .exchange(1, "GET a", bulk("a"))
        .alone()
        .exchange(2, huge.clone(), bulk("a"))
        .alone()
        .exchange(3, huge, bulk("a"))
        .alone()
        .exchange(4, "GET a", bulk("a"))
}

/// The server answers only once it has all three.
fn small_hints_go_together() -> Scenario {
    let small = Request::from("GET a").reply_hint(10);
    Scenario::new("small hints go together")
        .config(|config| config.window.reply_bytes = 30)
        .call(1, small.clone(), "")
        .call(2, small.clone(), "")
        .call(3, small, [bulk("a"), bulk("b"), bulk("c")].concat())
        .reply(1, bulk("a"))
        .reply(2, bulk("b"))
        .reply(3, bulk("c"))
}

fn a_reply_that_announces_more_counts_what_it_says() -> Scenario {
    let wire = bulk("x".repeat(1000));
    let scenario = Scenario::new("a reply that announces more counts what it says")
        .config(|config| config.window.reply_bytes = 300)
        .call(1, "GET a", &wire[..500])
        .wait(10)
        .submit(2, "GET b")
        .later(40, &wire[500..])
        .reply(1, &wire)
        .serve("GET b", bulk("b"))
        .reply(2, bulk("b"));
    scenario.heavy()
}

fn explicit_flush() -> Scenario {
    Scenario::new("explicit flush")
        .config(|config| config.flush = Flush::Explicit)
        .submit(1, "GET a")
        .wait(40)
        .later(20, "")
        .act(Action::Flush)
        .serve("GET a", bulk("a"))
        .reply(1, bulk("a"))
        .submit(2, "GET b")
        .act(Action::Flush)
        .serve("GET b", bulk("b"))
        .reply(2, bulk("b"))
}

fn at_least(scenario: Scenario, count: u32, bytes: u32, age: u64) -> Scenario {
    let age = Duration::from_millis(age);
    scenario.config(|config| config.flush = Flush::AtLeast { count, bytes, age })
}

fn flush_by_count() -> Scenario {
    at_least(Scenario::new("flush by count"), 3, 0, 0)
        .submit(1, "GET a")
        .submit(2, "GET b")
        .wait(40)
        .later(20, "")
        .submit(3, "GET c")
        .serve("GET a", bulk("a"))
        .serve("GET b", bulk("b"))
        .serve("GET c", bulk("c"))
        .reply(1, bulk("a"))
        .reply(2, bulk("b"))
        .reply(3, bulk("c"))
}

fn flush_by_bytes() -> Scenario {
    at_least(Scenario::new("flush by bytes"), 0, 40, 0)
        .submit(1, "GET a")
        .wait(40)
        .later(20, "")
        .submit(2, "GET b")
        .serve("GET a", bulk("a"))
        .serve("GET b", bulk("b"))
        .reply(1, bulk("a"))
        .reply(2, bulk("b"))
}

fn flush_by_age() -> Scenario {
    at_least(Scenario::new("flush by age"), 100, 10_000, 60)
        .submit(1, "GET a")
        .wait(5)
        .submit(2, "GET b")
        .later(30, "")
        .serve("GET a", bulk("a"))
        .reply(1, bulk("a"))
        .serve("GET b", bulk("b"))
        .reply(2, bulk("b"))
}
