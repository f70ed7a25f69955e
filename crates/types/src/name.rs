//! Names of objects: compared without regard to case, kept as they were given.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name, in UTF-16 units, as many as a registry key's segment may have.
pub const NAME_LENGTH_MAX: usize = 255;

/// Why a text cannot be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing, or only blanks.
    #[error("the name is empty")]
    Empty,
    /// More than [`NAME_LENGTH_MAX`] UTF-16 units.
    #[error("the name has more than {NAME_LENGTH_MAX} characters")]
    TooLong,
    /// A control character, or a backslash, which separates registry keys.
    #[error("the name contains {0:?}, which no name may contain")]
    Character(char),
    /// A blank at either end, which nobody could see or type reliably.
    #[error("the name begins or ends with a blank")]
    OuterBlank,
}

/// The name of a group, resource, resource type or node.
///
/// Two names are equal when they differ in case only, by Unicode's lower-case mapping.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Name {
    // Shared, since names are handed on everywhere; both are one text where the name is in lower case.
    text: Arc<str>,
    folded: Arc<str>,
}

impl Name {
    /// Takes a text that came from outside.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.trim().is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.encode_utf16().count() > NAME_LENGTH_MAX {
            return Err(InvalidName::TooLong);
        }
        if let Some(character) = text.chars().find(|c| c.is_control() || *c == '\\') {
            return Err(InvalidName::Character(character));
        }
        if text.trim() != text {
            return Err(InvalidName::OuterBlank);
        }
        let (folded, text) = (fold(text), Arc::<str>::from(text));
        let folded = if *folded == *text { Arc::clone(&text) } else { folded.into() };
        Ok(Name { text, folded })
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form by which names are compared and indexed.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether `text` names the same object.
    pub fn is(&self, text: &str) -> bool {
        *self.folded == *fold(text)
    }
}

/// The form of a name by which it is compared: lower case by Unicode.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.text.as_ref().to_owned()
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Name::parse(&text)
    }
}

impl Borrow<str> for Name {
    /// The folded form, so that maps keyed by [`Name`] can be asked with `fold(text)`.
    fn borrow(&self) -> &str {
        &self.folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_whatever_their_case() {
        let name = Name::parse("Größe Db").unwrap();
        assert_eq!(name, Name::parse("GRÖßE dB").unwrap());
        assert!(name.is("größe DB"));
        assert_eq!(name.to_string(), "Größe Db");
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", InvalidName::Empty),
            (" \t", InvalidName::Empty),
            ("a\\b", InvalidName::Character('\\')),
            ("a\nb", InvalidName::Character('\n')),
            (" a", InvalidName::OuterBlank),
        ] {
            assert_eq!(Name::parse(text).unwrap_err(), reason, "{text:?}");
        }
        assert_eq!(Name::parse(&"x".repeat(256)).unwrap_err(), InvalidName::TooLong);
        assert!(Name::parse(&"x".repeat(255)).is_ok());
    }
}
