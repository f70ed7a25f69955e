//! The steps of a configuration, rehearsed: what is refused is what the engine then refuses, and nothing is done.

use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting, Step, StepAction};
use mainstay_types::operation::Asker;
use mainstay_types::{Access, Name, ObjectId, ResourceState, Status};
use uuid::Uuid;

use crate::command::{Caller, Command, Presence, Remark};
use crate::limits::{HOST_START_MS, QUERY_TIMEOUT_MS};
use crate::rehearsal::{Asked, Durations, Judgement};
use crate::testing::{CheckReaction, World};

/// The steps to a configuration, rehearsed, and what types would be asked.
pub(super) fn rehearse_steps(world: &World, wanted: &[ConfiguredObject]) -> (Vec<Step>, Vec<Judgement>) {
    let view = world.engine.view();
    let mut steps = view.plan_configuration(wanted).unwrap();
    let asker = Asker { account: "root".into(), sid: "S-1-22-1-0".into(), origin: "test".into() };
    let caller = Caller { asker, access: Access::Full, reason: String::new() };
    let mut last = 0xF000_0000_u128;
    let fresh = || {
        last += 1;
        Uuid::from_u128(last)
    };
    let judgements =
        view.rehearsal(world.now, Durations::default()).carry_out_steps(&caller, &mut steps, fresh);
    (steps, judgements)
}

fn group(name: &str) -> ConfiguredObject {
    ConfiguredObject::new(ConfiguredKind::Group, name)
}

fn resource(name: &str, group: &str) -> ConfiguredObject {
    let mut resource = ConfiguredObject::new(ConfiguredKind::Resource, name);
    (resource.type_name, resource.group) = (Some("Generic Application".into()), Some(group.into()));
    resource
}

fn needing(name: &str, expression: &str) -> ConfiguredObject {
    ConfiguredObject { depends_on: expression.into(), ..resource(name, "g") }
}

fn with(mut object: ConfiguredObject, property: &str, value: Setting) -> ConfiguredObject {
    object.properties.insert(property.into(), value);
    object
}

/// A cluster with group 'g', in which 'web' needs 'disk'.
fn some_world() -> World {
    let mut world = World::default();
    let g = world.group("g");
    let (disk, web) = (world.resource(g, "disk"), world.resource(g, "web"));
    world.depend(web, disk);
    world
}

fn exported(world: &World) -> Vec<ConfiguredObject> {
    world.engine.view().configuration().unwrap()
}

/// Applies these objects beside what is there: the first that is refused in the rehearsal is refused so when it is
/// done, and what comes before it is not.
#[track_caller]
fn check(added: Vec<ConfiguredObject>, refused: &str, expected: Status) {
    let mut world = some_world();
    let mut wanted = exported(&world);
    for object in added {
        wanted.retain(|known| known.identity() != object.identity());
        wanted.push(object);
    }
    let (before, revision) = (exported(&world), world.engine.view().tree().revision());
    let (steps, _) = rehearse_steps(&world, &wanted);
    assert_eq!(exported(&world), before, "a plan changes nothing");
    assert_eq!(world.engine.view().tree().revision(), revision);
    let found: Vec<(&str, Option<Status>)> = steps
        .iter()
        .filter(|step| step.refused.is_some())
        .map(|step| (step.object.name.as_str(), step.status))
        .collect();
    assert_eq!(found, [(refused, Some(expected))], "{steps:?}");
    for step in &steps {
        let fresh = world.fresh();
        let (status, text) = match world.engine.view().step_command(step, fresh) {
            Err(none) => (none.status, none.text),
            Ok(command) => {
                let call = world.call(command);
                world.settle();
                (world.answer(call).status, world.answer(call).text.clone())
            }
        };
        if let Some(planned) = &step.refused {
            let said = text.split(';').next().unwrap_or_default();
            assert_eq!(Some(status), step.status);
            assert!(planned.starts_with(said), "{planned} | {said}");
            return;
        }
        assert_eq!(status, Status::SUCCESS, "{text}");
    }
}

