//! Online and offline of a machine, step by step, each on a thread of its own. What the steps have to be so that nothing is
//! lost or used twice is in the room's rule.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mainstay_types::Status;
use mainstay_types::order::{Cause, KeptNote};

use super::backend::{Condition, Guest, Transfer};
use super::saved::{self, Saved};
use super::settings::{OfflineAction, Settings};
use super::{Doing, Machine, Run};
use crate::resource_type::{Failure, Operation};

/// How often a machine's end is waited for anew by who watches it.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// How often it is asked how far a save or a load has come.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// How often somebody who waits says so.
const SPEAK_INTERVAL: Duration = Duration::from_millis(500);

/// As much may be written before it is synced, in bytes.
const SYNC_EVERY: u64 = 64 * 1024 * 1024;

/// How long a save that was given up may take to be over.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(30);

/// Brings the machine online: from the state that is on record, or anew.
pub(super) fn bring_online(
    machine: &std::sync::Arc<Machine>,
    settings: &Settings,
    kept: Option<&KeptNote>,
    operation: &Operation,
) -> Result<(), Cause> {
    let name = machine.name();
    let unusable = |unusable: saved::Unusable| unusable.cause(&name);
    let saved = kept.map(Saved::read).transpose().map_err(unusable)?;
    let file = saved.as_ref().map(|saved| saved.open(settings)).transpose().map_err(unusable)?;
    let run = machine.start(settings, file.is_some(), operation)?;
    let started = run.guest.wait_ready(|| operation.is_cancelled()).and_then(|()| {
        if let (Some(file), Some(saved)) = (&file, &saved) {
            load(machine, &run, file, saved, operation)?;
        }
        // From here on no saved state is valid; only now may anything run.
        machine.keep(None, operation)?;
        machine.resume(&run).inspect_err(|_| keep_again(machine, &run, kept, operation))
    });
    if let Err(cause) = started {
        // What has not come up is not left standing.
        run.guest.end().or_else(|left| {
            machine.log(2, left.text);
            Ok(())
        })?;
        return Err(cause);
    }
    if let Err(error) = saved::sweep(&settings.state_directory, machine.context.resource) {
        machine.log(
            1,
            format!("used states cannot be removed from '{}': {error}", settings.state_directory.display()),
        );
    }
    if let Some(saved) = saved.filter(|saved| saved.file.exists()) {
        // It was saved elsewhere than states are saved now.
        remove(machine, &saved.file);
    }
    Ok(())
}

/// A machine that was not let run is still what was saved: nothing of that was used.
fn keep_again(machine: &Machine, run: &Run, kept: Option<&KeptNote>, operation: &Operation) {
    let Some(kept) = kept.filter(|_| matches!(run.guest.condition(), Ok(Condition::Paused))) else { return };
    if let Err(cause) = machine.keep(Some(kept.note.clone()), operation) {
        machine.log(2, format!("its saved state is given up: {cause}"));
    }
}

fn load(
    machine: &Machine,
    run: &Run,
    file: &File,
    saved: &Saved,
    operation: &Operation,
) -> Result<(), Cause> {
    let shown = saved.file.display();
    run.guest.begin_load(file)?;
    let mut speaker = Speaker::new(operation);
    loop {
        // QEMU counts nothing of what it takes in; that it is at it is seen by its place in the file.
        match run.guest.condition()? {
            Condition::Loading => {
                let at = rustix::fs::tell(file).unwrap_or(0);
                speaker.say(at, || format!("loading the state from '{shown}': {} so far", saved::size(at)));
            }
            Condition::Paused | Condition::New => break,
            Condition::Gone => {
                let text = format!("the state in '{shown}' cannot be loaded: {}", run.guest.last_words());
                return Err(Cause::new(Status::INVALID_DATA, text));
            }
            other => {
                let text = format!("the machine is {other:?} after the state in '{shown}' was loaded");
                return Err(Cause::new(Status::INVALID_DATA, text));
            }
        }
        if operation.is_cancelled() {
            return Err(Cause::new(Status::CANCELLED, "terminated while its state was loaded"));
        }
        thread::sleep(LOOK_INTERVAL);
    }
    machine.log(0, format!("the state in '{shown}' is loaded"));
    Ok(())
}

