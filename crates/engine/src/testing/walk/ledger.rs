//! What is known of the persistent state: what was acknowledged, and what was asked and not answered (I5).

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::operation::{End, Verb};
use mainstay_types::{GroupId, OperationId, ResourceId};

use super::{Walk, World, is_accepted};
use crate::input::CallId;

/// What a call says about who is to be online.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Word {
    Online(ResourceId),
    Offline(ResourceId),
    /// Of the whole group.
    GroupOnline(GroupId),
}

/// See the module.
#[derive(Default)]
pub(super) struct Ledger {
    /// Calls that write, and those that were answered in the service's life in which they came.
    asked: BTreeMap<CallId, Word>,
    /// A call that was cut off may or may not have been committed: its resource's word is not known until a call that is
    /// later than this one says something about it.
    uncertain: BTreeMap<ResourceId, CallId>,
    /// Dependencies were changed: what an earlier word overrode cannot be told from the graph any more.
    pub(super) reconfigured: bool,
}

impl Ledger {
    pub(super) fn ask(&mut self, call: CallId, word: Word) {
        self.asked.insert(call, word);
    }
}

impl Walk {
    /// Calls without an answer will get none.
    pub(super) fn cut_off(&mut self) {
        let is_answered = |call: &CallId| self.world.answers.contains_key(call);
        let open: Vec<CallId> = self.ledger.asked.keys().copied().filter(|call| !is_answered(call)).collect();
        // What waits may be accepted behind calls that came later. After this there is only what comes then.
        let last = self.world.last_call();
        for call in open {
            self.forget_call(call, last);
        }
        self.calls.clear();
    }

    /// What came of a call is not known.
    fn forget_call(&mut self, call: CallId, last: CallId) {
        let Some(word) = self.ledger.asked.remove(&call) else { return };
        let (named, overridden) = match word {
            Word::Online(id) => (Some(id), needs(&self.world, id)),
            Word::Offline(id) => (Some(id), BTreeSet::new()),
            Word::GroupOnline(group) => {
                (None, self.members(group).iter().flat_map(|id| needs(&self.world, *id)).collect())
            }
        };
        self.ledger.uncertain.extend(named.into_iter().chain(overridden).map(|id| (id, last)));
    }

    fn members(&self, group: GroupId) -> BTreeSet<ResourceId> {
        let model = self.world.engine.view().model();
        let is_member = |id: &ResourceId| model.resource(*id).is_some_and(|found| found.group == group);
        self.ids.iter().copied().filter(is_member).collect()
    }

    /// Every call of a service that lived on was answered.
    pub(super) fn check_answers(&self) {
        for call in &self.calls {
            assert!(self.world.answers.contains_key(call), "I4: call {} was never answered", call.0);
        }
    }

    /// Operations that somebody has cancelled, however they ended.
    fn cancelled(&self) -> BTreeSet<OperationId> {
        let records = self.world.journal.values();
        let cancels = records.filter(|record| record.verb == Verb::Cancel && record.end == Some(End::Done));
        // The record of a cancellation names the operation in its instructions.
        cancels.filter_map(|record| record.instructions.rsplit(' ').next()?.parse().ok()).collect()
    }

