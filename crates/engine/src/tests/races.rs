//! What comes between a decision and its commit, and what dies in the middle of a stop.

use mainstay_types::operation::End;
use mainstay_types::order::Step;
use mainstay_types::{HostId, ResourceId, ResourceState, Status};

use super::scenarios::stack;
use crate::command::{Command, Remark};
use crate::testing::{CommitMode, Reaction, World};

const FORCE: u32 = 2;

/// A resource of a type in a library, which acts in its host's own process.
fn foreign(world: &mut World) -> ResourceId {
    let group = world.group("g");
    world.library_type("Demo");
    let id = world.resource_of_type(group, "d", "Demo", 0);
    assert_eq!(world.online(id), Status::IO_PENDING);
    id
}

#[test]
fn an_order_that_reached_nobody_is_carried_out_by_the_next_host() {
    for (online, own) in [(true, 0), (false, 0), (true, 1), (false, 1)] {
        let mut world = World::default();
        let group = world.group("g");
        let id = world.resource_of_type(group, "r", "Generic Application", own);
        let host = if own == 1 { HostId::Own(id) } else { HostId::Pool };
        if online {
            assert_eq!(world.online(id), Status::IO_PENDING);
        }
        world.lose_host_unseen(host);
        let remark = Remark::default();
        let call = match online {
            true => world.call(crate::testing::offline(id, 0, Vec::new())),
            false => {
                world.call(Command::OnlineResource { resource: id, flags: 0, buffer: Vec::new(), remark })
            }
        };
        world.pass_ms(crate::limits::CHECK_TIMEOUT_MS);
        assert_eq!(world.answer(call).status, Status::IO_PENDING);
        assert!(world.state(id).is_pending());
        let unsent = world.orders.last().cloned();
        world.notice_loss(host, unsent.as_slice());
        let expected = if online { ResourceState::Offline } else { ResourceState::Online };
        assert_eq!(world.state(id), expected, "own host: {own}");
        let record = &world.journal[&world.answer(call).operation.unwrap()];
        assert_eq!(record.end, Some(End::Done), "own host: {own}");
        assert_eq!(world.runs(id), !online);
    }
}

#[test]
fn a_stop_that_its_own_host_does_not_survive_has_failed() {
    let deaths: [fn(&mut World, ResourceId); 4] = [
        |world, id| world.kill_host(HostId::Own(id)),
        |world, id| {
            world.kill_processes(id);
            world.kill_host(HostId::Own(id));
        },
        |world, id| {
            world.lose_host_unseen(HostId::Own(id));
            world.restart_service();
        },
        |world, id| {
            world.kill_processes(id);
            world.lose_host_unseen(HostId::Own(id));
            world.restart_service();
        },
    ];
    for (index, death) in deaths.into_iter().enumerate() {
        let mut world = World::default();
        let id = foreign(&mut world);
        world.behave(id).offline = Reaction::Hang;
        let call = world.call(crate::testing::offline(id, 0, Vec::new()));
        assert_eq!(world.state(id), ResourceState::OfflinePending);
        let operation = world.answer(call).operation.expect("an operation");
        world.behave(id).offline = Reaction::Fail;
        death(&mut world, id);
        world.pass_ms(400_000);
        assert!(matches!(world.journal[&operation].end, Some(End::Failed(_))), "{index}");
        assert_eq!(world.state(id), ResourceState::Failed, "{index}");
        assert!(!world.glance(id).unproven && !world.runs(id), "{index}");
        assert_eq!(world.persistent(id), Some(false), "{index}");
        assert_eq!(world.offline(id, 0), Status::SUCCESS, "{index}");
    }
}

