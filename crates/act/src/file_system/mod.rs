//! `File System`: a file system that is mounted where its resource is online.
//!
//! This room owns what the properties mean (`settings`), which device it is and whether somebody uses it (`device`), what
//! is mounted (`mounts`), and who holds it (`holders`).
//!
//! A device that is in use, in whatever namespace of the machine, is never mounted, and nothing is unmounted that is not
//! this resource's. An unmount is a whole one: what is held is not unmounted behind the back of who holds it.

mod device;
mod holders;
mod mounts;
mod settings;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use mainstay_types::description::{PropertyDescription, PropertyFormat, TypeDescription};
use mainstay_types::offer::FILE_SYSTEM;
use rustix::fs::{Dev, major, makedev, minor};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::Signal;

use crate::call::{Call, Code, Refusal};
use crate::note;
use crate::program;
use crate::{Advice, OwnAgent};
use device::{Device, refuse_no_directory};
use mounts::{Mount, at, shown};
use settings::{Check, Escalation, Settings};

/// See the module.
pub const AGENT: OwnAgent = OwnAgent {
    name: FILE_SYSTEM,
    describe,
    actions: &[
        // A check of the file system is a part of it.
        Advice::new("start", 120),
        Advice::new("stop", 60),
        Advice::new("monitor", 40).every(20),
        Advice::new("monitor", 40).every(60).at(WRITE_LEVEL),
        Advice::new("validate-all", 20),
    ],
    of_actions: &["FsckPolicy", "StopEscalation", "WriteTest"],
    act,
};

/// The level of a monitor that writes.
const WRITE_LEVEL: u32 = 20;

/// The extension of the file that says what was mounted.
const NOTE: &str = "mount";

/// How long processes have to let go after each signal.
const LET_GO_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is tried meanwhile.
const LET_GO_INTERVAL: Duration = Duration::from_millis(50);

fn describe() -> TypeDescription {
    use PropertyFormat::{Dword, Sz};
    let required = PropertyDescription::required;
    let optional =
        |name: &str, format, default: &str, text: &str| PropertyDescription::new(name, format, default, text);
    TypeDescription {
        summary: "A file system of a device of this node that is mounted while the resource is online."
            .to_owned(),
        details:
            "A device that is mounted or used elsewhere on this machine is never mounted. What is held by \
                  processes is not unmounted behind their back."
                .to_owned(),
        is_contained: false,
        properties: vec![
            required(
                "Device",
                Sz,
                "an absolute path, UUID=... or LABEL=...; of a file a loop device is made",
            ),
            required("MountPoint", Sz, "the directory that it is mounted on, an absolute path"),
            optional("FsType", Sz, "what the device says", "the file system, as mount(8) knows it"),
            optional("Options", Sz, "", "options of mount(8), with commas between"),
            optional(
                "FsckPolicy",
                Sz,
                "preen",
                "before it is mounted: none, preen (repairs what needs no question) or repair (answers yes to all)",
            ),
            optional(
                "StopEscalation",
                Sz,
                "none",
                "to processes that hold it at a stop: none, term (SIGTERM) or kill (SIGTERM, and SIGKILL after 5 s)",
            ),
            optional("WriteTest", Dword, "0", "1: IsAlive writes a file, too"),
        ],
        instructions: Vec::new(),
        example: format!(
            "mainstay resource create NAME --group GROUP --type '{FILE_SYSTEM}' --property Device=LABEL=data \
             --property MountPoint=/srv/data"
        ),
    }
}

fn act(action: &str, call: &Call) -> Result<(), Refusal> {
    match action {
        "start" => start(call),
        "stop" => stop(call),
        "monitor" => monitor(call),
        "validate-all" => Settings::read(call).map(drop),
        _ => Err(Refusal::new(Code::Unimplemented, format!("'{FILE_SYSTEM}' has no action '{action}'"))),
    }
}

