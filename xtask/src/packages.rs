//! What the tasks need of the machine beside Rust's toolchain.
//!
//! On Debian and its kin it is installed, by root only and never silently; everybody else is told what to run.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// A program, and the Debian package that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    program: &'static str,
    package: &'static str,
    reason: &'static str,
}

/// Compilers for what is in C and C++.
pub(crate) const FOR_C: &[Need] = &[
    Need { program: "cc", package: "build-essential", reason: "compiles SQLite and the examples in C" },
    Need { program: "c++", package: "build-essential", reason: "compiles our headers as C++" },
];

/// What the tests need.
pub(crate) const FOR_TESTS: &[Need] = &[
    FOR_C[0],
    FOR_C[1],
    Need { program: "pkg-config", package: "pkg-config", reason: "reads clusapi.pc as users' builds do" },
];

/// Makes sure that everything is there, or says how to get it.
pub(crate) fn require(needs: &[Need]) -> Result {
    let missing = missing(needs, is_on_path);
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing on this machine:");
    for need in &missing {
        println!("  {} (Debian package {}): {}", need.program, need.package, need.reason);
    }
    let packages = packages(&missing);
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
    apt_get(&["update", "-qq"])?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    apt_get(&[&install[..], &packages].concat())
}

fn apt_get(arguments: &[&str]) -> Result {
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    if !status.success() {
        return Err(format!("apt-get {} ended with {status}", arguments.join(" ")).into());
    }
    Ok(())
}

fn missing(needs: &[Need], is_there: impl Fn(&str) -> bool) -> Vec<Need> {
    needs.iter().filter(|need| !is_there(need.program)).copied().collect()
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
        let missing = missing(FOR_TESTS, |program| program == "pkg-config");
        assert_eq!(missing, [FOR_C[0], FOR_C[1]]);
        assert_eq!(packages(&missing), ["build-essential"]);
        assert!(super::missing(FOR_TESTS, |_| true).is_empty());
    }

    #[test]
    fn a_program_is_found_on_the_path() {
        assert!(is_on_path("sh"));
        assert!(!is_on_path("no-such-program-anywhere"));
    }
}
