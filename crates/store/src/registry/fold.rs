//! Case folding of registry names.

/// The form under which a name is found: two names are the same if their folds are equal.
///
/// Each character goes to its upper-case and then to its lower-case form by Unicode's *simple* mappings, where
/// there is one character (`ß` stays `ß`; `Σ`, `σ` and `ς` are one), without regard to its neighbours or the
/// locale. What is not ASCII never folds into ASCII, so the Kelvin sign is no `k` and the dotless `ı` no `i`.
/// Folding a fold changes nothing.
pub fn fold(name: &str) -> String {
    name.chars().map(fold_char).collect()
}

fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let upper = single(character.to_uppercase()).unwrap_or(character);
    let lower = single(upper.to_lowercase()).unwrap_or(upper);
    if lower.is_ascii() { character } else { lower }
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    if mapped.next().is_some() { None } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_the_same() {
        for (left, right) in
            [("PersistentState", "PERSISTENTSTATE"), ("Größe", "GRÖßE"), ("ΟΔΟΣ", "οδος"), ("ж", "Ж")]
        {
            assert_eq!(fold(left), fold(right), "{left} and {right}");
        }
        for (left, right) in [("k", "\u{212a}"), ("i", "ı"), ("s", "ſ"), ("ss", "ß"), ("a", "ä")] {
            assert_ne!(fold(left), fold(right), "{left} and {right}");
        }
    }

    #[test]
    fn folding_a_fold_changes_nothing_and_makes_no_separator() {
        for character in '\0'..=char::MAX {
            let once = fold_char(character);
            assert_eq!(fold_char(once), once, "{character:?}");
            assert!(once != '\\' || character == '\\', "{character:?}");
        }
    }
}
