//! One action of an agent: what it is told, and what came of it.
//!
//! Sources: OCF resource agent API 1.1; the `CRM_meta_` values are those that agents read although the standard has them
//! not.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_process::strays::Mark;
use mainstay_process::{Command, Exit, Leaf};
use mainstay_types::Status;
use mainstay_types::order::Cause;

use super::Agent;
use super::settings::Settings;
use crate::action::{Action, Done, Ended, Place};

/// The tools' names.
const TOOLS: [&str; 4] = ["crm_attribute", "crm_master", "attrd_updater", "crm_node"];
/// Where they are, in the run directory.
const TOOLS_DIRECTORY: &str = "agent-tools";
/// Tells clients where the service listens.
const SOCKET_VARIABLE: &str = "MAINSTAY_SOCKET";
/// Where agents and what they call are looked for, after the tools.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// Where agents keep what is gone after a boot.
pub(super) const SCRATCH: &str = "/run/resource-agents";
/// An agent writes why it has failed to its standard error, in a line that begins with this.
const REASON_PREFIX: &str = "ocf-exit-reason:";
/// The features that agents may ask for, in the numbers of those who count them.
const FEATURE_SET: &str = "3.19.0";

/// What agents find around them.
pub(super) struct Surroundings {
    /// OCF_ROOT.
    pub(super) root: PathBuf,
    /// Where what concerns no resource runs.
    pub(super) pool: Leaf,
    /// This node's name.
    pub(super) node: String,
    /// What agents call to talk to the cluster.
    pub(super) tools: Option<Tools>,
}

/// The tools that agents call, by names that they know.
pub(super) struct Tools {
    /// Where the names are.
    directory: PathBuf,
    /// Where the service listens.
    socket: PathBuf,
}

impl Tools {
    /// Gives a program its names in a directory of the run directory. The agents of all hosts of a node have the same.
    pub(super) fn make(run_dir: &Path, program: &Path, socket: &Path) -> std::io::Result<Self> {
        let directory = run_dir.join(TOOLS_DIRECTORY);
        fs::create_dir_all(&directory)?;
        for name in TOOLS {
            let (link, new) =
                (directory.join(name), directory.join(format!(".{name}-{}", std::process::id())));
            if fs::read_link(&link).is_ok_and(|target| target == program) {
                continue;
            }
            let _ = fs::remove_file(&new);
            symlink(program, &new)?;
            // At once: an agent may be calling it.
            fs::rename(&new, &link)?;
        }
        Ok(Tools { directory, socket: socket.to_owned() })
    }
}

impl Surroundings {
    /// What every action of an agent finds in its environment.
    pub(super) fn of_agent(&self, provider: &str, kind: &str) -> Vec<(OsString, OsString)> {
        let root: OsString = self.root.clone().into();
        let of_tools = |tools: &Tools| {
            let mut path = tools.directory.clone().into_os_string();
            path.push(":");
            path.push(PATH);
            let (directory, socket) = (tools.directory.clone().into(), tools.socket.clone().into());
            vec![("PATH", path), ("HA_SBIN_DIR", directory), (SOCKET_VARIABLE, socket)]
        };
        let with_tools = self.tools.as_ref().map(of_tools);
        let always = [
            ("LC_ALL", "C".into()),
            ("OCF_ROOT", root),
            ("OCF_RA_VERSION_MAJOR", "1".into()),
            ("OCF_RA_VERSION_MINOR", "1".into()),
            ("OCF_RESOURCE_PROVIDER", provider.into()),
            ("OCF_RESOURCE_TYPE", kind.into()),
            ("OCF_EXIT_REASON_PREFIX", REASON_PREFIX.into()),
            ("HA_RSCTMP", SCRATCH.into()),
            ("HA_LOGFACILITY", "none".into()),
        ];
        let variables = with_tools.unwrap_or_else(|| vec![("PATH", PATH.into())]).into_iter().chain(always);
        variables.map(|(name, value)| (OsString::from(name), value)).collect()
    }
}

/// An action that is to be run.
pub(super) struct Call<'a> {
    agent: &'a Agent,
    action: &'a str,
    settings: &'a Settings,
    limit: Duration,
    /// OCF_RESOURCE_INSTANCE: the resource's id, since its name may change while it is online.
    instance: String,
    mark: Option<Mark>,
    /// OCF_CHECK_LEVEL, and how often it is asked so; zero is a probe.
    check: Option<(u32, Duration)>,
}

impl<'a> Call<'a> {
    /// Of a resource.
    pub(super) fn new(agent: &'a Agent, action: &'a str, settings: &'a Settings, mark: Mark) -> Self {
        let instance = mark.resource.to_string();
        let limit = settings.limit(action, &agent.metadata);
        Call { agent, action, settings, limit, instance, mark: Some(mark), check: None }
    }

