//! A linked program: its sections and its symbols.

use anyhow::Result;
use object::read::elf::{ElfFile32, SectionHeader as _};
use object::{Object as _, ObjectSymbol as _, SymbolKind, elf};

/// What of a program costs memory.
#[derive(Debug)]
pub struct Image {
    /// Bytes in flash: code, constants, and the initial values of what can be written.
    pub flash: u64,
    /// Bytes of static RAM, the stack not among them.
    pub ram: u64,
    /// Functions and constants with their bytes, the largest first.
    pub symbols: Vec<Symbol>,
}

/// A piece of flash that has a name.
#[derive(Debug)]
pub struct Symbol {
    pub name: String,
    pub bytes: u64,
}

impl Image {
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let file = ElfFile32::<object::Endianness>::parse(bytes)?;
        let endian = file.endian();
        let (mut flash, mut ram) = (0, 0);
        for section in file.elf_section_table().iter() {
            let flags = section.sh_flags(endian);
            let size = u64::from(section.sh_size(endian));
            if flags & elf::SHF_ALLOC == 0 {
                continue;
            }
            if section.sh_type(endian) != elf::SHT_NOBITS {
                flash += size;
            }
            if flags & elf::SHF_WRITE != 0 {
                ram += size;
            }
        }
        let symbols = file.symbols().filter(|symbol| {
            let kind = symbol.kind();
            matches!(kind, SymbolKind::Text | SymbolKind::Data) && symbol.size() > 0
        });
        // Statics lie in RAM, from 0x2000_0000 on.
        let symbols = symbols.filter(|symbol| symbol.address() < 0x2000_0000);
        let mut symbols: Vec<_> = symbols
            .map(|symbol| Symbol {
                name: format!(
                    "{:#}",
                    rustc_demangle::demangle(symbol.name().unwrap_or("?"))
                ),
                bytes: symbol.size(),
            })
            .collect();
        symbols.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        Ok(Self {
            flash,
            ram,
            symbols,
        })
    }

    /// How many bytes the symbols of this name take.
    pub fn bytes_of(&self, name: &str) -> u64 {
        let named = self.symbols.iter().filter(|symbol| symbol.name == name);
        named.map(|symbol| symbol.bytes).sum()
    }
}

impl Symbol {
    /// The crate that it comes from, as far as its name tells.
    pub fn origin(&self) -> &str {
        let name = self.name.trim_start_matches(['<', '&', '(']);
        name.split("::").next().unwrap_or(name)
    }
}
