//! A small cluster service for tests: the real RPC server with a handler that knows a few objects.
//!
//! It answers what a client needs to see and decides nothing by rules of a cluster. A test can hold answers back, kill
//! the server in the middle of a call, start it again on the same socket, and watch which operations arrived.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use mainstay_cmrp::control::*;
use mainstay_cmrp::notify::{GetNotifyV2Response, Notification, NotificationData, NotifyFilter};
use mainstay_cmrp::*;
use mainstay_ndr::{ContextHandle, Endian, NdrParams};
use mainstay_rpc::{
    Call, FaultStatus, Interface, PeerCredentials, Refusal, Reply, Server, ServerLimits, SyntaxId,
};
use uuid::Uuid;

/// How long a test waits for what must happen; far more than it ever takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

const NETWORK_ID: &str = "10000000-0000-0000-0000-000000000001";
const INTERFACE_ID: &str = "20000000-0000-0000-0000-000000000002";

/// What a handle stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    Cluster,
    Resource(String),
    Group(String),
    GroupSet,
    Node(String),
    Network,
    NetInterface,
    Port,
}

#[derive(Clone, Debug)]
pub struct FakeResource {
    pub id: String,
    pub name: String,
    pub group: String,
    pub state: u32,
}

#[derive(Default)]
pub struct World {
    pub resources: Vec<FakeResource>,
    /// (id, name)
    pub groups: Vec<(String, String)>,
    /// Operations in the order of their arrival.
    pub log: Vec<Request>,
    /// Operations whose answers are held back.
    pub hold: Vec<u16>,
    held: Vec<(Arc<Connection>, Request, Reply)>,
    /// What an operation answers instead of what it would.
    pub refuse: HashMap<u16, u32>,
    ports: Vec<Port>,
}

struct Port {
    connection: u64,
    handle: Uuid,
    filters: Vec<(u32, NotifyFilter)>,
    queue: Vec<Notification>,
    waiting: Option<Reply>,
}

struct Fake {
    world: Arc<(Mutex<World>, Condvar)>,
}

pub struct Connection {
    number: u64,
    handles: Mutex<HashMap<Uuid, Object>>,
}

pub struct FakeServer {
    path: PathBuf,
    world: Arc<(Mutex<World>, Condvar)>,
    running: Option<Running>,
    _directory: tempfile::TempDir,
}

struct Running {
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl FakeServer {
    /// A cluster with the group `g`, the resources `web` and `db` in it, and the node `n1`.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut world = World::default();
        world.groups.push((Uuid::from_u128(0x100).to_string(), "g".into()));
        for (number, name) in [(1, "web"), (2, "db")] {
            let id = Uuid::from_u128(number).to_string();
            world.resources.push(FakeResource { id, name: name.into(), group: "g".into(), state: 2 });
        }
        let mut server = Self {
            path: directory.path().join("cluster.sock"),
            world: Arc::new((Mutex::new(world), Condvar::new())),
            running: None,
            _directory: directory,
        };
        server.run();
        server
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.0.lock().unwrap()
    }

    /// Waits until the world is as asked.
    pub fn wait_until(&self, what: &str, mut is: impl FnMut(&World) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut world = self.world();
        while !is(&world) {
            let left = deadline.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("never happened: {what}; log: {:?}", world.log));
            world = self.world.1.wait_timeout(world, left).unwrap().0;
        }
    }

    /// Waits for the arrival of an operation.
    pub fn wait_for(&self, opnum: u16) {
        self.wait_until(&format!("operation {opnum}"), |world| {
            world.log.iter().any(|request| request.opnum() == opnum)
        });
    }

    pub fn count(&self, opnum: u16) -> usize {
        self.world().log.iter().filter(|request| request.opnum() == opnum).count()
    }

    /// Answers what was held back, and holds nothing back any more.
    pub fn release(&self) {
        let mut world = self.world();
        world.hold.clear();
        for (connection, request, reply) in std::mem::take(&mut world.held) {
            answer(&mut world, &connection, &request, reply);
        }
    }

    /// Ends the server and cuts every connection off, as SIGKILL would.
    pub fn kill(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.send(()).unwrap();
        running.thread.join().unwrap();
        std::fs::remove_file(&self.path).unwrap();
        let mut world = self.world();
        world.held.clear();
        world.ports.clear();
        world.hold.clear();
    }

    /// Starts it again on the same socket, with the same objects.
    pub fn run(&mut self) {
        let interface = Arc::new(Fake { world: Arc::clone(&self.world) });
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
        self.running = Some(Running { stop, thread });
    }

    /// Lets something happen that ports are told.
    pub fn emit(&self, object_type: u32, event: i64, buffer: &[u8], id: &str, name: &str) {
        self.world().tell(object_type, event, buffer, id, name);
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
    }
}

