//! On which processors the two ends of a conversation run.
//!
//! Left alone, the scheduler puts the other end sometimes on the caller's processor and sometimes on another one, and
//! that alone changes a round trip by a factor of three. A call and its floor are comparable only in the same place, so
//! both are put there.

use std::fs;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Result;

/// Where the other end runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// On the caller's processor: what is measured is the work and the switches between processes.
    Together,
    /// On another one: it has to be woken there first.
    Apart,
}

/// The processors of this process, to be given back.
pub(crate) struct Processors {
    all: CpuSet,
    first: usize,
    second: Option<usize>,
}

impl Processors {
    pub(crate) fn of_this_process() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut numbers = (0..CpuSet::MAX_CPU).filter(|number| all.is_set(*number));
        let first = numbers.next().ok_or("this process may run on no processor")?;
        Ok(Self { all, first, second: numbers.next() })
    }

    /// The placements that this machine has.
    pub(crate) fn placements(&self) -> Vec<Placement> {
        let apart = self.second.map(|_| Placement::Apart);
        [Some(Placement::Together), apart].into_iter().flatten().collect()
    }

    /// Puts this process on its processor, and the others on theirs.
    pub(crate) fn place(&self, placement: Placement, others: &[u32]) -> Result<()> {
        let there = match placement {
            Placement::Together => self.first,
            Placement::Apart => self.second.unwrap_or(self.first),
        };
        bind(std::process::id(), &only(self.first))?;
        others.iter().try_for_each(|pid| bind(*pid, &only(there)))
    }

    /// Lets this process and the others run where they like again.
    pub(crate) fn release(&self, others: &[u32]) -> Result<()> {
        bind(std::process::id(), &self.all)?;
        others.iter().try_for_each(|pid| bind(*pid, &self.all))
    }
}

fn only(number: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(number);
    set
}

/// Binds every thread of a process (sched_setaffinity(2) is one thread's).
fn bind(pid: u32, set: &CpuSet) -> Result<()> {
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = task?.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        match sched_setaffinity(thread, set) {
            // A thread that has ended meanwhile.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => {
                return Err(format!("process {pid} cannot be bound to a processor: {error}").into());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_put_in_its_place_and_let_go_again() {
        let processors = Processors::of_this_process().unwrap();
        for placement in processors.placements() {
            processors.place(placement, &[]).unwrap();
            assert_eq!(sched_getaffinity(None).unwrap(), only(processors.first), "{placement:?}");
        }
        processors.release(&[]).unwrap();
        assert_eq!(sched_getaffinity(None).unwrap(), processors.all);
    }
}
