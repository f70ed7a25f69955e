//! Why the kernel does not execute a program. Its error speaks of the file that it was given, and may be about the
//! interpreter that this one names. So the first line of a script is looked at, in words for people; nothing is decided by
//! it, and what is there may be another file by now.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::is_program;
use crate::account::Account;

/// How much of a script's first line is looked at: what the kernel does (`BINPRM_BUF_SIZE` of binfmts.h).
const SCRIPT_HEAD_BYTES: u64 = 256;

/// `None` when the program is not there. Relative interpreters are relative to the directory.
pub(super) fn reason(
    program: &Path,
    directory: &Path,
    account: Option<&Account>,
    error: &io::Error,
) -> Option<String> {
    let named = interpreter(program).map(|named| directory.join(named));
    let shown = |named: &Path| format!("the interpreter '{}' that it names", named.display());
    Some(match Errno::from_io_error(error) {
        Some(Errno::NOENT) if program.exists() => match named {
            Some(named) => format!("{} was not found", shown(&named)),
            None => "the loader that it names was not found".to_owned(),
        },
        Some(Errno::NOENT | Errno::NOTDIR) => return None,
        Some(Errno::NOEXEC) => match named {
            Some(named) => format!("{} is no binary for this machine", shown(&named)),
            None => "it is neither a binary for this machine nor a script with #!".to_owned(),
        },
        Some(Errno::ACCESS) => {
            let why = match account {
                Some(account) => format!("not executable for user '{}'", account.name),
                None => "not executable (a directory, mode without x, or mounted without exec)".to_owned(),
            };
            match named {
                Some(named) if is_program(program) && !is_program(&named) => {
                    format!("{} is {why}", shown(&named))
                }
                Some(named) if is_program(program) => format!("it is {why}, or {} is", shown(&named)),
                _ => why,
            }
        }
        _ => error.to_string(),
    })
}

/// What a script names in its first line.
fn interpreter(program: &Path) -> Option<PathBuf> {
    // Without blocking, since it may be a FIFO.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(program, flags, Mode::empty()).ok()?);
    let mut head = Vec::new();
    file.take(SCRIPT_HEAD_BYTES).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let name = line.trim_ascii_start().split(u8::is_ascii_whitespace).next()?;
    (!name.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(name)))
}
