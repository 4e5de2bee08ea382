//! The deepest stack of a program, as its assembly shows it: a bound, because a path that is there
//! need not be one that is taken.

use std::collections::{BTreeMap, BTreeSet};

/// The functions of a program for ARMv7-M, as LLVM writes them.
#[derive(Debug, Default)]
pub struct Stack {
    functions: BTreeMap<String, Function>,
}

/// What of a function matters here.
#[derive(Debug, Default)]
struct Function {
    /// Bytes that it pushes and sets aside.
    frame: u64,
    calls: BTreeSet<String>,
}

/// The deepest path from a function down.
#[derive(Clone, Debug, Default)]
pub struct Path {
    pub bytes: u64,
    /// Functions and their frames, the outermost first.
    pub frames: Vec<(String, u64)>,
}

impl Stack {
    pub fn parse(assembly: &str) -> Self {
        let typed = |line: &str| {
            let name = line.trim().strip_prefix(".type")?.trim();
            name.strip_suffix(",%function").map(str::to_owned)
        };
        let names: BTreeSet<String> = assembly.lines().filter_map(typed).collect();
        let mut stack = Self::default();
        let mut current = None;
        for line in assembly.lines() {
            if let Some(label) = line.strip_suffix(':') {
                if names.contains(label) {
                    current = Some(stack.functions.entry(label.into()).or_default());
                }
            } else if let Some(function) = &mut current {
                function.read(line.trim());
            }
        }
        stack
    }

    /// The deepest path from here down. A cycle is gone through once. Calls through pointers are
    /// not followed, and the routines of `compiler_builtins` count nothing.
    pub fn deepest(&self, from: &str) -> Path {
        self.descend(from, &mut BTreeMap::new(), &mut BTreeSet::new())
    }

    fn descend<'a>(
        &'a self,
        name: &'a str,
        known: &mut BTreeMap<&'a str, Path>,
        above: &mut BTreeSet<&'a str>,
    ) -> Path {
        if let Some(path) = known.get(name) {
            return path.clone();
        }
        let Some(function) = self.functions.get(name) else {
            return Path::default();
        };
        if !above.insert(name) {
            return Path::default();
        }
        let below = function.calls.iter();
        let below = below.map(|callee| self.descend(callee, known, above));
        let mut path = below.max_by_key(|path| path.bytes).unwrap_or_default();
        above.remove(name);
        path.bytes += function.frame;
        let shown = format!("{:#}", rustc_demangle::demangle(name));
        path.frames.insert(0, (shown, function.frame));
        known.insert(name, path.clone());
        path
    }
}

impl Function {
    /// An instruction that takes stack, or goes elsewhere.
    fn read(&mut self, instruction: &str) {
        let (operation, operands) = instruction.split_once(['\t', ' ']).unwrap_or_default();
        let operands = operands.trim();
        match operation {
            "push" | "push.w" | "stmdb" => {
                let registers = operands.split_once('{').unwrap_or_default().1;
                self.frame += 4 * registers.split(',').count() as u64;
            }
            "str" | "str.w" => {
                let pushed = operands.split_once("[sp, #-").unwrap_or_default().1;
                self.frame += number(pushed.strip_suffix("]!").unwrap_or_default());
            }
            "sub" | "sub.w" | "subw" if operands.starts_with("sp, ") => {
                self.frame += number(operands.rsplit_once('#').unwrap_or_default().1);
            }
            _ if is_branch(operation) && !operands.starts_with(".L") => {
                self.calls.insert(operands.into());
            }
            _ => {}
        }
    }
}

/// `bl`, `b`, and `b` with a condition; not `bic`, `bfi` or a branch to a register.
fn is_branch(operation: &str) -> bool {
    const CONDITIONS: [&str; 14] = [
        "eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le",
    ];
    let operation = operation.trim_end_matches(".w");
    match operation.strip_prefix('b') {
        Some("" | "l") => true,
        Some(condition) => CONDITIONS.contains(&condition),
        None => false,
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSEMBLY: &str = "\
        \t.type\tmain,%function
main:
\tpush\t{r7, lr}
\tsub\tsp, #16
\tbl\tshallow
\tbl\tdeep
.LBB0_1:
\tb\t.LBB0_1
\t.type\tshallow,%function
shallow:
\tstr\tlr, [sp, #-4]!
\tbx\tlr
\t.type\tdeep,%function
deep:
\tpush.w\t{r4, r5, r6, lr}
\tsub.w\tsp, sp, #1040
\tbne.w\tshallow
\tbl\tdeep
";

    #[test]
    fn the_deepest_path_counts_what_is_pushed_and_set_aside() {
        let path = Stack::parse(ASSEMBLY).deepest("main");
        assert_eq!(path.bytes, (8 + 16) + (16 + 1040) + 4);
        let names: Vec<_> = path.frames.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["main", "deep", "shallow"]);
    }

    #[test]
    fn branches_are_told_from_bits() {
        assert!(is_branch("bl") && is_branch("b.w") && is_branch("bne.w") && is_branch("bls"));
        assert!(!is_branch("bx") && !is_branch("bic") && !is_branch("bfi") && !is_branch("blx"));
    }
}