impl Port {
    fn deliver(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        if let Some(reply) = self.waiting.take() {
            let notifications = Some(std::mem::take(&mut self.queue));
            reply.answer(&GetNotifyV2Response { notifications, status: 0 }.to_stub().unwrap());
        }
    }
}

impl Interface for Fake {
    type Connection = Connection;

    fn syntax(&self) -> SyntaxId {
        SyntaxId::new(UUID, 3, 0)
    }

    fn connected(&self, _peer: &PeerCredentials) -> Result<Connection, Refusal> {
        static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(Connection { number, handles: Mutex::new(HashMap::new()) })
    }

    fn disconnected(&self, connection: &Arc<Connection>) {
        let mut world = self.world.0.lock().unwrap();
        world.ports.retain(|port| port.connection != connection.number);
        self.world.1.notify_all();
    }

    fn call(&self, connection: &Arc<Connection>, call: Call, reply: Reply) {
        let request = match Request::decode(call.opnum, &call.stub, Endian::Little) {
            Ok(received) => received.request,
            Err(RequestError::UnknownOperation(_)) => return reply.fault(FaultStatus::OPERATION_RANGE),
            Err(RequestError::BadStub { .. }) => return reply.fault(FaultStatus::BAD_STUB_DATA),
        };
        let mut world = self.world.0.lock().unwrap();
        world.log.push(request.clone());
        if world.hold.contains(&call.opnum) {
            world.held.push((Arc::clone(connection), request, reply));
        } else if let Some(status) = world.refuse.get(&call.opnum) {
            reply.answer(&request.refusal_stub(*status).unwrap());
        } else {
            answer(&mut world, connection, &request, reply);
        }
        self.world.1.notify_all();
    }
}

impl Connection {
    fn open(&self, object: Object) -> ContextHandle {
        let handle = Uuid::new_v4();
        self.handles.lock().unwrap().insert(handle, object);
        ContextHandle::new(handle)
    }

    fn find(&self, handle: impl Into<ContextHandle>) -> Option<Object> {
        self.handles.lock().unwrap().get(&handle.into().uuid).cloned()
    }

    fn close(&self, handle: impl Into<ContextHandle>) -> u32 {
        if self.handles.lock().unwrap().remove(&handle.into().uuid).is_some() { 0 } else { 6 }
    }
}

fn stub<O: Operation>(response: &O::Response) -> Vec<u8> {
    encode_response::<O>(response).unwrap()
}

impl World {
    fn resource(&mut self, name: &str) -> Option<&mut FakeResource> {
        self.resources.iter_mut().find(|r| r.name.eq_ignore_ascii_case(name) || r.id == name)
    }

    /// Whether a port with filters is waiting for events.
    pub fn a_port_waits(&self) -> bool {
        self.ports.iter().any(|port| port.waiting.is_some() && !port.filters.is_empty())
    }

    /// Tells every port that asked for it.
    fn tell(&mut self, object_type: u32, event: i64, buffer: &[u8], id: &str, name: &str) {
        for port in &mut self.ports {
            for (key, filter) in port.filters.clone() {
                if filter.object_type == object_type && filter.events & event != 0 {
                    let data = NotificationData {
                        filter: NotifyFilter { object_type, events: event },
                        buffer: Some(buffer.to_vec()),
                        object_id: Some(id.into()),
                        parent_id: Some("parent".into()),
                        name: Some(name.into()),
                        type_name: Some("Generic Application".into()),
                    };
                    port.queue.push(Notification { notify_key: key, data });
                }
            }
            port.deliver();
        }
    }

    fn group(&self, name: &str) -> Option<&(String, String)> {
        self.groups.iter().find(|(id, known)| known.eq_ignore_ascii_case(name) || id == name)
    }
}

