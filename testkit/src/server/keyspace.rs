//! The databases, bounded in bytes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::data::Value;

pub(super) const DATABASES: usize = 16;

/// All that the server stores, in bytes.
const MEMORY: usize = 256 * 1024 * 1024;
/// What an element costs besides its bytes, roughly.
const OVERHEAD: usize = 64;

const OUT_OF_MEMORY: &str = "OOM command not allowed when used memory > 'maxmemory'.";

/// Sixteen databases.
#[derive(Debug)]
pub(super) struct Keyspace {
    databases: [HashMap<Vec<u8>, Value>; DATABASES],
    /// Bytes ever stored since the last FLUSHALL: an upper bound of those in use, cheap to keep. Replacing a value counts the
    /// difference only.
    used: usize,
}

impl Default for Keyspace {
    fn default() -> Self {
        Self {
            databases: core::array::from_fn(|_| HashMap::new()),
            used: 0,
        }
    }
}

impl Keyspace {
    pub(super) fn read(&self, database: usize, key: &[u8]) -> Option<&Value> {
        self.databases[database].get(key)
    }

    /// The value under this key, made if there is none; `bytes` are about to be added to it.
    pub(super) fn grow(
        &mut self,
        database: usize,
        key: &[u8],
        bytes: usize,
        empty: impl FnOnce() -> Value,
    ) -> Result<&mut Value, &'static str> {
        self.charge(bytes + key.len() + OVERHEAD)?;
        Ok(self.databases[database]
            .entry(key.to_vec())
            .or_insert_with(empty))
    }

    pub(super) fn set(
        &mut self,
        database: usize,
        key: &[u8],
        text: Vec<u8>,
    ) -> Result<(), &'static str> {
        let old = match self.read(database, key) {
            Some(Value::Text(old)) => key.len() + old.len() + OVERHEAD,
            _ => 0,
        };
        self.charge(key.len() + text.len() + OVERHEAD)?;
        self.used -= old;
        match self.databases[database].entry(key.to_vec()) {
            Entry::Occupied(mut entry) => *entry.get_mut() = Value::Text(text),
            Entry::Vacant(entry) => drop(entry.insert(Value::Text(text))),
        }
        Ok(())
    }

    /// Whether there was such a key.
    pub(super) fn remove(&mut self, database: usize, key: &[u8]) -> bool {
        let removed = self.databases[database].remove(key);
        if let Some(Value::Text(text)) = &removed {
            self.used -= key.len() + text.len() + OVERHEAD;
        }
        removed.is_some()
    }

    pub(super) fn len(&self, database: usize) -> usize {
        self.databases[database].len()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn charge(&mut self, bytes: usize) -> Result<(), &'static str> {
        if self.used + bytes > MEMORY {
            return Err(OUT_OF_MEMORY);
        }
        self.used += bytes;
        Ok(())
    }
}
