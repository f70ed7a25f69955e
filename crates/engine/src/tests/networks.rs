//! Networks and network interfaces: which there are, what they are called, in what state, and what is told of them.

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting};
use mainstay_types::control::{function, object};
use mainstay_types::event::EventKind;
use mainstay_types::{ControlCode, NetworkId, NetworkInterfaceState, NetworkState, ObjectId, Status};

use crate::command::Command;
use crate::limits::{INTERFACE_FORGOTTEN_MS, NETWORKS_PAUSE_MS};
use crate::testing::walk::Dice;
use crate::testing::{CommitMode, World};

const MODIFY: u32 = 1 << 22;

/// `eth0 192.0.2.7/24: Cluster Network 1 [192.0.2.0/24] Up`, one line for each interface, and each network without one.
fn shown(world: &World) -> Vec<String> {
    let networks = world.networks();
    let mut lines: Vec<String> = world
        .interfaces()
        .iter()
        .map(|found| {
            let network = networks.iter().find(|network| network.id == found.network).unwrap();
            assert_eq!(found.name.as_str(), format!("alpha - {}", found.adapter));
            assert_eq!(found.network_name, network.name.as_str());
            assert_eq!(found.reason.is_empty(), found.state == NetworkInterfaceState::Up, "{}", found.reason);
            assert_eq!(network.reason.is_empty(), network.state == NetworkState::Up, "{}", network.reason);
            format!(
                "{} {}: {} [{}] {}",
                found.adapter,
                found.addresses.join(" "),
                network.name,
                network.subnets.join(" "),
                found.state
            )
        })
        .collect();
    for network in networks {
        if !world.interfaces().iter().any(|found| found.network == network.id) {
            lines.push(format!("{} without an interface", network.name));
        }
    }
    lines
}

#[track_caller]
fn check(world: &World, expected: &[&str]) {
    assert_eq!(shown(world), expected);
}

fn ids(world: &World) -> Vec<(String, NetworkId)> {
    world.interfaces().iter().map(|found| (found.id.to_string(), found.network)).collect()
}

#[test]
fn each_subnet_is_a_network() {
    let mut world = World::default();
    world.see_adapters(&[
        "lo - l 127.0.0.1/8",
        "eth0 - - 192.0.2.7/24 2001:db8::7/64 fe80::1/64",
        "eth1 - - 198.51.100.7/25",
        "docker0 bridge - 172.17.0.1/16",
        "eth2 - - fd00::7/64",
        "eth3 - n",
    ]);
    check(
        &world,
        &[
            "eth0 192.0.2.7/24 2001:db8::7/64: Cluster Network 1 [192.0.2.0/24 2001:db8::/64] Up",
            "eth1 198.51.100.7/25: Cluster Network 2 [198.51.100.0/25] Up",
            "eth2 fd00::7/64: Cluster Network 3 [fd00::/64] Up",
        ],
    );
    // Ids and names outlive the service, and nothing is written again.
    let (before, database) = (ids(&world), world.database());
    world.restart_service();
    assert_eq!((ids(&world), world.database()), (before.clone(), database.clone()));
    world.see_adapters(&[
        "eth0 - - 192.0.2.7/24 2001:db8::7/64",
        "eth1 - - 198.51.100.7/25",
        "eth2 - - fd00::7/64",
    ]);
    assert_eq!(ids(&world), before);
    // The hardware addresses of the test follow the order.
    assert_eq!(
        world.keys("registry\\networks\\").len(),
        database.iter().filter(|(key, _)| key.starts_with(b"registry\\networks\\")).count()
    );
}

/// Looks, one after the other, and what there is after the last of them.
#[track_caller]
fn check_looks(looks: &[&[&str]], expected: &[&str], events: &[EventKind]) {
    let mut world = World::default();
    let (last, first) = looks.split_last().unwrap();
    for look in first {
        world.see_adapters(look);
    }
    let known = ids(&world);
    world.events.clear();
    world.see_adapters(last);
    check(&world, expected);
    let told: Vec<EventKind> =
        world.events.iter().map(|event| event.kind).filter(|kind| !kind.is_of_registry()).collect();
    assert_eq!(told, events);
    // What stayed kept its id.
    let is_gone = |kind| matches!(kind, EventKind::NetworkInterfaceDeleted | EventKind::NodeInterfaceAdded);
    if !told.iter().any(|kind| is_gone(*kind)) {
        let interfaces =
            |ids: &[(String, NetworkId)]| ids.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        assert_eq!(interfaces(&ids(&world)), interfaces(&known));
    }
}

