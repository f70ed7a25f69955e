//! Control codes that a stated node is to carry out.

use mainstay_proplist::PropertyList;
use mainstay_types::control::{function, object};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{Access, ControlCode, Name, NodeId, ObjectId, Status};

use crate::command::Command;
use crate::placement::tests::engine::add_node;
use crate::testing::World;

const MODIFY: u32 = 1 << 22;
const HERE: NodeId = NodeId(1);
const DOWN: NodeId = NodeId(2);
const NOBODY: NodeId = NodeId(9);

fn on_node(node: NodeId, object: ObjectId, code: u32, input: Vec<u8>) -> Command {
    Command::ControlOnNode { node, object, code: ControlCode(code), input, output_length_max: 1 << 20 }
}

#[test]
fn a_control_code_is_carried_out_by_the_node_that_is_named_or_refused() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    let elsewhere = world.resource(group, "elsewhere");
    let remove = Command::RemovePossibleOwner { resource: elsewhere, node: HERE };
    assert_eq!(world.status(remove), Status::SUCCESS);
    add_node(&mut world, DOWN.0, "beta");
    let type_name = Name::parse("Generic Application").unwrap();
    for (class, target) in [
        (object::RESOURCE, ObjectId::Resource(x)),
        (object::RESOURCE_TYPE, ObjectId::ResourceType(type_name)),
        (object::GROUP, ObjectId::Group(group)),
        (object::NODE, ObjectId::Node(HERE)),
        (object::CLUSTER, ObjectId::Cluster),
    ] {
        let code = class | function::GET_RO_COMMON_PROPERTIES;
        let plain = Command::Control {
            object: target.clone(),
            code: ControlCode(code),
            input: Vec::new(),
            output_length_max: 1 << 20,
        };
        let plain = world.call(plain);
        let expected = world.answer(plain).clone();
        assert_eq!(expected.status, Status::SUCCESS);
        let call = world.call(on_node(HERE, target.clone(), code, Vec::new()));
        assert_eq!(*world.answer(call), expected, "{target:?}");
        for (node, expected) in
            [(DOWN, Status::HOST_NODE_NOT_AVAILABLE), (NOBODY, Status::CLUSTER_NODE_NOT_FOUND)]
        {
            assert_eq!(world.status(on_node(node, target.clone(), code, Vec::new())), expected, "{target:?}");
        }
    }
    let name = object::RESOURCE | function::GET_NAME;
    let not_owner = on_node(HERE, ObjectId::Resource(elsewhere), name, Vec::new());
    assert_eq!(world.status(not_owner), Status::HOST_NODE_NOT_RESOURCE_OWNER);
}

#[test]
fn what_changes_something_changes_it_once_and_a_refusal_is_recorded() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    let code = object::RESOURCE | MODIFY | function::SET_COMMON_PROPERTIES;
    let list = PropertyList::new().with("Description", "a text".to_owned()).to_bytes().unwrap();
    let set = |node| on_node(node, ObjectId::Resource(x), code, list.clone());
    let before = world.database();
    let read_only = world.call_as(Access::Read, set(HERE));
    assert_eq!(world.answer(read_only).status, Status::ACCESS_DENIED);
    assert_eq!(world.status(set(NOBODY)), Status::CLUSTER_NODE_NOT_FOUND);
    assert_eq!(world.database(), before);
    let record = world.journal.values().next_back().unwrap();
    assert!(matches!((record.verb, &record.end), (Verb::Set, Some(End::Refused(_)))), "{record:?}");
    assert_eq!(world.status(set(HERE)), Status::SUCCESS);
    assert_ne!(world.database(), before);
}

#[test]
fn a_node_that_does_not_own_a_group_says_nothing_of_it() {
    let mut world = World::default();
    let group = world.group("g");
    add_node(&mut world, DOWN.0, "beta");
    // Seen from the other node, which runs and does not own it.
    world.engine.config.node = DOWN;
    let name = on_node(DOWN, ObjectId::Group(group), object::GROUP | function::GET_NAME, Vec::new());
    assert_eq!(world.status(name), Status::HOST_NODE_NOT_GROUP_OWNER);
}
