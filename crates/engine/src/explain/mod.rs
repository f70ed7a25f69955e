//! Why a resource, a group, a network or a network interface is in its state: a pure query over what is committed, what is live, what is planned, and
//! the records of the journal that its asker hands in.
//!
//! It decides nothing: every rule is asked of the room that has it. A reason may rest on another one, such as that of the
//! provider that a resource misses; such a chain has a bound.

mod names;
mod network;
mod resource;
mod search;
mod story;
mod ways_out;

use std::collections::BTreeMap;

use mainstay_types::explanation::{Explanation, Member, Reason, Rule};
use mainstay_types::operation::{OperationRecord, Part};
use mainstay_types::{GroupId, GroupState, ObjectId, ResourceId, ResourceState};

use crate::graph;
use crate::group_set::order::Provider;
use crate::limits::REASONS_DEEP_MAX;
use crate::live::Live;
use crate::model::objects::{Group, Resource};
use crate::view::View;
use names::Names;
pub use search::Search;
use story::Story;

/// A reason without operation, times and cause.
fn reason(rule: Rule, text: impl Into<String>) -> Reason {
    Reason::of(rule, text)
}

/// What explanations are made from.
#[derive(Clone, Copy)]
struct Explainer<'a> {
    view: View<'a>,
    /// Operations that run, and records of the journal, newest first.
    records: &'a [OperationRecord],
}

impl<'a> View<'a> {
    /// Why a resource is in its state. `journal` has records of [`View::explained_by`], newest first.
    pub fn explain_resource(self, id: ResourceId, journal: &[OperationRecord]) -> Option<Explanation> {
        let resource = self.model().resource(id)?;
        let records = self.with_running(journal);
        let explainer = Explainer { view: self, records: &records };
        let state = self.resource_state(id)?;
        Some(Explanation {
            object: ObjectId::Resource(id),
            name: resource.name.clone(),
            state: state.to_string(),
            since_ms: explainer.live(id).map(|live| live.since_unix_ms),
            reason: explainer.reason_of(resource, REASONS_DEEP_MAX),
            notes: explainer.notes_of(resource),
            members: Vec::new(),
            placement: Vec::new(),
            ways_out: explainer.ways_out_of(resource),
        })
    }

    /// Why a group is in its state. `journal` has records of [`View::explained_by`], newest first; the hour is that of
    /// the cluster's place, for windows of failback.
    pub fn explain_group(
        self,
        id: GroupId,
        journal: &[OperationRecord],
        local_hour: Option<u8>,
    ) -> Option<Explanation> {
        let group = self.model().group(id)?;
        let records = self.with_running(journal);
        let explainer = Explainer { view: self, records: &records };
        let state = self.group_state(id)?;
        let placement = self.explain_placement(id, local_hour).map(|found| found.to_string());
        Some(Explanation {
            object: ObjectId::Group(id),
            name: group.name.clone(),
            state: state.to_string(),
            since_ms: None,
            reason: explainer.reason_of_group(group, state, REASONS_DEEP_MAX),
            notes: Vec::new(),
            members: explainer.members_of(group),
            placement: placement
                .iter()
                .flat_map(|text| text.lines())
                .map(|line| line.trim().into())
                .collect(),
            ways_out: explainer.ways_out_of_group(group, state),
        })
    }

    /// Whether something of a resource, of a group, or of what these need waits for the guard.
    pub fn waits_for_guard(self, object: &ObjectId) -> bool {
        let roots: Vec<ResourceId> = match object {
            ObjectId::Resource(id) => vec![*id],
            ObjectId::Group(id) => self.engine().members(*id).collect(),
            _ => Vec::new(),
        };
        graph::with_providers(self.model(), roots).into_iter().any(|id| self.awaits_guard(id))
    }

    /// The group that a group has to wait for before it starts; of several, or of a set, one that is not there yet.
    fn awaited_group(self, group: GroupId) -> Option<GroupId> {
        let unmet = self.engine().unmet(group);
        let (provider, _) = unmet.first()?.lacks.first()?;
        match provider {
            Provider::Group(id) => Some(*id),
            Provider::Set(id) => {
                let members = &self.model().group_set(*id)?.members;
                members.iter().copied().find(|id| self.group_state(*id) != Some(GroupState::Online))
            }
        }
    }

