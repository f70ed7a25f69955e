//! What a later host has to know to take a program over: which process it is.
//!
//! Two lines, `pid N` and `started N` (clock ticks since the machine was started). The file is replaced as a whole;
//! it is not synced, since at the next boot the process is gone as well.

use std::fs;
use std::io;
use std::path::Path;

use mainstay_process::Identity;

pub(super) fn write(path: &Path, identity: Identity) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, format!("pid {}\nstarted {}\n", identity.pid, identity.started_at_ticks))?;
    fs::rename(&new, path)
}

/// `None`: there is none, or it says nothing that could be a process.
pub(super) fn read(path: &Path) -> io::Result<Option<Identity>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(parse(&text))
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn parse(text: &str) -> Option<Identity> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    Some(Identity { pid: value("pid")?.parse().ok()?, started_at_ticks: value("started")?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for text in ["", "pid 1", "pid x\nstarted 2", "pid 1\nstarted -2", "pid1\nstarted2"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
