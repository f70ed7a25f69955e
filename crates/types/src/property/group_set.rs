//! Common properties of group sets: groups that are started as one, before others that depend on them.

use super::{Table, dword, multi, sz, truth, ularge};

/// StartupCount: all groups of the set.
const ALL: u32 = u32::MAX;

/// Common properties of group sets.
pub const GROUP_SET: Table = Table::new(&[
    sz("Name", "").stated_by_service(),
    // What counts as started: 0 a delay has passed, 1 its groups are online.
    dword("StartupSetting", 0).within(0, 1),
    dword("StartupCount", ALL),
    // Seconds.
    dword("StartupDelay", 20),
    truth("IsGlobal", 0),
    truth("IsAvailabilitySet", 0),
    truth("ReserveSpareNode", 0),
    // How many of each an availability set spreads over; no format and no default is documented.
    dword("FaultDomains", 0),
    dword("UpdateDomains", 0),
    multi("NodeDomainInfo"),
    ularge("StatusInformation").read_only(),
]);
