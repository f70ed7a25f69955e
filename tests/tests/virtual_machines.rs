//! Virtual machines with a real guest: its state outlives an offline, whatever dies meanwhile, and is used once.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mainstay_proplist::PropertyList;
use mainstay_tests::{Dice, HANG, TestCluster, WIDTHS, kill};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::{OfflineFlags, OperationId, ResourceState, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

/// Saves in the middle of which something dies. Each takes about a second.
const DEATHS: u64 = 50;
/// Starts in the middle of which something dies.
const DEATHS_DURING_STARTS: u64 = 20;
/// A host that dies again and again before it is healthy is given up in the end, so each machine has its share only.
const DEATHS_OF_ONE_MACHINE: u64 = 5;

pub(crate) fn online(cluster: &TestCluster, name: &str) {
    let record = cluster.carry_out(Verb::Online, name);
    assert_eq!(record.end, Some(End::Done), "{record:?}");
}

pub(crate) fn offline(cluster: &TestCluster, name: &str) {
    let record = cluster.carry_out(Verb::Offline, name);
    assert_eq!(record.end, Some(End::Done), "{record:?}");
    assert_gone(cluster, name);
}

pub(crate) fn assert_gone(cluster: &TestCluster, name: &str) {
    assert_eq!(cluster.state(name), ResourceState::Offline);
    assert!(cluster.processes_below(name).is_empty());
}

/// An offline with this instruction, to its end.
pub(crate) fn instructed(cluster: &TestCluster, name: &str, value: u32) -> OperationRecord {
    let buffer = PropertyList::new().with("Virtual Machine", value).to_bytes().unwrap();
    let accepted = cluster.submit_with(Verb::Offline, name, 0, &buffer);
    assert_eq!(accepted.status, Status::IO_PENDING, "{}", accepted.text);
    cluster.wait_for(accepted.operation.unwrap())
}

#[test]
fn a_saved_machine_goes_on_where_it_was() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    cluster.mainstay(&["resource", "online", "vm"]);
    guest.begins_anew();
    for _ in 0..3 {
        guest.goes_on();
        cluster.mainstay(&["resource", "offline", "vm", "--property", "Virtual Machine=1"]);
        assert_gone(&cluster, "vm");
        assert!(!guest.has_ended());
        let [state] = cluster.saved_states().try_into().unwrap();
        assert!(cluster.glance("vm").kept.contains(state.to_str().unwrap()), "{}", cluster.glance("vm").kept);
        cluster.mainstay(&["resource", "online", "vm"]);
        guest.goes_on();
        assert_eq!((cluster.saved_states().len(), cluster.glance("vm").kept.as_str()), (0, ""));
    }
    // Without a word it is saved too.
    offline(&cluster, "vm");
    assert_eq!(cluster.saved_states().len(), 1);
}

#[test]
fn a_program_in_c_has_a_machine_saved() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[("OfflineAction", "0")]) else { return };
    online(&cluster, "vm");
    guest.begins_anew();
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/save.c", width) else { return };
        assert_eq!(cluster.run_lines(&program, &["vm"]), ["saved"]);
        assert_gone(&cluster, "vm");
        guest.has_ended();
        online(&cluster, "vm");
        guest.goes_on();
    }
}

#[test]
fn to_shut_down_and_to_turn_off_are_different_things() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    for (value, goes_off) in [(0, false), (2, true), (3, true)] {
        online(&cluster, "vm");
        guest.begins_anew();
        assert_eq!(instructed(&cluster, "vm", value).end, Some(End::Done));
        assert_gone(&cluster, "vm");
        assert_eq!(guest.has_ended(), goes_off, "{value}");
        assert!(cluster.saved_states().is_empty() && cluster.glance("vm").kept.is_empty());
    }
    // One that does not heed its power button stays, or is turned off when it was to be forced.
    let deaf = cluster.deaf_guest_or_skip("g", "deaf", &[("ShutdownTimeout", "300")]);
    let Some(mut deaf) = deaf else { return };
    online(&cluster, "deaf");
    deaf.begins_anew();
    let record = instructed(&cluster, "deaf", 2);
    let Some(End::Vetoed(cause)) = record.end else { panic!("{record:?}") };
    assert!(cause.text.contains("has not shut down within 0.3 s"), "{}", cause.text);
    assert_eq!(cluster.state("deaf"), ResourceState::Online);
    deaf.goes_on();
    assert_eq!(instructed(&cluster, "deaf", 3).end, Some(End::Done));
    assert!(!deaf.has_ended());
}

