//! The journal answers why something is not running: also when another one was named.

use mainstay_client::SubmitObject;
use mainstay_tests::TestCluster;
use mainstay_types::operation::{OperationRecord, Verb};

/// Verb and object of each record, and what of `resource` was done in it; newest first.
fn story(records: &[OperationRecord], resource: &str) -> Vec<String> {
    let line = |record: &OperationRecord| {
        let parts = record.parts.iter().filter(|part| part.resource.is(resource));
        let parts: Vec<String> = parts.map(|part| format!(" {} {}", part.action, part.outcome)).collect();
        format!("{} {}{}", record.verb, record.name, parts.concat())
    };
    records.iter().map(line).collect()
}

#[test]
fn what_was_done_to_a_resource_is_told_whoever_was_named() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    for name in ["db", "web"] {
        cluster.application("g", name, "sleep 1000");
    }
    cluster.mainstay(&["resource", "depend", "web", "db"]);
    let before = cluster.journal("web").len();
    cluster.carry_out_on(Verb::Online, SubmitObject::Group("g"));
    cluster.carry_out(Verb::Offline, "db");
    let expected = ["offline db stop offline", "online g start online"];
    let records = cluster.journal("web");
    assert_eq!(records.len(), before + 2);
    assert_eq!(story(&records[..2], "web"), expected);
    // The operations of its members are a group's too, and a resource that was named is found by its id as well.
    assert_eq!(story(&cluster.journal("g")[..2], "web"), expected);
    let id = cluster.glance("web").id.to_string();
    assert_eq!(story(&cluster.journal(&id)[..2], "web"), expected);
    let listed = cluster.client().operations(Some("web"), Some(2)).unwrap();
    assert_eq!(story(&listed, "web"), expected);
    assert_eq!(story(&cluster.client().operations(Some("g"), Some(2)).unwrap(), "db").len(), 2);

    for command in [["journal", "web"].as_slice(), &["operation", "list", "web"]] {
        let shown = cluster.mainstay(command);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].contains("PART"), "{shown}");
        assert!(lines[1].contains("resource 'db'") && lines[1].contains("web stop: offline ("), "{shown}");
        assert!(lines[2].contains("group 'g'") && lines[2].contains("web start: online ("), "{shown}");
    }
    let json = cluster.mainstay(&["journal", "web", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["concerning"].as_array().unwrap().len(), 1);
    assert_eq!(json[0]["concerning"][0]["resource"], "web");
    assert_eq!(json[0]["parts"].as_array().unwrap().len(), 2);
    let own = json.as_array().unwrap().iter().find(|record| record["name"] == "web").unwrap();
    assert!(own["concerning"].as_array().unwrap().is_empty());

    // It is still known after the service has ended, and when the resource is gone.
    cluster.stop_service();
    cluster.start_service();
    assert_eq!(story(&cluster.journal("web")[..2], "web"), expected);
    cluster.mainstay(&["resource", "delete", "web"]);
    assert_eq!(story(&cluster.journal("web")[1..3], "web"), expected);
}
