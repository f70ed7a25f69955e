//! StatusInformation: what a resource or a group says of itself beside its state, one bit for each thing (clusapi.h).

use bitflags::bitflags;

use crate::ResourceState;

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
    (ResourceStatusInformation::INSUFFICIENT_CPU, GroupStatusInformation::PHYSICAL_RESOURCES_LACKING),
    (ResourceStatusInformation::INSUFFICIENT_MEMORY, GroupStatusInformation::PHYSICAL_RESOURCES_LACKING),
    (ResourceStatusInformation::INSUFFICIENT_GENERIC, GroupStatusInformation::PHYSICAL_RESOURCES_LACKING),
    (ResourceStatusInformation::NETWORK_FAILURE, GroupStatusInformation::NETWORK_FAILURE),
    (ResourceStatusInformation::UNMONITORED, GroupStatusInformation::UNMONITORED),
    (ResourceStatusInformation::OS_HEARTBEAT, GroupStatusInformation::OS_HEARTBEAT),
    (ResourceStatusInformation::APPLICATION_READY, GroupStatusInformation::APPLICATION_READY),
    (
        ResourceStatusInformation::OFFLINE_NOT_LOCAL_DISK_OWNER,
        GroupStatusInformation::OFFLINE_NOT_LOCAL_DISK_OWNER,
    ),
];

/// The bits of a resource in words.
const RESOURCE_WORDS: &[(ResourceStatusInformation, &str)] = &[
    (ResourceStatusInformation::LOCKED_MODE, "locked"),
    (ResourceStatusInformation::EMBEDDED_FAILURE, "failed inside"),
    (ResourceStatusInformation::INSUFFICIENT_CPU, "too little CPU"),
    (ResourceStatusInformation::INSUFFICIENT_MEMORY, "too little memory"),
    (ResourceStatusInformation::INSUFFICIENT_GENERIC, "too little of what it needs"),
    (ResourceStatusInformation::NETWORK_FAILURE, "without its network"),
    (ResourceStatusInformation::UNMONITORED, "not monitored"),
    (ResourceStatusInformation::OS_HEARTBEAT, "system alive"),
    (ResourceStatusInformation::APPLICATION_READY, "application ready"),
    (ResourceStatusInformation::OFFLINE_NOT_LOCAL_DISK_OWNER, "its disk is another node's"),
];

/// The bits of a group in words.
const GROUP_WORDS: &[(GroupStatusInformation, &str)] = &[
    (GroupStatusInformation::LOCKED_MODE, "locked"),
    (GroupStatusInformation::PREEMPTED, "preempted"),
    (GroupStatusInformation::WAITING_IN_QUEUE_FOR_MOVE, "waits to move"),
    (GroupStatusInformation::PHYSICAL_RESOURCES_LACKING, "too little of what it needs"),
    (GroupStatusInformation::WAITING_TO_START, "waits to start"),
    (GroupStatusInformation::EMBEDDED_FAILURE, "failed inside"),
    (GroupStatusInformation::OFFLINE_DUE_TO_ANTIAFFINITY_CONFLICT, "may not be where another group is"),
    (GroupStatusInformation::NETWORK_FAILURE, "without its network"),
    (GroupStatusInformation::UNMONITORED, "not monitored"),
    (GroupStatusInformation::OS_HEARTBEAT, "system alive"),
    (GroupStatusInformation::APPLICATION_READY, "application ready"),
    (GroupStatusInformation::OFFLINE_NOT_LOCAL_DISK_OWNER, "its disk is another node's"),
    (GroupStatusInformation::WAITING_FOR_DEPENDENCIES, "waits for other groups"),
];

/// The bits of a group set in words.
const GROUP_SET_WORDS: &[(GroupSetStatusInformation, &str)] = &[
    (GroupSetStatusInformation::GROUPS_PENDING, "a group is on its way"),
    (GroupSetStatusInformation::GROUPS_ONLINE, "all groups online"),
    (GroupSetStatusInformation::OS_HEARTBEAT, "system alive"),
    (GroupSetStatusInformation::APPLICATION_READY, "application ready"),
];

impl GroupSetStatusInformation {
    /// What it says, in words; a bit that has none is not said.
    pub fn words(self) -> Vec<&'static str> {
        GROUP_SET_WORDS.iter().filter(|(bit, _)| self.contains(*bit)).map(|(_, word)| *word).collect()
    }
}

impl GroupStatusInformation {
    /// What it says, in words; a bit that has none is not said.
    pub fn words(self) -> Vec<&'static str> {
        GROUP_WORDS.iter().filter(|(bit, _)| self.contains(*bit)).map(|(_, word)| *word).collect()
    }
}

impl ResourceStatusInformation {
    /// What a resource type may say by itself, as long as nothing else says that it is over.
    pub const SAID_BY_TYPE: Self = Self::SAID_WHILE_SERVING.union(Self::SAID_OF_FAILURE);
    /// What a type says of something that serves.
    const SAID_WHILE_SERVING: Self =
        Self::NETWORK_FAILURE.union(Self::OS_HEARTBEAT).union(Self::APPLICATION_READY);
    /// Why something could not come online.
    const SAID_OF_FAILURE: Self = Self::INSUFFICIENT_CPU
        .union(Self::INSUFFICIENT_MEMORY)
        .union(Self::INSUFFICIENT_GENERIC)
        .union(Self::NETWORK_FAILURE);

    /// Of what a type has said since the resource last began to come online, what counts in this state.
    pub fn counts_in(self, state: ResourceState) -> Self {
        self & match state {
            ResourceState::Online | ResourceState::OfflinePending => Self::SAID_WHILE_SERVING,
            ResourceState::OnlinePending => Self::SAID_BY_TYPE,
            ResourceState::Failed => Self::SAID_OF_FAILURE,
            ResourceState::Offline | ResourceState::Initializing => Self::empty(),
        }
    }

    /// What it says, in words; a bit that has none is not said.
    pub fn words(self) -> Vec<&'static str> {
        RESOURCE_WORDS.iter().filter(|(bit, _)| self.contains(*bit)).map(|(_, word)| *word).collect()
    }

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
            (ResourceStatusInformation::INSUFFICIENT_CPU, 0x8),
            (ResourceStatusInformation::all(), 0xFA9),
        ] {
            assert_eq!(own.of_group().bits(), group, "{own:?}");
        }
    }

    #[test]
    fn what_a_type_says_counts_while_it_can_be_true() {
        let said = ResourceStatusInformation::all();
        for (state, counts) in [
            (ResourceState::Initializing, 0),
            (ResourceState::OnlinePending, 0x1BC),
            (ResourceState::Online, 0x1A0),
            (ResourceState::OfflinePending, 0x1A0),
            (ResourceState::Offline, 0),
            (ResourceState::Failed, 0x3C),
        ] {
            assert_eq!(said.counts_in(state).bits(), counts, "{state:?}");
        }
    }

    #[test]
    fn every_bit_has_its_words() {
        let bits = ResourceStatusInformation::all();
        assert_eq!(bits.words().len(), bits.iter().count());
        let bits = GroupStatusInformation::all();
        assert_eq!(bits.words().len(), bits.iter().count());
        let bits = GroupSetStatusInformation::all();
        assert_eq!(bits.words().len(), bits.iter().count());
        assert_eq!(ResourceStatusInformation::EMBEDDED_FAILURE.words(), ["failed inside"]);
        assert!(GroupStatusInformation::empty().words().is_empty());
    }
}
