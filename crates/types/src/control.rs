//! Control codes: what the `...Control` functions ask for, and the block of codes that is Mainstay's own.
//!
//! Layout (clusapi.h): bits 31-24 object, 23 global, 22 modify, 21 user-defined, 20 internal, 19-2 function,
//! 1-0 access (0 any, 1 read, 2 write).

use std::fmt;

/// A control code of the ClusAPI control functions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlCode(pub u32);

/// The object byte of a code.
pub mod object {
    /// Codes of resources.
    pub const RESOURCE: u32 = 0x0100_0000;
    /// Codes of resource types.
    pub const RESOURCE_TYPE: u32 = 0x0200_0000;
    /// Codes of groups.
    pub const GROUP: u32 = 0x0300_0000;
    /// Codes of nodes.
    pub const NODE: u32 = 0x0400_0000;
    /// Codes of networks.
    pub const NETWORK: u32 = 0x0500_0000;
    /// Codes of network interfaces.
    pub const NETWORK_INTERFACE: u32 = 0x0600_0000;
    /// Codes of the cluster.
    pub const CLUSTER: u32 = 0x0700_0000;
    /// Codes of group sets.
    pub const GROUP_SET: u32 = 0x0800_0000;
}

const MODIFY: u32 = 1 << 22;
const USER: u32 = 1 << 21;
const INTERNAL: u32 = 1 << 20;
const FUNCTION_MASK: u32 = 0x003F_FFFF & !MODIFY;

impl ControlCode {
    /// Whether the code changes something, so that its caller needs full access (MS-CMRP 3.1.4.2.77).
    pub fn modifies(self) -> bool {
        self.0 & MODIFY != 0
    }

    /// Whether the code belongs to the vendor of a resource type.
    pub fn is_user(self) -> bool {
        self.0 & USER != 0
    }

    /// Whether only the service may send the code to a resource type.
    pub fn is_internal(self) -> bool {
        self.0 & INTERNAL != 0
    }

    /// The function, without object, global and modify bits, for matching (CLUSCTL_CONTROL_CODE_MASK).
    pub fn function(self) -> u32 {
        self.0 & FUNCTION_MASK
    }
}

impl fmt::Debug for ControlCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl fmt::Display for ControlCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Functions that several kinds of objects share, to be compared with [`ControlCode::function`].
pub mod function {
    /// Does the object exist? Answers ERROR_INVALID_FUNCTION when it does.
    pub const UNKNOWN: u32 = 0x00;
    /// DWORD of CLUS_CHAR_ bits.
    pub const GET_CHARACTERISTICS: u32 = 0x05;
    /// DWORD; 1 for a core object.
    pub const GET_FLAGS: u32 = 0x09;
    /// CLUS_RESOURCE_CLASS_INFO.
    pub const GET_CLASS_INFO: u32 = 0x0D;
    /// Value list of classes and type names.
    pub const GET_REQUIRED_DEPENDENCIES: u32 = 0x11;
    /// Attempts that are left, and what is left of the period: two DWORDs.
    pub const GET_FAILURE_INFO: u32 = 0x19;
    /// The object's name.
    pub const GET_NAME: u32 = 0x29;
    /// The resource's type.
    pub const GET_RESOURCE_TYPE: u32 = 0x2D;
    /// The object's id.
    pub const GET_ID: u32 = 0x39;
    /// The cluster's full name.
    pub const GET_FQDN: u32 = 0x3D;
    /// Can the node be lost?
    pub const CHECK_VOTER_DOWN: u32 = 0x49;
    /// Multi-string of property names.
    pub const ENUM_COMMON_PROPERTIES: u32 = 0x51;
    /// Property list.
    pub const GET_RO_COMMON_PROPERTIES: u32 = 0x55;
    /// Property list.
    pub const GET_COMMON_PROPERTIES: u32 = 0x59;
    /// Takes a property list.
    pub const SET_COMMON_PROPERTIES: u32 = 0x5E;
    /// Takes a property list, changes nothing.
    pub const VALIDATE_COMMON_PROPERTIES: u32 = 0x61;
    /// Property list of formats.
    pub const GET_COMMON_PROPERTY_FMTS: u32 = 0x65;
    /// Property list of the formats of the common properties that resources of the type have.
    pub const GET_COMMON_RESOURCE_PROPERTY_FMTS: u32 = 0x69;
    /// FILETIME: since when the resource has its state.
    pub const GET_STATE_CHANGE_TIME: u32 = 0x2D5D;
    /// Multi-string of property names.
    pub const ENUM_PRIVATE_PROPERTIES: u32 = 0x79;
    /// Property list.
    pub const GET_RO_PRIVATE_PROPERTIES: u32 = 0x7D;
    /// Property list.
    pub const GET_PRIVATE_PROPERTIES: u32 = 0x81;
    /// BOOL: whether a resource is in maintenance mode.
    pub const QUERY_MAINTENANCE_MODE: u32 = 0x1E1;
    /// Takes a BOOL, or CLUS_MAINTENANCE_MODE_INFOEX.
    pub const SET_MAINTENANCE_MODE: u32 = 0x1E6;
    /// Takes a property list.
    pub const SET_PRIVATE_PROPERTIES: u32 = 0x86;
    /// Takes a property list, changes nothing.
    pub const VALIDATE_PRIVATE_PROPERTIES: u32 = 0x89;
    /// Property list of formats.
    pub const GET_PRIVATE_PROPERTY_FMTS: u32 = 0x8D;
    /// Property list of the formats of the private properties that resources of the type have.
    pub const GET_PRIVATE_RESOURCE_PROPERTY_FMTS: u32 = 0x91;
    /// The name of a network interface's node, with its NUL.
    pub const GET_NODE: u32 = 0x31;
    /// The name of a network interface's network, with its NUL.
    pub const GET_NETWORK: u32 = 0x35;
    /// Multi-string of ids: the groups of a group set.
    pub const GET_GROUPS: u32 = 0x2D71;
    /// Multi-string of ids: the group sets that a group set depends on.
    pub const GET_PROVIDER_GROUP_SETS_OF_SET: u32 = 0x2D79;
    /// Multi-string of ids: the groups that a group depends on.
    pub const GET_PROVIDER_GROUPS: u32 = 0x2D7D;
    /// Multi-string of ids: the group sets that a group depends on.
    pub const GET_PROVIDER_GROUP_SETS: u32 = 0x2D81;
}

