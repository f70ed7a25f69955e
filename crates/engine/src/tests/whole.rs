//! The configuration as a document: applied, it is what it says; exported, it says what it is. And taken back.

use std::collections::BTreeMap;

use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting, Step, TypedSetting};
use mainstay_types::operation::Verb;
use mainstay_types::{ObjectId, OperationId, ResourceId, Status};
use proptest::prelude::*;

use crate::command::{Command, Presence, Remark};
use crate::testing::World;
use crate::tests::configuration_plan::rehearse_steps;

pub(super) fn configuration(world: &World) -> Vec<ConfiguredObject> {
    world.engine.view().configuration().unwrap()
}

fn plan(world: &World, wanted: &[ConfiguredObject]) -> Vec<Step> {
    world.engine.view().plan_configuration(wanted).unwrap()
}

/// Answers the operations that did it.
#[track_caller]
fn apply(world: &mut World, wanted: &[ConfiguredObject]) -> Vec<OperationId> {
    let rehearsed = rehearse_steps(world, wanted).0;
    assert!(rehearsed.iter().all(|step| step.refused.is_none()), "{rehearsed:?}");
    let steps = plan(world, wanted).into_iter().map(|step| {
        let fresh = world.fresh();
        let command = world.engine.view().step_command(&step, fresh).unwrap();
        let call = world.call(command);
        world.settle();
        let answer = world.answer(call);
        assert_eq!(answer.status, Status::SUCCESS, "{step:?}: {}", answer.text);
        answer.operation.unwrap()
    });
    steps.collect()
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
        let before = configuration(&world);
        let mut operations = apply(&mut world, &second);
        prop_assert_eq!(configuration(&world), configuration(&fresh));
        // Step by step it is taken back, the last first; and so is that.
        for expected in [before, configuration(&fresh)] {
            let taken_back = operations.into_iter().rev().map(|operation| {
                let (status, text) = undo(&mut world, operation);
                assert_eq!(status, Status::SUCCESS, "{text}");
                world.answer(world.last_call()).operation.unwrap()
            });
            operations = taken_back.collect();
            prop_assert_eq!(configuration(&world), expected);
        }
    }
}

pub(super) fn undo(world: &mut World, operation: OperationId) -> (Status, String) {
    let record = world.journal[&operation].clone();
    let command = Command::Undo {
        operation,
        object: record.object,
        name: record.name,
        changes: record.changes,
        remark: Remark::default(),
    };
    let call = world.call(command);
    world.settle();
    let answer = world.answer(call);
    (answer.status, answer.text.clone())
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
        planned: None,
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
    assert!(text.contains("what it set is not kept: it is a secret; set it by hand"), "{text}");
}

#[test]
fn what_is_not_kept_is_said_to_be_so() {
    let long = |length: usize| Setting::Text("x".repeat(length));
    let gone = "is not as it left it; a later change stands against it";
    let unknown =
        "nobody can tell, since what it set is not kept: it is too long; 4096 bytes are kept of a value";
    let was = "what 'Text' was before is not kept: it is too long; 4096 bytes are kept of a value";
    let secret = "nobody can tell, since what it set is not kept: it is a secret; set it by hand";
    for (name, values, expected) in [
        ("Text", &[long(10_000)][..], unknown),
        ("Text", &[long(10_000), long(10)], was),
        ("Text", &[long(10), long(10_000)], unknown),
        ("ApiPassword", &[long(10)], secret),
        ("ApiPassword", &[long(10), long(12)], secret),
    ] {
        let mut world = World::default();
        let group = world.group("g");
        let resource = world.resource(group, "a");
        let set = |world: &mut World, value: &Setting| {
            let mut wanted = configuration(world).into_iter().find(|object| object.name == "a").unwrap();
            wanted.parameters.insert(name.into(), value.clone());
            configure(world, ObjectId::Resource(resource), wanted)
        };
        let operations: Vec<OperationId> = values.iter().map(|value| set(&mut world, value)).collect();
        let last = *operations.last().unwrap();
        let (status, text) = undo(&mut world, last);
        assert_eq!(status, Status::INVALID_STATE, "{text}");
        assert!(text.contains(expected), "{values:?}: {text}");
        // Where it is another one for certain, that is what is said.
        set(&mut world, &long(11));
        let (status, text) = undo(&mut world, last);
        assert_eq!(status, Status::INVALID_STATE, "{text}");
        assert!(text.contains(gone), "{values:?}: {text}");
    }
}

