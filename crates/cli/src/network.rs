//! `mainstay network`: what interfaces of the same subnets have in common.

use clap::Subcommand;
use mainstay_client::{Network, Target};
use mainstay_types::glance::{Glance, NetworkGlance};

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::interface;
use crate::json::network::{InterfaceDocument, NetworkDetails, NetworkDocument};
use crate::properties::Owner;
use crate::render::{Cell, STRONG, Table, clean, of_network, styled};

/// What can be done with networks. They are found, so nobody makes or deletes one.
#[derive(Debug, Subcommand)]
pub enum NetworkVerb {
    /// List all networks
    List,
    /// Show a network with its interfaces and properties
    Show {
        /// Name or id of the network
        name: String,
    },
    /// Set properties of a network: Role, Metric, AutoMetric, Description
    Set {
        /// Name or id of the network
        name: String,
        /// Properties; those that the network knows by name have their own format, for others see `resource set`
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// Give a network another name
    Rename {
        /// Name or id of the network
        name: String,
        /// The new name
        new_name: String,
    },
}

pub(crate) fn run(verb: NetworkVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        NetworkVerb::List => list(context),
        NetworkVerb::Show { name } => show(&name, context),
        NetworkVerb::Set { name, properties } => set(&name, &properties, context),
        NetworkVerb::Rename { name, new_name } => rename(&name, &new_name, context),
    }
}

fn list(context: &mut Context) -> Result<Exit, Failure> {
    let glance = glance(&mut context.read()?)?;
    let documents = || glance.networks.iter().map(NetworkDocument::from).collect::<Vec<_>>();
    context.output.data(documents, || {
        let mut table = Table::with_heading(&["NETWORK", "STATE", "SUBNETS", "ROLE", "METRIC", "NOTE"]);
        for network in &glance.networks {
            table.row(vec![
                network.name.as_str().into(),
                Cell::new(of_network(network.state), network.state.to_string()),
                network.subnets.join(" ").into(),
                role(network.role).into(),
                metric(network).into(),
                clean(&network.reason).into(),
            ]);
        }
        table.show(0)
    })?;
    Ok(Exit::Done)
}

fn role(role: u32) -> &'static str {
    match role {
        0 => "none",
        1 => "cluster",
        2 => "clients",
        _ => "cluster and clients",
    }
}

fn metric(network: &NetworkGlance) -> String {
    let how = if network.has_auto_metric { " (found)" } else { "" };
    format!("{}{how}", network.metric)
}

fn find<'g>(glance: &'g Glance, id: &str) -> Option<&'g NetworkGlance> {
    glance.networks.iter().find(|network| network.id.to_string() == id)
}

fn show(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Network(name);
    let mut cluster = context.read()?;
    let object: Network = open_object(&mut cluster, name, &subject)?;
    let sections = Owner { target: Target::Network(&object), subject }.sections(&mut cluster)?;
    let glance = glance(&mut cluster)?;
    let network = find(&glance, object.id()).ok_or_else(|| subject.gone())?;
    let interfaces: Vec<_> = glance.interfaces.iter().filter(|found| found.network == network.id).collect();
    let details = NetworkDetails {
        network: network.into(),
        interfaces: interfaces.iter().map(|found| InterfaceDocument::from(*found)).collect(),
        properties: sections.document(),
    };
    context.output.data(
        || &details,
        || {
            let mut table = Table::new();
            table.row(vec!["id".into(), details.network.id.as_str().into()]);
            table.row(vec!["state".into(), Cell::new(of_network(network.state), network.state.to_string())]);
            if let Some(note) = &details.network.note {
                table.row(vec!["because".into(), clean(note).into()]);
            }
            table.row(vec!["subnets".into(), details.network.subnets.join(" ").into()]);
            table.row(vec!["role".into(), role(network.role).into()]);
            table.row(vec!["metric".into(), metric(network).into()]);
            let title = styled(STRONG, &format!("network {}", clean(network.name.as_str())));
            let of_nodes = interface::table(interfaces.iter().copied());
            format!("{title}\n{}\n{}{}", table.show(2), of_nodes.show(2), sections.show())
        },
    )?;
    Ok(Exit::Done)
}

fn set(name: &str, properties: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Network(name);
    let mut cluster = context.change()?;
    let object: Network = open_object(&mut cluster, name, &subject)?;
    let owner = Owner { target: Target::Network(&object), subject };
    let notes = owner.set(&mut cluster, properties)?;
    let id = Some(object.id().to_owned());
    context.done("network", name, id, notes, || format!("properties of {subject} are set"))
}

fn rename(name: &str, new_name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Network(name);
    let mut cluster = context.change()?;
    let object: Network = open_object(&mut cluster, name, &subject)?;
    cluster
        .rename_network(&object, new_name)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Network(new_name)))?;
    let id = Some(object.id().to_owned());
    context.done("network", new_name, id, Vec::new(), || {
        format!("{subject} is called '{}' now", clean(new_name))
    })
}
