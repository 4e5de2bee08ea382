//! CLIENT REPLY: commands that are owed nothing (promises 3 and 7).

use respipe_core::Fate;
use respipe_core::pipeline::{PipelineError, Rejected, Why};
use respipe_core::session::Refusal;

use super::{aggregate, bulk};
use crate::conformance::scenario::Scenario;

const MESSAGE: &[u8] = b">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        off_silences_until_on(),
        skip_silences_itself_and_the_next(),
        skip_twice_silences_once_more(),
        on_behind_skip_is_answered(),
        what_skip_silences_is_not_withdrawn(),
        pushes_still_come(),
        over_resp2_it_does_not_mix_with_subscriptions(),
        no_subscription_in_silence(),
        reset_ends_the_silence(),
        client_reply_in_multi_is_refused(),
        what_is_silent_and_sent_ends_silent_when_the_link_dies(),
    ]
}

fn off_silences_until_on() -> Scenario {
    Scenario::new("CLIENT REPLY OFF silences until ON")
        .exchange(1, "GET a", bulk("a"))
        .silent(2, "CLIENT REPLY OFF")
        .silent(3, "SET k v")
        .silent(4, "INCR k")
        .silent(5, "CLIENT REPLY SKIP")
        .silent(6, "SET k w")
        .exchange(7, "CLIENT REPLY ON", "+OK\r\n")
        .exchange(8, "GET k", bulk("w"))
}

fn skip_silences_itself_and_the_next() -> Scenario {
    Scenario::new("CLIENT REPLY SKIP silences itself and the next")
        .exchange(1, "GET a", bulk("a"))
        .silent(2, "client reply skip")
        .silent(3, "SET k v")
        .exchange(4, "GET k", bulk("v"))
        .silent(5, "CLIENT REPLY SKIP")
        .silent(6, "NONSENSE")
        .exchange(7, "GET k", bulk("v"))
}

fn skip_twice_silences_once_more() -> Scenario {
    Scenario::new("CLIENT REPLY SKIP twice silences once more")
        .silent(1, "CLIENT REPLY SKIP")
        .silent(2, "CLIENT REPLY SKIP")
        .silent(3, "SET k v")
        .exchange(4, "GET k", bulk("v"))
}

fn on_behind_skip_is_answered() -> Scenario {
    Scenario::new("CLIENT REPLY ON behind SKIP is answered")
        .silent(1, "CLIENT REPLY SKIP")
        .exchange(2, "CLIENT REPLY ON", "+OK\r\n")
        .exchange(3, "GET k", bulk("v"))
}

/// Otherwise SKIP would silence the one behind it.
fn what_skip_silences_is_not_withdrawn() -> Scenario {
    let given_up = Fate::Unknown(Why::Abandoned);
    Scenario::new("what CLIENT REPLY SKIP silences is not withdrawn")
        .submit(1, "CLIENT REPLY SKIP")
        .submit(2, "SET k v")
        .submit(3, "CLIENT REPLY SKIP")
        .submit(4, "PUBLISH c x")
        .abandon(2, given_up)
        .abandon(4, given_up)
        .serve("CLIENT REPLY SKIP", "")
        .serve("SET k v", "")
        .serve("CLIENT REPLY SKIP", "")
        .serve("PUBLISH c x", "")
        .ends(1, Fate::Silent)
        .ends(3, Fate::Silent)
        .exchange(5, "GET k", bulk("v"))
}

fn pushes_still_come() -> Scenario {
    let confirmation = aggregate('>', &[&bulk("subscribe"), &bulk("news"), b":1\r\n"]);
    // Which protocol it is has to be known by then.
    Scenario::resp3("pushes still come under CLIENT REPLY OFF")
        .exchange(0, "PING", "+PONG\r\n")
        .run()
        .exchange(1, "SUBSCRIBE news", confirmation)
        .silent(2, "CLIENT REPLY OFF")
        .silent(3, "SET k v")
        .run()
        .push(MESSAGE)
        .run()
        .silent(4, "SET k w")
        .exchange(5, "CLIENT REPLY ON", "+OK\r\n")
        .push(MESSAGE)
        .exchange(6, "GET k", bulk("w"))
}

/// A subscribed RESP2 connection answers CLIENT REPLY with an error instead of obeying (Redis 7.0, `processCommand`).
fn over_resp2_it_does_not_mix_with_subscriptions() -> Scenario {
    let refused = Rejected::Refused(Refusal::ReplyAndSubscribe);
    let confirmation = aggregate('*', &[&bulk("subscribe"), &bulk("news"), b":1\r\n"]);
    Scenario::new("CLIENT REPLY does not mix with subscriptions over RESP2")
        .submit(1, "CLIENT REPLY OFF")
        .rejected(2, "SUBSCRIBE news", refused)
        .serve("CLIENT REPLY OFF", "")
        .ends(1, Fate::Silent)
        .exchange(3, "CLIENT REPLY ON", "+OK\r\n")
        .run()
        .exchange(4, "SUBSCRIBE news", confirmation)
        .run()
        .rejected(5, "CLIENT REPLY SKIP", refused)
        .exchange(6, "PING", "*2\r\n$4\r\npong\r\n$0\r\n\r\n")
}

/// Its confirmations come all the same and would be taken for the next subscription's.
fn no_subscription_in_silence() -> Scenario {
    let refused = Rejected::Refused(Refusal::ReplyAndSubscribe);
    let confirmation = aggregate('>', &[&bulk("subscribe"), &bulk("b"), b":1\r\n"]);
    Scenario::resp3("no subscription in silence, over RESP3 neither")
        .exchange(0, "PING", "+PONG\r\n")
        .run()
        .submit(1, "CLIENT REPLY SKIP")
        .rejected(2, "SUBSCRIBE a", refused)
        .serve("CLIENT REPLY SKIP", "")
        .ends(1, Fate::Silent)
        .silent(3, "SET k v")
        .exchange(4, "SUBSCRIBE b", confirmation)
        .exchange(5, "GET k", bulk("v"))
}

fn reset_ends_the_silence() -> Scenario {
    Scenario::new("RESET ends the silence")
        .silent(1, "CLIENT REPLY OFF")
        .silent(2, "SET k v")
        .exchange(3, "RESET", "+RESET\r\n")
        .exchange(4, "GET k", bulk("v"))
}

fn client_reply_in_multi_is_refused() -> Scenario {
    let refused = Rejected::Refused(Refusal::ReplyInMulti);
    Scenario::new("CLIENT REPLY in MULTI is refused")
        .submit(1, "MULTI")
        .rejected(2, "CLIENT REPLY OFF", refused)
        .rejected(3, "CLIENT REPLY SKIP", refused)
        .rejected(4, "CLIENT REPLY ON", refused)
        .serve("MULTI", "+OK\r\n")
        .reply(1, "+OK\r\n")
        .exchange(5, "SET k v", "+QUEUED\r\n")
        .exchange(6, "EXEC", "*1\r\n+OK\r\n")
        .silent(7, "CLIENT REPLY SKIP")
        .silent(8, "SET k v")
        .exchange(9, "GET k", bulk("v"))
}

fn what_is_silent_and_sent_ends_silent_when_the_link_dies() -> Scenario {
    Scenario::new("what is silent and sent ends silent when the link dies")
        .call(1, "DEBUG SLEEP 1", "")
        .call(2, "CLIENT REPLY OFF", "")
        .call(3, "SET k v", "")
        .closes()
        .unknown(1)
        .ends(2, Fate::Silent)
        .ends(3, Fate::Silent)
        .down(PipelineError::Eof)
}
