//! What may be done in one step of a walk, and how often: the one table of weights.

use mainstay_types::Status;

use super::dice::Dice;
use crate::testing::{CheckReaction, CommitMode, Reaction};

/// One step. Resources are named by their place in the walk's layout, so that a shorter list of steps still means
/// the same.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Bring a resource online.
    Online(usize),
    /// Take it offline, with these flags.
    Offline(usize, u32),
    /// Bring a group online.
    GroupOnline(usize),
    /// Take it offline.
    GroupOffline(usize),
    /// Restart a resource.
    Restart(usize),
    /// FailClusterResource.
    FailCall(usize),
    /// Cancel what has a resource in hand, or else the oldest operation that runs.
    Cancel(usize),
    /// A call by somebody who may only look (I10).
    WithoutAccess(usize),
    /// One resource comes to depend on another.
    Depend(usize, usize),
    /// And does so no longer.
    Undepend(usize, usize),
    /// A resource comes to depend on any of these, and on nothing else.
    Alternatives(usize, Vec<usize>),
    /// A resource is created.
    Create(usize),
    /// A resource is deleted.
    Delete(usize),
    /// A resource gets another name.
    Rename(usize, u64),
    /// What a failure of a resource leads to from now on.
    Policy(usize, Restarts),
    /// When a group is started from now on: Priority, ColdStartSetting, GroupStartDelay in seconds.
    StartPolicy(usize, u32, u32, u32),
    /// Maintenance of a resource begins or ends.
    Maintain(usize, bool),
    /// The administrator's word that nothing of a failed resource is left.
    Confirm(usize),
    /// Who waits for an answer goes away.
    CallerGone,
    /// From now on a type behaves so.
    Behave(usize, Entry, Reaction),
    /// From now on a type answers so whether it can stop.
    Check(usize, CheckReaction),
    /// A hard stop does not empty the leaf from now on, or does again.
    Unkillable(usize, bool),
    /// The order that hangs ends.
    EndOrder(usize, Reaction),
    /// The order that hangs gives a sign of life.
    Progress(usize),
    /// A host says again what it has said.
    Repeat(usize),
    /// A resource fails by itself.
    Fail(usize),
    /// What runs in a resource fails, and it runs on.
    FailInside(usize),
    /// A type says this of its resource: bits of StatusInformation.
    Say(usize, u64),
    /// A type locks or unlocks its resource.
    Lock(usize, bool),
    /// A call into a type hangs.
    Deadlock(usize),
    /// A type has something else kept of its resource, or nothing any more.
    Keep(usize, bool),
    /// A host that has lost a resource would have something kept of it.
    KeepLate(usize),
    /// The administrator's word that what is kept of a resource is to be given up.
    Discard(usize),
    /// What a resource runs ends unseen.
    KillProcesses(usize),
    /// The pool host dies.
    KillPool,
    /// A resource's own host dies.
    KillOwn(usize),
    /// It dies together with the service.
    LoseOwn(usize),
    /// The connection to the pool host breaks and is made again.
    Reconnect,
    /// What a resource's host says arrives late.
    SlowHost(usize),
    /// Hosts that are started do not come up from now on, or do again.
    HostsStart(bool),
    /// What the guard says arrives late.
    SlowGuard,
    /// The guard is dead from now on, or there again.
    DeadGuard(bool),
    /// Whoever was slow is so no longer.
    Hurry,
    /// The service is killed and started.
    KillService,
    /// The same, and while it starts an order of this resource ends so, or what it runs dies.
    KillServiceWhile(usize, Reaction),
    /// It is killed before the effect after so many.
    CrashAfter(usize),
    /// It is killed, and stays away.
    StopService,
    /// It is started, if it is away.
    StartService,
    /// It dies together with the pool host.
    KillServiceAndPool,
    /// The machine is reset.
    Reboot,
    /// From now on commits go so.
    Commits(CommitMode),
    /// What is not known of commits comes out.
    Resolve,
    /// The node's adapters are these from now on, see `adapters`.
    Adapters(u64),
    /// A resource may run on the node, or no longer.
    Allow(usize, bool),
    /// A group is to move: to the node, or to the best other one.
    Move(usize, bool),
    /// A group is deleted, with its resources or without.
    DeleteGroup(usize, bool),
    /// A change of the configuration is taken back: the one before so many others.
    Undo(usize),
    /// A document is applied that has a resource or a group so: one by its place, or a new one.
    Apply(usize, Applied),
    /// Milliseconds pass.
    Pass(u64),
    /// Milliseconds pass, and no timer fires before their end.
    PassLate(u64),
}

