//! `mainstay resource`: resources.

use clap::Subcommand;
use mainstay_client::{CallError, Cluster, Node, Resource, SubmitObject, Target};
use mainstay_types::control::RESOURCE_SET_MAINTENANCE_MODE;
use mainstay_types::operation::Verb;
use mainstay_types::{OfflineFlags, OnlineFlags, Status};

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::instructions::Instructions;
use crate::json::ResourceDocument;
use crate::properties::{Owner, remarks};
use crate::render::{Cell, Table, clean, now_ms, of_resource};
use crate::status::note;
use crate::submit::{self, Request};
use crate::wait::WaitArguments;
use crate::{resource_create, resource_show};

const VALUES: &str = "\
A property that the resource or its type knows by name is read in its own format. Any other value is a DWORD if it is
a whole number, else a string. A word before the value chooses the format:

  dword:1  word:1  long:-1  large:-1  ularge:1  filetime:1   numbers, decimal or with 0x
  sz:1  expand:%HOME%/x                                      strings
  multi:a,b                                                  a list of strings; \\, is a comma in one
  binary:00ff  sd:00ff                                       bytes in hexadecimal
  unset:                                                     no value: the default, or removal";

const EXPRESSIONS: &str = "\
An expression names resources in brackets. 'and' needs each, 'or' one of them; beside 'and',
alternatives stand in parentheses:

  mainstay resource depend web --expression '([disk-a] or [disk-b]) and ([ip])'";

/// What can be done with resources.
#[derive(Debug, Subcommand)]
pub enum ResourceVerb {
    /// List all resources
    List,
    /// Show all of a resource: state, dependencies, last failure, properties
    Show {
        /// Name or id of the resource
        name: String,
    },
    /// Make a resource; it is offline at first
    #[command(after_help = VALUES)]
    Create {
        /// The resource's name
        name: String,
        /// Name or id of its group
        #[arg(long, value_name = "GROUP")]
        group: String,
        /// Its type; `mainstay type list` shows those there are
        #[arg(long = "type", value_name = "TYPE")]
        type_name: String,
        /// A private property, or a common one by its name; may be given several times
        #[arg(long = "property", value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// Rename a resource, also while something is done to it
    Rename {
        /// Name or id of the resource
        name: String,
        /// Its new name
        new_name: String,
    },
    /// Delete a resource that is offline and that no other depends on
    Delete {
        /// Name or id of the resource
        name: String,
    },
    /// Bring a resource online, with what it depends on, even if that was taken offline by name
    Online(Online),
    /// Take a resource offline, with what depends on it
    Offline(Offline),
    /// Take a resource and what depends on it offline and online again; one that is not online, to its wanted state
    Restart(Plain),
    /// Treat a resource as failed
    Fail(Plain),
    /// Give your word that nothing of a failed resource is left, where its type cannot be made to clean up
    ConfirmStopped(Plain),
    /// Give up what the type of a resource that is not online has the cluster keep for it, such as a saved state
    DiscardKept(Plain),
    /// Set properties of a resource
    #[command(after_help = VALUES)]
    Set {
        /// Name or id of the resource
        name: String,
        /// Properties, common or private
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// Leave a resource alone whose checks fail while somebody works on it, or act on them again
    Maintenance {
        /// Name or id of the resource
        name: String,
        /// Whether failing checks are left alone
        mode: Mode,
    },
    /// Make a resource depend on another one of its group, or say with --expression all that it depends on
    #[command(after_help = EXPRESSIONS)]
    Depend(NewDependency),
    /// End a dependency
    Undepend(Dependency),
    /// Let a resource run on a node; a new resource may run on every node
    Allow(Place),
    /// Let a resource run on a node no longer
    Forbid(Place),
}

/// A switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Mode {
    /// Begin.
    On,
    /// End.
    Off,
}

/// A resource on its way up.
#[derive(Debug, clap::Args)]
pub struct Online {
    /// Name or id of the resource
    pub name: String,
    /// Do it although the resource is locked by its type
    #[arg(long)]
    pub ignore_locked: bool,
    /// Leave the persistent state as it is: what is brought up when the service starts stays the same
    #[arg(long)]
    pub keep_persistent_state: bool,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What it is told along with it
    #[command(flatten)]
    pub instructions: Instructions,
    /// How long to wait
    #[command(flatten)]
    pub wait: WaitArguments,
}

/// A resource on its way down.
#[derive(Debug, clap::Args)]
pub struct Offline {
    /// Name or id of the resource
    pub name: String,
    /// Do it although the resource, or one that depends on it, is locked by its type
    #[arg(long)]
    pub ignore_locked: bool,
    /// Terminate instead of stopping gracefully; ends a pending state too
    #[arg(long)]
    pub force: bool,
    /// Leave the persistent state as it is: what is brought up when the service starts stays the same
    #[arg(long)]
    pub keep_persistent_state: bool,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What it is told along with it
    #[command(flatten)]
    pub instructions: Instructions,
    /// How long to wait
    #[command(flatten)]
    pub wait: WaitArguments,
}

/// A resource, a reason, a wait.
#[derive(Debug, clap::Args)]
pub struct Plain {
    /// Name or id of the resource
    pub name: String,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How long to wait
    #[command(flatten)]
    pub wait: WaitArguments,
}

/// What a resource is to need.
#[derive(Debug, clap::Args)]
pub struct NewDependency {
    /// Name or id of the resource that needs others
    pub name: String,
    /// Name or id of one that it needs beside those it needs already
    #[arg(required_unless_present = "expression", conflicts_with = "expression")]
    pub provider: Option<String>,
    /// All that it needs, in place of what it needed before; an empty text ends all dependencies
    #[arg(long, value_name = "EXPRESSION")]
    pub expression: Option<String>,
}

/// One resource that needs another.
#[derive(Debug, clap::Args)]
pub struct Dependency {
    /// Name or id of the resource that needs the other
    pub name: String,
    /// Name or id of the resource that it needs
    pub provider: String,
}

/// A resource and a node on which it may run or not.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Name or id of the resource
    pub name: String,
    /// Name or number of the node
    pub node: String,
}

