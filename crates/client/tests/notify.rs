//! Notification ports against a server in the same process.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use fake::{FakeServer, PATIENCE, World};
use mainstay_client::{
    Cluster, Desired, Event, Local, NoEvent, NotifyPort, Resource, Watch, Watched, filter,
};

const RESOURCE_STATE: i64 = 0x4;
const ADD_NOTIFY: u16 = 138;
const GET_NOTIFY: u16 = 139;

fn watch(object: Watched, object_type: u32, events: i64, key: usize) -> Watch {
    Watch { object, object_type, events, key }
}

fn next(port: &NotifyPort) -> Event {
    port.next(Some(Instant::now() + PATIENCE), |event| (event.clone(), true)).unwrap()
}

fn nothing(port: &NotifyPort) {
    assert_eq!(port.next(Some(Instant::now()), |event| (event.clone(), true)), Err(NoEvent::TimedOut));
}

#[test]
fn events_come_in_order_with_their_keys() {
    let server = FakeServer::start();
    let port = NotifyPort::open(server.path()).unwrap();
    port.watch(watch(Watched::Cluster, filter::RESOURCE, RESOURCE_STATE, 70_000_000_000)).unwrap();
    nothing(&port);
    for state in [130_u8, 3] {
        server.emit(filter::RESOURCE, RESOURCE_STATE, &[state, 0, 0, 0], "id", "web");
    }
    server.emit(filter::GROUP, 8, &[1, 0, 0, 0], "id", "g");
    let first = next(&port);
    assert_eq!((first.key, first.object_type, first.events), (70_000_000_000, 3, RESOURCE_STATE));
    assert_eq!((first.buffer[0], first.name.as_str(), first.parent_id.as_str()), (130, "web", "parent"));
    assert_eq!(next(&port).buffer[0], 3);
    nothing(&port);
}

#[test]
fn filters_on_objects_and_filters_that_are_refused() {
    let server = FakeServer::start();
    let mut cluster = Cluster::open(Local::new(server.path()), Desired::Full).unwrap();
    let web: Resource = cluster.open_object("web", Desired::Full).unwrap();
    let port = NotifyPort::open(server.path()).unwrap();
    let closing = filter::handle_close(filter::RESOURCE);
    port.watch(watch(Watched::Resource(web.clone()), filter::RESOURCE, RESOURCE_STATE | closing, 5)).unwrap();
    let sent = server.world().log.iter().rev().find_map(|request| match request {
        mainstay_cmrp::Request::AddNotifyV2(request) => Some(request.clone()),
        _ => None,
    });
    let sent = sent.unwrap();
    assert_eq!((sent.filter.events, sent.targeted, sent.version), (RESOURCE_STATE, true, 2));

    port.tell_handle_closed(&Watched::Resource(web.clone()));
    let event = next(&port);
    assert_eq!((event.key, event.events, event.object_id.as_str()), (5, closing, web.id()));

    assert_eq!(port.watch(watch(Watched::Cluster, 3, 0, 1)).unwrap_err().status().0, 87);
    server.world().refuse.insert(ADD_NOTIFY, 5);
    assert_eq!(port.watch(watch(Watched::Cluster, 3, 4, 1)).unwrap_err().status().0, 5);
    server.world().refuse.clear();
    port.watch(watch(Watched::Cluster, 3, 4, 6)).unwrap();
    server.emit(filter::RESOURCE, RESOURCE_STATE, &[], "id", "web");
    assert_eq!([next(&port).key, next(&port).key], [5, 6]);
}

#[test]
fn a_lost_connection_is_told_and_taken_up_again() {
    let mut server = FakeServer::start();
    let port = NotifyPort::open(server.path()).unwrap();
    let all = filter::CLUSTER_STATE | filter::CLUSTER_RECONNECT | filter::CLUSTER_LOST_NOTIFICATIONS;
    port.watch(watch(Watched::Cluster, filter::CLUSTER, all, 1)).unwrap();
    port.watch(watch(Watched::Cluster, filter::RESOURCE, RESOURCE_STATE, 2)).unwrap();
    server.kill();
    assert_eq!(next(&port).events, filter::CLUSTER_STATE);
    assert_eq!(port.watch(watch(Watched::Cluster, 3, 4, 1)).unwrap_err().status().0, 1722);
    server.run();
    assert_eq!(next(&port).events, filter::CLUSTER_RECONNECT);
    let lost = next(&port);
    assert_eq!((lost.key, lost.events), (1, filter::CLUSTER_LOST_NOTIFICATIONS));
    server.emit(filter::RESOURCE, RESOURCE_STATE, &[3, 0, 0, 0], "id", "web");
    assert_eq!(next(&port).key, 2);
}

