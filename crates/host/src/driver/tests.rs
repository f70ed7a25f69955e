//! The core as data: what comes in, and everything that comes out.

mod said;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mainstay_ipc::host::{FromHost, ToHost};
use mainstay_types::order::{
    Action as Asked, Cause, Condition, Held, News, Opening, Order, OrderId, Outcome, Query, Question,
    RegistryCopy, Report, Step,
};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{
    ClusterId, Epoch, GroupId, HostId, Name, NodeId, OfflineFlags, OfflineReason, OnlineFlags, OperationId,
    ResourceId, Status,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::resource_type::{Completion, Failure, Found, Said};

const CLUSTER: ClusterId = ClusterId(Uuid::from_u128(1));
const RESOURCE: ResourceId = ResourceId(Uuid::from_u128(2));
const GROUP: GroupId = GroupId(Uuid::from_u128(3));
const DEADLOCK_MS: u32 = 1000;
const LOOKS_MS: u32 = 100;
const IS_MS: u32 = 10_000;

/// What comes in.
#[derive(Clone, Debug)]
enum In {
    /// An order with an identity of its own.
    Open,
    Online,
    Offline,
    Terminate,
    Close,
    /// The order with this number (from 1) once more.
    Again(u64),
    /// Orders from here on have this epoch.
    Epoch(u64),
    Configure,
    Check,
    /// The oldest call of this entry point returns.
    Returns(&'static str, Returned),
    /// The resource ends the operation that was entered as the n-th (from 1).
    Finishes(usize, Result<(), Failure>),
    Progresses(usize, u32),
    Fails,
    Locks(bool, u64),
    Says(u64, bool),
    FailsInside,
    /// Time passes, in milliseconds.
    Pass(u64),
    Reconnect,
    Acknowledge(u64),
    Exit,
}

use In::*;

fn cause() -> Cause {
    Cause::new(Status::PROCESS_ABORTED, "cause")
}

fn failed() -> Failure {
    Failure::Failed(cause())
}

fn vetoed() -> Failure {
    Failure::Vetoed(cause())
}

fn done() -> Returned {
    Returned::Operation(Ok(Completion::Done))
}

fn pending() -> Returned {
    Returned::Operation(Ok(Completion::Pending))
}

fn opened(found: Found) -> Returned {
    Returned::Opened(Ok(found))
}

fn empty() -> Returned {
    Returned::Looked(Ok(()))
}

fn terminated() -> Returned {
    Returned::Terminated(Ok(()))
}

fn opening() -> Opening {
    Opening {
        name: Name::parse("app").unwrap(),
        type_name: Name::parse("type").unwrap(),
        group: GROUP,
        library: None,
        registry: RegistryCopy::default(),
        pending_timeout_ms: 0,
        deadlock_timeout_ms: DEADLOCK_MS,
        looks_alive_interval_ms: LOOKS_MS,
        is_alive_interval_ms: IS_MS,
        recover: false,
        online_for_ms: None,
        borne: None,
    }
}

struct Bench {
    core: HostCore,
    now: Instant,
    connection: u64,
    epoch: u64,
    orders: Vec<Order>,
    calls: Vec<Issue>,
    /// The operations that were entered, in order.
    operations: Vec<OperationNumber>,
    instance: Instance,
    /// What came out since it was last looked at, in words.
    out: Vec<String>,
    ended: BTreeMap<OrderId, Vec<Outcome>>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Bench {
            core: HostCore::new(CLUSTER, HostId::Pool, 7),
            now: Instant::now(),
            connection: 0,
            epoch: 1,
            orders: Vec::new(),
            calls: Vec::new(),
            operations: Vec::new(),
            instance: Instance(0),
            out: Vec::new(),
            ended: BTreeMap::new(),
        };
        bench.feed(Reconnect);
        bench.out.clear();
        bench
    }

    fn message(&mut self, message: ToHost) -> Vec<Action> {
        self.core.handle_message(self.connection, message, self.now)
    }

    fn order(&mut self, step: Step, action: Asked) -> Vec<Action> {
        let operation = OperationId { node: NodeId(1), number: self.orders.len() as u64 + 1 };
        let epoch = Epoch { generation: 1, epoch: self.epoch };
        let order = Order { id: OrderId { operation, number: 0, step }, resource: RESOURCE, epoch, action };
        self.orders.push(order.clone());
        self.message(ToHost::Order(order))
    }

    fn feed(&mut self, input: In) {
        let actions = match input {
            Open => self.order(Step::Open, Asked::Open(Box::new(opening()))),
            Online => self.order(Step::Start, Asked::Online { flags: OnlineFlags::empty(), buffer: vec![] }),
            Offline => self.order(
                Step::Stop,
                Asked::Offline {
                    flags: OfflineFlags::empty(),
                    reason: OfflineReason::UserRequested,
                    buffer: vec![],
                    destination: None,
                    due_to_embedded_failure: false,
                },
            ),
            Terminate => self.order(Step::Terminate, Asked::Terminate),
            Close => self.order(Step::Close, Asked::Close),
            Again(number) => match self.orders.get(number as usize - 1).cloned() {
                Some(order) => self.message(ToHost::Order(order)),
                None => Vec::new(),
            },
            Epoch(epoch) => {
                self.epoch = epoch;
                Vec::new()
            }
            Configure => self.message(ToHost::Configure { resource: RESOURCE, opening: Box::new(opening()) }),
            Check => {
                let question = Question::CheckOffline {
                    resource: RESOURCE,
                    flags: OfflineFlags::empty(),
                    buffer: vec![],
                };
                self.message(ToHost::Query(Query { id: 9, question }))
            }
            Returns(entry_point, returned) => {
                let index = self.calls.iter().position(|issue| issue.call.entry_point() == entry_point);
                match index {
                    Some(index) => {
                        let number = self.calls.remove(index).number;
                        self.core.handle_returned(number, returned, self.now)
                    }
                    None => Vec::new(),
                }
            }
            Finishes(index, result) => match self.operations.get(index - 1) {
                Some(&operation) => self.said(Said::Finished { operation, result }),
                None => Vec::new(),
            },
            Progresses(index, checkpoint) => match self.operations.get(index - 1) {
                Some(&operation) => self.said(Said::Progress { operation, checkpoint, text: String::new() }),
                None => Vec::new(),
            },
            Fails => self.said(Said::Failed(cause())),
            Locks(locked, reason) => self.said(Said::Locked { locked, reason }),
            Says(bits, on) => {
                let bits = ResourceStatusInformation::from_bits_truncate(bits);
                self.said(Said::Status { bits, on })
            }
            FailsInside => self.said(Said::EmbeddedFailure(cause())),
            Pass(time_ms) => {
                self.now += Duration::from_millis(time_ms);
                self.core.handle_time(self.now)
            }
            Reconnect => {
                self.connection += 1;
                let session = self.connection;
                self.message(ToHost::Hello { version: mainstay_ipc::VERSION, cluster: CLUSTER, session })
            }
            Acknowledge(sequence) => self.message(ToHost::Acknowledge { sequence }),
            Exit => self.message(ToHost::Exit),
        };
        for action in actions {
            self.note(action);
        }
    }

    fn said(&mut self, said: Said) -> Vec<Action> {
        self.core.handle_said(RESOURCE, self.instance, said, self.now)
    }

    fn note(&mut self, action: Action) {
        let text = match action {
            Action::Call(issue) => {
                if let Call::Open(_) = issue.call {
                    self.instance = issue.resource.unwrap().1;
                }
                if let Call::Online { operation, .. } | Call::Offline { operation, .. } = issue.call {
                    self.operations.push(operation);
                }
                let text = format!("call {}", issue.call.entry_point());
                self.calls.push(issue);
                text
            }
            Action::Cancel(_, operation) => {
                // One that was not entered has no number here.
                let index = self.operations.iter().position(|known| *known == operation);
                format!("cancel {}", index.map_or(0, |index| index + 1))
            }
            Action::Forget(..) => "forget".into(),
            Action::Exit => "exit".into(),
            Action::Dismiss { .. } => "dismiss".into(),
            Action::Send { message, .. } => match message {
                FromHost::Welcome { held, .. } => match held.first() {
                    None => "welcome, nothing held".into(),
                    Some(held) => {
                        let condition = match &held.condition {
                            Condition::Failed(_) => "Failed".into(),
                            other => format!("{other:?}"),
                        };
                        let lock = held.lock().map(|reason| format!(", locked {reason}"));
                        let said = (held.status != 0).then(|| format!(", says {:x}", held.status));
                        let inside = held.embedded_failure.as_ref().map_or("", |_| ", failed inside");
                        let said = [lock, said].into_iter().flatten().collect::<String>();
                        format!("welcome, {condition}{said}{inside}")
                    }
                },
                FromHost::Report(report) => self.note_report(report),
                FromHost::Answer(answer) => format!("answer {}", answer.status.0),
                other => format!("{other:?}"),
            },
        };
        self.out.push(text);
    }

    fn note_report(&mut self, Report { sequence, news, .. }: Report) -> String {
        match news {
            News::Ended { order, outcome } => {
                self.ended.entry(order).or_default().push(outcome.clone());
                let outcome = match outcome {
                    Outcome::Failed(cause) => format!("Failed {}", cause.status.0),
                    Outcome::Vetoed(_) => "Vetoed".into(),
                    Outcome::StaleEpoch(epoch) => format!("StaleEpoch {}", epoch.epoch),
                    other => format!("{other:?}"),
                };
                format!("#{sequence} order {} {outcome}", order.operation.number)
            }
            News::Progress { order, checkpoint, .. } => {
                format!("#{sequence} order {} progress {checkpoint}", order.operation.number)
            }
            News::Failed(_) => format!("#{sequence} failed"),
            News::Consents => format!("#{sequence} consents"),
            News::Locked { locked, reason } => format!("#{sequence} locked {locked} {reason}"),
            News::Deadlocked { call } => format!("#{sequence} deadlocked {call}"),
            News::Status { bits } => format!("#{sequence} says {bits:x}"),
            News::EmbeddedFailure(_) => format!("#{sequence} failed inside"),
            News::Logged { .. } => format!("#{sequence} logged"),
        }
    }
}

/// The door: each input, and all that it leads to.
fn check(case: &str, steps: &[(In, &[&str])]) {
    let mut bench = Bench::new();
    for (index, (input, expected)) in steps.iter().enumerate() {
        bench.feed(input.clone());
        assert_eq!(bench.out, *expected, "{case}: step {index}, {input:?}");
        bench.out.clear();
    }
}

/// Steps until the resource is online; two reports.
fn online() -> Vec<(In, &'static [&'static str])> {
    vec![
        (Open, &["call Open"]),
        (Returns("Open", opened(Found::Offline)), &["#1 order 1 Done"]),
        (Online, &["call Online"]),
        (Returns("Online", done()), &["#2 order 2 Done"]),
    ]
}

