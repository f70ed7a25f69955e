//! Whoever changes the value of a common property, read-only ones too, watchers are told of it: once, and what is true.

use std::collections::BTreeMap;

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::control::{RESOURCE_SET_MAINTENANCE_MODE, function};
use mainstay_types::event::EventKind;
use mainstay_types::property::PropertyAccess;
use mainstay_types::{ControlCode, GroupId, NodeId, ObjectId, OfflineFlags, ResourceId, Status};

use super::scenarios::stack;
use crate::command::{Command, Remark};
use crate::group_set::OrderChange;
use crate::testing::{Reaction, World};

/// The one that is not told: which process a resource is in follows from its host, and programs ask for it.
const NOT_TOLD: &str = "MonitorProcessId";

type Values = BTreeMap<(ObjectId, String), Value>;

fn values(world: &World) -> Values {
    let model = world.engine.view().model();
    let mut objects = vec![ObjectId::Cluster];
    objects.extend(model.nodes().map(|found| ObjectId::Node(found.id)));
    objects.extend(model.groups().map(|found| ObjectId::Group(found.id)));
    objects.extend(model.resources().map(|found| ObjectId::Resource(found.id)));
    objects.extend(model.resource_types().map(|found| ObjectId::ResourceType(found.name.clone())));
    objects.extend(model.group_sets().map(|found| ObjectId::GroupSet(found.id)));
    let mut values = Values::new();
    for object in objects {
        for access in [PropertyAccess::ReadWrite, PropertyAccess::ReadOnly] {
            let list = world.engine.common_properties(&object, access).expect("its properties");
            for property in list.iter().filter(|property| property.name() != NOT_TOLD) {
                let value = property.value().expect("a value").clone();
                values.insert((object.clone(), property.name().to_owned()), value);
            }
        }
    }
    values
}

/// What watchers were told since the last look, the last value of each.
fn told(world: &mut World) -> Values {
    let mut told = Values::new();
    for event in std::mem::take(&mut world.events) {
        let is_common = matches!(
            event.kind,
            EventKind::ClusterCommonProperty
                | EventKind::NodeCommonProperty
                | EventKind::GroupCommonProperty
                | EventKind::ResourceCommonProperty
                | EventKind::ResourceTypeCommonProperty
                | EventKind::GroupSetCommonProperty
        );
        if !is_common {
            continue;
        }
        let list = PropertyList::parse(&event.buffer).expect("a property list");
        for property in &list {
            let value = property.value().expect("a value").clone();
            told.insert((event.object.clone(), property.name().to_owned()), value);
        }
    }
    told
}

struct Cast {
    world: World,
    group: GroupId,
    ids: [ResourceId; 3],
}

type Step = fn(&mut Cast) -> Status;

fn remark() -> Remark {
    Remark::default()
}

fn group_offline(cast: &mut Cast) -> Status {
    let command = Command::OfflineGroup { group: cast.group, flags: 0, buffer: vec![], remark: remark() };
    cast.world.status(command)
}

fn maintain(cast: &mut Cast, on: bool) -> Status {
    let (object, input) = (ObjectId::Resource(cast.ids[1]), u32::from(on).to_le_bytes().to_vec());
    let code = RESOURCE_SET_MAINTENANCE_MODE;
    cast.world.status(Command::Control { object, code, input, output_length_max: 0 })
}

