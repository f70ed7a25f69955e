//! Words that stand over each other: what several open operations have said about one persistent state.
//!
//! ```text
//!   before ──word of A──► ──word of B──► ──word of C──► what is written
//!                 └ since: B, C   └ since: C
//! ```
//!
//! Any of them may be taken back, in any order, by a veto or a cancellation; what is written then is what would be, had
//! that one never been said. So each operation's record says what was written before its word, and what was said since.
//! A word of an operation that has ended holds for good, and stays in the records of those before it.
//!
//! Nothing here decides when something is taken back.

use std::collections::BTreeMap;

use mainstay_store::registry::Changes;
use mainstay_store::{Compare, Op};
use mainstay_types::{OperationId, ResourceState};

use super::commit::stored;
use super::persistent::{PersistentWrites, write};
use super::stored::{LaterWord, PersistentTarget, Said, StoredOperation, StoredStep, StoredWord};
use super::{Operation, Phase};
use crate::Engine;
use crate::error::Refusal;
use crate::model::layout;

impl Said {
    /// What is written after this was said over that.
    fn over(self, before: Option<bool>) -> Option<bool> {
        match self {
            Said::Online => Some(true),
            Said::Offline => Some(false),
            Said::Needed => before.filter(|is_online| *is_online),
        }
    }
}

impl StoredWord {
    /// What is written after what was said since, up to this operation's word.
    fn replay(&self, over: Option<bool>, until: Option<OperationId>) -> Option<bool> {
        let since = self.since.iter().take_while(|later| Some(later.by) != until);
        since.fold(over, |written, later| later.said.over(written))
    }

    /// Another operation says something about the same.
    fn hear(&mut self, later: LaterWord, may_be_taken_back: impl Fn(OperationId) -> bool) {
        let holds = |word: &LaterWord| !may_be_taken_back(word.by);
        // What came before a word that holds for good matters no more.
        if let Some(last) = self.since.iter().rposition(|word| holds(word) && word.said != Said::Needed) {
            self.since.drain(..last);
        }
        self.since.dedup_by(|word, earlier| holds(word) && holds(earlier) && word.said == earlier.said);
        self.since.push(later);
    }
}

impl Operation {
    /// Whether it has said something about this, and may still take it back.
    pub(super) fn may_take_back(&self, target: PersistentTarget) -> bool {
        matches!(self.phase, Phase::Running | Phase::Vetoing { .. })
            && self.words.iter().any(|word| word.target == target)
    }
}

/// What it comes to that an operation's words are taken back.
pub(super) struct TakenBack {
    /// What is written then, where it is something else.
    values: Vec<(PersistentTarget, Option<bool>)>,
    /// The words of other operations that stand over its words or under them, as they are then.
    pub(super) others: BTreeMap<OperationId, Vec<StoredWord>>,
}

impl Engine {
    /// What a call is about to say, with what it says that over.
    pub(super) fn words(&self, writes: &PersistentWrites) -> Vec<StoredWord> {
        let is_written = |target: PersistentTarget, said: Said| {
            said != Said::Needed || self.value_of(target) == Some(Some(false))
        };
        // Where nothing is written, it is said over what another one may take back.
        let is_over = |target| self.operations.values().any(|other| other.may_take_back(target));
        let said = writes.said().filter(|(target, said)| is_written(*target, *said) || is_over(*target));
        let word = |(target, said)| {
            let before = self.value_of(target).flatten();
            StoredWord { target, said, before, since: Vec::new() }
        };
        said.map(word).collect()
    }

    /// The words of others over which this operation says its own, with those added.
    pub(super) fn words_under(&self, operation: &Operation) -> BTreeMap<OperationId, Vec<StoredWord>> {
        let by = operation.record.id;
        let may_be_taken_back = |id| self.operations.contains_key(&id);
        let mut under: BTreeMap<OperationId, Vec<StoredWord>> = BTreeMap::new();
        for own in &operation.words {
            for other in self.operations.values().filter(|other| other.may_take_back(own.target)) {
                let words = under.entry(other.record.id).or_insert_with(|| other.words.clone());
                for word in words.iter_mut().filter(|word| word.target == own.target) {
                    word.hear(LaterWord { by, said: own.said }, may_be_taken_back);
                }
            }
        }
        under
    }

