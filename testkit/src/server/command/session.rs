//! Commands about the connection itself.

use super::super::connection::Connection;
use super::super::keyspace::DATABASES;
use super::super::session::{ReplyMode, Session};
use super::{Answer, NO_INTEGER, SYNTAX};

const WRONG_PASSWORD: &str = "WRONGPASS invalid username-password pair or user is disabled.";

impl Connection {
    pub(super) fn ping(&mut self, arguments: &[&[u8]]) -> Answer {
        if !self.session.channels.is_empty() && !self.replies.resp3 {
            self.replies.array(2);
            self.replies.bulk(b"pong");
            self.replies
                .bulk(arguments.first().copied().unwrap_or_default());
            return Ok(());
        }
        match arguments {
            [] => self.replies.status("PONG"),
            [text] => self.replies.bulk(text),
            _ => return Err(super::wrong_count("PING")),
        }
        Ok(())
    }

    pub(super) fn auth(&mut self, arguments: &[&[u8]]) -> Answer {
        match arguments {
            [_] if self.shared.password.is_none() => {
                let text = "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
                    configuration is correct?";
                return Err(text.to_owned());
            }
            [password] => self.log_in(b"default", password)?,
            [user, password] => self.log_in(user, password)?,
            _ => return Err(SYNTAX.to_owned()),
        }
        self.replies.status("OK");
        Ok(())
    }

    pub(super) fn hello(&mut self, arguments: &[&[u8]]) -> Answer {
        let (resp3, mut options) = match arguments {
            [] => (self.replies.resp3, arguments),
            [b"2", options @ ..] => (false, options),
            [b"3", options @ ..] => (true, options),
            _ => return Err("NOPROTO unsupported protocol version".to_owned()),
        };
        while let [option, rest @ ..] = options {
            options = match (option.to_ascii_uppercase().as_slice(), rest) {
                (b"AUTH", [user, password, rest @ ..]) => {
                    self.log_in(user, password)?;
                    rest
                }
                (b"SETNAME", [_, rest @ ..]) => rest,
                _ => {
                    return Err(format!(
                        "ERR Syntax error in HELLO option '{}'",
                        String::from_utf8_lossy(option)
                    ));
                }
            };
        }
        if !self.session.authenticated {
            let text = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> \
                <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
            return Err(text.to_owned());
        }
        self.replies.resp3 = resp3;
        self.replies.map(7);
        for (name, value) in [("server", "redis"), ("version", VERSION)] {
            self.replies.bulk(name.as_bytes());
            self.replies.bulk(value.as_bytes());
        }
        let id = i64::try_from(self.outlet.id).unwrap_or(i64::MAX);
        for (name, value) in [("proto", if resp3 { 3 } else { 2 }), ("id", id)] {
            self.replies.bulk(name.as_bytes());
            self.replies.integer(value);
        }
        for (name, value) in [("mode", "standalone"), ("role", "master")] {
            self.replies.bulk(name.as_bytes());
            self.replies.bulk(value.as_bytes());
        }
        self.replies.bulk(b"modules");
        self.replies.array(0);
        Ok(())
    }

    pub(super) fn client(&mut self, arguments: &[&[u8]]) -> Answer {
        let subcommand = arguments[0].to_ascii_uppercase();
        match (subcommand.as_slice(), &arguments[1..]) {
            (b"SETNAME", [_]) | (b"SETINFO", [_, _]) => self.replies.status("OK"),
            (b"REPLY", [mode]) => return self.reply_mode(mode),
            _ => {
                let name = String::from_utf8_lossy(arguments[0]);
                return Err(format!(
                    "ERR unknown subcommand or wrong number of arguments for '{name}'. Try CLIENT HELP."
                ));
            }
        }
        Ok(())
    }

    pub(super) fn select(&mut self, arguments: &[&[u8]]) -> Answer {
        let index = core::str::from_utf8(arguments[0])
            .ok()
            .and_then(|text| text.parse::<i64>().ok());
        let index = index.ok_or(NO_INTEGER)?;
        let index = usize::try_from(index)
            .ok()
            .filter(|index| *index < DATABASES);
        self.session.database = index.ok_or("ERR DB index is out of range")?;
        self.replies.status("OK");
        Ok(())
    }

    pub(super) fn info(&mut self) -> Answer {
        let text = format!(
            "# Server\r\nredis_version:{VERSION}\r\nserver_name:respipe-testkit\r\nredis_mode:standalone\r\n"
        );
        self.replies.bulk(text.as_bytes());
        Ok(())
    }

    pub(super) fn quit(&mut self) -> Answer {
        self.replies.status("OK");
        Ok(())
    }

    /// Logs out, forgets what was agreed on and goes back to RESP2.
    pub(super) fn reset(&mut self) -> Answer {
        self.unsubscribe_all();
        self.session = Session::new(self.shared.password.is_none());
        self.replies.resp3 = false;
        self.replies.muted = false;
        self.replies.status("RESET");
        Ok(())
    }

    fn reply_mode(&mut self, mode: &[u8]) -> Answer {
        match mode.to_ascii_uppercase().as_slice() {
            b"ON" => {
                self.session.reply_mode = ReplyMode::On;
                self.replies.muted = false;
                self.replies.status("OK");
            }
            b"OFF" => self.session.reply_mode = ReplyMode::Off,
            b"SKIP" if self.session.reply_mode == ReplyMode::Off => {}
            b"SKIP" => self.session.reply_mode = ReplyMode::SkipNext,
            _ => return Err(SYNTAX.to_owned()),
        }
        Ok(())
    }

    /// Where no password is set the default user takes any.
    fn log_in(&mut self, user: &[u8], password: &[u8]) -> Answer {
        let expected = self.shared.password.as_deref();
        if user != b"default" || expected.is_some_and(|expected| expected.as_bytes() != password) {
            return Err(WRONG_PASSWORD.to_owned());
        }
        self.session.authenticated = true;
        Ok(())
    }
}

/// Whose manners this server has.
const VERSION: &str = "7.0.0";
