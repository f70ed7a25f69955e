//! `mainstay plan`: what a call would do, without doing it.

use clap::Subcommand;
use mainstay_client::{Asking, CallError, Cluster, Group, Node, Resource, SubmitObject, Target};
use mainstay_types::flags::{GroupMoveFlags, GroupOfflineFlags, GroupOnlineFlags};
use mainstay_types::glance::Glance;
use mainstay_types::name::fold;
use mainstay_types::operation::{End, Verb};
use mainstay_types::order::Cause;
use mainstay_types::own_codes::plan as words;
use mainstay_types::plan::{CallPlan, Plan, PlannedPlacement};
use mainstay_types::{Name, OfflineFlags, OnlineFlags, Status};

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::instructions::Instructions;
use crate::json::plan::{CallPlanDocument, PlacementDocument};
use crate::properties::Owner;
use crate::render::{BAD, Cell, FAINT, GOOD, MARKED, Table, clean, span, styled};
use crate::submit::with_option;
use crate::way_out::about;

/// What is planned.
#[derive(Debug, Subcommand)]
pub enum PlanVerb {
    /// What taking a resource or a group offline would do
    Offline(PlanOffline),
    /// What bringing a resource or a group online would do
    Online(PlanOnline),
    /// What a restart of a resource would do
    Restart {
        /// Name or id of the resource
        name: String,
    },
    /// What treating a resource as failed would do
    Fail {
        /// Name or id of the resource
        name: String,
    },
    /// What deleting a resource or a group would do
    Delete {
        /// Name or id of a resource or a group
        name: String,
        /// As if the group went offline and were deleted with its resources; of a group
        #[arg(long)]
        with_resources: bool,
    },
    /// What setting properties of a resource, a group, a node or the cluster would do
    Set {
        /// Name or id of a resource or a group; the first of these that has the name. Or a kind, `resource`, `group` or
        /// `node`, with the name behind it; or `cluster`
        object: String,
        /// The name, where a kind was named; then properties, as in `resource set`
        #[arg(required = true, value_name = "NAME=VALUE")]
        properties: Vec<String>,
    },
    /// What a move of a group would do, and where it would go
    Move {
        /// Name or id of the group
        group: String,
        /// Name or number of the node [default: the best other one]
        #[arg(long, value_name = "NODE")]
        to: Option<String>,
        /// As if it were done although resources are locked by their types
        #[arg(long)]
        ignore_locked: bool,
    },
    /// What would become of the groups if a node were lost
    NodeLoss {
        /// Name or number of the node
        node: String,
    },
}

/// A way down.
#[derive(Debug, clap::Args)]
pub struct PlanOffline {
    /// Name or id of a resource or a group; a resource comes before a group of the same name
    pub name: String,
    /// As if it were done although something is locked
    #[arg(long)]
    pub ignore_locked: bool,
    /// As if it were terminated; of a resource
    #[arg(long)]
    pub force: bool,
    /// As if the persistent state were left as it is; of a resource
    #[arg(long)]
    pub keep_persistent_state: bool,
    /// What it would be told along with it
    #[command(flatten)]
    pub instructions: Instructions,
}

/// A way up.
#[derive(Debug, clap::Args)]
pub struct PlanOnline {
    /// Name or id of a resource or a group; a resource comes before a group of the same name
    pub name: String,
    /// As if it were done although something is locked
    #[arg(long)]
    pub ignore_locked: bool,
    /// As if the persistent state were left as it is; of a resource
    #[arg(long)]
    pub keep_persistent_state: bool,
    /// What it would be told along with it
    #[command(flatten)]
    pub instructions: Instructions,
}

