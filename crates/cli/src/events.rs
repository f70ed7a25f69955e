//! `mainstay events`: what happened, in order, and what happens from now on.

use std::time::{Duration, Instant};

use clap::Args;
use mainstay_client::{CallError, Cluster, EventFilter, Events, EventsFrom};
use mainstay_proplist::PropertyList;
use mainstay_types::event::{EventKind, EventRevision, ToldEvent, object_type};
use mainstay_types::status_information::GroupSetStatusInformation;
use mainstay_types::{GroupState, NetworkInterfaceState, NetworkState, NodeState, ResourceState, Status};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::journal::must_be_known;
use crate::json::properties::properties;
use crate::render::{BAD, FAINT, clean, moment, rfc3339, styled};
use crate::wait::{AWAY_MAX, Away, is_away};

/// How long one call waits for the next event.
const SLICE: Duration = Duration::from_secs(30);

/// How much of a value one line shows.
const VALUE_LENGTH_MAX: usize = 400;

/// Which events are shown.
#[derive(Debug, Args)]
pub struct EventsArguments {
    /// Go on with what happens from now on, until interrupted; with --from or --after, from there on
    #[arg(long, short)]
    pub follow: bool,
    /// Begin with this revision, as an earlier event has it [default: the oldest that is kept; with --follow, now]
    #[arg(long, value_name = "REVISION", conflicts_with = "after")]
    pub from: Option<EventRevision>,
    /// Begin behind this revision: go on after the last event that was seen
    #[arg(long, value_name = "REVISION")]
    pub after: Option<EventRevision>,
    /// Only events of this object, by name or id; with --follow also of one that does not exist yet
    #[arg(long, value_name = "NAME")]
    pub object: Option<String>,
    /// Only events of this kind, such as resource-state; can be given several times
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<EventKind>,
    /// Only what is written to this key of the cluster registry and below it, such as 'Resources'
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

/// An event in `--json`: `mainstay events` writes an array of them, with `--follow` one a line.
#[derive(Clone, Debug, Serialize)]
pub struct EventDocument {
    /// Its place; the place to go on with, for `events-lost`.
    pub revision: String,
    /// When; `null` for `events-lost`.
    pub at: Option<String>,
    /// What: a word such as `resource-state`; `events-lost` when what was asked for is not kept any more.
    pub kind: String,
    /// `cluster`, `group`, `resource`, `type`, `node`, `registry`; `null` for `events-lost`.
    pub object: Option<&'static str>,
    /// The object's id; `null` where it has none.
    pub id: Option<String>,
    /// The object's name; a key of the registry for `registry`.
    pub name: String,
    /// Id of what it belongs to: a resource's group, a group's node.
    pub parent: Option<String>,
    /// A resource's type.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// The new value: a state's word, a text, properties by name; `null` without one.
    pub value: Json,
    /// For `events-lost`, the first revision that was asked for and is not kept.
    pub lost_from: Option<String>,
}

pub(crate) fn run(arguments: &EventsArguments, context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.read()?;
    let from = match (arguments.from, arguments.after) {
        (Some(from), _) => EventsFrom::Revision(from),
        (None, Some(seen)) => {
            EventsFrom::Revision(EventRevision { number: seen.number.saturating_add(1), ..seen })
        }
        (None, None) if arguments.follow => EventsFrom::Now,
        (None, None) => EventsFrom::Oldest,
    };
    let kinds: Vec<String> = arguments.kind.iter().map(EventKind::to_string).collect();
    let filter =
        EventFilter { object: arguments.object.as_deref(), kinds: &kinds, key: arguments.key.as_deref() };
    match arguments.follow {
        true => follow(from, &filter, &mut cluster, context),
        false => list(from, &filter, &mut cluster, context),
    }
}

/// What is kept, up to now.
fn list(
    from: EventsFrom,
    filter: &EventFilter<'_>,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let (mut from, mut documents) = (from, Vec::new());
    loop {
        let part = cluster.events(from, filter, Duration::ZERO);
        let part = part.map_err(|error| refused(cluster, &error, from))?;
        documents.extend(documents_of(&part, from));
        if !part.more {
            break;
        }
        from = EventsFrom::Revision(part.next);
    }
    if let (true, Some(object)) = (documents.is_empty(), filter.object) {
        must_be_known(object, cluster)?;
    }
    let is_empty = documents.is_empty();
    context.output.data(|| &documents, || documents.iter().map(line).collect())?;
    if is_empty && !context.output.is_json() {
        context.output.note("nothing is kept");
    }
    Ok(Exit::Done)
}

/// What happens, line by line, through restarts of the service.
fn follow(
    from: EventsFrom,
    filter: &EventFilter<'_>,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let mut from = from;
    let mut away = Away::new(AWAY_MAX);
    loop {
        // A service that is silent for longer than it may be away is away.
        cluster.finish_by(Instant::now().checked_add(SLICE + AWAY_MAX));
        // The first call only finds out where now is: what happens between two calls is lost by none of them.
        let wait = if from == EventsFrom::Now { Duration::ZERO } else { SLICE };
        match cluster.events(from, filter, wait) {
            Ok(part) => {
                for document in documents_of(&part, from) {
                    let text = match context.output.is_json() {
                        true => serde_json::to_string(&document).unwrap_or_default(),
                        false => line(&document),
                    };
                    if !context.output.line(&text)? {
                        return Ok(Exit::Done);
                    }
                }
                from = EventsFrom::Revision(part.next);
                away = Away::new(AWAY_MAX);
            }
            Err(error) if is_away(&error) => {
                if !away.pause(None) {
                    return Err(refused(cluster, &error, from));
                }
            }
            Err(error) => return Err(refused(cluster, &error, from)),
        }
    }
}

fn refused(cluster: &mut Cluster, error: &CallError, from: EventsFrom) -> Failure {
    match (error, from) {
        (CallError::Refused { status: Status::INVALID_PARAMETER, .. }, EventsFrom::Revision(revision)) => {
            Failure::new(Exit::Refused, format!("there is no event {revision} yet, or no such key"))
                .with_status(Status::INVALID_PARAMETER)
                .with_way_out("'mainstay events' shows the revisions there are")
        }
        _ => Failure::of_call(cluster, error, &Subject::Cluster),
    }
}

fn documents_of(part: &Events, from: EventsFrom) -> Vec<EventDocument> {
    let lost = part.lost_from.map(|first| EventDocument {
        revision: first.to_string(),
        at: None,
        kind: "events-lost".into(),
        object: None,
        id: None,
        name: String::new(),
        parent: None,
        type_name: None,
        value: Json::Null,
        lost_from: match from {
            EventsFrom::Revision(asked) => Some(asked.to_string()),
            EventsFrom::Now | EventsFrom::Oldest => None,
        },
    });
    lost.into_iter().chain(part.events.iter().map(document)).collect()
}

fn document(told: &ToldEvent) -> EventDocument {
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    EventDocument {
        revision: told.revision.to_string(),
        at: Some(rfc3339(told.at_ms)),
        kind: told.kind.clone(),
        object: Some(match told.object_type {
            // These name the one that came or went, and not the one that has it.
            _ if told.kind.starts_with("group-resource-") => "resource",
            _ if told.kind == EventKind::ClusterGroupAdded.as_str() => "group",
            _ if told.kind == EventKind::ClusterResourceTypeAdded.as_str() => "type",
            _ if told.kind == EventKind::ClusterNetworkAdded.as_str() => "network",
            _ if told.kind == EventKind::NodeInterfaceAdded.as_str() => "network interface",
            object_type::NETWORK => "network",
            object_type::NETWORK_INTERFACE => "network interface",
            object_type::GROUP => "group",
            object_type::GROUP_SET => "group set",
            object_type::RESOURCE => "resource",
            object_type::RESOURCE_TYPE => "type",
            object_type::NODE => "node",
            object_type::REGISTRY => "registry",
            _ => "cluster",
        }),
        id: text(&told.object_id),
        name: told.name.clone(),
        parent: text(&told.parent_id),
        type_name: text(&told.type_name),
        value: value(told),
        lost_from: None,
    }
}

/// The buffer by what the kind says that it is.
fn value(told: &ToldEvent) -> Json {
    let Some(bytes) = bytes(&told.buffer) else { return Json::Null };
    let number = || bytes.as_slice().try_into().ok().map(u32::from_le_bytes);
    let state = |word: fn(u32) -> Option<String>| number().map_or(Json::Null, |n| json!(word(n)));
    match told.kind.parse() {
        Ok(EventKind::ResourceState) => state(|n| ResourceState::from_number(n).map(|s| s.to_string())),
        Ok(EventKind::GroupState) => state(|n| GroupState::from_number(n).map(|s| s.to_string())),
        Ok(EventKind::NetworkState) => state(|n| NetworkState::from_number(n).map(|s| s.to_string())),
        Ok(EventKind::NetworkInterfaceState) => {
            state(|n| NetworkInterfaceState::from_wire_number(n).map(|s| s.to_string()))
        }
        Ok(EventKind::NodeState) => state(|n| NodeState::from_number(n).map(|s| s.to_string())),
        Ok(EventKind::GroupSetState) => state(|n| Some(group_set_state(n))),
        _ if bytes.is_empty() => Json::Null,
        _ if told.kind.ends_with("-property") => match PropertyList::parse(&bytes) {
            Ok(list) => json!(properties(&list)),
            Err(_) => Json::Null,
        },
        Ok(EventKind::ResourceDependents | EventKind::ResourcePossibleOwners) => {
            mainstay_proplist::multi_string::parse(&bytes).map_or(Json::Null, |texts| json!(texts))
        }
        _ => mainstay_proplist::utf16::parse(&bytes).map_or(Json::Null, |text| json!(text)),
    }
}

/// StatusInformation of a group set is all that there is of its state.
fn group_set_state(bits: u32) -> String {
    let words = GroupSetStatusInformation::from_bits_truncate(bits.into()).words();
    if words.is_empty() { "not all groups online".into() } else { words.join(", ") }
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn line(document: &EventDocument) -> String {
    if document.kind == "events-lost" {
        let asked = document.lost_from.as_deref().unwrap_or("the beginning");
        let text =
            format!("events from {asked} on are not kept any more; going on with {}", document.revision);
        return format!("{}\n", styled(BAD, &format!("{}  events-lost  {text}", document.revision)));
    }
    let at = document.at.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let at_ms = at.and_then(|at| u64::try_from(at.as_millisecond()).ok()).unwrap_or(0);
    let head = styled(FAINT, &format!("{}  {}", clean(&document.revision), moment(at_ms)));
    let object = match (document.object, document.name.as_str()) {
        (Some("cluster") | None, "") => "the cluster".to_owned(),
        (object, name) => format!("{} '{name}'", object.unwrap_or_default()),
    };
    let value = shown(&document.value);
    let end = if value.is_empty() { String::new() } else { format!("  {value}") };
    format!("{head}  {}  {}{}\n", clean(&document.kind), clean(&object), clean(&end))
}

fn shown(value: &Json) -> String {
    let text = match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Object(properties) => {
            let one = |(name, property): (&String, &Json)| format!("{name}={}", shown_property(property));
            properties.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(VALUE_LENGTH_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// One of [`crate::json::properties::PropertyDocument`].
fn shown_property(property: &Json) -> String {
    match property.get("value") {
        None | Some(Json::Null) => "unset".to_owned(),
        Some(value) => value.to_string(),
    }
}
