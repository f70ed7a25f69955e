//! The resource types that this machine has without a library being named for them: those that are built in, and the
//! agents that are installed below the OCF root, `resource.d/PROVIDER/NAME`.
//!
//! Tells the engine what there is, again whenever directories change. What becomes of it is decided there.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_engine::input::Input;
use mainstay_types::Name;
use mainstay_types::offer::{BUILT_IN, OCF_PREFIX, Offer, is_contained_agent};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

use crate::outlet::Outlet;

/// Agents that are taken notice of; the packages of a distribution have some 150.
const AGENTS_MAX: usize = 800;
/// How long it is waited for more changes: a package puts many files into place.
const QUIET: Duration = Duration::from_millis(200);
/// Looks again after this time without a change: what cannot be watched, such as a directory that comes later, is seen
/// then.
const PAUSE: Duration = Duration::from_secs(60);

/// Tells what there is now, and on a thread of its own again when it changes.
///
/// # Errors
///
/// There is no thread to be had.
pub(crate) fn start(ocf_root: &Path, outlet: Outlet) -> io::Result<()> {
    let agents = ocf_root.join("resource.d");
    let mut last = BTreeSet::new();
    let changes = Watch::new(&agents);
    look_and_tell(&agents, &outlet, &mut last);
    std::thread::Builder::new()
        .name("offers".into())
        .spawn(move || run(&agents, changes, &outlet, last))
        .map(drop)
}

fn run(agents: &Path, mut changes: Watch, outlet: &Outlet, mut last: BTreeSet<Offer>) {
    while !outlet.is_ending() {
        changes.wait();
        // Made before the look, so that no change is lost between the two.
        changes = Watch::new(agents);
        look_and_tell(agents, outlet, &mut last);
    }
}

fn look_and_tell(agents: &Path, outlet: &Outlet, last: &mut BTreeSet<Offer>) {
    let seen = offers(agents);
    if seen != *last {
        outlet.feed(Input::TypesOffered(seen.iter().cloned().collect()));
        *last = seen;
    }
}

/// What there is.
fn offers(agents: &Path) -> BTreeSet<Offer> {
    let built_in = BUILT_IN.iter().filter_map(|known| {
        Some(Offer { name: Name::parse(known.name).ok()?, is_contained: known.is_contained })
    });
    let agents = providers(agents).into_iter().flat_map(|directory| {
        let provider = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        programs(&directory).into_iter().filter_map(move |agent| {
            let is_contained = is_contained_agent(&provider, &agent);
            // A file whose name can be no type's is no agent.
            let name = Name::parse(&format!("{OCF_PREFIX}{provider}:{agent}")).ok()?;
            Some(Offer { name, is_contained })
        })
    });
    built_in.chain(agents.take(AGENTS_MAX)).collect()
}

fn providers(agents: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = entries(agents).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn programs(provider: &Path) -> Vec<String> {
    let is_program = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    let mut found: Vec<String> = entries(provider)
        .filter(is_program)
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .collect();
    found.sort();
    found
}

/// What a directory has, hidden entries aside. One that is not there has nothing.
fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let is_hidden =
        |path: &PathBuf| path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    let listed = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    listed.map(|entry| entry.path()).filter(move |path| !is_hidden(path))
}

/// Wakes when an agent comes or goes; without inotify by the clock alone.
struct Watch(Option<OwnedFd>);

impl Watch {
    fn new(agents: &Path) -> Self {
        let Ok(watch) = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK) else {
            return Watch(None);
        };
        let changes = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF;
        for directory in std::iter::once(agents.to_owned()).chain(providers(agents)) {
            // One that cannot be watched is seen by the clock.
            let _ = inotify::add_watch(&watch, directory, changes);
        }
        Watch(Some(watch))
    }

    /// Waits for a change and the quiet after it, or for the pause.
    fn wait(&self) {
        let Some(watch) = &self.0 else { return std::thread::sleep(PAUSE) };
        let limit = Timespec::try_from(PAUSE).ok();
        loop {
            match poll(&mut [PollFd::new(watch, PollFlags::IN)], limit.as_ref()) {
                Err(Errno::INTR) => {}
                Ok(0) | Err(_) => return,
                Ok(_) => return std::thread::sleep(QUIET),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_programs_that_are_not_hidden() {
        let root = tempfile::tempdir().unwrap();
        let file = |path: &str, mode: u32| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        file("heartbeat/Dummy", 0o755);
        file("heartbeat/IPaddr2", 0o755);
        file("heartbeat/.ocf-shellfuncs", 0o755);
        file("heartbeat/ocf-common.sh", 0o644);
        file("heartbeat/a\u{7}b", 0o755);
        file("acme/Dummy", 0o755);
        file("stray", 0o755);
        let seen = offers(root.path());
        let agents = seen.iter().filter(|offer| offer.name.as_str().starts_with(OCF_PREFIX));
        let shown: Vec<(&str, bool)> =
            agents.map(|offer| (offer.name.as_str(), offer.is_contained)).collect();
        assert_eq!(
            shown,
            [("ocf:acme:Dummy", false), ("ocf:heartbeat:Dummy", true), ("ocf:heartbeat:IPaddr2", false)]
        );
        assert_eq!(seen.len(), shown.len() + BUILT_IN.len());
        assert_eq!(offers(&root.path().join("nowhere")).len(), BUILT_IN.len());
    }

    #[test]
    fn a_new_agent_wakes_the_watch() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("acme")).unwrap();
        let watch = Watch::new(root.path());
        fs::write(root.path().join("acme/New"), "").unwrap();
        let fd = watch.0.as_ref().unwrap();
        let limit = Timespec::try_from(PAUSE).ok();
        assert_eq!(poll(&mut [PollFd::new(fd, PollFlags::IN)], limit.as_ref()), Ok(1));
    }
}
