//! Each rule once, as a situation and what is decided in it.

use super::{check, situation};
use crate::placement::{Objection, Step, decide, explain};

#[test]
fn what_runs_is_left_alone() {
    // Full, disliked, against a rule that came later, unevenly spread: none is a cause.
    check(
        "node a mem=100 avoided
         node b
         enforced
         group one on=a online mem=90 class=x prefers=b
         group two on=a online mem=90 class=x
         group three on=a failed
         group four on=a pending
         rule apart different-node one two",
        &[
            "'four' stays on a: it is on its way already",
            "'three' stays on a: it failed, and its resources' restart policy decides",
        ],
    );
}

#[test]
fn what_does_not_run_and_need_not() {
    check(
        "node a
         group off on=a unwanted
         group manual on=a priority=0",
        &[
            "'off' stays on a: it is to be offline",
            "'manual' stays on a: its priority is 0, so it is only started by name",
        ],
    );
}

#[test]
fn what_is_to_be_online_starts_where_it_is() {
    check(
        "node a
         node b
         group one on=b
         group two on=b prefers=a
         group three",
        &[
            "'one' starts on b: it is to be online; b owns it already",
            "'three' starts on a: nobody owns it; a has the most room",
            "'two' starts on b: it is to be online; b owns it already",
        ],
    );
    // It may return, and starting it elsewhere costs nothing.
    check(
        "node a
         node b
         group two on=b prefers=a failback",
        &["'two' moves from b to a: it is to be online; a is the most preferred owner that can take it"],
    );
    // A paused node brings online what it has, and takes nothing else.
    check(
        "node a paused
         group one on=a
         group two",
        &[
            "'one' starts on a: it is to be online; a is the only node that can take it",
            "'two' has no node: nobody owns it; a is paused",
        ],
    );
    // It is to be online, and was stopped: nothing starts it.
    check(
        "node a
         node b
         group one on=a left prefers=b failback",
        &["'one' stays on a: it is offline, and nothing starts it by itself now"],
    );
    // It cannot start where it is: it is not running, so it may as well go.
    check(
        "node a mem=10
         node b
         group one on=a mem=20",
        &["'one' moves from a to b: it is to be online; b is the only node that can take it"],
    );
    check(
        "node a mem=10
         node b
         group one on=a mem=20 locked",
        &["'one' has no node: it is to be online; a has 10 MiB of memory free, and it needs 20; \
           b is not the node that it is locked to (LockedFromMoving)"],
    );
}

#[test]
fn a_lost_node() {
    check(
        "node a down
         node b
         node c
         group one on=a online
         group two on=a online prefers=a,c
         group three on=a online locked
         group off on=a unwanted
         group manual on=a online priority=0
         group four on=b online",
        &[
            "'off' moves from a to c, offline: a is down; c has the most room",
            "'one' moves from a to c: a is down; c has the most room",
            "'three' moves from a to b: a is down; b has the lowest number of equal nodes",
            "'two' moves from a to c: a is down; c is the most preferred owner that can take it",
            "'manual' moves from a to b, offline: a is down; b has the lowest number of equal nodes",
        ],
    );
    // One that comes back would have its groups.
    check("node a joining\nnode b\ngroup one on=a online", &["'one' stays on a: its node is coming back"]);
    // On one node there is no other.
    check("node a down\ngroup one on=a online", &["'one' has no node: its node is down; a is down"]);
    check("group one", &["'one' has no node: nobody owns it; there is no node"]);
}

#[test]
fn drain_and_quarantine() {
    check(
        "node a draining
         node b
         node c quarantined
         group one on=a online
         group two on=c online
         group three on=a online locked
         group four on=a online possible=a,c
         group five on=a unwanted
         group six on=a pending",
        &[
            "'five' moves from a to b, offline: a is being drained; b is the only node that can take it",
            "'four' stays on a: no other node can take it, although its node is being drained; a is being drained; \
             b is no possible owner of all its resources; c is in quarantine",
            "'one' moves from a to b: a is being drained; b is the only node that can take it",
            "'six' stays on a: it is on its way already",
            "'three' stays on a: no other node can take it, although its node is being drained; a is being drained; \
             b is not the node that it is locked to (LockedFromMoving); c is in quarantine and is not the node that \
             it is locked to (LockedFromMoving)",
            "'two' moves from c to b: c is in quarantine; b is the only node that can take it",
        ],
    );
}

