//! A machine that is a QEMU process of our own, in the resource's leaf, asked through its monitor.
//!
//! Our end holds nothing of it: when this host dies the machine runs on, and the next one finds it by its process and its
//! socket. It is started with its processors standing still, so that nothing of it runs before somebody says so.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mainstay_process::{Command, Output, Process, Signal, SpawnError};
use mainstay_types::Status;
use mainstay_types::order::Cause;
use parking_lot::Mutex;
use rustix::fs::{MemfdFlags, SealFlags};
use serde_json::{Value, json};

use super::backend::{Condition, Guest, Transfer};
use super::qmp::{Qmp, QmpError};
use super::settings::Settings;

/// How long QEMU may take until its monitor can be asked.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long what was killed may take to go.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// How often it is looked whether the monitor is there.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// The longest path that a Unix socket can have.
const SOCKET_PATH_LENGTH_MAX: usize = 107;

/// As much of what QEMU says is kept, in bytes. What it writes beyond that fails, and it goes on.
const SAID_LENGTH_MAX: usize = 64 * 1024;

/// As much of it as one can read, in letters.
const WORDS_LENGTH_MAX: usize = 1000;

/// The name under which QEMU has the file of a state.
const STATE: &str = "state";

/// What QEMU calls the limit of a migration.
const BANDWIDTH: &str = "max-bandwidth";

/// Where programs are looked for.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) struct Qemu {
    process: Process,
    socket: PathBuf,
    monitor: Mutex<Option<Qmp>>,
    /// How long its monitor may take for an answer.
    patience: Duration,
    /// The limit of migrations before a save had its own, in bytes a second.
    bandwidth: Mutex<Option<Value>>,
    /// What it says on standard error; of one that an earlier host has started nobody knows.
    said: Option<File>,
}

/// The arguments that make the machine what it is: a saved state is for a machine with the same ones.
pub(super) fn definition(settings: &Settings) -> Vec<String> {
    let mut arguments: Vec<String> = ["-nodefaults", "-no-user-config"].map(String::from).into();
    let mut add = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
    add("-machine", settings.machine.clone());
    add("-accel", settings.accelerator.clone());
    add("-m", settings.memory_mib.to_string());
    add("-smp", settings.processors.to_string());
    add("-display", settings.display.clone());
    if let Some(cpu) = &settings.cpu {
        add("-cpu", cpu.clone());
    }
    for disk in &settings.disks {
        let (path, options) = disk.split_once(';').unwrap_or((disk, ""));
        let options = if options.is_empty() { String::new() } else { format!(",{}", listed(options)) };
        add("-drive", format!("if=virtio,file={}{options}", escaped(path)));
    }
    if settings.nics.is_empty() {
        add("-nic", "none".into());
    }
    for nic in &settings.nics {
        add("-nic", listed(nic));
    }
    for (option, path) in [
        ("-bios", &settings.firmware),
        ("-kernel", &settings.kernel),
        ("-initrd", &settings.initrd),
        ("-append", &settings.kernel_arguments),
        ("-runas", &settings.user),
    ] {
        if let Some(path) = path {
            add(option, path.clone());
        }
    }
    if let Some(path) = &settings.serial_file {
        add("-chardev", format!("file,id=serial0,append=on,path={}", escaped(path)));
        add("-serial", "chardev:serial0".into());
    }
    arguments.extend(settings.extra_arguments.iter().cloned());
    arguments
}

/// Options as QEMU has them. The command has commas between the values of a list, so ours are between semicolons.
fn listed(options: &str) -> String {
    options.replace(';', ",")
}

/// A value in a list of options, in which a comma ends it.
fn escaped(value: &str) -> String {
    value.replace(',', ",,")
}

impl Qemu {
    /// The socket that belongs to a resource with this state file.
    pub(super) fn socket(state_file: &Path) -> PathBuf {
        state_file.with_extension("qmp")
    }

