//! A real guard with real processes in real cgroups. Where the machine has no writable cgroup v2, each test prints
//! why it is skipped.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use mainstay_ipc::guard::{Leaf, LeafStatus, Reply, ReplyBody, Request, RequestBody, Target};
use mainstay_ipc::{FrameReader, VERSION, write_frame};
use mainstay_process::scratch::Scratch;
use mainstay_process::strays::Mark;
use mainstay_process::{Exit, Output, Process, Signal, cgroup, spawn, state_file};
use mainstay_types::{ClusterId, Epoch, GroupId, ResourceId};
use uuid::Uuid;

/// Another one each time: processes of its resources are looked for on the whole machine.
static CLUSTER: LazyLock<ClusterId> = LazyLock::new(|| ClusterId(Uuid::new_v4()));

fn epoch(epoch: u64) -> Epoch {
    Epoch { generation: 1, epoch }
}

fn leaf(group: u128, resource: u128) -> Leaf {
    Leaf::Resource { group: GroupId(Uuid::from_u128(group)), resource: ResourceId(Uuid::from_u128(resource)) }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

/// A guard process, killed when the test ends.
struct Guard(Child);

impl Guard {
    fn command(run_dir: &Path, root: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay-guard"));
        command.arg("--run-dir").arg(run_dir).arg("--cgroup-root").arg(root);
        command.args(["--cluster", &CLUSTER.to_string()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(run_dir: &Path, root: &Path) -> Self {
        let mut command = Guard::command(run_dir, root);
        let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready "), "{line:?}");
        Guard(child)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Client {
    stream: UnixStream,
    reader: FrameReader,
    number: u64,
}

impl Client {
    fn connect(run_dir: &Path) -> Self {
        let mut client = Client::silent(run_dir);
        let hello = RequestBody::Hello { version: VERSION, cluster: *CLUSTER, cgroup_root: None };
        assert!(matches!(client.ask(hello), ReplyBody::Welcome { version: VERSION, .. }));
        client
    }

    fn silent(run_dir: &Path) -> Self {
        let stream = UnixStream::connect(run_dir.join("guard.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Client { stream, reader: FrameReader::default(), number: 0 }
    }

    fn ask(&mut self, body: RequestBody) -> ReplyBody {
        let number = self.send(body);
        let reply: Reply = self.reader.read_from(&mut self.stream).unwrap().unwrap();
        assert_eq!(reply.number, number);
        reply.body
    }

    fn send(&mut self, body: RequestBody) -> u64 {
        self.number += 1;
        write_frame(&mut self.stream, &Request { number: self.number, body }).unwrap();
        self.number
    }

    fn open(&mut self, leaf: Leaf, number: u64) -> cgroup::Leaf {
        match self.ask(RequestBody::Open { leaf, epoch: epoch(number) }) {
            ReplyBody::Opened { path } => cgroup::Leaf::new(path),
            other => panic!("{other:?}"),
        }
    }

    fn stop(&mut self, target: Target, number: u64) -> ReplyBody {
        self.ask(RequestBody::HardStop { target, epoch: epoch(number) })
    }

    fn look(&mut self, leaf: Leaf) -> LeafStatus {
        match self.ask(RequestBody::Look { leaf }) {
            ReplyBody::Looked(status) => status,
            other => panic!("{other:?}"),
        }
    }

    fn refused(&mut self, body: RequestBody, expected: &str) {
        match self.ask(body) {
            ReplyBody::Refused { reason } => assert!(reason.contains(expected), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Runs a script in a place until it has said a line.
fn start(place: &cgroup::Leaf, script: &str) -> Process {
    let (told, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let mut command = spawn::Command::new(["/bin/sh", "-c", script]);
    command.leaf = Some(place.clone());
    command.output = Output::Descriptor(tell);
    let process = command.spawn().unwrap();
    drop(command);
    let mut byte = [0];
    std::fs::File::from(told).read_exact(&mut byte).unwrap();
    process
}

#[test]
fn a_hard_stop_ends_everything_and_leaves_it_closed() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let _guard = Guard::start(run_dir.path(), scratch.path());
    let mut client = Client::connect(run_dir.path());
    let one = leaf(1, 1);
    for (round, script) in [
        "sleep 1000 & echo ready; wait",
        "setsid sh -c 'trap \"\" TERM; echo ready; sleep 1000' & wait",
        "sleep 1000 & kill -STOP $!; echo ready; kill -STOP $$",
        // Makes new processes as fast as it can.
        "echo ready; while :; do sleep 1000 & done",
    ]
    .iter()
    .enumerate()
    {
        let number = round as u64 + 1;
        let place = client.open(one, number);
        let process = start(&place, script);
        assert!(client.look(one).populated);
        assert_eq!(client.stop(Target::Leaf(one), number), ReplyBody::Stopped { empty: true }, "{script}");
        assert_eq!(process.wait(soon()).unwrap(), Some(Exit::Killed(9)));
        assert!(!place.is_populated().unwrap());
        let status = client.look(one);
        assert!(status.exists && status.frozen && !status.populated && status.floor == epoch(number));
        client.refused(RequestBody::Open { leaf: one, epoch: epoch(number) }, "was closed by a hard stop");
        // What comes late does not run.
        let late = spawn::Command { leaf: Some(place), ..spawn::Command::new(["/bin/true"]) };
        assert!(matches!(late.spawn(), Err(spawn::SpawnError::Frozen(_))));
    }
}

/// A process of a resource in a place that is not its leaf.
fn start_marked(place: &cgroup::Leaf, resource: u128) -> Process {
    let mark = Mark {
        cluster: *CLUSTER,
        resource: ResourceId(Uuid::from_u128(resource)),
        leaf: "/somewhere/else".into(),
    };
    let mut command = spawn::Command::new(["/bin/sleep", "1000"]);
    command.environment = mark.variables().into();
    command.leaf = Some(place.clone());
    command.spawn().unwrap()
}

#[test]
fn a_hard_stop_ends_what_has_left_the_leaf() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let guard = Guard::start(run_dir.path(), scratch.path());
    let mut client = Client::connect(run_dir.path());
    let away = scratch.leaf("away");
    let (marked, named, gone) = (leaf(1, 101), leaf(1, 102), leaf(1, 103));
    let by_mark = start_marked(&away, 101);
    let by_name = start(&away, "echo ready; exec sleep 1000");
    let nobodys = start(&away, "echo ready; exec sleep 1000");
    let Leaf::Resource { resource, .. } = named else { panic!() };
    let identity = by_name.identity().unwrap().unwrap();
    state_file::write(&state_file::path(run_dir.path(), resource), identity).unwrap();
    for leaf in [marked, named] {
        assert!(client.look(leaf).populated, "before its leaf is there");
        client.open(leaf, 1);
        assert!(client.look(leaf).populated);
    }
    let ReplyBody::Listed(listed) = client.ask(RequestBody::List) else { panic!("no list") };
    assert!(listed.iter().all(|(leaf, status)| *leaf == Leaf::Pool || status.populated), "{listed:?}");
    client.refused(RequestBody::Exit, "has left");
    for (leaf, process) in [(marked, by_mark), (named, by_name), (gone, start_marked(&away, 103))] {
        assert!(client.look(leaf).populated);
        assert_eq!(client.stop(Target::Leaf(leaf), 1), ReplyBody::Stopped { empty: true });
        assert!(process.has_ended().unwrap(), "{leaf:?}");
        assert!(!client.look(leaf).populated);
    }
    let late = start_marked(&away, 102);
    assert_eq!(client.stop(Target::All, 1), ReplyBody::Stopped { empty: true });
    assert!(late.has_ended().unwrap());
    assert!(!nobodys.has_ended().unwrap());
    drop(guard);
}

#[test]
fn a_directory_held_from_before_leads_nowhere() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let _guard = Guard::start(run_dir.path(), scratch.path());
    let mut client = Client::connect(run_dir.path());
    let place = client.open(leaf(1, 1), 1);
    let held = std::fs::File::options().write(true).open(place.path().join("cgroup.procs")).unwrap();
    assert_eq!(client.stop(Target::Leaf(leaf(1, 1)), 1), ReplyBody::Stopped { empty: true });
    client.open(leaf(1, 1), 2);
    let late = start(&scratch.leaf("elsewhere"), "echo ready; exec sleep 1000");
    let moved = std::io::Write::write(&mut &held, late.pid().to_string().as_bytes());
    assert!(moved.is_err(), "a process of the old epoch got into the new leaf");
}

#[test]
fn a_stop_of_a_group_or_of_all_spares_the_pool() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let _guard = Guard::start(run_dir.path(), scratch.path());
    let mut client = Client::connect(run_dir.path());
    let pool = client.open(Leaf::Pool, 1);
    let in_pool = start(&pool, "echo ready; exec sleep 1000");
    let mut processes = Vec::new();
    for (group, resource) in [(1, 1), (1, 2), (2, 3)] {
        let place = client.open(leaf(group, resource), 1);
        processes.push(start(&place, "echo ready; exec sleep 1000"));
    }
    let group = Target::Group(GroupId(Uuid::from_u128(1)));
    assert_eq!(client.stop(group, 1), ReplyBody::Stopped { empty: true });
    let ended: Vec<bool> = processes.iter().map(|process| process.has_ended().unwrap()).collect();
    assert_eq!(ended, [true, true, false]);
    client.refused(RequestBody::Exit, "is not empty");
    assert_eq!(client.stop(Target::All, 1), ReplyBody::Stopped { empty: true });
    assert!(processes.iter().all(|process| process.has_ended().unwrap()));
    assert!(!in_pool.has_ended().unwrap());
    client.refused(RequestBody::Exit, &format!("process {}", in_pool.pid()));
    assert_eq!(client.stop(Target::Leaf(Leaf::Pool), 1), ReplyBody::Stopped { empty: true });
    assert!(in_pool.has_ended().unwrap());
}

#[test]
fn a_guard_that_was_killed_finds_what_it_owned() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let mut guard = Guard::start(run_dir.path(), scratch.path());
    let mut client = Client::connect(run_dir.path());
    let (open, closed) = (leaf(1, 1), leaf(1, 2));
    let place = client.open(open, 3);
    let process = start(&place, "echo ready; exec sleep 1000");
    let other = client.open(closed, 3);
    start(&other, "echo ready; exec sleep 1000");
    assert_eq!(client.stop(Target::Leaf(closed), 3), ReplyBody::Stopped { empty: true });
    guard.0.kill().unwrap();
    guard.0.wait().unwrap();
    assert!(!process.has_ended().unwrap(), "its death stops nothing");

    let _guard = Guard::start(run_dir.path(), scratch.path());
    let mut client = Client::connect(run_dir.path());
    assert_eq!(
        client.look(open),
        LeafStatus { exists: true, populated: true, frozen: false, floor: Epoch::default() }
    );
    assert_eq!(
        client.look(closed),
        LeafStatus { exists: true, populated: false, frozen: true, floor: epoch(3) }
    );
    client.refused(RequestBody::Open { leaf: closed, epoch: epoch(3) }, "was closed by a hard stop");
    client.open(closed, 4);
    assert_eq!(client.stop(Target::Leaf(open), 3), ReplyBody::Stopped { empty: true });
    assert!(process.has_ended().unwrap());
}

#[test]
fn a_hard_stop_that_was_interrupted_goes_on() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let mut guard = Guard::start(run_dir.path(), scratch.path());
    let place = Client::connect(run_dir.path()).open(leaf(1, 1), 3);
    let process = start(&place, "echo ready; exec sleep 1000");
    guard.0.kill().unwrap();
    guard.0.wait().unwrap();
    // As if it had been killed right after the freeze.
    assert!(place.set_frozen(true, soon()).unwrap());
    let _guard = Guard::start(run_dir.path(), scratch.path());
    assert!(process.wait_ended(soon()).unwrap());
    let mut client = Client::connect(run_dir.path());
    // Waits for the end of the one that goes on.
    assert_eq!(client.stop(Target::Leaf(leaf(1, 1)), 3), ReplyBody::Stopped { empty: true });
    client.refused(RequestBody::Open { leaf: leaf(1, 1), epoch: epoch(3) }, "was closed by a hard stop");
}

#[test]
fn a_second_guard_is_refused() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let guard = Guard::start(run_dir.path(), scratch.path());
    let second = Guard::command(run_dir.path(), scratch.path()).output().unwrap();
    assert!(!second.status.success());
    let text = String::from_utf8_lossy(&second.stderr);
    let run_dir_text = run_dir.path().display();
    let holder = format!("another guard (process {}, run_dir '{run_dir_text}') already runs", guard.0.id());
    assert!(text.contains(&holder), "{text}");
    Client::connect(run_dir.path());
}

#[test]
fn a_guard_of_another_run_directory_is_refused_until_the_first_has_gone() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let mut first = Guard::start(run_dir.path(), scratch.path());
    let place = Client::connect(run_dir.path()).open(leaf(1, 1), 3);
    let process = start(&place, "echo ready; exec sleep 1000");
    let other = run_dir.path().join("other");
    let refused = Guard::command(&other, scratch.path()).output().unwrap();
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr);
    let holder = format!("process {}, run_dir '{}'", first.0.id(), run_dir.path().display());
    for word in [scratch.path().to_str().unwrap(), &holder, "set run_dir to that guard's"] {
        assert!(text.contains(word), "{text}");
    }
    assert!(!other.exists(), "nothing was made");
    assert!(!process.has_ended().unwrap());
    // What it has started does not hold its lock.
    first.0.kill().unwrap();
    first.0.wait().unwrap();
    let _next = Guard::start(run_dir.path(), scratch.path());
    assert!(!process.has_ended().unwrap());
}

#[test]
fn it_ignores_hangups_and_ends_when_it_is_told_to_with_nothing_left() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let mut guard = Guard::start(run_dir.path(), scratch.path());
    let process = Process::open(guard.0.id() as i32).unwrap();
    process.signal("HUP".parse::<Signal>().unwrap()).unwrap();
    let mut client = Client::connect(run_dir.path());
    let place = client.open(leaf(1, 1), 1);
    assert_eq!(client.ask(RequestBody::Remove { leaf: leaf(1, 1) }), ReplyBody::Done);
    assert!(!place.exists() && !place.path().parent().unwrap().exists());
    let ReplyBody::Listed(listed) = client.ask(RequestBody::List) else { panic!("no list") };
    assert_eq!(listed.iter().map(|(leaf, _)| *leaf).collect::<Vec<_>>(), [Leaf::Pool]);
    assert_eq!(client.ask(RequestBody::Exit), ReplyBody::Done);
    assert!(guard.0.wait().unwrap().success());
}

#[test]
fn nonsense_costs_only_its_own_connection() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let run_dir = tempfile::tempdir().unwrap();
    let _guard = Guard::start(run_dir.path(), scratch.path());
    let mut good = Client::connect(run_dir.path());
    let mut bad = Client::silent(run_dir.path());
    std::io::Write::write_all(&mut bad.stream, &[0xFF; 64]).unwrap();
    assert_eq!(bad.stream.read(&mut [0; 16]).unwrap_or(0), 0);
    let mut foreign = Client::silent(run_dir.path());
    let other = ClusterId(Uuid::from_u128(9));
    foreign.refused(
        RequestBody::Hello { version: VERSION, cluster: other, cgroup_root: None },
        "is the guard of cluster",
    );
    assert_eq!(foreign.stream.read(&mut [0; 16]).unwrap(), 0);
    good.open(leaf(1, 1), 1);
}
