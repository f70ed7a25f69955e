//! Networks and their interfaces, from the kernel's word of a device up to the commands, and over the death of the
//! service.

use mainstay_tests::TestCluster;
use mainstay_types::glance::{Glance, NetworkGlance};
use mainstay_types::{NetworkInterfaceState, NetworkState};

/// `Cluster Network 1 Up [192.0.2.0/24]`, by name.
fn networks(glance: &Glance) -> Vec<String> {
    let shown = |network: &NetworkGlance| {
        format!("{} {} [{}]", network.name, network.state, network.subnets.join(" "))
    };
    glance.networks.iter().map(shown).collect()
}

#[test]
fn what_happens_to_a_device_happens_to_its_network() {
    let Some(mut cluster) = TestCluster::start_on_network_or_skip() else { return };
    let first = cluster.glance_all();
    assert_eq!(networks(&first), ["Cluster Network 1 Up [192.0.2.0/24]"]);
    let interface = &first.interfaces[0];
    assert_eq!(
        (interface.name.as_str(), interface.addresses.as_slice()),
        ("node1 - eth0", &["192.0.2.7/24".to_owned()][..])
    );
    assert!(!cluster.mainstay(&["status"]).contains("NETWORK"));

    // The cable is pulled, and the service dies of something else meanwhile.
    cluster.ip("link set far-eth0 down");
    cluster.wait_for_networks(|glance| glance.networks[0].state == NetworkState::Down);
    let status = cluster.mainstay(&["status"]);
    assert!(status.contains("'node1 - eth0': device 'eth0' has no link"), "{status}");
    assert!(
        cluster
            .mainstay(&["events"])
            .contains("network-interface-state  network interface 'node1 - eth0'  Failed")
    );
    let why = cluster.mainstay(&["explain", "network", "cluster network 1"]);
    assert!(why.contains("network Cluster Network 1 is Down"), "{why}");
    assert!(why.contains("because no interface of a node that is up works on it"), "{why}");
    assert!(why.contains("its Role is 3 (cluster and clients): nobody has set another"), "{why}");
    let why = cluster.mainstay(&["explain", "node1 - eth0"]);
    assert!(why.contains("interface node1 - eth0 is Failed") && why.contains("has no link"), "{why}");
    let (code, _, error) = cluster.mainstay_code(&["explain", "network", "nix"]);
    assert!(code == 1 && error.contains("5045 ERROR_CLUSTER_NETWORK_NOT_FOUND"), "{code} {error}");
    let found = cluster.mainstay(&["cluster", "validate"]);
    assert!(found.contains("network 'Cluster Network 1'") && found.contains("Down: "), "{found}");
    cluster.kill_service();
    cluster.start_service();
    cluster.ip("link set far-eth0 up");
    cluster.wait_for_networks(|glance| glance.networks[0].state == NetworkState::Up);

    // Another address of the subnet is the same interface of the same network.
    cluster.ip("addr del 192.0.2.7/24 dev eth0");
    cluster.ip("addr add 192.0.2.9/24 dev eth0");
    cluster.wait_for_networks(|glance| glance.interfaces[0].addresses == ["192.0.2.9/24"]);
    let now = cluster.glance_all();
    assert_eq!(now.networks[0].id, first.networks[0].id);
    assert_eq!(now.interfaces[0].id, first.interfaces[0].id);
    assert_eq!(now.interfaces[0].state, NetworkInterfaceState::Up);

    // One more device comes, and goes.
    cluster.cable("eth1", "198.51.100.7/24");
    cluster.wait_for_networks(|glance| {
        glance.networks.len() == 2 && glance.networks[1].state == NetworkState::Up
    });
    cluster.ip("link del eth1");
    cluster.wait_for_networks(|glance| glance.networks[1].state == NetworkState::Down);
    let list = cluster.mainstay(&["interface", "list"]);
    assert!(list.contains("node1 - eth1  Failed  Cluster Network 2"), "{list}");
}

#[test]
fn networks_are_named_set_exported_and_taken_back() {
    let Some(cluster) = TestCluster::start_on_network_or_skip() else { return };
    let id = cluster.glance_all().networks[0].id.to_string();
    let renamed = cluster.mainstay(&["network", "rename", "Cluster Network 1", "lan"]);
    assert_eq!(renamed, "network 'Cluster Network 1' is called 'lan' now\n");
    cluster.mainstay(&["network", "set", "lan", "Role=1", "Description=between the nodes"]);
    let list = cluster.mainstay(&["network", "list"]);
    assert!(list.contains("lan      Up     192.0.2.0/24  cluster"), "{list}");
    let (code, _, error) = cluster.mainstay_code(&["network", "set", "lan", "Metric=5", "AutoMetric=1"]);
    assert_eq!(code, 1);
    assert!(error.contains("a metric that is set is not found automatically"), "{error}");

    let exported = cluster.mainstay(&["cluster", "export"]);
    assert!(exported.contains("[network.lan.properties]"), "{exported}");
    let file = cluster.file("cluster.toml");
    std::fs::write(&file, exported.replace("Role = 1", "Role = 1\nMetric = 5")).expect("a file");
    let applied = cluster.mainstay(&["cluster", "apply", file.to_str().expect("a path")]);
    assert!(applied.contains("changed network 'lan'"), "{applied}");
    let network = cluster.glance_all().networks.remove(0);
    assert_eq!((network.metric, network.has_auto_metric, network.id.to_string()), (5, false, id));
    let change = cluster.journal("lan")[0].id.to_string();
    cluster.mainstay(&["undo", &change]);
    assert_eq!(cluster.mainstay(&["cluster", "export"]), exported);

    let shown = cluster.mainstay(&["network", "show", "lan"]);
    for part in ["node1 - eth0", "AddressMask", "255.255.255.0", "between the nodes"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let done = cluster.mainstay(&["interface", "set", "node1 - eth0", "Description=to the switch"]);
    assert!(done.contains("properties of network interface 'node1 - eth0' are set"), "{done}");
    let shown = cluster.mainstay(&["interface", "show", "node1 - eth0"]);
    assert!(shown.contains("to the switch"), "{shown}");
    let document = cluster.mainstay(&["interface", "show", "node1 - eth0", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&document).expect("a document");
    assert_eq!(document["network"], "lan");
    assert_eq!(document["adapter"], "eth0");
}
