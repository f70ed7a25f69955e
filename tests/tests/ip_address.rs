//! The type `IP Address`: where its address is, whose it is, and how long.
//!
//! The service of each test is in namespaces of its own, and what the network hears is heard in another one.

use std::time::Instant;

use mainstay_tests::{HANG, Network, TestCluster, kill};
use mainstay_types::ResourceState;
use mainstay_types::operation::{End, Verb};

use crate::events::{Follower, last_revision};

/// The resource that every test here has.
const NAME: &str = "addr";

/// An address of each family, with another one that the machine has on the same network.
const ADDRESSES: [(&str, &str); 2] = [("192.0.2.50", "192.0.2.9"), ("2001:db8::50", "2001:db8::9")];

fn start() -> Option<TestCluster> {
    let cluster = TestCluster::start_on_network_or_skip()?;
    cluster.ip("address add 2001:db8::7/64 dev eth0 nodad");
    cluster.mainstay(&["group", "create", "g"]);
    Some(cluster)
}

fn create(cluster: &TestCluster, name: &str, properties: &[&str]) -> (i32, String) {
    let create = ["resource", "create", name, "--group", "g", "--type", "IP Address"];
    let properties = properties.iter().flat_map(|property| ["--property", *property]);
    let words: Vec<&str> = create.into_iter().chain(properties).collect();
    let (code, _, error) = cluster.mainstay_code(&words);
    (code, error)
}

fn create_with(cluster: &TestCluster, address: &str) {
    let (code, error) = create(cluster, NAME, &[&format!("Address={address}")]);
    assert_eq!(code, 0, "{error}");
}

fn is_there(cluster: &TestCluster, address: &str) -> bool {
    cluster.run_inside("ip address show dev eth0").contains(&format!(" {address}/"))
}

/// Nobody is told of what happens in another namespace, so it is asked for.
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + HANG;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {HANG:?}: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn an_address_is_there_while_its_resource_is_online() {
    for (address, other) in ADDRESSES {
        let Some(cluster) = start() else { return };
        create_with(&cluster, address);
        assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
        assert!(is_there(&cluster, address));

        // It is not what the machine speaks from by itself.
        let route = cluster.run_inside(&format!("ip route get {other}"));
        assert!(!route.contains(address), "{route}");

        // The next host finds it as it is.
        let keepers = cluster.processes(NAME);
        assert_eq!(keepers.len(), 1);
        cluster.kill_host(&cluster.pool_host());
        cluster.mainstay(&["plan", "set", NAME, "StopTimeout=30000"]);
        assert_eq!(cluster.state(NAME), ResourceState::Online);
        assert_eq!(cluster.processes(NAME), keepers);

        // Whoever removes it has nothing of it.
        let length = if address.contains(':') { 128 } else { 32 };
        cluster.ip(&format!("address del {address}/{length} dev eth0"));
        wait_until("the address is there again", || is_there(&cluster, address));
        assert_eq!(cluster.state(NAME), ResourceState::Online);

        assert_eq!(cluster.carry_out(Verb::Offline, NAME).end, Some(End::Done));
        assert!(!is_there(&cluster, address) && cluster.processes(NAME).is_empty());
    }
}

#[test]
fn the_network_is_asked_before_and_told_afterwards() {
    for (address, other) in ADDRESSES {
        let Some(cluster) = start() else { return };
        let Some(neighbour) = cluster.neighbour_or_skip("eth0", "192.0.2.9/24") else { return };
        let length = if address.contains(':') { 64 } else { 24 };
        neighbour.ip(&format!("address add {address}/{length} dev far-eth0{}", nodad(address)));
        create_with(&cluster, address);
        cluster.stay_failed(NAME);
        assert!(matches!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Failed(_))));
        let why = cluster.mainstay(&["explain", NAME]);
        assert!(why.contains(&format!("{address} is somebody's")), "{why}");
        assert!(!is_there(&cluster, address) && cluster.processes(NAME).is_empty());

        // The other one has gone, and what the neighbour knows of it is out of date.
        neighbour.ip(&format!("address del {address}/{length} dev far-eth0"));
        neighbour.ip(&format!("address replace {other}/{length} dev far-eth0{}", nodad(address)));
        neighbour.ip(&format!("neigh replace {address} lladdr 02:00:00:00:00:99 dev far-eth0 nud stale"));
        assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
        let device = cluster.run_inside("ip link show dev eth0");
        let own = device.split_once("link/ether ").unwrap().1.split(' ').next().unwrap();
        let told = || neighbour.run(&format!("ip neigh show {address}")).unwrap().contains(own);
        wait_until("the neighbour knows where it is", told);
    }
}

fn nodad(address: &str) -> &'static str {
    if address.contains(':') { " nodad" } else { "" }
}

