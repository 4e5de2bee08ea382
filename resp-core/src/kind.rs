//! The types of RESP values, by their first byte on the wire.

/// Whether this build knows what only RESP3 has; where not, all that asks for it compiles to nothing.
pub(crate) const RESP3: bool = cfg!(feature = "resp3");

/// The type of a RESP value (RESP specification, "RESP protocol description").
///
/// Both protocol versions share one list. The null forms of RESP2 (`$-1`, `*-1`) and of RESP3
/// (`_`) are all [`Kind::Null`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u32)]
pub enum Kind {
    /// `+`: a simple string, such as `+OK`; any bytes but CR and LF.
    Status = b'+' as u32,
    /// `-`: a simple error, such as `-WRONGTYPE …`.
    Error = b'-' as u32,
    /// `:`: a signed 64-bit integer.
    Integer = b':' as u32,
    /// `$`: bytes with their length in front.
    Bulk = b'$' as u32,
    /// `*`: an array.
    Array = b'*' as u32,
    /// `_`, `$-1` or `*-1`: null.
    Null = b'_' as u32,
    /// `#`: a boolean.
    Boolean = b'#' as u32,
    /// `,`: a double, as text.
    Double = b',' as u32,
    /// `(`: an integer of any size, as text.
    BigNumber = b'(' as u32,
    /// `!`: an error with its length in front.
    BulkError = b'!' as u32,
    /// `=`: text with its length and a three-letter format in front.
    Verbatim = b'=' as u32,
    /// `%`: a map; its count is in pairs.
    Map = b'%' as u32,
    /// `~`: a set.
    Set = b'~' as u32,
    /// `>`: a push, which is no reply unless it confirms a subscription.
    Push = b'>' as u32,
    /// `|`: attributes of the value that follows; their count is in pairs.
    Attribute = b'|' as u32,
}

impl Kind {
    /// Those that this build knows.
    pub(crate) const KNOWN: &[Self] = &[
        Self::Status,
        Self::Error,
        Self::Integer,
        Self::Bulk,
        Self::Array,
        #[cfg(feature = "resp3")]
        Self::Null,
        #[cfg(feature = "resp3")]
        Self::Boolean,
        #[cfg(feature = "resp3")]
        Self::Double,
        #[cfg(feature = "resp3")]
        Self::BigNumber,
        #[cfg(feature = "resp3")]
        Self::BulkError,
        #[cfg(feature = "resp3")]
        Self::Verbatim,
        #[cfg(feature = "resp3")]
        Self::Map,
        #[cfg(feature = "resp3")]
        Self::Set,
        #[cfg(feature = "resp3")]
        Self::Push,
        #[cfg(feature = "resp3")]
        Self::Attribute,
    ];

    /// Whether values of this kind are counts of further values. A build without the feature `resp3` meets
    /// none of the types that only RESP3 has, and does not know them here either.
    #[must_use]
    pub const fn is_aggregate(self) -> bool {
        match self {
            Self::Array => true,
            Self::Map | Self::Set | Self::Push | Self::Attribute => RESP3,
            _ => false,
        }
    }

    /// Whether values of this kind carry a length, that many bytes, and a CRLF.
    #[must_use]
    pub const fn is_bulk(self) -> bool {
        match self {
            Self::Bulk => true,
            Self::BulkError | Self::Verbatim => RESP3,
            _ => false,
        }
    }

    /// Whether a value of this kind is an error of the server.
    #[must_use]
    pub const fn is_error(self) -> bool {
        match self {
            Self::Error => true,
            Self::BulkError => RESP3,
            _ => false,
        }
    }

    /// Whether values of this kind are one line of text.
    pub(crate) const fn is_line(self) -> bool {
        match self {
            Self::Status | Self::Error => true,
            Self::Double | Self::BigNumber => RESP3,
            _ => false,
        }
    }

    /// Whether this is a push of RESP3.
    pub(crate) const fn is_push(self) -> bool {
        RESP3 && matches!(self, Self::Push)
    }

    /// Whether these are attributes.
    pub(crate) const fn is_attribute(self) -> bool {
        RESP3 && matches!(self, Self::Attribute)
    }

    /// The English noun for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Error => "error",
            Self::Integer => "integer",
            Self::Bulk => "bulk string",
            Self::Array => "array",
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Double => "double",
            Self::BigNumber => "big number",
            Self::BulkError => "bulk error",
            Self::Verbatim => "verbatim string",
            Self::Map => "map",
            Self::Set => "set",
            Self::Push => "push",
            Self::Attribute => "attribute",
        }
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
