//! Rules about crates: on which floor each one stands, and how it begins.

use toml::{Table, Value};

use super::Breach;
use crate::Result;

/// Every room and its floor. An arrow goes to a lower floor only.
const FLOORS: &[(&str, u32)] = &[
    ("types", 1),
    ("ndr", 1),
    ("ndr-derive", 1),
    ("proplist", 2),
    ("security", 2),
    ("store", 2),
    ("peer", 2),
    ("rpc", 2),
    ("cmrp", 2),
    ("ipc", 2),
    ("process", 2),
    ("rtnetlink", 2),
    ("act", 3),
    ("engine", 3),
    ("host", 3),
    ("host-foreign", 3),
    ("resutils", 3),
    ("guard", 3),
    ("client", 3),
    ("service", 4),
    ("clusapi", 4),
    ("cli", 4),
    ("sim", 4),
];

/// The arrows that stay on their floor, each for a reason.
const SAME_FLOOR: &[(&str, &str)] = &[
    // A derive belongs to its traits.
    ("ndr", "ndr-derive"),
    // Who is at the other end is a property of a connection.
    ("rpc", "peer"),
    // A library by the C tables is driven as every other resource type, and calls the helpers.
    ("host-foreign", "host"),
    ("host-foreign", "resutils"),
    // What an agent of our own is, the host has to know before it is run.
    ("host", "act"),
];

/// The C faces reach the cluster through one room only.
const ONLY_THROUGH: &[(&str, &[&str])] =
    &[("clusapi", &["client", "resutils", "types", "proplist"]), ("cli", &["client", "types", "proplist"])];

/// What the engine must not even be able to reach: async, sockets, files, clocks, threads, random numbers.
const NOT_IN_ENGINE: &[&str] =
    &["tokio", "rustix", "libc", "rusqlite", "getrandom", "rand", "parking_lot", "tempfile", "jiff"];

/// The crates that call or are called by C, or make processes; every other one forbids unsafe code.
const UNSAFE_ALLOWED: &[&str] = &["clusapi", "resutils", "host-foreign", "process"];

const FORBID: &str = "#![forbid(unsafe_code)]";
const DENY: &str = "#![deny(unsafe_code)]";

/// Crates that deny unsafe code as a whole and allow it in one place, each for a reason.
const UNSAFE_IN_ONE_PLACE: &[&str] = &[
    // SO_PEERGROUPS has no safe wrapper.
    "peer", // The address of a link, by which frames are sent, has none either.
    "act",  // A test of power cuts stands between SQLite and its files.
    "store",
];

/// The directory below `crates/` that a file is in.
pub(super) fn directory_of(name: &str) -> Option<&str> {
    name.strip_prefix("crates/")?.split('/').next()
}

/// Checks what a crate's manifest depends on.
pub(super) fn check_manifest(name: &str, text: &str) -> Result<Vec<Breach>> {
    let manifest: Table = text.parse().map_err(|error| format!("{name}: {error}"))?;
    let room = directory_of(name).unwrap_or_default();
    let mut breaches = Vec::new();
    let mut breach = |what: String| breaches.push(Breach::of_file(name, what));

    if manifest.get("lints").and_then(|lints| lints.get("workspace")) != Some(&Value::Boolean(true)) {
        breach("the workspace's lints are not taken over".to_owned());
    }
    let Some(floor) = floor(room) else {
        breach(format!("{room} stands on no floor; give it one in xtask/src/tidy/crates.rs"));
        return Ok(breaches);
    };
    for (section, dependency) in dependencies(&manifest) {
        if room == "engine" && NOT_IN_ENGINE.contains(&dependency.as_str()) {
            breach(format!("the engine touches nothing, so it cannot depend on {dependency}"));
        }
        let Some(other) = dependency.strip_prefix("mainstay-") else { continue };
        match self::floor(other) {
            None => breach(format!("{dependency} is no room")),
            Some(lower) if lower < floor => {}
            Some(_) if other == room || SAME_FLOOR.contains(&(room, other)) => {}
            Some(_) => breach(format!("an arrow that does not go down: {room} depends on {other}")),
        }
        let only = ONLY_THROUGH.iter().find(|(face, _)| *face == room);
        if let Some((_, doors)) = only
            && section == "dependencies"
            && !doors.contains(&other)
        {
            breach(format!("{room} reaches the cluster through client only, not through {other}"));
        }
    }
    Ok(breaches)
}

