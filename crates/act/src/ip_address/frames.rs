//! Frames of Ethernet by which a network is asked whether somebody has an address, and told who has it: ARP (RFC 826,
//! RFC 5227) and neighbour discovery (RFC 4861, RFC 4862).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of Ethernet.
pub(super) type Hardware = [u8; 6];

const EVERYBODY: Hardware = [0xFF; 6];
const NOBODY: Hardware = [0; 6];
const TYPE_ARP: [u8; 2] = [0x08, 0x06];
const TYPE_IPV6: [u8; 2] = [0x86, 0xDD];
const HEADER_LENGTH: usize = 14;

/// Hardware is Ethernet, the protocol IPv4, with 6 and 4 bytes.
const ARP_KIND: [u8; 6] = [0, 1, 0x08, 0, 6, 4];
const ARP_REQUEST: u8 = 1;
const ARP_REPLY: u8 = 2;

const IPV6_HEADER_LENGTH: usize = 40;
const ICMPV6: u8 = 58;
/// Whoever takes such a message looks that it has passed no router.
const HOPS: u8 = 255;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// The flag of an advertisement by which others forget what they knew.
const OVERRIDE: u8 = 0x20;
/// Target Link-Layer Address, in units of eight bytes.
const OPTION_HARDWARE: [u8; 2] = [2, 1];

/// Has somebody this address? Says of nobody that he has it.
pub(super) fn question(own: Hardware, address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => arp(ARP_REQUEST, own, (own, Ipv4Addr::UNSPECIFIED), (NOBODY, address)),
        IpAddr::V6(address) => {
            let [.., a, b, c] = address.octets();
            let group = Ipv6Addr::from_bits(u128::from_be_bytes([
                0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, a, b, c,
            ]));
            let message = [&[SOLICITATION, 0, 0, 0, 0, 0, 0, 0][..], &address.octets()].concat();
            discovery(own, Ipv6Addr::UNSPECIFIED, group, message)
        }
    }
}

/// This address is here. More than one frame: some listen to one kind, some to the other.
pub(super) fn announcement(own: Hardware, address: IpAddr) -> Vec<Vec<u8>> {
    match address {
        IpAddr::V4(address) => vec![
            arp(ARP_REQUEST, own, (own, address), (NOBODY, address)),
            arp(ARP_REPLY, own, (own, address), (EVERYBODY, address)),
        ],
        IpAddr::V6(address) => {
            let all_nodes = Ipv6Addr::new(0xFF02, 0, 0, 0, 0, 0, 0, 1);
            let head = [ADVERTISEMENT, 0, 0, 0, OVERRIDE, 0, 0, 0];
            let message = [&head[..], &address.octets(), &OPTION_HARDWARE, &own].concat();
            vec![discovery(own, address, all_nodes, message)]
        }
    }
}

/// Who says by a frame that the address is his, or asks for it as we do.
pub(super) fn claimant(frame: &[u8], own: Hardware, address: IpAddr) -> Option<Hardware> {
    let (header, body) = frame.split_at_checked(HEADER_LENGTH)?;
    let sender: Hardware = *header.get(6..)?.first_chunk()?;
    let claimant = match address {
        IpAddr::V4(address) if header.ends_with(&TYPE_ARP) => claimant_by_arp(body, address),
        IpAddr::V6(address) if header.ends_with(&TYPE_IPV6) => {
            claims_by_discovery(body, address).then_some(sender)
        }
        _ => None,
    };
    claimant.filter(|claimant| *claimant != own && sender != own)
}

fn claimant_by_arp(body: &[u8], address: Ipv4Addr) -> Option<Hardware> {
    let rest = body.strip_prefix(&ARP_KIND)?;
    let (operation, rest) = rest.split_first_chunk::<2>()?;
    let (sender, rest) = rest.split_first_chunk::<6>()?;
    let (sender_address, rest) = rest.split_first_chunk::<4>()?;
    let (_, rest) = rest.split_first_chunk::<6>()?;
    let (target_address, _) = rest.split_first_chunk::<4>()?;
    let says = Ipv4Addr::from(*sender_address) == address;
    let asks = *operation == [0, ARP_REQUEST]
        && Ipv4Addr::from(*sender_address).is_unspecified()
        && Ipv4Addr::from(*target_address) == address;
    (says || asks).then_some(*sender)
}

fn claims_by_discovery(body: &[u8], address: Ipv6Addr) -> bool {
    let Some((header, message)) = body.split_at_checked(IPV6_HEADER_LENGTH) else { return false };
    if header[0] >> 4 != 6 || header[6] != ICMPV6 || header[7] != HOPS {
        return false;
    }
    let target = message.get(8..24);
    let is_unspecified = header[8..24].iter().all(|byte| *byte == 0);
    let says = message.first() == Some(&ADVERTISEMENT);
    let asks = message.first() == Some(&SOLICITATION) && is_unspecified;
    (says || asks) && target == Some(&address.octets()[..])
}