#[test]
fn what_was_asked_for() {
    check(
        "node a
         node b
         node c avoided
         node d paused
         group one on=a online leaves
         group two on=a failed fails-over
         group three on=a online to=c
         group four on=a online to=a
         group five on=a online to=d
         group six on=a failed fails-over locked",
        &[
            "'five' stays on a: no other node can take it, although somebody asked for it; \
             a is not the node that was asked for; b is not the node that was asked for; \
             c is not the node that was asked for; d is paused",
            "'four' stays on a: it is where it was asked to be",
            "'one' moves from a to b: somebody asked for it; b is not to be avoided, as the others are",
            "'six' stays on a: no other node can take it, although it failed there for good; \
             a is the node that it is to leave; b is not the node that it is locked to (LockedFromMoving); \
             c is not the node that it is locked to (LockedFromMoving); \
             d is paused and is not the node that it is locked to (LockedFromMoving)",
            "'three' moves from a to c: somebody asked for it; c was named",
            "'two' moves from a to b: it failed on a for good; b is not to be avoided, as the others are",
        ],
    );
}

#[test]
fn failback_goes_home_in_its_hours() {
    let nodes = "node a\nnode b\nnode c\n";
    let home = "'one' moves from c to a: it may return to a node that it prefers; \
                a is the most preferred owner that can take it";
    for (rest, expected) in [
        ("group one on=c online prefers=a,b failback", &[home][..]),
        ("group one on=c online prefers=a,b", &[]),
        ("group one on=c online prefers=a,b failback locked", &[]),
        ("group one on=c online failback", &[]),
        ("group one on=a online prefers=a,b failback", &[]),
        ("group one on=c online prefers=a failback=22-5\nhour 23", &[home]),
        ("group one on=c online prefers=a failback=22-5\nhour 5", &[]),
        ("group one on=c online prefers=a failback=22-5", &[]),
        // Not beside one of its class, which it would have to leave again.
        ("group one on=c online prefers=a failback class=x\ngroup two on=a online class=x", &[]),
        // The two go home together, or neither does.
        ("group one on=c online prefers=a failback\ngroup two on=c online\nrule pair same-node one two", &[]),
    ] {
        check(&format!("{nodes}{rest}"), expected);
    }
    check(
        "node a mem=10
         node b
         group one on=b online prefers=a failback mem=6
         group two on=b online prefers=a failback mem=6
         group three on=b online prefers=a failback mem=3
         rule pair same-node one three",
        &[
            "'one' moves from b to a: it may return to a node that it prefers; \
             a is the most preferred owner that can take it",
            "'three' moves from b to a: it may return to a node that it prefers; \
             a is the most preferred owner that can take it",
        ],
    );
}

#[test]
fn anti_affinity_soft_and_enforced() {
    let text = "node a
         node b
         node lost down
         group one on=a online class=web
         group two on=lost online class=WEB prefers=a
         group three on=lost online class=web prefers=a";
    check(
        text,
        &[
            "'three' moves from lost to b: lost is down; b has fewer groups of its anti-affinity classes",
            "'two' moves from lost to a: lost is down; a is the most preferred owner that can take it",
        ],
    );
    check(
        &format!("{text}\nenforced"),
        &[
            "'three' moves from lost to b: lost is down; b is the only node that can take it",
            "'two' has no node: its node is down; a has 'one' of the anti-affinity class 'WEB'; \
             b has 'three' of the anti-affinity class 'WEB'; lost is down",
        ],
    );
}

#[test]
fn affinity_rules() {
    check(
        "node a domain=r1
         node b domain=r1
         node c domain=r2
         node lost down
         group one on=c online
         group two on=lost
         rule together same-node one two",
        &["'two' moves from lost to c: lost is down; c is the only node that can take it"],
    );
    check(
        "node a domain=r1
         node b domain=r1
         node c domain=r2
         group one on=b online
         group near
         group apart
         group far
         rule r1 same-domain one near
         rule r2 different-node one apart
         rule r3 different-domain one far
         rule off different-domain one near off",
        &[
            "'apart' starts on a: nobody owns it; a has the lowest number of equal nodes",
            "'far' starts on c: nobody owns it; c is the only node that can take it",
            "'near' starts on a: nobody owns it; a has the lowest number of equal nodes",
        ],
    );
    // Both have to fit, though each would find a place alone.
    check(
        "node a mem=10
         node b mem=20
         group one mem=8
         group two mem=8
         rule together same-node one two",
        &[
            "'one' starts on b: nobody owns it; b is the only node that can take it",
            "'two' starts on b: nobody owns it; b is the only node that can take it",
        ],
    );
    // Better one alone than none.
    check(
        "node a mem=10
         group one mem=8
         group two mem=8
         rule together same-node one two",
        &[
            "'one' starts on a: nobody owns it; a is the only node that can take it",
            "'two' has no node: nobody owns it; a has 2 MiB of memory free, and it needs 8",
        ],
    );
    // What runs is not torn apart.
    check(
        "node a draining
         node b
         group one on=a online
         group two on=a online locked
         rule together same-node one two",
        &[
            "'one' stays on a: no other node can take it, although its node is being drained; a is being drained; \
             b cannot take 'two', which has to be on the same node: it is not the node that it is locked to \
             (LockedFromMoving)",
            "'two' stays on a: no other node can take it, although its node is being drained; a is being drained; \
             b is not the node that it is locked to (LockedFromMoving)",
        ],
    );
    check(
        "node a
         group one
         group two
         rule together same-node one two
         rule apart different-node one two",
        &[
            "'one' starts on a: nobody owns it; a is the only node that can take it",
            "'two' has no node: nobody owns it; a breaks the rule 'apart' because of 'one'",
        ],
    );
}

