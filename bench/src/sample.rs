//! Samples and what is said about them. All times are in nanoseconds, signed: the difference of two clocks' readings may
//! lie on either side of nothing.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// The p50 and p99 of some samples, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Samples in rounds.
#[derive(Default, Debug)]
pub(crate) struct Rounds(Vec<Vec<i64>>);

impl Rounds {
    /// The next samples belong to a new round.
    pub(crate) fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    pub(crate) fn push(&mut self, nanoseconds: i64) {
        if self.0.is_empty() {
            self.begin();
        }
        if let Some(round) = self.0.last_mut() {
            round.push(nanoseconds);
        }
    }

    pub(crate) fn push_duration(&mut self, duration: Duration) {
        self.push(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX));
    }

    /// The same, with `nanoseconds` added to every sample.
    pub(crate) fn shifted(&self, nanoseconds: i64) -> Self {
        Self(self.0.iter().map(|round| round.iter().map(|sample| sample + nanoseconds).collect()).collect())
    }

    /// The median over the rounds of each round's percentiles.
    pub(crate) fn percentiles(&self) -> Percentiles {
        let of_rounds = |percent| {
            let each: Vec<i64> = self
                .0
                .iter()
                .filter(|round| !round.is_empty())
                .map(|round| percentile(round, percent))
                .collect();
            percentile(&each, 50) as f64 / 1000.0
        };
        Percentiles { p50_us: of_rounds(50), p99_us: of_rounds(99) }
    }
}

/// The smallest sample that so many of a hundred do not exceed (nearest rank); 0 without samples.
fn percentile(samples: &[i64], percent: usize) -> i64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Now, on the clock that all processes of the machine share.
pub(crate) fn monotonic_ns() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred: Vec<i64> = (1..=100).rev().collect();
        for (samples, percent, expected) in [
            (&hundred[..], 50, 50),
            (&hundred, 99, 99),
            (&[7], 50, 7),
            (&[7], 99, 7),
            (&[1, 2], 50, 1),
            (&[], 50, 0),
        ] {
            assert_eq!(percentile(samples, percent), expected);
        }
    }

    #[test]
    fn what_is_shown_is_the_median_of_the_rounds() {
        let mut rounds = Rounds::default();
        for (round, samples) in [[1000, 1000], [5000, 5000], [900_000, 900_000]].iter().enumerate() {
            rounds.begin();
            assert_eq!(rounds.0.len(), round + 1);
            samples.iter().for_each(|sample| rounds.push(*sample));
        }
        assert_eq!(rounds.percentiles(), Percentiles { p50_us: 5.0, p99_us: 5.0 });
        assert_eq!(rounds.shifted(-2000).percentiles(), Percentiles { p50_us: 3.0, p99_us: 3.0 });
    }
}
