//! A real `mainstay-host-foreign` with a real library in a real cgroup, driven over its socket as the service drives
//! it. Where the machine has no writable cgroup v2 or no C compiler, each test says so and is passed over.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use mainstay_ipc::host::{FromHost, ToHost};
use mainstay_ipc::{FrameReader, VERSION, write_frame};
use mainstay_process::scratch::Scratch;
use mainstay_process::{Leaf, layout};
use mainstay_proplist::{PropertyList, Value, utf16};
use mainstay_types::order::{
    Action, News, Opening, Order, OrderId, Outcome, Query, QueryAnswer, Question, RegistryCopy,
    RegistryValue, Step,
};
use mainstay_types::{
    ClusterId, Epoch, GroupId, HostId, Name, NodeId, OfflineFlags, OfflineReason, OnlineFlags, OperationId,
    ResourceId, Status,
};
use support::{compile_library, has, root};
use uuid::Uuid;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

const CLUSTER: ClusterId = ClusterId(Uuid::from_u128(1));
const GROUP: GroupId = GroupId(Uuid::from_u128(2));
const RESOURCE: ResourceId = ResourceId(Uuid::from_u128(3));

/// The demonstration type's library, and the places of a host.
struct Place {
    dir: tempfile::TempDir,
    cgroups: Scratch,
    library: PathBuf,
}

impl Place {
    fn or_skip() -> Option<Self> {
        if !has("cc") {
            return None;
        }
        let cgroups = Scratch::or_skip()?;
        let dir = tempfile::tempdir().unwrap();
        let library = dir.path().join("libdemo_type.so");
        compile_library(&[], &root().join("examples/demo-type/demo_type.c"), &library);
        // The guard makes the leaf before it starts the host.
        Leaf::new(layout::resource(cgroups.path(), GROUP, RESOURCE)).create().unwrap();
        Some(Place { dir, cgroups, library })
    }

    fn active(&self) -> PathBuf {
        self.dir.path().join("active")
    }

    fn opening(&self, properties: &[(&str, Property)]) -> Opening {
        let active = Property::Text(self.active().display().to_string());
        let values = [&[("ActiveFile", active)], properties].concat();
        let parameters =
            RegistryCopy { values: values.into_iter().map(Property::value).collect(), keys: Vec::new() };
        Opening {
            name: Name::parse("DemoResource").unwrap(),
            type_name: Name::parse("dummy").unwrap(),
            group: GROUP,
            library: Some(self.library.display().to_string()),
            registry: RegistryCopy { values: Vec::new(), keys: vec![("Parameters".into(), parameters)] },
            pending_timeout_ms: 180_000,
            deadlock_timeout_ms: 300_000,
            looks_alive_interval_ms: 3_600_000,
            is_alive_interval_ms: 3_600_000,
            recover: false,
            online_for_ms: None,
            borne: None,
            note: None,
        }
    }

