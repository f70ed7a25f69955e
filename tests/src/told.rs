//! What processes under test tell, line by line, through a named pipe.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use crate::{HANG, TestCluster};

/// Lines in the order in which they were written, whoever wrote them.
pub struct Told {
    path: PathBuf,
    lines: Receiver<String>,
    /// Keeps the pipe open while nobody writes.
    _pipe: File,
}

impl Told {
    /// The pipe to write to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next line.
    pub fn next(&self) -> String {
        self.lines.recv_timeout(HANG).unwrap_or_else(|error| panic!("nobody told anything: {error}"))
    }

    /// The next lines, sorted: they come side by side.
    pub fn next_sorted(&self, count: usize) -> Vec<String> {
        let mut lines: Vec<String> = (0..count).map(|_| self.next()).collect();
        lines.sort_unstable();
        lines
    }

    /// What was told and not read, when everybody who could tell something has ended.
    pub fn rest(&self) -> Vec<String> {
        // A line of our own marks the end; a pipe keeps the order.
        const END: &str = "the end of what was told";
        std::fs::write(&self.path, format!("{END}\n")).unwrap();
        std::iter::from_fn(|| Some(self.next()).filter(|line| line != END)).collect()
    }
}

impl TestCluster {
    /// A pipe on which processes under test tell what they do.
    pub fn told(&self, name: &str) -> Told {
        let path = self.fifo(name);
        // Open for both, so that neither opening waits for another, and the stream never ends in between.
        let pipe = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let (sender, lines) = channel();
        let reading = BufReader::new(pipe.try_clone().unwrap());
        // Ends with the test program at the latest: it waits for lines only.
        std::thread::spawn(move || {
            for line in reading.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Told { path, lines, _pipe: pipe }
    }

    /// Makes a resource that runs this shell script.
    pub fn script(&self, group: &str, name: &str, script: &str) {
        let path = self.file(&format!("{name}.sh"));
        std::fs::write(&path, script).unwrap();
        self.application(group, name, &format!("sh {}", path.display()));
    }
}
