//! Where KeyDB differs from Redis (KeyDB 6.3.4).

use respipe_core::login::Protocol;
use respipe_core::pipeline::PipelineError;

use super::bulk;
use crate::conformance::outcome::Outcome;
use crate::conformance::scenario::Scenario;

const INVALIDATE: &[u8] = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        a_protocol_error_in_place_of_the_first_reply(),
        an_invalidation_inside_exec(),
        auth_goes_alone(),
    ]
}

/// It runs none of a write that holds a bad command: whose reply the error stands for is not known.
fn a_protocol_error_in_place_of_the_first_reply() -> Scenario {
    Scenario::new("KeyDB: a protocol error in place of the first reply")
        .call(1, "SET a 1", "")
        .call(2, "SET b 1", "")
        .call(3, "SET c 1", "-ERR Protocol error: invalid bulk length\r\n")
        .closes()
        .unknown(1)
        .unknown(2)
        .unknown(3)
        .down(PipelineError::Farewell)
}

fn an_invalidation_inside_exec() -> Scenario {
    let exec = [b"*2\r\n$1\r\nv\r\n", INVALIDATE, b"+OK\r\n"].concat();
    Scenario::resp3("KeyDB: an invalidation inside EXEC")
        .exchange(1, "MULTI", "+OK\r\n")
        .exchange(2, "GET k", "+QUEUED\r\n")
        .exchange(3, "SET k v", "+QUEUED\r\n")
        .call(4, "EXEC", &exec)
        .expect(Outcome::Push(INVALIDATE.to_vec()))
        .reply(4, &exec)
        .exchange(5, "GET k", bulk("v"))
}

/// It parses a whole write before it runs any of it.
fn auth_goes_alone() -> Scenario {
    Scenario::new("KeyDB: AUTH goes alone")
        .login(|login| {
            login.protocol = Protocol::Resp2;
            login.password = "secret".to_owned();
        })
        .serve("AUTH secret", "+OK\r\n")
        .alone()
        .exchange(1, format!("SET k {}", "v".repeat(3000)).as_str(), "+OK\r\n")
}
