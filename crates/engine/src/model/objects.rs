//! The objects of a cluster as the engine reads them from the registry. Plain data; the tree is the truth.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use mainstay_store::Revision;
use mainstay_store::registry::Key;
use mainstay_types::offer::built_in;
use mainstay_types::{ClusterId, GroupId, GroupSetId, Name, NodeId, ResourceId};

use super::expression::{Expression, Named};
use super::layout;
use crate::error::DatabaseError;
use crate::placement::{GroupTerms, NodeTerms};
use crate::policy::settings::{GroupPolicy, RestartPolicy};

/// The cluster itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Made once at its creation.
    pub id: ClusterId,
    /// Self-relative.
    pub security_descriptor: Vec<u8>,
    /// IgnorePersistentStateOnStartup.
    pub ignores_persistent_state: bool,
    /// GroupDependencyTimeout, in seconds.
    pub group_dependency_timeout_s: u32,
    /// DefaultNetworkRole: the role of networks that are found.
    pub default_network_role: u32,
}

/// A node.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: Name,
    /// Whether it takes no new groups.
    pub is_paused: bool,
    /// What placement heeds of it.
    pub placement: NodeTerms,
}

/// A group.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: Name,
    /// GroupType.
    pub group_type: u32,
    /// What was last asked of the group; `None` when nobody ever did.
    pub persistent: Option<bool>,
    /// When that was written.
    pub asked_at: Option<Revision>,
    /// When it is started by itself, and how often it is failed over.
    pub policy: GroupPolicy,
    /// What placement heeds of it.
    pub placement: Arc<GroupTerms>,
    /// The group set that it is in.
    pub set: Option<GroupSetId>,
    /// The groups that it starts after.
    pub depends_on: Expression<GroupId>,
    /// The group sets that it starts after, beside those of its own set.
    pub depends_on_sets: Expression<GroupSetId>,
    /// Its resources.
    pub members: BTreeSet<ResourceId>,
}

/// A resource.
#[derive(Clone, PartialEq, Debug)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub type_name: Name,
    /// Its group.
    pub group: GroupId,
    /// What it needs.
    pub depends_on: Expression,
    /// Where it may be; `None` is everywhere.
    pub possible_owners: Option<BTreeSet<NodeId>>,
    /// What was last asked of it; `None` when it follows its group.
    pub persistent: Option<bool>,
    /// When that was written.
    pub asked_at: Option<Revision>,
    /// When it came into its group.
    pub joined_at: Option<Revision>,
    /// Whether it has a host of its own by choice.
    pub separate_monitor: bool,
    /// Whether failing checks are not acted on.
    pub in_maintenance: bool,
    /// Whether it was online when that began.
    pub maintained_online: bool,
    /// What its failure leads to.
    pub restart: RestartPolicy,
    /// Own values of the properties that the engine itself reads; `None` takes the type's or the default.
    pub times: Times,
}

/// A resource type.
#[derive(Clone, PartialEq, Debug)]
pub struct ResourceType {
    /// Its name.
    pub name: Name,
    /// How it is shown.
    pub display_name: String,
    /// The shared library; `None` for a type that is built in.
    pub library: Option<String>,
    /// Whether everything that it starts stays inside its control group.
    pub is_contained: bool,
    /// The type's own values.
    pub times: Times,
}

/// Times in milliseconds, where they were set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Times {
    /// The longest silence while pending.
    pub pending_timeout_ms: Option<u32>,
    /// The longest pending state as a whole; 0 is without bound.
    pub pending_limit_ms: Option<u32>,
    /// The longest call into the type.
    pub deadlock_timeout_ms: Option<u32>,
    /// The quick check's interval.
    pub looks_alive_ms: Option<u32>,
    /// The thorough check's interval.
    pub is_alive_ms: Option<u32>,
}

/// A number that says "take the type's".
const TAKE_THE_TYPES: u32 = u32::MAX;

impl Times {
    fn read(key: &Key) -> Self {
        let own = |name: &str| dword(key, name).filter(|number| *number != TAKE_THE_TYPES);
        Times {
            pending_timeout_ms: dword(key, layout::PENDING_TIMEOUT),
            pending_limit_ms: dword(key, layout::PENDING_LIMIT),
            deadlock_timeout_ms: dword(key, layout::DEADLOCK_TIMEOUT),
            looks_alive_ms: own(layout::LOOKS_ALIVE_INTERVAL),
            is_alive_ms: own(layout::IS_ALIVE_INTERVAL),
        }
    }

    /// The first value that is set, this one's before the other's.
    pub fn or(self, other: Times) -> Times {
        Times {
            pending_timeout_ms: self.pending_timeout_ms.or(other.pending_timeout_ms),
            pending_limit_ms: self.pending_limit_ms.or(other.pending_limit_ms),
            deadlock_timeout_ms: self.deadlock_timeout_ms.or(other.deadlock_timeout_ms),
            looks_alive_ms: self.looks_alive_ms.or(other.looks_alive_ms),
            is_alive_ms: self.is_alive_ms.or(other.is_alive_ms),
        }
    }
}

impl Node {
    pub(super) fn read(id: NodeId, key: &Key) -> Result<Self, DatabaseError> {
        Ok(Node {
            id,
            name: name(key, layout::NODE_NAME, || format!("node {id}"))?,
            is_paused: dword(key, layout::PAUSED).is_some_and(|number| number != 0),
            placement: NodeTerms::read(key),
        })
    }
}

