//! What shows of a lock while something is pending: who ends that now has to ignore the lock too.

use mainstay_types::{ResourceState, Status};

use super::scenarios::stack;
use super::while_pending::{Before, Cluster};
use crate::command::{Command, Remark};
use crate::testing::World;

#[test]
fn a_pending_resource_says_whether_its_stop_meets_a_lock() {
    let Cluster { mut world, ids: [_, db, _], first, .. } = Cluster::new(Before::Stopping);
    for is_locked in [true, false] {
        world.lock(db, is_locked);
        let record = world.engine.view().operation(first).unwrap();
        let pending = record.pending.iter().find(|pending| pending.resource.is("db")).unwrap();
        assert_eq!((pending.state, pending.is_locked), (ResourceState::OfflinePending, is_locked));
        // What is shown is true: force alone is refused just then.
        if is_locked {
            let forced = Command::OfflineResource {
                resource: db,
                flags: 2,
                buffer: Vec::new(),
                remark: Remark::default(),
            };
            assert_eq!(world.status(forced), Status::CLUSTER_RESOURCE_LOCKED_STATUS);
        }
    }
}

#[test]
fn a_lock_is_refused_with_a_way_out_that_the_call_has() {
    let mut world = World::default();
    let (_, [_, db, web]) = stack(&mut world);
    world.online(web);
    world.lock(db, true);
    let remark = Remark::default;
    for (command, says) in [
        (
            Command::OfflineResource { resource: db, flags: 0, buffer: Vec::new(), remark: remark() },
            "use the ignore-locked flag",
        ),
        (
            Command::RestartResource { resource: db, flags: 0, remark: remark() },
            "mainstay resource offline db --ignore-locked, and then",
        ),
    ] {
        let call = world.call(command);
        let answer = world.answer(call);
        assert_eq!(answer.status, Status::CLUSTER_RESOURCE_LOCKED_STATUS);
        assert!(answer.text.contains(says), "{}", answer.text);
    }
    // What is locked and offline is not deleted, and no flag would do it.
    let ignoring = Command::OfflineResource { resource: db, flags: 1, buffer: Vec::new(), remark: remark() };
    assert_eq!(world.status(ignoring), Status::IO_PENDING);
    world.lock(db, true);
    let call = world.call(Command::DeleteResource { resource: db });
    let answer = world.answer(call);
    assert!(!answer.text.contains("flag"), "{}", answer.text);
}
