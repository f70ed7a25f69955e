//! Everything that a client can see of a cluster's objects, to be compared with what it sees later.

use std::collections::BTreeMap;

use mainstay_client::{Cluster, Desired, Group, Node, Resource, Target};
use mainstay_proplist::PropertyList;
use mainstay_types::ControlCode;
use mainstay_types::control::{function, object};

use crate::TestCluster;

/// CLUSTER_ENUM_ of nodes, types, resources and groups.
const NODES: u32 = 1;
const TYPES: u32 = 2;
const RESOURCES: u32 = 4;
const GROUPS: u32 = 8;

/// CLUSTER_RESOURCE_ENUM_: what it depends on, what depends on it, its possible owners.
const OF_RESOURCE: u32 = 7;

/// Lines by what they are about.
pub type Snapshot = BTreeMap<String, String>;

const PROPERTIES: [(&str, u32); 4] = [
    ("common", function::GET_COMMON_PROPERTIES),
    ("common read-only", function::GET_RO_COMMON_PROPERTIES),
    ("private", function::GET_PRIVATE_PROPERTIES),
    ("private read-only", function::GET_RO_PRIVATE_PROPERTIES),
];

fn add_properties(client: &mut Cluster, all: &mut Snapshot, what: &str, target: Target<'_>, kind: u32) {
    for (set, function) in PROPERTIES {
        let answer = client.control(target, None, ControlCode(kind | function), None);
        let line = match answer {
            Ok(answer) => format!("{:?}", PropertyList::parse(&answer.output).unwrap()),
            Err(error) => error.to_string(),
        };
        all.insert(format!("{what}: {set}"), line);
    }
}

impl TestCluster {
    /// The state, the properties and the dependencies of every object.
    pub fn snapshot(&self) -> Snapshot {
        let mut client = self.client();
        let mut all = Snapshot::new();
        let glance = self.glance_all();
        for resource in glance.resources {
            all.insert(format!("resource {}: state", resource.name), format!("{resource:?}"));
        }
        for group in glance.groups {
            all.insert(format!("group {}: state", group.name), format!("{group:?}"));
        }
        add_properties(&mut client, &mut all, "cluster", Target::Cluster, object::CLUSTER);
        for entry in client.list(NODES).unwrap() {
            let node: Node = client.open_object(&entry.name, Desired::Full).unwrap();
            let what = format!("node {}", entry.name);
            add_properties(&mut client, &mut all, &what, Target::Node(&node), object::NODE);
        }
        for entry in client.list(TYPES).unwrap() {
            let what = format!("type {}", entry.name);
            let target = Target::ResourceType(&entry.name);
            add_properties(&mut client, &mut all, &what, target, object::RESOURCE_TYPE);
        }
        for entry in client.list(GROUPS).unwrap() {
            let group: Group = client.open_object(&entry.name, Desired::Full).unwrap();
            let what = format!("group {}", entry.name);
            add_properties(&mut client, &mut all, &what, Target::Group(&group), object::GROUP);
        }
        for entry in client.list(RESOURCES).unwrap() {
            let resource: Resource = client.open_object(&entry.name, Desired::Full).unwrap();
            let what = format!("resource {}", entry.name);
            add_properties(&mut client, &mut all, &what, Target::Resource(&resource), object::RESOURCE);
            let near = client.list_of_resource(&resource, OF_RESOURCE).unwrap();
            all.insert(format!("{what}: dependencies"), format!("{near:?}"));
        }
        all
    }
}

/// Two snapshots are the same; shows only what differs.
#[track_caller]
pub fn assert_same(before: &Snapshot, after: &Snapshot, why: &str) {
    let keys = before.keys().chain(after.keys());
    let differ: BTreeMap<_, _> = keys
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| (key, (before.get(key), after.get(key))))
        .collect();
    assert!(differ.is_empty(), "{why}: {differ:#?}");
}
