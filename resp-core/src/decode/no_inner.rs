//! A build without the feature `resp3`: there are no pushes.

use super::framer::Step;
use super::header::Header;

/// No push inside an aggregate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inner;

impl Inner {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) const fn owed(&self) -> usize {
        0
    }

    pub(crate) const fn handed_out(&self) -> u32 {
        0
    }

    pub(crate) const fn awaits_kind(&self) -> bool {
        false
    }

    pub(crate) const fn begin(&mut self, _header: Header, _start: usize, _owed: usize) {}

    pub(crate) const fn judge(
        &mut self,
        _bytes: &[u8],
        _header: Header,
        _at: usize,
    ) -> Option<bool> {
        Some(false)
    }

    pub(crate) const fn whole(&mut self, _owed: usize, _at: usize) -> Option<Step> {
        None
    }

    pub(crate) const fn holds_room(&self) -> bool {
        false
    }

    pub(crate) const fn give_up(&mut self) -> (usize, bool) {
        (0, false)
    }
}
