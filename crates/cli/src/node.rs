//! `mainstay node`: show nodes, set their properties.

use clap::Subcommand;
use mainstay_client::{Node, Target};
use mainstay_types::glance::{Glance, NodeGlance};

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::{NodeDetails, NodeDocument};
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
}

pub(crate) fn run(verb: NodeVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        NodeVerb::List => list(context),
        NodeVerb::Show { name } => show(&name, context),
        NodeVerb::Set { name, properties } => set(&name, &properties, context),
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
    let notes =
        Owner { target: Target::Node(&object), subject }.set_and_say_unknown(&mut cluster, properties)?;
    let id = Some(object.id().to_owned());
    context.done("node", name, id, notes, || format!("properties of {subject} are set"))
}
