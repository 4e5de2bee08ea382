//! What the host says on QEMU's command line: `name=number` words.

use semihosting::experimental::env;

/// The longest command line, in bytes.
const LEN: usize = 192;

/// The command line. Hardware has none: there these would be settings in flash.
#[derive(Clone, Copy, Debug)]
pub struct Arguments(());

impl Arguments {
    pub(super) const fn of_host() -> Self {
        Self(())
    }

    /// The number that the host gave under this name.
    #[must_use]
    pub fn number(self, name: &str) -> Option<u64> {
        // Asked for anew each time: what semihosting gives can be walked through once.
        let mut words = &env::args::<LEN>().ok()?;
        words.find_map(|word| {
            let word = word.ok()?.as_bytes().strip_prefix(name.as_bytes())?;
            let digits = word.strip_prefix(b"=")?.iter();
            Some(digits.fold(0, |n, digit| n * 10 + u64::from(digit & 15)))
        })
    }
}
