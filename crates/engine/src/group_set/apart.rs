//! What a group has to wait for, and may not be beside: as long as both hold its start never comes.

use mainstay_types::command_line::CommandLine;
use mainstay_types::name::fold;
use mainstay_types::{GroupId, ObjectId};

use super::order::{self, By, Provider, Tie};
use crate::Engine;
use crate::placement::NoPlace;

/// Something that comes before a group, beside which there is no place for the group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Apart {
    pub(crate) provider: Provider,
    by: By,
    /// It is the only one that would do.
    is_alone: bool,
    /// The group that is in the way when that has started.
    beside: GroupId,
}

impl Engine {
    /// The first need of a group that leaves no place for it however it is met. Nothing stands against what has begun.
    pub(crate) fn kept_apart(&self, group: GroupId) -> Option<Apart> {
        if self.has_begun(group) {
            return None;
        }
        order::needs(&self.model, group).into_iter().find_map(|need| {
            let beside = |provider: &Provider| self.no_place_beside(group, *provider);
            let against: Option<Vec<_>> = need.any_of.iter().map(beside).collect();
            let (beside, _) = against?.into_iter().next()?;
            let (provider, is_alone) = (*need.any_of.first()?, need.any_of.len() == 1);
            Some(Apart { provider, by: need.by, is_alone, beside })
        })
    }

    /// The group that keeps another from being on its node together with a provider that counts as started, and how.
    pub(crate) fn no_place_beside(&self, group: GroupId, provider: Provider) -> Option<(GroupId, NoPlace)> {
        let beside = |id: GroupId| Some((id, self.no_place_beside_group(group, id)?));
        let set = match provider {
            Provider::Group(id) => return beside(id),
            Provider::Set(id) => self.model.group_set(id)?,
        };
        let mut against = set.members.iter().filter_map(|id| beside(*id));
        let first = against.next()?;
        // Others of the set may be enough.
        let left = set.members.len() - 1 - against.count();
        (left < set.startup.needed(set.members.len())).then_some(first)
    }

    /// What ends that a group waits for what it may not be beside, and what each does.
    pub(crate) fn ways_together(&self, group: GroupId) -> Vec<(CommandLine, String)> {
        let Some(apart) = self.kept_apart(group) else { return Vec::new() };
        let provider = self.describe(&apart.provider.object());
        let mut ways = Vec::new();
        if apart.is_alone {
            let tie = |of| self.ends_tie(&Tie { of, first: apart.provider });
            let (line, effect) = match apart.by {
                By::Itself => (tie(Provider::Group(group)), format!("lets it start without {provider}")),
                By::Set(set) => (
                    tie(Provider::Set(set)),
                    format!("lets {} start without {provider}", self.describe(&ObjectId::GroupSet(set))),
                ),
                By::Global => {
                    let set = self.plain_name(&apart.provider.object());
                    let line = CommandLine::new("groupset set").name(set).name("IsGlobal=0");
                    (line, format!("lets all groups start without {provider}"))
                }
            };
            ways.push((line, effect));
        }
        ways.extend(self.ways_beside(group, apart.beside));
        ways
    }

    /// What lets a group be on one node with another that is in its way there.
    fn ways_beside(&self, group: GroupId, other: GroupId) -> Vec<(CommandLine, String)> {
        let room = self.room_beside(group, other);
        let declarations = room.map(|room| self.declarations(group, &room)).unwrap_or_default();
        let mut ways: Vec<_> =
            declarations.into_iter().map(|(line, effect)| (line, effect.to_owned())).collect();
        let classes =
            |id: GroupId| self.model.group(id).map(|found| found.placement.anti_affinity.as_slice());
        let (own, of_other) = (classes(group).unwrap_or_default(), classes(other).unwrap_or_default());
        let is_shared = |class: &String| of_other.iter().any(|known| fold(known) == fold(class));
        if !self.view().enforces_anti_affinity() || !own.iter().any(is_shared) {
            return ways;
        }
        let left = own.iter().filter(|class| !is_shared(class)).map(|class| class.replace(',', "\\,"));
        let property = format!("AntiAffinityClassNames=multi:{}", left.collect::<Vec<_>>().join(","));
        let (name, other) =
            (self.plain_name(&ObjectId::Group(group)), self.describe(&ObjectId::Group(other)));
        let set = CommandLine::new("group set").name(name).name(property);
        ways.push((set, format!("takes it out of the anti-affinity classes of {other}")));
        let set = CommandLine::new("cluster set").name("ClusterEnforcedAntiAffinity=0");
        ways.push((set, "lets groups of one anti-affinity class be on one node".into()));
        ways
    }
}
