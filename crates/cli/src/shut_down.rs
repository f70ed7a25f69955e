//! `mainstay group shut-down`: groups go offline because the machine goes down.
//!
//! All of them are asked at once and go side by side. One of which something is pending is asked again until that has
//! settled: whoever is about to lose the power has nothing better to do. A refusal or a failure of one group keeps no
//! other from going.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use mainstay_client::{Cluster, Group, SubmitObject};
use mainstay_types::flags::GroupOfflineFlags;
use mainstay_types::operation::Verb;
use mainstay_types::{OperationId, Status};

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::operation::ShutDownDocument;
use crate::progress::Progress;
use crate::submit::{self, Request};
use crate::wait::{self, AWAY_MAX, Bound, WaitArguments, Waited};

/// How long until a group of which something is pending is asked again.
const ASKED_APART: Duration = Duration::from_millis(500);

/// Which groups, and for how long.
#[derive(Debug, clap::Args)]
pub struct ShutDown {
    /// Names or ids of groups; if one of them is none, nothing is done
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "GROUP")]
    pub names: Vec<String>,
    /// All groups
    #[arg(long)]
    pub all: bool,
    /// Do it although resources are locked by their types
    #[arg(long)]
    pub ignore_locked: bool,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Take at most so long; what was accepted goes on afterwards [default: until all have ended]
    #[arg(long, value_name = "SECONDS", value_parser = wait::seconds, allow_negative_numbers = true)]
    pub timeout: Option<Duration>,
}

/// One group on its way.
struct Going {
    name: String,
    step: Step,
}

enum Step {
    /// Not accepted yet: something of it is pending, in these words.
    Pending(Option<Failure>),
    /// Accepted.
    Accepted(OperationId),
    /// Offline, and the sentence that says so.
    Offline(Option<OperationId>, String),
    /// It stays, or nobody knows.
    Failed(Failure),
}

pub(crate) fn run(given: &ShutDown, context: &mut Context) -> Result<Exit, Failure> {
    let bound = Bound::new(given.timeout);
    let mut cluster = context.change_by(bound.answers_by())?;
    let names = match given.all {
        true => glance(&mut cluster)?.groups.into_iter().map(|group| group.name.to_string()).collect(),
        false => found(&given.names, &mut cluster)?,
    };
    let mut groups: Vec<Going> =
        names.into_iter().map(|name| Going { name, step: Step::Pending(None) }).collect();
    loop {
        for group in &mut groups {
            group.ask(&mut cluster, given, bound);
        }
        let mut progress = Progress::new(&context.output);
        for group in &mut groups {
            group.follow(&mut cluster, bound, &mut progress);
        }
        drop(progress);
        let is_over = bound.left().is_some_and(|left| left.is_zero());
        if is_over || !groups.iter().any(|group| matches!(group.step, Step::Pending(_))) {
            break;
        }
        thread::sleep(bound.left().map_or(ASKED_APART, |left| left.min(ASKED_APART)));
    }
    report(groups, context)
}

/// These groups, each once. All are looked up before anything is done, so that a wrong name changes nothing.
fn found(names: &[String], cluster: &mut Cluster) -> Result<Vec<String>, Failure> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for name in names {
        let group: Group = open_object(cluster, name, &Subject::Group(name))?;
        if seen.insert(group.id().to_owned()) {
            found.push(name.clone());
        }
    }
    Ok(found)
}

impl Going {
    fn ask(&mut self, cluster: &mut Cluster, given: &ShutDown, bound: Bound) {
        if !matches!(self.step, Step::Pending(_)) {
            return;
        }
        let request = Request {
            verb: Verb::Offline,
            object: SubmitObject::Group(&self.name),
            flags: if given.ignore_locked { GroupOfflineFlags::IGNORE_RESOURCE_STATUS.bits() } else { 0 },
            shutting_down: true,
            buffer: &[],
            reason: given.reason.as_deref(),
            wait: &WaitArguments::default(),
        };
        self.step = match submit::ask(cluster, &request, bound) {
            Ok(submitted) => match submitted.operation {
                Some(id) => Step::Accepted(id),
                None => {
                    Step::Offline(None, submit::done_sentence(Verb::Offline, &Subject::Group(&self.name)))
                }
            },
            Err(failure) if failure.status == Some(Status::INVALID_STATE) => Step::Pending(Some(failure)),
            Err(failure) => Step::Failed(failure),
        };
    }

