//! How long the engine takes to decide: 1,000 resources, each taken offline once, without a buffer.
//!
//! Prints what `Engine::handle` takes from the call until the Commit effect is there (the call and the answer of the
//! check together), and for the whole operation. No time is asserted: it is for whoever changes the engine.
//!
//! `cargo run --release --package mainstay-engine --features testing --example decide`

use std::time::Duration;

use mainstay_engine::testing::{CommitMode, World, offline};
use mainstay_types::{GroupState, ResourceId, Status};

const RESOURCES: usize = 1_000;

/// How the resources are laid out.
struct Layout {
    name: &'static str,
    groups: usize,
    /// Resources in one chain of dependencies.
    chain: usize,
}

fn main() {
    println!("{:<34} {:>22} {:>22}", "", "until Commit, p50 / p99", "to the end, p50 / p99");
    for layout in [
        Layout { name: "one group, no dependencies", groups: 1, chain: 1 },
        Layout { name: "100 groups, no dependencies", groups: 100, chain: 1 },
        Layout { name: "one group, chains of ten", groups: 1, chain: 10 },
    ] {
        measure(&layout);
    }
}

fn measure(layout: &Layout) {
    let mut world = World::default();
    world.checks = false;
    let groups: Vec<_> = (0..layout.groups).map(|number| world.group(&format!("g{number}"))).collect();
    let mut ids: Vec<ResourceId> = Vec::with_capacity(RESOURCES);
    for number in 0..RESOURCES {
        let group = groups[number * layout.groups / RESOURCES];
        let id = world.resource(group, &format!("r{number}"));
        if number % layout.chain != 0 {
            world.depend(id, ids[number - 1]);
        }
        ids.push(id);
    }
    for id in &ids {
        assert_eq!(world.online(*id), Status::IO_PENDING);
    }
    let (mut decided, mut whole) = (Vec::with_capacity(RESOURCES), Vec::with_capacity(RESOURCES));
    // The last of a chain first: one resource stops for each call.
    for id in ids.iter().rev() {
        world.engine_time = Duration::ZERO;
        world.commit_mode = CommitMode::Hold;
        let call = world.call(offline(*id, 0, Vec::new()));
        decided.push(world.engine_time);
        world.commit_mode = CommitMode::Done;
        world.resolve_commits();
        whole.push(world.engine_time);
        assert_eq!(world.answer(call).status, Status::IO_PENDING);
    }
    for group in groups {
        assert_eq!(world.engine.view().group_state(group), Some(GroupState::Offline));
    }
    println!("{:<34} {:>22} {:>22}", layout.name, shown(&mut decided), shown(&mut whole));
}

fn shown(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |hundredth: usize| times[(times.len() * hundredth / 100).min(times.len() - 1)];
    format!("{:.1} / {:.1} us", at(50).as_secs_f64() * 1e6, at(99).as_secs_f64() * 1e6)
}
