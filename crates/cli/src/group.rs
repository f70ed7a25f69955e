//! `mainstay group`: groups of resources.

use clap::Subcommand;
use mainstay_client::{Group, Node, SubmitObject, Target};
use mainstay_types::Status;
use mainstay_types::flags::{GroupMoveFlags, GroupOfflineFlags, GroupOnlineFlags};
use mainstay_types::glance::GroupGlance;
use mainstay_types::operation::Verb;

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::group_order::{self, NewOrder, Order};
use crate::instructions::Instructions;
use crate::json::{GroupDetails, GroupDocument};
use crate::properties::Owner;
use crate::render::{Cell, STRONG, Table, clean, of_group, styled};
use crate::shut_down::{self, ShutDown};
use crate::submit::{self, Request};
use crate::wait::WaitArguments;

/// What can be done with groups.
#[derive(Debug, Subcommand)]
pub enum GroupVerb {
    /// List all groups
    List,
    /// Show a group with its properties
    Show {
        /// Name or id of the group
        name: String,
    },
    /// Make an empty group
    Create {
        /// The group's name
        name: String,
    },
    /// Set properties of a group
    Set {
        /// Name or id of the group
        name: String,
        /// Properties; those that the group knows by name have their own format, for others see `resource set`
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// Say on which nodes a group would rather be, the best first; without any, on none in particular
    Prefer {
        /// Name or id of the group
        name: String,
        /// Names or numbers of nodes
        #[arg(value_name = "NODE")]
        nodes: Vec<String>,
    },
    /// Move a group to another node. So far a cluster has one node: what is not on the node already is refused
    Move {
        /// Name or id of the group
        name: String,
        /// Name or number of the node [default: the best other one]
        #[arg(long, value_name = "NODE")]
        to: Option<String>,
        /// Do it although resources are locked by their types
        #[arg(long)]
        ignore_locked: bool,
    },
    /// Rename a group, also while something is done to it
    Rename {
        /// Name or id of the group
        name: String,
        /// Its new name
        new_name: String,
    },
    /// Have a group start after another one, or after a group set
    Depend(NewOrder),
    /// Have a group start after another one, or after a group set, no longer
    Undepend(Order),
    /// Delete a group that has no resources, or take its resources offline and delete them with it
    Delete {
        /// Name or id of the group
        name: String,
        /// Take its resources offline, and delete them too
        #[arg(long)]
        with_resources: bool,
    },
    /// Bring all resources of a group online
    Online(GroupMove),
    /// Take all resources of a group offline
    Offline(GroupMove),
    /// Take groups offline because the machine goes down; what is to be online stays so, and comes back at the next
    /// start of the service
    ShutDown(ShutDown),
}

/// A group on its way.
#[derive(Debug, clap::Args)]
pub struct GroupMove {
    /// Name or id of the group
    pub name: String,
    /// Do it although resources are locked by their types
    #[arg(long)]
    pub ignore_locked: bool,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What its resources are told along with it
    #[command(flatten)]
    pub instructions: Instructions,
    /// How long to wait
    #[command(flatten)]
    pub wait: WaitArguments,
}

pub(crate) fn run(verb: GroupVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        GroupVerb::List => list(context),
        GroupVerb::Show { name } => show(&name, context),
        GroupVerb::Create { name } => create(&name, context),
        GroupVerb::Set { name, properties } => set(&name, &properties, context),
        GroupVerb::Prefer { name, nodes } => prefer(&name, &nodes, context),
        GroupVerb::Move { name, to, ignore_locked } => move_to(&name, to.as_deref(), ignore_locked, context),
        GroupVerb::Rename { name, new_name } => rename(&name, &new_name, context),
        GroupVerb::Depend(given) => group_order::depend(&given, context),
        GroupVerb::Undepend(given) => group_order::undepend(&given, context),
        GroupVerb::Delete { name, with_resources: false } => delete(&name, context),
        GroupVerb::Delete { name, with_resources: true } => delete_with_resources(&name, context),
        GroupVerb::Online(given) => submit(Verb::Online, &given, context),
        GroupVerb::Offline(given) => submit(Verb::Offline, &given, context),
        GroupVerb::ShutDown(given) => shut_down::run(&given, context),
    }
}

fn submit(verb: Verb, given: &GroupMove, context: &mut Context) -> Result<Exit, Failure> {
    let ignore_locked = match verb {
        Verb::Online => GroupOnlineFlags::IGNORE_RESOURCE_STATUS.bits(),
        _ => GroupOfflineFlags::IGNORE_RESOURCE_STATUS.bits(),
    };
    let request = Request {
        verb,
        object: SubmitObject::Group(&given.name),
        flags: if given.ignore_locked { ignore_locked } else { 0 },
        shutting_down: false,
        buffer: &given.instructions.buffer()?,
        reason: given.reason.as_deref(),
        wait: &given.wait,
    };
    submit::carry_out(&request, context)
}

fn list(context: &mut Context) -> Result<Exit, Failure> {
    let glance = glance(&mut context.read()?)?;
    let documents =
        || glance.groups.iter().map(|group| GroupDocument::new(group, &glance)).collect::<Vec<_>>();
    context.output.data(documents, || {
        let mut table = Table::with_heading(&["GROUP", "STATE", "OWNER", "RESOURCES"]);
        for group in &glance.groups {
            let count = glance.resources.iter().filter(|resource| resource.group == group.id).count();
            table.row(vec![
                group.name.as_str().into(),
                Cell::new(of_group(group.state), group.state.to_string()),
                group.owner_name.as_str().into(),
                count.to_string().into(),
            ]);
        }
        table.show(0)
    })?;
    Ok(Exit::Done)
}

