//! What the journal tells: by which operation something came to its state, who asked for that, and why.

use mainstay_types::configuration::Setting;
use mainstay_types::explanation::{Reason, Rule};
use mainstay_types::name::fold;
use mainstay_types::operation::{End, OperationRecord, Part, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{GroupId, ObjectId, OfflineFlags, OfflineReason, OnlineFlags, ResourceId};

use super::names::Names;
use super::resource::IGNORES;
use super::{Explainer, reason};
use crate::live::Goal;
use crate::model::layout;
use crate::model::objects::Resource;
use crate::operation::told;
use crate::recovery::UNDER_WAY;

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
        let names = Names::of(records, &object, resource.name.as_str());
        let record =
            records.iter().find(|record| !was_refused(record) && brought(record, &object, &names, up))?;
        Some(Story { record, object: ObjectRef::Resource(resource.id), up })
    }

    /// The operation on a group by its own name that has brought it where it is, if that was the last one that somebody
    /// asked for and that concerned it.
    pub(super) fn of_group(
        records: &'a [OperationRecord],
        group: GroupId,
        is_members: impl Fn(&Part) -> bool,
        up: bool,
    ) -> Option<Story<'a>> {
        let object = ObjectId::Group(group);
        let is_at_it =
            |record: &OperationRecord| record.object == object || record.parts.iter().any(&is_members);
        let concerns = |record: &&OperationRecord| {
            matches!(record.verb, Verb::Online | Verb::Offline) && !was_refused(record) && is_at_it(record)
        };
        let record = records.iter().find(concerns)?;
        let verb = if up { Verb::Online } else { Verb::Offline };
        let did_it = record.object == object && record.verb == verb && record.end == Some(End::Done);
        did_it.then_some(Story { record, object: ObjectRef::Group(group), up })
    }

    /// The last call that was to bring a resource up, if it came to nothing: it was cancelled, or ended with its start not
    /// begun.
    pub(super) fn of_lost_call(
        records: &'a [OperationRecord],
        resource: &Resource,
    ) -> Option<(Story<'a>, &'a Cause)> {
        let object = ObjectId::Resource(resource.id);
        let names = Names::of(records, &object, resource.name.as_str());
        let is_asked_of = |record: &OperationRecord| {
            record.object == object || record.object == ObjectId::Group(resource.group)
        };
        let concerns = |record: &&OperationRecord| {
            let is_call = asks_up(record.verb) || record.verb == Verb::Offline;
            !was_refused(record) && (is_call && is_asked_of(record) || touched(record, &object, &names))
        };
        let record = records.iter().find(concerns).filter(|record| asks_up(record.verb))?;
        let cause = match &record.end {
            Some(End::Cancelled(cause)) => cause,
            Some(End::Failed(cause)) => {
                part_of(record, &names).filter(|part| part.outcome == cause.to_string())?;
                cause
            }
            _ => return None,
        };
        Some((Story { record, object: ObjectRef::Resource(resource.id), up: false }, cause))
    }

    /// Whether the last that was done to a resource is that the service made sure that nothing of it is left.
    pub(super) fn is_cleaned(records: &[OperationRecord], resource: &Resource) -> bool {
        let object = ObjectId::Resource(resource.id);
        let names = Names::of(records, &object, resource.name.as_str());
        let mut concerning =
            records.iter().filter(|record| !was_refused(record) && touched(record, &object, &names));
        concerning.next().is_some_and(|record| record.verb == Verb::Recover)
    }

    /// The newest call that has said of a resource that it stay offline.
    pub(super) fn of_word(records: &'a [OperationRecord], resource: ResourceId) -> Option<Story<'a>> {
        let record = last_word(records, &[ObjectId::Resource(resource)], Word::Offline)?;
        Some(Story { record, object: ObjectRef::Resource(resource), up: false })
    }

    /// The newest call that has said of a group that it be offline.
    pub(super) fn of_group_word(records: &'a [OperationRecord], group: GroupId) -> Option<Story<'a>> {
        let record = last_word(records, &[ObjectId::Group(group)], Word::Offline)?;
        Some(Story { record, object: ObjectRef::Group(group), up: false })
    }

    /// Who had said of a resource, or of its group, that it be online, before the service brought it up in this operation;
    /// if that was so then.
    fn of_wish_before(
        records: &'a [OperationRecord],
        resource: &Resource,
        start: &OperationRecord,
    ) -> Option<Story<'a>> {
        let newest = |object: ObjectId, word: Word| {
            let before = records.iter().filter(|record| record.id.number < start.id.number);
            before.filter(|record| !was_refused(record)).find(|record| is_word(record, &object, word))
        };
        let of = |object: ObjectId| (newest(object.clone(), Word::Online), newest(object, Word::Offline));
        let holds = |(up, down): (Option<&'a OperationRecord>, Option<&'a OperationRecord>)| {
            up.filter(|up| down.is_none_or(|down| down.id.number < up.id.number))
        };
        let own = of(ObjectId::Resource(resource.id));
        let group = of(ObjectId::Group(resource.group));
        let record = match (holds(own), holds(group)) {
            // By its own name it was to stay offline.
            (None, _) if own.1.is_some() => return None,
            (Some(own), Some(group)) => {
                if own.id.number > group.id.number {
                    own
                } else {
                    group
                }
            }
            (Some(own), None) if group.1.is_some_and(|down| down.id.number > own.id.number) => return None,
            (Some(record), None) | (None, Some(record)) => record,
            (None, None) => return None,
        };
        Some(Story { record, object: ObjectRef::Resource(resource.id), up: true })
    }

    /// The newest call that has said of a resource's group that it be online.
    pub(super) fn of_group_wish(records: &'a [OperationRecord], resource: &Resource) -> Option<Story<'a>> {
        let record = last_word(records, &[ObjectId::Group(resource.group)], Word::Online)?;
        Some(Story { record, object: ObjectRef::Resource(resource.id), up: true })
    }

    /// Whether the service did it by itself.
    pub(super) fn is_services_own(&self) -> bool {
        !is_a_callers(self.record.verb)
    }

    /// When it was ended, or begun while it runs, in milliseconds of Unix time.
    pub(super) fn last_at_ms(&self) -> u64 {
        self.record.ended_at_ms.unwrap_or(self.record.at_ms)
    }

    /// The story as a reason.
    pub(super) fn reason(&self, explainer: &Explainer<'_>) -> Reason {
        let record = self.record;
        let by = record.asker.account.as_str();
        let is_object = match self.object {
            ObjectRef::Resource(id) => record.object == ObjectId::Resource(id),
            ObjectRef::Group(id) => record.object == ObjectId::Group(id),
        };
        if self.is_taken_back() {
            let came = if self.up { "it came online again" } else { "it was taken down again" };
            return self.taken_back(&format!("{came} when "), explainer);
        }
        let (rule, text) = if is_object { self.about_itself(by) } else { self.about_other(by, explainer) };
        let text = match record.reason_text.as_str() {
            said if !said.is_empty() && is_a_callers(record.verb) => format!("{text}: \"{said}\""),
            _ => text,
        };
        // What the service does by itself has its own reason.
        let own =
            !is_a_callers(record.verb) && !record.reason_text.is_empty() && record.verb != Verb::StartUp;
        let mut because = own.then(|| Box::new(reason(Rule::Failure, record.reason_text.clone())));
        if record.verb == Verb::ConfirmStopped && !record.outcome.is_empty() {
            because = Some(Box::new(reason(Rule::Failure, format!("it {}", record.outcome))));
        }
        if let (Verb::StartUp, ObjectRef::Resource(id)) = (record.verb, self.object) {
            let resource = explainer.view.model().resource(id);
            because = resource.and_then(|resource| explainer.why_started_up(record, resource)).map(Box::new);
        }
        Reason { operation: Some(record.id), at_ms: Some(record.at_ms), because, ..reason(rule, text) }
    }

    /// Whether it came where it is because the operation was cancelled or vetoed, and not by what was asked for.
    fn is_taken_back(&self) -> bool {
        let was_asked_up = match self.record.verb {
            Verb::Online => true,
            Verb::Offline => false,
            Verb::Restart => !is_taken_back(self.record),
            _ => return false,
        };
        was_asked_up != self.up
    }

    /// That it was cancelled or vetoed, behind what that led to.
    pub(super) fn taken_back(&self, begin: &str, explainer: &Explainer<'_>) -> Reason {
        let record = self.record;
        let (verb, name, by) = (record.verb, self.object_name(explainer), &record.asker.account);
        let asked = match (self.object, &record.object) {
            (ObjectRef::Resource(id), ObjectId::Resource(object)) if id == *object => format!("its {verb}"),
            (ObjectRef::Resource(_), ObjectId::Group(_)) => format!("the {verb} of its group '{name}'"),
            (ObjectRef::Group(_), ObjectId::Group(_)) => format!("its {verb}"),
            _ => format!("the {verb} of '{name}'"),
        };
        let (what, cause) = match &record.end {
            Some(End::Cancelled(cause)) => ("was cancelled", Some(cause)),
            Some(End::Vetoed(cause)) => ("was vetoed", Some(cause)),
            Some(End::Failed(cause)) => ("failed", Some(cause)),
            _ => ("was taken back", None),
        };
        let because = cause.filter(|cause| !cause.text.is_empty());
        let because = because.map(|cause| Box::new(reason(Rule::TakenBack, cause.text.clone())));
        let text = format!("{begin}{asked}, which {by} had asked for, {what}");
        let (operation, at_ms) = (Some(record.id), Some(record.at_ms));
        Reason { operation, at_ms, because, ..reason(Rule::TakenBack, text) }
    }

    fn object_name<'b>(&'b self, explainer: &'b Explainer<'_>) -> &'b str {
        let model = explainer.view.model();
        let name = match &self.record.object {
            ObjectId::Group(id) => model.group(*id).map(|found| found.name.as_str()),
            ObjectId::Resource(id) => model.resource(*id).map(|found| found.name.as_str()),
            _ => None,
        };
        name.unwrap_or(&self.record.name)
    }

    fn about_itself(&self, by: &str) -> (Rule, String) {
        let is_resource = matches!(self.object, ObjectRef::Resource(_));
        match self.record.verb {
            Verb::Online if self.was_done() && is_resource && keeps_word_up(self.record) => {
                (Rule::Asked, format!("{by} brought it online, without saying that it stay so"))
            }
            Verb::Online if self.was_done() => (Rule::Asked, format!("{by} brought it online")),
            Verb::Online => (Rule::Asked, format!("{by} asked that it be online")),
            Verb::Offline if !self.was_done() => (Rule::Asked, format!("{by} asked that it be offline")),
            Verb::Offline if is_resource && keeps_word_down(self.record) => {
                (Rule::Asked, format!("{by} took it offline, without saying that it stay so"))
            }
            Verb::Offline => (Rule::Asked, format!("{by} took it offline")),
            Verb::Restart if self.up => (Rule::Asked, format!("{by} restarted it")),
            Verb::Restart => (Rule::Asked, format!("{by} asked for its restart, which took it down")),
            Verb::Fail => (Rule::Asked, format!("{by} had it treated as failed")),
            Verb::ConfirmStopped => {
                (Rule::Asked, format!("{by} gave the word that nothing of it was left after its failure"))
            }
            Verb::StartUp => (Rule::StartUp, "the service brought it up when it started".into()),
            Verb::Recover if self.up && self.record.reason_text == UNDER_WAY => {
                (Rule::StartUp, "the service saw its start through".into())
            }
            Verb::Recover if self.up => (Rule::Restarted, "the service started it again".into()),
            Verb::Recover => (Rule::Cleaning, "the service made sure that nothing of it was left".into()),
            verb if WRITERS.contains(&verb) => {
                let said = if self.up {
                    "1, which says that it be online"
                } else {
                    "0, which says that it stay offline"
                };
                (Rule::Asked, format!("{by} set its PersistentState to {said}"))
            }
            verb => (Rule::Asked, format!("{by} asked for {verb}")),
        }
    }

    fn about_other(&self, by: &str, explainer: &Explainer<'_>) -> (Rule, String) {
        let record = self.record;
        let is_group = matches!(record.object, ObjectId::Group(_));
        let name = self.object_name(explainer);
        match (record.verb, is_group) {
            (Verb::Online, true) if self.was_done() => {
                (Rule::GroupAsked, format!("{by} brought its group '{name}' online"))
            }
            (Verb::Online, true) => {
                (Rule::GroupAsked, format!("{by} asked that its group '{name}' be online"))
            }
            (Verb::Offline, true) if self.was_done() => {
                (Rule::GroupAsked, format!("{by} took its group '{name}' offline"))
            }
            (Verb::Offline, true) => {
                (Rule::GroupAsked, format!("{by} asked that its group '{name}' be offline"))
            }
            (Verb::StartUp, _) => {
                (Rule::StartUp, format!("the service brought group '{name}' up when it started"))
            }
            (Verb::Online, false) if self.was_done() => {
                (Rule::RelatedAsked, format!("{by} brought '{name}' online, which needs it"))
            }
            (Verb::Online, false) => {
                (Rule::RelatedAsked, format!("{by} asked that '{name}' be online, which needs it"))
            }
            (Verb::Offline, false) if self.was_done() => {
                (Rule::RelatedAsked, format!("{by} took '{name}' offline, which it needs"))
            }
            (Verb::Offline, false) => {
                (Rule::RelatedAsked, format!("{by} asked that '{name}' be offline, which it needs"))
            }
            (Verb::Restart, _) => {
                (Rule::RelatedAsked, format!("{by} restarted '{name}', which it goes with"))
            }
            (Verb::Fail, _) => {
                (Rule::RelatedAsked, format!("{by} had '{name}' treated as failed, which it goes with"))
            }
            (Verb::Recover, _) if self.up => {
                (Rule::Restarted, format!("the service started it again with '{name}'"))
            }
            (Verb::Recover, _) => {
                (Rule::NeedsOther, format!("it went offline with '{name}', which it needs"))
            }
            (verb, true) if WRITERS.contains(&verb) => {
                let said = if self.up {
                    "1, which says that it be online"
                } else {
                    "0, which says that it be offline"
                };
                (Rule::GroupAsked, format!("{by} set PersistentState of its group '{name}' to {said}"))
            }
            (verb, _) => (Rule::RelatedAsked, format!("{by} asked for {verb} of '{name}'")),
        }
    }

    /// Whether what was asked for came true.
    fn was_done(&self) -> bool {
        self.record.end == Some(End::Done)
    }
}

