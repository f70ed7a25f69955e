//! Runs a scenario: the production engine in the simulated world, one step after the other.

use std::collections::BTreeMap;

use mainstay_engine::command::{Command, Remark};
use mainstay_engine::testing::walk::Entry;
use mainstay_engine::testing::{World, offline};
use mainstay_proplist::PropertyList;
use mainstay_types::{ControlCode, GroupId, HostId, ObjectId, ResourceId, Status};

use super::{Call, Hosting, Scenario, Step};
use crate::run::catch;

/// CLUSCTL_RESOURCE_SET_COMMON_PROPERTIES.
const SET_COMMON_PROPERTIES: ControlCode = ControlCode(0x0140_005E);
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
    pub(super) resources: BTreeMap<String, ResourceId>,
    /// Orders that were given before the story began.
    pub(super) orders_before: usize,
    begin_ms: u64,
    pub(super) differences: Vec<(usize, String)>,
}

/// Runs a scenario to its end.
pub fn run(scenario: &Scenario) -> Verdict {
    if let Some(differences) = beyond(scenario) {
        return Verdict { differences, log: Vec::new() };
    }
    let mut story = Story {
        world: World::default(),
        groups: BTreeMap::new(),
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

/// What the engine cannot do yet is refused, not pretended.
fn beyond(scenario: &Scenario) -> Option<Vec<(usize, String)>> {
    let only = "is not simulated yet: this engine serves a cluster of one node";
    let mut beyond = Vec::new();
    let nodes = scenario.nodes.iter().skip(1);
    beyond.extend(nodes.map(|node| (node.line, format!("node '{}' {only}", node.name))));
    for timed in &scenario.steps {
        match &timed.step {
            Step::LoseNode(name) => beyond.push((timed.line, format!("the loss of node '{name}' {only}"))),
            Step::Call(Call::Move(group, _), _) => {
                beyond.push((timed.line, format!("the move of group '{group}' {only}")));
            }
            _ => {}
        }
    }
    (!beyond.is_empty()).then_some(beyond)
}

impl Story {
    /// Makes the cluster as the file describes it; false when the engine refused something.
    fn build(&mut self, scenario: &Scenario) -> bool {
        let world = &mut self.world;
        for group in &scenario.groups {
            let id = GroupId(world.fresh());
            let command = Command::CreateGroup { id, name: group.name.clone(), group_type: 0 };
            if !accepted(world, command, group.line, &mut self.differences) {
                return false;
            }
            self.groups.insert(group.name.clone(), id);
        }
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
            commands.extend(resource.needs.iter().map(|need| {
                let provider = self.resources[need];
                Command::AddDependency { resource: id, provider }
            }));
            commands.extend(resource.properties.iter().map(|(name, value)| set(id, name, value)));
            for command in commands {
                if !accepted(world, command, resource.line, &mut self.differences) {
                    return false;
                }
            }
        }
        for resource in scenario.resources.iter().filter(|resource| resource.online) {
            let command = online(self.resources[&resource.name]);
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
            Step::Call(..) | Step::Expect(_) | Step::LoseNode(_) => {}
        }
    }

    fn call(&mut self, line: usize, call: &Call, expected: Option<&str>) {
        if self.world.is_down() {
            return self.differences.push((line, "nobody answers: the service is down".into()));
        }
        let remark = Remark::default;
        let buffer = Vec::new;
        let command = match call {
            Call::Online(name) => online(self.id(name)),
            Call::Offline(name, flags) => offline(self.id(name), *flags, Vec::new()),
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
            Call::Rename(name, new) => {
                let id = self.id(name);
                self.resources.insert(new.clone(), id);
                Command::RenameResource { resource: id, name: new.clone() }
            }
            Call::Depend(name, provider) => {
                Command::AddDependency { resource: self.id(name), provider: self.id(provider) }
            }
            Call::Undepend(name, provider) => {
                Command::RemoveDependency { resource: self.id(name), provider: self.id(provider) }
            }
            Call::Set(name, property, value) => set(self.id(name), property, value),
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

fn online(resource: ResourceId) -> Command {
    Command::OnlineResource { resource, flags: 0, buffer: Vec::new(), remark: Remark::default() }
}

fn set(resource: ResourceId, property: &str, value: &str) -> Command {
    let list = match value.parse::<u32>() {
        Ok(number) => PropertyList::new().with(property, number),
        Err(_) => PropertyList::new().with(property, value.to_owned()),
    };
    Command::Control {
        object: ObjectId::Resource(resource),
        code: SET_COMMON_PROPERTIES,
        input: list.to_bytes().unwrap_or_default(),
        output_length_max: 0,
    }
}

/// Carries out what the file begins with.
fn accepted(
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
