//! What the firmware's log says to a program: `name=number` words.

/// The number under this name in a line of the log.
pub(crate) fn number(line: &str, name: &str) -> Option<u64> {
    let value = |word: &str| {
        word.strip_prefix(name)?
            .strip_prefix('=')
            .map(str::to_owned)
    };
    line.split_whitespace()
        .find_map(value)?
        .trim_end_matches(',')
        .parse()
        .ok()
}

/// Whether a line says this, apart from when and how loud.
pub(crate) fn says(line: &str, what: &str) -> bool {
    line.split_whitespace()
        .skip(2)
        .collect::<Vec<_>>()
        .join(" ")
        .starts_with(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_whole_name() {
        let line = "    1.234 INFO  end remade=3 made=12, stack=0";
        assert_eq!(number(line, "made"), Some(12));
        assert_eq!(number(line, "stack"), Some(0));
        assert_eq!(number(line, "mad"), None);
        assert!(says(line, "end remade"));
        assert!(!says(line, "INFO"));
    }
}
