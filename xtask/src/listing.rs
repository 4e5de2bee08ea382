//! Reads the assembly of the link proof: who panics, and where in the source.
//!
//! The linker names only the panic handler. The assembly after link-time optimisation still has the
//! calls, function by function, and every `core::panic::Location` that is left: a pointer to the
//! file's name, then its length, the line and the column as 32-bit words.

use std::collections::{BTreeMap, BTreeSet};

/// What of an assembly file (ARM, as LLVM writes it) matters here.
#[derive(Debug, Default)]
pub struct Listing {
    functions: BTreeSet<String>,
    /// Caller and callee.
    calls: BTreeSet<(String, String)>,
    data: BTreeMap<String, Object>,
    /// The sections of data that is initialised and can be written: memory and flash both.
    initialised: BTreeSet<String>,
}

/// The initial value of a piece of static data.
#[derive(Debug, Default)]
struct Object {
    /// The symbol to which its first word points, if that is what it starts with.
    pointer: Option<String>,
    /// The rest.
    bytes: Vec<u8>,
}

impl Listing {
    pub fn parse(assembly: &str) -> Self {
        let mut listing = Self::default();
        let mut label = "";
        for line in assembly.lines() {
            if let Some(name) = line.strip_suffix(':') {
                // Jump targets within a function, other than data, do not end it.
                if !name.starts_with(".L") || name.starts_with(".Lanon") {
                    label = name;
                }
                continue;
            }
            let (operation, operands) = line.trim().split_once(['\t', ' ']).unwrap_or_default();
            match operation {
                ".type" => {
                    if let Some(name) = operands.strip_suffix(",%function") {
                        listing.functions.insert(name.into());
                    }
                }
                "bl" | "b" | "b.w" | "beq.w" | "bne.w" if !operands.starts_with(".L") => {
                    listing.calls.insert((label.into(), operands.into()));
                }
                ".section" if operands.starts_with(".data") => {
                    let section = operands.split(',').next().unwrap_or_default();
                    listing.initialised.insert(section.into());
                }
                _ => listing
                    .data
                    .entry(label.into())
                    .or_default()
                    .append(operation, operands),
            }
        }
        listing
    }

    /// The functions that call into core's panicking code from outside it, with what they call.
    pub fn panicking_functions(&self) -> Vec<String> {
        let panics = |name: &str| {
            name.contains("panic") || name.contains("_fail") || name.contains("_begin_unwind")
        };
        let mut lines = BTreeSet::new();
        for (caller, callee) in &self.calls {
            let (caller, callee) = (demangled(caller), demangled(callee));
            if panics(&callee) && !panics(&caller) {
                lines.insert(format!("{caller} calls {callee}"));
            }
        }
        lines.into_iter().collect()
    }

    /// What lies in `.data`, by section: statics whose initial value is not all zero.
    pub fn initialised(&self) -> Vec<String> {
        let symbols = self
            .initialised
            .iter()
            .map(|section| section.trim_start_matches(".data."));
        symbols.map(demangled).collect()
    }

    /// The places in the source that panic: file, line and column.
    pub fn places(&self) -> Vec<String> {
        let mut places: Vec<_> = self
            .data
            .values()
            .filter_map(|object| self.place(object))
            .collect();
        places.sort();
        places.dedup();
        places
            .into_iter()
            .map(|(file, line, column)| format!("{file}:{line}:{column}"))
            .collect()
    }

    fn place(&self, object: &Object) -> Option<(String, u32, u32)> {
        let &[length, line, column] = object.bytes.as_chunks().0 else {
            return None;
        };
        let [length, line, column] = [length, line, column].map(u32::from_le_bytes);
        let file = self
            .data
            .get(object.pointer.as_ref()?)?
            .bytes
            .get(..length as usize)?;
        let file = std::str::from_utf8(file)
            .ok()
            .filter(|file| file.ends_with(".rs"))?;
        Some((file.into(), line, column))
    }
}

impl Object {
    fn append(&mut self, directive: &str, operands: &str) {
        let number = operands.parse::<u32>();
        match (directive, number) {
            (".long", Ok(word)) => self.bytes.extend(word.to_le_bytes()),
            (".long", Err(_)) if self.bytes.is_empty() => self.pointer = Some(operands.into()),
            (".short", Ok(half)) => self.bytes.extend((half as u16).to_le_bytes()),
            (".byte", Ok(byte)) => self.bytes.push(byte as u8),
            (".zero", Ok(count)) => self.bytes.extend(vec![0; count as usize]),
            (".ascii", _) => self.bytes.extend(unquoted(operands)),
            (".asciz", _) => {
                self.bytes.extend(unquoted(operands));
                self.bytes.push(0);
            }
            _ => {}
        }
    }
}

/// The bytes of an assembler's string: octal escapes and the common letters.
fn unquoted(operand: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = operand.trim_matches('"').bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let mut octal = None;
        while octal.is_none_or(|(_, digits)| digits < 3) {
            let Some(digit) = rest.next_if(|byte| matches!(byte, b'0'..=b'7')) else {
                break;
            };
            let (value, digits) = octal.unwrap_or((0u8, 0));
            octal = Some((value.wrapping_mul(8).wrapping_add(digit - b'0'), digits + 1));
        }
        bytes.push(match octal {
            Some((value, _)) => value,
            None => match rest.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'b') => 8,
                Some(b'f') => 12,
                other => other.unwrap_or(b'\\'),
            },
        });
    }
    bytes
}

fn demangled(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

#[cfg(test)]
mod tests {
    use super::Listing;

    const ASSEMBLY: &str = r#"
	.type	_ZN9resp_core6framer4step17h0123456789abcdefE,%function
_ZN9resp_core6framer4step17h0123456789abcdefE:
	cmp	r0, #3
	bhi	.LBB1_3
.LBB1_3:
	bl	_ZN4core9panicking18panic_bounds_check17h0123456789abcdefE
	bl	memcpy
	.type	_ZN4core9panicking18panic_bounds_check17h0123456789abcdefE,%function
_ZN4core9panicking18panic_bounds_check17h0123456789abcdefE:
	bl	_ZN4core9panicking9panic_fmt17h0123456789abcdefE
	.type	.Lanon.f7.1,%object
.Lanon.f7.1:
	.asciz	"src/exercise.rs"
	.size	.Lanon.f7.1, 16
.Lanon.f7.2:
	.long	.Lanon.f7.1
	.asciz	"\017\000\000\000\020\000\000\000\017\000\000"
	.size	.Lanon.f7.2, 16
.Lanon.f7.3:
	.ascii	"no place"
	.section	.bss._ZN5proof4ZERO17h0123456789abcdefE,"aw",%nobits
	.section	.data._ZN5proof4FULL17h0123456789abcdefE,"aw",%progbits
"#;

    #[test]
    fn names_the_caller_outside_core_alone() {
        let lines = Listing::parse(ASSEMBLY).panicking_functions();
        assert_eq!(
            lines,
            ["resp_core::framer::step calls core::panicking::panic_bounds_check"]
        );
    }

    #[test]
    fn tells_initialised_data_from_zeroes() {
        assert_eq!(Listing::parse(ASSEMBLY).initialised(), ["proof::FULL"]);
    }

    #[test]
    fn reads_a_location_from_its_words() {
        assert_eq!(Listing::parse(ASSEMBLY).places(), ["src/exercise.rs:16:15"]);
    }
}
