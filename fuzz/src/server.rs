//! A model of a Redis server's session, as far as it decides what answers what: Redis 7.0, which 6.2 to 8.2 and Valkey resemble in
//! all of it. No sockets, no data.

use std::collections::BTreeSet;

/// What a server sends for one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Pushes, or what RESP2 has in their place, before the reply.
    pub(crate) before: Vec<u8>,
    /// The reply; `None` where none is owed. Of a subscription the last confirmation.
    pub(crate) reply: Option<Vec<u8>>,
    /// The server closes behind it.
    pub(crate) closes: bool,
}

/// `CLIENT REPLY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mute {
    #[default]
    On,
    Next,
    Off,
}

/// What is subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Channels,
    Patterns,
    Shards,
}

/// One connection's session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    resp3: bool,
    mute: Mute,
    /// Between MULTI and EXEC: what was queued.
    queue: Option<Vec<Vec<Vec<u8>>>>,
    dirty: bool,
    monitors: bool,
    subscribed: [BTreeSet<Vec<u8>>; 3],
}

const OK: &[u8] = b"+OK\r\n";

impl Server {
    /// Runs one command.
    pub(crate) fn run(&mut self, words: &[Vec<u8>]) -> Answer {
        let name = words[0].to_ascii_uppercase();
        let was = self.mute;
        if was == Mute::Next {
            self.mute = Mute::On;
        }
        let mut answer = Answer::default();
        if self.monitors {
            let line = format!("+0.1 [0 x] \"{}\"\r\n", name.escape_ascii());
            answer.before.extend(line.as_bytes());
        }
        let quits = name == b"QUIT";
        if name == b"RESET" && words.len() == 1 {
            *self = Self::default();
            // Redis 7.0 leaves SKIP as it is.
            answer.reply = (was != Mute::Next).then(|| b"+RESET\r\n".to_vec());
            return answer;
        }
        let turns_on = self.run_or_queue(&name, words, &mut answer);
        let muted = was != Mute::On && !turns_on;
        if muted {
            // Confirmations and messages come all the same, errors do not.
            let confirms = subscription(&name).is_some() && self.queue.is_none();
            if confirms && answer.reply.as_ref().is_none_or(|reply| reply[0] != b'-') {
                answer
                    .before
                    .extend(answer.reply.take().unwrap_or_default());
            }
            answer.reply = None;
        }
        // Redis 7.0 closes behind the answer, or not at all.
        answer.closes = quits && !muted;
        answer
    }

    /// Whether replies are on from this one on.
    fn run_or_queue(&mut self, name: &[u8], words: &[Vec<u8>], answer: &mut Answer) -> bool {
        if let Some(error) = self.refuse(name, words) {
            self.dirty |= self.queue.is_some();
            answer.reply = Some(error);
            return false;
        }
        let at_once = [&b"MULTI"[..], b"EXEC", b"DISCARD", b"QUIT", b"WATCH"].contains(&name);
        if let (Some(queue), false) = (&mut self.queue, at_once) {
            queue.push(words.to_vec());
            answer.reply = Some(b"+QUEUED\r\n".to_vec());
            return false;
        }
        match (name, &mut self.queue) {
            (b"MULTI", Some(_)) => {
                answer.reply = Some(b"-ERR MULTI calls can not be nested\r\n".to_vec());
            }
            (b"WATCH", Some(_)) => {
                answer.reply = Some(b"-ERR WATCH inside MULTI is not allowed\r\n".to_vec());
            }
            (b"MULTI", queue) => {
                *queue = Some(Vec::new());
                self.dirty = false;
                answer.reply = Some(OK.to_vec());
            }
            (b"EXEC", queue) => match queue.take() {
                None => answer.reply = Some(b"-ERR EXEC without MULTI\r\n".to_vec()),
                Some(_) if self.dirty => {
                    answer.reply = Some(b"-EXECABORT Transaction discarded\r\n".to_vec());
                }
                Some(queue) => self.execute(&queue, answer),
            },
            (b"DISCARD", queue) => {
                answer.reply = Some(match queue.take() {
                    None => b"-ERR DISCARD without MULTI\r\n".to_vec(),
                    Some(_) => OK.to_vec(),
                });
            }
            _ => return self.execute_one(name, words, answer),
        }
        false
    }

