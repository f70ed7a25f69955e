//! What the engine tells placement, and what it asks of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_store::Op;
use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_types::{GroupId, GroupState, NodeId, NodeState, ResourceState, Status};
use uuid::Uuid;

use crate::model::layout;
use crate::placement::{
    Activity, Capacity, Demand, Failback, Group, GroupTerms, Limits, Objection, Step, Wish,
};
use crate::testing::World;

/// Writes values as a committed transaction would have. The world's store does not learn of it.
pub(crate) fn write(world: &mut World, values: &[(KeyPath, &str, Value)]) {
    let model = &world.engine.model;
    let mut changes = Changes::new(model.tree(), 1);
    for (path, name, value) in values {
        changes.create_key(path).unwrap();
        changes.set_value(path, name, value.clone()).unwrap();
    }
    let ops: Vec<Op> = changes.into_parts().1;
    let mut revision = model.tree().revision();
    revision.revision += 1;
    world.engine.model.apply(&ops, revision).unwrap();
}

fn texts(all: &[&str]) -> Value {
    Value::MultiSz(all.iter().map(|text| (*text).to_owned()).collect())
}

/// A node that is down.
pub(crate) fn add_node(world: &mut World, id: u32, name: &str) {
    let path = layout::node_path(NodeId(id)).unwrap();
    write(world, &[(path, layout::NODE_NAME, Value::Sz(name.into()))]);
}

#[test]
fn with_one_node_there_is_no_other() {
    let mut world = World::new(false);
    let group = world.group("web");
    let resource = world.resource(group, "server");
    assert_eq!(world.online(resource), Status::IO_PENDING);
    let refused = world.engine.failover_target(group).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "'web' stays on alpha: no other node can take it, although it failed there for good; \
         alpha is the node that it is to leave"
    );
    assert_eq!(refused.table.len(), 1);
    assert_eq!(refused.table[0].objections, [Objection::ToLeave]);

    add_node(&mut world, 2, "beta");
    let refused = world.engine.failover_target(group).unwrap_err();
    assert_eq!(refused.table[1].objections, [Objection::Down]);
    assert!(refused.to_string().ends_with("; beta is down"), "{refused}");

    let nobody = GroupId(Uuid::nil());
    assert_eq!(
        world.engine.failover_target(nobody).unwrap_err().to_string(),
        format!("there is no group {nobody}")
    );
}

#[test]
fn another_node_that_is_up_takes_the_group() {
    let mut world = World::new(false);
    let group = world.group("web");
    let resource = world.resource(group, "server");
    assert_eq!(world.online(resource), Status::IO_PENDING);
    add_node(&mut world, 2, "beta");
    // Seen from the other node, whose own view of the first one is that it is gone.
    world.engine.config.node = NodeId(2);
    assert_eq!(world.engine.failover_target(group), Ok(NodeId(2)));
    let plan = world.engine.view().placement(None);
    assert_eq!(
        plan.of(group).unwrap().to_string(),
        "'web' moves from alpha to beta: alpha is down; beta is the only node that can take it"
    );

    let path = layout::resource_path(resource).unwrap();
    write(&mut world, &[(path, layout::POSSIBLE_OWNERS, texts(&["1"]))]);
    let refused = world.engine.failover_target(group).unwrap_err();
    assert_eq!(refused.table[1].objections, [Objection::NotPossibleOwner]);
}

