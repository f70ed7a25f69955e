//! From text to a [`Scenario`]. Every error says the line, the word and what could stand there.

use std::collections::BTreeSet;
use std::fmt;

use mainstay_engine::testing::walk::Entry;
use mainstay_engine::testing::{CheckReaction, CommitMode, Reaction};
use mainstay_types::Status;

use super::{
    Call, Expected, FILE_BYTES_MAX, Fact, Group, GroupSet, Hosting, ITEMS_MAX, Node, NodeChange, Order,
    Resource, Scenario, Step, TIME_MAX_MS, Timed, words,
};

/// What is wrong with a file, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The line, counted from 1; 0 is the file as a whole.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

impl std::error::Error for ParseError {}

type Parsed<T> = Result<T, String>;

/// Reads a scenario.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<Scenario, ParseError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(ParseError { line: 0, what: format!("it is longer than {FILE_BYTES_MAX} bytes") });
    }
    let mut parser = Parser::default();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let parsed = words::split(line).and_then(|words| parser.line(line_number, words));
        parsed.map_err(|what| ParseError { line: line_number, what })?;
    }
    let mut scenario = parser.scenario;
    if scenario.resources.is_empty() && scenario.nodes.len() < 2 {
        return Err(ParseError { line: 0, what: "it describes no resource".into() });
    }
    if scenario.expected.is_empty() && !scenario.steps.iter().any(|it| matches!(it.step, Step::Expect(_))) {
        return Err(ParseError { line: 0, what: "it expects nothing; add a line 'expect ...'".into() });
    }
    scenario.end_ms = scenario.end_ms.max(parser.now_ms);
    Ok(scenario)
}

#[derive(Default)]
struct Parser {
    scenario: Scenario,
    nodes: BTreeSet<String>,
    group_sets: BTreeSet<String>,
    groups: BTreeSet<String>,
    resources: BTreeSet<String>,
    now_ms: u64,
    /// Where the end is said, and when it is.
    until: Option<(usize, u64)>,
}

/// The words of a line that were not read yet.
struct Words(std::vec::IntoIter<String>);

impl Words {
    fn next(&mut self, what: &str) -> Parsed<String> {
        self.0.next().ok_or_else(|| format!("{what} is missing at the end"))
    }

    fn option(&mut self) -> Option<String> {
        self.0.next()
    }

    fn end(mut self) -> Parsed<()> {
        self.0.next().map_or(Ok(()), |word| Err(format!("'{word}' is not understood here")))
    }
}

impl Parser {
    fn line(&mut self, line: usize, words: Vec<String>) -> Parsed<()> {
        let mut words = Words(words.into_iter());
        let Some(first) = words.option() else { return Ok(()) };
        let is_story = !self.scenario.steps.is_empty();
        match first.as_str() {
            "cluster" | "node" | "groupset" | "group" | "resource" if is_story => {
                Err(format!("'{first}' has to stand before the first 'at'"))
            }
            "cluster" => self.cluster(line, words),
            "node" => self.node(line, words),
            "groupset" => self.group_set(line, words),
            "group" => self.group(line, words),
            "resource" => self.resource(line, words),
            "at" => self.at(line, words),
            "until" => {
                let ms = time(&words.next("a time")?)?;
                if let Some((said_in, _)) = self.until {
                    return Err(format!("the end is said in line {said_in} already"));
                }
                if ms < self.now_ms {
                    return Err("the end is before the last step".into());
                }
                self.until = Some((line, ms));
                self.scenario.end_ms = ms;
                words.end()
            }
            "expect" => {
                let what = self.fact(words)?;
                bounded(self.scenario.expected.len(), "expectations")?;
                self.scenario.expected.push(Expected { line, what });
                Ok(())
            }
            other => Err(format!(
                "'{other}' is not understood; a line begins with cluster, node, groupset, group, resource, at, until \
                 or expect"
            )),
        }
    }

    fn cluster(&mut self, line: usize, mut words: Words) -> Parsed<()> {
        while let Some(word) = words.option() {
            bounded(self.scenario.cluster.len(), "properties")?;
            let (property, value) = assigned(&word)?;
            self.scenario.cluster.push((line, property, value));
        }
        Ok(())
    }

