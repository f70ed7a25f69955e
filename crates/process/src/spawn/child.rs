//! The moment between clone and exec.
//!
//! The new process is a copy of one thread of a program with many: until exec it may only make calls that are
//! async-signal-safe, and must not allocate. Everything is laid out before, in [`Plan`].

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use crate::process::Process;

/// Everything that the child needs, laid out before it is made.
pub(super) struct Plan {
    pub(super) program: CString,
    pub(super) arguments: Vec<CString>,
    pub(super) environment: Vec<CString>,
    pub(super) directory: CString,
    /// User, primary group, all groups.
    pub(super) account: Option<(u32, u32, Vec<u32>)>,
    pub(super) umask: u32,
    /// The leaf's directory.
    pub(super) cgroup: Option<OwnedFd>,
    /// What becomes descriptors 0, 1 and 2. Each is above 2.
    pub(super) streams: [OwnedFd; 3],
}

/// Where the child failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Prepare = 1,
    Directory = 2,
    Account = 3,
    Enter = 4,
    Execute = 5,
}

/// The byte that the child sends when nothing is left to do but exec.
const READY: u8 = b'!';

/// What the child has told until its copy of the pipe was closed.
#[derive(Debug)]
pub(super) enum Told {
    /// Its program runs.
    Started,
    /// It was killed before it had done anything.
    Nothing,
    /// It failed there.
    Failed(Stage, io::Error),
}

/// Reads what the child has sent.
pub(super) fn parse_message(message: &[u8]) -> Told {
    let message = match message {
        [] => return Told::Nothing,
        [READY] => return Told::Started,
        [READY, rest @ ..] => rest,
        rest => rest,
    };
    let word =
        |at: usize| message.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    let (Some(stage), Some(errno)) = (word(0), word(4)) else { return Told::Nothing };
    let stage = match stage {
        2 => Stage::Directory,
        3 => Stage::Account,
        4 => Stage::Enter,
        5 => Stage::Execute,
        _ => Stage::Prepare,
    };
    Told::Failed(stage, io::Error::from_raw_os_error(errno))
}

/// How the child gets into its leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// It is born there.
    Born,
    /// It moves there before it does anything else.
    Moves,
}

/// Makes the child. Its program's start closes its copy of `tell`.
pub(super) fn clone_into(plan: &Plan, entry: Entry, tell: &OwnedFd) -> io::Result<Process> {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
    };
    let arguments = pointers(&plan.arguments);
    let environment = pointers(&plan.environment);

    let mut pidfd: libc::c_int = -1;
    // SAFETY: clone_args consists of integers, for which zero is a value.
    let mut request: libc::clone_args = unsafe { std::mem::zeroed() };
    request.flags = libc::CLONE_PIDFD as u64;
    request.pidfd = &raw mut pidfd as u64;
    request.exit_signal = libc::SIGCHLD as u64;
    let mut door = None;
    match (&plan.cgroup, entry) {
        (None, _) => {}
        (Some(cgroup), Entry::Moves) => {
            let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::CLOEXEC;
            let opened = rustix::fs::openat(cgroup, "cgroup.procs", flags, rustix::fs::Mode::empty())?;
            door = Some(rustix::io::fcntl_dupfd_cloexec(opened, 3)?);
        }
        (Some(cgroup), Entry::Born) => {
            // CLONE_INTO_CGROUP of linux/sched.h.
            request.flags |= 0x2_0000_0000;
            request.cgroup = cgroup.as_raw_fd() as u64;
        }
    }
    let door_number = door.as_ref().map(AsRawFd::as_raw_fd);
    let blocked = BlockedSignals::new();
    // SAFETY: the request is valid for its size, asks for neither shared memory nor a stack, and so makes a copy of
    // this process, as fork does; the child runs only `run_child`, which keeps to what is allowed after fork.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const request, size_of::<libc::clone_args>()) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: this is the child; the pointers are to strings of the plan, each list ends with null.
            unsafe { run_child(plan, &arguments, &environment, door_number, tell.as_raw_fd()) }
        }
        pid => {
            drop(blocked);
            // SAFETY: the kernel has made this descriptor for us, and nobody else has it.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            // Process numbers fit an i32 (at most 4194304).
            Ok(Process::from_parts(pid as i32, pidfd))
        }
    }
}

/// Blocks every signal of this thread, so that no handler of ours runs in the child before it has taken them off.
struct BlockedSignals(libc::sigset_t);

impl BlockedSignals {
    fn new() -> Self {
        // SAFETY: both sets are valid for the calls; a sigset is made of integers.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            BlockedSignals(before)
        }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: the set was filled by the kernel.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, ptr::null_mut()) };
    }
}

/// The child's whole life until exec.
///
/// # Safety
/// Only in the child, with lists that end with null.
unsafe fn run_child(
    plan: &Plan,
    arguments: &[*const libc::c_char],
    environment: &[*const libc::c_char],
    door: Option<libc::c_int>,
    tell: libc::c_int,
) -> ! {
    // SAFETY: system calls and async-signal-safe functions with pointers that the plan keeps alive; no allocation.
    let stage = unsafe {
        match prepare(plan, door) {
            Ok(()) => {
                libc::write(tell, [READY].as_ptr().cast(), 1);
                libc::execve(plan.program.as_ptr(), arguments.as_ptr(), environment.as_ptr());
                Stage::Execute
            }
            Err(stage) => stage,
        }
    };
    // SAFETY: errno of this thread; the message is valid for its length; _exit does not return.
    unsafe {
        let errno = *libc::__errno_location();
        let message = [stage as u32, errno as u32];
        libc::write(tell, message.as_ptr().cast(), size_of_val(&message));
        libc::_exit(127)
    }
}

/// # Safety
/// Only in the child.
unsafe fn prepare(plan: &Plan, door: Option<libc::c_int>) -> Result<(), Stage> {
    let check = |stage: Stage, result: libc::c_long| if result == -1 { Err(stage) } else { Ok(()) };
    // SAFETY: each call's pointers are valid. The calls that take an account are made directly: the C library's own
    // would wait for the other threads, which do not exist in the child.
    unsafe {
        if let Some(door) = door {
            // 0 is the writer itself.
            check(Stage::Enter, libc::write(door, c"0".as_ptr().cast(), 1) as libc::c_long)?;
        }
        // The default for every signal, also for those that the C library keeps for itself. All zeros is the default
        // on every machine; the kernel's struct is at most 32 bytes long. KILL and STOP refuse, which is right.
        let default = [0_u64; 8];
        for signal in 1..=64 {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                ptr::null::<u8>(),
                size_of::<u64>(),
            );
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut());

        check(Stage::Prepare, libc::setsid().into())?;
        libc::umask(plan.umask);
        for (number, stream) in (0..).zip(&plan.streams) {
            check(Stage::Prepare, libc::dup2(stream.as_raw_fd(), number).into())?;
        }
        check(
            Stage::Prepare,
            libc::syscall(
                libc::SYS_close_range,
                3 as libc::c_uint,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            ),
        )?;
        if let Some((uid, gid, groups)) = &plan.account {
            check(Stage::Account, libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()))?;
            check(Stage::Account, libc::syscall(libc::SYS_setresgid, *gid, *gid, *gid))?;
            check(Stage::Account, libc::syscall(libc::SYS_setresuid, *uid, *uid, *uid))?;
        }
        // After the account, so that a directory on a network may be one that only its user can enter.
        check(Stage::Directory, libc::chdir(plan.directory.as_ptr()).into())?;
    }
    Ok(())
}
