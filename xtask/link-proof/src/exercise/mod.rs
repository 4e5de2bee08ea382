//! One call of everything.
//!
//! Values come from [`boundary`](crate::boundary), results go into `black_box`, and state passes
//! through it between calls, so that nothing is computed when compiling, dropped, or known from the
//! call before. Each function is kept out of line, so that its name stands in a failure.

mod blocking;
mod commands;
mod framing;
mod login;
mod messages;
mod pipeline;
mod replies;
#[cfg(feature = "smoltcp")]
mod smoltcp;
mod telemetry;
mod time;

/// Calls the whole public API.
pub fn everything() {
    blocking::calls();
    commands::built();
    commands::templates();
    commands::raw();
    commands::servers();
    framing::frames();
    framing::kinds();
    login::logins();
    login::names();
    pipeline::in_a_static();
    pipeline::in_borrowed_memory();
    replies::replies();
    telemetry::room();
    time::points();
    time::spans();
    time::delays();

    #[cfg(feature = "smoltcp")]
    smoltcp::link();
    #[cfg(feature = "planted-panic")]
    crate::planted::index();
}