#[test]
fn what_makes_no_sense_is_refused_while_the_machine_runs() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    online(&cluster, "vm");
    guest.begins_anew();
    let before = cluster.snapshot();
    for given in [
        PropertyList::new().with("Virtual Machine", 4_u32),
        PropertyList::new().with("Virtual Machine Configuration", 7_u32),
        PropertyList::new().with("Virtual Machine", "save"),
        PropertyList::new().with("Virtual Machine", 1_u32).with("Virtual Machine Configuration", 2_u32),
    ] {
        let refused = cluster.submit_with(Verb::Offline, "vm", 0, &given.to_bytes().unwrap());
        assert_eq!(refused.status, Status::INVALID_PARAMETER, "{given:?}: {}", refused.text);
    }
    for arguments in ["-daemonize", "-smbios type=1 --no-shutdown"] {
        let set = format!("ExtraArguments={arguments}");
        let (code, _, error) = cluster.mainstay_code(&["resource", "set", "vm", &set]);
        assert_eq!(code, 1, "{error}");
        assert!(error.contains("could not be saved or ended"), "{error}");
    }
    mainstay_tests::assert_same(&before, &cluster.snapshot(), "it was refused");
    guest.goes_on();
}

#[test]
fn a_save_without_room_is_a_veto_and_the_machine_runs_on() {
    let Some(cluster) = TestCluster::start_on_small_disk_or_skip() else { return };
    // Its disk has less room than the machine has memory.
    let small = cluster.data_dir().join("states");
    let small = small.to_str().unwrap();
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[("StateDirectory", small)]) else { return };
    online(&cluster, "vm");
    guest.begins_anew();
    let refused = cluster.submit(Verb::Offline, "vm");
    assert_eq!(refused.status, Status::CLUSTER_RESOURCE_VETOED_CALL, "{}", refused.text);
    assert!(refused.text.contains("and the machine has 8.0 MiB of memory"), "{}", refused.text);
    assert_eq!(cluster.state("vm"), ResourceState::Online);
    guest.goes_on();
    // With other instructions it goes.
    assert_eq!(instructed(&cluster, "vm", 0).end, Some(End::Done));
}

#[test]
fn a_disk_that_fills_up_during_a_save_is_a_veto_too() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(disk) = cluster.disk_or_skip("small", "10m") else { return };
    let states = disk.path().to_str().unwrap();
    let properties = [("StateDirectory", states), ("SaveBandwidth", "1")];
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &properties) else { return };
    online(&cluster, "vm");
    guest.begins_anew();
    let operation = begin_to_save(&cluster, "vm", disk.path(), 1);
    disk.fill();
    let record = cluster.wait_for(operation);
    let Some(End::Vetoed(cause)) = record.end else { panic!("{record:?}") };
    assert!(cause.text.contains("the state cannot be written to"), "{}", cause.text);
    assert_eq!((cluster.state("vm"), cluster.glance("vm").kept.as_str()), (ResourceState::Online, ""));
    guest.goes_on();
    disk.make_room();
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 0, "the half of a state is left");
    cluster.mainstay(&["resource", "set", "vm", "SaveBandwidth=0"]);
    offline(&cluster, "vm");
    guest.has_ended();
    online(&cluster, "vm");
    guest.goes_on();
}

#[test]
fn force_turns_off_what_is_just_being_saved() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[("SaveBandwidth", "1")]) else { return };
    online(&cluster, "vm");
    guest.begins_anew();
    begin_to_save(&cluster, "vm", &cluster.states(), 1);
    let forced = cluster.submit_with(Verb::Offline, "vm", OfflineFlags::FORCE_WITH_TERMINATION.bits(), &[]);
    assert_eq!(forced.status, Status::IO_PENDING, "{}", forced.text);
    assert_eq!(cluster.wait_for(forced.operation.unwrap()).end, Some(End::Done));
    assert_gone(&cluster, "vm");
    guest.has_ended();
    assert_eq!(cluster.glance("vm").kept, "");
    online(&cluster, "vm");
    guest.begins_anew();
    assert!(cluster.saved_states().is_empty(), "what is on no record is swept");
}

