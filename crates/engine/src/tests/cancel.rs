//! Cancelling an operation: what comes back, what is taken down, and what is refused.
//!
//! The situations are those of [`super::while_pending`]: `disk ◄─ db ◄─ web`, and `db` does not come to an end.

use mainstay_types::operation::{End, Verb};
use mainstay_types::{ObjectId, OperationId, ResourceState, Status};

use super::while_pending::{Before, Cluster};
use crate::command::{Command, Remark};
use crate::effect::Answer;
use crate::testing::{CommitMode, Reaction, offline};

const OK: Status = Status::SUCCESS;
const PENDING: Status = Status::IO_PENDING;
const INVALID: Status = Status::INVALID_STATE;
const FORCE: u32 = 2;

fn cancel(cluster: &mut Cluster, operation: OperationId) -> Option<Answer> {
    let remark = Remark { reason: "changed my mind".into(), token: String::new() };
    let call = cluster.world.call(Command::CancelOperation { operation, about: None, remark });
    cluster.world.answers.get(&call).cloned()
}

/// What is written of disk, db, web and the group: `+` to be online, `-` to stay offline, `.` nothing.
fn written(cluster: &Cluster) -> String {
    let model = cluster.world.engine.view().model();
    let resources = cluster.ids.iter().map(|id| model.resource(*id).and_then(|found| found.persistent));
    let group = model.group(cluster.group).and_then(|found| found.persistent);
    resources.chain([group]).map(|word| word.map_or('.', |word| if word { '+' } else { '-' })).collect()
}

/// The answer, the states at once, the states in the end, how the operation ends, what is written.
type Expected = (Status, &'static str, &'static str, &'static str, &'static str);

#[track_caller]
fn check(before: Before, expected: Expected) {
    for dies in [false, true] {
        let mut cluster = Cluster::new(before);
        let first = cluster.first;
        let answer = cancel(&mut cluster, first).expect("an answer");
        let at_once = cluster.states();
        if dies {
            cluster.world.restart_service();
        }
        cluster.release();
        let shown = (at_once, cluster.states(), cluster.end(Some(first)), written(&cluster));
        let (status, at_once, states, end, words) = expected;
        assert_eq!(
            (answer.status, shown),
            (status, (at_once.into(), states.into(), end, words.into())),
            "{before:?}, the service dies: {dies}: {}",
            answer.text
        );
        assert!(cluster.world.records_left().is_empty());
        let own = &cluster.world.journal[&answer.operation.expect("an operation of its own")];
        assert_eq!((own.verb, &own.instructions), (Verb::Cancel, &format!("operation {first}")));
        assert_eq!(own.end == Some(End::Done), status != INVALID, "{own:?}");
        if status != INVALID {
            let Some(End::Cancelled(cause)) = &cluster.world.journal[&first].end else { panic!("{end}") };
            let text = format!("cancelled by root in operation {}: changed my mind", own.id);
            assert_eq!((cause.status, &cause.text), (Status::CANCELLED, &text));
        }
    }
}

#[test]
fn what_an_offline_has_stopped_comes_back_with_its_words() {
    check(Before::Stopping, (PENDING, "+v^", "+++", "cancelled", "..+."));
    check(Before::GroupStopping, (PENDING, "+v^", "+++", "cancelled", "..+."));
    check(Before::RestartStopping, (PENDING, "+v^", "+++", "cancelled", "..+."));
    check(Before::RestartStarting, (PENDING, "+^^", "+++", "cancelled", "..+."));
}

#[test]
fn what_an_online_has_brought_up_stays_and_the_rest_goes_down() {
    check(Before::Starting, (PENDING, "+--", "+--", "cancelled", "...."));
    check(Before::GroupStarting, (PENDING, "+--", "+--", "cancelled", "...."));
}

#[test]
fn there_is_no_way_back_from_what_is_terminated_or_taken_back_already() {
    check(Before::Terminating, (INVALID, "+v-", "+--", "done", ".-+."));
    let mut cluster = Cluster::new(Before::Cleaning);
    let cleaning = cluster.first;
    let refused = cancel(&mut cluster, cleaning).expect("an answer");
    assert!(refused.text.contains("the service's own"), "{}", refused.text);
    let mut cluster = Cluster::new(Before::Stopping);
    let first = cluster.first;
    assert_eq!(cancel(&mut cluster, first).expect("an answer").status, PENDING);
    let again = cancel(&mut cluster, first).expect("an answer");
    assert_eq!(again.status, INVALID);
    assert!(again.text.contains("being taken back already"), "{}", again.text);
    cluster.release();
    let ended = cancel(&mut cluster, first).expect("an answer");
    assert_eq!(ended.status, INVALID);
    assert!(
        ended.text.ends_with(&format!("'mainstay operation show {first}' says how it ended")),
        "{}",
        ended.text
    );
    let unknown = cancel(&mut cluster, OperationId { number: 4_711, ..first }).expect("an answer");
    assert!(unknown.text.contains("'mainstay operation show 1-4711' says"), "{}", unknown.text);
}

