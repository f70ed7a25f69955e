//! One rule, one story.

use mainstay_types::operation::{End, Verb};
use mainstay_types::order::Step;
use mainstay_types::{GroupState, HostId, ResourceState, Status};

use crate::command::{Command, Remark};
use crate::testing::{CommitMode, Reaction, World};

const FORCE: u32 = 2;

/// `web` on `db` on `disk` in group `g`.
pub(super) fn stack(world: &mut World) -> (mainstay_types::GroupId, [mainstay_types::ResourceId; 3]) {
    let group = world.group("g");
    let [disk, db, web] = ["disk", "db", "web"].map(|name| world.resource(group, name));
    world.depend(db, disk);
    world.depend(web, db);
    (group, [disk, db, web])
}

#[test]
fn a_new_resource_is_opened_and_offline() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    assert_eq!(world.state(app), ResourceState::Offline);
    assert_eq!(world.steps(app), [Step::Open]);
    assert_eq!(world.persistent(app), None);
    assert!(world.records_left().is_empty(), "records of ended operations are deleted");
    assert_eq!(world.journal.values().filter(|record| record.verb == Verb::Create).count(), 2);
}

#[test]
fn online_goes_up_and_offline_goes_down_in_order() {
    let mut world = World::default();
    let (group, [disk, db, web]) = stack(&mut world);
    assert_eq!(world.online(web), Status::IO_PENDING);
    for id in [disk, db, web] {
        assert_eq!(world.state(id), ResourceState::Online);
    }
    assert_eq!((world.persistent(web), world.persistent(disk)), (Some(true), None));
    assert_eq!(world.engine.view().group_state(group), Some(GroupState::Online));
    let started: Vec<_> = world
        .orders
        .iter()
        .filter(|order| order.id.step == Step::Start)
        .map(|order| order.resource)
        .collect();
    assert_eq!(started, [disk, db, web]);

    assert_eq!(world.offline(disk, 0), Status::IO_PENDING);
    let stopped: Vec<_> =
        world.orders.iter().filter(|order| order.id.step == Step::Stop).map(|order| order.resource).collect();
    assert_eq!(stopped, [web, db, disk]);
    assert_eq!(world.engine.view().group_state(group), Some(GroupState::Offline));
    assert_eq!((world.persistent(disk), world.persistent(web)), (Some(false), Some(true)));
    assert_eq!(world.last_record().end, Some(End::Done));
    assert!(world.records_left().is_empty());
}

#[test]
fn after_997_the_state_is_never_online() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    world.behave(app).offline = Reaction::Hang;
    assert_eq!(world.offline(app, 0), Status::IO_PENDING);
    assert_eq!(world.state(app), ResourceState::OfflinePending);
    let shown = world.engine.view().operations();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].pending.len(), 1);
    assert_eq!(shown[0].pending[0].next_limit, "PendingTimeout");
    world.progress(app, "saving");
    assert_eq!(world.engine.view().operations()[0].pending[0].last_word, "saving");
    world.end_order(app, Reaction::Done);
    assert_eq!(world.state(app), ResourceState::Offline);
}

#[test]
fn silence_leads_to_terminate_and_failed() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    world.behave(app).offline = Reaction::Hang;
    world.offline(app, 0);
    world.pass_ms(179_000);
    world.progress(app, "still there");
    world.pass_ms(179_000);
    assert_eq!(world.state(app), ResourceState::OfflinePending);
    world.pass_ms(2_000);
    assert_eq!(world.state(app), ResourceState::Failed);
    assert!(!world.runs(app));
    assert!(
        matches!(&world.last_record().end, Some(End::Failed(cause)) if cause.text.contains("PendingTimeout"))
    );
}

