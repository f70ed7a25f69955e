//! A real `mainstay-host` with real programs in real cgroups, driven over its socket. Where the machine has no
//! writable cgroup v2, each test prints why it is skipped.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod bench;
mod types;

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use bench::{Application, Bench, PATIENCE, Service, offline, online, resource, soon};
use mainstay_ipc::VERSION;
use mainstay_ipc::host::{FromHost, ToHost};
use mainstay_process::{Process, Signal};
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::order::{Action, Cause, Condition, News, Opening, Outcome, Question, Step};
use mainstay_types::{ClusterId, HostId, Name, OfflineFlags, Status};
use uuid::Uuid;

/// Waits until a program has written to a file: it makes a FIFO of it and reads from that.
struct Sign(std::path::PathBuf);

impl Sign {
    fn new(bench: &Bench, name: &str) -> Self {
        let path = bench.file(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        Sign(path)
    }

    fn path(&self) -> std::path::Display<'_> {
        self.0.display()
    }

    fn wait(&self) -> String {
        let path = self.0.clone();
        let (told, text) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text)).unwrap();
            let _ = told.send(text);
        });
        text.recv_timeout(PATIENCE).unwrap().trim().to_owned()
    }
}

fn instructions(number: u32) -> Vec<u8> {
    PropertyList::new().with("generic application", Value::Dword(number)).to_bytes().unwrap()
}

