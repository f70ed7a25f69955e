//! The document of `mainstay explain --json`.

use mainstay_types::ObjectId;
use mainstay_types::explanation::{Explanation, Member, Reason, Rule, WayOut};
use serde::Serialize;

use crate::render::rfc3339;
use crate::way_out::command_line;

/// Why a resource or a group is in its state.
#[derive(Clone, Debug, Serialize)]
pub struct ExplanationDocument {
    /// `resource`, `group`, `network` or `interface`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: String,
    /// Since when; `null` for a group.
    pub since: Option<String>,
    /// Why.
    pub reason: ReasonDocument,
    /// What else holds for it.
    pub notes: Vec<ReasonDocument>,
    /// A group's resources.
    pub members: Vec<MemberDocument>,
    /// Where a group is to be, in lines.
    pub placement: Vec<String>,
    /// What would change it.
    pub ways_out: Vec<WayOutDocument>,
}

/// A rule with what it rests on.
#[derive(Clone, Debug, Serialize)]
pub struct ReasonDocument {
    /// Which rule.
    pub rule: Rule,
    /// In words.
    pub text: String,
    /// The operation by which it came so.
    pub operation: Option<String>,
    /// When that was asked for, or when it happened.
    pub at: Option<String>,
    /// When something happens by itself next.
    pub until: Option<String>,
    /// Its own cause.
    pub because: Option<Box<ReasonDocument>>,
}

/// A resource of a group.
#[derive(Clone, Debug, Serialize)]
pub struct MemberDocument {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: String,
    /// Why.
    pub reason: ReasonDocument,
}

/// A command, and what it would do.
#[derive(Clone, Debug, Serialize)]
pub struct WayOutDocument {
    /// As a shell reads it.
    pub command: String,
    /// What it would do.
    pub effect: String,
}

impl From<&Explanation> for ExplanationDocument {
    fn from(found: &Explanation) -> Self {
        let (kind, id) = match &found.object {
            ObjectId::Group(id) => ("group", id.to_string()),
            ObjectId::Resource(id) => ("resource", id.to_string()),
            ObjectId::Network(id) => ("network", id.to_string()),
            ObjectId::NetworkInterface(id) => ("interface", id.to_string()),
            other => ("", format!("{other:?}")),
        };
        Self {
            kind,
            id,
            name: found.name.to_string(),
            state: found.state.clone(),
            since: found.since_ms.map(rfc3339),
            reason: (&found.reason).into(),
            notes: found.notes.iter().map(ReasonDocument::from).collect(),
            members: found.members.iter().map(MemberDocument::from).collect(),
            placement: found.placement.clone(),
            ways_out: found.ways_out.iter().map(WayOutDocument::from).collect(),
        }
    }
}

impl From<&Reason> for ReasonDocument {
    fn from(found: &Reason) -> Self {
        Self {
            rule: found.rule,
            text: found.text.clone(),
            operation: found.operation.map(|id| id.to_string()),
            at: found.at_ms.map(rfc3339),
            until: found.until_ms.map(rfc3339),
            because: found.because.as_deref().map(|because| Box::new(because.into())),
        }
    }
}

impl From<&Member> for MemberDocument {
    fn from(found: &Member) -> Self {
        Self { name: found.name.to_string(), state: found.state.clone(), reason: (&found.reason).into() }
    }
}

impl From<&WayOut> for WayOutDocument {
    fn from(found: &WayOut) -> Self {
        Self { command: command_line(&found.command), effect: found.effect.clone() }
    }
}
