//! Who is online after which words, and who comes back: online against an earlier offline, restarts, the next start.
//!
//! The cluster of these tests is `disk ◄─ db ◄─ web` with `mail` on `disk` too.

use mainstay_types::operation::End;
use mainstay_types::{GroupId, OfflineReason, ResourceId, ResourceState, Status};

use super::scenarios::stack;
use crate::command::{Command, Remark};
use crate::limits::WORDS_WITHDRAWN_MAX;
use crate::testing::{CommitMode, Reaction, World, offline};

const NAMES: [&str; 4] = ["disk", "db", "web", "mail"];
/// DO_NOT_UPDATE_PERSISTENT_STATE of an online call.
const KEEP: u32 = 2;
/// The same of an offline call.
const KEEP_OFFLINE: u32 = 4;

pub(super) struct Cluster {
    pub(super) world: World,
    pub(super) group: GroupId,
    ids: [ResourceId; 4],
}

impl Cluster {
    pub(super) fn new() -> Self {
        let mut world = World::default();
        let (group, [disk, db, web]) = stack(&mut world);
        let mail = world.resource(group, "mail");
        world.depend(mail, disk);
        Cluster { world, group, ids: [disk, db, web, mail] }
    }

    pub(super) fn id(&self, name: &str) -> ResourceId {
        self.ids[NAMES.iter().position(|known| *known == name).expect("a name")]
    }

    /// `online web`, `keep online web`, `offline disk`, `restart db`, `group online`, `group offline`,
    /// `group shut-down`; or what happens: `fail web`, `hang offline web`, `end web`, `start service`, `reboot`.
    pub(super) fn say(&mut self, word: &str) -> Status {
        let (verb, name) = word.rsplit_once(' ').unwrap_or((word, ""));
        let (buffer, remark, group) = (Vec::new(), Remark::default(), self.group);
        let command = match (verb, name) {
            ("group", "online") => Command::OnlineGroup { group, flags: 0, buffer, remark },
            ("group", "offline") => Command::OfflineGroup { group, flags: 0, buffer, remark },
            ("group", "shut-down") => Command::ShutDownGroup { group, flags: 0, buffer, remark },
            ("reboot", _) => {
                self.world.reboot();
                return Status::SUCCESS;
            }
            ("start", _) => {
                self.world.restart_service();
                return Status::SUCCESS;
            }
            ("fail", name) => {
                self.world.fail(self.id(name));
                return Status::SUCCESS;
            }
            ("hang online", name) => {
                self.world.behave(self.id(name)).online = Reaction::Hang;
                return Status::SUCCESS;
            }
            ("hang offline", name) => {
                self.world.behave(self.id(name)).offline = Reaction::Hang;
                return Status::SUCCESS;
            }
            ("end", name) => {
                self.world.end_order(self.id(name), Reaction::Done);
                return Status::SUCCESS;
            }
            ("keep offline", name) => offline(self.id(name), KEEP_OFFLINE, buffer),
            ("online", name) => Command::OnlineResource { resource: self.id(name), flags: 0, buffer, remark },
            ("keep online", name) => {
                Command::OnlineResource { resource: self.id(name), flags: KEEP, buffer, remark }
            }
            ("offline", name) => offline(self.id(name), 0, buffer),
            ("restart", name) => Command::RestartResource { resource: self.id(name), flags: 0, remark },
            other => panic!("{other:?}"),
        };
        self.world.status(command)
    }

    /// `+` online, `-` offline, `!` failed, `?` anything else, in the order of the names.
    pub(super) fn states(&self) -> String {
        let sign = |id: &ResourceId| match self.world.state(*id) {
            ResourceState::Online => '+',
            ResourceState::Offline => '-',
            ResourceState::Failed => '!',
            _ => '?',
        };
        self.ids.iter().map(sign).collect()
    }

    /// The resources' own words: `+` to be online, `-` to stay offline, `.` none.
    fn written(&self) -> String {
        let sign = |id: &ResourceId| match self.world.persistent(*id) {
            Some(true) => '+',
            Some(false) => '-',
            None => '.',
        };
        self.ids.iter().map(sign).collect()
    }
}

/// After these words these are online and this is written; and after a reboot these are online.
#[track_caller]
fn check(words: &[&str], states: &str, written: &str, rebooted: &str) {
    let mut cluster = Cluster::new();
    for word in words {
        let status = cluster.say(word);
        assert!(matches!(status, Status::SUCCESS | Status::IO_PENDING), "{words:?}: {word}: {status}");
    }
    let found = |cluster: &Cluster| (cluster.states(), cluster.written());
    assert_eq!(found(&cluster), (states.into(), written.into()), "{words:?}");
    // Neither the service's start nor a reboot changes what is written.
    cluster.say("start service");
    assert_eq!(found(&cluster), (states.into(), written.into()), "{words:?}, and the service starts");
    assert!(cluster.world.records_left().is_empty(), "{words:?}");
    cluster.say("reboot");
    assert_eq!(found(&cluster), (rebooted.into(), written.into()), "{words:?}, and a reboot");
}

