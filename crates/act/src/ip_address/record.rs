//! What is noted of an address before it is used: so it is known whose it is, and where it has to be taken away, whoever
//! has died meanwhile. It is gone after a boot, as addresses are.

use std::fs;
use std::io::ErrorKind;
use std::net::IpAddr;

use crate::call::{Call, Refusal};

/// An address, and the interface that it is on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Record {
    pub(super) address: IpAddr,
    pub(super) interface: String,
}

const EXTENSION: &str = "address";

impl Record {
    pub(super) fn read(call: &Call) -> Result<Option<Self>, Refusal> {
        let path = call.file(EXTENSION)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Refusal::system(format!("read {}", path.display()), &error)),
        };
        let read =
            text.strip_suffix('\n').and_then(|line| line.split_once(' ')).and_then(|(address, interface)| {
                Some(Record { address: address.parse().ok()?, interface: interface.to_owned() })
            });
        match read {
            Some(record) => Ok(Some(record)),
            None => {
                let error = std::io::Error::new(ErrorKind::InvalidData, "it is damaged; remove it");
                Err(Refusal::system(format!("read {}", path.display()), &error))
            }
        }
    }

    pub(super) fn write(&self, call: &Call) -> Result<(), Refusal> {
        let (path, new) = (call.file(EXTENSION)?, call.file("address.new")?);
        let written = fs::write(&new, format!("{} {}\n", self.address, self.interface));
        let written = written.and_then(|()| fs::rename(&new, &path));
        written.map_err(|error| Refusal::system(format!("write {}", path.display()), &error))
    }

    pub(super) fn remove(call: &Call) -> Result<(), Refusal> {
        let path = call.file(EXTENSION)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Refusal::system(format!("remove {}", path.display()), &error))
            }
            _ => Ok(()),
        }
    }
}
