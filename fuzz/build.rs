//! Looks for hiredis where systems keep it. Without it the fuzz targets are built all the same, and the one of that name does nothing.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let (Some(header), Some(directory)) = (header(), library()) else {
        return;
    };
    println!("cargo::rerun-if-changed={}", header.display());
    println!("cargo::rustc-link-search=native={}", directory.display());
    println!("cargo::rustc-link-lib=hiredis");
    println!("cargo::rustc-cfg=hiredis");
    // A reply has two fields more from 1.0 on.
    let text = fs::read_to_string(header).unwrap_or_default();
    let major = text
        .lines()
        .find_map(|line| line.strip_prefix("#define HIREDIS_MAJOR "));
    if major.is_some_and(|major| major.trim() != "0") {
        println!("cargo::rustc-cfg=hiredis=\"1\"");
    }
}

const PREFIXES: [&str; 3] = ["/usr", "/usr/local", "/opt/homebrew"];

fn header() -> Option<PathBuf> {
    PREFIXES
        .iter()
        .map(|prefix| Path::new(prefix).join("include/hiredis/hiredis.h"))
        .find(|path| path.exists())
}

/// The folder that holds the library: `lib`, `lib64` or a multiarch folder such as `lib/x86_64-linux-gnu`.
fn library() -> Option<PathBuf> {
    let holds_it = |directory: &PathBuf| {
        ["libhiredis.so", "libhiredis.dylib"]
            .iter()
            .any(|name| directory.join(name).exists())
    };
    PREFIXES.iter().find_map(|prefix| {
        let lib = Path::new(prefix).join("lib");
        let below = fs::read_dir(&lib)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let mut candidates = [lib.clone(), Path::new(prefix).join("lib64")]
            .into_iter()
            .chain(below);
        candidates.find(holds_it)
    })
}
