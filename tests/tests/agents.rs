//! Agents of the Open Cluster Framework as resource types.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mainstay_proplist::PropertyList;
use mainstay_tests::{TestCluster, kill};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{ResourceState, Status};

use crate::events::{Follower, last_revision};

const THING: &str = include_str!("../agents/Thing");
const PROMOTABLE: &str = include_str!("../agents/Promotable");

/// A cluster with the agents `ocf:test:Thing` and `ocf:test:Promotable`, and a group.
fn cluster_or_skip() -> Option<(TestCluster, tempfile::TempDir)> {
    let root = tempfile::Builder::new().prefix("mainstay-ocf-").tempdir().unwrap();
    let provider = root.path().join("resource.d/test");
    fs::create_dir_all(&provider).unwrap();
    for (name, text) in [("Thing", THING), ("Promotable", PROMOTABLE)] {
        install(&provider.join(name), text);
    }
    let cluster = TestCluster::start_with_config_or_skip(&format!("ocf_root = {:?}\n", root.path()))?;
    cluster.mainstay(&["group", "create", "g"]);
    Some((cluster, root))
}

fn install(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(new, path).unwrap();
}

/// Makes a thing; `state` and `log` are files of the cluster's, named after it.
fn thing(cluster: &TestCluster, name: &str, properties: &[(&str, &str)]) {
    let (state, log) = (cluster.file(&format!("{name}.state")), cluster.file(&format!("{name}.log")));
    let (state, log) = (state.display().to_string(), log.display().to_string());
    let all = [&[("state", state.as_str()), ("log", log.as_str())], properties].concat();
    cluster.resource("g", name, "ocf:test:Thing", &all);
}

/// The actions that a thing was asked for since the last call, without judgements.
fn actions(cluster: &TestCluster, name: &str) -> Vec<String> {
    let log = cluster.file(&format!("{name}.log"));
    let text = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(&log);
    let word = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    text.lines().map(word).filter(|word| word != "validate-all").collect()
}

fn is_there(cluster: &TestCluster, name: &str) -> bool {
    cluster.file(&format!("{name}.state")).exists()
}

#[test]
fn an_agent_is_a_type_with_what_it_says_of_itself() {
    let Some((cluster, root)) = cluster_or_skip() else { return };
    let listed = cluster.mainstay(&["type", "list"]);
    assert!(listed.contains("ocf:test:Thing") && listed.contains("ocf:test:Promotable"), "{listed}");
    let shown = cluster.mainstay(&["type", "show", "OCF:test:thing"]);
    for expected in ["A thing\n", "there while it runs", "StopTimeout", "--property state=..."] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let (code, _, error) = cluster.mainstay_code(&["type", "delete", "ocf:test:Thing"]);
    assert_eq!(code, 1, "{error}");
    // One that comes later is seen by itself.
    let last = last_revision(&cluster);
    install(&root.path().join("resource.d/test/Later"), THING);
    let mut follower = Follower::start(&cluster, &["--after", &last]);
    while follower.next()["name"] != "ocf:test:Later" {}
}

#[test]
fn a_thing_is_started_looked_at_and_stopped() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[("colour", "blue")]);
    assert!(!is_there(&cluster, "t"));
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    assert!(is_there(&cluster, "t"));
    assert_eq!(cluster.carry_out(Verb::Offline, "t").end, Some(End::Done));
    assert!(!is_there(&cluster, "t") && cluster.processes("t").is_empty());
    let log = fs::read_to_string(cluster.file("t.log")).unwrap();
    let start = log.lines().find(|line| line.starts_with("start"));
    assert_eq!(start, Some("start level=none interval=0 colour=blue"), "{log}");
    let asked = actions(&cluster, "t");
    assert_eq!((asked.first(), asked.last()), (Some(&"start".into()), Some(&"stop".into())), "{asked:?}");
}

#[test]
fn what_an_agent_refuses_is_refused_with_its_words() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    let create = |words: &[&str]| {
        let all = [&["resource", "create", "t", "--group", "g", "--type"], words].concat();
        cluster.mainstay_code(&all)
    };
    let (code, _, error) = create(&["ocf:test:Thing", "--property", "state=relative"]);
    assert_eq!(code, 1);
    assert!(error.contains("state must be absolute") && error.contains("5943"), "{error}");
    let (code, _, error) = create(&["ocf:test:Thing", "--property", "stat=/x"]);
    assert_eq!(code, 1);
    assert!(error.contains("did you mean 'state'?"), "{error}");
    let (code, _, error) = create(&["ocf:test:Promotable"]);
    assert_eq!(code, 1);
    assert!(error.contains("promotable"), "{error}");
    assert!(cluster.glance_all().resources.is_empty());
}

