//! Events for `tracing`, behind the feature of that name. Never a command, a reply or a password.

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
