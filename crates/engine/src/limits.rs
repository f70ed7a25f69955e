//! Every bound and every time of the engine, with its reason.
//!
//! Times are in milliseconds of [`crate::input::Now::steady_ms`].

/// Resources in a cluster. Twice what the largest known clusters have; the model of so many stays under 32 MiB.
pub const RESOURCES_MAX: usize = 16_384;
/// Groups in a cluster. Every group has at least its owner record in the database.
pub const GROUPS_MAX: usize = 8_192;
/// Group sets in a cluster. Each is looked at whenever one of its groups changes its state.
pub const GROUP_SETS_MAX: usize = 1_024;
/// Resource types in a cluster.
pub const RESOURCE_TYPES_MAX: usize = 1_024;
/// Resources in one group. An operation on a group writes each of them into its record, which must fit one value of
/// the store together with the largest instruction buffer.
pub const GROUP_RESOURCES_MAX: usize = 4_096;
/// Providers that one resource may name. The commit that writes them compares each, and the store takes 128 compares.
pub const PROVIDERS_MAX: usize = 100;
/// The longest chain of dependencies (MS-CMRP 3.1.4.2.110 gives ERROR_DEPENDENCY_TREE_TOO_COMPLEX this meaning).
pub const DEPENDENCY_DEPTH_MAX: usize = 100;
/// The longest dependency expression that is read, in bytes: every provider by a name of full length.
pub const EXPRESSION_LENGTH_MAX: usize = 128 * 1024;
/// Private values of one object. A type that needs more keeps a file.
pub const PRIVATE_VALUES_MAX: usize = 1_024;
/// Operations that only write values get this many into one transaction and leave room for its other parts.
pub const TRANSACTION_WRITES_MAX: usize = 100;
/// Providers that one call may bring online against an earlier word that they stay offline: each takes two of the
/// [`TRANSACTION_WRITES_MAX`] writes, and the operations that lose resources to the call need theirs.
pub const WORDS_WITHDRAWN_MAX: usize = 40;
/// Bytes of values in one transaction of the engine; the rest of the store's limit is for keys and framing.
pub const TRANSACTION_VALUE_BYTES_MAX: usize = 640 * 1024;
/// The longest remark of a caller, in bytes: it is kept in the operation's record.
pub const REASON_LENGTH_MAX: usize = 4 * 1024;
/// The longest token, in bytes.
pub const TOKEN_LENGTH_MAX: usize = 256;
/// Instructions as parsed, for people, in the journal: cut after so many bytes.
pub const INSTRUCTIONS_SHOWN_MAX: usize = 4 * 1024;
/// Parts of an operation that its record shows; later ones are counted in the end's text only.
pub const PARTS_SHOWN_MAX: usize = GROUP_RESOURCES_MAX;
/// Parts that have ended and are written into the database when an operation's record is written again, since the operation
/// loses a resource or is taken back. Above that it goes without: such a transaction may write many records.
pub const PARTS_STORED_MAX: usize = 64;
/// Names in one sentence about what became of an operation: more than that nobody reads.
pub const NAMES_SHOWN_MAX: usize = 10;

/// Calls that wait because their closure is being checked or committed, over all closures. Beyond: ERROR_BUSY.
pub const WAITING_CALLS_MAX: usize = 1_024;
/// Configuration changes that wait for their turn. Beyond: ERROR_BUSY.
pub const LANE_LENGTH_MAX: usize = 1_024;
/// Tokens remembered: enough for every client that lost its connection in the last minutes.
pub const TOKENS_MAX: usize = 1_024;
/// Calls that wait for the same operation's answer by its token.
pub const CALLERS_MAX: usize = 16;
/// Queries to hosts that are under way. Beyond: ERROR_BUSY.
pub const QUERIES_MAX: usize = 4_096;
/// Bytes of what a type says that it requires: a few names.
pub const REQUIREMENTS_LENGTH_MAX: u32 = 16 * 1024;
/// Bytes that a control code may answer.
pub const CONTROL_OUTPUT_MAX: u32 = 8 * 1024 * 1024;

/// How long a resource type may think about whether it can carry out an offline call (design §2.4).
pub const CHECK_TIMEOUT_MS: u64 = 1_000;
/// How often an offline call is checked anew because the world moved while it was. Then it is refused.
pub const CHECK_ROUNDS_MAX: u32 = 3;
/// How often an acceptance that met another one in the same group is evaluated anew before it is refused.
pub const CONFLICTS_MAX: u32 = 3;
/// A control code's answer. Callers of remote procedures give up soon after.
pub const QUERY_TIMEOUT_MS: u64 = 30_000;
/// The answer to a control code for which the engine has one too, from what is stored: who looks does not wait longer.
pub const QUERY_USUAL_TIMEOUT_MS: u64 = 2_000;
/// Terminate is meant to be immediate; after this, or PendingTimeout if that is less, the leaf is stopped hard.
pub const TERMINATE_LIMIT_MS: u64 = 30_000;
/// What a host has beyond that for a type that has programs take down what is in no process: to kill what runs before it
/// begins, and to tell.
pub const TERMINATE_GRACE_MS: u64 = 15_000;
/// An order that only opens or closes. The host watches DeadlockTimeout itself; this is for a host that does not.
pub const DEADLOCK_GRACE_MS: u64 = 5_000;
/// Close has nothing left to stop. After this the leaf is stopped hard, which ends everything.
pub const CLOSE_LIMIT_MS: u64 = 30_000;
/// The guard answers within its own kill budget; after this it is asked again, since it may have been restarted.
pub const GUARD_ANSWER_MS: u64 = 15_000;
/// A hard stop is asked for so often before the operation that waits for it ends with the resource unproven.
pub const HARD_STOP_ATTEMPTS: u32 = 3;
/// What could not be killed is tried again after this pause; it doubles up to [`HARD_STOP_PAUSE_MAX_MS`].
pub const HARD_STOP_PAUSE_MS: u64 = 2_000;
/// The longest pause between two tries: a process that sits in the kernel often comes free after minutes.
pub const HARD_STOP_PAUSE_MAX_MS: u64 = 60_000;
/// The longest pause between two tries to have a type take down what it may have left. Each leaves a journal record.
pub const CLEAN_UP_PAUSE_MAX_MS: u64 = 600_000;