#[test]
fn the_last_word_wins_and_the_same_set_runs_after_a_reboot() {
    // What an asked-for resource needs comes, and an earlier word against it goes.
    check(&["online web", "offline disk", "online web"], "+++-", "..+.", "+++-");
    check(&["online web", "offline disk", "group online"], "++++", "..+.", "++++");
    check(&["online web", "offline db", "offline disk", "group online"], "++++", "..+.", "++++");
    // Also where it is online already.
    check(&["online web", "offline disk", "keep online web", "online web"], "+++-", "..+.", "+++-");
    check(&["online web", "offline disk", "keep online web", "group online"], "++++", "..+.", "++++");
    // What nobody needs, or what itself is not wanted, stays down and keeps its word.
    check(&["group online", "offline disk", "offline web", "group online"], "++-+", "..-.", "++-+");
    check(
        &["online web", "offline web", "online mail", "offline disk", "online mail"],
        "+--+",
        "..-+",
        "+--+",
    );
    let all = ["offline web", "offline mail", "offline db", "offline disk", "group online"];
    check(&all, "----", "----", "----");
    // A word that is not to be kept changes nothing that is written.
    check(&["online web", "offline disk", "keep online web"], "+++-", "-.+.", "----");
    check(&["keep online web"], "+++-", "....", "----");
    // A group that was taken offline, and a later word about one of it.
    let group = ["online web", "offline disk", "group offline", "online web"];
    check(&group, "+++-", "..+.", "+++-");
}

#[test]
fn a_restart_brings_back_what_was_online_and_writes_nothing() {
    check(&["online web", "restart disk"], "+++-", "..+.", "+++-");
    check(&["online web", "restart db"], "+++-", "..+.", "+++-");
    check(&["keep online web", "restart disk"], "+++-", "....", "----");
    check(&["online web", "offline disk", "keep online web", "restart disk"], "+++-", "-.+.", "----");
    check(&["group online", "offline web", "restart disk"], "++-+", "..-.", "++-+");
    check(
        &["online web", "online mail", "group offline", "keep online web", "restart disk"],
        "+++-",
        "..++",
        "----",
    );
    // What was not online ends at its persistent state.
    check(&["restart disk"], "----", "....", "----");
    check(&["online disk", "offline disk", "restart disk"], "----", "-...", "----");
    check(&["online web", "offline disk", "restart web"], "+++-", "-.+.", "----");
    check(&["keep online disk", "fail disk", "restart disk"], "----", "....", "----");
    check(&["online disk", "fail disk", "restart disk"], "+---", "+...", "+---");
}

/// After these words and a shutdown of the group nothing runs, the same is written as before, and these come up when
/// the service starts, or the machine.
#[track_caller]
fn check_shut_down(words: &[&str], comes_up: &str) {
    for start in ["start service", "reboot"] {
        let mut cluster = Cluster::new();
        for word in words {
            cluster.say(word);
        }
        let written = cluster.written();
        let of_group = cluster.world.engine.view().model().group(cluster.group).unwrap().persistent;
        let status = cluster.say("group shut-down");
        assert!(matches!(status, Status::SUCCESS | Status::IO_PENDING), "{words:?}: {status}");
        if status == Status::IO_PENDING {
            assert_eq!(cluster.world.last_record().reason, Some(OfflineReason::ShuttingDown), "{words:?}");
        }
        assert_eq!((cluster.states().as_str(), cluster.written()), ("----", written.clone()), "{words:?}");
        assert_eq!(cluster.world.engine.view().model().group(cluster.group).unwrap().persistent, of_group);
        cluster.say(start);
        assert_eq!((cluster.states(), cluster.written()), (comes_up.into(), written), "{words:?}, {start}");
    }
}

#[test]
fn what_a_shutdown_has_stopped_comes_back_with_the_next_start() {
    check_shut_down(&["group online"], "++++");
    check_shut_down(&["online web"], "+++-");
    check_shut_down(&["group online", "offline web"], "++-+");
    check_shut_down(&["online web", "fail disk"], "+++-");
    // What nobody asked to be online stays down, and so does what was taken offline.
    check_shut_down(&["keep online web"], "----");
    check_shut_down(&["online web", "group offline"], "----");
    check_shut_down(&[], "----");
}

#[test]
fn a_shutdown_that_the_machine_cuts_off_brings_everything_back_too() {
    let mut cluster = Cluster::new();
    cluster.say("group online");
    let db = cluster.id("db");
    cluster.world.behave(db).offline = Reaction::Hang;
    cluster.say("group shut-down");
    assert_eq!(cluster.states(), "??--", "db does not end, and disk waits for it");
    cluster.world.behave(db).offline = Reaction::Done;
    cluster.say("reboot");
    assert_eq!(cluster.states(), "++++");
    assert!(cluster.world.records_left().is_empty());
}