#[test]
fn an_empty_leaf_proves_nothing_of_a_type_that_acts_in_its_host() {
    let mut world = World::default();
    let id = foreign(&mut world);
    let terminates = |world: &World| {
        world.steps(id).iter().filter(|step| matches!(step, Step::Terminate | Step::CleanUp)).count()
    };
    world.behave(id).offline = Reaction::Hang;
    world.behave(id).terminate = Reaction::Fail;
    world.offline(id, 0);
    world.kill_processes(id);
    world.kill_host(HostId::Own(id));
    let rest = |world: &mut World| {
        world.pass_ms(1_000);
        while world.glance(id).operation.is_some() {
            world.pass_ms(1_000);
        }
    };
    rest(&mut world);
    // New hosts were asked, in vain.
    assert!(terminates(&world) >= 2);
    assert!(world.state(id) == ResourceState::Failed && world.glance(id).unproven && world.runs(id));
    for refused in [world.online(id), world.status(Command::DeleteResource { resource: id })] {
        assert_eq!(refused, Status::INVALID_STATE);
    }
    // An offline call asks once more, and does not say what is not true; nor does a service that starts.
    let call = world.call(crate::testing::offline(id, FORCE, Vec::new()));
    assert_eq!(world.answer(call).status, Status::IO_PENDING);
    let operation = world.answer(call).operation.expect("an operation");
    rest(&mut world);
    assert!(matches!(world.journal[&operation].end, Some(End::Failed(_))));
    world.restart_service();
    rest(&mut world);
    assert!(world.state(id) == ResourceState::Failed && world.glance(id).unproven && world.runs(id));
    // When its type answers, it is proven without anybody's doing.
    world.behave(id).terminate = Reaction::Done;
    world.pass_ms(600_000);
    assert!(!world.glance(id).unproven && !world.runs(id));
    assert_eq!(world.offline(id, 0), Status::SUCCESS);
}

#[test]
fn force_ends_an_open_that_hangs() {
    for strict in [false, true] {
        let mut world = World::new(strict);
        world.library_type("Demo");
        let group = world.group("g");
        let id = ResourceId(world.fresh());
        world.behave(id).open = Reaction::Hang;
        let (name, type_name) = ("d".to_owned(), "Demo".to_owned());
        let create = Command::CreateResource { id, group, name, type_name, flags: 0 };
        assert_eq!(world.status(create), Status::SUCCESS);
        assert_eq!(world.offline(id, 0), Status::INVALID_STATE);
        let forced = world.offline(id, FORCE);
        if strict {
            assert_eq!(forced, Status::INVALID_STATE);
            continue;
        }
        assert_eq!((forced, world.state(id)), (Status::IO_PENDING, ResourceState::Offline));
        assert!(!world.is_held(id));
    }
}

#[test]
fn the_administrators_word_ends_a_doubt_and_nothing_else() {
    let mut world = World::default();
    let id = foreign(&mut world);
    let confirm = |world: &mut World| {
        let word = Command::ConfirmStopped { resource: id, remark: Remark::default() };
        let call = world.call(word);
        world.answer(call).clone()
    };
    assert_eq!(confirm(&mut world).status, Status::INVALID_STATE, "it is online");
    world.behave(id).terminate = Reaction::Fail;
    world.fail(id);
    assert_eq!(confirm(&mut world).status, Status::INVALID_STATE, "it is being cleaned up");
    world.pass_ms(1_000);
    while world.glance(id).operation.is_some() {
        world.pass_ms(1_000);
    }
    assert!(world.glance(id).unproven);
    // He has looked, and has taken down himself what there was.
    world.take_down_by_hand(id);
    let answer = confirm(&mut world);
    assert_eq!(answer.status, Status::SUCCESS, "{}", answer.text);
    assert_eq!(world.journal[&answer.operation.expect("an operation")].end, Some(End::Done));
    assert_eq!((world.state(id), world.glance(id).unproven), (ResourceState::Offline, false));
    let orders = world.orders.len();
    world.restart_service();
    world.pass_ms(700_000);
    assert_eq!(world.orders[orders..].iter().filter(|order| order.id.step == Step::CleanUp).count(), 0);
    // What runs in processes can be seen; nobody's word counts against that.
    let group = world.group("h");
    let app = world.resource(group, "app");
    world.online(app);
    (world.behave(app).unkillable, world.behave(app).terminate) = (true, Reaction::Hang);
    world.fail(app);
    world.pass_ms(40_000);
    assert!(world.glance(app).unproven);
    let word = Command::ConfirmStopped { resource: app, remark: Remark::default() };
    assert_eq!(world.status(word), Status::INVALID_STATE);
}