pub(crate) fn run(verb: ResourceVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        ResourceVerb::List => list(context),
        ResourceVerb::Show { name } => resource_show::run(&name, context),
        ResourceVerb::Create { name, group, type_name, properties } => {
            resource_create::run(&name, &group, &type_name, &properties, context)
        }
        ResourceVerb::Rename { name, new_name } => rename(&name, &new_name, context),
        ResourceVerb::Delete { name } => delete(&name, context),
        ResourceVerb::Online(given) => online(&given, context),
        ResourceVerb::Offline(given) => offline(&given, context),
        ResourceVerb::Restart(given) => plain(Verb::Restart, &given, context),
        ResourceVerb::Fail(given) => plain(Verb::Fail, &given, context),
        ResourceVerb::ConfirmStopped(given) => plain(Verb::ConfirmStopped, &given, context),
        ResourceVerb::DiscardKept(given) => plain(Verb::DiscardKept, &given, context),
        ResourceVerb::Set { name, properties } => set(&name, &properties, context),
        ResourceVerb::Maintenance { name, mode } => maintenance(&name, mode, context),
        ResourceVerb::Depend(given) => depend(given, context),
        ResourceVerb::Undepend(given) => undepend(&given, context),
        ResourceVerb::Allow(given) => {
            let sentence = |resource: &str, node: &str| format!("{resource} may run on {node}");
            change_owners(&given, context, Cluster::add_resource_node, sentence)
        }
        ResourceVerb::Forbid(given) => {
            let sentence = |resource: &str, node: &str| format!("{resource} may not run on {node}");
            change_owners(&given, context, Cluster::remove_resource_node, sentence)
        }
    }
}

