//! The moment between clone and exec.
//!
//! Until exec the new process runs in our memory, as after vfork(2), on a stack of its own, while the thread that has
//! made it stands still. A copy of a program with hundreds of threads costs more than the start of a program, and has
//! to be taken down again at once. Only who takes another account gets a copy: between the change of the account and
//! exec, what may look into that account's processes may look into its memory.
//!
//! Either way it may only make calls that are async-signal-safe, and must not allocate. Everything is laid out before,
//! in [`Plan`].

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

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

/// What the child has told until its program began, or it ended.
#[derive(Debug)]
pub(super) enum Told {
    /// Its program runs.
    Started,
    /// It was killed before it had done anything.
    Nothing,
    /// It failed there.
    Failed(Stage, io::Error),
}

/// Where the child tells.
#[derive(Default)]
#[repr(C)]
struct Said {
    /// 0, [`READY`] or a [`Stage`].
    stage: AtomicI32,
    errno: AtomicI32,
}

/// Nothing is left to do but exec.
const READY: i32 = -1;

impl Said {
    fn told(&self) -> Told {
        let stage = match self.stage.load(Ordering::Acquire) {
            0 => return Told::Nothing,
            READY => return Told::Started,
            2 => Stage::Directory,
            3 => Stage::Account,
            4 => Stage::Enter,
            5 => Stage::Execute,
            _ => Stage::Prepare,
        };
        Told::Failed(stage, io::Error::from_raw_os_error(self.errno.load(Ordering::Acquire)))
    }
}

/// A page that a copy of us has in common with us.
struct Page(ptr::NonNull<Said>);

impl Page {
    fn new() -> io::Result<Self> {
        // SAFETY: a new mapping, which nobody else knows.
        let page = unsafe {
            let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
            libc::mmap(ptr::null_mut(), size_of::<Said>(), access, kind, -1, 0)
        };
        if page == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // The kernel never maps address 0 for us, and fills the page with zeros.
        ptr::NonNull::new(page.cast()).map(Page).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    fn said(&self) -> &Said {
        // SAFETY: mapped until it is dropped, and made of atomics.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length; a child has a mapping of its own.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<Said>()) };
    }
}

/// How the child gets into its leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// It is born there.
    Born,
    /// It moves there before it does anything else.
    Moves,
}

/// How large the child's stack is while it runs in our memory, in units of 16 bytes. It makes system calls and nothing
/// else.
const STACK_UNITS: usize = 2048;

/// What the thread needs that makes a child: the child's stack lies in its frame.
pub(super) const THREAD_STACK_LENGTH: usize = 4 * STACK_UNITS * 16;

/// Everything that the child looks at.
struct Task<'a> {
    plan: &'a Plan,
    /// Ends with null, as the next one.
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    /// The leaf's `cgroup.procs`, to be born elsewhere and move there.
    door: Option<OwnedFd>,
    said: &'a Said,
}

/// Makes the child, and waits until its program has begun or it has ended: a frozen leaf makes that long, and a file
/// system that hangs. The kernel writes its number to `number` once there is a child, before that does anything.
pub(super) fn make(plan: &Plan, entry: Entry, number: &AtomicI32) -> io::Result<(Process, Told)> {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
    };
    // SAFETY: clone_args consists of integers, for which zero is a value.
    let mut request: libc::clone_args = unsafe { std::mem::zeroed() };
    let mut pidfd: libc::c_int = -1;
    request.flags = (libc::CLONE_PIDFD | libc::CLONE_PARENT_SETTID | libc::CLONE_VFORK) as u64;
    request.pidfd = &raw mut pidfd as u64;
    request.parent_tid = number.as_ptr() as u64;
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
    let (arguments, environment) = (pointers(&plan.arguments), pointers(&plan.environment));
    // Only on machines for which `clone_here` is written.
    let is_here = plan.account.is_none() && cfg!(target_arch = "x86_64");
    let (ours, page) = (Said::default(), if is_here { None } else { Some(Page::new()?) });
    let said = page.as_ref().map_or(&ours, Page::said);
    let task = Task { plan, arguments, environment, door, said };
    let blocked = BlockedSignals::new();
    // SAFETY: `request` is valid, and `task` outlives the child's use of it: it is looked at until exec, and until then
    // this thread stands still.
    let made = unsafe { if is_here { clone_here(request, &task) } else { clone_copy(&request, &task) } };
    drop(blocked);
    let pid = made?;
    // SAFETY: the kernel has made this descriptor for us, and nobody else has it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok((Process::from_parts(pid, pidfd), said.told()))
}

