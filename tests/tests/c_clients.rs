//! Programs in C and C++, compiled by the system's compiler against our headers, linked with `libclusapi.so`, and run
//! against the real service.

use std::collections::BTreeSet;

use mainstay_client::Target;
use mainstay_proplist::PropertyList;
use mainstay_tests::{TestCluster, WIDTHS, exported_functions, open_resource};
use mainstay_types::control::{function, object};
use mainstay_types::offer::BUILT_IN;
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::{ControlCode, OfflineFlags, ResourceState, Status};

/// The resource that the example and the page's program name.
const DEMO: &str = "DemoResource";

#[test]
fn the_example_takes_an_application_offline() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", DEMO, "sleep 1000");
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("examples/offline-client/offline.c", width) else {
            return;
        };
        for arguments in [[].as_slice(), &[DEMO]] {
            cluster.carry_out(Verb::Online, DEMO);
            assert_eq!(cluster.processes(DEMO).len(), 1);
            let lines = cluster.run_lines(&program, arguments);
            assert_eq!(lines.first().unwrap(), "OfflineClusterResourceEx: 997", "{lines:?}");
            assert_eq!(lines[lines.len() - 2], "state: Offline", "{lines:?}");
            assert_eq!(*lines.last().unwrap(), format!("'{DEMO}' is offline"), "{lines:?}");
            assert_eq!(cluster.state(DEMO), ResourceState::Offline);
            assert!(cluster.processes(DEMO).is_empty());
        }
    }
}

#[test]
fn the_example_says_what_went_wrong() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", DEMO, "sleep 1000");
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("examples/offline-client/offline.c", width) else {
            return;
        };
        // An instruction of another type's name is ignored: 77 is no instruction of a Generic Application.
        cluster.carry_out(Verb::Online, DEMO);
        assert!(cluster.run(&program, &[DEMO, "77"]).status.success());
        let missing = cluster.run(&program, &["nobody"]);
        assert_eq!(missing.status.code(), Some(1));
        let error = String::from_utf8_lossy(&missing.stderr);
        assert_eq!(error, "cannot open 'nobody': 5007\n");
        assert_eq!(cluster.run(&program, &["a", "1", "b"]).status.code(), Some(2));
    }
}

/// The calls of the page that documents OfflineClusterResourceEx, in its order, against a type made in C.
#[test]
fn a_program_in_the_usual_style_takes_the_demonstration_type_offline() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    let active = cluster.file("active");
    cluster.resource(
        "g",
        DEMO,
        "dummy",
        &[("ActiveFile", active.to_str().unwrap()), ("LockWhenOnline", "1")],
    );
    let headers = cluster.file("headers");
    std::fs::create_dir(&headers).unwrap();
    std::fs::write(headers.join("stdafx.h"), "").unwrap();
    let include = format!("-I{}", headers.display());
    let source = "crates/host-foreign/tests/c/take_offline.cpp";
    let Some(program) = cluster.compile_or_skip(source, &["-std=c++17", &include]) else { return };

    cluster.carry_out(Verb::Online, DEMO);
    assert!(active.exists());
    assert_eq!(cluster.run_lines(&program, &[]), ["offline: DemoResource"]);
    assert_eq!(cluster.state(DEMO), ResourceState::Offline);
    assert!(!active.exists());
    let journal = cluster.journal(DEMO);
    let record = journal.iter().find(|record| record.verb == Verb::Offline).unwrap();
    assert_eq!(record.flags, OfflineFlags::IGNORE_RESOURCE_STATUS.bits());
    assert_eq!(cluster.wait_for(record.id).end, Some(End::Done));

    // An offline resource is taken offline at once: 0, and nothing to wait for.
    assert_eq!(cluster.run_lines(&program, &[]), ["offline: DemoResource"]);

    // It stays online by its own veto: the program's wait sees that, and ends with what the call answered.
    cluster.resource("g", "other", "dummy", &[("VetoOffline", "1")]);
    cluster.mainstay(&["resource", "delete", DEMO]);
    cluster.resource("g", DEMO, "dummy", &[("VetoOffline", "1")]);
    cluster.carry_out(Verb::Online, DEMO);
    let vetoed = cluster.run(&program, &[]);
    // 997, as far as an exit status can carry it.
    assert_eq!(vetoed.status.code(), Some(997 & 0xFF));
    assert_eq!(String::from_utf8_lossy(&vetoed.stdout), "not offline: DemoResource: 0x3e5\n");
}

#[test]
fn a_notification_port_tells_every_state_in_order() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", DEMO, "sleep 1000");
    cluster.application("g", "neighbour", "sleep 1000");
    cluster.carry_out(Verb::Online, "neighbour");
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/watch.c", width) else { return };
        cluster.carry_out(Verb::Online, DEMO);
        assert_eq!(cluster.run_lines(&program, &[DEMO]), ["OfflinePending", "Offline"]);
    }
}

