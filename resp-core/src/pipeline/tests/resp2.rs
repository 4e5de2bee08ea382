//! A build that knows RESP2 alone, with a handshake or without.

use super::*;

#[test]
fn a_push_breaks_the_protocol() {
    let mut rig = Rig::new(64, 64, 4);
    rig.submit(cmd("PING"), 1);
    rig.sent();
    assert_eq!(
        rig.feed(">1\r\n+x\r\n"),
        [
            "1: Unknown(LinkLost)",
            "error: Protocol(DecodeError { kind: UnknownType(62), offset: 0 })"
        ]
    );
}

#[cfg(not(feature = "login"))]
#[test]
fn commands_leave_at_once_and_an_error_that_nobody_waits_for_is_a_farewell() {
    let mut rig = Rig::new(64, 64, 4);
    assert_eq!(rig.pipeline.state(), State::Up);
    rig.submit(cmd("PING"), 1);
    assert_eq!(words(&rig.sent()), "PING");
    assert_eq!(rig.feed("-NOAUTH Authentication required.\r\n").len(), 1);
    assert_eq!(
        rig.feed("-ERR max number of clients reached\r\n"),
        ["error: Farewell"]
    );
    assert_eq!(
        rig.pipeline.last_words(),
        b"ERR max number of clients reached"
    );
    assert!(!rig.pipeline.is_resp3());
}

#[cfg(feature = "login")]
#[test]
fn a_login_that_leaves_the_protocol_open_speaks_resp2() {
    let mut rig = Rig::closed(64, 64, 4);
    let login = &mut rig.pipeline.storage_mut().login;
    (login.protocol, login.password) = (Protocol::Auto, "secret");
    rig.pipeline.open(rig.now);
    rig.submit(cmd("PING"), 1);
    assert_eq!(words(&rig.sent()), "AUTH secret");
    assert!(rig.feed("+OK\r\n").is_empty());
    assert_eq!(words(&rig.sent()), "PING");
    assert_eq!(rig.feed("+PONG\r\n"), ["1: +PONG"]);
    assert!(!rig.pipeline.is_resp3());
}

#[cfg(feature = "login")]
#[test]
fn what_the_server_refuses_of_a_login_is_kept_until_the_next() {
    let mut rig = Rig::closed(64, 128, 4);
    rig.pipeline.storage_mut().login.password = "secret";
    rig.pipeline.open(rig.now);
    rig.sent();
    assert_eq!(
        rig.feed("-WRONGPASS invalid username-password pair\r\n"),
        ["error: LoginRefused"]
    );
    assert_eq!(
        rig.pipeline.last_words(),
        b"WRONGPASS invalid username-password pair"
    );
    rig.pipeline.open(rig.now);
    assert!(rig.pipeline.last_words().is_empty());
}
