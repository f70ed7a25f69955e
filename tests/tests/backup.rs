//! Backups of a database that is being written, and what becomes of a cluster that is restored from one.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_process::cgroup::Leaf;
use mainstay_process::strays::Mark;
use mainstay_tests::{TestCluster, program};
use mainstay_types::ResourceState;
use mainstay_types::operation::{End, OperationRecord, Verb};

/// `mainstay cluster restore`: exit code, standard output, standard error.
fn restore(cluster: &TestCluster, file: &Path, data_dir: &Path, more: &[&str]) -> (i32, String, String) {
    let (file, data_dir) = (file.to_str().unwrap(), data_dir.to_str().unwrap());
    cluster.mainstay_code(&[&["cluster", "restore", file, "--data-dir", data_dir], more].concat())
}

fn back_up(cluster: &TestCluster, name: &str) -> PathBuf {
    let file = cluster.file(name);
    cluster.mainstay(&["cluster", "backup", file.to_str().unwrap()]);
    file
}

/// Ends what the cluster runs: service, hosts, resources and guard.
fn end_everything(cluster: &mut TestCluster) {
    cluster.stop_service();
    let root = Leaf::new(cluster.cgroup_root());
    fs::write(cluster.cgroup_root().join("cgroup.kill"), "1").unwrap();
    let deadline = std::time::Instant::now() + mainstay_tests::HANG;
    while let Some(pid) = root.pids().unwrap().first() {
        if let Ok(process) = mainstay_process::Process::open(*pid) {
            assert!(process.wait_ended(deadline).unwrap(), "process {pid} does not end");
        }
    }
}

/// Everything in the journal, newest first.
fn journal(cluster: &TestCluster) -> Vec<OperationRecord> {
    let records = cluster.client().journal(None, Some(1000), None).unwrap();
    records.iter().map(|record| serde_json::from_str(record).unwrap()).collect()
}

/// A process outside of every control group of the cluster, as one of its resources would have started it.
fn marked(cluster: &TestCluster) -> Child {
    let id = sqlite(&cluster.data_dir(), "select cluster_id from meta");
    let resource = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f3";
    let leaf = cluster.cgroup_root().join(format!("group-{resource}/resource-{resource}"));
    let mark = Mark { cluster: id.parse().unwrap(), resource: resource.parse().unwrap(), leaf };
    let mut command = Command::new("sh");
    command.args(["-c", "echo; read line"]).envs(mark.variables());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It has its environment by then.
    child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
    child
}

fn generation(directory: &Path) -> u64 {
    let value = sqlite(directory, "select value from current where key = 'own/generation'");
    let value: serde_json::Value = serde_json::from_str(&value).unwrap();
    value["generation"].as_u64().unwrap()
}

