//! READ_EVENTS: events from a place on, for whoever asks again and again.

use std::sync::Arc;
use std::time::Duration;

use mainstay_cmrp::control::ClusterControl;
use mainstay_proplist::{PropertyList, Value};
use mainstay_store::registry::{KeyPath, fold};
use mainstay_types::own_codes::read_events;
use mainstay_types::{ObjectId, Status};

use super::exchange::Exchange;
use super::own_codes::{WAIT_MAX, answer};
use super::session::Session;
use crate::watchers::{Asked, Batch, Beginning, Wanted, WantedObject};

/// How many kinds one call names at most; more than there are.
const KINDS_MAX: usize = 256;

/// Serves one call: answers with what is there, or with the first event that comes within the time.
pub(super) fn read(session: &Arc<Session>, input: &PropertyList, exchange: Exchange<ClusterControl>) {
    let Some((beginning, wanted)) = question(session, input) else {
        return exchange.refuse(Status::INVALID_PARAMETER);
    };
    let limit = input.dword(read_events::LIMIT).map_or(usize::MAX, |limit| limit as usize).max(1);
    let wait = Duration::from_millis(input.dword(read_events::TIMEOUT_MS).unwrap_or(0).into()).min(WAIT_MAX);
    let (sender, told) = tokio::sync::oneshot::channel();
    // A caller that is gone needs no answer.
    let waiter = Box::new(move |batch: Batch| drop(sender.send(batch)));
    let watchers = &session.core.hands().watchers;
    let reader = match watchers.read(beginning, wanted, limit, waiter) {
        Asked::Answered => None,
        Asked::Waits(reader) => Some(reader),
        Asked::NoSuchPlace => return exchange.refuse(Status::INVALID_PARAMETER),
        Asked::TooMany => return exchange.refuse(Status::NOT_ENOUGH_MEMORY),
    };
    let session = Arc::clone(session);
    tokio::spawn(async move {
        let mut told = told;
        let batch = match tokio::time::timeout(wait, &mut told).await {
            Ok(batch) => batch,
            Err(_) => {
                // Who gives up is told that there is nothing, unless something came just now.
                reader.into_iter().for_each(|reader| session.core.hands().watchers.give_up(reader));
                told.await
            }
        };
        match batch {
            Ok(batch) => answer(exchange, &output(&batch)),
            // Only when the service ends.
            Err(_) => exchange.refuse(Status::SHUTDOWN_CLUSTER),
        }
    });
}

fn question(session: &Session, input: &PropertyList) -> Option<(Beginning, Wanted)> {
    let text = |name| input.text(name).filter(|text: &&str| !text.is_empty());
    let beginning = match text(read_events::FROM) {
        None => Beginning::Now,
        Some(read_events::OLDEST) => Beginning::Oldest,
        Some(revision) => Beginning::At(revision.parse().ok()?),
    };
    let kinds = input.texts(read_events::KINDS).unwrap_or_default();
    if kinds.len() > KINDS_MAX {
        return None;
    }
    let wanted = Wanted {
        object: text(read_events::OBJECT).map(|text| named(session, text)),
        kinds: kinds.iter().map(|kind| kind.parse()).collect::<Result<_, _>>().ok()?,
        key: text(read_events::KEY).map(KeyPath::parse).transpose().ok()?,
    };
    Some((beginning, wanted))
}

/// Everything that goes by this name or id.
fn named(session: &Session, text: &str) -> WantedObject {
    let objects = session.core.read(|view| {
        let is_cluster = fold(view.cluster_name()) == fold(text);
        let found = [
            is_cluster.then_some(ObjectId::Cluster),
            view.find_resource(text).map(ObjectId::Resource),
            view.find_group(text).map(ObjectId::Group),
            view.find_group_set(text).map(ObjectId::GroupSet),
            view.find_node(text).map(ObjectId::Node),
            view.find_network(text).map(ObjectId::Network),
            view.find_interface(text).map(ObjectId::NetworkInterface),
            view.find_type(text).map(|found| ObjectId::ResourceType(found.name.clone())),
        ];
        found.into_iter().flatten().collect()
    });
    WantedObject { text: fold(text), objects }
}

fn output(batch: &Batch) -> PropertyList {
    let events = batch.events.iter().map(|told| serde_json::to_string(told).unwrap_or_default()).collect();
    let mut list = PropertyList::new()
        .with(read_events::EVENTS, Value::MultiSz(events))
        .with(read_events::NEXT, batch.next.to_string())
        .with(read_events::MORE, u32::from(batch.more));
    if let Some(first) = batch.lost_from {
        list.set(read_events::LOST_FROM, first.to_string());
    }
    list
}
