//! What was planned against what is: between a plan and its steps somebody else may have been at the same object.
//!
//! What he has changed to what it is to be anyhow is no matter. Anything else would be lost without a word, so the step is
//! refused, and names both values.

use mainstay_types::ObjectId;
use mainstay_types::configuration::{Setting, SettingDifference};
use mainstay_types::name::fold;

use super::Change;
use super::document::{bare, configured, differences};
use crate::Engine;
use crate::error::{ClusterError, Refusal, ServiceError, shown};

impl Engine {
    /// Deletes an object; where that was planned, only as it was then.
    pub(super) fn delete_configured(
        &self,
        id: &ObjectId,
        planned: Option<&[SettingDifference]>,
    ) -> Result<Change, Refusal> {
        self.check_object(id)?;
        if let Some(planned) = planned {
            let known = configured(&self.model, id)?;
            check_planned(&self.describe(id), &differences(&known, &bare(&known)), planned)?;
        }
        self.delete_object(id)
    }

    /// Deletes an object by the rules of the call for its kind.
    pub(super) fn delete_object(&self, id: &ObjectId) -> Result<Change, Refusal> {
        match id {
            ObjectId::Group(group) => self.delete_group(*group, false),
            ObjectId::Resource(resource) => self.delete_resource(*resource),
            ObjectId::ResourceType(name) => self.delete_type(name),
            ObjectId::GroupSet(set) => self.delete_group_set(*set),
            ObjectId::Cluster | ObjectId::Node(_) | ObjectId::Network(_) | ObjectId::NetworkInterface(_) => {
                Err(ServiceError::Internal("not an object that is deleted".into()).into())
            }
        }
    }
}

/// Refuses what is different by now and was not, or from another value, when it was planned.
pub(super) fn check_planned(
    object: &str,
    found: &[SettingDifference],
    planned: &[SettingDifference],
) -> Result<(), Refusal> {
    for now in found {
        let then = planned.iter().find(|then| fold(&then.what) == fold(&now.what));
        // What was no difference was as it is to be.
        let before = then.map_or(&now.after, |then| &then.before);
        if *before != now.before {
            return Err(ClusterError::ChangedSince {
                what: shown(&now.what),
                object: object.to_owned(),
                now: value(now.before.as_ref()),
                then: value(before.as_ref()),
            }
            .into());
        }
    }
    Ok(())
}

fn value(setting: Option<&Setting>) -> String {
    setting.map_or_else(|| "not set".to_owned(), |setting| shown(&setting.to_string()))
}
