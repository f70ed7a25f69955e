//! Two rows from the same calls: how long OfflineClusterResourceEx takes until 997, and how long after that the resource
//! type's Offline is entered.
//!
//! ```text
//!   client    ──┬─ call ──────────────────────────────▲─ 997
//!               │ begun                               │ accepted
//!   service     └─▶ decide, ask the host, commit ──┬──┘
//!                                                  └─────▶ order ─┐
//!   host                                                          └▶ Offline entered
//! ```
//!
//! The type's first instruction in Offline reads CLOCK_MONOTONIC, which all processes share. The moment of acceptance
//! lies in the service, where nobody outside can see it: it is taken to be half a round trip before the 997 arrived,
//! since that is how long the answer travelled. So `enter = entered - arrived + round trip / 2`.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use mainstay_client::Accepted;
use mainstay_proplist::PropertyList;
use mainstay_types::ResourceState;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::Result;
use crate::cluster::Bench;
use crate::floor::{Commits, Echo, Log};
use crate::report::{Measured, Row};
use crate::sample::{Percentiles, Rounds, monotonic_ns};

const TYPE: &str = "enter";
const RESOURCE: &str = "bench enter";

/// Calls in a round: enough for a p99.
const CALLS: usize = 200;
/// Calls before the first round, which are not counted: files grow and caches fill.
const WARM_UP: usize = 50;

/// About as much as the service commits for such a call: the operation's record, its keys, and the persistent state.
const COMMIT_BYTES: usize = 1024;
/// About as much as an order to a host and its answer have.
const ORDER_BYTES: usize = 128;

/// How long the type may take to say that it was entered.
const ENTERED_WITHIN: Duration = Duration::from_secs(10);

/// Rows `offline` and `enter`.
pub(crate) fn measure(bench: &mut Bench, library: &Path, directory: &Path, rounds: u32) -> Result<[Row; 2]> {
    let fifo_path = directory.join("entered");
    mknodat(CWD, &fifo_path, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
    let mut fifo = File::options().read(true).write(true).open(&fifo_path)?;
    let path =
        fifo_path.to_str().filter(|path| path.is_ascii()).ok_or("the directory's path is not ASCII")?;

    bench.create_type(TYPE, library)?;
    let resource = bench.create(RESOURCE, TYPE, &PropertyList::new().with("Fifo", path))?;
    bench.bring_online(RESOURCE)?;
    let mut commits = Commits::new(directory, COMMIT_BYTES, Log::Growing)?;
    let mut commits_over = Commits::new(directory, COMMIT_BYTES, Log::WrittenOver)?;
    let mut echo = Echo::start(directory, ORDER_BYTES, ORDER_BYTES)?;

    let [mut calls, mut entered, mut whole, mut commit_floor, mut over_floor, mut trips]: [Rounds; 6] =
        Default::default();
    for round in 0..=rounds {
        let count = if round == 0 { WARM_UP } else { CALLS };
        for rows in [&mut calls, &mut entered, &mut whole, &mut commit_floor, &mut over_floor, &mut trips] {
            rows.begin();
        }
        for _ in 0..count {
            let commit = commits.commit()?;
            let commit_over = commits_over.commit()?;
            let trip = echo.round_trip()?;
            let begun = monotonic_ns();
            let accepted = bench.cluster.offline_resource_ex(&resource, 0, &[])?;
            let arrived = monotonic_ns();
            if accepted != Accepted::Pending {
                return Err(format!("{RESOURCE} was not online when it should go offline").into());
            }
            let entered_at = read_entered(&mut fifo)?;
            if round > 0 {
                commit_floor.push_duration(commit);
                over_floor.push_duration(commit_over);
                trips.push_duration(trip);
                calls.push(arrived - begun);
                entered.push(entered_at - arrived);
                whole.push(entered_at - begun);
            }
            bench.wait_for_end(RESOURCE)?;
            bench.expect(RESOURCE, ResourceState::Offline)?;
            bench.bring_online(RESOURCE)?;
        }
    }

    let trip = trips.percentiles();
    let half_trip_ns = (trip.p50_us * 1000.0 / 2.0) as i64;
    let whole = whole.percentiles();
    Ok([
        offline_row(calls.percentiles(), commit_floor.percentiles(), over_floor.percentiles(), trip),
        enter_row(entered.shifted(half_trip_ns).percentiles(), trip, whole),
    ])
}

fn offline_row(measured: Percentiles, floor: Percentiles, over: Percentiles, trip: Percentiles) -> Row {
    let is_reached =
        measured.p50_us <= 1.5 * floor.p50_us + trip.p50_us && measured.p99_us <= 3.0 * floor.p99_us;
    let mut times = Measured::times(measured, floor);
    if let Measured::Times { beside, .. } = &mut times {
        beside.push(("one round trip between two processes", trip));
        beside.push(("the commit, its log written over", over));
    }
    Row {
        name: "offline",
        what: "OfflineClusterResourceEx until 997".to_owned(),
        floor_is: format!("durable SQLite commit of {COMMIT_BYTES} bytes"),
        goal_is: "p50 within 1.5 of the floor's plus one round trip, p99 within 3 of the floor's",
        measured: times,
        is_reached: Some(is_reached),
    }
}

fn enter_row(measured: Percentiles, floor: Percentiles, whole: Percentiles) -> Row {
    let mut times = Measured::times(measured, floor);
    if let Measured::Times { beside, .. } = &mut times {
        beside.push(("from the call's begin until entered", whole));
    }
    Row {
        name: "enter",
        what: "From acceptance until the type's Offline is entered".to_owned(),
        floor_is: format!("round trip of {ORDER_BYTES} bytes, two processes"),
        goal_is: "p50 within 3 of the floor's",
        is_reached: Some(measured.p50_us <= 3.0 * floor.p50_us),
        measured: times,
    }
}

/// The moment that the resource type wrote down.
fn read_entered(fifo: &mut File) -> Result<i64> {
    let mut fds = [PollFd::new(&*fifo, PollFlags::IN)];
    if poll(&mut fds, Some(&Timespec::try_from(ENTERED_WITHIN)?))? == 0 {
        return Err(format!("the type's Offline was not entered within {ENTERED_WITHIN:?}").into());
    }
    let mut bytes = [0; 8];
    fifo.read_exact(&mut bytes)?;
    Ok(i64::from_ne_bytes(bytes))
}
