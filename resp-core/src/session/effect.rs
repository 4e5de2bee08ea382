//! The table: what a name and its arguments make of a command.

use super::words::Words;
use crate::decode::push::Scope;

/// What a command does to the session, as far as a pipeline has to know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Effect {
    /// One reply, no change.
    #[default]
    Plain = 0,
    /// One reply, which may take as long as it likes. From here to `Hello3`: barriers.
    Blocking = 1,
    Monitor = 2,
    Reset = 3,
    Quit = 4,
    Hello2 = 5,
    Hello3 = 6,
    /// One reply; later commands depend on it having run on this very connection.
    Binding,
    Watch,
    Unwatch,
    Multi,
    /// Ends MULTI.
    Exec,
    /// The same where a subscription was queued: its array holds confirmations. By its words it
    /// is [`Exec`](Self::Exec); the guard knows what came before.
    ExecConfirming,
    Discard,
    ReplyOff,
    ReplySkip,
    ReplyOn,
    /// As many confirmations as channels, or one reply.
    Subscribe,
    Psubscribe,
    Ssubscribe,
    Unsubscribe,
    Punsubscribe,
    Sunsubscribe,
    /// Breaks framing for good wherever it stands: replication, the script debugger.
    Foreign,
    /// No name at all: gets no reply.
    Nameless,
}

impl Effect {
    /// What the command with these words does; the worst that it may do, where some are still to come.
    pub(crate) fn of(mut words: Words<'_>) -> Self {
        let Some(name) = words.next() else {
            return Self::Nameless;
        };
        let arguments = words.left();
        match Rule::of(name.as_bytes()) {
            None => Self::Plain,
            Some(Rule::Always(effect)) => effect,
            Some(Rule::Alone(effect)) if arguments == 0 => effect,
            Some(Rule::Naming(effect)) if arguments > 0 => effect,
            Some(Rule::Alone(_) | Rule::Naming(_)) => Self::Plain,
            Some(Rule::Read) => {
                // Keys come behind STREAMS; one of them may be called BLOCK.
                let mut options = words.take_while(|word| word.as_bytes() != b"STREAMS");
                if options.any(|word| word.as_bytes() == b"BLOCK" || word.is_cut()) {
                    Self::Blocking
                } else {
                    Self::Plain
                }
            }
            Some(Rule::Hello) => match words.next() {
                None => Self::Plain,
                Some(version) if version.as_bytes() == b"2" => Self::Hello2,
                Some(_) => Self::Hello3,
            },
            Some(Rule::Client) => Self::of_client(words),
            Some(Rule::Script) => match words.next() {
                Some(word) if word.as_bytes() == b"DEBUG" || word.is_cut() => Self::Foreign,
                _ => Self::Plain,
            },
        }
    }

    fn of_client(mut words: Words<'_>) -> Self {
        let Some(word) = words.next() else {
            return Self::Plain;
        };
        let bound = b"TRACKING CACHING SETNAME NO-EVICT NO-TOUCH";
        if is_one_of(word.as_bytes(), bound) || word.is_cut() {
            return Self::Binding;
        }
        let switch = match (word.as_bytes(), words.left()) {
            (b"REPLY", 1) => words.next(),
            _ => None,
        };
        if switch.is_some_and(|word| word.is_cut()) {
            return Self::Binding;
        }
        match switch.as_ref().map(super::words::Word::as_bytes) {
            Some(b"OFF") => Self::ReplyOff,
            Some(b"SKIP") => Self::ReplySkip,
            Some(b"ON") => Self::ReplyOn,
            _ => Self::Plain,
        }
    }

    /// Whether nothing may be sent behind it until it is answered.
    pub(crate) const fn is_barrier(self) -> bool {
        matches!(
            self,
            Self::Blocking | Self::Monitor | Self::Reset | Self::Quit | Self::Hello2 | Self::Hello3
        )
    }

    /// Whether it must run on the connection that it was submitted for, or not at all.
    pub(crate) const fn is_bound(self) -> bool {
        !matches!(self, Self::Plain | Self::Blocking)
    }

