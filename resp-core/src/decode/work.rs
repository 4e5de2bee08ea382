//! How many bytes were looked at, for the tests that bound the work. Nothing but in tests.

#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn looked_at(_bytes: usize) {}

#[cfg(test)]
std::thread_local! {
    static LOOKED_AT: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

#[cfg(test)]
pub(crate) fn looked_at(bytes: usize) {
    LOOKED_AT.set(LOOKED_AT.get() + bytes);
}

/// How many bytes this looked at.
#[cfg(test)]
pub(crate) fn of(read: impl FnOnce()) -> usize {
    LOOKED_AT.set(0);
    read();
    LOOKED_AT.get()
}