#[test]
fn every_step_that_is_refused_is_shown() {
    use Setting::{Number, Text};
    let ab = || group("aa1");
    check(
        vec![ab(), ConfiguredObject { type_name: Some("nope".into()), ..resource("bad", "g") }],
        "bad",
        Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND,
    );
    let priority = with(group("g"), "Priority", Number(9999));
    check(vec![ab(), priority], "g", Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS);
    check(vec![ab(), with(resource("r", "g"), "NoSuch", Number(1))], "r", Status::INVALID_PARAMETER);
    check(
        vec![with(resource("r", "g"), "RestartAction", Text("x".into()))],
        "r",
        Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH,
    );
    check(vec![ab(), resource("r", "nogroup")], "r", Status::GROUP_NOT_AVAILABLE);
    check(vec![ab(), needing("bad", "[bad]")], "bad", Status::INVALID_PARAMETER);
    check(vec![ab(), needing("bad", "[q")], "bad", Status::INVALID_PARAMETER);
    check(vec![ab(), needing("disk", "[web]")], "disk", Status::CIRCULAR_DEPENDENCY);
    check(vec![needing("r", "[disk] and [disk]")], "r", Status::DEPENDENCY_ALREADY_EXISTS);
    let preferring = ConfiguredObject { preferred_owners: Some(vec!["nonode".into()]), ..group("h") };
    check(vec![preferring], "h", Status::CLUSTER_NODE_NOT_FOUND);
    let owned = ConfiguredObject { possible_owners: Some(vec!["nonode".into()]), ..needing("web", "[disk]") };
    check(vec![ab(), owned], "web", Status::CLUSTER_NODE_NOT_FOUND);
    let mut node = ConfiguredObject::new(ConfiguredKind::Node, "nonode");
    node.properties.insert("Description".into(), Text("x".into()));
    check(vec![ab(), node], "nonode", Status::CLUSTER_NODE_NOT_FOUND);
    check(
        vec![ConfiguredObject { group_set: Some("no set".into()), ..group("h") }],
        "h",
        Status::GROUPSET_NOT_AVAILABLE,
    );
    check(vec![resource("a\\b", "g")], "a\\b", Status::INVALID_NAME);
}

#[test]
fn each_step_sees_what_those_before_it_did() {
    let mut world = some_world();
    let mut wanted = exported(&world);
    wanted.extend([
        group("h"),
        resource("a", "h"),
        ConfiguredObject { depends_on: "[a]".into(), ..resource("b", "h") },
    ]);
    let (steps, _) = rehearse_steps(&world, &wanted);
    assert!(steps.len() == 3 && steps.iter().all(|step| step.refused.is_none()), "{steps:?}");
    // A chain of more than a hundred is refused where it becomes too long, and what needs that too.
    let name = |number: usize| format!("r{number:03}");
    wanted.push(resource(&name(0), "h"));
    wanted.extend((1..103).map(|number| ConfiguredObject {
        depends_on: format!("[{}]", name(number - 1)),
        ..resource(&name(number), "h")
    }));
    let (steps, _) = rehearse_steps(&world, &wanted);
    let refused: Vec<&Step> = steps.iter().filter(|step| step.refused.is_some()).collect();
    assert_eq!(refused[0].status, Some(Status::DEPENDENCY_TREE_TOO_COMPLEX), "{refused:?}");
    assert!(refused.len() < 5 && refused[0].object.name.starts_with("r1"), "{refused:?}");

    // What is online is taken offline for its deletion, as the apply does it; then its group is empty.
    let web = world.engine.view().find_resource("web").unwrap();
    assert_eq!(world.online(web), Status::IO_PENDING);
    let (steps, _) = rehearse_steps(&world, &[]);
    let told: Vec<(StepAction, &str, bool, bool)> = steps
        .iter()
        .filter(|step| step.action == StepAction::Delete)
        .map(|step| (step.action, step.object.name.as_str(), step.refused.is_some(), step.needs_offline))
        .collect();
    let delete = StepAction::Delete;
    assert_eq!(
        told,
        [(delete, "web", true, true), (delete, "disk", true, true), (delete, "g", false, false)]
    );
    assert_eq!(world.state(web), ResourceState::Online);
    world.lock(web, true);
    let (steps, _) = rehearse_steps(&world, &[]);
    let locked = steps.iter().find(|step| step.object.name == "web").unwrap();
    assert_eq!(locked.status, Some(Status::CLUSTER_RESOURCE_LOCKED_STATUS), "{locked:?}");
    assert!(!locked.needs_offline, "taking it offline is no way out");
}

