//! What an agent says of itself: the XML of its action `meta-data`, OCF resource agent API 1.0 and 1.1.

use std::collections::BTreeSet;
use std::time::Duration;

use roxmltree::{Document, Node, ParsingOptions};

/// Longer documents are no agent's; the longest of a distribution's has 60 KiB.
const LENGTH_MAX: usize = 1024 * 1024;
/// More nodes are no agent's.
const NODES_MAX: u32 = 50_000;

/// No action is given longer than this; it can be said in milliseconds in a DWORD.
const DURATION_MAX: Duration = Duration::from_secs(24 * 24 * 60 * 60);

/// The actions without which nothing can be done with an agent.
const NEEDED: [&str; 3] = ["start", "stop", "monitor"];

/// An agent, as it describes itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Metadata {
    /// One line.
    pub(super) summary: String,
    /// Paragraphs.
    pub(super) details: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) actions: Vec<ActionAdvice>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) is_required: bool,
    /// A change of it can be taken up without a stop.
    pub(super) is_reloadable: bool,
    /// It says how an action is done, and nothing of what is started: each action goes by what is set then.
    pub(super) is_of_action: bool,
    pub(super) default: String,
    pub(super) text: String,
    pub(super) content: Content,
}

/// What a parameter's values are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Content {
    /// Any text.
    #[default]
    Any,
    /// A whole number.
    Integer,
    /// One of the words that agents take for yes or no.
    Boolean,
}

impl Content {
    /// As an agent writes it. One that an agent's own default does not keep to is not its parameter's.
    fn of(kind: Option<&str>, default: &str) -> Self {
        let content = match kind {
            Some("integer") => Content::Integer,
            Some("boolean") => Content::Boolean,
            _ => Content::Any,
        };
        if default.is_empty() || content.takes(default) { content } else { Content::Any }
    }

    /// Whether a value is one of these.
    pub(super) fn takes(self, value: &str) -> bool {
        match self {
            Content::Any => true,
            Content::Integer => {
                let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
                !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_digit())
            }
            Content::Boolean => BOOLEANS.iter().any(|word| word.eq_ignore_ascii_case(value)),
        }
    }

    /// What its values are, for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Content::Any => "a text",
            Content::Integer => "a whole number",
            Content::Boolean => "true or false",
        }
    }
}

/// What an agent advises for one of its actions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ActionAdvice {
    pub(super) name: String,
    pub(super) timeout: Option<Duration>,
    pub(super) interval: Option<Duration>,
    /// OCF_CHECK_LEVEL; 0 is the cheapest look.
    pub(super) depth: u32,
}

/// What agents take for yes or no, in any case.
const BOOLEANS: [&str; 12] = ["true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "ja", "nein"];

impl Metadata {
    /// Reads the document. An error says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LENGTH_MAX {
            return Err(format!("its meta-data is longer than {LENGTH_MAX} bytes"));
        }
        let text = String::from_utf8_lossy(bytes);
        // Agents print a document type; what it could declare is not looked at.
        let options = ParsingOptions { allow_dtd: true, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text.trim_start(), options)
            .map_err(|error| format!("its meta-data cannot be read: {error}"))?;
        let root = document.root_element();
        if !root.has_tag_name("resource-agent") {
            return Err(format!(
                "its meta-data begins with <{}>, not <resource-agent>",
                root.tag_name().name()
            ));
        }
        let children = |section: &str, name: &'static str| -> Vec<Node<'_, '_>> {
            let sections = root.children().filter(|node| node.has_tag_name(section));
            sections.flat_map(|section| section.children()).filter(|node| node.has_tag_name(name)).collect()
        };
        let read = Metadata {
            summary: line(&text_of(root, "shortdesc")),
            details: paragraphs(&text_of(root, "longdesc")),
            parameters: children("parameters", "parameter").into_iter().filter_map(parameter).collect(),
            actions: children("actions", "action").into_iter().filter_map(advice).collect(),
        };
        match NEEDED.iter().find(|needed| !read.has(needed)) {
            Some(lacking) => Err(format!("its meta-data names no action '{lacking}'")),
            None => Ok(read),
        }
    }

    /// Whether there is such an action.
    pub(super) fn has(&self, action: &str) -> bool {
        self.actions.iter().any(|known| known.name == action)
    }

    /// Whether its resources have roles.
    pub(super) fn is_promotable(&self) -> bool {
        self.has("promote") || self.has("demote")
    }

    /// The longest timeout that is advised for an action.
    pub(super) fn timeout(&self, action: &str) -> Option<Duration> {
        self.actions.iter().filter(|known| known.name == action).filter_map(|known| known.timeout).max()
    }

    /// The levels of its monitors (OCF_CHECK_LEVEL), the most thorough first. The last is always 0.
    pub(super) fn depths(&self) -> Vec<u32> {
        let monitors = self.actions.iter().filter(|known| known.name == "monitor");
        let depths: BTreeSet<u32> = monitors.map(|known| known.depth).chain([0]).collect();
        depths.into_iter().rev().collect()
    }

    /// How often the cheapest monitor is advised.
    pub(super) fn interval(&self) -> Option<Duration> {
        let monitors = self.actions.iter().filter(|known| known.name == "monitor" && known.depth == 0);
        monitors.filter_map(|known| known.interval).filter(|interval| !interval.is_zero()).min()
    }
}

