//! Progress of a wait, painted on a terminal's standard error and taken away again at the end. On anything else than a
//! terminal it is silent.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use mainstay_types::operation::OperationRecord;
use unicode_width::UnicodeWidthChar;

use crate::output::Output;
use crate::pending;
use crate::render::now_ms;

/// How wide a terminal is taken to be that does not tell.
const WIDTH_DEFAULT: usize = 80;
/// And how high.
const HEIGHT_DEFAULT: usize = 24;

/// What is painted now.
#[derive(Debug)]
pub(crate) struct Progress {
    painter: Option<anstream::ColorChoice>,
    /// How many lines are on the screen.
    painted: usize,
}

impl Progress {
    /// Progress on standard error, if that is a terminal on which lines can be painted over.
    pub(crate) fn new(output: &Output) -> Self {
        let able = io::stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        Self { painter: able.then(|| output.color()), painted: 0 }
    }

    /// Nobody sees anything.
    pub(crate) fn none() -> Self {
        Self { painter: None, painted: 0 }
    }

    /// Whether anybody sees it.
    pub(crate) fn is_seen(&self) -> bool {
        self.painter.is_some()
    }

    /// Paints the operation over what was painted before.
    pub(crate) fn show(&mut self, record: &OperationRecord) {
        self.paint(&pending::lines(record, now_ms()));
    }

    /// Says in its place that the service is away.
    pub(crate) fn show_away(&mut self) {
        self.paint(&["the cluster service is away; waiting for it to come back".to_owned()]);
    }

    /// Takes everything away.
    pub(crate) fn clear(&mut self) {
        self.paint(&[]);
    }

    fn paint(&mut self, lines: &[String]) {
        let Some(color) = self.painter else { return };
        let size = rustix::termios::tcgetwinsize(io::stderr());
        let (width, height) =
            size.map_or((0, 0), |size| (usize::from(size.ws_col), usize::from(size.ws_row)));
        // Some terminals say 0 when they do not know.
        let width = if width == 0 { WIDTH_DEFAULT } else { width };
        let height = if height == 0 { HEIGHT_DEFAULT } else { height };
        // What has left the screen cannot be painted over; the cursor takes the last line.
        let lines = &lines[..lines.len().min(height - 1)];
        let mut text = String::new();
        for line in lines {
            text.push_str(&cut(line, width - 1));
            text.push('\n');
        }
        // A terminal that is gone needs no progress.
        let mut raw = io::stderr().lock();
        let _ = match self.painted {
            0 => Ok(()),
            painted => write!(raw, "\x1b[{painted}A\x1b[J"),
        };
        let _ = write!(AutoStream::new(raw, color), "{text}");
        self.painted = lines.len();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.painted > 0 {
            self.clear();
        }
    }
}

/// A line that takes no more columns, so that it never takes two lines. Its colours take none.
fn cut(line: &str, columns: usize) -> String {
    let mut text = String::new();
    let (mut used, mut in_escape) = (0, false);
    for c in line.chars() {
        if in_escape || c == '\x1b' {
            in_escape = c != 'm';
            text.push(c);
            continue;
        }
        used += c.width().unwrap_or(0);
        if used > columns {
            text.push_str("\x1b[0m");
            break;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{GOOD, styled};

    #[test]
    fn a_line_is_cut_by_what_is_seen() {
        let line = format!("a {} b", styled(GOOD, "Online"));
        assert_eq!(cut(&line, 10), line);
        assert_eq!(anstream::adapter::strip_str(&cut(&line, 5)).to_string(), "a Onl");
        assert_eq!(anstream::adapter::strip_str(&cut("東京x", 3)).to_string(), "東");
    }
}
