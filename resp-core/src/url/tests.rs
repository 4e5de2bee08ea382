use alloc::format;
use alloc::string::ToString;

use super::*;
use crate::Duration;
use crate::login::Protocol;

fn url(text: &str) -> Url {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn tcp(host: &str, port: u16) -> Place {
    Place::Tcp {
        host: host.into(),
        port,
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    for text in [
        "redis://",
        "redis://localhost",
        "redis://localhost:6379/",
        "REDIS://:6379/0",
    ] {
        let url = url(text);
        assert_eq!(url.place, tcp("localhost", 6379), "{text}");
        assert_eq!((url.tls, url.login), (false, LoginBuf::default()), "{text}");
        assert_eq!(url.tuning, Tuning::DEFAULT, "{text}");
    }
}

#[test]
fn every_part_of_a_url_is_read() {
    let url = url("rediss://al%69ce:p%3Aa%40s%2Fs@db.example:7000/12?protocol=2&client_name=probe");
    assert_eq!(url.place, tcp("db.example", 7000));
    assert!(url.tls);
    assert_eq!(url.login.username, "alice");
    assert_eq!(url.login.password, "p:a@s/s");
    assert_eq!(url.login.database, 12);
    assert_eq!(url.login.protocol, Protocol::Resp2);
    assert_eq!(url.login.client_name, "probe");
}

#[test]
fn a_password_may_hold_colons_and_at_signs() {
    let url = url("redis://user:a:b@c@host");
    assert_eq!(url.login.password, "a:b@c");
    assert_eq!(url.place, tcp("host", 6379));
}

#[test]
fn an_ipv6_address_stands_in_brackets() {
    let place = url("redis://[::1]:7001").place;
    assert_eq!(place, tcp("::1", 7001));
    assert_eq!(place.to_string(), "[::1]:7001");
    assert_eq!(url("redis://[::1]").place, tcp("::1", 6379));
    assert_eq!(tcp("db", 7).to_string(), "db:7");
    assert_eq!(url("unix:///run/r.sock").place.to_string(), "/run/r.sock");
}

#[test]
fn a_unix_socket_has_its_login_in_front_or_in_parameters() {
    for text in [
        "unix:///run/my%20redis.sock?db=3&user=bob&password=s%26cret",
        "unix://bob:s%26cret@/run/my%20redis.sock?db=3",
    ] {
        let url = url(text);
        let path = "/run/my redis.sock".into();
        assert_eq!(url.place, Place::Unix { path }, "{text}");
        assert_eq!(url.login.username, "bob", "{text}");
        assert_eq!(url.login.password, "s&cret", "{text}");
        assert_eq!(url.login.database, 3, "{text}");
    }
}

#[test]
fn parameters_set_memory_windows_and_deadlines() {
    let tuning = url(
        "redis://h?tx_bytes=64&rx_bytes=1000&depth=1&connect_timeout_ms=1&write_timeout_ms=2\
         &reply_timeout_ms=3&silence_limit_ms=4&window_commands=5&window_sent_bytes=6\
         &window_reply_bytes=7",
    )
    .tuning;
    let sizes = (tuning.sizes.tx, tuning.sizes.rx, tuning.sizes.depth);
    assert_eq!(sizes, (64, 1000, 1));
    assert_eq!(tuning.connect_timeout, Duration::from_millis(1));
    assert_eq!(tuning.write_timeout, Duration::from_millis(2));
    assert_eq!(tuning.config.reply_timeout, Duration::from_millis(3));
    assert_eq!(tuning.config.silence_limit, Duration::from_millis(4));
    let window = tuning.config.window;
    let window = (window.commands, window.sent_bytes, window.reply_bytes);
    assert_eq!(window, (5, 6, 7));
}

#[test]
fn a_wrong_url_names_the_part_that_is_wrong() {
    for (text, wrong) in [
        ("", UrlError::Scheme),
        ("localhost:6379", UrlError::Scheme),
        ("http://localhost", UrlError::Scheme),
        ("redis://user@host", UrlError::Login),
        ("redis://user:@host", UrlError::Login),
        ("redis://:@host", UrlError::Login),
        ("redis://host?user=me", UrlError::Login),
        ("redis://[::1", UrlError::Host),
        ("redis://[host]", UrlError::Host),
        ("redis://[::1]6379", UrlError::Host),
        ("redis://ho%20st", UrlError::Host),
        ("redis://host:port", UrlError::Port),
        ("redis://host:0", UrlError::Port),
        ("redis://host:65536", UrlError::Port),
        ("redis://::1", UrlError::Port),
        ("redis://host/one", UrlError::Database),
        ("redis://host/-1", UrlError::Database),
        ("unix://", UrlError::Path),
        ("unix://run/redis.sock", UrlError::Path),
        ("redis://:a%4@host", UrlError::Escape),
        ("redis://:a%zz@host", UrlError::Escape),
        ("redis://:%ff@host", UrlError::Escape),
        ("redis://:pa#ss@host", UrlError::Fragment),
        ("redis://host?dpeth=2", UrlError::UnknownParameter),
    ] {
        assert_eq!(text.parse::<Url>(), Err(wrong), "{text}");
    }
    for (text, name) in [
        ("redis://host?depth=0", "depth"),
        ("redis://host?tx_bytes=63", "tx_bytes"),
        ("redis://host?protocol=4", "protocol"),
        ("redis://host?db=", "db"),
        ("redis://host?client_name=a%20b", "client_name"),
    ] {
        let error = text.parse::<Url>().unwrap_err();
        assert!(
            matches!(error, UrlError::Parameter(n, _) if n == name),
            "{text}"
        );
    }
}

#[test]
fn neither_debug_nor_errors_show_a_password() {
    let text = format!("{:?}", url("redis://user:hunter2@host"));
    assert!(text.contains("host") && !text.contains("hunter2"), "{text}");
    for text in [
        "redis://:hunter2/x@host",
        "redis://:hunter2?x@host",
        "redis://a:hunter2#@host",
    ] {
        let error = text.parse::<Url>().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn every_error_says_how_its_part_should_look() {
    for (error, wanted) in [
        (UrlError::Scheme, "redis://"),
        (UrlError::Login, "user:password@host"),
        (UrlError::Host, "host"),
        (UrlError::Port, "1 to 65535"),
        (UrlError::Database, "number of a database"),
        (UrlError::Path, "absolute path"),
        (UrlError::Escape, "%25"),
        (UrlError::Fragment, "%23"),
        (UrlError::UnknownParameter, "tx_bytes, "),
        (
            UrlError::Parameter("depth", "is a number"),
            "depth is a number",
        ),
    ] {
        let said = error.to_string();
        assert!(said.contains(wanted), "{said}");
    }
    assert_eq!(Tuning::default(), Tuning::DEFAULT);
}