    /// Whether all that follows depends on it, until RESET.
    pub(crate) const fn lasts(self) -> bool {
        self.is_bound()
            && !matches!(
                self,
                Self::Multi
                    | Self::Exec
                    | Self::ExecConfirming
                    | Self::Discard
                    | Self::Watch
                    | Self::Unwatch
                    | Self::Reset
            )
    }

    /// Whether it is answered by confirmations.
    pub(crate) const fn is_subscription(self) -> bool {
        self.subscription().is_some()
    }

    /// Whether confirmations stand inside its reply.
    pub(crate) const fn confirms_inside(self) -> bool {
        matches!(self, Self::ExecConfirming)
    }

    /// Which subscriptions it changes, and whether it adds to them.
    pub(crate) const fn subscription(self) -> Option<(Scope, bool)> {
        Some(match self {
            Self::Subscribe => (Scope::Channels, true),
            Self::Psubscribe => (Scope::Patterns, true),
            Self::Ssubscribe => (Scope::Shards, true),
            Self::Unsubscribe => (Scope::Channels, false),
            Self::Punsubscribe => (Scope::Patterns, false),
            Self::Sunsubscribe => (Scope::Shards, false),
            _ => return None,
        })
    }
}

/// What a name says of its command.
#[derive(Clone, Copy)]
enum Rule {
    Always(Effect),
    /// Without arguments; with some it is an error, and nothing more.
    Alone(Effect),
    /// With arguments.
    Naming(Effect),
    Read,
    Hello,
    Client,
    Script,
}

/// Names that share a rule, with spaces between them: a table of words costs a small machine eight
/// bytes more for each.
static RULES: [(&[u8], Rule); 22] = {
    use Effect as E;
    use Rule::{Alone, Always, Client, Hello, Naming, Read, Script};
    [
        (
            b"BLPOP BRPOP BLMOVE BLMPOP BZMPOP BZPOPMAX BZPOPMIN BRPOPLPUSH WAIT WAITAOF",
            Always(E::Blocking),
        ),
        (b"XREAD XREADGROUP", Read),
        (b"MULTI", Alone(E::Multi)),
        (b"EXEC", Alone(E::Exec)),
        (b"DISCARD", Alone(E::Discard)),
        (b"WATCH", Always(E::Watch)),
        (b"UNWATCH", Alone(E::Unwatch)),
        (b"SUBSCRIBE", Naming(E::Subscribe)),
        (b"PSUBSCRIBE", Naming(E::Psubscribe)),
        (b"SSUBSCRIBE", Naming(E::Ssubscribe)),
        (b"UNSUBSCRIBE", Always(E::Unsubscribe)),
        (b"PUNSUBSCRIBE", Always(E::Punsubscribe)),
        (b"SUNSUBSCRIBE", Always(E::Sunsubscribe)),
        (b"AUTH SELECT ASKING READONLY READWRITE", Always(E::Binding)),
        (b"CLIENT", Client),
        (b"HELLO", Hello),
        (b"MONITOR", Always(E::Monitor)),
        (b"RESET", Alone(E::Reset)),
        (b"QUIT", Always(E::Quit)),
        (b"SCRIPT", Script),
        (b"SYNC PSYNC REPLCONF", Always(E::Foreign)),
        (b"", Always(E::Nameless)),
    ]
};

impl Rule {
    /// The rule for a name in upper case, if it has one.
    fn of(name: &[u8]) -> Option<Self> {
        let rule = RULES.iter().find(|(names, _)| is_one_of(name, names));
        rule.map(|(_, rule)| *rule)
    }
}

/// Whether `name` is one of these words, which have spaces between them.
fn is_one_of(name: &[u8], words: &[u8]) -> bool {
    words.split(|&byte| byte == b' ').any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Class;

    #[test]
    fn a_name_is_special_exactly_where_there_is_a_rule_for_it() {
        for (names, _) in RULES {
            for name in names.split(|&byte| byte == b' ') {
                assert_eq!(Class::of(name), Class::Special, "{}", name.escape_ascii());
            }
        }
        let named: usize = RULES
            .iter()
            .map(|(names, _)| names.split(|&byte| byte == b' ').count())
            .sum();
        assert_eq!(
            named, 38,
            "as many names as `Class::of` lists, the empty one included"
        );
    }
}
