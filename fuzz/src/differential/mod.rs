//! What we accept, others accept with the same values; what they accept and we do not is of a known kind.

pub mod hiredis;
pub mod redis_protocol;