fn show(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.read()?;
    let object: Group = open_object(&mut cluster, name, &subject)?;
    let sections = Owner { target: Target::Group(&object), subject }.sections(&mut cluster)?;
    let glance = glance(&mut cluster)?;
    let is_it = |group: &&GroupGlance| group.id.to_string() == object.id() || group.name.is(name);
    let group = glance.groups.iter().find(is_it).ok_or_else(|| subject.gone())?;
    let details = GroupDetails { group: GroupDocument::new(group, &glance), properties: sections.document() };
    context.output.data(
        || &details,
        || {
            let mut table = Table::new();
            table.row(vec!["id".into(), details.group.id.as_str().into()]);
            table.row(vec!["state".into(), Cell::new(of_group(group.state), group.state.to_string())]);
            table.row(vec!["owner".into(), group.owner_name.as_str().into()]);
            if !details.group.preferred_owners.is_empty() {
                let preferred = details.group.preferred_owners.join(", ");
                table.row(vec!["would rather be on".into(), preferred.into()]);
            }
            let says = (!details.group.says.is_empty()).then(|| details.group.says.join(", "));
            for (what, said) in [
                ("group set", &details.group.group_set),
                ("starts after groups", &details.group.depends_on),
                ("starts after group sets", &details.group.depends_on_sets),
                ("waits for", &details.group.waits_for),
                ("status", &says),
            ] {
                if let Some(said) = said {
                    table.row(vec![what.into(), clean(said).into()]);
                }
            }
            let wanted =
                group.persistent.map_or("nobody asked yet", |wanted| if wanted { "yes" } else { "no" });
            table.row(vec!["to be online".into(), wanted.into()]);
            table.row(vec!["resources".into(), details.group.resources.join(", ").into()]);
            let title = styled(STRONG, &format!("group {}", clean(group.name.as_str())));
            format!("{title}\n{}{}", table.show(2), sections.show())
        },
    )?;
    Ok(Exit::Done)
}

fn create(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.change()?;
    let made =
        cluster.create_group(name).map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = made.id().to_owned();
    context.done("group", name, Some(id.clone()), Vec::new(), || format!("{subject} created ({id})"))
}

fn set(name: &str, properties: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.change()?;
    let object: Group = open_object(&mut cluster, name, &subject)?;
    let notes = Owner { target: Target::Group(&object), subject }.set(&mut cluster, properties)?;
    let id = Some(object.id().to_owned());
    context.done("group", name, id, notes, || format!("properties of {subject} are set"))
}

fn prefer(name: &str, nodes: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.change()?;
    let object: Group = open_object(&mut cluster, name, &subject)?;
    cluster
        .set_group_node_list(&object, nodes)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = Some(object.id().to_owned());
    context.done("group", name, id, Vec::new(), || match nodes {
        [] => format!("{subject} prefers no node"),
        nodes => format!("{subject} would rather be on {}", clean(&nodes.join(", "))),
    })
}

fn move_to(
    name: &str,
    to: Option<&str>,
    ignore_locked: bool,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.change()?;
    let object: Group = open_object(&mut cluster, name, &subject)?;
    let node: Option<Node> = to.map(|to| open_object(&mut cluster, to, &Subject::Node(to))).transpose()?;
    let flags = if ignore_locked { GroupMoveFlags::IGNORE_RESOURCE_STATUS.bits() } else { 0 };
    cluster
        .move_group_ex(&object, node.as_ref(), flags, &[])
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let place =
        cluster.group_place(&object).map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = Some(object.id().to_owned());
    context.done("group", name, id, Vec::new(), || format!("{subject} is on {}", Subject::Node(&place.node)))
}

fn rename(name: &str, new_name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.change()?;
    let object: Group = open_object(&mut cluster, name, &subject)?;
    cluster
        .rename_group(&object, new_name)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = Some(object.id().to_owned());
    let now = Subject::Group(new_name);
    context.done("group", new_name, id, Vec::new(), || format!("{subject} is {now} now"))
}

fn delete(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.change()?;
    let object: Group = open_object(&mut cluster, name, &subject)?;
    cluster.delete_group(&object).map_err(|error| {
        let failure = Failure::of_call(&mut cluster, &error, &subject);
        submit::with_option(failure, Verb::Delete, &subject, false)
    })?;
    let id = Some(object.id().to_owned());
    context.done("group", name, id, Vec::new(), || format!("{subject} deleted"))
}

/// Whatever keeps the group from being deleted for good is told before anything is stopped.
fn delete_with_resources(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.change()?;
    let object: Group = open_object(&mut cluster, name, &subject)?;
    let mut deleted = cluster.delete_group_with_resources(&object);
    if matches!(&deleted, Err(error) if error.status() == Status::INVALID_STATE) {
        // By its id: somebody may rename it meanwhile.
        let request = Request {
            verb: Verb::Offline,
            object: SubmitObject::Group(object.id()),
            flags: 0,
            shutting_down: false,
            buffer: &[],
            reason: Some("it is to be deleted with its resources"),
            wait: &WaitArguments::default(),
        };
        submit::carry_out_quietly(&request, &mut cluster)?;
        deleted = cluster.delete_group_with_resources(&object);
    }
    deleted.map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let (id, notes) = (Some(object.id().to_owned()), crate::properties::remarks(&mut cluster));
    context.done("group", name, id, notes, || format!("{subject} deleted, with its resources"))
}
