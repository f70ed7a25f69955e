//! Reading events from a place on: who asks says where he is each time, so the service remembers nothing of him but
//! that he waits.

use mainstay_store::registry::{KeyPath, fold};
use mainstay_types::ObjectId;
use mainstay_types::event::{EventKind, EventRevision, ToldEvent};

use super::log::{Kept, Log};

/// How many events one answer carries.
const EVENTS_PER_ANSWER_MAX: usize = 256;

/// How many bytes of buffers one answer carries, if it has more than one event. In hexadecimal digits of UTF-16 each
/// takes four.
const BUFFER_BYTES_PER_ANSWER_MAX: usize = 256 * 1024;

/// Where a reader begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// With what happens from now on.
    Now,
    /// With the oldest event that is kept.
    Oldest,
    /// With this event.
    At(EventRevision),
}

/// Which events a reader wants. All that is named has to fit.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of this object.
    pub object: Option<WantedObject>,
    /// Of these kinds; empty for all.
    pub kinds: Vec<EventKind>,
    /// Of this key of the registry and what is below it.
    pub key: Option<KeyPath>,
}

/// An object by the text that somebody named it by.
#[derive(Clone, Debug)]
pub struct WantedObject {
    /// The text, folded.
    pub text: String,
    /// What is called so now. What was called so, or will be, is known by name or id.
    pub objects: Vec<ObjectId>,
}

impl Wanted {
    fn lets_pass(&self, kept: &Kept) -> bool {
        let event = &*kept.event;
        let kind_fits = match self.kinds.is_empty() {
            true => self.key.is_some() || !event.kind.is_of_registry(),
            false => self.kinds.contains(&event.kind),
        };
        let key_fits = self.key.as_ref().is_none_or(|key| {
            event.kind.is_of_registry() && KeyPath::parse(&event.name).is_ok_and(|path| key.contains(&path))
        });
        let object_fits = self.object.as_ref().is_none_or(|wanted| {
            wanted.objects.contains(&event.object)
                || (!event.name.is_empty() && fold(&event.name) == wanted.text)
                || event.object_id == wanted.text
        });
        kind_fits && key_fits && object_fits
    }
}

/// What a reader is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// The events, oldest first.
    pub events: Vec<ToldEvent>,
    /// Where to go on.
    pub next: EventRevision,
    /// The first place that is kept, where the one that was asked for is not.
    pub lost_from: Option<EventRevision>,
    /// Whether more is there.
    pub more: bool,
}

/// Takes a batch. Must not wait.
pub type BatchWaiter = Box<dyn FnOnce(Batch) + Send>;

/// One who waits at the log's end.
pub(super) struct Reader {
    pub(super) wanted: Wanted,
    pub(super) waiter: BatchWaiter,
}

impl Reader {
    /// Whether an event is what the reader waits for.
    pub(super) fn waits_for(&self, kept: &Kept) -> bool {
        self.wanted.lets_pass(kept)
    }
}

/// What there is from a place on; `None` for a place of this run that is still to come.
pub(super) fn batch(log: &Log, beginning: Beginning, wanted: &Wanted, limit: usize) -> Option<Batch> {
    let (place, is_kept) = match beginning {
        Beginning::Now => (log.next(), true),
        Beginning::Oldest => (log.first(), true),
        Beginning::At(revision) if revision.run != log.run() => (log.first(), false),
        Beginning::At(revision) if revision.number > log.next() => return None,
        Beginning::At(revision) => (revision.number.max(log.first()), revision.number >= log.first()),
    };
    let mut batch = Batch {
        events: Vec::new(),
        next: log.revision(log.next()),
        lost_from: (!is_kept).then(|| log.revision(log.first())),
        more: false,
    };
    let mut bytes = 0;
    for kept in log.from(place).filter(|kept| wanted.lets_pass(kept)) {
        bytes += kept.event.buffer.len();
        let is_full = batch.events.len() >= limit.min(EVENTS_PER_ANSWER_MAX)
            || (bytes > BUFFER_BYTES_PER_ANSWER_MAX && !batch.events.is_empty());
        if is_full {
            (batch.next, batch.more) = (log.revision(kept.number), true);
            break;
        }
        batch.events.push(told(log, kept));
    }
    Some(batch)
}

fn told(log: &Log, kept: &Kept) -> ToldEvent {
    let event = &*kept.event;
    ToldEvent {
        revision: log.revision(kept.number),
        at_ms: kept.at_ms,
        kind: event.kind.to_string(),
        object_type: event.kind.filter().0,
        object_id: event.object_id.clone(),
        parent_id: event.parent_id.clone(),
        name: event.name.clone(),
        type_name: event.type_name.clone(),
        buffer: event.buffer.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
