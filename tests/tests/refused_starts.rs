//! Starts that cannot be: the message names the object, the value and the way out, and nothing is made, changed or left.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use mainstay_tests::{Dice, TestCluster, output_of, program};

/// Where SQLite has the number of a database's schema, `PRAGMA user_version`.
const USER_VERSION_AT: usize = 60;

const PAGE_BYTES: usize = 4096;

/// A cluster that is not served, and a configuration that would serve it.
struct Stopped {
    cluster: TestCluster,
    keys: BTreeMap<&'static str, String>,
}

impl Stopped {
    fn or_skip() -> Option<Self> {
        let mut cluster = TestCluster::start_or_skip()?;
        cluster.application("g", "app", "sleep 1000");
        cluster.stop_service();
        let text = |path: &Path| format!("{path:?}");
        let keys = BTreeMap::from([
            ("data_dir", text(&cluster.data_dir())),
            ("socket", text(&cluster.socket())),
            ("run_dir", text(&cluster.run_dir())),
            ("cgroup_root", text(&cluster.cgroup_root())),
        ]);
        Some(Stopped { cluster, keys })
    }

    /// A start with one key set to something else.
    fn start_with(&self, key: &'static str, value: &str) -> Output {
        let mut keys = self.keys.clone();
        keys.insert(key, value.to_owned());
        let lines: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let config = self.cluster.file("changed.toml");
        fs::write(&config, lines.concat()).unwrap();
        output_of(Command::new(program("mainstayd")).arg("--config").arg(&config).current_dir("/"))
    }

    /// The start is refused with these words, and leaves every file as it was.
    #[track_caller]
    fn check(&self, key: &'static str, value: &str, words: &[&str]) {
        let before = self.files();
        let output = self.start_with(key, value);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{key} = {value}: {message}");
        for word in words {
            assert!(message.contains(word), "{key} = {value}: {message:?} lacks {word:?}");
        }
        let after = self.files();
        let names = before.keys().chain(after.keys());
        let differ: Vec<_> = names.filter(|name| before.get(*name) != after.get(*name)).collect();
        assert!(differ.is_empty(), "{key} = {value} has changed {differ:?}: {message}");
        assert!(!self.cluster.socket().exists(), "{key} = {value}");
    }

    /// Every file below the test's directory with what is in it. Left out: what this test writes, and what says who
    /// looked last.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        collect(self.cluster.socket().parent().unwrap(), &mut all);
        all.retain(|name, _| {
            !["changed.toml", "cluster.db.lock", "-shm", "-wal"].iter().any(|end| name.ends_with(end))
        });
        all
    }
}

fn collect(directory: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.path().display().to_string();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => {
                all.insert(name, Vec::new());
                collect(&entry.path(), all);
            }
            kind if kind.is_file() => drop(all.insert(name, fs::read(entry.path()).unwrap())),
            _ => drop(all.insert(name, Vec::new())),
        }
    }
}

#[test]
fn a_wrong_type_names_the_key_and_the_line() {
    let Some(stopped) = Stopped::or_skip() else { return };
    for key in ["data_dir", "socket", "run_dir", "cgroup_root", "program_dir", "ocf_root"] {
        for value in ["3", "true", "[]", "{}"] {
            stopped.check(key, value, &["changed.toml", &format!("{key} = {value}"), "expected path"]);
        }
    }
    for (key, value, word) in [
        ("strict_cmrp", "'yes'", "expected a boolean"),
        ("strict_cmrp", "1", "expected a boolean"),
        ("log", "3", "the table [log]"),
        ("log.format", "'xml'", "expected `human` or `json`"),
        ("log.format", "3", "format = 3"),
        ("log.filter", "3", "expected a string"),
        ("log.filter", "'===='", "log.filter '===='"),
        ("log.filter", "'mainstay_service=loud'", "mainstay_service=debug"),
        ("log.level", "'info'", "unknown field `level`"),
        ("unknown", "1", "unknown field `unknown`"),
        ("data_dir", "", "changed.toml"),
    ] {
        stopped.check(key, value, &[word]);
    }
}

