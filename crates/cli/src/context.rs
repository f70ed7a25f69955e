//! What every command has at hand: where the service is, and where to write.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mainstay_client::{Cluster, Desired, Kind, Local, Opened, socket_path};
use mainstay_types::access::GENERIC_READ;
use mainstay_types::glance::Glance;

use crate::arguments::Global;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::DoneDocument;
use crate::output::Output;

/// What every command has at hand.
#[derive(Debug)]
pub(crate) struct Context {
    socket: Option<PathBuf>,
    pub(crate) output: Output,
}

/// How the cluster and its objects are opened for showing them.
const READ: Desired = Desired::Mask(GENERIC_READ);

/// How long a call that shows something may take. The service answers those by itself, in milliseconds; only private
/// properties may have to be fetched from a resource type. Longer than any single wait for an operation.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// How long a call that changes something may take. The service may have to ask a resource type, and gives that up
/// after its DeadlockTimeout, 5 minutes if nobody set it.
const CHANGED_WITHIN: Duration = Duration::from_secs(330);

impl Context {
    pub(crate) fn new(global: &Global, stdout_is_closed: bool) -> Self {
        Self { socket: global.socket.clone(), output: Output::new(global, stdout_is_closed) }
    }

    /// Opens the cluster for reading.
    pub(crate) fn read(&self) -> Result<Cluster, Failure> {
        self.read_by(None)
    }

    /// The same, for a command that has to be over by that moment.
    pub(crate) fn read_by(&self, by: Option<Instant>) -> Result<Cluster, Failure> {
        self.open(READ, SHOWN_WITHIN, by)
    }

    /// Opens the cluster for changing it.
    pub(crate) fn change(&self) -> Result<Cluster, Failure> {
        self.change_by(None)
    }

    /// The same, for a command that has to be over by that moment.
    pub(crate) fn change_by(&self, by: Option<Instant>) -> Result<Cluster, Failure> {
        self.open(Desired::Full, CHANGED_WITHIN, by)
    }

    fn open(
        &self,
        desired: Desired,
        answer_within: Duration,
        by: Option<Instant>,
    ) -> Result<Cluster, Failure> {
        let service = Local::new(socket_path(self.socket.as_deref())).answering_within(answer_within);
        Cluster::open_by(service, desired, by)
            .map_err(|error| Failure::unexplained(&error, &Subject::Cluster))
    }
}

/// Opens an object with the access that the cluster was opened with.
pub(crate) fn open_object<K: Kind>(
    cluster: &mut Cluster,
    name: &str,
    subject: &Subject<'_>,
) -> Result<Opened<K>, Failure> {
    let desired = Desired::Mask(cluster.granted());
    cluster.open_object(name, desired).map_err(|error| Failure::unexplained(&error, subject))
}

/// Asks for everything at a glance.
pub(crate) fn glance(cluster: &mut Cluster) -> Result<Glance, Failure> {
    let document =
        cluster.status_json().map_err(|error| Failure::of_call(cluster, &error, &Subject::Cluster))?;
    serde_json::from_str(&document).map_err(|error| {
        Failure::new(Exit::Unknown, format!("the service's status document cannot be understood: {error}"))
            .with_way_out("use a 'mainstay' of the service's own version")
    })
}

impl Context {
    /// Says that something is done: the sentence, and notes beside it.
    pub(crate) fn done(
        &mut self,
        kind: &'static str,
        name: &str,
        id: Option<String>,
        notes: Vec<String>,
        sentence: impl FnOnce() -> String,
    ) -> Result<Exit, Failure> {
        if !self.output.is_json() {
            for note in &notes {
                self.output.note(note);
            }
        }
        let document = || DoneDocument { done: true, kind, name: name.to_owned(), id, notes };
        self.output.data(document, sentence)?;
        Ok(Exit::Done)
    }
}
