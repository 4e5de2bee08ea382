mod framer;
mod pushes;
pub(crate) mod random;
#[cfg(feature = "pieces")]
mod stream;
mod strict;
mod work;
