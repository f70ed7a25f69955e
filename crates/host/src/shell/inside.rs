//! What the shell's lock guards: the core, and what its actions are carried out with.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use mainstay_types::ResourceId;
use tracing::{debug, error, warn};

use super::Input;
use super::connection::Outgoing;
use super::instance::{Caller, Held};
use super::workers::Workers;
use crate::driver::{Action, HostCore, Issue};

/// See the module.
pub(super) struct Inside {
    core: HostCore,
    caller: Arc<Caller>,
    workers: Workers,
    connections: HashMap<u64, Outgoing>,
    held: HashMap<ResourceId, Arc<Held>>,
    /// No longer held. What a type does when its resource is dropped, it does without the lock.
    dropped: Vec<Arc<Held>>,
    timer: Timer,
    ending: bool,
}

/// What the timer's thread does.
enum Timer {
    Awake,
    /// It looks by itself then; `None` never.
    Asleep(Option<Instant>),
}

impl Inside {
    pub(super) fn new(caller: Caller) -> Self {
        let config = caller.config();
        Inside {
            core: HostCore::new(config.cluster, config.host, std::process::id()),
            caller: Arc::new(caller),
            workers: Workers::default(),
            connections: HashMap::new(),
            held: HashMap::new(),
            dropped: Vec::new(),
            timer: Timer::Awake,
            ending: false,
        }
    }

    /// Tells the core one thing, and carries out what it decides.
    pub(super) fn feed(&mut self, input: Input) {
        if !self.ending {
            let actions = self.take(input, Instant::now());
            self.carry_out(actions);
        }
    }

    /// Tells the core the time, if it wants to know it by now.
    pub(super) fn pass_time(&mut self) {
        self.timer = Timer::Awake;
        let now = Instant::now();
        if self.core.next_time().is_some_and(|time| time <= now) {
            let actions = self.core.handle_time(now);
            self.carry_out(actions);
        }
    }

    /// Until when the timer may sleep; `None` for ever.
    pub(super) fn sleep_until(&mut self) -> Option<Instant> {
        let until = self.core.next_time();
        self.timer = Timer::Asleep(until);
        until
    }

    /// Whether the timer would sleep through something.
    pub(super) fn must_wake_timer(&self) -> bool {
        let Timer::Asleep(until) = self.timer else { return false };
        let is_late = |time| until.is_none_or(|until| time < until);
        self.ending || self.core.next_time().is_some_and(is_late)
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending
    }

    /// What is to be dropped without the lock.
    pub(super) fn take_dropped(&mut self) -> Vec<Arc<Held>> {
        std::mem::take(&mut self.dropped)
    }

    /// All connections, at the end.
    pub(super) fn take_connections(&mut self) -> Vec<Outgoing> {
        self.connections.drain().map(|(_, outgoing)| outgoing).collect()
    }

    fn take(&mut self, input: Input, now: Instant) -> Vec<Action> {
        match input {
            Input::Connected(number, outgoing) => {
                self.connections.insert(number, outgoing);
                Vec::new()
            }
            Input::Message(number, message) => {
                // Nothing that a connection says after it was dismissed is heard.
                if !self.connections.contains_key(&number) {
                    return Vec::new();
                }
                debug!(connection = number, ?message, "message");
                self.core.handle_message(number, message, now)
            }
            Input::Disconnected(number) => {
                self.connections.remove(&number);
                self.core.handle_disconnected(number);
                Vec::new()
            }
            Input::Returned(number, returned, opened) => {
                if let Some(held) = opened {
                    self.dropped.extend(self.held.insert(held.resource(), held));
                }
                self.core.handle_returned(number, returned, now)
            }
            Input::Said(resource, instance, said) => self.core.handle_said(resource, instance, said, now),
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send { connection, message } => {
                    let heard = self.connections.get(&connection).is_none_or(|to| to.send(&message));
                    if !heard {
                        warn!("the service does not read what this host says; its connection is dropped");
                        self.connections.remove(&connection);
                        self.core.handle_disconnected(connection);
                    }
                }
                Action::Dismiss { connection, message } => {
                    if let Some(outgoing) = self.connections.remove(&connection) {
                        if let Some(message) = message {
                            debug!(connection, ?message, "dismissed");
                            outgoing.send(&message);
                        }
                        outgoing.close();
                    }
                }
                Action::Call(issue) => self.call(issue),
                Action::Cancel(resource, operation) => self.caller.cancel(resource, operation),
                Action::NoteEnded(resource, number, result) => {
                    self.caller.note_ended(resource, number, result);
                }
                Action::Forget(resource, instance) => {
                    self.caller.forget(resource);
                    if self.held.get(&resource).is_some_and(|held| held.instance() == instance) {
                        self.dropped.extend(self.held.remove(&resource));
                    }
                }
                Action::Exit => self.ending = true,
            }
        }
    }
    fn call(&mut self, issue: Issue) {
        let held = issue.resource.and_then(|(resource, _)| self.held.get(&resource)).cloned();
        let caller = Arc::clone(&self.caller);
        if let Err(reason) = self.workers.submit(issue.call.lane(), move || caller.make(issue, held)) {
            // It waits for the next worker that becomes free; with none at all, its deadline tells.
            error!("cannot start a worker: {reason}");
        }
    }
}