#[test]
fn an_action_that_fails_or_hangs_fails_the_resource_with_the_reason() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "fails", &[("fail", "start")]);
    thing(&cluster, "hangs", &[("hang", "start"), ("StartTimeout", "200")]);
    for (name, expected) in [
        ("fails", "start of ocf:test:Thing failed: an error (exit code 1): told to fail"),
        ("hangs", "start of ocf:test:Thing took longer than 200 ms and was killed"),
    ] {
        cluster.stay_failed(name);
        assert!(matches!(cluster.carry_out(Verb::Online, name).end, Some(End::Failed(_))));
        let shown = cluster.mainstay(&["explain", name]);
        assert!(shown.contains(expected), "{shown}");
        cluster.wait_for_state(name, ResourceState::Failed);
        assert!(cluster.processes(name).is_empty());
        // What may have been begun was stopped.
        assert!(actions(&cluster, name).contains(&"stop".into()));
    }
}

#[test]
fn a_stop_that_hangs_is_killed_with_what_it_was_to_stop() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[("program", "sleep 1000"), ("hang", "stop"), ("StopTimeout", "200")]);
    cluster.stay_failed("t");
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    assert!(!cluster.processes("t").is_empty());
    let record = cluster.carry_out(Verb::Offline, "t");
    assert_ne!(record.end, Some(End::Done));
    assert_eq!(cluster.state("t"), ResourceState::Failed);
    let shown = cluster.mainstay(&["explain", "t"]);
    assert!(shown.contains("stop of ocf:test:Thing took longer than 200 ms"), "{shown}");
}

#[test]
fn a_stop_that_fails_is_not_believed_until_somebody_gives_his_word() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[("fail", "stop")]);
    cluster.stay_failed("t");
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    for flags in [&[][..], &["--force"]] {
        let words = [&["resource", "offline", "t"], flags].concat();
        let (code, said, _) = cluster.mainstay_code(&words);
        assert_eq!(code, 4, "{said}");
        assert_eq!(cluster.state("t"), ResourceState::Failed);
        assert!(is_there(&cluster, "t"));
    }
    let shown = cluster.mainstay(&["explain", "t"]);
    assert!(shown.contains("its type has not taken it down"), "{shown}");
    for words in [["resource", "delete", "t"], ["resource", "online", "t"]] {
        let (code, _, error) = cluster.mainstay_code(&words);
        assert_eq!(code, 1, "{error}");
    }
    cluster.mainstay(&["resource", "confirm-stopped", "t"]);
    cluster.mainstay(&["resource", "delete", "t"]);
    let left = fs::read_dir(cluster.run_dir()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<String> = left.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|name| name.starts_with("resource-")), "{left:?}");
}

#[test]
fn what_is_in_no_process_is_found_when_service_and_host_are_gone() {
    let Some((mut cluster, _root)) = cluster_or_skip() else { return };
    let told = cluster.told("told");
    std::os::unix::fs::symlink(told.path(), cluster.file("gone.log")).unwrap();
    thing(&cluster, "t", &[]);
    thing(&cluster, "gone", &[]);
    for name in ["t", "gone"] {
        assert_eq!(cluster.carry_out(Verb::Online, name).end, Some(End::Done));
    }
    let mut starts = std::iter::repeat_with(|| told.next()).filter(|line| line.starts_with("start "));
    starts.next();
    actions(&cluster, "t");
    let host = cluster.pool_host();
    cluster.kill_service();
    kill(&host);
    fs::remove_file(cluster.file("gone.state")).unwrap();
    cluster.start_service();
    // What has gone is seen to have gone, and started again; what is there is not touched.
    starts.next();
    cluster.wait_for_state("t", ResourceState::Online);
    let asked = actions(&cluster, "t");
    assert!(is_there(&cluster, "t") && !asked.contains(&"start".into()), "{asked:?}");
}

#[test]
fn what_an_agent_leaves_behind_when_it_says_that_it_has_stopped_is_killed() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[("program", "sleep 1000")]);
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    assert!(!cluster.processes("t").is_empty());
    assert_eq!(cluster.carry_out(Verb::Offline, "t").end, Some(End::Done));
    assert!(cluster.processes("t").is_empty());
}

