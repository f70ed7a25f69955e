//! A cluster service for tests that says what the test scripted: the real RPC server over a real socket.
//!
//! It knows no rule of a cluster. Objects of any name are there, except those called `nix`; control codes answer from
//! the script, and what has none is no function.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use mainstay_cmrp::control::{ControlRequest, ControlResponse};
use mainstay_cmrp::*;
use mainstay_ndr::{ContextHandle, Endian, NdrParams};
use mainstay_proplist::{PropertyList, Value};
use mainstay_rpc::{
    Call, FaultStatus, Interface, PeerCredentials, Refusal, Reply, Server, ServerLimits, SyntaxId,
};
use mainstay_types::control::own;
use mainstay_types::operation::{Asker, End, OperationRecord, Verb};
use mainstay_types::own_codes::{submit, wait_operation};
use mainstay_types::{ObjectId, Status};
use uuid::Uuid;

/// How long a test waits for what must happen; far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a control code does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Answers with a list.
    List(PropertyList),
    /// Answers with a status.
    Status(u32),
    /// Fails in a way that leaves the outcome unknown.
    Lost,
    /// Does not answer until the server is killed or the test releases it.
    Hold,
}

#[derive(Default)]
pub struct World {
    /// The answers to control codes, in order; the last one stays.
    steps: HashMap<u32, VecDeque<Step>>,
    /// The last answers of DeleteResource, in order; 0 when there is none.
    pub deletions: VecDeque<u32>,
    /// What arrived: names of operations, and for control codes the code with its list.
    pub log: Vec<String>,
    /// Inputs of control codes.
    pub inputs: Vec<(u32, PropertyList)>,
    held: Vec<(ControlRequest, Reply)>,
    /// Names of opened groups, in small letters.
    groups: HashMap<Uuid, String>,
}

type Shared = Arc<(Mutex<World>, Condvar)>;

pub struct Fake {
    path: PathBuf,
    world: Shared,
    running: Option<(tokio::sync::oneshot::Sender<()>, std::thread::JoinHandle<()>)>,
    directory: tempfile::TempDir,
}

/// How a run of the command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Fake {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Self {
            path: directory.path().join("cluster.sock"),
            world: Shared::default(),
            running: None,
            directory,
        };
        server.run();
        server
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.0.lock().unwrap()
    }

    /// Scripts the answers to a control code, in order; the last one stays.
    pub fn on(&self, code: u32, steps: impl IntoIterator<Item = Step>) -> &Self {
        self.world().steps.insert(code, steps.into_iter().collect());
        self
    }

    /// The inputs that a control code got.
    pub fn inputs(&self, code: u32) -> Vec<PropertyList> {
        self.world().inputs.iter().filter(|(c, _)| *c == code).map(|(_, list)| list.clone()).collect()
    }

    /// Waits until so many calls with a control code are held.
    pub fn wait_for_held(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut world = self.world();
        while world.held.len() < count {
            let left = deadline.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("never held; log: {:?}", world.log));
            world = self.world.1.wait_timeout(world, left).unwrap().0;
        }
    }

    /// Answers what is held with a list.
    pub fn release(&self, list: &PropertyList) {
        for (request, reply) in std::mem::take(&mut self.world().held) {
            reply.answer(&ControlResponse::new(&request, list.to_bytes().unwrap()).to_stub().unwrap());
        }
    }

    /// The command, pointed at this server, with an environment of its own.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.args(words).env_clear().env("MAINSTAY_SOCKET", &self.path).env("TZ", "UTC");
        command.stdin(Stdio::null());
        command
    }

    /// Runs the command to its end.
    pub fn mainstay(&self, words: &[&str]) -> Ran {
        self.command(words).output().unwrap().into()
    }

    /// Ends the server and cuts every connection off, as SIGKILL would.
    pub fn kill(&mut self) {
        let (stop, thread) = self.running.take().unwrap();
        stop.send(()).unwrap();
        thread.join().unwrap();
        std::fs::remove_file(&self.path).unwrap();
        self.world().held.clear();
    }

    /// Starts it again on the same socket.
    pub fn run(&mut self) {
        let interface = Arc::new(Script { world: Arc::clone(&self.world) });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = {
            let _inside = runtime.enter();
            tokio::net::UnixListener::bind(&self.path).unwrap()
        };
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                let server = Server::new(interface, ServerLimits::default());
                tokio::select! {
                    _ = stopped => {}
                    ended = server.serve(listener, std::future::pending()) => ended.unwrap(),
                }
            });
        });
        self.running = Some((stop, thread));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
    }
}

