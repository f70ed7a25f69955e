//! The configuration as a document: applied, it is what it says; exported, it says what it is. And taken back.

use std::collections::BTreeMap;

use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting, Step, TypedSetting};
use mainstay_types::operation::Verb;
use mainstay_types::{GroupId, GroupSetId, NodeId, ObjectId, OperationId, ResourceId, Status};
use proptest::prelude::*;

use crate::command::{Command, Presence, Remark};
use crate::group_set::OrderChange;
use crate::testing::World;
use crate::tests::configuration_plan::rehearse_steps;

fn configuration(world: &World) -> Vec<ConfiguredObject> {
    world.engine.view().configuration().unwrap()
}

fn plan(world: &World, wanted: &[ConfiguredObject]) -> Vec<Step> {
    world.engine.view().plan_configuration(wanted).unwrap()
}

#[track_caller]
fn apply(world: &mut World, wanted: &[ConfiguredObject]) {
    let rehearsed = rehearse_steps(world, wanted).0;
    assert!(rehearsed.iter().all(|step| step.refused.is_none()), "{rehearsed:?}");
    for step in plan(world, wanted) {
        let fresh = world.fresh();
        let command = world.engine.view().step_command(step.action, &step.object, fresh).unwrap();
        let call = world.call(command);
        world.settle();
        let answer = world.answer(call);
        assert_eq!(answer.status, Status::SUCCESS, "{step:?}: {}", answer.text);
    }
}

fn setting() -> impl Strategy<Value = Setting> {
    prop_oneof![
        any::<u32>().prop_map(Setting::Number),
        "[ -~äß]{1,20}".prop_map(Setting::Text),
        proptest::collection::vec("[ -~]{1,8}", 1..3).prop_map(Setting::List),
        any::<u64>().prop_map(|number| Setting::Typed(TypedSetting::Qword(number.to_string()))),
        "([0-9a-f]{2}){1,9}".prop_map(|digits| Setting::Typed(TypedSetting::Binary(digits))),
        "%[A-Z]{1,5}%".prop_map(|text| Setting::Typed(TypedSetting::Expand(text))),
    ]
}

fn parameters() -> impl Strategy<Value = BTreeMap<String, Setting>> {
    proptest::collection::btree_map("P[a-z]{1,6}", setting(), 0..4)
}

fn properties(
    names: &'static [(&'static str, u32, u32)],
) -> impl Strategy<Value = BTreeMap<String, Setting>> {
    let one = proptest::sample::select(names)
        .prop_flat_map(|(name, min, max)| (Just(name.to_owned()), (min..=max).prop_map(Setting::Number)));
    proptest::collection::vec(one, 0..4).prop_map(|pairs| pairs.into_iter().collect())
}

const OF_RESOURCES: &[(&str, u32, u32)] = &[
    ("RestartAction", 0, 2),
    ("RestartThreshold", 0, 9),
    ("PendingTimeout", 1_000, 9_000),
    ("SeparateMonitor", 0, 1),
    ("LooksAlivePollInterval", 1_000, 9_000),
];
const OF_GROUPS: &[(&str, u32, u32)] =
    &[("Priority", 0, 4_999), ("AutoFailbackType", 0, 1), ("GroupStartDelay", 0, 99)];

const OF_GROUP_SETS: &[(&str, u32, u32)] =
    &[("StartupSetting", 0, 1), ("StartupCount", 0, 9), ("StartupDelay", 0, 99), ("IsGlobal", 0, 1)];

/// Group sets, of which each may start after those before it, and for each group its place among them.
fn any_order() -> impl Strategy<Value = (Vec<ConfiguredObject>, Vec<(u8, u8)>)> {
    let sets = proptest::collection::vec((properties(OF_GROUP_SETS), any::<u8>()), 0..4);
    let sets = sets.prop_map(|sets| {
        let name = |number: usize| format!("set {}", 9 - number);
        let made = sets.into_iter().enumerate().map(|(number, (properties, after))| {
            let mut set = ConfiguredObject::new(ConfiguredKind::GroupSet, name(number));
            set.properties = properties;
            set.depends_on = all_of((0..number).filter(|other| after & (1 << other) != 0).map(name));
            set
        });
        made.collect::<Vec<_>>()
    });
    (sets, proptest::collection::vec(any::<(u8, u8)>(), 4))
}

