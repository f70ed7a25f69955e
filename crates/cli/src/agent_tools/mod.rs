//! The tools that agents of the Open Cluster Framework call: `crm_attribute`, `crm_master`, `attrd_updater`, `crm_node`.
//!
//! Agents were written for another cluster manager, whose tools these stand in for: their options, what they print, and
//! their exit codes are those of Pacemaker's manual pages, as far as agents use them. What they keep and say is
//! Mainstay's: attributes are private properties of nodes and of the cluster (`attributes`).
//!
//! Promotion scores are kept like other attributes. Nobody promotes anything by them.

mod attributes;
mod options;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use mainstay_client::CallError;
use mainstay_types::NodeState;

use attributes::{Attribute, Lifetime, Store};
use options::{AttrdUpdater, CrmAttribute, CrmMaster, CrmNode};

/// The names by which this is called.
pub const NAMES: [&str; 4] = ["crm_attribute", "crm_master", "attrd_updater", "crm_node"];

/// Exit codes, as agents know them.
mod code {
    pub(super) const OK: u8 = 0;
    pub(super) const ERROR: u8 = 1;
    pub(super) const NOT_IMPLEMENTED: u8 = 3;
    pub(super) const USAGE: u8 = 64;
    pub(super) const NO_HOST: u8 = 68;
    pub(super) const DISCONNECTED: u8 = 102;
    pub(super) const NO_SUCH: u8 = 105;
}

/// Why it was not done.
#[derive(Debug)]
struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    fn new(code: u8, text: impl Into<String>) -> Self {
        Failure { code, text: text.into() }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let code = match &error {
            CallError::Refused { .. } => code::ERROR,
            _ => code::DISCONNECTED,
        };
        Failure::new(code, error.to_string())
    }
}

/// What is to be done with an attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Wish {
    Query,
    Update(String),
    Delete,
}

/// Runs the tool whose name the arguments begin with, or which is their second word; answers its exit code.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let name = |arguments: &[OsString]| {
        let first = arguments.first().map(Path::new)?.file_name()?.to_str()?;
        NAMES.into_iter().find(|known| *known == first)
    };
    if name(&arguments).is_none() && !arguments.is_empty() {
        arguments.remove(0);
    }
    let Some(name) = name(&arguments) else {
        eprintln!("mainstay-agent-tools: call it as one of {}", NAMES.join(", "));
        return code::USAGE.into();
    };
    let done = match name {
        "crm_attribute" => parse(arguments).and_then(crm_attribute),
        "crm_master" => parse(arguments).and_then(|given: CrmMaster| crm_attribute(given.into_attribute()?)),
        "attrd_updater" => parse(arguments).and_then(attrd_updater),
        _ => parse(arguments).and_then(crm_node),
    };
    let written = done.and_then(|text| {
        std::io::stdout()
            .write_all(text.as_bytes())
            .map_err(|error| Failure::new(code::ERROR, format!("standard output: {error}")))
    });
    match written {
        Ok(()) => code::OK.into(),
        Err(failure) => {
            if failure.code != code::OK {
                eprintln!("{name}: {}", failure.text);
            }
            failure.code.into()
        }
    }
}

fn parse<T: Parser>(arguments: Vec<OsString>) -> Result<T, Failure> {
    T::try_parse_from(arguments).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp => {
            // Whoever asks for help is told, and nothing is done.
            let _ = error.print();
            Failure::new(code::OK, "")
        }
        _ => Failure::new(code::USAGE, error.to_string()),
    })
}

/// `crm_attribute` and `crm_master`: attributes of nodes and of the cluster.
fn crm_attribute(given: CrmAttribute) -> Result<String, Failure> {
    given.refuse_what_is_not_there()?;
    let mut store = Store::open()?;
    let attribute = given.attribute(&mut store)?;
    let Some(text) = carry_out(&mut store, &attribute, given.wish())? else {
        let Some(default) = &given.default else { return Err(missing(&attribute)) };
        return Ok(given.shown(&attribute, default));
    };
    Ok(if given.wish() == Wish::Query { given.shown(&attribute, &text) } else { String::new() })
}

