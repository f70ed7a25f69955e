//! Steps as one transaction.

use mainstay_store::Transaction;
use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_types::{Name, NetworkId, NetworkInterfaceId};

use super::plan::Step;
use crate::Engine;
use crate::error::Refusal;
use crate::limits::NETWORK_STEPS_AT_ONCE_MAX;
use crate::model::layout;
use crate::model::networks::{Facts, Prefixed, ROLE_DEFAULT};

/// What networks are called that nobody has named.
const NETWORK_NAME: &str = "Cluster Network";

impl Engine {
    /// The first of these steps; the others come when those are done.
    pub(super) fn apply_steps(&self, steps: &[Step]) -> Result<Transaction, Refusal> {
        let mut changes = self.changes();
        let mut names = self.model.networks().map(|network| network.name.folded().to_owned()).collect();
        for step in steps.iter().take(NETWORK_STEPS_AT_ONCE_MAX) {
            match step {
                Step::Lost(id) => changes.delete_tree(&layout::interface_path(*id)?)?,
                Step::Emptied(id) => changes.delete_tree(&layout::network_path(*id)?)?,
                Step::Subnets(id, subnets) => {
                    write_addresses(&mut changes, &layout::network_path(*id)?, subnets)?;
                }
                Step::Found { interface, network, new_subnets, facts } => {
                    if let Some(subnets) = new_subnets {
                        self.make_network(&mut changes, *network, subnets, &mut names)?;
                    }
                    self.write_interface(&mut changes, *interface, *network, facts)?;
                }
            }
        }
        let (compares, then) = changes.into_parts();
        Ok(Transaction { compares, then, otherwise: Vec::new() })
    }

    fn make_network(
        &self,
        changes: &mut Changes<'_>,
        id: NetworkId,
        subnets: &[Prefixed],
        names: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        let above = KeyPath::parse(layout::NETWORKS)?;
        changes.create_key(&above)?;
        let made = changes.value(&above, layout::NETWORKS_MADE).and_then(Value::as_dword).unwrap_or(0);
        changes.set_value(&above, layout::NETWORKS_MADE, Value::Dword(made.wrapping_add(1)))?;
        let path = layout::network_path(id)?;
        changes.create_key(&path)?;
        let name = (1u32..).map(|number| format!("{NETWORK_NAME} {number}"));
        let name = name.into_iter().find(|name| !names.contains(&mainstay_types::name::fold(name)));
        let name = name.unwrap_or_else(|| NETWORK_NAME.to_owned());
        names.push(mainstay_types::name::fold(&name));
        changes.set_value(&path, layout::NAME, Value::Sz(name))?;
        let role = self.model.cluster().default_network_role;
        if role != ROLE_DEFAULT {
            changes.set_value(&path, layout::ROLE, Value::Dword(role))?;
        }
        write_addresses(changes, &path, subnets)
    }

    fn write_interface(
        &self,
        changes: &mut Changes<'_>,
        id: NetworkInterfaceId,
        network: NetworkId,
        facts: &Facts,
    ) -> Result<(), Refusal> {
        let path = layout::interface_path(id)?;
        let network_path = layout::network_path(network)?;
        // The network has to be there still.
        changes.create_key(&network_path)?;
        changes.create_key(&path)?;
        let name = interface_name(self.config.node_name.as_str(), &facts.adapter);
        write(changes, &path, layout::NAME, Some(Value::Sz(name)))?;
        write(changes, &path, layout::INTERFACE_NODE, Some(Value::Sz(self.config.node.to_string())))?;
        write(changes, &path, layout::INTERFACE_NETWORK, Some(Value::Sz(network.to_string())))?;
        write(changes, &path, layout::ADAPTER, Some(Value::Sz(facts.adapter.clone())))?;
        let text = Some(&facts.adapter_id).filter(|id| !id.is_empty()).cloned().map(Value::Sz);
        write(changes, &path, layout::ADAPTER_ID, text)?;
        write(changes, &path, layout::CONDITION, number(facts.condition.number()))?;
        write(changes, &path, layout::DHCP_ENABLED, number(facts.is_leased.into()))?;
        write(changes, &path, layout::RSS_CAPABLE, number(facts.spreads_queues.into()))?;
        write(changes, &path, layout::RDMA_CAPABLE, number(facts.has_rdma.into()))?;
        let speed = Some(facts.link_speed_bps).filter(|speed| *speed != 0).map(Value::Qword);
        write(changes, &path, layout::LINK_SPEED, speed)?;
        write_addresses(changes, &path, &facts.addresses)
    }
}

/// `alpha - eth0`; the device alone where that would be too long. What counts as an adapter has a name.
fn interface_name(node: &str, adapter: &str) -> String {
    let full = format!("{node} - {adapter}");
    if Name::parse(&full).is_ok() { full } else { adapter.to_owned() }
}

/// A number that is no default.
fn number(number: u32) -> Option<Value> {
    Some(number).filter(|number| *number != 0).map(Value::Dword)
}

/// Writes a value that is another than before, or takes it away.
fn write(changes: &mut Changes<'_>, path: &KeyPath, name: &str, value: Option<Value>) -> Result<(), Refusal> {
    match value {
        None => drop(changes.delete_value(path, name)?),
        Some(value) if changes.value(path, name) == Some(&value) => {}
        Some(value) => changes.set_value(path, name, value)?,
    }
    Ok(())
}

/// Writes addresses and their prefix lengths, each family in lists of its own.
fn write_addresses(changes: &mut Changes<'_>, path: &KeyPath, addresses: &[Prefixed]) -> Result<(), Refusal> {
    for (is_v4, of_addresses, of_lengths) in [
        (true, layout::IPV4_ADDRESSES, layout::IPV4_PREFIX_LENGTHS),
        (false, layout::IPV6_ADDRESSES, layout::IPV6_PREFIX_LENGTHS),
    ] {
        let own: Vec<&Prefixed> = addresses.iter().filter(|found| found.address.is_ipv4() == is_v4).collect();
        let texts = |text: fn(&Prefixed) -> String| -> Option<Value> {
            (!own.is_empty()).then(|| Value::MultiSz(own.iter().map(|found| text(found)).collect()))
        };
        write(changes, path, of_addresses, texts(|found| found.address.to_string()))?;
        write(changes, path, of_lengths, texts(|found| found.length.to_string()))?;
    }
    Ok(())
}
