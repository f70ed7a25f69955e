//! The order in which groups start: what may be written about it.

use mainstay_types::event::EventKind;
use mainstay_types::{GroupId, GroupSetId, ObjectId, Status};

use super::rehearsal::Dice;
use crate::command::Command;
use crate::group_set::OrderChange::*;
use crate::testing::World;

/// Three groups and three sets.
struct Cast {
    world: World,
    groups: [GroupId; 3],
    sets: [GroupSetId; 3],
}

impl Cast {
    fn new() -> Self {
        let mut world = World::default();
        let groups = ["a", "b", "c"].map(|name| world.group(name));
        let sets = ["S", "T", "U"].map(|name| world.group_set(name));
        Cast { world, groups, sets }
    }

    /// `a in S`, `a to S` (moves), `a out`, `a after b`, `a after S`, `a not after b`, `S after T`, `a = EXPRESSION`,
    /// `S = EXPRESSION`, `delete S`, `delete a`, `create S`.
    fn command(&mut self, text: &str) -> Command {
        let words: Vec<&str> = text.split(' ').collect();
        let (groups, sets) = (self.groups, self.sets);
        let group = |word: &str| ["a", "b", "c"].iter().position(|name| *name == word).map(|at| groups[at]);
        let set = |word: &str| ["S", "T", "U"].iter().position(|name| *name == word).map(|at| sets[at]);
        let expression = || text.split_once(" = ").unwrap().1.to_owned();
        let change = match words.as_slice() {
            ["create", name] => CreateSet { id: GroupSetId(self.world.fresh()), name: (*name).into() },
            ["delete", name] => match (group(name), set(name)) {
                (Some(group), _) => return Command::DeleteGroup { group, force: false },
                (None, set) => DeleteSet { set: set.unwrap_or(GroupSetId(self.world.fresh())) },
            },
            [dependent, "=", ..] => match (group(dependent), set(dependent)) {
                (Some(group), _) => SetGroups { group, expression: expression() },
                (None, set) => SetSets { set: set.unwrap(), expression: expression() },
            },
            [member, "in", into] => {
                Join { group: group(member).unwrap(), set: set(into).unwrap(), moves: false }
            }
            [member, "to", into] => {
                Join { group: group(member).unwrap(), set: set(into).unwrap(), moves: true }
            }
            [member, "out"] => Leave { group: group(member).unwrap() },
            [dependent, "after", provider] => {
                match (group(dependent), set(dependent), group(provider), set(provider)) {
                    (Some(group), _, Some(provider), _) => AddGroup { group, provider },
                    (Some(group), _, _, Some(provider)) => AddSetToGroup { group, provider },
                    (_, Some(set), _, Some(provider)) => AddSet { set, provider },
                    _ => panic!("{text}"),
                }
            }
            [dependent, "not", "after", provider] => {
                match (group(dependent), set(dependent), group(provider), set(provider)) {
                    (Some(group), _, Some(provider), _) => RemoveGroup { group, provider },
                    (Some(group), _, _, Some(provider)) => RemoveSetFromGroup { group, provider },
                    (_, Some(set), _, Some(provider)) => RemoveSet { set, provider },
                    _ => panic!("{text}"),
                }
            }
            _ => panic!("{text}"),
        };
        Command::Order(change)
    }

    #[track_caller]
    fn check(&mut self, text: &str, expected: Status, says: &str) {
        let before = self.world.database();
        let command = self.command(text);
        let call = self.world.call(command);
        let answer = self.world.answer(call).clone();
        assert_eq!(answer.status, expected, "{text}: {}", answer.text);
        assert!(answer.text.contains(says), "{text}: {}", answer.text);
        if expected != Status::SUCCESS {
            assert_eq!(self.world.database(), before, "{text}");
        }
    }
}

const OK: Status = Status::SUCCESS;

