//! Where attributes are kept: as private properties of their node, or of the cluster.
//!
//! One that stays for ever is a string of its own name. One that stays until its node boots is named `reboot:NAME`, a
//! multi-string of the boot in which it was set and of its value; after the next boot it is no more.

use std::env;
use std::fs;

use mainstay_client::{Cluster, Desired, Local, Node, Target, socket_path};
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::ControlCode;
use mainstay_types::control::{function, object};
use mainstay_types::glance::{Glance, NodeGlance};
use mainstay_types::property::{Format, UNTIL_BOOT};

use super::{Failure, code};

/// Names which node a call is made on, in the environment of agents.
const NODE_VARIABLE: &str = "OCF_RESKEY_CRM_meta_on_node";

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The bit of codes that change something.
const MODIFY: u32 = 0x40_0000;

/// How long an attribute stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lifetime {
    Forever,
    UntilBoot,
}

/// Which attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Attribute {
    /// Of this node; else of the cluster.
    pub(super) node: Option<String>,
    pub(super) name: String,
    pub(super) lifetime: Lifetime,
}

impl Attribute {
    fn property(&self) -> String {
        match self.lifetime {
            Lifetime::Forever => self.name.clone(),
            Lifetime::UntilBoot => format!("{UNTIL_BOOT}{}", self.name),
        }
    }
}

/// The cluster, as these tools see it.
pub(super) struct Store {
    cluster: Cluster,
    glance: Glance,
}

impl Store {
    pub(super) fn open() -> Result<Self, Failure> {
        let mut cluster = Cluster::open_by(Local::new(socket_path(None)), Desired::Full, None)?;
        let status = cluster.status_json()?;
        let glance = serde_json::from_str(&status).map_err(|error| {
            Failure::new(code::ERROR, format!("the status cannot be understood: {error}"))
        })?;
        Ok(Store { cluster, glance })
    }

    pub(super) fn nodes(&self) -> &[NodeGlance] {
        &self.glance.nodes
    }

    /// The node of this name or number; without one that on which this is called.
    pub(super) fn node(&self, name: Option<&str>) -> Result<&NodeGlance, Failure> {
        let nodes = self.nodes();
        if let Some(name) = name {
            let found = nodes.iter().find(|node| node.name.is(name) || node.id.to_string() == name);
            return found.ok_or_else(|| Failure::new(code::NO_HOST, format!("there is no node '{name}'")));
        }
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let named = [env::var(NODE_VARIABLE).unwrap_or_default(), machine];
        let own = named.iter().find_map(|name| nodes.iter().find(|node| node.name.is(name)));
        // A node of a cluster of one may be called as it likes.
        let own = own.or(nodes.first().filter(|_| nodes.len() == 1));
        own.ok_or_else(|| {
            let text = format!("which node is this? {NODE_VARIABLE} is not set to one of the cluster's");
            Failure::new(code::NO_HOST, text)
        })
    }

    pub(super) fn node_name(&self, name: Option<&str>) -> Result<String, Failure> {
        self.node(name).map(|node| node.name.to_string())
    }

    pub(super) fn read(&mut self, attribute: &Attribute) -> Result<Option<String>, Failure> {
        let answer = self.control(attribute, function::GET_PRIVATE_PROPERTIES, None)?;
        let stored = PropertyList::parse(&answer)
            .map_err(|error| Failure::new(code::ERROR, format!("the properties cannot be read: {error}")))?;
        Ok(match (stored.get(&attribute.property()), attribute.lifetime) {
            (Some(Value::Sz(value)), Lifetime::Forever) => Some(value.clone()),
            (Some(Value::MultiSz(parts)), Lifetime::UntilBoot) => match parts.as_slice() {
                // Which boot another node is in only that node knows.
                [boot, value @ ..] if *boot == boot_id()? || !self.is_own(attribute)? => {
                    Some(value.first().cloned().unwrap_or_default())
                }
                _ => None,
            },
            // Set by somebody else, as he likes.
            (Some(other), _) => Some(other.show(usize::MAX)),
            (None, _) => None,
        })
    }

    fn is_own(&self, attribute: &Attribute) -> Result<bool, Failure> {
        let own = self.node(None)?;
        Ok(attribute.node.as_deref().is_none_or(|node| own.name.is(node)))
    }

    /// Sets it. What has that value already is left alone: agents say the same again and again.
    pub(super) fn write(&mut self, attribute: &Attribute, value: &str) -> Result<(), Failure> {
        if self.read(attribute)?.as_deref() == Some(value) {
            return Ok(());
        }
        let stored = match attribute.lifetime {
            Lifetime::Forever => Value::Sz(value.to_owned()),
            Lifetime::UntilBoot if value.is_empty() => Value::MultiSz(vec![boot_id()?]),
            Lifetime::UntilBoot => Value::MultiSz(vec![boot_id()?, value.to_owned()]),
        };
        self.set(attribute, stored)
    }

    pub(super) fn delete(&mut self, attribute: &Attribute) -> Result<(), Failure> {
        match self.read(attribute)? {
            Some(_) => self.set(attribute, Value::NoData(Format::Sz)),
            None => Ok(()),
        }
    }

    fn set(&mut self, attribute: &Attribute, value: Value) -> Result<(), Failure> {
        let mut list = PropertyList::new();
        list.set(attribute.property(), value);
        let bytes = list
            .to_bytes()
            .map_err(|error| Failure::new(code::USAGE, format!("'{}': {error}", attribute.name)))?;
        self.control(attribute, MODIFY | function::SET_PRIVATE_PROPERTIES, Some(&bytes)).map(drop)
    }

    fn control(
        &mut self,
        attribute: &Attribute,
        function: u32,
        input: Option<&[u8]>,
    ) -> Result<Vec<u8>, Failure> {
        let answered = match &attribute.node {
            None => {
                let code = ControlCode(object::CLUSTER | function);
                self.cluster.control(Target::Cluster, None, code, input)
            }
            Some(name) => {
                let node: Node = self.cluster.open_object(name, Desired::Full)?;
                let code = ControlCode(object::NODE | function);
                self.cluster.control(Target::Node(&node), None, code, input)
            }
        };
        match answered {
            Ok(answer) => Ok(answer.output),
            Err(error) => {
                // The service has more to say than the number.
                let why = self.cluster.explain().unwrap_or_default();
                let mut failure = Failure::from(error);
                if !why.is_empty() {
                    failure.text = why;
                }
                Err(failure)
            }
        }
    }
}

fn boot_id() -> Result<String, Failure> {
    let read = fs::read_to_string(BOOT_ID);
    read.map(|id| id.trim().to_owned())
        .map_err(|error| Failure::new(code::ERROR, format!("{BOOT_ID}: {error}")))
}
