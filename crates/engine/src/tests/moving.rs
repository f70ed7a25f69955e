//! Groups that are to be on another node.

use mainstay_store::registry::Value;
use mainstay_types::operation::Verb;
use mainstay_types::{Access, GroupId, NodeId, ObjectId, Status};

use crate::command::Command;
use crate::model::layout;
use crate::placement::tests::engine::{add_node, write};
use crate::testing::{Reaction, World};

const HERE: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);
const NOBODY: NodeId = NodeId(9);

fn to(group: GroupId, node: Option<NodeId>) -> Command {
    with_flags(group, node, 0)
}

fn with_flags(group: GroupId, node: Option<NodeId>, flags: u32) -> Command {
    Command::MoveGroup { group, node, flags, buffer: Vec::new() }
}

/// A refusal changes nothing and is recorded.
#[track_caller]
fn refused(world: &mut World, command: Command, expected: Status, words: &str) {
    let before = world.database();
    let call = world.call(command);
    let answer = world.answer(call).clone();
    assert_eq!(answer.status, expected, "{}", answer.text);
    assert!(answer.text.contains(words), "{}", answer.text);
    assert_eq!(world.database(), before);
    let record = world.last_record();
    assert_eq!((record.verb, record.answer), (Verb::Move, expected));
}

#[test]
fn where_it_is_there_is_nothing_to_do() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    add_node(&mut world, OTHER.0, "beta");
    let node = HERE;
    assert_eq!(world.status(Command::RemovePossibleOwner { resource: x, node }), Status::SUCCESS);
    world.set_of(ObjectId::Group(group), "LockedFromMoving", 1);
    let (before, records) = (world.database(), world.journal.len());
    // It is not asked whether it could come.
    for flags in [0, 1, 2 | 4 | 8, 0x10, 0x20] {
        assert_eq!(world.status(with_flags(group, Some(HERE), flags)), Status::SUCCESS, "{flags:#x}");
    }
    let call = world.call(to(group, Some(HERE)));
    assert_eq!(world.answer(call).text, "group 'g' is there already");
    assert_eq!((world.database(), world.journal.len()), (before, records));
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let mut world = World::default();
    let group = world.group("g");
    for flags in [1 | 4, 0x40, 0x8000_0000] {
        refused(&mut world, with_flags(group, Some(HERE), flags), Status::INVALID_PARAMETER, "flags");
    }
    let buffer = Command::MoveGroup { group, node: Some(HERE), flags: 0, buffer: vec![1, 2, 3] };
    refused(&mut world, buffer, Status::INVALID_PARAMETER, "");
    refused(&mut world, to(group, Some(NOBODY)), Status::CLUSTER_NODE_NOT_FOUND, "9");
    let gone = to(GroupId(world.fresh()), Some(HERE));
    refused(&mut world, gone, Status::GROUP_NOT_AVAILABLE, "");
    let read_only = world.call_as(Access::Read, to(group, Some(HERE)));
    assert_eq!(world.answer(read_only).status, Status::ACCESS_DENIED);
}

#[test]
fn with_one_node_there_is_no_other() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    assert_eq!(world.online(x), Status::IO_PENDING);
    refused(&mut world, to(group, None), Status::CLUSTER_NODE_DOWN, "there is no other node");
    world.set_of(ObjectId::Group(group), "LockedFromMoving", 1);
    refused(&mut world, to(group, None), Status::CLUSTER_RESOURCE_LOCKED_STATUS, "LockedFromMoving");
    refused(
        &mut world,
        with_flags(group, None, 1),
        Status::CLUSTER_RESOURCE_LOCKED_STATUS,
        "LockedFromMoving",
    );
    world.set_of(ObjectId::Group(group), "LockedFromMoving", 0);
    world.lock(x, true);
    refused(&mut world, to(group, None), Status::CLUSTER_RESOURCE_LOCKED_STATUS, "'x' is locked by its type");
    refused(&mut world, with_flags(group, None, 1), Status::CLUSTER_NODE_DOWN, "there is no other node");
    world.lock(x, false);
    world.behave(x).offline = Reaction::Hang;
    assert_eq!(world.offline(x, 0), Status::IO_PENDING);
    refused(&mut world, to(group, None), Status::CLUSTER_GROUP_BUSY, "something is being done to it");
}

#[test]
fn a_node_that_cannot_take_it_says_why() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    add_node(&mut world, OTHER.0, "beta");
    refused(&mut world, to(group, Some(OTHER)), Status::HOST_NODE_NOT_AVAILABLE, "'beta' is Down");
    refused(&mut world, to(group, None), Status::CLUSTER_NODE_DOWN, "beta is down");
    // Seen from the other node, whose view of the first one is that it is gone; it could take the group, and groups
    // are not handed over yet.
    world.engine.config.node = OTHER;
    refused(&mut world, to(group, Some(OTHER)), Status::HOST_NODE_NOT_GROUP_OWNER, "on node 'alpha'");
    let node = OTHER;
    world.engine.config.node = HERE;
    assert_eq!(world.status(Command::RemovePossibleOwner { resource: x, node }), Status::SUCCESS);
    world.engine.config.node = OTHER;
    let words = "beta is no possible owner";
    refused(&mut world, to(group, Some(OTHER)), Status::NODE_CANT_HOST_RESOURCE, words);
    refused(&mut world, to(group, None), Status::NODE_CANT_HOST_RESOURCE, words);
    let path = layout::node_path(OTHER).unwrap();
    write(&mut world, &[(path, layout::PAUSED, Value::Dword(1))]);
    refused(
        &mut world,
        to(group, Some(OTHER)),
        Status::CLUSTER_NODE_PAUSED,
        "beta is paused and is no possible",
    );
}
