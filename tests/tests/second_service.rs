//! A second service for one cgroup tree, by a slip: it is refused, leaves nothing behind, and nothing that runs notices.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use mainstay_process::{Leaf, Process, Signal};
use mainstay_tests::{HANG, Somebody, TestCluster, kill, program};
use mainstay_types::ResourceState;
use mainstay_types::operation::Verb;

/// A start in the cluster's tree that is refused with these words, and makes no run directory.
#[track_caller]
fn refused(cluster: &TestCluster, data: &Path, run_dir: &Path, words: &[&str]) {
    refused_in(cluster, &cluster.cgroup_root(), data, run_dir, words);
}

/// A start in any tree that is refused with these words, and makes no run directory.
#[track_caller]
fn refused_in(cluster: &TestCluster, root: &Path, data: &Path, run_dir: &Path, words: &[&str]) {
    let is_there = run_dir.exists();
    let socket = cluster.file("second.sock");
    let said = cluster.file("second.log");
    let mut child = Command::new(program("mainstayd"))
        .args(["--data-dir".as_ref(), data.as_os_str(), "--run-dir".as_ref(), run_dir.as_os_str()])
        .args(["--socket".as_ref(), socket.as_os_str()])
        .args(["--cgroup-root".as_ref(), root.as_os_str()])
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let process = Process::open(i32::try_from(child.id()).unwrap()).unwrap();
    let has_ended = process.wait_ended(Instant::now() + HANG).unwrap();
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let message = fs::read_to_string(said).unwrap();
    assert!(has_ended && status.code() == Some(1), "{message}");
    for word in words {
        assert!(message.contains(word), "{message:?} lacks {word:?}");
    }
    assert_eq!(run_dir.exists(), is_there, "{}", run_dir.display());
    assert!(!socket.exists());
}

#[test]
fn with_another_run_directory_no_service_takes_over_what_runs() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let running = cluster.processes("app");
    let process = Process::open(running[0]).unwrap();
    let (guard, host) = (cluster.guard(), cluster.pool_host());
    cluster.kill_service();

    let (data, other, root) = (cluster.data_dir(), cluster.file("other-run"), cluster.cgroup_root());
    let (root, run_dir) = (root.to_str().unwrap(), format!("run_dir '{}'", cluster.run_dir().display()));
    let holder = format!("another guard (process {}, {run_dir})", guard.pid());
    refused(&cluster, &data, &other, &[root, &holder, "set run_dir to that guard's"]);
    assert!(!guard.has_ended().unwrap() && !host.has_ended().unwrap());

    // Its host is still there when the guard is gone.
    kill(&guard);
    let holder = format!("a host of another run_dir (process {}, {run_dir})", host.pid());
    refused(&cluster, &data, &other, &[root, &holder, "set run_dir to that one"]);
    assert!(!host.has_ended().unwrap() && !process.has_ended().unwrap());

    // The right one finds everything, and its own guard is no hindrance to the next one.
    cluster.start_service();
    assert_eq!(cluster.state("app"), ResourceState::Online);
    assert_eq!(cluster.processes("app"), running);
    cluster.kill_service();
    cluster.start_service();
    assert_eq!(cluster.processes("app"), running);
}

#[test]
fn a_copy_of_the_data_directory_is_not_served_beside_the_first() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let running = cluster.processes("app");
    let copy = cluster.file("copy");
    assert!(Command::new("cp").arg("-a").arg(cluster.data_dir()).arg(&copy).status().unwrap().success());
    fs::remove_file(copy.join("cluster.db.lock")).unwrap();

    let holder = format!("another service (process {}", cluster.service().pid());
    let words = [cluster.cgroup_root().display().to_string(), holder, "end that one first".into()];
    let words = words.each_ref().map(String::as_str);
    for run_dir in [cluster.run_dir(), cluster.file("other-run")] {
        refused(&cluster, &copy, &run_dir, &words);
    }
    assert_eq!(cluster.state("app"), ResourceState::Online);
    assert_eq!(cluster.processes("app"), running);
    cluster.carry_out(Verb::Offline, "app");
    // The first one's end frees the tree.
    cluster.kill_service();
    cluster.start_service();
}

