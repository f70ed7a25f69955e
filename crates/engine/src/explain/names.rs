//! What an object was called when. The parts of an operation name a resource as it was called when their turn came, and it may
//! be renamed while the operation runs.

use mainstay_types::ObjectId;
use mainstay_types::name::fold;
use mainstay_types::operation::{OperationRecord, Part, Verb};

/// The names that an object has had, as far as renames of it are known.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The newest first.
    all: Vec<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    folded: String,
    /// When it was given, in milliseconds of Unix time; 0 while no rename is known that has given it.
    from_ms: u64,
    /// When it was taken.
    until_ms: u64,
}

impl Names {
    /// The name that it has now.
    pub(super) fn now(name: &str) -> Self {
        Names { all: vec![Known { folded: fold(name), from_ms: 0, until_ms: u64::MAX }] }
    }

    /// Those that the records know of, newest first.
    pub(super) fn of(records: &[OperationRecord], object: &ObjectId, name: &str) -> Self {
        let mut names = Names::now(name);
        let renames = records.iter().filter(|record| renames(record, object));
        renames.for_each(|record| names.learn(record));
        names
    }

    /// Learns the name before, of an older rename than those that are known.
    pub(super) fn learn(&mut self, rename: &OperationRecord) {
        if let Some(newer) = self.all.last_mut() {
            newer.from_ms = rename.at_ms;
        }
        // Until it is committed the older name is told.
        let until_ms = rename.ended_at_ms.unwrap_or(u64::MAX);
        self.all.push(Known { folded: fold(&rename.name), from_ms: 0, until_ms });
    }

    /// Whether it was the object's part.
    pub(super) fn has(&self, part: &Part) -> bool {
        let was_so = |known: &Known| (known.from_ms..=known.until_ms).contains(&part.began_at_ms);
        self.all.iter().any(|known| known.folded == part.resource.folded() && was_so(known))
    }

    /// The oldest names that are known, folded, no more than so many.
    pub(super) fn oldest(&self, max: usize) -> impl Iterator<Item = &str> {
        self.all.iter().rev().take(max).map(|known| known.folded.as_str())
    }
}

/// Whether a record is of a rename of the object that was done.
pub(super) fn renames(record: &OperationRecord, object: &ObjectId) -> bool {
    record.verb == Verb::Rename && record.object == *object && !super::story::was_refused(record)
}
