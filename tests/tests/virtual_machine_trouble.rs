//! Virtual machines with a real guest whose disk fails, whose monitor somebody else has, or which end before their time.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Instant;

use mainstay_client::Target;
use mainstay_process::{Process, Signal};
use mainstay_tests::{HANG, TestCluster, kill, open_resource};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{ControlCode, ResourceState, Status};

use crate::virtual_machines::{begin_to_save, instructed, offline, online};

/// VM_SET_NEXT_OFFLINE_ACTION.
const SET_NEXT_OFFLINE_ACTION: ControlCode = ControlCode(0x0160_0014);

/// The monitor by which hosts ask the only machine of a cluster.
fn monitor(cluster: &TestCluster) -> PathBuf {
    let listed = fs::read_dir(cluster.run_dir()).unwrap().map(|entry| entry.unwrap().path());
    let mut sockets: Vec<PathBuf> = listed.filter(|path| path.extension() == Some("qmp".as_ref())).collect();
    assert_eq!(sockets.len(), 1, "{sockets:?}");
    sockets.remove(0)
}

#[test]
fn a_machine_whose_monitor_somebody_has_outlives_its_host() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    cluster.set_common("vm", &[("DeadlockTimeout", "4000")]);
    online(&cluster, "vm");
    guest.begins_anew();
    let running = cluster.processes_below("vm");
    // Whoever waits there gets in when the host has gone.
    let somebody = UnixStream::connect(monitor(&cluster)).unwrap();
    cluster.kill_host(&cluster.own_host("vm"));
    cluster.mainstay(&["plan", "set", "vm", "SaveBandwidth=1"]);
    assert_eq!((cluster.state("vm"), cluster.processes_below("vm")), (ResourceState::Online, running));
    guest.goes_on();
    // Nobody can have it saved, and it runs on.
    let record = cluster.carry_out(Verb::Offline, "vm");
    let Some(End::Vetoed(cause)) = record.end else { panic!("{record:?}") };
    assert!(cause.text.contains("lets nobody in within 1 s"), "{}", cause.text);
    guest.goes_on();
    drop(somebody);
    offline(&cluster, "vm");
    guest.has_ended();
    online(&cluster, "vm");
    guest.goes_on();
}

#[test]
fn a_save_that_was_left_alone_is_taken_up_when_somebody_lets_the_monitor_go() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[("SaveBandwidth", "1")]) else { return };
    cluster.set_common("vm", &[("DeadlockTimeout", "4000")]);
    online(&cluster, "vm");
    guest.begins_anew();
    let somebody = UnixStream::connect(monitor(&cluster)).unwrap();
    let operation = begin_to_save(&cluster, "vm", &cluster.states(), 1);
    cluster.kill_host(&cluster.own_host("vm"));
    let record = cluster.wait_for(operation);
    assert!(matches!(record.end, Some(End::Vetoed(_))), "{record:?}");
    assert_eq!((cluster.state("vm"), cluster.glance("vm").kept.as_str()), (ResourceState::Online, ""));
    drop(somebody);
    cluster.mainstay(&["resource", "set", "vm", "SaveBandwidth=0"]);
    offline(&cluster, "vm");
    guest.has_ended();
    online(&cluster, "vm");
    guest.goes_on();
}

#[test]
fn a_machine_that_answers_no_later_host_at_all_has_failed_in_the_end() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    cluster.stay_failed("vm");
    cluster.set_common("vm", &[("DeadlockTimeout", "1000"), ("IsAlivePollInterval", "100")]);
    online(&cluster, "vm");
    guest.begins_anew();
    let machine = Process::open(cluster.processes_below("vm")[0]).unwrap();
    let _somebody = UnixStream::connect(monitor(&cluster)).unwrap();
    cluster.kill_host(&cluster.own_host("vm"));
    cluster.wait_for_state("vm", ResourceState::Failed);
    let cause = cluster.glance("vm").cause.unwrap();
    assert!(cause.text.contains("end that connection"), "{}", cause.text);
    assert!(machine.wait_ended(Instant::now() + HANG).unwrap());
}

#[test]
fn a_state_that_does_not_reach_the_disk_is_a_veto() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(disk) = cluster.failing_disk_or_skip("bad") else { return };
    let states = disk.path().to_str().unwrap();
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[("StateDirectory", states)]) else { return };
    online(&cluster, "vm");
    guest.begins_anew();
    let record = cluster.carry_out(Verb::Offline, "vm");
    let Some(End::Vetoed(cause)) = record.end else { panic!("{record:?}") };
    assert!(cause.text.contains("the state cannot be saved"), "{}", cause.text);
    assert_eq!((cluster.state("vm"), cluster.glance("vm").kept.as_str()), (ResourceState::Online, ""));
    guest.goes_on();
    assert_eq!(instructed(&cluster, "vm", 0).end, Some(End::Done));
}

