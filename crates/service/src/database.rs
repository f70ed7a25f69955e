//! The database's thread: it commits one transaction after the other and reads back what became of one when the
//! store could not say.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mainstay_engine::backup::Manifest;
use mainstay_engine::input::{CommitId, CommitOutcome, Input};
use mainstay_store::{Revision, Store, StoreError, Transaction};

use mainstay_types::order::Cause;
use mainstay_types::{OperationId, Status};
use parking_lot::Mutex;

use crate::backup;
use crate::core::now;
use crate::patience::Patience;

/// How many commits may wait. The engine bounds what it has in flight far below this; reaching it means that the
/// disk has stopped answering, and then the engine waits with its lock held, which is right: nothing can be decided
/// that could be kept.
const COMMITS_WAITING_MAX: usize = 4096;

/// The pause before the second attempt to read back after an unknown outcome; it doubles up to
/// [`RECOVER_PAUSE_MAX`].
const RECOVER_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause between two attempts: so long a call may wait after the disk answers again. The attempts go on
/// until one succeeds or the service ends, since nothing can be decided about what the commit touched before.
const RECOVER_PAUSE_MAX: Duration = Duration::from_secs(10);

/// How often the store does its upkeep.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

/// After so many commits without a pause it does it in the first moment in which nothing waits, before a commit has to.
const UPKEEP_COMMITS: u32 = 128;

/// Takes what happens to the engine.
type Feed = dyn Fn(Input) + Send + Sync;

enum Job {
    Commit(CommitId, Transaction),
    BackUp { operation: OperationId, path: String, manifest: Box<Manifest> },
    End,
}

/// The newest revision that is known to be on the disk. It is raised after a commit was synced, and before anybody hears of
/// that commit: what is written elsewhere by what is read here never knows more than the disk has.
#[derive(Clone, Debug)]
pub struct Durable(Arc<Mutex<Revision>>);

impl Durable {
    /// That of a database that was just opened.
    pub fn new(revision: Revision) -> Self {
        Durable(Arc::new(Mutex::new(revision)))
    }

    /// The newest revision.
    pub fn at(&self) -> Revision {
        *self.0.lock()
    }

    pub(crate) fn raise(&self, revision: Revision) {
        let mut known = self.0.lock();
        *known = revision.max(*known);
    }
}

/// The way to the database's thread.
pub struct Database {
    jobs: mpsc::SyncSender<Job>,
    ending: mpsc::SyncSender<()>,
}

/// What the thread is made from, until the core exists that it feeds.
pub struct DatabaseThread {
    jobs: mpsc::Receiver<Job>,
    /// The service ends: a commit whose outcome cannot be read back now is looked at by the next one.
    ending: mpsc::Receiver<()>,
    store: Box<dyn Store>,
    durable: Durable,
    /// No backup is written in here.
    data_dir: PathBuf,
}

/// Makes the way to a thread, and the thread's half.
pub fn database(store: Box<dyn Store>, durable: Durable, data_dir: &Path) -> (Database, DatabaseThread) {
    let (sender, receiver) = mpsc::sync_channel(COMMITS_WAITING_MAX);
    let (ending, told_to_end) = mpsc::sync_channel(1);
    (
        Database { jobs: sender, ending },
        DatabaseThread { jobs: receiver, ending: told_to_end, store, durable, data_dir: data_dir.to_owned() },
    )
}

impl Database {
    /// Queues a commit. Its outcome comes back as `Input::Committed`.
    pub fn commit(&self, commit: CommitId, transaction: Transaction) {
        // The thread ends only after the core has been told to stop; a commit after that is never answered, as after
        // a crash.
        let _ = self.jobs.send(Job::Commit(commit, transaction));
    }

    /// Has everything that was queued before copied into a file. Its outcome comes back as `Input::BackedUp`.
    pub fn back_up(&self, operation: OperationId, path: String, manifest: Box<Manifest>) {
        let _ = self.jobs.send(Job::BackUp { operation, path, manifest });
    }

    /// Lets the thread end when everything queued is committed.
    pub fn end(&self) {
        // Full means that it has been told already; an error of either, that the thread has ended.
        let _ = self.ending.try_send(());
        let _ = self.jobs.send(Job::End);
    }
}

