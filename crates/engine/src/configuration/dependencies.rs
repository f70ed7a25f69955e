//! Dependencies between resources: adding, removing, and setting them all by an expression.

use std::collections::BTreeSet;

use mainstay_store::registry::Value;
use mainstay_types::event::EventKind;
use mainstay_types::{ResourceId, ResourceState};

use super::Change;
use super::change::change;
use crate::Engine;
use crate::error::{ClusterError, Refusal, RequestError};
use crate::graph;
use crate::limits::PROVIDERS_MAX;
use crate::model::expression::{Expression, ExpressionError};
use crate::model::layout;
use crate::model::objects::Resource;

impl Engine {
    pub(super) fn add_dependency(&self, id: ResourceId, provider: ResourceId) -> Result<Change, Refusal> {
        let resource = self.dependent(id)?;
        self.dependent(provider)?;
        if resource.depends_on.contains(provider) {
            let (name, provider) = (resource.name.to_string(), self.name_of(provider));
            return Err(ClusterError::DependencyExists { name, provider }.into());
        }
        graph::check_new_dependency(&self.model, id, provider)?;
        self.check_serving(resource, [provider])?;
        if resource.depends_on.providers().count() >= PROVIDERS_MAX {
            return Err(ClusterError::Full { what: "providers of the resource", max: PROVIDERS_MAX }.into());
        }
        self.write_expression(resource, &resource.depends_on.with(provider))
    }

    pub(super) fn remove_dependency(&self, id: ResourceId, provider: ResourceId) -> Result<Change, Refusal> {
        let resource = self.dependent(id)?;
        if !resource.depends_on.contains(provider) {
            let (name, provider) = (resource.name.to_string(), self.name_of(provider));
            return Err(ClusterError::DependencyNotFound { name, provider }.into());
        }
        self.check_settled(resource)?;
        self.write_expression(resource, &resource.depends_on.without(provider))
    }

    pub(super) fn set_expression(&self, id: ResourceId, text: &str) -> Result<Change, Refusal> {
        let resource = self.dependent(id)?;
        let parsed = Expression::parse(text, |name| self.model.find_resource(name));
        let expression = parsed.map_err(|error| match error {
            ExpressionError::Twice(provider) => {
                Refusal::from(ClusterError::DependencyExists { name: resource.name.to_string(), provider })
            }
            other => RequestError::Expression(other.to_string()).into(),
        })?;
        if expression.has_alternatives() {
            return Err(RequestError::Alternatives.into());
        }
        let own = expression.contains(id);
        if own {
            return Err(RequestError::Expression("the expression names the resource itself".into()).into());
        }
        for provider in expression.providers() {
            graph::check_new_dependency(&self.model, id, provider)?;
        }
        self.check_serving(resource, expression.providers())?;
        self.write_expression(resource, &expression)
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
                Err(ClusterError::State { name, state, way_out }.into())
            }
            _ => Ok(()),
        }
    }

    /// What is online may come to depend only on what is online (MS-CMRP 3.1.4.2.20, 3.1.4.2.110).
    fn check_serving(
        &self,
        resource: &Resource,
        providers: impl IntoIterator<Item = ResourceId>,
    ) -> Result<(), Refusal> {
        let state = |id: ResourceId| self.live.get(&id).map(|live| live.state);
        let own = state(resource.id);
        for provider in providers {
            let serves = state(provider) == Some(ResourceState::Online);
            let refused = match own {
                Some(ResourceState::OnlinePending) => true,
                Some(ResourceState::Online) => !serves,
                _ => false,
            };
            if refused {
                let (name, provider) = (resource.name.to_string(), self.name_of(provider));
                return Err(ClusterError::DependentOnline { name, provider }.into());
            }
        }
        self.check_settled(resource)
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
        change.after.extend(self.resource_event(EventKind::ResourceDependencies, resource.id, Vec::new()));
        for provider in &touched {
            if resource.depends_on.contains(*provider) != expression.contains(*provider) {
                change.after.extend(self.resource_event(
                    EventKind::ResourceDependents,
                    *provider,
                    Vec::new(),
                ));
            }
        }
        change.claims = std::iter::once(resource.id).chain(touched).collect();
        Ok(change)
    }
}
