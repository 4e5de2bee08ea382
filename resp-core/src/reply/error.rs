//! What a server's error says.

use core::fmt::{self, Write as _};

/// An error of the server, as it stands in the reply: `-WRONGTYPE Operation against a key …`.
///
/// A server's error is a reply like any other; nothing of the connection is broken by it. Its
/// text may hold bytes that are not UTF-8.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ServerError<'a> {
    text: &'a [u8],
}

impl<'a> ServerError<'a> {
    /// The error of this text, without the type byte and the line end.
    #[inline]
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self { text }
    }

    /// The whole text: code, space, message.
    #[inline]
    #[must_use]
    pub const fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The first word, such as `WRONGTYPE`: what programs decide by, because the message differs
    /// between servers and versions. Empty if it is not UTF-8.
    #[must_use]
    pub fn code(&self) -> &'a str {
        core::str::from_utf8(self.word()).unwrap_or_default()
    }

    /// What stands behind the code, for people.
    #[must_use]
    pub fn message(&self) -> &'a [u8] {
        self.split().1
    }

    /// The code as one of those that programs decide by.
    #[must_use]
    pub fn kind(&self) -> ErrorCode {
        ErrorCode::of(self.word())
    }

    /// The bytes of the first word.
    pub(super) fn word(&self) -> &'a [u8] {
        self.split().0
    }

    fn split(&self) -> (&'a [u8], &'a [u8]) {
        let end = self.text.iter().position(|byte| *byte == b' ');
        match end.and_then(|end| self.text.split_at_checked(end)) {
            Some((code, message)) => (code, message.get(1..).unwrap_or_default()),
            None => (self.text, &[]),
        }
    }
}

/// The text, with U+FFFD where bytes are not UTF-8.
impl fmt::Display for ServerError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lossy(self.text, f)
    }
}

impl fmt::Debug for ServerError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerError(")?;
        write_lossy(self.text, f)?;
        f.write_char(')')
    }
}

impl core::error::Error for ServerError<'_> {}

#[cfg(feature = "defmt")]
impl defmt::Format for ServerError<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "error {=[u8]:a}", self.text);
    }
}

pub(super) fn write_lossy(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        f.write_str(chunk.valid())?;
        if !chunk.invalid().is_empty() {
            f.write_char(char::REPLACEMENT_CHARACTER)?;
        }
    }
    Ok(())
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal,)+) => {
        /// The codes of servers' errors that programs decide by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $variant,)+
            /// Any other first word; [`ServerError::code`] has it.
            Other,
        }

        impl ErrorCode {
            /// The code that is this word.
            #[must_use]
            pub fn of(word: &[u8]) -> Self {
                const ALL: &[ErrorCode] = &[$(ErrorCode::$variant),+];
                let code = ALL.iter().find(|code| code.as_str().as_bytes() == word);
                code.copied().unwrap_or(Self::Other)
            }

            /// The word on the wire; empty for [`Other`](Self::Other).
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                    Self::Other => "",
                }
            }
        }
    };
}

codes! {
    /// Anything that has no code of its own; only the message tells.
    Err = "ERR",
    /// The key holds another type.
    WrongType = "WRONGTYPE",
    /// The server still reads its data from disk; try again later.
    Loading = "LOADING",
    /// A script or function runs for too long; try again later.
    Busy = "BUSY",
    /// A write was sent to a replica.
    ReadOnly = "READONLY",
    /// Cluster: the slot lives elsewhere, for good.
    Moved = "MOVED",
    /// Cluster: the slot lives elsewhere, for this once.
    Ask = "ASK",
    /// Cluster: the keys of one command are being moved; try again later.
    TryAgain = "TRYAGAIN",
    /// Cluster: the keys of one command are in different slots.
    CrossSlot = "CROSSSLOT",
    /// Cluster: it cannot serve at present.
    ClusterDown = "CLUSTERDOWN",
    /// The command needs more memory than the server may use.
    Oom = "OOM",
    /// No script has this hash.
    NoScript = "NOSCRIPT",
    /// Authentication is required.
    NoAuth = "NOAUTH",
    /// Wrong user name or password.
    WrongPass = "WRONGPASS",
    /// The user may not do this.
    NoPerm = "NOPERM",
    /// The protocol version is not supported.
    NoProto = "NOPROTO",
    /// The transaction was given up because one of its commands was refused.
    ExecAbort = "EXECABORT",
    /// The replica has lost its master and may not serve old data.
    MasterDown = "MASTERDOWN",
    /// The server refuses writes because it cannot save.
    MisConf = "MISCONF",
    /// Fewer replicas than are required.
    NoReplicas = "NOREPLICAS",
    /// The target key exists.
    BusyKey = "BUSYKEY",
    /// The consumer group exists.
    BusyGroup = "BUSYGROUP",
    /// No such consumer group.
    NoGroup = "NOGROUP",
    /// The script has written already and cannot be killed.
    Unkillable = "UNKILLABLE",
    /// No script runs that could be killed.
    NotBusy = "NOTBUSY",
    /// The blocked command was ended because its key or the server's role changed.
    Unblocked = "UNBLOCKED",
    /// The operation is already under way.
    InProg = "INPROG",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Other => "other",
            known => known.as_str(),
        })
    }
}