/// Takes the machine offline in this way.
pub(super) fn take_offline(
    machine: &std::sync::Arc<Machine>,
    settings: &Settings,
    action: OfflineAction,
    is_forced: bool,
    operation: &Operation,
) -> Result<(), Failure> {
    let Some(run) = machine.run() else { return Ok(()) };
    *machine.is_online.lock() = false;
    let done = match action {
        OfflineAction::TurnOff => run.guest.end().map_err(Failure::Failed),
        OfflineAction::Save => save(machine, &run, settings, is_forced, operation),
        OfflineAction::ShutDown | OfflineAction::ShutDownForced => {
            shut_down(&run, settings, action == OfflineAction::ShutDownForced, operation)
        }
    };
    match &done {
        Ok(()) => drop(machine.running.lock().take()),
        // It runs on.
        Err(Failure::Vetoed(_)) => *machine.is_online.lock() = true,
        Err(Failure::Failed(_)) => {}
    }
    done
}

fn shut_down(run: &Run, settings: &Settings, is_forced: bool, operation: &Operation) -> Result<(), Failure> {
    // Whoever cannot be asked for it runs on as before.
    run.guest.press_power_button().map_err(Failure::Vetoed)?;
    let deadline = Instant::now() + settings.shutdown_timeout;
    let mut speaker = Speaker::new(operation);
    while !run.guest.wait(LOOK_INTERVAL) {
        if operation.is_cancelled() {
            return Err(Failure::Failed(Cause::new(
                Status::CANCELLED,
                "terminated while the guest shut down",
            )));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            if is_forced {
                break;
            }
            let text = format!(
                "the guest has not shut down within {} s (ShutdownTimeout) and runs on",
                settings.shutdown_timeout.as_secs_f32()
            );
            return Err(Failure::Vetoed(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text)));
        }
        let then = if is_forced { "it is turned off" } else { "it is left running" };
        // The guest has this time, so that waiting for it is no silence.
        speaker.say_anyhow(|| format!("the guest shuts down; in {} s {then}", left.as_secs()));
    }
    run.guest.end().map_err(Failure::Failed)
}

/// Saves the state and ends the machine. Whatever goes wrong before the state is on record, the machine runs on.
fn save(
    machine: &Machine,
    run: &Run,
    settings: &Settings,
    is_forced: bool,
    operation: &Operation,
) -> Result<(), Failure> {
    if let Some(cause) = saved::lacks(settings) {
        return Err(Failure::Vetoed(cause));
    }
    // Nothing was touched yet.
    if let Condition::Broken(text) = run.guest.condition().map_err(Failure::Vetoed)? {
        let text =
            format!("a machine whose state could not go on is not saved: {text}; give other instructions");
        return Err(Failure::Vetoed(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text)));
    }
    let job = run.guest.foreign_job().map_err(Failure::Vetoed)?;
    if let Some(job) = job.filter(|_| !is_forced) {
        let text = format!("{job} runs on the machine; wait for its end");
        return Err(Failure::Vetoed(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text)));
    }
    let created = saved::create(&settings.state_directory, machine.context.resource);
    let (path, file) = created.map_err(|error| {
        let directory = settings.state_directory.display();
        Failure::Vetoed(not_saved(&format!("no file can be made in '{directory}'"), &error))
    })?;
    if let Err(error) = machine.write_doing(run, Doing::Saving) {
        remove(machine, &path);
        let what = "that it is being saved cannot be written down for a later host";
        return Err(Failure::Vetoed(not_saved(what, &error)));
    }
    let mut is_begun = false;
    let mut disks = String::new();
    let on_record = write(run, &path, &file, settings, (&mut is_begun, &mut disks), operation)
        .and_then(|()| {
            Saved::of(&path, &file, settings, &run.definition).map_err(|error| unwritten(&path, &error))
        })
        .and_then(|saved| check_stood_still(run, &disks, settings).map(|()| saved))
        .and_then(|saved| machine.keep(Some(saved.note()), operation));
    match on_record {
        Ok(()) => run.guest.end().map_err(Failure::Failed),
        // Nobody knows whether it is on record: whoever takes over does.
        Err(cause) if operation.is_cancelled() => Err(Failure::Failed(cause)),
        Err(cause) => {
            remove(machine, &path);
            match go_on(machine, run, is_begun, operation) {
                Ok(()) => Err(Failure::Vetoed(cause)),
                Err(worse) => Err(Failure::Failed(Cause::new(
                    worse.status,
                    format!("{}; then: {}", cause.text, worse.text),
                ))),
            }
        }
    }
}

