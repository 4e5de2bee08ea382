//! Full buffers anywhere: slow, never stuck, never lost (promises 4 and 5).

use super::bulk;
use crate::conformance::scenario::Scenario;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        a_full_receive_buffer_loses_nothing(),
        input_progresses_while_output_is_blocked(),
        both_directions_full_on_a_server_that_stops_reading(),
    ]
}

fn a_full_receive_buffer_loses_nothing() -> Scenario {
    (0..30).fold(
        Scenario::new("a full receive buffer loses nothing").sizes(4096, 64, 64),
        |scenario, tag| scenario.exchange(tag, "GET a", bulk("x".repeat((tag % 50) as usize))),
    )
}

/// The server answers each command with as much as it took, so what it owes grows with every command that it reads; buffers on
/// the way hold less than one command.
fn echoes(scenario: Scenario, commands: u32, bytes: usize) -> Scenario {
    (0..commands).fold(scenario, |scenario, tag| {
        let value = char::from(b'a' + (tag % 26) as u8)
            .to_string()
            .repeat(bytes);
        scenario.exchange(tag, format!("ECHO {value}").as_str(), bulk(value))
    })
}

fn input_progresses_while_output_is_blocked() -> Scenario {
    let scenario =
        Scenario::new("input progresses while output is blocked").sizes(64 << 10, 2048, 64);
    echoes(scenario.narrow(300).heavy(), 40, 1000)
}

fn both_directions_full_on_a_server_that_stops_reading() -> Scenario {
    let scenario = Scenario::new("both directions full on a server that stops reading");
    let scenario = scenario.sizes(16 << 20, 256 << 10, 64);
    echoes(scenario.narrow(64 << 10).heavy(), 60, 200_000)
}
