//! The words after a task's name.

use std::fmt;

use crate::Result;

/// The words that no task has asked for yet.
pub(crate) struct Arguments(Vec<String>);

/// The task was called wrongly; the sentence says how.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

impl Arguments {
    /// Splits `--name=value` into its two words.
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        let mut split = Vec::new();
        let mut rest = false;
        for word in words {
            rest |= word == "--";
            match word.split_once('=') {
                Some((name, value)) if !rest && name.starts_with("--") => {
                    split.extend([name.to_owned(), value.to_owned()]);
                }
                _ => split.push(word),
            }
        }
        Self(split)
    }

    /// Prints `text` if help was asked for; then there is nothing more to do.
    pub(crate) fn help(&self, text: &str) -> bool {
        let own = self.0.iter().take_while(|word| *word != "--");
        let asked = own.into_iter().any(|word| word == "--help" || word == "-h");
        if asked {
            print!("{text}");
        }
        asked
    }

    /// Takes the option `name` that stands alone.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let found = self.position(name);
        if let Some(at) = found {
            self.0.remove(at);
        }
        found.is_some()
    }

    /// Takes the option `name` with its value.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.position(name) else { return Ok(None) };
        if at + 1 == self.0.len() {
            return Err(UsageError(format!("{name} needs a value")).into());
        }
        let value = self.0.remove(at + 1);
        self.0.remove(at);
        Ok(Some(value))
    }

    /// Takes the first word that is no option.
    pub(crate) fn word(&mut self) -> Option<String> {
        let at = self.0.iter().position(|word| !word.starts_with('-'))?;
        Some(self.0.remove(at))
    }

    /// Takes everything after `--`.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        match self.0.iter().position(|word| word == "--") {
            Some(at) => self.0.split_off(at).split_off(1),
            None => Vec::new(),
        }
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result {
        match self.0.first() {
            None => Ok(()),
            Some(word) => Err(UsageError(format!("{word} is not understood; see --help")).into()),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().take_while(|word| *word != "--").position(|word| word == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments::new(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn options_are_taken_in_any_order() {
        let mut given = arguments("--rounds=3 state --quick -- --help");
        assert!(!given.help(""));
        assert_eq!(given.rest(), ["--help"]);
        assert!(given.flag("--quick"));
        assert!(!given.flag("--quick"));
        assert_eq!(given.value("--rounds").unwrap(), Some("3".to_owned()));
        assert_eq!(given.word(), Some("state".to_owned()));
        assert!(given.end().is_ok());
    }

    #[test]
    fn what_is_left_or_lacks_its_value_is_named() {
        assert_eq!(
            arguments("--colour").end().unwrap_err().to_string(),
            "--colour is not understood; see --help"
        );
        assert_eq!(
            arguments("--rounds").value("--rounds").unwrap_err().to_string(),
            "--rounds needs a value"
        );
    }
}
