//! What the service does with effects: the store, the journal, the guard, and the way to the hosts.

use mainstay_store::Store;
use mainstay_types::control::function;
use mainstay_types::order::{Action, Cause, News, Order, Outcome, QueryAnswer, Question, Report};
use mainstay_types::{ControlCode, Epoch, GroupId, HostId, ResourceId, Status};

use super::host::{Behaviour, Effected, FakeHost, Reaction};
use super::{CheckReaction, CommitMode, Leaf, World};
use crate::effect::Effect;
use crate::input::{CommitOutcome, Input, LeafSeen};

impl World {
    pub(super) fn commit_now(&mut self, transaction: mainstay_store::Transaction) -> CommitOutcome {
        match self.store.commit(transaction) {
            Ok(committed) if committed.succeeded => CommitOutcome::Done(committed.revision),
            Ok(_) => CommitOutcome::Conflict,
            Err(error) => panic!("the store refuses: {error}"),
        }
    }

    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Answer { call, answer } => {
                if let Some(operation) = answer.operation.filter(|_| answer.status == Status::IO_PENDING) {
                    self.check_stored(operation);
                }
                let earlier = self.answers.insert(call, answer);
                assert!(earlier.is_none(), "I4: call {} was answered twice: {earlier:?}", call.0);
            }
            Effect::Commit { commit, transaction } => self.carry_out_commit(commit, transaction),
            Effect::StartHost { host, epoch, group, .. } => self.start_host(host, group, epoch),
            Effect::StopHost(host) => {
                let holds = self.hosts.get(&host).is_some_and(|fake| !fake.known.is_empty());
                assert!(!holds, "I9: {host} is told to end and holds something");
                self.end_host(host);
            }
            Effect::KillHost(host) => self.end_host(host),
            Effect::Order { host, group, order } => self.carry_out_order(host, group, order),
            Effect::Query { host, query } => self.answer_query(host, query.id, query.question),
            Effect::Configure { .. } => {}
            Effect::Acknowledge { host, sequence } => {
                if let Some(fake) = self.hosts.get_mut(&host) {
                    let taken_in = fake.kept.extract_if(.., |report| report.sequence <= sequence);
                    self.notes.acknowledge(taken_in);
                }
            }
            Effect::NotKept { host, sequence, cause: _ } => {
                if let Some(fake) = self.hosts.get_mut(&host) {
                    fake.kept.retain(|report| report.sequence != sequence);
                }
            }
            Effect::Ping { host, nonce } => {
                if self.hosts.contains_key(&host) {
                    self.inbox.push_back(Input::HostPong { host, nonce });
                }
            }
            Effect::HardStop { group, resource, epoch } => self.hard_stop(group, resource, epoch),
            Effect::Look { resource, .. } => {
                let leaf = self.leaves.get(&resource).map(|(_, leaf)| *leaf).unwrap_or_default();
                if self.guard_answers && !self.guard_is_dead {
                    let leaf = self.seen_in(resource, leaf);
                    self.inbox.push_back(Input::Looked { resource, leaf });
                }
            }
            Effect::RemoveLeaf { resource, .. } => {
                let populated = self.leaves.get(&resource).is_some_and(|(_, leaf)| leaf.populated);
                let is_known = !self.deceived.contains(&resource);
                assert!(!(populated && is_known), "truth: a populated leaf is removed");
                if !populated && let Some((_, leaf)) = self.leaves.remove(&resource) {
                    self.floors.insert(resource, leaf.floor);
                }
            }
            Effect::BackUp { operation, path, .. } => {
                self.inbox.push_back(Input::BackedUp { operation, outcome: Ok(path) });
            }
            Effect::Publish(event) => {
                self.watch(&event);
                self.events.push(*event);
            }
            Effect::Journal(record) => {
                self.check_done(&record);
                if record.end.is_some() {
                    self.journaled = self.journaled.max(record.id.number);
                    self.inbox.push_back(Input::Journaled(record.id));
                }
                self.journal.insert(record.id, *record);
            }
        }
    }

    /// The leaf of a resource, made if it is not there.
    fn leaf(&mut self, group: GroupId, id: ResourceId) -> &mut Leaf {
        let floor = self.floors.get(&id).copied().unwrap_or_default();
        let (_, leaf) = self.leaves.entry(id).or_insert((group, Leaf { populated: false, floor }));
        leaf
    }

    /// A leaf as the guard sees it. An own host lives in it.
    pub(super) fn seen_in(&self, resource: ResourceId, leaf: Leaf) -> LeafSeen {
        let has_host = self.hosts.contains_key(&HostId::Own(resource)) || self.lingering.contains(&resource);
        LeafSeen { populated: leaf.populated || has_host, floor: leaf.floor }
    }

    fn carry_out_commit(&mut self, commit: crate::input::CommitId, transaction: mainstay_store::Transaction) {
        mainstay_store::validate(&transaction).expect("a transaction within the store's limits");
        let outcome = match self.commit_mode {
            CommitMode::Done => self.commit_now(transaction),
            CommitMode::Fail => CommitOutcome::Failed("the disk is full".into()),
            mode => {
                self.held_commits.push_back((commit, transaction, mode));
                if mode == CommitMode::Hold {
                    return;
                }
                CommitOutcome::Unknown
            }
        };
        self.inbox.push_back(Input::Committed { commit, outcome });
    }

    fn start_host(&mut self, host: HostId, group: Option<GroupId>, epoch: Epoch) {
        assert!(!self.hosts.contains_key(&host), "I1: {host} is started and is there already");
        if let (HostId::Own(id), Some(group)) = (host, group) {
            let leaf = self.leaf(group, id);
            assert!(epoch > leaf.floor, "I1: a closed leaf is to be opened for {host}");
        }
        let needs_guard = self.guard_is_dead && host != HostId::Pool;
        if !self.hosts_start || needs_guard {
            let cause = Cause::new(Status::RESMON_CREATE_FAILED, "exited with status 1");
            return self.inbox.push_back(Input::HostEnded { host, cause });
        }
        if let HostId::Own(id) = host {
            // Where there is one already that has not got far, the next one takes its place.
            self.lingering.remove(&id);
            if self.hosts_linger {
                self.lingering.insert(id);
                return;
            }
        }
        self.next_pid += 1;
        let pid = self.next_pid;
        let fake = FakeHost { pid, now_ms: self.now.steady_ms, ..FakeHost::default() };
        self.inbox.push_back(fake.connects(host));
        self.hosts.insert(host, fake);
    }

    fn end_host(&mut self, host: HostId) {
        let lingers = matches!(host, HostId::Own(id) if self.lingering.remove(&id));
        if self.hosts.remove(&host).is_some() || lingers {
            let cause = Cause::new(Status::CANCELLED, "it was told to end");
            self.inbox.push_back(Input::HostEnded { host, cause });
        }
    }

    fn carry_out_order(&mut self, host: HostId, group: GroupId, order: Order) {
        let id = order.resource;
        self.check_order(group, &order);
        self.check_identity(host, &order);
        if let Action::Open(opening) = &order.action {
            self.notes.check(id, opening.note.as_ref().map(|kept| &kept.note));
        }
        self.orders.push(order.clone());
        if !self.hosts.contains_key(&host) {
            return;
        }
        if matches!(order.action, Action::Open(_) | Action::Online { .. }) {
            let leaf = self.leaf(group, id);
            assert!(order.epoch > leaf.floor, "I1: a closed leaf is to be used by {}", order.id);
        }
        let found = self.runs(id);
        let behaviour = self.behaviours.get(&id).copied().unwrap_or_default();
        let behaviour = self.while_opening(&order, behaviour);
        let Some(fake) = self.hosts.get_mut(&host) else { return };
        let (effected, reports) = fake.take(&order, behaviour, found);
        self.effect_leaf(id, effected);
        let is_found =
            |report: &Report| matches!(report.news, News::Ended { outcome: Outcome::FoundOnline, .. });
        if reports.iter().any(is_found) {
            self.deceived.remove(&id);
        }
        for report in reports {
            self.inbox.push_back(Input::HostReport { host, report });
        }
    }

    /// A type without a library takes down what is left before it is open, where it does not take it over: as it would
    /// terminate it.
    fn while_opening(&self, order: &Order, behaviour: Behaviour) -> Behaviour {
        let Action::Open(opening) = &order.action else { return behaviour };
        let id = order.resource;
        let takes_down = !opening.recover && self.mounts.contains(&id) && self.engine.opens_clean(id);
        match behaviour.terminate {
            Reaction::Fail | Reaction::Veto if takes_down => Behaviour { open: Reaction::Fail, ..behaviour },
            Reaction::Hang if takes_down => Behaviour { open: Reaction::Hang, ..behaviour },
            _ => behaviour,
        }
    }

    pub(super) fn effect_leaf(&mut self, id: ResourceId, effected: Effected) {
        let leaves_something = self.engine.may_leave_something(id);
        let opens_clean = self.engine.opens_clean(id);
        if effected == Effected::Left && self.runs(id) {
            self.deceived.insert(id);
        } else if effected != Effected::Nothing
            && (effected != Effected::Killed || !self.mounts.contains(&id))
        {
            self.deceived.remove(&id);
        }
        match effected {
            Effected::Runs if leaves_something => drop(self.mounts.insert(id)),
            Effected::Stopped => drop(self.mounts.remove(&id)),
            // The end of an Open that has found nothing to take over.
            Effected::Killed if opens_clean => drop(self.mounts.remove(&id)),
            _ => {}
        }
        if let Some((_, leaf)) = self.leaves.get_mut(&id) {
            match effected {
                Effected::Nothing | Effected::Left => {}
                Effected::Runs => leaf.populated = true,
                Effected::Stopped | Effected::Killed => leaf.populated = false,
            }
        }
    }

    fn answer_query(&mut self, host: HostId, id: u64, question: Question) {
        let (resource, reaction) = match &question {
            Question::CheckOffline { resource, .. } => {
                self.asked.push(*resource);
                (*resource, self.behaviours.get(resource).map(|b| b.check).unwrap_or_default())
            }
            Question::ResourceControl { resource, .. } => {
                let Some(fake) = self.hosts.get(&host) else { return };
                let is_open = fake.known.contains_key(resource);
                assert!(is_open, "{resource} is asked about and not open in {host}");
                (*resource, self.behaviours.get(resource).map(|b| b.control).unwrap_or_default())
            }
            Question::TypeControl { type_name, code, .. }
                if ControlCode(*code).function() == function::VALIDATE_PRIVATE_PROPERTIES =>
            {
                let reaction = self.type_judgements.get(type_name).copied();
                return self.react(host, id, reaction.unwrap_or_default());
            }
            Question::TypeControl { type_name, code, .. } => {
                let said = self.type_answers.get(&(type_name.clone(), *code));
                let (status, output) = match said {
                    Some(Some(output)) => (Status::SUCCESS, output.clone()),
                    Some(None) => return,
                    None => (Status::INVALID_FUNCTION, Vec::new()),
                };
                let answer = QueryAnswer { id, status, output, output_length_needed: 0, text: String::new() };
                return self.inbox.push_back(Input::HostAnswer { host, answer });
            }
        };
        let _ = resource;
        self.react(host, id, reaction);
    }

    fn react(&mut self, host: HostId, id: u64, reaction: CheckReaction) {
        let status = match reaction {
            CheckReaction::Unknown => Status::INVALID_FUNCTION,
            CheckReaction::Yes | CheckReaction::Consents => Status::SUCCESS,
            CheckReaction::No(status) => status,
            CheckReaction::Silent => return,
        };
        let text = if status == Status::SUCCESS { "" } else { "the type says no" };
        let answer =
            QueryAnswer { id, status, output: Vec::new(), output_length_needed: 0, text: text.into() };
        self.inbox.push_back(Input::HostAnswer { host, answer });
    }

    fn hard_stop(&mut self, group: GroupId, resource: ResourceId, epoch: Epoch) {
        if self.guard_is_dead {
            return;
        }
        let unkillable = self.behaviours.get(&resource).is_some_and(|behaviour| behaviour.unkillable);
        let leaf = self.leaf(group, resource);
        leaf.floor = leaf.floor.max(epoch);
        leaf.populated &= unkillable;
        let empty = !leaf.populated;
        if empty && !self.mounts.contains(&resource) {
            self.deceived.remove(&resource);
        }
        // An own host lives in the leaf.
        self.end_host(HostId::Own(resource));
        let ended = self.hosts.get_mut(&HostId::Pool).and_then(|pool| pool.lose_process(resource));
        self.inbox.extend(ended.map(|report| Input::HostReport { host: HostId::Pool, report }));
        if self.guard_answers {
            self.inbox.push_back(Input::HardStopped { resource, epoch, empty });
        }
    }
}