fn sqlite(directory: &Path, statement: &str) -> String {
    let database = rusqlite::Connection::open_with_flags(
        directory.join("cluster.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    );
    database.unwrap().query_row(statement, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_cluster_is_as_it_was_when_it_was_backed_up() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.application("g", "other", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let earlier = cluster.processes("app");

    // Somebody changes things all the time, and none of his changes is in it by half.
    let goes_on = AtomicBool::new(true);
    let file = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut client = cluster.client();
            for number in 0.. {
                client.create_group(&format!("load {number}")).unwrap();
                if !goes_on.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let file = back_up(&cluster, "under-load.backup");
        back_up(&cluster, "under-load-2.backup");
        goes_on.store(false, Ordering::Relaxed);
        load.join().unwrap();
        file
    });
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    let record = journal(&cluster).into_iter().find(|record| record.verb == Verb::Backup).unwrap();
    assert_eq!(record.end, Some(End::Done));
    assert!(record.reason_text.contains("under-load"), "{record:?}");
    assert!(record.asker.origin.starts_with("local socket"), "{record:?}");

    // What comes later is gone after the restore, and what is gone comes back.
    cluster.application("later", "new", "sleep 1000");
    cluster.carry_out(Verb::Online, "new");
    cluster.mainstay(&["resource", "delete", "other"]);
    cluster.carry_out(Verb::Offline, "app");
    cluster.carry_out(Verb::Offline, "new");
    let data_dir = cluster.data_dir();

    let (code, _, said) = restore(&cluster, &file, &data_dir, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&format!("in use by process {}", cluster.service().pid())), "{said}");
    cluster.stop_service();
    let (code, _, said) = restore(&cluster, &file, &data_dir, &[]);
    assert_eq!(code, 1, "hosts are left: {said}");
    assert!(said.contains("cgroup.kill"), "{said}");
    cluster.start_service();
    assert_eq!(cluster.state("new"), ResourceState::Offline, "what is refused changes nothing");
    end_everything(&mut cluster);
    // What has left the cluster's tree is not ended with it.
    let mut outside = marked(&cluster);
    let (code, _, said) = restore(&cluster, &file, &data_dir, &[]);
    assert_eq!(code, 1, "something runs elsewhere: {said}");
    assert!(said.contains(&format!("kill {}", outside.id())), "{said}");
    outside.kill().unwrap();
    outside.wait().unwrap();
    let before = generation(&data_dir);
    let (code, said, _) = restore(&cluster, &file, &data_dir, &["--json"]);
    assert_eq!(code, 0);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    let kept = PathBuf::from(document["kept"].as_str().unwrap());
    assert!(kept.is_file() && kept.starts_with(&data_dir), "{said}");
    assert_eq!(generation(&data_dir), before + 1);

    cluster.start_service();
    cluster.wait_for_state("app", ResourceState::Online);
    assert_ne!(cluster.processes("app"), earlier);
    assert_eq!(cluster.state("other"), ResourceState::Offline);
    let shown = cluster.mainstay(&["status"]);
    assert!(!shown.contains("later"), "{shown}");
    let records = journal(&cluster);
    let record = records.iter().find(|record| record.verb == Verb::Restore).unwrap();
    assert_eq!(record.end, Some(End::Done));
    assert!(record.reason_text.contains(file.to_str().unwrap()), "{record:?}");
    // Its number is after those of the time that is undone.
    let undone = records.iter().filter(|other| other.at_ms < record.at_ms);
    assert!(undone.clone().count() > 0 && undone.map(|other| other.id).all(|id| id < record.id));
    cluster.carry_out(Verb::Offline, "app");
    cluster.kill_service();
    cluster.start_service();
    assert_eq!(journal(&cluster).iter().filter(|record| record.verb == Verb::Restore).count(), 1);

    // The same once more: what was given out after the first restore does not count either.
    end_everything(&mut cluster);
    for more in 2..4 {
        let (code, _, said) = restore(&cluster, &file, &data_dir, &[]);
        assert_eq!(code, 0, "{said}");
        assert_eq!(generation(&data_dir), before + more);
    }
}

#[test]
fn a_backup_is_refused_where_it_could_do_harm() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    let open = cluster.file("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(cluster.file("taken"), "precious").unwrap();
    for (path, words, number) in [
        (open.join("b"), "can be written by others", 87),
        (cluster.file("taken"), "is there already", 183),
        (cluster.file("nowhere").join("b"), "cannot be looked at", 3),
        (cluster.data_dir().join("b"), "the service's own directory", 87),
    ] {
        let path = path.to_str().unwrap();
        let (code, _, said) = cluster.mainstay_code(&["cluster", "backup", path, "--json"]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(words) && said.contains(&format!("\"number\":{number}")), "{path}: {said}");
    }
    assert_eq!(fs::read(cluster.file("taken")).unwrap(), b"precious");
    let refused = journal(&cluster).into_iter().filter(|record| matches!(record.end, Some(End::Refused(_))));
    assert_eq!(refused.filter(|record| record.verb == Verb::Backup).count(), 4);
}

#[test]
fn only_a_whole_backup_of_the_cluster_is_restored() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    let file = back_up(&cluster, "b");
    end_everything(&mut cluster);
    let data_dir = cluster.data_dir();
    let whole = fs::read(&file).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = cluster.file(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut flipped = whole.clone();
    // In the name of the resource, which stands in a row that has a checksum.
    let at = flipped.windows(3).rposition(|bytes| bytes == b"app").unwrap();
    flipped[at] ^= 1;
    let cases = [
        (cluster.file("nowhere"), "cannot be read"),
        (cluster.data_dir(), "no regular file"),
        (write("text", b"no database"), "no SQLite file"),
        (write("cut", &whole[..whole.len() / 2]), "damaged"),
        (write("flipped", &flipped), "checksum"),
        (write("plain", &fs::read(data_dir.join("cluster.db")).unwrap()), "no manifest"),
    ];
    let before = fs::read(data_dir.join("cluster.db")).unwrap();
    for (file, words) in cases {
        let (code, _, said) = restore(&cluster, &file, &data_dir, &[]);
        assert_eq!(code, 1, "{}: {said}", file.display());
        assert!(said.contains(words), "{}: {said}", file.display());
        assert_eq!(fs::read(data_dir.join("cluster.db")).unwrap(), before);
    }

    // Another cluster's takes a word more.
    let other = cluster.file("other");
    let made =
        Command::new(program("mainstayd")).args(["create", "other", "--data-dir"]).arg(&other).status();
    assert!(made.unwrap().success());
    let (code, _, said) = restore(&cluster, &file, &other, &[]);
    assert!(code == 1 && said.contains("--force"), "{said}");
    assert_eq!(restore(&cluster, &file, &other, &["--force"]).0, 0);

    // A machine that has nothing yet.
    let fresh = cluster.file("fresh");
    let (code, said, _) = restore(&cluster, &file, &fresh, &[]);
    assert!(code == 0 && !said.contains("kept"), "{said}");
    assert_eq!(
        fs::read_to_string(fresh.join("node")).unwrap(),
        fs::read_to_string(data_dir.join("node")).unwrap()
    );

    // A database that is of no use any more is what backups are for.
    fs::write(data_dir.join("cluster.db"), &before[..before.len() / 2]).unwrap();
    let (code, _, said) = restore(&cluster, &file, &data_dir, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("damaged"), "{said}");

    // A backup is not served as it is.
    let by_hand = cluster.file("by-hand");
    fs::create_dir(&by_hand).unwrap();
    fs::set_permissions(&by_hand, fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(&file, by_hand.join("cluster.db")).unwrap();
    fs::copy(data_dir.join("node"), by_hand.join("node")).unwrap();
    let started = Command::new(program("mainstayd")).arg("--data-dir").arg(&by_hand).output().unwrap();
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    assert!(!started.status.success() && said.contains("mainstay cluster restore"), "{said}");

    cluster.start_service();
    assert_eq!(cluster.state("app"), ResourceState::Offline);
}
