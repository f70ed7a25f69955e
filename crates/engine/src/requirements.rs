//! What resource types require: each of their resources has to depend on a resource of some class or type
//! (CLUSCTL_RESOURCE_TYPE_GET_REQUIRED_DEPENDENCIES).
//!
//! Only a type in a library can say so, and only while a host has a resource of it open. So it is asked at the first
//! start of one of its resources since the service has started, which waits for the answer; from then on it is known.
//! What a type does not answer it does not require. Nothing of this is stored: a library may be replaced.

use std::collections::BTreeMap;

use mainstay_proplist::{RequiredDependency, ValueList};
use mainstay_types::command_line::CommandLine;
use mainstay_types::control::{function, object};
use mainstay_types::order::{Cause, QueryAnswer};
use mainstay_types::{Name, ObjectId, ResourceId, Status};

use crate::Engine;
use crate::limits::{QUERY_USUAL_TIMEOUT_MS, REQUIREMENTS_LENGTH_MAX};
use crate::live::Stage;
use crate::model::expression::Expression;
use crate::model::objects::Resource;
use crate::queries::QueryPurpose;

/// What is known of the types in libraries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requirements {
    known: BTreeMap<Name, TypeFacts>,
}

/// What one type has said of itself. It is as good as said while it is being asked and the answer is not there.
#[derive(Clone, Debug, Default)]
struct TypeFacts {
    /// The library that said it.
    library: String,
    /// Queries under way.
    open: usize,
    /// It has not answered in time. Who waits goes on; the next start asks it again.
    is_silent: bool,
    required: Vec<RequiredDependency>,
    /// The same as it came.
    stated: Vec<u8>,
    /// CLUSTER_RESOURCE_CLASS; 0 is unknown.
    class: u32,
}

/// Which question a type was asked.
#[derive(Clone, Debug)]
pub(crate) struct TypeQuestion {
    type_name: Name,
    function: u32,
}

/// Whether a resource has what its type requires.
pub(crate) enum Required {
    /// It has, or nothing is required.
    Met,
    /// Some type has to answer first.
    Asked,
    /// It has not.
    Lacks(Cause),
}

impl Engine {
    /// Looks at what the type of a resource requires; asks it first where that is not known.
    pub(crate) fn check_required(&mut self, id: ResourceId) -> Required {
        let Some(own) = self.model.resource(id).map(|found| found.type_name.clone()) else {
            return Required::Met;
        };
        if self.ask_about(&own) {
            return Required::Asked;
        }
        let required = self.requirements.known.get(&own).map(|facts| facts.required.clone());
        let required = required.unwrap_or_default();
        if required.iter().any(|one| matches!(one, RequiredDependency::Class(_))) {
            let providers =
                self.model.resource(id).into_iter().flat_map(|found| found.depends_on.providers());
            let types: Vec<Name> =
                providers.filter_map(|id| Some(self.model.resource(id)?.type_name.clone())).collect();
            let mut asked = false;
            for type_name in &types {
                asked |= self.ask_about(type_name);
            }
            if asked {
                return Required::Asked;
            }
        }
        let Some(resource) = self.model.resource(id) else { return Required::Met };
        match required.iter().find(|one| !self.has_required(&resource.depends_on, one, false)) {
            None => Required::Met,
            Some(missing) => {
                let (text, way_out) = (lack(missing), way_to_add(resource));
                let text = format!("{text}; {way_out}");
                Required::Lacks(Cause::new(Status::DEPENDENCY_NOT_FOUND, text))
            }
        }
    }

    /// What the type of a resource requires, as far as it has said so, and what this expression would take away.
    pub(crate) fn takes_required(&self, resource: &Resource, expression: &Expression) -> Option<String> {
        let facts = self.requirements.known.get(&resource.type_name)?;
        // Of what class a type is that was not asked yet nobody knows.
        let is_taken = |one: &&RequiredDependency| {
            self.has_required(&resource.depends_on, one, true) && !self.has_required(expression, one, true)
        };
        facts.required.iter().find(is_taken).map(lack)
    }

