//! A complaint of the argument parser as a failure like any other, for those who asked for JSON.

use clap::error::ErrorKind;

use crate::failure::Failure;

/// The complaint on one line; how the command is used is the way out.
pub(crate) fn failure(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("the command line names no command")
            .with_way_out("'mainstay --help' lists them");
    }
    let text = error.render().to_string();
    let (mut message, mut ways_out) = (Vec::new(), Vec::new());
    for paragraph in text.split("\n\n") {
        let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        match ["tip: ", "Usage: ", "For more information"].iter().any(|word| line.starts_with(word)) {
            _ if line.is_empty() => {}
            true => ways_out.push(line),
            false => message.push(line.strip_prefix("error: ").unwrap_or(&line).to_owned()),
        }
    }
    Failure::usage(message.join("; ")).with_way_out(ways_out.join("; "))
}
