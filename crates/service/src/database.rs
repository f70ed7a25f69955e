//! The database's thread: it commits one transaction after the other and reads back what became of one when the
//! store could not say.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mainstay_engine::input::{CommitId, CommitOutcome, Input};
use mainstay_store::{Revision, Store, StoreError, Transaction};

use crate::core::now;

/// How many commits may wait. The engine bounds what it has in flight far below this; reaching it means that the
/// disk has stopped answering, and then the engine waits with its lock held, which is right: nothing can be decided
/// that could be kept.
const COMMITS_WAITING_MAX: usize = 4096;

/// How long to wait between two attempts to read back after an unknown outcome.
const RECOVER_INTERVAL: Duration = Duration::from_millis(500);

/// How often the store does its upkeep.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

enum Job {
    Commit(CommitId, Transaction),
    End,
}

/// The way to the database's thread.
pub struct Database {
    jobs: mpsc::SyncSender<Job>,
}

/// What the thread is made from, until the core exists that it feeds.
pub struct DatabaseThread {
    jobs: mpsc::Receiver<Job>,
    store: Box<dyn Store>,
}

/// Makes the way to a thread, and the thread's half.
pub fn database(store: Box<dyn Store>) -> (Database, DatabaseThread) {
    let (sender, receiver) = mpsc::sync_channel(COMMITS_WAITING_MAX);
    (Database { jobs: sender }, DatabaseThread { jobs: receiver, store })
}

impl Database {
    /// Queues a commit. Its outcome comes back as `Input::Committed`.
    pub fn commit(&self, commit: CommitId, transaction: Transaction) {
        // The thread ends only after the core has been told to stop; a commit after that is never answered, as after
        // a crash.
        let _ = self.jobs.send(Job::Commit(commit, transaction));
    }

    /// Lets the thread end when everything queued is committed.
    pub fn end(&self) {
        let _ = self.jobs.send(Job::End);
    }
}

impl DatabaseThread {
    /// Starts the thread. `feed` takes every outcome.
    pub fn start(self, feed: impl Fn(Input) + Send + 'static) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new().name("database".into()).spawn(move || self.run(&feed))
    }

    fn run(mut self, feed: &dyn Fn(Input)) {
        loop {
            match self.jobs.recv_timeout(UPKEEP_INTERVAL) {
                Ok(Job::Commit(commit, transaction)) => {
                    let outcome = self.commit(commit, transaction, feed);
                    feed(Input::Committed { commit, outcome });
                }
                Ok(Job::End) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.store.tick(Duration::from_millis(now().steady_ms)) {
                        tracing::warn!(%error, "the database's upkeep failed; it is tried again");
                    }
                }
            }
        }
    }

    fn commit(&mut self, commit: CommitId, transaction: Transaction, feed: &dyn Fn(Input)) -> CommitOutcome {
        match self.store.commit(transaction) {
            Ok(done) if done.succeeded => CommitOutcome::Done(done.revision),
            Ok(_) => CommitOutcome::Conflict,
            Err(StoreError::Unknown { attempted, reason }) => {
                tracing::error!(%commit, %reason, "nobody knows whether a commit was done; reading it back");
                feed(Input::Committed { commit, outcome: CommitOutcome::Unknown });
                self.read_back(attempted)
            }
            Err(error) => CommitOutcome::Failed(error.to_string()),
        }
    }

    /// Waits until the store can be read again. What it holds then is durable, and says what became of the commit:
    /// a single writer's transaction was done if and only if its revision has been reached.
    fn read_back(&mut self, attempted: Option<Revision>) -> CommitOutcome {
        loop {
            match self.store.recover() {
                Ok(reached) => {
                    return match attempted {
                        Some(revision) if reached >= revision => CommitOutcome::Done(revision),
                        _ => CommitOutcome::Failed("the database did not keep it".into()),
                    };
                }
                Err(error) => {
                    tracing::error!(%error, "the database cannot be read back yet");
                    thread::sleep(RECOVER_INTERVAL);
                }
            }
        }
    }
}
