//! Explanations of calls that came to nothing, that never can come to anything, or during which something was renamed, in the
//! form of [`super::explain`].

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::{GroupId, NodeId, ObjectId, ResourceId};

use super::explain::{Case, Row, shown};
use crate::command::{Command, Remark};
use crate::testing::Reaction;

fn first(case: &Case) -> (GroupId, ResourceId) {
    let view = case.world.engine.view();
    (view.find_group("first").expect("a group"), view.find_resource("base").expect("a resource"))
}

/// The group and the one that it starts after are never on one node.
fn keep_apart(case: &mut Case) {
    case.world.set_of(ObjectId::Cluster, "ClusterEnforcedAntiAffinity", 1);
    for (group, classes) in [(case.group, vec!["Heavy", "own"]), (first(case).0, vec!["heavy"])] {
        let classes = Value::MultiSz(classes.into_iter().map(str::to_owned).collect());
        case.world
            .set_list(ObjectId::Group(group), &PropertyList::new().with("AntiAffinityClassNames", classes));
    }
}

/// There is memory for one of them.
fn make_narrow(case: &mut Case) {
    for (object, property, value) in [
        (ObjectId::Node(NodeId(1)), "MemoryCapacityMib", 1_024),
        (ObjectId::Group(first(case).0), "DeclaredMemoryMib", 1_000),
        (ObjectId::Group(case.group), "DeclaredMemoryMib", 512),
    ] {
        case.world.set_of(object, property, value);
    }
}

fn cancel_last(case: &mut Case) {
    let operation = case.world.engine.shown_operations().last().expect("one that runs").id;
    let remark = Remark { reason: "changed my mind".into(), ..Remark::default() };
    let _ = case.world.status(Command::CancelOperation { operation, about: None, remark });
}

fn rename(case: &mut Case, resource: ResourceId, name: &str) {
    case.world.pass_ms(1_000);
    let _ = case.world.status(Command::RenameResource { resource, name: name.into() });
    case.world.pass_ms(1_000);
}

#[test]
fn a_call_that_came_to_nothing_is_the_reason() {
    let rows: &[Row] = &[
        (
            "what its group has waited for has taken its place",
            || {
                let mut case = Case::after_another();
                keep_apart(&mut case);
                case.group_call(true);
                let base = first(&case).1;
                case.world.online(base);
                case
            },
            &["disk", "g"],
        ),
        (
            "the same, and the place is free since",
            || {
                let mut case = Case::after_another();
                keep_apart(&mut case);
                case.group_call(true);
                let base = first(&case).1;
                case.world.online(base);
                case.take_offline(base);
                case
            },
            &["disk"],
        ),
        (
            "what its group has waited for has left no memory",
            || {
                let mut case = Case::after_another();
                make_narrow(&mut case);
                case.group_call(true);
                let base = first(&case).1;
                case.world.online(base);
                case
            },
            &["disk", "g"],
        ),
        (
            "its group waits for another that it may not be beside",
            || {
                let mut case = Case::after_another();
                keep_apart(&mut case);
                case.group_call(true);
                case
            },
            &["disk", "g"],
        ),
        (
            "it was to be online before an online that was cancelled while it waited",
            || {
                let mut case = Case::before_another();
                let disk = case.disk;
                let _ = case.world.offline(disk, 4);
                case.group_call(true);
                cancel_last(&mut case);
                case
            },
            &["disk", "db", "g"],
        ),
        (
            "the same of a restart",
            || {
                let mut case = Case::before_another();
                let (disk, remark) = (case.disk, Remark::default());
                let _ = case.world.offline(disk, 4);
                let _ = case.world.status(Command::RestartResource { resource: disk, flags: 0, remark });
                cancel_last(&mut case);
                case
            },
            &["disk"],
        ),
        (
            "brought up without a word that it stay so, which waited in vain",
            || {
                let mut case = Case::after_another();
                let (resource, remark) = (case.disk, Remark::default());
                let buffer = Vec::new();
                let _ = case.world.status(Command::OnlineResource { resource, flags: 2, buffer, remark });
                case.world.pass_ms(600_000);
                case
            },
            &["disk"],
        ),
        (
            "taken offline after an online that waited in vain",
            || {
                let mut case = Case::after_another();
                case.group_call(true);
                case.world.pass_ms(600_000);
                case.take_offline(case.disk);
                case
            },
            &["disk"],
        ),
    ];
    insta::assert_snapshot!(shown(rows));
}

#[test]
fn what_is_renamed_while_an_operation_runs_keeps_its_story() {
    let rows: &[Row] = &[
        (
            "one renamed before its turn came, and one during its turn to the name that the first had before",
            || {
                let mut case = Case::new();
                let (disk, db) = (case.disk, case.db);
                case.world.behave(disk).online = Reaction::Hang;
                case.group_call(true);
                rename(&mut case, db, "base");
                rename(&mut case, disk, "db");
                case.world.end_order(disk, Reaction::Done);
                case
            },
            &["base", "db", "web", "g"],
        ),
        (
            "renamed twice during an operation, and then it is asked who had taken it down before",
            || {
                let mut case = Case::online();
                let db = case.db;
                case.world.behave(db).online = Reaction::Hang;
                let _ = case.world.offline(db, 4);
                case.world.online(db);
                rename(&mut case, db, "second");
                rename(&mut case, db, "third");
                case.world.end_order(db, Reaction::Done);
                rename(&mut case, db, "fourth");
                case
            },
            &["fourth"],
        ),
    ];
    insta::assert_snapshot!(shown(rows));
}
