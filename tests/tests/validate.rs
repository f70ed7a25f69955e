//! A look for what could go wrong, at a real cluster: it finds what is wrong, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mainstay_process::Signal;
use mainstay_tests::{TestCluster, assert_same};
use mainstay_types::glance::ResourceGlance;
use mainstay_types::operation::{End, Verb};
use mainstay_types::status_information::ResourceStatusInformation;
use serde_json::Value;

/// The exit code and the document.
fn validate(cluster: &TestCluster) -> (i32, Value) {
    let (code, out, error) = cluster.mainstay_code(&["cluster", "validate", "--json"]);
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}")))
}

/// Verdicts by area and check.
fn verdicts(document: &Value) -> BTreeMap<(String, String), String> {
    let word = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    let checks = document["checks"].as_array().unwrap().iter();
    checks.map(|it| ((word(it, "area"), word(it, "what")), word(it, "verdict"))).collect()
}

/// The first check whose name has these words.
fn find<'d>(document: &'d Value, words: &str) -> &'d Value {
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|it| it["what"].as_str().unwrap().contains(words));
    found.unwrap_or_else(|| panic!("no check '{words}' in {document}"))
}

fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_sound_cluster_has_no_failure_and_is_left_as_it_is() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("shop", "db", "sleep 1000");
    assert_eq!(cluster.carry_out(Verb::Online, "db").end, Some(End::Done));
    let (before, files_before) = (cluster.snapshot(), files(&cluster.data_dir()));
    let (code, document) = validate(&cluster);
    assert_eq!((code, &document["failures"]), (0, &Value::from(0)), "{document:#}");
    let verdicts = verdicts(&document);
    let areas: Vec<&str> = verdicts.keys().map(|(area, _)| area.as_str()).collect();
    for area in ["database", "hosts", "guard", "types", "permissions", "disk", "clock", "names", "networks"] {
        assert!(areas.contains(&area), "{area} in {verdicts:?}");
    }
    assert_eq!(verdicts[&("database".into(), "cluster database".into())], "ok");
    assert_eq!(find(&document, "pool host")["verdict"], "ok");
    assert!(find(&document, "durable write")["seen"].as_str().unwrap().contains("of 20"), "{document:#}");
    assert_same(&before, &cluster.snapshot(), "it changes nothing");
    assert_eq!(files(&cluster.data_dir()), files_before);
}

#[test]
fn a_host_and_a_guard_that_stand_still_are_failures_with_the_way_out() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("shop", "db", "sleep 1000");
    assert_eq!(cluster.carry_out(Verb::Online, "db").end, Some(End::Done));
    let (host, guard) = (cluster.pool_host(), cluster.guard());
    let (_, document) = validate(&cluster);
    for what in ["pool host", "guard", "guard's protocol", "holder of the control groups"] {
        assert_eq!(find(&document, what)["verdict"], "ok", "{document:#}");
    }
    for (process, what) in [(&host, "pool host"), (&guard, "guard")] {
        process.signal(Signal::STOP).unwrap();
        let (code, document) = validate(&cluster);
        process.signal(Signal::CONT).unwrap();
        let (check, pid) = (find(&document, what), process.pid());
        assert_eq!((code, &check["verdict"]), (4, &"failure".into()), "{check}");
        assert_eq!(check["seen"], format!("process {pid} (stopped) does not answer within 2000 ms"));
        assert!(check["way_out"].as_str().unwrap().contains(&format!("kill -CONT {pid}")), "{check}");
    }
    let (code, document) = validate(&cluster);
    assert_eq!((code, &document["failures"]), (0, &Value::from(0)), "{document:#}");
}

#[test]
fn a_host_that_is_needed_and_cannot_come_is_a_failure() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("shop", "db", "sleep 1000");
    assert_eq!(cluster.carry_out(Verb::Online, "db").end, Some(End::Done));
    let (host, guard) = (cluster.pool_host(), cluster.guard());
    // It has to open the next one's control group.
    guard.signal(Signal::STOP).unwrap();
    host.signal(Signal::KILL).unwrap();
    let is_looked_at = |db: &ResourceGlance| {
        let bits = ResourceStatusInformation::from_bits_truncate(db.status_information);
        !bits.contains(ResourceStatusInformation::UNMONITORED)
    };
    cluster.wait_until("db", |db| !is_looked_at(db));
    let (code, document) = validate(&cluster);
    let check = find(&document, "pool host");
    assert_eq!((code, &check["verdict"]), (4, &"failure".into()), "{check}");
    let seen = check["seen"].as_str().unwrap();
    assert!(seen.starts_with("it is not connected, and 'db' needs it: it is being started; "), "{check}");
    let explained: Value = serde_json::from_str(&cluster.mainstay(&["explain", "db", "--json"])).unwrap();
    let note = |rule: &str| {
        let notes = explained["notes"].as_array().unwrap();
        let found = notes.iter().find(|note| note["rule"] == rule);
        found.unwrap_or_else(|| panic!("no {rule} in {explained:#}"))["text"].as_str().unwrap()
    };
    let absent = note("host-absent");
    assert!(absent.starts_with("nobody looks at it now, since its resource host is not there: "), "{absent}");
    let silent = note("guard-silent");
    assert!(silent.contains(&format!("kill -CONT {}", guard.pid())), "{silent}");
    guard.signal(Signal::CONT).unwrap();
    cluster.wait_until("db", is_looked_at);
    let (_, document) = validate(&cluster);
    assert_eq!(find(&document, "pool host")["verdict"], "ok", "{document:#}");
    assert!(!cluster.mainstay(&["explain", "db"]).contains("note:"));
}

#[test]
fn what_is_wrong_is_found_with_its_way_out() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    cluster.application("db", "db", "sleep 1000");
    let open = cluster.file("libdemo_type.so");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
    let broken = cluster.file("broken.so");
    fs::write(&broken, "no library").unwrap();
    cluster.mainstay(&["type", "create", "Broken", "--library", broken.to_str().unwrap()]);
    fs::set_permissions(cluster.data_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let (code, document) = validate(&cluster);
    assert_eq!(code, 4, "{document:#}");
    for (what, verdict, words) in [
        ("library of 'dummy'", "failure", "is writable by others"),
        ("library of 'Broken'", "ok", "writable by its owner only"),
        ("loading of 'Broken'", "failure", "cannot be loaded"),
        ("loading of 'dummy'", "ok", "it loads"),
        ("data directory", "warning", "others can read it"),
        ("resources and groups", "warning", "'db'"),
    ] {
        let check = find(&document, what);
        assert_eq!(check["verdict"], verdict, "{check}");
        assert!(check["seen"].as_str().unwrap().contains(words), "{check}");
        assert_eq!(check["way_out"] == "", verdict == "ok", "{check}");
    }
    // A file that cannot be written is wrong usage: nothing is asked.
    let (code, text, error) = cluster.mainstay_code(&["cluster", "validate", "--html", "/nonexistent/x"]);
    assert!(code == 2 && text.is_empty() && error.contains("'/nonexistent/x' cannot be written"), "{error}");
    let (code, _, error) = cluster.mainstay_code(&["cluster", "validate", "--html", "/dev/full"]);
    assert!(code == 6 && error.contains("No space left"), "{code} {error}");
    let page = cluster.file("report.html");
    let (code, text, _) = cluster.mainstay_code(&["cluster", "validate", "--html", page.to_str().unwrap()]);
    assert_eq!(code, 4);
    assert!(text.contains("failure: library of 'dummy'"), "{text}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("library of &#39;dummy&#39;"), "{page}");
}