impl Group {
    /// Without its members, which the resources tell.
    pub(super) fn read(id: GroupId, key: &Key) -> Result<Self, DatabaseError> {
        let damaged = |reason: String| DatabaseError::Damaged { object: format!("group {id}"), reason };
        Ok(Group {
            id,
            name: name(key, layout::NAME, || format!("group {id}"))?,
            group_type: dword(key, layout::GROUP_TYPE).unwrap_or(0),
            persistent: dword(key, layout::PERSISTENT_STATE).map(|number| number != 0),
            asked_at: written_at(key, layout::PERSISTENT_STATE),
            policy: GroupPolicy::read(key),
            placement: Arc::new(GroupTerms::read(key)),
            set: match text(key, layout::GROUP_SET) {
                Some(set) => Some(set.parse().map_err(|_| damaged("its group set is no id".into()))?),
                None => None,
            },
            depends_on: expression(key, layout::PROVIDER_GROUPS, &damaged)?,
            depends_on_sets: expression(key, layout::PROVIDER_GROUP_SETS, &damaged)?,
            members: BTreeSet::new(),
        })
    }
}

impl Resource {
    pub(super) fn read(id: ResourceId, key: &Key) -> Result<Self, DatabaseError> {
        let object = || format!("resource {id}");
        let damaged = |reason: String| DatabaseError::Damaged { object: object(), reason };
        let group = text(key, layout::GROUP)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| damaged("its group is missing or is no id".into()))?;
        let depends_on = expression(key, layout::DEPENDS_ON, &damaged)?;
        let possible_owners = match key.value(layout::POSSIBLE_OWNERS).map(|entry| &entry.value) {
            None => None,
            Some(value) => Some(
                value
                    .as_strings()
                    .and_then(|nodes| nodes.iter().map(|node| node.parse().ok()).collect())
                    .ok_or_else(|| damaged("its possible owners are no node numbers".into()))?,
            ),
        };
        Ok(Resource {
            id,
            name: name(key, layout::NAME, object)?,
            type_name: name(key, layout::TYPE, object)?,
            group,
            depends_on,
            possible_owners,
            persistent: dword(key, layout::PERSISTENT_STATE).map(|number| number != 0),
            asked_at: written_at(key, layout::PERSISTENT_STATE),
            joined_at: written_at(key, layout::GROUP),
            separate_monitor: dword(key, layout::SEPARATE_MONITOR).is_some_and(|number| number != 0),
            in_maintenance: dword(key, layout::MAINTENANCE_MODE).is_some_and(|number| number != 0),
            maintained_online: dword(key, layout::MAINTENANCE_MODE) == Some(layout::MAINTAINED_ONLINE),
            restart: RestartPolicy::read(key),
            times: Times::read(key),
        })
    }

    /// Whether the node may run it.
    pub fn may_run_on(&self, node: NodeId) -> bool {
        self.possible_owners.as_ref().is_none_or(|owners| owners.contains(&node))
    }
}

impl ResourceType {
    pub(super) fn read(key: &Key) -> Result<Self, DatabaseError> {
        let parsed = Name::parse(key.name()).map_err(|error| DatabaseError::Damaged {
            object: format!("resource type '{}'", key.name()),
            reason: error.to_string(),
        })?;
        Ok(ResourceType {
            display_name: text(key, layout::DISPLAY_NAME).unwrap_or(parsed.as_str()).to_owned(),
            library: text(key, layout::DLL_NAME).filter(|path| !path.is_empty()).map(str::to_owned),
            is_contained: match dword(key, layout::CONTAINED) {
                Some(number) => number != 0,
                None => built_in(&parsed).is_some_and(|known| known.is_contained),
            },
            times: Times::read(key),
            name: parsed,
        })
    }
}

/// A stored expression; of ids, as they are written.
pub(crate) fn expression<I: Named + FromStr>(
    key: &Key,
    value: &str,
    damaged: &dyn Fn(String) -> DatabaseError,
) -> Result<Expression<I>, DatabaseError> {
    let stored = text(key, value).unwrap_or_default();
    Expression::parse(stored, |text| text.parse().ok())
        .map_err(|error| damaged(format!("its dependencies cannot be read: {error}")))
}

fn written_at(key: &Key, value: &str) -> Option<Revision> {
    key.value(value).map(|entry| entry.mod_revision)
}

pub(crate) fn dword(key: &Key, name: &str) -> Option<u32> {
    key.value(name).and_then(|entry| entry.value.as_dword())
}

pub(crate) fn text<'a>(key: &'a Key, name: &str) -> Option<&'a str> {
    key.value(name).and_then(|entry| entry.value.as_str())
}

pub(crate) fn texts<'a>(key: &'a Key, name: &str) -> &'a [String] {
    key.value(name).and_then(|entry| entry.value.as_strings()).unwrap_or_default()
}

pub(crate) fn name(key: &Key, value: &str, object: impl Fn() -> String) -> Result<Name, DatabaseError> {
    let damaged = |reason: String| DatabaseError::Damaged { object: object(), reason };
    let text =
        text(key, value).ok_or_else(|| damaged(format!("its value '{value}' is missing or no text")))?;
    Name::parse(text).map_err(|error| damaged(format!("its value '{value}': {error}")))
}
