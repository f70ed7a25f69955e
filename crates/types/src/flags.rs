//! Flags of calls, each with the numbers of its own call: the same word has different bits elsewhere.

use bitflags::bitflags;
use serde::{Deserialize, Serialize};

use crate::reason::OfflineReason;

bitflags! {
    /// `dwOfflineFlags` of OfflineClusterResourceEx (MS-CMRP opnum 136).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, Serialize, Deserialize)]
    pub struct OfflineFlags: u32 {
        /// Do not refuse because of the locked mode of the resource or of a dependent that has to stop.
        const IGNORE_RESOURCE_STATUS = 0x1;
        /// Terminate instead of a graceful stop; breaks a pending state.
        const FORCE_WITH_TERMINATION = 0x2;
        /// Leave the persistent state as it is.
        const DO_NOT_UPDATE_PERSISTENT_STATE = 0x4;
    }

    /// `dwOnlineFlags` of OnlineClusterResourceEx (MS-CMRP opnum 135).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, Serialize, Deserialize)]
    pub struct OnlineFlags: u32 {
        /// Do not refuse because of locked mode.
        const IGNORE_RESOURCE_STATUS = 0x1;
        /// Leave the persistent state as it is.
        const DO_NOT_UPDATE_PERSISTENT_STATE = 0x2;
        /// The caller says that quorum depends on it.
        const NECESSARY_FOR_QUORUM = 0x4;
        /// Move to the best node first.
        const BEST_POSSIBLE_NODE = 0x8;
        /// Do not refuse because of an affinity rule.
        const IGNORE_AFFINITY_RULE = 0x20;
    }

    /// `dwOfflineFlags` of OfflineClusterGroupEx (MS-CMRP opnum 131).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, Serialize, Deserialize)]
    pub struct GroupOfflineFlags: u32 {
        /// Do not refuse because of locked mode.
        const IGNORE_RESOURCE_STATUS = 0x1;
    }

    /// `dwMoveFlags` of MoveClusterGroupEx (MS-CMRP opnums 132 and 133).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, Serialize, Deserialize)]
    pub struct GroupMoveFlags: u32 {
        /// Do not refuse because of locked mode. Not together with QUEUE_ENABLED.
        const IGNORE_RESOURCE_STATUS = 0x1;
        /// Bring it back where it does not come up.
        const RETURN_TO_SOURCE_NODE_ON_ERROR = 0x2;
        /// Wait where a limit is in the way.
        const QUEUE_ENABLED = 0x4;
        /// Start it before others.
        const HIGH_PRIORITY_START = 0x8;
        /// Fail back where it does not come up.
        const FAILBACK = 0x10;
        /// Do not refuse because of an affinity rule.
        const IGNORE_AFFINITY_RULE = 0x20;
    }

    /// `dwOnlineFlags` of OnlineClusterGroupEx (MS-CMRP opnum 130).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, Serialize, Deserialize)]
    pub struct GroupOnlineFlags: u32 {
        /// Do not refuse because of locked mode.
        const IGNORE_RESOURCE_STATUS = 0x1;
        /// Answer when the group is there.
        const SYNCHRONOUS = 0x2;
        /// Move to the best node first.
        const BEST_POSSIBLE_NODE = 0x4;
        /// Do not refuse because of an affinity rule.
        const IGNORE_AFFINITY_RULE = 0x8;
    }
}

/// The bits 8 to 0x40 of `dwOfflineFlags`: the function's page lists them as reasons, and they collide with no flag.
const REASON_BITS: u32 = 0x78;

/// `dwOfflineFlags` as it arrived, taken apart into flags and the reason that the caller states.
///
/// 1, 2 and 4 are always the flags, although the page of the call also lists reasons with these numbers
/// (design §3.1). More than one reason bit, or any other bit, is no valid value: `None`.
/// With `strict_cmrp` the reason bits are refused too, as MS-CMRP 3.1.4.2.132 asks.
pub fn split_offline_flags(bits: u32, strict_cmrp: bool) -> Option<(OfflineFlags, Option<OfflineReason>)> {
    let reason_bits = bits & REASON_BITS;
    if strict_cmrp && reason_bits != 0 {
        return None;
    }
    let reason = match reason_bits {
        0 => None,
        bits => Some(OfflineReason::from_number(bits)?),
    };
    Some((OfflineFlags::from_bits(bits & !REASON_BITS)?, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offline_flags_and_stated_reasons() {
        let flags = OfflineFlags::from_bits_truncate;
        for (bits, lenient, strict) in [
            (0, Some((flags(0), None)), true),
            (7, Some((flags(7), None)), true),
            (8, Some((flags(0), Some(OfflineReason::BeingDeleted))), false),
            (0x10 | 1, Some((flags(1), Some(OfflineReason::BeingRestarted))), false),
            (0x20 | 4, Some((flags(4), Some(OfflineReason::Preempted))), false),
            (0x40 | 2, Some((flags(2), Some(OfflineReason::ShuttingDown))), false),
            (0x18, None, false),
            (0x80, None, false),
            (0x8000_0000, None, false),
        ] {
            assert_eq!(split_offline_flags(bits, false), lenient, "{bits:#x}");
            assert_eq!(split_offline_flags(bits, true).is_some(), strict, "{bits:#x} strict");
        }
    }
}
