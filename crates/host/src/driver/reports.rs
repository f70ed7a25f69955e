//! Reports: those that decide something are kept until the service has acknowledged them.

use std::collections::BTreeMap;

use mainstay_ipc::host::FromHost;
use mainstay_types::order::{News, OrderId, Report};
use mainstay_types::{Epoch, ResourceId};

use super::{Action, HostCore};

/// How many reports may be kept. A service that sends orders and acknowledges nothing is cut off at this point.
pub(super) const REPORTS_MAX: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Reports {
    sequence: u64,
    kept: BTreeMap<u64, Report>,
}

impl Reports {
    pub(super) fn acknowledge(&mut self, sequence: u64) {
        self.kept = self.kept.split_off(&sequence.saturating_add(1));
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
        if matches!(news, News::Locked { .. } | News::Status { .. }) {
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