/// A resource or a group, by the name that was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Object<'a> {
    Resource(&'a str),
    Group(&'a str),
}

impl<'a> Object<'a> {
    /// A resource comes before a group; what is neither the service refuses as a resource.
    fn find(glance: &'a Glance, name: &'a str) -> Self {
        let object = Object::Resource(name);
        object.known(glance).or_else(|| Object::Group(name).known(glance)).unwrap_or(object)
    }

    /// Of what only groups have. A resource may have the same name.
    fn find_group(glance: &'a Glance, name: &'a str) -> Result<Self, Failure> {
        match (Object::Group(name).known(glance), Object::Resource(name).known(glance)) {
            (Some(group), _) => Ok(group),
            (None, None) => Ok(Object::Group(name)),
            (None, Some(_)) => Err(Failure::usage("--with-resources is of groups, and this is no group")),
        }
    }

    /// The same by its own name, where it is there: it may be named by its id.
    fn known(self, glance: &'a Glance) -> Option<Self> {
        match self {
            Object::Resource(given) => {
                let found = glance.resources.iter().find(|it| is_it(given, &it.name, &it.id))?;
                Some(Object::Resource(found.name.as_str()))
            }
            Object::Group(given) => {
                let found = glance.groups.iter().find(|it| is_it(given, &it.name, &it.id))?;
                Some(Object::Group(found.name.as_str()))
            }
        }
    }

    fn named(self, glance: &'a Glance) -> Self {
        self.known(glance).unwrap_or(self)
    }

    fn subject(self) -> Subject<'a> {
        match self {
            Object::Resource(name) => Subject::Resource(name),
            Object::Group(name) => Subject::Group(name),
        }
    }

    fn of_submission(self) -> SubmitObject<'a> {
        match self {
            Object::Resource(name) => SubmitObject::Resource(name),
            Object::Group(name) => SubmitObject::Group(name),
        }
    }
}

/// What a set is planned for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Settable<'a> {
    Object(Object<'a>),
    Node(&'a str),
    Cluster,
}

impl<'a> Settable<'a> {
    /// By its own name, where it is there.
    fn named(self, glance: &'a Glance) -> Self {
        match self {
            Settable::Object(object) => Settable::Object(object.named(glance)),
            Settable::Node(given) => {
                let found = glance.nodes.iter().find(|it| is_it(given, &it.name, &it.id));
                Settable::Node(found.map_or(given, |it| it.name.as_str()))
            }
            Settable::Cluster => Settable::Cluster,
        }
    }

    fn subject(self) -> Subject<'a> {
        match self {
            Settable::Object(object) => object.subject(),
            Settable::Node(name) => Subject::Node(name),
            Settable::Cluster => Subject::Cluster,
        }
    }

    fn of_submission(self) -> SubmitObject<'a> {
        match self {
            Settable::Object(object) => object.of_submission(),
            Settable::Node(name) => SubmitObject::Node(name),
            Settable::Cluster => SubmitObject::Cluster,
        }
    }
}

/// Whether what was given is the name of something, or its id.
fn is_it(given: &str, name: &Name, id: &impl ToString) -> bool {
    name.is(given) || fold(given) == id.to_string()
}