fn configure(world: &mut World, object: ObjectId, wanted: ConfiguredObject) -> OperationId {
    let (wanted, remark) = (Box::new(wanted), Remark::default());
    let call =
        world.call(Command::Configure { object, wanted, presence: Presence::Either, planned: None, remark });
    world.settle();
    let answer = world.answer(call);
    assert_eq!(answer.status, Status::SUCCESS, "{}", answer.text);
    answer.operation.unwrap()
}

/// Somebody sets a property of the group `shop` after a plan that leads it from Priority 3000 and RestartAction 0 to what is
/// wanted: what the step is answered, and what the group has in the end.
#[track_caller]
fn check_meanwhile(wanted: &[(&str, u32)], meanwhile: (&str, u32), refusal: &str, end: &[(&str, u32)]) {
    let properties = |pairs: &[(&str, u32)]| -> BTreeMap<String, Setting> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Setting::Number(*value))).collect()
    };
    let mut world = World::default();
    let group = world.group("shop");
    let of = |world: &World| configuration(world).into_iter().find(|object| object.name == "shop").unwrap();
    let mut first = of(&world);
    first.properties = properties(&[("Priority", 3_000), ("FailoverThreshold", 5)]);
    configure(&mut world, ObjectId::Group(group), first.clone());
    let mut objects = configuration(&world);
    match wanted {
        [] => objects.retain(|object| object.name != "shop"),
        wanted => {
            let shop = objects.iter_mut().find(|object| object.name == "shop").unwrap();
            shop.properties = properties(wanted);
        }
    }
    let steps = plan(&world, &objects);
    let [step] = &steps[..] else { panic!("{steps:?}") };
    world.set_of(ObjectId::Group(group), meanwhile.0, meanwhile.1);
    let fresh = world.fresh();
    let command = world.engine.view().step_command(step, fresh).unwrap();
    let call = world.call(command);
    world.settle();
    let answer = world.answer(call).clone();
    if refusal.is_empty() {
        assert_eq!(answer.status, Status::SUCCESS, "{}", answer.text);
    } else {
        let expected = Status::CLUSTER_DATABASE_UPDATE_CONDITION_FAILED;
        assert_eq!((answer.status, answer.text.as_str()), (expected, refusal));
    }
    assert_eq!(of(&world).properties, properties(end), "{wanted:?} {meanwhile:?}");
}

#[test]
fn what_somebody_has_changed_since_the_plan_is_not_overwritten() {
    let to = &[("Priority", 1_000), ("FailoverThreshold", 5)][..];
    check_meanwhile(
        to,
        ("Priority", 2_000),
        "'properties.Priority' of group 'shop' is 2000, and was 3000 when this was planned; plan again",
        &[("Priority", 2_000), ("FailoverThreshold", 5)],
    );
    // What the plan would leave as it is.
    check_meanwhile(
        to,
        ("FailoverThreshold", 7),
        "'properties.FailoverThreshold' of group 'shop' is 7, and was 5 when this was planned; plan again",
        &[("Priority", 3_000), ("FailoverThreshold", 7)],
    );
    check_meanwhile(
        to,
        ("FailoverPeriod", 9),
        "'properties.FailoverPeriod' of group 'shop' is 9, and was not set when this was planned; plan again",
        &[("Priority", 3_000), ("FailoverThreshold", 5), ("FailoverPeriod", 9)],
    );
    // The same change, by somebody else.
    check_meanwhile(to, ("Priority", 1_000), "", to);
    // Nor is it deleted.
    check_meanwhile(
        &[],
        ("Priority", 2_000),
        "'properties.Priority' of group 'shop' is 2000, and was 3000 when this was planned; plan again",
        &[("Priority", 2_000), ("FailoverThreshold", 5)],
    );
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
            planned: None,
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
