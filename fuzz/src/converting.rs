//! Any framed reply converts or fails, the same by itself and as an element.

use std::collections::BTreeMap;

use respipe_core::reply::{ConvertError, FromReply, OwnedReply, ServerError};
use respipe_core::{Framer, Reply};

/// Converts every reply in these bytes into every type.
///
/// # Panics
/// If a conversion gives one value for a reply and another for the same reply as an element.
pub fn target(mut bytes: &[u8]) {
    let mut framer = Framer::new();
    while let Ok(Some(frame)) = framer.frame(bytes) {
        let reply = Reply::new(bytes, frame);
        // The same reply as the only element of an array.
        let wrapped = [b"*1\r\n", reply.as_raw()].concat();
        let outer = Framer::new().frame(&wrapped);
        // A push that is no confirmation is no element.
        if let Ok(Some(outer)) = outer {
            scalars(reply, Reply::new(&wrapped, outer));
            aggregates(reply, Reply::new(&wrapped, outer));
        }
        bytes = &bytes[frame.len()..];
    }
}

fn scalars(reply: Reply<'_>, outer: Reply<'_>) {
    same::<()>(reply, outer);
    same::<bool>(reply, outer);
    same::<u8>(reply, outer);
    same::<i16>(reply, outer);
    same::<u32>(reply, outer);
    same::<i64>(reply, outer);
    same::<u64>(reply, outer);
    same::<usize>(reply, outer);
    same::<f32>(reply, outer);
    same::<f64>(reply, outer);
    same_borrowed::<&[u8]>(reply, outer);
    same_borrowed::<&str>(reply, outer);
    same::<String>(reply, outer);
    same::<Box<str>>(reply, outer);
    same::<Option<i64>>(reply, outer);
    same::<Option<String>>(reply, outer);
    same::<OwnedReply>(reply, outer);
    let error: Result<Result<i64, ServerError<'_>>, ConvertError> = reply.to();
    assert_eq!(reply.error().is_some(), matches!(error, Ok(Err(_))));
    assert_eq!(reply.as_i64().ok(), reply.to::<i64>().ok());
    assert_eq!(
        reply.is_null(),
        matches!(reply.to::<Option<OwnedReply>>(), Ok(None))
    );
}

fn aggregates(reply: Reply<'_>, outer: Reply<'_>) {
    same::<Vec<i64>>(reply, outer);
    same::<Vec<Option<String>>>(reply, outer);
    same::<Vec<OwnedReply>>(reply, outer);
    same::<Vec<Vec<OwnedReply>>>(reply, outer);
    same::<Box<[bool]>>(reply, outer);
    same::<[i64; 2]>(reply, outer);
    same::<(i64, i64)>(reply, outer);
    same::<(String, (i64, f64), bool)>(reply, outer);
    same::<BTreeMap<String, i64>>(reply, outer);
    same::<Vec<(String, i64)>>(reply, outer);
}

/// The same value, or the same failure, both ways.
fn same<T: for<'a> FromReply<'a> + core::fmt::Debug>(reply: Reply<'_>, outer: Reply<'_>) {
    // Not a tuple or an array of one, so that what fails is `T`.
    let alone = reply.to::<T>();
    let within = outer.elements().next().map(|element| element.to::<T>());
    assert_eq!(
        format!("{:?}", Some(&alone)),
        format!("{within:?}"),
        "as an element"
    );
    let mut cursor = outer.cursor();
    cursor.next();
    let read = cursor.read::<T>();
    assert_eq!(format!("{alone:?}"), format!("{read:?}"), "with a cursor");
}

fn same_borrowed<'a, T: FromReply<'a> + PartialEq + core::fmt::Debug>(
    reply: Reply<'a>,
    outer: Reply<'a>,
) {
    let mut cursor = outer.cursor();
    cursor.next();
    assert_eq!(reply.to::<T>().ok(), cursor.read::<T>().ok());
}
