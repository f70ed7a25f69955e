//! Messages of rtnetlink (rtnetlink(7), linux/if_link.h, linux/if_addr.h): the two dumps that are asked for, and what of
//! their answers is used; addresses that are added and removed. Every length is checked against the bytes that are left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// RTM_NEWLINK.
const NEW_LINK: u16 = 16;
/// RTM_GETLINK.
const GET_LINK: u16 = 18;
/// RTM_NEWADDR.
const NEW_ADDRESS: u16 = 20;
/// RTM_DELADDR.
const REMOVE_ADDRESS: u16 = 21;
/// RTM_GETADDR.
const GET_ADDRESS: u16 = 22;
/// NLMSG_ERROR.
const ERROR: u16 = 2;
/// NLMSG_DONE.
const DONE: u16 = 3;
/// NLM_F_REQUEST and NLM_F_DUMP.
const DUMP: u16 = 0x301;
/// NLM_F_REQUEST and NLM_F_ACK.
const CHANGE: u16 = 0x5;
/// NLM_F_CREATE with NLM_F_EXCL, or with NLM_F_REPLACE.
const CREATE: u16 = 0x400 | 0x200;
const CREATE_OR_REPLACE: u16 = 0x400 | 0x100;
/// NLM_F_DUMP_INTR: something changed while the answer was made.
const INTERRUPTED: u16 = 0x10;

const HEADER_LENGTH: usize = 16;
/// struct ifinfomsg, and with it the family of any request.
const LINK_LENGTH: usize = 16;
/// struct ifaddrmsg.
const ADDRESS_LENGTH: usize = 8;
const ATTRIBUTE_LENGTH: usize = 4;

const FLAG_UP: u32 = 0x1;
const FLAG_LOOPBACK: u32 = 0x8;
const FLAG_RUNNING: u32 = 0x40;
const FLAG_LOWER_UP: u32 = 0x1_0000;

const LINK_ADDRESS: u16 = 1;
const LINK_NAME: u16 = 3;
const LINK_MASTER: u16 = 10;
const LINK_INFO: u16 = 18;
const LINK_INFO_KIND: u16 = 1;
const LINK_RECEIVE_QUEUES: u16 = 32;
const ADDRESS_OTHER_END: u16 = 1;
const ADDRESS_LOCAL: u16 = 2;
/// struct ifa_cacheinfo.
const ADDRESS_LIFE: u16 = 6;
const ADDRESS_FLAGS: u16 = 8;
/// NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of an attribute's type.
const ATTRIBUTE_TYPE_MASK: u16 = 0x3FFF;

/// IFA_F_SECONDARY, which is IFA_F_TEMPORARY for IPv6.
const IS_SECONDARY: u32 = 0x01;
/// IFA_F_DADFAILED and IFA_F_TENTATIVE.
const IS_DOUBTFUL: u32 = 0x08 | 0x40;
const IS_PERMANENT: u32 = 0x80;
/// IFA_F_NODAD: it is not asked for on the wire before it is used, that has been done.
const WITHOUT_PROBE: u32 = 0x02;
/// IFA_F_NOPREFIXROUTE.
const WITHOUT_ROUTE: u32 = 0x200;
/// RT_SCOPE_UNIVERSE.
const SCOPE_GLOBAL: u8 = 0;
/// RT_SCOPE_HOST.
const SCOPE_HOST: u8 = 254;

const FAMILY_IPV4: u8 = 2;
const FAMILY_IPV6: u8 = 10;

/// A question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dump {
    /// All devices.
    Links,
    /// All addresses.
    Addresses,
}

/// A device, as the kernel tells it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Link {
    /// Its number.
    pub index: u32,
    /// Its name; empty where that is no text.
    pub name: String,
    /// Its kind, `veth` say; empty for hardware.
    pub kind: String,
    /// The number of the device that it is a part of.
    pub master: Option<u32>,
    /// Whether it leads nowhere but back.
    pub is_loopback: bool,
    /// Whether it is switched on.
    pub is_up: bool,
    /// Whether it can be used: it is on, and something is at the other end.
    pub is_running: bool,
    /// ARPHRD_..., which says how frames on it look.
    pub hardware_type: u16,
    /// Its own address on the wire.
    pub hardware_address: Vec<u8>,
    /// As many queues as it receives by.
    pub receive_queues: u32,
}

