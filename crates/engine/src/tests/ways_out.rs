//! What a refusal names as its way out is about the resource that is in the way, and helps.

use mainstay_types::flags::{GroupOfflineFlags, GroupOnlineFlags};
use mainstay_types::{GroupId, OfflineFlags, OnlineFlags, ResourceId, ResourceState, Status};

use super::while_pending::{Before, Cluster};
use crate::command::{Command, Remark};
use crate::testing::{Reaction, World, offline};

fn online(resource: ResourceId, flags: OnlineFlags) -> Command {
    Command::OnlineResource { resource, flags: flags.bits(), buffer: Vec::new(), remark: Remark::default() }
}

fn group_call(group: GroupId, up: bool) -> Command {
    let (buffer, remark) = (Vec::new(), Remark::default());
    match up {
        true => Command::OnlineGroup { group, flags: GroupOnlineFlags::empty().bits(), buffer, remark },
        false => Command::OfflineGroup { group, flags: GroupOfflineFlags::empty().bits(), buffer, remark },
    }
}

/// The refusal's text, and the call that it names.
fn named(world: &mut World, call: Command) -> Option<(String, Command)> {
    let call = world.call(call);
    let answered = world.answers.iter().find(|(id, _)| **id == call)?.1.clone();
    if answered.status != Status::INVALID_STATE {
        return None;
    }
    let (_, line) = answered.text.split_once("mainstay resource offline ")?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut flags = OfflineFlags::empty();
    flags.set(OfflineFlags::FORCE_WITH_TERMINATION, words.contains(&"--force"));
    flags.set(OfflineFlags::IGNORE_RESOURCE_STATUS, words.contains(&"--ignore-locked"));
    let resource = world.engine.view().find_resource(words[0]).expect("a resource of its name");
    Some((answered.text, offline(resource, flags.bits(), Vec::new())))
}

#[test]
fn a_provider_that_is_pending_is_what_the_way_out_names() {
    let mut world = World::default();
    let group = world.group("g");
    let [o1, o2, o3] = ["o1", "o2", "o3"].map(|name| world.resource(group, name));
    world.depend(o2, o1);
    world.depend(o3, o2);
    world.online(o1);
    world.behave(o1).offline = Reaction::Hang;
    assert_eq!(world.offline(o1, 0), Status::IO_PENDING);

    let (text, way_out) = named(&mut world, online(o3, OnlineFlags::empty())).expect("a way out");
    assert_eq!(
        text,
        "resource 'o1' is Offline Pending; wait for it, or end it now with the force flag: mainstay resource \
         offline o1 --force"
    );
    assert_eq!(world.status(way_out), Status::IO_PENDING);
    world.settle();
    assert_eq!(world.state(o1), ResourceState::Offline);
    assert_eq!(world.online(o3), Status::IO_PENDING);
    assert_eq!([o1, o2, o3].map(|id| world.state(id)), [ResourceState::Online; 3]);
}

/// Every call that meets a pending state, with and without a lock: who does what its refusal says is refused no more.
#[test]
fn whoever_does_what_the_refusal_says_gets_on() {
    let befores = [
        Before::Stopping,
        Before::GroupStopping,
        Before::RestartStopping,
        Before::RestartStarting,
        Before::Starting,
        Before::GroupStarting,
    ];
    let mut followed = 0;
    for before in befores {
        for (call, is_locked) in (0..8).flat_map(|call| [(call, false), (call, true)]) {
            let Cluster { mut world, group, ids: [disk, db, web], .. } = Cluster::new(before);
            world.lock(db, is_locked);
            let remark = Remark::default();
            let command = match call {
                0 | 1 => online([db, web][call], OnlineFlags::IGNORE_RESOURCE_STATUS),
                2..5 => {
                    offline([disk, db, web][call - 2], OfflineFlags::IGNORE_RESOURCE_STATUS.bits(), vec![])
                }
                5 | 6 => group_call(group, call == 5),
                _ => Command::RestartResource { resource: web, flags: 0, remark },
            };
            let Some((text, way_out)) = named(&mut world, command.clone()) else { continue };
            let what = format!("{before:?}, locked {is_locked}, call {call}: {text}");
            assert!(is_locked || !text.contains("--ignore-locked"), "{what}");
            assert_eq!(world.status(way_out), Status::IO_PENDING, "{what}");
            world.lock(db, false);
            world.settle();
            let again = world.status(command);
            assert!(matches!(again, Status::SUCCESS | Status::IO_PENDING), "{what}: {again}");
            followed += 1;
        }
    }
    assert!(followed > 40, "{followed} ways out");
}

/// `mainstay resource restart` on what is locked says so: offline and then online, both past the lock.
#[test]
fn what_is_locked_is_restarted_by_two_calls_past_the_lock() {
    let mut world = World::default();
    let group = world.group("g");
    let db = world.resource(group, "db");
    world.online(db);
    world.lock(db, true);
    let restart = Command::RestartResource { resource: db, flags: 0, remark: Remark::default() };
    assert_eq!(world.status(restart), Status::CLUSTER_RESOURCE_LOCKED_STATUS);
    assert_eq!(world.offline(db, OfflineFlags::IGNORE_RESOURCE_STATUS.bits()), Status::IO_PENDING);
    assert_eq!(world.online(db), Status::CLUSTER_RESOURCE_LOCKED_STATUS, "it is locked still");
    assert_eq!(world.status(online(db, OnlineFlags::IGNORE_RESOURCE_STATUS)), Status::IO_PENDING);
    assert_eq!(world.state(db), ResourceState::Online);
}

/// By the strict rules force ends nothing that is pending, so nothing says that it would.
#[test]
fn the_strict_rules_name_no_force() {
    let mut world = World::new(true);
    let group = world.group("g");
    let [disk, db] = ["disk", "db"].map(|name| world.resource(group, name));
    world.depend(db, disk);
    world.online(db);
    world.behave(db).offline = Reaction::Hang;
    assert_eq!(world.offline(disk, 0), Status::IO_PENDING);
    for command in [
        online(db, OnlineFlags::empty()),
        offline(disk, 0, vec![]),
        offline(db, OfflineFlags::FORCE_WITH_TERMINATION.bits(), vec![]),
        group_call(group, false),
    ] {
        let call = world.call(command);
        let answer = world.answer(call).clone();
        assert_eq!(answer.status, Status::INVALID_STATE);
        assert!(
            answer.text.contains("; wait until it is online") && !answer.text.contains("force"),
            "{}",
            answer.text
        );
    }
}
