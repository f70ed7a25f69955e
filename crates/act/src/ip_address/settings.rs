//! What the properties of an address mean.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mainstay_rtnetlink::whole_length;

use crate::call::{Call, Refusal};

/// Three questions, and as long as the machines of one network need to answer them.
pub(super) const PROBE_DEFAULT_MS: u32 = 600;
/// One may get lost, and switches learn from each of them.
pub(super) const ANNOUNCEMENTS_DEFAULT: u32 = 5;
/// Long enough that a machine that stands still for a while keeps it, and short enough to be waited for by another node.
pub(super) const LIFETIME_DEFAULT_S: u32 = 30;

/// Longer names no interface has.
const INTERFACE_LENGTH_MAX: usize = 15;

/// An address, as it is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Settings {
    pub(super) address: IpAddr,
    /// How many bits are the network's, where that is said.
    pub(super) length: Option<u8>,
    pub(super) interface: Option<String>,
    pub(super) probe: Duration,
    pub(super) announcements: u32,
    pub(super) lifetime_s: u32,
}

impl Settings {
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        let address = address(call.required("Address")?)?;
        let length = call.number("PrefixLength", 1..=whole_length(address))?;
        let mask = call.text("SubnetMask").map(|text| mask(text, address)).transpose()?;
        if let (Some(length), Some(mask)) = (length, mask)
            && length != mask
        {
            let text = format!("says {mask} bits and PrefixLength {length}; set one of them");
            return Err(Refusal::wrong("SubnetMask", text));
        }
        let length = length.or(mask);
        refuse_names_of_networks(address, length)?;
        Ok(Settings {
            address,
            length,
            interface: call.text("Interface").map(interface).transpose()?,
            probe: Duration::from_millis(
                call.number("DuplicateProbe", 0..=10_000)?.unwrap_or(PROBE_DEFAULT_MS).into(),
            ),
            announcements: call.number("Announcements", 0..=100)?.unwrap_or(ANNOUNCEMENTS_DEFAULT),
            lifetime_s: call.number("Lifetime", 5..=3600)?.unwrap_or(LIFETIME_DEFAULT_S),
        })
    }
}

/// An address that one machine may have.
pub(super) fn address(text: &str) -> Result<IpAddr, Refusal> {
    let wrong = |what: &str| Err(Refusal::wrong("Address", format!("is '{text}', {what}")));
    let Ok(address) = text.parse::<IpAddr>() else {
        return wrong("which is no address; write it as 192.0.2.50 or 2001:db8::50, without a mask");
    };
    match address {
        _ if address.is_unspecified() || address.is_multicast() => wrong("which no machine can have"),
        _ if address.is_loopback() => wrong("which every machine has for itself"),
        IpAddr::V4(v4) if v4.is_broadcast() || v4.octets()[0] == 0 => wrong("which no machine can have"),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => wrong(&format!("which is none of the wire; write {v4}")),
            None => Ok(address),
        },
        IpAddr::V4(_) => Ok(address),
    }
}

fn mask(text: &str, address: IpAddr) -> Result<u8, Refusal> {
    let wrong = |what: &str| Refusal::wrong("SubnetMask", format!("is '{text}', {what}"));
    if address.is_ipv6() {
        return Err(wrong("which an IPv6 address has not; set PrefixLength"));
    }
    let mask: Ipv4Addr = text.parse().map_err(|_| wrong("which is no mask; write it as 255.255.255.0"))?;
    let bits = mask.to_bits();
    if bits == 0 || bits.leading_ones() + bits.trailing_zeros() != u32::BITS {
        return Err(wrong("which is no mask: its ones have to come first"));
    }
    // Of 32 bits there are at most 32.
    Ok(bits.leading_ones() as u8)
}

/// The first and the last address of an IPv4 network are the network itself and all of it.
fn refuse_names_of_networks(address: IpAddr, length: Option<u8>) -> Result<(), Refusal> {
    let (IpAddr::V4(v4), Some(length @ 1..=30)) = (address, length) else { return Ok(()) };
    let host_bits = v4.to_bits() & (u32::MAX >> length);
    let what = match host_bits {
        0 => "the name of its network",
        bits if bits == u32::MAX >> length => "the broadcast address of its network",
        _ => return Ok(()),
    };
    Err(Refusal::wrong("Address", format!("is '{address}', which is {what} of {length} bits")))
}

