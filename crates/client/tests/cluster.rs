//! The client against a server in the same process.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;

use std::thread;
use std::time::{Duration, Instant};

use fake::FakeServer;
use mainstay_client::{
    Accepted, CallError, Cluster, Desired, Group, Link, Local, Resource, Submission, SubmitObject, Target,
    Transport,
};
use mainstay_rpc::ConnectOptions;
use mainstay_types::operation::Verb;
use mainstay_types::{ControlCode, Status};

const OPEN_RESOURCE_EX: u16 = 120;
const GET_RESOURCE_STATE: u16 = 12;
const OFFLINE_RESOURCE_EX: u16 = 136;

fn open(server: &FakeServer) -> Cluster {
    Cluster::open(Local::new(server.path()), Desired::Full).unwrap()
}

fn status<R: std::fmt::Debug>(result: Result<R, CallError>) -> u32 {
    result.unwrap_err().status().0
}

#[test]
fn the_way_of_an_offline_call() {
    let server = FakeServer::start();
    let mut cluster = open(&server);
    let web: Resource = cluster.open_object("WEB", Desired::Full).unwrap();
    assert_eq!(cluster.resource_place(&web).unwrap().state, 2);
    assert_eq!(cluster.offline_resource_ex(&web, 1, &[]).unwrap(), Accepted::Pending);
    let place = cluster.resource_place(&web).unwrap();
    assert_eq!((place.state, place.node.as_str(), place.group.as_str()), (130, "n1", "g"));
    let refused = cluster.offline_resource_ex(&web, 0x80, &[]).unwrap_err();
    assert!(refused.changed_nothing());
    assert_eq!(refused.to_string(), "OfflineResourceEx was refused: 87 ERROR_INVALID_PARAMETER");
}

#[test]
fn nobody_listens() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = Local::new(directory.path().join("none.sock"));
    let error = Cluster::open(nowhere, Desired::Full).unwrap_err();
    assert_eq!(error.status(), Status::RPC_S_SERVER_UNAVAILABLE);
    assert!(error.changed_nothing());
    assert!(error.to_string().contains("none.sock"), "{error}");
}

#[test]
fn a_call_in_flight_is_lost_once_and_never_sent_again() {
    let mut server = FakeServer::start();
    let mut cluster = open(&server);
    let web: Resource = cluster.open_object("web", Desired::Full).unwrap();
    server.world().hold.push(OFFLINE_RESOURCE_EX);
    let caller = thread::spawn(move || {
        let outcome = cluster.offline_resource_ex(&web, 0, &[]);
        (cluster, web, outcome)
    });
    server.wait_for(OFFLINE_RESOURCE_EX);
    server.kill();
    server.run();
    let (mut cluster, web, outcome) = caller.join().unwrap();
    let error = outcome.unwrap_err();
    assert_eq!(error.status(), Status::RPC_S_CALL_FAILED);
    assert!(!error.changed_nothing());

    // The next call finds a new connection, with its handles opened again.
    assert_eq!(cluster.resource_place(&web).unwrap().state, 2);
    assert_eq!(server.count(OFFLINE_RESOURCE_EX), 1);
    assert_eq!(server.count(OPEN_RESOURCE_EX), 1);
}

#[test]
fn an_answer_may_come_late() {
    let server = FakeServer::start();
    let mut cluster = open(&server);
    let mut other = open(&server);
    let web: Resource = cluster.open_object("web", Desired::Full).unwrap();
    server.world().hold.push(OFFLINE_RESOURCE_EX);
    thread::scope(|scope| {
        let caller = scope.spawn(|| cluster.offline_resource_ex(&web, 0, &[]));
        server.wait_for(OFFLINE_RESOURCE_EX);
        // An opened object belongs to no connection: another one works with it meanwhile.
        assert_eq!(other.resource_place(&web).unwrap().state, 2);
        server.release();
        assert_eq!(caller.join().unwrap().unwrap(), Accepted::Pending);
    });
    assert_eq!(other.resource_place(&web).unwrap().state, 130);
}

