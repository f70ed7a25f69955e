//! Where the cluster service listens.

use std::path::{Path, PathBuf};

/// Where the service of this machine listens when nothing else is said.
pub const DEFAULT_SOCKET: &str = "/run/mainstay/mainstay.sock";

/// The variable that names another socket; `mainstayd --dev` prints the line that sets it.
pub const SOCKET_VARIABLE: &str = "MAINSTAY_SOCKET";

/// The socket to connect to: the one that is asked for, else the one that [`SOCKET_VARIABLE`] names, else
/// [`DEFAULT_SOCKET`]. An empty variable counts as none.
pub fn socket_path(explicit: Option<&Path>) -> PathBuf {
    match explicit {
        Some(path) => path.to_owned(),
        None => from_variable(std::env::var_os(SOCKET_VARIABLE)),
    }
}

fn from_variable(value: Option<std::ffi::OsString>) -> PathBuf {
    match value {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => PathBuf::from(DEFAULT_SOCKET),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_before_variable_before_default() {
        assert_eq!(socket_path(Some(Path::new("/x/y"))), Path::new("/x/y"));
        assert_eq!(from_variable(Some("/run/other.sock".into())), Path::new("/run/other.sock"));
        assert_eq!(from_variable(Some("".into())), Path::new(DEFAULT_SOCKET));
        assert_eq!(from_variable(None), Path::new(DEFAULT_SOCKET));
    }
}