/// An address of a device, as the kernel tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// The device's number.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// How many bits of it are the network's.
    pub length: u8,
    /// Another one stands for this network; or it is one that changes now and then.
    pub is_secondary: bool,
    /// Somebody else may have it.
    pub is_doubtful: bool,
    /// It ends by itself unless somebody says again that it is.
    pub is_leased: bool,
}

/// An address for a device. It ends by itself, brings no route with it, and no program that does not ask for it speaks
/// from it where there is another one: IPv4 has the scope of the host, since sources are taken by that; IPv6 is not
/// preferred from the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAddress {
    /// The device's number.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// When it ends, in seconds.
    pub lifetime_s: u32,
}

/// One message of an answer, as far as it is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// A device.
    Link(Link),
    /// An address.
    Address(Address),
    /// The end of the answer.
    Done,
    /// The request was refused, with this error number.
    Refused(i32),
    /// The answer may be none of one moment.
    Interrupted,
}

/// A request for all devices or all addresses.
pub fn request(what: Dump, sequence: u32) -> Vec<u8> {
    let kind = match what {
        Dump::Links => GET_LINK,
        Dump::Addresses => GET_ADDRESS,
    };
    whole(kind, DUMP, sequence, &[0; LINK_LENGTH])
}

/// A request to give a device an address; one that it has is replaced, or the request refused.
pub fn add(new: &NewAddress, replace: bool, sequence: u32) -> Vec<u8> {
    let (octets, scope, flags) = match new.address {
        IpAddr::V4(address) => (address.octets().to_vec(), SCOPE_HOST, WITHOUT_ROUTE),
        IpAddr::V6(address) => (address.octets().to_vec(), SCOPE_GLOBAL, WITHOUT_ROUTE | WITHOUT_PROBE),
    };
    // Preferred for no second; when it was made and changed, the kernel knows.
    let life = [0, new.lifetime_s, 0, 0].map(u32::to_ne_bytes).concat();
    let body = [
        vec![family(new.address), whole_length(new.address), 0, scope],
        new.index.to_ne_bytes().to_vec(),
        attribute(ADDRESS_LOCAL, &octets),
        attribute(ADDRESS_OTHER_END, &octets),
        attribute(ADDRESS_LIFE, &life),
        attribute(ADDRESS_FLAGS, &flags.to_ne_bytes()),
    ];
    let how = if replace { CREATE_OR_REPLACE } else { CREATE };
    whole(NEW_ADDRESS, CHANGE | how, sequence, &body.concat())
}

/// A request to take an address from its device.
pub fn remove(address: &Address, sequence: u32) -> Vec<u8> {
    let octets = match address.address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let body = [
        vec![family(address.address), address.length, 0, SCOPE_GLOBAL],
        address.index.to_ne_bytes().to_vec(),
        attribute(ADDRESS_LOCAL, &octets),
    ];
    whole(REMOVE_ADDRESS, CHANGE, sequence, &body.concat())
}

/// As many bits as an address has.
pub fn whole_length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { FAMILY_IPV4 } else { FAMILY_IPV6 }
}

fn whole(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = HEADER_LENGTH + body.len();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(body);
    bytes.resize(aligned(length), 0);
    bytes
}

fn attribute(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = ATTRIBUTE_LENGTH + data.len();
    let mut bytes = Vec::with_capacity(aligned(length));
    bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(data);
    bytes.resize(aligned(length), 0);
    bytes
}

/// The messages of one datagram that answer the request of this sequence. What cannot be read is left out.
pub fn messages(datagram: &[u8], sequence: u32) -> Vec<Message> {
    let mut found = Vec::new();
    let mut rest = datagram;
    while let Some((header, body)) = message(&mut rest) {
        if header.sequence != sequence {
            continue;
        }
        if header.flags & INTERRUPTED != 0 {
            found.push(Message::Interrupted);
        }
        match header.kind {
            NEW_LINK => found.extend(link(body).map(Message::Link)),
            NEW_ADDRESS => found.extend(address(body).map(Message::Address)),
            ERROR => found.push(match body.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes)) {
                // What was asked for was done.
                Some(0) => Message::Done,
                number => Message::Refused(number.unwrap_or_default().saturating_neg()),
            }),
            DONE => found.push(Message::Done),
            _ => {}
        }
    }
    found
}

struct Header {
    kind: u16,
    flags: u16,
    sequence: u32,
}

