//! What can be wrong with bytes read, and with values to be written.

/// The bytes are no valid NDR for the expected type. The sender is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The stub ends inside a value.
    #[error("stub ends at byte {at}: {needed} bytes are needed and {left} are left")]
    Truncated {
        /// Offset in the stub, in bytes.
        at: usize,
        /// Bytes the value takes.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// An array announces more elements than the rest of the stub can hold.
    #[error("array at byte {at} announces {count} elements, more than the {left} bytes left can hold")]
    CountTooLarge {
        /// Offset in the stub, in bytes.
        at: usize,
        /// Announced number of elements.
        count: u32,
        /// Bytes that are left.
        left: usize,
    },
    /// A count parameter and the array's own count differ.
    #[error("the count ending at byte {at} says {count} and its array has {actual} elements")]
    CountMismatch {
        /// Offset in the stub, in bytes.
        at: usize,
        /// Value of the count parameter.
        count: u32,
        /// Elements of the array; 0 for a null pointer.
        actual: usize,
    },
    /// A varying array does not start at its first element.
    #[error("varying array at byte {at} starts at element {offset}; only 0 is supported")]
    VaryingOffset {
        /// Offset in the stub, in bytes.
        at: usize,
        /// First element transmitted.
        offset: u32,
    },
    /// A varying array transmits more elements than its maximum.
    #[error("varying array at byte {at} transmits {actual} elements of at most {max}")]
    VaryingLength {
        /// Offset in the stub, in bytes.
        at: usize,
        /// Elements transmitted.
        actual: u32,
        /// Maximum number of elements.
        max: u32,
    },
    /// A number is larger than the interface allows.
    #[error("number {value} ending at byte {at} is larger than {max}")]
    OutOfRange {
        /// Offset in the stub, in bytes.
        at: usize,
        /// The number.
        value: u32,
        /// The largest number allowed.
        max: u32,
    },
    /// A string is not terminated.
    #[error("string at byte {at} does not end with a null character")]
    StringNotTerminated {
        /// Offset in the stub, in bytes.
        at: usize,
    },
    /// A string contains a null character before its end.
    #[error("string at byte {at} contains a null character before its end")]
    StringInteriorNull {
        /// Offset in the stub, in bytes.
        at: usize,
    },
    /// A string contains an unpaired surrogate.
    #[error("string at byte {at} is not valid UTF-16")]
    StringNotUtf16 {
        /// Offset in the stub, in bytes.
        at: usize,
    },
    /// Pointers nest deeper than [`crate::MAX_DEPTH`].
    #[error("pointers nest deeper than {} at byte {at}", crate::MAX_DEPTH)]
    TooDeep {
        /// Offset in the stub, in bytes.
        at: usize,
    },
}

/// The value cannot be written. The program that built it is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// An array has more elements than a 32-bit count can say.
    #[error("array of {len} elements is too long for a 32-bit count")]
    TooLong {
        /// Number of elements.
        len: usize,
    },
    /// A varying array has more elements than its maximum.
    #[error("varying array has {len} elements of at most {max}")]
    VaryingLength {
        /// Number of elements.
        len: usize,
        /// Maximum number of elements.
        max: u32,
    },
    /// A string contains a null character.
    #[error("string {string:?} contains a null character")]
    StringInteriorNull {
        /// The string.
        string: String,
    },
    /// A null pointer stands where its length is not zero.
    #[error("a null pointer cannot have {len} elements")]
    NullWithLength {
        /// The stated length.
        len: u32,
    },
    /// Pointers nest deeper than [`crate::MAX_DEPTH`].
    #[error("pointers nest deeper than {}", crate::MAX_DEPTH)]
    TooDeep,
}
