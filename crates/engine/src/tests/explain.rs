//! Explanations as a table: how something came to its state, and what is said of it then.

use std::fmt::Write;

use mainstay_types::control::RESOURCE_SET_MAINTENANCE_MODE;
use mainstay_types::explanation::{Explanation, Reason};
use mainstay_types::operation::OperationRecord;
use mainstay_types::{GroupId, HostId, NodeId, ObjectId, ResourceId};

use super::scenarios::stack;
use crate::command::{Command, Remark};
use crate::group_set::OrderChange;
use crate::testing::{CommitMode, Reaction, World};

/// The chain `web` on `db` on `disk` in group `g`.
pub(super) struct Case {
    pub(super) world: World,
    pub(super) group: GroupId,
    pub(super) disk: ResourceId,
    pub(super) db: ResourceId,
    web: ResourceId,
}

impl Case {
    pub(super) fn new() -> Self {
        let mut world = World::default();
        let (group, [disk, db, web]) = stack(&mut world);
        Case { world, group, disk, db, web }
    }

    pub(super) fn online() -> Self {
        let mut case = Case::new();
        case.group_call(true);
        case
    }

    /// The group starts after group `first`, whose only resource is offline.
    pub(super) fn after_another() -> Self {
        let mut case = Case::new();
        let first = case.world.group("first");
        case.world.resource(first, "base");
        case.world.order(OrderChange::AddGroup { group: case.group, provider: first });
        case
    }

    /// The same, and all of the group was online before it was to start after that.
    pub(super) fn before_another() -> Self {
        let mut case = Case::online();
        let first = case.world.group("first");
        case.world.resource(first, "base");
        case.world.order(OrderChange::AddGroup { group: case.group, provider: first });
        case
    }

    pub(super) fn group_call(&mut self, up: bool) {
        let (group, buffer) = (self.group, Vec::new());
        let remark = Remark::default();
        let _ = self.world.status(match up {
            true => Command::OnlineGroup { group, flags: 0, buffer, remark },
            false => Command::OfflineGroup { group, flags: 0, buffer, remark },
        });
    }

    pub(super) fn shut_down(&mut self) {
        let (group, remark) = (self.group, Remark::default());
        let _ = self.world.status(Command::ShutDownGroup { group, flags: 0, buffer: Vec::new(), remark });
    }

    pub(super) fn take_offline(&mut self, resource: ResourceId) {
        self.offline_because(resource, 0, "");
    }

    fn offline_because(&mut self, resource: ResourceId, flags: u32, reason: &str) {
        let remark = Remark { reason: reason.into(), ..Remark::default() };
        let _ = self.world.status(Command::OfflineResource { resource, flags, buffer: Vec::new(), remark });
    }

    /// Cancels what runs, which hangs at `db`, and lets that come to its end.
    fn cancel_running(&mut self) {
        let operation = self.world.engine.shown_operations().last().expect("one that runs").id;
        let remark = Remark { reason: "changed my mind".into(), ..Remark::default() };
        let _ = self.world.status(Command::CancelOperation { operation, about: None, remark });
        let db = self.db;
        self.world.behave(db).offline = Reaction::Done;
        self.world.end_order(db, Reaction::Done);
    }

    fn fail_for_good(&mut self, id: ResourceId) {
        self.world.behave(id).online = Reaction::Fail;
        self.world.fail(id);
        self.world.pass_ms(600_000);
    }

    fn maintenance(&mut self, id: ResourceId) {
        let (object, code) = (ObjectId::Resource(id), RESOURCE_SET_MAINTENANCE_MODE);
        let input = 1u32.to_le_bytes().to_vec();
        let _ = self.world.status(Command::Control { object, code, input, output_length_max: 0 });
    }

    pub(super) fn set_group(&mut self, property: &str, value: u32) {
        self.world.set_of(ObjectId::Group(self.group), property, value);
    }