#[test]
fn a_machine_that_somebody_backs_up_is_locked() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let (disk, copy, monitor) = (cluster.file("disk"), cluster.file("copy"), cluster.file("monitor"));
    fs::File::create(&disk).unwrap().set_len(4 * 1024 * 1024).unwrap();
    let (drive, more) = (
        format!("multi:{};format=raw", disk.display()),
        format!("-qmp unix:{},server=on,wait=off", monitor.display()),
    );
    let properties = [("Disks", drive.as_str()), ("ExtraArguments", more.as_str())];
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &properties) else { return };
    cluster.set_common("vm", &[("LooksAlivePollInterval", "50")]);
    online(&cluster, "vm");
    guest.begins_anew();
    let mut qemu = Monitor::connect(&monitor);
    let backup = serde_json::json!({
        "device": "virtio0", "sync": "full", "target": copy, "format": "raw", "speed": 1, "job-id": "backup"
    });
    qemu.ask("drive-backup", backup);
    cluster.wait_until("vm", |glance| glance.locked.is_some());
    let refused = cluster.submit(Verb::Offline, "vm");
    assert_eq!(refused.status, Status::CLUSTER_RESOURCE_LOCKED_STATUS, "{}", refused.text);
    guest.goes_on();
    qemu.ask("block-job-cancel", serde_json::json!({ "device": "backup", "force": true }));
    cluster.wait_until("vm", |glance| glance.locked.is_none());
    offline(&cluster, "vm");
    guest.has_ended();
    online(&cluster, "vm");
    guest.goes_on();
}

#[test]
fn a_state_that_cannot_be_had_keeps_the_machine_down_until_somebody_gives_it_up() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    cluster.stay_failed("vm");
    online(&cluster, "vm");
    guest.begins_anew();
    offline(&cluster, "vm");
    guest.has_ended();
    let [state] = cluster.saved_states().try_into().unwrap();
    let elsewhere = cluster.file("elsewhere");
    fs::rename(&state, &elsewhere).unwrap();
    let record = cluster.carry_out(Verb::Online, "vm");
    let Some(End::Failed(cause)) = record.end else { panic!("{record:?}") };
    assert!(cause.text.contains("mainstay resource discard-kept vm"), "{}", cause.text);
    assert!(cluster.processes_below("vm").is_empty());
    // It can be had again.
    fs::rename(&elsewhere, &state).unwrap();
    online(&cluster, "vm");
    guest.goes_on();
    let (code, _, error) = cluster.mainstay_code(&["resource", "discard-kept", "vm"]);
    assert_eq!(code, 1, "{error}");
    offline(&cluster, "vm");
    guest.has_ended();
    fs::remove_file(&cluster.saved_states()[0]).unwrap();
    let said = cluster.mainstay(&["resource", "discard-kept", "vm"]);
    assert!(said.contains("given up"), "{said}");
    online(&cluster, "vm");
    guest.begins_anew();
}

#[test]
fn a_state_that_was_not_let_run_stays_the_valid_one() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let disk = cluster.file("disk");
    fs::File::create(&disk).unwrap().set_len(4 * 1024 * 1024).unwrap();
    let disks = format!("multi:{};format=raw", disk.display());
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[("Disks", &disks)]) else { return };
    let Some(_other) = cluster.guest_or_skip("g", "other", &[("Disks", &disks)]) else { return };
    cluster.stay_failed("vm");
    online(&cluster, "vm");
    guest.begins_anew();
    offline(&cluster, "vm");
    guest.has_ended();
    let kept = cluster.glance("vm").kept;
    // Whoever has the disk keeps the machine from going on.
    online(&cluster, "other");
    let record = cluster.carry_out(Verb::Online, "vm");
    assert!(matches!(record.end, Some(End::Failed(_))), "{record:?}");
    assert_eq!((cluster.glance("vm").kept, cluster.saved_states().len()), (kept, 1));
    instructed(&cluster, "other", 0);
    online(&cluster, "vm");
    guest.goes_on();
}

#[test]
fn a_machine_that_is_stopped_by_somebody_or_goes_has_failed() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    cluster.stay_failed("vm");
    online(&cluster, "vm");
    guest.begins_anew();
    let pid = cluster.processes_below("vm")[0];
    kill(&mainstay_process::Process::open(pid).unwrap());
    cluster.wait_for_state("vm", ResourceState::Failed);
    assert!(cluster.glance("vm").cause.unwrap().text.contains("QEMU has ended"));
}

#[test]
fn no_state_is_lost_or_used_twice_whatever_dies_during_a_save() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    let mut dice = Dice::new(0x5afe);
    for machine in 0..DEATHS / DEATHS_OF_ONE_MACHINE {
        let name = format!("vm{machine}");
        let Some(mut guest) = cluster.guest_or_skip("g", &name, &[("SaveBandwidth", "16")]) else { return };
        online(&cluster, &name);
        guest.begins_anew();
        for _ in 0..DEATHS_OF_ONE_MACHINE {
            let operation = begin_to_save(&cluster, &name, &cluster.states(), dice.roll(40));
            something_dies(&mut cluster, &name, dice.roll(3));
            let record = cluster.wait_for(operation);
            assert_eq!(record.end, Some(End::Done), "{record:?}");
            assert_gone(&cluster, &name);
            guest.has_ended();
            assert!(!cluster.glance(&name).kept.is_empty(), "its state is lost");
            online(&cluster, &name);
            guest.goes_on();
            assert!(cluster.saved_states().is_empty(), "a used state is left");
        }
        assert_eq!(instructed(&cluster, &name, 0).end, Some(End::Done));
    }
}