fn check_from_online(case: &str, steps: &[(In, &'static [&'static str])]) {
    check(case, &[online(), steps.to_vec()].concat());
}

#[test]
fn the_plain_way_up_and_down() {
    check_from_online(
        "plain",
        &[
            (Online, &["#3 order 3 Done"]),
            (Close, &["#4 order 4 Failed 5084"]),
            (Offline, &["call Offline"]),
            (Returns("Offline", done()), &["call the look at the leaf"]),
            (Returns("the look at the leaf", empty()), &["#5 order 5 Done"]),
            (Offline, &["#6 order 6 Done"]),
            (Close, &["call Close"]),
            (Returns("Close", Returned::Nothing), &["#7 order 7 Done", "forget"]),
            (Again(7), &["#7 order 7 Done"]),
            (Online, &["#8 order 8 NotOpen"]),
            (Exit, &["exit"]),
        ],
    );
}

#[test]
fn pending_operations() {
    check_from_online(
        "finished after the call",
        &[
            (Offline, &["call Offline"]),
            (Progresses(2, 1), &["#0 order 3 progress 1"]),
            (Returns("Offline", pending()), &[]),
            (Progresses(2, 2), &["#0 order 3 progress 2"]),
            (Progresses(1, 9), &[]),
            (Finishes(1, Ok(())), &[]),
            (Finishes(2, Ok(())), &["call the look at the leaf"]),
            (Finishes(2, Err(failed())), &[]),
            (Returns("the look at the leaf", empty()), &["#3 order 3 Done"]),
        ],
    );
    check_from_online(
        "finished before the call has returned",
        &[
            (Offline, &["call Offline"]),
            (Finishes(2, Err(vetoed())), &[]),
            (Finishes(2, Ok(())), &[]),
            (Returns("Offline", pending()), &["#3 order 3 Vetoed"]),
        ],
    );
    check_from_online(
        "what the call returns outweighs what was said before",
        &[
            (Offline, &["call Offline"]),
            (Finishes(2, Ok(())), &[]),
            (Returns("Offline", Returned::Operation(Err(vetoed()))), &["#3 order 3 Vetoed"]),
            (Online, &["#4 order 4 Done"]),
        ],
    );
    check_from_online(
        "properties reach the type while it is pending, and the look waits for that",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", pending()), &[]),
            (Configure, &["call Configure"]),
            (Finishes(2, Ok(())), &[]),
            (Returns("Configure", Returned::Nothing), &["call the look at the leaf"]),
        ],
    );
}

