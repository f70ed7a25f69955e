//! Common properties of the cluster.
//!
//! What is stored here acts only where the engine says so; much of it steers parts of a Windows cluster that have no
//! counterpart. Formats are DWORD wherever the documentation gives none.

use super::{DefaultValue, Format, Table, binary, dword, multi, spec, sz, truth};

/// RootMemoryReserved: as much as the system finds right.
const AUTOMATIC: u32 = u32::MAX;

/// Common properties of the cluster.
pub const CLUSTER: Table = Table::new(&[
    // Seconds.
    dword("AddEvictDelay", 60).within(0, 600),
    // Read-only in a captured list: it is chosen when the cluster is made.
    dword("AdminAccessPoint", 0).within(0, 3).read_only(),
    // Printed as binary in one place; a list of strings like that of the resource types.
    multi("Admin Extensions"),
    truth("BackupInProgress", 0).read_only(),
    // MiB; 0 or 1024 by version, and there are no shared volumes here to cache.
    dword("BlockCacheSize", 0),
    dword("ClusSvcHangTimeout", 60),
    // The four of the regroup are not documented; values of clusters as shipped.
    dword("ClusSvcRegroupOpeningTimeout", 5),
    dword("ClusSvcRegroupPruningTimeout", 5),
    dword("ClusSvcRegroupStageTimeout", 7),
    dword("ClusSvcRegroupTickInMilliseconds", 300),
    truth("ClusterEnforcedAntiAffinity", 0),
    dword("ClusterFunctionalLevel", 0).stated_by_service(),
    // Seconds.
    dword("ClusterGroupWaitDelay", 120).within(0, 3_600),
    dword("ClusterLogLevel", 3).within(0, 5),
    // MiB; 300 or 1500 by version, the newer one taken.
    dword("ClusterLogSize", 1_500),
    dword("ClusterUpgradeVersion", 0).stated_by_service(),
    // Milliseconds between heartbeats, and how many may be missing.
    dword("CrossSiteDelay", 1_000),
    dword("CrossSiteThreshold", 20),
    dword("CrossSubnetDelay", 1_000),
    dword("CrossSubnetThreshold", 20),
    dword("DatabaseReadWriteMode", 0).within(0, 2),
    // 2 or 3 by version, the narrower one taken.
    dword("DefaultNetworkRole", 2),
    sz("Description", ""),
    truth("DrainOnShutdown", 1),
    dword("DumpPolicy", 0),
    truth("DynamicQuorum", 1),
    truth("EnableSharedVolumes", 1),
    sz("FQDN", "").stated_by_service(),
    truth("FixQuorum", 0).read_only(),
    // Seconds.
    dword("GroupDependencyTimeout", 600),
    dword("HangRecoveryAction", 6).within(0, 6),
    sz("Id", "").stated_by_service(),
    truth("IgnorePersistentStateOnStartup", 0).read_only(),
    dword("LogResourceControls", 0),
    dword("LowerQuorumPriorityNodeId", 0),
    dword("MessageBufferLength", 50),
    // The four limits are ours, for placement: groups that start or move at once. 0 is no limit.
    dword("MovesAtOncePerNode", 0),
    dword("MovesAtOncePerStorage", 0),
    dword("StartsAtOncePerNode", 0),
    dword("StartsAtOncePerStorage", 0),
    dword("MinimumNeverPreemptPriority", 3_000).within(0, 4_999),
    dword("MinimumPreemptorPriority", 1),
    truth("MixedMode", 0).read_only(),
    truth("NetftIPSecEnabled", 1),
    dword("PlacementOptions", 0),
    truth("PlumbAllCrossSubnetRoutes", 0),
    sz("PreferredSite", ""),
    truth("PreventQuorum", 0).read_only(),
    // Seconds. Its page prints 0, which would end a quarantine as it begins; real clusters show two hours.
    dword("QuarantineDuration", 7_200),
    dword("QuarantineThreshold", 3),
    // Seconds.
    dword("QuorumArbitrationTimeMax", 20),
    spec("RecentEventsResetTime", Format::FileTime, DefaultValue::FileTime(0)),
    // Seconds.
    dword("RequestReplyTimeout", 60),
    // Seconds.
    dword("ResiliencyDefaultPeriod", 240),
    // As documented; clusters as shipped show 2.
    dword("ResiliencyLevel", 1).within(1, 2),
    dword("RootMemoryReserved", AUTOMATIC),
    // Only the range is documented.
    dword("RouteHistoryLength", 10).within(10, 40),
    dword("S2DBusTypes", 0),
    dword("S2DCacheBehavior", 0),
    dword("S2DCacheDesiredState", 0),
    truth("S2DEnabled", 0),
    dword("S2DOptimizations", 0),
    truth("S2DPoolAutoConfigEnabled", 0),
    dword("SameSubnetDelay", 1_000),
    // As documented; newer clusters show 10 or 20.
    dword("SameSubnetThreshold", 5).within(3, 120),
    // Empty until the service writes the one of a new cluster.
    binary("Security Descriptor"),
    multi("SharedVolumeCompatibleFilters"),
    multi("SharedVolumeIncompatibleFilters"),
    binary("SharedVolumeSecurityDescriptor"),
    sz("SharedVolumesRoot", "C:\\ClusterStorage").read_only(),
    dword("ShutdownTimeoutInMinutes", 20).within(0, 1_440),
    // 0 or 2 by version; neither acts here.
    dword("UseClientAccessNetworksForSharedVolumes", 0),
    // Seconds.
    dword("WitnessDatabaseWriteTimeout", 300),
    truth("WitnessDynamicWeight", 0).read_only(),
    // Minutes.
    dword("WitnessRestartInterval", 15),
]);
