//! Trying again and again: pauses that grow up to a bound, and a log that is not flooded meanwhile.

use std::time::{Duration, Instant};

/// How often the same trouble is worth a line in the log.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// What keeps failing, until it is forgotten with this.
#[derive(Debug)]
pub(crate) struct Patience {
    pause: Duration,
    longest: Duration,
    logged_at: Option<Instant>,
}

impl Patience {
    /// The first pause, doubled after each try up to the longest.
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Patience { pause: first, longest, logged_at: None }
    }

    /// It has failed once more: how long to wait before the next try.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(self.longest);
        pause
    }

    /// Whether this failure is to be logged: the first, and then one in each interval.
    pub(crate) fn is_worth_a_line(&mut self, now: Instant) -> bool {
        let is_due = self.logged_at.is_none_or(|at| now.saturating_duration_since(at) >= LOG_INTERVAL);
        if is_due {
            self.logged_at = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_lines_are_rare() {
        let seconds = Duration::from_secs;
        let mut patience = Patience::new(seconds(1), seconds(5));
        let pauses: Vec<u64> = (0..5).map(|_| patience.next_pause().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        let begin = Instant::now();
        let lines = [0, 1, 59, 60, 61, 120].map(|at| patience.is_worth_a_line(begin + seconds(at)));
        assert_eq!(lines, [true, false, false, true, false, true]);
    }
}
