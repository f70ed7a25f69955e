//! The core against a tree that exists in the test only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use mainstay_ipc::guard::{Leaf, Reply, ReplyBody, Request, RequestBody, Target};
use mainstay_types::{ClusterId, Epoch, GroupId, ResourceId};
use uuid::Uuid;

use super::*;
use crate::state::Memory;

const CLUSTER: ClusterId = ClusterId(Uuid::from_u128(1));
const ROOT: &str = "/cg/c";

fn hello(version: u32, cluster: ClusterId, cgroup_root: Option<&str>) -> RequestBody {
    RequestBody::Hello { version, cluster, cgroup_root: cgroup_root.map(str::to_owned) }
}

fn group(number: u128) -> GroupId {
    GroupId(Uuid::from_u128(number))
}

fn leaf(in_group: u128, resource: u128) -> Leaf {
    Leaf::Resource { group: group(in_group), resource: ResourceId(Uuid::from_u128(resource)) }
}

fn epoch(epoch: u64) -> Epoch {
    Epoch { generation: 1, epoch }
}

/// What a leaf of the test's tree does when it is frozen or killed.
#[derive(Clone, Copy, PartialEq)]
enum Nature {
    /// As it should.
    Ordinary,
    /// Neither: it sits in the kernel.
    Stuck,
}

struct Place {
    seen: Seen,
    nature: Nature,
}

