//! A walk over any framed reply visits what the reference reader visits, however it is walked.

use respipe_core::reply::{FixedReply, OwnedReply, Value};
use respipe_core::{Framer, Reply};

use crate::framing::is_deep;
use crate::reference;

/// Walks every reply in these bytes.
///
/// # Panics
/// If a walk visits other values than another or than the reference reader.
pub fn target(mut bytes: &[u8]) {
    let mut framer = Framer::new();
    while let Ok(Some(frame)) = framer.frame(bytes) {
        walk(Reply::new(bytes, frame));
        bytes = &bytes[frame.len()..];
    }
    // What is not whole is walked as far as it goes, and no farther.
    let _ = framer;
}

fn walk(reply: Reply<'_>) {
    let bytes = reply.as_raw();
    let walked: Vec<Value<'_>> = reply.cursor().collect();
    match reference::read(bytes) {
        Ok(read) => assert_eq!(walked, read.values, "the cursor and the reference"),
        Err(_) => assert!(is_deep(bytes), "only the framer reads it"),
    }
    assert_eq!(walked.first(), Some(&reply.value()));

    let mut stepped = reply.cursor();
    stepped.step_over();
    assert_eq!(stepped.next(), None, "nothing lies behind the value");

    // Elements recurse here; each level walks all below it again.
    if !is_deep(bytes) {
        let mut visited = Vec::new();
        visit(reply, &mut visited);
        assert_eq!(visited, walked, "elements and the cursor");
    }
    for (key, value) in reply.attributes() {
        assert!(key.cursor().count() > 0 && value.cursor().count() > 0);
    }
    let owned = OwnedReply::from(reply);
    assert_eq!(owned.as_reply(), reply);
    match FixedReply::<64>::try_from(reply) {
        Ok(fixed) => assert_eq!(fixed.as_reply(), reply),
        Err(_) => assert!(bytes.len() > 64),
    }
    if let Some(error) = reply.error() {
        let _ = (error.code(), error.kind(), error.message());
        let _ = format!("{error} {error:?}");
    }
    let _ = format!("{reply:?}");
}

fn visit<'a>(reply: Reply<'a>, visited: &mut Vec<Value<'a>>) {
    visited.push(reply.value());
    for element in reply.elements() {
        visit(element, visited);
    }
}
