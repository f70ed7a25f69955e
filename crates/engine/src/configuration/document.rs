//! The configuration as a document, and the steps from one document to another.
//!
//! Reads the registry, changes nothing. What a step does to the cluster is [`super::configure`]'s.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use mainstay_store::registry::{Key, KeyPath, Value};
use mainstay_types::configuration::{
    ConfiguredKind, ConfiguredObject, Setting, SettingDifference, Step, StepAction, TypedSetting, is_secret,
};
use mainstay_types::name::fold;
use mainstay_types::property::{GROUP_TYPE_UNKNOWN, UNTIL_BOOT};
use mainstay_types::{Name, NodeId, ObjectId, ResourceId, ResourceState, Status};
use uuid::Uuid;

use super::common_table;
use crate::error::{Refusal, RequestError};
use crate::model::expression::{Expression, Named};
use crate::model::{Model, layout};
use crate::view::View;

impl View<'_> {
    /// Everything that is configured, in the order in which it is made: by kind, then by name.
    ///
    /// # Errors
    ///
    /// Something that is stored cannot be read.
    pub fn configuration(self) -> Result<Vec<ConfiguredObject>, Refusal> {
        let model = self.model();
        let mut objects = vec![configured(model, &ObjectId::Cluster)?];
        let nodes = model.nodes().map(|node| ObjectId::Node(node.id));
        let types = model.resource_types().map(|found| ObjectId::ResourceType(found.name.clone()));
        let groups = model.groups().map(|group| ObjectId::Group(group.id));
        let resources = model.resources().map(|resource| ObjectId::Resource(resource.id));
        let sets = model.group_sets().map(|set| ObjectId::GroupSet(set.id));
        let networks = model.networks().map(|network| ObjectId::Network(network.id));
        let interfaces = model.interfaces().map(|found| ObjectId::NetworkInterface(found.id));
        let nodes = nodes.chain(networks).chain(interfaces);
        for object in nodes.chain(types).chain(sets).chain(groups).chain(resources) {
            objects.push(configured(model, &object)?);
        }
        // What is always there and of which nothing is set has nothing to say.
        objects.retain(|object| !is_always_there(object) || *object != bare(object));
        objects.sort_by_key(ConfiguredObject::identity);
        Ok(objects)
    }

    /// The steps that make the configuration what is wanted, in the order in which they can be done: objects are made
    /// and changed before others are deleted, providers before what needs them.
    ///
    /// # Errors
    ///
    /// What is wanted names an object twice.
    pub fn plan_configuration(self, wanted: &[ConfiguredObject]) -> Result<Vec<Step>, Refusal> {
        let current = self.configuration()?;
        let by_identity = |objects: &[ConfiguredObject]| -> BTreeMap<_, _> {
            objects.iter().map(|object| (object.identity(), object.clone())).collect()
        };
        let (there, named) = (by_identity(&current), by_identity(wanted));
        if named.len() != wanted.len() {
            let allowed = "name each object once; names are compared without regard to case".to_owned();
            return Err(RequestError::Value {
                what: "configuration",
                value: "with one twice".into(),
                allowed,
            }
            .into());
        }
        let mut steps = Vec::new();
        for object in in_order(named.values()) {
            let step = match there.get(&object.identity()) {
                Some(known) => changing(known, object),
                None if is_always_there(object) => {
                    let mut known = bare(object);
                    known.name.clone_from(&object.name);
                    changing(&known, object).map(|step| self.missing(object, step))
                }
                None => Some(creating(object)),
            };
            steps.extend(step);
        }
        let gone = there.iter().filter(|(identity, _)| !named.contains_key(*identity));
        let gone: Vec<&ConfiguredObject> = gone.map(|(_, object)| object).collect();
        for object in gone.iter().filter(|object| is_always_there(object)) {
            steps.extend(changing(object, &bare(object)));
        }
        let deleted: Vec<&ConfiguredObject> =
            gone.into_iter().filter(|object| !is_always_there(object)).collect();
        for object in in_order(deleted.into_iter()).into_iter().rev() {
            steps.push(self.deleting(object));
        }
        Ok(steps)
    }

    /// The same step, refused where its object is one that no document makes and is not there.
    fn missing(self, object: &ConfiguredObject, step: Step) -> Step {
        let (status, list) = match object.kind {
            ConfiguredKind::Node => (Status::CLUSTER_NODE_NOT_FOUND, "mainstay node list"),
            ConfiguredKind::Network => (Status::CLUSTER_NETWORK_NOT_FOUND, "mainstay network list"),
            ConfiguredKind::NetworkInterface => {
                (Status::CLUSTER_NETINTERFACE_NOT_FOUND, "mainstay interface list")
            }
            _ => return step,
        };
        if self.object_named(object.kind, &object.name).is_some() {
            return step;
        }
        let (kind, name) = (object.kind, &object.name);
        let why =
            format!("there is no {kind} '{name}', and none can be made so; '{list}' shows those there are");
        Step { refused: Some(why), status: Some(status), ..step }
    }

    fn deleting(self, object: &ConfiguredObject) -> Step {
        let state = match object.kind {
            ConfiguredKind::Resource => {
                self.find_resource(&object.name).and_then(|id| self.resource_state(id))
            }
            _ => None,
        };
        let is_up = state.filter(|state| {
            !matches!(state, ResourceState::Offline | ResourceState::Failed | ResourceState::Initializing)
        });
        let refused = is_up.map(|state| {
            format!("resource '{}' is {state}; take it offline first, or let the apply do it", object.name)
        });
        Step {
            action: StepAction::Delete,
            object: object.clone(),
            differences: differences(object, &bare(object)),
            needs_offline: refused.is_some(),
            status: refused.is_some().then_some(Status::INVALID_STATE),
            refused,
            notes: Vec::new(),
        }
    }
}

