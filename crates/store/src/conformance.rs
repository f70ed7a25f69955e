//! The suite that every backend has to pass.
//!
//! Owns the cases and nothing of any backend: a case gets an empty store with default bounds and panics when a
//! promise of the contract is broken.

#![expect(clippy::unwrap_used, reason = "a test suite: a broken promise is a panic")]

use std::time::Duration;

use crate::contract::{
    Committed, Compare, Condition, Event, EventKind, KeyRange, KeyValue, LeaseId, Op, Order, Response,
    Revision, Transaction,
};
use crate::error::{Refusal, StoreError, WatchError};
use crate::limits::{
    KEY_BYTES_MAX, LEASE_TTL_MAX, OPERATIONS_MAX, POLL_EVENTS_MAX, READ_BYTES_MAX, READ_ENTRIES_MAX,
    TRANSACTION_BYTES_MAX, VALUE_BYTES_MAX,
};
use crate::model::Model;
use crate::store::{Store, Watch, read_all};

/// A promise and the function that checks it.
pub type Case = (&'static str, fn(&mut dyn Store));

/// Every case, by name.
pub const CASES: &[Case] = &[
    ("the revision grows with changes only", revision_grows_with_changes_only),
    ("compares hold or not", compares_hold_or_not),
    ("a transaction takes one branch, as a whole", one_branch_as_a_whole),
    ("operations run in order", operations_run_in_order),
    ("a key made anew is another key", key_made_anew),
    ("limits are refused and change nothing", limits_refuse),
    ("the largest transaction fits", largest_fits),
    ("a key is written once in a branch", key_written_once),
    ("reads come in pages", reads_in_pages),
    ("a page is bounded by bytes", page_bounded_by_bytes),
    ("odd ranges are empty", odd_ranges),
    ("a watch sees every change of its range in order", watch_sees_every_change),
    ("a watch begins in the past or in the future", watch_begins_anywhere),
    ("a poll never splits a transaction", poll_never_splits),
    ("compaction forgets history and nothing else", compaction_forgets_history),
    ("generations are told apart", generations),
    ("a lease ends with its time", lease_ends_with_its_time),
    ("a lease lives while it is kept", lease_lives_while_kept),
    ("revoking a lease is one transaction", revoke_is_one_transaction),
    ("a put moves a key to another lease or none", put_moves_lease),
    ("unknown leases are refused", unknown_leases),
    ("recovering a healthy store changes nothing", recover_healthy),
    ("every byte survives", every_byte_survives),
    ("a backup is everything at one revision", backup_is_everything),
    ("a backup makes the same store", backup_makes_the_same_store),
];

/// Runs every case on a store of its own.
pub fn check(mut make: impl FnMut() -> Box<dyn Store>) {
    for (name, case) in CASES {
        // Printed by the test runner only if a case fails: the last name is the failing one.
        println!("conformance: {name}");
        case(&mut *make());
    }
}

const TTL: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn put(store: &mut dyn Store, key: &str, value: &str) -> Revision {
    run(store, vec![Op::put(key, value)]).revision
}

fn run(store: &mut dyn Store, ops: Vec<Op>) -> Committed {
    store.commit(Transaction::unconditional(ops)).unwrap()
}

fn entries(store: &mut dyn Store) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (found, _) = read_all(store, &KeyRange::all()).unwrap();
    found.into_iter().map(|entry| (text(entry.key), text(entry.value))).collect()
}

fn one(store: &mut dyn Store, key: &str) -> Option<KeyValue> {
    let page = store.read(&KeyRange::single(key), 1).unwrap();
    assert!(!page.more);
    page.entries.into_iter().next()
}

fn drain(watch: &mut dyn Watch) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let more = watch.poll().unwrap();
        if more.is_empty() {
            return events;
        }
        events.extend(more);
    }
}

/// Events as "revision:key" for a put and "revision:-key" for a deletion.
fn shown(events: &[Event]) -> Vec<String> {
    let show = |event: &Event| {
        let minus = if matches!(event.kind, EventKind::Put(_)) { "" } else { "-" };
        format!("{}:{minus}{}", event.revision.revision, String::from_utf8_lossy(event.key()))
    };
    events.iter().map(show).collect()
}