#[test]
fn a_refused_cancellation_names_a_way_out_and_is_about_what_the_operation_was() {
    for before in [Before::Terminating, Before::Cleaning, Before::Cancelling] {
        let mut cluster = Cluster::new(before);
        let first = cluster.first;
        let refused = cancel(&mut cluster, first).expect("an answer");
        assert_eq!(refused.status, INVALID);
        assert!(refused.text.contains("; "), "{before:?}: {}", refused.text);
        assert_eq!(cluster.world.last_record().name, "db", "{before:?}");
    }
    // Of one that is forgotten only the journal knows what it was about.
    let mut cluster = Cluster::new(Before::Stopping);
    let (operation, [_, db, _]) = (cluster.first, cluster.ids);
    cluster.release();
    assert!(cluster.world.records_left().is_empty());
    let about = Some(Box::new((ObjectId::Resource(db), "db".to_owned())));
    let remark = Remark::default();
    assert_eq!(cluster.world.status(Command::CancelOperation { operation, about, remark }), INVALID);
    let record = cluster.world.last_record();
    assert_eq!((record.verb, &record.object), (Verb::Cancel, &ObjectId::Resource(db)));
}

#[test]
fn a_force_that_comes_while_it_is_cancelled_has_the_last_word_over_a_crash_too() {
    for dies in [false, true] {
        let mut cluster = Cluster::new(Before::Cancelling);
        let (first, [_, db, _]) = (cluster.first, cluster.ids);
        cluster.world.behave(db).terminate = Reaction::Hang;
        let force = cluster.world.call(offline(db, FORCE, Vec::new()));
        let force = cluster.world.answer(force).operation.expect("an operation");
        if dies {
            cluster.world.restart_service();
        }
        cluster.release();
        assert_eq!(cluster.world.journal[&first].end, Some(End::Superseded(force)), "{dies}");
        assert_eq!(cluster.states(), "+--", "{dies}");
    }
}

#[test]
fn a_call_that_is_not_accepted_yet_is_refused() {
    let mut cluster = Cluster::new(Before::Asking);
    let first = cluster.first;
    assert_eq!(cancel(&mut cluster, first).expect("an answer").status, OK);
    let Some(End::Refused(cause)) = &cluster.world.journal[&first].end else { panic!("a refusal") };
    assert_eq!(cause.status, Status::CANCELLED);
    cluster.release();
    assert_eq!((cluster.states(), written(&cluster)), ("+++".into(), "..+.".into()));
}

#[test]
fn a_call_that_is_being_accepted_is_cancelled_when_it_is() {
    for mode in [CommitMode::Done, CommitMode::Fail] {
        let mut cluster = Cluster::new(Before::Committing);
        let (first, db) = (cluster.first, cluster.ids[1]);
        assert!(cancel(&mut cluster, first).is_none(), "it waits");
        cluster.world.behave(db).offline = Reaction::Hang;
        cluster.world.commit_mode = mode;
        cluster.world.resolve_commits();
        if mode == CommitMode::Fail {
            // The cancellation does not get through: the operation goes on.
            assert_eq!(cluster.states(), "+v-");
            assert_eq!(cluster.world.last_record().verb, Verb::Cancel);
            assert!(matches!(cluster.world.last_record().end, Some(End::Refused(_))));
        }
        cluster.release();
        let states = if mode == CommitMode::Done { "+++" } else { "+--" };
        assert_eq!(cluster.states(), states);
    }
}

#[test]
fn a_service_that_dies_at_the_commit_has_cancelled_or_not() {
    for before in [Before::Stopping, Before::Starting, Before::RestartStopping] {
        for mode in [CommitMode::Hold, CommitMode::UnknownFailed] {
            let mut cluster = Cluster::new(before);
            let first = cluster.first;
            cluster.world.commit_mode = mode;
            assert!(cancel(&mut cluster, first).is_none());
            cluster.world.commit_mode = CommitMode::Done;
            cluster.world.restart_service();
            cluster.release();
            let (done, states) = match (mode, before) {
                (CommitMode::Hold, Before::Starting) => ("cancelled", "+--"),
                (CommitMode::Hold, _) => ("cancelled", "+++"),
                (_, Before::Stopping) => ("done", "+--"),
                (_, _) => ("done", "+++"),
            };
            assert_eq!(
                (cluster.end(Some(first)), cluster.states()),
                (done, states.into()),
                "{before:?}, {mode:?}"
            );
        }
    }
}

