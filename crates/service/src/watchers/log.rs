//! The newest events, in the order in which the engine published them. Everybody who watches reads from here, so that
//! nobody's slowness costs memory.

use std::collections::VecDeque;
use std::sync::Arc;

use mainstay_types::event::{Event, EventRevision};

/// How many events are kept. A thousand resources going down and up again fit twice, with what each writes.
pub(super) const EVENTS_KEPT_MAX: usize = 16_384;

/// How many bytes of events are kept, whatever their number. An event has some hundred bytes; one that sets a large
/// property has more.
const EVENT_BYTES_KEPT_MAX: usize = 8 * 1024 * 1024;

/// An event with its place.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) number: u64,
    pub(super) at_ms: u64,
    pub(super) event: Arc<Event>,
}

impl Kept {
    /// About so many bytes of memory.
    fn size(&self) -> usize {
        let Event { object_id, parent_id, name, type_name, buffer, .. } = &*self.event;
        let texts = object_id.len() + parent_id.len() + name.len() + type_name.len() + buffer.len();
        texts + size_of::<Event>() + size_of::<Self>()
    }
}

/// The events that are kept. Numbers begin at 1 and have no gap.
pub(super) struct Log {
    run: u64,
    kept: VecDeque<Kept>,
    bytes: usize,
    next: u64,
}

impl Log {
    /// An empty log of the run of the service that began then.
    pub(super) fn new(run: u64) -> Self {
        Log { run, kept: VecDeque::new(), bytes: 0, next: 1 }
    }

    /// Adds an event; the oldest give way.
    pub(super) fn push(&mut self, event: Arc<Event>, at_ms: u64) -> Kept {
        let kept = Kept { number: self.next, at_ms, event };
        self.next += 1;
        self.bytes += kept.size();
        self.kept.push_back(kept.clone());
        while self.kept.len() > EVENTS_KEPT_MAX || (self.bytes > EVENT_BYTES_KEPT_MAX && self.kept.len() > 1)
        {
            let gone = self.kept.pop_front();
            self.bytes -= gone.map_or(0, |gone| gone.size());
        }
        kept
    }

    /// The number of the oldest event that is kept; of the next, while there is none.
    pub(super) fn first(&self) -> u64 {
        self.next - self.kept.len() as u64
    }

    /// The number that the next event gets.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The run that the events are of.
    pub(super) fn run(&self) -> u64 {
        self.run
    }

    /// The place of a number.
    pub(super) fn revision(&self, number: u64) -> EventRevision {
        EventRevision { run: self.run, number }
    }

    /// The events from a number on, or from the oldest that is kept.
    pub(super) fn from(&self, number: u64) -> impl Iterator<Item = &Kept> {
        let skipped = number.saturating_sub(self.first());
        self.kept.range(usize::try_from(skipped).unwrap_or(usize::MAX).min(self.kept.len())..)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::state_event;
    use super::*;

    #[test]
    fn the_oldest_give_way_by_number_and_by_size() {
        let mut log = Log::new(7);
        assert_eq!((log.first(), log.next(), log.from(1).count()), (1, 1, 0));
        for _ in 0..EVENTS_KEPT_MAX + 5 {
            log.push(Arc::new(state_event(1, 2)), 0);
        }
        assert_eq!((log.first(), log.from(0).count()), (6, EVENTS_KEPT_MAX));
        assert_eq!(log.from(log.next() - 1).map(|kept| kept.number).collect::<Vec<_>>(), [log.next() - 1]);
        assert_eq!(log.from(log.next() + 9).count(), 0);
        let mut large = state_event(1, 2);
        large.buffer = vec![0; EVENT_BYTES_KEPT_MAX / 2];
        for _ in 0..3 {
            log.push(Arc::new(large.clone()), 0);
        }
        assert!(log.bytes <= EVENT_BYTES_KEPT_MAX && log.from(0).count() == 1, "{}", log.bytes);
    }
}
