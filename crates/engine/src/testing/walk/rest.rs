//! The end of a walk: faults cease, and what must be true then (I4).

use mainstay_types::ResourceId;
use mainstay_types::ResourceState;

use super::{CommitMode, Walk};

/// Rounds of time at the end. Together longer than every limit and pause that can follow another.
const ROUNDS: usize = 8;
/// Longer than the longest limit of a stage.
const ROUND_MS: u64 = 400_000;

impl Walk {
    /// Faults cease, and there is time enough.
    pub(super) fn come_to_rest(&mut self) {
        self.world.note(|_| "- faults cease".into());
        let world = &mut self.world;
        world.commit_mode = CommitMode::Done;
        (world.hosts_start, world.guard_is_dead, world.crash_after) = (true, false, None);
        for behaviour in world.behaviours.values_mut() {
            *behaviour = Default::default();
        }
        if world.is_down() {
            world.restart_service();
        }
        world.hurry();
        world.resolve_commits();
        self.see_adapters();
        for id in self.ids.clone() {
            if self.is_alive(id) {
                self.maintain(id, false);
                // What is locked is not restarted for a failure inside.
                self.world.lock(id, false);
            }
        }
        if self.world.starts != self.starts {
            self.starts = self.world.starts;
            self.cut_off();
        }
        for _ in 0..ROUNDS {
            self.pass_round();
        }
        // A RetryPeriodOnFailure of an hour may have ended in the last moment: what is planned then has its time too. So
        // has a restart that waits for its group's turn, up to GroupDependencyTimeout, and as often as it is tried.
        for _ in 0..ROUNDS {
            let engine = &self.world.engine;
            if engine.planned_restarts().is_empty() && engine.view().operations().is_empty() {
                break;
            }
            self.pass_round();
        }
        self.world.end_lies();
    }

    fn pass_round(&mut self) {
        let alive: Vec<ResourceId> = self.ids.iter().copied().filter(|id| self.is_alive(*id)).collect();
        // What ended unseen is found by the next health check.
        for id in alive {
            // A call that began a maintenance may have waited until now.
            if self.world.engine.is_in_maintenance(id) {
                self.maintain(id, false);
            }
            if self.world.state(id) == ResourceState::Online && !self.world.runs(id) {
                self.world.fail(id);
            }
        }
        self.world.resolve_commits();
        self.world.pass_ms(ROUND_MS);
    }

    pub(super) fn check_rest(&mut self) {
        if self.adapters.is_some() {
            self.world.check_networks();
        }
        let world = &mut self.world;
        let running = world.engine.view().operations();
        assert!(running.is_empty(), "I4: {} has not ended: {:?}", running[0].id, running[0]);
        let planned = world.engine.planned_restarts();
        assert!(planned.is_empty(), "I4: a restart is planned and does not take place: {planned:?}");
        for id in self.ids.iter().copied() {
            if world.engine.view().model().resource(id).is_none() {
                continue;
            }
            let (state, name) = (world.state(id), world.engine.name_of(id));
            assert!(!state.is_pending(), "I4: '{name}' is {state}");
            let runs = world.runs(id);
            assert!((state == ResourceState::Online) == runs, "truth: '{name}' is {state}, runs: {runs}");
        }
        let left = world.records_left();
        assert!(left.is_empty(), "I4: records are left: {left:?}");
        for record in world.journal.values() {
            assert!(record.end.is_some(), "I4: the journal has no end of {record:?}");
        }
        self.check_answers();
    }
}
