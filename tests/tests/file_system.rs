//! The type `File System`: what is mounted where, who holds it, and what is never mounted.
//!
//! The service of each test is in a mount namespace of its own; the devices are loop devices of files.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mainstay_tests::{TestCluster, output_of};
use mainstay_types::ResourceState;
use mainstay_types::operation::{End, Verb};

use crate::events::{Follower, last_revision};

/// The resource that every test here has.
const NAME: &str = "disk";

/// A cluster with a file that has a file system, and a directory for it.
fn start() -> Option<TestCluster> {
    let cluster = TestCluster::start_on_network_or_skip()?;
    if !Path::new("/usr/sbin/mkfs.ext4").is_file() {
        eprintln!("skipped: no mkfs.ext4: install the Debian package e2fsprogs");
        return None;
    }
    let (image, point) = (image(&cluster), point(&cluster));
    std::fs::create_dir(&point).unwrap();
    std::fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
    assert!(output_of(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image)).status.success());
    let mut mount = cluster.command_inside(Path::new("mount"));
    let mounted = output_of(mount.args(["-o", "loop"]).arg(&image).arg(&point));
    if !mounted.status.success() {
        let reason = String::from_utf8_lossy(&mounted.stderr).trim().to_owned();
        eprintln!("skipped: no loop devices: {reason}");
        return None;
    }
    cluster.run_inside(&format!("umount {}", point.display()));
    cluster.mainstay(&["group", "create", "g"]);
    Some(cluster)
}

fn image(cluster: &TestCluster) -> PathBuf {
    cluster.file("image")
}

fn point(cluster: &TestCluster) -> PathBuf {
    cluster.file("mount")
}

fn create(cluster: &TestCluster, others: &[&str]) -> (i32, String) {
    let device = format!("Device={}", image(cluster).display());
    let place = format!("MountPoint={}", point(cluster).display());
    let name = |property: &str| property.split('=').next().unwrap().to_owned();
    let is_replaced = |property: &str| others.iter().any(|other| name(other) == name(property));
    let both = [device.as_str(), place.as_str()].into_iter().filter(|property| !is_replaced(property));
    let properties = both.chain(others.iter().copied()).flat_map(|property| ["--property", property]);
    let create = ["resource", "create", NAME, "--group", "g", "--type", "File System"];
    let words: Vec<&str> = create.into_iter().chain(properties).collect();
    let (code, _, error) = cluster.mainstay_code(&words);
    (code, error)
}

fn create_well(cluster: &TestCluster, others: &[&str]) {
    let (code, error) = create(cluster, others);
    assert_eq!(code, 0, "{error}");
}

fn is_mounted(cluster: &TestCluster) -> bool {
    let mounts = cluster.run_inside("cat /proc/self/mountinfo");
    mounts.contains(&format!(" {} ", point(cluster).display()))
}

fn loops(cluster: &TestCluster) -> String {
    cluster.run_inside(&format!("losetup -j {}", image(cluster).display()))
}

/// Online is refused, and nothing is mounted; answers why.
fn refused(cluster: &TestCluster) -> String {
    assert!(matches!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Failed(_))));
    cluster.mainstay(&["explain", NAME])
}

/// A process whose directory is in the file system.
struct Holder(Child);