    /// Starts a host and connects to it.
    fn start(&self, session: u64) -> Host {
        let id = HostId::Own(RESOURCE);
        let mut child = Command::new(env!("CARGO_BIN_EXE_mainstay-host-foreign"))
            .arg("--run-dir")
            .arg(self.dir.path())
            .arg("--cgroup-root")
            .arg(self.cgroups.path())
            .args(["--cluster", &CLUSTER.to_string(), "--host", &id.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let socket = ready.trim().strip_prefix("ready ").unwrap();
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut host = Host { child, stream, reader: FrameReader::default(), number: session * 1000 };
        host.send(&ToHost::Hello { version: VERSION, cluster: CLUSTER, session });
        host.wait(|message| matches!(message, FromHost::Welcome { .. }).then_some(()));
        host
    }
}

#[derive(Clone)]
enum Property {
    Number(u32),
    Text(String),
}

impl Property {
    fn value((name, property): (&str, Property)) -> RegistryValue {
        let (kind, data) = match property {
            Property::Number(number) => (4, number.to_le_bytes().to_vec()),
            Property::Text(text) => (1, utf16::build(&text).unwrap()),
        };
        RegistryValue { name: name.into(), kind, data }
    }
}

fn text(text: &str) -> Property {
    Property::Text(text.into())
}

fn instruction(number: u32) -> Vec<u8> {
    PropertyList::new().with("dummy", Value::Dword(number)).to_bytes().unwrap()
}

/// A host process and the service's side of its socket.
struct Host {
    child: Child,
    stream: UnixStream,
    reader: FrameReader,
    number: u64,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Host {
    fn send(&mut self, message: &ToHost) {
        write_frame(&mut self.stream, message).unwrap();
    }

    /// Reads until a message is what is wanted; the others are passed over.
    fn wait<T>(&mut self, wanted: impl Fn(FromHost) -> Option<T>) -> T {
        loop {
            let message =
                self.reader.read_from(&mut self.stream).unwrap().expect("the host closed the connection");
            if let Some(found) = wanted(message) {
                return found;
            }
        }
    }

    fn wait_news<T>(&mut self, wanted: impl Fn(News) -> Option<T>) -> T {
        self.wait(|message| if let FromHost::Report(report) = message { wanted(report.news) } else { None })
    }

    fn order(&mut self, step: Step, action: Action) -> OrderId {
        self.number += 1;
        let id = OrderId { operation: OperationId { node: NodeId(1), number: self.number }, number: 0, step };
        let epoch = Epoch { generation: 1, epoch: 1 };
        self.send(&ToHost::Order(Order { id, resource: RESOURCE, epoch, action }));
        id
    }

    fn end_of(&mut self, order: OrderId) -> Outcome {
        self.wait_news(|news| match news {
            News::Ended { order: ended, outcome } if ended == order => Some(outcome),
            _ => None,
        })
    }

    fn open(&mut self, opening: Opening) -> Outcome {
        let order = self.order(Step::Open, Action::Open(Box::new(opening)));
        self.end_of(order)
    }

    fn order_online(&mut self) -> OrderId {
        self.order(Step::Start, Action::Online { flags: OnlineFlags::empty(), buffer: Vec::new() })
    }

    fn order_offline(&mut self, buffer: &[u8]) -> OrderId {
        let action = Action::Offline {
            flags: OfflineFlags::empty(),
            reason: OfflineReason::UserRequested,
            buffer: buffer.to_vec(),
            destination: None,
            due_to_embedded_failure: false,
        };
        self.order(Step::Stop, action)
    }

    fn online(&mut self) -> Outcome {
        let order = self.order_online();
        self.end_of(order)
    }

    fn offline(&mut self, buffer: &[u8]) -> Outcome {
        let order = self.order_offline(buffer);
        self.end_of(order)
    }

    fn terminate(&mut self) -> Outcome {
        let order = self.order(Step::Terminate, Action::Terminate);
        self.end_of(order)
    }

    fn ask(&mut self, question: Question) -> QueryAnswer {
        self.number += 1;
        let id = self.number;
        self.send(&ToHost::Query(Query { id, question }));
        self.wait(|message| match message {
            FromHost::Answer(answer) if answer.id == id => Some(answer),
            _ => None,
        })
    }

    fn wait_for_death(&mut self) -> ExitStatus {
        // The socket ends with the process.
        while let Ok(Some(_)) = self.reader.read_from::<FromHost>(&mut self.stream) {}
        self.child.wait().unwrap()
    }
}

#[test]
fn a_library_goes_online_and_offline_by_instruction() {
    let Some(place) = Place::or_skip() else { return };
    let saved = place.dir.path().join("saved");
    let mut host = place.start(1);
    let properties = [
        ("SavedFile", text(saved.to_str().unwrap())),
        ("OfflineDelayMs", Property::Number(120)),
        ("LockWhenOnline", Property::Number(1)),
    ];
    assert_eq!(host.open(place.opening(&properties)), Outcome::Done);

    let order = host.order_online();
    assert_eq!(
        host.wait_news(|news| if let News::Locked { locked, reason } = news {
            Some((locked, reason))
        } else {
            None
        }),
        (true, 1)
    );
    assert_eq!(host.end_of(order), Outcome::Done);
    assert!(place.active().exists());

    for (number, status) in [(0, Status::SUCCESS), (1, Status::SUCCESS), (2, Status::INVALID_PARAMETER)] {
        let check = Question::CheckOffline {
            resource: RESOURCE,
            flags: OfflineFlags::empty(),
            buffer: instruction(number),
        };
        assert_eq!(host.ask(check).status, status, "instruction {number}");
    }

    let order = host.order_offline(&instruction(1));
    let checkpoint = host.wait_news(|news| match news {
        News::Progress { order: pending, checkpoint, .. } if pending == order => Some(checkpoint),
        _ => None,
    });
    assert!(checkpoint >= 1);
    assert_eq!(host.end_of(order), Outcome::Done);
    assert!(saved.exists() && !place.active().exists());
    let close = host.order(Step::Close, Action::Close);
    assert_eq!(host.end_of(close), Outcome::Done);
    host.send(&ToHost::Exit);
    assert!(host.wait_for_death().success());
}

#[test]
fn a_veto_leaves_it_as_it_was() {
    let Some(place) = Place::or_skip() else { return };
    let mut host = place.start(1);
    assert_eq!(host.open(place.opening(&[("VetoOffline", Property::Number(1))])), Outcome::Done);
    assert_eq!(host.online(), Outcome::Done);
    let Outcome::Vetoed(cause) = host.offline(&[]) else { panic!("not vetoed") };
    assert_eq!(cause.status, Status::CLUSTER_RESOURCE_VETOED_CALL);
    assert!(place.active().exists());
    assert_eq!(host.terminate(), Outcome::Done);
    assert!(!place.active().exists());
}

#[test]
fn terminate_overtakes_endless_reports() {
    let Some(place) = Place::or_skip() else { return };
    let mut host = place.start(1);
    assert_eq!(host.open(place.opening(&[("ReportForever", text("Offline"))])), Outcome::Done);
    assert_eq!(host.online(), Outcome::Done);
    let offline = host.order_offline(&[]);
    host.wait_news(|news| matches!(news, News::Progress { checkpoint: 2.., .. }).then_some(()));
    let terminate = host.order(Step::Terminate, Action::Terminate);
    assert_eq!(host.end_of(offline), Outcome::Cancelled);
    assert_eq!(host.end_of(terminate), Outcome::Done);
    assert!(!place.active().exists());
}

/// A crash is the host's end and nobody else's; the next host finds what was active and takes it over.
#[test]
fn a_crash_ends_the_host_and_the_next_one_takes_over() {
    let Some(place) = Place::or_skip() else { return };
    let mut host = place.start(1);
    assert_eq!(host.open(place.opening(&[("CrashIn", text("Offline"))])), Outcome::Done);
    assert_eq!(host.online(), Outcome::Done);
    host.order_offline(&[]);
    assert!(!host.wait_for_death().success());
    assert!(place.active().exists());

    let mut next = place.start(2);
    let mut opening = place.opening(&[]);
    opening.recover = true;
    assert_eq!(next.open(opening), Outcome::FoundOnline);
    assert_eq!(next.offline(&[]), Outcome::Done);
    assert!(!place.active().exists());
}

#[test]
fn a_hanging_entry_point_is_told() {
    let Some(place) = Place::or_skip() else { return };
    let mut host = place.start(1);
    let mut opening = place.opening(&[("HangIn", text("Online"))]);
    opening.deadlock_timeout_ms = 100;
    assert_eq!(host.open(opening), Outcome::Done);
    host.order_online();
    let call = host.wait_news(|news| if let News::Deadlocked { call } = news { Some(call) } else { None });
    assert_eq!(call, "Online");
}

#[test]
fn a_library_that_is_not_there_fails_the_open() {
    let Some(place) = Place::or_skip() else { return };
    let mut host = place.start(1);
    let mut opening = place.opening(&[]);
    opening.library = Some("/nowhere/libdemo_type.so".into());
    let Outcome::Failed(cause) = host.open(opening) else { panic!("it was opened") };
    assert_eq!(cause.status, Status::MOD_NOT_FOUND);
    assert!(cause.text.contains("/nowhere/libdemo_type.so"), "{cause}");
    // The host is as good as before.
    assert_eq!(host.open(place.opening(&[])), Outcome::Done);
    fs::write(place.active(), "").unwrap();
    assert_eq!(host.online(), Outcome::Done);
}