fn failed_with(outcome: Outcome, status: Status, text: &str) {
    match outcome {
        Outcome::Failed(cause) | Outcome::Vetoed(cause) => {
            assert_eq!(cause.status, status, "{cause}");
            assert!(cause.text.contains(text), "{cause}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_application_goes_online_and_gracefully_offline() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, held) = Service::connect(&bench, HostId::Pool, 1);
    assert!(held.is_empty());
    let (app, leaf, sign) = (resource(1), bench.leaf(1), Sign::new(&bench, "sign"));
    let script = format!(
        "trap \"echo stopping >> $LOG; exit 0\" USR1; echo $GREETING $PWD >> $LOG; echo up > {}; while :; do sleep 0.01; done",
        sign.path()
    );
    let log = bench.file("log");
    let environment = [format!("LOG={}", log.display()), "GREETING=hello".to_owned()];
    let opening = Application::script(&script)
        .texts("Environment", &environment.iter().map(String::as_str).collect::<Vec<_>>())
        .text("CurrentDirectory", "/usr")
        .text("StopSignal", "USR1")
        .opening();
    assert_eq!(service.open(app, opening), Outcome::Done);
    assert_eq!(service.online(app), Outcome::Done);
    assert_eq!(sign.wait(), "up");
    assert!(leaf.is_populated().unwrap());
    assert_eq!(service.online(app), Outcome::Done, "online already");
    failed_with(service.close(app), Status::RESMON_INVALID_STATE, "is online");
    assert_eq!(service.offline(app, &[]), Outcome::Done);
    assert!(!leaf.is_populated().unwrap());
    assert_eq!(fs::read_to_string(&log).unwrap(), "hello /usr\nstopping\n");
    assert_eq!(service.offline(app, &[]), Outcome::Done, "offline already");
    assert_eq!(service.close(app), Outcome::Done);
    assert_eq!(service.online(app), Outcome::NotOpen);
}

#[test]
fn what_a_program_leaves_behind_is_stopped_too() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    for (number, child, timeout_ms, killed) in [
        (1, "exec sleep 1000", 3_600_000, false),
        // Does not hear the signal.
        (2, "while :; do sleep 0.01; done", 100, true),
    ] {
        let (app, leaf, sign) =
            (resource(number), bench.leaf(number), Sign::new(&bench, &format!("sign{number}")));
        let trap = if killed { "trap : TERM" } else { ":" };
        let child = format!("setsid sh -c \"{trap}; echo up > {}; {child}\"", sign.path());
        let script = format!("trap \"exit 0\" TERM; {child} & while :; do sleep 0.01; done");
        let opening = Application::script(&script).number("StopTimeout", timeout_ms).opening();
        assert_eq!(service.open(app, opening), Outcome::Done);
        assert_eq!(service.online(app), Outcome::Done);
        assert_eq!(sign.wait(), "up");
        assert_eq!(service.offline(app, &[]), Outcome::Done);
        assert!(!leaf.is_populated().unwrap());
        if killed {
            service.news(
                |news| matches!(news, News::Progress { text, .. } if text.contains("killed after 100 ms")),
            );
        }
    }
}

#[test]
fn instructions_are_followed_and_wrong_ones_change_nothing() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (app, leaf) = (resource(1), bench.leaf(1));
    // Would never stop gracefully.
    let opening =
        Application::script("trap : TERM; while :; do sleep 0.01; done").number("StopTimeout", 3_600_000);
    assert_eq!(service.open(app, opening.opening()), Outcome::Done);
    assert_eq!(service.online(app), Outcome::Done);
    let mut check = |buffer: Vec<u8>| {
        let flags = OfflineFlags::empty();
        service.ask(Question::CheckOffline { resource: app, flags, buffer }).status
    };
    assert_eq!(check(instructions(0)), Status::SUCCESS);
    assert_eq!(check(instructions(1)), Status::SUCCESS);
    assert_eq!(check(instructions(2)), Status::INVALID_PARAMETER);
    assert_eq!(check(vec![1, 2, 3]), Status::INVALID_PARAMETER);
    let text = PropertyList::new().with("Generic Application", Value::Sz("1".into())).to_bytes().unwrap();
    assert_eq!(check(text), Status::INVALID_PARAMETER);
    let other = PropertyList::new().with("Virtual Machine", Value::Dword(7)).to_bytes().unwrap();
    assert_eq!(check(other), Status::SUCCESS);
    failed_with(service.offline(app, &instructions(2)), Status::INVALID_PARAMETER, "is 2");
    assert!(leaf.is_populated().unwrap(), "a veto leaves it as it was");
    assert_eq!(service.offline(app, &instructions(1)), Outcome::Done);
    assert!(!leaf.is_populated().unwrap());
}

#[test]
fn terminate_overtakes_a_stop_that_takes_its_time() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (app, leaf) = (resource(1), bench.leaf(1));
    let sign = Sign::new(&bench, "sign");
    let script = format!("trap : TERM; echo up > {}; while :; do sleep 0.01; done", sign.path());
    let mut opening = Application::script(&script).number("StopTimeout", 3_600_000).opening();
    opening.pending_timeout_ms = 150;
    assert_eq!(service.open(app, opening), Outcome::Done);
    assert_eq!(service.online(app), Outcome::Done);
    assert_eq!(sign.wait(), "up");
    let stop = service.order(app, Step::Stop, offline(&[]));
    for checkpoint in 1..3 {
        let progress = |news: &News| {
            matches!(news, News::Progress { order, checkpoint: told, text }
            if *order == stop && *told == checkpoint && text.contains("waiting for the program"))
        };
        assert_eq!(service.news(progress).sequence, 0);
    }
    assert_eq!(service.terminate(app), Outcome::Done);
    assert_eq!(service.end_of(stop), Outcome::Cancelled);
    assert!(!leaf.is_populated().unwrap());
    assert_eq!(service.online(app), Outcome::Done, "it can be used again");
    assert_eq!(service.terminate(app), Outcome::Done);
}

#[test]
fn an_end_that_nobody_asked_for_is_a_failure_with_its_cause() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (app, leaf) = (resource(1), bench.leaf(1));
    for (script, expected, leaves) in [
        ("sleep 1000 & exit 3", "exited with status 3", true),
        ("kill -KILL $$", "killed by signal 9 (KILL)", false),
        ("exit 0", "exited with status 0", false),
    ] {
        assert_eq!(service.open(app, Application::script(script).opening()), Outcome::Done);
        assert_eq!(service.online(app), Outcome::Done);
        let report = service.news(|news| matches!(news, News::Failed(_)));
        assert_eq!(report.news, News::Failed(Cause::new(Status::PROCESS_ABORTED, expected)));
        // A failed resource can be taken offline when nothing of it is left.
        let outcome = service.offline(app, &[]);
        assert_eq!(outcome == Outcome::Done, !leaves, "{outcome:?}");
        assert_eq!(service.terminate(app), Outcome::Done);
        assert!(!leaf.is_populated().unwrap());
        assert_eq!(service.close(app), Outcome::Done);
    }
}