#[test]
fn what_a_resource_needs_and_is_to_stay_offline_is_named() {
    let mut cluster = Cluster::new();
    for word in ["online web", "offline disk", "reboot"] {
        cluster.say(word);
    }
    assert_eq!(cluster.states(), "----");
    let cause = |cluster: &Cluster, name| cluster.world.glance(cluster.id(name)).cause;
    let found = cause(&cluster, "web").expect("a cause");
    assert_eq!(found.status, Status::RESOURCE_NOT_ONLINE);
    assert_eq!(found.text, "it needs 'disk', which is to stay offline");
    // Nobody asked for these.
    for name in ["disk", "db", "mail"] {
        assert_eq!(cause(&cluster, name), None, "{name}");
    }
    cluster.say("online disk");
    assert_eq!(cause(&cluster, "web"), None, "nothing holds it back any more");
}

#[test]
fn a_refused_online_call_leaves_the_words_about_providers() {
    let mut cluster = Cluster::new();
    for word in ["online web", "offline disk"] {
        cluster.say(word);
    }
    let before = cluster.world.database();
    let disk = cluster.id("disk");
    cluster.world.lock(disk, true);
    for word in ["online web", "group online"] {
        assert_eq!(cluster.say(word), Status::CLUSTER_RESOURCE_LOCKED_STATUS);
        assert_eq!(cluster.world.database(), before, "{word}");
    }
    cluster.world.lock(disk, false);
    cluster.world.commit_mode = CommitMode::Fail;
    for word in ["online web", "group online"] {
        assert_eq!(cluster.say(word), Status::SHARING_PAUSED);
        assert_eq!((cluster.states().as_str(), cluster.world.database()), ("----", before.clone()), "{word}");
    }
}

#[test]
fn one_commit_overrides_so_many_words_and_no_more() {
    let mut world = World::default();
    let group = world.group("g");
    let top = world.resource(group, "top");
    let providers: Vec<ResourceId> =
        (0..=WORDS_WITHDRAWN_MAX).map(|number| world.resource(group, &format!("p{number}"))).collect();
    for provider in &providers {
        world.depend(top, *provider);
        assert_eq!(world.offline(*provider, 0), Status::SUCCESS);
    }
    let before = world.database();
    assert_eq!(world.online(top), Status::DEPENDENCY_TREE_TOO_COMPLEX);
    assert_eq!(world.database(), before);
    world.online(providers[0]);
    assert_eq!(world.online(top), Status::IO_PENDING);
    assert_eq!(world.state(top), ResourceState::Online);
}

/// Words before, the call that is cut off, and what is to be online and written in the end.
const CUT_OFF: [(&[&str], &str, &str, &str); 5] = [
    (&["online web", "offline disk"], "online web", "+++-", "..+."),
    (&["online web", "offline disk"], "group online", "++++", "..+."),
    (&["online web", "offline disk"], "keep online web", "+++-", "-.+."),
    (&["keep online web"], "restart disk", "+++-", "...."),
    (&["online web", "offline disk", "keep online web"], "restart disk", "+++-", "-.+."),
];

#[test]
fn a_service_or_a_machine_that_dies_finishes_them() {
    for (before, call, states, written) in CUT_OFF {
        for fault in ["start service", "reboot"] {
            let steps = NAMES[..3].iter().flat_map(|name| [(*name, true), (*name, false)]);
            // Only a restart stops anything.
            let is_restart = call.starts_with("restart");
            for (name, is_start) in steps.filter(|(_, is_start)| *is_start || is_restart) {
                let what = format!("{before:?}, {call} until {name} hangs (start: {is_start}), {fault}");
                let mut cluster = Cluster::new();
                for word in before {
                    cluster.say(word);
                }
                let id = cluster.id(name);
                let behaviour = cluster.world.behave(id);
                let entry = if is_start { &mut behaviour.online } else { &mut behaviour.offline };
                *entry = Reaction::Hang;
                cluster.say(call);
                let operation = cluster.world.answers.values().last().expect("an answer").operation;
                assert!(cluster.world.state(id).is_pending(), "{what}");
                *cluster.world.behave(id) = Default::default();
                cluster.say(fault);
                if cluster.world.state(id).is_pending() {
                    cluster.world.end_order(id, Reaction::Done);
                }
                assert_eq!((cluster.states(), cluster.written()), (states.into(), written.into()), "{what}");
                let record = &cluster.world.journal[&operation.expect("an operation")];
                assert_eq!(record.end, Some(End::Done), "{what}");
                assert!(cluster.world.records_left().is_empty(), "{what}");
            }
        }
    }
}
