//! The start of the service: who comes up, when, and in which order.

use std::collections::BTreeSet;

use mainstay_types::operation::Verb;
use mainstay_types::order::Step;
use mainstay_types::{GroupId, ObjectId, ResourceId, ResourceState, Status};

use crate::command::{Command, Remark};
use crate::limits::{START_WAIT_MS, STARTS_AT_ONCE_MAX};
use crate::policy::{AtOnce, NotBegun};
use crate::testing::{Reaction, World};

fn group_online(world: &mut World, group: GroupId) {
    let command = Command::OnlineGroup { group, flags: 0, buffer: Vec::new(), remark: Remark::default() };
    let status = world.status(command);
    assert!(matches!(status, Status::SUCCESS | Status::IO_PENDING), "{status}");
}

/// Groups of one resource each, with these priorities, all online.
fn groups(world: &mut World, priorities: &[u32]) -> Vec<(GroupId, ResourceId)> {
    let mut made = Vec::new();
    for (index, priority) in priorities.iter().enumerate() {
        let group = world.group(&format!("g{index}"));
        world.set_of(ObjectId::Group(group), "Priority", *priority);
        let resource = world.resource(group, &format!("r{index}"));
        group_online(world, group);
        made.push((group, resource));
    }
    made
}

fn states(world: &World, made: &[(GroupId, ResourceId)]) -> Vec<ResourceState> {
    made.iter().map(|(_, id)| world.state(*id)).collect()
}

/// The resources in the order in which they were told to start.
fn started(world: &World) -> Vec<ResourceId> {
    world.orders.iter().filter(|order| order.id.step == Step::Start).map(|order| order.resource).collect()
}

use ResourceState::{Failed, Offline, Online, OnlinePending};

#[test]
fn groups_come_up_by_their_priority() {
    let mut world = World::default();
    let made = groups(&mut world, &[1_000, 3_000, 0, 2_000, 3_000]);
    world.orders.clear();
    world.reboot();
    assert_eq!(states(&world, &made), [Online, Online, Offline, Online, Online]);
    let order: Vec<u32> = started(&world)
        .iter()
        .map(|id| [1_000, 3_000, 0, 2_000, 3_000][made.iter().position(|(_, known)| known == id).unwrap()])
        .collect();
    assert_eq!(order, [3_000, 3_000, 2_000, 1_000], "0 is not started by itself");
}

#[test]
fn one_that_hangs_delays_a_lower_priority_for_a_bounded_time() {
    for entry in ["open", "online"] {
        let mut world = World::default();
        let made = groups(&mut world, &[3_000, 3_000, 2_000]);
        let behaviour = world.behave(made[0].1);
        match entry {
            "open" => behaviour.open = Reaction::Hang,
            _ => behaviour.online = Reaction::Hang,
        }
        world.reboot();
        assert_eq!(states(&world, &made), [OnlinePending, Online, Offline], "{entry}");
        world.pass_ms(START_WAIT_MS - 1);
        assert_eq!(states(&world, &made), [OnlinePending, Online, Offline], "{entry}");
        world.pass_ms(1);
        assert_eq!(states(&world, &made), [OnlinePending, Online, Online], "{entry}");
    }
}

#[test]
fn one_that_hangs_delays_nothing_that_does_not_need_it() {
    let mut world = World::default();
    let group = world.group("g");
    let [slow, needs, other] = ["slow", "needs", "other"].map(|name| world.resource(group, name));
    world.depend(needs, slow);
    group_online(&mut world, group);
    // The service ends while an order on one of the group is under way in the host.
    world.behave(slow).offline = Reaction::Hang;
    let restart = Command::RestartResource { resource: slow, flags: 0, remark: Remark::default() };
    assert_eq!(world.status(restart), Status::SUCCESS);
    world.offline(other, 4);
    world.restart_service();
    assert_eq!(world.state(slow), ResourceState::OfflinePending);
    assert_eq!(world.state(other), Online, "it does not wait until the group is at rest");
    world.end_order(slow, Reaction::Done);
    assert_eq!((world.state(slow), world.state(needs)), (Online, Online));
}

#[test]
fn a_group_waits_for_its_delay_and_keeps_nobody_waiting() {
    let mut world = World::default();
    let made = groups(&mut world, &[3_000, 2_000]);
    world.set_of(ObjectId::Group(made[0].0), "GroupStartDelay", 30);
    world.reboot();
    assert_eq!(states(&world, &made), [Offline, Online]);
    world.pass_ms(29_999);
    assert_eq!(states(&world, &made), [Offline, Online]);
    world.pass_ms(1);
    assert_eq!(states(&world, &made), [Online, Online]);
}

