//! Cluster networks and network interfaces: which there are, and in what state they are.
//!
//! ```text
//!   what the node sees of its adapters ──► [survey] which count ──► [plan] steps ──► one commit of a few steps
//!                                                                     ▲                  │ until nothing is left
//!                                                                     └──────────────────┘
//!   records of all nodes' interfaces ──► [state] each interface's state ──► each network's state
//! ```
//!
//! A node writes the records of its own interfaces and nobody else's; networks are made by whoever first has an
//! interface of their subnet. Owns what counts as an adapter, the records, and the states. It looks at no device and
//! reaches nobody: what is seen comes in with [`crate::input::Input::Adapters`].

mod apply;
mod configure;
mod picture;
mod plan;
mod show;
mod state;
mod survey;

use std::collections::BTreeMap;

use mainstay_types::{NetworkInterfaceId, ObjectId};

use crate::Engine;
use crate::input::CommitOutcome;
use crate::limits::{INTERFACE_FORGOTTEN_MS, NETWORKS_PAUSE_MS};
use crate::model::networks::Condition;
use crate::timers::Timer;

pub use survey::{Adapter, AdapterAddress};

/// What is seen of the node's adapters, and what is being made of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looking {
    /// As it was last seen; `None` before the first look.
    seen: Option<Vec<Adapter>>,
    /// Something has changed since records were last compared with it.
    is_stirred: bool,
    /// A commit of records is under way.
    is_committing: bool,
    /// Since when own interfaces are gone, in steady milliseconds.
    gone_since_ms: BTreeMap<NetworkInterfaceId, u64>,
    /// The states that watchers know, by number.
    told: BTreeMap<ObjectId, u32>,
    /// A state may be another one.
    may_differ: bool,
}

impl Engine {
    /// Input: what the node's adapters are now.
    pub(crate) fn handle_adapters(&mut self, adapters: Vec<Adapter>) {
        self.networks.seen = Some(adapters);
        self.networks.is_stirred = true;
    }

    /// The next look at interfaces that are gone, or another try.
    pub(crate) fn handle_networks_timer(&mut self) {
        self.networks.is_stirred = true;
    }

    /// Writes what is not yet as it is seen, once the service is ready.
    pub(crate) fn go_on_with_networks(&mut self) {
        if !self.networks.is_stirred || self.networks.is_committing || !self.is_ready() {
            return;
        }
        let Some(seen) = &self.networks.seen else { return };
        let counted = survey::counted(seen);
        self.networks.is_stirred = false;
        let now_ms = self.now.steady_ms;
        let is_forgotten = |id: NetworkInterfaceId| {
            let since_ms = self.networks.gone_since_ms.get(&id);
            since_ms.is_some_and(|since_ms| now_ms >= since_ms + INTERFACE_FORGOTTEN_MS)
        };
        let steps = plan::steps(&self.model, self.config.node, &counted, &is_forgotten);
        if steps.is_empty() {
            return self.note_gone();
        }
        match self.apply_steps(&steps) {
            Ok(transaction) => {
                self.networks.is_committing = true;
                self.commit(transaction, crate::engine::CommitPurpose::Networks);
            }
            // What cannot be written now is tried again with the next look.
            Err(_) => self.note_gone(),
        }
    }

    /// What became of a commit of records. What it changed has been told where it was taken in.
    pub(crate) fn handle_networks_committed(&mut self, outcome: &CommitOutcome) {
        match outcome {
            CommitOutcome::Unknown => {}
            CommitOutcome::Done(_) => {
                self.networks.is_committing = false;
                self.networks.is_stirred = true;
            }
            CommitOutcome::Conflict | CommitOutcome::Failed(_) => {
                self.networks.is_committing = false;
                self.timers.set(Timer::Networks, self.now.steady_ms + NETWORKS_PAUSE_MS);
            }
        }
    }

    /// Counts how long own interfaces are gone, and asks to be woken when the first is to be forgotten.
    fn note_gone(&mut self) {
        let (node, now_ms) = (self.config.node, self.now.steady_ms);
        let is_gone = |id: &NetworkInterfaceId| {
            let interface = self.model.interface(*id);
            interface.is_some_and(|found| found.node == node && found.facts.condition == Condition::Gone)
        };
        self.networks.gone_since_ms.retain(|id, _| is_gone(id));
        let gone = self.model.interfaces().map(|found| found.id).filter(is_gone);
        for id in gone.collect::<Vec<_>>() {
            self.networks.gone_since_ms.entry(id).or_insert(now_ms);
        }
        match self.networks.gone_since_ms.values().min() {
            None => self.timers.clear(Timer::Networks),
            Some(since_ms) => self.timers.set(Timer::Networks, since_ms + INTERFACE_FORGOTTEN_MS),
        }
    }
}
