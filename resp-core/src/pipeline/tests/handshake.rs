use super::*;

fn rig(login: Login<'static>) -> Rig {
    let mut rig = Rig::closed(4096, 256, 8);
    rig.pipeline.storage_mut().login = login;
    rig.ping(1);
    rig.pipeline.open(rig.now);
    rig
}

fn auto() -> Login<'static> {
    Login {
        password: "secret",
        database: 3,
        client_name: "pump",
        library: Some(("respipe", "0.1.0")),
        ..Login::default()
    }
}

#[test]
fn resp3_greets_alone_and_waits_for_select() {
    let mut rig = rig(auto());
    assert_eq!(
        words(&rig.sent()),
        "HELLO 3 AUTH default secret SETNAME pump"
    );
    assert_eq!(rig.pipeline.state(), State::LoggingIn);
    assert!(rig.feed("%1\r\n+proto\r\n:3\r\n").is_empty());
    assert_eq!(
        words(&rig.sent()),
        "SELECT 3 CLIENT SETINFO LIB-NAME respipe CLIENT SETINFO LIB-VER 0.1.0"
    );
    assert!(rig.feed("+OK\r\n").is_empty());
    assert_eq!(rig.sent(), PING, "SETINFO's replies are not waited for");
    assert_eq!(
        rig.feed("-ERR unknown subcommand\r\n-ERR x\r\n+PONG\r\n"),
        ["1: +PONG"]
    );
    assert!(rig.pipeline.is_resp3());
}

#[test]
fn a_server_that_is_full_is_not_taken_for_an_old_one() {
    let login = Login {
        protocol: Protocol::Auto,
        ..Login::NONE
    };
    for login in [login, Login::NONE] {
        let mut rig = rig(login);
        rig.sent();
        let events = rig.feed("-ERR max number of clients reached\r\n");
        let (fate, error) = match login.protocol {
            Protocol::Auto => ("1: NotSent", "error: LoginRefused"),
            _ => ("1: Unknown(LinkLost)", "error: Farewell"),
        };
        assert_eq!(events, [fate, error]);
        assert_eq!(rig.sent(), "");
        assert_eq!(
            rig.pipeline.last_words(),
            b"ERR max number of clients reached"
        );
    }
}

#[test]
fn an_old_server_is_met_with_resp2() {
    for answer in ["-NOPROTO no\r\n", "-ERR unknown command 'HELLO'\r\n"] {
        let mut rig = rig(auto());
        rig.sent();
        assert!(rig.feed(answer).is_empty());
        assert_eq!(words(&rig.sent()), "AUTH secret");
        assert!(rig.feed("+OK\r\n").is_empty());
        assert!(words(&rig.sent()).starts_with("SELECT 3 CLIENT SETNAME pump CLIENT SETINFO"));
        assert_eq!(rig.feed("+OK\r\n+OK\r\n+OK\r\n+OK\r\n").len(), 0);
        assert_eq!(rig.sent(), PING);
        assert!(!rig.pipeline.is_resp3());
    }
}

#[test]
fn a_refused_login_is_final_and_nothing_of_the_callers_has_left() {
    for answer in ["-WRONGPASS no\r\n", "-NOAUTH no\r\n", "-NOPERM no\r\n"] {
        let mut rig = rig(auto());
        rig.sent();
        assert_eq!(rig.feed(answer), ["1: NotSent", "error: LoginRefused"]);
        assert_eq!(
            rig.pipeline.last_words(),
            &answer.trim_end().as_bytes()[1..]
        );
    }
    let mut rig = rig(auto());
    rig.sent();
    rig.feed("%0\r\n");
    rig.sent();
    assert_eq!(
        rig.feed("-ERR DB index is out of range\r\n+OK\r\n"),
        ["1: NotSent", "error: LoginRefused"]
    );
}

#[test]
fn a_close_without_a_word_makes_the_next_attempt_speak_resp2() {
    let mut rig = rig(auto());
    rig.config(|config| config.resend = Resend::NotSent);
    rig.sent();
    rig.pipeline.handle_eof();
    assert_eq!(rig.events(), ["error: Eof"]);
    rig.pipeline.open(rig.now);
    assert_eq!(words(&rig.sent()), "AUTH secret");
    rig.pipeline.handle_eof();
    rig.events();
    rig.pipeline.open(rig.now);
    let greeting = words(&rig.sent());
    assert!(
        greeting.starts_with("HELLO"),
        "one drop is not for ever: {greeting}"
    );
}

#[test]
fn a_farewell_instead_of_a_greeting_is_told() {
    let mut rig = rig(Login::default());
    rig.sent();
    rig.feed("-ERR max number of clients reached\r\n");
    rig.pipeline.handle_eof();
    rig.events();
    assert_eq!(
        rig.pipeline.last_words(),
        b"ERR max number of clients reached"
    );
}

#[test]
fn a_greeting_larger_than_the_buffer_is_a_success() {
    let mut rig = rig(Login::default());
    rig.sent();
    let modules = format!("$300\r\n{}\r\n", "m".repeat(300));
    assert!(
        rig.feed(&format!("%2\r\n+proto\r\n:3\r\n+modules\r\n{modules}"))
            .is_empty()
    );
    assert_eq!(rig.sent(), PING);
    assert_eq!(rig.feed("+PONG\r\n"), ["1: +PONG"]);
}

