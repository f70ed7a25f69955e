//! Clients that are broken or mean: what they send costs their own connection at most, and nobody else anything.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use mainstay_client::{Cluster, Desired, Resource};
use mainstay_cmrp::cluster::{CreateEnum, GetClusterName, OpenCluster};
use mainstay_cmrp::resource::{GetResourceState, OfflineResourceEx, OpenResource};
use mainstay_cmrp::{Operation, ResourceHandle, decode_response, encode_request};
use mainstay_ndr::Endian;
use mainstay_proplist::PropertyList;
use mainstay_rpc::association::client::{ClientAssociation, Event};
use mainstay_rpc::{BlockingClient, CallError, ConnectOptions, FaultStatus, Limits};
use mainstay_tests::{Dice, HANG, INTERFACE, TestCluster, assert_same, open_resource};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{OfflineFlags, ResourceState, Status};

/// A cluster with an online application, and a client that behaves.
struct Attacked {
    cluster: TestCluster,
    client: Cluster,
    app: Resource,
    processes: Vec<i32>,
}

impl Attacked {
    fn or_skip() -> Option<Self> {
        let cluster = TestCluster::start_or_skip()?;
        cluster.application("g", "app", "sleep 1000");
        cluster.carry_out(Verb::Online, "app");
        let mut client = cluster.client();
        let app = open_resource(&mut client, "app");
        let processes = cluster.processes("app");
        Some(Attacked { cluster, client, app, processes })
    }

    /// The one who behaves is answered, on the connection that it always had.
    #[track_caller]
    fn check_served(&mut self) {
        let place = self.client.resource_place(&self.app).unwrap();
        assert_eq!(place.state, ResourceState::Online.number());
    }

    fn stream(&self) -> UnixStream {
        let stream = UnixStream::connect(self.cluster.socket()).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        stream
    }

