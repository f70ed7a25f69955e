//! Networks and network interfaces as the engine reads them from the registry.
//!
//! Plain data: each node writes the records of its own interfaces, and what they mean together is
//! [`crate::network`]'s.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use mainstay_store::registry::Key;
use mainstay_types::name::fold;
use mainstay_types::{Name, NetworkId, NetworkInterfaceId, NodeId};

use super::layout;
use super::objects::{dword, name, text, texts};
use crate::error::DatabaseError;

/// ClusterNetworkRoleInternalAndClient: what a network is for as long as nobody says otherwise.
pub const ROLE_DEFAULT: u32 = 3;

/// An address with the length of its prefix. Of a subnet, the bits behind the prefix are 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Prefixed {
    /// The address.
    pub address: IpAddr,
    /// How many bits of it are the subnet's.
    pub length: u8,
}

impl Prefixed {
    /// The subnet that the address is in.
    pub fn subnet(self) -> Self {
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(u32::BITS.saturating_sub(self.length.into())).unwrap_or(0);
                IpAddr::V4((address.to_bits() & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(u128::BITS.saturating_sub(self.length.into())).unwrap_or(0);
                IpAddr::V6((address.to_bits() & mask).into())
            }
        };
        Prefixed { address, length: self.length }
    }
}

impl fmt::Display for Prefixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// What an interface's own node says of it. The number is what is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u32)]
pub enum Condition {
    /// It works.
    #[default]
    Working = 0,
    /// Its device is switched off.
    SwitchedOff = 1,
    /// Its device has no link.
    NoLink = 2,
    /// Its device has no address of a subnet.
    NoAddress = 3,
    /// Its device is not there, or leads to nobody any more.
    Gone = 4,
}

impl Condition {
    const ALL: [Condition; 5] = [Self::Working, Self::SwitchedOff, Self::NoLink, Self::NoAddress, Self::Gone];

    /// As it is stored.
    pub fn number(self) -> u32 {
        self as u32
    }

    fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.number() == number)
    }
}

/// A network: what interfaces of the same subnets have in common.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Network {
    /// Its id.
    pub id: NetworkId,
    /// Its name.
    pub name: Name,
    /// Its subnets: those of IPv4 first, each in the order in which they were found.
    pub subnets: Vec<Prefixed>,
    /// Role.
    pub role: u32,
    /// Metric, where it was set.
    pub fixed_metric: Option<u32>,
}

/// An interface: an adapter of a node, on a network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its id.
    pub id: NetworkInterfaceId,
    /// Its name.
    pub name: Name,
    /// Its node.
    pub node: NodeId,
    /// Its network.
    pub network: NetworkId,
    /// What its node says of the adapter.
    pub facts: Facts,
}

/// What a node says of one of its adapters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The device: `eth0`.
    pub adapter: String,
    /// Its hardware address; empty where it has none.
    pub adapter_id: String,
    /// Whether it works.
    pub condition: Condition,
    /// Its addresses that count: those of IPv4 first.
    pub addresses: Vec<Prefixed>,
    /// Whether one of them is leased.
    pub is_leased: bool,
    /// Bits per second; 0 where nobody knows.
    pub link_speed_bps: u64,
    /// Whether its receive queues can be spread over processors.
    pub spreads_queues: bool,
    /// Whether it can do RDMA.
    pub has_rdma: bool,
}

impl Network {
    fn read(id: NetworkId, key: &Key) -> Result<Self, DatabaseError> {
        let object = || format!("network {id}");
        Ok(Network {
            id,
            name: name(key, layout::NAME, object)?,
            subnets: prefixed(key, object)?,
            role: dword(key, layout::ROLE).unwrap_or(ROLE_DEFAULT),
            fixed_metric: dword(key, layout::METRIC),
        })
    }
}

impl Interface {
    fn read(id: NetworkInterfaceId, key: &Key) -> Result<Self, DatabaseError> {
        let object = || format!("network interface {id}");
        let damaged = |reason: &str| DatabaseError::Damaged { object: object(), reason: reason.to_owned() };
        let truth = |name: &str| dword(key, name).is_some_and(|number| number != 0);
        let node = text(key, layout::INTERFACE_NODE).and_then(|text| text.parse().ok());
        let network = text(key, layout::INTERFACE_NETWORK).and_then(|text| text.parse().ok());
        let condition = Condition::from_number(dword(key, layout::CONDITION).unwrap_or_default());
        let speed = key.value(layout::LINK_SPEED).and_then(|entry| entry.value.as_qword());
        Ok(Interface {
            id,
            name: name(key, layout::NAME, object)?,
            node: node.ok_or_else(|| damaged("its node is missing or is no number"))?,
            network: network.ok_or_else(|| damaged("its network is missing or is no id"))?,
            facts: Facts {
                adapter: text(key, layout::ADAPTER).unwrap_or_default().to_owned(),
                adapter_id: text(key, layout::ADAPTER_ID).unwrap_or_default().to_owned(),
                condition: condition.ok_or_else(|| damaged("its condition is none"))?,
                addresses: prefixed(key, object)?,
                is_leased: truth(layout::DHCP_ENABLED),
                link_speed_bps: speed.unwrap_or_default(),
                spreads_queues: truth(layout::RSS_CAPABLE),
                has_rdma: truth(layout::RDMA_CAPABLE),
            },
        })
    }
}

