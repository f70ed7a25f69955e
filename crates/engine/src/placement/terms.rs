//! What is configured of a group and of a node for placement, as it is read from the registry.
//!
//! Read once, when the object changes: a cluster of thousands is placed anew whenever a node goes, and then every
//! look-up counts. What the table of `types::property` has as default is the default here (tested below).

use mainstay_store::registry::Key;
use mainstay_types::NodeId;

use super::{Capacity, Demand, Failback};
use crate::model::layout;
use crate::model::objects::{dword, text, texts};

/// An hour of a failback window that is not set, a node that is none.
const NONE: u32 = u32::MAX;
/// Priority where none is set.
const PRIORITY_DEFAULT: u32 = 2_000;
/// What a group needs of its node, and what the node has.
pub(super) const DECLARED_MEMORY: &str = "DeclaredMemoryMib";
pub(super) const MEMORY_CAPACITY: &str = "MemoryCapacityMib";
pub(super) const DECLARED_CPU: &str = "DeclaredCpuPercent";
pub(super) const CPU_CAPACITY: &str = "CpuCapacityPercent";
/// The hour at which a day ends.
const MIDNIGHT: u8 = 24;
/// The entry of a node's FaultDomain that names its site: `Site:NAME`.
const SITE: &str = "site:";

/// Bits of a node's StatusInformation (clusapi.h).
pub(crate) mod node_status {
    pub(super) const QUARANTINED: u32 = 2;
    pub(crate) const DRAIN_IN_PROGRESS: u32 = 4;
    pub(super) const DRAIN_COMPLETED: u32 = 8;
    const DRAIN_FAILED: u32 = 0x10;
    pub(crate) const AVOID_PLACEMENT: u32 = 0x20;
    /// How far a drain is.
    pub(crate) const DRAIN: u32 = DRAIN_IN_PROGRESS | DRAIN_COMPLETED | DRAIN_FAILED;
}

/// What is configured of a group.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupTerms {
    /// DefaultOwner: where it was last put by name.
    pub default_owner: Option<NodeId>,
    /// Priority; 0 is not started automatically.
    pub priority: u32,
    /// Preferred owners, the best first.
    pub preferred: Vec<NodeId>,
    /// AntiAffinityClassNames.
    pub anti_affinity: Vec<String>,
    /// LockedFromMoving: it leaves its node only when the node is gone.
    pub locked: bool,
    /// AutoFailback.
    pub failback: Failback,
    /// DeclaredMemoryMib and DeclaredCpuPercent: what it needs while it runs.
    pub demand: Demand,
    /// PreferredSite.
    pub preferred_site: Option<String>,
    /// StorageNames: storages that it uses.
    pub storages: Vec<String>,
}

/// What is configured of a node. The fields are those of [`super::Node`].
#[derive(Clone, PartialEq, Debug)]
pub struct NodeTerms {
    /// It came and went too often.
    pub quarantined: bool,
    /// What it has leaves.
    pub draining: bool,
    /// It takes something only if no other node can.
    pub avoid_placement: bool,
    /// MemoryCapacityMib and CpuCapacityPercent.
    pub capacity: Capacity,
    /// The site in FaultDomain.
    pub site: Option<String>,
    /// FaultDomain as a whole.
    pub fault_domain: Option<String>,
}

impl Default for GroupTerms {
    /// Nothing is configured.
    fn default() -> Self {
        GroupTerms {
            default_owner: None,
            priority: PRIORITY_DEFAULT,
            preferred: Vec::new(),
            anti_affinity: Vec::new(),
            locked: false,
            failback: Failback::Prevented,
            demand: Demand::default(),
            preferred_site: None,
            storages: Vec::new(),
        }
    }
}

impl GroupTerms {
    /// What is not there, or is of another kind, is not set.
    pub(crate) fn read(key: &Key) -> Self {
        let nodes = texts(key, layout::PREFERRED_OWNERS);
        GroupTerms {
            default_owner: dword(key, "DefaultOwner").filter(|node| *node != NONE).map(NodeId),
            priority: dword(key, "Priority").unwrap_or(PRIORITY_DEFAULT),
            preferred: nodes.iter().filter_map(|number| number.parse().ok()).collect(),
            anti_affinity: texts(key, "AntiAffinityClassNames").to_vec(),
            locked: is_set(key, "LockedFromMoving"),
            failback: failback(key),
            demand: Demand {
                memory_mib: dword(key, DECLARED_MEMORY).unwrap_or(0).into(),
                cpu_percent: dword(key, DECLARED_CPU).unwrap_or(0).into(),
            },
            preferred_site: name(key, "PreferredSite"),
            storages: texts(key, "StorageNames").to_vec(),
        }
    }
}

impl NodeTerms {
    /// What is not there, or is of another kind, is not set.
    pub(crate) fn read(key: &Key) -> Self {
        let status = dword(key, "StatusInformation").unwrap_or(0);
        let capacity = |name| dword(key, name).filter(|capacity| *capacity > 0).map(u64::from);
        let domains = texts(key, "FaultDomain");
        let site = domains.iter().find_map(|entry| {
            let (word, name) = entry.split_at_checked(SITE.len())?;
            word.eq_ignore_ascii_case(SITE).then(|| name.to_owned())
        });
        NodeTerms {
            quarantined: status & node_status::QUARANTINED != 0,
            draining: status & (node_status::DRAIN_IN_PROGRESS | node_status::DRAIN_COMPLETED) != 0,
            avoid_placement: status & node_status::AVOID_PLACEMENT != 0,
            capacity: Capacity { memory_mib: capacity(MEMORY_CAPACITY), cpu_percent: capacity(CPU_CAPACITY) },
            site,
            fault_domain: (!domains.is_empty()).then(|| domains.join("/")),
        }
    }
}

/// AutoFailbackType with its window; an end that is not set is midnight.
fn failback(key: &Key) -> Failback {
    if !is_set(key, "AutoFailbackType") {
        return Failback::Prevented;
    }
    let hour = |name| u8::try_from(dword(key, name).unwrap_or(NONE)).ok();
    match (hour("FailbackWindowStart"), hour("FailbackWindowEnd")) {
        (None, None) => Failback::Immediately,
        (start, end) => Failback::Between { start: start.unwrap_or(0), end: end.unwrap_or(MIDNIGHT) },
    }
}

pub(super) fn is_set(key: &Key, property: &str) -> bool {
    dword(key, property).is_some_and(|number| number != 0)
}

/// A name that is set and not empty.
pub(super) fn name(key: &Key, property: &str) -> Option<String> {
    text(key, property).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use mainstay_types::property::{DefaultValue, GROUP};

    use super::*;

    #[test]
    fn defaults_are_those_of_the_tables() {
        for (name, default) in [
            ("Priority", PRIORITY_DEFAULT),
            ("DefaultOwner", NONE),
            ("FailbackWindowStart", NONE),
            ("FailbackWindowEnd", NONE),
            ("AutoFailbackType", 0),
            ("LockedFromMoving", 0),
            ("DeclaredMemoryMib", 0),
            ("DeclaredCpuPercent", 0),
        ] {
            let spec = GROUP.find(name).unwrap_or_else(|| panic!("{name} is in no table"));
            assert_eq!(spec.default, DefaultValue::Dword(default), "{name}");
        }
    }
}