    fn node(&mut self, line: usize, mut words: Words) -> Parsed<()> {
        let name = words.next("the node's name")?;
        bounded(self.nodes.len(), "nodes")?;
        new_name(&mut self.nodes, "node", &name)?;
        let mut capacity = (None, None);
        while let Some(word) = words.option() {
            let (property, value) = assigned(&word)?;
            let number = value.parse::<u32>().map_err(|_| format!("'{value}' is no number"))?;
            match property.as_str() {
                "MemoryCapacityMib" => capacity.0 = Some(number.into()),
                "CpuCapacityPercent" => capacity.1 = Some(number.into()),
                _ => {
                    let known = "MemoryCapacityMib and CpuCapacityPercent";
                    return Err(format!("'{property}' is no property of a node here; {known} are"));
                }
            }
        }
        self.scenario.nodes.push(Node { line, name, capacity });
        Ok(())
    }

    fn group_set(&mut self, line: usize, mut words: Words) -> Parsed<()> {
        let name = words.next("the group set's name")?;
        bounded(self.group_sets.len(), "group sets")?;
        let (mut after, mut properties) = (Vec::new(), Vec::new());
        while let Some(word) = words.option() {
            match word.split_once('=') {
                Some(("after", list)) => after = self.sets_of(list)?,
                Some((property, value)) if property.starts_with(char::is_uppercase) => {
                    bounded(properties.len(), "properties")?;
                    properties.push((property.to_owned(), value.to_owned()));
                }
                _ => {
                    return Err(format!(
                        "'{word}' is not understood; a group set can have after=S,T and common properties such as \
                         StartupSetting=1"
                    ));
                }
            }
        }
        new_name(&mut self.group_sets, "group set", &name)?;
        self.scenario.group_sets.push(GroupSet { line, name, after, properties });
        Ok(())
    }

    fn group(&mut self, line: usize, mut words: Words) -> Parsed<()> {
        let name = words.next("the group's name")?;
        bounded(self.groups.len(), "groups")?;
        new_name(&mut self.groups, "group", &name)?;
        let mut group = Group {
            line,
            name,
            owner: None,
            preferred: Vec::new(),
            possible: Vec::new(),
            online: true,
            order: Order::default(),
            properties: Vec::new(),
        };
        while let Some(word) = words.option() {
            match word.split_once('=') {
                Some(("owner", node)) => group.owner = Some(known(&self.nodes, "node", node)?),
                Some(("preferred", list)) => group.preferred = self.nodes_of(list)?,
                Some(("possible", list)) => group.possible = self.nodes_of(list)?,
                Some(("set", set)) => group.order.set = Some(known(&self.group_sets, "group set", set)?),
                Some(("after", list)) => group.order.groups = self.groups_of(list)?,
                Some(("after-set", list)) => group.order.sets = self.sets_of(list)?,
                Some(("state", "online")) => group.online = true,
                Some(("state", "offline")) => group.online = false,
                Some((property, value)) if property.starts_with(char::is_uppercase) => {
                    bounded(group.properties.len(), "properties")?;
                    group.properties.push((property.to_owned(), value.to_owned()));
                }
                _ => {
                    return Err(format!(
                        "'{word}' is not understood; a group can have owner=NODE, preferred=A,B, possible=A,B, set=SET, \
                         after=A,B, after-set=S,T, state=STATE and common properties such as Priority=3000"
                    ));
                }
            }
        }
        self.scenario.groups.push(group);
        Ok(())
    }

