//! The tree of nouns, with what they share. Each noun's verbs are in its own file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use crate::cluster::ClusterVerb;
pub use crate::completions::CompletionsArguments;
pub use crate::configuration::{ApplyArguments, PlanArguments};
pub use crate::events::{EventDocument, EventsArguments};
pub use crate::explain::ExplainArguments;
pub use crate::group::GroupVerb;
pub use crate::group_set::GroupSetVerb;
pub use crate::history::{HistoryArguments, UndoArguments};
pub use crate::instructions::Instructions;
pub use crate::interface::InterfaceVerb;
pub use crate::journal::JournalArguments;
pub use crate::network::NetworkVerb;
pub use crate::node::NodeVerb;
pub use crate::operation::OperationVerb;
pub use crate::plan::PlanVerb;
pub use crate::resource::ResourceVerb;
pub use crate::resource_type::TypeVerb;
pub use crate::simulate::SimulateArguments;
pub use crate::wait::WaitArguments;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused; nothing was changed
  2  wrong usage
  3  not ended within the wait; it goes on
  4  ended otherwise: failed, vetoed, superseded
  5  the service was not reached, or the outcome is not known
  6  standard output could not be written; what was done stands";

/// Works with a Mainstay cluster.
///
/// Standard output is data; progress, notes and errors go to standard error.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What the command is about.
    #[command(subcommand)]
    pub noun: Noun,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The Unix socket of the cluster service [default: what MAINSTAY_SOCKET says, else
    /// /run/mainstay/mainstay.sock]
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Write JSON: one document on standard output, failures as one line on standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// Never use colour; NO_COLOR in the environment does the same
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// What a command is about.
#[derive(Debug, Subcommand)]
pub enum Noun {
    /// Make a cluster, show it, set its properties
    #[command(subcommand)]
    Cluster(ClusterVerb),
    /// Show nodes
    #[command(subcommand)]
    Node(NodeVerb),
    /// Work with groups: resources that stay together
    #[command(subcommand)]
    Group(GroupVerb),
    /// Work with group sets: groups that others start after
    #[command(subcommand, name = "groupset")]
    GroupSet(GroupSetVerb),
    /// Show networks, name them, set what they are for
    #[command(subcommand)]
    Network(NetworkVerb),
    /// Show network interfaces: which device of which node is on which network
    #[command(subcommand)]
    Interface(InterfaceVerb),
    /// Work with resources
    #[command(subcommand)]
    Resource(ResourceVerb),
    /// Work with resource types
    #[command(subcommand)]
    Type(TypeVerb),
    /// Show everything at a glance, with what is pending
    Status,
    /// Show what was asked for, by whom, and what became of it, newest first
    Journal(JournalArguments),
    /// Show what was changed in the configuration, by whom, newest first
    History(HistoryArguments),
    /// Take back what an operation changed in the configuration
    Undo(UndoArguments),
    /// Show what happened, in order, and follow what happens
    Events(EventsArguments),
    /// Show operations and wait for them
    #[command(subcommand)]
    Operation(OperationVerb),
    /// Say why a resource or a group is in its state, and what would change that
    Explain(ExplainArguments),
    /// Say what a call would do, in which order and how long, and what would be refused, without doing it
    #[command(subcommand)]
    Plan(PlanVerb),
    /// Run scenario files or random walks in a simulated cluster; nothing real is touched
    #[command(disable_help_flag = true)]
    Simulate(SimulateArguments),
    /// Write a completion script for a shell
    Completions(CompletionsArguments),
}
