//! End to end: the real service, real processes, real clients, real crashes.
//!
//! [`TestCluster`] is a durable cluster of one node in a directory and a cgroup of its own. It can lose its service,
//! its hosts and its guard at any moment; whatever it runs is gone when it is dropped, also when the test fails.
//! Nothing in here sleeps: what has to happen is waited for by its event, with a deadline that only a hang reaches.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a failure is a failed test")]

mod compiler;
mod dice;
mod guest;
mod network;
mod programs;
mod service;
mod small_disk;
mod snapshot;
mod somebody;
mod successor;
mod systemd;
mod told;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mainstay_client::{
    Cluster, Desired, Group, NotifyPort, OperationWait, Resource, Submission, SubmitObject, Submitted,
    Target, Watch, Watched,
};
use mainstay_process::scratch::Scratch;
use mainstay_process::{Leaf, Process, Signal};
use mainstay_proplist::PropertyList;
use mainstay_types::ControlCode;
use mainstay_types::control::{function, object};
use mainstay_types::glance::{Glance, ResourceGlance};
use mainstay_types::operation::{OperationRecord, Verb};
use mainstay_types::{OperationId, ResourceState, Status};

pub use compiler::{WIDTHS, exported_functions, repository};
pub use dice::Dice;
pub use guest::Guest;
pub use network::Network;
pub use programs::{library, output_of, program};
pub use service::{Service, receive};
pub use small_disk::{Device, SmallDisk};
pub use snapshot::{Snapshot, assert_same};
pub use somebody::Somebody;
pub use successor::Successor;
pub use systemd::Systemd;
pub use told::Told;
pub use wire::{INTERFACE, Wire};

/// Longer than anything takes here, unless it hangs.
pub const HANG: Duration = Duration::from_secs(60);

/// Room enough for the files of a small cluster, and quickly filled.
const SMALL: &str = "6m";

/// A cluster of one node for one test.
pub struct TestCluster {
    service: Option<Service>,
    /// Dropped after the service, so that nothing of it is left: guard, hosts and resources live in there.
    scratch: Scratch,
    small_disk: Option<SmallDisk>,
    /// Where its service is, and so what it sees of adapters; `None` for where the test is.
    network: Option<Network>,
    directory: tempfile::TempDir,
    extra_config: String,
}

impl TestCluster {
    /// Makes a cluster and starts its service. `None`, with the reason printed, where that cannot be.
    pub fn start_or_skip() -> Option<Self> {
        Self::start_with_config_or_skip("")
    }

    /// As [`TestCluster::start_or_skip`], with lines for the configuration file.
    pub fn start_with_config_or_skip(extra_config: &str) -> Option<Self> {
        let scratch = Scratch::or_skip()?;
        let directory = tempfile::Builder::new().prefix("mainstay-test-").tempdir().unwrap();
        let extra_config = extra_config.to_owned();
        let cluster =
            TestCluster { service: None, scratch, small_disk: None, network: None, directory, extra_config };
        Some(cluster.make())
    }

    /// As [`TestCluster::start_or_skip`], with a service that sees one device, `eth0` on 192.0.2.0/24, and has its
    /// network by now.
    pub fn start_on_network_or_skip() -> Option<Self> {
        Self::start_on_network_with_config_or_skip("")
    }

    /// The same, with lines for the configuration file.
    pub fn start_on_network_with_config_or_skip(extra_config: &str) -> Option<Self> {
        let scratch = Scratch::or_skip()?;
        let network = Network::or_skip()?;
        network.cable("eth0", "192.0.2.7/24");
        let directory = tempfile::Builder::new().prefix("mainstay-test-").tempdir().unwrap();
        let (network, extra_config) = (Some(network), extra_config.to_owned());
        let cluster =
            TestCluster { service: None, scratch, small_disk: None, network, directory, extra_config };
        let cluster = cluster.make();
        cluster.wait_for_networks(|glance| {
            glance.networks.iter().any(|network| network.state == mainstay_types::NetworkState::Up)
        });
        Some(cluster)
    }