/// The properties that say what a failure leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restarts {
    /// RestartAction.
    pub action: u32,
    /// RestartThreshold.
    pub threshold: u32,
    /// RestartPeriod, in milliseconds.
    pub period_ms: u32,
    /// RestartDelay, in milliseconds.
    pub delay_ms: u32,
    /// RetryPeriodOnFailure, in milliseconds.
    pub retry_ms: u32,
    /// EmbeddedFailureAction.
    pub embedded: u32,
}

/// What a document says of one object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Applied {
    /// A resource that is not there is in this group.
    Made,
    /// A resource has this RestartDelay, in milliseconds, and needs nothing any more.
    Changed(u32),
    /// There is no such resource.
    Deleted,
    /// A group has this Priority, and is there if it was not.
    Group(u32),
    /// There is no such group.
    GroupDeleted,
}

/// An entry point of a resource type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// Open.
    Open,
    /// Online.
    Online,
    /// Offline.
    Offline,
    /// Terminate.
    Terminate,
}

/// The kinds of steps, for the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Online,
    Offline,
    GroupOnline,
    GroupOffline,
    Restart,
    FailCall,
    Cancel,
    WithoutAccess,
    Depend,
    Undepend,
    Alternatives,
    Create,
    Delete,
    Rename,
    Policy,
    StartPolicy,
    Maintain,
    Confirm,
    CallerGone,
    Behave,
    Check,
    Unkillable,
    EndOrder,
    Progress,
    Repeat,
    Fail,
    FailInside,
    Say,
    Lock,
    Deadlock,
    Keep,
    KeepLate,
    Discard,
    KillProcesses,
    KillPool,
    KillOwn,
    LoseOwn,
    Reconnect,
    SlowHost,
    HostsStart,
    SlowGuard,
    DeadGuard,
    Hurry,
    KillService,
    KillServiceWhile,
    CrashAfter,
    StopService,
    StartService,
    KillServiceAndPool,
    Reboot,
    Commits,
    Resolve,
    Pass,
    PassLate,
}

/// How often each kind of step is taken, in parts of the whole.
const WEIGHTS: &[(u64, Kind)] = &[
    // Operations.
    (16, Kind::Online),
    (16, Kind::Offline),
    (5, Kind::GroupOnline),
    (4, Kind::GroupOffline),
    (4, Kind::Restart),
    (3, Kind::FailCall),
    (5, Kind::Cancel),
    (2, Kind::WithoutAccess),
    (2, Kind::Confirm),
    (1, Kind::CallerGone),
    // Configuration.
    (1, Kind::Depend),
    (1, Kind::Undepend),
    (1, Kind::Alternatives),
    (1, Kind::Create),
    (1, Kind::Delete),
    (1, Kind::Rename),
    (4, Kind::Policy),
    (1, Kind::StartPolicy),
    (2, Kind::Maintain),
    // Types.
    (14, Kind::Behave),
    (4, Kind::Check),
    (1, Kind::Unkillable),
    (16, Kind::EndOrder),
    (2, Kind::Progress),
    (2, Kind::Repeat),
    (8, Kind::Fail),
    (4, Kind::FailInside),
    (1, Kind::Say),
    (4, Kind::Lock),
    (2, Kind::Deadlock),
    (4, Kind::Keep),
    (1, Kind::KeepLate),
    (1, Kind::Discard),
    (2, Kind::KillProcesses),
    // Hosts and guard.
    (3, Kind::KillPool),
    (3, Kind::KillOwn),
    (1, Kind::LoseOwn),
    (2, Kind::Reconnect),
    (3, Kind::SlowHost),
    (1, Kind::HostsStart),
    (2, Kind::SlowGuard),
    (1, Kind::DeadGuard),
    (8, Kind::Hurry),
    // The service.
    (3, Kind::KillService),
    (3, Kind::KillServiceWhile),
    (5, Kind::CrashAfter),
    (1, Kind::StopService),
    (4, Kind::StartService),
    (1, Kind::KillServiceAndPool),
    (1, Kind::Reboot),
    (5, Kind::Commits),
    (7, Kind::Resolve),
    // Time.
    (8, Kind::Pass),
    (3, Kind::PassLate),
];

