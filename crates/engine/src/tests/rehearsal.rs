//! A plan against what the engine then really does: the same answer, the same parts in the same order, the same states.

use mainstay_proplist::PropertyList;
use mainstay_types::control::function;
use mainstay_types::operation::OperationRecord;
use mainstay_types::plan::CallPlan;
use mainstay_types::{Access, ControlCode, GroupId, NodeId, ObjectId, ResourceId, ResourceState, Status};

use crate::command::{Caller, Command, Remark};
use crate::group_set::OrderChange;
use crate::limits::CHECK_TIMEOUT_MS;
use crate::rehearsal::{Asked, Durations, Said};
use crate::testing::{CheckReaction, Reaction, World};

/// Models and calls that are compared; each takes some milliseconds.
const RUNS: u64 = 300;

/// Random numbers from a seed (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((word ^ (word >> 31)) % bound as u64).expect("a small number")
    }

    pub(super) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(super) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

pub(super) struct Model {
    pub(super) world: World,
    pub(super) groups: Vec<GroupId>,
    pub(super) resources: Vec<ResourceId>,
}

/// Groups and resources with dependencies and alternatives, some of them online, failed or locked.
pub(super) fn random_model(dice: &mut Dice) -> Model {
    let mut world = World::new(dice.one_in(4));
    let groups: Vec<GroupId> = (0..1 + dice.below(2)).map(|n| world.group(&format!("g{n}"))).collect();
    let mut resources: Vec<ResourceId> = Vec::new();
    for group in &groups {
        let mut known: Vec<String> = Vec::new();
        for _ in 0..1 + dice.below(7) {
            let name = format!("r{}", resources.len());
            let resource = world.resource(*group, &name);
            let mut clauses: Vec<String> = Vec::new();
            for _ in 0..dice.below(3).min(known.len()) {
                let (one, other) = (dice.below(known.len()), dice.below(known.len()));
                clauses.push(match dice.one_in(3) {
                    true if one != other => format!("([{}] or [{}])", known[one], known[other]),
                    _ => format!("([{}])", known[one]),
                });
            }
            // One that names a provider twice is refused, and leaves none.
            let expression = clauses.join(" and ");
            let _ = world.status(Command::SetDependencyExpression { resource, expression });
            if dice.one_in(3) {
                world.set(resource, "RestartAction", 0);
            }
            known.push(name);
            resources.push(resource);
        }
    }
    let mut model = Model { world, groups, resources };
    for _ in 0..dice.below(6) {
        let resource = dice.of(&model.resources);
        let command = match dice.below(2) {
            0 => group_call(dice.of(&model.groups), dice.one_in(3), 0),
            _ => resource_call(dice, resource),
        };
        let _ = model.world.call(command);
        let resource = dice.of(&model.resources);
        match dice.below(6) {
            0 => model.world.fail(resource),
            1 => model.world.lock(resource, true),
            2 => model.world.behave(resource).online = Reaction::Fail,
            3 => model.world.pass_ms(1_000),
            _ => {}
        }
    }
    // What a type would fail, no plan can know.
    model.world.behaviours.clear();
    model
}

pub(super) fn group_call(group: GroupId, offline: bool, flags: u32) -> Command {
    let (buffer, remark) = (Vec::new(), Remark::default());
    match offline {
        true => Command::OfflineGroup { group, flags, buffer, remark },
        false => Command::OnlineGroup { group, flags, buffer, remark },
    }
}

fn resource_call(dice: &mut Dice, resource: ResourceId) -> Command {
    let (buffer, remark) = (Vec::new(), Remark::default());
    let flags = dice.of(&[0, 0, 0, 1, 2, 3, 4, 0x80]);
    match dice.below(4) {
        0 => Command::OfflineResource { resource, flags, buffer, remark },
        1 => Command::OnlineResource { resource, flags, buffer, remark },
        2 => Command::RestartResource { resource, flags: 0, remark },
        _ => Command::FailResource { resource, remark },
    }
}

