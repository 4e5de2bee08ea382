//! What the clients are asked to do: five commands, each with a fixed set of keys and a reply of known size.

use crate::Result;

/// How many keys a workload goes round over.
const KEYS: usize = 100;

/// Bytes of a small key and of a small value.
const SMALL: usize = 16;

/// Elements that LRANGE reads.
const ELEMENTS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Set,
    Get,
    Get4K,
    Lrange,
    Xadd,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Set, Kind::Get, Kind::Get4K, Kind::Lrange, Kind::Xadd];

    /// The name in arguments and machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Set => "set",
            Kind::Get => "get",
            Kind::Get4K => "get4k",
            Kind::Lrange => "lrange",
            Kind::Xadd => "xadd",
        }
    }

    /// The title above its table.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Set => "SET, key and value of 16 bytes",
            Kind::Get => "GET of 16 bytes",
            Kind::Get4K => "GET of 4 KiB",
            Kind::Lrange => "LRANGE of 100 x 16 bytes",
            Kind::Xadd => "XADD of one field of 16 bytes",
        }
    }

    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a reply is some kilobytes, so that fewer commands make a measurement.
    pub fn is_heavy(self) -> bool {
        matches!(self, Kind::Get4K | Kind::Lrange)
    }

    /// Bytes of payload in a reply; XADD's depend on the server's clock.
    fn reply_bytes(self) -> Option<usize> {
        match self {
            Kind::Set => Some("OK".len()),
            Kind::Get => Some(SMALL),
            Kind::Get4K => Some(4096),
            Kind::Lrange => Some(ELEMENTS * SMALL),
            Kind::Xadd => None,
        }
    }
}

/// One kind with its keys and value at hand, so that making them is no part of a measurement.
#[derive(Debug)]
pub struct Workload {
    pub kind: Kind,
    keys: Vec<String>,
    pub value: [u8; SMALL],
}

impl Workload {
    pub fn new(kind: Kind) -> Workload {
        let keys = (0..KEYS)
            .map(|index| format!("{:_<6}{index:010}", kind.name()))
            .collect();
        Workload {
            kind,
            keys,
            value: *b"0123456789abcdef",
        }
    }

    /// The keys, round and round.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str).cycle()
    }

    /// Puts the keys into the state that the workload expects.
    pub fn prepare(&self, control: &mut redis::Connection) -> Result<()> {
        let mut pipe = redis::pipe();
        for key in &self.keys {
            pipe.cmd("DEL").arg(key);
            match self.kind {
                Kind::Set | Kind::Get => pipe.cmd("SET").arg(key).arg(&self.value),
                Kind::Get4K => pipe.cmd("SET").arg(key).arg(&[b'x'; 4096]),
                Kind::Lrange => pipe
                    .cmd("RPUSH")
                    .arg(key)
                    .arg(vec![&self.value[..]; ELEMENTS]),
                Kind::Xadd => &mut pipe,
            };
        }
        Ok(pipe.exec(control)?)
    }

    /// Checks that a client saw every reply whole.
    pub fn check(&self, client: &str, count: usize, tally: Tally) -> Result<()> {
        let bytes = match (tally.bytes, self.kind.reply_bytes()) {
            (Some(seen), Some(each)) => seen == each * count,
            (Some(seen), None) => seen >= "1-0".len() * count,
            (None, _) => true,
        };
        if tally.replies == count && bytes {
            return Ok(());
        }
        Err(format!(
            "{client} was to see {count} replies to {} and saw {tally:?}",
            self.kind.title()
        )
        .into())
    }
}

/// What a client saw of the replies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub replies: usize,
    /// Bytes of payload that were visited; the floor visits none.
    pub bytes: Option<usize>,
}

impl Tally {
    /// Adds a reply of that many bytes.
    #[inline]
    pub fn add(&mut self, bytes: usize) {
        self.replies += 1;
        *self.bytes.get_or_insert(0) += bytes;
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: Tally) {
        self.replies += other.replies;
        if let Some(bytes) = other.bytes {
            *self.bytes.get_or_insert(0) += bytes;
        }
    }
}
