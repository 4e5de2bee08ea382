//! How deep the stack has been.

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    /// The lowest and the highest address of the stack: symbols of the linker, not variables.
    static _stack_end: u32;
    static _stack_start: u32;
}

/// Bytes of stack used so far at its deepest. `cortex-m-rt` paints the whole stack before `main`;
/// what is not in that colour any more has been used.
#[must_use]
pub fn stack_high_water() -> usize {
    let mut at = &raw const _stack_end;
    let top = &raw const _stack_start;
    // SAFETY: both are addresses in RAM, aligned to four bytes, and everything between them is
    // the stack. Volatile, because it is read behind the back of whoever owns it.
    while at < top && unsafe { at.read_volatile() } == STACK_PAINT_VALUE {
        at = at.wrapping_add(1);
    }
    top.addr() - at.addr()
}
