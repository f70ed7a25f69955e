//! The face of what is pending (design §3.15): since when, what it waits for, what the type last said, which limit
//! comes next, and the command that ends it.

use mainstay_types::operation::{OperationRecord, Pending};
use mainstay_types::{ObjectId, ResourceState};

use crate::account;
use crate::failure::Subject;
use crate::render::{FAINT, STRONG, clean, of_resource, span, styled};
use crate::way_out::about;

/// How many pending resources of one operation are shown; the rest is counted.
const FACES_MAX: usize = 6;

/// The object that an operation was asked of.
pub(crate) fn subject(record: &OperationRecord) -> Subject<'_> {
    let name = record.name.as_str();
    match record.object {
        ObjectId::Cluster => Subject::Cluster,
        ObjectId::Node(_) => Subject::Node(name),
        ObjectId::Group(_) => Subject::Group(name),
        ObjectId::Resource(_) => Subject::Resource(name),
        ObjectId::ResourceType(_) => Subject::Type(name),
        ObjectId::GroupSet(_) => Subject::GroupSet(name),
        ObjectId::Network(_) => Subject::Network(name),
        ObjectId::NetworkInterface(_) => Subject::NetInterface(name),
    }
}

/// A running operation and what is pending in it, as lines.
pub(crate) fn lines(record: &OperationRecord, now_ms: u64) -> Vec<String> {
    let running_ms = now_ms.saturating_sub(record.at_ms);
    let mut lines = vec![format!(
        "{}: {} of {} by {}, for {}",
        styled(STRONG, &format!("operation {}", record.id)),
        record.verb,
        subject(record),
        clean(&account::shown(&record.asker.account)),
        span(running_ms)
    )];
    for pending in record.pending.iter().take(FACES_MAX) {
        lines.extend(face(pending, now_ms));
    }
    if let Some(more @ 1..) = record.pending.len().checked_sub(FACES_MAX) {
        lines.push(format!("  and {more} more"));
    }
    lines
}

/// Where it is, what it says and when that ends, how to end it: lines short enough for a narrow terminal.
fn face(pending: &Pending, now_ms: u64) -> Vec<String> {
    let mut state = format!(
        "  {} {} for {}",
        clean(pending.resource.as_str()),
        styled(of_resource(pending.state), &pending.state.to_string()),
        span(now_ms.saturating_sub(pending.since_ms))
    );
    if !pending.waits_for.is_empty() {
        state.push_str(&format!("; waits for {}", clean(&pending.waits_for)));
    }
    let said = match (pending.last_word.as_str(), pending.last_word_at_ms) {
        ("", _) => "said nothing yet".to_owned(),
        (word, None) => format!("said \"{}\"", clean(word)),
        (word, Some(at)) => format!("said \"{}\" {} ago", clean(word), span(now_ms.saturating_sub(at))),
    };
    let limit = match (pending.next_limit.as_str(), pending.next_limit_at_ms) {
        ("", _) => "no limit".to_owned(),
        (limit, None) => format!("next limit {}", clean(limit)),
        (limit, Some(at)) => format!("{} in {}", clean(limit), span(at.saturating_sub(now_ms))),
    };
    let mut lines = vec![state, format!("    {said}; {limit}")];
    if let Some(command) = ends_with(pending) {
        lines.push(format!("    {}", styled(FAINT, &format!("end it now: {command}"))));
    }
    lines
}

/// The command that ends a pending state at once (design §3.12).
fn ends_with(pending: &Pending) -> Option<String> {
    matches!(pending.state, ResourceState::OnlinePending | ResourceState::OfflinePending)
        .then(|| forced(pending.resource.as_str(), pending.is_locked))
}

/// The command that terminates a resource; locks hold for force too.
pub(crate) fn forced(resource: &str, is_locked: bool) -> String {
    let line = about("resource offline", resource);
    line.option_if(is_locked, "--ignore-locked").option("--force").to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use mainstay_types::operation::{Asker, Verb};
    use mainstay_types::{Name, Status};

    use super::*;

    pub(crate) fn record(pending: Vec<Pending>) -> OperationRecord {
        OperationRecord {
            id: "1-42".parse().unwrap(),
            verb: Verb::Offline,
            object: ObjectId::Resource("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap()),
            name: "big db".into(),
            asker: Asker { account: "root".into(), sid: "S-1-22-1-0".into(), origin: "local".into() },
            flags: 0,
            reason: None,
            reason_text: String::new(),
            instructions: String::new(),
            at_ms: 1_000_000,
            answer: Status::IO_PENDING,
            parts: vec![],
            ended_at_ms: None,
            end: None,
            outcome: String::new(),
            changes: vec![],
            pending,
        }
    }

    pub(crate) fn pending(name: &str) -> Pending {
        Pending {
            resource: Name::parse(name).unwrap(),
            state: ResourceState::OfflinePending,
            since_ms: 1_000_000,
            waits_for: "its Offline".into(),
            last_word: "flushing\x07".into(),
            last_word_at_ms: Some(1_009_000),
            next_limit: "PendingTimeout".into(),
            next_limit_at_ms: Some(1_180_000),
            is_locked: false,
        }
    }

    #[track_caller]
    fn check(record: &OperationRecord, expected: &[&str]) {
        let shown: Vec<String> = lines(record, 1_012_000)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_pending_has_a_face() {
        check(
            &record(vec![pending("big db")]),
            &[
                "operation 1-42: offline of resource 'big db' by root, for 12 s",
                "  big db Offline Pending for 12 s; waits for its Offline",
                "    said \"flushing\\u{7}\" 3.0 s ago; PendingTimeout in 2 min 48 s",
                "    end it now: mainstay resource offline 'big db' --force",
            ],
        );
        let locked = Pending { is_locked: true, ..pending("db") };
        assert_eq!(
            lines(&record(vec![locked]), 1_012_000)
                .last()
                .map(|line| anstream::adapter::strip_str(line).to_string()),
            Some("    end it now: mainstay resource offline db --ignore-locked --force".into())
        );
        let silent = Pending {
            last_word: String::new(),
            next_limit: String::new(),
            next_limit_at_ms: None,
            state: ResourceState::Initializing,
            ..pending("x")
        };
        check(
            &record(vec![silent]),
            &[
                "operation 1-42: offline of resource 'big db' by root, for 12 s",
                "  x Initializing for 12 s; waits for its Offline",
                "    said nothing yet; no limit",
            ],
        );
    }

    #[test]
    fn many_are_counted() {
        let many = (0..9).map(|n| pending(&format!("r{n}"))).collect();
        let shown = lines(&record(many), 1_012_000);
        assert_eq!(shown.len(), 1 + 3 * FACES_MAX + 1);
        assert_eq!(shown.last().unwrap(), "  and 3 more");
    }
}
