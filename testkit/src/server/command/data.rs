//! Commands on keys.

use std::collections::VecDeque;
use std::sync::PoisonError;

use super::super::connection::Connection;
use super::super::data::{Value, range};
use super::super::keyspace::Keyspace;
use super::super::replies::Replies;
use super::super::stream::Stream;
use super::{Answer, NO_INTEGER, SYNTAX, wrong_count};

/// The keyspace, the database in use, and where the answer goes.
struct Data<'a> {
    keyspace: &'a mut Keyspace,
    database: usize,
    replies: &'a mut Replies,
}

impl Connection {
    pub(super) fn run_on_data(&mut self, name: &str, arguments: &[&[u8]]) -> Answer {
        let mut keyspace = self
            .shared
            .keyspace
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut data = Data {
            keyspace: &mut keyspace,
            database: self.session.database,
            replies: &mut self.replies,
        };
        match (name, arguments) {
            ("DBSIZE", []) => data.replies.count(data.keyspace.len(data.database)),
            ("DEL", keys) => data.del(keys),
            ("ECHO", [text]) => data.replies.bulk(text),
            ("FLUSHALL", _) => data.flush_all(),
            ("GET", [key]) => data.get(key)?,
            ("INCR", [key]) => data.incr(key)?,
            ("LPUSH", [key, elements @ ..]) => data.push(key, elements, VecDeque::push_front)?,
            ("LRANGE", [key, from, to]) => data.lrange(key, from, to)?,
            ("MGET", keys) => data.mget(keys),
            ("MSET", pairs) => data.mset(pairs)?,
            ("RPUSH", [key, elements @ ..]) => data.push(key, elements, VecDeque::push_back)?,
            ("SET", [key, value]) => data.set(key, value)?,
            ("XADD", [key, id, fields @ ..]) => data.xadd(key, id, fields)?,
            ("XLEN", [key]) => data.xlen(key)?,
            ("XRANGE", [key, from, to]) => data.xrange(key, from, to)?,
            _ => return Err(SYNTAX.to_owned()),
        }
        Ok(())
    }
}

impl Data<'_> {
    fn get(&mut self, key: &[u8]) -> Answer {
        let text = self
            .keyspace
            .read(self.database, key)
            .map(Value::text)
            .transpose()?;
        self.replies.bulk_or_null(text);
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Answer {
        self.keyspace.set(self.database, key, value.to_vec())?;
        self.replies.status("OK");
        Ok(())
    }

    fn incr(&mut self, key: &[u8]) -> Answer {
        let text = self
            .keyspace
            .read(self.database, key)
            .map(Value::text)
            .transpose()?;
        let number = text.map_or(Ok(0), integer)?.checked_add(1);
        let number = number.ok_or("ERR increment or decrement would overflow")?;
        self.keyspace
            .set(self.database, key, number.to_string().into_bytes())?;
        self.replies.integer(number);
        Ok(())
    }

    fn mget(&mut self, keys: &[&[u8]]) {
        self.replies.array(keys.len());
        for key in keys {
            let value = self.keyspace.read(self.database, key);
            self.replies
                .bulk_or_null(value.and_then(|value| value.text().ok()));
        }
    }

    fn mset(&mut self, pairs: &[&[u8]]) -> Answer {
        let (pairs, rest) = pairs.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(wrong_count("MSET"));
        }
        for [key, value] in pairs {
            self.keyspace.set(self.database, key, value.to_vec())?;
        }
        self.replies.status("OK");
        Ok(())
    }

    fn del(&mut self, keys: &[&[u8]]) {
        let removed = keys
            .iter()
            .filter(|key| self.keyspace.remove(self.database, key))
            .count();
        self.replies.count(removed);
    }

    fn flush_all(&mut self) {
        self.keyspace.clear();
        self.replies.status("OK");
    }

    fn push(
        &mut self,
        key: &[u8],
        elements: &[&[u8]],
        push: fn(&mut VecDeque<Vec<u8>>, Vec<u8>),
    ) -> Answer {
        let value = self
            .keyspace
            .grow(self.database, key, bytes(elements), || {
                Value::List(VecDeque::new())
            })?;
        let list = value.list_mut()?;
        for element in elements {
            push(list, element.to_vec());
        }
        self.replies.count(list.len());
        Ok(())
    }

    fn lrange(&mut self, key: &[u8], from: &[u8], to: &[u8]) -> Answer {
        let (from, to) = (integer(from)?, integer(to)?);
        let list = self
            .keyspace
            .read(self.database, key)
            .map(Value::list)
            .transpose()?;
        let range = range(list.map_or(0, VecDeque::len), from, to);
        self.replies.array(range.len());
        for element in list.into_iter().flat_map(|list| list.range(range.clone())) {
            self.replies.bulk(element);
        }
        Ok(())
    }

    fn xadd(&mut self, key: &[u8], id: &[u8], fields: &[&[u8]]) -> Answer {
        if !fields.len().is_multiple_of(2) {
            return Err(wrong_count("XADD"));
        }
        // Before a stream is made for an id that cannot be.
        let old = self
            .keyspace
            .read(self.database, key)
            .map(Value::stream)
            .transpose()?;
        let id = old.unwrap_or(&Stream::default()).next_id(id)?;
        let value = self.keyspace.grow(self.database, key, bytes(fields), || {
            Value::Stream(Stream::default())
        })?;
        value
            .stream_mut()?
            .add(id, fields.iter().map(|field| field.to_vec()).collect());
        self.replies.bulk(id.to_string().as_bytes());
        Ok(())
    }

    fn xlen(&mut self, key: &[u8]) -> Answer {
        let stream = self
            .keyspace
            .read(self.database, key)
            .map(Value::stream)
            .transpose()?;
        self.replies.count(stream.map_or(0, Stream::len));
        Ok(())
    }

    fn xrange(&mut self, key: &[u8], from: &[u8], to: &[u8]) -> Answer {
        let stream = self
            .keyspace
            .read(self.database, key)
            .map(Value::stream)
            .transpose()?;
        let entries = stream.map_or(Ok(Default::default()), |stream| stream.range(from, to))?;
        self.replies.array(entries.len());
        for (id, fields) in entries {
            self.replies.array(2);
            self.replies.bulk(id.to_string().as_bytes());
            self.replies.array(fields.len());
            for field in fields {
                self.replies.bulk(field);
            }
        }
        Ok(())
    }
}

fn integer(text: &[u8]) -> Result<i64, String> {
    let text = core::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    text.ok_or_else(|| NO_INTEGER.to_owned())
}

fn bytes(parts: &[&[u8]]) -> usize {
    parts
        .iter()
        .map(|part| part.len() + size_of::<Vec<u8>>())
        .sum()
}
