//! What the journal tells: by which operation something came to its state, who asked for that, and why.

use mainstay_types::explanation::{Reason, Rule};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::{GroupId, ObjectId, OfflineFlags, ResourceId};

use super::{Explainer, reason};
use crate::live::Goal;
use crate::model::objects::Resource;

/// An operation, and what an object was in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Story<'a> {
    record: &'a OperationRecord,
    object: ObjectRef,
    up: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ObjectRef {
    Resource(ResourceId),
    Group(GroupId),
}

impl<'a> Story<'a> {
    /// The newest operation that has brought a resource online, or offline.
    pub(super) fn of_resource(
        records: &'a [OperationRecord],
        resource: &Resource,
        up: bool,
    ) -> Option<Story<'a>> {
        let object = ObjectId::Resource(resource.id);
        let outcome = if up { "online" } else { "offline" };
        // Parts name it as it was called then.
        let mut name = resource.name.as_str();
        for record in records.iter().filter(|record| !was_refused(record)) {
            if record.object == object && record.verb == Verb::Rename {
                name = &record.name;
            }
            // That it became known to a host says nothing.
            let mut parts = record.parts.iter().rev().filter(|part| part.action != Goal::Open.word());
            let part = parts.find(|part| part.resource.is(name));
            // Without a part: it was offline already, or failed and stopped.
            let without_part = !up
                && record.object == object
                && record.end == Some(End::Done)
                && matches!(record.verb, Verb::Offline | Verb::ConfirmStopped);
            if part.is_some_and(|part| part.outcome == outcome) || without_part {
                return Some(Story { record, object: ObjectRef::Resource(resource.id), up });
            }
        }
        None
    }

    /// The newest operation on a group by its own name that has brought it online, or offline.
    pub(super) fn of_group(records: &'a [OperationRecord], group: GroupId, up: bool) -> Option<Story<'a>> {
        let verb = if up { Verb::Online } else { Verb::Offline };
        let is_it = |record: &&OperationRecord| {
            record.object == ObjectId::Group(group) && record.verb == verb && !was_refused(record)
        };
        let record = records.iter().find(is_it)?;
        Some(Story { record, object: ObjectRef::Group(group), up })
    }

    /// The newest call that has said of a resource that it stay offline.
    pub(super) fn of_word(records: &'a [OperationRecord], resource: ResourceId) -> Option<Story<'a>> {
        let writes = |record: &&OperationRecord| {
            let flags = OfflineFlags::from_bits_truncate(record.flags);
            record.object == ObjectId::Resource(resource)
                && record.verb == Verb::Offline
                && !was_refused(record)
                && !flags.contains(OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE)
        };
        let record = records.iter().find(writes)?;
        Some(Story { record, object: ObjectRef::Resource(resource), up: false })
    }

    /// The newest call that has said of a resource, or of its group, that it be online.
    fn of_wish(records: &'a [OperationRecord], resource: &Resource) -> Option<Story<'a>> {
        let objects = [ObjectId::Resource(resource.id), ObjectId::Group(resource.group)];
        let says = |record: &&OperationRecord| {
            record.verb == Verb::Online && objects.contains(&record.object) && !was_refused(record)
        };
        let record = records.iter().find(says)?;
        Some(Story { record, object: ObjectRef::Resource(resource.id), up: true })
    }

    /// Whether it was ended, or begun while it runs, at this moment of Unix time or later.
    pub(super) fn is_since(&self, unix_ms: u64) -> bool {
        self.record.ended_at_ms.unwrap_or(self.record.at_ms) >= unix_ms
    }

    /// The story as a reason.
    pub(super) fn reason(&self, explainer: &Explainer<'_>) -> Reason {
        let record = self.record;
        let by = record.asker.account.as_str();
        let is_object = match self.object {
            ObjectRef::Resource(id) => record.object == ObjectId::Resource(id),
            ObjectRef::Group(id) => record.object == ObjectId::Group(id),
        };
        let (rule, text) = if is_object { self.about_itself(by) } else { self.about_other(by, explainer) };
        let text = match record.reason_text.as_str() {
            said if !said.is_empty() && is_a_callers(record.verb) => format!("{text}: \"{said}\""),
            _ => text,
        };
        // What the service does by itself has its own reason.
        let own =
            !is_a_callers(record.verb) && !record.reason_text.is_empty() && record.verb != Verb::StartUp;
        let mut because = own.then(|| Box::new(reason(Rule::Failure, record.reason_text.clone())));
        if let (Verb::StartUp, ObjectRef::Resource(id)) = (record.verb, self.object) {
            let resource = explainer.view.model().resource(id);
            let wish = resource.and_then(|resource| Story::of_wish(explainer.records, resource));
            because = wish.map(|wish| Box::new(wish.reason(explainer)));
        }
        Reason { operation: Some(record.id), at_ms: Some(record.at_ms), because, ..reason(rule, text) }
    }

    fn about_itself(&self, by: &str) -> (Rule, String) {
        let keeps = OfflineFlags::from_bits_truncate(self.record.flags)
            .contains(OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE);
        match self.record.verb {
            Verb::Online => (Rule::Asked, format!("{by} brought it online")),
            Verb::Offline if keeps => {
                (Rule::Asked, format!("{by} took it offline, without saying that it stay so"))
            }
            Verb::Offline => (Rule::Asked, format!("{by} took it offline")),
            Verb::Restart => (Rule::Asked, format!("{by} restarted it")),
            Verb::Fail => (Rule::Asked, format!("{by} had it treated as failed")),
            Verb::ConfirmStopped => {
                (Rule::Asked, format!("{by} gave the word that nothing of it was left after its failure"))
            }
            Verb::StartUp => (Rule::StartUp, "the service brought it up when it started".into()),
            Verb::Recover if self.up => (Rule::Restarted, "it was started again after a failure".into()),
            Verb::Recover => (Rule::Failure, "what was left of it after a failure was stopped".into()),
            verb => (Rule::Asked, format!("{by} asked for {verb}")),
        }
    }

    fn about_other(&self, by: &str, explainer: &Explainer<'_>) -> (Rule, String) {
        let record = self.record;
        let model = explainer.view.model();
        let (name, is_group) = match &record.object {
            ObjectId::Group(id) => (model.group(*id).map(|found| found.name.as_str()), true),
            ObjectId::Resource(id) => (model.resource(*id).map(|found| found.name.as_str()), false),
            _ => (None, false),
        };
        let name = name.unwrap_or(&record.name);
        match (record.verb, is_group) {
            (Verb::Online, true) => (Rule::GroupAsked, format!("{by} brought its group '{name}' online")),
            (Verb::Offline, true) => (Rule::GroupAsked, format!("{by} took its group '{name}' offline")),
            (Verb::StartUp, _) => {
                (Rule::StartUp, format!("the service brought group '{name}' up when it started"))
            }
            (Verb::Online, false) => {
                (Rule::RelatedAsked, format!("{by} brought '{name}' online, which needs it"))
            }
            (Verb::Offline, false) => {
                (Rule::RelatedAsked, format!("{by} took '{name}' offline, which it needs"))
            }
            (Verb::Restart, _) => {
                (Rule::RelatedAsked, format!("{by} restarted '{name}', which it goes with"))
            }
            (Verb::Fail, _) => {
                (Rule::RelatedAsked, format!("{by} had '{name}' treated as failed, which it goes with"))
            }
            (Verb::Recover, _) if self.up => (Rule::Restarted, format!("it came up again with '{name}'")),
            (Verb::Recover, _) => {
                (Rule::NeedsOther, format!("it went offline with '{name}', which it needs"))
            }
            (verb, _) => (Rule::RelatedAsked, format!("{by} asked for {verb} of '{name}'")),
        }
    }
}

fn was_refused(record: &OperationRecord) -> bool {
    matches!(record.end, Some(End::Refused(_)))
}

/// Whether operations of this kind are asked for, and their reason is in a caller's words.
fn is_a_callers(verb: Verb) -> bool {
    !matches!(verb, Verb::StartUp | Verb::Recover)
}
