//! A saved state: the file that it is in, and the note by which the cluster knows that it is the valid one.
//!
//! A file counts only while the note names it. What else there is of a resource in its directory is left from a save that
//! did not come to its end, or from a state that was used, and is removed.

use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mainstay_types::command_line::CommandLine;
use mainstay_types::order::{Cause, KeptNote, Note};
use mainstay_types::{Name, ResourceId, Status};
use serde::{Deserialize, Serialize};

use super::disks::Disks;
use super::qemu;
use super::settings::Settings;

/// How the files are called, after the resource's id.
const SUFFIX: &str = "state";

/// As much of the beginning and of the end of a file is looked at to know it again, in bytes.
const LOOKED_AT: usize = 64 * 1024;

/// What stands before QEMU's part of a file, in bytes: this line with the file's mark, and then nothing. It is as long as a
/// page, so that what follows is where it is in memory.
const HEADER_LENGTH: usize = 4096;

/// The first words of that line, with the version of the form.
const HEADER_WORDS: &str = "Mainstay virtual machine state 1";

/// What a note says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    /// The file.
    pub(super) file: PathBuf,
    /// The node that wrote it.
    node: String,
    /// The machine whose state it is.
    definition: String,
    /// What no other file has. Two states of one machine may be as long, and begin and end the same.
    mark: String,
    /// Bytes of the file.
    length: u64,
    /// What it begins and ends with.
    print: String,
    /// The machine's disks as they were then.
    disks: Disks,
}

/// What keeps a machine from going on from its saved state. Nothing of it is used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// The file cannot be had.
    #[error("the saved state '{file}', written on node '{node}', cannot be read: {reason}")]
    Unreachable {
        /// Which.
        file: String,
        /// Where it was written.
        node: String,
        /// Why not.
        reason: io::Error,
    },
    /// It is not what was written.
    #[error("the saved state '{0}' is not what was written: it has changed since")]
    Changed(String),
    /// The machine is another one.
    #[error(
        "the saved state '{0}' is of a machine with other properties than it has now; set them as they were"
    )]
    OtherMachine(String),
    /// The disks are not those that it goes with.
    #[error(
        "a disk of the machine was written since its state was saved in '{0}': what it has in memory does not fit"
    )]
    OtherDisks(String),
    /// The note itself.
    #[error("what is kept of the saved state cannot be read: {0}")]
    Note(String),
}

impl Unusable {
    /// As a cause, with the ways out.
    pub(super) fn cause(&self, name: &Name) -> Cause {
        let way_out = way_out(name);
        let first = match self {
            Unusable::Unreachable { .. } => "make the file reachable, or ",
            Unusable::OtherMachine(_) => "or ",
            _ => "",
        };
        let text = format!("{self}; {first}{way_out}");
        let status = match self {
            Unusable::Unreachable { .. } => Status::FILE_NOT_FOUND,
            _ => Status::INVALID_DATA,
        };
        Cause::new(status, text)
    }
}

/// A file that a state is being written to, behind its header.
pub(super) struct Written {
    pub(super) path: PathBuf,
    pub(super) file: File,
    mark: String,
}

impl Written {
    /// Makes one, of a name and with a mark that were never used.
    pub(super) fn create(directory: &Path, resource: ResourceId) -> io::Result<Self> {
        make_directory(directory)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let path = directory.join(format!("{resource}-{since}-{}.{SUFFIX}", std::process::id()));
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let mark = format!("{:032x}", u128::from_le_bytes(random));
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let written = Written { path, file, mark };
        let begun = (&written.file).write_all(&header(&written.mark));
        begun.inspect_err(|_| drop(fs::remove_file(&written.path)))?;
        Ok(written)
    }

    /// Makes sure that its name outlives a loss of power. What is in it is synced by whoever writes it.
    pub(super) fn sync_name(&self) -> io::Result<()> {
        let directory = self.path.parent().ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        File::open(directory)?.sync_all()
    }
}

impl Saved {
    /// What is to be kept of a state that was just written and synced.
    ///
    /// `definition` is that of the machine which runs; what is set may have changed since its start.
    pub(super) fn of(written: &Written, settings: &Settings, definition: &str) -> io::Result<Self> {
        let Written { path, file, mark } = written;
        Ok(Saved {
            file: path.clone(),
            node: node_name(),
            definition: definition.to_owned(),
            mark: mark.clone(),
            length: file.metadata()?.len(),
            print: print_of(file)?,
            disks: Disks::of(settings),
        })
    }

