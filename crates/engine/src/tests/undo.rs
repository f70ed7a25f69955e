//! Every kind of change that there is, taken back, and the taking back taken back: the configuration is as it was, as an
//! export shows it.

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting, TypedSetting};
use mainstay_types::control::function;
use mainstay_types::operation::{End, OperationRecord};
use mainstay_types::property::Format;
use mainstay_types::{
    ControlCode, GroupId, GroupSetId, HostId, Name, NetworkId, NodeId, ObjectId, OperationId, ResourceId,
    ResourceState, Status,
};

use super::whole::{configuration, undo};
use crate::command::{Command, Presence, Remark};
use crate::configuration::subject;
use crate::group_set::OrderChange;
use crate::input::CallId;
use crate::limits::{CLOSE_LIMIT_MS, HARD_STOP_PAUSE_MAX_MS};
use crate::testing::{Reaction, World};

const NODE: NodeId = NodeId(1);

/// Something of every kind.
struct Cluster {
    world: World,
    group: GroupId,
    empty: GroupId,
    provider: GroupId,
    resources: [ResourceId; 4],
    set: GroupSetId,
    other: GroupSetId,
    network: NetworkId,
}

impl Cluster {
    /// Resources `a` and `b`, and `c` that needs `d`; a group in a set, a group after a group and a set, a set after a set.
    fn new() -> Self {
        let mut world = World::default();
        let group = world.group("g");
        let resources = ["a", "b", "c", "d"].map(|name| world.resource(group, name));
        world.depend(resources[2], resources[3]);
        let forbidden = Command::RemovePossibleOwner { resource: resources[3], node: NODE };
        assert_eq!(world.status(forbidden), Status::SUCCESS);
        let (empty, provider) = (world.group("empty"), world.group("p"));
        let (set, other) = (world.group_set("s"), world.group_set("t"));
        world.order(OrderChange::Join { group: provider, set, moves: false });
        world.order(OrderChange::AddSet { set, provider: other });
        let last = world.group("last");
        world.order(OrderChange::AddGroup { group: last, provider: empty });
        world.order(OrderChange::AddSetToGroup { group: last, provider: other });
        world.library_type("Demo");
        world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
        let network = world.networks()[0].id;
        let mut cluster = Cluster { world, group, empty, provider, resources, set, other, network };
        // What is set has been something else before.
        for object in cluster.objects() {
            cluster.set(object, function::SET_PRIVATE_PROPERTIES, &private(1));
        }
        let list = PropertyList::new().with("RestartDelay", 900_u32);
        cluster.set(ObjectId::Resource(resources[1]), function::SET_COMMON_PROPERTIES, &list);
        cluster
    }

    /// One of each kind, a resource first.
    fn objects(&self) -> Vec<ObjectId> {
        let interface = self.world.interfaces()[0].id;
        vec![
            ObjectId::Resource(self.resources[0]),
            ObjectId::Group(self.group),
            ObjectId::Cluster,
            ObjectId::Node(NODE),
            ObjectId::ResourceType(Name::parse("Demo").unwrap()),
            ObjectId::GroupSet(self.set),
            ObjectId::Network(self.network),
            ObjectId::NetworkInterface(interface),
        ]
    }

    fn set(&mut self, object: ObjectId, function: u32, list: &PropertyList) {
        let command = setting(object, function, list);
        assert_eq!(self.world.status(command), Status::SUCCESS);
    }

    /// Everything that is configured, and what an export leaves out of it.
    fn all(&self) -> (Vec<ConfiguredObject>, String) {
        (configuration(&self.world), self.world.engine.view().cluster_name().to_owned())
    }

    fn wanted(&self, name: &str) -> ConfiguredObject {
        configuration(&self.world).into_iter().find(|object| object.name == name).expect(name)
    }
}

fn setting(object: ObjectId, function: u32, list: &PropertyList) -> Command {
    let code = ControlCode(0x40_0000 | function);
    Command::Control { object, code, input: list.to_bytes().unwrap(), output_length_max: 0 }
}

