//! Types that misbehave, in a host process of their own: this test binary, started again.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_host::Config;
use mainstay_host::resource_type::{
    BuiltIn, Completion, Context, Directive, Failure, Found, OfflineCall, OnlineCall, Opened, Resource,
    ResourceType,
};
use mainstay_proplist::utf16;
use mainstay_types::order::{Action, Cause, News, Opening, Outcome, RegistryCopy, RegistryValue, Step};
use mainstay_types::{HostId, Name, Status};
use parking_lot::{Condvar, Mutex};

use crate::bench::{Application, Bench, Host, Service, offline, online, resource};

/// Set for the process that is the host.
const ROLE: &str = "MAINSTAY_TEST_HOST_ARGUMENTS";

const TYPE: &str = "Misbehaving";

struct Misbehaving;

struct Instance {
    context: Context,
    behaviour: String,
    terminated: Arc<(Mutex<bool>, Condvar)>,
}

impl ResourceType for Misbehaving {
    fn open(&self, context: Context) -> Result<Opened, Cause> {
        let value = context.opening.registry.value("Behaviour").map(|value| value.data.clone());
        let behaviour = utf16::parse(&value.unwrap_or_default()).unwrap_or_default();
        if behaviour == "panics in open" {
            panic!("as told");
        }
        let resource = Arc::new(Instance { context, behaviour, terminated: Arc::default() });
        Ok(Opened { resource, found: Found::Offline })
    }
}

impl Instance {
    fn wait_for_terminate(&self) {
        let (terminated, told) = &*self.terminated;
        let mut terminated = terminated.lock();
        told.wait_while(&mut terminated, |terminated| !*terminated);
    }
}

impl Resource for Instance {
    fn online(&self, call: OnlineCall<'_>) -> Result<Completion, Failure> {
        *self.terminated.0.lock() = false;
        match self.behaviour.as_str() {
            "hangs in online until it is terminated" => self.wait_for_terminate(),
            "hangs in online for ever" => loop {
                std::thread::park();
            },
            "panics in online" => panic!("as told"),
            "chatters" => {
                let operation = call.operation;
                let reporter = self.context.reporter.clone();
                std::thread::spawn(move || {
                    let mut checkpoint = 0;
                    while operation.progress(checkpoint, "x".repeat(1000)) == Directive::Continue {
                        reporter.log(0, "y".repeat(1000));
                        checkpoint = checkpoint.saturating_add(1);
                    }
                });
                return Ok(Completion::Pending);
            }
            "locks itself" => self.context.reporter.locked(true, 77),
            "starts a process that it forgets" => {
                let mut command = mainstay_process::Command::new(["/bin/sleep", "1000"]);
                command.leaf = Some(mainstay_process::Leaf::new(&self.context.leaf));
                command.spawn().unwrap();
            }
            _ => {}
        }
        Ok(Completion::Done)
    }

    fn offline(&self, _: OfflineCall<'_>) -> Result<Completion, Failure> {
        match self.behaviour.as_str() {
            "vetoes" => {
                Err(Failure::Vetoed(Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, "the disk is full")))
            }
            _ => Ok(Completion::Done),
        }
    }

    fn terminate(&self) -> Result<(), Cause> {
        *self.terminated.0.lock() = true;
        self.terminated.1.notify_all();
        Ok(())
    }

    fn looks_alive(&self) -> bool {
        true
    }

    fn is_alive(&self) -> Result<(), Cause> {
        Ok(())
    }

    fn configure(&self, _: &Opening) {}

    fn close(&self) {}
}

/// Not a test: what the other tests start.
#[test]
fn host_of_misbehaving_types() {
    let Ok(arguments) = std::env::var(ROLE) else { return };
    let config = Config::parse(arguments.lines().map(Into::into)).unwrap();
    let types = BuiltIn::default().with(Name::parse(TYPE).unwrap(), Arc::new(Misbehaving));
    mainstay_host::run(&config, Arc::new(types)).unwrap();
}

