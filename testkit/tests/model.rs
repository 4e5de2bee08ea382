//! Random applications against a model of the server: every promise, for every seed.

use std::env;

use respipe_testkit::conformance::model::check;

/// Seeds of an ordinary run; `RESPIPE_SEEDS` names another number of them, `RESPIPE_SEED` a single one.
const SEEDS: u64 = 4000;

#[test]
fn every_promise_holds_for_every_seed() {
    let number = |name| env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(seed) = number("RESPIPE_SEED") {
        check(seed).unwrap();
        return;
    }
    let broken: Vec<String> = (0..number("RESPIPE_SEEDS").unwrap_or(SEEDS))
        .filter_map(|seed| check(seed).err())
        .collect();
    let shown: Vec<&str> = broken.iter().take(3).map(String::as_str).collect();
    assert!(
        broken.is_empty(),
        "{} seeds broke a promise\n{}",
        broken.len(),
        shown.join("\n\n")
    );
}
