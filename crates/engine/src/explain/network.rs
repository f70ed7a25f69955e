//! Why a network or a network interface is in its state: what the nodes say of their adapters; and where a network's Role
//! comes from.

use mainstay_types::command_line::CommandLine;
use mainstay_types::explanation::{Explanation, Member, Reason, Rule, WayOut};
use mainstay_types::glance::{NetworkGlance, NetworkInterfaceGlance};
use mainstay_types::operation::{End, OperationRecord};
use mainstay_types::{NetworkId, NetworkInterfaceId, NetworkInterfaceState, NetworkState, ObjectId};

use super::reason;
use crate::model::layout;
use crate::model::networks::ROLE_DEFAULT;
use crate::view::View;

impl View<'_> {
    /// Why a network is in its state. `journal` has records of [`View::explained_by`], newest first.
    pub fn explain_network(self, id: NetworkId, journal: &[OperationRecord]) -> Option<Explanation> {
        let network = self.engine().network_glances().into_iter().find(|found| found.id == id)?;
        let mut interfaces = self.engine().interface_glances();
        interfaces.retain(|found| found.network == id);
        let member = |found: &NetworkInterfaceGlance| Member {
            name: found.name.clone(),
            state: found.state.to_string(),
            reason: of_interface(found),
        };
        Some(Explanation {
            object: ObjectId::Network(id),
            name: network.name.clone(),
            state: network.state.to_string(),
            since_ms: None,
            reason: of_network(network.state, &interfaces),
            notes: vec![self.role_of(&network, journal)],
            members: interfaces.iter().map(member).collect(),
            placement: Vec::new(),
            ways_out: way_to_full_role(&network).into_iter().collect(),
        })
    }

    /// Why a network interface is in its state.
    pub fn explain_interface(self, id: NetworkInterfaceId) -> Option<Explanation> {
        let interface = self.engine().interface_glances().into_iter().find(|found| found.id == id)?;
        Some(Explanation {
            object: ObjectId::NetworkInterface(id),
            name: interface.name.clone(),
            state: interface.state.to_string(),
            since_ms: None,
            reason: of_interface(&interface),
            notes: Vec::new(),
            members: Vec::new(),
            placement: Vec::new(),
            ways_out: Vec::new(),
        })
    }

    /// What the network is for, and who says so.
    fn role_of(self, network: &NetworkGlance, journal: &[OperationRecord]) -> Reason {
        let begin = format!("its Role is {} ({})", network.role, role_word(network.role));
        let path = layout::network_path(network.id).ok();
        let is_stored = path.is_some_and(|path| self.tree().value(&path, layout::ROLE).is_some());
        if !is_stored && network.role == ROLE_DEFAULT {
            return reason(Rule::NetworkRole, format!("{begin}: nobody has set another"));
        }
        let sets_role = |record: &&OperationRecord| {
            let is_role = |name: &String| name.eq_ignore_ascii_case(layout::ROLE);
            let changes = record.changes.iter().filter_map(|change| change.value.as_ref());
            record.object == ObjectId::Network(network.id)
                && record.end == Some(End::Done)
                && changes.into_iter().any(is_role)
        };
        match journal.iter().find(sets_role) {
            Some(record) => Reason {
                operation: Some(record.id),
                at_ms: Some(record.at_ms),
                ..reason(Rule::NetworkRole, format!("{begin}: {} set it", record.asker.account))
            },
            None => {
                let text = format!("{begin}: the cluster's DefaultNetworkRole said so when it was found");
                reason(Rule::NetworkRole, text)
            }
        }
    }
}

fn role_word(role: u32) -> &'static str {
    match role {
        0 => "none",
        1 => "cluster",
        2 => "clients",
        _ => "cluster and clients",
    }
}

fn way_to_full_role(network: &NetworkGlance) -> Option<WayOut> {
    let line = CommandLine::new("network set").name(network.name.as_str());
    (network.role != ROLE_DEFAULT).then(|| WayOut {
        command: line.name(format!("Role={ROLE_DEFAULT}")).words(),
        effect: "lets the cluster and clients use it".into(),
    })
}

fn of_interface(interface: &NetworkInterfaceGlance) -> Reason {
    let text = match interface.state {
        NetworkInterfaceState::Up => "its node is up, and its device works".to_owned(),
        _ => interface.reason.clone(),
    };
    reason(Rule::Interfaces, text)
}

fn of_network(state: NetworkState, interfaces: &[NetworkInterfaceGlance]) -> Reason {
    let up = interfaces.iter().filter(|found| found.state == NetworkInterfaceState::Up).count();
    let all = interfaces.len();
    let text = match state {
        _ if all == 0 => "no node has an interface on it any more".to_owned(),
        NetworkState::Up if up == all => "every interface on it works".to_owned(),
        NetworkState::Up => format!("{up} of its {all} interfaces work"),
        NetworkState::Partitioned => "some of its interfaces work and do not reach each other".to_owned(),
        NetworkState::Down => "no interface of a node that is up works on it".to_owned(),
        NetworkState::Unavailable => "no node that has an interface on it is up".to_owned(),
    };
    let first = interfaces.iter().find(|found| found.state != NetworkInterfaceState::Up);
    let because = first.map(|found| {
        let own = of_interface(found);
        Box::new(Reason { text: format!("'{}': {}", found.name, own.text), ..own })
    });
    Reason { because, ..reason(Rule::Interfaces, text) }
}