fn revision_grows_with_changes_only(store: &mut dyn Store) {
    let empty = store.revision().unwrap();
    assert_eq!(empty.revision, 0);
    assert_eq!(put(store, "a", "1"), empty.next());
    // The same value again is a change; deleting nothing and reading are none.
    assert_eq!(put(store, "a", "1"), empty.next().next());
    let two = store.revision().unwrap();
    assert_eq!(run(store, vec![Op::delete("b"), Op::delete_range(KeyRange::prefix("x"))]).revision, two);
    assert_eq!(run(store, vec![Op::read(KeyRange::all(), 9)]).revision, two);
    assert_eq!(run(store, vec![]).revision, two);
    assert_eq!(run(store, vec![Op::delete("a"), Op::put("b", "")]).revision, two.next());
    assert_eq!(store.revision().unwrap(), two.next());
}

fn compares_hold_or_not(store: &mut dyn Store) {
    let first = put(store, "there", "b");
    let second = put(store, "there", "m");
    let (before, after) = (Revision::ZERO, second.next());
    use Condition::{Absent, CreateRevision, ModRevision, Present, Value};
    use Order::{Equal, Greater, Less, NotEqual};
    let value = |order, text: &str| Value(order, text.into());
    let cases = [
        ("there", Absent, false),
        ("there", Present, true),
        ("there", CreateRevision(Equal, first), true),
        ("there", CreateRevision(Equal, second), false),
        ("there", CreateRevision(NotEqual, second), true),
        ("there", CreateRevision(Less, second), true),
        ("there", CreateRevision(Less, first), false),
        ("there", CreateRevision(Greater, before), true),
        ("there", ModRevision(Equal, second), true),
        ("there", ModRevision(Equal, first), false),
        ("there", ModRevision(NotEqual, second), false),
        ("there", ModRevision(Greater, first), true),
        ("there", ModRevision(Less, after), true),
        ("there", ModRevision(Less, second), false),
        ("there", value(Equal, "m"), true),
        ("there", value(Equal, "b"), false),
        ("there", value(NotEqual, "b"), true),
        ("there", value(Less, "n"), true),
        ("there", value(Greater, "m"), false),
        ("there", value(Greater, ""), true),
        ("gone", Absent, true),
        ("gone", Present, false),
        ("gone", CreateRevision(Equal, before), true),
        ("gone", CreateRevision(Less, first), true),
        ("gone", ModRevision(NotEqual, first), true),
        ("gone", ModRevision(Greater, before), false),
        ("gone", value(Equal, ""), false),
        ("gone", value(NotEqual, "x"), false),
        ("gone", value(Less, "x"), false),
    ];
    for (key, condition, holds) in cases {
        let compare = Compare { key: key.into(), condition };
        let transaction = Transaction { compares: vec![compare.clone()], ..Transaction::default() };
        assert_eq!(store.commit(transaction).unwrap().succeeded, holds, "{compare:?}");
    }
}

fn one_branch_as_a_whole(store: &mut dyn Store) {
    let revision = put(store, "a", "1");
    let mut transaction = Transaction {
        compares: vec![Compare::mod_revision("a", revision), Compare::absent("b")],
        then: vec![Op::put("a", "2"), Op::put("b", "2"), Op::put("c", "2")],
        otherwise: vec![Op::put("d", "3"), Op::read(KeyRange::single("a"), 1)],
    };
    let done = store.commit(transaction.clone()).unwrap();
    let whole = Committed { revision: revision.next(), succeeded: true, responses: vec![Response::Put; 3] };
    assert_eq!(done, whole);
    for key in ["a", "b", "c"] {
        assert_eq!(one(store, key).unwrap().mod_revision, revision.next());
    }
    // One compare of two is not enough.
    transaction.compares[0] = Compare::value("a", "2");
    let done = store.commit(transaction).unwrap();
    assert!(!done.succeeded);
    assert!(
        matches!(&done.responses[..], [Response::Put, Response::Read { entries, more: false }] if entries[0].value == b"2")
    );
    assert_eq!(entries(store).iter().map(|(key, _)| key.as_str()).collect::<String>(), "abcd");
}

