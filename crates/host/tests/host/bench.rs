//! A real host process, and the service's side of its socket.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mainstay_ipc::host::{FromHost, ToHost};
use mainstay_ipc::{FrameReader, VERSION, write_frame};
use mainstay_process::scratch::Scratch;
use mainstay_process::{Leaf, layout};
use mainstay_proplist::{multi_string, utf16};
use mainstay_types::order::{
    Action, Held, News, Opening, Order, OrderId, Outcome, Query, QueryAnswer, Question, RegistryCopy,
    RegistryValue, Report, Step,
};
use mainstay_types::{
    ClusterId, Epoch, GroupId, HostId, Name, NodeId, OfflineFlags, OfflineReason, OnlineFlags, OperationId,
    ResourceId,
};
use uuid::Uuid;

pub const GROUP: GroupId = GroupId(Uuid::from_u128(0x61));

/// How long anything may take in these tests before it counts as not happening.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn resource(number: u128) -> ResourceId {
    ResourceId(Uuid::from_u128(number))
}

pub fn soon() -> Instant {
    Instant::now() + PATIENCE
}

/// The places of a test: a run directory and a cgroup root. Each is a cluster of its own: resources have the same ids in
/// all tests, and processes of one resource are looked for on the whole machine.
pub struct Bench {
    pub cluster: ClusterId,
    pub run_dir: tempfile::TempDir,
    pub scratch: Scratch,
}

impl Bench {
    pub fn or_skip() -> Option<Self> {
        let scratch = Scratch::or_skip()?;
        Some(Bench { cluster: ClusterId(Uuid::new_v4()), run_dir: tempfile::tempdir().unwrap(), scratch })
    }

    /// The leaf of a resource, made now as the guard would.
    pub fn leaf(&self, number: u128) -> Leaf {
        let leaf = Leaf::new(layout::resource(self.scratch.path(), GROUP, resource(number)));
        leaf.create().unwrap();
        leaf
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.run_dir.path().join(name)
    }

    pub fn command(&self, host: HostId) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay-host"));
        command.arg("--run-dir").arg(self.run_dir.path()).arg("--cgroup-root").arg(self.scratch.path());
        command.args(["--cluster", &self.cluster.to_string(), "--host", &host.to_string()]);
        command.stdout(Stdio::piped());
        command
    }

    pub fn start(&self, host: HostId) -> Host {
        let mut child = self.command(host).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready "), "{line:?}");
        Host(child)
    }
}

/// A host process, killed when the test ends.
pub struct Host(pub Child);

impl Host {
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The service's side.
pub struct Service {
    stream: UnixStream,
    reader: FrameReader,
    waiting: VecDeque<FromHost>,
    operation: u64,
    pub epoch: u64,
}

impl Service {
    pub fn silent(run_dir: &Path, host: HostId) -> Self {
        let stream = UnixStream::connect(run_dir.join(format!("host-{host}.sock"))).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Service { stream, reader: FrameReader::default(), waiting: VecDeque::new(), operation: 0, epoch: 1 }
    }