#[test]
fn an_address_that_is_somebody_elses_here_is_left_alone() {
    let Some(cluster) = start() else { return };
    cluster.ip("address add 192.0.2.50/24 dev eth0");
    create_with(&cluster, "192.0.2.50");
    let (code, error) = create(&cluster, "other", &["Address=192.0.2.51"]);
    assert_eq!(code, 0, "{error}");
    for name in [NAME, "other"] {
        cluster.stay_failed(name);
    }
    assert!(matches!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Failed(_))));
    let why = cluster.mainstay(&["explain", NAME]);
    assert!(why.contains("192.0.2.50 is on eth0 of this node already, and not by this resource"), "{why}");
    assert!(is_there(&cluster, "192.0.2.50"));

    // Nor is another resource's.
    assert_eq!(cluster.carry_out(Verb::Online, "other").end, Some(End::Done));
    cluster.mainstay(&["resource", "set", NAME, "Address=192.0.2.51"]);
    assert!(matches!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Failed(_))));
    assert!(is_there(&cluster, "192.0.2.51"));
    assert_eq!(cluster.state("other"), ResourceState::Online);
}

#[test]
fn what_cannot_be_is_refused_when_it_is_set() {
    let Some(cluster) = start() else { return };
    for (property, expected) in [
        ("Address=192.0.2.50/24", "write it as 192.0.2.50 or 2001:db8::50, without a mask"),
        ("Address=127.0.0.1", "which every machine has for itself"),
        ("PrefixLength=99", "it can be 1 to 32"),
        ("SubnetMask=255.0.255.0", "its ones have to come first"),
        ("Interface=a/b", "which is the name of no interface"),
        ("Adress=192.0.2.50", "did you mean 'Address'?"),
    ] {
        let mut properties = vec![property];
        if !property.starts_with("Address") {
            properties.push("Address=192.0.2.50");
        }
        let (code, error) = create(&cluster, NAME, &properties);
        assert!(code == 1 && error.contains(expected), "{property}: {code} {error}");
    }
    assert!(cluster.glance_all().resources.is_empty());
}

#[test]
fn an_address_without_its_keeper_is_seen_and_started_anew() {
    let Some(cluster) = start() else { return };
    create_with(&cluster, "192.0.2.50");
    cluster.set_common(NAME, &[("IsAlivePollInterval", "100"), ("RestartDelay", "0")]);
    assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    let last = last_revision(&cluster);
    let words = ["--object", NAME, "--kind", "resource-state", "--after", &last];
    let mut states = Follower::start(&cluster, &words);
    let mut state = move || states.next()["value"].as_str().unwrap().to_owned();
    end(&cluster.processes(NAME));
    assert_eq!(state(), "Failed");
    while state() != "Online" {}
    assert!(is_there(&cluster, "192.0.2.50"));
    let why = cluster.mainstay(&["explain", NAME]);
    assert!(why.contains("the keeper of 192.0.2.50 has ended"), "{why}");

    // Without its link it serves nobody.
    cluster.stay_failed(NAME);
    cluster.ip("link set far-eth0 down");
    cluster.wait_for_state(NAME, ResourceState::Failed);
    let why = cluster.mainstay(&["explain", NAME]);
    assert!(why.contains("interface eth0 has no link"), "{why}");
    wait_until("what has failed is taken down", || !is_there(&cluster, "192.0.2.50"));
}

#[test]
fn an_address_does_not_outlive_everybody_who_could_take_it_away() {
    let Some(mut cluster) = start() else { return };
    let (code, error) = create(&cluster, NAME, &["Address=192.0.2.50", "Lifetime=5"]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    let (host, keepers) = (cluster.pool_host(), cluster.processes(NAME));
    cluster.kill_service();
    kill(&host);
    end(&keepers);
    wait_until("the address has ended", || !is_there(&cluster, "192.0.2.50"));
}

fn end(processes: &[i32]) {
    for pid in processes {
        let pid = rustix::process::Pid::from_raw(*pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

/// What a neighbour can do with it.
#[test]
fn a_neighbour_reaches_what_listens_on_it() {
    let Some(cluster) = start() else { return };
    let Some(neighbour) = cluster.neighbour_or_skip("eth0", "192.0.2.9/24") else { return };
    create_with(&cluster, "192.0.2.50");
    // Nothing listens there, so who reaches the machine is refused at once; who does not waits.
    let reach = |neighbour: &Network| {
        neighbour
            .run("timeout 5 bash -c exec</dev/tcp/192.0.2.50/9")
            .unwrap_err()
            .contains("Connection refused")
    };
    assert!(!reach(&neighbour));
    assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    assert!(reach(&neighbour));
}
