//! Context handles, one type for each kind of object.
//!
//! On the wire all are the same 20 bytes. Handles are made by the server's handle table, never here; a failed open carries
//! the null handle.

use mainstay_ndr::{ContextHandle, DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// Declares handle types that wrap a [`ContextHandle`].
macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(pub ContextHandle);

        impl $name {
            /// The null handle.
            pub const NULL: Self = Self(ContextHandle::NULL);

            /// Whether this is the null handle.
            #[must_use]
            pub fn is_null(&self) -> bool {
                self.0.is_null()
            }
        }

        impl From<ContextHandle> for $name {
            fn from(handle: ContextHandle) -> Self {
                Self(handle)
            }
        }

        impl From<$name> for ContextHandle {
            fn from(handle: $name) -> Self {
                handle.0
            }
        }

        impl Ndr for $name {
            const ALIGN: usize = ContextHandle::ALIGN;
            const MIN_LEN: usize = ContextHandle::MIN_LEN;
            type Inline = Self;

            fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                self.0.encode_inline(encoder)
            }

            fn decode_inline(decoder: &mut Decoder<'_>, conformance: u32) -> Result<Self, DecodeError> {
                ContextHandle::decode_inline(decoder, conformance).map(Self)
            }

            fn decode_deferred(inline: Self, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Ok(inline)
            }
        }
    )*};
}

handles! {
    /// `HCLUSTER_RPC`: the cluster.
    ClusterHandle;
    /// `HNODE_RPC`: a node.
    NodeHandle;
    /// `HGROUP_RPC`: a group.
    GroupHandle;
    /// `HRES_RPC`: a resource.
    ResourceHandle;
    /// `HKEY_RPC`: a key of the cluster registry.
    KeyHandle;
    /// `HNOTIFY_RPC`: a notification port.
    NotifyHandle;
    /// `HNETWORK_RPC`: a network.
    NetworkHandle;
    /// `HNETINTERFACE_RPC`: a network interface.
    NetInterfaceHandle;
    /// `HBATCH_PORT_RPC`: a port that receives the batches executed on a key.
    BatchPortHandle;
    /// `HGROUPSET_RPC`: a group set.
    GroupSetHandle;
    /// `HGENERIC_RPC`: a handle whose kind another parameter names.
    AnyHandle;
}