impl Explainer<'_> {
    /// Why the service's start has brought a resource up.
    fn why_started_up(&self, start: &OperationRecord, resource: &Resource) -> Option<Reason> {
        if let Some(wish) = Story::of_wish_before(self.records, resource, start) {
            return Some(wish.reason(self));
        }
        let engine = self.view.engine();
        let was_cold = engine.ignores_persistent_state() && !self.is_before_start(start.at_ms);
        was_cold.then(|| reason(Rule::StartUp, IGNORES))
    }
}

/// The newest record by which this was said of one of these objects, and not put back since.
fn last_word<'a>(
    records: &'a [OperationRecord],
    objects: &[ObjectId],
    word: Word,
) -> Option<&'a OperationRecord> {
    let says = |record: &&OperationRecord| {
        !was_refused(record) && objects.iter().any(|object| is_word(record, object, word))
    };
    records.iter().find(says)
}

/// What may have been said of an object's state, to be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    Online,
    Offline,
}

/// Verbs by which the persistent state may be written as any property is.
pub(super) const WRITERS: &[Verb] = &[Verb::Set, Verb::Configure, Verb::Undo];

/// Whether a record says this of an object, and it was not put back since.
pub(super) fn is_word(record: &OperationRecord, object: &ObjectId, word: Word) -> bool {
    if record.object != *object || is_taken_back(record) {
        return false;
    }
    let is_resource = matches!(object, ObjectId::Resource(_));
    match (record.verb, word) {
        (Verb::Online, Word::Online) => !(is_resource && keeps_word_up(record)),
        (Verb::Offline, Word::Offline) => {
            record.reason != Some(OfflineReason::ShuttingDown) && !(is_resource && keeps_word_down(record))
        }
        (verb, _) if WRITERS.contains(&verb) && record.end == Some(End::Done) => writes(record, object, word),
        _ => false,
    }
}

