//! Common properties of the cluster.
//!
//! Much of it steers parts of a Windows cluster that have no counterpart here. Formats are DWORD wherever the
//! documentation gives none.

use super::{DefaultValue, Format, Table, binary, dword, multi, spec, sz, truth};

/// RootMemoryReserved: as much as the system finds right.
const AUTOMATIC: u32 = u32::MAX;

/// Of the times after which a node counts as lost.
const TIMES: &str = "Mainstay decides by times of its own when a node is lost";
/// Of hangs of the service.
const HANGS: &str = "the deadlines of hosts and guard say what follows a hang";
/// Of nodes that have lost the others.
pub(super) const ISOLATION: &str =
    "a node that has lost its cluster stops what it runs and never goes on by itself";
/// Of who has a say when nodes have lost each other.
pub(super) const VOTES: &str = "every node has the same say, and the cluster counts them by itself";

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
    dword("ClusSvcHangTimeout", 60).only(&[60], HANGS),
    // The four of the regroup are not documented; values of clusters as shipped.
    dword("ClusSvcRegroupOpeningTimeout", 5).only(&[5], TIMES),
    dword("ClusSvcRegroupPruningTimeout", 5).only(&[5], TIMES),
    dword("ClusSvcRegroupStageTimeout", 7).only(&[7], TIMES),
    dword("ClusSvcRegroupTickInMilliseconds", 300).only(&[300], TIMES),
    truth("ClusterEnforcedAntiAffinity", 0),
    dword("ClusterFunctionalLevel", 0).stated_by_service(),
    // Seconds.
    dword("ClusterGroupWaitDelay", 120).within(0, 3_600),
    dword("ClusterLogLevel", 3).within(0, 5),
    // MiB; 300 or 1500 by version, the newer one taken.
    dword("ClusterLogSize", 1_500),
    dword("ClusterUpgradeVersion", 0).stated_by_service(),
    // Milliseconds between heartbeats, and how many may be missing.
    dword("CrossSiteDelay", 1_000).only(&[1_000], TIMES),
    dword("CrossSiteThreshold", 20).only(&[20], TIMES),
    dword("CrossSubnetDelay", 1_000).only(&[1_000], TIMES),
    dword("CrossSubnetThreshold", 20).only(&[20], TIMES),
    dword("DatabaseReadWriteMode", 0)
        .within(0, 2)
        .only(&[0], "every write and every read is one of the majority"),
    // 2 or 3 by version, the narrower one taken.
    // For new networks. Clusters as shipped have 2 or 3; with 2 the nodes could talk over none of them.
    dword("DefaultNetworkRole", 3).within(2, 3),
    sz("Description", ""),
    truth("DrainOnShutdown", 1),
    dword("DumpPolicy", 0),
    truth("DynamicQuorum", 1).only(&[1], VOTES),
    truth("EnableSharedVolumes", 1),
    sz("FQDN", "").stated_by_service(),
    truth("FixQuorum", 0).read_only(),
    // Seconds.
    dword("GroupDependencyTimeout", 600),
    dword("HangRecoveryAction", 6).within(0, 6).only(&[6], HANGS),
    sz("Id", "").stated_by_service(),
    truth("IgnorePersistentStateOnStartup", 0),
    dword("LogResourceControls", 0),
    dword("LowerQuorumPriorityNodeId", 0).only(&[0], VOTES),
    dword("MessageBufferLength", 50),
    // The four limits are ours, for placement: groups that start or move at once. 0 is no limit.
    dword("MovesAtOncePerNode", 0),
    dword("MovesAtOncePerStorage", 0),
    dword("StartsAtOncePerNode", 0),
    dword("StartsAtOncePerStorage", 0),
    dword("MinimumNeverPreemptPriority", 3_000).within(0, 4_999),
    dword("MinimumPreemptorPriority", 1),
    truth("MixedMode", 0).read_only(),
    truth("NetftIPSecEnabled", 1).only(&[1], "nothing goes unprotected from node to node"),
    dword("PlacementOptions", 0),
    truth("PlumbAllCrossSubnetRoutes", 0),
    sz("PreferredSite", ""),
    truth("PreventQuorum", 0).read_only(),
    // Seconds. Its page prints 0, which would end a quarantine as it begins; real clusters show two hours.
    dword("QuarantineDuration", 7_200),
    dword("QuarantineThreshold", 3),
    // Seconds.
    dword("QuorumArbitrationTimeMax", 20).only(&[20], TIMES),
    spec("RecentEventsResetTime", Format::FileTime, DefaultValue::FileTime(0)),
    // Seconds.
    dword("RequestReplyTimeout", 60),
    // Seconds.
    dword("ResiliencyDefaultPeriod", 240).only(&[0, 240], ISOLATION),
    // As documented; clusters as shipped show 2, which is farther from what holds here.
    dword("ResiliencyLevel", 1).within(1, 2).only(&[1], ISOLATION),
    dword("RootMemoryReserved", AUTOMATIC),
    // Only the range is documented.
    dword("RouteHistoryLength", 10).within(10, 40),
    dword("S2DBusTypes", 0),
    dword("S2DCacheBehavior", 0),
    dword("S2DCacheDesiredState", 0),
    truth("S2DEnabled", 0).only(&[0], "there is no pooled storage, so nothing would be kept twice"),
    dword("S2DOptimizations", 0),
    truth("S2DPoolAutoConfigEnabled", 0),
    dword("SameSubnetDelay", 1_000).only(&[1_000], TIMES),
    // Its page says 5; later versions took 10, then 20, and nothing is gained by a smaller number than the cross-subnet's.
    dword("SameSubnetThreshold", 20).within(3, 120).only(&[20], TIMES),
    // Empty until the service writes the one of a new cluster.
    binary("Security Descriptor"),
    multi("SharedVolumeCompatibleFilters"),
    multi("SharedVolumeIncompatibleFilters"),
    binary("SharedVolumeSecurityDescriptor").only(&[], "there are no shared volumes that it would protect"),
    sz("SharedVolumesRoot", "C:\\ClusterStorage").read_only(),
    dword("ShutdownTimeoutInMinutes", 20).within(0, 1_440),
    // 0 or 2 by version; neither acts here.
    dword("UseClientAccessNetworksForSharedVolumes", 0),
    // Not documented.
    dword("UseRdmaForStorage", 0),
    // Seconds.
    dword("WitnessDatabaseWriteTimeout", 300),
    truth("WitnessDynamicWeight", 0).read_only(),
    // Minutes.
    dword("WitnessRestartInterval", 15),
]);
