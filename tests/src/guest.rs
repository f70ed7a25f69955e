//! Real guests: a tiny one, assembled from its source, under QEMU without a processor's help.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{TestCluster, Told, repository};

/// A virtual machine with the tiny guest, and what the guest says.
pub struct Guest {
    told: Told,
    last: Option<Said>,
}

/// What a guest has said: how often it has spoken, and when it was started.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    count: u32,
    boot: String,
}

impl Guest {
    /// Waits until it says something, and checks that it goes on where it was: nothing is missing, nothing said twice.
    pub fn goes_on(&mut self) {
        let line = self.told.next();
        self.check(&line);
    }

    /// Waits until it says something, and checks that it was started anew.
    pub fn begins_anew(&mut self) {
        let line = self.told.next();
        // A machine that was ended in the midst of a line never says the rest.
        let said = parse(line.rfind("COUNT ").map_or(&line, |at| &line[at..]));
        let earlier = self.last.replace(said.clone());
        assert_eq!(said.count, 0);
        assert_ne!(earlier.map(|earlier| earlier.boot), Some(said.boot));
    }

    /// What it has said until it was ended, which is checked. Whether it went off by itself.
    pub fn has_ended(&mut self) -> bool {
        let mut went_off = false;
        let lines = self.told.rest();
        for line in &lines {
            assert!(!went_off, "{lines:?}");
            went_off = line == "OFF";
            if !went_off {
                self.check(line);
            }
        }
        went_off
    }

    fn check(&mut self, line: &str) {
        let said = parse(line);
        if let Some(last) = &self.last {
            assert_eq!(
                said,
                Said { count: last.count + 1, boot: last.boot.clone() },
                "the state is another one"
            );
        }
        self.last = Some(said);
    }
}

fn parse(line: &str) -> Said {
    let parts = line.strip_prefix("COUNT ").and_then(|rest| rest.split_once(" boot_id="));
    let (count, boot) = parts.unwrap_or_else(|| panic!("the guest says '{line}'"));
    Said { count: u32::from_str_radix(count, 16).unwrap(), boot: boot.to_owned() }
}

impl TestCluster {
    /// Makes a virtual machine with the tiny guest, offline, with these properties beside. `None`, with the reason printed,
    /// where there is no QEMU.
    pub fn guest_or_skip(&self, group: &str, name: &str, properties: &[(&str, &str)]) -> Option<Guest> {
        self.guest_of_or_skip(group, name, &[], properties)
    }

    /// The same with a guest that does not heed its power button.
    pub fn deaf_guest_or_skip(&self, group: &str, name: &str, properties: &[(&str, &str)]) -> Option<Guest> {
        self.guest_of_or_skip(group, name, &["-DDEAF"], properties)
    }

    fn guest_of_or_skip(
        &self,
        group: &str,
        name: &str,
        assembler: &[&str],
        properties: &[(&str, &str)],
    ) -> Option<Guest> {
        let version = Command::new("qemu-system-x86_64").arg("--version").stdout(Stdio::null()).status();
        if !version.is_ok_and(|status| status.success()) {
            eprintln!("skipped: there is no qemu-system-x86_64 (Debian package qemu-system-x86)");
            return None;
        }
        let told = self.told(&format!("{name}.serial"));
        let kernel = self.assemble(name, assembler);
        let (kernel, serial, states) = (shown(&kernel), shown(told.path()), shown(&self.states()));
        let own = [
            ("Accelerator", "tcg"),
            ("Memory", "8"),
            ("Kernel", &kernel),
            ("SerialFile", &serial),
            ("StateDirectory", &states),
        ];
        let mut all: Vec<(&str, &str)> = own.into();
        all.retain(|(known, _)| properties.iter().all(|(given, _)| given != known));
        all.extend(properties);
        self.resource(group, name, "Virtual Machine", &all);
        Some(Guest { told, last: None })
    }

    fn assemble(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let source = repository().join("tests/guest/tiny.S");
        let (object, kernel) = (self.file(&format!("{name}.o")), self.file(&format!("{name}.elf")));
        let mut assembler = Command::new("cc");
        assembler.args(["-m32", "-c", "-o"]).arg(&object).args(arguments).arg(source);
        let mut linker = Command::new("ld");
        linker.args(["-m", "elf_i386", "-Ttext", "0x100000", "-e", "_start", "-o"]).arg(&kernel).arg(&object);
        for command in [&mut assembler, &mut linker] {
            assert!(command.status().unwrap().success(), "{command:?}");
        }
        kernel
    }

    /// Where machines have their states.
    pub fn states(&self) -> PathBuf {
        self.file("states")
    }

    /// The saved states that there are.
    pub fn saved_states(&self) -> Vec<PathBuf> {
        let listed = std::fs::read_dir(self.states()).into_iter().flatten();
        listed.map(|entry| entry.unwrap().path()).collect()
    }
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
