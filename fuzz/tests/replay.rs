//! Every seed and every past crash, on stable.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use respipe_fuzz::TARGETS;

fn files(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    files
}

/// What a target says against these bytes, if it panics.
fn broken(name: &str, target: fn(&[u8]), what: &str, bytes: &[u8]) -> Option<String> {
    let done = panic::catch_unwind(|| target(bytes));
    done.err()
        .map(|_| format!("{name}: {what}: {}", bytes.escape_ascii()))
}

fn none_of(broken: &[String]) {
    assert!(
        broken.is_empty(),
        "{} inputs broke a promise, as said above:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

#[test]
fn every_seed_and_every_past_crash_passes() {
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        let seeds = files("seeds", name);
        assert!(!seeds.is_empty(), "{name} has no seed");
        for file in seeds.iter().chain(&files("crashes", name)) {
            let bytes = fs::read(file).expect("a file that can be read");
            failed.extend(broken(name, *target, &file.display().to_string(), &bytes));
        }
    }
    none_of(&failed);
}

#[test]
fn every_seed_cut_short_or_with_a_bit_flipped_passes() {
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        for file in files("seeds", name) {
            let bytes = fs::read(&file).expect("a file that can be read");
            for place in 0..bytes.len().min(300) {
                let what = format!("{} changed at {place}", file.display());
                failed.extend(broken(name, *target, &what, &bytes[..place]));
                let mut flipped = bytes.clone();
                flipped[place] ^= 1 << (place % 8);
                failed.extend(broken(name, *target, &what, &flipped));
            }
        }
    }
    none_of(&failed);
}

#[test]
fn every_target_has_a_binary_of_its_name() {
    let manifest = include_str!("../Cargo.toml");
    for (name, _) in TARGETS {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
        let main = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{name}.rs")),
        );
        assert!(
            main.is_ok_and(|main| main.contains(&format!("main!(\"{name}\")"))),
            "{name}"
        );
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
