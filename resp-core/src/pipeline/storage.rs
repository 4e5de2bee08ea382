//! The memory of a pipeline, as a parameter.

use super::slot::Slot;
use crate::Login;

/// The memory of a pipeline, and the login that its connections begin with.
///
/// The pipeline never asks for more. RAM, in bytes, beyond the pipeline's own state:
///
/// ```text
///   tx + rx + depth * (16 + size_of::<Option<Tag>>())
/// ```
///
/// - `tx`: commands that have not left, and with [`Resend::Replayable`](super::Resend) all that
///   are not answered. A command longer than `tx` must be fed in pieces.
/// - `rx`: at least 64; a reply longer than `rx` costs its own command or is streamed.
/// - `depth`: commands that have not ended, one slot and one tag each.
pub trait Storage {
    /// What the caller gives with each command and gets back when it ends.
    type Tag;

    /// All of the memory.
    fn parts(&mut self) -> Parts<'_, Self::Tag>;

    /// Sizes: bytes of `tx`, bytes of `rx`, slots.
    fn sizes(&self) -> Sizes;

    /// What each connection begins with.
    fn login(&self) -> Login<'_>;
}

/// The memory of a pipeline.
pub struct Parts<'a, Tag> {
    /// Bytes to send.
    pub tx: &'a mut [u8],
    /// Bytes received.
    pub rx: &'a mut [u8],
    /// What is kept of each outstanding command.
    pub slots: &'a mut [Slot],
    /// The tags of the outstanding commands; as many as slots.
    pub tags: &'a mut [Option<Tag>],
}

/// Lengths only: the buffers may hold secrets.
impl<Tag> core::fmt::Debug for Parts<'_, Tag> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Parts")
            .field("tx", &self.tx.len())
            .field("rx", &self.rx.len())
            .field("slots", &self.slots.len())
            .field("tags", &self.tags.len())
            .finish()
    }
}

/// The `Debug` of a storage: its sizes and its login, which hides its password.
macro_rules! debug_as_sizes {
    ($name:literal: impl[$($generics:tt)*] for $type:ty) => {
        impl<$($generics)*> core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct($name)
                    .field("sizes", &self.sizes())
                    .field("login", &self.login())
                    .finish_non_exhaustive()
            }
        }
    };
}

debug_as_sizes!("Inline": impl[const TX: usize, const RX: usize, const DEPTH: usize, Tag]
    for Inline<TX, RX, DEPTH, Tag>);
debug_as_sizes!("Borrowed": impl[Tag] for Borrowed<'_, Tag>);
#[cfg(feature = "alloc")]
debug_as_sizes!("Heap": impl[Tag] for Heap<Tag>);

/// The sizes of a pipeline's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sizes {
    /// Bytes of `tx`.
    pub tx: usize,
    /// Bytes of `rx`.
    pub rx: usize,
    /// Slots.
    pub depth: usize,
}

/// Memory in the pipeline itself: for statics. All zero at first, so that with a tag whose
/// `Option::None` is zero too, such as an integer, a static lies in `.bss`.
pub struct Inline<const TX: usize, const RX: usize, const DEPTH: usize, Tag = u32> {
    tx: [u8; TX],
    rx: [u8; RX],
    slots: [Slot; DEPTH],
    tags: [Option<Tag>; DEPTH],
    login: Option<&'static Login<'static>>,
}

impl<const TX: usize, const RX: usize, const DEPTH: usize, Tag> Inline<TX, RX, DEPTH, Tag> {
    /// Memory for a connection that begins with [`Login::NONE`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tx: [0; TX],
            rx: [0; RX],
            slots: [Slot::EMPTY; DEPTH],
            tags: [const { None }; DEPTH],
            login: None,
        }
    }

    /// Sets what each connection begins with.
    #[must_use]
    pub const fn with_login(mut self, login: &'static Login<'static>) -> Self {
        self.login = Some(login);
        self
    }

    /// Sets what each connection begins with. A handshake that is under way reads it too: change it while the
    /// pipeline is [`Down`](super::State::Down).
    pub fn set_login(&mut self, login: &'static Login<'static>) {
        self.login = Some(login);
    }
}

impl<const TX: usize, const RX: usize, const DEPTH: usize, Tag> Default
    for Inline<TX, RX, DEPTH, Tag>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<const TX: usize, const RX: usize, const DEPTH: usize, Tag> Storage
    for Inline<TX, RX, DEPTH, Tag>
{
    type Tag = Tag;

    #[inline]
    fn parts(&mut self) -> Parts<'_, Tag> {
        Parts {
            tx: &mut self.tx,
            rx: &mut self.rx,
            slots: &mut self.slots,
            tags: &mut self.tags,
        }
    }

    #[inline]
    fn sizes(&self) -> Sizes {
        Sizes {
            tx: TX,
            rx: RX,
            depth: DEPTH,
        }
    }

    fn login(&self) -> Login<'_> {
        *self.login.unwrap_or(&Login::NONE)
    }
}

