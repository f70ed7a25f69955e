//! The host's command line.

use std::ffi::OsString;
use std::path::PathBuf;

use mainstay_types::{ClusterId, HostId};

/// Where agents are when nothing else is said.
const DEFAULT_OCF_ROOT: &str = "/usr/lib/ocf";

/// What a host is told when it is started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where its socket and the state files of its resources are.
    pub run_dir: PathBuf,
    /// The cluster's place in the cgroup tree.
    pub cgroup_root: PathBuf,
    /// A service of another cluster is refused.
    pub cluster: ClusterId,
    /// Which host it is.
    pub host: HostId,
    /// Where agents of the Open Cluster Framework are.
    pub ocf_root: PathBuf,
    /// What this node is called.
    pub node: String,
    /// The program that is the tools which agents call; without it they find none.
    pub agent_tools: Option<PathBuf>,
    /// The program that is the agents of our own; without it there are none.
    pub act: Option<PathBuf>,
    /// Where the service listens, for those tools.
    pub socket: Option<PathBuf>,
}

/// What is wrong with the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; usage: mainstay-host --run-dir DIR --cgroup-root DIR --cluster ID --host pool|own-ID [--ocf-root DIR] \
     [--node NAME] [--agent-tools FILE] [--act FILE] [--socket FILE]"
)]
pub struct UsageError(String);

impl Config {
    /// Reads the arguments, without the program's name.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let (mut run_dir, mut cgroup_root, mut cluster, mut host) = (None, None, None, None);
        let mut ocf_root = PathBuf::from(DEFAULT_OCF_ROOT);
        let (mut node, mut agent_tools, mut act, mut socket) = (None, None, None, None);
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
                "--ocf-root" => ocf_root = PathBuf::from(value()?),
                "--node" => node = Some(value()?.display().to_string()),
                "--agent-tools" => agent_tools = Some(PathBuf::from(value()?)),
                "--act" => act = Some(PathBuf::from(value()?)),
                "--socket" => socket = Some(PathBuf::from(value()?)),
                "--host" => host = Some(parse_host(&value()?.display().to_string())?),
                _ => return Err(UsageError(format!("unknown argument '{flag}'"))),
            }
        }
        let missing = |flag: &str| UsageError(format!("{flag} is missing"));
        Ok(Config {
            run_dir: run_dir.ok_or_else(|| missing("--run-dir"))?,
            cgroup_root: cgroup_root.ok_or_else(|| missing("--cgroup-root"))?,
            cluster: cluster.ok_or_else(|| missing("--cluster"))?,
            host: host.ok_or_else(|| missing("--host"))?,
            ocf_root,
            // A service of the version before does not say it.
            node: node.unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned()),
            agent_tools,
            act,
            socket,
        })
    }

    /// The socket on which this host listens.
    pub fn socket_path(&self) -> PathBuf {
        self.run_dir.join(format!("host-{}.sock", self.host))
    }
}

/// Reads a host's id as [`HostId`] shows it.
fn parse_host(text: &str) -> Result<HostId, UsageError> {
    if text == "pool" {
        return Ok(HostId::Pool);
    }
    let resource = text.strip_prefix("own-").and_then(|id| id.parse().ok()).map(HostId::Own);
    resource.ok_or_else(|| {
        UsageError(format!("--host: '{text}' is neither 'pool' nor 'own-' with a resource's id"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        let id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        let parse = |line: &str| Config::parse(line.split_whitespace().map(OsString::from));
        for host in ["pool".to_owned(), format!("own-{id}")] {
            let line = format!("--run-dir /r --cgroup-root /c --cluster {id} --host {host}");
            let config = parse(&line).unwrap();
            assert_eq!(config.host.to_string(), host);
            assert_eq!(config.socket_path(), PathBuf::from(format!("/r/host-{host}.sock")));
        }
        for (line, expected) in [
            ("", "--run-dir is missing"),
            ("--host own-x", "'own-x' is neither"),
            ("--cluster", "--cluster needs a value"),
            ("pool", "unknown argument 'pool'"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("usage:"), "{line}: {error}");
        }
    }
}
