use std::string::ToString;

use super::*;
use crate::decode::{DecodeError, DecodeErrorKind};
use crate::encode::RawError;
use crate::pipeline::Slot;
use crate::session::Refusal;

/// No two say the same, and each says something.
fn apart(messages: &[String]) {
    for (nth, message) in messages.iter().enumerate() {
        assert!(message.len() > 3, "{message:?}");
        assert!(!messages[..nth].contains(message), "{message:?} twice");
    }
}

#[test]
fn every_error_and_fate_says_something_of_its_own() {
    let kinds = [
        DecodeErrorKind::UnknownType(b'@'),
        DecodeErrorKind::StreamedType,
        DecodeErrorKind::BadDigit(b'x'),
        DecodeErrorKind::OutOfRange,
        DecodeErrorKind::BadLineEnd,
        DecodeErrorKind::BadTerminator,
        DecodeErrorKind::BadBoolean,
        DecodeErrorKind::BadNull,
    ];
    apart(&kinds.map(|kind| DecodeError { kind, offset: 7 }.to_string()));
    let rejected = [
        Rejected::NoSlot,
        Rejected::NoRoom { needed: 9, free: 4 },
        Rejected::TooLong {
            needed: 9,
            capacity: 8,
        },
        Rejected::Refused(Refusal::Empty),
        Rejected::Refused(Refusal::NeedsSession),
        Rejected::Inexact,
        Rejected::LineHeld,
        Rejected::Closed,
        Rejected::InUse,
    ];
    apart(&rejected.map(|reason| SubmitError { tag: 1, reason }.to_string()));
    let ended = [
        PipelineError::Protocol(DecodeError {
            kind: DecodeErrorKind::BadNull,
            offset: 0,
        }),
        PipelineError::Unexpected(crate::Kind::Status),
        PipelineError::Farewell,
        PipelineError::LoginRefused,
        PipelineError::Eof,
        PipelineError::LinkLost,
        PipelineError::Silence,
        PipelineError::GivenUp,
    ];
    apart(&ended.map(|error| error.to_string()));
    let fates = [
        Fate::NotSent,
        Fate::Unknown(Why::LinkLost),
        Fate::Unknown(Why::TimedOut),
        Fate::Unknown(Why::Abandoned),
        Fate::Refused,
        Fate::Silent,
    ];
    apart(&fates.map(|fate| fate.to_string()));
    let raw = [
        RawError::Incomplete,
        RawError::Malformed(3),
        RawError::Empty,
    ];
    apart(&raw.map(|error| error.to_string()));
}

#[test]
fn borrowed_and_inline_memory_serve_alike_and_show_no_secret() {
    let (mut tx, mut rx) = ([0; 128], [0; 128]);
    let (mut slots, mut tags) = ([Slot::EMPTY; 4], [None::<u32>; 6]);
    let parts = Parts {
        tx: &mut tx,
        rx: &mut rx,
        slots: &mut slots,
        tags: &mut tags,
    };
    let login = Login {
        password: "hunter2",
        ..Login::NONE
    };
    let mut borrowed = Pipeline::new(Borrowed::new(parts, login));
    assert_eq!(
        borrowed.storage().sizes().depth,
        4,
        "as many as there are of both"
    );
    let mut inline = Pipeline::new(Inline::<128, 128, 4, u32>::default());
    inline.storage_mut().set_login(const { &Login::NONE });
    let shown = format!(
        "{borrowed:?} {:?} {inline:?} {:?}",
        borrowed.storage(),
        inline.storage()
    );
    assert!(!shown.contains("hunter2"), "{shown}");

    let now = Instant::ZERO;
    borrowed.open(now);
    inline.open(now);
    assert!(
        borrowed
            .poll_transmit()
            .is_some_and(|bytes| bytes.starts_with(b"*2\r\n$4\r\nAUTH"))
    );
    assert!(inline.submit(&cmd("PING"), 5, now).is_ok());
    let n = inline.poll_transmit().map_or(0, <[u8]>::len);
    inline.transmitted(n, now);
    assert_eq!(inline.handle_input(b"+PONG\r\n", now), 7);
    let told = inline.poll_event();
    assert!(matches!(told, Ok(Some(Event::Reply { tag: 5, .. }))));
}