fn operations_run_in_order(store: &mut dyn Store) {
    run(store, vec![Op::put("k1", ""), Op::put("k2", ""), Op::put("k3", ""), Op::put("z", "old")]);
    let read = || Op::read(KeyRange::all(), 99);
    let done = run(
        store,
        vec![
            read(),
            Op::delete("k2"),
            read(),
            Op::delete_range(KeyRange::prefix("k")),
            Op::delete("k1"),
            Op::put("z", "new"),
            Op::put("a", "new"),
            read(),
        ],
    );
    let keys = |response: &Response| match response {
        Response::Read { entries, .. } => entries
            .iter()
            .map(|entry| String::from_utf8_lossy(&entry.key).into_owned())
            .collect::<Vec<_>>()
            .join(" "),
        other => format!("{other:?}"),
    };
    let deleted = |count| format!("{:?}", Response::Deleted { count });
    let expected = [
        "k1 k2 k3 z".to_owned(),
        deleted(1),
        "k1 k3 z".to_owned(),
        deleted(2),
        deleted(0),
        "Put".to_owned(),
        "Put".to_owned(),
        "a z".to_owned(),
    ];
    assert_eq!(done.responses.iter().map(keys).collect::<Vec<_>>(), expected);
    let Some(Response::Read { entries, .. }) = done.responses.last() else { panic_on(&done) };
    assert_eq!(entries[1].value, b"new");
    assert!(entries.iter().all(|entry| entry.mod_revision == done.revision));
    assert_eq!(entries[1].create_revision, Revision { revision: 1, ..done.revision });
}

#[expect(clippy::panic, reason = "a test suite: a broken promise is a panic")]
fn panic_on(done: &Committed) -> ! {
    panic!("the last response should be a read: {done:?}")
}

fn key_made_anew(store: &mut dyn Store) {
    let made = put(store, "a", "1");
    let changed = put(store, "a", "2");
    let entry = one(store, "a").unwrap();
    assert_eq!((entry.create_revision, entry.mod_revision, entry.lease), (made, changed, None));
    run(store, vec![Op::delete("a")]);
    assert_eq!(one(store, "a"), None);
    let again = put(store, "a", "3");
    let entry = one(store, "a").unwrap();
    assert_eq!((entry.create_revision, entry.mod_revision), (again, again));
}

fn limits_refuse(store: &mut dyn Store) {
    let before = put(store, "a", "1");
    let long_key = vec![b'k'; KEY_BYTES_MAX + 1];
    let many = |count: usize| (0..count).map(|n| Op::put(format!("k{n}"), "")).collect::<Vec<_>>();
    let absent = (0..=OPERATIONS_MAX).map(|n| Compare::absent(format!("k{n}"))).collect();
    let unconditional = Transaction::unconditional;
    type Expected = fn(&Refusal) -> bool;
    let cases: Vec<(Transaction, Expected)> = vec![
        (unconditional(many(OPERATIONS_MAX + 1)), |it| {
            matches!(it, Refusal::TooManyOperations { count: 129, .. })
        }),
        (Transaction { compares: absent, ..Transaction::default() }, |it| {
            matches!(it, Refusal::TooManyOperations { what: "compares", .. })
        }),
        // The branch that would not be taken counts too.
        (Transaction { otherwise: many(OPERATIONS_MAX + 1), ..Transaction::default() }, |it| {
            matches!(it, Refusal::TooManyOperations { .. })
        }),
        (unconditional(vec![Op::put("", "")]), |it| *it == Refusal::EmptyKey),
        (unconditional(vec![Op::delete("")]), |it| *it == Refusal::EmptyKey),
        (Transaction { compares: vec![Compare::present("")], ..Transaction::default() }, |it| {
            *it == Refusal::EmptyKey
        }),
        (unconditional(vec![Op::put(long_key.clone(), "")]), |it| matches!(it, Refusal::KeyTooLong { .. })),
        (unconditional(vec![Op::put("a", vec![0; VALUE_BYTES_MAX + 1])]), |it| {
            matches!(it, Refusal::ValueTooLarge { .. })
        }),
        (
            unconditional(vec![
                Op::put("a", vec![0; VALUE_BYTES_MAX]),
                Op::put("b", vec![0; TRANSACTION_BYTES_MAX - VALUE_BYTES_MAX - 1]),
            ]),
            |it| matches!(it, Refusal::TransactionTooLarge { size, max } if *size == max + 1),
        ),
        (unconditional(vec![Op::read(KeyRange::all(), 0)]), |it| *it == Refusal::ZeroLimit),
        (unconditional(vec![Op::delete_range(KeyRange::prefix([long_key, vec![0]].concat()))]), |it| {
            matches!(it, Refusal::KeyTooLong { .. })
        }),
    ];
    for (number, (transaction, expected)) in cases.into_iter().enumerate() {
        let result = store.commit(transaction);
        assert!(
            matches!(&result, Err(StoreError::Refused(refusal)) if expected(refusal)),
            "case {number}: {result:?}"
        );
    }
    assert_eq!(store.read(&KeyRange::all(), 0), Err(StoreError::Refused(Refusal::ZeroLimit)));
    assert_eq!(store.revision().unwrap(), before);
    assert_eq!(entries(store), [("a".to_owned(), "1".to_owned())]);
}

