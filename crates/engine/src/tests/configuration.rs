//! Configuration changes and control codes: what each is refused with, and what it leaves.

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::control::{function, object};
use mainstay_types::{Access, ControlCode, HostId, NodeId, ObjectId, ResourceId, ResourceState, Status};

use crate::command::Command;
use crate::testing::{Reaction, World};

const MODIFY: u32 = 1 << 22;

fn control(object: ObjectId, code: u32, input: Vec<u8>) -> Command {
    Command::Control { object, code: ControlCode(code), input, output_length_max: 1 << 20 }
}

fn set_common(world: &mut World, id: ResourceId, list: &PropertyList) -> Status {
    let code = object::RESOURCE | MODIFY | function::SET_COMMON_PROPERTIES;
    world.status(control(ObjectId::Resource(id), code, list.to_bytes().unwrap()))
}

fn read(world: &mut World, id: ResourceId, function: u32) -> PropertyList {
    let call = world.call(control(ObjectId::Resource(id), object::RESOURCE | function, Vec::new()));
    let answer = world.answer(call);
    assert_eq!(answer.status, Status::SUCCESS, "{}", answer.text);
    PropertyList::parse(&answer.output).unwrap()
}

#[test]
fn names_are_unique_whatever_their_case() {
    let mut world = World::default();
    let group = world.group("Group");
    let id = mainstay_types::GroupId(world.fresh());
    let again = Command::CreateGroup { id, name: "GROUP".into(), group_type: 0 };
    assert_eq!(world.status(again), Status::OBJECT_ALREADY_EXISTS);
    let a = world.resource(group, "a");
    world.resource(group, "b");
    let rename = |name: &str| Command::RenameResource { resource: a, name: name.into() };
    assert_eq!(world.status(rename("B")), Status::OBJECT_ALREADY_EXISTS);
    assert_eq!(world.status(rename("A")), Status::SUCCESS);
    let too_long = "x".repeat(mainstay_types::name::NAME_LENGTH_MAX + 1);
    for name in ["", " ", " x", "x\\y", too_long.as_str()] {
        assert_eq!(world.status(rename(name)), Status::INVALID_NAME, "{name:?}");
    }
    world.group("other");
    let rename_group = |name: &str| Command::RenameGroup { group, name: name.into() };
    assert_eq!(world.status(rename_group("OTHER")), Status::OBJECT_ALREADY_EXISTS);
    assert_eq!(world.status(rename_group("")), Status::INVALID_NAME);
    assert_eq!(world.status(rename_group("front")), Status::SUCCESS);
    assert_eq!(world.engine.view().find_group("Front"), Some(group));
    assert_eq!(world.engine.view().find_resource("a"), Some(a));
    assert_eq!(world.engine.view().find_resource(&a.to_string()), Some(a));
}

#[test]
fn dependencies_have_their_refusals() {
    let mut world = World::default();
    let (group, other) = (world.group("g"), world.group("h"));
    let [a, b, c] = ["a", "b", "c"].map(|name| world.resource(group, name));
    let far = world.resource(other, "far");
    let add = |resource, provider| Command::AddDependency { resource, provider };
    let remove = |resource, provider| Command::RemoveDependency { resource, provider };
    for (command, expected) in [
        (add(a, far), Status::INVALID_PARAMETER),
        (add(a, a), Status::CIRCULAR_DEPENDENCY),
        (add(b, a), Status::SUCCESS),
        (add(b, a), Status::DEPENDENCY_ALREADY_EXISTS),
        (add(c, b), Status::SUCCESS),
        (add(a, c), Status::CIRCULAR_DEPENDENCY),
        (remove(a, b), Status::DEPENDENCY_NOT_FOUND),
        (remove(c, b), Status::SUCCESS),
    ] {
        let shown = format!("{command:?}");
        assert_eq!(world.status(command), expected, "{shown}");
    }
    let view = world.engine.view();
    assert!(view.can_resource_be_dependent(c, b) && !view.can_resource_be_dependent(a, b));
    assert_eq!(view.dependency_expression(b), Some(format!("([{a}])")));

    let set = |text: &str| Command::SetDependencyExpression { resource: c, expression: text.into() };
    for (text, expected) in [
        ("[a] and [b]", Status::SUCCESS),
        ("[a] and [a]", Status::DEPENDENCY_ALREADY_EXISTS),
        ("[c]", Status::INVALID_PARAMETER),
        ("[nobody]", Status::INVALID_PARAMETER),
        ("[far]", Status::INVALID_PARAMETER),
        ("[a] [b]", Status::INVALID_PARAMETER),
    ] {
        assert_eq!(world.status(set(text)), expected, "{text}");
    }
    assert_eq!(world.engine.view().dependency_expression(c), Some(format!("([{a}]) and ([{b}])")));
    assert_eq!(world.status(set("")), Status::SUCCESS);
    assert_eq!(world.engine.view().dependency_expression(c), Some(String::new()));
    world.online(c);
    assert_eq!(world.status(add(c, b)), Status::RESOURCE_ONLINE);
}

