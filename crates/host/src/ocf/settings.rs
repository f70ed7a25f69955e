//! What a resource's private properties mean for its agent.
//!
//! Each parameter of the agent is a property, by its own name; beside them there are three of ours, how long an action may
//! take. Where an agent has a parameter of such a name, it is the agent's.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_types::description::{
    InstructionDescription, PropertyDescription, PropertyFormat, TypeDescription,
};
use mainstay_types::name::fold;
use mainstay_types::offer::{OCF_PREFIX, is_contained_agent};
use mainstay_types::order::Cause;
use serde::{Deserialize, Serialize};

use super::metadata::{Metadata, Parameter};
use crate::private::{Values, wrong};

/// How long an action may take for which the agent advises nothing.
const LIMIT_DEFAULT: Duration = Duration::from_secs(20);

/// Our properties, with the actions that they limit.
const LIMITS: [(&str, &str); 3] =
    [("StartTimeout", "start"), ("StopTimeout", "stop"), ("MonitorTimeout", "monitor")];

/// What an agent is told, and how long it may take.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Settings {
    /// Its parameters, by name; those alone that are set.
    pub(super) parameters: BTreeMap<String, String>,
    /// Milliseconds, by action.
    limits_ms: BTreeMap<String, u64>,
}

impl Settings {
    /// By what is set, of which any may be missing.
    pub(super) fn of(values: &Values, metadata: &Metadata) -> Self {
        let given = |name: &str| {
            let number = || values.number(name).map(|number| number.to_string());
            values.text(name).map(str::to_owned).or_else(number)
        };
        let parameters = metadata.parameters.iter();
        let limits = LIMITS.into_iter().filter(|(name, _)| is_ours(name, metadata));
        Settings {
            parameters: parameters.filter_map(|one| Some((one.name.clone(), given(&one.name)?))).collect(),
            limits_ms: limits
                .filter_map(|(name, action)| Some((action.to_owned(), values.number(name)?.into())))
                .collect(),
        }
    }

    /// Whether each value is what its parameter's values are.
    pub(super) fn check(&self, metadata: &Metadata) -> Result<(), Cause> {
        let given =
            |one: &&Parameter| self.parameters.get(&one.name).is_some_and(|value| !one.content.takes(value));
        metadata.parameters.iter().find(given).map_or(Ok(()), |one| {
            let value = self.parameters.get(&one.name).map_or("", String::as_str);
            Err(wrong(&one.name, format!("is '{value}'; it has to be {}", one.content.words())))
        })
    }

    /// How long an action may take.
    pub(super) fn limit(&self, action: &str, metadata: &Metadata) -> Duration {
        match self.limits_ms.get(action) {
            Some(limit_ms) => Duration::from_millis(*limit_ms),
            None => metadata.timeout(action).unwrap_or(LIMIT_DEFAULT),
        }
    }

    /// These parameters, with how actions are done, and how long they may take, by others.
    pub(super) fn done_as(self, other: Settings, metadata: &Metadata) -> Self {
        let is_of_action =
            |name: &String| metadata.parameters.iter().any(|one| one.is_of_action && one.name == *name);
        let own = self.parameters.into_iter().filter(|(name, _)| !is_of_action(name));
        let of_actions = other.parameters.into_iter().filter(|(name, _)| is_of_action(name));
        Settings { parameters: own.chain(of_actions).collect(), limits_ms: other.limits_ms }
    }

    /// The parameters that differ of what is started.
    pub(super) fn differences<'a>(
        &self,
        other: &Settings,
        metadata: &'a Metadata,
    ) -> impl Iterator<Item = &'a Parameter> + use<'a> {
        let differs = |one: &&Parameter| {
            !one.is_of_action && self.parameters.get(&one.name) != other.parameters.get(&one.name)
        };
        metadata.parameters.iter().filter(differs).collect::<Vec<_>>().into_iter()
    }
}

fn is_ours(name: &str, metadata: &Metadata) -> bool {
    !metadata.parameters.iter().any(|one| fold(&one.name) == fold(name))
}

