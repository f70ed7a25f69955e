//! What watchers are told when a service has taken over from an earlier one: what has changed, and nothing else.

use mainstay_types::event::{Event, EventKind};
use mainstay_types::{GroupState, ObjectId, OfflineFlags, ResourceState};

use super::scenarios::stack;
use crate::testing::{Reaction, World};

/// States of resources and groups that were told, in order.
fn told(world: &mut World) -> Vec<(String, u32)> {
    let is_state = |event: &Event| matches!(event.kind, EventKind::ResourceState | EventKind::GroupState);
    let events = std::mem::take(&mut world.events);
    let states = events.into_iter().filter(is_state).map(|event| {
        let state = u32::from_le_bytes(*event.buffer.first_chunk().expect("a state"));
        (event.name, state)
    });
    states.collect()
}

fn of(name: &str, state: ResourceState) -> (String, u32) {
    (name.to_owned(), state.number())
}

fn of_group(name: &str, state: GroupState) -> (String, u32) {
    (name.to_owned(), state.number())
}

#[test]
fn what_is_found_as_it_was_is_no_event() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    let other = world.group("other");
    let [runs, rests] = ["runs", "rests"].map(|name| world.resource(other, name));
    world.online(web);
    world.online(runs);
    world.offline(web, OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE.bits());
    world.online(web);
    for _ in 0..2 {
        world.events.clear();
        world.restart_service();
        world.settle();
        world.pass_ms(60_000);
        for (id, state) in [(disk, true), (db, true), (web, true), (runs, true), (rests, false)] {
            assert_eq!(world.state(id) == ResourceState::Online, state);
        }
        assert_eq!(told(&mut world), []);
    }
}

#[test]
fn a_failure_while_the_service_was_away_is_told() {
    let mut world = World::default();
    let (_, [_, _, web]) = stack(&mut world);
    world.set(web, "RestartAction", 0);
    world.online(web);
    world.stop_service();
    world.fail(web);
    world.events.clear();
    world.restart_service();
    world.settle();
    assert_eq!(world.state(web), ResourceState::Failed);
    assert_eq!(told(&mut world), [of("web", ResourceState::Failed), of_group("g", GroupState::Failed)]);
}

#[test]
fn an_operation_that_ended_while_the_service_was_away_is_told() {
    let mut world = World::default();
    let (_, [_, _, web]) = stack(&mut world);
    world.online(web);
    world.behave(web).offline = Reaction::Hang;
    world.offline(web, 0);
    assert_eq!(world.state(web), ResourceState::OfflinePending);
    world.stop_service();
    world.end_order(web, Reaction::Done);
    world.events.clear();
    world.restart_service();
    world.settle();
    assert_eq!(world.state(web), ResourceState::Offline);
    assert_eq!(
        told(&mut world),
        [of("web", ResourceState::Offline), of_group("g", GroupState::PartialOnline)]
    );
}

#[test]
fn an_operation_that_goes_on_is_no_event_until_it_ends() {
    let mut world = World::default();
    let (_, [_, _, web]) = stack(&mut world);
    world.online(web);
    world.behave(web).offline = Reaction::Hang;
    world.offline(web, 0);
    world.events.clear();
    world.restart_service();
    world.settle();
    assert_eq!(world.state(web), ResourceState::OfflinePending);
    assert_eq!(told(&mut world), []);
    world.end_order(web, Reaction::Done);
    world.settle();
    assert_eq!(
        told(&mut world),
        [of("web", ResourceState::Offline), of_group("g", GroupState::PartialOnline)]
    );
}

/// After a reset of the machine everything comes up, and that is told from where it is: nothing runs.
#[test]
fn what_comes_up_after_a_reset_is_told() {
    let mut world = World::default();
    let (group, [disk, db, web]) = stack(&mut world);
    world.online(web);
    world.events.clear();
    world.reboot();
    world.settle();
    world.pass_ms(60_000);
    let told = told(&mut world);
    for (id, name) in [(disk, "disk"), (db, "db"), (web, "web")] {
        assert_eq!(world.state(id), ResourceState::Online);
        let own: Vec<u32> = told.iter().filter(|(of, _)| of == name).map(|(_, state)| *state).collect();
        assert_eq!(own, [ResourceState::OnlinePending.number(), ResourceState::Online.number()], "{name}");
    }
    assert_eq!(world.engine.view().group_state(group), Some(GroupState::Online));
    assert!(world.events.iter().all(|event| event.object != ObjectId::Cluster));
}
