use std::string::ToString;
use std::vec::Vec;

use super::*;
use crate::Framer;

fn reply(bytes: &[u8]) -> Reply<'_> {
    let frame = Framer::new().frame(bytes).expect("valid").expect("whole");
    assert_eq!(frame.len(), bytes.len());
    Reply::new(bytes, frame)
}

#[test]
fn a_walk_visits_every_value_below_in_the_order_of_the_bytes() {
    let reply = reply(b"*3\r\n$1\r\na\r\n%1\r\n+k\r\n*2\r\n:1\r\n_\r\n#t\r\n");
    let values: Vec<Value> = reply.cursor().collect();
    assert_eq!(
        values,
        [
            Value::Array(3),
            Value::Bulk(b"a"),
            Value::Map(1),
            Value::Status(b"k"),
            Value::Array(2),
            Value::Integer(1),
            Value::Null,
            Value::Boolean(true),
        ]
    );
}

#[test]
fn an_array_with_errors_in_it_keeps_them_as_elements() {
    let exec = reply(b"*3\r\n+OK\r\n-WRONGTYPE not a list\r\n:7\r\n");
    let (set, push, count): (
        Result<(), ServerError>,
        Result<i64, ServerError>,
        Result<i64, ServerError>,
    ) = exec.to().unwrap();
    assert_eq!(set, Ok(()));
    assert_eq!(push.unwrap_err().kind(), ErrorCode::WrongType);
    assert_eq!(count, Ok(7));
    let error = exec.to::<((), i64, i64)>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected integer (i64), the server answered with the error WRONGTYPE"
    );
}