#[test]
fn what_runs_in_another_tree_is_not_taken_for_stopped() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let running = cluster.processes("app");
    let copy = cluster.file("copy");
    assert!(Command::new("cp").arg("-a").arg(cluster.data_dir()).arg(&copy).status().unwrap().success());
    fs::remove_file(copy.join("cluster.db.lock")).unwrap();

    // A sibling of the tree that is the cluster's: the copy may not be served there beside the first, ...
    let root = cluster.cgroup_root();
    let mut other = root.clone().into_os_string();
    other.push("-other");
    let other = PathBuf::from(other);
    let former = root.display().to_string();
    let words = ["of this cluster's processes run in", &former, "set cgroup_root to that one"];
    refused_in(&cluster, &other, &copy, &cluster.file("other-run"), &words);
    // ... and the first, killed, not started there, be it by its own run directory or by another one.
    let (guard, host) = (cluster.guard(), cluster.pool_host());
    cluster.kill_service();
    for run_dir in [cluster.run_dir(), cluster.file("other-run")] {
        refused_in(&cluster, &other, &cluster.data_dir(), &run_dir, &words);
    }
    // What runs is reason enough when nobody is left who looks after it.
    kill(&guard);
    kill(&host);
    refused_in(&cluster, &other, &cluster.data_dir(), &cluster.run_dir(), &words);
    assert!(!other.exists(), "nothing was made");

    cluster.start_service();
    assert_eq!(cluster.state("app"), ResourceState::Online);
    assert_eq!(cluster.processes("app"), running);
    cluster.carry_out(Verb::Offline, "app");
}

#[test]
fn a_database_older_than_what_runs_is_not_served() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "known", "sleep 1000");
    cluster.carry_out(Verb::Online, "known");
    cluster.kill_service();
    let (older, newer) = (cluster.file("older"), cluster.file("newer"));
    assert!(Command::new("cp").arg("-a").arg(cluster.data_dir()).arg(&older).status().unwrap().success());
    cluster.start_service();
    cluster.application("g", "later", "sleep 1000");
    cluster.carry_out(Verb::Online, "later");
    let running = [cluster.processes("known"), cluster.processes("later")];
    cluster.kill_service();

    fs::rename(cluster.data_dir(), &newer).unwrap();
    fs::rename(&older, cluster.data_dir()).unwrap();
    let words = ["1 resources run that the database does not know", &format!("(processes {:?})", running[1])];
    refused(&cluster, &cluster.data_dir(), &cluster.run_dir(), &words);
    // Whoever else is dead, and whatever else is lost.
    kill(&cluster.pool_host());
    refused(&cluster, &cluster.data_dir(), &cluster.run_dir(), &words);
    // Also what has gone elsewhere.
    let elsewhere = Leaf::new(cluster.cgroup_root().join("elsewhere"));
    elsewhere.create().unwrap();
    let [_, later] = &running;
    later.iter().for_each(|pid| elsewhere.adopt(*pid).unwrap());
    let outside = ["1 resources run that the database does not know", "outside of its control group"];
    refused(&cluster, &cluster.data_dir(), &cluster.run_dir(), &outside);
    kill(&cluster.guard());
    refused(&cluster, &cluster.data_dir(), &cluster.run_dir(), &outside);
    assert_eq!(elsewhere.pids().unwrap(), *later, "nothing was touched");

    fs::rename(cluster.data_dir(), &older).unwrap();
    fs::rename(&newer, cluster.data_dir()).unwrap();
    cluster.start_service();
    cluster.wait_for_state("known", ResourceState::Online);
    cluster.wait_for_state("later", ResourceState::Online);
    let processes = [cluster.processes("known"), cluster.processes("later")];
    assert_eq!(processes[0], running[0], "nothing was touched");
    assert_eq!(cluster.state("later"), ResourceState::Online);
}

/// How often two services are started at once: each time they meet at another point of their starts.
const MEETINGS: usize = 5;

/// A service that has been started and not waited for.
struct Begun {
    child: Child,
    told: UnixDatagram,
    log: PathBuf,
    tree: Leaf,
}

