//! The cluster as it is configured: a view of the committed database.
//!
//! Owns the registry tree and the objects that were read from it, with indexes by name and by dependency. It changes
//! only by transactions that were committed. It knows nothing of what runs: that is the `crate::live` room's.

pub(crate) mod copy;
pub mod expression;
pub(crate) mod genesis;
pub mod group_sets;
pub mod layout;
pub mod networks;
pub(crate) mod notes;
pub mod objects;

use std::collections::{BTreeMap, BTreeSet};

use mainstay_store::registry::{KeyPath, Tree, Value};
use mainstay_store::{KeyValue, Op, Revision};
use mainstay_types::name::fold;
use mainstay_types::{
    ClusterId, Epoch, GroupId, GroupSetId, Name, NetworkId, NetworkInterfaceId, NodeId, OperationId,
    ResourceId,
};
use uuid::Uuid;

use crate::error::DatabaseError;
use crate::limits::GROUP_DEPENDENCY_TIMEOUT_DEFAULT_S;
use expression::Expression;
use group_sets::{GroupSet, GroupSets};
use layout::{Generation, OwnerRecord, Schema, Touched};
use networks::{Interface, Network, Networks};
use notes::Notes;
use objects::{Cluster, Group, Node, Resource, ResourceType, Times};

/// The records of open operations, as they are stored, each with when it was first written.
pub type StoredOperations = Vec<(OperationId, Revision, Vec<u8>)>;

/// Everything that is committed.
#[derive(Clone, Debug)]
pub struct Model {
    tree: Tree,
    generation: u64,
    cluster: Cluster,
    nodes: BTreeMap<NodeId, Node>,
    groups: BTreeMap<GroupId, Group>,
    resources: BTreeMap<ResourceId, Resource>,
    types: BTreeMap<Name, ResourceType>,
    sets: GroupSets,
    networks: Networks,
    owners: BTreeMap<GroupId, OwnerRecord>,
    notes: Notes,
    gone_epoch: Epoch,
    group_names: BTreeMap<String, GroupId>,
    resource_names: BTreeMap<String, ResourceId>,
    /// Who names a resource in its expression.
    dependents: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            tree: Tree::new(),
            generation: 1,
            cluster: Cluster {
                name: String::new(),
                id: ClusterId(Uuid::nil()),
                security_descriptor: Vec::new(),
                ignores_persistent_state: false,
                group_dependency_timeout_s: GROUP_DEPENDENCY_TIMEOUT_DEFAULT_S,
                default_network_role: networks::ROLE_DEFAULT,
            },
            nodes: BTreeMap::new(),
            groups: BTreeMap::new(),
            resources: BTreeMap::new(),
            types: BTreeMap::new(),
            sets: GroupSets::default(),
            networks: Networks::default(),
            owners: BTreeMap::new(),
            notes: Notes::default(),
            gone_epoch: Epoch::default(),
            group_names: BTreeMap::new(),
            resource_names: BTreeMap::new(),
            dependents: BTreeMap::new(),
        }
    }
}

impl Model {
    /// Reads a whole database. The records of open operations come along as they are stored.
    pub fn load(
        snapshot: &[KeyValue],
        revision: Revision,
    ) -> Result<(Self, StoredOperations), DatabaseError> {
        let mut model = Model::default();
        let mut operations = Vec::new();
        let mut schema = None;
        for entry in snapshot {
            let key = String::from_utf8_lossy(&entry.key).into_owned();
            let damaged =
                |reason: String| DatabaseError::Damaged { object: format!("entry '{key}'"), reason };
            if entry.key == layout::SCHEMA_KEY {
                let read: Schema = decode(&entry.value).map_err(damaged)?;
                schema = Some(read.version);
            } else if entry.key == layout::GENERATION_KEY {
                let read: Generation = decode(&entry.value).map_err(damaged)?;
                model.generation = read.generation;
            } else if entry.key == layout::GONE_EPOCH_KEY {
                model.gone_epoch = decode(&entry.value).map_err(damaged)?;
            } else if let Some(id) = key.strip_prefix(layout::OPERATION_PREFIX) {
                let id = id.parse().map_err(|_| damaged("its key is no operation id".into()))?;
                operations.push((id, entry.create_revision, entry.value.clone()));
            } else if let Some(Touched::Owner(group)) = layout::touched_by(&entry.key) {
                model.owners.insert(group, decode(&entry.value).map_err(damaged)?);
            } else if let Some(resource) = notes::resource_of(&entry.key) {
                let note = decode(&entry.value).map_err(damaged)?;
                model.notes.insert(resource, note, entry.mod_revision);
            }
        }
        match schema {
            None => return Err(DatabaseError::NoCluster),
            Some(layout::SCHEMA_VERSION) => {}
            Some(found) => return Err(DatabaseError::Schema { found, known: layout::SCHEMA_VERSION }),
        }
        model.tree = Tree::load(snapshot, revision)?;
        model.read_everything()?;
        Ok((model, operations))
    }