#[test]
fn what_cannot_be_started_says_why() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let app = resource(1);
    let leaf = bench.leaf(1);
    let plain = || Application::script("sleep 1000");
    let program = |line: &str| Application::script("").text("CommandLine", line);
    let mut check = |application: Application, status: Status, text: &str| {
        let opening = application.opening();
        assert_eq!(service.open(app, opening), Outcome::Done);
        failed_with(service.online(app), status, text);
        assert_eq!(service.terminate(app), Outcome::Done);
        assert_eq!(service.close(app), Outcome::Done);
    };
    check(program("/no/such/program"), Status::FILE_NOT_FOUND, "'/no/such/program' was not found");
    check(program("no-such-program"), Status::FILE_NOT_FOUND, "not found in PATH");
    check(program("a 'b"), Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, "property CommandLine");
    check(plain().text("CurrentDirectory", "/no/such"), Status::PATH_NOT_FOUND, "'/no/such'");
    check(plain().text("CurrentDirectory", "/etc/passwd"), Status::PATH_NOT_FOUND, "'/etc/passwd'");
    let closed = bench.file("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let closed = closed.to_str().unwrap();
    if rustix::process::geteuid().is_root() {
        let elsewhere = plain().text("User", "nobody").text("CurrentDirectory", closed);
        check(elsewhere, Status::ACCESS_DENIED, &format!("'{closed}' cannot be entered"));
    }
    check(plain().text("User", "nosuchuser"), Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, "'nosuchuser'");
    check(
        plain().text("StopSignal", "NOPE"),
        Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR,
        "'NOPE' is no signal",
    );
    assert!(leaf.set_frozen(true, soon()).unwrap());
    check(plain(), Status::RESMON_INVALID_STATE, "a hard stop has closed it");
}

#[test]
fn a_host_that_was_killed_is_replaced_and_takes_over_what_runs() {
    let Some(bench) = Bench::or_skip() else { return };
    let mut host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (alive, dead) = (resource(1), resource(2));
    let (leaf, leaf_of_dead) = (bench.leaf(1), bench.leaf(2));
    for app in [alive, dead] {
        let opening = Application::script("sleep 1000 & wait").opening();
        assert_eq!(service.open(app, opening), Outcome::Done);
        assert_eq!(service.online(app), Outcome::Done);
    }
    let state = fs::read_to_string(bench.file(&format!("resource-{dead}.state"))).unwrap();
    let pid: i32 = state.lines().find_map(|line| line.strip_prefix("pid ")).unwrap().parse().unwrap();
    let program = Process::open(pid).unwrap();
    host.kill();
    assert!(
        leaf.is_populated().unwrap() && leaf_of_dead.is_populated().unwrap(),
        "a dead host kills nothing"
    );
    program.signal(Signal::KILL).unwrap();
    assert!(program.wait_ended(soon()).unwrap());

    let _host = bench.start(HostId::Pool);
    let (mut service, held) = Service::connect(&bench, HostId::Pool, 2);
    assert!(held.is_empty());
    let opening = || Opening { recover: true, ..Application::script("sleep 1000 & wait").opening() };
    assert_eq!(service.open(alive, opening()), Outcome::FoundOnline);
    assert_eq!(service.open(dead, opening()), Outcome::Done, "its program has ended");
    assert!(!leaf_of_dead.is_populated().unwrap(), "what it left is cleaned up");
    // Nobody can know the exit status of what another host has started.
    leaf.kill().unwrap();
    let report = service.news(|news| matches!(news, News::Failed(_)));
    assert!(matches!(report.news, News::Failed(cause) if cause.text.contains("exit status is not known")));
    assert_eq!(service.terminate(alive), Outcome::Done);
    assert_eq!(service.online(alive), Outcome::Done);
    assert_eq!(service.offline(alive, &[]), Outcome::Done);
}

