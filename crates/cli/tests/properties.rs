//! Properties through the command: section and format by name, all or nothing, nothing half made.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;

use fake::*;
use mainstay_proplist::{PropertyList, Value};

const COMMON_FORMATS: u32 = 0x0100_0065;
const COMMON: u32 = 0x0100_0059;
const SET_COMMON: u32 = 0x0140_005E;
const CLUSTER_COMMON_FORMATS: u32 = 0x0700_0065;
const CLUSTER_SET_COMMON: u32 = 0x0740_005E;
const CLUSTER_SET_PRIVATE: u32 = 0x0740_0086;
const PRIVATE_FORMATS: u32 = 0x0100_008D;
const PRIVATE: u32 = 0x0100_0081;
const SET_MAINTENANCE_MODE: u32 = 0x0140_01E6;
const VALIDATE_PRIVATE: u32 = 0x0100_0089;
const SET_PRIVATE: u32 = 0x0140_0086;
const TYPE_COMMON_FORMATS: u32 = 0x0200_0069;
const TYPE_PRIVATE_FORMATS: u32 = 0x0200_0091;

/// A service that knows a few formats and takes everything.
fn lenient() -> Fake {
    let fake = Fake::start();
    let common = PropertyList::new()
        .with("RestartAction", Value::Word(2))
        .with("Description", Value::Word(3))
        .with("Names", Value::Word(5));
    let private = PropertyList::new().with("CommandLine", Value::Word(3));
    fake.on(TYPE_COMMON_FORMATS, [Step::List(common.clone())]).on(COMMON_FORMATS, [Step::List(common)]);
    fake.on(TYPE_PRIVATE_FORMATS, [Step::List(private.clone())]).on(PRIVATE_FORMATS, [Step::List(private)]);
    fake.on(CONFIGURE, [made(0, "")]);
    fake.on(SET_COMMON, [Step::Status(0)]).on(SET_PRIVATE, [Step::Status(0)]);
    fake.on(VALIDATE_PRIVATE, [Step::Status(0)]);
    fake
}

fn log(fake: &Fake) -> Vec<String> {
    let changes = |line: &&String| {
        ["0x0140", "0x01000089", "0x074d344e"].iter().any(|code| line.starts_with(code))
            || !line.starts_with("0x")
    };
    fake.world().log.iter().filter(changes).cloned().collect()
}

#[test]
fn properties_find_their_section_and_format() {
    let fake = lenient();
    let ran = fake.mainstay(&[
        "resource",
        "set",
        "db",
        "description=5",
        "RESTARTACTION=0x1",
        "names=a,b",
        "CommandLine=7",
        "Other=7",
    ]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (
            0,
            "properties of resource 'db' are set\n",
            "mainstay: the type of resource 'db' lists no property 'Other'; stored as private\n"
        )
    );
    assert_eq!(
        log(&fake),
        [
            "0x01000089 CommandLine=\"7\" (sz), Other=7 (dword)",
            "0x0140005e Description=\"5\" (sz), RestartAction=1 (dword), Names=[\"a\", \"b\"] (multi)",
            "0x01400086 CommandLine=\"7\" (sz), Other=7 (dword)",
        ]
    );
}

#[test]
fn formats_come_from_the_values_where_nobody_lists_them() {
    let fake = lenient();
    fake.on(COMMON_FORMATS, [Step::Status(1)]).on(PRIVATE_FORMATS, [Step::Status(1)]);
    fake.on(COMMON, [Step::List(PropertyList::new().with("Description", "x"))]);
    fake.on(PRIVATE, [Step::List(PropertyList::new().with("Limit", Value::ULarge(1)))]);
    assert_eq!(fake.mainstay(&["resource", "set", "db", "Description=5", "limit=5"]).code, 0);
    assert_eq!(log(&fake)[1..], ["0x0140005e Description=\"5\" (sz)", "0x01400086 Limit=5 (ularge)"]);
}