#[test]
fn operations_that_do_not_work() {
    check_from_online(
        "failed offline",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", Returned::Operation(Err(failed()))), &["#3 order 3 Failed 1067"]),
            (
                Reconnect,
                &[
                    "dismiss",
                    "welcome, Failed",
                    "#1 order 1 Done",
                    "#2 order 2 Done",
                    "#3 order 3 Failed 1067",
                ],
            ),
        ],
    );
    check_from_online(
        "offline that left something",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", done()), &["call the look at the leaf"]),
            (Returns("the look at the leaf", Returned::Looked(Err(cause()))), &["#3 order 3 Failed 1067"]),
            (Offline, &["call the look at the leaf"]),
            (Returns("the look at the leaf", empty()), &["#4 order 4 Done"]),
        ],
    );
    check_from_online(
        "opened again by a service that knows that what failed is over",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", Returned::Operation(Err(failed()))), &["#3 order 3 Failed 1067"]),
            (Open, &["call Configure"]),
            (Returns("Configure", Returned::Nothing), &["call the look at the leaf"]),
            (Returns("the look at the leaf", empty()), &["#4 order 4 Done"]),
            (Online, &["call Online"]),
        ],
    );
    check(
        "open",
        &[
            (Open, &["call Open"]),
            (Online, &[]),
            (
                Returns("Open", Returned::Opened(Err(cause()))),
                &["#1 order 1 Failed 1067", "#2 order 2 NotOpen", "forget"],
            ),
            (Again(1), &["#1 order 1 Failed 1067"]),
            (Acknowledge(2), &[]),
            (Again(1), &["#3 order 1 Failed 1067"]),
            (Open, &["call Open"]),
        ],
    );
    check(
        "online; a veto is a failure there",
        &[
            (Open, &["call Open"]),
            (Returns("Open", opened(Found::Offline)), &["#1 order 1 Done"]),
            (Online, &["call Online"]),
            (Returns("Online", Returned::Operation(Err(vetoed()))), &["#2 order 2 Failed 1067"]),
            (Online, &["call Online"]),
        ],
    );
}

