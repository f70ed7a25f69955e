//! The history of a directory of files, and what a disk may hold at one moment of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::files::{Files, RealFiles};

/// A disk writes a sector whole or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
pub(super) enum Note {
    /// A name for a file, new or old.
    Link {
        name: String,
        inode: usize,
    },
    Remove {
        name: String,
    },
    Write {
        inode: usize,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        inode: usize,
        size: usize,
    },
    Sync {
        inode: usize,
    },
    SyncFailed {
        inode: usize,
    },
    SyncDirectory,
    /// The test's own: so many steps are acknowledged.
    Done {
        steps: usize,
    },
}

/// Everything that happened in the directory, and what is visible now.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) notes: Vec<Note>,
    names: BTreeMap<String, usize>,
    inodes: usize,
    /// The sync, counted from now, that fails; then the disk works again.
    pub(super) fail_sync_in: Option<usize>,
    /// The write, counted from now, that fails.
    pub(super) fail_write_in: Option<usize>,
}

impl History {
    /// A history that goes on from `notes`.
    pub(super) fn resume(notes: &[Note]) -> Self {
        let mut history = Self { notes: notes.to_vec(), ..Self::default() };
        for note in notes {
            match note {
                Note::Link { name, inode } => {
                    history.names.insert(name.clone(), *inode);
                    history.inodes = history.inodes.max(*inode + 1);
                }
                Note::Remove { name } => {
                    history.names.remove(name);
                }
                _ => {}
            }
        }
        history
    }

    /// The file of a name; a name that was never seen is that of a new, empty file.
    pub(super) fn open(&mut self, name: &str) -> usize {
        if let Some(inode) = self.names.get(name) {
            return *inode;
        }
        let inode = self.inodes;
        self.inodes += 1;
        self.link(name, inode);
        inode
    }

    pub(super) fn remove(&mut self, name: &str) {
        if self.names.remove(name).is_some() {
            self.notes.push(Note::Remove { name: name.to_owned() });
        }
    }

