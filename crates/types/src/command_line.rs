//! Command lines of `mainstay` inside of sentences, so that whoever reads one can give it to a shell as it is.

/// A name as one word of a command line that a shell reads: bare where that is safe, else in single quotes.
pub fn word(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | '+' | '=');
    match !name.is_empty() && name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::word;

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
}
