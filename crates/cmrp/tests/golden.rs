//! Requests and answers byte for byte, both ways.
//!
//! The bytes of the first table were made and checked with Samba's `ndrdump`; those of the second follow from the
//! published IDL, and show alignment, deferred pointers and counts that the first does not reach.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod common;

use std::fmt::Debug;

use common::{HANDLE, bytes, handle};
use mainstay_cmrp::cluster::*;
use mainstay_cmrp::control::ClusterControl;
use mainstay_cmrp::enumeration::*;
use mainstay_cmrp::group::{CreateGroupEx, CreateGroupInfo, DeleteGroup, SetGroupNodeList};
use mainstay_cmrp::network::SetNetworkPriorityOrder;
use mainstay_cmrp::notify::*;
use mainstay_cmrp::registry::*;
use mainstay_cmrp::resource::*;
use mainstay_cmrp::security_descriptor::RpcSecurityDescriptor;
use mainstay_cmrp::*;
use mainstay_ndr::{Endian, NdrParams, Varying};

/// Something that follows the parameters, as in the first protected request of a connection.
const TRAILER: &[u8] = &[0x8a, 0xe3, 0x13, 0x71, 0x02, 0xf4, 0x36, 0x71];

#[track_caller]
fn check<O>(request: O, request_hex: &str, response: O::Response, response_hex: &str)
where
    O: Operation + Clone + Debug,
    O::Response: Debug + PartialEq,
{
    check_request(request, request_hex);

    let stub = bytes(response_hex);
    assert_eq!(hex(&encode_response::<O>(&response).unwrap()), hex(&stub), "answer to {}", O::NAME);
    assert_eq!(decode_response::<O>(&stub, Endian::Little).unwrap(), response, "answer to {}", O::NAME);
    let (_, used) = O::Response::from_stub(&stub, Endian::Little).unwrap();
    assert_eq!(used, stub.len(), "answer to {}", O::NAME);
}

