//! What of the journal an explanation is made from: for each object that it may speak of, the newest records that tell what
//! it has to know. Whoever has the journal looks from the newest record about an object to the oldest, until a search is done.
//!
//! It reads nothing itself.

use mainstay_types::operation::{OperationRecord, Verb};
use mainstay_types::{GroupId, GroupState, ObjectId, ResourceState};

use super::names::{Names, renames};
use super::story::{self, Word};
use crate::graph;
use crate::limits::REASONS_DEEP_MAX;
use crate::model::objects::{Group, Resource};
use crate::operation::online::FAILED_BY_CALL;
use crate::view::View;

/// How many past runs of a resource are looked at for the time that its parts take.
const RUNS_WANTED: u32 = 6;

/// How many starts of a group by the service are looked at; one may take several operations.
const STARTS_WANTED: u32 = 4;

/// Under how many names, the oldest that are known, parts are sought. More than one: an operation may have begun before a rename
/// and ended after it.
const NAMES_SOUGHT: usize = 4;

/// Verbs whose operations take resources up and down.
const MOVING: &[Verb] = &[
    Verb::Online,
    Verb::Offline,
    Verb::Restart,
    Verb::Fail,
    Verb::Move,
    Verb::ConfirmStopped,
    Verb::StartUp,
    Verb::Recover,
];

/// A record that is wanted: the newest that tells this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Want {
    /// What brought it online, or offline.
    Brought { up: bool },
    /// What was to do something to it last.
    Touched,
    /// Who asked for it, or for its group, to be online or offline.
    Called,
    /// Whose call for this was its last.
    Asked(Verb),
    /// Whose word about it holds.
    Word(Word),
}

impl Want {
    fn is_met_by(self, record: &OperationRecord, object: &ObjectId, names: &Names) -> bool {
        match self {
            Want::Brought { up } => story::brought(record, object, names, up),
            Want::Touched => story::touched(record, object, names),
            Want::Called => {
                let is_about = record.object == *object || story::part_of(record, names).is_some();
                is_about && matches!(record.verb, Verb::Online | Verb::Offline)
            }
            Want::Asked(verb) => record.verb == verb && record.object == *object,
            Want::Word(word) => story::is_word(record, object, word),
        }
    }

    fn verbs(self) -> Vec<Verb> {
        let said_by = |verb: Verb| [&[verb], story::WRITERS].concat();
        match self {
            Want::Brought { .. } | Want::Touched => MOVING.to_vec(),
            Want::Called => vec![Verb::Online, Verb::Offline],
            Want::Asked(verb) => vec![verb],
            Want::Word(Word::Online) => said_by(Verb::Online),
            Want::Word(Word::Offline) => said_by(Verb::Offline),
        }
    }
}

/// The search for the records about one object.
#[derive(Clone, Debug)]
pub struct Search {
    object: ObjectId,
    /// As it was called until the records that come next. Only resources have parts.
    names: Names,
    wants: Vec<Want>,
    /// How many records more in which it had a part are wanted.
    runs: u32,
    /// At so many more starts of a group by the service it is asked what had been said before.
    starts: u32,
    /// Every record is wanted in which somebody has changed something of it.
    changes: bool,
}

impl Search {
    fn new(object: ObjectId, name: &str, wants: Vec<Want>) -> Self {
        Search { object, names: Names::now(name), wants, runs: 0, starts: 0, changes: false }
    }

    /// Wants whatever may be told of a resource or group, and the last runs of a resource.
    pub fn everything(object: ObjectId, name: &str) -> Self {
        let wants = [
            Want::Brought { up: true },
            Want::Brought { up: false },
            Want::Touched,
            Want::Called,
            Want::Asked(Verb::Online),
            Want::Asked(Verb::Fail),
            Want::Word(Word::Online),
            Want::Word(Word::Offline),
        ];
        Search { runs: RUNS_WANTED, ..Search::new(object, name, wants.to_vec()) }
    }

    /// Whose records these are.
    pub fn object(&self) -> &ObjectId {
        &self.object
    }

