use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use mainstay_process::scratch::Scratch;
use mainstay_types::order::RegistryCopy;
use mainstay_types::{Epoch, Name, OnlineFlags};

use super::look::UNSEEN_MAX;
use super::*;
use crate::ocf::call::Surroundings;
use crate::ocf::metadata::Metadata;
use crate::ocf::turns::Turns;
use crate::resource_type::{OperationNumber, Reporter, Said};

const METADATA: &[u8] = b"<resource-agent><actions><action name='start'/><action name='stop'/>\
    <action name='monitor'/></actions></resource-agent>";

/// A resource of an agent that makes the file `PATH.ACTION` for each action that it is asked for.
fn open(scratch: &Scratch, directory: &Path, ear: impl Fn(Said) + Send + Sync + 'static) -> Opened {
    try_open(scratch, directory, false, ear).unwrap()
}

fn try_open(
    scratch: &Scratch,
    directory: &Path,
    recover: bool,
    ear: impl Fn(Said) + Send + Sync + 'static,
) -> Result<Opened, Cause> {
    let path = directory.join("agent");
    fs::write(&path, "#!/bin/sh\n: >\"$0.$1\"\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let pool = scratch.leaf("pool");
    let surroundings = Surroundings { root: directory.to_owned(), pool, node: "node1".into(), tools: None };
    let agent = Agent {
        surroundings: Arc::new(surroundings),
        passes: Arc::default(),
        turns: Arc::new(Turns::new()),
        program: vec![path.into()],
        name: "ocf:test:agent".into(),
        provider: "test".into(),
        kind: "agent".into(),
        metadata: Metadata::parse(METADATA).unwrap(),
        description: Default::default(),
    };
    let id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    let opening = Opening {
        name: Name::parse("r").unwrap(),
        type_name: Name::parse("ocf:test:agent").unwrap(),
        group: id.parse().unwrap(),
        library: None,
        registry: RegistryCopy::default(),
        pending_timeout_ms: 10_000,
        deadlock_timeout_ms: 10_000,
        looks_alive_interval_ms: 10_000,
        is_alive_interval_ms: 10_000,
        recover,
        online_for_ms: None,
        borne: None,
        note: None,
    };
    let context = Context {
        cluster: uuid::Uuid::new_v4().to_string().parse().unwrap(),
        resource: id.parse().unwrap(),
        epoch: Epoch::default(),
        opening,
        leaf: scratch.leaf("leaf").path().to_owned(),
        state_file: directory.join("state"),
        reporter: Reporter::new(Arc::new(ear)),
    };
    AgentResource::open(Arc::new(agent), context)
}

#[test]
fn what_terminate_has_overtaken_starts_and_stops_nothing_however_late_it_comes() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (sender, said) = std::sync::mpsc::channel();
    let opened = open(&scratch, directory.path(), |_| {});
    let call = |is_cancelled: bool| {
        let sender = sender.clone();
        let operation =
            Operation::new(OperationNumber(1), Arc::new(move |said| sender.send(said).unwrap_or(())));
        if is_cancelled {
            operation.cancel();
        }
        OnlineCall { flags: OnlineFlags::empty(), buffer: &[], note: None, operation }
    };
    let was_asked = |action: &str| directory.path().join(format!("agent.{action}")).exists();
    let result = || match said.recv().unwrap() {
        Said::Finished { result, .. } => result.is_ok(),
        other => panic!("{other:?}"),
    };
    opened.resource.online(call(true)).unwrap();
    assert!(!result() && !was_asked("start"));
    opened.resource.online(call(false)).unwrap();
    assert!(result() && was_asked("start"));
    let OnlineCall { operation, .. } = call(true);
    let reason = Default::default();
    let offline = OfflineCall {
        flags: OfflineFlags::empty(),
        reason,
        destination: None,
        due_to_embedded_failure: false,
        buffer: &[],
        operation,
    };
    opened.resource.offline(offline).unwrap();
    assert!(!result() && !was_asked("stop"));
    opened.resource.terminate().unwrap();
    assert!(was_asked("stop"));
}

#[test]
fn what_nobody_knows_the_parameters_of_is_not_stopped_with_others() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    for recover in [false, true] {
        state_file::write_text(&state, "{\"parameters\": {\"port\"").unwrap();
        let Err(cause) = try_open(&scratch, directory.path(), recover, |_| {}) else {
            panic!("it is opened")
        };
        assert!(cause.text.contains("remove that file"), "{}", cause.text);
        assert!(!directory.path().join("agent.stop").exists() && state.exists());
    }
    fs::remove_file(&state).unwrap();
    try_open(&scratch, directory.path(), false, |_| {}).unwrap();
}

#[test]
fn an_agent_that_cannot_be_run_for_a_moment_says_nothing_of_what_runs() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let directory = tempfile::tempdir().unwrap();
    let opened = open(&scratch, directory.path(), |_| {});
    let (agent, away) = (directory.path().join("agent"), directory.path().join("away"));
    let looks = |count| (0..count).map(|_| opened.resource.is_alive().is_ok()).collect::<Vec<_>>();
    fs::rename(&agent, &away).unwrap();
    assert_eq!(looks(UNSEEN_MAX - 1), vec![true; UNSEEN_MAX as usize - 1]);
    fs::rename(&away, &agent).unwrap();
    assert_eq!(looks(1), [true]);
    fs::rename(&agent, &away).unwrap();
    assert_eq!(looks(UNSEEN_MAX - 1), vec![true; UNSEEN_MAX as usize - 1]);
    assert_eq!(looks(1), [false], "it goes on");
}

#[test]
fn an_action_that_a_dead_host_has_left_is_ended_and_what_serves_is_not() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let directory = tempfile::tempdir().unwrap();
    let leaf = scratch.leaf("leaf");
    let run = |below: &str, words: &[&str]| {
        let group = Leaf::new(leaf.path().join(below));
        group.create().unwrap();
        let mut command = mainstay_process::Command::new(words);
        command.leaf = Some(group);
        command.spawn().unwrap()
    };
    // As a script is run that hangs: the interpreter, the agent, the action.
    let agent = directory.path().join("agent");
    let hangs = directory.path().join("hangs");
    let reached = directory.path().join("reached");
    rustix::fs::mkfifoat(rustix::fs::CWD, &reached, rustix::fs::Mode::RWXU).unwrap();
    // Open for both, so that nobody waits for another.
    let mut told = fs::OpenOptions::new().read(true).write(true).open(&reached).unwrap();
    fs::write(&hangs, format!("echo >{}\nsleep 1000\n", reached.display())).unwrap();
    std::os::unix::fs::symlink(&hangs, &agent).unwrap();
    let agent = agent.to_str().unwrap();
    let monitor = run("action-1-1", &["/bin/sh", agent, "monitor"]);
    let reload = run("action-1-2", &["/bin/sh", agent, "reload-agent"]);
    let serving = run("action-1-3", &["/bin/sleep", "1000"]);
    // Each of the two has read its agent.
    told.read_exact(&mut [0; 2]).unwrap();
    fs::remove_file(agent).unwrap();
    drop(open(&scratch, directory.path(), |_| {}));
    let has_ended = |process: &mainstay_process::Process| process.wait(Instant::now()).unwrap().is_some();
    assert_eq!((has_ended(&monitor), has_ended(&reload), has_ended(&serving)), (true, false, false));
    leaf.kill().unwrap();
}
