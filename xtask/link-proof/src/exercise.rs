//! One call of everything.

/// Calls the whole public API.
pub fn everything() {
    #[cfg(feature = "planted-panic")]
    crate::planted::index();
}
