//! The buffer of an operation: a property list with instructions for the resource, from the command line or a file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use mainstay_proplist::{LIST_LENGTH_MAX, PropertyList, assignment};

use crate::failure::Failure;
use crate::properties::bytes;

/// What goes to the resource along with an operation.
#[derive(Clone, Debug, Default, Args)]
pub struct Instructions {
    /// An instruction for the resource; may be given several times. A bare whole number is a DWORD, any other word a
    /// string; dword:, sz:, multi: or binary: before the value chooses
    #[arg(long = "property", value_name = "NAME=VALUE")]
    pub properties: Vec<String>,
    /// Take the instructions from a file that holds a property list in its binary form
    #[arg(long, value_name = "FILE", conflicts_with = "properties")]
    pub buffer_file: Option<PathBuf>,
}

impl Instructions {
    /// The buffer; empty without instructions.
    pub(crate) fn buffer(&self) -> Result<Vec<u8>, Failure> {
        if let Some(path) = &self.buffer_file {
            return read_file(path);
        }
        let mut list = PropertyList::new();
        for text in &self.properties {
            let (name, value) = assignment::parse(text).map_err(|error| Failure::usage(error.to_string()))?;
            if list.contains(&name) {
                return Err(Failure::usage(format!("instruction '{}' is given twice", name.escape_debug())));
            }
            list.set(name, value);
        }
        if list.is_empty() { Ok(Vec::new()) } else { bytes(&list) }
    }
}

/// Reads no more than a list can be long, whatever the file is.
fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut buffer = Vec::new();
    let limit = LIST_LENGTH_MAX as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut buffer)).map_err(|error| {
        Failure::usage(format!("the buffer file '{}' cannot be read: {error}", path.display()))
    })?;
    match buffer.len() {
        0 => Err(Failure::usage(format!("the buffer file '{}' is empty", path.display()))),
        length if length > LIST_LENGTH_MAX => Err(Failure::usage(format!(
            "the buffer file '{}' is longer than the {LIST_LENGTH_MAX} bytes that a property list may have",
            path.display()
        ))),
        _ => Ok(buffer),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_proplist::Value;

    use super::*;
    use crate::exit::Exit;

    fn of(properties: &[&str]) -> Instructions {
        let properties = properties.iter().map(|text| (*text).to_owned()).collect();
        Instructions { properties, buffer_file: None }
    }

    #[test]
    fn instructions_become_a_property_list() {
        let buffer = of(&["Virtual Machine=1", "Note=save", "Paths=multi:a,b"]).buffer().unwrap();
        let list = PropertyList::parse(&buffer).unwrap();
        assert_eq!(list.dword("virtual machine"), Some(1));
        assert_eq!(list.text("Note"), Some("save"));
        assert_eq!(list.get("Paths"), Some(&Value::MultiSz(vec!["a".into(), "b".into()])));
        assert!(of(&[]).buffer().unwrap().is_empty());
        assert_eq!(of(&["a=1", "A=2"]).buffer().unwrap_err().exit, Exit::Usage);
        assert_eq!(of(&["a"]).buffer().unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn files_are_taken_as_they_are_and_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("buffer");
        std::fs::write(&path, [1, 2, 3]).unwrap();
        let from =
            |path: &Path| Instructions { properties: vec![], buffer_file: Some(path.to_owned()) }.buffer();
        assert_eq!(from(&path).unwrap(), [1, 2, 3]);
        std::fs::write(&path, []).unwrap();
        assert_eq!(from(&path).unwrap_err().exit, Exit::Usage);
        assert_eq!(from(&directory.path().join("none")).unwrap_err().exit, Exit::Usage);
        // Endless, and read no further than needed.
        assert_eq!(from(Path::new("/dev/zero")).unwrap_err().exit, Exit::Usage);
    }
}
