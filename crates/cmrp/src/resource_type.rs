//! Resource types.

use mainstay_ndr::NdrParams;

/// `ApiCreateResourceType` (opnum 26): registers a resource type.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateResourceType {
    /// Name.
    pub name: String,
    /// Name shown to people.
    pub display_name: String,
    /// Library that implements the type.
    pub dll_name: String,
    /// Interval of its cheap check, in milliseconds.
    pub looks_alive_ms: u32,
    /// Interval of its thorough check, in milliseconds.
    pub is_alive_ms: u32,
}

/// `ApiDeleteResourceType` (opnum 27): unregisters a resource type.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct DeleteResourceType {
    /// Name.
    pub name: String,
}

/// `ApiCreateResTypeEnum` (opnum 103): what belongs to a resource type: nodes, resources.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateResTypeEnum {
    /// Name.
    pub name: String,
    /// Types asked for, as bits.
    pub type_mask: u32,
}
