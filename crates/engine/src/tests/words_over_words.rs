//! Several open operations that have said something about the same: whichever of them is taken back, in whatever order,
//! what is written is what would be, had it never been said.
//!
//! `web` needs `key` and `app`; `app` needs `disk`, and `cache` or `spare`. When `key` and `disk` do not come up,
//! nothing is left of an online call but `cache`, which hangs: `web` is free for the next call.

use mainstay_types::{GroupId, OperationId, ResourceId, Status};

use crate::command::{Command, Remark};
use crate::operation::Phase;
use crate::testing::{CommitMode, Reaction, World, offline};

struct Cluster {
    world: World,
    group: GroupId,
    /// disk, key, cache, spare, web.
    ids: [ResourceId; 5],
    /// What `first` and `second` mean.
    calls: Vec<OperationId>,
}

impl Cluster {
    fn new() -> Self {
        let mut world = World::default();
        let group = world.group("shop");
        let names = ["disk", "key", "cache", "spare", "app", "web"];
        let [disk, key, cache, spare, app, web] = names.map(|name| world.resource(group, name));
        world.depend_on(app, &format!("[{disk}] and ([{cache}] or [{spare}])"));
        world.depend_on(web, &format!("[{key}] and [{app}]"));
        Cluster { world, group, ids: [disk, key, cache, spare, web], calls: Vec::new() }
    }

    fn accepted(&mut self, command: Command) -> OperationId {
        let call = self.world.call(command);
        let answer = self.world.answer(call);
        assert!(matches!(answer.status, Status::SUCCESS | Status::IO_PENDING), "{}", answer.text);
        answer.operation.expect("an operation")
    }

    fn online(&mut self, what: &str) -> OperationId {
        let (buffer, remark) = (Vec::new(), Remark::default());
        let [.., spare, web] = self.ids;
        let resource = if what == "spare" { spare } else { web };
        self.accepted(match what {
            "group" => Command::OnlineGroup { group: self.group, flags: 0, buffer, remark },
            _ => Command::OnlineResource { resource, flags: 0, buffer, remark },
        })
    }

    /// One word of a story; see [`check`].
    fn say(&mut self, word: &str) {
        let [disk, key, cache, _, web] = self.ids;
        match word.split_once(' ').unwrap_or((word, "")) {
            // It ends but for `cache`.
            ("first", what) => {
                self.world.behave(key).online = Reaction::Fail;
                (self.world.behave(disk).online, self.world.behave(cache).online) =
                    (Reaction::Hang, Reaction::Hang);
                let id = self.online(what);
                self.world.end_order(disk, Reaction::Fail);
                self.world.behave(disk).online = Reaction::Fail;
                self.calls.push(id);
            }
            // It waits for `key`.
            ("second", what) => {
                self.world.behave(key).online = Reaction::Hang;
                self.world.behave(disk).online = Reaction::Done;
                self.online("spare");
                let id = self.online(what);
                self.calls.push(id);
            }
            ("offline", _) => drop(self.accepted(offline(web, 0, Vec::new()))),
            ("cancel", which) => {
                let operation = self.calls[usize::from(which == "second")];
                let (about, remark) = (None, Remark::default());
                self.accepted(Command::CancelOperation { operation, about, remark });
            }
            ("end", "first") => self.world.end_order(cache, Reaction::Done),
            ("end", _) => self.world.end_order(key, Reaction::Done),
            ("crash", _) => self.world.restart_service(),
            other => panic!("{other:?}"),
        }
    }

    /// What is written of `web`, and of the group.
    fn written(&self) -> String {
        let model = self.world.engine.view().model();
        let words = [
            model.resource(self.ids[4]).and_then(|found| found.persistent),
            model.group(self.group).and_then(|found| found.persistent),
        ];
        words
            .into_iter()
            .map(|word| word.map_or('.', |is_online| if is_online { '+' } else { '-' }))
            .collect()
    }