/// How a type behaves in one entry point.
const REACTIONS: &[(u64, Reaction)] = &[
    (8, Reaction::Done),
    (2, Reaction::Fail),
    (2, Reaction::Veto),
    (4, Reaction::Hang),
    (1, Reaction::Pretend),
];
const ENTRIES: &[(u64, Entry)] =
    &[(1, Entry::Open), (3, Entry::Online), (4, Entry::Offline), (2, Entry::Terminate)];
const CHECKS: &[(u64, CheckReaction)] = &[
    (3, CheckReaction::Unknown),
    (2, CheckReaction::Yes),
    (2, CheckReaction::Consents),
    (1, CheckReaction::Silent),
    (1, CheckReaction::No(Status::CLUSTER_RESOURCE_VETOED_CALL)),
];
const COMMITS: &[(u64, CommitMode)] = &[
    (6, CommitMode::Done),
    (1, CommitMode::Fail),
    (1, CommitMode::UnknownDone),
    (1, CommitMode::UnknownFailed),
    (1, CommitMode::Hold),
];

/// Twice the longest limit of a stage that the engine has by default.
const PASS_MAX_MS: u64 = 360_000;
/// Longer than the longest RetryPeriodOnFailure of a walk, and much shorter than the default one.
const RETRY_MAX_MS: u64 = 600_000;
/// A step rarely has more effects.
const CRASH_AFTER_MAX: u64 = 24;
/// Of the offline flags, those that act: ignore locks, force, do not write.
const OFFLINE_FLAGS: u64 = 8;
/// How far back a change may be that is taken back.
const UNDONE_BACK_MAX: u64 = 8;
/// More than all bits of a resource's StatusInformation.
const STATUS_BITS: u64 = 0x400;

impl Step {
    /// A random step.
    pub fn random(dice: &mut Dice, resources: usize, groups: usize) -> Step {
        let kind = dice.weighted(WEIGHTS);
        let which = dice.below(resources as u64) as usize;
        let group = dice.below(groups as u64) as usize;
        match kind {
            Kind::Online => Step::Online(which),
            // Plain calls are the most frequent.
            Kind::Offline if dice.once_in(2) => Step::Offline(which, 0),
            Kind::Offline => Step::Offline(which, dice.below(OFFLINE_FLAGS) as u32),
            Kind::GroupOnline => Step::GroupOnline(group),
            Kind::GroupOffline => Step::GroupOffline(group),
            Kind::Restart => Step::Restart(which),
            Kind::FailCall => Step::FailCall(which),
            Kind::Cancel => Step::Cancel(which),
            Kind::WithoutAccess => Step::WithoutAccess(which),
            Kind::Depend => Step::Depend(which, dice.below(resources as u64) as usize),
            Kind::Undepend => Step::Undepend(which, dice.below(resources as u64) as usize),
            Kind::Alternatives => {
                let others = (0..2 + dice.below(2)).map(|_| dice.below(resources as u64) as usize);
                Step::Alternatives(which, others.collect())
            }
            Kind::Policy => Step::Policy(which, Restarts::random(dice)),
            Kind::StartPolicy => {
                let priority = [0, 1_000, 2_000, 3_000][dice.below(4) as usize];
                Step::StartPolicy(group, priority, dice.below(3) as u32, dice.below(60) as u32)
            }
            Kind::Maintain => Step::Maintain(which, dice.once_in(3)),
            Kind::Confirm => Step::Confirm(which),
            Kind::CallerGone => Step::CallerGone,
            Kind::Create => Step::Create(group),
            Kind::Delete => Step::Delete(which),
            Kind::Rename => Step::Rename(which, dice.below(resources as u64)),
            Kind::Behave => Step::Behave(which, dice.weighted(ENTRIES), dice.weighted(REACTIONS)),
            Kind::Check => Step::Check(which, dice.weighted(CHECKS)),
            Kind::Unkillable => Step::Unkillable(which, dice.once_in(2)),
            Kind::EndOrder => Step::EndOrder(which, dice.weighted(REACTIONS)),
            Kind::Progress => Step::Progress(which),
            Kind::Repeat => Step::Repeat(which),
            Kind::Fail => Step::Fail(which),
            Kind::FailInside => Step::FailInside(which),
            Kind::Say => Step::Say(which, dice.below(STATUS_BITS)),
            Kind::Lock => Step::Lock(which, dice.once_in(2)),
            Kind::Deadlock => Step::Deadlock(which),
            Kind::Keep => Step::Keep(which, !dice.once_in(3)),
            Kind::KeepLate => Step::KeepLate(which),
            Kind::Discard => Step::Discard(which),
            Kind::KillProcesses => Step::KillProcesses(which),
            Kind::KillPool => Step::KillPool,
            Kind::KillOwn => Step::KillOwn(which),
            Kind::LoseOwn => Step::LoseOwn(which),
            Kind::Reconnect => Step::Reconnect,
            Kind::SlowHost => Step::SlowHost(which),
            Kind::HostsStart => Step::HostsStart(dice.once_in(2)),
            Kind::SlowGuard => Step::SlowGuard,
            Kind::DeadGuard => Step::DeadGuard(dice.once_in(2)),
            Kind::Hurry => Step::Hurry,
            Kind::KillService => Step::KillService,
            Kind::KillServiceWhile => Step::KillServiceWhile(which, dice.weighted(REACTIONS)),
            Kind::CrashAfter => Step::CrashAfter(dice.below(CRASH_AFTER_MAX) as usize),
            Kind::StopService => Step::StopService,
            Kind::StartService => Step::StartService,
            Kind::KillServiceAndPool => Step::KillServiceAndPool,
            Kind::Reboot => Step::Reboot,
            Kind::Commits => Step::Commits(dice.weighted(COMMITS)),
            Kind::Resolve => Step::Resolve,
            Kind::Pass => Step::Pass(random_ms(dice)),
            Kind::PassLate => Step::PassLate(random_ms(dice)),
        }
    }

