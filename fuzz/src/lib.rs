//! Fuzz targets of Respipe, as plain functions: `cargo fuzz` calls them with what it makes up, an ordinary stable test with the
//! seeds and with every input that ever broke one.
//!
//! ```text
//!   fuzz_targets/NAME.rs --+
//!                          +--> NAME::target(bytes), which panics if a promise is broken
//!   tests/replay.rs -------+
//! ```
//!
//! | target | holds |
//! | --- | --- |
//! | [`framing`] | framing whole equals framing in pieces, and a reference reader |
//! | [`walking`] | a walk over any framed reply visits what the reference reader visits |
//! | [`converting`] | any framed reply converts or fails, the same by itself and as an element |
//! | [`oversize`] | what is larger than `rx` is skipped in step, or told in tokens that make the same bytes |
//! | [`encoding`] | a command encoded, then decoded, has the same arguments |
//! | [`raw`] | whatever is taken for an encoded command is one |
//! | [`pipeline`] | lists of calls against the conformance model: every promise |
//! | [`session`] | lists of commands against a model of a server: every reply to its own command |
//! | [`hostile`] | a server that sends anything: each command ends once, and the pipeline comes to an end |
//! | [`login`] | any handshake against any answers: nothing of the caller's leaves before it is done |
//! | [`url`] | URLs and their parameters: read or refused, never with a secret in the message |
//! | [`differential::redis_protocol`] | what we accept, the crate `redis-protocol` accepts with the same values |
//! | [`differential::hiredis`] | the same with hiredis, where the system has it |

pub mod converting;
pub mod differential;
pub mod encoding;
pub mod framing;
pub mod hostile;
pub mod login;
pub mod oversize;
pub mod pipeline;
pub mod raw;
mod reference;
mod server;
pub mod session;
pub mod url;
pub mod walking;

#[cfg(fuzzing)]
pub use libfuzzer_sys;

/// A fuzz target: its name, which is that of its binary, its seeds' folder and its module, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("converting", converting::target),
    ("encoding", encoding::target),
    ("framing", framing::target),
    ("hiredis", differential::hiredis::target),
    ("hostile", hostile::target),
    ("login", login::target),
    ("oversize", oversize::target),
    ("pipeline", pipeline::target),
    ("raw", raw::target),
    ("redis_protocol", differential::redis_protocol::target),
    ("session", session::target),
    ("url", url::target),
    ("walking", walking::target),
];

/// The target of this name.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn target(name: &str) -> fn(&[u8]) {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.expect("a target of this name").1
}

/// The `main` of a target's binary: libFuzzer's under cargo-fuzz; otherwise it replays the files that it is given.
#[macro_export]
macro_rules! main {
    ($name:literal) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::target($name)(bytes));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            for file in std::env::args_os().skip(1) {
                println!("{}", file.display());
                $crate::target($name)(&std::fs::read(file)?);
            }
            Ok(())
        }
    };
}