/// The agent as a type, by what it says of itself.
pub(super) fn describe(provider: &str, kind: &str, metadata: &Metadata) -> TypeDescription {
    let name = format!("{OCF_PREFIX}{provider}:{kind}");
    let of_agent = |one: &Parameter| PropertyDescription {
        is_required: one.is_required,
        ..PropertyDescription::new(&one.name, PropertyFormat::Sz, &one.default, &one.text)
            .or(PropertyFormat::Dword)
    };
    let required = metadata.parameters.iter().filter(|one| one.is_required);
    let shown: Vec<String> = required.map(|one| format!(" --property {}=...", one.name)).collect();
    let described = TypeDescription {
        summary: metadata.summary.clone(),
        details: metadata.details.clone(),
        is_contained: is_contained_agent(provider, kind),
        properties: metadata.parameters.iter().map(of_agent).collect(),
        instructions: Vec::<InstructionDescription>::new(),
        example: format!("mainstay resource create NAME --group GROUP --type '{name}'{}", shown.concat()),
    };
    with_limits(described, metadata)
}

/// A type with our properties beside its agent's.
pub(super) fn with_limits(mut described: TypeDescription, metadata: &Metadata) -> TypeDescription {
    for (property, action) in LIMITS.into_iter().filter(|(property, _)| is_ours(property, metadata)) {
        let default_ms = metadata.timeout(action).unwrap_or(LIMIT_DEFAULT).as_millis().to_string();
        let text = format!("milliseconds until the agent's {action} is killed");
        let limit = PropertyDescription::new(property, PropertyFormat::Dword, &default_ms, &text);
        described.properties.push(limit);
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(parameters: &[(&str, bool)]) -> Metadata {
        let parameter = |(name, is_required): &(&str, bool)| Parameter {
            name: (*name).to_owned(),
            is_required: *is_required,
            ..Parameter::default()
        };
        Metadata { parameters: parameters.iter().map(parameter).collect(), ..Metadata::default() }
    }

    #[test]
    fn parameters_are_properties_and_limits_are_beside_them() {
        let described = describe("acme", "x", &metadata(&[("ip", true), ("stoptimeout", false)]));
        let names: Vec<&str> = described.properties.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["ip", "stoptimeout", "StartTimeout", "MonitorTimeout"]);
        assert_eq!(
            described.example,
            "mainstay resource create NAME --group GROUP --type 'ocf:acme:x' --property ip=..."
        );
    }

    #[test]
    fn how_an_action_is_done_is_what_is_set_then() {
        let mut metadata = metadata(&[("device", true), ("how", false)]);
        metadata.parameters[1].is_of_action = true;
        let settings = |device: &str, how: Option<&str>, limit_ms| Settings {
            parameters: [("device", Some(device)), ("how", how)]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
                .collect(),
            limits_ms: [("stop".to_owned(), limit_ms)].into(),
        };
        let started_with = settings("a", Some("gently"), 1);
        for how in [Some("hard"), None] {
            let set = settings("b", how, 2);
            assert_eq!(started_with.clone().done_as(set, &metadata), settings("a", how, 2));
        }
        let differing = |other: &Settings| started_with.differences(other, &metadata).count();
        assert_eq!(differing(&settings("a", None, 2)), 0);
        assert_eq!(differing(&settings("b", None, 2)), 1);
    }

    #[test]
    fn what_is_set_reaches_the_agent_as_text() {
        use mainstay_proplist::PropertyList;
        use mainstay_types::Name;
        let metadata = metadata(&[("port", false), ("ip", false)]);
        let described = describe("acme", "x", &metadata);
        let list = PropertyList::new().with("PORT", 5432u32).with("StopTimeout", 1500u32);
        let values = Values::default().with(&list, &Name::parse("ocf:acme:x").unwrap(), &described).unwrap();
        let settings = Settings::of(&values, &metadata);
        assert_eq!(settings.parameters, [("port".to_owned(), "5432".to_owned())].into());
        assert_eq!(settings.limit("stop", &metadata), Duration::from_millis(1500));
        assert_eq!(settings.limit("start", &metadata), LIMIT_DEFAULT);
        let changed: Vec<&str> =
            settings.differences(&Settings::default(), &metadata).map(|one| one.name.as_str()).collect();
        assert_eq!(changed, ["port"]);
    }
}