    /// What comes of it that the operation's words are taken back, as far as nothing else was written since.
    pub(super) fn take_back(&self, operation: &Operation) -> TakenBack {
        let id = operation.record.id;
        let mut values = Vec::new();
        let mut others: BTreeMap<OperationId, Vec<StoredWord>> = BTreeMap::new();
        for word in operation.words.iter().filter(|word| !self.stands(word)) {
            let written = word.replay(word.said.over(word.before), None);
            let without = word.replay(word.before, None);
            if without != written && self.value_of(word.target) == Some(written) {
                values.push((word.target, without));
            }
            let is_other = |other: &&Operation| other.record.id != id && other.may_take_back(word.target);
            for other in self.operations.values().filter(is_other) {
                let other_id = other.record.id;
                let words = others.entry(other_id).or_insert_with(|| other.words.clone());
                for theirs in words.iter_mut().filter(|theirs| theirs.target == word.target) {
                    theirs.since.retain(|later| later.by != id);
                    if word.since.iter().any(|later| later.by == other_id) {
                        theirs.before = word.replay(word.before, Some(other_id));
                    }
                }
            }
        }
        others.retain(|other, words| self.operations.get(other).is_some_and(|found| found.words != *words));
        TakenBack { values, others }
    }

    /// What came up by somebody's asking stays up, and nobody's word is against that.
    fn stands(&self, word: &StoredWord) -> bool {
        match word.target {
            PersistentTarget::Resource(id) if word.said == Said::Needed => {
                self.live.get(&id).is_some_and(|live| live.state == ResourceState::Online)
            }
            _ => false,
        }
    }

    /// The operation that is just writing what taking back this one's words would write too: its record, or that of one
    /// whose words stand over these or under them.
    pub(super) fn writer_of_words(&self, operation: &Operation) -> Option<OperationId> {
        let is_writing = |id: &OperationId| {
            let found = self.operations.get(id)?;
            matches!(found.phase, Phase::Vetoing { is_committing: true }).then_some(*id)
        };
        let mut others = self.take_back(operation).others.into_keys();
        self.writer_of(operation.record.id)
            .or_else(|| others.find_map(|id| self.writer_of(id).or_else(|| is_writing(&id))))
    }

    /// What an operation's transaction has written of others is so in memory too.
    pub(super) fn take_over_words(&mut self, rewritten: BTreeMap<OperationId, Vec<StoredWord>>) {
        for (id, words) in rewritten {
            if let Some(other) = self.operations.get_mut(&id) {
                other.words = words;
            }
        }
    }

    /// The transaction that takes an operation's words back was done, or was not.
    pub(super) fn words_are_taken_back(&mut self, id: OperationId, is_done: bool) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        let rewritten = std::mem::take(&mut operation.rewrites);
        if is_done {
            operation.words = Vec::new();
            self.take_over_words(rewritten);
        }
    }

    /// What is written of it; `None` where it is gone.
    fn value_of(&self, target: PersistentTarget) -> Option<Option<bool>> {
        match target {
            PersistentTarget::Resource(id) => self.model.resource(id).map(|found| found.persistent),
            PersistentTarget::Group(id) => self.model.group(id).map(|found| found.persistent),
        }
    }
}

impl TakenBack {
    /// Without what is written: as if the words were not taken back, and the operation were all the same.
    pub(super) fn without_values(self) -> Self {
        TakenBack { values: Vec::new(), ..self }
    }

    /// The values, as changes of the registry.
    pub(super) fn put_back(&self, changes: &mut Changes<'_>) -> Result<(), Refusal> {
        self.values.iter().try_for_each(|(target, value)| write(changes, *target, *value))
    }

    /// The records of the others.
    pub(super) fn put_others(&self, engine: &Engine, compares: &mut Vec<Compare>, then: &mut Vec<Op>) {
        for (id, words) in &self.others {
            let Some(other) = engine.operations.get(id) else { continue };
            let mut record = StoredOperation { words: words.clone(), ..stored(other) };
            if matches!(other.phase, Phase::Vetoing { .. }) && other.step.restores() {
                // Its own veto waits to be written, with its words taken back.
                record.step = other.superseded_by.map_or(StoredStep::Running, StoredStep::Superseded);
            }
            compares.push(Compare::present(layout::operation_key(*id)));
            then.push(Op::put(layout::operation_key(*id), record.to_bytes()));
        }
    }
}
