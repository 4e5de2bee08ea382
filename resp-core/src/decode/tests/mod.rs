#[cfg(feature = "resp3")]
mod framer;
#[cfg(feature = "resp3")]
mod pushes;
pub(crate) mod random;
#[cfg(not(feature = "resp3"))]
mod resp2;
#[cfg(feature = "pieces")]
mod stream;
#[cfg(feature = "resp3")]
mod strict;
#[cfg(feature = "resp3")]
mod work;
