//! What a handle with read access cannot do: every operation of the table that needs more.

use std::collections::BTreeMap;

use mainstay_cmrp::cluster::{BackupClusterDatabase, OpenCluster, OpenClusterEx, SetClusterName};
use mainstay_cmrp::control::{
    ClusterControl, ControlRequest, GroupControl, NetInterfaceControl, NetworkControl, NodeClusterControl,
    NodeControl, NodeGroupControl, NodeNetInterfaceControl, NodeNetworkControl, NodeNodeControl,
    NodeResourceControl, NodeResourceTypeControl, ResourceControl, ResourceTypeControl,
};
use mainstay_cmrp::group::{
    CancelClusterGroupOperation, CreateGroup, CreateGroupEx, DeleteGroup, MoveGroup, MoveGroupEx,
    MoveGroupToNode, MoveGroupToNodeEx, OfflineGroup, OfflineGroupEx, OnlineGroup, OnlineGroupEx, OpenGroup,
    OpenGroupEx, RemoveClusterGroupDependency, SetGroupDependencyExpression, SetGroupName, SetGroupNodeList,
};
use mainstay_cmrp::group_set::{CreateGroupSet, OpenGroupSet, RemoveGroupFromGroupSet};
use mainstay_cmrp::net_interface::{OpenNetInterface, OpenNetInterfaceEx};
use mainstay_cmrp::network::{OpenNetwork, OpenNetworkEx, SetNetworkName};
use mainstay_cmrp::node::{
    OpenNode, OpenNodeEx, PauseNode, PauseNodeEx, PauseNodeWithDrainTarget, ResumeNode, ResumeNodeEx,
};
use mainstay_cmrp::resource::{
    AddResourceDependency, AddResourceNode, CreateResource, DeleteResource, FailResource, OfflineResource,
    OfflineResourceEx, OnlineResource, OnlineResourceEx, OpenResource, OpenResourceEx,
    RemoveResourceDependency, RemoveResourceNode, RestartResource, SetResourceDependencyExpression,
    SetResourceName,
};
use mainstay_cmrp::resource_type::{CreateResourceType, DeleteResourceType};
use mainstay_cmrp::{
    ClusterHandle, GroupHandle, NetInterfaceHandle, NetworkHandle, NodeHandle, Request, RequiredAccess,
    ResourceHandle,
};
use mainstay_proplist::{PropertyList, Value};
use mainstay_security::{Ace, Sid};
use mainstay_tests::{Somebody, TestCluster, Wire, assert_same};
use mainstay_types::access::{CLUSAPI_READ_ACCESS, GENERIC_READ, MAXIMUM_ALLOWED};
use mainstay_types::control::{function, object, own};
use mainstay_types::operation::Verb;
use mainstay_types::own_codes::submit;
use mainstay_types::{Access, Status};

use super::access::{descriptor, set_descriptor};

#[path = "../../crates/cmrp/tests/samples/mod.rs"]
#[allow(dead_code, reason = "it has answers too")]
mod samples;

const ALICE: Somebody = Somebody { uid: 61_001, gid: 61_001, groups: &[] };

/// Answers: refused because of access, and not served at all.
const REFUSED: u32 = Status::ACCESS_DENIED.0;
const NOT_SERVED: u32 = Status::CALL_NOT_IMPLEMENTED.0;

/// Bit 22 of a control code: it changes something.
const MODIFY: u32 = 0x40_0000;
/// Bit 21: it belongs to a vendor.
const USER: u32 = 0x20_0000;

/// What needs the handle of a group set, which nobody gets who may only look: there is no method for that.
const OF_GROUP_SETS: [u16; 11] = [166, 167, 169, 171, 172, 173, 174, 177, 178, 179, 183];

/// Room that no answer needs.
const ROOM: u32 = 4096;

/// What one connection of a reader holds.
struct Held {
    cluster: ClusterHandle,
    node: NodeHandle,
    group: GroupHandle,
    app: ResourceHandle,
    other: ResourceHandle,
    network: NetworkHandle,
    net_interface: NetInterfaceHandle,
}