/// What is not made and not deleted by a document: the cluster, nodes, what is found of networks, types that are built in.
fn is_always_there(object: &ConfiguredObject) -> bool {
    match object.kind {
        ConfiguredKind::Cluster
        | ConfiguredKind::Node
        | ConfiguredKind::Network
        | ConfiguredKind::NetworkInterface => true,
        ConfiguredKind::Type => object.library.is_none(),
        ConfiguredKind::GroupSet | ConfiguredKind::Group | ConfiguredKind::Resource => false,
    }
}

/// The same object with nothing set.
pub(super) fn bare(object: &ConfiguredObject) -> ConfiguredObject {
    ConfiguredObject::new(object.kind, object.name.clone())
}

fn creating(object: &ConfiguredObject) -> Step {
    Step {
        action: StepAction::Create,
        object: object.clone(),
        differences: differences(&bare(object), object),
        refused: None,
        status: None,
        needs_offline: false,
        notes: Vec::new(),
    }
}

fn changing(known: &ConfiguredObject, wanted: &ConfiguredObject) -> Option<Step> {
    let differences = to_change(known, wanted);
    if differences.is_empty() {
        return None;
    }
    let (kind, name) = (wanted.kind, &wanted.name);
    let fixed = differences.iter().find(|found| is_kept(&found.what));
    let refused = fixed.map(|found| {
        format!(
            "{kind} '{name}' keeps its {}; delete it and apply again, or give the new one another name",
            found.what
        )
    });
    Some(Step {
        action: StepAction::Change,
        object: wanted.clone(),
        differences,
        status: refused.is_some().then_some(Status::INVALID_PARAMETER),
        refused,
        needs_offline: false,
        notes: Vec::new(),
    })
}

/// What an object is made with and keeps.
pub(super) fn is_kept(what: &str) -> bool {
    ["type", "group", "group_type", "display_name"].contains(&what)
}

/// What of an object that is there would have to change. A document that does not say what the object keeps asks for
/// nothing, and a group type that says nothing is the same whether it is written or not.
pub(super) fn to_change(known: &ConfiguredObject, wanted: &ConfiguredObject) -> Vec<SettingDifference> {
    let says_something = |kind: &Option<u32>| kind.filter(|kind| ![0, GROUP_TYPE_UNKNOWN].contains(kind));
    let mut found = differences(known, wanted);
    found.retain(|difference| match difference.what.as_str() {
        "group_type" => {
            wanted.group_type.is_some()
                && says_something(&known.group_type) != says_something(&wanted.group_type)
        }
        what => !is_kept(what) || difference.after.is_some(),
    });
    found
}

