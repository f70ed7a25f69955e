//! A network namespace of a test's own, with virtual devices whose two ends are as those of a cable. A mount namespace is
//! with it: what is mounted in there is nobody else's, and goes with it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Namespaces of network and mounts, as long as this lives.
pub struct Network {
    /// Holds the namespaces until its standard input ends.
    holder: Child,
}

impl Network {
    /// Makes one. `None`, with the reason printed, where that is not allowed.
    pub fn or_skip() -> Option<Self> {
        let held = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", "echo there; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut holder = match held {
            Ok(holder) => holder,
            Err(error) => {
                eprintln!("skipped: no network namespace: unshare: {error}");
                return None;
            }
        };
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said != "there\n" {
            let output = holder.wait_with_output().unwrap();
            let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            eprintln!("skipped: no network namespace: {reason}");
            return None;
        }
        let network = Network { holder };
        match network.run("ip link add probe0 type veth peer name probe1") {
            Ok(_) => network.ip("link del probe0"),
            Err(reason) => {
                eprintln!("skipped: no virtual devices: {reason}");
                return None;
            }
        }
        Some(network)
    }

    /// A device with an address, and the other end of its cable, `far` and the device's name.
    pub fn cable(&self, device: &str, address: &str) {
        self.ip(&format!("link add {device} type veth peer name far-{device}"));
        self.ip(&format!("addr add {address} dev {device}"));
        self.ip(&format!("link set far-{device} up"));
        self.ip(&format!("link set {device} up"));
    }

    /// Gives the far end of a device's cable, and an address, to another namespace.
    pub fn lead_to(&self, other: &Network, device: &str, address: &str) {
        self.ip(&format!("link set far-{device} netns {}", other.holder.id()));
        other.ip(&format!("addr add {address} dev far-{device}"));
        other.ip(&format!("link set far-{device} up"));
    }

    /// Runs `ip` in the namespace; it has to succeed.
    pub fn ip(&self, words: &str) {
        self.run(&format!("ip {words}")).unwrap();
    }

    /// A command in the namespaces.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        let holder = self.holder.id();
        let namespaces = ["net", "mnt"].map(|kind| format!("/proc/{holder}/ns/{kind}"));
        let [network, mounts] = &namespaces;
        command.arg(format!("--net={network}")).arg(format!("--mount={mounts}")).arg(program);
        command
    }

    /// Runs a command in the namespaces, in its words between blanks. Answers what it printed, or why it failed.
    pub fn run(&self, line: &str) -> Result<String, String> {
        let mut words = line.split(' ');
        let mut command = self.command(Path::new(words.next().unwrap_or_default()));
        let output = command.args(words).output().map_err(|error| format!("nsenter: {error}"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(format!("{line}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