/// Memory that somebody else owns: linker sections, DMA banks.
pub struct Borrowed<'a, Tag> {
    parts: Parts<'a, Tag>,
    login: Login<'a>,
}

impl<'a, Tag> Borrowed<'a, Tag> {
    /// A storage of this memory. Of slots and tags as many are used as there are of both.
    #[must_use]
    pub const fn new(parts: Parts<'a, Tag>, login: Login<'a>) -> Self {
        Self { parts, login }
    }
}

impl<Tag> Storage for Borrowed<'_, Tag> {
    type Tag = Tag;

    #[inline]
    fn parts(&mut self) -> Parts<'_, Tag> {
        let depth = self.sizes().depth;
        Parts {
            tx: self.parts.tx,
            rx: self.parts.rx,
            slots: self.parts.slots.get_mut(..depth).unwrap_or_default(),
            tags: self.parts.tags.get_mut(..depth).unwrap_or_default(),
        }
    }

    #[inline]
    fn sizes(&self) -> Sizes {
        Sizes {
            tx: self.parts.tx.len(),
            rx: self.parts.rx.len(),
            depth: self.parts.slots.len().min(self.parts.tags.len()),
        }
    }

    fn login(&self) -> Login<'_> {
        self.login
    }
}

impl Slot {
    /// A slot that nothing is kept in.
    pub const EMPTY: Self = Self {
        len: 0,
        stamp: super::slot::Stamp::ZERO,
        hint: 0,
        owed: 0,
        effect: crate::session::Effect::Plain,
        flags: super::slot::Flags::NONE,
    };
}

#[cfg(feature = "alloc")]
mod heap {
    use alloc::boxed::Box;
    use alloc::string::String;
    use alloc::vec;

    use super::{Parts, Sizes, Slot, Storage};
    use crate::Login;
    use crate::login::Protocol;

    /// Memory on the heap, taken once, for sizes that are known at run time only.
    pub struct Heap<Tag> {
        tx: Box<[u8]>,
        rx: Box<[u8]>,
        slots: Box<[Slot]>,
        tags: Box<[Option<Tag>]>,
        login: LoginBuf,
    }

    impl<Tag> Heap<Tag> {
        /// Takes memory of these sizes.
        #[must_use]
        pub fn new(sizes: Sizes, login: LoginBuf) -> Self {
            Self {
                // Asked for as zeros, not filled: a host hands out pages as they are touched.
                tx: vec![0; sizes.tx].into_boxed_slice(),
                rx: vec![0; sizes.rx].into_boxed_slice(),
                slots: core::iter::repeat_n(Slot::EMPTY, sizes.depth).collect(),
                tags: (0..sizes.depth).map(|_| None).collect(),
                login,
            }
        }

        /// What each connection begins with. A handshake that is under way reads it too: change it while the
        /// pipeline is [`Down`](super::super::State::Down).
        pub fn login_mut(&mut self) -> &mut LoginBuf {
            &mut self.login
        }
    }

    impl<Tag> Storage for Heap<Tag> {
        type Tag = Tag;

        #[inline]
        fn parts(&mut self) -> Parts<'_, Tag> {
            Parts {
                tx: &mut self.tx,
                rx: &mut self.rx,
                slots: &mut self.slots,
                tags: &mut self.tags,
            }
        }

        #[inline]
        fn sizes(&self) -> Sizes {
            Sizes {
                tx: self.tx.len(),
                rx: self.rx.len(),
                depth: self.slots.len(),
            }
        }

        fn login(&self) -> Login<'_> {
            self.login.as_login()
        }
    }

    /// A [`Login`] that owns its texts. Its `Debug` does not show the password.
    #[derive(Clone, Default, PartialEq, Eq)]
    pub struct LoginBuf {
        /// Which version of the protocol to speak.
        pub protocol: Protocol,
        /// The user of an ACL; empty means `default`.
        pub username: String,
        /// The password; empty means that none is sent.
        pub password: String,
        /// The database to select; 0 sends no SELECT.
        pub database: u32,
        /// The connection's name, without spaces, for `CLIENT LIST`.
        pub client_name: String,
        /// The library's name and version for `CLIENT SETINFO`.
        pub library: Option<(String, String)>,
        /// Whether the handshake ends with a PING that must succeed.
        pub ping: bool,
    }

    impl LoginBuf {
        /// The login, borrowed.
        #[must_use]
        pub fn as_login(&self) -> Login<'_> {
            Login {
                protocol: self.protocol,
                username: &self.username,
                password: &self.password,
                database: self.database,
                client_name: &self.client_name,
                library: match &self.library {
                    Some((name, version)) => Some((name, version)),
                    None => None,
                },
                ping: self.ping,
            }
        }
    }

    impl core::fmt::Debug for LoginBuf {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            self.as_login().fmt(f)
        }
    }
}

#[cfg(feature = "alloc")]
pub use heap::{Heap, LoginBuf};