/// Turns a resource's handle into the resource, or refuses with 6 or 5006.
fn resource_of<'w>(
    world: &'w mut World,
    connection: &Connection,
    handle: ResourceHandle,
) -> Result<&'w mut FakeResource, u32> {
    match connection.find(handle) {
        Some(Object::Resource(id)) => world.resource(&id).ok_or(5006),
        _ => Err(6),
    }
}

fn answer(world: &mut World, connection: &Connection, request: &Request, reply: Reply) {
    use Request as R;
    let answered: Result<Vec<u8>, u32> = match request {
        R::OpenCluster(_) => Ok(stub::<cluster::OpenCluster>(&OpenClusterResponse {
            status: 0,
            handle: connection.open(Object::Cluster).into(),
        })),
        R::OpenClusterEx(request) => Ok(stub::<cluster::OpenClusterEx>(&OpenClusterExResponse {
            granted_access: granted(request.desired_access),
            status: 0,
            handle: connection.open(Object::Cluster).into(),
        })),
        R::CloseCluster(request) => closed::<cluster::CloseCluster, _>(connection, request.cluster),
        R::GetClusterName(_) => Ok(stub::<cluster::GetClusterName>(&cluster::GetClusterNameResponse {
            cluster_name: Some("tést".into()),
            node_name: Some("n1".into()),
            status: 0,
        })),
        R::GetClusterVersion2(_) => {
            Ok(stub::<cluster::GetClusterVersion2>(&cluster::GetClusterVersion2Response {
                major: 10,
                minor: 0,
                build: 7,
                vendor_id: Some("Mainstay".into()),
                csd_version: Some(String::new()),
                operational: Some(cluster::OperationalVersion::uniform(0x000A_0007)),
                ..Default::default()
            }))
        }
        R::CreateEnum(request) => {
            let mut found = Vec::new();
            if request.type_mask & 4 != 0 {
                found.extend(world.resources.iter().map(|r| (4, r.name.clone())));
            }
            if request.type_mask & 8 != 0 {
                found.extend(world.groups.iter().map(|(_, name)| (8, name.clone())));
            }
            Ok(stub::<cluster::CreateEnum>(&EnumResponse::new(EnumList::new(found))))
        }
        R::CreateEnumEx(request) if request.type_mask & !0x3F == 0 => {
            let ids = world.resources.iter().map(|r| (4, r.id.clone()));
            let names = world.resources.iter().map(|r| (4, r.name.clone()));
            Ok(stub::<cluster::CreateEnumEx>(&EnumExResponse::new(EnumList::new(ids), EnumList::new(names))))
        }
        R::CreateGroupEnum(request) => {
            let entry = |(id, name): &(String, String)| enumeration::GroupEnumEntry {
                name: Some(name.clone()),
                id: Some(id.clone()),
                owner: Some("n1".into()),
                properties: request.properties.clone(),
                ..Default::default()
            };
            let entries = world.groups.iter().map(entry).collect();
            Ok(stub::<cluster::CreateGroupEnum>(&GroupEnumResponse {
                list: Some(enumeration::GroupEnumList { entries }),
                ..Default::default()
            }))
        }
        R::CreateResourceEnum(request) => {
            let entry = |r: &FakeResource| enumeration::ResourceEnumEntry {
                name: Some(r.name.clone()),
                id: Some(r.id.clone()),
                owner_name: Some(r.group.clone()),
                owner_id: Some("group-id".into()),
                properties: request.properties.clone(),
                ro_properties: None,
            };
            let entries = world.resources.iter().map(entry).collect();
            Ok(stub::<cluster::CreateResourceEnum>(&ResourceEnumResponse {
                list: Some(enumeration::ResourceEnumList { entries }),
                ..Default::default()
            }))
        }
        R::OpenResource(request) => match world.resource(&request.name) {
            Some(found) => Ok(stub::<resource::OpenResource>(&OpenResponse::opened(
                connection.open(Object::Resource(found.id.clone())).into(),
            ))),
            None => Err(5007),
        },
        R::OpenResourceEx(request) => match world.resource(&request.name) {
            Some(found) => Ok(stub::<resource::OpenResourceEx>(&OpenExResponse::opened(
                granted(request.desired_access),
                connection.open(Object::Resource(found.id.clone())).into(),
            ))),
            None => Err(5007),
        },
        R::CreateResource(request) => {
            if world.resource(&request.name).is_some() {
                Err(5010)
            } else {
                let id = Uuid::new_v4().to_string();
                let (name, group) = (request.name.clone(), "g".to_owned());
                world.resources.push(FakeResource { id: id.clone(), name, group, state: 3 });
                let handle = connection.open(Object::Resource(id)).into();
                Ok(stub::<resource::CreateResource>(&OpenResponse::opened(handle)))
            }
        }
        R::DeleteResource(request) => {
            resource_of(world, connection, request.resource).map(|r| r.id.clone()).map(|id| {
                world.resources.retain(|r| r.id != id);
                stub::<resource::DeleteResource>(&0.into())
            })
        }
        R::SetResourceName(request) => {
            let is_taken = world.resource(&request.name).is_some();
            resource_of(world, connection, request.resource).and_then(|found| match is_taken {
                true => Err(5010),
                false => {
                    found.name = request.name.clone();
                    Ok(stub::<resource::SetResourceName>(&0.into()))
                }
            })
        }
        R::CloseResource(request) => closed::<resource::CloseResource, _>(connection, request.resource),
        R::GetResourceId(request) => resource_of(world, connection, request.resource)
            .map(|r| stub::<resource::GetResourceId>(&StringResponse::new(r.id.clone()))),
        R::GetResourceState(request) => resource_of(world, connection, request.resource).map(|r| {
            stub::<resource::GetResourceState>(&resource::GetResourceStateResponse {
                state: r.state,
                node_name: Some("n1".into()),
                group_name: Some(r.group.clone()),
                ..Default::default()
            })
        }),
        R::OnlineResource(request) => resource_of(world, connection, request.resource).map(|r| {
            r.state = 129;
            stub::<resource::OnlineResource>(&997.into())
        }),
        R::OfflineResource(request) => {
            let changed = resource_of(world, connection, request.resource)
                .map(|r| (std::mem::replace(&mut r.state, 3), r.id.clone(), r.name.clone()));
            changed.map(|(before, id, name)| {
                world.tell(3, 4, &3_u32.to_le_bytes(), &id, &name);
                stub::<resource::OfflineResource>(&if before == 3 { 0 } else { 997 }.into())
            })
        }
        R::OfflineResourceEx(request) => {
            resource_of(world, connection, request.resource).and_then(|r| match request.flags & !0x7F {
                0 => {
                    r.state = 130;
                    Ok(stub::<resource::OfflineResourceEx>(&997.into()))
                }
                _ => Err(87),
            })
        }
        R::CanResourceBeDependent(request) => Err(if request.resource == request.dependent { 87 } else { 0 }),
        R::AddResourceDependency(_) => Err(1059),
        R::AddResourceNode(_) => Err(5010),
        R::RemoveResourceNode(request) => resource_of(world, connection, request.resource)
            .map(|_| stub::<resource::RemoveResourceNode>(&0.into())),
        R::SetResourceDependencyExpression(request) => match request.expression.as_deref() {
            None | Some("" | "[db]") => Ok(stub::<resource::SetResourceDependencyExpression>(&0.into())),
            Some(_) => Err(87),
        },
        R::GetResourceDependencyExpression(_) => {
            let answer = StringResponse::new("([1] or [2])");
            Ok(stub::<resource::GetResourceDependencyExpression>(&answer))
        }
        R::CreateResEnum(request) => resource_of(world, connection, request.resource)
            .map(|_| stub::<resource::CreateResEnum>(&EnumResponse::new(EnumList::new([(1, "db".into())])))),
        R::ResourceControl(request) => match resource_of(world, connection, request.resource) {
            Ok(r) => Ok(control(&request.control, &r.name.clone())),
            Err(status) => Err(status),
        },
        R::ClusterControl(request) => Ok(control(&request.control, "tést")),
        R::OpenGroup(request) => match world.group(&request.name) {
            Some((id, _)) => Ok(stub::<group::OpenGroup>(&OpenResponse::opened(
                connection.open(Object::Group(id.clone())).into(),
            ))),
            None => Err(5013),
        },
        R::OpenGroupEx(request) => match world.group(&request.name) {
            Some((id, _)) => Ok(stub::<group::OpenGroupEx>(&OpenExResponse::opened(
                granted(request.desired_access),
                connection.open(Object::Group(id.clone())).into(),
            ))),
            None => Err(5013),
        },
        R::GetGroupId(request) => match connection.find(request.group) {
            Some(Object::Group(id)) => Ok(stub::<group::GetGroupId>(&StringResponse::new(id))),
            _ => Err(6),
        },
        R::SetGroupName(request) => match connection.find(request.group) {
            Some(Object::Group(id)) => {
                let found = world.groups.iter_mut().find(|(known, _)| *known == id);
                found
                    .map(|(_, name)| name.clone_from(&request.name))
                    .ok_or(5012)
                    .map(|()| stub::<group::SetGroupName>(&0.into()))
            }
            _ => Err(6),
        },
        R::BackupClusterDatabase(_) => Ok(stub::<cluster::BackupClusterDatabase>(&0.into())),
        R::SetClusterName(_) => Ok(stub::<cluster::SetClusterName>(&0.into())),
        R::GetGroupState(_) => Ok(stub::<group::GetGroupState>(&group::GetGroupStateResponse {
            state: 3,
            node_name: Some("n1".into()),
            ..Default::default()
        })),
        R::OpenGroupSet(request) if request.name == "s" => {
            let handle = connection.open(Object::GroupSet).into();
            Ok(stub::<group_set::OpenGroupSet>(&OpenResponse::opened(handle)))
        }
        R::OpenGroupSet(_) => Err(5992),
        R::GroupSetControl(request) => Ok(control(&request.control, "s")),
        R::CreateGroupSetEnum(_) => {
            let list = EnumList::new([(13, "s".to_owned())]);
            Ok(stub::<group_set::CreateGroupSetEnum>(&EnumResponse::new(list)))
        }
        R::CloseGroupSet(request) => closed::<group_set::CloseGroupSet, _>(connection, request.group_set),
        R::CloseGroup(request) => closed::<group::CloseGroup, _>(connection, request.group),
        R::CreateGroupResourceEnum(_) => {
            let list = EnumList::new(world.resources.iter().map(|r| (1, r.name.clone())));
            Ok(stub::<group::CreateGroupResourceEnum>(&EnumResponse::new(list)))
        }
        R::OpenNetwork(request) if request.name == "lan" || request.name == NETWORK_ID => {
            let handle = connection.open(Object::Network).into();
            Ok(stub::<network::OpenNetwork>(&OpenResponse::opened(handle)))
        }
        R::OpenNetwork(_) | R::OpenNetworkEx(_) => Err(5045),
        R::GetNetworkId(_) => Ok(stub::<network::GetNetworkId>(&StringResponse::new(NETWORK_ID))),
        R::GetNetworkState(_) => {
            let answer = StateResponse { state: 3, ..Default::default() };
            Ok(stub::<network::GetNetworkState>(&answer))
        }
        R::SetNetworkName(_) => Ok(stub::<network::SetNetworkName>(&0.into())),
        R::NetworkControl(request) => Ok(control(&request.control, "lan")),
        R::CreateNetworkEnum(_) => {
            let list = EnumList::new([(1, "n1 - eth0".to_owned())]);
            Ok(stub::<network::CreateNetworkEnum>(&EnumResponse::new(list)))
        }
        R::CloseNetwork(request) => closed::<network::CloseNetwork, _>(connection, request.network),
        R::OpenNetInterface(request) if request.name == "n1 - eth0" || request.name == INTERFACE_ID => {
            let handle = connection.open(Object::NetInterface).into();
            Ok(stub::<net_interface::OpenNetInterface>(&OpenResponse::opened(handle)))
        }
        R::OpenNetInterface(_) | R::OpenNetInterfaceEx(_) => Err(5047),
        R::GetNetInterfaceId(_) => {
            Ok(stub::<net_interface::GetNetInterfaceId>(&StringResponse::new(INTERFACE_ID)))
        }
        // Unavailable, in the protocol's numbers.
        R::GetNetInterfaceState(_) => {
            let answer = StateResponse { state: 2, ..Default::default() };
            Ok(stub::<net_interface::GetNetInterfaceState>(&answer))
        }
        R::GetNetInterface(request) if request.node_name == "n1" && request.network_name == "lan" => {
            Ok(stub::<net_interface::GetNetInterface>(&StringResponse::new("n1 - eth0")))
        }
        R::GetNetInterface(_) => Err(5047),
        R::CreateNetInterfaceEnum(_) => {
            let list = EnumList::new([(0x20, "n1 - eth0".to_owned())]);
            Ok(stub::<net_interface::CreateNetInterfaceEnum>(&EnumResponse::new(list)))
        }
        R::NetInterfaceControl(request) => Ok(control(&request.control, "n1 - eth0")),
        R::CloseNetInterface(request) => {
            closed::<net_interface::CloseNetInterface, _>(connection, request.net_interface)
        }
        R::CreateNodeEnum(_) => {
            let list = EnumList::new([(1, "n1 - eth0".to_owned())]);
            Ok(stub::<node::CreateNodeEnum>(&EnumResponse::new(list)))
        }
        R::OpenNode(request) if request.name == "n1" || request.name == "1" => {
            let handle = connection.open(Object::Node("1".into())).into();
            Ok(stub::<node::OpenNode>(&OpenResponse::opened(handle)))
        }
        R::GetNodeId(_) => Ok(stub::<node::GetNodeId>(&StringResponse::new("1"))),
        R::OpenNode(_) => Err(5042),
        R::GetNodeState(_) => Ok(stub::<node::GetNodeState>(&StateResponse::default())),
        R::CloseNode(request) => closed::<node::CloseNode, _>(connection, request.node),
        R::CreateNotifyV2(_) => {
            let handle = connection.open(Object::Port);
            world.ports.push(Port {
                connection: connection.number,
                handle: handle.uuid,
                filters: Vec::new(),
                queue: Vec::new(),
                waiting: None,
            });
            Ok(stub::<notify::CreateNotifyV2>(&OpenResponse::opened(handle.into())))
        }
        R::AddNotifyV2(request) => {
            let known = connection.find(request.object).is_some();
            let handle = ContextHandle::from(request.notify).uuid;
            match world.ports.iter_mut().find(|port| port.handle == handle) {
                Some(port) if known => {
                    port.filters.push((request.notify_key, request.filter));
                    Ok(stub::<notify::AddNotifyV2>(&0.into()))
                }
                _ => Err(6),
            }
        }
        R::GetNotifyV2(request) => {
            let handle = ContextHandle::from(request.notify).uuid;
            match world.ports.iter_mut().find(|port| port.handle == handle) {
                Some(port) => {
                    port.waiting = Some(reply);
                    port.deliver();
                    return;
                }
                None => Err(6),
            }
        }
        _ => Err(120),
    };
    let bytes = answered.unwrap_or_else(|status| request.refusal_stub(status).unwrap());
    reply.answer(&bytes);
}

