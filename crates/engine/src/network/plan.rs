//! What is to be written so that the records say what is seen. A pure function of the records and what counts.
//!
//! - An adapter that has an interface keeps it, and stays on its network while it has an address of one of its subnets,
//!   or none at all.
//! - Else it goes onto the network that has its first subnet that any network has; where there is none, a new one is
//!   made.
//! - A node has one interface on a network: that of the adapter that was there first. One that has lost its device or its
//!   addresses makes room for another.
//! - An interface whose device is gone stays for a while, since devices come and go while a machine starts. A network goes
//!   with its last interface.

use std::collections::BTreeMap;

use mainstay_types::{NetworkId, NetworkInterfaceId, NodeId};

use super::survey::Counted;
use crate::model::Model;
use crate::model::networks::{Condition, Facts, Prefixed};

/// One thing to write. In their order each leaves what is whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// An interface that is no longer there.
    Lost(NetworkInterfaceId),
    /// An interface that is new, or is to be recorded otherwise.
    Found {
        /// Its id.
        interface: NetworkInterfaceId,
        /// Its network.
        network: NetworkId,
        /// The subnets of that network, where it is new.
        new_subnets: Option<Vec<Prefixed>>,
        /// What is recorded.
        facts: Facts,
    },
    /// A network that has other subnets.
    Subnets(NetworkId, Vec<Prefixed>),
    /// A network without an interface.
    Emptied(NetworkId),
}

/// An own interface as it will be.
struct Own {
    network: NetworkId,
    facts: Facts,
}

struct Planner<'a> {
    model: &'a Model,
    node: NodeId,
    /// The subnets of all networks, new ones among them.
    subnets: BTreeMap<NetworkId, Vec<Prefixed>>,
    own: BTreeMap<NetworkInterfaceId, Own>,
    steps: Vec<Step>,
}

/// The steps that are to be done, in order.
pub(super) fn steps(
    model: &Model,
    node: NodeId,
    seen: &[Counted],
    is_forgotten: &dyn Fn(NetworkInterfaceId) -> bool,
) -> Vec<Step> {
    let subnets = model.networks().map(|network| (network.id, network.subnets.clone())).collect();
    let mut planner = Planner { model, node, subnets, own: BTreeMap::new(), steps: Vec::new() };
    planner.keep(seen, is_forgotten);
    for adapter in seen {
        planner.place(adapter);
    }
    planner.settle_networks();
    planner.steps
}

