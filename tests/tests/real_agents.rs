//! The agents that distributions have, each through its whole life: judged, started, looked at, gone and brought back,
//! stopped.
//!
//! The service of each test is in namespaces of its own, so that addresses, routes and mounts are nobody else's.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mainstay_tests::{HANG, TestCluster, kill, output_of, receive};
use mainstay_types::ResourceState;
use mainstay_types::operation::{End, Verb};

use crate::events::{Follower, last_revision};

const OCF_ROOT: &str = "/usr/lib/ocf";

/// The resource that every test here has.
const NAME: &str = "r";

/// What an agent is told, and how what it does is seen by others than the agent.
struct Case {
    /// As on the command line, `NAME=VALUE` each.
    properties: Vec<String>,
    /// A property with which its judgement is no, if it has one.
    refused: Option<&'static str>,
    /// Whether its thing is there.
    is_there: fn(&TestCluster) -> bool,
    /// Takes its thing away behind the agent's back.
    take_away: fn(&TestCluster),
    /// What its monitor says then.
    noticed: &'static str,
    /// What has to run meanwhile.
    beside: Option<Libvirt>,
}

const NOT_RUNNING: &str = "it is not running (exit code 7)";

/// What it says depends on how far it has come when its thing goes.
const AN_ERROR_OR_NOT_RUNNING: &str = "";

/// Every agent: the package that has it, and its case; or why there is none here.
macro_rules! agents {
    ($($name:ident: $agent:literal of $package:literal, $case:ident;)*) => {
        mod whole_life {
            $(#[test]
            fn $name() {
                super::cycle($agent, $package, super::$case);
            })*
        }
    };
}

agents! {
    dummy: "ocf:heartbeat:Dummy" of "resource-agents", state_file;
    delay: "ocf:heartbeat:Delay" of "resource-agents", delay;
    anything: "ocf:heartbeat:anything" of "resource-agents", anything;
    symlink: "ocf:heartbeat:symlink" of "resource-agents", symlink;
    filesystem: "ocf:heartbeat:Filesystem" of "resource-agents", filesystem;
    address: "ocf:heartbeat:IPaddr2" of "resource-agents", address;
    route: "ocf:heartbeat:Route" of "resource-agents", route;
    nginx: "ocf:heartbeat:nginx" of "resource-agents", nginx;
    postgresql: "ocf:heartbeat:pgsql" of "resource-agents", postgresql;
    virtual_domain: "ocf:heartbeat:VirtualDomain" of "resource-agents", virtual_domain;
    dummy_of_pacemaker: "ocf:pacemaker:Dummy" of "pacemaker-resource-agents", state_file;
    health_of_the_processor: "ocf:pacemaker:HealthCPU" of "pacemaker-resource-agents", state_file;
}

type Made = Result<Case, String>;