#[test]
fn what_changes_is_followed() {
    use EventKind::*;
    let eth0: &[&str] = &["eth0 - - 192.0.2.7/24"];
    check_looks(
        &[&[], eth0],
        &["eth0 192.0.2.7/24: Cluster Network 1 [192.0.2.0/24] Up"],
        &[ClusterNetworkAdded, NodeInterfaceAdded],
    );
    // Another address of the subnet, and one more subnet.
    check_looks(
        &[eth0, &["eth0 - - 192.0.2.8/24"]],
        &["eth0 192.0.2.8/24: Cluster Network 1 [192.0.2.0/24] Up"],
        &[NetworkInterfaceCommonProperty],
    );
    check_looks(
        &[eth0, &["eth0 - - 192.0.2.7/24 2001:db8::7/64"]],
        &["eth0 192.0.2.7/24 2001:db8::7/64: Cluster Network 1 [192.0.2.0/24 2001:db8::/64] Up"],
        &[NetworkCommonProperty, NetworkInterfaceCommonProperty],
    );
    // No link, switched off, no address, no device: the network stays and is down.
    check_looks(
        &[eth0, &["eth0 - n 192.0.2.7/24"]],
        &["eth0 192.0.2.7/24: Cluster Network 1 [192.0.2.0/24] Failed"],
        &[NetworkState, NetworkInterfaceState],
    );
    check_looks(
        &[eth0, &["eth0 - d 192.0.2.7/24"]],
        &["eth0 192.0.2.7/24: Cluster Network 1 [192.0.2.0/24] Failed"],
        &[NetworkState, NetworkInterfaceState],
    );
    check_looks(
        &[eth0, &["eth0 - -"]],
        &["eth0 : Cluster Network 1 [192.0.2.0/24] Failed"],
        &[NetworkInterfaceCommonProperty, NetworkState, NetworkInterfaceState],
    );
    check_looks(
        &[eth0, &[]],
        &["eth0 : Cluster Network 1 [192.0.2.0/24] Failed"],
        &[NetworkInterfaceCommonProperty, NetworkState, NetworkInterfaceState],
    );
    check_looks(
        &[eth0, &[], eth0],
        &["eth0 192.0.2.7/24: Cluster Network 1 [192.0.2.0/24] Up"],
        &[NetworkInterfaceCommonProperty, NetworkState, NetworkInterfaceState],
    );
    // Another subnet is another network, and the one before is empty; its number is free again next time.
    check_looks(
        &[eth0, &["eth0 - - 198.51.100.7/24"]],
        &["eth0 198.51.100.7/24: Cluster Network 2 [198.51.100.0/24] Up"],
        &[ClusterNetworkAdded, NetworkInterfaceCommonProperty, NetworkDeleted],
    );
    // A bridge takes over the address of its port.
    check_looks(
        &[eth0, &["eth0 - 2", "br0 bridge - 192.0.2.7/24"]],
        &["br0 192.0.2.7/24: Cluster Network 1 [192.0.2.0/24] Up"],
        &[NodeInterfaceAdded, NetworkInterfaceDeleted],
    );
}

#[test]
fn a_node_has_one_interface_on_a_network() {
    let mut world = World::default();
    world.see_adapters(&["eth0 - - 192.0.2.7/24", "eth1 - - 192.0.2.8/24"]);
    check(&world, &["eth0 192.0.2.7/24: Cluster Network 1 [192.0.2.0/24] Up"]);
    // The first stays while it has its address, and makes room when it has lost it.
    world.see_adapters(&["eth0 - n 192.0.2.7/24", "eth1 - - 192.0.2.8/24"]);
    check(&world, &["eth0 192.0.2.7/24: Cluster Network 1 [192.0.2.0/24] Failed"]);
    world.see_adapters(&["eth0 - -", "eth1 - - 192.0.2.8/24"]);
    check(&world, &["eth1 192.0.2.8/24: Cluster Network 1 [192.0.2.0/24] Up"]);
    // Who moves onto a network that is taken has no interface any more, and its own network goes.
    world.see_adapters(&["eth0 - - 203.0.113.7/24", "eth1 - - 192.0.2.8/24"]);
    check(
        &world,
        &[
            "eth0 203.0.113.7/24: Cluster Network 2 [203.0.113.0/24] Up",
            "eth1 192.0.2.8/24: Cluster Network 1 [192.0.2.0/24] Up",
        ],
    );
    world.see_adapters(&["eth0 - - 192.0.2.7/24", "eth1 - - 192.0.2.8/24"]);
    check(&world, &["eth1 192.0.2.8/24: Cluster Network 1 [192.0.2.0/24] Up"]);
}