#[test]
fn types_and_owners() {
    let mut world = World::default();
    let group = world.group("g");
    let create = |name: &str, library: &str| Command::CreateResourceType {
        name: name.into(),
        display_name: String::new(),
        library: library.into(),
        looks_alive_ms: 0,
        is_alive_ms: 0,
    };
    assert_eq!(world.status(create("Demo", "")), Status::INVALID_PARAMETER);
    assert_eq!(world.status(create("Demo", "libdemo.so")), Status::SUCCESS);
    assert_eq!(world.status(create("demo", "libdemo.so")), Status::ALREADY_EXISTS);
    let x = world.resource_of_type(group, "x", "DEMO", 0);
    assert_eq!(world.state(x), ResourceState::Offline);
    let name = world.engine.view().find_type("demo").unwrap().name.clone();
    let delete = Command::DeleteResourceType { name };
    assert_eq!(world.status(delete.clone()), Status::DIR_NOT_EMPTY);
    let node = NodeId(1);
    let add = Command::AddPossibleOwner { resource: x, node };
    let remove = Command::RemovePossibleOwner { resource: x, node };
    assert_eq!(world.status(add.clone()), Status::OBJECT_ALREADY_EXISTS);
    assert_eq!(world.status(remove), Status::SUCCESS);
    assert_eq!(world.online(x), Status::NODE_CANT_HOST_RESOURCE);
    assert_eq!(world.status(add), Status::SUCCESS);
    assert_eq!(world.online(x), Status::IO_PENDING);
    world.offline(x, 0);
    assert_eq!(world.status(Command::DeleteResource { resource: x }), Status::SUCCESS);
    assert_eq!(world.status(delete), Status::SUCCESS);
}

#[test]
fn common_properties_are_set_all_or_nothing() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    let list = || PropertyList::new().with("Description", "a text".to_owned());
    for (list, expected) in [
        (list().with("PendingTimeout", 5u32), Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS),
        (list().with("PendingTimeout", "5".to_owned()), Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH),
        (list().with("Name", "y".to_owned()), Status::RESOURCE_PROPERTY_UNCHANGEABLE),
        (list().with("NoSuch", 1u32), Status::INVALID_PARAMETER),
        (list().with("RetryPeriodOnFailure", 1u32), Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS),
    ] {
        let before = world.database();
        assert_eq!(set_common(&mut world, x, &list), expected);
        assert_eq!(world.database(), before);
    }
    assert_eq!(set_common(&mut world, x, &list().with("PendingTimeout", 20u32)), Status::SUCCESS);
    let common = read(&mut world, x, function::GET_COMMON_PROPERTIES);
    assert_eq!((common.dword("PendingTimeout"), common.text("Description")), (Some(20), Some("a text")));
    assert_eq!(common.dword("RestartAction"), Some(2));
    let only =
        PropertyList::new().with("PendingTimeout", Value::NoData(mainstay_types::property::Format::Dword));
    assert_eq!(set_common(&mut world, x, &only), Status::SUCCESS);
    let common = read(&mut world, x, function::GET_COMMON_PROPERTIES);
    assert_eq!(common.dword("PendingTimeout"), Some(180_000));
    let ro = read(&mut world, x, function::GET_RO_COMMON_PROPERTIES);
    assert_eq!((ro.text("Name"), ro.text("Type")), (Some("x"), Some("Generic Application")));
}

#[test]
fn private_properties_are_kept_where_the_type_does_not_care() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    let code = object::RESOURCE | MODIFY | function::SET_PRIVATE_PROPERTIES;
    let list = PropertyList::new().with("CommandLine", "/bin/true".to_owned()).with("Number", 7u32);
    let set = control(ObjectId::Resource(x), code, list.to_bytes().unwrap());
    let call = world.call_as(Access::Read, set.clone());
    assert_eq!(world.answer(call).status, Status::ACCESS_DENIED);
    assert_eq!(world.status(set), Status::SUCCESS);
    let private = read(&mut world, x, function::GET_PRIVATE_PROPERTIES);
    assert_eq!((private.text("commandline"), private.dword("Number")), (Some("/bin/true"), Some(7)));
    let malformed = control(ObjectId::Resource(x), code, vec![1, 2, 3]);
    assert_eq!(world.status(malformed), Status::INVALID_PARAMETER);
}

