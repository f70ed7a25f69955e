//! `mainstay type`: resource types.

use clap::Subcommand;
use mainstay_client::{CallError, Cluster, Target};
use mainstay_types::Status;
use mainstay_types::control::RESOURCE_TYPE_DESCRIBE;
use mainstay_types::description::TypeDescription;
use mainstay_types::glance::Glance;

use crate::context::{Context, glance};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::{TypeDetails, TypeDocument};
use crate::properties::Owner;
use crate::render::{STRONG, Table, clean, styled};

/// CLUSTER_ENUM_RESTYPE (clusapi.h).
const ENUM_RESOURCE_TYPES: u32 = 2;

/// What can be done with resource types.
#[derive(Debug, Subcommand)]
pub enum TypeVerb {
    /// List all resource types
    List,
    /// Show a resource type with its properties
    Show {
        /// The type's name
        name: String,
    },
    /// Register a resource type that a shared library implements
    Create {
        /// The type's name
        name: String,
        /// The shared library
        #[arg(long, value_name = "FILE")]
        library: String,
        /// The name to show to people [default: the type's name]
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// How often its resources are looked at quickly, in milliseconds
        #[arg(long, value_name = "MS", default_value_t = 5_000)]
        looks_alive: u32,
        /// How often its resources are looked at thoroughly, in milliseconds
        #[arg(long, value_name = "MS", default_value_t = 60_000)]
        is_alive: u32,
    },
    /// Set properties of a resource type
    Set {
        /// The type's name
        name: String,
        /// Properties; those that the type knows by name have their own format, for others see `resource set`
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// Unregister a resource type that no resource has
    Delete {
        /// The type's name
        name: String,
    },
}

pub(crate) fn run(verb: TypeVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        TypeVerb::List => list(context),
        TypeVerb::Show { name } => show(&name, context),
        TypeVerb::Create { name, library, display_name, looks_alive, is_alive } => {
            let display_name = display_name.as_deref().unwrap_or(&name);
            let mut cluster = context.change()?;
            let subject = Subject::Type(&name);
            cluster
                .create_resource_type(&name, display_name, &library, looks_alive, is_alive)
                .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
            context.done("type", &name, None, Vec::new(), || format!("{subject} registered"))
        }
        TypeVerb::Set { name, properties } => {
            let mut cluster = context.change()?;
            let subject = Subject::Type(&name);
            let owner = Owner { target: Target::ResourceType(&name), subject };
            let notes = owner.set(&mut cluster, &properties)?;
            context.done("type", &name, None, notes, || format!("properties of {subject} are set"))
        }
        TypeVerb::Delete { name } => {
            let mut cluster = context.change()?;
            let subject = Subject::Type(&name);
            cluster
                .delete_resource_type(&name)
                .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
            context.done("type", &name, None, Vec::new(), || format!("{subject} unregistered"))
        }
    }
}

/// The names of all resource types.
pub(crate) fn names(cluster: &mut Cluster) -> Result<Vec<String>, Failure> {
    let listed = cluster
        .list(ENUM_RESOURCE_TYPES)
        .map_err(|error| Failure::of_call(cluster, &error, &Subject::Cluster))?;
    Ok(listed.into_iter().map(|entry| entry.name).collect())
}

fn document(name: &str, glance: &Glance) -> TypeDocument {
    let resources = glance.resources.iter().filter(|resource| resource.type_name.is(name));
    TypeDocument {
        name: name.to_owned(),
        resources: resources.map(|resource| resource.name.to_string()).collect(),
    }
}

fn list(context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.read()?;
    let names = names(&mut cluster)?;
    let glance = glance(&mut cluster)?;
    let documents: Vec<_> = names.iter().map(|name| document(name, &glance)).collect();
    context.output.data(
        || &documents,
        || {
            let mut table = Table::with_heading(&["TYPE", "RESOURCES"]);
            for document in &documents {
                table.row(vec![document.name.as_str().into(), document.resources.len().to_string().into()]);
            }
            table.show(0)
        },
    )?;
    Ok(Exit::Done)
}

fn show(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Type(name);
    let mut cluster = context.read()?;
    let known = names(&mut cluster)?;
    let folded = mainstay_types::name::fold(name);
    let name = known
        .iter()
        .find(|known| mainstay_types::name::fold(known) == folded)
        .ok_or_else(|| subject.gone())?;
    let sections = Owner { target: Target::ResourceType(name), subject }.sections(&mut cluster)?;
    let details = TypeDetails {
        resource_type: document(name, &glance(&mut cluster)?),
        description: describe(name, &mut cluster)?,
        properties: sections.document(),
    };
    context.output.data(
        || &details,
        || {
            let mut table = Table::new();
            table.row(vec!["library".into(), sections.common_text("DllName").unwrap_or_default().into()]);
            table.row(vec!["resources".into(), details.resource_type.resources.join(", ").into()]);
            let title = styled(STRONG, &format!("resource type {}", clean(name)));
            let described = details.description.as_ref().map(show_description).unwrap_or_default();
            format!("{title}\n{}{described}{}", table.show(2), sections.show())
        },
    )?;
    Ok(Exit::Done)
}

/// What a type says of itself. Types in libraries need not.
fn describe(name: &str, cluster: &mut Cluster) -> Result<Option<TypeDescription>, Failure> {
    let asked = cluster.control(Target::ResourceType(name), None, RESOURCE_TYPE_DESCRIBE, None);
    match asked {
        Ok(answer) => serde_json::from_slice(&answer.output).map(Some).map_err(|error| {
            let message = format!("what {} says of itself cannot be read: {error}", Subject::Type(name));
            Failure::new(Exit::EndedOtherwise, message)
        }),
        Err(CallError::Refused {
            status: Status::INVALID_FUNCTION | Status::NOT_SUPPORTED | Status::CALL_NOT_IMPLEMENTED,
            ..
        }) => Ok(None),
        Err(error) => Err(Failure::of_call(cluster, &error, &Subject::Type(name))),
    }
}

/// The description in sections: what it is, its private properties, its instructions, an example.
fn show_description(described: &TypeDescription) -> String {
    let mut shown = format!("\n{}\n", clean(&described.summary));
    for paragraph in described.details.lines() {
        shown.push_str(&format!("{}\n", clean(paragraph)));
    }
    if !described.properties.is_empty() {
        let heading = ["PROPERTY", "FORMAT", "DEFAULT", "WHAT IT DOES"];
        let mut table = Table::with_heading(&heading);
        for property in &described.properties {
            let also = property.also.map(|also| format!(" or {}", also.format().word()));
            let formats = format!("{}{}", property.format.format().word(), also.unwrap_or_default());
            let default = if property.is_required { "required" } else { property.default.as_str() };
            table.row(vec![
                property.name.as_str().into(),
                formats.into(),
                default.into(),
                property.text.as_str().into(),
            ]);
        }
        shown.push_str(&format!(
            "\n{}\n{}",
            styled(STRONG, "private properties of its resources"),
            table.show(2)
        ));
    }
    if !described.instructions.is_empty() {
        let mut table = Table::with_heading(&["INSTRUCTION", "WHAT IT ASKS FOR"]);
        for instruction in &described.instructions {
            for (value, text) in &instruction.values {
                table.row(vec![format!("{}={value}", instruction.name).into(), text.as_str().into()]);
            }
        }
        shown.push_str(&format!(
            "\n{}\n{}",
            styled(STRONG, "in the buffer of an offline call"),
            table.show(2)
        ));
    }
    if !described.example.is_empty() {
        shown.push_str(&format!("\n{}\n  {}\n", styled(STRONG, "example"), clean(&described.example)));
    }
    shown
}