impl Begun {
    /// In a tree of its own inside of the test's.
    fn new(cluster: &TestCluster, number: usize, data: &Path) -> Self {
        Self::with(cluster, number, data, &[])
    }

    /// The same, with more arguments.
    fn with(cluster: &TestCluster, number: usize, data: &Path, arguments: &[&str]) -> Self {
        let file = |name: &str| cluster.file(&format!("{name}-{number}"));
        let (notify, log) = (file("notify"), file("log"));
        let _ = fs::remove_file(&notify);
        let told = UnixDatagram::bind(&notify).unwrap();
        told.set_read_timeout(Some(LOOK_PAUSE)).unwrap();
        let tree = cluster.cgroup_root().join(format!("tree-{number}"));
        let child = Command::new(program("mainstayd"))
            .args(["--data-dir".as_ref(), data.as_os_str(), "--run-dir".as_ref(), file("run").as_os_str()])
            .args(["--socket".as_ref(), file("socket").as_os_str()])
            .args(["--cgroup-root".as_ref(), tree.as_os_str()])
            .args(arguments)
            .env("NOTIFY_SOCKET", &notify)
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Begun { child, told, log, tree: Leaf::new(tree) }
    }

    /// Whether it comes to serve; else it has ended.
    fn is_served(&mut self) -> bool {
        let (mut bytes, until) = ([0; 256], Instant::now() + HANG);
        while Instant::now() < until {
            if let Ok(length) = self.told.recv(&mut bytes)
                && bytes[..length].starts_with(b"READY=1")
            {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
        }
        panic!("neither served nor refused: {}", self.message());
    }

    /// Waits until it has ended, not having been told to, and answers how.
    fn ended(&mut self) -> Option<i32> {
        let has_ended = self.process().wait_ended(Instant::now() + HANG).unwrap();
        assert!(has_ended, "it goes on: {}", self.message());
        self.child.wait().unwrap().code()
    }

    fn process(&self) -> Process {
        Process::open(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// Waits until it has made its claim, for the first time or again.
    fn wait_for_claim(&self) {
        let until = Instant::now() + HANG;
        while !self.tree.path().join("service").exists() {
            assert!(Instant::now() < until, "there is no claim: {}", self.message());
            std::thread::sleep(LOOK_PAUSE);
        }
    }

    fn message(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // It may be over already; what is left goes with the test's own control group.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            clear(&self.tree);
        }
    }
}

/// How long one look at a service's word lasts, before it is looked whether the service is still there.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// Ends everything in a tree, and removes it.
fn clear(tree: &Leaf) {
    if tree.exists() {
        tree.kill().unwrap();
        assert!(tree.wait_empty(Instant::now() + HANG).unwrap());
        tree.remove().unwrap();
    }
}

#[test]
fn of_two_copies_that_are_started_at_once_at_most_one_is_served() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    cluster.stop_service();
    let former = Leaf::new(cluster.cgroup_root());
    former.kill().unwrap();
    assert!(former.wait_empty(Instant::now() + HANG).unwrap());
    for meeting in 0..MEETINGS {
        let copy = cluster.file(&format!("copy-{meeting}"));
        assert!(Command::new("cp").arg("-a").arg(cluster.data_dir()).arg(&copy).status().unwrap().success());
        let mut begun = [cluster.data_dir(), copy]
            .iter()
            .enumerate()
            .map(|(number, data)| Begun::new(&cluster, number, data))
            .collect::<Vec<_>>();
        let served: Vec<bool> = begun.iter_mut().map(Begun::is_served).collect();
        for (begun, is_served) in begun.iter().zip(&served).filter(|(_, is_served)| !**is_served) {
            let message = begun.message();
            assert!(message.contains("of this cluster") && message.contains("tree-"), "{message}");
            assert!(!begun.tree.exists() && !is_served, "a refused start has left its tree");
        }
        begun.into_iter().for_each(drop);
        assert!(served != [true, true], "both are served");
    }
    cluster.start_service();
    cluster.wait_for_state("app", ResourceState::Online);
}

/// Removes every control group directly below a tree's root that has no processes, as an init system may.
fn sweep(root: &Path) {
    for entry in fs::read_dir(root).unwrap() {
        // The kernel keeps what has processes.
        let _ = fs::remove_dir(entry.unwrap().path());
    }
}

/// A cluster with a resource that is to be online, of which nothing runs, and a copy of its data directory.
fn stopped_with_copy_or_skip() -> Option<(TestCluster, PathBuf, String)> {
    let mut cluster = TestCluster::start_or_skip()?;
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let id = cluster.glance_all().cluster_id.to_string();
    cluster.stop_service();
    clear(&Leaf::new(cluster.cgroup_root()));
    let copy = cluster.file("copy");
    assert!(Command::new("cp").arg("-a").arg(cluster.data_dir()).arg(&copy).status().unwrap().success());
    Some((cluster, copy, id))
}

#[test]
fn a_sweep_while_a_service_waits_for_its_guard_lets_no_copy_in() {
    let Some((cluster, copy, _)) = stopped_with_copy_or_skip() else { return };
    let first = Begun::with(&cluster, 0, &cluster.data_dir(), &["--external-guard"]);
    first.wait_for_claim();
    // Without a guard nothing of it but empty directories is in the tree.
    first.process().signal(Signal::STOP).unwrap();
    sweep(first.tree.path());
    let mut second = Begun::new(&cluster, 1, &copy);
    assert!(!second.is_served(), "a copy is served beside it");
    let message = second.message();
    let holder = format!("acts on this machine (process {}", first.process().pid());
    assert!(message.contains(&holder) && message.contains("tree-1"), "{message}");
    first.process().signal(Signal::CONT).unwrap();
    // It is watched from the beginning.
    first.wait_for_claim();
}

/// Takes the name of the cluster's service on this machine as somebody who is neither a service nor root, and holds it.
fn take_name(id: &str) -> UnixListener {
    let stranger = Somebody { uid: 61_003, gid: 61_003, groups: &[] };
    let address = SocketAddr::from_abstract_name(format!("mainstay-service-{id}-1")).unwrap();
    stranger.act(|| UnixListener::bind_addr(&address).unwrap())
}

#[test]
fn who_was_hidden_by_a_sweep_looks_again_before_anything_is_started() {
    let Some((cluster, copy, id)) = stopped_with_copy_or_skip() else { return };
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can act as somebody else");
        return;
    }
    // Somebody has the name: he keeps nobody from serving, and only what is in the control groups is left to go by.
    let _name = take_name(&id);
    let mut first = Begun::with(&cluster, 0, &cluster.data_dir(), &["--external-guard"]);
    first.wait_for_claim();
    first.process().signal(Signal::STOP).unwrap();
    sweep(first.tree.path());
    let mut second = Begun::new(&cluster, 1, &copy);
    assert!(second.is_served(), "{}", second.message());
    assert!(second.message().contains("user 61003"), "{}", second.message());
    first.process().signal(Signal::CONT).unwrap();
    assert_eq!(first.ended(), Some(1));
    let message = first.message();
    assert!(message.contains("of this cluster") && message.contains("tree-1"), "{message}");
    // Who serves is not disturbed, neither by him nor by a sweep of his own.
    sweep(second.tree.path());
    second.wait_for_claim();
    assert!(second.child.try_wait().unwrap().is_none(), "{}", second.message());
}