/// Checks how a crate begins.
pub(super) fn check_root(name: &str, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if !text.starts_with("//! ") {
        breaches.push(Breach::of_file(name, "a crate begins with a comment (//!) that says what it owns"));
    }
    let Some(room) = directory_of(name) else { return breaches };
    if name.ends_with("/lib.rs") {
        let has = |attribute: &str| text.lines().any(|line| line == attribute);
        let expected = match room {
            _ if UNSAFE_ALLOWED.contains(&room) => None,
            _ if UNSAFE_IN_ONE_PLACE.contains(&room) => Some(DENY),
            _ => Some(FORBID),
        };
        if let Some(attribute) = expected
            && !has(attribute)
        {
            breaches.push(Breach::of_file(name, format!("{attribute} is missing")));
        }
        for stricter in [DENY, FORBID].into_iter().filter(|stricter| has(stricter)) {
            if expected != Some(stricter) {
                let what = format!("has {stricter}; correct the lists in xtask/src/tidy/crates.rs");
                breaches.push(Breach::of_file(name, what));
            }
        }
    }
    breaches
}

fn floor(room: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// All dependencies with the section that names them, those of single platforms too.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String)> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let tables = platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(tables) {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = table.get(section).and_then(Value::as_table).into_iter().flat_map(Table::keys);
            found.extend(names.map(|name| (section, name.clone())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The breaches of a manifest of `room` with these sections.
    #[track_caller]
    fn check(room: &str, sections: &str, expected: &[&str]) {
        let text = format!("[package]\nname = \"x\"\n[lints]\nworkspace = true\n{sections}");
        let breaches = check_manifest(&format!("crates/{room}/Cargo.toml"), &text).unwrap();
        let whats: Vec<&str> = breaches.iter().map(|breach| breach.what.as_str()).collect();
        assert_eq!(whats, expected);
    }

    #[test]
    fn arrows_go_down() {
        check("engine", "[dependencies]\nmainstay-store.workspace = true\nserde = \"1\"", &[]);
        check("host-foreign", "[dependencies]\nmainstay-host.workspace = true", &[]);
        check(
            "engine",
            "[dev-dependencies]\nmainstay-host.workspace = true",
            &["an arrow that does not go down: engine depends on host"],
        );
        check(
            "store",
            "[target.'cfg(unix)'.dependencies]\nmainstay-service.workspace = true",
            &["an arrow that does not go down: store depends on service"],
        );
        check("attic", "", &["attic stands on no floor; give it one in xtask/src/tidy/crates.rs"]);
    }

    #[test]
    fn the_engine_touches_nothing_and_the_c_face_knows_the_client_only() {
        check(
            "engine",
            "[dependencies]\ntokio = \"1\"",
            &["the engine touches nothing, so it cannot depend on tokio"],
        );
        check(
            "clusapi",
            "[dependencies]\nmainstay-cmrp.workspace = true",
            &["clusapi reaches the cluster through client only, not through cmrp"],
        );
    }

    #[test]
    fn unsafe_code_is_forbidden_but_where_it_is_needed() {
        let cases = [
            ("crates/engine/src/lib.rs", "//! E.\n#![forbid(unsafe_code)]\n", 0),
            ("crates/engine/src/lib.rs", "//! E.\n", 1),
            ("crates/engine/src/lib.rs", "mod a;\n", 2),
            ("crates/process/src/lib.rs", "//! P.\n", 0),
            ("crates/process/src/lib.rs", "//! P.\n#![forbid(unsafe_code)]\n", 1),
            ("crates/peer/src/lib.rs", "//! P.\n#![deny(unsafe_code)]\n", 0),
            ("crates/peer/src/lib.rs", "//! P.\n", 1),
            ("crates/engine/src/lib.rs", "//! E.\n#![deny(unsafe_code)]\n", 2),
            ("crates/service/src/main.rs", "//! S.\n", 0),
            ("xtask/src/main.rs", "fn main() {}\n", 1),
        ];
        for (name, text, expected) in cases {
            assert_eq!(check_root(name, text).len(), expected, "{name}: {text}");
        }
    }
}
