//! Dependency expressions: what a resource needs, or a group, or a group set, as an AND of ORs.
//!
//! Owns the text form of MS-CMRP 3.1.4.2.110 (`([id]) and ([id] or [id])`) and its evaluation. It knows no states:
//! the caller says which providers count.
//!
//! ```text
//! expression := "" | clauses | alternatives
//! clauses    := clause | clause "and" clauses
//! clause     := "(" alternatives ")" | resource
//! alternatives := resource | resource "or" alternatives
//! resource   := "[" id or name "]"
//! ```
//!
//! That is what the specification derives, and beside it a first clause without parentheses (`[a] and [b]`). White space
//! and the case of the words do not count. Ids are what is kept and shown, every clause in parentheses.

use std::fmt;

use mainstay_types::{GroupId, GroupSetId, ResourceId};
use thiserror::Error;

use crate::limits::{EXPRESSION_LENGTH_MAX, PROVIDERS_MAX};

/// What an expression may name.
pub trait Named: Copy + Eq + fmt::Display {
    /// Its word.
    const WORD: &'static str;
    /// The command that shows all of them.
    const LIST: &'static str;
}

impl Named for ResourceId {
    const WORD: &'static str = "resource";
    const LIST: &'static str = "mainstay resource list";
}

impl Named for GroupId {
    const WORD: &'static str = "group";
    const LIST: &'static str = "mainstay group list";
}

impl Named for GroupSetId {
    const WORD: &'static str = "group set";
    const LIST: &'static str = "mainstay groupset list";
}

/// Clauses that all must hold; a clause holds when one of its members serves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expression<I = ResourceId> {
    clauses: Vec<Vec<I>>,
}

impl<I> Default for Expression<I> {
    fn default() -> Self {
        Self { clauses: Vec::new() }
    }
}

/// Why a text is no dependency expression. All are the caller's to mend.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ExpressionError {
    /// Longer than any expression can be.
    #[error("the expression has {length} bytes, at most {EXPRESSION_LENGTH_MAX} are allowed")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Something stands where it cannot.
    #[error(
        "the expression has {found} where {expected} is needed; write it like '([first] or [second]) and ([third])'"
    )]
    Unexpected {
        /// What is there.
        found: String,
        /// What could be there.
        expected: &'static str,
    },
    /// Alternatives beside `and`, without parentheses.
    #[error(
        "the alternatives that end with '{0}' stand beside 'and' and need parentheses; write it like \
         '([first] or [second]) and ([third])'"
    )]
    Bare(String),
    /// A name or id that nothing has.
    #[error("the expression names '{name}', and no {word} has this name or id; '{list}' shows them")]
    Unknown {
        /// As it is written.
        name: String,
        /// "resource".
        word: &'static str,
        /// See [`Named::LIST`].
        list: &'static str,
    },
    /// One is named twice.
    #[error("the expression names '{0}' twice; name everything once")]
    Twice(String),
    /// More than [`PROVIDERS_MAX`].
    #[error("the expression names more than {PROVIDERS_MAX} providers")]
    TooMany,
}

