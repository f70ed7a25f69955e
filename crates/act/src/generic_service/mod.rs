//! `Generic Service`: a unit of systemd.
//!
//! This room owns what the properties mean (`settings`), the talk with systemd (`systemd`), and what the states of units
//! mean here. What runs is systemd's: it is in no control group of ours, and a host that dies takes nothing of it along.
//!
//! ```text
//!   start, stop:  a job for the unit ──► JobRemoved ──► what state is the unit in?
//!   monitor:      what state is the unit in?
//! ```
//!
//! A job goes on when nobody waits for it any more. The next one for the same unit takes its place.

mod settings;
mod systemd;

use mainstay_types::description::{PropertyDescription, PropertyFormat, TypeDescription};
use mainstay_types::offer::GENERIC_SERVICE;

use crate::call::{self, Call, Code, Refusal};
use crate::{Advice, OwnAgent};
use settings::{BUS_DEFAULT, Settings};
use systemd::{Job, State, Systemd, Unit};

/// See the module. Units have timeouts of their own, which are 90 s where nobody says otherwise, and systemd knows better
/// what to do when one is over.
pub const AGENT: OwnAgent = OwnAgent {
    name: GENERIC_SERVICE,
    describe,
    actions: &[
        Advice::new("start", 120),
        Advice::new("stop", 120),
        Advice::new("monitor", 20).every(10),
        Advice::new("validate-all", 20),
    ],
    of_actions: &[],
    act,
};

fn describe() -> TypeDescription {
    TypeDescription {
        summary: "A unit of systemd, that is active while the resource is online.".to_owned(),
        details: "Started, stopped and looked at through D-Bus. It should not be enabled: systemd would start it at boot, \
                  whatever the cluster wants; \
                  who sets it is warned."
            .to_owned(),
        is_contained: false,
        properties: vec![
            PropertyDescription::required(
                "ServiceName",
                PropertyFormat::Sz,
                "the unit; without a suffix it is a .service",
            ),
            PropertyDescription::new(
                "Bus",
                PropertyFormat::Sz,
                BUS_DEFAULT,
                "the address of the D-Bus on which systemd is",
            ),
        ],
        instructions: Vec::new(),
        example: format!(
            "mainstay resource create NAME --group GROUP --type '{GENERIC_SERVICE}' --property ServiceName=nginx"
        ),
    }
}

fn act(action: &str, call: &Call) -> Result<(), Refusal> {
    match action {
        "start" => start(&Settings::read(call)?),
        "stop" => stop(&Settings::read(call)?),
        "monitor" => monitor(&Settings::read(call)?),
        "validate-all" => validate(&Settings::read(call)?),
        _ => Err(Refusal::new(Code::Unimplemented, format!("'{GENERIC_SERVICE}' has no action '{action}'"))),
    }
}

fn start(settings: &Settings) -> Result<(), Refusal> {
    let systemd = Systemd::connect(&settings.bus)?;
    let unit = systemd.unit(&settings.unit)?;
    refuse_unusable(&unit)?;
    warn_of_boot(&unit);
    if unit.state == State::Active {
        return Ok(());
    }
    let job = systemd.carry_out(Job::Start, &unit.name)?;
    let unit = systemd.unit(&settings.unit)?;
    match unit.state {
        State::Active => Ok(()),
        _ if job.is_done() => {
            let text = format!(
                "{} was started and is {} already{}; a unit that ends by itself cannot be online, unless it has \
                 RemainAfterExit=yes",
                unit.name,
                unit.state,
                unit.why()
            );
            Err(Refusal::new(Code::Failed, text))
        }
        _ => {
            let text =
                format!("systemd did not start {}: {job}; it is {}{}", unit.name, unit.state, unit.why());
            Err(Refusal::new(Code::Failed, text))
        }
    }
}

fn stop(settings: &Settings) -> Result<(), Refusal> {
    let systemd = Systemd::connect(&settings.bus)?;
    let unit = systemd.unit(&settings.unit)?;
    if unit.state.is_down() {
        return Ok(());
    }
    let job = systemd.carry_out(Job::Stop, &unit.name)?;
    let unit = systemd.unit(&settings.unit)?;
    if unit.state.is_down() {
        return Ok(());
    }
    let text = format!("systemd did not stop {}: {job}; it is {}", unit.name, unit.state);
    Err(Refusal::new(Code::Failed, text))
}

fn monitor(settings: &Settings) -> Result<(), Refusal> {
    let unit = Systemd::connect(&settings.bus)?.unit(&settings.unit)?;
    let refused = |code, what: &str| {
        Err(Refusal::new(code, format!("{} is {}{}{what}", unit.name, unit.state, unit.why())))
    };
    match unit.state {
        State::Active => Ok(()),
        State::Inactive => refused(Code::NotRunning, ""),
        State::Failed => refused(Code::NotRunning, ""),
        // It has ended, and systemd starts it again (Restart=), or somebody else has a job for it.
        State::Activating => refused(Code::Failed, "; somebody else is starting it"),
        State::Deactivating => refused(Code::Failed, "; somebody else is stopping it"),
        State::Other(_) => refused(Code::Failed, ", which says nothing"),
    }
}

fn validate(settings: &Settings) -> Result<(), Refusal> {
    let unit = Systemd::connect(&settings.bus)?.unit(&settings.unit)?;
    refuse_unusable(&unit)?;
    warn_of_boot(&unit);
    Ok(())
}

/// What nothing can be made of.
fn refuse_unusable(unit: &Unit) -> Result<(), Refusal> {
    let refused = |text: String| Err(Refusal::wrong("ServiceName", text));
    let name = &unit.name;
    match unit.load_state.as_str() {
        "loaded" => Ok(()),
        "not-found" => refused(format!(
            "names {name}, which systemd does not know; 'systemctl list-unit-files' lists those it does"
        )),
        "masked" => {
            refused(format!("names {name}, which is masked; unmask it with: systemctl unmask {name}"))
        }
        other => refused(format!(
            "names {name}, which systemd could not read ({other}); see: systemctl status {name}"
        )),
    }
}

/// What systemd starts by itself at boot runs beside the cluster's will, on every node.
fn warn_of_boot(unit: &Unit) {
    if unit.is_enabled() {
        let name = &unit.name;
        call::remark(format_args!(
            "systemd starts {name} at boot, whatever the cluster wants ({}); leave it to the cluster with: systemctl \
             disable {name}",
            unit.file_state
        ));
    }
}
