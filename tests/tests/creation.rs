//! A resource that the command makes is there with all that was said of it, or not at all.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mainstay_client::{CallError, Desired, Resource};
use mainstay_tests::{TestCluster, program};
use mainstay_types::operation::Verb;

/// How long a resource may take to appear; it takes milliseconds.
const HANG: Duration = Duration::from_secs(60);

const PROPERTIES: [&str; 6] = [
    "--property",
    "CommandLine=sleep 1000",
    "--property",
    "Environment=multi:A=1,B=2",
    "--property",
    "RestartAction=0",
];

fn words<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["resource", "create", name, "--group", "g", "--type", "generic application"];
    words.extend(more);
    words
}

#[test]
fn a_kill_of_command_and_service_leaves_no_resource_half_made() {
    const ROUNDS: u32 = 12;
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.mainstay(&["group", "create", "g"]);
    for round in 0..ROUNDS {
        let name = format!("r{round}");
        let mut client = cluster.client();
        let mut command = Command::new(program("mainstay"))
            .args(words(&name, &PROPERTIES))
            .env("MAINSTAY_SOCKET", cluster.socket())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Both end at the first moment at which anybody can see the resource.
        let deadline = Instant::now() + HANG;
        let mut look = || -> Result<Resource, CallError> { client.open_object(&name, Desired::Full) };
        while look().is_err() {
            assert!(Instant::now() < deadline, "{name} was never made");
        }
        cluster.kill_service();
        command.kill().unwrap();
        command.wait().unwrap();
        cluster.start_service();
        let shown = cluster.mainstay(&["resource", "show", &name, "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let value = |section: &str, name: &str| shown["properties"][section][name]["value"].clone();
        assert_eq!(value("private", "CommandLine"), "sleep 1000", "{name}: {shown}");
        assert_eq!(value("private", "Environment"), serde_json::json!(["A=1", "B=2"]), "{name}: {shown}");
        assert_eq!(value("common", "RestartAction"), 0, "{name}: {shown}");
        cluster.carry_out(Verb::Online, &name);
    }
}

#[test]
fn what_is_said_of_a_new_resource_is_in_the_record_of_its_creation() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.mainstay(&["group", "create", "g"]);
    cluster.mainstay(&words("r", &PROPERTIES));
    let made = cluster.journal("r").into_iter().find(|record| record.verb == Verb::Create).unwrap();
    for value in ["CommandLine", "Environment", "RestartAction", "Name", "Group", "Type"] {
        let is_there = made.changes.iter().any(|change| change.value.as_deref() == Some(value));
        assert!(is_there, "{value}: {:?}", made.changes);
    }
    // Taken back, it is gone with all of it.
    cluster.mainstay(&["undo", &made.id.to_string()]);
    assert_eq!(cluster.mainstay_code(&["resource", "show", "r"]).0, 1);
}

#[test]
fn what_cannot_be_made_leaves_nothing_behind() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.mainstay(&["group", "create", "g"]);
    cluster.mainstay(&["resource", "create", "there", "--group", "g", "--type", "Generic Application"]);
    for (name, property, code, said) in [
        ("r", "StopSignal=no-such-signal", 1, "resource 'r' was not created: "),
        ("r", "RestartAction=9", 1, "property 'RestartAction' of resource 'r' cannot be 9"),
        ("r", "RestartAction=sz:x", 1, "5895 ERROR_CLUSTER_PROPERTY_DATA_TYPE_MISMATCH"),
        ("r", "RestartAction=word:1", 1, "5895 ERROR_CLUSTER_PROPERTY_DATA_TYPE_MISMATCH"),
        ("r", "RestartAction=soon", 2, "'soon' is no whole number"),
        ("r", "Type=other", 1, "5089 ERROR_"),
        ("THERE", "RestartAction=0", 1, "5010 ERROR_OBJECT_ALREADY_EXISTS; choose another name"),
    ] {
        let (found, out, error) = cluster.mainstay_code(&words(name, &["--property", property]));
        assert_eq!((found, out.as_str()), (code, ""), "{property}: {error}");
        assert!(error.contains(said), "{property}: {error}");
        let left: Vec<String> =
            cluster.glance_all().resources.iter().map(|found| found.name.to_string()).collect();
        assert_eq!(left, ["there"], "{property}");
    }
    let restart = cluster.mainstay(&["resource", "show", "there"]);
    assert!(!restart.contains("RestartAction  dword  0"), "what was there is as it was: {restart}");
}
