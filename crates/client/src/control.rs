//! Control codes, with the size of the output found by asking.

use mainstay_cmrp::control::*;
use mainstay_cmrp::{Operation, Response};
use mainstay_types::{ControlCode, Status};

use crate::CallError;
use crate::cluster::Cluster;
use crate::object::{Group, GroupSet, NetInterface, Network, Node, Resource};
use crate::session::Session;
use crate::transport::Transport;

/// What a control code is sent to.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The cluster.
    Cluster,
    /// A resource type, by name.
    ResourceType(&'a str),
    /// A resource.
    Resource(&'a Resource),
    /// A group.
    Group(&'a Group),
    /// A group set.
    GroupSet(&'a GroupSet),
    /// A network.
    Network(&'a Network),
    /// A network interface.
    NetInterface(&'a NetInterface),
    /// A node.
    Node(&'a Node),
}

/// What a control code answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlAnswer {
    /// 0; 234 with no output when the room was too small; or a code that has output all the same, such as 5024.
    pub status: Status,
    /// The output.
    pub output: Vec<u8>,
    /// How long the output is, also when it did not fit.
    pub required_len: u32,
}

/// The room that is offered first. An answer carries what there is, not the room, so that much costs nothing, and
/// nearly every output fits.
const OUTPUT_FIRST: u32 = 64 * 1024;

/// The largest output that is asked for: what one answer can carry (MS-CMRP's own buffers end there).
pub const CONTROL_OUTPUT_MAX: u32 = 8 * 1024 * 1024;

/// How often the room may grow. An output can grow while it is asked for; one that always does is not waited for.
const GROWTHS_MAX: usize = 4;

impl<T: Transport> Cluster<T> {
    /// Sends a control code once, with so much room for its output. `host` names the node that carries it out.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; whatever the code itself answers is no error here.
    pub fn control_once(
        &mut self,
        target: Target<'_>,
        host: Option<&Node>,
        code: ControlCode,
        input: Option<&[u8]>,
        output_len: u32,
    ) -> Result<ControlAnswer, CallError> {
        let control = ControlRequest { code: code.0, input: input.map(<[u8]>::to_vec), output_len };
        let control = || control.clone();
        match (target, host) {
            (Target::Cluster, None) => {
                self.controlled(|s| Ok(ClusterControl { cluster: s.cluster(), control: control() }))
            }
            (Target::Cluster, Some(host)) => self.controlled(|s| {
                let host_node = s.handle(host)?;
                Ok(NodeClusterControl { cluster: s.cluster(), host_node, control: control() })
            }),
            (Target::ResourceType(name), None) => self.controlled(|s| {
                let type_name = name.to_owned();
                Ok(ResourceTypeControl { cluster: s.cluster(), type_name, control: control() })
            }),
            (Target::ResourceType(name), Some(host)) => self.controlled(|s| {
                let (type_name, host_node) = (name.to_owned(), s.handle(host)?);
                Ok(NodeResourceTypeControl { cluster: s.cluster(), type_name, host_node, control: control() })
            }),
            (Target::Resource(object), None) => {
                self.controlled(|s| Ok(ResourceControl { resource: s.handle(object)?, control: control() }))
            }
            (Target::Resource(object), Some(host)) => self.controlled(|s| {
                let (resource, host_node) = (s.handle(object)?, s.handle(host)?);
                Ok(NodeResourceControl { resource, host_node, control: control() })
            }),
            (Target::Group(object), None) => {
                self.controlled(|s| Ok(GroupControl { group: s.handle(object)?, control: control() }))
            }
            (Target::Group(object), Some(host)) => self.controlled(|s| {
                let (group, host_node) = (s.handle(object)?, s.handle(host)?);
                Ok(NodeGroupControl { group, host_node, control: control() })
            }),
            (Target::GroupSet(object), None) => {
                self.controlled(|s| Ok(GroupSetControl { group_set: s.handle(object)?, control: control() }))
            }
            (Target::GroupSet(object), Some(host)) => self.controlled(|s| {
                let (group_set, host_node) = (s.handle(object)?, s.handle(host)?);
                Ok(NodeGroupSetControl { group_set, host_node, control: control() })
            }),
            (Target::Network(object), None) => {
                self.controlled(|s| Ok(NetworkControl { network: s.handle(object)?, control: control() }))
            }
            (Target::Network(object), Some(host)) => self.controlled(|s| {
                let (network, host_node) = (s.handle(object)?, s.handle(host)?);
                Ok(NodeNetworkControl { network, host_node, control: control() })
            }),
            (Target::NetInterface(object), None) => self.controlled(|s| {
                Ok(NetInterfaceControl { net_interface: s.handle(object)?, control: control() })
            }),
            (Target::NetInterface(object), Some(host)) => self.controlled(|s| {
                let (net_interface, host_node) = (s.handle(object)?, s.handle(host)?);
                Ok(NodeNetInterfaceControl { net_interface, host_node, control: control() })
            }),
            (Target::Node(object), None) => {
                self.controlled(|s| Ok(NodeControl { node: s.handle(object)?, control: control() }))
            }
            (Target::Node(object), Some(host)) => self.controlled(|s| {
                let (node, host_node) = (s.handle(object)?, s.handle(host)?);
                Ok(NodeNodeControl { node, host_node, control: control() })
            }),
        }
    }

    /// Sends a control code and gives back its whole output.
    ///
    /// A code that changes something is sent once only: what it has done must not be done again for the sake of its
    /// output.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; any status but 0 is a refusal, except 5024 (stored, takes effect at the next online).
    pub fn control(
        &mut self,
        target: Target<'_>,
        host: Option<&Node>,
        code: ControlCode,
        input: Option<&[u8]>,
    ) -> Result<ControlAnswer, CallError> {
        let mut room = OUTPUT_FIRST;
        for _ in 0..=GROWTHS_MAX {
            let answer = self.control_once(target, host, code, input, room)?;
            match answer.status {
                Status::SUCCESS | Status::RESOURCE_PROPERTIES_STORED => return Ok(answer),
                Status::MORE_DATA
                    if !code.modifies()
                        && answer.required_len > room
                        && answer.required_len <= CONTROL_OUTPUT_MAX =>
                {
                    room = answer.required_len;
                }
                status => return Err(CallError::refused("Control", status)),
            }
        }
        Err(CallError::refused("Control", Status::MORE_DATA))
    }

    fn controlled<O>(
        &mut self,
        build: impl FnMut(&mut Session<T::Link>) -> Result<O, CallError>,
    ) -> Result<ControlAnswer, CallError>
    where
        O: Operation<Response = ControlResponse>,
    {
        let answer = self.call(build)?;
        Ok(ControlAnswer {
            status: Status(answer.status()),
            output: answer.output().to_vec(),
            required_len: answer.required_len(),
        })
    }
}