    /// How the object was called in the records that come next, folded; nothing where records tell of it by its id alone.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.has_parts().then(|| self.names.oldest(NAMES_SOUGHT));
        names.into_iter().flatten()
    }

    fn has_parts(&self) -> bool {
        matches!(self.object, ObjectId::Resource(_))
    }

    /// Records of other verbs need not be looked at.
    pub fn verbs(&self) -> Vec<Verb> {
        let mut verbs = vec![Verb::Rename];
        verbs.extend(self.wants.iter().flat_map(|want| want.verbs()));
        verbs.extend((self.starts > 0).then_some(Verb::StartUp));
        verbs.extend((self.runs > 0).then_some(MOVING).into_iter().flatten());
        verbs.extend(self.changes.then_some(story::WRITERS).into_iter().flatten());
        verbs.sort_unstable();
        verbs.dedup();
        verbs
    }

    /// Looks at the next older record about the object. Answers whether it is wanted.
    pub fn takes(&mut self, record: &OperationRecord) -> bool {
        if story::was_refused(record) {
            return false;
        }
        let before = self.wants.len();
        let (object, names) = (&self.object, &self.names);
        let brings_up =
            |want: &Want| *want == Want::Brought { up: true } && want.is_met_by(record, object, names);
        let has_started = record.verb == Verb::StartUp && self.wants.iter().any(brings_up);
        self.wants.retain(|want| !want.is_met_by(record, object, names));
        let mut is_wanted = self.wants.len() < before;
        let starts_group = self.starts > 0 && record.verb == Verb::StartUp && record.object == self.object;
        if has_started || starts_group {
            // What had been said before that is the reason.
            self.starts = self.starts.saturating_sub(1);
            self.wants.retain(|want| !matches!(want, Want::Word(_)));
            self.wants.extend([Want::Word(Word::Online), Want::Word(Word::Offline)]);
        }
        if self.runs > 0 && story::part_of(record, names).is_some() {
            self.runs -= 1;
            is_wanted = true;
        }
        is_wanted |= self.changes && record.object == self.object;
        if renames(record, &self.object) {
            // Older records have it under the name that it had before, too.
            self.names.learn(record);
            is_wanted = true;
        }
        is_wanted
    }

    /// Whether no older record is wanted.
    pub fn is_done(&self) -> bool {
        self.wants.is_empty() && self.runs == 0 && self.starts == 0 && !self.changes
    }
}

impl<'a> View<'a> {
    /// What [`View::explain_resource`], [`View::explain_group`] and [`View::explain_network`] have to know of the journal:
    /// about the object, which comes first, its group, its resources, and what those need; the same of groups that it has
    /// to wait for.
    pub fn explained_by(self, object: &ObjectId) -> Vec<Search> {
        let model = self.model();
        let (roots, own) = match object {
            ObjectId::Network(id) => {
                let found = model.network(*id).into_iter();
                let search =
                    |name: &str| Search { changes: true, ..Search::new(object.clone(), name, vec![]) };
                return found.map(|network| search(network.name.as_str())).collect();
            }
            ObjectId::Resource(id) => (vec![*id], model.resource(*id).map(|found| found.group)),
            ObjectId::Group(id) => {
                let members = model.group(*id).into_iter().flat_map(|group| group.members.iter().copied());
                (members.collect(), Some(*id))
            }
            _ => (Vec::new(), None),
        };
        let awaited: Vec<GroupId> =
            std::iter::successors(own.and_then(|id| self.awaited_group(id)), |id| self.awaited_group(*id))
                .take(REASONS_DEEP_MAX)
                .collect();
        let members = awaited.iter().filter_map(|id| model.group(*id)).flat_map(|group| &group.members);
        let roots = roots.into_iter().chain(members.copied());
        let resources: Vec<&Resource> =
            graph::with_providers(model, roots).into_iter().filter_map(|id| model.resource(id)).collect();
        let mut groups: Vec<GroupId> = resources.iter().map(|resource| resource.group).collect();
        groups.extend(own.into_iter().chain(awaited));
        groups.sort_unstable();
        groups.dedup();
        let groups =
            groups.into_iter().filter_map(|id| model.group(id)).map(|group| self.search_of_group(group));
        let mut all: Vec<Search> =
            groups.chain(resources.into_iter().map(|resource| self.search_of(resource))).collect();
        all.sort_by_key(|search| search.object != *object);
        all
    }

    /// The same about a group, with past runs of all of its resources: what a plan is made from.
    pub fn planned_by(self, group: GroupId) -> Vec<Search> {
        let mut all = self.explained_by(&ObjectId::Group(group));
        all.iter_mut().filter(|search| search.has_parts()).for_each(|search| search.runs = RUNS_WANTED);
        all
    }

    fn search_of(self, resource: &Resource) -> Search {
        let is_wanted = self.model().is_wanted(resource);
        let failure = self.engine().live.get(&resource.id).and_then(|live| live.failure.as_ref());
        let mut wants = vec![Want::Called];
        match self.resource_state(resource.id) {
            Some(ResourceState::Online) => wants.push(Want::Brought { up: true }),
            Some(ResourceState::Offline) => {
                wants.extend([Want::Brought { up: false }, Want::Touched]);
                wants.extend([Want::Asked(Verb::Online), Want::Asked(Verb::Restart)]);
                if !is_wanted {
                    wants.push(Want::Word(Word::Online));
                }
            }
            Some(ResourceState::Failed) if failure.is_some_and(|it| it.text.starts_with(FAILED_BY_CALL)) => {
                wants.push(Want::Asked(Verb::Fail));
            }
            _ => {}
        }
        if !is_wanted && resource.persistent == Some(false) {
            wants.push(Want::Word(Word::Offline));
        }
        Search::new(ObjectId::Resource(resource.id), resource.name.as_str(), wants)
    }

    fn search_of_group(self, group: &Group) -> Search {
        let mut wants = vec![Want::Called, Want::Asked(Verb::Online), Want::Word(Word::Online)];
        if group.persistent == Some(false) {
            wants.push(Want::Word(Word::Offline));
        }
        let starts = if self.group_state(group.id) == Some(GroupState::Offline) { 0 } else { STARTS_WANTED };
        Search { starts, ..Search::new(ObjectId::Group(group.id), group.name.as_str(), wants) }
    }
}
