//! A systemd of a test's own: the first process of its namespaces, on a copy of this machine's files that is gone with it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use mainstay_process::scratch::Scratch;

use crate::HANG;

/// Makes the machine in `$1`, with the units that are in `$2`. What it changes is in memory.
const MACHINE: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cp "$2"/* "$1/root/usr/lib/systemd/system/"
mount -t proc proc "$1/root/proc"
mount -t sysfs sysfs "$1/root/sys"
mount -t tmpfs tmpfs "$1/root/run"
mount -t cgroup2 cgroup2 "$1/root/sys/fs/cgroup"
exec chroot "$1/root" env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system \
    --unit=test.target --log-target=null --show-status=no
"#;

/// What comes up there: the bus, and nothing else.
const TARGET: &str = "[Unit]\nRequires=dbus.socket\nAfter=dbus.socket\n";

/// A machine in namespaces, as long as this lives.
pub struct Systemd {
    outside: Child,
    /// Its first process, as it is called out here.
    pid: i32,
    _scratch: Scratch,
    _directory: tempfile::TempDir,
}

impl Systemd {
    /// Starts one that has these units, by name and content. `None`, with the reason printed, where that is not allowed or
    /// there is no systemd.
    pub fn start_or_skip(units: &[(&str, &str)]) -> Option<Self> {
        for needed in ["/lib/systemd/systemd", "/usr/bin/dbus-daemon"] {
            if !Path::new(needed).exists() {
                eprintln!("skipped: there is no {needed} (Debian packages systemd and dbus)");
                return None;
            }
        }
        let scratch = Scratch::or_skip()?;
        let directory = tempfile::Builder::new().prefix("mainstay-systemd-").tempdir().unwrap();
        let (machine, content) = (directory.path().join("machine"), directory.path().join("units"));
        for path in [&machine, &content] {
            std::fs::create_dir(path).unwrap();
        }
        for (name, text) in units.iter().chain([&("test.target", TARGET)]) {
            std::fs::write(content.join(name), text).unwrap();
        }
        // systemd takes the control group that it is in for the root of all.
        let mut outside = Command::new("sh")
            .args(["-c", r#"echo $$ > "$0/cgroup.procs" && exec unshare "$@""#])
            .arg(scratch.path())
            .args(["--mount", "--pid", "--fork", "--cgroup", "--uts", "--ipc", "--net", "--kill-child=KILL"])
            .args(["sh", "-c", MACHINE, "sh"])
            .args([&machine, &content])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + HANG;
        loop {
            // It tells nobody out here that it is up.
            if let Some(pid) = first_process(&outside).filter(|pid| is_up(*pid)) {
                return Some(Systemd { outside, pid, _scratch: scratch, _directory: directory });
            }
            if outside.try_wait().unwrap().is_some() {
                let mut reason = String::new();
                outside.stderr.take().unwrap().read_to_string(&mut reason).unwrap();
                eprintln!("skipped: no systemd in namespaces: {}", reason.trim());
                return None;
            }
            assert!(Instant::now() < deadline, "systemd is not up within {HANG:?}");
            std::thread::yield_now();
        }
    }

    /// The address of its bus.
    pub fn bus(&self) -> String {
        format!("unix:path={}", socket(self.pid))
    }

    /// Runs `systemctl` there; answers what it printed.
    pub fn control(&self, words: &[&str]) -> String {
        let pid = self.pid.to_string();
        let output = Command::new("nsenter")
            .args(["--target", &pid, "--mount", "--pid", "--cgroup", "--root", "--wd", "systemctl"])
            .args(words)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        // What is in its namespaces goes with the first process in them.
        let _ = self.outside.kill();
        let _ = self.outside.wait();
    }
}

fn socket(pid: i32) -> String {
    format!("/proc/{pid}/root/run/dbus/system_bus_socket")
}

fn first_process(outside: &Child) -> Option<i32> {
    let id = outside.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// It has changed its root, and somebody answers.
fn is_up(pid: i32) -> bool {
    let is_changed = std::fs::read_link(format!("/proc/{pid}/root")).is_ok_and(|root| root != Path::new("/"));
    is_changed && std::os::unix::net::UnixStream::connect(socket(pid)).is_ok()
}