/// A core with a tree around it.
struct Bench {
    core: Core,
    now: Instant,
    tree: BTreeMap<Leaf, Place>,
    watched: BTreeSet<Leaf>,
    /// What is asked for and not looked for yet.
    searches: Vec<(StopNumber, Vec<Leaf>)>,
    /// How often strays of a leaf are still found.
    strays: BTreeMap<Leaf, u32>,
    replies: BTreeMap<u64, ReplyBody>,
    number: u64,
    /// Everything that was done to the tree, in order.
    done: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        Self::start(Memory::default(), BTreeMap::new())
    }

    fn start(memory: Memory, tree: BTreeMap<Leaf, Place>) -> Self {
        let now = Instant::now();
        let found: Vec<Found> = tree
            .iter()
            .map(|(leaf, place)| Found {
                leaf: *leaf,
                frozen: place.seen.frozen,
                populated: place.seen.populated,
            })
            .collect();
        let (core, actions) = Core::start(CLUSTER, ROOT, 7, memory, &found, now);
        let mut bench = Bench {
            core,
            now,
            tree,
            watched: BTreeSet::new(),
            searches: Vec::new(),
            strays: BTreeMap::new(),
            replies: BTreeMap::new(),
            number: 0,
            done: Vec::new(),
        };
        bench.carry_out(actions);
        bench.ask(hello(1, CLUSTER, Some(ROOT)));
        bench
    }

    /// The guard dies; another one finds the state file and the tree.
    fn restart(self) -> Self {
        Self::start(self.core.memory(), self.tree)
    }

    fn ask(&mut self, body: RequestBody) -> Option<ReplyBody> {
        self.number += 1;
        let request = Request { number: self.number, body };
        let actions = self.core.handle_request(1, request, self.now);
        self.carry_out(actions);
        self.settle();
        self.replies.get(&self.number).cloned()
    }

    fn open(&mut self, leaf: Leaf, number: u64) -> bool {
        matches!(self.ask(RequestBody::Open { leaf, epoch: epoch(number) }), Some(ReplyBody::Opened { .. }))
    }

    fn stop(&mut self, target: Target, number: u64) -> Option<ReplyBody> {
        self.ask(RequestBody::HardStop { target, epoch: epoch(number) })
    }

    fn populate(&mut self, leaf: Leaf, nature: Nature) {
        self.tree.insert(leaf, Place { seen: Seen { populated: true, frozen: false }, nature });
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        let actions = self.core.handle_time(self.now);
        self.carry_out(actions);
        self.settle();
    }

    /// Tells the core of everything that it watches until nothing more comes of it.
    fn settle(&mut self) {
        for _ in 0..8 {
            for leaf in self.watched.clone() {
                self.tell(leaf);
            }
            for (stop, leaves) in std::mem::take(&mut self.searches) {
                self.search(stop, &leaves);
            }
        }
    }

    fn search(&mut self, stop: StopNumber, leaves: &[Leaf]) {
        self.done.push("search".into());
        let mut is_clean = true;
        for leaf in leaves {
            let Some(left) = self.strays.get_mut(leaf).filter(|left| **left > 0) else { continue };
            (*left, is_clean) = (*left - 1, false);
            if let Some(place) = self.tree.get_mut(leaf) {
                place.seen.populated = true;
            }
        }
        let actions = self.core.handle_searched(stop, is_clean, self.now);
        self.carry_out(actions);
    }

    fn tell(&mut self, leaf: Leaf) {
        let seen = self.tree.get(&leaf).map(|place| place.seen);
        let seen = seen.unwrap_or(Seen { populated: false, frozen: true });
        let actions = self.core.handle_observed(leaf, seen, self.now);
        self.carry_out(actions);
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Reply { reply: Reply { number, body }, .. }
                | Action::Dismiss { reply: Reply { number, body }, .. } => {
                    assert!(self.replies.insert(number, body).is_none(), "request {number} answered twice");
                }
                Action::Freeze(leaf) => {
                    self.done.push("freeze".into());
                    if let Some(place) = self.tree.get_mut(&leaf) {
                        place.seen.frozen |= place.nature == Nature::Ordinary;
                    }
                }
                Action::Kill(leaf) => {
                    self.done.push("kill".into());
                    if let Some(place) = self.tree.get_mut(&leaf) {
                        place.seen.populated &= place.nature == Nature::Stuck;
                    }
                }
                Action::Watch(leaf) => drop(self.watched.insert(leaf)),
                Action::Unwatch(leaf) => drop(self.watched.remove(&leaf)),
                Action::Search { stop, leaves } => self.searches.push((stop, leaves)),
                Action::Persist => self.done.push("persist".into()),
                Action::Open { ticket, leaf, epoch, renew } => {
                    self.done.push(if renew { "renew" } else { "open" }.into());
                    let fresh =
                        Place { seen: Seen { populated: false, frozen: false }, nature: Nature::Ordinary };
                    if renew {
                        self.tree.remove(&leaf);
                    }
                    self.tree.entry(leaf).or_insert(fresh);
                    let further = self.core.handle_opened(ticket, leaf, epoch, Ok("path".into()));
                    self.carry_out(further);
                }
                Action::Remake(leaf) => {
                    let seen = Seen { populated: false, frozen: false };
                    self.tree.insert(leaf, Place { seen, nature: Nature::Ordinary });
                }
                Action::Look { ticket, leaf } => {
                    let status = self.core.status_of(leaf, self.tree.get(&leaf).map(|place| place.seen));
                    self.carry_out(vec![reply(ticket, ReplyBody::Looked(status))]);
                }
                Action::Remove { ticket, leaf } => {
                    let populated = self.tree.get(&leaf).is_some_and(|place| place.seen.populated);
                    let result = if populated { Err("not empty".into()) } else { Ok(()) };
                    if result.is_ok() {
                        self.tree.remove(&leaf);
                    }
                    let further = self.core.handle_removed(ticket, leaf, result);
                    self.carry_out(further);
                }
                Action::List { ticket, leaves } => {
                    let listed =
                        leaves.into_iter().map(|leaf| (leaf, self.core.status_of(leaf, None))).collect();
                    self.carry_out(vec![reply(ticket, ReplyBody::Listed(listed))]);
                }
                Action::Exit { ticket, .. } => self.carry_out(vec![reply(ticket, ReplyBody::Done)]),
            }
        }
    }
}

fn empty(empty: bool) -> Option<ReplyBody> {
    Some(ReplyBody::Stopped { empty })
}

