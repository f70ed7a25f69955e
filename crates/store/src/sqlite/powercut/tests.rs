//! Cuts at every moment, failed syncs, kills followed by cuts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::super::{OpenError, Options, SqliteStore};
use super::disk::{Fate, History, Note, NotedFiles, SharedHistory, image, lay_out};
use super::vfs::{NotingVfs, shared};
use crate::{KeyRange, KeyValue, LeaseId, Model, Op, Revision, Store, StoreError, Transaction, read_all};

const NAME: &str = "cluster.db";
/// Cuts tried for each run, beside the last moment.
const CUTS: usize = 24;

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Op>),
    Grant,
    Revoke(u64),
    Compact,
    Checkpoint,
    Reopen,
}

/// Everything a store knows that must survive.
#[derive(Clone, Debug, PartialEq)]
struct State {
    revision: Revision,
    entries: Vec<KeyValue>,
    leases: Vec<LeaseId>,
}

/// More leases than any run grants.
const LEASES: u64 = 12;

fn state(store: &mut dyn Store) -> State {
    let leases =
        (1..LEASES).map(LeaseId).filter(|lease| store.keep_alive(*lease, Duration::ZERO).is_ok()).collect();
    State {
        revision: store.revision().unwrap(),
        entries: read_all(store, &KeyRange::all()).unwrap().0,
        leases,
    }
}

fn act(store: &mut dyn Store, step: &Step) -> Result<(), StoreError> {
    match step {
        Step::Commit(ops) => store.commit(Transaction::unconditional(ops.clone())).map(drop),
        Step::Grant => store.grant(Duration::from_secs(10), Duration::ZERO).map(drop),
        Step::Revoke(id) => store.revoke(LeaseId(*id)),
        Step::Compact => {
            let revision = store.revision()?;
            store.compact(revision)
        }
        Step::Checkpoint => store.tick(Duration::ZERO),
        Step::Reopen => Ok(()),
    }
}

fn step() -> impl Strategy<Value = Step> {
    let key = || proptest::sample::select(vec!["a", "b", "c", "d"]);
    let size = proptest::sample::select(vec![0usize, 10, 3000, 20_000]);
    prop_oneof![
        5 => (key(), size, any::<u8>()).prop_map(|(key, size, fill)| Step::Commit(vec![Op::put(key, vec![fill; size])])),
        2 => any::<u8>().prop_map(|fill| Step::Commit(["a", "b", "e", "f"].map(|key| Op::put(key, vec![fill; 1500])).into())),
        1 => key().prop_map(|key| Step::Commit(vec![Op::delete(key)])),
        1 => Just(Step::Commit(vec![Op::delete_range(KeyRange::all())])),
        1 => Just(Step::Grant),
        1 => (1..4u64).prop_map(|id| Step::Commit(vec![Op::Put { key: b"l".into(), value: vec![7; 50], lease: Some(LeaseId(id)) }])),
        1 => (1..4u64).prop_map(Step::Revoke),
        1 => Just(Step::Compact),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
    ]
}

/// A store on noted files. Fields drop in order: the store before its VFS.
struct Lab {
    store: Option<SqliteStore>,
    vfs: NotingVfs,
    history: SharedHistory,
    directory: tempfile::TempDir,
}

impl Lab {
    /// A laboratory whose disk is what `history` made of it.
    fn new(history: History) -> Self {
        let directory = memory_directory();
        lay_out(&image(&history.notes, Fate::Kept), directory.path());
        let history = shared(history);
        Self { store: None, vfs: NotingVfs::register(history.clone()), history, directory }
    }

    fn options(&self) -> Options {
        Options {
            vfs: Some(self.vfs.name.clone()),
            files: Arc::new(NotedFiles(self.history.clone())),
            checkpoint_commits: 1,
            // So few that the log both has room and outgrows it.
            checkpoint_pages: 6,
            ..Options::default()
        }
    }

    fn create(&mut self) {
        let path = self.directory.path().join(NAME);
        self.store = Some(SqliteStore::create(&path, "lab", self.options()).unwrap());
    }

    fn open(&mut self) -> &mut SqliteStore {
        self.store = None;
        let path = self.directory.path().join(NAME);
        self.store.insert(SqliteStore::open(&path, self.options()).unwrap())
    }