#[test]
fn capacity_and_room() {
    check(
        "node a mem=100 cpu=200
         node b mem=200 cpu=400
         group c mem=60 cpu=300
         group d mem=60
         group e mem=60
         group f mem=60 cpu=10",
        &[
            "'c' starts on b: nobody owns it; b is the only node that can take it",
            "'d' starts on a: nobody owns it; a has the most room",
            "'e' starts on b: nobody owns it; b is the only node that can take it",
            "'f' starts on b: nobody owns it; b is the only node that can take it",
        ],
    );
    check(
        "node a mem=100
         node b mem=100
         group g mem=101
         group h
         group i
         group j
         group k mem=50",
        &[
            "'g' has no node: nobody owns it; a has 100 MiB of memory free, and it needs 101; \
             b has 100 MiB of memory free, and it needs 101",
            "'h' starts on a: nobody owns it; a has the lowest number of equal nodes",
            "'i' starts on b: nobody owns it; b has the most room",
            "'j' starts on a: nobody owns it; a has the lowest number of equal nodes",
            "'k' starts on b: nobody owns it; b has the most room",
        ],
    );
    // What moves takes room at both ends until it has arrived.
    check(
        "node a mem=10
         node b mem=10
         group one on=a online mem=10 to=b
         group two on=b online mem=10 to=a",
        &[
            "'one' stays on a: no other node can take it, although somebody asked for it; a is not the node that was \
             asked for; b has 0 MiB of memory free, and it needs 10",
            "'two' stays on b: no other node can take it, although somebody asked for it; a has 0 MiB of memory \
             free, and it needs 10; b is not the node that was asked for",
        ],
    );
}

#[test]
fn preferences_among_nodes() {
    let nodes = "node a site=east\nnode b site=east\nnode c site=west\n";
    for (rest, expected) in [
        (
            "group one prefers=c,b",
            "'one' starts on c: nobody owns it; c is the most preferred owner that can take it",
        ),
        (
            "group one possible=b,c prefers=a,c",
            "'one' starts on c: nobody owns it; c is the most preferred owner that can take it",
        ),
        ("group one site=west", "'one' starts on c: nobody owns it; c is in the preferred site"),
        ("group one\nsite WEST", "'one' starts on c: nobody owns it; c is in the preferred site"),
        (
            "group one site=east default=b\nsite west",
            "'one' starts on b: nobody owns it; b is its default owner",
        ),
    ] {
        check(&format!("{nodes}{rest}"), &[expected]);
    }
}

#[test]
fn order_is_priority_then_what_others_need_then_name() {
    check(
        "node a
         group z priority=3000
         group b priority=1000
         group Y needs=b
         group x
         group w priority=1000",
        &[
            "'z' starts on a: nobody owns it; a is the only node that can take it",
            "'x' starts on a: nobody owns it; a is the only node that can take it",
            "'b' starts on a: nobody owns it; a is the only node that can take it",
            "'Y' waits, then starts on a: nobody owns it; a is the only node that can take it; \
             it waits because it needs 'b', which is not online",
            "'w' starts on a: nobody owns it; a is the only node that can take it",
        ],
    );
    // In a circle, which no configuration has, each waits for the other; nothing hangs.
    let circle = situation("node a\ngroup one needs=two\ngroup two needs=one");
    let steps = decide(&circle).decisions;
    assert!(steps.iter().all(|decision| matches!(decision.step, Step::Wait { .. })), "{steps:?}");
}

