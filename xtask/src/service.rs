//! The throwaway service, and the command that talks to it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::child::{Guarded, Lines};
use crate::workspace::Built;

/// How long the service may take until clients can connect.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The line that points the tools at a throwaway cluster begins so.
const ANNOUNCEMENT: &str = "export MAINSTAY_SOCKET=";
const SOCKET_VARIABLE: &str = "MAINSTAY_SOCKET";

/// How much of the log is shown when something went wrong.
const LOG_LINES_SHOWN: usize = 60;

/// A running `mainstayd --dev`.
pub(crate) struct Service {
    process: Guarded,
    // Kept, so that nothing the service prints later finds a closed pipe.
    _lines: Lines,
    socket: PathBuf,
    log: PathBuf,
}

impl Service {
    /// Starts it and waits until it serves.
    pub(crate) fn start(built: &Built, directory: &Path) -> Result<Self> {
        let log = directory.join("mainstayd.log");
        let mut command = Command::new(built.program("mainstayd"));
        // Its own directory lies in ours, and goes with it whatever happens.
        command.arg("--dev").env("TMPDIR", directory).stderr(Stdio::from(File::create(&log)?));
        let (process, lines) = Guarded::start("mainstayd", &mut command)?;
        let announced = lines.next_within(READY_WITHIN, "mainstayd's line");
        let announced = announced.inspect_err(|_| show_log(&log))?;
        let socket = announced
            .strip_prefix(ANNOUNCEMENT)
            .ok_or_else(|| format!("mainstayd printed \"{announced}\" instead of {ANNOUNCEMENT}..."))?;
        Ok(Self { process, _lines: lines, socket: socket.into(), log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Lets a command find this service.
    pub(crate) fn point_at_it(&self, command: &mut Command) {
        command.env(SOCKET_VARIABLE, &self.socket);
    }

    /// Runs `mainstay`, and shows the command and what it prints.
    pub(crate) fn mainstay(&self, built: &Built, arguments: &[&str]) -> Result<String> {
        println!("   $ mainstay {}", quoted(arguments));
        let output = self.mainstay_quietly(built, arguments)?;
        crate::workspace::show(&output);
        Ok(output)
    }

    /// Runs `mainstay`; gives back what it prints.
    pub(crate) fn mainstay_quietly(&self, built: &Built, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(built.program("mainstay"));
        self.point_at_it(&mut command);
        let output = command.args(arguments).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            crate::workspace::show(&String::from_utf8_lossy(&output.stdout));
            crate::workspace::show(&String::from_utf8_lossy(&output.stderr));
            return Err(format!("mainstay {} ended with {}", quoted(arguments), output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Asks it to end, and looks that it has cleaned up.
    pub(crate) fn end(&mut self) -> Result {
        let status = self.process.end()?;
        if !status.success() {
            return Err(format!("mainstayd ended with {status}").into());
        }
        if self.socket.exists() {
            return Err(format!("{} is still there", self.socket.display()).into());
        }
        Ok(())
    }

    /// Shows the end of its log.
    pub(crate) fn show_log(&self) {
        show_log(&self.log);
    }
}

fn show_log(log: &Path) {
    let Ok(text) = fs::read_to_string(log) else { return };
    let lines: Vec<&str> = text.lines().collect();
    println!("\n== The end of mainstayd's log");
    crate::workspace::show(&lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n"));
}

/// The words as one would type them.
fn quoted(words: &[&str]) -> String {
    let quote = |word: &&str| match word.contains(' ') {
        true => format!("\"{word}\""),
        false => (*word).to_owned(),
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}
