//! A resource's registry key as its host gets it.

use mainstay_store::registry::{Key, Tree};
use mainstay_types::ResourceId;
use mainstay_types::order::{RegistryCopy, RegistryValue};

use super::layout;

/// The resource's key with everything below it; empty when it is gone.
///
/// `Parameters` is there even without a property, so that a type which opens it once, in its Open, sees what is set
/// later.
pub(crate) fn registry_copy(tree: &Tree, id: ResourceId) -> RegistryCopy {
    let key = layout::resource_path(id).ok().and_then(|path| tree.key(&path));
    let mut copy = key.map(copy_of).unwrap_or_default();
    if copy.key(layout::PARAMETERS).is_none() {
        copy.keys.push((layout::PARAMETERS.to_owned(), RegistryCopy::default()));
    }
    copy
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
