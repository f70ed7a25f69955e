//! Commands that documents and messages name are commands: whoever types one is understood.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use mainstay_cli::arguments::Arguments;

/// The words of a line as a shell splits it, up to what is the shell's own.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in line.chars() {
        match (quote, c) {
            (None, '|' | ';' | '>' | '#') => break,
            (None, ' ') => words.push(String::new()),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn check(line: &str) -> Result<(), String> {
    let parsed = Arguments::command().try_get_matches_from(words(line));
    parsed.map(|_| ()).map_err(|error| format!("{line}: {}", error.render()))
}

/// Whether what follows `mainstay` begins as a command does: a noun, and a verb where the noun has any.
fn is_begun(after: &str) -> bool {
    let mut command: Command = Arguments::command();
    let name = |word: &str| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    for word in after.split_whitespace().map(name) {
        match command.find_subcommand(&word) {
            Some(found) => command = found.clone(),
            None => return !command.has_subcommands(),
        }
        if !command.has_subcommands() {
            return true;
        }
    }
    // A noun alone stands for all of its verbs.
    true
}

fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(directory);
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false if path.to_str().unwrap().ends_with(ending) => found.push(path),
                false => {}
            }
        }
    }
    found
}

#[test]
fn what_is_no_command_is_seen() {
    for (after, expected) in [
        ("resource offline db --force", true),
        ("group", true),
        ("status", true),
        ("explain network NAME", true),
        ("resource resume db", false),
        ("recource list", false),
    ] {
        assert_eq!(is_begun(after), expected, "{after}");
    }
    assert!(check("mainstay resource offline -- '-big db' # now").is_ok());
    assert!(check("mainstay resource offline '-big db' | head").is_err());
    assert!(check("mainstay group delete g --with-everything").is_err());
}

#[test]
fn what_the_documents_type_is_understood() {
    let mut pages = files("docs", ".md");
    pages.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md"));
    let (mut wrong, mut typed) = (Vec::new(), 0);
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            if line.starts_with("mainstay ") {
                typed += 1;
                wrong.extend(check(line).err().map(|error| format!("{}: {error}", page.display())));
            }
        }
        // In a sentence a command may stand without what follows it.
        for after in text.split("`mainstay ").skip(1) {
            let after = after.split('`').next().unwrap();
            let is_command = after.starts_with(|c: char| c.is_ascii_lowercase());
            if is_command && !is_begun(after) {
                wrong.push(format!("{}: mainstay {after}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(typed > 100, "{typed} commands");
}

#[test]
fn what_messages_name_is_understood() {
    let (mut wrong, mut named) = (Vec::new(), 0);
    for path in ["engine", "service", "store", "guard", "cli", "types"]
        .iter()
        .flat_map(|name| files(&format!("crates/{name}/src"), ".rs"))
    {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = code.collect::<Vec<_>>().join(" ");
        let quoted = code.split("'mainstay ").skip(1).map(|after| after.split('\'').next().unwrap());
        let behind = code.split("with: mainstay ").skip(1).map(|after| after.split('"').next().unwrap());
        let built = code.split("CommandLine::new(\"").skip(1).map(|after| after.split('"').next().unwrap());
        let about = code.split("about(\"").skip(1).map(|after| after.split('"').next().unwrap());
        for after in quoted.chain(behind).chain(built).chain(about) {
            named += 1;
            if !after.starts_with("--") && !is_begun(after) {
                wrong.push(format!("{}: mainstay {after}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named > 60, "{named} commands");
}

/// What the engine names as ways out of every state that its tests explain.
#[test]
fn what_explanations_name_is_understood() {
    let (mut wrong, mut named) = (Vec::new(), 0);
    for path in files("crates/engine/src/tests/snapshots", "every_state_has_its_reason.snap") {
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| line.trim_start().starts_with("mainstay ")) {
            let (command, _) = line.trim().split_once(": ").unwrap();
            named += 1;
            wrong.extend(check(command).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named > 100, "{named} commands");
}
