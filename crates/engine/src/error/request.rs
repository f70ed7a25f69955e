//! What the caller can mend: a request that is wrong in itself, whatever the cluster looks like.

use mainstay_types::Status;
use thiserror::Error;

/// The caller's to mend.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RequestError {
    /// The handle was opened for reading.
    #[error("'{verb}' needs full access, and the handle was opened for reading; open it with GENERIC_ALL")]
    AccessDenied {
        /// What was asked.
        verb: &'static str,
    },
    /// Bits that no flag has.
    #[error("flags {flags:#x} have unknown or contradicting bits; {allowed}")]
    Flags {
        /// As they came.
        flags: u32,
        /// What would do.
        allowed: &'static str,
    },
    /// The instruction buffer is too large.
    #[error("the buffer has {length} bytes; at most {max} are allowed")]
    BufferTooLarge {
        /// Its length.
        length: usize,
        /// The bound.
        max: usize,
    },
    /// The instruction buffer is no property list.
    #[error("{reason}; the buffer has to be a property list as clusprop.h describes it")]
    BufferMalformed {
        /// What is wrong, and where.
        reason: String,
    },
    /// A name that nothing can have.
    #[error("{what} '{name}' is not possible: {reason}")]
    Name {
        /// "group name"
        what: &'static str,
        /// As it came, cut.
        name: String,
        /// Why.
        reason: String,
    },
    /// Some other value is out of its bounds.
    #[error("{what} {value} is not possible; {allowed}")]
    Value {
        /// Which parameter.
        what: &'static str,
        /// As it came, cut.
        value: String,
        /// What would do.
        allowed: String,
    },
    /// A dependency expression that cannot be read.
    #[error("{0}")]
    Expression(String),
    /// A property that the object does not have.
    #[error("{object} has no common property '{property}'; GET_COMMON_PROPERTY_FMTS lists them")]
    UnknownProperty {
        /// The object.
        object: String,
        /// The property.
        property: String,
    },
    /// A property that only the service sets.
    #[error("property '{property}' of {object} is read-only{way_out}")]
    ReadOnlyProperty {
        /// The object.
        object: String,
        /// The property.
        property: String,
        /// "; SetClusterGroupName renames it" in other words, or empty where nothing does.
        way_out: &'static str,
    },
    /// A property of another format.
    #[error("property '{property}' of {object} cannot be a '{found}'; its format is '{expected}'")]
    PropertyFormat {
        /// The object.
        object: String,
        /// The property.
        property: String,
        /// Its format.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// A security descriptor that cannot be read, or would lock everybody out.
    #[error("the security descriptor cannot be set: {reason}")]
    SecurityDescriptor {
        /// What is wrong, and the way out.
        reason: String,
    },
    /// A property's value is out of its range.
    #[error("property '{property}' of {object} cannot be {value}; {allowed}")]
    PropertyRange {
        /// The object.
        object: String,
        /// The property.
        property: String,
        /// As it came.
        value: String,
        /// "it takes 10 to 4294967295".
        allowed: String,
    },
    /// A value that the API knows, and that would not be true here.
    #[error("property '{property}' of {object} cannot be {value} here; {allowed}")]
    PropertyUnsupported {
        /// The object.
        object: String,
        /// The property.
        property: String,
        /// As it came.
        value: String,
        /// "only 1 is taken: every node has the same say".
        allowed: String,
    },
    /// A control code that the object does not know.
    #[error("{object} does not know control code {code}")]
    ControlCode {
        /// The object.
        object: String,
        /// The code.
        code: String,
    },
    /// The output of a control code does not fit.
    #[error("the output has {needed} bytes, the caller takes {offered}")]
    MoreData {
        /// Its size.
        needed: u32,
        /// What fits.
        offered: u32,
    },
}

impl RequestError {
    /// See [`Refusal::status`](super::Refusal::status).
    pub fn status(&self) -> Status {
        match self {
            Self::AccessDenied { .. } => Status::ACCESS_DENIED,
            Self::Flags { .. }
            | Self::BufferTooLarge { .. }
            | Self::BufferMalformed { .. }
            | Self::Value { .. }
            | Self::Expression(_)
            | Self::UnknownProperty { .. } => Status::INVALID_PARAMETER,
            Self::Name { .. } => Status::INVALID_NAME,
            Self::PropertyUnsupported { .. } => Status::NOT_SUPPORTED,
            Self::ReadOnlyProperty { .. } => Status::RESOURCE_PROPERTY_UNCHANGEABLE,
            Self::PropertyFormat { .. } => Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH,
            Self::SecurityDescriptor { .. } => Status::CLUSTER_INVALID_SECURITY_DESCRIPTOR,
            Self::PropertyRange { .. } => Status::CLUSTER_PARAMETER_OUT_OF_BOUNDS,
            Self::ControlCode { .. } => Status::INVALID_FUNCTION,
            Self::MoreData { .. } => Status::MORE_DATA,
        }
    }
}
