//! Agents of the Open Cluster Framework: every program below `OCF_ROOT/resource.d/PROVIDER/` is a resource type,
//! `ocf:PROVIDER:NAME`. Those of our own (`own`) have names as the types of others, and are driven in the same way.
//!
//! This room owns how an agent is found and asked what it is (`metadata`; what our own are is known), what a resource's
//! properties mean for it (`settings`), how one of its actions is run (`call`), how many run at once (`turns`), and the
//! resource itself (`resource`).
//!
//! ```text
//!   open ──► was it started here before? ── monitor says it runs ──► online (recover) or stopped (anew)
//!   online ──► start ──► exit 0              offline ──► stop ──► exit 0, and the leaf is empty
//!   looks_alive ──► monitor, level 0         is_alive ──► monitor, the highest level that the agent names
//!   terminate ──► everything in the leaf is killed ──► stop
//! ```
//!
//! Nothing runs beside another action of the same resource; Terminate kills what runs. What an agent is told, it is told
//! in its environment: some end what has their parameters in its arguments.

mod call;
mod metadata;
mod own;
mod resource;
mod settings;
mod turns;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mainstay_process::{Command, Leaf, layout};
use mainstay_types::control::function;
use mainstay_types::description::TypeDescription;
use mainstay_types::name::fold;
use mainstay_types::offer::{OCF_PREFIX, without_roles};
use mainstay_types::order::Cause;
use mainstay_types::{ControlCode, Name, Status};
use parking_lot::Mutex;

use crate::action::{Action, Ended, Place};
use crate::config::Config;
use crate::outside::Passes;
use crate::private;
use crate::resource_type::{Context, ControlAnswer, ControlCall, Opened, ResourceType};
use call::{Surroundings, Tools};
use mainstay_act::OwnAgent;
use metadata::Metadata;
use resource::AgentResource;
use settings::Settings;
use turns::Turns;

/// How long an agent may take to say what it is. It only prints a text.
const METADATA_LIMIT: Duration = Duration::from_secs(10);

/// All agents of this machine.
pub struct Agents {
    surroundings: Arc<Surroundings>,
    passes: Arc<Passes>,
    turns: Arc<Turns>,
    /// The program that our own are.
    act: Option<PathBuf>,
    /// What agents have said of themselves, by the file that said it.
    known: Mutex<HashMap<PathBuf, (Version, Arc<Agent>)>>,
}

impl Agents {
    /// Those of this configuration. Nothing is looked at before it is asked for.
    pub fn new(config: &Config) -> Self {
        let pool = Leaf::new(layout::pool(&config.cgroup_root));
        let tools = config.agent_tools.as_ref().zip(config.socket.as_ref()).and_then(|(program, socket)| {
            let made = Tools::make(&config.run_dir, program, socket);
            made.inspect_err(|error| tracing::warn!(%error, "agents find no tools to call")).ok()
        });
        let (root, node) = (config.ocf_root.clone(), config.node.clone());
        let surroundings = Surroundings { root, pool, node, tools };
        Agents {
            surroundings: Arc::new(surroundings),
            passes: Arc::default(),
            turns: Arc::new(Turns::new()),
            act: config.act.clone(),
            known: Mutex::default(),
        }
    }

    /// The agent that is this type; `None` where the name is no agent's.
    ///
    /// # Errors
    /// There is no such agent here, or it cannot say what it is.
    pub fn find(&self, name: &Name) -> Option<Result<Arc<dyn ResourceType>, Cause>> {
        let agent = match own::named(name) {
            Some(own) => self.look_up_own(own),
            None => parts(name).map(|(provider, kind)| self.look_up(name, &provider, &kind))?,
        };
        Some(agent.map(|agent| Arc::new(AgentType(agent)) as Arc<dyn ResourceType>))
    }

