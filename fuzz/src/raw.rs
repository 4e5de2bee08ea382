//! Whatever is taken for an encoded command is one.

use respipe_core::encode::{Command, RawCommand, RawError, Sink};
use respipe_core::reply::Value;
use respipe_core::session::Class;
use respipe_core::{Framer, Kind, Reply};

/// Splits these bytes into commands.
///
/// # Panics
/// If what is taken is no array of bulk strings with a name, or what is not whole is called wrong.
pub fn target(mut bytes: &[u8]) {
    loop {
        match RawCommand::split(bytes) {
            Ok((command, rest)) => {
                check(command, bytes.len() - rest.len(), bytes);
                bytes = rest;
            }
            Err(RawError::Incomplete) => return,
            Err(RawError::Malformed(at)) => {
                assert!(at <= bytes.len());
                // The same, wherever the bytes end behind the fault.
                let longer = [bytes, b"\r\n$1\r\na\r\n"].concat();
                assert!(RawCommand::split(&longer).is_err());
                return;
            }
            Err(RawError::Empty) => return,
        }
    }
}

fn check(command: RawCommand<'_>, len: usize, bytes: &[u8]) {
    assert_eq!(command.as_bytes(), &bytes[..len]);
    assert_eq!(command.encoded_len(), len);
    let mut copy = vec![0; len];
    let mut sink = Sink::new(&mut copy);
    command.encode(&mut sink);
    assert!(sink.room() == 0 && !sink.overflowed());
    assert_eq!(copy, command.as_bytes());

    let frame = Framer::new().frame(bytes).expect("valid").expect("whole");
    assert_eq!((frame.len(), frame.kind()), (len, Kind::Array));
    let mut values = Reply::new(bytes, frame).cursor();
    assert_eq!(values.next(), Some(Value::Array(command.argument_count())));
    let words: Vec<&[u8]> = values.filter_map(Value::text).collect();
    assert_eq!(words.len(), command.argument_count());
    assert!(!words[0].is_empty());
    assert_eq!(Class::of(words[0]), command.traits().class);
    // Cut anywhere, it is not whole and not wrong.
    for cut in [0, len / 2, len - 1] {
        assert_eq!(
            RawCommand::split(&bytes[..cut]).err(),
            Some(RawError::Incomplete)
        );
    }
}
