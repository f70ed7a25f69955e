//! Group sets as documents.

use mainstay_types::glance::GroupSetGlance;
use serde::Serialize;

use super::properties::PropertiesDocument;
use super::said;

/// A group set.
#[derive(Clone, Debug, Serialize)]
pub struct GroupSetDocument {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Names of its groups.
    pub groups: Vec<String>,
    /// The group sets that its groups start after, as an expression of names; `null` for none.
    pub depends_on: Option<String>,
    /// Whether every group that is in no such set starts after it.
    pub is_global: bool,
    /// When it counts as started, in words.
    pub startup: String,
    /// Whether it counts as started.
    pub is_started: bool,
}

impl From<&GroupSetGlance> for GroupSetDocument {
    fn from(set: &GroupSetGlance) -> Self {
        Self {
            id: set.id.to_string(),
            name: set.name.to_string(),
            groups: set.groups.iter().map(ToString::to_string).collect(),
            depends_on: said(&set.depends_on),
            is_global: set.is_global,
            startup: set.startup.clone(),
            is_started: set.is_started,
        }
    }
}

/// `mainstay groupset show`.
#[derive(Clone, Debug, Serialize)]
pub struct GroupSetDetails {
    /// The group set.
    #[serde(flatten)]
    pub group_set: GroupSetDocument,
    /// Its properties.
    pub properties: PropertiesDocument,
}
