//! Why is this not running? The command says it from the journal, also after crash and restart of the service.

use mainstay_tests::TestCluster;
use mainstay_types::ResourceState;
use mainstay_types::operation::{End, Verb};

/// The document of `explain --json`.
fn explain(cluster: &TestCluster, object: &str) -> serde_json::Value {
    serde_json::from_str(&cluster.mainstay(&["explain", object, "--json"])).unwrap()
}

/// Rules and texts, from the reason to its last cause.
fn chain(document: &serde_json::Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut reason = &document["reason"];
    while reason.is_object() {
        let word = |name: &str| reason[name].as_str().unwrap().to_owned();
        found.push((word("rule"), word("text")));
        reason = &reason["because"];
    }
    found
}

fn rules(document: &serde_json::Value) -> Vec<String> {
    chain(document).into_iter().map(|(rule, _)| rule).collect()
}

#[test]
fn who_took_what_offline_and_why_outlives_the_service() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("shop", "db", "sleep 1000");
    cluster.application("shop", "web", "sleep 1001");
    cluster.depend("web", "db");
    assert_eq!(rules(&explain(&cluster, "web")), ["never-asked"]);
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));
    assert_eq!(
        chain(&explain(&cluster, "db")),
        [("related-asked".into(), "root brought 'web' online, which needs it".into())]
    );
    cluster.mainstay(&["resource", "offline", "db", "--reason", "new disk"]);
    for restarted in [false, true] {
        if restarted {
            cluster.kill_service();
            cluster.start_service();
        }
        let expected = [
            ("needs-other".to_owned(), "it is to be online, but it needs 'db', which is Offline".to_owned()),
            ("asked".to_owned(), "'db': root took it offline: \"new disk\"".to_owned()),
        ];
        assert_eq!(chain(&explain(&cluster, "web")), expected, "restarted: {restarted}");
        let text = cluster.mainstay(&["explain", "WEB"]);
        assert!(text.contains("mainstay resource online web"), "{text}");
        assert_eq!(rules(&explain(&cluster, "shop"))[0], "members");
    }
    // What it names as the way out is one.
    let way = explain(&cluster, "web")["ways_out"][0]["command"].as_str().unwrap().to_owned();
    let words: Vec<&str> = way.split(' ').skip(1).collect();
    cluster.mainstay(&words);
    assert_eq!(cluster.state("web"), ResourceState::Online);
    let shop = explain(&cluster, "shop");
    assert_eq!((&shop["kind"], &shop["state"]), (&"group".into(), &"Online".into()));
    assert!(shop["placement"][0].as_str().unwrap().contains("stays on node1"), "{shop}");
}

#[test]
fn what_failed_is_told_with_its_chain_and_its_plan() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("shop", "db", "/nowhere/db");
    cluster.application("shop", "web", "sleep 1001");
    cluster.depend("web", "db");
    cluster.set_common("db", &[("RestartThreshold", "0")]);
    assert!(matches!(cluster.carry_out(Verb::Online, "web").end, Some(End::Failed(_))));
    assert_eq!(rules(&explain(&cluster, "web")), ["provider-failed", "failure"]);
    let db = explain(&cluster, "db");
    assert_eq!(db["notes"][0]["rule"], "given-up", "{db}");
    assert!(db["notes"][0]["until"].is_string(), "{db}");
    let (code, _, error) = cluster.mainstay_code(&["explain", "nix"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("5007 ERROR_RESOURCE_NOT_FOUND"), "{error}");
}

#[test]
fn what_nobody_spoke_of_has_not_failed_because_the_service_was_started_again() {
    let Some(mut cluster) = TestCluster::with_demo_type_or_skip() else { return };
    cluster.application("shop", "before", "sleep 1000");
    cluster.resource("shop", "library", "dummy", &[]);
    cluster.kill_service();
    cluster.start_service();
    cluster.application("shop", "after", "sleep 1000");
    for restarted in [false, true] {
        if restarted {
            cluster.kill_service();
            cluster.start_service();
        }
        for name in ["before", "library", "after"] {
            cluster.wait_for_state(name, ResourceState::Offline);
            assert_eq!(rules(&explain(&cluster, name)), ["never-asked"], "{name}, restarted: {restarted}");
        }
    }
}