#[test]
fn what_terminate_does_not_end_is_stopped_hard() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    (world.behave(app).offline, world.behave(app).terminate) = (Reaction::Hang, Reaction::Hang);
    world.offline(app, 0);
    world.pass_ms(180_000 + 30_000);
    assert_eq!(world.state(app), ResourceState::Failed);
    assert!(!world.runs(app));
    // The leaf was closed: the next start raises the group's epoch.
    let before = world.engine.view().model().epoch(group);
    (world.behave(app).offline, world.behave(app).terminate) = (Reaction::Done, Reaction::Done);
    assert_eq!(world.online(app), Status::IO_PENDING);
    assert_eq!(world.state(app), ResourceState::Online);
    assert!(world.engine.view().model().epoch(group) > before);
}

#[test]
fn what_cannot_be_killed_stays_unproven_until_it_is() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.set(app, "RestartAction", 0);
    world.online(app);
    world.behave(app).unkillable = true;
    world.behave(app).terminate = Reaction::Hang;
    world.fail(app);
    world.pass_ms(40_000);
    assert_eq!(world.state(app), ResourceState::Failed);
    assert!(world.glance(app).unproven);
    assert_eq!(world.online(app), Status::INVALID_STATE);
    assert_eq!(world.status(Command::DeleteResource { resource: app }), Status::INVALID_STATE);
    world.behave(app).unkillable = false;
    world.pass_ms(120_000);
    assert!(!world.glance(app).unproven);
    assert_eq!(world.online(app), Status::IO_PENDING);
    assert_eq!(world.state(app), ResourceState::Online);
}

#[test]
fn what_happens_while_the_service_starts_is_not_lost() {
    let mut world = World::default();
    let group = world.group("g");
    let [dies, stops, vetoes] = ["dies", "stops", "vetoes"].map(|name| world.resource(group, name));
    world.set(dies, "RestartAction", 0);
    for id in [dies, stops, vetoes] {
        world.online(id);
    }
    for id in [stops, vetoes] {
        world.behave(id).offline = Reaction::Hang;
        world.offline(id, 0);
    }
    world.restart_service_while(dies, Reaction::Done);
    assert_eq!(world.state(dies), ResourceState::Failed);
    world.restart_service_while(stops, Reaction::Done);
    assert_eq!(world.state(stops), ResourceState::Offline);
    world.restart_service_while(vetoes, Reaction::Veto);
    assert_eq!(world.state(vetoes), ResourceState::Online);
}

/// Its host still holds it, and the leaf is closed: that is known after a restart of the service too.
#[test]
fn what_was_stopped_hard_starts_after_a_restart_of_the_service() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.set(app, "RestartAction", 0);
    world.online(app);
    (world.behave(app).offline, world.behave(app).terminate) = (Reaction::Fail, Reaction::Fail);
    world.offline(app, 0);
    world.pass_ms(240_000);
    assert!(!world.runs(app));
    (world.behave(app).offline, world.behave(app).terminate) = (Reaction::Done, Reaction::Done);
    world.restart_service();
    let before = world.engine.view().model().epoch(group);
    world.online(app);
    assert_eq!(world.state(app), ResourceState::Online);
    assert!(world.engine.view().model().epoch(group) > before);
}

#[test]
fn a_veto_puts_everything_back() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    world.online(web);
    world.behave(disk).offline = Reaction::Veto;
    assert_eq!(world.offline(disk, 0), Status::IO_PENDING);
    for id in [disk, db, web] {
        assert_eq!(world.state(id), ResourceState::Online);
    }
    assert_eq!(world.persistent(disk), None);
    assert!(matches!(world.last_record().end, Some(End::Vetoed(_))));
    assert!(world.steps(web).contains(&Step::Restore));
    assert!(world.records_left().is_empty());
}

#[test]
fn a_lock_that_comes_meanwhile_ends_the_operation() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    world.online(web);
    world.behave(web).offline = Reaction::Hang;
    assert_eq!(world.offline(disk, 0), Status::IO_PENDING);
    world.lock(db, true);
    world.end_order(web, Reaction::Done);
    for id in [disk, db, web] {
        assert_eq!(world.state(id), ResourceState::Online);
    }
    let end = world.last_record().end.clone();
    assert!(
        matches!(end, Some(End::Vetoed(cause)) if cause.status == Status::CLUSTER_RESOURCE_LOCKED_STATUS)
    );
    assert_eq!(world.persistent(disk), None);
}