/// Writes the state of the machine, whose processors stand still from then on.
fn write(
    run: &Run,
    path: &Path,
    file: &File,
    settings: &Settings,
    (is_begun, disks): (&mut bool, &mut String),
    operation: &Operation,
) -> Result<(), Cause> {
    run.guest.pause()?;
    run.guest.begin_save(file, settings.save_bandwidth)?;
    *is_begun = true;
    let mut speaker = Speaker::new(operation);
    let shown = path.display();
    let mut synced = 0;
    loop {
        match run.guest.transfer()? {
            Transfer::Done => break,
            Transfer::Failed(reason) => {
                let room = rustix::fs::fstatvfs(file).map(|room| room.f_bavail.saturating_mul(room.f_frsize));
                let left = room.map(|free| format!(", {} left there", saved::size(free))).unwrap_or_default();
                let text = format!("the state cannot be written to '{shown}': {reason}{left}");
                return Err(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text));
            }
            Transfer::Running { done, total } => speaker.say(done, || {
                // What is the same everywhere in a page takes no room, so less may go over than there is.
                let percent = (done.saturating_mul(100)).checked_div(total).unwrap_or(0).min(100);
                format!(
                    "saving the state to '{shown}': {percent} %, {} of {}",
                    saved::size(done),
                    saved::size(total)
                )
            }),
        }
        // Most of the time goes into that, and is not to come at the end, where nothing is told.
        let written = rustix::fs::fstat(file).map_or(0, |stat| stat.st_size.unsigned_abs());
        if written.saturating_sub(synced) >= SYNC_EVERY {
            file.sync_data().map_err(|error| unwritten(path, &error))?;
            synced = written;
        }
        if operation.is_cancelled() {
            return Err(Cause::new(Status::CANCELLED, "terminated while its state was saved"));
        }
        thread::sleep(LOOK_INTERVAL);
    }
    // Their last writes came with the end of the save.
    *disks = saved::disks(settings);
    operation
        .progress(speaker.checkpoint(), format!("the state is written to '{shown}' and is being synced"));
    saved::sync(path, file).map_err(|error| unwritten(path, &error))
}

/// Whether the machine is still what was written: somebody else at its monitor may have let it run meanwhile.
fn check_stood_still(run: &Run, disks: &str, settings: &Settings) -> Result<(), Cause> {
    let stands = run.guest.condition()? == Condition::Paused;
    match stands && disks == saved::disks(settings) {
        true => Ok(()),
        false => {
            let text =
                "the state is not what the machine is any more: somebody has let it run while it was saved";
            Err(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text))
        }
    }
}

/// Has a machine whose save is given up run again.
fn go_on(machine: &Machine, run: &Run, is_begun: bool, operation: &Operation) -> Result<(), Cause> {
    if is_begun && matches!(run.guest.transfer()?, Transfer::Running { .. }) {
        run.guest.cancel_save()?;
        wait_transfer_over(run.guest.as_ref(), || operation.is_cancelled())?;
    }
    machine.resume(run)
}

/// Waits until a save that was given up is over.
pub(super) fn wait_transfer_over(guest: &dyn Guest, is_cancelled: impl Fn() -> bool) -> Result<(), Cause> {
    let deadline = Instant::now() + CANCEL_TIMEOUT;
    while let Transfer::Running { .. } = guest.transfer()? {
        if Instant::now() >= deadline || is_cancelled() {
            let text = format!("a save was given up and is not over after {} s", CANCEL_TIMEOUT.as_secs());
            return Err(Cause::new(Status::TIMEOUT, text));
        }
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}

fn remove(machine: &Machine, path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        machine.log(1, format!("'{}', which counts for nothing, cannot be removed: {error}", path.display()));
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Cause {
    not_saved(&format!("'{}' cannot be written", path.display()), error)
}

fn not_saved(what: &str, error: &io::Error) -> Cause {
    let text = format!("the state cannot be saved: {what}: {error}");
    Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text)
}

/// Tells of progress, now and then, and only where there is some: silence is what PendingTimeout counts.
struct Speaker<'a> {
    operation: &'a Operation,
    said: Option<(Instant, u64)>,
    checkpoint: u32,
}

impl<'a> Speaker<'a> {
    fn new(operation: &'a Operation) -> Self {
        Speaker { operation, said: None, checkpoint: 0 }
    }

    fn checkpoint(&mut self) -> u32 {
        self.checkpoint = self.checkpoint.saturating_add(1);
        self.checkpoint
    }

    /// Says it, if it is time and more is done than before.
    fn say(&mut self, done: u64, text: impl FnOnce() -> String) {
        let is_more = self.said.is_none_or(|(at, before)| at.elapsed() >= SPEAK_INTERVAL && done > before);
        if is_more {
            self.said = Some((Instant::now(), done));
            let checkpoint = self.checkpoint();
            self.operation.progress(checkpoint, text());
        }
    }

    /// Says it, if it is time.
    fn say_anyhow(&mut self, text: impl FnOnce() -> String) {
        let next = self.said.map_or(1, |(_, before)| before + 1);
        self.say(next, text);
    }
}
