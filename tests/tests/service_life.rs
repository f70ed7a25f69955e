//! Starting, refusing to start, ending.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use mainstay_client::{Cluster, Desired};
use mainstay_process::{Process, Signal};
use mainstay_tests::{HANG, TestCluster, program, receive};
use mainstay_types::ResourceState;
use mainstay_types::operation::Verb;

/// Runs a second service that has to refuse; answers its message.
fn refused(cluster: &TestCluster, change: impl FnOnce(&mut Command)) -> String {
    let mut command = Command::new(program("mainstayd"));
    command.arg("--config").arg(cluster.write_config());
    change(&mut command);
    let output = command.output().unwrap();
    assert!(!output.status.success(), "it has started");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_second_service_on_the_same_data_is_refused() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let message = refused(&cluster, |_| {});
    assert!(message.contains(&cluster.service().pid().to_string()), "the holder's pid is named: {message}");
    assert!(message.contains("cluster.db"), "{message}");
}

/// The socket of an init system, and a service that speaks to it.
fn start_told(cluster: &TestCluster, name: &str) -> (UnixDatagram, std::process::Child) {
    let socket = cluster.file(name);
    let told = UnixDatagram::bind(&socket).unwrap();
    told.set_read_timeout(Some(HANG)).unwrap();
    let mut command = Command::new(program("mainstayd"));
    command.arg("--config").arg(cluster.write_config()).env("NOTIFY_SOCKET", socket);
    (told, command.spawn().unwrap())
}

#[test]
fn it_says_ready_when_it_serves_and_stopping_when_it_ends() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    // Until the host that it finds has been heard, nobody knows what runs, and nobody is served.
    let host = cluster.pool_host();
    cluster.stop_service();
    host.signal(Signal::STOP).unwrap();
    let (told, mut child) = start_told(&cluster, "told.sock");
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            let deadline = Instant::now() + HANG;
            // The socket comes a little after the process.
            while let Err(error) = Cluster::open_local(Some(&cluster.socket()), Desired::Full) {
                assert!(Instant::now() < deadline, "{error}");
                std::thread::yield_now();
            }
        });
        told.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let early = receive(&told);
        assert!(early.is_err(), "{early:?} before its host was heard");
        assert!(!client.is_finished(), "it serves and has not said so");
        told.set_read_timeout(Some(HANG)).unwrap();
        host.signal(Signal::CONT).unwrap();
        assert!(receive(&told).unwrap().starts_with("READY=1"));
        client.join().unwrap();
    });
    assert_eq!(cluster.state("app"), ResourceState::Online);
    Process::open(i32::try_from(child.id()).unwrap()).unwrap().signal(Signal::TERM).unwrap();
    assert!(receive(&told).unwrap().starts_with("STOPPING=1"));
    assert!(child.wait().unwrap().success());
    assert!(!cluster.socket().exists());
    // A start that fails never says that it is ready.
    fs::write(cluster.data_dir().join("cluster.db"), "nothing").unwrap();
    let (told, mut child) = start_told(&cluster, "told-again.sock");
    assert!(!child.wait().unwrap().success());
    told.set_nonblocking(true).unwrap();
    let said = receive(&told);
    assert!(said.is_err(), "{said:?}");
}

#[test]
fn an_unknown_key_in_the_configuration_is_named() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let config = cluster.file("other.toml");
    fs::write(&config, "scoket = '/tmp/x'\n").unwrap();
    let output = Command::new(program("mainstayd")).arg("--config").arg(&config).output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("scoket") && message.contains("other.toml"), "{message}");
}

#[test]
fn a_damaged_database_is_refused_and_left_as_it_is() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.stop_service();
    let database = cluster.data_dir().join("cluster.db");
    let mut bytes = fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[..100].reverse();
    bytes[middle..middle + 64].fill(0xA5);
    fs::write(&database, &bytes).unwrap();
    let message = refused(&cluster, |_| {});
    assert!(message.contains("cluster.db"), "{message}");
    assert_eq!(fs::read(&database).unwrap(), bytes);
}

#[test]
fn a_cluster_is_not_made_over_another() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let output = Command::new(program("mainstayd"))
        .args(["create", "other", "--data-dir"])
        .arg(cluster.data_dir())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("holds a cluster already"), "{message}");
}

#[test]
fn without_a_cluster_the_message_says_how_to_make_one() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(program("mainstayd"))
        .arg("--data-dir")
        .arg(directory.path())
        .arg("--socket")
        .arg(directory.path().join("s"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("mainstay cluster create"), "{message}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_throwaway_cluster_leaves_nothing_behind() {
    use std::io::{BufRead, BufReader};
    let Some(scratch) = mainstay_process::scratch::Scratch::or_skip() else { return };
    let root = scratch.join("dev");
    let mut child = Command::new(program("mainstayd"))
        .args(["--dev", "--cgroup-root"])
        .arg(&root)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let socket = line.trim().strip_prefix("export MAINSTAY_SOCKET=").unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let status = Command::new(program("mainstay"))
            .args(arguments)
            .env("MAINSTAY_SOCKET", &socket)
            .status()
            .unwrap();
        assert!(status.success(), "mainstay {arguments:?}");
    };
    run(&["group", "create", "g"]);
    let sleep = "CommandLine=sleep 1000";
    run(&["resource", "create", "r", "--group", "g", "--type", "Generic Application", "--property", sleep]);
    run(&["resource", "online", "r"]);
    let process = Process::open(i32::try_from(child.id()).unwrap()).unwrap();
    process.signal(Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(!root.exists(), "its control groups are gone");
    assert!(!std::path::Path::new(&socket).exists());
    assert!(!std::path::Path::new(&socket).parent().unwrap().exists(), "its directory is gone");
}

#[test]
fn the_control_groups_and_the_run_directory_of_another_cluster_are_refused() {
    let Some(first) = TestCluster::start_or_skip() else { return };
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let made = Command::new(program("mainstayd")).args(["create", "other", "--data-dir"]).arg(&data).status();
    assert!(made.unwrap().success());
    let start = |run_dir: &std::path::Path, cgroup_root: &std::path::Path| {
        let output = Command::new(program("mainstayd"))
            .arg("--data-dir")
            .arg(&data)
            .arg("--socket")
            .arg(directory.path().join("socket"))
            .arg("--run-dir")
            .arg(run_dir)
            .arg("--cgroup-root")
            .arg(cgroup_root)
            .output()
            .unwrap();
        assert!(!output.status.success(), "it has started");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let message = start(&directory.path().join("run"), &first.cgroup_root());
    assert!(message.contains("belongs to cluster"), "{message}");
    assert!(!directory.path().join("run").exists(), "nothing was made");
    let own_root = first.cgroup_root().with_extension("other");
    let message = start(&first.run_dir(), &own_root);
    assert!(message.contains("set another run_dir"), "{message}");
    mainstay_process::Leaf::new(own_root).remove().unwrap();
}
