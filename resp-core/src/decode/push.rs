//! The one rule about pushes: which of them are elements and replies, and which are neither.
//!
//! RESP3 pushes come anywhere, also between the elements of an array (Redis 6.2 and 7.0, KeyDB:
//! a message published to oneself in MULTI), where they are no elements. The confirmation of a
//! subscription that ran in MULTI is one. Only the push's kind, its first element, tells.

use super::header::Header;
use crate::Kind;

/// Which subscriptions a confirmation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Channels,
    Patterns,
    Shards,
}

/// A confirmation's kind: what it confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Confirmation {
    pub(crate) scope: Scope,
    /// `subscribe` and its kin; otherwise `unsubscribe` and its kin.
    pub(crate) subscribed: bool,
}

/// The longest kind of a confirmation, `punsubscribe`, in bytes.
pub(crate) const LONGEST: usize = 12;

impl Confirmation {
    /// What a push, or an array of RESP2, of this kind confirms, if anything.
    pub(crate) fn of(kind: &[u8]) -> Option<Self> {
        let (scope, subscribed) = match kind.strip_suffix(b"subscribe")? {
            b"" => (Scope::Channels, true),
            b"p" => (Scope::Patterns, true),
            b"s" => (Scope::Shards, true),
            b"un" => (Scope::Channels, false),
            b"pun" => (Scope::Patterns, false),
            b"sun" => (Scope::Shards, false),
            _ => return None,
        };
        Some(Self { scope, subscribed })
    }
}

/// The kind of the push whose elements are `bytes` and begin with `header`: a string that is the
/// first of them. Empty where it cannot be one that means anything; `None` if more bytes are
/// needed.
pub(crate) fn kind(bytes: &[u8], header: Header) -> Option<&[u8]> {
    let body = bytes.get(header.body()..)?;
    let len = match usize::try_from(header.value) {
        Ok(len) if len <= LONGEST => len,
        _ => return Some(&[]),
    };
    match header.kind {
        Kind::Bulk | Kind::Status => body.get(..len),
        _ => Some(&[]),
    }
}

/// Whether a push of this kind is an element of the aggregate that it stands in.
pub(crate) fn is_element(kind: &[u8]) -> bool {
    Confirmation::of(kind).is_some()
}
