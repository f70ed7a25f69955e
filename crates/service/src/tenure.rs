//! The service's hold of its tree, watched from the moment that it is made.
//!
//! ```text
//!   claimed ──► looked elsewhere ──► guard is there ──► looked again ──► hosts adopted ──► looked again ──► serving
//! ```
//!
//! Who claims looks for others afterwards, and so does who has to claim again, since a sweep of empty control groups
//! hides him for a while. The last looks come when the guard runs: a control group with a process cannot be swept away,
//! so of two services whose guards run the one that looks last sees the other, and nothing has been started by either.
//! From then on others give way, and only the loss of the tree itself ends the service.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay_process::claim::{self, Claim, ClaimError};
use mainstay_types::{ClusterId, GroupId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::outlet::Outlet;

/// How often the service looks whether its claim of the tree still stands: a sweep of empty control groups can take
/// it away at any time. Two looks at the file system, so that it costs nothing.
const CLAIM_PAUSE: Duration = Duration::from_secs(1);

/// Where others are looked for.
#[derive(Clone, Debug)]
pub struct Lookout {
    /// Where the hierarchy is mounted.
    pub mount: PathBuf,
    /// The tree that is claimed, without symbolic links.
    pub cgroup_root: PathBuf,
    /// The run directory.
    pub run_dir: PathBuf,
    /// The cluster.
    pub cluster: ClusterId,
    /// Its groups, by whose slices a tree without a mark is known.
    pub groups: Vec<GroupId>,
}

impl Lookout {
    /// Looks whether nobody else acts for the cluster.
    fn look(&self) -> Result<(), ClaimError> {
        claim::check_beside(&self.cgroup_root, self.cluster, &self.run_dir)?;
        claim::check_elsewhere(&self.mount, &self.cgroup_root, self.cluster, &self.groups)
    }
}

/// The hold. Cheap to clone.
#[derive(Clone)]
pub struct Tenure(Arc<Inner>);

struct Inner {
    lookout: Lookout,
    outlet: Outlet,
    claim: Mutex<Option<Claim>>,
    is_serving: AtomicBool,
    lost: Mutex<Option<ClaimError>>,
    told: Notify,
}

impl Tenure {
    /// Keeps a claim that has just been made, until the service ends or gives it back.
    pub fn new(claim: Claim, lookout: Lookout, outlet: Outlet) -> Self {
        let tenure = Tenure(Arc::new(Inner {
            lookout,
            outlet,
            claim: Mutex::new(Some(claim)),
            is_serving: AtomicBool::new(false),
            lost: Mutex::default(),
            told: Notify::new(),
        }));
        tokio::spawn(tenure.clone().keep());
        tenure
    }

    /// Makes sure that the claim stands, and then that nobody else acts for the cluster.
    ///
    /// # Errors
    ///
    /// Somebody does, or the tree cannot be had.
    pub fn confirm(&self) -> Result<(), ClaimError> {
        if let Some(error) = self.0.lost.lock().take() {
            return Err(error);
        }
        if let Some(claim) = self.0.claim.lock().as_mut() {
            claim.renew_service()?;
        }
        self.0.lookout.look()
    }

    /// Confirms for the last time: from here on something may be started, and others have to give way.
    ///
    /// # Errors
    ///
    /// As those of [`Tenure::confirm`].
    pub fn begin_serving(&self) -> Result<(), ClaimError> {
        self.confirm()?;
        self.0.is_serving.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Waits until the tree is lost, and answers to whom. From then on nothing that hosts or guard tell is heard.
    pub async fn lost(&self) -> ClaimError {
        loop {
            if let Some(error) = self.0.lost.lock().take() {
                return error;
            }
            self.0.told.notified().await;
        }
    }

    /// Looks after the claim now: something has happened that may have taken it.
    pub async fn look_after(&self) {
        // In a throwaway cluster's end the tree is taken away on purpose.
        let stands = || self.0.claim.lock().as_ref().is_none_or(Claim::stands);
        if self.0.outlet.is_ending() || stands() {
            return;
        }
        let inner = Arc::clone(&self.0);
        // It may wait for a lock. A panic there has said so already.
        let _ = tokio::task::spawn_blocking(move || inner.renew()).await;
    }

    /// Gives the tree back before anything has run in it.
    pub fn give_back(&self) {
        if let Some(claim) = self.0.claim.lock().take() {
            claim.give_back();
        }
    }

    async fn keep(self) {
        while !self.0.outlet.is_ending() {
            sleep(CLAIM_PAUSE).await;
            self.look_after().await;
        }
    }
}

impl Inner {
    fn renew(&self) {
        let renewed = match self.claim.lock().as_mut() {
            Some(claim) => claim.renew_service(),
            None => return,
        };
        let is_serving = self.is_serving.load(Ordering::Relaxed);
        match renewed {
            Ok(false) => {}
            Ok(true) => {
                tracing::warn!("somebody has removed this service's claim of its tree; it is made again");
                match self.lookout.look() {
                    Ok(()) => {}
                    // Whoever begins meanwhile finds the guard here before he starts anything, and gives way.
                    Err(error) if is_serving => tracing::error!(%error, "others act for this cluster too"),
                    Err(error) => self.lose(error),
                }
            }
            // Nobody else has the tree; the next look tries again.
            Err(ClaimError::Cgroup(error)) => {
                tracing::error!(%error, "this service's claim of its tree cannot be made again");
            }
            Err(error) => self.lose(error),
        }
    }

    fn lose(&self, error: ClaimError) {
        tracing::error!(%error, "this service has lost its claim and ends");
        self.outlet.end();
        *self.lost.lock() = Some(error);
        self.told.notify_one();
    }
}
