//! The input buffer of an offline call: what the resource is told to do, and what is refused before anything happens.

use mainstay_client::{Cluster, Desired};
use mainstay_proplist::PropertyList;
use mainstay_tests::{TestCluster, Told, assert_same, open_resource};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{OfflineFlags, ResourceState, Status};

/// An online application that tells of every SIGTERM, and ends by it.
fn telling_application(cluster: &TestCluster) -> Told {
    let told = cluster.told("told");
    let path = told.path().display();
    let script = format!(
        "trap 'echo term > {path}; exit 0' TERM\necho there > {path}\nwhile :; do sleep 1000 & wait; done\n"
    );
    cluster.script("g", "app", &script);
    bring_online(cluster, &told);
    told
}

fn bring_online(cluster: &TestCluster, told: &Told) {
    assert_eq!(cluster.carry_out(Verb::Online, "app").end, Some(End::Done));
    assert_eq!(told.next(), "there");
}

/// A property list with one property named after the type.
fn instruction(value: u32) -> Vec<u8> {
    PropertyList::new().with("Generic Application", value).to_bytes().unwrap()
}

#[test]
fn an_application_is_told_to_stop_gracefully_or_at_once() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let told = telling_application(&cluster);
    for (buffer, told_before) in [
        (Vec::new(), ["term"].as_slice()),
        (instruction(0), &["term"]),
        (instruction(1), &[]),
        // Another type's instruction is not ours to judge; names are compared in any case.
        (PropertyList::new().with("dummy", 77_u32).to_bytes().unwrap(), &["term"]),
        (PropertyList::new().with("GENERIC application", 1_u32).to_bytes().unwrap(), &[]),
    ] {
        let accepted = cluster.submit_with(Verb::Offline, "app", 0, &buffer);
        assert_eq!(accepted.status, Status::IO_PENDING, "{buffer:02x?}: {}", accepted.text);
        assert_eq!(cluster.wait_for(accepted.operation.unwrap()).end, Some(End::Done), "{buffer:02x?}");
        assert!(cluster.processes("app").is_empty(), "{buffer:02x?}");
        assert_eq!(told.rest(), told_before, "{buffer:02x?}");
        bring_online(&cluster, &told);
    }
}

#[test]
fn dependents_get_the_buffer_too() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let told = telling_application(&cluster);
    cluster.application("g", "provider", "sleep 1000");
    cluster.carry_out(Verb::Offline, "app");
    assert_eq!(told.next(), "term");
    cluster.depend("app", "provider");
    bring_online(&cluster, &told);
    let accepted = cluster.submit_with(Verb::Offline, "provider", 0, &instruction(1));
    assert_eq!(accepted.status, Status::IO_PENDING, "{}", accepted.text);
    assert_eq!(cluster.wait_for(accepted.operation.unwrap()).end, Some(End::Done));
    assert_eq!(cluster.state("app"), ResourceState::Offline);
    assert_eq!(told.rest(), Vec::<String>::new(), "it was killed at once, as the buffer says");
}

#[test]
fn the_command_sends_instructions() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let told = telling_application(&cluster);
    let file = cluster.file("instructions");
    std::fs::write(&file, instruction(1)).unwrap();
    let file = file.to_str().unwrap();
    for (arguments, told_before) in [
        (["--property", "Generic Application=0"].as_slice(), ["term"].as_slice()),
        (&["--property", "Generic Application=1"], &[]),
        (&["--property", "generic application=dword:0x1", "--property", "other=text"], &[]),
        (&["--buffer-file", file], &[]),
    ] {
        let mut all = vec!["resource", "offline", "app"];
        all.extend_from_slice(arguments);
        cluster.mainstay(&all);
        assert_eq!(cluster.state("app"), ResourceState::Offline, "{arguments:?}");
        assert_eq!(told.rest(), told_before, "{arguments:?}");
        // The journal has them for people to read.
        let journal = cluster.journal("app");
        let record = journal.iter().find(|record| record.verb == Verb::Offline).unwrap();
        let shown = record.instructions.to_lowercase();
        assert!(shown.contains("generic application"), "{arguments:?}: {shown}");
        bring_online(&cluster, &told);
    }
}

#[test]
fn the_command_refuses_what_makes_no_sense() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let told = telling_application(&cluster);
    let garbage = cluster.file("garbage");
    std::fs::write(&garbage, [1, 0, 0, 0, 3, 0, 4, 0, 0xFF, 0xFF, 0xFF, 0xFF]).unwrap();
    let garbage = garbage.to_str().unwrap();
    let missing = cluster.file("missing");
    let missing = missing.to_str().unwrap();
    let before = cluster.snapshot();
    for (arguments, code, says) in [
        (["--property", "Generic Application=2"].as_slice(), 1, "87 ERROR_INVALID_PARAMETER"),
        (&["--property", "Generic Application=word"], 1, "87 ERROR_INVALID_PARAMETER"),
        (&["--property", "Generic Application=binary:01000000"], 1, "87 ERROR_INVALID_PARAMETER"),
        (&["--buffer-file", garbage], 1, "87 ERROR_INVALID_PARAMETER"),
        // Wrong usage: nothing is asked of the service.
        (&["--buffer-file", missing], 2, "missing"),
        (&["--property", "no value"], 2, "no value"),
        (&["--property", "n=dword:many"], 2, "many"),
        (&["--property", "n=1", "--buffer-file", garbage], 2, "--buffer-file"),
    ] {
        let mut all = vec!["resource", "offline", "app"];
        all.extend_from_slice(arguments);
        let (ended, out, error) = cluster.mainstay_code(&all);
        assert_eq!(ended, code, "{arguments:?}: {out}{error}");
        assert!(error.contains(says), "{arguments:?}: {error}");
        assert_same(&before, &cluster.snapshot(), &format!("{arguments:?}"));
    }
    cluster.carry_out(Verb::Offline, "app");
    assert_eq!(told.rest(), ["term"], "no refused call has reached it");
}

