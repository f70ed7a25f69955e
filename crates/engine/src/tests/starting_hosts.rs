//! The service ends while a resource's own host is just starting: its process is in the leaf, and nobody hears of it.

use mainstay_types::order::Step;
use mainstay_types::{HostId, ResourceId, ResourceState};

use crate::testing::World;

/// A resource with a host of its own, by its type or by choice.
fn own(world: &mut World, library: bool) -> ResourceId {
    let group = world.group("g");
    world.library_type("Demo");
    if library {
        return world.resource_of_type(group, "own", "Demo", 0);
    }
    let id = world.resource(group, "own");
    world.set(id, "SeparateMonitor", 1);
    id
}

/// The service starts anew; answers the steps that it orders for the resource.
fn after_a_start(world: &mut World, id: ResourceId) -> Vec<Step> {
    world.hosts_linger = false;
    let before = world.steps(id).len();
    world.restart_service();
    world.pass_ms(600_000);
    world.steps(id).split_off(before)
}

fn has_failed_once(world: &World, id: ResourceId) -> bool {
    let failed = ResourceState::Failed.number().to_le_bytes();
    let is_it = |event: &&mainstay_types::event::Event| {
        event.kind == mainstay_types::event::EventKind::ResourceState
            && event.object == mainstay_types::ObjectId::Resource(id)
            && event.buffer == failed
    };
    world.events.iter().any(|event| is_it(&event))
}

#[test]
fn what_nobody_has_asked_for_is_not_started() {
    let mut world = World::default();
    world.hosts_linger = true;
    // Its host is started as soon as it is made.
    let id = own(&mut world, true);
    let steps = after_a_start(&mut world, id);
    assert!(!steps.contains(&Step::Start), "{steps:?}");
    assert_eq!(world.state(id), ResourceState::Offline);
    assert!(!has_failed_once(&world, id));
    // It can be brought up as ever.
    world.online(id);
    assert_eq!(world.state(id), ResourceState::Online);
}

#[test]
fn a_start_that_was_asked_for_goes_on() {
    for library in [false, true] {
        let mut world = World::default();
        let id = own(&mut world, library);
        world.kill_host(HostId::Own(id));
        world.hosts_linger = true;
        world.online(id);
        assert_eq!(world.state(id), ResourceState::OnlinePending, "library {library}");
        let _ = after_a_start(&mut world, id);
        assert_eq!(world.state(id), ResourceState::Online, "library {library}");
        assert!(world.runs(id), "library {library}");
    }
}

/// What runs is found again, and so is what only others need.
#[test]
fn what_runs_is_not_stopped() {
    for library in [false, true] {
        let mut world = World::default();
        let id = own(&mut world, library);
        let group = world.engine.group_of(id).unwrap();
        let web = world.resource(group, "web");
        world.depend(web, id);
        world.online(web);
        world.hosts_linger = true;
        world.kill_host(HostId::Own(id));
        let steps = after_a_start(&mut world, id);
        assert_eq!(steps, [Step::Open], "library {library}");
        assert_eq!(world.state(id), ResourceState::Online, "library {library}");
        assert_eq!(world.state(web), ResourceState::Online, "library {library}");
        assert!(!has_failed_once(&world, id), "library {library}");
    }
}