/// Each step, and whether its call changes something that there is to tell.
const STEPS: &[(&str, Step, bool)] = &[
    ("online of one", |cast| cast.world.online(cast.ids[0]), true),
    ("online of it again", |cast| cast.world.online(cast.ids[0]), false),
    (
        "offline without a word",
        |cast| cast.world.offline(cast.ids[0], OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE.bits()),
        false,
    ),
    ("offline with one", |cast| cast.world.offline(cast.ids[0], 0), true),
    (
        "group online",
        |cast| {
            let command =
                Command::OnlineGroup { group: cast.group, flags: 0, buffer: vec![], remark: remark() };
            cast.world.status(command)
        },
        true,
    ),
    (
        "a vetoed offline",
        |cast| {
            cast.world.behave(cast.ids[2]).offline = Reaction::Veto;
            let status = cast.world.offline(cast.ids[2], 0);
            cast.world.behave(cast.ids[2]).offline = Reaction::Done;
            status
        },
        true,
    ),
    ("maintenance of what is online", |cast| maintain(cast, true), true),
    ("and its end", |cast| maintain(cast, false), true),
    (
        "a failure",
        |cast| {
            cast.world.fail(cast.ids[1]);
            Status::SUCCESS
        },
        true,
    ),
    (
        "its restart",
        |cast| {
            cast.world.pass_ms(5_000);
            Status::SUCCESS
        },
        false,
    ),
    (
        "a lock",
        |cast| {
            cast.world.lock(cast.ids[1], true);
            cast.world.lock(cast.ids[1], false);
            cast.world.lock(cast.ids[1], true);
            Status::SUCCESS
        },
        true,
    ),
    (
        "and its end",
        |cast| {
            cast.world.lock(cast.ids[1], false);
            Status::SUCCESS
        },
        true,
    ),
    ("group offline", group_offline, true),
    (
        "a value of the group that its resources have too",
        |cast| {
            cast.world.set_of(ObjectId::Group(cast.group), "PersistentState", 1);
            Status::SUCCESS
        },
        true,
    ),
    (
        "the same value",
        |cast| {
            cast.world.set_of(ObjectId::Group(cast.group), "PersistentState", 1);
            Status::SUCCESS
        },
        false,
    ),
    (
        "a value that resources have from their type",
        |cast| {
            let types: Vec<_> = cast.world.engine.view().model().resource_types().cloned().collect();
            for of in types {
                cast.world.set_of(ObjectId::ResourceType(of.name), "PendingTimeout", 77_000);
            }
            Status::SUCCESS
        },
        true,
    ),
    (
        "names",
        |cast| {
            let (resource, group) = (cast.ids[0], cast.group);
            let renames = [
                Command::RenameResource { resource, name: "disk2".into() },
                Command::RenameGroup { group, name: "g2".into() },
                Command::RenameCluster { name: "other".into() },
            ];
            renames.map(|command| cast.world.status(command))[2]
        },
        true,
    ),
    (
        "a pause",
        |cast| {
            let node = NodeId(1);
            cast.world.status(Command::PauseNode { node, flags: 0, drain: None, remark: remark() })
        },
        false,
    ),
    (
        "a cluster's property",
        |cast| {
            cast.world.set_of(ObjectId::Cluster, "StartsAtOncePerNode", 3);
            Status::SUCCESS
        },
        true,
    ),
    (
        "a set's",
        |cast| {
            let set = cast.world.group_set("S");
            cast.world.order(OrderChange::Join { group: cast.group, set, moves: false });
            told(&mut cast.world);
            cast.world.set_of(ObjectId::GroupSet(set), "StartupDelay", 3);
            Status::SUCCESS
        },
        true,
    ),
    (
        "a node's",
        |cast| {
            let (object, code) =
                (ObjectId::Node(NodeId(1)), ControlCode(0x40_0000 | function::SET_COMMON_PROPERTIES));
            let input = PropertyList::new().with("Description", "the first").to_bytes().expect("a list");
            cast.world.status(Command::Control { object, code, input, output_length_max: 0 })
        },
        true,
    ),
];

#[test]
fn every_change_of_a_common_property_is_told() {
    let mut world = World::default();
    let (group, ids) = stack(&mut world);
    let mut cast = Cast { world, group, ids };
    for (what, step, is_change) in STEPS {
        let before = values(&cast.world);
        cast.world.events.clear();
        let status = step(&mut cast);
        assert!(matches!(status, Status::SUCCESS | Status::IO_PENDING), "{what}: {status}");
        cast.world.settle();
        let (after, told) = (values(&cast.world), told(&mut cast.world));
        for (of, value) in &after {
            let is_told = told.get(of);
            if before.get(of).is_some_and(|before| before != value) {
                assert_eq!(is_told, Some(value), "{what}: {of:?} was {:?}", before.get(of));
            }
            assert!(
                is_told.is_none_or(|told| told == value),
                "{what}: {of:?} is {value:?}, told {is_told:?}"
            );
        }
        assert_eq!(!told.is_empty(), *is_change, "{what}: {told:?}");
    }
}

/// StatusInformation has no bit for the maintenance of what is offline; whoever shows it is told all the same.
#[test]
fn maintenance_of_what_is_offline_is_told() {
    let mut world = World::default();
    let (group, ids) = stack(&mut world);
    let mut cast = Cast { world, group, ids };
    for on in [true, false] {
        cast.world.events.clear();
        assert_eq!(maintain(&mut cast, on), Status::SUCCESS);
        let kinds = |event: &&mainstay_types::event::Event| event.kind == EventKind::ResourceCommonProperty;
        assert_eq!(cast.world.events.iter().filter(kinds).count(), 1, "{on}");
    }
}
