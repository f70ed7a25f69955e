//! How one resource reaches its goal: orders to its host, their ends and limits, and the hard stop.
//!
//! ```text
//!  up:    Host ─► Opening ─► Starting ─► online
//!  down:            (Host ─► Opening ─►) Stopping ─► offline, or vetoed
//!                                            │ failed, silent
//!  any trouble, and force ──────────────► Terminating ─► offline or failed
//!                                            │ limit, no host     ▲ Host ─► Opening
//!                                         HardStopping ───────────┤ cut off: its type is asked
//!                                                                 └► offline or failed; failed unproven if it
//!                                                                    is not empty, or its type does not answer
//! ```
//!
//! A type that acts in its host's process, or that has others act, may hold what is in no process. When its host is lost,
//! or what is to stop it fails, an empty leaf proves nothing: the resource is *cut off*, and opened anew and terminated
//! there before anything else is done. A type without a library has taken that down when it is open.
//!
//! A task keeps its first trouble; with one it ends in Failed whatever comes after. It decides nothing about other
//! resources: when it has ended, the operation it belongs to is told.

mod epoch;
mod hard_stop;
mod orders;

use mainstay_types::offer::built_in;
use mainstay_types::order::{Cause, OrderId, Outcome, Step};
use mainstay_types::{HostId, OperationId, ResourceId, Status};

use crate::Engine;
use crate::graph;
use crate::limits::{
    CLOSE_LIMIT_MS, DEADLOCK_GRACE_MS, HARD_STOP_ATTEMPTS, QUERY_USUAL_TIMEOUT_MS, TERMINATE_GRACE_MS,
    TERMINATE_LIMIT_MS,
};
use crate::live::{Goal, Stage, Task};
use crate::operation::PartState;
use crate::requirements::Required;
use crate::seeded::{self, Bug};
use crate::timers::Timer;

/// How a task ended.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum TaskEnd {
    /// It is online.
    Online,
    /// It is offline; nothing of it runs.
    Offline,
    /// It has failed; nothing of it runs if `proven`.
    Failed { cause: Cause, proven: bool },
    /// It refused to stop, and is as it was.
    Vetoed(Cause),
    /// Nothing of it serves any more, and that is not acted on while it is in maintenance.
    Borne(Cause),
}

impl Engine {
    /// Begins a task. The resource's turn has come.
    pub(crate) fn begin_task(&mut self, id: ResourceId, operation: OperationId, goal: Goal) {
        let Some(live) = self.live.get_mut(&id) else { return };
        let cause = live.failure.clone().filter(|_| goal == Goal::Clean);
        live.task = Some(Task {
            operation,
            goal,
            stage: Stage::Host,
            order: None,
            cause,
            last_word: None,
            limit_unix_ms: None,
            attempts: 0,
            is_taken_up: false,
        });
        self.limit_task(id, goal, 0);
        match goal {
            Goal::Open | Goal::Reopen | Goal::Start | Goal::Restore => self.continue_in_host(id),
            Goal::Stop if self.is_closed_for(id) => self.hard_stop(id),
            Goal::Stop => self.continue_in_host(id),
            Goal::Terminate | Goal::Clean => self.terminate(id),
            Goal::Settle => self.settle(id),
        }
    }

    /// Bounds the whole of a task that has gone on for so long already.
    pub(crate) fn limit_task(&mut self, id: ResourceId, goal: Goal, elapsed_ms: u64) {
        let limit_ms = self.pending_limit_ms(id);
        if limit_ms > 0 && matches!(goal, Goal::Start | Goal::Restore | Goal::Stop) {
            let left_ms = limit_ms.saturating_sub(elapsed_ms);
            self.timers.set(Timer::Limit(id), self.now.steady_ms + left_ms);
        }
    }