impl Held {
    fn open(wire: &mut Wire, desired_access: u32) -> Self {
        let cluster = wire.call(&OpenClusterEx { desired_access });
        let node = wire.call(&OpenNodeEx { name: "node1".into(), desired_access });
        let group = wire.call(&OpenGroupEx { name: "g".into(), desired_access });
        let app = wire.call(&OpenResourceEx { name: "app".into(), desired_access });
        let other = wire.call(&OpenResourceEx { name: "other".into(), desired_access });
        let network = wire.call(&OpenNetworkEx { name: "Cluster Network 1".into(), desired_access });
        let interface = wire.call(&OpenNetInterfaceEx { name: "node1 - eth0".into(), desired_access });
        for (status, granted) in [
            (network.status, network.granted_access),
            (interface.status, interface.granted_access),
            (cluster.status, cluster.granted_access),
            (node.status, node.granted_access),
            (group.status, group.granted_access),
            (app.status, app.granted_access),
            (other.status, other.granted_access),
        ] {
            assert_eq!((status, granted), (0, GENERIC_READ));
        }
        Held {
            cluster: cluster.handle,
            node: node.handle,
            group: group.handle,
            app: app.handle,
            other: other.handle,
            network: network.handle,
            net_interface: interface.handle,
        }
    }

    /// Every operation that is served and needs full access, with arguments that are good otherwise.
    fn requests(&self) -> Vec<Request> {
        let Self { node, group, app: resource, other, network, .. } = *self;
        let name = || "renamed".to_owned();
        let mut all: Vec<Request> = vec![
            OpenCluster.into(),
            OpenResource { name: "app".into() }.into(),
            OpenGroup { name: "g".into() }.into(),
            OpenNode { name: "node1".into() }.into(),
            SetClusterName { name: name() }.into(),
            BackupClusterDatabase { path: "/refused.backup".into() }.into(),
            CreateResource { group, name: "new".into(), type_name: "Generic Application".into(), flags: 0 }
                .into(),
            DeleteResource { resource: other }.into(),
            SetResourceName { resource, name: name() }.into(),
            FailResource { resource }.into(),
            OnlineResource { resource: other }.into(),
            OfflineResource { resource }.into(),
            AddResourceDependency { resource: other, provider: resource }.into(),
            RemoveResourceDependency { resource: other, provider: resource }.into(),
            AddResourceNode { resource, node }.into(),
            RemoveResourceNode { resource, node }.into(),
            CreateResourceType {
                name: "mine".into(),
                display_name: "mine".into(),
                dll_name: "/tmp/mine.so".into(),
                looks_alive_ms: 5000,
                is_alive_ms: 60_000,
            }
            .into(),
            DeleteResourceType { name: "Generic Application".into() }.into(),
            CreateGroup { name: "new".into() }.into(),
            CreateGroupEx { name: "new".into(), info: None }.into(),
            DeleteGroup { group, force: true }.into(),
            SetGroupName { group, name: name() }.into(),
            OnlineGroup { group }.into(),
            MoveGroup { group }.into(),
            MoveGroupToNode { group, node }.into(),
            MoveGroupEx { group, flags: 0, input: Vec::new() }.into(),
            MoveGroupToNodeEx { group, node, flags: 0, input: Vec::new() }.into(),
            OnlineGroupEx { group, flags: 0, input: Vec::new() }.into(),
            OfflineGroup { group }.into(),
            OfflineGroupEx { group, flags: 0, input: Vec::new() }.into(),
            CancelClusterGroupOperation { group, flags: 0 }.into(),
            SetGroupNodeList { group, nodes: None }.into(),
            CreateGroupSet { name: "new".into() }.into(),
            OpenGroupSet { name: "set".into() }.into(),
            RemoveGroupFromGroupSet { group }.into(),
            SetGroupDependencyExpression { group, expression: String::new() }.into(),
            RemoveClusterGroupDependency { group, provider: group }.into(),
            OpenNetwork { name: "Cluster Network 1".into() }.into(),
            OpenNetInterface { name: "node1 - eth0".into() }.into(),
            SetNetworkName { network, name: name() }.into(),
            PauseNode { node }.into(),
            PauseNodeEx { node, drain: false, flags: 0 }.into(),
            PauseNodeWithDrainTarget { node, flags: 0, drain_target: node }.into(),
            ResumeNode { node }.into(),
            ResumeNodeEx { node, failback: 0, flags: 0 }.into(),
            SetResourceDependencyExpression { resource: other, expression: Some("[app]".into()) }.into(),
            OnlineResourceEx { resource: other, flags: 0, input: Vec::new() }.into(),
            OfflineResourceEx { resource, flags: 0, input: Vec::new() }.into(),
            // Who may not do it at all is not told what else is wrong with it.
            OfflineResourceEx { resource, flags: 0x8000_0000, input: vec![0xFF; 40] }.into(),
            RestartResource { resource, flags: 0 }.into(),
        ];
        all.extend(self.controls(MODIFY));
        all
    }