#[test]
fn who_steps_back_takes_his_guard_with_him() {
    let Some((cluster, copy, id)) = stopped_with_copy_or_skip() else { return };
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can act as somebody else");
        return;
    }
    let _name = take_name(&id);
    // A guard that takes its time.
    let (programs, fifo, config) =
        (cluster.file("programs"), cluster.fifo("gate"), cluster.file("slow.toml"));
    fs::create_dir(&programs).unwrap();
    for name in ["mainstay-host", "mainstay-host-foreign"] {
        symlink(program(name), programs.join(name)).unwrap();
    }
    let guard = program("mainstay-guard");
    let script = format!("#!/bin/sh\nread line < '{}'\nexec '{}' \"$@\"\n", fifo.display(), guard.display());
    fs::write(programs.join("mainstay-guard"), script).unwrap();
    fs::set_permissions(programs.join("mainstay-guard"), Permissions::from_mode(0o755)).unwrap();
    fs::write(&config, format!("program_dir = '{}'\n", programs.display())).unwrap();
    let mut first = Begun::with(&cluster, 0, &cluster.data_dir(), &["--config", config.to_str().unwrap()]);
    // It is open for reading when the script has begun, and so the claim made.
    let mut gate = File::options().write(true).open(&fifo).unwrap();
    first.process().signal(Signal::STOP).unwrap();
    sweep(first.tree.path());
    let mut second = Begun::new(&cluster, 1, &copy);
    assert!(second.is_served(), "{}", second.message());
    gate.write_all(b"go\n").unwrap();
    let until = Instant::now() + HANG;
    while first.tree.pids().unwrap().is_empty() {
        assert!(Instant::now() < until, "the guard does not come: {}", first.message());
        std::thread::sleep(LOOK_PAUSE);
    }
    first.process().signal(Signal::CONT).unwrap();
    assert_eq!(first.ended(), Some(1));
    assert!(first.message().contains("of this cluster"), "{}", first.message());
    assert!(!first.tree.exists(), "{:?}", first.tree.pids());
    assert!(second.child.try_wait().unwrap().is_none(), "{}", second.message());
}

