//! `mainstay cluster export`, `plan` and `apply`: the configuration as a file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use mainstay_client::{Cluster, SubmitObject};
use mainstay_types::Status;
use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject, Setting, Step, StepAction};
use mainstay_types::operation::Verb;
use serde::Serialize;

use crate::configuration_file::{self, FILE_LENGTH_MAX};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::StatusDocument;
use crate::new_resource;
use crate::render::{BAD, GOOD, MOVING, STRONG, clean, styled};
use crate::submit::{self, Request};
use crate::wait::WaitArguments;

/// How much of a value one line shows.
const VALUE_LENGTH_MAX: usize = 200;

/// A file to go to.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The file, as `cluster export` writes it
    pub file: PathBuf,
    /// Delete what the file does not name; without it, that is refused
    #[arg(long)]
    pub delete: bool,
    /// Take offline what has to be offline for it; without it, that is refused
    #[arg(long)]
    pub take_offline: bool,
}

/// The same, and why.
#[derive(Debug, Args)]
pub struct ApplyArguments {
    /// What is to be done
    #[command(flatten)]
    pub plan: PlanArguments,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// A step in `--json`.
#[derive(Debug, Serialize)]
struct StepDocument<'s> {
    /// `create`, `change`, `delete`.
    action: StepAction,
    /// `cluster`, `node`, `type`, `group`, `resource`.
    kind: ConfiguredKind,
    /// The object's name; empty for the cluster.
    name: &'s str,
    /// What is different.
    differences: &'s [mainstay_types::configuration::SettingDifference],
    /// Why it is refused; `null` when it is not.
    refused: Option<String>,
    /// The number of that refusal; `null` where there is none.
    status: Option<StatusDocument>,
    /// What cannot be known before it is done.
    notes: &'s [String],
    /// The operation that did it; `null` in a plan.
    operation: Option<String>,
}

/// Writes the configuration.
pub(crate) fn export(context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.read()?;
    let objects =
        cluster.configuration().map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Cluster))?;
    let text = configuration_file::write(&objects).map_err(|error| {
        Failure::new(Exit::Unknown, format!("the configuration cannot be written as TOML: {error}"))
    })?;
    context.output.data(|| &objects, || text)?;
    Ok(Exit::Done)
}

/// Shows what applying the file would do, and does nothing.
pub(crate) fn plan(arguments: &PlanArguments, context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.read()?;
    let steps = steps(arguments, &mut cluster)?;
    let refusals: Vec<Option<Refused>> = steps.iter().map(|step| refusal(step, arguments)).collect();
    let documents = || {
        steps.iter().zip(&refusals).map(|(step, why)| document(step, why.as_ref(), None)).collect::<Vec<_>>()
    };
    context.output.data(documents, || {
        let shown = steps.iter().zip(&refusals).map(|(step, why)| shown(step, why.as_ref()));
        shown.collect::<Vec<_>>().concat()
    })?;
    if steps.is_empty() && !context.output.is_json() {
        context.output.note("nothing is different");
    }
    match refusals.iter().flatten().count() {
        0 => Ok(Exit::Done),
        count => Err(not_applied(count)),
    }
}

/// Makes the cluster what the file says.
pub(crate) fn apply(arguments: &ApplyArguments, context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.change()?;
    let steps = steps(&arguments.plan, &mut cluster)?;
    let reason = arguments.reason.as_deref().unwrap_or_default();
    let refusals: Vec<(&Step, Refused)> =
        steps.iter().filter_map(|step| Some((step, refusal(step, &arguments.plan)?))).collect();
    if !refusals.is_empty() {
        for (step, why) in &refusals {
            context.output.note(&format!("{}: refused: {}", subject(step), why.line(step)));
        }
        return Err(not_applied(refusals.len()));
    }
    let (mut documents, mut text) = (Vec::new(), String::new());
    let mut failed = None;
    for (done, step) in steps.iter().enumerate() {
        match carry_out(step, reason, &mut cluster, context) {
            Ok(operation) => {
                text.push_str(&done_line(step, operation.as_deref()));
                documents.push(document(step, None, operation));
            }
            Err(failure) => {
                failed = Some((done, about(step, failure)));
                break;
            }
        }
    }
    context.output.data(|| &documents, || text)?;
    match failed {
        None => {
            if steps.is_empty() && !context.output.is_json() {
                context.output.note("nothing is different");
            }
            Ok(Exit::Done)
        }
        Some((0, failure)) => Err(failure),
        Some((done, failure)) => {
            let are = |count: usize| if count == 1 { "is" } else { "are" };
            let (all, left) = (steps.len(), steps.len() - done);
            let (did, did_not) = (are(done), are(left));
            let message =
                format!("{done} of {all} steps {did} done, {left} {did_not} not: {}", failure.message);
            Err(Failure { exit: Exit::EndedOtherwise, message, ..failure })
        }
    }
}