#[test]
fn force_breaks_a_pending_stop_and_takes_it_over() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    world.online(web);
    world.behave(web).offline = Reaction::Hang;
    assert_eq!(world.offline(disk, 0), Status::IO_PENDING);
    let first = world.engine.view().operations()[0].id;
    assert_eq!(world.offline(disk, 0), Status::INVALID_STATE);
    assert_eq!(world.offline(disk, FORCE), Status::IO_PENDING);
    for id in [disk, db, web] {
        assert_eq!(world.state(id), ResourceState::Offline, "{}", world.engine.name_of(id));
        assert!(!world.runs(id));
    }
    assert!(matches!(world.journal[&first].end, Some(End::Superseded(_))));
    assert_eq!(world.last_record().end, Some(End::Done));
    assert!(world.records_left().is_empty());
}

#[test]
fn a_failure_takes_dependents_down_gracefully_first() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    world.online(web);
    world.fail(disk);
    assert_eq!(world.state(disk), ResourceState::Failed);
    assert_eq!((world.state(db), world.state(web)), (ResourceState::Offline, ResourceState::Offline));
    assert!(!world.runs(disk));
    assert_eq!(world.persistent(web), Some(true));
    assert_eq!(world.last_record().verb, Verb::Recover);
}

#[test]
fn a_failing_provider_fails_the_start_of_its_dependent() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    world.behave(db).online = Reaction::Fail;
    assert_eq!(world.online(web), Status::IO_PENDING);
    assert_eq!(world.state(disk), ResourceState::Online);
    assert_eq!((world.state(db), world.state(web)), (ResourceState::Failed, ResourceState::Failed));
    let info = world.glance(web);
    assert_eq!(info.cause.map(|cause| cause.status), Some(Status::CLUSTER_RESOURCE_PROVIDER_FAILED));
    assert_eq!(world.steps(db).last(), Some(&Step::Terminate));
}

#[test]
fn a_provider_that_fails_while_its_dependent_starts_takes_it_down() {
    let mut world = World::default();
    let (_, [disk, db, _]) = stack(&mut world);
    world.behave(db).online = Reaction::Hang;
    world.online(db);
    assert_eq!((world.state(disk), world.state(db)), (ResourceState::Online, ResourceState::OnlinePending));
    world.fail(disk);
    assert_eq!((world.state(disk), world.state(db)), (ResourceState::Failed, ResourceState::Failed));
    assert!(!world.runs(db) && !world.runs(disk));
}

#[test]
fn a_dead_pool_host_does_not_kill_healthy_work() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    world.online(web);
    world.kill_processes(db);
    world.events.clear();
    world.kill_host(HostId::Pool);
    // What still ran is online without ever having been anything else; what was dead has failed.
    assert_eq!(world.state(disk), ResourceState::Online);
    assert_eq!(world.state(db), ResourceState::Failed);
    assert_eq!(world.state(web), ResourceState::Offline);
    assert!(world.steps(disk).iter().filter(|step| **step == Step::Open).count() == 2);
}

#[test]
fn what_was_in_the_middle_fails_with_its_host() {
    let mut world = World::default();
    let group = world.group("g");
    let [a, b] = ["a", "b"].map(|name| world.resource(group, name));
    world.online(a);
    world.online(b);
    world.behave(a).offline = Reaction::Hang;
    world.offline(a, 0);
    world.kill_host(HostId::Pool);
    assert_eq!((world.state(a), world.state(b)), (ResourceState::Failed, ResourceState::Online));
    assert!(!world.runs(a) && world.runs(b));
}

