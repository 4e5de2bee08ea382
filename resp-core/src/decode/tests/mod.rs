mod framer;
mod pushes;
pub(crate) mod random;
mod stream;
mod strict;
mod work;