fn start(call: &Call) -> Result<(), Refusal> {
    let settings = Settings::read(call)?;
    let point = &settings.mount_point;
    refuse_no_directory(point)?;
    let own = Own::read(call, &settings)?;
    if let Some(there) = at(&mounts::here()?, point) {
        if own.is_some_and(|own| own.is(there)) {
            return Ok(());
        }
        let text = format!(
            "{} is mounted on {} already, and not by this resource",
            shown(&there.source),
            shown(point)
        );
        return Err(Refusal::new(Code::Failed, text));
    }
    let device = Device::find(&settings)?;
    device.refuse_in_use()?;
    check(&settings, &device)?;
    // Before it is mounted: a later stop has to know that there may be something.
    note::write(call, NOTE, UNKNOWN)?;
    mount(&settings, &device)?;
    let mounts = mounts::here()?;
    let Some(there) = at(&mounts, point) else {
        return Err(Refusal::new(
            Code::Failed,
            format!("mount says that it has mounted, but {} is no mount", shown(point)),
        ));
    };
    note::write(call, NOTE, &format!("{}:{}", major(there.device), minor(there.device)))
}

/// Stands for the number of a device before it is mounted.
const UNKNOWN: &str = "-";

/// How the mount of this resource is known: by what was noted of it, and by its device.
struct Own {
    noted: Option<Dev>,
    device: Option<Device>,
}

impl Own {
    /// `None` where it was not started.
    fn read(call: &Call, settings: &Settings) -> Result<Option<Self>, Refusal> {
        let Some(text) = note::read(call, NOTE)? else { return Ok(None) };
        let noted = text
            .split_once(':')
            .and_then(|(major, minor)| Some(makedev(major.parse().ok()?, minor.parse().ok()?)));
        if noted.is_none() && text != UNKNOWN {
            return Err(note::damaged(call, NOTE));
        }
        // One that was mounted may have vanished since; then the note has to do.
        Ok(Some(Own { noted, device: Device::find(settings).ok() }))
    }

    fn is(&self, mount: &Mount) -> bool {
        match self.noted {
            Some(noted) => mount.device == noted,
            None => self.device.as_ref().is_some_and(|device| device.is_mounted_as(mount)),
        }
    }
}

fn check(settings: &Settings, device: &Device) -> Result<(), Refusal> {
    let how = match settings.check {
        Check::None => return Ok(()),
        Check::Preen => "-p",
        Check::Repair => "-y",
    };
    let kind = settings.kind.iter().flat_map(|kind| ["-t".into(), kind.into()]);
    let words =
        ["-T".into()].into_iter().chain(kind).chain([device.path.clone().into(), "--".into(), how.into()]);
    let told = program::run("fsck", words)?;
    match told.code {
        // Whole, or whole by now.
        Some(0 | 1) => Ok(()),
        code => {
            let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
            let way_out = match settings.check {
                Check::Repair => "look at it by hand, or set FsckPolicy to none",
                _ => "repair it by hand, or set FsckPolicy to repair, or to none",
            };
            let what = shown(&device.path);
            let text = format!("fsck of {what} ended with {code}: {}; {way_out}", told.last_words);
            Err(Refusal::new(Code::Failed, text))
        }
    }
}

fn mount(settings: &Settings, device: &Device) -> Result<(), Refusal> {
    let mut options = settings.options.clone();
    if device.is_file() && !options.iter().any(|option| option == "loop") {
        options.push("loop".to_owned());
    }
    let kind = settings.kind.iter().flat_map(|kind| ["-t".into(), kind.into()]);
    let with_options = Some(options.join(",")).filter(|options| !options.is_empty());
    let with_options = with_options.iter().flat_map(|options| ["-o".into(), options.into()]);
    let places = [
        "--source".into(),
        device.path.clone().into(),
        "--target".into(),
        settings.mount_point.clone().into(),
    ];
    let told = program::run("mount", kind.chain(with_options).chain(places))?;
    match told.code {
        Some(0) => Ok(()),
        _ => {
            let what = format!("{} cannot be mounted: {}", shown(&device.path), told.last_words);
            Err(Refusal::new(Code::Failed, what))
        }
    }
}

fn stop(call: &Call) -> Result<(), Refusal> {
    let settings = Settings::read(call)?;
    let Some(own) = Own::read(call, &settings)? else { return Ok(()) };
    let point = &settings.mount_point;
    let mounts = mounts::here()?;
    if mounts.iter().any(|mount| mount.point == *point && own.is(mount)) {
        let on_top = at(&mounts, point).filter(|on_top| !own.is(on_top));
        if let Some(other) = on_top {
            let text =
                format!("{} is mounted over it on {}; unmount that", shown(&other.source), shown(point));
            return Err(Refusal::new(Code::Failed, text));
        }
        take_down(&settings, &mounts)?;
    }
    if let Some((process, mount)) = mounts::elsewhere(|mount| own.is(mount)).first() {
        let text = format!(
            "it is unmounted here, and still mounted on {} in the namespace of process {process}; end that, or unmount \
             it there",
            shown(&mount.point)
        );
        return Err(Refusal::new(Code::Failed, text));
    }
    note::remove(call, NOTE)
}

