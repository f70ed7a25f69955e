//! Runs a scenario: the production engine in the simulated world, one step after the other.

use std::collections::BTreeMap;

use mainstay_engine::command::{Command, Remark};
use mainstay_engine::group_set::OrderChange;
use mainstay_engine::testing::walk::Entry;
use mainstay_engine::testing::{World, offline};
use mainstay_proplist::assignment::{parse_value, parse_value_as};
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::control::{self, RESOURCE_SET_MAINTENANCE_MODE};
use mainstay_types::property;
use mainstay_types::{ControlCode, GroupId, GroupSetId, HostId, ObjectId, ResourceId, Status};

use super::{Call, Hosting, Scenario, Step, Timed, order, placed};
use crate::run::catch;

/// CLUSCTL_*_SET_COMMON_PROPERTIES, without the kind of object.
const SET_COMMON_PROPERTIES: u32 = 0x0040_005E;
/// The type in a library that resources in process are of.
const LIBRARY_TYPE: &str = "Library Type";

/// What came of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What was otherwise than expected, with its line. Empty: the scenario passes.
    pub differences: Vec<(usize, String)>,
    /// What happened, one line for each event.
    pub log: Vec<String>,
}

/// A scenario that is running.
pub(super) struct Story {
    pub(super) world: World,
    pub(super) groups: BTreeMap<String, GroupId>,
    pub(super) group_sets: BTreeMap<String, GroupSetId>,
    pub(super) resources: BTreeMap<String, ResourceId>,
    /// Orders that were given before the story began.
    pub(super) orders_before: usize,
    begin_ms: u64,
    pub(super) differences: Vec<(usize, String)>,
}

/// Runs a scenario to its end.
pub fn run(scenario: &Scenario) -> Verdict {
    if scenario.nodes.len() > 1 {
        let differences = order::beyond_placement(scenario);
        return match differences.is_empty() {
            true => placed::run(scenario),
            false => Verdict { differences, log: Vec::new() },
        };
    }
    let beyond = beyond(scenario);
    if !beyond.is_empty() {
        return Verdict { differences: beyond, log: Vec::new() };
    }
    let mut story = Story {
        world: World::default(),
        groups: BTreeMap::new(),
        group_sets: BTreeMap::new(),
        resources: BTreeMap::new(),
        orders_before: 0,
        begin_ms: 0,
        differences: Vec::new(),
    };
    let mut line = 0;
    let ran = catch(|| {
        if !story.build(scenario) {
            return;
        }
        for timed in &scenario.steps {
            line = timed.line;
            story.advance(timed.at_ms);
            story.take(timed.line, &timed.step);
        }
        story.advance(scenario.end_ms);
        for expected in &scenario.expected {
            line = expected.line;
            story.expect(expected);
        }
    });
    if let Err(violation) = ran {
        story.differences.push((line, format!("an invariant is broken: {violation}")));
    }
    Verdict { differences: story.differences, log: story.world.log.take().unwrap_or_default() }
}

/// What makes sense among several nodes only is refused, not pretended.
fn beyond(scenario: &Scenario) -> Vec<(usize, String)> {
    let is_beyond = |timed: &&Timed| {
        let is_call = matches!(timed.step, Step::Call(Call::Move(..), _));
        is_call || matches!(timed.step, Step::Node(..) | Step::FailOver(_) | Step::Hour(_))
    };
    let only = "this is about several nodes, and the file describes one; describe them by lines 'node NAME'";
    scenario.steps.iter().filter(is_beyond).map(|timed| (timed.line, only.to_owned())).collect()
}

