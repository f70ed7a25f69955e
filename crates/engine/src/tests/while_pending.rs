//! The table of calls that meet an operation which has not ended: what is refused, what waits, what takes over, and how
//! both end. From the reference's pages of the calls, §1.2 to §1.6, with the design's force (§3.12).
//!
//! The cluster of these tests is `disk ◄─ db ◄─ web`; it is `db` that does not come to an end.

use mainstay_types::operation::End;
use mainstay_types::{GroupId, ObjectId, OperationId, ResourceId, ResourceState, Status};

use super::scenarios::stack;
use crate::command::{Command, Remark};
use crate::testing::{CheckReaction, CommitMode, Reaction, World, offline};

const FORCE: u32 = 2;

/// What the first operation is at when the call comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Before {
    /// Offline of `db`; its type is at it.
    Stopping,
    /// Offline of the group, the same.
    GroupStopping,
    /// Offline of `db` by force; its Terminate is at it.
    Terminating,
    /// Restart of `db`; its Offline is at it.
    RestartStopping,
    /// Restart of `db`; its Online is at it.
    RestartStarting,
    /// Online of `web`; the Online of `db` is at it.
    Starting,
    /// Online of the group, the same.
    GroupStarting,
    /// Offline of `db`; its type is asked whether it can.
    Asking,
    /// Offline of `db`; its acceptance is being committed.
    Committing,
    /// `db` has failed; its Terminate is at it.
    Cleaning,
    /// `db` refused to stop; the words before are being put back.
    Vetoing,
    /// Offline of `db`, cancelled while its type was at it; its Offline goes on, and it comes back after that.
    Cancelling,
    /// Online of `web`, cancelled while the Online of `db` was at it; the Terminate of `db` is at it.
    GivingUp,
}

pub(super) struct Cluster {
    pub(super) world: World,
    pub(super) group: GroupId,
    pub(super) ids: [ResourceId; 3],
    pub(super) first: OperationId,
}

impl Cluster {
    pub(super) fn new(before: Before) -> Self {
        let mut world = World::default();
        let (group, ids) = stack(&mut world);
        let [_, db, web] = ids;
        let (flags, buffer, remark) = (0, Vec::new(), Remark::default());
        let restart = Command::RestartResource { resource: db, flags, remark: remark.clone() };
        if !matches!(before, Before::Starting | Before::GroupStarting | Before::GivingUp) {
            world.online(web);
        }
        let first = match before {
            Before::Stopping
            | Before::GroupStopping
            | Before::RestartStopping
            | Before::Vetoing
            | Before::Cancelling => {
                world.behave(db).offline = Reaction::Hang;
                match before {
                    Before::Stopping | Before::Vetoing | Before::Cancelling => offline(db, 0, buffer),
                    Before::GroupStopping => Command::OfflineGroup { group, flags, buffer, remark },
                    _ => restart,
                }
            }
            Before::Terminating | Before::Cleaning => {
                world.behave(db).terminate = Reaction::Hang;
                offline(db, FORCE, buffer)
            }
            Before::RestartStarting => {
                world.behave(db).online = Reaction::Hang;
                restart
            }
            Before::Starting | Before::GivingUp => {
                world.behave(db).online = Reaction::Hang;
                if before == Before::GivingUp {
                    world.behave(db).terminate = Reaction::Hang;
                }
                Command::OnlineResource { resource: web, flags, buffer, remark }
            }
            Before::GroupStarting => {
                world.behave(db).online = Reaction::Hang;
                Command::OnlineGroup { group, flags, buffer, remark }
            }
            Before::Asking => {
                world.behave(db).check = CheckReaction::Silent;
                offline(db, 0, buffer)
            }
            Before::Committing => {
                world.commit_mode = CommitMode::Hold;
                offline(db, 0, buffer)
            }
        };
        let last = world.engine.last_operation;
        if before == Before::Cleaning {
            world.fail(db);
        } else {
            world.call(first);
        }
        if before == Before::Vetoing {
            world.commit_mode = CommitMode::Hold;
            world.end_order(db, Reaction::Veto);
        }
        let node = mainstay_types::NodeId(1);
        let first = OperationId { node, number: last + 1 };
        if matches!(before, Before::Cancelling | Before::GivingUp) {
            let remark = Remark::default();
            world.call(Command::CancelOperation { operation: first, about: None, remark });
        }
        Cluster { world, group, ids, first }
    }

