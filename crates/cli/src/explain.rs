//! `mainstay explain`: why a resource, a group, a network or an interface is in its state, and what would change that.

use clap::Args;
use mainstay_types::ObjectId;
use mainstay_types::event::object_type;
use mainstay_types::explanation::{Explanation, Reason};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::explanation::ExplanationDocument;
use crate::render::{Cell, FAINT, MARKED, STRONG, Table, clean, moment, now_ms, span, styled};
use crate::way_out::command_line;

/// What is explained.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Name or id of a resource, a group, a network or an interface; the first of these that has the name. Or its kind,
    /// `resource`, `group`, `network` or `interface`, with the name behind it
    pub object: String,
    /// The name, where the kind was named
    pub name: Option<String>,
}

/// The kind that was named, as `event::object_type` numbers it, and the object as a failure names it.
fn asked(arguments: &ExplainArguments) -> Result<(Option<u32>, Subject<'_>), Failure> {
    let Some(name) = &arguments.name else { return Ok((None, Subject::Resource(&arguments.object))) };
    let (kind, subject) = match arguments.object.as_str() {
        "resource" => (object_type::RESOURCE, Subject::Resource(name)),
        "group" => (object_type::GROUP, Subject::Group(name)),
        "network" => (object_type::NETWORK, Subject::Network(name)),
        "interface" => (object_type::NETWORK_INTERFACE, Subject::NetInterface(name)),
        other => {
            let message = format!("'{}' is no kind that can be explained", clean(other));
            let way_out = "name resource, group, network or interface, or the object alone";
            return Err(Failure::usage(message).with_way_out(way_out));
        }
    };
    Ok((Some(kind), subject))
}

pub(crate) fn run(arguments: &ExplainArguments, context: &mut Context) -> Result<Exit, Failure> {
    let (kind, subject) = asked(arguments)?;
    let name = arguments.name.as_ref().unwrap_or(&arguments.object);
    let mut cluster = context.read()?;
    let explained = cluster.explain_object(kind, name);
    let explained = explained.map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let explained = explained.ok_or_else(|| subject.gone())?;
    context.output.data(|| ExplanationDocument::from(&explained), || text(&explained, now_ms()))?;
    Ok(Exit::Done)
}

fn text(explained: &Explanation, now_ms: u64) -> String {
    let (kind, of_members) = match explained.object {
        ObjectId::Group(_) => ("group", "RESOURCE"),
        ObjectId::Network(_) => ("network", "INTERFACE"),
        ObjectId::NetworkInterface(_) => ("interface", ""),
        _ => ("resource", "RESOURCE"),
    };
    let title = styled(STRONG, &format!("{kind} {}", clean(explained.name.as_str())));
    let since = match explained.since_ms {
        Some(since_ms) => format!(" since {}", ago(since_ms, now_ms)),
        None => String::new(),
    };
    let mut text = format!("{title} is {}{since}\n", explained.state);
    let mut next = Some(&explained.reason);
    let mut indent = 2;
    while let Some(reason) = next {
        text.push_str(&format!("{:indent$}because {}\n", "", line(reason, now_ms)));
        next = reason.because.as_deref();
        indent += 2;
    }
    for note in &explained.notes {
        text.push_str(&format!("  {}: {}\n", styled(MARKED, "note"), line(note, now_ms)));
    }
    if !explained.members.is_empty() {
        let mut table = Table::with_heading(&[of_members, "STATE", "BECAUSE"]);
        for member in &explained.members {
            let because = Cell::from(clean(&member.reason.text));
            table.row(vec![member.name.as_str().into(), member.state.as_str().into(), because]);
        }
        text.push_str(&format!("\n{}", table.show(2)));
    }
    if !explained.placement.is_empty() {
        text.push_str(&format!("\n  {}\n", styled(FAINT, "PLACEMENT")));
        explained.placement.iter().for_each(|line| text.push_str(&format!("  {}\n", clean(line))));
    }
    if !explained.ways_out.is_empty() {
        let mut table = Table::with_heading(&["TO CHANGE IT", ""]);
        for way in &explained.ways_out {
            table.row(vec![command_line(&way.command).into(), way.effect.as_str().into()]);
        }
        text.push_str(&format!("\n{}", table.show(2)));
    }
    text
}

/// `root took it offline (operation 1-42, 2026-11-22 21:00:00, 3 min ago)`.
fn line(reason: &Reason, now_ms: u64) -> String {
    let mut beside = Vec::new();
    beside.extend(reason.operation.map(|id| format!("operation {id}")));
    beside.extend(reason.at_ms.map(|at_ms| ago(at_ms, now_ms)));
    if let Some(until_ms) = reason.until_ms {
        beside.push(match until_ms.saturating_sub(now_ms) {
            0 => "now".into(),
            left_ms => format!("at {}, in {}", moment(until_ms), span(left_ms)),
        });
    }
    let text = clean(&reason.text);
    if beside.is_empty() { text } else { format!("{text} ({})", beside.join(", ")) }
}

fn ago(at_ms: u64, now_ms: u64) -> String {
    format!("{}, {} ago", moment(at_ms), span(now_ms.saturating_sub(at_ms)))
}

#[cfg(test)]
mod tests {
    use mainstay_types::Name;
    use mainstay_types::explanation::{Member, Rule, WayOut};

    use super::*;

    fn reason(rule: Rule, text: &str) -> Reason {
        Reason { rule, text: text.into(), operation: None, at_ms: None, until_ms: None, because: None }
    }

    fn sample() -> Explanation {
        let asked = Reason {
            operation: Some("1-42".parse().unwrap()),
            at_ms: Some(1_000_000),
            ..reason(Rule::Asked, "'db': root took it offline: \"new\x1b[31m disk\"")
        };
        let lacks = reason(Rule::NeedsOther, "it is to be online, but it needs 'db', which is Offline");
        let name = Name::parse("my web").unwrap();
        Explanation {
            object: ObjectId::Resource("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap()),
            name: name.clone(),
            state: "Offline".into(),
            since_ms: Some(1_000_000),
            reason: Reason { because: Some(Box::new(asked)), ..lacks.clone() },
            notes: vec![Reason {
                until_ms: Some(1_010_000),
                ..reason(Rule::RestartPlanned, "it is restarted")
            }],
            members: vec![Member { name, state: "Offline".into(), reason: lacks }],
            placement: vec!["'g' stays on n1: it runs there".into(), "n1 has it".into()],
            ways_out: vec![WayOut {
                command: ["resource", "online", "my web"].map(str::to_owned).to_vec(),
                effect: "brings it online".into(),
            }],
        }
    }

    #[test]
    fn a_reason_has_its_cause_and_its_way_out() {
        let shown = anstream::adapter::strip_str(&text(&sample(), 1_005_000)).to_string();
        // Moments are in the zone of the machine.
        let shown = shown.replace(&moment(1_000_000), "THEN").replace(&moment(1_010_000), "SOON");
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn the_document_is_stable() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&ExplanationDocument::from(&sample())).unwrap());
    }
}