    fn resource(&mut self, line: usize, mut words: Words) -> Parsed<()> {
        let name = words.next("the resource's name")?;
        bounded(self.resources.len(), "resources")?;
        let (mut group, mut needs, mut online) = (None, Vec::new(), false);
        let (mut hosting, mut properties) = (Hosting::Pool, Vec::new());
        while let Some(word) = words.option() {
            match (word.as_str(), word.split_once('=')) {
                ("in-process", _) => hosting = Hosting::InProcess,
                ("separate-monitor", _) => hosting = Hosting::SeparateMonitor,
                (_, Some(("group", value))) => group = Some(known(&self.groups, "group", value)?),
                (_, Some(("needs", value))) => {
                    needs.extend(self.resources_of(value)?.into_iter().map(|need| vec![need]));
                }
                (_, Some(("any", value))) => needs.push(self.resources_of(value)?),
                (_, Some(("state", "online"))) => online = true,
                (_, Some(("state", "offline"))) => online = false,
                (_, Some(("state", value))) => {
                    return Err(format!("state={value} cannot be begun with; online or offline can"));
                }
                (_, Some((property, value))) if property.starts_with(char::is_uppercase) => {
                    properties.push((property.to_owned(), value.to_owned()));
                }
                _ => {
                    return Err(format!(
                        "'{word}' is not understood; a resource can have group=GROUP, needs=A,B, any=A,B, state=STATE, in-process, \
                         separate-monitor and common properties such as PendingTimeout=20000"
                    ));
                }
            }
        }
        let only = (self.scenario.groups.len() == 1).then(|| self.scenario.groups[0].name.clone());
        let group = group.or(only).ok_or_else(|| "group=GROUP is missing".to_owned())?;
        new_name(&mut self.resources, "resource", &name)?;
        self.scenario.resources.push(Resource { line, name, group, hosting, needs, online, properties });
        Ok(())
    }

    fn resources_of(&self, list: &str) -> Parsed<Vec<String>> {
        list.split(',').map(|name| known(&self.resources, "resource", name)).collect()
    }

    fn groups_of(&self, list: &str) -> Parsed<Vec<String>> {
        list.split(',').map(|name| known(&self.groups, "group", name)).collect()
    }

    fn sets_of(&self, list: &str) -> Parsed<Vec<String>> {
        list.split(',').map(|name| known(&self.group_sets, "group set", name)).collect()
    }

    fn nodes_of(&self, list: &str) -> Parsed<Vec<String>> {
        list.split(',').map(|name| known(&self.nodes, "node", name)).collect()
    }

    fn at(&mut self, line: usize, mut words: Words) -> Parsed<()> {
        let text = words::joined(words.0.as_slice());
        let at_ms = time(&words.next("a time")?)?;
        if at_ms < self.now_ms {
            return Err("a step stands after those that are earlier".into());
        }
        if let Some((said_in, _)) = self.until.filter(|(_, end_ms)| at_ms > *end_ms) {
            return Err(format!("the step is after the end, which 'until' in line {said_in} says"));
        }
        bounded(self.scenario.steps.len(), "steps")?;
        self.now_ms = at_ms;
        let verb = words.next("what happens")?;
        let step = self.step(line, &verb, words)?;
        self.scenario.steps.push(Timed { line, at_ms, text, step });
        Ok(())
    }

    fn step(&mut self, line: usize, verb: &str, mut words: Words) -> Parsed<Step> {
        let step = match verb {
            "expect" => return Ok(Step::Expect(Expected { line, what: self.fact(words)? })),
            "online" | "offline" | "restart" | "fail" | "delete" | "rename" | "depend" | "undepend"
            | "set" | "move" | "needs" | "cancel" | "maintain" | "confirm" => return self.call(verb, words),
            "type" => self.behaviour(&mut words)?,
            "end" => {
                let resource = self.named(&mut words)?;
                Step::End(resource, reaction(&words.next("how it ends")?)?)
            }
            "progress" => Step::Progress(self.named(&mut words)?),
            "crash" => Step::Crash(self.named(&mut words)?),
            "fail-inside" => Step::FailInside(self.named(&mut words)?),
            "vanish" => Step::Vanish(self.named(&mut words)?),
            "lock" => Step::Lock(self.named(&mut words)?, true),
            "unlock" => Step::Lock(self.named(&mut words)?, false),
            "deadlock" => Step::Deadlock(self.named(&mut words)?),
            "kill" => match words.next("what is killed")?.as_str() {
                "pool" => Step::KillPool,
                "service" => Step::KillService,
                "host" => Step::KillHost(self.named(&mut words)?),
                other => {
                    return Err(format!("'{other}' cannot be killed; pool, service and host RESOURCE can"));
                }
            },
            "stop" => exact(&mut words, "service", Step::StopService)?,
            "start" => exact(&mut words, "service", Step::StartService)?,
            "reset" => exact(&mut words, "machine", Step::Reboot)?,
            "lose" => self.node_becomes(&mut words, NodeChange::Lost)?,
            "return" => self.node_becomes(&mut words, NodeChange::Up)?,
            "pause" => self.node_becomes(&mut words, NodeChange::Paused)?,
            "drain" => self.node_becomes(&mut words, NodeChange::Drained)?,
            "quarantine" => self.node_becomes(&mut words, NodeChange::Quarantined)?,
            "failover" => {
                exact(&mut words, "group", ())?;
                Step::FailOver(known(&self.groups, "group", &words.next("the group's name")?)?)
            }
            "hour" => {
                let word = words.next("an hour, 0 to 23")?;
                let hour = word.parse::<u8>().ok().filter(|hour| *hour < 24);
                Step::Hour(hour.ok_or_else(|| format!("'{word}' is no hour; 0 to 23 are"))?)
            }
            "commits" => Step::Commits(match words.next("how commits go")?.as_str() {
                "succeed" => CommitMode::Done,
                "fail" => CommitMode::Fail,
                "wait" => CommitMode::Hold,
                "unknown-done" => CommitMode::UnknownDone,
                "unknown-failed" => CommitMode::UnknownFailed,
                other => {
                    let modes = "succeed, fail, wait, unknown-done, unknown-failed";
                    return Err(format!("'{other}' is not how commits go; there are {modes}"));
                }
            }),
            "resolve" => exact(&mut words, "commits", Step::Resolve)?,
            "guard" => match words.next("what the guard does")?.as_str() {
                "dies" => Step::GuardDead(true),
                "returns" => Step::GuardDead(false),
                "slow" => Step::GuardSlow,
                other => {
                    return Err(format!("'{other}' is not understood; the guard dies, returns or is slow"));
                }
            },
            "slow" => Step::HostSlow(self.named(&mut words)?),
            "hurry" => Step::Hurry,
            other => {
                return Err(format!("'{other}' is nothing that can happen; docs/simulate.md lists what can"));
            }
        };
        words.end()?;
        Ok(step)
    }

