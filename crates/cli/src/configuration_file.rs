//! The configuration as a TOML file: what it looks like, and nothing of what it means.
//!
//! ```toml
//! format = 1
//!
//! [group.web.properties]
//! Priority = 3000
//!
//! [resource.site]
//! type = "Generic Application"
//! group = "web"
//! depends_on = "([disk])"
//!
//! [resource.site.parameters]
//! CommandLine = "/usr/sbin/site"
//! ```

use std::collections::BTreeMap;

use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting};
use serde::{Deserialize, Serialize};

/// The version of what a file says.
const FORMAT: u32 = 1;

const HEAD: &str = "\
# The configuration of a Mainstay cluster. What is not written here is not set, or is a secret.
# 'mainstay cluster plan FILE' shows what would change, 'mainstay cluster apply FILE' changes it.
";

/// The largest file that is read, in bytes: what one call carries.
pub(crate) const FILE_LENGTH_MAX: u64 = 4 * 1024 * 1024;

/// How much of a line that is wrong is shown, in characters.
const LINE_SHOWN_MAX: usize = 80;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster: Option<Section>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    node: BTreeMap<String, Section>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    network: BTreeMap<String, Section>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    interface: BTreeMap<String, Section>,
    #[serde(default, rename = "type", skip_serializing_if = "BTreeMap::is_empty")]
    types: BTreeMap<String, Section>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    group_set: BTreeMap<String, Section>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    group: BTreeMap<String, Section>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    resource: BTreeMap<String, Section>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    type_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group_type: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    library: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group_set: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    depends_on: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    depends_on_sets: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    possible_owners: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preferred_owners: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, Setting>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, Setting>,
}

/// The file's text.
pub(crate) fn write(objects: &[ConfiguredObject]) -> Result<String, String> {
    let mut file = File { format: FORMAT, ..File::default() };
    for object in objects {
        let (kind, name, section) = Section::of(object.clone());
        match kind {
            ConfiguredKind::Cluster => file.cluster = Some(section),
            ConfiguredKind::Node => drop(file.node.insert(name, section)),
            ConfiguredKind::Network => drop(file.network.insert(name, section)),
            ConfiguredKind::NetworkInterface => drop(file.interface.insert(name, section)),
            ConfiguredKind::Type => drop(file.types.insert(name, section)),
            ConfiguredKind::GroupSet => drop(file.group_set.insert(name, section)),
            ConfiguredKind::Group => drop(file.group.insert(name, section)),
            ConfiguredKind::Resource => drop(file.resource.insert(name, section)),
        }
    }
    let text = toml::to_string(&file).map_err(|error| error.to_string())?;
    Ok(format!("{HEAD}{text}"))
}

/// The objects that a file names. What is wrong is told in one line, with its place.
pub(crate) fn read(text: &str) -> Result<Vec<ConfiguredObject>, String> {
    let file: File = toml::from_str(text).map_err(|error| placed(text, &error))?;
    if file.format != FORMAT {
        return Err(format!("it has format {}, this program knows {FORMAT}", file.format));
    }
    let mut objects = Vec::new();
    objects.extend(file.cluster.map(|section| section.object(ConfiguredKind::Cluster, String::new())));
    for (kind, sections) in [
        (ConfiguredKind::Node, file.node),
        (ConfiguredKind::Network, file.network),
        (ConfiguredKind::NetworkInterface, file.interface),
        (ConfiguredKind::Type, file.types),
        (ConfiguredKind::GroupSet, file.group_set),
        (ConfiguredKind::Group, file.group),
        (ConfiguredKind::Resource, file.resource),
    ] {
        objects.extend(sections.into_iter().map(|(name, section)| section.object(kind, name)));
    }
    Ok(objects)
}

