//! Operations that outlive a restart of the service tell all of their parts, and what they have done is explained by them.

use mainstay_types::operation::{End, OperationRecord, Part, Verb};
use mainstay_types::{ObjectId, OperationId, ResourceId, ResourceState};

use super::scenarios::stack;
use crate::command::{Command, Remark};
use crate::rehearsal::Durations;
use crate::testing::{Reaction, World};

/// `web` on `db` on `disk` in a group.
struct Case {
    world: World,
    ids: [ResourceId; 3],
}

impl Case {
    fn new() -> Self {
        let mut world = World::default();
        let (_, ids) = stack(&mut world);
        Case { world, ids }
    }

    fn online() -> Self {
        let mut case = Case::new();
        case.world.online(case.ids[2]);
        case.world.pass_ms(1_000);
        case
    }

    fn restart(&mut self, resource: ResourceId) {
        let remark = Remark::default();
        self.world.call(Command::RestartResource { resource, flags: 0, remark });
    }

    fn hanging(&self) -> OperationId {
        self.world.engine.shown_operations().last().expect("one that runs").id
    }
}

fn parts(record: &OperationRecord) -> Vec<String> {
    let one = |part: &Part| format!("{} {}: {}", part.action, part.resource, part.outcome);
    record.parts.iter().map(one).collect()
}

/// An operation that hangs, how that ends, and what its record tells then; by the resource at which it hangs.
type Row = (&'static str, fn() -> (Case, usize), Reaction, &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        "a start that hangs in the middle",
        || {
            let mut case = Case::new();
            case.world.behave(case.ids[1]).online = Reaction::Hang;
            case.world.online(case.ids[2]);
            (case, 1)
        },
        Reaction::Done,
        &["start disk: online", "start db: online", "start web: online"],
    ),
    (
        "a start that hangs at the end",
        || {
            let mut case = Case::new();
            case.world.behave(case.ids[2]).online = Reaction::Hang;
            case.world.online(case.ids[2]);
            (case, 2)
        },
        Reaction::Done,
        &["start disk: online", "start db: online", "start web: online"],
    ),
    (
        "a start that fails",
        || {
            let mut case = Case::new();
            case.world.set(case.ids[2], "RestartAction", 0);
            case.world.behave(case.ids[2]).online = Reaction::Hang;
            case.world.online(case.ids[2]);
            (case, 2)
        },
        Reaction::Fail,
        &[
            "start disk: online",
            "start db: online",
            "start web: exited with status 3 (5038 ERROR_RESOURCE_FAILED)",
        ],
    ),
    (
        "a stop that hangs in the middle",
        || {
            let mut case = Case::online();
            case.world.behave(case.ids[1]).offline = Reaction::Hang;
            case.world.offline(case.ids[0], 0);
            (case, 1)
        },
        Reaction::Done,
        &["stop web: offline", "stop db: offline", "stop disk: offline"],
    ),
    (
        "a stop that is vetoed",
        || {
            let mut case = Case::online();
            case.world.behave(case.ids[1]).offline = Reaction::Hang;
            case.world.offline(case.ids[0], 0);
            (case, 1)
        },
        Reaction::Veto,
        &[
            "stop web: offline",
            "stop db: vetoed: the state file does not fit (5955 ERROR_CLUSTER_RESOURCE_VETOED_CALL)",
            "restore web: online",
        ],
    ),
    (
        "a restart that hangs on its way down",
        || {
            let mut case = Case::online();
            case.world.behave(case.ids[1]).offline = Reaction::Hang;
            case.restart(case.ids[1]);
            (case, 1)
        },
        Reaction::Done,
        &["stop web: offline", "stop db: offline", "start db: online", "start web: online"],
    ),
    (
        "a restart that hangs on its way up",
        || {
            let mut case = Case::online();
            case.world.behave(case.ids[1]).online = Reaction::Hang;
            case.restart(case.ids[1]);
            (case, 1)
        },
        Reaction::Done,
        &["stop web: offline", "stop db: offline", "start db: online", "start web: online"],
    ),
];

