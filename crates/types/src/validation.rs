//! What a look at a cluster and its node has found: the document that `own_codes::validate` carries and
//! `mainstay cluster validate` shows.

use serde::{Deserialize, Serialize};

/// Everything that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Validation {
    /// The cluster's name.
    pub cluster: String,
    /// The node that was looked at.
    pub node: String,
    /// When, in milliseconds of Unix time.
    pub at_ms: u64,
    /// What was looked at, area by area.
    pub checks: Vec<Check>,
}

/// One look.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Check {
    /// `database`, `hosts`, `types`, `permissions`, `disk`, `clock`, `names`, `networks`.
    pub area: String,
    /// What was looked at.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What would help; empty when all is well.
    pub way_out: String,
}

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and may not one day.
    Warning,
    /// Something does not work, or is not safe.
    Failure,
}

impl Verdict {
    /// The word: `ok`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failure => "failure",
        }
    }
}

impl Check {
    /// All is well.
    pub fn ok(area: &str, what: impl Into<String>, seen: impl Into<String>) -> Self {
        Check {
            area: area.into(),
            what: what.into(),
            verdict: Verdict::Ok,
            seen: seen.into(),
            way_out: String::new(),
        }
    }

    /// Something is not as it should be.
    pub fn bad(
        verdict: Verdict,
        area: &str,
        what: impl Into<String>,
        seen: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        Check { verdict, way_out: way_out.into(), ..Check::ok(area, what, seen) }
    }
}