#[test]
fn limits_of_what_happens_at_once() {
    check(
        "node a
         node b
         starts-per-node 1
         group one on=a
         group two on=a
         group three on=b
         group four on=b starting",
        &[
            "'four' stays on b: it is on its way already",
            "'one' starts on a: it is to be online; a owns it already",
            "'three' waits, then starts on b: it is to be online; b owns it already; \
             it waits because 1 start on b, and no more may at once (StartsAtOncePerNode)",
            "'two' waits, then starts on a: it is to be online; a owns it already; \
             it waits because 1 start on a, and no more may at once (StartsAtOncePerNode)",
        ],
    );
    check(
        "node a
         node b
         starts-per-storage 2
         group one on=a storage=san
         group two on=b storage=SAN,nas
         group three on=a storage=san
         group four on=b storage=nas",
        &[
            "'four' starts on b: it is to be online; b owns it already",
            "'one' starts on a: it is to be online; a owns it already",
            "'three' starts on a: it is to be online; a owns it already",
            "'two' waits, then starts on b: it is to be online; b owns it already; \
             it waits because 2 start from storage 'san', and no more may at once (StartsAtOncePerStorage)",
        ],
    );
    check(
        "node a draining
         node b
         node c
         moves-per-node 2
         moves-per-storage 1
         group one on=a online storage=s
         group two on=a online storage=s
         group three on=a online
         group four on=c moving-from=b",
        &[
            "'four' stays on c: it is on its way already",
            "'one' moves from a to b: a is being drained; b has the lowest number of equal nodes",
            "'three' moves from a to c: a is being drained; c has the most room",
            "'two' waits, then moves from a to b: a is being drained; b has the lowest number of equal nodes; \
             it waits because 2 move from or to a, and no more may at once (MovesAtOncePerNode)",
        ],
    );
    check(
        "node a
         node b
         moves-per-storage 1
         group one on=a online storage=s to=b
         group two on=a online storage=t,s to=b",
        &[
            "'one' moves from a to b: somebody asked for it; b was named",
            "'two' waits, then moves from a to b: somebody asked for it; b was named; \
             it waits because 1 move with storage 's', and no more may at once (MovesAtOncePerStorage)",
        ],
    );
}

#[test]
fn every_decision_has_its_table() {
    let plan = decide(&situation(
        "node a down
         node b
         node c mem=10
         group one on=a online mem=20 possible=a,b,c",
    ));
    let decision = &plan.decisions[0];
    let [a, b, c] = &decision.table[..] else { panic!("{:?}", decision.table) };
    assert_eq!(a.objections, [Objection::Down]);
    assert!(b.chosen && b.standing.is_some() && b.objections.is_empty());
    assert_eq!(c.objections, [Objection::Memory { needed_mib: 20, free_mib: 10 }]);
    assert_eq!(
        serde_json::to_value(decision).unwrap(),
        serde_json::json!({
            "group": { "id": "00000000-0000-0000-0000-000000000001", "name": "one" },
            "step": {
                "is": "move", "cause": "node_lost", "choice": "only_one", "start": true,
                "from": { "id": 1, "name": "a" }, "to": { "id": 2, "name": "b" },
            },
            "table": [
                { "node": { "id": 1, "name": "a" }, "here": false, "chosen": false,
                  "objections": [{ "is": "down" }], "standing": null },
                { "node": { "id": 2, "name": "b" }, "here": false, "chosen": true, "objections": [],
                  "standing": { "failed_there": false, "avoided": false, "conflicts": 0, "away": false, "preference": null,
                                "off_site": false, "off_default": false, "load": 0 } },
                { "node": { "id": 3, "name": "c" }, "here": false, "chosen": false,
                  "objections": [{ "is": "memory", "needed_mib": 20, "free_mib": 10 }], "standing": null },
            ],
        })
    );
}

#[test]
fn an_explanation_has_every_node() {
    let situation = situation(
        "node a
         node b avoided
         node c paused
         node d
         enforced
         group one on=a online prefers=d,b class=x
         group two on=d online class=x",
    );
    let explained = explain(&situation, situation.groups[0].id).unwrap();
    assert_eq!(
        explained.to_string(),
        "'one' stays on a: it runs there\n  \
         a has it\n  \
         b could take it, but is to be avoided, preferred owner 2\n  \
         c is paused\n  \
         d has 'two' of the anti-affinity class 'x'"
    );
    let nobody = mainstay_types::GroupId(uuid::Uuid::nil());
    assert_eq!(explain(&situation, nobody), None);
}