pub(crate) fn run(verb: &PlanVerb, context: &mut Context) -> Result<Exit, Failure> {
    // A plan changes nothing: who may look may ask. What the call itself needs beyond that it says.
    let mut cluster = context.read()?;
    // What is named by its id or number is spoken of by its name.
    let glance = &glance(&mut cluster)?;
    let (call, name) = match verb {
        PlanVerb::Offline(given) => return offline(given, glance, &mut cluster, context),
        PlanVerb::Online(given) => return online(given, glance, &mut cluster, context),
        PlanVerb::Set { object, properties } => {
            return set(object, properties, glance, &mut cluster, context);
        }
        PlanVerb::Move { group, to, ignore_locked } => {
            let object = Object::Group(group).named(glance);
            let flags = if *ignore_locked { GroupMoveFlags::IGNORE_RESOURCE_STATUS.bits() } else { 0 };
            let asking = Asking::new(words::MOVE, object.of_submission());
            let asking = Asking { flags, target: to.as_deref(), ..asking };
            let plan = match cluster.plan(&asking) {
                Ok(Plan::Call(plan)) => plan,
                Ok(Plan::Placement(_)) => return Err(not_understood()),
                Err(error) => {
                    let subject = subject_of(&error, object.subject(), to.as_deref());
                    return Err(Failure::of_call(&mut cluster, &error, &subject));
                }
            };
            return show(&plan, Verb::Move, object.subject(), false, context);
        }
        PlanVerb::NodeLoss { node } => {
            let asking = Asking::new(words::NODE_LOSS, SubmitObject::Group(node));
            return places(&asking, Subject::Node(node), &mut cluster, context);
        }
        PlanVerb::Restart { name } => (Verb::Restart, name),
        PlanVerb::Fail { name } => (Verb::Fail, name),
        PlanVerb::Delete { name, .. } => (Verb::Delete, name),
    };
    let (object, flags) = match verb {
        PlanVerb::Delete { with_resources: true, .. } => {
            (Object::find_group(glance, name)?, words::WITH_RESOURCES)
        }
        PlanVerb::Delete { .. } => (Object::find(glance, name), 0),
        _ => (Object::Resource(name).named(glance), 0),
    };
    let asking = Asking { flags, ..Asking::new(call.as_str(), object.of_submission()) };
    let mut plan = ask_call(&asking, object.subject(), &mut cluster)?;
    if plan.answer == Status::DIR_NOT_EMPTY {
        let with_all = about("plan delete", name).option("--with-resources");
        plan.notes.push(format!("what it takes to delete all of it is shown by: {with_all}"));
    }
    show(&plan, call, object.subject(), false, context)
}

/// What a refusal is about: the node that was named beside it, where that is none.
pub(crate) fn subject_of<'a>(error: &CallError, subject: Subject<'a>, node: Option<&'a str>) -> Subject<'a> {
    match node {
        Some(node) if error.status() == Status::CLUSTER_NODE_NOT_FOUND => Subject::Node(node),
        _ => subject,
    }
}

fn offline(
    given: &PlanOffline,
    glance: &Glance,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let object = Object::find(glance, &given.name);
    let flags = match object {
        Object::Resource(_) => {
            let mut flags = OfflineFlags::empty();
            flags.set(OfflineFlags::IGNORE_RESOURCE_STATUS, given.ignore_locked);
            flags.set(OfflineFlags::FORCE_WITH_TERMINATION, given.force);
            flags.set(OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE, given.keep_persistent_state);
            flags.bits()
        }
        Object::Group(_) if given.force || given.keep_persistent_state => return Err(of_resources_only()),
        Object::Group(_) if given.ignore_locked => GroupOfflineFlags::IGNORE_RESOURCE_STATUS.bits(),
        Object::Group(_) => 0,
    };
    let buffer = given.instructions.buffer()?;
    let asking = Asking { flags, buffer: &buffer, ..Asking::new(words::OFFLINE, object.of_submission()) };
    let plan = ask_call(&asking, object.subject(), cluster)?;
    show(&plan, Verb::Offline, object.subject(), !buffer.is_empty(), context)
}

fn online(
    given: &PlanOnline,
    glance: &Glance,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let object = Object::find(glance, &given.name);
    let flags = match object {
        Object::Resource(_) => {
            let mut flags = OnlineFlags::empty();
            flags.set(OnlineFlags::IGNORE_RESOURCE_STATUS, given.ignore_locked);
            flags.set(OnlineFlags::DO_NOT_UPDATE_PERSISTENT_STATE, given.keep_persistent_state);
            flags.bits()
        }
        Object::Group(_) if given.keep_persistent_state => return Err(of_resources_only()),
        Object::Group(_) if given.ignore_locked => GroupOnlineFlags::IGNORE_RESOURCE_STATUS.bits(),
        Object::Group(_) => 0,
    };
    let buffer = given.instructions.buffer()?;
    let asking = Asking { flags, buffer: &buffer, ..Asking::new(words::ONLINE, object.of_submission()) };
    let plan = ask_call(&asking, object.subject(), cluster)?;
    show(&plan, Verb::Online, object.subject(), !buffer.is_empty(), context)
}