#[test]
fn a_killed_own_host_costs_its_resource_only() {
    let mut world = World::default();
    let group = world.group("g");
    let a = world.resource_of_type(group, "a", "Generic Application", 1);
    let b = world.resource(group, "b");
    world.set(a, "RestartAction", 0);
    world.online(a);
    world.online(b);
    assert!(world.has_host(HostId::Own(a)));
    world.events.clear();
    world.deadlock(a);
    world.pass_ms(60_000);
    assert_eq!((world.state(a), world.state(b)), (ResourceState::Failed, ResourceState::Online));
    assert!(world.events.iter().all(|event| event.object_id != b.to_string()));
}

#[test]
fn a_control_code_that_hangs_costs_the_host_and_not_what_it_serves() {
    let mut world = World::default();
    let group = world.group("g");
    let a = world.resource_of_type(group, "a", "Generic Application", 1);
    let b = world.resource(group, "b");
    world.online(a);
    world.online(b);
    world.events.clear();
    world.deadlock_in(a, mainstay_types::order::RESOURCE_CONTROL);
    world.pass_ms(60_000);
    assert_eq!((world.state(a), world.state(b)), (ResourceState::Online, ResourceState::Online));
    assert!(world.runs(a) && world.has_host(HostId::Own(a)));
    assert!(world.events.iter().all(|event| event.object_id != b.to_string()));
}

#[test]
fn a_host_that_never_comes_up_is_given_up() {
    let mut world = World::default();
    let group = world.group("g");
    world.hosts_start = false;
    let app = world.resource(group, "app");
    world.pass_ms(60_000);
    assert_eq!(world.state(app), ResourceState::Failed);
    world.hosts_start = true;
    assert_eq!(world.online(app), Status::IO_PENDING);
    assert_eq!(world.state(app), ResourceState::Online);
}

#[test]
fn a_service_that_dies_goes_on_where_it_was() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    world.online(web);
    world.behave(web).offline = Reaction::Hang;
    assert_eq!(world.offline(disk, 0), Status::IO_PENDING);
    world.restart_service();
    assert_eq!(world.state(web), ResourceState::OfflinePending);
    assert_eq!(world.state(disk), ResourceState::OfflinePending);
    world.end_order(web, Reaction::Done);
    for id in [disk, db, web] {
        assert_eq!(world.state(id), ResourceState::Offline);
    }
    assert_eq!(world.persistent(disk), Some(false));
    assert!(world.records_left().is_empty());
    let stops = world.orders.iter().filter(|order| order.resource == web && order.id.step == Step::Stop);
    assert_eq!(stops.count(), 1, "nothing is ordered twice");
}

#[test]
fn a_start_brings_up_what_is_wanted_and_what_it_needs() {
    let mut world = World::default();
    let (group, [disk, db, web]) = stack(&mut world);
    world.online(db);
    world.reboot();
    assert_eq!((world.state(disk), world.state(db)), (ResourceState::Online, ResourceState::Online));
    assert_eq!(world.state(web), ResourceState::Offline);
    assert_eq!(world.engine.view().model().epoch(group).epoch, 2);
    assert!(world.journal.values().any(|record| record.verb == Verb::StartUp));
    // A group that was taken offline stays down, and its resources' own words stay written.
    let remark = Remark::default();
    let status = world.status(Command::OfflineGroup { group, flags: 0, buffer: Vec::new(), remark });
    assert_eq!(status, Status::IO_PENDING);
    world.reboot();
    assert_eq!(world.state(db), ResourceState::Offline);
    assert_eq!(world.persistent(db), Some(true));
    // The later word holds.
    world.online(disk);
    world.reboot();
    assert_eq!((world.state(disk), world.state(db)), (ResourceState::Online, ResourceState::Offline));
}

