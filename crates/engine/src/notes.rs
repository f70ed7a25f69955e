//! What resource types have the cluster keep for their resources, on its way into the database.
//!
//! Owns the notes that are not committed yet, and says when a host is told that its reports are taken in: it goes on by
//! that, so nothing that it has said since a note is acknowledged before the note is there for good.
//!
//! ```text
//!   Note from a host ──► is it the one that has the resource? ──► commit ──► acknowledged
//!                                 │ no                              │ failed
//!                                 └──────────► NotKept ◄────────────┘
//! ```

use std::collections::BTreeMap;

use mainstay_store::registry::RegistryError;
use mainstay_store::{Compare, Op, Transaction};
use mainstay_types::order::{Cause, KeptNote, NOTE_LENGTH_MAX, Note};
use mainstay_types::{Epoch, HostId, ResourceId, Status};

use crate::Engine;
use crate::effect::Effect;
use crate::engine::CommitPurpose;
use crate::error::Refusal;
use crate::input::CommitOutcome;
use crate::limits::CONFLICTS_MAX;
use crate::live::Stage;
use crate::model::layout;
use crate::model::notes::StoredNote;
use crate::seeded::{self, Bug};

/// Notes that are being committed, one of a resource at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(BTreeMap<ResourceId, Writing>);

#[derive(Clone, Debug)]
struct Writing {
    told: Told,
    conflicts: u32,
    /// What its host has said meanwhile, which is newer.
    next: Option<Told>,
}

/// A note as a host tells it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The report that it came with, as long as its host is there.
    pub(crate) report: Option<(HostId, u64)>,
    pub(crate) epoch: Epoch,
    pub(crate) note: Option<Note>,
}

impl Notes {
    /// The oldest report of this host whose note is not committed yet.
    pub(crate) fn oldest_of(&self, host: HostId) -> Option<u64> {
        let told = self.0.values().flat_map(|writing| [Some(&writing.told), writing.next.as_ref()]).flatten();
        let reports = told.filter_map(|told| told.report).filter(|(teller, _)| *teller == host);
        reports.map(|(_, sequence)| sequence).min()
    }

    /// Whether this very report is in hand.
    pub(crate) fn has(&self, id: ResourceId, host: HostId, sequence: u64) -> bool {
        let of_id =
            self.0.get(&id).into_iter().flat_map(|writing| [Some(&writing.told), writing.next.as_ref()]);
        of_id.flatten().any(|told| told.report == Some((host, sequence)))
    }

    /// The host has ended: nobody waits for what it has said.
    pub(crate) fn forget_host(&mut self, host: HostId) {
        for writing in self.0.values_mut() {
            writing.next =
                writing.next.take().filter(|told| told.report.is_none_or(|(teller, _)| teller != host));
            writing.told.report = writing.told.report.filter(|(teller, _)| *teller != host);
        }
    }

    /// Whether what is kept of the resource is just being written.
    pub(crate) fn is_writing(&self, id: ResourceId) -> bool {
        self.0.contains_key(&id)
    }
}

impl Engine {
    /// A host has something kept.
    pub(crate) fn handle_note(&mut self, id: ResourceId, told: Told) {
        if let Some(writing) = self.notes.0.get_mut(&id) {
            // What it takes the place of nobody waits for any more.
            writing.next = Some(told);
            return;
        }
        self.write_note(id, Writing { told, conflicts: 0, next: None });
    }

    fn write_note(&mut self, id: ResourceId, writing: Writing) {
        match self.note_transaction(id, &writing.told) {
            Ok(transaction) => {
                self.notes.0.insert(id, writing);
                self.commit(transaction, CommitPurpose::Note(id));
            }
            Err(cause) => self.refuse_note(writing.told, cause),
        }
    }