fn of_resources_only() -> Failure {
    Failure::usage("--force and --keep-persistent-state are of resources, and this is a group")
}

/// The object whose properties would be set, and the properties: what stands before them may be a kind.
fn settable<'a>(
    first: &'a str,
    rest: &'a [String],
    find: impl FnOnce(&'a str) -> Object<'a>,
) -> Result<(Settable<'a>, &'a [String]), Failure> {
    let Some((name, properties)) = rest.split_first().filter(|(name, _)| !name.contains('=')) else {
        let is_cluster = first == "cluster";
        let object = if is_cluster { Settable::Cluster } else { Settable::Object(find(first)) };
        return Ok((object, rest));
    };
    let object = match first {
        "resource" => Settable::Object(Object::Resource(name)),
        "group" => Settable::Object(Object::Group(name)),
        "node" => Settable::Node(name),
        other => {
            let (kind, name) = (clean(other), clean(name));
            let message = format!("'{kind}' is no kind whose set is planned, and '{name}' is no property");
            let way_out =
                "name resource, group or node and then its name, or the object alone; then NAME=VALUE";
            return Err(Failure::usage(message).with_way_out(way_out));
        }
    };
    match properties {
        [] => Err(Failure::usage("there is nothing to set; write NAME=VALUE behind the name")),
        properties => Ok((object, properties)),
    }
}

fn set(
    first: &str,
    rest: &[String],
    glance: &Glance,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let (object, properties) = settable(first, rest, |name| Object::find(glance, name))?;
    let object = object.named(glance);
    let subject = object.subject();
    let plans = |cluster: &mut Cluster, target: Target<'_>| {
        Owner { target, subject }.plan(cluster, object.of_submission(), properties)
    };
    let plans = match object {
        Settable::Object(Object::Resource(name)) => {
            let opened: Resource = open_object(cluster, name, &subject)?;
            plans(cluster, Target::Resource(&opened))?
        }
        Settable::Object(Object::Group(name)) => {
            let opened: Group = open_object(cluster, name, &subject)?;
            plans(cluster, Target::Group(&opened))?
        }
        Settable::Node(name) => {
            let opened: Node = open_object(cluster, name, &subject)?;
            plans(cluster, Target::Node(&opened))?
        }
        Settable::Cluster => plans(cluster, Target::Cluster)?,
    };
    // Of the sections the first that is refused decides; else one that is taken up later only.
    let plan = plans.iter().find(|plan| is_refused(plan));
    let plan = plan.or_else(|| plans.iter().find(|plan| plan.answer != Status::SUCCESS)).or(plans.first());
    let plan = plan.ok_or_else(|| Failure::usage("there is nothing to set"))?;
    show(plan, Verb::Set, subject, false, context)
}

fn places(
    asking: &Asking<'_>,
    subject: Subject<'_>,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Exit, Failure> {
    match ask(asking, subject, cluster)? {
        Plan::Placement(groups) => show_places(&groups, context),
        Plan::Call(_) => Err(not_understood()),
    }
}

pub(crate) fn ask_call(
    asking: &Asking<'_>,
    subject: Subject<'_>,
    cluster: &mut Cluster,
) -> Result<CallPlan, Failure> {
    match ask(asking, subject, cluster)? {
        Plan::Call(plan) => Ok(plan),
        Plan::Placement(_) => Err(not_understood()),
    }
}

fn ask(asking: &Asking<'_>, subject: Subject<'_>, cluster: &mut Cluster) -> Result<Plan, Failure> {
    cluster.plan(asking).map_err(|error| Failure::of_call(cluster, &error, &subject))
}

fn not_understood() -> Failure {
    Failure::new(Exit::Unknown, "the service's plan cannot be understood")
        .with_way_out("use a 'mainstay' of the service's own version")
}

pub(crate) fn is_refused(plan: &CallPlan) -> bool {
    let stored = plan.answer == Status::RESOURCE_PROPERTIES_STORED;
    !matches!(plan.answer, Status::SUCCESS | Status::IO_PENDING) && !stored
}

