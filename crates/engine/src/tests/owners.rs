//! The nodes on which a resource may be.

use mainstay_types::event::EventKind;
use mainstay_types::operation::Verb;
use mainstay_types::{NodeId, ObjectId, ResourceId, ResourceState, Status};

use crate::command::Command;
use crate::events::multi_string;
use crate::placement::tests::engine::add_node;
use crate::testing::{Reaction, World};

const HERE: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);

fn allow(resource: ResourceId, node: NodeId) -> Command {
    Command::AddPossibleOwner { resource, node }
}

fn forbid(resource: ResourceId, node: NodeId) -> Command {
    Command::RemovePossibleOwner { resource, node }
}

/// The nodes that enumerations list.
fn owners(world: &World, id: ResourceId) -> Vec<NodeId> {
    let view = world.engine.view();
    let resource = view.model().resource(id).unwrap();
    view.model().nodes().map(|node| node.id).filter(|node| resource.may_run_on(*node)).collect()
}

#[test]
fn each_change_is_told_and_recorded_and_a_refused_one_changes_nothing() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    add_node(&mut world, OTHER.0, "beta");
    let gone = ResourceId(world.fresh());
    for (command, expected, left) in [
        (allow(x, HERE), Status::OBJECT_ALREADY_EXISTS, &[HERE, OTHER][..]),
        (forbid(x, NodeId(9)), Status::CLUSTER_NODE_NOT_FOUND, &[HERE, OTHER]),
        (forbid(gone, HERE), Status::RESOURCE_NOT_AVAILABLE, &[HERE, OTHER]),
        (forbid(x, HERE), Status::SUCCESS, &[OTHER]),
        (forbid(x, HERE), Status::CLUSTER_NODE_NOT_FOUND, &[OTHER]),
        (forbid(x, OTHER), Status::SUCCESS, &[]),
        (allow(x, OTHER), Status::SUCCESS, &[OTHER]),
        (allow(x, HERE), Status::SUCCESS, &[HERE, OTHER]),
    ] {
        let (before, events) = (world.database(), world.events.len());
        let text = format!("{command:?}");
        assert_eq!(world.status(command), expected, "{text}");
        assert_eq!(owners(&world, x), left, "{text}");
        let record = world.last_record();
        assert_eq!((record.verb, record.answer), (Verb::Owners, expected), "{text}");
        let told: Vec<_> = world.events[events..]
            .iter()
            .filter(|event| event.kind == EventKind::ResourcePossibleOwners)
            .collect();
        if expected == Status::SUCCESS {
            let numbers: Vec<String> = left.iter().map(NodeId::to_string).collect();
            assert!(
                matches!(told[..], [event] if event.buffer == multi_string(&numbers)),
                "{text}: {told:?}"
            );
            assert_eq!(told[0].object, ObjectId::Resource(x));
        } else {
            assert!(told.is_empty(), "{text}: {told:?}");
            assert_eq!(world.database(), before, "{text}");
        }
    }
}

#[test]
fn what_runs_is_not_forbidden_where_it_runs() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    add_node(&mut world, OTHER.0, "beta");
    world.behave(x).online = Reaction::Hang;
    world.behave(x).offline = Reaction::Hang;
    let in_state = |world: &mut World, state: ResourceState| {
        assert_eq!(world.state(x), state);
        let before = world.database();
        assert_eq!(world.status(forbid(x, HERE)), Status::INVALID_STATE, "{state}");
        assert_eq!(world.database(), before);
        // It is not on the other node.
        assert_eq!(world.status(forbid(x, OTHER)), Status::SUCCESS, "{state}");
        assert_eq!(world.status(allow(x, OTHER)), Status::SUCCESS, "{state}");
    };
    assert_eq!(world.online(x), Status::IO_PENDING);
    in_state(&mut world, ResourceState::OnlinePending);
    world.end_order(x, Reaction::Done);
    in_state(&mut world, ResourceState::Online);
    assert_eq!(world.offline(x, 0), Status::IO_PENDING);
    in_state(&mut world, ResourceState::OfflinePending);
    world.end_order(x, Reaction::Done);
    assert_eq!(world.state(x), ResourceState::Offline);
    assert_eq!(world.status(forbid(x, HERE)), Status::SUCCESS);
    assert_eq!(world.online(x), Status::NODE_CANT_HOST_RESOURCE);
    // A group is online where each of its resources may be.
    let y = world.resource(group, "y");
    world.depend(y, x);
    assert_eq!(world.online(y), Status::NODE_CANT_HOST_RESOURCE);
}

#[test]
fn it_counts_who_owns_the_group_and_not_who_is_asked() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    add_node(&mut world, OTHER.0, "beta");
    assert_eq!(world.online(x), Status::IO_PENDING);
    // Seen from the other node.
    world.engine.config.node = OTHER;
    assert_eq!(world.status(forbid(x, HERE)), Status::INVALID_STATE);
    assert_eq!(world.status(forbid(x, OTHER)), Status::SUCCESS);
}
