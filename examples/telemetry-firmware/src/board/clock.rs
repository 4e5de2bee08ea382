//! Time, from the one timer that every Cortex-M has.

use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m_rt::exception;
use respipe_core::Instant;

/// Milliseconds since the start; wraps after 49 days. In RAM, so that the main loop asks no
/// peripheral for the time.
static MILLIS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    // Nobody else writes, so load and store will do where there is no compare-and-swap.
    let millis = MILLIS.load(Ordering::Relaxed).wrapping_add(1);
    MILLIS.store(millis, Ordering::Relaxed);
}

defmt::timestamp!("{=u32:ms}", MILLIS.load(Ordering::Relaxed));

/// The time since the start.
#[derive(Debug)]
pub struct Clock {
    /// Ticks of the timer in a millisecond.
    reload: u32,
    /// The counter as it was last seen, and how often it has wrapped.
    last: u32,
    wraps: u32,
}

impl Clock {
    pub(super) fn start(mut timer: SYST, hertz: u32) -> Self {
        let reload = hertz / 1_000;
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(reload - 1);
        timer.clear_current();
        timer.enable_counter();
        timer.enable_interrupt();
        Self {
            reload,
            last: 0,
            wraps: 0,
        }
    }

    /// The time, to the millisecond; it does not wrap as long as somebody asks every 49 days.
    pub fn now(&mut self) -> Instant {
        let now = MILLIS.load(Ordering::Relaxed);
        if now < self.last {
            self.wraps = self.wraps.wrapping_add(1);
        }
        self.last = now;
        Instant::from_millis(u64::from(self.wraps) << 32 | u64::from(now))
    }

    /// Ticks of the timer since the start: the finest time there is. Wraps.
    #[must_use]
    pub fn ticks(&self) -> u32 {
        loop {
            let before = MILLIS.load(Ordering::Relaxed);
            compiler_fence(Ordering::SeqCst);
            let left = SYST::get_current();
            let waits = SCB::is_pendst_pending();
            compiler_fence(Ordering::SeqCst);
            // A millisecond ends when the counter reaches 0, where it stays for a tick: the
            // interrupt may have been taken in that tick, or in between the loads, or not yet.
            if left == 0 || MILLIS.load(Ordering::Relaxed) != before {
                continue;
            }
            // Or it waits to be taken, and the counter has begun anew: time must not go back.
            let ended = u32::from(waits && left > self.reload / 2);
            let begun = before.wrapping_add(ended).wrapping_mul(self.reload);
            return begun.wrapping_add(self.reload - left);
        }
    }

    /// Nanoseconds in a tick.
    #[must_use]
    pub const fn tick_nanos(&self) -> u32 {
        1_000_000 / self.reload
    }

    /// Sleeps until an interrupt: at most until the next millisecond.
    pub fn sleep(&self) {
        cortex_m::asm::wfi();
    }
}