#[test]
fn a_host_that_was_killed_in_a_stop_lets_the_next_one_finish_it() {
    let Some(bench) = Bench::or_skip() else { return };
    let mut host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (app, leaf) = (resource(1), bench.leaf(1));
    let sign = Sign::new(&bench, "sign");
    let trap = format!("trap \"echo told > {}\" TERM", sign.path());
    let script = format!("{trap}; echo up > {}; while :; do sleep 0.01; done", sign.path());
    let application = || Application::script(&script).number("StopTimeout", 3_600_000);
    assert_eq!(service.open(app, application().opening()), Outcome::Done);
    assert_eq!(service.online(app), Outcome::Done);
    assert_eq!(sign.wait(), "up");
    service.order(app, Step::Stop, offline(&[]));
    assert_eq!(sign.wait(), "told");
    host.kill();
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 2);
    let opening = Opening { recover: true, ..application().opening() };
    assert_eq!(service.open(app, opening), Outcome::FoundOnline);
    assert_eq!(service.offline(app, &instructions(1)), Outcome::Done);
    assert!(!leaf.is_populated().unwrap());
}

#[test]
fn a_program_outside_its_cgroup_is_ended_before_the_next_is_started() {
    let Some(bench) = Bench::or_skip() else { return };
    // A hard stop empties the leaf, and no host says what was there: the next one opens anew, or the same one starts.
    for (number, host_dies) in [(1, true), (2, false)] {
        let mut host = bench.start(HostId::Pool);
        let (mut service, _) = Service::connect(&bench, HostId::Pool, number);
        let (app, elsewhere) = (resource(number.into()), bench.leaf(100 + u128::from(number)));
        bench.leaf(number.into());
        let sign = Sign::new(&bench, &format!("sign{number}"));
        let moves = format!("echo $$ > {}/cgroup.procs", elsewhere.path().display());
        let script = format!("{moves}; echo $$ > {}; exec sleep 1000", sign.path());
        let opening = || Application::script(&script).opening();
        assert_eq!(service.open(app, opening()), Outcome::Done);
        assert_eq!(service.online(app), Outcome::Done);
        let program = Process::open(sign.wait().parse().unwrap()).unwrap();
        assert_eq!(elsewhere.pids().unwrap(), [program.pid()]);
        if host_dies {
            host.kill();
            let _host = bench.start(HostId::Pool);
            let (mut service, _) = Service::connect(&bench, HostId::Pool, 10);
            assert_eq!(service.open(app, opening()), Outcome::Done);
            assert!(program.has_ended().unwrap(), "what is opened anew is offline");
        } else {
            assert_eq!(service.terminate(app), Outcome::Done);
            assert!(program.has_ended().unwrap(), "terminated");
        }
        assert!(!elsewhere.is_populated().unwrap());
    }
}

#[test]
fn what_has_left_the_cgroup_with_the_program_is_stopped_with_it() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    for (number, by_force) in [(1, false), (2, true)] {
        let (app, elsewhere) = (resource(number), bench.leaf(100 + number));
        bench.leaf(number);
        let sign = Sign::new(&bench, &format!("sign{number}"));
        // A child in the other cgroup, and a grandchild; the program itself hears nothing of its end.
        let script = format!(
            "echo $$ > {}/cgroup.procs; sh -c \"sleep 1000 & echo up > {}; wait\" & wait",
            elsewhere.path().display(),
            sign.path()
        );
        assert_eq!(service.open(app, Application::script(&script).opening()), Outcome::Done);
        assert_eq!(service.online(app), Outcome::Done);
        assert_eq!(sign.wait(), "up");
        let away: Vec<Process> =
            elsewhere.pids().unwrap().into_iter().map(|pid| Process::open(pid).unwrap()).collect();
        assert_eq!(away.len(), 3);
        let stopped = if by_force { service.terminate(app) } else { service.offline(app, &[]) };
        assert_eq!(stopped, Outcome::Done);
        assert!(away.iter().all(|process| process.has_ended().unwrap()), "by force: {by_force}");
    }
}