    /// Counts one sync or write down; true if it is the one to fail.
    pub(super) fn fails(counter: &mut Option<usize>) -> bool {
        match counter {
            Some(0) => {
                *counter = None;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    pub(super) fn sync(&mut self, inode: usize) -> bool {
        let failed = Self::fails(&mut self.fail_sync_in);
        self.notes.push(if failed { Note::SyncFailed { inode } } else { Note::Sync { inode } });
        !failed
    }

    fn link(&mut self, name: &str, inode: usize) {
        self.names.insert(name.to_owned(), inode);
        self.notes.push(Note::Link { name: name.to_owned(), inode });
    }
}

pub(super) type SharedHistory = Arc<Mutex<History>>;

/// The store's own dealings with files, noted.
#[derive(Debug)]
pub(super) struct NotedFiles(pub(super) SharedHistory);

impl Files for NotedFiles {
    fn sync(&self, path: &Path) -> io::Result<()> {
        // Whether it is there decides the real file; the note follows.
        RealFiles.sync(path)?;
        let mut history = self.0.lock();
        let inode = history.open(&name_of(path));
        if history.sync(inode) { Ok(()) } else { Err(io::Error::other("injected sync failure")) }
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        RealFiles.sync_directory(path)?;
        self.0.lock().notes.push(Note::SyncDirectory);
        Ok(())
    }

    fn lengthen(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let end = fs::metadata(path)?.len();
        RealFiles.lengthen(path, bytes)?;
        let mut history = self.0.lock();
        let inode = history.open(&name_of(path));
        let (at, zeros) = (end as usize, vec![0; bytes.saturating_sub(end) as usize]);
        history.notes.push(Note::Write { inode, at, bytes: zeros });
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.link(from, to)?;
        let mut history = self.0.lock();
        let inode = history.open(&name_of(from));
        history.link(&name_of(to), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)?;
        self.0.lock().remove(&name_of(path));
        Ok(())
    }
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// All of it is lost.
    Lost,
    /// All of it is there: what a process sees that was killed, not cut off.
    Kept,
    /// Each sector, size and name by the toss of a coin; the seed of the coins.
    Tossed(u64),
}

/// The files a disk may hold after `notes`.
pub(super) fn image(notes: &[Note], fate: Fate) -> BTreeMap<String, Vec<u8>> {
    let mut coin = Coin(fate);
    let mut contents: BTreeMap<usize, Content> = BTreeMap::new();
    let mut durable_names: BTreeMap<String, usize> = BTreeMap::new();
    let mut pending_names: Vec<&Note> = Vec::new();
    for note in notes {
        match note {
            Note::Link { .. } | Note::Remove { .. } => pending_names.push(note),
            Note::SyncDirectory => {
                pending_names.drain(..).for_each(|note| rename(&mut durable_names, note));
            }
            Note::Write { inode, .. } | Note::Truncate { inode, .. } => {
                contents.entry(*inode).or_default().pending.push(note);
            }
            Note::Sync { inode } => contents.entry(*inode).or_default().sync(),
            // The process sees it still; the disk never will.
            Note::SyncFailed { inode } if !matches!(fate, Fate::Kept) => {
                contents.entry(*inode).or_default().pending.clear();
            }
            Note::SyncFailed { .. } | Note::Done { .. } => {}
        }
    }
    for note in pending_names {
        if coin.keeps() {
            rename(&mut durable_names, note);
        }
    }
    let mut files = BTreeMap::new();
    for (name, inode) in durable_names {
        let content = contents.entry(inode).or_default();
        content.cut(&mut coin);
        files.insert(name, content.durable.clone());
    }
    files
}

/// Lays an image out as files.
pub(super) fn lay_out(files: &BTreeMap<String, Vec<u8>>, directory: &Path) {
    for (name, bytes) in files {
        fs::write(directory.join(name), bytes).unwrap();
    }
}

#[derive(Debug, Default)]
struct Content<'a> {
    durable: Vec<u8>,
    pending: Vec<&'a Note>,
}

impl Content<'_> {
    fn sync(&mut self) {
        for note in std::mem::take(&mut self.pending) {
            apply(&mut self.durable, note, &mut Coin(Fate::Kept));
        }
    }

    fn cut(&mut self, coin: &mut Coin) {
        for note in std::mem::take(&mut self.pending) {
            apply(&mut self.durable, note, coin);
        }
    }
}

fn apply(content: &mut Vec<u8>, note: &Note, coin: &mut Coin) {
    match note {
        Note::Write { at, bytes, .. } => {
            let mut from = 0;
            while from < bytes.len() {
                let sector_end = (at + from) / SECTOR * SECTOR + SECTOR;
                let to = bytes.len().min(sector_end - at);
                if coin.keeps() {
                    let end = content.len().max(at + to);
                    content.resize(end, 0);
                    content[at + from..at + to].copy_from_slice(&bytes[from..to]);
                }
                from = to;
            }
        }
        Note::Truncate { size, .. } if coin.keeps() => content.resize(*size, 0),
        _ => {}
    }
}

fn rename(names: &mut BTreeMap<String, usize>, note: &Note) {
    match note {
        Note::Link { name, inode } => {
            names.insert(name.clone(), *inode);
        }
        Note::Remove { name } => {
            names.remove(name);
        }
        _ => {}
    }
}

struct Coin(Fate);

impl Coin {
    fn keeps(&mut self) -> bool {
        match &mut self.0 {
            Fate::Lost => false,
            Fate::Kept => true,
            Fate::Tossed(state) => {
                // xorshift64*: any even coin does.
                *state = (*state).max(1);
                *state ^= *state >> 12;
                *state ^= *state << 25;
                *state ^= *state >> 27;
                state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 63 == 1
            }
        }
    }
}
