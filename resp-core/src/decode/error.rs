//! What a server can get wrong in the bytes that it sends.

/// Broken protocol from the server: what is wrong, and where.
///
/// The stream cannot be read any further: a connection that met one must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct DecodeError {
    /// What is wrong.
    pub kind: DecodeErrorKind,
    /// Where the broken line begins, or, behind a bulk string, where CRLF belongs: bytes since
    /// the frame began, or, in an error of a pipeline, since the connection was opened. Of a line
    /// longer than a pipeline's `rx`: where its end is broken.
    pub offset: u64,
}

/// What is wrong in the bytes of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A value begins with a byte that is no type of RESP.
    UnknownType(u8),
    /// A streamed string or aggregate (`$?`, `*?`), which no server sends.
    StreamedType,
    /// A length, count or integer has a byte that is no digit, or no digit at all.
    BadDigit(u8),
    /// A length, count or integer is out of its range, or the values announced are more than
    /// a `usize` counts.
    OutOfRange,
    /// A CR that no LF follows, or an LF without CR.
    BadLineEnd,
    /// The bytes behind a bulk string are not CRLF.
    BadTerminator,
    /// A boolean that is neither `#t` nor `#f`.
    BadBoolean,
    /// A null that is not `_`.
    BadNull,
}

impl core::fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownType(byte) => write!(f, "byte 0x{byte:02x} is no type of RESP"),
            Self::StreamedType => f.write_str("streamed types are not supported"),
            Self::BadDigit(byte) => write!(f, "byte 0x{byte:02x} where a digit belongs"),
            Self::OutOfRange => f.write_str("number out of range"),
            Self::BadLineEnd => f.write_str("line not ended by CR LF"),
            Self::BadTerminator => f.write_str("bulk string not ended by CR LF"),
            Self::BadBoolean => f.write_str("boolean that is neither t nor f"),
            Self::BadNull => f.write_str("null with something in it"),
        }
    }
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.kind)
    }
}

impl core::error::Error for DecodeError {}
