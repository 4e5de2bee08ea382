//! What `cargo sizes` prints.

use super::budget::Finding;
use super::image::Image;
use super::{FLOOR, Rung};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One line a program.
pub fn sizes(ladder: &[Rung]) -> String {
    let mut text = String::new();
    for target in targets(ladder) {
        let _ = writeln!(
            text,
            "{target} (bytes; opt-level \"s\", fat LTO)\n  {:<12}{:>8}{:>12}{:>8}{:>14}{:>12}{:>14}",
            "", "flash", "static RAM", "stack", "flash, ours", "RAM, ours", "stack, ours"
        );
        for rung in ladder.iter().filter(|rung| rung.target == target) {
            let shown =
                |bytes: Option<u64>| bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
            let ours = rung.ours.as_ref();
            let flash = shown(ours.map(|ours| ours.flash));
            let ram = shown(ours.map(|ours| ours.ram));
            let deeper = shown(ours.and_then(|ours| ours.stack));
            let stack = shown(rung.stack.as_ref().map(|path| path.bytes));
            let Image {
                flash: all,
                ram: statics,
                ..
            } = rung.image;
            let _ = writeln!(
                text,
                "  {:<12}{all:>8}{statics:>12}{stack:>8}{flash:>14}{ram:>12}{deeper:>14}",
                rung.name
            );
        }
    }
    text.push_str(
        "ours: above the rung `smoltcp`; RAM without tx, rx, and 16 bytes a slot and its tag.\n\
         stack: the deepest path through the code that is there, whether it is taken or not.\n",
    );
    text
}

/// Where the flash of our rungs goes: by crate, and the largest symbols that the floor has not, or
/// has smaller.
pub fn symbols(ladder: &[Rung], count: usize) -> String {
    let mut text = String::new();
    if count == 0 {
        return text;
    }
    for rung in ladder.iter().filter(|rung| rung.ours.is_some()) {
        let floor = ladder
            .iter()
            .find(|floor| floor.name == FLOOR && floor.target == rung.target);
        let (mut by_crate, mut more) = (BTreeMap::<&str, u64>::new(), Vec::new());
        let mut last = "";
        for symbol in &rung.image.symbols {
            *by_crate.entry(symbol.origin()).or_default() += symbol.bytes;
            if symbol.name != last {
                last = &symbol.name;
                let before = floor.map_or(0, |floor| floor.image.bytes_of(last));
                let now = rung.image.bytes_of(last);
                if now > before && !more.iter().any(|(_, name)| *name == last) {
                    more.push((now - before, last));
                }
            }
        }
        more.sort_by(|a, b| b.cmp(a));
        let mut by_crate: Vec<_> = by_crate.into_iter().collect();
        by_crate.sort_by_key(|(_, bytes)| core::cmp::Reverse(*bytes));
        let _ = writeln!(text, "\n{} for {}, by crate:", rung.name, rung.target);
        for (origin, bytes) in by_crate.iter().take(6) {
            let _ = writeln!(text, "  {bytes:>7}  {origin}");
        }
        if let Some(path) = &rung.stack {
            let _ = writeln!(text, "deepest stack, {} bytes:", path.bytes);
            for (name, frame) in &path.frames {
                let _ = writeln!(text, "  {frame:>7}  {name}");
            }
        }
        let _ = writeln!(text, "largest above the floor:");
        for (bytes, name) in more.iter().take(count) {
            let _ = writeln!(text, "  {bytes:>7}  {name}");
        }
    }
    text
}

/// One line a budget.
pub fn budgets(found: &[Finding]) -> String {
    let mut text = String::from("\nbudgets (xtask/sizes/budgets.txt)\n");
    for line in found {
        let goal = line.goal.map_or("-".into(), |goal| goal.to_string());
        let _ = writeln!(
            text,
            "  {:<20}{:<12}{:<6}{:>8} of {goal:>6} (may not exceed {})  {}",
            line.target,
            line.rung,
            line.what.name(),
            line.bytes,
            line.limit,
            line.verdict(),
        );
    }
    text
}

/// One line for machines.
pub fn json(ladder: &[Rung], found: &[Finding]) -> String {
    let targets = targets(ladder).into_iter().map(|target| {
        let rungs = ladder.iter().filter(|rung| rung.target == target);
        let rungs = rungs.map(|rung| {
            let ours = rung.ours.as_ref().map_or(String::new(), |ours| {
                format!(
                    ", \"flash_above_floor\": {}, \"ram_above_floor_and_buffers\": {}, \"stack_above_floor\": {}",
                    ours.flash,
                    ours.ram,
                    ours.stack.map_or("null".into(), |bytes| bytes.to_string()),
                )
            });
            format!(
                "\"{}\": {{\"flash\": {}, \"static_ram\": {}{ours}}}",
                rung.name, rung.image.flash, rung.image.ram
            )
        });
        format!("\"{target}\": {{{}}}", rungs.collect::<Vec<_>>().join(", "))
    });
    let budgets = found.iter().map(|line| {
        format!(
            "{{\"target\": \"{}\", \"rung\": \"{}\", \"what\": \"{}\", \"bytes\": {}, \"goal\": {}, \"limit\": {}, \"verdict\": \"{}\"}}",
            line.target,
            line.rung,
            line.what.name(),
            line.bytes,
            line.goal.map_or("null".into(), |goal| goal.to_string()),
            line.limit,
            line.verdict(),
        )
    });
    format!(
        "{{\"sizes\": {{{}, \"budgets\": [{}]}}}}",
        targets.collect::<Vec<_>>().join(", "),
        budgets.collect::<Vec<_>>().join(", ")
    )
}

fn targets(ladder: &[Rung]) -> Vec<&'static str> {
    let mut targets: Vec<_> = ladder.iter().map(|rung| rung.target).collect();
    targets.dedup();
    targets
}