/// `line 3, column 12: what is wrong, in 'Priority = -1'`.
fn placed(text: &str, error: &toml::de::Error) -> String {
    let reason = error.message().trim().replace('\n', ", ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return reason };
    let begin = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    let column = text[begin..before.len()].chars().count() + 1;
    let whole = text[begin..].lines().next().unwrap_or_default().trim();
    let shown: String = whole.chars().take(LINE_SHOWN_MAX).collect();
    match shown.is_empty() {
        true => format!("line {line}, column {column}: {reason}"),
        false => format!("line {line}, column {column}: {reason}, in '{shown}'"),
    }
}

impl Section {
    fn of(object: ConfiguredObject) -> (ConfiguredKind, String, Self) {
        let ConfiguredObject {
            kind,
            name,
            type_name,
            group,
            group_type,
            preferred_owners,
            display_name,
            library,
            group_set,
            depends_on,
            depends_on_sets,
            possible_owners,
            properties,
            parameters,
        } = object;
        let section = Section {
            type_name,
            group,
            group_type,
            display_name,
            library,
            group_set,
            depends_on,
            depends_on_sets,
            possible_owners,
            preferred_owners,
            properties,
            parameters,
        };
        (kind, name, section)
    }

    fn object(self, kind: ConfiguredKind, name: String) -> ConfiguredObject {
        let Section {
            type_name,
            group,
            group_type,
            display_name,
            library,
            group_set,
            depends_on,
            depends_on_sets,
            possible_owners,
            preferred_owners,
            properties,
            parameters,
        } = self;
        ConfiguredObject {
            kind,
            name,
            type_name,
            group,
            group_type,
            preferred_owners,
            display_name,
            library,
            group_set,
            depends_on,
            depends_on_sets,
            possible_owners,
            properties,
            parameters,
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::configuration::TypedSetting;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut resource = ConfiguredObject::new(ConfiguredKind::Resource, "a \"b\".c");
        resource.type_name = Some("Generic Application".into());
        resource.group = Some("g".into());
        resource.depends_on = "([x] or [y])".into();
        resource.possible_owners = Some(Vec::new());
        for (name, value) in [
            ("Number", Setting::Number(u32::MAX)),
            ("Text", Setting::Text("two\nlines".into())),
            ("List", Setting::List(vec!["a".into(), "b c".into()])),
            ("None", Setting::List(Vec::new())),
            ("Qword", Setting::Typed(TypedSetting::Qword(u64::MAX.to_string()))),
            ("Bytes", Setting::Typed(TypedSetting::Binary("00ff".into()))),
            ("Variables", Setting::Typed(TypedSetting::Expand("%HOME%".into()))),
        ] {
            resource.parameters.insert(name.into(), value);
        }
        let mut set = ConfiguredObject::new(ConfiguredKind::GroupSet, "s");
        set.depends_on = "([t])".into();
        let mut group = ConfiguredObject::new(ConfiguredKind::Group, "g");
        (group.group_set, group.depends_on) = (Some("s".into()), "([h])".into());
        group.depends_on_sets = "([t] or [u])".into();
        let objects = [set, group, resource];
        let text = write(&objects).unwrap();
        assert_eq!(read(&text).unwrap(), objects, "{text}");
        assert!(
            text.contains("Qword = { qword = \"18446744073709551615\" }") || text.contains("qword"),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for (text, part) in [
            ("", "missing field `format`"),
            ("format = 2", "format 2"),
            ("format = 1\n[group.g]\nprio = 3", "line 3, column 1: unknown field `prio`"),
            ("format = 1\n[group.g.properties]\n\"ä\" = -1", "line 3, column 7: a value is a number"),
            ("format = 1\n[group.g.properties]\nPriority = -1", "in 'Priority = -1'"),
            ("format = 1\n[resource]\nx = 1", "line 3, column 5: "),
            ("format = 1\ngroups=...\n", "line 2, column 8: "),
            ("format = ", "line 1, column 10: "),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains('\n'), "{text}: {error}");
        }
    }
}