#[test]
fn failures_that_nobody_asked_for() {
    check_from_online("at rest", &[(Fails, &["#3 failed"]), (Fails, &[]), (Online, &["call Online"])]);
    check(
        "before online has returned",
        &[
            (Open, &["call Open"]),
            (Fails, &[]),
            (Returns("Open", opened(Found::Offline)), &["#1 order 1 Done"]),
            (Fails, &[]),
            (Online, &["call Online"]),
            (Fails, &[]),
            (Returns("Online", done()), &["#2 order 2 Done", "#3 failed"]),
        ],
    );
    check(
        "found running, and failed since",
        &[
            (Open, &["call Open"]),
            (Fails, &[]),
            (Returns("Open", opened(Found::Online)), &["#1 order 1 FoundOnline", "#2 failed"]),
        ],
    );
    check_from_online(
        "during a stop it is part of the stop, unless the stop is vetoed",
        &[
            (Offline, &["call Offline"]),
            (Fails, &[]),
            (Returns("Offline", Returned::Operation(Err(vetoed()))), &["#3 order 3 Vetoed", "#4 failed"]),
        ],
    );
}

#[test]
fn terminate_overtakes() {
    check_from_online(
        "a call that has not returned: its return is waited for, its result is not",
        &[
            (Offline, &["call Offline"]),
            (Terminate, &["cancel 2", "#3 order 3 Cancelled", "call Terminate"]),
            (Terminate, &[]),
            (Again(4), &[]),
            (Returns("Terminate", terminated()), &[]),
            (Finishes(2, Ok(())), &[]),
            (Progresses(2, 3), &[]),
            (Returns("Offline", done()), &["call the clearing of the leaf"]),
            (Returns("the clearing of the leaf", empty()), &["#4 order 4 Done", "call Terminate"]),
            (Returns("Terminate", terminated()), &["call the clearing of the leaf"]),
            (Returns("the clearing of the leaf", empty()), &["#5 order 5 Done"]),
            (Online, &["call Online"]),
        ],
    );
    check_from_online(
        "a pending operation and what waits behind it",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", pending()), &[]),
            (Online, &[]),
            (Terminate, &["cancel 2", "#3 order 3 Cancelled", "#4 order 4 Cancelled", "call Terminate"]),
            (Finishes(2, Ok(())), &[]),
            (Returns("Terminate", terminated()), &["call the clearing of the leaf"]),
            (
                Returns("the clearing of the leaf", Returned::Looked(Err(cause()))),
                &["#5 order 5 Failed 1067"],
            ),
        ],
    );
    check_from_online(
        "a health check is not waited for",
        &[
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Offline, &[]),
            (Terminate, &["cancel 0", "#3 order 3 Cancelled", "call Terminate"]),
            (Returns("Terminate", terminated()), &["call the clearing of the leaf"]),
            (Returns("the clearing of the leaf", empty()), &["#4 order 4 Done"]),
            (Online, &[]),
            (Returns("LooksAlive", Returned::LooksAlive(false)), &["call Online"]),
        ],
    );
    check(
        "open cannot be overtaken",
        &[
            (Open, &["call Open"]),
            (Terminate, &[]),
            (Returns("Open", opened(Found::Online)), &["#1 order 1 FoundOnline", "call Terminate"]),
        ],
    );
    check_from_online(
        "a terminate that fails leaves it failed, however clear the leaf is",
        &[
            (Terminate, &["call Terminate"]),
            (Returns("Terminate", Returned::Terminated(Err(cause()))), &["call the clearing of the leaf"]),
            (Returns("the clearing of the leaf", empty()), &["#3 order 3 Failed 1067"]),
        ],
    );
}