/// CLUSCTL_RESOURCE_DELETE: the service tells the resource type that the resource goes.
pub const RESOURCE_DELETE: ControlCode = ControlCode(0x0150_0006);

/// CLUSCTL_RESOURCE_SET_MAINTENANCE_MODE: failing checks are not acted on, or are again.
pub const RESOURCE_SET_MAINTENANCE_MODE: ControlCode = ControlCode(0x0140_01E6);

/// Mainstay's own: asks a resource whether it could carry out an offline call, before anything stops.
///
/// Internal, from the service to the resource type; the input is the call's buffer. ERROR_SUCCESS says yes,
/// ERROR_INVALID_FUNCTION says "cannot tell, go on", anything else refuses the call with that code.
pub const RESOURCE_VALIDATE_OFFLINE: ControlCode = ControlCode(0x011D_3401);

/// Mainstay's own: asks a resource type what it is. No input; the output is a
/// [`TypeDescription`](crate::description::TypeDescription) as JSON.
pub const RESOURCE_TYPE_DESCRIBE: ControlCode = ControlCode(0x020D_3461);

/// Mainstay's own block of ClusterControl codes: what MS-CMRP has no method for. Input and output are property
/// lists; [`crate::own_codes`] names their properties, and `docs/control-codes.md` explains them.
pub mod own {
    use super::ControlCode;

    /// Carries an operation with object, flags, buffer, reason text and token; answers status and operation id.
    pub const SUBMIT: ControlCode = ControlCode(0x074D_3402);
    /// Lists operations: those that run and those that ended lately.
    pub const LIST_OPERATIONS: ControlCode = ControlCode(0x070D_3405);
    /// Waits for the end of one operation, at most as long as asked, and shows it.
    pub const WAIT_OPERATION: ControlCode = ControlCode(0x070D_3409);
    /// Reads the journal.
    pub const READ_JOURNAL: ControlCode = ControlCode(0x070D_340D);
    /// Everything at a glance: nodes, groups, resources, and what is pending.
    pub const STATUS: ControlCode = ControlCode(0x070D_3411);
    /// Says why the last call on this connection was refused.
    pub const EXPLAIN: ControlCode = ControlCode(0x070D_3415);
    /// Keeps a reason for the journal: why the next call on this connection is made.
    pub const SAY_WHY: ControlCode = ControlCode(0x070D_345D);
    /// Says why a resource or a group is in its state.
    pub const EXPLAIN_OBJECT: ControlCode = ControlCode(0x070D_3419);
    /// Says what a call would do, without doing it.
    pub const PLAN: ControlCode = ControlCode(0x070D_341D);
    /// Reads events from a place on, and waits for the next.
    pub const READ_EVENTS: ControlCode = ControlCode(0x070D_3441);
    /// Looks at the cluster and its node for what could go wrong.
    pub const VALIDATE: ControlCode = ControlCode(0x070D_3421);

    /// The whole configuration as data.
    pub const READ_CONFIGURATION: ControlCode = ControlCode(0x070D_3445);
    /// The steps from what is to a configuration.
    pub const PLAN_CONFIGURATION: ControlCode = ControlCode(0x070D_3449);
    /// Makes one object what a configuration says, or deletes it.
    pub const CONFIGURE: ControlCode = ControlCode(0x074D_344E);
    /// Takes back what an operation changed in the configuration.
    pub const UNDO: ControlCode = ControlCode(0x074D_3452);

    /// Has a group start after another one: AddClusterGroupDependency, for which MS-CMRP has no method.
    pub const DEPEND_GROUP: ControlCode = ControlCode(0x074D_3456);

    /// Every code of the block.
    pub const ALL: &[ControlCode] = &[
        SUBMIT,
        LIST_OPERATIONS,
        WAIT_OPERATION,
        READ_JOURNAL,
        STATUS,
        EXPLAIN,
        SAY_WHY,
        EXPLAIN_OBJECT,
        PLAN,
        READ_EVENTS,
        VALIDATE,
        READ_CONFIGURATION,
        PLAN_CONFIGURATION,
        CONFIGURE,
        UNDO,
        DEPEND_GROUP,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_codes() {
        assert!(ControlCode(0x0140_005E).modifies());
        assert_eq!(ControlCode(0x0140_005E).function(), function::SET_COMMON_PROPERTIES);
        assert!(ControlCode(0x0160_0014).is_user() && ControlCode(0x0160_0014).modifies());
        assert!(RESOURCE_VALIDATE_OFFLINE.is_internal() && !RESOURCE_VALIDATE_OFFLINE.is_user());
        for &code in own::ALL {
            let modifies = [own::SUBMIT, own::CONFIGURE, own::UNDO, own::DEPEND_GROUP];
            assert_eq!(code.modifies(), modifies.contains(&code), "{code}");
            assert!(!code.is_user() && !code.is_internal(), "{code}");
            assert_eq!(code.0 & 0xFF00_0000, object::CLUSTER, "{code}");
        }
    }
}
