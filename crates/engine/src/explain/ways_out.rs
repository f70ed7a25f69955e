//! Commands that would change a state, the one that is wanted most first.

use mainstay_types::explanation::WayOut;
use mainstay_types::{GroupState, ResourceState};

use super::Explainer;
use crate::model::objects::{Group, Resource};
use crate::policy::NotBegun;

fn way(command: &[&str], effect: impl Into<String>) -> WayOut {
    WayOut { command: command.iter().map(|word| (*word).to_owned()).collect(), effect: effect.into() }
}

impl Explainer<'_> {
    pub(super) fn ways_out_of(&self, resource: &Resource) -> Vec<WayOut> {
        let name = resource.name.as_str();
        let Some(live) = self.live(resource.id) else { return Vec::new() };
        let online = || way(&["resource", "online", name], "brings it online, with what it needs");
        let mut ways = Vec::new();
        match live.state {
            ResourceState::Online if live.locked.is_some() => ways.push(way(
                &["resource", "offline", name, "--ignore-locked"],
                "takes it offline although it is locked",
            )),
            ResourceState::Online => {
                ways.push(way(&["resource", "offline", name], "takes it offline, with what needs it"));
            }
            ResourceState::Offline => {
                ways.extend(self.ways_to_start(resource));
                // Elsewhere it cannot come up by a command here.
                ways.extend(resource.may_run_on(self.view.local_node()).then(online));
            }
            ResourceState::Failed if live.unproven && live.cut_off => {
                ways.push(way(&["resource", "offline", name], "has its type try again at once"));
                ways.push(way(
                    &["resource", "confirm-stopped", name],
                    "gives your word that nothing of it is left; look first",
                ));
            }
            ResourceState::Failed if live.unproven => {
                ways.push(way(&["resource", "offline", name], "has the guard try again at once to stop it"));
            }
            ResourceState::Failed => {
                ways.push(way(&["resource", "online", name], "tries it now, with what it needs"));
                ways.push(way(&["resource", "offline", name], "makes it Offline and ends what is planned"));
            }
            ResourceState::OnlinePending | ResourceState::OfflinePending | ResourceState::Initializing => {
                if let Some(operation) = live.claim {
                    let id = operation.to_string();
                    ways.push(way(&["operation", "wait", &id], "waits for the operation's end"));
                }
                ways.push(match self.view.engine().stop_is_locked(resource.id) {
                    true => way(
                        &["resource", "offline", name, "--ignore-locked", "--force"],
                        "terminates it now, although a lock is held",
                    ),
                    false => way(&["resource", "offline", name, "--force"], "terminates it now"),
                });
            }
        }
        if resource.in_maintenance {
            ways.push(way(
                &["resource", "maintenance", name, "off"],
                "has failing checks acted on again, one that was seen already too",
            ));
        }
        ways
    }

    /// What would let the service's start bring it up by itself.
    fn ways_to_start(&self, resource: &Resource) -> Option<WayOut> {
        let group = self.view.model().group(resource.group)?;
        let name = group.name.as_str();
        match self.view.engine().why_not_begun(resource.id)? {
            NotBegun::PriorityZero => Some(way(
                &["group", "set", name, "Priority=2000"],
                "has the next start of the service bring it up by itself",
            )),
            NotBegun::NeverCold | NotBegun::GroupWasNotOnline => Some(way(
                &["group", "set", name, "ColdStartSetting=0"],
                "has the next start of the machine bring it up by itself",
            )),
            NotBegun::Delay { .. } | NotBegun::Priority { .. } | NotBegun::Turn => None,
        }
    }

    pub(super) fn ways_out_of_group(&self, group: &Group, state: GroupState) -> Vec<WayOut> {
        let name = group.name.as_str();
        let online = || way(&["group", "online", name], "brings all of its resources online");
        let offline = || way(&["group", "offline", name], "takes all of its resources offline");
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
            .map(|member| way(&["explain", member], "says more about the resource that decides"))
            .into_iter()
            .collect();
        match state {
            GroupState::Online => ways.push(offline()),
            GroupState::Offline => ways.push(online()),
            GroupState::Failed | GroupState::PartialOnline => ways.extend([online(), offline()]),
            GroupState::Pending => {}
        }
        ways
    }
}
