//! Who can read and write what the service trusts.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use mainstay_types::validation::{Check, Verdict};

use super::Ground;

const AREA: &str = "permissions";

/// Permission of group and others to write.
const WRITE_OF_OTHERS: u32 = 0o022;

/// Any permission of group and others.
const ANY_OF_OTHERS: u32 = 0o077;

/// Only a file's owner may remove it, whoever may write the directory.
const STICKY: u32 = 0o1000;

/// Everything that has a place.
pub(super) fn check(ground: &Ground) -> Vec<Check> {
    let mut checks =
        vec![private("data directory", &ground.data_dir), private("run directory", &ground.run_dir)];
    for (what, path) in [("cluster database", &ground.database), ("journal", &ground.journal)] {
        checks.push(private(what, path));
    }
    checks.push(socket(&ground.socket));
    checks.extend(ground.programs.iter().map(|program| trusted("program", program)));
    checks.push(match ground.has_administrators {
        true => Check::ok(AREA, "group 'mainstay'", "it is there; its members may do everything"),
        false => Check::ok(AREA, "group 'mainstay'", "there is none; only root may do everything"),
    });
    checks.push(cgroup(&ground.cgroup_root));
    checks
}

fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Ours alone: nobody else reads it or writes it.
fn private(what: &str, path: &Path) -> Check {
    let what = format!("{what} {}", path.display());
    match fs::metadata(path) {
        Err(error) => unreadable(what, &error),
        Ok(found) => judge_private(what, path, &found, us()),
    }
}

fn judge_private(what: String, path: &Path, found: &Metadata, us: u32) -> Check {
    let seen = format!("owner {}, mode {:04o}", found.uid(), found.mode() & 0o7777);
    let is_open = found.mode() & ANY_OF_OTHERS != 0 || (found.uid() != us && found.uid() != 0);
    let can_write = found.mode() & WRITE_OF_OTHERS != 0 || (found.uid() != us && found.uid() != 0);
    let mode = if found.is_dir() { "0700" } else { "0600" };
    let way_out = format!("chown {us} '{path}' && chmod {mode} '{path}'", path = path.display());
    match (can_write, is_open) {
        (true, _) => {
            Check::bad(Verdict::Failure, AREA, what, format!("{seen}: others can write it"), way_out)
        }
        (_, true) => Check::bad(Verdict::Warning, AREA, what, format!("{seen}: others can read it"), way_out),
        _ => Check::ok(AREA, what, seen),
    }
}

/// Nobody but root and us could have put it there.
fn trusted(what: &str, path: &Path) -> Check {
    let what = format!("{what} {}", path.display());
    match foreign_writer(path) {
        Ok(None) => Check::ok(AREA, what, "writable by its owner only"),
        Ok(Some(seen)) => Check::bad(
            Verdict::Failure,
            AREA,
            what,
            format!("{seen}, who could have the service run what they like"),
            "give it and the directories above it to root, with mode 0755",
        ),
        Err(error) => unreadable(what, &error),
    }
}

/// Who besides root and us could put something else in a file's place: what was seen of the file or of a directory above
/// it.
pub(super) fn foreign_writer(path: &Path) -> io::Result<Option<String>> {
    // Where a link leads is looked at, and what leads there is checked with the directories.
    let path = fs::canonicalize(path)?;
    let us = us();
    let mut is_file = true;
    for place in path.ancestors() {
        let found = fs::metadata(place)?;
        let mode = found.mode();
        let is_sticky = !is_file && mode & STICKY != 0;
        let is_foreign = found.uid() != 0 && found.uid() != us;
        if is_foreign || (mode & WRITE_OF_OTHERS != 0 && !is_sticky) {
            let place = place.display();
            return Ok(Some(format!(
                "{place} (owner {}, mode {:04o}) is writable by others",
                found.uid(),
                mode & 0o7777
            )));
        }
        is_file = false;
    }
    Ok(None)
}