/// Shows the plan of a call. `is_told`: the call would have instructions.
fn show(
    plan: &CallPlan,
    verb: Verb,
    subject: Subject<'_>,
    is_told: bool,
    context: &mut Context,
) -> Result<Exit, Failure> {
    // A refusal is said in the words of the command that would make the call.
    let refusal = is_refused(plan).then(|| Failure::refused(plan.answer, &plan.text, &subject));
    let refusal = refusal.map(|refusal| with_option(refusal, verb, &subject, is_told));
    let document = || CallPlanDocument::new(plan, refusal.as_ref());
    context.output.data(document, || text(plan, verb, &subject, refusal.as_ref()))?;
    Ok(if refusal.is_some() { Exit::Refused } else { Exit::Done })
}

fn text(plan: &CallPlan, verb: Verb, subject: &Subject<'_>, refusal: Option<&Failure>) -> String {
    if let Some(refusal) = refusal {
        let word = styled(BAD, "would be refused");
        return format!("{verb} of {subject} {word}: {refusal}\n{}", notes(plan));
    }
    let word = styled(GOOD, "would be accepted");
    let mut text = format!("{verb} of {subject} {word}: {}\n", plan.answer);
    text.push_str(&steps(plan));
    if let Some(cause) = failure(plan) {
        text.push_str(&format!("  {}: {}\n", styled(BAD, "then it would fail"), clean(&cause.to_string())));
    }
    for change in &plan.changes {
        let to = change.to.map_or_else(|| "deleted".to_owned(), |state| state.to_string());
        text.push_str(&format!("  {}: {} -> {to}\n", clean(change.resource.as_str()), change.from));
    }
    if plan.changes.is_empty() {
        text.push_str("  no resource's state would change\n");
    }
    text.push_str(&notes(plan));
    text
}

/// Each resource's part, and how long all of it would take.
fn steps(plan: &CallPlan) -> String {
    if plan.steps.is_empty() {
        return String::new();
    }
    let mut table = Table::with_heading(&["AFTER", "RESOURCE", "STEP", "TAKES", "THEN"]);
    let mut known = true;
    for step in &plan.steps {
        let at_least = if known { "" } else { ">= " };
        // What it would wait for does not come.
        let in_vain = failure(plan).is_some_and(|cause| step.outcome == cause.to_string());
        table.row(vec![
            format!("{at_least}{}", span(step.begins_in_ms)).into(),
            step.resource.as_str().into(),
            step.action.as_str().into(),
            match step.takes_ms {
                _ if in_vain => "".into(),
                Some(ms) => format!("{} (of {})", span(ms), count(step.runs, "run")).into(),
                None => Cell::new(FAINT, "not known yet"),
            },
            if in_vain { "not done" } else { step.outcome.as_str() }.into(),
        ]);
        known &= step.takes_ms.is_some();
    }
    let whole = plan.takes_ms.map(|ms| format!("  as a whole some {}\n", span(ms)));
    format!("{}{}", table.show(2), whole.unwrap_or_default())
}

/// With what it would fail after it was accepted.
fn failure(plan: &CallPlan) -> Option<&Cause> {
    match &plan.end {
        Some(End::Failed(cause)) => Some(cause),
        _ => None,
    }
}

fn notes(plan: &CallPlan) -> String {
    plan.notes.iter().map(|note| format!("  {}: {}\n", styled(MARKED, "note"), clean(note))).collect()
}

