//! What may happen to the world: failures, locks, deaths of hosts and of the service, time.

use mainstay_store::{Backup, Model as StoreModel, Revision, Store};
use mainstay_types::order::{Cause, Condition, News, Order, Report, Step};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{Epoch, HostId, NodeId, ResourceId, ResourceState, Status};

use super::host::{Effected, Known, LOCK_REASON};
use super::{CommitMode, Reaction, World, name};
use crate::input::{CommitOutcome, Input};
use crate::{Config, Engine};

impl World {
    /// The service is killed and started again; hosts, leaves and the database are as they are.
    pub fn restart_service(&mut self) {
        self.note(|_| "! the service is killed and started".into());
        self.inbox.clear();
        self.crash_after = None;
        // A held transaction may or may not have reached the store.
        for (_, transaction, mode) in std::mem::take(&mut self.held_commits) {
            if mode == CommitMode::UnknownDone || mode == CommitMode::Hold {
                let _ = self.store.commit(transaction);
            }
        }
        let config = Config { node: NodeId(1), node_name: name("alpha"), strict_cmrp: self.strict_cmrp };
        self.engine = Engine::new(config);
        self.start_service();
    }

    /// The service is killed, and nobody starts it.
    pub fn stop_service(&mut self) {
        self.inbox.clear();
        self.late.clear();
        self.is_down = true;
        self.note(|_| "! the service is killed".into());
    }

    /// Whether there is no service.
    pub fn is_down(&self) -> bool {
        self.is_down
    }

    /// A copy of the database, as a service takes it for a backup.
    pub fn copy_of_database(&mut self) -> Backup {
        self.store.backup().expect("a copy")
    }

    /// The machine is reset: every process is gone.
    pub fn reboot(&mut self) {
        self.hosts.clear();
        self.lingering.clear();
        self.leaves.clear();
        self.floors.clear();
        self.mounts.clear();
        self.deceived.clear();
        self.boot = format!("{}+", self.boot);
        self.restart_service();
    }

    /// Everything that the cluster runs is ended, and the service starts on another database. The machine stays up, so
    /// leaves are there still, and so is what types have left outside of processes.
    pub fn serve_instead(&mut self, database: StoreModel) {
        self.hosts.clear();
        self.lingering.clear();
        for (_, leaf) in self.leaves.values_mut() {
            leaf.populated = false;
        }
        self.store = database;
        self.restart_service();
    }

    /// The service starts on an older copy of its database; hosts and leaves are as they are.
    pub fn serve_older(&mut self, database: StoreModel) {
        self.store = database;
        self.restart_service();
    }

    /// Ends the order that hangs, as the reaction says.
    pub fn end_order(&mut self, id: ResourceId, reaction: Reaction) {
        let told = self.order_ends(id, reaction);
        self.hear(told);
    }

    fn order_ends(&mut self, id: ResourceId, reaction: Reaction) -> Option<Input> {
        let host = self.holder(id)?;
        let fake = self.hosts.get_mut(&host)?;
        let order = fake.known.get(&id)?.running?;
        let starts = matches!(order.step, Step::Start | Step::Restore);
        let (effected, report) = fake.end(id, order, starts, reaction);
        self.effect_leaf(id, effected);
        Some(Input::HostReport { host, report })
    }

    fn hear(&mut self, told: Option<Input>) {
        if let Some(told) = told {
            self.inbox.push_back(told);
            self.settle();
        }
    }

    /// The service is killed and started, and before it has seen to everything that its hosts hold, what hangs in this
    /// resource ends as the reaction says, or what it runs dies.
    pub fn restart_service_while(&mut self, id: ResourceId, reaction: Reaction) {
        self.meanwhile = Some((id, reaction));
        self.restart_service();
    }

    pub(super) fn happens_meanwhile(&mut self) -> Option<Input> {
        let (id, reaction) = self.meanwhile.take()?;
        self.order_ends(id, reaction).or_else(|| self.dies(id))
    }

    /// The order that hangs gives a sign of life.
    pub fn progress(&mut self, id: ResourceId, text: &str) {
        let Some(host) = self.holder(id) else { return };
        let known = self.hosts.get(&host).and_then(|fake| fake.known.get(&id));
        let Some(order) = known.and_then(|known| known.running) else { return };
        let news = News::Progress { order, checkpoint: 1, text: text.into() };
        let report = Report { sequence: 0, resource: id, epoch: Epoch::default(), news };
        self.inbox.push_back(Input::HostReport { host, report });
        self.settle();
    }

    /// The hosts turn out to be of the version before.
    pub fn make_hosts_older(&mut self) {
        self.hosts.values_mut().for_each(|fake| fake.is_older = true);
    }

    /// The resource fails by itself; what is left of it may still run.
    pub fn fail(&mut self, id: ResourceId) {
        let told = self.dies(id);
        self.hear(told);
    }

    fn dies(&mut self, id: ResourceId) -> Option<Input> {
        let host = self.holder(id)?;
        let fake = self.hosts.get_mut(&host)?;
        let cause = Cause::new(Status::RESOURCE_FAILED, "killed by signal 9");
        let known = fake.known.get_mut(&id).filter(|known| known.condition == Condition::Online)?;
        known.stand(Condition::Failed(cause.clone()), self.now.steady_ms);
        let report = fake.report(id, News::Failed(cause));
        Some(Input::HostReport { host, report })
    }

