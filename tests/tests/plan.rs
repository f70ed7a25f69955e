//! What would happen: the plan of a call against the call itself, on real processes.

use mainstay_security::{Ace, Acl, SecurityDescriptor, Sid, default_descriptor};
use mainstay_tests::{Somebody, TestCluster, assert_same};
use mainstay_types::ResourceState;
use mainstay_types::access::{CLUSAPI_ALL_ACCESS, CLUSAPI_READ_ACCESS};
use mainstay_types::operation::{End, Verb};
use serde_json::Value;

/// The exit code and the document of `plan --json`.
fn plan(cluster: &TestCluster, words: &[&str]) -> (i32, Value) {
    let words = [&["plan"], words, &["--json"]].concat();
    let (code, out, error) = cluster.mainstay_code(&words);
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{words:?}: {out}{error}")))
}

/// Resource and action of each step.
fn steps(plan: &Value) -> Vec<(&str, &str)> {
    let steps = plan["steps"].as_array().unwrap();
    steps.iter().map(|it| (it["resource"].as_str().unwrap(), it["action"].as_str().unwrap())).collect()
}

#[test]
fn a_plan_names_order_lengths_and_states_and_does_nothing() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("shop", "db", "sleep 1000");
    cluster.application("shop", "web", "sleep 1001");
    cluster.depend("web", "db");
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));
    let processes = (cluster.processes("db"), cluster.processes("web"));
    let before = cluster.snapshot();

    let (code, first) = plan(&cluster, &["offline", "db"]);
    assert_eq!((code, &first["refused"]), (0, &Value::Bool(false)));
    assert_eq!(steps(&first), [("web", "stop"), ("db", "stop")]);
    assert_eq!(first["takes_ms"], Value::Null, "none of it was ever seen: {first}");
    assert_eq!(first["changes"][0]["to"], "Offline");
    assert_same(&before, &cluster.snapshot(), "a plan does nothing");
    assert_eq!((cluster.processes("db"), cluster.processes("web")), processes);

    let done = cluster.carry_out(Verb::Offline, "db");
    let parts: Vec<_> = done.parts.iter().map(|it| (it.resource.as_str(), it.action.as_str())).collect();
    assert_eq!(parts, steps(&first));
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));

    // Now there is a past.
    let (_, second) = plan(&cluster, &["offline", "shop"]);
    assert!(second["takes_ms"].is_u64(), "{second}");
    assert_eq!(second["steps"][0]["runs"], 1);
    let text = cluster.mainstay(&["plan", "offline", "db"]);
    assert!(text.contains("offline of resource 'db' would be accepted: 997 ERROR_IO_PENDING"), "{text}");
    assert!(text.contains("(of 1 run)"), "{text}");
    assert_eq!(cluster.state("web"), ResourceState::Online);
}

/// A plan and the call itself are refused in the same words.
#[track_caller]
fn assert_same_refusal(cluster: &TestCluster, planned: &[&str], real: &[&str]) {
    let (code, out, error) = cluster.mainstay_code(&[&["plan"], planned].concat());
    let (real_code, _, real_error) = cluster.mainstay_code(real);
    assert_eq!((code, real_code), (1, 1), "{planned:?}: {out}{error}{real_error}");
    let said = format!("{out}{error}");
    let said = said.lines().next().unwrap();
    let said = said.split_once(" would be refused: ").map_or(said, |(_, refusal)| refusal);
    assert_eq!(said.trim_start_matches("mainstay: "), real_error.trim().trim_start_matches("mainstay: "));
}

#[test]
fn a_locked_resource_is_planned_with_the_ways_out_of_the_call() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    cluster.resource("g", "d", "dummy", &[("LockWhenOnline", "1")]);
    cluster.carry_out(Verb::Online, "d");
    for (planned, real) in [
        (["offline", "d"], ["resource", "offline", "d"]),
        (["restart", "d"], ["resource", "restart", "d"]),
        (["offline", "g"], ["group", "offline", "g"]),
    ] {
        assert_same_refusal(&cluster, &planned, &real);
    }
    let restart = cluster.mainstay_code(&["plan", "restart", "d"]).1;
    assert!(restart.contains("mainstay resource offline d --ignore-locked"), "{restart}");
    assert!(!restart.contains("flag"), "a restart has none for that: {restart}");
}