fn arp(operation: u8, own: Hardware, sender: (Hardware, Ipv4Addr), target: (Hardware, Ipv4Addr)) -> Vec<u8> {
    [
        &EVERYBODY[..],
        &own,
        &TYPE_ARP,
        &ARP_KIND,
        &[0, operation],
        &sender.0,
        &sender.1.octets(),
        &target.0,
        &target.1.octets(),
    ]
    .concat()
}

fn discovery(own: Hardware, source: Ipv6Addr, group: Ipv6Addr, mut message: Vec<u8>) -> Vec<u8> {
    // Some tens of bytes.
    let length = (message.len() as u16).to_be_bytes();
    let pseudo_header =
        [&source.octets()[..], &group.octets(), &[0, 0], &length, &[0, 0, 0, ICMPV6]].concat();
    let sum = checksum(&[pseudo_header, message.clone()].concat());
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let [.., a, b, c, d] = group.octets();
    [
        &[0x33, 0x33, a, b, c, d][..],
        &own,
        &TYPE_IPV6,
        &[0x60, 0, 0, 0],
        &length,
        &[ICMPV6, HOPS],
        &source.octets(),
        &group.octets(),
        &message,
    ]
    .concat()
}

/// The checksum of the internet (RFC 1071), of an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks_exact(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum >> 16) + (sum & 0xFFFF);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Hardware = [2, 0, 0, 0, 0, 0x1F];
    const OTHER: Hardware = [2, 0, 0, 0, 0, 0x2F];

    fn v4() -> IpAddr {
        "192.0.2.50".parse().unwrap()
    }

    fn v6() -> IpAddr {
        "2001:db8::12:3450".parse().unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn frames_are_as_the_standards_say() {
        assert_eq!(
            hex(&question(OWN, v4())),
            "ffffffffffff02000000001f0806000108000604000102000000001f00000000000000000000c0000232"
        );
        let [request, reply] = &announcement(OWN, v4())[..] else { panic!("two") };
        assert_eq!(
            hex(request),
            "ffffffffffff02000000001f0806000108000604000102000000001fc0000232000000000000c0000232"
        );
        assert_eq!(
            hex(reply),
            "ffffffffffff02000000001f0806000108000604000202000000001fc0000232ffffffffffffc0000232"
        );
        let question = question(OWN, v6());
        assert!(hex(&question).starts_with("3333ff12345002000000001f86dd6000000000183aff0000"));
        assert_eq!(hex(&question[38..54]), "ff0200000000000000000001ff123450");
        let told = &announcement(OWN, v6())[0];
        assert!(hex(told).starts_with("33330000000102000000001f86dd6000000000203aff20010db8"));
        for frame in [&question, told] {
            // A message with its checksum sums up to nothing.
            let length = u16::try_from(frame.len() - 54).unwrap().to_be_bytes();
            let covered = [&frame[22..54], &[0, 0], &length, &[0, 0, 0, ICMPV6], &frame[54..]].concat();
            assert_eq!(checksum(&covered), 0);
        }
    }

    #[test]
    fn who_says_or_asks_the_same_is_heard() {
        for (address, another) in [(v4(), "192.0.2.51"), (v6(), "2001:db8::51")] {
            let another = another.parse().unwrap();
            for frame in announcement(OTHER, address).into_iter().chain([question(OTHER, address)]) {
                assert_eq!(claimant(&frame, OWN, address), Some(OTHER));
                assert_eq!(claimant(&frame, OTHER, address), None, "that was we");
                assert_eq!(claimant(&frame, OWN, another), None);
            }
        }
        // Who looks for the one that has it has it not.
        let IpAddr::V4(address) = v4() else { return };
        let search = arp(ARP_REQUEST, OTHER, (OTHER, Ipv4Addr::new(192, 0, 2, 9)), (NOBODY, address));
        assert_eq!(claimant(&search, OWN, v4()), None);
    }

    #[test]
    fn no_bytes_are_believed() {
        for address in [v4(), v6()] {
            for frame in announcement(OTHER, address) {
                for length in 0..frame.len() {
                    // An option that is cut off takes nothing from what was said before.
                    let _ = claimant(&frame[..length], OWN, address);
                }
                for (at, value) in (0..frame.len()).flat_map(|at| [0, 1, 0x7F, 0xFF].map(|value| (at, value)))
                {
                    let mut mutated = frame.clone();
                    mutated[at] = value;
                    let heard = claimant(&mutated, OWN, address);
                    assert!(heard != Some(OWN), "{at} {value}");
                }
            }
        }
        let mut routed = announcement(OTHER, v6()).remove(0);
        routed[21] = HOPS - 1;
        assert_eq!(claimant(&routed, OWN, v6()), None);
    }
}
