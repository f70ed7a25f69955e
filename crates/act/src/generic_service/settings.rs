//! What the properties of a service mean.

use crate::call::{Call, Refusal};

/// Where the system's systemd is.
pub(super) const BUS_DEFAULT: &str = "unix:path=/run/dbus/system_bus_socket";

/// Longer names no unit has.
const NAME_LENGTH_MAX: usize = 255;

/// What may be active for a long time, and inactive when it is stopped.
const KINDS: [&str; 5] = ["service", "socket", "timer", "path", "target"];

/// A service, as it is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Settings {
    /// The unit's whole name.
    pub(super) unit: String,
    /// The address of a bus.
    pub(super) bus: String,
}

impl Settings {
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        let unit = unit(call.required("ServiceName")?)?;
        let bus = call.text("Bus").unwrap_or(BUS_DEFAULT).to_owned();
        if !bus.starts_with("unix:") {
            let text = format!("is '{bus}'; systemd is on this node, at unix:path=...");
            return Err(Refusal::wrong("Bus", text));
        }
        Ok(Settings { unit, bus })
    }
}

/// The whole name of a unit that can be started: `nginx` is `nginx.service`.
fn unit(text: &str) -> Result<String, Refusal> {
    let wrong = |what: &str| Err(Refusal::wrong("ServiceName", format!("is '{text}', {what}")));
    let is_of_names = |letter: char| letter.is_ascii_alphanumeric() || ":-_.\\@".contains(letter);
    if text.len() > NAME_LENGTH_MAX || !text.chars().all(is_of_names) {
        return wrong("which is the name of no unit; 'systemctl list-unit-files' lists them");
    }
    let (name, kind) = match text.rsplit_once('.') {
        Some((name, kind)) if KINDS.contains(&kind) => (name, kind),
        Some((_, kind)) if OTHER_KINDS.contains(&kind) => {
            return wrong(&format!("which cannot be a resource; it can be a {}", KINDS.join(", ")));
        }
        _ => (text, KINDS[0]),
    };
    match name {
        "" | "@" => wrong("which lacks the unit's name"),
        template if template.ends_with('@') => {
            wrong(&format!("which is a template; name an instance, as {template}one.{kind}"))
        }
        name => Ok(format!("{name}.{kind}")),
    }
}

/// Units of these kinds are somebody else's business: what they do another resource type does, or nobody can.
const OTHER_KINDS: [&str; 6] = ["mount", "automount", "swap", "slice", "scope", "device"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_units() {
        for (text, expected) in [
            ("nginx", Ok("nginx.service")),
            ("nginx.service", Ok("nginx.service")),
            ("postgresql@15-main", Ok("postgresql@15-main.service")),
            ("a.b", Ok("a.b.service")),
            ("db.socket", Ok("db.socket")),
            ("srv.mount", Err("cannot be a resource")),
            ("postgresql@", Err("name an instance, as postgresql@one.service")),
            (".service", Err("lacks the unit's name")),
            ("a b", Err("the name of no unit")),
            ("../a", Err("the name of no unit")),
            ("-a/x", Err("the name of no unit")),
        ] {
            match (unit(text), expected) {
                (Ok(name), Ok(expected)) => assert_eq!(name, expected),
                (Err(refusal), Err(expected)) => {
                    assert!(refusal.reason.contains(expected), "{}", refusal.reason);
                }
                (found, expected) => panic!("{text}: {found:?}, {expected:?}"),
            }
        }
        assert!(unit(&"a".repeat(256)).is_err());
    }
}
