//! The table of all cases of the offline call: state × flags × locks × buffer × dependents × access × strict rules.
//!
//! Each row of expectations is written down here on its own, from the reference and the design; nothing is computed by
//! the code under test.

use mainstay_proplist::PropertyList;
use mainstay_types::operation::End;
use mainstay_types::{Access, ResourceState, Status};

use crate::testing::{Reaction, World, offline};

const IGNORE: u32 = 1;
const FORCE: u32 = 2;
const KEEP: u32 = 4;

/// The state that the resource is brought into before the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Before {
    Initializing,
    Online,
    Offline,
    FailedStopped,
    FailedUnproven,
    OnlinePending,
    OfflinePending,
}

/// What depends on the resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dependent {
    None,
    Online,
    Offline,
    Failed,
    OnlinePending,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Locked {
    No,
    Itself,
    Dependent,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Buffer {
    None,
    Good,
    Malformed,
    TooLarge,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    before: Before,
    flags: u32,
    locked: Locked,
    dependent: Dependent,
    buffer: Buffer,
    access: Access,
    strict: bool,
}

/// Status, state afterwards, and whether the persistent state is written.
type Expected = (Status, ResourceState, bool);

const NO: bool = false;

fn states() -> [Before; 7] {
    use Before::*;
    [Initializing, Online, Offline, FailedStopped, FailedUnproven, OnlinePending, OfflinePending]
}

/// The expectation, written as the procedure's page is: the first line that matches decides.
fn expected(case: &Case) -> Expected {
    use ResourceState as S;
    let kept = match case.before {
        Before::Initializing => S::Initializing,
        Before::Online => S::Online,
        Before::Offline => S::Offline,
        Before::FailedStopped | Before::FailedUnproven => S::Failed,
        Before::OnlinePending => S::OnlinePending,
        Before::OfflinePending => S::OfflinePending,
    };
    let refused = |status| (status, kept, NO);
    let writes = case.flags & KEEP == 0;
    let force = case.flags & FORCE != 0;
    let ignore = case.flags & IGNORE != 0;
    if case.access == Access::Read {
        return refused(Status::ACCESS_DENIED);
    }
    let bad_flags = case.flags & !0x7F != 0 || (case.flags & 0x78).count_ones() > 1;
    if bad_flags || (case.strict && case.flags & 0x78 != 0) {
        return refused(Status::INVALID_PARAMETER);
    }
    if matches!(case.buffer, Buffer::Malformed | Buffer::TooLarge) {
        return refused(Status::INVALID_PARAMETER);
    }
    let locked = match case.locked {
        Locked::No => false,
        Locked::Itself => true,
        // A dependent that is down already does not have to stop.
        Locked::Dependent => matches!(case.dependent, Dependent::Online | Dependent::OnlinePending),
    };
    match case.before {
        // Nothing of it can be locked yet; what is being opened is broken off by force.
        Before::Initializing if force && !case.strict => (Status::IO_PENDING, S::Offline, writes),
        Before::Initializing => refused(Status::INVALID_STATE),
        Before::OnlinePending | Before::OfflinePending if case.strict || !force => {
            refused(Status::INVALID_STATE)
        }
        Before::FailedStopped | Before::FailedUnproven if case.strict => refused(Status::RESOURCE_FAILED),
        Before::Online if case.dependent == Dependent::OnlinePending && (case.strict || !force) => {
            refused(Status::INVALID_STATE)
        }
        _ if locked && !ignore => refused(Status::CLUSTER_RESOURCE_LOCKED_STATUS),
        Before::Offline | Before::FailedStopped => (Status::SUCCESS, S::Offline, writes),
        _ => (Status::IO_PENDING, S::Offline, writes),
    }
}

fn check(case: Case) {
    let mut world = World::new(case.strict);
    let group = world.group("g");
    if case.before == Before::Initializing {
        world.hosts_start = false;
    }
    let x = world.resource(group, "x");
    let dependent = (case.dependent != Dependent::None).then(|| {
        let d = world.resource(group, "d");
        world.depend(d, x);
        d
    });
    bring(&mut world, &case, x, dependent);
    let persistent = world.persistent(x);
    let database = world.database();
    let orders = world.orders.len();
    let buffer = match case.buffer {
        Buffer::None => Vec::new(),
        Buffer::Good => PropertyList::new().with("Virtual Machine", 1u32).to_bytes().unwrap(),
        Buffer::Malformed => vec![1, 0, 0, 0, 9],
        Buffer::TooLarge => vec![0; 256 * 1024 + 1],
    };
    let call = world.call_as(case.access, offline(x, case.flags, buffer));
    let (status, state, writes) = expected(&case);
    assert_eq!(world.answer(call).status, status, "{case:?}: {}", world.answer(call).text);
    assert_eq!(world.state(x), state, "{case:?}");
    let written = if writes { Some(false) } else { persistent };
    assert_eq!(world.persistent(x), written, "{case:?}");
    let operation = world.answer(call).operation.expect("every offline call leaves a record");
    let end = world.journal[&operation].end.clone();
    if matches!(status, Status::SUCCESS | Status::IO_PENDING) {
        assert_eq!(end, Some(End::Done), "{case:?}");
        assert!(!world.runs(x), "{case:?}");
    } else {
        // I3: a refused call changes nothing but the journal.
        assert!(matches!(end, Some(End::Refused(_))), "{case:?}");
        assert_eq!(world.database(), database, "{case:?}");
        assert_eq!(world.orders.len(), orders, "{case:?}");
        assert!(!world.answer(call).text.is_empty(), "{case:?}");
    }
}

fn bring(
    world: &mut World,
    case: &Case,
    x: mainstay_types::ResourceId,
    dependent: Option<mainstay_types::ResourceId>,
) {
    match case.before {
        Before::Initializing => return,
        Before::Offline => {
            if case.locked == Locked::Itself {
                world.lock(x, true);
            }
            return;
        }
        Before::OnlinePending => {
            world.behave(x).online = Reaction::Hang;
            world.online(x);
            world.behave(x).online = Reaction::Done;
        }
        _ => drop(world.online(x)),
    }
    match (case.dependent, dependent) {
        (Dependent::Online, Some(d)) => drop(world.online(d)),
        (Dependent::Failed, Some(d)) => {
            world.online(d);
            world.fail(d);
        }
        (Dependent::OnlinePending, Some(d)) => {
            world.behave(d).online = Reaction::Hang;
            world.online(d);
            world.behave(d).online = Reaction::Done;
        }
        _ => {}
    }
    match case.before {
        Before::FailedStopped => world.fail(x),
        Before::FailedUnproven => {
            world.behave(x).unkillable = true;
            world.behave(x).terminate = Reaction::Hang;
            world.fail(x);
            world.pass_ms(31_000);
            *world.behave(x) = Default::default();
        }
        _ => {}
    }
    match (case.locked, dependent) {
        (Locked::Itself, _) => world.lock(x, true),
        (Locked::Dependent, Some(d)) => world.lock(d, true),
        _ => {}
    }
    if case.before == Before::OfflinePending {
        world.behave(x).offline = Reaction::Hang;
        // The lock must not stand in the way of the first call.
        world.offline(x, IGNORE | KEEP);
        world.behave(x).offline = Reaction::Done;
    }
}

const PLAIN: Case = Case {
    before: Before::Online,
    flags: 0,
    locked: Locked::No,
    dependent: Dependent::None,
    buffer: Buffer::None,
    access: Access::Full,
    strict: false,
};

#[test]
fn every_state_with_every_flag_and_lock() {
    for before in states() {
        for flags in 0..8 {
            for locked in [Locked::No, Locked::Itself] {
                for strict in [false, true] {
                    // A hard stop that failed has taken the lock with the host's hold on it.
                    if locked == Locked::Itself
                        && matches!(
                            before,
                            Before::Initializing | Before::FailedStopped | Before::FailedUnproven
                        )
                    {
                        continue;
                    }
                    check(Case { before, flags, locked, strict, ..PLAIN });
                }
            }
        }
    }
}

#[test]
fn dependents_count_as_far_as_they_have_to_stop() {
    use Dependent::*;
    for dependent in [Online, Offline, Failed, OnlinePending] {
        for flags in 0..8 {
            for locked in [Locked::No, Locked::Dependent] {
                for strict in [false, true] {
                    if dependent == Failed && locked == Locked::Dependent {
                        continue;
                    }
                    check(Case { dependent, flags, locked, strict, ..PLAIN });
                }
            }
        }
    }
}

#[test]
fn buffers_are_looked_at_before_states() {
    for before in states() {
        for buffer in [Buffer::Good, Buffer::Malformed, Buffer::TooLarge] {
            for flags in [0, FORCE] {
                check(Case { before, buffer, flags, ..PLAIN });
            }
        }
    }
}

#[test]
fn access_comes_first_and_flags_come_second() {
    for before in states() {
        check(Case { before, access: Access::Read, flags: 0x80, buffer: Buffer::Malformed, ..PLAIN });
        check(Case { before, flags: 0x80, buffer: Buffer::Malformed, ..PLAIN });
    }
}

#[test]
fn reasons_are_taken_as_stated_and_refused_by_the_strict_rules() {
    for flags in [0x8, 0x10, 0x20, 0x40, 0x18, 0x80, 0x8000_0000, 0x9, 0x42] {
        for strict in [false, true] {
            check(Case { flags, strict, ..PLAIN });
        }
    }
}

#[test]
fn a_deleted_resource_is_gone_before_anything_else_is_looked_at() {
    let mut world = World::default();
    let group = world.group("g");
    let x = world.resource(group, "x");
    world.status(crate::command::Command::DeleteResource { resource: x });
    assert_eq!(world.offline(x, 0x8000), Status::RESOURCE_NOT_AVAILABLE);
}
