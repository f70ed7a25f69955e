//! Decisions, one group after the other: who needs a node is placed in order, then who may return home returns.
//!
//! A place is given for good within one plan: who comes later in the order finds what is left. Nobody is moved to make
//! room, and nobody is stopped for it.

use std::collections::BTreeSet;

use mainstay_types::{GroupState, NodeState};

use super::board::Board;
use super::decision::{Cause, Choice, Decision, Row, Standing, Stay, Step, Wait};
use super::need::{Need, need};
use super::situation::{Activity, RuleKind, Situation, Wish};
use super::survey::{Ask, as_seen_by, standing, survey};

pub(super) struct Decider<'a> {
    pub(super) board: Board<'a>,
    needs: Vec<Need>,
    made: Vec<Option<(Step, Vec<Row>)>>,
}

impl<'a> Decider<'a> {
    /// Decides everything.
    pub(super) fn run(situation: &'a Situation) -> Self {
        let board = Board::new(situation);
        let needs: Vec<Need> = (0..board.groups.len()).map(|index| need(&board, index)).collect();
        let made = vec![None; needs.len()];
        let mut decider = Decider { board, needs, made };
        for index in 0..decider.needs.len() {
            if let Need::Node { cause, start } = decider.needs[index]
                && decider.made[index].is_none()
            {
                decider.place(index, cause, start);
            }
        }
        for index in 0..decider.needs.len() {
            if decider.made[index].is_none() && decider.needs[index] == Need::Stay(Stay::Runs) {
                decider.fail_back(index);
            }
        }
        decider
    }

    /// One group's decision.
    pub(super) fn decision(&mut self, index: usize) -> Decision {
        let group = self.board.group_ref(index);
        let (step, table) = match (self.made[index].take(), self.needs[index]) {
            (Some(made), _) => made,
            (None, Need::Stay(reason)) => (self.stay(index, reason), Vec::new()),
            // Every group that needs a node was decided; this says the same of one that was not.
            (None, Need::Node { cause, .. }) => (self.without_a_node(index, cause), Vec::new()),
        };
        Decision { group, step, table }
    }

    fn place(&mut self, index: usize, cause: Cause, start: bool) {
        let together = |other: usize| {
            start && self.made[other].is_none() && matches!(self.needs[other], Need::Node { start: true, .. })
        };
        let mut members = self.together(index, together);
        loop {
            let only = match self.board.groups[index].group.wish {
                Wish::MoveTo(node) if cause == Cause::Asked => {
                    // A node that does not exist is no node's number.
                    let at = self.board.nodes.iter().position(|slot| slot.node.id == node);
                    Some(at.unwrap_or(usize::MAX))
                }
                _ => None,
            };
            let ask = Ask { members: &members, cause, runs: start, only };
            let rows = survey(&self.board, &ask);
            if let Some((node, choice)) = best(&rows, |_| true) {
                // The others are no worse: nobody has looked at how they stand.
                let choice = if only.is_some() { Choice::Named } else { choice };
                return self.take(&members, node, choice, rows);
            }
            let runs = self.board.runs(index);
            if members.len() == 1 || runs {
                // What runs stays together; each says why it cannot go.
                for &member in &members {
                    let cause = self.cause(member, cause);
                    let rows = self.rows_of(member, &members, &rows);
                    self.made[member] = Some((self.without_a_node(member, cause), rows));
                }
                return;
            }
            // Better one alone than none: whoever cannot follow says so by itself.
            members.truncate(1);
        }
    }

    /// Returns a group, with those that have to be on its node, to a node that they prefer.
    fn fail_back(&mut self, index: usize) {
        let hour = self.board.situation.local_hour;
        let group = self.board.groups[index].group;
        let Some(home) = self.board.home(index) else { return };
        if !group.terms.failback.is_open(hour) || !self.has_better_node(index, home) {
            return;
        }
        let members = self.together(index, |other| self.board.runs(other) && self.made[other].is_none());
        let may_return = |member: &usize| {
            let group = self.board.groups[*member].group;
            let is_settled = matches!(group.state, GroupState::Online | GroupState::PartialOnline);
            is_settled
                && self.needs[*member] == Need::Stay(Stay::Runs)
                && group.terms.failback.is_open(hour)
                && self.board.home(*member) == Some(home)
        };
        if !members.iter().all(may_return) {
            return;
        }
        let ask = Ask { members: &members, cause: Cause::Failback, runs: true, only: None };
        let now = standing(&self.board, &ask, home);
        // Nothing that counts for more than the preference may get worse, or it would be moved back again.
        let is_better = |standing: &Standing| {
            preference(standing) < preference(&now)
                && (standing.failed_there, standing.avoided, standing.conflicts)
                    <= (now.failed_there, now.avoided, now.conflicts)
        };
        let rows = survey(&self.board, &ask);
        if let Some((node, _)) = best(&rows, is_better) {
            self.take(&members, node, Choice::Preferred, rows);
        }
    }

    /// Whether a node that stands before this one in the group's list takes groups at all. Saves most surveys.
    fn has_better_node(&self, index: usize, home: usize) -> bool {
        let preferred = &self.board.groups[index].preferred;
        let takes_groups = |node: &usize| {
            let node = self.board.nodes[*node].node;
            node.membership == NodeState::Up && !node.draining && !node.quarantined
        };
        preferred.iter().take_while(|node| **node != home).any(takes_groups)
    }

