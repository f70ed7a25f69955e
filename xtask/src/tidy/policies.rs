//! The rule that only the engine decides: who carries out, hosts, guards or carries messages does not know what a policy
//! is configured to.
//!
//! It sees policies by the properties that configure them. A number of somebody's own, or a decision by what is seen, has
//! no such name: that is left to whoever reads.

use super::Breach;
use super::crates::directory_of;

/// Rooms that know these properties for a reason; every other one below `crates/` does not. The engine decides by them;
/// `types` has the tables of all properties; `sim` writes and reads scenarios, which set them; `cli` names them in what it
/// says to people; `clusapi` compiles what programs in C expect of a server.
const KNOWS: &[&str] = &["engine", "types", "sim", "cli", "clusapi"];

/// Properties by which something happens, or does not, without anybody asking.
const POLICIES: &[&str] = &[
    "RestartAction",
    "RestartThreshold",
    "RestartPeriod",
    "RestartDelay",
    "RetryPeriodOnFailure",
    "EmbeddedFailureAction",
    "FailoverThreshold",
    "FailoverPeriod",
    "AutoFailbackType",
    "FailbackWindow",
    "PersistentState",
    "IgnorePersistentStateOnStartup",
    "ColdStartSetting",
    "GroupStartDelay",
    "GroupDependencyTimeout",
    "StartupSetting",
    "StartupCount",
    "StartupDelay",
    "AntiAffinityClassNames",
    "ClusterEnforcedAntiAffinity",
    "LockedFromMoving",
    "DeclaredMemoryMib",
    "DeclaredCpuPercent",
    "MemoryCapacityMib",
    "CpuCapacityPercent",
    "StartsAtOncePer",
    "MovesAtOncePer",
    "QuarantineThreshold",
    "QuarantineDuration",
];

/// Checks one file: its code, without comments and tests.
pub(super) fn check(name: &str, text: &str) -> Vec<Breach> {
    let is_asked = directory_of(name).is_some_and(|room| !KNOWS.contains(&room));
    if !is_asked || !name.contains("/src/") || !name.ends_with(".rs") || is_test(name) {
        return Vec::new();
    }
    let policies: Vec<(&str, String)> = POLICIES.iter().map(|policy| (*policy, folded(policy))).collect();
    let mut breaches = Vec::new();
    for (index, line) in code(text) {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(folded);
        for word in words.filter(|word| !word.is_empty()) {
            if let Some((policy, _)) = policies.iter().find(|(_, folded)| word.starts_with(folded)) {
                let what = format!("{policy} is a policy, and policies live in the engine only");
                breaches.push(Breach { file: name.to_owned(), line: index + 1, what });
            }
        }
    }
    breaches
}

/// The lines that are neither comments nor the tests at a file's end, with their places.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let begins_tests =
        |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    let end = lines.windows(2).position(begins_tests).unwrap_or(lines.len());
    lines.into_iter().take(end).enumerate().map(|(index, line)| {
        let is_comment = line.trim_start().starts_with("//");
        (index, if is_comment { "" } else { line.split(" // ").next().unwrap_or(line) })
    })
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("tests.rs")
}

/// As it is compared: `RestartDelay`, `restart_delay` and `RESTART_DELAY` are the same.
fn folded(word: &str) -> String {
    word.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_engine_knows_policies() {
        let cases = [
            ("crates/service/src/core.rs", "if key.dword(\"RestartThreshold\") > 3 {", 1),
            ("crates/host/src/driver.rs", "const RESTART_DELAY_MS: u64 = 500;", 1),
            ("crates/guard/src/core.rs", "let x = self.persistent_state == Some(true);", 1),
            ("crates/guard/src/core.rs", "if a.anti_affinity_class_names.any(b) || locked_from_moving {", 2),
            ("crates/attic/src/lib.rs", "fn next_restart_delay() {}", 0),
            (
                "crates/service/src/core.rs",
                "/// See `RestartThreshold`.\nlet a = 1; // RestartDelay acts\n",
                0,
            ),
            ("crates/service/src/core.rs", "#[cfg(test)]\nmod tests {\n \"RestartThreshold\"\n}", 0),
            (
                "crates/service/src/core.rs",
                "#[cfg(test)]\nmod tests;\n\nconst A: &str = \"RestartThreshold\";",
                1,
            ),
            ("crates/store/src/registry/tests.rs", "\"PersistentState\"", 0),
            ("crates/store/examples/a.rs", "\"PersistentState\"", 0),
            ("crates/engine/src/policy/restart.rs", "\"RestartThreshold\"", 0),
            ("crates/service/README.md", "RestartThreshold", 0),
            ("tests/src/lib.rs", "\"RestartThreshold\"", 0),
        ];
        for (name, text, expected) in cases {
            assert_eq!(check(name, text).len(), expected, "{name}: {text}");
        }
    }

    #[test]
    fn every_policy_is_a_property() {
        let tables = [
            include_str!("../../../crates/types/src/property/cluster.rs"),
            include_str!("../../../crates/types/src/property/group.rs"),
            include_str!("../../../crates/types/src/property/group_set.rs"),
            include_str!("../../../crates/types/src/property/node.rs"),
            include_str!("../../../crates/types/src/property/resource.rs"),
        ];
        for policy in POLICIES {
            assert!(tables.iter().any(|table| table.contains(&format!("\"{policy}"))), "{policy}");
        }
    }
}