#[test]
fn what_is_gone_for_long_is_forgotten() {
    let mut world = World::default();
    world.see_adapters(&["eth0 - - 192.0.2.7/24", "eth1 - - 198.51.100.7/24"]);
    world.see_adapters(&["eth1 - - 198.51.100.7/24"]);
    world.pass_ms(INTERFACE_FORGOTTEN_MS - 1);
    assert_eq!(world.networks().len(), 2);
    // It is back in time, and the count begins anew.
    world.see_adapters(&["eth0 - - 192.0.2.7/24", "eth1 - - 198.51.100.7/24"]);
    world.see_adapters(&["eth1 - - 198.51.100.7/24"]);
    world.pass_ms(INTERFACE_FORGOTTEN_MS - 1);
    assert_eq!(world.networks().len(), 2);
    world.events.clear();
    world.pass_ms(1);
    check(&world, &["eth1 198.51.100.7/24: Cluster Network 2 [198.51.100.0/24] Up"]);
    let told: Vec<EventKind> =
        world.events.iter().map(|event| event.kind).filter(|kind| !kind.is_of_registry()).collect();
    assert_eq!(told, [EventKind::NetworkInterfaceDeleted, EventKind::NetworkDeleted]);
    assert_eq!(world.engine.next_deadline(), None);
    // The lowest number that is free.
    world.see_adapters(&["eth1 - - 198.51.100.7/24", "eth4 - - 203.0.113.7/24"]);
    assert_eq!(world.networks()[0].subnets, ["203.0.113.0/24"]);
    assert_eq!(world.networks()[0].name.as_str(), "Cluster Network 1");
}

#[test]
fn a_commit_that_fails_is_tried_again() {
    for mode in [CommitMode::Fail, CommitMode::UnknownFailed, CommitMode::UnknownDone, CommitMode::Hold] {
        let mut world = World::default();
        world.commit_mode = mode;
        world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
        assert!(world.networks().is_empty(), "{mode:?}");
        // What is seen meanwhile counts.
        world.see_adapters(&["eth0 - - 198.51.100.7/24"]);
        world.commit_mode = CommitMode::Done;
        world.resolve_commits();
        world.pass_ms(NETWORKS_PAUSE_MS);
        let name = if mode == CommitMode::Fail || mode == CommitMode::UnknownFailed { 1 } else { 2 };
        let expected = format!("eth0 198.51.100.7/24: Cluster Network {name} [198.51.100.0/24] Up");
        check(&world, &[&expected]);
    }
}

#[test]
fn many_adapters_take_several_commits() {
    let mut world = World::default();
    let texts: Vec<String> = (0..20).map(|n| format!("eth{n:02} - - 10.{n}.0.7/24 fd00:{n}::7/64")).collect();
    let seen: Vec<&str> = texts.iter().map(String::as_str).collect();
    world.see_adapters(&seen);
    assert_eq!((world.networks().len(), world.interfaces().len()), (20, 20));
    let names: Vec<String> = world.networks().iter().map(|network| network.name.to_string()).collect();
    assert!(names.contains(&"Cluster Network 20".to_owned()), "{names:?}");
}

fn set(world: &mut World, network: NetworkId, list: &PropertyList) -> (Status, String) {
    let code = ControlCode(object::NETWORK | MODIFY | function::SET_COMMON_PROPERTIES);
    let (object, input) = (ObjectId::Network(network), list.to_bytes().unwrap());
    let call = world.call(Command::Control { object, code, input, output_length_max: 0 });
    let answer = world.answer(call);
    (answer.status, answer.text.clone())
}

fn metric(world: &World) -> (u32, bool) {
    let network = &world.networks()[0];
    (network.metric, network.has_auto_metric)
}