fn largest_fits(store: &mut dyn Store) {
    let key = vec![b'k'; KEY_BYTES_MAX];
    let rest = TRANSACTION_BYTES_MAX - VALUE_BYTES_MAX - KEY_BYTES_MAX - 1;
    run(store, vec![Op::put(key.clone(), vec![b'v'; VALUE_BYTES_MAX]), Op::put("b", vec![0; rest])]);
    let page = store.read(&KeyRange::single(key), 1).unwrap();
    assert_eq!(page.entries[0].value, vec![b'v'; VALUE_BYTES_MAX]);
    assert_eq!(one(store, "b").unwrap().value, vec![0; rest]);
    let all = (0..OPERATIONS_MAX).map(|n| Op::put(format!("k{n}"), "")).collect();
    assert_eq!(run(store, all).responses, vec![Response::Put; OPERATIONS_MAX]);
}

fn key_written_once(store: &mut dyn Store) {
    let (a, range) = (|| Op::put("a", "1"), || Op::delete_range(KeyRange::prefix("a")));
    for ops in [
        vec![a(), a()],
        vec![a(), Op::delete("a")],
        vec![Op::delete("a"), a()],
        vec![range(), a()],
        vec![a(), range()],
    ] {
        for transaction in [
            Transaction::unconditional(ops.clone()),
            Transaction { otherwise: ops.clone(), ..Transaction::default() },
        ] {
            let refused = store.commit(transaction);
            assert!(
                matches!(refused, Err(StoreError::Refused(Refusal::DuplicateKey { .. }))),
                "{ops:?}: {refused:?}"
            );
        }
    }
    // Across the branches, and for deletions alone, it is fine.
    let both = Transaction { compares: vec![], then: vec![a()], otherwise: vec![a()] };
    assert_eq!(store.commit(both).unwrap().revision.revision, 1);
    run(store, vec![Op::delete("a"), range(), Op::delete("a"), Op::put("b", "")]);
    assert_eq!(entries(store), [("b".to_owned(), String::new())]);
}

fn reads_in_pages(store: &mut dyn Store) {
    let total = READ_ENTRIES_MAX + 3;
    let keys: Vec<String> = (0..total).map(|n| format!("k{n:06}")).collect();
    for chunk in keys.chunks(OPERATIONS_MAX) {
        run(store, chunk.iter().map(|key| Op::put(key.as_str(), "")).collect());
    }
    let revision = store.revision().unwrap();
    let page = store.read(&KeyRange::all(), 2).unwrap();
    assert_eq!((page.entries.len(), page.more, page.revision), (2, true, revision));
    let page = store.read(&KeyRange::all(), usize::MAX).unwrap();
    assert_eq!((page.entries.len(), page.more), (READ_ENTRIES_MAX, true));
    let page = store.read(&KeyRange { start: keys[total - 2].clone().into(), end: None }, 2).unwrap();
    assert_eq!((page.entries.len(), page.more), (2, false));
    let (all, at) = read_all(store, &KeyRange::prefix("k")).unwrap();
    assert_eq!(at, revision);
    assert!(all.iter().map(|entry| &entry.key[..]).eq(keys.iter().map(String::as_bytes)));
}

