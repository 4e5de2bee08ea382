//! What a server does with a command: a small model, independent of the client's.

use super::super::scenario::HELLO;

/// What a server sends for one command.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// The reply; `None` where it is owed none.
    pub(super) reply: Option<Vec<u8>>,
    /// Pushes that go before the reply.
    pub(super) before: Vec<Vec<u8>>,
    /// Pushes that stand inside the reply.
    pub(super) inside: Vec<Vec<u8>>,
    /// The server runs nothing behind it until it has answered.
    pub(super) blocks: bool,
}

/// `CLIENT REPLY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mute {
    #[default]
    On,
    /// Set by SKIP: the next command's.
    Next,
    Off,
}

/// One connection's session on the server.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    resp3: bool,
    mute: Mute,
    /// What EXEC will run; what it subscribes to is subscribed to only then.
    queued: Option<Vec<Vec<Vec<u8>>>>,
    channels: Vec<Vec<u8>>,
}

const OK: &[u8] = b"+OK\r\n";

impl Session {
    pub(super) fn is_resp3(&self) -> bool {
        self.resp3
    }

    /// Runs a command.
    pub(super) fn run(&mut self, words: &[Vec<u8>]) -> Answer {
        let upper: Vec<Vec<u8>> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let upper: Vec<&[u8]> = upper.iter().map(Vec::as_slice).collect();
        let was = self.mute;
        if was == Mute::Next {
            self.mute = Mute::On;
        }
        let mut answer = match upper.as_slice() {
            [b"RESET"] => {
                *self = Self::default();
                // Redis 7.0 leaves SKIP as it is.
                return match was {
                    Mute::Next => Answer::default(),
                    _ => Answer::of(b"+RESET\r\n"),
                };
            }
            [b"CLIENT", b"REPLY", b"ON"] => {
                self.mute = Mute::On;
                return Answer::of(OK);
            }
            [b"CLIENT", b"REPLY", b"OFF"] => {
                self.mute = Mute::Off;
                return Answer::default();
            }
            [b"CLIENT", b"REPLY", b"SKIP"] => {
                if was != Mute::Off {
                    self.mute = Mute::Next;
                }
                return Answer::default();
            }
            _ => self.run_audibly(&upper, words),
        };
        if was != Mute::On {
            // Confirmations are pushes and come all the same.
            if upper
                .first()
                .is_some_and(|name| name.ends_with(b"SUBSCRIBE"))
                && self.queued.is_none()
            {
                answer.before.extend(answer.reply);
            }
            // One that is owed nothing cannot be waited for.
            answer.blocks = false;
            answer.reply = None;
            answer.inside.clear();
        }
        answer
    }

    fn run_audibly(&mut self, upper: &[&[u8]], words: &[Vec<u8>]) -> Answer {
        match (upper, &mut self.queued) {
            ([b"HELLO", ..], _) => {
                self.resp3 = true;
                Answer::of(HELLO)
            }
            ([b"MULTI"], Some(_)) => Answer::of(b"-ERR MULTI calls can not be nested\r\n"),
            ([b"MULTI"], queued) => {
                *queued = Some(Vec::new());
                Answer::of(OK)
            }
            ([b"EXEC"], queued) => match queued.take() {
                None => Answer::of(b"-ERR EXEC without MULTI\r\n"),
                Some(commands) => {
                    let mut reply = format!("*{}\r\n", commands.len()).into_bytes();
                    for words in commands {
                        match words[0].to_ascii_uppercase() {
                            name if name.ends_with(b"SUBSCRIBE") => {
                                reply.extend(self.confirmations(&[&name], &words).concat());
                            }
                            _ => reply.extend(b":7\r\n"),
                        }
                    }
                    Answer::of(&reply)
                }
            },
            ([b"DISCARD"], queued) => match queued.take() {
                None => Answer::of(b"-ERR DISCARD without MULTI\r\n"),
                Some(_) => Answer::of(OK),
            },
            ([b"WATCH", ..], Some(_)) => Answer::of(b"-ERR WATCH inside MULTI is not allowed\r\n"),
            ([b"SUBSCRIBE" | b"UNSUBSCRIBE", ..], None) => {
                let mut before = self.confirmations(upper, words);
                let reply = before.pop();
                Answer {
                    reply,
                    before,
                    ..Answer::default()
                }
            }
            (_, Some(queued)) => {
                queued.push(words.to_vec());
                Answer::of(b"+QUEUED\r\n")
            }
            ([b"BLPOP", ..], None) => Answer {
                blocks: true,
                ..Answer::of(b"*-1\r\n")
            },
            ([b"ECHO", ..], None) => self.echo(words),
            _ => Answer::of(OK),
        }
    }

