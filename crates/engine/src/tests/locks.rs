//! What shows of a lock while something is pending: who ends that now has to ignore the lock too.

use mainstay_types::{ResourceState, Status};

use super::while_pending::{Before, Cluster};
use crate::command::{Command, Remark};

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
