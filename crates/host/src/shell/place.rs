//! Where a resource's processes are, and the host's own look at it.

use std::time::{Duration, Instant};

use mainstay_process::{CgroupError, Leaf, Signal, layout};
use mainstay_types::order::Cause;
use mainstay_types::{GroupId, HostId, ResourceId, Status};

use crate::config::Config;

/// How long killed processes may take to go. What stays longer sits in the kernel.
const CLEAR_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a look waits for what may just be going: the end of a process is known a moment before its group counts
/// it out.
const LOOK_TIMEOUT: Duration = Duration::from_millis(250);

/// As many processes as one can read in a message.
const SHOWN_MAX: usize = 8;

/// A resource's leaf as its host sees it.
///
/// An own host lives inside its resource's leaf. It and what the resource starts are told apart by two groups below
/// the leaf: `host` and `work`; the guard's freeze and kill reach both.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Where the resource's processes are started.
    work: Leaf,
    /// Where an own host itself is.
    host: Option<Leaf>,
}

impl Place {
    pub(super) fn new(config: &Config, group: GroupId, resource: ResourceId) -> Self {
        let leaf = layout::resource(&config.cgroup_root, group, resource);
        match config.host {
            HostId::Pool => Place { work: Leaf::new(leaf), host: None },
            HostId::Own(_) => {
                Place { work: Leaf::new(leaf.join("work")), host: Some(Leaf::new(leaf.join("host"))) }
            }
        }
    }

    pub(super) fn work(&self) -> &Leaf {
        &self.work
    }

    /// Makes the two groups of an own host and moves the host to its own.
    pub(super) fn prepare(&self) -> Result<(), Cause> {
        let Some(host) = &self.host else { return Ok(()) };
        let prepared = host.create().and_then(|()| host.adopt(0)).and_then(|()| self.work.create());
        prepared.map_err(cause)
    }

    /// Is nothing of the resource left?
    pub(super) fn look(&self) -> Result<(), Cause> {
        let empty = self.work.wait_empty(Instant::now() + LOOK_TIMEOUT).map_err(cause)?;
        let mut left = if empty { Vec::new() } else { self.work.pids().map_err(cause)? };
        left.extend(self.beside_host().map_err(cause)?);
        if left.is_empty() { Ok(()) } else { Err(self.left_behind(&left)) }
    }

    /// Kills what is left, and waits until it has gone.
    pub(super) fn clear(&self) -> Result<(), Cause> {
        let deadline = Instant::now() + CLEAR_TIMEOUT;
        if self.work.is_populated().map_err(cause)? {
            self.work.kill().map_err(cause)?;
            if !self.work.wait_empty(deadline).map_err(cause)? {
                return Err(self.left_behind(&self.work.pids().map_err(cause)?));
            }
        }
        self.clear_beside_host(deadline)
    }

    /// A library that starts processes by itself starts them beside the host.
    fn beside_host(&self) -> Result<Vec<i32>, CgroupError> {
        // Linux numbers processes up to 4194304.
        let own = std::process::id() as i32;
        let Some(host) = &self.host else { return Ok(Vec::new()) };
        Ok(host.pids()?.into_iter().filter(|pid| *pid != own).collect())
    }

    fn clear_beside_host(&self, deadline: Instant) -> Result<(), Cause> {
        let Some(host) = &self.host else { return Ok(()) };
        loop {
            let left = self.beside_host().map_err(cause)?;
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(self.left_behind(&left));
            }
            let held: Vec<_> =
                left.iter().filter_map(|pid| mainstay_process::Process::open(*pid).ok()).collect();
            let own = std::process::id() as i32;
            host.signal(Signal::KILL, |pid| pid == own).map_err(cause)?;
            for process in held {
                // Ended before the deadline or not: the list above tells.
                let _ = process.wait(deadline);
            }
        }
    }

    fn left_behind(&self, pids: &[i32]) -> Cause {
        let shown: Vec<String> = pids.iter().take(SHOWN_MAX).map(i32::to_string).collect();
        let more = if pids.len() > SHOWN_MAX { " and more" } else { "" };
        let text =
            format!("still running in '{}': process {}{more}", self.work.path().display(), shown.join(", "));
        Cause::new(Status::RESMON_INVALID_STATE, text)
    }
}

fn cause(error: CgroupError) -> Cause {
    Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, error.to_string())
}
