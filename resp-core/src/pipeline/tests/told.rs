use std::string::ToString;

use super::*;
use crate::decode::{DecodeError, DecodeErrorKind};
use crate::encode::RawError;
#[cfg(feature = "login")]
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

#[cfg(feature = "login")]
#[test]
fn borrowed_and_inline_memory_serve_alike_and_show_no_secret() {
    static SECRET: Login<'static> = Login {
        password: "hunter2",
        ..Login::NONE
    };
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
    let named = Inline::<64, 64, 1, u32>::new().with_login(&SECRET);
    assert_eq!(named.login().password, "hunter2");
    let parts = format!("{:?}", borrowed.storage_mut().parts());
    let shown = format!(
        "{parts} {borrowed:?} {:?} {inline:?} {:?} {named:?}",
        borrowed.storage(),
        inline.storage()
    );
    assert!(shown.contains("tx: 128"), "{shown}");
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

#[test]
fn every_refusal_gives_its_own_reason() {
    let refusals = [
        Refusal::Empty,
        Refusal::InPieces,
        Refusal::ReplyInMulti,
        Refusal::SubscribeInMulti,
        Refusal::PublishInMulti,
        Refusal::ModeInMulti,
        Refusal::ReplyAndSubscribe,
        Refusal::ModeInSilence,
        Refusal::Monitoring,
        Refusal::Quitting,
        Refusal::Foreign,
        Refusal::TooManyChannels,
        Refusal::BlocksOthers,
        Refusal::ChangesForOthers,
        Refusal::NeedsSession,
    ];
    apart(&refusals.map(|refusal| refusal.to_string()));
}

#[test]
fn a_ticket_knows_its_connection() {
    let mut rig = Rig::roomy();
    let first = rig.ping(1);
    rig.pipeline.handle_link_lost();
    rig.events();
    rig.pipeline.open(rig.now);
    let second = rig.ping(2);
    assert_ne!(first.epoch(), second.epoch());
    assert_eq!(rig.ping(3).epoch(), second.epoch());
}

#[cfg(feature = "alloc")]
#[test]
fn a_login_on_the_heap_can_be_changed_for_the_next_connection() {
    let sizes = Sizes {
        tx: 128,
        rx: 128,
        depth: 2,
    };
    let mut pipeline = Pipeline::new(Heap::<u32>::new(sizes, LoginBuf::default()));
    pipeline.storage_mut().login_mut().password = "hunter2".into();
    pipeline.open(Instant::ZERO);
    let mut sent = Vec::new();
    while let Some(bytes) = pipeline.poll_transmit() {
        let n = bytes.len();
        sent.extend_from_slice(bytes);
        pipeline.transmitted(n, Instant::ZERO);
    }
    assert!(sent.ends_with(b"hunter2\r\n"), "{}", sent.escape_ascii());
    assert!(!format!("{pipeline:?} {:?}", pipeline.storage()).contains("hunter2"));
}

#[test]
fn a_pipeline_that_is_closed_takes_commands_again_once_it_is_reopened() {
    let mut rig = Rig::resending(Resend::NotSent);
    rig.ping(1);
    rig.pipeline.close();
    assert_eq!(rig.refused(cmd("PING")), Rejected::Closed);
    assert_eq!(rig.sent(), PING, "what was queued leaves");
    rig.feed("+PONG\r\n");
    rig.pipeline.handle_eof();
    assert_eq!(rig.events(), ["error: Eof"]);
    assert_eq!(rig.refused(cmd("PING")), Rejected::Closed);
    rig.pipeline.reopen();
    rig.ping(2);
    rig.pipeline.open(rig.now);
    assert_eq!(rig.sent(), PING);
}