fn cycle(agent: &str, package: &str, case: fn(&TestCluster) -> Made) {
    let file = Path::new(OCF_ROOT).join(agent.replacen("ocf:", "resource.d/", 1).replace(':', "/"));
    if !file.is_file() {
        return eprintln!("skipped: no agent {agent}: install the Debian package {package}");
    }
    let config = format!("ocf_root = {OCF_ROOT:?}\n");
    let Some(cluster) = TestCluster::start_on_network_with_config_or_skip(&config) else { return };
    let case = match case(&cluster) {
        Ok(case) => case,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    cluster.mainstay(&["group", "create", "g"]);
    let create = ["resource", "create", NAME, "--group", "g", "--type", agent];
    let create = |properties: &[String]| {
        let properties = properties.iter().flat_map(|property| ["--property", property.as_str()]);
        let words: Vec<&str> = create.into_iter().chain(properties).collect();
        cluster.mainstay_code(&words)
    };

    // It is judged by the agent before it is made.
    if let Some(wrong) = case.refused {
        let name = wrong.split_inclusive('=').next().unwrap();
        let others = case.properties.iter().filter(|property| !property.starts_with(name)).cloned();
        let (code, _, error) = create(&others.chain([wrong.to_owned()]).collect::<Vec<_>>());
        assert!(code == 1 && error.contains("validate-all of"), "{code} {error}");
        assert!(cluster.glance_all().resources.is_empty());
    }
    let (code, _, error) = create(&case.properties);
    assert_eq!(code, 0, "{error}");
    assert_eq!(cluster.state(NAME), ResourceState::Offline);
    assert!(!(case.is_there)(&cluster));

    let last = last_revision(&cluster);
    let mut states =
        Follower::start(&cluster, &["--object", NAME, "--kind", "resource-state", "--after", &last]);
    let mut state = move || states.next()["value"].as_str().unwrap().to_owned();
    for word in ["Online Pending", "Online"] {
        if word == "Online Pending" {
            cluster.mainstay(&["resource", "online", NAME]);
        }
        assert_eq!(state(), word);
    }
    assert!((case.is_there)(&cluster));
    cluster.mainstay(&["resource", "online", NAME]);

    // The next host asks the agent whether it runs.
    cluster.kill_host(&cluster.pool_host());
    cluster.mainstay(&["plan", "set", NAME, "StopTimeout=90000"]);
    assert_eq!(cluster.state(NAME), ResourceState::Online);
    assert!((case.is_there)(&cluster));

    // What has gone is noticed by a look, stopped although it does not run any more, and started again.
    cluster.set_common(NAME, &[("IsAlivePollInterval", "100"), ("RestartDelay", "0")]);
    (case.take_away)(&cluster);
    assert_eq!(state(), "Failed", "{}", cluster.mainstay(&["explain", NAME]));
    while state() != "Online" {}
    assert!((case.is_there)(&cluster));
    let why = cluster.mainstay(&["explain", NAME]);
    assert!(why.contains(&format!("monitor of {agent} failed: {}", case.noticed)), "{why}");

    assert_eq!(cluster.carry_out(Verb::Offline, NAME).end, Some(End::Done));
    assert!(!(case.is_there)(&cluster) && cluster.processes(NAME).is_empty());
    cluster.mainstay(&["resource", "offline", NAME]);
    assert_eq!(cluster.state(NAME), ResourceState::Offline);
    drop(case.beside);
}

fn setting(name: &str, path: PathBuf) -> String {
    format!("{name}={}", path.display())
}

/// An agent whose thing is a file that its parameter `state` names.
fn state_file(cluster: &TestCluster) -> Made {
    Ok(Case {
        properties: vec![setting("state", cluster.file("state"))],
        refused: None,
        is_there: |cluster| cluster.file("state").exists(),
        take_away: |cluster| fs::remove_file(cluster.file("state")).unwrap(),
        noticed: NOT_RUNNING,
        beside: None,
    })
}

/// The file by which the agent knows that it has been started.
fn delay_file(cluster: &TestCluster) -> PathBuf {
    Path::new("/run/resource-agents").join(format!("Delay_{}", cluster.glance(NAME).id))
}

fn delay(_: &TestCluster) -> Made {
    Ok(Case {
        properties: ["startdelay=0", "stopdelay=0", "mondelay=0"].map(str::to_owned).into(),
        refused: Some("startdelay=-5"),
        is_there: |cluster| delay_file(cluster).exists(),
        take_away: |cluster| fs::remove_file(delay_file(cluster)).unwrap(),
        noticed: NOT_RUNNING,
        beside: None,
    })
}

fn anything(cluster: &TestCluster) -> Made {
    Ok(Case {
        properties: vec![
            "binfile=/bin/sleep".to_owned(),
            "cmdline_options=1000".to_owned(),
            setting("pidfile", cluster.file("pid")),
        ],
        refused: Some("binfile=/no/such/program"),
        is_there: |cluster| !cluster.processes(NAME).is_empty(),
        take_away: |cluster| end_process_of(&cluster.file("pid")),
        noticed: "an error (exit code 1)",
        beside: None,
    })
}

fn symlink(cluster: &TestCluster) -> Made {
    let target = cluster.file("target");
    fs::write(&target, "").unwrap();
    Ok(Case {
        properties: vec![setting("link", cluster.file("link")), setting("target", target)],
        refused: None,
        is_there: |cluster| cluster.file("link").is_symlink(),
        take_away: |cluster| fs::remove_file(cluster.file("link")).unwrap(),
        noticed: NOT_RUNNING,
        beside: None,
    })
}

fn filesystem(cluster: &TestCluster) -> Made {
    let directory = cluster.file("mount");
    fs::create_dir(&directory).unwrap();
    Ok(Case {
        properties: vec![
            "device=tmpfs".to_owned(),
            "fstype=tmpfs".to_owned(),
            setting("directory", directory),
        ],
        refused: None,
        is_there: |cluster| {
            let mount = format!(" {} ", cluster.file("mount").display());
            cluster.run_inside("cat /proc/self/mountinfo").contains(&mount)
        },
        take_away: |cluster| {
            cluster.run_inside(&format!("umount {}", cluster.file("mount").display()));
        },
        noticed: NOT_RUNNING,
        beside: None,
    })
}

fn address(_: &TestCluster) -> Made {
    Ok(Case {
        properties: ["ip=192.0.2.50", "cidr_netmask=24"].map(str::to_owned).into(),
        refused: Some("cidr_netmask=99"),
        is_there: |cluster| cluster.run_inside("ip address show").contains("inet 192.0.2.50/24 "),
        take_away: |cluster| {
            cluster.run_inside("ip address del 192.0.2.50/24 dev eth0");
        },
        noticed: NOT_RUNNING,
        beside: None,
    })
}

fn route(_: &TestCluster) -> Made {
    Ok(Case {
        properties: ["destination=203.0.113.0/24", "gateway=192.0.2.1"].map(str::to_owned).into(),
        refused: Some("gateway=198.51.100.1"),
        is_there: |cluster| cluster.run_inside("ip route show").contains("203.0.113.0/24 via 192.0.2.1 "),
        take_away: |cluster| {
            cluster.run_inside("ip route del 203.0.113.0/24");
        },
        noticed: NOT_RUNNING,
        beside: None,
    })
}

const NGINX: &str = "
worker_processes 1;
pid PLACE/nginx.pid;
error_log PLACE/error.log;
events {}
http {
  access_log off;
  client_body_temp_path PLACE/body;
  server { listen 127.0.0.1:8080; location / { return 200 \"served\"; } location /status { stub_status; } }
}
";

fn nginx(cluster: &TestCluster) -> Made {
    let program = Path::new("/usr/sbin/nginx");
    if !program.is_file() {
        return Err("no nginx: install the Debian package nginx".to_owned());
    }
    let configuration = cluster.file("nginx.conf");
    let place = cluster.file("");
    fs::write(&configuration, NGINX.replace("PLACE", place.to_str().unwrap().trim_end_matches('/'))).unwrap();
    cluster.ip("link set lo up");
    Ok(Case {
        properties: vec![
            setting("configfile", configuration),
            "httpd=/usr/sbin/nginx".to_owned(),
            "port=8080".to_owned(),
            "status10url=http://127.0.0.1:8080/status".to_owned(),
        ],
        refused: Some("configfile=/etc/passwd"),
        is_there: |cluster| !cluster.processes(NAME).is_empty(),
        take_away: |cluster| end_process_of(&cluster.file("nginx.pid")),
        noticed: AN_ERROR_OR_NOT_RUNNING,
        beside: None,
    })
}

/// A database of PostgreSQL's, made and run by its own account, in a directory of the cluster's.
struct Database {
    programs: PathBuf,
    place: PathBuf,
}

const OF_POSTGRES: [&str; 3] = ["--reuid=postgres", "--regid=postgres", "--init-groups"];

impl Database {
    fn make(cluster: &TestCluster) -> Result<Self, String> {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let programs = versions.map(|version| version.path().join("bin"));
        let programs = programs.filter(|programs| programs.join("initdb").is_file()).max();
        let programs = programs.ok_or("no PostgreSQL: install the Debian package postgresql")?;
        let database = Database { programs, place: cluster.file("postgres") };
        fs::create_dir(&database.place).unwrap();
        fs::set_permissions(cluster.file(""), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(Command::new("chown").arg("postgres:").arg(&database.place).status().unwrap().success());
        let data = database.place.join("data");
        let made = output_of(database.command("initdb").args(["--no-sync", "--pgdata"]).arg(&data));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let place = database.place.display();
        let settings = format!("listen_addresses = ''\nunix_socket_directories = '{place}'\n");
        fs::write(data.join("postgresql.auto.conf"), settings).unwrap();
        Ok(database)
    }

    /// A program of PostgreSQL's, run by its account.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(OF_POSTGRES).arg(self.programs.join(program)).current_dir("/");
        command
    }

    /// What a statement answers, which is committed by then.
    fn ask(&self, statement: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname=postgres", "--host"]);
        let output = output_of(psql.arg(&self.place).args(["--command", statement]));
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn properties(&self) -> Vec<String> {
        vec![
            setting("pgctl", self.programs.join("pg_ctl")),
            setting("psql", self.programs.join("psql")),
            setting("pgdata", self.place.join("data")),
            setting("socketdir", self.place.clone()),
            setting("logfile", self.place.join("log")),
        ]
    }
}

fn postmaster(cluster: &TestCluster) -> PathBuf {
    cluster.file("postgres/data/postmaster.pid")
}

fn postgresql(cluster: &TestCluster) -> Made {
    Ok(Case {
        properties: Database::make(cluster)?.properties(),
        refused: Some("pgdba=nobody-of-this-name"),
        is_there: |cluster| postmaster(cluster).exists(),
        take_away: |cluster| end_process_of(&postmaster(cluster)),
        noticed: AN_ERROR_OR_NOT_RUNNING,
        beside: None,
    })
}

/// Cut off in every way that there is: at an orderly offline, by force, with the database killed, with the host killed.
#[test]
fn postgresql_loses_no_committed_row() {
    let config = format!("ocf_root = {OCF_ROOT:?}\n");
    let Some(cluster) = TestCluster::start_with_config_or_skip(&config) else { return };
    if !Path::new(OCF_ROOT).join("resource.d/heartbeat/pgsql").is_file() {
        return eprintln!(
            "skipped: no agent ocf:heartbeat:pgsql: install the Debian package resource-agents"
        );
    }
    let database = match Database::make(&cluster) {
        Ok(database) => database,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let properties = database.properties();
    let properties: Vec<(&str, &str)> =
        properties.iter().filter_map(|property| property.split_once('=')).collect();
    cluster.resource("g", NAME, "ocf:heartbeat:pgsql", &properties);
    cluster.set_common(NAME, &[("IsAlivePollInterval", "100"), ("RestartDelay", "0")]);
    // What needs roles is refused before the agent has written of them to the database's configuration.
    let configuration = || fs::read_to_string(database.place.join("data/postgresql.conf")).unwrap();
    let before = configuration();
    let (code, _, error) = cluster.mainstay_code(&["resource", "set", NAME, "rep_mode=sync"]);
    assert!(code == 1 && error.contains("rep_mode can be none or slave"), "{code} {error}");
    assert_eq!(configuration(), before);
    let online = || assert_eq!(cluster.carry_out(Verb::Online, NAME).end, Some(End::Done));
    online();
    database.ask("create table kept (number int primary key)");
    for round in 1..=4 {
        // Each in a transaction of its own.
        for number in [3 * round, 3 * round + 1, 3 * round + 2] {
            database.ask(&format!("insert into kept values ({number})"));
        }
        match round {
            1 => assert_eq!(cluster.carry_out(Verb::Offline, NAME).end, Some(End::Done)),
            2 => {
                let forced = cluster.submit_with(Verb::Offline, NAME, 2, &[]);
                assert_eq!(cluster.wait_for(forced.operation.unwrap()).end, Some(End::Done));
            }
            3 => {
                let last = last_revision(&cluster);
                let words = ["--object", NAME, "--kind", "resource-state", "--after", &last];
                let mut states = Follower::start(&cluster, &words);
                end_process_of(&postmaster(&cluster));
                while states.next()["value"] != "Online" {}
            }
            _ => {
                kill(&cluster.pool_host());
                cluster.mainstay(&["plan", "set", NAME, "StopTimeout=90000"]);
            }
        }
        if round <= 2 {
            assert!(!postmaster(&cluster).exists() || round == 2, "round {round}");
            assert!(cluster.processes(NAME).is_empty());
            online();
        }
        assert_eq!(cluster.state(NAME), ResourceState::Online);
        let expected: Vec<String> = (3..=3 * round + 2).map(|number| number.to_string()).collect();
        assert_eq!(database.ask("select number from kept order by number"), expected.join("\n"));
    }
}

/// A libvirtd whose directories are the test's own; it and its guest end with this.
struct Libvirt {
    daemon: Child,
    guest_pid: PathBuf,
}

/// Gives libvirt directories and accounts of its own, below the first argument, then becomes libvirtd.
const LIBVIRTD: &str = r#"
set -e
for kind in etc:/etc/libvirt run:/run/libvirt lib:/var/lib/libvirt log:/var/log/libvirt cache:/var/cache/libvirt; do
    mkdir -p "$1/${kind%%:*}" "${kind#*:}"
    mount --bind "$1/${kind%%:*}" "${kind#*:}"
done
for file in passwd group; do
    cp "/etc/$file" "$1/$file"
done
echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >>"$1/passwd"
echo 'libvirt-qemu:x:64055:' >>"$1/group"
for file in passwd group; do
    mount --bind "$1/$file" "/etc/$file"
done
cat >/etc/libvirt/qemu.conf <<END
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
END
cat >/etc/libvirt/libvirtd.conf <<END
unix_sock_group = "root"
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "8f1c2d3e-4b5a-4978-8796-a5b4c3d2e1f0"
END
exec libvirtd --config /etc/libvirt/libvirtd.conf
"#;

/// Nothing is in it to boot; it runs all the same.
const GUEST: &str = "<domain type='qemu'>
<name>guest</name>
<memory unit='MiB'>16</memory>
<os><type arch='x86_64'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>
</domain>
";

impl Libvirt {
    fn start(cluster: &TestCluster) -> Result<Self, String> {
        for (program, package) in [
            ("/usr/sbin/libvirtd", "libvirt-daemon"),
            ("/usr/bin/virsh", "libvirt-clients"),
            ("/usr/bin/qemu-system-x86_64", "qemu-system-x86"),
        ] {
            if !Path::new(program).is_file() {
                return Err(format!("no {program}: install the Debian package {package}"));
            }
        }
        let place = cluster.file("libvirt");
        let socket = cluster.file("libvirt.notify");
        let ready = UnixDatagram::bind(&socket).unwrap();
        ready.set_read_timeout(Some(HANG)).unwrap();
        let mut command = cluster.command_inside(Path::new("/bin/sh"));
        command.args(["-c", LIBVIRTD, "libvirtd"]).arg(&place).env("NOTIFY_SOCKET", &socket);
        let log = cluster.file("libvirt.log");
        let daemon = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let libvirt =
            Libvirt { daemon: daemon.spawn().unwrap(), guest_pid: place.join("run/qemu/guest.pid") };
        let next = || receive(&ready).unwrap_or_else(|_| panic!("{}", fs::read_to_string(&log).unwrap()));
        while !next().contains("READY=1") {}
        Ok(libvirt)
    }
}

impl Drop for Libvirt {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        if self.guest_pid.exists() {
            end_process_of(&self.guest_pid);
        }
    }
}

fn virtual_domain(cluster: &TestCluster) -> Made {
    let libvirt = Libvirt::start(cluster)?;
    let definition = cluster.file("guest.xml");
    fs::write(&definition, GUEST).unwrap();
    Ok(Case {
        properties: vec![
            setting("config", definition),
            "hypervisor=qemu:///system".to_owned(),
            // There is nobody in the guest who would hear that it is to shut down.
            "force_stop=true".to_owned(),
        ],
        refused: Some("config=/no/such/file"),
        is_there: |cluster| cluster.file("libvirt/run/qemu/guest.pid").exists(),
        take_away: |cluster| {
            cluster.run_inside("virsh --connect qemu:///system destroy guest");
        },
        noticed: AN_ERROR_OR_NOT_RUNNING,
        beside: Some(libvirt),
    })
}

fn end_process_of(pid_file: &Path) {
    let pid: i32 = fs::read_to_string(pid_file).unwrap().lines().next().unwrap().trim().parse().unwrap();
    kill(&mainstay_process::Process::open(pid).unwrap());
}
