//! What readers see of the order: ids by control code.

use mainstay_types::ObjectId;
use mainstay_types::control::function;

use crate::Engine;

impl Engine {
    /// Ids that a code asks for: the groups of a set, what a group or a set starts after; `None` for another code, or
    /// another kind of object.
    pub(crate) fn order_ids(&self, object: &ObjectId, code: u32) -> Option<Vec<String>> {
        match object {
            ObjectId::Group(id) => {
                let group = self.model.group(*id)?;
                match code {
                    function::GET_PROVIDER_GROUPS => Some(texts(group.depends_on.providers())),
                    function::GET_PROVIDER_GROUP_SETS => Some(texts(group.depends_on_sets.providers())),
                    _ => None,
                }
            }
            ObjectId::GroupSet(id) => {
                let set = self.model.group_set(*id)?;
                match code {
                    function::GET_GROUPS => Some(texts(set.members.iter())),
                    function::GET_PROVIDER_GROUP_SETS_OF_SET | function::GET_PROVIDER_GROUP_SETS => {
                        Some(texts(set.depends_on.providers()))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

fn texts<T: ToString>(ids: impl Iterator<Item = T>) -> Vec<String> {
    ids.map(|id| id.to_string()).collect()
}
