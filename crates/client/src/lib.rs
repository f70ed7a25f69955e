//! The typed client of the cluster service.
//!
//! Owns the client's half of a conversation: which object was opened how, what happens when a connection is lost, how
//! large a buffer has to be, and what each answer means. It makes no decision about the cluster and knows no C.
//!
//! [`Cluster`] is written against [`Transport`]; [`Local`] is the service's Unix socket. It blocks its caller and does
//! nothing behind its back: no thread, no runtime, no signal handler. Only a [`NotifyPort`] has a thread, from the
//! moment it is made until it is dropped.
//!
//! ```no_run
//! use mainstay_client::{Cluster, Desired, Resource};
//!
//! let mut cluster = Cluster::open_local(None, Desired::Full)?;
//! let resource: Resource = cluster.open_object("web", Desired::Full)?;
//! println!("{:?}", cluster.offline_resource(&resource)?);
//! # Ok::<(), mainstay_client::CallError>(())
//! ```
#![forbid(unsafe_code)]

mod address;
mod cluster;
mod control;
mod error;
mod network;
mod notify;
mod object;
mod operations;
mod order;
mod own;
mod session;
mod transport;

pub use address::{DEFAULT_SOCKET, SOCKET_VARIABLE, socket_path};
pub use cluster::{Accepted, Cluster};
pub use control::{CONTROL_OUTPUT_MAX, ControlAnswer, Target};
pub use error::CallError;
pub use mainstay_cmrp::enumeration::{GroupEnumEntry, ResourceEnumEntry};
pub use notify::{Event, NoEvent, NotifyPort, WATCHES_MAX, Watch, Watched, filter};
pub use object::{Desired, Group, GroupSet, Kind, NetInterface, Network, Node, Opened, Resource, kind};
pub use operations::{ClusterInformation, Entry, GroupPlace, ResourcePlace};
pub use own::{
    Asking, EventFilter, Events, EventsFrom, OperationWait, Submission, SubmitObject, Submitted,
    WAIT_ONCE_MAX,
};
pub use session::Session;
pub use transport::{ANSWER_WITHIN, Link, Local, Transport};
