//! Who may open what: the kernel says who the caller is, the cluster's security descriptor what he may do.

use std::os::unix::process::CommandExt;
use std::process::Command;

use mainstay_client::{CallError, Cluster, Desired, Target, kind};
use mainstay_cmrp::cluster::{CreateEnum, GetClusterName, OpenCluster, OpenClusterEx};
use mainstay_cmrp::group::{OpenGroup, OpenGroupEx};
use mainstay_cmrp::node::{OpenNode, OpenNodeEx};
use mainstay_cmrp::notify::CreateNotifyV2;
use mainstay_cmrp::resource::{OpenResource, OpenResourceEx};
use mainstay_cmrp::resource_type::CreateResTypeEnum;
use mainstay_cmrp::{Operation, Response};
use mainstay_proplist::{PropertyList, Value};
use mainstay_security::{Ace, Acl, SecurityDescriptor, Sid, default_descriptor};
use mainstay_tests::{Dice, Somebody, TestCluster, Wire, assert_same, open_resource, program};
use mainstay_types::access::{
    CLUSAPI_ALL_ACCESS, CLUSAPI_READ_ACCESS, GENERIC_ALL, GENERIC_READ, MAXIMUM_ALLOWED,
};
use mainstay_types::control::{function, object};
use mainstay_types::operation::Verb;
use mainstay_types::{Access, ControlCode, ResourceState, Status};

/// Somebody without rights: `nobody` on every distribution.
const NOBODY: u32 = 65534;

/// Numbers that no account of the machine has.
const ALICE: u32 = 61_001;
const BOB: u32 = 61_002;
const READERS: u32 = 62_001;
const WRITERS: u32 = 62_002;
const BANNED: u32 = 62_003;

const MODIFY: u32 = 0x40_0000;

/// The descriptor in which administrators may do everything, and others what these entries say.
pub(crate) fn descriptor(aces: impl IntoIterator<Item = Ace>) -> SecurityDescriptor {
    let administrators = Ace::allow(Sid::ADMINISTRATORS, CLUSAPI_ALL_ACCESS);
    let aces = aces.into_iter().chain([administrators]).collect();
    SecurityDescriptor { dacl: Some(Acl::new(aces)), ..default_descriptor() }
}

/// Sets the cluster's common property.
pub(crate) fn set_descriptor(cluster: &TestCluster, value: Value) -> Result<(), CallError> {
    let code = ControlCode(object::CLUSTER | MODIFY | function::SET_COMMON_PROPERTIES);
    let list = PropertyList::new().with("Security Descriptor", value).to_bytes().unwrap();
    cluster.client().control(Target::Cluster, None, code, Some(&list)).map(drop)
}

fn set_aces(cluster: &TestCluster, aces: impl IntoIterator<Item = Ace>) {
    set_descriptor(cluster, Value::Binary(descriptor(aces).to_bytes().unwrap())).unwrap();
}

fn with_application_or_skip() -> Option<TestCluster> {
    let cluster = TestCluster::start_or_skip()?;
    if !cluster.open_to_others_or_skip() {
        return None;
    }
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    Some(cluster)
}

/// Every way to open something, and every read without a handle, answers as it has to for this much access.
fn check_opens(cluster: &TestCluster, access: Option<Access>) {
    let mut wire = Wire::connect(cluster);
    let answer = |needs: Access| if access >= Some(needs) { 0 } else { Status::ACCESS_DENIED.0 };

    macro_rules! check {
        ($needs:expr, $request:expr) => {
            check_status(&mut wire, $request, answer($needs))
        };
    }
    check!(Access::Full, OpenCluster);
    check!(Access::Full, OpenResource { name: "app".into() });
    check!(Access::Full, OpenGroup { name: "g".into() });
    check!(Access::Full, OpenNode { name: "node1".into() });
    check!(Access::Read, GetClusterName);
    check!(Access::Read, CreateEnum { type_mask: 0x3F });
    check!(Access::Read, CreateResTypeEnum { name: "Generic Application".into(), type_mask: 1 });
    check!(Access::Read, CreateNotifyV2);

    let granted = |access: Access| (0, access.granted_mask());
    for desired_access in
        [GENERIC_READ, CLUSAPI_READ_ACCESS, GENERIC_ALL, CLUSAPI_ALL_ACCESS, MAXIMUM_ALLOWED]
    {
        let wanted = match desired_access {
            GENERIC_READ | CLUSAPI_READ_ACCESS => Access::Read,
            MAXIMUM_ALLOWED => access.unwrap_or(Access::Read),
            _ => Access::Full,
        };
        let expected = if access >= Some(wanted) { granted(wanted) } else { (Status::ACCESS_DENIED.0, 0) };
        let opened = wire.call(&OpenClusterEx { desired_access });
        assert_eq!((opened.status, opened.granted_access), expected, "cluster, {desired_access:#x}");
        let opened = wire.call(&OpenResourceEx { name: "app".into(), desired_access });
        assert_eq!((opened.status, opened.granted_access), expected, "resource, {desired_access:#x}");
        let opened = wire.call(&OpenGroupEx { name: "g".into(), desired_access });
        assert_eq!((opened.status, opened.granted_access), expected, "group, {desired_access:#x}");
        let opened = wire.call(&OpenNodeEx { name: "node1".into(), desired_access });
        assert_eq!((opened.status, opened.granted_access), expected, "node, {desired_access:#x}");
    }
}

