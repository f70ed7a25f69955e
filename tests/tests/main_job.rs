//! The call that the project exists for, from the client down to the process that stops.

use std::time::Instant;

use mainstay_process::Process;
use mainstay_tests::{TestCluster, open_resource};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{OfflineFlags, OfflineReason, ResourceState, Status};

#[test]
fn a_real_process_goes_offline_and_is_really_gone() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    // A process with a child that would outlive it; it says when both are there.
    let there = cluster.fifo("there");
    let both = format!("sh -c 'sleep 1000 & echo both > {}; exec sleep 1000'", there.display());
    cluster.application("g", "app", &both);
    assert_eq!(cluster.carry_out(Verb::Online, "app").end, Some(End::Done));
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "both\n");
    assert_eq!(cluster.state("app"), ResourceState::Online);
    let running: Vec<Process> =
        cluster.processes("app").into_iter().map(|pid| Process::open(pid).unwrap()).collect();
    assert_eq!(running.len(), 2, "the process and its child");

    let mut client = cluster.client();
    let resource = open_resource(&mut client, "app");
    let accepted =
        client.offline_resource_ex(&resource, OfflineFlags::IGNORE_RESOURCE_STATUS.bits(), &[]).unwrap();
    assert_eq!(accepted.status(), Status::IO_PENDING);
    let seen = client.resource_place(&resource).unwrap().state;
    assert_ne!(seen, ResourceState::Online.number(), "never Online after 997");
    cluster.wait_for_state("app", ResourceState::Offline);
    for process in &running {
        assert!(process.wait_ended(Instant::now()).unwrap(), "process {} still runs", process.pid());
    }

    let journal = cluster.journal("app");
    let record = journal.iter().find(|record| record.verb == Verb::Offline).unwrap();
    let record = cluster.wait_for(record.id);
    assert_eq!(record.end, Some(End::Done));
    assert_eq!(record.answer, Status::IO_PENDING);
    assert_eq!(record.reason, Some(OfflineReason::UserRequested));
    assert_eq!(record.parts.len(), 1);
}

#[test]
fn what_ran_runs_on_when_the_service_ends_and_is_found_again() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let before = cluster.processes("app");
    cluster.stop_service();
    cluster.start_service();
    cluster.wait_for_state("app", ResourceState::Online);
    cluster.kill_service();
    cluster.start_service();
    cluster.wait_for_state("app", ResourceState::Online);
    assert_eq!(cluster.processes("app"), before);
    assert_eq!(cluster.carry_out(Verb::Offline, "app").end, Some(End::Done));
    assert!(cluster.processes("app").is_empty());
}

#[test]
fn the_very_first_resources_properties_are_its_types_to_judge() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.mainstay(&["group", "create", "g"]);
    let create = ["resource", "create", "a", "--group", "g", "--type", "Generic Application", "--property"];
    let (code, _, message) = cluster.mainstay_code(&[&create[..], &["ComandLine=sleep 1000"]].concat());
    assert_eq!(code, 1, "{message}");
    assert!(message.contains("'ComandLine' is no private property"), "{message}");
    assert!(cluster.glance_all().resources.is_empty(), "what was refused is not there");
    cluster.mainstay(&[&create[..], &["CommandLine=sleep 1000"]].concat());
    // A host of its own, that is not there yet.
    cluster.mainstay(&["resource", "set", "a", "SeparateMonitor=1"]);
    let (code, _, message) = cluster.mainstay_code(&["resource", "set", "a", "CurrentDirectory=tmp"]);
    assert_eq!(code, 1, "{message}");
    // Its list of formats names what is not set too: a list of texts it is.
    cluster.mainstay(&["resource", "set", "a", "Environment=A=1"]);
    cluster.carry_out(Verb::Online, "a");
    let (code, _, note) = cluster.mainstay_code(&["resource", "set", "a", "CommandLine=sleep 2000"]);
    assert!(code == 0 && note.contains("5024"), "{note}");
    cluster.mainstay(&["resource", "restart", "a"]);
    let (code, _, note) = cluster.mainstay_code(&["resource", "set", "a", "StopTimeout=200"]);
    assert!(code == 0 && !note.contains("5024"), "{note}");
}
