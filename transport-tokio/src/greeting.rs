//! What each connection begins with once the server has let us in: tracking, subscriptions.

use std::collections::BTreeSet;

use respipe_core::encode::CommandList;
use respipe_core::pipeline::Heap;
use respipe_core::{Instant, Pipeline, cmd};

use crate::calls::Tag;

/// What can be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A channel (SUBSCRIBE).
    Channel(Vec<u8>),
    /// All channels whose names match a pattern (PSUBSCRIBE).
    Pattern(Vec<u8>),
    /// A channel of a cluster's shard (SSUBSCRIBE).
    Shard(Vec<u8>),
}

impl Topic {
    /// A channel of this name.
    pub fn channel(name: impl AsRef<[u8]>) -> Self {
        Self::Channel(name.as_ref().to_vec())
    }

    /// All channels whose names match this pattern.
    pub fn pattern(pattern: impl AsRef<[u8]>) -> Self {
        Self::Pattern(pattern.as_ref().to_vec())
    }

    /// A shard's channel of this name.
    pub fn shard(name: impl AsRef<[u8]>) -> Self {
        Self::Shard(name.as_ref().to_vec())
    }

    /// The commands that subscribe and unsubscribe, and their argument.
    pub(crate) fn commands(&self) -> (&'static str, &'static str, &[u8]) {
        match self {
            Self::Channel(name) => ("SUBSCRIBE", "UNSUBSCRIBE", name),
            Self::Pattern(name) => ("PSUBSCRIBE", "PUNSUBSCRIBE", name),
            Self::Shard(name) => ("SSUBSCRIBE", "SUNSUBSCRIBE", name),
        }
    }
}

/// A channel.
impl From<&str> for Topic {
    fn from(name: &str) -> Self {
        Self::channel(name)
    }
}

/// What a connection begins with, and how much of that was sent.
#[derive(Debug, Default)]
pub(crate) struct Greeting {
    commands: CommandList,
    topics: BTreeSet<Topic>,
    /// Commands that were sent on this connection, and the last topic that was.
    said: usize,
    last: Option<Topic>,
    over: bool,
    subscriber: bool,
    needs_resp3: bool,
}

impl Greeting {
    /// A connection begins. The first has what its callers send.
    pub(crate) fn begin(&mut self, epoch: u32) {
        self.said = 0;
        self.last = None;
        self.over = epoch == 1;
    }

    pub(crate) const fn is_over(&self) -> bool {
        self.over
    }

    /// Whether the connection is there to be subscribed.
    pub(crate) const fn is_subscriber(&self) -> bool {
        self.subscriber
    }

    pub(crate) fn subscribes(&mut self) {
        self.subscriber = true;
    }

    /// Whether a connection that speaks RESP2 is of no use.
    pub(crate) const fn needs_resp3(&self) -> bool {
        self.needs_resp3
    }

    /// The next connection begins with this command, too.
    pub(crate) fn add(&mut self, command: &impl respipe_core::Command, needs_resp3: bool) {
        let _index = self.commands.push(command);
        self.needs_resp3 |= needs_resp3;
    }

    /// Whether the next connection subscribes to this. Returns whether it did before.
    pub(crate) fn set(&mut self, topic: &Topic, subscribed: bool) -> bool {
        match subscribed {
            true => !self.topics.insert(topic.clone()),
            false => !self.topics.remove(topic),
        }
    }

    /// Sends what there is room for.
    pub(crate) fn send(&mut self, pipeline: &mut Pipeline<Heap<Tag>>, now: Instant) {
        while let Some(command) = self.commands.get(self.said) {
            if pipeline.submit(&command, Tag::PUMP, now).is_err() {
                return;
            }
            self.said += 1;
        }
        loop {
            let next = match &self.last {
                None => self.topics.first(),
                Some(last) => {
                    use core::ops::Bound::{Excluded, Unbounded};
                    self.topics.range((Excluded(last), Unbounded)).next()
                }
            };
            let Some(topic) = next else {
                break;
            };
            let (subscribe, _, name) = topic.commands();
            let sent = pipeline.submit(&cmd(subscribe).arg(name), Tag::PUMP, now);
            if sent.is_err() {
                return;
            }
            self.last = Some(topic.clone());
        }
        self.over = true;
    }
}
