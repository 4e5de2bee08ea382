//! Commands fed in pieces, and commands longer than the buffer for them.

use super::bulk;
use crate::conformance::scenario::{Action, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        a_command_in_pieces_arrives_whole(),
        a_command_in_pieces_through_a_small_buffer(),
        an_empty_argument_in_pieces(),
        a_command_longer_than_the_buffer(),
    ]
}

fn in_pieces(
    scenario: Scenario,
    tag: u32,
    request: Request,
    whole: usize,
    piece: usize,
) -> Scenario {
    scenario
        .act(Action::SubmitInPieces {
            tag,
            request: request.clone(),
            whole,
            piece,
        })
        .serve(request, "+OK\r\n")
        .reply(tag, "+OK\r\n")
        .run()
}

fn a_command_in_pieces_arrives_whole() -> Scenario {
    let scenario =
        Scenario::new("a command in pieces arrives whole").exchange(1, "GET a", bulk("a"));
    let scenario = in_pieces(scenario, 2, "SET key 0123456789 PX 1000".into(), 2, 3);
    scenario.exchange(3, "GET b", bulk("b"))
}

fn a_command_in_pieces_through_a_small_buffer() -> Scenario {
    let scenario = Scenario::new("a command in pieces through a small buffer").sizes(70, 64, 4);
    let value = "0123456789".repeat(100);
    let scenario = in_pieces(
        scenario,
        1,
        format!("SET key {value}").as_str().into(),
        2,
        1000,
    );
    let scenario = in_pieces(
        scenario,
        2,
        format!("MSET a {value} b {value}").as_str().into(),
        1,
        7,
    );
    scenario.exchange(3, "GET b", bulk("b"))
}

fn an_empty_argument_in_pieces() -> Scenario {
    let words = |words: &[&str]| -> Request {
        words
            .iter()
            .map(|word| word.as_bytes().to_vec())
            .collect::<Vec<_>>()
            .into()
    };
    let scenario = Scenario::new("an empty argument in pieces");
    let scenario = in_pieces(scenario, 1, words(&["SET", "key", ""]), 2, 10);
    let scenario = in_pieces(scenario, 2, words(&["RPUSH", "key", "", "x", ""]), 2, 10);
    scenario.exchange(3, "GET b", bulk("b"))
}

fn a_command_longer_than_the_buffer() -> Scenario {
    let long = Request::from(format!("SET key {}", "0123456789".repeat(200)).as_str());
    let long_again = long.clone();
    Scenario::new("a command longer than the buffer")
        .sizes(100, 64, 4)
        .exchange(1, "GET a", bulk("a"))
        .act(Action::SubmitLong(2, long.clone()))
        .serve(long, "+OK\r\n")
        .reply(2, "+OK\r\n")
        .run()
        .act(Action::SubmitLong(3, long_again.clone()))
        .serve(long_again, "+OK\r\n")
        .reply(3, "+OK\r\n")
        .run()
        .exchange(4, "GET b", bulk("b"))
}