    /// Would the agent do with these settings? Of a resource that need not be there.
    pub(super) fn validate(agent: &'a Agent, settings: &'a Settings) -> Self {
        let action = "validate-all";
        let limit = settings.limit(action, &agent.metadata);
        Call { agent, action, settings, limit, instance: action.to_owned(), mark: None, check: None }
    }

    /// At this level, and asked this often.
    pub(super) fn check(self, level: u32, interval: Duration) -> Self {
        Call { check: Some((level, interval)), ..self }
    }

    /// May take no longer than this.
    pub(super) fn within(self, limit: Duration) -> Self {
        Call { limit: self.limit.min(limit), ..self }
    }

    /// Runs it. `look` is called all the time meanwhile, and answers whether it may go on.
    pub(super) fn run(self, place: Place, look: impl FnMut(Duration) -> bool) -> Outcome {
        let words = self.agent.program.iter().map(OsString::as_os_str);
        let mut command = Command::new(words.chain([self.action.as_ref()]));
        command.environment = self.environment();
        let what = format!("{} of {}", self.action, self.agent.name);
        let done = Action { command, place, limit: self.limit }.run(look);
        let (ended, reason) = match &done {
            Ok(done) => (Ok(done.ended), reason(done)),
            Err(error) => (Err(error.to_string()), None),
        };
        Outcome { what, limit: self.limit, ended, reason }
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let Agent { surroundings, provider, kind, .. } = self.agent;
        let mut variables = surroundings.of_agent(provider, kind);
        let mut set = |name: &str, value: OsString| variables.push((name.into(), value));
        set("OCF_RESOURCE_INSTANCE", self.instance.clone().into());
        let (level, interval) = self.check.unwrap_or_default();
        if self.check.is_some() {
            set("OCF_CHECK_LEVEL", level.to_string().into());
        }
        for (name, value) in &self.settings.parameters {
            set(&format!("OCF_RESKEY_{name}"), value.into());
        }
        for (name, value) in [
            ("CRM_meta_timeout", self.limit.as_millis().to_string()),
            ("CRM_meta_interval", interval.as_millis().to_string()),
            ("CRM_meta_name", self.action.to_owned()),
            ("CRM_meta_on_node", surroundings.node.clone()),
            ("CRM_meta_on_node_uuid", surroundings.node.clone()),
            ("crm_feature_set", FEATURE_SET.to_owned()),
        ] {
            set(&format!("OCF_RESKEY_{name}"), value.into());
        }
        variables.extend(self.mark.iter().flat_map(Mark::variables));
        variables
    }
}

/// What came of an action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Outcome {
    /// Which, for people: `start of ocf:heartbeat:Dummy`.
    what: String,
    limit: Duration,
    ended: Result<Ended, String>,
    /// The agent's own words.
    reason: Option<String>,
}

/// Exit codes of agents (OCF resource agent API 1.1, section on return codes).
mod code {
    pub(super) const SUCCESS: i32 = 0;
    pub(super) const ARGUMENTS: i32 = 2;
    pub(super) const UNIMPLEMENTED: i32 = 3;
    pub(super) const PERMISSION: i32 = 4;
    pub(super) const INSTALLED: i32 = 5;
    pub(super) const CONFIGURED: i32 = 6;
    pub(super) const NOT_RUNNING: i32 = 7;
    pub(super) const PROMOTED: i32 = 8;
    pub(super) const PROMOTED_FAILED: i32 = 9;
    pub(super) const DEGRADED: i32 = 190;
    pub(super) const PROMOTED_DEGRADED: i32 = 191;
}

impl Outcome {
    /// It was not run, and why.
    pub(super) fn refused(action: &str, agent: &Agent, cause: Cause) -> Self {
        let what = format!("{action} of {}", agent.name);
        Outcome { what, limit: Duration::ZERO, ended: Err(cause.text), reason: None }
    }

    /// It did what it was asked for.
    pub(super) fn done(&self) -> Result<(), Cause> {
        match self.code() {
            Some(code::SUCCESS) => Ok(()),
            _ => Err(self.cause()),
        }
    }

    /// A monitor's: it serves, be it with losses.
    pub(super) fn serves(&self) -> Result<(), Cause> {
        match self.code() {
            Some(code::SUCCESS | code::DEGRADED) => Ok(()),
            _ => Err(self.cause()),
        }
    }

    /// A monitor's: at this level it lacks something, a parameter or a program, and knows nothing of what it looks at.
    pub(super) fn cannot_tell(&self) -> bool {
        matches!(
            self.code(),
            Some(code::ARGUMENTS | code::UNIMPLEMENTED | code::INSTALLED | code::CONFIGURED)
        )
    }

    /// Whether it was not run at all, so that it says nothing.
    pub(super) fn was_not_run(&self) -> bool {
        self.ended.is_err()
    }

