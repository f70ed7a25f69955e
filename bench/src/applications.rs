//! A thousand resources of `Generic Application` brought online and offline, against a bare parallel loop that spawns
//! and kills the same processes on the same processors.
//!
//! The two take turns. The service does more than the loop: each process gets a leaf of the cgroup tree, is watched and
//! journalled, and its end is looked at before it is called offline.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mainstay_client::{Desired, Group, OperationWait, Submission, SubmitObject};
use mainstay_proplist::PropertyList;
use mainstay_types::operation::Verb;
use mainstay_types::{GroupState, OperationId, Status};
use rustix::process::{Pid, Signal, kill_process};

use crate::Result;
use crate::cluster::Bench;
use crate::report::{Measured, Row, Walls};

const GROUPS: usize = 10;
const RESOURCES_PER_GROUP: usize = 100;

const PROGRAM: &str = "/bin/sleep";
const ARGUMENT: &str = "1000000";

/// A turn takes seconds, and says the same every time.
const TURNS_MAX: u32 = 3;

/// How long one operation on a group may take.
const END_WITHIN: Duration = Duration::from_secs(60);

/// Row `applications`.
pub(crate) fn measure(bench: &mut Bench, rounds: u32) -> Result<Row> {
    let names: Vec<String> = (0..GROUPS).map(|number| format!("applications {number}")).collect();
    for name in &names {
        let group = bench.cluster.create_group(name)?;
        for number in 0..RESOURCES_PER_GROUP {
            let resource = bench.cluster.create_resource(
                &group,
                &format!("{name}.{number}"),
                "Generic Application",
                0,
            )?;
            let command = format!("{PROGRAM} {ARGUMENT}");
            bench.set_private(&resource, &PropertyList::new().with("CommandLine", command.as_str()))?;
            bench.cluster.close_object(&resource);
        }
        bench.cluster.close_object(&group);
    }
    let (mut online, mut offline, mut spawned, mut killed) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds.min(TURNS_MAX) {
        online.push(all_groups(bench, &names, Verb::Online, GroupState::Online)?);
        offline.push(all_groups(bench, &names, Verb::Offline, GroupState::Offline)?);
        let (spawn, kill) = bare_loop()?;
        spawned.push(spawn);
        killed.push(kill);
    }
    let walls = |name, measured, floor| Walls::new(name, median_ms(measured), median_ms(floor));
    Ok(Row {
        name: "applications",
        what: format!("{} resources of Generic Application ({PROGRAM})", GROUPS * RESOURCES_PER_GROUP),
        floor_is: "a parallel loop that spawns and kills".into(),
        goal_is: "",
        measured: Measured::Walls {
            walls: vec![walls("online", online, spawned), walls("offline", offline, killed)],
        },
        is_reached: None,
    })
}

/// The operation on every group at once, until the last has ended.
pub(crate) fn all_groups(
    bench: &mut Bench,
    names: &[String],
    verb: Verb,
    expected: GroupState,
) -> Result<Duration> {
    let begun = Instant::now();
    let mut operations: Vec<OperationId> = Vec::new();
    for name in names {
        let submitted = bench.cluster.submit(&Submission::new(verb, SubmitObject::Group(name)))?;
        match (submitted.status, submitted.operation) {
            (Status::SUCCESS | Status::IO_PENDING, operation) => operations.extend(operation),
            (status, _) => return Err(format!("{name}: {status}: {}", submitted.text).into()),
        }
    }
    for operation in operations {
        match bench.cluster.wait_operation(operation, END_WITHIN)? {
            OperationWait::Ended(_) | OperationWait::Unknown => {}
            OperationWait::Running(_) => return Err(format!("operation {operation} has not ended").into()),
        }
    }
    let taken = begun.elapsed();
    for name in names {
        let group: Group = bench.cluster.open_object(name, Desired::Full)?;
        let state = bench.cluster.group_place(&group)?.state;
        bench.cluster.close_object(&group);
        if GroupState::from_number(state) != Some(expected) {
            return Err(format!("{name} should be {expected} and has state {state}").into());
        }
    }
    Ok(taken)
}

/// Spawns as many processes on all processors, then kills them; the time of each.
fn bare_loop() -> Result<(Duration, Duration)> {
    let total = GROUPS * RESOURCES_PER_GROUP;
    let threads = thread::available_parallelism()?.get();
    let begun = Instant::now();
    let shares: Vec<Vec<Child>> = parallel((0..threads).collect(), |number| {
        let share = total / threads + usize::from(number < total % threads);
        let mut command = Command::new(PROGRAM);
        command.arg(ARGUMENT).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        (0..share).map(|_| command.spawn()).collect()
    })?;
    let spawned = begun.elapsed();
    let begun = Instant::now();
    parallel(shares, |mut children| {
        for child in &children {
            kill_process(Pid::from_child(child), Signal::TERM)?;
        }
        children.iter_mut().try_for_each(|child| child.wait().map(drop))
    })?;
    Ok((spawned, begun.elapsed()))
}

/// Each piece of work on a thread of its own.
pub(crate) fn parallel<W: Send, R: Send>(
    work: Vec<W>,
    run: impl Fn(W) -> std::io::Result<R> + Sync,
) -> Result<Vec<R>> {
    let done: std::io::Result<Vec<R>> = thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = work.into_iter().map(|piece| scope.spawn(move || run(piece))).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|ended| ended.unwrap_or_else(|_| Err(std::io::Error::other("a thread panicked"))))
            .collect()
    });
    Ok(done?)
}

pub(crate) fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
