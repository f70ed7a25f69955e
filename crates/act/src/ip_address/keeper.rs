//! The process that keeps an address: it says again and again that the address is, brings back what somebody has removed,
//! and tells the network where it is.
//!
//! It runs in the resource's leaf, and listens on a socket of its own: the resource's other actions ask it how it is, and
//! end it. Where nobody answers on the socket, there is no keeper.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mainstay_rtnetlink::{Changes, Link, NewAddress, Socket};
use mainstay_types::offer::IP_ADDRESS;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::machine::Machine;
use super::record::Record;
use super::settings::Settings;
use super::{no_link, wire};
use crate::call::{Call, Code, Refusal};
use crate::note;

/// The action that is the keeper.
pub(super) const ACTION: &str = "keep";
/// Asks a keeper how it is; it looks before it answers.
pub(super) const LOOK: &str = "look";
/// Has a keeper end.
pub(super) const END: &str = "end";

/// The extension of a keeper's socket.
const SOCKET: &str = "keeper";
/// The keeper is well, or has begun.
const WELL: &str = "well";
/// How long one may take to answer, or to ask.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Longer lines nobody says.
const LINE_LENGTH_MAX: u64 = 4096;
/// The address is said again when this part of its lifetime has gone: the next two may fail.
const RENEWALS: u32 = 3;
/// Between two announcements.
const ANNOUNCEMENT_INTERVAL: Duration = Duration::from_secs(1);
/// Between two looks that found it gone, so that two who disagree keep no processor busy.
const RESTORE_INTERVAL: Duration = Duration::from_millis(100);
/// Until it is tried again to say what could not be said. A change that may be the cure is seen at once.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// What a keeper says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// All is as it has to be; or it has ended.
    Well,
    /// What is wrong.
    Ill(String),
    /// There is no keeper.
    None,
}

/// Asks the resource's keeper.
pub(super) fn ask(call: &Call, word: &str) -> Result<Answer, Refusal> {
    let path = call.file(SOCKET)?;
    let mut keeper = match UnixStream::connect(&path) {
        Ok(keeper) => keeper,
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused].contains(&error.kind()) => {
            return Ok(Answer::None);
        }
        Err(error) => return Err(Refusal::system(format!("reach {}", path.display()), &error)),
    };
    let mut talk = || {
        keeper.set_read_timeout(Some(ANSWER_LIMIT))?;
        writeln!(keeper, "{word}")?;
        let mut answer = String::new();
        (&keeper).take(LINE_LENGTH_MAX).read_to_string(&mut answer)?;
        Ok::<String, io::Error>(answer)
    };
    Ok(match talk() {
        Ok(answer) if answer.trim_end() == WELL => Answer::Well,
        // It was killed in the midst of it.
        Ok(answer) if answer.is_empty() => Answer::None,
        Ok(answer) => Answer::Ill(answer.trim_end().to_owned()),
        Err(error) => Answer::Ill(format!("the keeper does not answer: {error}")),
    })
}

/// Starts the keeper of this resource, and waits until the address is there.
pub(super) fn start() -> Result<(), Refusal> {
    let failed = |error: &io::Error| Refusal::system("start the address' keeper", error);
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let mut keeper = Command::new(program)
        .args([IP_ADDRESS, ACTION])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&error))?;
    let mut said = String::new();
    if let Some(output) = keeper.stdout.take() {
        let read = BufReader::new(output.take(LINE_LENGTH_MAX)).read_line(&mut said);
        read.map_err(|error| failed(&error))?;
    }
    let reason = match said.trim_end() {
        WELL => return Ok(()),
        "" => "the address' keeper has ended before it began",
        reason => reason,
    };
    let ended = keeper.wait().map_err(|error| failed(&error))?;
    let lacks_right = ended.code() == Some(Code::Permission as i32);
    Err(Refusal::new(if lacks_right { Code::Permission } else { Code::Failed }, reason))
}

/// The keeper: until it is told to end, or ended.
pub(super) fn keep(call: &Call) -> Result<(), Refusal> {
    let mut output = io::stdout();
    let begun = Keeper::begin(call);
    let word = begun.as_ref().map_or_else(|refusal| refusal.reason.as_str(), |_| WELL);
    writeln!(output, "{word}")
        .and_then(|()| output.flush())
        .map_err(|error| Refusal::system("answer", &error))?;
    begun?.run()
}

struct Keeper {
    settings: Settings,
    interface: String,
    changes: Changes,
    listener: UnixListener,
    next_renewal: Instant,
    /// What the last look has shown.
    problem: Option<Refusal>,
    /// It is not brought back before.
    restore_from: Instant,
    next_announcement: Instant,
    announcements_left: u32,
}

impl Keeper {
    /// The address is there when this returns.
    fn begin(call: &Call) -> Result<Self, Refusal> {
        let settings = Settings::read(call)?;
        let Some(Record { address, interface }) = Record::read(call)? else {
            return Err(Refusal::new(Code::Arguments, "a keeper is started by the action start"));
        };
        let changes = Changes::watch().map_err(|error| Refusal::system("watch addresses", &error))?;
        let listener = listen(call)?;
        let now = Instant::now();
        let settings = Settings { address, ..settings };
        let mut keeper = Keeper {
            announcements_left: settings.announcements,
            settings,
            interface,
            changes,
            listener,
            next_renewal: now,
            problem: None,
            restore_from: now,
            next_announcement: now,
        };
        keeper.look()?;
        match keeper.problem.take() {
            None => Ok(keeper),
            Some(problem) => Err(problem),
        }
    }