fn closed<O, H>(connection: &Connection, handle: H) -> Result<Vec<u8>, u32>
where
    O: Operation<Response = CloseResponse<H>>,
    H: Default + Into<ContextHandle>,
{
    let status = connection.close(handle);
    Ok(stub::<O>(&CloseResponse { status, ..Default::default() }))
}

fn granted(desired: u32) -> u32 {
    if desired == 0x8000_0000 { 0x8000_0000 } else { 0x1000_0000 }
}

/// GET_NAME answers the name; a code of our own answers what the test knows; anything else is no function.
fn control(request: &ControlRequest, name: &str) -> Vec<u8> {
    let utf16 = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let response = match request.code & 0x00FF_FFFF {
        0x29 => ControlResponse::new(request, utf16(name)),
        // A large answer: the room has to grow.
        0x59 => ControlResponse::new(request, vec![7; 200_000]),
        0x40005E => ControlResponse::ended(request, 5024),
        0x4D3402 => ControlResponse::new(request, submit(request.input.as_deref().unwrap_or_default())),
        _ => ControlResponse::ended(request, 1),
    };
    response.to_stub().unwrap()
}

/// Answers a submission with its own words, so that a test sees what arrived.
fn submit(input: &[u8]) -> Vec<u8> {
    use mainstay_types::own_codes::submit;
    let list = mainstay_proplist::PropertyList::parse(input).unwrap();
    let text = format!(
        "{} {} {:?} {}",
        list.text(submit::VERB).unwrap(),
        list.text(submit::OBJECT).unwrap(),
        list.bytes(submit::BUFFER).unwrap_or_default(),
        list.text(submit::REASON).unwrap_or_default(),
    );
    mainstay_proplist::PropertyList::new()
        .with(submit::STATUS, if list.dword(submit::FLAGS) == Some(0x80) { 87_u32 } else { 997 })
        .with(submit::OPERATION, "1-42")
        .with(submit::TEXT, text)
        .to_bytes()
        .unwrap()
}
