//! What a process that must never be late asks of the system for itself. Nothing here is needed for correctness;
//! callers log what they could not get.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Keeps all memory of this process, now and later, in RAM (mlockall(2)).
///
/// Only without a limit: under one, an allocation beyond it would fail later and end the process.
pub fn lock_memory() -> io::Result<()> {
    let unlimited = Rlimit { current: None, maximum: None };
    if getrlimit(Resource::Memlock) != unlimited && setrlimit(Resource::Memlock, unlimited).is_err() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the limit on locked memory (RLIMIT_MEMLOCK) is not infinite and cannot be raised",
        ));
    }
    // SAFETY: takes no pointers.
    check(unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) })
}

/// Runs the calling thread before every ordinary one (SCHED_RR); what it starts does not inherit that.
pub fn become_realtime(priority: i32) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: the parameters are valid for the call; 0 is the calling thread.
    check(unsafe { libc::sched_setscheduler(0, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, &parameters) })
}

/// Sets how soon this process is killed when memory runs out: -1000 is never (proc_pid_oom_score_adj(5)).
pub fn set_oom_score_adjustment(adjustment: i32) -> io::Result<()> {
    fs::write("/proc/self/oom_score_adj", adjustment.to_string())
}

/// Ignores SIGHUP and SIGPIPE: a process that outlives its starter must not end with its terminal or its peers.
/// Programs started by [`crate::spawn`] begin with the defaults again.
pub fn ignore_hangups() {
    for signal in [libc::SIGHUP, libc::SIGPIPE] {
        // SAFETY: SIG_IGN is a valid disposition and no handler of ours is replaced.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
