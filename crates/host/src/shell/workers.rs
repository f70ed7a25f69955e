//! Threads that make calls. Each lane has its own, started when they are needed and ended when they are not.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::driver::Lane;

/// How long a worker without work stays.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// How many calls of a lane are made at once. A call should return within a third of a second, so this is about
/// calls that hang: so many of them leave the rest alone.
fn limit(lane: Lane) -> usize {
    match lane {
        Lane::Orders => 256,
        Lane::Urgent => 256,
        Lane::Health => 64,
        Lane::Queries => 64,
    }
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    idle: usize,
    total: usize,
}

#[derive(Default)]
struct Crew {
    queue: Mutex<Queue>,
    work: Condvar,
}

/// All workers.
#[derive(Default)]
pub(super) struct Workers {
    crews: BTreeMap<Lane, Arc<Crew>>,
}

impl Workers {
    /// Hands a job over. It is never lost: an error says that it waits because no thread could be started for it.
    pub(super) fn submit(&mut self, lane: Lane, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let crew = self.crews.entry(lane).or_default();
        let mut queue = crew.queue.lock();
        queue.jobs.push_back(Box::new(job));
        if queue.jobs.len() > queue.idle && queue.total < limit(lane) {
            let own = crew.clone();
            thread::Builder::new().name(format!("{lane:?}").to_lowercase()).spawn(move || own.work())?;
            queue.total += 1;
        } else {
            crew.work.notify_one();
        }
        Ok(())
    }
}

impl Crew {
    fn work(&self) {
        let mut queue = self.queue.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                job();
                queue = self.queue.lock();
                continue;
            }
            queue.idle += 1;
            let waited = self.work.wait_for(&mut queue, IDLE_TIMEOUT);
            queue.idle -= 1;
            if waited.timed_out() && queue.jobs.is_empty() {
                queue.total -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn hanging_calls_of_one_lane_leave_the_others_alone() {
        let mut workers = Workers::default();
        let (release, released) = channel::<()>();
        let released = Arc::new(Mutex::new(released));
        for _ in 0..limit(Lane::Health) + 5 {
            let released = released.clone();
            workers
                .submit(Lane::Health, move || {
                    let _ = released.lock().recv();
                })
                .unwrap();
        }
        let (done, is_done) = channel();
        for lane in [Lane::Urgent, Lane::Orders, Lane::Queries] {
            let done = done.clone();
            workers
                .submit(lane, move || {
                    let _ = done.send(lane);
                })
                .unwrap();
        }
        for _ in 0..3 {
            is_done.recv_timeout(Duration::from_secs(10)).unwrap();
        }
        drop(release);
        workers
            .submit(Lane::Health, move || {
                let _ = done.send(Lane::Health);
            })
            .unwrap();
        assert_eq!(is_done.recv_timeout(Duration::from_secs(10)).unwrap(), Lane::Health);
    }
}
