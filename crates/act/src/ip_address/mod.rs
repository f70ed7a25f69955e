//! `IP Address`: an address that is where its resource is online.
//!
//! This room owns what the properties mean (`settings`), which interface it is (`machine`), what is said about it on the
//! wire (`frames`, `wire`), what is noted of it (`record`), and the process that keeps it (`keeper`).
//!
//! The address has all its bits for itself, so it brings no route and is no network; it is no source that the kernel takes
//! by itself. It ends by itself after a while and the keeper, a process in the resource's leaf, says again and again that it
//! is: who ends the leaf ends the address with it, even where nobody is left to take it away.

mod frames;
mod keeper;
mod machine;
mod record;
mod settings;
mod wire;

use std::time::Duration;

use mainstay_rtnetlink::{Link, Socket, whole_length};
use mainstay_types::description::{PropertyDescription, PropertyFormat, TypeDescription};
use mainstay_types::offer::IP_ADDRESS;

use crate::call::{Call, Code, Refusal};
use crate::{Advice, OwnAgent};
use keeper::Answer;
use machine::Machine;
use record::Record;
use settings::{ANNOUNCEMENTS_DEFAULT, LIFETIME_DEFAULT_S, PROBE_DEFAULT_MS, Settings};

/// See the module.
pub const AGENT: OwnAgent = OwnAgent {
    name: IP_ADDRESS,
    describe,
    actions: &[
        Advice::new("start", 20),
        Advice::new("stop", 20),
        Advice::new("monitor", 20).every(10),
        Advice::new("validate-all", 20),
    ],
    of_actions: &["DuplicateProbe"],
    act,
};

fn describe() -> TypeDescription {
    use PropertyFormat::{Dword, Sz};
    let optional =
        |name: &str, format, default: &str, text: &str| PropertyDescription::new(name, format, default, text);
    TypeDescription {
        summary: "An address, IPv4 or IPv6, that is on this node while the resource is online.".to_owned(),
        details: "It is kept: what somebody removes comes back, and without its keeper it ends by itself. The network \
                  is asked whether somebody has it before it is used, and told afterwards where it is.\nIt is never \
                  the address from which this node speaks to others by itself."
            .to_owned(),
        is_contained: false,
        properties: vec![
            PropertyDescription::required("Address", Sz, "the address, IPv4 or IPv6"),
            optional("SubnetMask", Sz, "", "IPv4: the mask of the network by which the interface is found"),
            optional("PrefixLength", Dword, "", "the same as a number of bits, for IPv4 and IPv6"),
            optional("Interface", Sz, "the one on the address' network", "the name of the network interface"),
            optional(
                "DuplicateProbe",
                Dword,
                &PROBE_DEFAULT_MS.to_string(),
                "milliseconds for which a start asks the network whether somebody has the address; 0 does not ask",
            ),
            optional(
                "Announcements",
                Dword,
                &ANNOUNCEMENTS_DEFAULT.to_string(),
                "how often the network is told where the address is, a second apart",
            ),
            optional(
                "Lifetime",
                Dword,
                &LIFETIME_DEFAULT_S.to_string(),
                "seconds after which the address ends by itself when nobody keeps it any more",
            ),
        ],
        instructions: Vec::new(),
        example: format!(
            "mainstay resource create NAME --group GROUP --type '{IP_ADDRESS}' --property Address=192.0.2.50"
        ),
    }
}

fn act(action: &str, call: &Call) -> Result<(), Refusal> {
    match action {
        "start" => start(call),
        "stop" => stop(call),
        "monitor" => monitor(call),
        "validate-all" => Settings::read(call).map(drop),
        keeper::ACTION => keeper::keep(call),
        _ => Err(Refusal::new(Code::Unimplemented, format!("'{IP_ADDRESS}' has no action '{action}'"))),
    }
}

