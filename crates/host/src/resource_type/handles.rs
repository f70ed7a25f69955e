//! The handles through which a resource reports.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_types::Status;
use mainstay_types::order::{Cause, NOTE_LENGTH_MAX, Note};
use mainstay_types::status_information::ResourceStatusInformation;

use parking_lot::{Condvar, Mutex};

use super::Failure;

/// How often one who waits looks whether he still wants to.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// The longest text of a progress report, cause or log line, in bytes. What is longer is cut.
pub const TEXT_LENGTH_MAX: usize = 4096;

/// Which operation of a resource a report is about. Counts up in each host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OperationNumber(pub u64);

/// Which of the things that a resource wants kept. Counts up in each of its lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NoteNumber(pub u64);

/// What a resource says through its handles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// A sign of life of a pending operation.
    Progress {
        /// Which.
        operation: OperationNumber,
        /// Counts up with real progress.
        checkpoint: u32,
        /// For people.
        text: String,
    },
    /// A pending operation has ended.
    Finished {
        /// Which.
        operation: OperationNumber,
        /// How.
        result: Result<(), Failure>,
    },
    /// The online resource does not serve any more.
    Failed(Cause),
    /// It refuses no offline call without instructions.
    Consents,
    /// Locked or unlocked.
    Locked {
        /// Whether it is locked now.
        locked: bool,
        /// The type's own reason number.
        reason: u64,
    },
    /// These things about it are so from now on, or are so no longer.
    Status {
        /// Which, of [`ResourceStatusInformation::SAID_BY_TYPE`].
        bits: ResourceStatusInformation,
        /// Whether they are so.
        on: bool,
    },
    /// What runs in the online resource has failed; the resource itself serves.
    EmbeddedFailure(Cause),
    /// The cluster is to keep this for it, or nothing any more.
    Note {
        /// By which the type is told what became of it.
        number: NoteNumber,
        /// What.
        note: Option<Note>,
    },
    /// A log line.
    Logged {
        /// 0 information, 1 warning, 2 error, 3 severe.
        level: u32,
        /// The line.
        text: String,
    },
}

/// Takes what resources say. The host's own sends it to the driver; tests collect it.
///
/// Never waits for anybody. Progress and log lines that the service does not read are dropped.
pub type Ear = Arc<dyn Fn(Said) + Send + Sync>;

/// How a resource tells what nobody asked for. Cheap to clone; usable from any thread, also after `close` (then
/// nothing is heard).
#[derive(Clone)]
pub struct Reporter {
    ear: Ear,
    notes: Arc<Notes>,
}

/// Who waits for what became of a note.
#[derive(Default)]
struct Notes {
    state: Mutex<NotesState>,
    told: Condvar,
}

#[derive(Default)]
struct NotesState {
    last: u64,
    waiting: BTreeMap<NoteNumber, Option<Result<(), Cause>>>,
    is_closed: bool,
}

impl Reporter {
    /// A reporter that tells `ear`.
    pub fn new(ear: Ear) -> Self {
        Reporter { ear, notes: Arc::default() }
    }

    /// Has the cluster keep a note for the resource in place of what it has kept so far, or nothing any more, and waits until
    /// that is so for good. Whoever opens the resource next, on whatever node, is given it
    /// ([`Opening::note`](mainstay_types::order::Opening::note)); a crash of the service meanwhile only takes longer. Not to
    /// be called by `terminate`, and by `open` only where there is no other way.
    ///
    /// # Errors
    /// It is too long, or the cluster could not or would not keep it: then it never will. Or `is_cancelled` has become true,
    /// or the host has let go of the resource: then nobody knows.
    pub fn keep(&self, note: Option<Note>, is_cancelled: impl Fn() -> bool) -> Result<(), Cause> {
        if note.as_ref().is_some_and(|note| !note.fits()) {
            let text = format!("what is to be kept has more than {NOTE_LENGTH_MAX} bytes");
            return Err(Cause::new(Status::INVALID_PARAMETER, text));
        }
        let number = {
            let mut state = self.notes.state.lock();
            state.last += 1;
            let number = NoteNumber(state.last);
            state.waiting.insert(number, None);
            number
        };
        (self.ear)(Said::Note { number, note });
        let mut state = self.notes.state.lock();
        loop {
            if let Some(result) = state.waiting.get_mut(&number).and_then(Option::take) {
                state.waiting.remove(&number);
                return result;
            }
            if state.is_closed || is_cancelled() {
                state.waiting.remove(&number);
                let text = "nobody waits any more for whether the cluster keeps it";
                return Err(Cause::new(Status::CANCELLED, text));
            }
            self.notes.told.wait_for(&mut state, LOOK_INTERVAL);
        }
    }

    /// The host's: what became of a note.
    pub fn note_ended(&self, number: NoteNumber, result: Result<(), Cause>) {
        if let Some(waiting) = self.notes.state.lock().waiting.get_mut(&number) {
            *waiting = Some(result);
        }
        self.notes.told.notify_all();
    }

    /// The host's: the resource is held no longer, and nobody is told anything.
    pub fn close(&self) {
        self.notes.state.lock().is_closed = true;
        self.notes.told.notify_all();
    }

    /// The resource is online and does not serve any more. In any other state this is not heard.
    pub fn failed(&self, cause: Cause) {
        (self.ear)(Said::Failed(Cause { status: cause.status, text: cut(cause.text) }));
    }

    /// The resource refuses no offline call that carries no instructions, as long as it is open: for those
    /// `check_offline` is not called any more, which saves every such call a round trip.
    pub fn consents(&self) {
        (self.ear)(Said::Consents);
    }

