use std::time::{Duration, Instant};

use uuid::Uuid;

use super::*;
use crate::claim;
use crate::scratch::Scratch;
use crate::spawn::Command;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

#[test]
fn a_mark_is_believed_of_one_user_only() {
    for (line, expected) in [
        ("Uid:\t0\t0\t0\t0", Some(0)),
        ("Uid:\t1000\t1000\t1000\t5", Some(1000)),
        ("Uid:\t0\t33\t0\t33", Some(0)),
        ("Uid:\t1000\t0\t0\t0", None),
        ("Uid:\t1000\t1000\t0\t0", None),
        ("Uid:\t1000", None),
        ("Gid:\t0\t0\t0\t0", None),
    ] {
        assert_eq!(only_user(&format!("Name:\tsh\n{line}\nGroups:\t0\n")), expected, "{line}");
    }
}

/// A resource in a tree of its own.
struct Bench {
    scratch: Scratch,
    run_dir: tempfile::TempDir,
    mark: Mark,
    leaf: Leaf,
}

impl Bench {
    fn or_skip() -> Option<Self> {
        let scratch = Scratch::or_skip()?;
        let resource = ResourceId(Uuid::new_v4());
        let leaf = Leaf::new(layout::resource(
            scratch.path(),
            Uuid::new_v4().to_string().parse().unwrap(),
            resource,
        ));
        leaf.create().unwrap();
        let mark = Mark { cluster: ClusterId(Uuid::new_v4()), resource, leaf: leaf.path().to_owned() };
        Some(Bench { scratch, run_dir: tempfile::tempdir().unwrap(), mark, leaf })
    }

    fn start(&self, script: &str, place: &Leaf, is_marked: bool) -> Process {
        let mut command = Command::new(["/bin/sh", "-c", script]);
        command.environment.retain(|(name, _)| name == "PATH");
        if is_marked {
            command.environment.extend(self.mark.variables());
        }
        command.leaf = Some(place.clone());
        command.spawn().unwrap()
    }

    fn strays(&self) -> Vec<i32> {
        let marked = of_cluster(self.mark.cluster).unwrap();
        let run_dir = Some(self.run_dir.path());
        let strays =
            of_resource(self.mark.cluster, self.mark.resource, &self.leaf, run_dir, &marked).unwrap();
        let mut pids: Vec<i32> = strays.outside.iter().map(Process::pid).collect();
        pids.sort_unstable();
        pids
    }
}

#[test]
fn what_has_left_the_leaf_is_known_by_its_mark_and_by_the_state_file() {
    let Some(bench) = Bench::or_skip() else { return };
    let away = bench.scratch.leaf("away");
    let wait = "exec sleep 1000";
    let inside = bench.start(wait, &bench.leaf, true);
    let nobodys = bench.start(wait, &away, false);
    assert_eq!(bench.strays(), [0; 0]);
    let marked = bench.start(wait, &away, true);
    assert_eq!(bench.strays(), [marked.pid()]);
    let unknown = of_cluster_but(bench.mark.cluster, |pid| pid == marked.pid()).unwrap();
    assert_eq!(unknown.iter().map(|marked| marked.pid).collect::<Vec<_>>(), [inside.pid()]);
    // Named by the file, it is known without a mark.
    let identity = nobodys.identity().unwrap().unwrap();
    state_file::write(&state_file::path(bench.run_dir.path(), bench.mark.resource), identity).unwrap();
    let mut both = [marked.pid(), nobodys.pid()];
    both.sort_unstable();
    assert_eq!(bench.strays(), both);
    // A leaf of another group is as good as any other place.
    let other = layout::resource(
        bench.scratch.path(),
        Uuid::new_v4().to_string().parse().unwrap(),
        bench.mark.resource,
    );
    let other = Leaf::new(other);
    other.create().unwrap();
    other.adopt(marked.pid()).unwrap();
    assert_eq!(bench.strays(), both);

    let listed = of_cluster(bench.mark.cluster).unwrap();
    let strays = of_resource(
        bench.mark.cluster,
        bench.mark.resource,
        &bench.leaf,
        Some(bench.run_dir.path()),
        &listed,
    );
    assert_eq!(bring_back(&strays.unwrap().outside, &bench.leaf), 2);
    assert_eq!(bench.leaf.pids().unwrap().len(), 3);
    bench.leaf.kill().unwrap();
    for process in [inside, nobodys, marked] {
        assert!(process.wait(soon()).unwrap().is_some());
    }
    assert_eq!(bench.strays(), [0; 0]);
}

#[test]
fn what_cannot_be_brought_back_is_killed() {
    let Some(bench) = Bench::or_skip() else { return };
    let stray = bench.start("exec sleep 1000", &bench.scratch.leaf("away"), true);
    let gone = Leaf::new(bench.scratch.join("gone"));
    let [marked] = &of_cluster(bench.mark.cluster).unwrap()[..] else { panic!("not one") };
    let Holding::Its(held) = hold(marked) else { panic!("not held") };
    assert_eq!(bring_back(&[held], &gone), 0);
    assert!(stray.wait(soon()).unwrap().is_some());
}

#[test]
fn a_program_of_another_tree_is_told_by_its_mark() {
    let Some(bench) = Bench::or_skip() else { return };
    let cluster = bench.mark.cluster;
    let (root, new) = (bench.scratch.path(), bench.scratch.leaf("new"));
    let stray = bench.start("exec sleep 1000", &bench.scratch.leaf("away"), true);
    assert_eq!(of_other_trees(root, cluster).unwrap(), []);
    assert_eq!(of_other_trees(new.path(), cluster).unwrap(), [(stray.pid(), root.to_owned())]);
    assert_eq!(of_other_trees(new.path(), ClusterId(Uuid::new_v4())).unwrap(), []);
    claim::check_elsewhere(root, root, cluster, &[]).unwrap();
    let message = claim::check_elsewhere(root, new.path(), cluster, &[]).unwrap_err().to_string();
    let expected = format!("1 of this cluster's processes run in cgroup_root '{}'", root.display());
    assert!(message.contains(&expected) && message.contains(&stray.pid().to_string()), "{message}");
    new.adopt(stray.pid()).unwrap();
    assert_eq!(of_other_trees(new.path(), cluster).unwrap(), [], "it was moved to this one");
    stray.signal(Signal::KILL).unwrap();
    assert!(stray.wait(soon()).unwrap().is_some());
    assert_eq!(of_other_trees(new.path(), cluster).unwrap(), []);
}

#[test]
fn what_becomes_another_program_is_found_in_every_moment() {
    let Some(bench) = Bench::or_skip() else { return };
    // A program that does nothing but become itself.
    let path = bench.run_dir.path().join("again.sh");
    fs::write(&path, "exec /bin/sh \"$0\"\n").unwrap();
    let stray = bench.start(&format!("exec /bin/sh {}", path.display()), &bench.scratch.leaf("away"), true);
    for turn in 0..20 {
        let marked = of_cluster(bench.mark.cluster).unwrap();
        let pids: Vec<i32> = marked.iter().map(|marked| marked.pid).collect();
        assert_eq!(pids, [stray.pid()], "turn {turn}");
        assert_eq!(bench.strays(), [stray.pid()], "turn {turn}");
    }
}
