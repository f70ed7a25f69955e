//! All scenario files of ours, and what is wrong with files that are wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use mainstay_sim::scenario::{parse, run};

#[test]
fn every_scenario_passes() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let scenario = parse(&std::fs::read_to_string(&path).unwrap());
        match scenario.map(|scenario| run(&scenario)) {
            Ok(verdict) => wrong.extend(verdict.differences.iter().map(|it| format!("{name}: {it:?}"))),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "{count} scenarios");
}

/// What the runner says of a file, one line for each difference.
fn said(text: &str) -> String {
    let scenario = parse(text).unwrap();
    let lines = run(&scenario).differences.into_iter().map(|(line, what)| format!("{line}: {what}\n"));
    lines.collect()
}

#[test]
fn a_difference_is_shown_with_its_line() {
    let text = "group g\nresource a state=online\nresource b needs=a\n";
    for (rest, expected) in [
        ("expect state a,b online", "4: state of 'b': expected online, and it is offline\n"),
        ("expect persistent a offline", "4: persistent state of 'a': expected offline, and it is online\n"),
        ("expect stopped a", "4: 'a': expected stopped, and it is running\n"),
        ("expect group g online", "4: group 'g': expected online, and it is partial-online\n"),
        ("expect orders a:stop", "4: no order a:stop in its place; there were: \n"),
        ("at 0s offline resource a\nexpect no-orders a", "5: 'a' was given the order 1-6/Stop\n"),
        ("expect journal offline a done", "4: offline of 'a': expected done, and it is not in the journal\n"),
        (
            "at 1s offline resource a answers 0\nexpect state a offline",
            "4: expected the answer 0, and it is 997 ERROR_IO_PENDING\n",
        ),
        (
            "at 0s type a offline hangs\nat 0s offline resource a\nexpect quiet",
            "6: operation 1-6, offline of 'a', has not ended\n",
        ),
    ] {
        assert_eq!(said(&format!("{text}{rest}\n")), expected, "{rest}");
    }
}

#[test]
fn what_a_file_of_its_kind_cannot_tell_is_refused() {
    let one = "node n1\ngroup g owner=n1\nresource a\nat 0s lose node n1\nat 1s move group g n1\nexpect state a online\n";
    let only = "this is about several nodes, and the file describes one; describe them by lines 'node NAME'";
    assert_eq!(said(one), format!("4: {only}\n5: {only}\n"));
    let nodes = "node n1\nnode n2\ngroup g owner=n1\n";
    let runs = "what runs in groups is not simulated in a file with several nodes; leave resources out";
    assert_eq!(said(&format!("{nodes}resource a\nexpect owner g n1\n")), format!("4: {runs}\n"));
    let happens =
        "this cannot happen in a file with several nodes: what runs in groups is not simulated there";
    assert_eq!(said(&format!("{nodes}at 0s kill service\nexpect owner g n1\n")), format!("4: {happens}\n"));
    let expected = "owner, group and reason can be expected where a file has several nodes";
    assert_eq!(said(&format!("{nodes}expect quiet\n")), format!("4: {expected}\n"));
}

#[test]
fn a_difference_of_placement_is_shown_with_its_line() {
    let text = "node n1\nnode n2\ngroup g owner=n1\nat 0s lose node n1\n";
    for (rest, expected) in [
        ("expect owner g n1", "5: owner of 'g': expected n1, and it is n2\n"),
        ("expect owner g nobody", "5: owner of 'g': expected nobody, and it is n2\n"),
        ("expect group g offline", "5: group 'g': expected offline, and it is online\n"),
        (
            "expect reason g full",
            "5: reason of 'g': expected 'full', and it is: 'g' moves from n1 to n2: n1 is down; \
             n2 is the only node that can take it\n",
        ),
    ] {
        assert_eq!(said(&format!("{text}{rest}\n")), expected, "{rest}");
    }
    let ordered = "node n1\nnode n2\ngroup g\ngroup h after=g\nexpect owner g n1\n";
    assert!(said(ordered).starts_with("4: the order in which groups start"), "{}", said(ordered));
    let refused = "node n1\nnode n2\ngroup g owner=n1 FailbackWindowStart=99\nexpect owner g n1\n";
    assert!(said(refused).starts_with("3: the cluster refuses it: "), "{}", said(refused));
}

#[test]
fn a_wrong_file_is_refused_with_line_and_reason() {
    for (text, expected) in [
        ("", "it describes no resource"),
        ("group g\nresource a\n", "it expects nothing; add a line 'expect ...'"),
        (
            "grup g",
            "line 1: 'grup' is not understood; a line begins with cluster, node, groupset, group, resource, at, until \
             or expect",
        ),
        ("\n\ngroup g\ngroup g", "line 4: there is a group 'g' already"),
        ("group g\nresource a needs=b", "line 2: there is no resource 'b' above"),
        (
            "group g\nresource a state=failed",
            "line 2: state=failed cannot be begun with; online or offline can",
        ),
        ("resource a", "line 1: group=GROUP is missing"),
        ("group g set=s", "line 1: there is no group set 's' above"),
        ("groupset s\ngroup g after=h", "line 2: there is no group 'h' above"),
        ("groupset s after=t", "line 1: there is no group set 't' above"),
        (
            "group g\nresource a\nat 0s set groupset s StartupDelay=1",
            "line 3: there is no group set 's' above",
        ),
        ("group g\nresource a\nat 5 online resource a", "line 3: '5' is no time; 250ms, 5s, 3m and 2h are"),
        (
            "group g\nresource a\nat 999999h online resource a",
            "line 3: '999999h' is no time within half a year",
        ),
        (
            "group g\nresource a\nat 5s online resource a\nat 4s crash a",
            "line 4: a step stands after those that are earlier",
        ),
        (
            "group g\nresource a\nuntil 1s\nat 2s crash a",
            "line 4: the step is after the end, which 'until' in line 3 says",
        ),
        (
            "group g\nresource a\nat 0s jump a",
            "line 3: 'jump' is nothing that can happen; docs/simulate.md lists what can",
        ),
        ("group g\nresource a\nat 0s crash", "line 3: the resource's name is missing at the end"),
        ("group g\nresource a\nat 0s crash a b", "line 3: 'b' is not understood here"),
        (
            "group g\nresource a\nexpect state a on",
            "line 3: 'on' cannot stand here; online, offline, failed, online-pending, offline-pending can",
        ),
        ("group \"g", "line 1: a quotation mark is not closed"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
    }
}