impl Planner<'_> {
    /// What was there: it stays on its network, or waits to be placed anew, or goes.
    fn keep(&mut self, seen: &[Counted], is_forgotten: &dyn Fn(NetworkInterfaceId) -> bool) {
        for interface in self.model.interfaces() {
            if self.model.node(interface.node).is_none() {
                self.steps.push(Step::Lost(interface.id));
                continue;
            }
            if interface.node != self.node {
                continue;
            }
            let facts = match seen.iter().find(|seen| seen.facts.adapter == interface.facts.adapter) {
                Some(seen) => seen.facts.clone(),
                None if is_forgotten(interface.id) => {
                    self.steps.push(Step::Lost(interface.id));
                    continue;
                }
                None => {
                    Facts { condition: Condition::Gone, addresses: Vec::new(), ..interface.facts.clone() }
                }
            };
            let of_network = self.subnets.get(&interface.network).map(Vec::as_slice).unwrap_or_default();
            let stays = facts.addresses.is_empty()
                || facts.addresses.iter().any(|address| of_network.contains(&address.subnet()));
            if !stays {
                continue;
            }
            self.own.insert(interface.id, Own { network: interface.network, facts: facts.clone() });
            if facts != interface.facts {
                let (interface, network) = (interface.id, interface.network);
                self.steps.push(Step::Found { interface, network, new_subnets: None, facts });
            }
        }
    }

    /// An adapter that has an address goes onto a network, where it is not there yet.
    fn place(&mut self, adapter: &Counted) {
        let is_placed = self.own.values().any(|own| own.facts.adapter == adapter.facts.adapter);
        if is_placed || adapter.facts.addresses.is_empty() {
            return;
        }
        let mut all = self.model.interfaces();
        let known = all.find(|found| found.node == self.node && found.facts.adapter == adapter.facts.adapter);
        let known = known.map(|found| found.id);
        let mut wanted: Vec<Prefixed> = Vec::new();
        for address in &adapter.facts.addresses {
            if !wanted.contains(&address.subnet()) {
                wanted.push(address.subnet());
            }
        }
        let has = |subnet: &Prefixed| {
            let mut networks = self.subnets.iter();
            networks.find(|(_, subnets)| subnets.contains(subnet)).map(|(id, _)| *id)
        };
        let found = wanted.iter().find_map(has);
        if let Some(network) = found {
            let incumbent =
                self.own.iter().find(|(_, own)| own.network == network).map(|(id, own)| (*id, own));
            match incumbent {
                Some((id, own)) if matches!(own.facts.condition, Condition::Gone | Condition::NoAddress) => {
                    self.own.remove(&id);
                    // Whatever was to be written of it is not any more.
                    self.steps
                        .retain(|step| !matches!(step, Step::Found { interface, .. } if *interface == id));
                    self.steps.push(Step::Lost(id));
                }
                Some(_) => {
                    self.steps.extend(known.map(Step::Lost));
                    return;
                }
                None => {}
            }
        }
        let is_new = found.is_none();
        let network = found.unwrap_or(adapter.new_network);
        let interface = known.unwrap_or(adapter.new_interface);
        // Ids that are taken have come with an earlier look; the next one brings others.
        let is_taken = known.is_none() && self.model.interface(interface).is_some()
            || is_new && self.model.network(network).is_some();
        if is_taken {
            return;
        }
        let new_subnets = is_new.then(|| in_order(wanted));
        if let Some(subnets) = &new_subnets {
            self.subnets.insert(network, subnets.clone());
        }
        let facts = adapter.facts.clone();
        self.own.insert(interface, Own { network, facts: facts.clone() });
        self.steps.push(Step::Found { interface, network, new_subnets, facts });
    }

    /// Networks have the subnets of their interfaces, and go with the last of these.
    fn settle_networks(&mut self) {
        let mut members: BTreeMap<NetworkId, Vec<Prefixed>> = BTreeMap::new();
        for interface in self.model.interfaces() {
            if !self.own.contains_key(&interface.id) && !self.steps.contains(&Step::Lost(interface.id)) {
                let addresses = interface.facts.addresses.iter().map(|address| address.subnet());
                members.entry(interface.network).or_default().extend(addresses);
            }
        }
        for own in self.own.values() {
            let addresses = own.facts.addresses.iter().map(|address| address.subnet());
            members.entry(own.network).or_default().extend(addresses);
        }
        let networks: Vec<NetworkId> = self.subnets.keys().copied().collect();
        let emptied: Vec<NetworkId> =
            networks.iter().copied().filter(|id| !members.contains_key(id)).collect();
        for network in networks {
            let Some(there) = members.get(&network) else { continue };
            let stored = self.subnets.get(&network).cloned().unwrap_or_default();
            let is_others = |subnet: &Prefixed| {
                let mut others =
                    self.subnets.iter().filter(|(id, _)| **id != network && !emptied.contains(id));
                others.any(|(_, subnets)| subnets.contains(subnet))
            };
            let mut subnets: Vec<Prefixed> =
                stored.iter().copied().filter(|subnet| there.contains(subnet)).collect();
            for subnet in there {
                if !subnets.contains(subnet) && !is_others(subnet) {
                    subnets.push(*subnet);
                }
            }
            let subnets = in_order(subnets);
            // Without any address nobody knows better.
            if !subnets.is_empty() && subnets != stored {
                self.subnets.insert(network, subnets.clone());
                self.steps.push(Step::Subnets(network, subnets));
            }
        }
        self.steps.extend(emptied.into_iter().map(Step::Emptied));
    }
}

/// Those of IPv4 first, else as they are.
fn in_order(mut subnets: Vec<Prefixed>) -> Vec<Prefixed> {
    subnets.sort_by_key(|subnet| subnet.address.is_ipv6());
    subnets
}

