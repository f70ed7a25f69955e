//! Which of a node's adapters count, and what is recorded of them. A pure function of what was seen.

use std::net::IpAddr;

use mainstay_types::{Name, NetworkId, NetworkInterfaceId};
use uuid::Uuid;

use crate::limits::{ADAPTER_ADDRESSES_MAX, INTERFACES_PER_NODE_MAX};
use crate::model::networks::{Condition, Facts, Prefixed};

/// Kinds of devices that lead to nobody, whatever address they have.
const LEADS_NOWHERE: &[&str] = &["dummy", "ifb", "nlmon", "vcan"];
/// Kinds of devices by which guests and containers of this machine hang on a bridge. A bridge that has no other port
/// leads to nobody outside.
const LEADS_INSIDE: &[&str] = &["veth", "tun", "macvtap", "ipvtap", "dummy"];
const BRIDGE: &str = "bridge";

/// An adapter of the machine, as it was seen. Plain facts; which of them matter is decided here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Adapter {
    /// The kernel's number for it.
    pub index: u32,
    /// The device: `eth0`.
    pub name: String,
    /// What the kernel calls its kind: `bridge`, `veth`; empty for hardware.
    pub kind: String,
    /// The number of the bridge or bond that it is a port of.
    pub master: Option<u32>,
    /// Whether it is the loopback.
    pub is_loopback: bool,
    /// Whether it is switched on.
    pub is_up: bool,
    /// Whether it has a link, or says of itself that it works.
    pub is_running: bool,
    /// Its hardware address as text; empty where it has none.
    pub hardware_address: String,
    /// Bits per second; 0 where nobody knows.
    pub link_speed_bps: u64,
    /// How many receive queues it has.
    pub receive_queues: u32,
    /// Whether it can do RDMA.
    pub has_rdma: bool,
    /// Its addresses, in the kernel's order.
    pub addresses: Vec<AdapterAddress>,
    /// Ids for a network and for an interface, of which nothing else is made.
    pub fresh: [Uuid; 2],
}

/// An address of an adapter, as it was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdapterAddress {
    /// With its prefix.
    pub address: Prefixed,
    /// Beside another one of the same subnet, or for a while only (IFA_F_SECONDARY, IFA_F_TEMPORARY).
    pub is_secondary: bool,
    /// Somebody may have it already (IFA_F_TENTATIVE, IFA_F_DADFAILED).
    pub is_doubtful: bool,
    /// It holds for a time (without IFA_F_PERMANENT).
    pub is_leased: bool,
}

/// An adapter that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Counted {
    /// What is recorded of it.
    pub(super) facts: Facts,
    /// The id of a network that it is the first of.
    pub(super) new_network: NetworkId,
    /// The id of its interface, where it has none.
    pub(super) new_interface: NetworkInterfaceId,
}

/// The adapters that count, in the kernel's order.
pub(super) fn counted(adapters: &[Adapter]) -> Vec<Counted> {
    let mut leading: Vec<&Adapter> =
        adapters.iter().filter(|adapter| leads_outside(adapter, adapters)).collect();
    leading.sort_by_key(|adapter| adapter.index);
    let counted = leading.into_iter().map(|adapter| Counted {
        facts: facts_of(adapter),
        new_network: NetworkId(adapter.fresh[0]),
        new_interface: NetworkInterfaceId(adapter.fresh[1]),
    });
    counted.take(INTERFACES_PER_NODE_MAX).collect()
}

/// Whether somebody outside of the machine can be at the other end.
fn leads_outside(adapter: &Adapter, all: &[Adapter]) -> bool {
    // The kernel allows names that no object may have.
    let is_named = Name::parse(&adapter.name).is_ok();
    if !is_named || adapter.is_loopback || LEADS_NOWHERE.contains(&adapter.kind.as_str()) {
        return false;
    }
    let mut ports = all.iter().filter(|other| other.master == Some(adapter.index));
    adapter.kind != BRIDGE || ports.any(|port| !LEADS_INSIDE.contains(&port.kind.as_str()))
}

fn facts_of(adapter: &Adapter) -> Facts {
    let counting = adapter.addresses.iter().filter(|seen| counts(seen));
    let (v4, v6): (Vec<&AdapterAddress>, Vec<&AdapterAddress>) =
        counting.partition(|seen| seen.address.address.is_ipv4());
    let of_family = |found: Vec<&AdapterAddress>| {
        found.into_iter().take(ADAPTER_ADDRESSES_MAX).copied().collect::<Vec<_>>()
    };
    let taken: Vec<AdapterAddress> = of_family(v4).into_iter().chain(of_family(v6)).collect();
    let condition = match adapter {
        _ if !adapter.is_up => Condition::SwitchedOff,
        _ if !adapter.is_running => Condition::NoLink,
        _ if taken.is_empty() => Condition::NoAddress,
        _ => Condition::Working,
    };
    Facts {
        adapter: adapter.name.clone(),
        adapter_id: adapter.hardware_address.clone(),
        condition,
        addresses: taken.iter().map(|seen| seen.address).collect(),
        is_leased: taken.iter().any(|seen| seen.is_leased),
        link_speed_bps: adapter.link_speed_bps,
        spreads_queues: adapter.receive_queues > 1,
        has_rdma: adapter.has_rdma,
    }
}

