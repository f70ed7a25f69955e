//! Who may do what: the kernel says who the caller is, the cluster's security descriptor what he may do.

use std::os::unix::process::CommandExt;
use std::process::Command;

use mainstay_tests::{TestCluster, program};
use mainstay_types::ResourceState;
use mainstay_types::operation::Verb;

/// Somebody without rights: `nobody` on every distribution.
const NOBODY: u32 = 65534;

#[test]
fn who_is_not_granted_anything_is_refused_and_changes_nothing() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can act as somebody else");
        return;
    }
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    // The test's directory is the owner's alone; what is tested is the service, not the file system.
    let open = |path: &std::path::Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    open(cluster.socket().parent().unwrap());
    // By another program: a descriptor of ours that is open for writing could stop the copy from being run.
    let copy = cluster.file("mainstay");
    assert!(Command::new("cp").arg(program("mainstay")).arg(&copy).status().unwrap().success());
    for arguments in [
        ["resource", "offline", "app"].as_slice(),
        &["resource", "list"],
        &["group", "create", "other"],
        &["status"],
        &["journal"],
    ] {
        let output = Command::new(&copy)
            .args(arguments)
            .env("MAINSTAY_SOCKET", cluster.socket())
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains("5 ERROR_ACCESS_DENIED"), "{arguments:?}: {message}");
    }
    assert_eq!(cluster.state("app"), ResourceState::Online);
    assert_eq!(cluster.glance_all().groups.len(), 1);
}