fn page_bounded_by_bytes(store: &mut dyn Store) {
    let count = READ_BYTES_MAX / VALUE_BYTES_MAX + 2;
    for n in 0..count {
        run(store, vec![Op::put(format!("k{n}"), vec![b'v'; VALUE_BYTES_MAX])]);
    }
    let page = store.read(&KeyRange::all(), usize::MAX).unwrap();
    assert!(page.more && page.entries.len() < count && !page.entries.is_empty());
    assert_eq!(read_all(store, &KeyRange::all()).unwrap().0.len(), count);
}

fn odd_ranges(store: &mut dyn Store) {
    run(store, vec![Op::put("a", ""), Op::put("m", ""), Op::put(vec![0xff, 0xff], "")]);
    let range = |start: &str, end: &str| KeyRange { start: start.into(), end: Some(end.into()) };
    for (range, count) in [
        (range("b", "b"), 0),
        (range("z", "a"), 0),
        (range("", ""), 0),
        (range("", "b"), 1),
        (range("a", "m"), 1),
        (KeyRange::prefix("m"), 1),
        (KeyRange::prefix(vec![0xff]), 1),
        (KeyRange { start: b"b".to_vec(), end: None }, 2),
        (KeyRange::all(), 3),
    ] {
        assert_eq!(store.read(&range, 9).unwrap().entries.len(), count, "{range:?}");
    }
    assert_eq!(
        run(store, vec![Op::delete_range(range("z", "a"))]).responses,
        [Response::Deleted { count: 0 }]
    );
    assert_eq!(
        run(store, vec![Op::delete_range(KeyRange::all())]).responses,
        [Response::Deleted { count: 3 }]
    );
}

fn watch_sees_every_change(store: &mut dyn Store) {
    let start = store.revision().unwrap().next();
    let mut all = store.watch(&KeyRange::all(), start).unwrap();
    let mut some = store.watch(&KeyRange::prefix("b"), start).unwrap();
    assert_eq!(all.poll().unwrap(), []);
    put(store, "a", "1");
    run(store, vec![Op::put("c", "1"), Op::put("b2", "1"), Op::put("b1", "1")]);
    assert_eq!(shown(&all.poll().unwrap()), ["1:a", "2:c", "2:b2", "2:b1"]);
    run(store, vec![Op::delete("a"), Op::delete_range(KeyRange::prefix("b")), Op::put("d", "")]);
    put(store, "b1", "2");
    assert_eq!(shown(&all.poll().unwrap()), ["3:-a", "3:-b1", "3:-b2", "3:d", "4:b1"]);
    assert_eq!(all.poll().unwrap(), []);
    let events = drain(&mut *some);
    assert_eq!(shown(&events), ["2:b2", "2:b1", "3:-b1", "3:-b2", "4:b1"]);
    // An event shows the key as a read would have.
    let put_event =
        Event { revision: start.next().next().next(), kind: EventKind::Put(one(store, "b1").unwrap()) };
    assert_eq!(events.last(), Some(&put_event));
    let next = store.revision().unwrap().next();
    assert_eq!((all.position(), some.position()), (next, next));
}

fn watch_begins_anywhere(store: &mut dyn Store) {
    for n in 0..5 {
        put(store, "a", &n.to_string());
    }
    let current = store.revision().unwrap();
    let from = |revision| Revision { revision, ..current };
    for (begin, expected) in [(0, 5), (1, 5), (2, 4), (5, 1), (6, 0), (8, 0)] {
        let mut watch = store.watch(&KeyRange::all(), from(begin)).unwrap();
        assert_eq!(drain(&mut *watch).len(), expected, "from {begin}");
    }
    let mut later = store.watch(&KeyRange::all(), from(7)).unwrap();
    put(store, "a", "6");
    assert_eq!(drain(&mut *later), []);
    put(store, "a", "7");
    assert_eq!(shown(&drain(&mut *later)), ["7:a"]);
}

