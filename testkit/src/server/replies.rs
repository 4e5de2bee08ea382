//! The replies of one read, in order, in the connection's protocol.

use respipe_core::Kind;
use respipe_core::encode::{Sink, Writer};

/// No header and no line end of a reply is longer than this, in bytes.
const AROUND: usize = 32;

/// Replies on their way out.
#[derive(Debug, Default)]
pub(super) struct Replies {
    bytes: Vec<u8>,
    pub(super) resp3: bool,
    /// Replies are swallowed (CLIENT REPLY); what subscriptions bring is not.
    pub(super) muted: bool,
}

impl Replies {
    pub(super) fn new(resp3: bool) -> Self {
        Self {
            resp3,
            ..Self::default()
        }
    }

    pub(super) fn status(&mut self, text: &str) {
        self.put(text.len(), |writer| {
            writer.status(text);
        });
    }

    pub(super) fn error(&mut self, text: &str) {
        self.put(text.len(), |writer| {
            writer.error(text);
        });
    }

    pub(super) fn integer(&mut self, n: i64) {
        self.put(0, |writer| {
            writer.integer(n);
        });
    }

    /// A number of things.
    pub(super) fn count(&mut self, n: usize) {
        self.integer(i64::try_from(n).unwrap_or(i64::MAX));
    }

    pub(super) fn bulk(&mut self, bytes: &[u8]) {
        self.put(bytes.len(), |writer| {
            writer.bulk(bytes);
        });
    }

    pub(super) fn bulk_or_null(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None if self.resp3 => self.put(0, |writer| {
                writer.null();
            }),
            None => self.put(0, |writer| {
                writer.null_bulk();
            }),
        }
    }

    pub(super) fn array(&mut self, count: usize) {
        self.aggregate(Kind::Array, count);
    }

    /// A map of so many pairs; a flat array before RESP3.
    pub(super) fn map(&mut self, pairs: usize) {
        match self.resp3 {
            true => self.aggregate(Kind::Map, pairs),
            false => self.array(pairs * 2),
        }
    }

    /// What a subscription brings: a push, a plain array before RESP3.
    pub(super) fn push(&mut self, count: usize) {
        self.aggregate(if self.resp3 { Kind::Push } else { Kind::Array }, count);
    }

    /// Whole values that were written elsewhere, muted or not.
    pub(super) fn append(&mut self, values: &[u8]) {
        self.bytes.extend_from_slice(values);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    fn aggregate(&mut self, kind: Kind, count: usize) {
        self.put(0, |writer| {
            writer.aggregate(kind, count);
        });
    }

    /// Lets the core's writer write a value whose text or bytes are this long.
    fn put(&mut self, len: usize, write: impl FnOnce(&mut Writer<'_, '_>)) {
        if self.muted {
            return;
        }
        let start = self.bytes.len();
        self.bytes.resize(start + len + AROUND, 0);
        let mut sink = Sink::new(&mut self.bytes[start..]);
        write(&mut Writer::new(&mut sink));
        let left = sink.room();
        self.bytes.truncate(self.bytes.len() - left);
    }
}