/// As the kernel lets an interface be called.
fn interface(text: &str) -> Result<String, Refusal> {
    let is_bad =
        |letter: char| letter == '/' || letter == ':' || letter.is_whitespace() || letter.is_control();
    if text.len() > INTERFACE_LENGTH_MAX || text == "." || text == ".." || text.chars().any(is_bad) {
        let text = format!("is '{text}', which is the name of no interface; 'ip link' lists them");
        return Err(Refusal::wrong("Interface", text));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::tests::call;

    #[test]
    fn what_is_not_set_has_a_default() {
        let expected = Settings {
            address: "192.0.2.50".parse().unwrap(),
            length: None,
            interface: None,
            probe: Duration::from_millis(600),
            announcements: 5,
            lifetime_s: 30,
        };
        assert_eq!(Settings::read(&call(&[("Address", "192.0.2.50")])), Ok(expected));
        let read = |parameters: &[(&str, &str)]| Settings::read(&call(parameters)).unwrap();
        let both = [("Address", "192.0.2.50"), ("SubnetMask", "255.255.254.0"), ("PrefixLength", "23")];
        assert_eq!(read(&both).length, Some(23));
        let v6 = [("Address", "2001:db8::50"), ("PrefixLength", "64"), ("Interface", "eth0.5")];
        let v6 = read(&v6);
        assert_eq!((v6.length, v6.interface.as_deref()), (Some(64), Some("eth0.5")));
    }

    #[test]
    fn nothing_is_believed() {
        for (name, value, expected) in [
            ("Address", "", "property Address is not set"),
            ("Address", "192.0.2.50/24", "without a mask"),
            ("Address", "192.0.2.050", "which is no address"),
            ("Address", "192.0.2", "which is no address"),
            ("Address", "0.0.0.0", "no machine can have"),
            ("Address", "224.0.0.1", "no machine can have"),
            ("Address", "255.255.255.255", "no machine can have"),
            ("Address", "127.0.0.2", "every machine has"),
            ("Address", "::1", "every machine has"),
            ("Address", "ff02::1", "no machine can have"),
            ("Address", "::ffff:192.0.2.50", "write 192.0.2.50"),
            ("Address", "fe80::1%eth0", "which is no address"),
            ("SubnetMask", "255.0.255.0", "its ones have to come first"),
            ("SubnetMask", "0.0.0.0", "its ones have to come first"),
            ("SubnetMask", "24", "write it as 255.255.255.0"),
            ("PrefixLength", "33", "it can be 1 to 32"),
            ("PrefixLength", "0", "it can be 1 to 32"),
            ("Interface", "../eth0", "the name of no interface"),
            ("Interface", "a b", "the name of no interface"),
            ("Interface", "sixteen-letters-", "the name of no interface"),
            ("DuplicateProbe", "10001", "it can be 0 to 10000"),
            ("Lifetime", "4", "it can be 5 to 3600"),
        ] {
            let mut parameters = vec![("Address", "192.0.2.50")];
            parameters.retain(|(known, _)| *known != name);
            parameters.push((name, value));
            let refusal = Settings::read(&call(&parameters)).unwrap_err();
            assert!(refusal.reason.contains(expected), "{name}={value}: {}", refusal.reason);
        }
    }

    #[test]
    fn what_two_properties_say_has_to_fit() {
        for (address, name, value, expected) in [
            ("192.0.2.0", "PrefixLength", "24", "the name of its network of 24 bits"),
            ("192.0.2.255", "SubnetMask", "255.255.255.0", "the broadcast address of its network"),
            ("2001:db8::50", "SubnetMask", "255.255.255.0", "set PrefixLength"),
        ] {
            let refusal = Settings::read(&call(&[("Address", address), (name, value)])).unwrap_err();
            assert!(refusal.reason.contains(expected), "{address}: {}", refusal.reason);
        }
        assert!(Settings::read(&call(&[("Address", "192.0.2.0"), ("PrefixLength", "31")])).is_ok());
        let both = [("Address", "192.0.2.50"), ("SubnetMask", "255.255.255.0"), ("PrefixLength", "25")];
        assert!(Settings::read(&call(&both)).unwrap_err().reason.contains("set one of them"));
    }
}