    /// A judgement's. An agent that has none has no objection.
    pub(super) fn judged(&self) -> Result<(), Cause> {
        match self.code() {
            Some(code::SUCCESS | code::UNIMPLEMENTED) => Ok(()),
            _ => Err(self.cause()),
        }
    }

    /// What it had to say although it did what it was asked for.
    pub(super) fn remark(&self) -> Option<&str> {
        self.reason.as_deref().filter(|_| self.done().is_ok())
    }

    fn code(&self) -> Option<i32> {
        match self.ended {
            Ok(Ended::By(Exit::Exited(code))) => Some(code),
            _ => None,
        }
    }

    /// How it failed, with the agent's own words.
    pub(super) fn cause(&self) -> Cause {
        let what = &self.what;
        let (status, text) = match &self.ended {
            Err(error) => (Status::RESMON_SYSTEM_RESOURCES_LACKING, format!("{what} cannot be run: {error}")),
            Ok(Ended::TimedOut) => (
                Status::TIMEOUT,
                format!("{what} took longer than {} ms and was killed", self.limit.as_millis()),
            ),
            Ok(Ended::Cancelled) => (Status::CANCELLED, format!("{what} was ended")),
            Ok(Ended::By(Exit::Exited(number))) => {
                let (status, meaning) = meaning(*number);
                (status, format!("{what} failed: {meaning} (exit code {number})"))
            }
            Ok(Ended::By(exit)) => (Status::PROCESS_ABORTED, format!("{what} was {exit}")),
        };
        Cause::new(status, self.reason.iter().fold(text, |text, reason| format!("{text}: {reason}")))
    }
}

fn meaning(number: i32) -> (Status, &'static str) {
    match number {
        code::ARGUMENTS => {
            (Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, "its parameters do not fit this node")
        }
        code::UNIMPLEMENTED => (Status::CALL_NOT_IMPLEMENTED, "the agent has no such action"),
        code::PERMISSION => (Status::ACCESS_DENIED, "the agent lacks a right"),
        code::INSTALLED => (Status::FILE_NOT_FOUND, "something that it needs is not installed"),
        code::CONFIGURED => (Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, "its parameters are wrong"),
        code::NOT_RUNNING => (Status::PROCESS_ABORTED, "it is not running"),
        code::PROMOTED | code::PROMOTED_DEGRADED => {
            (Status::CLUSTER_RESTYPE_NOT_SUPPORTED, "it is promoted, which nobody has asked for")
        }
        code::PROMOTED_FAILED => (Status::RESOURCE_FAILED, "it is promoted and has failed"),
        _ => (Status::RESOURCE_FAILED, "an error"),
    }
}

/// The agent's own words: the last line that says a reason; else the last line that it has written.
fn reason(done: &Done) -> Option<String> {
    let text = String::from_utf8_lossy(&done.error_output);
    let lines = || text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let given = lines().find_map(|line| line.strip_prefix(REASON_PREFIX));
    let last = || lines().next();
    let is_failure = done.ended != Ended::By(Exit::Exited(code::SUCCESS));
    given.map(str::trim).or_else(|| last().filter(|_| is_failure)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(number: i32, error_output: &str) -> Outcome {
        let ended = Ended::By(Exit::Exited(number));
        let done = Done { ended, output: Vec::new(), error_output: error_output.into() };
        let what = "start of ocf:a:b".to_owned();
        Outcome { what, limit: Duration::from_secs(20), ended: Ok(ended), reason: reason(&done) }
    }

    #[test]
    fn exit_codes_mean_what_the_standard_says() {
        // done, serves, judged, cannot tell
        for (number, expected) in [
            (0, (true, true, true, false)),
            (1, (false, false, false, false)),
            (3, (false, false, true, true)),
            (6, (false, false, false, true)),
            (7, (false, false, false, false)),
            (8, (false, false, false, false)),
            (190, (false, true, false, false)),
        ] {
            let seen = outcome(number, "");
            let found =
                (seen.done().is_ok(), seen.serves().is_ok(), seen.judged().is_ok(), seen.cannot_tell());
            assert_eq!(found, expected, "{number}");
        }
    }

    #[test]
    fn the_agents_own_words_are_kept() {
        let said = "noise\nocf-exit-reason:first\nocf-exit-reason: Setup problem: no ip \nlast words\n\n";
        let cause = outcome(6, said).cause();
        assert_eq!(
            (cause.status, cause.text.as_str()),
            (
                Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR,
                "start of ocf:a:b failed: its parameters are wrong (exit code 6): Setup problem: no ip"
            )
        );
        assert_eq!(
            outcome(1, "x\nlast words\n").cause().text,
            "start of ocf:a:b failed: an error (exit code 1): last words"
        );
        assert_eq!(outcome(1, "").cause().text, "start of ocf:a:b failed: an error (exit code 1)");
    }
}
