//! A resource's registry key as its host gets it.

use mainstay_store::registry::{Key, Tree};
use mainstay_types::ResourceId;
use mainstay_types::order::{RegistryCopy, RegistryValue};

use super::layout;

/// The resource's key with everything below it; empty when it is gone.
pub(crate) fn registry_copy(tree: &Tree, id: ResourceId) -> RegistryCopy {
    let key = layout::resource_path(id).ok().and_then(|path| tree.key(&path));
    key.map(copy_of).unwrap_or_default()
}

/// Recursion is bounded by the registry's own depth.
fn copy_of(key: &Key) -> RegistryCopy {
    let value = |entry: &mainstay_store::registry::ValueEntry| RegistryValue {
        name: entry.name.clone(),
        kind: entry.value.kind(),
        data: entry.value.to_wire(),
    };
    RegistryCopy {
        values: key.values().map(value).collect(),
        keys: key.subkeys().map(|below| (below.name().to_owned(), copy_of(below))).collect(),
    }
}
