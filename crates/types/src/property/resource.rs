//! Common properties of resources and of resource types.

use super::{Table, dword, multi, sz, truth, ularge};

/// The shortest poll interval and PendingTimeout, in milliseconds.
const INTERVAL_MIN_MS: u32 = 10;
/// The shortest DeadlockTimeout, in milliseconds.
const DEADLOCK_TIMEOUT_MIN_MS: u32 = 1_000;
/// For a poll interval of a resource: take the resource type's. For RetryPeriodOnFailure: never.
const UNSET: u32 = u32::MAX;

/// Common properties of resources. Intervals and timeouts are in milliseconds.
pub const RESOURCE: Table = Table::new(&[
    sz("Name", "").stated_by_service(),
    sz("Type", "").stated_by_service(),
    sz("Description", ""),
    // Without effect since 2008, kept for programs that set it.
    sz("DebugPrefix", ""),
    truth("SeparateMonitor", 0),
    truth("PersistentState", 0),
    dword("LooksAlivePollInterval", UNSET).within(INTERVAL_MIN_MS, u32::MAX),
    // Its page prints 60000, which is the resource type's; the resource's own is "take the type's".
    dword("IsAlivePollInterval", UNSET).within(INTERVAL_MIN_MS, u32::MAX),
    dword("RestartAction", 2).within(0, 2),
    // As documented; clusters as shipped show 1, which gives up on what a second try mends.
    dword("RestartThreshold", 3),
    // One page calls it read-only, which would leave no way to change it.
    dword("RestartDelay", 500),
    // One page prints 90000, a typo for the 15 minutes that all others say.
    dword("RestartPeriod", 900_000),
    // Must not be under RestartPeriod; a table cannot say that, the engine does.
    dword("RetryPeriodOnFailure", 3_600_000),
    dword("PendingTimeout", 180_000).within(INTERVAL_MIN_MS, u32::MAX),
    // Ours: the bound of a pending state as a whole, where PendingTimeout bounds silence. 0 is no bound.
    dword("PendingLimit", 0),
    dword("DeadlockTimeout", 300_000).within(DEADLOCK_TIMEOUT_MIN_MS, u32::MAX),
    // Not documented; the value of clusters as shipped.
    dword("EmbeddedFailureAction", 2).within(0, 2),
    // Load balancing was never built; the five are kept for programs that set them.
    dword("LoadBalStartupInterval", 300_000),
    dword("LoadBalSampleInterval", 10_000),
    dword("LoadBalAnalysisInterval", 300_000),
    dword("LoadBalMinProcessorUnits", 0),
    dword("LoadBalMinMemoryUnits", 0),
    ularge("ResourceSpecificData1").read_only(),
    ularge("ResourceSpecificData2").read_only(),
    sz("ResourceSpecificStatus", "").read_only(),
    ularge("StatusInformation").read_only(),
    ularge("LastOperationStatusCode").read_only(),
    dword("MonitorProcessId", 0).read_only(),
    truth("CoreResource", 0).read_only(),
    truth("DeleteRequiresAllNodes", 0).read_only(),
]);

/// Common properties of resource types. Intervals and timeouts are in milliseconds.
pub const RESOURCE_TYPE: Table = Table::new(&[
    sz("Name", "").stated_by_service(),
    sz("DllName", ""),
    sz("Description", ""),
    // Extensions of an administration tool that is gone; kept for programs that set it.
    multi("AdminExtensions"),
    dword("LooksAlivePollInterval", 5_000).within(INTERVAL_MIN_MS, u32::MAX),
    dword("IsAlivePollInterval", 60_000).within(INTERVAL_MIN_MS, u32::MAX),
    dword("PendingTimeout", 180_000).within(INTERVAL_MIN_MS, u32::MAX),
    dword("DeadlockTimeout", 300_000).within(DEADLOCK_TIMEOUT_MIN_MS, u32::MAX),
    // Not documented; the value of clusters as shipped.
    dword("MaximumMonitors", 4),
    ularge("DumpPolicy"),
    multi("DumpLogQuery"),
    multi("DumpServices"),
    multi("EnabledEventLogs"),
    multi("WprProfiles"),
    dword("WprStartAfter", 0),
]);
