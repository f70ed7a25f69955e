//! Maintenance mode: what fails meanwhile is seen, and not acted on.

use mainstay_types::control::{RESOURCE_SET_MAINTENANCE_MODE, function};
use mainstay_types::glance::Recovery;
use mainstay_types::order::Step;
use mainstay_types::{ControlCode, HostId, ObjectId, ResourceId, ResourceState, Status};

use crate::command::Command;
use crate::testing::World;

fn control(world: &mut World, id: ResourceId, code: ControlCode, input: &[u8]) -> (Status, Vec<u8>) {
    let (object, input) = (ObjectId::Resource(id), input.to_vec());
    let call = world.call(Command::Control { object, code, input, output_length_max: 64 });
    let answer = world.answer(call);
    (answer.status, answer.output.clone())
}

fn set(world: &mut World, id: ResourceId, on: u32) {
    let answer = control(world, id, RESOURCE_SET_MAINTENANCE_MODE, &on.to_le_bytes());
    assert_eq!(answer.0, Status::SUCCESS);
}

fn is_set(world: &mut World, id: ResourceId) -> bool {
    let answer = control(world, id, ControlCode(function::QUERY_MAINTENANCE_MODE), &[]);
    assert_eq!(answer.0, Status::SUCCESS);
    answer.1 == 1u32.to_le_bytes()
}

#[test]
fn what_fails_meanwhile_is_seen_and_counts_when_it_is_over() {
    for restarted in [false, true] {
        let mut world = World::default();
        let group = world.group("g");
        let [db, web] = ["db", "web"].map(|name| world.resource(group, name));
        world.depend(web, db);
        world.online(web);
        assert!(!is_set(&mut world, db));
        set(&mut world, db, 1);
        assert!(is_set(&mut world, db) && world.glance(db).in_maintenance);
        world.fail(db);
        if restarted {
            world.restart_service();
            world.reconnect_host(HostId::Pool);
        }
        world.pass_ms(3_600_000);
        assert_eq!((world.state(db), world.state(web)), (ResourceState::Online, ResourceState::Online));
        let cause = world.glance(db).cause.expect("what was seen");
        assert!(cause.text.contains("killed by signal 9"), "{cause}");
        set(&mut world, db, 0);
        assert_eq!((world.state(db), world.state(web)), (ResourceState::Failed, ResourceState::Offline));
        world.pass_ms(500);
        assert_eq!((world.state(db), world.state(web)), (ResourceState::Online, ResourceState::Online));
        assert_eq!(world.glance(db).cause, None);
    }
}

/// Nothing is started, whichever of the host, its processes and the service are lost, until maintenance is over.
#[test]
fn a_new_host_restarts_nothing_either() {
    for library in [false, true] {
        for (fails_first, service_too) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut world = World::default();
            let group = world.group("g");
            world.library_type("Demo");
            let db = match library {
                true => world.resource_of_type(group, "db", "Demo", 0),
                false => world.resource(group, "db"),
            };
            let web = world.resource(group, "web");
            world.depend(web, db);
            world.online(web);
            set(&mut world, db, 1);
            if fails_first {
                world.fail(db);
            }
            world.take_down_by_hand(db);
            let began = world.orders.len();
            world.kill_host(world.host_of(db));
            world.pass_ms(600_000);
            if service_too {
                world.restart_service();
                world.pass_ms(600_000);
            }
            let what = format!("library {library}, fails first {fails_first}, service too {service_too}");
            assert_eq!(world.state(db), ResourceState::Online, "{what}");
            assert_eq!(world.state(web), ResourceState::Online, "{what}");
            let seen = if fails_first { "killed by signal 9" } else { "when its host was replaced" };
            let cause = world.glance(db).cause.unwrap_or_else(|| panic!("{what}: what was seen"));
            assert!(cause.text.contains(seen), "{what}: {cause}");
            let starts = world.orders[began..].iter().filter(|order| order.id.step == Step::Start).count();
            assert_eq!(starts, 0, "{what}");
            set(&mut world, db, 0);
            world.pass_ms(60_000);
            assert_eq!((world.state(db), world.state(web)), (ResourceState::Online, ResourceState::Online));
            assert!(world.runs(db), "{what}");
            assert_eq!(world.glance(db).cause, None, "{what}");
        }
    }
}

