//! A command built argument by argument.

use super::argument::{Argument, Arguments, Each, One, Then, argument_len, header_len, put_header};
use super::{Command, Sink, Traits};
use crate::session::Class;

/// A command built argument by argument, without a heap: its type grows with its arguments.
#[derive(Clone, Copy, Debug)]
#[must_use = "a command does nothing until it is submitted"]
pub struct Cmd<'n, L = ()> {
    name: &'n str,
    arguments: L,
    replayable: bool,
    reply_hint: u32,
}

/// A command of this name, without further arguments.
///
/// The name is one word: what Redis calls a subcommand is an argument
/// (`cmd("CLIENT").arg("ID")`). An empty name is refused when the command is submitted.
#[inline]
pub const fn cmd(name: &str) -> Cmd<'_> {
    Cmd {
        name,
        arguments: (),
        replayable: false,
        reply_hint: 0,
    }
}

impl<'n, L> Cmd<'n, L> {
    /// Adds one argument.
    #[inline]
    pub fn arg<A: Argument>(self, argument: A) -> Cmd<'n, Then<L, One<A>>> {
        self.args(One(argument))
    }

    /// Adds a list of arguments: a tuple, a slice or an array.
    #[inline]
    pub fn args<M>(self, list: M) -> Cmd<'n, Then<L, M>> {
        Cmd {
            name: self.name,
            arguments: Then(self.arguments, list),
            replayable: self.replayable,
            reply_hint: self.reply_hint,
        }
    }

    /// Adds every list that an iterator yields, such as the pairs of an `MSET`. The iterator is
    /// cloned and walked three times.
    #[inline]
    pub fn each<I>(self, lists: I) -> Cmd<'n, Then<L, Each<I::IntoIter>>>
    where
        I: IntoIterator<IntoIter: Clone, Item: Arguments>,
    {
        self.args(Each(lists.into_iter()))
    }

    /// Declares that running this command again is safe even after everything that was sent
    /// behind it has run, so that it may be sent again after a link died.
    #[inline]
    pub const fn replayable(mut self) -> Self {
        self.replayable = true;
        self
    }

    /// Says how many bytes the reply is likely to have, for the window of reply bytes. On a machine of 32 bits
    /// no more count than can be summed up over all slots.
    #[inline]
    pub const fn reply_hint(mut self, bytes: u32) -> Self {
        self.reply_hint = bytes;
        self
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'n str {
        self.name
    }
}

impl<L: Arguments> Cmd<'_, L> {
    /// The length of the command with `more` further arguments announced and not counted.
    pub(crate) fn prefix_len(&self, more: usize) -> usize {
        let count = self.argument_count().saturating_add(more);
        header_len(count)
            .saturating_add(argument_len(self.name.len()))
            .saturating_add(self.arguments.encoded_len())
    }

    /// Appends the command with `more` further arguments announced.
    pub(crate) fn encode_prefix(&self, more: usize, sink: &mut Sink<'_>) {
        put_header(b'*', self.argument_count().saturating_add(more), sink);
        One(self.name).encode(sink);
        self.arguments.encode(sink);
    }
}

impl<L: Arguments> Command for Cmd<'_, L> {
    #[inline]
    fn argument_count(&self) -> usize {
        self.arguments.count().saturating_add(1)
    }

    #[inline]
    fn encoded_len(&self) -> usize {
        header_len(self.argument_count())
            .saturating_add(argument_len(self.name.len()))
            .saturating_add(self.arguments.encoded_len())
    }

    #[inline]
    fn encode(&self, sink: &mut Sink<'_>) {
        put_header(b'*', self.argument_count(), sink);
        One(self.name).encode(sink);
        self.arguments.encode(sink);
    }

    #[inline]
    fn traits(&self) -> Traits {
        Traits {
            class: Class::of(self.name.as_bytes()),
            replayable: self.replayable,
            reply_hint: self.reply_hint,
        }
    }
}