#[test]
fn a_service_that_is_silent() {
    let server = FakeServer::start();
    let options =
        ConnectOptions { answer_within: Some(Duration::from_millis(500)), ..ConnectOptions::default() };
    let local = Local::new(server.path()).with_options(options);
    let mut cluster = Cluster::open(local, Desired::Full).unwrap();
    let web: Resource = cluster.open_object("web", Desired::Full).unwrap();
    for input in [vec![], vec![1; 1 << 20]] {
        server.world().hold.push(OFFLINE_RESOURCE_EX);
        let silent = cluster.offline_resource_ex(&web, 0, &input).unwrap_err();
        assert_eq!(silent.status(), Status::RPC_S_CALL_FAILED, "{silent:?}");
        server.release();
        assert!(cluster.resource_place(&web).is_ok(), "the next call has its own answer");
    }
    assert_eq!(server.count(OFFLINE_RESOURCE_EX), 2);
}

#[test]
fn everything_is_over_by_the_moment_that_was_set() {
    let server = FakeServer::start();
    let mut cluster = open(&server);
    let web: Resource = cluster.open_object("web", Desired::Full).unwrap();
    server.world().hold.push(OFFLINE_RESOURCE_EX);
    cluster.finish_by(Some(Instant::now() + Duration::from_millis(300)));
    let silent = cluster.offline_resource_ex(&web, 0, &[]).unwrap_err();
    assert!(!silent.changed_nothing(), "{silent:?}");
    // From then on nothing is asked.
    let late = cluster.offline_resource_ex(&web, 0, &[]).unwrap_err();
    assert!(late.changed_nothing() && late.status() == Status::RPC_S_SERVER_UNAVAILABLE, "{late:?}");
    assert_eq!(server.count(OFFLINE_RESOURCE_EX), 1);
    server.release();
    cluster.finish_by(None);
    assert!(cluster.resource_place(&web).is_ok(), "the next call has its own answer");

    let past = Some(Instant::now());
    let late = Cluster::open_by(Local::new(server.path()), Desired::Full, past).unwrap_err();
    assert_eq!(late.status(), Status::RPC_S_SERVER_UNAVAILABLE);
}

/// A service that takes connections and says nothing: what SIGSTOP makes of one.
#[test]
fn a_service_that_never_answers_the_bind() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("silent.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let by = Some(Instant::now() + Duration::from_millis(300));
    let silent = Cluster::open_by(Local::new(&path), Desired::Full, by).unwrap_err();
    assert!(silent.changed_nothing() && silent.status() == Status::RPC_S_SERVER_UNAVAILABLE, "{silent:?}");
}

#[test]
fn a_call_on_a_connection_that_is_over_is_made_on_a_new_one() {
    let mut server = FakeServer::start();
    let mut cluster = open(&server);
    let web: Resource = cluster.open_object("web", Desired::Mask(0x8000_0000)).unwrap();
    server.kill();
    assert_eq!(status(cluster.resource_place(&web)), 1722);
    server.run();
    assert_eq!(cluster.offline_resource_ex(&web, 0, &[]).unwrap(), Accepted::Pending);
    assert_eq!(server.count(OFFLINE_RESOURCE_EX), 1);
    let world = server.world();
    let reopened = world.log.iter().find_map(|request| match request {
        mainstay_cmrp::Request::OpenResourceEx(request) if request.name != "web" => Some(request.clone()),
        _ => None,
    });
    assert_eq!(reopened.unwrap().desired_access, 0x8000_0000, "with the access it had");
}

#[test]
fn a_handle_stays_with_its_object() {
    let mut server = FakeServer::start();
    let mut cluster = open(&server);
    let web: Resource = cluster.open_object("web", Desired::Full).unwrap();
    let group: Group = cluster.open_object("g", Desired::Full).unwrap();

    // Renamed while the service is away: still the same resource.
    server.kill();
    server.world().resources[0].name = "renamed".into();
    server.run();
    assert_eq!(cluster.resource_place(&web).unwrap().state, 2);

    // Deleted, and another one made under its name: the handle is that of a deleted resource.
    server.kill();
    server.world().resources.remove(0);
    server.world().resources[0].name = "web".into();
    server.world().groups.clear();
    server.run();
    assert_eq!(status(cluster.resource_place(&web)), 5006);
    assert_eq!(status(cluster.group_place(&group)), 5012);
    assert_eq!(status(cluster.offline_resource(&web)), 5006);
}