fn list(context: &mut Context) -> Result<Exit, Failure> {
    let glance = glance(&mut context.read()?)?;
    let documents = || glance.resources.iter().map(ResourceDocument::from).collect::<Vec<_>>();
    context.output.data(documents, || {
        let mut table = Table::with_heading(&["RESOURCE", "STATE", "GROUP", "OWNER", "TYPE", "NOTE"]);
        for resource in &glance.resources {
            table.row(vec![
                resource.name.as_str().into(),
                Cell::new(of_resource(resource.state), resource.state.to_string()),
                resource.group_name.as_str().into(),
                resource.owner_name.as_str().into(),
                resource.type_name.as_str().into(),
                note(resource, now_ms()),
            ]);
        }
        table.show(0)
    })?;
    Ok(Exit::Done)
}

fn rename(name: &str, new_name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Resource(name);
    let mut cluster = context.change()?;
    let object: Resource = open_object(&mut cluster, name, &subject)?;
    cluster
        .rename_resource(&object, new_name)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = Some(object.id().to_owned());
    let now = Subject::Resource(new_name);
    context.done("resource", new_name, id, Vec::new(), || format!("{subject} is {now} now"))
}

fn delete(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Resource(name);
    let mut cluster = context.change()?;
    let object: Resource = open_object(&mut cluster, name, &subject)?;
    cluster.delete_resource(&object).map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let (id, notes) = (Some(object.id().to_owned()), remarks(&mut cluster));
    context.done("resource", name, id, notes, || format!("{subject} deleted"))
}

fn online(given: &Online, context: &mut Context) -> Result<Exit, Failure> {
    let mut flags = OnlineFlags::empty();
    flags.set(OnlineFlags::IGNORE_RESOURCE_STATUS, given.ignore_locked);
    flags.set(OnlineFlags::DO_NOT_UPDATE_PERSISTENT_STATE, given.keep_persistent_state);
    let request = Request {
        verb: Verb::Online,
        object: SubmitObject::Resource(&given.name),
        flags: flags.bits(),
        shutting_down: false,
        buffer: &given.instructions.buffer()?,
        reason: given.reason.as_deref(),
        wait: &given.wait,
    };
    submit::carry_out(&request, context)
}

fn offline(given: &Offline, context: &mut Context) -> Result<Exit, Failure> {
    let mut flags = OfflineFlags::empty();
    flags.set(OfflineFlags::IGNORE_RESOURCE_STATUS, given.ignore_locked);
    flags.set(OfflineFlags::FORCE_WITH_TERMINATION, given.force);
    flags.set(OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE, given.keep_persistent_state);
    let request = Request {
        verb: Verb::Offline,
        object: SubmitObject::Resource(&given.name),
        flags: flags.bits(),
        shutting_down: false,
        buffer: &given.instructions.buffer()?,
        reason: given.reason.as_deref(),
        wait: &given.wait,
    };
    submit::carry_out(&request, context)
}

fn plain(verb: Verb, given: &Plain, context: &mut Context) -> Result<Exit, Failure> {
    let request = Request {
        verb,
        object: SubmitObject::Resource(&given.name),
        flags: 0,
        shutting_down: false,
        buffer: &[],
        reason: given.reason.as_deref(),
        wait: &given.wait,
    };
    submit::carry_out(&request, context)
}

fn set(name: &str, properties: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Resource(name);
    let mut cluster = context.change()?;
    let object: Resource = open_object(&mut cluster, name, &subject)?;
    let notes = Owner { target: Target::Resource(&object), subject }.set(&mut cluster, properties)?;
    let id = Some(object.id().to_owned());
    context.done("resource", name, id, notes, || format!("properties of {subject} are set"))
}

