//! Order and concurrency along dependencies, told by the programs themselves and by the states that a watcher sees.
//!
//! A script tells of itself through one pipe for all, so what is read there happened in that order. A stop that has to
//! be held up waits for a line of the test; nothing here is judged by how long it took.

use std::fs;
use std::path::Path;
use std::time::Instant;

use mainstay_client::{NotifyPort, SubmitObject, Watch, Watched};
use mainstay_tests::{HANG, TestCluster, Told, assert_same};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::{OfflineFlags, ResourceState, Status};

/// Says when it is there, and when it is told to end.
fn telling(name: &str, told: &Told) -> String {
    let told = told.path().display();
    format!(
        "trap 'echo stop {name} > {told}; exit 0' TERM\necho start {name} > {told}\nwhile :; do sleep 1000 & wait; done\n"
    )
}

/// The same; when it is told to end, it waits for a line on a pipe of its own first.
fn holding(name: &str, told: &Told, go: &Path) -> String {
    let (told, go) = (told.path().display(), go.display());
    format!(
        "trap 'echo stop {name} > {told}; read line < {go}; echo end {name} > {told}; exit 0' TERM\n\
         echo start {name} > {told}\nwhile :; do sleep 1000 & wait; done\n"
    )
}

/// The changes of state of all resources, in order.
struct States(NotifyPort);

impl States {
    fn watch(cluster: &TestCluster) -> Self {
        const STATE: i64 = 4;
        let port = NotifyPort::open(cluster.socket()).unwrap();
        let object_type = mainstay_types::event::object_type::RESOURCE;
        port.watch(Watch { object: Watched::Cluster, object_type, events: STATE, key: 0 }).unwrap();
        States(port)
    }

    /// The next `count` changes.
    fn next(&self, count: usize) -> Vec<(String, ResourceState)> {
        let one = || {
            let deadline = Some(Instant::now() + HANG);
            let event = self.0.next(deadline, |event| (event.clone(), true)).unwrap();
            let state = u32::from_le_bytes(event.buffer[..4].try_into().unwrap());
            (event.name, ResourceState::from_number(state).unwrap())
        };
        (0..count).map(|_| one()).collect()
    }
}

/// Where a change stands among others.
#[track_caller]
fn place(states: &[(String, ResourceState)], name: &str, state: ResourceState) -> usize {
    let found = states.iter().position(|(of, to)| of == name && *to == state);
    found.unwrap_or_else(|| panic!("{name} has not become {state}: {states:?}"))
}

/// Providers come online before their dependents do, and before those are begun with. All of them are pending from the
/// moment when the call is accepted, so the record says when each one's turn came.
#[track_caller]
fn check_start_order(
    record: &OperationRecord,
    states: &[(String, ResourceState)],
    dependencies: &[(&str, &str)],
) {
    let part = |name: &str| {
        let found = record.parts.iter().rfind(|part| part.resource.is(name) && part.action == "start");
        found.unwrap_or_else(|| panic!("{name} was not started: {:?}", record.parts))
    };
    for (dependent, provider) in dependencies {
        assert!(
            part(provider).ended_at_ms.unwrap() <= part(dependent).began_at_ms,
            "{dependent} began before {provider} was online: {:?}",
            record.parts
        );
        assert!(
            place(states, provider, ResourceState::Online) < place(states, dependent, ResourceState::Online),
            "{states:?}"
        );
    }
}

/// c needs b, and b needs a; each tells when it begins and ends.
fn chain(cluster: &TestCluster, told: &Told) {
    for name in ["a", "b", "c"] {
        cluster.script("g", name, &telling(name, told));
    }
    cluster.depend("b", "a");
    cluster.depend("c", "b");
}

