//! The floors: a bare durable commit, and an echo between two processes over a Unix socket.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use crate::Result;

/// Says that this process is the other end of an echo.
pub(crate) const ECHO: &str = "--echo";

/// How long the other end may take to begin or to answer.
const ECHO_WITHIN: Duration = Duration::from_secs(10);

/// Whether a write-ahead log grows while it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// As SQLite does it by itself: a new log grows with each commit, until 1000 pages are in it.
    Growing,
    /// The log is begun anew after a few commits, so that each writes over old bytes.
    WrittenOver,
}

/// Pages after which a log that is written over begins anew.
const PAGES_WRITTEN_OVER: u32 = 50;

/// A bare SQLite database with the service's durability: WAL, synchronous FULL.
pub(crate) struct Commits {
    connection: Connection,
    value: String,
}

impl Commits {
    /// One commit will insert one row of so many bytes.
    pub(crate) fn new(directory: &Path, bytes: usize, log: Log) -> Result<Self> {
        let connection = Connection::open(directory.join(format!("floor-{log:?}.db")))?;
        connection.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(()))?;
        connection.execute_batch(
            "PRAGMA synchronous = FULL; CREATE TABLE log (id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
        )?;
        let mut commits = Self { connection, value: "x".repeat(bytes) };
        if log == Log::WrittenOver {
            commits.connection.pragma_update(None, "wal_autocheckpoint", PAGES_WRITTEN_OVER)?;
            for _ in 0..2 * PAGES_WRITTEN_OVER {
                commits.commit()?;
            }
        }
        Ok(commits)
    }

    /// Commits once.
    pub(crate) fn commit(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        self.connection
            .prepare_cached("INSERT INTO log (value) VALUES (?1)")?
            .execute(params![self.value])?;
        Ok(begun.elapsed())
    }
}

/// A process that answers every request of a fixed length with an answer of a fixed length.
pub(crate) struct Echo {
    stream: UnixStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    child: Child,
}

impl Echo {
    pub(crate) fn start(directory: &Path, request_bytes: usize, answer_bytes: usize) -> Result<Self> {
        let path = directory.join(format!("echo-{request_bytes}-{answer_bytes}.sock"));
        let listener = UnixListener::bind(&path)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ECHO)
            .arg(&path)
            .args([request_bytes.to_string(), answer_bytes.to_string()])
            .stdin(Stdio::null())
            .spawn()?;
        // It connects at once or ends; what does neither is killed with this error.
        let stream = match accept_within(&listener, ECHO_WITHIN) {
            Ok(stream) => stream,
            Err(error) => {
                child.kill()?;
                child.wait()?;
                return Err(error);
            }
        };
        stream.set_read_timeout(Some(ECHO_WITHIN))?;
        Ok(Self { stream, request: vec![1; request_bytes], answer: vec![0; answer_bytes], child })
    }

    /// The process at the other end.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// There and back once.
    pub(crate) fn round_trip(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        self.stream.write_all(&self.request)?;
        self.stream.read_exact(&mut self.answer)?;
        Ok(begun.elapsed())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // Its read ends with the connection, and the process with its read.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        let _ = self.child.wait();
    }
}

fn accept_within(listener: &UnixListener, bound: Duration) -> Result<UnixStream> {
    let mut fds = [rustix::event::PollFd::new(listener, rustix::event::PollFlags::IN)];
    match rustix::event::poll(&mut fds, Some(&rustix::event::Timespec::try_from(bound)?))? {
        0 => Err(format!("the echo did not connect within {bound:?}").into()),
        _ => Ok(listener.accept()?.0),
    }
}

/// The other end: connects and echoes until the connection ends.
pub(crate) fn run_echo(mut words: impl Iterator<Item = OsString>) -> ExitCode {
    let mut run = || -> Option<()> {
        let mut stream = UnixStream::connect(words.next()?).ok()?;
        let mut length = || words.next()?.to_str()?.parse::<usize>().ok();
        let (mut request, answer) = (vec![0; length()?], vec![2; length()?]);
        while stream.read_exact(&mut request).is_ok() {
            stream.write_all(&answer).ok()?;
        }
        Some(())
    };
    if run().is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
