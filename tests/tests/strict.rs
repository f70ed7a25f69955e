//! `strict_cmrp`: the three answers of the offline call that MS-CMRP wants otherwise, and the friendlier ones without it.

use mainstay_cmrp::resource::{OfflineResourceEx, OpenResource};
use mainstay_tests::{TestCluster, Wire, assert_same};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{OfflineFlags, ResourceState, Status};

const FORCE: u32 = OfflineFlags::FORCE_WITH_TERMINATION.bits();

/// The four reasons that a caller may state, as bits of the flags.
const STATED_REASONS: [u32; 4] = [8, 0x10, 0x20, 0x40];

fn cluster_or_skip(strict: bool) -> Option<TestCluster> {
    let cluster = TestCluster::start_with_config_or_skip(&format!("strict_cmrp = {strict}\n"))?;
    cluster.application("g", "app", "sleep 1000");
    cluster.stay_failed("app");
    cluster.carry_out(Verb::Online, "app");
    Some(cluster)
}

/// The call itself, on the wire.
fn offline(cluster: &TestCluster, flags: u32) -> Status {
    let mut wire = Wire::connect(cluster);
    let opened = wire.call(&OpenResource { name: "app".into() });
    assert_eq!(opened.status, 0);
    Status(wire.call(&OfflineResourceEx { resource: opened.handle, flags, input: Vec::new() }).status)
}

#[test]
fn stated_reasons_are_refused_when_strict() {
    let Some(cluster) = cluster_or_skip(true) else { return };
    let before = cluster.snapshot();
    for reason in STATED_REASONS {
        for flags in [reason, reason | 1, reason | FORCE, reason | 7] {
            assert_eq!(offline(&cluster, flags), Status::INVALID_PARAMETER, "{flags:#x}");
            let refused = cluster.submit_with(Verb::Offline, "app", flags, &[]);
            assert_eq!(refused.status, Status::INVALID_PARAMETER, "{flags:#x}");
            assert!(refused.text.contains("strict_cmrp"), "{}", refused.text);
        }
    }
    assert_same(&before, &cluster.snapshot(), "a refused call changes nothing");
    for flags in [0, 1, FORCE] {
        assert_eq!(offline(&cluster, flags), Status::IO_PENDING, "{flags:#x}");
        cluster.wait_for_state("app", ResourceState::Offline);
        cluster.carry_out(Verb::Online, "app");
    }
}

#[test]
fn stated_reasons_are_taken_otherwise() {
    let Some(cluster) = cluster_or_skip(false) else { return };
    for reason in STATED_REASONS {
        assert_eq!(offline(&cluster, reason), Status::IO_PENDING, "{reason:#x}");
        cluster.wait_for_state("app", ResourceState::Offline);
        let record = cluster.journal("app").remove(0);
        assert_eq!(record.flags, reason);
        cluster.carry_out(Verb::Online, "app");
    }
}

#[test]
fn a_failed_resource_is_refused_when_strict_and_cleared_otherwise() {
    for strict in [true, false] {
        let Some(cluster) = cluster_or_skip(strict) else { return };
        cluster.carry_out(Verb::Fail, "app");
        cluster.wait_for_state("app", ResourceState::Failed);
        let before = cluster.snapshot();
        for flags in [0, 1, FORCE] {
            let status = offline(&cluster, flags);
            if strict {
                assert_eq!(status, Status::RESOURCE_FAILED, "{flags:#x}");
                assert_eq!(status.0, 5038);
                assert_same(&before, &cluster.snapshot(), "a refused call changes nothing");
            } else {
                assert!(matches!(status, Status::SUCCESS | Status::IO_PENDING), "{status}");
                cluster.wait_for_state("app", ResourceState::Offline);
            }
        }
        // The way out that both have.
        assert_eq!(cluster.carry_out(Verb::Online, "app").end, Some(End::Done));
    }
}

#[test]
fn a_pending_resource_is_refused_to_force_when_strict_and_ended_otherwise() {
    for strict in [true, false] {
        let Some(cluster) = TestCluster::start_with_config_or_skip(&format!("strict_cmrp = {strict}\n"))
        else {
            return;
        };
        let told = cluster.told("told");
        let script =
            format!("trap '' TERM\necho there > {}\nwhile :; do sleep 1000; done\n", told.path().display());
        cluster.script("g", "app", &script);
        cluster.mainstay(&["resource", "set", "app", "StopTimeout=600000"]);
        cluster.carry_out(Verb::Online, "app");
        assert_eq!(told.next(), "there");
        assert_eq!(offline(&cluster, 0), Status::IO_PENDING);
        assert_eq!(cluster.state("app"), ResourceState::OfflinePending);
        for flags in [0, 1] {
            assert_eq!(offline(&cluster, flags), Status::INVALID_STATE, "{flags:#x}");
        }
        if strict {
            assert_eq!(offline(&cluster, FORCE), Status::INVALID_STATE);
            assert_eq!(Status::INVALID_STATE.0, 5023);
            assert_eq!(cluster.state("app"), ResourceState::OfflinePending);
            let (code, _, message) = cluster.mainstay_code(&["resource", "offline", "app", "--force"]);
            assert_eq!(code, 1, "{message}");
            assert!(message.contains("5023") && !message.contains("force flag"), "{message}");
        } else {
            assert_eq!(offline(&cluster, FORCE), Status::IO_PENDING);
            cluster.wait_for_state("app", ResourceState::Offline);
            assert!(cluster.processes("app").is_empty());
        }
    }
}
