//! The private properties of `Virtual Machine`, and its instructions.
//!
//! The table is [`DESCRIPTION`]. What makes the machine what it is takes effect at its next start without a saved state;
//! how it is stopped, at its next stop.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use mainstay_process::words;
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::Status;
use mainstay_types::description::{
    InstructionDescription, PropertyDescription, PropertyFormat, TypeDescription,
};
use mainstay_types::order::{Cause, RegistryCopy};

use super::{CONFIGURATION_NAME, NAME};
use crate::private::{Values, wrong};

/// What the type says of itself.
pub static DESCRIPTION: LazyLock<TypeDescription> = LazyLock::new(describe);

/// Where states are saved when nobody says where.
const STATE_DIRECTORY: &str = "/var/lib/mainstay/virtual-machines";

/// Arguments of QEMU that would make another thing of it than what is started, saved and ended here.
const OURS: [&str; 6] = ["daemonize", "incoming", "S", "no-shutdown", "snapshot", "loadvm"];

/// Arguments of QEMU that bring disks with them, of which nobody here would know when they were written.
const DISKS: [&str; 13] = [
    "drive",
    "blockdev",
    "hda",
    "hdb",
    "hdc",
    "hdd",
    "cdrom",
    "fda",
    "fdb",
    "sd",
    "mtdblock",
    "pflash",
    "readconfig",
];

/// How long a guest may take to shut down when nobody says how long.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(180);

/// The memory of a machine that names none, in MiB.
const MEMORY_MIB: u32 = 1024;

const MIB: u64 = 1024 * 1024;

/// What becomes of the guest when its machine goes offline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OfflineAction {
    TurnOff,
    Save,
    ShutDown,
    ShutDownForced,
}

/// Number, meaning, and words of each.
const ACTIONS: [(u32, OfflineAction, &str); 4] = [
    (0, OfflineAction::TurnOff, "turn off at once, as by pulling the plug"),
    (1, OfflineAction::Save, "save the state; the next start goes on from there"),
    (2, OfflineAction::ShutDown, "have the guest shut down; if it does not, it stays online"),
    (3, OfflineAction::ShutDownForced, "have the guest shut down; if it does not, turn off"),
];

impl OfflineAction {
    pub(super) fn of(number: u32) -> Option<Self> {
        ACTIONS.iter().find(|(known, ..)| *known == number).map(|(_, action, _)| *action)
    }
}

fn actions() -> Vec<(u32, String)> {
    ACTIONS.iter().map(|(number, _, words)| (*number, (*words).to_owned())).collect()
}

/// What the numbers may be, for a refusal.
pub(super) fn allowed() -> String {
    let shown: Vec<String> = ACTIONS.iter().map(|(number, _, words)| format!("{number} ({words})")).collect();
    shown.join(", ")
}

fn describe() -> TypeDescription {
    use PropertyFormat::{Dword, Multi, Sz};
    let action = format!("what an offline without instructions does: {}", allowed());
    TypeDescription {
        summary: "A virtual machine under QEMU, whose state is saved when it goes offline.".into(),
        details: "Online when its processors run; failed when it stands still, has panicked or has gone. A saved state is \
                  synced and named in the cluster database before the machine is Offline, and taken off it before the \
                  machine runs again: it is never used twice, and no other is ever used. A save that cannot succeed is \
                  refused, and the machine runs on."
            .into(),
        is_contained: true,
        properties: vec![
            PropertyDescription::new("Emulator", Sz, "qemu-system-x86_64", "the program that runs it"),
            PropertyDescription::new(
                "Machine",
                Sz,
                "pc",
                "as -machine; a name with a version can be loaded by a newer QEMU too",
            ),
            PropertyDescription::new("Accelerator", Sz, "kvm", "as -accel; tcg where there is no KVM"),
            PropertyDescription::new("Cpu", Sz, "", "as -cpu"),
            PropertyDescription::new("Processors", Dword, "1", "how many"),
            PropertyDescription::new("Memory", Dword, "1024", "MiB"),
            PropertyDescription::new("Disks", Multi, "", "PATH[;OPTION=VALUE...] each, as -drive: /srv/a.qcow2;format=qcow2"),
            PropertyDescription::new("Nics", Multi, "", "as -nic each, with semicolons: bridge;br=br0;model=virtio-net-pci"),
            PropertyDescription::new("Firmware", Sz, "", "as -bios; an absolute path"),
            PropertyDescription::new("Kernel", Sz, "", "as -kernel; an absolute path"),
            PropertyDescription::new("Initrd", Sz, "", "as -initrd; an absolute path"),
            PropertyDescription::new("KernelArguments", Sz, "", "as -append"),
            PropertyDescription::new("SerialFile", Sz, "", "where its first serial line is appended; an absolute path"),
            PropertyDescription::new("Display", Sz, "none", "as -display"),
            PropertyDescription::new("ExtraArguments", Sz, "", "more for QEMU, split as a shell splits words"),
            PropertyDescription::new("User", Sz, "", "as whom QEMU goes on once it has its files, as -runas"),
            PropertyDescription::new("OfflineAction", Dword, "1", &action),
            PropertyDescription::new(
                "ShutdownTimeout",
                Dword,
                "180000",
                "milliseconds that the guest may take to shut down",
            ),
            PropertyDescription::new("StateDirectory", Sz, STATE_DIRECTORY, "where states are saved; an absolute path"),
            PropertyDescription::new("SaveBandwidth", Dword, "0", "MiB a second that a save may write; 0: no limit"),
        ],
        instructions: [NAME, CONFIGURATION_NAME]
            .map(|name| InstructionDescription { name: name.into(), values: actions() })
            .into(),
        example: "mainstay resource create db1 --group db --type 'Virtual Machine' --property Memory=4096 \
                  --property 'Disks=/srv/db1.qcow2;format=qcow2' --property 'Nics=bridge;br=br0'"
            .into(),
    }
}