    fn id(&self, name: &str) -> ResourceId {
        let names = ["disk", "db", "web"];
        self.ids[names.iter().position(|known| *known == name).expect("a name")]
    }

    /// `offline db`, `force db`, `online web`, `restart db`, `fail db`, `delete web`, `rename db`, `set db`,
    /// `offline group`, `online group`, `delete group`, `rename group`.
    fn command(&self, words: &str) -> Command {
        let (verb, name) = words.split_once(' ').expect("verb and name");
        let (flags, buffer, remark, group) = (0, Vec::new(), Remark::default(), self.group);
        if name == "group" {
            return match verb {
                "offline" => Command::OfflineGroup { group, flags, buffer, remark },
                "online" => Command::OnlineGroup { group, flags, buffer, remark },
                "delete" => Command::DeleteGroup { group, force: true },
                "rename" => Command::RenameGroup { group, name: "other".into() },
                other => panic!("{other}"),
            };
        }
        let resource = self.id(name);
        match verb {
            "offline" => offline(resource, 0, buffer),
            "force" => offline(resource, FORCE, buffer),
            "online" => Command::OnlineResource { resource, flags, buffer, remark },
            "restart" => Command::RestartResource { resource, flags, remark },
            "fail" => Command::FailResource { resource, remark },
            "delete" => Command::DeleteResource { resource },
            "rename" => Command::RenameResource { resource, name: "other".into() },
            "set" => {
                let input = mainstay_proplist::PropertyList::new().with("Description", "x");
                Command::Control {
                    object: ObjectId::Resource(resource),
                    code: mainstay_types::ControlCode(0x0140_005E),
                    input: input.to_bytes().expect("a list"),
                    output_length_max: 0,
                }
            }
            other => panic!("{other}"),
        }
    }

    /// Whatever hung or waited comes to its end, well.
    pub(super) fn release(&mut self) {
        for id in self.ids {
            let calm = crate::testing::Behaviour::default();
            self.world.behaviours.insert(id, calm);
        }
        self.world.commit_mode = CommitMode::Done;
        self.world.resolve_commits();
        self.world.pass_ms(crate::limits::CHECK_TIMEOUT_MS);
        for _ in 0..4 {
            for id in self.ids {
                self.world.end_order(id, Reaction::Done);
            }
        }
        self.world.pass_ms(5_000);
    }

    /// `+` online, `-` offline, `!` failed, `^` and `v` on their way up and down, of disk, db and web.
    pub(super) fn states(&self) -> String {
        let sign = |id: &ResourceId| match self.world.engine.view().resource_state(*id) {
            Some(ResourceState::Online) => '+',
            Some(ResourceState::Offline) => '-',
            Some(ResourceState::Failed) => '!',
            Some(ResourceState::OnlinePending) => '^',
            Some(ResourceState::OfflinePending) => 'v',
            Some(ResourceState::Initializing) => '?',
            None => 'x',
        };
        self.ids.iter().map(sign).collect()
    }

    pub(super) fn end(&self, id: Option<OperationId>) -> &'static str {
        let record = id.and_then(|id| self.world.journal.get(&id));
        record.and_then(|record| record.end.as_ref()).map_or("none", End::as_str)
    }
}

const OK: Status = Status::SUCCESS;
const PENDING: Status = Status::IO_PENDING;
const INVALID: Status = Status::INVALID_STATE;
const NOT_RUNNING: Status = Status::RESMON_INVALID_STATE;
/// The call is answered at once.
const NOW: bool = false;
/// It is looked at when the first operation lets it.
const WAITS: bool = true;