    /// As a note.
    pub(super) fn note(&self) -> Note {
        let words = format!(
            "the machine's state, {}, in '{}', written on node '{}'",
            size(self.length),
            self.file.display(),
            self.node
        );
        // Texts and numbers: nothing here is outside of what JSON can say.
        Note { words, bytes: serde_json::to_vec(self).unwrap_or_default() }
    }

    /// What a note says.
    pub(super) fn read(kept: &KeptNote) -> Result<Self, Unusable> {
        serde_json::from_slice(&kept.note.bytes).map_err(|error| Unusable::Note(error.to_string()))
    }

    /// Opens the file where QEMU's part of it begins, if the machine can go on from it: it is whole, and of this machine with
    /// these disks.
    pub(super) fn open(&self, settings: &Settings) -> Result<File, Unusable> {
        let shown = || self.file.display().to_string();
        let unreachable = |reason| Unusable::Unreachable { file: shown(), node: self.node.clone(), reason };
        let mut file = open_plain(&self.file).map_err(unreachable)?;
        let length = file.metadata().map_err(unreachable)?.len();
        let is_same = length == self.length
            && begins_with(&file, &header(&self.mark)).map_err(unreachable)?
            && print_of(&file).map_err(unreachable)? == self.print;
        if !is_same {
            return Err(Unusable::Changed(shown()));
        }
        if self.definition != definition(settings) {
            return Err(Unusable::OtherMachine(shown()));
        }
        if !self.disks.stand(&Disks::of(settings)) {
            return Err(Unusable::OtherDisks(shown()));
        }
        file.seek(SeekFrom::Start(HEADER_LENGTH as u64)).map_err(unreachable)?;
        Ok(file)
    }
}

/// How to do without a saved state.
pub(super) fn way_out(name: &Name) -> String {
    let line = CommandLine::new("resource discard-kept").name(name.as_str());
    format!("give it up with '{line}', after which the machine starts anew")
}

/// Why a state cannot be saved here; `None`: nothing is known that speaks against it.
pub(super) fn lacks(settings: &Settings) -> Option<Cause> {
    let directory = settings.state_directory.display();
    let veto = |text: String| Some(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text));
    if let Err(error) = make_directory(&settings.state_directory) {
        return veto(format!("the state cannot be saved: '{directory}' cannot be made: {error}"));
    }
    if let Err(error) = rustix::fs::access(&settings.state_directory, rustix::fs::Access::WRITE_OK) {
        return veto(format!("the state cannot be saved: '{directory}' cannot be written: {error}"));
    }
    match rustix::fs::statvfs(&settings.state_directory) {
        Ok(room) => {
            let free = room.f_bavail.saturating_mul(room.f_frsize);
            let needed = settings.memory();
            (free < needed).then(|| {
                let text = format!(
                    "the state cannot be saved: '{directory}' has {} left, and the machine has {} of memory; make room, \
                     or give other instructions",
                    size(free),
                    size(needed)
                );
                Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, text)
            })
        }
        Err(error) => veto(format!("the state cannot be saved: '{directory}' cannot be looked at: {error}")),
    }
}

/// Makes a directory, so that it outlives a loss of power.
fn make_directory(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|directory| !directory.exists()).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(|parent| File::open(parent)?.sync_all())
}

fn header(mark: &str) -> Vec<u8> {
    let mut header = format!("{HEADER_WORDS}\n{mark}\n").into_bytes();
    header.resize(HEADER_LENGTH, 0);
    header
}

fn begins_with(file: &File, expected: &[u8]) -> io::Result<bool> {
    let mut begins = vec![0; expected.len()];
    match file.read_exact_at(&mut begins, 0) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| begins == expected),
    }
}

/// Removes what files there are of a resource; none of them counts.
pub(super) fn sweep(directory: &Path, resource: ResourceId) -> io::Result<()> {
    let listed = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        listed => listed?,
    };
    let prefix = format!("{resource}-");
    for entry in listed {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&prefix) && name.ends_with(&format!(".{SUFFIX}")) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// A file for reading that is none by another name.
