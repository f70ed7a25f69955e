//! GetClusterResourceState over the Unix socket, beside an echo of the same size in the same place.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use mainstay_client::{Cluster, Desired, Link, Local, Resource, Transport};
use mainstay_proplist::PropertyList;

use crate::Result;
use crate::cluster::Bench;
use crate::floor::Echo;
use crate::placement::{Placement, Processors};
use crate::report::{Measured, Row};
use crate::sample::Rounds;

const RESOURCE: &str = "bench state";

/// Calls in a round.
const CALLS: usize = 2000;
/// Calls before the first round, which are not counted.
const WARM_UP: usize = 500;

/// What a request and a response have before their stub (C706 12.6.4.9 and 12.6.4.10).
const HEADER_BYTES: usize = 24;

/// A transport that notes how long request and answer of the last call were.
struct Noting {
    inner: Local,
    lengths: Rc<Cell<(usize, usize)>>,
}

struct NotingLink {
    inner: <Local as Transport>::Link,
    lengths: Rc<Cell<(usize, usize)>>,
}

/// Rows `state`: one for each placement of the two ends.
pub(crate) fn measure(
    bench: &mut Bench,
    socket: &Path,
    service_pid: u32,
    directory: &Path,
    rounds: u32,
) -> Result<Vec<Row>> {
    bench.create(RESOURCE, "Generic Application", &PropertyList::new().with("CommandLine", "/bin/true"))?;
    let lengths = Rc::new(Cell::new((0, 0)));
    let transport = Noting { inner: Local::new(socket), lengths: Rc::clone(&lengths) };
    let mut cluster = Cluster::open(transport, Desired::Full)?;
    let resource: Resource = cluster.open_object(RESOURCE, Desired::Full)?;
    cluster.resource_place(&resource)?;
    let (request_bytes, answer_bytes) = lengths.get();
    let mut echo = Echo::start(directory, request_bytes, answer_bytes)?;
    let processors = Processors::of_this_process()?;
    let others = [service_pid, echo.pid()];

    let mut rows = Vec::new();
    for placement in processors.placements() {
        processors.place(placement, &others)?;
        let [mut calls, mut trips]: [Rounds; 2] = Default::default();
        for round in 0..=rounds {
            calls.begin();
            trips.begin();
            for _ in 0..if round == 0 { WARM_UP } else { CALLS } {
                let trip = echo.round_trip()?;
                let begun = Instant::now();
                cluster.resource_place(&resource)?;
                let call = begun.elapsed();
                if round > 0 {
                    trips.push_duration(trip);
                    calls.push_duration(call);
                }
            }
        }
        let (measured, floor) = (calls.percentiles(), trips.percentiles());
        rows.push(Row {
            name: "state",
            what: format!("GetClusterResourceState over the Unix socket, {}", placed(placement)),
            floor_is: format!("echo, {request_bytes} bytes there and {answer_bytes} back"),
            goal_is: "p50 within 2 of the floor's",
            is_reached: Some(measured.p50_us <= 2.0 * floor.p50_us),
            measured: Measured::times(measured, floor),
        });
    }
    processors.release(&others)?;
    Ok(rows)
}

fn placed(placement: Placement) -> &'static str {
    match placement {
        Placement::Together => "both ends on one processor",
        Placement::Apart => "each end on a processor of its own",
    }
}

impl Transport for Noting {
    type Link = NotingLink;

    fn connect(&self, by: Option<Instant>) -> std::result::Result<NotingLink, mainstay_rpc::ConnectError> {
        Ok(NotingLink { inner: self.inner.connect(by)?, lengths: Rc::clone(&self.lengths) })
    }

    fn address(&self) -> String {
        self.inner.address()
    }
}

impl Link for NotingLink {
    fn call(
        &mut self,
        opnum: u16,
        stub: &[u8],
        by: Option<Instant>,
    ) -> std::result::Result<Vec<u8>, mainstay_rpc::CallError> {
        let answer = Link::call(&mut self.inner, opnum, stub, by)?;
        self.lengths.set((HEADER_BYTES + stub.len(), HEADER_BYTES + answer.len()));
        Ok(answer)
    }

    fn is_usable(&self) -> bool {
        self.inner.is_usable()
    }
}