/// Private properties in every format.
fn private(number: u32) -> PropertyList {
    PropertyList::new()
        .with("Number", number)
        .with("Text", format!("text {number}"))
        .with("List", Value::MultiSz(vec![format!("one {number}"), "two".into()]))
        .with("Bytes", vec![number.to_le_bytes()[0]; 9])
        .with("Large", u64::from(number) << 40)
        .with("Path", Value::ExpandSz(format!("%HOME%/{number}")))
}

/// Common properties of an object of each kind, which a document has.
fn common(object: &ObjectId) -> PropertyList {
    let number = |name: &str, value: u32| PropertyList::new().with(name, value);
    match object {
        ObjectId::Resource(_) => number("RestartAction", 0).with("RestartDelay", 700_u32),
        ObjectId::Group(_) => number("Priority", 1_000).with("Description", "of all"),
        ObjectId::Cluster => number("IgnorePersistentStateOnStartup", 1),
        ObjectId::Node(_) => PropertyList::new().with("Description", "in the cellar"),
        ObjectId::ResourceType(_) => number("LooksAlivePollInterval", 4_000),
        ObjectId::GroupSet(_) => number("StartupCount", 2),
        ObjectId::Network(_) => number("Metric", 70).with("Description", "between the nodes"),
        ObjectId::NetworkInterface(_) => PropertyList::new().with("Description", "left"),
    }
}

