//! The registry as its users see it: batches through a store, and the tree that follows.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Changes, Disposition, KeyPath, RegistryError, Tree, Value, fold, registry_range};
use crate::{Committed, KeyRange, Model, Op, Revision, Store, Transaction, Watch, read_all};

/// A store with the tree that follows its events, and one that follows what it commits itself.
struct Bench {
    store: Model,
    watch: Box<dyn Watch>,
    tree: Tree,
    own: Tree,
    now_unix_ms: u64,
}

impl Bench {
    fn new() -> Self {
        let mut store = Model::default();
        let watch = store.watch(&registry_range(), Revision::new(1, 1)).unwrap();
        Self { store, watch, tree: Tree::new(), own: Tree::new(), now_unix_ms: 1000 }
    }

    fn commit(&mut self, gather: impl FnOnce(&mut Changes<'_>)) -> Committed {
        self.now_unix_ms += 1;
        let mut changes = Changes::new(&self.tree, self.now_unix_ms);
        gather(&mut changes);
        let (compares, then) = changes.into_parts();
        let done =
            self.store.commit(Transaction { compares, then: then.clone(), otherwise: vec![] }).unwrap();
        if done.succeeded {
            self.own.apply_committed(&then, done.revision).unwrap();
        }
        self.follow();
        done
    }

    fn follow(&mut self) {
        for event in self.watch.poll().unwrap() {
            self.tree.apply(&event).unwrap();
        }
    }

    /// All three ways to a tree lead to the same one.
    fn check(&mut self) -> String {
        let (entries, revision) = read_all(&mut self.store, &registry_range()).unwrap();
        let loaded = show(&Tree::load(&entries, revision).unwrap());
        assert_eq!(show(&self.tree), loaded);
        assert_eq!(show(&self.own), loaded);
        loaded
    }
}

fn path(path: &str) -> KeyPath {
    KeyPath::parse(path).unwrap()
}

/// The keys as `name[value=data ...]{subkeys}`; the root only as its braces.
fn show(tree: &Tree) -> String {
    let mut out = String::from("{");
    tree.key(&KeyPath::root()).unwrap().subkeys().for_each(|key| show_key(key, &mut out));
    out.push('}');
    out
}

fn show_key(key: &super::Key, out: &mut String) {
    let values = key.values().map(|it| format!("{}={:?}", it.name, it.value)).collect::<Vec<_>>().join(" ");
    *out += &format!("{}[{values}]{{", key.name());
    key.subkeys().for_each(|below| show_key(below, out));
    out.push('}');
}

#[test]
fn keys_and_values_come_and_go() {
    let mut bench = Bench::new();
    bench.commit(|changes| {
        assert_eq!(changes.create_key(&path(r"Resources\X\Parameters")), Ok(Disposition::Created));
        assert_eq!(changes.create_key(&path(r"resources\x")), Ok(Disposition::Opened));
        changes.set_value(&path(r"Resources\X"), "PersistentState", Value::Dword(1)).unwrap();
        changes.set_value(&path(r"Resources\X"), "persistentstate", Value::Dword(2)).unwrap();
        changes.set_value(&path(r"Resources\X\parameters"), "", Value::Sz("default".into())).unwrap();
        assert_eq!(changes.value(&path(r"RESOURCES\x"), "PERSISTENTSTATE"), Some(&Value::Dword(2)));
    });
    let first = r#"{Resources[]{X[PersistentState=Dword(2)]{Parameters[=Sz("default")]{}}}}"#;
    assert_eq!(bench.check(), first);
    // A batch that gives a value and takes it again leaves nothing.
    bench.commit(|changes| {
        changes.set_value(&path(r"Resources\X"), "New", Value::Qword(1)).unwrap();
        assert_eq!(changes.delete_value(&path(r"Resources\X"), "new"), Ok(true));
        assert_eq!(changes.delete_value(&path(r"Resources\X"), "new"), Ok(false));
        assert_eq!(changes.delete_value(&path(r"Resources\X\Parameters"), ""), Ok(true));
    });
    assert_eq!(bench.check(), "{Resources[]{X[PersistentState=Dword(2)]{Parameters[]{}}}}");
    bench.commit(|changes| changes.delete_key(&path(r"Resources\X\Parameters")).unwrap());
    bench.commit(|changes| {
        // Deleted and made anew in one batch: nothing of the old one is left.
        changes.delete_tree(&path(r"Resources\X")).unwrap();
        assert!(!changes.key_exists(&path(r"Resources\X")));
        changes.create_key(&path(r"Resources\x")).unwrap();
        assert_eq!(changes.value(&path(r"Resources\X"), "PersistentState"), None);
        changes.set_value(&path(r"Resources\x"), "Other", Value::Binary(vec![1])).unwrap();
    });
    assert_eq!(bench.check(), "{Resources[]{x[Other=Binary([1])]{}}}");
    bench.commit(|changes| changes.delete_tree(&path("Resources")).unwrap());
    assert_eq!(bench.check(), "{}");
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut bench = Bench::new();
    bench.commit(|changes| {
        changes.create_key(&path(r"Groups\G")).unwrap();
    });
    let mut changes = Changes::new(&bench.tree, 0);
    let missing = |path: &str| RegistryError::KeyNotFound { path: path.into() };
    assert_eq!(changes.set_value(&path("No"), "v", Value::Dword(1)), Err(missing("No")));
    assert_eq!(changes.delete_value(&path("No"), "v"), Err(missing("No")));
    assert_eq!(changes.delete_key(&path("No")), Err(missing("No")));
    assert_eq!(changes.delete_tree(&path("No")), Err(missing("No")));
    assert_eq!(changes.delete_key(&path("Groups")), Err(RegistryError::HasSubkeys { path: "Groups".into() }));
    assert_eq!(changes.delete_key(&KeyPath::root()), Err(RegistryError::HasSubkeys { path: String::new() }));
    assert_eq!(changes.delete_tree(&KeyPath::root()), Err(RegistryError::RootKey));
    let large = Value::Binary(vec![0; super::DATA_BYTES_MAX + 1]);
    assert!(matches!(
        changes.set_value(&path("Groups"), "v", large),
        Err(RegistryError::ValueTooLarge { .. })
    ));
    let long = "n".repeat(super::VALUE_NAME_CHARS_MAX + 1);
    assert!(matches!(
        changes.set_value(&path("Groups"), &long, Value::Dword(1)),
        Err(RegistryError::NameTooLong { .. })
    ));
    assert!(changes.is_empty());
    // With its subkey gone in the same batch, the key can go too.
    changes.delete_key(&path(r"Groups\G")).unwrap();
    changes.delete_key(&path("Groups")).unwrap();
    assert!(!changes.is_empty());
}

#[test]
fn the_largest_value_and_the_deepest_path_fit_the_store() {
    let mut bench = Bench::new();
    let deep = path(&["ä".repeat(120).as_str(); 16].join("\\"));
    let name = "ß".repeat(super::VALUE_NAME_CHARS_MAX);
    for value in [
        Value::Binary(vec![0xab; super::DATA_BYTES_MAX]),
        Value::Sz("€".repeat(super::DATA_BYTES_MAX / 2 - 1)),
        Value::Raw { kind: 99, bytes: vec![1; super::DATA_BYTES_MAX] },
    ] {
        bench.commit(|changes| {
            changes.create_key(&deep).unwrap();
            changes.set_value(&deep, &name, value.clone()).unwrap();
        });
        assert_eq!(bench.tree.value(&deep, &name), Some(&value));
    }
    bench.check();
}

#[test]
fn enumeration_is_ordered_and_by_index() {
    let mut bench = Bench::new();
    bench.commit(|changes| {
        for name in ["b", "A b", "C", "a"] {
            changes.create_key(&path(name)).unwrap();
            changes.set_value(&path("b"), name, Value::Dword(0)).unwrap_or_default();
        }
    });
    let root = bench.tree.key(&KeyPath::root()).unwrap();
    assert_eq!(root.subkeys().map(super::Key::name).collect::<Vec<_>>(), ["a", "A b", "b", "C"]);
    assert_eq!(root.subkey_at(1).map(super::Key::name), Some("A b"));
    assert!(root.subkey_at(4).is_none());
    assert_eq!(root.subkey("c").map(super::Key::name), Some("C"));
    let key = root.subkey("B").unwrap();
    assert_eq!(key.values().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a", "A b", "b", "C"]);
    assert_eq!(key.value_at(3).map(|it| it.name.as_str()), Some("C"));
    assert!(key.value_at(4).is_none());
}

#[test]
fn last_write_moves_with_the_key_its_values_and_its_subkeys() {
    let mut bench = Bench::new();
    let times = |bench: &Bench| {
        ["K", r"K\S"].map(|it| bench.tree.key(&path(it)).map_or(0, |key| key.last_write_unix_ms() - 1000))
    };
    bench.commit(|changes| {
        changes.create_key(&path("K")).unwrap();
    });
    assert_eq!(times(&bench), [1, 0]);
    bench.commit(|changes| {
        changes.create_key(&path(r"K\S")).unwrap();
    });
    assert_eq!(times(&bench), [2, 2]);
    bench.commit(|changes| changes.set_value(&path(r"K\S"), "v", Value::Dword(1)).unwrap());
    assert_eq!(times(&bench), [2, 3]);
    bench.commit(|changes| {
        changes.delete_value(&path(r"K\S"), "v").unwrap();
    });
    assert_eq!(times(&bench), [2, 4]);
    bench.commit(|changes| changes.delete_key(&path(r"K\S")).unwrap());
    assert_eq!(times(&bench), [5, 0]);
}

/// Two batches from the same state of the tree: the second one fails if what it relied on is gone.
#[test]
fn a_batch_holds_only_while_its_keys_do() {
    type Gather = fn(&mut Changes<'_>);
    let create: Gather = |changes| {
        changes.create_key(&path(r"K\New")).unwrap();
    };
    let set: Gather = |changes| changes.set_value(&path("K"), "v", Value::Dword(1)).unwrap();
    let delete: Gather = |changes| changes.delete_key(&path("K")).unwrap();
    let remake: Gather = |changes| {
        changes.delete_key(&path("K")).unwrap();
        changes.create_key(&path("K")).unwrap();
    };
    for (name, first, second, holds) in [
        ("set, set", set, set, true),
        ("create twice", create, create, false),
        ("delete, then set", delete, set, false),
        ("delete, then create below", delete, create, false),
        ("create below, then delete", create, delete, false),
        ("remade, then set", remake, set, true),
        ("create below, then remade", create, remake, false),
        ("set, then delete", set, delete, true),
        ("create below, then set", create, set, true),
    ] {
        let mut bench = Bench::new();
        bench.commit(|changes| {
            changes.create_key(&path("K")).unwrap();
        });
        let stale = bench.tree.clone();
        assert!(bench.commit(first).succeeded, "{name}");
        let mut changes = Changes::new(&stale, 5000);
        second(&mut changes);
        let (compares, then) = changes.into_parts();
        let done = bench.store.commit(Transaction { compares, then, otherwise: vec![] }).unwrap();
        assert_eq!(done.succeeded, holds, "{name}");
        bench.follow();
        let (entries, revision) = read_all(&mut bench.store, &registry_range()).unwrap();
        assert_eq!(show(&bench.tree), show(&Tree::load(&entries, revision).unwrap()), "{name}");
    }
}

#[test]
fn events_older_than_the_tree_are_passed_over() {
    let mut bench = Bench::new();
    let mut early = bench.store.watch(&KeyRange::all(), Revision::new(1, 1)).unwrap();
    bench.commit(|changes| {
        changes.create_key(&path("K")).unwrap();
        changes.set_value(&path("K"), "v", Value::Dword(1)).unwrap();
    });
    bench.commit(|changes| changes.delete_tree(&path("K")).unwrap());
    bench.commit(|changes| {
        changes.create_key(&path("k")).unwrap();
        changes.set_value(&path("K"), "v", Value::Dword(2)).unwrap();
    });
    bench.store.commit(Transaction::unconditional(vec![Op::put("own/x", "not ours")])).unwrap();
    let before = bench.check();
    let (entries, revision) = read_all(&mut bench.store, &KeyRange::all()).unwrap();
    let mut tree = Tree::load(&entries, revision).unwrap();
    for event in early.poll().unwrap() {
        assert_eq!(tree.apply(&event), Ok(false));
        assert_eq!(show(&tree), before);
    }
}

#[test]
fn damaged_entries_are_named() {
    let mut store = Model::default();
    for (key, value) in
        [(r"registry\k\", "no json"), (r"registry\k\\v", r#"{"name":"v"}"#), (r"registry\k", "{}")]
    {
        store.commit(Transaction::unconditional(vec![Op::put(key, value)])).unwrap();
        let (entries, revision) = read_all(&mut store, &KeyRange::single(key)).unwrap();
        let error = Tree::load(&entries, revision).unwrap_err();
        assert!(matches!(&error, RegistryError::Damaged { key: named, .. } if named == key), "{error}");
    }
}

#[derive(Clone, Debug)]
enum Act {
    Create(&'static str),
    Set(&'static str, &'static str, u32),
    DeleteValue(&'static str, &'static str),
    DeleteKey(&'static str),
    DeleteTree(&'static str),
}

/// The registry as one would write it on a napkin: by folded path, values by folded name.
type Napkin = BTreeMap<String, BTreeMap<String, (String, u32)>>;

fn above(folded: &str) -> Option<&str> {
    folded.rsplit_once('\\').map(|(above, _)| above)
}

fn act(napkin: &mut Napkin, act: &Act) -> bool {
    let below = |napkin: &Napkin, key: &str| -> Vec<String> {
        napkin.keys().filter(|it| *it == key || it.starts_with(&format!("{key}\\"))).cloned().collect()
    };
    match act {
        Act::Create(key) => {
            let mut key = Some(fold(key));
            while let Some(folded) = key {
                napkin.entry(folded.clone()).or_default();
                key = above(&folded).map(str::to_owned);
            }
            true
        }
        Act::Set(key, name, data) => napkin.get_mut(&fold(key)).is_some_and(|values| {
            values.entry(fold(name)).or_insert((name.to_string(), 0)).1 = *data;
            true
        }),
        Act::DeleteValue(key, name) => napkin.get_mut(&fold(key)).is_some_and(|values| {
            values.remove(&fold(name));
            true
        }),
        Act::DeleteKey(key) => match below(napkin, &fold(key)).as_slice() {
            [only] => napkin.remove(only).is_some(),
            _ => false,
        },
        Act::DeleteTree(key) => {
            let gone = below(napkin, &fold(key));
            gone.iter().filter(|key| napkin.remove(*key).is_some()).count() > 0 && gone.contains(&fold(key))
        }
    }
}

fn gather(changes: &mut Changes<'_>, act: &Act) -> bool {
    match act {
        Act::Create(key) => changes.create_key(&path(key)).is_ok(),
        Act::Set(key, name, data) => changes.set_value(&path(key), name, Value::Dword(*data)).is_ok(),
        Act::DeleteValue(key, name) => changes.delete_value(&path(key), name).is_ok(),
        Act::DeleteKey(key) => changes.delete_key(&path(key)).is_ok(),
        Act::DeleteTree(key) => changes.delete_tree(&path(key)).is_ok(),
    }
}

fn napkin_of(tree: &Tree) -> Napkin {
    fn walk(key: &super::Key, at: &str, napkin: &mut Napkin) {
        for below in key.subkeys() {
            let folded =
                if at.is_empty() { fold(below.name()) } else { format!("{at}\\{}", fold(below.name())) };
            let values =
                below.values().map(|it| (fold(&it.name), (it.name.clone(), it.value.as_dword().unwrap())));
            napkin.insert(folded.clone(), values.collect());
            walk(below, &folded, napkin);
        }
    }
    let mut napkin = Napkin::new();
    walk(tree.key(&KeyPath::root()).unwrap(), "", &mut napkin);
    napkin
}

fn any_act() -> impl Strategy<Value = Act> {
    let key = || proptest::sample::select(vec!["A", "a", r"A\B", r"a\b", r"A\B\C", "A B", r"D\E"]);
    let name = || proptest::sample::select(vec!["", "V", "v", r"w\\x"]);
    prop_oneof![
        3 => key().prop_map(Act::Create),
        4 => (key(), name(), any::<u32>()).prop_map(|(key, name, data)| Act::Set(key, name, data)),
        1 => (key(), name()).prop_map(|(key, name)| Act::DeleteValue(key, name)),
        2 => key().prop_map(Act::DeleteKey),
        1 => key().prop_map(Act::DeleteTree),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Batches of any length do what the same operations one by one would.
    #[test]
    fn batches_do_what_they_say(batches in proptest::collection::vec(proptest::collection::vec(any_act(), 1..8), 1..8)) {
        let mut bench = Bench::new();
        let mut napkin = Napkin::new();
        for batch in batches {
            let done = bench.commit(|changes| {
                for one in &batch {
                    assert_eq!(gather(changes, one), act(&mut napkin, one), "{one:?}");
                }
            });
            prop_assert!(done.succeeded);
            bench.check();
            prop_assert_eq!(napkin_of(&bench.tree), napkin.clone());
        }
    }
}

#[test]
fn a_batch_that_relies_on_values_meets_whoever_wrote_them_meanwhile() {
    let at = path(r"Groups\G");
    for (mine, others, goes_through) in [
        ("Known", "Known", false),
        ("known", "KNOWN", false),
        ("Known", "Other", true),
        ("New", "New", false),
        ("New", "Known", true),
    ] {
        for deletes in [false, true] {
            let mut bench = Bench::new();
            bench.commit(|changes| {
                changes.create_key(&at).unwrap();
                for name in ["Known", "Other"] {
                    changes.set_value(&at, name, Value::Dword(1)).unwrap();
                }
            });
            let seen = bench.tree.clone();
            bench.commit(|changes| changes.set_value(&at, others, Value::Dword(2)).unwrap());
            let mut batch = Changes::new(&seen, 0);
            match deletes && mine != "New" {
                true => assert_eq!(batch.delete_value(&at, mine), Ok(true)),
                false => batch.set_value(&at, mine, Value::Dword(3)).unwrap(),
            }
            batch.rely_on_values();
            let (compares, then) = batch.into_parts();
            let done = bench.store.commit(Transaction { compares, then, otherwise: vec![] }).unwrap();
            assert_eq!(done.succeeded, goes_through, "{mine} {others} {deletes}");
        }
    }
}