#[test]
fn cleaning_up_before_a_start_and_terminating_what_was_started_are_two_orders() {
    let mut world = World::default();
    let id = foreign(&mut world);
    // In doubt and to be online again: cleaned up and started, in vain, in one operation.
    world.lose_host_unseen(HostId::Own(id));
    world.kill_processes(id);
    world.behave(id).online = Reaction::Fail;
    world.restart_service();
    world.pass_ms(1_000);
    assert_eq!(world.state(id), ResourceState::Failed);
    assert!(!world.runs(id), "{:?}", world.steps(id));
    assert!(world.steps(id).contains(&Step::CleanUp));
    assert_eq!(world.steps(id).last(), Some(&Step::Terminate));
}

#[test]
fn a_host_that_dies_with_nothing_in_hand_leaves_no_doubt() {
    let mut world = World::default();
    let id = foreign(&mut world);
    world.offline(id, 0);
    let before = world.orders.len();
    world.kill_host(HostId::Own(id));
    assert!(!world.has_leaf(id), "its leaf would raise a doubt at the next start");
    world.restart_service();
    assert_eq!((world.state(id), world.orders.len()), (ResourceState::Offline, before));
    // Killed unseen, it is in doubt, and its type is asked.
    world.online(id);
    world.offline(id, 0);
    world.lose_host_unseen(HostId::Own(id));
    world.restart_service();
    assert_eq!(world.state(id), ResourceState::Offline);
    assert_eq!(world.steps(id).last(), Some(&Step::CleanUp));
}

#[test]
fn after_a_reset_of_the_machine_what_was_being_stopped_is_offline() {
    let mut world = World::default();
    let id = foreign(&mut world);
    world.behave(id).offline = Reaction::Hang;
    world.offline(id, 0);
    world.reboot();
    assert_eq!((world.state(id), world.persistent(id)), (ResourceState::Offline, Some(false)));
    assert!(world.records_left().is_empty());
}

#[test]
fn what_fails_while_its_offline_is_committed_is_offline_all_the_same() {
    let mut world = World::default();
    let (group, [disk, db, web]) = stack(&mut world);
    let remark = Remark::default;
    let group_offline = Command::OfflineGroup { group, flags: 0, buffer: Vec::new(), remark: remark() };
    for command in [crate::testing::offline(disk, 0, Vec::new()), group_offline] {
        world.online(web);
        world.commit_mode = CommitMode::Hold;
        let call = world.call(command);
        world.fail(disk);
        world.commit_mode = CommitMode::Done;
        world.resolve_commits();
        let operation = world.answer(call).operation.expect("an operation");
        assert_eq!(world.journal[&operation].end, Some(End::Done));
        for id in [disk, db, web] {
            assert_eq!(world.state(id), ResourceState::Offline, "{}", world.engine.name_of(id));
            assert!(!world.runs(id));
        }
    }
    // A restart of what fails meanwhile does not say that it was done.
    world.online(disk);
    world.behave(disk).terminate = Reaction::Hang;
    world.commit_mode = CommitMode::Hold;
    let call = world.call(Command::RestartResource { resource: disk, flags: 0, remark: remark() });
    world.fail(disk);
    world.commit_mode = CommitMode::Done;
    world.resolve_commits();
    let operation = world.answer(call).operation.expect("an operation");
    assert!(matches!(world.journal[&operation].end, Some(End::Failed(_))));
    assert_eq!(world.state(disk), ResourceState::Failed);
}

