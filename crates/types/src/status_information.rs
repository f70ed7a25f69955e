//! StatusInformation: what a resource or a group says of itself beside its state, one bit for each thing (clusapi.h).

use bitflags::bitflags;

bitflags! {
    /// StatusInformation of a resource (CLUSRES_STATUS).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
    pub struct ResourceStatusInformation: u64 {
        /// Its type has locked it.
        const LOCKED_MODE = 0x1;
        /// What runs in it says that it has failed inside.
        const EMBEDDED_FAILURE = 0x2;
        /// It failed since the node has too little CPU.
        const INSUFFICIENT_CPU = 0x4;
        /// It failed since the node has too little memory.
        const INSUFFICIENT_MEMORY = 0x8;
        /// It failed since the node has too little of something else.
        const INSUFFICIENT_GENERIC = 0x10;
        /// A network that it needs is not there.
        const NETWORK_FAILURE = 0x20;
        /// It runs, and nobody looks at it.
        const UNMONITORED = 0x40;
        /// The system in it is alive.
        const OS_HEARTBEAT = 0x80;
        /// The application in it is ready.
        const APPLICATION_READY = 0x100;
        /// It is offline since its disk is another node's.
        const OFFLINE_NOT_LOCAL_DISK_OWNER = 0x200;
    }

    /// StatusInformation of a group (CLUSGRP_STATUS).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
    pub struct GroupStatusInformation: u64 {
        /// A resource of it is locked.
        const LOCKED_MODE = 0x1;
        /// It was stopped to make room for a group of a higher priority.
        const PREEMPTED = 0x2;
        /// It waits for its turn to move.
        const WAITING_IN_QUEUE_FOR_MOVE = 0x4;
        /// No node has enough for it.
        const PHYSICAL_RESOURCES_LACKING = 0x8;
        /// It waits for its turn to start.
        const WAITING_TO_START = 0x10;
        /// A resource of it has failed inside.
        const EMBEDDED_FAILURE = 0x20;
        /// It is offline since it may not be where another group is.
        const OFFLINE_DUE_TO_ANTIAFFINITY_CONFLICT = 0x40;
        /// A resource of it lacks a network.
        const NETWORK_FAILURE = 0x80;
        /// A resource of it runs, and nobody looks at it.
        const UNMONITORED = 0x100;
        /// A system in it is alive.
        const OS_HEARTBEAT = 0x200;
        /// An application in it is ready.
        const APPLICATION_READY = 0x400;
        /// A resource of it is offline since its disk is another node's.
        const OFFLINE_NOT_LOCAL_DISK_OWNER = 0x800;
        /// It waits for groups that it depends on.
        const WAITING_FOR_DEPENDENCIES = 0x1000;
    }

    /// StatusInformation of a group set.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
    pub struct GroupSetStatusInformation: u64 {
        /// A group of it is on its way.
        const GROUPS_PENDING = 0x1;
        /// All its groups are online.
        const GROUPS_ONLINE = 0x2;
        /// A system in it is alive.
        const OS_HEARTBEAT = 0x4;
        /// An application in it is ready.
        const APPLICATION_READY = 0x8;
    }
}

/// The bits that a group has as soon as one of its resources has them.
const OF_GROUP: &[(ResourceStatusInformation, GroupStatusInformation)] = &[
    (ResourceStatusInformation::LOCKED_MODE, GroupStatusInformation::LOCKED_MODE),
    (ResourceStatusInformation::EMBEDDED_FAILURE, GroupStatusInformation::EMBEDDED_FAILURE),
    (ResourceStatusInformation::NETWORK_FAILURE, GroupStatusInformation::NETWORK_FAILURE),
    (ResourceStatusInformation::UNMONITORED, GroupStatusInformation::UNMONITORED),
    (ResourceStatusInformation::OS_HEARTBEAT, GroupStatusInformation::OS_HEARTBEAT),
    (ResourceStatusInformation::APPLICATION_READY, GroupStatusInformation::APPLICATION_READY),
    (
        ResourceStatusInformation::OFFLINE_NOT_LOCAL_DISK_OWNER,
        GroupStatusInformation::OFFLINE_NOT_LOCAL_DISK_OWNER,
    ),
];

impl ResourceStatusInformation {
    /// What the resource's group says of itself because of it.
    pub fn of_group(self) -> GroupStatusInformation {
        OF_GROUP.iter().filter(|(own, _)| self.contains(*own)).map(|(_, group)| *group).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_what_its_resources_have() {
        for (own, group) in [
            (ResourceStatusInformation::empty(), 0),
            (ResourceStatusInformation::LOCKED_MODE, 0x1),
            (ResourceStatusInformation::UNMONITORED | ResourceStatusInformation::LOCKED_MODE, 0x101),
            (ResourceStatusInformation::INSUFFICIENT_CPU, 0),
            (ResourceStatusInformation::all(), 0xFA1),
        ] {
            assert_eq!(own.of_group().bits(), group, "{own:?}");
        }
    }
}
