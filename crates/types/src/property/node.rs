//! Common properties of nodes.

use super::cluster::VOTES;
use super::{Table, dword, multi, sz, truth};

/// NodeDrainTarget of a node that drains to no node in particular.
const NO_NODE: u32 = u32::MAX;

/// Common properties of nodes.
pub const NODE: Table = Table::new(&[
    sz("NodeName", "").stated_by_service(),
    dword("NodeHighestVersion", 0).stated_by_service(),
    dword("NodeLowestVersion", 0).stated_by_service(),
    dword("MajorVersion", 0).stated_by_service(),
    dword("MinorVersion", 0).stated_by_service(),
    dword("BuildNumber", 0).stated_by_service(),
    sz("CSDVersion", "").stated_by_service(),
    sz("NodeInstanceID", "").stated_by_service(),
    sz("Description", ""),
    truth("NodeWeight", 1).only(&[1], VOTES),
    truth("DynamicWeight", 1).read_only(),
    dword("NodeDrainStatus", 0).read_only(),
    dword("NodeDrainTarget", NO_NODE).read_only(),
    dword("StatusInformation", 0).read_only(),
    // Ours, for placement: what groups may declare together on the node. Memory in MiB, processors in hundredths of
    // one; 0 is no limit.
    dword("MemoryCapacityMib", 0),
    dword("CpuCapacityPercent", 0),
    multi("FaultDomain"),
    sz("FaultDomainId", "").read_only(),
    // The sources disagree on who may set these three; the machine states them.
    sz("Manufacturer", "").read_only(),
    sz("Model", "").read_only(),
    sz("SerialNumber", "").read_only(),
    sz("UniqueID", "").read_only(),
    truth("NeedsPreventQuorum", 0).read_only(),
    truth("IsPrimary", 0).read_only(),
    // Not documented; the value of clusters as shipped.
    truth("EnableEventLogReplication", 1),
    dword("ConfigurationFlags", 0),
]);
