//! Which servers this machine has.

use std::env;
use std::path::{Path, PathBuf};

/// The names looked for on the `PATH`.
const NAMES: [&str; 2] = ["redis-server", "valkey-server"];

/// The environment variable with further servers: paths of binaries, separated by colons.
const MORE: &str = "RESPIPE_SERVERS";

/// A server that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    path: PathBuf,
}

impl Binary {
    /// The server at this path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path it is started by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Every server that can be found: `redis-server` and `valkey-server` on the `PATH`, then those listed in the environment
/// variable `RESPIPE_SERVERS`, each once.
///
/// A name in `RESPIPE_SERVERS` at which there is no file is listed too, so that its test fails rather than passes unseen.
#[must_use]
pub fn servers() -> Vec<Binary> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = NAMES.iter().filter_map(|name| {
        env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(|file| file.is_file())
    });
    let more = env::var_os(MORE).unwrap_or_default();
    let listed = env::split_paths(&more).filter(|file| !file.as_os_str().is_empty());
    once_each(on_path.chain(listed))
}

/// Drops the second of two paths to one file: `valkey-compat` packages link `redis-server` to `valkey-server`.
///
/// The path itself is kept, not what it resolves to: these binaries look at the name they are called by, and Debian's
/// `redis-server` is a link to `redis-check-rdb`.
fn once_each(paths: impl Iterator<Item = PathBuf>) -> Vec<Binary> {
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for path in paths {
        let file = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !seen.contains(&file) {
            seen.push(file);
            found.push(Binary { path });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_links_to_one_server_are_one_server() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("valkey-server");
        let link = dir.path().join("redis-server");
        std::fs::write(&file, "")?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(&file, &link)?;
        #[cfg(not(unix))]
        std::fs::hard_link(&file, &link)?;
        let found = once_each([link.clone(), file].into_iter());
        assert_eq!(
            found,
            [Binary::at(link)],
            "the first is kept, by the name it was found under"
        );
        Ok(())
    }

    #[test]
    fn a_listed_server_that_is_missing_is_kept_so_that_its_test_fails() {
        let missing = PathBuf::from("/no/such/server");
        assert_eq!(
            once_each([missing.clone()].into_iter()),
            [Binary::at(missing)]
        );
    }
}
