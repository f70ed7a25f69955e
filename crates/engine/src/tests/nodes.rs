//! Pausing a node and resuming it.

use mainstay_types::event::EventKind;
use mainstay_types::operation::{End, Verb};
use mainstay_types::{Access, NodeId, NodeState, ObjectId, ResourceState, Status};

use crate::command::{Command, Drain, Remark};
use crate::effect::Answer;
use crate::testing::World;

const NODE: NodeId = NodeId(1);

fn remark() -> Remark {
    Remark { reason: "new memory".into(), token: String::new() }
}

fn pause(world: &mut World, drain: Option<Drain>) -> Answer {
    pause_with(world, 0, drain)
}

fn pause_with(world: &mut World, flags: u32, drain: Option<Drain>) -> Answer {
    let call = world.call(Command::PauseNode { node: NODE, flags, drain, remark: remark() });
    world.answer(call).clone()
}

fn resume(world: &mut World, failback: u32, flags: u32) -> Status {
    world.status(Command::ResumeNode { node: NODE, failback, flags, remark: remark() })
}

fn state(world: &World) -> NodeState {
    world.engine.view().glance().nodes[0].state
}

#[test]
fn a_paused_node_keeps_what_it_has_and_stays_paused() {
    let mut world = World::default();
    let group = world.group("g");
    let [db, web] = ["db", "web"].map(|name| world.resource(group, name));
    world.online(db);
    world.events.clear();
    assert_eq!(pause(&mut world, None).status, Status::SUCCESS);
    assert_eq!((state(&world), world.state(db)), (NodeState::Paused, ResourceState::Online));
    let told = world.events.iter().find(|event| event.kind == EventKind::NodeState).expect("an event");
    assert_eq!((&told.object, &told.buffer[..]), (&ObjectId::Node(NODE), &2u32.to_le_bytes()[..]));
    let record = world.last_record();
    assert_eq!(
        (record.verb, record.end.as_ref(), record.name.as_str()),
        (Verb::Pause, Some(&End::Done), "alpha")
    );
    assert_eq!(record.reason_text, "new memory");
    // Once more changes nothing, and nobody is told.
    world.events.clear();
    assert_eq!(pause(&mut world, None).status, Status::SUCCESS);
    assert!(world.events.iter().all(|event| event.kind != EventKind::NodeState));
    // What it has comes and goes.
    assert_eq!(world.online(web), Status::IO_PENDING);
    assert_eq!(world.offline(db, 0), Status::IO_PENDING);
    assert_eq!((world.state(db), world.state(web)), (ResourceState::Offline, ResourceState::Online));
    world.restart_service();
    assert_eq!(state(&world), NodeState::Paused);
    world.reboot();
    assert_eq!((state(&world), world.state(web)), (NodeState::Paused, ResourceState::Online));

    world.events.clear();
    assert_eq!(resume(&mut world, 0, 0), Status::SUCCESS);
    assert_eq!(state(&world), NodeState::Up);
    assert!(world.events.iter().any(|event| event.kind == EventKind::NodeState && event.buffer == [0; 4]));
    world.restart_service();
    assert_eq!(state(&world), NodeState::Up);
    assert!(world.records_left().is_empty());
}

#[test]
fn a_node_that_is_alone_is_not_drained_and_says_why() {
    for paused in [false, true] {
        let mut world = World::default();
        if paused {
            pause(&mut world, None);
        }
        let before = (world.database(), state(&world));
        for (flags, target, status, words) in [
            (0, None, Status::CLUSTER_NODE_DOWN, "no other node is up, so the groups of node 'alpha'"),
            (7, None, Status::CLUSTER_NODE_DOWN, "pause it without a drain, and it keeps them"),
            (8, None, Status::INVALID_PARAMETER, "1, 2 and 4 are flags"),
            (0, Some(NODE), Status::INVALID_TARGET_HANDLE, "node 'alpha' cannot be drained to itself"),
            (0, Some(NodeId(7)), Status::CLUSTER_NODE_NOT_FOUND, "node 7 is no member"),
        ] {
            let answer = pause_with(&mut world, flags, Some(Drain { target }));
            assert_eq!(answer.status, status, "{flags:#x} {target:?}: {}", answer.text);
            assert!(answer.text.contains(words), "{}", answer.text);
        }
        assert_eq!((world.database(), state(&world)), before, "a refusal changes nothing");
    }
}

#[test]
fn strict_rules_know_one_flag() {
    let mut world = World::new(true);
    for (flags, status) in
        [(0, Status::CLUSTER_NODE_DOWN), (1, Status::CLUSTER_NODE_DOWN), (2, Status::INVALID_PARAMETER)]
    {
        assert_eq!(pause_with(&mut world, flags, Some(Drain { target: None })).status, status, "{flags}");
    }
}

#[test]
fn what_is_no_flag_is_refused_without_a_drain_too() {
    for strict in [false, true] {
        for (flags, status) in [
            (0, Status::SUCCESS),
            // Without a drain they mean nothing.
            (7, Status::SUCCESS),
            (8, Status::INVALID_PARAMETER),
            (0x8000_0001, Status::INVALID_PARAMETER),
        ] {
            let mut world = World::new(strict);
            let answer = pause_with(&mut world, flags, None);
            assert_eq!(answer.status, status, "{flags:#x}, strict: {strict}: {}", answer.text);
            let expected = if status == Status::SUCCESS { NodeState::Paused } else { NodeState::Up };
            assert_eq!((state(&world), world.last_record().flags), (expected, flags));
        }
    }
}

#[test]
fn what_is_not_paused_is_not_resumed() {
    let mut world = World::default();
    assert_eq!(resume(&mut world, 0, 0), Status::CLUSTER_NODE_NOT_PAUSED);
    pause(&mut world, None);
    assert_eq!(resume(&mut world, 3, 0), Status::INVALID_PARAMETER);
    assert_eq!(resume(&mut world, 2, 0x10), Status::INVALID_PARAMETER);
    assert_eq!(state(&world), NodeState::Paused);
    assert_eq!(resume(&mut world, 2, 0xF), Status::SUCCESS);
    assert_eq!(resume(&mut world, 2, 0xF), Status::CLUSTER_NODE_NOT_PAUSED);
}

#[test]
fn a_reader_pauses_nothing_and_a_node_that_is_none_is_named() {
    let mut world = World::default();
    for command in [
        Command::PauseNode { node: NODE, flags: 0, drain: None, remark: remark() },
        Command::ResumeNode { node: NODE, failback: 0, flags: 0, remark: remark() },
    ] {
        let call = world.call_as(Access::Read, command);
        assert_eq!(world.answer(call).status, Status::ACCESS_DENIED);
    }
    let node = NodeId(7);
    let status = world.status(Command::PauseNode { node, flags: 0, drain: None, remark: remark() });
    assert_eq!((status, state(&world)), (Status::CLUSTER_NODE_NOT_FOUND, NodeState::Up));
}

#[test]
fn no_group_fails_over_to_a_paused_node_and_its_own_start_there() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    pause(&mut world, None);
    let explained = world.engine.view().explain_placement(group, None).expect("a group");
    let shown = explained.decision.to_string();
    world.online(app);
    assert_eq!(world.state(app), ResourceState::Online, "{shown}");
    assert!(world.engine.failover_target(group).is_err());
}
