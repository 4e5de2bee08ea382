//! Which names the guard looks at.

/// Whether a command's name is one that the session guard has to look at.
///
/// Decided once, by the length and the letters of the name: when compiling for a
/// [`template!`](crate::template), when submitted for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Class {
    /// One reply, whatever its arguments, and no change of the session.
    Plain,
    /// The guard looks at the arguments; without the feature `session` it refuses the command.
    Special,
}

impl Class {
    /// The class of a command by its name, in any case of letters.
    #[must_use]
    #[inline]
    pub const fn of(name: &[u8]) -> Self {
        let special = match name.len() {
            0 => true,
            4 => any(name, &[b"AUTH", b"EXEC", b"QUIT", b"SYNC", b"WAIT"]),
            5 => any(
                name,
                &[
                    b"BLPOP", b"BRPOP", b"HELLO", b"MULTI", b"PSYNC", b"RESET", b"WATCH", b"XREAD",
                ],
            ),
            6 => any(
                name,
                &[
                    b"ASKING", b"BLMOVE", b"BLMPOP", b"BZMPOP", b"CLIENT", b"SCRIPT", b"SELECT",
                ],
            ),
            7 => any(name, &[b"DISCARD", b"MONITOR", b"UNWATCH", b"WAITAOF"]),
            8 => any(name, &[b"BZPOPMAX", b"BZPOPMIN", b"READONLY", b"REPLCONF"]),
            9 => any(name, &[b"READWRITE", b"SUBSCRIBE"]),
            10 => any(
                name,
                &[b"BRPOPLPUSH", b"PSUBSCRIBE", b"SSUBSCRIBE", b"XREADGROUP"],
            ),
            11 => any(name, &[b"UNSUBSCRIBE"]),
            12 => any(name, &[b"PUNSUBSCRIBE", b"SUNSUBSCRIBE"]),
            _ => false,
        };
        match special {
            true => Self::Special,
            false => Self::Plain,
        }
    }
}

/// Whether `name` is one of `words`, all of its length and in upper case.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "bounded by the loops' conditions, without iterators in a const fn"
)]
const fn any(name: &[u8], words: &[&[u8]]) -> bool {
    let mut w = 0;
    while w < words.len() {
        let word = words[w];
        let mut i = 0;
        while i < name.len() && i < word.len() && name[i].to_ascii_uppercase() == word[i] {
            i += 1;
        }
        if i == word.len() {
            return true;
        }
        w += 1;
    }
    false
}
