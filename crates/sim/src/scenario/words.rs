//! A line's words: separated by blanks, or in double quotes. What follows `#` is a comment.

/// Words of one line at most: more than the longest list that fits a line of a reader.
const WORDS_MAX: usize = 200;

/// The words of a line.
///
/// # Errors
///
/// What is wrong with it, in words.
pub(super) fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '#' if !is_quoted => break,
            blank if blank.is_whitespace() && !is_quoted => words.extend(word.take()),
            control if control.is_control() => {
                return Err(format!("{} has no place in a line", control.escape_default()));
            }
            other => word.get_or_insert_default().push(other),
        }
        if words.len() > WORDS_MAX {
            return Err(format!("there are more than {WORDS_MAX} words"));
        }
    }
    if is_quoted {
        return Err("a quotation mark is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// The words as a line that says the same, without its comment.
pub(super) fn joined(words: &[String]) -> String {
    let needs_quotes =
        |word: &str| word.is_empty() || word.contains(|it: char| it.is_whitespace() || it == '#');
    let quoted = |word: &String| if needs_quotes(word) { format!("\"{word}\"") } else { word.clone() };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_words_are_the_line() {
        for line in ["at 5s offline group \"the web\"", "set \"node #1\" A=\"b c\" \"\"", ""] {
            let words = split(line).unwrap();
            assert_eq!(split(&joined(&words)).unwrap(), words, "{line}");
        }
        assert_eq!(joined(&split("a  \"b c\" # d").unwrap()), "a \"b c\"");
    }

    #[test]
    fn words() {
        for (line, expected) in [
            ("", Ok(vec![])),
            ("  # nothing", Ok(vec![])),
            ("a  b\tc # d", Ok(vec!["a", "b", "c"])),
            ("group \"the web\" owner=\"node #1\"", Ok(vec!["group", "the web", "owner=node #1"])),
            ("\"\"", Ok(vec![""])),
            ("a \"b", Err("a quotation mark is not closed")),
            ("a\u{7}", Err("\\u{7} has no place in a line")),
        ] {
            let expected = expected.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(split(line), expected.map_err(str::to_owned), "{line}");
        }
    }
}
