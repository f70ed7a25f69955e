//! Rules about any file's text.

use std::path::PathBuf;

use super::Breach;
use crate::workspace::Workspace;

/// A longer file wants to be two.
const LINES_MAX: usize = 900;

/// Files that may be longer, each for a reason.
const LONG_ALLOWED: &[&str] = &[
    // One sample of every operation's request and answer: a table.
    "crates/cmrp/tests/samples/mod.rs",
];

/// Words for work that is put off: it belongs into an issue, where it is seen. Spelled so that this file passes.
const PUT_OFF: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

/// Files that are not of our writing.
const NOT_OURS: &[&str] = &["Cargo.lock", "fuzz/Cargo.lock"];

/// The directories of this machine that no file may name: the checkout, the target directory, and cargo's home. What
/// the checkout lies in is left out: it may be a directory that every machine has.
pub(super) fn machine_paths(workspace: &Workspace) -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let directories = [Some(workspace.root.clone()), Some(workspace.target_dir.clone()), home];
    let mut paths: Vec<String> = directories
        .into_iter()
        .flatten()
        .filter(|path| path.parent().is_some())
        .map(|path| format!("{}/", path.display()))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Checks one file.
pub(super) fn check(name: &str, text: &str, machine_paths: &[String]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if NOT_OURS.contains(&name) {
        return breaches;
    }
    let mut breach = |line, what| breaches.push(Breach { file: name.to_owned(), line, what });
    for (index, line) in text.lines().enumerate() {
        for word in PUT_OFF {
            if has_word(line, word) {
                breach(index + 1, format!("{word}: do it, or put it into an issue"));
            }
        }
        for path in machine_paths {
            if has_path(line, path) {
                breach(index + 1, format!("a path of this machine: {path}"));
            }
        }
    }
    let lines = text.lines().count();
    if name.ends_with(".rs") && lines > LINES_MAX && !LONG_ALLOWED.contains(&name) {
        breach(0, format!("{lines} lines; a file of more than {LINES_MAX} wants to be two"));
    }
    breaches
}

/// Whether `word` stands in `line` and is no part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

/// Whether `path` stands in `line` as the beginning of an absolute path.
fn has_path(line: &str, path: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "_-.*}])>$".contains(c);
    line.match_indices(path).any(|(at, _)| !line[..at].ends_with(goes_on))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_file_may_contain() {
        let paths = ["/srv/build/".to_owned()];
        let put_off = PUT_OFF[0];
        let cases = [
            (format!("// {put_off}: later"), 1),
            (format!("{put_off}S and my{put_off} and clippy::todo"), 0),
            ("include = \"/srv/build/include\"".to_owned(), 1),
            ("usr/srv/build/x and <prefix>/srv/build/x".to_owned(), 0),
            ("/srv/builder".to_owned(), 0),
        ];
        for (text, expected) in cases {
            assert_eq!(check("docs/a.md", &text, &paths).len(), expected, "{text}");
        }
    }

    #[test]
    fn a_file_has_an_end() {
        let text = "\n".repeat(LINES_MAX + 1);
        assert_eq!(check("crates/a/src/a.rs", &text, &[]).len(), 1);
        assert_eq!(check("docs/a.md", &text, &[]).len(), 0);
        assert_eq!(check(LONG_ALLOWED[0], &text, &[]).len(), 0);
    }
}