#[test]
fn objects_and_properties_are_what_the_service_has() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", DEMO, "sleep 1000");
    cluster.application("h", "other", "sleep 1001");
    cluster.set_common(DEMO, &[("PendingTimeout", "4321"), ("Description", "what it is")]);
    let mut client = cluster.client();
    let resource = open_resource(&mut client, DEMO);
    let mut outputs = Vec::new();
    for (kind, function) in [
        ("common", function::GET_COMMON_PROPERTIES),
        ("private", function::GET_PRIVATE_PROPERTIES),
        ("name", function::GET_NAME),
        ("kind", function::GET_RESOURCE_TYPE),
    ] {
        let code = ControlCode(object::RESOURCE | function);
        let output = client.control(Target::Resource(&resource), None, code, None).unwrap().output;
        match kind {
            "common" => {
                let list = PropertyList::parse(&output).unwrap();
                assert_eq!(list.dword("PendingTimeout"), Some(4321));
                assert_eq!(list.text("Description"), Some("what it is"));
            }
            "private" => {
                let list = PropertyList::parse(&output).unwrap();
                assert_eq!(list.text("CommandLine"), Some("sleep 1000"));
            }
            _ => {}
        }
        let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
        outputs.push(format!("{kind} {hex}"));
    }
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/look.c", width) else { return };
        let lines = cluster.run_lines(&program, &[DEMO]);
        let (mut objects, properties): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| {
            ["node ", "type ", "group ", "resource "].iter().any(|kind| line.starts_with(kind))
        });
        objects.sort_unstable();
        let made = ["group g", "group h", "node node1", "resource DemoResource", "resource other"];
        let types = BUILT_IN.iter().map(|known| format!("type {}", known.name));
        let mut expected: Vec<String> = made.into_iter().map(str::to_owned).chain(types).collect();
        expected.sort_unstable();
        assert_eq!(objects, expected);
        // Strings in control buffers are UTF-16LE for every width.
        assert_eq!(properties, outputs);
    }
}

/// The list is the library's own, so that a function that is exported and not called here makes it fail.
#[test]
fn every_function_of_the_library_does_what_it_is_for() {
    let Some(cluster) = TestCluster::start_on_network_or_skip() else { return };
    cluster.application("g", "one", "sleep 1000");
    let not_implemented = format!(" {}", Status::CALL_NOT_IMPLEMENTED.0);
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/every_function.c", width) else { return };
        let lines = cluster.run_lines(&program, &[]);
        let unserved: Vec<_> = lines.iter().filter(|line| line.ends_with(&not_implemented)).collect();
        assert!(unserved.is_empty(), "{unserved:?}");
        let called: BTreeSet<&str> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
        let exported = exported_functions();
        let exported: BTreeSet<&str> = exported.iter().map(|name| name.trim_end_matches("_w4")).collect();
        assert_eq!(called, exported);
    }
    // Who may only read is refused what he has asked for.
    let refused = |record: &OperationRecord| matches!(record.end, Some(End::Refused(_)));
    let journal = cluster.journal("g");
    let denied = journal.iter().filter(|it| refused(it) && it.answer == Status::ACCESS_DENIED);
    let verbs: Vec<Verb> = denied.map(|record| record.verb).collect();
    assert_eq!(verbs, [Verb::Online; WIDTHS.len()]);
}

/// Whatever a function with a reason has changed has the reason in its record; what comes after it has none.
#[test]
fn reasons_are_in_the_journal() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "one", "sleep 1000");
    let Some(program) = cluster.compile_or_skip("tests/tests/c/every_function.c", WIDTHS[0]) else { return };
    cluster.run_lines(&program, &[]);
    let why = "because of every function";
    let mut seen: Vec<(String, String)> = Vec::new();
    for name in ["a", "bb", "b", "reasons", "first", "second", "third", "last", "base", "apps", "a type"] {
        for record in cluster.journal(name) {
            if record.reason_text == why {
                seen.push((record.verb.to_string(), record.name));
            }
        }
    }
    let has = |verb: &str, name: &str| seen.iter().any(|(was, of)| was == verb && of == name);
    for (verb, name) in [
        ("create", "a"),
        ("rename", "bb"),
        ("depend", "a"),
        ("undepend", "a"),
        ("owners", "a"),
        ("set", "a"),
        ("online", "a"),
        ("restart", "a"),
        ("fail", "a"),
        ("delete", "a"),
        ("delete", "b"),
        ("rename", "reasons"),
        ("offline", "first"),
        ("move", "first"),
        ("online", "first"),
        ("delete", "first"),
        ("offline", "third"),
        ("delete", "third"),
        ("leave", "first"),
        ("depend", "second"),
        ("undepend", "second"),
        ("depend", "apps"),
        ("delete", "base"),
    ] {
        assert!(has(verb, name), "{verb} of {name}: {seen:?}");
    }
    // The last call on "second" gave none, and none before it is left.
    let deleted = cluster.journal("second").into_iter().find(|record| record.verb == Verb::Delete).unwrap();
    assert_eq!(deleted.reason_text, "");
}