/// The properties as the type uses them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Settings {
    pub(super) emulator: String,
    pub(super) machine: String,
    pub(super) accelerator: String,
    pub(super) cpu: Option<String>,
    pub(super) processors: u32,
    pub(super) memory_mib: u32,
    pub(super) disks: Vec<String>,
    pub(super) nics: Vec<String>,
    pub(super) firmware: Option<String>,
    pub(super) kernel: Option<String>,
    pub(super) initrd: Option<String>,
    pub(super) kernel_arguments: Option<String>,
    pub(super) serial_file: Option<String>,
    pub(super) display: String,
    pub(super) extra_arguments: Vec<String>,
    pub(super) user: Option<String>,
    pub(super) offline_action: OfflineAction,
    pub(super) shutdown_timeout: Duration,
    pub(super) state_directory: PathBuf,
    pub(super) save_bandwidth: u64,
}

impl Settings {
    /// Reads them from a resource's registry key. An error names the property, its value and what it may be.
    pub(super) fn read(registry: &RegistryCopy) -> Result<Self, Cause> {
        let values = Values::read(registry, &DESCRIPTION)?;
        values.require(&DESCRIPTION)?;
        Settings::of(&values)
    }

    /// What values mean, of which any may be missing.
    pub(super) fn of(values: &Values) -> Result<Self, Cause> {
        let text = |name: &str| values.text(name).map(str::to_owned);
        let positive = |name: &str, default: u32| match values.number(name) {
            Some(0) => Err(wrong(name, "is 0; it has to be 1 or more")),
            number => Ok(number.unwrap_or(default)),
        };
        let action = values.number("OfflineAction");
        let extra = words::split(values.text("ExtraArguments").unwrap_or_default());
        let is_ours = |word: &&String| OURS.contains(&word.trim_start_matches('-'));
        if let Some(word) = extra.iter().flatten().find(is_ours) {
            return Err(wrong(
                "ExtraArguments",
                format!("has '{word}', by which a machine could not be saved or ended"),
            ));
        }
        let brings_disks =
            |word: &&String| word.starts_with('-') && DISKS.contains(&word.trim_start_matches('-'));
        if let Some(word) = extra.iter().flatten().find(brings_disks) {
            return Err(wrong(
                "ExtraArguments",
                format!(
                    "has '{word}', which brings a disk of which nobody sees whether it was written since the machine's \
                     state was saved; name it in Disks, with its options: PATH;if=ide;media=cdrom"
                ),
            ));
        }
        Ok(Settings {
            emulator: text("Emulator").unwrap_or_else(|| "qemu-system-x86_64".into()),
            machine: text("Machine").unwrap_or_else(|| "pc".into()),
            accelerator: text("Accelerator").unwrap_or_else(|| "kvm".into()),
            cpu: text("Cpu"),
            processors: positive("Processors", 1)?,
            memory_mib: positive("Memory", MEMORY_MIB)?,
            disks: disks(values)?,
            nics: values.texts("Nics").to_vec(),
            firmware: absolute("Firmware", values)?,
            kernel: absolute("Kernel", values)?,
            initrd: absolute("Initrd", values)?,
            kernel_arguments: text("KernelArguments"),
            serial_file: absolute("SerialFile", values)?,
            display: text("Display").unwrap_or_else(|| "none".into()),
            extra_arguments: match values.text("ExtraArguments") {
                None => Vec::new(),
                Some(_) => extra.map_err(|error| wrong("ExtraArguments", error))?,
            },
            user: text("User"),
            offline_action: match action {
                None => OfflineAction::Save,
                Some(number) => OfflineAction::of(number)
                    .ok_or_else(|| wrong("OfflineAction", format!("is {number}; it may be {}", allowed())))?,
            },
            shutdown_timeout: values
                .number("ShutdownTimeout")
                .map_or(SHUTDOWN_TIMEOUT, |timeout_ms| Duration::from_millis(timeout_ms.into())),
            state_directory: absolute("StateDirectory", values)?
                .unwrap_or_else(|| STATE_DIRECTORY.into())
                .into(),
            save_bandwidth: u64::from(values.number("SaveBandwidth").unwrap_or(0)) * MIB,
        })
    }