    /// Whether such a resource is depended on whichever of the alternatives serve. `if_unknown`: whether one whose class is
    /// not known is such.
    fn has_required(&self, expression: &Expression, required: &RequiredDependency, if_unknown: bool) -> bool {
        let is_such = |id: &ResourceId| {
            let Some(provider) = self.model.resource(*id) else { return false };
            match required {
                RequiredDependency::Type(name) => provider.type_name.is(name),
                RequiredDependency::Class(class) => {
                    let facts = self.requirements.known.get(&provider.type_name);
                    facts.map_or(if_unknown, |facts| facts.class == *class)
                }
            }
        };
        expression.clauses().any(|clause| clause.iter().all(is_such))
    }

    /// Asks a type that has not said what it is yet, where it can be asked. Answers whether an answer is still to come.
    fn ask_about(&mut self, type_name: &Name) -> bool {
        let Some(library) = self.model.resource_type(type_name).and_then(|found| found.library.clone())
        else {
            return false;
        };
        if let Some(facts) = self.requirements.known.get(type_name).filter(|facts| facts.library == library) {
            return facts.open > 0;
        }
        let mut open = 0;
        for function in [function::GET_REQUIRED_DEPENDENCIES, function::GET_CLASS_INFO] {
            let code = object::RESOURCE_TYPE | function;
            let asked = self.type_question(type_name, code, &[], REQUIREMENTS_LENGTH_MAX);
            let Some((host, question)) = asked else { continue };
            let purpose = QueryPurpose::Type(TypeQuestion { type_name: type_name.clone(), function });
            open += usize::from(self.query(host, question, purpose, Some(QUERY_USUAL_TIMEOUT_MS)).is_some());
        }
        if open > 0 {
            let facts = TypeFacts { library, open, ..TypeFacts::default() };
            self.requirements.known.insert(type_name.clone(), facts);
        }
        open > 0
    }

    /// A type has answered, or will not. Starts that wait for it go on.
    pub(crate) fn handle_type_answer(&mut self, question: &TypeQuestion, answer: Option<QueryAnswer>) {
        let Some(facts) = self.requirements.known.get_mut(&question.type_name) else { return };
        facts.open = facts.open.saturating_sub(1);
        facts.is_silent |= answer.is_none();
        let output = answer.filter(|answer| answer.status == Status::SUCCESS).map(|answer| answer.output);
        match (question.function, output) {
            (function::GET_REQUIRED_DEPENDENCIES, Some(output)) => {
                let list = ValueList::parse(&output).and_then(|list| list.required_dependencies());
                facts.required = list.unwrap_or_default();
                facts.stated = output;
            }
            (function::GET_CLASS_INFO, Some(output)) => {
                facts.class = output.first_chunk().map_or(0, |class| u32::from_le_bytes(*class));
            }
            _ => {}
        }
        if facts.open > 0 {
            return;
        }
        let is_silent = facts.is_silent;
        let is_asking = |id: &ResourceId| {
            let task = self.live.get(id).and_then(|live| live.task.as_ref());
            task.is_some_and(|task| task.stage == Stage::Asking)
        };
        let waiting: Vec<ResourceId> = self.live.keys().copied().filter(is_asking).collect();
        for id in waiting {
            self.go_on_asked(id);
        }
        if is_silent {
            self.requirements.known.remove(&question.type_name);
        }
    }

    /// What a type requires, as the value list that it has answered; a list without entries where it has not.
    pub(crate) fn stated_requirements(&self, object: &ObjectId) -> Vec<u8> {
        let type_name = match object {
            ObjectId::Resource(id) => self.model.resource(*id).map(|found| &found.type_name),
            ObjectId::ResourceType(name) => Some(name),
            _ => None,
        };
        let facts = type_name.and_then(|name| self.requirements.known.get(name));
        let stated = facts.map(|facts| facts.stated.clone()).filter(|stated| !stated.is_empty());
        stated.unwrap_or_else(|| vec![0; 4])
    }
}

fn lack(missing: &RequiredDependency) -> String {
    let what = match missing {
        RequiredDependency::Type(name) => format!("of type '{}'", crate::error::shown(name)),
        RequiredDependency::Class(class) => format!("of class {}", class_name(*class)),
    };
    format!("its type requires that it depends on a resource {what}")
}

/// What gives a resource a provider.
pub(crate) fn way_to_add(resource: &Resource) -> String {
    let line = CommandLine::new("resource depend").name(resource.name.as_str()).name("PROVIDER");
    format!("add one with: {line}")
}

fn class_name(class: u32) -> String {
    match class {
        1 => "storage".into(),
        2 => "network".into(),
        other => other.to_string(),
    }
}
