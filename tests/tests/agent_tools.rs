//! What agents call to talk to the cluster, as they call it.

use std::process::Command;

use mainstay_tests::{TestCluster, output_of, program};
use mainstay_types::operation::{End, Verb};

use crate::events::{Follower, last_revision};

/// Runs a tool as an agent does. Answers its exit code and what it printed.
fn tool(cluster: &TestCluster, words: &[&str]) -> (i32, String) {
    let mut command = Command::new(program("mainstay-agent-tools"));
    let output = output_of(
        command.args(words).env("MAINSTAY_SOCKET", cluster.socket()).env("OCF_RESOURCE_INSTANCE", "db"),
    );
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn attributes_are_kept_for_nodes_and_the_cluster() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    let said = |text: &str| (0, text.to_owned());
    let nothing = || said("");
    let missing = || (105, String::new());
    let forever = ["crm_attribute", "-N", "node1", "-l", "forever", "--name", "last"];
    let reboot = ["crm_attribute", "-l", "reboot", "-n", "last"];
    let of_cluster = ["crm_attribute", "--type", "crm_config", "--name", "info", "-s", "some-set"];
    let score = ["crm_master", "-l", "reboot"];
    for (attribute, shown) in [
        (&forever[..], "scope=nodes  name=last value=-INFINITY\n"),
        (&reboot, "scope=status  name=last value=-INFINITY\n"),
        (&of_cluster, "scope=crm_config  name=info value=-INFINITY\n"),
        (&score, "scope=status  name=master-db value=-INFINITY\n"),
    ] {
        let asked = |words: &[&str]| tool(&cluster, &[attribute, words].concat());
        assert_eq!(asked(&["-G"]), missing());
        assert_eq!(asked(&["-v", "-INFINITY"]), nothing());
        assert_eq!(asked(&["-G"]), said(shown));
        assert_eq!(asked(&["-G", "-Q"]), said("-INFINITY\n"));
        assert_eq!(asked(&["-D"]), nothing());
        assert_eq!(asked(&["-D"]), nothing());
        assert_eq!(asked(&["-G"]), missing());
    }
    assert_eq!(tool(&cluster, &[&forever[..], &["-d", "none", "-q"]].concat()), said("none\n"));
    // The two lifetimes of a name are two attributes, and one of them is over with the boot.
    tool(&cluster, &["attrd_updater", "-n", "a", "-U", "1", "-d", "5s"]);
    tool(&cluster, &["crm_attribute", "-N", "node1", "-n", "a", "-v", "2"]);
    let query = ["attrd_updater", "-n", "a", "-Q"];
    assert_eq!(tool(&cluster, &query), said("name=\"a\" host=\"node1\" value=\"1\"\n"));
    cluster.kill_service();
    cluster.start_service();
    assert_eq!(tool(&cluster, &query), said("name=\"a\" host=\"node1\" value=\"1\"\n"));
    cluster.mainstay(&["node", "set", "node1", "reboot:a=multi:another-boot,1"]);
    assert_eq!(tool(&cluster, &query), missing());
    assert_eq!(tool(&cluster, &["crm_attribute", "-N", "node1", "-n", "a", "-q"]), said("2\n"));
    assert!(cluster.mainstay(&["node", "show", "node1"]).contains("reboot:a"));
    // What the node has set for good is configuration, the other is not.
    let exported = cluster.mainstay(&["cluster", "export"]);
    assert!(exported.contains("a = \"2\"") && !exported.contains("reboot:"), "{exported}");
    // The same value again changes nothing.
    let changes = || cluster.journal("node1").len();
    let before = changes();
    tool(&cluster, &["crm_attribute", "-N", "node1", "-n", "a", "-v", "2"]);
    assert_eq!(changes(), before);
}

#[test]
fn agents_learn_who_the_nodes_are() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for (words, expected) in [
        (&["crm_node", "-n"][..], (0, "node1\n")),
        (&["crm_node", "-i"], (0, "1\n")),
        (&["crm_node", "-l"], (0, "1 node1 member\n")),
        (&["crm_node", "-p"], (0, "node1 \n")),
        (&["crm_node", "-q"], (0, "1\n")),
        (&["crm_node", "--name-for-id=1"], (0, "node1\n")),
        (&["crm_node", "-N", "7"], (68, "")),
        (&["attrd_updater", "-n", "a", "-U", "1", "-N", "elsewhere"], (68, "")),
    ] {
        assert_eq!(tool(&cluster, words), (expected.0, expected.1.to_owned()), "{words:?}");
    }
    let mut without_service = Command::new(program("mainstay-agent-tools"));
    let output =
        output_of(without_service.args(["crm_node", "-n"]).env("MAINSTAY_SOCKET", "/no/such/socket"));
    assert_eq!(output.status.code(), Some(102));
}

/// An agent of a distribution finds the tools, and what it writes can be read.
#[test]
fn health_that_an_agent_writes_is_an_attribute_of_the_node() {
    const OCF_ROOT: &str = "/usr/lib/ocf";
    if !std::path::Path::new(OCF_ROOT).join("resource.d/pacemaker/HealthCPU").is_file() {
        return eprintln!(
            "skipped: no agent ocf:pacemaker:HealthCPU: install the Debian package pacemaker-resource-agents"
        );
    }
    let config = format!("ocf_root = {OCF_ROOT:?}\n");
    let Some(cluster) = TestCluster::start_with_config_or_skip(&config) else { return };
    let state = cluster.file("state").display().to_string();
    cluster.resource("g", "health", "ocf:pacemaker:HealthCPU", &[("state", &state)]);
    cluster.set_common("health", &[("IsAlivePollInterval", "100")]);
    let mut changes = Follower::start(&cluster, &["--after", &last_revision(&cluster)]);
    assert_eq!(cluster.carry_out(Verb::Online, "health").end, Some(End::Done));
    while changes.next()["object"] != "node" {}
    let (code, said) = tool(&cluster, &["attrd_updater", "-n", "#health-cpu", "-Q"]);
    assert_eq!(code, 0);
    let colours = ["green", "yellow", "red"];
    let line = |colour: &&str| said == format!("name=\"#health-cpu\" host=\"node1\" value=\"{colour}\"\n");
    assert!(colours.iter().any(line), "{said}");
    assert!(cluster.mainstay(&["node", "show", "node1"]).contains("reboot:#health-cpu"));
    assert_eq!(cluster.carry_out(Verb::Offline, "health").end, Some(End::Done));
}
