//! The world's log for people: one line for each input and each effect, with names in place of ids.
//!
//! It decides nothing and is off by default in campaigns: a run that failed is run again with it.

use mainstay_types::order::{Action, News, Question};
use mainstay_types::{HostId, ObjectId, ResourceId};

use super::World;
use crate::Engine;
use crate::effect::Effect;
use crate::input::Input;

impl World {
    /// Keeps a line, at the time of the world.
    pub fn note(&mut self, line: impl FnOnce(&Engine) -> String) {
        if let Some(log) = &mut self.log {
            let ms = self.now.steady_ms.saturating_sub(self.log_begin_ms);
            let line = line(&self.engine);
            log.push(format!("{:>6}.{:03} {line}", ms / 1_000, ms % 1_000));
        }
    }
}

fn host(engine: &Engine, host: HostId) -> String {
    match host {
        HostId::Pool => "pool host".into(),
        HostId::Own(id) => format!("host of '{}'", engine.name_of(id)),
    }
}

/// Whether it comes all the time and says nothing by itself.
pub(super) fn is_dull(input: &Input) -> bool {
    matches!(input, Input::HostPong { .. } | Input::Tick)
}

/// What comes in, in one line.
pub(super) fn input(engine: &Engine, input: &Input) -> String {
    let name = |id: &ResourceId| engine.name_of(*id);
    match input {
        Input::Started(start) => format!("service starts, boot {}, {} hosts", start.boot, start.hosts.len()),
        Input::Settled => "every host is heard".into(),
        Input::Call(call) => format!("call {}: {}", call.id.0, command(engine, &call.command)),
        Input::CallerGone(call) => format!("the caller of {} is gone", call.0),
        Input::Committed { commit, outcome } => format!("commit {commit}: {outcome:?}"),
        Input::Journaled(id) => format!("operation {id} is journalled"),
        Input::HostConnected { host: which, held, .. } => {
            let held: Vec<String> =
                held.iter().map(|held| format!("'{}' {:?}", name(&held.resource), held.condition)).collect();
            format!("{} is connected, holds [{}]", host(engine, *which), held.join(", "))
        }
        Input::OrderUnsent { host: which, resource, order } => {
            format!("order {order} for '{}' did not reach {}", name(resource), host(engine, *which))
        }
        Input::HostEnded { host: which, cause } => format!("{} has ended: {cause}", host(engine, *which)),
        Input::HostSilent(which) => format!("{} is silent", host(engine, *which)),
        Input::HostReport { host: which, report } => {
            let news = match &report.news {
                News::Ended { order, outcome } => format!("{order} ended: {outcome:?}"),
                news => format!("{news:?}"),
            };
            format!("{} reports of '{}': {news}", host(engine, *which), name(&report.resource))
        }
        Input::HostAnswer { host: which, answer } => {
            format!("{} answers query {}: {}", host(engine, *which), answer.id, answer.status)
        }
        Input::HostPong { host: which, .. } => format!("{} is there", host(engine, *which)),
        Input::HardStopped { resource, epoch, empty } => {
            format!("guard: '{}' is stopped hard up to epoch {epoch}, empty: {empty}", name(resource))
        }
        Input::Looked { resource, leaf } => {
            format!("guard: leaf of '{}' populated: {}", name(resource), leaf.populated)
        }
        Input::BackedUp { operation, outcome } => format!("backup {operation}: {outcome:?}"),
        Input::Adapters(adapters) => {
            let names: Vec<&str> = adapters.iter().map(|adapter| adapter.name.as_str()).collect();
            format!("adapters are [{}]", names.join(", "))
        }
        Input::TypesOffered(offers) => {
            let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
            format!("types offered are [{}]", names.join(", "))
        }
        Input::Ending => "service is about to end".into(),
        Input::Tick => "tick".into(),
    }
}

