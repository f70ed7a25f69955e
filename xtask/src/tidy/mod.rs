//! `cargo xtask tidy`: the repository's own rules, which no other tool knows.
//!
//! Each rule is a function from what is in the repository to the breaches of it. The tests run them too.

mod crates;
mod files;
mod policies;

use std::fmt;
use std::path::Path;

use xshell::cmd;

use crate::Result;
use crate::arguments::Arguments;
use crate::workspace::Workspace;

const HELP: &str = "\
Checks the repository's own rules: what each crate may depend on, which crates may hold unsafe code, how a crate begins,
that policies are the engine's only, how long a file may be, and what no file may contain.

Usage: cargo xtask tidy
";

/// A rule that was broken, where and how.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    file: String,
    /// Lines are counted from 1; 0 is the file as a whole.
    line: usize,
    what: String,
}

impl Breach {
    fn of_file(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, what: what.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> Result {
    if arguments.help(HELP) {
        return Ok(());
    }
    arguments.end()?;
    let breaches = breaches(workspace)?;
    for breach in &breaches {
        println!("{breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        number => Err(format!("the repository's rules are broken in {number} places").into()),
    }
}

/// All breaches of all rules, in tracked files only.
fn breaches(workspace: &Workspace) -> Result<Vec<Breach>> {
    let shell = workspace.shell()?;
    let listed = cmd!(shell, "git ls-files -z").quiet().read()?;
    let machine = files::machine_paths(workspace);
    let mut breaches = Vec::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let path = workspace.root.join(name);
        // A file that is about to be removed is still listed; one that is no text follows no rule of text.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        breaches.extend(files::check(name, &text, &machine));
        breaches.extend(policies::check(name, &text));
        if is_manifest_of_crate(name) {
            breaches.extend(crates::check_manifest(name, &text)?);
        }
        if is_crate_root(name) {
            breaches.extend(crates::check_root(name, &text));
        }
    }
    Ok(breaches)
}

/// `crates/NAME/Cargo.toml`.
fn is_manifest_of_crate(name: &str) -> bool {
    crates::directory_of(name).is_some() && name.ends_with("/Cargo.toml")
}

/// `src/lib.rs` or `src/main.rs` of any package.
fn is_crate_root(name: &str) -> bool {
    let path = Path::new(name);
    path.ends_with("src/lib.rs") || path.ends_with("src/main.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_keeps_its_rules() {
        let breaches = breaches(&Workspace::find().unwrap()).unwrap();
        let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
    }
}
