//! What a resource's earlier programs have left outside of its leaf, and what has gone there with nobody above it.
//!
//! It is known by its [mark](mainstay_process::strays), for which every process of the machine is looked at. So it is
//! looked for only where it may matter: before a program is started, and where one was stopped that is known to leave;
//! and one pass serves all resources of the host that ask at the same time.
//!
//! A pass proves something of what was there when it began. So it answers only who had asked before that: whoever asks
//! while one is under way waits for the next, with all others who do. A thousand starts at once come to a few passes.
//!
//! A pass does not look at the [programs](children) that this host has started and that still run: of a thousand
//! starts the last would look at all the others. What is known of the resource itself is added to what was found.

mod children;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mainstay_process::strays::{self, Mark, Marked, Seen};
use mainstay_process::{CgroupError, Leaf, Process, Signal};
use mainstay_types::order::Cause;
use mainstay_types::{ClusterId, ResourceId, Status};
use parking_lot::{Condvar, Mutex};

use children::Children;

pub(crate) use children::Child;

use crate::resource_type::Reporter;

/// How long killed processes may take to go.
pub(crate) const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// Passes over the processes of the machine, shared by all resources of the host.
#[derive(Default)]
pub(crate) struct Passes {
    children: Arc<Children>,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    is_running: bool,
    /// How many have begun, and how many have ended.
    begun: u64,
    ended: u64,
    /// Who waits for one, or for the end of one that is none of his.
    waiting: usize,
    /// What the last one has found, or why it has found nothing.
    found: Option<Found>,
}

type Found = Result<Arc<BTreeMap<ResourceId, Vec<Marked>>>, String>;

impl Passes {
    /// What a pass has found that begins after this call.
    fn look(&self, cluster: ClusterId) -> Found {
        self.share(|| strays::of_cluster_but(cluster, |pid| self.children.has(pid)))
    }

    fn share(&self, pass: impl FnOnce() -> io::Result<Vec<Marked>>) -> Found {
        let mut state = self.state.lock();
        // One that is under way may have gone by already.
        let wanted = state.begun + 1;
        loop {
            match &state.found {
                Some(found) if state.ended >= wanted => return found.clone(),
                _ if state.is_running => {
                    state.waiting += 1;
                    self.ended.wait(&mut state);
                    state.waiting -= 1;
                }
                _ => break,
            }
        }
        state.is_running = true;
        state.begun += 1;
        let number = state.begun;
        drop(state);
        let found =
            pass().map(|found| Arc::new(strays::by_resource(found))).map_err(|error| error.to_string());
        let mut state = self.state.lock();
        (state.is_running, state.ended, state.found) = (false, number, Some(found.clone()));
        self.ended.notify_all();
        found
    }
}

/// The outside of one resource.
pub(crate) struct Outside {
    passes: Arc<Passes>,
    cluster: ClusterId,
    resource: ResourceId,
    leaf: Leaf,
    /// Whether anything may have run since it was last looked for with nothing found.
    is_unsure: AtomicBool,
}

impl Outside {
    /// Of a resource of which nothing is known yet.
    pub(crate) fn new(passes: Arc<Passes>, cluster: ClusterId, resource: ResourceId, leaf: Leaf) -> Self {
        Outside { passes, cluster, resource, leaf, is_unsure: AtomicBool::new(true) }
    }

    /// A program is started.
    pub(crate) fn note_start(&self) {
        self.is_unsure.store(true, Ordering::Relaxed);
    }

    /// This is the program: our child, which nobody has asked yet how it has ended.
    pub(crate) fn note_child(&self, pid: i32) -> Child {
        Child::new(self.passes.children.clone(), pid, self.resource)
    }

    /// Brings back what is outside; kills what cannot be brought back. Whether there is nothing of it, nowhere.
    pub(crate) fn bring_back(&self) -> Result<bool, Cause> {
        let seen = self.find()?;
        strays::bring_back(&seen.outside, &self.leaf);
        Ok(seen.is_clear)
    }

    /// Kills what is outside, and what is in the leaf with it, and waits until a look shows nothing of the resource. What was
    /// outside is logged.
    pub(crate) fn end(&self, reporter: &Reporter) -> Result<(), Cause> {
        let count = self.end_and_count()?;
        if count > 0 {
            let text =
                format!("{count} processes of an earlier start ran outside of the cgroup and were killed");
            reporter.log(1, text);
        }
        Ok(())
    }

