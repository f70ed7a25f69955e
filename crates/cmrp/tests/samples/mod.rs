//! One request and one answer of every operation, with a distinct value in every place.

use mainstay_cmrp::batch::*;
use mainstay_cmrp::cluster::*;
use mainstay_cmrp::control::*;
use mainstay_cmrp::enumeration::*;
use mainstay_cmrp::group::*;
use mainstay_cmrp::group_set::*;
use mainstay_cmrp::net_interface::*;
use mainstay_cmrp::network::*;
use mainstay_cmrp::node::*;
use mainstay_cmrp::notify::*;
use mainstay_cmrp::notify_v1::*;
use mainstay_cmrp::registry::*;
use mainstay_cmrp::resource::*;
use mainstay_cmrp::resource_type::*;
use mainstay_cmrp::security_descriptor::*;
use mainstay_cmrp::*;
use mainstay_ndr::{ContextHandle, Varying};
use uuid::Uuid;

/// One request of every operation, in the order of their numbers.
pub(crate) fn requests() -> Vec<Request> {
    vec![
        OpenCluster.into(),
        CloseCluster { cluster: handle(1) }.into(),
        SetClusterName { name: "Network Name".into() }.into(),
        GetClusterName.into(),
        GetClusterVersion.into(),
        GetQuorumResource.into(),
        SetQuorumResource { resource: handle(1), device_name: "a".into(), max_quorum_log_size: 3 }.into(),
        CreateEnum { type_mask: 1 }.into(),
        OpenResource { name: "Network Name".into() }.into(),
        CreateResource { group: handle(1), name: "a".into(), type_name: "disk 3".into(), flags: 4 }.into(),
        DeleteResource { resource: handle(1) }.into(),
        CloseResource { resource: handle(1) }.into(),
        GetResourceState { resource: handle(1) }.into(),
        SetResourceName { resource: handle(1), name: "a".into() }.into(),
        GetResourceId { resource: handle(1) }.into(),
        GetResourceType { resource: handle(1) }.into(),
        FailResource { resource: handle(1) }.into(),
        OnlineResource { resource: handle(1) }.into(),
        OfflineResource { resource: handle(1) }.into(),
        AddResourceDependency { resource: handle(1), provider: handle(2) }.into(),
        RemoveResourceDependency { resource: handle(1), provider: handle(2) }.into(),
        CanResourceBeDependent { resource: handle(1), dependent: handle(2) }.into(),
        CreateResEnum { resource: handle(1), type_mask: 2 }.into(),
        AddResourceNode { resource: handle(1), node: handle(2) }.into(),
        RemoveResourceNode { resource: handle(1), node: handle(2) }.into(),
        ChangeResourceGroup { resource: handle(1), group: handle(2) }.into(),
        CreateResourceType {
            name: "Network Name".into(),
            display_name: "a".into(),
            dll_name: "disk 3".into(),
            looks_alive_ms: 4,
            is_alive_ms: 5,
        }
        .into(),
        DeleteResourceType { name: "Network Name".into() }.into(),
        GetRootKey { sam_desired: 1 }.into(),
        CreateKey {
            key: handle(1),
            sub_key: "a".into(),
            options: 3,
            sam_desired: 4,
            security: Some(SecurityAttributes { len: 7, descriptor: descriptor(), inherit_handle: 9 }),
        }
        .into(),
        OpenKey { key: handle(1), sub_key: "a".into(), sam_desired: 3 }.into(),
        EnumKey { key: handle(1), index: 2 }.into(),
        SetValue { key: handle(1), name: "a".into(), value_type: 3, data: vec![4; 4] }.into(),
        DeleteValue { key: handle(1), name: "a".into() }.into(),
        QueryValue { key: handle(1), name: "a".into(), room: ValueRoom::up_to(5) }.into(),
        DeleteKey { key: handle(1), sub_key: "a".into() }.into(),
        EnumValue { key: handle(1), index: 2, room_len: 3 }.into(),
        CloseKey { key: handle(1) }.into(),
        QueryInfoKey { key: handle(1) }.into(),
        SetKeySecurity { key: handle(1), security_information: 2, descriptor: descriptor() }.into(),
        GetKeySecurity { key: handle(1), security_information: 2, descriptor: descriptor() }.into(),
        OpenGroup { name: "Network Name".into() }.into(),
        CreateGroup { name: "Network Name".into() }.into(),
        DeleteGroup { group: handle(1), force: true }.into(),
        CloseGroup { group: handle(1) }.into(),
        GetGroupState { group: handle(1) }.into(),
        SetGroupName { group: handle(1), name: "a".into() }.into(),
        GetGroupId { group: handle(1) }.into(),
        GetNodeId { node: handle(1) }.into(),
        OnlineGroup { group: handle(1) }.into(),
        OfflineGroup { group: handle(1) }.into(),
        MoveGroup { group: handle(1) }.into(),
        MoveGroupToNode { group: handle(1), node: handle(2) }.into(),
        CreateGroupResourceEnum { group: handle(1), type_mask: 2 }.into(),
        SetGroupNodeList { group: handle(1), nodes: Some(vec![2, 0, 0]) }.into(),
        CreateNotify.into(),
        CloseNotify { notify: handle(1) }.into(),
        AddNotifyCluster { notify: handle(1), cluster: handle(2), filter: 3, notify_key: 4 }.into(),
        AddNotifyNode { notify: handle(1), node: handle(2), filter: 3, notify_key: 4 }.into(),
        AddNotifyGroup { notify: handle(1), group: handle(2), filter: 3, notify_key: 4 }.into(),
        AddNotifyResource { notify: handle(1), resource: handle(2), filter: 3, notify_key: 4 }.into(),
        AddNotifyKey { notify: handle(1), key: handle(2), notify_key: 3, filter: 4, watch_sub_tree: true }
            .into(),
        ReAddNotifyNode { notify: handle(1), node: handle(2), filter: 3, notify_key: 4, state_sequence: 5 }
            .into(),
        ReAddNotifyGroup { notify: handle(1), group: handle(2), filter: 3, notify_key: 4, state_sequence: 5 }
            .into(),
        ReAddNotifyResource {
            notify: handle(1),
            resource: handle(2),
            filter: 3,
            notify_key: 4,
            state_sequence: 5,
        }
        .into(),
        GetNotify { notify: handle(1) }.into(),
        OpenNode { name: "Network Name".into() }.into(),
        CloseNode { node: handle(1) }.into(),
        GetNodeState { node: handle(1) }.into(),
        PauseNode { node: handle(1) }.into(),
        ResumeNode { node: handle(1) }.into(),
        EvictNode { node: handle(1) }.into(),
        NodeResourceControl {
            resource: handle(1),
            host_node: handle(2),
            control: ControlRequest { code: 4, input: Some(vec![5; 5]), output_len: 6 },
        }
        .into(),
        ResourceControl {
            resource: handle(1),
            control: ControlRequest { code: 3, input: Some(vec![4; 4]), output_len: 5 },
        }
        .into(),
        NodeResourceTypeControl {
            cluster: handle(1),
            type_name: "a".into(),
            host_node: handle(3),
            control: ControlRequest { code: 5, input: Some(vec![6; 6]), output_len: 7 },
        }
        .into(),
        ResourceTypeControl {
            cluster: handle(1),
            type_name: "a".into(),
            control: ControlRequest { code: 4, input: Some(vec![5; 5]), output_len: 6 },
        }
        .into(),
        NodeGroupControl {
            group: handle(1),
            host_node: handle(2),
            control: ControlRequest { code: 4, input: Some(vec![5; 5]), output_len: 6 },
        }
        .into(),
        GroupControl {
            group: handle(1),
            control: ControlRequest { code: 3, input: Some(vec![4; 4]), output_len: 5 },
        }
        .into(),
        NodeNodeControl {
            node: handle(1),
            host_node: handle(2),
            control: ControlRequest { code: 4, input: Some(vec![5; 5]), output_len: 6 },
        }
        .into(),
        NodeControl {
            node: handle(1),
            control: ControlRequest { code: 3, input: Some(vec![4; 4]), output_len: 5 },
        }
        .into(),
        OpenNetwork { name: "Network Name".into() }.into(),
        CloseNetwork { network: handle(1) }.into(),
        GetNetworkState { network: handle(1) }.into(),
        SetNetworkName { network: handle(1), name: "a".into() }.into(),
        CreateNetworkEnum { network: handle(1), type_mask: 2 }.into(),
        GetNetworkId { network: handle(1) }.into(),
        SetNetworkPriorityOrder { ids: vec![some("x"), some("yz")] }.into(),
        NodeNetworkControl {
            network: handle(1),
            host_node: handle(2),
            control: ControlRequest { code: 4, input: Some(vec![5; 5]), output_len: 6 },
        }
        .into(),
        NetworkControl {
            network: handle(1),
            control: ControlRequest { code: 3, input: Some(vec![4; 4]), output_len: 5 },
        }
        .into(),
        AddNotifyNetwork { notify: handle(1), network: handle(2), filter: 3, notify_key: 4 }.into(),
        ReAddNotifyNetwork {
            notify: handle(1),
            network: handle(2),
            filter: 3,
            notify_key: 4,
            state_sequence: 5,
        }
        .into(),
        OpenNetInterface { name: "Network Name".into() }.into(),
        CloseNetInterface { net_interface: handle(1) }.into(),
        GetNetInterfaceState { net_interface: handle(1) }.into(),
        GetNetInterface { node_name: "Network Name".into(), network_name: "a".into() }.into(),
        GetNetInterfaceId { net_interface: handle(1) }.into(),
        NodeNetInterfaceControl {
            net_interface: handle(1),
            host_node: handle(2),
            control: ControlRequest { code: 4, input: Some(vec![5; 5]), output_len: 6 },
        }
        .into(),
        NetInterfaceControl {
            net_interface: handle(1),
            control: ControlRequest { code: 3, input: Some(vec![4; 4]), output_len: 5 },
        }
        .into(),
        AddNotifyNetInterface { notify: handle(1), net_interface: handle(2), filter: 3, notify_key: 4 }
            .into(),
        ReAddNotifyNetInterface {
            notify: handle(1),
            net_interface: handle(2),
            filter: 3,
            notify_key: 4,
            state_sequence: 5,
        }
        .into(),
        CreateNodeEnum { node: handle(1), type_mask: 2 }.into(),
        GetClusterVersion2.into(),
        CreateResTypeEnum { name: "Network Name".into(), type_mask: 2 }.into(),
        BackupClusterDatabase { path: "Network Name".into() }.into(),
        NodeClusterControl {
            cluster: handle(1),
            host_node: handle(2),
            control: ControlRequest { code: 4, input: Some(vec![5; 5]), output_len: 6 },
        }
        .into(),
        ClusterControl {
            cluster: handle(1),
            control: ControlRequest { code: 3, input: Some(vec![4; 4]), output_len: 5 },
        }
        .into(),
        UnblockGetNotifyCall { notify: handle(1) }.into(),
        SetServiceAccountPassword { password: "Network Name".into(), flags: 2, max_results: 3 }.into(),
        SetResourceDependencyExpression { resource: handle(1), expression: some("a") }.into(),
        GetResourceDependencyExpression { resource: handle(1) }.into(),
        GetResourceNetworkName { resource: handle(1) }.into(),
        ExecuteBatch { key: handle(1), data: vec![2; 2] }.into(),
        CreateBatchPort { key: handle(1) }.into(),
        GetBatchNotification { port: handle(1) }.into(),
        CloseBatchPort { port: handle(1) }.into(),
        OpenClusterEx { desired_access: 1 }.into(),
        OpenNodeEx { name: "Network Name".into(), desired_access: 2 }.into(),
        OpenGroupEx { name: "Network Name".into(), desired_access: 2 }.into(),
        OpenResourceEx { name: "Network Name".into(), desired_access: 2 }.into(),
        OpenNetworkEx { name: "Network Name".into(), desired_access: 2 }.into(),
        OpenNetInterfaceEx { name: "Network Name".into(), desired_access: 2 }.into(),
        ChangeCsvState { resource: handle(1), state: 2 }.into(),
        CreateNodeEnumEx { node: handle(1), type_mask: 2, options: 3 }.into(),
        CreateEnumEx { cluster: handle(1), type_mask: 2, options: 3 }.into(),
        PauseNodeEx { node: handle(1), drain: true, flags: 3 }.into(),
        PauseNodeWithDrainTarget { node: handle(1), flags: 2, drain_target: handle(3) }.into(),
        ResumeNodeEx { node: handle(1), failback: 2, flags: 3 }.into(),
        CreateGroupEx {
            name: "Network Name".into(),
            info: Some(CreateGroupInfo { version: 4, group_type: 5 }),
        }
        .into(),
        OnlineGroupEx { group: handle(1), flags: 2, input: vec![3; 3] }.into(),
        OfflineGroupEx { group: handle(1), flags: 2, input: vec![3; 3] }.into(),
        MoveGroupEx { group: handle(1), flags: 2, input: vec![3; 3] }.into(),
        MoveGroupToNodeEx { group: handle(1), node: handle(2), flags: 3, input: vec![4; 4] }.into(),
        CancelClusterGroupOperation { group: handle(1), flags: 2 }.into(),
        OnlineResourceEx { resource: handle(1), flags: 2, input: vec![3; 3] }.into(),
        OfflineResourceEx { resource: handle(1), flags: 2, input: vec![3; 3] }.into(),
        CreateNotifyV2.into(),
        AddNotifyV2 {
            notify: handle(1),
            object: handle(2),
            filter: NotifyFilter { object_type: 4, events: 5 },
            notify_key: 6,
            version: 7,
            targeted: true,
        }
        .into(),
        GetNotifyV2 { notify: handle(1) }.into(),
        CreateGroupEnum { cluster: handle(1), properties: Some(vec![2; 2]), ro_properties: Some(vec![3; 3]) }
            .into(),
        CreateResourceEnum {
            cluster: handle(1),
            properties: Some(vec![2; 2]),
            ro_properties: Some(vec![3; 3]),
        }
        .into(),
        ExecuteReadBatch { key: handle(1), data: vec![2; 2] }.into(),
        RestartResource { resource: handle(1), flags: 2 }.into(),
        GetNotifyAsync { notify: handle(1) }.into(),
        AddNotifyResourceTypeV2 {
            notify: handle(1),
            filter: 2,
            notify_key: 3,
            type_name: "é€".into(),
            version: 5,
        }
        .into(),
        ExecuteReadBatchEx { key: handle(1), data: vec![2; 2], flags: 3 }.into(),
        CreateGroupSet { name: "Network Name".into() }.into(),
        OpenGroupSet { name: "Network Name".into() }.into(),
        CloseGroupSet { group_set: handle(1) }.into(),
        DeleteGroupSet { group_set: handle(1) }.into(),
        AddGroupToGroupSet { group_set: handle(1), group: handle(2) }.into(),
        RemoveGroupFromGroupSet { group: handle(1) }.into(),
        MoveGroupToGroupSet { group_set: handle(1), group: handle(2) }.into(),
        AddGroupSetDependency { group_set: handle(1), provider: handle(2) }.into(),
        AddGroupToGroupSetDependency { group: handle(1), provider: handle(2) }.into(),
        NodeGroupSetControl {
            group_set: handle(1),
            host_node: handle(2),
            control: ControlRequest { code: 4, input: Some(vec![5; 5]), output_len: 6 },
        }
        .into(),
        GroupSetControl {
            group_set: handle(1),
            control: ControlRequest { code: 3, input: Some(vec![4; 4]), output_len: 5 },
        }
        .into(),
        SetGroupDependencyExpression { group: handle(1), expression: "a".into() }.into(),
        RemoveClusterGroupDependency { group: handle(1), provider: handle(2) }.into(),
        SetGroupSetDependencyExpression { group_set: handle(1), expression: "a".into() }.into(),
        RemoveGroupSetDependency { group_set: handle(1), provider: handle(2) }.into(),
        RemoveClusterGroupToGroupSetDependency { group: handle(1), provider: handle(2) }.into(),
        CreateGroupSetEnum { cluster: handle(1) }.into(),
        CreateNetInterfaceEnum { cluster: handle(1), node_name: "a".into(), network_name: "disk 3".into() }
            .into(),
        ChangeCsvStateEx { resource: handle(1), state: 2, volume_name: "disk 3".into() }.into(),
        AddGroupToGroupSetEx {
            group_set: handle(1),
            group: handle(2),
            fault_domain: 3,
            update_domain: 4,
            use_domains: true,
            reserved: 6,
        }
        .into(),
        ChangeResourceGroupEx { resource: handle(1), group: handle(2), flags: 3 }.into(),
    ]
}

