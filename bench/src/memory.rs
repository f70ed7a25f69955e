//! How much memory the service holds with a thousand resources.

use std::fs;

use mainstay_proplist::PropertyList;

use crate::Result;
use crate::cluster::Bench;
use crate::report::{Measured, Row};

const GROUPS: usize = 50;
const RESOURCES_PER_GROUP: usize = 20;

const GOAL_BYTES: u64 = 64 * 1024 * 1024;

/// Row `memory`. The resources are offline; each has a private property, as real ones have.
pub(crate) fn measure(bench: &mut Bench, service_pid: u32) -> Result<Row> {
    for group_number in 0..GROUPS {
        let group = bench.cluster.create_group(&format!("memory {group_number}"))?;
        for number in 0..RESOURCES_PER_GROUP {
            let name = format!("memory {group_number}.{number}");
            let resource = bench.cluster.create_resource(&group, &name, "Generic Application", 0)?;
            bench.set_private(&resource, &PropertyList::new().with("CommandLine", "/bin/sleep 1000000"))?;
            bench.cluster.close_object(&resource);
        }
        bench.cluster.close_object(&group);
    }
    let resident = resident_of(service_pid)?;
    Ok(Row {
        name: "memory",
        what: format!("Resident memory of mainstayd with {} resources", GROUPS * RESOURCES_PER_GROUP),
        floor_is: String::new(),
        goal_is: "under 64 MiB",
        is_reached: Some(resident < GOAL_BYTES),
        measured: Measured::Memory { resident, goal: GOAL_BYTES },
    })
}

/// The resident memory of a process, in bytes.
pub(crate) fn resident_of(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(resident_bytes(&status).ok_or("the kernel does not tell a process's memory")?)
}

/// VmRSS of /proc/PID/status (proc_pid_status(5)), which is in kB of 1024 bytes.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_kernel_s_lines() {
        assert_eq!(
            resident_bytes("Name:\tx\nVmHWM:\t 9 kB\nVmRSS:\t   1234 kB\nThreads: 1\n"),
            Some(1234 * 1024)
        );
        assert_eq!(resident_bytes("Name:\tx\n"), None);
    }
}