#[test]
fn repetitions_and_epochs() {
    check_from_online(
        "a repeated order is done once",
        &[
            (Again(1), &["#1 order 1 Done"]),
            (Again(2), &["#2 order 2 Done"]),
            (Acknowledge(2), &[]),
            (Again(2), &["#3 order 2 Done"]),
            (Offline, &["call Offline"]),
            (Again(3), &[]),
            (Online, &[]),
            (Again(4), &[]),
            (Returns("Offline", done()), &["call the look at the leaf"]),
            (Again(3), &[]),
            (Returns("the look at the leaf", empty()), &["#4 order 3 Done", "call Online"]),
            (Again(3), &["#4 order 3 Done"]),
        ],
    );
    check_from_online(
        "an old epoch",
        &[
            (Epoch(2), &[]),
            (Online, &["#3 order 3 Done"]),
            (Epoch(1), &[]),
            (Offline, &["#4 order 4 StaleEpoch 2"]),
            (Terminate, &["#5 order 5 StaleEpoch 2"]),
            (Again(2), &["#2 order 2 Done"]),
        ],
    );
    check_from_online(
        "opened again while it is held",
        &[(Open, &["#3 order 3 FoundOnline", "call Configure"])],
    );
}

#[test]
fn what_a_service_that_comes_back_is_told() {
    check(
        "reports are kept until they are acknowledged",
        &[
            (Reconnect, &["dismiss", "welcome, nothing held"]),
            (Open, &["call Open"]),
            (Reconnect, &["dismiss", "welcome, Busy"]),
            (Returns("Open", opened(Found::Online)), &["#1 order 1 FoundOnline"]),
            (Locks(true, 5), &["#2 locked true 5"]),
            (Locks(true, 5), &[]),
            (Locks(false, 5), &["#3 locked false 5"]),
            (Locks(true, 6), &["#4 locked true 6"]),
            (
                Reconnect,
                &["dismiss", "welcome, Online, locked 6", "#1 order 1 FoundOnline", "#4 locked true 6"],
            ),
            (Acknowledge(3), &[]),
            (Reconnect, &["dismiss", "welcome, Online, locked 6", "#4 locked true 6"]),
            (Acknowledge(u64::MAX), &[]),
            (Reconnect, &["dismiss", "welcome, Online, locked 6"]),
            (Exit, &[]),
        ],
    );
    check_from_online(
        "an answer goes to who has asked",
        &[
            (Check, &["call ResourceControl"]),
            (Reconnect, &["dismiss", "welcome, Online", "#1 order 1 Done", "#2 order 2 Done"]),
            (
                Returns(
                    "ResourceControl",
                    Returned::Answered(QueryAnswer {
                        id: 9,
                        status: Status::SUCCESS,
                        output: vec![],
                        output_length_needed: 0,
                        text: String::new(),
                    }),
                ),
                &[],
            ),
        ],
    );
    check("no resource, no answer", &[(Check, &["answer 5006"])]);
}

