//! Pushes come anywhere and answer nobody (promise 3).

use super::{aggregate, bulk};
use crate::conformance::outcome::Outcome;
use crate::conformance::scenario::Scenario;

const MESSAGE: &[u8] = b">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n";
const INVALIDATE: &[u8] = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        pushes_between_replies_answer_nobody(),
        a_push_before_the_first_reply_answers_nobody(),
        a_push_while_nothing_is_owed_is_no_violation(),
        a_push_inside_a_reply_is_no_element(),
        pushes_deep_inside_a_reply(),
        a_message_inside_exec_is_no_element(),
        a_confirmation_inside_exec_is_an_element(),
        without_subscription_an_array_may_begin_with_message(),
    ]
}

fn pushes_between_replies_answer_nobody() -> Scenario {
    Scenario::resp3("pushes between replies answer nobody")
        .exchange(1, "GET a", bulk("a"))
        .push(MESSAGE)
        .exchange(2, "GET b", bulk("b"))
        .push(INVALIDATE)
        .push(MESSAGE)
        .exchange(3, "GET c", bulk("c"))
        .push(">1\r\n+unknown\r\n")
}

fn a_push_before_the_first_reply_answers_nobody() -> Scenario {
    Scenario::resp3("a push before the first reply answers nobody")
        .push(INVALIDATE)
        .exchange(1, "GET a", bulk("a"))
}

fn a_push_while_nothing_is_owed_is_no_violation() -> Scenario {
    Scenario::resp3("a push while nothing is owed is no violation")
        .exchange(1, "GET a", bulk("a"))
        .run()
        .push(MESSAGE)
        .run()
        .exchange(2, "GET b", bulk("b"))
}

/// The push is told first, because it is whole first; the reply's bytes keep it.
fn inside(scenario: Scenario, tag: u32, request: &str, reply: &[u8], pushes: &[&[u8]]) -> Scenario {
    let scenario = scenario.call(tag, request, reply);
    let scenario = pushes.iter().fold(scenario, |scenario, push| {
        scenario.expect(Outcome::Push(push.to_vec()))
    });
    scenario.reply(tag, reply)
}

fn a_push_inside_a_reply_is_no_element() -> Scenario {
    let reply = [b"*2\r\n:1\r\n", MESSAGE, b":2\r\n"].concat();
    let first = [b"*2\r\n", INVALIDATE, b":1\r\n:2\r\n"].concat();
    let scenario = Scenario::resp3("a push inside a reply is no element");
    let scenario = inside(scenario, 1, "LRANGE a 0 -1", &reply, &[MESSAGE]);
    let scenario = inside(scenario, 2, "LRANGE b 0 -1", &first, &[INVALIDATE]);
    scenario.exchange(3, "GET a", bulk("a"))
}

fn pushes_deep_inside_a_reply() -> Scenario {
    let reply = [
        b"%2\r\n+a\r\n*2\r\n:1\r\n",
        MESSAGE,
        b"~1\r\n",
        INVALIDATE,
        MESSAGE,
        b":2\r\n+b\r\n|1\r\n+k\r\n",
        INVALIDATE,
        b"+v\r\n:3\r\n",
    ]
    .concat();
    let pushes = [MESSAGE, INVALIDATE, MESSAGE, INVALIDATE];
    let scenario = Scenario::resp3("pushes deep inside a reply");
    inside(scenario, 1, "FANCY x", &reply, &pushes).exchange(2, "GET a", bulk("a"))
}

fn a_message_inside_exec_is_no_element() -> Scenario {
    let exec = [b"*2\r\n:1\r\n", MESSAGE, b"+OK\r\n"].concat();
    let scenario = Scenario::resp3("a message inside EXEC is no element")
        .exchange(1, "MULTI", "+OK\r\n")
        .exchange(2, "PUBLISH news hello", "+QUEUED\r\n")
        .exchange(3, "SET k v", "+QUEUED\r\n");
    inside(scenario, 4, "EXEC", &exec, &[MESSAGE]).exchange(5, "GET k", bulk("v"))
}

fn a_confirmation_inside_exec_is_an_element() -> Scenario {
    let confirmation = aggregate('>', &[&bulk("subscribe"), &bulk("news"), b":1\r\n"]);
    let more = aggregate('>', &[&bulk("subscribe"), &bulk("more"), b":2\r\n"]);
    let exec = aggregate('*', &[b"+OK\r\n", &confirmation, &more]);
    Scenario::resp3("a confirmation inside EXEC is an element")
        .exchange(1, "MULTI", "+OK\r\n")
        .exchange(2, "SET k v", "+QUEUED\r\n")
        .exchange(3, "SUBSCRIBE news", "+QUEUED\r\n")
        .exchange(4, "SUBSCRIBE more", "+QUEUED\r\n")
        .exchange(5, "EXEC", exec)
        .exchange(6, "GET k", bulk("v"))
        .push(MESSAGE)
        .exchange(7, "GET k", bulk("v"))
}

fn without_subscription_an_array_may_begin_with_message() -> Scenario {
    let list = aggregate('*', &[&bulk("message"), &bulk("news"), &bulk("hello")]);
    Scenario::new("without subscription an array may begin with message")
        .exchange(1, "LRANGE list 0 -1", &list)
        .exchange(
            2,
            "LRANGE list 0 -1",
            aggregate('*', &[&bulk("subscribe"), &bulk("news"), b":1\r\n"]),
        )
        .exchange(3, "LRANGE list 0 -1", list)
}