    /// EXEC: messages to oneself stand between the elements.
    fn execute(&mut self, queue: &[Vec<Vec<u8>>], answer: &mut Answer) {
        let mut reply = format!("*{}\r\n", queue.len()).into_bytes();
        for words in queue {
            let name = words[0].to_ascii_uppercase();
            let mut element = Answer::default();
            self.execute_one(&name, words, &mut element);
            reply.extend(element.before);
            reply.extend(element.reply.unwrap_or_default());
        }
        answer.reply = Some(reply);
    }

    fn execute_one(&mut self, name: &[u8], words: &[Vec<u8>], answer: &mut Answer) -> bool {
        if let Some((scope, adds)) = subscription(name) {
            self.subscribe(name, scope, adds, &words[1..], answer);
            return false;
        }
        let reply = match (name, words) {
            (b"CLIENT", [_, word, mode]) if word.eq_ignore_ascii_case(b"REPLY") => {
                match mode.to_ascii_uppercase().as_slice() {
                    b"ON" => {
                        self.mute = Mute::On;
                        answer.reply = Some(OK.to_vec());
                        return true;
                    }
                    b"OFF" => self.mute = Mute::Off,
                    b"SKIP" if self.mute != Mute::Off => self.mute = Mute::Next,
                    b"SKIP" => {}
                    _ => {
                        answer.reply = Some(b"-ERR syntax error\r\n".to_vec());
                        return false;
                    }
                }
                return false;
            }
            (b"HELLO", [_, version, ..]) => match version.as_slice() {
                b"2" | b"3" => {
                    self.resp3 = version == b"3";
                    self.hello()
                }
                _ => b"-NOPROTO unsupported protocol version\r\n".to_vec(),
            },
            (b"HELLO", _) => self.hello(),
            (b"ECHO", [_, text]) => bulk(text),
            (b"PING", [_]) if self.listens() => b"*2\r\n$4\r\npong\r\n$0\r\n\r\n".to_vec(),
            (b"PING", _) => b"+PONG\r\n".to_vec(),
            (b"MONITOR", _) => {
                self.monitors = true;
                OK.to_vec()
            }
            (b"PUBLISH", [_, channel, text]) => {
                let own = self.publish(channel, text, answer);
                format!(":{}\r\n", usize::from(own)).into_bytes()
            }
            (b"GET", [_, key]) => {
                // As with `notify-keyspace-events`, and a channel for each key.
                self.publish(key, b"keymiss", answer);
                bulk(b"v")
            }
            // To a client that is no replica it says nothing.
            (b"REPLCONF", _) => return false,
            (b"SELECT", [_, database]) if database.len() > 1 => {
                b"-ERR DB index is out of range\r\n".to_vec()
            }
            (b"BLPOP", _) if self.resp3 => b"_\r\n".to_vec(),
            (b"BLPOP", _) => b"*-1\r\n".to_vec(),
            (b"LPUSH", _) => b"-WRONGTYPE Operation against a key\r\n".to_vec(),
            (b"LRANGE", _) => b"*2\r\n$7\r\nmessage\r\n$9\r\nsubscribe\r\n".to_vec(),
            (b"EVAL", _) => b":7\r\n".to_vec(),
            (b"EVALSHA", _) => b"-NOSCRIPT No matching script.\r\n".to_vec(),
            _ => OK.to_vec(),
        };
        answer.reply = Some(reply);
        false
    }

    fn refuse(&self, name: &[u8], words: &[Vec<u8>]) -> Option<Vec<u8>> {
        let arity = ARITIES.iter().find(|(known, _)| *known == name);
        let Some((_, arity)) = arity else {
            return Some(b"-ERR unknown command\r\n".to_vec());
        };
        let given = words.len() as i64;
        if given < arity.abs() || (*arity > 0 && given != *arity) {
            return Some(b"-ERR wrong number of arguments\r\n".to_vec());
        }
        let allowed = subscription(name).is_some() || matches!(name, b"PING" | b"QUIT" | b"RESET");
        (self.listens() && !allowed)
            .then(|| format!("-ERR Can't execute '{}'\r\n", name.escape_ascii()).into_bytes())
    }

