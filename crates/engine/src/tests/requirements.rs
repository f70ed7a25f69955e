//! What types require, and what becomes of resources that lack it.

use mainstay_proplist::{RequiredDependency, ValueList};
use mainstay_types::operation::End;
use mainstay_types::order::Step;
use mainstay_types::{Name, ResourceState, Status};

use crate::command::Command;
use crate::limits::QUERY_USUAL_TIMEOUT_MS;
use crate::testing::World;

const REQUIRED: u32 = 0x0200_0011;
const CLASS: u32 = 0x0200_000D;
const STORAGE: u32 = 1;

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// `Share` requires a resource of the type `Disk` and one of class storage; `Disk` is of that class.
fn world() -> World {
    world_of(false)
}

fn world_of(strict_cmrp: bool) -> World {
    let mut world = World::new(strict_cmrp);
    for type_name in ["Share", "Disk", "Other"] {
        world.library_type(type_name);
    }
    let required = [RequiredDependency::Type("disk".into()), RequiredDependency::Class(STORAGE)];
    let list = ValueList::of_required_dependencies(&required).expect("a list").to_bytes().expect("bytes");
    world.type_answers.insert((name("Share"), REQUIRED), Some(list));
    let class = [STORAGE.to_le_bytes(), [0; 4]].concat();
    world.type_answers.insert((name("Disk"), CLASS), Some(class));
    world
}

#[test]
fn what_is_required_has_to_be_depended_on_whichever_alternative_serves() {
    for (expression, is_met) in [
        ("", false),
        ("[other]", false),
        ("[disk]", true),
        ("[disk] or [spare]", true),
        ("[disk] or [other]", false),
        ("([disk] or [other]) and ([spare])", true),
    ] {
        for restarts in [false, true] {
            let mut world = world();
            let group = world.group("g");
            let share = world.resource_of_type(group, "share", "Share", 0);
            world.resource_of_type(group, "disk", "Disk", 0);
            world.resource_of_type(group, "spare", "Disk", 0);
            world.resource_of_type(group, "other", "Other", 0);
            world.depend_on(share, expression);
            if restarts {
                world.restart_service();
            }
            assert_eq!(world.online(share), Status::IO_PENDING, "{expression}");
            let end = world.last_record().end.clone();
            let has_started = world.steps(share).contains(&Step::Start);
            if is_met {
                assert_eq!((end, has_started), (Some(End::Done), true), "{expression}");
                assert_eq!(world.state(share), ResourceState::Online, "{expression}");
                continue;
            }
            let Some(End::Failed(cause)) = end else { panic!("{expression}: {end:?}") };
            assert_eq!((cause.status, has_started), (Status::DEPENDENCY_NOT_FOUND, false), "{expression}");
            assert!(cause.text.contains("with: mainstay resource depend share PROVIDER"), "{}", cause.text);
            assert_eq!(world.state(share), ResourceState::Failed, "{expression}");
            // With what it lacked it goes online.
            world.depend_on(share, "[disk]");
            world.online(share);
            assert_eq!(world.state(share), ResourceState::Online, "{expression}");
        }
    }
}

#[test]
fn a_type_that_is_silent_requires_nothing_and_is_asked_again() {
    let mut world = world();
    let group = world.group("g");
    let share = world.resource_of_type(group, "share", "Share", 0);
    let list = world.type_answers.insert((name("Share"), REQUIRED), None);
    assert_eq!(world.online(share), Status::IO_PENDING);
    assert_eq!(world.state(share), ResourceState::OnlinePending);
    world.pass_ms(QUERY_USUAL_TIMEOUT_MS);
    assert_eq!(world.state(share), ResourceState::Online);
    world.offline(share, 0);
    world.type_answers.insert((name("Share"), REQUIRED), list.expect("a list"));
    world.online(share);
    assert_eq!(world.state(share), ResourceState::Failed);
}

/// What is done to the dependencies of an online `share` that has `disk`, and of an offline one.
#[test]
fn what_is_required_is_not_taken_away_silently() {
    for (is_online, by_expression, strict, expected, says) in [
        (true, false, false, Status::INVALID_STATE, "mainstay resource offline share"),
        (true, false, true, Status::INVALID_STATE, "mainstay resource offline share"),
        (true, true, false, Status::SUCCESS, "mainstay resource depend share PROVIDER"),
        (false, false, false, Status::SUCCESS, "mainstay resource depend share PROVIDER"),
        (false, true, false, Status::SUCCESS, "mainstay resource depend share PROVIDER"),
        (false, false, true, Status::SUCCESS, "mainstay resource depend share PROVIDER"),
    ] {
        let title = format!("online: {is_online}, by expression: {by_expression}, strict: {strict}");
        let mut world = world_of(strict);
        let group = world.group("g");
        let share = world.resource_of_type(group, "share", "Share", 0);
        let disk = world.resource_of_type(group, "disk", "Disk", 0);
        let other = world.resource_of_type(group, "other", "Other", 0);
        world.depend_on(share, "[disk] and [other]");
        world.online(share);
        if !is_online {
            world.offline(share, 0);
        }
        let call = world.call(match by_expression {
            true => Command::SetDependencyExpression { resource: share, expression: "[other]".into() },
            false => Command::RemoveDependency { resource: share, provider: disk },
        });
        let answer = world.answer(call);
        assert_eq!(answer.status, expected, "{title}: {}", answer.text);
        assert!(answer.text.contains("requires") && answer.text.contains(says), "{title}: {}", answer.text);
        // What it does not require goes without a word, unless nothing may be taken.
        world.depend_on(share, "[disk] and [other]");
        let call = world.call(Command::RemoveDependency { resource: share, provider: other });
        let refused = strict && is_online;
        let expected = if refused { Status::INVALID_STATE } else { Status::SUCCESS };
        let answer = world.answer(call);
        assert_eq!((answer.status, answer.text.is_empty()), (expected, !refused), "{title}: {}", answer.text);
    }
}