    /// Only who has the resource says what is kept of it: not a host that was replaced, one whose leaf was closed since, nor
    /// one of an epoch before that of what is kept.
    fn note_transaction(&self, id: ResourceId, told: &Told) -> Result<Transaction, Cause> {
        let refused = |text: String| Cause::new(Status::INVALID_STATE, text);
        let not_there = || refused("the cluster has no such resource any more".into());
        let (group, live) = self.group_of(id).zip(self.live.get(&id)).ok_or_else(not_there)?;
        let owner = self.model.owner(group).ok_or_else(not_there)?;
        if told.note.as_ref().is_some_and(|note| !note.fits()) {
            return Err(refused(format!("what is to be kept has more than {NOTE_LENGTH_MAX} bytes")));
        }
        let kept = self.model.notes().get(id);
        let is_old = told.epoch.generation != owner.generation
            || told.epoch <= live.floor
            || kept.is_some_and(|kept| told.epoch < kept.epoch);
        let holder = self.task_host(id);
        let is_its = told.report.is_some_and(|(host, _)| host == holder);
        if (is_old || !is_its) && !seeded::has(Bug::StaleNoteKept) {
            return Err(refused(format!("another has the resource since epoch {}", told.epoch)));
        }
        let stored = StoredNote::new(told.note.as_ref(), told.epoch, self.config.node, self.now.unix_ms);
        self.note_written(id, &stored).map_err(|error| refused(error.to_string()))
    }

    /// The transaction that writes it, as long as everything is as it is known here.
    fn note_written(&self, id: ResourceId, note: &StoredNote) -> Result<Transaction, RegistryError> {
        let mut compares = vec![Compare::present(layout::resource_path(id)?.record_key())];
        compares.push(self.model.notes().unchanged(id));
        if let Some((group, owner)) =
            self.group_of(id).and_then(|group| Some((group, self.model.owner(group)?)))
        {
            compares.push(Compare::value(layout::owner_key(group), owner.to_bytes()));
        }
        let then = vec![Op::put(layout::note_key(id), note.to_bytes())];
        Ok(Transaction { compares, then, otherwise: Vec::new() })
    }

    /// What became of it.
    pub(crate) fn handle_note_committed(&mut self, id: ResourceId, outcome: CommitOutcome) {
        if outcome == CommitOutcome::Unknown {
            return;
        }
        let Some(writing) = self.notes.0.remove(&id) else { return };
        self.settle_note(id, writing, outcome);
        // Whoever is to open it waits until it is known what is kept.
        let task = self.live.get(&id).and_then(|live| live.task.as_ref());
        if task.is_some_and(|task| task.stage == Stage::Host) && !self.notes.is_writing(id) {
            self.continue_in_host(id);
        }
    }

    fn settle_note(&mut self, id: ResourceId, writing: Writing, outcome: CommitOutcome) {
        let Writing { told, conflicts, next } = writing;
        if let Some(next) = next {
            // It takes the place of the one before, whatever became of that.
            return self.write_note(id, Writing { told: next, conflicts: 0, next: None });
        }
        match outcome {
            CommitOutcome::Done(_) => {
                if let Some((host, _)) = told.report {
                    self.acknowledge(host);
                }
            }
            CommitOutcome::Conflict if conflicts < CONFLICTS_MAX && told.report.is_some() => {
                self.write_note(id, Writing { told, conflicts: conflicts + 1, next: None });
            }
            CommitOutcome::Conflict => {
                let text = "what it was built on has changed again and again";
                self.refuse_note(told, Cause::new(Status::INVALID_STATE, text));
            }
            CommitOutcome::Failed(reason) => {
                let text = format!("the cluster database could not keep it: {reason}");
                self.refuse_note(told, Cause::new(Status::CLUSTER_DATABASE_UPDATE_CONDITION_FAILED, text));
            }
            CommitOutcome::Unknown => {}
        }
    }

    fn refuse_note(&mut self, told: Told, cause: Cause) {
        if let Some((host, sequence)) = told.report {
            self.effects.push(Effect::NotKept { host, sequence, cause });
            self.acknowledge(host);
        }
    }

    /// What is kept of a resource, for its host.
    pub(crate) fn kept_note(&self, id: ResourceId) -> Option<KeptNote> {
        self.model.notes().get(id)?.kept()
    }

    /// What has to be true and what is written where nothing is to be kept of a resource any more, by somebody's word.
    pub(crate) fn discarded(&self, id: ResourceId) -> Result<Transaction, Refusal> {
        let kept = self.model.notes().get(id);
        let epoch = kept.map(|kept| kept.epoch).unwrap_or_default();
        Ok(self.note_written(id, &StoredNote::new(None, epoch, self.config.node, self.now.unix_ms))?)
    }
}
