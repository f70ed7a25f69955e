//! mainstay: the command.
//!
//! A thin face over [`mainstay_client`]: it reads arguments, makes calls, waits, and shows what came back. It holds no
//! rule about clusters. One file for each noun; [`arguments`] is the whole tree of them, [`exit`] what the exit codes
//! mean, [`json`] the documents of `--json`. [`agent_tools`] is another face, for agents.
//!
//! Standard output is data, everything else goes to standard error.
#![forbid(unsafe_code)]

mod account;
pub mod agent_tools;
pub mod arguments;
mod backup;
mod cluster;
mod completions;
mod concerning;
mod configuration;
mod configuration_file;
mod context;
mod events;
pub mod exit;
mod explain;
mod failure;
mod group;
mod group_order;
mod group_set;
mod history;
mod instructions;
mod interface;
mod journal;
pub mod json;
mod misuse;
mod network;
mod new_resource;
mod node;
mod operation;
mod output;
mod pending;
mod plan;
mod program;
mod progress;
mod properties;
mod render;
mod resource;
mod resource_create;
mod resource_show;
mod resource_type;
mod settings;
mod shut_down;
mod simulate;
mod status;
mod submit;
mod validate;
mod wait;
mod way_out;
mod written_file;

use std::ffi::OsString;

use clap::{ColorChoice, CommandFactory, FromArgMatches};

use crate::arguments::{Arguments, Noun};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::clean;

/// Carries out one command line, program name first, and says how it ended. Where standard output was closed at the start,
/// something else has its descriptor by now, and nothing is written to it.
pub fn run(words: impl IntoIterator<Item = OsString>, stdout_is_closed: bool) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    let arguments = match parse(&words) {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_json = asks_for_json(&words);
            let mut output = Output::before_arguments(is_json, stdout_is_closed);
            if is_json && error.use_stderr() {
                let failure = misuse::failure(&error);
                output.failure(&failure);
                return failure.exit;
            }
            return match output.of_parser(&error) {
                Ok(()) if error.use_stderr() => Exit::Usage,
                Ok(()) => Exit::Done,
                Err(failure) => {
                    output.failure(&failure);
                    failure.exit
                }
            };
        }
    };
    let mut context = Context::new(&arguments.global, stdout_is_closed);
    match carry_out(arguments.noun, &mut context) {
        Ok(exit) => exit,
        Err(failure) => {
            context.output.failure(&failure);
            failure.exit
        }
    }
}

/// Complaints repeat words of the command line. Those must not steer the terminal, so the complaint is made about the
/// words as they are shown.
fn parse(words: &[OsString]) -> Result<Arguments, clap::Error> {
    try_parse(words).map_err(|error| {
        let shown: Vec<OsString> = words.iter().map(|word| clean(&word.to_string_lossy()).into()).collect();
        try_parse(&shown).err().unwrap_or(error)
    })
}

/// Looked for by hand, because help and complaints are written before there are arguments.
fn has_flag(words: &[OsString], flag: &str) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == flag)
}

/// Whether JSON is asked for, be it in a way that is refused, as `--json=yes`.
fn asks_for_json(words: &[OsString]) -> bool {
    let mut options = words.iter().take_while(|word| *word != "--").map(|word| word.to_string_lossy());
    options.any(|word| word == "--json" || word.starts_with("--json="))
}

fn try_parse(words: &[OsString]) -> Result<Arguments, clap::Error> {
    let color = if has_flag(words, "--no-color") { ColorChoice::Never } else { ColorChoice::Auto };
    let matches = Arguments::command().color(color).try_get_matches_from(words)?;
    Arguments::from_arg_matches(&matches)
}

fn carry_out(noun: Noun, context: &mut Context) -> Result<Exit, Failure> {
    match noun {
        Noun::Cluster(verb) => cluster::run(verb, context),
        Noun::Node(verb) => node::run(verb, context),
        Noun::Group(verb) => group::run(verb, context),
        Noun::GroupSet(verb) => group_set::run(verb, context),
        Noun::Network(verb) => network::run(verb, context),
        Noun::Interface(verb) => interface::run(verb, context),
        Noun::Resource(verb) => resource::run(verb, context),
        Noun::Type(verb) => resource_type::run(verb, context),
        Noun::Status => status::run(context),
        Noun::Journal(arguments) => journal::run(&arguments, context),
        Noun::History(arguments) => history::run(&arguments, context),
        Noun::Undo(arguments) => history::undo(&arguments, context),
        Noun::Events(arguments) => events::run(&arguments, context),
        Noun::Operation(verb) => operation::run(verb, context),
        Noun::Explain(arguments) => explain::run(&arguments, context),
        Noun::Plan(verb) => plan::run(&verb, context),
        Noun::Simulate(arguments) => simulate::run(&arguments, context),
        Noun::Completions(arguments) => completions::run(&arguments, context),
    }
}
