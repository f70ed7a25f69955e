//! The cluster itself: opening it, its names and version, its lists.

use std::fmt;

use mainstay_ndr::{Ndr, NdrParams, Varying};

use crate::response::{plain_responses, responses};
use crate::{ClusterHandle, Refusal, ResourceHandle, RpcStatus};

/// `ApiOpenCluster` (opnum 0): opens the cluster with full access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenCluster;

/// The answer to [`OpenCluster`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct OpenClusterResponse {
    /// Win32 code.
    pub status: u32,
    /// The cluster; null unless `status` is 0.
    pub handle: ClusterHandle,
}

/// `ApiCloseCluster` (opnum 1): gives the cluster's handle back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseCluster {
    /// The cluster.
    pub cluster: ClusterHandle,
}

/// `ApiSetClusterName` (opnum 2): renames the cluster.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetClusterName {
    /// New name.
    pub name: String,
}

/// `ApiGetClusterName` (opnum 3): the names of the cluster and of the answering node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetClusterName;

/// The answer to [`GetClusterName`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetClusterNameResponse {
    /// Name of the cluster.
    pub cluster_name: Option<String>,
    /// Name of the node that answers.
    pub node_name: Option<String>,
    /// Win32 code.
    pub status: u32,
}

/// `ApiGetClusterVersion` (opnum 4): the version in its old form; servers of version 3 answer 120, ERROR_CALL_NOT_IMPLEMENTED.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetClusterVersion;

/// The answer to [`GetClusterVersion`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetClusterVersionResponse {
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// Build number.
    pub build: u16,
    /// Vendor.
    pub vendor_id: Option<String>,
    /// Service pack; may be empty.
    pub csd_version: Option<String>,
    /// Win32 code.
    pub status: u32,
}

/// `ApiGetQuorumResource` (opnum 5): the quorum resource.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetQuorumResource;