#[test]
fn health_checks() {
    let looks = |looks| Returned::LooksAlive(looks);
    check_from_online(
        "the quick one at its interval, never beside itself",
        &[
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Pass(LOOKS_MS as u64), &[]),
            (Returns("LooksAlive", looks(true)), &[]),
            (Pass(LOOKS_MS as u64 - 1), &[]),
            (Pass(1), &["call LooksAlive"]),
        ],
    );
    check_from_online(
        "the thorough one follows a bad look",
        &[
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Returns("LooksAlive", looks(false)), &["call IsAlive"]),
            (Returns("IsAlive", Returned::IsAlive(Ok(()))), &[]),
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Returns("LooksAlive", looks(false)), &["call IsAlive"]),
            (Returns("IsAlive", Returned::IsAlive(Err(cause()))), &["#3 failed"]),
            (Pass(IS_MS as u64), &[]),
        ],
    );
    check_from_online(
        "the thorough one at its own interval",
        &[(Pass(IS_MS as u64), &["call IsAlive"]), (Returns("IsAlive", Returned::IsAlive(Ok(()))), &[])],
    );
    check_from_online(
        "none while an order runs, and its result does not count then",
        &[
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Offline, &[]),
            (Returns("LooksAlive", looks(false)), &["call Offline"]),
            (Pass(500), &[]),
            (Returns("Offline", Returned::Operation(Err(vetoed()))), &["#3 order 3 Vetoed"]),
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
        ],
    );
}

#[test]
fn a_question_that_is_not_answered_is_reported_once() {
    check_from_online(
        "as any other call, beside which others go on",
        &[
            (Offline, &["call Offline"]),
            (Check, &["call ResourceControl"]),
            (Returns("Offline", Returned::Operation(Ok(Completion::Pending))), &[]),
            (Pass(DEADLOCK_MS as u64 - 1), &[]),
            (Pass(1), &["#3 deadlocked ResourceControl"]),
            (Pass(DEADLOCK_MS as u64), &[]),
        ],
    );
}

#[test]
fn calls_that_do_not_return() {
    check_from_online(
        "reported once, and waited for",
        &[
            (Offline, &["call Offline"]),
            (Pass(DEADLOCK_MS as u64 - 1), &[]),
            (Pass(1), &["#3 deadlocked Offline"]),
            (Pass(DEADLOCK_MS as u64), &[]),
            (Terminate, &["cancel 2", "#4 order 3 Cancelled", "call Terminate"]),
            (Pass(DEADLOCK_MS as u64), &["#5 deadlocked Terminate"]),
        ],
    );
    check_from_online(
        "a question too",
        &[
            (Check, &["call ResourceControl"]),
            (Pass(DEADLOCK_MS as u64), &["#3 deadlocked ResourceControl", "call LooksAlive"]),
        ],
    );
    check_from_online(
        "a pending operation is no call",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", pending()), &[]),
            (Pass(DEADLOCK_MS as u64), &[]),
        ],
    );
}

