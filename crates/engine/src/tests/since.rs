//! Since when a resource stands as it does, whoever was killed meanwhile.

use mainstay_types::{ControlCode, HostId, ObjectId, ResourceId, ResourceState, Status};

use crate::command::Command;
use crate::testing::{Reaction, World};

/// The state, and since when.
fn standing(world: &World, id: ResourceId) -> (ResourceState, u64) {
    let glance = world.glance(id);
    (glance.state, glance.since_ms)
}

/// Resources in all states that last, each since a moment of its own.
fn world_of_all_states() -> (World, Vec<ResourceId>) {
    let mut world = World::default();
    let group = world.group("g");
    let names = ["online", "offline", "starting", "waiting", "stopping"];
    let [online, offline, starting, waiting, stopping] = names.map(|name| {
        world.pass_ms(1_000);
        world.resource(group, name)
    });
    world.depend(waiting, starting);
    for id in [online, stopping, offline] {
        world.pass_ms(1_000);
        assert_eq!(world.online(id), Status::IO_PENDING);
    }
    world.pass_ms(1_000);
    world.offline(offline, 0);
    world.behave(stopping).offline = Reaction::Hang;
    world.pass_ms(1_000);
    assert_eq!(world.offline(stopping, 0), Status::IO_PENDING);
    world.behave(starting).online = Reaction::Hang;
    world.pass_ms(1_000);
    assert_eq!(world.online(waiting), Status::IO_PENDING);
    world.pass_ms(7_000);
    let states = [
        (online, ResourceState::Online),
        (offline, ResourceState::Offline),
        (starting, ResourceState::OnlinePending),
        (waiting, ResourceState::OnlinePending),
        (stopping, ResourceState::OfflinePending),
    ];
    for (id, state) in states {
        assert_eq!(world.state(id), state);
    }
    (world, vec![online, offline, starting, waiting, stopping])
}

#[test]
fn a_service_that_starts_again_is_told_by_its_hosts() {
    let (mut world, ids) = world_of_all_states();
    for _ in 0..2 {
        let before: Vec<_> = ids.iter().map(|id| standing(&world, *id)).collect();
        world.restart_service();
        let after: Vec<_> = ids.iter().map(|id| standing(&world, *id)).collect();
        assert_eq!(after, before);
        world.pass_ms(5_000);
    }
}

#[test]
fn a_host_that_is_replaced_hears_it_from_the_service() {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "x");
    world.online(id);
    let before = standing(&world, id);
    world.pass_ms(4_000);
    world.kill_host(HostId::Pool);
    world.pass_ms(4_000);
    assert_eq!(standing(&world, id), before);
    world.restart_service();
    assert_eq!(standing(&world, id), before);
}

#[test]
fn the_time_of_the_last_change_is_told_by_code() {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "x");
    world.pass_ms(1_234);
    world.online(id);
    let since_ms = world.glance(id).since_ms;
    assert_eq!(since_ms, world.now.unix_ms);
    world.pass_ms(500);
    let call = world.call(Command::Control {
        object: ObjectId::Resource(id),
        code: ControlCode(0x0100_2D5D),
        input: Vec::new(),
        output_length_max: 8,
    });
    let answer = world.answer(call);
    assert_eq!(answer.status, Status::SUCCESS);
    let since = u64::from_le_bytes(answer.output.as_slice().try_into().unwrap());
    assert_eq!(since, (since_ms + 11_644_473_600_000) * 10_000);
}

#[test]
fn a_host_of_the_version_before_does_not_say_it() {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "x");
    world.online(id);
    world.pass_ms(4_000);
    world.make_hosts_older();
    world.restart_service();
    assert_eq!(standing(&world, id), (ResourceState::Online, world.now.unix_ms));
}

#[test]
fn the_limit_of_the_whole_counts_over_a_restart_of_the_service() {
    for is_start in [false, true] {
        let mut world = World::default();
        let group = world.group("g");
        let id = world.resource(group, "x");
        world.set(id, "PendingTimeout", 600_000);
        world.set(id, "PendingLimit", 10_000);
        if is_start {
            world.behave(id).online = Reaction::Hang;
            world.online(id);
        } else {
            world.online(id);
            world.behave(id).offline = Reaction::Hang;
            world.offline(id, 0);
        }
        world.pass_ms(4_000);
        world.restart_service();
        world.pass_ms(5_900);
        assert!(world.state(id).is_pending(), "6 s are left, start {is_start}");
        world.pass_ms(200);
        assert_eq!(world.state(id), ResourceState::Failed, "start {is_start}");
    }
}
