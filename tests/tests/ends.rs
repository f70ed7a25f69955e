//! What the command says at the end, against what is so.

use mainstay_tests::TestCluster;
use mainstay_types::ResourceState;

/// The command's sentence without the operation, and its exit code.
fn said(cluster: &TestCluster, words: &[&str]) -> (i32, String) {
    let (code, out, error) = cluster.mainstay_code(words);
    let text = if out.is_empty() { error } else { out };
    (code, text.split(" (operation").next().unwrap().trim_end().to_owned())
}

#[test]
fn what_the_command_says_is_so() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.mainstay(&["group", "create", "empty"]);
    cluster.application("g", "db", "sleep 1000");
    cluster.application("g", "mail", "sleep 1001");
    for (words, expected) in [
        (
            &["group", "online", "empty"][..],
            "group 'empty' has no resources, so that nothing was brought online",
        ),
        (&["resource", "restart", "db"], "resource 'db' is not online, so that nothing was restarted"),
        (&["group", "online", "g"], "group 'g' is online"),
        (&["resource", "restart", "db"], "resource 'db' was restarted"),
        (&["resource", "offline", "mail"], "resource 'mail' is offline"),
        (&["group", "online", "g"], "group 'g' is online but for what was taken offline by name: 'mail'"),
        (&["resource", "online", "mail", "--keep-persistent-state"], "resource 'mail' is online"),
        (&["group", "offline", "g"], "group 'g' is offline"),
    ] {
        assert_eq!(said(&cluster, words), (0, expected.to_owned()), "{words:?}");
    }
    // Its group is to be offline, and itself was never asked for.
    assert_eq!(cluster.state("db"), ResourceState::Offline);
    let record = &cluster.journal("empty")[0];
    assert_eq!(record.outcome, "has no resources, so that nothing was brought online");
}