#[test]
fn a_wrong_path_names_the_key_the_path_and_the_way_out() {
    let Some(stopped) = Stopped::or_skip() else { return };
    let place = |name: &str| stopped.cluster.file(name).display().to_string();
    let quoted = |name: &str| format!("{:?}", place(name));
    fs::write(place("file"), "precious").unwrap();
    let long = "x".repeat(120);
    for key in ["data_dir", "socket", "run_dir", "cgroup_root", "program_dir", "ocf_root"] {
        stopped.check(key, "''", &[key, "empty path", "leave it out"]);
    }
    for (key, value, words) in [
        ("data_dir", quoted("nothing"), vec![place("nothing"), "mainstay cluster create".into()]),
        ("data_dir", quoted("file"), vec![place("file"), "mainstay cluster create".into()]),
        ("socket", quoted("file"), vec![place("file"), "no socket".into(), "set another socket".into()]),
        ("socket", quoted(""), vec!["no socket".into()]),
        ("socket", quoted("file/below"), vec!["socket".into(), place("file"), "correct socket".into()]),
        ("socket", quoted(&long), vec!["socket".into(), "at most 107".into()]),
        ("run_dir", quoted("file"), vec![place("file"), "correct run_dir".into()]),
        ("run_dir", quoted(&long), vec!["run_dir".into(), "at most 56".into()]),
        ("run_dir", "'/tmp'".into(), vec!["run_dir '/tmp'".into(), "set another run_dir".into()]),
        ("cgroup_root", quoted("nothing"), vec![place("nothing"), "set cgroup_root".into()]),
        ("cgroup_root", "'nothing'".into(), vec!["set cgroup_root".into()]),
        ("cgroup_root", quoted("file/below"), vec!["set cgroup_root".into()]),
        ("program_dir", quoted("nothing"), vec!["mainstay-guard".into(), "set program_dir".into()]),
    ] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        stopped.check(key, &value, &words);
    }
}

#[test]
fn a_node_that_the_cluster_does_not_have_is_refused() {
    let Some(stopped) = Stopped::or_skip() else { return };
    let data = stopped.cluster.data_dir();
    let file = data.join("node");
    let right = fs::read_to_string(&file).unwrap();
    for said in ["7 x", "7 node1", "1 x"] {
        fs::write(&file, format!("{said}\n")).unwrap();
        let words = [file.to_str().unwrap(), &format!("node '{said}'"), "one of: 1 node1"];
        stopped.check("data_dir", &format!("{data:?}"), &words);
    }
    fs::write(&file, right).unwrap();
}

#[test]
fn a_directory_that_somebody_else_can_write_is_not_served() {
    let Some(stopped) = Stopped::or_skip() else { return };
    for (key, path) in [("data_dir", stopped.cluster.data_dir()), ("run_dir", stopped.cluster.run_dir())] {
        let value = format!("{path:?}");
        let (owner, mode) = (fs::metadata(&path).unwrap().uid(), fs::Permissions::from_mode(0o700));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        stopped.check(key, &value, &[key, path.to_str().unwrap(), "mode 0777"]);
        fs::set_permissions(&path, mode).unwrap();
        chown(&path, Some(61_001), None).unwrap();
        stopped.check(key, &value, &[key, path.to_str().unwrap(), "owner 61001"]);
        chown(&path, Some(owner), None).unwrap();
    }
}

#[test]
fn somebody_else_is_told_that_he_may_not_and_not_that_there_is_none() {
    let Some(stopped) = Stopped::or_skip() else { return };
    if !stopped.cluster.open_to_others_or_skip() {
        return;
    }
    // By another program: a descriptor of ours that is open for writing could stop the copy from being run.
    let copy = stopped.cluster.file("mainstayd");
    assert!(Command::new("cp").arg(program("mainstayd")).arg(&copy).status().unwrap().success());
    let mut command = Command::new(copy);
    command.arg("--data-dir").arg(stopped.cluster.data_dir()).uid(61_001).gid(61_001);
    let output = output_of(&mut command);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains("Permission denied"), "{message}");
    assert!(message.contains("as root") && !message.contains("create"), "{message}");
}

