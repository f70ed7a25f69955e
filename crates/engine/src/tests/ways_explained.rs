//! What an explanation names as a way out is one: the call that it names is not refused.

use mainstay_types::{Access, Status};

use crate::command::{Command, Remark};
use crate::testing::World;
use crate::tests::rehearsal::{Dice, group_call, random_model, rehearse};

/// The call that a way out names; `None` for one that is no call on a resource or a group.
fn call_of(world: &World, words: &[String]) -> Option<Command> {
    let view = world.engine.view();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (buffer, remark) = (Vec::new(), Remark::default());
    let resource = |name: &str| view.find_resource(name).expect("a resource of its name");
    Some(match words.as_slice() {
        ["resource", "online", name, rest @ ..] => {
            let flags = u32::from(!rest.is_empty());
            Command::OnlineResource { resource: resource(name), flags, buffer, remark }
        }
        ["resource", "offline", name, rest @ ..] => {
            let flags = match rest {
                [] => 0,
                ["--ignore-locked"] => 1,
                ["--force"] => 2,
                ["--ignore-locked", "--force"] => 3,
                other => panic!("{other:?} is no option"),
            };
            Command::OfflineResource { resource: resource(name), flags, buffer, remark }
        }
        ["resource", "confirm-stopped", name] => Command::ConfirmStopped { resource: resource(name), remark },
        ["group", verb @ ("online" | "offline"), name, rest @ ..] => {
            let group = view.find_group(name).expect("a group of its name");
            group_call(group, *verb == "offline", u32::from(!rest.is_empty()))
        }
        _ => return None,
    })
}

#[test]
fn what_is_named_as_a_way_out_is_not_refused() {
    let mut tried = 0;
    for seed in 1_000..1_200 {
        let mut dice = Dice(seed);
        let model = random_model(&mut dice);
        let view = model.world.engine.view();
        let journal: Vec<_> = model.world.journal.values().rev().cloned().collect();
        let resources = model.resources.iter().map(|id| view.explain_resource(*id, &journal));
        let groups = model.groups.iter().map(|id| view.explain_group(*id, &journal, None));
        for explanation in resources.chain(groups).map(|found| found.expect("an explanation")) {
            assert!(!explanation.reason.text.is_empty(), "seed {seed}: {explanation:?}");
            for way in &explanation.ways_out {
                let Some(command) = call_of(&model.world, &way.command) else { continue };
                let plan = rehearse(&model.world, Access::Full, command, &[]);
                let is_accepted = matches!(plan.answer, Status::SUCCESS | Status::IO_PENDING);
                assert!(is_accepted, "seed {seed}: {way:?}: {plan:?}\n{explanation:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried} ways out");
}
