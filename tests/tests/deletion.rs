//! A group is deleted with its resources, by the command.

use mainstay_tests::TestCluster;
use mainstay_types::ResourceState;
use mainstay_types::operation::{End, Verb};

#[test]
fn a_group_is_deleted_with_its_resources() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["disk", "db", "web"] {
        cluster.application("g", name, "sleep 1000");
    }
    cluster.depend("db", "disk");
    cluster.depend("web", "db");
    cluster.application("h", "other", "sleep 1000");
    cluster.carry_out(Verb::Online, "web");
    cluster.carry_out(Verb::Online, "other");
    let refused = |words: &[&str]| {
        let (code, _, error) = cluster.mainstay_code(words);
        assert_eq!(code, 1, "{words:?}: {error}");
        error
    };
    let (code, plan, _) = cluster.mainstay_code(&["plan", "delete", "g"]);
    assert!(code == 1 && plan.contains("mainstay plan delete g --with-resources"), "{plan}");
    let error = refused(&["group", "delete", "g"]);
    assert!(error.contains("145 ERROR_DIR_NOT_EMPTY") && error.contains("--with-resources"), "{error}");
    // What is in the way for good is told before anything stops.
    cluster.mainstay(&["group", "depend", "h", "g"]);
    let processes = cluster.processes("web");
    let error = refused(&["group", "delete", "g", "--with-resources"]);
    assert!(error.contains("'h'") && error.contains("with: mainstay group undepend h g"), "{error}");
    let (code, plan, _) = cluster.mainstay_code(&["plan", "delete", "g", "--with-resources"]);
    assert!(code == 1 && plan.contains("would be refused: ") && plan.contains("'h'"), "{plan}");
    assert_eq!((cluster.state("web"), cluster.processes("web")), (ResourceState::Online, processes.clone()));
    cluster.mainstay(&["group", "undepend", "h", "g"]);
    let planned = cluster.mainstay(&["plan", "delete", "g", "--with-resources"]);
    let stops = ["web", "db", "disk"].map(|name| planned.find(&format!("  {name} ")).expect(name));
    assert!(stops.is_sorted() && planned.contains("web: Online -> deleted"), "{planned}");
    let (code, _, error) = cluster.mainstay_code(&["plan", "delete", "web", "--with-resources"]);
    assert!(code == 2 && error.contains("of groups"), "{code}: {error}");
    assert_eq!(cluster.processes("web"), processes);
    assert_eq!(
        cluster.mainstay(&["group", "delete", "g", "--with-resources"]),
        "group 'g' deleted, with its resources\n"
    );
    for process in processes {
        assert!(!std::path::Path::new(&format!("/proc/{process}")).exists(), "{process}");
    }
    let left = cluster.glance_all();
    assert_eq!(left.groups.len(), 1);
    assert_eq!(left.resources.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["other"]);
    let journal = cluster.journal("g");
    let ends: Vec<_> = journal.iter().map(|record| (record.verb, record.end.clone())).take(2).collect();
    assert_eq!(ends, [(Verb::Delete, Some(End::Done)), (Verb::Offline, Some(End::Done))]);
    // What is offline already goes at once.
    cluster.carry_out(Verb::Offline, "other");
    let (_, _, error) = cluster.mainstay_code(&["group", "delete", "h"]);
    assert!(error.contains("; delete it first, or take everything offline"), "{error}");
    // A resource has the name of the group.
    cluster.application("h", "h", "sleep 1000");
    let planned = cluster.mainstay(&["plan", "delete", "h", "--with-resources"]);
    assert!(
        planned.contains("delete of group 'h'") && planned.contains("other: Offline -> deleted"),
        "{planned}"
    );
    cluster.mainstay(&["group", "delete", "h", "--with-resources"]);
    assert!(cluster.glance_all().groups.is_empty());
}

#[test]
fn a_veto_leaves_the_group_as_it_was() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    let active = cluster.file("active");
    cluster.resource("g", "d", "dummy", &[("ActiveFile", active.to_str().unwrap()), ("VetoOffline", "1")]);
    cluster.carry_out(Verb::Online, "d");
    let (code, _, error) = cluster.mainstay_code(&["group", "delete", "g", "--with-resources"]);
    assert!(code == 4 && error.contains("vetoed"), "{code}: {error}");
    assert_eq!(cluster.state("d"), ResourceState::Online);
    assert!(active.exists());
}