struct Script {
    world: Shared,
}

impl Interface for Script {
    type Connection = ();

    fn syntax(&self) -> SyntaxId {
        SyntaxId::new(UUID, 3, 0)
    }

    fn connected(&self, _peer: &PeerCredentials) -> Result<(), Refusal> {
        Ok(())
    }

    fn disconnected(&self, _connection: &Arc<()>) {}

    fn call(&self, _connection: &Arc<()>, call: Call, reply: Reply) {
        let Ok(received) = Request::decode(call.opnum, &call.stub, Endian::Little) else {
            return reply.fault(FaultStatus::OPERATION_RANGE);
        };
        let request = received.request;
        let mut world = self.world.0.lock().unwrap();
        match control_of(&request) {
            Some(control) => world.control(control, reply),
            None => {
                let answer = world.answer(&request);
                reply.answer(&answer.unwrap_or_else(|status| request.refusal_stub(status).unwrap()));
            }
        }
        self.world.1.notify_all();
    }
}

fn control_of(request: &Request) -> Option<&ControlRequest> {
    match request {
        Request::ClusterControl(request) => Some(&request.control),
        Request::ResourceControl(request) => Some(&request.control),
        Request::GroupControl(request) => Some(&request.control),
        Request::NodeControl(request) => Some(&request.control),
        Request::ResourceTypeControl(request) => Some(&request.control),
        _ => None,
    }
}

fn handle() -> ContextHandle {
    ContextHandle::new(Uuid::new_v4())
}

fn stub<O: Operation>(response: &O::Response) -> Vec<u8> {
    encode_response::<O>(response).unwrap()
}

impl World {
    fn control(&mut self, control: &ControlRequest, reply: Reply) {
        let input = control.input.as_deref().unwrap_or_default();
        // A few codes take something else than a list.
        let list = if input.is_empty() { Ok(PropertyList::new()) } else { PropertyList::parse(input) };
        let shown = list.as_ref().map_or_else(|_| format!("{input:02x?}"), |list| list.show(300));
        self.log.push(format!("{:#010x} {shown}", control.code).trim_end().to_owned());
        self.inputs.push((control.code, list.unwrap_or_default()));
        let steps = self.steps.entry(control.code).or_default();
        let step = if steps.len() > 1 { steps.pop_front() } else { steps.front().cloned() };
        let response = match step {
            Some(Step::List(list)) => {
                let bytes = list.to_bytes().unwrap();
                // What does not fit is asked for again.
                if bytes.len() > control.output_len as usize {
                    steps.push_front(Step::List(list));
                }
                ControlResponse::new(control, bytes)
            }
            // Stored comes with an output, however empty.
            Some(Step::Status(5024)) => ControlResponse::new(control, Vec::new()).with_status(5024),
            Some(Step::Status(0)) => ControlResponse::new(control, Vec::new()),
            Some(Step::Status(status)) => ControlResponse::ended(control, status),
            Some(Step::Lost) => return drop(reply),
            Some(Step::Hold) => return self.held.push((control.clone(), reply)),
            None => ControlResponse::ended(control, 1),
        };
        reply.answer(&response.to_stub().unwrap());
    }