#[test]
fn protocol_2_without_a_password_says_nothing_first() {
    let mut rig = rig(Login::NONE);
    assert_eq!(rig.sent(), PING);
}

#[test]
fn resp3_or_nothing_does_not_fall_back() {
    let mut rig = rig(Login {
        protocol: Protocol::Resp3,
        ..Login::default()
    });
    rig.sent();
    assert_eq!(
        rig.feed("-NOPROTO no\r\n"),
        ["1: NotSent", "error: LoginRefused"]
    );
}

#[test]
fn a_long_password_leaves_in_several_pieces() {
    const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890123456789\
                        0123456789012345678901234567890123456789012345678901234567890123456789";
    let mut rig = rig(Login {
        protocol: Protocol::Resp2,
        username: "user",
        password: LONG,
        ..Login::default()
    });
    assert_eq!(
        rig.sent(),
        format!("*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$140\r\n{LONG}\r\n")
    );
    rig.feed("+OK\r\n");
    assert_eq!(rig.sent(), PING);
}

#[test]
fn the_password_is_not_shown() {
    assert!(!format!("{:?}", auto()).contains("secret"));
    let mut rig = rig(auto());
    rig.pipeline.poll_transmit().unwrap();
    let shown = format!("{:?}", rig.pipeline);
    assert!(shown.contains("LoggingIn"), "{shown}");
    // Neither as text nor as the numbers of its bytes.
    assert!(
        !shown.contains("secret") && !shown.contains("115, 101, 99"),
        "{shown}"
    );
}

#[cfg(feature = "session")]
#[test]
fn reset_runs_the_handshake_again_before_anything_else() {
    let mut rig = rig(auto());
    rig.sent();
    rig.feed("%0\r\n");
    rig.sent();
    rig.feed("+OK\r\n+OK\r\n+OK\r\n");
    rig.submit(cmd("RESET"), 2);
    rig.ping(3);
    assert_eq!(words(&rig.sent()), "PING RESET");
    assert_eq!(rig.feed("+PONG\r\n+RESET\r\n"), ["1: +PONG", "2: +RESET"]);
    assert_eq!(
        words(&rig.sent()),
        "HELLO 3 AUTH default secret SETNAME pump"
    );
    rig.feed("%0\r\n");
    rig.sent();
    rig.feed("+OK\r\n+OK\r\n+OK\r\n");
    assert_eq!(rig.sent(), PING);
    assert_eq!(rig.feed("+PONG\r\n"), ["3: +PONG"]);
}

#[test]
fn what_a_server_said_to_hello_before_it_closed_is_told_whatever_came_behind() {
    for behind in ["", "+OK", "+OK\r\n"] {
        let mut rig = rig(auto());
        rig.sent();
        rig.feed("-ERR this proxy speaks RESP2\r\n");
        rig.sent();
        rig.feed(behind);
        rig.sent();
        rig.pipeline.handle_eof();
        assert_eq!(
            rig.events().last().map(String::as_str),
            Some("error: LoginRefused"),
            "{behind:?}"
        );
        assert_eq!(
            rig.pipeline.last_words(),
            b"ERR this proxy speaks RESP2",
            "{behind:?}"
        );
        rig.pipeline.open(rig.now);
        assert!(rig.pipeline.last_words().is_empty());
    }
}

#[test]
fn what_was_refused_on_the_way_is_forgotten_when_the_login_succeeds() {
    let mut rig = rig(auto());
    rig.sent();
    rig.feed("-ERR unknown command 'HELLO'\r\n");
    for _ in 0..3 {
        rig.sent();
        rig.feed("+OK\r\n");
    }
    rig.sent();
    rig.pipeline.handle_eof();
    assert_eq!(rig.events().last().map(String::as_str), Some("error: Eof"));
    assert!(rig.pipeline.last_words().is_empty());
}

#[test]
fn of_two_refusals_on_the_way_the_last_is_told_wherever_it_lay() {
    let hello =
        "-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`\r\n";
    let info = "-NOPERM this user has no permissions\r\n";
    for rx in [128, 512] {
        let mut rig = Rig::closed(256, rx, 4);
        let login = &mut rig.pipeline.storage_mut().login;
        *login = Login {
            protocol: Protocol::Auto,
            library: Some(("respipe", "1.0")),
            ping: true,
            ..Login::NONE
        };
        rig.pipeline.open(rig.now);
        rig.sent();
        rig.feed(hello);
        rig.sent();
        rig.feed(info);
        rig.pipeline.handle_eof();
        assert_eq!(rig.events(), ["error: LoginRefused"], "rx of {rx}");
        assert_eq!(
            rig.pipeline.last_words(),
            b"NOPERM this user has no permissions"
        );
    }
}

#[test]
fn a_link_that_dies_before_hello_has_left_says_nothing_of_the_server() {
    for most in [0, 10] {
        let mut rig = Rig::closed(256, 256, 4);
        rig.pipeline.storage_mut().login.protocol = Protocol::Auto;
        rig.pipeline.open(rig.now);
        if most > 0 {
            rig.transmit(most, most);
        }
        rig.pipeline.handle_link_lost();
        assert_eq!(rig.events(), ["error: LinkLost"]);
        rig.pipeline.open(rig.now);
        assert!(rig.sent().contains("HELLO"));
    }
}
