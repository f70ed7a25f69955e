//! Online and offline of a machine, step by step, each on a thread of its own. What the steps have to be so that nothing is
//! lost or used twice is in the room's rule.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mainstay_types::Status;
use mainstay_types::order::{Cause, KeptNote};

use super::backend::{Condition, Guest, Transfer};
use super::disks::Disks;
use super::saved::{self, Saved, Written};
use super::settings::{OfflineAction, Settings};
use super::{Doing, Machine, Run, Settled};
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
            other => {
                let why = match other {
                    Condition::Gone => run.guest.last_words(),
                    other => other.to_string(),
                };
                let way_out = saved::way_out(&machine.name());
                let text = format!(
                    "the state in '{shown}' cannot be loaded: {why}; it is kept: mend that and try again, or {way_out}"
                );
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
            let is_forced = action == OfflineAction::ShutDownForced;
            shut_down(run.guest.as_ref(), settings, is_forced, operation)
        }
    };
    match &done {
        Ok(()) => drop(machine.running.lock().take()),
        // It runs on.
        Err(Failure::Vetoed(_)) => {
            *machine.is_online.lock() = true;
            return done;
        }
        Err(Failure::Failed(_)) => {}
    }
    // What was set for the next offline has had it. A veto is none: the machine is as it was before.
    machine.next_action.lock().take();
    done
}

fn shut_down(
    guest: &dyn Guest,
    settings: &Settings,
    is_forced: bool,
    operation: &Operation,
) -> Result<(), Failure> {
    match guest.press_power_button() {
        // Whoever cannot be asked for it runs on as before, unless it is off already.
        Err(cause) if !guest.wait(Duration::ZERO) => return Err(Failure::Vetoed(cause)),
        _ => {}
    }
    let deadline = Instant::now() + settings.shutdown_timeout;
    let mut speaker = Speaker::new(operation);
    while !guest.wait(LOOK_INTERVAL) {
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
    guest.end().map_err(Failure::Failed)
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
    match machine.settle().map_err(Failure::Vetoed)? {
        Settled::Saved => return run.guest.end().map_err(Failure::Failed),
        Settled::Serves | Settled::Useless => {}
    }
    match run.guest.condition().map_err(Failure::Vetoed)? {
        Condition::Broken(text) => {
            let text = format!(
                "a machine whose state could not go on is not saved: {text}; give other instructions"
            );
            return Err(Failure::Vetoed(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text)));
        }
        Condition::Gone => {
            let text = format!("its state was not saved: it ended before: {}", run.guest.last_words());
            return Err(Failure::Failed(Cause::new(Status::PROCESS_ABORTED, text)));
        }
        _ => {}
    }
    let job = run.guest.foreign_job().map_err(Failure::Vetoed)?;
    if let Some(job) = job.filter(|_| !is_forced) {
        let text = format!("{job} runs on the machine; wait for its end");
        return Err(Failure::Vetoed(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text)));
    }
    let created = Written::create(&settings.state_directory, machine.context.resource);
    let written = created.map_err(|error| {
        let directory = settings.state_directory.display();
        Failure::Vetoed(not_saved(&format!("no file can be made in '{directory}'"), &error))
    })?;
    if let Err(error) = machine.write_doing(run, Doing::Saving) {
        remove(machine, &written.path);
        let what = "that it is being saved cannot be written down for a later host";
        return Err(Failure::Vetoed(not_saved(what, &error)));
    }
    let mut is_begun = false;
    let mut disks = Disks::default();
    let on_record = write(run, &written, settings, (&mut is_begun, &mut disks), operation)
        .and_then(|()| {
            let saved = Saved::of(&written, settings, &run.definition);
            saved.map_err(|error| unwritten(&written.path, &error))
        })
        .and_then(|saved| check_stood_still(run.guest.as_ref(), &disks, settings).map(|()| saved))
        .and_then(|saved| machine.keep(Some(saved.note()), operation));
    match on_record {
        Ok(()) => run.guest.end().map_err(Failure::Failed),
        // Nobody knows whether it is on record: whoever takes over does.
        Err(cause) if operation.is_cancelled() => Err(Failure::Failed(cause)),
        Err(cause) => {
            remove(machine, &written.path);
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
    written: &Written,
    settings: &Settings,
    (is_begun, disks): (&mut bool, &mut Disks),
    operation: &Operation,
) -> Result<(), Cause> {
    let Written { path, file, .. } = written;
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
        let length = rustix::fs::fstat(file).map_or(0, |stat| stat.st_size.unsigned_abs());
        if length.saturating_sub(synced) >= SYNC_EVERY {
            sync(file, &mut speaker, || {
                format!("saving the state to '{shown}': {} are being synced", saved::size(length))
            })
            .map_err(|error| unwritten(path, &error))?;
            synced = length;
        }
        if operation.is_cancelled() {
            return Err(Cause::new(Status::CANCELLED, "terminated while its state was saved"));
        }
        thread::sleep(LOOK_INTERVAL);
    }
    // Their last writes came with the end of the save.
    *disks = Disks::of(settings);
    sync(file, &mut speaker, || format!("the state is written to '{shown}' and is being synced"))
        .and_then(|()| written.sync_name())
        .map_err(|error| unwritten(path, &error))
}