#[test]
fn what_names_something_that_is_refused_says_so() {
    let world = some_world();
    let mut wanted = exported(&world);
    let refused = with(group("h"), "Priority", Setting::Number(9999));
    let in_refused = resource("a", "H");
    let needing = ConfiguredObject { depends_on: "[a]".into(), ..resource("b", "g") };
    let after_refused = ConfiguredObject { depends_on: "[h]".into(), ..group("later") };
    wanted.extend([refused, in_refused, needing, after_refused, resource("c", "nobody")]);
    let (steps, _) = rehearse_steps(&world, &wanted);
    let told: Vec<(&str, Option<Status>, &str)> = steps
        .iter()
        .map(|step| (step.object.name.as_str(), step.status, step.refused.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "h",
                Some(Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS),
                "property 'Priority' of group 'h' cannot be 9999; it takes 0 to 4999"
            ),
            (
                "later",
                Some(Status::INVALID_PARAMETER),
                "group 'h', which it names, is to be made too, and that is refused; 'mainstay cluster plan FILE' says why"
            ),
            (
                "a",
                Some(Status::GROUP_NOT_AVAILABLE),
                "group 'h', which it names, is to be made too, and that is refused; 'mainstay cluster plan FILE' says why"
            ),
            (
                "b",
                Some(Status::INVALID_PARAMETER),
                "resource 'a', which it names, is to be made too, and that is refused; 'mainstay cluster plan FILE' says why"
            ),
            (
                "c",
                Some(Status::GROUP_NOT_AVAILABLE),
                "there is no group 'nobody'; 'mainstay group list' shows those there are"
            ),
        ]
    );
}

#[test]
fn a_document_that_does_not_say_what_an_object_keeps_changes_nothing_of_it() {
    let made = |group_type: u32| {
        let mut world = World::default();
        let id = mainstay_types::GroupId(world.fresh());
        let command = Command::CreateGroup { id, name: "g".into(), group_type };
        assert_eq!(world.status(command), Status::SUCCESS);
        world.resource(id, "r");
        world.library_type("Demo");
        world
    };
    for (known, said, is_refused) in [
        (9_999, None, false),
        (9_999, Some(9_999), false),
        (9_999, Some(0), false),
        (0, Some(9_999), false),
        (111, None, false),
        (111, Some(111), false),
        (111, Some(9_999), true),
        (9_999, Some(111), true),
        (0, Some(111), true),
    ] {
        let mut world = made(known);
        let mut wanted = exported(&world);
        for object in &mut wanted {
            object.display_name = None;
            if object.kind == ConfiguredKind::Resource {
                (object.type_name, object.group) = (None, None);
            }
        }
        let it = wanted.iter_mut().find(|object| object.name == "g").unwrap();
        it.group_type = said;
        let (steps, _) = rehearse_steps(&world, &wanted);
        let found: Vec<Option<Status>> = steps.iter().map(|step| step.status).collect();
        let expected = if is_refused { vec![Some(Status::INVALID_PARAMETER)] } else { Vec::new() };
        assert_eq!(found, expected, "{known} {said:?}: {steps:?}");
        if is_refused {
            // Nor is it taken from who asks for that alone.
            let it = wanted.iter().find(|object| object.name == "g").unwrap().clone();
            let group = world.engine.view().find_group("g").unwrap();
            let before = world.database();
            let call = world.call(Command::Configure {
                object: ObjectId::Group(group),
                wanted: Box::new(it),
                presence: Presence::There,
                planned: None,
                remark: Remark::default(),
            });
            let answer = world.answer(call);
            assert_eq!(answer.status, Status::INVALID_PARAMETER, "{known} {said:?}");
            assert!(answer.text.contains("with another group_type"), "{}", answer.text);
            assert_eq!(world.database(), before);
        }
        // What else it says is done, and what the group was made with stays.
        if !is_refused {
            let it = wanted.iter_mut().find(|object| object.name == "g").unwrap();
            it.properties.insert("Priority".into(), Setting::Number(3_000));
            let (steps, _) = rehearse_steps(&world, &wanted);
            let [step] = steps.as_slice() else { panic!("{steps:?}") };
            let fresh = world.fresh();
            let command = world.engine.view().step_command(step, fresh).unwrap();
            assert_eq!(world.status(command), Status::SUCCESS);
            let now = exported(&world).into_iter().find(|object| object.name == "g").unwrap();
            assert_eq!(now.group_type.unwrap_or(0), known);
            assert_eq!(now.properties["Priority"], Setting::Number(3_000));
        }
    }
}