/// A host process that was started has to be connected within this time.
pub const HOST_START_MS: u64 = 30_000;
/// A host that was told to be killed and is not reported gone is killed again after this.
pub const HOST_KILL_MS: u64 = 10_000;
/// The first pause before a host that ended is started again; it doubles each time.
pub const HOST_PAUSE_MS: u64 = 500;
/// Starts of one host in a row without [`HOST_HEALTHY_MS`] of life. Then its resources fail.
pub const HOST_STARTS_MAX: u32 = 5;
/// A host that lived so long is healthy: its starts count from zero.
pub const HOST_HEALTHY_MS: u64 = 60_000;
/// Every connected host is asked at this interval whether it is there.
pub const PING_INTERVAL_MS: u64 = 30_000;

/// A commit that failed although it has to be done (a veto's, a recovery's) is tried again after this pause.
pub const COMMIT_PAUSE_MS: u64 = 1_000;

/// Records of ended operations that another commit takes along: more than one commit ever adds, few enough that it
/// stays as quick as it was.
pub const SWEEP_RIDERS_MAX: usize = 16;
/// Records of ended operations that wait to be taken along; with so many they go in a commit of their own. An acceptance
/// has to have room for those that ended on its own resources.
pub const SWEEP_WAITING_MAX: usize = 32;
/// How long they wait at most. Long enough that a busy cluster never needs a commit for them.
pub const SWEEP_DELAY_MS: u64 = 5_000;

/// The defaults of the common properties that the engine reads most, as the tables of `types::property` have them.
pub const PENDING_TIMEOUT_DEFAULT_MS: u32 = 180_000;
/// See [`PENDING_TIMEOUT_DEFAULT_MS`].
pub const DEADLOCK_TIMEOUT_DEFAULT_MS: u32 = 300_000;
/// See [`PENDING_TIMEOUT_DEFAULT_MS`].
pub const LOOKS_ALIVE_DEFAULT_MS: u32 = 5_000;
/// See [`PENDING_TIMEOUT_DEFAULT_MS`].
pub const IS_ALIVE_DEFAULT_MS: u32 = 60_000;

/// GroupDependencyTimeout, in seconds, where the cluster has no other: how long a start waits for groups that come
/// first. As `types::property` has it.
pub const GROUP_DEPENDENCY_TIMEOUT_DEFAULT_S: u32 = 600;

/// Restarts of one resource, and failovers of one group, that are remembered: a threshold above this is no bound.
pub const RESTARTS_REMEMBERED_MAX: usize = 1_024;
/// From one restart of a resource to the next at least, also with a RestartDelay of 0: what fails at once must not keep
/// a processor and the journal busy.
pub const RESTART_SPACING_MIN_MS: u64 = 100;

/// Resources that the start of the service begins at once: enough to keep every processor busy, few enough that those of
/// a high priority do not share the machine with all others.
pub const STARTS_AT_ONCE_MAX: usize = 64;
/// How long a start keeps its place among these, and groups of a lower priority waiting.
pub const START_WAIT_MS: u64 = 20_000;

/// Reasons of one explanation, each the cause of the one before: dependencies may be deeper, and a reader is helped by the
/// first of them.
pub const REASONS_DEEP_MAX: usize = 16;

/// Adapters of one node that count: more than a machine has that is no router.
pub const INTERFACES_PER_NODE_MAX: usize = 64;
/// Addresses of each family that are recorded of an adapter: the rest says nothing more about where it leads.
pub const ADAPTER_ADDRESSES_MAX: usize = 16;
/// Records of networks and interfaces that one transaction writes. One new interface on a new network takes some 30 of the
/// store's operations.
pub const NETWORK_STEPS_AT_ONCE_MAX: usize = 3;
/// Types that one transaction makes of what a node offers; each takes three of the store's operations and their compares.
pub const OFFERS_AT_ONCE_MAX: usize = 24;
/// The pause after which types that could not be made are made again.
pub const OFFERS_PAUSE_MS: u64 = 5_000;
/// The pause after which records of interfaces that could not be written are written again.
pub const NETWORKS_PAUSE_MS: u64 = 5_000;
/// How long an interface stays whose device is gone. Bridges and bonds come late while a machine starts, and a driver
/// that is loaded again takes its device away for a while: their networks keep name, id and settings.
pub const INTERFACE_FORGOTTEN_MS: u64 = 10 * 60_000;

/// How far a rehearsed call is looked after: what takes longer is not planned by anybody to the second.
pub const LOOK_AHEAD_MS: u64 = 24 * 3_600_000;
/// What happens in one rehearsal at most, so that it ends: a call on as many resources as a group may have takes some ten
/// steps for each.
pub const REHEARSAL_STEPS_MAX: usize = 100_000;
/// How much longer what is under way is taken to last at least, where its past does not say more: long enough that a call
/// which ends it finds it there.
pub const UNDER_WAY_MS: u64 = 1_000;