/// Syncs a file, and says so as long as the machine has something written.
fn sync(file: &File, speaker: &mut Speaker<'_>, words: impl Fn() -> String) -> io::Result<()> {
    thread::scope(|scope| {
        let (sender, synced) = mpsc::channel();
        thread::Builder::new().name("sync".into()).spawn_scoped(scope, move || {
            // The scope outlives this thread, and with it who receives.
            let _ = sender.send(file.sync_all());
        })?;
        loop {
            match synced.recv_timeout(LOOK_INTERVAL) {
                Ok(synced) => return synced,
                Err(mpsc::RecvTimeoutError::Timeout) => speaker.say(pages_written(), &words),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("the thread that syncs has ended"));
                }
            }
        }
    })
}

/// How many pages this machine has written to its disks: of a single file the kernel does not say it.
fn pages_written() -> u64 {
    let counts = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let written = counts.lines().find_map(|line| line.strip_prefix("nr_written ")?.parse().ok());
    written.unwrap_or(0)
}

/// Whether the machine is still what was written: somebody else at its monitor may have let it run meanwhile.
fn check_stood_still(guest: &dyn Guest, disks: &Disks, settings: &Settings) -> Result<(), Cause> {
    let stands = guest.condition()? == Condition::Paused;
    match stands && disks.stand(&Disks::of(settings)) {
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

    /// Says it, if it is time and something is done: what counts that has another number than before.
    fn say(&mut self, done: u64, text: impl FnOnce() -> String) {
        let is_more = self.said.is_none_or(|(at, before)| at.elapsed() >= SPEAK_INTERVAL && done != before);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::private::Values;
    use crate::resource_type::OperationNumber;

    /// A machine that is like this, and of which nobody can ask anything.
    struct Still(Condition);

    fn nobody<T>() -> Result<T, Cause> {
        Err(Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, "nobody answers"))
    }

    impl Guest for Still {
        fn condition(&self) -> Result<Condition, Cause> {
            Ok(self.0.clone())
        }

        fn foreign_job(&self) -> Result<Option<String>, Cause> {
            nobody()
        }

        fn pause(&self) -> Result<(), Cause> {
            nobody()
        }

        fn resume(&self) -> Result<(), Cause> {
            nobody()
        }

        fn begin_save(&self, _: &File, _: u64) -> Result<(), Cause> {
            nobody()
        }

        fn begin_load(&self, _: &File) -> Result<(), Cause> {
            nobody()
        }

        fn transfer(&self) -> Result<Transfer, Cause> {
            nobody()
        }

        fn cancel_save(&self) -> Result<(), Cause> {
            nobody()
        }

        fn press_power_button(&self) -> Result<(), Cause> {
            nobody()
        }

        fn end(&self) -> Result<(), Cause> {
            if self.0 == Condition::Gone { Ok(()) } else { nobody() }
        }

        fn wait(&self, _: Duration) -> bool {
            self.0 == Condition::Gone
        }

        fn last_words(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn a_machine_that_ran_since_it_was_written_is_not_what_was_written() {
        let settings = Settings::of(&Values::default()).unwrap();
        let (disks, others) = (Disks::of(&settings), Disks::default());
        let still = |condition, disks: &Disks| check_stood_still(&Still(condition), disks, &settings);
        still(Condition::Paused, &disks).unwrap();
        for (condition, disks) in [(Condition::Running, &disks), (Condition::Paused, &others)] {
            let cause = still(condition, disks).unwrap_err();
            assert!(cause.text.contains("somebody has let it run"), "{}", cause.text);
        }
    }

    #[test]
    fn a_machine_that_is_off_need_not_be_shut_down_and_one_that_cannot_be_asked_runs_on() {
        let settings = Settings::of(&Values::default()).unwrap();
        let operation = Operation::new(OperationNumber(1), Arc::new(|_| {}));
        let shut_down = |condition, is_forced| shut_down(&Still(condition), &settings, is_forced, &operation);
        for is_forced in [false, true] {
            assert_eq!(shut_down(Condition::Gone, is_forced), Ok(()));
            assert!(matches!(shut_down(Condition::Running, is_forced), Err(Failure::Vetoed(_))));
        }
    }
}
