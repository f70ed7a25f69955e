//! Operations that are cancelled: real processes that were stopped come back.

use std::path::Path;

use mainstay_tests::{TestCluster, Told, WIDTHS};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{ResourceState, Status};

/// Says when it starts and when it is told to end; then it waits for a line on a pipe of its own.
fn holding(name: &str, told: &Told, go: &Path) -> String {
    let (told, go) = (told.path().display(), go.display());
    format!(
        "trap 'echo stop {name} > {told}; read line < {go}; exit 0' TERM\n\
         echo start {name} > {told}\nwhile :; do sleep 1000 & wait; done\n"
    )
}

/// `web` on `db`, both online; `db` ends when a line is written to the pipe.
fn chain_or_skip() -> Option<(TestCluster, Told, std::path::PathBuf)> {
    let cluster = TestCluster::start_or_skip()?;
    let (told, go) = (cluster.told("told"), cluster.fifo("go"));
    cluster.script("g", "db", &holding("db", &told, &go));
    cluster.application("g", "web", "sleep 1000");
    cluster.depend("web", "db");
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));
    assert_eq!(told.next(), "start db");
    Some((cluster, told, go))
}

#[test]
fn an_offline_is_cancelled_and_what_it_stopped_comes_back_whatever_dies() {
    for dies in [false, true] {
        let Some((mut cluster, told, go)) = chain_or_skip() else { return };
        let before = cluster.processes("db");
        let offline = cluster.submit(Verb::Offline, "db").operation.unwrap();
        assert_eq!(told.next(), "stop db");
        cluster.wait_for_state("web", ResourceState::Offline);
        let id = offline.to_string();
        let said = cluster.mainstay(&["operation", "cancel", &id, "--no-wait", "--reason", "too early"]);
        assert_eq!(said, format!("operation {id} is being cancelled\n"));
        if dies {
            cluster.kill_service();
            cluster.start_service();
        }
        std::fs::write(&go, "go\n").unwrap();
        assert_eq!(told.next(), "start db");
        let record = cluster.wait_for(offline);
        let Some(End::Cancelled(cause)) = &record.end else { panic!("{record:#?}") };
        assert_eq!(cause.status, Status::CANCELLED);
        assert!(cause.text.starts_with("cancelled by root in operation 1-"), "{cause}");
        assert!(cause.text.ends_with(": too early"), "{cause}");
        for name in ["db", "web"] {
            assert_eq!(cluster.state(name), ResourceState::Online, "{name}");
        }
        assert_ne!(cluster.processes("db"), before);
        let (code, _, error) = cluster.mainstay_code(&["operation", "wait", &id]);
        assert_eq!(code, 4, "{error}");
        assert!(error.contains(", offline of resource 'db', was cancelled by root"), "{error}");
        // It has ended.
        let (code, _, error) = cluster.mainstay_code(&["operation", "cancel", &id]);
        assert_eq!(code, 1, "{error}");
        assert!(error.contains("5023 ERROR_INVALID_STATE"), "{error}");
        assert!(error.contains(&format!("'mainstay operation show {id}'")), "{error}");
        // The refusal is on record with what the operation was about.
        let refused = cluster.journal("db").into_iter().find(|record| record.verb == Verb::Cancel).unwrap();
        assert!(matches!(refused.end, Some(End::Refused(_))), "{refused:#?}");
        assert_eq!((refused.name.as_str(), refused.instructions), ("db", format!("operation {id}")));
    }
}

#[test]
fn a_groups_operation_is_cancelled_from_c() {
    let Some((cluster, told, go)) = chain_or_skip() else { return };
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/cancel.c", width) else { return };
        assert_eq!(cluster.run_lines(&program, &["g", "idle"]), ["5023"]);
        cluster.mainstay(&["group", "offline", "g", "--no-wait"]);
        assert_eq!(told.next(), "stop db");
        assert_eq!(cluster.run_lines(&program, &["g", "pending"]), ["997"]);
        std::fs::write(&go, "go\n").unwrap();
        assert_eq!(told.next(), "start db");
        cluster.wait_for_state("web", ResourceState::Online);
        let journal = cluster.journal("g");
        let cancelled = journal.iter().find(|record| record.verb == Verb::Offline).unwrap();
        assert!(matches!(cluster.wait_for(cancelled.id).end, Some(End::Cancelled(_))));
    }
}
