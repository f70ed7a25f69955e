//! The configuration file, and what the command line sets over it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where the service listens when nothing else is said, and where the tools look.
pub const DEFAULT_SOCKET: &str = "/run/mainstay/mainstay.sock";

/// Where agents of the Open Cluster Framework are when nothing else is said, as distributions install them.
pub const DEFAULT_OCF_ROOT: &str = "/usr/lib/ocf";

/// Where the database lives when nothing else is said.
pub const DEFAULT_DATA_DIR: &str = "/var/lib/mainstay";

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be; the message of the parser names key and line.
    #[error("configuration {path}: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        message: String,
    },
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The environment variable that tells guard and hosts, and its value; `None` where they need not be told.
    pub fn environment(self) -> Option<(&'static str, &'static str)> {
        match self {
            LogFormat::Human => None,
            LogFormat::Json => Some(("MAINSTAY_LOG_FORMAT", "json")),
        }
    }
}

/// `mainstayd`'s configuration, as the TOML file has it. An unknown key is an error that names it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory of the cluster database and the journal.
    pub data_dir: Option<PathBuf>,
    /// The Unix socket on which clients are served.
    pub socket: Option<PathBuf>,
    /// The directory of sockets and state of hosts and guard. It must not survive a boot: a place under `/run`.
    pub run_dir: Option<PathBuf>,
    /// The cgroup v2 directory below which everything of this cluster runs.
    pub cgroup_root: Option<PathBuf>,
    /// The directory of `mainstay-guard`, `mainstay-host` and `mainstay-host-foreign`.
    pub program_dir: Option<PathBuf>,
    /// Where agents of the Open Cluster Framework are: `resource.d/PROVIDER/NAME` below it.
    pub ocf_root: Option<PathBuf>,
    /// Whether somebody else starts the guard, such as the init system; it is waited for then, and never started.
    pub external_guard: bool,
    /// Follow MS-CMRP where Mainstay is friendlier (design of flags, failed and pending resources).
    pub strict_cmrp: bool,
    /// Logging.
    pub log: Log,
}

/// The `[log]` table.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "the table [log] with format and filter")]
pub struct Log {
    /// Human or JSON.
    pub format: LogFormat,
    /// What is logged, in the filter syntax of `tracing`: `info`, `mainstay_service=debug,info`.
    pub filter: Option<String>,
}

impl Config {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|message| ConfigError::Invalid { path: path.to_owned(), message })
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_is_read() {
        let config = Config::parse(
            "data_dir = '/srv/cluster'\nsocket = '/run/x.sock'\nrun_dir = '/run/x'\ncgroup_root = '/sys/fs/cgroup/x'\n\
             strict_cmrp = true\nexternal_guard = true\n[log]\nformat = 'json'\nfilter = 'debug'\n",
        )
        .unwrap();
        assert_eq!(config.socket, Some("/run/x.sock".into()));
        assert!(config.strict_cmrp && config.external_guard);
        assert_eq!(config.log, Log { format: LogFormat::Json, filter: Some("debug".into()) });
    }

    #[test]
    fn an_unknown_key_is_named() {
        for text in ["dtaa_dir = '/x'", "[log]\nfromat = 'json'"] {
            let message = Config::parse(text).unwrap_err();
            assert!(message.contains("dtaa_dir") || message.contains("fromat"), "{message}");
        }
    }
}
