//! Objects that a program has opened, and how each kind is opened, identified and closed.
//!
//! An [`Opened`] object belongs to no connection. It remembers which object it is and with which access it was opened;
//! each connection opens it for itself when a call first needs it there. So it outlives a lost connection, and several
//! connections can work with it at the same time.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_cmrp::{
    GroupHandle, NetInterfaceHandle, NetworkHandle, NodeHandle, ResourceHandle, group, net_interface,
    network, node, resource,
};
use mainstay_ndr::ContextHandle;
use mainstay_types::Status;
use mainstay_types::access::GENERIC_ALL;

use crate::CallError;
use crate::session::Session;
use crate::transport::Link;

/// How an object is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Desired {
    /// By the plain operation, which means full access.
    Full,
    /// By the operation with a mask of access bits (GENERIC_READ, MAXIMUM_ALLOWED, ...).
    Mask(u32),
}

/// An object of one kind that was opened or made.
pub struct Opened<K> {
    identity: Arc<Identity>,
    kind: PhantomData<fn() -> K>,
}

/// An opened resource.
pub type Resource = Opened<kind::Resource>;
/// An opened group.
pub type Group = Opened<kind::Group>;
/// An opened group set.
pub type GroupSet = Opened<kind::GroupSet>;
/// An opened network.
pub type Network = Opened<kind::Network>;
/// An opened network interface.
pub type NetInterface = Opened<kind::NetInterface>;
/// An opened node.
pub type Node = Opened<kind::Node>;

#[derive(Debug)]
struct Identity {
    /// Tells objects apart inside this process, also two that are the same to the cluster.
    key: u64,
    /// The object's id; its name only where the service does not tell the id. A name would follow a rename, or a new
    /// object of the same name, after the connection was lost.
    id: String,
    granted: u32,
}

impl<K> Opened<K> {
    pub(crate) fn new(id: String, granted: u32) -> Self {
        static LAST_KEY: AtomicU64 = AtomicU64::new(0);
        let key = LAST_KEY.fetch_add(1, Ordering::Relaxed) + 1;
        Self { identity: Arc::new(Identity { key, id, granted }), kind: PhantomData }
    }

    /// The object's id, by which it is opened again.
    pub fn id(&self) -> &str {
        &self.identity.id
    }

    /// The access that it was opened with: GENERIC_READ or GENERIC_ALL.
    pub fn granted(&self) -> u32 {
        self.identity.granted
    }

    pub(crate) fn key(&self) -> u64 {
        self.identity.key
    }
}

impl<K> Clone for Opened<K> {
    fn clone(&self) -> Self {
        Self { identity: Arc::clone(&self.identity), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Opened<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// A kind of object: the operations that open, identify and close one.
pub trait Kind: sealed::Sealed {
    /// The handle that stands for such an object on a connection.
    type Handle: Copy + From<ContextHandle> + Into<ContextHandle>;

    /// Opens one and tells the granted access.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    fn open<L: Link>(
        session: &mut Session<L>,
        name: &str,
        desired: Desired,
    ) -> Result<(Self::Handle, u32), CallError>;

    /// Asks for the id of one.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    fn id<L: Link>(session: &mut Session<L>, handle: Self::Handle) -> Result<Option<String>, CallError>;

    /// Gives a handle back.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    fn close<L: Link>(session: &mut Session<L>, handle: Self::Handle) -> Result<(), CallError>;

    /// What the handle of an object answers that cannot be opened again with `status`: what is not found was deleted.
    fn when_gone(status: Status) -> Status;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// The kinds of objects, as types without values.
pub mod kind {
    /// Resources.
    #[derive(Debug)]
    pub enum Resource {}
    /// Groups.
    #[derive(Debug)]
    pub enum Group {}
    /// Group sets.
    #[derive(Debug)]
    pub enum GroupSet {}
    /// Networks.
    #[derive(Debug)]
    pub enum Network {}
    /// Network interfaces.
    #[derive(Debug)]
    pub enum NetInterface {}
    /// Nodes.
    #[derive(Debug)]
    pub enum Node {}
}

macro_rules! kind {
    ($kind:ident, $handle:ident, $module:ident, $field:ident,
     $open:ident, $open_ex:ident, $id:ident, $close:ident, $not_found:ident => $gone:ident) => {
        impl sealed::Sealed for kind::$kind {}

        impl Kind for kind::$kind {
            type Handle = $handle;

            fn open<L: Link>(
                session: &mut Session<L>,
                name: &str,
                desired: Desired,
            ) -> Result<($handle, u32), CallError> {
                let name = name.to_owned();
                match desired {
                    Desired::Full => {
                        let answer = session.accepted(&$module::$open { name })?;
                        Ok((answer.handle, GENERIC_ALL))
                    }
                    Desired::Mask(desired_access) => {
                        let answer = session.accepted(&$module::$open_ex { name, desired_access })?;
                        Ok((answer.handle, answer.granted_access))
                    }
                }
            }

            fn id<L: Link>(session: &mut Session<L>, handle: $handle) -> Result<Option<String>, CallError> {
                Ok(session.accepted(&$module::$id { $field: handle })?.value)
            }

            fn close<L: Link>(session: &mut Session<L>, handle: $handle) -> Result<(), CallError> {
                session.accepted(&$module::$close { $field: handle }).map(drop)
            }

            fn when_gone(status: Status) -> Status {
                if status == Status::$not_found { Status::$gone } else { status }
            }
        }
    };
}

kind!(Resource, ResourceHandle, resource, resource,
      OpenResource, OpenResourceEx, GetResourceId, CloseResource, RESOURCE_NOT_FOUND => RESOURCE_NOT_AVAILABLE);
kind!(Group, GroupHandle, group, group,
      OpenGroup, OpenGroupEx, GetGroupId, CloseGroup, GROUP_NOT_FOUND => GROUP_NOT_AVAILABLE);
kind!(Network, NetworkHandle, network, network,
      OpenNetwork, OpenNetworkEx, GetNetworkId, CloseNetwork,
      CLUSTER_NETWORK_NOT_FOUND => CLUSTER_NETWORK_NOT_FOUND);
kind!(NetInterface, NetInterfaceHandle, net_interface, net_interface,
      OpenNetInterface, OpenNetInterfaceEx, GetNetInterfaceId, CloseNetInterface,
      CLUSTER_NETINTERFACE_NOT_FOUND => CLUSTER_NETINTERFACE_NOT_FOUND);
kind!(Node, NodeHandle, node, node,
      OpenNode, OpenNodeEx, GetNodeId, CloseNode, CLUSTER_NODE_NOT_FOUND => CLUSTER_NODE_NOT_FOUND);
