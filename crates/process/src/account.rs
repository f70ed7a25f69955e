//! The account under which a program runs, from the system's user database.

use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::{io, ptr};

/// The most supplementary groups that an account may have (NGROUPS_MAX of Linux).
const GROUPS_MAX: usize = 65_536;

/// The largest entry of the user database that is read, in bytes.
const ENTRY_LENGTH_MAX: usize = 1024 * 1024;

/// An account, with everything that a process needs to become it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The name; for a number without an entry, the number.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// All groups.
    pub groups: Vec<u32>,
    /// The home directory; `/` without an entry.
    pub home: PathBuf,
    /// The login shell; `/bin/sh` without an entry.
    pub shell: PathBuf,
}

/// Why there is no such account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The user database does not know it.
    #[error("there is no user '{0}' on this machine")]
    Unknown(String),
    /// A number that is not in the user database says nothing of its group.
    #[error(
        "user id {0} has no entry in the user database, so its group is not known; name an existing user"
    )]
    NoEntry(u32),
    /// The user database could not be read.
    #[error("cannot look up user '{name}': {source}")]
    Lookup {
        /// The name that was looked up.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Account {
    /// The account with this name, or with this number.
    pub fn find(name: &str) -> Result<Self, AccountError> {
        let unknown = || AccountError::Unknown(name.chars().take(80).collect());
        let text = CString::new(name).map_err(|_| unknown())?;
        let by_name =
            |entry: *mut libc::passwd, buffer: &mut [libc::c_char], found: *mut *mut libc::passwd| {
                // SAFETY: all pointers are valid for the call, and the length is the buffer's.
                unsafe { libc::getpwnam_r(text.as_ptr(), entry, buffer.as_mut_ptr(), buffer.len(), found) }
            };
        if let Some(account) = lookup(name, by_name)? {
            return Ok(account);
        }
        let uid: u32 = name.parse().map_err(|_| unknown())?;
        let by_number =
            |entry: *mut libc::passwd, buffer: &mut [libc::c_char], found: *mut *mut libc::passwd| {
                // SAFETY: all pointers are valid for the call, and the length is the buffer's.
                unsafe { libc::getpwuid_r(uid, entry, buffer.as_mut_ptr(), buffer.len(), found) }
            };
        lookup(name, by_number)?.ok_or(AccountError::NoEntry(uid))
    }
}

type Ask<'a> = &'a dyn Fn(*mut libc::passwd, &mut [libc::c_char], *mut *mut libc::passwd) -> libc::c_int;

fn lookup(
    name: &str,
    ask: impl Fn(*mut libc::passwd, &mut [libc::c_char], *mut *mut libc::passwd) -> libc::c_int,
) -> Result<Option<Account>, AccountError> {
    let failed = |source: io::Error| AccountError::Lookup { name: name.to_owned(), source };
    let ask: Ask<'_> = &ask;
    let mut length = 4096;
    loop {
        let mut buffer = vec![0 as libc::c_char; length];
        // SAFETY: passwd consists of integers and pointers, for which zero is a value.
        let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        match ask(&mut entry, &mut buffer, &mut found) {
            0 if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: the call succeeded, so the entry's pointers are strings inside `buffer`, which lives.
                return unsafe { read_entry(&entry) }.map(Some).map_err(failed);
            }
            libc::ERANGE if length < ENTRY_LENGTH_MAX => length *= 4,
            libc::EINTR => {}
            // Some databases say "not found" in these ways (getpwnam_r(3)).
            libc::ENOENT | libc::ESRCH => return Ok(None),
            error => return Err(failed(io::Error::from_raw_os_error(error))),
        }
    }
}

/// # Safety
/// The pointers in `entry` must be null or NUL-terminated strings.
unsafe fn read_entry(entry: &libc::passwd) -> io::Result<Account> {
    let bytes = |text: *const libc::c_char| -> Vec<u8> {
        if text.is_null() {
            Vec::new()
        } else {
            // SAFETY: by the caller, a NUL-terminated string.
            unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
        }
    };
    let path = |text, otherwise: &str| {
        let bytes = bytes(text);
        if bytes.is_empty() { PathBuf::from(otherwise) } else { PathBuf::from(OsString::from_vec(bytes)) }
    };
    Ok(Account {
        name: String::from_utf8_lossy(&bytes(entry.pw_name)).into_owned(),
        uid: entry.pw_uid,
        gid: entry.pw_gid,
        groups: groups_of(entry)?,
        home: path(entry.pw_dir, "/"),
        shell: path(entry.pw_shell, "/bin/sh"),
    })
}

fn groups_of(entry: &libc::passwd) -> io::Result<Vec<u32>> {
    let mut groups: Vec<libc::gid_t> = vec![0; 64];
    loop {
        // At most GROUPS_MAX, which fits.
        let mut count = groups.len() as libc::c_int;
        // SAFETY: the name is a string of the entry; `count` is the number of places in `groups`.
        let written =
            unsafe { libc::getgrouplist(entry.pw_name, entry.pw_gid, groups.as_mut_ptr(), &mut count) };
        if written >= 0 {
            groups.truncate(written as usize);
            return Ok(groups);
        }
        if groups.len() >= GROUPS_MAX {
            return Err(io::Error::other("the account is in too many groups"));
        }
        groups.resize((groups.len() * 4).min(GROUPS_MAX), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_found_by_name_and_number() {
        for name in ["root", "0"] {
            let account = Account::find(name).unwrap();
            assert_eq!((account.name.as_str(), account.uid, account.gid), ("root", 0, 0));
            assert!(account.groups.contains(&0));
        }
    }

    #[test]
    fn who_is_not_there_is_named() {
        for name in ["", "no such user", "nul\0"] {
            assert!(matches!(Account::find(name), Err(AccountError::Unknown(_))), "{name:?}");
        }
        assert!(matches!(Account::find("4123456789"), Err(AccountError::NoEntry(4_123_456_789))));
    }
}