#[test]
fn no_state_is_lost_or_used_twice_whatever_dies_during_a_start() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    let mut dice = Dice::new(0x57a7e);
    for machine in 0..DEATHS_DURING_STARTS / DEATHS_OF_ONE_MACHINE {
        let name = format!("vm{machine}");
        let Some(mut guest) = cluster.guest_or_skip("g", &name, &[]) else { return };
        online(&cluster, &name);
        guest.begins_anew();
        for _ in 0..DEATHS_OF_ONE_MACHINE {
            offline(&cluster, &name);
            guest.has_ended();
            // Seven times something happens to its files in the run directory: twice what it is doing is written, and in
            // between there is a socket.
            let mut changes = Changes::of(&cluster.run_dir());
            let accepted = cluster.submit(Verb::Online, &name);
            assert_eq!(accepted.status, Status::IO_PENDING, "{}", accepted.text);
            changes.wait(1 + dice.roll(6));
            something_dies(&mut cluster, &name, dice.roll(3));
            // Where nothing ran yet and nobody was left to say so, the start has failed, and is tried again.
            cluster.wait_for(accepted.operation.unwrap());
            cluster.wait_for_state(&name, ResourceState::Online);
            guest.goes_on();
        }
        offline(&cluster, &name);
    }
}

/// The machine's host dies (0), the service (1), or both.
fn something_dies(cluster: &mut TestCluster, name: &str, which: u64) {
    match which {
        0 => kill(&cluster.own_host(name)),
        1 => {
            cluster.kill_service();
            cluster.start_service();
        }
        _ => {
            let host = cluster.own_host(name);
            cluster.kill_service();
            kill(&host);
            cluster.start_service();
        }
    }
}

/// Begins an offline, and waits until the state's file is there and was written to so many times, or is complete.
pub(crate) fn begin_to_save(cluster: &TestCluster, name: &str, directory: &Path, writes: u64) -> OperationId {
    fs::create_dir_all(directory).unwrap();
    let mut changes = Changes::of(directory);
    let accepted = cluster.submit(Verb::Offline, name);
    assert_eq!(accepted.status, Status::IO_PENDING, "{}", accepted.text);
    // The first two are that the file is there, and what stands before the machine's state in it.
    changes.wait_unless_closed(2 + writes);
    accepted.operation.unwrap()
}

/// What happens to the files of a directory.
struct Changes(OwnedFd);

impl Changes {
    fn of(directory: &Path) -> Self {
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
        let events =
            inotify::WatchFlags::CREATE | inotify::WatchFlags::MODIFY | inotify::WatchFlags::CLOSE_WRITE;
        inotify::add_watch(&watch, directory, events).unwrap();
        Changes(watch)
    }

    /// Waits for so many changes.
    fn wait(&mut self, count: u64) {
        self.wait_unless(count, inotify::ReadFlags::empty());
    }

    /// Waits for so many changes, or until a file that was written is closed.
    fn wait_unless_closed(&mut self, count: u64) {
        self.wait_unless(count, inotify::ReadFlags::CLOSE_WRITE);
    }

    fn wait_unless(&mut self, count: u64, last: inotify::ReadFlags) {
        let patience = Timespec { tv_sec: HANG.as_secs().try_into().unwrap(), tv_nsec: 0 };
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.0, &mut buffer);
        for _ in 0..count {
            if events.is_buffer_empty() {
                let ready = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&patience)).unwrap();
                assert_ne!(ready, 0, "nothing is written");
            }
            if events.next().unwrap().events().intersects(last) {
                return;
            }
        }
    }
}

/// A monitor of QEMU's beside the one that the host has.
struct Monitor(BufReader<UnixStream>);

impl Monitor {
    fn connect(path: &Path) -> Self {
        let mut monitor = Monitor(BufReader::new(UnixStream::connect(path).unwrap()));
        monitor.next();
        monitor.ask("qmp_capabilities", serde_json::json!({}));
        monitor
    }

    fn ask(&mut self, command: &str, arguments: serde_json::Value) {
        let line = serde_json::json!({ "execute": command, "arguments": arguments });
        writeln!(self.0.get_mut(), "{line}").unwrap();
        loop {
            let answer = self.next();
            assert!(answer.get("error").is_none(), "{command}: {answer}");
            if answer.get("return").is_some() {
                return;
            }
        }
    }

    fn next(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}