fn poll_never_splits(store: &mut dyn Store) {
    let start = store.revision().unwrap().next();
    let mut watch = store.watch(&KeyRange::all(), start).unwrap();
    let batch =
        |letter: &str| (0..OPERATIONS_MAX).map(|n| Op::put(format!("{letter}{n}"), "")).collect::<Vec<_>>();
    let batches = POLL_EVENTS_MAX / OPERATIONS_MAX + 2;
    for n in 0..batches {
        run(store, batch(&format!("{n}/")));
    }
    // More than a poll holds, in one transaction.
    run(store, vec![Op::delete_range(KeyRange::all())]);
    let mut last = 0;
    let mut total = 0;
    loop {
        let events = watch.poll().unwrap();
        let Some(first) = events.first() else { break };
        assert!(first.revision.revision > last, "revision {last} came in two polls");
        last = events.last().unwrap().revision.revision;
        let single = events.iter().all(|event| event.revision == first.revision);
        assert!(events.len() <= POLL_EVENTS_MAX || single);
        total += events.len();
        assert_eq!(watch.position().revision, last + 1);
    }
    assert_eq!(total, 2 * batches * OPERATIONS_MAX);
}

fn compaction_forgets_history(store: &mut dyn Store) {
    for n in 0..4 {
        run(store, vec![Op::put("a", n.to_string()), Op::put(format!("k{n}"), "")]);
    }
    run(store, vec![Op::delete("k0")]);
    let current = store.revision().unwrap();
    let from = |revision| Revision { revision, ..current };
    let before = read_all(store, &KeyRange::all()).unwrap();
    let mut behind = store.watch(&KeyRange::all(), from(1)).unwrap();
    let mut ahead = store.watch(&KeyRange::all(), from(4)).unwrap();
    store.compact(from(3)).unwrap();
    let compacted = Err(WatchError::Compacted { compacted: from(3) });
    assert_eq!((behind.poll(), behind.poll()), (compacted.clone(), compacted.clone()));
    assert_eq!(shown(&drain(&mut *ahead)), ["4:a", "4:k3", "5:-k0"]);
    assert_eq!(store.watch(&KeyRange::all(), from(3)).unwrap().poll(), compacted);
    assert_eq!(shown(&store.watch(&KeyRange::all(), from(4)).unwrap().poll().unwrap()).len(), 3);
    assert_eq!(read_all(store, &KeyRange::all()).unwrap(), before);
    // Again and further back is nothing new; ahead of time is refused; the very last is fine.
    store.compact(from(3)).unwrap();
    store.compact(from(1)).unwrap();
    assert_eq!(shown(&store.watch(&KeyRange::all(), from(4)).unwrap().poll().unwrap()).len(), 3);
    let future = StoreError::Refused(Refusal::FutureRevision { revision: current.next(), current });
    assert_eq!(store.compact(current.next()), Err(future));
    store.compact(current).unwrap();
    assert_eq!(store.watch(&KeyRange::all(), current.next()).unwrap().poll(), Ok(vec![]));
    assert_eq!(put(store, "a", "new"), current.next());
    assert_eq!(one(store, "a").unwrap().create_revision, from(1));
}

fn generations(store: &mut dyn Store) {
    put(store, "a", "1");
    let current = store.revision().unwrap();
    assert!(current.generation >= 1);
    let older = Revision { generation: current.generation - 1, revision: 1_000_000 };
    let newer = Revision { generation: current.generation + 1, revision: 1 };
    assert!(older < current && current < newer && Revision::ZERO < older);
    let past = store.watch(&KeyRange::all(), older).unwrap().poll();
    assert!(matches!(past, Err(WatchError::Compacted { .. })), "{past:?}");
    let future = StoreError::Refused(Refusal::FutureRevision { revision: newer, current });
    assert_eq!(store.watch(&KeyRange::all(), newer).err(), Some(future.clone()));
    assert_eq!(store.compact(newer), Err(future));
    assert_eq!(store.compact(older), Ok(()));
    let stale = Transaction { compares: vec![Compare::mod_revision("a", older)], ..Transaction::default() };
    assert!(!store.commit(stale).unwrap().succeeded);
}