#[test]
fn what_runs_without_a_host_is_recovered_or_started_anew() {
    let mut world = World::default();
    let group = world.group("g");
    let [a, b] = ["a", "b"].map(|name| world.resource(group, name));
    world.online(a);
    world.online(b);
    // Service and pool host die together; b's open in the next host fails.
    world.behave(b).open = Reaction::Fail;
    let orders = world.orders.len();
    world.lose_host_unseen(HostId::Pool);
    world.restart_service();
    assert_eq!(world.state(a), ResourceState::Online);
    assert!(world.orders[orders..].iter().all(|order| order.resource != a || order.id.step != Step::Start));
    assert!(matches!(world.state(b), ResourceState::Failed));
    assert!(!world.runs(b));
}

#[test]
fn a_failed_commit_refuses_and_an_unknown_one_blocks_only_its_closure() {
    let mut world = World::default();
    let group = world.group("g");
    let [a, b] = ["a", "b"].map(|name| world.resource(group, name));
    world.online(a);
    world.online(b);
    world.commit_mode = CommitMode::Fail;
    let before = world.database();
    assert_eq!(world.offline(a, 0), Status::SHARING_PAUSED);
    assert_eq!((world.state(a), world.database()), (ResourceState::Online, before));

    world.commit_mode = CommitMode::UnknownDone;
    let first = world.call(crate::testing::offline(a, 0, Vec::new()));
    world.commit_mode = CommitMode::Done;
    let second = world.call(crate::testing::offline(a, 0, Vec::new()));
    assert!(!world.answers.contains_key(&first) && !world.answers.contains_key(&second));
    assert_eq!(world.state(a), ResourceState::Online);
    assert_eq!(world.offline(b, 0), Status::IO_PENDING);
    world.resolve_commits();
    assert_eq!(world.answer(first).status, Status::IO_PENDING);
    assert!(world.answers.contains_key(&second));
    assert_eq!(world.state(a), ResourceState::Offline);
}

#[test]
fn restart_comes_back_with_its_dependents() {
    let mut world = World::default();
    let (_, [disk, db, web]) = stack(&mut world);
    world.online(db);
    world.online(web);
    let status = world.status(Command::RestartResource { resource: db, flags: 0, remark: Remark::default() });
    assert_eq!(status, Status::SUCCESS);
    for id in [disk, db, web] {
        assert_eq!(world.state(id), ResourceState::Online);
    }
    assert_eq!(world.steps(web), [Step::Open, Step::Start, Step::Stop, Step::Start]);
    assert_eq!(world.steps(disk), [Step::Open, Step::Start]);
    assert_eq!(world.last_record().end, Some(End::Done));
}

#[test]
fn fail_is_a_failure() {
    let mut world = World::default();
    let (_, [disk, db, _]) = stack(&mut world);
    world.online(db);
    let fail = |resource| Command::FailResource { resource, remark: Remark::default() };
    assert_eq!(world.status(fail(disk)), Status::SUCCESS);
    assert_eq!((world.state(disk), world.state(db)), (ResourceState::Failed, ResourceState::Offline));
    assert!(!world.runs(disk));
    assert_eq!(world.status(fail(disk)), Status::RESMON_INVALID_STATE);
    assert_eq!(world.offline(disk, 0), Status::SUCCESS);
    assert_eq!(world.state(disk), ResourceState::Offline);
}

#[test]
fn groups_go_as_a_whole() {
    let mut world = World::default();
    let (group, [disk, db, web]) = stack(&mut world);
    let online = |world: &mut World| {
        let remark = Remark::default();
        world.status(Command::OnlineGroup { group, flags: 0, buffer: Vec::new(), remark })
    };
    assert_eq!(online(&mut world), Status::IO_PENDING);
    assert_eq!(world.engine.view().group_state(group), Some(GroupState::Online));
    assert_eq!(online(&mut world), Status::SUCCESS);
    world.offline(web, 0);
    assert_eq!(world.engine.view().group_state(group), Some(GroupState::PartialOnline));
    let offline = Command::OfflineGroup { group, flags: 0, buffer: Vec::new(), remark: Remark::default() };
    assert_eq!(world.status(offline.clone()), Status::IO_PENDING);
    assert_eq!(world.status(offline), Status::SUCCESS);
    assert_eq!(online(&mut world), Status::IO_PENDING);
    // What was taken offline by itself stays down.
    assert_eq!(world.state(web), ResourceState::Offline);
    assert_eq!((world.state(disk), world.state(db)), (ResourceState::Online, ResourceState::Online));
}

