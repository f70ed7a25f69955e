//! Explanations of what the service's start leaves, or has not begun yet, in the form of [`super::explain`].

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::{HostId, NodeId, ObjectId};

use super::explain::{Case, Row, shown};
use crate::group_set::OrderChange;
use crate::testing::Reaction;

#[test]
fn what_a_start_does_not_bring_up_has_its_reason() {
    let rows: &[Row] = &[
        (
            "its group's Priority is 0",
            || {
                let mut case = Case::online();
                case.set_group("Priority", 0);
                case.world.reboot();
                case
            },
            &["db", "g"],
        ),
        (
            "a group of a higher Priority comes first",
            || {
                let mut case = Case::online();
                let first = case.world.group("first");
                case.world.set_of(ObjectId::Group(first), "Priority", 3_000);
                let slow = case.world.resource(first, "slow");
                case.world.online(slow);
                case.world.behave(slow).online = Reaction::Hang;
                case.world.reboot();
                case
            },
            &["db"],
        ),
        (
            "ColdStartSetting 1",
            || {
                let mut case = Case::online();
                case.set_group("ColdStartSetting", 1);
                case.world.reboot();
                case
            },
            &["db"],
        ),
        (
            "ColdStartSetting 2",
            || {
                let mut case = Case::new();
                case.world.online(case.db);
                case.set_group("ColdStartSetting", 2);
                case.world.reboot();
                case
            },
            &["db"],
        ),
        (
            "GroupStartDelay",
            || {
                let mut case = Case::online();
                case.set_group("GroupStartDelay", 30);
                case.world.reboot();
                case.world.pass_ms(10_000);
                case
            },
            &["db", "g"],
        ),
        (
            "only so many groups start at once",
            || {
                let mut case = Case::online();
                let late = case.world.group("late");
                let base = case.world.resource(late, "base");
                case.world.online(base);
                case.world.set_of(ObjectId::Cluster, "StartsAtOncePerNode", 1);
                case.world.behave(case.disk).online = Reaction::Hang;
                case.world.behave(base).online = Reaction::Hang;
                case.world.reboot();
                case
            },
            &["disk", "base"],
        ),
        (
            "a library's, whose group's Priority is 0, after a start of the machine",
            || {
                let mut case = Case::new();
                case.world.library_type("Demo");
                let demo = case.world.resource_of_type(case.group, "demo", "Demo", 0);
                case.world.online(demo);
                case.set_group("Priority", 0);
                case.world.reboot();
                case
            },
            &["demo"],
        ),
        (
            "a library's, whose group's Priority is 0, cleaned by the service's start",
            || {
                let mut case = Case::new();
                case.world.library_type("Demo");
                let demo = case.world.resource_of_type(case.group, "demo", "Demo", 0);
                case.world.online(demo);
                case.world.set(demo, "RestartAction", 0);
                case.set_group("Priority", 0);
                case.world.behave(demo).open = Reaction::Fail;
                case.world.kill_host(HostId::Own(demo));
                case.world.pass_ms(1_000);
                case.world.behave(demo).open = Reaction::Done;
                case.world.restart_service();
                case.world.pass_ms(60_000);
                case
            },
            &["demo"],
        ),
        (
            "online, and its group's Priority is 0",
            || {
                let mut case = Case::online();
                case.set_group("Priority", 0);
                case
            },
            &["web"],
        ),
        (
            "only so many groups start at once from a storage",
            || {
                let mut case = Case::online();
                let late = case.world.group("late");
                let base = case.world.resource(late, "base");
                case.world.online(base);
                case.world.set_of(ObjectId::Cluster, "StartsAtOncePerStorage", 1);
                for group in [case.group, late] {
                    let storages = Value::MultiSz(vec!["san".into()]);
                    let list = PropertyList::new().with("StorageNames", storages);
                    case.world.set_list(ObjectId::Group(group), &list);
                }
                case.world.behave(case.disk).online = Reaction::Hang;
                case.world.behave(base).online = Reaction::Hang;
                case.world.reboot();
                case
            },
            &["base", "late"],
        ),
        (
            "its group waits for a group set's StartupDelay",
            || {
                let mut case = Case::before_another();
                case.group_call(false);
                let first = case.world.engine.view().find_group("first").expect("a group");
                let (group, set) = (case.group, case.world.group_set("bases"));
                case.world.order(OrderChange::RemoveGroup { group, provider: first });
                case.world.order(OrderChange::Join { group: first, set, moves: false });
                case.world.order(OrderChange::AddSetToGroup { group, provider: set });
                let base = case.world.engine.view().find_resource("base").expect("a resource");
                case.world.online(base);
                case.group_call(true);
                case.world.pass_ms(5_000);
                case
            },
            &["disk", "g"],
        ),
        (
            "whatever was said, the start of the machine brings it up, and its clocks are cut each on its own",
            || {
                let mut case = Case::online();
                case.take_offline(case.db);
                case.world.set_of(ObjectId::Cluster, "IgnorePersistentStateOnStartup", 1);
                case.world.reboot();
                case.world.now.unix_ms += 1;
                case.world.pass_ms(1_000);
                case
            },
            &["db"],
        ),
        (
            "the same of what ColdStartSetting 2 leaves, the other way round",
            || {
                let mut case = Case::new();
                case.world.online(case.db);
                case.set_group("ColdStartSetting", 2);
                case.world.reboot();
                case.world.now.unix_ms -= 1;
                case.world.pass_ms(1_000);
                case
            },
            &["db"],
        ),
        (
            "its group's Priority is 0, and the machine was shut down",
            || {
                let mut case = Case::online();
                case.set_group("Priority", 0);
                case.shut_down();
                case.world.reboot();
                case
            },
            &["g"],
        ),
        (
            "GroupStartDelay, and the machine was shut down",
            || {
                let mut case = Case::online();
                case.set_group("GroupStartDelay", 30);
                case.shut_down();
                case.world.reboot();
                case.world.pass_ms(10_000);
                case
            },
            &["db", "g"],
        ),
        (
            "there is no place for its group, and the machine was shut down",
            || {
                let mut case = Case::online();
                let other = case.world.group("a");
                let base = case.world.resource(other, "base");
                case.world.online(base);
                for (object, property, value) in [
                    (ObjectId::Node(NodeId(1)), "MemoryCapacityMib", 1_024),
                    (ObjectId::Group(other), "DeclaredMemoryMib", 1_024),
                    (ObjectId::Group(case.group), "DeclaredMemoryMib", 512),
                ] {
                    case.world.set_of(object, property, value);
                }
                case.shut_down();
                case.world.reboot();
                case
            },
            &["db", "g"],
        ),
        (
            "one of its resources is to be online, and its group was taken offline",
            || {
                let mut case = Case::online();
                case.group_call(false);
                case.world.set(case.db, "PersistentState", 1);
                case
            },
            &["db", "g"],
        ),
        (
            "taken offline by name, and its group would wait for another one",
            || {
                let mut case = Case::before_another();
                case.take_offline(case.disk);
                case
            },
            &["g"],
        ),
    ];
    insta::assert_snapshot!(shown(rows));
}