#[test]
fn a_service_that_refuses_to_tell_is_asked_again() {
    let mut server = FakeServer::start();
    let port = NotifyPort::open(server.path()).unwrap();
    port.watch(watch(Watched::Cluster, filter::RESOURCE, RESOURCE_STATE, 2)).unwrap();
    server.wait_until("the port waits", World::a_port_waits);
    server.kill();
    server.world().log.clear();
    server.world().refuse.insert(GET_NOTIFY, 6);
    server.run();
    let refused = |world: &World| world.log.iter().filter(|request| request.opnum() == GET_NOTIFY).count();
    server.wait_until("it was refused twice", |world| refused(world) >= 2);
    server.world().refuse.clear();
    server.wait_until("the port waits again", World::a_port_waits);
    server.emit(filter::RESOURCE, RESOURCE_STATE, &[3, 0, 0, 0], "id", "web");
    assert_eq!(next(&port).events, filter::CLUSTER_LOST_NOTIFICATIONS);
    assert_eq!(next(&port).key, 2, "the losses in a row are one");
}

#[test]
fn closing_ends_waits_also_while_the_service_is_away() {
    let mut server = FakeServer::start();
    let port = NotifyPort::open(server.path()).unwrap();
    port.watch(watch(Watched::Cluster, filter::CLUSTER, filter::CLUSTER_STATE, 1)).unwrap();
    server.kill();
    assert_eq!(next(&port).events, filter::CLUSTER_STATE);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| port.next(None, |event| (event.clone(), true)));
        port.close();
        assert_eq!(waiter.join().unwrap(), Err(NoEvent::Closed));
    });
    assert_eq!(port.watch(watch(Watched::Cluster, 3, 4, 1)).unwrap_err().status().0, 6);
}

#[test]
fn a_service_that_does_not_answer_a_filter_does_not_hold_up_closing() {
    let server = FakeServer::start();
    let port = NotifyPort::open(server.path()).unwrap();
    server.world().hold.push(ADD_NOTIFY);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| port.watch(watch(Watched::Cluster, 3, 4, 1)));
        server.wait_for(ADD_NOTIFY);
        port.close();
        assert!(watcher.join().unwrap().is_err());
    });
}

/// What stands between a port and the service, and hands several answers on in one piece.
struct Between {
    path: std::path::PathBuf,
    /// So many answers are kept until all of them are there.
    together: Arc<AtomicUsize>,
    /// Told when the first of these is there.
    first: Receiver<()>,
    _directory: tempfile::TempDir,
}

impl Between {
    fn start(server: &FakeServer) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("between");
        let listener = UnixListener::bind(&path).unwrap();
        let together = Arc::new(AtomicUsize::new(0));
        let (told, first) = channel();
        let (behind, kept) = (server.path().to_owned(), Arc::clone(&together));
        std::thread::spawn(move || {
            let (port, _) = listener.accept().unwrap();
            let service = UnixStream::connect(behind).unwrap();
            let (mut from, mut to) = (port.try_clone().unwrap(), service.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            hand_on(service, port, &kept, &told)
        });
        Between { path, together, first, _directory: directory }
    }
}

/// Hands answers on until one side has gone. Each answer here is one PDU, whose length stands in its header.
fn hand_on(
    mut service: UnixStream,
    mut port: UnixStream,
    together: &AtomicUsize,
    told: &Sender<()>,
) -> std::io::Result<()> {
    let mut kept = Vec::new();
    loop {
        let mut header = [0; 16];
        service.read_exact(&mut header)?;
        let length = u16::from_le_bytes([header[8], header[9]]);
        let mut body = vec![0; usize::from(length) - header.len()];
        service.read_exact(&mut body)?;
        let is_first = kept.is_empty();
        kept.extend(header.into_iter().chain(body));
        let left = together.load(Ordering::SeqCst).saturating_sub(1);
        together.store(left, Ordering::SeqCst);
        if left == 0 {
            port.write_all(&kept)?;
            kept.clear();
        } else if is_first {
            let _ = told.send(());
        }
    }
}

/// An event that comes together with the answer to a filter wakes nobody any more: it has to be seen there and then.
#[test]
fn an_event_that_comes_with_the_answer_to_a_filter_is_told() {
    let server = FakeServer::start();
    let between = Between::start(&server);
    let port = NotifyPort::open(&between.path).unwrap();
    port.watch(watch(Watched::Cluster, filter::RESOURCE, RESOURCE_STATE, 1)).unwrap();
    server.wait_until("the port waits", World::a_port_waits);
    between.together.store(2, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| port.watch(watch(Watched::Cluster, filter::GROUP, 8, 2)));
        between.first.recv_timeout(PATIENCE).unwrap();
        server.emit(filter::RESOURCE, RESOURCE_STATE, &[3, 0, 0, 0], "id", "web");
        watcher.join().unwrap().unwrap();
    });
    assert_eq!(next(&port).key, 1);
    // And it goes on.
    server.emit(filter::GROUP, 8, &[1, 0, 0, 0], "id", "g");
    assert_eq!(next(&port).key, 2);
}