#[test]
fn a_machine_that_ends_while_it_is_saved_was_not_saved() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[("SaveBandwidth", "1")]) else { return };
    cluster.stay_failed("vm");
    online(&cluster, "vm");
    guest.begins_anew();
    let operation = begin_to_save(&cluster, "vm", &cluster.states(), 1);
    let (host, machine) = (cluster.own_host("vm"), Process::open(cluster.processes_below("vm")[0]).unwrap());
    // Its host sees nothing of that any more.
    host.signal(Signal::STOP).unwrap();
    kill(&machine);
    kill(&host);
    let record = cluster.wait_for(operation);
    let Some(End::Failed(cause)) = &record.end else { panic!("{record:?}") };
    assert!(cause.text.contains("its state was not saved"), "{}", cause.text);
    assert_eq!(cluster.glance("vm").kept, "");
}

#[test]
fn what_is_set_for_the_next_offline_holds_until_one_has_taken_the_machine_down() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let properties = [("ShutdownTimeout", "300")];
    let Some(mut guest) = cluster.deaf_guest_or_skip("g", "vm", &properties) else { return };
    let set_next = |action: &[u8]| {
        let mut client = cluster.client();
        let resource = open_resource(&mut client, "vm");
        client.control(Target::Resource(&resource), None, SET_NEXT_OFFLINE_ACTION, Some(action))
    };
    online(&cluster, "vm");
    guest.begins_anew();
    for wrong in [&9_u32.to_le_bytes()[..], &[0], &[]] {
        let refused = set_next(wrong).unwrap_err();
        assert_eq!(refused.status(), Status::INVALID_PARAMETER, "{refused}");
    }
    set_next(&2_u32.to_le_bytes()).unwrap();
    for _ in 0..2 {
        let record = cluster.carry_out(Verb::Offline, "vm");
        assert!(matches!(record.end, Some(End::Vetoed(_))), "{record:?}");
        guest.goes_on();
    }
    set_next(&0_u32.to_le_bytes()).unwrap();
    offline(&cluster, "vm");
    guest.has_ended();
    assert!(cluster.saved_states().is_empty(), "it was to be turned off");
    online(&cluster, "vm");
    guest.begins_anew();
    offline(&cluster, "vm");
    assert_eq!(cluster.saved_states().len(), 1, "it was to be saved");
}

#[test]
fn a_device_that_was_written_since_keeps_a_state_from_being_used() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(device) = cluster.device_or_skip("disk") else { return };
    let disks = format!("multi:{};format=raw", device.path().display());
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[("Disks", &disks)]) else { return };
    cluster.stay_failed("vm");
    online(&cluster, "vm");
    guest.begins_anew();
    for _ in 0..2 {
        offline(&cluster, "vm");
        guest.has_ended();
        online(&cluster, "vm");
        guest.goes_on();
    }
    offline(&cluster, "vm");
    let mut written = fs::File::options().write(true).open(device.path()).unwrap();
    written.write_all(b"somebody else's").unwrap();
    written.sync_all().unwrap();
    let record = cluster.carry_out(Verb::Online, "vm");
    let Some(End::Failed(cause)) = record.end else { panic!("{record:?}") };
    assert!(cause.text.contains("a disk of the machine was written since"), "{}", cause.text);
    assert_eq!(cluster.saved_states().len(), 1);
}

#[test]
fn a_disk_that_nobody_would_see_is_refused() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(_guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    for arguments in
        ["-drive if=virtio,file=/srv/x", "--hda /srv/x", "-device x -blockdev y", "-readconfig /srv/x"]
    {
        let set = format!("ExtraArguments={arguments}");
        let (code, _, error) = cluster.mainstay_code(&["resource", "set", "vm", &set]);
        assert_eq!(code, 1, "{error}");
        assert!(error.contains("name it in Disks"), "{error}");
    }
    cluster.mainstay(&["resource", "set", "vm", "ExtraArguments=-boot d -name sd"]);
}

#[test]
fn a_saved_state_of_a_machine_that_is_deleted_is_spoken_of() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut guest) = cluster.guest_or_skip("g", "vm", &[]) else { return };
    online(&cluster, "vm");
    guest.begins_anew();
    offline(&cluster, "vm");
    guest.has_ended();
    let [state] = cluster.saved_states().try_into().unwrap();
    let (code, output, notes) = cluster.mainstay_code(&["resource", "delete", "vm"]);
    assert_eq!(code, 0, "{output}{notes}");
    let said = format!("{output}{notes}");
    assert!(said.contains("undoing this does not bring it back"), "{said}");
    assert!(said.contains(state.to_str().unwrap()) && state.exists(), "{said}");
}