    fn done(&self, steps: usize) {
        self.history.lock().notes.push(Note::Done { steps });
    }

    fn notes(&self) -> Vec<Note> {
        self.history.lock().notes.clone()
    }
}

/// Nothing here has to survive a real power cut, so memory does where there is some.
fn memory_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Runs the steps; answers what happened, and the states after 0, 1, 2... steps.
fn run(steps: &[Step]) -> (Vec<Note>, Vec<State>) {
    let mut lab = Lab::new(History::default());
    let mut model = Model::new(1);
    lab.create();
    let mut states = vec![state(&mut model)];
    lab.done(0);
    for (number, step) in steps.iter().enumerate() {
        if matches!(step, Step::Reopen) {
            lab.open();
        }
        let specified = act(&mut model, step);
        let found = act(lab.store.as_mut().unwrap(), step);
        assert_eq!(specified, found);
        states.push(state(&mut model));
        lab.done(number + 1);
    }
    lab.store = None;
    (lab.notes(), states)
}

/// The steps acknowledged in `notes`; `None` before the database itself was.
fn acknowledged(notes: &[Note]) -> Option<usize> {
    notes.iter().rev().find_map(|note| match note {
        Note::Done { steps } => Some(*steps),
        _ => None,
    })
}

/// Opens what the disk holds and compares it with what may be there.
fn check_disk(files: &BTreeMap<String, Vec<u8>>, done: Option<usize>, states: &[State]) {
    let directory = memory_directory();
    lay_out(files, directory.path());
    let path = directory.path().join(NAME);
    let opened = SqliteStore::open(&path, Options::default());
    let Some(done) = done else {
        // The database was in the making: it is whole or not there, and then can be made.
        let mut store = match opened {
            Err(OpenError::Missing { .. }) => SqliteStore::create(&path, "lab", Options::default()).unwrap(),
            opened => opened.unwrap(),
        };
        assert_eq!(state(&mut store), states[0]);
        return;
    };
    let found = state(&mut opened.unwrap());
    let in_flight = states.get(done + 1);
    assert!(found == states[done] || Some(&found) == in_flight, "after {done} steps: {found:?}");
}

fn check_cuts(notes: &[Note], states: &[State], cuts: &[proptest::sample::Index], seed: u64) {
    for (number, cut) in cuts.iter().enumerate() {
        let notes = &notes[..cut.index(notes.len() + 1)];
        for fate in [Fate::Lost, Fate::Tossed(seed.wrapping_add(number as u64)), Fate::Kept] {
            check_disk(&image(notes, fate), acknowledged(notes), states);
        }
    }
}

