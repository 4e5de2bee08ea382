//! How much flash and RAM a firmware takes, from the sections of its ELF file.

use std::path::Path;

use object::{Object as _, ObjectSection as _, SectionFlags, SectionKind};

use crate::Result;

/// Bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// What is programmed: vectors, code, constants, and the initial values of statics.
    pub(crate) flash: u64,
    /// Statics, without the stack.
    pub(crate) static_ram: u64,
}

impl Sizes {
    pub(crate) fn of(elf: &Path) -> Result<Self> {
        let bytes = std::fs::read(elf)?;
        let file = object::File::parse(&*bytes)?;
        let mut sizes = Self::default();
        for section in file.sections() {
            // Only what the machine sees: no debug information, none of defmt's texts.
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                continue;
            };
            if sh_flags & u64::from(object::elf::SHF_ALLOC) == 0 {
                continue;
            }
            let writable = sh_flags & u64::from(object::elf::SHF_WRITE) != 0;
            let zeroed = section.kind() == SectionKind::UninitializedData;
            if writable {
                sizes.static_ram += section.size();
            }
            if !zeroed {
                sizes.flash += section.size();
            }
        }
        Ok(sizes)
    }
}
