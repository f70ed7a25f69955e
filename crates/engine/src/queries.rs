//! Questions to hosts: sent, answered, timed out, or lost with the host.

use std::collections::BTreeMap;

use mainstay_types::order::{Query, QueryAnswer, Question};
use mainstay_types::{HostId, OperationId, Status};

use crate::Engine;
use crate::control::ControlQuery;
use crate::effect::Effect;
use crate::limits::QUERIES_MAX;
use crate::timers::Timer;

/// What a query is for.
#[derive(Debug)]
pub(crate) enum QueryPurpose {
    /// An offline call's check.
    Check(OperationId),
    /// A control code of a caller.
    Control(Box<ControlQuery>),
    /// A configuration change that the type is asked about; its answer goes to the lane.
    Lane,
    /// Told, not asked.
    Nothing,
}

/// All queries under way.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    last: u64,
    open: BTreeMap<u64, (HostId, QueryPurpose)>,
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
        self.queries.last += 1;
        let id = self.queries.last;
        if !matches!(purpose, QueryPurpose::Nothing) {
            self.queries.open.insert(id, (host, purpose));
        }
        if let Some(timeout_ms) = timeout_ms {
            self.timers.set(Timer::Query(id), self.now.steady_ms + timeout_ms);
        }
        self.effects.push(Effect::Query { host, query: Query { id, question } });
        Some(id)
    }

    /// The answer of this query is not wanted any more.
    pub(crate) fn forget_query(&mut self, id: u64) {
        self.queries.open.remove(&id);
        self.timers.clear(Timer::Query(id));
    }

    /// Input: a host answers.
    pub(crate) fn handle_host_answer(&mut self, host: HostId, answer: QueryAnswer) {
        if self.queries.open.get(&answer.id).is_some_and(|(asked, _)| *asked == host) {
            self.query_ended(answer.id, Some(answer));
        }
    }

    /// Timer: no answer in time.
    pub(crate) fn handle_query_timer(&mut self, id: u64) {
        self.query_ended(id, None);
    }

    /// The host is gone with its queries.
    pub(crate) fn lose_queries(&mut self, host: HostId) {
        let lost = self.queries.open.iter().filter(|(_, (asked, _))| *asked == host);
        let lost: Vec<u64> = lost.map(|(id, _)| *id).collect();
        for id in lost {
            self.query_ended(id, None);
        }
    }

    fn query_ended(&mut self, id: u64, answer: Option<QueryAnswer>) {
        let Some((_, purpose)) = self.queries.open.remove(&id) else { return };
        self.timers.clear(Timer::Query(id));
        match purpose {
            QueryPurpose::Check(operation) => {
                let answer = answer.map(|answer| (answer.status, answer.text));
                self.handle_check_answer(operation, id, answer);
            }
            QueryPurpose::Control(query) => self.handle_control_answer(*query, answer),
            QueryPurpose::Lane => {
                let told = answer.map_or((Status::RESOURCE_CALL_TIMED_OUT, String::new()), |answer| {
                    (answer.status, answer.text)
                });
                self.handle_lane_answer(told.0, told.1);
            }
            QueryPurpose::Nothing => {}
        }
    }
}