#[test]
fn a_metric_that_is_set_is_not_found() {
    let mut world = World::default();
    world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
    let network = world.networks()[0].id;
    let list = |values: &[(&str, u32)]| {
        let mut list = PropertyList::new();
        for (name, value) in values {
            list.set(*name, Value::Dword(*value));
        }
        list
    };
    assert_eq!(metric(&world), (80_000, true));
    assert_eq!(set(&mut world, network, &list(&[("Role", 1)])).0, Status::SUCCESS);
    assert_eq!(metric(&world), (40_000, true));
    assert_eq!(set(&mut world, network, &list(&[("AutoMetric", 0)])).0, Status::SUCCESS);
    assert_eq!(metric(&world), (40_000, false));
    assert_eq!(set(&mut world, network, &list(&[("Role", 3)])).0, Status::SUCCESS);
    assert_eq!(metric(&world), (40_000, false));
    assert_eq!(set(&mut world, network, &list(&[("AutoMetric", 1)])).0, Status::SUCCESS);
    assert_eq!(metric(&world), (80_000, true));
    assert_eq!(set(&mut world, network, &list(&[("Metric", 7)])).0, Status::SUCCESS);
    assert_eq!(metric(&world), (7, false));
    assert_eq!(set(&mut world, network, &list(&[("Metric", 8), ("AutoMetric", 0)])).0, Status::SUCCESS);
    assert_eq!(metric(&world), (8, false));
    let (status, text) = set(&mut world, network, &list(&[("Metric", 9), ("AutoMetric", 1)]));
    assert_eq!(status, Status::INVALID_PARAMETER, "{text}");
    assert_eq!(metric(&world), (8, false));
    for (name, value, status) in [
        ("Metric", 0, Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS),
        ("Metric", 0x1000_0000, Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS),
        ("Role", 4, Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS),
        ("LinkSpeed", 1, Status::RESOURCE_PROPERTY_UNCHANGEABLE),
    ] {
        assert_eq!(set(&mut world, network, &list(&[(name, value)])).0, status, "{name} {value}");
    }
}

#[test]
fn a_network_is_renamed() {
    let mut world = World::default();
    world.see_adapters(&["eth0 - - 192.0.2.7/24", "eth1 - - 198.51.100.7/24"]);
    let [first, second] = [0, 1].map(|at: usize| world.networks()[at].id);
    let rename = |network, name: &str| Command::RenameNetwork { network, name: name.into() };
    assert_eq!(world.status(rename(first, "CLUSTER NETWORK 2")), Status::OBJECT_ALREADY_EXISTS);
    assert_eq!(world.status(rename(first, "")), Status::INVALID_NAME);
    world.events.clear();
    assert_eq!(world.status(rename(first, "Heartbeat")), Status::SUCCESS);
    let kinds: Vec<EventKind> = world.events.iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&EventKind::NetworkCommonProperty), "{kinds:?}");
    assert_eq!(world.engine.view().find_network("heartbeat"), Some(first));
    assert_eq!(world.engine.view().find_network(&second.to_string()), Some(second));
    // The name stays whatever is seen.
    world.see_adapters(&["eth0 - - 192.0.2.9/24", "eth1 - - 198.51.100.7/24"]);
    assert_eq!(world.engine.view().find_network("Heartbeat"), Some(first));
    let gone = NetworkId(world.fresh());
    assert_eq!(world.status(rename(gone, "x")), Status::CLUSTER_NETWORK_NOT_FOUND);
}

#[test]
fn a_document_makes_no_network() {
    let mut world = World::default();
    world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
    for (kind, name, is_there) in [
        (ConfiguredKind::Network, "cluster network 1", true),
        (ConfiguredKind::Network, "lan", false),
        (ConfiguredKind::NetworkInterface, "alpha - eth0", true),
        (ConfiguredKind::NetworkInterface, "alpha - eth1", false),
        (ConfiguredKind::Node, "alpha", true),
        (ConfiguredKind::Node, "beta", false),
    ] {
        let mut wanted = ConfiguredObject::new(kind, name);
        wanted.properties.insert("Description".into(), Setting::Text("x".into()));
        let steps = world.engine.view().plan_configuration(&[wanted]).unwrap();
        let step = steps.iter().find(|step| step.object.name == name).unwrap();
        let says = format!("there is no {kind} '{name}'");
        assert_eq!(step.refused.is_none(), is_there, "{kind} {name}");
        assert!(step.refused.as_ref().is_none_or(|refused| refused.starts_with(&says)), "{step:?}");
    }
}