/// An operation that began under one service and ends under the next tells all of its parts, and explains what it did.
#[test]
fn what_outlived_the_service_is_told_whole() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    let (told, go) = (cluster.told("told"), cluster.fifo("go"));
    let script = format!(
        "trap 'echo stop > {told}; read line < {go}; exit 0' TERM\nwhile :; do sleep 1000 & wait; done\n",
        told = told.path().display(),
        go = go.display()
    );
    cluster.script("g", "db", &script);
    cluster.application("g", "web", "sleep 1000");
    cluster.depend("web", "db");
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));
    for (verb, text, parts) in [
        (
            Verb::Restart,
            "root restarted it",
            &["stop web: offline", "stop db: offline", "start db: online", "start web: online"][..],
        ),
        (Verb::Offline, "root took it offline", &["stop web: offline", "stop db: offline"][..]),
    ] {
        let operation = cluster.submit(verb, "db").operation.unwrap();
        assert_eq!(told.next(), "stop");
        cluster.kill_service();
        cluster.start_service();
        std::fs::write(&go, "go\n").unwrap();
        assert_eq!(cluster.wait_for(operation).end, Some(End::Done));
        let shown = cluster.mainstay(&["operation", "show", &operation.to_string(), "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let of = |part: &serde_json::Value, name: &str| part[name].as_str().unwrap().to_owned();
        let told: Vec<String> = shown["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| format!("{} {}: {}", of(part, "action"), of(part, "resource"), of(part, "outcome")))
            .collect();
        assert_eq!(told, parts, "{shown}");
        assert_eq!(chain(&explain(&cluster, "db")), [("asked".to_owned(), text.to_owned())]);
    }
}

/// A name that begins with a dash is no option: every command that is printed works when it is typed.
#[test]
fn what_is_printed_about_names_with_a_dash_works_when_it_is_typed() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("-g", "-db", "sleep 1000");
    cluster.application("-g", "--force", "sleep 1001");
    cluster.depend("--force", "-db");
    let type_in = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], "mainstay", "{line}");
        cluster.mainstay(&words[1..])
    };
    // The command at the end of a refusal.
    let refused = |words: &[&str]| {
        let (code, _, error) = cluster.mainstay_code(words);
        assert_eq!(code, 1, "{words:?}: {error}");
        let begins = error.rfind("mainstay ").unwrap_or_else(|| panic!("{words:?}: {error}"));
        error[begins..].trim().to_owned()
    };
    let ways_out = |name: &str| -> Vec<String> {
        let explained: serde_json::Value =
            serde_json::from_str(&cluster.mainstay(&["explain", "--json", "--", name])).unwrap();
        let ways = explained["ways_out"].as_array().unwrap().iter();
        ways.map(|way| way["command"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ways_out("--force"), ["mainstay resource online -- --force"]);
    type_in(&ways_out("--force")[0]);
    assert_eq!(cluster.state("-db"), ResourceState::Online);
    assert_eq!(ways_out("-g"), ["mainstay group offline -- -g"]);
    type_in(&ways_out("-g")[0]);
    assert_eq!(cluster.state("-db"), ResourceState::Offline);

    let undepend = refused(&["resource", "delete", "--", "-db"]);
    assert_eq!(undepend, "mainstay resource undepend -- --force -db");
    type_in(&undepend);
    cluster.mainstay(&["group", "set", "--", "-g", "LockedFromMoving=1"]);
    let unlock = refused(&["group", "move", "--", "-g"]);
    assert_eq!(unlock, "mainstay group set -- -g LockedFromMoving=0");
    type_in(&unlock);
    cluster.mainstay(&["resource", "delete", "--", "-db"]);
    let delete = refused(&["group", "delete", "--", "-g"]);
    assert_eq!(delete, "mainstay group delete --with-resources -- -g");
    type_in(&delete);
    assert!(cluster.glance_all().groups.is_empty());
}