/// Number, name and stub of one answer to every operation, in the order of their numbers.
pub(crate) fn answers() -> Vec<(u16, &'static str, Vec<u8>)> {
    vec![
        answer::<OpenCluster>(&OpenClusterResponse { status: 0, handle: handle(2) }),
        answer::<CloseCluster>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<SetClusterName>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetClusterName>(&GetClusterNameResponse {
            cluster_name: some("Network Name"),
            node_name: some("a"),
            status: 0,
        }),
        answer::<GetClusterVersion>(&GetClusterVersionResponse {
            major: 1,
            minor: 2,
            build: 3,
            vendor_id: some("é€"),
            csd_version: some("{id}"),
            status: 0,
        }),
        answer::<GetQuorumResource>(&GetQuorumResourceResponse {
            resource_name: some("Network Name"),
            device_name: some("a"),
            max_quorum_log_size: 3,
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<SetQuorumResource>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateEnum>(&EnumResponse {
            list: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<OpenResource>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<CreateResource>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<DeleteResource>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CloseResource>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<GetResourceState>(&GetResourceStateResponse {
            state: 1,
            node_name: some("a"),
            group_name: some("disk 3"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<SetResourceName>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetResourceId>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<GetResourceType>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<FailResource>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<OnlineResource>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<OfflineResource>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<AddResourceDependency>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<RemoveResourceDependency>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CanResourceBeDependent>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateResEnum>(&EnumResponse {
            list: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<AddResourceNode>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<RemoveResourceNode>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<ChangeResourceGroup>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateResourceType>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<DeleteResourceType>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetRootKey>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<CreateKey>(&CreateKeyResponse {
            disposition: 1,
            status: 0,
            rpc_status: RpcStatus(0),
            handle: handle(4),
        }),
        answer::<OpenKey>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<EnumKey>(&EnumKeyResponse {
            name: some("Network Name"),
            last_write: FileTime { low: 3, high: 4 },
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<SetValue>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<DeleteValue>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<QueryValue>(&QueryValueResponse::new(&query_value(), 3, vec![1, 2, 3])),
        answer::<DeleteKey>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<EnumValue>(&EnumValueResponse {
            name: some("Network Name"),
            value_type: 2,
            data: vec![3; 3],
            total_len: 4,
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<CloseKey>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<QueryInfoKey>(&QueryInfoKeyResponse {
            sub_keys: 1,
            max_sub_key_len: 2,
            values: 3,
            max_value_name_len: 4,
            max_value_len: 5,
            security_descriptor_len: 6,
            last_write: FileTime { low: 8, high: 9 },
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<SetKeySecurity>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetKeySecurity>(&GetKeySecurityResponse {
            descriptor: descriptor(),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<OpenGroup>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<CreateGroup>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<DeleteGroup>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CloseGroup>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<GetGroupState>(&GetGroupStateResponse {
            state: 1,
            node_name: some("a"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<SetGroupName>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetGroupId>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<GetNodeId>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<OnlineGroup>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<OfflineGroup>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<MoveGroup>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<MoveGroupToNode>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateGroupResourceEnum>(&EnumResponse {
            list: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<SetGroupNodeList>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateNotify>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<CloseNotify>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<AddNotifyCluster>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<AddNotifyNode>(&StateSequenceResponse {
            state_sequence: 1,
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<AddNotifyGroup>(&StateSequenceResponse {
            state_sequence: 1,
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<AddNotifyResource>(&StateSequenceResponse {
            state_sequence: 1,
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<AddNotifyKey>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<ReAddNotifyNode>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<ReAddNotifyGroup>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<ReAddNotifyResource>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetNotify>(&GetNotifyResponse {
            notify_key: 1,
            filter: 2,
            state_sequence: 3,
            name: some("é€"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<OpenNode>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<CloseNode>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<GetNodeState>(&StateResponse { state: 1, rpc_status: RpcStatus(0), status: 0 }),
        answer::<PauseNode>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<ResumeNode>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<EvictNode>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<NodeResourceControl>(&ControlResponse::new(
            &ControlRequest { output_len: 6, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<ResourceControl>(&ControlResponse::new(
            &ControlRequest { output_len: 5, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<NodeResourceTypeControl>(&ControlResponse::new(
            &ControlRequest { output_len: 7, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<ResourceTypeControl>(&ControlResponse::new(
            &ControlRequest { output_len: 6, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<NodeGroupControl>(&ControlResponse::new(
            &ControlRequest { output_len: 6, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<GroupControl>(&ControlResponse::new(
            &ControlRequest { output_len: 5, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<NodeNodeControl>(&ControlResponse::new(
            &ControlRequest { output_len: 6, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<NodeControl>(&ControlResponse::new(
            &ControlRequest { output_len: 5, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<OpenNetwork>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<CloseNetwork>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<GetNetworkState>(&StateResponse { state: 1, rpc_status: RpcStatus(0), status: 0 }),
        answer::<SetNetworkName>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateNetworkEnum>(&EnumResponse {
            list: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<GetNetworkId>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<SetNetworkPriorityOrder>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<NodeNetworkControl>(&ControlResponse::new(
            &ControlRequest { output_len: 6, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<NetworkControl>(&ControlResponse::new(
            &ControlRequest { output_len: 5, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<AddNotifyNetwork>(&StateSequenceResponse {
            state_sequence: 1,
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<ReAddNotifyNetwork>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<OpenNetInterface>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<CloseNetInterface>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<GetNetInterfaceState>(&StateResponse { state: 1, rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetNetInterface>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<GetNetInterfaceId>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<NodeNetInterfaceControl>(&ControlResponse::new(
            &ControlRequest { output_len: 6, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<NetInterfaceControl>(&ControlResponse::new(
            &ControlRequest { output_len: 5, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<AddNotifyNetInterface>(&StateSequenceResponse {
            state_sequence: 1,
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<ReAddNotifyNetInterface>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateNodeEnum>(&EnumResponse {
            list: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<GetClusterVersion2>(&GetClusterVersion2Response {
            major: 1,
            minor: 2,
            build: 3,
            vendor_id: some("é€"),
            csd_version: some("{id}"),
            operational: Some(OperationalVersion {
                size: 20,
                highest: 9,
                lowest: 10,
                flags: 11,
                reserved: 12,
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<CreateResTypeEnum>(&EnumResponse {
            list: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<BackupClusterDatabase>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<NodeClusterControl>(&ControlResponse::new(
            &ControlRequest { output_len: 6, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<ClusterControl>(&ControlResponse::new(
            &ControlRequest { output_len: 5, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<UnblockGetNotifyCall>(&BareStatusResponse { status: 0 }),
        answer::<SetServiceAccountPassword>(&SetServiceAccountPasswordResponse {
            results: Varying::new(
                3,
                vec![
                    PasswordResult { node_id: 3, attempted: 1, status: 0 },
                    PasswordResult { node_id: 7, attempted: 1, status: 0 },
                ],
            )
            .unwrap(),
            required_results: 10,
            status: 0,
        }),
        answer::<SetResourceDependencyExpression>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetResourceDependencyExpression>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<GetResourceNetworkName>(&StringResponse {
            value: some("Network Name"),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<ExecuteBatch>(&ExecuteBatchResponse {
            failed_command: 1,
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<CreateBatchPort>(&CreateBatchPortResponse {
            handle: handle(1),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<GetBatchNotification>(&GetBatchNotificationResponse { data: Some(vec![1; 1]), status: 0 }),
        answer::<CloseBatchPort>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<OpenClusterEx>(&OpenClusterExResponse { granted_access: 1, status: 0, handle: handle(3) }),
        answer::<OpenNodeEx>(&OpenExResponse {
            granted_access: 1,
            status: 0,
            rpc_status: RpcStatus(0),
            handle: handle(4),
        }),
        answer::<OpenGroupEx>(&OpenExResponse {
            granted_access: 1,
            status: 0,
            rpc_status: RpcStatus(0),
            handle: handle(4),
        }),
        answer::<OpenResourceEx>(&OpenExResponse {
            granted_access: 1,
            status: 0,
            rpc_status: RpcStatus(0),
            handle: handle(4),
        }),
        answer::<OpenNetworkEx>(&OpenExResponse {
            granted_access: 1,
            status: 0,
            rpc_status: RpcStatus(0),
            handle: handle(4),
        }),
        answer::<OpenNetInterfaceEx>(&OpenExResponse {
            granted_access: 1,
            status: 0,
            rpc_status: RpcStatus(0),
            handle: handle(4),
        }),
        answer::<ChangeCsvState>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateNodeEnumEx>(&EnumExResponse {
            ids: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            names: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 14, name: some("bc") },
                    EnumEntry { kind: 17, name: some("a") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<CreateEnumEx>(&EnumExResponse {
            ids: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            names: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 14, name: some("bc") },
                    EnumEntry { kind: 17, name: some("a") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<PauseNodeEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<PauseNodeWithDrainTarget>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<ResumeNodeEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateGroupEx>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<OnlineGroupEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<OfflineGroupEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<MoveGroupEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<MoveGroupToNodeEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CancelClusterGroupOperation>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<OnlineResourceEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<OfflineResourceEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<CreateNotifyV2>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<AddNotifyV2>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetNotifyV2>(&GetNotifyV2Response {
            notifications: Some(vec![
                Notification {
                    notify_key: 3,
                    data: NotificationData {
                        filter: NotifyFilter { object_type: 6, events: 7 },
                        buffer: Some(vec![8; 1]),
                        object_id: some("Network Name"),
                        parent_id: some("a"),
                        name: some("disk 3"),
                        type_name: some("é€"),
                    },
                },
                Notification {
                    notify_key: 14,
                    data: NotificationData {
                        filter: NotifyFilter { object_type: 17, events: 18 },
                        buffer: Some(vec![19; 5]),
                        object_id: some("é€"),
                        parent_id: some("{id}"),
                        name: some(""),
                        type_name: some("bc"),
                    },
                },
            ]),
            status: 0,
        }),
        answer::<CreateGroupEnum>(&GroupEnumResponse {
            list: Some(GroupEnumList {
                entries: vec![
                    GroupEnumEntry {
                        name: some("{id}"),
                        id: some(""),
                        state: 7,
                        owner: some("node1"),
                        flags: 9,
                        properties: Some(vec![10; 3]),
                        ro_properties: Some(vec![11; 4]),
                    },
                    GroupEnumEntry {
                        name: some("{id}"),
                        id: some(""),
                        state: 15,
                        owner: some("node1"),
                        flags: 17,
                        properties: Some(vec![18; 4]),
                        ro_properties: Some(vec![19; 5]),
                    },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<CreateResourceEnum>(&ResourceEnumResponse {
            list: Some(ResourceEnumList {
                entries: vec![
                    ResourceEnumEntry {
                        name: some("{id}"),
                        id: some(""),
                        owner_name: some("bc"),
                        owner_id: some("node1"),
                        properties: Some(vec![9; 2]),
                        ro_properties: Some(vec![10; 3]),
                    },
                    ResourceEnumEntry {
                        name: some("é€"),
                        id: some("{id}"),
                        owner_name: some(""),
                        owner_id: some("bc"),
                        properties: Some(vec![16; 2]),
                        ro_properties: Some(vec![17; 3]),
                    },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<ExecuteReadBatch>(&ReadBatchResponse {
            data: Some(vec![1; 1]),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<RestartResource>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<GetNotifyAsync>(&GetNotifyAsyncResponse {
            notifications: Some(vec![
                NotificationAsync { notify_key: 3, filter: 4, name: some("{id}") },
                NotificationAsync { notify_key: 7, filter: 8, name: some("Network Name") },
            ]),
            status: 0,
        }),
        answer::<AddNotifyResourceTypeV2>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<ExecuteReadBatchEx>(&ReadBatchResponse {
            data: Some(vec![1; 1]),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<CreateGroupSet>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<OpenGroupSet>(&OpenResponse { status: 0, rpc_status: RpcStatus(0), handle: handle(3) }),
        answer::<CloseGroupSet>(&CloseResponse { handle: handle(1), status: 0 }),
        answer::<DeleteGroupSet>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<AddGroupToGroupSet>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<RemoveGroupFromGroupSet>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<MoveGroupToGroupSet>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<AddGroupSetDependency>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<AddGroupToGroupSetDependency>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<NodeGroupSetControl>(&ControlResponse::new(
            &ControlRequest { output_len: 6, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<GroupSetControl>(&ControlResponse::new(
            &ControlRequest { output_len: 5, ..Default::default() },
            vec![1, 2, 3],
        )),
        answer::<SetGroupDependencyExpression>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<RemoveClusterGroupDependency>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<SetGroupSetDependencyExpression>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<RemoveGroupSetDependency>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<RemoveClusterGroupToGroupSetDependency>(&StatusResponse {
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<CreateGroupSetEnum>(&EnumResponse {
            list: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<CreateNetInterfaceEnum>(&EnumResponse {
            list: Some(EnumList {
                entries: vec![
                    EnumEntry { kind: 5, name: some("") },
                    EnumEntry { kind: 8, name: some("Network Name") },
                ],
            }),
            rpc_status: RpcStatus(0),
            status: 0,
        }),
        answer::<ChangeCsvStateEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<AddGroupToGroupSetEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
        answer::<ChangeResourceGroupEx>(&StatusResponse { rpc_status: RpcStatus(0), status: 0 }),
    ]
}

fn answer<O: Operation>(response: &O::Response) -> (u16, &'static str, Vec<u8>) {
    (O::OPNUM, O::NAME, encode_response::<O>(response).unwrap())
}

fn handle<H: From<ContextHandle>>(number: u128) -> H {
    ContextHandle::new(Uuid::from_u128(number)).into()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn descriptor() -> RpcSecurityDescriptor {
    RpcSecurityDescriptor::Bytes(Varying::new(20, vec![1, 0, 4, 0x80]).unwrap())
}

fn query_value() -> QueryValue {
    QueryValue { key: handle(1), name: String::new(), room: ValueRoom::up_to(5) }
}
