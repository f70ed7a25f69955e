//! Scenario files: a cluster, what happens to it and when, and what must hold.
//!
//! ```text
//!   text ──► parse ──► Scenario ──► run: the engine in the simulated world ──► Verdict
//! ```
//!
//! A file with several nodes tells where groups are placed, by the engine's placement; what runs there is not simulated.
//! `docs/simulate.md` describes the format. The parser knows no rule about clusters: whether a dependency or a command
//! is possible is the engine's to say.

mod expect;
pub mod oracle;
mod order;
mod parse;
mod placed;
mod run;
mod words;

pub use order::Order;
pub use parse::{ParseError, parse};
pub use run::{Verdict, run};

use mainstay_engine::testing::walk::Entry;
use mainstay_engine::testing::{CheckReaction, CommitMode, Reaction};

/// The longest file: room for the largest cluster that is allowed, with long names.
pub const FILE_BYTES_MAX: usize = 256 * 1024;
/// Nodes, groups, resources and steps of one scenario, each. People read these files.
pub const ITEMS_MAX: usize = 1_000;
/// The longest scenario: half a year.
pub const TIME_MAX_MS: u64 = 180 * 24 * 3_600 * 1_000;

/// A scenario that was read and not run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scenario {
    /// Properties of the cluster, each with its line.
    pub cluster: Vec<(usize, String, String)>,
    /// Nodes in their order. Several make it a story of placement.
    pub nodes: Vec<Node>,
    /// Group sets, each after those that its groups start after.
    pub group_sets: Vec<GroupSet>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Resources, each after what it needs.
    pub resources: Vec<Resource>,
    /// What happens, in order of time.
    pub steps: Vec<Timed>,
    /// What must hold at the end.
    pub expected: Vec<Expected>,
    /// When it ends, if that is later than the last step.
    pub end_ms: u64,
}

/// A node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Where it is described, counted from 1.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// What groups may declare together on it: memory in MiB and hundredths of a processor.
    pub capacity: (Option<u64>, Option<u64>),
}

/// A group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Where it is described.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// The node that owns it; `None` for nobody.
    pub owner: Option<String>,
    /// Preferred owners, the best first.
    pub preferred: Vec<String>,
    /// Where it may be; empty is everywhere.
    pub possible: Vec<String>,
    /// Whether it is to be online, in a story of placement.
    pub online: bool,
    /// After what it starts.
    pub order: Order,
    /// Common properties.
    pub properties: Vec<(String, String)>,
}

/// A group set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupSet {
    /// Where it is described.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// The sets that its groups start after.
    pub after: Vec<String>,
    /// Common properties.
    pub properties: Vec<(String, String)>,
}

/// A resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// Where it is described.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// Its group's name.
    pub group: String,
    /// How its type is hosted.
    pub hosting: Hosting,
    /// Names of what it depends on: of each of these, one.
    pub needs: Vec<Vec<String>>,
    /// Whether it is online when the story begins.
    pub online: bool,
    /// Common properties.
    pub properties: Vec<(String, String)>,
}

/// How a resource's type is hosted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hosting {
    /// In the pool host.
    Pool,
    /// In a host of its own.
    SeparateMonitor,
    /// By a type in a library, which acts in its host's process.
    InProcess,
}

/// A step with its time.
#[derive(Clone, PartialEq, Debug)]
pub struct Timed {
    /// Where it is written.
    pub line: usize,
    /// When, since the story began.
    pub at_ms: u64,
    /// The words of the line behind `at`.
    pub text: String,
    /// What.
    pub step: Step,
}