#[test]
fn what_is_stored_only_is_done_with_a_note() {
    let fake = lenient();
    fake.on(SET_PRIVATE, [Step::Status(5024)]);
    let ran = fake.mainstay(&["resource", "set", "db", "CommandLine=x"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.err,
        "mainstay: stored; what runs takes it up when resource 'db' next goes online \
         (5024 ERROR_RESOURCE_PROPERTIES_STORED)\n"
    );
    let ran = fake.mainstay(&["resource", "set", "db", "CommandLine=x", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!("stored", ran.out);
}

#[test]
fn maintenance_is_switched_on_and_off() {
    let fake = Fake::start();
    fake.on(SET_MAINTENANCE_MODE, [Step::Status(0)]);
    let ran = fake.mainstay(&["resource", "maintenance", "db", "on"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "resource 'db' is in maintenance: failing checks are not acted on\n")
    );
    let ran = fake.mainstay(&["resource", "maintenance", "db", "off", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!("maintained", ran.out);
    assert_eq!(log(&fake), ["0x014001e6 [01, 00, 00, 00]", "0x014001e6"]);
}

/// The cluster takes any name for a private property; a slip should not pass for a setting.
#[test]
fn a_name_that_the_cluster_does_not_know_is_said() {
    let fake = Fake::start();
    let known = PropertyList::new().with("Description", Value::Word(3));
    fake.on(CLUSTER_COMMON_FORMATS, [Step::List(known)]);
    fake.on(CLUSTER_SET_COMMON, [Step::Status(0)]).on(CLUSTER_SET_PRIVATE, [Step::Status(0)]);
    let ran = fake.mainstay(&["cluster", "set", "description=x", "Descripton=x", "ClusterName=y"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "the cluster's properties are set\n"));
    assert_eq!(
        ran.err,
        "mainstay: the cluster knows no property 'Descripton' (is it 'Description'?), 'ClusterName'; stored as private, and nothing but an \
         agent that asks for it as an attribute reads it\n"
    );
    assert_eq!(fake.mainstay(&["cluster", "set", "Description=x"]).err, "");
}

#[test]
fn private_properties_that_would_be_refused_leave_the_common_ones_alone() {
    let fake = lenient();
    fake.on(VALIDATE_PRIVATE, [Step::Status(87)]).on(EXPLAIN, [explained("'Foo' is none; there is Bar")]);
    let ran = fake.mainstay(&["resource", "set", "db", "Description=x", "Foo=1"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (1, "mainstay: 'Foo' is none: 87 ERROR_INVALID_PARAMETER; there is Bar\n")
    );
    assert_eq!(log(&fake).len(), 1, "nothing but the question");

    // A type that cannot tell says nothing against it; what is refused then is said to be done in part.
    fake.on(VALIDATE_PRIVATE, [Step::Status(1)]).on(SET_PRIVATE, [Step::Status(87)]);
    let ran = fake.mainstay(&["resource", "set", "db", "Description=x", "Foo=1"]);
    assert_eq!(ran.code, 4);
    assert_eq!(
        ran.err,
        "mainstay: the common properties (Description) are set, the private ones are not: 'Foo' is none: 87 \
         ERROR_INVALID_PARAMETER; there is Bar\n"
    );
}

#[test]
fn wrong_usage_asks_for_nothing() {
    let fake = lenient();
    for (words, message) in [
        (&["resource", "set", "db", "x"][..], "mainstay: 'x' is no property: write NAME=VALUE\n"),
        (&["resource", "set", "db", "a=1", "A=2"], "mainstay: property 'A' is given twice\n"),
        (
            &["resource", "set", "db", "RestartAction=soon"],
            "mainstay: property 'RestartAction': 'soon' is no whole number, decimal or with 0x\n",
        ),
    ] {
        let ran = fake.mainstay(words);
        assert_eq!((ran.code, ran.err.as_str()), (2, message), "{words:?}");
    }
    assert_eq!(log(&fake), [] as [&str; 0]);
}

#[test]
fn a_resource_is_made_with_its_properties_or_not_at_all() {
    let fake = lenient();
    let create = |name: &str, properties: &[&str]| {
        let words = ["resource", "create", name, "--group", "g", "--type", "T"];
        let given = properties.iter().flat_map(|property| ["--property", *property]);
        fake.mainstay(&words.into_iter().chain(given).collect::<Vec<_>>())
    };
    let ran = create("one", &["CommandLine=7", "restartaction=1", "Other=7", "Gone=unset:"]);
    assert_eq!(ran.out, format!("resource 'one' created ({RESOURCE_ID})\n"), "{}", ran.err);
    // All of it in one call; then its type is shown the private ones.
    let [asked] = fake.inputs(CONFIGURE).try_into().unwrap();
    assert_eq!(asked.dword("New"), Some(1));
    let object: serde_json::Value = serde_json::from_str(asked.text("Object").unwrap()).unwrap();
    let expected = serde_json::json!({
        "kind": "resource",
        "name": "one",
        "type": "T",
        "group": "00000000-0000-0000-0000-000000000001",
        "properties": { "RestartAction": 1 },
        "parameters": { "CommandLine": "7", "Other": 7 },
    });
    assert_eq!(object, expected);
    let shown = ["0x01400086 CommandLine=\"7\" (sz), Other=7 (dword)"];
    assert_eq!(log(&fake)[1..].iter().map(String::as_str).collect::<Vec<_>>(), shown);

    // What its type refuses is deleted again, once its host has opened it.
    fake.on(SET_PRIVATE, [Step::Status(87)]).on(EXPLAIN, [explained("'CommandLine' is wrong; mend it")]);
    fake.world().deletions.extend([5023, 5023]);
    fake.world().log.clear();
    let ran = create("two", &["CommandLine=x"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.err,
        "mainstay: resource 'two' was not created: 'CommandLine' is wrong: 87 ERROR_INVALID_PARAMETER; mend it\n"
    );
    let expected =
        ["0x01400086 CommandLine=\"x\" (sz)", "DeleteResource", "DeleteResource", "DeleteResource"];
    assert_eq!(log(&fake)[1..], expected);

    // What is wrong already by the formats of its type makes nothing.
    let asked = log(&fake).len();
    for (wrong, code) in [
        ("=5", 2),
        ("CommandLine", 2),
        ("x=dword:99999999999", 2),
        ("RestartAction=soon", 2),
        ("Names=word:1", 1),
    ] {
        assert_eq!(create("three", &[wrong]).code, code, "{wrong}");
    }
    assert_eq!(log(&fake).len(), asked);

    fake.world().deletions.extend([70]);
    let ran = create("four", &["CommandLine=x"]);
    assert_eq!(ran.code, 4);
    assert_eq!(
        ran.err,
        format!(
            "mainstay: resource 'four' was created, its type was not content with its properties ('CommandLine' is \
             wrong: 87 ERROR_INVALID_PARAMETER; mend it), and it could not be deleted again: 70 \
             ERROR_SHARING_PAUSED; delete it with: mainstay resource delete {RESOURCE_ID}\n"
        )
    );

    // The service is gone before the type has said anything: nothing was refused, and nothing is deleted.
    fake.on(SET_PRIVATE, [Step::Lost]);
    fake.world().log.clear();
    let ran = create("five", &["CommandLine=x"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("'five' was created, and what its type says"), "{}", ran.err);
    assert!(!log(&fake).contains(&"DeleteResource".to_owned()), "{:?}", log(&fake));
}

#[test]
fn what_a_file_makes_is_shown_to_its_type_as_what_a_command_makes() {
    let fake = lenient();
    let steps = serde_json::json!([
        {
            "action": "change", "object": { "kind": "group", "name": "g" }, "differences": [], "refused": null,
            "needs_offline": false,
        },
        {
            "action": "create", "differences": [], "refused": null, "needs_offline": false,
            "object": {
                "kind": "resource", "name": "r", "type": "T", "group": "g",
                "parameters": { "CommandLine": "x", "Other": 7 },
            },
        },
    ]);
    let planned = PropertyList::new().with("Steps", steps.to_string());
    fake.on(PLAN_CONFIGURATION, [Step::List(planned)]);
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), "format = 1\n").unwrap();
    let apply = || fake.mainstay(&["cluster", "apply", path.path().to_str().unwrap()]);
    let ran = apply();
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "changed group 'g' (1-42)\ncreated resource 'r' (1-42)\n"),
        "{}",
        ran.err
    );
    let [changed, made] = fake.inputs(CONFIGURE).try_into().unwrap();
    // What was planned as a change is none where there is nothing, and the other way round.
    assert_eq!((changed.dword("There"), changed.dword("New")), (Some(1), None));
    assert_eq!((made.dword("There"), made.dword("New")), (None, Some(1)));
    let shown = "0x01400086 CommandLine=\"x\" (sz), Other=7 (dword)";
    assert_eq!(log(&fake).last().unwrap(), shown);

    fake.on(SET_PRIVATE, [Step::Status(87)]).on(EXPLAIN, [explained("there is no 'Other'; mend it")]);
    fake.world().log.clear();
    let ran = apply();
    assert_eq!((ran.code, ran.out.as_str()), (4, "changed group 'g' (1-42)\n"));
    assert_eq!(
        ran.err,
        "mainstay: 1 of 2 steps is done, 1 is not: resource 'r' was not created: there is no 'Other': 87 \
         ERROR_INVALID_PARAMETER; mend it\n"
    );
    assert_eq!(log(&fake)[2..], [shown, "DeleteResource"]);
}

#[test]
fn what_is_not_there_is_named() {
    let fake = lenient();
    fake.on(CONFIGURE, [made(5078, "")]);
    for (words, message) in [
        (
            "resource create r --group nix --type T",
            "mainstay: there is no group 'nix': 5013 ERROR_GROUP_NOT_FOUND; 'mainstay group list' shows those \
             there are\n",
        ),
        (
            "resource create r --group g --type nix",
            "mainstay: there is no resource type 'nix': 5078 ERROR_CLUSTER_RESOURCE_TYPE_NOT_FOUND; \
             'mainstay type list' shows those there are\n",
        ),
        (
            "resource set nix a=1",
            "mainstay: there is no resource 'nix': 5007 ERROR_RESOURCE_NOT_FOUND; 'mainstay resource list' shows \
             those there are\n",
        ),
        (
            "node show nix",
            "mainstay: there is no node 'nix': 5042 ERROR_CLUSTER_NODE_NOT_FOUND; 'mainstay node list' shows those \
             there are\n",
        ),
        (
            "type show nix",
            "mainstay: there is no resource type 'nix': 5078 ERROR_CLUSTER_RESOURCE_TYPE_NOT_FOUND; \
             'mainstay type list' shows those there are\n",
        ),
        (
            "resource depend a b",
            "mainstay: resource 'a': the dependency would close a circle: 1059 ERROR_CIRCULAR_DEPENDENCY\n",
        ),
    ] {
        let ran = fake.mainstay(&words.split_whitespace().collect::<Vec<_>>());
        assert_eq!((ran.code, ran.err.as_str()), (1, message), "{words}");
    }
}

#[test]
fn a_group_would_rather_be_on_some_nodes() {
    let fake = Fake::start();
    let ran = fake.mainstay(&["group", "prefer", "g", "n2", "1"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "group 'g' would rather be on n2, 1\n"));
    let ran = fake.mainstay(&["group", "prefer", "g"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "group 'g' prefers no node\n"));
    assert_eq!(log(&fake), ["nodes \"n2\\01\\0\\0\"", "nodes \"\\0\""]);
}

#[test]
fn a_resource_may_run_on_a_node_or_not() {
    let fake = Fake::start();
    let ran = fake.mainstay(&["resource", "allow", "db", "n1"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "resource 'db' may run on node 'n1'\n"));
    let ran = fake.mainstay(&["resource", "forbid", "db", "n1"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "resource 'db' may not run on node 'n1'\n"));
    let ran = fake.mainstay(&["resource", "forbid", "db", "nix"]);
    assert_eq!((ran.code, ran.err.contains("there is no node 'nix': 5042")), (1, true), "{}", ran.err);
    assert_eq!(log(&fake), ["AddResourceNode", "RemoveResourceNode"]);
}

#[test]
fn objects_are_renamed() {
    for (words, said, log_line) in [
        ("resource rename db base", "resource 'db' is resource 'base' now\n", "SetResourceName base"),
        ("group rename g front", "group 'g' is group 'front' now\n", "SetGroupName front"),
        ("cluster rename north", "the cluster is 'north' now\n", "SetClusterName north"),
    ] {
        let fake = Fake::start();
        let ran = fake.mainstay(&words.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.code, ran.out.as_str()), (0, said), "{ran:?}");
        assert_eq!(log(&fake), [log_line]);
    }
    let fake = Fake::start();
    let ran = fake.mainstay(&["resource", "rename", "db", "taken"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("5010 ERROR_OBJECT_ALREADY_EXISTS; choose another name"), "{ran:?}");
}
