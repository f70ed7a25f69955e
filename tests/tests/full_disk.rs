//! The disk of database and journal is full: calls are refused and change nothing, everything else goes on.

use std::process::Command;

use mainstay_tests::{TestCluster, assert_same, program};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{OperationId, ResourceState, Status};

/// More calls than the database's log has room for from the start: their records and those of the calls before them, which
/// stay as long as the journal cannot be written.
const CALLS_UNTIL_FULL: usize = 200;

/// Calls that are refused then, one as the other.
const CALLS: usize = 40;

/// Room that the database's log has already may take a few calls more. After them, none. Whoever waits for what was
/// accepted is told its end, also when the journal has no room for it. Answers what has ended.
fn until_refused(cluster: &TestCluster, name: &str) -> Vec<OperationId> {
    let mut ended = Vec::new();
    for call in 0..CALLS_UNTIL_FULL {
        let (verb, state) = match cluster.state(name) {
            ResourceState::Online => (Verb::Offline, ResourceState::Offline),
            _ => (Verb::Online, ResourceState::Online),
        };
        let submitted = cluster.submit(verb, name);
        if submitted.status == Status::SHARING_PAUSED {
            return ended;
        }
        assert_eq!(submitted.status, Status::IO_PENDING, "call {call}: {}", submitted.text);
        let record = cluster.wait_for(submitted.operation.unwrap());
        assert_eq!(record.end, Some(End::Done), "call {call}");
        assert_eq!(cluster.state(name), state);
        ended.push(record.id);
    }
    panic!("the disk is not full");
}

/// Makes a change again and again, each time another one, until there is no room for it.
fn until_change_refused(cluster: &TestCluster, change: impl Fn(usize) -> Vec<String>) {
    let refused = (0..CALLS_UNTIL_FULL).any(|number| {
        let words = change(number);
        cluster.mainstay_code(&words.iter().map(String::as_str).collect::<Vec<_>>()).0 == 1
    });
    assert!(refused, "the disk is not full");
}

#[test]
fn on_a_full_disk_calls_are_refused_and_readers_and_resources_go_on() {
    let Some(mut cluster) = TestCluster::start_on_small_disk_or_skip() else { return };
    for name in ["a", "b"] {
        cluster.application("g", name, "sleep 1000");
    }
    cluster.stay_failed("a");
    cluster.carry_out(Verb::Online, "a");
    let running = cluster.processes("a");
    cluster.fill_disk();

    let ended = until_refused(&cluster, "b");
    let kept = |id: &OperationId| cluster.journal("b").iter().any(|record| record.id == *id);
    assert!(!kept(ended.last().unwrap()), "the journal had room");
    // What is too little for that is enough for smaller changes.
    until_change_refused(&cluster, |number| {
        ["group", "create", &format!("h{number}")].map(str::to_owned).into()
    });
    until_change_refused(&cluster, |number| {
        ["resource", "set", "a", &format!("PendingTimeout={}", 2000 + number)].map(str::to_owned).into()
    });
    let before = cluster.snapshot();
    let verb = if cluster.state("b") == ResourceState::Online { Verb::Offline } else { Verb::Online };
    for _ in 0..CALLS {
        let refused = cluster.submit(verb, "b");
        assert_eq!(refused.status, Status::SHARING_PAUSED, "{}", refused.text);
        assert!(
            refused.text.contains("cluster.db") && refused.text.contains("make room"),
            "{}",
            refused.text
        );
    }
    for arguments in [&["group", "create", "h"][..], &["resource", "set", "a", "PendingTimeout=1000"]] {
        let (code, _, message) = cluster.mainstay_code(arguments);
        assert_eq!(code, 1, "{arguments:?}: {message}");
        assert!(message.contains("70 ERROR_SHARING_PAUSED"), "{message}");
    }
    assert_same(&before, &cluster.snapshot(), "what was refused changed nothing");
    // Readers are not kept waiting, of the journal neither.
    assert!(cluster.journal("a").iter().any(|record| record.verb == Verb::Online));
    cluster.mainstay(&["status"]);
    assert_eq!(cluster.processes("a"), running);

    // A process that dies is seen also now.
    let process = mainstay_process::Process::open(running[0]).unwrap();
    mainstay_tests::kill(&process);
    cluster.wait_for_state("a", ResourceState::Failed);

    cluster.make_room();
    assert_eq!(cluster.carry_out(Verb::Offline, "a").end, Some(End::Done));
    assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
    cluster.mainstay(&["group", "create", "h"]);

    // What was written is whole.
    cluster.stop_service();
    cluster.start_service();
    assert_eq!(cluster.state("a"), ResourceState::Online);
    assert!(cluster.journal("a").iter().any(|record| record.verb == Verb::Offline));
    let records = cluster.journal("b");
    for id in ended {
        let record = records.iter().find(|record| record.id == id).unwrap();
        assert_eq!(record.end, Some(End::Done), "{id}");
    }
}

#[test]
fn with_its_disk_full_a_service_ends_and_is_not_started() {
    let Some(mut cluster) = TestCluster::start_on_small_disk_or_skip() else { return };
    cluster.application("g", "a", "sleep 1000");
    cluster.carry_out(Verb::Online, "a");
    cluster.fill_disk();
    until_refused(&cluster, "a");
    let state = cluster.state("a");
    cluster.stop_service();
    // A log that was moved into the database has left room.
    cluster.fill_disk();
    let output =
        Command::new(program("mainstayd")).arg("--config").arg(cluster.write_config()).output().unwrap();
    assert!(!output.status.success(), "it has started");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("cluster.db") && message.contains("make room"), "{message}");
    cluster.make_room();
    cluster.start_service();
    assert_eq!(cluster.state("a"), state);
    let other = if state == ResourceState::Online { Verb::Offline } else { Verb::Online };
    assert_eq!(cluster.carry_out(other, "a").end, Some(End::Done));
}
