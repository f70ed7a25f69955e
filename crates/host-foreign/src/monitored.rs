//! What the callbacks know of a resource: which operation is pending, and how to tell the host.
//!
//! A library holds a resource by a number; [`find`] turns it into this, or into nothing once the resource is closed.

use std::sync::Arc;

use mainstay_host::resource_type::{Directive, Failure, Operation, Reporter};
use mainstay_proplist::PropertyList;
use mainstay_resutils::handle::HandleTable;
use mainstay_types::Status;
use mainstay_types::order::Cause;
use mainstay_types::status_information::ResourceStatusInformation;
use parking_lot::Mutex;

use crate::abi::{self, state};
use crate::library::is_veto;

/// How many resources the libraries of one host may hold.
const RESOURCES_MAX: usize = 65_536;

/// The longest property list that a library may leave with SetResourceInMemoryNodeLocalProperties, in bytes. A status
/// page fits many times; a host must not be a library's memory.
const IN_MEMORY_LENGTH_MAX: usize = 64 * 1024;

const KIND: u8 = 0x52;

/// The level from which on a log line is kept as the reason of a failure: LOG_ERROR.
const LEVEL_ERROR: u32 = 2;

static RESOURCES: HandleTable<Arc<Monitored>> = HandleTable::new(KIND, RESOURCES_MAX);

/// The resource with this RESOURCE_HANDLE.
pub(crate) fn find(handle: usize) -> Option<Arc<Monitored>> {
    RESOURCES.get(handle)
}

/// A resource as the callbacks see it.
pub(crate) struct Monitored {
    reporter: Reporter,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    pending: Option<(Direction, Operation)>,
    /// Terminate was called and nothing was ordered since: the library is told to stop reporting.
    terminated: bool,
    last_words: Option<String>,
    in_memory: Vec<u8>,
}

/// What a pending operation is to reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Online,
    Offline,
}

/// A RESOURCE_HANDLE. The handle ends with it.
pub(crate) struct Registration {
    pub(crate) handle: usize,
    pub(crate) monitored: Arc<Monitored>,
}

impl Registration {
    /// # Errors
    /// ERROR_NOT_ENOUGH_MEMORY when [`RESOURCES_MAX`] are held.
    pub(crate) fn new(reporter: Reporter) -> Result<Self, Status> {
        let monitored = Arc::new(Monitored { reporter, inner: Mutex::default() });
        let handle = RESOURCES.insert(monitored.clone()).ok_or(Status::NOT_ENOUGH_MEMORY)?;
        Ok(Registration { handle, monitored })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        RESOURCES.remove(self.handle);
    }
}

/// A status report, from SetResourceStatus or SetResourceStatusEx.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusReport {
    pub(crate) state: i32,
    pub(crate) check_point: u32,
    pub(crate) application_error: u32,
    pub(crate) flags: u32,
}

impl Monitored {
    /// Online or Offline is about to be called; reports are its from now on.
    pub(crate) fn begin(&self, direction: Direction, operation: Operation) {
        let mut inner = self.inner.lock();
        inner.pending = Some((direction, operation));
        inner.terminated = false;
        inner.last_words = None;
    }

    /// Online or Offline has answered at once: reports that come later are not its.
    pub(crate) fn end(&self) {
        self.inner.lock().pending = None;
    }

    /// Terminate is about to be called.
    pub(crate) fn terminate(&self) {
        let mut inner = self.inner.lock();
        inner.pending = None;
        inner.terminated = true;
    }

    /// The library knows no question whether it can go offline: it need not be asked again without instructions.
    pub(crate) fn consents(&self) {
        self.reporter.consents();
    }

