//! Who plays: the program that runs as a resource, the resource type in C, and the client in C.

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use xshell::cmd;

use crate::Result;
use crate::child::{Lines, wait_for_end};
use crate::workspace::{Built, Workspace};

/// How often a process that has ended is looked for.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// Everything that has to be there before the story begins.
pub(super) struct Cast {
    /// The program that the resource runs. It says its process id, and goes on until it is stopped.
    pub(super) program: PathBuf,
    /// The resource type in C.
    pub(super) type_library: PathBuf,
    /// The client in C.
    pub(super) client: PathBuf,
    /// What the resource type writes when it is told to save.
    pub(super) saved_file: PathBuf,
    pids: Lines,
}

impl Cast {
    /// Compiles what is in C, and writes the program.
    pub(super) fn prepare(workspace: &Workspace, built: &Built, directory: &Path) -> Result<Self> {
        let shell = workspace.shell()?;
        let (library_dir, include) = (&built.library_dir, workspace.root.join("include"));
        let client = directory.join("offline");
        let type_library = directory.join("libdemo_type.so");
        let warnings = ["-Wall", "-Wextra", "-Werror"];
        let source = "examples/offline-client/offline.c";
        cmd!(shell, "cc {warnings...} -I {include} -o {client} {source} -L {library_dir} -lclusapi").run()?;
        let source = "examples/demo-type/demo_type.c";
        cmd!(shell, "cc {warnings...} -shared -fPIC -pthread -I {include} -o {type_library} {source}")
            .run()?;

        let fifo = directory.join("pids");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
        // Opened for writing too, so that neither side waits for the other to open it.
        let reader: Box<dyn Read + Send> = Box::new(fs::File::options().read(true).write(true).open(&fifo)?);
        let program = directory.join("demo-program");
        fs::write(&program, format!("#!/bin/sh\necho $$ > {}\nexec sleep 1000000\n", fifo.display()))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        let saved_file = directory.join("saved");
        Ok(Self { program, type_library, client, saved_file, pids: Lines::of(reader) })
    }

    /// The process that runs the program, once it has said so.
    pub(super) fn process(&self, within: Duration) -> Result<Process> {
        let line = self.pids.next_within(within, "the resource's process")?;
        let pid: i32 = line.parse().map_err(|_| format!("{line} is no process id"))?;
        let handle = Pid::from_raw(pid).ok_or("process 0")?;
        Ok(Process { pid, pidfd: pidfd_open(handle, PidfdFlags::empty())? })
    }
}

/// A process, held so that its id cannot come to mean another.
pub(super) struct Process {
    pub(super) pid: i32,
    pidfd: OwnedFd,
}

impl Process {
    /// Its words, as the kernel has them.
    pub(super) fn command_line(&self) -> Result<String> {
        let words = fs::read(format!("/proc/{}/cmdline", self.pid))?;
        Ok(String::from_utf8_lossy(&words).trim_end_matches('\0').replace('\0', " "))
    }

    /// It has ended, and its parent has taken note of it, so that nobody has its id any more.
    pub(super) fn must_be_gone(&self, within: Duration) -> Result {
        let until = Instant::now() + within;
        if !wait_for_end(&self.pidfd, within)? {
            return Err(format!("process {} still runs, though its resource is offline", self.pid).into());
        }
        let remains = PathBuf::from(format!("/proc/{}", self.pid));
        // The kernel tells of the end, but of its being noted by nobody but newer kernels.
        while remains.exists() {
            if Instant::now() > until {
                return Err(format!("process {} has ended, but is kept as a zombie", self.pid).into());
            }
            thread::sleep(LOOK_AGAIN_AFTER);
        }
        Ok(())
    }
}
