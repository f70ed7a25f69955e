//! What an action notes for the resource's later ones: a line in a file that is gone after a boot, as what it tells of is.

use std::fs;
use std::io::ErrorKind;

use crate::call::{Call, Code, Refusal};

/// What was noted; `None` where nothing was.
pub(crate) fn read(call: &Call, kind: &str) -> Result<Option<String>, Refusal> {
    let path = call.file(kind)?;
    match fs::read_to_string(&path) {
        // A line that was not written to its end is none.
        Ok(text) => match text.strip_suffix('\n') {
            Some(line) => Ok(Some(line.to_owned())),
            None => Err(damaged(call, kind)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Refusal::system(format!("read {}", path.display()), &error)),
    }
}

/// Notes a line, in place of what was noted before.
pub(crate) fn write(call: &Call, kind: &str, line: &str) -> Result<(), Refusal> {
    let (path, new) = (call.file(kind)?, call.file(&format!("{kind}.new"))?);
    let written = fs::write(&new, format!("{line}\n")).and_then(|()| fs::rename(&new, &path));
    written.map_err(|error| Refusal::system(format!("write {}", path.display()), &error))
}

/// Forgets what was noted.
pub(crate) fn remove(call: &Call, kind: &str) -> Result<(), Refusal> {
    let path = call.file(kind)?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Refusal::system(format!("remove {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}

/// What was noted cannot be read.
pub(crate) fn damaged(call: &Call, kind: &str) -> Refusal {
    match call.file(kind) {
        Ok(path) => {
            let text =
                format!("{} is damaged: take down by hand what there is, and remove it", path.display());
            Refusal::new(Code::Failed, text)
        }
        Err(refusal) => refusal,
    }
}
