//! The handshake stands in front of everything the caller sends.

use respipe_core::Fate;
use respipe_core::login::Protocol;
use respipe_core::pipeline::PipelineError;

use super::bulk;
use crate::conformance::scenario::{HELLO, Scenario};

const WRONGPASS: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        hello_goes_alone(),
        hello_with_user_password_and_name(),
        a_hello_map_larger_than_memory_is_a_success(),
        noproto_falls_back_to_resp2(),
        an_unknown_hello_falls_back_to_resp2_and_auth(),
        a_wrong_password_is_final(),
        a_wrong_password_over_resp2_is_final(),
        resp3_or_nothing(),
        a_user_of_an_acl_over_resp2(),
        select_is_waited_for(),
        a_select_that_fails_is_final(),
        errors_of_setinfo_are_ignored(),
        a_name_over_resp2(),
        a_close_without_a_word_makes_the_next_attempt_speak_resp2(),
        a_farewell_before_any_command(),
        a_ping_is_waited_for(),
        a_server_that_still_loads_is_no_connection(),
        a_login_in_many_pieces(),
    ]
}

fn auto(name: &'static str) -> Scenario {
    Scenario::new(name).login(|login| login.protocol = Protocol::Auto)
}

fn with_password(name: &'static str) -> Scenario {
    auto(name).login(|login| login.password = "secret".to_owned())
}

fn hello_goes_alone() -> Scenario {
    auto("HELLO goes alone")
        .serve("HELLO 3", HELLO)
        .alone()
        .exchange(1, "GET a", bulk("a"))
}

fn hello_with_user_password_and_name() -> Scenario {
    with_password("HELLO with user, password and name")
        .login(|login| {
            login.username = "sensor".to_owned();
            login.client_name = "device-7".to_owned();
        })
        .serve("HELLO 3 AUTH sensor secret SETNAME device-7", HELLO)
        .alone()
        .exchange(1, "GET a", bulk("a"))
}

fn a_hello_map_larger_than_memory_is_a_success() -> Scenario {
    auto("a HELLO map larger than memory is a success")
        .sizes(256, 64, 8)
        .serve("HELLO 3", HELLO)
        .alone()
        .exchange(1, "GET a", "_\r\n")
        .exchange(2, "GET b", bulk("b"))
}

fn noproto_falls_back_to_resp2() -> Scenario {
    auto("NOPROTO falls back to RESP2")
        .serve("HELLO 3", "-NOPROTO unsupported protocol version\r\n")
        .alone()
        .exchange(1, "GET a", "$-1\r\n")
        .exchange(
            2,
            "SUBSCRIBE c",
            "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n",
        )
        .push("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n")
}

fn an_unknown_hello_falls_back_to_resp2_and_auth() -> Scenario {
    with_password("an unknown HELLO falls back to RESP2 and AUTH")
        .serve(
            "HELLO 3 AUTH default secret",
            "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n",
        )
        .alone()
        .serve("AUTH secret", "+OK\r\n")
        .alone()
        .exchange(1, "GET a", "$-1\r\n")
}

fn a_wrong_password_is_final() -> Scenario {
    with_password("a wrong password is final")
        .serve("HELLO 3 AUTH default secret", WRONGPASS)
        .submit(1, "GET a")
        .submit(2, "GET b")
        .ends(1, Fate::NotSent)
        .ends(2, Fate::NotSent)
        .down(PipelineError::LoginRefused)
}

fn a_wrong_password_over_resp2_is_final() -> Scenario {
    with_password("a wrong password over RESP2 is final")
        .login(|login| login.protocol = Protocol::Resp2)
        .serve("AUTH secret", "-ERR invalid password\r\n")
        .submit(1, "GET a")
        .ends(1, Fate::NotSent)
        .down(PipelineError::LoginRefused)
}

fn resp3_or_nothing() -> Scenario {
    auto("RESP3 or nothing")
        .login(|login| login.protocol = Protocol::Resp3)
        .serve("HELLO 3", "-ERR unknown command 'HELLO'\r\n")
        .submit(1, "GET a")
        .ends(1, Fate::NotSent)
        .down(PipelineError::LoginRefused)
}