/// Every kind of change, with the fresh ids that it needs.
fn changes(cluster: &mut Cluster) -> Vec<Command> {
    let Cluster { group, empty, provider, resources: [a, b, c, d], set, other, network, .. } = *cluster;
    let remark = Remark::default;
    let configure = |object: ObjectId, wanted: ConfiguredObject, presence: Presence| Command::Configure {
        object,
        wanted: Box::new(wanted),
        presence,
        planned: None,
        remark: remark(),
    };
    let mut fresh = || cluster.world.fresh();
    let (ids, demo) = ([fresh(), fresh(), fresh(), fresh(), fresh()], Name::parse("Demo").unwrap());
    let mut changed = cluster.wanted("a");
    changed.properties.insert("PendingTimeout".into(), Setting::Number(9_000));
    changed.parameters.remove("Text");
    changed.parameters.insert("Large".into(), Setting::Typed(TypedSetting::Qword("7".into())));
    changed.depends_on = "([b]) and ([d])".into();
    changed.possible_owners = Some(Vec::new());
    let mut made = ConfiguredObject::new(ConfiguredKind::Resource, "made");
    (made.type_name, made.group) = (Some("Generic Application".into()), Some("g".into()));
    made.parameters.insert("CommandLine".into(), Setting::Text("sleep 1".into()));
    made.depends_on = "([b])".into();
    let mut made_group = ConfiguredObject::new(ConfiguredKind::Group, "made");
    made_group.properties.insert("Priority".into(), Setting::Number(7));
    made_group.depends_on = "([p])".into();
    let mut made_type = ConfiguredObject::new(ConfiguredKind::Type, "Made");
    made_type.library = Some("/usr/lib/made.so".into());
    let mut made_set = ConfiguredObject::new(ConfiguredKind::GroupSet, "made");
    made_set.depends_on = "([t])".into();
    let mut changed_group = cluster.wanted("g");
    changed_group.preferred_owners = Some(vec!["alpha".into()]);
    changed_group.group_set = Some("t".into());
    let last = cluster.world.engine.view().find_group("last").unwrap();
    let mut all = vec![
        Command::CreateGroup { id: GroupId(ids[0]), name: "new".into(), group_type: 0 },
        Command::DeleteGroup { group: provider, force: false },
        Command::RenameGroup { group, name: "h".into() },
        Command::SetPreferredOwners { group, nodes: vec!["1".into()] },
        Command::CreateResource {
            id: ResourceId(ids[1]),
            group,
            name: "new".into(),
            type_name: "Generic Application".into(),
            flags: 0,
        },
        Command::DeleteResource { resource: a },
        Command::DeleteResource { resource: c },
        Command::RenameResource { resource: a, name: "z".into() },
        Command::CreateResourceType {
            name: "New".into(),
            display_name: "A new one".into(),
            library: "/usr/lib/new.so".into(),
            looks_alive_ms: 1_000,
            is_alive_ms: 0,
        },
        Command::DeleteResourceType { name: demo.clone() },
        Command::AddDependency { resource: a, provider: b },
        Command::RemoveDependency { resource: c, provider: d },
        Command::SetDependencyExpression { resource: c, expression: "([a] or [b]) and ([d])".into() },
        Command::RemovePossibleOwner { resource: a, node: NODE },
        Command::AddPossibleOwner { resource: d, node: NODE },
        Command::RenameNetwork { network, name: "Heartbeat".into() },
        Command::RenameCluster { name: "other".into() },
        configure(ObjectId::Resource(a), changed, Presence::There),
        configure(ObjectId::Group(group), changed_group, Presence::There),
        configure(ObjectId::Resource(ResourceId(ids[2])), made, Presence::New),
        configure(ObjectId::Group(GroupId(ids[3])), made_group, Presence::New),
        configure(ObjectId::GroupSet(GroupSetId(ids[4])), made_set, Presence::New),
        configure(ObjectId::ResourceType(Name::parse("Made").unwrap()), made_type, Presence::New),
    ];
    let orders = [
        OrderChange::CreateSet { id: GroupSetId(ids[4]), name: "u".into() },
        OrderChange::Join { group, set, moves: false },
        OrderChange::Join { group: provider, set: other, moves: true },
        OrderChange::Leave { group: provider },
        OrderChange::AddGroup { group, provider: empty },
        OrderChange::RemoveGroup { group: last, provider: empty },
        OrderChange::SetGroups { group, expression: "([empty]) and ([last])".into() },
        OrderChange::AddSetToGroup { group, provider: set },
        OrderChange::RemoveSetFromGroup { group: last, provider: other },
        OrderChange::RemoveSet { set, provider: other },
        OrderChange::SetSets { set, expression: String::new() },
    ];
    all.extend(orders.map(Command::Order));
    for object in cluster.objects() {
        all.push(setting(object.clone(), function::SET_COMMON_PROPERTIES, &common(&object)));
        all.push(setting(object, function::SET_PRIVATE_PROPERTIES, &private(2)));
    }
    let unset = |name: &str, format| PropertyList::new().with(name, Value::NoData(format));
    all.push(setting(ObjectId::Resource(a), function::SET_PRIVATE_PROPERTIES, &unset("Text", Format::Sz)));
    all.push(setting(
        ObjectId::Resource(b),
        function::SET_COMMON_PROPERTIES,
        &unset("RestartDelay", Format::Dword),
    ));
    all
}

/// Taking it back is answered; with the operation that it was.
fn taken_back(world: &mut World, operation: OperationId) -> Result<OperationId, String> {
    let (status, text) = undo(world, operation);
    let done = world.answer(world.last_call()).operation.ok_or("no operation")?;
    if status == Status::SUCCESS { Ok(done) } else { Err(format!("{status}: {text}")) }
}

