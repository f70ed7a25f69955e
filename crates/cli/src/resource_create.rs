//! `mainstay resource create`: a resource with all that is said of it, made in one transaction.

use mainstay_client::{Group, Target};
use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject};

use crate::context::{Context, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::new_resource;
use crate::properties::{Owner, check_spelling};
use crate::settings::settings;

pub(crate) fn run(
    name: &str,
    group: &str,
    type_name: &str,
    properties: &[String],
    context: &mut Context,
) -> Result<Exit, Failure> {
    let subject = Subject::Resource(name);
    check_spelling(properties)?;
    let mut cluster = context.change()?;
    let group: Group = open_object(&mut cluster, group, &Subject::Group(group))?;
    let mut wanted = ConfiguredObject::new(ConfiguredKind::Resource, name);
    wanted.type_name = Some(type_name.to_owned());
    wanted.group = Some(group.id().to_owned());
    if !properties.is_empty() {
        let of_type = Owner { target: Target::ResourceType(type_name), subject: Subject::Type(type_name) };
        let (common, private) = of_type.sort_for_resource(&mut cluster, properties)?;
        (wanted.properties, wanted.parameters) = (settings(&common)?, settings(&private)?);
    }
    let made = new_resource::make(&wanted, "", &mut cluster)?;
    let id = made.id;
    context.done("resource", name, Some(id.clone()), made.notes, || format!("{subject} created ({id})"))
}
