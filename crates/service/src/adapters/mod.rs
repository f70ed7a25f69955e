//! The machine's adapters: looked at through rtnetlink, and again whenever the kernel tells of a change.
//!
//! Tells the engine what there is. Which adapters matter and what they mean is decided there.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use mainstay_engine::input::Input;
use mainstay_engine::model::networks::Prefixed;
use mainstay_engine::network::{Adapter, AdapterAddress};
use mainstay_rtnetlink::{Address, Changes, Dump, Link, Message, Socket};
use uuid::Uuid;

use crate::ids::random_uuid;
use crate::outlet::Outlet;

/// Changes come in bursts: it is looked when there was none for so long.
const QUIET: Duration = Duration::from_millis(100);
/// And also when there was no quiet for this long: changes in this many [`QUIET`]s.
const BURST_MAX: u32 = 20;
/// Looks in a row that were interrupted by changes; the last one is taken as it is, since its change is told too.
const INTERRUPTED_MAX: u32 = 3;
/// Adapters of which a look tells: more than a machine with thousands of containers has. Those that lead out of it come
/// first, since the kernel tells of them in the order in which they were made.
const ADAPTERS_MAX: usize = 16 * 1024;
/// Kinds of devices that are no hardware and stand for none, of which a machine may have thousands: they are not asked
/// how fast they are.
const NO_HARDWARE: &[&str] = &["veth", "tun", "dummy", "ifb"];
/// The pause before another look where one has failed.
const PAUSE: Duration = Duration::from_secs(5);

/// Watches the adapters.
pub struct Adapters {
    changes: Changes,
}

impl Adapters {
    /// Begins to watch; the first look comes after, so that no change is lost between the two.
    ///
    /// # Errors
    ///
    /// There is no rtnetlink for this process.
    pub fn new() -> io::Result<Self> {
        Ok(Adapters { changes: Changes::watch()? })
    }

    /// Looks now, and on a thread of its own again at every change.
    ///
    /// # Errors
    ///
    /// There is no thread to be had.
    pub fn start(self, outlet: Outlet) -> io::Result<()> {
        let mut last = None;
        let again = look_and_tell(&outlet, &mut last);
        std::thread::Builder::new()
            .name("adapters".into())
            .spawn(move || self.run(&outlet, last, again))
            .map(drop)
    }

    /// Runs until the service ends, and after that until the next change.
    fn run(&self, outlet: &Outlet, mut last: Option<Vec<Adapter>>, mut again: Option<Duration>) {
        while !outlet.is_ending() {
            if let Err(error) = self.wait_for_change(again) {
                tracing::error!(%error, "changes of network adapters are not seen any more");
                return;
            }
            again = look_and_tell(outlet, &mut last);
        }
    }

    /// Waits for a change and the quiet after it, or until the limit.
    fn wait_for_change(&self, limit: Option<Duration>) -> io::Result<()> {
        if !self.changes.wait(limit)? {
            return Ok(());
        }
        for _ in 0..BURST_MAX {
            self.changes.drain()?;
            if !self.changes.wait(Some(QUIET))? {
                break;
            }
        }
        Ok(())
    }
}

/// Tells the engine what there is, if it is something else than before. Answers when to look again without a change.
fn look_and_tell(outlet: &Outlet, last: &mut Option<Vec<Adapter>>) -> Option<Duration> {
    match look() {
        Ok(seen) => {
            if last.as_deref().is_none_or(|last| is_different(last, &seen)) {
                outlet.feed(Input::Adapters(seen.clone()));
                *last = Some(seen);
            }
            None
        }
        Err(error) => {
            tracing::warn!(%error, "network adapters cannot be looked at");
            Some(PAUSE)
        }
    }
}

/// Whether anything but the new ids is different.
fn is_different(one: &[Adapter], other: &[Adapter]) -> bool {
    let same = |(a, b): (&Adapter, &Adapter)| Adapter { fresh: b.fresh, ..a.clone() } == *b;
    one.len() != other.len() || !one.iter().zip(other).all(same)
}

/// All adapters as they are now.
fn look() -> io::Result<Vec<Adapter>> {
    for _ in 1..INTERRUPTED_MAX {
        if let (adapters, false) = look_once()? {
            return Ok(adapters);
        }
    }
    Ok(look_once()?.0)
}

/// All adapters, and whether something changed meanwhile.
fn look_once() -> io::Result<(Vec<Adapter>, bool)> {
    let mut socket = Socket::open()?;
    let (mut adapters, mut is_interrupted) = (Vec::<Adapter>::new(), false);
    for what in [Dump::Links, Dump::Addresses] {
        for answer in socket.ask(what)? {
            match answer {
                Message::Link(link) if adapters.len() < ADAPTERS_MAX => adapters.push(adapter_of(link)),
                Message::Address(address) => {
                    if let Some(adapter) = adapters.iter_mut().find(|adapter| adapter.index == address.index)
                    {
                        adapter.addresses.push(address_of(&address));
                    }
                }
                Message::Interrupted => is_interrupted = true,
                Message::Link(_) | Message::Done | Message::Refused(_) => {}
            }
        }
    }
    Ok((adapters, is_interrupted))
}

fn address_of(seen: &Address) -> AdapterAddress {
    AdapterAddress {
        address: Prefixed { address: seen.address, length: seen.length },
        is_secondary: seen.is_secondary,
        is_doubtful: seen.is_doubtful,
        is_leased: seen.is_leased,
    }
}

fn adapter_of(link: Link) -> Adapter {
    let ids: [Uuid; 2] = [random_uuid(), random_uuid()];
    let directory = Path::new("/sys/class/net").join(&link.name);
    let is_asked = !NO_HARDWARE.contains(&link.kind.as_str());
    // A device without a speed says -1 or nothing.
    let speed = || fs::read_to_string(directory.join("speed")).ok()?.trim().parse().ok();
    let speed_mbps: u64 = is_asked.then(speed).flatten().unwrap_or(0);
    Adapter {
        index: link.index,
        kind: link.kind,
        master: link.master,
        is_loopback: link.is_loopback,
        is_up: link.is_up,
        is_running: link.is_running,
        hardware_address: hardware_text(&link.hardware_address),
        link_speed_bps: speed_mbps.saturating_mul(1_000_000),
        receive_queues: link.receive_queues,
        has_rdma: is_asked && directory.join("device/infiniband").is_dir(),
        addresses: Vec::new(),
        fresh: ids,
        name: link.name,
    }
}

fn hardware_text(address: &[u8]) -> String {
    let digits: Vec<String> = address.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_of_this_machine_is_seen() {
        let seen = look().unwrap();
        let loopback = seen.iter().find(|adapter| adapter.is_loopback).unwrap();
        assert_eq!(loopback.name, "lo");
        let again = look().unwrap();
        assert!(!is_different(&seen, &seen) && again.iter().any(|adapter| adapter.is_loopback));
        let fresh: std::collections::BTreeSet<Uuid> = seen.iter().flat_map(|adapter| adapter.fresh).collect();
        assert_eq!(fresh.len(), 2 * seen.len());
    }
}
