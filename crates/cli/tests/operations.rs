//! Operations through the command: submitted, waited for, resolved after a lost connection, and told by exit code.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;

use fake::*;
use mainstay_types::Status;
use mainstay_types::operation::End;
use mainstay_types::order::Cause;
use mainstay_types::own_codes::{submit, wait_operation};

fn cause(status: Status, text: &str) -> Cause {
    Cause { status, text: text.into() }
}

#[test]
fn a_submission_carries_what_was_asked_for() {
    let fake = Fake::start();
    fake.on(SUBMIT, [accepted()]).on(WAIT, [Step::List(waited(Some(End::Done)))]);
    let words = "resource offline db --ignore-locked --force --keep-persistent-state --reason patching \
                 --property Save=1 --property Note=sz:2";
    let ran = fake.mainstay(&words.split_whitespace().collect::<Vec<_>>());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "resource 'db' is offline (operation 1-42, 1.2 s)\n");
    let [input] = &fake.inputs(SUBMIT)[..] else { unreachable!("one submission") };
    assert_eq!(input.text(submit::VERB), Some("offline"));
    assert_eq!(input.dword(submit::OBJECT_TYPE), Some(3));
    assert_eq!(input.text(submit::OBJECT), Some("db"));
    assert_eq!(input.dword(submit::FLAGS), Some(7));
    assert_eq!(input.text(submit::REASON), Some("patching"));
    assert_eq!(input.text(submit::TOKEN).unwrap().len(), 32);
    let buffer = mainstay_proplist::PropertyList::parse(input.bytes(submit::BUFFER).unwrap()).unwrap();
    assert_eq!((buffer.dword("Save"), buffer.text("Note")), (Some(1), Some("2")));
}