impl<I: Named> Expression<I> {
    /// Needs all of these.
    pub fn all_of(providers: impl IntoIterator<Item = I>) -> Self {
        Self { clauses: providers.into_iter().map(|provider| vec![provider]).collect() }
    }

    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Every resource that is named.
    pub fn providers(&self) -> impl Iterator<Item = I> + '_ {
        self.clauses.iter().flatten().copied()
    }

    /// Whether a resource is named.
    pub fn contains(&self, provider: I) -> bool {
        self.providers().any(|named| named == provider)
    }

    /// What all must hold; each holds when one of its members serves. None is empty.
    pub fn clauses(&self) -> impl Iterator<Item = &[I]> {
        self.clauses.iter().map(Vec::as_slice)
    }

    /// The clauses of which no member serves.
    pub fn unmet(&self, serves: impl Fn(I) -> bool) -> impl Iterator<Item = &[I]> {
        self.clauses().filter(move |clause| !clause.iter().any(|provider| serves(*provider)))
    }

    /// Whether the need is met by the providers for which `serves` holds.
    pub fn is_met(&self, mut serves: impl FnMut(I) -> bool) -> bool {
        self.clauses.iter().all(|clause| clause.iter().any(|provider| serves(*provider)))
    }

    /// Whether a provider cannot go: no other one that serves is in its place.
    pub fn relies_on(&self, provider: I, serves: impl Fn(I) -> bool) -> bool {
        let others = |found: I| found != provider && serves(found);
        self.unmet(others).any(|clause| clause.contains(&provider))
    }

    /// The same with one more clause.
    pub fn with(&self, provider: I) -> Self {
        let mut more = self.clone();
        more.clauses.push(vec![provider]);
        more
    }

    /// The same without this provider; a clause that becomes empty goes.
    pub fn without(&self, provider: I) -> Self {
        let keep = |clause: &Vec<I>| -> Vec<I> {
            clause.iter().copied().filter(|named| *named != provider).collect()
        };
        Self { clauses: self.clauses.iter().map(keep).filter(|clause| !clause.is_empty()).collect() }
    }

    /// The canonical form with names in place of ids.
    pub fn with_names(&self, name_of: impl Fn(I) -> String) -> String {
        let alternatives = |clause: &Vec<I>| {
            let names: Vec<String> = clause.iter().map(|id| format!("[{}]", name_of(*id))).collect();
            format!("({})", names.join(" or "))
        };
        self.clauses.iter().map(alternatives).collect::<Vec<_>>().join(" and ")
    }

    /// Reads a text; `resolve` finds a resource by name or id. The empty text needs nothing.
    pub fn parse(text: &str, resolve: impl Fn(&str) -> Option<I>) -> Result<Self, ExpressionError> {
        if text.len() > EXPRESSION_LENGTH_MAX {
            return Err(ExpressionError::TooLong { length: text.len() });
        }
        let mut parser = Parser { rest: text.trim(), resolve, seen: Vec::new(), spelt: String::new() };
        let mut clauses = Vec::new();
        if parser.rest.is_empty() {
            return Ok(Self { clauses });
        }
        loop {
            let clause = parser.clause(clauses.is_empty())?;
            clauses.push(clause);
            if parser.rest.is_empty() {
                return Ok(Self { clauses });
            }
            if !parser.word("and") {
                return Err(parser.unexpected("'and' or the end"));
            }
        }
    }
}

impl<I: Named> fmt::Display for Expression<I> {
    /// The canonical form: ids in brackets, every clause in parentheses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, clause) in self.clauses.iter().enumerate() {
            f.write_str(if index == 0 { "(" } else { " and (" })?;
            for (index, provider) in clause.iter().enumerate() {
                write!(f, "{}[{provider}]", if index == 0 { "" } else { " or " })?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

struct Parser<'a, I, R> {
    rest: &'a str,
    resolve: R,
    seen: Vec<I>,
    /// The last resource as it was named.
    spelt: String,
}

impl<I: Named, R: Fn(&str) -> Option<I>> Parser<'_, I, R> {
    /// `"(" a or b ")"`, or a bare `a or b` where that is all there is: beside `and` it could be read in two ways.
    fn clause(&mut self, is_first: bool) -> Result<Vec<I>, ExpressionError> {
        let parenthesised = self.symbol('(');
        let mut members = vec![self.resource()?];
        while self.word("or") {
            members.push(self.resource()?);
        }
        if parenthesised && !self.symbol(')') {
            return Err(self.unexpected("'or' or ')'"));
        }
        if !parenthesised && members.len() > 1 && !(is_first && self.rest.is_empty()) {
            return Err(ExpressionError::Bare(shorten(&self.spelt)));
        }
        Ok(members)
    }

