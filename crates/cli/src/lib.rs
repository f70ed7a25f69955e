//! mainstay: the command.
