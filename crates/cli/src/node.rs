//! `mainstay node`: show nodes, set their properties, pause them.

use clap::Subcommand;
use mainstay_client::{Node, Submission, SubmitObject, Target};
use mainstay_types::Status;
use mainstay_types::glance::{Glance, NodeGlance};
use mainstay_types::operation::Verb;

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::{NodeDetails, NodeDocument};
use crate::plan::subject_of;
use crate::properties::Owner;
use crate::render::{Cell, STRONG, Table, clean, of_node, styled};

/// What can be done with nodes.
#[derive(Debug, Subcommand)]
pub enum NodeVerb {
    /// List all nodes
    List,
    /// Show a node with its properties
    Show {
        /// Name or number of the node
        name: String,
    },
    /// Set properties of a node
    Set {
        /// Name or number of the node
        name: String,
        /// Properties; those that the node knows by name have their own format, for others see `resource set`
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// Keep new groups from a node; what it has stays and can be brought online and taken offline
    Pause(Paused),
    /// End the pause of a node
    Resume {
        /// Name or number of the node
        name: String,
        /// What becomes of groups that had left it for other nodes
        #[arg(long, value_enum, value_name = "WHEN", default_value_t = Failback::Never)]
        failback: Failback,
        /// Why, for the journal
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// CLUSTER_NODE_RESUME_FAILBACK_TYPE.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Failback {
    /// They stay where they are
    Never,
    /// They come back at once
    Now,
    /// They come back as AutoFailbackType of each says
    Policy,
}

impl Failback {
    fn number(self) -> u32 {
        match self {
            Self::Never => 0,
            Self::Now => 1,
            Self::Policy => 2,
        }
    }
}

/// A node that is to be paused.
#[derive(Debug, clap::Args)]
pub struct Paused {
    /// Name or number of the node
    pub name: String,
    /// Move its groups to other nodes; refused where no other node is up
    #[arg(long)]
    pub drain: bool,
    /// Move them all to this node
    #[arg(long, value_name = "NODE", requires = "drain")]
    pub target: Option<String>,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

pub(crate) fn run(verb: NodeVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        NodeVerb::List => list(context),
        NodeVerb::Show { name } => show(&name, context),
        NodeVerb::Set { name, properties } => set(&name, &properties, context),
        NodeVerb::Pause(given) => pause(&given, context),
        NodeVerb::Resume { name, failback, reason } => resume(&name, failback, reason.as_deref(), context),
    }
}

fn list(context: &mut Context) -> Result<Exit, Failure> {
    let glance = glance(&mut context.read()?)?;
    let documents = || glance.nodes.iter().map(NodeDocument::from).collect::<Vec<_>>();
    context.output.data(documents, || {
        let mut table = Table::with_heading(&["NODE", "NUMBER", "STATE"]);
        for node in &glance.nodes {
            table.row(vec![
                node.name.as_str().into(),
                node.id.to_string().into(),
                Cell::new(of_node(node.state), node.state.to_string()),
            ]);
        }
        table.show(0)
    })?;
    Ok(Exit::Done)
}

fn find<'g>(glance: &'g Glance, id: &str, name: &str) -> Option<&'g NodeGlance> {
    glance.nodes.iter().find(|node| node.id.to_string() == id || node.name.is(name))
}

fn show(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Node(name);
    let mut cluster = context.read()?;
    let object: Node = open_object(&mut cluster, name, &subject)?;
    let sections = Owner { target: Target::Node(&object), subject }.sections(&mut cluster)?;
    let glance = glance(&mut cluster)?;
    let node = find(&glance, object.id(), name).ok_or_else(|| subject.gone())?;
    let groups = glance.groups.iter().filter(|group| group.owner == node.id);
    let details = NodeDetails {
        node: node.into(),
        groups: groups.map(|group| group.name.to_string()).collect(),
        properties: sections.document(),
    };
    context.output.data(
        || &details,
        || {
            let mut table = Table::new();
            table.row(vec!["number".into(), node.id.to_string().into()]);
            table.row(vec!["state".into(), Cell::new(of_node(node.state), node.state.to_string())]);
            table.row(vec!["owns groups".into(), details.groups.join(", ").into()]);
            let title = styled(STRONG, &format!("node {}", clean(node.name.as_str())));
            format!("{title}\n{}{}", table.show(2), sections.show())
        },
    )?;
    Ok(Exit::Done)
}

fn set(name: &str, properties: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Node(name);
    let mut cluster = context.change()?;
    let object: Node = open_object(&mut cluster, name, &subject)?;
    let notes = Owner { target: Target::Node(&object), subject }.set(&mut cluster, properties)?;
    let id = Some(object.id().to_owned());
    context.done("node", name, id, notes, || format!("properties of {subject} are set"))
}

fn pause(given: &Paused, context: &mut Context) -> Result<Exit, Failure> {
    let name = given.name.as_str();
    let object = match given.drain {
        true => SubmitObject::DrainedNode { node: name, target: given.target.as_deref() },
        false => SubmitObject::Node(name),
    };
    let reason = given.reason.as_deref().unwrap_or_default();
    let submission = Submission { reason, ..Submission::new(Verb::Pause, object) };
    let (status, id) = submit(name, given.target.as_deref(), &submission, context)?;
    let subject = Subject::Node(name);
    context.done("node", name, Some(id), Vec::new(), || match status {
        Status::IO_PENDING => format!("{subject} is paused, and its groups leave it"),
        _ => format!("{subject} is paused"),
    })
}

fn resume(
    name: &str,
    failback: Failback,
    reason: Option<&str>,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let object = SubmitObject::ResumedNode { node: name, failback: failback.number() };
    let reason = reason.unwrap_or_default();
    let submission = Submission { reason, ..Submission::new(Verb::Resume, object) };
    let (_, id) = submit(name, None, &submission, context)?;
    context.done("node", name, Some(id), Vec::new(), || format!("{} is resumed", Subject::Node(name)))
}

/// Submits it once: what it asks for is the same when asked again. Answers the node's number too.
fn submit(
    name: &str,
    target: Option<&str>,
    submission: &Submission<'_>,
    context: &mut Context,
) -> Result<(Status, String), Failure> {
    let subject = Subject::Node(name);
    let mut cluster = context.change()?;
    let object: Node = open_object(&mut cluster, name, &subject)?;
    let submitted = cluster.submit(submission).map_err(|error| {
        // The node itself has just been opened.
        let subject = subject_of(&error, subject, target);
        Failure::of_call(&mut cluster, &error, &subject)
    })?;
    match submitted.status {
        Status::SUCCESS | Status::IO_PENDING => Ok((submitted.status, object.id().to_owned())),
        status => {
            Err(Failure::refused(status, &submitted.text, &subject).with_operation(submitted.operation))
        }
    }
}
