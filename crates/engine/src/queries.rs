//! Questions to hosts: sent, answered, timed out, or lost with the host.
//!
//! ```text
//!   asked ──► (waits for the resource's Open, or for a host ──►) sent ──► answered
//!                 └── not opened, limit ──┬──────── limit, host lost
//!                                         ▼
//!                            nobody has answered: what then, the asker knows
//! ```

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::operation::Verb;
use mainstay_types::order::{Query, QueryAnswer, Question};
use mainstay_types::{HostId, ObjectId, OperationId, ResourceId, ResourceState};

use crate::Engine;
use crate::configuration::SettingQuery;
use crate::control::ControlQuery;
use crate::effect::Effect;
use crate::limits::{HOST_START_MS, QUERIES_MAX};
use crate::operation::PartGoal;
use crate::requirements::TypeQuestion;
use crate::timers::Timer;

/// What a query is for.
#[derive(Clone, Debug)]
pub(crate) enum QueryPurpose {
    /// An offline call's check.
    Check(OperationId),
    /// A control code of a caller.
    Control(Box<ControlQuery>),
    /// Private properties that are to be set; the call goes to the lane after the answer.
    Setting(Box<SettingQuery>),
    /// What a type requires, for whoever starts a resource of it.
    Type(TypeQuestion),
    /// Told, not asked.
    Nothing,
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unanswered {
    /// Nobody was asked: no host came, or the resource could not be opened there.
    NotAsked,
    /// Not in time, or the host ended over it.
    Silent,
}

/// All queries under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queries {
    last: u64,
    open: BTreeMap<u64, OpenQuery>,
    /// Questions to resources that were not answered in time, and are still with their hosts.
    late: BTreeMap<u64, (HostId, ResourceId)>,
}

#[derive(Clone, Debug)]
struct OpenQuery {
    /// Who was asked; `None` while the resource is not open yet.
    host: Option<HostId>,
    /// The resource that it is about.
    about: Option<ResourceId>,
    purpose: QueryPurpose,
    /// The host that it waits for, where it is about no resource.
    awaits: Option<HostId>,
    /// What will be asked, and how long its answer may take, while nobody was asked.
    unsent: Option<(Question, u64)>,
}

impl Queries {
    /// Whether a resource's type owes an answer whose time is over.
    pub(crate) fn is_silent(&self, id: ResourceId) -> bool {
        self.late.values().any(|(_, about)| *about == id)
    }
}

impl Engine {
    /// Asks a connected host. `None` when it is not connected or too much is asked already.
    pub(crate) fn query(
        &mut self,
        host: HostId,
        question: Question,
        purpose: QueryPurpose,
        timeout_ms: Option<u64>,
    ) -> Option<u64> {
        if !self.hosts.is_connected(host) || self.queries.open.len() >= QUERIES_MAX {
            return None;
        }
        let about = match &question {
            Question::CheckOffline { resource, .. } | Question::ResourceControl { resource, .. } => {
                Some(*resource)
            }
            Question::TypeControl { .. } => None,
        };
        self.queries.last += 1;
        let id = self.queries.last;
        if !matches!(purpose, QueryPurpose::Nothing) {
            let query = OpenQuery { host: Some(host), about, purpose, awaits: None, unsent: None };
            self.queries.open.insert(id, query);
        }
        if let Some(timeout_ms) = timeout_ms {
            self.timers.set(Timer::Query(id), self.now.steady_ms + timeout_ms);
        }
        self.effects.push(Effect::Query { host, query: Query { id, question } });
        Some(id)
    }

    /// Asks the type of one resource, which is opened for it where it is not, as for an online. Gives the purpose back
    /// when that cannot be now.
    pub(crate) fn query_opened(
        &mut self,
        id: ResourceId,
        question: Question,
        purpose: QueryPurpose,
        timeout_ms: u64,
    ) -> Result<(), QueryPurpose> {
        if self.queries.open.len() >= QUERIES_MAX || !self.is_ready() {
            return Err(purpose);
        }
        let Some(live) = self.live.get(&id) else { return Err(purpose) };
        let may_open = live.task.is_some()
            || (live.claim.is_none()
                && matches!(live.state, ResourceState::Offline | ResourceState::Failed)
                && !live.unproven);
        let (open, has_task) = (live.open, live.task.is_some());
        let connected = open.filter(|host| self.hosts.is_connected(*host));
        if connected.is_none() && (open.is_some() || !may_open) {
            return Err(purpose);
        }
        self.put_aside(Some(id), None, purpose, (question, timeout_ms));
        match connected {
            Some(_) => self.send_waiting_queries(id),
            None if !has_task => {
                let parts = BTreeMap::from([(id, PartGoal::Open)]);
                self.start_internal(Verb::Recover, ObjectId::Resource(id), parts, "its type is to be asked");
            }
            None => {}
        }
        Ok(())
    }

