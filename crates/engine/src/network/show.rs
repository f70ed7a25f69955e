//! What readers see: states with their reasons, properties that follow from the records.

use std::net::IpAddr;

use mainstay_proplist::Value as Shown;
use mainstay_types::glance::{NetworkGlance, NetworkInterfaceGlance};
use mainstay_types::{NetworkId, NetworkInterfaceId, NetworkInterfaceState, NetworkState, NodeId, ObjectId};

use super::state::{Member, interface_states, network_state};
use crate::Engine;
use crate::model::layout;
use crate::model::networks::{Condition, Interface, Network, Prefixed};

/// ClusterNetworkRoleInternalUse.
const ROLE_INTERNAL: u32 = 1;
/// Where the automatic metric of a network begins that only the cluster uses. As Failover Clusters are seen to do it.
const METRIC_INTERNAL: u32 = 40_000;
/// Where that of every other network begins.
const METRIC_OTHER: u32 = 80_000;
/// Each of these many bits per second takes 1 from an automatic metric.
const METRIC_STEP_BPS: u64 = 10_000_000;
/// The most that speed takes: what is faster than 200 Gbit/s is no better for it.
const METRIC_SPEED_MAX: u64 = 20_000;

impl Engine {
    /// The states of a network's interfaces, by id.
    pub(crate) fn interface_states_of(
        &self,
        network: NetworkId,
    ) -> Vec<(NetworkInterfaceId, NetworkInterfaceState)> {
        let interfaces: Vec<&Interface> = self.model.interfaces_of(network).collect();
        let member = |interface: &&Interface| Member {
            is_node_up: self.is_node_up(interface.node),
            is_working: interface.facts.condition == Condition::Working,
        };
        let members: Vec<Member> = interfaces.iter().map(member).collect();
        // Whoever is up besides this node would have said whom it reaches; nobody else is up yet.
        let states = interface_states(&members, |_, _| true);
        interfaces.iter().map(|found| found.id).zip(states).collect()
    }

    /// A network's state.
    pub(crate) fn network_state(&self, id: NetworkId) -> NetworkState {
        let states: Vec<_> = self.interface_states_of(id).into_iter().map(|(_, state)| state).collect();
        network_state(&states)
    }

    /// A network interface's state; `None` when it is gone.
    pub(crate) fn interface_state(&self, id: NetworkInterfaceId) -> Option<NetworkInterfaceState> {
        let network = self.model.interface(id)?.network;
        let states = self.interface_states_of(network);
        states.into_iter().find(|(found, _)| *found == id).map(|(_, state)| state)
    }

    /// Common properties of a network that follow from its record and its interfaces'.
    pub(crate) fn stated_of_network(&self, id: NetworkId, name: &str) -> Option<Shown> {
        let network = self.model.network(id)?;
        let mut interfaces = self.model.interfaces_of(id).peekable();
        let is_empty = interfaces.peek().is_none();
        Some(match name {
            "Address" => Shown::Sz(
                first_v4(&network.subnets).map(|found| found.address.to_string()).unwrap_or_default(),
            ),
            "AddressMask" => Shown::Sz(first_v4(&network.subnets).map(mask).unwrap_or_default()),
            layout::METRIC => Shown::Dword(self.metric(network)),
            layout::AUTO_METRIC => Shown::Dword(network.fixed_metric.is_none().into()),
            layout::RSS_CAPABLE => {
                Shown::Dword((!is_empty && interfaces.all(|found| found.facts.spreads_queues)).into())
            }
            layout::RDMA_CAPABLE => {
                Shown::Dword((!is_empty && interfaces.all(|found| found.facts.has_rdma)).into())
            }
            layout::LINK_SPEED => Shown::ULarge(self.link_speed_bps(id)),
            _ => return None,
        })
    }

    /// Common properties of a network interface that follow from its record.
    pub(crate) fn stated_of_interface(&self, id: NetworkInterfaceId, name: &str) -> Option<Shown> {
        let interface = self.model.interface(id)?;
        Some(match name {
            layout::INTERFACE_NODE => Shown::Sz(self.plain_name(&ObjectId::Node(interface.node))),
            layout::INTERFACE_NETWORK => Shown::Sz(self.plain_name(&ObjectId::Network(interface.network))),
            "Address" => {
                let first = first_v4(&interface.facts.addresses);
                Shown::Sz(first.map(|found| found.address.to_string()).unwrap_or_default())
            }
            _ => return None,
        })
    }

    /// The names of an interface's node and network; `None` for another object.
    pub(crate) fn places_of(&self, object: &ObjectId) -> Option<(String, String)> {
        let ObjectId::NetworkInterface(id) = object else { return None };
        let interface = self.model.interface(*id)?;
        let node = self.plain_name(&ObjectId::Node(interface.node));
        Some((node, self.plain_name(&ObjectId::Network(interface.network))))
    }

