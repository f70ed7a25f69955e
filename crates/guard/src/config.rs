//! The guard's command line.

use std::ffi::OsString;
use std::path::PathBuf;

use mainstay_types::ClusterId;

/// What the guard is told when it is started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where socket, lock and state file are. Made if it is not there, mode 0700.
    pub run_dir: PathBuf,
    /// The cluster's place in the cgroup tree. Made if it is not there.
    pub cgroup_root: PathBuf,
    /// A service of another cluster is refused.
    pub cluster: ClusterId,
}

/// What is wrong with the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; usage: mainstay-guard --run-dir DIR --cgroup-root DIR --cluster ID")]
pub struct UsageError(String);

impl Config {
    /// Reads the arguments, without the program's name.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let (mut run_dir, mut cgroup_root, mut cluster) = (None, None, None);
        let mut arguments = arguments.into_iter();
        while let Some(flag) = arguments.next() {
            let flag = flag.display().to_string();
            let mut value = || arguments.next().ok_or_else(|| UsageError(format!("{flag} needs a value")));
            match flag.as_str() {
                "--run-dir" => run_dir = Some(PathBuf::from(value()?)),
                "--cgroup-root" => cgroup_root = Some(PathBuf::from(value()?)),
                "--cluster" => {
                    let text = value()?.display().to_string();
                    cluster = Some(text.parse().map_err(|error| UsageError(format!("--cluster: {error}")))?);
                }
                _ => return Err(UsageError(format!("unknown argument '{flag}'"))),
            }
        }
        let missing = |flag: &str| UsageError(format!("{flag} is missing"));
        Ok(Config {
            run_dir: run_dir.ok_or_else(|| missing("--run-dir"))?,
            cgroup_root: cgroup_root.ok_or_else(|| missing("--cgroup-root"))?,
            cluster: cluster.ok_or_else(|| missing("--cluster"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        let id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        let parse = |line: &str| Config::parse(line.split_whitespace().map(OsString::from));
        let config = parse(&format!("--run-dir /r --cgroup-root /c --cluster {id}")).unwrap();
        assert_eq!(config.run_dir, PathBuf::from("/r"));
        for (line, expected) in [
            ("", "--run-dir is missing"),
            ("--run-dir", "--run-dir needs a value"),
            ("--cluster x", "'x' is no cluster id"),
            ("--what", "unknown argument '--what'"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("usage:"), "{line}: {error}");
        }
    }
}
