//! Maintenance mode: what fails meanwhile is seen, and not acted on.

use mainstay_types::control::{RESOURCE_SET_MAINTENANCE_MODE, function};
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