#[test]
fn a_refusal_is_that_of_the_call() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("shop", "db", "sleep 1000");
    cluster.application("shop", "web", "sleep 1001");
    cluster.depend("web", "db");
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));
    // Of several that would refuse it, whoever answers first is named.
    cluster.application("solo", "one", "sleep 1002");
    assert_eq!(cluster.carry_out(Verb::Online, "one").end, Some(End::Done));
    for (planned, real) in [
        (&["delete", "db"][..], &["resource", "delete", "db"][..]),
        (&["set", "db", "RestartAction=7"], &["resource", "set", "db", "RestartAction=7"]),
        (&["set", "db", "CommandLine="], &["resource", "set", "db", "CommandLine="]),
        (&["delete", "shop"], &["group", "delete", "shop"]),
        (&["offline", "nix"], &["resource", "offline", "nix"]),
        // The type that runs is asked, also of what would stop along with it.
        (
            &["offline", "web", "--property", "Generic Application=7"],
            &["resource", "offline", "web", "--property", "Generic Application=7"],
        ),
        (
            &["offline", "solo", "--property", "Generic Application=7"],
            &["group", "offline", "solo", "--property", "Generic Application=7"],
        ),
        (&["set", "db", "Foo=1"], &["resource", "set", "db", "Foo=1"]),
        (&["set", "resource", "db", "Foo=1"], &["resource", "set", "db", "Foo=1"]),
        (&["set", "group", "shop", "Priority=9999"], &["group", "set", "shop", "Priority=9999"]),
        (&["set", "node", "node1", "NodeWeight=2"], &["node", "set", "node1", "NodeWeight=2"]),
        (&["set", "cluster", "DefaultNetworkRole=9"], &["cluster", "set", "DefaultNetworkRole=9"]),
    ] {
        assert_same_refusal(&cluster, planned, real);
    }
    let (code, refused) = plan(&cluster, &["set", "db", "Foo=1"]);
    assert_eq!((code, &refused["refused"], &refused["answer"]["number"]), (1, &true.into(), &87.into()));
    assert_eq!(refused["notes"], serde_json::json!([]), "it would be nothing at all");
    let (code, slip) = plan(&cluster, &["set", "node", "1", "MemoryCapacity=1"]);
    let note = "node 'node1' knows no property 'MemoryCapacity' (is it 'MemoryCapacityMib'?); it would be private, \
                and nothing but an agent that asks for it as an attribute reads it";
    assert_eq!((code, &slip["notes"][0]), (0, &note.into()));
    let (code, _) = plan(&cluster, &["set", "cluster", "StartsAtOncePerNode=3"]);
    assert_eq!(
        (code, cluster.mainstay(&["cluster", "show"]).contains("StartsAtOncePerNode  DWORD  3")),
        (0, false)
    );
    let (code, lost) = plan(&cluster, &["node-loss", "node1"]);
    assert_eq!((code, &lost[0]["group"], &lost[0]["lost"]), (0, &"shop".into(), &true.into()));
    cluster.mainstay(&["group", "set", "shop", "LockedFromMoving=1"]);
    for option in [None, Some("--ignore-locked")] {
        let [planned, real] = [vec!["move", "shop"], vec!["group", "move", "shop"]]
            .map(|words| words.into_iter().chain(option).collect::<Vec<_>>());
        assert_same_refusal(&cluster, &planned, &real);
    }
    cluster.mainstay(&["group", "set", "shop", "LockedFromMoving=0"]);
    let (code, moved) = plan(&cluster, &["move", "shop", "--to", "node1"]);
    assert_eq!((code, &moved["answer"]["number"]), (0, &0.into()), "it is there already: {moved}");
    assert!(moved["notes"][0].as_str().unwrap().starts_with("placement: 'shop' stays on node1"), "{moved}");
    let (code, moved) = plan(&cluster, &["move", "shop"]);
    assert_eq!((code, &moved["answer"]["number"]), (1, &5050.into()), "{moved}");
    assert!(moved["notes"][0].as_str().unwrap().contains("no other node can take it"), "{moved}");
    assert_same_refusal(&cluster, &["move", "shop"], &["group", "move", "shop"]);
    cluster.mainstay(&["group", "set", "shop", "LockedFromMoving=1"]);
    assert_same_refusal(&cluster, &["move", "shop"], &["group", "move", "shop"]);
    assert_eq!(cluster.state("web"), ResourceState::Online);
}

#[test]
fn whoever_may_look_may_ask_what_would_happen() {
    const READER: Somebody = Somebody { uid: 54_321, gid: 54_321, groups: &[] };
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    if !cluster.open_to_others_or_skip() {
        return;
    }
    cluster.application("shop", "db", "sleep 1000");
    assert_eq!(cluster.carry_out(Verb::Online, "db").end, Some(End::Done));
    // Everybody may look.
    let aces = vec![
        Ace::allow(Sid::EVERYONE, CLUSAPI_READ_ACCESS),
        Ace::allow(Sid::ADMINISTRATORS, CLUSAPI_ALL_ACCESS),
    ];
    let descriptor = SecurityDescriptor { dacl: Some(Acl::new(aces)), ..default_descriptor() };
    let descriptor: String =
        descriptor.to_bytes().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    cluster.mainstay(&["cluster", "set", &format!("Security Descriptor=sd:{descriptor}")]);
    let note = "you may only look: from you the call itself would be refused with 5 ERROR_ACCESS_DENIED";
    for (words, refused) in [
        (&["offline", "db"][..], false),
        (&["online", "shop"], false),
        (&["set", "db", "CommandLine=sleep 1"], false),
        (&["set", "db", "Foo=1"], true),
        (&["offline", "db", "--property", "Generic Application=7"], true),
        (&["delete", "db"], true),
    ] {
        let (code, plan) = READER.act(|| plan(&cluster, words));
        assert_eq!((code, &plan["refused"]), (refused.into(), &refused.into()), "{words:?}: {plan}");
        assert_eq!(plan["notes"].as_array().unwrap().last().unwrap(), note, "{words:?}: {plan}");
    }
    let (code, _, error) = READER.act(|| cluster.mainstay_code(&["resource", "offline", "db"]));
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("5 ERROR_ACCESS_DENIED"), "{error}");
    let (_, plan) = plan(&cluster, &["offline", "db"]);
    assert_eq!(plan["notes"], Value::Array(Vec::new()), "who may do it is told nothing of the kind");
}