/// Any call that changes something.
fn random_call(dice: &mut Dice, model: &Model) -> Command {
    let (resource, group) = (dice.of(&model.resources), dice.of(&model.groups));
    let common = |object: ObjectId, name: &str, value: u32| Command::Control {
        object,
        code: ControlCode(0x40_0000 | function::SET_COMMON_PROPERTIES),
        input: PropertyList::new().with(name, value).to_bytes().expect("a list"),
        output_length_max: 0,
    };
    match dice.below(14) {
        0..5 => resource_call(dice, resource),
        5 | 6 => group_call(group, dice.one_in(2), dice.of(&[0, 0, 1])),
        7 => Command::DeleteResource { resource },
        8 => Command::DeleteGroup { group, force: dice.one_in(2) },
        9 => Command::AddDependency { resource, provider: dice.of(&model.resources) },
        10 => Command::RenameResource { resource, name: dice.of(&["other", "r0", ""]).into() },
        11 => common(ObjectId::Resource(resource), dice.of(&["RestartAction", "Nix"]), dice.of(&[1, 7])),
        12 => common(ObjectId::Group(group), "Priority", dice.of(&[0, 5_000, 900_000])),
        _ => Command::RemovePossibleOwner { resource, node: NodeId(1) },
    }
}

pub(super) fn rehearse(
    world: &World,
    access: Access,
    command: Command,
    records: &[OperationRecord],
) -> CallPlan {
    let durations = Durations::of(records);
    let rehearsal = world.engine.view().rehearsal(world.now, durations);
    rehearsal.knowing(records.to_vec()).run(caller(access), command)
}

fn caller(access: Access) -> Caller {
    let asker = mainstay_types::operation::Asker {
        account: "root".into(),
        sid: "S-1-22-1-0".into(),
        origin: "test".into(),
    };
    Caller { asker, access, reason: String::new() }
}

fn states(world: &World) -> Vec<(String, ResourceState)> {
    let all = world.engine.view().glance().resources;
    all.into_iter().map(|resource| (resource.name.to_string(), resource.state)).collect()
}

/// Plans a call, does it, and compares.
#[track_caller]
fn check(world: &mut World, access: Access, command: &Command, seed: u64) -> Status {
    let before = states(world);
    let plan = rehearse(world, access, command.clone(), &[]);
    assert_eq!(states(world), before, "a plan changes nothing");
    let call = world.call_as(access, command.clone());
    let answer = world.answer(call).clone();
    let about = format!("seed {seed}: {command:?}: {plan:?}");
    assert_eq!(plan.answer, answer.status, "{about}");
    let record = answer.operation.and_then(|id| world.journal.get(&id));
    let is_refused = !matches!(answer.status, Status::SUCCESS | Status::IO_PENDING);
    if is_refused {
        assert_eq!(plan.text, answer.text, "{about}");
        assert!(plan.steps.is_empty() && plan.changes.is_empty(), "{about}");
    } else if let Some(record) = record {
        let planned: Vec<_> = plan.steps.iter().map(|it| (&it.resource, &it.action, &it.outcome)).collect();
        let done: Vec<_> = record.parts.iter().map(|it| (&it.resource, &it.action, &it.outcome)).collect();
        assert_eq!(planned, done, "{about}");
        assert_eq!(plan.end, record.end, "{about}");
    }
    // What is there before and afterwards, and differs.
    let after = states(world);
    let renamed = matches!(command, Command::RenameResource { .. });
    let changes = before.iter().filter_map(|(name, from)| {
        let to = after.iter().find(|(known, _)| known == name).map(|(_, state)| *state);
        (to != Some(*from)).then(|| (name.clone(), *from, to))
    });
    let planned = plan.changes.iter().map(|it| (it.resource.to_string(), it.from, it.to));
    if !renamed {
        assert_eq!(planned.collect::<Vec<_>>(), changes.collect::<Vec<_>>(), "{about}");
    }
    answer.status
}