#[test]
fn a_relative_path_means_the_same_to_everybody() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.stop_service();
    // The guard runs in another directory than the service; the one that runs has to be found again.
    let directory = cluster.socket().parent().unwrap().to_owned();
    let config = cluster.write_config();
    let text = fs::read_to_string(&config).unwrap().replace(&format!("{}/", directory.display()), "");
    fs::write(&config, text).unwrap();
    let guard = cluster.guard();
    cluster.start_service_in(&directory);
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(mainstay_types::operation::Verb::Online, "app");
    assert_eq!(cluster.guard().pid(), guard.pid());
}

#[test]
fn a_newer_database_is_refused_by_both_numbers() {
    let Some(stopped) = Stopped::or_skip() else { return };
    let database = stopped.cluster.data_dir().join("cluster.db");
    let whole = fs::read(&database).unwrap();
    let mut bytes = whole.clone();
    bytes[USER_VERSION_AT..USER_VERSION_AT + 4].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&database, &bytes).unwrap();
    let value = stopped.keys["data_dir"].clone();
    stopped.check("data_dir", &value, &["cluster.db", "schema version 99", "knows 1", "newer Mainstay"]);
    fs::write(&database, whole).unwrap();
}

#[test]
fn every_damaged_page_is_found_and_left_as_it_is() {
    let Some(stopped) = Stopped::or_skip() else { return };
    let value = stopped.keys["data_dir"].clone();
    let database = stopped.cluster.data_dir().join("cluster.db");
    let whole = fs::read(&database).unwrap();
    let pages = whole.len() / PAGE_BYTES;
    assert!(pages > 3, "{pages} pages");
    let mut dice = Dice::new(0x5EED_0011);
    for page in 0..pages {
        let at = page * PAGE_BYTES;
        let mut bytes = whole.clone();
        match dice.roll(3) {
            0 => bytes[at..at + PAGE_BYTES].fill(0),
            1 => bytes[at..at + PAGE_BYTES].fill(0xA5),
            _ => bytes[at..at + PAGE_BYTES].copy_from_slice(&dice.bytes(PAGE_BYTES)),
        }
        fs::write(&database, &bytes).unwrap();
        let way_out = if page == 0 { "cluster.db" } else { "restore a backup" };
        stopped.check("data_dir", &value, &["cluster.db", way_out]);
    }
    // The same for the journal, which can be done without.
    fs::write(&database, &whole).unwrap();
    let journal = stopped.cluster.data_dir().join("journal.db");
    let kept = fs::read(&journal).unwrap();
    for bytes in [b"no database at all".to_vec(), vec![0xA5; kept.len()]] {
        fs::write(&journal, bytes).unwrap();
        stopped.check("data_dir", &value, &["journal.db", "move it", "begin a new one"]);
    }
    // As it was before, it is served.
    fs::write(&journal, &kept).unwrap();
    let mut cluster = stopped.cluster;
    cluster.start_service();
    assert_eq!(cluster.glance_all().resources.len(), 1);
}

#[test]
fn of_many_who_make_a_cluster_at_the_same_time_one_does() {
    const AT_ONCE: usize = 8;
    const ROUNDS: usize = 5;
    for _ in 0..ROUNDS {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let making: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                Command::new(program("mainstayd"))
                    .args(["create", &format!("cluster-{number}"), "--node", "node1", "--data-dir"])
                    .arg(&data)
                    .stdout(std::process::Stdio::piped())
                    .stderr(std::process::Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let ended: Vec<Output> = making.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        let made: Vec<&Output> = ended.iter().filter(|output| output.status.success()).collect();
        assert_eq!(made.len(), 1, "{ended:?}");
        for output in ended.iter().filter(|output| !output.status.success()) {
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(message.contains("another directory"), "{message}");
        }
        let bytes = fs::read(data.join("cluster.db")).unwrap();
        let id = String::from_utf8_lossy(&made[0].stdout).trim().to_owned();
        assert!(bytes.windows(id.len()).any(|part| part == id.as_bytes()), "it is the one that was told");
        let mut left: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort_unstable();
        assert_eq!(left, ["cluster.db", "journal.db", "node"]);
    }
}