    /// The last error that the library logged since its operation began, for people.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.inner.lock().last_words.clone()
    }

    /// A failure's cause, with the library's last words.
    pub(crate) fn cause(&self, status: Status, text: String) -> Cause {
        match self.last_words() {
            Some(words) => Cause::new(status, format!("{text}: {words}")),
            None => Cause::new(status, text),
        }
    }

    pub(crate) fn handle_log(&self, level: u32, line: String) {
        if level >= LEVEL_ERROR {
            self.inner.lock().last_words = Some(line.clone());
        }
        self.reporter.log(level, line);
    }

    /// Answers a RESOURCE_EXIT_STATE.
    pub(crate) fn handle_status(&self, report: StatusReport) -> u32 {
        let lacks = lacking(report.flags);
        if report.state == state::FAILED && !lacks.is_empty() {
            // Before the end, with which it counts.
            self.reporter.status(lacks, true);
        }
        let (pending, terminated) = {
            let mut inner = self.inner.lock();
            let pending = match state_class(report.state) {
                // The operation ends with this report.
                Class::Final => inner.pending.take(),
                Class::Pending | Class::Unknown => inner.pending.clone(),
            };
            (pending, inner.terminated)
        };
        let Some((direction, operation)) = pending else {
            return self.handle_unasked(report, terminated);
        };
        let directive = match state_class(report.state) {
            Class::Pending => operation.progress(report.check_point, progress_text(direction, report)),
            Class::Final => operation.finished(self.result(direction, report)),
            Class::Unknown => {
                self.reporter.log(1, format!("the library reported {}, which is no state", report.state));
                if operation.is_cancelled() { Directive::Stop } else { Directive::Continue }
            }
        };
        match directive {
            Directive::Continue => abi::EXIT_CONTINUE,
            Directive::Stop => abi::EXIT_TERMINATE,
        }
    }

    /// Nothing is pending: only the end of an online resource is news.
    fn handle_unasked(&self, report: StatusReport, terminated: bool) -> u32 {
        if terminated {
            return abi::EXIT_TERMINATE;
        }
        if report.state == state::FAILED {
            let text = format!("the library reported it as failed{}", application_error(report));
            self.reporter.failed(self.cause(Status::RESOURCE_FAILED, text));
        }
        abi::EXIT_CONTINUE
    }

    fn result(&self, direction: Direction, report: StatusReport) -> Result<(), Failure> {
        let application = application_error(report);
        match (direction, report.state) {
            (Direction::Online, state::ONLINE) | (Direction::Offline, state::OFFLINE) => Ok(()),
            (Direction::Offline, state::ONLINE) => {
                let stated = Status(report.application_error);
                // A veto's own number is the cause's status; it need not be said twice.
                let (status, application) = match is_veto(stated) {
                    true => (stated, String::new()),
                    false => (Status::CLUSTER_RESOURCE_VETOED_CALL, application),
                };
                Err(Failure::Vetoed(self.cause(status, format!("the library stays online{application}"))))
            }
            (Direction::Online, state::OFFLINE) => {
                Err(Failure::Failed(self.cause(
                    Status::RESMON_ONLINE_FAILED,
                    format!("the library went back offline{application}"),
                )))
            }
            (_, state::CANNOT_COME_ONLINE_ON_ANY_NODE | state::CANNOT_COME_ONLINE_ON_THIS_NODE) => {
                Err(Failure::Failed(self.cause(
                    Status::NODE_CANT_HOST_RESOURCE,
                    format!("the library says that it cannot come online here{application}"),
                )))
            }
            _ => {
                Err(Failure::Failed(self.cause(
                    Status::RESOURCE_FAILED,
                    format!("the library reported it as failed{application}"),
                )))
            }
        }
    }

    pub(crate) fn handle_locked(&self, locked: bool, reason: u32) {
        self.reporter.locked(locked, u64::from(reason));
    }

    /// SignalFailure.
    pub(crate) fn handle_signalled_failure(&self, kind: i32, application: u32) -> Status {
        let cause = |what: &str| {
            let text = format!("the library signalled {what}, application error {application}");
            self.cause(Status::RESOURCE_FAILED, text)
        };
        match kind {
            abi::FAILURE_GENERAL => self.reporter.failed(cause("a failure")),
            abi::FAILURE_EMBEDDED => self.reporter.embedded_failure(cause("a failure inside")),
            abi::FAILURE_NETWORK_LOSS => {
                self.reporter.log(1, cause("the loss of its network").text);
                self.reporter.status(ResourceStatusInformation::NETWORK_FAILURE, true);
            }
            _ => return Status::INVALID_PARAMETER,
        }
        Status::SUCCESS
    }

    /// SetResourceInMemoryNodeLocalProperties: kept, and shown with the read-only private properties.
    pub(crate) fn handle_in_memory_properties(&self, list: &[u8]) -> Status {
        if list.len() > IN_MEMORY_LENGTH_MAX || PropertyList::parse(list).is_err() {
            return Status::INVALID_PARAMETER;
        }
        self.inner.lock().in_memory = list.to_vec();
        Status::SUCCESS
    }

    /// What the library left with SetResourceInMemoryNodeLocalProperties; empty when it left nothing.
    pub(crate) fn in_memory_properties(&self) -> Vec<u8> {
        self.inner.lock().in_memory.clone()
    }

    /// SetInternalState. That the state is unknown says that nothing is known of the system and the application.
    pub(crate) fn handle_internal_state(&self, kind: i32, active: bool) -> Status {
        let (heartbeat, ready) =
            (ResourceStatusInformation::OS_HEARTBEAT, ResourceStatusInformation::APPLICATION_READY);
        match kind {
            abi::APPLICATION_STATE_UNKNOWN if active => self.reporter.status(heartbeat | ready, false),
            abi::APPLICATION_STATE_UNKNOWN => {}
            abi::APPLICATION_OS_HEARTBEAT => self.reporter.status(heartbeat, active),
            abi::APPLICATION_READY => self.reporter.status(ready, active),
            _ => return Status::INVALID_PARAMETER,
        }
        Status::SUCCESS
    }
}