    /// The group first, then those that affinity rules keep on its node, as far as they are in question too.
    fn together(&self, index: usize, in_question: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut members = vec![index];
        let mut known = BTreeSet::from([index]);
        let mut next = 0;
        while let Some(&member) = members.get(next) {
            next += 1;
            for &number in &self.board.groups[member].rules {
                let rule = &self.board.rules[number];
                if rule.rule.kind != RuleKind::SameNode {
                    continue;
                }
                let new = rule.groups.iter().copied().filter(|other| in_question(*other));
                members.extend(new.filter(|other| known.insert(*other)));
            }
        }
        members[1..].sort_unstable();
        members
    }

    /// The members get the node.
    fn take(&mut self, members: &[usize], node: usize, choice: Choice, mut rows: Vec<Row>) {
        rows[node].chosen = true;
        for &member in members {
            let (cause, start) = match self.needs[member] {
                Need::Node { cause, start } => (cause, start),
                Need::Stay(_) => (Cause::Failback, true),
            };
            let board = &self.board;
            let to = board.node_ref(node);
            let planned = match board.groups[member].owner {
                Some(owner) if owner != node => {
                    Step::Move { from: board.node_ref(owner), to, cause, choice, start }
                }
                _ => Step::Place { on: to, cause, choice, start },
            };
            let step = match self.wait(member, node, start) {
                Some(until) => Step::Wait { planned: Box::new(planned), until },
                None => planned,
            };
            if start {
                self.board.seat(member, node);
            }
            self.made[member] = Some((step, self.rows_of(member, members, &rows)));
        }
    }

    fn rows_of(&self, member: usize, members: &[usize], rows: &[Row]) -> Vec<Row> {
        match members.first() {
            Some(leader) if *leader != member => as_seen_by(&self.board, rows, *leader, member),
            _ => rows.to_vec(),
        }
    }

    /// What the step has to wait for. If nothing, it is counted.
    fn wait(&mut self, member: usize, node: usize, start: bool) -> Option<Wait> {
        let board = &self.board;
        let source = board.home(member).filter(|home| *home != node && board.runs(member));
        match source {
            Some(source) => {
                if let Some(wait) = self.wait_to_move(member, source, node) {
                    return Some(wait);
                }
                self.board.count_move(member, Some(source), node);
            }
            None if start => {
                if let Some(wait) = self.wait_to_start(member, node) {
                    return Some(wait);
                }
                self.board.count_start(member, node);
            }
            None => {}
        }
        None
    }

    fn wait_to_start(&self, member: usize, node: usize) -> Option<Wait> {
        let (board, limits) = (&self.board, self.board.situation.limits);
        let is_up = |provider: usize| {
            let group = board.groups[provider].group;
            let is_online = matches!(group.state, GroupState::Online | GroupState::PartialOnline);
            is_online && group.activity == Activity::None && board.home(provider).is_some()
        };
        if let Some(missing) = board.groups[member].providers.iter().find(|provider| !is_up(**provider)) {
            return Some(Wait::Provider { group: board.group_ref(*missing) });
        }
        if let Some(limit) = limits.starts_per_node.filter(|limit| board.nodes[node].starts >= *limit) {
            return Some(Wait::StartsOnNode { node: board.node_ref(node), limit });
        }
        let limit = limits.starts_per_storage?;
        let mut storages = board.groups[member].storages.iter().map(|storage| &board.storages[*storage]);
        let full = storages.find(|storage| storage.starts >= limit)?;
        Some(Wait::StartsOnStorage { storage: full.name.clone(), limit })
    }

    fn wait_to_move(&self, member: usize, from: usize, to: usize) -> Option<Wait> {
        let (board, limits) = (&self.board, self.board.situation.limits);
        if let Some(limit) = limits.moves_per_node
            && let Some(full) = [from, to].into_iter().find(|node| board.nodes[*node].moves >= limit)
        {
            return Some(Wait::MovesOnNode { node: board.node_ref(full), limit });
        }
        let limit = limits.moves_per_storage?;
        let mut storages = board.groups[member].storages.iter().map(|storage| &board.storages[*storage]);
        let full = storages.find(|storage| storage.moves >= limit)?;
        Some(Wait::MovesOnStorage { storage: full.name.clone(), limit })
    }

    fn cause(&self, member: usize, otherwise: Cause) -> Cause {
        match self.needs[member] {
            Need::Node { cause, .. } => cause,
            Need::Stay(_) => otherwise,
        }
    }

    fn stay(&self, index: usize, reason: Stay) -> Step {
        let on = self.board.groups[index].owner.map(|owner| self.board.node_ref(owner));
        Step::Stay { on, reason }
    }

    /// What was to be placed and cannot be: it stays where it is, if that is there, or is nowhere.
    fn without_a_node(&self, index: usize, cause: Cause) -> Step {
        let stays = match cause {
            Cause::NoOwner | Cause::NodeLost | Cause::ToStart => false,
            Cause::Drain | Cause::Quarantine | Cause::Failed | Cause::Asked | Cause::Failback => true,
        };
        if stays { self.stay(index, Stay::NoTarget { cause }) } else { Step::Nowhere { cause } }
    }
}

fn preference(standing: &Standing) -> u32 {
    standing.preference.unwrap_or(u32::MAX)
}

/// The best of the nodes that can take it, and in what it is better than the next one.
fn best(rows: &[Row], in_question: impl Fn(&Standing) -> bool) -> Option<(usize, Choice)> {
    let standings = || {
        let of_row = |(index, row): (usize, &Row)| Some((index, row.standing?));
        rows.iter().enumerate().filter_map(of_row).filter(|(_, standing)| in_question(standing))
    };
    let (node, found) = standings().min_by_key(|(index, standing)| (standing.key(), *index))?;
    let next = standings()
        .filter(|(index, _)| *index != node)
        .min_by_key(|(index, standing)| (standing.key(), *index));
    Some((node, next.map_or(Choice::OnlyOne, |(_, next)| found.choice_over(&next))))
}
