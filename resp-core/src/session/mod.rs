//! What each command is owed, and which commands change the session.

/// Whether a command's name is one that the session guard has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Class {
    /// One reply, whatever its arguments, and no change of the session.
    Plain,
    /// The guard looks at the arguments.
    Special,
}

impl Class {
    /// The class of a command by its name.
    #[must_use]
    pub const fn of(_name: &[u8]) -> Self {
        Self::Plain
    }
}
