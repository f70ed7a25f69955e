//! What runs and is not in the database, which is older than that then.

use std::collections::BTreeSet;

use mainstay_types::{Epoch, GroupId, Name, NodeId, ResourceId};
use uuid::Uuid;

use crate::input::{Input, LeafSeen, Start};
use crate::testing::World;
use crate::{Config, Engine};

#[test]
fn what_runs_and_is_not_in_the_database_is_known_by_its_leaf_and_its_mark() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    let copy = world.copy_of_database();
    let (snapshot, revision) = (copy.entries, copy.revision);
    let later = ResourceId(Uuid::from_u128(77));
    let later_group = GroupId(Uuid::from_u128(78));
    let leaf = |populated| LeafSeen { populated, floor: Epoch::default() };
    let none: &[ResourceId] = &[];
    for (what, leaves, marked, deleted, unknown) in [
        ("nothing", vec![], none, none, none),
        ("what is known", vec![(group, app, leaf(true))], &[app], none, none),
        ("an empty leaf", vec![(later_group, later, leaf(false))], none, none, none),
        ("a leaf", vec![(later_group, later, leaf(true))], none, none, &[later]),
        ("a leaf in a known group", vec![(group, later, leaf(true))], none, none, &[later]),
        ("a mark", vec![], &[later], none, &[later]),
        ("both", vec![(group, later, leaf(true))], &[later], none, &[later]),
        ("a rest of what was deleted", vec![(group, later, leaf(true))], &[later], &[later], none),
    ] {
        let node_name = Name::parse("alpha").unwrap();
        let mut engine = Engine::new(Config { node: NodeId(1), node_name, strict_cmrp: false });
        let set = |ids: &[ResourceId]| ids.iter().copied().collect::<BTreeSet<_>>();
        let start = Start {
            snapshot: snapshot.clone(),
            revision,
            boot: "boot-1".into(),
            leaves,
            hosts: Vec::new(),
            last_operation_number: 0,
            ended: BTreeSet::new(),
            deleted: set(deleted),
            marked: set(marked),
        };
        engine.handle(Input::Started(Box::new(start)), world.now);
        assert_eq!(engine.view().unknown_running(), set(unknown), "{what}");
    }
}
