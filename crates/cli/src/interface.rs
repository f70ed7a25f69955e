//! `mainstay interface`: which device of which node is on which network.

use clap::Subcommand;
use mainstay_client::{NetInterface, Target};
use mainstay_types::glance::NetworkInterfaceGlance;

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::network::{InterfaceDetails, InterfaceDocument};
use crate::properties::Owner;
use crate::render::{Cell, STRONG, Table, clean, of_interface, styled};

/// What can be done with network interfaces. They are found, so nobody makes or deletes one.
#[derive(Debug, Subcommand)]
pub enum InterfaceVerb {
    /// List all network interfaces
    List,
    /// Show a network interface with its properties
    Show {
        /// Name or id of the network interface: `node - device`
        name: String,
    },
    /// Set properties of a network interface: Description
    Set {
        /// Name or id of the network interface: `node - device`
        name: String,
        /// Properties; those that the interface knows by name have their own format, for others see `resource set`
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
}

pub(crate) fn run(verb: InterfaceVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        InterfaceVerb::List => list(context),
        InterfaceVerb::Show { name } => show(&name, context),
        InterfaceVerb::Set { name, properties } => set(&name, &properties, context),
    }
}

fn list(context: &mut Context) -> Result<Exit, Failure> {
    let glance = glance(&mut context.read()?)?;
    let documents = || glance.interfaces.iter().map(InterfaceDocument::from).collect::<Vec<_>>();
    context.output.data(documents, || table(glance.interfaces.iter()).show(0))?;
    Ok(Exit::Done)
}

/// Interfaces, one in a row.
pub(crate) fn table<'g>(interfaces: impl Iterator<Item = &'g NetworkInterfaceGlance>) -> Table {
    let mut table = Table::with_heading(&["INTERFACE", "STATE", "NETWORK", "ADDRESSES", "NOTE"]);
    for interface in interfaces {
        table.row(vec![
            interface.name.as_str().into(),
            Cell::new(of_interface(interface.state), interface.state.to_string()),
            interface.network_name.as_str().into(),
            interface.addresses.join(" ").into(),
            clean(&interface.reason).into(),
        ]);
    }
    table
}

fn show(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::NetInterface(name);
    let mut cluster = context.read()?;
    let object: NetInterface = open_object(&mut cluster, name, &subject)?;
    let sections = Owner { target: Target::NetInterface(&object), subject }.sections(&mut cluster)?;
    let glance = glance(&mut cluster)?;
    let found = glance.interfaces.iter().find(|interface| interface.id.to_string() == object.id());
    let interface = found.ok_or_else(|| subject.gone())?;
    let details = InterfaceDetails { interface: interface.into(), properties: sections.document() };
    context.output.data(
        || &details,
        || {
            let mut table = Table::new();
            table.row(vec!["id".into(), details.interface.id.as_str().into()]);
            let state = Cell::new(of_interface(interface.state), interface.state.to_string());
            table.row(vec!["state".into(), state]);
            if let Some(note) = &details.interface.note {
                table.row(vec!["because".into(), clean(note).into()]);
            }
            table.row(vec!["node".into(), interface.node_name.as_str().into()]);
            table.row(vec!["network".into(), interface.network_name.as_str().into()]);
            table.row(vec!["addresses".into(), details.interface.addresses.join(" ").into()]);
            let title = styled(STRONG, &format!("network interface {}", clean(interface.name.as_str())));
            format!("{title}\n{}{}", table.show(2), sections.show())
        },
    )?;
    Ok(Exit::Done)
}

fn set(name: &str, properties: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::NetInterface(name);
    let mut cluster = context.change()?;
    let object: NetInterface = open_object(&mut cluster, name, &subject)?;
    let owner = Owner { target: Target::NetInterface(&object), subject };
    let notes = owner.set(&mut cluster, properties)?;
    let id = Some(object.id().to_owned());
    context.done("interface", name, id, notes, || format!("properties of {subject} are set"))
}
