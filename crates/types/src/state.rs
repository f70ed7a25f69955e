//! States of resources, groups and nodes, with their numbers on the wire (clusapi.h).

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

#[cfg(test)]
mod tests {
    use super::*;

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
