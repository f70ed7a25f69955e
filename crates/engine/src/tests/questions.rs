//! Questions to resource types: asked as for an online, and what is said when nobody answers.

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::control::{function, object};
use mainstay_types::order::{News, RESOURCE_CONTROL, Report};
use mainstay_types::{ControlCode, HostId, ObjectId, ResourceId, ResourceState, Status};

use crate::command::Command;
use crate::input::{CallId, Input};
use crate::limits::{QUERY_TIMEOUT_MS, QUERY_USUAL_TIMEOUT_MS};
use crate::testing::{CheckReaction, Reaction, World};

const SET: u32 = object::RESOURCE | 1 << 22 | function::SET_PRIVATE_PROPERTIES;

fn control(id: ResourceId, code: u32, input: Vec<u8>) -> Command {
    let object = ObjectId::Resource(id);
    Command::Control { object, code: ControlCode(code), input, output_length_max: 1 << 20 }
}

fn list() -> PropertyList {
    PropertyList::new().with("Color", Value::Sz("red".into()))
}

fn set(world: &mut World, id: ResourceId) -> CallId {
    world.call(control(id, SET, list().to_bytes().unwrap()))
}

fn read(world: &mut World, id: ResourceId, function: u32) -> CallId {
    world.call(control(id, object::RESOURCE | function, Vec::new()))
}

/// What a call was answered; `None` while it waits.
fn status(world: &World, call: CallId) -> Option<Status> {
    world.answers.get(&call).map(|answer| answer.status)
}

fn stored(world: &World, id: ResourceId) -> PropertyList {
    world.engine.private_properties(&ObjectId::Resource(id)).unwrap()
}

/// A cluster with one resource, of the demonstration type where it has a host of its own.
fn world(own: bool) -> (World, ResourceId, HostId) {
    let mut world = World::default();
    let group = world.group("g");
    let id = world.resource_of_type(group, "r", "Generic Application", own.into());
    (world, id, if own { HostId::Own(id) } else { HostId::Pool })
}

#[test]
fn properties_are_asked_about_also_before_any_host_is_there() {
    for (verdict, expected) in [
        (CheckReaction::Yes, Status::SUCCESS),
        (CheckReaction::Unknown, Status::SUCCESS),
        (CheckReaction::No(Status::RESOURCE_PROPERTIES_STORED), Status::RESOURCE_PROPERTIES_STORED),
        (CheckReaction::No(Status::INVALID_PARAMETER), Status::INVALID_PARAMETER),
    ] {
        for own in [false, true] {
            // Its host has gone since; another one comes for the question.
            let (mut world, id, host) = world(own);
            world.kill_host(host);
            assert!(!world.is_held(id));
            world.behave(id).control = verdict;
            let call = set(&mut world, id);
            assert_eq!(status(&world, call), Some(expected), "{verdict:?}, own host: {own}");
            let is_set = stored(&world, id).get("Color").is_some();
            assert_eq!(is_set, expected != Status::INVALID_PARAMETER, "{verdict:?}");
            assert_eq!(world.state(id), ResourceState::Offline);
            assert!(world.is_held(id));
        }
    }
}

#[test]
fn a_question_waits_for_an_open_that_is_under_way() {
    let (mut world, id, host) = world(true);
    world.behave(id).open = Reaction::Hang;
    world.kill_host(host);
    assert_eq!(world.online(id), Status::IO_PENDING);
    world.behave(id).control = CheckReaction::No(Status::INVALID_PARAMETER);
    let call = set(&mut world, id);
    let formats = read(&mut world, id, function::GET_PRIVATE_PROPERTY_FMTS);
    assert_eq!((status(&world, call), status(&world, formats)), (None, None));
    world.end_order(id, Reaction::Done);
    assert_eq!(status(&world, call), Some(Status::INVALID_PARAMETER));
    assert_eq!(status(&world, formats), Some(Status::INVALID_PARAMETER));
}

#[test]
fn without_a_host_properties_are_kept_and_the_state_stays() {
    let (mut world, id, host) = world(true);
    world.kill_host(host);
    world.behave(id).open = Reaction::Fail;
    let call = set(&mut world, id);
    assert_eq!(status(&world, call), Some(Status::SUCCESS));
    assert!(stored(&world, id).get("Color").is_some());
    assert_eq!(world.state(id), ResourceState::Offline, "a question changes no state");
}