#[test]
fn a_chain_stops_from_its_end_and_starts_from_its_beginning() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let told = cluster.told("told");
    chain(&cluster, &told);
    // A new resource becomes Offline when a host has it; that is not to be among the changes below.
    for name in ["a", "b", "c"] {
        cluster.wait_for_state(name, ResourceState::Offline);
    }
    for round in 0..2 {
        let states = States::watch(&cluster);
        // The last one needs the others, so they come too.
        let online = cluster.carry_out(Verb::Online, "c");
        assert_eq!(online.end, Some(End::Done), "round {round}");
        check_start_order(&online, &states.next(6), &[("b", "a"), ("c", "b")]);
        assert_eq!(told.next_sorted(3), ["start a", "start b", "start c"]);
        // What it is called for is the first one; the others depend on it.
        assert_eq!(cluster.carry_out(Verb::Offline, "a").end, Some(End::Done));
        assert_eq!([told.next(), told.next(), told.next()], ["stop c", "stop b", "stop a"]);
        let stops = states.next(6);
        for (dependent, provider) in [("b", "a"), ("c", "b")] {
            let gone = place(&stops, dependent, ResourceState::Offline);
            assert!(gone < place(&stops, provider, ResourceState::Offline), "{stops:?}");
        }
        for name in ["a", "b", "c"] {
            assert_eq!(cluster.state(name), ResourceState::Offline);
            assert!(cluster.processes(name).is_empty());
        }
        // Dependents keep their own persistent state; that of the named one is offline.
        assert!(!cluster.glance("a").wanted);
        assert!(cluster.glance("c").wanted);
    }
}

#[test]
fn the_sides_of_a_diamond_stop_side_by_side() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let told = cluster.told("told");
    let (go_left, go_right) = (cluster.fifo("go-left"), cluster.fifo("go-right"));
    cluster.script("g", "bottom", &telling("bottom", &told));
    cluster.script("g", "left", &holding("left", &told, &go_left));
    cluster.script("g", "right", &holding("right", &told, &go_right));
    cluster.script("g", "top", &telling("top", &told));
    cluster.application("g", "bystander", "sleep 1000");
    let dependencies = [("left", "bottom"), ("right", "bottom"), ("top", "left"), ("top", "right")];
    for (dependent, provider) in dependencies {
        cluster.depend(dependent, provider);
    }
    cluster.carry_out(Verb::Online, "bystander");
    for name in ["bottom", "left", "right", "top"] {
        cluster.wait_for_state(name, ResourceState::Offline);
    }
    let states = States::watch(&cluster);
    let online = cluster.carry_out(Verb::Online, "top");
    check_start_order(&online, &states.next(8), &dependencies);
    told.next_sorted(4);

    let offline = cluster.submit(Verb::Offline, "bottom");
    assert_eq!(offline.status, Status::IO_PENDING, "{}", offline.text);
    assert_eq!(told.next(), "stop top");
    // Both sides are stopping, and neither can have ended: nobody has let them.
    assert_eq!(told.next_sorted(2), ["stop left", "stop right"]);
    for side in ["left", "right"] {
        assert_eq!(cluster.state(side), ResourceState::OfflinePending);
    }
    fs::write(&go_right, "go\n").unwrap();
    assert_eq!(told.next(), "end right");
    cluster.wait_for_state("right", ResourceState::Offline);
    // The bottom is not touched while one side still runs.
    assert_eq!(cluster.processes("bottom").len(), 2, "the shell and its sleep");
    fs::write(&go_left, "go\n").unwrap();
    assert_eq!([told.next(), told.next()], ["end left", "stop bottom"]);
    assert_eq!(cluster.wait_for(offline.operation.unwrap()).end, Some(End::Done));
    assert_eq!(told.rest(), Vec::<String>::new());
    assert_eq!(cluster.state("bystander"), ResourceState::Online);
}

#[test]
fn a_provider_alone_goes_offline_without_what_it_depends_on() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["a", "b", "c"] {
        cluster.application("g", name, "sleep 1000");
    }
    cluster.depend("b", "a");
    cluster.depend("c", "b");
    cluster.carry_out(Verb::Online, "c");
    let before = cluster.processes("a");
    cluster.carry_out(Verb::Offline, "b");
    assert_eq!(cluster.state("c"), ResourceState::Offline);
    assert_eq!(cluster.state("b"), ResourceState::Offline);
    assert_eq!(cluster.state("a"), ResourceState::Online);
    assert_eq!(cluster.processes("a"), before);
}