    /// Runs `ip` where the service is.
    pub fn ip(&self, words: &str) {
        self.network.as_ref().unwrap().ip(words);
    }

    /// Runs a command where the service is, in its words between blanks; it has to succeed. Answers what it printed.
    pub fn run_inside(&self, line: &str) -> String {
        self.network.as_ref().unwrap().run(line).unwrap()
    }

    /// A command where the service is.
    pub fn command_inside(&self, program: &Path) -> std::process::Command {
        self.network.as_ref().unwrap().command(program)
    }

    /// Makes a device with an address where the service is, see [`Network::cable`].
    pub fn cable(&self, device: &str, address: &str) {
        self.network.as_ref().unwrap().cable(device, address);
    }

    /// Another machine at the far end of the cable of a device where the service is, with an address.
    pub fn neighbour_or_skip(&self, device: &str, address: &str) -> Option<Network> {
        let neighbour = Network::or_skip()?;
        self.network.as_ref().unwrap().lead_to(&neighbour, device, address);
        Some(neighbour)
    }

    /// Waits until this holds of networks and interfaces; told by events, not by asking again and again.
    pub fn wait_for_networks(&self, holds: impl Fn(&Glance) -> bool) {
        use mainstay_types::event::object_type::{CLUSTER, NETWORK, NETWORK_INTERFACE, NODE};
        const NETWORK_ADDED: i64 = 0x10;
        const INTERFACE_ADDED: i64 = 0x1;
        const ANY: i64 = 0xF;
        let port = NotifyPort::open(self.socket()).unwrap();
        for (object_type, events) in
            [(CLUSTER, NETWORK_ADDED), (NODE, INTERFACE_ADDED), (NETWORK, ANY), (NETWORK_INTERFACE, ANY)]
        {
            port.watch(Watch { object: Watched::Cluster, object_type, events, key: 0 }).unwrap();
        }
        let deadline = Instant::now() + HANG;
        loop {
            let glance = self.glance_all();
            if holds(&glance) {
                return;
            }
            let event = port.next(Some(deadline), |_| ((), true));
            let (networks, interfaces) = (&glance.networks, &glance.interfaces);
            assert!(event.is_ok(), "after {HANG:?} there is {networks:?} {interfaces:?}");
        }
    }

    /// As [`TestCluster::start_or_skip`], with database and journal on a disk that [`TestCluster::fill_disk`] fills.
    pub fn start_on_small_disk_or_skip() -> Option<Self> {
        let scratch = Scratch::or_skip()?;
        let directory = tempfile::Builder::new().prefix("mainstay-test-").tempdir().unwrap();
        let small_disk = Some(SmallDisk::or_skip(&directory.path().join("data"), SMALL)?);
        let extra_config = String::new();
        let cluster =
            TestCluster { service: None, scratch, small_disk, network: None, directory, extra_config };
        Some(cluster.make())
    }

    /// Makes the cluster and starts its service.
    fn make(mut self) -> Self {
        let made = std::process::Command::new(program("mainstayd"))
            .args(["create", "test", "--node", "node1", "--data-dir"])
            .arg(self.data_dir())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.start_service();
        self
    }

    /// A disk of its own of this size, as `mount` has sizes, under the cluster's directory.
    pub fn disk_or_skip(&self, name: &str, size: &str) -> Option<SmallDisk> {
        SmallDisk::or_skip(&self.file(name), size)
    }

    /// A disk that takes what is written to it and loses it, under the cluster's directory.
    pub fn failing_disk_or_skip(&self, name: &str) -> Option<SmallDisk> {
        SmallDisk::failing_or_skip(&self.file(name))
    }

    /// A block device of some MiB, under the cluster's directory as far as it has a place. `None`, with the reason printed,
    /// where that is not allowed.
    pub fn device_or_skip(&self, name: &str) -> Option<Device> {
        Device::or_skip(&self.file(name))
    }