#[test]
fn a_service_that_has_lost_its_tree_ends_and_leaves_what_runs() {
    let Some((mut cluster, ..)) = stopped_with_copy_or_skip() else { return };
    let mut begun = Begun::new(&cluster, 0, &cluster.data_dir());
    assert!(begun.is_served(), "{}", begun.message());
    // The guard, the host and the resource that was to be online.
    let until = Instant::now() + HANG;
    while begun.tree.pids().unwrap().len() < 3 {
        assert!(Instant::now() < until, "{}", begun.message());
        std::thread::sleep(LOOK_PAUSE);
    }
    let mut running = begun.tree.pids().unwrap();
    begun.process().signal(Signal::STOP).unwrap();
    let service = begun.tree.path().join("service");
    fs::remove_dir(&service).unwrap();
    fs::create_dir(&service).unwrap();
    let held = File::open(&service).unwrap();
    held.try_lock().unwrap();
    begun.process().signal(Signal::CONT).unwrap();
    assert_eq!(begun.ended(), Some(1));
    let us = format!("in the hands of another service (process {}", std::process::id());
    assert!(begun.message().contains(&us), "{}", begun.message());
    let mut left = begun.tree.pids().unwrap();
    running.sort_unstable();
    left.sort_unstable();
    assert_eq!(left, running);
    drop(held);
    drop(begun);
    cluster.start_service();
    cluster.wait_for_state("app", ResourceState::Online);
}

#[test]
fn a_sweep_of_empty_control_groups_hides_nothing_that_runs() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let copy = cluster.file("copy");
    assert!(Command::new("cp").arg("-a").arg(cluster.data_dir()).arg(&copy).status().unwrap().success());
    fs::remove_file(copy.join("cluster.db.lock")).unwrap();
    let root = cluster.cgroup_root();
    let other = PathBuf::from(format!("{}-other", root.display()));
    let sweep = || {
        sweep(&root);
        !root.join("service").exists()
    };
    let words = ["of this cluster's processes run in", root.to_str().unwrap()];
    assert!(sweep());
    refused_in(&cluster, &other, &copy, &cluster.file("other-run"), &words);
    // The service makes its claim again, also against those who come into its own tree.
    let until = Instant::now() + HANG;
    while !root.join("service").exists() {
        assert!(Instant::now() < until, "the claim is not made again");
        std::thread::sleep(LOOK_PAUSE);
    }
    refused(&cluster, &copy, &cluster.file("other-run"), &["in the hands of another service"]);

    // What runs is found when nobody is left who looks after it, ...
    let (guard, host) = (cluster.guard(), cluster.pool_host());
    let running = cluster.processes("app");
    cluster.kill_service();
    kill(&guard);
    kill(&host);
    assert!(sweep());
    refused_in(&cluster, &other, &copy, &cluster.file("other-run"), &words);
    assert!(!other.exists(), "nothing was made");
    // ... and taken up by the service that it belongs to.
    cluster.start_service();
    assert_eq!(cluster.processes("app"), running);
}
