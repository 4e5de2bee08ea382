//! Where the program meets the machine: its entry, its panic handler and values that the optimiser
//! knows nothing about. All `unsafe` of the link proof is in this file.

use core::hint::black_box;
use core::panic::PanicInfo;
use core::ptr;

unsafe extern "C" {
    /// Defined nowhere, on purpose: the linker's complaint about it is the proof's failure.
    safe fn respipe_core_has_a_panic_path() -> !;
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // Keeps the places that panic in the assembly, where `cargo ci link-proof` looks for them.
    black_box(info.location());
    respipe_core_has_a_panic_path()
}

// SAFETY: no other symbol of this program has this name; the linker takes it as the entry.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    loop {
        crate::exercise::everything();
    }
}

/// What the outside world holds. Only ever read through volatile loads.
static OUTSIDE: u64 = 0;

/// A number that may be anything.
pub fn number() -> u64 {
    // SAFETY: the pointer comes from a reference to a static that is initialised and never written.
    unsafe { ptr::read_volatile(&raw const OUTSIDE) }
}

/// A length or an index that may be anything.
pub fn size() -> usize {
    number() as usize
}

/// A choice that may fall either way.
pub fn flag() -> bool {
    number() & 1 != 0
}

/// A buffer of which neither the content nor the length is known.
#[derive(Debug)]
pub struct Buffer([u8; 256]);

impl Buffer {
    /// Filled with anything.
    pub fn new() -> Self {
        Self([number() as u8; 256])
    }

    /// Some first part of it.
    pub fn bytes(&self) -> &[u8] {
        black_box(self.0.get(..size()).unwrap_or_default())
    }

    /// The same, to write to.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        black_box(self.0.get_mut(..size()).unwrap_or_default())
    }

    /// The same as text, if it is text.
    pub fn text(&self) -> &str {
        core::str::from_utf8(self.bytes()).unwrap_or_default()
    }
}
