//! Starts a program directly inside a cgroup leaf.
//!
//! The new process is born in the leaf (clone3 with CLONE_INTO_CGROUP), or moves there before it does anything else;
//! so a frozen leaf holds it before its program begins. It begins with a session of its own, default signal
//! dispositions, an empty signal mask, and no descriptor but 0, 1 and 2. What goes wrong before the program itself
//! runs comes back as an error that names the thing.

mod birth;
mod child;
mod refused;

use std::ffi::{CString, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::account::Account;
use crate::cgroup::{CgroupError, Leaf};
use crate::process::Process;
use birth::Birth;
use child::{Entry, Plan, Stage, Told};

/// How long a new process may take from its making to the start of its program. Longer: its leaf was frozen in that
/// moment, or the program lies on a file system that hangs.
pub const EXEC_TIMEOUT: Duration = Duration::from_secs(5);

/// A program to start.
#[derive(Debug)]
pub struct Command {
    /// The program and its arguments. A program without a slash is looked for in the environment's PATH.
    pub arguments: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it starts; `None`: in `/`.
    pub directory: Option<PathBuf>,
    /// As whom; `None`: as we are.
    pub account: Option<Account>,
    /// The file mode creation mask.
    pub umask: u32,
    /// In which leaf; `None`: in ours.
    pub leaf: Option<Leaf>,
    /// Where its standard output goes. Standard input is `/dev/null`.
    pub output: Output,
    /// Where its standard error goes.
    pub error_output: Output,
}

/// Where output goes.
#[derive(Debug)]
pub enum Output {
    /// To `/dev/null`.
    Null,
    /// To the end of this file, which is made (mode 0640) if it is not there.
    Append(PathBuf),
    /// To this descriptor. Beware of pipes: every process that the program leaves behind holds them open.
    Descriptor(OwnedFd),
}

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The caller's: nothing to start.
    #[error("there is no program to start")]
    NoProgram,
    /// The caller's: a NUL where none can be, or an '=' in a variable's name.
    #[error("{0} cannot be given to a program: it contains a character that no program can receive")]
    Unrepresentable(String),
    /// The program is not there.
    #[error("the program '{0}' was not found")]
    NotFound(PathBuf),
    /// The program is not in any directory of PATH.
    #[error("the program '{program}' was not found in PATH ({path}); give its full path")]
    NotInPath {
        /// Its name.
        program: String,
        /// Where it was looked for.
        path: String,
    },
    /// The program is there and does not start.
    #[error("the program '{program}' cannot be executed: {reason}")]
    NotExecutable {
        /// Its path.
        program: PathBuf,
        /// Why.
        reason: String,
    },
    /// The directory cannot be entered.
    #[error("the directory '{path}' cannot be entered: {source}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The account cannot be taken.
    #[error("cannot become user '{name}': {source}")]
    Account {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The file for output cannot be written.
    #[error("the output file '{path}' cannot be opened: {source}")]
    Output {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The leaf is closed by a hard stop.
    #[error("the cgroup '{0}' is frozen: a hard stop has closed it, and nothing starts there")]
    Frozen(PathBuf),
    /// The program did not begin in time.
    #[error("the program '{program}' did not begin within {} s and was killed", .limit.as_secs())]
    TimedOut {
        /// Its path.
        program: PathBuf,
        /// The limit.
        limit: Duration,
    },
    /// Somebody killed it before its program began.
    #[error("the program '{0}' was killed before it began")]
    Killed(PathBuf),
    /// Something with the leaf.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// The system's.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl Command {
    /// A program with arguments: no environment, directory `/`, our account, no leaf, output to nowhere.
    pub fn new(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Command {
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
            directory: None,
            account: None,
            umask: 0o022,
            leaf: None,
            output: Output::Null,
            error_output: Output::Null,
        }
    }

    /// Starts it. On return the program itself runs (or has already ended).
    pub fn spawn(&self) -> Result<Process, SpawnError> {
        if let Some(leaf) = &self.leaf
            && is_closed(leaf)?
        {
            return Err(SpawnError::Frozen(leaf.path().to_owned()));
        }
        let program = self.find_program()?;
        let plan = Arc::new(self.plan(&program)?);
        // Kernels that count kills (seen with 6.18) compare, in a process that is born into a group, the count
        // of its parent's group with that of its own: in a leaf that was ever killed nothing can be born. Moving in
        // works there, and costs a lock on all of the machine's forks; so it is the second try.
        match self.start(&program, &plan, Entry::Born)? {
            Some(process) => Ok(process),
            None if self.leaf.is_none() => Err(SpawnError::Killed(program)),
            None => self.start(&program, &plan, Entry::Moves)?.ok_or(SpawnError::Killed(program)),
        }
    }

    /// One try. `None`: the new process was killed before it had done anything.
    fn start(&self, program: &Path, plan: &Arc<Plan>, entry: Entry) -> Result<Option<Process>, SpawnError> {
        let deadline = Instant::now() + EXEC_TIMEOUT;
        let birth = Birth::begin(plan.clone(), entry).map_err(|error| system("start a thread", error))?;
        let Some(made) = birth.wait(deadline) else {
            return Err(match &self.leaf {
                Some(leaf) if is_closed(leaf).unwrap_or(false) => SpawnError::Frozen(leaf.path().to_owned()),
                _ => SpawnError::TimedOut { program: program.to_owned(), limit: EXEC_TIMEOUT },
            });
        };
        let (process, told) = made.map_err(|error| system("start a process", error))?;
        if !matches!(told, Told::Started) {
            // It has exited or was killed; reaped here, since the caller gets no handle.
            let _ = process.wait(deadline);
        }
        match told {
            Told::Started => Ok(Some(process)),
            Told::Nothing => Ok(None),
            Told::Failed(stage, error) => Err(self.explain(program, stage, error)),
        }
    }

    fn plan(&self, program: &Path) -> Result<Plan, SpawnError> {
        let arguments = self.arguments.iter().map(|argument| c_string("an argument", argument.as_bytes()));
        let environment = self.environment.iter().map(|(name, value)| {
            if name.is_empty() || name.as_bytes().contains(&b'=') {
                return Err(SpawnError::Unrepresentable(format!("the variable '{}'", name.display())));
            }
            c_string("a variable", &[name.as_bytes(), b"=", value.as_bytes()].concat())
        });
        let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| system("open /dev/null", error))?;
        Ok(Plan {
            program: c_string("the program's path", program.as_os_str().as_bytes())?,
            arguments: arguments.collect::<Result<_, _>>()?,
            environment: environment.collect::<Result<_, _>>()?,
            directory: c_string("the directory", self.directory().as_os_str().as_bytes())?,
            account: self
                .account
                .as_ref()
                .filter(|account| is_another(account.uid))
                .map(|account| (account.uid, account.gid, account.groups.clone())),
            umask: self.umask,
            cgroup: self.leaf.as_ref().map(Leaf::open_directory).transpose()?,
            streams: [
                high_descriptor(&null)?,
                open_output(&self.output, &null)?,
                open_output(&self.error_output, &null)?,
            ],
        })
    }

    fn directory(&self) -> &Path {
        self.directory.as_deref().unwrap_or(Path::new("/"))
    }

    /// The path to execute. Relative paths with a slash are relative to the program's directory.
    fn find_program(&self) -> Result<PathBuf, SpawnError> {
        let program =
            self.arguments.first().filter(|program| !program.is_empty()).ok_or(SpawnError::NoProgram)?;
        if program.as_bytes().contains(&b'/') {
            return Ok(PathBuf::from(program));
        }
        let path = self.environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
        let path =
            path.unwrap_or_else(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
        std::env::split_paths(&path)
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(program))
            .find(|candidate| is_program(candidate))
            .ok_or_else(|| SpawnError::NotInPath {
                program: program.display().to_string(),
                path: path.display().to_string(),
            })
    }

    fn explain(&self, program: &Path, stage: Stage, error: io::Error) -> SpawnError {
        match stage {
            Stage::Directory => SpawnError::Directory { path: self.directory().to_owned(), source: error },
            Stage::Account => SpawnError::Account {
                name: self.account.as_ref().map(|account| account.name.clone()).unwrap_or_default(),
                source: error,
            },
            Stage::Enter => {
                SpawnError::System { action: "enter the cgroup with a new process", source: error }
            }
            Stage::Prepare => SpawnError::System { action: "prepare a new process", source: error },
            Stage::Execute => {
                let full = self.directory().join(program);
                match refused::reason(&full, self.directory(), self.account.as_ref(), &error) {
                    Some(reason) => SpawnError::NotExecutable { program: full, reason },
                    None => SpawnError::NotFound(full),
                }
            }
        }
    }
}

/// Whether it is a file that somebody may execute.
fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Whether an account is not ours, so that it has to be taken. Only root can take one with its groups; who names himself
/// gets himself.
fn is_another(uid: u32) -> bool {
    let us = rustix::process::geteuid();
    us.is_root() || us.as_raw() != uid
}

/// Whether the leaf, or a slice above it, is frozen.
fn is_closed(leaf: &Leaf) -> Result<bool, CgroupError> {
    Ok(leaf.is_freeze_requested()? || leaf.events()?.frozen)
}

fn system(action: &'static str, error: impl Into<io::Error>) -> SpawnError {
    SpawnError::System { action, source: error.into() }
}

fn c_string(what: &str, bytes: &[u8]) -> Result<CString, SpawnError> {
    CString::new(bytes).map_err(|_| SpawnError::Unrepresentable(what.to_owned()))
}

/// A copy above 2, so that making 0, 1 and 2 in the child never overwrites what is still needed.
fn high_descriptor(from: impl AsFd) -> Result<OwnedFd, SpawnError> {
    rustix::io::fcntl_dupfd_cloexec(from, 3).map_err(|error| system("copy a descriptor", error))
}

fn open_output(output: &Output, null: &OwnedFd) -> Result<OwnedFd, SpawnError> {
    match output {
        Output::Null => high_descriptor(null),
        Output::Descriptor(descriptor) => high_descriptor(descriptor),
        Output::Append(path) => {
            let failed = |error: Errno| SpawnError::Output { path: path.clone(), source: error.into() };
            // Without blocking, since the path may be a FIFO that nobody reads.
            let flags = OFlags::WRONLY
                | OFlags::APPEND
                | OFlags::CREATE
                | OFlags::NOCTTY
                | OFlags::NONBLOCK
                | OFlags::CLOEXEC;
            let opened = rustix::fs::open(path, flags, Mode::from_raw_mode(0o640)).map_err(failed)?;
            rustix::fs::fcntl_setfl(&opened, OFlags::APPEND).map_err(failed)?;
            high_descriptor(opened)
        }
    }
}

#[cfg(test)]
mod tests;