fn leased(key: &str, lease: LeaseId) -> Op {
    Op::Put { key: key.into(), value: vec![], lease: Some(lease) }
}

fn lease_ends_with_its_time(store: &mut dyn Store) {
    let lease = store.grant(TTL, at(100)).unwrap();
    assert_ne!(lease, LeaseId(0));
    run(store, vec![leased("a", lease), leased("b", lease), Op::put("c", "")]);
    assert_eq!(one(store, "a").unwrap().lease, Some(lease));
    store.tick(at(109)).unwrap();
    assert_eq!(entries(store).len(), 3);
    let revision = store.revision().unwrap();
    let mut watch = store.watch(&KeyRange::all(), revision.next()).unwrap();
    store.tick(at(110)).unwrap();
    assert_eq!(shown(&watch.poll().unwrap()), ["2:-a", "2:-b"]);
    assert_eq!(store.revision().unwrap(), revision.next());
    let gone = StoreError::Refused(Refusal::LeaseNotFound { lease });
    assert_eq!(store.keep_alive(lease, at(110)), Err(gone));
}

fn lease_lives_while_kept(store: &mut dyn Store) {
    let kept = store.grant(TTL, at(0)).unwrap();
    let left = store.grant(TTL, at(0)).unwrap();
    assert_ne!(kept, left);
    run(store, vec![leased("kept", kept), leased("left", left)]);
    for second in [5, 12, 21] {
        assert_eq!(store.keep_alive(kept, at(second)), Ok(TTL));
        store.tick(at(second)).unwrap();
    }
    assert_eq!(entries(store).len(), 1);
    store.tick(at(31)).unwrap();
    assert_eq!(entries(store), []);
    // A lease without keys ends without a revision.
    let revision = store.revision().unwrap();
    store.grant(TTL, at(31)).unwrap();
    store.tick(at(99)).unwrap();
    assert_eq!(store.revision().unwrap(), revision);
}

fn revoke_is_one_transaction(store: &mut dyn Store) {
    let lease = store.grant(TTL, at(0)).unwrap();
    run(store, vec![leased("b", lease), leased("a", lease), Op::put("c", "")]);
    let revision = store.revision().unwrap();
    store.revoke(lease).unwrap();
    assert_eq!(store.revision().unwrap(), revision.next());
    assert_eq!(entries(store).len(), 1);
    assert_eq!(store.revoke(lease), Err(StoreError::Refused(Refusal::LeaseNotFound { lease })));
}

fn put_moves_lease(store: &mut dyn Store) {
    let first = store.grant(TTL, at(0)).unwrap();
    let second = store.grant(TTL, at(0)).unwrap();
    run(store, vec![leased("moved", first), leased("freed", first), leased("deleted", first)]);
    run(store, vec![leased("moved", second), Op::put("freed", ""), Op::delete("deleted")]);
    put(store, "deleted", "anew");
    store.revoke(first).unwrap();
    assert_eq!(entries(store).len(), 3);
    store.revoke(second).unwrap();
    assert_eq!(entries(store).iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["deleted", "freed"]);
}

fn unknown_leases(store: &mut dyn Store) {
    let lease = LeaseId(987_654);
    let unknown = || StoreError::Refused(Refusal::LeaseNotFound { lease });
    let with_lease = Transaction::unconditional(vec![Op::put("a", ""), leased("b", lease)]);
    assert_eq!(store.commit(with_lease), Err(unknown()));
    assert_eq!(entries(store), []);
    assert_eq!(store.keep_alive(lease, at(0)), Err(unknown()));
    assert_eq!(store.revoke(lease), Err(unknown()));
    // In the branch that is not taken it does no harm.
    let not_taken = Transaction { otherwise: vec![leased("b", lease)], ..Transaction::default() };
    assert!(store.commit(not_taken).unwrap().succeeded);
    for ttl in [Duration::ZERO, LEASE_TTL_MAX + Duration::from_secs(1)] {
        assert!(matches!(store.grant(ttl, at(0)), Err(StoreError::Refused(Refusal::LeaseTime { .. }))));
    }
}