/// The process was killed here, and the next one opens what it left, synced or not. What that one shows must be
/// on the disk.
fn check_kill(notes: &[Note], seed: u64) {
    let mut lab = Lab::new(History::resume(notes));
    let shown = state(lab.open());
    // The open store is still there: the cut takes the disk as it is now.
    for fate in [Fate::Lost, Fate::Tossed(seed)] {
        check_disk(&image(&lab.notes(), fate), Some(0), std::slice::from_ref(&shown));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_power_cut_loses_nothing_acknowledged_and_leaves_nothing_half(
        steps in proptest::collection::vec(step(), 1..14),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), CUTS),
        seed in any::<u64>(),
    ) {
        let (notes, states) = run(&steps);
        check_cuts(&notes, &states, &cuts, seed);
    }

    /// A killed process leaves all its writes to the next one, synced or not. What that one shows must stay,
    /// even if the power goes right after.
    #[test]
    fn what_is_shown_after_a_kill_survives_a_cut(
        steps in proptest::collection::vec(step(), 1..8),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 8),
        seed in any::<u64>(),
    ) {
        let (notes, _) = run(&steps);
        for cut in cuts {
            let notes = &notes[..cut.index(notes.len() + 1)];
            if acknowledged(notes).is_some() {
                check_kill(notes, seed);
            }
        }
    }

    /// A sync or a write that fails: the answer is never a wrong one, recovery settles it, and what it settled on
    /// survives a cut although what was unsynced then never reached the disk.
    #[test]
    fn a_failing_disk_is_unknown_until_recovered(
        steps in proptest::collection::vec(step(), 1..10),
        fail_sync in any::<bool>(),
        fail_in in 0..12usize,
        seed in any::<u64>(),
    ) {
        let mut lab = Lab::new(History::default());
        lab.create();
        let mut watch = lab.store.as_mut().unwrap().watch(&KeyRange::all(), Revision::new(1, 1)).unwrap();
        {
            let mut history = lab.history.lock();
            *(if fail_sync { &mut history.fail_sync_in } else { &mut history.fail_write_in }) = Some(fail_in);
        }
        let mut model = Model::new(1);
        let mut specified_watch = model.watch(&KeyRange::all(), Revision::new(1, 1)).unwrap();
        for step in steps.iter().filter(|step| !matches!(step, Step::Reopen | Step::Compact)) {
            let store = lab.store.as_mut().unwrap();
            let before = state(store);
            let result = act(store, step);
            match &result {
                Ok(()) | Err(StoreError::Refused(_)) => assert_eq!(act(&mut model, step), result),
                Err(StoreError::Failed(_)) => {}
                Err(StoreError::Unavailable(reason)) => panic!("nothing was broken before: {reason}"),
                Err(StoreError::Unknown { attempted, .. }) => {
                    let notes = lab.history.lock().notes.clone();
                    if let Some(failed) = notes.iter().position(|note| matches!(note, Note::SyncFailed { .. })) {
                        check_kill(&notes[..=failed], seed);
                    }
                    assert!(matches!(store.revision(), Err(StoreError::Unavailable(_))));
                    assert!(matches!(store.commit(Transaction::default()), Err(StoreError::Unavailable(_))));
                    // The failure was the only one, but recovery itself may have met it.
                    let revision = store.recover().or_else(|_| store.recover()).unwrap();
                    let found = state(store);
                    let was_done = match attempted {
                        Some(attempted) => revision >= *attempted,
                        None => found != before,
                    };
                    if was_done {
                        act(&mut model, step).unwrap();
                    } else {
                        assert_eq!(found, before);
                    }
                }
            }
            let found = state(lab.store.as_mut().unwrap());
            assert_eq!(found, state(&mut model));
            assert_eq!(watch.poll(), specified_watch.poll());
            for fate in [Fate::Lost, Fate::Tossed(seed)] {
                check_disk(&image(&lab.notes(), fate), Some(0), std::slice::from_ref(&found));
            }
        }
    }
}

/// The test must be able to fail: a disk whose syncs do nothing loses what was acknowledged.
#[test]
fn a_disk_that_lies_is_found_out() {
    let steps = vec![Step::Commit(vec![Op::put("a", "1")]), Step::Commit(vec![Op::put("a", "2")])];
    let (notes, states) = run(&steps);
    let done = notes.iter().rposition(|note| matches!(note, Note::Done { .. })).unwrap();
    let mut lying = notes[..=done].to_vec();
    let last_sync = lying.iter().rposition(|note| matches!(note, Note::Sync { .. })).unwrap();
    lying.remove(last_sync);
    let honest = image(&notes[..=done], Fate::Lost);
    check_disk(&honest, Some(2), &states);
    let directory = memory_directory();
    lay_out(&image(&lying, Fate::Lost), directory.path());
    let found = state(&mut SqliteStore::open(&directory.path().join(NAME), Options::default()).unwrap());
    assert_eq!(found, states[1]);
    // Without the directory's syncs there is no database at all.
    let nameless: Vec<Note> =
        notes.iter().filter(|note| !matches!(note, Note::SyncDirectory)).cloned().collect();
    assert!(image(&nameless, Fate::Lost).is_empty());
}

/// Every moment of a short run, not a sample of them.
#[test]
fn every_moment_of_a_short_run() {
    let put = |value: &str| Step::Commit(vec![Op::put("a", value), Op::put("b", vec![b'x'; 5000])]);
    let steps = [put("1"), put("2"), Step::Checkpoint, put("3"), Step::Reopen, Step::Compact, put("4")];
    let (notes, states) = run(&steps);
    for cut in 0..=notes.len() {
        for fate in [Fate::Lost, Fate::Tossed(cut as u64)] {
            check_disk(&image(&notes[..cut], fate), acknowledged(&notes[..cut]), &states);
        }
    }
}
