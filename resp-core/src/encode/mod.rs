//! Commands: RESP arrays of bulk strings, their exact length known before a byte is written.
//!
//! ```
//! use respipe_core::encode::{Command, Sink, cmd};
//! use respipe_core::template;
//!
//! let set = cmd("SET").arg("sensor:1").arg(21);
//! let mut bytes = [0; 64];
//! set.encode(&mut Sink::new(&mut bytes));
//! assert_eq!(&bytes[..set.encoded_len()], b"*3\r\n$3\r\nSET\r\n$8\r\nsensor:1\r\n$2\r\n21\r\n");
//!
//! // The constant parts of a template are encoded when compiling.
//! const ADD: respipe_core::encode::Template<2> = template!("XADD", _, "*", "celsius", _);
//! let add = ADD.with(("samples", 21));
//! assert_eq!(add.encoded_len(), cmd("XADD").args(("samples", "*", "celsius", 21)).encoded_len());
//! ```
//!
//! A command of no argument gets no reply (Redis, `processMultibulkBuffer`), which would shift
//! all later replies of a pipeline: it cannot be built.

mod argument;
mod cmd;
mod decimal;
#[cfg(feature = "alloc")]
mod list;
mod name;
mod raw;
mod sink;
mod template;
mod writer;

pub use argument::{Argument, Arguments, Each, Fill, One, Then};
pub use cmd::{Cmd, cmd};
#[cfg(feature = "alloc")]
pub use list::CommandList;
pub use name::Name;
pub use raw::{RawCommand, RawError};
pub use sink::Sink;
pub use template::{Filled, Part, Template};
pub use writer::Writer;

#[cfg(feature = "login")]
pub(crate) use argument::put_header;
#[cfg(feature = "pieces")]
pub(crate) use decimal::Decimal;
pub(crate) use sink::copy;

use crate::session::Class;

/// A command as it goes on the wire.
///
/// Made by [`cmd`], by a [`Template`] or, from bytes that are already encoded, by [`RawCommand`].
/// The trait is sealed: a command that announced one length and wrote another, or that hid its
/// name from the session guard, would shift the replies of others.
pub trait Command: sealed::Sealed {
    /// How many arguments there are, the name included; at least one.
    fn argument_count(&self) -> usize;

    /// The exact length in bytes; saturates.
    fn encoded_len(&self) -> usize;

    /// Appends the command.
    fn encode(&self, sink: &mut Sink<'_>);

    /// What the pipeline must know besides the bytes.
    fn traits(&self) -> Traits;
}

/// What the pipeline must know of a command besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Traits {
    /// Whether the name is one that the session guard has to look at.
    pub class: Class,
    /// Whether the command may run again even after everything sent behind it has run.
    pub replayable: bool,
    /// Bytes that its reply is expected to have; zero where nobody said.
    pub reply_hint: u32,
}

mod sealed {
    pub trait Sealed {}
    impl<L> Sealed for super::Cmd<'_, L> {}
    impl<const N: usize, F> Sealed for super::Filled<'_, N, F> {}
    impl Sealed for super::RawCommand<'_> {}
    impl<C: Sealed + ?Sized> Sealed for &C {}
}

impl<C: Command + ?Sized> Command for &C {
    #[inline]
    fn argument_count(&self) -> usize {
        (**self).argument_count()
    }
    #[inline]
    fn encoded_len(&self) -> usize {
        (**self).encoded_len()
    }
    #[inline]
    fn encode(&self, sink: &mut Sink<'_>) {
        (**self).encode(sink);
    }
    #[inline]
    fn traits(&self) -> Traits {
        (**self).traits()
    }
}

#[cfg(test)]
mod tests;