/// `attrd_updater`: attributes of nodes that last until the node boots. What is to be delayed is done at once.
fn attrd_updater(given: AttrdUpdater) -> Result<String, Failure> {
    given.refuse_what_is_not_there()?;
    let Some(wish) = given.wish() else { return Ok(String::new()) };
    let name = given.name()?;
    let mut store = Store::open()?;
    let nodes = match given.all_nodes {
        true => store.nodes().iter().map(|node| node.name.to_string()).collect(),
        false => vec![store.node_name(given.node.as_deref())?],
    };
    let mut shown = String::new();
    for node in nodes {
        let attribute =
            Attribute { node: Some(node.clone()), name: name.to_owned(), lifetime: Lifetime::UntilBoot };
        match carry_out(&mut store, &attribute, wish.clone())? {
            Some(value) if wish == Wish::Query => {
                let _ = writeln!(shown, "name=\"{name}\" host=\"{node}\" value=\"{value}\"");
            }
            None if !given.all_nodes => return Err(missing(&attribute)),
            _ => {}
        }
    }
    Ok(shown)
}

fn missing(attribute: &Attribute) -> Failure {
    Failure::new(code::NO_SUCH, format!("attribute '{}' does not exist", attribute.name))
}

/// The value there is then; `None` where one is asked for that is not there.
fn carry_out(store: &mut Store, attribute: &Attribute, wish: Wish) -> Result<Option<String>, Failure> {
    match wish {
        Wish::Query => store.read(attribute),
        Wish::Update(value) => store.write(attribute, &value).map(|()| Some(value)),
        Wish::Delete => store.delete(attribute).map(|()| Some(String::new())),
    }
}

/// `crm_node`: who the nodes are.
fn crm_node(given: CrmNode) -> Result<String, Failure> {
    if given.remove.is_some() || given.force {
        return Err(Failure::new(code::NOT_IMPLEMENTED, "a node is not removed by this"));
    }
    let store = Store::open()?;
    let is_member = |state: NodeState| matches!(state, NodeState::Up | NodeState::Paused);
    let nodes = store.nodes();
    Ok(match given {
        CrmNode { list: true, .. } => nodes.iter().fold(String::new(), |mut text, node| {
            let word = if is_member(node.state) { "member" } else { "lost" };
            let _ = writeln!(text, "{} {} {word}", node.id, node.name);
            text
        }),
        CrmNode { partition: true, .. } => {
            let members = nodes.iter().filter(|node| is_member(node.state));
            let names: Vec<String> = members.map(|node| node.name.to_string()).collect();
            format!("{} \n", names.join(" "))
        }
        // Who answers is served by a service that may decide.
        CrmNode { quorum: true, .. } => "1\n".to_owned(),
        CrmNode { cluster_id: true, .. } => format!("{}\n", store.node(None)?.id),
        CrmNode { name_for_id: Some(id), .. } => match nodes.iter().find(|node| node.id.to_string() == id) {
            Some(node) => format!("{}\n", node.name),
            None => return Err(Failure::new(code::NO_HOST, format!("there is no node {id}"))),
        },
        CrmNode { name: true, .. } => format!("{}\n", store.node(None)?.name),
        _ => return Err(Failure::new(code::USAGE, "what is asked for? See --help")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit_code(words: &[&str]) -> String {
        format!("{:?}", run(words.iter().map(OsString::from)))
    }

    #[test]
    fn what_is_not_known_is_wrong_usage_by_the_known_code() {
        let usage = format!("{:?}", ExitCode::from(code::USAGE));
        for words in [
            &["mainstay-agent-tools"][..],
            &["mainstay-agent-tools", "crm_resource"],
            &["/x/crm_attribute", "--no-such-option"],
            &["attrd_updater", "-U", "1"],
            &["attrd_updater", "-n", "x", "-U", "x++"],
            &["crm_attribute", "-n", "x", "-l", "sometimes"],
            &["crm_attribute", "-G"],
        ] {
            assert_eq!(exit_code(words), usage, "{words:?}");
        }
        let not_there = format!("{:?}", ExitCode::from(code::NOT_IMPLEMENTED));
        for words in [
            &["crm_attribute", "-n", "x", "-t", "tickets", "-G"][..],
            &["crm_attribute", "-z", "-n", "x", "-v", "1"],
            &["attrd_updater", "-P", "x.*", "-Q"],
            &["crm_node", "-R", "node2"],
        ] {
            assert_eq!(exit_code(words), not_there, "{words:?}");
        }
    }
}
