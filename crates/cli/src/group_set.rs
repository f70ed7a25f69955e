//! `mainstay groupset`: groups that others start after.

use clap::Subcommand;
use mainstay_client::{Group, GroupSet, Target, kind};
use mainstay_types::Status;
use mainstay_types::glance::GroupSetGlance;

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::group_set::{GroupSetDetails, GroupSetDocument};
use crate::properties::{Owner, Sections};
use crate::render::{STRONG, Table, clean, styled};
use crate::way_out::about;

/// What can be done with group sets.
#[derive(Debug, Subcommand)]
pub enum GroupSetVerb {
    /// List all group sets
    List,
    /// Show a group set with its properties
    Show {
        /// Name or id of the group set
        name: String,
    },
    /// Make an empty group set
    Create {
        /// The group set's name
        name: String,
    },
    /// Delete a group set in which no group is
    Delete {
        /// Name or id of the group set
        name: String,
    },
    /// Put groups into a group set; a group is in one set at most
    Add {
        /// Name or id of the group set
        name: String,
        /// Names or ids of the groups
        #[arg(required = true, value_name = "GROUP")]
        groups: Vec<String>,
    },
    /// Take groups out of a group set
    Remove {
        /// Name or id of the group set
        name: String,
        /// Names or ids of the groups
        #[arg(required = true, value_name = "GROUP")]
        groups: Vec<String>,
    },
    /// Set properties of a group set: StartupSetting, StartupCount, StartupDelay, IsGlobal
    Set {
        /// Name or id of the group set
        name: String,
        /// Properties; those that the group set knows by name have their own format, for others see `resource set`
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// Have all groups of a set start after another set
    Depend {
        /// Name or id of the group set whose groups start later
        name: String,
        /// Name or id of the group set that they start after, beside those that they start after already
        #[arg(required_unless_present = "expression", conflicts_with = "expression")]
        provider: Option<String>,
        /// All group sets that they start after, in place of those before; an empty text ends that
        #[arg(long, value_name = "EXPRESSION")]
        expression: Option<String>,
    },
    /// Have all groups of a set start after another set no longer
    Undepend {
        /// Name or id of the group set whose groups start later
        name: String,
        /// Name or id of the group set that they start after
        provider: String,
    },
}

pub(crate) fn run(verb: GroupSetVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        GroupSetVerb::List => list(context),
        GroupSetVerb::Show { name } => show(&name, context),
        GroupSetVerb::Create { name } => create(&name, context),
        GroupSetVerb::Delete { name } => delete(&name, context),
        GroupSetVerb::Add { name, groups } => add(&name, &groups, context),
        GroupSetVerb::Remove { name, groups } => remove(&name, &groups, context),
        GroupSetVerb::Set { name, properties } => set(&name, &properties, context),
        GroupSetVerb::Depend { name, provider, expression } => match (provider, expression) {
            (_, Some(expression)) => set_expression(&name, &expression, context),
            (provider, None) => order(&name, &provider.unwrap_or_default(), true, context),
        },
        GroupSetVerb::Undepend { name, provider } => order(&name, &provider, false, context),
    }
}

fn list(context: &mut Context) -> Result<Exit, Failure> {
    let glance = glance(&mut context.read()?)?;
    let documents = || glance.group_sets.iter().map(GroupSetDocument::from).collect::<Vec<_>>();
    context.output.data(documents, || {
        let mut table =
            Table::with_heading(&["GROUP SET", "STARTED", "GROUPS", "START AFTER", "COUNTS AS STARTED"]);
        for set in &glance.group_sets {
            table.row(vec![
                set.name.as_str().into(),
                if set.is_started { "yes" } else { "no" }.into(),
                set.groups.len().to_string().into(),
                clean(&set.depends_on).into(),
                set.startup.as_str().into(),
            ]);
        }
        table.show(0)
    })?;
    Ok(Exit::Done)
}

fn show(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::GroupSet(name);
    let mut cluster = context.read()?;
    let glance = glance(&mut cluster)?;
    let is_it = |set: &&GroupSetGlance| set.name.is(name) || set.id.to_string() == name.to_lowercase();
    let Some(set) = glance.group_sets.iter().find(is_it) else {
        return Err(Failure::refused(Status::GROUPSET_NOT_FOUND, "", &subject));
    };
    // Who may only look cannot open a group set, and sees it without its properties.
    let sections = match open_object::<kind::GroupSet>(&mut cluster, name, &subject) {
        Ok(object) => Owner { target: Target::GroupSet(&object), subject }.sections(&mut cluster)?,
        Err(refused) if refused.status == Some(Status::ACCESS_DENIED) => Sections::default(),
        Err(failure) => return Err(failure),
    };
    let details = GroupSetDetails { group_set: set.into(), properties: sections.document() };
    context.output.data(
        || &details,
        || {
            let mut table = Table::new();
            table.row(vec!["id".into(), details.group_set.id.as_str().into()]);
            table.row(vec!["groups".into(), details.group_set.groups.join(", ").into()]);
            if let Some(sets) = &details.group_set.depends_on {
                table.row(vec!["its groups start after".into(), clean(sets).into()]);
            }
            if set.is_global {
                table.row(vec!["global".into(), "every group that is in no such set starts after it".into()]);
            }
            table.row(vec!["counts as started".into(), set.startup.as_str().into()]);
            table.row(vec!["is started".into(), if set.is_started { "yes" } else { "no" }.into()]);
            let title = styled(STRONG, &format!("group set {}", clean(set.name.as_str())));
            format!("{title}\n{}{}", table.show(2), sections.show())
        },
    )?;
    Ok(Exit::Done)
}

