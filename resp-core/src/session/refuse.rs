//! The guard of a build without the feature `session`: it keeps no account, because it takes no
//! command that would need one.

use core::marker::PhantomData;

use super::{Refusal, Settled};
use crate::Frame;
use crate::decode::push::Confirmation;
use crate::kind::RESP3;

/// What a command does to the session: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Effect {
    /// One reply, no change.
    #[default]
    Plain = 0,
}

impl Effect {
    pub(crate) const fn is_barrier(self) -> bool {
        false
    }

    pub(crate) const fn is_bound(self) -> bool {
        false
    }

    pub(crate) const fn is_subscription(self) -> bool {
        false
    }

    pub(crate) const fn confirms_inside(self) -> bool {
        false
    }
}

/// The words of a command, which nobody looks at: how many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    count: usize,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> Words<'a> {
    pub(crate) const fn new(_first: &'a [u8], _second: &'a [u8], count: usize) -> Self {
        Self {
            count,
            bytes: PhantomData,
        }
    }
}

/// The state of a session that only the handshake changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    resp3: bool,
}

impl Session {
    pub(crate) const NEW: Self = Self { resp3: false };

    pub(crate) const fn start(&mut self) {
        self.resp3 = false;
    }

    pub(crate) const fn set_resp3(&mut self, resp3: bool) {
        self.resp3 = resp3;
    }

    pub(crate) const fn is_resp3(&self) -> bool {
        RESP3 && self.resp3
    }

    pub(crate) const fn is_clean(&self) -> bool {
        true
    }

    #[cfg(feature = "pieces")]
    pub(crate) const fn has_lines(&self) -> bool {
        false
    }

    pub(crate) const fn binds(&self) -> bool {
        false
    }

    pub(crate) const fn is_watchful(&self) -> bool {
        false
    }

    pub(crate) fn admit_shared(
        &self,
        special: Option<Words<'_>>,
    ) -> Result<(Effect, u16), Refusal> {
        self.admit(special)
    }

    pub(crate) fn admit(&self, special: Option<Words<'_>>) -> Result<(Effect, u16), Refusal> {
        self.check_pieces(special)?;
        Ok((Effect::Plain, 1))
    }

    pub(crate) const fn check_pieces(&self, special: Option<Words<'_>>) -> Result<(), Refusal> {
        match special {
            Some(Words { count: 0, .. }) => Err(Refusal::Empty),
            Some(_) => Err(Refusal::NeedsSession),
            None => Ok(()),
        }
    }

    pub(crate) const fn watches(&self, _effect: Effect) -> bool {
        false
    }

    pub(crate) const fn sent(&self, _effect: Effect) -> bool {
        false
    }

    pub(crate) const fn book(&self, _confirmation: Confirmation, _count: u32) {}

    #[cfg(feature = "pieces")]
    pub(crate) const fn is_message(&self, _bytes: &[u8], _frame: Frame) -> bool {
        false
    }

    pub(crate) fn settle(
        &mut self,
        _head: Option<(Effect, u16)>,
        _bytes: &[u8],
        frame: Frame,
    ) -> Settled {
        #[cfg(feature = "resp3")]
        if frame.kind == crate::Kind::Push {
            return Settled::Push;
        }
        let _ = frame;
        Settled::Answered
    }

    pub(crate) fn settle_cut(
        &mut self,
        head: Option<(Effect, u16)>,
        bytes: &[u8],
        frame: Frame,
        _last: &[u8],
    ) -> Settled {
        self.settle(head, bytes, frame)
    }
}