/// What the flags of a failed report say that there is too little of.
fn lacking(flags: u32) -> ResourceStatusInformation {
    let words = [
        (abi::STATUS_INSUFFICIENT_MEMORY, ResourceStatusInformation::INSUFFICIENT_MEMORY),
        (abi::STATUS_INSUFFICIENT_PROCESSOR, ResourceStatusInformation::INSUFFICIENT_CPU),
        (abi::STATUS_INSUFFICIENT_OTHER, ResourceStatusInformation::INSUFFICIENT_GENERIC),
        (abi::STATUS_NETWORK_NOT_AVAILABLE, ResourceStatusInformation::NETWORK_FAILURE),
    ];
    words.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, bit)| *bit).collect()
}

enum Class {
    Pending,
    Final,
    Unknown,
}

fn state_class(state: i32) -> Class {
    match state {
        state::PENDING | state::ONLINE_PENDING | state::OFFLINE_PENDING => Class::Pending,
        state::ONLINE
        | state::OFFLINE
        | state::FAILED
        | state::CANNOT_COME_ONLINE_ON_ANY_NODE
        | state::CANNOT_COME_ONLINE_ON_THIS_NODE => Class::Final,
        _ => Class::Unknown,
    }
}

fn progress_text(direction: Direction, report: StatusReport) -> String {
    let way = match direction {
        Direction::Online => "going online",
        Direction::Offline => "going offline",
    };
    format!("{way}, check point {}{}", report.check_point, application_error(report))
}