    fn resource(&mut self) -> Result<I, ExpressionError> {
        let closed = self.rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((name, rest)) = closed else { return Err(self.unexpected("a name in brackets")) };
        let found = (self.resolve)(name).ok_or_else(|| ExpressionError::Unknown {
            name: shorten(name),
            word: I::WORD,
            list: I::LIST,
        })?;
        if self.seen.contains(&found) {
            return Err(ExpressionError::Twice(shorten(name)));
        }
        if self.seen.len() == PROVIDERS_MAX {
            return Err(ExpressionError::TooMany);
        }
        self.seen.push(found);
        self.spelt = name.to_owned();
        self.rest = rest.trim_start();
        Ok(found)
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let Some(rest) = self.rest.strip_prefix(symbol) else { return false };
        self.rest = rest.trim_start();
        true
    }

    fn word(&mut self, word: &str) -> bool {
        let Some(head) = self.rest.get(..word.len()) else { return false };
        let after = self.rest[word.len()..].chars().next();
        if !head.eq_ignore_ascii_case(word)
            || after.is_some_and(|c| !c.is_whitespace() && c != '(' && c != '[')
        {
            return false;
        }
        self.rest = self.rest[word.len()..].trim_start();
        true
    }

    fn unexpected(&self, expected: &'static str) -> ExpressionError {
        let found =
            if self.rest.is_empty() { "its end".to_owned() } else { format!("'{}'", shorten(self.rest)) };
        ExpressionError::Unexpected { found, expected }
    }
}

/// Enough of a text to find the place.
fn shorten(text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    text.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> ResourceId {
        ResourceId(uuid::Uuid::from_u128(number))
    }

    fn resolve(name: &str) -> Option<ResourceId> {
        match name {
            "a" => Some(id(1)),
            "b" => Some(id(2)),
            "c" => Some(id(3)),
            other => other.parse().ok().filter(|found| (1..4).any(|number| id(number) == *found)),
        }
    }

    #[test]
    fn texts_and_their_canonical_form() {
        let (a, b, c) = (id(1), id(2), id(3));
        for (text, expected) in [
            ("", Ok(String::new())),
            ("  ", Ok(String::new())),
            ("[a]", Ok(format!("([{a}])"))),
            ("([a])", Ok(format!("([{a}])"))),
            ("[a] and [b]", Ok(format!("([{a}]) and ([{b}])"))),
            ("([a])AND([b])", Ok(format!("([{a}]) and ([{b}])"))),
            ("[a] or [b]", Ok(format!("([{a}] or [{b}])"))),
            ("([a] or [b]) and [c]", Ok(format!("([{a}] or [{b}]) and ([{c}])"))),
            ("[a", Err("a name in brackets")),
            ("[a] [b]", Err("'and' or the end")),
            ("[a] and", Err("a name in brackets")),
            ("[a] or ", Err("a name in brackets")),
            ("([a] and [b])", Err("'or' or ')'")),
            ("[a] or [b] and [c]", Err("'b' stand beside 'and' and need parentheses")),
            ("[a] and [b] or [c]", Err("'c' stand beside 'and' and need parentheses")),
            ("[x]", Err("'x'")),
            ("[a] and [a]", Err("twice")),
            ("ä", Err("a name in brackets")),
        ] {
            match (Expression::parse(text, resolve), expected) {
                (Ok(parsed), Ok(canonical)) => {
                    assert_eq!(parsed.to_string(), canonical, "{text}");
                    assert_eq!(Expression::parse(&canonical, resolve), Ok(parsed), "{text}");
                }
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (result, expected) => panic!("{text}: {result:?}, expected {expected:?}"),
            }
        }
    }

    #[test]
    fn a_need_is_met_when_every_clause_is() {
        let expression = Expression::parse("([a] or [b]) and [c]", resolve).unwrap();
        for (serving, met) in [
            (vec![1, 3], true),
            (vec![2, 3], true),
            (vec![1, 2], false),
            (vec![3], false),
            (vec![1, 2, 3], true),
        ] {
            assert_eq!(expression.is_met(|p| serving.iter().any(|n| id(*n) == p)), met, "{serving:?}");
        }
        assert!(expression.without(id(1)).is_met(|p| p == id(2) || p == id(3)));
        assert!(expression.without(id(3)).is_met(|p| p == id(2)));
        assert!(!expression.with(id(4)).is_met(|p| p != id(4)));
    }
}
