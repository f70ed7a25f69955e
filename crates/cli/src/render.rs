//! Text for people: tables, times, states with their colours. Every colour stands beside a word that says the same.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_types::{GroupState, NetworkInterfaceState, NetworkState, NodeState, ResourceState};
use unicode_width::UnicodeWidthStr;

/// What is there and works.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is on its way.
pub(crate) const MOVING: Style = AnsiColor::Yellow.on_default();
/// What failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What stands apart from the rest without being wrong.
pub(crate) const MARKED: Style = AnsiColor::Cyan.on_default();
/// Headings and what matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Names at the head of a paragraph.
pub(crate) const STRONG: Style = Style::new().bold();
/// Everything else.
pub(crate) const PLAIN: Style = Style::new();

/// The colour of a resource's state.
pub(crate) fn of_resource(state: ResourceState) -> Style {
    match state {
        ResourceState::Online => GOOD,
        ResourceState::Offline => PLAIN,
        ResourceState::Failed => BAD,
        ResourceState::Initializing | ResourceState::OnlinePending | ResourceState::OfflinePending => MOVING,
    }
}

/// The colour of a group's state.
pub(crate) fn of_group(state: GroupState) -> Style {
    match state {
        GroupState::Online => GOOD,
        GroupState::Offline => PLAIN,
        GroupState::Failed => BAD,
        GroupState::PartialOnline | GroupState::Pending => MOVING,
    }
}

/// The colour of a node's state.
pub(crate) fn of_node(state: NodeState) -> Style {
    match state {
        NodeState::Up => GOOD,
        NodeState::Down => BAD,
        NodeState::Paused | NodeState::Joining => MOVING,
    }
}

/// The colour of a network's state.
pub(crate) fn of_network(state: NetworkState) -> Style {
    match state {
        NetworkState::Up => GOOD,
        NetworkState::Down | NetworkState::Partitioned => BAD,
        NetworkState::Unavailable => MOVING,
    }
}

/// The colour of a network interface's state.
pub(crate) fn of_interface(state: NetworkInterfaceState) -> Style {
    match state {
        NetworkInterfaceState::Up => GOOD,
        NetworkInterfaceState::Failed | NetworkInterfaceState::Unreachable => BAD,
        NetworkInterfaceState::Unavailable => MOVING,
    }
}

/// Text in a style; a plain style leaves no trace.
pub(crate) fn styled(style: Style, text: &str) -> String {
    match text.is_empty() {
        true => String::new(),
        false => format!("{style}{text}{style:#}"),
    }
}

/// Text from outside without what would steer the terminal: control characters and changes of direction are shown as
/// escapes.
pub(crate) fn clean(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return text.to_owned();
    }
    text.chars().fold(String::new(), |mut line, c| {
        match steers(c) {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
        line
    })
}

/// One field of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn new(style: Style, text: impl AsRef<str>) -> Self {
        Self { text: clean(text.as_ref()), style }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(PLAIN, text)
    }
}

/// Rows whose columns are aligned, without lines between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

/// What stands between two columns.
const GAP: usize = 2;

impl Table {
    /// A table without a heading.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A table with a heading.
    pub(crate) fn with_heading(names: &[&str]) -> Self {
        Self { rows: vec![names.iter().map(|name| Cell::new(FAINT, name)).collect()] }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The table, every line indented by so much.
    pub(crate) fn show(&self, indent: usize) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.text.width())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            let mut owed = indent;
            for (cell, width) in row.iter().zip(&widths) {
                // Blanks are written only when something follows them.
                if !cell.text.is_empty() {
                    line.extend(std::iter::repeat_n(' ', owed));
                    line.push_str(&styled(cell.style, &cell.text));
                    owed = 0;
                }
                owed += width.saturating_sub(cell.text.width()) + if *width > 0 { GAP } else { 0 };
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// A moment in the zone of this machine: `2026-11-22 15:37:47`.
pub(crate) fn moment(at_ms: u64) -> String {
    moment_in(at_ms, TimeZone::system())
}

fn moment_in(at_ms: u64, zone: TimeZone) -> String {
    match timestamp(at_ms) {
        Some(moment) => moment.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None => "?".into(),
    }
}

/// A moment for programs: `2026-11-22T15:37:47.123Z`.
pub(crate) fn rfc3339(at_ms: u64) -> String {
    timestamp(at_ms).map_or_else(String::new, |moment| format!("{moment:.3}"))
}

fn timestamp(at_ms: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at_ms).ok()?).ok()
}

/// The moment now, in milliseconds of Unix time.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// A length of time by its two largest units: `12 ms`, `1.5 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 2 h`.
pub(crate) fn span(length_ms: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = length_ms / 1000;
    let (large, small, large_name, small_name) = match seconds {
        0 => return format!("{length_ms} ms"),
        1..10 => return format!("{}.{} s", seconds, length_ms % 1000 / 100),
        10..MINUTE => return format!("{seconds} s"),
        MINUTE..HOUR => (seconds / MINUTE, seconds % MINUTE, "min", "s"),
        HOUR..DAY => (seconds / HOUR, seconds % HOUR / MINUTE, "h", "min"),
        _ => (seconds / DAY, seconds % DAY / HOUR, "d", "h"),
    };
    let mut text = format!("{large} {large_name}");
    if small > 0 {
        // Writing into a String cannot fail.
        let _ = write!(text, " {small} {small_name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (length_ms, shown) in [
            (0, "0 ms"),
            (349, "349 ms"),
            (1_500, "1.5 s"),
            (9_999, "9.9 s"),
            (12_345, "12 s"),
            (60_000, "1 min"),
            (185_000, "3 min 5 s"),
            (7_800_000, "2 h 10 min"),
            (352_800_000, "4 d 2 h"),
        ] {
            assert_eq!(span(length_ms), shown);
        }
    }

    #[test]
    fn moments() {
        assert_eq!(moment_in(1_795_000_000_123, TimeZone::UTC), "2026-11-18 11:06:40");
        assert_eq!(rfc3339(1_795_000_000_123), "2026-11-18T11:06:40.123Z");
        assert_eq!(rfc3339(1_795_000_000_000), "2026-11-18T11:06:40.000Z");
        assert_eq!(moment_in(u64::MAX, TimeZone::UTC), "?");
    }

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        assert_eq!(clean("saving…"), "saving…");
        assert_eq!(clean("a\x1b[2Jb\n\u{202E}c"), "a\\u{1b}[2Jb\\n\\u{202e}c");
        let mut table = Table::new();
        table.row(vec!["x\x1b]0;t\x07".into()]);
        assert!(!table.show(0).contains('\x1b'));
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let mut table = Table::with_heading(&["NAME", "STATE", "NOTE"]);
        table.row(vec!["größe".into(), Cell::new(GOOD, "Online"), "".into()]);
        table.row(vec!["東京".into(), "Offline".into(), "locked".into()]);
        assert_eq!(
            anstream::adapter::strip_str(&table.show(2)).to_string(),
            "  NAME   STATE    NOTE\n  größe  Online\n  東京   Offline  locked\n"
        );
    }
}
