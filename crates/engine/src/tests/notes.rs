//! What types have the cluster keep: acknowledged when it is there, and only who has the resource says what it is.

use mainstay_types::{HostId, ResourceId, ResourceState, Status};

use crate::command::{Command, Remark};
use crate::testing::{CommitMode, World};

fn world() -> (World, ResourceId) {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "vm");
    assert_eq!(world.online(id), Status::IO_PENDING);
    (world, id)
}

fn discard(world: &mut World, resource: ResourceId) -> (Status, String) {
    let call = world.call(Command::DiscardKept { resource, remark: Remark::default() });
    let answer = &world.answers[&call];
    (answer.status, answer.text.clone())
}

fn kept(world: &World, id: ResourceId) -> String {
    world.glance(id).kept
}

#[test]
fn a_note_is_acknowledged_when_it_is_committed_and_nothing_after_it_before() {
    let (mut world, id) = world();
    world.commit_mode = CommitMode::Hold;
    world.keep(id, true);
    world.lock(id, true);
    assert_eq!((kept(&world, id).as_str(), world.unacknowledged(id)), ("", 2));
    // Its connection breaks meanwhile: what is in hand is not written twice.
    world.reconnect_host(HostId::Pool);
    assert_eq!((kept(&world, id).as_str(), world.unacknowledged(id)), ("", 2));
    world.commit_mode = CommitMode::Done;
    world.resolve_commits();
    assert_eq!((kept(&world, id).as_str(), world.unacknowledged(id)), ("number 1", 0));
}

#[test]
fn what_could_not_be_written_is_said_to_be_not_kept() {
    let (mut world, id) = world();
    world.commit_mode = CommitMode::Fail;
    world.keep(id, true);
    assert_eq!((kept(&world, id).as_str(), world.unacknowledged(id)), ("", 0));
    world.commit_mode = CommitMode::Done;
    world.keep_late(id);
    assert_eq!((kept(&world, id).as_str(), world.unacknowledged(id)), ("", 0), "of an epoch long gone");
}

#[test]
fn what_is_kept_outlives_the_service_and_its_host_and_is_told_to_the_next() {
    let (mut world, id) = world();
    world.keep(id, true);
    world.restart_service();
    assert_eq!(kept(&world, id), "number 1");
    world.keep(id, true);
    world.kill_host(HostId::Pool);
    assert_eq!(kept(&world, id), "number 2");
    let last_open = world.openings(id).pop().flatten();
    assert_eq!(last_open.map(|kept| kept.note.words).as_deref(), Some("number 2"));
    world.keep(id, false);
    assert_eq!(kept(&world, id), "");
}

#[test]
fn the_next_host_opens_it_when_it_is_known_what_is_kept() {
    let (mut world, id) = world();
    world.commit_mode = CommitMode::Hold;
    world.keep(id, true);
    let opened = world.openings(id).len();
    world.kill_host(HostId::Pool);
    assert_eq!(world.openings(id).len(), opened, "what is kept is not known");
    world.commit_mode = CommitMode::Done;
    world.resolve_commits();
    let last_open = world.openings(id).pop().flatten();
    assert_eq!(last_open.map(|kept| kept.note.words).as_deref(), Some("number 1"));
    assert_eq!(world.state(id), ResourceState::Online);
}

#[test]
fn what_is_kept_is_given_up_by_somebodys_word_while_the_resource_is_at_rest() {
    let (mut world, id) = world();
    world.keep(id, true);
    let (status, text) = discard(&mut world, id);
    assert_eq!(
        (status, text.as_str()),
        (Status::INVALID_STATE, "resource 'vm' is Online; take it offline first")
    );
    assert_eq!(world.offline(id, 0), Status::IO_PENDING);
    assert_eq!((world.state(id), kept(&world, id).as_str()), (ResourceState::Offline, "number 1"));
    world.may_keep_nothing(id);
    assert_eq!(discard(&mut world, id).0, Status::SUCCESS);
    assert_eq!(kept(&world, id), "");
    assert_eq!(world.last_record().outcome, "has given up what was kept of it: number 1");
    let (status, text) = discard(&mut world, id);
    assert_eq!(status, Status::INVALID_STATE);
    assert!(text.starts_with("nothing is kept of resource 'vm'"), "{text}");
}

#[test]
fn what_is_kept_of_a_resource_goes_with_it() {
    let (mut world, id) = world();
    world.keep(id, true);
    assert_eq!(world.offline(id, 0), Status::IO_PENDING);
    assert_eq!(world.keys("note/").len(), 1);
    let call = world.call(Command::DeleteResource { resource: id });
    let answer = &world.answers[&call];
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            Status::SUCCESS,
            "what was kept of resource 'vm' is given up, and undoing this does not bring it back: number 1"
        )
    );
    assert_eq!(world.last_record().outcome, "has given up what was kept of resource 'vm': number 1");
    assert!(world.keys("note/").is_empty());
}
