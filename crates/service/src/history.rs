//! What the database's history tells of what it has forgotten: a witness of the journal, and of what runs.

use mainstay_engine::Forgotten;
use mainstay_store::{EventKind, KeyRange, Revision, Store, StoreError, WatchError};

/// How often the history is begun anew, because its start was compacted. Nobody commits meanwhile.
const TRIES_MAX: u32 = 2;

/// What was deleted in as much of the history as the database keeps.
pub(crate) fn forgotten(store: &mut dyn Store) -> Result<Forgotten, StoreError> {
    let newest = store.revision()?;
    let mut from = Revision { revision: 1, ..newest };
    let mut forgotten = Forgotten::default();
    for _ in 0..TRIES_MAX {
        let mut watch = store.watch(&KeyRange::all(), from)?;
        loop {
            match watch.poll() {
                Ok(events) => {
                    for event in events {
                        if let EventKind::Delete { key } = event.kind {
                            forgotten.add(&key);
                        }
                    }
                }
                Err(WatchError::Compacted { compacted }) => {
                    from = compacted.next();
                    break;
                }
                Err(WatchError::Closed | WatchError::Interrupted(_)) => return Ok(forgotten),
            }
            if watch.position() > newest {
                return Ok(forgotten);
            }
        }
    }
    Ok(forgotten)
}

#[cfg(test)]
mod tests {
    use mainstay_store::{Model, Op, Transaction};

    use super::*;

    #[test]
    fn what_was_deleted_is_found_as_far_back_as_the_history_goes() {
        let mut store = Model::new(1);
        let commit = |store: &mut Model, op: Op| store.commit(Transaction::unconditional(vec![op])).unwrap();
        assert_eq!(forgotten(&mut store).unwrap(), Forgotten::default());
        let resource = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1";
        for number in 1..=9 {
            commit(&mut store, Op::put(format!("op/1-{number}"), "x"));
        }
        commit(&mut store, Op::put(format!("registry\\resources\\{resource}\\"), "x"));
        commit(&mut store, Op::delete("op/1-1"));
        let compacted = commit(&mut store, Op::delete("op/1-4")).revision;
        commit(&mut store, Op::delete("op/1-2"));
        commit(&mut store, Op::delete(format!("registry\\resources\\{resource}\\")));
        let ids = |found: &Forgotten| found.operations.iter().map(|id| id.number).collect::<Vec<_>>();
        let found = forgotten(&mut store).unwrap();
        assert_eq!(ids(&found), [1, 2, 4]);
        assert_eq!(found.resources, [resource.parse().unwrap()].into());
        store.compact(compacted).unwrap();
        assert_eq!(ids(&forgotten(&mut store).unwrap()), [2]);
    }
}
