//! Random operations on the model and on SQLite at once: every answer, every error, every event the same.

use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use crate::sqlite::{Options, SqliteStore};
use crate::{
    Bounds, Compare, Condition, KeyRange, LeaseId, Model, Op, Order, Revision, Store, Transaction, Watch,
    read_all,
};

/// Small enough that random runs meet every bound.
const BOUNDS: Bounds = Bounds { history_revisions: 2, history_bytes: 200, live_bytes: 200 };

#[derive(Clone, Debug)]
enum Step {
    Commit(Transaction),
    Read(KeyRange, usize),
    /// From so many revisions before the current one, or after it.
    Watch(KeyRange, i64),
    Compact(i64),
    Grant(u64),
    KeepAlive(u64),
    Revoke(u64),
    Tick(u64),
    Recover,
    Restart,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => proptest::sample::select(vec!["a", "b", "ba", "bb", "c", "registry\\x\\"]).prop_map(|key| key.as_bytes().to_vec()),
        1 => Just(vec![0xff, 0]),
        1 => proptest::sample::select(vec![vec![], vec![b'k'; crate::KEY_BYTES_MAX + 1]]),
    ]
}

fn range() -> impl Strategy<Value = KeyRange> {
    prop_oneof![
        key().prop_map(KeyRange::prefix),
        key().prop_map(KeyRange::single),
        Just(KeyRange::all()),
        (key(), key()).prop_map(|(start, end)| KeyRange { start, end: Some(end) }),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(vec![vec![], b"1".to_vec(), b"two".to_vec(), vec![0, 1, 0xff], vec![b'v'; 60]])
}

fn lease() -> impl Strategy<Value = Option<LeaseId>> {
    prop_oneof![3 => Just(None), 1 => (1..4u64).prop_map(|id| Some(LeaseId(id)))]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (key(), value(), lease()).prop_map(|(key, value, lease)| Op::Put { key, value, lease }),
        2 => key().prop_map(Op::delete),
        1 => range().prop_map(Op::delete_range),
        1 => (range(), 0..4usize).prop_map(|(range, limit)| Op::read(range, limit)),
    ]
}

fn compare() -> impl Strategy<Value = Compare> {
    let order = || proptest::sample::select(vec![Order::Equal, Order::NotEqual, Order::Less, Order::Greater]);
    let revision =
        || (0..3u64, 0..12u64).prop_map(|(generation, revision)| Revision { generation, revision });
    let condition = prop_oneof![
        Just(Condition::Absent),
        Just(Condition::Present),
        (order(), revision()).prop_map(|(order, revision)| Condition::CreateRevision(order, revision)),
        (order(), revision()).prop_map(|(order, revision)| Condition::ModRevision(order, revision)),
        (order(), value()).prop_map(|(order, value)| Condition::Value(order, value)),
    ];
    (key(), condition).prop_map(|(key, condition)| Compare { key, condition })
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let ops = || proptest::collection::vec(op(), 0..4);
    (proptest::collection::vec(compare(), 0..2), ops(), ops())
        .prop_map(|(compares, then, otherwise)| Transaction { compares, then, otherwise })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => transaction().prop_map(Step::Commit),
        2 => (range(), 0..5usize).prop_map(|(range, limit)| Step::Read(range, limit)),
        2 => (range(), -6..2i64).prop_map(|(range, offset)| Step::Watch(range, offset)),
        1 => (-4..2i64).prop_map(Step::Compact),
        1 => (0..8u64).prop_map(Step::Grant),
        1 => (1..5u64).prop_map(Step::KeepAlive),
        1 => (1..5u64).prop_map(Step::Revoke),
        2 => (0..4u64).prop_map(Step::Tick),
        1 => Just(Step::Recover),
        1 => Just(Step::Restart),
    ]
}

/// Both stores side by side.
struct Pair {
    path: PathBuf,
    model: Option<Model>,
    sqlite: Option<SqliteStore>,
    watches: Vec<(Box<dyn Watch>, Box<dyn Watch>)>,
    now: Duration,
}

impl Pair {
    fn both<T: PartialEq + std::fmt::Debug>(&mut self, mut act: impl FnMut(&mut dyn Store) -> T) -> T {
        let specified = act(self.model.as_mut().unwrap());
        let found = act(self.sqlite.as_mut().unwrap());
        assert_eq!(specified, found);
        found
    }

    fn offset(&mut self, offset: i64) -> Revision {
        let current = self.both(|store| store.revision()).unwrap();
        Revision { revision: current.revision.saturating_add_signed(offset), ..current }
    }

    fn act(&mut self, step: Step) {
        match step {
            Step::Commit(transaction) => drop(self.both(|store| store.commit(transaction.clone()))),
            Step::Read(range, limit) => drop(self.both(|store| store.read(&range, limit))),
            Step::Compact(offset) => {
                let revision = self.offset(offset);
                let _ = self.both(|store| store.compact(revision));
            }
            Step::Grant(seconds) => {
                let now = self.now;
                let _ = self.both(|store| store.grant(Duration::from_secs(seconds), now));
            }
            Step::KeepAlive(id) => {
                let now = self.now;
                let _ = self.both(|store| store.keep_alive(LeaseId(id), now));
            }
            Step::Revoke(id) => drop(self.both(|store| store.revoke(LeaseId(id)))),
            Step::Tick(seconds) => {
                self.now += Duration::from_secs(seconds);
                let now = self.now;
                self.both(|store| store.tick(now)).unwrap();
            }
            Step::Recover => drop(self.both(|store| store.recover()).unwrap()),
            Step::Watch(range, offset) => {
                let from = self.offset(offset);
                let model = self.model.as_mut().unwrap().watch(&range, from);
                let sqlite = self.sqlite.as_mut().unwrap().watch(&range, from);
                match (model, sqlite) {
                    (Ok(model), Ok(sqlite)) => self.watches.push((model, sqlite)),
                    (model, sqlite) => assert_eq!(model.err(), sqlite.err()),
                }
            }
            Step::Restart => {
                self.model = self.model.take().map(Model::restart);
                drop(self.sqlite.take());
                self.sqlite = Some(SqliteStore::open(&self.path, Options::with_bounds(BOUNDS)).unwrap());
            }
        }
    }

    fn compare_everything(&mut self) {
        self.both(|store| store.revision()).unwrap();
        self.both(|store| read_all(store, &KeyRange::all())).unwrap();
        for (model, sqlite) in &mut self.watches {
            assert_eq!(model.poll(), sqlite.poll());
            assert_eq!(model.position(), sqlite.position());
        }
    }
}

fn check(steps: Vec<Step>) {
    // What a power cut leaves is another test's: memory will do for this one.
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = directory.path().join("cluster.db");
    let mut pair = Pair {
        model: Some(Model::with_bounds(1, BOUNDS)),
        sqlite: Some(SqliteStore::create(&path, "differential", Options::with_bounds(BOUNDS)).unwrap()),
        path,
        watches: Vec::new(),
        now: Duration::ZERO,
    };
    for step in steps {
        pair.act(step);
        pair.compare_everything();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn model_and_sqlite_answer_alike(steps in proptest::collection::vec(step(), 1..60)) {
        check(steps);
    }
}