#[test]
fn new_networks_have_the_clusters_default_role() {
    let mut world = World::default();
    world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
    world.set_of(ObjectId::Cluster, "DefaultNetworkRole", 2);
    world.see_adapters(&["eth0 - - 192.0.2.7/24", "eth1 - - 198.51.100.7/24"]);
    let roles: Vec<u32> = world.networks().iter().map(|network| network.role).collect();
    assert_eq!(roles, [3, 2]);
}

#[test]
fn what_a_network_says_of_itself() {
    let mut world = World::default();
    world.see_adapters(&["eth0 - - 192.0.2.7/25r 2001:db8::7/64"]);
    let (network, interface) = (world.networks()[0].id, world.interfaces()[0].id);
    let mut read = |object: ObjectId, code: u32| {
        let code = ControlCode(code);
        let call =
            world.call(Command::Control { object, code, input: Vec::new(), output_length_max: 1 << 16 });
        let answer = world.answer(call).clone();
        assert_eq!(answer.status, Status::SUCCESS, "{}", answer.text);
        answer.output
    };
    let network = ObjectId::Network(network);
    let interface = ObjectId::NetworkInterface(interface);
    let list = read(network.clone(), object::NETWORK | function::GET_RO_COMMON_PROPERTIES);
    let list = PropertyList::parse(&list).unwrap();
    assert_eq!(list.text("Address"), Some("192.0.2.0"));
    assert_eq!(list.text("AddressMask"), Some("255.255.255.128"));
    assert_eq!(list.texts("IPv6PrefixLengths"), Some(["64".to_owned()].as_slice()));
    assert_eq!(list.ularge("LinkSpeed"), Some(0));
    let list = read(interface.clone(), object::NETWORK_INTERFACE | function::GET_RO_COMMON_PROPERTIES);
    let list = PropertyList::parse(&list).unwrap();
    for (name, text) in [
        ("Name", "alpha - eth0"),
        ("Node", "alpha"),
        ("Network", "Cluster Network 1"),
        ("Adapter", "eth0"),
        ("AdapterId", "02:00:00:00:00:01"),
        ("Address", "192.0.2.7"),
    ] {
        assert_eq!(list.text(name), Some(text), "{name}");
    }
    assert_eq!(list.dword("DhcpEnabled"), Some(1));
    let utf16 = |text: &str| crate::events::utf16(text);
    for (object, code, expected) in [
        (&network, object::NETWORK | function::GET_NAME, utf16("Cluster Network 1")),
        (&network, object::NETWORK | function::GET_CHARACTERISTICS, vec![0; 4]),
        (&interface, object::NETWORK_INTERFACE | function::GET_NODE, utf16("alpha")),
        (&interface, object::NETWORK_INTERFACE | function::GET_NETWORK, utf16("Cluster Network 1")),
    ] {
        assert_eq!(read(object.clone(), code), expected, "{code:#x}");
    }
}

/// A random machine: which devices there are, whether they work, on which subnets they are.
fn any_adapters(dice: &mut Dice) -> Vec<String> {
    let names = ["eth0", "eth1", "br0", "bond0"];
    let mut adapters = Vec::new();
    for (number, name) in names.into_iter().enumerate() {
        if dice.once_in(4) {
            continue;
        }
        let kind = if name == "br0" { "bridge" } else { "-" };
        let flags = dice.weighted(&[(6, "-"), (1, "n"), (1, "d"), (1, "3")]);
        let mut addresses = String::new();
        for _ in 0..dice.weighted(&[(1, 0), (5, 1), (2, 2)]) {
            let subnet = dice.below(4);
            addresses.push_str(&match dice.once_in(4) {
                true => format!(" fd00:{subnet}::{}/64", number + 1),
                false => format!(" 10.0.{subnet}.{}/24", number + 1),
            });
        }
        adapters.push(format!("{name} {kind} {flags}{addresses}"));
    }
    adapters
}