/// A service that finds neither host nor process of what ran when maintenance began holds it as before, and so what needs it.
#[test]
fn a_service_that_ends_before_the_next_host_is_there_restarts_nothing_either() {
    for (library, fails_first) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut world = World::default();
        let group = world.group("g");
        world.library_type("Demo");
        let db = match library {
            true => world.resource_of_type(group, "db", "Demo", 0),
            false => world.resource(group, "db"),
        };
        let web = world.resource(group, "web");
        world.depend(web, db);
        world.online(web);
        set(&mut world, db, 1);
        if fails_first {
            world.fail(db);
        }
        world.take_down_by_hand(db);
        let began = world.orders.len();
        world.lose_host_unseen(HostId::Pool);
        world.lose_host_unseen(world.host_of(db));
        world.restart_service();
        world.pass_ms(600_000);
        let what = format!("library {library}, fails first {fails_first}");
        assert_eq!(world.state(db), ResourceState::Online, "{what}");
        assert_eq!(world.state(web), ResourceState::Online, "{what}");
        let cause = world.glance(db).cause.unwrap_or_else(|| panic!("{what}: what was seen"));
        assert!(cause.text.contains("when its host was replaced"), "{what}: {cause}");
        let acts = |step: Step| step != Step::Open;
        assert_eq!(world.orders[began..].iter().filter(|order| acts(order.id.step)).count(), 0, "{what}");
        set(&mut world, db, 0);
        world.pass_ms(60_000);
        assert_eq!((world.state(db), world.state(web)), (ResourceState::Online, ResourceState::Online));
        assert!(world.runs(db), "{what}");
    }
}

/// What somebody has taken offline meanwhile is not held, nor what was never online in maintenance.
#[test]
fn what_was_not_online_in_maintenance_is_not_held_as_online() {
    for was_online in [false, true] {
        let mut world = World::default();
        let group = world.group("g");
        let app = world.resource(group, "app");
        if was_online {
            world.online(app);
        }
        set(&mut world, app, 1);
        if was_online {
            world.offline(app, 0);
        }
        world.lose_host_unseen(HostId::Pool);
        world.restart_service();
        world.pass_ms(600_000);
        assert_eq!((world.state(app), world.glance(app).cause), (ResourceState::Offline, None));
    }
}

#[test]
fn a_restart_that_is_planned_waits_and_so_does_the_start_of_a_service() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    world.set(app, "RestartDelay", 5_000);
    world.fail(app);
    assert_eq!(world.state(app), ResourceState::Failed);
    let planned = |world: &World| match world.glance(app).recovery {
        Some(Recovery::Restart { at_ms, number: 1, .. }) => at_ms.map(|at_ms| at_ms - world.now.unix_ms),
        other => panic!("{other:?}"),
    };
    assert_eq!(planned(&world), Some(5_000));
    set(&mut world, app, 1);
    assert_eq!(planned(&world), None, "it begins when maintenance is over");
    set(&mut world, app, 0);
    assert_eq!(planned(&world), Some(5_000));
    set(&mut world, app, 1);
    world.pass_ms(600_000);
    assert_eq!((world.state(app), planned(&world)), (ResourceState::Failed, None));
    // Neither does a service that finds neither host nor process.
    world.lose_host_unseen(HostId::Pool);
    world.restart_service();
    world.pass_ms(600_000);
    assert_ne!(world.state(app), ResourceState::Online);
    set(&mut world, app, 0);
    world.pass_ms(5_000);
    assert_eq!(world.state(app), ResourceState::Online);
    // The machine's start brings it up.
    set(&mut world, app, 1);
    world.reboot();
    assert_eq!(world.state(app), ResourceState::Online);
}

#[test]
fn calls_work_as_ever_and_what_was_seen_before_them_is_forgotten() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    set(&mut world, app, 1);
    world.fail(app);
    assert_eq!(world.offline(app, 0), Status::IO_PENDING);
    assert_eq!(world.state(app), ResourceState::Offline);
    assert_eq!(world.online(app), Status::IO_PENDING);
    set(&mut world, app, 0);
    assert_eq!(world.state(app), ResourceState::Online);
}

#[test]
fn an_input_of_another_size_is_refused() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    for (length, expected) in [
        (0, Status::INVALID_PARAMETER),
        (3, Status::INVALID_PARAMETER),
        (4, Status::SUCCESS),
        (5, Status::INVALID_PARAMETER),
        (16, Status::SUCCESS),
        (17, Status::INVALID_PARAMETER),
    ] {
        let answer = control(&mut world, app, RESOURCE_SET_MAINTENANCE_MODE, &vec![0; length]);
        assert_eq!(answer.0, expected, "{length} bytes");
    }
}