    fn look_up_own(&self, own: &OwnAgent) -> Result<Arc<Agent>, Cause> {
        let Some(act) = &self.act else {
            let text =
                format!("type '{}' is done by mainstay-act, which is not installed on this node", own.name);
            return Err(Cause::new(Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND, text));
        };
        let metadata = own::metadata(own);
        Ok(Arc::new(Agent {
            surroundings: self.surroundings.clone(),
            passes: self.passes.clone(),
            turns: self.turns.clone(),
            program: vec![act.into(), own.name.into()],
            name: own.name.to_owned(),
            provider: own::PROVIDER.to_owned(),
            kind: own.name.to_owned(),
            description: settings::with_limits((own.describe)(), &metadata),
            metadata,
        }))
    }

    fn look_up(&self, name: &Name, provider: &str, kind: &str) -> Result<Arc<Agent>, Cause> {
        let directory = self.surroundings.root.join("resource.d");
        let path = entry(&directory, provider).and_then(|provider| entry(&provider, kind));
        let file = path.as_ref().and_then(|path| fs::metadata(path).ok()).filter(fs::Metadata::is_file);
        let (Some(path), Some(file)) = (path, file) else {
            let place = directory.join(provider).join(kind);
            let text = format!("there is no agent '{name}' on this node: no file {}", place.display());
            return Err(Cause::new(Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND, text));
        };
        let version = Version::of(&file);
        if let Some((of, agent)) = self.known.lock().get(&path)
            && *of == version
        {
            return Ok(agent.clone());
        }
        let agent = Arc::new(self.ask(&path)?);
        self.known.lock().insert(path, (version, agent.clone()));
        Ok(agent)
    }

    /// Has the agent say what it is.
    fn ask(&self, path: &Path) -> Result<Agent, Cause> {
        let name_of = |path: Option<&Path>| {
            path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
        };
        let (provider, kind) = (name_of(path.parent()), name_of(Some(path)));
        let refused = |text: String| {
            Cause::new(Status::CLUSTER_RESTYPE_NOT_SUPPORTED, format!("agent {}: {text}", path.display()))
        };
        let mut command = Command::new([path.as_os_str(), "meta-data".as_ref()]);
        command.environment = self.surroundings.of_agent(&provider, &kind);
        let place = Place::Below(self.surroundings.pool.clone());
        let done = Action { command, place, limit: METADATA_LIMIT }.run(|_| true);
        let done = done.map_err(|error| refused(format!("it cannot say what it is: {error}")))?;
        match done.ended {
            Ended::By(exit) if exit.is_success() => {}
            Ended::By(exit) => return Err(refused(format!("its meta-data {exit}"))),
            Ended::TimedOut | Ended::Cancelled => {
                return Err(refused(format!(
                    "its meta-data took longer than {} s",
                    METADATA_LIMIT.as_secs()
                )));
            }
        }
        let metadata = Metadata::parse(&done.output).map_err(refused)?;
        let description = settings::describe(&provider, &kind, &metadata);
        Ok(Agent {
            surroundings: self.surroundings.clone(),
            passes: self.passes.clone(),
            turns: self.turns.clone(),
            program: vec![path.into()],
            name: format!("{OCF_PREFIX}{provider}:{kind}"),
            provider,
            kind,
            metadata,
            description,
        })
    }
}

