//! How the records of ended operations leave the database, and what a start makes of those that are left.

use mainstay_types::order::Step;
use mainstay_types::{OperationId, ResourceId, ResourceState, Status};

use crate::input::Input;
use crate::limits::{SWEEP_DELAY_MS, SWEEP_WAITING_MAX};
use crate::testing::{CommitMode, World};

/// A world with one resource that is offline, and no record in its database.
fn at_rest() -> (World, ResourceId) {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    assert!(world.records_left().is_empty());
    (world, app)
}

fn last_operation(world: &World) -> OperationId {
    world.last_record().id
}

fn key(id: OperationId) -> String {
    format!("op/{id}")
}

#[test]
fn an_ended_record_goes_with_the_next_commit_or_when_its_time_has_come() {
    let (mut world, app) = at_rest();
    world.online(app);
    let first = last_operation(&world);
    assert_eq!(world.keys("op/"), [key(first)]);
    world.offline(app, 0);
    let second = last_operation(&world);
    assert_eq!(world.keys("op/"), [key(second)], "the first went with the acceptance of the second");
    world.pass_ms(SWEEP_DELAY_MS - 1);
    assert_eq!(world.keys("op/"), [key(second)]);
    world.pass_ms(1);
    assert!(world.keys("op/").is_empty());
}

#[test]
fn a_service_that_is_told_to_end_leaves_none() {
    let (mut world, app) = at_rest();
    world.online(app);
    world.feed(Input::Ending);
    assert!(world.keys("op/").is_empty());
}

#[test]
fn what_could_not_be_committed_stays_and_goes_later() {
    let (mut world, app) = at_rest();
    world.online(app);
    let first = last_operation(&world);
    world.commit_mode = CommitMode::Fail;
    assert_ne!(world.offline(app, 0), Status::IO_PENDING);
    world.feed(Input::Ending);
    assert_eq!(world.keys("op/"), [key(first)]);
    world.commit_mode = CommitMode::Done;
    assert!(world.records_left().is_empty());
}

#[test]
fn many_do_not_wait_for_their_time() {
    let mut world = World::default();
    let group = world.group("g");
    for number in 0..SWEEP_WAITING_MAX * 3 {
        world.resource(group, &format!("app {number}"));
        assert!(world.keys("op/").len() <= SWEEP_WAITING_MAX);
    }
}

#[test]
fn what_the_journal_has_as_ended_is_not_begun_again() {
    let (mut world, app) = at_rest();
    world.online(app);
    let id = last_operation(&world);
    let record = world.journal.get(&id).cloned();
    // What happens by itself writes nothing into the database, so that the record says that it is being started.
    world.fail(app);
    assert_eq!(world.state(app), ResourceState::Failed);
    assert_eq!(world.keys("op/"), [key(id)]);
    let starts = |world: &World| {
        let of_it =
            |step| world.orders.iter().filter(move |sent| sent.id.operation == id && sent.id.step == step);
        (of_it(Step::Start).count(), of_it(Step::Terminate).count())
    };
    let before = starts(&world);
    world.restart_service();
    assert_eq!(starts(&world), before, "the ended operation orders nothing more");
    assert_eq!(world.journal.get(&id).cloned(), record, "what the journal has is the last word");
    assert!(world.records_left().is_empty());
}