/// What is different, in the order in which it is written.
pub(super) fn differences(known: &ConfiguredObject, wanted: &ConfiguredObject) -> Vec<SettingDifference> {
    let mut found = Vec::new();
    let mut one = |what: &str, before: Option<Setting>, after: Option<Setting>| {
        if before != after {
            found.push(SettingDifference { what: what.to_owned(), before, after });
        }
    };
    let same = |a: &Option<String>, b: &Option<String>| a.as_deref().map(fold) == b.as_deref().map(fold);
    let text = |text: &Option<String>| text.clone().map(Setting::Text);
    if !same(&known.type_name, &wanted.type_name) {
        one("type", text(&known.type_name), text(&wanted.type_name));
    }
    if !same(&known.group, &wanted.group) {
        one("group", text(&known.group), text(&wanted.group));
    }
    one("group_type", known.group_type.map(Setting::Number), wanted.group_type.map(Setting::Number));
    one("display_name", text(&known.display_name), text(&wanted.display_name));
    one("library", text(&known.library), text(&wanted.library));
    if !same(&known.group_set, &wanted.group_set) {
        one("group_set", text(&known.group_set), text(&wanted.group_set));
    }
    let expression = |text: &String| (!text.is_empty()).then(|| Setting::Text(text.clone()));
    for (what, known, wanted) in [
        ("depends_on", &known.depends_on, &wanted.depends_on),
        ("depends_on_sets", &known.depends_on_sets, &wanted.depends_on_sets),
    ] {
        if !says_the_same(known, wanted) {
            one(what, expression(known), expression(wanted));
        }
    }
    let list = |owners: &Option<Vec<String>>| owners.clone().map(Setting::List);
    let owners = |owners: &Option<Vec<String>>| -> Option<BTreeSet<String>> {
        owners.as_ref().map(|owners| owners.iter().map(|name| fold(name)).collect())
    };
    if owners(&known.possible_owners) != owners(&wanted.possible_owners) {
        one("possible_owners", list(&known.possible_owners), list(&wanted.possible_owners));
    }
    let ordered = |owners: &Option<Vec<String>>| -> Option<Vec<String>> {
        owners.as_ref().map(|owners| owners.iter().map(|name| fold(name)).collect())
    };
    if ordered(&known.preferred_owners) != ordered(&wanted.preferred_owners) {
        one("preferred_owners", list(&known.preferred_owners), list(&wanted.preferred_owners));
    }
    for (section, known, wanted) in [
        ("properties", &known.properties, &wanted.properties),
        ("parameters", &known.parameters, &wanted.parameters),
    ] {
        for (name, before, after) in paired(known, wanted) {
            // A secret is not in a document, and the cluster always has a descriptor.
            if after.is_none() && (is_secret(&name) || name == layout::SECURITY_DESCRIPTOR) {
                continue;
            }
            one(&format!("{section}.{name}"), before, after);
        }
    }
    found
}

type Pair = (String, Option<Setting>, Option<Setting>);

/// The values of both by their names, without regard to case.
fn paired(known: &BTreeMap<String, Setting>, wanted: &BTreeMap<String, Setting>) -> Vec<Pair> {
    let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
    for (name, value) in known {
        pairs.insert(fold(name), (name.clone(), Some(value.clone()), None));
    }
    for (name, value) in wanted {
        let pair = pairs.entry(fold(name)).or_insert_with(|| (name.clone(), None, None));
        pair.2 = Some(value.clone());
    }
    pairs.into_values().collect()
}

/// Whether two expressions say the same in the same order, however they are spelt.
fn says_the_same(one: &str, other: &str) -> bool {
    let names = RefCell::new(Vec::<String>::new());
    // Who is called so does not matter here, only whether it is the same.
    let resolve = |name: &str| {
        let (name, mut names) = (fold(name), names.borrow_mut());
        let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        Some(ResourceId(Uuid::from_u128(place as u128)))
    };
    match (Expression::parse(one, resolve), Expression::parse(other, resolve)) {
        (Ok(one), Ok(other)) => one == other,
        // What cannot be read is refused by whoever does the step.
        _ => one == other,
    }
}