fn count(number: u32, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn show_places(groups: &[PlannedPlacement], context: &mut Context) -> Result<Exit, Failure> {
    let documents = || groups.iter().map(PlacementDocument::from).collect::<Vec<_>>();
    context.output.data(documents, || {
        if groups.is_empty() {
            return "nothing would change\n".into();
        }
        let mut text = String::new();
        for group in groups {
            text.push_str(&format!("{}\n", clean(&group.decision)));
            // A decision that leaves it without a node has them in it.
            let others = group.nodes.iter().filter(|node| !group.decision.contains(node.as_str()));
            others.for_each(|node| text.push_str(&format!("  {}\n", clean(node))));
        }
        text
    })?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use mainstay_types::ResourceState;
    use mainstay_types::plan::{PlannedStep, StateChange};

    use super::*;

    fn step(name: &str, begins_in_ms: u64, takes_ms: Option<u64>, runs: u32) -> PlannedStep {
        let resource = Name::parse(name).unwrap();
        PlannedStep {
            resource,
            action: "stop".into(),
            begins_in_ms,
            takes_ms,
            runs,
            outcome: "offline".into(),
        }
    }

    fn sample() -> CallPlan {
        CallPlan {
            answer: Status::IO_PENDING,
            text: String::new(),
            steps: vec![step("web", 0, None, 0), step("db", 1_200, Some(250), 3)],
            end: Some(End::Done),
            takes_ms: None,
            changes: vec![StateChange {
                resource: Name::parse("db").unwrap(),
                from: ResourceState::Online,
                to: Some(ResourceState::Offline),
            }],
            notes: vec!["'db' would be restarted\x07".into()],
        }
    }

    #[test]
    fn a_plan_in_words() {
        let accepted = text(&sample(), Verb::Offline, &Subject::Resource("db"), None);
        let refusal = CallPlan {
            answer: Status::CLUSTER_RESOURCE_LOCKED_STATUS,
            text: "resource 'web' is locked".into(),
            ..sample()
        };
        let subject = Subject::Resource("db");
        let failure = Failure::refused(refusal.answer, &refusal.text, &subject);
        let failure = with_option(failure, Verb::Offline, &subject, false);
        let refused = text(&refusal, Verb::Offline, &subject, Some(&failure));
        let cause = Cause::new(Status::TIMEOUT, "waited 600 s for group 'first'");
        let outcome = cause.to_string();
        let in_vain = CallPlan {
            steps: vec![PlannedStep { outcome, ..step("web", 600_000, Some(3), 1) }],
            end: Some(End::Failed(cause)),
            takes_ms: Some(600_003),
            changes: Vec::new(),
            notes: Vec::new(),
            ..sample()
        };
        let in_vain = text(&in_vain, Verb::Online, &Subject::Group("g"), None);
        let all = format!("{accepted}{refused}{in_vain}");
        insta::assert_snapshot!(anstream::adapter::strip_str(&all).to_string());
    }

    #[test]
    fn what_stands_before_properties_may_be_a_kind() {
        let found = |words: &[&'static str]| {
            let rest: Vec<String> = words[1..].iter().map(|word| (*word).to_owned()).collect();
            let rest: &'static [String] = rest.leak();
            settable(words[0], rest, Object::Resource)
                .map(|(object, properties)| (object, properties.len()))
                .map_err(|failure| failure.to_string())
        };
        let resource = |name| Settable::Object(Object::Resource(name));
        assert_eq!(found(&["db", "A=1", "B=2"]), Ok((resource("db"), 2)));
        assert_eq!(found(&["node", "n1", "A=1"]), Ok((Settable::Node("n1"), 1)));
        assert_eq!(found(&["group", "g", "A=1"]), Ok((Settable::Object(Object::Group("g")), 1)));
        assert_eq!(found(&["cluster", "A=1"]), Ok((Settable::Cluster, 1)));
        assert_eq!(found(&["resource", "cluster", "A=1"]), Ok((resource("cluster"), 1)));
        assert_eq!(found(&["node", "A=1"]), Ok((resource("node"), 1)), "it may be called so");
        assert!(found(&["db", "g", "A=1"]).unwrap_err().contains("'db' is no kind"));
        assert!(found(&["node", "n1"]).unwrap_err().contains("nothing to set"));
    }

    #[test]
    fn the_document_is_stable() {
        let document = CallPlanDocument::new(&sample(), None);
        insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
    }
}