    fn is_open(&self, operation: OperationId) -> bool {
        let found = self.world.engine.operations.get(&operation);
        found.is_some_and(|found| !matches!(found.phase, Phase::Ended))
    }
}

/// After this story that is written of `web` and the group; also where the service dies after any of its words.
#[track_caller]
fn check(story: &[&str], written: &str) {
    let mut failed = Vec::new();
    for crashes in 0..1_u32 << story.len() {
        let mut cluster = Cluster::new();
        for (number, word) in story.iter().enumerate() {
            cluster.say(word);
            if crashes & 1 << number != 0 {
                cluster.say("crash");
            }
            let open = cluster.calls.iter().filter(|id| cluster.is_open(**id)).count();
            let ended =
                story[..=number].iter().filter(|word| word.starts_with("cancel") || word.starts_with("end"));
            assert_eq!(open, cluster.calls.len() - ended.count(), "{story:?}, {crashes:b}: after '{word}'");
        }
        if cluster.written() != written {
            failed.push((crashes, cluster.written()));
        }
    }
    assert!(failed.is_empty(), "{story:?}: {written}, and not {failed:?}");
}

#[test]
fn whoever_is_taken_back_his_word_is_as_if_it_were_never_said() {
    let both = ["first web", "second web"];
    for (before, nothing) in [(&[][..], ".."), (&["offline"][..], "-.")] {
        let story = |rest: &[&'static str]| -> Vec<&'static str> {
            before.iter().copied().chain(both).chain(rest.iter().copied()).collect()
        };
        check(&story(&["cancel first", "cancel second"]), nothing);
        check(&story(&["cancel second", "cancel first"]), nothing);
        check(&story(&["cancel first", "end second"]), "+.");
        check(&story(&["end second", "cancel first"]), "+.");
        check(&story(&["cancel second", "end first"]), "+.");
        check(&story(&["end first", "cancel second"]), "+.");
    }
}

#[test]
fn a_word_between_that_holds_for_good_stays() {
    check(&["first web", "offline", "cancel first"], "-.");
    check(&["first web", "offline", "second web", "cancel second", "cancel first"], "-.");
    check(&["first web", "offline", "second web", "cancel first", "cancel second"], "-.");
    check(&["first web", "offline", "second web", "cancel first", "end second"], "+.");
}

#[test]
fn a_groups_words_too() {
    check(&["first group", "second web", "cancel first", "cancel second"], "..");
    check(&["first group", "second web", "cancel second", "cancel first"], "..");
    check(&["first group", "second web", "cancel first", "end second"], "+.");
    check(&["first group", "second web", "end first", "cancel second"], ".+");
    check(&["first group", "offline", "second web", "cancel first", "cancel second"], "-.");
    check(&["offline", "first group", "second web", "cancel second", "end first"], "-+");
}

/// Of two that are taken back at once, the records of both are written, one after the other.
#[test]
fn two_are_taken_back_at_once() {
    for mode in [CommitMode::Hold, CommitMode::UnknownDone, CommitMode::UnknownFailed, CommitMode::Fail] {
        for order in [[0, 1], [1, 0]] {
            for dies in [false, true] {
                let mut cluster = Cluster::new();
                for word in ["offline", "first web", "second web"] {
                    cluster.say(word);
                }
                cluster.world.commit_mode = mode;
                for which in order {
                    let (operation, about, remark) = (cluster.calls[which], None, Remark::default());
                    cluster.world.call(Command::CancelOperation { operation, about, remark });
                }
                cluster.world.commit_mode = CommitMode::Done;
                cluster.world.resolve_commits();
                if dies {
                    cluster.world.restart_service();
                }
                for which in order {
                    if cluster.is_open(cluster.calls[which]) {
                        cluster.say(["cancel first", "cancel second"][which]);
                    }
                }
                assert_eq!(cluster.written(), "-.", "{mode:?}, {order:?}, the service dies: {dies}");
            }
        }
    }
}