/// The end of what hangs is told to the service before it is killed, when it is there again, or while it takes over.
#[test]
fn every_part_is_told() {
    let mut wrong = String::new();
    for (title, make, reaction, expected) in ROWS {
        for when in ["after the restart", "during it", "after two"] {
            let (case, hangs) = make();
            let hanging = case.hanging();
            let Case { mut world, ids } = case;
            world.pass_ms(1_000);
            ids.iter().for_each(|id| *world.behave(*id) = Default::default());
            match when {
                "during it" => world.restart_service_while(ids[hangs], *reaction),
                "after two" => {
                    world.restart_service();
                    world.pass_ms(1_000);
                    world.restart_service();
                    world.end_order(ids[hangs], *reaction);
                }
                _ => {
                    world.restart_service();
                    world.end_order(ids[hangs], *reaction);
                }
            }
            world.settle();
            let record = &world.journal[&hanging];
            let told = parts(record);
            let is_whole = record.parts.iter().all(|part| part.ended_at_ms.is_some());
            if told != *expected || !is_whole || record.end.is_none() {
                wrong.push_str(&format!("{title}, {when}: {told:#?}, {:?}\n", record.end));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A part that runs is told as such, since when its host is at it.
#[test]
fn what_runs_is_told_while_it_runs() {
    let (mut case, _) = ROWS[0].1();
    let id = case.hanging();
    case.world.pass_ms(5_000);
    case.world.restart_service();
    let shown = case.world.engine.shown_operations();
    let record = shown.iter().find(|record| record.id == id).expect("it runs");
    assert_eq!(parts(record), ["start disk: online", "start db: "]);
    assert_eq!(case.world.now.unix_ms - record.parts[1].began_at_ms, 5_000);
    assert!(!record.parts[1].is_rebuilt && record.parts[0].is_rebuilt);
}

/// How long a part took that was built again nobody knows.
#[test]
fn what_was_built_again_says_nothing_about_durations() {
    let (mut case, _) = ROWS[0].1();
    let id = case.hanging();
    case.world.pass_ms(5_000);
    case.world.restart_service();
    case.world.end_order(case.ids[1], Reaction::Done);
    let record = case.world.journal[&id].clone();
    let durations = Durations::of([&record]);
    let name = |index: usize| record.parts[index].resource.clone();
    assert_eq!(durations.expected(&name(0), "start"), None);
    assert_eq!(durations.expected(&name(1), "start"), Some((5_000, 1)));
}

/// What the service's own start had under way goes on under another id, and tells what it brought up.
#[test]
fn what_the_start_had_under_way_is_told() {
    let mut case = Case::online();
    case.world.behave(case.ids[1]).online = Reaction::Hang;
    case.world.reboot();
    assert_eq!(case.world.state(case.ids[1]), ResourceState::OnlinePending);
    case.world.restart_service();
    case.world.end_order(case.ids[1], Reaction::Done);
    assert_eq!(case.ids.map(|id| case.world.state(id)), [ResourceState::Online; 3]);
    let db = ObjectId::Resource(case.ids[1]);
    let is_it = |record: &&OperationRecord| record.object == db && record.verb == Verb::Recover;
    let record = case.world.journal.values().find(is_it).expect("a record");
    assert_eq!(parts(record), ["start db: online"]);
    assert_eq!(record.end, Some(End::Done));
    let journal: Vec<_> = case.world.journal.values().rev().cloned().collect();
    let explained = case.world.engine.view().explain_resource(case.ids[1], &journal).expect("an explanation");
    assert_eq!(explained.reason.text, "the service saw its start through");
}

/// Whoever asked is named after the restart as before it.
#[test]
fn what_outlived_a_restart_is_explained() {
    for index in [0, 1, 3, 5, 6] {
        let (title, make, reaction, _) = &ROWS[index];
        let texts = |restarts: bool| {
            let (Case { mut world, ids }, hangs) = make();
            world.pass_ms(1_000);
            ids.iter().for_each(|id| *world.behave(*id) = Default::default());
            if restarts {
                world.restart_service();
            }
            world.end_order(ids[hangs], *reaction);
            world.settle();
            let journal: Vec<_> = world.journal.values().rev().cloned().collect();
            let view = world.engine.view();
            ids.map(|id| {
                let explained = view.explain_resource(id, &journal).expect("an explanation");
                (explained.state, explained.reason.text, explained.reason.operation)
            })
        };
        assert_eq!(texts(true), texts(false), "{title}");
    }
}
