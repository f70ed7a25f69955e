//! What the properties of a file system mean.

use std::path::{Component, PathBuf};

use crate::call::{Call, Refusal};

/// How a device is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// By its path, or that of a file that a loop device is made for.
    Path(PathBuf),
    /// By what it says of itself: `UUID=...` or `LABEL=...`.
    Tag(String),
}

/// What is done with a file system before it is mounted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Check {
    None,
    /// What can be repaired without a question.
    Preen,
    /// Every question is answered with yes.
    Repair,
}

/// What may be done to processes that hold a file system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub(super) enum Escalation {
    None,
    Term,
    Kill,
}

/// A file system, as it is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Settings {
    /// As the operator has written it.
    pub(super) device: String,
    pub(super) source: Source,
    pub(super) mount_point: PathBuf,
    pub(super) kind: Option<String>,
    pub(super) options: Vec<String>,
    pub(super) check: Check,
    pub(super) escalation: Escalation,
    pub(super) writes: bool,
}

/// Options that do not mount a device, but do something else with what is mounted.
const NO_MOUNTS: [&str; 8] = ["remount", "bind", "rbind", "move", "shared", "slave", "private", "unbindable"];

impl Settings {
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        let device = call.required("Device")?;
        Ok(Settings {
            device: device.to_owned(),
            source: source(device)?,
            mount_point: mount_point(call.required("MountPoint")?)?,
            kind: call.text("FsType").map(kind).transpose()?,
            options: options(call.text("Options").unwrap_or_default())?,
            check: call.choice("FsckPolicy", CHECKS)?.unwrap_or(Check::Preen),
            escalation: call.choice("StopEscalation", ESCALATIONS)?.unwrap_or(Escalation::None),
            writes: call.number("WriteTest", 0..=1)? == Some(1_u8),
        })
    }

    /// Whether it is to be read only.
    pub(super) fn is_read_only(&self) -> bool {
        self.options
            .iter()
            .rev()
            .find(|option| *option == "ro" || *option == "rw")
            .is_some_and(|last| last == "ro")
    }
}

const CHECKS: &[(&str, Check)] = &[("none", Check::None), ("preen", Check::Preen), ("repair", Check::Repair)];

const ESCALATIONS: &[(&str, Escalation)] =
    &[("none", Escalation::None), ("term", Escalation::Term), ("kill", Escalation::Kill)];

fn source(text: &str) -> Result<Source, Refusal> {
    let wrong = |what: &str| Err(Refusal::wrong("Device", format!("is '{text}', {what}")));
    if text.chars().any(char::is_control) {
        return wrong("which has control characters");
    }
    match text.split_once('=') {
        Some(("UUID" | "LABEL", "")) => wrong("which names no device"),
        Some(("UUID" | "LABEL", _)) => Ok(Source::Tag(text.to_owned())),
        _ if is_plain(text) => Ok(Source::Path(text.into())),
        _ => wrong("which is neither an absolute path nor UUID=... nor LABEL=..."),
    }
}

fn mount_point(text: &str) -> Result<PathBuf, Refusal> {
    let wrong = |what: &str| Err(Refusal::wrong("MountPoint", format!("is '{text}', {what}")));
    match text {
        "/" => wrong("which is the machine's own"),
        _ if text.chars().any(char::is_control) => wrong("which has control characters"),
        _ if !is_plain(text) => wrong("which is no absolute path without '.' and '..'"),
        _ => Ok(text.trim_end_matches('/').into()),
    }
}

fn is_plain(path: &str) -> bool {
    let is_name = |part: &str| part != "." && part != "..";
    let path_of = PathBuf::from(path);
    path_of.is_absolute()
        && path.split('/').all(is_name)
        && path_of.components().any(|part| matches!(part, Component::Normal(_)))
}

fn kind(text: &str) -> Result<String, Refusal> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    match text.chars().all(is_word) && !text.starts_with('-') {
        true => Ok(text.to_owned()),
        false => Err(Refusal::wrong("FsType", format!("is '{text}', which is the name of no file system"))),
    }
}

fn options(text: &str) -> Result<Vec<String>, Refusal> {
    let wrong = |what: String| Err(Refusal::wrong("Options", format!("is '{text}', {what}")));
    if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return wrong("which has blanks; separate options by commas".to_owned());
    }
    let options: Vec<String> = text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
    let no_mount = options.iter().find(|option| {
        let name = option.split('=').next().unwrap_or_default();
        let name = name.strip_prefix("make-").unwrap_or(name);
        NO_MOUNTS.contains(&name.strip_prefix('r').filter(|rest| NO_MOUNTS.contains(rest)).unwrap_or(name))
    });
    match no_mount {
        Some(option) => wrong(format!("of which {option} mounts no device; leave it out")),
        None => Ok(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::tests::call;

    #[test]
    fn what_is_not_set_has_a_default() {
        let settings =
            Settings::read(&call(&[("Device", "/dev/sdb1"), ("MountPoint", "/srv/data/")])).unwrap();
        let expected = Settings {
            device: "/dev/sdb1".into(),
            source: Source::Path("/dev/sdb1".into()),
            mount_point: "/srv/data".into(),
            kind: None,
            options: Vec::new(),
            check: Check::Preen,
            escalation: Escalation::None,
            writes: false,
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn the_last_option_says_whether_it_is_read_only() {
        for (options, expected) in [("", false), ("ro", true), ("ro,noatime,rw", false), ("errors=ro", false)]
        {
            let parameters = [("Device", "LABEL=a b"), ("MountPoint", "/m"), ("Options", options)];
            let settings = Settings::read(&call(&parameters)).unwrap();
            assert_eq!(settings.is_read_only(), expected, "{options}");
        }
    }

    #[test]
    fn nothing_is_believed() {
        for (name, value, expected) in [
            ("Device", "", "property Device is not set"),
            ("Device", "sdb1", "neither an absolute path"),
            ("Device", "UUID=", "names no device"),
            ("Device", "server:/export", "neither an absolute path"),
            ("Device", "/dev/../etc/passwd", "neither an absolute path"),
            ("Device", "/dev/a\nb", "control characters"),
            ("MountPoint", "/", "the machine's own"),
            ("MountPoint", "//", "no absolute path"),
            ("MountPoint", "srv", "no absolute path"),
            ("MountPoint", "/srv/./x", "no absolute path"),
            ("FsType", "-x", "the name of no file system"),
            ("FsType", "ext4 -o x", "the name of no file system"),
            ("Options", "ro, noatime", "separate options by commas"),
            ("Options", "noatime,remount", "of which remount mounts no device"),
            ("Options", "make-rshared", "of which make-rshared mounts no device"),
            ("FsckPolicy", "yes", "it can be none, preen or repair"),
            ("StopEscalation", "lazy", "it can be none, term or kill"),
            ("WriteTest", "2", "it can be 0 to 1"),
        ] {
            let mut parameters = vec![("Device", "/dev/sdb1"), ("MountPoint", "/srv/data")];
            parameters.retain(|(known, _)| *known != name);
            parameters.push((name, value));
            let refusal = Settings::read(&call(&parameters)).unwrap_err();
            assert!(refusal.reason.contains(expected), "{name}={value}: {}", refusal.reason);
        }
    }
}
