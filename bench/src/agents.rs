//! A thousand resources of an agent brought online and offline, against a bare parallel loop that runs the agent as often
//! on the same processors; and the memory that they take.
//!
//! The agent is `ocf:pacemaker:Dummy`, a shell script whose thing is a file. Nobody looks after the resources meanwhile.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mainstay_client::{Resource, Target};
use mainstay_proplist::PropertyList;
use mainstay_types::operation::Verb;
use mainstay_types::{ControlCode, GroupState};

use crate::Result;
use crate::applications::{all_groups, median_ms, parallel};
use crate::cluster::{ALIVE_INTERVAL_MS, Bench};
use crate::memory::resident_of;
use crate::report::{Measured, Row, Walls};

const OCF_ROOT: &str = "/usr/lib/ocf";
const AGENT: &str = "/usr/lib/ocf/resource.d/pacemaker/Dummy";
const TYPE: &str = "ocf:pacemaker:Dummy";

const GROUPS: usize = 10;
const RESOURCES_PER_GROUP: usize = 100;
const TOTAL: usize = GROUPS * RESOURCES_PER_GROUP;

/// A turn takes seconds, and says the same every time.
const TURNS_MAX: u32 = 3;

/// The loop is what the agent takes anyhow.
const RATIO_MAX: f64 = 1.15;

const GOAL_BYTES: u64 = 64 * 1024 * 1024;
const MIB: f64 = 1024.0 * 1024.0;

/// CLUSCTL_RESOURCE_GET_RO_COMMON_PROPERTIES.
const GET_RO_COMMON_PROPERTIES: ControlCode = ControlCode(0x0100_0055);

/// Both rows `agents`; none, with the reason printed, where there is no such agent.
pub(crate) fn measure(
    bench: &mut Bench,
    service_pid: u32,
    directory: &Path,
    rounds: u32,
) -> Result<Vec<Row>> {
    if !Path::new(AGENT).is_file() {
        println!("skipped: agents: no {AGENT}: install the Debian package pacemaker-resource-agents");
        return Ok(Vec::new());
    }
    let names: Vec<String> = (0..GROUPS).map(|number| format!("agents {number}")).collect();
    let mut last = None;
    for name in &names {
        let group = bench.cluster.create_group(name)?;
        for number in 0..RESOURCES_PER_GROUP {
            let resource = bench.cluster.create_resource(&group, &format!("{name}.{number}"), TYPE, 0)?;
            let state = directory.join(format!("{name}.{number}.state")).display().to_string();
            bench.set_private(&resource, &PropertyList::new().with("state", state.as_str()))?;
            let never = PropertyList::new()
                .with("LooksAlivePollInterval", ALIVE_INTERVAL_MS)
                .with("IsAlivePollInterval", ALIVE_INTERVAL_MS);
            bench.set_common(&resource, &never)?;
            last = Some(resource);
        }
        bench.cluster.close_object(&group);
    }
    let (mut online, mut offline, mut started, mut stopped) = (vec![], vec![], vec![], vec![]);
    let (mut resident, mut of_host) = (0, 0);
    for _ in 0..rounds.min(TURNS_MAX) {
        online.push(all_groups(bench, &names, Verb::Online, GroupState::Online)?);
        (resident, of_host) = (resident_of(service_pid)?, resident_of(host_of(bench, last.as_ref())?)?);
        offline.push(all_groups(bench, &names, Verb::Offline, GroupState::Offline)?);
        started.push(bare_loop(directory, "start")?);
        stopped.push(bare_loop(directory, "stop")?);
    }
    let walls = |name, measured, floor| Walls::new(name, median_ms(measured), median_ms(floor));
    let walls = vec![walls("online", online, started), walls("offline", offline, stopped)];
    let is_reached = walls.iter().all(|walls| walls.ratio <= RATIO_MAX);
    Ok(vec![
        Row {
            name: "agents",
            what: format!("{TOTAL} resources of {TYPE}"),
            floor_is: "a parallel loop of the agent".into(),
            goal_is: "ratio within 1.15",
            measured: Measured::Walls { walls },
            is_reached: Some(is_reached),
        },
        Row {
            name: "agents",
            what: format!(
                "Resident memory of mainstayd with {TOTAL} of them online; the host has {:.1} MiB",
                of_host as f64 / MIB
            ),
            floor_is: String::new(),
            goal_is: "under 64 MiB",
            is_reached: Some(resident < GOAL_BYTES),
            measured: Measured::Memory { resident, goal: GOAL_BYTES },
        },
    ])
}

/// The process that drives a resource.
fn host_of(bench: &mut Bench, resource: Option<&Resource>) -> Result<u32> {
    let resource = resource.ok_or("there are no resources")?;
    let answer = bench.cluster.control(Target::Resource(resource), None, GET_RO_COMMON_PROPERTIES, None)?;
    let properties = PropertyList::parse(&answer.output)?;
    Ok(properties.dword("MonitorProcessId").ok_or("the service does not say which process the host is")?)
}

/// Runs the agent once for each resource, with as many at once as there are processors.
fn bare_loop(directory: &Path, action: &str) -> Result<Duration> {
    let threads = thread::available_parallelism()?.get();
    let begun = Instant::now();
    parallel((0..threads).collect(), |first| {
        for number in (first..TOTAL).step_by(threads) {
            let state = directory.join(format!("bare {number}.state"));
            let status = agent(action, state.as_os_str(), number).status()?;
            if !status.success() {
                return Err(std::io::Error::other(format!("{action} of {AGENT}: {status}")));
            }
            if state.exists() != (action == "start") {
                return Err(std::io::Error::other(format!("{action} of {AGENT} has not done its work")));
            }
        }
        Ok(())
    })?;
    Ok(begun.elapsed())
}

fn agent(action: &str, state: &OsStr, number: usize) -> Command {
    let mut command = Command::new(AGENT);
    command
        .arg(action)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .env("OCF_ROOT", OCF_ROOT)
        .env("OCF_RA_VERSION_MAJOR", "1")
        .env("OCF_RA_VERSION_MINOR", "1")
        .env("OCF_RESOURCE_PROVIDER", "pacemaker")
        .env("OCF_RESOURCE_TYPE", "Dummy")
        .env("OCF_RESOURCE_INSTANCE", format!("bare-{number}"))
        .env("OCF_RESKEY_CRM_meta_timeout", "20000")
        .env("OCF_RESKEY_state", state)
        .env("HA_RSCTMP", "/run/resource-agents")
        .env("HA_LOGFACILITY", "none")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
