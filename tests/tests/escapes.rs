//! A program that leaves its control group is still the resource's: nothing is offline while it runs, and there are
//! never two of it.

use std::time::{Duration, Instant};

use mainstay_process::{Leaf, Process, layout};
use mainstay_tests::{HANG, TestCluster, kill};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{OfflineFlags, ResourceState};

/// How long the program has to stop. It never does by itself.
const STOP_TIMEOUT: Duration = Duration::from_millis(700);

/// A resource whose program goes to another control group and does not hear SIGTERM.
struct Escaping {
    cluster: TestCluster,
    elsewhere: Leaf,
}

impl Escaping {
    fn or_skip() -> Option<Self> {
        let cluster = TestCluster::start_or_skip()?;
        let elsewhere = Leaf::new(cluster.cgroup_root().join("elsewhere"));
        elsewhere.create().unwrap();
        let (there, never) = (cluster.fifo("there"), cluster.fifo("never"));
        let script = format!(
            "trap '' TERM\necho $$ > {}/cgroup.procs\nexec 3<> {}\necho $$ > {}\nwhile :; do read line <&3; done\n",
            elsewhere.path().display(),
            never.display(),
            there.display()
        );
        let path = cluster.file("escape.sh");
        std::fs::write(&path, script).unwrap();
        let command = format!("sh {}", path.display());
        let timeout = STOP_TIMEOUT.as_millis().to_string();
        let properties = [("CommandLine", command.as_str()), ("StopTimeout", timeout.as_str())];
        cluster.resource("g", "a", "Generic Application", &properties);
        Some(Escaping { cluster, elsewhere })
    }

    /// Starts the program and waits until it has gone elsewhere.
    fn online(&self) -> Process {
        assert_eq!(self.cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
        self.told()
    }

    /// Waits until a program that was started has gone elsewhere.
    fn told(&self) -> Process {
        let told = std::fs::read_to_string(self.cluster.file("there")).unwrap();
        let program = Process::open(told.trim().parse().unwrap()).unwrap();
        assert!(self.cluster.processes("a").is_empty(), "it has left");
        self.check_only(&program);
        program
    }

    fn check_only(&self, program: &Process) {
        assert_eq!(self.elsewhere.pids().unwrap(), [program.pid()]);
    }

    fn check_offline(&self, program: &Process) {
        assert!(program.has_ended().unwrap(), "offline, and it runs");
        assert_eq!(self.cluster.state("a"), ResourceState::Offline);
        assert!(!self.elsewhere.is_populated().unwrap());
    }
}

#[test]
fn a_program_that_left_its_control_group_is_offline_when_it_has_ended() {
    let Some(escaping) = Escaping::or_skip() else { return };
    let program = escaping.online();
    let began = Instant::now();
    assert_eq!(escaping.cluster.carry_out(Verb::Offline, "a").end, Some(End::Done));
    assert!(began.elapsed() >= STOP_TIMEOUT, "it had its time: {:?}", began.elapsed());
    escaping.check_offline(&program);
    escaping.online();
}

#[test]
fn a_program_that_left_its_control_group_ends_by_force() {
    let Some(escaping) = Escaping::or_skip() else { return };
    let program = escaping.online();
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let forced = escaping.cluster.submit_with(Verb::Offline, "a", force, &[]);
    assert_eq!(escaping.cluster.wait_for(forced.operation.unwrap()).end, Some(End::Done));
    escaping.check_offline(&program);
    escaping.online();
}

#[test]
fn a_program_that_left_its_control_group_is_found_by_the_next_host() {
    let Some(escaping) = Escaping::or_skip() else { return };
    let program = escaping.online();
    let cluster = &escaping.cluster;
    cluster.kill_host(&cluster.pool_host());
    // The next host brings it back as soon as it is there.
    assert!(escaping.elsewhere.wait_empty(Instant::now() + HANG).unwrap(), "it was brought back");
    assert!(!program.has_ended().unwrap(), "it was taken over");
    assert_eq!(cluster.processes("a"), [program.pid()]);
    assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
    // Its end is noticed, and it is started again.
    kill(&program);
    let second = escaping.told();
    assert_ne!(second.pid(), program.pid());
}

#[test]
fn a_program_that_left_its_control_group_outlives_no_stop_whose_host_dies() {
    let Some(escaping) = Escaping::or_skip() else { return };
    let program = escaping.online();
    let cluster = &escaping.cluster;
    let offline = cluster.submit(Verb::Offline, "a");
    kill(&cluster.pool_host());
    cluster.wait_for(offline.operation.unwrap());
    assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
    let second = escaping.told();
    assert!(program.has_ended().unwrap(), "two of it");
    assert_eq!(cluster.carry_out(Verb::Offline, "a").end, Some(End::Done));
    escaping.check_offline(&second);
}

#[test]
fn a_program_that_left_its_control_group_is_found_by_the_guard_when_its_host_is_dead() {
    let Some(escaping) = Escaping::or_skip() else { return };
    let cluster = &escaping.cluster;
    for flags in [OfflineFlags::FORCE_WITH_TERMINATION.bits(), 0] {
        let program = escaping.online();
        kill(&cluster.pool_host());
        let stopped = cluster.submit_with(Verb::Offline, "a", flags, &[]);
        assert_eq!(cluster.wait_for(stopped.operation.unwrap()).end, Some(End::Done));
        escaping.check_offline(&program);
    }
}

#[test]
fn a_program_that_left_its_control_group_is_found_without_the_run_directory() {
    let Some(mut escaping) = Escaping::or_skip() else { return };
    let program = escaping.online();
    let cluster = &mut escaping.cluster;
    let (guard, host) = (cluster.guard(), cluster.pool_host());
    cluster.kill_service();
    for process in [&guard, &host] {
        kill(process);
    }
    std::fs::remove_dir_all(cluster.run_dir()).unwrap();
    cluster.start_service();
    let second = escaping.told();
    assert!(program.has_ended().unwrap(), "two of it");
    // Its program runs before its type has said that it is online.
    escaping.cluster.wait_for_state("a", ResourceState::Online);
    assert_eq!(escaping.cluster.carry_out(Verb::Offline, "a").end, Some(End::Done));
    escaping.check_offline(&second);
}

#[test]
fn what_a_program_has_sent_elsewhere_is_ended_before_the_next_start() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let child = cluster.file("child.sh");
    std::fs::write(&child, "echo $$ > $2\necho $$ > $1\nexec sleep 1000\n").unwrap();
    check_sent_elsewhere(&cluster, &format!("sh {}", child.display()), "");
}

