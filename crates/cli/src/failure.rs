//! Why a command failed, in one line: what happened to which object, number and name of the Win32 code, the way out.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use mainstay_client::{CallError, Cluster, Transport};
use mainstay_types::access::GENERIC_ALL;
use mainstay_types::{OperationId, Status};

use crate::exit::Exit;
use crate::render::clean;
use crate::way_out::{about, way_out, words};

/// Why a command failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What happened, to which object.
    pub(crate) message: String,
    /// The Win32 code, where the failure has one.
    pub(crate) status: Option<Status>,
    /// What would help.
    pub(crate) way_out: Option<String>,
    /// The operation that it happened to, if it got that far.
    pub(crate) operation: Option<OperationId>,
}

/// The object that a command is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Subject<'a> {
    Cluster,
    Node(&'a str),
    Group(&'a str),
    GroupSet(&'a str),
    Resource(&'a str),
    Type(&'a str),
    Network(&'a str),
    NetInterface(&'a str),
    Operation(OperationId),
}

impl Subject<'_> {
    /// It was there when the command began and is not there any more.
    pub(crate) fn gone(&self) -> Failure {
        let status = match self {
            Subject::Group(_) => Status::GROUP_NOT_AVAILABLE,
            Subject::GroupSet(_) => Status::GROUPSET_NOT_AVAILABLE,
            Subject::Node(_) => Status::CLUSTER_NODE_NOT_FOUND,
            Subject::Type(_) => Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND,
            Subject::Network(_) => Status::CLUSTER_NETWORK_NOT_FOUND,
            Subject::NetInterface(_) => Status::CLUSTER_NETINTERFACE_NOT_FOUND,
            _ => Status::RESOURCE_NOT_AVAILABLE,
        };
        Failure::refused(status, "", self)
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Cluster => f.write_str("the cluster"),
            Subject::Node(name) => write!(f, "node '{}'", clean(name)),
            Subject::Group(name) => write!(f, "group '{}'", clean(name)),
            Subject::GroupSet(name) => write!(f, "group set '{}'", clean(name)),
            Subject::Resource(name) => write!(f, "resource '{}'", clean(name)),
            Subject::Network(name) => write!(f, "network '{}'", clean(name)),
            Subject::NetInterface(name) => write!(f, "network interface '{}'", clean(name)),
            Subject::Type(name) => write!(f, "resource type '{}'", clean(name)),
            Subject::Operation(id) => write!(f, "operation {id}"),
        }
    }
}

impl Failure {
    /// A failure without number and way out.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), status: None, way_out: None, operation: None }
    }

    /// The command line asks for what cannot be; nothing was asked of the service.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn with_status(self, status: Status) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(crate) fn with_way_out(self, way_out: impl Into<String>) -> Self {
        Self { way_out: Some(way_out.into()), ..self }
    }

    pub(crate) fn with_operation(self, operation: Option<OperationId>) -> Self {
        Self { operation, ..self }
    }

    /// A refusal with the service's own words; without any, with ours.
    pub(crate) fn refused(status: Status, explanation: &str, subject: &Subject<'_>) -> Self {
        // The service's sentences have the way out behind a semicolon. Ours names the option that does it.
        let (message, theirs) = match split_way_out(explanation) {
            Some((message, way_out)) => (clean(message), Some(clean(way_out))),
            None if explanation.is_empty() => (words(status, subject), None),
            None => (clean(explanation), None),
        };
        // A command that the service names is about the objects that it met; ours knows only what was asked about.
        let names_command = |theirs: &String| theirs.contains("mainstay ");
        // A dependency that is there already needs nothing; one expression that names it twice does.
        let is_more = |theirs: &String| names_command(theirs) || status == Status::DEPENDENCY_ALREADY_EXISTS;
        let way_out = theirs.clone().filter(is_more).or_else(|| way_out(status, subject)).or(theirs);
        Self { exit: Exit::Refused, message, status: Some(status), way_out, operation: None }
    }

    /// A call that did not do what it should, with the service's explanation of a refusal.
    pub(crate) fn of_call<T: Transport>(
        cluster: &mut Cluster<T>,
        error: &CallError,
        subject: &Subject<'_>,
    ) -> Self {
        match error {
            CallError::Refused { status, .. } => {
                // Without an explanation the number has to do.
                let explanation = cluster.explain().unwrap_or_default();
                Self::refused(*status, &explanation, subject)
            }
            // Who opened the cluster for reading changed nothing, whatever became of the call.
            CallError::OutcomeUnknown { source, .. } if cluster.granted() != GENERIC_ALL => {
                let cause = cause_of(source.as_ref());
                Self::new(Exit::Unknown, format!("the service did not answer about {subject}: {cause}"))
                    .with_status(error.status())
                    .with_way_out("nothing was changed; try again, and look into the log of mainstayd")
            }
            error => Self::unexplained(error, subject),
        }
    }

    /// The same for calls that the service explains nothing about, such as opening what does not exist.
    pub(crate) fn unexplained(error: &CallError, subject: &Subject<'_>) -> Self {
        let status = error.status();
        match error {
            CallError::Refused { .. } => Self::refused(status, "", subject),
            CallError::NotReached { address, .. } => {
                let message = match is_nobody(error) {
                    true => format!(
                        "the cluster service at {address} cannot be reached: no service answers there"
                    ),
                    false => with_sources(error),
                };
                Self::new(Exit::Unknown, clean(&message)).with_status(status).with_way_out(match status {
                    Status::ACCESS_DENIED => "run it as root or as a member of the group 'mainstay'",
                    _ if error.is_timeout() => {
                        "nothing was asked; see whether mainstayd is stopped or overrun, and try again"
                    }
                    _ => "start mainstayd, or name its socket with --socket or MAINSTAY_SOCKET",
                })
            }
            CallError::OutcomeUnknown { source, .. } => Self::new(
                Exit::Unknown,
                format!(
                    "what became of the call about {subject} is not known: {}",
                    cause_of(source.as_ref())
                ),
            )
            .with_status(status)
            .with_way_out(match subject {
                Subject::Resource(name) | Subject::Group(name) => format!(
                    "'{}' shows whether it began, 'mainstay status' what is there",
                    about("operation list", name)
                ),
                _ => "'mainstay operation list' shows what began, 'mainstay status' what is there".into(),
            }),
            CallError::BrokenProtocol { .. } => Self::new(Exit::Unknown, with_sources(error))
                .with_status(status)
                .with_way_out("use a 'mainstay' of the service's own version"),
            CallError::NotBegun { .. } | CallError::BadArguments { .. } => {
                Self::new(Exit::Refused, format!("{subject}: {}", with_sources(error))).with_status(status)
            }
        }
    }
}

/// Splits a sentence at its first semicolon that is not inside a quoted name.
fn split_way_out(text: &str) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    let mut before = None;
    for (place, c) in text.char_indices() {
        let next = text[place + c.len_utf8()..].chars().next();
        match c {
            // A quote begins behind a space and ends before one, or beside what stands there: a name may have some within.
            '\'' if is_quoted => is_quoted = !next.is_none_or(|c| c.is_whitespace() || ",;:.)]".contains(c)),
            '\'' => {
                let begins = before.is_none_or(|c: char| c.is_whitespace() || "([=".contains(c));
                is_quoted = begins && next.is_some_and(|c| !c.is_whitespace());
            }
            ';' if !is_quoted && next == Some(' ') => return Some((&text[..place], &text[place + 2..])),
            _ => {}
        }
        before = Some(c);
    }
    None
}

/// What lies behind a call without an answer, without what its text says behind a semicolon.
fn cause_of(error: &(dyn Error + 'static)) -> String {
    let text = with_sources(error);
    split_way_out(&text).map_or(text.as_str(), |(cause, _)| cause).to_owned()
}

/// Whether there is nobody at the address: a socket that no process listens at any more, or one whose process ended
/// while we came. Which of the two it was is a matter of microseconds.
fn is_nobody(error: &(dyn Error + 'static)) -> bool {
    const ENDED: [ErrorKind; 4] = [
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
        ErrorKind::BrokenPipe,
        ErrorKind::UnexpectedEof,
    ];
    let mut behind = Some(error);
    while let Some(error) = behind {
        if error.downcast_ref::<io::Error>().is_some_and(|error| ENDED.contains(&error.kind())) {
            return true;
        }
        behind = error.source();
    }
    false
}

/// An error with what lies behind it.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    clean(&text)
}

impl Failure {
    /// What happened, and what would help, without the number.
    pub(crate) fn sentence(&self) -> String {
        match &self.way_out {
            Some(way_out) => format!("{}; {way_out}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(status) = self.status {
            write!(f, ": {status}")?;
        }
        if let Some(way_out) = &self.way_out {
            write!(f, "; {way_out}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u32, explanation: &str, subject: Subject<'_>, expected: &str) {
        let failure = Failure::refused(Status(status), explanation, &subject);
        assert_eq!((failure.exit, failure.to_string().as_str()), (Exit::Refused, expected));
    }

    #[test]
    fn a_way_out_begins_behind_the_first_semicolon_outside_of_a_name() {
        for (text, expected) in [
            ("resource 'db' is Online; take it offline first", Some("take it offline first")),
            ("group 'a; b' exists already; choose another", Some("choose another")),
            ("group 'a'b; c' exists already; choose another", Some("choose another")),
            ("group 'x'' exists already; choose another", Some("choose another")),
            ("the value '' is empty; give one; or none", Some("give one; or none")),
            ("the quote ' is never closed; close it", Some("close it")),
            ("'db' needs 'it's; here', which is Offline; wait", Some("wait")),
            ("nothing's wrong; wait", Some("wait")),
            ("with: mainstay group offline 'a; b'", None),
        ] {
            assert_eq!(split_way_out(text).map(|(_, way_out)| way_out), expected, "{text}");
        }
    }

    #[test]
    fn one_line_with_number_object_and_way_out() {
        check(
            5010,
            "",
            Subject::Group("g"),
            "group 'g' exists already: 5010 ERROR_OBJECT_ALREADY_EXISTS; choose another name",
        );
        check(
            145,
            "group 'g; h' still has 2 resources; delete them first",
            Subject::Group("g; h"),
            "group 'g; h' still has 2 resources: 145 ERROR_DIR_NOT_EMPTY; delete them first",
        );
        check(
            5001,
            "",
            Subject::Resource("my db"),
            "resource 'my db': another resource depends on it: 5001 ERROR_DEPENDENT_RESOURCE_EXISTS; end it first \
             with: mainstay resource undepend DEPENDENT 'my db'",
        );
        check(
            5002,
            "resource 'a' does not depend on 'b'",
            Subject::Resource("a"),
            "resource 'a' does not depend on 'b': 5002 ERROR_DEPENDENCY_NOT_FOUND; 'mainstay resource show a' lists \
             what it depends on",
        );
        check(
            5002,
            "group 'a' does not start after group 'b'",
            Subject::Group("-a"),
            "group 'a' does not start after group 'b': 5002 ERROR_DEPENDENCY_NOT_FOUND; 'mainstay group show -- -a' \
             lists what it starts after",
        );
        check(
            5042,
            "node 9 is no member of the cluster",
            Subject::Group("g"),
            "node 9 is no member of the cluster: 5042 ERROR_CLUSTER_NODE_NOT_FOUND; 'mainstay node list' shows those \
             there are",
        );
        check(
            5003,
            "resource 'a' depends on 'b' already",
            Subject::Resource("a"),
            "resource 'a' depends on 'b' already: 5003 ERROR_DEPENDENCY_ALREADY_EXISTS; there is nothing to do",
        );
        check(
            5003,
            "the expression names 'b' twice; name everything once",
            Subject::Resource("a"),
            "the expression names 'b' twice: 5003 ERROR_DEPENDENCY_ALREADY_EXISTS; name everything once",
        );
        check(
            183,
            "",
            Subject::Type("t"),
            "resource type 't' exists already: 183 ERROR_ALREADY_EXISTS; choose another name, or delete it first \
             with: mainstay type delete t",
        );
        check(
            70,
            "not now\x1b[2J",
            Subject::Cluster,
            "not now\\u{1b}[2J: 70 ERROR_SHARING_PAUSED; try again",
        );
    }

    #[test]
    fn every_status_has_words() {
        for status in Status::ALL {
            for subject in
                [Subject::Cluster, Subject::Resource("r"), Subject::Operation("1-2".parse().unwrap())]
            {
                let line = Failure::refused(*status, "", &subject).to_string();
                assert!(line.contains(&status.to_string()) && !line.contains('\n'), "{line}");
            }
        }
    }

    #[test]
    fn who_closed_what_is_told_by_the_exit_code() {
        let nowhere = CallError::NotReached {
            address: "/nowhere".into(),
            status: Status::ACCESS_DENIED,
            source: "no entry".into(),
        };
        let failure = Failure::unexplained(&nowhere, &Subject::Cluster);
        assert_eq!(failure.exit, Exit::Unknown);
        assert_eq!(
            failure.to_string(),
            "the cluster service at /nowhere cannot be reached: no entry: 5 ERROR_ACCESS_DENIED; run it as root or \
             as a member of the group 'mainstay'"
        );
        // Refused, or lost on the way: it is the same to whoever asks.
        for kind in [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof] {
            let gone = CallError::NotReached {
                address: "/gone".into(),
                status: Status::RPC_S_SERVER_UNAVAILABLE,
                source: Box::new(io::Error::from(kind)),
            };
            let failure = Failure::unexplained(&gone, &Subject::Cluster);
            assert_eq!(failure.exit, Exit::Unknown);
            assert_eq!(
                failure.to_string(),
                "the cluster service at /gone cannot be reached: no service answers there: 1722 \
                 RPC_S_SERVER_UNAVAILABLE; start mainstayd, or name its socket with --socket or MAINSTAY_SOCKET"
            );
        }
        let garbled = CallError::BrokenProtocol { operation: "STATUS", detail: "no list".into() };
        assert_eq!(Failure::unexplained(&garbled, &Subject::Cluster).exit, Exit::Unknown);
        let unsendable = CallError::BadArguments { operation: "SUBMIT", detail: "too long".into() };
        assert_eq!(Failure::unexplained(&unsendable, &Subject::Cluster).exit, Exit::Refused);
    }
}