#[test]
fn the_model_is_read_as_it_is() {
    let mut world = World::new(false);
    let group = world.group("web");
    let (one, two) = (world.resource(group, "one"), world.resource(group, "two"));
    add_node(&mut world, 2, "beta");
    let plain = world.engine.view().situation(Some(7));
    let expected = Group {
        owner: Some(NodeId(1)),
        wanted: false,
        starts_itself: false,
        state: GroupState::Offline,
        ..super::group(group.0.as_u128(), "web")
    };
    assert_eq!(plain.groups, std::slice::from_ref(&expected));
    assert_eq!(plain.local_hour, Some(7));
    assert_eq!(plain.limits, Limits::default());
    assert!(!plain.enforced_anti_affinity);

    assert_eq!(world.online(one), Status::IO_PENDING);
    let (root, group_path) = (KeyPath::root(), layout::group_path(group).unwrap());
    let node_path = layout::node_path(NodeId(2)).unwrap();
    let owners = |id| layout::resource_path(id).unwrap();
    write(
        &mut world,
        &[
            (root.clone(), "ClusterEnforcedAntiAffinity", Value::Dword(1)),
            (root.clone(), "PreferredSite", Value::Sz("east".into())),
            (root.clone(), "StartsAtOncePerNode", Value::Dword(1)),
            (root.clone(), "MovesAtOncePerNode", Value::Dword(2)),
            (root.clone(), "StartsAtOncePerStorage", Value::Dword(3)),
            (root, "MovesAtOncePerStorage", Value::Dword(0)),
            (node_path.clone(), "MemoryCapacityMib", Value::Dword(4_096)),
            (node_path.clone(), "FaultDomain", texts(&["Site:east", "Rack:4"])),
            (node_path, "StatusInformation", Value::Dword(0x26)),
            (group_path.clone(), "Priority", Value::Dword(3_000)),
            (group_path.clone(), "DefaultOwner", Value::Dword(2)),
            (group_path.clone(), layout::PREFERRED_OWNERS, texts(&["2", "1"])),
            (group_path.clone(), "AntiAffinityClassNames", texts(&["dc"])),
            (group_path.clone(), "LockedFromMoving", Value::Dword(1)),
            (group_path.clone(), "AutoFailbackType", Value::Dword(1)),
            (group_path.clone(), "FailbackWindowStart", Value::Dword(22)),
            (group_path.clone(), "FailbackWindowEnd", Value::Dword(5)),
            (group_path.clone(), "DeclaredMemoryMib", Value::Dword(512)),
            (group_path.clone(), "DeclaredCpuPercent", Value::Dword(150)),
            (group_path.clone(), "PreferredSite", Value::Sz("west".into())),
            (group_path, "StorageNames", texts(&["san"])),
            (owners(one), layout::POSSIBLE_OWNERS, texts(&["1", "2"])),
            (owners(two), layout::POSSIBLE_OWNERS, texts(&["2", "3"])),
        ],
    );
    let full = world.engine.view().situation(None);
    assert_eq!(
        full.groups,
        [Group {
            wanted: true,
            state: GroupState::PartialOnline,
            activity: Activity::None,
            possible: Some(BTreeSet::from([NodeId(2)])),
            terms: Arc::new(GroupTerms {
                priority: 3_000,
                default_owner: Some(NodeId(2)),
                preferred: vec![NodeId(2), NodeId(1)],
                anti_affinity: vec!["dc".into()],
                locked: true,
                failback: Failback::Between { start: 22, end: 5 },
                demand: Demand { memory_mib: 512, cpu_percent: 150 },
                preferred_site: Some("west".into()),
                storages: vec!["san".into()],
            }),
            wish: Wish::None,
            ..expected
        }]
    );
    assert!(full.enforced_anti_affinity);
    assert_eq!(full.preferred_site.as_deref(), Some("east"));
    assert_eq!(
        full.limits,
        Limits {
            starts_per_node: Some(1),
            moves_per_node: Some(2),
            starts_per_storage: Some(3),
            moves_per_storage: None
        }
    );
    let [alpha, beta] = &full.nodes[..] else { panic!("{:?}", full.nodes) };
    assert_eq!((alpha.membership, beta.membership), (NodeState::Up, NodeState::Down));
    assert_eq!((alpha.capacity, alpha.draining), (Capacity::default(), false));
    assert_eq!(beta.capacity, Capacity { memory_mib: Some(4_096), cpu_percent: None });
    assert_eq!((beta.quarantined, beta.draining, beta.avoid_placement), (true, true, true));
    assert_eq!(beta.site.as_deref(), Some("east"));
    assert_eq!(beta.fault_domain.as_deref(), Some("Site:east/Rack:4"));

    let explained = world.engine.view().explain_placement(group, None).unwrap();
    assert!(matches!(explained.decision.step, Step::Stay { .. }), "{explained}");
    assert_eq!(explained.decision.table.len(), 2);
    assert_eq!(world.state(one), ResourceState::Online);
}

#[test]
fn a_group_that_starts_counts_as_starting() {
    let mut world = World::new(false);
    let group = world.group("web");
    let resource = world.resource(group, "server");
    world.behave(resource).online = crate::testing::Reaction::Hang;
    assert_eq!(world.online(resource), Status::IO_PENDING);
    assert_eq!(world.state(resource), ResourceState::OnlinePending);
    let situation = world.engine.view().situation(None);
    assert_eq!(situation.groups[0].activity, Activity::Starting);
    assert_eq!(situation.groups[0].state, GroupState::Pending);
}