/// Whether it has written this as the object's persistent state.
fn writes(record: &OperationRecord, object: &ObjectId, word: Word) -> bool {
    let path = match object {
        ObjectId::Resource(id) => layout::resource_path(*id),
        ObjectId::Group(id) => layout::group_path(*id),
        _ => return false,
    };
    let Ok(path) = path.map(|path| fold(&path.to_string())) else { return false };
    record.changes.iter().any(|change| {
        let is_it =
            change.value.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(layout::PERSISTENT_STATE));
        let Some(Setting::Number(number)) = &change.after else { return false };
        is_it && change.path == path && (*number != 0) == (word == Word::Online)
    })
}

fn keeps_word_up(record: &OperationRecord) -> bool {
    OnlineFlags::from_bits_truncate(record.flags).contains(OnlineFlags::DO_NOT_UPDATE_PERSISTENT_STATE)
}

fn keeps_word_down(record: &OperationRecord) -> bool {
    OfflineFlags::from_bits_truncate(record.flags).contains(OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE)
}

/// The last part in a record of what has had these names.
pub(super) fn part_of<'a>(record: &'a OperationRecord, names: &Names) -> Option<&'a Part> {
    record.parts.iter().rev().find(|part| !is_mere_knowledge(part) && names.has(part))
}

/// Whether it has brought a resource, which has had these names, online, or offline.
pub(super) fn brought(record: &OperationRecord, object: &ObjectId, names: &Names, up: bool) -> bool {
    let outcome = if up { told::ONLINE } else { told::OFFLINE };
    // Without a part: it was offline already, or failed and stopped.
    let without_part = !up && is_about_stopping(record, object) && record.end == Some(End::Done);
    without_part || part_of(record, names).is_some_and(|part| part.outcome == outcome)
}