/// I3: a refused call changes nothing but the journal.
#[test]
fn refused_calls_change_nothing() {
    /// The largest buffer that an operation's record holds.
    const BUFFER_MAX: usize = 256 * 1024;
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.application("g", "below", "sleep 1000");
    cluster.depend("app", "below");
    cluster.resource("g", "locked", "dummy", &[("LockWhenOnline", "1")]);
    cluster.resource("g", "refuses", "dummy", &[]);
    cluster.depend("refuses", "below");
    for name in ["below", "app", "locked", "refuses"] {
        assert_eq!(cluster.carry_out(Verb::Online, name).end, Some(End::Done));
    }
    let mut client = cluster.client();
    let mut reader = Cluster::open_local(Some(&cluster.socket()), Desired::Mask(0x8000_0000)).unwrap();
    let app = open_resource(&mut client, "app");
    let to_dummy = PropertyList::new().with("dummy", 77_u32).to_bytes().unwrap();
    let large = PropertyList::new().with("any", vec![0_u8; BUFFER_MAX]).to_bytes().unwrap();
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let ignore = OfflineFlags::IGNORE_RESOURCE_STATUS.bits();
    let before = cluster.snapshot();
    let pids = |name| cluster.processes(name);
    let running = [pids("app"), pids("below")];
    for (resource, flags, buffer, status) in [
        ("app", 0, instruction(2), Status::INVALID_PARAMETER),
        ("app", ignore, instruction(u32::MAX), Status::INVALID_PARAMETER),
        ("app", 0x80, Vec::new(), Status::INVALID_PARAMETER),
        ("app", 0x8000_0000 | force, Vec::new(), Status::INVALID_PARAMETER),
        // Two reasons at once.
        ("app", 0x18, Vec::new(), Status::INVALID_PARAMETER),
        ("app", 0, large.clone(), Status::INVALID_PARAMETER),
        ("app", force, large, Status::INVALID_PARAMETER),
        ("locked", 0, Vec::new(), Status::CLUSTER_RESOURCE_LOCKED_STATUS),
        ("locked", force, Vec::new(), Status::CLUSTER_RESOURCE_LOCKED_STATUS),
        // One of the dependents says no to what the buffer says; the others would have done it.
        ("below", 0, to_dummy.clone(), Status::INVALID_PARAMETER),
        ("below", 0, instruction(9), Status::INVALID_PARAMETER),
        ("refuses", 0, to_dummy, Status::INVALID_PARAMETER),
    ] {
        let refused = cluster.submit_with(Verb::Offline, resource, flags, &buffer);
        assert_eq!(refused.status, status, "{resource} {flags:#x}: {}", refused.text);
        let why = format!("offline of {resource} with flags {flags:#x} and {} bytes", buffer.len());
        assert_same(&before, &cluster.snapshot(), &why);
        assert_eq!([pids("app"), pids("below")], running, "{why}");
        // The plain operation answers the same.
        let object = open_resource(&mut client, resource);
        let outcome = client.offline_resource_ex(&object, flags, &buffer);
        let answer = outcome.map_or_else(|error| error.status(), |accepted| accepted.status());
        assert_eq!(answer, status, "{why}");
        assert_same(&before, &cluster.snapshot(), &why);
    }
    // Without full access nothing else is even looked at.
    let read_only = reader.open_object(app.id(), Desired::Mask(0x8000_0000)).unwrap();
    for flags in [0, force, 0x80] {
        let outcome = reader.offline_resource_ex(&read_only, flags, &instruction(1));
        assert_eq!(outcome.unwrap_err().status(), Status::ACCESS_DENIED);
    }
    assert_same(&before, &cluster.snapshot(), "without full access");
    assert_eq!([pids("app"), pids("below")], running);
}

#[test]
fn keeping_the_persistent_state_keeps_it_and_a_restarted_service_follows_it() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    for name in ["kept", "written"] {
        cluster.application("g", name, "sleep 1000");
        cluster.carry_out(Verb::Online, name);
    }
    let keep = OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE.bits();
    for (name, flags) in [("kept", keep), ("written", 0)] {
        let accepted = cluster.submit_with(Verb::Offline, name, flags, &[]);
        assert_eq!(cluster.wait_for(accepted.operation.unwrap()).end, Some(End::Done));
        assert_eq!(cluster.glance(name).wanted, flags == keep);
    }
    cluster.kill_service();
    cluster.start_service();
    cluster.wait_for_state("kept", ResourceState::Online);
    assert_eq!(cluster.state("written"), ResourceState::Offline);
}
