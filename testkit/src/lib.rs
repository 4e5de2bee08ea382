//! Test tools of Respipe.
