//! Whether what comes first counts as started: pure, from what is seen of groups.
//!
//! A group is started when everything of it that is to be online is. A group set says itself when it is, by its
//! StartupSetting: so many of its groups are online, or have begun to start so long ago. What is empty keeps nobody
//! waiting.

use mainstay_types::GroupId;

use super::order::{Need, Provider};
use crate::model::Model;
use crate::model::group_sets::{GroupSet, Trigger};

/// What is seen of groups.
pub(crate) struct Seen<'a> {
    pub(crate) model: &'a Model,
    /// Whether everything of a group that is to be online is.
    pub(crate) is_online: &'a dyn Fn(GroupId) -> bool,
    /// Since when a group is up or on its way, in steady milliseconds; `None` while it is neither.
    pub(crate) begun_ms: &'a dyn Fn(GroupId) -> Option<u64>,
    pub(crate) now_ms: u64,
}

/// Why a provider does not count as started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lack {
    /// A group is not online.
    NotOnline,
    /// Fewer groups of a set than have to be are what they have to be.
    Count {
        /// What they have to be.
        trigger: Trigger,
        /// How many are.
        have: usize,
        /// How many have to be.
        needed: usize,
    },
    /// The StartupDelay of a set runs.
    Delay {
        /// In steady milliseconds.
        until_ms: u64,
    },
}

/// A need that is not met, with what each of its alternatives lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unmet {
    pub(crate) need: Need,
    pub(crate) lacks: Vec<(Provider, Lack)>,
}

impl Unmet {
    /// When it is met by itself, in steady milliseconds.
    pub(crate) fn met_at_ms(&self) -> Option<u64> {
        let until = |(_, lack): &(Provider, Lack)| match lack {
            Lack::Delay { until_ms } => Some(*until_ms),
            _ => None,
        };
        self.lacks.iter().filter_map(until).min()
    }
}

impl Seen<'_> {
    /// Of these needs those that are not met.
    pub(crate) fn unmet(&self, needs: Vec<Need>) -> Vec<Unmet> {
        let unmet = |need: Need| {
            let lack = |provider: &Provider| self.lack(*provider).map(|lack| (*provider, lack));
            let lacks: Option<Vec<_>> = need.any_of.iter().map(lack).collect();
            lacks.map(|lacks| Unmet { need, lacks })
        };
        needs.into_iter().filter_map(unmet).collect()
    }

    /// What a provider lacks to count as started.
    pub(crate) fn lack(&self, provider: Provider) -> Option<Lack> {
        match provider {
            Provider::Group(id) => (!(self.is_online)(id)).then_some(Lack::NotOnline),
            Provider::Set(id) => self.lack_of_set(self.model.group_set(id)?),
        }
    }

    fn lack_of_set(&self, set: &GroupSet) -> Option<Lack> {
        let (trigger, needed) = (set.startup.trigger, set.startup.needed(set.members.len()));
        let members = set.members.iter().copied();
        match trigger {
            Trigger::Online => {
                let have = members.filter(|id| (self.is_online)(*id)).count();
                (have < needed).then_some(Lack::Count { trigger, have, needed })
            }
            Trigger::Delay => {
                let mut begun: Vec<u64> = members.filter_map(|id| (self.begun_ms)(id)).collect();
                begun.sort_unstable();
                let last = needed.checked_sub(1)?;
                let Some(begun_ms) = begun.get(last) else {
                    return Some(Lack::Count { trigger, have: begun.len(), needed });
                };
                let until_ms = begun_ms.saturating_add(u64::from(set.startup.delay_s) * 1_000);
                (self.now_ms < until_ms).then_some(Lack::Delay { until_ms })
            }
        }
    }
}