    /// The type locks or unlocks the resource.
    pub fn lock(&mut self, id: ResourceId, locked: bool) {
        let Some(host) = self.holder(id) else { return };
        let Some(fake) = self.hosts.get_mut(&host) else { return };
        if let Some(known) = fake.known.get_mut(&id) {
            known.locked = locked;
        }
        let report = fake.report(id, News::Locked { locked, reason: LOCK_REASON });
        self.inbox.push_back(Input::HostReport { host, report });
        self.settle();
    }

    /// What runs in an online resource fails, and the resource itself runs on.
    pub fn fail_inside(&mut self, id: ResourceId) {
        let Some(host) = self.holder(id) else { return };
        let Some(fake) = self.hosts.get_mut(&host) else { return };
        let is_up =
            |known: &&mut Known| known.condition == Condition::Online && known.embedded_failure.is_none();
        let Some(known) = fake.known.get_mut(&id).filter(is_up) else { return };
        let cause = Cause::new(Status::RESOURCE_FAILED, "the application is gone");
        known.embedded_failure = Some(cause.clone());
        let report = fake.report(id, News::EmbeddedFailure(cause));
        self.inbox.push_back(Input::HostReport { host, report });
        self.settle();
    }

    /// The type says this of the resource, and nothing else.
    pub fn say(&mut self, id: ResourceId, status: ResourceStatusInformation) {
        let Some(host) = self.holder(id) else { return };
        let Some(fake) = self.hosts.get_mut(&host) else { return };
        let Some(known) = fake.known.get_mut(&id) else { return };
        known.status = status.bits();
        let report = fake.report(id, News::Status { bits: status.bits() });
        self.inbox.push_back(Input::HostReport { host, report });
        self.settle();
    }

    /// A health check of the type hangs.
    pub fn deadlock(&mut self, id: ResourceId) {
        self.deadlock_in(id, "IsAlive");
    }

    /// A call into the type hangs.
    pub fn deadlock_in(&mut self, id: ResourceId, call: &str) {
        let Some(host) = self.holder(id) else { return };
        let Some(fake) = self.hosts.get_mut(&host) else { return };
        let report = fake.report(id, News::Deadlocked { call: call.into() });
        self.inbox.push_back(Input::HostReport { host, report });
        self.settle();
    }

    /// The host's process dies; what it started lives on.
    pub fn kill_host(&mut self, host: HostId) {
        if self.hosts.remove(&host).is_some() {
            let cause = Cause::new(Status::RESMON_CREATE_FAILED, "killed by signal 9");
            self.inbox.push_back(Input::HostEnded { host, cause });
            self.settle();
        }
    }

    /// The service sees that a host has died, and which orders reached nobody.
    pub fn notice_loss(&mut self, host: HostId, unsent: &[Order]) {
        for order in unsent {
            let (resource, order) = (order.resource, order.id);
            self.inbox.push_back(Input::OrderUnsent { host, resource, order });
        }
        let cause = Cause::new(Status::RESMON_CREATE_FAILED, "killed by signal 9");
        self.inbox.push_back(Input::HostEnded { host, cause });
        self.settle();
    }

    /// A host says once more how the last order for a resource ended.
    pub fn repeat(&mut self, id: ResourceId) {
        let Some(host) = self.holder(id) else { return };
        let Some(fake) = self.hosts.get_mut(&host) else { return };
        let last = fake.known.get(&id).and_then(|known| known.ended.last().cloned());
        let Some((order, outcome)) = last else { return };
        let report = fake.report(id, News::Ended { order, outcome });
        self.inbox.push_back(Input::HostReport { host, report });
        self.settle();
    }

    /// The host's process dies and no service has seen it yet.
    pub fn lose_host_unseen(&mut self, host: HostId) {
        self.hosts.remove(&host);
    }

    /// The administrator takes down by hand what a resource has left.
    pub fn take_down_by_hand(&mut self, id: ResourceId) {
        self.effect_leaf(id, Effected::Stopped);
    }

    /// What a resource runs ends by itself, unseen by its host.
    pub fn kill_processes(&mut self, id: ResourceId) {
        self.effect_leaf(id, Effected::Killed);
    }

    /// The connection to the host breaks and is made again.
    pub fn reconnect_host(&mut self, host: HostId) {
        if let Some(fake) = self.hosts.get(&host) {
            let kept = fake.kept.clone();
            self.inbox.push_back(fake.connects(host));
            self.inbox.extend(kept.into_iter().map(|report| Input::HostReport { host, report }));
            self.settle();
        }
    }

    /// Commits that were held or unknown come out.
    pub fn resolve_commits(&mut self) {
        for (commit, transaction, mode) in std::mem::take(&mut self.held_commits) {
            let outcome = match mode {
                CommitMode::UnknownFailed | CommitMode::Fail => CommitOutcome::Failed("lost".into()),
                _ => self.commit_now(transaction),
            };
            self.inbox.push_back(Input::Committed { commit, outcome });
        }
        self.settle();
    }
}

impl World {
    /// What hosts have lied about is made true: somebody has cleaned up by hand.
    pub fn end_lies(&mut self) {
        for id in std::mem::take(&mut self.deceived) {
            if self.engine.view().resource_state(id) == Some(ResourceState::Online) {
                continue;
            }
            self.mounts.remove(&id);
            self.effect_leaf(id, Effected::Killed);
        }
    }

    /// From now on everything is written down; times count from now.
    pub fn begin_log(&mut self) {
        self.log = Some(Vec::new());
        self.log_begin_ms = self.now.steady_ms;
    }

    /// The host that a resource belongs to.
    pub fn host_of(&self, id: ResourceId) -> HostId {
        self.engine.desired_host(id)
    }

    /// The store's revision: as long as it is the same, nothing was written.
    pub fn revision(&mut self) -> Revision {
        self.store.revision().expect("a revision")
    }
}