fn open_plain(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = File::options().read(true).custom_flags(flags.cast_signed()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    Ok(file)
}

/// Beginning and end, as a number: that a file was cut off or written over is seen by it. (That it was exchanged is seen by
/// its mark.) Damage elsewhere is not, since a state is as large as the machine's memory and reading all of it would take as
/// long as loading it; who loads it finds what does not hold together.
fn print_of(file: &File) -> io::Result<String> {
    let length = file.metadata()?.len();
    let mut print = Fnv::default();
    for start in [0, length.saturating_sub(LOOKED_AT as u64)] {
        let mut bytes = vec![0; LOOKED_AT.min(usize::try_from(length).unwrap_or(LOOKED_AT))];
        file.read_exact_at(&mut bytes, start)?;
        print.write(&bytes);
    }
    Ok(format!("{:016x}", print.finish()))
}

/// What makes a machine what it is, as a number.
pub(super) fn definition(settings: &Settings) -> String {
    let mut print = Fnv::default();
    for argument in [settings.emulator.clone()].into_iter().chain(qemu::definition(settings)) {
        print.write(argument.as_bytes());
        print.write(&[0]);
    }
    format!("{:016x}", print.finish())
}

fn node_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Bytes, for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// FNV-1a: no secret and no proof against intent, the same in every version of the program.
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::private::Values;

    const ID: ResourceId = ResourceId(uuid::Uuid::from_u128(7));

    fn settings(directory: &Path) -> Settings {
        let disk = directory.join("disk");
        fs::write(&disk, "disk").unwrap();
        let mut settings = Settings::of(&Values::default()).unwrap();
        settings.state_directory = directory.to_owned();
        settings.disks = vec![format!("{};format=raw", disk.display())];
        settings
    }

    fn name() -> Name {
        Name::parse("vm").unwrap()
    }

    fn save(settings: &Settings) -> Saved {
        let mut written = Written::create(&settings.state_directory, ID).unwrap();
        written.file.write_all(&[7; 3 * LOOKED_AT]).unwrap();
        written.sync_name().unwrap();
        let saved = Saved::of(&written, settings, &definition(settings)).unwrap();
        Saved::read(&KeptNote { note: saved.note(), epoch: Default::default() }).unwrap()
    }

    #[test]
    fn what_was_saved_is_known_again_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        let saved = save(&settings);
        saved.open(&settings).unwrap();
        let other = Settings { memory_mib: 1, ..settings.clone() };
        assert!(matches!(saved.open(&other), Err(Unusable::OtherMachine(_))));
        fs::write(directory.path().join("disk"), "disk, and more").unwrap();
        assert!(matches!(saved.open(&settings), Err(Unusable::OtherDisks(_))));

        let saved = save(&settings);
        let file = File::options().write(true).open(&saved.file).unwrap();
        file.set_len(saved.length - 1).unwrap();
        assert!(matches!(saved.open(&settings), Err(Unusable::Changed(_))));

        let saved = save(&settings);
        let moved = directory.path().join("moved");
        fs::rename(&saved.file, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &saved.file).unwrap();
        let unusable = saved.open(&settings).unwrap_err();
        assert!(matches!(unusable, Unusable::Unreachable { .. }));
        let text = unusable.cause(&name()).text;
        assert!(
            text.contains("make the file reachable, or give it up with 'mainstay resource discard-kept vm'"),
            "{text}"
        );
    }

    #[test]
    fn two_states_are_told_apart_however_alike_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        let (older, saved) = (save(&settings), save(&settings));
        let mut file = saved.open(&settings).unwrap();
        let mut first = [0];
        io::Read::read_exact(&mut file, &mut first).unwrap();
        assert_eq!(first, [7], "QEMU's part begins elsewhere");
        fs::copy(&older.file, &saved.file).unwrap();
        assert!(matches!(saved.open(&settings), Err(Unusable::Changed(_))));
    }

    #[test]
    fn what_nobody_has_on_record_is_swept() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        save(&settings);
        let other = directory.path().join("00000000-0000-0000-0000-000000000009-1-1.state");
        fs::write(&other, "another's").unwrap();
        sweep(directory.path(), ID).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [other.file_name().unwrap(), "disk".as_ref()]);
        sweep(&directory.path().join("nowhere"), ID).unwrap();
    }
}