#[test]
fn calls_in_one_group_do_not_hinder_each_other_when_its_epoch_rises() {
    let mut world = World::default();
    let group = world.group("g");
    let [a, b, c] = ["a", "b", "c"].map(|name| world.resource(group, name));
    world.online(c);
    world.online(a);
    (world.behave(a).offline, world.behave(a).terminate) = (Reaction::Hang, Reaction::Hang);
    world.offline(a, 0);
    world.pass_ms(300_000);
    *world.behave(a) = Default::default();
    let online = |resource, token: &str| Command::OnlineResource {
        resource,
        flags: 0,
        buffer: Vec::new(),
        remark: Remark { reason: String::new(), token: token.into() },
    };
    let epoch = world.engine.view().model().epoch(group);
    // The first one has to raise the epoch, since the leaf was closed; the others were built on the old one.
    world.commit_mode = CommitMode::Hold;
    let calls = [world.call(online(a, "")), world.call(online(b, "t")), world.call(online(b, "t"))];
    let offline = world.call(crate::testing::offline(c, 0, Vec::new()));
    world.commit_mode = CommitMode::Done;
    world.resolve_commits();
    for call in calls.into_iter().chain([offline]) {
        assert_eq!(world.answer(call).status, Status::IO_PENDING, "{}", world.answer(call).text);
    }
    assert_eq!(world.answer(calls[1]).operation, world.answer(calls[2]).operation);
    assert!(world.engine.view().model().epoch(group) > epoch);
    let states = [a, b, c].map(|id| world.state(id));
    assert_eq!(states, [ResourceState::Online, ResourceState::Online, ResourceState::Offline]);
    assert!(world.records_left().is_empty());
}

#[test]
fn force_supersedes_what_it_takes_over_and_nothing_else() {
    for first_ends_by_itself in [false, true] {
        let mut world = World::default();
        let group = world.group("g");
        let app = world.resource(group, "app");
        world.online(app);
        world.behave(app).offline = Reaction::Hang;
        let first = world.call(crate::testing::offline(app, 0, Vec::new()));
        world.commit_mode = CommitMode::Hold;
        let forced = world.call(crate::testing::offline(app, FORCE, Vec::new()));
        if first_ends_by_itself {
            world.end_order(app, Reaction::Done);
        }
        world.commit_mode = CommitMode::Done;
        world.resolve_commits();
        let [first, forced] = [first, forced].map(|call| world.answer(call).operation.expect("an operation"));
        let expected = if first_ends_by_itself { End::Done } else { End::Superseded(forced) };
        assert_eq!(world.journal[&first].end, Some(expected));
        assert_eq!(world.journal[&forced].end, Some(End::Done));
        assert_eq!(world.state(app), ResourceState::Offline);
        assert!(world.records_left().is_empty());
    }
}

#[test]
fn what_an_acceptance_concerns_meanwhile_is_cleaned_up_later() {
    let mut world = World::default();
    let group = world.group("g");
    world.library_type("Demo");
    let disk = world.resource(group, "disk");
    let mount = world.resource_of_type(group, "mount", "Demo", 0);
    world.depend(mount, disk);
    assert_eq!(world.online(mount), Status::IO_PENDING);
    // A call that nobody knows yet whether it is accepted; the mount is what it may be about.
    world.commit_mode = CommitMode::Hold;
    let (buffer, remark) = (Vec::new(), Remark::default());
    world.call(Command::OnlineResource { resource: disk, flags: 0, buffer, remark });
    world.behave(mount).open = Reaction::Fail;
    world.kill_host(HostId::Own(mount));
    assert!(world.glance(mount).unproven);
    world.behave(mount).open = Reaction::Done;
    world.commit_mode = CommitMode::Done;
    world.resolve_commits();
    world.pass_ms(600_000);
    assert_eq!(world.state(mount), ResourceState::Online);
}

#[test]
fn why_a_resource_is_locked_is_known_to_the_next_service() {
    for (is_older, reason) in [(false, 7), (true, 0)] {
        let mut world = World::default();
        let id = foreign(&mut world);
        world.lock(id, true);
        if is_older {
            world.make_hosts_older();
        }
        world.restart_service();
        assert_eq!(world.glance(id).locked, Some(reason));
        assert_eq!(world.offline(id, 0), Status::CLUSTER_RESOURCE_LOCKED_STATUS);
    }
}

/// What was taken offline by force stays so at the service's next start, although its host has not seen it.
#[test]
fn what_was_stopped_hard_by_request_is_not_brought_back_whatever_its_host_says() {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "r");
    world.online(id);
    // Its type does not take it down, and the guard does.
    world.behave(id).terminate = Reaction::Fail;
    assert_eq!(world.offline(id, FORCE), Status::IO_PENDING);
    assert_eq!((world.state(id), world.runs(id)), (ResourceState::Offline, false));
    world.restart_service();
    world.pass_ms(60_000);
    assert_eq!((world.state(id), world.runs(id)), (ResourceState::Offline, false));
}