#[test]
fn each_verb_has_its_own_flags() {
    for (words, verb, object_type, flags) in [
        ("resource online db --ignore-locked --keep-persistent-state", "online", 3, 3),
        ("resource offline db --force", "offline", 3, 2),
        ("resource restart db", "restart", 3, 0),
        ("resource fail db", "fail", 3, 0),
        ("group online g --ignore-locked", "online", 2, 1),
        ("group offline g", "offline", 2, 0),
    ] {
        let fake = Fake::start();
        fake.on(SUBMIT, [submitted(0, "", "")]);
        let ran = fake.mainstay(&words.split_whitespace().collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{words}: {ran:?}");
        let [input] = &fake.inputs(SUBMIT)[..] else { unreachable!("one submission") };
        let sent = (input.text(submit::VERB), input.dword(submit::OBJECT_TYPE), input.dword(submit::FLAGS));
        assert_eq!(sent, (Some(verb), Some(object_type), Some(flags)), "{words}");
    }
}

#[test]
fn a_shutdown_takes_groups_along_and_waits_for_what_is_pending() {
    let fake = Fake::start();
    let pending =
        submitted(5023, "1-41", "resource 'db' is Online Pending; wait until the group has settled");
    let locked = submitted(5960, "1-43", "resource 'web' is locked");
    fake.on(SUBMIT, [pending, locked, accepted()]).on(WAIT, [Step::List(waited(Some(End::Done)))]);
    let ran = fake.mainstay(&["group", "shut-down", "g", "h", "--reason", "power", "--timeout", "60"]);
    assert_eq!((ran.code, ran.out.as_str()), (4, "resource 'db' is offline (operation 1-42, 1.2 s)\n"));
    assert!(ran.err.contains("resource 'web' is locked: 5960"), "{ran:?}");
    let sent: Vec<_> = fake
        .inputs(SUBMIT)
        .iter()
        .map(|input| {
            assert_eq!(input.text(submit::VERB), Some("offline"));
            assert_eq!(input.text(submit::REASON), Some("power"));
            let numbers = [submit::OBJECT_TYPE, submit::FLAGS, submit::SHUTTING_DOWN];
            assert_eq!(numbers.map(|name| input.dword(name)), [Some(2), Some(0), Some(1)]);
            input.text(submit::OBJECT).unwrap().to_owned()
        })
        .collect();
    assert_eq!(sent, ["g", "h", "g"], "one that is refused for good is not asked again");
}

#[test]
fn a_shutdown_looks_all_groups_up_before_it_begins_and_takes_each_once() {
    let fake = Fake::start();
    fake.on(SUBMIT, [accepted()]).on(WAIT, [Step::List(waited(Some(End::Done)))]);
    let ran = fake.mainstay(&["group", "shut-down", "g", "nix"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("there is no group 'nix': 5013 ERROR_GROUP_NOT_FOUND"), "{ran:?}");
    assert!(fake.inputs(SUBMIT).is_empty(), "nothing is done");

    let ran = fake.mainstay(&["group", "shut-down", "g", "G", "h", "g"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let sent: Vec<_> =
        fake.inputs(SUBMIT).iter().map(|input| input.text(submit::OBJECT).unwrap().to_owned()).collect();
    assert_eq!(sent, ["g", "h"]);
}

#[test]
fn a_node_that_is_none_is_named_and_not_what_is_asked_of_it() {
    for (words, code) in
        [("plan move g --to nosuch", PLAN), ("node pause n1 --drain --target nosuch", SUBMIT)]
    {
        let fake = Fake::start();
        fake.on(STATUS, [glance()]).on(code, [Step::Status(5042)]);
        let ran = fake.mainstay(&words.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 1, "{ran:?}");
        let said = "there is no node 'nosuch': 5042 ERROR_CLUSTER_NODE_NOT_FOUND; 'mainstay node list'";
        assert!(ran.err.contains(said), "{words}: {ran:?}");
    }
}

#[test]
fn a_shutdown_of_all_groups_is_bounded_and_shown_as_a_document() {
    let fake = Fake::start();
    let pending =
        submitted(5023, "1-41", "resource 'db' is Online Pending; wait until the group has settled");
    fake.on(STATUS, [glance()]).on(SUBMIT, [pending]);
    let ran = fake.mainstay(&["group", "shut-down", "--all", "--ignore-locked", "--timeout", "0", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&document[0]["group"], &document[0]["offline"]), (&"g".into(), &false.into()));
    assert!(document[0]["failure"].as_str().unwrap().contains("Online Pending"), "{document}");
    assert_eq!(fake.inputs(SUBMIT)[0].dword(submit::FLAGS), Some(1));
    let usage = fake.mainstay(&["group", "shut-down"]);
    assert_eq!(usage.code, 2, "{usage:?}");
}

#[track_caller]
fn check_end(end: Option<End>, code: i32, message: &str) {
    let fake = Fake::start();
    fake.on(SUBMIT, [accepted()]).on(WAIT, [Step::List(waited(end))]);
    let ran = fake.mainstay(&["resource", "offline", "db", "--timeout", "0.1"]);
    assert_eq!((ran.code, ran.err.as_str(), ran.out.as_str()), (code, message, ""));
}

#[test]
fn ends_are_told_apart() {
    check_end(
        None,
        3,
        "mainstay: operation 1-42, offline of resource 'db', has not ended within 100 ms and goes on: 258 \
         WAIT_TIMEOUT; wait for it with 'mainstay operation wait 1-42'\n",
    );
    check_end(
        Some(End::Vetoed(cause(Status(5955), "the disk is full"))),
        4,
        "mainstay: offline of resource 'db' was vetoed: the disk is full: 5955 \
         ERROR_CLUSTER_RESOURCE_VETOED_CALL; everything is as before; \
         without asking: mainstay resource offline db --force\n",
    );
    check_end(
        Some(End::Failed(cause(Status::RESOURCE_FAILED, "killed\x1b[2J"))),
        4,
        "mainstay: offline of resource 'db' failed: killed\\u{1b}[2J: 5038 ERROR_RESOURCE_FAILED; \
         'mainstay operation show 1-42' has the details\n",
    );
    check_end(
        Some(End::Superseded("1-43".parse().unwrap())),
        4,
        "mainstay: operation 1-42, offline of resource 'db', was superseded by operation 1-43: 1223 \
         ERROR_CANCELLED; wait for that one with 'mainstay operation wait 1-43'\n",
    );
    check_end(
        Some(End::Refused(cause(
            Status(5910),
            "resource 'db' did not answer within 1000 ms; nothing was done",
        ))),
        1,
        "mainstay: resource 'db' did not answer within 1000 ms: 5910 ERROR_RESOURCE_CALL_TIMED_OUT; \
         nothing was done\n",
    );
}

#[track_caller]
fn check_cancel(end: Option<End>, words: &str, code: i32, out: &str, error: &str) {
    let fake = Fake::start();
    fake.on(SUBMIT, [submitted(997, "1-43", "")]).on(WAIT, [Step::List(waited(end))]);
    let ran = fake.mainstay(&words.split_whitespace().collect::<Vec<_>>());
    assert_eq!((ran.code, ran.err.as_str(), ran.out.as_str()), (code, error, out));
    let [input] = &fake.inputs(SUBMIT)[..] else { unreachable!("one submission") };
    assert_eq!((input.text(submit::VERB), input.text(submit::OBJECT)), (Some("cancel"), Some("1-42")));
    assert_eq!(input.dword(submit::OBJECT_TYPE), Some(0x4D34));
    assert_eq!(input.text(submit::TOKEN).unwrap().len(), 32);
}

#[test]
fn an_operation_is_cancelled_by_its_id() {
    let cancelled = || Some(End::Cancelled(cause(Status::CANCELLED, "cancelled by root in operation 1-43")));
    let refused = Some(End::Refused(cause(Status::CANCELLED, "it was cancelled by root in operation 1-43")));
    let done = "operation 1-42, offline of resource 'db', is cancelled\n";
    check_cancel(cancelled(), "operation cancel 1-42", 0, done, "");
    let nothing = "operation 1-42, offline of resource 'db', is cancelled; it had changed nothing\n";
    check_cancel(refused, "operation cancel 1-42", 0, nothing, "");
    let at_once = "operation 1-42 is being cancelled\n";
    check_cancel(None, "operation cancel 1-42 --no-wait", 0, at_once, "");
    check_cancel(
        None,
        "operation cancel 1-42 --timeout 0.1",
        3,
        "",
        "mainstay: operation 1-42, offline of resource 'db', has not ended within 100 ms and goes on: 258 \
         WAIT_TIMEOUT; wait for it with 'mainstay operation wait 1-42'\n",
    );
    // Who asked for the end of what was done has not got it.
    check_cancel(
        Some(End::Done),
        "operation cancel 1-42",
        4,
        "",
        "mainstay: operation 1-42, offline of resource 'db', was done before it was cancelled\n",
    );
    check_end(
        cancelled(),
        4,
        "mainstay: operation 1-42, offline of resource 'db', was cancelled by root in operation 1-43: 1223 \
         ERROR_CANCELLED; 'mainstay operation show 1-42' has the details\n",
    );
}

#[test]
fn what_cannot_be_cancelled_says_why() {
    let fake = Fake::start();
    let text = "operation 1-42 cannot be cancelled: it has ended";
    fake.on(SUBMIT, [submitted(5023, "1-43", text)]).on(WAIT, [Step::List(waited(Some(End::Done)))]);
    let ran = fake.mainstay(&["operation", "cancel", "1-42"]);
    let expected = "mainstay: operation 1-42 cannot be cancelled: it has ended: 5023 ERROR_INVALID_STATE\n";
    assert_eq!((ran.code, ran.err.as_str(), ran.out.as_str()), (1, expected, ""));
    fake.on(SUBMIT, [submitted(0, "1-43", "")]);
    let ran = fake.mainstay(&["operation", "cancel", "1-42", "--json", "--no-wait"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!("cancelled", ran.out);
    // An id that nothing has is not submitted.
    let submissions = fake.inputs(SUBMIT).len();
    fake.on(WAIT, [Step::List(mainstay_proplist::PropertyList::new().with("Ended", 0u32))]);
    let ran = fake.mainstay(&["operation", "cancel", "1-99"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(fake.inputs(SUBMIT).len(), submissions);
}

#[track_caller]
fn check_refusal(words: &str, status: u32, text: &str, message: &str) {
    let fake = Fake::start();
    fake.on(SUBMIT, [submitted(status, "1-7", text)]);
    let ran = fake.mainstay(&words.split_whitespace().collect::<Vec<_>>());
    assert_eq!((ran.code, ran.err.as_str(), ran.out.as_str()), (1, message, ""));
}

#[test]
fn a_refusal_names_number_object_and_way_out() {
    check_refusal(
        "resource offline db",
        5960,
        "",
        "mainstay: resource 'db' is locked: 5960 ERROR_CLUSTER_RESOURCE_LOCKED_STATUS; \
         take it offline all the same with --ignore-locked\n",
    );
    check_refusal(
        "group offline g",
        5960,
        "resource 'db' is locked by its type (reason 3); wait, or use the ignore-locked flag",
        "mainstay: resource 'db' is locked by its type (reason 3): 5960 \
         ERROR_CLUSTER_RESOURCE_LOCKED_STATUS; do it all the same with --ignore-locked\n",
    );
    // What is pending is another one than the command's own, and the service names it.
    check_refusal(
        "resource online web",
        5023,
        "resource 'db' is Offline Pending; wait for it, or end it now with the force flag: mainstay resource \
         offline db --force",
        "mainstay: resource 'db' is Offline Pending: 5023 ERROR_INVALID_STATE; wait for it, or end it now with \
         the force flag: mainstay resource offline db --force\n",
    );
    check_refusal(
        "resource online db",
        5023,
        "resource 'db' has failed and something of it may still be running; take it offline first",
        "mainstay: resource 'db' has failed and something of it may still be running: 5023 \
         ERROR_INVALID_STATE; take it offline first\n",
    );
    check_refusal(
        "resource restart db",
        5960,
        "resource 'db' is locked by its type (reason 3); wait, or: mainstay resource offline db --ignore-locked, and \
         then, also for what needs it: mainstay resource online db --ignore-locked",
        "mainstay: resource 'db' is locked by its type (reason 3): 5960 \
         ERROR_CLUSTER_RESOURCE_LOCKED_STATUS; wait, or: mainstay resource offline db --ignore-locked, and then, also \
         for what needs it: mainstay resource online db --ignore-locked\n",
    );
    check_refusal(
        "resource offline db --property dummy=7",
        87,
        "resource 'db' refuses it: the library cannot carry out this offline call",
        "mainstay: resource 'db' refuses it: the library cannot carry out this offline call: 87 \
         ERROR_INVALID_PARAMETER; look at what --property or --buffer-file tells it\n",
    );
    check_refusal("resource offline db", 99_999, "", "mainstay: resource 'db': refused: 99999\n");
}

#[test]
fn a_submission_that_cannot_be_looked_at_is_explained() {
    let fake = Fake::start();
    fake.on(SUBMIT, [Step::Status(5)]).on(EXPLAIN, [explained("uid 7 may only read; ask")]);
    let ran = fake.mainstay(&["resource", "offline", "db"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.err,
        "mainstay: uid 7 may only read: 5 ERROR_ACCESS_DENIED; run it as root, as a member of the group \
         'mainstay', or have an administrator grant access\n"
    );
    fake.on(SUBMIT, [Step::Status(5007)]);
    let ran = fake.mainstay(&["resource", "offline", "db"]);
    assert_eq!(
        ran.err,
        "mainstay: there is no resource 'db': 5007 ERROR_RESOURCE_NOT_FOUND; 'mainstay resource list' shows \
         those there are\n"
    );
}

#[test]
fn without_waiting_the_id_is_all() {
    let fake = Fake::start();
    fake.on(SUBMIT, [accepted()]);
    let ran = fake.mainstay(&["resource", "offline", "db", "--no-wait"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1-42\n"));
    assert_eq!(
        ran.err,
        "mainstay: offline of resource 'db' accepted; wait for it with 'mainstay operation wait 1-42'\n"
    );
    assert!(fake.inputs(WAIT).is_empty());
}

#[test]
fn what_answers_0_and_goes_on_is_waited_for_too() {
    let fake = Fake::start();
    fake.on(SUBMIT, [submitted(0, "1-42", "")]);
    fake.on(WAIT, [Step::List(waited(None)), Step::List(waited(Some(End::Done)))]);
    let ran = fake.mainstay(&["resource", "restart", "db"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(fake.inputs(WAIT).len(), 2);

    // Nothing to wait for.
    fake.on(SUBMIT, [submitted(0, "", "")]);
    let ran = fake.mainstay(&["resource", "restart", "db"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "resource 'db' was restarted\n"));
    // Accepted without an id: nobody can wait for it.
    fake.on(SUBMIT, [submitted(997, "", "")]);
    let ran = fake.mainstay(&["resource", "restart", "db"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert_eq!(fake.inputs(WAIT).len(), 2);
}

#[test]
fn an_outcome_as_a_document() {
    let fake = Fake::start();
    let vetoed = End::Vetoed(cause(Status(5955), "full"));
    fake.on(SUBMIT, [accepted()]).on(WAIT, [Step::List(waited(Some(vetoed)))]);
    let ran = fake.mainstay(&["--json", "resource", "offline", "db"]);
    assert_eq!(ran.code, 4);
    insta::assert_snapshot!("outcome", ran.out);
    insta::assert_snapshot!("failure", ran.err);
}

#[test]
fn an_unknown_outcome_is_resolved_by_the_token() {
    let fake = Fake::start();
    fake.on(SUBMIT, [Step::Lost, Step::Lost, accepted()]).on(WAIT, [Step::List(waited(Some(End::Done)))]);
    let ran = fake.mainstay(&["resource", "offline", "db"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let tokens: Vec<_> =
        fake.inputs(SUBMIT).iter().map(|list| list.text(submit::TOKEN).unwrap().to_owned()).collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    fake.mainstay(&["resource", "offline", "db"]);
    let next = fake.inputs(SUBMIT).last().unwrap().text(submit::TOKEN).unwrap().to_owned();
    assert_ne!(next, tokens[0], "another command, another token");
}

#[test]
fn an_outcome_that_stays_unknown_is_said_to_be() {
    let fake = Fake::start();
    fake.on(SUBMIT, [Step::Lost]);
    let ran = fake.mainstay(&["resource", "offline", "db"]);
    assert_eq!(ran.code, 5);
    assert_eq!(
        ran.err,
        "mainstay: what became of the call about resource 'db' is not known: the server answered with fault \
         0x000006be RPC_S_CALL_FAILED: 1726 RPC_S_CALL_FAILED; 'mainstay operation list db' shows whether it \
         began, 'mainstay status' what is there\n"
    );
}

/// A service that is stopped does not hold the command: not in accepting, and not in the wait.
#[test]
fn a_timeout_bounds_the_acceptance_too() {
    let unknown = "mainstay: what became of the call about resource 'db' is not known: no answer within ";
    let fake = Fake::start();
    fake.on(SUBMIT, [Step::Hold]);
    let ran = fake.mainstay(&["resource", "offline", "db", "--timeout", "0.3"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(
        ran.err.starts_with(unknown) && ran.err.contains("'mainstay operation list db' shows"),
        "{ran:?}"
    );
    assert_eq!(fake.inputs(SUBMIT).len(), 1, "nothing is asked when the time is over");

    fake.on(SUBMIT, [accepted()]).on(WAIT, [Step::Hold]);
    let ran = fake.mainstay(&["resource", "offline", "db", "--timeout", "0.3"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    let lost = "mainstay: the service was lost while waiting for operation 1-42: 1726 RPC_S_CALL_FAILED; when it \
                is back, wait again with 'mainstay operation wait 1-42'\n";
    assert_eq!(ran.err, lost);
    let ran = fake.mainstay(&["operation", "wait", "1-42", "--timeout", "0.3"]);
    assert_eq!(ran.code, 5, "{ran:?}");
}

/// It takes connections, and that is all.
#[test]
fn a_service_that_says_nothing_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("silent.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let socket = path.to_str().unwrap();
    for words in
        [["resource", "offline", "db", "--timeout", "0.3"], ["operation", "wait", "1-1", "--timeout", "0.3"]]
    {
        let fake = Fake::start();
        let ran = fake.mainstay(&[&["--socket", socket], &words[..]].concat());
        assert_eq!(ran.code, 5, "{ran:?}");
        let way_out = "1722 RPC_S_SERVER_UNAVAILABLE; nothing was asked; see whether mainstayd is stopped or overrun, \
                       and try again\n";
        assert!(
            ran.err.contains("the server did not answer within ") && ran.err.ends_with(way_out),
            "{ran:?}"
        );
    }
}

#[test]
fn a_service_that_is_killed_and_comes_back_is_waited_for() {
    let mut fake = Fake::start();
    fake.on(SUBMIT, [Step::Hold, accepted()]).on(WAIT, [Step::Hold, Step::List(waited(Some(End::Done)))]);
    let command = fake.command(&["resource", "offline", "db"]).stdout(std::process::Stdio::piped()).spawn();
    let command = command.unwrap();
    for _ in ["during the submission", "during the wait"] {
        fake.wait_for_held(1);
        fake.kill();
        fake.run();
    }
    let ran: Ran = command.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.out.as_str()), (0, "resource 'db' is offline (operation 1-42, 1.2 s)\n"));
    assert_eq!(fake.inputs(SUBMIT).len(), 2);
}

#[test]
fn a_wait_is_bounded_by_what_is_left_of_it() {
    let fake = Fake::start();
    fake.on(SUBMIT, [accepted()]).on(WAIT, [Step::List(waited(None))]);
    let ran = fake.mainstay(&["resource", "offline", "db", "--timeout", "0.3"]);
    assert_eq!(ran.code, 3);
    let asked: Vec<u32> =
        fake.inputs(WAIT).iter().map(|list| list.dword(wait_operation::TIMEOUT_MS).unwrap()).collect();
    assert!(asked[0] <= 300 && asked.is_sorted_by(|a, b| a >= b), "{asked:?}");
    assert_eq!(asked.last(), Some(&0), "the last one only looks");
    assert!(asked.len() <= 8, "no faster than one in 50 ms: {asked:?}");
}

#[test]
fn waiting_for_an_operation_by_its_id() {
    let fake = Fake::start();
    fake.on(WAIT, [Step::List(mainstay_proplist::PropertyList::new().with(wait_operation::ENDED, 0_u32))]);
    let ran = fake.mainstay(&["operation", "wait", "1-99"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with("mainstay: there is no operation 1-99"), "{}", ran.err);

    fake.on(WAIT, [Step::List(waited(None)), Step::List(waited(Some(End::Done)))]);
    let ran = fake.mainstay(&["operation", "wait", "42"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    insta::assert_snapshot!("waited", ran.out);
    assert_eq!(fake.inputs(WAIT).last().unwrap().text(wait_operation::OPERATION), Some("1-42"));
}

#[test]
fn nobody_listens() {
    let mut fake = Fake::start();
    fake.kill();
    let ran = fake.mainstay(&["resource", "offline", "db"]);
    assert_eq!(ran.code, 5);
    assert!(
        ran.err.contains("cannot be reached") && ran.err.contains("1722 RPC_S_SERVER_UNAVAILABLE"),
        "{}",
        ran.err
    );
    assert!(ran.err.ends_with("; start mainstayd, or name its socket with --socket or MAINSTAY_SOCKET\n"));
}

#[test]
fn a_node_is_paused_and_resumed() {
    let submits = |words: &str, status: u32, text: &str| {
        let fake = Fake::start();
        fake.on(SUBMIT, [submitted(status, "1-42", text)]);
        let ran = fake.mainstay(&words.split_whitespace().collect::<Vec<_>>());
        let [input] = &fake.inputs(SUBMIT)[..] else { unreachable!("one submission") };
        let text = |name| input.text(name).unwrap_or_default().to_owned();
        let sent = (text(submit::VERB), text(submit::OBJECT), input.dword(submit::OBJECT_TYPE));
        assert_eq!((sent.1.as_str(), sent.2), ("n1", Some(7)), "{words}");
        let drain = (input.dword(submit::DRAIN), text(submit::DRAIN_TARGET), text(submit::REASON));
        (ran.code, ran.out, ran.err, sent.0, drain)
    };
    let (code, out, _, verb, drain) = submits("node pause n1 --reason memory", 0, "");
    assert_eq!((code, out.as_str(), verb.as_str()), (0, "node 'n1' is paused\n", "pause"));
    assert_eq!(drain, (None, String::new(), "memory".into()));
    let (code, out, _, _, drain) = submits("node pause n1 --drain --target n2", 997, "");
    assert_eq!((code, out.as_str()), (0, "node 'n1' is paused, and its groups leave it\n"));
    assert_eq!(drain, (Some(1), "n2".into(), String::new()));
    let (code, out, _, verb, _) = submits("node resume n1", 0, "");
    assert_eq!((code, out.as_str(), verb.as_str()), (0, "node 'n1' is resumed\n", "resume"));
    for (option, number) in
        [("", 0), (" --failback never", 0), (" --failback now", 1), (" --failback policy", 2)]
    {
        let fake = Fake::start();
        fake.on(SUBMIT, [submitted(0, "1-42", "")]);
        let words = format!("node resume n1{option}");
        assert_eq!(fake.mainstay(&words.split_whitespace().collect::<Vec<_>>()).code, 0, "{words}");
        assert_eq!(fake.inputs(SUBMIT)[0].dword(submit::FAILBACK), Some(number), "{words}");
    }
    let (code, out, err, ..) = submits("node resume n1", 5058, "node 'n1' is not paused");
    let expected = "mainstay: node 'n1' is not paused: 5058 ERROR_CLUSTER_NODE_NOT_PAUSED\n";
    assert_eq!((code, out.as_str(), err.as_str()), (1, "", expected));
    let (_, out, ..) = submits("node pause n1 --json", 0, "");
    insta::assert_snapshot!("paused", out);
    let ran = Fake::start().mainstay(&["node", "pause", "n1", "--target", "n2"]);
    assert_eq!(ran.code, 2, "a target is where a drain leads: {}", ran.err);
}
