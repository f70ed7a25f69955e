//! Commands that would change a state, the one that is wanted most first. Whether a call would be refused is asked of
//! the decision that the call itself would meet.

use mainstay_types::command_line::CommandLine;
use mainstay_types::explanation::WayOut;
use mainstay_types::flags::{GroupOfflineFlags, GroupOnlineFlags};
use mainstay_types::{GroupId, GroupState, OfflineFlags, OnlineFlags, ResourceId, ResourceState};

use super::Explainer;
use crate::command::{Command, Remark};
use crate::graph;
use crate::group_set::order::Provider;
use crate::model::objects::{Group, Resource};
use crate::policy::settings::{ColdStart, GroupPolicy};
use crate::policy::{AtOnce, NotBegun};

fn way(line: &CommandLine, effect: impl Into<String>) -> WayOut {
    WayOut { command: line.words(), effect: effect.into() }
}

/// Whether the last word about a resource by its own name is that it stay offline.
fn is_kept_down(resource: &Resource) -> bool {
    resource.persistent == Some(false)
}

/// A call as it is, then with the option that ignores locks.
fn with_locks_ignored(
    line: &CommandLine,
    effect: &str,
    command: impl Fn(bool) -> Command,
) -> [(WayOut, Command); 2] {
    let ignoring = line.clone().option("--ignore-locked");
    let although = format!("{effect}, although something is locked");
    [(way(line, effect), command(false)), (way(&ignoring, although), command(true))]
}

