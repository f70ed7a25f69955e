//! The interfaces of this node and their addresses, and which of them an address is for.

use std::net::IpAddr;

use mainstay_rtnetlink::{Address, Dump, Link, Message, Socket, whole_length};

use super::settings::Settings;
use crate::call::{Code, Refusal};

/// Looks in a row that were interrupted by changes; the last one is taken as it is.
const INTERRUPTED_MAX: u32 = 3;

/// What there is at one moment.
#[derive(Default, Debug)]
pub(super) struct Machine {
    pub(super) links: Vec<Link>,
    pub(super) addresses: Vec<Address>,
}

impl Machine {
    pub(super) fn look() -> Result<Self, Refusal> {
        let look = || {
            for _ in 1..INTERRUPTED_MAX {
                if let (machine, false) = Machine::look_once()? {
                    return Ok(machine);
                }
            }
            Machine::look_once().map(|(machine, _)| machine)
        };
        look().map_err(|error| Refusal::system("look at the interfaces of this node", &error))
    }

    fn look_once() -> std::io::Result<(Self, bool)> {
        let mut socket = Socket::open()?;
        let (mut machine, mut is_interrupted) = (Machine::default(), false);
        for what in [Dump::Links, Dump::Addresses] {
            for answer in socket.ask(what)? {
                match answer {
                    Message::Link(link) => machine.links.push(link),
                    Message::Address(address) => machine.addresses.push(address),
                    Message::Interrupted => is_interrupted = true,
                    Message::Done | Message::Refused(_) => {}
                }
            }
        }
        Ok((machine, is_interrupted))
    }

    pub(super) fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    pub(super) fn name_of(&self, index: u32) -> Option<&str> {
        self.links.iter().find(|link| link.index == index).map(|link| link.name.as_str())
    }

    /// The interfaces that have an address.
    pub(super) fn holders(&self, address: IpAddr) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |link| self.has(address, link))
    }

    pub(super) fn has(&self, address: IpAddr, link: &Link) -> bool {
        self.addresses.iter().any(|seen| seen.index == link.index && seen.address == address)
    }

    /// The interface for an address: the one that is named, else the one on the smallest network that the address is in.
    pub(super) fn choose(&self, settings: &Settings) -> Result<&Link, Refusal> {
        if let Some(name) = &settings.interface {
            return self.link(name).ok_or_else(|| {
                let text = format!("there is no interface {name} on this node; there are {}", self.names());
                Refusal::new(Code::Arguments, text)
            });
        }
        let address = settings.address;
        let undecided = |what: String| {
            Refusal::new(Code::Arguments, format!("{what}; set Interface: there are {}", self.names()))
        };
        let network = match settings.length {
            Some(length) => format!("the network of {address}/{length}"),
            None => format!("a network of {address}"),
        };
        let on_network = |seen: &&Address| {
            seen.length < whole_length(seen.address)
                && settings.length.is_none_or(|length| length == seen.length)
                && is_in(address, seen)
        };
        let lengths = self.addresses.iter().filter(on_network).map(|seen| seen.length);
        let Some(smallest) = lengths.max() else {
            return Err(undecided(format!("no interface of this node is on {network}")));
        };
        let is_on = |link: &&Link| {
            let mut own = self.addresses.iter().filter(|seen| seen.index == link.index);
            !link.is_loopback && own.any(|seen| seen.length == smallest && on_network(&seen))
        };
        let mut found = self.links.iter().filter(is_on);
        match (found.next(), found.next()) {
            (Some(link), None) => Ok(link),
            (Some(link), Some(other)) => {
                Err(undecided(format!("{} and {} are both on {network}", link.name, other.name)))
            }
            (None, _) => Err(undecided(format!("no interface of this node is on {network}"))),
        }
    }

    fn names(&self) -> String {
        self.links.iter().map(|link| link.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Whether an address is in the network of another one.
fn is_in(address: IpAddr, of: &Address) -> bool {
    let leading = |one: u128, other: u128, bits: u8| {
        let differing = one ^ other;
        differing.checked_shr(u32::from(whole_length(address) - bits.min(whole_length(address)))) == Some(0)
    };
    match (address, of.address) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            leading(one.to_bits().into(), other.to_bits().into(), of.length)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => leading(one.to_bits(), other.to_bits(), of.length),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::tests::call;

    fn machine(addresses: &[(&str, &str)]) -> Machine {
        let mut machine = Machine::default();
        for (name, text) in addresses {
            let index = match machine.link(name) {
                Some(link) => link.index,
                None => {
                    let index = machine.links.len() as u32 + 1;
                    let is_loopback = *name == "lo";
                    let name = (*name).to_owned();
                    machine.links.push(Link { index, name, is_loopback, ..Link::default() });
                    index
                }
            };
            let (address, length) = text.split_once('/').unwrap();
            machine.addresses.push(Address {
                index,
                address: address.parse().unwrap(),
                length: length.parse().unwrap(),
                is_secondary: false,
                is_doubtful: false,
                is_leased: false,
            });
        }
        machine
    }

    #[test]
    fn the_interface_is_the_one_on_the_smallest_network() {
        let machine = machine(&[
            ("lo", "127.0.0.1/8"),
            ("eth0", "192.0.2.7/24"),
            ("eth0", "2001:db8::7/64"),
            ("eth1", "192.0.2.130/25"),
            ("eth1", "198.51.100.1/24"),
            ("eth2", "198.51.100.2/24"),
            ("eth2", "203.0.113.9/32"),
            ("eth2", "fe80::1/64"),
        ]);
        let all = "there are lo, eth0, eth1, eth2";
        for (address, parameter, expected) in [
            ("192.0.2.50", None, Ok("eth0")),
            ("192.0.2.140", None, Ok("eth1")),
            ("192.0.2.140", Some(("PrefixLength", "24")), Ok("eth0")),
            ("192.0.2.140", Some(("SubnetMask", "255.255.255.128")), Ok("eth1")),
            ("2001:db8::50", None, Ok("eth0")),
            ("203.0.113.50", Some(("Interface", "eth2")), Ok("eth2")),
            ("203.0.113.50", None, Err("no interface of this node is on a network of 203.0.113.50")),
            ("203.0.113.9", None, Err("no interface of this node is on a network of 203.0.113.9")),
            (
                "192.0.2.140",
                Some(("PrefixLength", "26")),
                Err("no interface of this node is on the network of 192.0.2.140/26"),
            ),
            ("198.51.100.9", None, Err("eth1 and eth2 are both on a network of 198.51.100.9")),
            ("2001:db9::1", None, Err("no interface of this node is on a network of 2001:db9::1")),
        ] {
            let parameters: Vec<_> = [("Address", address)].into_iter().chain(parameter).collect();
            let settings = Settings::read(&call(&parameters)).unwrap();
            let found = machine.choose(&settings).map(|link| link.name.as_str());
            let expected = expected
                .map_err(|text| Refusal::new(Code::Arguments, format!("{text}; set Interface: {all}")));
            assert_eq!(found, expected, "{address}");
        }
        let named = Settings::read(&call(&[("Address", "192.0.2.50"), ("Interface", "eth9")])).unwrap();
        let refusal = machine.choose(&named).unwrap_err();
        assert_eq!(refusal.reason, format!("there is no interface eth9 on this node; {all}"));
    }
}
