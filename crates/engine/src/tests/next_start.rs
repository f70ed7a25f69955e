//! What an explanation says of the next start of the machine, or of the service, comes so.

use mainstay_types::explanation::Rule;
use mainstay_types::{ObjectId, ResourceState};

use crate::group_set::OrderChange;
use crate::tests::rehearsal::{Dice, Model, group_call, random_model};

/// What is said to come up after a reset of the machine does, and nothing else.
#[test]
fn what_the_next_start_brings_up_is_foreseen() {
    let (mut up, mut down, mut held) = (0, 0, 0);
    for seed in 2_000..2_200 {
        let mut dice = Dice(seed);
        let mut model = random_model(&mut dice);
        let world = &mut model.world;
        let other = world.group("other");
        model.resources.push(world.resource(other, "base"));
        if seed % 2 == 0 {
            let _ = world.status(group_call(other, false, 0));
        }
        let group = model.groups[0];
        if seed % 3 == 0 {
            world.order(OrderChange::AddGroup { group, provider: other });
        } else {
            let set = world.group_set("set");
            world.set_of(ObjectId::GroupSet(set), "StartupSetting", u32::from(seed % 3 == 1));
            world.order(OrderChange::Join { group: other, set, moves: false });
            world.order(OrderChange::AddSetToGroup { group, provider: set });
        }
        world.settle();
        let engine = &world.engine;
        let foreseen: Vec<bool> = model.resources.iter().map(|id| engine.comes_up_after_reset(*id)).collect();
        let alone: Vec<bool> = model.resources.iter().map(|id| engine.comes_up_in_its_turn(*id)).collect();
        held += u32::from(foreseen != alone);
        world.reboot();
        world.pass_ms(700_000);
        for (id, foreseen) in model.resources.iter().zip(foreseen) {
            let is_up = model.world.state(*id) == ResourceState::Online;
            assert_eq!(is_up, foreseen, "seed {seed}: '{}'", model.world.engine.name_of(*id));
            *if is_up { &mut up } else { &mut down } += 1;
        }
    }
    assert!(up > 100 && down > 100 && held > 20, "{up} came up, {down} did not, {held} waited in vain");
}

/// Some groups are not started by themselves, and the machine has been started.
fn after_a_reset(seed: u64) -> Model {
    let mut dice = Dice(seed);
    let mut model = random_model(&mut dice);
    if dice.one_in(4) {
        model.world.set_of(ObjectId::Cluster, "IgnorePersistentStateOnStartup", 1);
    }
    for (number, group) in (seed..).zip(model.groups.clone()) {
        model.world.set_of(ObjectId::Group(group), "ColdStartSetting", u32::try_from(number % 3).unwrap());
        if dice.one_in(4) {
            model.world.set_of(ObjectId::Group(group), "Priority", 0);
        }
    }
    model.world.reboot();
    model.world.pass_ms(700_000);
    model
}

/// What is said to have the next start bring something up does.
#[test]
fn a_group_that_is_set_as_explain_says_comes_up_at_the_next_start() {
    let (mut followed, mut without) = (0, 0);
    for seed in 3_000..3_200 {
        let model = after_a_reset(seed);
        for id in &model.resources {
            let view = model.world.engine.view();
            let journal: Vec<_> = model.world.journal.values().rev().cloned().collect();
            let explained = view.explain_resource(*id, &journal).expect("an explanation");
            without += usize::from(explained.reason.rule == Rule::ColdStart);
            for way in &explained.ways_out {
                let [noun, verb, group, value] = way.command.as_slice() else { continue };
                if (noun.as_str(), verb.as_str()) != ("group", "set") {
                    continue;
                }
                let (property, number) = value.split_once('=').expect("a property");
                let Model { mut world, .. } = after_a_reset(seed);
                let group = world.engine.view().find_group(group).expect("a group of its name");
                world.set_of(ObjectId::Group(group), property, number.parse().expect("a number"));
                match way.effect.contains("of the machine") {
                    true => world.reboot(),
                    false => world.restart_service(),
                }
                world.pass_ms(700_000);
                assert_eq!(world.state(*id), ResourceState::Online, "seed {seed}: {way:?} of {explained:#?}");
                followed += 1;
            }
        }
    }
    assert!(
        followed > 40 && without > followed / 2,
        "{followed} ways out, {without} left by ColdStartSetting"
    );
}