    /// A RESP2 connection with subscriptions knows few commands.
    fn listens(&self) -> bool {
        !self.resp3 && self.subscribed.iter().any(|names| !names.is_empty())
    }

    /// Whether the message is one to ourselves.
    fn publish(&self, channel: &Vec<u8>, text: &[u8], answer: &mut Answer) -> bool {
        let own = self.subscribed[Scope::Channels as usize].contains(channel);
        if own {
            answer.before.extend(self.pushed(3));
            for part in [b"message", channel.as_slice(), text] {
                answer.before.extend(bulk(part));
            }
        }
        own
    }

    fn subscribe(
        &mut self,
        name: &[u8],
        scope: Scope,
        adds: bool,
        names: &[Vec<u8>],
        answer: &mut Answer,
    ) {
        let mut names: Vec<Option<Vec<u8>>> = names.iter().cloned().map(Some).collect();
        if names.is_empty() {
            let all = self.subscribed[scope as usize].iter().cloned().map(Some);
            names = all.collect();
        }
        if names.is_empty() {
            names.push(None);
        }
        for channel in names {
            if let Some(channel) = &channel {
                let subscribed = &mut self.subscribed[scope as usize];
                match adds {
                    true => subscribed.insert(channel.clone()),
                    false => subscribed.remove(channel),
                };
            }
            let count = match scope {
                Scope::Shards => self.subscribed[2].len(),
                _ => self.subscribed[0].len() + self.subscribed[1].len(),
            };
            let mut confirmation = self.pushed(3);
            confirmation.extend(bulk(&name.to_ascii_lowercase()));
            confirmation.extend(match &channel {
                Some(channel) => bulk(channel),
                None if self.resp3 => b"_\r\n".to_vec(),
                None => b"$-1\r\n".to_vec(),
            });
            confirmation.extend(format!(":{count}\r\n").as_bytes());
            answer
                .before
                .extend(answer.reply.replace(confirmation).unwrap_or_default());
        }
    }

    fn pushed(&self, count: usize) -> Vec<u8> {
        format!("{}{count}\r\n", if self.resp3 { '>' } else { '*' }).into_bytes()
    }

    fn hello(&self) -> Vec<u8> {
        let header: &[u8] = if self.resp3 { b"%1\r\n" } else { b"*2\r\n" };
        [header, b"$6\r\nserver\r\n$5\r\nredis\r\n"].concat()
    }
}

/// Arity as Redis counts it: with the name, negative where that is the least.
const ARITIES: &[(&[u8], i64)] = &[
    (b"BLPOP", -3),
    (b"CLIENT", -2),
    (b"DISCARD", 1),
    (b"ECHO", 2),
    (b"EVAL", -3),
    (b"EVALSHA", -3),
    (b"EXEC", 1),
    (b"GET", 2),
    (b"HELLO", -1),
    (b"LPUSH", -3),
    (b"LRANGE", 4),
    (b"MONITOR", 1),
    (b"MULTI", 1),
    (b"PING", -1),
    (b"PSUBSCRIBE", -2),
    (b"PUBLISH", 3),
    (b"PUNSUBSCRIBE", -1),
    (b"QUIT", -1),
    (b"REPLCONF", -1),
    (b"RESET", 1),
    (b"SELECT", 2),
    (b"SSUBSCRIBE", -2),
    (b"SUBSCRIBE", -2),
    (b"SUNSUBSCRIBE", -1),
    (b"UNSUBSCRIBE", -1),
    (b"UNWATCH", 1),
    (b"WATCH", -2),
];

fn subscription(name: &[u8]) -> Option<(Scope, bool)> {
    Some(match name {
        b"SUBSCRIBE" => (Scope::Channels, true),
        b"PSUBSCRIBE" => (Scope::Patterns, true),
        b"SSUBSCRIBE" => (Scope::Shards, true),
        b"UNSUBSCRIBE" => (Scope::Channels, false),
        b"PUNSUBSCRIBE" => (Scope::Patterns, false),
        b"SUNSUBSCRIBE" => (Scope::Shards, false),
        _ => return None,
    })
}

fn bulk(text: &[u8]) -> Vec<u8> {
    let mut wire = format!("${}\r\n", text.len()).into_bytes();
    wire.extend(text);
    wire.extend(b"\r\n");
    wire
}
