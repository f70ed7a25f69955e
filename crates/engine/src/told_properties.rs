//! Events of common properties: whoever changes a value that readers see, watchers are told, by one way for all.
//!
//! ```text
//!   transaction ──► which properties it may change ──► their values before ──► the model takes it in
//!                                                                                     │
//!                      one event for each object, with what is different  ◄── their values after
//! ```
//!
//! Owns no property: what a value is, `configuration::stated` says. Networks and their interfaces are told of by
//! [`crate::network`], which compares more than what is stored. What is not stored, [`crate::status_information`] tells.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_proplist::PropertyList;
use mainstay_store::registry::{Difference, DifferentPart};
use mainstay_types::property::Spec;
use mainstay_types::{GroupId, Name, NodeId, ObjectId};

use crate::Engine;
use crate::configuration::common_table;
use crate::effect::Effect;
use crate::model::layout;

/// Values of common properties, as they are before a transaction that may change them.
pub(crate) struct Seen(Vec<(ObjectId, Vec<&'static Spec>, PropertyList)>);

/// Whether its common properties are told of here.
pub(crate) fn is_told_of(object: &ObjectId) -> bool {
    !matches!(object, ObjectId::Network(_) | ObjectId::NetworkInterface(_))
}

impl Engine {
    /// What readers see now of what a transaction may change.
    pub(crate) fn see_common_properties(&self, differences: &[Difference]) -> Seen {
        let mut touched: BTreeMap<ObjectId, BTreeSet<&'static str>> = BTreeMap::new();
        for difference in differences {
            let DifferentPart::Value { name, .. } = &difference.part else { continue };
            let Some(object) = self.object_at(&difference.path) else { continue };
            for (object, name) in self.follows_from(object, name) {
                if let Some(spec) = common_table(&object).find(&name) {
                    touched.entry(object).or_default().insert(spec.name);
                }
            }
        }
        let seen = touched.into_iter().map(|(object, names)| {
            let table = common_table(&object);
            let specs: Vec<&'static Spec> = names.into_iter().filter_map(|name| table.find(name)).collect();
            let values = self.values_of(&object, &specs);
            (object, specs, values)
        });
        Seen(seen.collect())
    }

    /// Tells of what is another value now. An object that came or went with the transaction has events of its own.
    pub(crate) fn publish_common_properties(&mut self, seen: Seen) {
        for (object, specs, before) in seen.0 {
            if self.check_object(&object).is_err() {
                continue;
            }
            let after = self.values_of(&object, &specs);
            let mut changed = PropertyList::new();
            for property in after.iter().filter(|found| before.get(found.name()) != found.value()) {
                changed.push(property.clone());
            }
            if changed.is_empty() {
                continue;
            }
            // What is stored fits into a list.
            let buffer = changed.to_bytes().unwrap_or_default();
            let event = self.property_event(&object, true, buffer);
            self.effects.push(Effect::Publish(Box::new(event)));
        }
    }

    fn values_of(&self, object: &ObjectId, specs: &[&'static Spec]) -> PropertyList {
        self.properties_by_spec(object, specs.iter().copied()).unwrap_or_default()
    }

    /// The object of a key, where it is there already.
    fn object_at(&self, path: &str) -> Option<ObjectId> {
        if path.is_empty() {
            return Some(ObjectId::Cluster);
        }
        let (kind, id) = path.split_once('\\')?;
        let is = |name: &str| mainstay_types::name::fold(name) == kind;
        let object = match () {
            () if is(layout::GROUPS) => ObjectId::Group(id.parse().ok()?),
            () if is(layout::RESOURCES) => ObjectId::Resource(id.parse().ok()?),
            () if is(layout::GROUP_SETS) => ObjectId::GroupSet(id.parse().ok()?),
            () if is(layout::NODES) => ObjectId::Node(NodeId(id.parse().ok()?)),
            () if is(layout::RESOURCE_TYPES) => {
                ObjectId::ResourceType(self.model.resource_type(&Name::parse(id).ok()?)?.name.clone())
            }
            () => return None,
        };
        self.check_object(&object).is_ok().then_some(object)
    }

    /// The properties whose value a stored value decides: its own, and those of objects that have none of their own.
    fn follows_from(&self, object: ObjectId, name: &str) -> Vec<(ObjectId, String)> {
        let mut found = Vec::new();
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match &object {
            ObjectId::Cluster if is(layout::CLUSTER_NAME) => {
                found.push((ObjectId::Cluster, "FQDN".to_owned()));
            }
            ObjectId::Group(group) if is(layout::PERSISTENT_STATE) => {
                found.extend(self.members_of(*group).map(|member| (member, name.to_owned())));
            }
            ObjectId::ResourceType(of) if is(layout::PENDING_TIMEOUT) || is(layout::DEADLOCK_TIMEOUT) => {
                let instances = self.model.instances(of);
                found.extend(instances.map(|one| (ObjectId::Resource(one.id), name.to_owned())));
            }
            _ => {}
        }
        found.push((object, name.to_owned()));
        found
    }

    fn members_of(&self, group: GroupId) -> impl Iterator<Item = ObjectId> {
        let members = self.model.group(group).into_iter().flat_map(|found| found.members.iter());
        members.map(|id| ObjectId::Resource(*id))
    }
}