impl Explainer<'_> {
    pub(super) fn ways_out_of(&self, resource: &Resource) -> Vec<WayOut> {
        let name = resource.name.as_str();
        let Some(live) = self.live(resource.id) else { return Vec::new() };
        let online = |effect: &str| self.call(resource.id, true, effect);
        let offline = |effect: &str| self.call(resource.id, false, effect);
        let mut ways = Vec::new();
        match live.state {
            ResourceState::Online => ways.extend(offline("takes it offline, with what needs it")),
            ResourceState::Offline => {
                ways.extend(self.ways_to_start(resource));
                ways.extend(self.way_to_allow(resource));
                ways.extend(self.ways_past_groups(resource.group));
                let effect = self.after_waiting("brings it online, with what it needs", resource.group);
                match online(&effect) {
                    Some(way) => ways.extend(self.unless_apart(resource.group, way)),
                    None => ways.extend(self.ways_to_needed(resource)),
                }
            }
            ResourceState::Failed if live.unproven => {
                ways.extend(offline(match live.cut_off {
                    true => "has its type try again at once",
                    false => "has the guard try again at once to stop it",
                }));
                let word = Command::ConfirmStopped { resource: resource.id, remark: Remark::default() };
                let effect = "gives your word that nothing of it is left; look first";
                let line = CommandLine::new("resource confirm-stopped").name(name);
                ways.extend(self.first_accepted([(way(&line, effect), word)]));
            }
            ResourceState::Failed => {
                ways.extend(online("tries it now, with what it needs"));
                ways.extend(offline("makes it Offline and ends what is planned"));
            }
            ResourceState::OnlinePending | ResourceState::OfflinePending | ResourceState::Initializing => {
                if live.task.is_none() {
                    ways.extend(self.ways_to_providers(resource.group));
                }
                ways.extend(self.ways_past_pending(resource.id));
            }
        }
        if resource.in_maintenance {
            ways.push(way(
                &CommandLine::new("resource maintenance").name(name).name("off"),
                "has failing checks acted on again, one that was seen already too",
            ));
        }
        ways
    }

    /// What ends that a resource is pending.
    fn ways_past_pending(&self, id: ResourceId) -> Vec<WayOut> {
        let mut ways = Vec::new();
        if let Some(operation) = self.live(id).and_then(|live| live.claim) {
            let id = operation.to_string();
            let wait = CommandLine::new("operation wait").name(&id);
            ways.push(way(&wait, "waits for the operation's end"));
            let cancel = CommandLine::new("operation cancel").name(&id);
            let cancel = way(&cancel, "ends the operation before it is done");
            ways.extend(self.view.engine().can_be_cancelled(operation).then_some(cancel));
        }
        ways.extend(self.force(id));
        ways
    }

    /// What of all that a resource needs keeps it from being brought online: it may not run here, or it is pending.
    fn ways_to_needed(&self, resource: &Resource) -> Vec<WayOut> {
        let mut needed = graph::with_providers(self.view.model(), [resource.id]);
        needed.remove(&resource.id);
        let providers = || needed.iter().filter_map(|id| self.view.model().resource(*id));
        let mut ways = self.ways_to_allow(providers());
        let pending = providers().find(|found| self.state(found.id).is_pending());
        ways.extend(pending.into_iter().flat_map(|found| self.ways_past_pending(found.id)));
        ways
    }

    /// An online or offline call on a resource, with the option that ignores locks where it needs that.
    fn call(&self, id: ResourceId, up: bool, effect: &str) -> Option<WayOut> {
        let name = self.name_of(id);
        let line = CommandLine::new(if up { "resource online" } else { "resource offline" }).name(name);
        let command = |ignores: bool| {
            let (buffer, remark) = (Vec::new(), Remark::default());
            if up {
                let flags = if ignores { OnlineFlags::IGNORE_RESOURCE_STATUS.bits() } else { 0 };
                return Command::OnlineResource { resource: id, flags, buffer, remark };
            }
            let flags = if ignores { OfflineFlags::IGNORE_RESOURCE_STATUS.bits() } else { 0 };
            Command::OfflineResource { resource: id, flags, buffer, remark }
        };
        self.first_accepted(with_locks_ignored(&line, effect, command))
    }

    /// The same of a group.
    fn group_call(&self, group: &Group, up: bool, effect: &str) -> Option<WayOut> {
        let line = CommandLine::new(if up { "group online" } else { "group offline" });
        let line = line.name(group.name.as_str());
        let command = |ignores: bool| {
            let (group, buffer, remark) = (group.id, Vec::new(), Remark::default());
            if up {
                let flags = if ignores { GroupOnlineFlags::IGNORE_RESOURCE_STATUS.bits() } else { 0 };
                return Command::OnlineGroup { group, flags, buffer, remark };
            }
            let flags = if ignores { GroupOfflineFlags::IGNORE_RESOURCE_STATUS.bits() } else { 0 };
            Command::OfflineGroup { group, flags, buffer, remark }
        };
        self.first_accepted(with_locks_ignored(&line, effect, command))
    }

    fn force(&self, id: ResourceId) -> Option<WayOut> {
        let name = self.name_of(id);
        let force = OfflineFlags::FORCE_WITH_TERMINATION;
        let command = |flags: OfflineFlags| {
            let (buffer, remark) = (Vec::new(), Remark::default());
            Command::OfflineResource { resource: id, flags: flags.bits(), buffer, remark }
        };
        let line = CommandLine::new("resource offline").name(name);
        let ignoring = line.clone().option("--ignore-locked").option("--force");
        self.first_accepted([
            (way(&line.option("--force"), "terminates it now"), command(force)),
            (
                way(&ignoring, "terminates it now, although something is locked"),
                command(force | OfflineFlags::IGNORE_RESOURCE_STATUS),
            ),
        ])
    }

    /// The first of these calls that would not be refused now, by the engine's own decision.
    fn first_accepted(&self, calls: impl IntoIterator<Item = (WayOut, Command)>) -> Option<WayOut> {
        let would_be = |(_, command): &(WayOut, Command)| self.view.engine().would_accept(command.clone());
        calls.into_iter().find(would_be).map(|(way, _)| way)
    }

    /// Makes the node that owns the group a possible owner, where it is none.
    fn way_to_allow(&self, resource: &Resource) -> Option<WayOut> {
        let engine = self.view.engine();
        let owner = engine.owner_node(resource.group);
        if resource.may_run_on(owner) {
            return None;
        }
        let (name, node) = (resource.name.as_str(), self.view.model().node(owner)?.name.as_str());
        let effect = format!("lets '{name}' run on node '{node}'");
        Some(way(&CommandLine::new("resource allow").name(name).name(node), effect))
    }

    /// The same for each of these, by name.
    fn ways_to_allow<'r>(&self, resources: impl Iterator<Item = &'r Resource>) -> Vec<WayOut> {
        let mut resources: Vec<&Resource> = resources.collect();
        resources.sort_by(|a, b| a.name.cmp(&b.name));
        resources.into_iter().filter_map(|found| self.way_to_allow(found)).collect()
    }

    /// What would let the service's start bring it up by itself.
    fn ways_to_start(&self, resource: &Resource) -> Option<WayOut> {
        let group = self.view.model().group(resource.group)?;
        let set = CommandLine::new("group set").name(group.name.as_str());
        let engine = self.view.engine();
        match engine.why_not_begun(resource.id)? {
            NotBegun::PriorityZero => {
                let policy = GroupPolicy { priority: GroupPolicy::default().priority, ..group.policy };
                let line = set.name(format!("Priority={}", policy.priority));
                let found = way(&line, "has the next start of the service bring it up by itself");
                // Something else may keep it down, too.
                engine.would_come_up(resource.id, policy, false).then_some(found)
            }
            NotBegun::NeverCold | NotBegun::GroupWasNotOnline => {
                let policy = GroupPolicy { cold_start: ColdStart::Always, ..group.policy };
                let line = set.name("ColdStartSetting=0");
                let found = way(&line, "has the next start of the machine bring it up by itself");
                engine.would_come_up(resource.id, policy, true).then_some(found)
            }
            NotBegun::AtOnce(held) => {
                let (property, limit) = match held {
                    AtOnce::OnNode { limit } => ("StartsAtOncePerNode", limit),
                    AtOnce::FromStorage { limit, .. } => ("StartsAtOncePerStorage", limit),
                };
                let line =
                    CommandLine::new("cluster set").name(format!("{property}={}", limit.saturating_add(1)));
                Some(way(&line, "lets one group more start at once"))
            }
            NotBegun::Place { .. }
            | NotBegun::Groups { .. }
            | NotBegun::GroupsInVain { .. }
            | NotBegun::Delay { .. }
            | NotBegun::Priority { .. }
            | NotBegun::Maintenance
            | NotBegun::Turn => None,
        }
    }

    /// What makes a place for a group that has none: another group that goes, or what is declared.
    fn ways_to_place(&self, group: GroupId) -> Vec<WayOut> {
        let engine = self.view.engine();
        let (model, no_place) = (self.view.model(), engine.no_place(group));
        let (Some(room), Some(no_place)) = (engine.room_for(group), no_place) else { return Vec::new() };
        let leaves = |id: &GroupId, effect: &str| {
            let other = model.group(*id)?;
            let offline = self.group_call(other, false, effect).map(|way| vec![way]);
            offline.or_else(|| Some(self.ways_past_pending_of(other)).filter(|ways| !ways.is_empty()))
        };
        let mut ways =
            room.leaving.iter().find_map(|id| leaves(id, "makes room by taking that group offline"));
        if ways.is_none() {
            let effect = "takes one group offline that is in the way; it is not the only thing that is";
            ways = no_place.conflict().and_then(|other| leaves(&other.id, effect));
        }
        let mut ways = ways.unwrap_or_default();
        let declarations = engine.declarations(group, &room);
        ways.extend(declarations.iter().map(|(line, effect)| way(line, *effect)));
        ways
    }

    /// What ends that a group is pending, at the first of its resources that are.
    fn ways_past_pending_of(&self, group: &Group) -> Vec<WayOut> {
        let pending = group.members.iter().filter(|id| self.state(**id).is_pending());
        let first = pending.min_by_key(|id| self.name_of(**id));
        first.map(|id| self.ways_past_pending(*id)).unwrap_or_default()
    }

    /// What a call does, and for which groups it would wait before.
    fn after_waiting(&self, effect: &str, group: GroupId) -> String {
        let engine = self.view.engine();
        match engine.unmet(group).as_slice() {
            [] => effect.to_owned(),
            unmet => format!("{effect}; before that it waits for {}", engine.unmet_text(unmet)),
        }
    }

    /// What gets a group past others: those that it waits for, and those that are in its way.
    fn ways_past_groups(&self, group: GroupId) -> Vec<WayOut> {
        let mut ways = self.ways_to_providers(group);
        if self.view.engine().kept_apart(group).is_none() {
            ways.extend(self.ways_to_place(group));
        }
        ways
    }

    /// What ends that a group waits for others. Those that it may not be beside it would wait for in vain.
    fn ways_to_providers(&self, group: GroupId) -> Vec<WayOut> {
        let together = self.view.engine().ways_together(group);
        if together.is_empty() {
            return self.way_to_provider(group).into_iter().collect();
        }
        together.iter().map(|(line, effect)| way(line, effect.as_str())).collect()
    }

    /// A call that brings a group up, where the group does not have to wait for what it may not be beside.
    fn unless_apart(&self, group: GroupId, way: WayOut) -> Option<WayOut> {
        self.view.engine().kept_apart(group).is_none().then_some(way)
    }

    /// Brings up a group that this one would have to wait for, and that leaves it its place.
    fn way_to_provider(&self, group: GroupId) -> Option<WayOut> {
        let engine = self.view.engine();
        let unmet = engine.unmet(group);
        let leaves_place = |provider: Provider| engine.no_place_beside(group, provider).is_none();
        let (provider, _) = unmet.first()?.lacks.iter().find(|(provider, _)| leaves_place(*provider))?;
        let down = |id: &GroupId| engine.group_state(*id) == GroupState::Offline;
        let awaited = match provider {
            Provider::Group(id) => Some(*id).filter(down),
            Provider::Set(id) => {
                let members = self.view.model().group_set(*id)?.members.iter().copied();
                members.filter(|id| leaves_place(Provider::Group(*id))).find(down)
            }
        };
        let group = self.view.model().group(awaited?)?;
        self.group_call(group, true, "brings up a group that has to be started first")
    }

    pub(super) fn ways_out_of_group(&self, group: &Group, state: GroupState) -> Vec<WayOut> {
        let members = || group.members.iter().filter_map(|id| self.view.model().resource(*id));
        // Of what was taken offline by name it brings nothing up.
        let has_work = members().any(|found| {
            matches!(self.state(found.id), ResourceState::Offline | ResourceState::Failed)
                && !is_kept_down(found)
        });
        let online = || {
            let effect = self.after_waiting("brings online what of it is not to stay offline", group.id);
            self.group_call(group, true, &effect).filter(|_| has_work)
        };
        let offline = || self.group_call(group, false, "takes all of its resources offline");
        let states = group.members.iter().map(|id| (id, self.state(*id)));
        let decides = |found: ResourceState| match state {
            GroupState::Failed => found == ResourceState::Failed,
            GroupState::Pending => found.is_pending(),
            _ => false,
        };
        let mut named: Vec<String> =
            states.filter(|(_, found)| decides(*found)).map(|(id, _)| self.name_of(*id)).collect();
        named.sort();
        let mut ways: Vec<WayOut> = named
            .first()
            .map(|member| {
                way(&CommandLine::new("explain").name(member), "says more about the resource that decides")
            })
            .into_iter()
            .collect();
        match state {
            GroupState::Online => ways.extend(offline()),
            GroupState::Offline => {
                ways.extend(members().find_map(|member| self.ways_to_start(member)));
                ways.extend(self.ways_past_groups(group.id));
                match online() {
                    Some(way) => ways.extend(self.unless_apart(group.id, way)),
                    None => ways.extend(self.ways_to_allow(members())),
                }
            }
            GroupState::Failed | GroupState::PartialOnline => ways.extend(online()),
            GroupState::Pending => ways.extend(self.ways_to_providers(group.id)),
        }
        if matches!(state, GroupState::Offline | GroupState::PartialOnline) {
            ways.extend(self.way_to_kept_down(group));
        }
        if matches!(state, GroupState::Failed | GroupState::PartialOnline) {
            ways.extend(offline());
        }
        ways
    }

    /// Brings online the first of a group's resources that a group's online leaves offline.
    fn way_to_kept_down(&self, group: &Group) -> Option<WayOut> {
        let members = group.members.iter().filter_map(|id| self.view.model().resource(*id));
        let kept = members
            .filter(|found| is_kept_down(found) && self.state(found.id) == ResourceState::Offline)
            .min_by(|a, b| a.name.cmp(&b.name))?;
        let effect = "brings online what was taken offline by name, with what it needs";
        self.call(kept.id, true, &self.after_waiting(effect, group.id))
    }
}