fn check_status<O: Operation>(wire: &mut Wire, request: O, expected: u32) {
    assert_eq!(wire.call(&request).status(), expected, "{}", O::NAME);
}

#[test]
fn the_descriptor_decides_by_user_and_by_every_group() {
    const STRANGER: Somebody = Somebody { uid: NOBODY, gid: NOBODY, groups: &[] };
    let Some(cluster) = with_application_or_skip() else { return };
    set_aces(
        &cluster,
        [
            Ace::deny(Sid::unix_group(BANNED), CLUSAPI_ALL_ACCESS),
            Ace::allow(Sid::unix_user(ALICE), GENERIC_READ),
            Ace::allow(Sid::unix_user(BOB), GENERIC_ALL),
            Ace::allow(Sid::unix_group(READERS), CLUSAPI_READ_ACCESS),
            Ace::allow(Sid::unix_group(WRITERS), CLUSAPI_ALL_ACCESS),
        ],
    );
    let (read, full) = (Some(Access::Read), Some(Access::Full));
    for (who, access) in [
        (STRANGER, None),
        (Somebody { uid: ALICE, ..STRANGER }, read),
        (Somebody { uid: BOB, ..STRANGER }, full),
        // A number means another thing as a group than as a user.
        (Somebody { gid: BOB, groups: &[ALICE, BOB], ..STRANGER }, None),
        (Somebody { gid: READERS, ..STRANGER }, read),
        (Somebody { gid: WRITERS, ..STRANGER }, full),
        // Whose only right is a group that is not the primary one, also where the list is long.
        (Somebody { groups: &[READERS], ..STRANGER }, read),
        (Somebody { groups: &[1, 2, 3, WRITERS], ..STRANGER }, full),
        (Somebody { groups: &MANY, ..STRANGER }, full),
        (Somebody { uid: ALICE, groups: &[WRITERS], ..STRANGER }, full),
        // A refusal that comes first wins, whoever else allows.
        (Somebody { uid: BOB, gid: NOBODY, groups: &[BANNED] }, None),
        (Somebody { uid: ALICE, gid: BANNED, groups: &[WRITERS] }, None),
        (Somebody { uid: 0, gid: 0, groups: &[] }, full),
    ] {
        eprintln!("{who:?}");
        who.act(|| check_opens(&cluster, access));
    }
    // Nobody else's wishes have changed anything.
    assert_eq!(cluster.state("app"), ResourceState::Online);
}

/// More groups than the service makes room for at first; the last one is WRITERS.
const MANY: [u32; 100] = {
    let mut groups = [0; 100];
    let mut at = 0;
    while at < 100 {
        groups[at] = 40_000 + at as u32;
        at += 1;
    }
    groups[99] = WRITERS;
    groups
};

/// The group is the machine's; so the service gets another `/etc/group`, in a mount namespace of its own.
#[test]
fn members_of_the_group_mainstay_are_administrators() {
    const STRANGER: Somebody = Somebody { uid: NOBODY, gid: NOBODY, groups: &[] };
    let Some(mut cluster) = with_application_or_skip() else { return };
    cluster.stop_service();
    let (config, group) = (cluster.write_config(), cluster.file("group"));
    std::fs::write(&group, format!("root:x:0:\nmainstay-x:x:{READERS}:\nmainstay:x:{WRITERS}:alice\n"))
        .unwrap();
    let bind = "mount --bind \"$0\" /etc/group && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", bind]).arg(&group);
    // Whether it can be done here at all.
    let mut trial = Command::new("unshare");
    trial.args(["--mount", "sh", "-c", bind]).arg(&group).arg("true");
    if !trial.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mount namespace can be made");
        return;
    }
    command.arg(program("mainstayd"));
    cluster.start_service_by(command, &config);
    for (who, access) in [
        (Somebody { gid: WRITERS, ..STRANGER }, Some(Access::Full)),
        (Somebody { groups: &[READERS, WRITERS], ..STRANGER }, Some(Access::Full)),
        // The member's list of the file is not asked: what counts is what the kernel says of the process.
        (Somebody { gid: READERS, ..STRANGER }, None),
        (STRANGER, None),
    ] {
        eprintln!("{who:?}");
        who.act(|| check_opens(&cluster, access));
    }
}