impl Holder {
    fn start(cluster: &TestCluster) -> Self {
        let mut command = cluster.command_inside(Path::new("sh"));
        let script = format!("cd {} && echo there && exec sleep 1000", point(cluster).display());
        let mut holder = command.args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "there\n");
        Holder(holder)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It may have been ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_file_system_is_mounted_while_its_resource_is_online() {
    let Some(cluster) = start() else { return };
    create_well(&cluster, &["WriteTest=1"]);
    let last = last_revision(&cluster);
    let words = ["--object", NAME, "--kind", "resource-state", "--after", &last];
    let mut states = Follower::start(&cluster, &words);
    let mut state = move || states.next()["value"].as_str().unwrap().to_owned();
    assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    assert_eq!((state().as_str(), state().as_str()), ("Online Pending", "Online"));
    assert!(is_mounted(&cluster));
    let kept = point(&cluster).join("kept");
    cluster.run_inside(&format!("touch {}", kept.display()));

    // The next host finds it as it is.
    cluster.kill_host(&cluster.pool_host());
    cluster.mainstay(&["plan", "set", NAME, "StopTimeout=60000"]);
    assert_eq!(cluster.state(NAME), ResourceState::Online);

    // Somebody unmounts it, and somebody makes it read-only: both are seen, and mended.
    cluster.set_common(NAME, &[("IsAlivePollInterval", "100"), ("RestartDelay", "0")]);
    let place = point(&cluster).display().to_string();
    for (line, why) in [
        (format!("umount {place}"), "nothing is mounted on"),
        (format!("mount -o remount,ro {place}"), "takes no writes any more"),
    ] {
        cluster.run_inside(&line);
        assert_eq!(state(), "Failed");
        while state() != "Online" {}
        let told = cluster.mainstay(&["explain", NAME]);
        assert!(told.contains(why), "{told}");
        assert!(is_mounted(&cluster));
    }
    cluster.run_inside(&format!("test -e {}", kept.display()));
    assert_eq!(cluster.carry_out(Verb::Offline, NAME).end, Some(End::Done));
    assert!(!is_mounted(&cluster));
    assert_eq!(loops(&cluster), "");
}

#[test]
fn what_is_in_use_is_never_mounted() {
    let Some(cluster) = start() else { return };
    create_well(&cluster, &[]);
    cluster.stay_failed(NAME);
    let elsewhere = cluster.file("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let (image, elsewhere) = (image(&cluster).display().to_string(), elsewhere.display().to_string());

    cluster.run_inside(&format!("mount -o loop {image} {elsewhere}"));
    let why = refused(&cluster);
    assert!(why.contains(&format!("{image} is mounted on {elsewhere} already")), "{why}");
    cluster.run_inside(&format!("umount {elsewhere}"));

    let mut apart = cluster.command_inside(Path::new("unshare"));
    let script = format!("mount -o loop {image} {elsewhere} && echo there && exec cat");
    apart.args(["--mount", "sh", "-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut apart = apart.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(apart.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let why = refused(&cluster);
    assert!(why.contains(&format!("is mounted on {elsewhere} in the namespace of process")), "{why}");
    drop(apart.stdin.take());
    apart.wait().unwrap();

    cluster.run_inside(&format!("losetup -f {image}"));
    let why = refused(&cluster);
    assert!(why.contains("is behind /dev/loop"), "{why}");
    let device = loops(&cluster).split(':').next().unwrap().to_owned();
    cluster.run_inside(&format!("losetup -d {device}"));

    // Nor is anything mounted over what is there, which is left alone.
    cluster.run_inside(&format!("mount -t tmpfs nothing {}", point(&cluster).display()));
    let why = refused(&cluster);
    assert!(why.contains("already, and not by this resource"), "{why}");
    cluster.carry_out(Verb::Offline, NAME);
    assert!(is_mounted(&cluster));
    cluster.run_inside(&format!("umount {}", point(&cluster).display()));

    assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    assert!(is_mounted(&cluster));
}

/// A loop device of a file, until this is dropped.
struct Loop<'a>(&'a TestCluster, String);

impl<'a> Loop<'a> {
    fn attach(cluster: &'a TestCluster, image: &Path) -> Self {
        let device = cluster.run_inside(&format!("losetup --show -f {}", image.display()));
        Loop(cluster, device.trim().to_owned())
    }
}

impl Drop for Loop<'_> {
    fn drop(&mut self) {
        // What is still mounted lets it go later.
        let _ = self.0.command_inside(Path::new("losetup")).args(["-d", &self.1]).status();
    }
}

#[test]
fn a_device_is_known_by_what_it_says_of_itself_if_it_is_the_only_one() {
    let Some(cluster) = start() else { return };
    let label = format!("mst{}", std::process::id());
    cluster.run_inside(&format!("tune2fs -L {label} {}", image(&cluster).display()));
    create_well(&cluster, &[&format!("Device=LABEL={label}")]);
    cluster.stay_failed(NAME);
    let why = refused(&cluster);
    assert!(why.contains(&format!("no device of this node has LABEL={label}")), "{why}");

    let first = Loop::attach(&cluster, &image(&cluster));
    assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    assert!(cluster.run_inside("cat /proc/self/mountinfo").contains(&format!(" ext4 {} ", first.1)));
    assert_eq!(cluster.carry_out(Verb::Offline, NAME).end, Some(End::Done));

    let copy = cluster.file("copy");
    std::fs::copy(image(&cluster), &copy).unwrap();
    let second = Loop::attach(&cluster, &copy);
    let why = refused(&cluster);
    let both = [format!("{}, {}", first.1, second.1), format!("{}, {}", second.1, first.1)];
    assert!(both.iter().any(|both| why.contains(&format!("{both} have all LABEL={label}"))), "{why}");
    assert!(!is_mounted(&cluster));
}

#[test]
fn who_holds_it_is_named_and_ended_only_where_that_is_allowed() {
    let Some(cluster) = start() else { return };
    create_well(&cluster, &[]);
    cluster.stay_failed(NAME);
    assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    let mut holder = Holder::start(&cluster);
    let Some(End::Failed(cause)) = cluster.carry_out(Verb::Offline, NAME).end else { panic!("not Failed") };
    let expected =
        format!("is held by {} (sleep, its directory); end them, or set StopEscalation", holder.0.id());
    assert!(cause.text.contains(&expected), "{cause}");
    assert!(is_mounted(&cluster) && holder.0.try_wait().unwrap().is_none());
    assert_eq!(cluster.state(NAME), ResourceState::Failed);

    cluster.mainstay(&["resource", "set", NAME, "StopEscalation=term"]);
    assert_eq!(cluster.carry_out(Verb::Offline, NAME).end, Some(End::Done));
    assert!(!is_mounted(&cluster));
    holder.0.wait().unwrap();
    assert_eq!(loops(&cluster), "");
}

#[test]
fn what_is_no_file_system_is_not_mounted() {
    let Some(cluster) = start() else { return };
    create_well(&cluster, &[]);
    cluster.stay_failed(NAME);
    std::fs::File::create(image(&cluster)).unwrap().set_len(16 << 20).unwrap();
    for (policy, expected) in
        [("preen", "repair it by hand, or set FsckPolicy"), ("none", "cannot be mounted: ")]
    {
        cluster.mainstay(&["resource", "set", NAME, &format!("FsckPolicy={policy}"), "FsType=ext4"]);
        let why = refused(&cluster);
        assert!(why.contains(expected), "{why}");
    }
    std::fs::remove_file(image(&cluster)).unwrap();
    let why = refused(&cluster);
    assert!(why.contains("there is no device"), "{why}");
    assert!(!is_mounted(&cluster));
}

#[test]
fn what_cannot_be_is_refused_when_it_is_set() {
    let Some(cluster) = start() else { return };
    for (property, expected) in [
        ("Device=sdb1", "which is neither an absolute path nor UUID=... nor LABEL=..."),
        ("MountPoint=/", "which is the machine's own"),
        ("Options=remount", "of which remount mounts no device"),
        ("StopEscalation=lazy", "it can be none, term or kill"),
        ("FSType=-x", "which is the name of no file system"),
        ("Mountpoit=/srv", "did you mean 'MountPoint'?"),
    ] {
        let (code, error) = create(&cluster, &[property]);
        assert!(code == 1 && error.contains(expected), "{property}: {code} {error}");
    }
    assert!(cluster.glance_all().resources.is_empty());
}
