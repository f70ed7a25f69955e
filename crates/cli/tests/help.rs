//! The command line: every help text, and what is wrong usage.
#![allow(clippy::unwrap_used, reason = "tests")]

use clap::{Command, CommandFactory};
use mainstay_cli::arguments::Arguments;

fn help_of(command: &mut Command, path: &str, text: &mut String) {
    text.push_str(&format!("==== {path}\n{}\n", command.render_long_help()));
    let names: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    for name in names.iter().filter(|name| *name != "help") {
        help_of(command.find_subcommand_mut(name).unwrap(), &format!("{path} {name}"), text);
    }
}

#[test]
fn help_of_every_command() {
    let mut command = Arguments::command().term_width(100);
    command.build();
    let mut text = String::new();
    help_of(&mut command, "mainstay", &mut text);
    insta::assert_snapshot!(text);
}

#[test]
fn the_tree_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn what_is_usage_and_what_is_not() {
    let is_usage = |words: &str| {
        let words = std::iter::once("mainstay").chain(words.split_whitespace());
        Arguments::command().try_get_matches_from(words).map_err(|error| error.use_stderr())
    };
    for words in [
        "status",
        "status --json --socket /x --no-color",
        "--json journal",
        "journal db --limit 5 --before 1-3",
        "cluster export",
        "cluster plan f.toml --delete --take-offline",
        "cluster apply f.toml --reason r",
        "history db --limit 3",
        "undo 1-42 --reason r",
        "events",
        "events --follow --from 1795383006123.42 --object db --kind resource-state --kind group-state",
        "events -f --after 1.2 --key Resources --json",
        "cluster create c --data-dir /d --node n",
        "cluster set a=1 b=2",
        "group set g a=1",
        "node set 1 a=1 b=2",
        "type set T a=1",
        "group offline g --ignore-locked --reason r --property a=1 --property b=2 --timeout 2.5",
        "resource create r --group g --type T --property a=1",
        "resource offline r --force --buffer-file /f --no-wait",
        "resource depend a b",
        "resource depend a --expression [b]",
        "type create T --library /l.so --looks-alive 10 --is-alive 20",
        "operation wait 42 --timeout 1",
        "cluster validate --html /tmp/x.html",
        "explain db",
        "explain db --json",
        "plan offline db --force --ignore-locked --keep-persistent-state --property a=1",
        "plan online g",
        "plan restart r",
        "plan fail r",
        "plan delete r",
        "plan set r a=1 b=2",
        "plan set node n1 a=1",
        "plan set cluster a=1",
        "plan move g",
        "plan move g --to n2",
        "group delete g --with-resources",
        "group move g",
        "group move g --to n2 --ignore-locked",
        "plan node-loss n1",
        "completions fish",
        "simulate a.scenario b.scenario",
        "simulate a.scenario --json",
        "interface set i Description=x",
        "simulate --runs 10 --jobs 2",
    ] {
        assert!(is_usage(words).is_ok(), "{words}");
    }
    for words in [
        "",
        "resource",
        "resource offline",
        "resource offline r --no-wait --timeout 1",
        "resource offline r --property a=1 --buffer-file /f",
        "resource offline r --timeout -1",
        "resource offline r --timeout soon",
        "resource restart r --force",
        "resource set r",
        "resource depend a",
        "resource depend a b --expression [b]",
        "resource undepend a --expression [b]",
        "group set g",
        "node set a=1",
        "resource create r --group g",
        "operation show x-1",
        "events --from 12",
        "cluster plan",
        "cluster apply",
        "undo",
        "undo x-1",
        "events --kind state",
        "events --from 1.1 --after 1.1",
        "operation wait",
        "cluster create c",
        "explain",
        "plan",
        "plan offline",
        "plan set r",
        "plan node-loss",
        "plan offline r --no-wait",
        "completions tcsh",
        "group move",
    ] {
        assert!(is_usage(words).unwrap_err(), "{words}");
    }
}