/// The answer to [`GetQuorumResource`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetQuorumResourceResponse {
    /// Name of the quorum resource.
    pub resource_name: Option<String>,
    /// Path of the quorum files.
    pub device_name: Option<String>,
    /// Largest size of the quorum log, in bytes.
    pub max_quorum_log_size: u32,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiSetQuorumResource` (opnum 6): chooses the quorum resource.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetQuorumResource {
    /// The resource.
    pub resource: ResourceHandle,
    /// Path of the quorum files.
    pub device_name: String,
    /// Largest size of the quorum log, in bytes.
    pub max_quorum_log_size: u32,
}

/// `ApiCreateEnum` (opnum 7): objects of the cluster, by name.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateEnum {
    /// Types asked for, as bits.
    pub type_mask: u32,
}

/// `ApiGetClusterVersion2` (opnum 102): the version.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetClusterVersion2;

/// The answer to [`GetClusterVersion2`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetClusterVersion2Response {
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// Build number.
    pub build: u16,
    /// Vendor.
    pub vendor_id: Option<String>,
    /// Service pack; may be empty.
    pub csd_version: Option<String>,
    /// Versions that the cluster can run at; null on failure.
    pub operational: Option<OperationalVersion>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `CLUSTER_OPERATIONAL_VERSION_INFO`: the versions that the cluster can run at.
///
/// The high word of a version is the internal major version, the low word the minor version or build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Ndr)]
pub struct OperationalVersion {
    /// Size of this structure in bytes: [`OperationalVersion::SIZE`].
    pub size: u32,
    /// Highest version that the cluster can run at.
    pub highest: u32,
    /// Lowest version that the cluster can run at.
    pub lowest: u32,
    /// 1 when nodes of different versions run together.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

impl OperationalVersion {
    /// Value of the `size` field.
    pub const SIZE: u32 = 20;

    /// A cluster that runs at one version.
    #[must_use]
    pub fn uniform(version: u32) -> Self {
        Self { size: Self::SIZE, highest: version, lowest: version, flags: 0, reserved: 0 }
    }
}

/// `ApiBackupClusterDatabase` (opnum 104): copies the cluster database into a directory.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct BackupClusterDatabase {
    /// Directory.
    pub path: String,
}

/// `ApiSetServiceAccountPassword` (opnum 108): changes the password of the cluster's service account.
#[derive(Clone, PartialEq, Eq, NdrParams)]
pub struct SetServiceAccountPassword {
    /// New password.
    pub password: String,
    /// `IDL_CLUSTER_SET_PASSWORD_FLAGS`, a 16-bit enumeration: 1 passes over nodes that are down.
    pub flags: u16,
    /// Room for results, in nodes.
    pub max_results: u32,
}

/// Leaves the password out, so that it reaches no log.
impl fmt::Debug for SetServiceAccountPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetServiceAccountPassword")
            .field("flags", &self.flags)
            .field("max_results", &self.max_results)
            .finish_non_exhaustive()
    }
}

/// The answer to [`SetServiceAccountPassword`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct SetServiceAccountPasswordResponse {
    /// What each node says; its room is the request's `max_results`.
    #[ndr(count_after)]
    pub results: Varying<PasswordResult>,
    /// Number of nodes.
    pub required_results: u32,
    /// Win32 code.
    pub status: u32,
}

/// `IDL_CLUSTER_SET_PASSWORD_STATUS`: what one node says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Ndr)]
pub struct PasswordResult {
    /// Number of the node.
    pub node_id: u32,
    /// 1 if the node tried.
    pub attempted: u8,
    /// Win32 code.
    pub status: u32,
}

impl Refusal<SetServiceAccountPassword> for SetServiceAccountPasswordResponse {
    fn refusal(request: &SetServiceAccountPassword, status: u32) -> Self {
        Self { results: Varying::empty(request.max_results), required_results: 0, status }
    }
}

/// `ApiOpenClusterEx` (opnum 117): opens the cluster with a stated access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenClusterEx {
    /// Access mask asked for.
    pub desired_access: u32,
}

/// The answer to [`OpenClusterEx`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct OpenClusterExResponse {
    /// Access that the handle carries: GENERIC_READ or GENERIC_ALL.
    pub granted_access: u32,
    /// Win32 code.
    pub status: u32,
    /// The cluster; null unless `status` is 0.
    pub handle: ClusterHandle,
}

/// `ApiCreateEnumEx` (opnum 125): objects of the cluster, by id and by name.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateEnumEx {
    /// The cluster.
    pub cluster: ClusterHandle,
    /// Types asked for, as bits.
    pub type_mask: u32,
    /// Reserved; 0.
    pub options: u32,
}

/// `ApiCreateGroupEnum` (opnum 143): all groups, with the properties asked for.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateGroupEnum {
    /// The cluster.
    pub cluster: ClusterHandle,
    /// Names of common properties, as UTF-16 strings that a NUL ends, and one more NUL; `*` is all, null none.
    #[ndr(count_after)]
    pub properties: Option<Vec<u8>>,
    /// Names of read-only common properties, likewise.
    #[ndr(count_after)]
    pub ro_properties: Option<Vec<u8>>,
}

/// `ApiCreateResourceEnum` (opnum 144): all resources, with the properties asked for.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateResourceEnum {
    /// The cluster.
    pub cluster: ClusterHandle,
    /// Names of common properties, as UTF-16 strings that a NUL ends, and one more NUL; `*` is all, null none.
    #[ndr(count_after)]
    pub properties: Option<Vec<u8>>,
    /// Names of read-only common properties, likewise.
    #[ndr(count_after)]
    pub ro_properties: Option<Vec<u8>>,
}

plain_responses!(
    OpenClusterResponse,
    GetClusterNameResponse,
    GetClusterVersionResponse,
    GetQuorumResourceResponse,
    GetClusterVersion2Response,
    OpenClusterExResponse,
);
responses!(SetServiceAccountPasswordResponse);