#[test]
fn every_kind_of_change_is_taken_back_and_that_too() {
    let count = changes(&mut Cluster::new()).len();
    for number in 0..count {
        let mut cluster = Cluster::new();
        let command = changes(&mut cluster).swap_remove(number);
        let shown = format!("{command:?}");
        let before = cluster.all();
        let call = cluster.world.call(command);
        cluster.world.settle();
        let answer = cluster.world.answer(call).clone();
        assert_eq!(answer.status, Status::SUCCESS, "{shown}: {}", answer.text);
        let after = cluster.all();
        assert_ne!(before, after, "{shown}");
        let mut operation = answer.operation.unwrap();
        for (round, expected) in [&before, &after, &before, &after].into_iter().enumerate() {
            let done = taken_back(&mut cluster.world, operation);
            let earlier = operation;
            operation = done.unwrap_or_else(|text| panic!("{shown}, {round}: {text}"));
            assert_eq!(cluster.all(), *expected, "{shown}, {round}");
            // Once is enough.
            assert!(taken_back(&mut cluster.world, earlier).is_err(), "{shown}, {round}");
            assert_eq!(cluster.all(), *expected, "{shown}, {round}");
        }
    }
}

#[test]
fn what_is_no_configuration_is_not_taken_back_and_says_so() {
    let mut cluster = Cluster::new();
    let resource = ObjectId::Resource(cluster.resources[0]);
    let maintenance = Command::Control {
        object: resource,
        code: mainstay_types::control::RESOURCE_SET_MAINTENANCE_MODE,
        input: 1_u32.to_le_bytes().to_vec(),
        output_length_max: 0,
    };
    let pause = Command::PauseNode { node: NODE, flags: 0, drain: None, remark: Remark::default() };
    let by_force = Command::DeleteGroup { group: cluster.group, force: true };
    for (command, expected) in [
        (maintenance, "what it changed is no configuration, or is so already"),
        (pause, "what it changed is no configuration, or is so already"),
        (by_force, "it changed more than one object; apply an earlier export instead"),
    ] {
        let shown = format!("{command:?}");
        let call = cluster.world.call(command);
        cluster.world.settle();
        let answer = cluster.world.answer(call).clone();
        assert_eq!(answer.status, Status::SUCCESS, "{shown}: {}", answer.text);
        let before = cluster.all();
        let (_, text) = undo(&mut cluster.world, answer.operation.unwrap());
        assert!(text.contains(expected), "{shown}: {text}");
        assert_eq!(cluster.all(), before, "{shown}");
    }
}