    /// Setting properties, and codes of vendors, with this bit.
    fn controls(&self, bit: u32) -> Vec<Request> {
        let mut all = Vec::new();
        let list = PropertyList::new().with("Description", "changed").to_bytes().unwrap();
        let private = PropertyList::new().with("CommandLine", "rm -rf /").to_bytes().unwrap();
        for (code, list) in [
            (function::SET_COMMON_PROPERTIES, &list),
            (function::SET_PRIVATE_PROPERTIES, &private),
            (USER | 0x6, &list),
        ] {
            let control = |kind: u32| ControlRequest {
                code: kind | bit | code,
                input: Some(list.clone()),
                output_len: ROOM,
            };
            let Self { cluster, node, group, app: resource, network, net_interface, .. } = *self;
            let type_name = || "Generic Application".to_owned();
            all.push(ClusterControl { cluster, control: control(object::CLUSTER) }.into());
            all.push(NodeControl { node, control: control(object::NODE) }.into());
            all.push(GroupControl { group, control: control(object::GROUP) }.into());
            all.push(ResourceControl { resource, control: control(object::RESOURCE) }.into());
            let control_of_type = control(object::RESOURCE_TYPE);
            all.push(
                ResourceTypeControl { cluster, type_name: type_name(), control: control_of_type }.into(),
            );
            all.push(NetworkControl { network, control: control(object::NETWORK) }.into());
            let of_interface = || control(object::NETWORK_INTERFACE);
            all.push(NetInterfaceControl { net_interface, control: of_interface() }.into());
            // The same, to be carried out by a node that is named.
            let host_node = node;
            all.push(NodeNetworkControl { network, host_node, control: control(object::NETWORK) }.into());
            all.push(NodeNetInterfaceControl { net_interface, host_node, control: of_interface() }.into());
            all.push(NodeClusterControl { cluster, host_node, control: control(object::CLUSTER) }.into());
            all.push(NodeNodeControl { node, host_node, control: control(object::NODE) }.into());
            all.push(NodeGroupControl { group, host_node, control: control(object::GROUP) }.into());
            all.push(NodeResourceControl { resource, host_node, control: control(object::RESOURCE) }.into());
            let (type_name, control) = (type_name(), control(object::RESOURCE_TYPE));
            all.push(NodeResourceTypeControl { cluster, type_name, host_node, control }.into());
        }
        all
    }

    /// Mainstay's own code for operations, which says in its output what it answers.
    fn submit(&self, wire: &mut Wire, verb: Verb) -> Status {
        let list = PropertyList::new()
            .with(submit::VERB, verb.as_str())
            .with(submit::OBJECT_TYPE, submit::OBJECT_TYPE_RESOURCE)
            .with(submit::OBJECT, "app")
            .with(submit::FLAGS, 0_u32);
        let control =
            ControlRequest { code: own::SUBMIT.0, input: Some(list.to_bytes().unwrap()), output_len: ROOM };
        let answer = wire.call(&ClusterControl { cluster: self.cluster, control });
        Status(PropertyList::parse(answer.output()).unwrap().dword(submit::STATUS).unwrap())
    }
}