/// Whether it was to do something to a resource, which has had these names.
pub(super) fn touched(record: &OperationRecord, object: &ObjectId, names: &Names) -> bool {
    is_about_stopping(record, object) || part_of(record, names).is_some()
}

fn is_about_stopping(record: &OperationRecord, object: &ObjectId) -> bool {
    record.object == *object && matches!(record.verb, Verb::Offline | Verb::ConfirmStopped)
}

pub(super) fn was_refused(record: &OperationRecord) -> bool {
    matches!(record.end, Some(End::Refused(_)))
}

fn is_taken_back(record: &OperationRecord) -> bool {
    matches!(record.end, Some(End::Cancelled(_) | End::Vetoed(_)))
}

/// That it became known to a host says nothing: what ran ran on, and what was offline stayed so.
fn is_mere_knowledge(part: &Part) -> bool {
    [Goal::Open.word(), Goal::Reopen.word()].contains(&part.action.as_str())
}

/// Whether calls of this kind bring something up.
fn asks_up(verb: Verb) -> bool {
    matches!(verb, Verb::Online | Verb::Restart)
}

/// Whether operations of this kind are asked for, and their reason is in a caller's words.
fn is_a_callers(verb: Verb) -> bool {
    !matches!(verb, Verb::StartUp | Verb::Recover)
}