    /// Locks or unlocks the resource: while locked it is taken offline only by callers who ignore locks.
    pub fn locked(&self, locked: bool, reason: u64) {
        (self.ear)(Said::Locked { locked, reason });
    }

    /// Says something of the resource beside its state (StatusInformation): that the system in it is alive, that the
    /// application in it is ready, that its network is gone; or, before an `online` fails, that the node has too little
    /// of something. Bits that are not the type's to say are not heard. What was said is over when the resource begins
    /// to come online again.
    pub fn status(&self, bits: ResourceStatusInformation, on: bool) {
        (self.ear)(Said::Status { bits: bits & ResourceStatusInformation::SAID_BY_TYPE, on });
    }

    /// What runs in the resource has failed, and the resource itself serves as before: the application in a virtual
    /// machine. EmbeddedFailureAction says what follows. Heard while the resource is online, once until it is online
    /// anew.
    pub fn embedded_failure(&self, cause: Cause) {
        (self.ear)(Said::EmbeddedFailure(Cause { status: cause.status, text: cut(cause.text) }));
    }

    /// Writes a line to the cluster's log. Level: 0 information, 1 warning, 2 error, 3 severe.
    pub fn log(&self, level: u32, text: impl Into<String>) {
        (self.ear)(Said::Logged { level, text: cut(text.into()) });
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reporter")
    }
}

/// Whether a pending operation should go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Directive {
    /// Go on.
    Continue,
    /// Terminate has overtaken it: stop working on it, start nothing more.
    Stop,
}

/// One call of `online` or `offline` that may be pending. Cheap to clone; usable from any thread. A report that comes
/// after the end or the cancellation is dropped. A report that comes before the call has returned
/// [`Completion::Pending`](super::Completion::Pending) counts.
#[derive(Clone)]
pub struct Operation {
    number: OperationNumber,
    cancelled: Arc<AtomicBool>,
    ear: Ear,
}

impl Operation {
    /// An operation that tells `ear`.
    pub fn new(number: OperationNumber, ear: Ear) -> Self {
        Operation { number, cancelled: Arc::new(AtomicBool::new(false)), ear }
    }

    /// Its number.
    pub fn number(&self) -> OperationNumber {
        self.number
    }

    /// A sign of life. Counts as progress when `checkpoint` is higher than the one before; silence for longer than
    /// the PendingTimeout ends the operation by Terminate.
    pub fn progress(&self, checkpoint: u32, text: impl Into<String>) -> Directive {
        (self.ear)(Said::Progress { operation: self.number, checkpoint, text: cut(text.into()) });
        self.directive()
    }

    /// The operation has ended. Only the first end counts.
    pub fn finished(&self, result: Result<(), Failure>) -> Directive {
        let result = result.map_err(|failure| match failure {
            Failure::Failed(cause) => Failure::Failed(Cause { status: cause.status, text: cut(cause.text) }),
            Failure::Vetoed(cause) => Failure::Vetoed(Cause { status: cause.status, text: cut(cause.text) }),
        });
        (self.ear)(Said::Finished { operation: self.number, result });
        self.directive()
    }

    /// Whether Terminate has overtaken it.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// The host's: Terminate overtakes it.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    fn directive(&self) -> Directive {
        if self.is_cancelled() { Directive::Stop } else { Directive::Continue }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({}, cancelled: {})", self.number.0, self.is_cancelled())
    }
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_LENGTH_MAX {
        let end = (0..=TEXT_LENGTH_MAX).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collector() -> (Ear, Arc<Mutex<Vec<Said>>>) {
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = said.clone();
        (Arc::new(move |one| kept.lock().push(one)), said)
    }

    #[test]
    fn a_cancelled_operation_is_told_to_stop() {
        let (ear, said) = collector();
        let operation = Operation::new(OperationNumber(7), ear);
        assert_eq!(operation.progress(1, "one"), Directive::Continue);
        operation.clone().cancel();
        assert_eq!(operation.progress(2, "two"), Directive::Stop);
        assert_eq!(said.lock().len(), 2);
    }

    #[test]
    fn who_has_a_note_kept_waits_until_it_is_or_nobody_will_tell() {
        let (ear, said) = collector();
        let reporter = Reporter::new(ear);
        let never = || false;
        std::thread::scope(|scope| {
            let first = scope.spawn(|| reporter.keep(Some(Note::default()), never));
            let number = loop {
                match said.lock().first() {
                    Some(Said::Note { number, .. }) => break *number,
                    _ => std::thread::yield_now(),
                }
            };
            reporter
                .note_ended(NoteNumber(number.0 + 1), Err(Cause::new(Status::INVALID_STATE, "another's")));
            reporter.note_ended(number, Ok(()));
            assert_eq!(first.join().unwrap(), Ok(()));
        });
        assert_eq!(reporter.keep(None, || true).unwrap_err().status, Status::CANCELLED);
        reporter.close();
        assert_eq!(reporter.keep(None, never).unwrap_err().status, Status::CANCELLED);
        let long = Note { words: String::new(), bytes: vec![0; NOTE_LENGTH_MAX + 1] };
        assert_eq!(reporter.keep(Some(long), never).unwrap_err().status, Status::INVALID_PARAMETER);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let (ear, said) = collector();
        Reporter::new(ear).log(0, "ä".repeat(TEXT_LENGTH_MAX));
        let Said::Logged { text, .. } = said.lock().remove(0) else { panic!("no log line") };
        assert_eq!(text.len(), TEXT_LENGTH_MAX);
    }
}
