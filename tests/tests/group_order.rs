//! The order in which groups start, from the command down to processes, and over the death of the service.

use mainstay_client::SubmitObject;
use mainstay_tests::TestCluster;
use mainstay_types::operation::{End, Verb};
use mainstay_types::{ResourceState, Status};

#[test]
fn a_group_waits_for_those_that_come_first_whoever_dies() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("db", "data", "sleep 1000");
    cluster.application("web", "site", "sleep 1000");
    assert_eq!(cluster.mainstay(&["group", "depend", "web", "db"]), "group 'web' starts after group 'db'\n");
    let (code, _, error) = cluster.mainstay_code(&["group", "depend", "db", "web"]);
    assert_eq!(code, 1);
    assert!(error.contains("1059 ERROR_CIRCULAR_DEPENDENCY"), "{error}");

    cluster.mainstay(&["group", "online", "web", "--no-wait"]);
    assert_eq!(cluster.state("site"), ResourceState::OnlinePending);
    assert!(cluster.mainstay(&["status"]).contains("waits for group 'db', which is Offline"));
    assert!(cluster.mainstay(&["explain", "site"]).contains("mainstay group online db"));
    assert!(cluster.processes("site").is_empty());

    // The wait is in the database as what was asked for.
    cluster.kill_service();
    cluster.start_service();
    cluster.wait_for_state("site", ResourceState::OnlinePending);
    assert!(cluster.processes("site").is_empty());
    assert_eq!(cluster.carry_out_on(Verb::Online, SubmitObject::Group("db")).end, Some(End::Done));
    cluster.wait_for_state("site", ResourceState::Online);
    assert_eq!(cluster.processes("site").len(), 1);

    // It says when a group starts, and nothing else.
    assert_eq!(cluster.carry_out_on(Verb::Offline, SubmitObject::Group("db")).end, Some(End::Done));
    assert_eq!(cluster.state("site"), ResourceState::Online);
}

#[test]
fn group_sets_are_made_used_exported_and_taken_back() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("db", "data", "sleep 1000");
    cluster.application("web", "site", "sleep 1000");
    for words in [
        &["groupset", "create", "base"][..],
        &["groupset", "create", "apps"],
        &["groupset", "set", "base", "StartupSetting=1"],
        &["groupset", "add", "base", "db"],
        &["groupset", "add", "apps", "web"],
        &["groupset", "depend", "apps", "base"],
        &["cluster", "set", "GroupDependencyTimeout=1"],
    ] {
        cluster.mainstay(words);
    }
    let list = cluster.mainstay(&["groupset", "list"]);
    assert!(list.contains("apps       no"), "{list}");
    assert!(cluster.mainstay(&["groupset", "show", "base"]).contains("StartupSetting     dword  1"));

    let ended = cluster.carry_out_on(Verb::Online, SubmitObject::Group("web")).end;
    let Some(End::Failed(cause)) = ended else { panic!("{ended:?}") };
    assert_eq!(cause.status, Status::TIMEOUT);
    assert!(cause.text.contains("group set 'base', which has 0 of its groups online"), "{}", cause.text);
    assert_eq!(cluster.state("site"), ResourceState::Offline);
    assert_eq!(cluster.carry_out_on(Verb::Online, SubmitObject::Group("db")).end, Some(End::Done));
    assert_eq!(cluster.carry_out_on(Verb::Online, SubmitObject::Group("web")).end, Some(End::Done));

    let exported = cluster.mainstay(&["cluster", "export"]);
    assert!(exported.contains("[group_set.apps]\ndepends_on = \"([base])\""), "{exported}");
    let file = cluster.file("cluster.toml");
    let changed = exported.replace("group_set = \"apps\"", "depends_on = \"([db])\"");
    std::fs::write(&file, changed).expect("a file");
    let applied = cluster.mainstay(&["cluster", "apply", file.to_str().expect("a path")]);
    assert!(applied.contains("changed group 'web'"), "{applied}");
    assert!(cluster.mainstay(&["group", "show", "web"]).contains("([db])"));
    let change = cluster.journal("web")[0].id.to_string();
    cluster.mainstay(&["undo", &change]);
    assert_eq!(cluster.mainstay(&["cluster", "export"]), exported);
}
