//! A group that is to be on another node, where there is none.

use mainstay_tests::TestCluster;
use mainstay_types::ResourceState;
use mainstay_types::operation::{End, Verb};

#[test]
fn with_one_node_a_group_stays_and_the_plan_says_so_too() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "db", "sleep 1000");
    cluster.carry_out(Verb::Online, "db");
    let processes = cluster.processes("db");
    assert_eq!(cluster.mainstay(&["group", "move", "g", "--to", "NODE1"]), "group 'g' is on node 'node1'\n");
    let there = cluster.mainstay(&["plan", "move", "g", "--to", "1"]);
    assert!(there.starts_with("move of group 'g' would be accepted: 0 ERROR_SUCCESS\n"), "{there}");
    assert!(there.contains("it is where it was asked to be"), "{there}");
    let refused = |words: &[&str], expected: &str| {
        let (code, _, error) = cluster.mainstay_code(words);
        assert_eq!((code, error.as_str()), (1, expected), "{words:?}");
    };
    refused(
        &["group", "move", "g"],
        "mainstay: group 'g' stays on node 'node1': there is no other node: 5050 ERROR_CLUSTER_NODE_DOWN\n",
    );
    let nobody = "mainstay: there is no node 'node2': 5042 ERROR_CLUSTER_NODE_NOT_FOUND; 'mainstay node list' shows \
                  those there are\n";
    refused(&["group", "move", "g", "--to", "node2"], nobody);
    refused(&["plan", "move", "g", "--to", "node2"], nobody);
    cluster.mainstay(&["group", "set", "g", "LockedFromMoving=1"]);
    refused(
        &["group", "move", "g"],
        "mainstay: group 'g' stays on node 'node1': it is locked to its node (LockedFromMoving): 5960 \
         ERROR_CLUSTER_RESOURCE_LOCKED_STATUS; end that with: mainstay group set g LockedFromMoving=0\n",
    );
    // Refusals are in the journal; what had nothing to do is not.
    let journal = cluster.journal("g");
    let moves: Vec<_> = journal.iter().filter(|record| record.verb == Verb::Move).collect();
    assert_eq!(moves.len(), 2, "{moves:?}");
    assert!(moves.iter().all(|record| matches!(record.end, Some(End::Refused(_)))));
    assert_eq!((cluster.state("db"), cluster.processes("db")), (ResourceState::Online, processes));
}
