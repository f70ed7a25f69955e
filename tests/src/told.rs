//! What processes under test tell, line by line, through a named pipe.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::{HANG, TestCluster};

/// Nobody under test says this byte.
const END: u8 = 0x1e;

/// Lines in the order in which they were written, whoever wrote them.
pub struct Told {
    path: PathBuf,
    heard: Receiver<Heard>,
    /// Keeps the pipe open while nobody writes.
    _pipe: File,
}

enum Heard {
    Line(String),
    /// [`Told::rest`] has marked the end.
    End,
}

impl Told {
    /// The pipe to write to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next line.
    pub fn next(&self) -> String {
        match self.hear() {
            Heard::Line(line) => line,
            Heard::End => unreachable!("whoever marks the end waits for it"),
        }
    }

    fn hear(&self) -> Heard {
        self.heard.recv_timeout(HANG).unwrap_or_else(|error| panic!("nobody told anything: {error}"))
    }

    /// The next lines, sorted: they come side by side.
    pub fn next_sorted(&self, count: usize) -> Vec<String> {
        let mut lines: Vec<String> = (0..count).map(|_| self.next()).collect();
        lines.sort_unstable();
        lines
    }

    /// What was told and not read, when everybody who could tell something has ended. A line that somebody has begun is not
    /// among it: a machine that is saved in the midst of one says the rest when it goes on.
    pub fn rest(&self) -> Vec<String> {
        // A pipe keeps the order.
        std::fs::write(&self.path, [END]).unwrap();
        let mut rest = Vec::new();
        while let Heard::Line(line) = self.hear() {
            rest.push(line);
        }
        rest
    }
}

/// Hears lines, and ends between them, until nobody listens.
fn listen(pipe: impl Read, heard: &Sender<Heard>) {
    let mut line = Vec::new();
    for byte in BufReader::new(pipe).bytes().map_while(Result::ok) {
        let complete = match byte {
            END => Heard::End,
            b'\n' => Heard::Line(String::from_utf8(std::mem::take(&mut line)).unwrap()),
            byte => {
                line.push(byte);
                continue;
            }
        };
        if heard.send(complete).is_err() {
            break;
        }
    }
}

impl TestCluster {
    /// A pipe on which processes under test tell what they do.
    pub fn told(&self, name: &str) -> Told {
        let path = self.fifo(name);
        // Open for both, so that neither opening waits for another, and the stream never ends in between.
        let pipe = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let (sender, heard) = channel();
        let reading = pipe.try_clone().unwrap();
        // Ends with the test program at the latest: it waits for lines only.
        std::thread::spawn(move || listen(reading, &sender));
        Told { path, heard, _pipe: pipe }
    }

    /// Makes a resource that runs this shell script.
    pub fn script(&self, group: &str, name: &str, script: &str) {
        let path = self.file(&format!("{name}.sh"));
        std::fs::write(&path, script).unwrap();
        self.application(group, name, &format!("sh {}", path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on_after_an_end_in_its_midst() {
        let (sender, heard) = channel();
        listen(&b"first\nhalf \x1eof a line\n"[..], &sender);
        drop(sender);
        let heard: Vec<Option<String>> = heard
            .iter()
            .map(|heard| match heard {
                Heard::Line(line) => Some(line),
                Heard::End => None,
            })
            .collect();
        assert_eq!(heard, [Some("first".to_owned()), None, Some("half of a line".to_owned())]);
    }
}