#[test]
fn what_comes_up_while_the_cancellation_is_written_stays_up() {
    for dies in [false, true] {
        let mut cluster = Cluster::new(Before::Starting);
        let (first, db) = (cluster.first, cluster.ids[1]);
        cluster.world.commit_mode = CommitMode::Hold;
        assert!(cancel(&mut cluster, first).is_none());
        cluster.world.end_order(db, Reaction::Done);
        assert_eq!(cluster.states(), "++^");
        cluster.world.commit_mode = CommitMode::Done;
        if dies {
            cluster.world.restart_service();
        }
        cluster.release();
        assert_eq!((cluster.states(), cluster.end(Some(first))), ("++-".into(), "cancelled"), "{dies}");
    }
}

#[test]
fn a_withdrawn_word_comes_back_where_nothing_came_of_it() {
    let mut cluster = Cluster::new(Before::Starting);
    let [disk, db, web] = cluster.ids;
    cluster.release();
    cluster.world.offline(disk, 0);
    cluster.world.offline(db, 0);
    assert_eq!(written(&cluster), "--+.");
    cluster.world.behave(db).online = Reaction::Hang;
    let (remark, buffer) = (Remark::default(), Vec::new());
    let call = cluster.world.call(Command::OnlineResource { resource: web, flags: 0, buffer, remark });
    assert_eq!((cluster.states(), written(&cluster)), ("+^^".into(), "..+.".into()));
    let operation = cluster.world.answer(call).operation.expect("an operation");
    assert_eq!(cancel(&mut cluster, operation).expect("an answer").status, PENDING);
    assert_eq!((cluster.states(), written(&cluster)), ("+--".into(), ".-+.".into()));
}

#[test]
fn a_word_that_came_later_stays() {
    let mut cluster = Cluster::new(Before::Stopping);
    let (first, [_, db, _]) = (cluster.first, cluster.ids);
    cluster.world.set(db, "PersistentState", 1);
    assert_eq!(cancel(&mut cluster, first).expect("an answer").status, PENDING);
    assert_eq!(written(&cluster), ".++.");
}

#[test]
fn a_groups_operation_is_cancelled_by_the_group() {
    let group_call = |cluster: &mut Cluster, flags| {
        let group = cluster.group;
        cluster.world.status(Command::CancelGroupOperation { group, flags, remark: Remark::default() })
    };
    let mut cluster = Cluster::new(Before::GroupStopping);
    assert_eq!(group_call(&mut cluster, 1), Status::INVALID_PARAMETER);
    assert_eq!(group_call(&mut cluster, 0), PENDING);
    cluster.release();
    assert_eq!((cluster.states(), cluster.end(Some(cluster.first))), ("+++".into(), "cancelled"));
    assert_eq!(group_call(&mut cluster, 0), INVALID);
    // One of a resource is not the group's.
    let mut cluster = Cluster::new(Before::Stopping);
    assert_eq!(group_call(&mut cluster, 0), INVALID);
}

#[test]
fn what_is_to_be_terminated_is_so_although_the_order_was_never_sent() {
    for (before, end) in [(Before::Starting, "superseded"), (Before::Stopping, "superseded")] {
        let mut cluster = Cluster::new(before);
        let [_, db, _] = cluster.ids;
        cluster.world.commit_mode = CommitMode::Hold;
        cluster.world.call(offline(db, FORCE, Vec::new()));
        cluster.world.commit_mode = CommitMode::Done;
        cluster.world.restart_service();
        assert_eq!(cluster.world.state(db), ResourceState::Offline, "{before:?}");
        cluster.release();
        assert_eq!((cluster.states(), cluster.end(Some(cluster.first))), ("+--".into(), end));
    }
}

#[test]
fn a_call_that_takes_over_while_it_is_accepted_comes_first() {
    for mode in [CommitMode::Hold, CommitMode::UnknownDone] {
        let mut cluster = Cluster::new(Before::Starting);
        let (first, [_, _, web]) = (cluster.first, cluster.ids);
        cluster.world.commit_mode = mode;
        cluster.world.call(offline(web, FORCE, Vec::new()));
        assert!(cancel(&mut cluster, first).is_none(), "it waits");
        cluster.release();
        assert_eq!((cluster.states(), written(&cluster)), ("+--".into(), "..-.".into()), "{mode:?}");
    }
}
