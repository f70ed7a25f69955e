//! The engine itself.
use std::collections::BTreeMap;

use mainstay_types::operation::OperationRecord;
use mainstay_types::{GroupId, GroupState, Name, NodeId, OperationId, Status};

use crate::effect::{Answer, Effect};
use crate::graph::States;
use crate::hosts::Hosts;
use crate::input::{Input, Now};
use crate::live::{Live, group_state};
use crate::model::Model;
use crate::operation::Operation;
use crate::view::View;

/// What the engine has to know of its place.
#[derive(Clone, Debug)]
pub struct Config {
    /// This node.
    pub node: NodeId,
    /// Its name.
    pub node_name: Name,
    /// Refuse what MS-CMRP refuses, where the function's page is kinder (design §3.1, 3.2, 3.12).
    pub strict_cmrp: bool,
}

/// The cluster as a state machine. See the crate's documentation.
#[derive(Debug)]
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) model: Model,
    pub(crate) live: States,
    pub(crate) operations: BTreeMap<OperationId, Operation>,
    pub(crate) hosts: Hosts,
    pub(crate) effects: Vec<Effect>,
}

impl Engine {
    /// An engine that has not started.
    pub fn new(config: Config) -> Self {
        Engine {
            config,
            model: Model::default(),
            live: BTreeMap::new(),
            operations: BTreeMap::new(),
            hosts: Hosts::default(),
            effects: Vec::new(),
        }
    }

    /// Takes one input and decides. Effects are to be carried out in their order.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        let _ = now;
        if let Input::Call(call) = input {
            self.effects.push(Effect::Answer {
                call: call.id,
                answer: Answer { status: Status::SHARING_PAUSED, ..Answer::default() },
            });
        }
        std::mem::take(&mut self.effects)
    }

    /// When [`Input::Tick`] is wanted, in steady milliseconds; `None` while nothing waits for the time.
    pub fn next_deadline(&self) -> Option<u64> {
        None
    }

    /// What readers see.
    pub fn view(&self) -> View<'_> {
        View::new(self)
    }

    pub(crate) fn is_ready(&self) -> bool {
        false
    }
    pub(crate) fn group_state(&self, group: GroupId) -> GroupState {
        let members = self.model.group(group).into_iter().flat_map(|group| &group.members);
        group_state(members.filter_map(|id| self.live.get(id)).map(|live: &Live| live.state))
    }
    pub(crate) fn shown_operations(&self) -> Vec<OperationRecord> {
        self.operations.values().map(|o| o.record.clone()).collect()
    }
    pub(crate) fn shown_operation(&self, id: OperationId) -> Option<OperationRecord> {
        self.operations.get(&id).map(|o| o.record.clone())
    }
}
