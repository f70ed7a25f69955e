//! The configuration as a file: exported, planned, applied, taken back.

use std::fs;

use mainstay_tests::TestCluster;
use mainstay_types::ResourceState;
use mainstay_types::operation::Verb;

fn some_cluster(cluster: &TestCluster) {
    cluster.application("shop", "disk", "sleep 1000");
    cluster.application("shop", "web", "sleep 1000");
    cluster.depend("web", "disk");
    cluster.set_common("web", &[("RestartAction", "0")]);
    cluster.mainstay(&["group", "set", "shop", "Priority=3000"]);
}

#[test]
fn a_configuration_goes_from_one_cluster_to_another() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    some_cluster(&cluster);
    let text = cluster.mainstay(&["cluster", "export"]);
    let path = cluster.file("cluster.toml");
    fs::write(&path, &text).unwrap();
    let file = path.to_str().unwrap();

    let Some(other) = TestCluster::start_or_skip() else { return };
    let plan = other.mainstay(&["cluster", "plan", file]);
    let at = |what: &str| plan.find(what).unwrap_or_else(|| panic!("{what} in {plan}"));
    assert!(at("+ create group 'shop'") < at("+ create resource 'disk'"));
    assert!(at("+ create resource 'disk'") < at("+ create resource 'web'"));
    assert!(other.glance_all().groups.is_empty(), "a plan does nothing");
    let done = other.mainstay(&["cluster", "apply", file, "--reason", "as on the first"]);
    assert!(done.contains("created resource 'web'"), "{done}");
    assert_eq!(other.mainstay(&["cluster", "export"]), text);
    assert_eq!(other.mainstay(&["cluster", "apply", file]), "", "the second time there is nothing to do");
    fs::write(&path, text.replace("([disk])", " [DISK] ")).unwrap();
    assert_eq!(other.mainstay(&["cluster", "plan", file]), "", "spelt otherwise, it says the same");
    other.carry_out(Verb::Online, "web");
    assert_eq!(other.state("disk"), ResourceState::Online);

    // What the file does not name any more goes only if that is said, and does not stop by surprise.
    let without_web = text.split("\n[resource.web]").next().unwrap();
    fs::write(&path, without_web).unwrap();
    for (flags, part) in
        [(&[][..], "refused: the file does not name it"), (&["--delete"], "take it offline first")]
    {
        let (code, plan, error) = other.mainstay_code(&[&["cluster", "plan", file], flags].concat());
        assert!(code == 1 && plan.contains(part), "{code} {plan} {error}");
        let (code, _, error) = other.mainstay_code(&[&["cluster", "apply", file], flags].concat());
        assert!(code == 1 && error.contains("nothing is applied"), "{code} {error}");
    }
    assert_eq!(other.state("web"), ResourceState::Online);
    let done = other.mainstay(&["cluster", "apply", file, "--delete", "--take-offline"]);
    assert!(done.contains("deleted resource 'web'"), "{done}");
    assert_eq!(other.state("disk"), ResourceState::Online);
    assert_eq!(other.mainstay(&["cluster", "export"]), without_web);

    // One step that is refused, and what was done before it stands.
    let text = without_web.to_owned() + "\n[resource.odd]\ntype = \"None of it\"\ngroup = \"shop\"\n";
    fs::write(&path, text.replace("Priority = 3000", "Priority = 1000")).unwrap();
    let (code, out, error) = other.mainstay_code(&["cluster", "apply", file]);
    assert_eq!(code, 4, "{out}{error}");
    assert!(out.contains("changed group 'shop'") && error.contains("None of it"), "{out}{error}");
    fs::write(&path, "format = 1\n[group.shop]\nPriority = 3\n").unwrap();
    let (code, _, error) = other.mainstay_code(&["cluster", "plan", file]);
    assert!(code == 2 && error.contains("Priority"), "{code} {error}");
}

#[test]
fn every_change_has_its_author_and_is_taken_back() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    some_cluster(&cluster);
    let before = cluster.mainstay(&["cluster", "export"]);
    cluster.mainstay(&["resource", "set", "web", "RestartAction=1", "CommandLine=sleep 2000"]);
    cluster.mainstay(&["resource", "delete", "web"]);
    // The history is on the disk.
    cluster.kill_service();
    cluster.start_service();
    let history = cluster.mainstay(&["history", "web"]);
    assert!(history.contains("RestartAction: 0 -> 1"), "{history}");
    assert!(history.contains("CommandLine: \"sleep 1000\" -> \"sleep 2000\""), "{history}");
    assert!(history.contains("root (local socket, process") || history.contains("uid "), "{history}");
    let records: serde_json::Value =
        serde_json::from_str(&cluster.mainstay(&["history", "web", "--json", "--limit", "3"])).unwrap();
    let ids: Vec<&str> =
        records.as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap()).collect();
    // Newest first: the deletion, the private property, the common one.
    for (place, id) in ids.iter().enumerate() {
        if place == 0 {
            let (code, _, error) = cluster.mainstay_code(&["undo", ids[2]]);
            assert!(code == 1 && error.contains("later change"), "{code} {error}");
        }
        let done = cluster.mainstay(&["undo", id]);
        assert!(done.contains("is undone"), "{done}");
    }
    assert_eq!(cluster.mainstay(&["cluster", "export"]), before);
    let (code, _, error) = cluster.mainstay_code(&["undo", "1-99999"]);
    assert!(code == 1 && error.contains("no operation 1-99999"), "{code} {error}");
    cluster.carry_out(Verb::Online, "web");
}