/// Makes a child that runs in our memory until exec.
///
/// # Safety
/// As for `clone_copy`; and the request asks for CLONE_VFORK, so that what the child touches stays as it is.
#[cfg(target_arch = "x86_64")]
unsafe fn clone_here(mut request: libc::clone_args, task: &Task<'_>) -> io::Result<libc::pid_t> {
    let mut stack = [const { MaybeUninit::<u128>::uninit() }; STACK_UNITS];
    request.flags |= libc::CLONE_VM as u64;
    request.stack = stack.as_mut_ptr() as u64;
    request.stack_size = size_of_val(&stack) as u64;
    let result: libc::c_long;
    // SAFETY: the request is valid for its size. The child comes out of the call on its own stack, of which it uses
    // nothing but what it puts there, calls `run_child`, and never returns from it; registers are its own. We come out of
    // the call when it has left our memory.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            // Nobody has called the child.
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => result,
            in("rdi") &raw const request,
            in("rsi") size_of::<libc::clone_args>(),
            in("r12") ptr::from_ref(task),
            in("r13") run_child as unsafe extern "C" fn(*const Task<'_>) -> !,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    match libc::pid_t::try_from(result) {
        Ok(pid) if pid > 0 => Ok(pid),
        // The kernel's own way to say errors: negative numbers.
        _ => Err(io::Error::from_raw_os_error(-result as i32)),
    }
}

#[cfg(not(target_arch = "x86_64"))]
unsafe fn clone_here(_: libc::clone_args, _: &Task<'_>) -> io::Result<libc::pid_t> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes a child that runs in a copy of our memory.
///
/// # Safety
/// The request is valid, and asks for neither shared memory nor a stack.
unsafe fn clone_copy(request: &libc::clone_args, task: &Task<'_>) -> io::Result<libc::pid_t> {
    // SAFETY: the request is valid for its size, and makes a copy of this process, as fork does; the child runs only
    // `run_child`, which keeps to what is allowed after fork.
    let pid =
        unsafe { libc::syscall(libc::SYS_clone3, ptr::from_ref(request), size_of::<libc::clone_args>()) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: this is the child.
        0 => unsafe { run_child(task) },
        // Process numbers fit an i32 (at most 4194304).
        pid => Ok(pid as libc::pid_t),
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
/// Only in the child, with a task whose lists end with null.
unsafe extern "C" fn run_child(task: *const Task<'_>) -> ! {
    // SAFETY: the task is there until exec; system calls and async-signal-safe functions with pointers that the plan
    // keeps alive; no allocation. _exit does not return.
    unsafe {
        let Task { plan, arguments, environment, door, said } = &*task;
        let stage = match prepare(plan, door.as_ref().map(AsRawFd::as_raw_fd)) {
            Ok(()) => {
                said.stage.store(READY, Ordering::Release);
                // As late as can be: Linux before 5.16 ends everybody who has the memory of one that dumps core.
                let mut none: libc::sigset_t = std::mem::zeroed();
                libc::sigemptyset(&mut none);
                libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut());
                libc::execve(plan.program.as_ptr(), arguments.as_ptr(), environment.as_ptr());
                Stage::Execute
            }
            Err(stage) => stage,
        };
        // Of this thread, or, in our memory, of the one that stands still.
        said.errno.store(*libc::__errno_location(), Ordering::Release);
        said.stage.store(stage as i32, Ordering::Release);
        libc::_exit(127)
    }
}

/// # Safety
/// Only in the child.
unsafe fn prepare(plan: &Plan, door: Option<RawFd>) -> Result<(), Stage> {
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