    /// Sends bytes on a connection of their own, and reads until the service has closed it. A service that neither
    /// answers nor closes fails the test.
    fn send(&self, bytes: &[u8]) {
        let mut stream = self.stream();
        // It may have been closed in the middle of this.
        if stream.write_all(bytes).is_ok() {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let mut answer = [0; 4096];
        loop {
            match stream.read(&mut answer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                Err(error) => panic!("the connection is neither answered nor closed: {error}"),
            }
        }
    }

    /// The bytes that a client sends in a whole session: bind, and calls with good arguments.
    fn recorded_session(&self) -> Vec<Vec<u8>> {
        let mut stream = self.stream();
        let mut association = ClientAssociation::new(Limits::default());
        let mut sent = Vec::new();
        association.bind(INTERFACE);
        exchange(&mut association, &mut stream, &mut sent);
        call(&mut association, &mut stream, &mut sent, &OpenCluster);
        call(&mut association, &mut stream, &mut sent, &GetClusterName);
        let opened = call(&mut association, &mut stream, &mut sent, &OpenResource { name: "app".to_owned() });
        let resource = opened.handle;
        call(&mut association, &mut stream, &mut sent, &GetResourceState { resource });
        call(&mut association, &mut stream, &mut sent, &CreateEnum { type_mask: 0x3F });
        // Garbage instead of a property list: refused, also when nothing else is changed.
        let input = vec![0xFF; 40];
        call(&mut association, &mut stream, &mut sent, &OfflineResourceEx { resource, flags: 0, input });
        sent
    }
}

/// Sends what an association has to send, keeps it, and reads until something happened.
fn exchange(association: &mut ClientAssociation, stream: &mut UnixStream, sent: &mut Vec<Vec<u8>>) -> Event {
    let bytes = association.output().to_vec();
    association.consume_output(bytes.len());
    stream.write_all(&bytes).unwrap();
    sent.push(bytes);
    let mut buffer = [0; 8192];
    loop {
        if let Some(event) = association.poll() {
            return event;
        }
        let count = stream.read(&mut buffer).unwrap();
        assert_ne!(count, 0, "the service has closed the connection");
        association.handle_input(&buffer[..count]);
    }
}

fn call<O: Operation>(
    association: &mut ClientAssociation,
    stream: &mut UnixStream,
    sent: &mut Vec<Vec<u8>>,
    request: &O,
) -> O::Response {
    let (opnum, stub) = encode_request(request).unwrap();
    association.call(opnum, &stub).unwrap();
    match exchange(association, stream, sent) {
        Event::Response { stub, .. } => decode_response::<O>(&stub, Endian::Little).unwrap(),
        other => panic!("{}: {other:?}", O::NAME),
    }
}

#[test]
fn random_bytes_cost_their_own_connection() {
    const CONNECTIONS: usize = 150;
    let Some(mut attacked) = Attacked::or_skip() else { return };
    let mut dice = Dice::new(0x5EED_0002);
    for _ in 0..CONNECTIONS {
        let length = dice.index(2000);
        let bytes = dice.bytes(length);
        attacked.send(&bytes);
        attacked.check_served();
    }
    assert_eq!(attacked.cluster.processes("app"), attacked.processes);
}

#[test]
fn mutated_sessions_cost_their_own_connection() {
    const CONNECTIONS: usize = 400;
    let Some(mut attacked) = Attacked::or_skip() else { return };
    let recorded = attacked.recorded_session();
    let before = attacked.cluster.snapshot();
    let mut dice = Dice::new(0x5EED_0003);
    for number in 0..CONNECTIONS {
        let mut session = recorded.clone();
        match number % 4 {
            // Everything in one.
            0 => {
                let mut all = session.concat();
                dice.mutate(&mut all);
                session = vec![all];
            }
            // In another order, some of it twice.
            1 => {
                let (one, other) = (dice.index(session.len()), dice.index(session.len()));
                session.swap(one, other);
                session.push(recorded[dice.index(recorded.len())].clone());
            }
            // A good bind, so that what is broken comes further.
            _ => {
                let broken = 1 + dice.index(session.len() - 1);
                dice.mutate(&mut session[broken]);
            }
        }
        attacked.send(&session.concat());
        attacked.check_served();
    }
    assert_same(&before, &attacked.cluster.snapshot(), "nobody has asked for a change that could be taken");
    assert_eq!(attacked.cluster.processes("app"), attacked.processes);
    assert_eq!(attacked.cluster.carry_out(Verb::Offline, "app").end, Some(End::Done));
}

#[test]
fn many_connections_at_once_are_served_side_by_side() {
    const CONNECTIONS: usize = 200;
    let Some(mut attacked) = Attacked::or_skip() else { return };
    let mut clients: Vec<Cluster> = (0..CONNECTIONS).map(|_| attacked.cluster.client()).collect();
    // All are open at the same time, and each is answered, in any order.
    for client in clients.iter_mut().rev() {
        let app = open_resource(client, "app");
        assert_eq!(client.resource_place(&app).unwrap().state, ResourceState::Online.number());
    }
    attacked.check_served();
    // Half-open ones too: they say nothing.
    let silent: Vec<UnixStream> = (0..20).map(|_| attacked.stream()).collect();
    attacked.check_served();
    drop(silent);
    drop(clients);
    attacked.check_served();
}

#[test]
fn more_connections_than_there_may_be_are_turned_away_and_the_others_go_on() {
    // Above what one user may have; the descriptors of this process have to reach for them.
    const CONNECTIONS: usize = 1_100;
    let Some(mut attacked) = Attacked::or_skip() else { return };
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    if limit.current.is_some_and(|limit| limit < 3_000) {
        eprintln!("skipped: this process may have {:?} descriptors only", limit.current);
        return;
    }
    let mut turned_away = 0;
    let mut kept = Vec::new();
    for _ in 0..CONNECTIONS {
        match BlockingClient::open(&attacked.cluster.socket(), INTERFACE, &ConnectOptions::default()) {
            Ok(client) => kept.push(client),
            Err(error) => {
                eprintln!("connection {} is turned away: {error}", kept.len());
                turned_away += 1;
                break;
            }
        }
    }
    assert_eq!(turned_away, 1, "{} connections and no bound", kept.len());
    attacked.check_served();
    let one = kept.pop().unwrap();
    drop(kept);
    drop(one);
    // There is room again, as soon as the service has seen them go.
    let deadline = std::time::Instant::now() + HANG;
    while Cluster::open_local(Some(&attacked.cluster.socket()), Desired::Full).is_err() {
        assert!(std::time::Instant::now() < deadline, "nobody is let in any more");
    }
    attacked.check_served();
}

#[test]
fn a_client_that_never_reads_holds_up_nobody() {
    let Some(mut attacked) = Attacked::or_skip() else { return };
    let recorded = attacked.recorded_session();
    let mut stream = attacked.stream();
    stream.set_nonblocking(true).unwrap();
    // Calls with answers, more than the socket holds, until the service takes no more of them.
    let (bind, calls) = (recorded[0].clone(), recorded[2].clone());
    stream.write_all(&bind).unwrap();
    let mut written = 0;
    let mut rest: &[u8] = &calls;
    while written < 64 * 1024 * 1024 {
        match stream.write(rest) {
            Ok(count) => {
                written += count;
                rest = &rest[count..];
                if rest.is_empty() {
                    rest = &calls;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                attacked.check_served();
                // Full is what it stays, once the service has stopped reading: wait until it reads on, at most so long.
                let mut poll = [rustix::event::PollFd::new(&stream, rustix::event::PollFlags::OUT)];
                let patience = rustix::event::Timespec { tv_sec: 0, tv_nsec: 300_000_000 };
                if rustix::event::poll(&mut poll, Some(&patience)).unwrap() == 0 {
                    break;
                }
            }
            Err(error) => {
                eprintln!("closed after {written} bytes: {error}");
                break;
            }
        }
    }
    assert!(written < 64 * 1024 * 1024, "the service takes calls for ever whose answers nobody reads");
    for _ in 0..20 {
        attacked.check_served();
    }
    assert_eq!(attacked.cluster.carry_out(Verb::Offline, "app").end, Some(End::Done));
}

/// A fault, and what may be done on the connection afterwards.
#[track_caller]
fn assert_fault(outcome: Result<Vec<u8>, CallError>, wanted: FaultStatus) {
    match outcome {
        Err(CallError::Fault { status, .. }) => assert_eq!(status, wanted),
        other => panic!("{other:?} instead of fault {wanted}"),
    }
}

#[test]
fn calls_that_make_no_sense_are_faults_and_the_connection_goes_on() {
    let Some(mut attacked) = Attacked::or_skip() else { return };
    let open = || {
        let socket = attacked.cluster.socket();
        BlockingClient::open(&socket, INTERFACE, &ConnectOptions::default()).unwrap()
    };
    let (mut one, mut other) = (open(), open());
    let open_resource = |client: &mut BlockingClient| -> ResourceHandle {
        let (opnum, stub) = encode_request(&OpenCluster).unwrap();
        client.call(opnum, &stub).unwrap();
        let (opnum, stub) = encode_request(&OpenResource { name: "app".to_owned() }).unwrap();
        let answer = client.call(opnum, &stub).unwrap();
        decode_response::<OpenResource>(&answer, Endian::Little).unwrap().handle
    };
    let state = |client: &mut BlockingClient, resource: ResourceHandle| {
        let (opnum, stub) = encode_request(&GetResourceState { resource }).unwrap();
        client.call(opnum, &stub)
    };
    let handle = open_resource(&mut one);
    let of_other = open_resource(&mut other);

    // A handle of another connection, one that never was, one that was closed.
    assert_fault(state(&mut one, of_other), FaultStatus::CONTEXT_MISMATCH);
    let (opnum, mut stub) = encode_request(&GetResourceState { resource: handle }).unwrap();
    stub[7] ^= 0x55;
    assert_fault(one.call(opnum, &stub), FaultStatus::CONTEXT_MISMATCH);
    state(&mut one, handle).unwrap();
    // Not one argument of an offline call with a foreign handle is believed.
    let foreign = OfflineResourceEx { resource: of_other, flags: 0, input: Vec::new() };
    let (opnum, stub) = encode_request(&foreign).unwrap();
    assert_fault(one.call(opnum, &stub), FaultStatus::CONTEXT_MISMATCH);

    // No such operation.
    for opnum in [500, 0x7FFF, 0xFFFF] {
        assert_fault(one.call(opnum, &[]), FaultStatus::OPERATION_RANGE);
    }

    // Arguments that are cut, or whose counts promise more than there is.
    let input = vec![1; 64];
    let good = OfflineResourceEx { resource: handle, flags: 0, input };
    let (opnum, stub) = encode_request(&good).unwrap();
    for length in 0..stub.len() {
        assert_fault(one.call(opnum, &stub[..length]), FaultStatus::BAD_STUB_DATA);
    }
    // The count before the buffer.
    let mut promising = stub.clone();
    promising[24..28].copy_from_slice(&0x7FFF_FFFF_u32.to_le_bytes());
    assert_fault(one.call(opnum, &promising), FaultStatus::BAD_STUB_DATA);

    // Both connections live, and nothing has happened to the resource.
    for client in [&mut one, &mut other] {
        assert!(client.is_usable());
    }
    state(&mut one, handle).unwrap();
    state(&mut other, of_other).unwrap();
    attacked.check_served();
    assert_eq!(attacked.cluster.processes("app"), attacked.processes);
    let refused = |record: &mainstay_types::operation::OperationRecord| record.verb == Verb::Offline;
    assert_eq!(attacked.cluster.journal("app").iter().filter(|record| refused(record)).count(), 0);

    // Handles end with their connection.
    drop(other);
    assert_fault(state(&mut one, of_other), FaultStatus::CONTEXT_MISMATCH);
}

#[test]
fn a_buffer_that_is_no_property_list_is_refused_and_changes_nothing() {
    const LISTS: usize = 300;
    let Some(mut attacked) = Attacked::or_skip() else { return };
    let mut dice = Dice::new(0x5EED_0004);
    let good = PropertyList::new()
        .with("Generic Application", 1_u32)
        .with("text", "some text")
        .with("bytes", vec![1_u8, 2, 3])
        .to_bytes()
        .unwrap();
    let before = attacked.cluster.snapshot();
    let mut refused = 0;
    for number in 0..LISTS {
        let list = if number % 2 == 0 {
            let length = 1 + dice.index(200);
            dice.bytes(length)
        } else {
            let mut list = good.clone();
            dice.mutate(&mut list);
            list
        };
        // What is one all the same is not sent: it would be taken.
        if list.is_empty() || PropertyList::parse(&list).is_ok() {
            continue;
        }
        let flags = [0, OfflineFlags::FORCE_WITH_TERMINATION.bits()][dice.index(2)];
        let outcome = attacked.client.offline_resource_ex(&attacked.app, flags, &list);
        let status = outcome.map_or_else(|error| error.status(), |accepted| accepted.status());
        assert_eq!(status, Status::INVALID_PARAMETER, "{list:02x?}");
        refused += 1;
    }
    assert!(refused > LISTS / 2, "{refused}");
    attacked.check_served();
    assert_same(&before, &attacked.cluster.snapshot(), "a refused call changes nothing");
    assert_eq!(attacked.cluster.processes("app"), attacked.processes);
}