fn any_input() -> impl Strategy<Value = In> {
    let result = prop_oneof![Just(Ok(())), Just(Err(failed())), Just(Err(vetoed()))];
    prop_oneof![
        2 => Just(Open),
        4 => Just(Online),
        4 => Just(Offline),
        3 => Just(Terminate),
        1 => Just(Close),
        1 => (1_u64..20).prop_map(Again),
        1 => Just(Configure),
        1 => Just(Fails),
        1 => Just(Reconnect),
        2 => (1_u64..2000).prop_map(Pass),
        3 => ((1_usize..12), result.clone()).prop_map(|(index, result)| Finishes(index, result)),
        4 => prop_oneof![Just(opened(Found::Offline)), Just(opened(Found::Online)), Just(Returned::Opened(Err(cause())))]
            .prop_map(|returned| Returns("Open", returned)),
        6 => (prop_oneof![Just("Online"), Just("Offline")], prop_oneof![
                Just(done()), Just(pending()), Just(Returned::Operation(Err(failed()))), Just(Returned::Operation(Err(vetoed())))
            ]).prop_map(|(entry_point, returned)| Returns(entry_point, returned)),
        4 => Just(Returns("the look at the leaf", empty())),
        4 => Just(Returns("Terminate", terminated())),
        4 => Just(Returns("the clearing of the leaf", empty())),
        2 => Just(Returns("LooksAlive", Returned::LooksAlive(true))),
        1 => Just(Returns("IsAlive", Returned::IsAlive(Err(cause())))),
        2 => Just(Returns("Configure", Returned::Nothing)),
        2 => Just(Returns("Close", Returned::Nothing)),
    ]
}

/// Lets everything that is outstanding return, until nothing is.
fn run_dry(bench: &mut Bench) {
    for _ in 0..200 {
        let Some(issue) = bench.calls.first() else {
            let pending = bench.core.resources.get(&RESOURCE).and_then(|held| held.running.clone());
            match pending.and_then(|running| running.operation) {
                None => return,
                Some(operation) => {
                    let actions = bench.said(Said::Finished { operation, result: Ok(()) });
                    actions.into_iter().for_each(|action| bench.note(action));
                    continue;
                }
            }
        };
        let returned = match &issue.call {
            Call::Open(_) => opened(Found::Offline),
            Call::Online { .. } | Call::Offline { .. } => done(),
            Call::Look | Call::Clear => empty(),
            Call::Terminate => terminated(),
            Call::LooksAlive => Returned::LooksAlive(true),
            Call::IsAlive => Returned::IsAlive(Ok(())),
            _ => Returned::Nothing,
        };
        let entry_point = issue.call.entry_point();
        bench.feed(Returns(entry_point, returned));
    }
    panic!("it does not come to rest: {:?}", bench.out);
}

proptest! {
    #[test]
    fn whatever_comes_each_order_ends_once_and_calls_do_not_overlap(
        inputs in proptest::collection::vec(any_input(), 1..60)
    ) {
        let mut bench = Bench::new();
        for input in inputs {
            bench.feed(input);
            let of = |lanes: &[Lane]| bench.calls.iter().filter(|issue| lanes.contains(&issue.call.lane())).count();
            prop_assert!(of(&[Lane::Orders, Lane::Health]) <= 1, "ordinary calls overlap: {:?}", bench.calls);
            prop_assert!(of(&[Lane::Urgent]) <= 1, "terminates overlap: {:?}", bench.calls);
        }
        run_dry(&mut bench);
        for order in &bench.orders {
            let ends = bench.ended.get(&order.id).cloned().unwrap_or_default();
            prop_assert!(!ends.is_empty(), "{} never ended: {:?}", order.id, bench.out);
            // An order that found no resource, or too many others, did nothing and may come again.
            let ends: Vec<Outcome> = ends
                .into_iter()
                .filter(|end| *end != Outcome::NotOpen && !matches!(end, Outcome::Failed(cause) if cause.status == Status::BUSY))
                .collect();
            prop_assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{} ended twice: {ends:?}", order.id);
        }
    }
}

