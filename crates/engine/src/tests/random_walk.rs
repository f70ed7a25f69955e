//! Random walks (see [`crate::testing::walk`]) of the same seeds every time, so that a change is judged by itself. The
//! campaign of `cargo xtask simulate` takes new ones, and longer.

use mainstay_types::operation::OperationRecord;

use crate::testing::walk::{Plan, Walk};

#[test]
fn everything_ends_and_nothing_is_lost() {
    const WALKS: u64 = 256;
    const STEPS: usize = 60;
    for seed in 0..WALKS {
        // A broken invariant panics; this says where.
        println!(
            "seed {seed}: replay with `cargo xtask simulate -- --seed {seed} --inputs {STEPS} --shrink`"
        );
        Plan::of_seed(seed, STEPS).run(&mut Walk::new(false));
    }
}

/// A plan with which nothing is compared is not tested by a walk.
#[test]
fn walks_have_plans_in_them() {
    const WALKS: u64 = 24;
    const STEPS: usize = 60;
    let mut kept = 0;
    for seed in 0..WALKS {
        let mut walk = Walk::new(false);
        Plan { foresees: true, ..Plan::of_seed(seed, STEPS) }.run(&mut walk);
        kept += walk.plans_kept;
    }
    assert!(kept >= WALKS, "{kept} plans were kept in {WALKS} walks");
}

/// A restart that never takes place in a walk is not tested by it.
#[test]
fn walks_have_restarts_in_them() {
    const WALKS: u64 = 24;
    const STEPS: usize = 200;
    let mut restarts = 0;
    for seed in 0..WALKS {
        let mut walk = Walk::new(false);
        Plan::of_seed(seed, STEPS).run(&mut walk);
        let is_restart = |record: &&OperationRecord| record.reason_text.starts_with("restart ");
        restarts += walk.world.journal.values().filter(is_restart).count();
    }
    assert!(restarts as u64 >= WALKS, "{restarts} restarts in {WALKS} walks");
}
