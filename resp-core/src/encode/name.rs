//! The name of any command, for logs: its first argument and no other.

use super::{Command, Sink};
use crate::decode::header::{self, Parsed};

/// The first bytes of a command that are looked at: a header of at most 23 bytes, another, and a
/// name.
const LOOKED_AT: usize = 96;

/// A command's name, as its caller wrote it; nothing of its arguments.
///
/// ```
/// use respipe_core::cmd;
/// use respipe_core::encode::Name;
/// assert_eq!(Name::of(&cmd("AUTH").arg("hunter2")).as_str(), "AUTH");
/// ```
#[derive(Clone, Copy)]
pub struct Name {
    bytes: [u8; LOOKED_AT],
    start: usize,
    len: usize,
}

impl Name {
    /// The name of this command; `?` where it is longer than 40 bytes or no UTF-8.
    #[must_use]
    pub fn of<C: Command>(command: &C) -> Self {
        let mut this = Self {
            bytes: [0; LOOKED_AT],
            start: 0,
            len: 0,
        };
        command.encode(&mut Sink::new(&mut this.bytes));
        for _ in 0..2 {
            let rest = this.bytes.get(this.start..).unwrap_or_default();
            if let Ok(Parsed::Header(found)) = header::parse(rest, 0) {
                this.start = this.start.saturating_add(found.len);
                this.len = usize::try_from(found.value).unwrap_or(usize::MAX);
            }
        }
        this
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.start.saturating_add(self.len);
        let name = self.bytes.get(self.start..end).unwrap_or(b"?");
        match name.len() {
            ..=40 => core::str::from_utf8(name).unwrap_or("?"),
            _ => "?",
        }
    }
}

impl core::fmt::Debug for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd;
    use crate::encode::RawCommand;

    #[test]
    fn the_name_is_the_first_argument_and_nothing_else() {
        let long = "n".repeat(40);
        for name in ["GET", "client", "a b", "ü", &long] {
            assert_eq!(Name::of(&cmd(name).arg("secret")).as_str(), name);
            assert_eq!(Name::of(&cmd(name)).as_str(), name);
        }
        for name in ["n".repeat(41), "n".repeat(4_096)] {
            assert_eq!(Name::of(&cmd(&name).arg("secret")).as_str(), "?");
        }
        let auth = Name::of(&cmd("AUTH").arg("secret"));
        assert_eq!(std::format!("{auth:?}"), "AUTH", "for logs");
        let many = cmd("MSET").each((0..1_000).map(|n| (n, n)));
        assert_eq!(Name::of(&many).as_str(), "MSET");
        let bytes = b"*2\r\n$2\r\n\xff\xfe\r\n$6\r\nsecret\r\n";
        let (raw, _) = RawCommand::split(bytes).expect("whole");
        assert_eq!(Name::of(&raw).as_str(), "?");
    }
}