impl Story {
    /// Makes the cluster as the file describes it; false when the engine refused something.
    fn build(&mut self, scenario: &Scenario) -> bool {
        for (line, property, value) in &scenario.cluster {
            let command = set(ObjectId::Cluster, property, value);
            if !accepted(&mut self.world, command, *line, &mut self.differences) {
                return false;
            }
        }
        if !self.build_group_sets(scenario) {
            return false;
        }
        for group in &scenario.groups {
            let world = &mut self.world;
            let id = GroupId(world.fresh());
            let mut commands = vec![Command::CreateGroup { id, name: group.name.clone(), group_type: 0 }];
            let object = ObjectId::Group(id);
            commands.extend(group.properties.iter().map(|(name, value)| set(object.clone(), name, value)));
            for command in commands {
                if !accepted(world, command, group.line, &mut self.differences) {
                    return false;
                }
            }
            self.groups.insert(group.name.clone(), id);
            if !self.build_order(group, id) {
                return false;
            }
        }
        let world = &mut self.world;
        if scenario.resources.iter().any(|resource| resource.hosting == Hosting::InProcess) {
            world.library_type(LIBRARY_TYPE);
        }
        for resource in &scenario.resources {
            let (type_name, flags) = match resource.hosting {
                Hosting::Pool => ("Generic Application", 0),
                Hosting::SeparateMonitor => ("Generic Application", 1),
                Hosting::InProcess => (LIBRARY_TYPE, 0),
            };
            let id = ResourceId(world.fresh());
            let group = self.groups[&resource.group];
            let (name, type_name) = (resource.name.clone(), type_name.to_owned());
            let mut commands = vec![Command::CreateResource { id, group, name, type_name, flags }];
            self.resources.insert(resource.name.clone(), id);
            if !resource.needs.is_empty() {
                let clause = |need: &Vec<String>| {
                    let members: Vec<String> = need.iter().map(|name| format!("[{name}]")).collect();
                    format!("({})", members.join(" or "))
                };
                let clauses: Vec<String> = resource.needs.iter().map(clause).collect();
                let expression = clauses.join(" and ");
                commands.push(Command::SetDependencyExpression { resource: id, expression });
            }
            let object = ObjectId::Resource(id);
            commands.extend(resource.properties.iter().map(|(name, value)| set(object.clone(), name, value)));
            for command in commands {
                if !accepted(world, command, resource.line, &mut self.differences) {
                    return false;
                }
            }
        }
        for resource in scenario.resources.iter().filter(|resource| resource.online) {
            let command = online(self.resources[&resource.name], 0);
            if !accepted(world, command, resource.line, &mut self.differences) {
                return false;
            }
        }
        // What was begun with leaves nothing behind that the story would see.
        world.records_left();
        self.orders_before = world.orders.len();
        self.begin_ms = world.now.steady_ms;
        world.begin_log();
        true
    }

    fn advance(&mut self, at_ms: u64) {
        let now_ms = self.world.now.steady_ms - self.begin_ms;
        self.world.pass_ms(at_ms.saturating_sub(now_ms));
    }

    fn id(&self, name: &str) -> ResourceId {
        self.resources[name]
    }

    fn take(&mut self, line: usize, step: &Step) {
        self.world.note(|_| format!("- line {line}: {step:?}"));
        match step {
            Step::Call(call, answer) => return self.call(line, call, answer.as_deref()),
            Step::Expect(expected) => return self.expect(expected),
            _ => {}
        }
        let resource = |name: &str| self.resources[name];
        let world = &mut self.world;
        match step {
            Step::Behave(name, entry, how) => {
                let behaviour = world.behave(resource(name));
                *match entry {
                    Entry::Open => &mut behaviour.open,
                    Entry::Online => &mut behaviour.online,
                    Entry::Offline => &mut behaviour.offline,
                    Entry::Terminate => &mut behaviour.terminate,
                } = *how;
            }
            Step::Check(name, how) => world.behave(resource(name)).check = *how,
            Step::End(name, how) => world.end_order(resource(name), *how),
            Step::Progress(name) => world.progress(resource(name), "still there"),
            Step::Crash(name) => world.fail(resource(name)),
            Step::Vanish(name) => world.kill_processes(resource(name)),
            Step::FailInside(name) => world.fail_inside(resource(name)),
            Step::Lock(name, locked) => world.lock(resource(name), *locked),
            Step::Deadlock(name) => world.deadlock(resource(name)),
            Step::KillPool => world.kill_host(HostId::Pool),
            Step::KillHost(name) => world.kill_host(HostId::Own(resource(name))),
            Step::KillService => world.restart_service(),
            Step::StopService => world.stop_service(),
            Step::StartService if world.is_down() => world.restart_service(),
            Step::StartService => self.differences.push((line, "the service is there already".into())),
            Step::Reboot => world.reboot(),
            Step::Commits(mode) => world.commit_mode = *mode,
            Step::Resolve => world.resolve_commits(),
            Step::GuardDead(dead) => world.guard_is_dead = *dead,
            Step::GuardSlow => world.guard_is_slow = true,
            Step::HostSlow(name) => drop(world.slow_hosts.insert(world.host_of(resource(name)))),
            Step::Hurry => world.hurry(),
            Step::Call(..) | Step::Expect(_) | Step::Node(..) | Step::FailOver(_) | Step::Hour(_) => {}
        }
    }

