//! Messages of rtnetlink (rtnetlink(7), linux/if_link.h, linux/if_addr.h): the two dumps that are asked for, and what of
//! their answers is used. Every length is checked against the bytes that are left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mainstay_engine::model::networks::Prefixed;
use mainstay_engine::network::AdapterAddress;

/// RTM_NEWLINK.
const NEW_LINK: u16 = 16;
/// RTM_GETLINK.
pub(super) const GET_LINK: u16 = 18;
/// RTM_NEWADDR.
const NEW_ADDRESS: u16 = 20;
/// RTM_GETADDR.
pub(super) const GET_ADDRESS: u16 = 22;
/// NLMSG_ERROR.
const ERROR: u16 = 2;
/// NLMSG_DONE.
const DONE: u16 = 3;
/// NLM_F_REQUEST and NLM_F_DUMP.
const DUMP: u16 = 0x301;
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
const ADDRESS_FLAGS: u16 = 8;
/// NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of an attribute's type.
const ATTRIBUTE_TYPE_MASK: u16 = 0x3FFF;

/// IFA_F_SECONDARY, which is IFA_F_TEMPORARY for IPv6.
const IS_SECONDARY: u32 = 0x01;
/// IFA_F_DADFAILED and IFA_F_TENTATIVE.
const IS_DOUBTFUL: u32 = 0x08 | 0x40;
const IS_PERMANENT: u32 = 0x80;

const FAMILY_IPV4: u8 = 2;
const FAMILY_IPV6: u8 = 10;

/// A device, as the kernel tells it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) master: Option<u32>,
    pub(super) is_loopback: bool,
    pub(super) is_up: bool,
    pub(super) is_running: bool,
    pub(super) hardware_address: String,
    pub(super) receive_queues: u32,
}

/// One message of an answer, as far as it is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Message {
    /// A device.
    Link(Link),
    /// An address of the device with this number.
    Address(u32, AdapterAddress),
    /// The end of the answer.
    Done,
    /// The request was refused, with this error number.
    Refused(i32),
    /// The answer may be none of one moment.
    Interrupted,
}

/// A request for all devices or all addresses.
pub(super) fn request(kind: u16, sequence: u32) -> Vec<u8> {
    let length = HEADER_LENGTH + LINK_LENGTH;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(DUMP.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.resize(length, 0);
    bytes
}

/// The messages of one datagram that answer the request of this sequence. What cannot be read is left out.
pub(super) fn messages(datagram: &[u8], sequence: u32) -> Vec<Message> {
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
            NEW_ADDRESS => found.extend(address(body).map(|(index, seen)| Message::Address(index, seen))),
            ERROR => {
                let number = body.first_chunk().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
                found.push(Message::Refused(number.saturating_neg()));
            }
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
    let (index, flags) = (u32_at(body, 4)?, u32_at(body, 8)?);
    let is_up = flags & FLAG_UP != 0;
    let mut link = Link {
        index,
        is_loopback: flags & FLAG_LOOPBACK != 0,
        is_up,
        is_running: is_up && flags & FLAG_RUNNING != 0 && flags & FLAG_LOWER_UP != 0,
        ..Link::default()
    };
    for (kind, data) in attributes(body.get(LINK_LENGTH..)?) {
        match kind {
            // A name that is no text can be no object's.
            LINK_NAME => link.name = text(data).unwrap_or_default(),
            LINK_ADDRESS => link.hardware_address = hardware_address(data),
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

fn address(body: &[u8]) -> Option<(u32, AdapterAddress)> {
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
    let seen = AdapterAddress {
        address: Prefixed { address: own.or(other_end)?, length },
        is_secondary: flags & IS_SECONDARY != 0,
        is_doubtful: flags & IS_DOUBTFUL != 0,
        is_leased: flags & IS_PERMANENT == 0,
    };
    Some((index, seen))
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

fn hardware_address(data: &[u8]) -> String {
    let digits: Vec<String> = data.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(":")
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

    fn attribute(kind: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(u16::try_from(ATTRIBUTE_LENGTH + data.len()).unwrap().to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(data);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn whole(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(u32::try_from(HEADER_LENGTH + body.len()).unwrap().to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(body);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
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
        let address = |text: &str, length| Prefixed { address: text.parse().unwrap(), length };
        let seen = |address, is_doubtful, is_leased| AdapterAddress {
            address,
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
            hardware_address: "02:00:00:00:00:1f".into(),
            receive_queues: 4,
        };
        let expected = [
            Message::Link(link),
            Message::Address(3, seen(address("192.0.2.7", 24), false, false)),
            Message::Address(3, seen(address("2001:db8::7", 64), true, true)),
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
        let interrupted = whole(DONE, 2 | INTERRUPTED, &[0; 4]);
        assert_eq!(messages(&interrupted, 7), [Message::Interrupted, Message::Done]);
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
