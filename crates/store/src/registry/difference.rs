//! What a transaction changes in the registry, before it is applied.

use crate::contract::Op;

use super::error::RegistryError;
use super::path::Place;
use super::record::{KeyRecord, ValueRecord, decode};
use super::tree::Tree;
use super::value::Value;

/// One change of one key or value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key's folded path, segments joined by backslashes; empty for the root.
    pub path: String,
    /// What of it.
    pub part: DifferentPart,
}

/// What of a key is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferentPart {
    /// The key comes into being.
    KeyCreated {
        /// Its name as given.
        name: String,
    },
    /// The key goes.
    KeyDeleted {
        /// Its name as given.
        name: String,
    },
    /// A value is written or deleted.
    Value {
        /// Its name as given; empty for the default value.
        name: String,
        /// What it was; `None` where it was not there.
        before: Option<Value>,
        /// What it becomes; `None` where it is deleted.
        after: Option<Value>,
    },
}

impl Tree {
    /// What these operations change, in their order. What is written anew as it was is no change.
    ///
    /// # Errors
    ///
    /// An entry that cannot be read.
    pub fn differences(&self, ops: &[Op]) -> Result<Vec<Difference>, RegistryError> {
        let mut found = Vec::new();
        for op in ops {
            match op {
                Op::Put { key, value, .. } => found.extend(self.put_difference(key, value)?),
                Op::Delete { key } => found.extend(self.delete_difference(key)?),
                Op::DeleteRange { range } => {
                    for key in self.store_keys(range) {
                        found.extend(self.delete_difference(&key)?);
                    }
                }
                Op::Read { .. } => {}
            }
        }
        Ok(found)
    }

    fn put_difference(&self, key: &[u8], value: &[u8]) -> Result<Option<Difference>, RegistryError> {
        let Some(place) = Place::parse(key)? else { return Ok(None) };
        let part = match place.value {
            // The root is always there.
            None if place.path.is_empty() || self.has_store_key(key) => return Ok(None),
            None => DifferentPart::KeyCreated { name: decode::<KeyRecord>(key, value)?.name },
            Some(folded) => {
                let ValueRecord { name, value: after, .. } = decode(key, value)?;
                let before = self.value_at(&place, folded).map(|(_, value)| value.clone());
                if before.as_ref() == Some(&after) {
                    return Ok(None);
                }
                DifferentPart::Value { name, before, after: Some(after) }
            }
        };
        Ok(Some(Difference { path: place.path.to_owned(), part }))
    }

    fn delete_difference(&self, key: &[u8]) -> Result<Option<Difference>, RegistryError> {
        let Some(place) = Place::parse(key)? else { return Ok(None) };
        if !self.has_store_key(key) {
            return Ok(None);
        }
        let part = match place.value {
            None => {
                let found = self.key_at(&place);
                DifferentPart::KeyDeleted { name: found.map(|key| key.name().to_owned()).unwrap_or_default() }
            }
            Some(folded) => {
                let Some((name, before)) = self.value_at(&place, folded) else { return Ok(None) };
                DifferentPart::Value { name: name.to_owned(), before: Some(before.clone()), after: None }
            }
        };
        Ok(Some(Difference { path: place.path.to_owned(), part }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Revision;
    use crate::registry::{Changes, KeyPath};

    fn ops(tree: &Tree, change: impl FnOnce(&mut Changes<'_>)) -> Vec<Op> {
        let mut changes = Changes::new(tree, 5);
        change(&mut changes);
        changes.into_parts().1
    }

    fn shown(tree: &Tree, ops: &[Op]) -> Vec<String> {
        let show = |difference: Difference| match difference.part {
            DifferentPart::KeyCreated { name } => format!("+{} {name}", difference.path),
            DifferentPart::KeyDeleted { name } => format!("-{} {name}", difference.path),
            DifferentPart::Value { name, before, after } => {
                let show = |value: Option<Value>| {
                    value.map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}"))
                };
                format!("{} {name}: {} to {}", difference.path, show(before), show(after))
            }
        };
        tree.differences(ops).unwrap().into_iter().map(show).collect()
    }

    #[test]
    fn a_transaction_tells_what_it_changes() {
        let mut tree = Tree::new();
        let path = KeyPath::parse(r"Groups\A").unwrap();
        let created = ops(&tree, |changes| {
            changes.create_key(&path).unwrap();
            changes.set_value(&path, "Name", Value::Sz("web".into())).unwrap();
        });
        assert_eq!(
            shown(&tree, &created),
            ["+groups Groups", "+groups\\a A", "groups\\a Name: nothing to Sz(\"web\")"]
        );
        tree.apply_committed(&created, Revision::new(1, 1)).unwrap();
        let same = ops(&tree, |changes| changes.set_value(&path, "name", Value::Sz("web".into())).unwrap());
        assert_eq!(shown(&tree, &same), [] as [&str; 0]);
        let set = ops(&tree, |changes| changes.set_value(&path, "NAME", Value::Sz("db".into())).unwrap());
        assert_eq!(shown(&tree, &set).len(), 1);
        let deleted = ops(&tree, |changes| changes.delete_tree(&path).unwrap());
        let mut told = shown(&tree, &deleted);
        told.sort();
        assert_eq!(told, ["-groups\\a A", "groups\\a Name: Sz(\"web\") to nothing"]);
        let other = [Op::put("own/x", "1"), Op::delete("op/1-1")];
        assert_eq!(shown(&tree, &other), [] as [&str; 0]);
    }
}
