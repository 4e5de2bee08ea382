//! What we accept, hiredis accepts with the same values: its reader, through five functions.
//!
//! The declarations stand here and not in a crate: what the crates bind is their own copy of hiredis, and the one to compare with is
//! the system's. Where the system has none, the target does nothing.

use respipe_core::decode::DecodeErrorKind;

/// Reads the replies in these bytes both ways.
///
/// # Panics
/// If there is a difference that is none of the known kinds.
#[cfg_attr(
    not(hiredis),
    expect(unused_variables, reason = "there is nothing to compare with")
)]
pub fn target(bytes: &[u8]) {
    #[cfg(hiredis)]
    reader::compare(bytes);
}

/// Whether the system had hiredis when this was built.
pub const IS_THERE: bool = cfg!(hiredis);

/// What it accepts and we refuse, by our reason (hiredis 0.14).
#[must_use]
pub fn theirs(reason: DecodeErrorKind) -> Option<&'static str> {
    Some(match reason {
        DecodeErrorKind::BadTerminator => "the two bytes behind a bulk string are not looked at",
        DecodeErrorKind::BadLineEnd => "a CR or an LF alone may stand in a line",
        _ => return None,
    })
}

#[cfg(hiredis)]
mod reader {
    #![expect(unsafe_code, reason = "calls into a C library")]

    use core::ffi::{c_char, c_int, c_longlong, c_void};
    use core::ptr::{self, NonNull};
    use core::slice;

    use respipe_core::reply::{Cursor, Value};
    use respipe_core::{Framer, Reply};

    use super::theirs;
    use crate::framing::is_deep;
    use crate::reference::{self, Read};

    /// `redisReply`.
    #[repr(C)]
    struct RawReply {
        kind: c_int,
        integer: c_longlong,
        #[cfg(hiredis = "1")]
        double: f64,
        len: usize,
        str: *const u8,
        #[cfg(hiredis = "1")]
        vtype: [c_char; 4],
        elements: usize,
        element: *const NonNull<RawReply>,
    }

    // `REDIS_REPLY_…`
    const STRING: c_int = 1;
    const ARRAY: c_int = 2;
    const INTEGER: c_int = 3;
    const NIL: c_int = 4;
    const STATUS: c_int = 5;
    const ERROR: c_int = 6;

    // SAFETY: the declarations are those of read.h and hiredis.h, 0.14 to 1.x.
    unsafe extern "C" {
        fn redisReaderCreate() -> *mut c_void;
        fn redisReaderFree(reader: *mut c_void);
        fn redisReaderFeed(reader: *mut c_void, bytes: *const c_char, len: usize) -> c_int;
        fn redisReaderGetReply(reader: *mut c_void, reply: *mut *mut c_void) -> c_int;
        fn freeReplyObject(reply: *mut c_void);
    }

    struct Reader(NonNull<c_void>);

    /// A reply of its making, freed when it is dropped.
    struct Owned(NonNull<RawReply>);

    impl Reader {
        fn new(bytes: &[u8]) -> Self {
            // SAFETY: it takes nothing and gives a reader or null.
            let reader = unsafe { redisReaderCreate() };
            let reader = Self(NonNull::new(reader).expect("memory"));
            // SAFETY: the reader is alive, and copies the bytes, which are as long as said.
            let fed =
                unsafe { redisReaderFeed(reader.0.as_ptr(), bytes.as_ptr().cast(), bytes.len()) };
            assert_eq!(fed, 0);
            reader
        }

        /// The next reply; `Ok(None)` if it is not whole, `Err` if it is broken.
        fn next(&mut self) -> Result<Option<Owned>, ()> {
            let mut reply = ptr::null_mut();
            // SAFETY: the reader is alive and `reply` is where the pointer goes.
            let failed = unsafe { redisReaderGetReply(self.0.as_ptr(), &raw mut reply) } != 0;
            match failed {
                true => Err(()),
                false => Ok(NonNull::new(reply.cast()).map(Owned)),
            }
        }
    }

    impl Drop for Reader {
        fn drop(&mut self) {
            // SAFETY: it came from `redisReaderCreate` and is not used again.
            unsafe { redisReaderFree(self.0.as_ptr()) };
        }
    }

    impl Owned {
        fn get(&self) -> &RawReply {
            // SAFETY: it came from the reader, is laid out as `redisReply` and lives until it is dropped.
            unsafe { self.0.as_ref() }
        }
    }