#[test]
fn whoever_is_taken_offline_before_its_turn_stays_so() {
    let mut world = World::default();
    let made = groups(&mut world, &[2_000]);
    world.set_of(ObjectId::Group(made[0].0), "GroupStartDelay", 30);
    world.reboot();
    assert_eq!(world.offline(made[0].1, 4), Status::SUCCESS);
    world.pass_ms(60_000);
    assert_eq!(states(&world, &made), [Offline]);
    assert_eq!(world.persistent(made[0].1), None, "nothing was written");
}

#[test]
fn what_a_cold_start_brings_up() {
    // ColdStartSetting, IgnorePersistentStateOnStartup, whether the group and the resource are asked for, and what then
    // comes up with the machine, and with the service alone.
    for (setting, ignores, group_asked, resource_asked, cold, warm) in [
        (0, 0, true, None, true, true),
        (0, 0, false, None, false, false),
        (0, 0, false, Some(true), true, true),
        (0, 0, true, Some(false), false, false),
        (1, 0, true, None, false, true),
        (1, 0, true, Some(true), false, true),
        (2, 0, true, None, true, true),
        (2, 0, false, Some(true), false, true),
        (0, 1, false, None, true, false),
        (0, 1, true, Some(false), true, false),
        (1, 1, true, None, false, true),
        (2, 1, false, Some(true), true, true),
    ] {
        let case = format!("{setting} {ignores} {group_asked} {resource_asked:?}");
        let mut world = World::default();
        let group = world.group("g");
        let id = world.resource(group, "r");
        world.set_of(ObjectId::Group(group), "ColdStartSetting", setting);
        world.set_of(ObjectId::Cluster, "IgnorePersistentStateOnStartup", ignores);
        if group_asked {
            group_online(&mut world, group);
        }
        match resource_asked {
            Some(true) => drop(world.online(id)),
            Some(false) => drop(world.offline(id, 0)),
            None => {}
        }
        // What runs is not touched by a start of the service alone, so it goes down before without a word.
        world.offline(id, 4);
        let state = |up: bool| if up { Online } else { Offline };
        world.restart_service();
        assert_eq!(world.state(id), state(warm), "warm: {case}");
        world.reboot();
        assert_eq!(world.state(id), state(cold), "cold: {case}");
    }
}

#[test]
fn many_are_begun_a_few_at_a_time() {
    const COUNT: usize = 200;
    let mut world = World::default();
    world.checks = false;
    let group = world.group("g");
    let ids: Vec<ResourceId> = (0..COUNT).map(|index| world.resource(group, &format!("r{index}"))).collect();
    group_online(&mut world, group);
    for id in &ids {
        world.behave(*id).online = Reaction::Hang;
    }
    world.orders.clear();
    world.reboot();
    let begun: BTreeSet<ResourceId> = started(&world).into_iter().collect();
    assert_eq!(begun.len(), STARTS_AT_ONCE_MAX);
    // When half of them have come up, as many more are begun.
    for id in begun.iter().take(STARTS_AT_ONCE_MAX / 2) {
        world.end_order(*id, Reaction::Done);
    }
    assert_eq!(started(&world).len(), STARTS_AT_ONCE_MAX * 3 / 2);
    // Those that hang keep their places for a bounded time only.
    world.pass_ms(2 * START_WAIT_MS);
    assert!(started(&world).len() > STARTS_AT_ONCE_MAX * 2, "{}", started(&world).len());
    world.pass_ms(4 * START_WAIT_MS);
    assert_eq!(started(&world).len(), COUNT);
    let operations = world.journal.values().chain(world.engine.view().operations().iter()).fold(
        BTreeSet::new(),
        |mut found, record| {
            found.extend((record.verb == Verb::StartUp).then_some(record.id));
            found
        },
    );
    assert!(operations.len() < 10, "{operations:?}");
}

#[test]
fn what_was_lost_and_cannot_be_proven_stopped_is_its_policys() {
    let mut world = World::default();
    let group = world.group("g");
    world.library_type("Demo");
    let mount = world.resource_of_type(group, "mount", "Demo", 0);
    group_online(&mut world, group);
    world.hosts_start = false;
    world.lose_host_unseen(mainstay_types::HostId::Own(mount));
    world.restart_service();
    world.pass_ms(60_000);
    assert_eq!(world.state(mount), Failed);
    assert!(world.glance(mount).unproven);
    world.hosts_start = true;
    world.pass_ms(1_300_000);
    assert_eq!(world.state(mount), Online);
}

#[test]
fn what_comes_into_a_group_follows_the_next_word_about_it() {
    let mut world = World::default();
    let group = world.group("g");
    let first = world.resource(group, "first");
    group_online(&mut world, group);
    let second = world.resource(group, "second");
    for restart in [World::restart_service, World::reboot] {
        restart(&mut world);
        assert_eq!(world.state(first), Online);
        assert_eq!(world.state(second), Offline, "nobody has asked for it");
    }
    group_online(&mut world, group);
    world.reboot();
    assert_eq!(world.state(second), Online);
}

