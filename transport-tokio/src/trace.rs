//! Events and spans for `tracing`, behind the feature of that name. Never an argument, a reply or a
//! password.

/// Emits an event at this level of `tracing`, or does nothing.
#[cfg(feature = "tracing")]
macro_rules! event {
    ($level:ident, $($field:tt)*) => {
        tracing::$level!(target: "respipe_tokio", $($field)*)
    };
}

/// Emits an event at this level of `tracing`, or does nothing.
#[cfg(not(feature = "tracing"))]
macro_rules! event {
    ($level:ident, $($field:tt)*) => {};
}

pub(crate) use event;

use respipe_core::Command;
use respipe_core::reply::OwnedReply;
use respipe_host::Error;

use crate::call::Call;

/// A call as it is.
#[cfg(not(feature = "tracing"))]
pub(crate) const fn spanned<'c, C: Command>(
    call: Call<'c, C>,
) -> impl Future<Output = Result<OwnedReply, Error>> + use<'c, C> {
    call
}

/// A call with a span `command` at level DEBUG: its name, its length in bytes, how long it waited in
/// line, how long it took from there to its reply, and what became of it.
#[cfg(feature = "tracing")]
pub(crate) async fn spanned<C: Command>(mut call: Call<'_, C>) -> Result<OwnedReply, Error> {
    use respipe_core::encode::Name;
    use tokio::time::Instant;
    use tracing::field::{Empty, display};

    if !tracing::enabled!(target: "respipe_tokio", tracing::Level::DEBUG) {
        return call.await;
    }
    let span = tracing::debug_span!(
        target: "respipe_tokio",
        "command",
        name = Name::of(call.command()).as_str(),
        bytes = call.command().encoded_len(),
        queue_us = Empty,
        reply_us = Empty,
        outcome = Empty,
    );
    let begun = Instant::now();
    let (mut in_line, mut left) = (None, None);
    let answered = core::future::poll_fn(|cx| {
        left = left.or(call.left_line());
        let polled = core::pin::Pin::new(&mut call).poll(cx);
        if in_line.is_none() && polled.is_pending() {
            in_line = Some(call.is_in_line());
        }
        polled.map(|answered| (answered, left))
    });
    let (answered, left) = answered.await;
    let submitted = match (left, in_line) {
        (Some(left), _) => left,
        // It never left the line.
        (None, Some(true)) => Instant::now(),
        (None, _) => begun,
    };
    let micros = |span: core::time::Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    span.record("queue_us", micros(submitted.duration_since(begun)));
    span.record("reply_us", micros(submitted.elapsed()));
    match &answered {
        Ok(reply) if reply.as_reply().kind().is_error() => span.record("outcome", "error"),
        Ok(_) => span.record("outcome", "replied"),
        Err(error) => match error.fate() {
            Some(fate) => span.record("outcome", display(fate)),
            None => span.record("outcome", "replied"),
        },
    };
    answered
}
