//! Resource hosts.
use mainstay_types::HostId;
use std::collections::BTreeMap;
/// hosts
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    known: BTreeMap<HostId, Host>,
}
/// host
#[derive(Debug, Default)]
pub(crate) struct Host {
    pid: u32,
}
impl Hosts {
    pub(crate) fn pid(&self, host: HostId) -> Option<u32> {
        self.known.get(&host).map(|h| h.pid)
    }
}
