//! StatusInformation: what follows from what types say, and that watchers are told.

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::event::EventKind;
use mainstay_types::status_information::{GroupStatusInformation, ResourceStatusInformation};
use mainstay_types::{GroupId, HostId, ObjectId, ResourceId, ResourceState};

use crate::command::{Command, Remark};
use crate::testing::{Reaction, World};

/// The bits of a resource and of its group that watchers were told since the last look, each in order.
fn told(world: &mut World) -> (Vec<u64>, Vec<u64>) {
    let mut told = (Vec::new(), Vec::new());
    for event in std::mem::take(&mut world.events) {
        let list = match event.kind {
            EventKind::ResourceCommonProperty => &mut told.0,
            EventKind::GroupCommonProperty => &mut told.1,
            _ => continue,
        };
        let properties = PropertyList::parse(&event.buffer).expect("a property list");
        let Some(Value::ULarge(bits)) = properties.get("StatusInformation") else { continue };
        list.push(*bits);
    }
    told
}

fn bits(world: &World, id: ResourceId, group: GroupId) -> (u64, u64) {
    (world.engine.resource_status(id).bits(), world.engine.group_status(group).bits())
}

#[test]
fn status_information_says_what_is_known() {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "x");
    world.resource(group, "other");
    assert_eq!(bits(&world, id, group), (0, 0));
    world.online(id);
    assert_eq!(bits(&world, id, group), (0, 0));
    told(&mut world);
    world.lock(id, true);
    assert_eq!(bits(&world, id, group), (0x1, 0x1));
    assert_eq!(told(&mut world), (vec![0x1], vec![0x1]));
    world.lock(id, false);
    assert_eq!(told(&mut world), (vec![0], vec![0]));
    world.hosts_start = false;
    world.kill_host(HostId::Pool);
    assert_eq!(bits(&world, id, group), (0x40, 0x100));
    assert_eq!(told(&mut world), (vec![0x40], vec![0x100]));
    world.hosts_start = true;
    world.pass_ms(300_000);
    assert_eq!(bits(&world, id, group), (0, 0));
    assert_eq!(told(&mut world), (vec![0], vec![0]));
}

/// What a type says counts while it can be true, and everybody is told of each change once.
#[test]
fn what_a_type_says_is_told_and_ends() {
    let (alive, ready) =
        (ResourceStatusInformation::OS_HEARTBEAT, ResourceStatusInformation::APPLICATION_READY);
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "vm");
    world.say(id, alive);
    assert_eq!(bits(&world, id, group), (0, 0), "what is offline has no heartbeat");
    world.online(id);
    told(&mut world);
    world.say(id, alive);
    world.say(id, alive | ready);
    world.say(id, alive | ready);
    assert_eq!(told(&mut world), (vec![0x80, 0x180], vec![0x200, 0x600]));
    world.say(id, alive | ResourceStatusInformation::NETWORK_FAILURE);
    assert_eq!(told(&mut world), (vec![0xA0], vec![0x280]));
    assert_eq!(world.glance(id).status_information, 0xA0);
    // A new service has it from the host.
    world.restart_service();
    assert_eq!(bits(&world, id, group), (0xA0, 0x280));
    told(&mut world);
    world.offline(id, 0);
    assert_eq!(bits(&world, id, group), (0, 0));
    assert_eq!(told(&mut world), (vec![0], vec![0]));
    world.online(id);
    assert_eq!(bits(&world, id, group), (0, 0), "it has to be said anew");
}

/// What there is too little of is said before the failure, and holds until the next try.
#[test]
fn too_little_of_something_is_why_it_failed() {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "vm");
    world.set(id, "RestartAction", 0);
    world.behave(id).online = Reaction::Hang;
    world.online(id);
    world.say(id, ResourceStatusInformation::INSUFFICIENT_MEMORY);
    assert_eq!(bits(&world, id, group), (0x8, 0x8));
    world.end_order(id, Reaction::Fail);
    assert_eq!(world.state(id), ResourceState::Failed);
    assert_eq!(bits(&world, id, group), (0x8, 0x8), "it is why");
    world.behave(id).online = Reaction::Done;
    world.online(id);
    assert_eq!((world.state(id), bits(&world, id, group)), (ResourceState::Online, (0, 0)));
}

/// What a group waits for is told as what its resources say.
#[test]
fn a_group_that_waits_says_so() {
    let mut world = World::default();
    let [first, second] = ["first", "second"].map(|name| world.group(name));
    for group in [first, second] {
        world.resource(group, &format!("in {group}"));
    }
    world.order(crate::group_set::OrderChange::AddGroup { group: second, provider: first });
    told(&mut world);
    let online =
        |group| Command::OnlineGroup { group, flags: 0, buffer: Vec::new(), remark: Remark::default() };
    world.status(online(second));
    let waits = GroupStatusInformation::WAITING_FOR_DEPENDENCIES.bits();
    assert_eq!(told(&mut world), (vec![], vec![waits]));
    world.status(online(first));
    assert_eq!(told(&mut world), (vec![], vec![0]));
}

/// After a reset a group says that its turn has not come.
#[test]
fn a_group_whose_turn_has_not_come_says_so() {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource(group, "x");
    world.online(id);
    world.set_of(ObjectId::Group(group), "GroupStartDelay", 60);
    world.reboot();
    let waits = GroupStatusInformation::WAITING_TO_START.bits();
    assert_eq!(world.engine.group_status(group).bits(), waits);
    told(&mut world);
    world.pass_ms(60_000);
    assert_eq!(world.state(id), ResourceState::Online);
    assert_eq!(told(&mut world), (vec![], vec![0]));
}