/// What happens.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Somebody calls, and is answered so, if that is said.
    Call(Call, Option<String>),
    /// From now on the type of a resource behaves so in an entry point.
    Behave(String, Entry, Reaction),
    /// From now on it answers so whether it can stop.
    Check(String, CheckReaction),
    /// The order that hangs ends so.
    End(String, Reaction),
    /// It gives a sign of life.
    Progress(String),
    /// A resource fails by itself.
    Crash(String),
    /// What runs in it fails, and it runs on.
    FailInside(String),
    /// What it runs ends, unseen by its host.
    Vanish(String),
    /// Its type locks or unlocks it.
    Lock(String, bool),
    /// A call into its type hangs.
    Deadlock(String),
    /// The pool host's process is killed.
    KillPool,
    /// A resource's own host is killed.
    KillHost(String),
    /// The service is killed, and started at once.
    KillService,
    /// The service is killed.
    StopService,
    /// It is started.
    StartService,
    /// The machine is reset.
    Reboot,
    /// Commits go so from now on.
    Commits(CommitMode),
    /// What is not known of commits comes out.
    Resolve,
    /// The guard does nothing from now on, or does again.
    GuardDead(bool),
    /// What the guard says is late.
    GuardSlow,
    /// What a resource's host says is late.
    HostSlow(String),
    /// Whoever was slow is so no longer.
    Hurry,
    /// A node becomes this.
    Node(String, NodeChange),
    /// A group has failed on its node for good, and its policy says: another one.
    FailOver(String),
    /// This is the hour of the day from now on.
    Hour(u8),
    /// This must hold now.
    Expect(Expected),
}

/// What becomes of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeChange {
    /// It is lost.
    Lost,
    /// It is there, and nothing speaks against it.
    Up,
    /// It takes no more groups.
    Paused,
    /// And those that it has leave.
    Drained,
    /// The same, since it came and went too often.
    Quarantined,
}

/// A call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Call {
    /// OnlineClusterResourceEx, with its flags.
    Online(String, u32),
    /// OfflineClusterResourceEx, with its flags and instructions.
    Offline(String, u32, Vec<(String, String)>),
    /// OnlineClusterGroup.
    OnlineGroup(String),
    /// OfflineClusterGroup.
    OfflineGroup(String),
    /// RestartClusterResource.
    Restart(String),
    /// FailClusterResource.
    Fail(String),
    /// DeleteClusterResource.
    Delete(String),
    /// SetClusterResourceName.
    Rename(String, String),
    /// AddClusterResourceDependency.
    Depend(String, String),
    /// RemoveClusterResourceDependency.
    Undepend(String, String),
    /// What a resource depends on, by an expression.
    Needs(String, String),
    /// A common property of a resource.
    Set(String, String, String),
    /// A common property of a group.
    SetGroup(String, String, String),
    /// A common property of a group set.
    SetGroupSet(String, String, String),
    /// AddClusterGroupDependency.
    DependGroup(String, String),
    /// RemoveClusterGroupDependency.
    UndependGroup(String, String),
    /// What has a resource in hand is cancelled.
    Cancel(String),
    /// Maintenance begins or ends.
    Maintain(String, bool),
    /// The administrator's word that nothing is left.
    Confirm(String),
    /// A group moves to a node, or to any other one.
    Move(String, Option<String>),
}

/// What must hold, and where that is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// Where it is written.
    pub line: usize,
    /// What.
    pub what: Fact,
}

/// What can be seen of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Resources are in this state.
    State(Vec<String>, String),
    /// A group is in this state.
    GroupState(String, String),
    /// What the start of a group waits for says this; empty for nothing.
    Waits(String, String),
    /// A resource's persistent state.
    Persistent(String, Option<bool>),
    /// Whether anything of resources runs.
    Runs(Vec<String>, bool),
    /// These orders were given since the story began, in this order, perhaps with others between.
    Orders(Vec<(String, String)>),
    /// A resource was given no order since the story began.
    NoOrders(String),
    /// The last operation of this verb on this object ended so.
    Journal(String, String, String),
    /// A resource was told to start so often since the story began.
    Starts(String, usize),
    /// Why a resource is as it is says this.
    Cause(String, String),
    /// The last order to stop a resource carried this instruction.
    Told(String, String, String),
    /// The node that owns a group; `None` where no node can take it.
    Owner(String, Option<String>),
    /// The last decision about a group says this.
    Reason(String, String),
    /// No operation runs.
    Quiet,
}
