//! Networks and network interfaces as documents.

use mainstay_types::glance::{NetworkGlance, NetworkInterfaceGlance};
use serde::Serialize;

use super::properties::PropertiesDocument;
use super::said;

/// A network.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkDocument {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `Unavailable`, `Down`, `Partitioned`, `Up`.
    pub state: String,
    /// Why it is not up; `null` while it is.
    pub note: Option<String>,
    /// Its subnets, as address and prefix length.
    pub subnets: Vec<String>,
    /// 0 none, 1 the cluster itself, 2 clients, 3 both.
    pub role: u32,
    /// What it costs.
    pub metric: u32,
    /// Whether that is found.
    pub auto_metric: bool,
}

impl From<&NetworkGlance> for NetworkDocument {
    fn from(network: &NetworkGlance) -> Self {
        Self {
            id: network.id.to_string(),
            name: network.name.to_string(),
            state: network.state.to_string(),
            note: said(&network.reason),
            subnets: network.subnets.clone(),
            role: network.role,
            metric: network.metric,
            auto_metric: network.has_auto_metric,
        }
    }
}

/// `mainstay network show`.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkDetails {
    /// The network.
    #[serde(flatten)]
    pub network: NetworkDocument,
    /// Its interfaces.
    pub interfaces: Vec<InterfaceDocument>,
    /// Its properties.
    pub properties: PropertiesDocument,
}

/// A network interface.
#[derive(Clone, Debug, Serialize)]
pub struct InterfaceDocument {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `Unavailable`, `Failed`, `Unreachable`, `Up`.
    pub state: String,
    /// Why it is not up; `null` while it is.
    pub note: Option<String>,
    /// Name of its node.
    pub node: String,
    /// Name of its network.
    pub network: String,
    /// The device.
    pub adapter: String,
    /// Its addresses with their prefix lengths.
    pub addresses: Vec<String>,
}

impl From<&NetworkInterfaceGlance> for InterfaceDocument {
    fn from(interface: &NetworkInterfaceGlance) -> Self {
        Self {
            id: interface.id.to_string(),
            name: interface.name.to_string(),
            state: interface.state.to_string(),
            note: said(&interface.reason),
            node: interface.node_name.clone(),
            network: interface.network_name.clone(),
            adapter: interface.adapter.clone(),
            addresses: interface.addresses.clone(),
        }
    }
}

/// `mainstay interface show`.
#[derive(Clone, Debug, Serialize)]
pub struct InterfaceDetails {
    /// The interface.
    #[serde(flatten)]
    pub interface: InterfaceDocument,
    /// Its properties.
    pub properties: PropertiesDocument,
}
