//! What the tasks need of the machine beside Rust's toolchain.
//!
//! On Debian and its kin it is installed, by root only and never silently; everybody else is told what to run.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// A program or file, and the Debian package that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// A program's name, or a file's path, in which a component `*` stands for any.
    what: &'static str,
    package: &'static str,
    reason: &'static str,
}

/// Compilers for what is in C and C++.
pub(crate) const FOR_C: &[Need] = &[
    Need { what: "cc", package: "build-essential", reason: "compiles SQLite and the examples in C" },
    Need { what: "c++", package: "build-essential", reason: "compiles our headers as C++" },
];

/// What the tests need.
pub(crate) const FOR_TESTS: &[Need] = &[
    FOR_C[0],
    FOR_C[1],
    Need { what: "pkg-config", package: "pkg-config", reason: "reads clusapi.pc as users' builds do" },
];

/// What a row of the bench needs that is left out where it is not there.
pub(crate) const FOR_BENCH: &[Need] = &[Need {
    what: "/usr/lib/ocf/resource.d/pacemaker/Dummy",
    package: "pacemaker-resource-agents",
    reason: "agents as resources",
}];

/// What some tests need that skip where it is not there.
pub(crate) const FOR_SOME_TESTS: &[Need] = &[
    Need { what: "qemu-system-x86_64", package: "qemu-system-x86", reason: "runs virtual machines" },
    Need {
        what: "/usr/lib/ocf/resource.d/heartbeat/Dummy",
        package: "resource-agents",
        reason: "agents as resources",
    },
    FOR_BENCH[0],
    Need { what: "/lib/systemd/systemd", package: "systemd", reason: "units as resources" },
    Need { what: "dbus-daemon", package: "dbus", reason: "the way to systemd" },
    Need { what: "ip", package: "iproute2", reason: "addresses and routes, also those of agents" },
    Need { what: "mkfs.ext4", package: "e2fsprogs", reason: "file systems to mount" },
    Need { what: "fuser", package: "psmisc", reason: "the agent Filesystem calls it" },
    Need { what: "modprobe", package: "kmod", reason: "the agent Filesystem calls it" },
    Need { what: "curl", package: "curl", reason: "the agent nginx calls it" },
    Need { what: "libvirtd", package: "libvirt-daemon", reason: "the agent VirtualDomain calls it" },
    Need { what: "virsh", package: "libvirt-clients", reason: "the agent VirtualDomain calls it" },
    Need {
        what: "/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so",
        package: "libvirt-daemon-driver-qemu",
        reason: "guests of the agent VirtualDomain",
    },
    Need { what: "qemu-system-x86_64", package: "qemu-system-x86", reason: "guests" },
    Need { what: "/usr/sbin/nginx", package: "nginx", reason: "runs as a resource" },
    Need {
        what: "/usr/lib/postgresql/*/bin/initdb",
        package: "postgresql",
        reason: "runs as a resource, and may lose no row",
    },
];

/// Makes sure that everything is there, or says how to get it.
pub(crate) fn require(needs: &[Need]) -> Result {
    let missing = missing(needs, is_there);
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

/// Installs what is not there, if that can be. What needs it will say itself that it lacks.
pub(crate) fn offer(needs: &[Need]) {
    let missing = missing(needs, is_there);
    if !missing.is_empty()
        && let Err(error) = install(&missing)
    {
        println!("what needs it will be skipped: {error}");
    }
}

fn install(missing: &[Need]) -> Result {
    println!("Missing on this machine:");
    for need in missing {
        println!("  {} (Debian package {}): {}", need.what, need.package, need.reason);
    }
    let packages = packages(missing);
    let list = packages.join(" ");
    if !is_on_path("apt-get") {
        return Err(format!("install what Debian calls {list}, then run this again").into());
    }
    if !rustix::process::geteuid().is_root() {
        return Err(format!(
            "not root, so nothing is installed; run this, then the task again:\n  sudo apt-get install -y {list}"
        )
        .into());
    }
    println!("Installing with apt-get: {list}");
    let _quiet = NoStarts::begin()?;
    apt_get(&["update", "-qq"])?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    apt_get(&[&install[..], &packages].concat())
}

/// As long as it lives, packages that are installed start no daemons: Debian's maintainer scripts ask this file.
struct NoStarts(Option<&'static Path>);

impl NoStarts {
    fn begin() -> Result<Self> {
        let policy = Path::new("/usr/sbin/policy-rc.d");
        if policy.exists() {
            // The machine has an answer of its own.
            return Ok(NoStarts(None));
        }
        // 101: not allowed.
        fs::write(policy, "#!/bin/sh\nexit 101\n")?;
        let policy_now = NoStarts(Some(policy));
        fs::set_permissions(policy, fs::Permissions::from_mode(0o755))?;
        Ok(policy_now)
    }
}

impl Drop for NoStarts {
    fn drop(&mut self) {
        if let Some(policy) = self.0
            && let Err(error) = fs::remove_file(policy)
        {
            eprintln!("{} has to be removed by hand: {error}", policy.display());
        }
    }
}

fn apt_get(arguments: &[&str]) -> Result {
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    if !status.success() {
        return Err(format!("apt-get {} ended with {status}", arguments.join(" ")).into());
    }
    Ok(())
}

fn missing(needs: &[Need], is_there: impl Fn(&str) -> bool) -> Vec<Need> {
    needs.iter().filter(|need| !is_there(need.what)).copied().collect()
}

/// Each package once, in the order of the needs.
fn packages(needs: &[Need]) -> Vec<&'static str> {
    let mut packages = Vec::new();
    for need in needs {
        if !packages.contains(&need.package) {
            packages.push(need.package);
        }
    }
    packages
}

fn is_there(what: &str) -> bool {
    match what.strip_prefix('/') {
        Some(path) => matches(Path::new("/"), path),
        None => is_on_path(what),
    }
}

/// Whether a directory has a file with this path, in which a component `*` stands for any.
fn matches(directory: &Path, path: &str) -> bool {
    match path.split_once('/') {
        None => directory.join(path).is_file(),
        Some(("*", rest)) => {
            let entries = fs::read_dir(directory).into_iter().flatten().filter_map(std::result::Result::ok);
            entries.into_iter().any(|entry| matches(&entry.path(), rest))
        }
        Some((name, rest)) => matches(&directory.join(name), rest),
    }
}

fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| is_executable(&directory.join(program)))
}

fn is_executable(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_package_is_named_once() {
        let missing = missing(FOR_TESTS, |what| what == "pkg-config");
        assert_eq!(missing, [FOR_C[0], FOR_C[1]]);
        assert_eq!(packages(&missing), ["build-essential"]);
        assert!(super::missing(FOR_TESTS, |_| true).is_empty());
    }

    #[test]
    fn a_file_is_found_under_any_version() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("lib/15/bin")).unwrap();
        fs::write(root.path().join("lib/15/bin/initdb"), "").unwrap();
        assert!(matches(root.path(), "lib/*/bin/initdb") && matches(root.path(), "lib/15/bin/initdb"));
        assert!(!matches(root.path(), "lib/*/initdb") && !matches(root.path(), "lib/15/bin"));
    }

    #[test]
    fn a_program_is_found_on_the_path() {
        assert!(is_on_path("sh"));
        assert!(!is_on_path("no-such-program-anywhere"));
    }
}
