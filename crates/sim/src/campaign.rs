//! Many walks, on several threads. The result does not depend on how many.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mainstay_engine::testing::walk::Coverage;

use crate::run::{Violation, run_seed};

/// Seeds whose violations are kept: enough to see whether they are one fault or many.
const VIOLATIONS_MAX: usize = 20;
/// Seeds that a thread takes at once.
const BATCH: u64 = 16;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The first seed.
    pub first: u64,
    /// How many seeds.
    pub runs: u64,
    /// Steps of each walk.
    pub steps: usize,
    /// Threads.
    pub jobs: usize,
    /// Go on after a violation.
    pub keeps_going: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Walks that were taken.
    pub runs: u64,
    /// Which fault struck when.
    pub coverage: Coverage,
    /// Walks in which something broke.
    pub violated: u64,
    /// In how many of them what broke first, by its name.
    pub kinds: BTreeMap<String, u64>,
    /// Seeds with what broke, the first `VIOLATIONS_MAX` of them.
    pub violations: BTreeMap<u64, Violation>,
}

impl Summary {
    fn note(&mut self, seed: u64, violation: Violation) {
        self.violated += 1;
        *self.kinds.entry(violation.kind().to_owned()).or_default() += 1;
        self.violations.insert(seed, violation);
        while self.violations.len() > VIOLATIONS_MAX {
            self.violations.pop_last();
        }
    }

    fn add(&mut self, other: Summary) {
        self.runs += other.runs;
        self.violated += other.violated;
        add(&mut self.coverage, other.coverage);
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.violations.extend(other.violations);
        while self.violations.len() > VIOLATIONS_MAX {
            self.violations.pop_last();
        }
    }
}

impl Campaign {
    /// Takes all walks, or up to the first violation. `progress` is told now and then how many were taken.
    pub fn run(self, progress: impl Fn(u64) + Sync) -> Summary {
        let next = AtomicU64::new(0);
        let taken = AtomicU64::new(0);
        let is_over = AtomicBool::new(false);
        let summary = Mutex::new(Summary::default());
        let work = || {
            let mut own = Summary::default();
            while !is_over.load(Ordering::Relaxed) {
                let begin = next.fetch_add(BATCH, Ordering::Relaxed);
                if begin >= self.runs {
                    break;
                }
                let end = (begin + BATCH).min(self.runs);
                for offset in begin..end {
                    let seed = self.first.wrapping_add(offset);
                    own.runs += 1;
                    match run_seed(seed, self.steps, false) {
                        Ok((coverage, _)) => add(&mut own.coverage, coverage),
                        Err(violation) => {
                            own.note(seed, violation);
                            is_over.fetch_or(!self.keeps_going, Ordering::Relaxed);
                        }
                    }
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                }
                progress(taken.fetch_add(end - begin, Ordering::Relaxed) + end - begin);
            }
            summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(own);
        };
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(work);
            }
        });
        summary.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn add(to: &mut Coverage, from: Coverage) {
    for (key, count) in from {
        *to.entry(key).or_default() += count;
    }
}