    fn answer(&mut self, request: &Request) -> Result<Vec<u8>, u32> {
        use Request as R;
        let there = |name: &str, missing: u32| if name == "nix" { Err(missing) } else { Ok(()) };
        Ok(match request {
            R::OpenCluster(_) => {
                stub::<cluster::OpenCluster>(&OpenClusterResponse { status: 0, handle: handle().into() })
            }
            R::OpenClusterEx(request) => stub::<cluster::OpenClusterEx>(&OpenClusterExResponse {
                granted_access: request.desired_access,
                status: 0,
                handle: handle().into(),
            }),
            R::GetClusterName(_) => stub::<cluster::GetClusterName>(&cluster::GetClusterNameResponse {
                cluster_name: Some("demo".into()),
                node_name: Some("n1".into()),
                status: 0,
            }),
            R::GetClusterVersion2(_) => {
                stub::<cluster::GetClusterVersion2>(&cluster::GetClusterVersion2Response {
                    major: 10,
                    minor: 1,
                    build: 7,
                    ..Default::default()
                })
            }
            R::SetGroupNodeList(request) => {
                self.log.push(format!(
                    "nodes {:?}",
                    String::from_utf16(request.nodes.as_deref().unwrap()).unwrap()
                ));
                stub::<group::SetGroupNodeList>(&StatusResponse::default())
            }
            R::CreateResEnum(request) => {
                let name = match request.type_mask {
                    1 => "provider",
                    2 => "dependent",
                    _ => "n1",
                };
                let list = EnumList::new([(request.type_mask, name.to_owned())]);
                stub::<resource::CreateResEnum>(&EnumResponse::new(list))
            }
            R::GetNodeId(_) => stub::<node::GetNodeId>(&StringResponse::new("1")),
            R::CreateEnum(_) => {
                let types = EnumList::new([(2, "Generic Application".to_owned())]);
                stub::<cluster::CreateEnum>(&EnumResponse::new(types))
            }
            R::OpenResource(request) => {
                there(&request.name, 5007)?;
                stub::<resource::OpenResource>(&OpenResponse::opened(handle().into()))
            }
            R::OpenResourceEx(request) => {
                there(&request.name, 5007)?;
                let answer = OpenExResponse::opened(request.desired_access, handle().into());
                stub::<resource::OpenResourceEx>(&answer)
            }
            R::OpenGroupEx(request) => {
                there(&request.name, 5013)?;
                let opened = handle();
                self.groups.insert(opened.uuid, request.name.to_lowercase());
                let answer = OpenExResponse::opened(request.desired_access, opened.into());
                stub::<group::OpenGroupEx>(&answer)
            }
            R::OpenNodeEx(request) => {
                there(&request.name, 5042)?;
                let answer = OpenExResponse::opened(request.desired_access, handle().into());
                stub::<node::OpenNodeEx>(&answer)
            }
            R::GetResourceId(_) => stub::<resource::GetResourceId>(&StringResponse::new(RESOURCE_ID)),
            R::GetGroupId(request) => {
                let handle: ContextHandle = request.group.into();
                let number =
                    if self.groups.get(&handle.uuid).is_some_and(|name| name == "h") { 2 } else { 1 };
                let id = format!("00000000-0000-0000-0000-00000000000{number}");
                stub::<group::GetGroupId>(&StringResponse::new(id))
            }
            R::SetGroupName(request) => {
                self.log.push(format!("SetGroupName {}", request.name));
                stub::<group::SetGroupName>(&0.into())
            }
            R::SetResourceName(request) => {
                self.log.push(format!("SetResourceName {}", request.name));
                match request.name.as_str() {
                    "taken" => return Err(5010),
                    _ => stub::<resource::SetResourceName>(&0.into()),
                }
            }
            R::SetClusterName(request) => {
                self.log.push(format!("SetClusterName {}", request.name));
                stub::<cluster::SetClusterName>(&0.into())
            }
            R::DeleteResource(_) => {
                self.log.push("DeleteResource".into());
                match self.deletions.pop_front().unwrap_or(0) {
                    0 => stub::<resource::DeleteResource>(&0.into()),
                    status => return Err(status),
                }
            }
            R::AddResourceDependency(_) => return Err(1059),
            R::AddResourceNode(_) => {
                self.log.push("AddResourceNode".into());
                stub::<resource::AddResourceNode>(&0.into())
            }
            R::RemoveResourceNode(_) => {
                self.log.push("RemoveResourceNode".into());
                stub::<resource::RemoveResourceNode>(&0.into())
            }
            R::GetResourceDependencyExpression(_) => {
                let known = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
                let unknown = "00000000-0000-0000-0000-00000000000f";
                let expression = format!("([{known}] or [{unknown}])");
                stub::<resource::GetResourceDependencyExpression>(&StringResponse::new(expression))
            }
            R::SetResourceDependencyExpression(request) => {
                let expression = request.expression.clone().unwrap_or_default();
                self.log.push(format!("SetResourceDependencyExpression {expression}"));
                if expression.contains("nix") {
                    return Err(87);
                }
                stub::<resource::SetResourceDependencyExpression>(&0.into())
            }
            _ => return Err(120),
        })
    }
}

/// A submission accepted as operation 1-42.
pub fn accepted() -> Step {
    submitted(997, "1-42", "")
}

/// The answer to what makes a resource.
pub fn made(status: u32, text: &str) -> Step {
    match submitted(status, "1-42", text) {
        Step::List(list) => Step::List(list.with("ObjectId", RESOURCE_ID)),
        step => step,
    }
}

/// The answer to a submission.
pub fn submitted(status: u32, operation: &str, text: &str) -> Step {
    let mut list = PropertyList::new().with(submit::STATUS, status).with(submit::TEXT, text);
    if !operation.is_empty() {
        list.set(submit::OPERATION, operation);
    }
    Step::List(list)
}