fn steps(arguments: &PlanArguments, cluster: &mut Cluster) -> Result<Vec<Step>, Failure> {
    let wanted = read(&arguments.file)?;
    cluster.plan_configuration(&wanted).map_err(|error| Failure::of_call(cluster, &error, &Subject::Cluster))
}

fn read(path: &Path) -> Result<Vec<ConfiguredObject>, Failure> {
    let unusable = |reason: String| Failure::usage(format!("'{}' cannot be used: {reason}", path.display()));
    let file = File::open(path).map_err(|error| unusable(error.to_string()))?;
    if file.metadata().is_ok_and(|found| found.is_dir()) {
        return Err(unusable("it is a directory; name a file in it".to_owned()));
    }
    let mut text = String::new();
    let length = file
        .take(FILE_LENGTH_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| unusable(error.to_string()))?;
    if length as u64 > FILE_LENGTH_MAX {
        return Err(unusable(format!("it is longer than {FILE_LENGTH_MAX} bytes")));
    }
    configuration_file::read(&text).map_err(unusable)
}

/// Why a step is not to be done.
struct Refused {
    text: String,
    status: Option<Status>,
}

impl Refused {
    /// What happened, number and name, and the way out, in one line.
    fn line(&self, step: &Step) -> String {
        match self.status {
            None => clean(&self.text),
            Some(status) => Failure::refused(status, &self.text, &of(step)).to_string(),
        }
    }
}

/// Why a step is not to be done with these flags.
fn refusal(step: &Step, arguments: &PlanArguments) -> Option<Refused> {
    if step.action == StepAction::Delete && !arguments.delete {
        let text = "the file does not name it; name it there, or delete it with --delete".into();
        return Some(Refused { text, status: None });
    }
    let why = step.refused.clone()?;
    match step.needs_offline {
        true if arguments.take_offline => None,
        true => Some(Refused { text: format!("{why} (--take-offline)"), status: step.status }),
        false => Some(Refused { text: why, status: step.status }),
    }
}

fn not_applied(count: usize) -> Failure {
    let steps = if count == 1 { "one step is".to_owned() } else { format!("{count} steps are") };
    Failure::new(Exit::Refused, format!("{steps} refused, so nothing is applied"))
        .with_way_out("see the reasons; mend the file, or allow it with --delete or --take-offline")
}

