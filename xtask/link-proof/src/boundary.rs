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
static OUTSIDE: usize = 0;

/// A number that may be anything.
pub fn number() -> usize {
    // SAFETY: the pointer comes from a reference to a static that is initialised and never written.
    unsafe { ptr::read_volatile(&raw const OUTSIDE) }
}
