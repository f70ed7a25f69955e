//! Why a resource is in its state, by the state.

use mainstay_types::explanation::{Reason, Rule};
use mainstay_types::glance::Recovery;
use mainstay_types::operation::OperationRecord;
use mainstay_types::{GroupId, OperationId, ResourceId, ResourceState, Status};

use super::story::{Story, was_refused};
use super::{Explainer, reason};
use crate::group_set::order::Provider;
use crate::group_set::started::Lack;
use crate::limits::{NAMES_SHOWN_MAX, REASONS_DEEP_MAX};
use crate::live::Live;
use crate::model::layout;
use crate::model::objects::Resource;
use crate::operation::online::FAILED_BY_CALL;
use crate::placement::NoPlace;
use crate::policy::settings::{EmbeddedFailureAction, RestartAction};
use crate::policy::show::duration;
use crate::policy::{AtOnce, NotBegun};

/// What IgnorePersistentStateOnStartup does.
pub(super) const IGNORES: &str =
    "the start of the machine brings up everything, whatever was said of it (IgnorePersistentStateOnStartup)";

/// What becomes of it then.
const LEFT_NEXT: &str = "it is to be online, and yet the next start of the machine leaves it offline";

impl Explainer<'_> {
    /// Why a resource is in its state, at most so many reasons deep.
    pub(super) fn reason_of(&self, resource: &Resource, depth: usize) -> Reason {
        if !self.view.is_ready() {
            return reason(
                Rule::NotHeard,
                "the service has just started and has not heard all of its hosts yet",
            );
        }
        let mut found = match self.state(resource.id) {
            ResourceState::Online => self.told(resource, true),
            ResourceState::Offline => self.why_offline(resource, depth),
            ResourceState::Failed => self.why_failed(resource, depth),
            ResourceState::Initializing => reason(Rule::NotHeard, "its host is being asked what it holds"),
            ResourceState::OnlinePending | ResourceState::OfflinePending => self.why_pending(resource, depth),
        };
        if depth <= 1 {
            found.because = None;
        }
        found
    }

    /// By which operation it came where it is.
    fn told(&self, resource: &Resource, up: bool) -> Reason {
        match Story::of_resource(self.records, resource, up) {
            Some(story) => story.reason(self),
            None if up && self.is_from_before(resource) => {
                let text =
                    "it was online when the service started, and the journal does not say what brought it up";
                reason(Rule::Found, text)
            }
            None if up => {
                reason(Rule::Found, "it is online, and the journal does not say what brought it up")
            }
            None => {
                reason(Rule::Found, "it is to be online, and the journal does not say what took it offline")
            }
        }
    }

    /// Whether it stands as it does since before this service was started.
    fn is_from_before(&self, resource: &Resource) -> bool {
        self.live(resource.id).is_some_and(|live| self.is_before_start(live.since_unix_ms))
    }

    fn why_offline(&self, resource: &Resource, depth: usize) -> Reason {
        let engine = self.view.engine();
        let live = self.live(resource.id);
        if let Some(operation) = live.and_then(|live| live.claim) {
            return self.in_hand(operation, resource.id);
        }
        let is_wanted = self.view.model().is_wanted(resource);
        let was_due = self.was_due(resource);
        if !is_wanted && !was_due {
            return self.why_not_wanted(resource, depth);
        }
        let is_to_be = if is_wanted { "it is to be online" } else { IGNORES };
        if let Some(found) = self.left_by_start(resource) {
            return found;
        }
        if !resource.may_run_on(engine.config.node) {
            let node = &engine.config.node_name;
            let text = format!("{is_to_be}, but node '{node}' is no possible owner of it");
            return reason(Rule::NotPossibleOwner, text);
        }
        if let Some(found) = self.lacks(resource, Rule::NeedsOther, &format!("{is_to_be}, but"), depth) {
            return found;
        }
        if !is_wanted {
            return self.why_not_wanted(resource, depth);
        }
        if let Some(found) = self.lost_call(resource, depth) {
            return found;
        }
        let down = Story::of_resource(self.records, resource, false);
        match down.filter(|story| !self.is_before_start(story.last_at_ms())) {
            Some(story) => story.reason(self),
            None => self.told(resource, false),
        }
    }

    /// Nothing has happened to it since the service's start, but for what the service has made sure of.
    fn is_untouched(&self, resource: &Resource) -> bool {
        let since_ms = self.live(resource.id).map_or(0, |live| live.since_unix_ms);
        !self.is_after_start(since_ms) || Story::is_cleaned(self.records, resource)
    }

    /// Whether the start of the machine was to bring it up, whatever was said of it.
    fn was_due(&self, resource: &Resource) -> bool {
        self.view.engine().ignores_persistent_state() && self.is_untouched(resource)
    }

    /// Why the service's start has not brought up what it was to bring up, if that is why it is offline.
    pub(super) fn left_by_start(&self, resource: &Resource) -> Option<Reason> {
        let is_offline = self.state(resource.id) == ResourceState::Offline
            && self.live(resource.id).is_none_or(|live| live.claim.is_none());
        let is_to_come = self.view.model().is_wanted(resource) || self.was_due(resource);
        let concerns_it = is_offline && is_to_come && self.is_untouched(resource);
        let why = self.view.engine().why_not_begun(resource.id).filter(|_| concerns_it)?;
        Some(self.not_begun(&why, resource))
    }

    /// Somebody has asked for it, and that came to nothing: it was cancelled, or what the start waited for did not come in
    /// time or left no place.
    fn lost_call(&self, resource: &Resource, depth: usize) -> Option<Reason> {
        let (story, cause) = Story::of_lost_call(self.records, resource)?;
        let taken_back = story.taken_back("", self);
        let (rule, now) = match cause.status {
            Status::TIMEOUT => (Rule::GroupsWait, self.awaited_now(resource.group, depth)),
            status if NoPlace::is_status(status) => (Rule::NoPlace, Some(self.place_now(resource.group))),
            _ => return Some(taken_back),
        };
        let in_vain = Reason { because: now.map(Box::new), ..reason(rule, cause.text.clone()) };
        Some(Reason { rule, because: Some(Box::new(in_vain)), ..taken_back })
    }

    /// What has become of what a group has waited for in vain.
    fn awaited_now(&self, group: GroupId, depth: usize) -> Option<Reason> {
        match self.view.engine().unmet(group).is_empty() {
            true => Some(reason(Rule::GroupsWait, "nothing that it would have to wait for is missing now")),
            false => self.awaited(group, depth.saturating_sub(1)),
        }
    }

    /// Whether there is a place for a group that had none.
    fn place_now(&self, group: GroupId) -> Reason {
        let engine = self.view.engine();
        let text = match (engine.no_place(group), engine.kept_apart(group)) {
            (Some(no_place), _) => format!("that is so still: {no_place}"),
            (None, Some(apart)) => {
                let provider = engine.describe(&apart.provider.object());
                format!(
                    "there is a place for it now, but none as soon as {provider} is started, after which it starts"
                )
            }
            (None, None) => "there is a place for it now".into(),
        };
        reason(Rule::NoPlace, text)
    }

    /// Somebody's word is that it stay offline, or nobody's that it come up.
    fn why_not_wanted(&self, resource: &Resource, depth: usize) -> Reason {
        if resource.persistent == Some(false) {
            let word = Story::of_word(self.records, resource.id).map(|story| story.reason(self));
            let text = "it is to stay offline: that was the last word about it";
            return word.unwrap_or_else(|| reason(Rule::StaysOffline, text));
        }
        let group = self.view.model().group(resource.group);
        let name = group.map_or("", |group| group.name.as_str());
        if group.and_then(|group| group.persistent) == Some(false) {
            let because = Story::of_group_word(self.records, resource.group);
            let because = because.map(|word| Box::new(word.reason(self)));
            let text = format!("its group '{name}' is to be offline");
            return Reason { because, ..reason(Rule::GroupAsked, text) };
        }
        if let Some(found) = self.lost_call(resource, depth) {
            return found;
        }
        if group.and_then(|group| group.persistent) == Some(true) {
            let because = Story::of_group_wish(self.records, resource);
            let because = because.map(|word| Box::new(word.reason(self)));
            let text = format!(
                "it was made after its group '{name}' was told to be online, so that word is not about it, and \
                 nobody has asked for it since"
            );
            return Reason { because, ..reason(Rule::NeverAsked, text) };
        }
        // That the service has looked after it at some time is no reason.
        let down = Story::of_resource(self.records, resource, false).filter(|story| !story.is_services_own());
        let because = down.map(|story| Box::new(story.reason(self)));
        let text = format!("nothing says that it, or its group '{name}', be online");
        Reason { because, ..reason(Rule::NeverAsked, text) }
    }

    fn not_begun(&self, why: &NotBegun, resource: &Resource) -> Reason {
        let group = self.view.model().group(resource.group);
        let name = group.map_or("", |group| group.name.as_str());
        match why {
            NotBegun::PriorityZero => reason(
                Rule::PriorityZero,
                format!("its group '{name}' has Priority 0, so the service's start leaves it offline"),
            ),
            NotBegun::NeverCold => reason(
                Rule::ColdStart,
                format!(
                    "its group '{name}' has ColdStartSetting 1, so it is left offline when the machine was \
                     started"
                ),
            ),
            NotBegun::GroupWasNotOnline => reason(
                Rule::ColdStart,
                format!(
                    "its group '{name}' has ColdStartSetting 2 and was not brought online itself, so it is left \
                     offline when the machine was started"
                ),
            ),
            NotBegun::Delay { until_unix_ms } => Reason {
                until_ms: Some(*until_unix_ms),
                ..reason(
                    Rule::StartDelay,
                    format!(
                        "its group '{name}' waits after the service's start for its turn (GroupStartDelay)"
                    ),
                )
            },
            NotBegun::Priority { higher } => {
                let model = self.view.model();
                let higher = model.group(*higher).map_or("", |group| group.name.as_str());
                let text =
                    format!("group '{higher}', which is started first, has a higher Priority than '{name}'");
                reason(Rule::PriorityWaits, text)
            }
            NotBegun::AtOnce(AtOnce::OnNode { limit }) => self.held_back(
                None,
                &format!("on the node, and no more than {limit} may at once (StartsAtOncePerNode)"),
            ),
            NotBegun::AtOnce(AtOnce::FromStorage { storage, limit }) => self.held_back(
                Some(storage),
                &format!(
                    "from storage '{storage}', and no more than {limit} may at once (StartsAtOncePerStorage)"
                ),
            ),
            NotBegun::Groups { lacks, until_unix_ms } => {
                let text = format!(
                    "its group '{name}' starts after others: it waits for {lacks}; GroupDependencyTimeout ends that"
                );
                let because = self.awaited(resource.group, REASONS_DEEP_MAX - 1).map(Box::new);
                Reason { until_ms: Some(*until_unix_ms), because, ..reason(Rule::GroupsWait, text) }
            }
            NotBegun::GroupsInVain { lacked } => {
                let is_met = self.view.engine().unmet(resource.group).is_empty();
                let since =
                    if is_met { "; nothing that it would have to wait for is missing now" } else { "" };
                let text = format!(
                    "its group '{name}' starts after others, and the service's start has waited in vain for \
                     {lacked}{since}"
                );
                let because = self.awaited(resource.group, REASONS_DEEP_MAX - 1).map(Box::new);
                Reason { because, ..reason(Rule::GroupsWait, text) }
            }
            NotBegun::Place { no_place, is_final } => {
                let text = match is_final {
                    true => format!(
                        "its group '{name}' was left offline by the service's start, since there was no place for it: \
                         {no_place}"
                    ),
                    false => format!(
                        "its group '{name}' waits until those that come first have their places; then there is \
                         none left for it: {no_place}"
                    ),
                };
                reason(Rule::NoPlace, text)
            }
            NotBegun::Maintenance => {
                reason(Rule::Maintenance, "it is in maintenance, and is brought up when that is over")
            }
            NotBegun::Turn => reason(Rule::TurnWaits, "its turn in the service's start has not come yet"),
        }
    }

    /// Other groups start now, and it waits for one of them.
    fn held_back(&self, storage: Option<&str>, limit: &str) -> Reason {
        let starting = self.view.engine().starting_groups(storage);
        let mut names: Vec<String> = starting.iter().map(|group| format!("'{}'", group.name)).collect();
        names.sort();
        let more = names.len().saturating_sub(NAMES_SHOWN_MAX);
        names.truncate(NAMES_SHOWN_MAX);
        let (names, more) =
            (names.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() });
        let text = match starting.as_slice() {
            [_] => format!("group {names} starts {limit}"),
            _ => format!("groups {names}{more} start {limit}"),
        };
        reason(Rule::TurnWaits, text)
    }

    fn why_failed(&self, resource: &Resource, depth: usize) -> Reason {
        let Some(live) = self.live(resource.id) else { return reason(Rule::Failure, "it failed") };
        let failure = live.failure.clone();
        let status = failure.as_ref().map(|cause| cause.status);
        let was_asked = failure.as_ref().is_some_and(|cause| cause.text.starts_with(FAILED_BY_CALL));
        let text = failure.map_or_else(|| "it failed".to_owned(), |cause| cause.to_string());
        let at_ms = Some(live.since_unix_ms);
        if status == Some(Status::CLUSTER_RESOURCE_PROVIDER_FAILED) {
            let because = self.lacks(resource, Rule::ProviderFailed, "", depth).and_then(|it| it.because);
            return Reason { at_ms, because, ..reason(Rule::ProviderFailed, text) };
        }
        // Somebody may have asked for just that.
        let failed = mainstay_types::operation::Verb::Fail;
        let object = mainstay_types::ObjectId::Resource(resource.id);
        let asked = self
            .records
            .iter()
            .find(|record| record.verb == failed && record.object == object && !was_refused(record));
        // It fails when what needs it has stopped, which may be some time after the call, and before the call has ended.
        let is_within = |record: &&OperationRecord| {
            let has_begun = record.at_ms <= live.since_unix_ms;
            has_begun && record.ended_at_ms.is_none_or(|ended_ms| live.since_unix_ms <= ended_ms)
        };
        let because = asked.filter(|_| was_asked).filter(is_within).map(|record| {
            let text = format!("{} had it treated as failed", record.asker.account);
            Box::new(Reason { operation: Some(record.id), ..reason(Rule::Asked, text) })
        });
        Reason { at_ms, because, operation: live.claim, ..reason(Rule::Failure, text) }
    }

    /// What it needs and does not have, with the reason of that.
    fn lacks(&self, resource: &Resource, rule: Rule, begin: &str, depth: usize) -> Option<Reason> {
        let online = |id: ResourceId| self.state(id) == ResourceState::Online;
        let clause = resource.depends_on.unmet(online).next()?;
        let shown = |id: &ResourceId| format!("'{}', which is {}", self.name_of(*id), self.state(*id));
        let text = match clause {
            [only] => format!("{begin} it needs {}", shown(only)),
            several => {
                let all: Vec<String> = several.iter().map(shown).collect();
                format!("{begin} it needs one of {}", all.join(", "))
            }
        };
        // Of alternatives the one that has come furthest tells most.
        let first = clause.iter().find(|id| self.state(**id) == ResourceState::Failed).or(clause.first());
        let provider = first.and_then(|id| self.view.model().resource(*id)).filter(|_| depth > 1);
        let because = provider.map(|provider| {
            let mut found = self.reason_of(provider, depth - 1);
            found.text = format!("'{}': {}", provider.name, found.text);
            Box::new(found)
        });
        Some(Reason { because, ..reason(rule, text) })
    }

    fn why_pending(&self, resource: &Resource, depth: usize) -> Reason {
        let Some(operation) = self.live(resource.id).and_then(|live| live.claim) else {
            return reason(Rule::Pending, "it waits for an operation to be accepted");
        };
        let mut found = self.in_hand(operation, resource.id);
        let asked = found.because.take();
        if depth > 1
            && self.view.engine().awaited_groups(resource.id).is_some()
            && self.waits_on(resource.id).is_none()
        {
            let because = self.awaited(resource.group, depth - 1).map(Box::new).or(asked);
            return Reason { because, ..found };
        }
        let blocked = self.waits_on(resource.id).and_then(|id| self.view.model().resource(id));
        found.because = match blocked.filter(|_| depth > 1) {
            Some(other) => {
                let mut because = self.reason_of(other, depth - 1);
                because.text = format!("'{}': {}", other.name, because.text);
                Some(Box::new(because))
            }
            None => asked,
        };
        found
    }

    /// The reason of the group that a group waits for, if it waits for one.
    fn awaited(&self, group: GroupId, depth: usize) -> Option<Reason> {
        if depth == 0 {
            return None;
        }
        if let Some(delay) = self.startup_delay(group) {
            return Some(delay);
        }
        let awaited = self.view.awaited_group(group)?;
        let found = self.view.model().group(awaited)?;
        let state = self.view.group_state(found.id)?;
        let mut because = self.reason_of_group(found, state, depth);
        because.text = format!("group '{}': {}", found.name, because.text);
        Some(because)
    }

    /// The StartupDelay of a group set that a group waits for, if that is what it waits for.
    fn startup_delay(&self, group: GroupId) -> Option<Reason> {
        let engine = self.view.engine();
        let unmet = engine.unmet(group);
        let (Provider::Set(set), Lack::Delay { until_ms }) = *unmet.first()?.lacks.first()? else {
            return None;
        };
        let name = &self.view.model().group_set(set)?.name;
        let text =
            format!("the StartupDelay of group set '{name}' runs since enough of its groups have begun");
        Some(Reason { until_ms: Some(engine.unix_ms_at(until_ms)), ..reason(Rule::StartDelay, text) })
    }

    /// The resource that a pending one waits for, if it waits for one.
    fn waits_on(&self, id: ResourceId) -> Option<ResourceId> {
        let engine = self.view.engine();
        let live = self.live(id)?;
        if live.task.is_some() {
            return None;
        }
        if live.state != ResourceState::OnlinePending {
            return crate::graph::blocking_dependent(&engine.model, &engine.live, id);
        }
        let online = |found: ResourceId| self.state(found) == ResourceState::Online;
        let missing = engine.model.resource(id)?.depends_on.unmet(online).next()?.first().copied();
        missing.or_else(|| crate::graph::stopping_dependent(&engine.model, &engine.live, id))
    }

    /// An operation that runs has it in hand.
    fn in_hand(&self, operation: OperationId, id: ResourceId) -> Reason {
        let record = self.records.iter().find(|record| record.id == operation);
        let asked = record.map(|record| {
            let (verb, name, by) = (record.verb, &record.name, &record.asker.account);
            let said = match record.reason_text.as_str() {
                "" => String::new(),
                said => format!(": \"{said}\""),
            };
            let text = format!("{by} asked for {verb} of '{name}'{said}");
            let at_ms = Some(record.at_ms);
            Box::new(Reason { operation: Some(operation), at_ms, ..reason(Rule::Asked, text) })
        });
        let engine = self.view.engine();
        let task = self.live(id).and_then(|live| live.task.as_ref());
        let limit = task.map(|task| task.stage.limit()).filter(|limit| !limit.is_empty());
        let mut text = format!("operation {operation} has it in hand; it waits for {}", engine.waits_for(id));
        if let Some((word, _)) = task.and_then(|task| task.last_word.as_ref()) {
            text = format!("{text}, which last said \"{word}\"");
        }
        let group_wait = engine.group_wait_limit(id).filter(|_| task.is_none());
        let until_ms = group_wait.or_else(|| task.and_then(|task| task.limit_unix_ms));
        let limit = group_wait.map(|_| layout::GROUP_DEPENDENCY_TIMEOUT).or(limit);
        if let Some(limit) = limit.filter(|_| until_ms.is_some()) {
            text = format!("{text}; {limit} ends that");
        }
        Reason {
            operation: Some(operation),
            at_ms: self.live(id).map(|live| live.since_unix_ms),
            until_ms,
            because: asked,
            ..reason(Rule::Pending, text)
        }
    }

    /// What else holds for it.
    pub(super) fn notes_of(&self, resource: &Resource) -> Vec<Reason> {
        let Some(live) = self.live(resource.id) else { return Vec::new() };
        let mut notes = Vec::new();
        if live.state == ResourceState::Failed {
            notes.extend(self.what_follows(resource));
        }
        if let Some(cause) = live.embedded_failure.as_ref().filter(|_| live.state == ResourceState::Online) {
            notes.push(reason(
                Rule::FailedInside,
                format!("it runs on, and something in it has failed: {cause}"),
            ));
            notes.extend(self.what_follows_inside(resource, live));
        }
        if live.cut_off && live.state == ResourceState::Failed {
            let text = "what it holds need not be in a process, and its type has not taken it down: its host was lost, \
                        or could not; until it has, it is not started, moved or deleted";
            notes.push(reason(Rule::CutOff, text));
        } else if live.unproven {
            let text = "it is not proven that nothing of it runs any more; until it is, it is not started, moved or \
                        deleted";
            notes.push(reason(Rule::Unproven, text));
        }
        if self.view.lacks_host(resource.id) {
            notes.push(self.absent_host(resource.id, live));
        }
        if let Some(number) = live.locked {
            let text = format!(
                "its type has locked it (reason {number}): calls that would stop it are refused with 5960, unless \
                 they ignore locks"
            );
            notes.push(reason(Rule::Locked, text));
        }
        if resource.in_maintenance {
            let text = match &live.borne {
                Some(cause) => format!("it is in maintenance, so a failed check is not acted on: {cause}"),
                None => "it is in maintenance: failing checks are not acted on".into(),
            };
            notes.push(reason(Rule::Maintenance, text));
        }
        notes.extend(self.comes_back(resource));
        notes.extend(self.next_start(resource));
        notes
    }

    /// What its host's absence means for it, and how that host stands.
    fn absent_host(&self, id: ResourceId, live: &Live) -> Reason {
        let engine = self.view.engine();
        let what = match live.state {
            ResourceState::Online => "nobody looks at it now, since its resource host is not there",
            _ => "what is to be done to it waits for its resource host",
        };
        reason(Rule::HostAbsent, format!("{what}: {}", engine.hosts.standing(engine.task_host(id))))
    }

    /// What follows when something has failed in what runs on.
    fn what_follows_inside(&self, resource: &Resource, live: &Live) -> Option<Reason> {
        let text = match resource.restart.embedded {
            _ if live.claim.is_some() => return None,
            EmbeddedFailureAction::Nothing => "nothing follows from that (EmbeddedFailureAction 0)",
            EmbeddedFailureAction::Tell => {
                "the journal tells of that, and nothing more follows (EmbeddedFailureAction 1)"
            }
            EmbeddedFailureAction::Recover if resource.in_maintenance => return None,
            EmbeddedFailureAction::Recover => return self.what_follows(resource),
        };
        Some(reason(Rule::NotRestarted, text))
    }

    /// What its policy has planned after a failure.
    fn what_follows(&self, resource: &Resource) -> Option<Reason> {
        let live = self.live(resource.id)?;
        if let Some(operation) = live.claim {
            let waits_for = self.view.engine().waits_for(resource.id);
            let text = format!("what is left of it is being taken down; that waits for {waits_for}");
            return Some(Reason { operation: Some(operation), ..reason(Rule::Cleaning, text) });
        }
        let policy = resource.restart;
        Some(match self.view.engine().shown_recovery(resource) {
            Some(Recovery::Restart { at_ms: None, .. }) => {
                reason(Rule::RestartPlanned, "it is restarted when its maintenance is over")
            }
            Some(Recovery::Restart { at_ms: Some(at_ms), number, max, period_ms }) => {
                let period = duration(period_ms.into());
                let left = max.saturating_sub(number);
                let text = format!(
                    "it is restarted, for the {} time of {max} within {period}; {left} more are left after that",
                    ordinal(number)
                );
                Reason { until_ms: Some(at_ms), ..reason(Rule::RestartPlanned, text) }
            }
            Some(Recovery::GivenUp { until_ms: Some(until_ms) }) => {
                let text = "it is restarted no more until RetryPeriodOnFailure is over, and then counts anew";
                Reason { until_ms: Some(until_ms), ..reason(Rule::GivenUp, text) }
            }
            Some(Recovery::GivenUp { until_ms: None }) => {
                let text = "it is restarted no more, and not tried again later (RetryPeriodOnFailure is 4294967295: \
                            never)";
                reason(Rule::GivenUp, text)
            }
            None if policy.action == RestartAction::Stay => {
                reason(Rule::NotRestarted, "it is not restarted (RestartAction 0)")
            }
            None if live.unproven || self.comes_back(resource).is_some() => return None,
            None => reason(Rule::NotRestarted, "no restart of it is planned"),
        })
    }

    /// It went down with another one, whose restart brings it back.
    fn comes_back(&self, resource: &Resource) -> Option<Reason> {
        let with = self.view.engine().companion_of(resource.id)?;
        let text = format!("it comes back when '{}' is restarted", self.name_of(with));
        Some(reason(Rule::RestartPlanned, text))
    }

    /// It is online, the next start of the machine leaves it offline, and somebody has said so.
    fn left_offline_next(&self, resource: &Resource) -> Reason {
        let text = "it is not to be online: the next start of the machine leaves it offline";
        let group = self.view.model().group(resource.group);
        let word = match (resource.persistent, group.and_then(|group| group.persistent)) {
            (Some(false), _) => Story::of_word(self.records, resource.id),
            (_, Some(false)) => Story::of_group_word(self.records, resource.group),
            _ => None,
        };
        let Some(word) = word.map(|story| story.reason(self)) else { return reason(Rule::NextStart, text) };
        let of_group = match (resource.persistent, group) {
            (Some(false), _) | (_, None) => String::new(),
            (_, Some(group)) => format!("of its group '{}': ", group.name),
        };
        Reason {
            rule: Rule::NextStart,
            text: format!("{text}; {of_group}{}", word.text),
            because: None,
            ..word
        }
    }

    /// Where its state and what was said of it part, the next start of the machine tells.
    fn next_start(&self, resource: &Resource) -> Option<Reason> {
        let is_wanted = self.view.model().is_wanted(resource);
        let comes_up = self.view.engine().comes_up_after_reset(resource.id);
        let no_place = || self.view.engine().lacks_place_after_reset(resource.group);
        let no_place = if comes_up { None } else { no_place() };
        let text = match (self.state(resource.id), is_wanted, comes_up) {
            (ResourceState::Online, false, false) => return Some(self.left_offline_next(resource)),
            (ResourceState::Offline, false, true) if self.view.model().cluster().ignores_persistent_state => {
                return Some(reason(Rule::NextStart, format!("{IGNORES}, it too")));
            }
            (ResourceState::Online, true, false) if no_place.is_some() => {
                let no_place = no_place.map(|it| it.to_string()).unwrap_or_default();
                let text = "it is to be online, and yet the next start of the machine leaves it offline: \
                            there is no place for its group then";
                return Some(reason(Rule::NextStart, format!("{text}: {no_place}")));
            }
            (ResourceState::Online, true, false) if self.view.engine().comes_up_in_its_turn(resource.id) => {
                "it is to be online, and yet the next start of the machine leaves it offline: what its group starts \
                 after does not come up then"
            }
            (ResourceState::Online, true, false) => {
                let group = self.view.model().group(resource.group);
                let left = group.and_then(|group| self.view.engine().left_by_policy(group, true));
                return Some(match left {
                    Some(why) => {
                        let why = self.not_begun(&why, resource).text;
                        reason(Rule::NextStart, format!("{LEFT_NEXT}: {why}"))
                    }
                    None => reason(Rule::NextStart, LEFT_NEXT),
                });
            }
            (ResourceState::Failed, true, true) => {
                "it is to be online: the next start of the machine brings it up"
            }
            _ => return None,
        };
        Some(reason(Rule::NextStart, text))
    }
}

fn ordinal(number: u32) -> String {
    let end = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}
