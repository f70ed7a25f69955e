//! The document of `mainstay cluster validate --json`.

use mainstay_types::validation::{Check, Validation, Verdict};
use serde::Serialize;

use crate::render::rfc3339;
use crate::validate::count;

/// Everything that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct ValidationDocument {
    /// The cluster's name.
    pub cluster: String,
    /// The node that was looked at.
    pub node: String,
    /// When.
    pub at: String,
    /// How many checks found all well.
    pub ok: usize,
    /// How many found something that works and may not one day.
    pub warnings: usize,
    /// How many found something that does not work, or is not safe.
    pub failures: usize,
    /// Each look.
    pub checks: Vec<CheckDocument>,
}

/// One look.
#[derive(Clone, Debug, Serialize)]
pub struct CheckDocument {
    /// `database`, `hosts`, `types`, `permissions`, `disk`, `clock`, `names`.
    pub area: String,
    /// What was looked at.
    pub what: String,
    /// `ok`, `warning` or `failure`.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What would help; empty when all is well.
    pub way_out: String,
}

impl From<&Validation> for ValidationDocument {
    fn from(found: &Validation) -> Self {
        Self {
            cluster: found.cluster.clone(),
            node: found.node.clone(),
            at: rfc3339(found.at_ms),
            ok: count(found, Verdict::Ok),
            warnings: count(found, Verdict::Warning),
            failures: count(found, Verdict::Failure),
            checks: found.checks.iter().map(CheckDocument::from).collect(),
        }
    }
}

impl From<&Check> for CheckDocument {
    fn from(check: &Check) -> Self {
        Self {
            area: check.area.clone(),
            what: check.what.clone(),
            verdict: check.verdict,
            seen: check.seen.clone(),
            way_out: check.way_out.clone(),
        }
    }
}