/// The addresses of a key with their prefix lengths, those of IPv4 first.
fn prefixed(key: &Key, object: impl Fn() -> String) -> Result<Vec<Prefixed>, DatabaseError> {
    let mut found = Vec::new();
    for (addresses, lengths, bits) in [
        (layout::IPV4_ADDRESSES, layout::IPV4_PREFIX_LENGTHS, 32),
        (layout::IPV6_ADDRESSES, layout::IPV6_PREFIX_LENGTHS, 128),
    ] {
        let (stored, lengths) = (texts(key, addresses), texts(key, lengths));
        let read = |(address, length): (&String, &String)| {
            let address: IpAddr = address.parse().ok()?;
            let length: u8 = length.parse().ok()?;
            (address.is_ipv4() == (bits == 32) && length <= bits).then_some(Prefixed { address, length })
        };
        let read: Option<Vec<Prefixed>> = stored.iter().zip(lengths).map(read).collect();
        let read = read.filter(|_| stored.len() == lengths.len());
        found.extend(read.ok_or_else(|| DatabaseError::Damaged {
            object: object(),
            reason: format!("its {addresses} and their prefix lengths cannot be read"),
        })?);
    }
    Ok(found)
}

/// All networks and interfaces, with indexes by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Networks {
    networks: BTreeMap<NetworkId, Network>,
    network_names: BTreeMap<String, NetworkId>,
    interfaces: BTreeMap<NetworkInterfaceId, Interface>,
    interface_names: BTreeMap<String, NetworkInterfaceId>,
}

impl Networks {
    pub(super) fn network(&self, id: NetworkId) -> Option<&Network> {
        self.networks.get(&id)
    }

    pub(super) fn networks(&self) -> impl Iterator<Item = &Network> {
        self.networks.values()
    }

    pub(super) fn find_network(&self, text: &str) -> Option<NetworkId> {
        let by_name = || self.network_names.get(&fold(text)).copied();
        text.parse().ok().filter(|id| self.networks.contains_key(id)).or_else(by_name)
    }

    pub(super) fn interface(&self, id: NetworkInterfaceId) -> Option<&Interface> {
        self.interfaces.get(&id)
    }

    pub(super) fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.values()
    }

    pub(super) fn find_interface(&self, text: &str) -> Option<NetworkInterfaceId> {
        let by_name = || self.interface_names.get(&fold(text)).copied();
        text.parse().ok().filter(|id| self.interfaces.contains_key(id)).or_else(by_name)
    }

    /// Reads one network anew, or forgets it where its key is gone.
    pub(super) fn read_network(&mut self, id: NetworkId, key: Option<&Key>) -> Result<(), DatabaseError> {
        let read = key.map(|key| Network::read(id, key)).transpose()?;
        if let Some(old) = self.networks.remove(&id) {
            forget(&mut self.network_names, &old.name, &id);
        }
        if let Some(read) = read {
            self.network_names.insert(read.name.folded().to_owned(), id);
            self.networks.insert(id, read);
        }
        Ok(())
    }

    /// Reads one interface anew, or forgets it where its key is gone.
    pub(super) fn read_interface(
        &mut self,
        id: NetworkInterfaceId,
        key: Option<&Key>,
    ) -> Result<(), DatabaseError> {
        let read = key.map(|key| Interface::read(id, key)).transpose()?;
        if let Some(old) = self.interfaces.remove(&id) {
            forget(&mut self.interface_names, &old.name, &id);
        }
        if let Some(read) = read {
            self.interface_names.insert(read.name.folded().to_owned(), id);
            self.interfaces.insert(id, read);
        }
        Ok(())
    }

    /// What an interface names must be there. Its node may be gone: then the interface goes too, in its time.
    pub(super) fn check_references(&self) -> Result<(), DatabaseError> {
        let lost = self.interfaces.values().find(|found| !self.networks.contains_key(&found.network));
        match lost {
            None => Ok(()),
            Some(interface) => Err(DatabaseError::Damaged {
                object: format!("network interface '{}' ({})", interface.name, interface.id),
                reason: format!("its network {} does not exist", interface.network),
            }),
        }
    }
}

/// Forgets a name, where it is still this one's.
fn forget<I: PartialEq>(names: &mut BTreeMap<String, I>, name: &Name, id: &I) {
    if names.get(name.folded()) == Some(id) {
        names.remove(name.folded());
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::property::{CLUSTER, DefaultValue, NETWORK};

    use super::*;

    #[test]
    fn the_default_role_is_that_of_the_tables() {
        let role = NETWORK.find(layout::ROLE).unwrap().default;
        assert_eq!(role, DefaultValue::Dword(ROLE_DEFAULT));
        assert_eq!(CLUSTER.find(layout::DEFAULT_NETWORK_ROLE).unwrap().default, role);
    }

    #[test]
    fn an_address_is_in_its_subnet() {
        for (address, length, subnet) in [
            ("192.0.2.77", 24, "192.0.2.0/24"),
            ("192.0.2.77", 32, "192.0.2.77/32"),
            ("192.0.2.77", 0, "0.0.0.0/0"),
            ("198.51.100.255", 25, "198.51.100.128/25"),
            ("2001:db8::ff:1", 64, "2001:db8::/64"),
            ("2001:db8::1", 128, "2001:db8::1/128"),
            ("2001:db8::1", 0, "::/0"),
        ] {
            let found = Prefixed { address: address.parse().unwrap(), length }.subnet();
            assert_eq!(found.to_string(), subnet, "{address}/{length}");
        }
    }
}