    /// What a network costs: what was set, else by what it is for and how fast it is.
    pub(crate) fn metric(&self, network: &Network) -> u32 {
        if let Some(fixed) = network.fixed_metric {
            return fixed;
        }
        let begin = if network.role == ROLE_INTERNAL { METRIC_INTERNAL } else { METRIC_OTHER };
        let gain = (self.link_speed_bps(network.id) / METRIC_STEP_BPS).min(METRIC_SPEED_MAX);
        begin - u32::try_from(gain).unwrap_or_default()
    }

    /// The speed of the slowest interface of which it is known.
    fn link_speed_bps(&self, id: NetworkId) -> u64 {
        let speeds = self.model.interfaces_of(id).map(|found| found.facts.link_speed_bps);
        speeds.filter(|speed| *speed != 0).min().unwrap_or_default()
    }

    /// All networks as readers see them, by name.
    pub(crate) fn network_glances(&self) -> Vec<NetworkGlance> {
        let glance = |network: &Network| NetworkGlance {
            id: network.id,
            name: network.name.clone(),
            state: self.network_state(network.id),
            reason: self.network_reason(network.id),
            subnets: network.subnets.iter().map(Prefixed::to_string).collect(),
            role: network.role,
            metric: self.metric(network),
            has_auto_metric: network.fixed_metric.is_none(),
        };
        let mut glances: Vec<NetworkGlance> = self.model.networks().map(glance).collect();
        glances.sort_by(|a, b| a.name.cmp(&b.name));
        glances
    }

    /// All network interfaces as readers see them, by name.
    pub(crate) fn interface_glances(&self) -> Vec<NetworkInterfaceGlance> {
        let mut glances = Vec::new();
        for network in self.model.networks() {
            let states = self.interface_states_of(network.id);
            let found = states.into_iter().filter_map(|(id, state)| {
                let interface = self.model.interface(id)?;
                Some(NetworkInterfaceGlance {
                    id,
                    name: interface.name.clone(),
                    node: interface.node,
                    node_name: self.plain_name(&ObjectId::Node(interface.node)),
                    network: network.id,
                    network_name: network.name.to_string(),
                    adapter: interface.facts.adapter.clone(),
                    state,
                    reason: self.interface_reason(interface, state),
                    addresses: interface.facts.addresses.iter().map(Prefixed::to_string).collect(),
                })
            });
            glances.extend(found);
        }
        glances.sort_by(|a, b| a.name.cmp(&b.name));
        glances
    }

    /// Why a network is not Up: what is wrong with its interfaces.
    fn network_reason(&self, id: NetworkId) -> String {
        if self.network_state(id) == NetworkState::Up {
            return String::new();
        }
        let states = self.interface_states_of(id);
        let reasons = states.into_iter().filter_map(|(id, state)| {
            let interface = self.model.interface(id)?;
            let reason = self.interface_reason(interface, state);
            (!reason.is_empty()).then(|| format!("'{}': {reason}", interface.name))
        });
        reasons.collect::<Vec<_>>().join("; ")
    }

    fn interface_reason(&self, interface: &Interface, state: NetworkInterfaceState) -> String {
        let adapter = &interface.facts.adapter;
        match (state, interface.facts.condition) {
            (NetworkInterfaceState::Up, _) => String::new(),
            (NetworkInterfaceState::Unavailable, _) => self.absence(interface.node),
            (_, Condition::SwitchedOff) => {
                format!("device '{adapter}' is switched off; 'ip link set {adapter} up' switches it on")
            }
            (_, Condition::NoLink) => {
                format!("device '{adapter}' has no link; look at its cable and at what it is plugged into")
            }
            (_, Condition::NoAddress) => {
                format!("device '{adapter}' has no address of a subnet; give it one")
            }
            (_, Condition::Gone) => {
                format!("device '{adapter}' is not there any more, or leads to nobody outside")
            }
            (NetworkInterfaceState::Unreachable, Condition::Working) => {
                "it does not reach every other interface of its network".to_owned()
            }
            (NetworkInterfaceState::Failed, Condition::Working) => {
                "it reaches no other interface of its network".to_owned()
            }
        }
    }

    fn absence(&self, node: NodeId) -> String {
        match self.model.node(node) {
            Some(found) => format!("node '{}' is {}", found.name, self.view().node_state(node)),
            None => format!("node {node} is no member of the cluster any more"),
        }
    }
}

fn first_v4(addresses: &[Prefixed]) -> Option<&Prefixed> {
    addresses.iter().find(|found| found.address.is_ipv4())
}

/// The prefix of an IPv4 subnet as a mask.
fn mask(subnet: &Prefixed) -> String {
    let all = Prefixed { address: IpAddr::from([0xFF; 4]), length: subnet.length };
    all.subnet().address.to_string()
}
