mod convert;
mod cursor;
mod errors;
mod lists;
mod owned;

use super::Reply;
use crate::Framer;

/// The reply that these bytes are, and no more.
fn reply(bytes: &[u8]) -> Reply<'_> {
    let frame = Framer::new().frame(bytes).expect("valid").expect("whole");
    assert_eq!(frame.len(), bytes.len(), "of {:?}", bytes.escape_ascii());
    Reply::new(bytes, frame)
}