fn refused(answer: Option<ReplyBody>, expected: &str) {
    match answer {
        Some(ReplyBody::Refused { reason }) => assert!(reason.contains(expected), "{reason}"),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn which_epochs_may_open_a_leaf() {
    let one = leaf(10, 1);
    // Steps: (hard stop of what with which epoch, or open) and whether the open succeeds.
    enum Do {
        Open(u64, bool),
        StopLeaf(u64),
        StopGroup(u64),
        StopAll(u64),
    }
    use Do::*;
    let cases: &[(&str, &[Do])] = &[
        ("nothing was closed", &[Open(1, true), Open(1, true), Open(2, true)]),
        ("epoch zero is none", &[Open(0, true)]),
        ("older than what is open", &[Open(3, true), Open(2, false), Open(3, true)]),
        (
            "closed for its epoch",
            &[Open(3, true), StopLeaf(3), Open(2, false), Open(3, false), Open(4, true)],
        ),
        ("closed before it was ever open", &[StopLeaf(3), Open(3, false), Open(4, true)]),
        ("an older stop changes nothing", &[Open(3, true), StopLeaf(2), Open(3, true)]),
        ("its group was closed", &[Open(3, true), StopGroup(3), Open(3, false), Open(4, true)]),
        ("its group was closed before it was there", &[StopGroup(5), Open(5, false), Open(6, true)]),
        ("everything was closed", &[Open(3, true), StopAll(3), Open(3, false), Open(4, true)]),
        (
            "everything was closed, each for its own epoch",
            &[Open(9, true), StopAll(3), Open(9, false), Open(10, true)],
        ),
        ("floors do not sink", &[StopLeaf(5), StopLeaf(3), Open(4, false), Open(6, true)]),
    ];
    for (case, steps) in cases {
        // Epoch zero of the default generation is below every floor, so the table counts in generation one.
        let mut bench = Bench::new();
        for (index, step) in steps.iter().enumerate() {
            match step {
                Open(number, expected) => {
                    assert_eq!(bench.open(one, *number), *expected, "{case}, step {index}");
                }
                StopLeaf(number) => drop(bench.stop(Target::Leaf(one), *number)),
                StopGroup(number) => drop(bench.stop(Target::Group(group(10)), *number)),
                StopAll(number) => drop(bench.stop(Target::All, *number)),
            }
            bench = bench.restart();
        }
    }
}

#[test]
fn a_hard_stop_freezes_remembers_and_kills_in_this_order() {
    let mut bench = Bench::new();
    assert!(bench.open(leaf(10, 1), 1));
    bench.populate(leaf(10, 1), Nature::Ordinary);
    bench.done.clear();
    assert_eq!(bench.stop(Target::Leaf(leaf(10, 1)), 1), empty(true));
    assert_eq!(bench.done, ["freeze", "persist", "kill", "search"]);
    let place = &bench.tree[&leaf(10, 1)];
    assert!(place.seen.frozen && !place.seen.populated, "it stays closed");
    assert!(bench.watched.is_empty());
    assert!(bench.open(leaf(10, 1), 2));
    assert_eq!(bench.done.last().map(String::as_str), Some("persist"));
    assert!(bench.done.contains(&"renew".into()), "who still holds the old directory holds nothing");
}

#[test]
fn a_hard_stop_is_not_over_while_strays_are_found() {
    let one = leaf(10, 1);
    for (case, opened, found) in
        [("in its leaf", true, 2), ("its leaf was never there", false, 1), ("none", true, 0)]
    {
        let mut bench = Bench::new();
        if opened {
            assert!(bench.open(one, 1));
        }
        bench.strays.insert(one, found);
        bench.done.clear();
        let mut answer = bench.stop(Target::Leaf(one), 1);
        let request = bench.number;
        for _ in 0..found {
            assert_eq!(answer, None, "{case}");
            refused(bench.ask(RequestBody::Open { leaf: one, epoch: epoch(2) }), "still under way");
            let due = bench.core.next_time().unwrap() - bench.now;
            assert!(due > Duration::ZERO && due <= SEARCH_INTERVAL, "{case}: {due:?}");
            bench.pass(SEARCH_INTERVAL);
            answer = bench.replies.get(&request).cloned();
        }
        assert_eq!(answer, empty(true), "{case}");
        let count = |what: &str| bench.done.iter().filter(|done| *done == what).count() as u32;
        assert_eq!(count("search"), found + 1, "{case}");
        assert_eq!(count("kill"), if opened { found + 1 } else { 0 }, "{case}");
        assert_eq!(bench.core.next_time(), None);
    }
}

#[test]
fn strays_without_end_are_told_and_looked_for_ever_after() {
    let mut bench = Bench::new();
    let one = leaf(10, 1);
    bench.strays.insert(one, u32::MAX);
    assert_eq!(bench.stop(Target::Leaf(one), 1), None);
    let request = bench.number;
    bench.pass(HARD_STOP_BUDGET);
    assert_eq!(bench.replies.get(&request), empty(false).as_ref());
    let searches = |bench: &Bench| bench.done.iter().filter(|done| *done == "search").count();
    let before = searches(&bench);
    bench.pass(WATCH_INTERVAL);
    assert_eq!(searches(&bench), before + 1);
    bench.strays.clear();
    bench.pass(WATCH_INTERVAL);
    assert_eq!(bench.core.next_time(), None);
    assert!(bench.open(one, 2));
}

#[test]
fn a_hard_stop_reaches_what_it_names_and_nothing_else() {
    let (own, sibling, other) = (leaf(10, 1), leaf(10, 2), leaf(20, 3));
    for (target, stopped) in [
        (Target::Leaf(own), &[own][..]),
        (Target::Group(group(10)), &[own, sibling]),
        (Target::All, &[own, sibling, other]),
        (Target::Leaf(Leaf::Pool), &[Leaf::Pool]),
    ] {
        let mut bench = Bench::new();
        for leaf in [Leaf::Pool, own, sibling, other] {
            assert!(bench.open(leaf, 1));
            bench.populate(leaf, Nature::Ordinary);
        }
        assert_eq!(bench.stop(target, 1), empty(true), "{target:?}");
        for (leaf, place) in &bench.tree {
            assert_eq!(!place.seen.populated, stopped.contains(leaf), "{target:?} {leaf:?}");
        }
        assert!(!bench.tree[&Leaf::Pool].seen.frozen, "the pool's place is never frozen");
    }
}

#[test]
fn what_cannot_be_killed_is_told_and_watched() {
    let mut bench = Bench::new();
    let stuck = leaf(10, 1);
    assert!(bench.open(stuck, 1));
    bench.populate(stuck, Nature::Stuck);
    assert_eq!(bench.stop(Target::Leaf(stuck), 1), None);
    assert!(!bench.done.contains(&"kill".into()), "first it waits for the freeze");
    bench.pass(FREEZE_BUDGET);
    assert!(bench.done.contains(&"kill".into()), "what does not freeze is killed all the same");
    refused(bench.ask(RequestBody::Open { leaf: stuck, epoch: epoch(2) }), "still under way");
    refused(bench.ask(RequestBody::Remove { leaf: stuck }), "still under way");
    bench.pass(HARD_STOP_BUDGET - FREEZE_BUDGET);
    assert_eq!(bench.replies.get(&3), empty(false).as_ref());

    let kills = |bench: &Bench| bench.done.iter().filter(|done| *done == "kill").count();
    let before = kills(&bench);
    bench.pass(WATCH_INTERVAL);
    assert_eq!(kills(&bench), before + 1);
    assert!(bench.core.next_time().is_some());
    if let Some(place) = bench.tree.get_mut(&stuck) {
        place.seen = Seen { populated: false, frozen: true };
    }
    bench.settle();
    assert!(bench.watched.is_empty());
    assert_eq!(bench.core.next_time(), None);
    assert!(bench.open(stuck, 2));
}

#[test]
fn two_stops_of_one_leaf_are_both_answered() {
    let mut bench = Bench::new();
    let stuck = leaf(10, 1);
    assert!(bench.open(stuck, 1));
    bench.populate(stuck, Nature::Stuck);
    assert_eq!(bench.stop(Target::Leaf(stuck), 1), None);
    assert_eq!(bench.stop(Target::Group(group(10)), 1), None);
    bench.pass(FREEZE_BUDGET);
    if let Some(place) = bench.tree.get_mut(&stuck) {
        place.seen = Seen { populated: false, frozen: true };
    }
    bench.settle();
    assert_eq!((bench.replies.get(&3), bench.replies.get(&4)), (empty(true).as_ref(), empty(true).as_ref()));
}

#[test]
fn an_interrupted_hard_stop_goes_on_after_a_restart() {
    let mut bench = Bench::new();
    let one = leaf(10, 1);
    assert!(bench.open(one, 4));
    // Killed between the freeze and everything after it: not even the state file knows.
    bench.tree.insert(one, Place { seen: Seen { populated: true, frozen: true }, nature: Nature::Ordinary });
    let mut bench = bench.restart();
    assert!(!bench.tree[&one].seen.populated);
    assert!(!bench.open(one, 4), "the epoch that was interrupted is closed");
    assert!(bench.open(one, 5));
}

#[test]
fn a_restart_finds_what_is_open_and_leaves_it_alone() {
    let mut bench = Bench::new();
    let one = leaf(10, 1);
    assert!(bench.open(one, 4));
    bench.populate(one, Nature::Ordinary);
    let mut bench = bench.restart();
    let place = &bench.tree[&one];
    assert!(place.seen.populated && !place.seen.frozen);
    match bench.ask(RequestBody::Look { leaf: one }) {
        Some(ReplyBody::Looked(status)) => {
            assert!(status.exists && status.populated && !status.frozen);
            assert_eq!(status.floor, Epoch::default());
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.stop(Target::Leaf(one), 4), empty(true));
}

#[test]
fn a_tree_that_was_cleared_away_is_made_again_as_far_as_it_was_open() {
    let mut bench = Bench::new();
    let [open, closed, removed] = [leaf(10, 1), leaf(10, 2), leaf(10, 3)];
    for leaf in [open, closed, removed] {
        assert!(bench.open(leaf, 4));
    }
    assert_eq!(bench.stop(Target::Leaf(closed), 4), empty(true));
    assert_eq!(bench.ask(RequestBody::Remove { leaf: removed }), Some(ReplyBody::Done));
    bench.tree.clear();
    let mut bench = bench.restart();
    assert_eq!(bench.tree.keys().copied().collect::<Vec<_>>(), [open]);
    let exists = |bench: &mut Bench, leaf| match bench.ask(RequestBody::Look { leaf }) {
        Some(ReplyBody::Looked(status)) => status.exists,
        other => panic!("{other:?}"),
    };
    assert!(exists(&mut bench, open) && !exists(&mut bench, closed) && !exists(&mut bench, removed));
    assert!(!bench.open(closed, 4), "it stays closed for this epoch");
    assert!(bench.open(closed, 5));
}

#[test]
fn a_floor_outlives_its_leaf() {
    let mut bench = Bench::new();
    let one = leaf(10, 1);
    assert!(bench.open(one, 4));
    bench.populate(one, Nature::Ordinary);
    refused(bench.ask(RequestBody::Remove { leaf: one }), "not empty");
    assert_eq!(bench.stop(Target::Leaf(one), 4), empty(true));
    assert_eq!(bench.ask(RequestBody::Remove { leaf: one }), Some(ReplyBody::Done));
    let mut bench = bench.restart();
    assert!(!bench.open(one, 4));
    assert!(bench.open(one, 5));
}

#[test]
fn strangers_are_turned_away() {
    let mut bench = Bench::new();
    for (connection, body, expected) in [
        (2, RequestBody::List, "must be Hello"),
        (3, hello(0, CLUSTER, None), "speaks version 0"),
        (4, hello(1, ClusterId(Uuid::from_u128(2)), None), "is the guard of cluster"),
        (6, hello(1, CLUSTER, Some("/cg/other")), "acts in cgroup_root '/cg/c', not in '/cg/other'"),
    ] {
        let actions = bench.core.handle_request(connection, Request { number: 1, body }, bench.now);
        match &actions[..] {
            [Action::Dismiss { reply: Reply { body: ReplyBody::Refused { reason }, .. }, .. }] => {
                assert!(reason.contains(expected), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
    let welcome =
        bench.core.handle_request(5, Request { number: 1, body: hello(9, CLUSTER, None) }, bench.now);
    let expected = ReplyBody::Welcome { version: 1, pid: 7 };
    assert_eq!(welcome, vec![reply(Ticket { connection: 5, number: 1 }, expected)]);
}