    /// Starts one, with nothing in it running; where it is to take a state in, it waits for that.
    pub(super) fn start(
        mut command: Command,
        name: &str,
        definition: &[String],
        socket: PathBuf,
        patience: Duration,
        is_to_load: bool,
    ) -> Result<Self, Cause> {
        let shown = socket.display();
        if socket.as_os_str().len() > SOCKET_PATH_LENGTH_MAX || shown.to_string().contains(',') {
            let text = format!("the run directory makes '{shown}', which can be no socket's path");
            return Err(Cause::new(Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, text));
        }
        // One of an earlier machine, which has ended.
        let _ = fs::remove_file(&socket);
        command.arguments.extend(definition.iter().map(Into::into));
        let own = ["-name", &escaped(name), "-S", "-qmp", &format!("unix:{shown},server=on,wait=off")]
            .map(String::from);
        command.arguments.extend(own.map(Into::into));
        if is_to_load {
            command.arguments.extend(["-incoming", "defer"].map(Into::into));
        }
        let said = memory().and_then(|said| Ok((said.try_clone()?, said)));
        let (said, theirs) = said.map_err(|error| {
            let text = format!("no memory for what QEMU says: {error}");
            Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, text)
        })?;
        command.error_output = Output::Descriptor(theirs.into());
        let process = command.spawn().map_err(|error| spawn_cause(&error))?;
        Ok(Qemu { said: Some(said), ..Qemu::found(process, socket, patience) })
    }

    /// One that an earlier host has started.
    pub(super) fn found(process: Process, socket: PathBuf, patience: Duration) -> Self {
        let (monitor, bandwidth) = (Mutex::default(), Mutex::default());
        Qemu { process, socket, monitor, patience, bandwidth, said: None }
    }

    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    /// Waits until it can be asked.
    pub(super) fn wait_ready(&self, is_cancelled: impl Fn() -> bool) -> Result<(), Cause> {
        let deadline = Instant::now() + START_TIMEOUT;
        // There may be a socket before anybody listens.
        while UnixStream::connect(&self.socket).is_err() {
            if self.wait(LOOK_INTERVAL) {
                return Err(Cause::new(Status::PROCESS_ABORTED, self.last_words()));
            }
            if is_cancelled() || Instant::now() >= deadline {
                let text = format!("QEMU has no monitor after {} s", START_TIMEOUT.as_secs());
                return Err(Cause::new(Status::TIMEOUT, text));
            }
        }
        self.condition().map(drop)
    }

    fn ask(&self, command: &str, arguments: Value) -> Result<Value, Cause> {
        self.with_monitor(|monitor| monitor.ask(command, arguments.clone()))
    }

    fn with_monitor<T>(&self, mut ask: impl FnMut(&mut Qmp) -> Result<T, QmpError>) -> Result<T, Cause> {
        let mut monitor = self.monitor.lock();
        let connected = match monitor.take() {
            Some(connected) => Ok(connected),
            None => self.connect(),
        };
        let answered = connected.and_then(|mut connected| {
            let answered = ask(&mut connected);
            // After anything else nobody knows what the next line answers.
            if matches!(answered, Ok(_) | Err(QmpError::Refused { .. })) {
                *monitor = Some(connected);
            }
            answered
        });
        answered.map_err(|error| self.cause(&error))
    }

    /// Connects to its monitor, which is not there in the first moments of its life.
    fn connect(&self) -> Result<Qmp, QmpError> {
        let deadline = Instant::now() + self.patience;
        loop {
            match Qmp::connect(&self.socket, self.patience) {
                Err(QmpError::Socket(error)) if is_not_there(&error) && Instant::now() < deadline => {
                    if self.wait(LOOK_INTERVAL) {
                        return Err(error.into());
                    }
                }
                connected => return connected,
            }
        }
    }

    fn cause(&self, error: &QmpError) -> Cause {
        let status = match error {
            _ if self.process.has_ended().unwrap_or(true) => {
                return Cause::new(Status::PROCESS_ABORTED, self.last_words());
            }
            QmpError::Silent { .. } | QmpError::Taken { .. } => Status::TIMEOUT,
            QmpError::Refused { .. } => Status::RESOURCE_FAILED,
            _ => Status::RESMON_SYSTEM_RESOURCES_LACKING,
        };
        Cause::new(status, error.to_string())
    }
}

impl Guest for Qemu {
    fn condition(&self) -> Result<Condition, Cause> {
        let answer = match self.ask("query-status", json!({})) {
            Ok(answer) => answer,
            Err(_) if self.process.has_ended().unwrap_or(true) => return Ok(Condition::Gone),
            Err(cause) => return Err(cause),
        };
        let broken = |text: &str| Condition::Broken(text.to_owned());
        Ok(match answer.get("status").and_then(Value::as_str).unwrap_or_default() {
            "running" | "suspended" => Condition::Running,
            "prelaunch" => Condition::New,
            "inmigrate" => Condition::Loading,
            "paused" | "postmigrate" | "finish-migrate" | "save-vm" | "restore-vm" | "debug" => {
                Condition::Paused
            }
            "guest-panicked" => broken("the guest has panicked"),
            "internal-error" => broken("QEMU has an internal error and cannot go on"),
            "io-error" => broken("a disk of the machine cannot be written, and the machine stands still"),
            "watchdog" => broken("the guest's watchdog has fired"),
            "shutdown" => broken("the guest has shut down"),
            other => broken(&format!("QEMU says '{}' of the machine", cut(other))),
        })
    }

    fn foreign_job(&self) -> Result<Option<String>, Cause> {
        let migration = self.ask("query-migrate", json!({}))?;
        let status = migration.get("status").and_then(Value::as_str).unwrap_or_default();
        if !matches!(status, "" | "none" | "completed" | "failed" | "cancelled") {
            return Ok(Some("a migration".into()));
        }
        let jobs = self.ask("query-jobs", json!({}))?;
        let first = jobs.as_array().and_then(|jobs| jobs.first());
        Ok(first.map(|job| {
            let text = |name: &str| cut(job.get(name).and_then(Value::as_str).unwrap_or("?"));
            format!("job '{}' ({})", text("id"), text("type"))
        }))
    }

