//! Asking before anything stops, for a resource and for a group; and who is named when a stop ends otherwise.

use mainstay_proplist::PropertyList;
use mainstay_types::operation::End;
use mainstay_types::order::{Cause, Step};
use mainstay_types::{GroupId, HostId, ResourceId, ResourceState, Status};

use super::scenarios::stack;
use crate::command::{Command, Remark};
use crate::testing::{CheckReaction, Reaction, World, offline};

fn offline_group(group: GroupId, buffer: Vec<u8>) -> Command {
    Command::OfflineGroup { group, flags: 0, buffer, remark: Remark::default() }
}

fn instructions() -> Vec<u8> {
    PropertyList::new().with("x", 1u32).to_bytes().expect("a list")
}

/// Everything online, and a call that would stop all of it.
fn online(of_group: bool) -> (World, [ResourceId; 3], impl Fn(Vec<u8>) -> Command) {
    let mut world = World::default();
    let (group, ids) = stack(&mut world);
    world.online(ids[2]);
    let command = move |buffer| match of_group {
        true => offline_group(group, buffer),
        false => offline(ids[0], 0, buffer),
    };
    (world, ids, command)
}

#[test]
fn a_check_refuses_before_anything_stops_and_silence_counts_by_the_buffer() {
    for of_group in [false, true] {
        let (mut world, [disk, _, web], command) = online(of_group);
        world.behave(web).check = CheckReaction::No(Status::DISK_FULL);
        let before = world.database();
        for buffer in [Vec::new(), instructions()] {
            let call = world.call(command(buffer));
            let answer = world.answer(call);
            assert_eq!(answer.status, Status::DISK_FULL, "{of_group}");
            assert!(answer.text.contains("'web'"), "{}", answer.text);
            assert_eq!((world.state(web), world.database()), (ResourceState::Online, before.clone()));
        }
        world.behave(web).check = CheckReaction::Silent;
        let call = world.call(command(instructions()));
        assert!(!world.answers.contains_key(&call));
        world.pass_ms(1_000);
        assert_eq!(world.answer(call).status, Status::RESOURCE_CALL_TIMED_OUT);
        assert_eq!((world.state(disk), world.database()), (ResourceState::Online, before));
        assert!(!world.orders.iter().any(|order| order.id.step == Step::Stop), "nothing was told to stop");
        let call = world.call(command(Vec::new()));
        world.pass_ms(1_000);
        assert_eq!(world.answer(call).status, Status::IO_PENDING);
        assert_eq!(world.state(disk), ResourceState::Offline);
    }
}

#[test]
fn who_has_consented_is_asked_about_instructions_only() {
    for of_group in [false, true] {
        let (mut world, [_, db, web], command) = online(of_group);
        world.behave(db).check = CheckReaction::Consents;
        // It is said at Open, so it counts from the next host on.
        world.kill_host(HostId::Pool);
        for restart in [false, true] {
            if restart {
                world.restart_service();
            }
            world.asked.clear();
            world.behave(web).check = CheckReaction::No(Status::DISK_FULL);
            let refused = world.status(command(Vec::new()));
            assert_eq!(refused, Status::DISK_FULL, "{of_group} {restart}");
            assert!(world.asked.contains(&web) && !world.asked.contains(&db), "{of_group} {restart}");
            world.status(command(instructions()));
            assert!(world.asked.contains(&db), "{of_group} {restart}");
        }
        world.behave(web).check = CheckReaction::Yes;
        assert_eq!(world.status(command(Vec::new())), Status::IO_PENDING);
        assert_eq!(world.state(db), ResourceState::Offline);
    }
}

#[test]
fn calls_on_a_group_that_is_being_asked_wait() {
    let (mut world, [disk, db, web], command) = online(true);
    world.behave(web).check = CheckReaction::Silent;
    let first = world.call(command(Vec::new()));
    let second = world.call(offline(db, 0, Vec::new()));
    assert!(!world.answers.contains_key(&first) && !world.answers.contains_key(&second));
    world.pass_ms(1_000);
    assert_eq!(world.answer(first).status, Status::IO_PENDING);
    assert!(world.answers.contains_key(&second));
    assert_eq!(world.state(disk), ResourceState::Offline);
}

#[test]
fn an_end_names_the_resource_that_it_comes_from() {
    let said = "the state file does not fit";
    for (of_group, which, named) in
        [(false, 0, ""), (false, 2, "resource 'web': "), (true, 0, "resource 'disk': ")]
    {
        let (mut world, ids, command) = online(of_group);
        world.behave(ids[which]).offline = Reaction::Veto;
        assert_eq!(world.status(command(Vec::new())), Status::IO_PENDING);
        let text = format!("{named}{said}");
        let expected = End::Vetoed(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text));
        assert_eq!(world.last_record().end, Some(expected.clone()), "{of_group}, {which}");
        // The same when the service was away when it was said.
        world.behave(ids[which]).offline = Reaction::Hang;
        let call = world.call(command(Vec::new()));
        let operation = world.answer(call).operation.expect("an operation");
        world.restart_service();
        world.end_order(ids[which], Reaction::Veto);
        assert_eq!(world.journal[&operation].end, Some(expected), "{of_group}, {which}, after a restart");
    }
}