    /// I5: the last acknowledged word holds, unless it was vetoed or cancelled, and then the one before. A word that something be
    /// online overrides one that a provider of it stay offline.
    pub(super) fn check_persistent(&mut self) {
        // Of a caller who has gone nobody knows what came of his call.
        let is_answered = |call: &CallId| self.world.answers.contains_key(call);
        let gone: Vec<CallId> = self.ledger.asked.keys().copied().filter(|call| !is_answered(call)).collect();
        for call in gone {
            self.forget_call(call, CallId(u64::MAX));
        }
        let cancelled = self.cancelled();
        let mut words = Vec::new();
        let mut unsettled = Vec::new();
        // While a word held that was taken back, it kept its resource out of what was asked of the group.
        let mut retracted = Vec::new();
        for (call, word) in &self.ledger.asked {
            let Some(answer) = self.world.answers.get(call).filter(|answer| is_accepted(answer.status))
            else {
                continue;
            };
            let Some(operation) = answer.operation else { panic!("I5: call {} has no operation", call.0) };
            let end = self.world.journal.get(&operation).and_then(|record| record.end.as_ref());
            let is_vetoed = matches!(end, Some(End::Vetoed(_)));
            // One that was cancelled and then overtaken has been superseded; its words were taken back before.
            let is_cancelled = matches!(end, Some(End::Cancelled(_))) || cancelled.contains(&operation);
            match word {
                Word::Offline(id) if is_vetoed || is_cancelled => retracted.push((operation.number, *id)),
                _ if is_vetoed => {}
                // Words that it had overridden come back where nothing came of it.
                Word::Online(id) if is_cancelled => {
                    unsettled.extend(needs(&self.world, *id).into_iter().map(|id| (id, operation.number)));
                }
                Word::GroupOnline(group) if is_cancelled => {
                    unsettled.extend(self.members(*group).into_iter().map(|id| (id, operation.number)));
                }
                _ => words.push((operation.number, *call, *word)),
            }
        }
        words.sort_unstable();
        let mut said: BTreeMap<ResourceId, bool> = BTreeMap::new();
        let mut uncertain = self.ledger.uncertain.clone();
        // Until an operation that is later says something about it: a call that has waited is later than one that came
        // after it.
        let mut unsettled_since: BTreeMap<ResourceId, u64> = BTreeMap::new();
        for (id, number) in unsettled {
            let since = unsettled_since.entry(id).or_insert(number);
            *since = (*since).max(number);
        }
        // Which of alternatives a call has relied on, and so whose word it has overridden, is not known here.
        let mut open: BTreeSet<ResourceId> = BTreeSet::new();
        for (number, call, word) in words {
            let was_retracted = |id: &ResourceId| {
                retracted.iter().any(|(earlier, resource)| resource == id && *earlier < number)
            };
            let roots: BTreeSet<ResourceId> = match word {
                Word::Online(id) => [id].into(),
                Word::Offline(_) => BTreeSet::new(),
                Word::GroupOnline(group) => {
                    let members = self.members(group).into_iter();
                    members.filter(|id| said.get(id) != Some(&false) && !was_retracted(id)).collect()
                }
            };
            let retracted = retracted.iter().map(|(_, id)| id);
            let may_be_root = open.iter().chain(retracted).filter(|_| matches!(word, Word::GroupOnline(_)));
            let may_override: BTreeSet<ResourceId> = may_be_root
                .flat_map(|id| needs(&self.world, *id))
                .chain(roots.iter().flat_map(|id| chosen(&self.world, *id)))
                .collect();
            open.extend(may_override.into_iter().filter(|id| said.get(id) == Some(&false)));
            for provider in roots.iter().flat_map(|id| needs_surely(&self.world, *id)) {
                if said.get(&provider) == Some(&false) {
                    said.remove(&provider);
                    open.remove(&provider);
                }
            }
            match word {
                Word::Online(id) | Word::Offline(id) => {
                    said.insert(id, word == Word::Online(id));
                    open.remove(&id);
                    if uncertain.get(&id).is_some_and(|since| *since < call) {
                        uncertain.remove(&id);
                    }
                    if unsettled_since.get(&id).is_some_and(|since| *since < number) {
                        unsettled_since.remove(&id);
                    }
                }
                // Whether what is not known was to be online says whether the word reached what that needs.
                Word::GroupOnline(_) => {
                    let unknown = uncertain.keys().chain(unsettled_since.keys());
                    let more: Vec<ResourceId> = unknown.flat_map(|id| needs(&self.world, *id)).collect();
                    for id in more {
                        let since = unsettled_since.entry(id).or_insert(number);
                        *since = (*since).max(number);
                    }
                }
            }
        }
        // With other dependencies, words that were overridden are not known.
        let is_known = |id: &ResourceId| {
            !uncertain.contains_key(id) && !unsettled_since.contains_key(id) && !self.ledger.reconfigured
        };
        for id in self.ids.iter().filter(|id| self.is_alive(**id) && is_known(id)) {
            let (expected, written) = (said.get(id).copied(), self.world.persistent(*id));
            let is_overridden = written.is_none() && open.contains(id);
            let name = self.world.engine.name_of(*id);
            assert!(
                written == expected || is_overridden,
                "I5: the persistent state of '{name}' is {written:?}, not {expected:?}"
            );
        }
    }
}

/// What the resource needs or may need, without itself.
fn needs(world: &World, id: ResourceId) -> BTreeSet<ResourceId> {
    let mut needed = crate::graph::with_providers(world.engine.view().model(), [id]);
    needed.remove(&id);
    needed
}

/// What nothing else can stand in for.
fn needs_surely(world: &World, id: ResourceId) -> BTreeSet<ResourceId> {
    let model = world.engine.view().model();
    let mut needed = BTreeSet::new();
    let mut open = vec![id];
    while let Some(resource) = open.pop().and_then(|id| model.resource(id)) {
        for clause in resource.depends_on.clauses() {
            if let [only] = clause
                && needed.insert(*only)
            {
                open.push(*only);
            }
        }
    }
    needed
}

/// What the resource may rely on or not.
fn chosen(world: &World, id: ResourceId) -> BTreeSet<ResourceId> {
    &needs(world, id) - &needs_surely(world, id)
}