    fn explain(&self, name: &str) -> Explanation {
        let view = self.world.engine.view();
        let resource = view.find_resource(name).map(ObjectId::Resource);
        let object = resource.or_else(|| view.find_group(name).map(ObjectId::Group)).expect("an object");
        let explain = |journal: &[OperationRecord]| {
            match &object {
                ObjectId::Resource(id) => view.explain_resource(*id, journal),
                ObjectId::Group(id) => view.explain_group(*id, journal, None),
                _ => None,
            }
            .expect("an explanation")
        };
        let whole: Vec<_> = self.world.journal.values().rev().cloned().collect();
        let explained = explain(&self.world.searched(view.explained_by(&object)));
        // What was searched for is all that it takes.
        assert_eq!(explained, explain(&whole));
        explained
    }

    fn show(&self, name: &str) -> String {
        let explanation = self.explain(name);
        let now_ms = self.world.now.unix_ms;
        let mut shown = format!("  {} is {}\n", explanation.name, explanation.state);
        let line = |label: &str, reason: &Reason, shown: &mut String| {
            let operation = reason.operation.map(|id| format!(" [{id}]")).unwrap_or_default();
            let ago = reason.at_ms.map(|at_ms| format!(" ({} ms ago)", now_ms - at_ms)).unwrap_or_default();
            let until = reason.until_ms.map(|at_ms| format!(" (in {} ms)", at_ms.saturating_sub(now_ms)));
            let (text, until) = (&reason.text, until.unwrap_or_default());
            let rule = serde_json::to_string(&reason.rule).expect("a word");
            let _ = writeln!(shown, "    {label} {rule} {text}{operation}{ago}{until}");
        };
        let mut next = Some(&explanation.reason);
        while let Some(reason) = next {
            line("because", reason, &mut shown);
            next = reason.because.as_deref();
        }
        explanation.notes.iter().for_each(|note| line("note", note, &mut shown));
        for member in &explanation.members {
            line(&format!("{} is {}:", member.name, member.state), &member.reason, &mut shown);
        }
        for row in &explanation.placement {
            let _ = writeln!(shown, "    placement: {row}");
        }
        for way in &explanation.ways_out {
            let _ = writeln!(shown, "    mainstay {}: {}", way.command.join(" "), way.effect);
        }
        shown
    }
}