/// Whether an address says of a subnet that others are in.
fn counts(seen: &AdapterAddress) -> bool {
    let Prefixed { address, length } = seen.address;
    if seen.is_secondary || seen.is_doubtful || length == 0 || address.is_unspecified() {
        return false;
    }
    match address {
        IpAddr::V4(address) => {
            length < 32 && !address.is_loopback() && !address.is_link_local() && !address.is_multicast()
        }
        IpAddr::V6(address) => {
            let is_link_local = address.segments()[0] & 0xFFC0 == 0xFE80;
            length < 128 && !address.is_loopback() && !is_link_local && !address.is_multicast()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::adapters::adapter;

    #[track_caller]
    fn check(adapters: &[&str], expected: &[&str]) {
        let seen: Vec<Adapter> = (1..).zip(adapters).map(|(index, text)| adapter(index, text)).collect();
        let shown = counted(&seen).into_iter().map(|found| {
            let addresses: Vec<String> = found.facts.addresses.iter().map(Prefixed::to_string).collect();
            format!("{} {:?} {}", found.facts.adapter, found.facts.condition, addresses.join(" "))
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{adapters:?}");
    }

    #[test]
    fn an_adapter_counts_where_it_leads_outside() {
        check(&["lo - l 127.0.0.1/8 ::1/128", "eth0 - - 192.0.2.7/24"], &["eth0 Working 192.0.2.7/24"]);
        check(&["d0 dummy - 192.0.2.7/24", "i0 ifb - 192.0.2.8/24"], &[]);
        check(&["v0 veth - 192.0.2.7/24"], &["v0 Working 192.0.2.7/24"]);
        check(&["wg0 wireguard - 192.0.2.7/24"], &["wg0 Working 192.0.2.7/24"]);
        // A bridge of guests and containers, and one with a port that leads out.
        check(&["br0 bridge - 172.17.0.1/16"], &[]);
        check(&["br0 bridge - 172.17.0.1/16", "v0 veth 1", "t0 tun 1"], &["v0 NoAddress ", "t0 NoAddress "]);
        let seen = ["br0 bridge - 192.0.2.7/24", "t0 tun 1", "eth0 - 1"];
        check(&seen, &["br0 Working 192.0.2.7/24", "t0 NoAddress ", "eth0 NoAddress "]);
        check(
            &["br0 bridge - 192.0.2.7/24", "bond0 bond 1"],
            &["br0 Working 192.0.2.7/24", "bond0 NoAddress "],
        );
    }

    #[test]
    fn an_address_counts_where_it_tells_of_a_subnet() {
        check(
            &["eth0 - - 169.254.1.1/16 192.0.2.7/24 192.0.2.8/24s 198.51.100.1/32 224.0.0.1/4 0.0.0.0/0"],
            &["eth0 Working 192.0.2.7/24"],
        );
        check(
            &[
                "eth0 - - fe80::1/64 2001:db8::7/64r 2001:db8::8/64t 2001:db8::9/64s 2001:db8:1::1/128 febf::1/64",
            ],
            &["eth0 Working 2001:db8::7/64"],
        );
        check(
            &["eth0 - - 2001:db8::7/64 192.0.2.7/31 198.51.100.7/24"],
            &["eth0 Working 192.0.2.7/31 198.51.100.7/24 2001:db8::7/64"],
        );
        check(&["eth0 - - fe80::1/64"], &["eth0 NoAddress "]);
    }

    #[test]
    fn a_device_that_is_off_or_has_no_link_does_not_work() {
        check(&["eth0 - d 192.0.2.7/24"], &["eth0 SwitchedOff 192.0.2.7/24"]);
        check(&["eth0 - n 192.0.2.7/24"], &["eth0 NoLink 192.0.2.7/24"]);
        check(&["eth0 - n"], &["eth0 NoLink "]);
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let addresses: String = (0..40).map(|n| format!(" 10.0.{n}.1/24 fd00:{n}::1/64")).collect();
        let seen: Vec<Adapter> =
            (0..200).map(|index| adapter(index, &format!("e{index} - -{addresses}"))).collect();
        let found = counted(&seen);
        assert_eq!(found.len(), INTERFACES_PER_NODE_MAX);
        assert_eq!(found[0].facts.addresses.len(), 2 * ADAPTER_ADDRESSES_MAX);
    }
}