#[test]
fn a_service_that_comes_back_finds_what_is_held_and_what_it_missed() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 5);
    let (app, leaf) = (resource(1), bench.leaf(1));
    let opening = Application::script("sleep 1000").opening();
    assert_eq!(service.open(app, opening), Outcome::Done);
    let start = service.order(app, Step::Start, online());
    assert_eq!(service.end_of(start), Outcome::Done);
    // That it consents, and the end of Open.
    service.send(&ToHost::Acknowledge { sequence: 2 });
    drop(service);
    // Ends while nobody listens.
    leaf.kill().unwrap();
    assert!(leaf.wait_empty(soon()).unwrap());

    let (mut service, held) = Service::connect(&bench, HostId::Pool, 6);
    assert_eq!(held.len(), 1);
    assert!(held[0].resource == app && held[0].consents);
    assert_eq!(held[0].last, Some((start, Outcome::Done)));
    assert_eq!(service.end_of(start), Outcome::Done, "was not acknowledged");
    let failed = service.news(|news| matches!(news, News::Failed(_)));
    assert_eq!(failed.sequence, 4);
    // The same order again is answered and not carried out.
    service.send_order(start, app, online());
    assert_eq!(service.end_of(start), Outcome::Done);
    assert!(!leaf.is_populated().unwrap());
    service.send(&ToHost::Acknowledge { sequence: 4 });

    // An older session and another cluster are turned away; a newer one takes over.
    for (cluster, session, expected) in
        [(bench.cluster, 4, "older than 6"), (ClusterId(Uuid::from_u128(9)), 7, "is a host of cluster")]
    {
        let mut other = Service::silent(bench.run_dir.path(), HostId::Pool);
        other.send(&ToHost::Hello { version: VERSION, cluster, session });
        match other.receive() {
            FromHost::Refused { reason } => assert!(reason.contains(expected), "{reason}"),
            message => panic!("{message:?}"),
        }
        assert_eq!(other.try_receive(), None);
    }
    service.send(&ToHost::Ping { nonce: 42 });
    assert!(service.wait_for(|message| (*message == FromHost::Pong { nonce: 42 }).then_some(true)));
    let (mut newer, held) = Service::connect(&bench, HostId::Pool, 7);
    assert!(matches!(&held[..], [one] if matches!(one.condition, Condition::Failed(_))));
    while service.try_receive().is_some() {}
    newer.epoch = 2;
    assert_eq!(newer.terminate(app), Outcome::Done);
    newer.epoch = 1;
    assert!(matches!(newer.online(app), Outcome::StaleEpoch(newest) if newest.epoch == 2));
}

#[test]
fn health_checks_find_what_no_event_tells() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let (app, leaf) = (resource(1), bench.leaf(1));
    let mut opening = Application::script("exec sleep 1000").opening();
    opening.is_alive_interval_ms = 20;
    assert_eq!(service.open(app, opening), Outcome::Done);
    assert_eq!(service.online(app), Outcome::Done);
    // It runs, but elsewhere: it is brought back.
    let pid = leaf.pids().unwrap()[0];
    let elsewhere = bench.scratch.leaf("elsewhere");
    elsewhere.adopt(pid).unwrap();
    assert!(leaf.wait_until(soon(), |events| events.populated).unwrap());
    service.news(|news| matches!(news, News::Logged { text, .. } if text.contains("were brought back")));
    assert_eq!(leaf.pids().unwrap(), [pid]);
    // Where there is nowhere to bring it back to, it has failed.
    let patience = soon();
    loop {
        elsewhere.adopt(pid).unwrap();
        match leaf.remove() {
            Ok(()) => break,
            Err(error) => assert!(std::time::Instant::now() < patience, "{error}"),
        }
    }
    let report = service.news(|news| matches!(news, News::Failed(_)));
    let text = "has left its cgroup and cannot be brought back";
    let News::Failed(cause) = report.news else { unreachable!() };
    assert!(cause.text.contains(text), "{cause}");
    assert_eq!(service.terminate(app), Outcome::Done);
    assert!(elsewhere.wait_empty(soon()).unwrap());
}