#[test]
fn a_plan_is_what_the_engine_then_does() {
    let (mut refused, mut done) = (0, 0);
    for seed in 0..RUNS {
        let mut dice = Dice(seed);
        let mut model = random_model(&mut dice);
        for _ in 0..3 {
            let command = random_call(&mut dice, &model);
            let access = if dice.one_in(20) { Access::Read } else { Access::Full };
            match check(&mut model.world, access, &command, seed) {
                Status::SUCCESS | Status::IO_PENDING => done += 1,
                _ => refused += 1,
            }
        }
    }
    assert!(refused > 100 && done > 300, "{refused} refused, {done} done");
}

/// The plan of a group's deletion with its resources: of the offline that it takes, and of what is deleted.
#[test]
fn a_group_s_deletion_is_planned_with_the_offline_before_it() {
    let plan_of = |world: &World, group: GroupId| {
        let rehearsal = world.engine.view().rehearsal(world.now, Durations::of(&[]));
        let (plan, asked) = rehearsal.run_deletion(&caller(Access::Full), group);
        let steps: Vec<String> =
            plan.steps.iter().map(|it| format!("{} {}: {}", it.action, it.resource, it.outcome)).collect();
        let changes: Vec<_> = plan.changes.iter().map(|it| (it.resource.to_string(), it.to)).collect();
        ((plan.answer, plan.text), steps, changes, asked.len())
    };
    let mut world = World::default();
    let (group, other) = (world.group("g"), world.group("other"));
    let [db, web] = ["db", "web"].map(|name| world.resource(group, name));
    world.depend(web, db);
    let deleted = || vec![("db".to_owned(), None), ("web".to_owned(), None)];
    let done = || (Status::SUCCESS, String::new());
    assert_eq!(plan_of(&world, group), (done(), vec![], deleted(), 0));

    world.online(web);
    let before = states(&world);
    let steps = || ["stop web: offline", "stop db: offline"].map(str::to_owned).to_vec();
    assert_eq!(plan_of(&world, group), (done(), steps(), deleted(), 2));
    assert_eq!(states(&world), before, "a plan changes nothing");

    // What is in the way for good is met before anything would stop.
    world.order(OrderChange::AddGroup { group: other, provider: group });
    let delete = world.call(Command::DeleteGroup { group, force: true });
    let refusal = world.answer(delete).clone();
    assert_eq!(refusal.status, Status::DEPENDENT_RESOURCE_EXISTS);
    assert_eq!(plan_of(&world, group), ((refusal.status, refusal.text), vec![], vec![], 0));
    world.order(OrderChange::RemoveGroup { group: other, provider: group });

    // What keeps it from going offline is met too.
    world.lock(web, true);
    let offline = world.call(group_call(group, true, 0));
    let refusal = world.answer(offline).clone();
    assert_eq!(refusal.status, Status::CLUSTER_RESOURCE_LOCKED_STATUS);
    assert_eq!(plan_of(&world, group), ((refusal.status, refusal.text), vec![], vec![], 0));
}

#[test]
fn what_is_under_way_is_taken_into_account() {
    for flags in [0, 2] {
        let mut world = World::default();
        let group = world.group("g");
        let [db, web] = ["db", "web"].map(|name| world.resource(group, name));
        world.depend(web, db);
        world.online(web);
        world.behave(web).offline = Reaction::Hang;
        assert_eq!(world.offline(db, 0), Status::IO_PENDING);
        let (buffer, remark) = (Vec::new(), Remark::default());
        let command = Command::OfflineResource { resource: db, flags, buffer, remark };
        let expected = if flags == 0 { Status::INVALID_STATE } else { Status::IO_PENDING };
        assert_eq!(check(&mut world, Access::Full, &command, flags.into()), expected);
    }
}

