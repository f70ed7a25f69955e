//! Notices the ends of programs: one thread and one epoll for all of them.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use rustix::event::epoll;
use tracing::error;

use super::Run;

/// How many ends are taken in one turn.
const EVENTS_MAX: usize = 64;

/// A watch that was put on a program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct WatchNumber(u64);

struct Watched {
    run: Arc<Run>,
    ended: Box<dyn FnOnce() + Send>,
}

#[derive(Default)]
struct Table {
    watched: HashMap<u64, Watched>,
    next: u64,
}

pub(super) struct Watcher {
    epoll: OwnedFd,
    table: Mutex<Table>,
}

impl Watcher {
    pub(super) fn start() -> io::Result<Arc<Self>> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let watcher = Arc::new(Watcher { epoll, table: Mutex::default() });
        let own = watcher.clone();
        thread::Builder::new().name("program ends".into()).spawn(move || own.serve())?;
        Ok(watcher)
    }

    /// Calls `ended`, once and on the watcher's thread, when the program has ended, unless the watch is taken off
    /// before. `ended` must not wait.
    pub(super) fn watch(
        &self,
        run: Arc<Run>,
        ended: impl FnOnce() + Send + 'static,
    ) -> io::Result<WatchNumber> {
        let mut table = self.table.lock();
        table.next += 1;
        let number = table.next;
        let data = epoll::EventData::new_u64(number);
        epoll::add(&self.epoll, run.process.as_fd(), data, epoll::EventFlags::IN)?;
        table.watched.insert(number, Watched { run, ended: Box::new(ended) });
        Ok(WatchNumber(number))
    }

    /// Takes a watch off. It may have been served already.
    pub(super) fn unwatch(&self, number: WatchNumber) {
        drop(self.take(number.0));
    }

    fn take(&self, number: u64) -> Option<Watched> {
        let watched = self.table.lock().watched.remove(&number)?;
        // The descriptor lives in `run`; it cannot be gone before this.
        let _ = epoll::delete(&self.epoll, watched.run.process.as_fd());
        Some(watched)
    }

    fn serve(&self) {
        let mut events = Vec::with_capacity(EVENTS_MAX);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(reason) => {
                    // Health checks go on noticing ends, only later.
                    error!("the ends of programs are not noticed at once any more: {reason}");
                    return;
                }
            }
            for event in &events {
                if let Some(watched) = self.take(event.data.u64()) {
                    (watched.ended)();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_process::{Command, Signal};
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    fn sleeper() -> Arc<Run> {
        Arc::new(Run::new(Command::new(["/bin/sleep", "1000"]).spawn().unwrap(), None))
    }

    #[test]
    fn ends_are_noticed_unless_the_watch_was_taken_off() {
        let watcher = Watcher::start().unwrap();
        let (told, ends) = channel();
        let runs = [sleeper(), sleeper(), sleeper()];
        let watches: Vec<WatchNumber> = runs
            .iter()
            .enumerate()
            .map(|(index, run)| {
                let told = told.clone();
                watcher
                    .watch(run.clone(), move || {
                        let _ = told.send(index);
                    })
                    .unwrap()
            })
            .collect();
        watcher.unwatch(watches[1]);
        for index in [1, 0, 2] {
            runs[index].process.signal(Signal::KILL).unwrap();
            assert!(runs[index].process.wait_ended(Instant::now() + Duration::from_secs(10)).unwrap());
        }
        let mut noticed: Vec<usize> =
            (0..2).map(|_| ends.recv_timeout(Duration::from_secs(10)).unwrap()).collect();
        noticed.sort_unstable();
        assert_eq!(noticed, [0, 2]);
        assert_eq!(runs[0].exit(), Some(mainstay_process::Exit::Killed(9)));
        assert_eq!(runs[0].exit(), Some(mainstay_process::Exit::Killed(9)), "asked twice");
    }
}
