//! The short form of the campaign: fixed seeds, so that a change is judged by itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use mainstay_engine::testing::walk::Plan;
use mainstay_sim::campaign::Campaign;
use mainstay_sim::run_plan;

const RUNS: u64 = 300;
const STEPS: usize = 200;

#[test]
fn everything_holds_in_a_few_hundred_walks() {
    let campaign = Campaign { first: 0, runs: RUNS, steps: STEPS, jobs: 2, keeps_going: false };
    let summary = campaign.run(|_| {});
    if let Some((seed, violation)) = summary.violations.first_key_value() {
        panic!("{violation}; replay: cargo xtask simulate -- --seed {seed} --inputs {STEPS} --shrink");
    }
    assert_eq!(summary.runs, RUNS);
    // The faults of the campaign are faults: each of these struck in the midst of something.
    for (fault, moment) in [
        ("service crashes", "committing"),
        ("pool host dies", "starting"),
        ("own host dies", "stopping"),
        ("host slow", "stopping"),
        ("guard dies", "hard stop"),
        ("timers late", "terminating"),
        ("commit's outcome unknown", "committing"),
    ] {
        assert!(summary.coverage.contains_key(&(fault, moment)), "{fault} never struck while {moment}");
    }
}

#[test]
fn a_seed_replays_exactly() {
    let plan = Plan::of_seed(7, STEPS);
    let (first, again) = (run_plan(&plan, true).unwrap(), run_plan(&plan, true).unwrap());
    assert!(first.1.len() > STEPS);
    assert_eq!(first, again);
    assert_ne!(Plan::of_seed(8, STEPS), plan);
}
