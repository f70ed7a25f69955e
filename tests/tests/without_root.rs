//! The whole of it as an ordinary user, in a control group that was given to him, as an init system delegates one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use mainstay_process::account::Account;
use mainstay_process::scratch::Scratch;
use mainstay_process::{Leaf, Process, Signal};
use mainstay_tests::{HANG, kill, program, receive};

/// `nobody` on every distribution.
const OWNER: u32 = 65_534;
/// Somebody else who is not root.
const STRANGER: u32 = 61_002;

const DEAF: &str = "CommandLine=sh -c 'trap \"\" TERM; while :; do sleep 1; done'";

/// A place of OWNER's own, in the file system and among the control groups.
struct Place {
    scratch: Scratch,
    directory: tempfile::TempDir,
}

impl Place {
    fn or_skip() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can start something as somebody else");
            return None;
        }
        let place = Place { scratch: Scratch::or_skip()?, directory: tempfile::tempdir().unwrap() };
        let programs = place.file("programs");
        fs::create_dir(&programs).unwrap();
        for name in ["mainstayd", "mainstay", "mainstay-guard", "mainstay-host", "mainstay-host-foreign"] {
            // Where they were built only their builder may be able to look. A link costs nothing.
            let to = programs.join(name);
            if fs::hard_link(program(name), &to).is_err() {
                assert!(Command::new("cp").arg(program(name)).arg(&to).status().unwrap().success());
            }
        }
        fs::set_permissions(place.directory.path(), Permissions::from_mode(0o755)).unwrap();
        let files = ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];
        let delegated = files.map(|name| place.scratch.join(name));
        for path in delegated.iter().chain([&place.directory.path().to_owned()]) {
            chown(path, Some(OWNER), Some(OWNER)).unwrap();
        }
        let made = place.run(OWNER, "mainstayd", &["create", "test", "--data-dir", &place.text("data")]);
        assert!(made.status.success(), "{made:?}");
        Some(place)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    /// Runs a program as a user, outside of his control group.
    fn run(&self, uid: u32, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.file("programs").join(program));
        command.args(arguments).env("MAINSTAY_SOCKET", self.file("m.sock")).uid(uid).gid(uid);
        command.output().unwrap()
    }

    /// Runs the `mainstay` command as the owner; it has to succeed. Answers what it printed.
    fn mainstay(&self, arguments: &[&str]) -> String {
        let output = self.run(OWNER, "mainstay", arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn arguments(&self, cgroup_root: &Path) -> Vec<String> {
        let (data, run, socket) = (self.text("data"), self.text("run"), self.text("m.sock"));
        let root = cgroup_root.display().to_string();
        ["--data-dir", &data, "--run-dir", &run, "--socket", &socket, "--cgroup-root", &root]
            .map(str::to_owned)
            .into()
    }

    /// Starts the service inside the control group, and waits until it serves.
    fn serve(&self) -> Process {
        let notify = self.file("notify.sock");
        let _ = fs::remove_file(&notify);
        let told = UnixDatagram::bind(&notify).unwrap();
        told.set_read_timeout(Some(HANG)).unwrap();
        fs::set_permissions(&notify, Permissions::from_mode(0o666)).unwrap();
        let words = [self.text("programs/mainstayd")].into_iter();
        let mut command =
            mainstay_process::Command::new(words.chain(self.arguments(&self.scratch.join("cluster"))));
        command.environment = vec![("NOTIFY_SOCKET".into(), notify.into())];
        command.leaf = Some(Leaf::new(self.scratch.path()));
        command.account = Some(Account {
            name: "nobody".into(),
            uid: OWNER,
            gid: OWNER,
            groups: vec![OWNER],
            home: "/".into(),
            shell: "/bin/sh".into(),
        });
        let service = command.spawn().unwrap();
        assert!(receive(&told).unwrap().starts_with("READY=1"));
        service
    }

    /// The processes of all resources.
    fn processes(&self) -> Vec<i32> {
        let groups = fs::read_dir(self.scratch.join("cluster")).unwrap();
        let groups = groups.map(|entry| entry.unwrap().path());
        let groups = groups.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("group-"));
        groups.flat_map(|group| Leaf::new(group).pids().unwrap()).collect()
    }
}

#[test]
fn everything_works_in_a_control_group_of_ones_own() {
    let Some(place) = Place::or_skip() else { return };
    let service = place.serve();
    place.mainstay(&["group", "create", "g"]);
    let create =
        ["resource", "create", "deaf", "--group", "g", "--type", "Generic Application", "--property"];
    place.mainstay(&[&create[..], &[DEAF, "--property", "User=nobody"]].concat());
    place.mainstay(&["resource", "online", "deaf"]);
    let before = place.processes();
    assert!(!before.is_empty());

    // Neither a crash of the service nor its end stops anything.
    kill(&service);
    let service = place.serve();
    assert!(place.mainstay(&["resource", "list"]).contains("Online"));
    assert!(place.processes().contains(&before[0]), "{before:?}");

    // The guard's hard stop, the guard's death, and a leaf that was closed and is opened again.
    place.mainstay(&["resource", "offline", "deaf", "--force"]);
    assert_eq!(place.processes(), Vec::<i32>::new());
    place.mainstay(&["resource", "online", "deaf"]);
    let guards = Leaf::new(place.scratch.join("cluster/guard")).pids().unwrap();
    kill(&Process::open(guards[0]).unwrap());
    place.mainstay(&["resource", "offline", "deaf", "--force"]);
    assert_eq!(place.processes(), Vec::<i32>::new());

    // Root may do what he may; nobody else may.
    assert!(place.run(0, "mainstay", &["status"]).status.success());
    let refused = place.run(STRANGER, "mainstay", &["status"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("5 ERROR_ACCESS_DENIED"), "{refused:?}");
    // Nobody but root becomes somebody else.
    place.mainstay(&["resource", "set", "deaf", "User=root", "RestartAction=0"]);
    let refused = place.run(OWNER, "mainstay", &["resource", "online", "deaf"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cannot become user 'root'"), "{refused:?}");
    service.signal(Signal::TERM).unwrap();
    assert!(service.wait_ended(Instant::now() + HANG).unwrap());
}

#[test]
fn who_stands_outside_of_his_control_group_is_told_the_way_out() {
    let Some(place) = Place::or_skip() else { return };
    for (root, text) in [
        (place.scratch.join("cluster"), "/guard/cgroup.procs'"),
        (place.scratch.path().with_file_name("mainstay-test-nobodys"), "cannot create"),
    ] {
        let arguments = place.arguments(&root);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let refused = place.run(OWNER, "mainstayd", &arguments);
        let message = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success(), "it serves");
        assert!(message.contains(text) && message.contains("(systemd: Delegate=yes)"), "{message}");
    }
}
