//! `cargo xtask install`: programs, library, headers and units to the places where packages have them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use xshell::cmd;

use crate::arguments::{Arguments, UsageError};
use crate::workspace::{LIBRARY, LIBRARY_SONAME, PROGRAMS, Profile, Workspace, headline};
use crate::{Result, packages};

const HELP: &str = "\
Builds in release mode and copies: programs to bin, sbin and libexec/mainstay; libclusapi.so with its links and
clusapi.pc to lib; headers to include/mainstay; units to lib/systemd/system; completions for bash, zsh and fish; and
/etc/mainstay/mainstayd.toml, where there is none yet.

Usage: cargo xtask install --prefix DIR [OPTION]...

Options:
  --prefix DIR     Where it will be used, such as /usr
  --destdir DIR    A directory that stands for the root, for making packages
";

/// Where the headers go: a directory of their own, since their names are those of another system.
const INCLUDE: &str = "include/mainstay";

/// The version in the library's file name.
const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Shells, and where they look for completions below the prefix.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "share/bash-completion/completions/mainstay"),
    ("zsh", "share/zsh/site-functions/_mainstay"),
    ("fish", "share/fish/vendor_completions.d/mainstay.fish"),
];

/// Where the installed files go.
struct Destination {
    /// As the files will be named when they are used.
    prefix: PathBuf,
    /// Where they are written now.
    staged: PathBuf,
    /// Where configuration is written: always `/etc`, which is where the units look.
    etc: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result {
    if arguments.help(HELP) {
        return Ok(());
    }
    let prefix = arguments.value("--prefix")?.map(PathBuf::from);
    let destdir = arguments.value("--destdir")?.map(PathBuf::from);
    arguments.end()?;
    let Some(prefix) = prefix else {
        return Err(UsageError("--prefix is missing, such as --prefix /usr".to_owned()).into());
    };
    if !prefix.is_absolute() {
        return Err(UsageError(format!("--prefix {} is no absolute path", prefix.display())).into());
    }
    let root = destdir.map_or_else(|| Ok(PathBuf::from("/")), std::path::absolute)?;
    let staged = root.join(prefix.strip_prefix("/").unwrap_or(&prefix));
    packages::require(packages::FOR_C)?;

    headline("building");
    let built = workspace.build(Profile::Release)?;

    headline("installing");
    let to = Destination { prefix, staged, etc: root.join("etc") };
    for program in PROGRAMS {
        to.copy(&built.program(program), &format!("{}/{program}", directory_of(program)), 0o755)?;
    }
    install_library(&to, &built.program(LIBRARY))?;
    to.copy_tree(&workspace.root.join("include"), INCLUDE, &|name| name.ends_with(".in"))?;
    to.fill(&workspace.root.join("include/clusapi.pc.in"), "lib/pkgconfig/clusapi.pc")?;
    for unit in ["mainstayd.service", "mainstay-guard.service", "mainstay-shutdown.service"] {
        to.fill(&workspace.root.join("packaging").join(unit), &format!("lib/systemd/system/{unit}"))?;
    }
    to.fill_if_absent(&workspace.root.join("packaging/mainstayd.toml"), "mainstay/mainstayd.toml")?;
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        to.copy(&workspace.root.join(licence), &format!("share/doc/mainstay/{licence}"), 0o644)?;
    }
    let shell = workspace.shell()?;
    let mainstay = built.program("mainstay");
    for (name, path) in COMPLETIONS {
        let text = cmd!(shell, "{mainstay} completions {name}").quiet().read()?;
        to.write(path, &text)?;
    }
    Ok(())
}

/// Where a program belongs: what people call, what the init system calls, what only the service calls.
fn directory_of(program: &str) -> &'static str {
    match program {
        "mainstay" => "bin",
        "mainstayd" => "sbin",
        _ => "libexec/mainstay",
    }
}