    /// A random change of what a walk began with.
    pub(super) fn arrangement(dice: &mut Dice, resources: usize, groups: usize) -> Step {
        let which = dice.below(resources as u64) as usize;
        let group = dice.below(groups as u64) as usize;
        match dice.weighted(&[(6, 0), (3, 1), (1, 2)]) {
            0 => Step::Allow(which, dice.once_in(2)),
            1 => Step::Move(group, dice.once_in(2)),
            _ => Step::DeleteGroup(group, !dice.once_in(3)),
        }
    }

    /// A few steps by which what is configured is made, changed, deleted, and taken back.
    pub(super) fn change_of_mind(dice: &mut Dice, resources: usize, groups: usize) -> Vec<Step> {
        let which = dice.below(resources as u64) as usize;
        let group = dice.below(groups as u64) as usize;
        let crash =
            dice.once_in(3).then(|| Step::CrashAfter(dice.below(CRASH_AFTER_MAX) as usize)).into_iter();
        let back = dice.below(UNDONE_BACK_MAX) as usize;
        match dice.below(6) {
            0 => [Step::Offline(which, 1), Step::Delete(which)]
                .into_iter()
                .chain(crash)
                .chain([Step::Undo(0)])
                .collect(),
            1 => [Step::DeleteGroup(group, false)].into_iter().chain(crash).chain([Step::Undo(0)]).collect(),
            // Each undo is a change too: what was deleted before comes two places later.
            2 => [Step::GroupOffline(group), Step::Pass(1_000)]
                .into_iter()
                .chain((0..resources).rev().map(Step::Delete))
                .chain([Step::DeleteGroup(group, false), Step::Undo(0)])
                .chain(crash)
                .chain((1..=resources).map(|back| Step::Undo(2 * back)))
                .chain([Step::GroupOnline(group)])
                .collect(),
            3 => crash.chain([Step::Undo(back)]).collect(),
            _ => {
                let applied = dice.weighted(&[
                    (2, Applied::Made),
                    (2, Applied::Changed(1_000)),
                    (2, Applied::Deleted),
                    (1, Applied::Group(3_000)),
                    (1, Applied::GroupDeleted),
                ]);
                let place = match applied {
                    Applied::Made | Applied::Group(_) | Applied::GroupDeleted => group,
                    Applied::Changed(_) | Applied::Deleted => which,
                };
                crash.chain([Step::Apply(place, applied)]).collect()
            }
        }
    }

