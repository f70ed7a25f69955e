//! Reports: those that decide something are kept until the service has acknowledged them.

use std::collections::BTreeMap;

use mainstay_ipc::host::FromHost;
use mainstay_types::order::{Cause, KeptNote, News, Note, OrderId, Report};
use mainstay_types::{Epoch, ResourceId, Status};

use super::{Action, HostCore};
use crate::resource_type::NoteNumber;

/// How many reports may be kept. A service that sends orders and acknowledges nothing is cut off at this point.
pub(super) const REPORTS_MAX: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Reports {
    sequence: u64,
    kept: BTreeMap<u64, Report>,
    /// The types' own numbers of the notes among them, by sequence.
    notes: BTreeMap<u64, (ResourceId, NoteNumber)>,
}

impl Reports {
    fn acknowledge(&mut self, sequence: u64) -> BTreeMap<u64, Report> {
        let open = self.kept.split_off(&sequence.saturating_add(1));
        std::mem::replace(&mut self.kept, open)
    }

    /// Nobody is to be told what becomes of what this one wants kept.
    pub(super) fn forget_notes_of(&mut self, resource: ResourceId) {
        self.notes.retain(|_, (of, _)| *of != resource);
    }

    /// A resource is opened, which the service orders when it knows what is kept: what an earlier opening has said of that is
    /// not said again.
    pub(super) fn drop_notes_of(&mut self, resource: ResourceId) {
        let is_note_of_it =
            |report: &Report| report.resource == resource && matches!(report.news, News::Note(_));
        self.kept.retain(|_, report| !is_note_of_it(report));
    }

    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= REPORTS_MAX
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = &Report> {
        self.kept.values()
    }

    fn of_order(&self, order: OrderId) -> Option<&Report> {
        self.kept
            .values()
            .find(|report| matches!(&report.news, News::Ended { order: of, .. } if *of == order))
    }
}

impl HostCore {
    /// Reports and keeps.
    pub(super) fn report(
        &mut self,
        resource: ResourceId,
        epoch: Epoch,
        news: News,
        actions: &mut Vec<Action>,
    ) {
        if matches!(news, News::Locked { .. } | News::Status { .. } | News::Note(_)) {
            // Only the newest counts; a type that toggles must not fill the memory while nobody listens.
            let kind = std::mem::discriminant(&news);
            let old =
                |report: &Report| report.resource == resource && std::mem::discriminant(&report.news) == kind;
            self.reports.kept.retain(|_, report| !old(report));
        }
        self.reports.sequence += 1;
        let sequence = self.reports.sequence;
        let report = Report { sequence, resource, epoch, news };
        self.reports.kept.insert(sequence, report.clone());
        self.send(FromHost::Report(report), actions);
    }

    /// Reports what is to be kept. What it takes the place of is not kept, or is not for long.
    pub(super) fn report_note(
        &mut self,
        resource: ResourceId,
        epoch: Epoch,
        number: NoteNumber,
        note: Option<Note>,
        actions: &mut Vec<Action>,
    ) {
        let earlier: Vec<NoteNumber> = self
            .reports
            .notes
            .values()
            .filter(|(of, _)| *of == resource)
            .map(|(_, number)| *number)
            .collect();
        self.reports.forget_notes_of(resource);
        for earlier in earlier {
            let cause = Cause::new(Status::CANCELLED, "something else was to be kept in its place");
            actions.push(Action::NoteEnded(resource, earlier, Err(cause)));
        }
        self.report(resource, epoch, News::Note(note), actions);
        self.reports.notes.insert(self.reports.sequence, (resource, number));
    }

    /// The service has taken reports in: what was to be kept is.
    pub(super) fn handle_acknowledged(&mut self, sequence: u64, actions: &mut Vec<Action>) {
        for (sequence, report) in self.reports.acknowledge(sequence) {
            let News::Note(note) = report.news else { continue };
            if let Some(held) = self.resources.get_mut(&report.resource) {
                held.opening.note = note.map(|note| KeptNote { note, epoch: report.epoch });
            }
            if let Some((resource, number)) = self.reports.notes.remove(&sequence) {
                actions.push(Action::NoteEnded(resource, number, Ok(())));
            }
        }
    }

    /// What was to be kept is not.
    pub(super) fn handle_not_kept(&mut self, sequence: u64, cause: Cause, actions: &mut Vec<Action>) {
        self.reports.kept.remove(&sequence);
        if let Some((resource, number)) = self.reports.notes.remove(&sequence) {
            actions.push(Action::NoteEnded(resource, number, Err(cause)));
        }
    }

    /// Says again how an order ended: the report that is still kept, or a new one.
    pub(super) fn report_again(
        &mut self,
        resource: ResourceId,
        epoch: Epoch,
        news: News,
        actions: &mut Vec<Action>,
    ) {
        let News::Ended { order, .. } = &news else { return };
        match self.reports.of_order(*order).cloned() {
            Some(report) => self.send(FromHost::Report(report), actions),
            None => self.report(resource, epoch, news, actions),
        }
    }

    /// Reports and does not keep.
    pub(super) fn mention(&mut self, resource: ResourceId, news: News, actions: &mut Vec<Action>) {
        let epoch = self.resources.get(&resource).map(|held| held.epoch).unwrap_or_default();
        self.send(FromHost::Report(Report { sequence: 0, resource, epoch, news }), actions);
    }

    pub(super) fn send(&self, message: FromHost, actions: &mut Vec<Action>) {
        if let Some(connection) = self.connection {
            actions.push(Action::Send { connection, message });
        }
    }
}
