//! Submitting, order, and every type of reply (promises 1 to 3).

use respipe_core::pipeline::Rejected;

use super::{aggregate, bulk};
use crate::conformance::scenario::{Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        replies_come_in_submit_order(),
        errors_are_replies_and_cost_nobody_else(),
        every_type_of_resp2(),
        every_type_of_resp3(),
        a_submit_without_room_leaves_nothing_behind(),
        a_submit_without_slot_leaves_nothing_behind(),
        a_command_longer_than_all_memory_is_told_so(),
        an_empty_command_is_refused(),
        rings_wrap_wherever_commands_end(),
        binary_arguments_arrive_as_they_are(),
    ]
}

fn replies_come_in_submit_order() -> Scenario {
    (0..20).fold(
        Scenario::new("replies come in submit order"),
        |scenario, tag| {
            let value = "v".repeat(tag as usize);
            scenario.exchange(
                tag,
                format!("ECHO {tag}:{value}").as_str(),
                bulk(format!("{tag}:{value}")),
            )
        },
    )
}

fn errors_are_replies_and_cost_nobody_else() -> Scenario {
    Scenario::new("errors are replies and cost nobody else")
        .exchange(1, "SET k v", "+OK\r\n")
        .exchange(
            2,
            "INCR k",
            "-ERR value is not an integer or out of range\r\n",
        )
        .exchange(
            3,
            "LPUSH k v",
            "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        )
        .exchange(
            4,
            "EVALSHA 0123 0",
            "-NOSCRIPT No matching script. Please use EVAL.\r\n",
        )
        .exchange(5, "GET k", bulk("v"))
        .exchange(6, "EVAL x 0", b"-ERR \xff\xfe not UTF-8\r\n")
        .exchange(7, "DEL k", ":1\r\n")
}

fn every_type_of_resp2() -> Scenario {
    Scenario::new("every type of RESP2")
        .exchange(1, "A 1", "+\r\n")
        .exchange(2, "A 2", ":-9223372036854775808\r\n")
        .exchange(3, "A 3", "$0\r\n\r\n")
        .exchange(4, "A 4", "$-1\r\n")
        .exchange(5, "A 5", "*-1\r\n")
        .exchange(6, "A 6", "*0\r\n")
        .exchange(7, "A 7", bulk("\r\n$3\r\n"))
        .exchange(8, "A 8", "*3\r\n*1\r\n*2\r\n:1\r\n*0\r\n$-1\r\n*-1\r\n")
        .exchange(9, "A 9", "*2\r\n-ERR inside\r\n+OK\r\n")
        .exchange(10, "A 10", bulk("x".repeat(120)))
        .exchange(11, "A 11", ":0\r\n")
}

fn every_type_of_resp3() -> Scenario {
    let deep = [b"*1\r\n".repeat(40), b":1\r\n".to_vec()].concat();
    Scenario::resp3("every type of RESP3")
        .exchange(1, "A 1", "_\r\n")
        .exchange(2, "A 2", "#t\r\n")
        .exchange(3, "A 3", ",-nan\r\n")
        .exchange(4, "A 4", "(3492890328409238509324850943850943825024385\r\n")
        .exchange(5, "A 5", "!21\r\nSYNTAX invalid syntax\r\n")
        .exchange(6, "A 6", "=15\r\ntxt:Some string\r\n")
        .exchange(7, "A 7", "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n#f\r\n")
        .exchange(8, "A 8", "~2\r\n:1\r\n:2\r\n")
        .exchange(9, "A 9", "|1\r\n+ttl\r\n:3600\r\n:1\r\n")
        .exchange(
            10,
            "A 10",
            "*2\r\n|1\r\n+k\r\n+v\r\n:1\r\n|1\r\n+a\r\n*1\r\n:2\r\n|1\r\n+b\r\n:3\r\n:4\r\n",
        )
        .exchange(11, "A 11", "$-1\r\n")
        .exchange(12, "A 12", "*-1\r\n")
        .exchange(13, "A 13", "%0\r\n")
        .exchange(14, "A 14", deep)
        .exchange(15, "A 15", ":1\r\n")
}

fn a_submit_without_room_leaves_nothing_behind() -> Scenario {
    let long = Request::from("SET key 0123456789012345678901234567890123456789");
    let needed = long.wire().len();
    Scenario::new("a submit without room leaves nothing behind")
        .sizes(100, 100, 8)
        .submit(1, long.clone())
        .serve(long.clone(), "+OK\r\n")
        .rejected(
            2,
            long.clone(),
            Rejected::NoRoom {
                needed,
                free: 100 - needed,
            },
        )
        .submit(3, "GET k")
        .serve("GET k", "$-1\r\n")
        .reply(1, "+OK\r\n")
        .reply(3, "$-1\r\n")
        .run()
        .exchange(2, long, "+OK\r\n")
}

fn a_submit_without_slot_leaves_nothing_behind() -> Scenario {
    Scenario::new("a submit without slot leaves nothing behind")
        .sizes(512, 256, 2)
        .submit(1, "GET a")
        .submit(2, "GET b")
        .rejected(3, "GET c", Rejected::NoSlot)
        .serve("GET a", bulk("a"))
        .serve("GET b", bulk("b"))
        .reply(1, bulk("a"))
        .reply(2, bulk("b"))
        .run()
        .exchange(3, "GET c", bulk("c"))
        .exchange(4, "GET d", bulk("d"))
}

fn a_command_longer_than_all_memory_is_told_so() -> Scenario {
    let long = Request::from(format!("SET key {}", "v".repeat(200)).as_str());
    let needed = long.wire().len();
    Scenario::new("a command longer than all memory is told so")
        .sizes(128, 128, 8)
        .rejected(
            1,
            long,
            Rejected::TooLong {
                needed,
                capacity: 128,
            },
        )
        .exchange(2, "PING", "+PONG\r\n")
}

fn an_empty_command_is_refused() -> Scenario {
    let refused = Rejected::Refused(respipe_core::session::Refusal::Empty);
    Scenario::new("an empty command is refused")
        .rejected(1, Vec::new(), refused)
        .exchange(2, "PING", "+PONG\r\n")
}

fn rings_wrap_wherever_commands_end() -> Scenario {
    let scenario = Scenario::new("rings wrap wherever commands end").sizes(131, 64, 3);
    (0..120).fold(scenario, |scenario, tag| {
        let value = "0123456789".repeat(2)[..(tag % 19) as usize].to_owned();
        let scenario = scenario.exchange(tag, format!("ECHO {value}").as_str(), bulk(value));
        if tag % 3 == 2 {
            scenario.run()
        } else {
            scenario
        }
    })
}

fn binary_arguments_arrive_as_they_are() -> Scenario {
    let all: Vec<u8> = (0..=255).collect();
    let words = vec![
        b"SET".to_vec(),
        Vec::new(),
        all.clone(),
        b"\r\n*1\r\n".to_vec(),
    ];
    Scenario::new("binary arguments arrive as they are")
        .exchange(1, words, "+OK\r\n")
        .exchange(2, "GET all", aggregate('*', &[&bulk(all), &bulk("")]))
}