fn recover_healthy(store: &mut dyn Store) {
    let revision = put(store, "a", "1");
    let mut watch = store.watch(&KeyRange::all(), revision).unwrap();
    assert_eq!(store.recover(), Ok(revision));
    assert_eq!(drain(&mut *watch).len(), 1);
    assert_eq!(put(store, "a", "2"), revision.next());
    assert_eq!(drain(&mut *watch).len(), 1);
}

fn backup_is_everything(store: &mut dyn Store) {
    let empty = store.backup().unwrap();
    assert_eq!((empty.revision, empty.entries, empty.leases), (store.revision().unwrap(), vec![], vec![]));
    let lease = store.grant(TTL, at(0)).unwrap();
    let revoked = store.grant(TTL, at(0)).unwrap();
    store.revoke(revoked).unwrap();
    run(store, vec![Op::put("b", "1"), leased("c", lease), Op::put("a", [0u8, 255])]);
    put(store, "b", "2");
    run(store, vec![Op::delete("a")]);
    let (all, revision) = read_all(store, &KeyRange::all()).unwrap();
    let backup = store.backup().unwrap();
    assert_eq!((backup.revision, &backup.entries), (revision, &all));
    assert_eq!(backup.leases, [(lease, TTL)]);
    // Taking one changes nothing, and what comes later is not in it.
    assert_eq!(store.revision().unwrap(), revision);
    put(store, "d", "1");
    assert_eq!(backup.entries, all);
    assert!(store.backup().unwrap().next_lease > revoked);
    // More than a page.
    for first in 0..20 {
        run(store, (0..100).map(|key| Op::put(format!("many/{}", first * 100 + key), "")).collect());
    }
    assert_eq!(store.backup().unwrap().entries, read_all(store, &KeyRange::all()).unwrap().0);
}

fn backup_makes_the_same_store(store: &mut dyn Store) {
    let lease = store.grant(TTL, at(0)).unwrap();
    run(store, vec![Op::put("a", "1"), leased("b", lease)]);
    put(store, "a", "2");
    let backup = store.backup().unwrap();
    let mut made = Model::from_backup(&backup);
    assert_eq!(made.backup().unwrap(), backup);
    // Nothing of the history is there; what comes now is seen.
    let mut old = made.watch(&KeyRange::all(), backup.revision).unwrap();
    assert!(matches!(old.poll(), Err(WatchError::Compacted { .. })));
    let mut new = made.watch(&KeyRange::all(), backup.revision.next()).unwrap();
    put(&mut made, "c", "1");
    assert_eq!(shown(&drain(&mut *new)), [format!("{}:c", backup.revision.next().revision)]);
    // The lease is the one that it was.
    made.tick(at(100)).unwrap();
    made.tick(at(200)).unwrap();
    assert_eq!(one(&mut made, "b"), None);
    assert!(made.grant(TTL, at(200)).unwrap() > lease);
}

fn every_byte_survives(store: &mut dyn Store) {
    let bytes: Vec<u8> = (0..=255).collect();
    let odd: [&[u8]; 6] =
        [&bytes, b"\0", b"text\0with\0nul", "größe 🦀".as_bytes(), b"\xff\xfe", b"{\"json\":1}"];
    run(
        store,
        odd.iter().enumerate().map(|(n, value)| Op::put([&[n as u8], *value].concat(), *value)).collect(),
    );
    let (found, _) = read_all(store, &KeyRange::all()).unwrap();
    assert_eq!(found.len(), odd.len());
    for (n, (entry, value)) in found.iter().zip(odd).enumerate() {
        assert_eq!(
            (entry.key.as_slice(), entry.value.as_slice()),
            ([&[n as u8], value].concat().as_slice(), value)
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_model_conforms() {
        super::check(|| Box::new(crate::Model::default()));
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite_conforms() {
        use crate::sqlite::{Options, SqliteStore};
        let directory = tempfile::tempdir().unwrap();
        let mut count = 0;
        super::check(|| {
            count += 1;
            let path = directory.path().join(format!("{count}.db"));
            Box::new(SqliteStore::create(&path, "conformance", Options::default()).unwrap())
        });
    }
}
