//! How long the engine takes to say where everything is to be, without a service around it.
//!
//! The cluster is made as a database and read by an engine; what is timed is the reading of the model into placement's
//! input and the decisions, as a service would do them. One group has one resource, as with virtual machines: the most
//! groups that so many resources can be in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mainstay_engine::input::{Input, Now, Start};
use mainstay_engine::model::layout::{self, OwnerRecord};
use mainstay_engine::placement::{Plan, Situation, Step, decide};
use mainstay_engine::{Config, Engine, Genesis, genesis};
use mainstay_store::registry::{Changes, Tree, Value};
use mainstay_store::{KeyValue, Op, Revision};
use mainstay_types::{ClusterId, GroupId, GroupState, Name, NodeId, NodeState, ResourceId};
use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

use crate::Result;
use crate::report::{Measured, Point, Row};

const NODES: u32 = 64;
const RESOURCES: [u32; 4] = [1_000, 2_000, 4_000, 8_000];

/// What a node has, and what a group declares: 125 groups of 2 GiB on a node of 512 GiB, with room for a lost one.
const NODE_MEMORY_MIB: u32 = 512 * 1024;
const GROUP_MEMORY_MIB: u32 = 2 * 1024;
const NODE_CPU_PERCENT: u32 = 12_800;
const GROUP_CPU_PERCENT: u32 = 50;
/// Groups of one anti-affinity class: a replicated service has about so many copies.
const CLASS_OF: u32 = 5;
/// Each so many-th group may be on the first half of the nodes only.
const RESTRICTED_EVERY: u32 = 10;

const FULL_GOAL: Duration = Duration::from_secs(1);
const LOST_GOAL: Duration = Duration::from_millis(50);

/// Row `placement`.
pub(crate) fn measure(rounds: u32) -> Result<Row> {
    let points: Vec<Point> = RESOURCES.iter().map(|count| point(*count, rounds)).collect::<Result<_>>()?;
    let within = |ms: f64, goal: Duration| ms < goal.as_secs_f64() * 1e3;
    let is_reached =
        points.last().is_some_and(|last| within(last.full_ms, FULL_GOAL) && within(last.lost_ms, LOST_GOAL));
    Ok(Row {
        name: "placement",
        what: format!(
            "Placement on {NODES} nodes, one resource in a group, in processor time; reading the model is part of it"
        ),
        floor_is: String::new(),
        goal_is: "8,000 resources: everything under 1 s, one node lost under 50 ms",
        measured: Measured::Growth { points },
        is_reached: Some(is_reached),
    })
}

fn point(resources: u32, rounds: u32) -> Result<Point> {
    let engine = engine(resources)?;
    let (mut full, mut lost, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        // Nothing runs, and nobody owns anything.
        let (mut empty, reading) = read_model(&engine);
        empty.groups.iter_mut().for_each(|group| group.owner = None);
        let (plan, deciding) = timed(&empty);
        read.push(reading);
        full.push(reading + deciding);
        let places: BTreeMap<GroupId, NodeId> =
            plan.actions().filter_map(|one| Some((one.group.id, one.step.target()?.id))).collect();
        if places.len() != empty.groups.len() {
            return Err("placement left groups without a node".into());
        }

        // Everything runs where it was placed, and one node is lost.
        let (mut running, reading) = read_model(&engine);
        for group in &mut running.groups {
            (group.owner, group.state) = (places.get(&group.id).copied(), GroupState::Online);
        }
        running.nodes[0].membership = NodeState::Down;
        let (plan, deciding) = timed(&running);
        lost.push(reading + deciding);
        let on_it = places.values().filter(|node| **node == running.nodes[0].id).count();
        let moved = plan.actions().filter(|one| matches!(one.step, Step::Move { .. })).count();
        if on_it == 0 || moved != on_it {
            return Err(format!("{on_it} groups lost their node, and {moved} were placed").into());
        }
    }
    Ok(Point { resources, read_ms: median_ms(read), full_ms: median_ms(full), lost_ms: median_ms(lost) })
}

fn timed(situation: &Situation) -> (Plan, Duration) {
    let begun = processor_time();
    let plan = decide(situation);
    (plan, processor_time().saturating_sub(begun))
}

/// What this thread has used of a processor so far. Nothing here waits for anything but a processor, so this is the wall
/// time of a machine that is not shared, whatever the neighbours do.
fn processor_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}

/// Placement's input from the model, as if every node were up and every group to be online and offline.
fn read_model(engine: &Engine) -> (Situation, Duration) {
    let begun = processor_time();
    let mut situation = engine.view().situation(None);
    let reading = processor_time().saturating_sub(begun);
    for node in &mut situation.nodes {
        node.membership = NodeState::Up;
    }
    for group in &mut situation.groups {
        (group.state, group.wanted) = (GroupState::Offline, true);
    }
    (situation, reading)
}