#[test]
fn what_was_made_and_deleted() {
    let server = FakeServer::start();
    let mut cluster = open(&server);
    let group: Group = cluster.open_object("g", Desired::Full).unwrap();
    let made = cluster.create_resource(&group, "new", "Generic Application", 0).unwrap();
    assert_eq!(cluster.resource_place(&made).unwrap().state, 3);
    assert_eq!(status(cluster.create_resource(&group, "NEW", "Generic Application", 0)), 5010);
    cluster.delete_resource(&made).unwrap();
    assert_eq!(status(cluster.resource_place(&made)), 5006);
    cluster.close_object(&made);
    assert_eq!(server.count(11), 1);
    assert_eq!(status(cluster.open_object::<mainstay_client::kind::Resource>("new", Desired::Full)), 5007);
}

#[test]
fn outputs_of_control_codes() {
    let server = FakeServer::start();
    let mut cluster = open(&server);
    let web: Resource = cluster.open_object("web", Desired::Full).unwrap();
    let target = Target::Resource(&web);

    let small = cluster.control_once(target, None, ControlCode(0x0100_0029), None, 2).unwrap();
    assert_eq!((small.status, small.required_len), (Status::MORE_DATA, 8));
    let whole = cluster.control(target, None, ControlCode(0x0100_0059), None).unwrap();
    assert_eq!(whole.output.len(), 200_000);
    let stored = cluster.control(target, None, ControlCode(0x0140_005E), Some(&[0; 8])).unwrap();
    assert_eq!(stored.status, Status::RESOURCE_PROPERTIES_STORED);
    assert_eq!(status(cluster.control(target, None, ControlCode(0x0100_0005), None)), 1);
}

#[test]
fn submissions() {
    let server = FakeServer::start();
    let mut cluster = open(&server);
    let plain = Submission::new(Verb::Offline, SubmitObject::Resource("web"));
    let submitted = cluster.submit(&Submission { buffer: &[1, 2], reason: "patching", ..plain }).unwrap();
    assert_eq!(submitted.status, Status::IO_PENDING);
    assert_eq!(submitted.operation.unwrap().to_string(), "1-42");
    assert_eq!(submitted.text, "offline web [1, 2] patching");
    let refused = cluster.submit(&Submission { flags: 0x80, ..plain }).unwrap();
    assert_eq!(refused.status, Status::INVALID_PARAMETER);
    assert_eq!(status(cluster.explain()), 1, "the fake does not know the code");
}

#[test]
fn what_is_refused_names_the_operation() {
    let server = FakeServer::start();
    let mut cluster = open(&server);
    server.world().refuse.insert(GET_RESOURCE_STATE, 70);
    let web: Resource = cluster.open_object("web", Desired::Full).unwrap();
    let error = cluster.resource_place(&web).unwrap_err();
    assert_eq!(error.to_string(), "GetResourceState was refused: 70 ERROR_SHARING_PAUSED");
}

/// A server that answers with bytes of its own.
struct Garbled;
struct GarbledLink(Vec<u8>);

impl Transport for Garbled {
    type Link = GarbledLink;

    fn connect(&self, _by: Option<Instant>) -> Result<GarbledLink, mainstay_rpc::ConnectError> {
        Ok(GarbledLink(vec![0; 24]))
    }

    fn address(&self) -> String {
        "nowhere".into()
    }
}

impl Link for GarbledLink {
    fn call(
        &mut self,
        _opnum: u16,
        _stub: &[u8],
        _by: Option<Instant>,
    ) -> Result<Vec<u8>, mainstay_rpc::CallError> {
        Ok(std::mem::replace(&mut self.0, vec![0xFF; 7]))
    }

    fn is_usable(&self) -> bool {
        true
    }
}

#[test]
fn an_answer_that_is_none() {
    let mut cluster = Cluster::open(Garbled, Desired::Full).unwrap();
    let error = cluster.information().unwrap_err();
    assert_eq!(error.status(), Status::RPC_S_PROTOCOL_ERROR);
    assert!(!error.changed_nothing());
}
