//! Command lines of `mainstay` inside of sentences, so that whoever reads one can give it to a shell as it is.

use std::fmt;

/// A name as one word of a command line that a shell reads: bare where that is safe, else in single quotes.
pub fn word(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | '+' | '=');
    match !name.is_empty() && name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

/// A command line of `mainstay`. Shown, it is what a shell reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandLine {
    command: &'static str,
    names: Vec<String>,
    options: Vec<&'static str>,
}

impl CommandLine {
    /// One without names: `CommandLine::new("resource online")`.
    pub fn new(command: &'static str) -> Self {
        Self { command, names: Vec::new(), options: Vec::new() }
    }

    /// The next name, or whatever else stands where names do.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// An option, with its dashes.
    pub fn option(mut self, option: &'static str) -> Self {
        self.options.push(option);
        self
    }

    /// An option where that is so.
    pub fn option_if(self, is_given: bool, option: &'static str) -> Self {
        if is_given { self.option(option) } else { self }
    }

    /// The words after `mainstay`. A name that begins with a dash stands behind `--`, behind all options, since it would be
    /// taken for an option elsewhere.
    pub fn words(&self) -> Vec<String> {
        let command = self.command.split(' ').map(str::to_owned);
        let (names, options) = (self.names.iter().cloned(), self.options.iter().map(|it| (*it).to_owned()));
        match self.names.iter().any(|name| name.starts_with('-')) {
            true => command.chain(options).chain(["--".to_owned()]).chain(names).collect(),
            false => command.chain(names).chain(options).collect(),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mainstay")?;
        self.words().iter().try_for_each(|part| write!(f, " {}", word(part)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_one_word() {
        for (name, expected) in [
            ("db-1.example", "db-1.example"),
            ("große-db", "große-db"),
            ("", "''"),
            ("big db", "'big db'"),
            ("o'neill", r"'o'\''neill'"),
            ("a;b", "'a;b'"),
        ] {
            assert_eq!(word(name), expected);
        }
    }

    #[test]
    fn no_name_is_taken_for_an_option() {
        for (names, expected) in [
            (&["db"][..], "mainstay resource offline db --ignore-locked --force"),
            (&["big db"], "mainstay resource offline 'big db' --ignore-locked --force"),
            (&["-db"], "mainstay resource offline --ignore-locked --force -- -db"),
            (&["--force"], "mainstay resource offline --ignore-locked --force -- --force"),
            (&["a", "-b c"], "mainstay resource offline --ignore-locked --force -- a '-b c'"),
        ] {
            let line = names.iter().fold(CommandLine::new("resource offline"), |line, name| line.name(*name));
            let line =
                line.option("--ignore-locked").option_if(false, "--no-wait").option_if(true, "--force");
            assert_eq!(line.to_string(), expected);
        }
        assert_eq!(CommandLine::new("status").words(), ["status"]);
    }
}