#[test]
fn what_was_sent_elsewhere_is_found_without_its_first_thread() {
    for when in ["", "late"] {
        let Some(cluster) = TestCluster::start_or_skip() else { return };
        let Some(child) = cluster.compile_or_skip("tests/tests/c/headless.c", &[]) else { return };
        check_sent_elsewhere(&cluster, &child.display().to_string(), when);
    }
}

/// Its program stays; what it starts goes elsewhere and has no parent any more. That is told where it says its number, the
/// file of the control group to which it goes, and when.
fn check_sent_elsewhere(cluster: &TestCluster, child: &str, when: &str) {
    let elsewhere = Leaf::new(cluster.cgroup_root().join("elsewhere"));
    elsewhere.create().unwrap();
    let (there, procs) = (cluster.fifo("there"), elsewhere.path().join("cgroup.procs"));
    let program = cluster.file("program.sh");
    // The shell in between ends, so that the child descends from nothing that is known.
    let (told, procs) = (there.display(), procs.display());
    let script = format!("sh -c '{child} {told} {procs} {when} &'\nexec sleep 1000\n");
    std::fs::write(&program, script).unwrap();
    cluster.application("g", "a", &format!("sh {}", program.display()));
    let started = || {
        let pid = std::fs::read_to_string(&there).unwrap();
        Process::open(pid.trim().parse().unwrap()).unwrap()
    };
    assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
    let first = started();
    // The host dies, and the program with it.
    let [program] = cluster.processes("a")[..] else { panic!("not one program") };
    let program = Process::open(program).unwrap();
    let host = cluster.pool_host();
    kill(&program);
    cluster.kill_host(&host);
    let second = started();
    assert!(first.has_ended().unwrap(), "the old child runs beside the new one");
    assert_eq!(elsewhere.pids().unwrap(), [second.pid()]);
    // After a graceful stop it is there until the next start.
    assert_eq!(cluster.carry_out(Verb::Offline, "a").end, Some(End::Done));
    assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
    let third = started();
    assert!(second.has_ended().unwrap());
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let forced = cluster.submit_with(Verb::Offline, "a", force, &[]);
    assert_eq!(cluster.wait_for(forced.operation.unwrap()).end, Some(End::Done));
    assert!(third.has_ended().unwrap(), "by force nothing is left");
}