/// One row: the call, whether it waits, the states at once; then, when all has come to its end, the answer, the ends of
/// both operations, and the states.
type Row = (&'static str, bool, &'static str, Status, &'static str, &'static str, &'static str);

fn found(before: Before, words: &'static str) -> Row {
    let mut cluster = Cluster::new(before);
    let command = cluster.command(words);
    let call = cluster.world.call(command);
    let waits = !cluster.world.answers.contains_key(&call);
    let states: &'static str = cluster.states().leak();
    cluster.release();
    let answer = cluster.world.answer(call).clone();
    let is_accepted = matches!(answer.status, OK | PENDING);
    assert!(is_accepted || !answer.text.is_empty(), "a refusal says why");
    let ends = (cluster.end(Some(cluster.first)), cluster.end(answer.operation));
    assert!(cluster.world.records_left().is_empty(), "{before:?}, {words}: something goes on for ever");
    (words, waits, states, answer.status, ends.0, ends.1, cluster.states().leak())
}

#[track_caller]
fn check(before: Before, rows: &[Row]) {
    let found = rows.iter().map(|row| (row, found(before, row.0)));
    let wrong = found.filter(|(row, found)| *row != found);
    let shown: Vec<String> =
        wrong.map(|(row, found)| format!("expected {row:?}\n   found {found:?}")).collect();
    assert!(shown.is_empty(), "{before:?}, {} of {} rows:\n{}", shown.len(), rows.len(), shown.join("\n"));
}

#[test]
fn while_it_is_taken_offline() {
    check(
        Before::Stopping,
        &[
            ("offline db", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("force db", NOW, "+--", PENDING, "superseded", "done", "+--"),
            ("offline web", NOW, "+v-", OK, "done", "done", "+--"),
            ("offline disk", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("offline group", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("online db", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("online web", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("online group", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("restart db", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("restart web", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("fail db", NOW, "+!-", OK, "superseded", "done", "+!-"),
            ("fail web", NOW, "+v-", NOT_RUNNING, "done", "refused", "+--"),
            ("delete web", NOW, "+vx", OK, "done", "done", "+-x"),
            ("delete db", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("delete group", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("rename db", NOW, "+v-", OK, "done", "done", "+--"),
            ("rename group", NOW, "+v-", OK, "done", "done", "+--"),
            ("set db", NOW, "+v-", OK, "done", "done", "+--"),
        ],
    );
}

#[test]
fn while_its_group_is_taken_offline() {
    check(
        Before::GroupStopping,
        &[
            ("offline db", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("force db", NOW, "---", PENDING, "superseded", "done", "---"),
            ("offline web", NOW, "vv-", OK, "done", "done", "---"),
            ("offline disk", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("offline group", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("online db", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("online web", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("online group", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("restart db", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("restart web", NOW, "vv-", OK, "done", "done", "---"),
            ("fail db", NOW, "-!-", OK, "superseded", "done", "-!-"),
            ("fail web", NOW, "vv-", NOT_RUNNING, "done", "refused", "---"),
            ("delete web", NOW, "vvx", OK, "done", "done", "--x"),
            ("delete db", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("delete group", NOW, "vv-", INVALID, "done", "refused", "---"),
            ("rename db", NOW, "vv-", OK, "done", "done", "---"),
            ("rename group", NOW, "vv-", OK, "done", "done", "---"),
            ("set db", NOW, "vv-", OK, "done", "done", "---"),
        ],
    );
}

#[test]
fn while_it_is_terminated() {
    check(
        Before::Terminating,
        &[
            ("offline db", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("force db", NOW, "+v-", PENDING, "superseded", "done", "+--"),
            ("offline web", NOW, "+v-", OK, "done", "done", "+--"),
            ("offline disk", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("offline group", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("online db", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("online web", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("online group", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("restart db", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("restart web", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("fail db", NOW, "+!-", OK, "superseded", "done", "+!-"),
            ("fail web", NOW, "+v-", NOT_RUNNING, "done", "refused", "+--"),
            ("delete web", NOW, "+vx", OK, "done", "done", "+-x"),
            ("delete db", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("delete group", NOW, "+v-", INVALID, "done", "refused", "+--"),
            ("rename db", NOW, "+v-", OK, "done", "done", "+--"),
            ("rename group", NOW, "+v-", OK, "done", "done", "+--"),
            ("set db", NOW, "+v-", OK, "done", "done", "+--"),
        ],
    );
}

#[test]
fn while_it_goes_down_for_a_restart() {
    check(
        Before::RestartStopping,
        &[
            ("offline db", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("force db", NOW, "+--", PENDING, "superseded", "done", "+--"),
            ("offline web", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("offline disk", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("offline group", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("online db", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("online web", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("online group", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("restart db", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("restart web", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("fail db", NOW, "+!!", OK, "superseded", "done", "+++"),
            ("fail web", NOW, "+v!", OK, "done", "done", "+++"),
            ("delete web", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("delete db", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("delete group", NOW, "+v^", INVALID, "done", "refused", "+++"),
            ("rename db", NOW, "+v^", OK, "done", "done", "+++"),
            ("rename group", NOW, "+v^", OK, "done", "done", "+++"),
            ("set db", NOW, "+v^", OK, "done", "done", "+++"),
        ],
    );
}

#[test]
fn while_it_comes_up_in_a_restart() {
    check(
        Before::RestartStarting,
        &[
            ("offline db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("force db", NOW, "+--", PENDING, "superseded", "done", "+--"),
            ("offline web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("offline disk", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("offline group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("restart db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("restart web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("fail db", NOW, "+!!", OK, "superseded", "done", "+++"),
            ("fail web", NOW, "+^!", OK, "done", "done", "+++"),
            ("delete web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("delete db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("delete group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("rename db", NOW, "+^^", OK, "done", "done", "+++"),
            ("rename group", NOW, "+^^", OK, "done", "done", "+++"),
            ("set db", NOW, "+^^", OK, "done", "done", "+++"),
        ],
    );
}

#[test]
fn while_it_is_brought_online() {
    check(
        Before::Starting,
        &[
            ("offline db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("force db", NOW, "+--", PENDING, "superseded", "done", "+--"),
            ("offline web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("offline disk", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("offline group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("restart db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("restart web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("fail db", NOW, "+!!", OK, "failed", "done", "+++"),
            ("fail web", NOW, "+^!", OK, "superseded", "done", "+++"),
            ("delete web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("delete db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("delete group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("rename db", NOW, "+^^", OK, "done", "done", "+++"),
            ("rename group", NOW, "+^^", OK, "done", "done", "+++"),
            ("set db", NOW, "+^^", OK, "done", "done", "+++"),
        ],
    );
}

#[test]
fn while_its_group_is_brought_online() {
    check(
        Before::GroupStarting,
        &[
            ("offline db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("force db", NOW, "+--", PENDING, "superseded", "done", "+--"),
            ("offline web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("offline disk", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("offline group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("online group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("restart db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("restart web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("fail db", NOW, "+!!", OK, "superseded", "done", "+++"),
            ("fail web", NOW, "+^!", OK, "superseded", "done", "+++"),
            ("delete web", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("delete db", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("delete group", NOW, "+^^", INVALID, "done", "refused", "+++"),
            ("rename db", NOW, "+^^", OK, "done", "done", "+++"),
            ("rename group", NOW, "+^^", OK, "done", "done", "+++"),
            ("set db", NOW, "+^^", OK, "done", "done", "+++"),
        ],
    );
}

#[test]
fn while_its_type_is_asked() {
    check(
        Before::Asking,
        &[
            ("offline db", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("force db", WAITS, "+++", PENDING, "superseded", "done", "+--"),
            ("offline web", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("offline disk", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("offline group", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("online db", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("online web", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("online group", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("restart db", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("restart web", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("fail db", WAITS, "+++", OK, "superseded", "done", "+!-"),
            ("fail web", WAITS, "+++", OK, "done", "failed", "+--"),
            ("delete web", NOW, "+++", INVALID, "done", "refused", "+--"),
            ("delete db", NOW, "+++", INVALID, "done", "refused", "+--"),
            ("delete group", NOW, "+++", INVALID, "done", "refused", "+--"),
            ("rename db", NOW, "+++", OK, "done", "done", "+--"),
            ("rename group", NOW, "+++", OK, "done", "done", "+--"),
            ("set db", WAITS, "+++", OK, "done", "done", "+--"),
        ],
    );
}

#[test]
fn while_a_call_is_being_accepted() {
    check(
        Before::Committing,
        &[
            ("offline db", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("force db", WAITS, "+++", PENDING, "superseded", "done", "+--"),
            ("offline web", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("offline disk", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("offline group", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("online db", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("online web", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("online group", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("restart db", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("restart web", WAITS, "+++", INVALID, "done", "refused", "+--"),
            ("fail db", WAITS, "+++", OK, "superseded", "done", "+!-"),
            ("fail web", WAITS, "+++", OK, "done", "failed", "+--"),
            ("delete web", NOW, "+++", INVALID, "done", "refused", "+--"),
            ("delete db", NOW, "+++", INVALID, "done", "refused", "+--"),
            ("delete group", NOW, "+++", INVALID, "done", "refused", "+--"),
            ("rename db", WAITS, "+++", OK, "done", "done", "+--"),
            ("rename group", WAITS, "+++", OK, "done", "done", "+--"),
            ("set db", WAITS, "+++", OK, "done", "done", "+--"),
        ],
    );
}

#[test]
fn while_what_it_left_is_taken_down() {
    check(
        Before::Cleaning,
        &[
            ("offline db", NOW, "+v-", PENDING, "superseded", "done", "+--"),
            ("force db", NOW, "+v-", PENDING, "superseded", "done", "+--"),
            ("offline web", NOW, "+!-", OK, "done", "done", "++-"),
            ("offline disk", NOW, "v!-", PENDING, "superseded", "done", "-!-"),
            ("offline group", NOW, "vv-", PENDING, "superseded", "done", "---"),
            ("online db", WAITS, "+!-", PENDING, "done", "done", "++-"),
            ("online web", WAITS, "+!-", PENDING, "done", "done", "+++"),
            ("online group", WAITS, "+!-", PENDING, "done", "done", "+++"),
            ("restart db", NOW, "+!-", INVALID, "done", "refused", "+++"),
            ("restart web", NOW, "+!-", INVALID, "done", "refused", "+++"),
            ("fail db", NOW, "+!-", NOT_RUNNING, "done", "refused", "+++"),
            ("fail web", NOW, "+!-", NOT_RUNNING, "done", "refused", "+++"),
            ("delete web", NOW, "+!x", OK, "done", "done", "++x"),
            ("delete db", NOW, "+!-", INVALID, "done", "refused", "+++"),
            ("delete group", NOW, "+!-", INVALID, "done", "refused", "+++"),
            ("rename db", NOW, "+!-", OK, "done", "done", "+++"),
            ("rename group", NOW, "+!-", OK, "done", "done", "+++"),
            ("set db", NOW, "+!-", OK, "done", "done", "+++"),
        ],
    );
}

#[test]
fn while_a_veto_is_written() {
    check(
        Before::Vetoing,
        &[
            ("offline db", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("force db", WAITS, "+v-", PENDING, "vetoed", "done", "+--"),
            ("offline web", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("offline disk", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("offline group", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("online db", WAITS, "+v-", OK, "vetoed", "done", "+++"),
            ("online web", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("online group", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("restart db", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("restart web", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("fail db", WAITS, "+v-", OK, "vetoed", "done", "+++"),
            ("fail web", WAITS, "+v-", OK, "vetoed", "done", "+++"),
            ("delete web", WAITS, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("delete db", NOW, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("delete group", NOW, "+v-", INVALID, "vetoed", "refused", "+++"),
            ("rename db", WAITS, "+v-", OK, "vetoed", "done", "+++"),
            ("rename group", WAITS, "+v-", OK, "vetoed", "done", "+++"),
            ("set db", WAITS, "+v-", OK, "vetoed", "done", "+++"),
        ],
    );
}

#[test]
fn while_it_is_being_cancelled() {
    check(
        Before::Cancelling,
        &[
            ("offline db", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            // It overtakes the cancellation, which has not come to its end.
            ("force db", NOW, "+--", PENDING, "superseded", "done", "+--"),
            ("offline web", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("offline disk", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("offline group", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("online db", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("online web", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("online group", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("restart db", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("restart web", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("fail db", NOW, "+!!", OK, "superseded", "done", "+++"),
            ("fail web", NOW, "+v!", OK, "cancelled", "done", "+++"),
            ("delete web", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("delete db", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("delete group", NOW, "+v^", INVALID, "cancelled", "refused", "+++"),
            ("rename db", NOW, "+v^", OK, "cancelled", "done", "+++"),
            ("rename group", NOW, "+v^", OK, "cancelled", "done", "+++"),
            ("set db", NOW, "+v^", OK, "cancelled", "done", "+++"),
        ],
    );
}

#[test]
fn while_a_cancelled_online_is_given_up() {
    check(
        Before::GivingUp,
        &[
            ("offline db", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            // What the online was about, `web`, is at rest already.
            ("force db", NOW, "+v-", PENDING, "cancelled", "done", "+--"),
            ("offline web", NOW, "+v-", OK, "cancelled", "done", "+--"),
            ("offline disk", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            ("offline group", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            ("online db", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            ("online web", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            ("online group", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            ("restart db", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            ("restart web", NOW, "+v-", OK, "cancelled", "done", "+--"),
            ("fail db", NOW, "+!-", OK, "cancelled", "done", "++-"),
            ("fail web", NOW, "+v-", NOT_RUNNING, "cancelled", "refused", "+--"),
            ("delete web", NOW, "+vx", OK, "cancelled", "done", "+-x"),
            ("delete db", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            ("delete group", NOW, "+v-", INVALID, "cancelled", "refused", "+--"),
            ("rename db", NOW, "+v-", OK, "cancelled", "done", "+--"),
            ("rename group", NOW, "+v-", OK, "cancelled", "done", "+--"),
            ("set db", NOW, "+v-", OK, "cancelled", "done", "+--"),
        ],
    );
}