    fn call(&mut self, verb: &str, mut words: Words) -> Parsed<Step> {
        let kind = match verb {
            "online" | "offline" | "set" | "depend" | "undepend" => words.next("resource or group")?,
            "move" => exact(&mut words, "group", "group".to_owned())?,
            _ => exact(&mut words, "resource", "resource".to_owned())?,
        };
        let name = match kind.as_str() {
            "resource" => self.named(&mut words)?,
            "group" => known(&self.groups, "group", &words.next("the group's name")?)?,
            "groupset" if verb == "set" => {
                known(&self.group_sets, "group set", &words.next("the group set's name")?)?
            }
            other => return Err(format!("'{other}' is neither resource nor group")),
        };
        let mut call = match (verb, kind.as_str()) {
            ("online", "resource") => Call::Online(name, 0),
            ("online", _) => Call::OnlineGroup(name),
            ("offline", "resource") => Call::Offline(name, 0, Vec::new()),
            ("offline", _) => Call::OfflineGroup(name),
            ("restart", _) => Call::Restart(name),
            ("fail", _) => Call::Fail(name),
            ("delete", _) => Call::Delete(name),
            ("depend", "group") => {
                Call::DependGroup(name, known(&self.groups, "group", &words.next("the other group")?)?)
            }
            ("undepend", "group") => {
                Call::UndependGroup(name, known(&self.groups, "group", &words.next("the other group")?)?)
            }
            ("depend", _) => Call::Depend(name, self.named(&mut words)?),
            ("undepend", _) => Call::Undepend(name, self.named(&mut words)?),
            ("rename", _) => {
                let new = words.next("the new name")?;
                // Both are known from here on; the engine says which one there is.
                self.resources.insert(new.clone());
                Call::Rename(name, new)
            }
            ("set", "resource") => {
                let (property, value) = assigned(&words.next("PROPERTY=VALUE")?)?;
                Call::Set(name, property, value)
            }
            ("set", "groupset") => {
                let (property, value) = assigned(&words.next("PROPERTY=VALUE")?)?;
                Call::SetGroupSet(name, property, value)
            }
            ("set", _) => {
                let (property, value) = assigned(&words.next("PROPERTY=VALUE")?)?;
                Call::SetGroup(name, property, value)
            }
            ("needs", _) => Call::Needs(name, words.next("an expression such as \"[a] or [b]\"")?),
            ("cancel", _) => Call::Cancel(name),
            ("confirm", _) => Call::Confirm(name),
            ("maintain", _) => {
                let word = words.next("on or off")?;
                one_of(&word, &["on", "off"])?;
                Call::Maintain(name, word == "on")
            }
            _ => match words.option() {
                Some(node) => Call::Move(name, Some(known(&self.nodes, "node", &node)?)),
                None => Call::Move(name, None),
            },
        };
        let mut answer = None;
        while let Some(word) = words.option() {
            match (word.as_str(), &mut call) {
                ("ignore-locked", Call::Offline(_, flags, _) | Call::Online(_, flags)) => *flags |= 1,
                ("force", Call::Offline(_, flags, _)) => *flags |= 2,
                ("keep", Call::Offline(_, flags, _)) => *flags |= 4,
                ("keep", Call::Online(_, flags)) => *flags |= 2,
                ("with", Call::Offline(_, _, instructions)) => {
                    bounded(instructions.len(), "instructions")?;
                    instructions.push(assigned(&words.next("NAME=VALUE")?)?);
                }
                ("answers", _) => answer = Some(words.next("the number or name of the answer")?),
                _ => return Err(format!("'{word}' is not understood here")),
            }
        }
        Ok(Step::Call(call, answer))
    }