/// The record of operation 1-42, an offline of resource `db` that took 1.2 s.
pub fn record(end: Option<End>) -> OperationRecord {
    OperationRecord {
        id: "1-42".parse().unwrap(),
        verb: Verb::Offline,
        object: ObjectId::Resource("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap()),
        name: "db".into(),
        asker: Asker {
            account: "root".into(),
            sid: "S-1-22-1-0".into(),
            origin: "local socket, process 1".into(),
        },
        flags: 0,
        reason: None,
        reason_text: String::new(),
        instructions: String::new(),
        at_ms: 1_795_000_000_000,
        answer: Status::IO_PENDING,
        parts: vec![],
        ended_at_ms: end.as_ref().map(|_| 1_795_000_001_200),
        end,
        outcome: String::new(),
        changes: vec![],
        pending: vec![],
    }
}

/// The answer to a wait.
pub fn waited(end: Option<End>) -> PropertyList {
    let ended = u32::from(end.is_some());
    PropertyList::new()
        .with(wait_operation::RECORD, serde_json::to_string(&record(end)).unwrap())
        .with(wait_operation::ENDED, ended)
}

/// What STATUS answers: node `n1`, group `g`, resource `db` in it, failed.
pub fn glance() -> Step {
    use mainstay_types::glance::{Glance, GroupGlance, NodeGlance, ResourceGlance};
    use mainstay_types::order::Cause;
    use mainstay_types::{Epoch, GroupState, Name, NodeId, NodeState, ResourceState};
    let name = |text: &str| Name::parse(text).unwrap();
    let group = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    let glance = Glance {
        cluster: "demo".into(),
        cluster_id: "00000000-0000-0000-0000-0000000000aa".parse().unwrap(),
        nodes: vec![NodeGlance { id: NodeId(1), name: name("n1"), state: NodeState::Up }],
        groups: vec![GroupGlance {
            id: group,
            name: name("g"),
            state: GroupState::Failed,
            owner: NodeId(1),
            owner_name: "n1".into(),
            persistent: None,
            group_type: 9999,
            epoch: Epoch::default(),
            preferred_owners: vec![],
            group_set: None,
            depends_on: String::new(),
            depends_on_sets: String::new(),
            waits_for: String::new(),
            waits_until_ms: None,
            status_information: 0,
        }],
        group_sets: vec![],
        networks: vec![],
        interfaces: vec![],
        resources: vec![ResourceGlance {
            id: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap(),
            name: name("db"),
            type_name: name("Generic Application"),
            group,
            group_name: "g".into(),
            owner: NodeId(1),
            owner_name: "n1".into(),
            state: ResourceState::Failed,
            since_ms: 1_795_000_000_000,
            cause: Some(Cause { status: Status::PROCESS_ABORTED, text: "exited with status 3".into() }),
            unproven: false,
            confirmable: false,
            locked: Some(4),
            wanted: true,
            operation: None,
            recovery: None,
            in_maintenance: false,
            kept: String::new(),
            status_information: 0,
        }],
        operations: vec![],
    };
    let document = serde_json::to_string(&glance).unwrap();
    Step::List(PropertyList::new().with(mainstay_types::own_codes::status::STATUS, document))
}

/// What LIST_OPERATIONS answers.
pub fn operations(records: impl IntoIterator<Item = OperationRecord>) -> Step {
    let records = records.into_iter().map(|record| serde_json::to_string(&record).unwrap());
    texts(mainstay_types::own_codes::list_operations::RECORDS, records.collect())
}

/// A list of texts under one name.
pub fn texts(name: &str, texts: Vec<String>) -> Step {
    Step::List(PropertyList::new().with(name, Value::MultiSz(texts)))
}

/// What EXPLAIN answers.
pub fn explained(text: &str) -> Step {
    Step::List(PropertyList::new().with(mainstay_types::own_codes::explain::TEXT, text))
}

/// The id that every resource has.
pub const RESOURCE_ID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
pub const CONFIGURE: u32 = own::CONFIGURE.0;
pub const PLAN_CONFIGURATION: u32 = own::PLAN_CONFIGURATION.0;
pub const SUBMIT: u32 = own::SUBMIT.0;
pub const PLAN: u32 = own::PLAN.0;
pub const WAIT: u32 = own::WAIT_OPERATION.0;
pub const JOURNAL: u32 = own::READ_JOURNAL.0;
pub const EXPLAIN: u32 = own::EXPLAIN.0;
pub const STATUS: u32 = own::STATUS.0;
pub const LIST_OPERATIONS: u32 = own::LIST_OPERATIONS.0;
