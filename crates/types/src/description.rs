//! What a resource type says of itself: its private properties, the instructions that it understands, an example.
//!
//! A type's own table of properties is one of these. By it the host reads and checks values, the command lists the type
//! and its properties, and people find the name that they meant.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::fold;
use crate::property::Format;

/// As many letters may differ between a name that nobody knows and the one that is suggested for it.
const SLIPS_MAX: usize = 3;

/// A resource type, described.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TypeDescription {
    /// What it is, in one sentence.
    pub summary: String,
    /// More of it, in paragraphs; may be empty.
    pub details: String,
    /// Whether everything that it starts stays inside its control group, so that killing that stops all of it.
    pub is_contained: bool,
    /// Its private properties.
    pub properties: Vec<PropertyDescription>,
    /// What it understands in the buffer of an offline call.
    pub instructions: Vec<InstructionDescription>,
    /// A command that creates a resource of it.
    pub example: String,
}

/// A private property of a type.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PropertyDescription {
    /// Its name.
    pub name: String,
    /// The format in which it is shown.
    pub format: PropertyFormat,
    /// Another format that it may be given in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<PropertyFormat>,
    /// Whether a resource without it cannot go online.
    pub is_required: bool,
    /// What holds as long as nobody sets it, for people; empty: nothing.
    pub default: String,
    /// What it does, in a line.
    pub text: String,
}

/// The formats that private properties of described types have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyFormat {
    /// A text.
    Sz,
    /// A list of texts.
    Multi,
    /// A number.
    Dword,
}

/// A property that a type understands in the buffer of an offline call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InstructionDescription {
    /// The property's name.
    pub name: String,
    /// Each value with what it asks for.
    pub values: Vec<(u32, String)>,
}

impl TypeDescription {
    /// The property of this name.
    pub fn property(&self, name: &str) -> Option<&PropertyDescription> {
        let folded = fold(name);
        self.properties.iter().find(|property| fold(&property.name) == folded)
    }

    /// The property whose name is most like this one, which none has, if there is one that may have been meant.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.properties.iter().map(|property| property.name.as_str()))
    }
}

impl PropertyDescription {
    /// A property that need not be set.
    pub fn new(name: &str, format: PropertyFormat, default: &str, text: &str) -> Self {
        PropertyDescription {
            name: name.to_owned(),
            format,
            also: None,
            is_required: false,
            default: default.to_owned(),
            text: text.to_owned(),
        }
    }

    /// A property that has to be set.
    pub fn required(name: &str, format: PropertyFormat, text: &str) -> Self {
        PropertyDescription { is_required: true, ..PropertyDescription::new(name, format, "", text) }
    }

    /// May be given in this format too.
    pub fn or(self, also: PropertyFormat) -> Self {
        PropertyDescription { also: Some(also), ..self }
    }

    /// Whether a value of this format may be given.
    pub fn takes(&self, format: PropertyFormat) -> bool {
        self.format == format || self.also == Some(format)
    }

    /// The formats that it may be given in, as people say it: `a string or a DWORD`.
    pub fn formats(&self) -> String {
        match self.also {
            None => self.format.to_string(),
            Some(also) => format!("{} or {also}", self.format),
        }
    }
}

impl PropertyFormat {
    /// The same in the formats of property lists.
    pub fn format(self) -> Format {
        match self {
            PropertyFormat::Sz => Format::Sz,
            PropertyFormat::Multi => Format::MultiSz,
            PropertyFormat::Dword => Format::Dword,
        }
    }
}

impl fmt::Display for PropertyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PropertyFormat::Sz => "a string",
            PropertyFormat::Multi => "a multi-string",
            PropertyFormat::Dword => "a DWORD",
        })
    }
}

/// The one of these names that is most like a name that is none of them, if few letters differ.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(name);
    let candidates = known.into_iter().map(|known| (slips(&folded, &fold(known)), known));
    let (slips, known) = candidates.min_by_key(|(slips, _)| *slips)?;
    // Of a short name little is left after three slips.
    (slips <= SLIPS_MAX.min(name.chars().count() / 2)).then_some(known)
}

/// How many letters must be put in, taken out or exchanged to make one text of the other.
fn slips(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = index + 1;
        for (column, known) in other.iter().enumerate() {
            let exchanged = before + usize::from(letter != *known);
            before = row[column + 1];
            row[column + 1] = exchanged.min(row[column] + 1).min(before + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_was_meant_is_found() {
        let known = ["CommandLine", "CurrentDirectory", "User", "StopTimeout"];
        for (name, meant) in [
            ("Comandline", Some("CommandLine")),
            ("commandlin", Some("CommandLine")),
            ("Usr", Some("User")),
            ("StopTimeoutMs", Some("StopTimeout")),
            ("X", None),
            ("", None),
            ("Directory", None),
            ("Password", None),
        ] {
            assert_eq!(nearest(name, known), meant, "{name}");
        }
    }

    #[test]
    fn slips_are_counted_both_ways() {
        for (one, other, count) in [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)] {
            assert_eq!((slips(one, other), slips(other, one)), (count, count), "{one} {other}");
        }
    }
}
