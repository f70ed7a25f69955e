//! Common properties of every class of objects, through the command and through the C library. Every single one goes
//! through the engine's own tests; here are samples of each kind of answer.

use mainstay_tests::TestCluster;

/// An object, as command and C program name it.
struct Object {
    noun: &'static str,
    name: &'static str,
}

const fn object(noun: &'static str, name: &'static str) -> Object {
    Object { noun, name }
}

const CLUSTER: Object = object("cluster", "");
const NODE: Object = object("node", "node1");
const GROUP: Object = object("group", "g");
const RESOURCE: Object = object("resource", "app");
const TYPE: Object = object("type", "Generic Application");

/// An object, a property, its format's word and the value; then the status, and what is shown afterwards.
type Case = (&'static Object, &'static str, &'static str, &'static str, u32, &'static str);

const CASES: &[Case] = &[
    (&CLUSTER, "ClusterGroupWaitDelay", "dword", "3600", 0, "3600"),
    (&CLUSTER, "ClusterGroupWaitDelay", "dword", "3601", 5913, "3600"),
    (&CLUSTER, "ClusterGroupWaitDelay", "sz", "7", 5895, "3600"),
    (&CLUSTER, "ClusterGroupWaitDelay", "unset", "", 0, "120"),
    (&CLUSTER, "HangRecoveryAction", "dword", "3", 50, "6"),
    (&CLUSTER, "HangRecoveryAction", "dword", "6", 0, "6"),
    (&CLUSTER, "FixQuorum", "dword", "1", 5089, "0"),
    (&CLUSTER, "ClusterFunctionalLevel", "dword", "12", 5089, "9"),
    (&NODE, "Description", "sz", "by the window", 0, "\"by the window\""),
    (&NODE, "NodeWeight", "dword", "0", 50, "1"),
    (&NODE, "NodeWeight", "dword", "2", 5913, "1"),
    (&NODE, "NodeName", "sz", "other", 5089, "\"node1\""),
    (&GROUP, "Priority", "dword", "3000", 0, "3000"),
    (&GROUP, "Priority", "dword", "5000", 5913, "3000"),
    (&GROUP, "FailbackWindowStart", "dword", "4294967295", 0, "4294967295"),
    (&GROUP, "ColdStartSetting", "dword", "3", 5913, "0"),
    (&GROUP, "GroupType", "dword", "1", 5089, "9999"),
    (&RESOURCE, "PendingTimeout", "dword", "9", 5913, "180000"),
    (&RESOURCE, "PendingTimeout", "dword", "10", 0, "10"),
    (&RESOURCE, "PendingTimeout", "unset", "", 0, "180000"),
    (&RESOURCE, "RetryPeriodOnFailure", "dword", "899999", 5913, "3600000"),
    (&RESOURCE, "Type", "sz", "other", 5089, "\"Generic Application\""),
    (&TYPE, "PendingTimeout", "dword", "170000", 0, "170000"),
    // What a resource has not of its own it has of its type.
    (&RESOURCE, "PendingTimeout", "unset", "", 0, "170000"),
    (&TYPE, "DllName", "dword", "1", 5895, "\"\""),
    (&TYPE, "Name", "sz", "other", 5089, "\"Generic Application\""),
];

/// The value that `show --json` has.
fn shown(cluster: &TestCluster, object: &Object, property: &str) -> String {
    let mut arguments = vec![object.noun, "show", "--json"];
    if !object.name.is_empty() {
        arguments.push(object.name);
    }
    let document: serde_json::Value = serde_json::from_str(&cluster.mainstay(&arguments)).unwrap();
    let sections = &document["properties"];
    let found = ["common", "common_read_only"].iter().find_map(|section| sections[section].get(property));
    found.unwrap_or_else(|| panic!("{} has no {property}: {document}", object.noun))["value"].to_string()
}

#[test]
fn the_command_sets_properties_of_everything() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    for &(object, property, format, value, status, expected) in CASES {
        let assignment = format!("{property}={format}:{value}");
        let mut arguments = vec![object.noun, "set"];
        if !object.name.is_empty() {
            arguments.push(object.name);
        }
        // Beside one that could be set: it is all or nothing.
        arguments.extend([assignment.as_str(), "Description=all or nothing"]);
        let is_alone = property == "Description";
        arguments.truncate(arguments.len() - usize::from(is_alone));
        let before = shown(&cluster, object, "Description");
        let (code, _, error) = cluster.mainstay_code(&arguments);
        assert_eq!(code, i32::from(status != 0), "{arguments:?}: {error}");
        assert!(status == 0 || error.contains(&format!("{status} ERROR_")), "{arguments:?}: {error}");
        assert!(status == 0 || error.contains(property), "{arguments:?}: {error}");
        assert_eq!(shown(&cluster, object, property), expected, "{arguments:?}");
        if status != 0 {
            assert_eq!(shown(&cluster, object, "Description"), before, "{arguments:?}");
        }
    }
    let (code, _, notes) = cluster.mainstay_code(&["group", "set", "g", "Priorty=1"]);
    assert_eq!(code, 0);
    assert_eq!(
        notes,
        "mainstay: group 'g' knows no property 'Priorty' (is it 'Priority'?); stored as private, and nothing comes of it\n"
    );
}

#[test]
fn the_c_library_sets_properties_of_everything() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    let Some(program) = cluster.compile_or_skip("tests/tests/c/set.c", &[]) else { return };
    for &(object, property, format, value, status, expected) in CASES {
        let arguments = [object.noun, object.name, property, format, value];
        let answered = cluster.run_lines(&program, &arguments);
        assert_eq!(answered, [status.to_string()], "{arguments:?}");
        assert_eq!(shown(&cluster, object, property), expected, "{arguments:?}");
    }
}
