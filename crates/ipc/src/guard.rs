//! Messages between the service and the guard.
//!
//! The guard listens on a Unix socket in the run directory. Every request is answered by one reply with its number;
//! replies may overtake each other, since a hard stop takes its time.

use mainstay_types::{ClusterId, Epoch, GroupId, ResourceId};
use serde::{Deserialize, Serialize};

/// A place of processes: a directory in the cluster's cgroup tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Leaf {
    /// Where the pool host itself lives. It is never frozen.
    Pool,
    /// Where everything of one resource lives, inside its group's slice.
    Resource {
        /// The group, whose slice it is in.
        group: GroupId,
        /// The resource.
        resource: ResourceId,
    },
}

/// What to stop hard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Target {
    /// One resource's leaf.
    Leaf(Leaf),
    /// A group's slice with all its leaves.
    Group(GroupId),
    /// Every slice of the cluster on this node: the node gives up.
    All,
}

/// From the service to the guard.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the service; the reply carries it.
    pub number: u64,
    /// What is asked.
    pub body: RequestBody,
}

/// What is asked of the guard.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum RequestBody {
    /// The first request of a connection.
    Hello {
        /// The newest version that the service speaks.
        version: u32,
        /// A guard of another cluster refuses.
        cluster: ClusterId,
        /// The directory of the cgroup tree, without symbolic links. A guard that acts in another one refuses: what it
        /// says would be about other leaves. A service of the version before does not say it.
        #[serde(default)]
        cgroup_root: Option<String>,
    },
    /// Make a leaf, or open one that a hard stop closed, for this epoch. An epoch that a hard stop has closed is
    /// refused.
    Open {
        /// Which.
        leaf: Leaf,
        /// The epoch under which things will run there.
        epoch: Epoch,
    },
    /// Freeze, kill, and leave it closed for every epoch up to this one.
    HardStop {
        /// What.
        target: Target,
        /// Orders of this epoch and older ones can start nothing there any more.
        epoch: Epoch,
    },
    /// Is anything running there?
    Look {
        /// Where.
        leaf: Leaf,
    },
    /// Remove an empty leaf.
    Remove {
        /// Which.
        leaf: Leaf,
    },
    /// Everything that there is.
    List,
    /// End, if nothing runs any more.
    Exit,
}

/// From the guard to the service.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The request's number.
    pub number: u64,
    /// The answer.
    pub body: ReplyBody,
}

/// What the guard answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ReplyBody {
    /// To Hello.
    Welcome {
        /// The version that both will speak.
        version: u32,
        /// Its process id.
        pid: u32,
    },
    /// To Open: the leaf is there and not frozen.
    Opened {
        /// The leaf's directory.
        path: String,
    },
    /// To HardStop.
    Stopped {
        /// Whether everything there is gone, with what had left it. If not, something cannot be killed: it sits in the
        /// kernel, frozen.
        empty: bool,
    },
    /// To Look.
    Looked(LeafStatus),
    /// To Remove and Exit.
    Done,
    /// To List.
    Listed(Vec<(Leaf, LeafStatus)>),
    /// The request could not be carried out.
    Refused {
        /// Why, with object and way out.
        reason: String,
    },
}

/// How a leaf stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeafStatus {
    /// Whether it is there at all.
    pub exists: bool,
    /// Whether any process is in it, or has left it and still runs.
    pub populated: bool,
    /// Whether a hard stop has closed it.
    pub frozen: bool,
    /// The newest epoch that a hard stop has closed.
    pub floor: Epoch,
}
