//! Hard stops: begun, advanced by what is seen and by time, answered truthfully.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use mainstay_ipc::guard::{Leaf, ReplyBody, Target};
use mainstay_types::Epoch;

use super::{
    Action, Core, FREEZE_BUDGET, HARD_STOP_BUDGET, SEARCH_INTERVAL, STOPS_MAX, Seen, StopNumber, Ticket,
    WATCH_INTERVAL, refuse, reply, show,
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
    /// Whose strays are looked for: leaves that are not there may have some, too.
    sought: BTreeSet<Leaf>,
    search: Search,
    pub(super) phase: Phase,
    pub(super) deadline: Instant,
}

/// How it stands with the look for what has left the leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Search {
    /// To be made once everything is empty, not before this.
    Due(Instant),
    /// Under way.
    Asked,
    /// Nothing was found, when everything had been empty.
    Clean,
}

impl Stop {
    pub(super) fn concerns(&self, leaf: Leaf) -> bool {
        self.places.contains_key(&leaf) || self.sought.contains(&leaf)
    }

    fn is_empty(&self) -> bool {
        self.places.values().all(|seen| seen.is_some_and(|seen| !seen.populated))
    }

    /// When the next look is due. `None`: it is not for time to say.
    pub(super) fn next_search(&self) -> Option<Instant> {
        match self.search {
            Search::Due(at) if self.is_empty() => Some(at),
            _ => None,
        }
    }
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
        let sought = concerned.into_iter().filter(|leaf| *leaf != Leaf::Pool).collect();
        self.begin_stop(places, sought, vec![ticket], now, &mut actions);
        self.forget_surplus();
        actions
    }

    pub(super) fn begin_stop(
        &mut self,
        places: BTreeMap<Leaf, Option<Seen>>,
        sought: BTreeSet<Leaf>,
        waiting: Vec<Ticket>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        actions.extend(places.keys().copied().map(Action::Watch));
        let phase = Phase::Freezing { until: now + FREEZE_BUDGET };
        let search = if sought.is_empty() { Search::Clean } else { Search::Due(now) };
        let stop = Stop { waiting, places, sought, search, phase, deadline: now + HARD_STOP_BUDGET };
        self.last_stop.0 += 1;
        self.stops.insert(self.last_stop, stop);
        self.advance(now, actions);
    }

    /// It was looked for strays. What was found is in its leaf by now, or was killed where it is.
    pub(super) fn searched(
        &mut self,
        number: StopNumber,
        is_clean: bool,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(stop) = self.stops.get_mut(&number) else { return };
        if is_clean && stop.is_empty() {
            stop.search = Search::Clean;
            return;
        }
        let pause = match stop.phase {
            Phase::Watching { .. } => WATCH_INTERVAL,
            Phase::Freezing { .. } | Phase::Killing => SEARCH_INTERVAL,
        };
        stop.search = Search::Due(now + pause);
        actions.extend(stop.places.keys().copied().map(Action::Kill));
        // What was seen before does not count.
        stop.places.values_mut().for_each(|seen| *seen = None);
        actions.extend(stop.places.keys().copied().map(Action::Watch));
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
            let is_killed = !matches!(stop.phase, Phase::Freezing { .. });
            if is_killed && stop.next_search().is_some_and(|at| now >= at) {
                stop.search = Search::Asked;
                actions.push(Action::Search { stop: *number, leaves: stop.sought.iter().copied().collect() });
            }
            if is_killed && stop.search == Search::Clean && stop.is_empty() {
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
