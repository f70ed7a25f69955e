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
}

impl Programs {
    /// Finds them: in `dir` where one is set, else beside this program, else where packages install them.
    ///
    /// # Errors
    ///
    /// One is missing; the error names it and where it was looked for.
    pub fn find(dir: Option<&Path>) -> io::Result<Self> {
        let beside = std::env::current_exe()?.parent().map(Path::to_owned);
        let places: Vec<PathBuf> = match dir {
            Some(dir) => vec![dir.to_owned()],
            None => beside.into_iter().chain([PathBuf::from(LIBEXEC_DIR)]).collect(),
        };
        let find = |name: &str| {
            places.iter().map(|place| place.join(name)).find(|path| path.is_file()).ok_or_else(|| {
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
        })
    }
}