    /// The memory of the machine in bytes: a saved state has about as much at most.
    pub(super) fn memory(&self) -> u64 {
        u64::from(self.memory_mib) * MIB
    }
}

fn disks(values: &Values) -> Result<Vec<String>, Cause> {
    let disks = values.texts("Disks").to_vec();
    let is_wrong = |disk: &&String| !disk.starts_with('/') || disk.contains('\0');
    match disks.iter().find(is_wrong) {
        Some(disk) => {
            Err(wrong("Disks", format!("has '{disk}', which does not begin with an absolute path")))
        }
        None => Ok(disks),
    }
}

fn absolute(name: &str, values: &Values) -> Result<Option<String>, Cause> {
    match values.text(name) {
        None => Ok(None),
        Some(text) if text.starts_with('/') && !text.contains('\0') => Ok(Some(text.to_owned())),
        Some(text) => Err(wrong(name, format!("is '{text}', which is no absolute path"))),
    }
}

/// What the instructions of an offline call ask for; `None` where they have nothing for this type.
pub(super) fn instruction(buffer: &[u8]) -> Result<Option<OfflineAction>, Cause> {
    let invalid = |text: String| Cause::new(Status::INVALID_PARAMETER, text);
    if buffer.is_empty() {
        return Ok(None);
    }
    let list = PropertyList::parse(buffer).map_err(|error| invalid(format!("the instructions: {error}")))?;
    let mut asked = None;
    for name in [NAME, CONFIGURATION_NAME] {
        let action = match list.get(name) {
            None => continue,
            Some(Value::Dword(number)) => OfflineAction::of(*number)
                .ok_or_else(|| invalid(format!("'{name}' is {number}; it may be {}", allowed())))?,
            Some(_) => return Err(invalid(format!("'{name}' must be a DWORD: {}", allowed()))),
        };
        if asked.is_some_and(|earlier| earlier != action) {
            return Err(invalid(format!("'{NAME}' and '{CONFIGURATION_NAME}' say different things")));
        }
        asked = Some(action);
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_read_or_refused() {
        let list = |name: &str, value: u32| PropertyList::new().with(name, value).to_bytes().unwrap();
        for (number, action) in [
            OfflineAction::TurnOff,
            OfflineAction::Save,
            OfflineAction::ShutDown,
            OfflineAction::ShutDownForced,
        ]
        .into_iter()
        .enumerate()
        {
            for name in ["Virtual Machine", "virtual machine configuration"] {
                assert_eq!(instruction(&list(name, number as u32)), Ok(Some(action)), "{name} {number}");
            }
        }
        assert_eq!(instruction(&list("Other", 9)), Ok(None));
        assert_eq!(instruction(&[]), Ok(None));
        let text = PropertyList::new().with(NAME, "save").to_bytes().unwrap();
        let both = PropertyList::new().with(NAME, 1_u32).with(CONFIGURATION_NAME, 2_u32).to_bytes().unwrap();
        for (buffer, says) in [
            (list(NAME, 4), "it may be 0"),
            (text, "must be a DWORD"),
            (both, "different things"),
            (vec![1, 0, 0, 0, 3], "the instructions"),
        ] {
            let cause = instruction(&buffer).unwrap_err();
            assert_eq!(cause.status, Status::INVALID_PARAMETER);
            assert!(cause.text.contains(says), "{}", cause.text);
        }
    }
}