#[test]
fn what_is_failed_stays_so_when_its_type_is_asked() {
    let (mut world, id, host) = world(true);
    assert_eq!(world.online(id), Status::IO_PENDING);
    world.fail(id);
    assert_eq!(world.state(id), ResourceState::Failed);
    world.kill_host(host);
    let call = set(&mut world, id);
    assert_eq!(status(&world, call), Some(Status::SUCCESS));
    assert_eq!(world.state(id), ResourceState::Failed);
}

#[test]
fn who_looks_does_not_wait_for_a_type_that_is_silent() {
    let (mut world, id, _) = world(true);
    set(&mut world, id);
    world.behave(id).control = CheckReaction::Silent;
    let call = read(&mut world, id, function::GET_PRIVATE_PROPERTIES);
    assert_eq!(status(&world, call), None);
    world.pass_ms(QUERY_USUAL_TIMEOUT_MS);
    // The second time it is known.
    for call in [call, read(&mut world, id, function::GET_PRIVATE_PROPERTIES)] {
        let answer = world.answer(call);
        assert_eq!(answer.status, Status::SUCCESS);
        assert!(
            answer.text.contains("did not answer") && answer.text.contains("resource 'r'"),
            "{}",
            answer.text
        );
        assert_eq!(PropertyList::parse(&answer.output).unwrap(), list());
    }
    // Nothing stands in for a judgement.
    let code = object::RESOURCE | function::VALIDATE_PRIVATE_PROPERTIES;
    let call = world.call(control(id, code, list().to_bytes().unwrap()));
    world.pass_ms(QUERY_TIMEOUT_MS);
    assert_eq!(status(&world, call), Some(Status::RESOURCE_CALL_TIMED_OUT));
}

#[test]
fn a_silent_type_holds_up_nobody_elses_properties() {
    let (mut world, id, _) = world(true);
    let group = world.engine.view().model().resource(id).unwrap().group;
    let other = world.resource(group, "other");
    assert_eq!(world.online(id), Status::IO_PENDING);
    world.behave(id).control = CheckReaction::Silent;
    let waits = set(&mut world, id);
    let call = set(&mut world, other);
    assert_eq!((status(&world, waits), status(&world, call)), (None, Some(Status::SUCCESS)));
    world.pass_ms(QUERY_TIMEOUT_MS);
    let answer = world.answer(waits);
    assert_eq!(answer.status, Status::RESOURCE_CALL_TIMED_OUT);
    assert!(answer.text.contains("the type of resource 'r' did not"), "{}", answer.text);
    assert!(stored(&world, id).is_empty());

    // What does not run can be corrected without its type's word, and that is said.
    world.offline(id, 2);
    assert_eq!(world.state(id), ResourceState::Offline);
    let call = set(&mut world, id);
    world.pass_ms(QUERY_TIMEOUT_MS);
    assert_eq!(status(&world, call), Some(Status::RESOURCE_PROPERTIES_STORED));
    assert_eq!(stored(&world, id), list());
}

#[test]
fn a_host_that_hangs_in_a_question_is_replaced_and_the_resource_found_again() {
    for own in [false, true] {
        let (mut world, id, host) = world(own);
        assert_eq!(world.online(id), Status::IO_PENDING);
        world.behave(id).control = CheckReaction::Silent;
        let call = set(&mut world, id);
        let pid = world.engine.hosts.pid(host);
        let news = News::Deadlocked { call: RESOURCE_CONTROL.into() };
        let report = Report { sequence: 1000, resource: id, epoch: Default::default(), news };
        world.feed(Input::HostReport { host, report });
        assert_eq!(status(&world, call), Some(Status::RESOURCE_CALL_TIMED_OUT));
        assert_ne!(world.engine.hosts.pid(host), pid);
        assert_eq!(world.state(id), ResourceState::Online);
        assert!(world.runs(id));
    }
}

#[test]
fn another_host_for_what_runs_is_stored_for_its_next_online() {
    let (mut world, id, _) = world(false);
    let code = object::RESOURCE | 1 << 22 | function::SET_COMMON_PROPERTIES;
    let separate = |world: &mut World, number: u32| {
        let list = PropertyList::new().with("SeparateMonitor", Value::Dword(number));
        world.status(control(id, code, list.to_bytes().unwrap()))
    };
    assert_eq!(separate(&mut world, 1), Status::SUCCESS);
    assert_eq!(separate(&mut world, 0), Status::SUCCESS);
    assert_eq!(world.online(id), Status::IO_PENDING);
    assert_eq!(separate(&mut world, 1), Status::RESOURCE_PROPERTIES_STORED);
    assert_eq!(separate(&mut world, 0), Status::SUCCESS);
}
