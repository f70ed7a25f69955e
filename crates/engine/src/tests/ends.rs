//! How operations end, and what is then said: done only where it is true, and in words where `done` does not say it all.
//!
//! The cluster of these tests is that of [`super::last_word`]: `disk ◄─ db ◄─ web` with `mail` on `disk` too.

use mainstay_types::Status;
use mainstay_types::operation::End;

use super::last_word::Cluster;
use crate::command::{Command, Remark};
use crate::testing::{Reaction, World};

/// After the words before, what the last of them is answered with; then what happens while it goes on; then how it ends,
/// and what is said of it.
#[track_caller]
fn check(words: &[&str], meanwhile: &[&str], end: &str, outcome: &str) {
    let mut cluster = Cluster::new();
    for word in words {
        cluster.say(word);
    }
    let operation = cluster.world.answer(cluster.world.last_call()).operation.expect("it is recorded");
    for word in meanwhile {
        cluster.say(word);
    }
    let record = &cluster.world.journal[&operation];
    let found = match &record.end {
        Some(End::Failed(cause)) => format!("failed with {}: {}", cause.status.0, cause.text),
        Some(end) => end.as_str().to_owned(),
        None => "not yet".to_owned(),
    };
    assert_eq!((found.as_str(), record.outcome.as_str()), (end, outcome), "{words:?} {meanwhile:?}");
}

#[test]
fn a_group_is_said_to_be_online_only_if_it_is() {
    check(&["group online"], &[], "done", "");
    // What came up first, or was up already, has failed when the last one comes.
    check(
        &["hang online web", "group online"],
        &["fail mail", "end web"],
        "failed with 5038: resource 'mail': it has failed meanwhile: killed by signal 9",
        "",
    );
    check(
        &["online mail", "hang online web", "group online"],
        &["fail mail", "end web"],
        "failed with 5038: resource 'mail': it has failed meanwhile: killed by signal 9",
        "",
    );
    check(
        &["hang online web", "group online"],
        &["keep offline mail", "end web"],
        "failed with 5004: resource 'mail': it has gone offline meanwhile",
        "",
    );
    // By name somebody may take it offline all the same: the later word about it.
    let but_for = "is online but for what was taken offline by name: 'mail'";
    check(&["hang online web", "group online"], &["offline mail", "end web"], "done", but_for);
    check(&["offline mail", "group online"], &[], "done", but_for);
    let all = "stays offline: all of it was taken offline by name: 'disk', 'db', 'web', 'mail'";
    check(&["offline web", "offline mail", "offline db", "offline disk", "group online"], &[], "done", all);
}

#[test]
fn of_an_empty_group_nothing_was_brought_online() {
    let mut world = World::default();
    let group = world.group("empty");
    let online = Command::OnlineGroup { group, flags: 0, buffer: Vec::new(), remark: Remark::default() };
    assert_eq!(world.status(online), Status::SUCCESS);
    let record = world.last_record();
    assert_eq!(record.end, Some(End::Done));
    assert_eq!(record.outcome, "has no resources, so that nothing was brought online");
}

#[test]
fn what_was_not_online_is_not_said_to_be_restarted() {
    check(&["online web", "restart disk"], &[], "done", "");
    let nothing = "is not online, so that nothing was restarted";
    check(&["restart disk"], &[], "done", nothing);
    check(&["online disk", "offline disk", "restart disk"], &[], "done", nothing);
    let started = "is online; it was not before, so that it was started only";
    check(&["online web", "offline disk", "restart web"], &[], "done", started);
    check(
        &["keep online disk", "fail disk", "restart disk"],
        &[],
        "done",
        "was not online, and is offline now",
    );
    // After a crash it is known from the record what it was.
    check(&["online web", "hang offline web", "restart web"], &["start service", "end web"], "done", "");
}

#[test]
fn a_shutdown_that_goes_on_after_the_service_has_died_ends_with_the_group_offline() {
    for word in ["group shut-down", "keep offline disk"] {
        let mut cluster = Cluster::new();
        for word in ["group online", "hang offline db", word, "start service"] {
            cluster.say(word);
        }
        let operation = cluster.world.last_record().id;
        assert_eq!(cluster.states(), "??--", "{word}: db does not end, and disk waits for it");
        cluster.say("end db");
        assert_eq!(cluster.states(), "----", "{word}: no start of the service is a later word");
        assert_eq!(cluster.world.journal[&operation].end, Some(End::Done), "{word}");
        // What is written is as it was: the next start brings it back.
        cluster.world.behave(cluster.id("db")).offline = Reaction::Done;
        cluster.say("start service");
        assert_eq!(cluster.states(), "++++", "{word}");
    }
}