#[test]
fn a_locked_dependent_refuses_for_its_provider_too() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    let active = cluster.file("active");
    cluster.application("g", "provider", "sleep 1000");
    cluster.application("g", "between", "sleep 1000");
    let properties = [("ActiveFile", active.to_str().unwrap()), ("LockWhenOnline", "1")];
    cluster.resource("g", "locked", "dummy", &properties);
    cluster.depend("between", "provider");
    cluster.depend("locked", "between");
    cluster.carry_out(Verb::Online, "locked");
    assert!(cluster.glance("locked").locked.is_some());
    let before = cluster.snapshot();
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    for flags in [0, force, OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE.bits()] {
        let refused = cluster.submit_with(Verb::Offline, "provider", flags, &[]);
        assert_eq!(refused.status, Status::CLUSTER_RESOURCE_LOCKED_STATUS, "{}", refused.text);
        assert!(refused.text.contains("locked"), "it is named: {}", refused.text);
        assert_same(&before, &cluster.snapshot(), "a refused call changes nothing");
    }
    assert!(active.exists());
    let ignore = OfflineFlags::IGNORE_RESOURCE_STATUS.bits();
    let accepted = cluster.submit_with(Verb::Offline, "provider", ignore, &[]);
    assert_eq!(cluster.wait_for(accepted.operation.unwrap()).end, Some(End::Done));
    for name in ["provider", "between", "locked"] {
        assert_eq!(cluster.state(name), ResourceState::Offline);
    }
    assert!(!active.exists());
}

#[test]
fn a_restart_brings_dependents_back() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let told = cluster.told("told");
    chain(&cluster, &told);
    // A restart goes back to the persistent state, which is each resource's own.
    for name in ["a", "b", "c"] {
        cluster.carry_out(Verb::Online, name);
    }
    told.next_sorted(3);
    let before: Vec<_> = ["a", "b", "c"].map(|name| cluster.processes(name)).into();
    let states = States::watch(&cluster);
    let restart = cluster.carry_out(Verb::Restart, "a");
    assert_eq!(restart.end, Some(End::Done));
    // All are down before the first comes up: the first three lines are stops.
    assert_eq!([told.next(), told.next(), told.next()], ["stop c", "stop b", "stop a"]);
    assert_eq!(told.next_sorted(3), ["start a", "start b", "start c"]);
    check_start_order(&restart, &states.next(12), &[("b", "a"), ("c", "b")]);
    for (name, before) in ["a", "b", "c"].iter().zip(before) {
        assert_eq!(cluster.state(name), ResourceState::Online);
        assert!(cluster.glance(name).wanted, "the persistent state of {name} is as before");
        assert!(before.iter().all(|pid| !cluster.processes(name).contains(pid)), "{name} was restarted");
    }
}

#[test]
fn a_group_brings_back_what_it_took_and_not_what_was_offline_by_itself() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["a", "b", "alone"] {
        cluster.application("g", name, "sleep 1000");
    }
    cluster.depend("b", "a");
    let group = SubmitObject::Group("g");
    for name in ["a", "b", "alone"] {
        assert_eq!(cluster.carry_out(Verb::Online, name).end, Some(End::Done));
    }
    cluster.carry_out(Verb::Offline, "alone");
    assert_eq!(cluster.carry_out_on(Verb::Offline, group).end, Some(End::Done));
    for name in ["a", "b", "alone"] {
        assert_eq!(cluster.state(name), ResourceState::Offline);
        assert!(cluster.processes(name).is_empty());
    }
    let states = States::watch(&cluster);
    let online = cluster.carry_out_on(Verb::Online, group);
    assert_eq!(online.end, Some(End::Done));
    check_start_order(&online, &states.next(4), &[("b", "a")]);
    for name in ["a", "b"] {
        assert_eq!(cluster.state(name), ResourceState::Online);
        assert_eq!(cluster.processes(name).len(), 1);
    }
    assert_eq!(cluster.state("alone"), ResourceState::Offline);
    // Nor does a restart of the service.
    assert!(!cluster.glance("alone").wanted);
}