#[test]
fn a_token_answers_with_the_operation_that_it_became() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    let command = Command::OnlineResource {
        resource: app,
        flags: 0,
        buffer: Vec::new(),
        remark: Remark { reason: "try".into(), token: "t-1".into() },
    };
    let (first, second) = (world.call(command.clone()), world.call(command));
    assert_eq!(world.answer(first).operation, world.answer(second).operation);
    assert_eq!(world.answer(second).status, Status::IO_PENDING);
    assert_eq!(world.orders.iter().filter(|order| order.id.step == Step::Start).count(), 1);
}

#[test]
fn a_lost_connection_sends_nothing_twice_and_loses_nothing() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    world.behave(app).offline = Reaction::Hang;
    world.offline(app, 0);
    world.reconnect_host(HostId::Pool);
    assert_eq!(world.steps(app).iter().filter(|step| **step == Step::Stop).count(), 1);
    world.end_order(app, Reaction::Done);
    assert_eq!(world.state(app), ResourceState::Offline);
}

#[test]
fn deleting_closes_and_removes() {
    let mut world = World::default();
    let (group, [disk, db, web]) = stack(&mut world);
    let delete = |resource| Command::DeleteResource { resource };
    assert_eq!(world.status(delete(disk)), Status::DEPENDENT_RESOURCE_EXISTS);
    world.online(web);
    assert_eq!(world.status(delete(web)), Status::INVALID_STATE);
    world.offline(web, 0);
    assert_eq!(world.status(delete(web)), Status::SUCCESS);
    assert!(!world.has_leaf(web));
    assert_eq!(world.status(delete(web)), Status::RESOURCE_NOT_AVAILABLE);
    assert_eq!(world.status(Command::DeleteGroup { group, force: false }), Status::DIR_NOT_EMPTY);
    world.offline(disk, 0);
    assert_eq!(world.status(Command::DeleteGroup { group, force: true }), Status::SUCCESS);
    assert!(!world.has_leaf(db) && !world.has_leaf(disk));
    assert_eq!(world.keys("own/group"), Vec::<String>::new());
}

#[test]
fn do_not_update_leaves_the_persistent_state_bytewise() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    let persistent = |world: &mut World| -> Vec<_> {
        let entries = world.database().into_iter();
        entries.filter(|(key, _)| String::from_utf8_lossy(key).contains("persistentstate")).collect()
    };
    let before = persistent(&mut world);
    assert_eq!(before.len(), 1);
    assert_eq!(world.offline(app, 4), Status::IO_PENDING);
    assert_eq!(persistent(&mut world), before);
}

#[test]
fn a_thousand_resources_stop_side_by_side() {
    let mut world = World::default();
    world.checks = false;
    let group = world.group("g");
    let ids: Vec<_> = (0..1_000).map(|number| world.resource(group, &format!("r{number}"))).collect();
    let remark = Remark::default;
    world.status(Command::OnlineGroup { group, flags: 0, buffer: Vec::new(), remark: remark() });
    assert_eq!(world.engine.view().group_state(group), Some(GroupState::Online));
    world.engine_time = std::time::Duration::ZERO;
    for id in &ids {
        assert_eq!(world.offline(*id, 0), Status::IO_PENDING);
    }
    eprintln!("the engine's share of one offline with 1000 resources: {:?}", world.engine_time / 1_000);
    assert_eq!(world.engine.view().group_state(group), Some(GroupState::Offline));
}
