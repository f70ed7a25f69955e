//! What watchers are told of networks and interfaces: what is different after a commit of records, and states.

use std::collections::BTreeMap;

use mainstay_proplist::PropertyList;
use mainstay_types::event::{Event, EventKind};
use mainstay_types::{NetworkInterfaceState, NodeId, ObjectId};

use crate::Engine;
use crate::configuration::common_table;
use crate::effect::Effect;
use crate::events::utf16;

/// All networks and interfaces with their common properties.
pub(crate) type Picture = BTreeMap<ObjectId, PropertyList>;

impl Engine {
    /// Networks and interfaces as watchers see them now.
    pub(crate) fn network_picture(&self) -> Picture {
        let networks = self.model.networks().map(|network| ObjectId::Network(network.id));
        let interfaces = self.model.interfaces().map(|found| ObjectId::NetworkInterface(found.id));
        let seen = networks.chain(interfaces).map(|object| {
            let list = self.properties_by_spec(&object, common_table(&object).iter()).unwrap_or_default();
            (object, list)
        });
        seen.collect()
    }

    /// Tells what is different from an earlier picture: networks before interfaces, but for those that go.
    pub(crate) fn publish_network_changes(&mut self, before: &Picture) {
        let after = self.network_picture();
        for (object, list) in &after {
            match before.get(object) {
                None => self.publish_added(object),
                Some(known) => self.publish_different(object, known, list),
            }
        }
        for (object, known) in before.iter().rev().filter(|(object, _)| !after.contains_key(object)) {
            self.publish_deleted(object, known);
        }
    }

    fn publish_added(&mut self, object: &ObjectId) {
        let node = match object {
            ObjectId::NetworkInterface(id) => self.model.interface(*id).map(|found| found.node),
            _ => None,
        };
        let id = self.id_of(object);
        let (kind, of, buffer) = match node {
            Some(node) => (EventKind::NodeInterfaceAdded, ObjectId::Node(node), node.to_string()),
            None => (EventKind::ClusterNetworkAdded, ObjectId::Cluster, id.clone()),
        };
        let name = self.plain_name(object);
        self.publish_of_network(kind, of, id, name, utf16(&buffer));
    }

    fn publish_different(&mut self, object: &ObjectId, before: &PropertyList, after: &PropertyList) {
        let mut changed = PropertyList::new();
        for property in after {
            if let Some(value) = property.value()
                && before.get(property.name()) != Some(value)
            {
                changed.set(property.name(), value.clone());
            }
        }
        if changed.is_empty() {
            return;
        }
        let kind = match object {
            ObjectId::NetworkInterface(_) => EventKind::NetworkInterfaceCommonProperty,
            _ => EventKind::NetworkCommonProperty,
        };
        let (id, name) = (self.id_of(object), self.plain_name(object));
        self.publish_of_network(kind, object.clone(), id, name, changed.to_bytes().unwrap_or_default());
    }

    fn publish_deleted(&mut self, object: &ObjectId, known: &PropertyList) {
        let kind = match object {
            ObjectId::NetworkInterface(_) => EventKind::NetworkInterfaceDeleted,
            _ => EventKind::NetworkDeleted,
        };
        let id = self.id_of(object);
        let name = known.text("Name").unwrap_or_default().to_owned();
        let buffer = utf16(&id);
        self.publish_of_network(kind, object.clone(), id, name, buffer);
    }

    fn publish_of_network(
        &mut self,
        kind: EventKind,
        object: ObjectId,
        object_id: String,
        name: String,
        buffer: Vec<u8>,
    ) {
        self.effects.push(Effect::Publish(Box::new(Event {
            kind,
            object,
            object_id,
            parent_id: String::new(),
            name,
            type_name: String::new(),
            buffer,
        })));
    }

    /// Something that states follow from has changed: records, nodes.
    pub(crate) fn stir_network_states(&mut self) {
        self.networks.may_differ = true;
    }

    /// Tells the states that are others than watchers know. Of what is new they know by looking.
    pub(crate) fn publish_network_states(&mut self) {
        if !std::mem::take(&mut self.networks.may_differ) {
            return;
        }
        let states = self.network_states();
        let told = std::mem::take(&mut self.networks.told);
        for (object, number) in &states {
            if told.get(object).is_some_and(|known| known != number) {
                let kind = match object {
                    ObjectId::NetworkInterface(_) => EventKind::NetworkInterfaceState,
                    _ => EventKind::NetworkState,
                };
                let (id, name) = (self.id_of(object), self.plain_name(object));
                self.publish_of_network(kind, object.clone(), id, name, number.to_le_bytes().to_vec());
            }
        }
        self.networks.told = states;
    }

    /// The state of every network and interface, by the number that notifications carry.
    fn network_states(&self) -> BTreeMap<ObjectId, u32> {
        let mut states = BTreeMap::new();
        for network in self.model.networks() {
            let interfaces = self.interface_states_of(network.id);
            let numbers = interfaces.iter().map(|(id, state)| {
                (ObjectId::NetworkInterface(*id), NetworkInterfaceState::wire_number(*state))
            });
            states.extend(numbers);
            states.insert(ObjectId::Network(network.id), self.network_state(network.id).number());
        }
        states
    }

    /// Whether what was committed may change states of networks.
    pub(crate) fn note_touched(
        &mut self,
        touched: &std::collections::BTreeSet<crate::model::layout::Touched>,
    ) {
        use crate::model::layout::Touched::{Interface, Network, Node};
        if touched.iter().any(|object| matches!(object, Interface(_) | Network(_) | Node(_))) {
            self.stir_network_states();
        }
    }

    /// Whether the node works as a member.
    pub(super) fn is_node_up(&self, node: NodeId) -> bool {
        use mainstay_types::NodeState::{Paused, Up};
        self.model.node(node).is_some() && matches!(self.view().node_state(node), Up | Paused)
    }
}
