//! The nodes on which a resource may be, by the command.

use mainstay_tests::TestCluster;
use mainstay_types::operation::{End, Verb};

#[test]
fn a_resource_runs_where_it_is_allowed() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    for name in ["db", "web"] {
        cluster.application("g", name, "sleep 1000");
    }
    cluster.carry_out(Verb::Online, "db");
    let refused = |cluster: &TestCluster, words: &[&str]| {
        let (code, out, error) = cluster.mainstay_code(words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}: {error}");
        error
    };
    assert_eq!(
        refused(&cluster, &["resource", "allow", "db", "node1"]),
        "mainstay: node 'node1' is a possible owner of 'db' already: 5010 ERROR_OBJECT_ALREADY_EXISTS; there is nothing to \
         do\n"
    );
    assert_eq!(
        refused(&cluster, &["resource", "forbid", "db", "node1"]),
        "mainstay: resource 'db' is Online: 5023 ERROR_INVALID_STATE; it runs on the node; take it offline first\n"
    );
    cluster.carry_out(Verb::Offline, "db");
    assert_eq!(
        cluster.mainstay(&["resource", "forbid", "db", "node1"]),
        "resource 'db' may not run on node 'node1'\n"
    );
    let change = cluster.journal("db")[0].clone();
    assert_eq!((change.verb, change.end), (Verb::Owners, Some(End::Done)));
    assert!(cluster.mainstay(&["history", "db"]).contains("PossibleOwners"));
    assert!(cluster.mainstay(&["cluster", "export"]).contains("possible_owners = []"));
    let told = cluster.mainstay(&["events", "--kind", "resource-possible-owners"]);
    assert_eq!(told.lines().filter(|line| line.contains("db")).count(), 1, "{told}");
    let error = refused(&cluster, &["resource", "online", "db"]);
    let way_out = "mainstay resource allow db node1";
    assert!(error.contains("5071 ERROR_NODE_CANT_HOST_RESOURCE") && error.contains(way_out), "{error}");
    let explained = cluster.mainstay(&["explain", "db"]);
    assert!(explained.contains(way_out), "{explained}");
    // It holds over a restart, and the way out leads out.
    cluster.kill_service();
    cluster.start_service();
    refused(&cluster, &["resource", "online", "db"]);
    assert_eq!(
        cluster.mainstay(&["resource", "allow", "db", "node1"]),
        "resource 'db' may run on node 'node1'\n"
    );
    assert_eq!(cluster.carry_out(Verb::Online, "db").end, Some(End::Done));
    // Taken back it would forbid what runs; of what does not run it forbids.
    let change = cluster.journal("db").into_iter().find(|record| record.verb == Verb::Owners).unwrap();
    let undo = change.id.to_string();
    assert!(refused(&cluster, &["undo", &undo]).contains("5023"));
    cluster.carry_out(Verb::Offline, "db");
    cluster.mainstay(&["undo", &undo]);
    refused(&cluster, &["resource", "online", "db"]);
}
