//! The bounds of this crate, in one place.

/// The longest list that is read or written, in bytes. The largest lists seen, the whole tables of common
/// properties, stay under a few KiB; certificates and disk layouts of vendors under 1 MiB.
pub const LIST_LENGTH_MAX: usize = 8 << 20;

/// No property takes fewer bytes than this, so a count above `length / PROPERTY_LENGTH_MIN` is a lie.
pub const PROPERTY_LENGTH_MIN: usize = 20;

/// How many values, and texts inside lists of texts, one list may hold in all, those of lists inside it included.
/// Small items take far more memory than bytes, so the length alone bounds too little. The status of a cluster with
/// 8,000 resources and ten properties each has 80,000.
pub const ITEMS_MAX: usize = 1 << 17;

/// How many property lists may lie inside each other, the outermost included. Known programs use two.
pub const NESTING_DEPTH_MAX: usize = 4;

/// How many characters a list is shown with where nobody asked for a length of their own.
pub const SHOW_LENGTH: usize = 1024;