#[cfg(test)]
mod tests {
    use mainstay_store::registry::{Changes, Tree, Value};
    use mainstay_store::{KeyRange, Model as StoreModel, Store, Transaction, read_all};
    use mainstay_types::{ClusterId, Name};
    use uuid::Uuid;

    use super::*;
    use crate::model::layout;
    use crate::network::survey::counted;
    use crate::testing::adapters::adapter;
    use crate::{Genesis, genesis};

    /// Records of networks, `1: SUBNET...`, and of interfaces, `NODE DEVICE 1: ADDRESS...`, in a cluster of the nodes 1
    /// and 2. Ids are places: networks from 1, interfaces from 1.
    fn model(networks: &[&str], interfaces: &[&str]) -> Model {
        let name = |text: &str| Name::parse(text).unwrap();
        let first = Genesis {
            cluster_name: name("test"),
            cluster_id: ClusterId(Uuid::from_u128(1)),
            security_descriptor: mainstay_security::default_descriptor().to_bytes().unwrap(),
            node: NodeId(1),
            node_name: name("alpha"),
            unix_ms: 1,
        };
        let mut store = StoreModel::new(1);
        for transaction in genesis(&first).unwrap() {
            store.commit(transaction).unwrap();
        }
        let (snapshot, revision) = read_all(&mut store, &KeyRange::all()).unwrap();
        let tree = Tree::load(&snapshot, revision).unwrap();
        let mut changes = Changes::new(&tree, 1);
        let node = layout::node_path(NodeId(2)).unwrap();
        changes.create_key(&node).unwrap();
        changes.set_value(&node, layout::NODE_NAME, Value::Sz("beta".into())).unwrap();
        let texts = |words: &[&str], part: usize| {
            let parts = words.iter().map(|word| word.split('/').nth(part).unwrap().to_owned());
            Value::MultiSz(parts.collect())
        };
        for (number, text) in (1..).zip(networks) {
            let path = layout::network_path(NetworkId(Uuid::from_u128(number))).unwrap();
            changes.create_key(&path).unwrap();
            changes.set_value(&path, layout::NAME, Value::Sz(format!("Cluster Network {number}"))).unwrap();
            let words: Vec<&str> = text.split(' ').collect();
            changes.set_value(&path, layout::IPV4_ADDRESSES, texts(&words, 0)).unwrap();
            changes.set_value(&path, layout::IPV4_PREFIX_LENGTHS, texts(&words, 1)).unwrap();
        }
        for (number, text) in (1..).zip(interfaces) {
            let path = layout::interface_path(NetworkInterfaceId(Uuid::from_u128(number))).unwrap();
            changes.create_key(&path).unwrap();
            let words: Vec<&str> = text.split(' ').collect();
            let network = NetworkId(Uuid::from_u128(words[2].parse().unwrap()));
            for (value, text) in [
                (layout::NAME, format!("{} - {}", words[0], words[1])),
                (layout::INTERFACE_NODE, words[0].to_owned()),
                (layout::INTERFACE_NETWORK, network.to_string()),
                (layout::ADAPTER, words[1].to_owned()),
            ] {
                changes.set_value(&path, value, Value::Sz(text)).unwrap();
            }
            changes.set_value(&path, layout::IPV4_ADDRESSES, texts(&words[3..], 0)).unwrap();
            changes.set_value(&path, layout::IPV4_PREFIX_LENGTHS, texts(&words[3..], 1)).unwrap();
        }
        let (compares, then) = changes.into_parts();
        assert!(store.commit(Transaction { compares, then, otherwise: Vec::new() }).unwrap().succeeded);
        let (snapshot, revision) = read_all(&mut store, &KeyRange::all()).unwrap();
        Model::load(&snapshot, revision).unwrap().0
    }

    /// `lost 1`, `found 100 on 1`, `found 100 on new SUBNET...`, `subnets of 1: SUBNET...`, `emptied 1`.
    fn shown(step: &Step) -> String {
        let list = |subnets: &[Prefixed]| {
            let shown: Vec<String> = subnets.iter().map(Prefixed::to_string).collect();
            shown.join(" ")
        };
        match step {
            Step::Lost(id) => format!("lost {}", id.0.as_u128()),
            Step::Found { interface, network, new_subnets, .. } => match new_subnets {
                None => format!("found {} on {}", interface.0.as_u128(), network.0.as_u128()),
                Some(subnets) => format!("found {} on new {}", interface.0.as_u128(), list(subnets)),
            },
            Step::Subnets(id, subnets) => format!("subnets of {}: {}", id.0.as_u128(), list(subnets)),
            Step::Emptied(id) => format!("emptied {}", id.0.as_u128()),
        }
    }

