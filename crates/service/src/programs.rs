//! Where the other programs of the installation are.

use std::io;
use std::path::{Path, PathBuf};

/// Where packages install the programs that nobody calls by hand.
const LIBEXEC_DIR: &str = "/usr/libexec/mainstay";

/// The programs that the service starts.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `mainstay-guard`.
    pub guard: PathBuf,
    /// `mainstay-host`.
    pub host: PathBuf,
    /// `mainstay-host-foreign`.
    pub host_foreign: PathBuf,
    /// `mainstay-agent-tools`, which agents call. Where it is not installed, they find no tools.
    pub agent_tools: Option<PathBuf>,
    /// `mainstay-act`, the agents of our own. Where it is not installed, no resource of theirs can be.
    pub act: Option<PathBuf>,
}

impl Programs {
    /// Finds them: in `dir` where one is set, else beside this program, else in the `libexec/mainstay` of the same
    /// prefix, else where packages install them.
    ///
    /// # Errors
    ///
    /// One is missing; the error names it and where it was looked for.
    pub fn find(dir: Option<&Path>) -> io::Result<Self> {
        let places = match dir {
            Some(dir) => vec![dir.to_owned()],
            None => places(&std::env::current_exe()?),
        };
        let look = |name: &str| places.iter().map(|place| place.join(name)).find(|path| path.is_file());
        let find = |name: &str| {
            look(name).ok_or_else(|| {
                let places =
                    places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ");
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("the program {name} is in none of {places}; install it there or set program_dir"),
                )
            })
        };
        Ok(Programs {
            guard: find("mainstay-guard")?,
            host: find("mainstay-host")?,
            host_foreign: find("mainstay-host-foreign")?,
            agent_tools: look("mainstay-agent-tools"),
            act: look("mainstay-act"),
        })
    }
}

/// Where to look beside a program that is itself installed here.
fn places(program: &Path) -> Vec<PathBuf> {
    let beside = program.parent();
    let prefix = beside.and_then(Path::parent);
    let libexec = prefix.map(|prefix| prefix.join("libexec/mainstay"));
    let mut places: Vec<PathBuf> = beside.map(Path::to_owned).into_iter().chain(libexec).collect();
    if !places.iter().any(|place| place == Path::new(LIBEXEC_DIR)) {
        places.push(LIBEXEC_DIR.into());
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_looked_for_in_the_same_prefix() {
        for (program, expected) in [
            ("/usr/sbin/mainstayd", &["/usr/sbin", "/usr/libexec/mainstay"][..]),
            ("/opt/m/sbin/mainstayd", &["/opt/m/sbin", "/opt/m/libexec/mainstay", LIBEXEC_DIR]),
        ] {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(places(Path::new(program)), expected);
        }
    }
}
