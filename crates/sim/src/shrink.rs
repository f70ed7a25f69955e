//! Makes a failing walk small: takes steps away as long as it fails for the same reason, then dependencies.

use mainstay_engine::testing::walk::Plan;

use crate::run::{Violation, run_plan};

/// Walks that are tried at most; each takes about a millisecond.
const TRIES_MAX: usize = 20_000;

/// A smaller walk that breaks the same invariant, with its violation; `None` when the plan does not fail.
pub fn shrink(plan: &Plan) -> Option<(Plan, Violation)> {
    let mut violation = run_plan(plan, false).err()?;
    let kind = violation.kind().to_owned();
    let mut best = plan.clone();
    let mut tries = 0;
    let mut fails = |plan: &Plan| {
        tries += 1;
        if tries > TRIES_MAX {
            return None;
        }
        run_plan(plan, false).err().filter(|violation| violation.kind() == kind)
    };
    let mut size = best.steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        let mut has_shrunk = false;
        while at < best.steps.len() {
            let mut smaller = best.clone();
            smaller.steps.drain(at..(at + size).min(best.steps.len()));
            match fails(&smaller) {
                Some(found) => (best, violation, has_shrunk) = (smaller, found, true),
                None => at += size,
            }
        }
        // A step may be needless only once a later one is gone.
        if !(has_shrunk && size == 1) {
            size /= 2;
        }
    }
    for resource in 0..best.layout.resources.len() {
        for need in (0..best.layout.resources[resource].needs.len()).rev() {
            let mut smaller = best.clone();
            smaller.layout.resources[resource].needs.remove(need);
            if let Some(found) = fails(&smaller) {
                (best, violation) = (smaller, found);
            }
        }
    }
    // Resources at the end that nobody names.
    while best.layout.resources.len() > 1 {
        let mut smaller = best.clone();
        smaller.layout.resources.pop();
        match fails(&smaller) {
            Some(found) => (best, violation) = (smaller, found),
            None => break,
        }
    }
    let log = run_plan(&best, true).err().map(|found| found.log).unwrap_or_default();
    Some((best, Violation { log, ..violation }))
}