/// What is done, the last of which is taken back; what stays when all else goes; what that is refused with.
type GoneRow = (&'static str, fn(&Cluster) -> Vec<Command>, &'static str, &'static str);

#[test]
fn what_is_gone_is_told_without_an_id() {
    let rows: &[GoneRow] = &[
        (
            "something was set of what is gone",
            |cluster| {
                let object = ObjectId::Group(cluster.empty);
                let list = PropertyList::new().with("Priority", 3_000_u32);
                let unset = PropertyList::new().with("Priority", Value::NoData(Format::Dword));
                let set = |list| setting(object.clone(), function::SET_COMMON_PROPERTIES, list);
                vec![set(&list), set(&unset)]
            },
            "",
            "group 'empty' is no longer there; undo its deletion first, 'mainstay history' shows it",
        ),
        (
            "it was renamed before it went",
            |cluster| vec![Command::RenameResource { resource: cluster.resources[0], name: "z".into() }],
            "",
            "resource 'a' is no longer there; undo its deletion first, 'mainstay history' shows it",
        ),
        (
            "the group of a resource is gone",
            |cluster| vec![Command::DeleteResource { resource: cluster.resources[0] }],
            "",
            "the group that it was in is no longer there; undo the deletion of that first, 'mainstay history' shows it",
        ),
        (
            "what a resource needed is gone",
            |cluster| vec![Command::DeleteResource { resource: cluster.resources[2] }],
            "g",
            "a resource that it needed is no longer there; undo the deletion of that first, 'mainstay history' shows it",
        ),
        (
            "what a group started after is gone",
            |cluster| {
                let last = cluster.world.engine.view().find_group("last").unwrap();
                vec![Command::DeleteGroup { group: last, force: false }]
            },
            "",
            "a group that it started after is no longer there; undo the deletion of that first, 'mainstay history' \
             shows it",
        ),
        (
            "the set of a group is gone",
            |cluster| vec![Command::Order(OrderChange::Leave { group: cluster.provider })],
            "p",
            "the group set that it was in is no longer there; undo the deletion of that first, 'mainstay history' shows \
             it",
        ),
        (
            "what a set started after is gone",
            |cluster| {
                let (set, provider) = (cluster.set, cluster.other);
                vec![Command::Order(OrderChange::RemoveSet { set, provider })]
            },
            "s",
            "a group set that it started after is no longer there; undo the deletion of that first, 'mainstay history' \
             shows it",
        ),
    ];
    for (title, commands, stays, expected) in rows {
        let mut cluster = Cluster::new();
        let mut undone = None;
        for command in commands(&cluster) {
            undone = Some(done(&mut cluster.world, command));
        }
        // Everything that can go goes.
        let Cluster { resources, set, other, group, empty, provider, .. } = cluster;
        let last = cluster.world.engine.view().find_group("last");
        let mut rest: Vec<Command> =
            [2, 3, 0, 1].map(|at| Command::DeleteResource { resource: resources[at] }).into();
        rest.extend(last.map(|group| Command::DeleteGroup { group, force: false }));
        rest.extend([group, empty, provider].map(|group| Command::DeleteGroup { group, force: false }));
        rest.extend([set, other].map(|set| Command::Order(OrderChange::DeleteSet { set })));
        let undone = undone.unwrap();
        for command in rest {
            if cluster.world.engine.plain_name(&subject(&command).1) != *stays {
                let _ = cluster.world.status(command);
                cluster.world.pass_ms(60_000);
            }
        }
        let before = cluster.all();
        let (status, text) = undo(&mut cluster.world, undone);
        assert_eq!(status, Status::INVALID_STATE, "{title}: {text}");
        assert_eq!(text, format!("operation {undone} cannot be undone: {expected}"), "{title}");
        assert_eq!(cluster.all(), before, "{title}");
    }
}

/// The effects after which a service is killed: more than anything has that is done here.
const KILLED_WITHIN: usize = 40;

fn is_accepted(status: Status) -> bool {
    matches!(status, Status::SUCCESS | Status::IO_PENDING)
}

fn done(world: &mut World, command: Command) -> OperationId {
    let call = world.call(command);
    world.settle();
    let answer = world.answer(call).clone();
    assert_eq!(answer.status, Status::SUCCESS, "{}", answer.text);
    answer.operation.unwrap()
}

/// Taken back by a service that is killed before the effect after so many. Whoever asked asks again.
fn taken_back_when_killed(world: &mut World, operation: OperationId, crash_after: usize) {
    let undo = undoing(world, operation);
    let object = world.journal[&operation].object.clone();
    world.crash_after = Some(crash_after);
    world.call(undo.clone());
    world.settle();
    world.crash_after = None;
    world.pass_ms(60_000);
    let model = world.engine.view().model();
    let is_back = match object {
        ObjectId::Resource(id) => model.resource(id).is_some(),
        ObjectId::Group(id) => model.group(id).is_some(),
        _ => false,
    };
    if !is_back {
        assert_eq!(world.status(undo), Status::SUCCESS);
    }
}

/// What guard and hosts remember of a leaf, and of a group, they remember longer than the database does.
#[test]
fn what_is_brought_back_is_opened_above_its_closed_leaf_whenever_the_service_is_killed() {
    for crash_after in 0..KILLED_WITHIN {
        for (with_group, separate) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
            let mut world = World::default();
            let group = world.group("g");
            let a = world.resource_of_type(group, "a", "Generic Application", separate);
            assert!(is_accepted(world.online(a)));
            // Each ends by a stop by force, which closes the leaf for one epoch more.
            world.behave(a).terminate = Reaction::Hang;
            for _ in 0..3 {
                world.fail(a);
                world.pass_ms(120_000);
            }
            world.behave(a).terminate = Reaction::Done;
            assert!(is_accepted(world.offline(a, 0)));
            let mut deleted = vec![done(&mut world, Command::DeleteResource { resource: a })];
            world.pass_ms(60_000);
            if with_group {
                deleted.push(done(&mut world, Command::DeleteGroup { group, force: false }));
            }
            for operation in deleted.into_iter().rev() {
                taken_back_when_killed(&mut world, operation, crash_after);
            }
            let answer = world.online(a);
            world.pass_ms(60_000);
            assert!(is_accepted(answer), "{crash_after}, {with_group}, {separate}: {answer}");
            assert_eq!(world.state(a), ResourceState::Online, "{crash_after}, {with_group}, {separate}");
        }
    }
}