#[test]
fn access_is_decided_at_open_and_kept_over_a_restart() {
    const ALICE_ALONE: Somebody = Somebody { uid: ALICE, gid: ALICE, groups: &[] };
    let Some(mut cluster) = with_application_or_skip() else { return };
    set_aces(&cluster, [Ace::allow(Sid::unix_user(ALICE), CLUSAPI_ALL_ACCESS)]);
    let mut held = ALICE_ALONE.act(|| {
        let mut client = Cluster::open_local(Some(&cluster.socket()), Desired::Full).unwrap();
        let app = open_resource(&mut client, "app");
        (client, app)
    });
    set_aces(&cluster, [Ace::allow(Sid::unix_user(ALICE), CLUSAPI_READ_ACCESS)]);
    ALICE_ALONE.act(|| check_opens(&cluster, Some(Access::Read)));
    // What was opened before goes on as it was opened; what is opened now on the same connection does not.
    held.0.offline_resource(&held.1).unwrap();
    let error = held.0.open_object::<kind::Resource>("app", Desired::Full).unwrap_err();
    assert_eq!(error.status(), Status::ACCESS_DENIED);
    cluster.wait_for_state("app", ResourceState::Offline);
    cluster.stop_service();
    cluster.start_service();
    ALICE_ALONE.act(|| check_opens(&cluster, Some(Access::Read)));
}

#[test]
fn a_descriptor_that_is_none_or_would_lock_everybody_out_is_refused() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let good = descriptor([Ace::allow(Sid::unix_user(ALICE), CLUSAPI_READ_ACCESS)]).to_bytes().unwrap();
    let without = |aces| SecurityDescriptor { dacl: Some(Acl::new(aces)), ..default_descriptor() };
    let mut bad = vec![
        ("no entry", without(Vec::new()).to_bytes().unwrap()),
        ("another only", without(vec![Ace::allow(Sid::unix_user(ALICE), 3)]).to_bytes().unwrap()),
        ("reading only", without(vec![Ace::allow(Sid::ADMINISTRATORS, 1)]).to_bytes().unwrap()),
        ("everybody refused", descriptor([Ace::deny(Sid::EVERYONE, 3)]).to_bytes().unwrap()),
        ("root refused", descriptor([Ace::deny(Sid::unix_user(0), 2)]).to_bytes().unwrap()),
        ("root's group refused", descriptor([Ace::deny(Sid::unix_group(0), 1)]).to_bytes().unwrap()),
        ("too long", [good.clone(), vec![0; 1 << 20]].concat()),
    ];
    bad.extend((0..good.len()).map(|length| ("cut off", good[..length].to_vec())));
    let before = cluster.snapshot();
    for (why, bytes) in bad {
        let length = bytes.len();
        let error = set_descriptor(&cluster, Value::Binary(bytes)).expect_err(why);
        assert!(error.changed_nothing(), "{why}, {length} bytes: {error}");
        let expected =
            if length > 1 << 19 { error.status() } else { Status::CLUSTER_INVALID_SECURITY_DESCRIPTOR };
        assert_eq!(error.status(), expected, "{why}, {length} bytes: {error}");
    }
    for value in [
        Value::Sz("everybody".into()),
        Value::Dword(3),
        Value::NoData(mainstay_types::property::Format::Binary),
    ] {
        set_descriptor(&cluster, value).unwrap_err();
    }
    assert_same(&before, &cluster.snapshot(), "a refused descriptor changes nothing");
}

#[test]
fn whatever_descriptor_is_accepted_root_gets_in() {
    const ATTEMPTS: usize = 300;
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let good = descriptor([
        Ace::deny(Sid::unix_user(BOB), CLUSAPI_ALL_ACCESS),
        Ace::allow(Sid::unix_user(ALICE), CLUSAPI_READ_ACCESS),
    ]);
    let good = good.to_bytes().unwrap();
    let mut dice = Dice::new(0x5EED_0010);
    let mut accepted = 0;
    for _ in 0..ATTEMPTS {
        let mut bytes = good.clone();
        dice.mutate(&mut bytes);
        accepted += usize::from(set_descriptor(&cluster, Value::Binary(bytes)).is_ok());
        // The next attempt opens the cluster with full access, and so does this.
        Cluster::open_local(Some(&cluster.socket()), Desired::Full).unwrap();
    }
    assert!(accepted > 0 && accepted < ATTEMPTS, "{accepted}");
    set_descriptor(&cluster, Value::Binary(good)).unwrap();
}

#[test]
fn who_is_not_granted_anything_is_refused_by_the_command_too() {
    let Some(cluster) = with_application_or_skip() else { return };
    // By another program: a descriptor of ours that is open for writing could stop the copy from being run.
    let copy = cluster.file("mainstay");
    assert!(Command::new("cp").arg(program("mainstay")).arg(&copy).status().unwrap().success());
    for arguments in [
        ["resource", "offline", "app"].as_slice(),
        &["resource", "list"],
        &["group", "create", "other"],
        &["status"],
        &["journal"],
    ] {
        let output = Command::new(&copy)
            .args(arguments)
            .env("MAINSTAY_SOCKET", cluster.socket())
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains("5 ERROR_ACCESS_DENIED"), "{arguments:?}: {message}");
    }
    assert_eq!(cluster.state("app"), ResourceState::Online);
    assert_eq!(cluster.glance_all().groups.len(), 1);
}
