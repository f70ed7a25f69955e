//! Compares what is seen with what a file expects. It judges nothing by rules of its own.

use mainstay_proplist::assignment::show_value;
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::GroupState;
use mainstay_types::order::{Action, Order, Step};

use super::run::Story;
use super::{Expected, Fact};

impl Story {
    /// Writes down what is otherwise.
    pub(super) fn expect(&mut self, expected: &Expected) {
        if let Some(difference) = self.difference(&expected.what) {
            self.world.note(|_| format!("# line {}: {difference}", expected.line));
            self.differences.push((expected.line, difference));
        }
    }

    fn difference(&self, fact: &Fact) -> Option<String> {
        let view = self.world.engine.view();
        let differs = |what: String, expected: &str, seen: String| {
            (expected != seen).then(|| format!("{what}: expected {expected}, and it is {seen}"))
        };
        match fact {
            Fact::State(names, expected) => names.iter().find_map(|name| {
                let state = view.resource_state(self.resources[name]);
                let seen = state.map_or_else(|| "deleted".to_owned(), |state| word(&state.to_string()));
                differs(format!("state of '{name}'"), expected, seen)
            }),
            Fact::GroupState(name, expected) => {
                let state = view.group(self.groups[name]).map(|group| group.state);
                let seen = match state {
                    Some(GroupState::PartialOnline) => "partial-online".to_owned(),
                    Some(state) => word(&state.to_string()),
                    None => "deleted".to_owned(),
                };
                differs(format!("group '{name}'"), expected, seen)
            }
            Fact::Waits(name, expected) => {
                let id = self.groups[name];
                let found = view.glance().groups.into_iter().find(|group| group.id == id);
                let seen = found.map(|group| group.waits_for).unwrap_or_default();
                let is_it = if expected.is_empty() { seen.is_empty() } else { seen.contains(expected) };
                let shown = |text: &str| if text.is_empty() { "nothing".into() } else { format!("'{text}'") };
                (!is_it).then(|| {
                    format!(
                        "group '{name}' waits for: expected {}, and it is {}",
                        shown(expected),
                        shown(&seen)
                    )
                })
            }
            Fact::Persistent(name, expected) => {
                let resource = view.model().resource(self.resources[name]);
                let said = |state: Option<bool>| match state {
                    Some(true) => "online",
                    Some(false) => "offline",
                    None => "unset",
                };
                let seen = resource.map_or("deleted", |resource| said(resource.persistent));
                differs(format!("persistent state of '{name}'"), said(*expected), seen.to_owned())
            }
            Fact::Runs(names, expected) => names.iter().find_map(|name| {
                let said = |runs: bool| if runs { "running" } else { "stopped" };
                let seen = said(self.world.runs(self.resources[name]));
                differs(format!("'{name}'"), said(*expected), seen.to_owned())
            }),
            Fact::Orders(expected) => self.orders_differ(expected),
            Fact::NoOrders(name) => {
                let id = self.resources[name];
                let orders = &self.world.orders[self.orders_before..];
                let order = orders.iter().find(|order| order.resource == id)?;
                Some(format!("'{name}' was given the order {}", order.id))
            }
            Fact::Journal(verb, name, expected) => {
                let of = self.world.journal.values().rev();
                let record = of.into_iter().find(|it| it.verb.as_str() == verb && it.name == *name);
                let seen = match record {
                    Some(record) => record.end.as_ref().map_or("running", |end| end.as_str()),
                    None => "not in the journal",
                };
                differs(format!("{verb} of '{name}'"), expected, seen.to_owned())
            }
            Fact::Starts(name, expected) => {
                let id = self.resources[name];
                let orders = &self.world.orders[self.orders_before..];
                let is_start = |order: &&Order| order.resource == id && order.id.step == Step::Start;
                let seen = orders.iter().filter(is_start).count();
                (seen != *expected)
                    .then(|| format!("starts of '{name}': expected {expected}, and there were {seen}"))
            }
            Fact::Cause(name, expected) => {
                let glance = view.glance().resources;
                let found = glance.into_iter().find(|found| found.id == self.resources[name]);
                let cause =
                    found.and_then(|found| found.cause).map(|cause| cause.to_string()).unwrap_or_default();
                let differs = !cause.contains(expected.as_str());
                differs.then(|| format!("cause of '{name}': expected '{expected}', and it is '{cause}'"))
            }
            Fact::Told(name, instruction, expected) => {
                let id = self.resources[name];
                let orders = &self.world.orders[self.orders_before..];
                let told = orders.iter().rev().find_map(|order| match &order.action {
                    Action::Offline { buffer, .. } if order.resource == id => Some(buffer),
                    _ => None,
                });
                let list = told.and_then(|buffer| PropertyList::parse(buffer).ok()).unwrap_or_default();
                let seen = list.get(instruction).map_or_else(|| "missing".to_owned(), shown);
                differs(format!("instruction {instruction} of '{name}'"), expected, seen)
            }
            // Only a story of placement has several nodes.
            Fact::Owner(..) | Fact::Reason(..) => {
                Some("owner and reason can be expected where a file has several nodes".to_owned())
            }
            Fact::Quiet => {
                let running = view.operations();
                let first = running.first()?;
                Some(format!("operation {}, {} of '{}', has not ended", first.id, first.verb, first.name))
            }
        }
    }

    fn orders_differ(&self, expected: &[(String, String)]) -> Option<String> {
        let orders = &self.world.orders[self.orders_before..];
        let mut left = orders.iter();
        for (name, step) in expected {
            let id = self.resources[name];
            let is_it = |order: &&Order| {
                order.resource == id && format!("{:?}", order.id.step).to_lowercase() == *step
            };
            if !left.by_ref().any(|order| is_it(&order)) {
                let shown = |order: &Order| {
                    let name =
                        self.world.engine.view().resource(order.resource).map(|it| it.name.to_string());
                    format!("{}:{}", name.unwrap_or_default(), format!("{:?}", order.id.step).to_lowercase())
                };
                let all: Vec<String> = orders.iter().map(shown).collect();
                return Some(format!("no order {name}:{step} in its place; there were: {}", all.join(" ")));
            }
        }
        None
    }
}

/// An instruction as files write it.
fn shown(value: &Value) -> String {
    show_value(value).unwrap_or_else(|| format!("{value:?}"))
}

/// A state as files write it: `Online Pending` is `online-pending`.
fn word(state: &str) -> String {
    state.to_lowercase().replace(' ', "-")
}