impl DatabaseThread {
    /// Starts the thread. `feed` takes every outcome.
    pub fn start(self, feed: impl Fn(Input) + Send + Sync + 'static) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new().name("database".into()).spawn(move || self.run(&(Arc::new(feed) as Arc<Feed>)))
    }

    fn run(mut self, feed: &Arc<Feed>) {
        let mut commits = 0;
        loop {
            let job = if commits < UPKEEP_COMMITS {
                self.jobs.recv_timeout(UPKEEP_INTERVAL)
            } else {
                self.jobs.try_recv().map_err(|error| match error {
                    mpsc::TryRecvError::Empty => mpsc::RecvTimeoutError::Timeout,
                    mpsc::TryRecvError::Disconnected => mpsc::RecvTimeoutError::Disconnected,
                })
            };
            match job {
                Ok(Job::Commit(commit, transaction)) => {
                    let Some(outcome) = self.commit(commit, transaction, &**feed) else { return };
                    feed(Input::Committed { commit, outcome });
                    commits = commits.saturating_add(1);
                }
                Ok(Job::BackUp { operation, path, manifest }) => {
                    self.back_up(operation, path, *manifest, feed);
                }
                Ok(Job::End) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.upkeep();
                    commits = 0;
                }
            }
        }
    }

    /// Copies, which takes a moment, and has another thread write, which may take long: commits do not wait for it. The
    /// engine asks for one at a time. Nobody waits for that thread at the service's end: a backup that is not whole then
    /// has not got its name.
    fn back_up(&mut self, operation: OperationId, path: String, manifest: Manifest, feed: &Arc<Feed>) {
        let copied = self.store.backup().map_err(|error| backup::unreadable(&error));
        let tell = Arc::clone(feed);
        let data_dir = self.data_dir.clone();
        let write = move || {
            let outcome = copied.and_then(|copy| backup::write(&path, &data_dir, copy, &manifest));
            tell(Input::BackedUp { operation, outcome });
        };
        if let Err(error) = thread::Builder::new().name("backup".into()).spawn(write) {
            let outcome =
                Err(Cause::new(Status::BUSY, format!("no thread for a backup: {error}; try again")));
            feed(Input::BackedUp { operation, outcome });
        }
    }

    fn upkeep(&mut self) {
        if let Err(error) = self.store.tick(Duration::from_millis(now().steady_ms)) {
            tracing::warn!(%error, "the database's upkeep failed; it is tried again");
        }
    }

    /// What became of a commit; `None` when the service ends before anybody knows.
    fn commit(
        &mut self,
        commit: CommitId,
        transaction: Transaction,
        feed: &dyn Fn(Input),
    ) -> Option<CommitOutcome> {
        Some(match self.store.commit(transaction) {
            Ok(done) if done.succeeded => {
                self.durable.raise(done.revision);
                CommitOutcome::Done(done.revision)
            }
            Ok(_) => CommitOutcome::Conflict,
            Err(StoreError::Unknown { attempted, reason }) => {
                tracing::error!(%commit, %reason, "nobody knows whether a commit was done; reading it back");
                feed(Input::Committed { commit, outcome: CommitOutcome::Unknown });
                return self.read_back(attempted);
            }
            Err(error) => CommitOutcome::Failed(error.to_string()),
        })
    }

    /// Waits until the store can be read again. What it holds then is durable, and says what became of the commit:
    /// a single writer's transaction was done if and only if its revision has been reached.
    fn read_back(&mut self, attempted: Option<Revision>) -> Option<CommitOutcome> {
        let mut patience = Patience::new(RECOVER_PAUSE, RECOVER_PAUSE_MAX);
        loop {
            match self.store.recover() {
                Ok(reached) => {
                    self.durable.raise(reached);
                    return Some(match attempted {
                        Some(revision) if reached >= revision => CommitOutcome::Done(revision),
                        _ => CommitOutcome::Failed("the database did not keep it".into()),
                    });
                }
                Err(error) => {
                    if patience.is_worth_a_line(Instant::now()) {
                        tracing::error!(%error, "the database cannot be read back yet; it is tried again and again");
                    }
                    match self.ending.recv_timeout(patience.next_pause()) {
                        Err(mpsc::RecvTimeoutError::Timeout) => {}
                        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_store::{Backup, Committed, KeyRange, LeaseId, Model, Op, Page, Watch};

    use super::*;

    /// A store that loses sight of every commit, and says so many times that it cannot be read back.
    struct Blind {
        inner: Model,
        keeps: bool,
        failures_left: u32,
    }

    impl Store for Blind {
        fn commit(&mut self, transaction: Transaction) -> Result<Committed, StoreError> {
            let before = self.inner.revision()?;
            let attempted = Some(Revision { revision: before.revision + 1, ..before });
            if self.keeps {
                self.inner.commit(transaction)?;
            }
            Err(StoreError::Unknown { attempted, reason: "a test".into() })
        }

        fn recover(&mut self) -> Result<Revision, StoreError> {
            match self.failures_left.checked_sub(1) {
                Some(left) => {
                    self.failures_left = left;
                    Err(StoreError::Unavailable("not yet".into()))
                }
                None => self.inner.recover(),
            }
        }

        fn revision(&mut self) -> Result<Revision, StoreError> {
            self.inner.revision()
        }

        fn read(&mut self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
            self.inner.read(range, limit)
        }

        fn watch(&mut self, range: &KeyRange, from: Revision) -> Result<Box<dyn Watch>, StoreError> {
            self.inner.watch(range, from)
        }

        fn compact(&mut self, revision: Revision) -> Result<(), StoreError> {
            self.inner.compact(revision)
        }

        fn grant(&mut self, ttl: Duration, now: Duration) -> Result<LeaseId, StoreError> {
            self.inner.grant(ttl, now)
        }

        fn keep_alive(&mut self, lease: LeaseId, now: Duration) -> Result<Duration, StoreError> {
            self.inner.keep_alive(lease, now)
        }

        fn revoke(&mut self, lease: LeaseId) -> Result<(), StoreError> {
            self.inner.revoke(lease)
        }

        fn backup(&mut self) -> Result<Backup, StoreError> {
            self.inner.backup()
        }

        fn tick(&mut self, now: Duration) -> Result<(), StoreError> {
            self.inner.tick(now)
        }
    }

    fn told(keeps: bool, failures_left: u32, then: impl FnOnce(&Database)) -> Vec<CommitOutcome> {
        let durable = Durable::new(Revision::new(1, 0));
        let (way, thread) = database(
            Box::new(Blind { inner: Model::new(1), keeps, failures_left }),
            durable.clone(),
            Path::new("/"),
        );
        let (sender, told) = mpsc::channel();
        let feed = move |input| {
            if let Input::Committed { outcome, .. } = input {
                sender.send(outcome).unwrap();
            }
        };
        let thread = thread.start(feed).unwrap();
        let transaction = Transaction { then: vec![Op::put("/a", "1")], ..Transaction::default() };
        way.commit(CommitId(1), transaction);
        let mut outcomes = vec![told.recv().unwrap()];
        then(&way);
        if failures_left < u32::MAX {
            outcomes.push(told.recv().unwrap());
        }
        way.end();
        thread.join().unwrap();
        // What is kept is known, and nothing else.
        let kept = matches!(outcomes.last(), Some(CommitOutcome::Done(_)));
        assert_eq!(durable.at(), Revision::new(1, u64::from(kept)));
        outcomes
    }

    #[test]
    fn an_unknown_outcome_is_read_back_until_the_store_answers() {
        let done = told(true, 2, |_| {});
        assert!(matches!(done[..], [CommitOutcome::Unknown, CommitOutcome::Done(_)]), "{done:?}");
        let failed = told(false, 1, |_| {});
        assert!(matches!(failed[..], [CommitOutcome::Unknown, CommitOutcome::Failed(_)]), "{failed:?}");
    }

    #[test]
    fn the_service_can_end_while_nothing_can_be_read_back() {
        assert_eq!(told(true, u32::MAX, Database::end), [CommitOutcome::Unknown]);
    }
}
