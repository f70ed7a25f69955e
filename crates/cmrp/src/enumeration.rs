//! Lists of objects, as the enumerating operations return them.

use mainstay_ndr::{Ndr, NdrParams};

use crate::RpcStatus;
use crate::response::plain_responses;

/// `ENUM_LIST`: objects with their types.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct EnumList {
    /// The objects.
    #[ndr(count_before)]
    pub entries: Vec<EnumEntry>,
}

/// `ENUM_ENTRY`: one object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct EnumEntry {
    /// The one bit of the enumeration's type mask that the object was found by.
    pub kind: u32,
    /// Name or id of the object.
    pub name: Option<String>,
}

impl EnumList {
    /// A list of `(kind, name)` pairs.
    pub fn new(entries: impl IntoIterator<Item = (u32, String)>) -> Self {
        let entry = |(kind, name)| EnumEntry { kind, name: Some(name) };
        Self { entries: entries.into_iter().map(entry).collect() }
    }
}

/// One list of objects.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct EnumResponse {
    /// The objects. Nothing found is an empty list; only a failure is null.
    pub list: Option<EnumList>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

impl EnumResponse {
    /// The answer that carries `list`.
    pub fn new(list: EnumList) -> Self {
        Self { list: Some(list), ..Self::default() }
    }
}

/// The ids and the names of the same objects, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct EnumExResponse {
    /// Ids; null on failure.
    pub ids: Option<EnumList>,
    /// Names; null on failure.
    pub names: Option<EnumList>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

impl EnumExResponse {
    /// The answer that carries `ids` and `names`.
    pub fn new(ids: EnumList, names: EnumList) -> Self {
        Self { ids: Some(ids), names: Some(names), ..Self::default() }
    }
}

/// `GROUP_ENUM_LIST`: groups with their properties.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct GroupEnumList {
    /// The groups.
    #[ndr(count_before)]
    pub entries: Vec<GroupEnumEntry>,
}

/// `GROUP_ENUM_ENTRY`: one group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct GroupEnumEntry {
    /// Name.
    pub name: Option<String>,
    /// Id.
    pub id: Option<String>,
    /// State of the group.
    pub state: u32,
    /// Name of the node that owns the group.
    pub owner: Option<String>,
    /// Flags of the group.
    pub flags: u32,
    /// Property list of the common properties asked for.
    #[ndr(count_before)]
    pub properties: Option<Vec<u8>>,
    /// Property list of the read-only common properties asked for.
    #[ndr(count_before)]
    pub ro_properties: Option<Vec<u8>>,
}

/// Groups with their properties.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GroupEnumResponse {
    /// The groups; null on failure.
    pub list: Option<GroupEnumList>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `RESOURCE_ENUM_LIST`: resources with their properties.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct ResourceEnumList {
    /// The resources.
    #[ndr(count_before)]
    pub entries: Vec<ResourceEnumEntry>,
}

/// `RESOURCE_ENUM_ENTRY`: one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct ResourceEnumEntry {
    /// Name.
    pub name: Option<String>,
    /// Id.
    pub id: Option<String>,
    /// Name of the group that the resource is in.
    pub owner_name: Option<String>,
    /// Id of that group.
    pub owner_id: Option<String>,
    /// Property list of the common properties asked for.
    #[ndr(count_before)]
    pub properties: Option<Vec<u8>>,
    /// Property list of the read-only common properties asked for.
    #[ndr(count_before)]
    pub ro_properties: Option<Vec<u8>>,
}

/// Resources with their properties.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct ResourceEnumResponse {
    /// The resources; null on failure.
    pub list: Option<ResourceEnumList>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

plain_responses!(EnumResponse, EnumExResponse, GroupEnumResponse, ResourceEnumResponse);
