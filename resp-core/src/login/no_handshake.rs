//! A build without the feature `login`: a connection begins with the caller's first command.

use core::marker::PhantomData;

/// What a connection begins with: nothing. Its fields come with the feature `login`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Login<'a> {
    nothing: PhantomData<&'a str>,
}

impl Login<'_> {
    /// Nothing.
    pub const NONE: Self = Self {
        nothing: PhantomData,
    };
}

/// No handshake: nothing is sent, and nothing is owed.
#[derive(Clone, Debug)]
pub(crate) struct Handshake;

impl Handshake {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn begin(&mut self, _login: &Login<'_>, _plain: bool) {}

    pub(crate) const fn rewind(&mut self, _plain: bool) {}

    pub(crate) const fn make(&mut self, _login: &Login<'_>) {}

    pub(crate) const fn is_ready(&self) -> bool {
        true
    }

    pub(crate) const fn is_owed(&self) -> bool {
        false
    }

    pub(crate) const fn awaits_hello(&self) -> bool {
        false
    }

    pub(crate) const fn is_resp3(&self) -> bool {
        false
    }

    pub(crate) const fn is_transmitting(&self) -> bool {
        false
    }

    pub(crate) const fn rest(&self) -> &[u8] {
        &[]
    }

    pub(crate) const fn transmitted(&mut self, _n: usize) {}
}
