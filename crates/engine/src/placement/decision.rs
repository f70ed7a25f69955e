//! What placement answers: a decision for each group, with its reason as data. Words are in [`super::words`].

use std::sync::Arc;

use mainstay_types::{GroupId, GroupState, NodeId};
use serde::{Serialize, Serializer};

use super::terms::{CPU_CAPACITY, DECLARED_CPU, DECLARED_MEMORY, MEMORY_CAPACITY};

/// A node, by number and name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NodeRef {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub name: Arc<str>,
}

/// A group, by id and name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct GroupRef {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub name: Arc<str>,
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// What is decided for every group, in the order in which it is to be carried out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Plan {
    /// By priority, what others need first, then by name.
    pub decisions: Vec<Decision>,
}

impl Plan {
    /// A group's decision.
    pub fn of(&self, group: GroupId) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.group.id == group)
    }

    /// The decisions by which something happens now.
    pub fn actions(&self) -> impl Iterator<Item = &Decision> {
        self.decisions
            .iter()
            .filter(|decision| matches!(decision.step, Step::Place { .. } | Step::Move { .. }))
    }
}

/// What is decided for one group, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Decision {
    /// The group.
    pub group: GroupRef,
    /// What is to be done.
    pub step: Step,
    /// What was found of each node, by number. Empty for a group that stays without having been looked after.
    pub table: Vec<Row>,
}

/// What is to be done with a group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Step {
    /// Nothing.
    Stay {
        /// Its owner.
        on: Option<NodeRef>,
        /// Why.
        reason: Stay,
    },
    /// A node is to own it, which did already or which follows nobody.
    Place {
        /// The node.
        on: NodeRef,
        /// Why it is placed.
        cause: Cause,
        /// Why this node.
        choice: Choice,
        /// Whether it is to be brought online there.
        start: bool,
    },
    /// Another node is to own it.
    Move {
        /// The owner until now.
        from: NodeRef,
        /// The next owner.
        to: NodeRef,
        /// Why it moves.
        cause: Cause,
        /// Why this node.
        choice: Choice,
        /// Whether it is to be brought online there.
        start: bool,
    },
    /// Something later; the place for it is kept.
    Wait {
        /// What.
        planned: Box<Step>,
        /// What it waits for.
        until: Wait,
    },
    /// It does not run, and no node can take it.
    Nowhere {
        /// Why it was to be placed.
        cause: Cause,
    },
}

impl Step {
    /// The node that is to own the group, also of a step that waits.
    pub fn target(&self) -> Option<&NodeRef> {
        match self {
            Step::Place { on, .. } => Some(on),
            Step::Move { to, .. } => Some(to),
            Step::Wait { planned, .. } => planned.target(),
            Step::Stay { .. } | Step::Nowhere { .. } => None,
        }
    }
}

/// Why nothing is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Stay {
    /// It runs, and nothing speaks against that.
    Runs,
    /// It is on its way already.
    Underway,
    /// It failed, and restarting it is its resources' policy.
    Failed,
    /// It is to be offline.
    NotWanted,
    /// Its priority is 0: it is started by name only.
    NotAutomatic,
    /// It is to be online, and nothing starts it by itself.
    NotStarted,
    /// Its node is on its way back, and would have it.
    NodeJoins,
    /// It was to leave, and is asked for where it is.
    AlreadyThere,
    /// It was to leave, and no other node can take it.
    NoTarget {
        /// Why it was to leave.
        cause: Cause,
    },
}

/// Why a group needs a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nobody owns it.
    NoOwner,
    /// It is to be online and is offline.
    ToStart,
    /// Its node is down.
    NodeLost,
    /// Its node is drained.
    Drain,
    /// Its node is in quarantine.
    Quarantine,
    /// It failed on its node for good.
    Failed,
    /// Somebody asked for it.
    Asked,
    /// A node that it prefers can take it again.
    Failback,
}

/// By what a node was chosen: the first thing in which it is better than the next best.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It is the node that was asked for.
    Named,
    /// No other node can take it.
    OnlyOne,
    /// It failed for good on the others not long ago.
    NotFailedThere,
    /// The others are to be avoided.
    NotAvoided,
    /// Fewer groups of its anti-affinity classes are there.
    FewerOfItsClass,
    /// It is there already.
    WhereItIs,
    /// It is further up in the preferred owners.
    Preferred,
    /// It is in the preferred site.
    Site,
    /// It was last put there by name.
    DefaultOwner,
    /// It has the most room.
    MostRoom,
    /// Nothing tells them apart but their numbers.
    Number,
}

/// What a step waits for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Wait {
    /// As many groups as may do so at once start on the node.
    StartsOnNode {
        /// The node.
        node: NodeRef,
        /// StartsAtOncePerNode.
        limit: u32,
    },
    /// As many groups as may do so at once move from or to the node.
    MovesOnNode {
        /// The node.
        node: NodeRef,
        /// MovesAtOncePerNode.
        limit: u32,
    },
    /// As many groups that use the storage start as may do so at once.
    StartsOnStorage {
        /// Its name.
        storage: String,
        /// StartsAtOncePerStorage.
        limit: u32,
    },
    /// As many groups that use the storage move as may do so at once.
    MovesOnStorage {
        /// Its name.
        storage: String,
        /// MovesAtOncePerStorage.
        limit: u32,
    },
    /// A group that it needs is not online.
    Provider {
        /// That group.
        group: GroupRef,
    },
}