    /// Takes in a transaction that was committed, and answers which objects it touched.
    pub(crate) fn apply(
        &mut self,
        ops: &[Op],
        revision: Revision,
    ) -> Result<BTreeSet<Touched>, DatabaseError> {
        let mut touched = BTreeSet::new();
        for op in ops {
            match op {
                Op::Put { key, .. } | Op::Delete { key } => touched.extend(layout::touched_by(key)),
                Op::DeleteRange { range } => touched.extend(layout::touched_by(&range.start)),
                Op::Read { .. } => {}
            }
        }
        self.tree.apply_committed(ops, revision)?;
        for op in ops {
            self.notes.apply(op, revision);
            let (key, value) = match op {
                Op::Put { key, value, .. } => (key, Some(value)),
                Op::Delete { key } => (key, None),
                Op::DeleteRange { .. } | Op::Read { .. } => continue,
            };
            if let (layout::GONE_EPOCH_KEY, Some(Ok(epoch))) =
                (key.as_slice(), value.map(|value| decode(value)))
            {
                self.gone_epoch = epoch;
            }
            if let Some(Touched::Owner(group)) = layout::touched_by(key) {
                match value.map(|value| decode(value)) {
                    Some(Ok(owner)) => drop(self.owners.insert(group, owner)),
                    Some(Err(_)) => {}
                    None => drop(self.owners.remove(&group)),
                }
            }
        }
        for object in &touched {
            self.read_again(object)?;
        }
        Ok(touched)
    }