/// Each table is a cluster of its own; its lines are done one after the other.
const RULES: &[&[(&str, Status, &str)]] = &[
    // Names.
    &[
        ("create s", Status::OBJECT_ALREADY_EXISTS, "group set named 's'"),
        ("create V", OK, ""),
        ("create x\\y", Status::INVALID_NAME, ""),
        ("delete nobody", Status::GROUPSET_NOT_AVAILABLE, "no longer there"),
    ],
    // One set at most.
    &[
        ("a in S", OK, ""),
        ("a in S", Status::OBJECT_IN_LIST, "'S'"),
        ("a in T", Status::OBJECT_IN_LIST, "'S'"),
        ("a to T", OK, ""),
        ("delete T", Status::DIR_NOT_EMPTY, "'a'"),
        ("delete S", OK, ""),
        ("a out", OK, ""),
        ("a out", Status::GROUPSET_NOT_FOUND, "'a'"),
        ("b to T", OK, ""),
        ("delete b", OK, ""),
        ("delete T", OK, ""),
    ],
    // Groups.
    &[
        ("a after a", Status::CIRCULAR_DEPENDENCY, "'a'"),
        ("a after b", OK, ""),
        ("a after b", Status::DEPENDENCY_ALREADY_EXISTS, "'b'"),
        ("b after c", OK, ""),
        ("c after a", Status::CIRCULAR_DEPENDENCY, "mainstay group undepend b c"),
        ("delete b", Status::DEPENDENT_RESOURCE_EXISTS, "group 'a'"),
        ("a not after c", Status::DEPENDENCY_NOT_FOUND, "'c'"),
        ("a not after b", OK, ""),
        ("c after a", OK, ""),
        ("delete b", OK, ""),
    ],
    // Expressions.
    &[
        ("a = [b] and [c]", OK, ""),
        ("a = ([b] or [c])", OK, ""),
        ("a not after b", OK, ""),
        ("a not after b", Status::DEPENDENCY_NOT_FOUND, "'b'"),
        ("a = [b] and [b]", Status::DEPENDENCY_ALREADY_EXISTS, "twice"),
        ("a = [nobody]", Status::INVALID_PARAMETER, "no group has this name"),
        ("a = [S]", Status::INVALID_PARAMETER, "mainstay group list"),
        ("a = [b] [c]", Status::INVALID_PARAMETER, "'and' or the end"),
        ("a = [b]", OK, ""),
        ("b = [c] or [a]", Status::CIRCULAR_DEPENDENCY, "mainstay group undepend a b"),
        ("a = ", OK, ""),
        ("b = [a]", OK, ""),
        ("S = [T] or [U]", OK, ""),
        ("S = [a]", Status::INVALID_PARAMETER, "no group set has this name"),
        ("T = [S]", Status::CIRCULAR_DEPENDENCY, "mainstay groupset undepend S T"),
        ("S = ", OK, ""),
        ("T = [S]", OK, ""),
    ],
    // Sets, also while they are empty.
    &[
        ("S after S", Status::CIRCULAR_DEPENDENCY, "itself"),
        ("S after T", OK, ""),
        ("S after T", Status::DEPENDENCY_ALREADY_EXISTS, "'T'"),
        ("T after U", OK, ""),
        ("U after S", Status::CIRCULAR_DEPENDENCY, "mainstay groupset undepend T U"),
        ("delete T", Status::DEPENDENT_RESOURCE_EXISTS, "group set 'S'"),
        ("S not after U", Status::DEPENDENCY_NOT_FOUND, "'U'"),
        ("S not after T", OK, ""),
        ("delete T", OK, ""),
    ],
    // A group and the set that it is in.
    &[
        ("a in S", OK, ""),
        ("a after S", Status::GROUPSET_CANT_PROVIDE, "'S'"),
        ("b after S", OK, ""),
        ("b in S", Status::GROUPSET_CANT_PROVIDE, "'S'"),
        ("delete S", Status::DIR_NOT_EMPTY, "group 'a'"),
        ("a out", OK, ""),
        ("delete S", Status::DEPENDENT_RESOURCE_EXISTS, "group 'b'"),
        ("b not after S", OK, ""),
        ("delete S", OK, ""),
    ],
    // Circles through sets and groups.
    &[
        ("a in S", OK, ""),
        ("b in T", OK, ""),
        ("S after T", OK, ""),
        ("b after a", Status::CIRCULAR_DEPENDENCY, "mainstay groupset undepend S T"),
        ("b after S", Status::CIRCULAR_DEPENDENCY, "mainstay groupset undepend S T"),
        ("c after a", OK, ""),
        ("c in T", Status::CIRCULAR_DEPENDENCY, "mainstay groupset undepend S T"),
        ("c in S", OK, ""),
        ("b out", OK, ""),
        ("b after a", OK, ""),
        ("b in T", Status::CIRCULAR_DEPENDENCY, "mainstay groupset undepend S T"),
        ("b in S", OK, ""),
    ],
    // A dependency of a set whose groups are needed by what it would start after.
    &[
        ("a in S", OK, ""),
        ("b in T", OK, ""),
        ("b after a", OK, ""),
        ("S after T", Status::CIRCULAR_DEPENDENCY, "mainstay group undepend b a"),
        ("S after U", OK, ""),
        ("U after T", Status::CIRCULAR_DEPENDENCY, "mainstay groupset undepend S U"),
        ("c after T", OK, ""),
        ("a after c", Status::CIRCULAR_DEPENDENCY, "mainstay group undepend b a"),
    ],
];