    fn run(mut self) -> Result<(), Refusal> {
        loop {
            self.announce();
            let (has_changed, is_called) = self.wait()?;
            if has_changed {
                self.changes.drain().map_err(|error| Refusal::system("watch addresses", &error))?;
            }
            self.look()?;
            if is_called && self.answer() {
                return Ok(());
            }
        }
    }

    /// Waits for a change, a caller, or what is due.
    fn wait(&self) -> Result<(bool, bool), Refusal> {
        let mut until = self.next_renewal;
        if self.announcements_left > 0 {
            until = until.min(self.next_announcement);
        }
        let left = until.saturating_duration_since(Instant::now());
        let limit = Timespec::try_from(left).ok();
        let mut watched = [
            PollFd::from_borrowed_fd(self.changes.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.listener.as_fd(), PollFlags::IN),
        ];
        match poll(&mut watched, limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Refusal::system("wait", &error.into())),
        }
        Ok((!watched[0].revents().is_empty(), !watched[1].revents().is_empty()))
    }

    /// Looks whether the address is there, brings it back, and renews it in time.
    fn look(&mut self) -> Result<(), Refusal> {
        let machine = Machine::look()?;
        let now = Instant::now();
        let Some(link) = machine.link(&self.interface) else {
            let text = format!("there is no interface {} any more", self.interface);
            self.put_off(now, Refusal::new(Code::Failed, text));
            return Ok(());
        };
        let is_there = machine.has(self.settings.address, link);
        if !is_there && now < self.restore_from {
            self.next_renewal = self.restore_from;
            return Ok(());
        }
        if (!is_there || now >= self.next_renewal)
            && let Err(error) = self.say(link, is_there)
        {
            self.put_off(now, Refusal::system(format!("give {} the address", link.name), &error));
            return Ok(());
        }
        if !is_there {
            self.restore_from = now + RESTORE_INTERVAL;
        }
        let problem = (!link.is_running).then(|| Refusal::new(Code::Failed, no_link(link)));
        if !is_there || problem.is_none() && self.problem.is_some() {
            // Others may have forgotten it meanwhile.
            (self.next_announcement, self.announcements_left) = (now, self.settings.announcements);
        }
        self.problem = problem;
        Ok(())
    }

    fn put_off(&mut self, now: Instant, problem: Refusal) {
        self.problem = Some(problem);
        self.next_renewal = now + RETRY_INTERVAL;
    }

    fn say(&mut self, link: &Link, is_there: bool) -> io::Result<()> {
        let Settings { address, lifetime_s, .. } = self.settings;
        Socket::open()?.add(&NewAddress { index: link.index, address, lifetime_s }, is_there)?;
        self.next_renewal = Instant::now() + Duration::from_secs(lifetime_s.into()) / RENEWALS;
        Ok(())
    }

    /// Tells the network, if it is time.
    fn announce(&mut self) {
        let now = Instant::now();
        if self.announcements_left == 0 || now < self.next_announcement || self.problem.is_some() {
            return;
        }
        let machine = Machine::look().ok();
        let link = machine.as_ref().and_then(|machine| machine.link(&self.interface));
        // One that cannot be sent is as one that gets lost: the next one follows.
        let _ = link.map(|link| wire::announce(link, self.settings.address));
        self.announcements_left -= 1;
        self.next_announcement = now + ANNOUNCEMENT_INTERVAL;
    }

    /// Answers one caller, after a look. True when it is to end.
    fn answer(&self) -> bool {
        let talk = || {
            let (caller, _) = self.listener.accept()?;
            caller.set_read_timeout(Some(ANSWER_LIMIT))?;
            caller.set_write_timeout(Some(ANSWER_LIMIT))?;
            let mut word = String::new();
            BufReader::new((&caller).take(LINE_LENGTH_MAX)).read_line(&mut word)?;
            let is_end = word.trim_end() == END;
            let answer =
                if is_end { WELL } else { self.problem.as_ref().map_or(WELL, |problem| &problem.reason) };
            // Who does not listen any more has said what he wants.
            let _ = writeln!(&caller, "{answer}");
            Ok::<bool, io::Error>(is_end)
        };
        talk().unwrap_or(false)
    }
}

/// Forgets the socket of a keeper that has ended.
pub(super) fn clear(call: &Call) -> Result<(), Refusal> {
    note::remove(call, SOCKET)
}

/// Only who may do all may call it.
fn listen(call: &Call) -> Result<UnixListener, Refusal> {
    let path = call.file(SOCKET)?;
    let failed = |error: &io::Error| Refusal::system(format!("listen on {}", path.display()), error);
    clear(call)?;
    let listener = UnixListener::bind(&path).map_err(|error| failed(&error))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(|error| failed(&error))?;
    listener.set_nonblocking(true).map_err(|error| failed(&error))?;
    Ok(listener)
}