    /// The registry.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The generation of ownership records.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The cluster itself.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// All nodes, by number.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// A group.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// All groups, by id.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// A resource.
    pub fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.resources.get(&id)
    }

    /// All resources, by id.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// How many resources there are.
    pub fn resource_count(&self) -> usize {
        self.resources.len()
    }

    /// A resource type.
    pub fn resource_type(&self, name: &Name) -> Option<&ResourceType> {
        self.types.get(name)
    }

    /// All resource types, by name.
    pub fn resource_types(&self) -> impl Iterator<Item = &ResourceType> {
        self.types.values()
    }

    /// A group set.
    pub fn group_set(&self, id: GroupSetId) -> Option<&GroupSet> {
        self.sets.find(id)
    }

    /// All group sets, by id.
    pub fn group_sets(&self) -> impl Iterator<Item = &GroupSet> {
        self.sets.iter()
    }

    /// A group set by name or id.
    pub fn find_group_set(&self, text: &str) -> Option<GroupSetId> {
        self.sets.find_text(text)
    }

    /// A network.
    pub fn network(&self, id: NetworkId) -> Option<&Network> {
        self.networks.network(id)
    }

    /// All networks, by id.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.networks.networks()
    }

    /// A network by name or id.
    pub fn find_network(&self, text: &str) -> Option<NetworkId> {
        self.networks.find_network(text)
    }

    /// A network interface.
    pub fn interface(&self, id: NetworkInterfaceId) -> Option<&Interface> {
        self.networks.interface(id)
    }

    /// All network interfaces, by id.
    pub fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.networks.interfaces()
    }

    /// The interfaces of a network, by id.
    pub fn interfaces_of(&self, network: NetworkId) -> impl Iterator<Item = &Interface> {
        self.networks.interfaces().filter(move |found| found.network == network)
    }

    /// A network interface by name or id.
    pub fn find_interface(&self, text: &str) -> Option<NetworkInterfaceId> {
        self.networks.find_interface(text)
    }

    /// Whether any group may have to wait for another before it starts.
    pub fn orders_groups(&self) -> bool {
        self.sets.orders_groups()
    }

    /// The owner record of a group.
    pub fn owner(&self, group: GroupId) -> Option<&OwnerRecord> {
        self.owners.get(&group)
    }

    /// The epoch of a group's owner record.
    pub fn epoch(&self, group: GroupId) -> Epoch {
        self.owners.get(&group).map(OwnerRecord::epoch).unwrap_or_default()
    }

    /// What types have the cluster keep.
    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The highest epoch that any group had which is deleted.
    pub fn gone_epoch(&self) -> Epoch {
        self.gone_epoch
    }

    /// The resources that name this one in their expressions.
    pub fn dependents(&self, id: ResourceId) -> impl Iterator<Item = ResourceId> + '_ {
        self.dependents.get(&id).into_iter().flatten().copied()
    }

    /// A resource by name or id.
    pub fn find_resource(&self, text: &str) -> Option<ResourceId> {
        let by_name = || self.resource_named(text);
        text.parse().ok().filter(|id| self.resources.contains_key(id)).or_else(by_name)
    }

    /// A resource by name alone: names may look like ids.
    pub fn resource_named(&self, name: &str) -> Option<ResourceId> {
        self.resource_names.get(&fold(name)).copied()
    }

    /// A group by name or id.
    pub fn find_group(&self, text: &str) -> Option<GroupId> {
        let by_name = || self.group_named(text);
        text.parse().ok().filter(|id| self.groups.contains_key(id)).or_else(by_name)
    }

    /// A group by name alone.
    pub fn group_named(&self, name: &str) -> Option<GroupId> {
        self.group_names.get(&fold(name)).copied()
    }

    /// A node by name or number.
    pub fn find_node(&self, text: &str) -> Option<NodeId> {
        let by_name = || self.nodes.values().find(|node| node.name.is(text)).map(|node| node.id);
        text.parse().ok().filter(|id| self.nodes.contains_key(id)).or_else(by_name)
    }

    /// A resource type by name.
    pub fn find_type(&self, text: &str) -> Option<&ResourceType> {
        self.types.get(fold(text).as_str())
    }

    /// How many instances a type has.
    pub fn instances<'a>(&'a self, type_name: &'a Name) -> impl Iterator<Item = &'a Resource> {
        self.resources.values().filter(move |resource| resource.type_name == *type_name)
    }

    /// The times that hold for a resource: its own, else its type's.
    pub fn times(&self, resource: &Resource) -> Times {
        let of_type = self.types.get(&resource.type_name).map(|found| found.times).unwrap_or_default();
        resource.times.or(of_type)
    }

    /// Whether the resource is to be online: what was last said of it or of its group.
    ///
    /// A resource that nobody spoke of follows its group, if it was in it when the group was spoken of. Taking a group
    /// offline leaves the words of its resources as they are, so the later word of the two holds, by the revisions at
    /// which they were written.
    pub fn is_wanted(&self, resource: &Resource) -> bool {
        let group = self.groups.get(&resource.group);
        let asked_at = group.and_then(|group| group.asked_at);
        match (resource.persistent, group.and_then(|group| group.persistent)) {
            (Some(false), _) => false,
            (Some(true), Some(false)) => resource.asked_at > asked_at,
            (Some(true), _) => true,
            (None, Some(true)) => resource.joined_at <= asked_at,
            (None, _) => false,
        }
    }

    fn read_everything(&mut self) -> Result<(), DatabaseError> {
        self.read_cluster()?;
        let under = |tree: &Tree, path: &str| -> Result<Vec<String>, DatabaseError> {
            let key = tree.key(&KeyPath::parse(path)?);
            Ok(key.into_iter().flat_map(|key| key.subkeys()).map(|key| key.name().to_owned()).collect())
        };
        let not_an_id = |path: &str, name: &str| DatabaseError::Damaged {
            object: format!("key {path}\\{name}"),
            reason: "its name is no id".into(),
        };
        for name in under(&self.tree, layout::NODES)? {
            let id = name.parse().map_err(|_| not_an_id(layout::NODES, &name))?;
            self.read_again(&Touched::Node(id))?;
        }
        for name in under(&self.tree, layout::RESOURCE_TYPES)? {
            self.read_again(&Touched::ResourceType(fold(&name)))?;
        }
        for name in under(&self.tree, layout::GROUP_SETS)? {
            let id = name.parse().map_err(|_| not_an_id(layout::GROUP_SETS, &name))?;
            self.read_again(&Touched::GroupSet(id))?;
        }
        for name in under(&self.tree, layout::NETWORKS)? {
            let id = name.parse().map_err(|_| not_an_id(layout::NETWORKS, &name))?;
            self.read_again(&Touched::Network(id))?;
        }
        for name in under(&self.tree, layout::NETWORK_INTERFACES)? {
            let id = name.parse().map_err(|_| not_an_id(layout::NETWORK_INTERFACES, &name))?;
            self.read_again(&Touched::Interface(id))?;
        }
        for name in under(&self.tree, layout::GROUPS)? {
            let id = name.parse().map_err(|_| not_an_id(layout::GROUPS, &name))?;
            self.read_again(&Touched::Group(id))?;
            if !self.owners.contains_key(&id) {
                return Err(DatabaseError::Damaged {
                    object: format!("group {id}"),
                    reason: "it has no owner record".into(),
                });
            }
        }
        for name in under(&self.tree, layout::RESOURCES)? {
            let id = name.parse().map_err(|_| not_an_id(layout::RESOURCES, &name))?;
            self.read_again(&Touched::Resource(id))?;
        }
        self.check_references()
    }

    /// What one object names must be there.
    fn check_references(&self) -> Result<(), DatabaseError> {
        self.sets.check_references(&self.groups)?;
        self.networks.check_references()?;
        for resource in self.resources.values() {
            let damaged = |reason: String| DatabaseError::Damaged {
                object: format!("resource '{}' ({})", resource.name, resource.id),
                reason,
            };
            if !self.groups.contains_key(&resource.group) {
                return Err(damaged(format!("its group {} does not exist", resource.group)));
            }
            if !self.types.contains_key(&resource.type_name) {
                return Err(damaged(format!("its type '{}' does not exist", resource.type_name)));
            }
            if let Some(missing) = resource.depends_on.providers().find(|p| !self.resources.contains_key(p)) {
                return Err(damaged(format!("it depends on {missing}, which does not exist")));
            }
        }
        Ok(())
    }

    fn read_cluster(&mut self) -> Result<(), DatabaseError> {
        let root = KeyPath::root();
        let damaged =
            |reason: &str| DatabaseError::Damaged { object: "the cluster".into(), reason: reason.into() };
        let text = |name| self.tree.value(&root, name).and_then(|value| value.as_str());
        let name = text(layout::CLUSTER_NAME).ok_or_else(|| damaged("it has no name"))?.to_owned();
        let id = text(layout::CLUSTER_INSTANCE_ID).and_then(|text| text.parse().ok());
        let id = id.ok_or_else(|| damaged("its id is missing or is none"))?;
        let descriptor =
            self.tree.value(&root, layout::SECURITY_DESCRIPTOR).and_then(|value| value.as_binary());
        let security_descriptor =
            descriptor.ok_or_else(|| damaged("it has no security descriptor"))?.to_vec();
        let ignores = self.tree.value(&root, layout::IGNORE_PERSISTENT_STATE).and_then(Value::as_dword);
        let ignores_persistent_state = ignores.is_some_and(|number| number != 0);
        let timeout_s = self.tree.value(&root, layout::GROUP_DEPENDENCY_TIMEOUT).and_then(Value::as_dword);
        let group_dependency_timeout_s = timeout_s.unwrap_or(GROUP_DEPENDENCY_TIMEOUT_DEFAULT_S);
        let role = self.tree.value(&root, layout::DEFAULT_NETWORK_ROLE).and_then(Value::as_dword);
        self.cluster = Cluster {
            name,
            id,
            security_descriptor,
            ignores_persistent_state,
            group_dependency_timeout_s,
            default_network_role: role.unwrap_or(networks::ROLE_DEFAULT),
        };
        Ok(())
    }

    /// Reads one object anew, or forgets it where its key is gone.
    fn read_again(&mut self, object: &Touched) -> Result<(), DatabaseError> {
        match object {
            Touched::Cluster => self.read_cluster()?,
            Touched::Owner(_) => {}
            Touched::Node(id) => match self.tree.key(&layout::node_path(*id)?) {
                Some(key) => drop(self.nodes.insert(*id, Node::read(*id, key)?)),
                None => drop(self.nodes.remove(id)),
            },
            Touched::ResourceType(folded) => {
                let path = KeyPath::parse(layout::RESOURCE_TYPES)?.join(folded)?;
                match self.tree.key(&path) {
                    Some(key) => {
                        let read = ResourceType::read(key)?;
                        self.types.insert(read.name.clone(), read);
                    }
                    None => drop(self.types.remove(folded.as_str())),
                }
            }
            Touched::Group(id) => {
                let read = self.tree.key(&layout::group_path(*id)?).map(|key| Group::read(*id, key));
                let old = self.groups.remove(id);
                if let Some(old) = &old {
                    self.group_names.remove(old.name.folded());
                    self.sets.forget_group(old);
                }
                if let Some(read) = read {
                    let members = old.map(|old| old.members).unwrap_or_default();
                    let read = Group { members, ..read? };
                    self.group_names.insert(read.name.folded().to_owned(), *id);
                    self.sets.note_group(&read);
                    self.groups.insert(*id, read);
                }
            }
            Touched::GroupSet(id) => {
                let key = self.tree.key(&layout::group_set_path(*id)?);
                self.sets.read_again(*id, key)?;
            }
            Touched::Network(id) => {
                let key = self.tree.key(&layout::network_path(*id)?);
                self.networks.read_network(*id, key)?;
            }
            Touched::Interface(id) => {
                let key = self.tree.key(&layout::interface_path(*id)?);
                self.networks.read_interface(*id, key)?;
            }
            Touched::Resource(id) => self.read_resource(*id)?,
        }
        Ok(())
    }

    fn read_resource(&mut self, id: ResourceId) -> Result<(), DatabaseError> {
        let read = match self.tree.key(&layout::resource_path(id)?) {
            Some(key) => Some(Resource::read(id, key)?),
            None => None,
        };
        if let Some(old) = self.resources.remove(&id) {
            self.resource_names.remove(old.name.folded());
            if let Some(group) = self.groups.get_mut(&old.group) {
                group.members.remove(&id);
            }
            self.index_dependents(id, &old.depends_on, false);
        }
        if let Some(read) = read {
            self.resource_names.insert(read.name.folded().to_owned(), id);
            if let Some(group) = self.groups.get_mut(&read.group) {
                group.members.insert(id);
            }
            self.index_dependents(id, &read.depends_on, true);
            self.resources.insert(id, read);
        }
        Ok(())
    }

    fn index_dependents(&mut self, dependent: ResourceId, expression: &Expression, add: bool) {
        for provider in expression.providers() {
            let known = self.dependents.entry(provider).or_default();
            if add {
                known.insert(dependent);
            } else {
                known.remove(&dependent);
            }
            if known.is_empty() {
                self.dependents.remove(&provider);
            }
        }
    }
}

