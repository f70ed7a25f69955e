//! What a later host has to know to take a program over, and the guard to find it: which process it is.
//!
//! Three lines, `pid N`, `started N` (clock ticks since the machine was started) and `boot ID`: whatever has the same
//! number and start time after another boot is a stranger. The file is replaced as a whole; it is not synced, since at
//! the next boot the process is gone as well.
//!
//! A type whose resources are no single process keeps a text of its own there, behind the line `boot ID`.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mainstay_types::ResourceId;

use crate::process::Identity;

/// Where the kernel says which boot this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Where a resource has its file.
pub fn path(run_dir: &Path, resource: ResourceId) -> PathBuf {
    run_dir.join(format!("resource-{resource}.state"))
}

/// Says which process it is.
pub fn write(path: &Path, identity: Identity) -> io::Result<()> {
    let boot = fs::read_to_string(BOOT_ID)?;
    let (pid, started) = (identity.pid, identity.started_at_ticks);
    replace(path, &format!("pid {pid}\nstarted {started}\nboot {}\n", boot.trim()))
}

/// Keeps a text until the next boot.
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    replace(path, &format!("boot {}\n{text}", fs::read_to_string(BOOT_ID)?.trim()))
}

/// The text that was kept since this boot. `None`: there is none.
pub fn read_text(path: &Path) -> io::Result<Option<String>> {
    let Some(text) = read_file(path)? else { return Ok(None) };
    let boot = fs::read_to_string(BOOT_ID)?;
    let kept = text.strip_prefix("boot ").and_then(|text| text.split_once('\n'));
    Ok(kept.filter(|(of, _)| *of == boot.trim()).map(|(_, text)| text.to_owned()))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    // What a type keeps there may be a password.
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&new, path)
}

fn read_file(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Which process it is. `None`: there is none, or it says nothing that could be a process of this boot.
pub fn read(path: &Path) -> io::Result<Option<Identity>> {
    let Some(text) = read_file(path)? else { return Ok(None) };
    Ok(parse(&text, fs::read_to_string(BOOT_ID)?.trim()))
}

/// Says that there is none any more.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn parse(text: &str, boot: &str) -> Option<Identity> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    if value("boot")? != boot {
        return None;
    }
    Some(Identity { pid: value("pid")?.parse().ok()?, started_at_ticks: value("started")?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_until_the_next_boot() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("resource.state");
        assert_eq!(read_text(&path).unwrap(), None);
        write_text(&path, "one\ntwo").unwrap();
        assert_eq!(read_text(&path).unwrap().as_deref(), Some("one\ntwo"));
        assert_eq!(read(&path).unwrap(), None, "it names no process");
        fs::write(&path, "boot another\none").unwrap();
        assert_eq!(read_text(&path).unwrap(), None);
    }

    #[test]
    fn what_was_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("resource.state");
        assert_eq!(read(&path).unwrap(), None);
        let identity = Identity { pid: 4711, started_at_ticks: 815 };
        write(&path, identity).unwrap();
        assert_eq!(read(&path).unwrap(), Some(identity));
        remove(&path).unwrap();
        remove(&path).unwrap();
        let boot = "\nboot b";
        assert_eq!(parse(&format!("pid 4711\nstarted 815{boot}"), "b"), Some(identity));
        assert_eq!(parse(&format!("pid 4711\nstarted 815{boot}"), "c"), None, "another boot's");
        assert_eq!(parse("pid 4711\nstarted 815", "b"), None, "whichever boot's");
        for text in ["", "pid 1", "pid x\nstarted 2", "pid 1\nstarted -2", "pid1\nstarted2"] {
            assert_eq!(parse(&format!("{text}{boot}"), "b"), None, "{text:?}");
        }
    }
}