fn start(bench: &Bench) -> Host {
    let arguments = [
        "--run-dir",
        bench.run_dir.path().to_str().unwrap(),
        "--cgroup-root",
        bench.scratch.path().to_str().unwrap(),
        "--cluster",
        &bench.cluster.to_string(),
        "--host",
        "pool",
    ];
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "types::host_of_misbehaving_types", "--nocapture"])
        .env(ROLE, arguments.join("\n"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready ")));
    Host(child)
}

fn opening(behaviour: &str) -> Opening {
    let data = utf16::build(behaviour).unwrap();
    let values = vec![RegistryValue { name: "Behaviour".into(), kind: 1, data }];
    Opening {
        type_name: Name::parse(TYPE).unwrap(),
        registry: RegistryCopy { values, keys: Vec::new() },
        deadlock_timeout_ms: 300,
        ..Application::script("").opening()
    }
}

#[test]
fn a_call_that_hangs_is_reported_terminated_and_delays_nobody_else() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = start(&bench);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (hanging, stuck, other) = (resource(1), resource(2), resource(3));
    for (app, behaviour) in [
        (hanging, "hangs in online until it is terminated"),
        (stuck, "hangs in online for ever"),
        (other, "behaves"),
    ] {
        assert_eq!(service.open(app, opening(behaviour)), Outcome::Done);
    }
    let first = service.order(hanging, Step::Start, online());
    let second = service.order(stuck, Step::Start, online());
    assert_eq!(service.online(other), Outcome::Done);
    for _ in 0..2 {
        service.news(|news| matches!(news, News::Deadlocked { call } if call == "Online"));
    }
    let unending = service.order(stuck, Step::Terminate, Action::Terminate);
    assert_eq!(service.end_of(second), Outcome::Cancelled);
    assert_eq!(service.terminate(hanging), Outcome::Done);
    assert_eq!(service.end_of(first), Outcome::Cancelled);
    assert_eq!(service.offline(other, &[]), Outcome::Done);
    // What hangs for ever may still start something: the host does not call it terminated.
    let (_, held) = Service::connect(&bench, HostId::Pool, 2);
    let held = held.iter().find(|held| held.resource == stuck).unwrap();
    assert_eq!(held.running, Some(unending));
}

#[test]
fn crashes_vetoes_and_locks_are_told() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = start(&bench);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let failed = |outcome: Outcome, status: Status, text: &str| match outcome {
        Outcome::Failed(cause) | Outcome::Vetoed(cause) => {
            assert_eq!(cause.status, status);
            assert!(cause.text.contains(text), "{cause}");
        }
        other => panic!("{other:?}"),
    };
    let crash = Status::EXCEPTION_IN_RESOURCE_CALL;
    failed(service.open(resource(1), opening("panics in open")), crash, "Open panicked: as told");
    assert_eq!(service.open(resource(2), opening("panics in online")), Outcome::Done);
    failed(service.online(resource(2)), crash, "Online panicked: as told");
    assert_eq!(service.open(resource(3), opening("vetoes")), Outcome::Done);
    assert_eq!(service.online(resource(3)), Outcome::Done);
    let veto = service.offline(resource(3), &[]);
    assert!(matches!(veto, Outcome::Vetoed(_)));
    failed(veto, Status::CLUSTER_RESOURCE_VETOED_CALL, "the disk is full");
    assert_eq!(service.open(resource(4), opening("locks itself")), Outcome::Done);
    assert_eq!(service.online(resource(4)), Outcome::Done);
    let locked = service.news(|news| matches!(news, News::Locked { .. }));
    assert_eq!(locked.news, News::Locked { locked: true, reason: 77 });
    assert_eq!(
        service.open(resource(5), Application::script("").opening()),
        Outcome::Failed(Cause::new(
            Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND,
            "type 'generic application' is not built in, and no library is named for it",
        ))
    );
}

#[test]
fn a_type_that_says_offline_is_not_believed_blindly() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = start(&bench);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (app, leaf) = (resource(1), bench.leaf(1));
    assert_eq!(service.open(app, opening("starts a process that it forgets")), Outcome::Done);
    assert_eq!(service.online(app), Outcome::Done);
    let pid = leaf.pids().unwrap()[0];
    match service.offline(app, &[]) {
        Outcome::Failed(cause) => assert!(cause.text.contains(&format!("process {pid}")), "{cause}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(service.terminate(app), Outcome::Done);
    assert!(!leaf.is_populated().unwrap());
}

#[test]
fn a_type_that_never_stops_talking_is_heard_and_drowns_nobody() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = start(&bench);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (talker, other) = (resource(1), resource(2));
    assert_eq!(service.open(talker, opening("chatters")), Outcome::Done);
    assert_eq!(service.open(other, opening("behaves")), Outcome::Done);
    let order = service.order(talker, Step::Start, online());
    service.news(|news| matches!(news, News::Progress { order: of, .. } if *of == order));
    // Nobody reads for a while; what decides something arrives all the same.
    let until = Instant::now() + Duration::from_secs(10);
    for round in 0..20 {
        let (step, action) =
            if round % 2 == 0 { (Step::Start, online()) } else { (Step::Stop, offline(&[])) };
        let order = service.order(other, step, action);
        assert_eq!(service.end_of(order), Outcome::Done);
    }
    assert!(Instant::now() < until, "it was delayed");
    assert_eq!(service.terminate(talker), Outcome::Done);
    assert_eq!(service.end_of(order), Outcome::Cancelled);
}