    fn end_and_count(&self) -> Result<usize, Cause> {
        if !self.is_unsure.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let deadline = Instant::now() + KILL_TIMEOUT;
        let mut count = 0;
        loop {
            let seen = self.find()?;
            if seen.is_clear {
                self.is_unsure.store(false, Ordering::Relaxed);
                return Ok(count);
            }
            count += seen.outside.len();
            // In the leaf all are killed at once, with what they are just starting.
            strays::bring_back(&seen.outside, &self.leaf);
            match self.leaf.kill() {
                Ok(()) | Err(CgroupError::Missing(_)) => {}
                Err(error) => return Err(lacking(error)),
            }
            for stray in &seen.outside {
                // It may have gone out again before the leaf was killed.
                let _ = stray.signal(Signal::KILL);
                if !stray.wait_ended(deadline).map_err(lacking)? {
                    return Err(left(Some(stray.pid())));
                }
            }
            if !self.leaf.wait_empty(deadline).map_err(lacking)? || Instant::now() >= deadline {
                return Err(left(seen.outside.first().map(Process::pid)));
            }
        }
    }

    fn find(&self) -> Result<Seen, Cause> {
        let (cluster, resource) = (self.cluster, self.resource);
        let passed = self.passes.look(cluster).map_err(lacking)?;
        let mut marked = passed.get(&resource).cloned().unwrap_or_default();
        let mark = Mark { cluster, resource, leaf: self.leaf.path().to_owned() };
        let goes_on = |pid: &i32| Process::open(*pid).is_ok_and(|child| !child.has_ended().unwrap_or(true));
        let known = self.passes.children.of(resource).into_iter().filter(goes_on);
        marked.extend(known.map(|pid| Marked { pid, mark: mark.clone() }));
        strays::of_resource(cluster, resource, &self.leaf, None, &marked).map_err(lacking)
    }
}

fn left(pid: Option<i32>) -> Cause {
    let what = pid.map_or("something".to_owned(), |pid| format!("process {pid}"));
    let text = format!(
        "{what}, which an earlier start has left outside of the cgroup, was killed and has not gone after {} s",
        KILL_TIMEOUT.as_secs()
    );
    Cause::new(Status::TIMEOUT, text)
}

fn lacking(error: impl std::fmt::Display) -> Cause {
    let text = format!("what has left the cgroup cannot be looked for: {error}");
    Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, text)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn who_asks_while_a_pass_is_under_way_gets_the_next_one_and_all_get_the_same() {
        const OTHERS: usize = 100;
        let passes = Passes::default();
        let (entered, is_entered) = channel();
        let (go, may_go) = channel::<()>();
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                passes.share(move || {
                    entered.send(()).unwrap();
                    may_go.recv().unwrap();
                    Err(io::Error::other("first"))
                })
            });
            is_entered.recv().unwrap();
            let others: Vec<_> = (0..OTHERS)
                .map(|_| scope.spawn(|| passes.share(|| Err(io::Error::other("second")))))
                .collect();
            while passes.state.lock().waiting < OTHERS {
                thread::yield_now();
            }
            go.send(()).unwrap();
            assert_eq!(first.join().unwrap(), Err("first".into()));
            for other in others {
                assert_eq!(other.join().unwrap(), Err("second".into()));
            }
        });
        assert_eq!(passes.state.lock().begun, 2, "one pass for all who had asked before it began");
        assert_eq!(passes.share(|| Ok(Vec::new())), Ok(Arc::default()), "what was found before is old");
    }

    #[test]
    fn a_program_of_ours_is_looked_at_by_no_pass_and_found_all_the_same() {
        let passes = Arc::new(Passes::default());
        let [cluster, one, other] =
            ["0", "1", "2"].map(|digit| format!("{digit}f1e2d3c-4b5a-6978-8796-{:012x}", std::process::id()));
        let (cluster, one, other) = (cluster.parse().unwrap(), one.parse().unwrap(), other.parse().unwrap());
        let leaf = Leaf::new("/no/such/leaf");
        let mark = Mark { cluster, resource: one, leaf: leaf.path().to_owned() };
        let mut command = mainstay_process::Command::new(["/bin/sleep", "1000"]);
        command.environment = mark.variables().into();
        let program = command.spawn().unwrap();
        let outside = |resource| Outside::new(passes.clone(), cluster, resource, leaf.clone());
        let found = |resource| -> Vec<i32> {
            outside(resource).find().unwrap().outside.iter().map(Process::pid).collect()
        };
        let passed = || passes.look(cluster).unwrap().contains_key(&one);
        assert_eq!((passed(), found(one)), (true, vec![program.pid()]));
        let child = outside(one).note_child(program.pid());
        assert_eq!((passed(), found(one), found(other)), (false, vec![program.pid()], vec![]));
        drop(child);
        assert_eq!((passed(), found(one), found(other)), (true, vec![program.pid()], vec![]));
        program.signal(Signal::KILL).unwrap();
        assert!(program.wait(Instant::now() + KILL_TIMEOUT).unwrap().is_some());
        assert_eq!((passed(), found(one)), (false, vec![]));
    }
}