/// Everybody may connect, since the service asks the kernel who it is; nobody else may put a socket in its place.
fn socket(path: &Path) -> Check {
    let what = format!("socket {}", path.display());
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) => return unreadable(what, &error),
    };
    if !found.file_type().is_socket() {
        let way_out = "move it away and start the service again";
        return Check::bad(Verdict::Failure, AREA, what, "something that is no socket", way_out);
    }
    match path.parent().map(foreign_writer) {
        Some(Ok(Some(seen))) => Check::bad(
            Verdict::Failure,
            AREA,
            what,
            format!("{seen}, who could answer in the service's place"),
            "set a socket in a directory of root's",
        ),
        _ if found.mode() & 0o666 != 0o666 => Check::bad(
            Verdict::Warning,
            AREA,
            what,
            format!("mode {:04o}: not everybody who has access can connect", found.mode() & 0o7777),
            "start the service again, which sets mode 0666; access is decided by the cluster's descriptor",
        ),
        _ => Check::ok(
            AREA,
            what,
            format!("mode {:04o}, in a directory of its owner's", found.mode() & 0o7777),
        ),
    }
}

/// What a hard stop needs of the kernel.
fn cgroup(root: &Path) -> Check {
    let what = format!("control group {}", root.display());
    match mainstay_process::cgroup::check_place(root) {
        Ok(()) if root.join("cgroup.freeze").is_file() && root.join("cgroup.kill").is_file() => {
            Check::ok(AREA, what, "cgroup v2, with freeze and kill")
        }
        Ok(()) => Check::bad(
            Verdict::Failure,
            AREA,
            what,
            "it has no cgroup.freeze or no cgroup.kill",
            "use a kernel of version 5.14 or newer",
        ),
        Err(error) => Check::bad(Verdict::Failure, AREA, what, error.to_string(), "mount cgroup v2 there"),
    }
}

fn unreadable(what: String, error: &io::Error) -> Check {
    Check::bad(
        Verdict::Failure,
        AREA,
        what,
        error.to_string(),
        "see who has moved it away or taken its permissions",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn who_can_write_what_is_trusted_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("library.so");
        fs::write(&file, "x").unwrap();
        let us = us();
        for (mode, of_directory, private, trusted) in [
            (0o600, 0o700, Verdict::Ok, true),
            (0o640, 0o700, Verdict::Warning, true),
            (0o644, 0o755, Verdict::Warning, true),
            (0o664, 0o700, Verdict::Failure, false),
            (0o606, 0o700, Verdict::Failure, false),
            (0o600, 0o777, Verdict::Ok, false),
            (0o600, 0o1777, Verdict::Ok, true),
        ] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(of_directory)).unwrap();
            let found = judge_private("file".into(), &file, &fs::metadata(&file).unwrap(), us);
            assert_eq!(found.verdict, private, "{mode:o}: {found:?}");
            assert_eq!(found.way_out.is_empty(), private == Verdict::Ok);
            let seen = foreign_writer(&file).unwrap();
            assert_eq!(seen.is_none(), trusted, "{mode:o} in {of_directory:o}: {seen:?}");
        }
        // What belongs to somebody else is his to write.
        let found = judge_private("file".into(), &file, &fs::metadata(&file).unwrap(), us + 1);
        assert_eq!(found.verdict, if us == 0 { Verdict::Ok } else { Verdict::Failure }, "root may");
        assert!(foreign_writer(&directory.path().join("none")).is_err());
    }

    #[test]
    fn a_socket_is_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        assert_eq!(socket(&path).verdict, Verdict::Failure, "there is none");
        fs::write(&path, "").unwrap();
        assert_eq!(socket(&path).verdict, Verdict::Failure, "a file");
        fs::remove_file(&path).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(socket(&path).verdict, Verdict::Warning);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(socket(&path).verdict, Verdict::Ok, "{:?}", socket(&path));
    }
}
