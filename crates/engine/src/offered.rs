//! Resource types that a node has by itself: those that are built in, and the agents that are installed.
//!
//! What the node sees comes in with [`crate::input::Input::TypesOffered`]; what the cluster does not know of it becomes a
//! resource type. A type stays when a node has it no more: its resources say then what they lack, and who wants to be rid
//! of it deletes it.

use std::collections::BTreeSet;

use mainstay_store::Transaction;
use mainstay_store::registry::Value;
use mainstay_types::Name;
use mainstay_types::offer::Offer;

use crate::Engine;
use crate::effect::Effect;
use crate::engine::CommitPurpose;
use crate::error::Refusal;
use crate::events::type_added;
use crate::input::CommitOutcome;
use crate::limits::{OFFERS_AT_ONCE_MAX, OFFERS_PAUSE_MS, RESOURCE_TYPES_MAX};
use crate::model::layout;
use crate::timers::Timer;

/// What the node offers, and what is being made of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    seen: Vec<Offer>,
    names: BTreeSet<Name>,
    /// It may be that the cluster does not know all of it.
    is_stirred: bool,
    /// The types whose commit is under way.
    committing: Vec<Name>,
}

impl Engine {
    /// Input: what the node has now.
    pub(crate) fn handle_types_offered(&mut self, seen: Vec<Offer>) {
        self.offers.names = seen.iter().map(|offer| offer.name.clone()).collect();
        self.offers.seen = seen;
        self.offers.is_stirred = true;
    }

    /// Another try.
    pub(crate) fn handle_offers_timer(&mut self) {
        self.offers.is_stirred = true;
    }

    /// Whether the node has this type without a library.
    pub(crate) fn is_offered(&self, name: &Name) -> bool {
        self.offers.names.contains(name)
    }

    /// Whether it is not settled yet which types of what is offered there will be.
    pub(crate) fn are_types_coming(&self) -> bool {
        self.offers.is_stirred || !self.offers.committing.is_empty()
    }

    /// Makes types of what is offered and not known, some at a time, once the service is ready.
    pub(crate) fn go_on_with_offers(&mut self) {
        if !self.offers.is_stirred || !self.offers.committing.is_empty() || !self.is_ready() {
            return;
        }
        self.offers.is_stirred = false;
        let room = RESOURCE_TYPES_MAX.saturating_sub(self.model.resource_types().count());
        let is_new = |offer: &&Offer| self.model.resource_type(&offer.name).is_none();
        let new: Vec<Offer> =
            self.offers.seen.iter().filter(is_new).take(room.min(OFFERS_AT_ONCE_MAX)).cloned().collect();
        if new.is_empty() {
            return self.advance_lane();
        }
        match self.make_types(&new) {
            Ok(transaction) => {
                self.offers.committing = new.into_iter().map(|offer| offer.name).collect();
                self.commit(transaction, CommitPurpose::Offers);
            }
            Err(_) => self.try_offers_later(),
        }
    }

    fn try_offers_later(&mut self) {
        self.timers.set(Timer::Offers, self.now.steady_ms + OFFERS_PAUSE_MS);
        self.advance_lane();
    }

    fn make_types(&self, new: &[Offer]) -> Result<Transaction, Refusal> {
        let mut changes = self.changes();
        for offer in new {
            let path = layout::type_path(&offer.name)?;
            changes.create_key(&path)?;
            changes.set_value(&path, layout::DISPLAY_NAME, Value::Sz(offer.name.to_string()))?;
            changes.set_value(&path, layout::CONTAINED, Value::Dword(offer.is_contained.into()))?;
        }
        let (compares, then) = changes.into_parts();
        Ok(Transaction { compares, then, otherwise: Vec::new() })
    }

    /// What became of a commit of types.
    pub(crate) fn handle_offers_committed(&mut self, outcome: &CommitOutcome) {
        match outcome {
            CommitOutcome::Unknown => {}
            CommitOutcome::Done(_) => {
                for name in std::mem::take(&mut self.offers.committing) {
                    self.effects.push(Effect::Publish(Box::new(type_added(&name))));
                }
                self.offers.is_stirred = true;
            }
            CommitOutcome::Conflict | CommitOutcome::Failed(_) => {
                self.offers.committing.clear();
                self.try_offers_later();
            }
        }
    }
}