    /// Operations that run, with the records of the journal, newest first and each once.
    fn with_running(self, journal: &[OperationRecord]) -> Vec<OperationRecord> {
        let mut all: BTreeMap<_, _> =
            journal.iter().map(|record| ((record.id.number, record.id.node), record.clone())).collect();
        // A newer state of what the journal has, and what has ended since it was read.
        let known = self.engine().operations.values().map(|found| &found.record);
        let known = known.filter(|record| !record.parts.is_empty() || record.end.is_none());
        all.extend(known.map(|record| ((record.id.number, record.id.node), record.clone())));
        all.into_values().rev().collect()
    }
}

impl Explainer<'_> {
    /// Whether a moment of Unix time is before the service's start began.
    fn is_before_start(&self, unix_ms: u64) -> bool {
        unix_ms < self.view.engine().start_began_unix_ms()
    }

    /// Whether it is after that.
    fn is_after_start(&self, unix_ms: u64) -> bool {
        unix_ms > self.view.engine().start_began_unix_ms()
    }

    fn live(&self, id: ResourceId) -> Option<&Live> {
        self.view.engine().live.get(&id)
    }

    fn state(&self, id: ResourceId) -> ResourceState {
        self.view.resource_state(id).unwrap_or(ResourceState::Initializing)
    }

    fn name_of(&self, id: ResourceId) -> String {
        self.view.engine().name_of(id)
    }

    fn members_of(&self, group: &Group) -> Vec<Member> {
        let found = group.members.iter().filter_map(|id| self.view.model().resource(*id));
        let mut members: Vec<Member> = found
            .map(|resource| Member {
                name: resource.name.clone(),
                state: self.state(resource.id).to_string(),
                reason: self.reason_of(resource, 1),
            })
            .collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }

    /// A group's state is that of its resources: the one that decides has the reason.
    fn reason_of_group(&self, group: &Group, state: GroupState, depth: usize) -> Reason {
        let members: Vec<&Resource> =
            group.members.iter().filter_map(|id| self.view.model().resource(*id)).collect();
        if members.is_empty() {
            return reason(Rule::Members, "it has no resources");
        }
        let first = |decides: &dyn Fn(ResourceState) -> bool| {
            let mut found: Vec<&Resource> =
                members.iter().copied().filter(|member| decides(self.state(member.id))).collect();
            found.sort_by(|a, b| a.name.cmp(&b.name));
            found
        };
        let decide = match state {
            GroupState::Failed => first(&|state| state == ResourceState::Failed),
            GroupState::Pending => first(&|state| state.is_pending() || state == ResourceState::Initializing),
            GroupState::PartialOnline => first(&|state| state == ResourceState::Offline),
            GroupState::Online | GroupState::Offline => Vec::new(),
        };
        let because = match decide.first() {
            Some(member) => Some(self.reason_of(member, depth)),
            None => {
                let of_one = |member: &&Resource| self.reason_of_one(member, members.len(), depth);
                // What the service's start leaves down counts for more than what took it down before that.
                let left = members.iter().find(|member| self.left_by_start(member).is_some());
                left.map(of_one)
                    .or_else(|| self.story_of_group(group, state == GroupState::Online))
                    .or_else(|| members.first().map(of_one))
            }
        };
        let all = members.len();
        let text = match decide.as_slice() {
            [] if all == 1 => format!("its only resource is {state}"),
            [] => format!("all of its {all} resources are {state}"),
            [only] if all == 1 => format!("its only resource '{}' is {}", only.name, self.state(only.id)),
            [only] => format!("of its {all} resources '{}' is {}", only.name, self.state(only.id)),
            [first, ..] => {
                let (count, name) = (decide.len(), &first.name);
                format!("{count} of its {all} resources are {}, '{name}' among them", self.state(first.id))
            }
        };
        Reason { because: because.map(Box::new), ..reason(Rule::Members, text) }
    }

    /// The reason of one of several resources that are all alike, which is named.
    fn reason_of_one(&self, member: &Resource, of: usize, depth: usize) -> Reason {
        let mut found = self.reason_of(member, depth);
        if of > 1 {
            found.text = format!("'{}': {}", member.name, found.text);
        }
        found
    }

    /// Who brought a group where it is, when it was asked for by its own name.
    fn story_of_group(&self, group: &Group, up: bool) -> Option<Reason> {
        let members = group.members.iter().filter_map(|id| self.view.model().resource(*id));
        let names: Vec<Names> = members
            .map(|member| Names::of(self.records, &ObjectId::Resource(member.id), member.name.as_str()))
            .collect();
        let is_members = |part: &Part| names.iter().any(|names| names.has(part));
        Story::of_group(self.records, group.id, is_members, up).map(|story| story.reason(self))
    }
}