/// The next message, and the rest behind it.
fn message<'a>(rest: &mut &'a [u8]) -> Option<(Header, &'a [u8])> {
    let length = usize::try_from(u32_at(rest, 0)?).ok()?;
    let (kind, flags, sequence) = (u16_at(rest, 4)?, u16_at(rest, 6)?, u32_at(rest, 8)?);
    let body = rest.get(HEADER_LENGTH..length)?;
    *rest = rest.get(aligned(length)..).unwrap_or_default();
    Some((Header { kind, flags, sequence }, body))
}

fn link(body: &[u8]) -> Option<Link> {
    let (hardware_type, index, flags) = (u16_at(body, 2)?, u32_at(body, 4)?, u32_at(body, 8)?);
    let is_up = flags & FLAG_UP != 0;
    let mut link = Link {
        index,
        hardware_type,
        is_loopback: flags & FLAG_LOOPBACK != 0,
        is_up,
        is_running: is_up && flags & FLAG_RUNNING != 0 && flags & FLAG_LOWER_UP != 0,
        ..Link::default()
    };
    for (kind, data) in attributes(body.get(LINK_LENGTH..)?) {
        match kind {
            // A name that is no text can be no object's.
            LINK_NAME => link.name = text(data).unwrap_or_default(),
            LINK_ADDRESS => link.hardware_address = data.to_vec(),
            LINK_MASTER => link.master = u32_at(data, 0),
            LINK_RECEIVE_QUEUES => link.receive_queues = u32_at(data, 0).unwrap_or(0),
            LINK_INFO => {
                let mut inner = attributes(data);
                let named = inner.find(|(kind, _)| *kind == LINK_INFO_KIND);
                link.kind = named.and_then(|(_, data)| text(data)).unwrap_or_default();
            }
            _ => {}
        }
    }
    Some(link)
}

fn address(body: &[u8]) -> Option<Address> {
    let [family, length, flags, _scope] = *body.first_chunk()?;
    let index = u32_at(body, 4)?;
    let (mut own, mut other_end, mut flags) = (None, None, u32::from(flags));
    for (kind, data) in attributes(body.get(ADDRESS_LENGTH..)?) {
        match kind {
            ADDRESS_LOCAL => own = ip_address(family, data),
            ADDRESS_OTHER_END => other_end = ip_address(family, data),
            ADDRESS_FLAGS => flags = u32_at(data, 0).unwrap_or(flags),
            _ => {}
        }
    }
    Some(Address {
        index,
        address: own.or(other_end)?,
        length,
        is_secondary: flags & IS_SECONDARY != 0,
        is_doubtful: flags & IS_DOUBTFUL != 0,
        is_leased: flags & IS_PERMANENT == 0,
    })
}

/// Attributes in a row; the first that is cut off ends it.
fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)? & ATTRIBUTE_TYPE_MASK;
        let data = rest.get(ATTRIBUTE_LENGTH..length)?;
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some((kind, data))
    })
}

