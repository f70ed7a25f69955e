//! `mainstay group depend` and `undepend`: after what a group starts.

use mainstay_client::{Group, GroupSet};

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::render::clean;

/// What a group is to start after.
#[derive(Debug, clap::Args)]
pub struct NewOrder {
    /// Name or id of the group that starts later
    pub name: String,
    /// Name or id of a group that it starts after, beside those that it starts after already
    #[arg(required_unless_present = "expression", conflicts_with = "expression")]
    pub provider: Option<String>,
    /// PROVIDER is a group set
    #[arg(long)]
    pub set: bool,
    /// All groups that it starts after, in place of those before; an empty text ends that
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "set")]
    pub expression: Option<String>,
}

/// One group that starts after another, or after a group set.
#[derive(Debug, clap::Args)]
pub struct Order {
    /// Name or id of the group that starts later
    pub name: String,
    /// Name or id of the group that it starts after
    pub provider: String,
    /// PROVIDER is a group set
    #[arg(long)]
    pub set: bool,
}

pub(crate) fn depend(given: &NewOrder, context: &mut Context) -> Result<Exit, Failure> {
    if let Some(expression) = &given.expression {
        return set_expression(&given.name, expression, context);
    }
    let provider = given.provider.clone().unwrap_or_default();
    let given = Order { name: given.name.clone(), provider, set: given.set };
    change(&given, true, context)
}

pub(crate) fn undepend(given: &Order, context: &mut Context) -> Result<Exit, Failure> {
    change(given, false, context)
}

fn set_expression(name: &str, expression: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(name);
    let mut cluster = context.change()?;
    let dependent: Group = open_object(&mut cluster, name, &subject)?;
    cluster
        .set_group_dependency_expression(&dependent, expression)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    // It is done, whether or not it can be read again.
    let groups = glance(&mut cluster).map(|glance| glance.groups).unwrap_or_default();
    let kept = groups.iter().find(|group| group.id.to_string() == dependent.id());
    let kept = kept.map_or(expression.trim(), |group| group.depends_on.as_str());
    let id = Some(dependent.id().to_owned());
    context.done("group", name, id, Vec::new(), || match kept {
        "" => format!("{subject} starts after no group any more"),
        kept => format!("{subject} starts after {}", clean(kept)),
    })
}

fn change(given: &Order, adds: bool, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Group(&given.name);
    let mut cluster = context.change()?;
    let dependent: Group = open_object(&mut cluster, &given.name, &subject)?;
    let other = match given.set {
        true => Subject::GroupSet(&given.provider),
        false => Subject::Group(&given.provider),
    };
    let changed = if given.set {
        let provider: GroupSet = open_object(&mut cluster, &given.provider, &other)?;
        match adds {
            true => cluster.add_group_to_set_dependency(&dependent, &provider),
            false => cluster.remove_group_to_set_dependency(&dependent, &provider),
        }
    } else {
        let provider: Group = open_object(&mut cluster, &given.provider, &other)?;
        match adds {
            true => cluster.add_group_dependency(&dependent, &provider),
            false => cluster.remove_group_dependency(&dependent, &provider),
        }
    };
    changed.map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = Some(dependent.id().to_owned());
    context.done("group", &given.name, id, Vec::new(), || match adds {
        true => format!("{subject} starts after {other}"),
        false => format!("{subject} no longer starts after {other}"),
    })
}
