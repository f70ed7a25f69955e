//! Dependencies between resources: adding, removing, and setting them all by an expression.

use std::collections::BTreeSet;

use mainstay_store::registry::Value;
use mainstay_types::command_line::CommandLine;
use mainstay_types::event::EventKind;
use mainstay_types::{ResourceId, ResourceState};

use super::change::change;
use super::{After, Change};
use crate::Engine;
use crate::error::{ClusterError, Refusal, RequestError};
use crate::events::{multi_string, utf16};
use crate::graph;
use crate::limits::PROVIDERS_MAX;
use crate::model::expression::{Expression, ExpressionError};
use crate::model::layout;
use crate::model::objects::Resource;
use crate::requirements::way_to_add;

impl Engine {
    pub(super) fn add_dependency(&self, id: ResourceId, provider: ResourceId) -> Result<Change, Refusal> {
        let resource = self.dependent(id)?;
        self.dependent(provider)?;
        if resource.depends_on.contains(provider) {
            let (name, provider) = (resource.name.to_string(), self.name_of(provider));
            return Err(ClusterError::DependencyExists { name, provider }.into());
        }
        graph::check_new_dependency(&self.model, id, provider)?;
        let expression = resource.depends_on.with(provider);
        self.check_serving(resource, &expression)?;
        if resource.depends_on.providers().count() >= PROVIDERS_MAX {
            return Err(self.too_many_providers(resource));
        }
        self.write_expression(resource, &expression)
    }

    pub(super) fn remove_dependency(&self, id: ResourceId, provider: ResourceId) -> Result<Change, Refusal> {
        let resource = self.dependent(id)?;
        if !resource.depends_on.contains(provider) {
            let (name, provider) = (resource.name.to_string(), self.name_of(provider));
            return Err(ClusterError::DependencyNotFound { name, provider }.into());
        }
        let expression = resource.depends_on.without(provider);
        self.check_settled(resource)?;
        self.check_served(resource, &expression)?;
        self.check_removable(resource, &expression)?;
        self.write_expression(resource, &expression)
    }

    pub(super) fn set_expression(&self, id: ResourceId, text: &str) -> Result<Change, Refusal> {
        let resource = self.dependent(id)?;
        let parsed = Expression::parse(text, |name| self.model.find_resource(name));
        let expression = parsed.map_err(|error| match error {
            ExpressionError::Twice(provider) => {
                ClusterError::NamedTwice { name: resource.name.to_string(), provider }.into()
            }
            ExpressionError::TooMany => self.too_many_providers(resource),
            other => RequestError::Expression(other.to_string()).into(),
        })?;
        if expression.contains(id) {
            let name = &resource.name;
            let text =
                format!("the expression names '{name}' itself, which cannot depend on itself; leave it out");
            return Err(RequestError::Expression(text).into());
        }
        for provider in expression.providers() {
            graph::check_new_dependency(&self.model, id, provider)?;
        }
        if !expression.is_empty() {
            self.check_serving(resource, &expression)?;
        }
        self.check_settled(resource)?;
        self.write_expression(resource, &expression)
    }

    fn too_many_providers(&self, resource: &Resource) -> Refusal {
        ClusterError::TooManyProviders { name: resource.name.to_string(), max: PROVIDERS_MAX }.into()
    }

    fn dependent(&self, id: ResourceId) -> Result<&Resource, Refusal> {
        let found = self.model.resource(id);
        found.ok_or_else(|| ClusterError::ResourceGone { id: id.to_string() }.into())
    }

    fn check_settled(&self, resource: &Resource) -> Result<(), Refusal> {
        let state = self.live.get(&resource.id).map(|live| live.state);
        match state {
            Some(state @ (ResourceState::OnlinePending | ResourceState::OfflinePending)) => {
                let (name, way_out) = (resource.name.to_string(), "wait until it has settled");
                Err(ClusterError::State { name, state, way_out: way_out.into() }.into())
            }
            _ => Ok(()),
        }
    }

    /// What is on its way up gets no new needs, and what is online none that are not met (MS-CMRP 3.1.4.2.20,
    /// 3.1.4.2.110).
    fn check_serving(&self, resource: &Resource, expression: &Expression) -> Result<(), Refusal> {
        let state = self.live.get(&resource.id).map(|live| live.state);
        if state == Some(ResourceState::OnlinePending) {
            let name = resource.name.to_string();
            return Err(ClusterError::DependentPending { name }.into());
        }
        self.check_served(resource, expression)?;
        self.check_settled(resource)
    }

    /// What is online goes on having what it needs.
    fn check_served(&self, resource: &Resource, expression: &Expression) -> Result<(), Refusal> {
        let is_online =
            |id: ResourceId| self.live.get(&id).is_some_and(|live| live.state == ResourceState::Online);
        match expression.unmet(is_online).next() {
            Some(unmet) if is_online(resource.id) => {
                let (name, providers) = (resource.name.to_string(), self.names_of(unmet));
                Err(ClusterError::DependentOnline { name, providers }.into())
            }
            _ => Ok(()),
        }
    }

    /// What serves keeps what its type requires. MS-CMRP (3.1.4.2.21) refuses to take anything from it.
    fn check_removable(&self, resource: &Resource, expression: &Expression) -> Result<(), Refusal> {
        let Some(state @ ResourceState::Online) = self.live.get(&resource.id).map(|live| live.state) else {
            return Ok(());
        };
        let name = resource.name.to_string();
        let offline = CommandLine::new("resource offline").name(name.as_str());
        let way_out = match self.takes_required(resource, expression) {
            Some(lack) => format!("{lack}, so take it offline first with: {offline}"),
            None if self.config.strict_cmrp => {
                format!("with strict_cmrp, take it offline first with: {offline}")
            }
            None => return Ok(()),
        };
        Err(ClusterError::State { name, state, way_out: way_out.into() }.into())
    }

    fn write_expression(&self, resource: &Resource, expression: &Expression) -> Result<Change, Refusal> {
        let path = layout::resource_path(resource.id)?;
        let touched: BTreeSet<ResourceId> =
            resource.depends_on.providers().chain(expression.providers()).collect();
        let mut changes = self.changes();
        // Every provider has to be there still when this is committed.
        for provider in expression.providers() {
            changes.create_key(&layout::resource_path(provider)?)?;
        }
        if expression.is_empty() {
            changes.delete_value(&path, layout::DEPENDS_ON)?;
        } else {
            changes.set_value(&path, layout::DEPENDS_ON, Value::Sz(expression.to_string()))?;
        }
        let mut change = change(changes);
        change.note = self.takes_required(resource, expression).map_or_else(String::new, |lack| {
            let (name, way_out) = (&resource.name, way_to_add(resource));
            format!("resource '{name}' will not come online like this: {lack}; {way_out}")
        });
        let text = utf16(&expression.to_string());
        change.after.extend(self.resource_event(EventKind::ResourceDependencies, resource.id, text));
        for provider in &touched {
            let depends = expression.contains(*provider);
            if resource.depends_on.contains(*provider) != depends {
                let others = self.model.dependents(*provider).filter(|other| *other != resource.id);
                let texts: Vec<String> =
                    others.chain(depends.then_some(resource.id)).map(|id| id.to_string()).collect();
                change.after.extend(self.resource_event(
                    EventKind::ResourceDependents,
                    *provider,
                    multi_string(&texts),
                ));
            }
        }
        change.claims = std::iter::once(resource.id).chain(touched.iter().copied()).collect();
        change.after.push(After::Depends { resource: resource.id, touched });
        Ok(change)
    }
}
