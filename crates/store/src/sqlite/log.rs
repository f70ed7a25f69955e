//! The write-ahead log, looked at before SQLite reads it: whether something in the middle of it is damaged.
//!
//! SQLite takes the log up to the first frame that is not whole, and drops the rest without a word. That is right for the
//! last transaction, whose frames a power cut may leave in any state. But each commit is synced before the next one is
//! written (`synchronous = FULL`), so two commits behind a frame that is not whole say that the first of them had been
//! acknowledged: the log is damaged.
//!
//! The format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>. A new round of the log has new salts, so
//! frames of an earlier round are told apart.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::open::PAGE_BYTES;

pub(super) const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The magic number with little-endian checksums; the big-endian one is one more.
const MAGIC: u32 = 0x377f_0682;
/// The largest page that SQLite knows.
const PAGE_BYTES_MAX: usize = 65_536;
/// See above.
const COMMITS_BEHIND: u64 = 2;

/// What is damaged in the write-ahead log of an SQLite database, in words; `None` when nothing is, or there is no log.
///
/// Where not each commit is synced before the next one is written, a power cut looks the same.
///
/// # Errors
///
/// When it cannot be read.
pub fn damage(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut file = BufReader::new(file);
    let mut header = [0; HEADER_BYTES];
    if !read_whole(&mut file, &mut header)? {
        return Ok(None);
    }
    let mut sum = sum_of_header(&header);
    let mut is_whole = is_header(&header);
    // Where the header is damaged, the first frame says which round it is.
    let mut salts = is_whole.then(|| number_pair(&header, 16));
    let page_bytes = match number(&header, 8) as usize {
        bytes if is_whole && bytes.is_power_of_two() && bytes <= PAGE_BYTES_MAX => bytes,
        _ => PAGE_BYTES,
    };
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
    let (mut index, mut first_broken, mut commits) = (0u64, 0u64, 0u64);
    while read_whole(&mut file, &mut frame)? {
        index += 1;
        let found = number_pair(&frame, 8);
        if found == (0, 0) || *salts.get_or_insert(found) != found {
            // Never written, or of an earlier round. Behind a damaged frame there may still be some of this one.
            if is_whole {
                (is_whole, first_broken) = (false, index);
            }
            continue;
        }
        if is_whole {
            sum.add(&frame[..8]);
            sum.add(&frame[FRAME_HEADER_BYTES..]);
            if sum.words == number_pair(&frame, 16) {
                continue;
            }
            (is_whole, first_broken) = (false, index);
        }
        let is_commit = number(&frame, 4) != 0;
        commits += u64::from(is_commit);
    }
    let text = || match first_broken {
        0 => format!("the header of its -wal file is not whole, and {commits} commits follow it"),
        broken => format!("frame {broken} of its -wal file is not whole, and {commits} commits follow it"),
    };
    Ok((commits >= COMMITS_BEHIND).then(text))
}

/// Whether a log begins with these bytes.
pub(super) fn is_header(header: &[u8]) -> bool {
    let words = (number(header, 24), number(header, 28));
    number(header, 0) & !1 == MAGIC && sum_of_header(header).words == words
}

fn sum_of_header(header: &[u8]) -> Checksum {
    let mut sum = Checksum { is_big: number(header, 0) & 1 == 1, words: (0, 0) };
    sum.add(header.get(..24).unwrap_or_default());
    sum
}

/// Fills the buffer; `false` at the end of the file.
fn read_whole(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

/// A big-endian number at this offset.
fn number(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..at + 4).and_then(|found| found.first_chunk());
    found.map_or(0, |found| u32::from_be_bytes(*found))
}

fn number_pair(bytes: &[u8], at: usize) -> (u32, u32) {
    (number(bytes, at), number(bytes, at + 4))
}

/// SQLite's running checksum.
struct Checksum {
    is_big: bool,
    words: (u32, u32),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let word = |four: &[u8; 4]| match self.is_big {
            true => u32::from_be_bytes(*four),
            false => u32::from_le_bytes(*four),
        };
        let (mut first, mut second) = self.words;
        for pair in bytes.chunks_exact(8) {
            let (Some(one), Some(two)) = (pair.first_chunk(), pair.last_chunk()) else { continue };
            first = first.wrapping_add(word(one)).wrapping_add(second);
            second = second.wrapping_add(word(two)).wrapping_add(first);
        }
        self.words = (first, second);
    }
}
