//! What is noted of an address before it is used: so it is known whose it is, and where it has to be taken away, whoever
//! has died meanwhile.

use std::net::IpAddr;

use crate::call::{Call, Refusal};
use crate::note;

/// An address, and the interface that it is on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Record {
    pub(super) address: IpAddr,
    pub(super) interface: String,
}

const NOTE: &str = "address";

impl Record {
    pub(super) fn read(call: &Call) -> Result<Option<Self>, Refusal> {
        let Some(line) = note::read(call, NOTE)? else { return Ok(None) };
        let parts = line.split_once(' ');
        let read = parts.and_then(|(address, interface)| {
            Some(Record { address: address.parse().ok()?, interface: interface.to_owned() })
        });
        read.map(Some).ok_or_else(|| note::damaged(call, NOTE))
    }

    pub(super) fn write(&self, call: &Call) -> Result<(), Refusal> {
        note::write(call, NOTE, &format!("{} {}", self.address, self.interface))
    }

    pub(super) fn remove(call: &Call) -> Result<(), Refusal> {
        note::remove(call, NOTE)
    }
}
