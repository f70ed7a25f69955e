//! Common properties of groups.

use super::cluster::ISOLATION;
use super::{Table, dword, multi, sz, truth, ularge};

/// No hour of the day, no node, as many as there are nodes less one: depends on the property.
const NONE: u32 = u32::MAX;

/// The type of a group that nobody gave a type (ClusGroupTypeUnknown).
pub const GROUP_TYPE_UNKNOWN: u32 = 9_999;

/// Common properties of groups.
pub const GROUP: Table = Table::new(&[
    sz("Name", "").stated_by_service(),
    sz("Description", ""),
    truth("PersistentState", 0),
    dword("FailoverThreshold", NONE),
    // Hours; 1193 is the most whose milliseconds fit a DWORD.
    dword("FailoverPeriod", 6).within(0, 1_193),
    truth("AutoFailbackType", 0),
    // Hours of the day. Pages say DWORD or LONG for the two; a DWORD shows -1 as 0xFFFFFFFF.
    dword("FailbackWindowStart", NONE).within(0, 23).or(NONE),
    dword("FailbackWindowEnd", NONE).within(0, 23).or(NONE),
    multi("AntiAffinityClassNames"),
    // 3000 high, 2000 medium, 1000 low, 0 is not started automatically; values between are taken.
    dword("Priority", 2_000).within(0, 4_999),
    // No default is documented; no node has this number.
    dword("DefaultOwner", NONE),
    // 0 starts it, 1 does not, 2 starts it if it was online.
    dword("ColdStartSetting", 0).within(0, 2),
    dword("FaultDomain", 0),
    dword("UpdateDomain", 0),
    sz("PreferredSite", ""),
    // Seconds; the cluster's ResiliencyDefaultPeriod.
    dword("ResiliencyPeriod", 240).only(&[0, 240], ISOLATION),
    dword("PlacementOptions", 0).within(0, 0x3FF),
    truth("LockedFromMoving", 0),
    dword("GroupStartDelay", 0),
    // The three are ours, for placement. Memory in MiB, processors in hundredths of one; 0 declares nothing. Groups
    // that name the same storage share its limits of starts and moves at once.
    dword("DeclaredMemoryMib", 0),
    dword("DeclaredCpuPercent", 0),
    multi("StorageNames"),
    dword("CCFEpoch", 0),
    dword("CCFEpochHigh", 0).read_only(),
    dword("GroupType", GROUP_TYPE_UNKNOWN).read_only(),
    ularge("StatusInformation").read_only(),
]);
