//! The owner records of groups that come and go: an epoch is never given out again, also where a group is brought back
//! under its id. Guard and hosts remember the newest one longer than the database knows the group.

use mainstay_store::{Compare, Op};
use mainstay_types::GroupId;

use super::Change;
use crate::Engine;
use crate::model::layout::{self, OwnerRecord};

impl Engine {
    /// The owner record of a group that is made: newer than that of any group which is gone, this one perhaps.
    pub(super) fn claim_made(&self, id: GroupId, change: &mut Change) {
        let nothing = OwnerRecord {
            generation: self.model.generation(),
            epoch: 0,
            node: self.config.node,
            boot: self.boot.clone(),
        };
        let owner = nothing.raised_above(self.model.gone_epoch(), &self.boot);
        change.compares.push(self.gone_as_known());
        change.compares.push(Compare::absent(layout::owner_key(id)));
        change.ops.push(Op::put(layout::owner_key(id), owner.to_bytes()));
    }

    /// The owner record of a group that is deleted goes, and its epoch is not given out again.
    pub(super) fn give_up_deleted(&self, id: GroupId, change: &mut Change) {
        let key = layout::owner_key(id);
        if let Some(owner) = self.model.owner(id) {
            change.compares.push(Compare::value(key.clone(), owner.to_bytes()));
            change.compares.push(self.gone_as_known());
            let newest = self.model.gone_epoch().max(owner.epoch());
            change.ops.push(Op::put(layout::GONE_EPOCH_KEY, layout::encode(&newest)));
        }
        change.ops.push(Op::delete(key));
    }

    fn gone_as_known(&self) -> Compare {
        let key = layout::GONE_EPOCH_KEY;
        match self.model.gone_epoch() {
            none if none == Default::default() => Compare::absent(key),
            newest => Compare::value(key, layout::encode(&newest)),
        }
    }
}