    /// Asks in a host that is started for it where it is not there. Gives the purpose back when that cannot be now.
    pub(crate) fn query_in(
        &mut self,
        host: HostId,
        question: Question,
        purpose: QueryPurpose,
        timeout_ms: u64,
    ) -> Result<(), QueryPurpose> {
        if self.queries.open.len() >= QUERIES_MAX || !self.is_ready() {
            return Err(purpose);
        }
        let query = self.put_aside(None, Some(host), purpose, (question, timeout_ms));
        match self.hosts.is_connected(host) {
            true => self.send_query(query, host),
            false => self.need_host(host),
        }
        Ok(())
    }

    /// Keeps a question until somebody is there to be asked, as long as a host may take to start.
    fn put_aside(
        &mut self,
        about: Option<ResourceId>,
        awaits: Option<HostId>,
        purpose: QueryPurpose,
        unsent: (Question, u64),
    ) -> u64 {
        self.queries.last += 1;
        let query = self.queries.last;
        let open = OpenQuery { host: None, about, purpose, awaits, unsent: Some(unsent) };
        self.queries.open.insert(query, open);
        self.timers.set(Timer::Query(query), self.now.steady_ms + HOST_START_MS);
        query
    }

    /// A host is there: what waited for it is asked.
    pub(crate) fn send_queries_of_host(&mut self, host: HostId) {
        let waits = |query: &OpenQuery| query.awaits == Some(host) && query.unsent.is_some();
        let waiting: Vec<u64> =
            self.queries.open.iter().filter(|(_, query)| waits(query)).map(|(id, _)| *id).collect();
        for number in waiting {
            self.send_query(number, host);
        }
    }

    fn send_query(&mut self, number: u64, host: HostId) {
        let Some(query) = self.queries.open.get_mut(&number) else { return };
        let Some((question, timeout_ms)) = query.unsent.take() else { return };
        query.host = Some(host);
        self.timers.set(Timer::Query(number), self.now.steady_ms + timeout_ms);
        self.effects.push(Effect::Query { host, query: Query { id: number, question } });
    }

    /// A resource was opened, or its task is over: what waited to be asked is asked, or will not be.
    pub(crate) fn send_waiting_queries(&mut self, id: ResourceId) {
        let waits = |query: &OpenQuery| query.about == Some(id) && query.unsent.is_some();
        let waiting: Vec<u64> =
            self.queries.open.iter().filter(|(_, query)| waits(query)).map(|(id, _)| *id).collect();
        if waiting.is_empty() {
            return;
        }
        let open = self.live.get(&id).and_then(|live| live.open);
        let Some(host) = open.filter(|host| self.hosts.is_connected(*host)) else {
            for query in waiting {
                self.query_ended(query, None);
            }
            return;
        };
        for number in waiting {
            self.send_query(number, host);
        }
    }

    /// The answer of this query is not wanted any more.
    pub(crate) fn forget_query(&mut self, id: u64) {
        self.queries.open.remove(&id);
        self.timers.clear(Timer::Query(id));
    }

    /// Input: a host answers.
    pub(crate) fn handle_host_answer(&mut self, host: HostId, answer: QueryAnswer) {
        if self.queries.late.get(&answer.id).is_some_and(|(asked, _)| *asked == host) {
            self.queries.late.remove(&answer.id);
        }
        if self.queries.open.get(&answer.id).is_some_and(|query| query.host == Some(host)) {
            self.query_ended(answer.id, Some(answer));
        }
    }

    /// Timer: no answer in time. A type may hang in there, which the host tells after the resource's DeadlockTimeout; a
    /// host that hangs altogether is to be found out as soon.
    pub(crate) fn handle_query_timer(&mut self, id: u64) {
        if let Some(OpenQuery { host: Some(host), about: Some(resource), .. }) = self.queries.open.get(&id) {
            let (host, resource) = (*host, *resource);
            if self.queries.late.len() < QUERIES_MAX {
                self.queries.late.insert(id, (host, resource));
            }
            self.ask_host(host, self.deadlock_timeout_ms(resource));
        }
        self.query_ended(id, None);
    }

    /// The host is gone with its queries.
    pub(crate) fn lose_queries(&mut self, host: HostId) {
        self.queries.late.retain(|_, (asked, _)| *asked != host);
        let lost = self.queries.open.iter().filter(|(_, query)| query.host == Some(host));
        let lost: BTreeSet<u64> = lost.map(|(id, _)| *id).collect();
        for id in lost {
            self.query_ended(id, None);
        }
    }

    fn query_ended(&mut self, id: u64, answer: Option<QueryAnswer>) {
        let Some(OpenQuery { purpose, host, .. }) = self.queries.open.remove(&id) else { return };
        self.timers.clear(Timer::Query(id));
        let nobody = if host.is_some() { Unanswered::Silent } else { Unanswered::NotAsked };
        match purpose {
            QueryPurpose::Check(operation) => {
                let answer = answer.map(|answer| (answer.status, answer.text));
                self.handle_check_answer(operation, id, answer);
            }
            QueryPurpose::Control(query) => self.handle_control_answer(*query, answer.ok_or(nobody)),
            QueryPurpose::Setting(query) => {
                let answer = answer.map(|answer| (answer.status, answer.text));
                self.handle_setting_answer(*query, answer.ok_or(nobody));
            }
            QueryPurpose::Type(question) => self.handle_type_answer(&question, answer),
            QueryPurpose::Nothing => {}
        }
    }
}