    fn call(&mut self, line: usize, call: &Call, expected: Option<&str>) {
        if let Call::Rename(name, new) = call {
            // Later lines may use both.
            self.resources.insert(new.clone(), self.id(name));
        }
        if self.world.is_down() {
            return self.differences.push((line, "nobody answers: the service is down".into()));
        }
        let remark = Remark::default;
        let buffer = Vec::new;
        let command = match call {
            Call::Online(name, flags) => online(self.id(name), *flags),
            Call::Offline(name, flags, instructions) => {
                let list =
                    (!instructions.is_empty()).then(|| list(instructions).to_bytes().unwrap_or_default());
                offline(self.id(name), *flags, list.unwrap_or_default())
            }
            Call::OnlineGroup(name) => {
                let group = self.groups[name];
                Command::OnlineGroup { group, flags: 0, buffer: buffer(), remark: remark() }
            }
            Call::OfflineGroup(name) => {
                let group = self.groups[name];
                Command::OfflineGroup { group, flags: 0, buffer: buffer(), remark: remark() }
            }
            Call::Restart(name) => {
                Command::RestartResource { resource: self.id(name), flags: 0, remark: remark() }
            }
            Call::Fail(name) => Command::FailResource { resource: self.id(name), remark: remark() },
            Call::Delete(name) => Command::DeleteResource { resource: self.id(name) },
            Call::Rename(name, new) => Command::RenameResource { resource: self.id(name), name: new.clone() },
            Call::Depend(name, provider) => {
                Command::AddDependency { resource: self.id(name), provider: self.id(provider) }
            }
            Call::Undepend(name, provider) => {
                Command::RemoveDependency { resource: self.id(name), provider: self.id(provider) }
            }
            Call::Needs(name, expression) => {
                let (resource, expression) = (self.id(name), expression.clone());
                Command::SetDependencyExpression { resource, expression }
            }
            Call::Set(name, property, value) => set(ObjectId::Resource(self.id(name)), property, value),
            Call::SetGroup(name, property, value) => set(ObjectId::Group(self.groups[name]), property, value),
            Call::SetGroupSet(name, property, value) => {
                set(ObjectId::GroupSet(self.group_sets[name]), property, value)
            }
            Call::DependGroup(name, provider) => {
                let (group, provider) = (self.groups[name], self.groups[provider]);
                Command::Order(OrderChange::AddGroup { group, provider })
            }
            Call::UndependGroup(name, provider) => {
                let (group, provider) = (self.groups[name], self.groups[provider]);
                Command::Order(OrderChange::RemoveGroup { group, provider })
            }
            Call::Cancel(name) => {
                let glance = self.world.engine.view().glance().resources;
                let found = glance.into_iter().find(|found| found.id == self.resources[name]);
                let Some(operation) = found.and_then(|found| found.operation) else {
                    return self.differences.push((line, format!("nothing has '{name}' in hand")));
                };
                Command::CancelOperation { operation, about: None, remark: remark() }
            }
            Call::Maintain(name, on) => Command::Control {
                object: ObjectId::Resource(self.id(name)),
                code: RESOURCE_SET_MAINTENANCE_MODE,
                input: u32::from(*on).to_le_bytes().to_vec(),
                output_length_max: 0,
            },
            Call::Confirm(name) => Command::ConfirmStopped { resource: self.id(name), remark: remark() },
            Call::Move(..) => return,
        };
        let call = self.world.call(command);
        let answer = self.world.answers.get(&call).map(|answer| answer.status);
        let shown = answer.map_or_else(|| "no answer yet".to_owned(), |status| status.to_string());
        if let Some(expected) = expected
            && !shown.split(' ').any(|word| word == expected)
        {
            self.differences.push((line, format!("expected the answer {expected}, and it is {shown}")));
        }
    }
}

fn online(resource: ResourceId, flags: u32) -> Command {
    Command::OnlineResource { resource, flags, buffer: Vec::new(), remark: Remark::default() }
}

/// Instructions, as the command `mainstay` reads them.
fn list(instructions: &[(String, String)]) -> PropertyList {
    instructions.iter().fold(PropertyList::new(), |list, (name, value)| {
        list.with(name, parse_value(value).unwrap_or_else(|_| Value::Sz(value.clone())))
    })
}

/// Sets a common property, in the format that its table has.
pub(super) fn set(object: ObjectId, property: &str, value: &str) -> Command {
    let table = match &object {
        ObjectId::Group(_) => &property::GROUP,
        ObjectId::GroupSet(_) => &property::GROUP_SET,
        ObjectId::Cluster => &property::CLUSTER,
        _ => &property::RESOURCE,
    };
    let format = table.find(property).map(|found| found.format);
    let typed = match format {
        Some(format) => parse_value_as(format, value),
        None => parse_value(value),
    };
    // What is no value of the property is the engine's to refuse.
    let typed = typed.unwrap_or_else(|_| Value::Sz(value.to_owned()));
    let input = PropertyList::new().with(property, typed).to_bytes().unwrap_or_default();
    let kind = match object {
        ObjectId::Group(_) => control::object::GROUP,
        ObjectId::GroupSet(_) => control::object::GROUP_SET,
        ObjectId::Cluster => control::object::CLUSTER,
        _ => control::object::RESOURCE,
    };
    let code = ControlCode(kind | SET_COMMON_PROPERTIES);
    Command::Control { object, code, input, output_length_max: 0 }
}

/// Carries out what the file begins with.
pub(super) fn accepted(
    world: &mut World,
    command: Command,
    line: usize,
    differences: &mut Vec<(usize, String)>,
) -> bool {
    let call = world.call(command);
    let Some(answer) = world.answers.get(&call) else { return true };
    if matches!(answer.status, Status::SUCCESS | Status::IO_PENDING) {
        return true;
    }
    differences.push((line, format!("the cluster refuses it: {}: {}", answer.status, answer.text)));
    false
}