#[test]
fn whatever_is_seen_the_records_follow() {
    for seed in 0..60 {
        let mut dice = Dice::new(seed);
        let mut world = World::default();
        let (mut last, mut began) = (Vec::new(), 0);
        for _ in 0..40 {
            match dice.below(10) {
                0 => {
                    began = world.events.len();
                    world.restart_service();
                }
                1 => {
                    world.commit_mode = dice.weighted(&[
                        (1, CommitMode::Fail),
                        (1, CommitMode::UnknownDone),
                        (1, CommitMode::UnknownFailed),
                        (1, CommitMode::Hold),
                    ]);
                }
                2 | 3 => {
                    world.commit_mode = CommitMode::Done;
                    world.resolve_commits();
                }
                4 => world.pass_ms(dice.below(2 * INTERFACE_FORGOTTEN_MS)),
                _ => {
                    last = any_adapters(&mut dice);
                    world.see_adapters(&last.iter().map(String::as_str).collect::<Vec<_>>());
                }
            }
        }
        world.commit_mode = CommitMode::Done;
        world.resolve_commits();
        // A service that has just started looks.
        world.see_adapters(&last.iter().map(String::as_str).collect::<Vec<_>>());
        world.pass_ms(NETWORKS_PAUSE_MS);
        world.check_networks();
        // Nothing is left to be done: another look changes nothing.
        let (database, told) = (world.database(), world.events.len());
        world.see_adapters(&last.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((world.database(), world.events.len()), (database, told), "seed {seed}: {last:?}");
        check_told(&world, began, seed);
    }
}

/// Watchers know the state of everything by what they were told since the service began.
fn check_told(world: &World, began: usize, seed: u64) {
    let number = |event: &mainstay_types::event::Event| {
        event.buffer.as_slice().try_into().map(u32::from_le_bytes).expect("a number")
    };
    let last_of = |kind, id: &str| {
        let mut events = world.events[began..].iter().rev();
        events.find(|event| event.kind == kind && event.object_id == id).map(number)
    };
    for network in world.networks() {
        if let Some(told) = last_of(EventKind::NetworkState, &network.id.to_string()) {
            assert_eq!(told, network.state.number(), "seed {seed}: {network:?}");
        }
    }
    for interface in world.interfaces() {
        if let Some(told) = last_of(EventKind::NetworkInterfaceState, &interface.id.to_string()) {
            assert_eq!(told, interface.state.wire_number(), "seed {seed}: {interface:?}");
        }
    }
}

/// `Down: REASON (CAUSE); ROLE`, of the first network.
fn explained(world: &World) -> String {
    let id = world.networks()[0].id;
    let journal: Vec<_> = world.journal.values().rev().cloned().collect();
    let found = world.engine.view().explain_network(id, &journal).expect("a network");
    let because = found.reason.because.map(|because| format!(" ({})", because.text)).unwrap_or_default();
    let role = &found.notes[0];
    let by = role.operation.map(|id| format!(" [{id}]")).unwrap_or_default();
    format!("{}: {}{because}; {}{by}", found.state, found.reason.text, role.text)
}

#[test]
fn why_a_network_is_as_it_is_and_whence_its_role_comes() {
    let mut world = World::default();
    world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
    let role = "its Role is 3 (cluster and clients): nobody has set another";
    assert_eq!(explained(&world), format!("Up: every interface on it works; {role}"));
    world.see_adapters(&["eth0 - n 192.0.2.7/24"]);
    assert_eq!(
        explained(&world),
        format!(
            "Down: no interface of a node that is up works on it ('alpha - eth0': device 'eth0' has no link; look at its \
             cable and at what it is plugged into); {role}"
        )
    );
    let interface = world.engine.view().explain_interface(world.interfaces()[0].id).expect("an interface");
    assert!(interface.reason.text.contains("has no link"), "{interface:?}");
    let network = world.networks()[0].id;
    world.set_of(ObjectId::Network(network), "Role", 1);
    let by = world.last_record().id;
    assert!(explained(&world).ends_with(&format!("; its Role is 1 (cluster): root set it [{by}]")));
    let found = world.engine.view().explain_network(network, &[]).expect("a network");
    assert_eq!(found.ways_out[0].command, ["network", "set", "Cluster Network 1", "Role=3"]);

    // What the cluster says of networks that are found later.
    let mut world = World::default();
    world.set_of(ObjectId::Cluster, "DefaultNetworkRole", 2);
    world.see_adapters(&["eth0 - - 192.0.2.7/24"]);
    let said = "its Role is 2 (clients): the cluster's DefaultNetworkRole said so when it was found";
    assert!(explained(&world).ends_with(said), "{}", explained(&world));
}
