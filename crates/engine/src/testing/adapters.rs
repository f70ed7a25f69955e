//! Adapters of the node, as texts.

use std::collections::BTreeSet;

use mainstay_types::glance::{NetworkGlance, NetworkInterfaceGlance};
use uuid::Uuid;

use super::World;
use crate::input::Input;
use crate::model::networks::Prefixed;
use crate::network::{Adapter, AdapterAddress};

/// `NAME KIND FLAGS ADDRESS...`, where `-` stands for nothing. Of the flags, `l` is the loopback, `d` is switched off, `n`
/// has no link, and `2` is a port of the device of that number. An address may end in `s` (secondary), `t` (doubtful)
/// or `r` (leased).
///
/// # Panics
///
/// The text is another one.
pub fn adapter(index: u32, text: &str) -> Adapter {
    let mut words = text.split(' ');
    let mut word = || words.next().expect("name, kind and flags");
    let (name, kind, flags) = (word(), word(), word());
    Adapter {
        index,
        name: name.into(),
        kind: kind.trim_matches('-').into(),
        master: flags.chars().find_map(|flag| flag.to_digit(10)),
        is_loopback: flags.contains('l'),
        is_up: !flags.contains('d'),
        is_running: !flags.contains(['d', 'n']),
        hardware_address: format!("02:00:00:00:00:{index:02x}"),
        link_speed_bps: 0,
        receive_queues: 1,
        has_rdma: false,
        addresses: words.map(address).collect(),
        fresh: [Uuid::from_u128(u128::from(index)), Uuid::from_u128(0x1000 + u128::from(index))],
    }
}

fn address(text: &str) -> AdapterAddress {
    let (address, length) = text.trim_end_matches(['s', 't', 'r']).split_once('/').expect("a prefix length");
    AdapterAddress {
        address: Prefixed {
            address: address.parse().expect("an address"),
            length: length.parse().expect("a length"),
        },
        is_secondary: text.ends_with('s'),
        is_doubtful: text.ends_with('t'),
        is_leased: text.ends_with('r'),
    }
}

impl World {
    /// The node's adapters are these from now on, see [`adapter`]; the first has the number 1.
    pub fn see_adapters(&mut self, texts: &[&str]) {
        let mut adapters: Vec<Adapter> = (1..).zip(texts).map(|(index, text)| adapter(index, text)).collect();
        for adapter in &mut adapters {
            adapter.fresh = [self.fresh(), self.fresh()];
        }
        self.feed(Input::Adapters(adapters));
    }

    /// What must hold of networks and interfaces whenever nothing is under way.
    ///
    /// # Panics
    ///
    /// It does not.
    pub fn check_networks(&self) {
        let (networks, interfaces) = (self.networks(), self.interfaces());
        let names: BTreeSet<&str> = networks.iter().map(|network| network.name.folded()).collect();
        assert_eq!(names.len(), networks.len(), "two networks have one name: {networks:?}");
        let mut subnets: Vec<&String> = networks.iter().flat_map(|network| &network.subnets).collect();
        let count = subnets.len();
        subnets.sort();
        subnets.dedup();
        assert_eq!(subnets.len(), count, "two networks have one subnet: {networks:?}");
        for network in &networks {
            let own = interfaces.iter().filter(|found| found.network == network.id).count();
            assert_eq!(own, 1, "a node has one interface on a network: {network:?} {interfaces:?}");
        }
        for interface in &interfaces {
            let network = networks.iter().find(|network| network.id == interface.network);
            let network = network.unwrap_or_else(|| panic!("no network: {interface:?}"));
            let is_on = |address: &String| {
                let (address, length) = address.split_once('/').expect("a prefix length");
                let address = Prefixed {
                    address: address.parse().expect("an address"),
                    length: length.parse().expect("a length"),
                };
                network.subnets.contains(&address.subnet().to_string())
            };
            let is_bare = interface.addresses.is_empty();
            assert!(is_bare || interface.addresses.iter().any(is_on), "{interface:?} is not on {network:?}");
        }
    }

    /// All networks, by name.
    pub fn networks(&self) -> Vec<NetworkGlance> {
        self.engine.view().glance().networks
    }

    /// All network interfaces, by name.
    pub fn interfaces(&self) -> Vec<NetworkInterfaceGlance> {
        self.engine.view().glance().interfaces
    }
}