fn command(engine: &Engine, command: &crate::command::Command) -> String {
    let mut text = format!("{command:?}");
    // Ids are of no use to people.
    for resource in engine.model.resources() {
        text = text.replace(&format!("{:?}", resource.id), &format!("'{}'", resource.name));
    }
    text.chars().take(200).collect()
}

/// What was decided, in one line; `None` for what nobody wants to read.
pub(super) fn effect(engine: &Engine, effect: &Effect) -> Option<String> {
    let name = |id: &ResourceId| engine.name_of(*id);
    Some(match effect {
        Effect::Answer { call, answer } => format!("answer {}: {} {}", call.0, answer.status, answer.text),
        Effect::Commit { commit, transaction } => {
            format!("commit {commit} of {} operations", transaction.then.len())
        }
        Effect::StartHost { host: which, epoch, .. } => format!("start {} at {epoch}", host(engine, *which)),
        Effect::StopHost(which) => format!("end {}", host(engine, *which)),
        Effect::KillHost(which) => format!("kill {}", host(engine, *which)),
        Effect::Order { host: which, order, .. } => {
            let action = match &order.action {
                Action::Open(opening) if opening.recover => "Open, recover",
                Action::Open(_) => "Open",
                Action::Online { .. } => "Online",
                Action::Offline { .. } => "Offline",
                Action::Terminate => "Terminate",
                Action::Close => "Close",
            };
            let (resource, which) = (name(&order.resource), host(engine, *which));
            format!("order {} to {which}: '{resource}' {action}, epoch {}", order.id, order.epoch)
        }
        Effect::Query { host: which, query } => {
            let asked = match &query.question {
                Question::CheckOffline { resource, .. } => format!("could '{}' stop?", name(resource)),
                Question::ResourceControl { resource, .. } => format!("control of '{}'", name(resource)),
                Question::TypeControl { type_name, .. } => format!("control of type {type_name}"),
            };
            format!("ask {}: {asked}", host(engine, *which))
        }
        Effect::HardStop { resource, epoch, .. } => {
            format!("hard stop of '{}' up to {epoch}", name(resource))
        }
        Effect::Look { resource, .. } => format!("look at the leaf of '{}'", name(resource)),
        Effect::RemoveLeaf { resource, .. } => format!("remove the leaf of {resource}"),
        Effect::Publish(event) => match &event.object {
            ObjectId::Resource(id) => {
                let state = engine.view().resource_state(*id);
                let state = state.map(|state| format!(", now {state}")).unwrap_or_default();
                format!("event {:?} '{}'{state}", event.kind, event.name)
            }
            _ => return None,
        },
        Effect::Journal(record) => {
            let end = record.end.as_ref().map_or("runs", |end| end.as_str());
            format!("journal {}: {} '{}', {end}", record.id, record.verb, record.name)
        }
        Effect::BackUp { operation, path, .. } => format!("backup {operation} to {path}"),
        Effect::NotKept { sequence, cause, .. } => format!("report {sequence} is not kept: {cause}"),
        Effect::Configure { .. } | Effect::Acknowledge { .. } | Effect::Ping { .. } => return None,
    })
}

/// The kind of an effect, in a word.
pub(super) fn kind(effect: &Effect) -> &'static str {
    match effect {
        Effect::Answer { .. } => "answer",
        Effect::Commit { .. } => "commit",
        Effect::StartHost { .. } => "start of a host",
        Effect::StopHost(_) | Effect::KillHost(_) => "end of a host",
        Effect::Order { .. } => "order",
        Effect::Query { .. } | Effect::Ping { .. } | Effect::Configure { .. } => "query",
        Effect::Acknowledge { .. } | Effect::NotKept { .. } => "acknowledgement",
        Effect::HardStop { .. } | Effect::Look { .. } | Effect::RemoveLeaf { .. } => "guard",
        Effect::BackUp { .. } => "backup",
        Effect::Publish(_) => "event",
        Effect::Journal(_) => "journal",
    }
}
