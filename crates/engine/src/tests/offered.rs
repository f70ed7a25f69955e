//! Types that a node offers by itself become types of the cluster.

use mainstay_types::event::EventKind;
use mainstay_types::offer::Offer;
use mainstay_types::{Name, ResourceId, Status};

use crate::command::Command;
use crate::input::Input;
use crate::limits::{OFFERS_AT_ONCE_MAX, OFFERS_PAUSE_MS};
use crate::testing::{CommitMode, World};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn offer(text: &str) -> Offer {
    Offer { name: name(text), is_contained: text.ends_with("Dummy") }
}

fn types(world: &World) -> Vec<String> {
    world.engine.model.resource_types().map(|found| found.name.to_string()).collect()
}

#[test]
fn what_is_offered_is_a_type_also_after_a_crash_and_is_told_once() {
    let mut world = World::default();
    world.settle();
    let before = types(&world);
    let many: Vec<Offer> =
        (0..3 * OFFERS_AT_ONCE_MAX).map(|number| offer(&format!("ocf:x:T{number}"))).collect();
    world.feed(Input::TypesOffered([many.clone(), vec![offer("ocf:heartbeat:Dummy")]].concat()));
    world.settle();
    let made = types(&world);
    assert_eq!(made.len(), before.len() + many.len() + 1);
    let is_contained = |text: &str| world.engine.model.resource_type(&name(text)).unwrap().is_contained;
    assert_eq!((is_contained("ocf:heartbeat:Dummy"), is_contained("OCF:X:t1")), (true, false));
    let told = world.events.iter().filter(|event| event.kind == EventKind::ClusterResourceTypeAdded);
    assert_eq!(told.count(), many.len() + 1);
    world.restart_service();
    world.feed(Input::TypesOffered(many));
    world.settle();
    assert_eq!(types(&world), made);
}

#[test]
fn a_type_is_deleted_when_no_node_offers_it_any_more() {
    let mut world = World::default();
    world.settle();
    let delete = || Command::DeleteResourceType { name: name("ocf:x:Gone") };
    world.feed(Input::TypesOffered(vec![offer("ocf:x:Gone")]));
    world.settle();
    assert_eq!(world.status(delete()), Status::CORE_RESOURCE);
    world.feed(Input::TypesOffered(vec![]));
    world.settle();
    assert!(types(&world).contains(&"ocf:x:Gone".to_owned()), "a type stays when its agent goes");
    assert_eq!(world.status(delete()), Status::SUCCESS);
}

#[test]
fn what_could_not_be_written_is_written_later() {
    let mut world = World::default();
    world.settle();
    world.commit_mode = CommitMode::Fail;
    world.feed(Input::TypesOffered(vec![offer("ocf:x:One")]));
    world.settle();
    assert!(!types(&world).contains(&"ocf:x:One".to_owned()));
    world.commit_mode = CommitMode::Done;
    world.pass_ms(OFFERS_PAUSE_MS);
    assert!(types(&world).contains(&"ocf:x:One".to_owned()));
}

#[test]
fn who_asks_for_a_type_that_is_just_being_made_waits_for_it() {
    let mut world = World::default();
    let group = world.group("g");
    world.commit_mode = CommitMode::Hold;
    world.feed(Input::TypesOffered(vec![offer("ocf:x:One")]));
    let id = ResourceId(world.fresh());
    let type_name = "ocf:x:One".to_owned();
    let create = Command::CreateResource { id, group, name: "r".into(), type_name, flags: 0 };
    let call = world.call(create);
    world.commit_mode = CommitMode::Done;
    world.resolve_commits();
    world.settle();
    assert_eq!(world.answer(call).status, Status::SUCCESS);
}