/// Whenever it is looked for outside it may be inside, and the other way round.
#[test]
fn what_comes_and_goes_is_ended_before_the_next_start() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let elsewhere = Leaf::new(cluster.cgroup_root().join("elsewhere"));
    elsewhere.create().unwrap();
    let (there, child, program) =
        (cluster.fifo("there"), cluster.file("child.sh"), cluster.file("program.sh"));
    let (outside, told) = (elsewhere.path().join("cgroup.procs"), there.display());
    let script = format!(
        "trap '' TERM\necho $$ > {told}\nwhile :; do\necho $$ > {}\necho $$ > $MAINSTAY_CGROUP/cgroup.procs\ndone\n",
        outside.display()
    );
    std::fs::write(&child, script).unwrap();
    let script = format!("sh -c 'sh {} &'\nexec sleep 1000\n", child.display());
    std::fs::write(&program, script).unwrap();
    let command = format!("sh {}", program.display());
    let timeout = STOP_TIMEOUT.as_millis().to_string();
    let properties = [("CommandLine", command.as_str()), ("StopTimeout", timeout.as_str())];
    cluster.resource("g", "a", "Generic Application", &properties);
    let mut before: Option<Process> = None;
    for turn in 0..8 {
        assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
        let pid = std::fs::read_to_string(&there).unwrap();
        if let Some(before) = before.replace(Process::open(pid.trim().parse().unwrap()).unwrap()) {
            assert!(before.has_ended().unwrap(), "turn {turn}: two of it");
        }
        assert_eq!(cluster.carry_out(Verb::Offline, "a").end, Some(End::Done));
    }
}

#[test]
fn a_leaf_that_was_swept_away_is_made_again_for_a_start() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["a", "b"] {
        cluster.application("g", name, "sleep 1000");
    }
    for name in ["a", "b", "b"] {
        assert_eq!(cluster.carry_out(Verb::Online, name).end, Some(End::Done), "{name}");
        assert_eq!(cluster.carry_out(Verb::Offline, name).end, Some(End::Done), "{name}");
        let slices = std::fs::read_dir(cluster.cgroup_root()).unwrap().filter_map(Result::ok);
        let slices =
            slices.filter(|entry| layout::parse_group(&entry.file_name().to_string_lossy()).is_some());
        for slice in slices {
            Leaf::new(slice.path()).remove().unwrap();
        }
    }
    assert_eq!(cluster.carry_out(Verb::Online, "b").end, Some(End::Done));
}

/// The kernel does not show the memory of a process whose first thread has ended, and its kill of a control group does
/// not reach it.
#[test]
fn a_program_without_its_first_thread_is_stopped() {
    check_headless(None);
}

#[test]
fn a_program_without_its_first_thread_that_has_left_is_found() {
    for when in ["", "late"] {
        check_headless(Some(when));
    }
}

/// It leaves its control group while its first thread is there, or late, when that has ended; or does not.
fn check_headless(leaves: Option<&str>) {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(program) = cluster.compile_or_skip("tests/tests/c/headless.c", &[]) else { return };
    let elsewhere = Leaf::new(cluster.cgroup_root().join("elsewhere"));
    elsewhere.create().unwrap();
    let there = cluster.fifo("there");
    let mut command = format!("{} {}", program.display(), there.display());
    if let Some(when) = leaves {
        command = format!("{command} {} {when}", elsewhere.path().join("cgroup.procs").display());
    }
    let timeout = STOP_TIMEOUT.as_millis().to_string();
    let properties = [("CommandLine", command.as_str()), ("StopTimeout", timeout.as_str())];
    cluster.resource("g", "a", "Generic Application", &properties);
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    for (flags, host_dies) in [(0, false), (force, false), (force, true)] {
        assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
        let told = std::fs::read_to_string(&there).unwrap();
        let headless = Process::open(told.trim().parse().unwrap()).unwrap();
        if host_dies {
            kill(&cluster.pool_host());
        }
        let stopped = cluster.submit_with(Verb::Offline, "a", flags, &[]);
        assert_eq!(cluster.wait_for(stopped.operation.unwrap()).end, Some(End::Done), "{flags}");
        assert!(headless.has_ended().unwrap(), "{flags}: offline, and it runs");
    }
}