#[test]
fn a_thing_that_has_gone_is_noticed_and_brought_back() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[]);
    cluster.set_common("t", &[("LooksAlivePollInterval", "100"), ("RestartDelay", "0")]);
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    actions(&cluster, "t");
    let last = last_revision(&cluster);
    let words = ["--object", "t", "--kind", "resource-state", "--after", &last];
    let mut states = Follower::start(&cluster, &words);
    fs::remove_file(cluster.file("t.state")).unwrap();
    assert_eq!(states.next()["value"], "Failed");
    while states.next()["value"] != "Online" {}
    assert!(is_there(&cluster, "t"));
}

#[test]
fn the_thorough_look_is_at_the_highest_level() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[("deep", "10")]);
    cluster.set_common("t", &[("IsAlivePollInterval", "100")]);
    cluster.stay_failed("t");
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    cluster.wait_for_state("t", ResourceState::Failed);
    let shown = cluster.mainstay(&["explain", "t"]);
    assert!(shown.contains("not at this level"), "{shown}");
}

#[test]
fn a_level_for_which_something_is_missing_says_nothing_of_the_thing() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    let told = cluster.told("told");
    std::os::unix::fs::symlink(told.path(), cluster.file("t.log")).unwrap();
    thing(&cluster, "t", &[("lacking", "10")]);
    cluster.set_common("t", &[("IsAlivePollInterval", "100")]);
    cluster.stay_failed("t");
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    let mut looks = std::iter::repeat_with(|| told.next()).filter(|line| line.starts_with("monitor "));
    let level = |line: String| line.split(' ').nth(1).unwrap().to_owned();
    let levels: Vec<String> =
        looks.by_ref().map(level).skip_while(|level| level == "level=0").take(4).collect();
    // It is asked once, and the next looks are at the level that it can look at.
    assert_eq!(levels, ["level=10", "level=0", "level=0", "level=0"]);
    // What has gone is seen at that level.
    fs::remove_file(cluster.file("t.state")).unwrap();
    cluster.wait_for_state("t", ResourceState::Failed);
    assert!(cluster.mainstay(&["explain", "t"]).contains("it is not running (exit code 7)"));
}

#[test]
fn a_new_host_finds_what_runs_and_stops_it_with_what_it_was_started_with() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[]);
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    actions(&cluster, "t");
    cluster.kill_host(&cluster.pool_host());
    // Whoever wants a judgement waits until the next host has opened it.
    cluster.mainstay(&["plan", "set", "t", "colour=green"]);
    assert_eq!(cluster.state("t"), ResourceState::Online);
    assert!(is_there(&cluster, "t") && !actions(&cluster, "t").contains(&"start".into()));
    let elsewhere = cluster.file("elsewhere").display().to_string();
    let (_, _, note) = cluster.mainstay_code(&["resource", "set", "t", &format!("state={elsewhere}")]);
    assert!(note.contains("next goes online"), "{note}");
    assert_eq!(cluster.carry_out(Verb::Offline, "t").end, Some(End::Done));
    assert!(!is_there(&cluster, "t"), "it was stopped where it was started");
}

#[test]
fn a_reloadable_parameter_is_taken_up_without_a_stop() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[]);
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    actions(&cluster, "t");
    let told = cluster.told("told");
    let log = cluster.file("t.log");
    let _ = fs::remove_file(&log);
    std::os::unix::fs::symlink(told.path(), &log).unwrap();
    let (_, _, note) = cluster.mainstay_code(&["resource", "set", "t", "colour=green"]);
    assert_eq!(note, "");
    // Looks come in between.
    let reloaded = std::iter::repeat_with(|| told.next()).find(|line| line.starts_with("reload-agent"));
    assert_eq!(reloaded.unwrap(), "reload-agent level=none interval=0 colour=green");
    assert_eq!(cluster.state("t"), ResourceState::Online);
}

#[test]
fn instructions_are_parameters_that_hold_for_one_stop() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[]);
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    let with =
        |text: &str| PropertyList::new().with("ocf:test:Thing", vec![text.to_owned()]).to_bytes().unwrap();
    let refused = cluster.submit_with(Verb::Offline, "t", 0, &with("nonsense=1"));
    assert_eq!(refused.status, Status::INVALID_PARAMETER, "{}", refused.text);
    assert_eq!(cluster.state("t"), ResourceState::Online);
    let accepted = cluster.submit_with(Verb::Offline, "t", 0, &with("colour=black"));
    assert_eq!(accepted.status, Status::IO_PENDING, "{}", accepted.text);
    assert_eq!(cluster.wait_for(accepted.operation.unwrap()).end, Some(End::Done));
    let log = fs::read_to_string(cluster.file("t.log")).unwrap();
    assert!(log.contains("stop level=none interval=0 colour=black"), "{log}");
}

