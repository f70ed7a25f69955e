//! Splits a command line into words as a shell does, and does nothing else that a shell does: no variables, no
//! globbing, no redirection.

/// The most words that one command line may have.
pub const WORDS_MAX: usize = 4096;

/// Why a command line cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Nothing but blanks.
    #[error("the command line is empty")]
    Empty,
    /// A quote without its partner.
    #[error("the quote {0} at character {1} of the command line is never closed")]
    Unclosed(char, usize),
    /// A backslash as the last character.
    #[error("the command line ends with a backslash that quotes nothing")]
    TrailingBackslash,
    /// A NUL, which no argument can hold.
    #[error("the command line contains a NUL")]
    Nul,
    /// More than [`WORDS_MAX`].
    #[error("the command line has more than {WORDS_MAX} words")]
    TooMany,
}

/// Splits by blanks. `'...'` is literal; `"..."` is literal but for `\"`, `\\`, `\$`, `` \` `` and a backslash at a
/// line's end; outside of quotes a backslash makes the next character literal.
pub fn split(line: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars().enumerate().peekable();
    while let Some((position, character)) = characters.next() {
        match character {
            '\0' => return Err(WordsError::Nul),
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        None => return Err(WordsError::Unclosed(character, position + 1)),
                        Some((_, '\0')) => return Err(WordsError::Nul),
                        Some((_, next)) if next == character => break,
                        Some((_, '\\')) if character == '"' => match characters.next() {
                            None => return Err(WordsError::Unclosed(character, position + 1)),
                            Some((_, '\0')) => return Err(WordsError::Nul),
                            Some((_, '\n')) => {}
                            Some((_, next @ ('"' | '\\' | '$' | '`'))) => word.push(next),
                            Some((_, next)) => word.extend(['\\', next]),
                        },
                        Some((_, next)) => word.push(next),
                    }
                }
            }
            '\\' => match characters.next() {
                None => return Err(WordsError::TrailingBackslash),
                Some((_, '\0')) => return Err(WordsError::Nul),
                Some((_, '\n')) => {}
                Some((_, next)) => word.get_or_insert_default().push(next),
            },
            other => word.get_or_insert_default().push(other),
        }
        if words.len() > WORDS_MAX {
            return Err(WordsError::TooMany);
        }
    }
    words.extend(word);
    match words.len() {
        0 => Err(WordsError::Empty),
        1..=WORDS_MAX => Ok(words),
        _ => Err(WordsError::TooMany),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        for (line, words) in [
            ("a b  c", &["a", "b", "c"][..]),
            ("  /bin/true\t", &["/bin/true"]),
            (r#"sh -c 'echo "$HOME" | cat'"#, &["sh", "-c", r#"echo "$HOME" | cat"#]),
            (r#""a b"c'd e'"#, &["a bcd e"]),
            (r#"a "" ''"#, &["a", "", ""]),
            (r#"a\ b \'c"#, &["a b", "'c"]),
            (r#""\"\\\$\n""#, &[r#""\$\n"#]),
            ("a\\\nb", &["ab"]),
            ("größe 'ä ö'", &["größe", "ä ö"]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_split_says_why() {
        for (line, error) in [
            ("", WordsError::Empty),
            (" \n", WordsError::Empty),
            ("a 'b", WordsError::Unclosed('\'', 3)),
            ("\"a\\", WordsError::Unclosed('"', 1)),
            ("a\\", WordsError::TrailingBackslash),
            ("a\0b", WordsError::Nul),
            ("'a\0'", WordsError::Nul),
        ] {
            assert_eq!(split(line), Err(error), "{line:?}");
        }
        assert_eq!(split(&"x ".repeat(WORDS_MAX + 1)), Err(WordsError::TooMany));
        assert_eq!(split(&"x ".repeat(WORDS_MAX)).unwrap().len(), WORDS_MAX);
    }
}
