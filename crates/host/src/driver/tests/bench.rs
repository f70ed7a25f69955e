//! The core with one resource: what comes in, by the names of the tables, and all that comes out, in words.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mainstay_ipc::host::{FromHost, ToHost};
use mainstay_types::order::{
    Action as Asked, Cause, Condition, News, Note, Opening, Order, OrderId, Outcome, Query, Question,
    RegistryCopy, Report, Step,
};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{
    ClusterId, Epoch, GroupId, HostId, Name, NodeId, OfflineFlags, OfflineReason, OnlineFlags, OperationId,
    ResourceId, Status,
};
use uuid::Uuid;

use super::super::*;
use crate::resource_type::{Completion, Failure, Found, NoteNumber, Said};
use In::*;

pub(super) const CLUSTER: ClusterId = ClusterId(Uuid::from_u128(1));
pub(super) const RESOURCE: ResourceId = ResourceId(Uuid::from_u128(2));
const GROUP: GroupId = GroupId(Uuid::from_u128(3));
pub(super) const DEADLOCK_MS: u32 = 1000;
pub(super) const LOOKS_MS: u32 = 100;
pub(super) const IS_MS: u32 = 10_000;

/// What comes in.
#[derive(Clone, Debug)]
pub(super) enum In {
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
    /// The type wants something kept, by its own count, or nothing any more.
    Keeps(u64, bool),
    NotKept(u64),
    Exit,
}

pub(super) fn cause() -> Cause {
    Cause::new(Status::PROCESS_ABORTED, "cause")
}

pub(super) fn failed() -> Failure {
    Failure::Failed(cause())
}

pub(super) fn vetoed() -> Failure {
    Failure::Vetoed(cause())
}

pub(super) fn done() -> Returned {
    Returned::Operation(Ok(Completion::Done))
}

pub(super) fn pending() -> Returned {
    Returned::Operation(Ok(Completion::Pending))
}

pub(super) fn opened(found: Found) -> Returned {
    Returned::Opened(Ok(found))
}

pub(super) fn empty() -> Returned {
    Returned::Looked(Ok(()))
}

pub(super) fn terminated() -> Returned {
    Returned::Terminated(Ok(()))
}

pub(super) fn opening() -> Opening {
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
        note: None,
    }
}

pub(super) struct Bench {
    pub(super) core: HostCore,
    pub(super) now: Instant,
    pub(super) connection: u64,
    pub(super) epoch: u64,
    pub(super) orders: Vec<Order>,
    pub(super) calls: Vec<Issue>,
    /// The operations that were entered, in order.
    pub(super) operations: Vec<OperationNumber>,
    pub(super) instance: Instance,
    /// What came out since it was last looked at, in words.
    pub(super) out: Vec<String>,
    pub(super) ended: BTreeMap<OrderId, Vec<Outcome>>,
}

impl Bench {
    pub(super) fn new() -> Self {
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

    pub(super) fn message(&mut self, message: ToHost) -> Vec<Action> {
        self.core.handle_message(self.connection, message, self.now)
    }

    pub(super) fn order(&mut self, step: Step, action: Asked) -> Vec<Action> {
        let operation = OperationId { node: NodeId(1), number: self.orders.len() as u64 + 1 };
        let epoch = Epoch { generation: 1, epoch: self.epoch };
        let order = Order { id: OrderId { operation, number: 0, step }, resource: RESOURCE, epoch, action };
        self.orders.push(order.clone());
        self.message(ToHost::Order(order))
    }

    pub(super) fn feed(&mut self, input: In) {
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
            Keeps(number, is_something) => {
                let note = is_something.then(|| Note { words: number.to_string(), bytes: Vec::new() });
                self.said(Said::Note { number: NoteNumber(number), note })
            }
            NotKept(sequence) => self.message(ToHost::NotKept { sequence, cause: cause() }),
            Exit => self.message(ToHost::Exit),
        };
        for action in actions {
            self.note(action);
        }
    }

    pub(super) fn said(&mut self, said: Said) -> Vec<Action> {
        self.core.handle_said(RESOURCE, self.instance, said, self.now)
    }

    pub(super) fn note(&mut self, action: Action) {
        let text = match action {
            Action::Call(issue) => {
                if let Call::Open(_) = issue.call {
                    self.instance = issue.resource.unwrap().1;
                }
                if let Call::Online { operation, .. } | Call::Offline { operation, .. } = issue.call {
                    self.operations.push(operation);
                }
                let kept = match &issue.call {
                    Call::Online { note: Some(kept), .. } => format!(" with {}", kept.note.words),
                    _ => String::new(),
                };
                let text = format!("call {}{kept}", issue.call.entry_point());
                self.calls.push(issue);
                text
            }
            Action::Cancel(_, operation) => {
                // One that was not entered has no number here.
                let index = self.operations.iter().position(|known| *known == operation);
                format!("cancel {}", index.map_or(0, |index| index + 1))
            }
            Action::NoteEnded(_, number, result) => {
                format!("note {} {}", number.0, if result.is_ok() { "kept" } else { "not kept" })
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
            News::Note(note) => {
                format!("#{sequence} keeps {}", note.map_or("nothing".into(), |note| note.words))
            }
            News::Logged { .. } => format!("#{sequence} logged"),
        }
    }
}