/// What was found of one node for a group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Row {
    /// The node.
    pub node: NodeRef,
    /// It owns the group, and is there.
    pub here: bool,
    /// It was chosen.
    pub chosen: bool,
    /// Everything that forbids it.
    pub objections: Vec<Objection>,
    /// How it stands against others; `None` where something forbids it.
    pub standing: Option<Standing>,
}

/// What forbids a node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Objection {
    /// It is no working member.
    Down,
    /// It is not a working member yet.
    Joining,
    /// It is paused.
    Paused,
    /// It is being drained.
    Draining,
    /// It is in quarantine.
    Quarantined,
    /// A resource of the group may not be there.
    NotPossibleOwner,
    /// The group may not be moved while its node is there.
    LockedFromMoving,
    /// The group failed there, or is to leave.
    ToLeave,
    /// Another node was asked for.
    NotAsked,
    /// A group of the same class is there, and anti-affinity is enforced.
    AntiAffinity {
        /// The class.
        class: String,
        /// That group.
        group: GroupRef,
    },
    /// An affinity rule is against it.
    Rule {
        /// The rule.
        rule: String,
        /// A group with which it could not be kept.
        group: GroupRef,
    },
    /// There is not enough memory, in MiB.
    Memory {
        /// What is needed, together with the groups that have to be on the same node.
        needed_mib: u64,
        /// What is free.
        free_mib: u64,
    },
    /// There is not enough processor, in hundredths of one.
    Cpu {
        /// What is needed, together with the groups that have to be on the same node.
        needed_percent: u64,
        /// What is free.
        free_percent: u64,
    },
    /// A group that has to be on the same node cannot be there.
    Partner {
        /// That group.
        group: GroupRef,
        /// What forbids it.
        objection: Box<Objection>,
    },
}

impl Objection {
    /// Whether it is because of what else is on the node.
    pub(super) fn is_of_others(&self) -> bool {
        match self {
            Objection::AntiAffinity { .. }
            | Objection::Rule { .. }
            | Objection::Memory { .. }
            | Objection::Cpu { .. } => true,
            Objection::Partner { objection, .. } => objection.is_of_others(),
            _ => false,
        }
    }

    /// What is declared of the group and of the node of which there is too little, by the names of the properties.
    pub(super) fn declared(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Objection::Memory { .. } => Some((DECLARED_MEMORY, MEMORY_CAPACITY)),
            Objection::Cpu { .. } => Some((DECLARED_CPU, CPU_CAPACITY)),
            _ => None,
        }
    }

    /// The group with which it may not be on one node.
    pub(super) fn conflict(&self) -> Option<&GroupRef> {
        match self {
            Objection::AntiAffinity { group, .. } | Objection::Rule { group, .. } => Some(group),
            Objection::Partner { objection, .. } => objection.conflict(),
            _ => None,
        }
    }
}

/// How a node that can take a group stands against others: compared field by field, less is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Standing {
    /// Whether the group failed there for good within its FailoverPeriod. Its own node does not count for one that is
    /// merely started.
    pub failed_there: bool,
    /// Whether it is to be avoided.
    pub avoided: bool,
    /// Groups there of the group's anti-affinity classes.
    pub conflicts: u32,
    /// It is another node than the group's, where that counts: for what may not return to a preferred node by itself.
    pub away: bool,
    /// Its place in the preferred owners, from 0; `None` is behind all of them.
    pub preference: Option<u32>,
    /// It is not in the preferred site.
    pub off_site: bool,
    /// It is not the default owner.
    pub off_default: bool,
    /// How full it is: thousandths of what is declared, and ten for each group that declares nothing.
    pub load: u32,
}

impl Standing {
    /// By which nodes are compared; the number of the node comes last.
    pub(super) fn key(&self) -> (bool, bool, u32, bool, u32, bool, bool, u32) {
        let preference = self.preference.unwrap_or(u32::MAX);
        let Standing { failed_there, avoided, conflicts, away, off_site, off_default, load, .. } = *self;
        (failed_there, avoided, conflicts, away, preference, off_site, off_default, load)
    }

    /// The first thing in which this one is better than the next best.
    pub(super) fn choice_over(&self, next: &Standing) -> Choice {
        let (this, that) = (self.key(), next.key());
        [
            (this.0 != that.0, Choice::NotFailedThere),
            (this.1 != that.1, Choice::NotAvoided),
            (this.2 != that.2, Choice::FewerOfItsClass),
            (this.3 != that.3, Choice::WhereItIs),
            (this.4 != that.4, Choice::Preferred),
            (this.5 != that.5, Choice::Site),
            (this.6 != that.6, Choice::DefaultOwner),
            (this.7 != that.7, Choice::MostRoom),
        ]
        .into_iter()
        .find_map(|(differs, choice)| differs.then_some(choice))
        .unwrap_or(Choice::Number)
    }
}

/// Why a group is where it is, or where it could be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// Its state, as it was given.
    #[serde(serialize_with = "as_word")]
    pub state: GroupState,
    /// What is decided for it. Its table has every node: for a group that stays, as if it had to be placed now.
    pub decision: Decision,
}

fn as_word<S: Serializer>(state: &GroupState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(state)
}