#[test]
fn codes_that_nobody_knows() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    for (target, code, expected) in [
        (ObjectId::Resource(x), 0x0100_0000, Status::INVALID_FUNCTION),
        (ObjectId::Resource(x), 0x0120_0014, Status::INVALID_FUNCTION),
        (ObjectId::Resource(x), 0x0110_20E9, Status::INVALID_FUNCTION),
        (ObjectId::Group(group), 0x0300_1234, Status::INVALID_FUNCTION),
        (ObjectId::Cluster, 0x0700_0000, Status::INVALID_FUNCTION),
        (ObjectId::Cluster, 0x0700_0029, Status::SUCCESS),
        (ObjectId::Node(NodeId(9)), 0x0400_0029, Status::CLUSTER_NODE_NOT_FOUND),
    ] {
        assert_eq!(world.status(control(target, code, Vec::new())), expected, "{code:#x}");
    }
    let probe = Command::Control {
        object: ObjectId::Resource(x),
        code: ControlCode(object::RESOURCE | function::GET_NAME),
        input: Vec::new(),
        output_length_max: 0,
    };
    let call = world.call(probe);
    assert_eq!(world.answer(call).status, Status::MORE_DATA);
    assert_eq!(world.answer(call).output_length_needed, 4);
}

#[test]
fn private_properties_of_what_has_no_type_are_kept() {
    let mut world = World::default();
    let group = world.group("g");
    let type_name = mainstay_types::Name::parse("Generic Application").unwrap();
    for (target, class) in [
        (ObjectId::Cluster, object::CLUSTER),
        (ObjectId::Node(NodeId(1)), object::NODE),
        (ObjectId::Group(group), object::GROUP),
        (ObjectId::ResourceType(type_name), object::RESOURCE_TYPE),
    ] {
        let list = PropertyList::new().with("Foo", 9u32).with("Bar", "text".to_owned());
        let set = class | MODIFY | function::SET_PRIVATE_PROPERTIES;
        assert_eq!(world.status(control(target.clone(), set, list.to_bytes().unwrap())), Status::SUCCESS);
        for _ in 0..2 {
            let code = class | function::GET_PRIVATE_PROPERTIES;
            let call = world.call(control(target.clone(), code, Vec::new()));
            assert_eq!(world.answer(call).status, Status::SUCCESS);
            let read = PropertyList::parse(&world.answer(call).output).unwrap();
            assert_eq!((read.dword("foo"), read.text("Bar")), (Some(9), Some("text")), "{target:?}");
            world.restart_service();
        }
    }
}

#[test]
fn a_security_descriptor_must_be_one_and_keep_the_administrators() {
    use mainstay_security::{Ace, Acl, SecurityDescriptor, Sid, default_descriptor};
    use mainstay_types::access::CLUSAPI_ALL_ACCESS;
    let mut world = World::default();
    let only = |sid: Sid| SecurityDescriptor {
        dacl: Some(Acl::new(vec![Ace::allow(sid, CLUSAPI_ALL_ACCESS)])),
        ..default_descriptor()
    };
    let stranger = only(Sid::LOCAL_SYSTEM).to_bytes().unwrap();
    let good = only(Sid::ADMINISTRATORS).to_bytes().unwrap();
    let cut = good[..good.len() - 1].to_vec();
    let no_data = Value::NoData(mainstay_types::property::Format::Binary);
    let refused = Status::CLUSTER_INVALID_SECURITY_DESCRIPTOR;
    for (value, expected) in [
        (Value::Binary(vec![1, 2, 3]), refused),
        (Value::Binary(Vec::new()), refused),
        (Value::Binary(cut), refused),
        (Value::Binary(stranger), refused),
        (no_data, refused),
        (Value::Binary(good.clone()), Status::SUCCESS),
    ] {
        let before = world.database();
        let code = object::CLUSTER | MODIFY | function::SET_COMMON_PROPERTIES;
        let list = PropertyList::new().with("Security Descriptor", value);
        let call = world.call(control(ObjectId::Cluster, code, list.to_bytes().unwrap()));
        assert_eq!(world.answer(call).status, expected, "{}", world.answer(call).text);
        assert_eq!(world.database() == before, expected != Status::SUCCESS);
    }
    assert_eq!(world.engine.view().security_descriptor(), good);
}