#[test]
fn force_kills_what_hangs() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[("hang", "start")]);
    cluster.stay_failed("t");
    let started = cluster.submit(Verb::Online, "t");
    assert_eq!(started.status, Status::IO_PENDING, "{}", started.text);
    let forced = cluster.submit_with(Verb::Offline, "t", 2, &[]);
    assert!(forced.status == Status::IO_PENDING || forced.status.is_success(), "{}", forced.text);
    assert_eq!(cluster.wait_for(forced.operation.unwrap()).end, Some(End::Done));
    assert_eq!(cluster.state("t"), ResourceState::Offline);
    assert!(cluster.processes("t").is_empty() && !is_there(&cluster, "t"));
}

#[test]
fn parameters_may_be_called_as_fixed_properties_are_and_are_what_the_agent_says() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    let state = format!("state={}", cluster.file("n.state").display());
    let create = |property: &str| {
        let words =
            ["resource", "create", "n", "--group", "g", "--type", "ocf:test:Thing", "--property", &state];
        cluster.mainstay_code(&[&words[..], &["--property", property]].concat())
    };
    let (code, _, error) = create("size=large");
    assert_eq!(code, 1);
    assert!(error.contains("property size is 'large'") && error.contains("a whole number"), "{error}");
    let (code, _, error) = create("name=first");
    assert_eq!(code, 0, "{error}");
    cluster.mainstay(&["resource", "set", "n", "NAME=second", "size=12"]);
    let shown = cluster.mainstay(&["resource", "show", "n"]);
    assert!(shown.contains("second") && !shown.contains("first"), "{shown}");
    assert!(cluster.mainstay_code(&["resource", "set", "n", "size=x"]).2.contains("a whole number"));
    // Of a type that has none, it is the resource's own.
    cluster.application("g", "a", "sleep 1000");
    let (code, _, error) = cluster.mainstay_code(&["resource", "set", "a", "name=b"]);
    assert!(code == 1 && error.contains("5089"), "{error}");
}

#[test]
fn a_stop_of_an_asked_kind_that_fails_is_followed_by_no_other() {
    let Some((cluster, _root)) = cluster_or_skip() else { return };
    thing(&cluster, "t", &[]);
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    let instructions = PropertyList::new().with("ocf:test:Thing", "fail=stop").to_bytes().unwrap();
    let accepted = cluster.submit_with(Verb::Offline, "t", 0, &instructions);
    let record = cluster.wait_for(accepted.operation.unwrap());
    let Some(End::Vetoed(cause)) = &record.end else { panic!("{record:?}") };
    assert!(cause.text.contains("told to fail"), "{}", cause.text);
    assert_eq!(cluster.state("t"), ResourceState::Online);
    assert!(is_there(&cluster, "t"));
    assert_eq!(cluster.carry_out(Verb::Offline, "t").end, Some(End::Done));
    assert!(!is_there(&cluster, "t"));
}

#[test]
fn what_was_not_taken_up_is_given_to_the_agent_by_the_next_host() {
    let Some((cluster, root)) = cluster_or_skip() else { return };
    let told = cluster.told("t.told");
    let state = cluster.file("t.state");
    let properties = [
        ("state", state.to_str().unwrap()),
        ("log", told.path().to_str().unwrap()),
        ("fail", "reload-agent"),
    ];
    cluster.resource("g", "t", "ocf:test:Thing", &properties);
    assert_eq!(cluster.carry_out(Verb::Online, "t").end, Some(End::Done));
    let wait_for_reload = || while !told.next().starts_with("reload-agent") {};
    cluster.mainstay(&["resource", "set", "t", "colour=green"]);
    wait_for_reload();
    let mended = THING.replace("exit 1\n", "");
    assert_ne!(mended, THING);
    install(&root.path().join("resource.d/test/Thing"), &mended);
    cluster.kill_host(&cluster.pool_host());
    wait_for_reload();
    assert_eq!(cluster.state("t"), ResourceState::Online);
}
