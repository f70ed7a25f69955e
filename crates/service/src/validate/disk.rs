//! The disk of the data directory: how much room there is, and how long a durable write takes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use mainstay_types::validation::{Check, Verdict};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

const AREA: &str = "disk";

/// Durable writes that are measured: enough for a median and a worst case, and over in a second on a slow disk.
const WRITES: usize = 20;

/// How long the measuring may take in all, so that a disk that hardly answers does not hold the report.
const MEASURED_MAX: Duration = Duration::from_secs(10);

/// What is written each time: the page of a small commit.
const WRITE_LENGTH: usize = 4096;

/// A median above this is felt by every call.
const SLOW: Duration = Duration::from_millis(20);

/// A single write above this holds up everything for as long.
const STALLED: Duration = Duration::from_secs(1);

/// Less room than this, and commits may fail soon.
const ROOM_LITTLE: u64 = 1 << 30;

/// Less room than this, and they fail.
const ROOM_NONE: u64 = 64 << 20;

/// Numbers of file systems that do not outlive the machine (linux/magic.h): tmpfs and ramfs.
const OF_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58F6];

pub(super) fn check(data_dir: &Path) -> Vec<Check> {
    vec![latency(data_dir), room(data_dir), kind(data_dir)]
}

fn latency(data_dir: &Path) -> Check {
    match measure(data_dir) {
        Ok(times) => judge(&times),
        Err(error) => judge_unwritten(&error),
    }
}

/// Nothing was written. Some file systems have no files without a name; what else keeps us from writing keeps the database
/// from it, too.
fn judge_unwritten(error: &io::Error) -> Check {
    let (verdict, way_out) = match Errno::from_io_error(error) {
        Some(Errno::OPNOTSUPP | Errno::ISDIR) => {
            (Verdict::Warning, "measure it with another program, such as fio")
        }
        _ => (
            Verdict::Failure,
            "make the data directory writable for the service: no change can be kept there; see its owner, its mode, \
             and whether its file system is mounted read-only",
        ),
    };
    Check::bad(verdict, AREA, "durable write", format!("nothing could be written: {error}"), way_out)
}

/// How long each write took until it was on the disk. The file has no name, and is gone when it is closed.
fn measure(data_dir: &Path) -> io::Result<Vec<Duration>> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(data_dir, flags, Mode::RUSR | Mode::WUSR)?);
    // Of its full length before, as the database's log is: only the data has to reach the disk then.
    file.write_all_at(&[0; WRITE_LENGTH], 0)?;
    file.sync_all()?;
    let began = Instant::now();
    let mut times = Vec::with_capacity(WRITES);
    while times.len() < WRITES && began.elapsed() < MEASURED_MAX {
        let turn = Instant::now();
        file.write_all_at(&[u8::try_from(times.len() % 256).unwrap_or(0); WRITE_LENGTH], 0)?;
        file.sync_data()?;
        times.push(turn.elapsed());
    }
    Ok(times)
}

fn judge(times: &[Duration]) -> Check {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let worst = sorted.last().copied().unwrap_or_default();
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let seen = format!("median {}, worst {} of {}", ms(median), ms(worst), times.len());
    let way_out = "put the data directory on a quicker disk, or find out who else keeps this one busy";
    match () {
        () if worst >= STALLED => Check::bad(Verdict::Failure, AREA, "durable write", seen, way_out),
        () if median >= SLOW => Check::bad(Verdict::Warning, AREA, "durable write", seen, way_out),
        () => Check::ok(AREA, "durable write", seen),
    }
}

fn room(data_dir: &Path) -> Check {
    let found = match rustix::fs::statvfs(data_dir) {
        Ok(found) => found,
        Err(error) => {
            let way_out = "see whether the file system is still there";
            return Check::bad(Verdict::Failure, AREA, "room", error.to_string(), way_out);
        }
    };
    judge_room(found.f_bavail.saturating_mul(found.f_frsize), found.f_favail, found.f_files)
}

fn judge_room(free: u64, free_files: u64, files: u64) -> Check {
    let seen = format!("{} MiB are free", free >> 20);
    let way_out = "make room: a full disk refuses every change with 70";
    match () {
        () if free < ROOM_NONE => Check::bad(Verdict::Failure, AREA, "room", seen, way_out),
        // File systems without a number of files say 0 of 0.
        () if files > 0 && free_files == 0 => {
            Check::bad(Verdict::Failure, AREA, "room", "no more files can be made", way_out)
        }
        () if free < ROOM_LITTLE => Check::bad(Verdict::Warning, AREA, "room", seen, way_out),
        () => Check::ok(AREA, "room", seen),
    }
}

fn kind(data_dir: &Path) -> Check {
    match rustix::fs::statfs(data_dir) {
        #[allow(clippy::unnecessary_cast, reason = "another type on other machines")]
        Ok(found) if OF_MEMORY.contains(&(found.f_type as i64)) => Check::bad(
            Verdict::Warning,
            AREA,
            "file system",
            "it is in memory: everything is lost with the machine's next start",
            "put the data directory on a disk",
        ),
        Ok(_) => Check::ok(AREA, "file system", "it outlives the machine's next start"),
        Err(error) => Check::bad(
            Verdict::Failure,
            AREA,
            "file system",
            error.to_string(),
            "see whether the file system is still there",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_judged_by_median_and_worst() {
        let ms = Duration::from_millis;
        for (times, expected) in [
            (vec![ms(1), ms(2), ms(3)], Verdict::Ok),
            (vec![ms(1), ms(1), ms(900)], Verdict::Ok),
            (vec![ms(1), ms(20), ms(21)], Verdict::Warning),
            (vec![ms(1), ms(1), ms(1_000)], Verdict::Failure),
            (vec![], Verdict::Ok),
        ] {
            assert_eq!(judge(&times).verdict, expected, "{times:?}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_a_failure() {
        for (errno, expected) in [
            (Errno::ROFS, Verdict::Failure),
            (Errno::ACCESS, Verdict::Failure),
            (Errno::NOENT, Verdict::Failure),
            (Errno::NOSPC, Verdict::Failure),
            (Errno::IO, Verdict::Failure),
            (Errno::OPNOTSUPP, Verdict::Warning),
            (Errno::ISDIR, Verdict::Warning),
        ] {
            assert_eq!(judge_unwritten(&errno.into()).verdict, expected, "{errno:?}");
        }
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(latency(&directory.path().join("none")).verdict, Verdict::Failure);
    }

    #[test]
    fn room_is_judged_by_bytes_and_files() {
        for (free, free_files, files, expected) in [
            (ROOM_LITTLE, 9, 10, Verdict::Ok),
            (ROOM_LITTLE, 0, 0, Verdict::Ok),
            (ROOM_LITTLE - 1, 9, 10, Verdict::Warning),
            (ROOM_NONE - 1, 9, 10, Verdict::Failure),
            (ROOM_LITTLE, 0, 10, Verdict::Failure),
        ] {
            assert_eq!(judge_room(free, free_files, files).verdict, expected, "{free} {free_files}/{files}");
        }
    }

    #[test]
    fn measuring_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        match measure(directory.path()) {
            Ok(times) => assert_eq!(times.len(), WRITES),
            // Not every file system has files without a name.
            Err(error) => assert!(matches!(error.raw_os_error(), Some(95 | 21)), "{error}"),
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