/// Objects by kind, and each behind those of its kind that it needs. Names that nobody has, and circles, are left to
/// whoever does the step.
fn in_order<'a>(objects: impl Iterator<Item = &'a ConfiguredObject>) -> Vec<&'a ConfiguredObject> {
    let by_identity: BTreeMap<_, &ConfiguredObject> =
        objects.map(|object| (object.identity(), object)).collect();
    let mut ordered: Vec<&ConfiguredObject> = Vec::new();
    let mut taken = BTreeSet::new();
    for object in by_identity.values() {
        // A stack of our own: a document may have chains of any length.
        let mut stack = vec![(*object, false)];
        while let Some((object, is_ready)) = stack.pop() {
            if is_ready {
                ordered.push(object);
            } else if taken.insert(object.identity()) {
                stack.push((object, true));
                let named = named_by(object);
                stack.extend(
                    named.iter().filter_map(|named| by_identity.get(named)).map(|found| (*found, false)),
                );
            }
        }
    }
    ordered
}

/// What an object names and needs to be there, by kind and folded name.
pub(crate) fn named_by(object: &ConfiguredObject) -> Vec<(ConfiguredKind, String)> {
    let one = |kind: ConfiguredKind, name: &Option<String>| name.as_deref().map(|name| (kind, fold(name)));
    let all = |kind: ConfiguredKind, expression: &str| {
        named_in(expression).into_iter().map(move |name| (kind, name)).collect::<Vec<_>>()
    };
    let mut named = all(object.kind, &object.depends_on);
    named.extend(all(ConfiguredKind::GroupSet, &object.depends_on_sets));
    named.extend(one(ConfiguredKind::GroupSet, &object.group_set));
    named.extend(one(ConfiguredKind::Group, &object.group));
    named.extend(one(ConfiguredKind::Type, &object.type_name));
    named
}

/// The folded names between brackets.
fn named_in(expression: &str) -> Vec<String> {
    let parts = expression.split('[').skip(1);
    parts.filter_map(|part| part.split_once(']')).map(|(name, _)| fold(name.trim())).collect()
}

/// One object with everything that is set of it.
pub(super) fn configured(model: &Model, object: &ObjectId) -> Result<ConfiguredObject, Refusal> {
    let path = match object {
        ObjectId::Cluster => KeyPath::root(),
        ObjectId::Node(id) => layout::node_path(*id)?,
        ObjectId::Group(id) => layout::group_path(*id)?,
        ObjectId::Resource(id) => layout::resource_path(*id)?,
        ObjectId::ResourceType(name) => layout::type_path(name)?,
        ObjectId::GroupSet(id) => layout::group_set_path(*id)?,
        ObjectId::Network(id) => layout::network_path(*id)?,
        ObjectId::NetworkInterface(id) => layout::interface_path(*id)?,
    };
    let key = model.tree().key(&path);
    let values = |key: Option<&Key>| -> BTreeMap<String, Value> {
        key.into_iter().flat_map(Key::values).map(|entry| (entry.name.clone(), entry.value.clone())).collect()
    };
    let parameters = values(model.tree().key(&path.join(layout::PARAMETERS)?));
    Ok(from_values(model, object, &values(key), &parameters))
}

