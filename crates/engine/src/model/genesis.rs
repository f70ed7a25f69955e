//! The first contents of a new cluster's database.

use mainstay_store::registry::{Changes, KeyPath, Tree, Value};
use mainstay_store::{Compare, Op, Transaction};
use mainstay_types::offer::BUILT_IN;
use mainstay_types::{ClusterId, Name, NodeId};

use super::layout::{self, Generation, Schema};
use crate::error::DatabaseError;

/// What a new cluster begins with.
#[derive(Clone, PartialEq, Debug)]
pub struct Genesis {
    /// The cluster's name.
    pub cluster_name: Name,
    /// Its id, made by the caller.
    pub cluster_id: ClusterId,
    /// Who may open what, self-relative.
    pub security_descriptor: Vec<u8>,
    /// The first node.
    pub node: NodeId,
    /// That node's name.
    pub node_name: Name,
    /// Milliseconds of Unix time, for people.
    pub unix_ms: u64,
}

/// The transactions that make a new cluster, to be committed in order. They fail on a database that has one.
pub fn genesis(genesis: &Genesis) -> Result<Vec<Transaction>, DatabaseError> {
    let tree = Tree::new();
    let mut changes = Changes::new(&tree, genesis.unix_ms);
    let root = KeyPath::root();
    changes.set_value(&root, layout::CLUSTER_NAME, Value::Sz(genesis.cluster_name.to_string()))?;
    changes.set_value(&root, layout::CLUSTER_INSTANCE_ID, Value::Sz(genesis.cluster_id.to_string()))?;
    let descriptor = Value::Binary(genesis.security_descriptor.clone());
    changes.set_value(&root, layout::SECURITY_DESCRIPTOR, descriptor)?;
    for path in [layout::GROUPS, layout::RESOURCES] {
        changes.create_key(&KeyPath::parse(path)?)?;
    }
    let node = layout::node_path(genesis.node)?;
    changes.create_key(&node)?;
    changes.set_value(&node, layout::NODE_NAME, Value::Sz(genesis.node_name.to_string()))?;
    for known in BUILT_IN {
        let built_in = KeyPath::parse(layout::RESOURCE_TYPES)?.join(known.name)?;
        changes.create_key(&built_in)?;
        changes.set_value(&built_in, layout::DISPLAY_NAME, Value::Sz(known.name.into()))?;
    }

    let (mut compares, mut then) = changes.into_parts();
    compares.push(Compare::absent(layout::SCHEMA_KEY));
    then.push(Op::put(layout::SCHEMA_KEY, layout::encode(&Schema { version: layout::SCHEMA_VERSION })));
    then.push(Op::put(layout::GENERATION_KEY, layout::encode(&Generation { generation: 1 })));
    Ok(vec![Transaction { compares, then, otherwise: Vec::new() }])
}