    fn node_becomes(&self, words: &mut Words, change: NodeChange) -> Parsed<Step> {
        exact(words, "node", ())?;
        Ok(Step::Node(known(&self.nodes, "node", &words.next("the node's name")?)?, change))
    }

    fn behaviour(&mut self, words: &mut Words) -> Parsed<Step> {
        let resource = self.named(words)?;
        let entry = words.next("an entry point")?;
        let how = words.next("how it behaves")?;
        let entry = match entry.as_str() {
            "open" => Entry::Open,
            "online" => Entry::Online,
            "offline" => Entry::Offline,
            "terminate" => Entry::Terminate,
            "check" => {
                let answer = match how.as_str() {
                    "unknown" => CheckReaction::Unknown,
                    "yes" => CheckReaction::Yes,
                    "no" => CheckReaction::No(Status::CLUSTER_RESOURCE_VETOED_CALL),
                    "silent" => CheckReaction::Silent,
                    other => {
                        return Err(format!(
                            "'{other}' is no answer to a check; unknown, yes, no, silent are"
                        ));
                    }
                };
                return Ok(Step::Check(resource, answer));
            }
            other => {
                let entries = "open, online, offline, terminate, check";
                return Err(format!("'{other}' is no entry point; there are {entries}"));
            }
        };
        Ok(Step::Behave(resource, entry, reaction(&how)?))
    }

    fn named(&self, words: &mut Words) -> Parsed<String> {
        known(&self.resources, "resource", &words.next("the resource's name")?)
    }

