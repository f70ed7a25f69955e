//! `mainstay events`: in order, by object and kind and key, resumable, through a restart of the service.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use mainstay_tests::{TestCluster, program};
use mainstay_types::operation::Verb;
use serde_json::Value as Json;

/// `mainstay events --follow --json`, killed when dropped.
pub(crate) struct Follower {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Follower {
    pub(crate) fn start(cluster: &TestCluster, words: &[&str]) -> Self {
        let mut child = Command::new(program("mainstay"))
            .args(["events", "--follow", "--json"])
            .args(words)
            .env("MAINSTAY_SOCKET", cluster.socket())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Follower { child, lines }
    }

    pub(crate) fn next(&mut self) -> Json {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The place after everything that has been told until now.
pub(crate) fn last_revision(cluster: &TestCluster) -> String {
    list(cluster, &[]).last().unwrap()["revision"].as_str().unwrap().to_owned()
}

fn list(cluster: &TestCluster, words: &[&str]) -> Vec<Json> {
    let all = [&["events", "--json"], words].concat();
    serde_json::from_str(&cluster.mainstay(&all)).unwrap()
}

fn values(events: &[Json]) -> Vec<&str> {
    events.iter().map(|event| event["value"].as_str().unwrap()).collect()
}

#[test]
fn events_tell_every_change_in_order_and_can_be_gone_on_with() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "db", "sleep 1000");
    cluster.application("g", "web", "sleep 1000");
    cluster.carry_out(Verb::Online, "db");
    cluster.carry_out(Verb::Online, "web");
    cluster.carry_out(Verb::Offline, "db");
    let states = list(&cluster, &["--object", "DB", "--kind", "resource-state"]);
    assert_eq!(values(&states), ["Offline", "Online Pending", "Online", "Offline Pending", "Offline"]);
    let groups = list(&cluster, &["--kind", "group-state"]);
    assert_eq!(groups.last().unwrap()["value"], "Partially Online");
    let text = cluster.mainstay(&["events", "--object", "db", "--kind", "resource-state"]);
    assert!(text.contains("resource 'db'  Offline Pending"), "{text}");

    // By key: what is written to the registry, and nothing else.
    let key = format!("Resources\\{}", cluster.glance("db").id);
    let written = list(&cluster, &["--key", &key]);
    assert!(written.len() >= 3, "{written:?}");
    assert!(written.iter().all(|event| event["name"].as_str().unwrap().starts_with(&key.to_lowercase())));
    let all = list(&cluster, &[]);
    assert!(all.iter().all(|event| event["object"] != "registry"));

    // From a place on, and behind it.
    let (third, rest) = (states[2]["revision"].as_str().unwrap(), &states[2..]);
    let chosen = ["--object", "db", "--kind", "resource-state"];
    assert_eq!(list(&cluster, &[&chosen[..], &["--from", third]].concat()), rest);
    assert_eq!(list(&cluster, &[&chosen[..], &["--after", third]].concat()), rest[1..]);

    // A follower gets what is there and what comes, each once.
    let mut follower = Follower::start(&cluster, &[&chosen[..], &["--after", third]].concat());
    assert_eq!(follower.next(), rest[1]);
    assert_eq!(follower.next(), rest[2]);
    cluster.carry_out(Verb::Online, "db");
    assert_eq!(
        [follower.next(), follower.next()].map(|event| event["value"].clone()),
        ["Online Pending", "Online"]
    );

    // Another run of the service has none of the events of the one before, and says so, once.
    cluster.kill_service();
    cluster.start_service();
    let lost = list(&cluster, &["--from", third]);
    assert_eq!((lost[0]["kind"].as_str(), lost[0]["lost_from"].as_str()), (Some("events-lost"), Some(third)));
    let told = follower.next();
    assert_eq!(told["kind"], "events-lost");
    cluster.carry_out(Verb::Offline, "db");
    let mut told = follower.next();
    while told["value"] != "Offline Pending" {
        told = follower.next();
    }
    assert_eq!(follower.next()["value"], "Offline");

    // What there cannot be.
    let (run, _) = told["revision"].as_str().unwrap().split_once('.').unwrap();
    let (code, _, error) = cluster.mainstay_code(&["events", "--from", &format!("{run}.999999")]);
    assert!(code == 1 && error.contains("no event"), "{code} {error}");
    let (code, _, error) = cluster.mainstay_code(&["events", "--object", "nix"]);
    assert!(code == 1 && error.contains("nix"), "{code} {error}");
}