#[test]
fn properties_are_checked_by_the_type() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    bench.leaf(1);
    assert_eq!(service.open(resource(1), Application::script("sleep 1000").opening()), Outcome::Done);
    let good = PropertyList::new().with("StopSignal", Value::Sz("INT".into())).to_bytes().unwrap();
    let bad = PropertyList::new().with("StopSignals", Value::Sz("INT".into())).to_bytes().unwrap();
    let (validate, set, unknown) = (0x0100_0089, 0x0140_0086, 0x0160_0014);
    for (code, input, status) in [
        (validate, &good, Status::SUCCESS),
        (validate, &bad, Status::INVALID_PARAMETER),
        (set, &good, Status::INVALID_FUNCTION),
        (set, &bad, Status::INVALID_PARAMETER),
        (unknown, &good, Status::INVALID_FUNCTION),
    ] {
        let input = input.clone();
        let question = Question::ResourceControl { resource: resource(1), code, input, output_length_max: 0 };
        let answer = service.ask(question);
        assert_eq!(answer.status, status, "{code:#x}: {}", answer.text);
    }
    let of_type = |name: &str, library: Option<&str>| Question::TypeControl {
        type_name: Name::parse(name).unwrap(),
        library: library.map(str::to_owned),
        code: 0x0200_0089,
        input: bad.clone(),
        output_length_max: 0,
    };
    let answer = service.ask(of_type("Generic Application", None));
    assert_eq!(answer.status, Status::INVALID_PARAMETER);
    assert!(answer.text.contains("did you mean 'StopSignal'?"), "{}", answer.text);
    assert_eq!(service.ask(of_type("Nothing", None)).status, Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND);
    let library = service.ask(of_type("Nothing", Some("x.so")));
    assert_eq!(library.status, Status::CLUSTER_RESTYPE_NOT_SUPPORTED);
    let closed =
        Question::ResourceControl { resource: resource(9), code: set, input: good, output_length_max: 0 };
    assert_eq!(service.ask(closed).status, Status::RESOURCE_NOT_AVAILABLE);
}

#[test]
fn all_properties_are_listed_and_what_waits_for_the_next_online_is_said() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    bench.leaf(1);
    let app = resource(1);
    assert_eq!(service.open(app, Application::script("sleep 1000").opening()), Outcome::Done);
    let ask = |service: &mut Service, code: u32, list: &PropertyList| {
        let input = list.to_bytes().unwrap();
        service.ask(Question::ResourceControl { resource: app, code, input, output_length_max: 4096 })
    };
    let (formats, names, set) = (0x0100_008D, 0x0100_0079, 0x0140_0086);
    let answer = ask(&mut service, formats, &PropertyList::new());
    let listed = PropertyList::parse(&answer.output).unwrap();
    assert_eq!(listed.len(), mainstay_host::generic_application::properties::DESCRIPTION.properties.len());
    assert_eq!(listed.get("Environment"), Some(&Value::Word(5)));
    assert_eq!(ask(&mut service, names, &PropertyList::new()).status, Status::SUCCESS);

    let other = PropertyList::new().with("CurrentDirectory", Value::Sz("/tmp".into()));
    let same =
        PropertyList::new().with("CurrentDirectory", Value::NoData(mainstay_types::property::Format::Sz));
    let of_stop = PropertyList::new().with("StopTimeout", Value::Dword(5));
    assert_eq!(ask(&mut service, set, &other).status, Status::INVALID_FUNCTION, "nothing runs");
    assert_eq!(service.online(app), Outcome::Done);
    for (list, expected) in [
        (&other, Status::RESOURCE_PROPERTIES_STORED),
        (&same, Status::INVALID_FUNCTION),
        (&of_stop, Status::INVALID_FUNCTION),
    ] {
        assert_eq!(ask(&mut service, set, list).status, expected, "{list:?}");
    }
}