    /// A later operation wants something else of a resource that a task is at.
    pub(crate) fn retarget_task(&mut self, id: ResourceId, operation: OperationId, goal: Goal) {
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) else {
            return self.begin_task(id, operation, goal);
        };
        (task.operation, task.goal) = (operation, goal);
        task.cause = None;
        let stage = task.stage;
        if goal == Goal::Clean {
            let failure = self.live.get(&id).and_then(|live| live.failure.clone());
            if let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) {
                task.cause = failure;
            }
        }
        match (goal, stage) {
            (Goal::Terminate | Goal::Clean, Stage::Host) => self.hard_stop(id),
            (
                Goal::Terminate | Goal::Clean,
                Stage::Opening | Stage::Asking | Stage::Starting | Stage::Stopping | Stage::Leaving,
            ) => self.terminate(id),
            // What is under way leads there already, or (Stop while it is opened anew) goes on from there.
            _ => {}
        }
    }

    /// The next step of a task that needs a host.
    pub(crate) fn continue_in_host(&mut self, id: ResourceId) {
        let desired = self.desired_host(id);
        let Some(live) = self.live.get(&id) else { return };
        let (Some(task), open) = (&live.task, live.open) else { return };
        let goal = task.goal;
        // Its leaf may have been closed by a request that the guard has not answered yet.
        let is_closed = matches!(goal, Goal::Start | Goal::Restore) && self.is_leaf_closed(id);
        match open {
            Some(host) if !is_closed && (host == desired || !matches!(goal, Goal::Start | Goal::Open)) => {
                self.open_in_host(id);
            }
            Some(_) => {
                self.set_stage(id, Stage::Leaving, CLOSE_LIMIT_MS);
                self.give_order(id, Step::Close);
            }
            None if self.is_leaf_closed(id) => {
                self.wait_for_host(id);
                if let Some(group) = self.group_of(id) {
                    self.raise_epoch(group);
                }
            }
            // What it finds there is to go with all that was kept.
            None if self.notes.is_writing(id) => self.wait_for_host(id),
            None if self.hosts.is_connected(desired) => {
                let limit_ms = self.deadlock_timeout_ms(id) + DEADLOCK_GRACE_MS;
                self.set_stage(id, Stage::Opening, limit_ms);
                self.live.entry(id).and_modify(|live| live.consents = false);
                self.give_order(id, Step::Open);
            }
            None => {
                self.wait_for_host(id);
                self.need_host(desired);
            }
        }
    }

    fn wait_for_host(&mut self, id: ResourceId) {
        self.timers.clear(Timer::Stage(id));
        if let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) {
            (task.stage, task.order, task.limit_unix_ms) = (Stage::Host, None, None);
        }
    }

    /// The resource is open where it belongs.
    fn open_in_host(&mut self, id: ResourceId) {
        let Some(live) = self.live.get(&id) else { return };
        let Some(task) = &live.task else { return };
        match task.goal {
            // What an earlier host has left comes down first.
            _ if live.cut_off => self.terminate(id),
            Goal::Open => self.end_task(id, TaskEnd::Offline),
            Goal::Reopen => self.end_task(id, TaskEnd::Online),
            Goal::Start => self.ask_and_start(id),
            Goal::Restore => self.start(id, Step::Restore),
            Goal::Stop if self.has_lost_its_turn(id) => self.step_back(id),
            // A host that has just been heard may have told of a lock.
            Goal::Stop => match self.lock_against(task.operation, id) {
                Some(cause) => self.end_task(id, TaskEnd::Vetoed(cause)),
                None => {
                    self.set_stage(id, Stage::Stopping, self.pending_timeout_ms(id));
                    self.give_order(id, Step::Stop);
                }
            },
            Goal::Terminate | Goal::Clean => self.terminate(id),
            Goal::Settle => self.settle(id),
        }
    }

    /// Has a failed resource looked at, and what is found taken down.
    fn settle(&mut self, id: ResourceId) {
        // A leaf says nothing of what is in no process.
        if self.may_leave_something(id) { self.terminate(id) } else { self.look(id) }
    }

    /// Whether something may be there to be taken down, a host was waited for, and what else served a dependent has gone
    /// meanwhile.
    fn has_lost_its_turn(&self, id: ResourceId) -> bool {
        let Some((live, task)) = self.live.get(&id).and_then(|live| Some((live, live.task.as_ref()?))) else {
            return false;
        };
        let waited = matches!(task.stage, Stage::Host | Stage::Opening);
        let may_be_there = !task.goal.is_up() || live.cut_off;
        waited && live.open.is_some() && may_be_there && !graph::may_stop(&self.model, &self.live, id)
    }

    /// Its turn has to come again.
    fn step_back(&mut self, id: ResourceId) {
        self.timers.clear(Timer::Stage(id));
        self.timers.clear(Timer::Limit(id));
        let task = self.live.get_mut(&id).and_then(|live| live.task.take());
        let operation = task.and_then(|task| self.operations.get_mut(&task.operation));
        if let Some(part) = operation.and_then(|found| found.parts.get_mut(&id))
            && part.state == PartState::Running
        {
            part.state = PartState::Waiting;
        }
    }

    /// Starts it, if it depends on what its type requires.
    fn ask_and_start(&mut self, id: ResourceId) {
        match self.check_required(id) {
            Required::Met => self.start(id, Step::Start),
            // The questions have limits of their own, which come first.
            Required::Asked => self.set_stage(id, Stage::Asking, 2 * QUERY_USUAL_TIMEOUT_MS),
            Required::Lacks(cause) => {
                if let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) {
                    task.cause.get_or_insert(cause);
                }
                self.end_proven(id);
            }
        }
    }

    fn start(&mut self, id: ResourceId, step: Step) {
        self.set_stage(id, Stage::Starting, self.pending_timeout_ms(id));
        self.give_order(id, step);
    }

    /// Every type that was asked has answered, or will not.
    pub(crate) fn go_on_asked(&mut self, id: ResourceId) {
        let Some(live) = self.live.get(&id) else { return };
        match &live.task {
            Some(task) if task.cause.is_some() => self.end_proven(id),
            // Its host is gone; its end is just being dealt with.
            Some(_) if live.open.is_none() => {}
            Some(_) => self.open_in_host(id),
            None => {}
        }
    }

    /// Stops it at once: by Terminate where a host has it, else hard.
    pub(crate) fn terminate(&mut self, id: ResourceId) {
        if self.has_lost_its_turn(id) {
            let task = self.live.get(&id).and_then(|live| live.task.as_ref());
            let has_failed_up = task.is_some_and(|task| task.goal.is_up() && task.cause.is_some());
            return if has_failed_up { self.leave_to_clean_up(id) } else { self.step_back(id) };
        }
        let Some(live) = self.live.get(&id).filter(|live| live.open.is_some()) else {
            return self.hard_stop(id);
        };
        // What an earlier host may have left is another thing than what the operation has started itself.
        let step = if live.cut_off { Step::CleanUp } else { Step::Terminate };
        let limit_ms = match self.may_leave_something(id) && self.opens_clean(id) {
            // Its host bounds what it has done for that; only there it is known when it has begun.
            true => TERMINATE_LIMIT_MS + TERMINATE_GRACE_MS,
            false => self.pending_timeout_ms(id).min(TERMINATE_LIMIT_MS),
        };
        self.set_stage(id, Stage::Terminating, limit_ms);
        self.give_order(id, step);
    }

    fn set_stage(&mut self, id: ResourceId, stage: Stage, limit_ms: u64) {
        let now = self.now;
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) else { return };
        task.stage = stage;
        task.limit_unix_ms = Some(now.unix_ms + limit_ms);
        if stage == Stage::Stopping && seeded::has(Bug::StopWithoutLimit) {
            return self.timers.clear(Timer::Stage(id));
        }
        self.timers.set(Timer::Stage(id), now.steady_ms + limit_ms);
    }

    /// A host reports the end of an order.
    pub(crate) fn handle_order_ended(
        &mut self,
        id: ResourceId,
        host: HostId,
        order: OrderId,
        outcome: Outcome,
    ) {
        if self.handle_close_ended(id, host, order, &outcome) {
            return;
        }
        let Some(live) = self.live.get_mut(&id) else { return };
        if let Outcome::Failed(cause) | Outcome::Vetoed(cause) = &outcome {
            live.last_status = cause.status.0;
        } else if outcome == Outcome::Done {
            live.last_status = 0;
        }
        self.touch_status(id);
        let Some(live) = self.live.get_mut(&id) else { return };
        let is_its = |task: &&mut Task| task.order == Some(order) || seeded::has(Bug::StaleReportBelieved);
        let Some(task) = live.task.as_mut().filter(is_its) else { return };
        task.order = None;
        let has_trouble = task.cause.is_some();
        match task.stage {
            Stage::Opening => self.handle_opened(id, host, outcome),
            Stage::Leaving => {
                live.open = None;
                self.touch_status(id);
                self.release_host(host);
                self.continue_in_host(id);
            }
            Stage::Starting => match outcome {
                Outcome::Done | Outcome::FoundOnline if !has_trouble => self.end_task(id, TaskEnd::Online),
                outcome => self.handle_trouble(id, outcome),
            },
            Stage::Stopping => match outcome {
                Outcome::Done if !has_trouble => self.end_task(id, TaskEnd::Offline),
                Outcome::Vetoed(cause) if !has_trouble => self.end_task(id, TaskEnd::Vetoed(cause)),
                outcome => self.handle_trouble(id, outcome),
            },
            Stage::Terminating => match outcome {
                Outcome::Done => {
                    live.cut_off = false;
                    self.handle_terminated(id);
                }
                _ => self.hard_stop(id),
            },
            Stage::Host | Stage::Asking | Stage::Looking | Stage::HardStopping => {}
        }
    }

    /// The type has taken down what there was: the task ends, or begins, where an earlier host had left something.
    fn handle_terminated(&mut self, id: ResourceId) {
        let Some(task) = self.live.get(&id).and_then(|live| live.task.as_ref()) else { return };
        match task.goal {
            Goal::Open | Goal::Start | Goal::Restore if task.cause.is_none() => self.open_in_host(id),
            _ => self.end_proven(id),
        }
    }

    fn handle_opened(&mut self, id: ResourceId, host: HostId, outcome: Outcome) {
        let opens_clean = self.opens_clean(id);
        let Some(live) = self.live.get_mut(&id) else { return };
        let Some(task) = live.task.as_mut() else { return };
        let (goal, has_trouble) = (task.goal, task.cause.is_some());
        let found = outcome == Outcome::FoundOnline;
        let is_clean = found || outcome == Outcome::Done && opens_clean;
        live.cut_off &= !is_clean;
        let (is_cut_off, is_taken_up) = (live.cut_off, task.is_taken_up);
        match outcome {
            Outcome::Done | Outcome::FoundOnline => {
                live.open = Some(host);
                self.touched_statuses.insert(id);
                self.send_waiting_queries(id);
            }
            outcome => {
                let cause = outcome_cause(outcome, "its Open");
                task.cause.get_or_insert(cause);
                self.release_host(host);
                return match goal {
                    // Nothing was started, and the host has looked.
                    Goal::Open | Goal::Start if !is_cut_off && !is_taken_up => self.end_proven(id),
                    _ => self.hard_stop(id),
                };
            }
        }
        match goal {
            Goal::Reopen if has_trouble => self.leave_to_clean_up(id),
            _ if has_trouble => self.terminate(id),
            // Open takes over what runs, and nobody knew that it did.
            Goal::Start | Goal::Restore | Goal::Open if found => self.end_task(id, TaskEnd::Online),
            Goal::Settle if found => self.terminate(id),
            Goal::Reopen if !found && self.is_in_maintenance(id) => {
                let cause = self.borne_with(id);
                self.end_task(id, TaskEnd::Borne(cause));
            }
            Goal::Reopen if !found => self.fail_replaced(id),
            // What acted in the process of the host that ended cannot have stopped well.
            Goal::Stop if !found && is_cut_off => self.fail_replaced(id),
            // The host has killed whatever was left.
            Goal::Stop if !found => self.end_task(id, TaskEnd::Offline),
            _ => self.open_in_host(id),
        }
    }

    fn fail_replaced(&mut self, id: ResourceId) {
        let cause = not_found_again();
        let Some(live) = self.live.get_mut(&id) else { return };
        let Some(task) = live.task.as_mut() else { return };
        task.cause.get_or_insert(cause);
        match task.goal {
            // A host that starts processes only has killed whatever was left.
            _ if !live.cut_off => self.end_proven(id),
            Goal::Reopen => self.leave_to_clean_up(id),
            _ => self.terminate(id),
        }
    }

    /// What was online and cannot be found again has failed, and so has what cannot be started. Something of it may be
    /// left; it is taken down when its turn has come, since what depends on it still runs.
    pub(super) fn leave_to_clean_up(&mut self, id: ResourceId) {
        let cause = self.live.get(&id).and_then(|live| live.task.as_ref()?.cause.clone());
        let cause = cause.unwrap_or_else(|| Cause::new(Status::RESOURCE_FAILED, "it was not found again"));
        self.end_task(id, TaskEnd::Failed { cause, proven: false });
        self.clean_up_doubt(id);
    }

    /// An order ended as it should not: what was begun is taken down.
    fn handle_trouble(&mut self, id: ResourceId, outcome: Outcome) {
        if matches!(outcome, Outcome::NotOpen) {
            self.note_cut_off(id);
            self.live.entry(id).and_modify(|live| live.open = None);
            self.touch_status(id);
        }
        let Some(live) = self.live.get_mut(&id) else { return };
        if let Some(task) = live.task.as_mut() {
            let cause = outcome_cause(outcome, task.stage.waits_for());
            task.cause.get_or_insert(cause);
        }
        self.terminate(id);
    }

    /// What the task needs is no longer there: its provider has failed.
    pub(crate) fn give_up_start(&mut self, id: ResourceId, cause: Cause) {
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) else { return };
        if task.cause.is_some() {
            return;
        }
        task.cause = Some(cause);
        match task.stage {
            // The host before was at it.
            Stage::Host if task.is_taken_up => self.hard_stop(id),
            Stage::Host | Stage::Leaving | Stage::Asking => self.end_proven(id),
            Stage::Starting => self.terminate(id),
            // Open is waited for; then the trouble leads down.
            _ => {}
        }
    }

    /// A sign of life.
    pub(crate) fn handle_progress(&mut self, id: ResourceId, order: OrderId, text: String) {
        let (now, limit_ms) = (self.now, self.pending_timeout_ms(id));
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) else { return };
        if task.order != Some(order) || !matches!(task.stage, Stage::Starting | Stage::Stopping) {
            return;
        }
        task.last_word = Some((text, now.unix_ms));
        task.limit_unix_ms = Some(now.unix_ms + limit_ms);
        self.timers.set(Timer::Stage(id), now.steady_ms + limit_ms);
    }

    /// Timer: the stage of a task took too long.
    pub(crate) fn handle_stage_timer(&mut self, id: ResourceId) {
        let host = self.task_host(id);
        let silence_ms = self.pending_timeout_ms(id);
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) else { return };
        match task.stage {
            Stage::Starting | Stage::Stopping => {
                let what = task.stage.waits_for();
                let text = format!("{what} said nothing for {silence_ms} ms (PendingTimeout)");
                task.cause.get_or_insert(Cause::new(Status::RESOURCE_CALL_TIMED_OUT, text));
                self.terminate(id);
            }
            Stage::Opening => {
                let text = "its Open did not return within its DeadlockTimeout";
                task.cause.get_or_insert(Cause::new(Status::RESOURCE_CALL_TIMED_OUT, text));
                self.kill_host(host);
            }
            Stage::Terminating | Stage::Leaving => {
                // A type may hang in there and its host be well; a host that hangs is to be found out now, not when
                // its next turn comes: others wait for it.
                self.ask_host(host, self.deadlock_timeout_ms(id));
                self.hard_stop(id);
            }
            Stage::Looking | Stage::HardStopping => self.ask_guard_again(id),
            Stage::Asking => self.start(id, Step::Start),
            Stage::Host => {}
        }
    }

    /// Timer: the whole of a task took longer than PendingLimit.
    pub(crate) fn handle_limit_timer(&mut self, id: ResourceId) {
        let limit_ms = self.pending_limit_ms(id);
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) else { return };
        let text = format!("{} took longer than {limit_ms} ms (PendingLimit)", task.stage.waits_for());
        match task.stage {
            Stage::Host
            | Stage::Opening
            | Stage::Asking
            | Stage::Starting
            | Stage::Stopping
            | Stage::Leaving => {
                task.cause.get_or_insert(Cause::new(Status::RESOURCE_CALL_TIMED_OUT, text));
                self.terminate(id);
            }
            Stage::Terminating | Stage::Looking | Stage::HardStopping => {}
        }
    }

    /// Input: the order that the task waits for reached nobody. The next host gets it: nothing was begun.
    pub(crate) fn handle_order_unsent(&mut self, host: HostId, id: ResourceId, order: OrderId) {
        let Some(task) = self.live.get(&id).and_then(|live| live.task.as_ref()) else { return };
        let begins = matches!(task.stage, Stage::Opening | Stage::Starting | Stage::Stopping);
        if task.order == Some(order) && begins && task.cause.is_none() && self.task_host(id) == host {
            self.wait_for_host(id);
        }
    }

    /// Whether what was being started or stopped when its host ended may go on from there.
    pub(crate) fn is_found_again(&self, id: ResourceId) -> bool {
        let resource = self.model.resource(id);
        resource.and_then(|resource| built_in(&resource.type_name)).is_some_and(|known| known.is_found_again)
    }

    /// The host ended while the task was at it.
    pub(crate) fn task_lost_its_host(&mut self, id: ResourceId, cause: &Cause) {
        let is_found_again = self.is_found_again(id);
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) else { return };
        task.order = None;
        match (task.stage, task.goal) {
            (Stage::Host | Stage::Looking | Stage::HardStopping, _) => {}
            (Stage::Leaving, _) => self.continue_in_host(id),
            // It was running before and may be found again.
            (Stage::Opening, goal)
                if task.cause.is_none()
                    && (task.is_taken_up || matches!(goal, Goal::Reopen | Goal::Stop)) =>
            {
                self.continue_in_host(id);
            }
            // The next host finds what this one was at.
            (Stage::Starting | Stage::Stopping, _) if is_found_again && task.cause.is_none() => {
                task.is_taken_up = true;
                self.continue_in_host(id);
            }
            _ => {
                let text = format!("its host ended: {}", cause.text);
                task.cause.get_or_insert(Cause::new(Status::RESMON_CREATE_FAILED, text));
                self.hard_stop(id);
            }
        }
    }

    /// There is no host to be had.
    pub(crate) fn host_unavailable(&mut self, id: ResourceId, cause: Cause) {
        let Some(live) = self.live.get_mut(&id) else { return };
        let Some(task) = live.task.as_mut() else { return };
        task.cause.get_or_insert(cause);
        let may_be_there = live.cut_off || task.is_taken_up;
        match task.goal {
            Goal::Open | Goal::Start | Goal::Restore if !may_be_there => self.end_proven(id),
            _ => {
                // Whatever the guard finds, the type cannot be asked.
                task.attempts = HARD_STOP_ATTEMPTS;
                self.hard_stop(id);
            }
        }
    }

    fn end_task(&mut self, id: ResourceId, end: TaskEnd) {
        self.timers.clear(Timer::Stage(id));
        self.timers.clear(Timer::Limit(id));
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.take()) else { return };
        self.task_ended(id, task.operation, end);
        self.send_waiting_queries(id);
    }

    /// A stop of what cannot be open any more: its leaf was closed.
    fn is_closed_for(&self, id: ResourceId) -> bool {
        self.live.get(&id).is_some_and(|live| live.open.is_none()) && self.is_leaf_closed(id)
    }
}

/// It was online in a host that ended, and the next one has not found it.
pub(crate) fn not_found_again() -> Cause {
    let text = "nothing of it was serving any more when its host was replaced";
    Cause::new(Status::RESOURCE_FAILED, text)
}

/// An outcome that is no success, as a cause.
fn outcome_cause(outcome: Outcome, what: &str) -> Cause {
    match outcome {
        Outcome::Failed(cause) | Outcome::Vetoed(cause) => cause,
        Outcome::Cancelled => Cause::new(Status::CANCELLED, format!("{what} was cancelled")),
        Outcome::StaleEpoch(seen) => {
            Cause::new(Status::CANCELLED, format!("{what} was refused: the host has seen epoch {seen}"))
        }
        Outcome::NotOpen => Cause::new(Status::RESMON_CREATE_FAILED, "the host does not know it"),
        Outcome::Done | Outcome::FoundOnline => {
            Cause::new(Status::RESMON_INVALID_STATE, format!("{what} ended too late"))
        }
    }
}
