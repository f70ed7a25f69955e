//! Networks and network interfaces, as methods.

use mainstay_cmrp::{net_interface, network, node};
use mainstay_types::NetworkInterfaceState;

use crate::CallError;
use crate::cluster::Cluster;
use crate::object::{NetInterface, Network, Node};
use crate::operations::{Entry, entries};
use crate::transport::Transport;

/// Networks and network interfaces.
impl<T: Transport> Cluster<T> {
    /// The state of a network, CLUSTER_NETWORK_STATE.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn network_state(&mut self, object: &Network) -> Result<u32, CallError> {
        Ok(self.done(|session| Ok(network::GetNetworkState { network: session.handle(object)? }))?.state)
    }

    /// Renames a network.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn rename_network(&mut self, object: &Network, name: &str) -> Result<(), CallError> {
        self.done(|session| {
            Ok(network::SetNetworkName { network: session.handle(object)?, name: name.to_owned() })
        })
        .map(drop)
    }

    /// What belongs to a network; `type_mask` has CLUSTER_NETWORK_ENUM_ bits.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_of_network(&mut self, object: &Network, type_mask: u32) -> Result<Vec<Entry>, CallError> {
        let answer = self
            .done(|session| Ok(network::CreateNetworkEnum { network: session.handle(object)?, type_mask }))?;
        Ok(entries(answer.list))
    }

    /// The state of a network interface; `None` for a number that no state has.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn net_interface_state(
        &mut self,
        object: &NetInterface,
    ) -> Result<Option<NetworkInterfaceState>, CallError> {
        let answer = self.done(|session| {
            Ok(net_interface::GetNetInterfaceState { net_interface: session.handle(object)? })
        })?;
        Ok(NetworkInterfaceState::from_wire_number(answer.state))
    }

    /// The name of the interface that connects a node to a network, both by name.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn net_interface_between(&mut self, node: &str, network: &str) -> Result<String, CallError> {
        let answer = self.done(|_| {
            let (node_name, network_name) = (node.to_owned(), network.to_owned());
            Ok(net_interface::GetNetInterface { node_name, network_name })
        })?;
        Ok(answer.value.unwrap_or_default())
    }

    /// The interfaces that connect a node to a network, by name; an empty name stands for all.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_net_interfaces(&mut self, node: &str, network: &str) -> Result<Vec<Entry>, CallError> {
        let answer = self.done(|session| {
            Ok(net_interface::CreateNetInterfaceEnum {
                cluster: session.cluster(),
                node_name: node.to_owned(),
                network_name: network.to_owned(),
            })
        })?;
        Ok(entries(answer.list))
    }

    /// What belongs to a node; `type_mask` has CLUSTER_NODE_ENUM_ bits.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_of_node(&mut self, object: &Node, type_mask: u32) -> Result<Vec<Entry>, CallError> {
        let answer =
            self.done(|session| Ok(node::CreateNodeEnum { node: session.handle(object)?, type_mask }))?;
        Ok(entries(answer.list))
    }
}
