//! Hard stops: begun, advanced by what is seen and by time, answered truthfully.

use std::collections::BTreeMap;
use std::time::Instant;

use mainstay_ipc::guard::{Leaf, ReplyBody, Target};
use mainstay_types::Epoch;

use super::{
    Action, Core, FREEZE_BUDGET, HARD_STOP_BUDGET, STOPS_MAX, Seen, Ticket, WATCH_INTERVAL, refuse, reply,
    show,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Freezing { until: Instant },
    Killing,
    Watching { again: Instant },
}

#[derive(Debug)]
pub(super) struct Stop {
    pub(super) waiting: Vec<Ticket>,
    /// What has to become empty, and what was last seen of it.
    pub(super) places: BTreeMap<Leaf, Option<Seen>>,
    pub(super) phase: Phase,
    pub(super) deadline: Instant,
}

impl Core {
    pub(super) fn hard_stop(
        &mut self,
        ticket: Ticket,
        target: Target,
        epoch: Epoch,
        now: Instant,
    ) -> Vec<Action> {
        if self.stops.len() >= STOPS_MAX {
            return vec![refuse(ticket, format!("{STOPS_MAX} hard stops are under way already"))];
        }
        let concerned: Vec<Leaf> = match target {
            Target::Leaf(leaf) => vec![leaf],
            Target::Group(wanted) => self.of_group(wanted).collect(),
            Target::All => self.leaves.keys().copied().filter(|leaf| *leaf != Leaf::Pool).collect(),
        };
        // Epochs of different groups say nothing of each other, so only a narrower target can be too old.
        let opened = |leaf: &Leaf| self.leaves.get(leaf).and_then(|memory| memory.opened);
        let newer = concerned.iter().find(|leaf| opened(leaf).is_some_and(|opened| opened > epoch));
        if let Some(leaf) = newer.filter(|leaf| target != Target::All && **leaf != Leaf::Pool) {
            return vec![refuse(
                ticket,
                format!("{} is open for an epoch newer than {epoch}, which may not stop it", show(*leaf)),
            )];
        }
        let mut actions = Vec::new();
        let mut places = BTreeMap::new();
        for leaf in &concerned {
            if *leaf == Leaf::Pool {
                // The pool host is no resource: it is killed, and its place stays open for the next one.
                places.insert(*leaf, None);
                continue;
            }
            let memory = self.leaves.entry(*leaf).or_default();
            memory.floor = memory.floor.max(epoch).max(memory.opened.unwrap_or_default());
            memory.closed = true;
            if memory.exists {
                actions.push(Action::Freeze(*leaf));
                places.insert(*leaf, None);
            }
        }
        match target {
            Target::Leaf(_) => {}
            Target::Group(group) => {
                let floor = self.groups.entry(group).or_default();
                *floor = (*floor).max(epoch);
            }
            Target::All => self.floor = self.floor.max(epoch),
        }
        actions.push(Action::Persist);
        self.begin_stop(places, vec![ticket], now, &mut actions);
        self.forget_surplus();
        actions
    }

    pub(super) fn begin_stop(
        &mut self,
        places: BTreeMap<Leaf, Option<Seen>>,
        waiting: Vec<Ticket>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        actions.extend(places.keys().copied().map(Action::Watch));
        let phase = Phase::Freezing { until: now + FREEZE_BUDGET };
        let stop = Stop { waiting, places, phase, deadline: now + HARD_STOP_BUDGET };
        self.next_stop += 1;
        self.stops.insert(self.next_stop, stop);
        self.advance(now, actions);
    }

    pub(super) fn advance(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let mut ended = Vec::new();
        for (number, stop) in &mut self.stops {
            if let Phase::Freezing { until } = stop.phase
                && (now >= until || stop.places.iter().all(|(leaf, seen)| is_still(*leaf, *seen)))
            {
                actions.extend(stop.places.keys().copied().map(Action::Kill));
                stop.phase = Phase::Killing;
                // What was seen before the kill does not count.
                for seen in stop.places.values_mut() {
                    *seen = seen.filter(|seen| !seen.populated);
                }
            }
            let empty = stop.places.values().all(|seen| seen.is_some_and(|seen| !seen.populated));
            if empty && !matches!(stop.phase, Phase::Freezing { .. }) {
                answer(stop, true, actions);
                ended.push(*number);
            } else if stop.phase == Phase::Killing && now >= stop.deadline {
                answer(stop, false, actions);
                stop.phase = Phase::Watching { again: now + WATCH_INTERVAL };
            } else if let Phase::Watching { again } = &mut stop.phase
                && now >= *again
            {
                *again = now + WATCH_INTERVAL;
                actions.extend(stop.places.keys().copied().map(Action::Kill));
            }
        }
        for number in ended {
            let Some(stop) = self.stops.remove(&number) else { continue };
            actions.extend(
                stop.places.keys().filter(|leaf| !self.is_watched(leaf)).copied().map(Action::Unwatch),
            );
        }
    }
}

/// Whether nothing moves there: frozen, or nothing in it. The pool's place is never frozen, and not waited for.
fn is_still(leaf: Leaf, seen: Option<Seen>) -> bool {
    leaf == Leaf::Pool || seen.is_some_and(|seen| seen.frozen || !seen.populated)
}

fn answer(stop: &mut Stop, empty: bool, actions: &mut Vec<Action>) {
    actions.extend(stop.waiting.drain(..).map(|ticket| reply(ticket, ReplyBody::Stopped { empty })));
}