fn parameter(node: Node<'_, '_>) -> Option<Parameter> {
    let name = node.attribute("name")?;
    // It becomes part of a variable's name.
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    if name.is_empty() || !name.chars().all(is_word) {
        return None;
    }
    let is_set = |attribute: &str| matches!(node.attribute(attribute), Some("1" | "true" | "yes"));
    let content = node.children().find(|child| child.has_tag_name("content"));
    let mut text = line(&text_of(node, "shortdesc"));
    if text.is_empty() {
        text = line(&text_of(node, "longdesc"));
    }
    let default = content.and_then(|content| content.attribute("default")).unwrap_or_default();
    Some(Parameter {
        name: name.to_owned(),
        is_required: is_set("required"),
        is_reloadable: is_set("reloadable"),
        // No agent of others says so.
        is_of_action: false,
        default: default.to_owned(),
        text,
        content: Content::of(content.and_then(|content| content.attribute("type")), default),
    })
}

fn advice(node: Node<'_, '_>) -> Option<ActionAdvice> {
    Some(ActionAdvice {
        name: node.attribute("name")?.to_owned(),
        timeout: node.attribute("timeout").and_then(duration),
        interval: node.attribute("interval").and_then(duration),
        depth: node.attribute("depth").and_then(|depth| depth.trim().parse().ok()).unwrap_or(0),
    })
}

/// `20`, `20s`, `20.5s`, `500ms`, `2min`, `1h`, `1d`: without a unit these are seconds. None at all is no advice.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit_s = match text[end..].trim() {
        "us" | "usec" => 0.000_001,
        "ms" | "msec" => 0.001,
        "" | "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" | "hr" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let duration = Duration::try_from_secs_f64((number * unit_s).min(DURATION_MAX.as_secs_f64())).ok()?;
    Some(duration).filter(|duration| !duration.is_zero())
}

/// The text of a child, the English one where there are several.
fn text_of(node: Node<'_, '_>, name: &str) -> String {
    let mut texts = node.children().filter(|child| child.has_tag_name(name));
    let first = texts.next();
    let english = first
        .into_iter()
        .chain(texts)
        .find(|text| text.attribute("lang").is_none_or(|lang| lang.starts_with("en")));
    english.or(first).and_then(|text| text.text()).unwrap_or_default().to_owned()
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn paragraphs(text: &str) -> String {
    let paragraphs = text.trim().split("\n\n").map(line).filter(|paragraph| !paragraph.is_empty());
    paragraphs.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: &str = r#"<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="Some" version="1.0">
<version>1.1</version>
<longdesc lang="en">
One
line.

Another.
</longdesc>
<shortdesc lang="de">Etwas</shortdesc>
<shortdesc lang="en">Something  here</shortdesc>
<parameters>
<parameter name="ip" required="1"><longdesc>The address</longdesc><content type="string"/></parameter>
<parameter name="nic" reloadable="1"><shortdesc>The card</shortdesc><content type="string" default="eth0"/></parameter>
<parameter name="a b"/>
</parameters>
<actions>
<action name="start" timeout="20s"/><action name="stop" timeout="1min"/>
<action name="monitor" timeout="20" interval="10s" depth="0"/>
<action name="monitor" timeout="30s" interval="1min" depth="10"/>
</actions>
</resource-agent>"#;

    #[test]
    fn what_agents_say_is_read() {
        let read = Metadata::parse(AGENT.as_bytes()).unwrap();
        assert_eq!((read.summary.as_str(), read.details.as_str()), ("Something here", "One line.\nAnother."));
        let shown: Vec<_> = read
            .parameters
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.is_required,
                    one.is_reloadable,
                    one.default.as_str(),
                    one.text.as_str(),
                )
            })
            .collect();
        assert_eq!(shown, [("ip", true, false, "", "The address"), ("nic", false, true, "eth0", "The card")]);
        assert_eq!(read.timeout("start"), Some(Duration::from_secs(20)));
        assert_eq!(read.timeout("stop"), Some(Duration::from_secs(60)));
        assert_eq!(read.timeout("monitor"), Some(Duration::from_secs(30)));
        assert_eq!((read.depths(), read.interval()), (vec![10, 0], Some(Duration::from_secs(10))));
        assert_eq!(Metadata::default().depths(), [0]);
        assert!(read.has("monitor") && !read.has("promote") && !read.is_promotable());
    }

    #[test]
    fn what_is_no_agent_says_why() {
        for (text, expected) in [
            ("", "cannot be read"),
            ("<a/>", "begins with <a>"),
            (
                "<resource-agent><actions><action name='start'/></actions></resource-agent>",
                "no action 'stop'",
            ),
            ("<resource-agent>", "cannot be read"),
        ] {
            let error = Metadata::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(Metadata::parse(&vec![b' '; LENGTH_MAX + 1]).unwrap_err().contains("longer than"));
    }

    #[test]
    fn values_are_what_the_agent_says_they_are() {
        let takes = |kind, default, value| Content::of(Some(kind), default).takes(value);
        for (kind, good, bad) in
            [("integer", "-12", "12s"), ("integer", "0", ""), ("boolean", "Yes", "maybe")]
        {
            assert!(takes(kind, "", good) && !takes(kind, "", bad), "{kind} {good} {bad}");
        }
        assert!(takes("integer", "5s", "6s") && takes("string", "", "x") && takes("select", "", "x"));
    }

    #[test]
    fn durations_have_units() {
        for (text, expected_ms) in [
            ("20", Some(20_000)),
            (" 20s", Some(20_000)),
            ("500ms", Some(500)),
            ("2 min", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("", None),
            ("s", None),
            ("20x", None),
            ("20.5s", Some(20_500)),
            ("1d", Some(86_400_000)),
            ("0", None),
            ("0s", None),
            (".", None),
            ("1.2.3", None),
            ("-1", None),
            ("99999999999999999999", Some(DURATION_MAX.as_millis() as u64)),
            ("9999999999999999h", Some(DURATION_MAX.as_millis() as u64)),
        ] {
            assert_eq!(duration(text), expected_ms.map(Duration::from_millis), "{text:?}");
        }
    }
}