#[test]
fn what_may_be_written_about_the_order() {
    for lines in RULES {
        let mut cast = Cast::new();
        for (text, expected, says) in *lines {
            cast.check(text, *expected, says);
        }
        // All of it can be read again.
        let before = cast.world.engine.view().configuration().unwrap();
        cast.world.restart_service();
        assert_eq!(cast.world.engine.view().configuration().unwrap(), before);
    }
}

/// What the command that a refusal names does, in the words of [`Cast::command`].
fn words_of(command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    match words.as_slice() {
        ["mainstay", "groupset", "remove", _, group] => format!("{group} out"),
        ["mainstay", "group", "undepend", later, first, "--set"]
        | ["mainstay", "group" | "groupset", "undepend", later, first] => {
            format!("{later} not after {first}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_ends_what_closes_a_circle_has_ended_it() {
    let mut several = 0;
    for seed in 0..400 {
        let (mut cast, mut dice) = (Cast::new(), Dice(seed));
        for _ in 0..12 {
            let group = dice.of(&["a", "b", "c"]);
            let set = dice.of(&["S", "T", "U"]);
            let other = dice.of(&["a", "b", "c", "S", "T", "U"]);
            let text = match dice.below(3) {
                0 => format!("{group} in {set}"),
                1 => format!("{group} after {other}"),
                _ => format!("{set} after {}", dice.of(&["S", "T", "U"])),
            };
            let command = cast.command(&text);
            let call = cast.world.call(command.clone());
            let answer = cast.world.answer(call).clone();
            let named = answer.text.split_once("end what closes the circle first with: ");
            let Some((_, commands)) = named.filter(|_| answer.status == Status::CIRCULAR_DEPENDENCY) else {
                continue;
            };
            let commands: Vec<String> = commands.split(" and: ").map(words_of).collect();
            several += usize::from(commands.len() > 1);
            for words in commands {
                let command = cast.command(&words);
                assert_eq!(cast.world.status(command), OK, "{seed}: {text}: {}: {words}", answer.text);
            }
            assert_eq!(cast.world.status(command), OK, "{seed}: {text}: {}", answer.text);
        }
    }
    assert!(several > 20, "{several}");
}

#[test]
fn watchers_are_told_of_every_change() {
    use EventKind::*;
    for (before, text, expected) in [
        ("", "create V", vec![(GroupSetCommonProperty, "V")]),
        ("", "a in S", vec![(GroupSetGroupAdded, "S")]),
        ("a in S", "a to T", vec![(GroupSetGroupRemoved, "S"), (GroupSetGroupAdded, "T")]),
        ("a in S", "a out", vec![(GroupSetGroupRemoved, "S")]),
        ("a in S", "delete a", vec![(GroupSetGroupRemoved, "S"), (GroupDeleted, "a")]),
        ("", "a after b", vec![(GroupCommonProperty, "a")]),
        ("", "a after S", vec![(GroupCommonProperty, "a"), (GroupSetDependents, "S")]),
        ("", "S after T", vec![(GroupSetDependencies, "S"), (GroupSetDependents, "T")]),
        (
            "S after T",
            "S = [U]",
            vec![(GroupSetDependencies, "S"), (GroupSetDependents, "T"), (GroupSetDependents, "U")],
        ),
        ("S after T", "delete S", vec![(GroupSetDependents, "T"), (GroupSetDeleted, "S")]),
    ] {
        let mut cast = Cast::new();
        if !before.is_empty() {
            cast.check(before, OK, "");
        }
        cast.world.events.clear();
        cast.check(text, OK, "");
        let told: Vec<(EventKind, &str)> = cast
            .world
            .events
            .iter()
            .filter(|event| !event.kind.is_of_registry())
            .map(|event| (event.kind, event.name.as_str()))
            .collect();
        assert_eq!(told, expected, "{text}");
    }
}

#[test]
fn a_change_needs_full_access_and_is_recorded() {
    let mut cast = Cast::new();
    let [group, ..] = cast.groups;
    let change = || Command::Order(Join { group, set: cast.sets[0], moves: false });
    let (read, full) = (change(), change());
    let call = cast.world.call_as(mainstay_types::Access::Read, read);
    assert_eq!(cast.world.answer(call).status, Status::ACCESS_DENIED);
    assert_eq!(cast.world.status(full), Status::SUCCESS);
    let record = cast.world.last_record();
    assert_eq!((record.verb.as_str(), &record.object), ("join", &ObjectId::Group(group)));
    assert_eq!(record.name, "a");
}