    fn follow(&mut self, cluster: &mut Cluster, bound: Bound, progress: &mut Progress) {
        let Step::Accepted(id) = self.step else { return };
        self.step = match wait::to_end(cluster, id, bound, AWAY_MAX, progress) {
            Ok(Waited::Ended(record) | Waited::Running(record)) => {
                match submit::failure_of(&record, bound.within()) {
                    None => Step::Offline(Some(id), submit::ended_sentence(&record)),
                    Some(failure) => Step::Failed(failure),
                }
            }
            Err(failure) => Step::Failed(failure),
        };
    }

    /// Its line, or why it has none.
    fn outcome(&self) -> Result<&str, Failure> {
        match &self.step {
            Step::Offline(_, sentence) => Ok(sentence),
            Step::Failed(failure) | Step::Pending(Some(failure)) => Err(failure.clone()),
            Step::Accepted(_) | Step::Pending(None) => Err(Subject::Group(&self.name).gone()),
        }
    }

    fn document(&self) -> ShutDownDocument {
        let outcome = self.outcome();
        let operation = match &self.step {
            Step::Offline(id, _) => *id,
            _ => outcome.as_ref().err().and_then(|failure| failure.operation),
        };
        ShutDownDocument {
            group: self.name.clone(),
            offline: outcome.is_ok(),
            operation: operation.map(|id| id.to_string()),
            failure: outcome.err().map(|failure| failure.to_string()),
        }
    }
}

/// How the command as a whole has ended, with these failures, and with other groups offline or not. That nothing was
/// changed is true only if all were refused.
fn exit_of(failures: &[&Failure], others_are_offline: bool) -> Exit {
    let is_any = |exit: Exit| failures.iter().any(|failure| failure.exit == exit);
    let is_all = |exit: Exit| failures.iter().all(|failure| failure.exit == exit);
    match () {
        () if is_any(Exit::Unknown) => Exit::Unknown,
        () if is_any(Exit::NotEnded) => Exit::NotEnded,
        () if is_all(Exit::Refused) && !others_are_offline => Exit::Refused,
        () => Exit::EndedOtherwise,
    }
}

/// Says what became of each; the command as a whole has done it only if all are offline.
fn report(groups: Vec<Going>, context: &mut Context) -> Result<Exit, Failure> {
    let outcomes: Vec<Result<&str, Failure>> = groups.iter().map(Going::outcome).collect();
    let documents = || groups.iter().map(Going::document).collect::<Vec<_>>();
    let sentences = || outcomes.iter().flatten().map(|line| format!("{line}\n")).collect::<String>();
    context.output.data(documents, sentences)?;
    let failures: Vec<&Failure> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    let exit = exit_of(&failures, failures.len() < groups.len());
    match failures[..] {
        [] => return Ok(Exit::Done),
        [failure] => return Err(Failure { exit, ..failure.clone() }),
        _ => {}
    }
    if !context.output.is_json() {
        for failure in &failures {
            context.output.note(&failure.to_string());
        }
    }
    let message = format!("{} of {} groups are not offline", failures.len(), groups.len());
    Err(Failure::new(exit, message).with_way_out("'mainstay status' shows them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_what_is_true_of_all() {
        use Exit::{EndedOtherwise, NotEnded, Refused, Unknown};
        for (exits, others_are_offline, expected) in [
            (&[Refused][..], false, Refused),
            (&[Refused, Refused], false, Refused),
            // Something was changed.
            (&[Refused], true, EndedOtherwise),
            (&[Refused, EndedOtherwise], false, EndedOtherwise),
            (&[EndedOtherwise], true, EndedOtherwise),
            (&[Refused, NotEnded], true, NotEnded),
            (&[NotEnded, Unknown, Refused], false, Unknown),
        ] {
            let failures: Vec<Failure> = exits.iter().map(|exit| Failure::new(*exit, "no")).collect();
            let failures: Vec<&Failure> = failures.iter().collect();
            assert_eq!(exit_of(&failures, others_are_offline), expected, "{exits:?} {others_are_offline}");
        }
    }
}