fn all_of(names: impl Iterator<Item = String>) -> String {
    names.map(|name| format!("([{name}])")).collect::<Vec<_>>().join(" and ")
}

/// A configuration: groups, and in each resources that need some of those before them.
fn any_configuration() -> impl Strategy<Value = Vec<ConfiguredObject>> {
    let resource = (properties(OF_RESOURCES), parameters(), any::<u8>(), any::<bool>());
    let group =
        (properties(OF_GROUPS), parameters(), proptest::collection::vec(resource, 0..4), any::<bool>());
    let cluster = properties(&[("IgnorePersistentStateOnStartup", 0, 1)]);
    (cluster, proptest::collection::vec(group, 0..4), any_order()).prop_map(|(cluster, groups, order)| {
        let (sets, places) = order;
        let mut objects = sets.clone();
        let mut whole = ConfiguredObject::new(ConfiguredKind::Cluster, "");
        whole.properties = cluster;
        objects.push(whole);
        for (number, (properties, parameters, resources, prefers)) in groups.into_iter().enumerate() {
            // Names in an order that is not that of dependencies.
            let mut group = ConfiguredObject::new(ConfiguredKind::Group, format!("group {}", 9 - number));
            (group.properties, group.parameters) = (properties, parameters);
            group.preferred_owners = prefers.then(|| vec!["alpha".to_owned()]);
            // A group of a set names nothing itself, so that there is no circle.
            let (place, after) = places[number];
            match sets.get(usize::from(place) % 6) {
                Some(set) => group.group_set = Some(set.name.clone()),
                None => {
                    let groups = (0..number).filter(|other| after & (1 << other) != 0);
                    let free = groups.filter(|other| usize::from(places[*other].0) % 6 >= sets.len());
                    group.depends_on = all_of(free.map(|other| format!("group {}", 9 - other)));
                    let chosen = sets.iter().enumerate().filter(|(bit, _)| after & (0x10 << bit) != 0);
                    group.depends_on_sets = all_of(chosen.map(|(_, set)| set.name.clone()));
                }
            }
            let mut names: Vec<String> = Vec::new();
            for (place, (properties, parameters, needs, owned)) in resources.into_iter().enumerate() {
                let name = format!("r{number}.{}", 9 - place);
                let mut resource = ConfiguredObject::new(ConfiguredKind::Resource, name.clone());
                resource.type_name = Some("Generic Application".into());
                resource.group = Some(group.name.clone());
                (resource.properties, resource.parameters) = (properties, parameters);
                resource.possible_owners = owned.then(Vec::new);
                let needed: Vec<String> = names
                    .iter()
                    .enumerate()
                    .filter(|(bit, _)| needs & (1 << bit) != 0)
                    .map(|(_, name)| format!("[{name}]"))
                    .collect();
                resource.depends_on = match needed.is_empty() {
                    true => String::new(),
                    false if needs & 0x40 != 0 => needed.join(" AND "),
                    false if needs & 0x80 != 0 => format!("({})", needed.join(" or ")),
                    false => format!("({})", needed.join(") and (")),
                };
                names.push(name);
                objects.push(resource);
            }
            objects.push(group);
        }
        objects
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_exported_and_applied_elsewhere_is_exported_the_same(wanted in any_configuration()) {
        let mut world = World::default();
        apply(&mut world, &wanted);
        let exported = configuration(&world);
        prop_assert_eq!(plan(&world, &exported), Vec::new());
        prop_assert_eq!(plan(&world, &wanted), Vec::new(), "a second apply changes nothing");
        let mut other = World::default();
        apply(&mut other, &exported);
        prop_assert_eq!(configuration(&other), exported);
    }

    #[test]
    fn from_any_configuration_to_any_other(first in any_configuration(), second in any_configuration()) {
        let (mut world, mut fresh) = (World::default(), World::default());
        apply(&mut fresh, &second);
        apply(&mut world, &first);
        // Groups that have the same name have resources of other groups: those go first.
        let refused = plan(&world, &second).iter().any(|step| step.refused.is_some());
        prop_assume!(!refused);
        apply(&mut world, &second);
        prop_assert_eq!(configuration(&world), configuration(&fresh));
    }
}

fn undo(world: &mut World, operation: OperationId) -> (Status, String) {
    let record = world.journal[&operation].clone();
    let command = Command::Undo {
        operation,
        object: record.object,
        changes: record.changes,
        remark: Remark::default(),
    };
    let call = world.call(command);
    world.settle();
    let answer = world.answer(call);
    (answer.status, answer.text.clone())
}

#[test]
fn every_kind_of_change_is_taken_back() {
    let mut world = World::default();
    let group = world.group("g");
    let (a, b) = (world.resource(group, "a"), world.resource(group, "b"));
    let (provider, set, other) = (world.group("p"), world.group_set("s"), world.group_set("t"));
    world.order(OrderChange::Join { group: provider, set, moves: false });
    world.order(OrderChange::AddSet { set, provider: other });
    world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
    let network = world.networks()[0].id;
    world.set_of(ObjectId::Network(network), "Role", 1);
    let c = world.resource(group, "c");
    let node = NodeId(1);
    assert_eq!(world.status(Command::RemovePossibleOwner { resource: c, node }), Status::SUCCESS);
    let before = configuration(&world);
    let property = |name: &str| {
        let mut wanted = before.iter().find(|object| object.name == name).unwrap().clone();
        wanted.properties.insert("RestartAction".into(), Setting::Number(0));
        wanted.parameters.insert("Other".into(), Setting::Text("x".into()));
        wanted.depends_on = "([b])".into();
        wanted
    };
    let mut of_network = ConfiguredObject::new(ConfiguredKind::Network, "Cluster Network 1");
    of_network.properties.insert("Metric".into(), Setting::Number(70));
    of_network.properties.insert("Description".into(), Setting::Text("between the nodes".into()));
    let commands = [
        Command::RenameResource { resource: a, name: "z".into() },
        Command::RenameGroup { group, name: "h".into() },
        Command::RenameCluster { name: "other".into() },
        Command::RenameNetwork { network, name: "Heartbeat".into() },
        Command::Configure {
            object: ObjectId::Network(network),
            wanted: Box::new(of_network),
            presence: Presence::Either,
            remark: Remark::default(),
        },
        Command::AddDependency { resource: a, provider: b },
        Command::Configure {
            object: ObjectId::Resource(a),
            wanted: Box::new(property("a")),
            presence: Presence::Either,
            remark: Remark::default(),
        },
        Command::RemovePossibleOwner { resource: a, node },
        Command::AddPossibleOwner { resource: c, node },
        Command::DeleteResource { resource: b },
        Command::Order(OrderChange::Join { group, set, moves: false }),
        Command::Order(OrderChange::Leave { group: provider }),
        Command::Order(OrderChange::AddGroup { group, provider }),
        Command::Order(OrderChange::AddSetToGroup { group, provider: set }),
        Command::Order(OrderChange::RemoveSet { set, provider: other }),
        Command::Order(OrderChange::CreateSet { id: GroupSetId(world.fresh()), name: "u".into() }),
        Command::CreateGroup { id: GroupId(world.fresh()), name: "new".into(), group_type: 0 },
    ];
    let name = world.engine.view().cluster_name().to_owned();
    for command in commands {
        let shown = format!("{command:?}");
        let call = world.call(command);
        world.settle();
        assert_eq!(world.answer(call).status, Status::SUCCESS, "{shown}");
        let operation = world.answer(call).operation.unwrap();
        assert!(configuration(&world) != before || world.engine.view().cluster_name() != name, "{shown}");
        let (status, text) = undo(&mut world, operation);
        assert_eq!(status, Status::SUCCESS, "{shown}: {text}");
        assert_eq!(configuration(&world), before, "{shown}");
        assert_eq!(world.engine.view().cluster_name(), name);
        // Once is enough.
        assert_eq!(undo(&mut world, operation).0, Status::INVALID_STATE, "{shown}");
    }
    assert!(world.engine.view().resource(b).is_some(), "what comes back has its id");
}

#[test]
fn what_a_later_change_stands_against_is_not_taken_back() {
    let mut world = World::default();
    let group = world.group("g");
    let a = world.resource(group, "a");
    let rename = |world: &mut World, name: &str| {
        let call = world.call(Command::RenameResource { resource: a, name: name.into() });
        world.settle();
        world.answer(call).operation.unwrap()
    };
    let (first, second) = (rename(&mut world, "b"), rename(&mut world, "c"));
    let (status, text) = undo(&mut world, first);
    assert_eq!(status, Status::INVALID_STATE);
    assert!(text.contains("'Name' of resource 'c' is not as it left it"), "{text}");
    assert_eq!(undo(&mut world, second).0, Status::SUCCESS);
    assert_eq!(undo(&mut world, first).0, Status::SUCCESS);
    assert_eq!(world.engine.view().find_resource("a"), Some(a));
    // The name that it would have again is another's by now.
    let third = rename(&mut world, "d");
    world.resource(group, "a");
    let (status, text) = undo(&mut world, third);
    assert_eq!((status, text.contains("'a'")), (Status::OBJECT_ALREADY_EXISTS, true), "{text}");
}

#[test]
fn a_secret_is_in_no_document_and_no_history() {
    let mut world = World::default();
    let group = world.group("g");
    let a = world.resource(group, "a");
    let exported = configuration(&world);
    let mut wanted = exported.iter().find(|object| object.name == "a").unwrap().clone();
    wanted.parameters.insert("AdminPassword".into(), Setting::Text("hunter2".into()));
    let command = Command::Configure {
        object: ObjectId::Resource(a),
        wanted: Box::new(wanted),
        presence: Presence::Either,
        remark: Remark::default(),
    };
    let call = world.call(command);
    world.settle();
    let operation = world.answer(call).operation.unwrap();
    assert!(!format!("{:?}{:?}", configuration(&world), world.journal[&operation]).contains("hunter2"));
    // And what does not name it leaves it.
    assert_eq!(plan(&world, &exported), Vec::new());
    let (status, text) = undo(&mut world, operation);
    assert_eq!(status, Status::INVALID_STATE, "{text}");
}

#[test]
fn what_has_to_be_made_is_refused_where_it_is_there() {
    let mut world = World::default();
    let group = world.group("g");
    let there = world.resource(group, "there");
    let before = configuration(&world);
    let mut wanted = ConfiguredObject::new(ConfiguredKind::Resource, "THERE");
    (wanted.type_name, wanted.group) = (Some("Generic Application".into()), Some(group.to_string()));
    wanted.parameters.insert("CommandLine".into(), Setting::Text("x".into()));
    let make = |world: &mut World, id: ResourceId, wanted: &ConfiguredObject| {
        let (object, wanted) = (ObjectId::Resource(id), Box::new(wanted.clone()));
        let call = world.call(Command::Configure {
            object,
            wanted,
            presence: Presence::New,
            remark: Remark::default(),
        });
        world.settle();
        world.answer(call).clone()
    };
    let fresh = ResourceId(world.fresh());
    for id in [there, fresh] {
        let answer = make(&mut world, id, &wanted);
        assert_eq!(answer.status, Status::OBJECT_ALREADY_EXISTS, "{}", answer.text);
        assert_eq!(configuration(&world), before);
    }
    // A refusal names what was to be made, which has no name in the model.
    wanted.name = "new".into();
    wanted.properties.insert("RestartAction".into(), Setting::Number(9));
    let answer = make(&mut world, fresh, &wanted);
    assert_eq!(answer.status, Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS);
    assert!(answer.text.contains("resource 'new'"), "{}", answer.text);

    wanted.properties.insert("RestartAction".into(), Setting::Number(0));
    let answer = make(&mut world, fresh, &wanted);
    assert_eq!(answer.status, Status::SUCCESS, "{}", answer.text);
    let record = &world.journal[&answer.operation.unwrap()];
    assert_eq!((record.verb, record.name.as_str()), (Verb::Create, "new"));
    for value in ["CommandLine", "RestartAction"] {
        assert!(record.changes.iter().any(|change| change.value.as_deref() == Some(value)), "{record:?}");
    }
    assert!(world.is_held(fresh), "its host has it open");
}
