//! A choice between providers, made and followed with the command: one suffices, the next is tried, and the dependent
//! goes down with the last.

use mainstay_tests::TestCluster;
use mainstay_types::ResourceState;

#[test]
fn one_of_two_disks_is_enough() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["disk-a", "disk-b", "ip", "web"] {
        cluster.application("g", name, "sleep 1000");
    }
    let expression = "([disk-a] or [disk-b]) and ([ip])";
    let said = cluster.mainstay(&["resource", "depend", "web", "--expression", expression]);
    assert_eq!(said, format!("resource 'web' depends on {expression}\n"));
    let shown = cluster.mainstay(&["resource", "show", "web"]);
    assert!(
        shown.lines().any(|line| line.trim_start().starts_with("depends on ") && line.ends_with(expression)),
        "{shown}"
    );
    let document: serde_json::Value =
        serde_json::from_str(&cluster.mainstay(&["--json", "resource", "show", "web"])).unwrap();
    assert_eq!(document["dependency_expression"], expression);

    // One that cannot be started leads to the other one.
    cluster.mainstay(&["resource", "set", "disk-a", "CommandLine=/nothing/there"]);
    cluster.mainstay(&["resource", "online", "web"]);
    let states = ["disk-a", "disk-b", "ip", "web"].map(|name| cluster.state(name));
    let (online, failed) = (ResourceState::Online, ResourceState::Failed);
    assert_eq!(states, [failed, online, online, online]);

    // With both there, either may go.
    cluster.mainstay(&["resource", "set", "disk-a", "CommandLine=sleep 1000"]);
    cluster.mainstay(&["resource", "online", "disk-a"]);
    let before = cluster.processes("web");
    cluster.mainstay(&["resource", "offline", "disk-b"]);
    assert_eq!((cluster.state("disk-b"), cluster.state("web")), (ResourceState::Offline, online));
    assert_eq!(cluster.processes("web"), before);

    // What is online keeps what it needs.
    let (code, _, error) = cluster.mainstay_code(&["resource", "undepend", "web", "disk-a"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("'web' is online and would need 'disk-b'") && error.contains("5019"), "{error}");

    cluster.mainstay(&["resource", "offline", "disk-a"]);
    assert_eq!(
        (cluster.state("disk-a"), cluster.state("web")),
        (ResourceState::Offline, ResourceState::Offline)
    );
    assert!(cluster.processes("web").is_empty());

    let (code, _, error) = cluster.mainstay_code(&["resource", "depend", "web", "--expression", "[ip] or"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("a name in brackets") && error.contains("87"), "{error}");
    let said = cluster.mainstay(&["resource", "depend", "web", "--expression", ""]);
    assert_eq!(said, "resource 'web' depends on nothing any more\n");
}

#[test]
fn without_what_its_type_requires_it_does_not_go_online() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    let library = cluster.file("libdemo_type.so");
    cluster.mainstay(&["type", "create", "needy dummy", "--library", library.to_str().unwrap()]);
    cluster.resource("g", "needy", "needy dummy", &[("OnlineDelayMs", "0")]);
    cluster.resource("g", "dummy", "dummy", &[("OnlineDelayMs", "0")]);
    let (code, _, error) = cluster.mainstay_code(&["resource", "online", "needy"]);
    assert_eq!(code, 4, "{error}");
    assert!(error.contains("of type 'dummy'") && error.contains("5002"), "{error}");
    assert_eq!(cluster.state("needy"), ResourceState::Failed);
    cluster.mainstay(&["resource", "depend", "needy", "dummy"]);
    cluster.mainstay(&["resource", "online", "needy"]);
    for name in ["dummy", "needy"] {
        assert_eq!(cluster.state(name), ResourceState::Online);
    }
}