/// The object that these values of its key and of its private properties are.
pub(super) fn from_values(
    model: &Model,
    object: &ObjectId,
    values: &BTreeMap<String, Value>,
    parameters: &BTreeMap<String, Value>,
) -> ConfiguredObject {
    let found =
        |name: &str| values.iter().find(|(known, _)| fold(known) == fold(name)).map(|(_, value)| value);
    let text = |name: &str| found(name).and_then(Value::as_str).map(str::to_owned);
    let node = |id: &String| {
        let node = id.parse().ok().and_then(|id: NodeId| model.node(id));
        node.map_or_else(|| id.clone(), |node| node.name.to_string())
    };
    let nodes = |name: &str| {
        found(name).and_then(Value::as_strings).map(|ids| ids.iter().map(node).collect::<Vec<_>>())
    };
    let (kind, name) = match object {
        ObjectId::Cluster => (ConfiguredKind::Cluster, None),
        ObjectId::Node(_) => (ConfiguredKind::Node, text(layout::NODE_NAME)),
        ObjectId::Group(_) => (ConfiguredKind::Group, text(layout::NAME)),
        ObjectId::Resource(_) => (ConfiguredKind::Resource, text(layout::NAME)),
        ObjectId::ResourceType(name) => (ConfiguredKind::Type, Some(name.to_string())),
        ObjectId::GroupSet(_) => (ConfiguredKind::GroupSet, text(layout::NAME)),
        ObjectId::Network(_) => (ConfiguredKind::Network, text(layout::NAME)),
        ObjectId::NetworkInterface(_) => (ConfiguredKind::NetworkInterface, text(layout::NAME)),
    };
    let mut configured = ConfiguredObject::new(kind, name.unwrap_or_default());
    match object {
        ObjectId::Group(_) => {
            let number = found(layout::GROUP_TYPE).and_then(Value::as_dword);
            configured.group_type = number.filter(|number| *number != 0);
            configured.preferred_owners = nodes(layout::PREFERRED_OWNERS);
            let set = text(layout::GROUP_SET).and_then(|id| model.group_set(id.parse().ok()?));
            configured.group_set = set.map(|set| set.name.to_string());
            configured.depends_on = named(text(layout::PROVIDER_GROUPS), |id| Some(&model.group(id)?.name));
            configured.depends_on_sets =
                named(text(layout::PROVIDER_GROUP_SETS), |id| Some(&model.group_set(id)?.name));
        }
        ObjectId::GroupSet(_) => {
            configured.depends_on =
                named(text(layout::PROVIDER_GROUP_SETS), |id| Some(&model.group_set(id)?.name));
        }
        ObjectId::Resource(_) => {
            let group = text(layout::GROUP).and_then(|id| model.group(id.parse().ok()?));
            configured.type_name = text(layout::TYPE);
            configured.group = group.map(|group| group.name.to_string());
            configured.depends_on = named(text(layout::DEPENDS_ON), |id| Some(&model.resource(id)?.name));
            configured.possible_owners = nodes(layout::POSSIBLE_OWNERS);
        }
        ObjectId::ResourceType(_) => {
            configured.library = text(layout::DLL_NAME).filter(|path| !path.is_empty());
            // Of one that is built in it is not ours to say.
            let shown = text(layout::DISPLAY_NAME).filter(|_| configured.library.is_some());
            configured.display_name = shown.filter(|shown| *shown != configured.name);
        }
        ObjectId::Cluster | ObjectId::Node(_) | ObjectId::Network(_) | ObjectId::NetworkInterface(_) => {}
    }
    // Told above, or what happens and not what is configured.
    const ELSEWHERE: [&str; 3] = [layout::DLL_NAME, layout::PERSISTENT_STATE, layout::MAINTENANCE_MODE];
    for spec in common_table(object).iter().filter(|spec| spec.is_writable()) {
        if let Some(value) = found(spec.name)
            && !ELSEWHERE.contains(&spec.name)
            && !is_secret(spec.name)
        {
            configured.properties.insert(spec.name.to_owned(), setting(value));
        }
    }
    // What holds until a node boots is told of it, not configured.
    let passes = |name: &str| matches!(object, ObjectId::Node(_)) && name.starts_with(UNTIL_BOOT);
    let open = parameters.iter().filter(|(name, _)| !is_secret(name) && !passes(name));
    configured.parameters = open.map(|(name, value)| (name.clone(), setting(value))).collect();
    configured
}

/// A stored expression with names in place of ids.
fn named<'a, I: Named + FromStr>(stored: Option<String>, name_of: impl Fn(I) -> Option<&'a Name>) -> String {
    let expression = stored.and_then(|text| Expression::parse(&text, |id| id.parse::<I>().ok()).ok());
    let name = |id: I| name_of(id).map_or_else(|| id.to_string(), Name::to_string);
    expression.map(|expression| expression.with_names(name)).unwrap_or_default()
}

/// A registry value as documents have it.
pub(crate) fn setting(value: &Value) -> Setting {
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match value {
        Value::Dword(number) => Setting::Number(*number),
        Value::Sz(text) => Setting::Text(text.clone()),
        Value::MultiSz(texts) => Setting::List(texts.clone()),
        Value::ExpandSz(text) => Setting::Typed(TypedSetting::Expand(text.clone())),
        Value::Qword(number) => Setting::Typed(TypedSetting::Qword(number.to_string())),
        Value::Binary(bytes) | Value::Raw { bytes, .. } => {
            Setting::Typed(TypedSetting::Binary(hexadecimal(bytes)))
        }
    }
}