/// An engine that has read such a database.
fn engine(resources: u32) -> Result<Engine> {
    let node_name = |number: u32| Name::parse(&format!("node{number:02}"));
    let first = Genesis {
        cluster_name: Name::parse("bench")?,
        cluster_id: ClusterId(Uuid::from_u128(1)),
        security_descriptor: Vec::new(),
        node: NodeId(1),
        node_name: node_name(1)?,
        unix_ms: 1,
    };
    let mut ops: Vec<Op> = genesis(&first)?.into_iter().flat_map(|one| one.then).collect();
    let mut tree = Tree::new();
    let revision = Revision { generation: 1, revision: 1 };
    tree.apply_committed(&ops, revision)?;
    let mut changes = Changes::new(&tree, 1);
    for number in 1..=NODES {
        let path = layout::node_path(NodeId(number))?;
        changes.create_key(&path)?;
        changes.set_value(&path, layout::NODE_NAME, Value::Sz(node_name(number)?.to_string()))?;
        changes.set_value(&path, "MemoryCapacityMib", Value::Dword(NODE_MEMORY_MIB))?;
        changes.set_value(&path, "CpuCapacityPercent", Value::Dword(NODE_CPU_PERCENT))?;
    }
    let mut owners = Vec::new();
    for number in 0..resources {
        let group = GroupId(Uuid::from_u128(0x1_0000 + u128::from(number)));
        let path = layout::group_path(group)?;
        changes.create_key(&path)?;
        changes.set_value(&path, layout::NAME, Value::Sz(format!("vm{number}")))?;
        changes.set_value(&path, layout::PERSISTENT_STATE, Value::Dword(1))?;
        changes.set_value(&path, "Priority", Value::Dword(1_000 + 1_000 * (number % 3)))?;
        changes.set_value(&path, "DeclaredMemoryMib", Value::Dword(GROUP_MEMORY_MIB))?;
        changes.set_value(&path, "DeclaredCpuPercent", Value::Dword(GROUP_CPU_PERCENT))?;
        let class = format!("service{}", number / CLASS_OF);
        changes.set_value(&path, "AntiAffinityClassNames", Value::MultiSz(vec![class]))?;
        let preferred = [number % NODES + 1, (number / NODES) % NODES + 1].map(|node| node.to_string());
        changes.set_value(&path, layout::PREFERRED_OWNERS, Value::MultiSz(preferred.to_vec()))?;
        let resource =
            layout::resource_path(ResourceId(Uuid::from_u128(0x1_0000_0000 + u128::from(number))))?;
        changes.create_key(&resource)?;
        changes.set_value(&resource, layout::NAME, Value::Sz(format!("machine{number}")))?;
        changes.set_value(&resource, layout::TYPE, Value::Sz(layout::GENERIC_APPLICATION.into()))?;
        changes.set_value(&resource, layout::GROUP, Value::Sz(group.to_string()))?;
        if number % RESTRICTED_EVERY == 0 {
            let possible = (1..=NODES / 2).map(|node| node.to_string()).collect();
            changes.set_value(&resource, layout::POSSIBLE_OWNERS, Value::MultiSz(possible))?;
        }
        let owner =
            OwnerRecord { generation: 1, epoch: 1, node: NodeId(number % NODES + 1), boot: String::new() };
        owners.push(Op::put(layout::owner_key(group), owner.to_bytes()));
    }
    ops.extend(changes.into_parts().1);
    ops.extend(owners);
    let mut snapshot: BTreeMap<Vec<u8>, KeyValue> = BTreeMap::new();
    for op in ops {
        if let Op::Put { key, value, .. } = op {
            let entry = KeyValue {
                key: key.clone(),
                value,
                create_revision: revision,
                mod_revision: revision,
                lease: None,
            };
            snapshot.insert(key, entry);
        }
    }
    let start = Start {
        snapshot: snapshot.into_values().collect(),
        revision,
        boot: "boot".into(),
        leaves: Vec::new(),
        hosts: Vec::new(),
        last_operation_number: 0,
        ended: BTreeSet::new(),
        deleted: BTreeSet::new(),
        marked: BTreeSet::new(),
    };
    let mut engine = Engine::new(Config { node: NodeId(1), node_name: node_name(1)?, strict_cmrp: false });
    engine.handle(Input::Started(Box::new(start)), Now { steady_ms: 1, unix_ms: 1 });
    match engine.view().model().resource_count() {
        read if read == resources as usize => Ok(engine),
        read => Err(format!("the engine has read {read} of {resources} resources").into()),
    }
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
