//! Why the order of groups is not changed.

use mainstay_types::Status;
use mainstay_types::command_line::CommandLine;
use thiserror::Error;

/// The order of groups, or what is to become of it, stands against a call. Nothing has changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum OrderError {
    /// The group set was deleted.
    #[error("group set {id} is no longer there; 'mainstay groupset list' shows those that are")]
    SetGone {
        /// Its id, or the name as it came.
        id: String,
    },
    /// The group has a set already.
    #[error(
        "group '{group}' is in group set '{set}' already; a group is in one set at most, remove it from there first"
    )]
    InSet {
        /// The group.
        group: String,
        /// Its set.
        set: String,
    },
    /// The group has no set.
    #[error("group '{group}' is in no group set")]
    InNoSet {
        /// The group.
        group: String,
    },
    /// Groups are in the set.
    #[error(
        "group set '{name}' is not empty, group '{group}' is in it; take its groups out of it first: {}",
        CommandLine::new("groupset remove").name(.name).name(.group)
    )]
    SetNotEmpty {
        /// The set.
        name: String,
        /// One of them.
        group: String,
    },
    /// Others start after it.
    #[error("{dependent} starts after {name}; end that first with: {way_out}")]
    DependentExists {
        /// "group set 'base'".
        name: String,
        /// "group 'web'".
        dependent: String,
        /// What ends it.
        way_out: CommandLine,
    },
    /// The dependency is there.
    #[error("{name} starts after {provider} already")]
    DependencyExists {
        /// "group 'web'".
        name: String,
        /// "group set 'base'".
        provider: String,
    },
    /// No such dependency.
    #[error("{name} does not start after {provider} by a dependency of its own")]
    DependencyNotFound {
        /// "group 'web'".
        name: String,
        /// "group set 'base'".
        provider: String,
    },
    /// It is named twice in one expression.
    #[error("the dependencies of {name} would name '{provider}' twice; name everything once")]
    NamedTwice {
        /// "group 'web'".
        name: String,
        /// As it was named.
        provider: String,
    },
    /// More providers than an expression may have.
    #[error("{name} would start after more than {max} others; put some of them into a group set")]
    TooMany {
        /// "group 'web'".
        name: String,
        /// The bound.
        max: usize,
    },
    /// A group and the set that it is in.
    #[error(
        "group '{group}' is in group set '{set}' and cannot start after it; name another set, or take it out"
    )]
    OwnSet {
        /// The group.
        group: String,
        /// The set.
        set: String,
    },
    /// A circle.
    #[error("{name} would have to wait for itself to start, through {through}; {way_out}")]
    Circle {
        /// "group 'web'".
        name: String,
        /// "group set 'base'".
        through: String,
        /// What breaks the circle.
        way_out: String,
    },
}

impl OrderError {
    /// See [`crate::error::Refusal::status`].
    pub fn status(&self) -> Status {
        match self {
            Self::SetGone { .. } => Status::GROUPSET_NOT_AVAILABLE,
            Self::InSet { .. } => Status::OBJECT_IN_LIST,
            Self::InNoSet { .. } => Status::GROUPSET_NOT_FOUND,
            Self::SetNotEmpty { .. } => Status::DIR_NOT_EMPTY,
            Self::DependentExists { .. } => Status::DEPENDENT_RESOURCE_EXISTS,
            Self::DependencyExists { .. } | Self::NamedTwice { .. } => Status::DEPENDENCY_ALREADY_EXISTS,
            Self::DependencyNotFound { .. } => Status::DEPENDENCY_NOT_FOUND,
            Self::TooMany { .. } => Status::DEPENDENCY_TREE_TOO_COMPLEX,
            Self::OwnSet { .. } => Status::GROUPSET_CANT_PROVIDE,
            Self::Circle { .. } => Status::CIRCULAR_DEPENDENCY,
        }
    }
}
