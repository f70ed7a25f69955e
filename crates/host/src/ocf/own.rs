//! The agents of our own: what they are is known without asking them.

use mainstay_act::{AGENTS, OwnAgent};
use mainstay_types::Name;
use mainstay_types::description::PropertyDescription;
use mainstay_types::name::fold;

use super::metadata::{ActionAdvice, Content, Metadata, Parameter};

/// Their OCF_RESOURCE_PROVIDER.
pub(super) const PROVIDER: &str = "mainstay";

/// The one that is this type.
pub(super) fn named(name: &Name) -> Option<&'static OwnAgent> {
    AGENTS.iter().find(|known| fold(known.name) == name.folded())
}

/// What it would say of itself.
pub(super) fn metadata(own: &OwnAgent) -> Metadata {
    let described = (own.describe)();
    let parameter = |property: PropertyDescription| Parameter {
        is_of_action: own.of_actions.contains(&property.name.as_str()),
        name: property.name,
        is_required: property.is_required,
        is_reloadable: false,
        default: property.default,
        text: property.text,
        // Its format says what it takes.
        content: Content::Any,
    };
    let advice = own.actions.iter().map(|advice| ActionAdvice {
        name: advice.action.to_owned(),
        timeout: Some(advice.timeout),
        interval: Some(advice.interval),
        depth: advice.level,
    });
    Metadata {
        summary: described.summary,
        details: described.details,
        parameters: described.properties.into_iter().map(parameter).collect(),
        actions: advice.collect(),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::offer::BUILT_IN;

    use super::*;

    #[test]
    fn all_are_built_in_types_and_say_so_in_the_same_way() {
        for own in AGENTS {
            let known = BUILT_IN.iter().find(|known| known.name == own.name).unwrap();
            assert!(!known.has_own_host && !known.is_found_again, "{}", own.name);
            assert_eq!(known.is_contained, (own.describe)().is_contained, "{}", own.name);
            let described = (own.describe)();
            assert!(own.of_actions.iter().all(|name| described.property(name).is_some()), "{}", own.name);
            assert!(["start", "stop", "monitor"].iter().all(|action| metadata(own).has(action)));
        }
    }
}