#[test]
fn a_dependency_expression_is_set_and_read() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["a", "b", "web"] {
        cluster.application("g", name, "sleep 1000");
    }
    let [a, b] = ["a", "b"].map(|name| cluster.glance(name).id);
    let expected = format!("depends on ([{a}] or [{b}])");
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/alternatives.c", width) else { return };
        let lines = cluster.run_lines(&program, &["web", "a", "b"]);
        assert_eq!(lines, [expected.as_str(), expected.as_str(), "depends on "]);
    }
}

/// What `docs/control-codes.md` says of EXPLAIN_OBJECT and PLAN, in its numbers.
#[test]
fn a_program_asks_why_and_what_would_be() {
    const EXPLAIN_OBJECT: &str = "0x070D3419";
    const PLAN: &str = "0x070D341D";
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["db", "web"] {
        cluster.application("shop", name, "sleep 1000");
    }
    cluster.depend("web", "db");
    cluster.carry_out(Verb::Online, "web");
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/ask.c", width) else { return };
        let ask = |words: &[&str]| cluster.run_lines(&program, words);
        let document = |name: &str, words: &[&str]| -> serde_json::Value {
            let lines = ask(words);
            assert_eq!(lines[0], "0", "{lines:?}");
            let text = lines[1].strip_prefix(&format!("{name}: ")).unwrap_or_else(|| panic!("{lines:?}"));
            serde_json::from_str(text).unwrap()
        };
        let explained = document("Explanation", &[EXPLAIN_OBJECT, "Object=db"]);
        assert_eq!((&explained["name"], &explained["state"]), (&"db".into(), &"Online".into()));
        assert_eq!(explained["reason"]["rule"], "related-asked", "{explained:#}");
        assert!(explained["reason"]["text"].as_str().unwrap().contains("'web'"), "{explained:#}");
        let way: Vec<&str> = explained["ways_out"][0]["command"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|it| it.as_str())
            .collect();
        assert_eq!(way, ["resource", "offline", "db"]);
        let explained = document("Explanation", &[EXPLAIN_OBJECT, "Object=SHOP", "ObjectType#2"]);
        let members = explained["members"].as_array().unwrap();
        assert_eq!((&explained["state"], members.len()), (&"Online".into(), 2), "{explained:#}");

        let plan = document("Plan", &[PLAN, "Verb=offline", "ObjectType#3", "Object=db"]);
        let call = &plan["call"];
        let steps: Vec<_> =
            call["steps"].as_array().unwrap().iter().map(|it| it["resource"].as_str()).collect();
        assert_eq!((&call["answer"], steps), (&997.into(), vec![Some("web"), Some("db")]), "{plan:#}");
        let plan = document("Plan", &[PLAN, "Verb=delete", "ObjectType#2", "Object=shop"]);
        let text = plan["call"]["text"].as_str().unwrap();
        assert!(plan["call"]["answer"] == 145 && text.contains("'shop'"), "{plan:#}");
        let plan = document("Plan", &[PLAN, "Verb=move", "ObjectType#2", "Object=shop", "Flags#1"]);
        assert_eq!(plan["call"]["answer"], 5050, "{plan:#}");
        let plan = document("Plan", &[PLAN, "Verb=node-loss", "Object=1"]);
        assert_eq!(plan["placement"][0]["is_lost"], true, "{plan:#}");

        for (words, status) in [
            ([EXPLAIN_OBJECT, "Object=nobody"].as_slice(), "5007"),
            (&[EXPLAIN_OBJECT, "Object=db", "ObjectType#2"], "5013"),
            (&[EXPLAIN_OBJECT, "Object=db", "ObjectType#5"], "5047"),
            (&[EXPLAIN_OBJECT, "Object=db", "ObjectType#6"], "5045"),
            (&[EXPLAIN_OBJECT], "87"),
            (&[PLAN, "Verb=offline", "ObjectType#3", "Object=nobody"], "5007"),
            (&[PLAN, "Verb=offline", "ObjectType#2", "Object=db"], "5013"),
            (&[PLAN, "Verb=node-loss", "Object=nobody"], "5042"),
            (&[PLAN, "Verb=dance", "ObjectType#3", "Object=db"], "87"),
        ] {
            assert_eq!(ask(words), [status], "{words:?}");
        }
        assert_eq!(cluster.state("db"), ResourceState::Online, "nothing was done");
    }
}

#[test]
fn many_threads_share_a_cluster_handle() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for number in 0..6 {
        let name = format!("r{number}");
        cluster.application("g", &name, "sleep 1000");
        cluster.carry_out(Verb::Online, &name);
    }
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/many_threads.c", width) else { return };
        assert_eq!(cluster.run_lines(&program, &[]), ["18"]);
    }
    for number in 0..6 {
        let name = format!("r{number}");
        assert_eq!(cluster.state(&name), ResourceState::Online);
        assert_eq!(cluster.processes(&name).len(), 1);
    }
}
