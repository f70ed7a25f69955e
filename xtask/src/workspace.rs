//! Where things are, and how they are built.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::Result;

/// The names of the programs that an installation has.
pub(crate) const PROGRAMS: [&str; 8] = [
    "mainstay",
    "mainstayd",
    "mainstay-guard",
    "mainstay-host",
    "mainstay-host-foreign",
    "mainstay-agent-tools",
    "mainstay-act",
    "mainstay-sim",
];

/// The library's file, and the name by which programs ask for it at run time.
pub(crate) const LIBRARY: &str = "libclusapi.so";
/// See [`LIBRARY`].
pub(crate) const LIBRARY_SONAME: &str = "libclusapi.so.1";

/// Tells tests where the programs are.
pub(crate) const PROGRAM_DIR_VARIABLE: &str = "MAINSTAY_PROGRAM_DIR";
/// Tells tests where the C library is, under both of its names.
pub(crate) const LIBRARY_DIR_VARIABLE: &str = "MAINSTAY_LIBRARY_DIR";

/// How something is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As the tests are.
    Test,
    /// As what is installed and measured is.
    Release,
}

/// The sources and what is built of them.
pub(crate) struct Workspace {
    /// The directory of the sources.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target_dir: PathBuf,
}

/// What was built.
pub(crate) struct Built {
    /// The directory of the programs.
    pub(crate) program_dir: PathBuf,
    /// The directory of the C library.
    pub(crate) library_dir: PathBuf,
}

impl Built {
    /// A program's file.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.program_dir.join(name)
    }
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

impl Workspace {
    /// Finds them from where this crate was compiled.
    pub(crate) fn find() -> Result<Self> {
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = here.parent().ok_or("this crate has no directory above it")?.to_owned();
        let target_dir = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => std::path::absolute(dir)?,
            None => root.join("target"),
        };
        Ok(Self { root, target_dir })
    }

    /// A shell in the directory of the sources.
    pub(crate) fn shell(&self) -> Result<Shell> {
        let shell = Shell::new()?;
        shell.change_dir(&self.root);
        Ok(shell)
    }

    /// Builds every program and the C library.
    ///
    /// For tests that means everything with everything that tests depend on, so that nothing is built twice with other
    /// features when the tests themselves are built.
    pub(crate) fn build(&self, profile: Profile) -> Result<Built> {
        let shell = self.shell()?;
        let cargo = cargo();
        let (options, directory): (&[&str], _) = match profile {
            Profile::Test => (&["--workspace", "--all-targets"], "debug"),
            Profile::Release => (RELEASE_PACKAGES, "release"),
        };
        cmd!(shell, "{cargo} build {options...}").quiet().run()?;
        if profile == Profile::Release {
            // By itself: what is installed beside it is built without the engine's simulated world.
            cmd!(shell, "{cargo} build --release --package mainstay-sim").quiet().run()?;
        }
        let program_dir = self.target_dir.join(directory);
        let library_dir = library_dir(&program_dir)?;
        Ok(Built { program_dir, library_dir })
    }
}

/// The packages with programs, and the C library.
const RELEASE_PACKAGES: &[&str] = &[
    "--release",
    "--package",
    "mainstay-service",
    "--package",
    "mainstay-cli",
    "--package",
    "mainstay-guard",
    "--package",
    "mainstay-host",
    "--package",
    "mainstay-host-foreign",
    "--package",
    "mainstay-clusapi",
];

/// Makes a directory in which the C library has both of its names: the linker's and the loader's.
fn library_dir(program_dir: &Path) -> Result<PathBuf> {
    let directory = program_dir.join("lib");
    fs::create_dir_all(&directory)?;
    for name in [LIBRARY, LIBRARY_SONAME] {
        let link = directory.join(name);
        match fs::remove_file(&link) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => symlink(Path::new("..").join(LIBRARY), &link)?,
        }
    }
    Ok(directory)
}

/// Says what comes next.
pub(crate) fn headline(text: &str) {
    println!("\n== {text}");
}

/// Shows what somebody else has printed.
pub(crate) fn show(text: &str) {
    for line in text.lines() {
        println!("   | {line}");
    }
}
