//! The commands: which there are, who may run them when, and where each is answered.

mod data;
mod pubsub;
mod session;
mod transaction;

use super::connection::{Connection, Next};

/// Every command and its arity as Redis counts it: with the name, negative where that is the least.
const COMMANDS: [(&str, i64); 29] = [
    ("AUTH", -2),
    ("CLIENT", -2),
    ("DBSIZE", 1),
    ("DEL", -2),
    ("DISCARD", 1),
    ("ECHO", 2),
    ("EXEC", 1),
    ("FLUSHALL", -1),
    ("GET", 2),
    ("HELLO", -1),
    ("INCR", 2),
    ("INFO", -1),
    ("LPUSH", -3),
    ("LRANGE", 4),
    ("MGET", -2),
    ("MSET", -3),
    ("MULTI", 1),
    ("PING", -1),
    ("PUBLISH", 3),
    ("QUIT", -1),
    ("RESET", 1),
    ("RPUSH", -3),
    ("SELECT", 2),
    ("SET", -3),
    ("SUBSCRIBE", -2),
    ("UNSUBSCRIBE", -1),
    ("XADD", -5),
    ("XLEN", 2),
    ("XRANGE", -4),
];

const SYNTAX: &str = "ERR syntax error";
const NO_INTEGER: &str = "ERR value is not an integer or out of range";
const NO_AUTH: &str = "NOAUTH Authentication required.";

/// Nothing, because the command has written its reply, or the error that is its reply.
type Answer = Result<(), String>;

impl Connection {
    /// Runs one command, or queues it if a transaction is open.
    pub(super) fn dispatch(&mut self, arguments: &[&[u8]]) -> Next {
        let name = String::from_utf8_lossy(arguments[0]).to_ascii_uppercase();
        if let Err(error) = self.admit(&name, arguments) {
            if let Some(transaction) = &mut self.session.transaction {
                transaction.failed = true;
            }
            self.replies.error(&error);
            return Next::Command;
        }
        let at_once = matches!(
            name.as_str(),
            "MULTI" | "EXEC" | "DISCARD" | "QUIT" | "RESET"
        );
        match &mut self.session.transaction {
            Some(transaction) if !at_once => {
                transaction.queue(arguments);
                self.replies.status("QUEUED");
            }
            _ => self.run(&name, arguments),
        }
        if name == "QUIT" {
            Next::Close
        } else {
            Next::Command
        }
    }

    /// Whether there is such a command, so called, and for this client now.
    fn admit(&self, name: &str, arguments: &[&[u8]]) -> Answer {
        let Some((_, arity)) = COMMANDS.iter().find(|(known, _)| *known == name) else {
            return Err(unknown(arguments));
        };
        let count = i64::try_from(arguments.len()).unwrap_or(i64::MAX);
        if count < arity.abs() || (*arity > 0 && count != *arity) {
            return Err(wrong_count(name));
        }
        if !self.session.authenticated && !matches!(name, "AUTH" | "HELLO" | "QUIT" | "RESET") {
            return Err(NO_AUTH.to_owned());
        }
        let listening = !self.session.channels.is_empty() && !self.replies.resp3;
        if listening
            && !matches!(
                name,
                "SUBSCRIBE" | "UNSUBSCRIBE" | "PING" | "QUIT" | "RESET"
            )
        {
            let name = name.to_ascii_lowercase();
            return Err(format!(
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
            ));
        }
        Ok(())
    }

    fn run(&mut self, name: &str, arguments: &[&[u8]]) {
        let rest = &arguments[1..];
        let answer = match name {
            "AUTH" => self.auth(rest),
            "CLIENT" => self.client(rest),
            "HELLO" => self.hello(rest),
            "INFO" => self.info(),
            "PING" => self.ping(rest),
            "QUIT" => self.quit(),
            "RESET" => self.reset(),
            "SELECT" => self.select(rest),
            "MULTI" => self.multi(),
            "EXEC" => self.exec(),
            "DISCARD" => self.discard(),
            "PUBLISH" => self.publish(rest),
            "SUBSCRIBE" => self.subscribe(rest),
            "UNSUBSCRIBE" => self.unsubscribe(rest),
            _ => self.run_on_data(name, rest),
        };
        if let Err(error) = answer {
            self.replies.error(&error);
        }
    }
}

fn unknown(arguments: &[&[u8]]) -> String {
    let quoted = |argument: &&[u8]| {
        format!(
            "'{}'",
            String::from_utf8_lossy(&argument[..argument.len().min(128)])
        )
    };
    let beginning: String = arguments[1..]
        .iter()
        .take(16)
        .map(|argument| quoted(argument) + " ")
        .collect();
    format!(
        "ERR unknown command {}, with args beginning with: {beginning}",
        quoted(&arguments[0])
    )
}

fn wrong_count(name: &str) -> String {
    format!(
        "ERR wrong number of arguments for '{}' command",
        name.to_ascii_lowercase()
    )
}
