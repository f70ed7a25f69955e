//! The type `Generic Service`: units of a real systemd.

use mainstay_tests::{Systemd, TestCluster};
use mainstay_types::ResourceState;
use mainstay_types::operation::{End, Verb};

use crate::events::{Follower, last_revision};

/// The resource that every test here has.
const NAME: &str = "service";

/// Units by name and content.
const UNITS: &[(&str, &str)] = &[
    ("steady.service", "[Service]\nExecStart=/bin/sleep 1000\n"),
    ("kept.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"),
    ("over.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
    ("broken.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 3'\n"),
    (
        "needy.service",
        "[Unit]\nRequires=broken.service\nAfter=broken.service\n[Service]\nExecStart=/bin/sleep 1000\n",
    ),
    (
        "stubborn.service",
        "[Service]\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'\nTimeoutStopSec=1\n",
    ),
    ("listener.socket", "[Socket]\nListenStream=/run/listener\n"),
    ("listener.service", "[Service]\nExecStart=/bin/sleep 1000\n"),
    ("booted.service", "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n"),
    ("many@.service", "[Service]\nExecStart=/bin/sleep 1000\n"),
];

fn start() -> Option<(TestCluster, Systemd)> {
    let systemd = Systemd::start_or_skip(UNITS)?;
    let cluster = TestCluster::start_or_skip()?;
    cluster.mainstay(&["group", "create", "g"]);
    Some((cluster, systemd))
}

fn create(cluster: &TestCluster, systemd: &Systemd, name: &str, unit: &str) -> (i32, String) {
    let (service, bus) = (format!("ServiceName={unit}"), format!("Bus={}", systemd.bus()));
    let words = ["resource", "create", name, "--group", "g", "--type", "Generic Service"];
    let words = [&words[..], &["--property", &service, "--property", &bus]].concat();
    let (code, _, error) = cluster.mainstay_code(&words);
    (code, error)
}

fn main_process(systemd: &Systemd, unit: &str) -> String {
    systemd.control(&["show", "--property=MainPID", "--value", unit])
}

#[test]
fn a_unit_is_active_while_its_resource_is_online() {
    let Some((cluster, systemd)) = start() else { return };
    for unit in ["steady", "kept.service", "listener.socket", "many@one.service", "stubborn"] {
        let name = unit.split(['.', '@']).next().unwrap();
        assert_eq!(create(&cluster, &systemd, name, unit), (0, String::new()));
        assert_eq!(systemd.control(&["is-active", unit]), "inactive");
        assert_eq!(cluster.carry_out(Verb::Online, name).end, Some(End::Done), "{unit}");
        assert_eq!(systemd.control(&["is-active", unit]), "active");
    }

    // It is systemd's: who dies here takes nothing of it along, and the next host finds it.
    let process = main_process(&systemd, "steady.service");
    cluster.kill_host(&cluster.pool_host());
    cluster.wait_for_state("steady", ResourceState::Online);
    assert_eq!(main_process(&systemd, "steady.service"), process);

    for unit in ["steady", "kept.service", "listener.socket", "many@one.service", "stubborn"] {
        let name = unit.split(['.', '@']).next().unwrap();
        assert_eq!(cluster.carry_out(Verb::Offline, name).end, Some(End::Done), "{unit}");
        let state = systemd.control(&["is-active", unit]);
        assert!(state == "inactive" || (name, state.as_str()) == ("stubborn", "failed"), "{unit} is {state}");
    }
}

#[test]
fn what_becomes_of_a_unit_without_the_cluster_is_seen() {
    let Some((cluster, systemd)) = start() else { return };
    assert_eq!(create(&cluster, &systemd, NAME, "steady"), (0, String::new()));
    cluster.set_common(NAME, &[("IsAlivePollInterval", "100"), ("LooksAlivePollInterval", "100")]);
    for (words, why) in [
        (&["kill", "--signal=KILL", "steady"][..], "steady.service is failed (signal, 9)"),
        (&["stop", "steady"], "steady.service is inactive"),
    ] {
        cluster.stay_failed(NAME);
        assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
        systemd.control(words);
        cluster.wait_for_state(NAME, ResourceState::Failed);
        let explained = cluster.mainstay(&["explain", NAME]);
        assert!(explained.contains(why), "{explained}");
    }
    // By its policy it comes back.
    assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    cluster.set_common(NAME, &[("RestartAction", "2"), ("RestartDelay", "0")]);
    let process = main_process(&systemd, "steady");
    let last = last_revision(&cluster);
    let words = ["--object", NAME, "--kind", "resource-state", "--after", &last];
    let mut states = Follower::start(&cluster, &words);
    systemd.control(&["kill", "--signal=KILL", "steady"]);
    while states.next()["value"] != "Online" {}
    assert_ne!(main_process(&systemd, "steady"), process);
}

#[test]
fn a_start_that_did_not_work_says_why() {
    let Some((cluster, systemd)) = start() else { return };
    for (unit, why) in [
        ("broken", "systemd did not start broken.service: the job has failed; it is failed (exit-code, 3)"),
        ("needy", "a unit that it needs has failed"),
        ("over", "a unit that ends by itself cannot be online, unless it has RemainAfterExit=yes"),
    ] {
        assert_eq!(create(&cluster, &systemd, unit, unit), (0, String::new()));
        cluster.stay_failed(unit);
        let Some(End::Failed(cause)) = cluster.carry_out(Verb::Online, unit).end else {
            panic!("{unit} is up")
        };
        assert!(cause.text.contains(why), "{}", cause.text);
    }
}

#[test]
fn what_cannot_be_a_resource_is_refused_when_it_is_made() {
    let Some((cluster, systemd)) = start() else { return };
    systemd.control(&["mask", "kept"]);
    for (unit, why) in [
        ("nothing", "names nothing.service, which systemd does not know"),
        ("kept", "unmask it with: systemctl unmask kept.service"),
        ("many@", "name an instance, as many@one.service"),
        ("srv.mount", "which cannot be a resource"),
        ("a b", "which is the name of no unit"),
    ] {
        let (code, error) = create(&cluster, &systemd, NAME, unit);
        assert!(code == 1 && error.contains(why), "{unit}: {code} {error}");
    }
    assert!(cluster.glance_all().resources.is_empty());

    // What systemd starts itself is taken, with a warning.
    systemd.control(&["enable", "booted"]);
    let (code, said) = create(&cluster, &systemd, NAME, "booted");
    assert!(code == 0 && said.contains("systemd starts booted.service at boot"), "{code} {said}");
    assert!(said.contains("systemctl disable booted.service"), "{said}");
}