/// The operations that need full access and are served, by number, as the table and the service say.
fn served(wire: &mut Wire) -> BTreeMap<u16, &'static str> {
    let needs_full = |request: &Request| {
        matches!(request.required_access(), RequiredAccess::AtLeast(Access::Full))
            || request.name().ends_with("Control")
    };
    let mut served = BTreeMap::new();
    for request in samples::requests().iter().filter(|request| needs_full(request)) {
        let not_served = request.refusal_stub(NOT_SERVED).unwrap();
        // A served operation does not know the sample's handle, or refuses the caller.
        if wire.send(request) != Ok(not_served) {
            served.insert(request.opnum(), request.name());
        }
    }
    served
}

fn with_reader_or_skip() -> Option<TestCluster> {
    let cluster = TestCluster::start_on_network_or_skip()?;
    if !cluster.open_to_others_or_skip() {
        return None;
    }
    cluster.application("g", "app", "sleep 1000");
    cluster.application("g", "other", "sleep 1001");
    cluster.carry_out(Verb::Online, "app");
    let readable = descriptor([Ace::allow(Sid::unix_user(ALICE.uid), CLUSAPI_READ_ACCESS)]);
    set_descriptor(&cluster, Value::Binary(readable.to_bytes().unwrap())).unwrap();
    Some(cluster)
}

#[test]
fn every_operation_that_changes_something_is_refused_to_a_reader() {
    let Some(cluster) = with_reader_or_skip() else { return };
    let before = cluster.snapshot();
    ALICE.act(|| {
        for desired_access in [GENERIC_READ, MAXIMUM_ALLOWED] {
            let mut wire = Wire::connect(&cluster);
            let held = Held::open(&mut wire, desired_access);
            let requests = held.requests();
            for request in &requests {
                let refused = request.refusal_stub(REFUSED).unwrap();
                assert_eq!(wire.send(request), Ok(refused), "{request:?}");
            }
            for verb in [Verb::Online, Verb::Offline, Verb::Restart, Verb::Fail] {
                assert_eq!(held.submit(&mut wire, verb), Status::ACCESS_DENIED, "{verb}");
            }
            // No operation was forgotten here.
            let mut served = served(&mut Wire::connect(&cluster));
            served.retain(|number, _| {
                !OF_GROUP_SETS.contains(number) && !requests.iter().any(|request| request.opnum() == *number)
            });
            assert!(served.is_empty(), "not tried: {served:?}");
        }
    });
    assert_same(&before, &cluster.snapshot(), "a refused call changes nothing");
}

#[test]
fn a_code_without_the_bit_for_changing_changes_nothing() {
    let Some(cluster) = with_reader_or_skip() else { return };
    let before = cluster.snapshot();
    ALICE.act(|| {
        let mut wire = Wire::connect(&cluster);
        let held = Held::open(&mut wire, GENERIC_READ);
        for request in held.controls(0) {
            let done = request.refusal_stub(0).unwrap();
            assert_ne!(wire.send(&request), Ok(done), "{request:?}");
        }
    });
    assert_same(&before, &cluster.snapshot(), "nothing has changed");
}

#[test]
fn the_journal_has_who_was_refused() {
    let Some(cluster) = with_reader_or_skip() else { return };
    ALICE.act(|| {
        let mut wire = Wire::connect(&cluster);
        let held = Held::open(&mut wire, GENERIC_READ);
        assert_eq!(held.submit(&mut wire, Verb::Offline), Status::ACCESS_DENIED);
        wire.call(&FailResource { resource: held.app });
        wire.call(&SetResourceName { resource: held.app, name: "renamed".into() });
    });
    let records = cluster.journal("app");
    for (verb, record) in [Verb::Rename, Verb::Fail, Verb::Offline].into_iter().zip(&records) {
        assert_eq!((record.verb, record.answer), (verb, Status::ACCESS_DENIED), "{record:?}");
        assert_eq!(record.asker.account, "uid 61001");
        assert_eq!(record.asker.sid, Sid::unix_user(ALICE.uid).to_string());
        assert!(record.asker.origin.contains(&std::process::id().to_string()), "{:?}", record.asker);
        assert!(record.parts.is_empty(), "{record:?}");
    }
    // And the command shows it.
    let shown = cluster.mainstay(&["journal", "app", "--limit", "1"]);
    assert!(shown.contains("uid 61001") && shown.contains("5 ERROR_ACCESS_DENIED"), "{shown}");
}