#[test]
fn what_types_would_be_asked_is_told() {
    let mut world = some_world();
    world.library_type("Demo");
    let parameter = |mut object: ConfiguredObject| {
        object.parameters.insert("Nonsense".into(), Setting::Number(1));
        object
    };
    let mut wanted = exported(&world);
    wanted.retain(|object| object.name != "disk");
    let foreign = ConfiguredObject { type_name: Some("Demo".into()), ..resource("foreign", "g") };
    wanted.extend([parameter(resource("disk", "g")), parameter(resource("new", "g")), parameter(foreign)]);
    let (steps, judgements) = rehearse_steps(&world, &wanted);
    assert!(steps.iter().all(|step| step.refused.is_none()), "{steps:?}");
    let asked = judgements.iter().map(|judgement| match &judgement.asked {
        Asked::Private { object, .. } => (steps[judgement.step].object.name.as_str(), object),
        other => panic!("{other:?}"),
    });
    let asked: Vec<(&str, &ObjectId)> = asked.collect();
    let disk = ObjectId::Resource(world.engine.view().find_resource("disk").unwrap());
    let built_in = ObjectId::ResourceType(Name::parse("Generic Application").unwrap());
    assert_eq!(asked, [("disk", &disk), ("new", &built_in)]);
    for step in &steps {
        assert_eq!(step.notes.is_empty(), step.object.name != "foreign", "{step:?}");
    }
}

/// Makes a resource with a private property; says what came of it.
fn make(world: &mut World, name: &str) -> (Option<Status>, bool) {
    let mut wanted = resource(name, "g");
    wanted.parameters.insert("Nonsense".into(), Setting::Number(1));
    let fresh = world.fresh();
    let command =
        world.engine.view().configuring(&wanted, Presence::New, None, fresh, Remark::default()).unwrap();
    let call = world.call(command);
    world.settle();
    if !world.answers.contains_key(&call) {
        world.pass_ms(HOST_START_MS.max(QUERY_TIMEOUT_MS));
    }
    let status = world.answers.get(&call).map(|answer| answer.status);
    (status, world.engine.view().find_resource(name).is_some())
}

#[test]
fn a_type_that_is_built_in_judges_a_resource_before_it_is_made() {
    let built_in = Name::parse("Generic Application").unwrap();
    for (reaction, expected) in [
        (CheckReaction::Yes, Status::SUCCESS),
        (CheckReaction::Unknown, Status::SUCCESS),
        (CheckReaction::Silent, Status::SUCCESS),
        (CheckReaction::No(Status::RESOURCE_PROPERTIES_STORED), Status::SUCCESS),
        (CheckReaction::No(Status::INVALID_PARAMETER), Status::INVALID_PARAMETER),
    ] {
        // Its host is there for nobody else yet.
        let mut world = World::default();
        world.group("g");
        world.type_judgements.insert(built_in.clone(), reaction);
        assert_eq!(make(&mut world, "r"), (Some(expected), expected == Status::SUCCESS), "{reaction:?}");
    }
    // No host comes: then it is made, as one that no type has seen.
    let mut world = World::default();
    world.group("g");
    world.hosts_start = false;
    assert_eq!(make(&mut world, "r"), (Some(Status::SUCCESS), true));
}

#[test]
fn what_somebody_else_made_or_deleted_since_the_plan_is_refused() {
    let mut world = some_world();
    let mut wanted = exported(&world);
    let changed = with(group("g"), "Priority", Setting::Number(1000));
    wanted.retain(|object| object.name != "g");
    wanted.extend([changed, resource("new", "g"), group("h")]);
    let (steps, _) = rehearse_steps(&world, &wanted);
    let g = world.engine.view().find_group("g").unwrap();
    world.resource(g, "new");
    world.group("H");
    let rename = Command::RenameGroup { group: g, name: "other".into() };
    assert_eq!(world.status(rename), Status::SUCCESS);
    let mut found = Vec::new();
    for step in &steps {
        let fresh = world.fresh();
        let status = match world.engine.view().step_command(step, fresh) {
            Err(none) => none.status,
            Ok(command) => world.status(command),
        };
        found.push((step.object.name.as_str(), status));
    }
    found.sort();
    let there = Status::OBJECT_ALREADY_EXISTS;
    // The new resource would be in a group of that name, which nothing has any more.
    assert_eq!(found[..2], [("g", Status::GROUP_NOT_FOUND), ("h", there)]);
    assert!(found[2].0 == "new" && found[2].1 != Status::SUCCESS, "{found:?}");
}