/// What changes when a file is written or another one takes its place: packages set when a file was written last, and may
/// set the same for two versions of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Version {
    file: (u64, u64),
    length: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    fn of(file: &fs::Metadata) -> Self {
        Version {
            file: (file.dev(), file.ino()),
            length: file.len(),
            written: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// Provider and name of an agent by its type's name.
fn parts(name: &Name) -> Option<(String, String)> {
    let text = name.as_str();
    let prefix = text.get(..OCF_PREFIX.len()).filter(|prefix| fold(prefix) == fold(OCF_PREFIX))?;
    let (provider, kind) = text[prefix.len()..].split_once(':')?;
    Some((provider.to_owned(), kind.to_owned()))
}

/// The entry of a directory with this name, whatever its case, as types are found; never a hidden one, nor one elsewhere.
fn entry(directory: &Path, name: &str) -> Option<PathBuf> {
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return None;
    }
    let exact = directory.join(name);
    if exact.exists() {
        return Some(exact);
    }
    let listed = fs::read_dir(directory).ok()?.filter_map(Result::ok);
    listed
        .map(|found| found.path())
        .find(|path| path.file_name().is_some_and(|found| fold(&found.to_string_lossy()) == fold(name)))
}

/// An agent: a resource type.
struct Agent {
    surroundings: Arc<Surroundings>,
    passes: Arc<Passes>,
    turns: Arc<Turns>,
    /// Its file, and what it is told before the action.
    program: Vec<OsString>,
    /// As its type is called.
    name: String,
    provider: String,
    kind: String,
    metadata: Metadata,
    description: TypeDescription,
}

impl Agent {
    /// The action that takes up changed parameters without a stop.
    fn reload_action(&self) -> Option<&'static str> {
        // `reload` of API 1.0 means the service's own configuration, not the agent's parameters.
        self.metadata.has("reload-agent").then_some("reload-agent")
    }

    /// Why no resource of it can be with these settings; roles come with resources that have several instances.
    fn objection(&self, settings: &Settings) -> Result<(), Cause> {
        if !self.metadata.is_promotable() {
            return Ok(());
        }
        let name = &self.name;
        let text = match without_roles(&self.provider, &self.kind).map(|known| known.parameter) {
            None => format!(
                "agent '{name}' is promotable: its resources have a promoted and an unpromoted role on several nodes, \
                 which resources here have not"
            ),
            Some(Some((parameter, values))) => match settings.parameters.get(parameter) {
                Some(value) if !values.contains(&value.as_str()) => format!(
                    "with {parameter}={value} agent '{name}' needs a promoted and an unpromoted role on several nodes, \
                     which resources here have not; {parameter} can be {}",
                    values.join(" or ")
                ),
                _ => return Ok(()),
            },
            Some(None) => return Ok(()),
        };
        Err(Cause::new(Status::CLUSTER_RESTYPE_NOT_SUPPORTED, text))
    }

    /// Whether the agent can do with these settings, as far as it is itself asked: its action `validate-all`. What it has to
    /// say about them all the same.
    fn validate(&self, settings: &Settings) -> Result<String, Cause> {
        if !self.metadata.has("validate-all") {
            return Ok(String::new());
        }
        let call = call::Call::validate(self, settings);
        let outcome = call.run(Place::Below(self.surroundings.pool.clone()), |_| true);
        outcome.judged()?;
        Ok(outcome.remark().unwrap_or_default().to_owned())
    }
}

/// An agent as the host has it; its resources have it too.
struct AgentType(Arc<Agent>);

impl ResourceType for AgentType {
    fn open(&self, context: Context) -> Result<Opened, Cause> {
        self.0.objection(&Settings::default())?;
        AgentResource::open(self.0.clone(), context)
    }

    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        let is_judgement =
            call.code.function() == ControlCode(function::VALIDATE_PRIVATE_PROPERTIES).function();
        let agent = &self.0;
        private::control(call, &agent.description, |values| {
            let settings = Settings::of(values, &agent.metadata);
            agent.objection(&settings)?;
            settings.check(&agent.metadata)?;
            // What is not complete yet nobody can judge.
            match is_judgement && values.require(&agent.description).is_ok() {
                true => agent.validate(&settings),
                false => Ok(String::new()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_known_by_their_type_names() {
        for (name, expected) in [
            ("ocf:heartbeat:Dummy", Some(("heartbeat", "Dummy"))),
            ("OCF:acme:x", Some(("acme", "x"))),
            ("ocf:heartbeat", None),
            ("Generic Application", None),
            ("öcf:a:b", None),
        ] {
            let found = parts(&Name::parse(name).unwrap());
            assert_eq!(found, expected.map(|(one, other)| (one.to_owned(), other.to_owned())), "{name}");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("Dummy"), "").unwrap();
        assert_eq!(entry(root.path(), "dummy"), Some(root.path().join("Dummy")));
        for name in ["", ".", "..", "../x", "a/b", ".hidden", "nothing"] {
            assert_eq!(entry(root.path(), name), None, "{name}");
        }
    }
}
