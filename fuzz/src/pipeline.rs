//! Lists of calls against the conformance model: every promise.

use respipe_testkit::conformance::model::check_bytes;

/// Plays the calls that these bytes spell: submits, abandons, feeds, transmits, receives, waits, changes windows, ends the link and
/// connects again.
///
/// # Panics
/// If a promise is broken.
pub fn target(bytes: &[u8]) {
    if let Err(broken) = check_bytes(bytes) {
        panic!("{broken}");
    }
}