fn ip_address(family: u8, data: &[u8]) -> Option<IpAddr> {
    match family {
        FAMILY_IPV4 => <[u8; 4]>::try_from(data).ok().map(|octets| Ipv4Addr::from(octets).into()),
        FAMILY_IPV6 => <[u8; 16]>::try_from(data).ok().map(|octets| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

/// A text that ends with its NUL.
fn text(data: &[u8]) -> Option<String> {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    std::str::from_utf8(&data[..end]).ok().map(str::to_owned)
}

/// Messages and attributes begin at multiples of four.
fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
        super::whole(kind, flags, 7, body)
    }

    fn link_body(index: u32, flags: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![0, 0, 1, 0];
        body.extend(index.to_ne_bytes());
        body.extend(flags.to_ne_bytes());
        body.extend(u32::MAX.to_ne_bytes());
        body.extend(attributes.concat());
        body
    }

    fn address_body(head: [u8; 4], index: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = head.to_vec();
        body.extend(index.to_ne_bytes());
        body.extend(attributes.concat());
        body
    }

    fn sample() -> Vec<u8> {
        let link = link_body(
            3,
            FLAG_UP | FLAG_RUNNING | FLAG_LOWER_UP,
            &[
                attribute(LINK_NAME, b"veth0\0"),
                attribute(LINK_ADDRESS, &[2, 0, 0, 0, 0, 0x1F]),
                attribute(LINK_MASTER, &9_u32.to_ne_bytes()),
                attribute(LINK_RECEIVE_QUEUES, &4_u32.to_ne_bytes()),
                attribute(0x8000 | LINK_INFO, &attribute(LINK_INFO_KIND, b"veth\0")),
            ],
        );
        let v4 = address_body(
            [FAMILY_IPV4, 24, 0x80, 0],
            3,
            &[attribute(ADDRESS_OTHER_END, &[192, 0, 2, 1]), attribute(ADDRESS_LOCAL, &[192, 0, 2, 7])],
        );
        let v6 = address_body(
            [FAMILY_IPV6, 64, 0, 0],
            3,
            &[
                attribute(ADDRESS_OTHER_END, &[0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]),
                attribute(ADDRESS_FLAGS, &0x140_u32.to_ne_bytes()),
            ],
        );
        [
            whole(NEW_LINK, 2, &link),
            whole(NEW_ADDRESS, 2, &v4),
            whole(NEW_ADDRESS, 2, &v6),
            whole(DONE, 2, &[0; 4]),
        ]
        .concat()
    }

    #[test]
    fn devices_and_addresses_are_read() {
        let address = |text: &str, length, is_doubtful, is_leased| Address {
            index: 3,
            address: text.parse().unwrap(),
            length,
            is_secondary: false,
            is_doubtful,
            is_leased,
        };
        let link = Link {
            index: 3,
            name: "veth0".into(),
            kind: "veth".into(),
            master: Some(9),
            is_loopback: false,
            is_up: true,
            is_running: true,
            hardware_type: 1,
            hardware_address: vec![2, 0, 0, 0, 0, 0x1F],
            receive_queues: 4,
        };
        let expected = [
            Message::Link(link),
            Message::Address(address("192.0.2.7", 24, false, false)),
            Message::Address(address("2001:db8::7", 64, true, true)),
            Message::Done,
        ];
        assert_eq!(messages(&sample(), 7), expected);
        assert_eq!(messages(&sample(), 8), []);
    }

    #[test]
    fn a_link_that_is_missing_or_switched_off_is_told() {
        for (flags, is_up, is_running) in [
            (0, false, false),
            (FLAG_UP, true, false),
            (FLAG_UP | FLAG_RUNNING, true, false),
            (FLAG_RUNNING | FLAG_LOWER_UP, false, false),
            (FLAG_UP | FLAG_RUNNING | FLAG_LOWER_UP, true, true),
        ] {
            let bytes = whole(NEW_LINK, 2, &link_body(1, flags, &[]));
            let Some(Message::Link(link)) = messages(&bytes, 7).pop() else { panic!("no link") };
            assert_eq!((link.is_up, link.is_running), (is_up, is_running), "{flags:#x}");
        }
    }

    #[test]
    fn refusals_and_interruptions_are_told() {
        let refused = whole(ERROR, 0, &(-1_i32).to_ne_bytes());
        assert_eq!(messages(&refused, 7), [Message::Refused(1)]);
        assert_eq!(messages(&whole(ERROR, 0, &[0; 4]), 7), [Message::Done]);
        let interrupted = whole(DONE, 2 | INTERRUPTED, &[0; 4]);
        assert_eq!(messages(&interrupted, 7), [Message::Interrupted, Message::Done]);
    }

    #[test]
    fn what_is_added_is_read_again_as_it_was_meant() {
        for (text, length) in [("192.0.2.50", 32), ("2001:db8::50", 128)] {
            let new = NewAddress { index: 3, address: text.parse().unwrap(), lifetime_s: 30 };
            let expected = Address {
                index: 3,
                address: new.address,
                length,
                is_secondary: false,
                is_doubtful: false,
                is_leased: true,
            };
            assert_eq!(messages(&add(&new, true, 7), 7), [Message::Address(expected.clone())]);
            assert_eq!(messages(&add(&new, false, 7), 8), []);
            let removal = remove(&expected, 7);
            assert_eq!(u16_at(&removal, 4), Some(REMOVE_ADDRESS));
            assert_eq!(address(&removal[HEADER_LENGTH..]), Some(expected));
        }
    }

    #[test]
    fn no_bytes_are_believed() {
        let sample = sample();
        for length in 0..sample.len() {
            messages(&sample[..length], 7);
        }
        for at in 0..sample.len() {
            for value in [0, 1, 3, 4, 0x7F, 0xFF] {
                let mut mutated = sample.clone();
                mutated[at] = value;
                assert!(messages(&mutated, 7).len() <= mutated.len());
            }
        }
    }
}
