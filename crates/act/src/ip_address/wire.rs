//! Frames are sent to a network and heard from it, by packet(7). Only Ethernet is spoken; nobody is asked or told on
//! others, which have no neighbours to be confused.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use mainstay_rtnetlink::Link;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::addr::{SocketAddrArg, SocketAddrLen, SocketAddrOpaque};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, eth, recv, send, socket_with,
};

use super::frames::{self, Hardware};
use crate::call::Refusal;

/// ARPHRD_ETHER.
const ETHERNET: u16 = 1;
/// How often it is asked: a question may get lost.
const QUESTIONS: u32 = 3;
/// As much of a frame as says whose an address is.
const FRAME_LENGTH: usize = 128;

/// Who says that he has this address, asked for so long.
pub(super) fn probe(link: &Link, address: IpAddr, limit: Duration) -> Result<Option<String>, Refusal> {
    let Some(own) = hardware(link) else { return Ok(None) };
    let listen = || {
        let wire = Wire::open(link, address)?;
        let began = Instant::now();
        for number in 0..QUESTIONS {
            wire.send(&frames::question(own, address))?;
            let until = began + limit * (number + 1) / QUESTIONS;
            while let Some(frame) = wire.hear(until)? {
                if let Some(claimant) = frames::claimant(&frame, own, address) {
                    return Ok(Some(claimant));
                }
            }
        }
        Ok(None)
    };
    let heard = listen()
        .map_err(|error: io::Error| Refusal::system(format!("ask on {} for {address}", link.name), &error))?;
    Ok(heard.map(|claimant| claimant.map(|byte| format!("{byte:02x}")).join(":")))
}

/// Tells the network that the address is here.
pub(super) fn announce(link: &Link, address: IpAddr) -> io::Result<()> {
    let Some(own) = hardware(link) else { return Ok(()) };
    let wire = Wire::open(link, address)?;
    frames::announcement(own, address).iter().try_for_each(|frame| wire.send(frame))
}

/// The link's address, if that is Ethernet's.
fn hardware(link: &Link) -> Option<Hardware> {
    let address = link.hardware_address.as_slice().try_into().ok();
    address.filter(|_| link.hardware_type == ETHERNET)
}

struct Wire(OwnedFd);

impl Wire {
    /// Hears the frames of one link that may be about the address.
    fn open(link: &Link, address: IpAddr) -> io::Result<Self> {
        let protocol = if address.is_ipv4() { eth::ARP } else { eth::IPV6 };
        // Without a protocol it hears nothing before it is bound, of other links least of all.
        let socket = socket_with(AddressFamily::PACKET, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        bind(&socket, &LinkAddress::new(protocol.as_raw().get() as u16, link.index))?;
        Ok(Wire(socket))
    }

    fn send(&self, frame: &[u8]) -> io::Result<()> {
        send(&self.0, frame, SendFlags::empty())?;
        Ok(())
    }

    /// The beginning of the next frame, if one comes in time.
    fn hear(&self, until: Instant) -> io::Result<Option<Vec<u8>>> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&limit)) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let mut frame = vec![0; FRAME_LENGTH];
            match recv(&self.0, frame.as_mut_slice(), RecvFlags::DONTWAIT) {
                Ok((length, _)) => {
                    frame.truncate(length);
                    return Ok(Some(frame));
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// struct sockaddr_ll of packet(7).
#[repr(C)]
struct LinkAddress {
    family: u16,
    /// In the order of the network.
    protocol: u16,
    index: u32,
    hardware_type: u16,
    packet_type: u8,
    length: u8,
    address: [u8; 8],
}

impl LinkAddress {
    fn new(protocol: u16, index: u32) -> Self {
        LinkAddress {
            family: AddressFamily::PACKET.as_raw(),
            protocol,
            index,
            hardware_type: 0,
            packet_type: 0,
            length: 0,
            address: [0; 8],
        }
    }
}

// SAFETY: `f` gets a pointer to the whole of this structure, which is laid out as the kernel reads it, with its length.
#[allow(unsafe_code)]
unsafe impl SocketAddrArg for LinkAddress {
    unsafe fn with_sockaddr<R>(&self, f: impl FnOnce(*const SocketAddrOpaque, SocketAddrLen) -> R) -> R {
        f(std::ptr::from_ref(self).cast(), size_of::<Self>() as SocketAddrLen)
    }
}
