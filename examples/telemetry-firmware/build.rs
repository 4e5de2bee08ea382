//! Where the linker finds the machine's memory, and which scripts it reads.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let machine = if env::var_os("CARGO_FEATURE_MPS2_AN385").is_some() {
        "mps2-an385"
    } else {
        "lm3s6965evb"
    };
    let memory = format!("memory/{machine}.x");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy(&memory, out.join("memory.x"))?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed={memory}");
    // Without --nmagic the linker pads the segments to the page size of a host.
    for script in ["--nmagic", "-Tlink.x", "-Tdefmt.x"] {
        println!("cargo:rustc-link-arg-bins={script}");
    }
    Ok(())
}