#[test]
fn steps_take_as_long_as_they_did() {
    let mut world = World::default();
    let group = world.group("g");
    let [disk, db, web, mail] = ["disk", "db", "web", "mail"].map(|name| world.resource(group, name));
    for (dependent, provider) in [(db, disk), (web, db), (mail, disk)] {
        world.depend(dependent, provider);
    }
    let _ = world.call(group_call(group, false, 0));
    let mut past = world.last_record().clone();
    past.parts.clear();
    let part = |name: &str, took_ms: u64| mainstay_types::operation::Part {
        resource: mainstay_types::Name::parse(name).expect("a name"),
        action: "stop".into(),
        began_at_ms: 1_000,
        ended_at_ms: Some(1_000 + took_ms),
        outcome: "offline".into(),
        is_rebuilt: false,
    };
    for (name, took_ms) in
        [("web", 300), ("web", 100), ("web", 200), ("db", 50), ("mail", 1_000), ("disk", 7)]
    {
        past.parts.push(part(name, took_ms));
    }
    let plan = rehearse(&world, Access::Full, group_call(group, true, 0), &[past.clone()]);
    let mut steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.resource.as_str(), step.begins_in_ms, step.takes_ms, step.runs))
        .collect();
    steps.sort_unstable();
    let expected = [
        ("db", 200, Some(50), 1),
        ("disk", 1_000, Some(7), 1),
        ("mail", 0, Some(1_000), 1),
        ("web", 0, Some(200), 3),
    ];
    assert_eq!(steps, expected);
    assert_eq!(plan.takes_ms, Some(1_007));
    // Without any past of one of them nobody knows.
    past.parts.retain(|part| part.resource.as_str() != "db");
    let plan = rehearse(&world, Access::Full, group_call(group, true, 0), &[past]);
    assert_eq!(plan.takes_ms, None);
    let db = plan.steps.iter().find(|step| step.resource.as_str() == "db").expect("a step");
    assert_eq!((db.takes_ms, db.runs), (None, 0));
}

#[test]
fn what_would_follow_by_itself_is_said() {
    let mut world = World::default();
    let group = world.group("g");
    let [db, web] = ["db", "web"].map(|name| world.resource(group, name));
    world.depend(web, db);
    world.online(web);
    let plan = rehearse(
        &world,
        Access::Full,
        Command::FailResource { resource: db, remark: Remark::default() },
        &[],
    );
    assert_eq!(plan.answer, Status::SUCCESS);
    assert!(plan.notes.iter().any(|note| note.contains("'db' would be restarted")), "{plan:?}");
}

#[test]
fn a_lost_node_is_asked_of_placement() {
    let mut world = World::default();
    let group = world.group("g");
    let app = world.resource(group, "app");
    world.online(app);
    world.group("idle");
    let view = world.engine.view();
    let lost = view.plan_node_loss(NodeId(1), None);
    let shown: Vec<_> = lost.iter().map(|it| (it.name.as_str(), it.is_lost, it.decision.as_str())).collect();
    let expected = |name| format!("'{name}' has no node: its node is down; alpha is down");
    let expected = ["g", "idle"].map(|name| (name, true, expected(name)));
    assert_eq!(shown, expected.each_ref().map(|(name, lost, text)| (*name, *lost, text.as_str())));
    let moved = view.plan_move(group, None, None);
    assert_eq!(moved.len(), 1);
    assert_eq!((moved[0].to, moved[0].is_lost), (None, false));
    assert!(moved[0].decision.contains("no other node can take it"), "{moved:?}");
}

