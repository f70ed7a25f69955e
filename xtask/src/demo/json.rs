//! What the story reads in the command's JSON.

use serde_json::{Deserializer, Value};

use crate::Result;

/// The state in the document of `mainstay resource show`.
pub(super) fn state(document: &str) -> Result<String> {
    let document: Value = serde_json::from_str(document)?;
    let state = document.get("state").and_then(Value::as_str);
    Ok(state.ok_or_else(|| format!("no state in {document}"))?.to_owned())
}

/// Whether two words name the same state: `OfflinePending`, `Offline Pending`, `offline-pending`.
pub(super) fn is_same_state(one: &str, other: &str) -> bool {
    let plain = |word: &str| -> String {
        word.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
    };
    plain(one) == plain(other)
}

/// The journal has a record of an offline operation on the resource that was accepted with 997 and is done.
pub(super) fn expect_offline_record(journal: &str, resource: &str) -> Result {
    let is_it = |record: &Value| {
        let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
        let answer = record.pointer("/answer/number").and_then(Value::as_u64);
        text("name") == resource && text("verb") == "offline" && answer == Some(997) && text("end") == "done"
    };
    let mut seen = 0;
    for document in Deserializer::from_str(journal).into_iter::<Value>() {
        // One array, or one document a line.
        let records = match document? {
            Value::Array(records) => records,
            record => vec![record],
        };
        seen += records.len();
        if records.iter().any(is_it) {
            return Ok(());
        }
    }
    Err(format!("none of the {seen} records in the journal is of an offline of {resource} that is done")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_compared_as_words() {
        assert_eq!(state(r#"{"name": "a", "state": "Offline Pending"}"#).unwrap(), "Offline Pending");
        assert!(is_same_state("Offline Pending", "OfflinePending"));
        assert!(!is_same_state("Offline Pending", "Offline"));
        assert!(state("{}").is_err());
    }

    #[test]
    fn only_the_record_in_question_counts() {
        let record = |name: &str, verb: &str, answer: u32, end: &str| {
            format!(
                r#"{{"name": "{name}", "verb": "{verb}", "answer": {{"number": {answer}}}, "end": {end}}}"#
            )
        };
        let online = record("a", "online", 997, r#""done""#);
        let done = record("a", "offline", 997, r#""done""#);
        for (journal, expected) in [
            (format!("[{online}, {done}]"), true),
            (format!("{online}\n{done}\n"), true),
            (online.clone(), false),
            (record("b", "offline", 997, r#""done""#), false),
            (record("a", "offline", 5960, r#""refused""#), false),
            (record("a", "offline", 997, "null"), false),
            (String::new(), false),
        ] {
            assert_eq!(expect_offline_record(&journal, "a").is_ok(), expected, "{journal}");
        }
    }
}
