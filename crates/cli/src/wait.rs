//! Waiting for the end of an operation.
//!
//! ```text
//!             still running                  connection lost
//!   Waiting ───────────────▶ Waiting   Waiting ──────────────▶ Away ──▶ Waiting   (the service is back)
//!      │                                                         └────▶ given up  (too long away)
//!      ├──▶ ended
//!      └──▶ not ended within the wait; the operation goes on
//! ```
//!
//! The service bounds each call, so a wait is made of slices. Nothing here changes the operation: whoever stops
//! waiting can wait again by its id.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use mainstay_client::{CallError, Cluster, OperationWait, Transport};
use mainstay_types::operation::OperationRecord;
use mainstay_types::{OperationId, Status};

use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::progress::Progress;

/// How long one call waits while somebody watches: as often is the picture painted anew.
const SLICE_WATCHED: Duration = Duration::from_millis(500);
/// How long one call waits while nobody watches.
const SLICE_UNWATCHED: Duration = Duration::from_secs(30);
/// No two calls follow each other faster, should the service answer at once that it still runs.
const CALLS_APART_MIN: Duration = Duration::from_millis(50);
/// How long a service may be away while somebody waits: longer than a restart takes, shorter than patience.
pub(crate) const AWAY_MAX: Duration = Duration::from_secs(15);
/// How long to pause before the first try to reach it again; doubled each time.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// The longest wait that can be asked for; longer ones are taken for a slip.
const TIMEOUT_MAX_SECONDS: f64 = 366.0 * 24.0 * 3600.0;

/// How long a command waits for what it began.
#[derive(Clone, Debug, Default, Args)]
pub struct WaitArguments {
    /// Do not wait: end as soon as the operation is accepted, and write its id
    #[arg(long)]
    pub no_wait: bool,
    /// Take at most so long, acceptance and all; the operation goes on afterwards [default: until it has ended]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, conflicts_with = "no_wait", allow_negative_numbers = true)]
    pub timeout: Option<Duration>,
}

/// By when a whole command has to be over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bound {
    within: Option<Duration>,
    deadline: Option<Instant>,
}

/// How long after its deadline a command still takes answers: the last look at an operation is asked at the deadline.
const ANSWER_GRACE: Duration = Duration::from_secs(2);

impl Bound {
    /// So long from now; `None` is no bound.
    pub(crate) fn new(within: Option<Duration>) -> Self {
        Self { within, deadline: within.and_then(|within| Instant::now().checked_add(within)) }
    }

    /// What was asked for.
    pub(crate) fn within(&self) -> Option<Duration> {
        self.within
    }

    /// By when the last answer has to be there.
    pub(crate) fn answers_by(&self) -> Option<Instant> {
        self.deadline.and_then(|deadline| deadline.checked_add(ANSWER_GRACE))
    }

    /// The same, for a call that should be answered within so long.
    pub(crate) fn answer_by(&self, within: Duration) -> Option<Instant> {
        let by = Instant::now().checked_add(within);
        self.answers_by().map_or(by, |last| by.map(|by| by.min(last)))
    }

    /// How long until the deadline.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// Reads a number of seconds, which may have a fraction.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 =
        text.parse().map_err(|_| "a number of seconds is needed, such as 30 or 0.5".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(length) if number <= TIMEOUT_MAX_SECONDS => Ok(length),
        _ => Err(format!("seconds go from 0 to {TIMEOUT_MAX_SECONDS}")),
    }
}

/// How a wait ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Waited {
    /// The operation has ended.
    Ended(Box<OperationRecord>),
    /// It still runs.
    Running(Box<OperationRecord>),
}

/// Waits until the operation has ended, or the command's time is over.
pub(crate) fn to_end<T: Transport>(
    cluster: &mut Cluster<T>,
    id: OperationId,
    bound: Bound,
    away_max: Duration,
    progress: &mut Progress,
) -> Result<Waited, Failure> {
    let slice_max = if progress.is_seen() { SLICE_WATCHED } else { SLICE_UNWATCHED };
    let mut away = Away::new(away_max);
    loop {
        let left = bound.left();
        let slice = left.map_or(slice_max, |left| left.min(slice_max));
        let asked_at = Instant::now();
        // A service that is silent for longer than it may be away is away.
        cluster.finish_by(bound.answer_by(slice + away_max));
        match cluster.wait_operation(id, slice) {
            Ok(OperationWait::Ended(record)) => return Ok(Waited::Ended(record)),
            Ok(OperationWait::Running(record)) => {
                if left.is_some_and(|left| left.is_zero()) {
                    return Ok(Waited::Running(record));
                }
                away = Away::new(away_max);
                progress.show(&record);
                thread::sleep(CALLS_APART_MIN.min(slice).saturating_sub(asked_at.elapsed()));
            }
            Ok(OperationWait::Unknown) => return Err(unknown(id)),
            Err(error) if is_away(&error) => {
                progress.show_away();
                if !away.pause(bound.left()) {
                    return Err(lost(&error, id));
                }
            }
            Err(error) => {
                return Err(Failure::unexplained(&error, &Subject::Operation(id)).with_operation(Some(id)));
            }
        }
    }
}

/// Whether the service may come back, so that what changes nothing, or carries a token, can be asked again.
pub(crate) fn is_away(error: &CallError) -> bool {
    match error {
        CallError::OutcomeUnknown { .. } => true,
        CallError::NotReached { status, .. } => {
            matches!(*status, Status::RPC_S_SERVER_UNAVAILABLE | Status::RPC_S_SERVER_TOO_BUSY)
        }
        _ => false,
    }
}

/// How long the service has been away, and how long until it is tried again.
#[derive(Debug)]
pub(crate) struct Away {
    max: Duration,
    since: Option<Instant>,
    pause: Duration,
}

impl Away {
    pub(crate) fn new(max: Duration) -> Self {
        Self { max, since: None, pause: PAUSE_FIRST }
    }

    /// Pauses before the next try, no longer than is `left`; says no when the service has been away for too long.
    pub(crate) fn pause(&mut self, left: Option<Duration>) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.max || left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        thread::sleep(left.map_or(self.pause, |left| left.min(self.pause)));
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }
}

fn lost(error: &CallError, id: OperationId) -> Failure {
    Failure::new(Exit::Unknown, format!("the service was lost while waiting for operation {id}"))
        .with_status(error.status())
        .with_way_out(format!("when it is back, wait again with 'mainstay operation wait {id}'"))
        .with_operation(Some(id))
}

/// There is no operation of this id. The journal is bounded, so an old one may have been there.
pub(crate) fn unknown(id: OperationId) -> Failure {
    Failure::new(Exit::Unknown, format!("there is no operation {id}, or none any more"))
        .with_status(Status::FILE_NOT_FOUND)
        .with_way_out("'mainstay operation list' and 'mainstay journal' show those there are")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read() {
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["", "x", "-1", "NaN", "inf", "1e300"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_service_is_away_for_so_long_only() {
        assert!(!Away::new(Duration::ZERO).pause(None));
        let mut away = Away::new(Duration::from_secs(60));
        assert!(!away.pause(Some(Duration::ZERO)));
        assert!(away.pause(None));
        assert_eq!(away.pause, PAUSE_FIRST * 2);
    }
}