#[test]
fn what_is_being_opened_can_be_deleted() {
    let setups: [fn(&mut World, ResourceId); 5] = [
        |world, id| world.end_order(id, Reaction::Done),
        |world, id| world.end_order(id, Reaction::Fail),
        |world, _| world.kill_host(HostId::Pool),
        |world, _| world.restart_service(),
        |world, _| world.pass_ms(900_000),
    ];
    for (index, then) in setups.into_iter().enumerate() {
        let mut world = World::default();
        let group = world.group("g");
        let other = world.resource(group, "other");
        world.online(other);
        let id = ResourceId(world.fresh());
        world.behave(id).open = Reaction::Hang;
        let (name, type_name) = ("x".to_owned(), "Generic Application".to_owned());
        let create = Command::CreateResource { id, group, name, type_name, flags: 0 };
        assert_eq!(world.status(create), Status::SUCCESS);
        assert_eq!(world.state(id), ResourceState::Initializing);
        assert_eq!(world.status(Command::DeleteResource { resource: id }), Status::SUCCESS, "{index}");
        assert_eq!(world.engine.view().find_resource("x"), None);
        then(&mut world, id);
        // An Open that comes back after all is closed.
        world.end_order(id, Reaction::Done);
        assert!(!world.is_held(id) || index == 4, "{index}");
        assert!(!world.has_leaf(id), "{index}");
        assert!(world.records_left().is_empty() && world.engine.view().operations().is_empty(), "{index}");
        assert_eq!(world.state(other), ResourceState::Online, "{index}");
    }
}

#[test]
fn what_waits_for_its_host_can_be_deleted() {
    for flags in [0, 1] {
        let mut world = World::default();
        let group = world.group("g");
        world.hosts_start = false;
        let id = world.resource_of_type(group, "x", "Generic Application", flags);
        assert_eq!(world.state(id), ResourceState::Initializing);
        assert_eq!(world.status(Command::DeleteResource { resource: id }), Status::SUCCESS);
        world.hosts_start = true;
        world.pass_ms(300_000);
        assert!(!world.has_leaf(id) && !world.is_held(id) && !world.has_host(HostId::Own(id)));
        assert!(world.records_left().is_empty());
    }
}

#[test]
fn a_group_that_is_deleted_closes_its_resources_whatever_its_epoch_was() {
    let mut world = World::default();
    let group = world.group("g");
    let [a, b] = ["a", "b"].map(|name| world.resource(group, name));
    world.online(a);
    (world.behave(a).offline, world.behave(a).terminate) = (Reaction::Hang, Reaction::Hang);
    world.offline(a, 0);
    world.pass_ms(300_000);
    *world.behave(a) = Default::default();
    world.online(a);
    world.online(b);
    assert!(world.engine.view().model().epoch(group).epoch > 1);
    world.offline(a, 0);
    world.offline(b, 0);
    assert!(world.is_held(a) && world.is_held(b));
    assert_eq!(world.status(Command::DeleteGroup { group, force: true }), Status::SUCCESS);
    assert!(!world.is_held(a) && !world.is_held(b), "the host closes them");
    assert!(!world.has_leaf(a) && !world.has_leaf(b));
}

#[test]
fn a_group_would_rather_be_on_some_nodes() {
    let mut world = World::default();
    let group = world.group("g");
    let set = |world: &mut World, nodes: &[&str]| {
        let nodes = nodes.iter().map(|node| (*node).to_owned()).collect();
        let call = world.call(Command::SetPreferredOwners { group, nodes });
        world.answer(call).clone()
    };
    let preferred = |world: &World| {
        let view = world.engine.view();
        let listed = view.enumerate_group(group, 2).expect("a list");
        let groups = view.enumerate_node(NodeId(1), 4).expect("a list");
        let owners = view.glance().groups[0].preferred_owners.len();
        (listed.into_iter().map(|item| item.name).collect::<Vec<_>>(), groups.len(), owners)
    };
    world.events.clear();
    assert_eq!(set(&mut world, &["ALPHA"]).status, Status::SUCCESS);
    assert_eq!(preferred(&world), (vec!["alpha".to_owned()], 1, 1));
    assert!(world.events.iter().any(|event| event.kind.filter() == (2, 0x20)));
    let placed = world.engine.view().situation(None);
    assert_eq!(placed.groups[0].terms.preferred, [NodeId(1)]);
    for (nodes, status, words) in [
        (&["1", "beta"][..], Status::CLUSTER_NODE_NOT_FOUND, "node beta is no member"),
        (&["1", "alpha"], Status::INVALID_PARAMETER, "name every node once"),
    ] {
        let answer = set(&mut world, nodes);
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains(words), "{}", answer.text);
        assert_eq!(preferred(&world).0.len(), 1, "a refusal changes nothing");
    }
    world.restart_service();
    assert_eq!(preferred(&world).0, ["alpha"]);
    assert_eq!(set(&mut world, &[]).status, Status::SUCCESS);
    assert_eq!(preferred(&world), (vec![], 0, 0));
}
