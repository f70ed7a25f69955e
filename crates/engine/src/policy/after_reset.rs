//! What the next start of the machine would bring up, when nobody asks for anything before: for those who explain.
//!
//! It decides nothing: the words are the model's, the rules those of [`super::start_order`], with everything down.

use std::collections::BTreeSet;

use mainstay_types::ResourceId;

use super::settings::ColdStart;
use crate::Engine;
use crate::alternatives::{self, Readiness};
use crate::model::objects::Resource;

impl Engine {
    /// Whether a resource comes up after a reset of the machine: because it is to be online, or because something is
    /// that needs it.
    pub(crate) fn comes_up_after_reset(&self, id: ResourceId) -> bool {
        let may_need_it = |root: &ResourceId| *root == id || self.may_need(*root, id);
        let roots = self.model.resources().filter(|found| self.is_root_after_reset(found));
        roots.map(|found| found.id).filter(may_need_it).any(|root| {
            let closure = self.closure_after_reset(root);
            closure.contains(&id) && closure.iter().all(|member| self.may_start_after_reset(*member))
        })
    }

    /// Whether it is among those that a resource needs, directly or not.
    fn may_need(&self, root: ResourceId, id: ResourceId) -> bool {
        let mut reached = BTreeSet::from([root]);
        let mut open = vec![root];
        while let Some(resource) = open.pop().and_then(|next| self.model.resource(next)) {
            for provider in resource.depends_on.providers() {
                if provider == id {
                    return true;
                }
                if reached.insert(provider) {
                    open.push(provider);
                }
            }
        }
        false
    }

    fn is_root_after_reset(&self, resource: &Resource) -> bool {
        let Some(group) = self.model.group(resource.group) else { return false };
        if group.policy.priority == 0 || group.policy.cold_start == ColdStart::Never {
            return false;
        }
        if self.model.cluster().ignores_persistent_state {
            return true;
        }
        let was_online =
            group.persistent == Some(true) || group.policy.cold_start != ColdStart::IfGroupWasOnline;
        was_online && self.model.is_wanted(resource)
    }

    fn closure_after_reset(&self, root: ResourceId) -> BTreeSet<ResourceId> {
        let readiness = |id| match self.model.resource(id) {
            Some(_) if !self.may_start_after_reset(id) => Readiness::Never,
            Some(found) if self.is_root_after_reset(found) => Readiness::Comes,
            Some(_) => Readiness::Ready,
            None => Readiness::Never,
        };
        alternatives::start_closure(&self.model, [root], &readiness)
    }

    fn may_start_after_reset(&self, id: ResourceId) -> bool {
        let Some(resource) = self.model.resource(id) else { return false };
        let stays_offline =
            resource.persistent == Some(false) && !self.model.cluster().ignores_persistent_state;
        !stays_offline && resource.may_run_on(self.config.node)
    }
}