/// What a service is told that connects now: what is held, and the newest operations.
fn welcome(bench: &mut Bench) -> (Vec<Held>, Vec<OperationId>) {
    bench.connection += 1;
    let session = bench.connection;
    let hello = ToHost::Hello { version: mainstay_ipc::VERSION, cluster: CLUSTER, session };
    let told = bench.message(hello).into_iter().find_map(|action| match action {
        Action::Send { message: FromHost::Welcome { held, newest, .. }, .. } => Some((held, newest)),
        _ => None,
    });
    told.unwrap()
}

/// How the resource stands, and for how long.
fn standing(bench: &mut Bench) -> (Condition, Option<u64>) {
    let held = welcome(bench).0.into_iter().next().unwrap();
    (held.condition, held.standing_for_ms)
}

#[test]
fn a_service_is_told_the_newest_operation_also_of_what_is_not_held() {
    let mut bench = Bench::new();
    assert_eq!(welcome(&mut bench), (Vec::new(), Vec::new()));
    for input in [Open, Returns("Open", opened(Found::Online)), Close] {
        bench.feed(input);
    }
    let newest = OperationId { node: NodeId(1), number: 2 };
    assert_eq!(welcome(&mut bench).1, [newest]);
    // A repetition is nothing newer.
    bench.feed(Again(1));
    assert_eq!(welcome(&mut bench).1, [newest]);
}

#[test]
fn a_service_is_told_for_how_long_a_resource_stands_so() {
    let mut bench = Bench::new();
    for (input, condition) in [
        (Open, Condition::Busy),
        (Returns("Open", opened(Found::Offline)), Condition::Offline),
        (Online, Condition::Busy),
        (Returns("Online", pending()), Condition::Busy),
        (Finishes(1, Ok(())), Condition::Online),
        (Offline, Condition::Busy),
        (Returns("Offline", Returned::Operation(Err(vetoed()))), Condition::Online),
        (Fails, Condition::Failed(cause())),
        (Terminate, Condition::Busy),
        (Returns("Terminate", terminated()), Condition::Busy),
        (Returns("the clearing of the leaf", empty()), Condition::Offline),
    ] {
        let is_held = bench.core.resources.contains_key(&RESOURCE);
        let before = is_held.then(|| standing(&mut bench));
        bench.feed(input.clone());
        // Who was busy goes on being so for the same order.
        let goes_on = before.filter(|(before, _)| *before == Condition::Busy && condition == Condition::Busy);
        let for_ms = goes_on.and_then(|(_, for_ms)| for_ms).unwrap_or(0);
        assert_eq!(standing(&mut bench), (condition.clone(), Some(for_ms)), "{input:?}");
        // Less than the first health check.
        bench.feed(Pass(3));
        assert_eq!(standing(&mut bench), (condition, Some(for_ms + 3)), "{input:?}");
    }
}

#[test]
fn what_is_recovered_is_online_for_as_long_as_the_service_knows() {
    let borne = || Some(cause());
    for (said_ms, borne, found, condition, expected_ms) in [
        (Some(90_000), None, Found::Online, Condition::Online, 90_020),
        (None, None, Found::Online, Condition::Online, 0),
        (Some(90_000), None, Found::Offline, Condition::Offline, 0),
        // In maintenance it is not what nobody has stopped that is offline.
        (Some(90_000), borne(), Found::Online, Condition::Online, 90_020),
        (Some(90_000), borne(), Found::Offline, Condition::Failed(cause()), 0),
    ] {
        let mut bench = Bench::new();
        let opening = Opening { recover: true, online_for_ms: said_ms, borne, ..opening() };
        for action in bench.order(Step::Open, Asked::Open(Box::new(opening))) {
            bench.note(action);
        }
        // The span was right when the order came.
        bench.feed(Pass(20));
        bench.feed(Returns("Open", opened(found)));
        assert_eq!(standing(&mut bench), (condition, Some(expected_ms)), "{said_ms:?} {found:?}");
    }
}