/// What it is about, how it comes so, and what is explained.
pub(super) type Row = (&'static str, fn() -> Case, &'static [&'static str]);

pub(super) fn shown(rows: &[Row]) -> String {
    let mut shown = String::new();
    for (title, make, names) in rows {
        let case = make();
        let _ = writeln!(shown, "{title}");
        names.iter().for_each(|name| shown.push_str(&case.show(name)));
    }
    shown
}

#[test]
fn every_state_has_its_reason() {
    let rows: &[Row] = &[
        ("nobody ever asked", Case::new, &["db", "g"]),
        (
            "online because it was asked, and because something needs it",
            || {
                let mut case = Case::new();
                case.world.online(case.db);
                case
            },
            &["db", "disk", "web", "g"],
        ),
        ("online because its group was asked", Case::online, &["db", "g"]),
        (
            "online since it was restarted after a failure",
            || {
                let mut case = Case::online();
                case.world.fail(case.db);
                case.world.pass_ms(600);
                case
            },
            &["db", "web", "disk"],
        ),
        (
            "online since the service brought it up",
            || {
                let mut case = Case::online();
                case.world.reboot();
                case
            },
            &["db"],
        ),
        (
            "online, and not to be after the next start",
            || {
                let mut case = Case::online();
                case.group_call(false);
                let resource = case.disk;
                let (buffer, remark) = (Vec::new(), Remark::default());
                let _ = case.world.status(Command::OnlineResource { resource, flags: 2, buffer, remark });
                case
            },
            &["disk"],
        ),
        (
            "online under another name than before",
            || {
                let mut case = Case::online();
                let _ = case.world.status(Command::RenameResource { resource: case.db, name: "base".into() });
                case
            },
            &["base"],
        ),
        (
            "online again since its offline was cancelled",
            || {
                let mut case = Case::online();
                case.world.behave(case.db).offline = Reaction::Hang;
                case.offline_because(case.disk, 0, "new disk");
                case.cancel_running();
                case
            },
            &["web", "db", "disk", "g"],
        ),
        (
            "online again since its restart was cancelled",
            || {
                let mut case = Case::online();
                case.world.behave(case.db).offline = Reaction::Hang;
                let (resource, remark) = (case.db, Remark::default());
                let _ = case.world.status(Command::RestartResource { resource, flags: 0, remark });
                case.cancel_running();
                case
            },
            &["web", "db"],
        ),
        (
            "online again since its group's offline was cancelled",
            || {
                let mut case = Case::online();
                case.world.behave(case.db).offline = Reaction::Hang;
                case.group_call(false);
                case.cancel_running();
                case
            },
            &["web", "db", "g"],
        ),
        (
            "online still since its type vetoed the stop",
            || {
                let mut case = Case::online();
                case.world.behave(case.db).offline = Reaction::Veto;
                case.offline_because(case.disk, 0, "new disk");
                case
            },
            &["web", "db", "disk", "g"],
        ),
        (
            "its group's online was cancelled",
            || {
                let mut case = Case::new();
                case.world.behave(case.db).online = Reaction::Hang;
                case.group_call(true);
                case.cancel_running();
                case
            },
            &["disk", "db", "web", "g"],
        ),
        (
            "its group's offline failed",
            || {
                let mut case = Case::online();
                case.world.behave(case.db).offline = Reaction::Fail;
                case.group_call(false);
                case
            },
            &["disk", "db", "web", "g"],
        ),
        (
            "what a dependent brought up, and its earlier word was that it stay offline",
            || {
                let mut case = Case::online();
                case.group_call(false);
                case.offline_because(case.disk, 0, "");
                case.world.online(case.web);
                case
            },
            &["disk", "web"],
        ),
        (
            "the same after a start of the machine",
            || {
                let mut case = Case::online();
                case.group_call(false);
                case.offline_because(case.disk, 0, "");
                case.world.online(case.web);
                case.world.reboot();
                case
            },
            &["disk", "web"],
        ),
        (
            "never spoken of, after a start of the service and of the machine",
            || {
                let mut case = Case::new();
                case.world.restart_service();
                case.world.reboot();
                case
            },
            &["db", "g"],
        ),
        (
            "made after a start of the service",
            || {
                let mut case = Case::online();
                case.world.restart_service();
                let fresh = case.world.resource(case.group, "fresh");
                case.world.restart_service();
                let _ = fresh;
                case
            },
            &["fresh", "db", "g"],
        ),
        (
            "a library's, never spoken of, after a start of the service",
            || {
                let mut case = Case::new();
                case.world.library_type("Demo");
                let _ = case.world.resource_of_type(case.group, "demo", "Demo", 0);
                case.world.restart_service();
                case
            },
            &["demo"],
        ),
        (
            "a library's, never spoken of, whose host was lost",
            || {
                let mut case = Case::new();
                case.world.library_type("Demo");
                let demo = case.world.resource_of_type(case.group, "demo", "Demo", 0);
                case.world.kill_host(HostId::Own(demo));
                case.world.restart_service();
                case
            },
            &["demo"],
        ),
        (
            "offline because it was asked, with a reason, and what needs it",
            || {
                let mut case = Case::online();
                case.offline_because(case.db, 0, "new disk");
                case.world.pass_ms(60_000);
                case
            },
            &["db", "web", "g"],
        ),
        (
            "offline without a word that it stay so",
            || {
                let mut case = Case::online();
                case.offline_because(case.web, 4, "");
                case
            },
            &["web"],
        ),
        (
            "offline since its group is to be offline",
            || {
                let mut case = Case::online();
                case.group_call(false);
                case
            },
            &["db", "g"],
        ),
        (
            "left offline by the start, since what it needs is to stay offline",
            || {
                let mut case = Case::online();
                case.offline_because(case.db, 0, "");
                case.world.reboot();
                case
            },
            &["web", "db", "disk"],
        ),
        (
            "failed, and it stays so",
            || {
                let mut case = Case::online();
                case.world.set(case.db, "RestartAction", 0);
                case.world.fail(case.db);
                case
            },
            &["db", "web", "g"],
        ),
        (
            "failed, and a restart is planned",
            || {
                let mut case = Case::online();
                case.world.set(case.db, "RestartDelay", 5_000);
                case.world.fail(case.db);
                case.world.pass_ms(1_000);
                case
            },
            &["db", "web"],
        ),
        (
            "failed, and restarts are used up for a while",
            || {
                let mut case = Case::online();
                case.fail_for_good(case.db);
                case
            },
            &["db", "web"],
        ),
        (
            "failed, and restarts are used up for ever",
            || {
                let mut case = Case::online();
                case.world.set(case.db, "RetryPeriodOnFailure", u32::MAX);
                case.fail_for_good(case.db);
                case
            },
            &["db"],
        ),
        (
            "failed since its provider has, whose own provider has",
            || {
                let mut case = Case::new();
                case.world.set(case.disk, "RestartAction", 0);
                case.world.behave(case.disk).online = Reaction::Fail;
                case.world.online(case.web);
                case
            },
            &["web", "db", "disk"],
        ),
        (
            "failed because somebody asked for it",
            || {
                let mut case = Case::online();
                case.world.set(case.web, "RestartAction", 0);
                let (resource, remark) = (case.web, Remark::default());
                let _ = case.world.status(Command::FailResource { resource, remark });
                case
            },
            &["web"],
        ),
        (
            "failed because somebody asked for it, some time after the call",
            || {
                let mut case = Case::online();
                case.world.set(case.db, "RestartAction", 0);
                case.world.commit_mode = CommitMode::Hold;
                let (resource, remark) = (case.db, Remark::default());
                case.world.call(Command::FailResource { resource, remark });
                case.world.pass_ms(20);
                case.world.commit_mode = CommitMode::Done;
                case.world.resolve_commits();
                case.world.settle();
                case
            },
            &["db", "web"],
        ),
        (
            "failed, and something of it may run",
            || {
                let mut case = Case::online();
                case.world.behave(case.web).unkillable = true;
                case.world.behave(case.web).terminate = Reaction::Hang;
                case.world.fail(case.web);
                case.world.pass_ms(300_000);
                case
            },
            &["web"],
        ),
        (
            "failed, and cut off from its type",
            || {
                let mut case = Case::new();
                case.world.library_type("Demo");
                let demo = case.world.resource_of_type(case.group, "demo", "Demo", 0);
                case.world.online(demo);
                case.world.behave(demo).open = Reaction::Fail;
                case.world.kill_host(HostId::Own(demo));
                case.world.pass_ms(30_000);
                case
            },
            &["demo"],
        ),
        (
            "its word was taken that nothing is left",
            || {
                let mut case = Case::new();
                case.world.library_type("Demo");
                let demo = case.world.resource_of_type(case.group, "demo", "Demo", 0);
                case.world.online(demo);
                case.world.set(demo, "RestartAction", 0);
                case.world.behave(demo).open = Reaction::Fail;
                case.world.kill_host(HostId::Own(demo));
                case.world.pass_ms(30_000);
                case.world.take_down_by_hand(demo);
                let (resource, remark) = (demo, Remark::default());
                let _ = case.world.status(Command::ConfirmStopped { resource, remark });
                case
            },
            &["demo"],
        ),
        (
            "pending, with whom it waits for",
            || {
                let mut case = Case::online();
                case.world.behave(case.web).offline = Reaction::Hang;
                case.offline_because(case.disk, 0, "new disk");
                case.world.pass_ms(2_000);
                case.world.progress(case.web, "flushing");
                case
            },
            &["disk", "db", "web", "g"],
        ),
        (
            "on its way up behind what it needs",
            || {
                let mut case = Case::new();
                case.world.behave(case.disk).online = Reaction::Hang;
                case.world.online(case.web);
                case
            },
            &["web", "disk"],
        ),
        (
            "locked by its type",
            || {
                let mut case = Case::online();
                case.world.lock(case.web, true);
                case
            },
            &["web"],
        ),
        (
            "in maintenance, and something was seen",
            || {
                let mut case = Case::online();
                case.maintenance(case.web);
                case.world.fail(case.web);
                case
            },
            &["web"],
        ),
        (
            "its node is no possible owner",
            || {
                let mut case = Case::online();
                case.offline_because(case.web, 4, "");
                let (resource, node) = (case.web, NodeId(1));
                let _ = case.world.status(Command::AddPossibleOwner { resource, node });
                let _ = case.world.status(Command::RemovePossibleOwner { resource, node });
                case
            },
            &["web"],
        ),
        (
            "no node may own its group",
            || {
                let mut case = Case::online();
                case.group_call(false);
                let node = NodeId(1);
                for resource in [case.disk, case.web] {
                    let _ = case.world.status(Command::AddPossibleOwner { resource, node });
                    let _ = case.world.status(Command::RemovePossibleOwner { resource, node });
                }
                case
            },
            &["g", "web", "db"],
        ),
        (
            "down, and what it needs is on its way down",
            || {
                let mut case = Case::online();
                case.offline_because(case.web, 4, "");
                case.world.behave(case.db).offline = Reaction::Hang;
                case.offline_because(case.db, 4, "new disk");
                case
            },
            &["web"],
        ),
        (
            "asked for after an offline that its type vetoed",
            || {
                let mut case = Case::online();
                case.world.behave(case.db).offline = Reaction::Veto;
                case.offline_because(case.disk, 0, "new disk");
                case.offline_because(case.web, 0, "");
                case.world.online(case.web);
                case
            },
            &["web"],
        ),
        (
            "its group waits for another",
            || {
                let mut case = Case::after_another();
                case.group_call(true);
                case.world.pass_ms(10_000);
                case
            },
            &["disk", "g"],
        ),
        (
            "its group has waited in vain for another",
            || {
                let mut case = Case::after_another();
                case.group_call(true);
                case.world.pass_ms(600_000);
                case
            },
            &["disk", "g"],
        ),
        (
            "its group has waited in vain for another, which has come since",
            || {
                let mut case = Case::after_another();
                case.group_call(true);
                case.world.pass_ms(600_000);
                let base = case.world.engine.view().find_resource("base").expect("a resource");
                case.world.online(base);
                case
            },
            &["disk", "g"],
        ),
        (
            "the start of the machine has waited in vain for another group",
            || {
                let mut case = Case::before_another();
                case.world.reboot();
                case.world.pass_ms(600_000);
                case
            },
            &["disk", "g"],
        ),
        (
            "online before the group that it is to start after, which the next start leaves offline",
            Case::before_another,
            &["disk"],
        ),
        (
            "its group waits for a group set",
            || {
                let mut case = Case::before_another();
                case.group_call(false);
                let first = case.world.engine.view().find_group("first").expect("a group");
                let (group, set) = (case.group, case.world.group_set("bases"));
                case.world.set_of(ObjectId::GroupSet(set), "StartupSetting", 1);
                case.world.order(OrderChange::RemoveGroup { group, provider: first });
                case.world.order(OrderChange::Join { group: first, set, moves: false });
                case.world.order(OrderChange::AddSetToGroup { group, provider: set });
                case.group_call(true);
                case
            },
            &["disk", "g"],
        ),
        (
            "offline since the machine was to go down, and it did not",
            || {
                let mut case = Case::online();
                let group = case.group;
                let _ = case.world.status(Command::ShutDownGroup {
                    group,
                    flags: 0,
                    buffer: Vec::new(),
                    remark: Remark::default(),
                });
                case
            },
            &["g"],
        ),
        (
            "its group is to be offline, and one of its resources was asked for since",
            || {
                let mut case = Case::online();
                case.group_call(false);
                case.world.online(case.disk);
                case.offline_because(case.disk, 4, "");
                case
            },
            &["g"],
        ),
        (
            "it was said by its PersistentState that it stay offline, and be online",
            || {
                let mut case = Case::online();
                case.offline_because(case.web, 4, "");
                case.world.set(case.web, "PersistentState", 0);
                case.world.set(case.disk, "PersistentState", 0);
                case.world.set(case.db, "PersistentState", 1);
                case.world.reboot();
                case.world.set(case.disk, "PersistentState", 1);
                case.world.reboot();
                case
            },
            &["web", "db", "disk"],
        ),
        (
            "online, and its PersistentState was set to offline since",
            || {
                let mut case = Case::online();
                case.world.set(case.web, "PersistentState", 0);
                case
            },
            &["web"],
        ),
        (
            "whatever was said, the start of the machine brings it up",
            || {
                let mut case = Case::online();
                case.offline_because(case.web, 0, "no web today");
                case.world.set_of(ObjectId::Cluster, "IgnorePersistentStateOnStartup", 1);
                case.world.reboot();
                case
            },
            &["web", "db"],
        ),
        (
            "whatever was said, the start of the machine will bring it up",
            || {
                let mut case = Case::online();
                case.offline_because(case.web, 0, "no web today");
                case.world.set_of(ObjectId::Cluster, "IgnorePersistentStateOnStartup", 1);
                case
            },
            &["web"],
        ),
        (
            "whatever was said, ColdStartSetting 1 leaves it",
            || {
                let mut case = Case::online();
                case.offline_because(case.web, 0, "no web today");
                case.world.set_of(ObjectId::Cluster, "IgnorePersistentStateOnStartup", 1);
                case.set_group("ColdStartSetting", 1);
                case.world.reboot();
                case
            },
            &["web"],
        ),
        (
            "whatever was said, its node is no possible owner",
            || {
                let mut case = Case::online();
                case.offline_because(case.web, 0, "no web today");
                let (resource, node) = (case.web, NodeId(1));
                let _ = case.world.status(Command::AddPossibleOwner { resource, node });
                let _ = case.world.status(Command::RemovePossibleOwner { resource, node });
                case.world.set_of(ObjectId::Cluster, "IgnorePersistentStateOnStartup", 1);
                case.world.reboot();
                case
            },
            &["web"],
        ),
        (
            "ColdStartSetting 1, as a group",
            || {
                let mut case = Case::online();
                case.set_group("ColdStartSetting", 1);
                case.world.reboot();
                case
            },
            &["g"],
        ),
        (
            "a group without resources",
            || {
                let mut case = Case::new();
                case.world.group("empty");
                case
            },
            &["empty"],
        ),
    ];
    insta::assert_snapshot!(shown(rows));
}

#[test]
fn a_chain_of_reasons_ends() {
    let mut world = World::default();
    let group = world.group("deep");
    let chain: Vec<ResourceId> = (0..30).map(|n| world.resource(group, &format!("r{n}"))).collect();
    chain.windows(2).for_each(|pair| world.depend(pair[1], pair[0]));
    world.set(chain[0], "RestartAction", 0);
    world.behave(chain[0]).online = Reaction::Fail;
    world.online(chain[29]);
    let view = world.engine.view();
    let explanation = view.explain_resource(chain[29], &[]).expect("an explanation");
    let mut next = Some(&explanation.reason);
    let mut length = 0;
    while let Some(reason) = next {
        (length, next) = (length + 1, reason.because.as_deref());
    }
    assert!((8..=2 * crate::limits::REASONS_DEEP_MAX).contains(&length), "{length} reasons");
}

#[test]
fn a_group_of_one_resource_is_explained_by_its_only_one() {
    let mut world = World::default();
    let group = world.group("g");
    let only = world.resource(group, "only");
    world.behave(only).online = Reaction::Fail;
    let _ = world.online(only);
    world.pass_ms(600_000);
    let explanation = world.engine.view().explain_group(group, &[], None).expect("an explanation");
    assert_eq!(explanation.reason.text, "its only resource 'only' is Failed");
}