/// What has to be known of a database before an engine works on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contents {
    /// The cluster's nodes.
    pub nodes: Vec<(NodeId, Name)>,
    /// Its groups.
    pub groups: Vec<GroupId>,
}

impl Contents {
    pub(crate) fn of(model: &Model) -> Self {
        let nodes = model.nodes.values().map(|node| (node.id, node.name.clone())).collect();
        Contents { nodes, groups: model.groups.keys().copied().collect() }
    }
}

/// Whether this program can work on the database: the right schema, and every object readable.
pub fn check_database(snapshot: &[KeyValue]) -> Result<Contents, DatabaseError> {
    if snapshot.iter().any(|entry| entry.key == crate::backup::MANIFEST_KEY) {
        return Err(DatabaseError::IsBackup);
    }
    let (model, operations) = Model::load(snapshot, Revision::ZERO)?;
    for (id, _, bytes) in operations {
        crate::operation::stored::StoredOperation::from_bytes(&bytes)
            .map_err(|reason| DatabaseError::Damaged { object: format!("operation {id}"), reason })?;
    }
    Ok(Contents::of(&model))
}

/// The operations whose records are in a database that [`check_database`] has found good.
pub fn stored_operations(snapshot: &[KeyValue]) -> Vec<OperationId> {
    let id_of = |entry: &KeyValue| {
        std::str::from_utf8(&entry.key).ok()?.strip_prefix(layout::OPERATION_PREFIX)?.parse().ok()
    };
    snapshot.iter().filter_map(id_of).collect()
}

/// What a database has forgotten lately, by its history.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Forgotten {
    /// Operations whose records were deleted. The journal had their ends durably then.
    pub operations: BTreeSet<OperationId>,
    /// Resources of which something was deleted; they may still be there.
    pub resources: BTreeSet<ResourceId>,
}

impl Forgotten {
    /// Takes in a key that was deleted.
    pub fn add(&mut self, key: &[u8]) {
        if let Some(Touched::Resource(id)) = layout::touched_by(key) {
            self.resources.insert(id);
        }
        let operation =
            std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(layout::OPERATION_PREFIX));
        self.operations.extend(operation.and_then(|id| id.parse::<OperationId>().ok()));
    }
}

fn decode<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}