fn undoing(world: &World, operation: OperationId) -> Command {
    let record = world.journal[&operation].clone();
    let OperationRecord { object, name, changes, .. } = record;
    Command::Undo { operation, object, name, changes, remark: Remark::default() }
}

#[test]
fn what_is_just_deleted_is_brought_back_when_nothing_is_left_of_it() {
    let mut world = World::default();
    let group = world.group("g");
    let a = world.resource(group, "a");
    world.slow_hosts.insert(HostId::Pool);
    let deleted = done(&mut world, Command::DeleteResource { resource: a });
    let undo = undoing(&world, deleted);
    let call = world.call(undo.clone());
    world.settle();
    assert!(!world.answers.contains_key(&call), "its Close has not ended");
    world.hurry();
    assert_eq!(world.answer(call).status, Status::SUCCESS, "{}", world.answer(call).text);
    let record = &world.journal[&world.answer(call).operation.unwrap()];
    assert_eq!((record.name.as_str(), &record.end), ("a", &Some(End::Done)));
    assert!(is_accepted(world.online(a)));
}

#[test]
fn who_brings_back_what_does_not_end_is_told_so() {
    let mut world = World::default();
    let group = world.group("g");
    let a = world.resource(group, "a");
    world.slow_hosts.insert(HostId::Pool);
    let deleted = done(&mut world, Command::DeleteResource { resource: a });
    let undo = undoing(&world, deleted);
    let call = world.call(undo.clone());
    // Neither Close nor the hard stop after it ends.
    world.guard_is_dead = true;
    world.pass_ms(CLOSE_LIMIT_MS);
    let said = "what is left of the deleted resource 'a' could not be ended yet and is stopped by force; try again when \
                its processes are gone";
    let told = |world: &World, call: CallId| (world.answer(call).status, world.answer(call).text.clone());
    assert_eq!(told(&world, call), (Status::INVALID_STATE, said.to_owned()));
    // Nobody else waits in vain.
    let call = world.call(undo.clone());
    world.settle();
    assert_eq!(told(&world, call), (Status::INVALID_STATE, said.to_owned()));
    world.guard_is_dead = false;
    world.pass_ms(HARD_STOP_PAUSE_MAX_MS);
    assert_eq!(world.status(undo), Status::SUCCESS);
}

#[test]
fn the_record_of_what_is_brought_back_has_its_name_and_runs_until_its_host_has_it() {
    let mut world = World::default();
    let group = world.group("g");
    let a = world.resource(group, "a");
    let deleted = done(&mut world, Command::DeleteResource { resource: a });
    world.behave(a).open = Reaction::Hang;
    let undo = undoing(&world, deleted);
    let undone = done(&mut world, undo);
    let seen = |world: &World| {
        let record = &world.journal[&undone];
        (record.name.clone(), record.end.clone(), record.has_configured())
    };
    assert_eq!(seen(&world), ("a".into(), None, true));
    world.end_order(a, Reaction::Fail);
    let (_, end, has_configured) = seen(&world);
    assert!(end.is_some() && has_configured, "{end:?}: it is there whatever becomes of its Open");
    let call = world.call(undoing(&world, undone));
    world.settle();
    assert_eq!(world.answer(call).status, Status::SUCCESS, "{}", world.answer(call).text);
}
