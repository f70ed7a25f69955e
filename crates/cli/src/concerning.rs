//! What befell an object in operations of another one: it stopped as a dependent, it came up with its group.

use std::collections::BTreeSet;

use mainstay_client::Cluster;
use mainstay_types::ObjectId;
use mainstay_types::glance::Glance;
use mainstay_types::name::fold;
use mainstay_types::operation::{OperationRecord, Part};

use crate::context::glance;
use crate::failure::Failure;
use crate::render::span;

/// How many parts of one operation a line names; a group may have thousands.
const PARTS_NAMED_MAX: usize = 3;

/// The object that records were asked for.
pub(crate) struct Asked {
    /// As it was written, folded: a name or an id.
    text: String,
    /// What is called so now.
    objects: BTreeSet<ObjectId>,
    /// The names, folded, of the resources that it is, or that are in it.
    names: BTreeSet<String>,
}

impl Asked {
    /// Looks up what the text names now. What is gone is known by its text only.
    pub(crate) fn look(object: &str, cluster: &mut Cluster) -> Result<Self, Failure> {
        Ok(Self::of(object, &glance(cluster)?))
    }

    fn of(object: &str, glance: &Glance) -> Self {
        let text = fold(object);
        let is_it = |folded: &str, id: String| folded == text || id == text;
        let group = glance.groups.iter().find(|group| is_it(group.name.folded(), group.id.to_string()));
        let resource = glance.resources.iter().find(|found| is_it(found.name.folded(), found.id.to_string()));
        let members =
            glance.resources.iter().filter(|found| group.is_some_and(|group| found.group == group.id));
        let mut names: BTreeSet<String> =
            members.chain(resource).map(|found| found.name.folded().to_owned()).collect();
        names.insert(text.clone());
        let objects = group.map(|group| ObjectId::Group(group.id)).into_iter();
        let objects = objects.chain(resource.map(|found| ObjectId::Resource(found.id))).collect();
        Asked { text, objects, names }
    }

    /// The parts that it has in an operation of another object; none in one of its own.
    fn parts_of<'r>(&self, record: &'r OperationRecord) -> Vec<&'r Part> {
        if self.objects.contains(&record.object) || fold(&record.name) == self.text {
            return Vec::new();
        }
        record.parts.iter().filter(|part| self.names.contains(part.resource.folded())).collect()
    }
}

/// The same; none where no object was asked for.
pub(crate) fn parts<'r>(asked: Option<&Asked>, record: &'r OperationRecord) -> Vec<&'r Part> {
    asked.map(|asked| asked.parts_of(record)).unwrap_or_default()
}

/// How long a part took that has ended; of one that was begun before the service was started, at most.
pub(crate) fn took(part: &Part) -> Option<String> {
    let took = span(part.ended_at_ms?.saturating_sub(part.began_at_ms));
    Some(if part.is_rebuilt { format!("up to {took}") } else { took })
}

/// Parts on one line: `web stop: offline (2 ms)`.
pub(crate) fn shown(parts: &[&Part]) -> String {
    let one = |part: &&Part| match took(part) {
        Some(took) => format!("{} {}: {} ({took})", part.resource, part.action, part.outcome),
        None => format!("{} {}: running", part.resource, part.action),
    };
    let mut texts: Vec<String> = parts.iter().take(PARTS_NAMED_MAX).map(one).collect();
    if let Some(more @ 1..) = parts.len().checked_sub(PARTS_NAMED_MAX) {
        texts.push(format!("and {more} more"));
    }
    texts.join("; ")
}