fn application_error(report: StatusReport) -> String {
    match report.application_error {
        0 => String::new(),
        error => format!(", application error {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_host::resource_type::{Ear, OperationNumber, Said};

    fn registered() -> (Registration, Ear, Arc<Mutex<Vec<Said>>>) {
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = said.clone();
        let ear: Ear = Arc::new(move |one| kept.lock().push(one));
        (Registration::new(Reporter::new(ear.clone())).unwrap(), ear, said)
    }

    fn report(state: i32, application_error: u32) -> StatusReport {
        StatusReport { state, check_point: 1, application_error, flags: 0 }
    }

    #[test]
    fn how_final_reports_end_an_operation() {
        let vetoed = Status::CLUSTER_RESOURCE_VETOED_CALL;
        let cases = [
            (Direction::Online, state::ONLINE, None),
            (Direction::Online, state::OFFLINE, Some((false, Status::RESMON_ONLINE_FAILED))),
            (Direction::Online, state::FAILED, Some((false, Status::RESOURCE_FAILED))),
            (Direction::Online, 127, Some((false, Status::NODE_CANT_HOST_RESOURCE))),
            (Direction::Offline, state::OFFLINE, None),
            (Direction::Offline, state::ONLINE, Some((true, vetoed))),
            (Direction::Offline, state::FAILED, Some((false, Status::RESOURCE_FAILED))),
        ];
        for (direction, state, expected) in cases {
            let (registration, ear, said) = registered();
            let operation = Operation::new(OperationNumber(1), ear);
            registration.monitored.begin(direction, operation);
            assert_eq!(registration.monitored.handle_status(report(state, 0)), abi::EXIT_CONTINUE);
            let [Said::Finished { result, .. }] = &said.lock()[..] else {
                panic!("{direction:?} {state}: no end")
            };
            let ended = match result {
                Ok(()) => None,
                Err(Failure::Failed(cause)) => Some((false, cause.status)),
                Err(Failure::Vetoed(cause)) => Some((true, cause.status)),
            };
            assert_eq!(ended, expected, "{direction:?} {state}");
        }
    }

    #[test]
    fn a_vetos_number_is_said_once() {
        let vetoed = Status::CLUSTER_RESOURCE_VETOED_CALL;
        for (stated, text) in [
            (vetoed.0, "the library stays online"),
            (7, "the library stays online, application error 7"),
            (0, "the library stays online"),
        ] {
            let (registration, ear, said) = registered();
            registration.monitored.begin(Direction::Offline, Operation::new(OperationNumber(1), ear));
            registration.monitored.handle_status(report(state::ONLINE, stated));
            let [Said::Finished { result: Err(Failure::Vetoed(cause)), .. }] = &said.lock()[..] else {
                panic!("{stated}: no veto")
            };
            assert_eq!((cause.status, cause.text.as_str()), (vetoed, text));
        }
    }

    #[test]
    fn only_the_first_end_counts_and_a_later_failure_is_news() {
        let (registration, ear, said) = registered();
        registration.monitored.begin(Direction::Online, Operation::new(OperationNumber(1), ear));
        registration.monitored.handle_log(2, "disk is full".into());
        for state in [state::ONLINE_PENDING, state::ONLINE, state::ONLINE, state::FAILED] {
            registration.monitored.handle_status(report(state, 7));
        }
        let said = said.lock();
        let [
            Said::Logged { .. },
            Said::Progress { checkpoint: 1, .. },
            Said::Finished { .. },
            Said::Failed(cause),
        ] = &said[..]
        else {
            panic!("{said:?}")
        };
        assert!(
            cause.text.contains("application error 7") && cause.text.ends_with("disk is full"),
            "{cause}"
        );
    }

    #[test]
    fn after_terminate_the_library_is_told_to_stop() {
        let (registration, ear, said) = registered();
        let operation = Operation::new(OperationNumber(1), ear.clone());
        registration.monitored.begin(Direction::Offline, operation.clone());
        operation.cancel();
        assert_eq!(registration.monitored.handle_status(report(130, 0)), abi::EXIT_TERMINATE);
        registration.monitored.terminate();
        assert_eq!(registration.monitored.handle_status(report(state::FAILED, 0)), abi::EXIT_TERMINATE);
        assert_eq!(said.lock().len(), 1, "only the progress report was passed on");
        registration.monitored.begin(Direction::Online, Operation::new(OperationNumber(2), ear));
        assert_eq!(registration.monitored.handle_status(report(129, 0)), abi::EXIT_CONTINUE);
    }

    #[test]
    fn what_a_signalled_failure_says() {
        let network = ResourceStatusInformation::NETWORK_FAILURE;
        let failed = |said: &Said| matches!(said, Said::Failed(_));
        let failed_inside = |said: &Said| matches!(said, Said::EmbeddedFailure(_));
        let lost = |said: &Said| *said == Said::Status { bits: network, on: true };
        type IsIt<'a> = &'a dyn Fn(&Said) -> bool;
        let cases: [(i32, Status, IsIt<'_>, usize); 4] = [
            (0, Status::SUCCESS, &failed, 1),
            (1, Status::SUCCESS, &failed_inside, 1),
            (2, Status::SUCCESS, &lost, 1),
            (3, Status::INVALID_PARAMETER, &|_| true, 0),
        ];
        for (kind, expected, is_it, count) in cases {
            let (registration, _, said) = registered();
            assert_eq!(registration.monitored.handle_signalled_failure(kind, 3), expected, "kind {kind}");
            let said = said.lock();
            assert_eq!(said.iter().filter(|one| is_it(one)).count(), count, "kind {kind}: {said:?}");
        }
    }

    #[test]
    fn what_an_internal_state_says() {
        let (heartbeat, ready) =
            (ResourceStatusInformation::OS_HEARTBEAT, ResourceStatusInformation::APPLICATION_READY);
        for (kind, active, status, expected) in [
            (1, true, Status::SUCCESS, Some((heartbeat | ready, false))),
            (1, false, Status::SUCCESS, None),
            (2, true, Status::SUCCESS, Some((heartbeat, true))),
            (2, false, Status::SUCCESS, Some((heartbeat, false))),
            (3, true, Status::SUCCESS, Some((ready, true))),
            (4, true, Status::INVALID_PARAMETER, None),
        ] {
            let (registration, _, said) = registered();
            assert_eq!(registration.monitored.handle_internal_state(kind, active), status, "{kind}");
            let expected: Vec<Said> =
                expected.into_iter().map(|(bits, on)| Said::Status { bits, on }).collect();
            assert_eq!(*said.lock(), expected, "{kind} {active}");
        }
    }

    #[test]
    fn a_failed_report_says_what_there_is_too_little_of() {
        let bits = |flags| lacking(flags).bits();
        assert_eq!([bits(0x10), bits(0x20), bits(0x40), bits(0x100), bits(0x8F)], [0x8, 0x4, 0x10, 0x20, 0]);
        let (registration, ear, said) = registered();
        registration.monitored.begin(Direction::Online, Operation::new(OperationNumber(1), ear));
        let failed = StatusReport { flags: 0x30, ..report(state::FAILED, 0) };
        registration.monitored.handle_status(failed);
        let said = said.lock();
        let [Said::Status { bits, on: true }, Said::Finished { .. }] = &said[..] else { panic!("{said:?}") };
        assert_eq!(bits.bits(), 0xC);
    }

    #[test]
    fn in_memory_properties_are_kept_when_they_are_a_list_of_sensible_size() {
        let (registration, _, _) = registered();
        let list = PropertyList::new().with("Load", 7_u32).to_bytes().unwrap();
        let long = PropertyList::new().with("Load", vec![0_u8; IN_MEMORY_LENGTH_MAX]).to_bytes().unwrap();
        for (bytes, expected) in [
            (&list, Status::SUCCESS),
            (&vec![1, 2, 3], Status::INVALID_PARAMETER),
            (&long, Status::INVALID_PARAMETER),
        ] {
            assert_eq!(registration.monitored.handle_in_memory_properties(bytes), expected);
        }
        assert_eq!(registration.monitored.in_memory_properties(), list);
    }

    #[test]
    fn handles_end_with_their_registration() {
        let (registration, _, _) = registered();
        let handle = registration.handle;
        assert!(find(handle).is_some());
        drop(registration);
        assert!(find(handle).is_none());
    }
}