    pub fn connect(bench: &Bench, host: HostId, session: u64) -> (Self, Vec<Held>) {
        let mut service = Service::silent(bench.run_dir.path(), host);
        // Operations are numbered across all sessions.
        service.operation = session * 1000;
        service.send(&ToHost::Hello { version: VERSION, cluster: bench.cluster, session });
        match service.receive() {
            FromHost::Welcome { version: VERSION, host: which, held, .. } => {
                assert_eq!(which, host);
                (service, held)
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn send(&mut self, message: &ToHost) {
        write_frame(&mut self.stream, message).unwrap();
    }

    pub fn try_receive(&mut self) -> Option<FromHost> {
        self.waiting.pop_front().or_else(|| self.reader.read_from(&mut self.stream).unwrap())
    }

    pub fn receive(&mut self) -> FromHost {
        self.try_receive().expect("the host closed the connection")
    }

    /// Waits for a message; others stay for later.
    pub fn wait_for<T>(&mut self, mut wanted: impl FnMut(&FromHost) -> Option<T>) -> T {
        if let Some(index) = self.waiting.iter().position(|message| wanted(message).is_some()) {
            return self.waiting.remove(index).as_ref().and_then(wanted).unwrap();
        }
        loop {
            let message: FromHost = self.reader.read_from(&mut self.stream).unwrap().expect("closed");
            if let Some(found) = wanted(&message) {
                return found;
            }
            self.waiting.push_back(message);
        }
    }

    pub fn news(&mut self, wanted: impl Fn(&News) -> bool) -> Report {
        self.wait_for(|message| match message {
            FromHost::Report(report) if wanted(&report.news) => Some(report.clone()),
            _ => None,
        })
    }

    /// Sends an order and answers its identity.
    pub fn order(&mut self, resource: ResourceId, step: Step, action: Action) -> OrderId {
        self.operation += 1;
        let operation = OperationId { node: NodeId(1), number: self.operation };
        let id = OrderId { operation, number: 0, step };
        self.send_order(id, resource, action);
        id
    }

    pub fn send_order(&mut self, id: OrderId, resource: ResourceId, action: Action) {
        let epoch = Epoch { generation: 1, epoch: self.epoch };
        self.send(&ToHost::Order(Order { id, resource, epoch, action }));
    }

    pub fn end_of(&mut self, order: OrderId) -> Outcome {
        let report = self.news(|news| matches!(news, News::Ended { order: ended, .. } if *ended == order));
        assert!(report.sequence > 0);
        match report.news {
            News::Ended { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        }
    }

    pub fn open(&mut self, resource: ResourceId, opening: Opening) -> Outcome {
        let order = self.order(resource, Step::Open, Action::Open(Box::new(opening)));
        self.end_of(order)
    }

    pub fn online(&mut self, resource: ResourceId) -> Outcome {
        let order = self.order(resource, Step::Start, online());
        self.end_of(order)
    }

    pub fn offline(&mut self, resource: ResourceId, buffer: &[u8]) -> Outcome {
        let order = self.order(resource, Step::Stop, offline(buffer));
        self.end_of(order)
    }

    pub fn terminate(&mut self, resource: ResourceId) -> Outcome {
        let order = self.order(resource, Step::Terminate, Action::Terminate);
        self.end_of(order)
    }

    pub fn close(&mut self, resource: ResourceId) -> Outcome {
        let order = self.order(resource, Step::Close, Action::Close);
        self.end_of(order)
    }

    pub fn ask(&mut self, question: Question) -> QueryAnswer {
        self.operation += 1;
        let id = self.operation;
        self.send(&ToHost::Query(Query { id, question }));
        self.wait_for(|message| match message {
            FromHost::Answer(answer) if answer.id == id => Some(answer.clone()),
            _ => None,
        })
    }
}

pub fn online() -> Action {
    Action::Online { flags: OnlineFlags::empty(), buffer: Vec::new() }
}

pub fn offline(buffer: &[u8]) -> Action {
    Action::Offline {
        flags: OfflineFlags::empty(),
        reason: OfflineReason::UserRequested,
        buffer: buffer.to_vec(),
        destination: None,
        due_to_embedded_failure: false,
    }
}

/// Properties of an application; health checks are far away unless the test sets them.
pub struct Application(Vec<RegistryValue>);

impl Application {
    pub fn script(script: &str) -> Self {
        Application(Vec::new()).text("CommandLine", &format!("/bin/sh -c '{script}'"))
    }

    pub fn text(mut self, name: &str, text: &str) -> Self {
        self.0.push(RegistryValue { name: name.into(), kind: 1, data: utf16::build(text).unwrap() });
        self
    }

    pub fn texts(mut self, name: &str, texts: &[&str]) -> Self {
        self.0.push(RegistryValue { name: name.into(), kind: 7, data: multi_string::build(texts).unwrap() });
        self
    }

    pub fn number(mut self, name: &str, number: u32) -> Self {
        self.0.push(RegistryValue { name: name.into(), kind: 4, data: number.to_le_bytes().to_vec() });
        self
    }

    pub fn opening(self) -> Opening {
        let parameters = RegistryCopy { values: self.0, keys: Vec::new() };
        Opening {
            name: Name::parse("app").unwrap(),
            type_name: Name::parse("generic application").unwrap(),
            group: GROUP,
            library: None,
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
}
