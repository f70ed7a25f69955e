//! States of resources, groups, nodes and networks, with their numbers on the wire (clusapi.h).

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $value:literal, $text:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[repr(u32)]
        pub enum $name { $($(#[$vdoc])* $variant = $value,)+ }

        impl $name {
            /// Every state, in the order of its number.
            pub const ALL: &[$name] = &[$($name::$variant,)+];

            /// The number in clusapi.h.
            pub fn number(self) -> u32 {
                self as u32
            }

            /// The state with this number.
            pub fn from_number(number: u32) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.number() == number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $($name::$variant => $text,)+ })
            }
        }
    };
}

states! {
    /// CLUSTER_RESOURCE_STATE, without the two values that a server never reports (Inherited 0, Pending 128).
    ResourceState {
        /// Created, and never yet opened by a host.
        Initializing = 1, "Initializing";
        /// Serving.
        Online = 2, "Online";
        /// Nothing of it is running.
        Offline = 3, "Offline";
        /// It ended in a way that nobody asked for.
        Failed = 4, "Failed";
        /// On its way up, or waiting for its providers.
        OnlinePending = 129, "Online Pending";
        /// On its way down, or waiting for its dependents.
        OfflinePending = 130, "Offline Pending";
    }
}

impl ResourceState {
    /// On its way from one state to another.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Initializing | Self::OnlinePending | Self::OfflinePending)
    }
}

states! {
    /// CLUSTER_GROUP_STATE; derived from the resources' states, never stored.
    GroupState {
        /// Every resource is online.
        Online = 0, "Online";
        /// Every resource is offline, or there is none.
        Offline = 1, "Offline";
        /// At least one resource has failed.
        Failed = 2, "Failed";
        /// Some resources are online and some offline.
        PartialOnline = 3, "Partially Online";
        /// At least one resource is on its way, none has failed.
        Pending = 4, "Pending";
    }
}

states! {
    /// CLUSTER_NODE_STATE.
    NodeState {
        /// A working member.
        Up = 0, "Up";
        /// Not a working member.
        Down = 1, "Down";
        /// A member that takes no new groups.
        Paused = 2, "Paused";
        /// Becoming a member.
        Joining = 3, "Joining";
    }
}

states! {
    /// CLUSTER_NETWORK_STATE; derived from the states of the network's interfaces, never stored.
    NetworkState {
        /// No node that has an interface on it is up.
        Unavailable = 0, "Unavailable";
        /// No interface on it can reach another.
        Down = 1, "Down";
        /// It works, but not every interface reaches every other.
        Partitioned = 2, "Partitioned";
        /// Its interfaces reach each other.
        Up = 3, "Up";
    }
}

states! {
    /// CLUSTER_NETINTERFACE_STATE, with the numbers of clusapi.h; on the wire it has others, see
    /// [`NetworkInterfaceState::wire_number`].
    NetworkInterfaceState {
        /// Its node is not up.
        Unavailable = 0, "Unavailable";
        /// It can reach nobody.
        Failed = 1, "Failed";
        /// It does not reach every other interface of its network that works.
        Unreachable = 2, "Unreachable";
        /// It reaches every other interface of its network that works.
        Up = 3, "Up";
    }
}

/// The states of interfaces in the order of their numbers in MS-CMRP 3.1.4.2.94, which is not that of clusapi.h.
const INTERFACE_STATES_ON_WIRE: [NetworkInterfaceState; 4] = [
    NetworkInterfaceState::Failed,
    NetworkInterfaceState::Unreachable,
    NetworkInterfaceState::Unavailable,
    NetworkInterfaceState::Up,
];

impl NetworkInterfaceState {
    /// The number in MS-CMRP, in answers and in notifications.
    pub fn wire_number(self) -> u32 {
        match self {
            Self::Failed => 0,
            Self::Unreachable => 1,
            Self::Unavailable => 2,
            Self::Up => 3,
        }
    }

    /// The state with this number in MS-CMRP.
    pub fn from_wire_number(number: u32) -> Option<Self> {
        INTERFACE_STATES_ON_WIRE.get(usize::try_from(number).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_have_other_numbers_on_the_wire() {
        for &state in NetworkInterfaceState::ALL {
            assert_eq!(NetworkInterfaceState::from_wire_number(state.wire_number()), Some(state));
        }
        assert_eq!(NetworkInterfaceState::from_wire_number(4), None);
        assert_eq!(NetworkInterfaceState::Unavailable.number(), 0);
        assert_eq!(NetworkInterfaceState::Unavailable.wire_number(), 2);
    }

    #[test]
    fn numbers_and_states_belong_together() {
        for &state in ResourceState::ALL {
            assert_eq!(ResourceState::from_number(state.number()), Some(state));
        }
        assert_eq!(ResourceState::from_number(0), None);
        assert_eq!(ResourceState::from_number(128), None);
        assert_eq!(GroupState::PartialOnline.number(), 3);
    }
}