    fn pause(&self) -> Result<(), Cause> {
        self.ask("stop", json!({})).map(drop)
    }

    fn resume(&self) -> Result<(), Cause> {
        if let Some(limit) = self.bandwidth.lock().take() {
            self.ask("migrate-set-parameters", json!({ BANDWIDTH: limit }))?;
        }
        self.ask("cont", json!({}))?;
        match self.condition()? {
            Condition::Running => Ok(()),
            other => {
                let text = format!("the machine was told to run and does not: {other}");
                Err(Cause::new(Status::RESOURCE_FAILED, text))
            }
        }
    }

    fn begin_save(&self, file: &File, bytes_per_second: u64) -> Result<(), Cause> {
        // Its own limit is made for networks, and is again for the next who needs it.
        let mut parameters = self.ask("query-migrate-parameters", json!({}))?;
        *self.bandwidth.lock() = parameters.get_mut(BANDWIDTH).map(Value::take);
        let limit = if bytes_per_second == 0 { i64::MAX as u64 } else { bytes_per_second };
        self.ask("migrate-set-parameters", json!({ BANDWIDTH: limit }))?;
        self.with_monitor(|monitor| {
            monitor.give(STATE, file)?;
            monitor.ask("migrate", json!({ "uri": format!("fd:{STATE}") })).map(drop)
        })
    }

    fn begin_load(&self, file: &File) -> Result<(), Cause> {
        self.with_monitor(|monitor| {
            monitor.give(STATE, file)?;
            monitor.ask("migrate-incoming", json!({ "uri": format!("fd:{STATE}") })).map(drop)
        })
    }

    fn transfer(&self) -> Result<Transfer, Cause> {
        let migration = self.ask("query-migrate", json!({}))?;
        let ram = |name: &str| migration.get("ram").and_then(|ram| ram.get(name)?.as_u64()).unwrap_or(0);
        Ok(match migration.get("status").and_then(Value::as_str).unwrap_or_default() {
            "completed" => Transfer::Done,
            "failed" | "cancelled" => {
                let reason = migration.get("error-desc").and_then(Value::as_str);
                Transfer::Failed(reason.map_or_else(|| "QEMU does not say why".to_owned(), cut))
            }
            _ => Transfer::Running { done: ram("transferred"), total: ram("total") },
        })
    }

    fn cancel_save(&self) -> Result<(), Cause> {
        self.ask("migrate_cancel", json!({})).map(drop)
    }

    fn press_power_button(&self) -> Result<(), Cause> {
        self.ask("system_powerdown", json!({})).map(drop)
    }

    fn end(&self) -> Result<(), Cause> {
        // One that ends in this moment cannot be signalled any more; the wait tells.
        let _ = self.process.signal(Signal::KILL);
        if !self.wait(END_TIMEOUT) {
            let (pid, seconds) = (self.process.pid(), END_TIMEOUT.as_secs());
            let text = format!("QEMU (process {pid}) was killed and has not gone after {seconds} s");
            return Err(Cause::new(Status::TIMEOUT, text));
        }
        // It is reaped; how it ended is known.
        let _ = self.process.try_wait();
        let _ = fs::remove_file(&self.socket);
        Ok(())
    }

    fn wait(&self, limit: Duration) -> bool {
        // What cannot be asked has gone.
        self.process.wait_ended(Instant::now() + limit).unwrap_or(true)
    }

    fn last_words(&self) -> String {
        let mut said = vec![0; SAID_LENGTH_MAX];
        let count = self.said.as_ref().and_then(|file| file.read_at(&mut said, 0).ok()).unwrap_or(0);
        // The rest of the file is zeros, which no text has.
        let said = String::from_utf8_lossy(&said[..count]).trim_end_matches('\0').trim().to_owned();
        let tail: String = said.chars().rev().take(WORDS_LENGTH_MAX).collect();
        let tail: String =
            tail.chars().rev().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        if tail.is_empty() { "QEMU has ended".into() } else { format!("QEMU has ended: {tail}") }
    }
}

/// Whether nobody listens on a socket, or there is none.
fn is_not_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// A file in memory for so much, whoever writes to it.
fn memory() -> io::Result<File> {
    let memory = rustix::fs::memfd_create("said", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&memory, SAID_LENGTH_MAX as u64)?;
    rustix::fs::fcntl_add_seals(&memory, SealFlags::GROW | SealFlags::SHRINK)?;
    Ok(memory.into())
}

fn cut(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(300).collect()
}

fn spawn_cause(error: &SpawnError) -> Cause {
    let status = match error {
        SpawnError::NotFound(_) | SpawnError::NotInPath { .. } => Status::FILE_NOT_FOUND,
        SpawnError::TimedOut { .. } => Status::TIMEOUT,
        SpawnError::Frozen(_) | SpawnError::Killed(_) => Status::RESMON_INVALID_STATE,
        _ => Status::RESMON_SYSTEM_RESOURCES_LACKING,
    };
    Cause::new(status, error.to_string())
}