const WAITS: u64 = 0x10;

fn status(world: &World, group: GroupId) -> u64 {
    world.engine.group_status(group).bits()
}

#[test]
fn no_more_groups_than_may_start_at_once_on_the_node() {
    for limit in [0, 1, 2, 3] {
        let mut world = World::default();
        let made = groups(&mut world, &[2_000, 2_000, 2_000]);
        world.set_of(ObjectId::Cluster, "StartsAtOncePerNode", limit);
        for (_, id) in &made {
            world.behave(*id).online = Reaction::Hang;
        }
        world.orders.clear();
        world.reboot();
        let at_once = if limit == 0 { 3 } else { limit as usize };
        // One that hangs keeps its place until its own limit is over.
        world.pass_ms(2 * START_WAIT_MS);
        assert_eq!(started(&world).len(), at_once, "{limit}");
        let waiting: Vec<GroupId> = made
            .iter()
            .filter(|(group, _)| status(&world, *group) == WAITS)
            .map(|(group, _)| *group)
            .collect();
        assert_eq!(waiting.len(), 3 - at_once, "{limit}");
        if let Some(held) = made.iter().find(|(group, _)| waiting.contains(group)) {
            let why = world.engine.why_not_begun(held.1).expect("a reason");
            assert_eq!(why, NotBegun::AtOnce(AtOnce::OnNode { limit }), "{limit}");
        }
        while let Some(id) = made.iter().map(|(_, id)| *id).find(|id| world.state(*id) == OnlinePending) {
            world.end_order(id, Reaction::Done);
        }
        assert_eq!(states(&world, &made), [Online; 3], "{limit}");
        assert!(made.iter().all(|(group, _)| status(&world, *group) == 0), "{limit}");
    }
}

#[test]
fn no_more_groups_than_may_start_at_once_from_one_storage() {
    let mut world = World::default();
    let made = groups(&mut world, &[2_000, 2_000, 2_000, 2_000]);
    for (group, storage) in [(0, "san"), (1, "SAN"), (2, "other")] {
        let list = mainstay_proplist::PropertyList::new()
            .with("StorageNames", mainstay_proplist::Value::MultiSz(vec![storage.into()]));
        let (object, input) = (ObjectId::Group(made[group].0), list.to_bytes().expect("a list"));
        let code = mainstay_types::ControlCode(0x0340_005E);
        let call = Command::Control { object, code, input, output_length_max: 0 };
        assert_eq!(world.status(call), Status::SUCCESS);
    }
    world.set_of(ObjectId::Cluster, "StartsAtOncePerStorage", 1);
    for (_, id) in &made {
        world.behave(*id).online = Reaction::Hang;
    }
    world.reboot();
    assert_eq!(states(&world, &made), [OnlinePending, Offline, OnlinePending, OnlinePending]);
    let why = world.engine.why_not_begun(made[1].1).expect("a reason");
    assert_eq!(why, NotBegun::AtOnce(AtOnce::FromStorage { storage: "SAN".into(), limit: 1 }));
    // What somebody asks for is done at once.
    group_online(&mut world, made[1].0);
    assert_eq!(states(&world, &made), [OnlinePending; 4]);
}

#[test]
fn a_limit_that_is_raised_lets_who_waits_begin() {
    let mut world = World::default();
    let made = groups(&mut world, &[2_000, 2_000, 2_000]);
    world.set_of(ObjectId::Cluster, "StartsAtOncePerNode", 1);
    for (_, id) in &made {
        world.behave(*id).online = Reaction::Hang;
    }
    world.reboot();
    assert_eq!(states(&world, &made), [OnlinePending, Offline, Offline]);
    world.set_of(ObjectId::Cluster, "StartsAtOncePerNode", 2);
    assert_eq!(states(&world, &made), [OnlinePending, OnlinePending, Offline]);
}

#[test]
fn a_group_waits_to_start_until_its_turn_has_come() {
    let mut world = World::default();
    let made = groups(&mut world, &[3_000, 2_000, 0]);
    world.behave(made[0].1).online = Reaction::Hang;
    world.reboot();
    let statuses = |world: &World| made.iter().map(|(group, _)| status(world, *group)).collect::<Vec<_>>();
    assert_eq!(statuses(&world), [0, WAITS, 0], "0 is not started by itself, so it waits for nothing");
    world.end_order(made[0].1, Reaction::Done);
    assert_eq!((statuses(&world), states(&world, &made)), (vec![0; 3], vec![Online, Online, Offline]));
}