    fn confirmations(&mut self, upper: &[&[u8]], words: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let subscribes = upper[0] == b"SUBSCRIBE";
        let mut named: Vec<Option<Vec<u8>>> = words[1..].iter().cloned().map(Some).collect();
        if named.is_empty() {
            named = self.channels.iter().cloned().map(Some).collect();
        }
        if named.is_empty() {
            named.push(None);
        }
        let kind = upper[0].to_ascii_lowercase();
        let mut confirmations = Vec::new();
        for channel in named {
            self.channels
                .retain(|known| Some(known) != channel.as_ref());
            if let (true, Some(channel)) = (subscribes, &channel) {
                self.channels.push(channel.clone());
            }
            let mut wire = if self.resp3 {
                b">3\r\n".to_vec()
            } else {
                b"*3\r\n".to_vec()
            };
            wire.extend(bulk(&kind));
            wire.extend(channel.map_or(b"_\r\n".to_vec(), |channel| bulk(&channel)));
            wire.extend(format!(":{}\r\n", self.channels.len()).as_bytes());
            confirmations.push(wire);
        }
        confirmations
    }

    /// `ECHO tag shape size`: a reply of this shape that names the tag.
    fn echo(&self, words: &[Vec<u8>]) -> Answer {
        let [_, tag, shape, size, ..] = words else {
            return Answer::of(b"-ERR wrong number of arguments\r\n");
        };
        let tag = String::from_utf8_lossy(tag);
        let size: usize = String::from_utf8_lossy(size).parse().unwrap_or(0);
        let text = format!("{tag}:{}", "x".repeat(size));
        let element = bulk(text.as_bytes());
        let mut answer = Answer::default();
        let reply = match (shape.as_slice(), self.resp3) {
            (b"status", _) => format!("+{text}\r\n").into_bytes(),
            (b"error", _) => format!("-ERR {text}\r\n").into_bytes(),
            (b"integer", _) => format!(":{tag}\r\n").into_bytes(),
            (b"array", _) => [b"*3\r\n*1\r\n", element.as_slice(), b"$-1\r\n", &element].concat(),
            (b"map", true) => {
                [b"%1\r\n|1\r\n+a\r\n#t\r\n+k\r\n~1\r\n", element.as_slice()].concat()
            }
            (b"pushed", true) => {
                let push = [
                    b">2\r\n$10\r\ninvalidate\r\n".to_vec(),
                    bulk(tag.as_bytes()),
                ]
                .concat();
                answer.inside = vec![push.clone(), push.clone()];
                [b"*2\r\n", push.as_slice(), &element, &push, b"_\r\n"].concat()
            }
            _ => element,
        };
        answer.reply = Some(reply);
        answer
    }
}

impl Answer {
    fn of(reply: &[u8]) -> Self {
        Self {
            reply: Some(reply.to_vec()),
            ..Self::default()
        }
    }
}

fn bulk(text: &[u8]) -> Vec<u8> {
    let mut wire = format!("${}\r\n", text.len()).into_bytes();
    wire.extend(text);
    wire.extend(b"\r\n");
    wire
}