/// The file carries the whole version; the links are what loader and linker ask for.
fn install_library(to: &Destination, library: &Path) -> Result {
    let file = format!("{LIBRARY}.{LIBRARY_VERSION}");
    to.copy(library, &format!("lib/{file}"), 0o755)?;
    to.link(&file, &format!("lib/{LIBRARY_SONAME}"))?;
    to.link(LIBRARY_SONAME, &format!("lib/{LIBRARY}"))
}

impl Destination {
    /// The place for `name`, with its directory made, and announced.
    fn place(&self, name: &str) -> Result<PathBuf> {
        Self::place_at(self.staged.join(name))
    }

    fn place_at(path: PathBuf) -> Result<PathBuf> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        }
        // A program that runs cannot be written over, but its name can be given to a new file.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{}: {error}", path.display()).into());
            }
            _ => {}
        }
        println!("{}", path.display());
        Ok(path)
    }

    fn copy(&self, from: &Path, name: &str, mode: u32) -> Result {
        let to = self.place(name)?;
        fs::copy(from, &to).map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(mode))?;
        Ok(())
    }

    fn copy_tree(&self, from: &Path, name: &str, is_left_out: &dyn Fn(&str) -> bool) -> Result {
        for entry in fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))? {
            let entry = entry?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let to = format!("{name}/{file}");
            if entry.file_type()?.is_dir() {
                self.copy_tree(&entry.path(), &to, is_left_out)?;
            } else if !is_left_out(&file) {
                self.copy(&entry.path(), &to, 0o644)?;
            }
        }
        Ok(())
    }

    fn link(&self, target: &str, name: &str) -> Result {
        Ok(symlink(target, self.place(name)?)?)
    }

    fn write(&self, name: &str, text: &str) -> Result {
        write(&self.place(name)?, text)
    }

    /// Writes a template with its words filled in.
    fn fill(&self, from: &Path, name: &str) -> Result {
        let text = fs::read_to_string(from).map_err(|error| format!("{}: {error}", from.display()))?;
        self.write(name, &fill(&text, &self.prefix)?)
    }

    /// Writes a template below `/etc`, unless the administrator has a file there already.
    fn fill_if_absent(&self, from: &Path, name: &str) -> Result {
        let to = self.etc.join(name);
        if to.exists() {
            println!("{} is there already and stays as it is", to.display());
            return Ok(());
        }
        let text = fs::read_to_string(from).map_err(|error| format!("{}: {error}", from.display()))?;
        write(&Self::place_at(to)?, &fill(&text, &self.prefix)?)
    }
}

fn write(to: &Path, text: &str) -> Result {
    fs::write(to, text).map_err(|error| format!("{}: {error}", to.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o644))?;
    Ok(())
}

/// Replaces `@prefix@`, `@libdir@`, `@includedir@` and `@version@`; another word between two such signs is an error.
fn fill(text: &str, prefix: &Path) -> Result<String> {
    let filled = text
        .replace("@prefix@", &prefix.display().to_string())
        .replace("@libdir@", &prefix.join("lib").display().to_string())
        .replace("@includedir@", &prefix.join(INCLUDE).display().to_string())
        .replace("@version@", LIBRARY_VERSION)
        .replace("@VERSION@", LIBRARY_VERSION);
    let mut words = filled.split('@').skip(1).step_by(2);
    match words.find(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        Some(word) => Err(format!("nothing is known about @{word}@").into()),
        None => Ok(filled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled() {
        let text = fill("a=@prefix@/lib v@version@", Path::new("/usr")).unwrap();
        assert_eq!(text, format!("a=/usr/lib v{LIBRARY_VERSION}"));
        assert!(fill("@sbindir@", Path::new("/usr")).unwrap_err().to_string().contains("@sbindir@"));
    }

    #[test]
    fn every_program_has_its_place() {
        let places: Vec<&str> = PROGRAMS.iter().map(|program| directory_of(program)).collect();
        let libexec = ["libexec/mainstay"; 6];
        assert_eq!((&places[..2], &places[2..]), (&["bin", "sbin"][..], &libexec[..]));
    }
}
