//! Reads a URL.

use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

use super::tuning::PARAMETERS;
use super::{DEFAULT_PORT, Place, Tuning, Url, UrlError};
use crate::pipeline::LoginBuf;

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let (unix, tls) = match () {
            () if scheme.eq_ignore_ascii_case("redis") => (false, false),
            () if scheme.eq_ignore_ascii_case("rediss") => (false, true),
            () if scheme.eq_ignore_ascii_case("unix") => (true, false),
            () => return Err(UrlError::Scheme),
        };
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
            Some((authority, path)) => (authority, path),
            None => (rest, ""),
        };
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        let mut url = Self {
            place: Place::Unix {
                path: String::new(),
            },
            tls,
            login: login.map_or_else(|| Ok(LoginBuf::default()), credentials)?,
            tuning: Tuning::DEFAULT,
        };
        if unix {
            if !host.is_empty() || path.len() < 2 {
                return Err(UrlError::Path);
            }
            let path = decode(path)?;
            url.place = Place::Unix { path };
        } else {
            url.place = place(host)?;
            url.login.database = match path.strip_prefix('/').unwrap_or(path) {
                "" => 0,
                number => number.parse().map_err(|_| UrlError::Database)?,
            };
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = PARAMETERS.iter().find(|(known, _)| *known == name);
            let (name, set) = known.ok_or(UrlError::UnknownParameter)?;
            set(&mut url, decode(value)?).map_err(|wants| UrlError::Parameter(name, wants))?;
        }
        if !url.login.username.is_empty() && url.login.password.is_empty() {
            return Err(UrlError::Login);
        }
        Ok(url)
    }
}

fn credentials(text: &str) -> Result<LoginBuf, UrlError> {
    let (username, password) = text.split_once(':').ok_or(UrlError::Login)?;
    let login = LoginBuf {
        username: decode(username)?,
        password: decode(password)?,
        ..LoginBuf::default()
    };
    if login.password.is_empty() {
        return Err(UrlError::Login);
    }
    Ok(login)
}

fn place(text: &str) -> Result<Place, UrlError> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(UrlError::Host)?;
            if host.parse::<core::net::Ipv6Addr>().is_err() {
                return Err(UrlError::Host);
            }
            match rest {
                "" => (host, None),
                rest => (host, Some(rest.strip_prefix(':').ok_or(UrlError::Host)?)),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let host = match host {
        "" => String::from("localhost"),
        host => decode(host)?,
    };
    let odd = |byte: u8| byte <= b' ' || byte == 0x7f;
    if host.bytes().any(odd) {
        return Err(UrlError::Host);
    }
    let port = match port {
        None | Some("") => DEFAULT_PORT,
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => return Err(UrlError::Port),
            Ok(port) => port,
        },
    };
    Ok(Place::Tcp { host, port })
}

fn decode(text: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || (rest.next()? as char).to_digit(16);
                let (high, low) = (digit(), digit());
                let value = high.zip(low).and_then(|(high, low)| {
                    u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()
                });
                value.ok_or(UrlError::Escape)?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| UrlError::Escape)
}
