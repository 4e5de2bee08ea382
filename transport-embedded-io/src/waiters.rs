//! Tasks that wait until a command can be taken.

use core::task::Waker;

/// How many are woken by what they wait for; more look again by the clock.
const PLACES: usize = 4;

#[derive(Debug)]
pub(crate) struct Waiters([Option<Waker>; PLACES]);

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self([const { None }; PLACES])
    }

    /// Notes whom to wake; whether there was a place. Nobody loses his for it: five tasks that wake each
    /// other would never sleep.
    pub(crate) fn register(&mut self, waker: &Waker) -> bool {
        // Places are taken in order and freed all at once: a waker that has one stands before the free ones.
        let place = self.0.iter_mut().find(|place| match place {
            Some(old) => old.will_wake(waker),
            None => true,
        });
        place.map(|place| *place = Some(waker.clone())).is_some()
    }

    pub(crate) fn wake(&mut self) {
        for waker in self.0.iter_mut().filter_map(Option::take) {
            waker.wake();
        }
    }
}
