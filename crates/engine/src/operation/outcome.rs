//! What an operation's end says of its object: done only where what was asked for is true, and in which words.
//!
//! That a part has ended well is no promise: what came up first may have failed by the time the last one came. So the end
//! is looked at as a whole. It looks, and changes nothing.

use mainstay_types::operation::Verb;
use mainstay_types::order::Cause;
use mainstay_types::{GroupId, ObjectId, ResourceId, ResourceState, Status};

use super::{Operation, PartGoal};
use crate::Engine;
use crate::limits::NAMES_SHOWN_MAX;

impl Engine {
    /// What is not as the operation was to make it, though none of its parts went wrong.
    pub(super) fn lacking_at_end(&self, operation: &Operation) -> Option<Cause> {
        use ResourceState::{Offline, Online};
        let goal_of = |id: &ResourceId| operation.parts.get(id).map(|part| &part.goal);
        match (operation.record.verb, &operation.record.object) {
            (Verb::Online, ObjectId::Resource(id)) => self.not_in(operation, *id, Online),
            (Verb::Offline | Verb::ConfirmStopped, ObjectId::Resource(id)) => {
                self.not_in(operation, *id, Offline)
            }
            (Verb::Restart, ObjectId::Resource(id)) => match goal_of(id)? {
                PartGoal::Settle | PartGoal::Clean(_) => self.not_in(operation, *id, Offline),
                _ => self.not_in(operation, *id, Online),
            },
            (Verb::Offline, ObjectId::Group(group)) => {
                let mut members = self.members(*group);
                members.find_map(|id| self.not_in(operation, id, Offline))
            }
            (Verb::Online, ObjectId::Group(group)) => {
                let mut members = self.members(*group).filter(|id| self.was_to_come(operation, *id));
                members.find_map(|id| self.not_in(operation, id, Online))
            }
            _ => None,
        }
    }

    /// What is true of the object, where that is not just what the verb says.
    pub(super) fn outcome(&self, operation: &Operation) -> String {
        match (operation.record.verb, &operation.record.object) {
            (Verb::Online, ObjectId::Group(group)) => self.outcome_of_group_online(*group),
            (Verb::Restart, ObjectId::Resource(id)) => outcome_of_restart(operation, *id).to_owned(),
            // It was said when the word was taken: nothing tells of the failure any more.
            (Verb::ConfirmStopped | Verb::DiscardKept, _) => operation.record.outcome.clone(),
            _ => String::new(),
        }
    }

    /// What the word was about that nothing of a resource is left.
    pub(super) fn outcome_of_word(&self, id: ResourceId) -> String {
        let failure = self.live.get(&id).and_then(|live| live.failure.as_ref());
        failure.map_or_else(String::new, |cause| {
            format!("had failed: {cause}; by that word nothing of it is left")
        })
    }

    /// Whether the call was about it. Who was taken offline by name since is not; nor is what nobody has asked for, and
    /// what is neither under way nor failed, such as a resource that was made meanwhile.
    fn was_to_come(&self, operation: &Operation, id: ResourceId) -> bool {
        let rests = matches!(self.state_of(id), ResourceState::Offline | ResourceState::Initializing);
        !self.stays_offline_by_name(id) && (!rests || operation.parts.contains_key(&id))
    }

    fn stays_offline_by_name(&self, id: ResourceId) -> bool {
        let word = self.model.resource(id).and_then(|found| found.persistent);
        word == Some(false) && self.state_of(id) == ResourceState::Offline
    }

    fn not_in(&self, operation: &Operation, id: ResourceId, wanted: ResourceState) -> Option<Cause> {
        let live = self.live.get(&id)?;
        let is = live.state;
        let cause = match (&live.failure, is) {
            _ if is == wanted => return None,
            (Some(failure), ResourceState::Failed) => {
                Cause::new(failure.status, format!("it has failed meanwhile: {}", failure.text))
            }
            (None, ResourceState::Failed) => Cause::new(Status::RESOURCE_FAILED, "it has failed meanwhile"),
            (_, ResourceState::Online) => Cause::new(Status::RESOURCE_ONLINE, "it has come online meanwhile"),
            (_, ResourceState::Offline) => {
                Cause::new(Status::RESOURCE_NOT_ONLINE, "it has gone offline meanwhile")
            }
            _ => Cause::new(Status::INVALID_STATE, format!("it is {is}")),
        };
        Some(self.cause_of(operation.record.id, id, cause))
    }

    fn outcome_of_group_online(&self, group: GroupId) -> String {
        let (up, down): (Vec<ResourceId>, Vec<ResourceId>) =
            self.members(group).partition(|id| self.state_of(*id) == ResourceState::Online);
        let (named, others): (Vec<ResourceId>, Vec<ResourceId>) =
            down.into_iter().partition(|id| self.stays_offline_by_name(*id));
        let mut but_for = Vec::new();
        if !named.is_empty() {
            but_for.push(format!("what was taken offline by name: {}", self.some_names(&named)));
        }
        if !others.is_empty() {
            but_for.push(format!("what nobody has asked for meanwhile: {}", self.some_names(&others)));
        }
        match (up.is_empty(), but_for.join(", and ").as_str()) {
            (true, "") => "has no resources, so that nothing was brought online".into(),
            (true, _) if others.is_empty() => {
                format!("stays offline: all of it was taken offline by name: {}", self.some_names(&named))
            }
            (true, but_for) => format!("stays offline with {but_for}"),
            (false, "") => String::new(),
            (false, but_for) => format!("is online but for {but_for}"),
        }
    }

    fn some_names(&self, ids: &[ResourceId]) -> String {
        let shown = &ids[..ids.len().min(NAMES_SHOWN_MAX)];
        let names = format!("'{}'", self.names_of(shown).join("', '"));
        match ids.len() - shown.len() {
            0 => names,
            more => format!("{names} and {more} more"),
        }
    }

    /// The group's resources; none where it is gone.
    pub(crate) fn members(&self, group: GroupId) -> impl Iterator<Item = ResourceId> {
        self.model.group(group).into_iter().flat_map(|group| group.members.iter().copied())
    }

    fn state_of(&self, id: ResourceId) -> ResourceState {
        self.live.get(&id).map_or(ResourceState::Initializing, |live| live.state)
    }
}

fn outcome_of_restart(operation: &Operation, id: ResourceId) -> &'static str {
    match operation.parts.get(&id) {
        None => "is not online, so that nothing was restarted",
        Some(part) if part.cycles => "",
        Some(part) if matches!(part.goal, PartGoal::Settle | PartGoal::Clean(_)) => {
            "was not online, and is offline now"
        }
        // What it was before the service's own start stands in no record.
        Some(_) if operation.is_resumed => "is online",
        Some(_) => "is online; it was not before, so that it was started only",
    }
}
