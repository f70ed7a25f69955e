//! The configuration as data: what `mainstay cluster export` writes, and what a change of the configuration was.
//!
//! Plain words. What is read from them and done with them is the engine's.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Status;
use crate::name::fold;

/// The kind of an object that has a configuration. In the order in which objects are made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfiguredKind {
    /// The cluster itself; its name is empty.
    Cluster,
    /// A node.
    Node,
    /// A network.
    Network,
    /// A network interface.
    NetworkInterface,
    /// A resource type.
    Type,
    /// A group set.
    GroupSet,
    /// A group.
    Group,
    /// A resource.
    Resource,
}

impl ConfiguredKind {
    /// The word by which it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Node => "node",
            Self::Network => "network",
            Self::NetworkInterface => "network interface",
            Self::Type => "type",
            Self::GroupSet => "group set",
            Self::Group => "group",
            Self::Resource => "resource",
        }
    }
}

impl fmt::Display for ConfiguredKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A value that is set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a value is a number from 0 to 4294967295, a text, a list of texts, or a table with its format: \
                 binary, qword or expand"
)]
pub enum Setting {
    /// A number of 32 bits.
    Number(u32),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// Anything else, by the word of its format.
    Typed(TypedSetting),
}

/// A value whose format has to be said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypedSetting {
    /// Bytes in hexadecimal.
    Binary(String),
    /// A number of 64 bits in decimal: more than every reader of such files takes.
    Qword(String),
    /// A text with `%variables%`.
    Expand(String),
    /// So many bytes, which were too many to be kept.
    Cut(u64),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(texts) => write!(f, "{texts:?}"),
            Self::Typed(TypedSetting::Binary(digits)) => write!(f, "binary {digits}"),
            Self::Typed(TypedSetting::Qword(digits)) => f.write_str(digits),
            Self::Typed(TypedSetting::Expand(text)) => write!(f, "expand {text:?}"),
            Self::Typed(TypedSetting::Cut(bytes)) => write!(f, "a value of {bytes} bytes"),
        }
    }
}

/// One object with everything that is set of it. What is not set is not there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguredObject {
    /// Which kind.
    pub kind: ConfiguredKind,
    /// Its name; empty for the cluster.
    pub name: String,
    /// A resource's type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// A resource's group, by name. A caller may give its id; a document never has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A group's type, where it is not 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_type: Option<u32>,
    /// The nodes that a group prefers, by name, the best first; `None` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_owners: Option<Vec<String>>,
    /// How a type is shown, where that is not its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A type's shared library; `None` for a type that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// The group set that a group is in, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_set: Option<String>,
    /// What it needs, as an expression of names; empty for none. A resource names resources, a group names groups, a
    /// group set names group sets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub depends_on: String,
    /// The group sets that a group depends on, as an expression of names; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub depends_on_sets: String,
    /// The nodes that may own a resource, by name; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub possible_owners: Option<Vec<String>>,
    /// Common properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Setting>,
    /// Private properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Setting>,
}

impl ConfiguredObject {
    /// An object of which nothing is set.
    pub fn new(kind: ConfiguredKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            type_name: None,
            group: None,
            group_type: None,
            preferred_owners: None,
            display_name: None,
            library: None,
            group_set: None,
            depends_on: String::new(),
            depends_on_sets: String::new(),
            possible_owners: None,
            properties: BTreeMap::new(),
            parameters: BTreeMap::new(),
        }
    }

    /// What tells it from all others.
    pub fn identity(&self) -> (ConfiguredKind, String) {
        (self.kind, fold(&self.name))
    }
}

/// What a step does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepAction {
    /// Makes an object.
    Create,
    /// Changes one.
    Change,
    /// Deletes one.
    Delete,
}

/// One step from one configuration to another: one object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    pub action: StepAction,
    /// The object as it is to be; for a deletion, as it is.
    pub object: ConfiguredObject,
    /// What is different.
    pub differences: Vec<SettingDifference>,
    /// Why it cannot be done now, with the way out; `None` as far as nothing speaks against it.
    pub refused: Option<String>,
    /// The number of that refusal.
    #[serde(default)]
    pub status: Option<Status>,
    /// Whether taking the object offline would be the way out.
    pub needs_offline: bool,
    /// What cannot be known before it is done.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// One difference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SettingDifference {
    /// What: `depends_on`, `properties.Priority`, `parameters.CommandLine`.
    pub what: String,
    /// What it is; `None` where it is not set.
    pub before: Option<Setting>,
    /// What it is to be.
    pub after: Option<Setting>,
}

/// What an operation changed in the cluster registry, for the history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RegistryChange {
    /// The key's folded path.
    pub path: String,
    /// The value's name; `None` for the key itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What it was; `None` where it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Setting>,
    /// What it became; `None` where it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Setting>,
}

/// Whether a property of this name holds a secret, which is never written into a file or a history.
///
/// By its name: nothing else tells.
pub fn is_secret(property: &str) -> bool {
    const WORDS: [&str; 6] = ["password", "passwd", "passphrase", "secret", "credential", "privatekey"];
    let folded = fold(property).replace(['_', '-', ' '], "");
    let folded = folded.to_lowercase();
    WORDS.iter().any(|word| folded.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in ["Password", "admin_passwd", "Private-Key", "ClientSecret"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["CommandLine", "Key", "Pass", "Description"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