fn maintenance(name: &str, mode: Mode, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Resource(name);
    let mut cluster = context.change()?;
    let found: Resource = open_object(&mut cluster, name, &subject)?;
    let (flag, sentence) = match mode {
        Mode::On => (1u32, "is in maintenance: failing checks are not acted on"),
        Mode::Off => (0, "is in maintenance no longer"),
    };
    cluster
        .control(Target::Resource(&found), None, RESOURCE_SET_MAINTENANCE_MODE, Some(&flag.to_le_bytes()))
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = Some(found.id().to_owned());
    context.done("resource", name, id, Vec::new(), || format!("{subject} {sentence}"))
}

fn depend(given: NewDependency, context: &mut Context) -> Result<Exit, Failure> {
    let NewDependency { name, provider, expression } = given;
    if let Some(expression) = expression {
        return set_expression(&name, &expression, context);
    }
    let given = Dependency { name, provider: provider.unwrap_or_default() };
    let sentence = |dependent: &str, provider: &str| format!("{dependent} depends on {provider}");
    change_dependency(&given, context, Cluster::add_dependency, sentence)
}

fn set_expression(name: &str, expression: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Resource(name);
    let mut cluster = context.change()?;
    let dependent: Resource = open_object(&mut cluster, name, &subject)?;
    cluster
        .set_dependency_expression(&dependent, expression)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let notes = remarks(&mut cluster);
    // It is done, whether or not it can be read again.
    let kept = match glance(&mut cluster) {
        Ok(glance) => resource_show::expression(&mut cluster, &dependent, &glance).ok(),
        Err(_) => None,
    };
    let id = Some(dependent.id().to_owned());
    context.done("resource", name, id, notes, || match kept.as_deref().unwrap_or(expression.trim()) {
        "" => format!("{subject} depends on nothing any more"),
        kept => format!("{subject} depends on {}", clean(kept)),
    })
}

fn undepend(given: &Dependency, context: &mut Context) -> Result<Exit, Failure> {
    let sentence = |dependent: &str, provider: &str| format!("{dependent} no longer depends on {provider}");
    change_dependency(given, context, Cluster::remove_dependency, sentence)
}

fn change_dependency(
    given: &Dependency,
    context: &mut Context,
    change: fn(&mut Cluster, &Resource, &Resource) -> Result<(), CallError>,
    sentence: impl FnOnce(&str, &str) -> String,
) -> Result<Exit, Failure> {
    let (subject, provider_subject) = (Subject::Resource(&given.name), Subject::Resource(&given.provider));
    let mut cluster = context.change()?;
    let dependent: Resource = open_object(&mut cluster, &given.name, &subject)?;
    let provider: Resource = open_object(&mut cluster, &given.provider, &provider_subject)?;
    change(&mut cluster, &dependent, &provider)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let (id, notes) = (Some(dependent.id().to_owned()), remarks(&mut cluster));
    context.done("resource", &given.name, id, notes, || {
        sentence(&subject.to_string(), &provider_subject.to_string())
    })
}

fn change_owners(
    given: &Place,
    context: &mut Context,
    change: fn(&mut Cluster, &Resource, &Node) -> Result<(), CallError>,
    sentence: impl FnOnce(&str, &str) -> String,
) -> Result<Exit, Failure> {
    let (subject, node_subject) = (Subject::Resource(&given.name), Subject::Node(&given.node));
    let mut cluster = context.change()?;
    let object: Resource = open_object(&mut cluster, &given.name, &subject)?;
    let node: Node = open_object(&mut cluster, &given.node, &node_subject)?;
    change(&mut cluster, &object, &node).map_err(|error| {
        let failure = Failure::of_call(&mut cluster, &error, &subject);
        match error.status() {
            // The list is so already.
            Status::OBJECT_ALREADY_EXISTS | Status::CLUSTER_NODE_NOT_FOUND => {
                failure.with_way_out("there is nothing to do")
            }
            _ => failure,
        }
    })?;
    let id = Some(object.id().to_owned());
    context.done("resource", &given.name, id, Vec::new(), || {
        sentence(&subject.to_string(), &node_subject.to_string())
    })
}