    /// What node 1 does when it sees these adapters; the first new interface has the id 100. Interfaces of devices that
    /// are gone are forgotten at once.
    #[track_caller]
    fn check(networks: &[&str], interfaces: &[&str], seen: &[&str], expected: &[&str]) {
        let mut adapters: Vec<_> = (1..).zip(seen).map(|(index, text)| adapter(index, text)).collect();
        for (number, adapter) in (100..).zip(&mut adapters) {
            adapter.fresh = [Uuid::from_u128(number), Uuid::from_u128(number)];
            adapter.hardware_address.clear();
            adapter.receive_queues = 0;
        }
        let steps = steps(&model(networks, interfaces), NodeId(1), &counted(&adapters), &|_| true);
        let steps: Vec<String> = steps.iter().map(shown).collect();
        assert_eq!(steps, expected, "{networks:?} {interfaces:?} {seen:?}");
    }

    #[test]
    fn a_node_joins_the_networks_of_others() {
        let (lan, beta) = (&["192.0.2.0/24"][..], "2 eth0 1 192.0.2.8/24");
        check(lan, &[beta], &["eth5 - - 192.0.2.7/24"], &["found 100 on 1"]);
        let both = ["eth5 - - 198.51.100.7/24 192.0.2.7/24"];
        check(lan, &[beta], &both, &["found 100 on 1", "subnets of 1: 192.0.2.0/24 198.51.100.0/24"]);
        check(lan, &[beta], &["eth5 - - 198.51.100.7/24"], &["found 100 on new 198.51.100.0/24"]);
        // The same device of the other node is another interface.
        check(lan, &[beta], &["eth0 - - 192.0.2.7/24"], &["found 100 on 1"]);
        check(lan, &[beta], &[], &[]);
    }

    #[test]
    fn nobody_writes_what_is_another_nodes() {
        let lan = &["192.0.2.0/24 198.51.100.0/24"][..];
        let beta = "2 eth0 1 198.51.100.8/24";
        let alpha = "1 eth0 1 192.0.2.7/24";
        // What the other one has stays of the network, whatever this one loses.
        check(lan, &[alpha, beta], &["eth0 - - 192.0.2.7/24"], &[]);
        check(lan, &[alpha, beta], &[], &["lost 1", "subnets of 1: 198.51.100.0/24"]);
        check(&["192.0.2.0/24"], &["2 eth0 1 192.0.2.8/24", "1 eth0 1 192.0.2.7/24"], &[], &["lost 2"]);
        // Of a node that is no member any more nobody else writes.
        check(lan, &["3 eth0 1 192.0.2.9/24", beta], &[], &["lost 1", "subnets of 1: 198.51.100.0/24"]);
        check(&["192.0.2.0/24"], &["3 eth0 1 192.0.2.9/24"], &[], &["lost 1", "emptied 1"]);
    }

    #[test]
    fn a_subnet_is_of_one_network() {
        let two = &["192.0.2.0/24", "198.51.100.0/24"][..];
        let beta = ["2 eth0 1 192.0.2.8/24", "2 eth1 2 198.51.100.8/24"];
        // An adapter on both goes onto the first, and joins nothing.
        check(two, &beta, &["eth0 - - 192.0.2.7/24 198.51.100.7/24"], &["found 100 on 1"]);
        check(two, &beta, &["eth0 - - 198.51.100.7/24 192.0.2.7/24"], &["found 100 on 2"]);
        let own = [beta[0], beta[1], "1 eth0 2 198.51.100.7/24"];
        check(two, &own, &["eth0 - - 192.0.2.7/24 198.51.100.7/24"], &["found 3 on 2"]);
        check(two, &own, &["eth0 - - 192.0.2.7/24"], &["found 3 on 1"]);
    }
}