    /// Fills the small disk that database and journal are on, to the last byte.
    pub fn fill_disk(&self) {
        self.small_disk.as_ref().unwrap().fill();
    }

    /// Makes room on the small disk again.
    pub fn make_room(&self) {
        self.small_disk.as_ref().unwrap().make_room();
    }

    /// The directory of database and journal.
    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The run directory.
    pub fn run_dir(&self) -> PathBuf {
        self.directory.path().join("run")
    }

    /// The control group that everything of the cluster runs in.
    pub fn cgroup_root(&self) -> PathBuf {
        self.scratch.path().to_owned()
    }

    /// The socket that clients connect to.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("mainstay.sock")
    }

    /// A place for files of the test.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A named pipe, on which a process can say that it is there: reading it waits for that.
    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.file(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        path
    }

    /// The configuration file of the service.
    pub fn write_config(&self) -> PathBuf {
        let path = self.file("mainstay.toml");
        // What the machine has installed is no matter of a test's, unless it says so.
        let no_agents = match self.extra_config.contains("ocf_root") {
            true => String::new(),
            false => format!("ocf_root = {:?}\n", self.file("no-agents")),
        };
        let text = format!(
            "data_dir = {:?}\nsocket = {:?}\nrun_dir = {:?}\ncgroup_root = {:?}\n{no_agents}{}",
            self.data_dir(),
            self.socket(),
            self.run_dir(),
            self.scratch.path(),
            self.extra_config,
        );
        fs::write(&path, text).unwrap();
        path
    }

    /// Starts the service and waits until it says that it is ready.
    pub fn start_service(&mut self) {
        let config = self.write_config();
        let program = program("mainstayd");
        let command = match &self.network {
            Some(network) => network.command(&program),
            None => std::process::Command::new(program),
        };
        self.start_service_by(command, &config);
    }

    /// The same from this directory, with the configuration file as it is.
    pub fn start_service_in(&mut self, directory: &Path) {
        let mut command = std::process::Command::new(program("mainstayd"));
        command.current_dir(directory);
        self.start_service_by(command, &self.file("mainstay.toml"));
    }

    /// The same by a command that runs the program.
    pub fn start_service_by(&mut self, command: std::process::Command, config: &Path) {
        self.service = Some(Service::start_by(command, config, &self.file("notify.sock")));
    }

    /// The running service.
    pub fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    /// Kills the service as a crash does; nothing else.
    pub fn kill_service(&mut self) {
        self.service.take().unwrap().kill();
    }

    /// Ends the service as an administrator does; what it runs goes on.
    pub fn stop_service(&mut self) {
        let status = self.service.take().unwrap().terminate();
        assert!(status.success(), "the service ended with {status}");
    }

    /// A client with full access.
    pub fn client(&self) -> Cluster {
        Cluster::open_local(Some(&self.socket()), Desired::Full).unwrap()
    }

    /// Makes a group and a Generic Application in it that runs this command line.
    pub fn application(&self, group: &str, name: &str, command_line: &str) {
        self.resource(group, name, "Generic Application", &[("CommandLine", command_line)]);
    }

    /// Makes a resource with private properties, and its group where there is none. Values as on the command line.
    pub fn resource(&self, group: &str, name: &str, type_name: &str, properties: &[(&str, &str)]) {
        let mut client = self.client();
        let group: Group = match client.open_object(group, Desired::Full) {
            Ok(group) => group,
            Err(_) => client.create_group(group).unwrap(),
        };
        let resource = client.create_resource(&group, name, type_name, 0).unwrap();
        Self::set_properties(&mut client, &resource, function::SET_PRIVATE_PROPERTIES, properties);
    }

    /// Sets common properties of a resource. Values as on the command line.
    pub fn set_common(&self, resource: &str, properties: &[(&str, &str)]) {
        let mut client = self.client();
        let resource = open_resource(&mut client, resource);
        Self::set_properties(&mut client, &resource, function::SET_COMMON_PROPERTIES, properties);
    }

    /// What fails stays Failed (RestartAction 0), for tests that look at what a failure leaves.
    pub fn stay_failed(&self, resource: &str) {
        self.set_common(resource, &[("RestartAction", "0")]);
    }

    fn set_properties(client: &mut Cluster, resource: &Resource, set: u32, properties: &[(&str, &str)]) {
        const MODIFY: u32 = 0x40_0000;
        let mut list = PropertyList::new();
        for (name, value) in properties {
            list.set(*name, mainstay_proplist::assignment::parse_value(value).unwrap());
        }
        let code = ControlCode(object::RESOURCE | MODIFY | set);
        let list = list.to_bytes().unwrap();
        client.control(Target::Resource(resource), None, code, Some(&list)).unwrap();
    }

    /// Makes a resource depend on another.
    pub fn depend(&self, dependent: &str, provider: &str) {
        let mut client = self.client();
        let (dependent, provider) =
            (open_resource(&mut client, dependent), open_resource(&mut client, provider));
        client.add_dependency(&dependent, &provider).unwrap();
    }

    /// Runs the `mainstay` command; it has to succeed. Answers what it printed.
    pub fn mainstay(&self, arguments: &[&str]) -> String {
        let (code, out, error) = self.mainstay_code(arguments);
        assert_eq!(code, 0, "mainstay {arguments:?}: {error}{out}");
        out
    }

    /// Runs the `mainstay` command. Answers its exit code, what it printed, and its messages.
    pub fn mainstay_code(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = std::process::Command::new(program("mainstay"))
            .args(arguments)
            .env("MAINSTAY_SOCKET", self.socket())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    /// Submits an operation on a resource.
    pub fn submit(&self, verb: Verb, resource: &str) -> Submitted {
        self.submit_with(verb, resource, 0, &[])
    }

    /// Submits an operation on a resource with flags and instructions.
    pub fn submit_with(&self, verb: Verb, resource: &str, flags: u32, buffer: &[u8]) -> Submitted {
        let submission =
            Submission { flags, buffer, ..Submission::new(verb, SubmitObject::Resource(resource)) };
        self.client().submit(&submission).unwrap()
    }

    /// Submits an operation that has to be accepted, and waits for its end.
    pub fn carry_out(&self, verb: Verb, resource: &str) -> OperationRecord {
        self.carry_out_on(verb, SubmitObject::Resource(resource))
    }

    /// The same for a resource or a group.
    pub fn carry_out_on(&self, verb: Verb, object: SubmitObject<'_>) -> OperationRecord {
        let submitted = self.client().submit(&Submission::new(verb, object)).unwrap();
        assert!(
            submitted.status == Status::IO_PENDING || submitted.status.is_success(),
            "{verb} of {object:?}: {} {}",
            submitted.status,
            submitted.text
        );
        self.wait_for(submitted.operation.unwrap())
    }

    /// Waits for the end of an operation.
    pub fn wait_for(&self, operation: OperationId) -> OperationRecord {
        let deadline = Instant::now() + HANG;
        let mut client = self.client();
        while Instant::now() < deadline {
            match client.wait_operation(operation, Duration::from_secs(5)).unwrap() {
                OperationWait::Ended(record) => return *record,
                OperationWait::Running(_) => {}
                OperationWait::Unknown => panic!("operation {operation} is not known"),
            }
        }
        panic!("operation {operation} has not ended after {HANG:?}");
    }

    /// The journal's records of an object, newest first.
    pub fn journal(&self, object: &str) -> Vec<OperationRecord> {
        let records = self.client().journal(Some(object), Some(1000), None).unwrap();
        records.iter().map(|record| serde_json::from_str(record).unwrap()).collect()
    }

    /// A resource as it is now.
    pub fn glance(&self, resource: &str) -> ResourceGlance {
        let glance = self.glance_all();
        glance.resources.into_iter().find(|found| found.name.is(resource)).unwrap()
    }

    /// Everything as it is now.
    pub fn glance_all(&self) -> Glance {
        serde_json::from_str(&self.client().status_json().unwrap()).unwrap()
    }

    /// A resource's state now.
    pub fn state(&self, resource: &str) -> ResourceState {
        self.glance(resource).state
    }

    /// Waits until a resource has a state; told by events, not by asking again and again.
    pub fn wait_for_state(&self, resource: &str, wanted: ResourceState) {
        self.wait_until(resource, |glance| glance.state == wanted);
    }

    /// Waits until this holds of a resource; told by events of its state and its status.
    pub fn wait_until(&self, resource: &str, holds: impl Fn(&ResourceGlance) -> bool) {
        const RESOURCE: u32 = mainstay_types::event::object_type::RESOURCE;
        const STATE_AND_STATUS: i64 = 5;
        let port = NotifyPort::open(self.socket()).unwrap();
        let watch =
            Watch { object: Watched::Cluster, object_type: RESOURCE, events: STATE_AND_STATUS, key: 0 };
        port.watch(watch).unwrap();
        let deadline = Instant::now() + HANG;
        while !holds(&self.glance(resource)) {
            let event = port.next(Some(deadline), |_| ((), true));
            assert!(event.is_ok(), "after {HANG:?} it is {:?}", self.glance(resource));
        }
    }

    fn leaf(&self, resource: &str) -> Leaf {
        let glance = self.glance(resource);
        Leaf::new(mainstay_process::layout::resource(self.scratch.path(), glance.group, glance.id))
    }

    /// The processes that run in a resource's leaf.
    pub fn processes(&self, resource: &str) -> Vec<i32> {
        let leaf = self.leaf(resource);
        if leaf.exists() { leaf.pids().unwrap() } else { Vec::new() }
    }

    /// The processes that run in the part of a resource's leaf that its own host has made for them.
    pub fn processes_below(&self, resource: &str) -> Vec<i32> {
        let work = Leaf::new(self.leaf(resource).path().join("work"));
        if work.exists() { work.pids().unwrap() } else { Vec::new() }
    }

    /// The pool host's process.
    pub fn pool_host(&self) -> Process {
        self.only_process(&mainstay_process::layout::pool(self.scratch.path()))
    }

    /// The guard's process.
    pub fn guard(&self) -> Process {
        self.only_process(&mainstay_process::layout::guard(self.scratch.path()))
    }

    /// The process of a resource's own host.
    pub fn own_host(&self, resource: &str) -> Process {
        let mut client = self.client();
        let resource = open_resource(&mut client, resource);
        let code = ControlCode(object::RESOURCE | function::GET_RO_COMMON_PROPERTIES);
        let answer = client.control(Target::Resource(&resource), None, code, None).unwrap();
        let properties = PropertyList::parse(&answer.output).unwrap();
        let pid = properties.dword("MonitorProcessId").unwrap();
        Process::open(i32::try_from(pid).unwrap()).unwrap()
    }

    fn only_process(&self, leaf: &Path) -> Process {
        let pids = Leaf::new(leaf).pids().unwrap();
        assert_eq!(pids.len(), 1, "{}", leaf.display());
        Process::open(pids[0]).unwrap()
    }
}

/// Kills a process and waits until it has gone.
pub fn kill(process: &Process) {
    process.signal(Signal::KILL).unwrap();
    assert!(process.wait_ended(Instant::now() + HANG).unwrap());
}

/// Opens a resource with full access.
pub fn open_resource(client: &mut Cluster, name: &str) -> Resource {
    client.open_object(name, Desired::Full).unwrap()
}

/// Opens a group with full access.
pub fn open_group(client: &mut Cluster, name: &str) -> Group {
    client.open_object(name, Desired::Full).unwrap()
}