fn is_it(set: &GroupSetGlance, object: &GroupSet, name: &str) -> bool {
    set.id.to_string() == object.id() || set.name.is(name)
}

fn create(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::GroupSet(name);
    let mut cluster = context.change()?;
    let made =
        cluster.create_group_set(name).map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = made.id().to_owned();
    context.done("group-set", name, Some(id.clone()), Vec::new(), || format!("{subject} created ({id})"))
}

fn delete(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::GroupSet(name);
    let mut cluster = context.change()?;
    let object: GroupSet = open_object(&mut cluster, name, &subject)?;
    cluster.delete_group_set(&object).map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = Some(object.id().to_owned());
    context.done("group-set", name, id, Vec::new(), || format!("{subject} deleted"))
}

/// All groups are looked up before any is put in; the first refusal ends it.
fn add(name: &str, groups: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::GroupSet(name);
    let mut cluster = context.change()?;
    let set: GroupSet = open_object(&mut cluster, name, &subject)?;
    let mut opened: Vec<(&str, Group)> = Vec::new();
    for group in groups {
        opened.push((group, open_object(&mut cluster, group, &Subject::Group(group))?));
    }
    for (group, object) in &opened {
        cluster
            .add_to_group_set(&set, object)
            .map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Group(group)))?;
    }
    let id = Some(set.id().to_owned());
    context.done("group-set", name, id, Vec::new(), || format!("{} now in {subject}", listed(groups)))
}

/// Only what is in this set is taken out, so that a slip takes nothing out of another.
fn remove(name: &str, groups: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::GroupSet(name);
    let mut cluster = context.change()?;
    let set: GroupSet = open_object(&mut cluster, name, &subject)?;
    let glance = glance(&mut cluster)?;
    let found = glance.group_sets.iter().find(|known| is_it(known, &set, name));
    let found = found.ok_or_else(|| subject.gone())?;
    let mut opened: Vec<(&str, Group)> = Vec::new();
    for group in groups {
        let object: Group = open_object(&mut cluster, group, &Subject::Group(group))?;
        let known = glance.groups.iter().find(|known| known.id.to_string() == object.id());
        let is_in = known.is_some_and(|known| known.group_set.as_ref() == Some(&found.name));
        if !is_in {
            let message = format!("{} is not in {subject}", Subject::Group(group));
            let shown = format!("'{}' lists its groups", about("groupset show", name));
            // As the service says of one that is in no set.
            let failure = Failure::new(Exit::Refused, message).with_status(Status::GROUPSET_NOT_FOUND);
            return Err(failure.with_way_out(shown));
        }
        opened.push((group, object));
    }
    for (group, object) in &opened {
        cluster
            .remove_from_group_set(object)
            .map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Group(group)))?;
    }
    let id = Some(set.id().to_owned());
    context.done("group-set", name, id, Vec::new(), || format!("{} no longer in {subject}", listed(groups)))
}

/// "groups 'a', 'b' are"
fn listed(groups: &[String]) -> String {
    match groups {
        [only] => format!("{} is", Subject::Group(only)),
        several => format!("groups '{}' are", clean(&several.join("', '"))),
    }
}

fn set(name: &str, properties: &[String], context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::GroupSet(name);
    let mut cluster = context.change()?;
    let object: GroupSet = open_object(&mut cluster, name, &subject)?;
    let notes = Owner { target: Target::GroupSet(&object), subject }.set(&mut cluster, properties)?;
    let id = Some(object.id().to_owned());
    context.done("group-set", name, id, notes, || format!("properties of {subject} are set"))
}

fn set_expression(name: &str, expression: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::GroupSet(name);
    let mut cluster = context.change()?;
    let dependent: GroupSet = open_object(&mut cluster, name, &subject)?;
    cluster
        .set_set_dependency_expression(&dependent, expression)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    // It is done, whether or not it can be read again.
    let sets = glance(&mut cluster).map(|glance| glance.group_sets).unwrap_or_default();
    let kept = sets.iter().find(|set| set.id.to_string() == dependent.id());
    let kept = kept.map_or(expression.trim(), |set| set.depends_on.as_str());
    let id = Some(dependent.id().to_owned());
    context.done("group-set", name, id, Vec::new(), || match kept {
        "" => format!("the groups of {subject} start after no group set any more"),
        kept => format!("the groups of {subject} start after {}", clean(kept)),
    })
}

fn order(name: &str, provider: &str, adds: bool, context: &mut Context) -> Result<Exit, Failure> {
    let (subject, other) = (Subject::GroupSet(name), Subject::GroupSet(provider));
    let mut cluster = context.change()?;
    let dependent: GroupSet = open_object(&mut cluster, name, &subject)?;
    let provider: GroupSet = open_object(&mut cluster, provider, &other)?;
    let changed = match adds {
        true => cluster.add_set_dependency(&dependent, &provider),
        false => cluster.remove_set_dependency(&dependent, &provider),
    };
    changed.map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let id = Some(dependent.id().to_owned());
    context.done("group-set", name, id, Vec::new(), || match adds {
        true => format!("the groups of {subject} start after {other}"),
        false => format!("the groups of {subject} no longer start after {other}"),
    })
}