    impl Drop for Owned {
        fn drop(&mut self) {
            // SAFETY: it came from the reader and is freed once.
            unsafe { freeReplyObject(self.0.as_ptr().cast()) };
        }
    }

    impl RawReply {
        fn text(&self) -> &[u8] {
            match self.str.is_null() {
                true => &[],
                // SAFETY: strings have `len` bytes and live as long as their reply.
                false => unsafe { slice::from_raw_parts(self.str, self.len) },
            }
        }

        fn elements(&self) -> impl Iterator<Item = &Self> {
            let elements = match self.element.is_null() {
                true => &[][..],
                // SAFETY: an array has `elements` pointers to replies, all alive as long as it is.
                false => unsafe { slice::from_raw_parts(self.element, self.elements) },
            };
            // SAFETY: as above.
            elements.iter().map(|element| unsafe { element.as_ref() })
        }
    }

    pub(super) fn compare(mut bytes: &[u8]) {
        let mut framer = Framer::new();
        loop {
            // It allocates what a header announces.
            if is_deep(bytes) || announces_much(bytes) {
                return;
            }
            match framer.frame(bytes) {
                Ok(Some(frame)) => {
                    let reply = Reply::new(bytes, frame);
                    let read = reference::read(bytes).expect("what the framer reads");
                    if excuse(reply.as_raw(), &read).is_none() {
                        check(reply);
                    }
                    bytes = &bytes[frame.len()..];
                }
                Ok(None) => {
                    let accepted = matches!(Reader::new(bytes).next(), Ok(Some(_)));
                    assert!(!accepted, "not whole: {}", bytes.escape_ascii());
                    return;
                }
                Err(error) => {
                    let accepted = matches!(Reader::new(bytes).next(), Ok(Some(_)));
                    let excused = theirs(error.kind).is_some() || bytes.contains(&b'>');
                    assert!(excused || !accepted, "{error}: {}", bytes.escape_ascii());
                    return;
                }
            }
        }
    }

    fn announces_much(bytes: &[u8]) -> bool {
        bytes
            .windows(7)
            .any(|window| window.iter().all(u8::is_ascii_digit))
    }

    /// Why it reads a reply of ours otherwise, or not at all.
    fn excuse(raw: &[u8], read: &Read<'_>) -> Option<&'static str> {
        if read.is_resp3 || read.attributes > 0 {
            return Some("hiredis 0.14 knows RESP2 only");
        }
        if read
            .values
            .iter()
            .filter(|value| value.count().is_some())
            .count()
            > 7
        {
            return Some("arrays nest seven deep");
        }
        let odd = |pair: &[u8]| matches!(pair, [b':' | b'-' | b'+', b'0' | b'+'] | b":-");
        if raw.windows(2).any(odd) {
            return Some("integers have no plus, no zeros in front, and zero no sign");
        }
        None
    }

    fn check(reply: Reply<'_>) {
        let raw = reply.as_raw();
        // What follows it must be the next reply: it ends where ours does.
        let mut reader = Reader::new(&[raw, b"+next\r\n"].concat());
        let shown = || raw.escape_ascii().to_string();
        let theirs = reader
            .next()
            .ok()
            .flatten()
            .unwrap_or_else(|| panic!("refused: {}", shown()));
        let mut ours = reply.cursor();
        assert!(
            same(theirs.get(), &mut ours) && ours.next().is_none(),
            "{}",
            shown()
        );
        let next = reader
            .next()
            .ok()
            .flatten()
            .unwrap_or_else(|| panic!("out of step: {}", shown()));
        assert_eq!(
            (next.get().kind, next.get().text()),
            (STATUS, &b"next"[..]),
            "{}",
            shown()
        );
    }

    fn same(theirs: &RawReply, ours: &mut Cursor<'_>) -> bool {
        match (theirs.kind, ours.next()) {
            (STATUS, Some(Value::Status(text))) | (STRING, Some(Value::Bulk(text))) => {
                theirs.text() == text
            }
            (ERROR, Some(Value::Error(error))) => theirs.text() == error.text(),
            (INTEGER, Some(Value::Integer(n))) => theirs.integer == n,
            (NIL, Some(Value::Null)) => true,
            (ARRAY, Some(Value::Array(count))) => {
                theirs.elements == count && theirs.elements().all(|element| same(element, ours))
            }
            _ => false,
        }
    }
}