    /// Whether it changes who depends on whom: then what an earlier word has overridden cannot be told from the graph.
    pub(super) fn reconfigures(&self) -> bool {
        matches!(self, Step::Depend(..) | Step::Undepend(..) | Step::Alternatives(..) | Step::Delete(_))
    }

    /// The fault that it is, in words; `None` for what is none.
    pub fn fault(&self) -> Option<&'static str> {
        Some(match self {
            Step::Behave(_, _, Reaction::Fail) => "type will fail",
            Step::Behave(_, _, Reaction::Hang) => "type will hang",
            Step::Behave(_, _, Reaction::Veto) => "type will veto",
            Step::Behave(_, _, Reaction::Pretend) => "type will lie",
            Step::EndOrder(_, Reaction::Fail) => "order fails",
            Step::EndOrder(_, Reaction::Veto) => "order is vetoed",
            Step::EndOrder(_, Reaction::Pretend) => "order's end is a lie",
            Step::Check(_, CheckReaction::Silent) => "check unanswered",
            Step::Check(_, CheckReaction::No(_)) => "check says no",
            Step::Unkillable(_, true) => "processes unkillable",
            Step::Repeat(_) => "report repeated",
            Step::Fail(_) => "resource fails",
            Step::FailInside(_) => "resource fails inside",
            Step::Lock(_, true) => "lock",
            Step::Deadlock(_) => "call into type hangs",
            Step::KillProcesses(_) => "processes end unseen",
            Step::KillPool => "pool host dies",
            Step::KillOwn(_) => "own host dies",
            Step::LoseOwn(_) => "own host and service die",
            Step::Reconnect => "connection breaks",
            Step::SlowHost(_) => "host slow",
            Step::HostsStart(false) => "hosts do not start",
            Step::SlowGuard => "guard slow",
            Step::DeadGuard(true) => "guard dies",
            Step::KillService => "service dies",
            Step::KillServiceWhile(..) => "service dies, and more while it starts",
            Step::StopService => "service stays away",
            Step::KillServiceAndPool => "service and pool host die",
            Step::Reboot => "machine is reset",
            Step::Commits(CommitMode::Fail) => "commits fail",
            Step::Commits(CommitMode::Hold) => "commits wait",
            Step::Commits(CommitMode::UnknownDone | CommitMode::UnknownFailed) => "commit's outcome unknown",
            Step::PassLate(_) => "timers late",
            Step::CallerGone => "caller goes away",
            Step::Adapters(_) => "adapters change",
            Step::Maintain(_, true) => "maintenance begins",
            _ => return None,
        })
    }
}

impl Restarts {
    fn random(dice: &mut Dice) -> Self {
        Restarts {
            action: dice.weighted(&[(1, 0), (3, 1), (4, 2)]),
            threshold: dice.below(4) as u32,
            period_ms: [2_000, 60_000, 900_000][dice.below(3) as usize],
            delay_ms: [0, 500, 2_000, 20_000][dice.below(4) as usize],
            retry_ms: dice.below(RETRY_MAX_MS) as u32,
            embedded: dice.weighted(&[(1, 0), (1, 1), (6, 2)]),
        }
    }
}

/// Adapters that a walk may see are numbered up to this.
pub(super) const ADAPTERS_END: u64 = 32;

/// The adapters of a number, one thing for each of its bits: whether there is one, and whether it has a link; whether
/// there is a second one, whether it is on the same subnet, and which address the first has.
pub(super) fn adapters(number: u64) -> Vec<String> {
    let has = |bit: u32| number & (1 << bit) != 0;
    let mut adapters = Vec::new();
    if has(0) {
        let (link, host) = (if has(1) { "-" } else { "n" }, if has(4) { 7 } else { 9 });
        adapters.push(format!("eth0 - {link} 10.0.0.{host}/24"));
    }
    if has(2) {
        adapters.push(format!("eth1 - - 10.0.{}.8/24", u32::from(!has(3))));
    }
    adapters
}

/// Short times are as likely as long ones.
fn random_ms(dice: &mut Dice) -> u64 {
    let end = [100, 2_000, 40_000, PASS_MAX_MS][dice.below(4) as usize];
    dice.below(end)
}
