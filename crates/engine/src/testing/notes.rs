//! What types have the cluster keep, as seen from outside: what was acknowledged is there, or what was said later.

use std::collections::BTreeMap;

use mainstay_types::order::{Action, KeptNote, News, Note, Report};
use mainstay_types::{Epoch, ResourceId};

use super::World;
use crate::input::Input;

/// What may be kept of each resource.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What was acknowledged last, and what was told since, in order; of what was never acknowledged nothing may be there.
    known: BTreeMap<ResourceId, Vec<Option<Note>>>,
    /// Makes each note another one.
    count: u64,
}

impl Notes {
    fn next(&mut self) -> Note {
        self.count += 1;
        Note { words: format!("number {}", self.count), bytes: self.count.to_le_bytes().to_vec() }
    }

    fn tell(&mut self, id: ResourceId, note: Option<Note>) {
        self.known.entry(id).or_insert_with(|| vec![None]).push(note);
    }

    /// These reports are taken in for good. What was told before the last note among them is over.
    pub(super) fn acknowledge(&mut self, reports: impl Iterator<Item = Report>) {
        for report in reports {
            let News::Note(note) = report.news else { continue };
            let Some(known) = self.known.get_mut(&report.resource) else { continue };
            if let Some(place) = known.iter().rposition(|told| *told == note) {
                known.drain(..place);
            }
        }
    }

    /// I11: what is kept was acknowledged last, or told since.
    pub(super) fn check(&self, id: ResourceId, kept: Option<&Note>) {
        let known = self.known.get(&id);
        let is_known = known.map_or(kept.is_none(), |known| known.iter().any(|told| told.as_ref() == kept));
        assert!(is_known, "I11: {id} has {kept:?} kept, and may have {known:?}");
    }

    /// What is deleted has nothing kept any more, also when it is brought back.
    fn forget_all_but(&mut self, is_there: impl Fn(ResourceId) -> bool) {
        self.known.retain(|id, _| is_there(*id));
    }
}

impl World {
    /// The type of a resource has something else kept, or nothing any more.
    pub fn keep(&mut self, id: ResourceId, is_something: bool) {
        let note = is_something.then(|| self.notes.next());
        self.notes.tell(id, note.clone());
        self.tell_note(id, note, None);
    }

    /// A host that has lost the resource, which is still there, would have something kept.
    pub fn keep_late(&mut self, id: ResourceId) {
        let note = self.notes.next();
        self.tell_note(id, Some(note), Some(Epoch::default()));
    }

    fn tell_note(&mut self, id: ResourceId, note: Option<Note>, epoch: Option<Epoch>) {
        let Some(host) = self.holder(id) else { return };
        let Some(fake) = self.hosts.get_mut(&host) else { return };
        // Of one resource only the newest counts.
        fake.kept.retain(|report| report.resource != id || !matches!(report.news, News::Note(_)));
        let mut report = fake.report(id, News::Note(note));
        if let (Some(epoch), Some(kept)) = (epoch, fake.kept.last_mut()) {
            (report.epoch, kept.epoch) = (epoch, epoch);
        }
        self.inbox.push_back(Input::HostReport { host, report });
        self.settle();
    }

    /// How many reports of the resource its host keeps until they are acknowledged.
    pub fn unacknowledged(&self, id: ResourceId) -> usize {
        let kept = self.hosts.values().flat_map(|fake| &fake.kept);
        kept.filter(|report| report.resource == id).count()
    }

    /// What hosts were told with each Open of the resource.
    pub fn openings(&self, id: ResourceId) -> Vec<Option<KeptNote>> {
        let orders = self.orders.iter().filter(|order| order.resource == id);
        let opened = orders.filter_map(|order| match &order.action {
            Action::Open(opening) => Some(opening.note.clone()),
            _ => None,
        });
        opened.collect()
    }

    /// Somebody is about to give up what is kept.
    pub fn may_keep_nothing(&mut self, id: ResourceId) {
        self.notes.tell(id, None);
    }

    pub(super) fn check_notes(&mut self) {
        let model = self.engine.view().model();
        self.notes.forget_all_but(|id| model.resource(id).is_some());
        for resource in self.engine.view().model().resources() {
            let kept = self.engine.kept_note(resource.id);
            self.notes.check(resource.id, kept.as_ref().map(|kept| &kept.note));
        }
    }
}