    fn fact(&self, mut words: Words) -> Parsed<Fact> {
        let kind = words.next("what is expected")?;
        let fact = match kind.as_str() {
            "state" => {
                let names = self.resources_of(&words.next("a resource's name")?)?;
                let state = words.next("a state")?;
                one_of(&state, &["online", "offline", "failed", "online-pending", "offline-pending"])?;
                Fact::State(names, state)
            }
            "group" => {
                let name = known(&self.groups, "group", &words.next("the group's name")?)?;
                let state = words.next("a state")?;
                one_of(&state, &["online", "offline", "failed", "partial-online", "pending"])?;
                Fact::GroupState(name, state)
            }
            "waits" => {
                let name = known(&self.groups, "group", &words.next("the group's name")?)?;
                Fact::Waits(name, words.next("words in quotation marks, or \"\"")?)
            }
            "persistent" => {
                let name = self.named(&mut words)?;
                let state = words.next("online, offline or unset")?;
                one_of(&state, &["online", "offline", "unset"])?;
                Fact::Persistent(name, (state != "unset").then_some(state == "online"))
            }
            "running" => Fact::Runs(self.resources_of(&words.next("a resource's name")?)?, true),
            "stopped" => Fact::Runs(self.resources_of(&words.next("a resource's name")?)?, false),
            "orders" => {
                let mut orders = Vec::new();
                while let Some(word) = words.option() {
                    let Some((name, step)) = word.rsplit_once(':') else {
                        return Err(format!("'{word}' is not RESOURCE:STEP, such as db:stop"));
                    };
                    one_of(step, &["open", "start", "stop", "terminate", "restore", "close", "cleanup"])?;
                    orders.push((known(&self.resources, "resource", name)?, step.to_owned()));
                }
                Fact::Orders(orders)
            }
            "no-orders" => Fact::NoOrders(self.named(&mut words)?),
            "journal" => {
                let verb = words.next("a verb")?;
                let name = words.next("an object's name")?;
                let end = words.next("how it ended")?;
                one_of(&end, &["done", "refused", "vetoed", "failed", "superseded", "cancelled", "running"])?;
                Fact::Journal(verb, name, end)
            }
            "starts" => {
                let name = self.named(&mut words)?;
                let count = words.next("how many")?;
                Fact::Starts(name, count.parse().map_err(|_| format!("'{count}' is no number"))?)
            }
            "cause" => Fact::Cause(self.named(&mut words)?, words.next("words in quotation marks")?),
            "told" => {
                let name = self.named(&mut words)?;
                let (instruction, value) = assigned(&words.next("NAME=VALUE")?)?;
                Fact::Told(name, instruction, value)
            }
            "owner" => {
                let name = known(&self.groups, "group", &words.next("the group's name")?)?;
                let node = words.next("the node's name, or nobody")?;
                match node.as_str() {
                    "nobody" => Fact::Owner(name, None),
                    _ => Fact::Owner(name, Some(known(&self.nodes, "node", &node)?)),
                }
            }
            "reason" => {
                let name = known(&self.groups, "group", &words.next("the group's name")?)?;
                Fact::Reason(name, words.next("words in quotation marks")?)
            }
            "quiet" => Fact::Quiet,
            other => {
                let kinds = "state, group, waits, persistent, running, stopped, orders, no-orders, starts, cause, told, \
                             journal, owner, reason, quiet";
                return Err(format!("'{other}' cannot be expected; there are {kinds}"));
            }
        };
        words.end()?;
        Ok(fact)
    }
}

fn bounded(count: usize, what: &str) -> Parsed<()> {
    if count >= ITEMS_MAX { Err(format!("there are more than {ITEMS_MAX} {what}")) } else { Ok(()) }
}

/// `NAME=VALUE`.
fn assigned(word: &str) -> Parsed<(String, String)> {
    let (name, value) = word.split_once('=').ok_or_else(|| format!("'{word}' is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn one_of(word: &str, words: &[&str]) -> Parsed<()> {
    match words.contains(&word) {
        true => Ok(()),
        false => Err(format!("'{word}' cannot stand here; {} can", words.join(", "))),
    }
}

fn exact<T>(words: &mut Words, expected: &str, then: T) -> Parsed<T> {
    let word = words.next(expected)?;
    if word == expected { Ok(then) } else { Err(format!("'{word}' cannot stand here; {expected} can")) }
}

fn new_name(names: &mut BTreeSet<String>, kind: &str, name: &str) -> Parsed<()> {
    if name.is_empty() || name.contains([',', '=']) {
        return Err(format!("'{name}' is no name for a {kind}"));
    }
    match names.insert(name.to_owned()) {
        true => Ok(()),
        false => Err(format!("there is a {kind} '{name}' already")),
    }
}

fn known(names: &BTreeSet<String>, kind: &str, name: &str) -> Parsed<String> {
    match names.contains(name) {
        true => Ok(name.to_owned()),
        false => Err(format!("there is no {kind} '{name}' above")),
    }
}

fn reaction(word: &str) -> Parsed<Reaction> {
    Ok(match word {
        "done" => Reaction::Done,
        "fails" => Reaction::Fail,
        "vetoes" => Reaction::Veto,
        "hangs" => Reaction::Hang,
        "pretends" => Reaction::Pretend,
        other => {
            return Err(format!("'{other}' is no behaviour; there are done, fails, vetoes, hangs, pretends"));
        }
    })
}

/// A time: `250ms`, `5s`, `3m`, `2h`.
fn time(word: &str) -> Parsed<u64> {
    let split = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (number, unit) = word.split_at(split);
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("'{word}' is no time; 250ms, 5s, 3m and 2h are")),
    };
    let ms = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    ms.filter(|ms| *ms <= TIME_MAX_MS).ok_or_else(|| format!("'{word}' is no time within half a year"))
}