fn carry_out(
    step: &Step,
    reason: &str,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Option<String>, Failure> {
    let name = &step.object.name;
    if step.needs_offline {
        let request = Request {
            verb: Verb::Offline,
            object: SubmitObject::Resource(name),
            flags: 0,
            shutting_down: false,
            buffer: &[],
            reason: Some(reason),
            wait: &WaitArguments::default(),
        };
        submit::carry_out_quietly(&request, cluster)?;
        return configure(step, reason, cluster, context).map_err(|failure| {
            // Something has changed.
            let exit = if failure.exit == Exit::Refused { Exit::EndedOtherwise } else { failure.exit };
            let message =
                format!("{} was taken offline for it, and then: {}", subject(step), failure.message);
            Failure { exit, message, ..failure }
        });
    }
    configure(step, reason, cluster, context)
}

fn configure(
    step: &Step,
    reason: &str,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Option<String>, Failure> {
    if (step.action, step.object.kind) == (StepAction::Create, ConfiguredKind::Resource) {
        let made = new_resource::make(&step.object, reason, cluster)?;
        for note in made.notes {
            context.output.note(&note);
        }
        return Ok(made.operation.map(|id| id.to_string()));
    }
    let (done, _) = cluster
        .configure(step.action, &step.object, Some(&step.differences), reason)
        .map_err(|error| Failure::of_call(cluster, &error, &of(step)))?;
    match done.status {
        Status::SUCCESS => {}
        Status::RESOURCE_PROPERTIES_STORED => {
            context.output.note(&format!("{}: what runs takes it up at its next online", subject(step)));
        }
        status => {
            return Err(Failure::refused(status, &done.text, &of(step)).with_operation(done.operation));
        }
    }
    Ok(done.operation.map(|id| id.to_string()))
}

/// The failure with the name of what it happened to, where it does not say it itself.
fn about(step: &Step, failure: Failure) -> Failure {
    let subject = subject(step);
    match failure.message.starts_with(&subject) {
        true => failure,
        false => Failure { message: format!("{subject}: {}", failure.message), ..failure },
    }
}

fn of(step: &Step) -> Subject<'_> {
    let name = step.object.name.as_str();
    match step.object.kind {
        ConfiguredKind::Cluster => Subject::Cluster,
        ConfiguredKind::Node => Subject::Node(name),
        ConfiguredKind::Network => Subject::Network(name),
        ConfiguredKind::NetworkInterface => Subject::NetInterface(name),
        ConfiguredKind::Type => Subject::Type(name),
        ConfiguredKind::GroupSet => Subject::GroupSet(name),
        ConfiguredKind::Group => Subject::Group(name),
        ConfiguredKind::Resource => Subject::Resource(name),
    }
}

fn subject(step: &Step) -> String {
    of(step).to_string()
}

fn document<'s>(step: &'s Step, refused: Option<&Refused>, operation: Option<String>) -> StepDocument<'s> {
    StepDocument {
        action: step.action,
        kind: step.object.kind,
        name: &step.object.name,
        differences: &step.differences,
        refused: refused.map(|refused| refused.text.clone()),
        status: refused.and_then(|refused| refused.status).map(StatusDocument::from),
        notes: &step.notes,
        operation,
    }
}

fn shown(step: &Step, refused: Option<&Refused>) -> String {
    let (style, sign) = match step.action {
        StepAction::Create => (GOOD, "+ create"),
        StepAction::Change => (MOVING, "~ change"),
        StepAction::Delete => (BAD, "- delete"),
    };
    let mut text = format!("{} {}\n", styled(style, sign), styled(STRONG, &subject(step)));
    // Of what goes, what it was is of little use here.
    let differences = if step.action == StepAction::Delete { &[] } else { step.differences.as_slice() };
    for difference in differences {
        let (before, after) = (value(difference.before.as_ref()), value(difference.after.as_ref()));
        let what = clean(&difference.what);
        text.push_str(&match step.action {
            StepAction::Create => format!("    {what} = {after}\n"),
            _ => format!("    {what}: {before} -> {after}\n"),
        });
    }
    if let Some(refused) = refused {
        text.push_str(&format!("    {}\n", styled(BAD, &format!("refused: {}", refused.line(step)))));
    }
    for note in &step.notes {
        text.push_str(&format!("    note: {}\n", clean(note)));
    }
    text
}

/// A value for people, not longer than a line.
pub(crate) fn value(setting: Option<&Setting>) -> String {
    let text = clean(&setting.map_or_else(|| "not set".to_owned(), Setting::to_string));
    match text.char_indices().nth(VALUE_LENGTH_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn done_line(step: &Step, operation: Option<&str>) -> String {
    let done = match step.action {
        StepAction::Create => "created",
        StepAction::Change => "changed",
        StepAction::Delete => "deleted",
    };
    let by = operation.map(|id| format!(" ({id})")).unwrap_or_default();
    format!("{done} {}{by}\n", subject(step))
}