/// What stays down in a group that is brought online is named with its reason, and nothing else is.
#[test]
fn a_plan_names_what_a_group_online_leaves_offline() {
    let mut world = World::default();
    let group = world.group("g");
    let [_up, down, fresh] = ["up", "down", "fresh"].map(|name| world.resource(group, name));
    let notes = |world: &World| {
        let journal: Vec<OperationRecord> = world.journal.values().rev().cloned().collect();
        rehearse(world, Access::Full, group_call(group, false, 0), &journal).notes
    };
    assert_eq!(notes(&world), [] as [&str; 0]);
    let (buffer, remark) = (Vec::new(), Remark { reason: "worn out".into(), ..Remark::default() });
    world.online(down);
    world.status(Command::OfflineResource { resource: down, flags: 0, buffer, remark });
    world.call(group_call(group, false, 0));
    assert_eq!(world.state(fresh), ResourceState::Online);
    assert_eq!(notes(&world), ["'down' would stay Offline: root took it offline: \"worn out\""]);
}

/// What the type that runs says to what a rehearsal would have asked: through the engine, as the service asks.
fn said(world: &mut World, asked: Vec<Asked>) -> Vec<Said> {
    let said = asked.into_iter().map(|asked| {
        let call = world.call_as(Access::Read, asked.command());
        world.pass_ms(CHECK_TIMEOUT_MS);
        let answer = world.answer(call);
        let is_silent = answer.status == Status::RESOURCE_CALL_TIMED_OUT;
        Said { asked, answer: (!is_silent).then(|| (answer.status, answer.text.clone())) }
    });
    said.collect()
}

#[test]
fn a_plan_that_has_asked_is_refused_as_the_call_is() {
    let no = CheckReaction::No(Status::INVALID_PARAMETER);
    let buffer = PropertyList::new().with("Nonsense", 1_u32).to_bytes().expect("a list");
    for (reaction, buffer, expected) in [
        (no, buffer.clone(), Status::INVALID_PARAMETER),
        (no, Vec::new(), Status::INVALID_PARAMETER),
        (CheckReaction::Silent, buffer.clone(), Status::RESOURCE_CALL_TIMED_OUT),
        (CheckReaction::Silent, Vec::new(), Status::IO_PENDING),
        (CheckReaction::Unknown, buffer.clone(), Status::IO_PENDING),
        (CheckReaction::Yes, buffer, Status::IO_PENDING),
    ] {
        for of_group in [false, true] {
            let mut world = World::default();
            let group = world.group("g");
            let (disk, web) = (world.resource(group, "disk"), world.resource(group, "web"));
            world.depend(web, disk);
            world.online(web);
            // What would stop with it is asked too.
            world.behave(web).check = reaction;
            let (flags, remark) = (0, Remark::default());
            let command = match of_group {
                true => Command::OfflineGroup { group, flags, buffer: buffer.clone(), remark },
                false => Command::OfflineResource { resource: disk, flags, buffer: buffer.clone(), remark },
            };
            let database = world.database();
            let asker = || mainstay_types::operation::Asker {
                account: "root".into(),
                sid: "S-1-22-1-0".into(),
                origin: "test".into(),
            };
            let caller = || Caller { asker: asker(), access: Access::Full, reason: String::new() };
            let rehearsal = |world: &World| world.engine.view().rehearsal(world.now, Durations::default());
            let (plan, asked) = rehearsal(&world).run_asking(caller(), command.clone());
            assert_eq!(plan.answer, Status::IO_PENDING, "nobody was asked yet");
            assert_eq!(asked.len(), 2, "{asked:?}");
            let said = said(&mut world, asked);
            let (plan, open) = rehearsal(&world).heeding(said).run_asking(caller(), command.clone());
            assert_eq!((plan.answer, open.len()), (expected, 0), "{reaction:?}");
            assert_eq!(world.database(), database, "a plan changes nothing");
            let call = world.call(command);
            world.pass_ms(CHECK_TIMEOUT_MS);
            let answer = world.answer(call);
            assert_eq!((plan.answer, &plan.text), (answer.status, &answer.text), "{reaction:?} {of_group}");
        }
    }
}
