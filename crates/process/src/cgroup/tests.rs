//! Leaves with real processes in them.

use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use super::Leaf;
use crate::process::{Exit, Process};
use crate::scratch::Scratch;
use crate::signal::Signal;
use crate::spawn::{Command, Output};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

/// Runs a script in the leaf until it has said a line.
fn start(leaf: &Leaf, script: &str) -> Process {
    let (told, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let mut command = Command::new(["/bin/sh", "-c", script]);
    command.leaf = Some(leaf.clone());
    command.output = Output::Descriptor(tell);
    let process = command.spawn().unwrap();
    drop(command);
    let mut byte = [0];
    File::from(told).read_exact(&mut byte).unwrap();
    process
}

#[test]
fn a_kill_reaches_every_process_of_a_leaf() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("leaf");
    for script in [
        "sleep 1000 & sleep 1000 & echo ready; wait",
        "setsid sleep 1000 & (trap '' TERM HUP; echo ready; sleep 1000)",
        "sleep 1000 & kill -STOP $!; echo ready; kill -STOP $$",
    ] {
        let process = start(&leaf, script);
        assert!(leaf.is_populated().unwrap());
        assert!(leaf.pids().unwrap().len() >= 2, "{script}");
        leaf.kill().unwrap();
        assert!(leaf.wait_empty(soon()).unwrap(), "{script}");
        assert_eq!(process.wait(soon()).unwrap(), Some(Exit::Killed(9)));
        assert_eq!(leaf.pids().unwrap(), Vec::<i32>::new());
    }
}

#[test]
fn a_frozen_leaf_is_killed_frozen_and_stays_closed() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("leaf");
    start(&leaf, "sleep 1000 & echo ready; wait");
    assert!(leaf.set_frozen(true, soon()).unwrap());
    leaf.kill().unwrap();
    assert!(leaf.wait_empty(soon()).unwrap());
    let events = leaf.events().unwrap();
    assert!(events.frozen && !events.populated);
    assert!(leaf.is_freeze_requested().unwrap());
    assert!(leaf.set_frozen(false, soon()).unwrap());
    assert!(!leaf.events().unwrap().frozen);
}

#[test]
fn an_empty_leaf_can_be_frozen() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("leaf");
    assert!(leaf.set_frozen(true, soon()).unwrap());
}

#[test]
fn a_wait_for_what_does_not_happen_ends_at_its_deadline() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("leaf");
    start(&leaf, "echo ready; exec sleep 1000");
    assert!(!leaf.wait_empty(Instant::now() + Duration::from_millis(30)).unwrap());
}

#[test]
fn signals_reach_all_but_one() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("leaf");
    let first = start(&leaf, "echo ready; exec sleep 1000");
    let second = start(&leaf, "echo ready; exec sleep 1000");
    let signalled = leaf.signal(Signal::TERM, |pid| pid == first.pid()).unwrap();
    assert_eq!(signalled, [second.pid()]);
    assert_eq!(second.wait(soon()).unwrap(), Some(Exit::Killed(15)));
    assert!(!first.has_ended().unwrap());
}

#[test]
fn a_leaf_goes_with_what_is_below_it() {
    let Some(scratch) = Scratch::or_skip() else { return };
    let leaf = scratch.leaf("group/leaf");
    let below = Leaf::new(leaf.path().join("made/by/the/resource"));
    below.create().unwrap();
    let process = start(&below, "echo ready; exec sleep 1000");
    assert_eq!(leaf.pids().unwrap(), vec![process.pid()]);
    assert!(leaf.remove().is_err(), "something runs there");
    leaf.kill().unwrap();
    assert!(leaf.wait_empty(soon()).unwrap());
    leaf.remove().unwrap();
    assert!(!leaf.exists());
    assert!(!leaf.is_populated().unwrap());
    assert!(leaf.wait_empty(soon()).unwrap());
    leaf.remove().unwrap();
}