fn a_user_of_an_acl_over_resp2() -> Scenario {
    with_password("a user of an ACL over RESP2")
        .login(|login| {
            login.protocol = Protocol::Resp2;
            login.username = "sensor".to_owned();
        })
        .serve("AUTH sensor secret", "+OK\r\n")
        .alone()
        .exchange(1, "GET a", "$-1\r\n")
}

fn select_is_waited_for() -> Scenario {
    auto("SELECT is waited for")
        .login(|login| login.database = 7)
        .serve("HELLO 3", HELLO)
        .alone()
        .serve("SELECT 7", "+OK\r\n")
        .alone()
        .exchange(1, "GET a", "_\r\n")
}

fn a_select_that_fails_is_final() -> Scenario {
    auto("a SELECT that fails is final")
        .login(|login| login.database = 99)
        .serve("HELLO 3", HELLO)
        .serve("SELECT 99", "-ERR DB index is out of range\r\n")
        .submit(1, "SET k v")
        .ends(1, Fate::NotSent)
        .down(PipelineError::LoginRefused)
}

fn errors_of_setinfo_are_ignored() -> Scenario {
    let unknown = "-ERR Unknown subcommand or wrong number of arguments for 'SETINFO'\r\n";
    auto("errors of SETINFO are ignored")
        .login(|login| login.library = Some(("respipe".to_owned(), "0.1.0".to_owned())))
        .serve("HELLO 3", HELLO)
        .serve("CLIENT SETINFO LIB-NAME respipe", unknown)
        .serve("CLIENT SETINFO LIB-VER 0.1.0", unknown)
        .exchange(1, "GET a", "_\r\n")
        .exchange(2, "GET b", "-ERR mine\r\n")
}

fn a_name_over_resp2() -> Scenario {
    auto("a name over RESP2")
        .login(|login| {
            login.protocol = Protocol::Resp2;
            login.client_name = "device-7".to_owned();
            login.database = 2;
        })
        .serve("SELECT 2", "+OK\r\n")
        .serve("CLIENT SETNAME device-7", "-ERR unknown command\r\n")
        .exchange(1, "GET a", "$-1\r\n")
}

fn a_close_without_a_word_makes_the_next_attempt_speak_resp2() -> Scenario {
    with_password("a close without a word makes the next attempt speak RESP2")
        .serve("HELLO 3 AUTH default secret", "")
        .closes()
        .next_connection(PipelineError::Eof)
        .serve("AUTH secret", "+OK\r\n")
        .exchange(1, "GET a", "$-1\r\n")
}

/// As Redis says it where too many clients are connected.
fn a_farewell_before_any_command() -> Scenario {
    Scenario::new("a farewell before any command")
        .unasked("-ERR max number of clients reached\r\n")
        .closes()
        .down(PipelineError::Farewell)
}

fn a_login_in_many_pieces() -> Scenario {
    let (user, password) = ("u".repeat(90), "p".repeat(130));
    let hello = format!("HELLO 3 AUTH {user} {password} SETNAME n");
    auto("a login longer than any buffer for it")
        .login(|login| {
            (login.username, login.password) = (user, password);
            login.client_name = "n".to_owned();
        })
        .serve(hello.as_str(), HELLO)
        .alone()
        .exchange(1, "GET a", "_\r\n")
}

fn a_ping_is_waited_for() -> Scenario {
    with_password("a PING is waited for")
        .login(|login| {
            login.ping = true;
            login.database = 3;
            login.library = Some(("respipe".to_owned(), "1".to_owned()));
        })
        .serve("HELLO 3 AUTH default secret", HELLO)
        .serve("SELECT 3", "+OK\r\n")
        .serve("CLIENT SETINFO LIB-NAME respipe", "-ERR unknown\r\n")
        .serve("CLIENT SETINFO LIB-VER 1", "-ERR unknown\r\n")
        .serve("PING", "+PONG\r\n")
        .alone()
        .exchange(1, "GET a", bulk("a"))
}

fn a_server_that_still_loads_is_no_connection() -> Scenario {
    Scenario::new("a server that still loads is no connection")
        .login(|login| login.ping = true)
        .serve(
            "PING",
            "-LOADING Redis is loading the dataset in memory\r\n",
        )
        .submit(1, "GET a")
        .ends(1, Fate::NotSent)
        .down(PipelineError::LoginRefused)
}