/// Every start asks the network, since nobody hands an address over: who had it may be gone without a word. One that is
/// here and this resource's, as it is noted, is not asked for.
fn start(call: &Call) -> Result<(), Refusal> {
    let settings = Settings::read(call)?;
    let noted = Record::read(call)?;
    match keeper::ask(call, keeper::LOOK)? {
        Answer::None => {}
        Answer::Well if noted.as_ref().is_some_and(|noted| noted.address == settings.address) => {
            return Ok(());
        }
        Answer::Well => {
            return Err(Refusal::new(Code::Failed, "another address of this resource is still kept"));
        }
        Answer::Ill(reason) => return Err(Refusal::new(Code::Failed, reason)),
    }
    let machine = Machine::look()?;
    let link = machine.choose(&settings)?;
    let address = settings.address;
    if !link.is_running {
        return Err(Refusal::new(Code::Failed, no_link(link)));
    }
    let own = Record { address, interface: link.name.clone() };
    let is_own = noted.as_ref() == Some(&own);
    let is_here = |holder: &&Link| is_own && holder.index == link.index;
    if let Some(holder) = machine.holders(address).find(|holder| !is_here(holder)) {
        let text = format!(
            "{address} is on {} of this node already, and not by this resource; take it away there, or set another \
             Address",
            holder.name
        );
        return Err(Refusal::new(Code::Failed, text));
    }
    if !machine.has(address, link) {
        ask_the_network(&settings, link)?;
    }
    own.write(call)?;
    keeper::start()
}

fn ask_the_network(settings: &Settings, link: &Link) -> Result<(), Refusal> {
    let address = settings.address;
    if settings.probe == Duration::ZERO {
        return Ok(());
    }
    match wire::probe(link, address, settings.probe)? {
        None => Ok(()),
        Some(other) => {
            let text = format!(
                "{address} is somebody's: {other} on the network of {} says so; take it away there, or set another \
                 Address",
                link.name
            );
            Err(Refusal::new(Code::Failed, text))
        }
    }
}

/// The keeper first, which would bring it back.
fn stop(call: &Call) -> Result<(), Refusal> {
    if let Answer::Ill(reason) = keeper::ask(call, keeper::END)? {
        return Err(Refusal::new(Code::Failed, format!("the address' keeper does not end: {reason}")));
    }
    keeper::clear(call)?;
    let Some(record) = Record::read(call)? else { return Ok(()) };
    let machine = Machine::look()?;
    let mut socket = Socket::open().map_err(|error| Refusal::system("ask for addresses", &error))?;
    let of_record = machine.addresses.iter().filter(|seen| {
        seen.address == record.address
            && seen.length == whole_length(record.address)
            && machine.name_of(seen.index) == Some(record.interface.as_str())
    });
    for seen in of_record {
        match socket.remove(seen) {
            Ok(()) => {}
            // It has ended by itself, or its interface has gone, since it was seen.
            Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => {}
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error()) => {}
            Err(error) => {
                let action = format!("take {} from {}", record.address, record.interface);
                return Err(Refusal::system(action, &error));
            }
        }
    }
    Record::remove(call)
}

fn monitor(call: &Call) -> Result<(), Refusal> {
    let Some(record) = Record::read(call)? else {
        return Err(Refusal::new(Code::NotRunning, "it was not started"));
    };
    match keeper::ask(call, keeper::LOOK)? {
        Answer::Well => Ok(()),
        Answer::Ill(reason) => Err(Refusal::new(Code::Failed, reason)),
        Answer::None if Machine::look()?.holders(record.address).next().is_none() => {
            let text = format!("{} is gone, and its keeper too", record.address);
            Err(Refusal::new(Code::NotRunning, text))
        }
        Answer::None => {
            let text =
                format!("the keeper of {} has ended; without it the address will end, too", record.address);
            Err(Refusal::new(Code::Failed, text))
        }
    }
}

fn no_link(link: &Link) -> String {
    let why = if link.is_up { "has no link" } else { "is switched off" };
    format!("interface {} {why}", link.name)
}