#[track_caller]
fn check_request<O: Operation + Clone + Debug>(request: O, request_hex: &str) {
    let mut stub = bytes(request_hex);
    let (opnum, written) = encode_request(&request).unwrap();
    assert_eq!(hex(&written), hex(&stub), "request {}", O::NAME);
    let used = stub.len();
    stub.extend_from_slice(TRAILER);
    let received = Request::decode(opnum, &stub, Endian::Little).unwrap();
    assert_eq!(received, Received { request: request.into(), used }, "request {}", O::NAME);
    assert_eq!(received.request.name(), O::NAME);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

const CLUSTER_NAME: &str = "0d000000 00000000 0d000000 43006c007500730074006500720020004e0061006d0065000000";
const EMPTY_NAME: &str = "01000000 00000000 01000000 0000";
const NULL: &str = "0000000000000000000000000000000000000000";

#[test]
fn interface_and_transfer_syntax() {
    assert_eq!((UUID.to_string().as_str(), VERSION), ("b97db8b2-4c63-11cf-bff6-08002be23f2f", (3, 0)));
    let syntax = TRANSFER_SYNTAX.to_string();
    assert_eq!((syntax.as_str(), TRANSFER_SYNTAX_VERSION), ("8a885d04-1ceb-11c9-9fe8-08002b104860", (2, 0)));
}

#[test]
fn opening_and_closing() {
    let opened = OpenClusterResponse { status: 0, handle: handle() };
    check(OpenCluster, "", opened, &format!("00000000 {HANDLE}"));
    let opened = OpenClusterExResponse { granted_access: 0x1000_0000, status: 0, handle: handle() };
    check(
        OpenClusterEx { desired_access: 0x0200_0000 },
        "00000002",
        opened,
        &format!("00000010 00000000 {HANDLE}"),
    );
    let name = "Cluster Name".to_owned();
    let opened = OpenResponse::opened(handle());
    check(OpenResource { name: name.clone() }, CLUSTER_NAME, opened, &format!("00000000 00000000 {HANDLE}"));
    let request = OpenResource { name: String::new() };
    let refusal = request.refusal(5007);
    check(request, EMPTY_NAME, refusal, &format!("8f130000 00000000 {NULL}"));
    let request = OpenResourceEx { name, desired_access: 0x0200_0000 };
    let opened = OpenExResponse::opened(0x1000_0000, handle());
    let request_hex = format!("{CLUSTER_NAME} 0000 00000002");
    check(request, &request_hex, opened, &format!("00000010 00000000 00000000 {HANDLE}"));
    check(
        CloseResource { resource: handle() },
        HANDLE,
        CloseResponse::default(),
        &format!("{NULL} 00000000"),
    );
}

#[test]
fn names_and_versions() {
    let names = GetClusterNameResponse { cluster_name: some("CLUS"), node_name: some("node1"), status: 0 };
    check(
        GetClusterName,
        "",
        names,
        "04000200 05000000 00000000 05000000 43004c00550053000000 0000
         08000200 06000000 00000000 06000000 6e006f006400650031000000 00000000",
    );
    check(
        GetClusterVersion,
        "",
        GetClusterVersion.refusal(120),
        "0000 0000 0000 0000 00000000 00000000 78000000",
    );
    let version = GetClusterVersion2Response {
        major: 10,
        minor: 0,
        build: 14393,
        vendor_id: some("mock"),
        csd_version: some(""),
        operational: Some(OperationalVersion::uniform(0x000a_0003)),
        ..Default::default()
    };
    check(
        GetClusterVersion2,
        "",
        version,
        "0a00 0000 3938 0000 04000200 05000000 00000000 05000000 6d006f0063006b000000 0000
         08000200 01000000 00000000 01000000 0000 0000
         0c000200 14000000 03000a00 03000a00 00000000 00000000 00000000 00000000",
    );
}

#[test]
fn lists() {
    let one = EnumResponse::new(EnumList::new([(1, "node1".to_owned())]));
    check(
        CreateEnum { type_mask: 1 },
        "01000000",
        one,
        "04000200 01000000 01000000 01000000 08000200 06000000 00000000 06000000
         6e006f006400650031000000 00000000 00000000",
    );
    check(
        CreateEnum { type_mask: 0x4000_0000 },
        "00000040",
        EnumResponse::new(EnumList::default()),
        "04000200 00000000 00000000 00000000 00000000",
    );
    let unknown = CreateEnum { type_mask: 0x40 };
    let refusal = unknown.refusal(87);
    check(unknown, "40000000", refusal, "00000000 00000000 57000000");
}

#[test]
fn states() {
    let state = GetResourceStateResponse {
        state: 2,
        node_name: some("node1"),
        group_name: some("Cluster Group"),
        ..Default::default()
    };
    check(
        GetResourceState { resource: handle() },
        HANDLE,
        state,
        "02000000 04000200 06000000 00000000 06000000 6e006f006400650031000000
         08000200 0e000000 00000000 0e000000 43006c00750073007400650072002000470072006f00750070000000
         00000000 00000000",
    );
    check(OfflineResource { resource: handle() }, HANDLE, StatusResponse::from(997), "00000000 e5030000");
}

#[test]
fn control_codes() {
    let request = |code, output_len| ClusterControl {
        cluster: handle(),
        control: ControlRequest { code, input: None, output_len },
    };
    let fqdn = utf16("clus.example");
    let small = request(0x0700_003d, 0);
    let answer = ControlResponse::new(&small.control, fqdn.clone());
    assert_eq!((answer.status(), answer.required_len(), answer.output()), (234, 26, &[][..]));
    check(
        small,
        &format!("{HANDLE} 3d000007 00000000 00000000 00000000"),
        answer,
        "00000000 00000000 00000000 00000000 1a000000 00000000 ea000000",
    );
    let enough = request(0x0700_003d, 26);
    let answer = ControlResponse::new(&enough.control, fqdn.clone());
    assert_eq!((answer.status(), answer.required_len(), answer.output()), (0, 26, &fqdn[..]));
    check(
        enough,
        &format!("{HANDLE} 3d000007 00000000 00000000 1a000000"),
        answer,
        &format!("1a000000 00000000 1a000000 {} 0000 1a000000 1a000000 00000000 00000000", hex(&fqdn)),
    );
    let unknown = request(0, 0);
    let refusal = unknown.refusal(1);
    check(
        unknown,
        &format!("{HANDLE} {}", "00".repeat(16)),
        refusal,
        &format!("{} 01000000", "00".repeat(24)),
    );
    // The room comes back in a refusal too, and the input carries its length twice.
    let request = ClusterControl {
        cluster: handle(),
        control: ControlRequest { code: 0x0740_005e, input: Some(vec![1, 2, 3]), output_len: 0xffff },
    };
    let refusal = request.refusal(5);
    check(
        request,
        &format!("{HANDLE} 5e004007 04000200 03000000 010203 00 03000000 ffff0000"),
        refusal,
        "ffff0000 00000000 00000000 00000000 00000000 00000000 05000000",
    );
}

#[test]
fn registry_values() {
    let name = "12000000 00000000 12000000
                43006c007500730074006500720049006e007300740061006e006300650049004400 0000";
    let query =
        |len| QueryValue { key: handle(), name: "ClusterInstanceID".into(), room: ValueRoom::up_to(len) };
    let id = utf16("00112233-4455-6677-8899-aabbccddeeff");
    let answer = QueryValueResponse::new(&query(0), 1, id.clone());
    check(
        query(0),
        &format!("{HANDLE} {name} 00000000"),
        answer,
        "01000000 00000000 4a000000 00000000 ea000000",
    );
    let answer = QueryValueResponse::new(&query(0x4a), 1, id.clone());
    assert_eq!(answer.data(), &id[..]);
    check(
        query(0x4a),
        &format!("{HANDLE} {name} 4a000000"),
        answer,
        &format!("01000000 4a000000 {} 0000 4a000000 00000000 00000000", hex(&id)),
    );
    let answer = QueryValueResponse::new(&query(6), 4, vec![7, 0, 0, 0]);
    assert_eq!(answer.data(), [7, 0, 0, 0]);
    check(
        query(6),
        &format!("{HANDLE} {name} 06000000"),
        answer,
        "04000000 06000000 070000000000 0000 04000000 00000000 00000000",
    );
    let refusal = query(3).refusal(2);
    check(
        query(3),
        &format!("{HANDLE} {name} 03000000"),
        refusal,
        "00000000 03000000 000000 00 00000000 00000000 02000000",
    );
}

#[test]
fn registry_security() {
    let request = |descriptor| GetKeySecurity { key: handle(), security_information: 7, descriptor };
    let answer = GetKeySecurityResponse {
        descriptor: RpcSecurityDescriptor::Room(0x14),
        status: 122,
        ..Default::default()
    };
    check(
        request(RpcSecurityDescriptor::Room(0)),
        &format!("{HANDLE} 07000000 00000000 00000000 00000000"),
        answer,
        "00000000 14000000 00000000 00000000 7a000000",
    );
    // The second call brings a buffer of which nothing is used yet.
    let answer = GetKeySecurityResponse {
        descriptor: RpcSecurityDescriptor::Bytes(Varying::new(0x14, vec![1, 0, 4, 0x80]).unwrap()),
        ..Default::default()
    };
    check(
        request(RpcSecurityDescriptor::Bytes(Varying::empty(0x14))),
        &format!("{HANDLE} 07000000 04000200 14000000 00000000 14000000 00000000 00000000"),
        answer,
        "04000200 14000000 04000000 14000000 00000000 04000000 01000480 00000000 00000000",
    );
}

#[test]
fn service_account_password() {
    let request = SetServiceAccountPassword { password: "P".into(), flags: 1, max_results: 1024 };
    let refusal = request.refusal(120);
    check(
        request.clone(),
        "02000000 00000000 02000000 5000 0000 0100 0000 00040000",
        refusal,
        "00040000 00000000 00000000 00000000 00000000 78000000",
    );
    let results = vec![
        PasswordResult { node_id: 1, attempted: 1, status: 0 },
        PasswordResult { node_id: 2, attempted: 0, status: 5 },
    ];
    let answer = SetServiceAccountPasswordResponse {
        results: Varying::new(1024, results).unwrap(),
        required_results: 2,
        status: 0,
    };
    check(
        request,
        "02000000 00000000 02000000 5000 0000 0100 0000 00040000",
        answer,
        "00040000 00000000 02000000 01000000 01000000 00000000 02000000 00000000 05000000 02000000 02000000 00000000",
    );
}

#[test]
fn input_buffers() {
    let request = |input| OfflineResourceEx { resource: handle(), flags: 2, input };
    check_request(request(vec![]), &format!("{HANDLE} 02000000 00000000 00000000"));
    check_request(request(vec![9; 5]), &format!("{HANDLE} 02000000 05000000 0909090909 000000 05000000"));
}

#[test]
fn optional_parameters() {
    let request = |expression| SetResourceDependencyExpression { resource: handle(), expression };
    check_request(request(None), &format!("{HANDLE} 00000000"));
    check_request(request(some("")), &format!("{HANDLE} 04000200 {EMPTY_NAME}"));
    let request = |info| CreateGroupEx { name: String::new(), info };
    check_request(request(None), &format!("{EMPTY_NAME} 0000 00000000"));
    let info = CreateGroupInfo { version: 1, group_type: 111 };
    check_request(request(Some(info)), &format!("{EMPTY_NAME} 0000 04000200 01000000 6f000000"));
    let request = |nodes| SetGroupNodeList { group: handle(), nodes };
    check_request(request(None), &format!("{HANDLE} 00000000 00000000"));
    let nodes = Some(vec![0x31, 0, 0]);
    check_request(request(nodes), &format!("{HANDLE} 04000200 03000000 310000000000 0000 03000000"));
    let ids = vec![some("b"), None, some("a")];
    check_request(
        SetNetworkPriorityOrder { ids },
        "03000000 03000000 04000200 00000000 08000200
         02000000 00000000 02000000 62000000 02000000 00000000 02000000 61000000",
    );
}

#[test]
fn filters_are_aligned_to_eight_bytes() {
    let request = AddNotifyV2 {
        notify: handle(),
        object: handle(),
        filter: NotifyFilter { object_type: 3, events: 0x84 },
        notify_key: 7,
        version: 2,
        targeted: true,
    };
    check_request(
        request,
        &format!("{HANDLE} {HANDLE} 03000000 00000000 8400000000000000 07000000 02000000 01000000"),
    );
    let request = AddNotifyResourceTypeV2 {
        notify: handle(),
        filter: 1,
        notify_key: 7,
        type_name: String::new(),
        version: 2,
    };
    check_request(
        request,
        &format!("{HANDLE} 00000000 0100000000000000 07000000 {EMPTY_NAME} 0000 02000000"),
    );
}

#[test]
fn notifications() {
    let notification = |notify_key| Notification {
        notify_key,
        data: NotificationData {
            filter: NotifyFilter { object_type: 3, events: 4 },
            buffer: Some(vec![2, 0, 0, 0]),
            object_id: some("r"),
            parent_id: None,
            name: some("R"),
            type_name: some(""),
        },
    };
    let text = |text: &str| format!("02000000 00000000 02000000 {text}00 0000");
    let deferred = format!("04000000 02000000 {} {} {EMPTY_NAME} 0000", text("72"), text("52"));
    check(
        GetNotifyV2 { notify: handle() },
        HANDLE,
        GetNotifyV2Response { notifications: Some(vec![notification(1), notification(2)]), status: 0 },
        &format!(
            "04000200 02000000
             01000000 00000000 03000000 00000000 0400000000000000 08000200 04000000 0c000200 00000000 10000200 14000200
             02000000 00000000 03000000 00000000 0400000000000000 18000200 04000000 1c000200 00000000 20000200 24000200
             {deferred} {deferred} 02000000 00000000"
        ),
    );
    let closed = GetNotifyV2 { notify: handle() };
    let refusal = closed.refusal(259);
    check(closed, HANDLE, refusal, "00000000 00000000 03010000");
}

#[test]
fn resources_with_properties() {
    let request = CreateResourceEnum {
        cluster: handle(),
        properties: Some(vec![0x2a, 0, 0, 0, 0, 0]),
        ro_properties: None,
    };
    let entry = |name: &str, properties| ResourceEnumEntry {
        name: some(name),
        id: None,
        owner_name: None,
        owner_id: some(""),
        properties,
        ro_properties: None,
    };
    let entries = vec![entry("r", Some(vec![1, 2, 3, 4, 5])), entry("s", None)];
    check(
        request,
        &format!("{HANDLE} 04000200 06000000 2a0000000000 0000 06000000 00000000 00000000"),
        ResourceEnumResponse { list: Some(ResourceEnumList { entries }), ..Default::default() },
        &format!(
            "04000200 02000000 02000000
             08000200 00000000 00000000 0c000200 05000000 10000200 00000000 00000000
             14000200 00000000 00000000 18000200 00000000 00000000 00000000 00000000
             02000000 00000000 02000000 72000000 {EMPTY_NAME} 0000 05000000 0102030405 000000
             02000000 00000000 02000000 73000000 {EMPTY_NAME} 0000
             00000000 00000000"
        ),
    );
}

#[test]
fn a_final_bool_of_one_byte_is_accepted() {
    let stub = bytes(&format!("{HANDLE} 01"));
    let received = Request::decode(43, &stub, Endian::Little).unwrap();
    let request = DeleteGroup { group: handle(), force: true }.into();
    assert_eq!(received, Received { request, used: 21 });
    assert!(Request::decode(43, &stub[..20], Endian::Little).is_err());
}

#[test]
fn rpc_status_is_kept_on_reading_and_zero_on_writing() {
    let stub = bytes("ba060000 05000000");
    let response = decode_response::<OnlineResource>(&stub, Endian::Little).unwrap();
    assert_eq!(response, StatusResponse { rpc_status: RpcStatus(1722), status: 5 });
    assert_eq!(hex(&encode_response::<OnlineResource>(&response).unwrap()), "0000000005000000");
}

#[test]
fn big_endian_requests_are_read() {
    let stub = bytes("00000000 33221100 5544 7766 8899aabbccddeeff 00000002 00000003 090909 00 00000003");
    let received = Request::decode(136, &stub, Endian::Big).unwrap();
    let request = OfflineResourceEx { resource: handle(), flags: 2, input: vec![9; 3] };
    assert_eq!(received, Received { request: request.into(), used: stub.len() });
    let stub = bytes("00000003 00000000 00000003 0072 20ac 0000");
    let received = Request::decode(8, &stub, Endian::Big).unwrap();
    assert_eq!(received.request, OpenResource { name: "r€".into() }.into());
}