/// Unmounts it, with what the settings allow to be done to those who hold it.
fn take_down(settings: &Settings, mounts: &[Mount]) -> Result<(), Refusal> {
    let point = &settings.mount_point;
    let inner: Vec<String> = mounts
        .iter()
        .filter(|mount| mount.point != *point && mount.point.starts_with(point))
        .map(|mount| shown(&mount.point))
        .collect();
    if !inner.is_empty() {
        let text = format!("{} is mounted in it; unmount that", inner.join(", "));
        return Err(Refusal::new(Code::Failed, text));
    }
    if try_unmount(point)? {
        return Ok(());
    }
    // Processes are known by the number that files have, which need not be the device's.
    let number = fs::metadata(point).map(|file| file.dev());
    let number = number.map_err(|error| Refusal::system(format!("look at {}", shown(point)), &error))?;
    let allowed = [(Escalation::Term, Signal::TERM), (Escalation::Kill, Signal::KILL)];
    for (_, signal) in allowed.into_iter().filter(|(escalation, _)| *escalation <= settings.escalation) {
        holders::signal(&holders::of(number), signal);
        let until = Instant::now() + LET_GO_TIMEOUT;
        while Instant::now() < until {
            if try_unmount(point)? {
                return Ok(());
            }
            std::thread::sleep(LET_GO_INTERVAL);
        }
    }
    if try_unmount(point)? {
        return Ok(());
    }
    let held = holders::of(number);
    let who = match held.is_empty() {
        true => "nobody who can be seen; a loop device, swap or an export of it may".to_owned(),
        false => holders::listed(&held),
    };
    let way_out = match settings.escalation {
        Escalation::None => "end them, or set StopEscalation to term or kill",
        Escalation::Term => "end them, or set StopEscalation to kill",
        Escalation::Kill => "they do not end",
    };
    Err(Refusal::new(Code::Failed, format!("{} is held by {who}; {way_out}", shown(point))))
}

/// Whether it could be unmounted; not where somebody holds it.
fn try_unmount(point: &Path) -> Result<bool, Refusal> {
    match unmount(point, UnmountFlags::NOFOLLOW) {
        Ok(()) => Ok(true),
        Err(Errno::BUSY) => Ok(false),
        Err(error) => Err(Refusal::system(format!("unmount {}", shown(point)), &error.into())),
    }
}

fn monitor(call: &Call) -> Result<(), Refusal> {
    let settings = Settings::read(call)?;
    let point = &settings.mount_point;
    let not_running = |text: String| Err(Refusal::new(Code::NotRunning, text));
    let Some(own) = Own::read(call, &settings)? else { return not_running("it was not started".to_owned()) };
    let mounts = mounts::here()?;
    let there = match at(&mounts, point) {
        None => return not_running(format!("nothing is mounted on {}", shown(point))),
        Some(there) if !own.is(there) => {
            let text = format!("{} is mounted on {} instead", shown(&there.source), shown(point));
            return Err(Refusal::new(Code::Failed, text));
        }
        Some(there) => there,
    };
    if there.is_read_only && !settings.is_read_only() {
        let text = format!("{} takes no writes any more, as after an error of its device", shown(point));
        return Err(Refusal::new(Code::Failed, text));
    }
    let read = fs::read_dir(point).and_then(|mut entries| entries.next().transpose());
    read.map_err(|error| Refusal::system(format!("read {}", shown(point)), &error))?;
    if settings.writes && !settings.is_read_only() && call.level()? >= WRITE_LEVEL {
        write_test(call, point)?;
    }
    Ok(())
}

/// Has the device take a few bytes.
fn write_test(call: &Call, point: &Path) -> Result<(), Refusal> {
    let name = call.file("test")?;
    let path = point.join(format!(".{}", name.file_name().unwrap_or_default().to_string_lossy()));
    let write = || {
        let mut file = File::create(&path)?;
        file.write_all(b"written by a look at a resource; it may be removed\n")?;
        file.sync_all()?;
        fs::remove_file(&path)
    };
    write().map_err(|error| Refusal::system(format!("write {}", shown(&path)), &error))
}