#[test]
fn an_own_host_lives_in_its_leaf_and_clears_around_itself() {
    let Some(bench) = Bench::or_skip() else { return };
    let app = resource(1);
    let leaf = bench.leaf(1);
    let which = HostId::Own(app);
    let mut host = bench.start(which);
    leaf.adopt(host.0.id() as i32).unwrap();
    let (mut service, _) = Service::connect(&bench, which, 1);
    let opening = || Application::script("setsid sleep 1000 & wait").opening();
    assert_eq!(service.open(app, opening()), Outcome::Done);
    assert_eq!(service.online(app), Outcome::Done);
    assert!(leaf.pids().unwrap().len() >= 2);
    assert_eq!(service.terminate(app), Outcome::Done);
    assert_eq!(leaf.pids().unwrap(), [host.0.id() as i32]);
    assert_eq!(service.online(app), Outcome::Done);
    assert_eq!(service.offline(app, &[]), Outcome::Done);
    assert_eq!(leaf.pids().unwrap(), [host.0.id() as i32]);
    assert_eq!(service.close(app), Outcome::Done);
    service.send(&ToHost::Exit);
    assert!(host.0.wait().unwrap().success());
    assert!(leaf.wait_empty(soon()).unwrap());
}

#[test]
fn a_host_ends_only_when_it_holds_nothing_and_ignores_hangups() {
    let Some(bench) = Bench::or_skip() else { return };
    let mut host = bench.start(HostId::Pool);
    Process::open(host.0.id() as i32).unwrap().signal("HUP".parse().unwrap()).unwrap();
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    bench.leaf(1);
    assert_eq!(service.open(resource(1), Application::script("sleep 1000").opening()), Outcome::Done);
    service.send(&ToHost::Exit);
    service.send(&ToHost::Ping { nonce: 1 });
    assert!(service.wait_for(|message| (*message == FromHost::Pong { nonce: 1 }).then_some(true)));
    let mut second = bench.command(HostId::Pool);
    let second = second.stderr(std::process::Stdio::piped()).output().unwrap();
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success() && text.contains("host 'pool' already runs"), "{text}");
    service.send_order(service_order(1), resource(2), Action::Terminate);
    assert_eq!(service.end_of(service_order(1)), Outcome::NotOpen);
    assert_eq!(service.close(resource(1)), Outcome::Done);
    service.send(&ToHost::Exit);
    assert!(host.0.wait().unwrap().success());
}

fn service_order(number: u64) -> mainstay_types::order::OrderId {
    let operation = mainstay_types::OperationId { node: mainstay_types::NodeId(1), number };
    mainstay_types::order::OrderId { operation, number: 0, step: Step::Terminate }
}

#[test]
fn many_applications_go_up_and_down_side_by_side() {
    let Some(bench) = Bench::or_skip() else { return };
    let _host = bench.start(HostId::Pool);
    let (mut service, _) = Service::connect(&bench, HostId::Pool, 1);
    let apps: Vec<_> = (1..=40).map(|number| (resource(number), bench.leaf(number))).collect();
    let mut every = |step: Step, action: &dyn Fn() -> Action, expected: Outcome| {
        let orders: Vec<_> = apps.iter().map(|(app, _)| service.order(*app, step, action())).collect();
        for order in orders {
            assert_eq!(service.end_of(order), expected);
        }
    };
    let opening = || Action::Open(Box::new(Application::script("exec sleep 1000").opening()));
    every(Step::Open, &opening, Outcome::Done);
    every(Step::Start, &online, Outcome::Done);
    every(Step::Stop, &|| offline(&[]), Outcome::Done);
    every(Step::Start, &online, Outcome::Done);
    every(Step::Terminate, &|| Action::Terminate, Outcome::Done);
    every(Step::Close, &|| Action::Close, Outcome::Done);
    assert!(apps.iter().all(|(_, leaf)| !leaf.is_populated().unwrap()));
}
